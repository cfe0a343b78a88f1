//! One sentinel, the real one, with its disk and its own clock; and what of its past must never be contradicted.
//!
//! Data servers answer in the same instant. What goes to another sentinel, and orders to data servers, are handed to the
//! caller as [`Emit`]s. Time passes only in [`Local::wake`], up to the next moment at which the sentinel does something
//! that another can notice.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

use watchkeeper_core::config::{GroupConfig, KnownPeer};
use watchkeeper_core::id::{GroupName, SentinelId};
use watchkeeper_core::io::{
    ClientAddr, ClientId, ClientInput, Connected, DownReason, LinkId, LinkInput, Version,
};
use watchkeeper_core::{
    Config, Input, LogLevel, Mono, Now, Output, Outputs, Persona, Sentinel, Standing, Unix,
};
use watchkeeper_resp::{Frame, FrameDecoder, RequestDecoder, RequestLimits};

use super::Bounds;
use super::message::{self, Message};
use super::servers::{Servers, server, server_at};

/// Sentinels of the group.
pub(crate) const SENTINELS: usize = 3;
/// Epochs that can be told apart; the bound on epochs is below.
pub(crate) const EPOCHS_MAX: usize = 8;
/// Milliseconds after which a master that is silent is held for down.
const DOWN_AFTER_MS: u64 = 60_000;
/// Milliseconds in which a sentinel must do something that can be noticed, or it does nothing by itself any more.
const HORIZON_MS: u64 = DOWN_AFTER_MS + 5_000;
/// The same for one that has noticed that the master is down: the longest wait of an election or a failover.
const HORIZON_DOWN_MS: u64 = 2 * FAILOVER_TIMEOUT_MS + 2_000;
const FAILOVER_TIMEOUT_MS: u64 = 10_000;
/// The client that sets the sentinel up.
const SETTER: ClientId = ClientId(1);

/// What a sentinel is given.
#[derive(Debug)]
pub(crate) enum Given<'a> {
    /// a command, connection or its end, of another sentinel
    FromPeer(usize, &'a Message),
    /// an answer of another sentinel, or the end of our connection to it
    Answer(usize, &'a Message),
    /// the answers of a replica to orders
    Served(usize, &'a Message),
    /// a write ended, well or not
    Written(bool),
    /// killed and started again; the write in flight has reached the disk or not
    Crash(bool),
    /// time passes
    Wake,
}

/// What it sends to others.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Emit {
    /// on our connection to another sentinel
    ToPeer(usize, Message),
    /// on the connection another sentinel has to us
    Reply(usize, Message),
    /// to a replica, on the connection that carries an order
    Order(usize, Message),
}

/// What came of a step.
#[derive(Debug, Clone, Default)]
pub(crate) struct Did {
    pub(crate) emits: Vec<Emit>,
    /// in words, for traces
    pub(crate) said: Vec<String>,
    /// what must never happen, and did
    pub(crate) broken: Option<String>,
    /// elected in this epoch
    pub(crate) elected: Option<u64>,
    /// a write was begun, or anything else that can be noticed
    pub(crate) noticed: bool,
    /// a routine question is due while an answer is still awaited: so much time is not to pass
    pub(crate) late: bool,
}

impl Did {
    /// Orders to one replica travel together.
    fn order(&mut self, replica: usize, argv: Vec<Vec<u8>>) {
        self.noticed = true;
        if let Some(Emit::Order(last, Message::Commands(commands))) = self.emits.last_mut() {
            if *last == replica {
                commands.push(argv);
                return;
            }
        }
        self.emits.push(Emit::Order(replica, Message::Commands(vec![argv])));
    }
}

/// Where a link of ours leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum To {
    Peer(usize),
    Commands(usize),
    Hellos(usize),
}

