//! The world's own time, which no process in it can see: each has a clock of its own ([`Clock`]) that drifts and jumps.

use std::fmt;
use std::ops::Add;

use watchkeeper_core::{Mono, Now, Unix};

/// Microseconds since the world began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Time(pub u64);

impl Time {
    /// So many milliseconds after the beginning.
    pub const fn ms(ms: u64) -> Time {
        Time(ms * 1_000)
    }
    /// So many seconds after the beginning.
    pub const fn secs(secs: u64) -> Time {
        Time(secs * 1_000_000)
    }
    /// Microseconds from `earlier` to `self`; 0 when `earlier` is later.
    pub fn since_us(self, earlier: Time) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
    /// Whole milliseconds from `earlier` to `self`; 0 when `earlier` is later.
    pub fn since_ms(self, earlier: Time) -> u64 {
        self.since_us(earlier) / 1_000
    }
}

impl Add<u64> for Time {
    type Output = Time;
    /// Adds microseconds.
    fn add(self, us: u64) -> Time {
        Time(self.0 + us)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>5}.{:06}", self.0 / 1_000_000, self.0 % 1_000_000)
    }
}

/// The clocks of one host: how the world's time looks there.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    /// parts per million by which both clocks run fast (or slow); at most ±100,000
    drift_ppm: i64,
    /// the monotonic clock at the world's beginning, in microseconds
    mono_base_us: u64,
    /// the wall clock at the world's beginning, microseconds since 1970; jumps change it
    unix_base_us: i64,
    /// the furthest it was ever set
    furthest_us: i64,
}

/// 2023-11-14, what every wall clock shows at the beginning.
const UNIX_START_US: i64 = 1_700_000_000_000_000;

impl Clock {
    /// A clock that runs `drift_ppm` parts per million fast and whose monotonic part begins at `uptime_ms`.
    pub fn new(drift_ppm: i64, uptime_ms: u64) -> Clock {
        assert!(drift_ppm.abs() <= 100_000, "a drift of {drift_ppm} ppm is beyond ±100,000");
        Clock {
            drift_ppm,
            mono_base_us: uptime_ms * 1_000,
            unix_base_us: UNIX_START_US,
            furthest_us: UNIX_START_US,
        }
    }

    /// What the clocks show.
    pub fn read(&self, at: Time) -> Now {
        let local = self.local_us(at);
        let mono = Mono((self.mono_base_us + local) / 1_000);
        Now { mono, unix: Unix(self.unix_base_us + local as i64) }
    }

    /// The first moment at which the monotonic clock shows `mono` or later.
    pub fn when(&self, mono: Mono) -> Time {
        let local = mono.0.saturating_mul(1_000).saturating_sub(self.mono_base_us);
        let rate = (1_000_000 + self.drift_ppm) as u128;
        let at = (u128::from(local) * 1_000_000).div_ceil(rate);
        Time(u64::try_from(at).unwrap_or(u64::MAX))
    }

    /// Sets the wall clock forward (or back) by so many milliseconds.
    pub fn jump(&mut self, ms: i64) {
        self.unix_base_us += ms * 1_000;
        self.furthest_us = self.furthest_us.max(self.unix_base_us);
    }

    /// Sets the wall clock to the furthest it has ever shown.
    pub fn catch_up(&mut self) {
        self.unix_base_us = self.furthest_us;
    }

    fn local_us(&self, at: Time) -> u64 {
        let rate = (1_000_000 + self.drift_ppm) as u128;
        (u128::from(at.0) * rate / 1_000_000) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wake_is_never_early_and_never_a_millisecond_late() {
        for drift in [-100_000, -37, 0, 1, 500, 100_000] {
            let clock = Clock::new(drift, 12_345);
            for mono in [12_345, 12_346, 20_000, 99_999_999] {
                let at = clock.when(Mono(mono));
                assert!(clock.read(at).mono >= Mono(mono), "woken early at drift {drift}");
                assert!(at.0 == 0 || clock.read(Time(at.0 - 2)).mono < Mono(mono), "woken late");
            }
        }
    }
}
