//! Whether the machine itself stood still: a thread that should wake every 50 ms. Trouble in such a second is not
//! blamed on a sentinel.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

const PERIOD: Duration = Duration::from_millis(50);
/// Less than this is the ordinary life of a busy machine.
const WORTH_KEEPING: Duration = Duration::from_millis(100);

/// All stalls since the start.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stalls(Arc<Mutex<Vec<(Instant, Duration)>>>);

impl Stalls {
    /// Starts to measure, for as long as the program lives.
    pub(crate) fn measure() -> Stalls {
        let stalls = Stalls::default();
        let kept = stalls.clone();
        std::thread::spawn(move || {
            let mut before = Instant::now();
            loop {
                std::thread::sleep(PERIOD);
                let now = Instant::now();
                let late = now.duration_since(before).saturating_sub(PERIOD);
                if late >= WORTH_KEEPING {
                    kept.0.lock().unwrap_or_else(PoisonError::into_inner).push((now, late));
                }
                before = now;
            }
        });
        stalls
    }

    /// The longest since `start`.
    pub(crate) fn worst_since(&self, start: Instant) -> Duration {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().filter(|(at, _)| *at >= start).map(|(_, late)| *late).max().unwrap_or_default()
    }
}
