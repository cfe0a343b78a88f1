//! A small world around one real sentinel: virtual time, scripted servers and peers, a disk, names, clients.
//! No sockets, no clock, no randomness: the same test takes the same course every time.
//!
//! ```ignore
//! let mut w = World::new(&Setup { peers: 2, replicas: 2, ..Setup::default() });
//! w.start();                                  // ten seconds: everything connected, events forgotten
//! w.server(master(0)).state = State::Up;      // change a server; `w.crash(addr)` also breaks its connections
//! w.crash(master(0));
//! w.run(2_500);                               // milliseconds; or `w.run_to(event name)`, or `w.run_while(..)`
//! assert!(w.saw("+sdown master"));            // events are "<name> <payload>", in `w.events` with their times
//! let reply = w.ask("PING");                  // a client's command, words split at blanks; `w.ask_words(&[..])`
//! ```
//!
//! * Addresses: `master(g)`, `replica(g, n)` (from 1), `peer(n)` (from 1). Group `g` (from 0) is called `group(g)`.
//! * Servers play a real server's part: replication follows their SLAVEOF blocks. `server.info` replaces their INFO.
//! * Peers answer PING, PUBLISH and asks. `peer.sees_down` and `peer.voting` say what they answer, `w.hello(..)`
//!   makes one speak through the master's channel, `w.vote_request(..)` makes one ask for our vote.
//! * Everything that arrives at a server or peer is in `w.heard`, with time and address.
//! * The disk: `w.disk`; what is on it: `w.on_disk`. `w.restart()` starts a new process from that.
//! * Always checked: no spinning (200 steps in a virtual second), no candidacy before it is on disk,
//!   no queue over its limit,
//!   no event that the grammar of events does not know at that place.

#![allow(dead_code, unused_imports, unreachable_pub)] // each test file uses a part

mod others;

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr};

use watchkeeper_core::config::{GroupConfig, KnownPeer};
use watchkeeper_core::event_grammar::Grammar;
use watchkeeper_core::id::{GroupName, SentinelId};
use watchkeeper_core::io::{
    ClientAddr, ClientId, ClientInput, Connected, DownReason, LinkId, LinkInput, ScriptInput, Version,
};
use watchkeeper_core::{Config, Input, LogLevel, Mono, Now, Output, Outputs, Persona, Sentinel, Unix};
use watchkeeper_resp::{Frame, FrameDecoder, RequestDecoder, RequestLimits};

use others::{boot, last_bytes};
pub use others::{hello_text, ok, vote};

/// The sentinel's own id.
pub const ME: &str = "5555555555555555555555555555555555555555";
/// One way through the network, in milliseconds.
pub const LATENCY: u64 = 1;
/// Steps allowed in one virtual second, for each group.
pub const STEPS_MAX: usize = 200;

/// What a world begins with.
#[derive(Debug, Clone)]
pub struct Setup {
    pub groups: usize,
    pub replicas: usize,
    /// the ids of the peers; ids below `5` come before us in the order of candidates
    pub peer_ids: Vec<String>,
    pub quorum: u32,
    pub down_after: u64,
    pub failover_timeout: u64,
}

impl Default for Setup {
    /// Two peers that come after us, two replicas, quorum 2.
    fn default() -> Setup {
        let peer_ids = vec![id('7'), id('8')];
        Setup { groups: 1, replicas: 2, peer_ids, quorum: 2, down_after: 2_000, failover_timeout: 12_000 }
    }
}

impl Setup {
    pub fn config(&self) -> Config {
        let mut config = Config::default();
        config.global.myid = Some(SentinelId(ME.into()));
        for g in 0..self.groups {
            let at = master(g);
            let mut conf = GroupConfig::new(GroupName(group(g)), at.ip().to_string(), at.port(), self.quorum);
            conf.down_after_ms = self.down_after;
            conf.failover_timeout_ms = self.failover_timeout;
            conf.peers = (1..).zip(&self.peer_ids).map(|(n, id)| known(n, id)).collect();
            config.groups.push(conf);
        }
        config
    }
}

fn known(n: usize, id: &str) -> KnownPeer {
    KnownPeer { host: peer(n).ip().to_string(), port: peer(n).port(), id: SentinelId(id.into()) }
}

pub fn id(c: char) -> String {
    c.to_string().repeat(40)
}
pub fn group(g: usize) -> String {
    format!("g{g}")
}
pub fn master(g: usize) -> SocketAddr {
    replica(g, 0)
}
pub fn replica(g: usize, n: usize) -> SocketAddr {
    SocketAddr::from(([10, 0, g as u8, n as u8 + 1], 6379))
}
pub fn peer(n: usize) -> SocketAddr {
    SocketAddr::from(([10, 1, 0, n as u8], 26379))
}