/// See the module.
#[derive(Debug, Clone)]
pub(crate) struct Local {
    me: usize,
    sentinel: Sentinel,
    mono: u64,
    on_disk: Config,
    writing: Option<(Version, Config)>,
    links: BTreeMap<LinkId, To>,
    /// commands to another sentinel that are not answered
    owed: [u16; SENTINELS],
    /// commands to a replica since an order that is not answered
    ordered: [u16; super::servers::REPLICAS_MAX],
    clients: [Option<ClientId>; SENTINELS],
    /// for each command of a peer that is not answered, whether it is a question without a candidacy
    questions: [VecDeque<bool>; SENTINELS],
    next_client: u64,
    past: Past,
}

/// What others have seen of this sentinel, whatever process it was, by epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Past {
    /// whom it voted for: 0 nobody, else the sentinel's number plus 1
    pub(crate) voted: [u8; EPOCHS_MAX],
    /// a bit for each epoch it was elected in
    pub(crate) elected: u8,
    /// a bit for each epoch it ordered a promotion in
    pub(crate) ordered: u8,
    /// the newest configuration whose write was refused: it may be told all the same
    pub(crate) refused_config: u64,
}

pub(crate) fn letter(sentinel: usize) -> char {
    char::from(b'A' + sentinel as u8)
}

fn id(sentinel: usize) -> SentinelId {
    SentinelId(format!("{}", sentinel + 1).repeat(40))
}

pub(crate) fn sentinel_named(name: &[u8]) -> Option<usize> {
    (0..SENTINELS).find(|n| id(*n).0.as_bytes() == name)
}

fn sentinel_addr(n: usize) -> SocketAddr {
    SocketAddr::from(([10, 1, 0, n as u8 + 1], 26379))
}

fn group_name() -> GroupName {
    GroupName("g".to_owned())
}

fn first_config(me: usize, replicas: usize) -> Config {
    let mut config = Config::default();
    config.global.myid = Some(id(me));
    let master = server(0);
    let mut group = GroupConfig::new(group_name(), master.ip().to_string(), master.port(), 2);
    group.down_after_ms = DOWN_AFTER_MS;
    group.failover_timeout_ms = FAILOVER_TIMEOUT_MS;
    group.replicas = (1..=replicas).map(|n| (server(n).ip().to_string(), server(n).port())).collect();
    group.peers = (0..SENTINELS)
        .filter(|n| *n != me)
        .map(|n| KnownPeer {
            host: sentinel_addr(n).ip().to_string(),
            port: sentinel_addr(n).port(),
            id: id(n),
        })
        .collect();
    config.groups.push(group);
    config
}

fn now(mono: u64) -> Now {
    Now { mono: Mono(mono), unix: Unix((1_700_000_000_000 + mono as i64) * 1_000) }
}

impl Local {
    /// A sentinel of a group that has been watched for a while, at the moment its master has gone silent.
    pub(crate) fn first(me: usize, bounds: &Bounds, servers: &mut Servers) -> (Local, Did) {
        let mut local = Local::boot(me, first_config(me, bounds.replicas), 1_000_000);
        let mut did = Did::default();
        local.started(bounds, servers, &mut did);
        (local, did)
    }

    fn boot(me: usize, on_disk: Config, mono: u64) -> Local {
        let sentinel = Sentinel::new(on_disk.clone(), Persona::Redis, None, me as u64 + 1, now(mono));
        Local {
            me,
            sentinel: sentinel.expect("this configuration has no ACL rules"),
            mono,
            on_disk,
            writing: None,
            links: BTreeMap::new(),
            owed: [0; SENTINELS],
            ordered: [0; super::servers::REPLICAS_MAX],
            clients: [None; SENTINELS],
            questions: Default::default(),
            next_client: SETTER.0 + 1,
            past: Past::default(),
        }
    }

