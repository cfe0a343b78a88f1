//! What the network says, with `--online` only: whether names resolve, and how long masters take to answer. Bounded in
//! number and in time; nothing is changed anywhere.

use std::collections::BTreeSet;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use watchkeeper_core::Lang;
use watchkeeper_core::config::{Config, GroupConfig};
use watchkeeper_resp::encode_command;

use super::codes::{WK901, WK902, WK903};
use super::names::is_name;
use super::{Desk, say};
use crate::ask::has_no_password;

/// How long a name, a connection or an answer may take.
const STEP_MAX: Duration = Duration::from_secs(2);
/// How long everything may take for one file.
const ALL_MAX: Duration = Duration::from_secs(30);
/// Answers that are measured of each master.
const PINGS: usize = 5;
/// `down-after-milliseconds` should be this many times the slowest answer.
const TIMES: u128 = 20;
/// Longer than any answer to AUTH and PING.
const ANSWER_BYTES_MAX: usize = 1024;

/// Every name, then every master.
pub(super) fn look(desk: &mut Desk<'_>) {
    let end = Instant::now() + ALL_MAX;
    let config = &desk.sheet.survey.config;
    names(desk, config, end);
    for group in &config.groups {
        // A sentinel would speak TLS there.
        if Instant::now() >= end || config.general.tls.replication || group.port == 0 {
            return;
        }
        master(desk, group);
    }
}

fn names(desk: &mut Desk<'_>, config: &Config, end: Instant) {
    let lang = desk.lang();
    let mut asked: BTreeSet<String> = BTreeSet::new();
    let of_groups = config.groups.iter().flat_map(|group| {
        let peers = group.peers.iter().map(|peer| ("known-sentinel", &peer.host));
        let replicas = group.replicas.iter().map(|(host, _)| ("known-replica", host));
        let all = [("monitor", &group.host)].into_iter().chain(replicas).chain(peers);
        all.map(move |(directive, host)| (Some(group), directive, host.clone())).collect::<Vec<_>>()
    });
    let own = config.global.announce_ip.clone().map(|host| (None, "announce-ip", host));
    for (group, directive, host) in of_groups.chain(own) {
        if Instant::now() >= end {
            return;
        }
        if !is_name(&host) || !asked.insert(host.clone()) || resolve(&host, 0).is_some() {
            continue;
        }
        let at = match group {
            Some(group) => {
                let mut lines = desk.all_of_group(directive, group);
                lines
                    .find(|(_, line)| line.words.get(3).is_some_and(|word| word == host.as_bytes()))
                    .map(|(at, _)| at)
            }
            None => desk.sheet.global(directive),
        };
        let message = say!(lang, "`{host}` cannot be resolved here, now", "`{host}` 目前在这里无法解析");
        desk.report(&WK901, at, if group.is_some() { 3 } else { 2 }, message);
    }
}

/// An address of a name. The system's resolver cannot be interrupted, so a thread waits for it, which ends with the program.
fn resolve(host: &str, port: u16) -> Option<SocketAddr> {
    let (answer, received) = mpsc::channel();
    let name = host.to_owned();
    std::thread::spawn(move || {
        let found = (name.as_str(), port).to_socket_addrs().ok().and_then(|mut found| found.next());
        // Nobody waits any more.
        let _ = answer.send(found);
    });
    received.recv_timeout(STEP_MAX).ok().flatten()
}

fn master(desk: &mut Desk<'_>, group: &GroupConfig) {
    let lang = desk.lang();
    let at = desk.sheet.line_of_group("monitor", group);
    let (host, port, down) = (&group.host, group.port, u128::from(group.down_after_ms));
    // Told already.
    let Some(address) = resolve(host, port) else { return };
    match slowest(address, group) {
        Ok(slowest) if too_slow(slowest, down) => {
            let took = slowest.as_millis();
            let message = say!(
                lang,
                "`{host}:{port}` took {took} ms to answer, and is held for down after {down} ms",
                "`{host}:{port}` 用了 {took} 毫秒应答，而 {down} 毫秒无应答就会被认为下线"
            );
            desk.report(&WK902, desk.of_group("down-after-milliseconds", group), 3, message);
        }
        Ok(_) => {}
        Err(failure) => desk.report(&WK903, at, 3, failure.told(&format!("{host}:{port}"), lang)),
    }
}

/// Whether a few such answers in a row would be taken for a dead master.
fn too_slow(slowest: Duration, down_ms: u128) -> bool {
    slowest.as_millis() * TIMES > down_ms
}

/// Why no answer was measured.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Failure {
    /// nothing came
    Silent(String),
    /// an error of the Redis protocol
    Refused(String),
    /// something else listens there
    Strange(String),
}

