//! Elections that another group's election made void. `redis-sentinel` counts one epoch for all its groups, and only the
//! votes of the present one: whoever comes forward for another group meanwhile takes the votes away.

use super::advice::{Both, both};
use super::book::Book;
use super::events::STALE_MS;
use super::findings::Finding;
use super::incident::{At, Incident, Who};

/// An election that is over sooner after it began was not held up.
const HELD_UP_MS: i64 = 500;

/// Another group's election that came between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Voided {
    pub(super) group: String,
    pub(super) epoch: u64,
}

impl Book {
    /// The votes of this candidate for this group are counted now. Whether somebody came forward for another group since
    /// and raised the epoch.
    pub(super) fn voided(&self, who: Who, at: At, name: &str) -> Option<Voided> {
        let now = self.speakers.get(who)?.epoch?;
        let mine = self.candidacies.iter().rev().find(|it| it.who == who && it.group == name)?;
        let between = |epoch: u64| epoch > mine.epoch && epoch <= now;
        let of_others = |it: &&super::book::Candidacy| {
            it.group != name && between(it.epoch) && it.at >= mine.at && at - it.at < STALE_MS
        };
        let other = self.candidacies.iter().find(of_others)?;
        let held_up = !self.timed || at - mine.at >= HELD_UP_MS;
        let apart = self.elsewhere(who, &other.group);
        (held_up && !apart).then(|| Voided { group: other.group.clone(), epoch: other.epoch })
    }
}

/// Of an incident with an election that was made void.
pub(super) fn finding(incident: &Incident) -> Option<Finding> {
    let mut void = incident.elections.iter().filter_map(|it| Some((it.epoch, it.voided.as_ref()?)));
    let (epoch, voided) = void.next_back().filter(|_| !incident.is_ours())?;
    Some(Finding::VotesVoided { epoch, group: voided.group.clone(), raised: voided.epoch })
}

/// What to do about it.
pub(super) fn advice(epoch: u64, group: &str, raised: u64) -> Both {
    both(
        format!(
            "The votes for epoch {epoch} did not count: the election for {group} raised the epoch to {raised} before they were \
             counted, and redis-sentinel has one epoch for all its groups. The candidate had to ask again."
        ),
        "masters of several groups that fail together disturb each other's elections: put them on different hosts, or watch \
         groups that fail together by sentinels of their own",
        format!(
            "纪元 {epoch} 的选票没有计入：计票之前，{group} 的选举把纪元升到了 {raised}，而 redis-sentinel 的所有组共用一个纪元。\
             候选者只能重新征求选票。"
        ),
        "多个组的主节点同时故障时，各组的选举会互相干扰：把这些主节点放在不同的主机上，或用各自的哨兵监视会同时故障的组",
    )
}
