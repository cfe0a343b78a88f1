//! No sentinel ties replicas into a circle; and once a world with a chain has settled, it is one line: the
//! master, then the others that live by their addresses, from the master's on and round. So nobody feeds more than one.
//!
//! From: the documentation of `replication-topology`. That everybody comes to the master in the end, through however many
//! others, is asked by `healed`.
//!
//! Allowed: what a server did in the last seconds, as to restart with an old configuration, cannot be known yet; the circle
//! this makes is broken as soon as it is seen. Whom a leader promoted is told to all the others when the failover ends, whatever
//! became of it since. Where the group has no master, as when no replica may be promoted, there is no line. In a world with upstream-like sentinels, which know only a star, the line may be given up.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use watchkeeper_core::config::Topology as Shape;
use watchkeeper_core::event::EventKind;

use super::Property;
use super::healed::{master_of, sentinels_of, working_core};
use super::known::{is_ours, server_at};
use crate::fact::Fact;
use crate::process::{Body, ProcId};
use crate::time::Time;
use crate::world::World;

/// What a server did so many milliseconds ago can be known: a sentinel does with reports 2 s old, which may be late.
const KNOWN_AFTER_MS: u64 = 5_000;

/// See the module.
#[derive(Debug, Default)]
pub struct Topology {
    /// when each server last began to follow another one, or none
    changed: BTreeMap<SocketAddr, Time>,
    /// an order that makes a circle: when, by whom, and what is to be said
    suspect: Option<(Time, ProcId, String)>,
    /// who took over a new master last, and when
    switched: Option<(Time, ProcId)>,
}

/// The servers from `from` upwards, as they really follow each other; nobody twice.
fn way_up(world: &World, from: SocketAddr) -> Vec<SocketAddr> {
    let mut way = vec![from];
    let mut at = from;
    while let Some(parent) = server_at(world, at).and_then(|(_, server)| server.follows()) {
        if way.contains(&parent) {
            break;
        }
        way.push(parent);
        at = parent;
    }
    way
}

impl Property for Topology {
    fn name(&self) -> &'static str {
        "topology"
    }

    fn fact(&mut self, world: &World, at: Time, fact: &Fact) -> Result<(), String> {
        if let Some((_, _, text)) = self.suspect.take_if(|(then, _, _)| *then < at) {
            return Err(text);
        }
        match fact {
            Fact::Follows { who, .. } => {
                self.changed.insert(world.addr(*who), at);
            }
            Fact::Event { who, event } if event.kind == EventKind::SwitchMaster => {
                self.suspect = self.suspect.take().filter(|(_, by, _)| by != who);
                self.switched = Some((at, *who));
            }
            _ => {}
        }
        let Fact::OrderSent { who, server, follow: Some(to) } = fact else { return Ok(()) };
        let runs = |addr: &SocketAddr| world.at(*addr).is_some_and(|who| world.runs(who));
        let way = way_up(world, *to);
        // In a star only the master is followed; what stands behind a server that is dead cannot be known.
        let between = way.split_last().map_or(&[][..], |(_, below)| below);
        let old = |addr: &SocketAddr| {
            self.changed.get(addr).is_none_or(|changed| at.since_ms(*changed) > KNOWN_AFTER_MS)
        };
        let knowable = self.switched != Some((at, *who))
            && way.iter().all(|addr| runs(addr) && (addr == server || old(addr)));
        if !is_ours(world, *who) || between.is_empty() || !way.contains(server) || !knowable {
            return Ok(());
        }
        let name = world.name(*who);
        let text = format!("`{name}` tells {server} to follow {to}, which gets its data from it: {way:?}");
        self.suspect = Some((at, *who, text));
        Ok(())
    }

    fn settled(&mut self, world: &World) -> Result<(), String> {
        if world.processes().any(|(_, body)| matches!(body, Body::Upstream(_))) {
            return Ok(());
        }
        let core = working_core(world);
        let sentinels = sentinels_of(world, &core);
        let runs =
            |addr: SocketAddr| world.at(addr).filter(|who| world.runs(*who) && core.contains(&addr.ip()));
        for (_, config) in &sentinels {
            for group in config.groups.iter().filter(|group| group.topology == Shape::Chain) {
                let reigns = |at: SocketAddr| {
                    runs(at).and_then(|_| server_at(world, at)).is_some_and(|(_, server)| server.is_master())
                };
                let Some(master) = master_of(group).filter(|master| reigns(*master)) else { continue };
                let known = group.replicas.iter();
                let known = known.filter_map(|(host, port)| Some(SocketAddr::new(host.parse().ok()?, *port)));
                let mut line: Vec<SocketAddr> =
                    known.filter(|addr| runs(*addr).is_some() && *addr != master).collect();
                line.push(master);
                line.sort_unstable();
                let first = line.iter().position(|addr| *addr == master).unwrap_or(0);
                line.rotate_left(first);
                for pair in line.windows(2) {
                    let follows = server_at(world, pair[1]).and_then(|(_, server)| server.follows());
                    if follows != Some(pair[0]) {
                        let (name, [before, replica]) = (&group.name, [pair[0], pair[1]]);
                        return Err(format!(
                            "in the chain of `{name}`, {replica} follows {follows:?}, not {before}"
                        ));
                    }
                }
            }
        }
        Ok(())
    }
}
