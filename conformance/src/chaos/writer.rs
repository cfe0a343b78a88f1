//! Clients that write numbered values, forty a second together, and remember what was acknowledged.
//!
//! A plain client, as users write them: asks a sentinel for the master, checks that the server says it is one, and asks
//! again only when a write fails. One is beside the master when the net is cut, the other with the rest.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::net::{Place, enter};
use crate::conn::{Conn, FrameExt};

/// Of all writers together.
const WRITES_PER_SECOND: u32 = 40;
const CONNECT: Duration = Duration::from_millis(500);
const ANSWER: Duration = Duration::from_millis(1000);

/// An acknowledged write: its field, and when the answer came.
pub(crate) type Ack = (String, Instant);

#[derive(Debug, Default)]
struct Shared {
    round: AtomicU64,
    stop: AtomicBool,
    acks: Mutex<Vec<(u64, Ack)>>,
}

/// All writers of a group; they stop when this is dropped.
#[derive(Debug)]
pub(crate) struct Writers {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

/// The hash that holds the writes of a round.
pub(crate) fn key(round: u64) -> String {
    format!("chaos:{round}")
}

impl Writers {
    /// One at each place.
    pub(crate) fn start(places: &[Arc<Place>], sentinels: &[SocketAddr], group: &str) -> Writers {
        let shared = Arc::new(Shared::default());
        let period = Duration::from_secs(1) * u32::try_from(places.len()).unwrap_or(1) / WRITES_PER_SECOND;
        let threads = places.iter().enumerate().map(|(index, place)| {
            let writer = Writer {
                name: index,
                sentinels: sentinels.to_vec(),
                next_sentinel: index,
                group: group.to_owned(),
                conn: None,
                count: 0,
            };
            let (shared, name) = (Arc::clone(&shared), place.name().to_owned());
            std::thread::spawn(move || {
                if enter(&name).is_ok() {
                    writer.run(&shared, period);
                }
            })
        });
        let threads = threads.collect();
        Writers { shared, threads }
    }

    /// From now on writes belong to this round.
    pub(crate) fn begin(&self, round: u64) {
        self.shared.round.store(round, Ordering::SeqCst);
        self.shared.acks.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// What was acknowledged in this round, oldest first.
    pub(crate) fn acknowledged(&self) -> Vec<Ack> {
        let round = self.shared.round.load(Ordering::SeqCst);
        let acks = self.shared.acks.lock().unwrap_or_else(PoisonError::into_inner);
        acks.iter().filter(|(of, _)| *of == round).map(|(_, ack)| ack.clone()).collect()
    }
}

impl Drop for Writers {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

struct Writer {
    name: usize,
    sentinels: Vec<SocketAddr>,
    next_sentinel: usize,
    group: String,
    conn: Option<Conn>,
    count: u64,
}

impl Writer {
    fn run(mut self, shared: &Shared, period: Duration) {
        let mut next = Instant::now();
        while !shared.stop.load(Ordering::SeqCst) {
            let round = shared.round.load(Ordering::SeqCst);
            if round > 0 {
                self.count += 1;
                let field = format!("{}-{}", self.name, self.count);
                if self.write(round, &field).is_ok() {
                    let mut acks = shared.acks.lock().unwrap_or_else(PoisonError::into_inner);
                    acks.push((round, (field, Instant::now())));
                } else {
                    self.conn = None;
                }
            }
            // What was missed while waiting is not caught up.
            next = (next + period).max(Instant::now());
            std::thread::sleep(next.saturating_duration_since(Instant::now()).max(Duration::from_millis(5)));
        }
    }

    fn write(&mut self, round: u64, field: &str) -> Result<(), String> {
        if self.conn.is_none() {
            self.conn = Some(self.find_master()?);
        }
        let conn = self.conn.as_mut().ok_or("no connection")?;
        let reply = conn.try_call(&["HSET", &key(round), field, "1"]).map_err(|error| error.to_string())?;
        if reply.is_error() { Err(reply.text()) } else { Ok(()) }
    }

    fn find_master(&mut self) -> Result<Conn, String> {
        let sentinel = self.sentinels[self.next_sentinel % self.sentinels.len()];
        self.next_sentinel += 1;
        let mut asked = open(sentinel)?;
        let reply = asked.try_call(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", &self.group]);
        let words: Vec<String> =
            reply.map_err(|error| error.to_string())?.items().iter().map(FrameExt::text).collect();
        let [ip, port] = words.as_slice() else { return Err("no such group".to_owned()) };
        let address = format!("{ip}:{port}").parse().map_err(|_| format!("`{ip}:{port}`"))?;
        let mut conn = open(address)?;
        let role = conn.try_call(&["ROLE"]).map_err(|error| error.to_string())?;
        if role.items().first().map(FrameExt::text).as_deref() != Some("master") {
            return Err("not a master".to_owned());
        }
        // The same sentinel next time: it has just been right.
        self.next_sentinel -= 1;
        Ok(conn)
    }
}

fn open(address: SocketAddr) -> Result<Conn, String> {
    let mut conn = Conn::open_within(address, CONNECT).map_err(|error| error.to_string())?;
    conn.set_timeout(ANSWER);
    Ok(conn)
}

/// What became of the writes of a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tally {
    /// acknowledged
    pub(crate) acked: u64,
    /// of them not there in the end
    pub(crate) lost: u64,
    /// the longest time between two writes that lasted
    pub(crate) gap: Duration,
}

/// Compares what was acknowledged with what is there. The gap is looked for from `start` to `end`.
pub(crate) fn tally(acks: &[Ack], there: &BTreeSet<String>, start: Instant, end: Instant) -> Tally {
    let lasted = acks.iter().filter(|(field, _)| there.contains(field));
    let mut times: Vec<Instant> = lasted.clone().map(|(_, at)| *at).filter(|at| *at > start).collect();
    times.extend([start, end]);
    times.sort_unstable();
    let gap = times.windows(2).map(|pair| pair[1].duration_since(pair[0])).max().unwrap_or_default();
    let lost = acks.len() - lasted.count();
    Tally { acked: acks.len() as u64, lost: lost as u64, gap }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_that_did_not_last_does_not_end_a_gap() {
        let start = Instant::now();
        let at = |ms: u64| start + Duration::from_millis(ms);
        let acks = [("a".to_owned(), at(10)), ("b".to_owned(), at(500)), ("c".to_owned(), at(900))];
        let there = ["a".to_owned(), "c".to_owned()].into();
        let tally = tally(&acks, &there, start, at(1000));
        assert_eq!(tally, Tally { acked: 3, lost: 1, gap: Duration::from_millis(890) });
    }
}
