//! Several logs read as one, in the order of time, each by its corrected clock. A log may hold several sentinels one after
//! the other, as `cat` or a container's tool puts them together: a window of entries of each log is put in order. What one
//! sentinel says stays in its own order, even if its clock is set back.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::io;

use super::book::Book;
use super::source::{Entry, Source};
use super::turns::Turns;

/// Entries of all logs together that wait to be put in order.
const WINDOW: usize = 32 * 1024;
/// Sentinels of one log whose order is kept.
const SPEAKERS_MAX: usize = 256;

/// How the times of a log are to be read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    /// ms by which it is ahead of the first log's
    pub(super) ahead: i64,
    /// by Greenwich; else as the wall showed it
    pub(super) zones: bool,
    /// the epoch in which it begins, for what has no time
    pub(super) epoch: u64,
}

impl Clock {
    /// The time of an entry: by Greenwich if all logs name their zones, else as the wall showed it.
    pub(super) fn read(self, entry: &Entry) -> Option<i64> {
        let east = i64::from(entry.zone.filter(|_| self.zones).unwrap_or(0)) * 60_000;
        entry.at.map(|at| at.saturating_sub(east).saturating_sub(self.ahead))
    }
}

/// An entry that waits. Ordered by time, then as it was read.
#[derive(Debug)]
struct Held {
    order: (i64, u64),
    at: Option<i64>,
    entry: Entry,
}

impl PartialEq for Held {
    fn eq(&self, other: &Held) -> bool {
        self.order == other.order
    }
}

impl Eq for Held {}

impl PartialOrd for Held {
    fn partial_cmp(&self, other: &Held) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Held {
    fn cmp(&self, other: &Held) -> std::cmp::Ordering {
        self.order.cmp(&other.order)
    }
}

/// A log in order.
struct InOrder<'a> {
    source: &'a mut Source,
    clock: Clock,
    window: usize,
    /// what came in order: nearly always everything
    held: VecDeque<Held>,
    /// what came late
    late: BinaryHeap<Reverse<Held>>,
    /// how far each sentinel of this log is: label, process, time
    reached: Vec<(String, u32, i64)>,
    /// where it is without times
    turns: Turns,
    read: u64,
    ended: bool,
}

/// Reads all logs into the book; each has its clock.
///
/// # Errors
///
/// Reading failed; the log's number tells which.
pub(super) fn read(
    sources: &mut [Source],
    clocks: &[Clock],
    book: &mut Book,
) -> Result<(), (usize, io::Error)> {
    let window = WINDOW / sources.len().max(1);
    let mut logs: Vec<InOrder<'_>> =
        sources.iter_mut().zip(clocks).map(|(source, clock)| InOrder::new(source, *clock, window)).collect();
    for (at, log) in logs.iter_mut().enumerate() {
        log.fill().map_err(|error| (at, error))?;
    }
    loop {
        let next = (0..logs.len()).filter_map(|at| Some((logs[at].first()?, at))).min();
        let Some((_, at)) = next else { return Ok(()) };
        if let Some(held) = logs[at].pop() {
            book.take(at, held.at, &held.entry);
        }
        logs[at].fill().map_err(|error| (at, error))?;
        let whole = book.whole(at);
        let more = |other: usize| logs[other].first().is_some() && book.whole(other) == whole;
        if !(0..logs.len()).any(more) {
            book.ended(whole);
        }
    }
}

impl<'a> InOrder<'a> {
    fn new(source: &'a mut Source, clock: Clock, window: usize) -> InOrder<'a> {
        let (held, late, reached) = (VecDeque::new(), BinaryHeap::new(), Vec::new());
        let turns = Turns::from(clock.epoch);
        InOrder { source, clock, window, held, late, reached, turns, read: 0, ended: false }
    }

    /// The time of the next entry.
    fn first(&self) -> Option<i64> {
        let late = self.late.peek().map(|Reverse(held)| held.order.0);
        let held = self.held.front().map(|held| held.order.0);
        held.into_iter().chain(late).min()
    }

    fn pop(&mut self) -> Option<Held> {
        let late =
            self.late.peek().is_some_and(|Reverse(late)| self.held.front().is_none_or(|held| late < held));
        if late { self.late.pop().map(|Reverse(held)| held) } else { self.held.pop_front() }
    }

    fn fill(&mut self) -> io::Result<()> {
        while !self.ended && self.held.len() + self.late.len() < self.window {
            let Some(entry) = self.source.next()? else {
                self.ended = true;
                return Ok(());
            };
            let at = self.clock.read(&entry);
            let order = (self.reach(&entry, at), self.read);
            self.read += 1;
            let held = Held { order, at, entry };
            if self.held.back().is_none_or(|last| *last < held) {
                self.held.push_back(held);
            } else {
                self.late.push(Reverse(held));
            }
        }
        Ok(())
    }

    /// The place of an entry in time: never before what the same sentinel said earlier.
    fn reach(&mut self, entry: &Entry, at: Option<i64>) -> i64 {
        let same = |known: &&mut (String, u32, i64)| entry.is_by(known.1, &known.0);
        // Nothing says when an entry without a time was said: it comes before all that have one, in its turn.
        let at = at.unwrap_or_else(|| i64::MIN + self.turns.take(entry));
        if let Some((_, _, reached)) = self.reached.iter_mut().find(same) {
            *reached = at.max(*reached);
            return *reached;
        }
        if self.reached.len() < SPEAKERS_MAX {
            self.reached.push((entry.label.clone(), entry.pid, at));
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The seconds of the events in the order in which they are taken.
    fn order(text: &str) -> Vec<String> {
        let mut source = Source::new("x", Box::new(io::Cursor::new(text.to_owned())), None);
        let clock = Clock { ahead: 0, zones: false, epoch: 0 };
        let mut log = InOrder::new(&mut source, clock, 100);
        log.fill().unwrap();
        let popped = std::iter::from_fn(|| log.pop());
        popped.map(|held| (held.at.unwrap() / 1000 % 60).to_string()).collect()
    }

    fn line(pid: u32, second: u32) -> String {
        format!("{pid}:X 28 Nov 2026 10:00:{second:02}.000 # +tilt #tilt mode entered\n")
    }

    #[test]
    fn logs_one_behind_the_other_are_put_in_order() {
        let text = line(1, 1) + &line(1, 3) + &line(2, 2) + &line(2, 4);
        assert_eq!(order(&text), ["1", "2", "3", "4"]);
    }

    #[test]
    fn a_clock_that_is_set_back_changes_no_order() {
        let text = line(1, 10) + &line(1, 20) + &line(1, 5) + &line(2, 15) + &line(1, 21);
        assert_eq!(order(&text), ["10", "15", "20", "5", "21"]);
    }
}
