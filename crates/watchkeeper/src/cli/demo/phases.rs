//! How long each phase of a failover took, from what was seen and when. Pure: no clock, no printing.

use std::time::{Duration, Instant};

use super::writer::Write;

/// One event as it arrived.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    /// when
    pub(super) at: Instant,
    /// which sentinel said it, from 0
    pub(super) sentinel: usize,
    /// its name: `+sdown`
    pub(super) name: String,
    /// the rest
    pub(super) payload: String,
}

/// The phases, in the order they happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// until the first sentinel holds the master for down
    Detection,
    /// until the quorum agrees
    Agreement,
    /// until one sentinel is elected
    Election,
    /// until the chosen replica says it is a master
    Promotion,
    /// until clients, asking the sentinels, could write again
    FirstWrite,
    /// until the failover is over and every sentinel names the new master
    Reconfiguration,
}

impl Phase {
    /// All of them.
    pub(super) const ALL: [Phase; 6] = [
        Phase::Detection,
        Phase::Agreement,
        Phase::Election,
        Phase::Promotion,
        Phase::FirstWrite,
        Phase::Reconfiguration,
    ];
}

/// A phase that was completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Took {
    /// which
    pub(super) phase: Phase,
    /// from the end of the phase before it
    pub(super) took: Duration,
    /// from the kill
    pub(super) since_kill: Duration,
}

/// The phases that were completed after `killed`, when the old master was on `old_port`.
pub(super) fn phases(killed: Instant, old_port: u16, seen: &[Seen], writes: &[Write]) -> Vec<Took> {
    let mut out: Vec<Took> = Vec::new();
    for phase in Phase::ALL {
        if let Some(end) = end_of(phase, killed, old_port, seen, writes) {
            let since_kill = end.saturating_duration_since(killed);
            // The first write does not end the promotion's successor: both follow from the promotion.
            let before = out.iter().rev().find(|took| took.phase != Phase::FirstWrite);
            let from = before.map_or(Duration::ZERO, |took| took.since_kill);
            out.push(Took { phase, took: since_kill.saturating_sub(from), since_kill });
        }
    }
    out
}

fn end_of(phase: Phase, killed: Instant, old_port: u16, seen: &[Seen], writes: &[Write]) -> Option<Instant> {
    let after = || seen.iter().filter(|event| event.at >= killed);
    let first = |name: &str| after().find(|event| event.name == name).map(|event| event.at);
    match phase {
        Phase::Detection => {
            after().find(|e| e.name == "+sdown" && e.payload.starts_with("master ")).map(|e| e.at)
        }
        Phase::Agreement => first("+odown"),
        Phase::Election => first("+elected-leader"),
        Phase::Promotion => first("+promoted-slave"),
        Phase::FirstWrite => writes.iter().find(|w| w.at >= killed && w.port != old_port).map(|w| w.at),
        Phase::Reconfiguration => {
            let mut switched = Vec::new();
            for event in after().filter(|event| event.name == "+switch-master") {
                if !switched.contains(&event.sentinel) {
                    switched.push(event.sentinel);
                }
                if switched.len() == 3 {
                    return Some(event.at);
                }
            }
            None
        }
    }
}

/// The time from the last acknowledged write to the first one that a server other than `old_port` acknowledged.
pub(super) fn gap(killed: Instant, old_port: u16, writes: &[Write]) -> Option<Duration> {
    let after = writes.iter().position(|write| write.at >= killed && write.port != old_port)?;
    let before = writes[..after].last()?;
    Some(writes[after].at - before.at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(start: Instant, ms: u64) -> Instant {
        start + Duration::from_millis(ms)
    }

    fn seen(at: Instant, sentinel: usize, name: &str, payload: &str) -> Seen {
        Seen { at, sentinel, name: name.to_owned(), payload: payload.to_owned() }
    }

    #[test]
    fn each_phase_begins_where_the_one_before_ended() {
        let start = Instant::now();
        let killed = at(start, 100);
        let events = [
            seen(at(start, 50), 0, "+sdown", "master demo 127.0.0.1 1"),
            seen(at(start, 2000), 1, "+sdown", "slave 127.0.0.1:2 127.0.0.1 2 @ demo 127.0.0.1 1"),
            seen(at(start, 2100), 1, "+sdown", "master demo 127.0.0.1 1"),
            seen(at(start, 2102), 1, "+odown", "master demo 127.0.0.1 1 #quorum 2/2"),
            seen(at(start, 2105), 1, "+elected-leader", "master demo 127.0.0.1 1"),
            seen(at(start, 2110), 1, "+promoted-slave", ""),
            seen(at(start, 2111), 1, "+switch-master", ""),
            seen(at(start, 2112), 1, "+switch-master", ""),
            seen(at(start, 2114), 0, "+switch-master", ""),
            seen(at(start, 2120), 2, "+switch-master", ""),
        ];
        let writes = [
            Write { at: at(start, 90), port: 1, number: 6 },
            // The answer to a write can arrive an instant after the kill.
            Write { at: at(start, 101), port: 1, number: 7 },
            Write { at: at(start, 2118), port: 2, number: 9 },
        ];
        let found: Vec<(Phase, u128, u128)> = phases(killed, 1, &events, &writes)
            .iter()
            .map(|took| (took.phase, took.took.as_millis(), took.since_kill.as_millis()))
            .collect();
        assert_eq!(
            found,
            [
                (Phase::Detection, 2000, 2000),
                (Phase::Agreement, 2, 2002),
                (Phase::Election, 3, 2005),
                (Phase::Promotion, 5, 2010),
                (Phase::FirstWrite, 8, 2018),
                (Phase::Reconfiguration, 10, 2020),
            ]
        );
        let gap = gap(killed, 1, &writes).expect("there is a write before and one after");
        assert_eq!(gap.as_millis(), 2017);
    }

    #[test]
    fn a_phase_that_was_not_reached_is_left_out() {
        let start = Instant::now();
        let events = [seen(at(start, 5), 0, "+sdown", "master demo 127.0.0.1 1")];
        assert_eq!(phases(start, 1, &events, &[]).len(), 1);
        assert!(gap(start, 1, &[]).is_none());
    }
}
