//! Percentiles, and times as numbers.

use std::time::{Duration, Instant};

/// Milliseconds of a duration.
pub(crate) fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Milliseconds from one instant to another, negative when it was before.
pub(crate) fn ms_between(from: Instant, to: Instant) -> f64 {
    if to >= from { ms(to - from) } else { -ms(from - to) }
}

/// So many milliseconds.
pub(crate) fn millis(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A set of measured values.
#[derive(Debug, Clone, Default)]
pub(crate) struct Values(Vec<f64>);

impl Values {
    /// What is left after values that are not there are dropped.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Values {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        Values(values)
    }

    /// How many.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// The smallest value that so many per cent of the values do not exceed.
    pub(crate) fn percentile(&self, percent: usize) -> Option<f64> {
        let rank = (self.0.len() * percent).div_ceil(100).max(1);
        self.0.get(rank - 1).copied()
    }

    /// All together.
    pub(crate) fn sum(&self) -> f64 {
        self.0.iter().sum()
    }

    /// The value in the middle.
    pub(crate) fn median(&self) -> Option<f64> {
        self.percentile(50)
    }

    /// The smallest.
    pub(crate) fn min(&self) -> Option<f64> {
        self.0.first().copied()
    }

    /// The largest.
    pub(crate) fn max(&self) -> Option<f64> {
        self.0.last().copied()
    }

    /// For people.
    pub(crate) fn show(&self) -> String {
        let text = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.1}"));
        let (least, middle) = (text(self.min()), text(self.median()));
        format!(
            "{middle} ({least} to {}, p99 {}; {} runs)",
            text(self.max()),
            text(self.percentile(99)),
            self.count()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let values = Values::of((1..=100).rev().map(f64::from));
        assert_eq!(values.median(), Some(50.0));
        assert_eq!(values.percentile(99), Some(99.0));
        assert_eq!(values.max(), Some(100.0));
        assert_eq!(Values::of([3.0, 1.0]).median(), Some(1.0));
        assert_eq!(Values::of([]).percentile(99), None);
    }
}
