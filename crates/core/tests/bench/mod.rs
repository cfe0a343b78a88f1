//! One sentinel on a test bench: what it talks to is faked here, reply by reply, so that a test decides what every
//! server and peer says and when. Whole groups of sentinels are tested elsewhere.
#![allow(dead_code)] // each test file uses its part
#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm)] // a bench may fail on what it does not expect

pub(crate) mod fake;
pub(crate) mod names;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;

use fake::{Answer, Fake, Mode};
use watchkeeper_core::config::{GroupConfig, KnownPeer};
use watchkeeper_core::event_grammar::Grammar;
use watchkeeper_core::id::{GroupName, SentinelId};
use watchkeeper_core::io::{
    ClientAddr, ClientId, ClientInput, Connected, DownReason, LinkId, LinkInput, ScriptId, ScriptInput,
    Ticket,
};
use watchkeeper_core::{Config, Input, Mono, Now, Output, Outputs, Persona, Sentinel, Unix};
use watchkeeper_resp::{Frame, FrameDecoder};

/// Our own id: the smallest, so that it is our turn first.
pub(crate) const ME: &str = "0000000000000000000000000000000000000000";
/// Milliseconds a message takes.
const TRAVEL: u64 = 1;
const CLIENT: ClientId = ClientId(1);

/// A link as the outside sees it.
struct Link {
    addr: SocketAddr,
    up: bool,
    unsent: Vec<u8>,
    subscribed: bool,
}

pub(crate) struct Bench {
    pub(crate) core: Sentinel,
    pub(crate) now: u64,
    /// added to the wall clock
    pub(crate) wall: i64,
    pub(crate) fakes: BTreeMap<SocketAddr, Fake>,
    links: BTreeMap<LinkId, Link>,
    coming: BTreeMap<(u64, u64), (LinkId, LinkInput)>,
    order: u64,
    grammar: Grammar,
    begun: BTreeSet<ScriptId>,
    /// when, and `<name> <payload>`
    pub(crate) events: Vec<(u64, String)>,
    /// events before this are behind us
    seen: usize,
    pub(crate) log: Vec<String>,
    /// when, to whom, what
    pub(crate) sent: Vec<(u64, SocketAddr, Vec<String>)>,
    pub(crate) scripts: Vec<(u64, ScriptId, Vec<String>)>,
    pub(crate) killed: Vec<ScriptId>,
    pub(crate) lookups: Vec<(Ticket, String)>,
    pub(crate) saved: Vec<Config>,
    pub(crate) opened: Vec<(u64, SocketAddr)>,
    pub(crate) exit: Option<i32>,
    pub(crate) script_ok: bool,
    replies: VecDeque<u8>,
}

