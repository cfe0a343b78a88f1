//! A leader has at most `parallel-syncs` replicas at a time on their way to the promoted one; and whoever mends a tree
//! (`replication-topology keep` or `chain`) moves no replica while so many others that it moved are on their way.
//!
//! From: upstream's documentation of `parallel-syncs`: a replica that copies its whole data serves nobody; the documentation
//! of `replication-topology` for the whole tree.
//!
//! A failover is seen twice: in what the sentinel says (`+slave-reconf-sent` until `+slave-reconf-done`), and in what the servers
//! really do (whole copies under way that a leader's orders began). A repair is judged when it is ordered: who was told by
//! the same sentinel in the last minute and does not follow its new parent with its link up, neither really nor by its
//! reports, is on its way.
//!
//! Allowed in repairs: what another sentinel moves at the same time, which this one cannot know (they wait for each other, so
//! that is rare); who is down, or whose new parent is, in the sentinel's eyes: that one copies nothing; a server that made
//! itself a master is turned around at once.
//!
//! Allowed in failovers: the old master, told at promotion, is not counted; nor is what is told at the end of a failover that took
//! too long; a replica that did not do as told within ten seconds is given up. A copy that begins again after it
//! was complete is nobody's order. Sentinels with upstream's behaviour are judged by neither.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use watchkeeper_core::Event;
use watchkeeper_core::config::Topology;
use watchkeeper_core::event::EventKind;
use watchkeeper_core::view::{GroupView, ReconfView, ReplicaView, RoleView};

use super::Property;
use super::healed::master_of;
use super::known::{Groups, Seat, config_of, core_of, group_of, server_at};
use crate::fact::Fact;
use crate::process::ProcId;
use crate::time::Time;
use crate::world::World;

/// A replica may be given up after this, in milliseconds: `slave-reconf-timeout` on a clock that runs fast.
const GIVEN_UP_AFTER_MS: u64 = 9_000;

/// Who was moved counts as on its way for so many milliseconds: a minute on a clock that runs fast.
const ON_ITS_WAY_MS: u64 = 59_000;

/// The orders of one sentinel in one group, since it last had another master there.
#[derive(Debug)]
struct Moves {
    master: Option<SocketAddr>,
    topology: Topology,
    /// since when that is known: what it ordered in that instant may have been the failover's
    since: Time,
    /// whom each server was told to follow, and when
    told: BTreeMap<SocketAddr, (SocketAddr, Time)>,
}

/// A replica that a leader told to follow.
#[derive(Debug)]
struct Ordered {
    to: SocketAddr,
    at: Time,
    /// `parallel-syncs` when it was told: an operator may lower it afterwards
    limit: u32,
    copying: bool,
}

/// See the module.
#[derive(Debug, Default)]
pub struct ParallelSyncs {
    groups: Groups,
    /// what each sentinel says to be under way, by the replica's name
    said: BTreeMap<Seat, BTreeSet<String>>,
    /// the orders of each leader that were not seen done
    ordered: BTreeMap<ProcId, BTreeMap<SocketAddr, Ordered>>,
    /// the orders of each sentinel outside failovers
    moves: BTreeMap<Seat, Moves>,
}

/// The replica that a sentinel knows at this address.
fn replica_at(view: &GroupView, addr: SocketAddr) -> Option<&ReplicaView> {
    view.replicas.iter().find(|replica| replica.place.at == Some(addr))
}

/// Whether `replica`, told to follow `to`, is not there yet, in the world and in the sentinel's eyes.
fn on_its_way(world: &World, view: &GroupView, replica: SocketAddr, to: SocketAddr) -> bool {
    let Some((who, server)) = server_at(world, replica).filter(|(who, _)| world.runs(*who)) else {
        return false;
    };
    let Some(seen) = replica_at(view, replica).filter(|seen| !seen.sdown) else { return false };
    let follows = |(host, port): &(String, u16)| to.ip().to_string() == *host && to.port() == *port;
    let seen_there = seen.follows.as_ref().is_some_and(follows) && seen.link_up;
    let is_there = server.follows() == Some(to) && server.link_up();
    let to_down = if view.master.place.at == Some(to) {
        view.master.sdown
    } else {
        replica_at(view, to).is_some_and(|parent| parent.sdown)
    };
    world.runs(who) && !is_there && !seen_there && !to_down
}

