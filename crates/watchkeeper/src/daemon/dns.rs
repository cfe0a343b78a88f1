//! Looking names up off thread `sentinel`: a resolver that hangs costs a thread, never the sentinel.
//!
//! One look-up per name at a time, a few at once, a limited number waiting. Caching, and what to do with an old
//! answer, is the core's.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::{IpAddr, ToSocketAddrs};

use watchkeeper_core::io::Ticket;

use super::outside::{Outside, Sender};
use super::strerror::strerror;

/// Look-ups at once.
const RUNNING: usize = 16;
/// Questions that may wait, of all names together.
const WAITING: usize = 4096;
/// Addresses taken from one answer.
const ADDRESSES: usize = 64;

/// The system's resolver, or a test's.
pub(super) type Lookup = fn(&str) -> io::Result<Vec<IpAddr>>;

/// Asks the system's resolver. Blocks for as long as it likes.
pub(super) fn system_lookup(host: &str) -> io::Result<Vec<IpAddr>> {
    let mut found: Vec<IpAddr> = Vec::new();
    for addr in (host, 0).to_socket_addrs()?.take(ADDRESSES) {
        if !found.contains(&addr.ip()) {
            found.push(addr.ip());
        }
    }
    Ok(found)
}

/// Names being looked up.
#[derive(Debug)]
pub(super) struct Resolver {
    lookup: Lookup,
    answer: Sender,
    /// who asks for a name
    asked: BTreeMap<String, Vec<Ticket>>,
    /// names whose look-up has not begun
    queue: VecDeque<String>,
    running: usize,
    waiting: usize,
}

/// What [`Resolver`] has to say about one question.
pub(super) type Resolved = (Ticket, Result<Vec<IpAddr>, String>);

impl Resolver {
    pub(super) fn new(lookup: Lookup, answer: Sender) -> Resolver {
        Resolver { lookup, answer, asked: BTreeMap::new(), queue: VecDeque::new(), running: 0, waiting: 0 }
    }

    /// Asks for a name. Some(..) when the answer is known at once: too many are waiting.
    pub(super) fn ask(&mut self, ticket: Ticket, host: String) -> Option<Resolved> {
        if self.waiting >= WAITING {
            return Some((ticket, Err(format!("more than {WAITING} look-ups wait for the resolver"))));
        }
        self.waiting += 1;
        if let Some(tickets) = self.asked.get_mut(&host) {
            tickets.push(ticket);
            return None;
        }
        self.asked.insert(host.clone(), vec![ticket]);
        self.queue.push_back(host);
        self.begin();
        None
    }

    /// A look-up ended: who asked, each with the answer.
    pub(super) fn answered(&mut self, host: &str, result: &Result<Vec<IpAddr>, String>) -> Vec<Resolved> {
        self.running -= 1;
        let tickets = self.asked.remove(host).unwrap_or_default();
        self.waiting -= tickets.len();
        self.begin();
        tickets.into_iter().map(|ticket| (ticket, result.clone())).collect()
    }

    fn begin(&mut self) {
        while self.running < RUNNING {
            let Some(host) = self.queue.pop_front() else { return };
            self.running += 1;
            let (lookup, answer) = (self.lookup, self.answer.clone());
            tokio::task::spawn_blocking(move || {
                let result = lookup(&host).map_err(|e| strerror(&e));
                // The receiver is gone only when the process ends.
                let _ = answer.blocking_send(Outside::Resolved { host, result });
            });
        }
    }
}

#[cfg(test)]
mod tests;
