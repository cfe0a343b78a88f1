//! A sentinel that behaves as upstream's of 7.0 does: a tick of some 50 to 100 ms on which everything depends, asks
//! each second, one epoch for all groups, wall-clock time, retries after twice the failover timeout.
//!
//! It is a model of behaviour for mixed groups, not a replacement: no passwords, names of hosts, scripts or renamed
//! commands, and only the commands that peers and clients of a simulated world send. It keeps upstream's known
//! weaknesses (a vote counts in whatever epoch is current; a promotion may carry an older one). A write of its file
//! blocks the whole process, and one that fails is ignored.

mod detect;
mod failover;
mod file;
mod hello;
mod info;
mod links;
mod ordering;
mod serve;
mod state;
mod tick;

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

use watchkeeper_core::config::{Config, rewrite};
use watchkeeper_core::event::EventKind;
use watchkeeper_core::io::Version;
use watchkeeper_core::{Event, Mono};
use watchkeeper_resp::{FrameDecoder, RequestDecoder};

use crate::fact::Fact;
use crate::process::{ConnId, Happening, Payload};
use crate::time::Time;
use crate::wire;
use crate::world::Ctx;

use state::{Expect, Group, Link, Phase, Who};

/// See the module.
#[derive(Debug, Default)]
pub struct UpstreamSentinel {
    /// it was started at least once
    booted: bool,
    config: Config,
    id: String,
    current_epoch: u64,
    groups: Vec<Group>,
    links: BTreeMap<u64, Link>,
    next_link: u64,
    dialled: BTreeMap<ConnId, Dialled>,
    clients: BTreeMap<ConnId, Client>,
    tilt: bool,
    tilt_at: i64,
    last_tick: i64,
    next_tick: Mono,
    /// what leaves the process once it is done with what it handles
    held: VecDeque<Held>,
    /// the file must be written before that
    dirty: bool,
    /// the write that it waits for
    writing: Option<u64>,
    next_write: u64,
    /// what happened while it waited
    inbox: VecDeque<Happening>,
}

#[derive(Debug)]
struct Dialled {
    link: u64,
    to: SocketAddr,
    pubsub: bool,
    decoder: FrameDecoder,
}

#[derive(Debug)]
struct Client {
    decoder: RequestDecoder,
    channels: Vec<Vec<u8>>,
    patterns: Vec<Vec<u8>>,
}

#[derive(Debug)]
enum Held {
    Command(ConnId, Vec<u8>),
    Reply(ConnId, Vec<u8>),
    Told(Fact),
    Event(Event),
}

impl UpstreamSentinel {
    /// A sentinel that will read its configuration from its disk when it is started, as ours does.
    pub fn new() -> UpstreamSentinel {
        UpstreamSentinel::default()
    }

    // --- What the properties look at ---

