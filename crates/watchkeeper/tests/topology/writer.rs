//! The client that writes all the time, as a client of sentinels does: it asks one for the master, and the next one when the
//! master fails it. Numbers go into a set, each one tried once; which were acknowledged is kept.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::client::{Client, ask, items, text};
use crate::group::NAME;

/// Between two writes.
const PACE: Duration = Duration::from_millis(5);
/// Between two attempts to find a master.
const SEARCH: Duration = Duration::from_millis(100);

/// The thread that writes. Ends when it is dropped.
pub(crate) struct Writer {
    acknowledged: Arc<Mutex<Acknowledged>>,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Acknowledged {
    since_taken: Vec<u64>,
    count: usize,
}

impl Writer {
    /// Begins to write, to the master that these sentinels name.
    pub(crate) fn start(sentinels: Vec<String>) -> Writer {
        let acknowledged = Arc::new(Mutex::new(Acknowledged::default()));
        let (stop, stopped) = channel();
        let theirs = Arc::clone(&acknowledged);
        let thread = std::thread::spawn(move || work(&sentinels, &theirs, &stopped));
        Writer { acknowledged, stop: Some(stop), thread: Some(thread) }
    }

    /// The numbers acknowledged since this was last asked.
    pub(crate) fn take(&self) -> Vec<u64> {
        std::mem::take(&mut self.acknowledged.lock().unwrap().since_taken)
    }

    /// How many were acknowledged in all.
    pub(crate) fn count(&self) -> usize {
        self.acknowledged.lock().unwrap().count
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

fn work(sentinels: &[String], acknowledged: &Mutex<Acknowledged>, stopped: &Receiver<()>) {
    let mut master: Option<Client> = None;
    let mut asked = 0;
    for number in 1_u64.. {
        let pace = if master.is_some() { PACE } else { SEARCH };
        if stopped.recv_timeout(pace) != Err(RecvTimeoutError::Timeout) {
            return;
        }
        let Some(client) = &mut master else {
            asked += 1;
            master = find(&sentinels[asked % sentinels.len()]);
            continue;
        };
        match client.call(&["SADD", "written", &number.to_string()]) {
            Ok(_) => {
                let mut acknowledged = acknowledged.lock().unwrap();
                acknowledged.since_taken.push(number);
                acknowledged.count += 1;
            }
            Err(_) => master = None,
        }
    }
}

fn find(sentinel: &str) -> Option<Client> {
    let answer = ask(sentinel, &["SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME]).ok()?;
    let words: Vec<String> = items(&answer).iter().map(text).collect();
    Client::connect(&format!("{}:{}", words.first()?, words.get(1)?)).ok()
}
