//! Answers that come from other threads: disk, names, scripts. One bounded channel into thread `sentinel`; the
//! threads wait when it is full.

use std::net::IpAddr;

use tokio::sync::mpsc;
use watchkeeper_core::io::{ScriptId, ScriptInput, Ticket, Version};

/// Messages that may wait for thread `sentinel`.
const QUEUE: usize = 256;

/// An answer of another thread.
#[derive(Debug)]
pub(super) enum Outside {
    Persisted { version: Version, result: Result<(), String> },
    Resolved { host: String, result: Result<Vec<IpAddr>, String> },
    Script { script: ScriptId, what: ScriptInput },
    AclText { ticket: Ticket, result: Result<Vec<u8>, String> },
    AclWritten { ticket: Ticket, result: Result<(), String> },
    Terminate,
}

pub(super) type Sender = mpsc::Sender<Outside>;
pub(super) type Receiver = mpsc::Receiver<Outside>;

pub(super) fn channel() -> (Sender, Receiver) {
    mpsc::channel(QUEUE)
}
