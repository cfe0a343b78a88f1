//! Clients of thousands of groups: they learn of `+switch-master` at a sentinel, ask it for the group's address and write
//! there. A thread for each sentinel does that for all groups, many at once, so that it is not the clients that are slow.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use watchkeeper_conformance::{Conn, FrameExt};

use crate::stat::millis;

/// All groups that are not back are asked for so often: a message may be missed.
const ASK_ALL: Duration = Duration::from_secs(1);
/// Until a write is tried again that was not taken.
const RETRY: Duration = Duration::from_millis(2);
/// So many at once.
const BATCH: usize = 50;
/// A sentinel or a server that says nothing for so long is asked again later.
const PATIENCE: Duration = Duration::from_secs(5);

/// A group: its number, and the port of the master that died.
pub(crate) type Lost = BTreeMap<String, (usize, u16)>;

/// When each group took a write, by its number.
#[derive(Debug, Default)]
pub(crate) struct Back(Mutex<BTreeMap<usize, Instant>>);

impl Back {
    /// A copy of it.
    pub(crate) fn all(&self) -> BTreeMap<usize, Instant> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn is(&self, number: usize) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&number)
    }

    fn set(&self, number: usize) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(number).or_insert_with(Instant::now);
    }
}

/// Looks at one sentinel until all groups are back, or it is too late. `told` has subscribed to `+switch-master` already.
pub(crate) fn follow(
    port: u16,
    told: &mut Conn,
    lost: &Lost,
    back: &Back,
    ask_all_from: Instant,
    until: Instant,
) {
    let mut asking = None;
    let mut open: BTreeSet<&str> = BTreeSet::new();
    let mut asked_all = ask_all_from;
    while Instant::now() < until && back.all().len() < lost.len() {
        // The first message is waited for, those behind it are taken along.
        let mut wait = if open.is_empty() { millis(20) } else { RETRY };
        while let Ok(message) = told.read_within(wait) {
            let text = message.frame.items().get(2).map(FrameExt::text).unwrap_or_default();
            let name = text.split(' ').next().unwrap_or_default();
            open.extend(lost.get_key_value(name).map(|(name, _)| name.as_str()));
            wait = Duration::from_micros(50);
        }
        if Instant::now() > asked_all + ASK_ALL {
            asked_all = Instant::now();
            open.extend(lost.keys().map(String::as_str));
        }
        open.retain(|name| !back.is(lost[*name].0));
        let names: Vec<&str> = open.iter().copied().collect();
        for batch in names.chunks(BATCH) {
            if asking.is_none() {
                asking = Conn::open(port).ok();
            }
            let Some(conn) = &mut asking else { continue };
            conn.set_timeout(PATIENCE);
            match named(conn, batch, lost) {
                Ok(masters) => write(&masters, back),
                Err(_) => asking = None,
            }
        }
    }
}

/// The groups with another master than the one that died, and its port.
fn named(conn: &mut Conn, batch: &[&str], lost: &Lost) -> std::io::Result<Vec<(usize, u16)>> {
    for name in batch {
        conn.send(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", name])?;
    }
    let mut masters = Vec::new();
    for name in batch {
        let (number, old) = lost[*name];
        let port = conn.read()?.frame.items().get(1).and_then(FrameExt::int);
        let port = port.and_then(|port| u16::try_from(port).ok()).filter(|port| *port != old);
        masters.extend(port.map(|port| (number, port)));
    }
    Ok(masters)
}

fn write(masters: &[(usize, u16)], back: &Back) {
    let mut sent = Vec::new();
    for (number, port) in masters {
        let conn = Conn::open(*port).and_then(|mut conn| conn.send(&["SET", "bench", "1"]).map(|()| conn));
        sent.extend(conn.ok().map(|conn| (*number, conn)));
    }
    for (number, mut conn) in sent {
        if conn.read_within(PATIENCE).is_ok_and(|reply| reply.frame.text() == "OK") {
            back.set(number);
        }
    }
}
