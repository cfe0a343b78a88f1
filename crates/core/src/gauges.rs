//! How full every queue and table of a sentinel is, beside its limit: what must hold whatever the world sends.
//! The limits themselves are kept where things are added.

use crate::group::Group;
use crate::limits::{
    GROUPS_MAX, HELD_EVENTS_MAX, NAMES_MAX, PEERS_MAX, PENDING_HARD_MAX, PROMISES_MAX, REPLICAS_MAX,
    SCRIPT_QUEUE_MAX, SCRIPTS_RUNNING_MAX,
};
use crate::sentinel::{Sentinel, WAITING_MAX};

/// One queue or table; of several of a kind the fullest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gauge {
    /// what it is
    pub name: &'static str,
    /// entries now
    pub size: usize,
    /// entries at most
    pub limit: usize,
}

impl Sentinel {
    /// The first queue or table that holds more than it may, if any. Costs no allocation.
    pub fn overfull(&self) -> Option<Gauge> {
        let mut found = None;
        self.each_gauge(&mut |gauge| {
            if gauge.size > gauge.limit {
                found = found.or(Some(gauge));
            }
        });
        found
    }

    /// Calls `look` for every queue and table.
    pub fn each_gauge(&self, look: &mut dyn FnMut(Gauge)) {
        let mut gauge = |name, size, limit| look(Gauge { name, size, limit });
        let groups = self.groups.values();
        let most = |count: fn(&Group) -> usize| groups.clone().map(|group| count(group)).max().unwrap_or(0);
        gauge("groups", self.groups.len(), GROUPS_MAX);
        gauge("replicas of a group", most(|group| group.replicas.len()), REPLICAS_MAX);
        gauge("peers of a group", most(|group| group.peers.len()), PEERS_MAX);
        let of_servers = most(|group| {
            let servers = std::iter::once(&group.master).chain(group.replicas.values());
            servers.map(|s| s.cmd.pending.len().max(s.pubsub.pending.len())).max().unwrap_or(0)
        });
        let share = |conn: &crate::link::Conn| conn.pending.len().div_ceil(1 + conn.sharers);
        let of_peers = self.sh.peers.values().map(|link| share(&link.conn)).max().unwrap_or(0);
        gauge("unanswered commands of a server", of_servers, PENDING_HARD_MAX);
        gauge("unanswered commands of a peer, for each group", of_peers, PENDING_HARD_MAX);
        // Two links for each server, one for each peer, one time to look for each group: more has leaked.
        let servers: usize = groups.clone().map(|group| 1 + group.replicas.len()).sum();
        let peers: usize = groups.clone().map(|group| group.peers.len()).sum();
        gauge("links", self.sh.links.owners.len(), 2 * servers + self.sh.peers.len());
        gauge("links to peers", self.sh.peers.len(), peers);
        gauge("wakes", self.wakes_len(), self.groups.len());
        gauge("held events", self.sh.held_len(), HELD_EVENTS_MAX);
        gauge("promises", self.sh.promises.len(), PROMISES_MAX);
        gauge("inputs waiting for names", self.waiting_len(), WAITING_MAX);
        gauge("settings waiting for scripts", self.waiting_sets.len(), crate::command::WAITING_SETS_MAX);
        gauge("names", self.sh.names.len(), NAMES_MAX);
        gauge("names being looked up", self.sh.names.asked_len(), NAMES_MAX);
        gauge("script queue", self.sh.scripts.jobs.len(), SCRIPT_QUEUE_MAX);
        gauge("scripts running", self.sh.scripts.running(), SCRIPTS_RUNNING_MAX);
        self.sh.clients.each_gauge(&mut gauge);
    }
}