/// How a server or peer fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum State {
    #[default]
    Up,
    /// takes connections and commands and answers once it is `Up` again
    Stopped,
    /// refuses connections
    Refusing,
    /// connecting takes for ever
    Unreachable,
}

/// A data server.
#[derive(Debug, Clone, Default)]
pub struct Server {
    pub state: State,
    /// whom it follows; nobody: it is a master
    pub follows: Option<SocketAddr>,
    pub link_up: bool,
    pub priority: i64,
    pub offset: u64,
    pub run_id: String,
    /// the whole INFO text, instead of the one made of the above
    pub info: Option<String>,
    /// the answer to PING, instead of PONG
    pub ping: Option<Frame>,
    /// it answers SLAVEOF and does not do it
    pub stubborn: bool,
}

/// How a peer votes.
#[derive(Debug, Clone, Default)]
pub enum Voting {
    /// for the first to ask in an epoch
    #[default]
    First,
    /// always for this id, in the epoch asked for
    For(String),
    /// answers no name
    Nobody,
    /// answers this, whatever is asked
    Answer(Frame),
    /// never answers an ask (and so, replies being paired in order, nothing after it)
    Silent,
}

/// Another sentinel.
#[derive(Debug, Clone, Default)]
pub struct Peer {
    pub id: String,
    pub state: State,
    /// what it says of every master
    pub sees_down: bool,
    /// the only master it says that of, if set
    pub sees_only: Option<SocketAddr>,
    pub voting: Voting,
    /// its last vote of each group's master address
    pub voted: BTreeMap<String, (u64, String)>,
}

/// What becomes of writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disk {
    /// done after so many milliseconds
    Works(u64),
    /// fails after so many milliseconds
    Fails(u64),
    /// nothing is heard until `World::release`
    Hangs,
}

/// Something that happens later.
#[derive(Debug)]
enum Todo {
    Connected(LinkId),
    Down(LinkId, DownReason),
    Arrive(LinkId, Vec<String>),
    Frame(LinkId, Frame),
    Persisted(Version, Box<Config>, bool),
    Resolved(watchkeeper_core::io::Ticket, String),
    Script(watchkeeper_core::io::ScriptId, bool),
}

#[derive(Debug)]
struct Link {
    to: SocketAddr,
    decoder: RequestDecoder,
    subscribed: bool,
    queued_replicaof: Option<Vec<String>>,
    in_multi: bool,
    backlog: VecDeque<Vec<String>>,
}

/// A command as a server or peer received it.
#[derive(Debug, Clone)]
pub struct Heard {
    pub at: u64,
    pub by: SocketAddr,
    pub command: String,
}

pub struct World {
    pub sentinel: Sentinel,
    /// milliseconds of the monotonic clock
    pub now: u64,
    /// what the wall clock is off
    pub wall_off_ms: i64,
    pub servers: BTreeMap<SocketAddr, Server>,
    pub peers: BTreeMap<SocketAddr, Peer>,
    /// known names; all others fail
    pub names: BTreeMap<String, IpAddr>,
    pub disk: Disk,
    pub on_disk: Config,
    /// writes begun
    pub writes: usize,
    grammar: Grammar,
    /// events with the time they were emitted at: "<name> <payload>"
    pub events: Vec<(u64, String)>,
    pub logs: Vec<(u64, String)>,
    pub heard: Vec<Heard>,
    /// scripts started, their arguments joined by blanks
    pub scripts: Vec<(u64, String)>,
    /// replies to clients
    pub replies: BTreeMap<ClientId, VecDeque<Frame>>,
    /// links opened so far and links closed by the sentinel
    pub opened: Vec<(u64, SocketAddr)>,
    pub closed: Vec<(u64, SocketAddr)>,
    pub exit: Option<i32>,
    /// this server answers everything so
    pub deny: Option<(SocketAddr, Frame)>,
    /// steps allowed in a virtual second
    pub steps_max: usize,
    /// answers to what waited for a process that stood still: they come all at that time, each for a command sent long before
    late_answers: BTreeMap<u64, usize>,
    /// the candidacies of the sentinel must be on disk; off for `vote-without-disk`
    pub check_disk: bool,
    decoders: BTreeMap<ClientId, FrameDecoder>,
    links: BTreeMap<LinkId, Link>,
    todo: BTreeMap<(u64, u64), Todo>,
    hanging: Vec<(Version, Box<Config>)>,
    steps: VecDeque<u64>,
    next: u64,
}

impl World {
    pub fn new(setup: &Setup) -> World {
        let mut w = World::with(setup.config());
        w.furnish(setup);
        w
    }

