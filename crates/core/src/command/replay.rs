//! Sessions recorded from `redis-sentinel` 7.0.15, replayed against [`Clients`]: every reply byte must be the same.
//! Commands that go to the engine are answered with `+ENGINE name` here.

use std::collections::BTreeMap;

use watchkeeper_resp::split_args;

use super::clients::{Clients, EngineCommand};
use super::reply::Reply;
use crate::config::General;
use crate::io::{ClientAddr, ClientId, Connected, Output, Outputs};
use crate::sentinel::Persona;
use crate::time::{Mono, Now, Unix};

/// Milliseconds between two commands of a session.
const STEP_MS: u64 = 20;

struct Session {
    clients: Clients,
    now: Now,
    open: BTreeMap<String, ClientId>,
    next: u64,
}

impl Session {
    fn new() -> Session {
        let now = Now { mono: Mono(1000), unix: Unix(1_700_000_000_000_000) };
        let clients = Clients::new(&General::default(), Persona::Redis, None, 1, now).unwrap();
        Session { clients, now, open: BTreeMap::new(), next: 3 }
    }

    fn id(&mut self, name: &str, out: &mut Outputs) -> ClientId {
        if let Some(id) = self.open.get(name) {
            return *id;
        }
        let id = ClientId(self.next);
        self.next += 1;
        self.open.insert(name.into(), id);
        let tcp = |text: &str| ClientAddr::Tcp(text.parse().unwrap());
        let c = Connected { peer: tcp("127.0.0.1:5"), local: tcp("127.0.0.1:26379"), fd: 8, tls: false };
        self.clients.connected(self.now, id, c, out);
        id
    }

    fn engine(&mut self, command: &EngineCommand, out: &mut Outputs) {
        let text = format!("ENGINE {}", command.id.spec().name);
        self.clients.reply(command.client, &Reply::Simple(text), out);
    }

    /// Runs one command; gives the lines that came out.
    fn run(&mut self, name: &str, words: &[Vec<u8>]) -> Vec<String> {
        let mut out = Outputs::default();
        self.now.mono = self.now.mono + STEP_MS;
        let id = self.id(name, &mut out);
        if words[0] == b"!wait" {
            self.now.mono = self.now.mono + 500;
            self.clients.tick(self.now, &mut out);
        } else if words[0] == b"!close" {
            self.clients.gone(id);
            self.open.remove(name);
        } else if let Some(command) = self.clients.command(self.now, id, words.to_vec(), &mut out) {
            self.engine(&command, &mut out);
        }
        while let Some(command) = self.clients.next_deferred(self.now, &mut out) {
            self.engine(&command, &mut out);
        }
        self.lines(out)
    }

    fn lines(&mut self, mut out: Outputs) -> Vec<String> {
        let mut texts: BTreeMap<String, String> = BTreeMap::new();
        for output in out.take() {
            let (client, text) = if let Output::Reply { client, bytes } = output {
                (client, shown(&bytes))
            } else if let Output::CloseClient { client } = output {
                (client, "<closed>".into())
            } else {
                continue;
            };
            let name = self.open.iter().find(|(_, id)| **id == client).map(|(name, _)| name.clone()).unwrap();
            if text == "<closed>" {
                self.open.remove(&name);
            }
            texts.entry(name).or_default().push_str(&text);
        }
        texts.into_iter().map(|(name, text)| format!("{name}< {text}")).collect()
    }
}

fn shown(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        match byte {
            b'\'' | b'"' => text.push(char::from(*byte)),
            _ => text.push_str(&byte.escape_ascii().to_string()),
        }
    }
    text
}

/// Replays a file and gives it back with the replies that really came.
fn replayed(file: &str) -> String {
    let mut session = Session::new();
    let mut got = String::new();
    for line in file.lines() {
        let command = line.split_once("> ").filter(|(name, _)| name.len() == 1);
        if let Some((name, words)) = command {
            got.push_str(&format!("{line}\n"));
            for answer in session.run(name, &split_args(words.as_bytes()).unwrap()) {
                got.push_str(&format!("{answer}\n"));
            }
        } else if line.is_empty() || line.starts_with('#') {
            got.push_str(&format!("{line}\n"));
        }
    }
    got
}

fn check(name: &str, file: &str) {
    let got = replayed(file);
    for (n, (want, got)) in (1..).zip(file.lines().zip(got.lines())) {
        assert_eq!(got, want, "recorded/{name}, line {n}");
    }
    assert_eq!(got.lines().count(), file.lines().count());
}

#[test]
fn generic() {
    check("generic.txt", include_str!("recorded/generic.txt"));
}

#[test]
fn acl() {
    check("acl.txt", include_str!("recorded/acl.txt"));
}

#[test]
fn control() {
    check("control.txt", include_str!("recorded/control.txt"));
}
