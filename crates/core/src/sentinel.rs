//! The whole state of a sentinel and its one entry point.

use std::collections::{BTreeMap, BTreeSet};

use watchkeeper_resp::Frame;

use crate::canary::Canary;
use crate::command::clients::{Clients, EngineCommand};
use crate::config::{Config, GroupConfig};
use crate::discovery::Way;
use crate::event::{EventKind, LogLevel};
use crate::group::{Group, GroupId};
use crate::id::{GroupName, SentinelId};
use crate::io::{
    ClientId, ClientInput, Deadline, DownReason, Input, LinkId, LinkInput, Output, Outputs, Ticket, Version,
    Why,
};
use crate::link::{Owner, Pending, Renames};
use crate::rng::Rng;
use crate::server::ServerId;
use crate::shared::Shared;
use crate::time::{Mono, Now};

/// Whose words are used where Redis and Valkey differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Persona {
    /// as `redis-sentinel` 7.0 speaks
    #[default]
    Redis,
    /// as `valkey-sentinel` 8 speaks
    Valkey,
}

/// A sentinel.
#[derive(Debug, Clone)]
pub struct Sentinel {
    // Boxed: a node of the table has room for eleven, and half of that stays empty.
    pub(crate) groups: BTreeMap<GroupId, Box<Group>>,
    pub(crate) by_name: BTreeMap<GroupName, GroupId>,
    pub(crate) sh: Shared,
    pub(crate) wakes: BTreeSet<(Mono, Why, GroupId)>,
    pub(crate) wake_of: BTreeMap<GroupId, (Mono, Why)>,
    pub(crate) next_group: u64,
    /// time of the previous step, against which stalls and clock jumps are seen
    pub(crate) last: Now,
    /// hellos and commands that wait for a name to be looked up
    pub(crate) waiting: Vec<Waiting>,
    /// SETs that wait for the shell to look at script files
    pub(crate) waiting_sets: Vec<crate::command::WaitingSet>,
    pub(crate) next_ticket: u64,
}

/// Something that waits for a name.
#[derive(Debug, Clone)]
pub(crate) struct Waiting {
    pub(crate) ticket: Ticket,
    pub(crate) what: WaitingFor,
}

/// See [`Waiting`].
#[derive(Debug, Clone)]
pub(crate) enum WaitingFor {
    Hello(Vec<u8>, Way),
    Command(EngineCommand),
}

/// The tick that notices stalls, in milliseconds.
const TICK_MS: u64 = 100;
/// A wall clock that goes back by more milliseconds than this has jumped; less is the shell reading two clocks.
const BACKWARD_JUMP_MS: i64 = 100;
/// The tick comes this often at the latest unless the process does not get to run.
const STALL_MS: u64 = 250;
/// After a stall, answers that came meanwhile are read for this many milliseconds before anybody is held for down.
const UNREAD_MS: u64 = 100;
/// Hellos and commands waiting for names at most.
pub(crate) const WAITING_MAX: usize = 1_000;

impl Sentinel {
    /// A sentinel with this configuration. `acl_file` is the content of `aclfile`, if one is configured. `seed`
    /// feeds every random choice. Fails only on bad ACL rules, with the lines to log.
    pub fn new(
        config: Config,
        persona: Persona,
        acl_file: Option<&[u8]>,
        seed: u64,
        now: Now,
    ) -> Result<Sentinel, String> {
        let mut rng = Rng::new(seed);
        let clients = Clients::new(&config.general, persona, acl_file, rng.next_u64(), now)?;
        let sh = Shared::new(config.general, config.global, clients, rng, now);
        let mut sentinel = Sentinel {
            groups: BTreeMap::new(),
            by_name: BTreeMap::new(),
            sh,
            wakes: BTreeSet::new(),
            wake_of: BTreeMap::new(),
            next_group: 0,
            last: now,
            waiting: Vec::new(),
            waiting_sets: Vec::new(),
            next_ticket: 0,
        };
        for group in config.groups {
            let highest = group.config_epoch.max(group.leader_epoch);
            sentinel.sh.epoch.0 = sentinel.sh.epoch.0.max(highest);
            sentinel.add_group(group);
        }
        Ok(sentinel)
    }

