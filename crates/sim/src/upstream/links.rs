//! Connections and what is sent on them periodically. An instance counts as connected as soon as its connections are
//! begun, and as disconnected when one of the two a server needs is missing.

use std::net::SocketAddr;

use watchkeeper_resp::{Frame, FrameDecoder};

use super::hello::CHANNEL;
use super::state::{Expect, Expected, Link, Peer, Phase, Watched, Who, period};
use super::{Dialled, UpstreamSentinel, now};
use crate::process::ConnId;
use crate::world::Ctx;

/// Replies larger than this are no replies.
const REPLY_MAX: usize = 1 << 24;
/// Commands without an answer after which no more are sent.
const PENDING_MAX: usize = 100;

impl Peer {
    pub(super) fn new(watched: Watched, now: i64) -> Peer {
        Peer { watched, answered_at: now, says_down: false, vote: None, vote_epoch: 0 }
    }
}

impl UpstreamSentinel {
    pub(super) fn new_link(&mut self, now: i64) -> u64 {
        self.next_link += 1;
        self.links.insert(self.next_link, Link::new(now));
        self.next_link
    }

    /// The link that other groups have to this peer already, or a new one.
    pub(super) fn link_of_peer(&mut self, id: &str, now: i64) -> u64 {
        let known = self.groups.iter().find_map(|group| group.peers.get(id)).map(|peer| peer.watched.link);
        known.unwrap_or_else(|| self.new_link(now))
    }

    /// Forgets a link that nobody uses any more.
    pub(super) fn release_link(&mut self, link: u64, ctx: &mut Ctx<'_>) {
        let used = |who: &Watched| who.link == link;
        let still = self.groups.iter().any(|group| {
            used(&group.master.watched)
                || group.replicas.values().any(|replica| used(&replica.watched))
                || group.peers.values().any(|peer| used(&peer.watched))
        });
        if !still {
            self.close_link(link, ctx);
            self.links.remove(&link);
        }
    }

    /// Closes both connections.
    pub(super) fn close_link(&mut self, link: u64, ctx: &mut Ctx<'_>) {
        let conns = self.links.get(&link).map(|link| [link.command, link.pubsub]);
        for conn in conns.into_iter().flatten().flatten() {
            self.close(conn, ctx);
        }
    }

    pub(super) fn close(&mut self, conn: ConnId, ctx: &mut Ctx<'_>) {
        ctx.close(conn);
        self.lost(conn);
    }

    /// A connection is no more.
    pub(super) fn lost(&mut self, conn: ConnId) {
        self.clients.remove(&conn);
        let Some(dialled) = self.dialled.remove(&conn) else { return };
        let Some(link) = self.links.get_mut(&dialled.link) else { return };
        link.disconnected = true;
        if dialled.pubsub {
            link.pubsub = None;
        } else {
            link.command = None;
            link.expected.clear();
        }
    }

    /// Connects what is missing, once a second at most.
    pub(super) fn reconnect(&mut self, g: usize, who: &Who, ctx: &mut Ctx<'_>) {
        let Some(watched) = self.groups[g].watched(who) else { return };
        let (addr, id, now) = (watched.addr, watched.link, now(ctx));
        let Some(link) = self.links.get_mut(&id) else { return };
        if !link.disconnected || addr.port() == 0 || now - link.tried_at < period::PING {
            return;
        }
        link.tried_at = now;
        let short = self.id.get(..8).unwrap_or(&self.id).to_owned();
        let ignored = || Expect { what: Expected::Ignored, group: g, who: who.clone() };
        if link.command.is_none() {
            link.command_at = now;
            link.expected.clear();
            let conn = self.dial(id, addr, false, ctx);
            self.command(conn, &["CLIENT", "SETNAME", &format!("sentinel-{short}-cmd")]);
            self.expect(id, ignored());
            self.ping(g, who, now);
        }
        let peer = matches!(who, Who::Peer(_));
        let listens = self.links.get(&id).is_some_and(|link| link.pubsub.is_some());
        if !peer && !listens {
            let conn = self.dial(id, addr, true, ctx);
            self.command(conn, &["CLIENT", "SETNAME", &format!("sentinel-{short}-pubsub")]);
            self.command(conn, &["SUBSCRIBE", CHANNEL]);
        }
        if let Some(link) = self.links.get_mut(&id) {
            link.disconnected = false;
        }
    }

    fn dial(&mut self, id: u64, to: SocketAddr, pubsub: bool, ctx: &mut Ctx<'_>) -> ConnId {
        let conn = ctx.open(to);
        self.dialled.insert(conn, Dialled { link: id, to, pubsub, decoder: FrameDecoder::new(REPLY_MAX) });
        if let Some(link) = self.links.get_mut(&id) {
            if pubsub {
                (link.pubsub, link.pubsub_at) = (Some(conn), now(ctx));
            } else {
                link.command = Some(conn);
            }
        }
        conn
    }

    /// Sends a command to an instance; false when there is no connection to send it on.
    pub(super) fn tell(&mut self, g: usize, who: &Who, what: Expected, argv: &[&str]) -> bool {
        let Some(id) = self.groups[g].watched(who).map(|watched| watched.link) else { return false };
        let Some(conn) = self.links.get(&id).and_then(|link| link.command) else { return false };
        self.command(conn, argv);
        self.expect(id, Expect { what, group: g, who: who.clone() });
        true
    }