    /// Whether it was ever started: before, there is nothing to see.
    pub fn booted(&self) -> bool {
        self.booted
    }
    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }
    /// The epoch it has for all its groups.
    pub fn current_epoch(&self) -> u64 {
        self.current_epoch
    }
    /// The config epoch of a group.
    pub fn config_epoch(&self, group: &str) -> Option<u64> {
        self.group(group).map(|group| group.config_epoch)
    }
    /// The epoch of the last vote it gave in a group.
    pub fn leader_epoch(&self, group: &str) -> Option<u64> {
        self.group(group).map(|group| group.leader_epoch)
    }
    /// The master it names for a group.
    pub fn master(&self, group: &str) -> Option<SocketAddr> {
        self.group(group).map(Group::current_master)
    }
    /// The replicas it knows in a group.
    pub fn replicas(&self, group: &str) -> Vec<SocketAddr> {
        self.group(group).map(|group| group.replicas.keys().copied().collect()).unwrap_or_default()
    }
    /// The peers it knows in a group, with their ids.
    pub fn peers(&self, group: &str) -> Vec<(&str, SocketAddr)> {
        let peers = self.group(group).map(|group| group.peers.iter()).into_iter().flatten();
        peers.map(|(id, peer)| (&id[..], peer.watched.addr)).collect()
    }
    /// Whether it attempts a failover of a group.
    pub fn in_failover(&self, group: &str) -> bool {
        self.group(group).is_some_and(|group| group.phase != Phase::None)
    }
    /// The epoch of the failover in which it makes a server the master.
    pub fn promotes_in(&self, server: SocketAddr) -> Option<u64> {
        let mut groups = self.groups.iter().filter(|group| group.phase != Phase::None);
        groups.find(|group| group.promoted == Some(server)).map(|group| group.failover_epoch)
    }
    /// Whether it holds a group's master for down, alone and with its peers.
    pub fn down(&self, group: &str) -> Option<(bool, bool)> {
        self.group(group).map(|group| (group.master.watched.sdown, group.odown))
    }
    /// Whether it is in TILT.
    pub fn in_tilt(&self) -> bool {
        self.tilt
    }

    fn group(&self, name: &str) -> Option<&Group> {
        self.groups.iter().find(|group| group.config.name.0 == name)
    }

    // --- As a process ---

    pub(crate) fn deadline(&self, ctx: &Ctx<'_>) -> Option<Time> {
        let waits = self.writing.is_some();
        (self.booted && !waits).then(|| ctx.when(self.next_tick))
    }

    pub(crate) fn handle(&mut self, what: Happening, ctx: &mut Ctx<'_>) {
        match what {
            Happening::Boot => {
                self.boot(ctx);
                self.done(ctx);
            }
            Happening::Written { token, ok } => self.written(token, ok, ctx),
            what @ (Happening::Wake
            | Happening::Up { .. }
            | Happening::Accepted { .. }
            | Happening::Data { .. }
            | Happening::Down { .. }) => self.inbox.push_back(what),
        }
        while self.writing.is_none() {
            let Some(what) = self.inbox.pop_front() else { return };
            self.react(what, ctx);
            self.done(ctx);
        }
    }

    fn react(&mut self, what: Happening, ctx: &mut Ctx<'_>) {
        match what {
            Happening::Wake => self.wake(ctx),
            Happening::Accepted { conn, .. } => self.accepted(conn),
            Happening::Data { conn, payload: Payload::Bytes(bytes) } => {
                if self.dialled.contains_key(&conn) {
                    self.answered(conn, &bytes, ctx);
                } else {
                    self.asked(conn, &bytes, ctx);
                }
            }
            Happening::Down { conn, .. } => self.lost(conn),
            Happening::Data { payload: Payload::Repl(_), .. }
            | Happening::Up { .. }
            | Happening::Boot
            | Happening::Written { .. } => {}
        }
    }

    fn boot(&mut self, ctx: &mut Ctx<'_>) {
        let next_write = self.next_write;
        *self = UpstreamSentinel { booted: true, next_write, ..UpstreamSentinel::default() };
        self.load(ctx);
        self.last_tick = now(ctx);
        self.next_tick = ctx.clock().mono + 1;
    }

    /// What one happening led to leaves the process, unless a write of the file stands in between.
    fn done(&mut self, ctx: &mut Ctx<'_>) {
        if std::mem::take(&mut self.dirty) {
            self.next_write += 1;
            let config = Box::new(self.snapshot());
            let text = rewrite(ctx.file(), &config);
            ctx.fact(Fact::WriteBegun { who: ctx.me(), version: Version(self.next_write), config });
            ctx.write_file(self.next_write, text);
            self.writing = Some(self.next_write);
        } else {
            self.release(ctx);
        }
    }

    /// Upstream goes on after a write that failed.
    fn written(&mut self, token: u64, ok: bool, ctx: &mut Ctx<'_>) {
        if self.writing == Some(token) {
            self.writing = None;
            ctx.fact(Fact::WriteEnded { who: ctx.me(), version: Version(token), ok });
            self.release(ctx);
        }
    }

    fn release(&mut self, ctx: &mut Ctx<'_>) {
        for held in std::mem::take(&mut self.held) {
            match held {
                Held::Command(conn, bytes) => {
                    let Some(to) = self.dialled.get(&conn).map(|dialled| dialled.to) else { continue };
                    observe(to, &bytes, ctx);
                    ctx.send_bytes(conn, bytes);
                }
                Held::Reply(conn, bytes) => ctx.send_bytes(conn, bytes),
                Held::Told(fact) => tell(fact, ctx),
                Held::Event(event) => show(event, ctx),
            }
        }
    }

    // --- What it does with the outside ---

    /// The file must be written before anything else leaves.
    fn flush(&mut self) {
        self.dirty = true;
    }

    fn command(&mut self, conn: ConnId, argv: &[&str]) {
        self.held.push_back(Held::Command(conn, watchkeeper_resp::encode_command(argv)));
    }

    fn reply(&mut self, conn: ConnId, bytes: Vec<u8>) {
        self.held.push_back(Held::Reply(conn, bytes));
    }

    /// An event of a group; `text` follows the details of what it is about.
    fn event(&mut self, kind: EventKind, g: usize, who: &Who, text: &str, ctx: &mut Ctx<'_>) {
        let payload = format!("{}{text}", self.groups[g].details(who));
        self.say(kind, Some(g), payload, ctx);
    }

    fn say(&mut self, kind: EventKind, g: Option<usize>, payload: String, ctx: &mut Ctx<'_>) {
        let spec = kind.spec();
        let group = g.map(|g| self.groups[g].config.name.clone());
        let event = Event { kind, level: spec.level, name: spec.name, group, payload };
        self.tell_subscribers(&event);
        if self.dirty {
            self.held.push_back(Held::Event(event));
        } else {
            show(event, ctx);
        }
    }

    fn expect(&mut self, link: u64, expect: Expect) {
        if let Some(link) = self.links.get_mut(&link) {
            link.expected.push_back(expect);
        }
    }
}

/// The wall clock in milliseconds.
fn now(ctx: &Ctx<'_>) -> i64 {
    ctx.clock().unix.ms()
}

fn show(event: Event, ctx: &mut Ctx<'_>) {
    ctx.trace("event", || format!("{} {}", event.name, event.payload));
    ctx.fact(Fact::Event { who: ctx.me(), event });
}

fn tell(fact: Fact, ctx: &mut Ctx<'_>) {
    if let Fact::VoteTold { master, leader, epoch, .. } = &fact {
        ctx.trace("vote", || {
            format!("for {} on {master} in epoch {epoch}", leader.get(..8).unwrap_or(leader))
        });
    }
    ctx.fact(fact);
}

/// Tells the properties what goes out, as is done for a sentinel of ours.
fn observe(to: SocketAddr, bytes: &[u8], ctx: &mut Ctx<'_>) {
    let who = ctx.me();
    match wire::sent(bytes) {
        wire::Sent::Candidacy { master, epoch, candidate } => {
            ctx.trace("ask", || format!("{to} for its vote on {master} in epoch {epoch}"));
            ctx.fact(Fact::AskSent { who, to, master, epoch, candidate });
        }
        wire::Sent::Order { follow } => {
            ctx.trace("order", || match follow {
                Some(master) => format!("{to} follow {master}"),
                None => format!("{to} be a master"),
            });
            ctx.fact(Fact::OrderSent { who, server: to, follow });
        }
        wire::Sent::Hello { current_epoch, group, master, config_epoch } => {
            ctx.fact(Fact::HelloSent { who, to, current_epoch, group, master, config_epoch });
        }
        wire::Sent::Other => {}
    }
}
