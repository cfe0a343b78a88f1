//! Answers that come from other threads: disk, names, scripts. One bounded channel into thread `sentinel`; the
//! threads wait when it is full.

use std::net::IpAddr;

use tokio::sync::mpsc;
use watchkeeper_core::io::{ScriptId, ScriptInput, Ticket, Version};

use super::signals::Signal;

/// Messages that may wait for thread `sentinel`.
const QUEUE: usize = 256;

/// An answer of another thread.
#[derive(Debug)]
pub(super) enum Outside {
    Persisted { version: Version, result: Result<(), String> },
    Resolved { host: String, result: Result<Vec<IpAddr>, String> },
    Script { script: ScriptId, what: ScriptInput },
    ScriptChecked { ticket: Ticket, executable: bool },
    AclText { ticket: Ticket, result: Result<Vec<u8>, String> },
    AclWritten { ticket: Ticket, result: Result<(), String> },
    Terminate,
}

pub(super) type Sender = mpsc::Sender<Outside>;
pub(super) type Receiver = mpsc::Receiver<Outside>;

pub(super) fn channel() -> (Sender, Receiver) {
    mpsc::channel(QUEUE)
}

/// Brings the requests of the operating system in.
pub(super) async fn forward(mut signals: mpsc::Receiver<Signal>, answer: Sender) {
    while let Some(signal) = signals.recv().await {
        match signal {
            Signal::Terminate { .. } => {
                if answer.send(Outside::Terminate).await.is_err() {
                    return;
                }
            }
        }
    }
}