    /// Turns a deliberate bug on.
    #[cfg(watchkeeper_canary)]
    pub fn set_canary(&mut self, canary: Canary) {
        self.sh.canary = Some(canary);
    }

    /// To be called once when the sockets listen: creates a missing id, persists it, emits `+monitor`.
    pub fn start(&mut self, now: Now, out: &mut Outputs) {
        self.begin(now, out);
        self.last = now; // what loading took is no stall
        if self.sh.global.myid.is_none() {
            self.sh.global.myid = Some(self.sh.myid.clone());
            self.sh.disk.change();
        }
        let text = format!("Sentinel ID is {}", self.sh.myid);
        self.sh.log(LogLevel::Warning, text);
        for group in self.groups.values() {
            group.emit_master(EventKind::Monitor, &format!(" quorum {}", group.conf.quorum), &mut self.sh);
        }
        for id in self.groups.keys().copied().collect::<Vec<_>>() {
            self.evaluate(id);
        }
        self.end(out);
    }

    /// Takes one input. Never blocks, never fails. Time must not go back.
    pub fn step(&mut self, now: Now, input: Input, out: &mut Outputs) {
        self.begin(now, out);
        let resumed = self.watch_clocks();
        match input {
            Input::Wake => {}
            Input::Link { link, what } => self.link_input(link, what),
            Input::Client { client, what } => self.client_input(client, what),
            Input::Resolved { ticket, result } => self.resolved(ticket, &result),
            Input::Script { script, what } => self.sh.script_input(script, &what),
            Input::Persisted { version, result } => self.persisted(version, &result),
            Input::AclText { ticket, result } => {
                let result = result.as_deref().map_err(String::as_str);
                self.sh.clients.acl_text(ticket, result, &mut self.sh.out);
            }
            Input::AclWritten { ticket, result } => {
                let result = result.as_ref().map_err(String::as_str);
                self.sh.clients.acl_written(ticket, result.copied(), &mut self.sh.out);
            }
            Input::ScriptChecked { ticket, executable } => self.script_checked(ticket, executable),
            Input::Facts(facts) => self.sh.clients.facts(*facts),
            Input::Shutdown => self.shutdown(),
        }
        if resumed {
            self.evaluate_all(); // with what this input told
        }
        self.end(out);
    }

    /// When to call [`Sentinel::step`] with [`Input::Wake`] at the latest.
    pub fn deadline(&self) -> Deadline {
        let tick = (self.last.mono + TICK_MS, Why::Tick);
        let group = self.wakes.first().map(|&(at, why, _)| (at, why));
        let script =
            self.sh.scripts.deadline(self.sh.tuning.script_max_runtime).map(|at| (at, Why::ScriptRetry));
        let clients = self.sh.clients.deadline().map(|at| (at, Why::Tick));
        let disk = self.sh.disk.deadline().map(|at| (at, Why::Tick));
        let (at, why) = [group, script, clients, disk].into_iter().flatten().fold(tick, Ord::min);
        Deadline { at, why }
    }

    /// The level below which nothing is logged.
    pub fn loglevel(&self) -> LogLevel {
        self.sh.general.loglevel
    }

    /// Everything that is written to the configuration file.
    pub fn snapshot(&self) -> Config {
        let mut general = self.sh.general.clone();
        general.users = self.sh.clients.user_lines();
        let mut global = self.sh.global.clone();
        global.myid = Some(self.sh.myid.clone());
        if !self.sh.canary(Canary::EpochForgotten) {
            global.current_epoch = self.sh.epoch.0;
        }
        Config {
            general,
            global,
            groups: self.groups.values().map(|group| group.snapshot(&self.sh)).collect(),
        }
    }

    fn begin(&mut self, now: Now, out: &mut Outputs) {
        assert!(now.mono >= self.last.mono, "time given to `step` went back");
        // What was asked for while the configuration was loaded is still here and goes first.
        let earlier = self.sh.out.take();
        self.sh.out.0 = out.take();
        self.sh.out.0.extend(earlier);
        self.sh.now = now;
    }

