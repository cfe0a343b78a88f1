//! What is told at the end of what belongs nowhere: an incident that a stream without times tells, where logs with times
//! tell it, too; and votes of whose election there is nothing.

use std::collections::BTreeSet;

use super::book::{Book, Other};
use super::incident::{Incident, Voter};

impl Book {
    /// Leaves out incidents without times that logs with times tell, too: both name the same epoch and the same masters.
    pub(super) fn fold_untimed(&mut self) {
        let epochs = |it: &Incident| -> BTreeSet<u64> {
            let learned = it.learned.iter().filter_map(|learned| learned.epoch);
            let of = it.elections.iter().map(|election| election.epoch).chain(learned);
            of.filter(|epoch| *epoch > 0).collect()
        };
        let same = |one: &Incident, other: &Incident| {
            one.group == other.group
                && one.master == other.master
                && one.new_master == other.new_master
                && !epochs(one).is_disjoint(&epochs(other))
        };
        let (mut timed, untimed): (Vec<Incident>, Vec<Incident>) =
            std::mem::take(&mut self.incidents).into_iter().partition(|incident| incident.timed);
        let (told_twice, alone): (Vec<Incident>, Vec<Incident>) =
            untimed.into_iter().partition(|incident| timed.iter().any(|other| same(incident, other)));
        self.folded = told_twice.len() as u64;
        // When those did it of whom the stream is, nobody knows.
        for other in timed.iter_mut().filter(|other| told_twice.iter().any(|one| same(one, other))) {
            (other.unread, other.others_unread) = (true, true);
        }
        self.incidents = alone.into_iter().chain(timed).collect();
    }

    /// Where nothing else is told of any failover, votes show that one was tried.
    pub(super) fn lone_votes(&mut self) {
        let votes = std::mem::take(&mut self.loose_votes);
        if !self.incidents.is_empty() {
            return;
        }
        for (epoch, vote) in votes {
            if let Voter::Log(who) = vote.voter {
                self.other(Other::Vote(vote.candidate, epoch), who, vote.at);
            }
        }
    }
}

/// In English and Chinese: a vote for this one.
pub(super) fn lone_vote(name: &str, epoch: u64) -> (String, String) {
    (
        format!(
            "a vote for {name} in epoch {epoch}: a failover was tried, of which nothing more is in these logs"
        ),
        format!("在纪元 {epoch} 投票给 {name}：有哨兵尝试过故障转移，其余情况日志中没有"),
    )
}
