//! What several properties must know to read facts: which group an address belongs to, which epochs were forced, what
//! an attempt at a failover has come to, whose behaviour a sentinel has. Each property keeps a copy of its own, so
//! that none depends on another. None of it is judged here.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use watchkeeper_core::config::GroupConfig;
use watchkeeper_core::event::EventKind;
use watchkeeper_core::id::GroupName;
use watchkeeper_core::view::GroupView;
use watchkeeper_core::{Config, Event, Sentinel};

use crate::config_text;
use crate::fact::Fact;
use crate::process::{Body, ProcId};
use crate::server::Server;
use crate::world::World;

/// A group, by the order in which it was first heard of.
pub(crate) type GroupNo = u32;

/// A sentinel and a group it watches.
pub(crate) type Seat = (ProcId, GroupNo);

/// Numbers for the names of groups, and the group of each address that was ever a member's.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    names: Vec<String>,
    by_name: BTreeMap<String, GroupNo>,
    by_addr: BTreeMap<SocketAddr, GroupNo>,
}

impl Groups {
    /// The number of a group.
    pub(crate) fn number(&mut self, name: &str) -> GroupNo {
        if let Some(&number) = self.by_name.get(name) {
            return number;
        }
        let number = self.names.len() as GroupNo;
        self.names.push(name.to_owned());
        self.by_name.insert(name.to_owned(), number);
        number
    }

    /// Its name.
    pub(crate) fn name(&self, number: GroupNo) -> &str {
        &self.names[number as usize]
    }

    /// The group of a server. An address never heard of is a group of its own, called like the address.
    pub(crate) fn at(&mut self, addr: SocketAddr) -> GroupNo {
        match self.by_addr.get(&addr) {
            Some(&number) => number,
            None => self.number(&addr.to_string()),
        }
    }

    /// The group of an event, if it has one.
    pub(crate) fn of(&mut self, event: &Event) -> Option<GroupNo> {
        event.group.as_ref().map(|name| self.number(&name.0))
    }

    /// Learns addresses. To be called with every fact.
    pub(crate) fn note(&mut self, world: &World, fact: &Fact) {
        match fact {
            Fact::HelloSent { group, master, .. } if !self.by_addr.contains_key(master) => {
                let number = self.number(group);
                self.by_addr.insert(*master, number);
            }
            Fact::Booted { who } => {
                for group in config_of(world, *who).map(|config| config.groups).unwrap_or_default() {
                    self.learn(&group);
                }
            }
            _ => {}
        }
    }

    fn learn(&mut self, group: &GroupConfig) {
        let number = self.number(&group.name.0);
        let master = std::iter::once((&group.host, group.port));
        for (host, port) in master.chain(group.replicas.iter().map(|(host, port)| (host, *port))) {
            if let Ok(ip) = host.parse() {
                self.by_addr.entry(SocketAddr::new(ip, port)).or_insert(number);
            }
        }
    }
}

/// The core of a sentinel of ours that was started.
pub(crate) fn core_of(world: &World, who: ProcId) -> Option<&Sentinel> {
    match world.body(who) {
        Body::Sentinel(it) => it.core(),
        Body::Upstream(_) | Body::Server(_) | Body::Writer(_) | Body::Admin(_) => None,
    }
}

/// Whether it is a sentinel of ours.
pub(crate) fn is_ours(world: &World, who: ProcId) -> bool {
    matches!(world.body(who), Body::Sentinel(_))
}

/// The state of a sentinel: what it would write now; of one with upstream's behaviour that has not begun, its file.
pub(crate) fn config_of(world: &World, who: ProcId) -> Option<Config> {
    match world.body(who) {
        Body::Sentinel(it) => it.core().map(Sentinel::snapshot),
        Body::Upstream(it) => {
            let now = it.snapshot();
            if now.groups.is_empty() { config_text::read(world.file(who)?).ok() } else { Some(now) }
        }
        Body::Server(_) | Body::Writer(_) | Body::Admin(_) => None,
    }
}

/// The server at an address.
pub(crate) fn server_at(world: &World, addr: SocketAddr) -> Option<(ProcId, &Server)> {
    let who = world.at(addr)?;
    let Body::Server(server) = world.body(who) else { return None };
    Some((who, server))
}

