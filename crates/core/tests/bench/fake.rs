//! Servers and peers as the sentinel sees them.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use watchkeeper_resp::Frame;

/// Whether the process answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Up,
    /// connections stay, nothing is answered
    Hung,
    /// connections are refused
    Dead,
    /// connections are accepted and closed at once
    Closing,
    /// there is no way to it, and the network says so
    NoRoute,
    /// connections are neither made nor refused
    Unreachable,
}

/// A server or peer.
#[derive(Debug, Clone)]
pub(crate) struct Fake {
    pub(crate) mode: Mode,
    /// the answer to PING, with its first byte
    pub(crate) ping: &'static str,
    /// whom it follows
    pub(crate) of: Option<SocketAddr>,
    /// its link to that one is up
    pub(crate) link_up: bool,
    /// seconds it reports that link to be down
    pub(crate) link_down_s: i64,
    /// does as SLAVEOF says
    pub(crate) obeys: bool,
    /// after SLAVEOF its link is up at once
    pub(crate) syncs: bool,
    pub(crate) run_id: String,
    pub(crate) priority: i64,
    pub(crate) offset: u64,
    pub(crate) announced: bool,
    /// answers INFO
    pub(crate) info: bool,
    /// more INFO lines
    pub(crate) more: String,
    /// lists its replicas in INFO
    pub(crate) lists: bool,
    pub(crate) subscribe_ok: bool,
    /// a peer's answer: is the master down?
    pub(crate) sees_down: bool,
    /// a peer votes for whoever asks
    pub(crate) votes: bool,
    /// what a peer calls itself
    pub(crate) id: &'static str,
}

/// What an address does when it has read a command.
pub(crate) enum Answer {
    Frame(Frame),
    Subscribed(Frame),
    /// to all subscribers
    Echo(Frame),
    DropSubscribers,
}

impl Fake {
    pub(crate) fn master(n: u8) -> Fake {
        Fake {
            mode: Mode::Up,
            ping: "+PONG",
            of: None,
            link_up: true,
            link_down_s: 0,
            obeys: true,
            syncs: true,
            run_id: n.to_string().repeat(40)[..40].to_owned(),
            priority: 100,
            offset: 1_000,
            announced: true,
            info: true,
            more: String::new(),
            lists: true,
            subscribe_ok: true,
            sees_down: false,
            votes: false,
            id: "",
        }
    }

    pub(crate) fn replica(n: u8, of: &str) -> Fake {
        Fake { of: Some(of.parse().unwrap()), ..Fake::master(n) }
    }

    pub(crate) fn peer(id: &'static str) -> Fake {
        Fake { votes: true, sees_down: true, id, ..Fake::master(0) }
    }

    fn info(&self, listed: &str) -> String {
        let mut text = format!("# Server\r\nrun_id:{}\r\n", self.run_id);
        match self.of {
            None => text.push_str("role:master\r\n"),
            Some(of) => {
                let status = if self.link_up { "up" } else { "down" };
                text.push_str(&format!(
                    "role:slave\r\nmaster_host:{}\r\nmaster_port:{}\r\nmaster_link_status:{status}\r\n",
                    of.ip(),
                    of.port()
                ));
                if self.link_down_s != 0 {
                    text.push_str(&format!("master_link_down_since_seconds:{}\r\n", self.link_down_s));
                }
                text.push_str(&format!(
                    "slave_priority:{}\r\nslave_repl_offset:{}\r\nreplica_announced:{}\r\n",
                    self.priority,
                    self.offset,
                    u8::from(self.announced)
                ));
            }
        }
        if self.lists {
            text.push_str(listed);
        }
        text + &self.more
    }

    /// Takes one command.
    pub(crate) fn take(&mut self, argv: &[String], listed: &str) -> Vec<Answer> {
        if self.mode != Mode::Up {
            return Vec::new();
        }
        let ok = || Answer::Frame(Frame::Simple(b"OK".to_vec()));
        let words: Vec<String> = argv.iter().map(|word| word.to_ascii_uppercase()).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words[..] {
            ["PING" | "PING2"] => vec![Answer::Frame(line(self.ping))],
            ["INFO" | "INFO2"] if self.info => {
                vec![Answer::Frame(Frame::Bulk(self.info(listed).into_bytes()))]
            }
            ["INFO"] => vec![Answer::Frame(line("-NOPERM no"))],
            ["PUBLISH", channel, _] => {
                let message =
                    [b"message".to_vec(), channel.to_ascii_lowercase().into(), argv[2].clone().into()];
                let message = Frame::Array(message.into_iter().map(Frame::Bulk).collect());
                vec![Answer::Frame(Frame::Integer(1)), Answer::Echo(message)]
            }
            ["SUBSCRIBE", _] if self.subscribe_ok => {
                vec![Answer::Subscribed(Frame::Array(vec![
                    Frame::Bulk(b"subscribe".to_vec()),
                    Frame::Bulk(argv[1].clone().into()),
                    Frame::Integer(1),
                ]))]
            }
            ["SUBSCRIBE", _] => vec![Answer::Frame(line("-NOPERM no"))],
            ["SLAVEOF", "NO", "ONE"] => {
                if self.obeys {
                    self.of = None;
                }
                vec![ok()]
            }
            ["SLAVEOF", ..] => {
                if self.obeys {
                    self.of = format!("{}:{}", argv[1], argv[2]).parse().ok();
                    self.link_up = self.syncs;
                }
                vec![ok()]
            }
            ["SENTINEL", "MYID"] => vec![Answer::Frame(Frame::Bulk(self.id.into()))],
            ["CLIENT", "KILL", "TYPE", "PUBSUB"] => vec![ok(), Answer::DropSubscribers],
            ["SENTINEL", "IS-MASTER-DOWN-BY-ADDR", _, _, epoch, id] => {
                let (vote, epoch) = match (id, self.votes) {
                    ("*", _) | (_, false) => ("*".to_owned(), 0),
                    (_, true) => (argv[5].clone(), epoch.parse().unwrap()),
                };
                vec![Answer::Frame(Frame::Array(vec![
                    Frame::Integer(i64::from(self.sees_down)),
                    Frame::Bulk(vote.into_bytes()),
                    Frame::Integer(epoch),
                ]))]
            }
            _ => vec![ok()],
        }
    }
}

/// A reply line as a frame.
fn line(text: &str) -> Frame {
    match text.split_at(1) {
        ("+", rest) => Frame::Simple(rest.into()),
        ("-", rest) => Frame::Error(rest.into()),
        ("$", rest) => Frame::Bulk(rest.into()),
        (_, rest) => panic!("no reply line: {rest}"),
    }
}

/// The `slaveN:` lines of a master.
pub(crate) fn listed(fakes: &BTreeMap<SocketAddr, Fake>, of: SocketAddr) -> String {
    let replicas = fakes.iter().filter(|(_, fake)| fake.of == Some(of) && fake.mode == Mode::Up);
    replicas
        .enumerate()
        .map(|(n, (at, _))| {
            format!("slave{n}:ip={},port={},state=online,offset=1,lag=0\r\n", at.ip(), at.port())
        })
        .collect()
}

/// The commands in a row of RESP arrays.
pub(crate) fn commands(bytes: &[u8]) -> Vec<Vec<String>> {
    let mut decoder = watchkeeper_resp::FrameDecoder::new(1 << 20);
    decoder.feed(bytes);
    let mut all = Vec::new();
    while let Some(frame) = decoder.next().expect("commands are well-formed") {
        all.push(super::texts(&frame));
    }
    all
}
