//! Which replica would be promoted, and why not each other one: upstream's rules, applied to what a sentinel says.

use std::cmp::Reverse;

use crate::ask::{Endpoint, Fields, place};

/// A replica is heard within so many milliseconds.
const HEARD_MS: i64 = 5_000;
/// Its INFO is at most so old while the master is there.
const INFO_MS: i64 = 30_000;

/// A replica as one that could be promoted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// where it listens
    pub at: Endpoint,
    /// why it is not promoted, if it is not
    pub refusal: Option<Refusal>,
    /// its priority
    pub priority: i64,
    /// how much of the history it has, by its last INFO
    pub offset: i64,
    /// servers between it and the master, where that counts
    pub depth: usize,
}

/// Why a replica is not promoted. Times in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// the sentinel holds it for down
    Down,
    /// the sentinel has no connection to it
    Disconnected,
    /// its last answer is so old
    NotHeard(i64),
    /// its priority is 0
    PriorityZero,
    /// its last INFO is so old
    OldInfo(i64),
    /// it has been without its source for so long, and the limit
    LinkDownTooLong(i64, i64),
}

/// The replicas of a group, best first; those that are refused last. `depth`: servers between a replica and the master,
/// by which Watchkeeper chooses among equals; always 0 for other sentinels.
pub(super) fn candidates(
    master: &Fields,
    replicas: &[Fields],
    depth: impl Fn(&Endpoint) -> usize,
) -> Vec<Candidate> {
    let mut found: Vec<(Candidate, String)> = replicas
        .iter()
        .filter_map(|replica| {
            let at = place(replica)?;
            let candidate = Candidate {
                depth: depth(&at),
                at,
                refusal: refusal(master, replica),
                priority: replica.number("slave-priority").unwrap_or(100),
                offset: replica.number("slave-repl-offset").unwrap_or(0),
            };
            // One without a run id comes last.
            let run_id = replica.get("runid");
            let key = if run_id.is_empty() { "~".to_owned() } else { run_id.to_ascii_lowercase() };
            Some((candidate, key))
        })
        .collect();
    found.sort_by_cached_key(|(it, run_id)| {
        (it.refusal.is_some(), it.priority, Reverse(it.offset), it.depth, run_id.clone())
    });
    found.into_iter().map(|(candidate, _)| candidate).collect()
}

fn refusal(master: &Fields, replica: &Fields) -> Option<Refusal> {
    let number = |name: &str| replica.number(name).unwrap_or(0);
    let down_for = master.number("s-down-time").filter(|_| master.flag("s_down"));
    let info_limit = if down_for.is_some() { HEARD_MS } else { INFO_MS };
    let down_after = master.number("down-after-milliseconds").unwrap_or(30_000);
    let link_limit = down_for.unwrap_or(0).saturating_add(down_after.saturating_mul(10));
    if replica.flag("s_down") || replica.flag("o_down") {
        return Some(Refusal::Down);
    }
    if replica.flag("disconnected") {
        return Some(Refusal::Disconnected);
    }
    if number("last-ok-ping-reply") > HEARD_MS {
        return Some(Refusal::NotHeard(number("last-ok-ping-reply")));
    }
    if replica.number("slave-priority") == Some(0) {
        return Some(Refusal::PriorityZero);
    }
    if number("info-refresh") > info_limit {
        return Some(Refusal::OldInfo(number("info-refresh")));
    }
    let link = number("master-link-down-time");
    (link > link_limit).then_some(Refusal::LinkDownTooLong(link, link_limit))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str) -> Fields {
        Fields::info(&text.replace(' ', "\r\n"))
    }

    #[test]
    fn the_order_and_every_reason() {
        let master = fields("flags:master,s_down,o_down s-down-time:4000 down-after-milliseconds:1000");
        let replica =
            |port: u16, more: &str| fields(&format!("ip:h port:{port} flags:slave runid:{port} {more}"));
        let list = candidates(
            &master,
            &[
                replica(1, "slave-priority:0"),
                replica(2, "slave-priority:100 slave-repl-offset:5"),
                replica(3, "slave-priority:100 slave-repl-offset:9"),
                replica(4, "slave-priority:10 slave-repl-offset:1"),
                replica(5, "slave-priority:100 slave-repl-offset:9 master-link-down-time:14001"),
                replica(6, "slave-priority:101 info-refresh:5001"),
                replica(7, "slave-priority:102 last-ok-ping-reply:5001"),
                fields("ip:h port:8 flags:s_down,slave,disconnected slave-priority:103"),
                fields("ip:h port:9 flags:slave,disconnected slave-priority:104"),
                replica(10, "slave-priority:100 slave-repl-offset:9"),
            ],
            |at| usize::from(at.port == 3),
        );
        let found: Vec<(u16, Option<Refusal>)> = list.iter().map(|it| (it.at.port, it.refusal)).collect();
        assert_eq!(
            found,
            [
                (4, None),
                (10, None),
                (3, None),
                (2, None),
                (1, Some(Refusal::PriorityZero)),
                (5, Some(Refusal::LinkDownTooLong(14_001, 14_000))),
                (6, Some(Refusal::OldInfo(5001))),
                (7, Some(Refusal::NotHeard(5001))),
                (8, Some(Refusal::Down)),
                (9, Some(Refusal::Disconnected)),
            ]
        );
    }
}