impl Failure {
    fn of(answer: String) -> Failure {
        if answer.starts_with('-') { Failure::Refused(answer) } else { Failure::Strange(answer) }
    }

    fn told(&self, at: &str, lang: Lang) -> String {
        match self {
            Failure::Silent(why) => say!(lang, "`{at}` does not answer: {why}", "`{at}` 没有应答：{why}"),
            Failure::Refused(answer) => {
                say!(lang, "`{at}` answers with an error: {answer}", "`{at}` 应答了错误：{answer}")
            }
            Failure::Strange(answer) => {
                say!(
                    lang,
                    "`{at}` answers, but not as Redis: {answer}",
                    "`{at}` 有应答，但不是 Redis：{answer}"
                )
            }
        }
    }
}

/// The slowest of some answers.
fn slowest(address: SocketAddr, group: &GroupConfig) -> Result<Duration, Failure> {
    let failed = |error: io::Error| Failure::Silent(crate::daemon::strerror(&error));
    let mut stream = TcpStream::connect_timeout(&address, STEP_MAX).map_err(failed)?;
    stream.set_read_timeout(Some(STEP_MAX)).map_err(failed)?;
    stream.set_write_timeout(Some(STEP_MAX)).map_err(failed)?;
    if let Some(pass) = &group.auth_pass {
        let user = group.auth_user.as_ref().map(|user| user.as_bytes());
        let words: Vec<&[u8]> = [&b"AUTH"[..]].into_iter().chain(user).chain([&pass[..]]).collect();
        let answer = ask(&mut stream, &words).map_err(failed)?;
        // Sentinels take no notice of that either.
        if !answer.starts_with('+') && !has_no_password(&answer) {
            return Err(Failure::of(answer));
        }
    }
    let mut slowest = Duration::ZERO;
    for _ in 0..PINGS {
        let begun = Instant::now();
        let answer = ask(&mut stream, &[b"PING"]).map_err(failed)?;
        slowest = slowest.max(begun.elapsed());
        if !["+PONG", "-LOADING", "-MASTERDOWN"].iter().any(|fine| answer.starts_with(fine)) {
            return Err(Failure::of(answer));
        }
    }
    Ok(slowest)
}

/// One command and the line it is answered with.
fn ask(stream: &mut TcpStream, words: &[&[u8]]) -> io::Result<String> {
    stream.write_all(&encode_command(words))?;
    let mut line = Vec::new();
    while !line.ends_with(b"\n") {
        let mut piece = [0; 128];
        let count = stream.read(&mut piece)?;
        if count == 0 && line.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        line.extend(piece.iter().take(count));
        // Without an end in sight it is no answer to PING; what there is shows what it is.
        if count == 0 || line.len() > ANSWER_BYTES_MAX {
            break;
        }
    }
    Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use watchkeeper_core::id::GroupName;

    fn against(answers: &'static str) -> Result<Duration, Failure> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut piece = [0; 256];
            while stream.read(&mut piece).is_ok_and(|count| count > 0) {
                if stream.write_all(answers.as_bytes()).is_err() {
                    return;
                }
            }
        });
        let group = GroupConfig::new(GroupName("m".into()), "127.0.0.1".into(), address.port(), 2);
        let measured = slowest(address, &group);
        server.join().unwrap();
        measured
    }

    #[test]
    fn answers_are_measured() {
        assert!(against("+PONG\r\n").unwrap() < STEP_MAX);
        assert_eq!(
            against("-NOAUTH Authentication required.\r\n"),
            Err(Failure::Refused("-NOAUTH Authentication required.".into()))
        );
    }

    #[test]
    fn another_service_is_told_from_silence() {
        let strange = against("HTTP/1.1 400 Bad Request\r\n").unwrap_err();
        assert_eq!(
            strange.told("h:80", Lang::En),
            "`h:80` answers, but not as Redis: HTTP/1.1 400 Bad Request"
        );
        assert_eq!(strange.told("h:80", Lang::Zh), "`h:80` 有应答，但不是 Redis：HTTP/1.1 400 Bad Request");
        let endless: &str = "x".repeat(4096).leak();
        assert!(matches!(against(endless), Err(Failure::Strange(_))));
    }

    #[test]
    fn slow_is_what_fills_a_twentieth_of_the_time() {
        assert!(too_slow(Duration::from_millis(51), 1000));
        assert!(!too_slow(Duration::from_millis(50), 1000));
    }

    #[test]
    fn names_resolve_or_not() {
        assert!(resolve("localhost", 1).is_some());
        assert!(resolve("no-such-host.invalid", 1).is_none());
    }
}
