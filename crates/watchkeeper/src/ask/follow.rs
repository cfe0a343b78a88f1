//! Following the events of all sentinels of a deployment: one thread a sentinel, which subscribes, asks whom else to
//! follow, and begins again when its connection ends. What is heard goes into one channel, in the order it came.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use watchkeeper_resp::Frame;

use super::conn::{Conn, Failure, cut};
use super::endpoint::Endpoint;
use super::fields::{Fields, text};
use super::picture::{SENTINELS_MAX, place};
use super::reach::Reach;

/// Between two looks at whether anybody still listens.
const LOOK: Duration = Duration::from_millis(100);
/// After a connection ended, before the next is tried.
const PAUSE: Duration = Duration::from_millis(500);
/// A sentinel that said nothing for so long is asked whether it is there.
const QUIET: Duration = Duration::from_secs(2);
/// More than any event with all around it.
const FRAME_BYTES_MAX: usize = 64 << 10;
/// Bytes of an event's payload that are kept; a real one has some hundred.
const PAYLOAD_BYTES_MAX: usize = 4 << 10;
/// Bytes of an event's name; one with a longer name is none.
const NAME_BYTES_MAX: usize = 256;

/// What was heard.
#[derive(Debug, Clone)]
pub struct Heard {
    /// at which sentinel
    pub sentinel: Endpoint,
    /// when, for counting
    pub at: Instant,
    /// when, in milliseconds since 1970
    pub unix_ms: u64,
    /// what
    pub what: What,
}

/// What can be heard of a sentinel.
#[derive(Debug, Clone)]
pub enum What {
    /// the subscription stands: from here on nothing is missed
    Connected,
    /// it can't be heard, for this reason; said once until it is heard again
    Lost(Failure),
    /// an event
    Event {
        /// its name, such as `+sdown`
        name: String,
        /// what follows the name
        payload: String,
    },
}

/// Everybody who is followed. Dropping it ends the threads.
#[derive(Debug)]
pub struct Followers {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    reach: Reach,
    sender: Mutex<Sender<Heard>>,
    known: Mutex<Known>,
    over: AtomicBool,
}

#[derive(Debug, Default)]
struct Known {
    places: BTreeSet<Endpoint>,
    /// one process can be known by several addresses: it is followed at one
    processes: BTreeMap<String, Endpoint>,
}

impl Followers {
    /// Begins with the sentinels of `reach`, and goes on to those they name.
    pub fn start(reach: &Reach, sender: Sender<Heard>) -> Followers {
        let shared = Arc::new(Shared {
            reach: reach.clone(),
            sender: Mutex::new(sender),
            known: Mutex::default(),
            over: AtomicBool::new(false),
        });
        for at in &reach.sentinels {
            follow(&shared, at.clone());
        }
        Followers { shared }
    }
}

impl Drop for Followers {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::Relaxed);
    }
}

impl Shared {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// Tells it; false: nobody listens any more.
    fn tell(&self, sentinel: &Endpoint, what: What) -> bool {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let unix_ms = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        let heard = Heard { sentinel: sentinel.clone(), at: Instant::now(), unix_ms, what };
        let sent = self.sender.lock().unwrap_or_else(PoisonError::into_inner).send(heard).is_ok();
        if !sent {
            self.over.store(true, Ordering::Relaxed);
        }
        sent
    }
}

fn follow(shared: &Arc<Shared>, at: Endpoint) {
    {
        let mut known = shared.known();
        if known.places.len() >= SENTINELS_MAX || !known.places.insert(at.clone()) {
            return;
        }
    }
    let shared = Arc::clone(shared);
    std::thread::spawn(move || {
        let mut lost = false;
        while !shared.over() {
            match subscription(&shared, &at, &mut lost) {
                Ok(()) => return,
                Err(failure) => {
                    if !std::mem::replace(&mut lost, true) {
                        shared.tell(&at, What::Lost(failure));
                    }
                }
            }
            let again = Instant::now() + PAUSE;
            while Instant::now() < again && !shared.over() {
                std::thread::sleep(LOOK); // so that the end is not waited for
            }
        }
    });
}

/// Until nobody listens, or the same process is followed elsewhere.
fn subscription(shared: &Arc<Shared>, at: &Endpoint, lost: &mut bool) -> Result<(), Failure> {
    let mut conn = shared.reach.sentinel(at)?;
    conn.limit(FRAME_BYTES_MAX);
    conn.send(&["PSUBSCRIBE", "*"])?;
    match conn.receive(shared.reach.patience)? {
        Some(Frame::Error(words) | Frame::BulkError(words)) => return Err(Failure::refused(&words)),
        Some(_) => {}
        None => return Err(Failure::Silent(shared.reach.patience.as_millis())),
    }
    let (process, peers) = introduce(&shared.reach, at)?;
    if !process.is_empty() {
        let mut known = shared.known();
        if known.processes.get(&process).is_some_and(|elsewhere| elsewhere != at) {
            return Ok(());
        }
        known.processes.retain(|_, place| place != at);
        known.processes.insert(process, at.clone());
    }
    *lost = false;
    shared.tell(at, What::Connected);
    peers.into_iter().for_each(|peer| follow(shared, peer));
    listen(shared, at, &mut conn)
}

