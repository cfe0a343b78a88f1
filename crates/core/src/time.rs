//! The two clocks. Both are inputs: nothing in this crate reads a clock.
//!
//! [`Mono`] decides; [`Unix`] goes on the wire, into logs and into the wall-clock half of TILT.

use std::ops::Add;

/// Milliseconds of a clock that never goes back. Its zero means nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Mono(pub u64);

impl Mono {
    /// Milliseconds from `earlier` to `self`; 0 when `earlier` is later.
    pub fn since(self, earlier: Mono) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<u64> for Mono {
    type Output = Mono;
    fn add(self, ms: u64) -> Mono {
        Mono(self.0.saturating_add(ms))
    }
}

/// Microseconds since 1970 by the wall clock, which may jump.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Unix(pub i64);

impl Unix {
    /// Whole milliseconds since 1970.
    pub fn ms(self) -> i64 {
        self.0.div_euclid(1000)
    }
    /// Whole seconds since 1970.
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }
}

/// The time of a step, read once by the shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Now {
    /// for every decision
    pub mono: Mono,
    /// for people and the wire
    pub unix: Unix,
}
