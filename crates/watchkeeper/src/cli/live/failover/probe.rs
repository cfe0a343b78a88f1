//! For how long clients had no master: asked as clients ask, a sentinel for the address and the server there for its
//! role, and whether it takes commands, all the time. Nothing is written, as the data is the user's.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use watchkeeper_resp::Frame;

use crate::ask::{Conn, Endpoint, Failure, Reach};

/// Between two questions, which is also the resolution.
const PAUSE: Duration = Duration::from_millis(5);
/// A server that hangs is given up after this.
const PATIENCE: Duration = Duration::from_millis(300);

/// Asks until it is stopped.
pub(super) struct Probe {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Option<Gap>>,
}

/// How long there was no master.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Gap {
    /// the longest time between two answers of a master, since the first of them
    pub(super) longest: Duration,
    /// if this host found none when it began: how long it took until there was one, if there ever was
    pub(super) none_at_first: Option<Option<Duration>>,
}

/// What came of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    Master,
    /// this host found none: the server that sentinels name is no master, or did not answer here
    None,
    /// the sentinel that was asked did not answer, so nobody knows
    NoSentinel,
    /// the server there wants a login, so nobody knows
    NotLetIn,
}

impl Probe {
    pub(super) fn start(reach: &Reach, group: &str, sentinels: Vec<Endpoint>) -> Probe {
        let stop = Arc::new(AtomicBool::new(false));
        let mut reach = reach.clone();
        reach.patience = reach.patience.min(PATIENCE);
        let mut asking =
            Asking { reach, group: group.to_owned(), sentinels, turn: 0, sentinel: None, server: None };
        let over = Arc::clone(&stop);
        let thread = std::thread::spawn(move || longest_gap(&over, || asking.ask()));
        Probe { stop, thread }
    }

    /// How long there was none; nothing if a server did not let us ask, or no sentinel answered.
    pub(super) fn stop(self) -> Option<Gap> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().ok().flatten()
    }
}

fn longest_gap(over: &AtomicBool, mut ask: impl FnMut() -> Found) -> Option<Gap> {
    let began = Instant::now();
    let mut last: Option<Instant> = None;
    let mut none_at_first = None;
    let mut longest = Duration::ZERO;
    loop {
        let ended = over.load(Ordering::Relaxed);
        let asked = Instant::now();
        let found = ask();
        let good = found == Found::Master;
        if found == Found::NotLetIn {
            return None;
        }
        let now = Instant::now();
        if found == Found::NoSentinel {
            // Others would have answered: that time counts for nothing.
            last = last.map(|last| last + (now - asked));
        }
        match none_at_first {
            None if last.is_none() && found == Found::None => none_at_first = Some(None),
            Some(None) if good => none_at_first = Some(Some(now - began)),
            Some(_) | None => {}
        }
        if good || ended {
            longest = longest.max(last.map_or(Duration::ZERO, |last| now - last));
        }
        if good {
            last = Some(now);
        }
        if ended {
            return (last.is_some() || none_at_first.is_some()).then_some(Gap { longest, none_at_first });
        }
        std::thread::sleep(PAUSE);
    }
}

struct Asking {
    reach: Reach,
    group: String,
    sentinels: Vec<Endpoint>,
    turn: usize,
    sentinel: Option<Conn>,
    server: Option<(Endpoint, Conn)>,
}

impl Asking {
    /// Whether there is a master where a sentinel says.
    fn ask(&mut self) -> Found {
        let Ok(address) = self.address() else {
            // The next one is asked next.
            self.sentinel = None;
            self.turn += 1;
            return Found::NoSentinel;
        };
        let Some(address) = address else { return Found::None };
        let found = match self.is_master(&address) {
            Ok(true) => Found::Master,
            Err(failure) if failure.is_login() => Found::NotLetIn,
            Ok(false) | Err(_) => Found::None,
        };
        if found != Found::Master {
            self.server = None;
        }
        found
    }

    fn address(&mut self) -> Result<Option<Endpoint>, Failure> {
        let mut conn = match self.sentinel.take() {
            Some(conn) => conn,
            None => self.reach.sentinel(&self.sentinels[self.turn % self.sentinels.len()])?,
        };
        let answer = conn.call(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", &self.group])?;
        self.sentinel = Some(conn);
        let Frame::Array(items) = &answer else { return Ok(None) };
        let [Frame::Bulk(host), Frame::Bulk(port)] = &items[..] else { return Ok(None) };
        let port = String::from_utf8_lossy(port).parse().ok();
        Ok(port.map(|port| Endpoint::new(String::from_utf8_lossy(host), port)))
    }

    fn is_master(&mut self, address: &Endpoint) -> Result<bool, Failure> {
        let mut conn = match self.server.take().filter(|(at, _)| at == address) {
            Some((_, conn)) => conn,
            None => self.reach.server(address, &self.group)?,
        };
        // One that reads its data says that it is a master, and does nothing else.
        match conn.call(&["PING"]) {
            Err(Failure::Refused(words)) if words.starts_with("LOADING") => return Ok(false),
            Err(Failure::Refused(_)) | Ok(_) => {}
            Err(other) => return Err(other),
        }
        let answer = conn.call(&["ROLE"])?;
        self.server = Some((address.clone(), conn));
        let Frame::Array(items) = &answer else { return Ok(false) };
        Ok(matches!(items.first(), Some(Frame::Bulk(role)) if role.as_slice() == b"master"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_login_nothing_was_measured() {
        let over = AtomicBool::new(true);
        assert_eq!(longest_gap(&over, || Found::NotLetIn), None);
    }

    #[test]
    fn a_master_that_was_dead_before_is_told_apart() {
        let over = AtomicBool::new(true);
        let never = Gap { longest: Duration::ZERO, none_at_first: Some(None) };
        assert_eq!(longest_gap(&over, || Found::None), Some(never));
        let over = AtomicBool::new(false);
        let mut turn = 0;
        let gap = longest_gap(&over, || {
            turn += 1;
            over.store(turn == 4, Ordering::Relaxed);
            if turn < 3 { Found::None } else { Found::Master }
        });
        let until = gap.unwrap().none_at_first.unwrap().unwrap();
        assert!(until >= 2 * PAUSE, "{until:?}");
    }

    #[test]
    fn a_sentinel_that_does_not_answer_says_nothing_of_the_master() {
        let over = AtomicBool::new(true);
        assert_eq!(longest_gap(&over, || Found::NoSentinel), None);
        let over = AtomicBool::new(false);
        let mut turn = 0;
        let hangs = Duration::from_secs(1);
        let gap = longest_gap(&over, || {
            turn += 1;
            over.store(turn == 4, Ordering::Relaxed);
            if [1, 3].contains(&turn) {
                std::thread::sleep(hangs); // the time itself is tested
                return Found::NoSentinel;
            }
            Found::Master
        });
        assert!(gap.is_some_and(|gap| gap.longest < hangs && gap.none_at_first.is_none()), "{gap:?}");
    }

    #[test]
    fn the_longest_silence_counts_also_at_the_end() {
        let over = AtomicBool::new(false);
        let mut turn = 0;
        let gap = longest_gap(&over, || {
            turn += 1;
            over.store(turn == 5, Ordering::Relaxed);
            if turn == 1 { Found::Master } else { Found::None }
        });
        assert!(gap.is_some_and(|gap| gap.longest >= 4 * PAUSE && gap.none_at_first.is_none()), "{gap:?}");
    }
}
