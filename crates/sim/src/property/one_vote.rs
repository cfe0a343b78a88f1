//! A sentinel gives one vote for each group and epoch, also across restarts.
//!
//! From: the design's rule on durability ("if a write fails, we do not vote"), upstream's documentation of failover
//! authorization, and upstream's bug: with a failed fsync it votes, restarts, and votes again.
//!
//! Votes are taken where others learn of them: in answers to asks, and in asks of the candidate, who thereby says that it
//! voted for itself. A vote that nobody was told of may be forgotten.
//!
//! Allowed: a sentinel with upstream's behaviour asks with its process-wide epoch, in which it may have voted for
//! another; only its answers count. And it votes although its disk failed: a vote that is not in the file with which it
//! starts again is forgotten. One that is, or that it gave since it started, is not.

use std::collections::BTreeMap;

use super::Property;
use super::known::{GroupNo, Groups, is_ours};
use crate::config_text;
use crate::fact::Fact;
use crate::process::ProcId;
use crate::time::Time;
use crate::world::World;

/// See the module.
#[derive(Debug, Default)]
pub struct OneVote {
    groups: Groups,
    told: BTreeMap<(ProcId, GroupNo, u64), String>,
}

impl OneVote {
    fn vote(
        &mut self,
        world: &World,
        who: ProcId,
        group: GroupNo,
        epoch: u64,
        leader: &str,
    ) -> Result<(), String> {
        let first = self.told.entry((who, group, epoch)).or_insert_with(|| leader.to_owned());
        if first.eq_ignore_ascii_case(leader) {
            return Ok(());
        }
        Err(format!(
            "`{}` voted twice on `{}` in epoch {epoch}: first for {first}, now for {leader}",
            world.name(who),
            self.groups.name(group)
        ))
    }
}

impl OneVote {
    /// A sentinel with upstream's behaviour starts again: it knows the votes that are in its file.
    fn remember_file(&mut self, world: &World, who: ProcId) {
        let file = world.file(who).and_then(|text| config_text::read(text).ok()).unwrap_or_default();
        let written: BTreeMap<GroupNo, u64> =
            file.groups.iter().map(|group| (self.groups.number(&group.name.0), group.leader_epoch)).collect();
        self.told.retain(|(by, group, epoch), _| {
            *by != who || written.get(group).is_some_and(|last| last >= epoch)
        });
    }
}

impl Property for OneVote {
    fn name(&self) -> &'static str {
        "one_vote"
    }

    fn fact(&mut self, world: &World, _at: Time, fact: &Fact) -> Result<(), String> {
        self.groups.note(world, fact);
        match fact {
            Fact::Booted { who } if !is_ours(world, *who) => {
                self.remember_file(world, *who);
                Ok(())
            }
            Fact::VoteTold { who, master, leader, epoch } => {
                let group = self.groups.at(*master);
                self.vote(world, *who, group, *epoch, leader)
            }
            Fact::AskSent { who, master, epoch, candidate, .. } if is_ours(world, *who) => {
                let group = self.groups.at(*master);
                self.vote(world, *who, group, *epoch, candidate)
            }
            _ => Ok(()),
        }
    }
}
