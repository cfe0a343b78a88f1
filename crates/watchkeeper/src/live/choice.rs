//! Which replica would be promoted, and why not each other one: upstream's rules, applied to what a sentinel says, and
//! weighed with what the replicas say themselves. A sentinel goes by INFO that is some seconds old. Upstream's minds neither
//! a replica that is only receiving its data nor one that never had a link; Watchkeeper does not promote those.

use std::cmp::Reverse;

use crate::ask::{Endpoint, Fields, place};

/// A replica is heard within so many milliseconds.
const HEARD_MS: i64 = 5_000;
/// Its INFO is at most so old while the sentinel does not miss the master, else as old as an answer.
const INFO_MS: i64 = 30_000;
/// From when on the master is held for down with others, INFO is asked for every second: what is older than that after so
/// many milliseconds is so because the replica does not say. Until then it may be ten seconds old, which is too old as soon
/// as the sentinel that is asked misses the master by itself.
const RENEWED_MS: i64 = 3_000;

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
    /// whether it may be the one, as far as can be told
    pub odds: Odds,
    /// whether it says that it receives its data
    pub in_step: bool,
    /// why it has not got the group's data, which no sentinel minds
    pub lacks: Option<Lacking>,
}

/// Whether a replica may be the one that is promoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Odds {
    /// nobody is farther in the history than a sentinel may overlook
    Near,
    /// others are farther, and the sentinel has not read that yet
    First,
    /// none while those are fit that come before it
    Out,
}

/// Why a replica that sentinels would promote has not got the group's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lacking {
    /// it is receiving a copy of everything
    FullSync,
    /// it is reading its data from disk
    Loading,
    /// it has had no link to its source, though the master is there, or nobody knows whether it has data all the same
    NoLinkYet,
    /// it has had no link to its source, and is empty, which the master is not, as far as is known
    NoData,
    /// it is empty, which the master was not, and had lost its source while the master still answered
    Emptied,
    /// it receives the data of a server that is none of this group
    OtherData,
}

/// What is known of a replica by itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Own {
    /// where it is in the history
    pub(super) offset: Option<i64>,
    /// whether it receives its data
    pub(super) in_step: bool,
    /// why it has not got the group's data
    pub(super) lacks: Option<Lacking>,
    /// why sentinels that look at the data do not promote it
    pub(super) refusal: Option<Refusal>,
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
    /// it reads its data from disk, and Watchkeeper minds that
    Loading,
    /// it is empty and never had the data, and Watchkeeper minds that
    NoData,
    /// it is empty and had lost the master before that went, and Watchkeeper minds that
    Emptied,
    /// it has not caught up with a master that is up, and Watchkeeper minds that
    NotInStep,
    /// it has been without its source for so long, and the limit
    LinkDownTooLong(i64, i64),
}