/// The group of a sentinel that a server is a replica of, while a failover of it runs.
fn failing_over(world: &World, who: ProcId, server: SocketAddr) -> Option<GroupView> {
    let groups = core_of(world, who)?.view().groups;
    let has = |view: &GroupView| view.replicas.iter().any(|r| r.place.at == Some(server));
    groups.into_iter().find(|view| view.failover.is_some() && has(view))
}

impl ParallelSyncs {
    fn event(&mut self, world: &World, who: ProcId, event: &Event) -> Result<(), String> {
        let begins = match event.kind {
            EventKind::SlaveReconfSent => true,
            EventKind::SlaveReconfDone
            | EventKind::SlaveReconfSentTimeout
            | EventKind::TryFailover
            | EventKind::FailoverEnd
            | EventKind::SwitchMaster
            | EventKind::ResetMaster => false,
            _ => return Ok(()),
        };
        let Some(group) = self.groups.of(event) else { return Ok(()) };
        if matches!(event.kind, EventKind::SwitchMaster | EventKind::ResetMaster) {
            self.moves.remove(&(who, group));
        }
        let said = self.said.entry((who, group)).or_default();
        let replica = event.payload.strip_prefix("slave ").and_then(|rest| rest.split(' ').next());
        if event.kind == EventKind::SlaveReconfDone {
            // It may have gone on without a copy; a later one is nobody's order.
            let server = replica.and_then(|name| name.parse::<SocketAddr>().ok());
            if let (Some(server), Some(orders)) = (server, self.ordered.get_mut(&who)) {
                orders.remove(&server);
            }
        }
        match replica {
            Some(replica) if begins => said.insert(replica.to_owned()),
            Some(replica) => said.remove(replica),
            None => {
                said.clear();
                false
            }
        };
        if !begins {
            return Ok(());
        }
        let name = self.groups.name(group);
        let Some(view) = group_of(world, who, name) else { return Ok(()) };
        if said.len() <= view.parallel_syncs as usize {
            return Ok(());
        }
        Err(format!(
            "`{}` says that {} replicas of `{name}` are under way to a new master: {said:?}; parallel-syncs is {}",
            world.name(who),
            said.len(),
            view.parallel_syncs
        ))
    }

    /// A leader's order, if it counts.
    fn order(&mut self, world: &World, at: Time, who: ProcId, server: SocketAddr, to: SocketAddr) {
        let Some(view) = failing_over(world, who, server) else { return };
        let promoted = view.failover.as_ref().and_then(|f| f.promoted.as_ref()).and_then(|p| p.at);
        if promoted == Some(to) {
            let order = Ordered { to, at, limit: view.parallel_syncs, copying: false };
            self.ordered.entry(who).or_default().insert(server, order);
        }
    }