    fn end(&mut self, out: &mut Outputs) {
        let now = self.sh.now.mono;
        while let Some(command) = self.sh.clients.next_deferred(self.sh.now, &mut self.sh.out) {
            self.command(command);
        }
        while let Some(&(at, _, group)) = self.wakes.first() {
            if at > now {
                break;
            }
            self.evaluate(group);
        }
        self.sh.run_scripts();
        self.sh.clients.tick(self.sh.now, &mut self.sh.out);
        if let Some(version) = self.sh.disk.begin(self.sh.now.mono) {
            let config = Box::new(self.snapshot());
            self.sh.out.push(Output::Persist { version, config });
        }
        self.last = self.sh.now;
        out.0 = self.sh.out.take();
    }

    /// Looks at a group now and notes when to look again.
    pub(crate) fn evaluate(&mut self, id: GroupId) {
        let Some(group) = self.groups.get_mut(&id) else { return };
        let (at, why) = group.evaluate(&mut self.sh);
        let down = group.odown.is_some_and(|at| self.sh.now.mono.since(at) <= crate::election::CROWD_FOR_MS);
        if down != self.sh.crowd.contains(&id) {
            if down {
                self.sh.crowd.insert(id)
            } else {
                self.sh.crowd.remove(&id)
            };
        }
        let before = self.wake_of.insert(id, (at, why));
        if before == Some((at, why)) {
            return;
        }
        self.wakes.insert((at, why, id));
        if let Some((at, why)) = before {
            self.wakes.remove(&(at, why, id));
        }
    }

    pub(crate) fn evaluate_all(&mut self) {
        for id in self.groups.keys().copied().collect::<Vec<_>>() {
            self.evaluate(id);
        }
    }

    pub(crate) fn add_group(&mut self, conf: GroupConfig) -> GroupId {
        self.next_group += 1;
        let id = GroupId(self.next_group);
        self.by_name.insert(conf.name.clone(), id);
        self.groups.insert(id, Box::new(Group::new(id, conf, &mut self.sh)));
        id
    }

    pub(crate) fn remove_group(&mut self, id: GroupId) {
        if let Some(mut group) = self.groups.remove(&id) {
            group.dissolve(&mut self.sh);
            self.by_name.remove(&group.name);
            self.sh.crowd.remove(&id);
        }
        if let Some((at, why)) = self.wake_of.remove(&id) {
            self.wakes.remove(&(at, why, id));
        }
    }

    // --- TILT ---

    /// Enters TILT when the process did not run for long or the wall clock jumped, and leaves it in time. True if
    /// it was left: everything is to be judged anew.
    fn watch_clocks(&mut self) -> bool {
        let (now, last) = (self.sh.now, self.last);
        let stalled_ms = now.mono.since(last.mono);
        let jump_ms = now.unix.ms() - last.unix.ms() - stalled_ms as i64;
        if stalled_ms > STALL_MS {
            self.sh.judge_from = now.mono + UNREAD_MS;
        }
        let trigger = self.sh.tuning.tilt_trigger;
        let jumped = jump_ms > trigger as i64 || jump_ms < -BACKWARD_JUMP_MS;
        if stalled_ms > trigger || (jumped && !self.sh.global.tilt_clock_monotonic) {
            let cause = if stalled_ms > trigger {
                format!("the process did not run for {stalled_ms} ms")
            } else {
                format!("the wall clock jumped by {jump_ms} ms")
            };
            self.sh.tilt = Some(now.mono);
            self.sh.emit(EventKind::Tilt, None, "#tilt mode entered".to_owned(), None);
            self.sh.log(LogLevel::Notice, format!("TILT because {cause}: watching on, acting on nothing"));
        }
        let over = self.sh.tilt.is_some_and(|since| now.mono.since(since) >= self.sh.tuning.tilt_period);
        if over {
            self.sh.tilt = None;
            self.sh.emit(EventKind::TiltEnd, None, "#tilt mode exited".to_owned(), None);
        }
        over
    }

    // --- Links ---

    fn link_input(&mut self, link: LinkId, what: LinkInput) {
        let Some(owner) = self.sh.links.owners.get(&link).cloned() else { return };
        match owner {
            Owner::Command(group, server) => {
                self.command_link(group, server, what);
                self.evaluate(group);
            }
            Owner::Pubsub(group, server) => {
                self.pubsub_link(group, server, what);
                self.evaluate(group);
            }
            Owner::Peer(id) => self.peer_link(&id, what),
        }
    }

