//! Quiet hours of one sentinel of three: the work of a step when nothing happens, for a profiler.
//!
//! ```console
//! $ cargo build --release -p watchkeeper-core --example quiet
//! $ perf stat -e instructions:u target/release/examples/quiet 1
//! ```
//!
//! One group, two replicas, two peers; everybody answers after a millisecond. Prints how many steps of each kind there
//! were; the profiler knows what they cost.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

use watchkeeper_core::config::{GroupConfig, KnownPeer};
use watchkeeper_core::id::{GroupName, SentinelId};
use watchkeeper_core::io::{ClientAddr, ClientId, ClientInput, Connected, LinkId, LinkInput};
use watchkeeper_core::{Config, Input, Mono, Now, Output, Outputs, Persona, Sentinel, Unix};
use watchkeeper_resp::Frame;

/// Milliseconds from a command to its answer.
const TRAVEL: u64 = 1;

enum Coming {
    Link(LinkId, LinkInput),
    Command(ClientId, Vec<Vec<u8>>),
}

struct Quiet {
    sentinel: Sentinel,
    now: u64,
    out: Outputs,
    /// everything takes equally long: a queue is in order
    coming: VecDeque<(u64, Coming)>,
    links: BTreeMap<LinkId, SocketAddr>,
    subscribed: Vec<LinkId>,
    steps: BTreeMap<&'static str, u64>,
}

fn server(n: u8) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, n], 6379))
}

fn peer(n: u8) -> SocketAddr {
    SocketAddr::from(([10, 1, 0, n], 26379))
}

fn id(n: u8) -> String {
    n.to_string().repeat(40)
}

fn config() -> Config {
    let mut config = Config::default();
    config.global.myid = Some(SentinelId(id(5)));
    config.general.protected_mode = false;
    let mut group = GroupConfig::new(GroupName("mymaster".into()), server(1).ip().to_string(), 6379, 2);
    group.down_after_ms = 5_000;
    for n in [1, 2] {
        let host = peer(n).ip().to_string();
        group.peers.push(KnownPeer { host, port: 26379, id: SentinelId(id(n)) });
    }
    config.groups.push(group);
    config
}

/// An INFO text as long as a real one.
fn info(at: SocketAddr) -> Vec<u8> {
    let mut text = format!(
        "# Server\r\nredis_version:7.0.15\r\nrun_id:{:040x}\r\n",
        at.ip().to_canonical().is_ipv4() as u64
    );
    for n in 0..120 {
        text.push_str(&format!("some_statistic_of_the_server_{n}:123456\r\n"));
    }
    if at == server(1) {
        text.push_str("# Replication\r\nrole:master\r\nconnected_slaves:2\r\n");
        for n in 0..2 {
            text.push_str(&format!(
                "slave{n}:ip=10.0.0.{},port=6379,state=online,offset=1000,lag=0\r\n",
                n + 2
            ));
        }
    } else {
        text.push_str(
            "# Replication\r\nrole:slave\r\nmaster_host:10.0.0.1\r\nmaster_port:6379\r\nmaster_link_status:up\r\n\
             slave_repl_offset:1000\r\nslave_priority:100\r\nreplica_announced:1\r\n",
        );
    }
    text.into_bytes()
}

fn hello(n: u8) -> Vec<u8> {
    format!("10.1.0.{n},26379,{},0,mymaster,10.0.0.1,6379,0", id(n)).into_bytes()
}

fn message(payload: Vec<u8>) -> LinkInput {
    let parts = [b"message".to_vec(), b"__sentinel__:hello".to_vec(), payload];
    LinkInput::Frame(Frame::Array(parts.into_iter().map(Frame::Bulk).collect()))
}

impl Quiet {
    fn clocks(&self) -> Now {
        Now { mono: Mono(self.now), unix: Unix((1_700_000_000_000 + self.now as i64) * 1_000) }
    }

    fn step(&mut self, kind: &'static str, input: Input) {
        *self.steps.entry(kind).or_default() += 1;
        let now = self.clocks();
        let mut out = std::mem::take(&mut self.out);
        self.sentinel.step(now, input, &mut out);
        self.obey(&mut out);
        self.out = out;
    }

    fn later(&mut self, coming: Coming) {
        self.coming.push_back((self.now + TRAVEL, coming));
    }

