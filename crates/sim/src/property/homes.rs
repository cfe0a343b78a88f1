//! What bridges an outage is no new shape: where a sentinel of ours sent a replica because its home was out of reach does not
//! become its home, in the eyes of no sentinel (`replication-topology keep`), over restarts and failovers.
//!
//! From: the documentation of `replication-topology`: `keep` puts back the shape it saw. That replicas really hang where
//! their homes say once the world has settled is asked by `topology`.
//!
//! Homes are what sentinels write into their files. Judged is one that changes from a server to where the replica was sent
//! last by a sentinel in whose file it belonged elsewhere.
//!
//! Allowed: a sentinel that has heard from the old home since, which cannot know that another one did not: to it, a user has
//! moved the replica. Where a master is the home there is nothing to bridge. In a world with upstream-like sentinels, which
//! move replicas too, the shape may be given up.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use watchkeeper_core::Config;
use watchkeeper_core::config::{GroupConfig, Topology};
use watchkeeper_core::event::EventKind;

use super::Property;
use super::healed::{master_of, mixed};
use super::known::{config_of, group_of, is_ours};
use crate::fact::Fact;
use crate::process::ProcId;
use crate::time::Time;
use crate::world::World;

/// What a sentinel's clock may differ by when it says how old a report is, in milliseconds.
const CLOCK_MS: u64 = 100;

/// See the module.
#[derive(Debug, Default)]
pub struct Homes {
    /// the home of each replica that is not its master, in the last state of each sentinel
    written: BTreeMap<ProcId, BTreeMap<SocketAddr, SocketAddr>>,
    /// where a replica was sent that belonged elsewhere, and when
    bridges: BTreeMap<SocketAddr, (SocketAddr, Time)>,
}

fn place((host, port): &(String, u16)) -> Option<SocketAddr> {
    Some(SocketAddr::new(host.parse().ok()?, *port))
}

/// The homes in a group's lines, by replica; nothing where no shape is kept.
pub(super) fn homes_of(group: &GroupConfig) -> BTreeMap<SocketAddr, SocketAddr> {
    let lines = group.homes.iter().filter(|_| group.topology == Topology::Keep);
    lines.filter_map(|line| Some((place(&line.replica)?, place(&line.home)?))).collect()
}

/// The servers a group's lines list as replicas.
pub(super) fn replicas_of(group: &GroupConfig) -> impl Iterator<Item = SocketAddr> {
    group.replicas.iter().filter_map(place)
}

fn all_homes(config: &Config) -> BTreeMap<SocketAddr, SocketAddr> {
    config.groups.iter().flat_map(homes_of).collect()
}

impl Homes {
    /// A sentinel told a replica whom to follow.
    fn order(&mut self, at: Time, who: ProcId, replica: SocketAddr, to: SocketAddr) {
        match self.written.get(&who).and_then(|homes| homes.get(&replica)) {
            Some(home) if *home != to => self.bridges.insert(replica, (to, at)),
            Some(_) | None => self.bridges.remove(&replica),
        };
    }

    fn written(&mut self, world: &World, at: Time, who: ProcId, config: &Config) -> Result<(), String> {
        let before = self.written.insert(who, all_homes(config)).unwrap_or_default();
        for group in config.groups.iter().filter(|group| group.topology == Topology::Keep) {
            let homes = homes_of(group);
            let Some(master) = master_of(group) else { continue };
            for replica in replicas_of(group) {
                let now = homes.get(&replica).copied().unwrap_or(master);
                let Some(home) = before.get(&replica).filter(|home| **home != now) else { continue };
                let Some((to, moved)) = self.bridges.get(&replica).filter(|(to, _)| *to == now) else {
                    continue;
                };
                if !heard_since(world, who, &group.name.0, *home, at.since_ms(*moved)) {
                    let name = world.name(who);
                    return Err(format!(
                        "to `{name}`, {replica} belongs to {to} now, where it was sent because its home {home} was out of reach"
                    ));
                }
            }
        }
        Ok(())
    }
}

/// Whether a sentinel has had a report of a server in the last milliseconds, or does not know it any more.
fn heard_since(world: &World, who: ProcId, group: &str, server: SocketAddr, ms: u64) -> bool {
    let Some(view) = group_of(world, who, group) else { return true };
    let age = match view.replicas.iter().find(|replica| replica.place.at == Some(server)) {
        Some(replica) => replica.info_age_ms,
        None if view.master.place.at == Some(server) => view.master.info_age_ms,
        None => return true,
    };
    age.is_some_and(|age| age <= ms + CLOCK_MS)
}

impl Property for Homes {
    fn name(&self) -> &'static str {
        "homes"
    }

    fn fact(&mut self, world: &World, at: Time, fact: &Fact) -> Result<(), String> {
        match fact {
            Fact::Booted { who } if is_ours(world, *who) => {
                let config = config_of(world, *who);
                self.written.insert(*who, config.map(|config| all_homes(&config)).unwrap_or_default());
            }
            // What is forgotten is learned anew from where everybody is.
            Fact::Event { who, event } if event.kind == EventKind::ResetMaster => {
                self.written.remove(who);
            }
            Fact::OrderSent { who, server, follow: Some(to) } if is_ours(world, *who) => {
                self.order(at, *who, *server, *to);
            }
            Fact::Follows { who, master } => {
                let replica = world.addr(*who);
                if self.bridges.get(&replica).is_some_and(|(to, _)| Some(*to) != *master) {
                    self.bridges.remove(&replica);
                }
            }
            Fact::WriteBegun { who, config, .. } if !mixed(world) && is_ours(world, *who) => {
                return self.written(world, at, *who, config);
            }
            _ => {}
        }
        Ok(())
    }
}