pub(crate) fn addr(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

/// Settings of a bench, with three servers: 10.0.0.1 is master of 10.0.0.2 and 10.0.0.3, all on 6379.
pub(crate) struct Setup {
    pub(crate) config: Config,
    pub(crate) fakes: BTreeMap<SocketAddr, Fake>,
}

pub(crate) const MASTER: &str = "10.0.0.1:6379";
pub(crate) const R2: &str = "10.0.0.2:6379";
pub(crate) const R3: &str = "10.0.0.3:6379";
pub(crate) const P1: &str = "10.0.1.1:26379";
pub(crate) const P2: &str = "10.0.1.2:26379";
pub(crate) const ID1: &str = "1111111111111111111111111111111111111111";
pub(crate) const ID2: &str = "2222222222222222222222222222222222222222";

impl Setup {
    /// The group `mm` with this quorum, down-after 2 s and failover-timeout 10 s, watched by us alone.
    pub(crate) fn alone(replicas: usize) -> Setup {
        let mut config = Config::default();
        config.global.myid = Some(SentinelId(ME.into()));
        config.global.deny_scripts_reconfig = false;
        let mut group = GroupConfig::new(GroupName("mm".into()), "10.0.0.1".into(), 6379, 1);
        group.down_after_ms = 2_000;
        group.failover_timeout_ms = 10_000;
        config.groups.push(group);
        let mut fakes = BTreeMap::from([(addr(MASTER), Fake::master(1))]);
        for n in 2..2 + replicas {
            fakes.insert(addr(&format!("10.0.0.{n}:6379")), Fake::replica(n as u8, MASTER));
        }
        Setup { config, fakes }
    }

    /// The same with two peers known and quorum 2.
    pub(crate) fn three(replicas: usize) -> Setup {
        let mut setup = Setup::alone(replicas);
        for (at, id) in [(P1, ID1), (P2, ID2)] {
            let at = addr(at);
            setup.fakes.insert(at, Fake::peer(id));
            let peer = KnownPeer { host: at.ip().to_string(), port: at.port(), id: SentinelId(id.into()) };
            setup.group().peers.push(peer);
        }
        setup.group().quorum = 2;
        setup
    }

    pub(crate) fn group(&mut self) -> &mut GroupConfig {
        &mut self.config.groups[0]
    }

    /// A bench that has run for 15 s: everything is found and connected.
    pub(crate) fn settled(self) -> Bench {
        let mut bench = self.started();
        bench.run(15_000);
        bench.forget();
        bench
    }

    pub(crate) fn started(self) -> Bench {
        let now = 1_000;
        let core = Sentinel::new(self.config, Persona::Redis, None, 7, clock(now, 0)).unwrap();
        let mut bench = Bench {
            core,
            now,
            wall: 0,
            fakes: self.fakes,
            links: BTreeMap::new(),
            coming: BTreeMap::new(),
            order: 0,
            grammar: Grammar::new(),
            begun: BTreeSet::new(),
            events: Vec::new(),
            seen: 0,
            log: Vec::new(),
            sent: Vec::new(),
            scripts: Vec::new(),
            killed: Vec::new(),
            lookups: Vec::new(),
            saved: Vec::new(),
            opened: Vec::new(),
            exit: None,
            script_ok: true,
            replies: VecDeque::new(),
        };
        let mut out = Outputs::default();
        bench.core.start(clock(now, 0), &mut out);
        bench.obey(out);
        let peer = ClientAddr::Tcp(addr("127.0.0.1:5"));
        let connected = Connected { local: peer.clone(), peer, fd: 9, tls: false };
        bench.step(Input::Client { client: CLIENT, what: ClientInput::Connected(connected) });
        bench
    }
}

fn clock(now: u64, wall: i64) -> Now {
    Now { mono: Mono(now), unix: Unix((1_700_000_000_000 + now as i64 + wall) * 1000) }
}

impl Bench {
    pub(crate) fn step(&mut self, input: Input) {
        let mut out = Outputs::default();
        self.core.step(clock(self.now, self.wall), input, &mut out);
        assert_eq!(self.core.overfull(), None, "more than its limit");
        self.obey(out);
    }

    /// Forgets what was recorded.
    pub(crate) fn forget(&mut self) {
        self.events.clear();
        self.seen = 0;
        self.log.clear();
        self.sent.clear();
        self.saved.clear();
        self.opened.clear();
    }

    /// Lets time pass.
    pub(crate) fn run(&mut self, ms: u64) {
        let end = self.now + ms;
        let (mut second, mut wakes) = (self.now, 0);
        while self.exit.is_none() {
            let arrival = self.coming.keys().next().map_or(u64::MAX, |(at, _)| *at);
            let deadline = self.core.deadline().at.0;
            let next = arrival.min(deadline);
            if next > end {
                break;
            }
            self.now = self.now.max(next);
            if arrival <= deadline {
                let (_, (link, what)) = self.coming.pop_first().unwrap();
                self.arrive(link, what);
            } else {
                if self.now - second > 1_000 {
                    (second, wakes) = (self.now, 0);
                }
                wakes += 1;
                assert!(wakes <= 200, "spins: {:?}", self.core.deadline());
                self.step(Input::Wake);
            }
        }
        self.now = end;
    }

    /// Lets time pass until there is an event, after the one last waited for, that begins with `start`; the time it
    /// took.
    #[track_caller]
    pub(crate) fn until(&mut self, start: &str, within: u64) -> u64 {
        let from = self.now;
        loop {
            let rest = &self.events[self.seen..];
            if let Some(at) = rest.iter().position(|(_, event)| event.starts_with(start)) {
                self.seen += at + 1;
                return self.now - from;
            }
            assert!(self.now - from < within, "no `{start}` within {within} ms, but {rest:#?}");
            self.run(1);
        }
    }

    /// The process stands still.
    pub(crate) fn stall(&mut self, ms: u64) {
        self.now += ms;
        self.step(Input::Wake);
    }

    /// A command of a client, and its reply as it goes over the wire.
    pub(crate) fn command(&mut self, words: &[&str]) -> Frame {
        let argv: Vec<Vec<u8>> = words.iter().map(|word| word.as_bytes().to_vec()).collect();
        self.replies.clear();
        self.step(Input::Client { client: CLIENT, what: ClientInput::Command(argv) });
        self.reply()
    }

    /// Answers the oldest lookup.
    pub(crate) fn resolved(&mut self, ip: Option<&str>) {
        let (ticket, host) = self.lookups.remove(0);
        let result = ip.map(|ip| vec![ip.parse().unwrap()]).ok_or(format!("no {host}"));
        self.step(Input::Resolved { ticket, result });
    }

    /// What the client received last.
    pub(crate) fn reply(&mut self) -> Frame {
        let mut decoder = FrameDecoder::new(1 << 20);
        decoder.feed(&self.replies.iter().copied().collect::<Vec<_>>());
        decoder.next().unwrap().unwrap_or(Frame::Null)
    }

    /// A hello of a peer about the group `mm`.
    pub(crate) fn hello(&mut self, from: &str, id: &str, epoch: u64, master: &str, config_epoch: u64) {
        let (from, master) = (addr(from), addr(master));
        let text = format!(
            "{},{},{id},{epoch},mm,{},{},{config_epoch}",
            from.ip(),
            from.port(),
            master.ip(),
            master.port()
        );
        self.command(&["PUBLISH", "__sentinel__:hello", &text]);
    }

    /// The value of a field of a map in a reply.
    pub(crate) fn field(map: &Frame, name: &str) -> Option<String> {
        let at = texts(map).iter().step_by(2).position(|key| key == name)?;
        texts(map).get(2 * at + 1).cloned()
    }

    pub(crate) fn master_field(&mut self, name: &str) -> Option<String> {
        let map = self.command(&["SENTINEL", "MASTER", "mm"]);
        Bench::field(&map, name)
    }

    pub(crate) fn replica_field(&mut self, replica: &str, name: &str) -> Option<String> {
        let Frame::Array(maps) = self.command(&["SENTINEL", "REPLICAS", "mm"]) else { panic!("no array") };
        let map = maps.iter().find(|map| Bench::field(map, "name").as_deref() == Some(replica))?;
        Bench::field(map, name)
    }

    /// Where clients are sent.
    pub(crate) fn current(&mut self) -> String {
        texts(&self.command(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mm"])).join(":")
    }

    /// Names of the events so far, those of links left out.
    pub(crate) fn names(&self) -> Vec<&str> {
        let names = self.events.iter().map(|(_, event)| event.split(' ').next().unwrap());
        names.filter(|name| !name.ends_with("-link-reconnection")).collect()
    }

    pub(crate) fn count(&self, start: &str) -> usize {
        self.events.iter().filter(|(_, event)| event.starts_with(start)).count()
    }

    /// How many connections to this address there are, or are being made.
    pub(crate) fn open_links(&self, to: &str) -> usize {
        self.links.values().filter(|link| link.addr == addr(to)).count()
    }

    /// What was sent to a server, PING, INFO and hellos left out.
    pub(crate) fn orders(&self, to: &str) -> Vec<String> {
        let chatter = ["PING", "INFO", "PUBLISH", "AUTH", "SUBSCRIBE", "CLIENT SETNAME", "SENTINEL"];
        self.told(to).into_iter().filter(|text| !chatter.iter().any(|word| text.starts_with(word))).collect()
    }

    /// Everything that was sent to a server.
    pub(crate) fn told(&self, to: &str) -> Vec<String> {
        let to = addr(to);
        self.sent.iter().filter(|(_, at, _)| *at == to).map(|(_, _, argv)| argv.join(" ")).collect()
    }

    pub(crate) fn set(&mut self, server: &str, change: impl FnOnce(&mut Fake)) {
        change(self.fakes.get_mut(&addr(server)).unwrap());
    }

    /// The peers do not see the master down, whatever happens.
    pub(crate) fn blind_peers(&mut self) {
        for peer in [P1, P2] {
            self.set(peer, |peer| peer.sees_down = false);
        }
    }

    /// The process at this address dies: connections are reset and refused.
    pub(crate) fn crash(&mut self, server: &str) {
        self.set(server, |fake| fake.mode = Mode::Dead);
        self.cut(server);
    }

    /// All connections to this address break.
    pub(crate) fn cut(&mut self, server: &str) {
        let at = addr(server);
        let broken: Vec<LinkId> =
            self.links.iter().filter(|(_, link)| link.addr == at).map(|(id, _)| *id).collect();
        for id in broken {
            self.post(TRAVEL, id, LinkInput::Down(DownReason::Reset));
        }
    }

    /// The subscriptions at this address are closed, as CLIENT KILL TYPE pubsub does; other connections stay.
    pub(crate) fn drop_pubsub(&mut self, server: &str) {
        for id in self.subscribers(addr(server)) {
            self.post(TRAVEL, id, LinkInput::Down(DownReason::Closed));
        }
    }

    fn post(&mut self, after: u64, link: LinkId, what: LinkInput) {
        self.order += 1;
        self.coming.insert((self.now + after, self.order), (link, what));
    }

    fn arrive(&mut self, id: LinkId, what: LinkInput) {
        let Some(link) = self.links.get_mut(&id) else { return };
        match &what {
            LinkInput::Up { .. } => {
                link.up = true;
                let bytes = std::mem::take(&mut link.unsent);
                self.deliver(id, &bytes);
            }
            LinkInput::Down(_) => drop(self.links.remove(&id)),
            LinkInput::Frame(_) => {}
        }
        self.step(Input::Link { link: id, what });
    }

    /// A server or peer reads what we sent.
    fn deliver(&mut self, id: LinkId, bytes: &[u8]) {
        let Some(at) = self.links.get(&id).map(|link| link.addr) else { return };
        for argv in fake::commands(bytes) {
            self.sent.push((self.now, at, argv.clone()));
            let listed = fake::listed(&self.fakes, at);
            let Some(fake) = self.fakes.get_mut(&at) else { continue };
            for answer in fake.take(&argv, &listed) {
                self.answer(id, at, answer);
            }
        }
    }

    fn answer(&mut self, id: LinkId, at: SocketAddr, answer: Answer) {
        match answer {
            Answer::Frame(frame) => self.post(TRAVEL, id, LinkInput::Frame(frame)),
            Answer::Subscribed(frame) => {
                if let Some(link) = self.links.get_mut(&id) {
                    link.subscribed = true;
                }
                self.post(TRAVEL, id, LinkInput::Frame(frame));
            }
            Answer::Echo(frame) => {
                for other in self.subscribers(at) {
                    self.post(TRAVEL, other, LinkInput::Frame(frame.clone()));
                }
            }
            Answer::DropSubscribers => {
                for other in self.subscribers(at) {
                    self.post(TRAVEL, other, LinkInput::Down(DownReason::Closed));
                }
            }
        }
    }

    fn subscribers(&self, at: SocketAddr) -> Vec<LinkId> {
        self.links.iter().filter(|(_, link)| link.addr == at && link.subscribed).map(|(id, _)| *id).collect()
    }

    /// Does what the sentinel asks of its shell.
    fn obey(&mut self, mut out: Outputs) {
        let mut written = None;
        let mut closed = Vec::new();
        let outputs = out.take();
        // What is sent and closed in one step never leaves.
        closed.extend(outputs.iter().filter_map(|output| match output {
            Output::Close { link } => Some(*link),
            _ => None,
        }));
        for output in outputs {
            match output {
                Output::Persist { version, config } => {
                    self.saved.push(*config);
                    written = Some(version);
                }
                Output::Open { link, addr, .. } => self.opening(link, addr),
                Output::Send { link, .. } if closed.contains(&link) => {}
                Output::Send { link, bytes } => match self.links.get_mut(&link) {
                    Some(open) if open.up => self.deliver(link, &bytes),
                    Some(open) => open.unsent.extend(bytes),
                    None => {}
                },
                Output::Close { link } => drop(self.links.remove(&link)),
                Output::Reply { bytes, .. } => self.replies.extend(bytes),
                Output::Event(event) => {
                    if let Err(why) = self.grammar.accept(Mono(self.now), &event) {
                        panic!("an event that cannot be: {why}; before it: {:#?}", self.events);
                    }
                    self.events.push((self.now, format!("{} {}", event.name, event.payload)));
                }
                Output::Log { text, .. } => self.log.push(text),
                Output::Resolve { ticket, host } => self.lookups.push((ticket, host)),
                Output::Script { script, argv } => self.scripts.push((self.now, script, argv)),
                Output::CheckScript { ticket, .. } => {
                    let executable = self.script_ok;
                    self.step(Input::ScriptChecked { ticket, executable });
                }
                Output::KillScript { script } => self.killed.push(script),
                Output::Exit { code } => self.exit = Some(code),
                _ => {}
            }
        }
        if let Some(version) = written.filter(|_| self.exit.is_none()) {
            self.step(Input::Persisted { version, result: Ok(()) });
        }
    }

    fn opening(&mut self, id: LinkId, at: SocketAddr) {
        self.opened.push((self.now, at));
        self.links.insert(id, Link { addr: at, up: false, unsent: Vec::new(), subscribed: false });
        match self.fakes.get(&at).map(|fake| fake.mode) {
            Some(Mode::Up | Mode::Hung) => {
                self.post(TRAVEL, id, LinkInput::Up { local: addr("10.9.9.9:4000") });
            }
            Some(Mode::Closing) => {
                self.post(TRAVEL, id, LinkInput::Up { local: addr("10.9.9.9:4000") });
                self.post(TRAVEL, id, LinkInput::Down(DownReason::Reset));
            }
            Some(Mode::Dead) | None => self.post(TRAVEL, id, LinkInput::Down(DownReason::Refused)),
            Some(Mode::NoRoute) => self.post(TRAVEL, id, LinkInput::Down(DownReason::Unreachable)),
            Some(Mode::Unreachable) => {}
        }
    }

    /// News of a script. One that ends has begun.
    pub(crate) fn script(&mut self, script: ScriptId, what: ScriptInput) {
        let begins = self.begun.insert(script);
        if begins && matches!(what, ScriptInput::Exited { .. }) {
            self.step(Input::Script { script, what: ScriptInput::Started { pid: 77 } });
        }
        self.step(Input::Script { script, what });
    }
}

/// The texts of an array or map of bulk strings.
pub(crate) fn texts(frame: &Frame) -> Vec<String> {
    let text = |frame: &Frame| match frame {
        Frame::Bulk(text) | Frame::Simple(text) | Frame::Error(text) => {
            String::from_utf8_lossy(text).into_owned()
        }
        Frame::Integer(n) => n.to_string(),
        _ => "?".into(),
    };
    match frame {
        Frame::Array(items) => items.iter().map(text).collect(),
        Frame::Map(pairs) => pairs.iter().flat_map(|(key, value)| [text(key), text(value)]).collect(),
        other => vec![text(other)],
    }
}
