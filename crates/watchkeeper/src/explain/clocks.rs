//! How far the clocks of several logs are apart, judged by what must have come before what: a vote is given after it was
//! asked for and before it is counted; a configuration is taken over after the promotion. A clock is corrected only if
//! what it shows cannot be, so that no difference is invented.

use std::collections::BTreeSet;

use watchkeeper_core::event::EventKind;

use super::said::{Event, Said, Subject};
use super::source::Entry;
use super::turns;

/// Moments remembered of each log.
const MOMENTS_MAX: usize = 500;
/// Clocks further apart than this may be found by what both saw at about the same time.
const LOOSE_MS: i64 = 10_000;

/// No two clocks are further apart: time zones are at most 26 hours. What is, was another failover in the same epoch.
const APART_MS: i64 = 26 * 3_600_000;
/// Time zones differ by multiples of this.
const QUARTER_MS: i64 = 15 * 60_000;

/// What a log says that others speak of too.
#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    Vote { candidate: String, epoch: u64 },
    Voted { voter: String, candidate: String, epoch: u64 },
    Promoted { group: String },
    Updated { group: String, leader: String },
    Down { group: String, master: String },
    Switch { group: String, to: String },
}

/// The moments of one log.
#[derive(Debug, Default)]
pub(super) struct Moments {
    /// ids of the sentinels that speak in it
    ids: BTreeSet<String>,
    /// the last candidacy is waiting for its own vote
    trying: bool,
    all: Vec<(i64, What)>,
    /// the first time zone, if there is one
    pub(super) zone: Option<i16>,
    /// whether it has times at all
    pub(super) timed: bool,
    /// the first epoch that it enters, if it has no times
    pub(super) entered: Option<u64>,
}

impl Moments {
    /// Takes an entry of the log.
    pub(super) fn take(&mut self, entry: &Entry) {
        let Some(at) = entry.at else {
            self.entered = self.entered.or_else(|| turns::entered(entry));
            return;
        };
        if !self.timed {
            (self.timed, self.zone) = (true, entry.zone);
        }
        let what = match &entry.said {
            Said::Id(id) => {
                self.ids.insert(id.clone());
                None
            }
            Said::Voted { voter, candidate, epoch } => {
                Some(What::Voted { voter: voter.clone(), candidate: candidate.clone(), epoch: *epoch })
            }
            Said::Event(event) => self.event(event),
            Said::Port(_)
            | Said::Maker(_)
            | Said::Waits(_)
            | Said::Asked(_)
            | Said::Started
            | Said::Stopped
            | Said::Reason { .. }
            | Said::TiltCause(_)
            | Said::NotSaved
            | Said::Unresolved(_) => None,
        };
        if let Some(what) = what.filter(|_| self.all.len() < MOMENTS_MAX) {
            self.all.push((at, what));
        }
    }

    fn event(&mut self, event: &Event) -> Option<What> {
        let group = event.group.clone();
        if event.kind == EventKind::TryFailover {
            self.trying = true;
            return None;
        }
        if event.kind == EventKind::VoteForLeader {
            let candidate = event.detail.first()?.clone();
            if std::mem::take(&mut self.trying) {
                self.ids.insert(candidate.clone());
            }
            return Some(What::Vote { candidate, epoch: event.detail.get(1)?.parse().ok()? });
        }
        if event.kind == EventKind::PromotedSlave {
            return Some(What::Promoted { group });
        }
        if event.kind == EventKind::SwitchMaster {
            return Some(What::Switch { group, to: event.detail.get(1)?.clone() });
        }
        match &event.subject {
            Subject::Sentinel { id, .. } if event.kind == EventKind::ConfigUpdateFrom => {
                Some(What::Updated { group, leader: id.clone() })
            }
            Subject::Master(master) if event.kind == EventKind::SubjectivelyDown => {
                Some(What::Down { group, master: master.clone() })
            }
            Subject::Sentinel { .. } | Subject::Master(_) | Subject::Replica(_) | Subject::Nobody => None,
        }
    }

    /// Times by Greenwich instead of by the wall, if wanted.
    pub(super) fn by_greenwich(&mut self, wanted: bool) {
        let east = i64::from(self.zone.filter(|_| wanted).unwrap_or(0)) * 60_000;
        self.all.iter_mut().for_each(|(at, _)| *at = at.saturating_sub(east));
    }

