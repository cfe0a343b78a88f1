//! A leader has at most `parallel-syncs` replicas at a time on their way to the promoted one.
//!
//! From: upstream's documentation of `parallel-syncs`: a replica that copies its whole data serves nobody.
//!
//! Seen twice: in what the sentinel says (`+slave-reconf-sent` until `+slave-reconf-done`), and in what the servers really
//! do (whole copies under way that a leader's orders began).
//!
//! Allowed: the old master, told at promotion, is not counted; nor is what is told at the end of a failover that took
//! too long; a replica that did not do as told within ten seconds is given up. A copy that begins again after it
//! was complete is nobody's order. Sentinels with upstream's behaviour are judged by neither.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use watchkeeper_core::Event;
use watchkeeper_core::event::EventKind;
use watchkeeper_core::view::{GroupView, ReconfView};

use super::Property;
use super::known::{Groups, Seat, core_of, group_of};
use crate::fact::Fact;
use crate::process::ProcId;
use crate::time::Time;
use crate::world::World;

/// A replica may be given up after this, in milliseconds: `slave-reconf-timeout` on a clock that runs fast.
const GIVEN_UP_AFTER_MS: u64 = 9_000;

/// A replica that a leader told to follow.
#[derive(Debug)]
struct Ordered {
    to: SocketAddr,
    at: Time,
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
            self.ordered.entry(who).or_default().insert(server, Ordered { to, at, copying: false });
        }
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
            let copying: Vec<SocketAddr> =
                orders.iter().filter(|(_, o)| o.copying && o.to == from).map(|(r, _)| *r).collect();
            if copying.len() > view.parallel_syncs as usize {
                return Err(format!(
                    "{} replicas copy from {from} at once by order of `{}`: {copying:?}; parallel-syncs is {}",
                    copying.len(),
                    world.name(leader),
                    view.parallel_syncs
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
            }
            Fact::Event { who, event } => return self.event(world, *who, event),
            Fact::OrderSent { who, follow: None, .. } => {
                self.ordered.remove(who);
            }
            Fact::OrderSent { who, server, follow: Some(to) } => self.order(world, at, *who, *server, *to),
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