    fn started(&mut self, bounds: &Bounds, servers: &mut Servers, did: &mut Did) {
        let mut run = Run { bounds, servers, did, inputs: VecDeque::new() };
        let mut out = Outputs::default();
        #[cfg(watchkeeper_canary)]
        if let Some(canary) = bounds.canary {
            self.sentinel.set_canary(canary);
        }
        self.sentinel.start(now(self.mono), &mut out);
        self.perform(out, &mut run);
        let addr = ClientAddr::Tcp(SocketAddr::from(([127, 0, 0, 1], 1)));
        let connected = Connected { peer: addr.clone(), local: addr, fd: 1, tls: false };
        run.inputs.push_back(Soon::Client(SETTER, Some(connected), Vec::new()));
        // Routine questions are so rare that none is due between the silence of the master and the end of an election.
        let debug = "SENTINEL DEBUG PING-PERIOD 59000 INFO-PERIOD 60000 PUBLISH-PERIOD 1000000000 \
                     TILT-TRIGGER 1000000000";
        let argv = debug.split_ascii_whitespace().map(|word| word.as_bytes().to_vec()).collect();
        run.inputs.push_back(Soon::Client(SETTER, None, argv));
        self.settle(&mut run);
    }

    /// Does one thing. False if there is nothing to do (only possible for [`Given::Wake`]).
    pub(crate) fn give(&mut self, given: Given<'_>, bounds: &Bounds, servers: &mut Servers) -> (bool, Did) {
        let mut did = Did::default();
        let mut run = Run { bounds, servers, did: &mut did, inputs: VecDeque::new() };
        match given {
            Given::FromPeer(peer, message) => self.asked_by(peer, message, &mut run),
            Given::Answer(peer, message) => self.answer(peer, message, &mut run),
            Given::Served(replica, message) => self.served(replica, message, &mut run),
            Given::Written(fine) => self.written(fine, &mut run),
            Given::Crash(landed) => {
                self.crash(landed, &mut run);
                return (true, did);
            }
            Given::Wake => {
                let awake = self.wake(&mut run);
                return (awake, did);
            }
        }
        self.settle(&mut run);
        (true, did)
    }

    fn asked_by(&mut self, peer: usize, message: &Message, run: &mut Run<'_>) {
        match message {
            Message::Connected => {
                let client = ClientId(self.next_client);
                self.next_client += 1;
                self.clients[peer] = Some(client);
                let connected = Connected {
                    peer: ClientAddr::Tcp(sentinel_addr(peer)),
                    local: ClientAddr::Tcp(sentinel_addr(self.me)),
                    fd: 1,
                    tls: false,
                };
                run.inputs.push_back(Soon::Client(client, Some(connected), Vec::new()));
            }
            Message::Command(argv) => {
                let client = self.clients[peer].expect("a command comes on a connection");
                self.questions[peer].push_back(message::is_question(argv));
                run.inputs.push_back(Soon::Client(client, None, argv.clone()));
            }
            Message::Gone => {
                self.questions[peer].clear();
                if let Some(client) = self.clients[peer].take() {
                    run.inputs.push_back(Soon::ClientGone(client));
                }
            }
            Message::Commands(_)
            | Message::Answer(_)
            | Message::Told(_)
            | Message::Answers(_)
            | Message::Down => unreachable!("no peer asks so"),
        }
    }

    fn link_to(&self, to: To) -> Option<LinkId> {
        self.links.iter().find(|(_, other)| **other == to).map(|(link, _)| *link)
    }

    /// Whether we have a connection to this sentinel, as far as we know.
    pub(crate) fn is_connected_to(&self, peer: usize) -> bool {
        self.link_to(To::Peer(peer)).is_some()
    }

    fn answer(&mut self, peer: usize, message: &Message, run: &mut Run<'_>) {
        let link = self.link_to(To::Peer(peer)).expect("an answer comes on a connection");
        match message {
            Message::Answer(frame) | Message::Told(frame) => {
                self.owed[peer] -= 1;
                run.inputs.push_back(Soon::Frame(link, frame.clone()));
            }
            Message::Down => {
                self.owed[peer] = 0;
                run.inputs.push_back(Soon::Down(link, DownReason::Closed));
            }
            Message::Answers(_)
            | Message::Connected
            | Message::Command(_)
            | Message::Commands(_)
            | Message::Gone => unreachable!("no peer answers so"),
        }
    }

