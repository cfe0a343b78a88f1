//! Telling servers whom to follow, and what a change of the master's address does to what is known of a group.

use std::net::SocketAddr;

use super::UpstreamSentinel;
use super::state::{Expected, Phase, Role, Who};
use crate::world::Ctx;

impl UpstreamSentinel {
    /// Orders a replica to follow, or with `None` to be a master. True means sent, not done.
    pub(super) fn order(&mut self, g: usize, addr: SocketAddr, follow: Option<SocketAddr>) -> bool {
        let (host, port) = match follow {
            Some(master) => (master.ip().to_string(), master.port().to_string()),
            None => ("NO".to_owned(), "ONE".to_owned()),
        };
        let block: [&[&str]; 6] = [
            &["MULTI"],
            &["SLAVEOF", &host, &port],
            &["CONFIG", "REWRITE"],
            &["CLIENT", "KILL", "TYPE", "normal"],
            &["CLIENT", "KILL", "TYPE", "pubsub"],
            &["EXEC"],
        ];
        let who = Who::Replica(addr);
        block.into_iter().all(|argv| self.tell(g, &who, Expected::Ignored, argv))
    }

    /// Begins to watch another master of the group: everything known of the servers is forgotten, the peers are kept.
    pub(super) fn change_address(&mut self, g: usize, new: SocketAddr, now: i64, ctx: &mut Ctx<'_>) {
        let old = self.groups[g].master.watched.addr;
        let replicas = self.groups[g].replicas.keys().copied();
        let mut keep: Vec<SocketAddr> = replicas.filter(|addr| *addr != new).collect();
        if old != new {
            keep.push(old);
        }
        self.forget_servers(g, now, ctx);
        let master = &mut self.groups[g].master.watched;
        (master.addr, master.sdown_at) = (new, 0);
        self.groups[g].odown_at = 0;
        for addr in keep {
            self.add_replica(g, addr, now, ctx);
        }
        self.flush();
    }

    /// Everything known of a group's servers, and a failover that runs, are forgotten; no event says so.
    pub(super) fn forget_servers(&mut self, g: usize, now: i64, ctx: &mut Ctx<'_>) {
        let replicas = std::mem::take(&mut self.groups[g].replicas);
        for replica in replicas.values() {
            self.release_link(replica.watched.link, ctx);
        }
        let link = self.groups[g].master.watched.link;
        self.close_link(link, ctx);
        if let Some(link) = self.links.get_mut(&link) {
            link.unanswered_since = now;
            link.ping_at = 0;
            (link.available_at, link.pong_at) = (now, now);
        }
        let group = &mut self.groups[g];
        (group.master.watched.sdown, group.odown) = (false, false);
        group.master.watched.script_killed = false;
        (group.phase, group.phase_at, group.started_at) = (Phase::None, 0, 0);
        (group.forced, group.promoted, group.leader) = (false, None, None);
        (group.master.run_id, group.master.follows_host) = (None, None);
        (group.master.role, group.master.role_at) = (Role::Master, now);
    }
}