    /// Adds the servers and peers of `setup`.
    pub fn furnish(&mut self, setup: &Setup) {
        for g in 0..setup.groups {
            for n in 0..=setup.replicas {
                let follows = (n > 0).then(|| master(g));
                self.add_server(replica(g, n), follows);
            }
        }
        for (n, id) in (1..).zip(&setup.peer_ids) {
            self.peers.insert(peer(n), Peer { id: id.clone(), ..Peer::default() });
        }
    }

    /// With this configuration, and nobody else in the world yet.
    pub fn with(config: Config) -> World {
        let now = Now { mono: Mono(1_000_000), unix: Unix(1_700_000_000_000_000) };
        let groups = config.groups.len();
        World {
            sentinel: boot(config.clone(), now),
            now: now.mono.0,
            wall_off_ms: 0,
            servers: BTreeMap::new(),
            peers: BTreeMap::new(),
            names: BTreeMap::new(),
            disk: Disk::Works(0),
            on_disk: config,
            writes: 0,
            grammar: Grammar::new(),
            events: Vec::new(),
            logs: Vec::new(),
            heard: Vec::new(),
            scripts: Vec::new(),
            replies: BTreeMap::new(),
            opened: Vec::new(),
            closed: Vec::new(),
            exit: None,
            check_disk: true,
            deny: None,
            steps_max: STEPS_MAX * groups.max(1),
            late_answers: BTreeMap::new(),
            decoders: BTreeMap::new(),
            links: BTreeMap::new(),
            todo: BTreeMap::new(),
            hanging: Vec::new(),
            steps: VecDeque::new(),
            next: 0,
        }
    }

    pub fn add_server(&mut self, at: SocketAddr, follows: Option<SocketAddr>) {
        let run_id = format!("{:040x}", (u64::from(at.port()) << 32) | u64::from(last_bytes(at)));
        let server =
            Server { follows, link_up: true, priority: 100, offset: 1_000, run_id, ..Server::default() };
        self.servers.insert(at, server);
    }

    pub fn server(&mut self, at: SocketAddr) -> &mut Server {
        self.servers.get_mut(&at).expect("no such server in the world")
    }

    pub fn peer(&mut self, n: usize) -> &mut Peer {
        self.peers.get_mut(&peer(n)).expect("no such peer in the world")
    }

    /// Starts the sentinel, lets ten seconds pass, forgets what was recorded.
    pub fn start(&mut self) {
        self.boot_now();
        self.run(10_000);
        self.forget();
    }

    /// Only calls `Sentinel::start`.
    pub fn boot_now(&mut self) {
        let mut out = Outputs::default();
        self.sentinel.start(self.clocks(), &mut out);
        self.perform(out);
    }

    /// Forgets events, logs, commands heard and links opened so far.
    pub fn forget(&mut self) {
        self.events.clear();
        self.logs.clear();
        self.heard.clear();
        self.opened.clear();
        self.closed.clear();
        self.scripts.clear();
    }

    /// Kills the process and starts another from what is on disk; connections break.
    pub fn restart(&mut self) {
        self.links.clear();
        self.todo.clear();
        self.hanging.clear();
        self.replies.clear();
        self.decoders.clear();
        self.grammar = Grammar::new();
        self.sentinel = boot(self.on_disk.clone(), self.clocks());
        self.boot_now();
    }

    // --- Time ---

    pub fn clocks(&self) -> Now {
        let unix_ms = 1_700_000_000_000 + self.now as i64 + self.wall_off_ms;
        Now { mono: Mono(self.now), unix: Unix(unix_ms * 1_000) }
    }

    /// Lets so many milliseconds pass.
    pub fn run(&mut self, ms: u64) {
        let until = self.now + ms;
        while self.advance(until) {}
    }

    /// Runs until `done` holds, at most `limit` milliseconds; whether it holds.
    pub fn run_while(&mut self, limit: u64, mut going: impl FnMut(&World) -> bool) -> bool {
        let until = self.now + limit;
        while going(self) {
            if !self.advance(until) {
                return going(self);
            }
        }
        false
    }

    /// Runs until an event that begins so was seen; how long that took. At most a minute.
    pub fn run_to(&mut self, event: &str) -> u64 {
        let (began, seen) = (self.now, self.events.len());
        let waits = |w: &World| !w.events[seen..].iter().any(|(_, text)| text.starts_with(event));
        assert!(!self.run_while(60_000, waits), "no `{event}` in a minute; {:#?}", self.events);
        self.now - began
    }

    /// Time passes without the process running: everything waits.
    pub fn stall(&mut self, ms: u64) {
        self.now += ms;
    }