    fn served(&mut self, replica: usize, message: &Message, run: &mut Run<'_>) {
        let Message::Answers(frames) = message else { unreachable!("a replica answers all orders together") };
        let Some(link) = self.link_to(To::Commands(replica)) else { return };
        self.ordered[replica] = 0;
        run.inputs.extend(frames.iter().map(|frame| Soon::Frame(link, frame.clone())));
    }

    fn written(&mut self, fine: bool, run: &mut Run<'_>) {
        let Some((version, config)) = self.writing.take() else { unreachable!("no write was begun") };
        let result = if fine {
            self.lands(config, run);
            Ok(())
        } else {
            self.past.refused_config = self.past.refused_config.max(config.groups[0].config_epoch);
            Err("No space left on device".to_owned())
        };
        run.inputs.push_back(Soon::Persisted(version, result));
    }

    /// A configuration reaches the disk. (A disk that lies says so too.)
    fn lands(&mut self, config: Config, run: &mut Run<'_>) {
        if run.bounds.disk_lies {
            return;
        }
        let (old, new) = (&self.on_disk, &config);
        let fell = new.global.current_epoch < old.global.current_epoch
            || new.groups[0].config_epoch < old.groups[0].config_epoch
            || new.groups[0].leader_epoch < old.groups[0].leader_epoch;
        if fell {
            run.did.broken = Some(format!("an epoch on the disk of {} falls", letter(self.me)));
        }
        self.on_disk = config;
    }

    fn crash(&mut self, landed: bool, run: &mut Run<'_>) {
        if let Some((_, config)) = self.writing.take().filter(|_| landed) {
            self.lands(config, run);
        }
        let past = self.past;
        let (me, on_disk) = (self.me, self.on_disk.clone());
        *self = Local { past, ..Local::boot(me, on_disk, self.mono) };
        let (bounds, did) = (run.bounds, &mut *run.did);
        self.started(bounds, run.servers, did);
    }

    /// Time passes until something can be noticed. False, if nothing can for long.
    fn wake(&mut self, run: &mut Run<'_>) -> bool {
        let horizon = if self.standing().master_down { HORIZON_DOWN_MS } else { HORIZON_MS };
        let until = self.mono + horizon;
        loop {
            self.mono = self.mono.max(self.sentinel.deadline().at.0);
            if self.mono > until {
                return false;
            }
            run.inputs.push_back(Soon::Wake);
            self.settle(run);
            if run.did.late {
                return false;
            }
            if run.did.noticed || run.did.broken.is_some() {
                return true;
            }
        }
    }

    fn settle(&mut self, run: &mut Run<'_>) {
        while let Some(soon) = run.inputs.pop_front() {
            let before = self.standing();
            let mut out = Outputs::default();
            let now = now(self.mono);
            match soon {
                Soon::Wake => self.sentinel.step(now, Input::Wake, &mut out),
                Soon::Client(client, connected, argv) => {
                    let what = match connected {
                        Some(connected) => ClientInput::Connected(connected),
                        None => ClientInput::Command(argv),
                    };
                    self.sentinel.step(now, Input::Client { client, what }, &mut out);
                }
                Soon::ClientGone(client) => {
                    self.sentinel.step(now, Input::Client { client, what: ClientInput::Gone }, &mut out);
                }
                Soon::Up(link) => {
                    let local = SocketAddr::new(sentinel_addr(self.me).ip(), 50_000);
                    self.sentinel.step(now, Input::Link { link, what: LinkInput::Up { local } }, &mut out);
                }
                Soon::Down(link, reason) => {
                    self.links.remove(&link);
                    self.sentinel.step(now, Input::Link { link, what: LinkInput::Down(reason) }, &mut out);
                }
                Soon::Frame(link, frame) => {
                    self.sentinel.step(now, Input::Link { link, what: LinkInput::Frame(frame) }, &mut out);
                }
                Soon::Persisted(version, result) => {
                    self.sentinel.step(now, Input::Persisted { version, result }, &mut out);
                }
            }
            self.check_step(&before, &out, run);
            self.perform(out, run);
        }
    }

