//! A subscriber that keeps every event with its time.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::conn::{Conn, FrameExt};

/// One published event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// when it arrived here
    pub at: Instant,
    /// such as `+switch-master`
    pub channel: String,
    /// such as `mymaster 127.0.0.1 6379 127.0.0.1 6380`
    pub text: String,
}

#[derive(Debug, Default)]
struct Shared {
    events: Mutex<Vec<Event>>,
    changed: Condvar,
}

/// Collects everything a sentinel publishes from [`Recorder::attach`] on. Stops when the sentinel closes the
/// connection or ends; what was collected stays.
#[derive(Debug, Clone)]
pub struct Recorder {
    shared: Arc<Shared>,
    since: Instant,
}

impl Recorder {
    /// Subscribes to everything at a sentinel; subscribed when this returns.
    ///
    /// # Panics
    /// When the sentinel cannot be subscribed to.
    pub fn attach(port: u16) -> Recorder {
        Recorder::with(Conn::to(port))
    }

    /// As [`Recorder::attach`] on a connection that is, for example, authenticated already.
    ///
    /// # Panics
    /// When the sentinel refuses PSUBSCRIBE.
    pub fn with(mut conn: Conn) -> Recorder {
        let reply = conn.cmd("PSUBSCRIBE *");
        assert!(!reply.is_error(), "PSUBSCRIBE refused: {}", reply.text());
        let recorder = Recorder { shared: Arc::default(), since: Instant::now() };
        let shared = Arc::clone(&recorder.shared);
        std::thread::spawn(move || collect(&mut conn, &shared));
        recorder
    }

    /// Everything so far, oldest first.
    pub fn events(&self) -> Vec<Event> {
        self.shared.events.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The channels of everything so far, oldest first.
    pub fn channels(&self) -> Vec<String> {
        self.events().into_iter().map(|event| event.channel).collect()
    }

    /// The first event, past or future, that `wanted` accepts, waiting until `deadline` for it.
    ///
    /// # Panics
    /// When none comes, printing what came instead.
    pub fn wait_for(&self, deadline: Duration, what: &str, wanted: impl Fn(&Event) -> bool) -> Event {
        let end = Instant::now() + deadline;
        let mut events = self.shared.events.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(event) = events.iter().find(|event| wanted(event)) {
                return event.clone();
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                drop(events);
                panic!("no event within {deadline:?}: {what}; came instead:\n{}", self.show());
            }
            let waited = self.shared.changed.wait_timeout(events, left);
            events = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// As [`Recorder::wait_for`] for the first event on `channel`.
    ///
    /// # Panics
    /// As [`Recorder::wait_for`].
    pub fn wait_channel(&self, deadline: Duration, channel: &str) -> Event {
        self.wait_for(deadline, channel, |event| event.channel == channel)
    }

    /// All events as text, with milliseconds since the recorder was attached.
    pub fn show(&self) -> String {
        let line = |event: &Event| {
            let ms = event.at.duration_since(self.since).as_millis();
            format!("{ms:>7} {} {}", event.channel, event.text)
        };
        self.events().iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

fn collect(conn: &mut Conn, shared: &Shared) {
    // A day stands for "for ever": the connection ends with the sentinel.
    while let Ok(reply) = conn.read_within(Duration::from_secs(86_400)) {
        let items = reply.frame.items();
        if let [kind, _pattern, channel, text] = items.as_slice() {
            if kind.text() == "pmessage" {
                let event = Event { at: Instant::now(), channel: channel.text(), text: text.text() };
                shared.events.lock().unwrap_or_else(PoisonError::into_inner).push(event);
                shared.changed.notify_all();
            }
        }
    }
}
