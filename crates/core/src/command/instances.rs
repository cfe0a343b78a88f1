//! How members of a group are shown: the maps of `SENTINEL MASTER`, `REPLICAS` and `SENTINELS`, `INFO-CACHE`, and the
//! Sentinel section of INFO. Clients read RESP2 replies by position: the order of fields is part of the interface.

use super::reply::Reply;
use crate::addr::Addr;
use crate::group::Group;
use crate::info::Role;
use crate::link::{Down, Ping};
use crate::peer::Peer;
use crate::sentinel::Sentinel;
use crate::server::{Reconf, Server};
use crate::shared::Shared;
use crate::time::Mono;

/// A map being built; all values are bulk strings, numbers too.
struct Fields(Vec<(Reply, Reply)>);

impl Fields {
    fn add(&mut self, name: &str, value: impl ToString) {
        self.0.push((Reply::bulk(name), Reply::bulk(value.to_string())));
    }

    fn head(name: &str, addr: &Addr, run_id: &str, flags: &[&str], sh: &Shared) -> Fields {
        let mut fields = Fields(Vec::with_capacity(26));
        fields.add("name", name);
        fields.add("ip", addr.shown(sh.global.announce_hostnames));
        fields.add("port", addr.port);
        fields.add("runid", run_id);
        fields.add("flags", flags.join(","));
        fields
    }

    fn pings(&mut self, ping: &Ping, now: Mono) {
        self.add("last-ping-sent", ping.active.map_or(0, |at| now.since(at)));
        self.add("last-ok-ping-reply", now.since(ping.available));
        self.add("last-ping-reply", now.since(ping.pong));
    }

    fn down(&mut self, down: &Down, now: Mono) {
        if let Some(since) = down.since.filter(|_| down.is) {
            self.add("s-down-time", now.since(since));
        }
    }

    fn server(&mut self, server: &Server, now: Mono) {
        self.add("info-refresh", server.info_at.map_or(0, |at| now.since(at)));
        self.add("role-reported", if server.role == Role::Master { "master" } else { "slave" });
        self.add("role-reported-time", now.since(server.role_at));
    }
}

/// The words of `flags` that servers share, in upstream's order.
fn server_flags(server: &Server, group: Option<&Group>) -> Vec<&'static str> {
    let failover = group.and_then(|group| group.failover.as_ref());
    let words = [
        (server.down.is, "s_down"),
        (group.is_some_and(|group| group.odown.is_some()), "o_down"),
        (server.kind == Role::Master, "master"),
        (server.kind == Role::Replica, "slave"),
        (server.disconnected(), "disconnected"),
        (failover.is_some(), "failover_in_progress"),
        (server.promoted, "promoted"),
        (matches!(server.reconf, Reconf::Sent(_)), "reconf_sent"),
        (server.reconf == Reconf::InProgress, "reconf_inprog"),
        (server.reconf == Reconf::Done, "reconf_done"),
        (failover.is_some_and(|f| f.forced), "force_failover"),
        (server.script_kill_sent, "script_kill_sent"),
    ];
    words.into_iter().filter(|(on, _)| *on).map(|(_, word)| word).collect()
}

/// The map of a group's master.
pub(super) fn master(group: &Group, sh: &Shared) -> Reply {
    let now = sh.now.mono;
    let master = &group.master;
    let flags = server_flags(master, Some(group));
    let run_id = master.run_id.as_ref().map_or("", |id| &id.0);
    let mut fields = Fields::head(&group.name.0, &master.addr, run_id, &flags, sh);
    fields.add("link-pending-commands", master.cmd.pending.len() + master.pubsub.pending.len());
    fields.add("link-refcount", 1);
    if let Some(failover) = &group.failover {
        fields.add("failover-state", failover.phase.wire_name());
    }
    fields.pings(&master.ping, now);
    fields.down(&master.down, now);
    if let Some(since) = group.odown {
        fields.add("o-down-time", now.since(since));
    }
    fields.add("down-after-milliseconds", group.conf.down_after_ms);
    fields.server(master, now);
    fields.add("config-epoch", group.config_epoch);
    fields.add("num-slaves", group.replicas.len());
    fields.add("num-other-sentinels", group.peers.len());
    fields.add("quorum", group.conf.quorum);
    fields.add("failover-timeout", group.conf.failover_timeout_ms);
    fields.add("parallel-syncs", group.conf.parallel_syncs);
    if let Some(path) = &group.conf.notification_script {
        fields.add("notification-script", path);
    }
    if let Some(path) = &group.conf.client_reconfig_script {
        fields.add("client-reconfig-script", path);
    }
    Reply::Map(fields.0)
}

/// The maps of a group's replicas, without those that ask not to be announced.
pub(super) fn replicas(group: &Group, sh: &Shared) -> Reply {
    Reply::Array(group.replicas.values().filter(|r| r.announced).map(|r| replica(r, group, sh)).collect())
}