    // --- Outputs ---

    fn perform(&mut self, mut out: Outputs, run: &mut Run<'_>) {
        for output in out.take() {
            match output {
                Output::Persist { version, config } => {
                    run.did.noticed = true;
                    self.writing = Some((version, *config));
                }
                Output::Open { link, addr, .. } => self.open(link, addr, run),
                Output::Send { link, bytes } => self.send(link, &bytes, run),
                Output::Close { link } => {
                    if let Some(To::Peer(peer)) = self.links.remove(&link) {
                        self.owed[peer] = 0;
                        self.emit(Emit::ToPeer(peer, Message::Gone), run);
                    }
                }
                Output::Reply { client, bytes } => self.reply(client, &bytes, run),
                Output::Event(event) => {
                    if event.level != LogLevel::Debug {
                        run.did.noticed = true;
                        run.did.said.push(format!("{} {}", event.name, brief(&event.payload)));
                    }
                }
                Output::Log { .. }
                | Output::Authenticated { .. }
                | Output::Subscriber { .. }
                | Output::LogLevel(_) => {}
                Output::CloseClient { .. }
                | Output::Resolve { .. }
                | Output::Script { .. }
                | Output::CheckScript { .. }
                | Output::KillScript { .. }
                | Output::ReadAcl { .. }
                | Output::WriteAcl { .. }
                | Output::Exit { .. } => {
                    run.did.broken = Some("an output that no election needs".to_owned());
                }
            }
        }
    }

    fn emit(&mut self, emit: Emit, run: &mut Run<'_>) {
        run.did.noticed = true;
        run.did.emits.push(emit);
    }

    fn open(&mut self, link: LinkId, addr: SocketAddr, run: &mut Run<'_>) {
        let peer = (0..SENTINELS).find(|n| sentinel_addr(*n) == addr);
        if let Some(peer) = peer {
            self.links.insert(link, To::Peer(peer));
            self.owed[peer] = 0;
            self.emit(Emit::ToPeer(peer, Message::Connected), run);
            run.inputs.push_back(Soon::Up(link));
            return;
        }
        match server_at(addr) {
            Some(0) | None => {
                run.inputs.push_back(Soon::Down(link, DownReason::Refused));
            }
            Some(n) => {
                let hellos = self.link_to(To::Commands(n - 1)).is_some();
                self.links.insert(link, if hellos { To::Hellos(n - 1) } else { To::Commands(n - 1) });
                run.inputs.push_back(Soon::Up(link));
            }
        }
    }

    fn send(&mut self, link: LinkId, bytes: &[u8], run: &mut Run<'_>) {
        let Some(to) = self.links.get(&link).copied() else { return };
        let mut decoder = RequestDecoder::new(RequestLimits::authenticated());
        decoder.feed(bytes);
        while let Some(argv) = decoder.next().expect("a sentinel sends well-formed commands") {
            self.check_command(&argv, run);
            match to {
                To::Peer(peer) if self.owed[peer] == 0 && message::is_routine(&argv) => {
                    let pong: &[u8] = if argv.len() == 1 { b"PONG" } else { b"OK" };
                    run.inputs.push_back(Soon::Frame(link, Frame::Simple(pong.to_vec())));
                }
                To::Peer(peer) => {
                    self.owed[peer] += 1;
                    run.did.late |= message::is_routine(&argv);
                    self.emit(Emit::ToPeer(peer, Message::Command(argv)), run);
                }
                To::Commands(replica)
                    if self.ordered[replica] > 0 || argv[0].eq_ignore_ascii_case(b"MULTI") =>
                {
                    self.ordered[replica] += 1;
                    run.did.order(replica, argv);
                }
                To::Commands(replica) | To::Hellos(replica) => {
                    let answer = run.servers.run(replica, &argv);
                    run.inputs.push_back(Soon::Frame(link, answer));
                }
            }
        }
    }

