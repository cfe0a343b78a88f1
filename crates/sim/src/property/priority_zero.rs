//! A replica of priority 0 is never promoted, by anybody.
//!
//! From: upstream's documentation ("Replicas priority": 0 is never promoted) and redis.conf.
//!
//! This looks at how the server is really configured, not at what a sentinel believes.
//!
//! Allowed: a server that is a master already, such as an old one that returns in an outage, tells nobody its priority; it
//! is not promoted but kept. That it became a replica in the last 5 seconds may not be known yet. A priority that was set to 0 in the last 40 seconds may not be known yet: an INFO of a healthy group may be
//! 30 seconds old, and more when clocks run apart.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use super::Property;
use super::known::server_at;
use crate::fact::Fact;
use crate::process::{Body, ProcId};
use crate::server::Server;
use crate::time::Time;
use crate::world::World;

/// See the module, in milliseconds.
const KNOWN_AFTER_MS: u64 = 40_000;
/// A report that it is a master may be so old, in milliseconds.
const ROLE_KNOWN_AFTER_MS: u64 = 5_000;

/// See the module.
#[derive(Debug, Default)]
pub struct PriorityZero {
    /// servers of priority 0, and since when
    since: BTreeMap<ProcId, Time>,
    /// those that are masters
    masters: BTreeSet<ProcId>,
    /// when a server last ceased to be a master
    turned: BTreeMap<ProcId, Time>,
}

impl PriorityZero {
    fn note(&mut self, world: &World, who: ProcId, at: Time) {
        let Body::Server(server) = world.body(who) else { return };
        if server.options().priority > 0 {
            self.since.remove(&who);
        } else {
            self.since.entry(who).or_insert(at);
        }
    }

    fn judge(&self, world: &World, at: Time, by: ProcId, server: SocketAddr) -> Result<(), String> {
        // It may have been raised since it was last looked at.
        let zero = |server: &Server| !server.is_master() && server.options().priority == 0;
        let who = server_at(world, server).filter(|(_, server)| zero(server)).map(|(who, _)| who);
        let turned = who.and_then(|who| self.turned.get(&who));
        if turned.is_some_and(|turned| at.since_ms(*turned) <= ROLE_KNOWN_AFTER_MS) {
            return Ok(());
        }
        let since = who.and_then(|who| self.since.get(&who));
        let known = |since: &&Time| **since == Time(0) || at.since_ms(**since) > KNOWN_AFTER_MS;
        if since.filter(known).is_none() {
            return Ok(());
        }
        Err(format!("`{}` promotes {server}, whose priority is 0", world.name(by)))
    }
}

impl Property for PriorityZero {
    fn name(&self) -> &'static str {
        "priority_zero"
    }

    fn fact(&mut self, world: &World, at: Time, fact: &Fact) -> Result<(), String> {
        match fact {
            Fact::Booted { who } => {
                self.note(world, *who, at);
                Ok(())
            }
            Fact::Follows { who, master: None } => {
                self.masters.insert(*who);
                Ok(())
            }
            Fact::Follows { who, master: Some(_) } => {
                if self.masters.remove(who) {
                    self.turned.insert(*who, at);
                }
                Ok(())
            }
            Fact::OrderSent { who, server, follow: None } => self.judge(world, at, *who, *server),
            _ => Ok(()),
        }
    }

    fn look(&mut self, world: &World) -> Result<(), String> {
        for (who, body) in world.processes() {
            if matches!(body, Body::Server(_)) {
                self.note(world, who, world.now());
            }
        }
        Ok(())
    }
}