fn replica(replica: &Server, group: &Group, sh: &Shared) -> Reply {
    let now = sh.now.mono;
    let flags = server_flags(replica, None);
    let run_id = replica.run_id.as_ref().map_or("", |id| &id.0);
    let mut fields = Fields::head(&replica.name, &replica.addr, run_id, &flags, sh);
    fields.add("link-pending-commands", replica.cmd.pending.len() + replica.pubsub.pending.len());
    fields.add("link-refcount", 1);
    fields.pings(&replica.ping, now);
    fields.down(&replica.down, now);
    fields.add("down-after-milliseconds", group.conf.down_after_ms);
    fields.server(replica, now);
    fields.add("master-link-down-time", replica.link_down_ms);
    fields.add("master-link-status", if replica.link_up { "ok" } else { "err" });
    fields.add("master-host", replica.master_host.as_deref().unwrap_or("?"));
    fields.add("master-port", replica.master_port);
    fields.add("slave-priority", replica.priority);
    fields.add("slave-repl-offset", replica.offset);
    fields.add("replica-announced", u8::from(replica.announced));
    Reply::Map(fields.0)
}

/// The maps of a group's peers.
pub(super) fn peers(group: &Group, sh: &Shared) -> Reply {
    Reply::Array(group.peers.values().map(|p| peer(p, group, sh)).collect())
}

fn peer(peer: &Peer, group: &Group, sh: &Shared) -> Reply {
    let now = sh.now.mono;
    let words = [
        (peer.down.is, "s_down"),
        (true, "sentinel"),
        (peer.disconnected(sh), "disconnected"),
        (peer.master_down, "master_down"),
    ];
    let flags: Vec<&str> = words.into_iter().filter(|(on, _)| *on).map(|(_, word)| word).collect();
    let mut fields = Fields::head(&peer.id.0, &peer.addr, &peer.id.0, &flags, sh);
    let link = peer.link(sh);
    fields.add("link-pending-commands", link.map_or(0, |link| link.conn.pending.len()));
    fields.add("link-refcount", link.map_or(1, |link| link.groups.len()));
    if let Some(link) = link {
        fields.pings(&link.ping, now);
    }
    fields.down(&peer.down, now);
    fields.add("down-after-milliseconds", group.conf.down_after_ms);
    fields.add("last-hello-message", now.since(peer.hello_at));
    fields.add("voted-leader", peer.vote.as_ref().map_or("?", |id| &id.0));
    fields.add("voted-leader-epoch", peer.vote_epoch);
    Reply::Map(fields.0)
}

/// `SENTINEL INFO-CACHE name ...`: age and text of the last INFO of every server of the named groups.
pub(super) fn info_cache(names: &[Vec<u8>], sentinel: &Sentinel) -> Reply {
    let now = sentinel.sh.now.mono;
    let mut reply = Vec::new();
    for group in sentinel.groups.values() {
        let named = names.iter().any(|name| {
            let end = name.iter().position(|b| *b == 0).unwrap_or(name.len());
            name[..end] == *group.name.0.as_bytes()
        });
        if !named {
            continue;
        }
        let entry = |server: &Server| {
            let age = server.info_at.map_or(0, |at| now.since(at));
            let text = server.info_text.text();
            let text =
                if server.info_at.is_some() && !text.is_empty() { Reply::Bulk(text) } else { Reply::Null };
            Reply::Array(vec![Reply::Integer(age as i64), text])
        };
        let servers = std::iter::once(&group.master).chain(group.replicas.values());
        reply.push(Reply::bulk(group.name.0.clone()));
        reply.push(Reply::Array(servers.map(entry).collect()));
    }
    Reply::Array(reply)
}

/// The Sentinel section of INFO.
pub(super) fn info_section(sentinel: &Sentinel) -> String {
    let sh = &sentinel.sh;
    let tilt_seconds = sh.tilt.map_or(-1, |since| (sh.now.mono.since(since) / 1000) as i64);
    let simulate =
        i32::from(sh.simulate.crash_after_election) + 2 * i32::from(sh.simulate.crash_after_promotion);
    let mut text = format!(
        "# Sentinel\r\nsentinel_masters:{}\r\nsentinel_tilt:{}\r\nsentinel_tilt_since_seconds:{tilt_seconds}\r\n\
         sentinel_running_scripts:{}\r\nsentinel_scripts_queue_length:{}\r\nsentinel_simulate_failure_flags:{simulate}\r\n",
        sentinel.groups.len(),
        u8::from(sh.tilt.is_some()),
        sh.scripts.running(),
        sh.scripts.jobs.len(),
    );
    for (index, group) in sentinel.groups.values().enumerate() {
        let status = match (group.odown, group.master.down.is) {
            (Some(_), _) => "odown",
            (None, true) => "sdown",
            (None, false) => "ok",
        };
        let addr = &group.master.addr;
        text.push_str(&format!(
            "master{index}:name={},status={status},address={}:{},slaves={},sentinels={}\r\n",
            group.name,
            addr.shown(sh.global.announce_hostnames),
            addr.port,
            group.replicas.len(),
            group.peers.len() + 1
        ));
    }
    text
}
