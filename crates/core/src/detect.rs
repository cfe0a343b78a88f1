//! Who is down: subjectively (this sentinel hears nothing acceptable) and objectively (a quorum agrees); and links
//! that have gone silent. TILT, which suspends all of this, is entered in [`crate::sentinel`].

use crate::event::EventKind;
use crate::group::Group;
use crate::id::SentinelId;
use crate::info::Role;
use crate::io::Why;
use crate::link::{Down, Ping};
use crate::peer::Peer;
use crate::server::{Server, ServerId};
use crate::shared::{PeerLink, Shared};
use crate::time::Mono;

impl Group {
    /// Re-judges every member and the master's objective state. False if nothing at all has changed.
    pub(crate) fn detect(&mut self, sh: &mut Shared) -> bool {
        let servers = std::iter::once(&self.master).chain(self.replicas.values());
        let servers: Vec<ServerId> =
            servers.filter(|server| self.server_changes(server, sh)).map(|server| server.id).collect();
        let peers = self.linked_peers(sh).filter(|(peer, link)| self.peer_changes(peer, link, sh));
        let peers: Vec<SentinelId> = peers.map(|(peer, _)| peer.id.clone()).collect();
        for id in &servers {
            self.detect_server(*id, sh);
        }
        for id in &peers {
            self.detect_peer(id, sh);
        }
        self.forget_old_answers(sh);
        let odown = self.detect_odown(sh);
        odown || !servers.is_empty() || !peers.is_empty()
    }

    /// Whether the verdict on a server changes, or one of its links is to be replaced.
    pub(crate) fn server_changes(&self, server: &Server, sh: &Shared) -> bool {
        self.verdict(server, sh) != server.down.is
            || server.command_link_is_stale(self.conf.down_after_ms, sh)
            || server.pubsub_link_is_stale(sh)
    }

    /// The same of a peer.
    pub(crate) fn peer_changes(&self, peer: &Peer, link: &PeerLink, sh: &Shared) -> bool {
        let down_after = self.conf.down_after_ms;
        let silent = stale_command_link(&link.ping, link.conn.since, down_after, sh);
        peer_verdict(peer, link, down_after, sh) != peer.down.is || (silent && link.conn.exists())
    }

    /// Whether a server is down. It is on what was heard, before a silent link is torn down.
    fn verdict(&self, server: &Server, sh: &Shared) -> bool {
        let (down_after, reboot_after) = (self.conf.down_after_ms, self.conf.reboot_down_after_ms);
        let refuses = server.dial.refused_for(self.conf.refused_down_after_ms, server.down.is);
        silent_too_long(&server.ping, &server.down, server.disconnected(), down_after, sh)
            || (refuses && server.kind == Role::Master)
            || reports_replica_too_long(server, down_after, sh)
            || server.rebooted_at.is_some_and(|at| reboot_after > 0 && sh.now.mono.since(at) > reboot_after)
    }

    fn detect_server(&mut self, id: ServerId, sh: &mut Shared) {
        let down_after = self.conf.down_after_ms;
        let server = if self.master.id == id { Some(&self.master) } else { self.replicas.get(&id) };
        let Some(is) = server.map(|server| self.verdict(server, sh)) else { return };
        let Some(server) = self.server_mut(id) else { return };
        server.drop_silent_links(down_after, sh);
        if !server.down.turn(is, sh.now.mono) {
            return;
        }
        server.script_kill_sent &= is;
        let master = server.kind == Role::Master;
        let kind = if is { EventKind::SubjectivelyDown } else { EventKind::SubjectivelyUp };
        let details = if master { self.details(sh) } else { self.server_details(&self.replicas[&id], sh) };
        self.emit(kind, details, sh);
        if is && !master {
            self.ask_children(id, sh);
        }
        if master && is {
            // Who is the first to come forward wants fresh reports for its choice, and peers that see the same want our question.
            let first = self.turn_ms(sh) == 0;
            self.replicas.values_mut().for_each(|replica| replica.info_now |= first);
            self.peers.values_mut().for_each(|peer| peer.ask_now = true);
        }
    }

    fn detect_peer(&mut self, id: &SentinelId, sh: &mut Shared) {
        let down_after = self.conf.down_after_ms;
        let (Some(link), Some(known)) = (sh.peers.get(id), self.peers.get(id)) else { return };
        let now = sh.now.mono;
        let is = peer_verdict(known, link, down_after, sh);
        let silent = stale_command_link(&link.ping, link.conn.since, down_after, sh);
        if silent && link.conn.exists() {
            crate::peer::with_link(id, sh, |link, sh| link.conn.close(sh));
        }
        let Some(peer) = self.peers.get_mut(id) else { return };
        if peer.down.turn(is, now) {
            let kind = if is { EventKind::SubjectivelyDown } else { EventKind::SubjectivelyUp };
            let details = self.peer_details(&self.peers[id], sh);
            self.emit(kind, details, sh);
        }
    }

    /// True if it changed.
    fn detect_odown(&mut self, sh: &mut Shared) -> bool {
        let votes = 1 + self.peers.values().filter(|peer| peer.master_down).count();
        let is = self.master.down.is && votes >= self.conf.quorum as usize;
        if is == self.odown.is_some() {
            return false;
        }
        if is {
            self.odown = Some(sh.now.mono);
            self.odown_since = self.odown;
            self.lost_elections = 0;
            self.jitter_ms = sh.rng.below(crate::election::JITTER_MS);
            self.emit_master(
                EventKind::ObjectivelyDown,
                &format!(" #quorum {votes}/{}", self.conf.quorum),
                sh,
            );
        } else {
            self.odown = None;
            self.emit_master(EventKind::ObjectivelyUp, "", sh);
        }
        true
    }