    pub(super) fn ids(&self) -> &BTreeSet<String> {
        &self.ids
    }

    /// Takes what another part of the same log has.
    pub(super) fn join(&mut self, other: Moments) {
        self.ids.extend(other.ids);
        self.all.extend(other.all);
        self.all.truncate(MOMENTS_MAX);
        (self.zone, self.timed) = (self.zone.or(other.zone), self.timed || other.timed);
    }

    fn is(&self, id: &str) -> bool {
        self.ids.contains(id)
    }
}

/// What the difference of two clocks can be, in ms.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    least: i64,
    most: i64,
}

/// How far each clock is ahead of the first, in ms.
pub(super) fn differences(logs: &[Moments]) -> Vec<i64> {
    let mut known: Vec<Option<i64>> = vec![None; logs.len()];
    if let Some(first) = known.first_mut() {
        *first = Some(0);
    }
    for judge in [certain, loose] {
        // Each round finds at least one more, or ends.
        loop {
            let found = (0..logs.len()).filter(|at| known[*at].is_none()).find_map(|at| {
                let by = |other: usize| Some(known[other]? + judge(&logs[other], &logs[at])?);
                (0..logs.len()).find_map(by).map(|difference| (at, difference))
            });
            let Some((at, difference)) = found else { break };
            known[at] = Some(difference);
        }
    }
    known.into_iter().map(|difference| difference.unwrap_or(0)).collect()
}

/// How far `b` is ahead of `a`, if what must come first bounds it from both sides.
fn certain(a: &Moments, b: &Moments) -> Option<i64> {
    let mut bounds = Bounds { least: i64::MIN, most: i64::MAX };
    // In `b` after `a`: b - a is the difference at most. In `a` after `b`: at least.
    for gap in gaps(a, b) {
        bounds.most = bounds.most.min(gap);
    }
    for gap in gaps(b, a) {
        bounds.least = bounds.least.max(-gap);
    }
    // Bounds that contradict each other come of epochs used twice: they say nothing.
    if bounds.least == i64::MIN || bounds.most == i64::MAX || bounds.least > bounds.most {
        return None;
    }
    let middle = bounds.least + (bounds.most - bounds.least) / 2;
    // Whole quarters of an hour are another time zone, and 0 is the same clock.
    let quarters = (middle as f64 / QUARTER_MS as f64).round() as i64 * QUARTER_MS;
    Some(if (bounds.least..=bounds.most).contains(&quarters) { quarters } else { middle })
}

/// Times between what must come first, in `a`, and what must come later, in `b`.
fn gaps(a: &Moments, b: &Moments) -> Vec<i64> {
    let mut gaps = Vec::new();
    for (first, what) in &a.all {
        for (later, then) in &b.all {
            // The promotion that a takeover tells of is the last one before; others do no harm.
            let in_order = later >= first || !matches!(what, What::Promoted { .. });
            let near = (later - first).abs() <= APART_MS;
            let follows = in_order && near && must_follow(a, what, b, then);
            if follows {
                gaps.push(later - first);
            }
        }
    }
    gaps
}

/// Whether `then`, said in `b`, cannot be before `what`, said in `a`.
fn must_follow(a: &Moments, what: &What, b: &Moments, then: &What) -> bool {
    match what {
        What::Vote { candidate, epoch } => match then {
            // A candidate votes for itself, asks, and is voted for.
            What::Vote { candidate: also, epoch: same } => {
                candidate == also && epoch == same && a.is(candidate) && !b.is(candidate)
            }
            What::Voted { voter, candidate: also, epoch: same } => {
                candidate == also && epoch == same && a.is(voter)
            }
            What::Promoted { .. } | What::Updated { .. } | What::Down { .. } | What::Switch { .. } => false,
        },
        What::Promoted { group } => match then {
            What::Updated { group: same, leader } => group == same && a.is(leader),
            What::Vote { .. }
            | What::Voted { .. }
            | What::Promoted { .. }
            | What::Down { .. }
            | What::Switch { .. } => false,
        },
        What::Voted { .. } | What::Updated { .. } | What::Down { .. } | What::Switch { .. } => false,
    }
}

