//! What all groups share: time, epoch, identity, disk, names, scripts, clients, links to peers.
//!
//! Groups get it as `sh`, so that deciding about one group can borrow that group and this at once.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use crate::addr::Addr;
use crate::canary::Canary;
use crate::command::clients::Clients;
use crate::command::reply::Reply;
use crate::config::{General, Global};
use crate::dial::QuickDials;
use crate::disk::Disk;
use crate::epoch::CurrentEpoch;
use crate::event::{Event, EventKind, LogLevel};
use crate::group::GroupId;
use crate::id::{GroupName, SentinelId};
use crate::io::{ClientId, LinkId, Output, Outputs, Version};
use crate::limits::{EVENT_TEXT_MAX, HELD_EVENTS_MAX};
use crate::link::{Conn, Owner, Ping};
use crate::names::Names;
use crate::rng::Rng;
use crate::script::Scripts;
use crate::time::{Mono, Now};
use crate::tuning::Tuning;

/// See the module.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    pub(crate) now: Now,
    /// outputs of the running step
    pub(crate) out: Outputs,
    pub(crate) rng: Rng,
    pub(crate) global: Global,
    pub(crate) general: General,
    pub(crate) myid: SentinelId,
    pub(crate) tuning: Tuning,
    pub(crate) epoch: CurrentEpoch,
    /// since when in TILT
    pub(crate) tilt: Option<Mono>,
    /// nobody is found down before this: after a stall, answers that came meanwhile must be read first
    pub(crate) judge_from: Mono,
    pub(crate) disk: Disk,
    pub(crate) names: Names,
    pub(crate) scripts: Scripts,
    pub(crate) clients: Clients,
    pub(crate) links: Links,
    pub(crate) peers: BTreeMap<SentinelId, PeerLink>,
    pub(crate) simulate: Simulate,
    pub(crate) next_server: u64,
    pub(crate) quick_dials: QuickDials,
    /// the same for dials that decide whether a master is down
    pub(crate) deciding_dials: QuickDials,
    /// what INFO texts are kept beside
    pub(crate) info_base: Option<Arc<[u8]>>,
    /// groups whose master is objectively down since a moment ago
    pub(crate) crowd: BTreeSet<GroupId>,
    pub(crate) held: VecDeque<HeldEvent>,
    pub(crate) promises: Vec<Promise>,
    #[cfg(watchkeeper_canary)]
    pub(crate) canary: Option<Canary>,
}

/// `SENTINEL SIMULATE-FAILURE`.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Simulate {
    pub(crate) crash_after_election: bool,
    pub(crate) crash_after_promotion: bool,
    /// the process is about to end: nothing is done any more
    pub(crate) crashed: bool,
}

/// The connections in use.
#[derive(Debug, Clone, Default)]
pub(crate) struct Links {
    next: u64,
    pub(crate) owners: BTreeMap<LinkId, Owner>,
}

impl Links {
    pub(crate) fn open(&mut self, owner: Owner) -> LinkId {
        self.next += 1;
        self.owners.insert(LinkId(self.next), owner);
        LinkId(self.next)
    }
}

/// The connection to a peer, shared by all groups that know it.
#[derive(Debug, Clone)]
pub(crate) struct PeerLink {
    pub(crate) conn: Conn,
    pub(crate) addr: Addr,
    pub(crate) ping: Ping,
    pub(crate) groups: BTreeSet<GroupId>,
}

/// An event that must not be seen before a version is on disk, or that follows one.
#[derive(Debug, Clone)]
pub(crate) struct HeldEvent {
    pub(crate) after: Version,
    pub(crate) event: Event,
    pub(crate) script: Option<String>,
}

/// A reply that waits for a version: the good one once it is on disk, the other one if it cannot be written.
#[derive(Debug, Clone)]
pub(crate) struct Promise {
    pub(crate) client: ClientId,
    pub(crate) version: Version,
    pub(crate) good: Reply,
    pub(crate) failed: Reply,
    /// an event to emit after the good reply, or after the failed one too (`+monitor`)
    pub(crate) then: Option<(Event, Option<String>)>,
}

impl Shared {
    pub(crate) fn new(general: General, global: Global, clients: Clients, mut rng: Rng, now: Now) -> Shared {
        let myid = global.myid.clone().unwrap_or_else(|| SentinelId::random(&mut rng));
        Shared {
            now,
            out: Outputs::default(),
            rng,
            myid,
            tuning: Tuning::default(),
            epoch: CurrentEpoch(global.current_epoch),
            tilt: None,
            judge_from: now.mono,
            disk: Disk::new(global.vote_without_disk),
            names: Names::default(),
            scripts: Scripts::default(),
            clients,
            links: Links::default(),
            peers: BTreeMap::new(),
            simulate: Simulate::default(),
            next_server: 0,
            held: VecDeque::new(),
            quick_dials: QuickDials::default(),
            deciding_dials: QuickDials::default(),
            info_base: None,
            crowd: BTreeSet::new(),
            promises: Vec::new(),
            #[cfg(watchkeeper_canary)]
            canary: None,
            general,
            global,
        }
    }

    /// Whether this deliberate bug is turned on.
    #[cfg(watchkeeper_canary)]
    pub(crate) fn canary(&self, canary: Canary) -> bool {
        self.canary == Some(canary)
    }

    /// Whether this deliberate bug is turned on: there are none in this build.
    #[cfg(not(watchkeeper_canary))]
    #[inline(always)]
    pub(crate) const fn canary(&self, _: Canary) -> bool {
        false
    }

    /// In TILT: nothing is decided.
    pub(crate) fn tilted(&self) -> bool {
        self.tilt.is_some() && !self.canary(Canary::TiltIgnored)
    }

