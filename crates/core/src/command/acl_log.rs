//! The latest refusals, for ACL LOG. Equal ones within a minute share an entry.

use std::collections::VecDeque;

use super::reply::Reply;
use crate::limits::{ACL_LOG_ENTRIES, ACL_LOG_TEXT_BYTES};
use crate::time::{Mono, Now};

/// Equal refusals closer together than this are counted in one entry.
const GROUPING_MS: u64 = 60_000;

/// What was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    Command,
    Channel,
    Auth,
}

impl Reason {
    fn name(self) -> &'static str {
        match self {
            Reason::Command => "command",
            Reason::Channel => "channel",
            Reason::Auth => "auth",
        }
    }
}

/// One refusal, or several equal ones.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    count: u64,
    reason: Reason,
    object: Vec<u8>,
    user: Vec<u8>,
    at: Mono,
    client_info: String,
}

impl Entry {
    pub(super) fn new(at: Mono, reason: Reason, object: &[u8], user: &[u8], client_info: String) -> Entry {
        let cut = |text: &[u8]| text[..text.len().min(ACL_LOG_TEXT_BYTES)].to_vec();
        Entry { count: 1, reason, object: cut(object), user: cut(user), at, client_info }
    }

    fn same(&self, other: &Entry) -> bool {
        self.reason == other.reason
            && self.object == other.object
            && self.user == other.user
            && other.at.since(self.at) <= GROUPING_MS
    }

    fn reply(&self, now: Now) -> Reply {
        let field = |name: &str, value| (Reply::bulk(name), value);
        Reply::Map(vec![
            field("count", Reply::Integer(self.count as i64)),
            field("reason", Reply::bulk(self.reason.name())),
            field("context", Reply::bulk("toplevel")),
            field("object", Reply::Bulk(self.object.clone())),
            field("username", Reply::Bulk(self.user.clone())),
            field("age-seconds", Reply::Double(now.mono.since(self.at) as f64 / 1000.0)),
            field("client-info", Reply::bulk(self.client_info.clone())),
        ])
    }
}

/// The log, newest first.
#[derive(Debug, Clone)]
pub(super) struct AclLog {
    entries: VecDeque<Entry>,
    max: usize,
}

impl AclLog {
    /// `max_len` is `acllog-max-len`.
    pub(super) fn new(max_len: u64) -> AclLog {
        AclLog { entries: VecDeque::new(), max: max_len.min(ACL_LOG_ENTRIES) as usize }
    }

    /// Adds a refusal.
    pub(super) fn add(&mut self, mut entry: Entry) {
        if let Some(at) = self.entries.iter().position(|e| e.same(&entry)) {
            let old = self.entries.remove(at);
            entry.count += old.map_or(0, |e| e.count);
        }
        self.entries.push_front(entry);
        self.entries.truncate(self.max);
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.entries.clear();
    }

    /// Entries now.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The newest `count` entries.
    pub(super) fn reply(&self, now: Now, count: usize) -> Reply {
        Reply::Array(self.entries.iter().take(count).map(|e| e.reply(now)).collect())
    }
}