/// The replicas of a group, best first; those that are refused last. `depth`: servers between a replica and the master,
/// by which Watchkeeper chooses among equals; always 0 for other sentinels. `runs`: a failover is going on.
pub(super) fn candidates(
    master: &Fields,
    replicas: &[Fields],
    runs: bool,
    depth: impl Fn(&Endpoint) -> usize,
) -> Vec<Candidate> {
    let mut found: Vec<(Candidate, String)> = replicas
        .iter()
        .filter_map(|replica| {
            let at = place(replica)?;
            let candidate = Candidate {
                depth: depth(&at),
                at,
                refusal: refusal(master, replica, runs),
                priority: replica.number("slave-priority").unwrap_or(100),
                offset: replica.number("slave-repl-offset").unwrap_or(0),
                odds: Odds::Out,
                in_step: false,
                lacks: None,
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

/// The same, with those first that may be the one. A sentinel compares what it read of them last: whoever is less than
/// `slack` behind the farthest may look ahead of it there, and so may who is first by what a sentinel says now.
pub(super) fn predicted(
    mut candidates: Vec<Candidate>,
    own: impl Fn(&Endpoint) -> Own,
    slack: i64,
) -> Vec<Candidate> {
    let own: Vec<Own> = candidates.iter().map(|it| own(&it.at)).collect();
    for (it, own) in candidates.iter_mut().zip(&own) {
        it.refusal = it.refusal.or(own.refusal);
        (it.in_step, it.lacks) = (own.in_step, own.lacks);
    }
    let Some(priority) = candidates.iter().find(|it| it.refusal.is_none()).map(|it| it.priority) else {
        return candidates;
    };
    let fit = |it: &Candidate| it.refusal.is_none() && it.priority == priority;
    let first = candidates.iter().position(|it| it.refusal.is_none());
    let reached = |it: &Candidate, own: &Own| own.offset.unwrap_or(it.offset).max(it.offset);
    let of_fit = candidates.iter().zip(&own).filter(|(it, _)| fit(it));
    let farthest = of_fit.map(|(it, own)| reached(it, own)).max().unwrap_or(0);
    for (place, (it, own)) in candidates.iter_mut().zip(&own).enumerate() {
        let near = farthest.saturating_sub(reached(it, own)) <= slack;
        it.odds = match (fit(it), near) {
            (true, true) => Odds::Near,
            (true, false) if Some(place) == first => Odds::First,
            (true, false) | (false, _) => Odds::Out,
        };
    }
    // The sort is stable: of the rest each stays where it was.
    candidates.sort_by_key(|it| {
        let among = (it.lacks.is_some(), !it.in_step, it.odds, it.depth);
        (it.refusal.is_some(), it.odds == Odds::Out, (it.odds != Odds::Out).then_some(among))
    });
    candidates
}

fn refusal(master: &Fields, replica: &Fields, runs: bool) -> Option<Refusal> {
    let number = |name: &str| replica.number(name).unwrap_or(0);
    let down_for = master.number("s-down-time").filter(|_| master.flag("s_down"));
    let info_limit = match master.number("o-down-time").filter(|_| master.flag("o_down")) {
        _ if runs => i64::MAX,
        Some(ms) if ms <= RENEWED_MS => i64::MAX,
        Some(_) => HEARD_MS,
        None if master.flag("s_down") => HEARD_MS,
        None => INFO_MS,
    };
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
        let down = |ms: i64| {
            let since = format!("s-down-time:4000 o-down-time:{ms}");
            fields(&format!("flags:master,s_down,o_down {since} down-after-milliseconds:1000"))
        };
        let master = down(3001);
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
            false,
            |at| usize::from(at.port == 3),
        );
        let found: Vec<(u16, Option<Refusal>)> = list.iter().map(|it| (it.at.port, it.refusal)).collect();
        // What is about to be renewed is no reason yet, and none while somebody acts on it.
        let old = [replica(6, "info-refresh:5001")];
        for (master, runs) in [(down(3000), false), (down(3001), true), (fields("flags:master"), false)] {
            assert_eq!(candidates(&master, &old, runs, |_| 0)[0].refusal, None);
        }
        // Of a master that too few miss nothing is renewed.
        let alone = fields("flags:master,s_down s-down-time:900");
        assert_eq!(candidates(&alone, &old, false, |_| 0)[0].refusal, Some(Refusal::OldInfo(5001)));
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

    /// Port, priority and offset as a sentinel knows them; its own offset, whether in step, what is lacking.
    type Replica = (u16, i64, i64, Option<i64>, bool, Option<Lacking>);

    fn foreseen(of: &[Replica], slack: i64) -> Vec<(u16, Odds)> {
        let listed: Vec<Fields> = of
            .iter()
            .map(|(port, priority, offset, ..)| {
                let known = format!("slave-priority:{priority} slave-repl-offset:{offset}");
                fields(&format!("ip:h port:{port} flags:slave runid:{port} {known}"))
            })
            .collect();
        let own = |at: &Endpoint| {
            let known = of.iter().find(|it| it.0 == at.port).unwrap();
            Own { offset: known.3, in_step: known.4, lacks: known.5, refusal: None }
        };
        let listed = candidates(&fields("flags:master"), &listed, false, |_| 0);
        let found = predicted(listed, own, slack);
        found.iter().map(|it| (it.at.port, it.odds)).collect()
    }

    #[test]
    fn what_the_replicas_say_now_counts_for_more_than_what_was_read_of_them_before() {
        // Read at different times, and in step: both may be.
        let even = [(1, 100, 500, Some(900), true, None), (2, 100, 300, Some(901), true, None)];
        assert_eq!(foreseen(&even, 50), [(1, Odds::Near), (2, Odds::Near)]);
        // One has got much farther since: only what is first at the sentinel may be it beside it.
        let far = [
            (1, 100, 500, Some(900), true, None),
            (2, 100, 300, Some(9000), true, None),
            (3, 100, 200, Some(900), true, None),
            (4, 10, 1, Some(1), true, None),
        ];
        assert_eq!(foreseen(&far[..3], 50), [(2, Odds::Near), (1, Odds::First), (3, Odds::Out)]);
        assert_eq!(foreseen(&far, 50)[0], (4, Odds::Near), "a lower priority comes first");
        // One whose link is down comes after one in step, and one that lacks its data after both; it may be it all the same.
        let unlike = [
            (1, 100, 900, Some(1), false, Some(Lacking::FullSync)),
            (2, 100, 900, Some(900), false, None),
            (3, 100, 880, Some(910), true, None),
        ];
        assert_eq!(foreseen(&unlike, 50), [3, 2, 1].map(|port| (port, Odds::Near)));
        let alone = [(1, 10, 0, Some(1), false, Some(Lacking::FullSync)), (2, 100, 9, Some(9), true, None)];
        assert_eq!(foreseen(&alone, 50), [(1, Odds::Near), (2, Odds::Out)]);
    }
}