    fn reply(&mut self, client: ClientId, bytes: &[u8], run: &mut Run<'_>) {
        let Some(peer) = self.clients.iter().position(|known| *known == Some(client)) else { return };
        let mut decoder = FrameDecoder::new(1 << 20);
        decoder.feed(bytes);
        while let Some(frame) = decoder.next().expect("a sentinel answers well-formed") {
            if let Some((epoch, id)) = message::vote(&frame) {
                self.check_vote(epoch, sentinel_named(id), run);
            }
            let question = self.questions[peer].pop_front().unwrap_or(false);
            let message = if question { Message::Told(frame) } else { Message::Answer(frame) };
            self.emit(Emit::Reply(peer, message), run);
        }
    }

    // --- What must hold of one sentinel alone ---

    pub(crate) fn standing(&self) -> Standing {
        self.sentinel.standing(&group_name()).expect("the group stays")
    }

    fn check_step(&mut self, before: &Standing, out: &Outputs, run: &mut Run<'_>) {
        let after = self.standing();
        let fell = after.current_epoch < before.current_epoch
            || after.config_epoch < before.config_epoch
            || after.vote_epoch < before.vote_epoch;
        if fell {
            run.did.broken = Some(format!("an epoch of {} falls", letter(self.me)));
        }
        // Not by the event: that may wait behind another one of the group, which waits for the disk.
        if let (Some((epoch, "wait_start")), Some((same, phase))) = (before.attempt, after.attempt) {
            if same == epoch && phase != "wait_start" {
                run.did.elected = Some(epoch);
                self.past.elected |= 1 << epoch.min(7);
            }
        }
        for output in &out.0 {
            let Output::Event(event) = output else { continue };
            if event.name == "+vote-for-leader" {
                let mut words = event.payload.split(' ');
                let leader = words.next().and_then(|id| sentinel_named(id.as_bytes()));
                let epoch = words.next().and_then(|epoch| epoch.parse().ok());
                self.check_vote(epoch.unwrap_or(u64::MAX), leader, run);
            }
        }
    }

    /// A vote, or a candidacy, becomes visible: it must be on disk, and the only one of its epoch.
    fn check_vote(&mut self, epoch: u64, leader: Option<usize>, run: &mut Run<'_>) {
        let me = letter(self.me);
        let (Some(leader), Some(voted)) = (leader, self.past.voted.get_mut(epoch as usize)) else {
            run.did.broken = Some(format!("{me} shows a vote in epoch {epoch} for nobody of the group"));
            return;
        };
        let code = leader as u8 + 1;
        if *voted != 0 && *voted != code {
            let first = letter(usize::from(*voted - 1));
            let second = letter(leader);
            run.did.broken =
                Some(format!("{me} votes twice in epoch {epoch}: for {first}, then for {second}"));
        }
        *voted = code;
        let disk = &self.on_disk;
        if !run.bounds.disk_lies && (disk.groups[0].leader_epoch < epoch || disk.global.current_epoch < epoch)
        {
            run.did.broken = Some(format!("{me} shows a vote in epoch {epoch} that is not on its disk"));
        }
    }

    fn check_command(&mut self, argv: &[Vec<u8>], run: &mut Run<'_>) {
        let me = letter(self.me);
        if let Some((epoch, id)) = message::ask(argv).filter(|(_, id)| *id != b"*") {
            self.check_vote(epoch, sentinel_named(id), run);
        }
        let told = message::hello_epoch(argv).unwrap_or(0);
        let known = self.on_disk.groups[0].config_epoch.max(self.past.refused_config);
        if told > known && !run.bounds.disk_lies {
            run.did.broken =
                Some(format!("{me} tells of a configuration of epoch {told} that is not on its disk"));
        }
        if argv[0].eq_ignore_ascii_case(b"SLAVEOF") && argv[1].eq_ignore_ascii_case(b"NO") {
            let epoch = self.standing().attempt.map_or(0, |(epoch, _)| epoch).min(7);
            if self.past.ordered & (1 << epoch) != 0 || self.past.elected & (1 << epoch) == 0 {
                run.did.broken = Some(format!(
                    "{me} orders a promotion in epoch {epoch}, in which it was not elected or ordered one before"
                ));
            }
            self.past.ordered |= 1 << epoch;
        }
    }