    fn command_link(&mut self, group: GroupId, id: ServerId, what: LinkInput) {
        let sh = &mut self.sh;
        let Some(group) = self.groups.get_mut(&group) else { return };
        let refused_after = group.conf.refused_down_after_ms;
        let Some(server) = group.server_mut(id) else { return };
        match what {
            LinkInput::Up { local } => {
                server.cmd.up = true;
                server.dial.abandoned = 0;
                server.cmd.local = Some(local);
            }
            LinkInput::Down(reason) => {
                let (was_up, again) = (server.cmd.up, server.dial.refused.is_some());
                server.dial.note_down(&reason, (was_up, server.down.is), refused_after, sh.now.mono);
                server.cmd.forget(sh);
                server.ping.note_broken(sh.now.mono);
                if again && server.dial.refused.is_some() {
                    return; // as it did a moment ago: that is no news
                }
                group.note_link_down(id, EventKind::CmdLinkReconnection, &reason, sh);
            }
            LinkInput::Frame(frame) => {
                let Some(pending) = server.cmd.pending.pop_front() else {
                    server.cmd.close(sh);
                    group.note_nonsense(id, "an answer to nothing", sh);
                    return;
                };
                group.answered(id, pending, frame, sh);
            }
        }
    }

    fn pubsub_link(&mut self, group: GroupId, id: ServerId, what: LinkInput) {
        let sh = &mut self.sh;
        let Some(group) = self.groups.get_mut(&group) else { return };
        let Some(server) = group.server_mut(id) else { return };
        match what {
            LinkInput::Up { local } => {
                server.pubsub.up = true;
                server.pubsub.local = Some(local);
            }
            LinkInput::Down(reason) => {
                server.pubsub.forget(sh);
                group.note_link_down(id, EventKind::PubsubLinkReconnection, &reason, sh);
            }
            LinkInput::Frame(frame) => {
                server.pubsub_seen = sh.now.mono;
                if let Some(payload) = hello_message(&frame) {
                    // Our own come back to us: every server echoes them to all its subscribers.
                    if payload.split(|byte| *byte == b',').nth(2) != Some(sh.myid.0.as_bytes()) {
                        self.hello(payload, Way::Server);
                    }
                } else if server.pubsub.pending.pop_front() == Some(Pending::Subscribe)
                    && matches!(frame, Frame::Error(_))
                {
                    server.pubsub.close(sh);
                }
            }
        }
    }

    fn peer_link(&mut self, id: &SentinelId, what: LinkInput) {
        let Some(link) = self.sh.peers.get_mut(id) else { return };
        match what {
            LinkInput::Up { local } => {
                link.conn.up = true;
                link.conn.local = Some(local);
                self.evaluate_watched_by(id);
            }
            LinkInput::Down(_) => {
                crate::peer::with_link(id, &mut self.sh, |link, sh| {
                    link.conn.forget(sh);
                    link.ping.note_broken(sh.now.mono);
                });
                self.evaluate_watched_by(id);
            }
            LinkInput::Frame(frame) => {
                let Some(pending) = link.conn.pending.pop_front() else {
                    crate::peer::with_link(id, &mut self.sh, |link, sh| link.conn.close(sh));
                    let text = format!("Sentinel {id} sent an answer to nothing: connection closed");
                    self.sh.log(LogLevel::Warning, text);
                    return;
                };
                self.peer_answered(id, pending, &frame);
            }
        }
    }

    /// Looks at every group that a peer watches, too.
    fn evaluate_watched_by(&mut self, id: &SentinelId) {
        let groups: Vec<GroupId> =
            self.sh.peers.get(id).map_or(Vec::new(), |link| link.groups.iter().copied().collect());
        groups.into_iter().for_each(|group| self.evaluate(group));
    }

