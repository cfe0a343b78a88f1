//! A client that never stops writing: it asks the sentinels for the master, as clients do, counts upwards in one
//! key, and reports each write that was acknowledged. The gap in its reports is the outage.

use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::client::{ask, connect};
use super::{Feed, GROUP};
use crate::ask::{Conn, texts};

/// The key it counts in.
const KEY: &str = "watchkeeper:demo";

/// Between two writes, and between two questions for the master: also the resolution of what it measures.
const PAUSE: Duration = Duration::from_millis(5);

/// One write that a server acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Write {
    /// when the answer came
    pub(super) at: Instant,
    /// the server's port
    pub(super) port: u16,
    /// the number written; every one is larger than the one before
    pub(super) number: u64,
}

/// Writes until nobody listens to its reports any more.
pub(super) fn run(sentinels: &[u16], reports: &Sender<Feed>) {
    let mut number = 0;
    for sentinel in sentinels.iter().cycle() {
        if let Ok((mut client, port, held)) = find_master(*sentinel) {
            if reports.send(Feed::Found { port, number: held }).is_err() {
                return;
            }
            loop {
                number += 1;
                if client.call(&["SET", KEY, &number.to_string()]).is_err() {
                    break;
                }
                if reports.send(Feed::Write(Write { at: Instant::now(), port, number })).is_err() {
                    return;
                }
                std::thread::sleep(PAUSE);
            }
        }
        std::thread::sleep(PAUSE);
    }
}

/// The master that this sentinel names, if it agrees that it is one, and the number it holds.
fn find_master(sentinel: u16) -> Result<(Conn, u16, u64)> {
    let address = texts(&ask(sentinel, &["SENTINEL", "GET-MASTER-ADDR-BY-NAME", GROUP])?);
    let Some(port) = address.get(1).and_then(|port| port.parse().ok()) else {
        bail!("the sentinel knows no master");
    };
    let mut client = connect(port)?;
    if texts(&client.call(&["ROLE"])?).first().map(String::as_str) != Some("master") {
        bail!("`{port}` is no master");
    }
    let held = client.call_text(&["GET", KEY])?.parse().unwrap_or(0);
    Ok((client, port, held))
}