    /// When a verdict may change without anything being heard.
    pub(crate) fn detect_at(&self, sh: &Shared) -> (Mono, Why) {
        let servers = std::iter::once(&self.master).chain(self.replicas.values());
        let servers = servers.map(|server| server.verdict_from());
        let peers = self.linked_peers(sh).map(|(peer, link)| peer.verdict_from(link));
        let silent = servers.chain(peers).min().unwrap_or(Mono(u64::MAX));
        self.silent_at(silent, sh).min(self.master_verdict_at(sh))
    }

    /// When somebody is found down who has been silent since then.
    pub(crate) fn silent_at(&self, since: Mono, sh: &Shared) -> (Mono, Why) {
        ((since + self.conf.down_after_ms + 1).max(sh.judge_from), Why::Ping)
    }

    /// When a master that answers is found down, because it is not what it should be.
    pub(crate) fn master_verdict_at(&self, sh: &Shared) -> (Mono, Why) {
        let master = Some(&self.master).filter(|master| !master.down.is);
        let replica = master
            .filter(|master| master.role == Role::Replica)
            .map(|master| master.role_at + self.conf.down_after_ms + 2 * sh.tuning.info_period + 1);
        let rebooted = master
            .filter(|_| self.conf.reboot_down_after_ms > 0)
            .and_then(|master| Some(master.rebooted_at? + self.conf.reboot_down_after_ms + 1));
        let first = [replica, rebooted].into_iter().flatten().min();
        (first.unwrap_or(Mono(u64::MAX)), Why::Ping)
    }

    /// Configured master, reports so, not down, and heard of lately: what it takes to send others to it.
    pub(crate) fn master_looks_sane(&self, sh: &Shared) -> bool {
        let fresh = self.master.info_at.is_some_and(|at| sh.now.mono.since(at) < 2 * sh.tuning.info_period);
        self.master.role == Role::Master && !self.master.down.is && self.odown.is_none() && fresh
    }
}

impl Down {
    /// Sets the state; true if it changed.
    fn turn(&mut self, is: bool, now: Mono) -> bool {
        let changed = self.is != is;
        if changed && is {
            self.since = Some(now);
        }
        self.is = is;
        changed
    }

    /// Whether no down period began within the last `within_ms`.
    pub(crate) fn quiet_for(&self, within_ms: u64, now: Mono) -> bool {
        self.since.is_none_or(|since| now.since(since) > within_ms)
    }
}

impl Server {
    /// Since when it has been silent, as long as it is not down; never, if it is not silent.
    pub(crate) fn verdict_from(&self) -> Mono {
        let silent = self.ping.silent_since(self.disconnected()).filter(|_| !self.down.is);
        silent.unwrap_or(Mono(u64::MAX))
    }

    /// Closes links on which nothing comes though something should: a half-dead connection is replaced.
    fn drop_silent_links(&mut self, down_after_ms: u64, sh: &mut Shared) {
        if self.command_link_is_stale(down_after_ms, sh) {
            self.cmd.close(sh);
        }
        if self.pubsub_link_is_stale(sh) {
            self.pubsub.close(sh);
        }
    }

    fn command_link_is_stale(&self, down_after_ms: u64, sh: &Shared) -> bool {
        self.cmd.exists() && stale_command_link(&self.ping, self.cmd.since, down_after_ms, sh)
    }

    fn pubsub_link_is_stale(&self, sh: &Shared) -> bool {
        let now = sh.now.mono;
        self.pubsub.exists()
            && now.since(self.pubsub_seen) > 3 * sh.tuning.publish_period
            && now.since(self.pubsub.since) > sh.tuning.min_link_reconnect_period
    }
}

impl Peer {
    /// The same of a peer.
    pub(crate) fn verdict_from(&self, link: &PeerLink) -> Mono {
        let silent = link.ping.silent_since(!link.conn.exists()).filter(|_| !self.down.is);
        silent.unwrap_or(Mono(u64::MAX))
    }
}

/// Whether a peer is down.
fn peer_verdict(peer: &Peer, link: &PeerLink, down_after_ms: u64, sh: &Shared) -> bool {
    silent_too_long(&link.ping, &peer.down, !link.conn.exists(), down_after_ms, sh)
}

fn silent_too_long(ping: &Ping, down: &Down, disconnected: bool, down_after_ms: u64, sh: &Shared) -> bool {
    let now = sh.now.mono;
    let silent = ping.silent_since(disconnected).is_some_and(|since| now.since(since) > down_after_ms);
    silent && (down.is || now >= sh.judge_from)
}

/// A master that says it is a replica, for longer than anybody needs to put that right.
fn reports_replica_too_long(server: &Server, down_after_ms: u64, sh: &Shared) -> bool {
    server.kind == Role::Master
        && server.role == Role::Replica
        && sh.now.mono.since(server.role_at) > down_after_ms + 2 * sh.tuning.info_period
}

/// A young link is given time, so that one who hangs is not dialled again and again. But a link that died young must not keep
/// us blind for so long where a master is held for down after a second or two: a cut that heals would be taken for a crash.
fn stale_command_link(ping: &Ping, opened: Mono, down_after_ms: u64, sh: &Shared) -> bool {
    let now = sh.now.mono;
    let half = down_after_ms / 2;
    now.since(opened) > sh.tuning.min_link_reconnect_period.min(2 * down_after_ms)
        && ping.active.is_some_and(|since| now.since(since) > half)
        && now.since(ping.pong) > half
}