    fn peer_answered(&mut self, id: &SentinelId, pending: Pending, frame: &Frame) {
        let now = self.sh.now.mono;
        match pending {
            Pending::Ping => {
                let Some(link) = self.sh.peers.get_mut(id) else { return };
                link.ping.note_answer(now, ping_answer(frame).acceptable());
                let down = |group: &&GroupId| {
                    self.groups
                        .get(group)
                        .and_then(|group| group.peers.get(id))
                        .is_some_and(|peer| peer.down.is)
                };
                let groups: Vec<GroupId> = link.groups.iter().filter(down).copied().collect();
                groups.into_iter().for_each(|group| self.evaluate(group));
            }
            Pending::Publish(group) => {
                if let Some(peer) = self.groups.get_mut(&group).and_then(|group| group.peers.get_mut(id)) {
                    peer.publish_owed = None;
                    if matches!(frame, Frame::Error(_)) {
                        peer.publish_error_at = Some(now);
                    } else {
                        peer.published_at = now;
                        peer.publish_error_at = None;
                    }
                }
            }
            Pending::Ask(group, epoch) => {
                if let Some(group) = self.groups.get_mut(&group) {
                    group.ask_answered(id, epoch, frame, &mut self.sh);
                }
                self.evaluate(group);
            }
            Pending::Identity => self.peer_named_itself(id, frame),
            Pending::Ignored | Pending::Info | Pending::Subscribe => {}
        }
    }

    // --- Disk, clients ---

    /// Times to look at groups that are noted down.
    pub(crate) fn wakes_len(&self) -> usize {
        self.wakes.len()
    }

    /// What waits for names.
    pub(crate) fn waiting_len(&self) -> usize {
        self.waiting.len()
    }

    /// Keeps something until a name is looked up; dropped when too much waits already.
    pub(crate) fn wait_for(&mut self, ticket: Ticket, what: WaitingFor) -> bool {
        let room = self.waiting.len() < WAITING_MAX;
        if room {
            self.waiting.push(Waiting { ticket, what });
        }
        room
    }

    fn persisted(&mut self, version: Version, result: &Result<(), String>) {
        let fine = result.is_ok() || self.sh.canary(Canary::FailedWriteTrusted);
        let before = self.sh.disk.ended(version, fine, self.sh.now.mono);
        self.sh.settle();
        // Whatever waited for the disk can go on.
        let waiting: Vec<GroupId> = self
            .groups
            .values()
            .filter(|group| group.failover.is_some() || group.config_version > before)
            .map(|group| group.id)
            .collect();
        waiting.into_iter().for_each(|id| self.evaluate(id));
    }

    fn client_input(&mut self, client: ClientId, what: ClientInput) {
        let now = self.sh.now;
        match what {
            ClientInput::Connected(connected) => {
                self.sh.clients.connected(now, client, connected, &mut self.sh.out)
            }
            ClientInput::Gone => self.sh.clients.gone(client),
            ClientInput::Command(argv) => {
                if let Some(command) = self.sh.clients.command(now, client, argv, &mut self.sh.out) {
                    self.command(command);
                }
            }
        }
    }

    pub(crate) fn shutdown(&mut self) {
        self.sh.log(LogLevel::Warning, "User requested shutdown...".to_owned());
        self.sh.out.push(Output::Exit { code: 0 });
    }
}

impl Group {
    fn note_link_down(&mut self, id: ServerId, kind: EventKind, reason: &DownReason, sh: &mut Shared) {
        let details = match self.replicas.get(&id) {
            Some(replica) => self.server_details(replica, sh),
            None => self.details(sh),
        };
        self.emit(kind, format!("{details} #{}", reason.text()), sh);
    }

    fn note_nonsense(&mut self, id: ServerId, what: &str, sh: &mut Shared) {
        let details = match self.replicas.get(&id) {
            Some(replica) => self.server_details(replica, sh),
            None => self.details(sh),
        };
        sh.log(LogLevel::Warning, format!("{details} sent {what}: connection closed"));
    }

    /// Takes the answer to one command on a server's command link.
    fn answered(&mut self, id: ServerId, pending: Pending, frame: Frame, sh: &mut Shared) {
        let now = sh.now.mono;
        let Some(server) = self.server_mut(id) else { return };
        match pending {
            Pending::Ping => self.ping_answered(id, ping_answer(&frame), sh),
            Pending::Info => {
                if let Frame::Bulk(text) | Frame::Verbatim(text) = frame {
                    self.info_received(id, text, sh);
                } else {
                    server.info_error_at = Some(now);
                }
            }
            Pending::Publish(_) => {
                if matches!(frame, Frame::Error(_)) {
                    server.publish_error_at = Some(now);
                } else {
                    server.published_at = now;
                    server.publish_error_at = None;
                }
            }
            Pending::Ignored | Pending::Ask(..) | Pending::Subscribe | Pending::Identity => {}
        }
    }