    fn ping(&mut self, g: usize, who: &Who, now: i64) {
        if !self.tell(g, who, Expected::Ping, &["PING"]) {
            return;
        }
        let Some(id) = self.groups[g].watched(who).map(|watched| watched.link) else { return };
        let Some(link) = self.links.get_mut(&id) else { return };
        link.ping_at = now;
        if link.unanswered_since == 0 {
            link.unanswered_since = now;
        }
    }

    /// INFO, PING and hello as they become due. INFO and hello are sent again each tick until they are answered.
    pub(super) fn periodic(&mut self, g: usize, who: &Who, now: i64, ctx: &Ctx<'_>) {
        let group = &self.groups[g];
        let Some(watched) = group.watched(who) else { return };
        let Some(link) = self.links.get(&watched.link) else { return };
        if link.disconnected || link.expected.len() >= PENDING_MAX * self.owners(watched.link) {
            return;
        }
        let hurried = match group.server(who) {
            Some(server) if *who != Who::Master => {
                group.odown || group.phase != Phase::None || server.link_down_ms != 0
            }
            Some(_) | None => false,
        };
        let info_period = if hurried { 1_000 } else { period::INFO };
        let info_due =
            |server: &super::state::Server| server.info_at == 0 || now - server.info_at > info_period;
        let wants_info = group.server(who).is_some_and(info_due);
        let pace = group.down_after().min(period::PING);
        let wants_ping = now - link.pong_at > pace && now - link.ping_at > pace / 2;
        let wants_hello = now - watched.published_at > period::PUBLISH;
        if wants_info {
            self.tell(g, who, Expected::Info, &["INFO"]);
        }
        if wants_ping {
            self.ping(g, who, now);
        }
        if wants_hello {
            let hello = self.hello(g, ctx);
            self.tell(g, who, Expected::Publish, &["PUBLISH", CHANNEL, &hello]);
        }
    }

    fn owners(&self, link: u64) -> usize {
        let shared = |group: &&super::Group| group.peers.values().any(|peer| peer.watched.link == link);
        self.groups.iter().filter(shared).count().max(1)
    }

    // --- Answers ---

    pub(super) fn answered(&mut self, conn: ConnId, bytes: &[u8], ctx: &mut Ctx<'_>) {
        if let Some(dialled) = self.dialled.get_mut(&conn) {
            dialled.decoder.feed(bytes);
        }
        while let Some(dialled) = self.dialled.get_mut(&conn) {
            let (id, pubsub) = (dialled.link, dialled.pubsub);
            match dialled.decoder.next() {
                Ok(Some(frame)) if pubsub => self.heard(conn, id, &frame, ctx),
                Ok(Some(frame)) => {
                    let link = self.links.get_mut(&id);
                    let Some(expect) = link.and_then(|link| link.expected.pop_front()) else { continue };
                    self.answer(id, &expect, &frame, ctx);
                }
                Ok(None) => return,
                Err(_) => self.close(conn, ctx),
            }
        }
    }

    /// Something came on a connection that listens.
    fn heard(&mut self, conn: ConnId, id: u64, frame: &Frame, ctx: &mut Ctx<'_>) {
        if let Some(link) = self.links.get_mut(&id) {
            link.heard_at = now(ctx);
        }
        let (Frame::Array(items) | Frame::Push(items)) = frame else {
            let refused = matches!(frame, Frame::Error(text) if !text.is_empty());
            if refused {
                self.close(conn, ctx);
            }
            return;
        };
        let [Frame::Bulk(kind), Frame::Bulk(_), Frame::Bulk(payload)] = &items[..] else { return };
        let Ok(text) = std::str::from_utf8(payload) else { return };
        if kind == b"message" && !text.contains(&self.id) {
            self.hear_hello(text, ctx);
        }
    }

    fn answer(&mut self, id: u64, expect: &Expect, frame: &Frame, ctx: &mut Ctx<'_>) {
        let (g, who, now) = (expect.group, &expect.who, now(ctx));
        match expect.what {
            Expected::Ping => self.pong(id, g, who, frame, now),
            Expected::Info => {
                if let Frame::Bulk(text) | Frame::Verbatim(text) = frame {
                    self.info(g, who, &String::from_utf8_lossy(text), ctx);
                }
            }
            Expected::Publish => {
                let refused = matches!(frame, Frame::Error(_));
                if let Some(watched) = self.groups[g].watched_mut(who).filter(|_| !refused) {
                    watched.published_at = now;
                }
            }
            Expected::Ask => self.ask_answered(g, who, frame, now),
            Expected::Ignored => {}
        }
    }

    fn pong(&mut self, id: u64, g: usize, who: &Who, frame: &Frame, now: i64) {
        let Some(link) = self.links.get_mut(&id) else { return };
        link.pong_at = now;
        let (Frame::Simple(text) | Frame::Error(text)) = frame else { return };
        let fine = [&b"PONG"[..], b"LOADING", b"MASTERDOWN"];
        if fine.iter().any(|word| text.starts_with(word)) {
            link.available_at = now;
            link.unanswered_since = 0;
        } else if text.starts_with(b"BUSY") {
            let Some(watched) = self.groups[g].watched_mut(who) else { return };
            if watched.sdown && !std::mem::replace(&mut watched.script_killed, true) {
                self.tell(g, who, Expected::Ignored, &["SCRIPT", "KILL"]);
            }
        }
    }
}
