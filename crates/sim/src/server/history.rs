//! The replication stream of a server: which history it is, how far it has come, and its last part (the backlog), from
//! which a replica may go on.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use watchkeeper_core::rng::Rng;

/// A run id, or the name of a history (replid): 40 hex digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Id([u8; 40]);

impl Id {
    /// The second id of a server that has none.
    pub const NONE: Id = Id([b'0'; 40]);

    /// A new one.
    pub(crate) fn new(rng: &mut Rng) -> Id {
        let mut digits = [0; 40];
        for chunk in digits.chunks_mut(16) {
            let mut bits = rng.next_u64();
            for digit in chunk {
                *digit = b"0123456789abcdef"[(bits & 15) as usize];
                bits >>= 4;
            }
        }
        Id(digits)
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("made of hex digits")
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One command of the stream.
#[derive(Debug, Clone)]
pub enum Command {
    /// the master is there
    Ping,
    /// `REPLCONF GETACK`: say how far you are
    GetAck,
    /// a number was written
    Write(u64),
    /// a message for subscribers
    Publish(Arc<Message>),
}

/// A published message.
#[derive(Debug)]
pub struct Message {
    /// where
    pub channel: Vec<u8>,
    /// what
    pub text: Vec<u8>,
}

impl Command {
    /// Bytes of the stream it takes.
    fn len(&self) -> u64 {
        match self {
            Command::Ping => 14,
            Command::GetAck => 37,
            Command::Write(value) => {
                let digits = u64::from(value.checked_ilog10().unwrap_or(0)) + 1;
                27 + 2 * digits + u64::from(digits >= 8) + u64::from(digits >= 10)
            }
            Command::Publish(message) => (31 + message.channel.len() + message.text.len()) as u64,
        }
    }
}

/// A command with its place in the stream.
#[derive(Debug, Clone)]
pub struct Item {
    /// the offset before it
    pub(crate) start: u64,
    /// the offset after it
    pub(crate) end: u64,
    /// the command
    pub(crate) what: Command,
}

/// The last part of the stream.
#[derive(Debug, Default)]
struct Backlog {
    /// the offset before its first command
    start: u64,
    items: VecDeque<Item>,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct History {
    pub(crate) id: Id,
    pub(crate) offset: u64,
    /// the history it had before it was promoted, valid up to (not including) `second_offset`
    pub(crate) second: Id,
    pub(crate) second_offset: Option<u64>,
    backlog: Option<Backlog>,
}

impl History {
    /// A new one, empty.
    pub(crate) fn new(rng: &mut Rng) -> History {
        History { id: Id::new(rng), offset: 0, second: Id::NONE, second_offset: None, backlog: None }
    }

    /// Goes on under a new id, for which the present one stands up to here.
    pub(crate) fn shift(&mut self, id: Id) {
        self.second = std::mem::replace(&mut self.id, id);
        self.second_offset = Some(self.offset + 1);
    }

    /// Is another history from now on.
    pub(crate) fn replace(&mut self, id: Id, offset: u64) {
        *self = History { id, offset, second: Id::NONE, second_offset: None, backlog: None };
    }

    pub(crate) fn has_backlog(&self) -> bool {
        self.backlog.is_some()
    }
    pub(crate) fn keep_backlog(&mut self) {
        let start = self.offset;
        self.backlog.get_or_insert_with(|| Backlog { start, items: VecDeque::new() });
    }
    pub(crate) fn drop_backlog(&mut self) {
        self.backlog = None;
    }

    /// Gives a command its place.
    pub(crate) fn place(&self, what: Command) -> Item {
        Item { start: self.offset, end: self.offset + what.len(), what }
    }

    /// Adds a command at its place.
    pub(crate) fn append(&mut self, item: &Item, backlog_max: u64) {
        assert_eq!(item.start, self.offset, "a gap or an overlap in the replication stream");
        self.offset = item.end;
        let Some(backlog) = &mut self.backlog else { return };
        backlog.items.push_back(item.clone());
        while self.offset - backlog.start > backlog_max {
            let Some(first) = backlog.items.pop_front() else { return };
            backlog.start = first.end;
        }
    }

    /// What a replica lacks that has this history up to `offset`; `None` if it must be given everything.
    pub(crate) fn rest(&self, id: Id, offset: u64) -> Option<Vec<Item>> {
        let known =
            id == self.id || id == self.second && self.second_offset.is_some_and(|second| offset < second);
        let backlog = self
            .backlog
            .as_ref()
            .filter(|backlog| known && offset >= backlog.start && offset <= self.offset)?;
        let from = backlog.items.partition_point(|item| item.start < offset);
        Some(backlog.items.iter().skip(from).cloned().collect())
    }
}
