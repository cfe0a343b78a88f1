//! The two clocks of a step, read here and nowhere else on thread `sentinel`.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use watchkeeper_core::{Mono, Now, Unix};

/// Turns the system's clocks into [`Now`]. The monotonic one goes on while the process is stopped: a stall must be seen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    zero: Instant,
}

/// Where [`Mono`] begins. Above zero, so that "long ago" can be said of a fresh process.
const MONO_BEGINS_MS: u64 = 1 << 32;

impl Clock {
    pub(super) fn start() -> Clock {
        Clock { zero: Instant::now() }
    }

    pub(super) fn now(&self) -> Now {
        let ms = u64::try_from(self.zero.elapsed().as_millis()).unwrap_or(u64::MAX);
        let unix = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_micros()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_micros()).map_or(i64::MIN, |us| -us),
        };
        Now { mono: Mono(MONO_BEGINS_MS + ms), unix: Unix(unix) }
    }

    /// The instant at which [`Mono`] reaches `at`.
    pub(super) fn instant(&self, at: Mono) -> Instant {
        // A deadline may be "never"; a year is as good and cannot overflow.
        const YEAR_MS: u64 = 365 * 24 * 3600 * 1000;
        let ms = at.0.saturating_sub(MONO_BEGINS_MS);
        let now = u64::try_from(self.zero.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.zero + Duration::from_millis(ms.min(now.saturating_add(YEAR_MS)))
    }
}
