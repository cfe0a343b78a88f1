//! The clients that measure: one that tries data servers until one takes a write, and one that asks a sentinel for the
//! master's address and writes there, as a client library does.

use std::time::{Duration, Instant};

use watchkeeper_conformance::{Conn, FrameExt};

use crate::fleet::DEADLINE;

/// Between two attempts.
const PERIOD: Duration = Duration::from_millis(1);
/// A server that is stopped says nothing: a client does not wait for it for ever.
const PATIENCE: Duration = Duration::from_secs(1);

/// A connection that is made again when it is lost.
#[derive(Debug)]
pub(crate) struct Line {
    port: u16,
    conn: Option<Conn>,
}

impl Line {
    /// To a port, connected when it is first used.
    pub(crate) fn to(port: u16) -> Line {
        Line { port, conn: None }
    }

    /// The reply, if there is one. A lost connection is made again once, at once.
    pub(crate) fn ask(&mut self, words: &[&str]) -> Option<watchkeeper_resp::Frame> {
        for _ in 0..2 {
            if self.conn.is_none() {
                let mut conn = Conn::open(self.port).ok()?;
                conn.set_timeout(PATIENCE);
                self.conn = Some(conn);
            }
            match self.conn.as_mut()?.try_call(words) {
                Ok(reply) => return Some(reply),
                Err(_) => self.conn = None,
            }
        }
        None
    }

    /// Whether a write is taken.
    pub(crate) fn writes(&mut self, key: &str, value: &str) -> bool {
        self.ask(&["SET", key, value]).is_some_and(|reply| reply.text() == "OK")
    }

    /// The port of the master as a sentinel names it.
    pub(crate) fn master_of(&mut self, group: &str) -> Option<u16> {
        let reply = self.ask(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", group])?;
        reply.items().get(1).and_then(FrameExt::int).and_then(|port| u16::try_from(port).ok())
    }
}

/// Tries all of these every millisecond until one takes a write; which, and when.
///
/// # Panics
/// When none does.
pub(crate) fn first_write(lines: &mut [Line]) -> (u16, Instant) {
    let end = Instant::now() + DEADLINE;
    while Instant::now() < end {
        for line in lines.iter_mut() {
            if line.writes("bench", "1") {
                return (line.port, Instant::now());
            }
        }
        std::thread::sleep(PERIOD);
    }
    panic!("no data server took a write within {DEADLINE:?}");
}

/// Asks a sentinel every millisecond until it names another master than `old`, which takes a write; which, and when.
///
/// # Panics
/// When it does not come to that.
pub(crate) fn first_write_by_asking(sentinel: &mut Line, group: &str, old: u16) -> (u16, Instant) {
    let end = Instant::now() + DEADLINE;
    let mut master: Option<Line> = None;
    while Instant::now() < end {
        if let Some(port) = sentinel.master_of(group).filter(|port| *port != old) {
            if master.as_ref().is_none_or(|line| line.port != port) {
                master = Some(Line::to(port));
            }
            if master.as_mut().is_some_and(|line| line.writes("bench-client", "1")) {
                return (port, Instant::now());
            }
        }
        std::thread::sleep(PERIOD);
    }
    panic!("{group}: no client found a master that takes writes within {DEADLINE:?}");
}