    /// Logs a line that is no event.
    pub(crate) fn log(&mut self, level: LogLevel, text: String) {
        self.out.push(Output::Log { level, text });
    }

    /// Emits an event: log, subscribers, notification script. It waits behind held events of its group.
    pub(crate) fn emit(
        &mut self,
        kind: EventKind,
        group: Option<&GroupName>,
        payload: String,
        script: Option<&str>,
    ) {
        self.emit_after(Version::default(), kind, group, payload, script);
    }

    /// Emits an event once `after` is on disk; never, if that write fails.
    pub(crate) fn emit_after(
        &mut self,
        after: Version,
        kind: EventKind,
        group: Option<&GroupName>,
        payload: String,
        script: Option<&str>,
    ) {
        let mut event = Event::new(kind, group, payload);
        let keep = EVENT_TEXT_MAX.saturating_sub(event.name.len() + 1);
        truncate(&mut event.payload, keep);
        let script = if kind.spec().scripted { script.map(str::to_owned) } else { None };
        let behind = event.group.is_some() && self.held.iter().any(|held| held.event.group == event.group);
        let (durable, full) = (self.disk.durable(after), self.held.len() >= HELD_EVENTS_MAX);
        if durable && (!behind || full) {
            self.deliver(event, script);
        } else if !full {
            self.held.push_back(HeldEvent { after, event, script });
        }
    }

    pub(crate) fn deliver(&mut self, event: Event, script: Option<String>) {
        if event.level != LogLevel::Debug {
            self.clients.publish(event.name, &event.payload, &mut self.out);
        }
        if let Some(path) = script {
            self.scripts.enqueue(vec![path, event.name.to_owned(), event.payload.clone()], self.now.mono);
        }
        self.out.push(Output::Event(event));
    }

    /// Whether no further promise can be made: then nothing is begun that needs one.
    pub(crate) fn promises_are_full(&self) -> bool {
        self.promises.len() >= crate::limits::PROMISES_MAX
    }

    /// Replies to `client` once `version` is settled.
    pub(crate) fn promise(&mut self, promise: Promise) {
        let now = if self.disk.durable(promise.version) {
            Some(true)
        } else {
            (self.promises.len() >= crate::limits::PROMISES_MAX).then_some(false)
        };
        match now {
            Some(good) => {
                let reply = if good { &promise.good } else { &promise.failed };
                self.clients.reply(promise.client, reply, &mut self.out);
                self.follow_up(promise.then);
            }
            None => {
                self.clients.promise(promise.client);
                self.promises.push(promise);
            }
        }
    }

    fn keep(&mut self, promise: Promise, good: bool) {
        let reply = if good { &promise.good } else { &promise.failed };
        self.clients.keep_promise(promise.client, reply, &mut self.out);
        self.follow_up(promise.then);
    }

    /// Emits what was to follow a promised reply.
    fn follow_up(&mut self, then: Option<(Event, Option<String>)>) {
        if let Some((event, script)) = then {
            let behind = self.held.iter().any(|held| held.event.group == event.group);
            if behind && self.held.len() < HELD_EVENTS_MAX {
                self.held.push_back(HeldEvent { after: Version::default(), event, script });
            } else {
                self.deliver(event, script);
            }
        }
    }

    /// A write ended: releases what waited for it.
    pub(crate) fn settle(&mut self) {
        let promises = std::mem::take(&mut self.promises);
        // A client's replies come in the order of its commands.
        let mut waiting: BTreeSet<ClientId> = BTreeSet::new();
        for promise in promises {
            if self.disk.settled(promise.version) && !waiting.contains(&promise.client) {
                let good = self.disk.durable(promise.version);
                self.keep(promise, good);
            } else {
                waiting.insert(promise.client);
                self.promises.push(promise);
            }
        }
        let mut blocked: BTreeSet<Option<GroupName>> = BTreeSet::new();
        for held in std::mem::take(&mut self.held) {
            let waits = !self.disk.settled(held.after) || blocked.contains(&held.event.group);
            if waits {
                blocked.insert(held.event.group.clone());
                self.held.push_back(held);
            } else if self.disk.durable(held.after) {
                self.deliver(held.event, held.script);
            }
        }
    }

    /// Events held back.
    pub(crate) fn held_len(&self) -> usize {
        self.held.len()
    }

    /// What to authenticate with at peers: `sentinel-pass`, or our own `requirepass` as older set-ups expect.
    pub(crate) fn peer_credentials(&self) -> (Option<String>, Option<Vec<u8>>) {
        match &self.global.sentinel_pass {
            Some(pass) => (self.global.sentinel_user.clone(), Some(pass.clone())),
            None => (None, self.general.requirepass.clone()),
        }
    }

    /// The port we announce: `announce-port`, else the TLS port where links use TLS, else the port.
    pub(crate) fn announced_port(&self) -> i64 {
        let tls = &self.general.tls;
        match self.global.announce_port {
            0 if tls.replication && tls.port != 0 => i64::from(tls.port),
            0 => i64::from(self.general.port),
            port => port,
        }
    }

    /// Resolves an address in place as far as is known, asking for what is not.
    pub(crate) fn resolve(&mut self, addr: &mut Addr) -> crate::names::Lookup {
        let resolve = self.global.resolve_hostnames;
        let lookup = self.names.lookup(&addr.host, resolve, self.now.mono, &mut self.out);
        if let crate::names::Lookup::Known(ip) = lookup {
            addr.ip = Some(ip);
        }
        lookup
    }
}

fn truncate(text: &mut String, max: usize) {
    if text.len() > max {
        let end = (0..=max).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
        text.truncate(end);
    }
}
