//! How long each part of an outage took, and which part was the longest.

use super::findings::Finding;
use super::incident::{At, Incident, Outcome};

/// A part that is shorter is not worth advice, in ms.
const SHORT_MS: i64 = 300;

/// A part of an outage, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// from the first sentinel that misses the master to the quorum
    Agreement,
    /// until somebody forced what the sentinels did not do
    Operator,
    /// failed attempts and the waits after them
    Attempts,
    /// until one sentinel is elected
    Election,
    Selection,
    Promotion,
    /// all of these: the log of who did it is not among those read
    Unseen,
    /// until the first sentinel names the new master to clients
    Telling,
    /// until the old master answered again
    Waiting,
}

impl Phase {
    /// Its name in JSON.
    pub(super) fn code(self) -> &'static str {
        match self {
            Phase::Agreement => "agreement",
            Phase::Operator => "operator",
            Phase::Attempts => "failed-attempts",
            Phase::Election => "election",
            Phase::Selection => "selection",
            Phase::Promotion => "promotion",
            Phase::Unseen => "not-in-these-logs",
            Phase::Telling => "telling",
            Phase::Waiting => "waiting-for-the-old-master",
        }
    }
}

/// A part and its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Took {
    pub(super) phase: Phase,
    pub(super) from: At,
    pub(super) to: At,
}

impl Took {
    pub(super) fn ms(self) -> i64 {
        (self.to - self.from).max(0)
    }
}

/// The parts that clients waited for, one after the other.
pub(super) fn phases(incident: &Incident) -> Vec<Took> {
    if incident.headless() || incident.is_split() {
        return Vec::new();
    }
    let run = incident.winner();
    let selected = run.and_then(|run| run.selected.as_ref()).map(|(_, at)| *at);
    let promoted = run.and_then(|run| run.promoted.as_ref()).map(|(_, at)| *at);
    let agreed = incident.agreed.iter().map(|agreed| agreed.at).min();
    let hidden = incident.new_master.is_some() && promoted.is_none();
    let last_try = incident.won().and_then(|election| election.candidates.first()).map(|(_, at)| *at);
    let began = incident.outage_began();
    // An attempt that began later, by hand while the first was under way, is none that failed before. Of one whose log is
    // not here only the votes are known.
    let before = |at: At| at >= began && last_try.is_some_and(|last| at < last);
    let won = incident.won().map(|election| election.epoch);
    let failed = incident.elections.iter().filter(|election| Some(election.epoch) != won).any(|election| {
        let tried = election.candidates.first().map(|(_, at)| *at);
        tried.or(election.votes.iter().map(|vote| vote.at).min()).is_some_and(before)
    });
    let agreed = incident.agreed.iter().map(|agreed| agreed.at).filter(|at| *at >= began).min().or(agreed);
    // Who came forward knew that enough agree: the line that says so is in a log that begins too late.
    let agreed = agreed.filter(|at| last_try.or(run.map(|run| run.began)).is_none_or(|tried| *at <= tried));
    let steps = [
        (Phase::Agreement, agreed.filter(|_| !incident.downs.is_empty() && !hidden)),
        (Phase::Operator, incident.forced_at()),
        (Phase::Attempts, last_try.filter(|_| failed && !hidden)),
        (Phase::Election, run.filter(|_| !hidden).map(|run| run.began)),
        (Phase::Selection, selected.filter(|_| !hidden)),
        (Phase::Promotion, promoted),
        (if hidden { Phase::Unseen } else { Phase::Telling }, incident.first_told()),
        (Phase::Waiting, incident.answered()),
    ];
    let mut from = began;
    let mut parts = Vec::new();
    for (phase, to) in steps {
        // Attempts that failed before somebody forced one took their time in that part.
        let none = |to: At| phase == Phase::Attempts && to == from;
        if let Some(to) = to.filter(|to| *to >= from && !none(*to)) {
            parts.push(Took { phase, from, to });
            from = to;
        }
    }
    parts
}

/// The longest part, if it is a good half of all.
pub(super) fn longest(parts: &[Took]) -> Option<Took> {
    let all: i64 = parts.iter().map(|part| part.ms()).sum();
    parts.iter().copied().max_by_key(|part| part.ms()).filter(|part| part.ms() * 5 >= all * 2 && all > 0)
}

/// The parts of an outage that is over and has any.
pub(super) fn worth_telling(incident: &Incident) -> Option<Vec<Took>> {
    let parts = phases(incident);
    let all: i64 = parts.iter().map(|part| part.ms()).sum();
    // Of an attempt that was given up they are no outage, and not all of its time.
    let done = incident.is_over() && incident.outcome() != Outcome::GivenUp;
    (parts.len() >= 2 && all > 0 && done).then_some(parts)
}

/// The longest part, if it should be made shorter. That sentinels in TILT agree late is said by a finding.
pub(super) fn to_shorten(parts: &[Took], findings: &[Finding]) -> Option<Took> {
    let tilt = findings.iter().any(|finding| matches!(finding, Finding::TiltThen { .. }));
    longest(parts).filter(|part| part.ms() >= SHORT_MS && !(tilt && part.phase == Phase::Agreement))
}