    fn obey(&mut self, out: &mut Outputs) {
        let mut persisted = None;
        for output in out.0.drain(..) {
            match output {
                Output::Open { link, addr, .. } => {
                    self.links.insert(link, addr);
                    let local = SocketAddr::from(([10, 9, 9, 9], 4_000));
                    self.coming.push_back((self.now + TRAVEL, Coming::Link(link, LinkInput::Up { local })));
                }
                Output::Send { link, bytes } => {
                    let text = String::from_utf8_lossy(&bytes).into_owned();
                    let mut words = text.split("\r\n").skip(2).step_by(2);
                    let answer = match words.next().unwrap_or_default() {
                        "PING" => LinkInput::Frame(Frame::Simple(b"PONG".to_vec())),
                        "INFO" => LinkInput::Frame(Frame::Bulk(info(self.links[&link]))),
                        "SUBSCRIBE" => {
                            self.subscribed.push(link);
                            LinkInput::Frame(Frame::Array(Vec::new()))
                        }
                        "PUBLISH" => LinkInput::Frame(Frame::Integer(1)),
                        _ => LinkInput::Frame(Frame::Simple(b"OK".to_vec())),
                    };
                    self.coming.push_back((self.now + TRAVEL, Coming::Link(link, answer)));
                }
                Output::Persist { version, .. } => persisted = Some(version),
                Output::Close { .. }
                | Output::Reply { .. }
                | Output::CloseClient { .. }
                | Output::Authenticated { .. }
                | Output::Subscriber { .. }
                | Output::Event(_)
                | Output::Log { .. }
                | Output::Resolve { .. }
                | Output::Script { .. }
                | Output::CheckScript { .. }
                | Output::KillScript { .. }
                | Output::ReadAcl { .. }
                | Output::WriteAcl { .. }
                | Output::LogLevel(_)
                | Output::Exit { .. } => {}
            }
        }
        if let Some(version) = persisted {
            self.step("disk", Input::Persisted { version, result: Ok(()) });
        }
    }

    /// What peers do of their own: a PING a second, a hello every two, to us and through every server.
    fn peers(&mut self) {
        for n in [1, 2] {
            let client = ClientId(u64::from(n));
            self.later(Coming::Command(client, vec![b"PING".to_vec()]));
            if self.now % 2_000 < 1_000 {
                let publish = vec![b"PUBLISH".to_vec(), b"__sentinel__:hello".to_vec(), hello(n)];
                self.later(Coming::Command(client, publish));
                for link in self.subscribed.clone() {
                    self.later(Coming::Link(link, message(hello(n))));
                }
            }
        }
        if self.now % 2_000 < 1_000 {
            for link in self.subscribed.clone() {
                self.later(Coming::Link(link, message(hello(5))));
            }
        }
    }

    fn run(&mut self, ms: u64) {
        let until = self.now + ms;
        let mut peers_at = self.now + 500;
        while self.now < until {
            let deadline = self.sentinel.deadline().at.0;
            let coming = self.coming.front().map_or(u64::MAX, |(at, _)| *at);
            let next = coming.min(deadline).min(peers_at);
            self.now = self.now.max(next);
            if next == coming {
                let (_, coming) = self.coming.pop_front().expect("looked at above");
                match coming {
                    Coming::Link(link, what) => {
                        let kind = match &what {
                            LinkInput::Frame(Frame::Simple(_)) => "PONG",
                            LinkInput::Frame(Frame::Bulk(_)) => "INFO",
                            LinkInput::Frame(Frame::Array(_)) => "hello heard",
                            LinkInput::Frame(_) => "hello sent",
                            LinkInput::Up { .. } | LinkInput::Down(_) => "link",
                        };
                        self.step(kind, Input::Link { link, what });
                    }
                    Coming::Command(client, argv) => {
                        let kind = if argv.len() == 1 { "peer's PING" } else { "peer's hello" };
                        self.step(kind, Input::Client { client, what: ClientInput::Command(argv) });
                    }
                }
            } else if next == peers_at {
                peers_at += 1_000;
                self.peers();
            } else {
                let why = self.sentinel.deadline().why;
                self.step(if why == watchkeeper_core::Why::Tick { "tick" } else { "deadline" }, Input::Wake);
            }
        }
    }
}

fn main() {
    let hours = std::env::args().nth(1).and_then(|hours| hours.parse().ok()).unwrap_or(1);
    let now = Now { mono: Mono(1_000_000), unix: Unix(1_700_000_001_000_000) };
    let sentinel = Sentinel::new(config(), Persona::Redis, None, 1, now).expect("there are no ACL rules");
    let mut quiet = Quiet {
        sentinel,
        now: now.mono.0,
        out: Outputs::default(),
        coming: VecDeque::new(),
        links: BTreeMap::new(),
        subscribed: Vec::new(),
        steps: BTreeMap::new(),
    };
    let mut out = Outputs::default();
    quiet.sentinel.start(now, &mut out);
    quiet.obey(&mut out);
    for n in [1, 2] {
        let addr = ClientAddr::Tcp(peer(n));
        let connected = Connected { peer: addr.clone(), local: addr, fd: 9, tls: false };
        quiet.step(
            "link",
            Input::Client { client: ClientId(u64::from(n)), what: ClientInput::Connected(connected) },
        );
    }
    quiet.run(hours * 3_600_000);
    for (kind, steps) in &quiet.steps {
        println!("{kind:>14} {steps:>9}");
    }
    println!("{:>14} {:>9}", "all", quiet.steps.values().sum::<u64>());
}