    fn ping_answered(&mut self, id: ServerId, answer: PingAnswer, sh: &mut Shared) {
        let Some(server) = self.server_mut(id) else { return };
        server.dial.note_answer(server.ping.sole_sent(), sh.now.mono);
        server.ping.note_answer(sh.now.mono, answer.acceptable());
        match answer {
            PingAnswer::Pong => {
                server.rebooted_at = None;
                server.ping.served = sh.now.mono;
            }
            PingAnswer::Busy if server.down.is && !server.script_kill_sent => {
                server.script_kill_sent = true;
                let renames = self.conf.renames.clone();
                let Some(server) = self.server_mut(id) else { return };
                server.cmd.send(&[Renames(&renames).word("SCRIPT"), "KILL"], Pending::Ignored, sh);
            }
            PingAnswer::Alive | PingAnswer::Busy | PingAnswer::Other => {}
        }
    }

    /// Takes a peer's answer to an ask.
    fn ask_answered(&mut self, id: &SentinelId, epoch: Option<u64>, frame: &Frame, sh: &mut Shared) {
        if let Some(peer) = self.peers.get_mut(id) {
            peer.ask_owed = peer.ask_owed.filter(|(_, asked)| *asked != epoch);
        }
        let Frame::Array(items) = frame else { return };
        let [Frame::Integer(down), Frame::Bulk(vote), Frame::Integer(vote_epoch)] = &items[..] else {
            return;
        };
        let Some(peer) = self.peers.get_mut(id) else { return };
        if !self.master.down.is {
            return; // an answer about a master that is no longer the master, or no longer down
        }
        let vote = std::str::from_utf8(vote).ok().filter(|v| *v != "*" && v.len() <= 255);
        let vote = vote.map(|v| SentinelId(v.to_owned()));
        if epoch.is_some() {
            peer.answered_epoch = epoch;
        }
        let named = vote.clone();
        if peer.answered(*down == 1, vote, *vote_epoch, sh.now.mono) {
            if let Some(named) = named {
                sh.log(LogLevel::Warning, format!("{id} voted for {named} {vote_epoch}"));
            }
        }
    }
}

/// What a server or peer says to PING.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PingAnswer {
    Pong,
    /// loading, or without its own master: it lives
    Alive,
    /// a script blocks it
    Busy,
    Other,
}

impl PingAnswer {
    fn acceptable(self) -> bool {
        matches!(self, PingAnswer::Pong | PingAnswer::Alive)
    }
}

fn ping_answer(frame: &Frame) -> PingAnswer {
    let (Frame::Simple(text) | Frame::Error(text)) = frame else { return PingAnswer::Other };
    if text.starts_with(b"PONG") {
        PingAnswer::Pong
    } else if text.starts_with(b"LOADING") || text.starts_with(b"MASTERDOWN") {
        PingAnswer::Alive
    } else if text.starts_with(b"BUSY") {
        PingAnswer::Busy
    } else {
        PingAnswer::Other
    }
}

/// The payload of a pub/sub message, if the frame is one.
fn hello_message(frame: &Frame) -> Option<&[u8]> {
    let (Frame::Array(items) | Frame::Push(items)) = frame else { return None };
    let [Frame::Bulk(kind), Frame::Bulk(channel), Frame::Bulk(payload)] = &items[..] else { return None };
    (kind == b"message" && channel == crate::hello::CHANNEL.as_bytes()).then_some(payload)
}

impl DownReason {
    /// In words, as logged.
    fn text(&self) -> String {
        match self {
            DownReason::Refused => "Connection refused".to_owned(),
            DownReason::Closed => "Connection closed".to_owned(),
            DownReason::Reset => "Connection reset by peer".to_owned(),
            DownReason::Unreachable => "No route to host".to_owned(),
            DownReason::TimedOut => "Connection timed out".to_owned(),
            DownReason::Tls(why) => format!("Failed to initialize TLS: {why}"),
            DownReason::Protocol(why) => format!("Protocol error: {why}"),
            DownReason::Other(why) => why.clone(),
        }
    }
}
