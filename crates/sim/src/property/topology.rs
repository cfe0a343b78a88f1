//! No sentinel ties replicas into a circle; and once a world has settled, its replicas hang where they should. A chain is one
//! line: the master, then the others that live by their addresses, from the master's on and round, so that nobody feeds more
//! than one. Where the shape is kept, each follows its home, or the nearest living server above that, in the end the master;
//! and all sentinels have the same homes. Nobody is moved there who is at home.
//!
//! From: the documentation of `replication-topology`. That everybody comes to the master in the end, through however many
//! others, is asked by `healed`; how homes come about by `homes`.
//!
//! Allowed: what a server did in the last seconds, as to restart with an old configuration, cannot be known yet; the circle
//! this makes is broken as soon as it is seen. What a leader tells the others in the instant in which its failover ends is the
//! failover's: it looks at the promoted one once more, but not at everybody between. Where the group has no master, as when no replica may be promoted, there is no line. In a world with upstream-like sentinels, which know only a star, the shape may be given up.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use watchkeeper_core::config::{GroupConfig, Topology as Shape};
use watchkeeper_core::event::EventKind;

use super::Property;
use super::healed::{master_of, mixed, sentinels_of, working_core};
use super::homes::{homes_of, replicas_of};
use super::known::{config_of, group_of, is_ours, server_at};
use crate::fact::Fact;
use crate::process::ProcId;
use crate::time::Time;
use crate::world::World;

/// What a server did so many milliseconds ago can be known: a sentinel does with reports 2 s old, which may be late.
const KNOWN_AFTER_MS: u64 = 5_000;

/// What stood still for so many milliseconds everybody who is connected has reported: it is asked every ten seconds.
const LONG_KNOWN_MS: u64 = 30_000;

/// See the module.
#[derive(Debug, Default)]
pub struct Topology {
    /// when each server last began to follow another one, or none
    changed: BTreeMap<SocketAddr, Time>,
    /// an order that should not have been given: when, by whom, and what is to be said
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

impl Topology {
    /// Whether all of them run, and nobody but `but` has followed somebody else in the last milliseconds.
    fn stand(&self, world: &World, at: Time, way: &[SocketAddr], but: Option<SocketAddr>, ms: u64) -> bool {
        let runs = |addr: &SocketAddr| world.at(*addr).is_some_and(|who| world.runs(who));
        let old = |addr: &SocketAddr| self.changed.get(addr).is_none_or(|changed| at.since_ms(*changed) > ms);
        way.iter().all(|addr| runs(addr) && (Some(*addr) == but || old(addr)))
    }

    /// Why it must not be sent there: it would follow itself.
    fn circle(&self, world: &World, at: Time, server: SocketAddr, to: SocketAddr) -> Option<String> {
        let way = way_up(world, to);
        // What stands behind a server that is dead cannot be known.
        let circle = way.contains(&server);
        let knowable = self.stand(world, at, &way, Some(server), KNOWN_AFTER_MS);
        (circle && knowable).then(|| format!("which gets its data from it: {way:?}"))
    }

    /// Why it need not be sent there: it has long been at home, where the sentinel itself says that it belongs, and gets its
    /// data.
    fn needless(
        &self,
        world: &World,
        at: Time,
        who: ProcId,
        server: SocketAddr,
        to: SocketAddr,
    ) -> Option<String> {
        let config = config_of(world, who)?;
        let member = |group: &&GroupConfig| replicas_of(group).any(|replica| replica == server);
        let group = config.groups.iter().filter(|group| group.topology == Shape::Keep).find(member)?;
        let view = group_of(world, who, &group.name.0).filter(|view| view.failover.is_none())?;
        let master = master_of(group)?;
        let home = homes_of(group).get(&server).copied().unwrap_or(master);
        let way = way_up(world, server);
        let at_home = way.get(1) == Some(&home) && way.last() == Some(&master) && home != to;
        let sees = |addr: &SocketAddr| {
            let mut seen = view.replicas.iter().filter(|replica| replica.place.at == Some(*addr));
            seen.any(|replica| !replica.sdown && replica.connected)
                || *addr == master && !view.master.sdown && view.master.connected
        };
        let linked = way.iter().all(|addr| {
            server_at(world, *addr).is_some_and(|(_, server)| server.is_master() || server.link_up())
        });
        let known = self.stand(world, at, &way, None, LONG_KNOWN_MS) && way.iter().all(sees);
        (at_home && linked && known).then(|| format!("although it is at home: {way:?}"))
    }
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
        if is_ours(world, *who) && self.switched != Some((at, *who)) {
            let wrong = self.circle(world, at, *server, *to);
            let wrong = wrong.or_else(|| self.needless(world, at, *who, *server, *to));
            let suspect =
                |wrong| (at, *who, format!("`{}` tells {server} to follow {to}, {wrong}", world.name(*who)));
            self.suspect = wrong.map(suspect).or(self.suspect.take());
        }
        Ok(())
    }

    fn settled(&mut self, world: &World) -> Result<(), String> {
        if mixed(world) {
            return Ok(());
        }
        let core = working_core(world);
        let sentinels = sentinels_of(world, &core);
        let runs = |addr: &SocketAddr| {
            world.at(*addr).is_some_and(|who| world.runs(who) && core.contains(&addr.ip()))
        };
        for group in sentinels.iter().flat_map(|(_, config)| &config.groups) {
            let reigns = |at: &SocketAddr| {
                runs(at) && server_at(world, *at).is_some_and(|(_, server)| server.is_master())
            };
            let Some(master) = master_of(group).filter(reigns) else { continue };
            let living: Vec<SocketAddr> =
                replicas_of(group).filter(|addr| runs(addr) && *addr != master).collect();
            let places = match group.topology {
                Shape::Star => Vec::new(),
                Shape::Keep => kept(world, group, master, &living),
                Shape::Chain => line(master, living),
            };
            for (replica, parent) in places {
                let follows = server_at(world, replica).and_then(|(_, server)| server.follows());
                if follows != Some(parent) {
                    let (name, shape) = (&group.name.0, group.topology.name());
                    return Err(format!(
                        "in `{name}`, kept as a {shape}, {replica} follows {follows:?}, not {parent}"
                    ));
                }
            }
        }
        Ok(())
    }
}

/// A chain: each replica, and the one before it.
fn line(master: SocketAddr, mut living: Vec<SocketAddr>) -> Vec<(SocketAddr, SocketAddr)> {
    living.push(master);
    living.sort_unstable();
    let first = living.iter().position(|addr| *addr == master).unwrap_or(0);
    living.rotate_left(first);
    living.windows(2).map(|pair| (pair[1], pair[0])).collect()
}

/// The shape of a group that is kept: each replica, and its home, or the next one above that lives.
fn kept(
    world: &World,
    group: &GroupConfig,
    master: SocketAddr,
    living: &[SocketAddr],
) -> Vec<(SocketAddr, SocketAddr)> {
    let homes = homes_of(group);
    let place = |replica: SocketAddr| {
        let above = std::iter::successors(homes.get(&replica), |home| homes.get(home));
        let above =
            above.take(homes.len()).take_while(|home| replicas_of(group).any(|known| known == **home));
        let fits = |home: &&SocketAddr| {
            let way = way_up(world, **home);
            living.contains(home) && way.last() == Some(&master) && !way.contains(&replica)
        };
        let home = above.into_iter().find(fits).copied();
        (replica, home.unwrap_or(master))
    };
    living.iter().copied().map(place).collect()
}
