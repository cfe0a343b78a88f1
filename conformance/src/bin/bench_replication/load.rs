//! The client that writes at a steady pace, and the one that looks how long a write is on its way.

use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use watchkeeper_conformance::{Conn, Daemon, FrameExt};

/// The length of a value. Each goes to a key of its own.
pub(crate) const VALUE_BYTES: usize = 10_000;
/// Values a second: 10 MB.
const VALUES_A_SECOND: u32 = 1_000;
/// Between two looks at the last replica.
const LOOK: Duration = Duration::from_micros(200);
/// Between two writes whose way is looked at.
const PAUSE: Duration = Duration::from_millis(20);
/// A write that takes longer than this never comes.
const LOST: Duration = Duration::from_secs(60);

/// A thread that writes.
pub(crate) struct Writer {
    thread: JoinHandle<()>,
}

impl Writer {
    /// Begins to write so many values.
    pub(crate) fn start(master: &Daemon, values: usize) -> Writer {
        let mut conn = master.conn();
        Writer { thread: std::thread::spawn(move || write(&mut conn, values)) }
    }

    /// Whether all of them are acknowledged.
    pub(crate) fn is_done(&self) -> bool {
        self.thread.is_finished()
    }

    /// Ends it.
    pub(crate) fn join(self) {
        self.thread.join().expect("the writer has written");
    }
}

fn write(conn: &mut Conn, values: usize) {
    let began = Instant::now();
    let mut seed = 0x9e37_79b9_7f4a_7c15;
    for (number, at) in (0..values).zip(0_u32..) {
        // The pace of the writer, not a wait for somebody.
        let due = began + Duration::from_secs(1) * at / VALUES_A_SECOND;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let reply = conn.call(&[b"SET".to_vec(), format!("value:{number}").into_bytes(), noise(&mut seed)]);
        assert_eq!(reply.text(), "OK", "{}", reply.show());
    }
}

/// Bytes that no compression makes shorter.
fn noise(seed: &mut u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(VALUE_BYTES);
    while bytes.len() < VALUE_BYTES {
        *seed ^= *seed << 13;
        *seed ^= *seed >> 7;
        *seed ^= *seed << 17;
        bytes.extend_from_slice(&seed.to_le_bytes());
    }
    bytes.truncate(VALUE_BYTES);
    bytes
}

/// How long writes were on their way to the last replica.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lag {
    times: Vec<Duration>,
}

impl Lag {
    /// Takes more of them.
    pub(crate) fn add(&mut self, more: &Lag) {
        self.times.extend_from_slice(&more.times);
    }

    /// Milliseconds that half of them took at most.
    pub(crate) fn median_ms(&self) -> f64 {
        let mut sorted = self.times.clone();
        sorted.sort_unstable();
        sorted.get(sorted.len() / 2).map_or(0.0, |time| time.as_secs_f64() * 1e3)
    }

    /// Milliseconds the slowest took.
    pub(crate) fn worst_ms(&self) -> f64 {
        self.times.iter().max().map_or(0.0, |time| time.as_secs_f64() * 1e3)
    }
}

/// Writes again and again, and looks each time until the last replica has it.
pub(crate) fn lag_for(master: &Daemon, last: &Daemon, how_long: Duration) -> Lag {
    let (mut master, mut last) = (master.conn(), last.conn());
    let until = Instant::now() + how_long;
    let mut lag = Lag::default();
    for number in 0_u64.. {
        if Instant::now() >= until {
            break;
        }
        // Never the same text as in an earlier call.
        let mark = format!("{number} before {until:?}");
        master.call(&["SET", "mark", &mark]);
        let written = Instant::now();
        while last.call(&["GET", "mark"]).text() != mark {
            assert!(written.elapsed() < LOST, "a write has not come within {LOST:?}");
            std::thread::sleep(LOOK);
        }
        lag.times.push(written.elapsed());
        std::thread::sleep(PAUSE);
    }
    lag
}
