//! One connection of ours: opening, sending, and pairing replies with the commands they answer.
//!
//! Redis answers in order, so a queue per connection is all the pairing there is. It lives here and not in the
//! shell: it is protocol, and the simulator must be able to test it.

use std::collections::VecDeque;
use std::net::SocketAddr;

use watchkeeper_resp::encode_command;

use crate::canary::Canary;
use crate::group::GroupId;
use crate::id::SentinelId;
use crate::io::{LinkId, Output};
use crate::limits::{PENDING_HARD_MAX, PENDING_MAX};
use crate::server::ServerId;
use crate::shared::Shared;
use crate::time::Mono;

/// Commands of a block that tells a server whom to follow, with the INFO after it.
pub(crate) const BLOCK_COMMANDS: usize = 7;

/// Whose connection it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Owner {
    /// commands to a data server
    Command(GroupId, ServerId),
    /// hello messages from a data server
    Pubsub(GroupId, ServerId),
    /// commands to a peer
    Peer(SentinelId),
}

/// What an answer belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pending {
    /// the answer says nothing
    Ignored,
    Ping,
    Info,
    Publish(GroupId),
    /// with the epoch of the candidacy it carried, if any
    Ask(GroupId, Option<u64>),
    Subscribe,
    /// who a peer is
    Identity,
}

/// A connection, or the lack of one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Conn {
    pub(crate) id: Option<LinkId>,
    /// it is connected, not only being opened
    pub(crate) up: bool,
    /// when it was opened
    pub(crate) since: Mono,
    /// when opening it was last tried
    pub(crate) last_attempt: Option<Mono>,
    /// our address on it, once up
    pub(crate) local: Option<SocketAddr>,
    /// what is sent and unanswered, oldest first
    pub(crate) pending: VecDeque<Pending>,
    /// groups besides the first that share it: each may have as much unanswered as one alone
    pub(crate) sharers: usize,
}

impl Conn {
    pub(crate) fn exists(&self) -> bool {
        self.id.is_some()
    }

    pub(crate) fn open(&mut self, addr: SocketAddr, owner: Owner, sh: &mut Shared) {
        assert!(self.id.is_none(), "a connection is opened while another is there");
        let link = sh.links.open(owner);
        self.id = Some(link);
        self.up = false;
        self.local = None;
        self.since = sh.now.mono;
        self.pending.clear();
        let source = sh.general.bind_source_addr.as_ref().and_then(|s| s.parse().ok());
        sh.out.push(Output::Open { link, addr, source, tls: sh.general.tls.replication });
    }

    /// Closes it from our side.
    pub(crate) fn close(&mut self, sh: &mut Shared) {
        if let Some(link) = self.id {
            sh.out.push(Output::Close { link });
        }
        self.forget(sh);
    }

    /// The other side closed it.
    pub(crate) fn forget(&mut self, sh: &mut Shared) {
        if let Some(link) = self.id.take() {
            sh.links.owners.remove(&link);
        }
        self.up = false;
        self.local = None;
        self.pending.clear();
    }

    /// Hands it to another owner.
    pub(crate) fn belong_to(&mut self, owner: Owner, sh: &mut Shared) {
        if let Some(link) = self.id {
            sh.links.owners.insert(link, owner);
        }
    }

    /// When it may be opened again.
    pub(crate) fn reconnect_at(&self, sh: &Shared) -> Mono {
        self.last_attempt.map_or(Mono(0), |at| at + sh.tuning.ping_period)
    }

    /// Whether commands may be queued. The bound holds for a peer that takes commands and never answers.
    pub(crate) fn takes_more(&self, sh: &Shared) -> bool {
        self.exists()
            && (self.pending.len() < PENDING_MAX * (1 + self.sharers) || sh.canary(Canary::EndlessPending))
    }

    /// Whether a block that tells a server whom to follow may be queued, also for one that hangs: it reads it when
    /// it wakes up.
    pub(crate) fn takes_block(&self) -> bool {
        self.exists() && self.pending.len() + BLOCK_COMMANDS <= PENDING_HARD_MAX
    }

    /// Whether an answer of this kind is still owed.
    pub(crate) fn owes(&self, wanted: Pending) -> bool {
        self.pending.contains(&wanted)
    }

    /// Answers of this kind that are still to come say nothing any more.
    pub(crate) fn disregard(&mut self, unwanted: impl Fn(&Pending) -> bool) {
        for pending in self.pending.iter_mut().filter(|pending| unwanted(pending)) {
            *pending = Pending::Ignored;
        }
    }