fn listen(shared: &Arc<Shared>, at: &Endpoint, conn: &mut Conn) -> Result<(), Failure> {
    let mut heard = Instant::now();
    let mut asked = None;
    while !shared.over() {
        let Some(frame) = conn.receive(LOOK)? else {
            // A machine that is gone does not close connections.
            let waits: Option<Duration> = asked.map(|since: Instant| since.elapsed());
            match waits {
                Some(wait) if wait > shared.reach.patience => return Err(Failure::Silent(wait.as_millis())),
                Some(_) => {}
                None if heard.elapsed() > QUIET => {
                    conn.send(&["PING"])?;
                    asked = Some(Instant::now());
                }
                None => {}
            }
            continue;
        };
        heard = Instant::now();
        asked = None;
        let Some((name, payload)) = event(&frame) else { continue };
        if let Some(peer) = new_sentinel(&name, &payload) {
            follow(shared, peer);
        }
        shared.tell(at, What::Event { name, payload });
    }
    Ok(())
}

/// Which process this is, and which sentinels it knows.
fn introduce(reach: &Reach, at: &Endpoint) -> Result<(String, BTreeSet<Endpoint>), Failure> {
    let mut conn = reach.sentinel(at)?;
    let info = Fields::info(&conn.call_text(&["INFO"])?);
    let mut peers = BTreeSet::new();
    for master in Fields::list(&conn.call(&["SENTINEL", "MASTERS"])?) {
        match conn.call(&["SENTINEL", "SENTINELS", master.get("name")]) {
            Ok(list) => peers.extend(Fields::list(&list).iter().filter_map(place)),
            // Removed meanwhile.
            Err(Failure::Refused(_)) => {}
            Err(other) => return Err(other),
        }
    }
    Ok((info.get("run_id").to_owned(), peers))
}

/// Name and payload of a published event, the payload cut.
fn event(frame: &Frame) -> Option<(String, String)> {
    let (Frame::Array(items) | Frame::Push(items)) = frame else { return None };
    match &items[..] {
        [kind, _, name, payload] if text(kind) == "pmessage" => {
            let (name, payload) = (text(name), text(payload));
            // A character has four bytes at most.
            let payload = if payload.len() > PAYLOAD_BYTES_MAX {
                cut(payload, PAYLOAD_BYTES_MAX / 4 - 1)
            } else {
                payload
            };
            (name.len() <= NAME_BYTES_MAX).then_some((name, payload))
        }
        _ => None,
    }
}

/// The sentinel that an event says is new: `sentinel <id> <ip> <port> @ ...`
fn new_sentinel(name: &str, payload: &str) -> Option<Endpoint> {
    let words: Vec<&str> = payload.split(' ').collect();
    match (name, &words[..]) {
        ("+sentinel", ["sentinel", _, host, port, ..]) => {
            port.parse().ok().filter(|port| *port != 0).map(|port| Endpoint::new(*host, port))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_events_are_recognised_and_new_sentinels_in_them() {
        let bulk = |text: &str| Frame::Bulk(text.as_bytes().to_vec());
        let payload = "sentinel abc 10.0.0.9 26379 @ m 10.0.0.1 6379";
        let frame = Frame::Array(vec![bulk("pmessage"), bulk("*"), bulk("+sentinel"), bulk(payload)]);
        let (name, payload) = event(&frame).unwrap();
        assert_eq!(new_sentinel(&name, &payload), Some(Endpoint::new("10.0.0.9", 26379)));
        assert_eq!(new_sentinel("+sdown", &payload), None);
        assert_eq!(event(&Frame::Array(vec![bulk("psubscribe"), bulk("*"), Frame::Integer(1)])), None);
        assert_eq!(event(&Frame::Array(vec![bulk("pong"), bulk("")])), None);
        let of = |name: &str, payload: &str| {
            event(&Frame::Array(vec![bulk("pmessage"), bulk("*"), bulk(name), bulk(payload)]))
        };
        let (_, payload) = of("+sdown", &"错".repeat(9000)).unwrap();
        assert!(payload.len() <= PAYLOAD_BYTES_MAX && payload.ends_with('…'));
        assert_eq!(of("+sdown", &"x".repeat(4096)).unwrap().1.len(), 4096);
        assert_eq!(of(&"x".repeat(9000), ""), None);
    }
}
