//! The client that writes all the time: it asks the sentinels for the master, writes one number after another into a set,
//! and keeps which of them were acknowledged, and how long nothing was.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::compose::Compose;
use super::look::{self, SENTINELS};
use crate::conn::{Conn, FrameExt};

/// Between two writes.
const PACE: Duration = Duration::from_millis(3);
/// Between two attempts to find a master.
const SEARCH: Duration = Duration::from_millis(100);

/// What was written in one situation.
#[derive(Debug, Clone, Default)]
pub struct Written {
    /// the set the numbers are in
    pub key: String,
    /// the numbers acknowledged
    pub acknowledged: Vec<u64>,
    /// the longest time between two acknowledged writes
    pub gap: Duration,
}

#[derive(Debug, Default)]
struct Shared {
    written: Written,
    last: Option<Instant>,
    next: u64,
}

/// The thread that writes. Ends when it is dropped.
#[derive(Debug)]
pub struct Writer {
    shared: Arc<Mutex<Shared>>,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Begins to write.
    pub fn start(compose: &Arc<Compose>) -> Writer {
        let shared = Arc::new(Mutex::new(Shared::default()));
        let (stop, stopped) = channel();
        let (theirs, compose) = (Arc::clone(&shared), Arc::clone(compose));
        let thread = std::thread::spawn(move || work(&compose, &theirs, &stopped));
        Writer { shared, stop: Some(stop), thread: Some(thread) }
    }

    /// Takes what was written so far, and goes on into the set `key`.
    pub fn take(&self, key: &str) -> Written {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = shared.last {
            shared.written.gap = shared.written.gap.max(last.elapsed());
        }
        shared.last = Some(Instant::now());
        std::mem::replace(&mut shared.written, Written { key: key.to_owned(), ..Written::default() })
    }

    /// How many writes were acknowledged in this situation.
    pub fn count(&self) -> usize {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner).written.acknowledged.len()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn work(compose: &Compose, shared: &Mutex<Shared>, stopped: &Receiver<()>) {
    let mut conn = None;
    let mut asked = 0;
    loop {
        let pace = if conn.is_some() { PACE } else { SEARCH };
        match stopped.recv_timeout(pace) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
        }
        conn = match conn.take() {
            Some(mut conn) => write(&mut conn, shared).then_some(conn),
            None => {
                asked += 1;
                find(compose, SENTINELS[asked % SENTINELS.len()])
            }
        };
    }
}

/// One write; false when another master must be looked for.
fn write(conn: &mut Conn, shared: &Mutex<Shared>) -> bool {
    let (key, number) = {
        let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
        shared.next += 1;
        (shared.written.key.clone(), shared.next)
    };
    let answer = conn.try_call(&["SADD", &key, &number.to_string()]);
    if answer.is_ok_and(|answer| answer.int() == Some(1)) {
        let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
        // A write that was under way when the situation ended belongs to none.
        if shared.written.key == key {
            shared.written.acknowledged.push(number);
            let now = Instant::now();
            if let Some(last) = shared.last.replace(now) {
                shared.written.gap = shared.written.gap.max(now - last);
            }
        }
        return true;
    }
    false
}

fn find(compose: &Compose, sentinel: &str) -> Option<Conn> {
    let host = look::master_of(compose, sentinel).ok()?;
    let service = look::SERVERS
        .into_iter()
        .find(|name| *name == host || compose.address(name).is_some_and(|ip| ip.to_string() == host))?;
    let mut conn = look::connect(compose, service).ok()?;
    conn.set_timeout(Duration::from_secs(1));
    Some(conn)
}

/// The acknowledged numbers that the master does not have.
///
/// # Errors
/// It does not answer.
pub fn lost(compose: &Compose, master: &str, written: &Written) -> Result<Vec<u64>, String> {
    let mut conn = look::connect(compose, master)?;
    let members = conn.try_call(&["SMEMBERS", &written.key]).map_err(|error| error.to_string())?;
    let there: std::collections::BTreeSet<u64> =
        members.items().iter().filter_map(|member| member.text().parse().ok()).collect();
    Ok(written.acknowledged.iter().copied().filter(|number| !there.contains(number)).collect())
}
