//! The course of a world: a running hash of everything that happens (equal seeds must give equal hashes), and, when
//! asked for, lines to read, in columns.

use std::collections::VecDeque;

use crate::time::Time;

/// Lines kept at most; the last ones.
const LINES_MAX: usize = 5_000;

/// See the module.
#[derive(Debug)]
pub struct Trace {
    hash: u64,
    happenings: u64,
    wanted: bool,
    lines: VecDeque<String>,
}

impl Trace {
    /// A trace that keeps lines only if `wanted`: making them costs more than the simulation itself.
    pub fn new(wanted: bool) -> Trace {
        Trace { hash: 0xcbf2_9ce4_8422_2325, happenings: 0, wanted, lines: VecDeque::new() }
    }

    /// Counts one happening into the hash. `kind` and `what` are whatever tells it from others.
    pub fn happened(&mut self, at: Time, kind: u64, what: u64) {
        self.happenings += 1;
        for word in [at.0, kind, what] {
            self.hash = (self.hash ^ word).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(23);
        }
    }

    /// Counts bytes into the hash.
    pub fn bytes(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.hash =
                (self.hash ^ u64::from_le_bytes(word)).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(23);
        }
    }

    /// A line for people: time, who, what kind of thing, text. `text` is called only where lines are wanted.
    pub fn line(&mut self, at: Time, who: &str, kind: &str, text: impl FnOnce() -> String) {
        if !self.wanted {
            return;
        }
        if self.lines.len() == LINES_MAX {
            self.lines.pop_front();
        }
        self.lines.push_back(format!("{at}  {who:<10}  {kind:<8}  {}", text()));
    }

    /// Whether lines are kept.
    pub fn wanted(&self) -> bool {
        self.wanted
    }
    /// The hash so far.
    pub fn hash(&self) -> u64 {
        self.hash
    }
    /// Happenings counted so far.
    pub fn happenings(&self) -> u64 {
        self.happenings
    }
    /// The last lines, oldest first.
    pub fn lines(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.lines.iter().map(String::as_str)
    }
}