    /// An order that may be a repair.
    fn repair(
        &mut self,
        world: &World,
        at: Time,
        who: ProcId,
        server: SocketAddr,
        to: SocketAddr,
    ) -> Result<(), String> {
        let Some(core) = core_of(world, who) else { return Ok(()) };
        let knows =
            |view: &GroupView| view.master.place.at == Some(server) || replica_at(view, server).is_some();
        let Some(view) = core.view().groups.into_iter().find(knows) else { return Ok(()) };
        let group = core.snapshot().groups.into_iter().find(|group| group.name == view.name);
        let Some(topology) = group.map(|group| group.topology) else { return Ok(()) };
        let master = view.master.place.at;
        let fresh = || Moves { master, topology, since: at, told: BTreeMap::new() };
        let moves = self.moves.entry((who, self.groups.number(&view.name.0))).or_insert_with(fresh);
        if (moves.master, moves.topology) != (master, topology) {
            *moves = fresh();
        }
        let reconfigures =
            view.failover.as_ref().is_some_and(|f| ["reconf_slaves", "update_config"].contains(&f.phase));
        if topology == Topology::Star || reconfigures || moves.since == at {
            return Ok(());
        }
        // Whom a SENTINEL RESET made it forget, it does not wait for.
        moves.told.retain(|replica, _| replica_at(&view, *replica).is_some());
        let under_way: Vec<SocketAddr> = moves
            .told
            .iter()
            // The one to be moved may have been down until now, and nobody waited for who was sent to it.
            .filter(|(replica, (parent, _))| **replica != server && *parent != server)
            .filter(|(_, (_, told))| at.since_ms(*told) < ON_ITS_WAY_MS)
            .filter(|(replica, (parent, _))| on_its_way(world, &view, **replica, *parent))
            .map(|(replica, _)| *replica)
            .collect();
        moves.told.insert(server, (to, at));
        let is_replica = replica_at(&view, server).is_some_and(|seen| seen.role == RoleView::Replica);
        let limit = (view.parallel_syncs as usize).max(1);
        if !is_replica || under_way.len() < limit {
            return Ok(());
        }
        Err(format!(
            "`{}` moves {server} of `{}` to {to} while {under_way:?} are on their way; parallel-syncs is {}",
            world.name(who),
            view.name.0,
            view.parallel_syncs
        ))
    }

    fn copies(
        &mut self,
        world: &World,
        at: Time,
        server: SocketAddr,
        from: SocketAddr,
    ) -> Result<(), String> {
        for (&leader, orders) in &mut self.ordered {
            match orders.get_mut(&server).filter(|order| order.to == from) {
                Some(order) => order.copying = true,
                None => continue,
            }
            let Some(view) = failing_over(world, leader, server) else { continue };
            let given_up = |replica: SocketAddr, order: &Ordered| {
                let view = view.replicas.iter().find(|r| r.place.at == Some(replica));
                at.since_ms(order.at) >= GIVEN_UP_AFTER_MS
                    && view.is_none_or(|view| view.reconf == ReconfView::Done)
            };
            orders.retain(|replica, order| !given_up(*replica, order));
            let orders = orders.iter().filter(|(_, order)| order.copying && order.to == from);
            let limit = orders.clone().map(|(_, order)| order.limit).max().unwrap_or(view.parallel_syncs);
            let copying: Vec<SocketAddr> = orders.map(|(replica, _)| *replica).collect();
            if copying.len() > limit as usize {
                return Err(format!(
                    "{} replicas copy from {from} at once by order of `{}`: {copying:?}; parallel-syncs is {}",
                    copying.len(),
                    world.name(leader),
                    limit
                ));
            }
        }
        Ok(())
    }
}

impl Property for ParallelSyncs {
    fn name(&self) -> &'static str {
        "parallel_syncs"
    }

    fn fact(&mut self, world: &World, at: Time, fact: &Fact) -> Result<(), String> {
        match fact {
            Fact::Booted { who } => {
                self.said.retain(|(by, _), _| by != who);
                self.ordered.remove(who);
                self.moves.retain(|(by, _), _| by != who);
                for group in config_of(world, *who).map(|config| config.groups).unwrap_or_default() {
                    let (master, topology) = (master_of(&group), group.topology);
                    let moves = Moves { master, topology, since: at, told: BTreeMap::new() };
                    self.moves.insert((*who, self.groups.number(&group.name.0)), moves);
                }
            }
            Fact::Event { who, event } => return self.event(world, *who, event),
            Fact::OrderSent { who, follow: None, .. } => {
                self.ordered.remove(who);
            }
            Fact::OrderSent { who, server, follow: Some(to) } => {
                self.order(world, at, *who, *server, *to);
                return self.repair(world, at, *who, *server, *to);
            }
            Fact::SyncBegun { who, master } => return self.copies(world, at, world.addr(*who), *master),
            Fact::SyncEnded { who } | Fact::Died { who } => {
                let server = world.addr(*who);
                for orders in self.ordered.values_mut() {
                    orders.remove(&server);
                }
            }
            _ => {}
        }
        Ok(())
    }
}
