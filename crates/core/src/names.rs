//! Host names: looked up off the sentinel's thread, remembered, and served stale when the resolver fails.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::io::{Output, Outputs, Ticket};
use crate::limits::NAMES_MAX;
use crate::time::Mono;

/// The cache of names.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names {
    entries: BTreeMap<String, Entry>,
    asked: BTreeMap<Ticket, String>,
    next_ticket: u64,
}

#[derive(Debug, Clone, Default)]
struct Entry {
    ip: Option<IpAddr>,
    asking: Option<Ticket>,
    asked_at: Option<Mono>,
    failed: bool,
    /// it led elsewhere before
    moved: bool,
}

/// What is known of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lookup {
    /// its address, perhaps a stale one
    Known(IpAddr),
    /// being looked up for the first time
    Asking(Ticket),
    /// it has no address, or names are not resolved
    Failed,
}

/// A name is not looked up again before this many milliseconds.
const AGAIN_AFTER: u64 = 1_000;

impl Names {
    /// The address of `host`. A literal needs no lookup; a name is looked up only when `resolve` allows, and
    /// again when the last lookup is older than [`AGAIN_AFTER`].
    pub(crate) fn lookup(&mut self, host: &str, resolve: bool, now: Mono, out: &mut Outputs) -> Lookup {
        if let Ok(ip) = host.parse() {
            return Lookup::Known(ip);
        }
        if !resolve || host.is_empty() || host.len() > 253 {
            return Lookup::Failed;
        }
        let key = host.to_ascii_lowercase();
        if !self.entries.contains_key(&key) && self.entries.len() >= NAMES_MAX {
            return Lookup::Failed;
        }
        let entry = self.entries.entry(key.clone()).or_default();
        let due = entry.asked_at.is_none_or(|at| now.since(at) >= AGAIN_AFTER);
        if entry.asking.is_none() && due {
            self.next_ticket += 1;
            let ticket = Ticket(self.next_ticket);
            entry.asking = Some(ticket);
            entry.asked_at = Some(now);
            self.asked.insert(ticket, key);
            out.push(Output::Resolve { ticket, host: host.to_owned() });
        }
        match (entry.ip, entry.asking) {
            (Some(ip), _) => Lookup::Known(ip),
            (None, Some(ticket)) if !entry.failed || entry.asked_at == Some(now) => Lookup::Asking(ticket),
            (None, _) => Lookup::Failed,
        }
    }

    /// Names remembered.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Names being looked up.
    pub(crate) fn asked_len(&self) -> usize {
        self.asked.len()
    }

    /// What is known without asking.
    pub(crate) fn cached(&self, host: &str) -> Option<IpAddr> {
        host.parse().ok().or_else(|| self.entries.get(&host.to_ascii_lowercase())?.ip)
    }

    /// Whether a host is no literal address.
    pub(crate) fn is_name(host: &str) -> bool {
        host.parse::<IpAddr>().is_err()
    }

    /// Whether the last lookup of a name failed: what is remembered of it may be wrong.
    pub(crate) fn is_stale(&self, host: &str) -> bool {
        self.entries.get(&host.to_ascii_lowercase()).is_some_and(|entry| entry.failed)
    }

    /// Whether it ever led elsewhere: then its address may have been another one's. Two names that have always led to one
    /// address are names of one server.
    pub(crate) fn has_moved(&self, host: &str) -> bool {
        self.entries.get(&host.to_ascii_lowercase()).is_some_and(|entry| entry.moved)
    }

    /// Its address is somebody else's.
    pub(crate) fn forget(&mut self, host: &str) {
        if let Some(entry) = self.entries.get_mut(&host.to_ascii_lowercase()) {
            entry.ip = None;
        }
    }

    /// Takes an answer. Returns the name and its address (none: the lookup failed, a stale address stays).
    pub(crate) fn resolved(
        &mut self,
        ticket: Ticket,
        result: &Result<Vec<IpAddr>, String>,
    ) -> Option<(String, Option<IpAddr>)> {
        let name = self.asked.remove(&ticket)?;
        let entry = self.entries.get_mut(&name)?;
        entry.asking = None;
        let fresh = result.as_ref().ok().and_then(|ips| ips.first().copied());
        entry.failed = fresh.is_none();
        if fresh.is_some() {
            entry.moved |= entry.ip.is_some() && entry.ip != fresh;
            entry.ip = fresh;
        }
        Some((name, fresh))
    }
}