/// How far `b` is ahead of `a`, if both saw at least two things that far apart: hours, as by another time zone.
fn loose(a: &Moments, b: &Moments) -> Option<i64> {
    let mut gaps: Vec<i64> = Vec::new();
    let shared = |what: &What| match what {
        What::Down { .. } | What::Switch { .. } => true,
        What::Vote { .. } | What::Voted { .. } | What::Promoted { .. } | What::Updated { .. } => false,
    };
    for (first, what) in a.all.iter().filter(|(_, what)| shared(what)) {
        gaps.extend(b.all.iter().filter(|(_, then)| then == what).map(|(later, _)| later - first));
    }
    gaps.retain(|gap| gap.abs() <= APART_MS);
    gaps.sort_unstable();
    let middle = *gaps.get(gaps.len() / 2)?;
    let agreeing = gaps.iter().filter(|gap| (*gap - middle).abs() <= LOOSE_MS).count();
    (middle.abs() > LOOSE_MS && agreeing >= 2 && agreeing * 2 > gaps.len()).then_some(middle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::source::Source;

    fn moments(text: &str) -> Moments {
        let mut source = Source::new("x", Box::new(std::io::Cursor::new(text.to_owned())), None);
        let mut moments = Moments::default();
        while let Some(entry) = source.next().unwrap() {
            moments.take(&entry);
        }
        moments
    }

    const LEADER: &str = "1:X 28 Nov 2026 10:00:00.000 # Sentinel ID is aa\n\
        1:X 28 Nov 2026 10:00:01.000 # +sdown master m 10.0.0.1 6379\n\
        1:X 28 Nov 2026 10:00:01.100 # +try-failover master m 10.0.0.1 6379\n\
        1:X 28 Nov 2026 10:00:01.100 # +vote-for-leader aa 1\n\
        1:X 28 Nov 2026 10:00:01.120 # bb voted for aa 1\n\
        1:X 28 Nov 2026 10:00:02.000 # +switch-master m 10.0.0.1 6379 10.0.0.2 6379\n";

    fn voter(hour: u32, second: u32, ms: u32) -> String {
        format!(
            "1:X 28 Nov 2026 {hour:02}:00:00.000 # Sentinel ID is bb\n\
             1:X 28 Nov 2026 {hour:02}:00:01.000 # +sdown master m 10.0.0.1 6379\n\
             1:X 28 Nov 2026 {hour:02}:00:{second:02}.{ms:03} # +vote-for-leader aa 1\n\
             1:X 28 Nov 2026 {hour:02}:00:02.000 # +switch-master m 10.0.0.1 6379 10.0.0.2 6379\n"
        )
    }

    fn difference(text: &str) -> i64 {
        differences(&[moments(LEADER), moments(text)])[1]
    }

    #[test]
    fn a_clock_that_can_be_right_is_left_alone() {
        assert_eq!(difference(&voter(10, 1, 110)), 0);
    }

    #[test]
    fn a_vote_before_it_was_asked_for_shows_the_difference() {
        assert_eq!(difference(&voter(10, 6, 110)), 5000);
        assert_eq!(difference(&voter(10, 0, 910)), -200);
    }

    #[test]
    fn another_time_zone_is_found_without_votes() {
        let text = voter(18, 1, 110).replace("+vote-for-leader aa 1", "Configuration loaded");
        assert_eq!(difference(&text), 8 * 3_600_000);
    }

    /// Somebody began anew with the same epochs, three weeks later.
    #[test]
    fn an_epoch_used_twice_corrects_no_clock() {
        let later = voter(10, 1, 110).replace(" 28 Nov ", " 07 Nov ");
        assert_eq!(difference(&later), 0);
        let both = later + &voter(10, 1, 110);
        assert_eq!(difference(&both), 0);
        // Within a day it contradicts itself.
        assert_eq!(difference(&(voter(9, 1, 110) + &voter(11, 1, 110))), 0);
    }

    #[test]
    fn voters_are_compared_by_way_of_the_candidate() {
        let logs =
            [moments(&voter(10, 6, 110)), moments(LEADER), moments(&voter(10, 1, 110).replace("bb", "cc"))];
        assert_eq!(differences(&logs), [0, -5000, 0]);
    }
}