/// The server that was the first master of a server's group: where the chain of those it was made to follow ends.
pub(crate) fn root(world: &World, server: SocketAddr) -> SocketAddr {
    let mut at = server;
    for _ in 0..world.processes().count() {
        let Some(Body::Server(server)) = world.at(at).map(|who| world.body(who)) else { break };
        match server.options().follows {
            Some(master) => at = master,
            None => break,
        }
    }
    at
}

/// What a sentinel of ours knows of a group.
pub(crate) fn group_of(world: &World, who: ProcId, name: &str) -> Option<GroupView> {
    core_of(world, who)?.group_view(&GroupName(name.to_owned()))
}

/// An attempt at a failover.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Attempt {
    /// its epoch
    pub(crate) epoch: u64,
    /// a user asked for it
    pub(crate) forced: bool,
}

/// The last attempt of each sentinel at each group, and which were forced.
///
/// Events of one group come in order, but all of them may come late: they wait behind one that waits for the disk.
/// So the epoch is taken from the `+new-epoch` before a `+try-failover`, never from the state at that time.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    new_epoch: BTreeMap<Seat, u64>,
    last: BTreeMap<Seat, Attempt>,
    forced: BTreeSet<(ProcId, GroupNo, u64)>,
}

impl Attempts {
    /// The last attempt of this sentinel at this group since it was started.
    pub(crate) fn last(&self, seat: Seat) -> Option<Attempt> {
        self.last.get(&seat).copied()
    }

    /// Whether anybody was forced to attempt a failover of this group in this epoch.
    pub(crate) fn anybody_forced(&self, group: GroupNo, epoch: u64) -> bool {
        self.forced.iter().any(|&(_, g, e)| g == group && e == epoch)
    }

    /// Whether this sentinel was forced to its attempt of this epoch.
    pub(crate) fn forced(&self, (who, group): Seat, epoch: u64) -> bool {
        self.forced.contains(&(who, group, epoch))
    }

    /// Learns. To be called with every fact, before judging it; gives the attempt that this fact begins.
    pub(crate) fn note(&mut self, groups: &mut Groups, fact: &Fact) -> Option<(Seat, Attempt)> {
        match fact {
            Fact::Booted { who } => {
                let gone: Vec<Seat> =
                    self.new_epoch.keys().filter(|(boots, _)| boots == who).copied().collect();
                for seat in gone {
                    self.new_epoch.remove(&seat);
                    self.last.remove(&seat);
                }
                None
            }
            Fact::FailoverForced { who, group, epoch } => {
                self.forced.insert((*who, groups.number(group), *epoch));
                None
            }
            Fact::Event { who, event } => self.event(groups, *who, event),
            _ => None,
        }
    }

    fn event(&mut self, groups: &mut Groups, who: ProcId, event: &Event) -> Option<(Seat, Attempt)> {
        if !matches!(event.kind, EventKind::NewEpoch | EventKind::TryFailover) {
            return None;
        }
        let seat = (who, groups.of(event)?);
        if event.kind == EventKind::NewEpoch {
            self.new_epoch.insert(seat, event.payload.parse().ok()?);
            return None;
        }
        let epoch = self.new_epoch.get(&seat).copied().unwrap_or(0);
        let attempt = Attempt { epoch, forced: self.forced(seat, epoch) };
        self.last.insert(seat, attempt);
        Some((seat, attempt))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_belong_to_the_group_that_names_them() {
        let mut groups = Groups::default();
        let addr = |n: u8| SocketAddr::from(([10, 0, 0, n], 6379));
        let mut conf = GroupConfig::new(GroupName("one".to_owned()), "10.0.0.1".to_owned(), 6379, 2);
        conf.replicas = vec![("10.0.0.2".to_owned(), 6379)];
        groups.learn(&conf);
        let one = groups.number("one");
        assert_eq!((groups.at(addr(1)), groups.at(addr(2))), (one, one));
        assert_ne!(groups.at(addr(3)), one);
        assert_eq!(groups.name(one), "one");
    }
}
