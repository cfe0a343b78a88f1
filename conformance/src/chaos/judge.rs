//! What the sentinels' logs say about votes, leaders and promotions, checked while they are written.
//!
//! One vote for each sentinel and epoch; a leader has a majority's; one leader and one promotion for each epoch; no failover
//! without odown. An attempt takes its epoch from the `+new-epoch` before its `+try-failover`. One that a user asked for needs no
//! election, so two of them, or one and an elected one, may share an epoch: that is noted and is no violation.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;

/// Reads a growing log.
#[derive(Debug)]
pub(crate) struct Tail {
    path: PathBuf,
    file: Option<File>,
    partial: Vec<u8>,
}

impl Tail {
    /// From its beginning.
    pub(crate) fn new(path: PathBuf) -> Tail {
        Tail { path, file: None, partial: Vec::new() }
    }

    /// Whole lines that have come since.
    pub(crate) fn lines(&mut self) -> Vec<String> {
        if self.file.is_none() {
            self.file = File::open(&self.path).ok();
            if let Some(file) = &mut self.file {
                let _ = file.seek(SeekFrom::Start(0));
            }
        }
        if let Some(file) = &mut self.file {
            let _ = file.read_to_end(&mut self.partial);
        }
        let mut lines = Vec::new();
        while let Some(end) = self.partial.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.partial.drain(..=end).collect();
            lines.push(String::from_utf8_lossy(&line[..end]).into_owned());
        }
        lines
    }
}

/// Milliseconds since midnight of a log line.
fn time_of(line: &str) -> Option<u64> {
    let clock = line.split_whitespace().nth(4)?;
    let (seconds, ms) = clock.split_once('.')?;
    let parts: Vec<u64> = seconds.split(':').map_while(|part| part.parse().ok()).collect();
    let [hours, minutes, seconds] = parts.as_slice() else { return None };
    Some(((hours * 60 + minutes) * 60 + seconds) * 1000 + ms.parse::<u64>().ok()?)
}

/// An event of a log line, and what follows its name.
pub(crate) fn event(line: &str) -> Option<(&str, &str)> {
    let at = line.find(" # ").or_else(|| line.find(" * ")).or_else(|| line.find(" - "))?;
    let text = &line[at + 3..];
    Some(text.split_once(' ').unwrap_or((text, "")))
}

#[derive(Debug, Clone, Copy)]
struct Attempt {
    epoch: u64,
    forced: bool,
}

#[derive(Debug, Clone, Default)]
struct Memory {
    last_epoch: u64,
    odown: bool,
    asked: bool,
    attempt: Option<Attempt>,
}

/// A vote may be in the log so much later than the election it decided.
const LOGGED_WITHIN_MS: u64 = 200;

/// How much there was to judge.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) votes: usize,
    pub(crate) leaders: usize,
    pub(crate) promotions: usize,
}

impl Seen {
    /// Both together.
    pub(crate) fn add(&mut self, other: Seen) {
        self.votes += other.votes;
        self.leaders += other.leaders;
        self.promotions += other.promotions;
    }
}

/// Knows what all sentinels have logged since the world began.
#[derive(Debug, Default)]
pub(crate) struct Judge {
    memories: BTreeMap<usize, Memory>,
    /// sentinel and epoch: candidate, and when
    votes: BTreeMap<(usize, u64), (String, u64)>,
    /// epoch: who, and whether a user had asked
    leaders: BTreeMap<u64, Vec<(usize, bool)>>,
    promotions: BTreeMap<u64, Vec<(usize, bool)>>,
    /// epoch, who, when: elected leaders whose votes are still to be counted
    unchecked: Vec<(u64, usize, u64)>,
    violations: Vec<String>,
    notes: Vec<String>,
}

impl Judge {
    /// Takes a line of the log of a sentinel.
    pub(crate) fn hear(&mut self, sentinel: usize, line: &str) {
        let marks = ["panicked at", "assertion failed", "BUG REPORT", "crashed by signal"];
        if marks.iter().any(|mark| line.contains(mark)) {
            self.violations.push(format!("sentinel {} crashed: {line}", sentinel + 1));
        }
        let Some((name, rest)) = event(line) else { return };
        let memory = self.memories.entry(sentinel).or_default();
        let at = time_of(line).unwrap_or_default();
        match name {
            "+new-epoch" => memory.last_epoch = rest.trim().parse().unwrap_or_default(),
            "+odown" => memory.odown = true,
            "-odown" | "+switch-master" => memory.odown = false,
            "Executing" if rest.starts_with("user requested FAILOVER") => memory.asked = true,
            "+try-failover" => {
                let forced = std::mem::take(&mut memory.asked);
                let epoch = memory.last_epoch;
                memory.attempt = Some(Attempt { epoch, forced });
                if !forced && !memory.odown {
                    let text =
                        format!("sentinel {} failed over in epoch {epoch} without odown", sentinel + 1);
                    self.violations.push(text);
                }
            }
            "+vote-for-leader" => self.vote(sentinel, rest, at),
            "+elected-leader" => {
                if let Some(attempt) = memory.attempt {
                    if !attempt.forced {
                        self.unchecked.push((attempt.epoch, sentinel, at));
                    }
                    let found = alone(&mut self.leaders, sentinel, attempt, "led");
                    self.file(found);
                }
            }
            "+promoted-slave" => {
                if let Some(attempt) = memory.attempt {
                    let found = alone(&mut self.promotions, sentinel, attempt, "promoted");
                    self.file(found);
                }
            }
            _ => {}
        }
    }