    pub(crate) fn send<A: AsRef<[u8]>>(&mut self, argv: &[A], pending: Pending, sh: &mut Shared) {
        let Some(link) = self.id else { return };
        self.pending.push_back(pending);
        sh.out.push(Output::Send { link, bytes: encode_command(argv) });
    }

    /// The first bytes on every connection: who we are.
    pub(crate) fn introduce(
        &mut self,
        credentials: Credentials<'_>,
        role: &str,
        names: Renames<'_>,
        sh: &mut Shared,
    ) {
        if let Some(pass) = credentials.pass {
            let mut argv = vec![names.word("AUTH").as_bytes()];
            argv.extend(credentials.user.map(str::as_bytes));
            argv.push(pass);
            self.send(&argv, Pending::Ignored, sh);
        }
        let name = format!("sentinel-{}-{role}", sh.myid.short());
        self.send(&[names.word("CLIENT"), "SETNAME", &name], Pending::Ignored, sh);
    }
}

/// What to authenticate with. A user without a password sends nothing, as upstream.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Credentials<'a> {
    pub(crate) user: Option<&'a str>,
    pub(crate) pass: Option<&'a [u8]>,
}

/// The `sentinel rename-command` table of a group.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Renames<'a>(pub(crate) &'a [(String, String)]);

impl<'a> Renames<'a> {
    /// What a server calls this command.
    pub(crate) fn word(self, command: &'a str) -> &'a str {
        self.0
            .iter()
            .find(|(old, _)| old.eq_ignore_ascii_case(command))
            .map_or(command, |(_, new)| new.as_str())
    }
}

/// When something is done that is done once in a period. All groups came to be at one moment; done at moments of their own
/// it keeps nobody waiting for long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slot {
    /// milliseconds, above 0
    pub(crate) period: u64,
    /// milliseconds into each period
    pub(crate) phase: u64,
}

impl Slot {
    /// The first one after `last`.
    pub(crate) fn after(self, last: Mono) -> Mono {
        let phase = self.phase % self.period;
        let into = (last.0 + self.period - phase) % self.period;
        last + (self.period - into)
    }
}

/// PING times of a link, which decide whether the other side is down.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ping {
    /// when the oldest unanswered PING left, or the link broke. A link that never worked counts from its creation.
    pub(crate) active: Option<Mono>,
    /// when the last PING left
    pub(crate) sent: Option<Mono>,
    /// the last acceptable answer
    pub(crate) available: Mono,
    /// the last answer of any kind
    pub(crate) pong: Mono,
    /// the last that said it does its work: not that it loads, or has lost its own master
    pub(crate) served: Mono,
}

impl Ping {
    pub(crate) fn new(now: Mono) -> Ping {
        Ping { active: Some(now), sent: None, available: now, pong: now, served: now }
    }

    pub(crate) fn note_sent(&mut self, now: Mono) {
        self.sent = Some(now);
        self.active.get_or_insert(now);
    }

    /// The link broke: as good as a PING that is not answered, from now on.
    pub(crate) fn note_broken(&mut self, now: Mono) {
        self.active.get_or_insert(now);
    }

    pub(crate) fn note_answer(&mut self, now: Mono, acceptable: bool) {
        self.pong = now;
        if acceptable {
            self.available = now;
            self.active = None;
        }
    }

    /// When the next PING is due, given the period, and how soon one that is not answered is repeated. Silence counts from
    /// the beginning, so the first one is due at once: a period later it would leave when a short down-after is over.
    pub(crate) fn due_at(&self, slot: Slot, repeat: u64) -> Mono {
        match self.sent {
            None => self.pong,
            Some(sent) if self.active.is_some() => sent + repeat + 1,
            Some(sent) => slot.after(sent.max(self.pong)),
        }
    }

    /// When the PING that an answer now would answer was sent, unless others were sent after it.
    pub(crate) fn sole_sent(&self) -> Option<Mono> {
        self.sent.filter(|sent| self.active == Some(*sent))
    }

    /// Since when nothing acceptable was heard, if something is amiss at all.
    pub(crate) fn silent_since(&self, disconnected: bool) -> Option<Mono> {
        self.active.or(disconnected.then_some(self.available))
    }
}

/// Whether an instance is subjectively down.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Down {
    pub(crate) is: bool,
    /// start of the latest down period; stays when it ends
    pub(crate) since: Option<Mono>,
}