    /// Takes the next thing that happens up to `until`; false when there is none and time is there.
    fn advance(&mut self, until: u64) -> bool {
        let deadline = self.sentinel.deadline().at.0.max(self.now);
        let todo = self.todo.first_key_value().map(|(&(at, _), _)| at.max(self.now));
        match todo {
            Some(at) if at <= deadline && at <= until => {
                self.now = at;
                let (_, todo) = self.todo.pop_first().expect("the queue has a first entry");
                self.happen(todo);
                true
            }
            _ if deadline <= until => {
                self.now = deadline;
                self.step(Input::Wake);
                assert!(self.sentinel.deadline().at.0 > self.now, "a deadline that stays in the past");
                true
            }
            _ => {
                self.now = until;
                false
            }
        }
    }

    /// One input, now.
    pub fn step(&mut self, input: Input) {
        let answer = matches!(input, Input::Link { what: LinkInput::Frame(_), .. });
        match self.late_answers.get_mut(&self.now).filter(|late| answer && **late > 0) {
            Some(late) => *late -= 1,
            None => self.steps.push_back(self.now),
        }
        while self.steps.front().is_some_and(|at| at + 1_000 <= self.now) {
            self.steps.pop_front();
        }
        assert!(self.steps.len() < self.steps_max, "spins: {} steps in a second", self.steps.len());
        let mut out = Outputs::default();
        self.sentinel.step(self.clocks(), input, &mut out);
        assert_eq!(self.sentinel.overfull(), None, "more than its limit");
        self.perform(out);
    }

    fn later(&mut self, ms: u64, todo: Todo) {
        self.next += 1;
        self.todo.insert((self.now + ms, self.next), todo);
    }

    fn happen(&mut self, todo: Todo) {
        match todo {
            Todo::Connected(link) => {
                if self.links.contains_key(&link) {
                    let local = SocketAddr::from(([10, 9, 9, 9], 50_000));
                    self.step(Input::Link { link, what: LinkInput::Up { local } });
                }
            }
            Todo::Down(link, reason) => {
                if self.links.remove(&link).is_some() {
                    self.step(Input::Link { link, what: LinkInput::Down(reason) });
                }
            }
            Todo::Arrive(link, command) => self.arrive(link, command),
            Todo::Frame(link, frame) => {
                if self.links.contains_key(&link) {
                    self.step(Input::Link { link, what: LinkInput::Frame(frame) });
                }
            }
            Todo::Persisted(version, config, fine) => self.end_write(version, config, fine),
            Todo::Resolved(ticket, host) => {
                let ip = self.names.get(&host).map(|ip| vec![*ip]);
                self.step(Input::Resolved { ticket, result: ip.ok_or_else(|| "no such name".to_owned()) });
            }
            Todo::Script(script, running) => {
                let what = if running {
                    ScriptInput::Exited { code: 0, signal: 0 }
                } else {
                    self.later(1, Todo::Script(script, true));
                    ScriptInput::Started { pid: 77 }
                };
                self.step(Input::Script { script, what });
            }
        }
    }

    fn perform(&mut self, mut out: Outputs) {
        for output in out.take() {
            match output {
                Output::Persist { version, config } => self.write(version, config),
                Output::Open { link, addr, .. } => self.open(link, addr),
                Output::Send { link, bytes } => self.sent(link, &bytes),
                Output::Close { link } => {
                    if let Some(gone) = self.links.remove(&link) {
                        self.closed.push((self.now, gone.to));
                    }
                }
                Output::Reply { client, bytes } => self.replied(client, &bytes),
                Output::Event(e) => {
                    if let Err(why) = self.grammar.accept(Mono(self.now), &e) {
                        panic!("an event that cannot be: {why}; before it: {:#?}", self.events);
                    }
                    self.events.push((self.now, format!("{} {}", e.name, e.payload)));
                }
                Output::Log { level, text } => {
                    assert!(level != LogLevel::Nothing);
                    self.logs.push((self.now, text));
                }
                Output::Resolve { ticket, host } => self.later(LATENCY, Todo::Resolved(ticket, host)),
                Output::Script { script, argv } => {
                    self.scripts.push((self.now, argv.join(" ")));
                    self.later(0, Todo::Script(script, false));
                }
                Output::Exit { code } => self.exit = Some(code),
                Output::CloseClient { client } => {
                    self.decoders.remove(&client);
                }
                Output::Authenticated { .. }
                | Output::Subscriber { .. }
                | Output::CheckScript { .. }
                | Output::KillScript { .. }
                | Output::ReadAcl { .. }
                | Output::WriteAcl { .. }
                | Output::LogLevel(_) => {}
            }
        }
    }
}