    fn vote(&mut self, sentinel: usize, rest: &str, at: u64) {
        let Some((candidate, epoch)) = rest.trim().split_once(' ') else { return };
        let Ok(epoch) = epoch.parse::<u64>() else { return };
        let before = self.votes.insert((sentinel, epoch), (candidate.to_owned(), at));
        if let Some((before, _)) = before {
            self.violations.push(format!(
                "sentinel {} voted twice in epoch {epoch}: for {before} and for {candidate}",
                sentinel + 1
            ));
        }
    }

    fn file(&mut self, found: Option<(bool, String)>) {
        match found {
            Some((true, text)) => self.violations.push(text),
            Some((false, text)) => self.notes.push(text),
            None => {}
        }
    }

    /// How much there was to judge so far.
    pub(crate) fn seen(&self) -> Seen {
        let all = |map: &BTreeMap<u64, Vec<(usize, bool)>>| map.values().map(Vec::len).sum();
        Seen { votes: self.votes.len(), leaders: all(&self.leaders), promotions: all(&self.promotions) }
    }

    /// What is wrong, once. Called when all has been said: a leader must have had the votes of `majority` sentinels.
    pub(crate) fn take_violations(&mut self, majority: usize) -> Vec<String> {
        for (epoch, who, at) in std::mem::take(&mut self.unchecked) {
            let own = self.votes.get(&(who, epoch)).map(|(candidate, _)| candidate);
            let of_epoch = self.votes.iter().filter(|((_, of), _)| *of == epoch);
            // A question that was on its way during a partition may be answered long after the election.
            let in_time = of_epoch.filter(|(_, (_, voted))| *voted <= at + LOGGED_WITHIN_MS);
            let votes = in_time.filter(|(_, (candidate, _))| Some(candidate) == own).count();
            if votes < majority {
                self.violations.push(format!(
                    "sentinel {} led in epoch {epoch} with {votes} votes, not {majority}",
                    who + 1
                ));
            }
        }
        std::mem::take(&mut self.violations)
    }

    /// What is worth telling, once.
    pub(crate) fn take_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }
}

/// Some when another did so in this epoch; true when neither had been asked to by a user.
fn alone(
    all: &mut BTreeMap<u64, Vec<(usize, bool)>>,
    sentinel: usize,
    attempt: Attempt,
    did: &str,
) -> Option<(bool, String)> {
    let Attempt { epoch, forced } = attempt;
    let those = all.entry(epoch).or_default();
    let bad = !forced && those.iter().any(|(_, forced)| !forced);
    let known = those.iter().map(|(who, _)| (who + 1).to_string()).collect::<Vec<_>>().join(", ");
    those.push((sentinel, forced));
    let asked = if forced { ", asked by a user" } else { "" };
    (!known.is_empty()).then(|| {
        (bad, format!("sentinel {} {did} in epoch {epoch}{asked}; {known} had before", sentinel + 1))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(lines: &[(usize, &str)]) -> Judge {
        let mut judge = Judge::default();
        for (sentinel, text) in lines {
            judge.hear(*sentinel, &format!("77:X 24 Nov 2026 01:02:03.004 # {text}"));
        }
        judge
    }

    #[test]
    fn a_second_vote_in_an_epoch_is_found() {
        let fine = [(0, "+vote-for-leader aa 3"), (1, "+vote-for-leader aa 3"), (0, "+vote-for-leader bb 4")];
        assert!(judge(&fine).take_violations(2).is_empty());
        assert_eq!(judge(&fine).seen(), Seen { votes: 3, ..Seen::default() });
        let twice = [(0, "+vote-for-leader aa 3"), (0, "+vote-for-leader bb 3")];
        assert_eq!(judge(&twice).take_violations(2).len(), 1);
    }

    const ODOWN: &str = "+odown master m 10.77.0.1 6379 #quorum 2/2";
    const TRY: &str = "+try-failover master m 10.77.0.1 6379";
    const ELECTED: &str = "+elected-leader master m 10.77.0.1 6379";
    const ASKED: &str = "Executing user requested FAILOVER of 'm'";

    #[test]
    fn two_leaders_of_one_epoch_are_found_unless_a_user_asked() {
        let start = |who: usize| [(who, ODOWN), (who, "+new-epoch 5"), (who, TRY), (who, ELECTED)];
        let lines = [start(0), start(1)].concat();
        assert_eq!(judge(&lines).take_violations(0).len(), 1);
        let lines = [&start(0)[..], &[(1, ASKED)], &start(1)[1..]].concat();
        let mut forced = judge(&lines);
        assert!(forced.take_violations(0).is_empty());
        assert_eq!(forced.take_notes().len(), 1);
    }

    #[test]
    fn a_leader_without_a_majority_is_found() {
        let mine = "+vote-for-leader aa 5";
        let lines = [(0, ODOWN), (0, "+new-epoch 5"), (0, TRY), (0, mine), (1, mine), (0, ELECTED)];
        assert!(judge(&lines).take_violations(2).is_empty());
        let found = judge(&lines).take_violations(3);
        assert_eq!(found, ["sentinel 1 led in epoch 5 with 2 votes, not 3"]);
        let mut late = judge(&lines);
        late.hear(2, "78:X 24 Nov 2026 01:02:04.004 # +vote-for-leader aa 5");
        assert_eq!(late.take_violations(3).len(), 1);
    }

    #[test]
    fn a_failover_without_odown_is_found_unless_a_user_asked() {
        let back = [(0, ODOWN), (0, "-odown master m 10.77.0.1 6379"), (0, "+new-epoch 5"), (0, TRY)];
        assert_eq!(judge(&back).take_violations(1).len(), 1);
        let asked = [(0, ASKED), (0, "+new-epoch 5"), (0, TRY)];
        assert!(judge(&asked).take_violations(1).is_empty());
    }
}