    /// What others have seen of it.
    pub(crate) fn past(&self) -> &Past {
        &self.past
    }

    /// Whether a write is in flight.
    pub(crate) fn is_writing(&self) -> bool {
        self.writing.is_some()
    }

    /// What comes of everything that could be next, for comparing two situations with the same fingerprint. Commands are
    /// tried on every connection, answers on those that wait for one.
    pub(crate) fn futures(&self, bounds: &Bounds, servers: Servers, messages: &[Message]) -> Vec<String> {
        let mut given = vec![Given::Wake, Given::Crash(false)];
        if self.is_writing() {
            given.extend([Given::Written(true), Given::Written(false), Given::Crash(true)]);
        }
        for peer in 0..SENTINELS {
            for message in messages {
                match message {
                    Message::Command(_) if self.clients[peer].is_some() => {
                        given.push(Given::FromPeer(peer, message));
                    }
                    Message::Answer(_) | Message::Told(_) if self.owed[peer] > 0 => {
                        given.push(Given::Answer(peer, message));
                    }
                    Message::Command(_)
                    | Message::Answer(_)
                    | Message::Told(_)
                    | Message::Connected
                    | Message::Commands(_)
                    | Message::Gone
                    | Message::Answers(_)
                    | Message::Down => {}
                }
            }
            if self.is_connected_to(peer) {
                given.push(Given::Answer(peer, &Message::Down));
            }
        }
        let future = |given: Given<'_>| {
            let (name, mut after, mut servers) = (format!("{given:?}"), self.clone(), servers);
            let (taken, did) = after.give(given, bounds, &mut servers);
            if !taken {
                return name;
            }
            let print = after.fingerprint();
            format!("{name}: {:?} {:?} {:?} {print:032x}", did.emits, did.said, did.broken)
        };
        given.into_iter().map(future).collect()
    }

    /// Equal for situations from which the same can follow.
    pub(crate) fn fingerprint(&self) -> u128 {
        let clients: Vec<Option<usize>> = {
            let mut all: Vec<(ClientId, usize)> =
                self.clients.iter().enumerate().filter_map(|(n, client)| Some(((*client)?, n))).collect();
            all.sort_unstable();
            all.into_iter().map(|(_, n)| Some(n)).collect()
        };
        let links: Vec<To> = self.links.values().copied().collect();
        let writing = self.writing.as_ref().map(|(_, config)| config);
        let rest = format!(
            "{} {:?} {writing:?} {:?} {:?} {:?} {clients:?} {:?} {:?}",
            self.me,
            self.on_disk,
            self.owed,
            self.ordered,
            self.questions,
            sorted(links),
            self.past
        );
        super::table::hash(rest.as_bytes(), self.sentinel.fingerprint())
    }
}

fn sorted(mut links: Vec<To>) -> Vec<String> {
    links.sort_by_key(|to| format!("{to:?}"));
    links.into_iter().map(|to| format!("{to:?}")).collect()
}

/// An event without the parts that are the same in all of them.
fn brief(payload: &str) -> String {
    let master = server(0);
    let mut text = payload.replace(&format!(" g {} {}", master.ip(), master.port()), "");
    for n in 0..SENTINELS {
        text = text.replace(&id(n).0, &letter(n).to_string());
    }
    text
}

/// Something the sentinel is given before anything else happens.
#[derive(Debug)]
enum Soon {
    Wake,
    Client(ClientId, Option<Connected>, Vec<Vec<u8>>),
    ClientGone(ClientId),
    Up(LinkId),
    Down(LinkId, DownReason),
    Frame(LinkId, Frame),
    Persisted(Version, Result<(), String>),
}

/// What one step works with.
struct Run<'a> {
    bounds: &'a Bounds,
    servers: &'a mut Servers,
    did: &'a mut Did,
    inputs: VecDeque<Soon>,
}
