//! Where a time stands in a picture. One scale for all of it, so that lengths can be compared; long silences before and
//! after the outage are cut out, and the cut is shown.

use super::super::incident::At;

/// Pixels that a cut takes.
const CUT_PX: f64 = 54.0;
/// Between two times written on the axis, at least.
const TICK_PX: f64 = 74.0;
/// Cuts in one picture; more silences than that are shown in full length.
const CUTS_MAX: usize = 6;

/// A stretch without cuts.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    from: At,
    to: At,
    left: f64,
    right: f64,
}

/// Times to pixels.
#[derive(Debug)]
pub(super) struct Axis {
    stretches: Vec<Stretch>,
    zero: At,
}

/// A silence that is left out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cut {
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) ms: i64,
}

impl Axis {
    /// An axis from the first to the last of these times, which must be in order, between two places. Nothing is cut
    /// from the outage. Times on it count from `zero`.
    pub(super) fn new(times: &[At], outage: (At, At), zero: At, left: f64, right: f64) -> Axis {
        let (first, last) = (times.first().copied().unwrap_or(zero), times.last().copied().unwrap_or(zero));
        let usual = (outage.1 - outage.0).max(1000) / 2;
        let mut gaps: Vec<(At, At)> = times
            .windows(2)
            .map(|pair| (pair[0], pair[1]))
            .filter(|(from, to)| to - from > 2 * usual && (*to <= outage.0 || *from >= outage.1))
            .collect();
        if gaps.len() > CUTS_MAX {
            gaps.sort_by_key(|(from, to)| from - to);
            gaps.truncate(CUTS_MAX);
            gaps.sort_unstable();
        }
        let edge = usual / 4;
        let mut parts = Vec::new();
        let mut from = first;
        for (silent, again) in &gaps {
            parts.push((from, silent + edge));
            from = again - edge;
        }
        parts.push((from, last.max(from + 1)));
        let shown: i64 = parts.iter().map(|(from, to)| to - from).sum();
        let per_ms = (right - left - CUT_PX * gaps.len() as f64) / shown.max(1) as f64;
        let mut at = left;
        let stretch = |(from, to): (At, At)| {
            let width = (to - from) as f64 * per_ms;
            let stretch = Stretch { from, to, left: at, right: at + width };
            at += width + CUT_PX;
            stretch
        };
        Axis { stretches: parts.into_iter().map(stretch).collect(), zero }
    }

    /// Where a time stands; times beyond the ends stand at the ends.
    pub(super) fn x(&self, at: At) -> f64 {
        let before = self.stretches.iter().rev().find(|stretch| stretch.from <= at);
        let Some(stretch) = before.or(self.stretches.first()) else { return 0.0 };
        let share = (at - stretch.from) as f64 / (stretch.to - stretch.from).max(1) as f64;
        stretch.left + share.clamp(0.0, 1.0) * (stretch.right - stretch.left)
    }

    pub(super) fn cuts(&self) -> impl Iterator<Item = Cut> {
        self.stretches.windows(2).map(|pair| Cut {
            left: pair[0].right,
            right: pair[1].left,
            ms: pair[1].from - pair[0].to,
        })
    }

    /// Between these places the widest part that no cut hides.
    pub(super) fn widest(&self, left: f64, right: f64) -> (f64, f64) {
        let parts = self.stretches.iter().map(|stretch| (stretch.left.max(left), stretch.right.min(right)));
        parts.max_by(|a, b| (a.1 - a.0).total_cmp(&(b.1 - b.0))).unwrap_or((left, right))
    }

    /// Round times to be written: where, and how far from zero.
    pub(super) fn ticks(&self) -> Vec<(f64, i64)> {
        let per_ms = self.stretches.first().map_or(1.0, |stretch| {
            (stretch.right - stretch.left) / (stretch.to - stretch.from).max(1) as f64
        });
        let step = STEPS.into_iter().find(|step| *step as f64 * per_ms >= TICK_PX).unwrap_or(604_800_000);
        let mut ticks: Vec<(f64, i64)> = Vec::new();
        for stretch in &self.stretches {
            let mut at = (stretch.from - self.zero).div_euclid(step) * step;
            while self.zero + at <= stretch.to {
                let x = self.x(self.zero + at);
                let fits = ticks.last().is_none_or(|(before, _)| x - before >= TICK_PX * 0.8);
                if self.zero + at >= stretch.from && fits {
                    ticks.push((x, at));
                }
                at += step;
            }
        }
        ticks
    }
}

/// Distances between times on the axis, in ms: round ones.
const STEPS: [i64; 26] = [
    1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000,
    600_000, 900_000, 1_800_000, 3_600_000, 7_200_000, 21_600_000, 43_200_000, 86_400_000,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_never_cut() {
        let axis = Axis::new(&[0, 10, 9000, 10_000], (0, 10_000), 0, 100.0, 1100.0);
        assert_eq!(axis.cuts().count(), 0);
        assert_eq!((axis.x(0), axis.x(5000), axis.x(10_000)), (100.0, 600.0, 1100.0));
        assert_eq!((axis.x(-50), axis.x(20_000)), (100.0, 1100.0));
        let ticks: Vec<i64> = axis.ticks().into_iter().map(|(_, ms)| ms).collect();
        assert_eq!(ticks, [0, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000, 10_000]);
    }

    #[test]
    fn long_silences_are_cut_and_told() {
        let axis = Axis::new(&[0, 500, 1000, 601_000], (0, 1000), 0, 0.0, 1000.0);
        let cuts: Vec<i64> = axis.cuts().map(|cut| cut.ms).collect();
        assert_eq!(cuts, [600_000 - 2 * 125]);
        assert!(axis.x(1000) > 700.0 && axis.x(601_000) == 1000.0);
        // In a cut there is one place.
        assert_eq!(axis.x(100_000), axis.x(300_000));
    }

    #[test]
    fn one_moment_is_an_axis_too() {
        let axis = Axis::new(&[7], (7, 7), 7, 0.0, 100.0);
        assert!(axis.x(7).is_finite() && !axis.ticks().is_empty());
        assert!(Axis::new(&[], (0, 0), 0, 0.0, 100.0).x(3).is_finite());
    }

    #[test]
    fn many_silences_do_not_eat_the_picture() {
        let times: Vec<At> = (0..100).map(|at| at * 100_000).collect();
        let axis = Axis::new(&times, (0, 1), 0, 0.0, 1000.0);
        assert_eq!(axis.cuts().count(), CUTS_MAX);
        assert!(axis.ticks().len() < 30);
    }
}
