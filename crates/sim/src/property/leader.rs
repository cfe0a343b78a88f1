//! A leader has the votes of a majority of the sentinels it knows, down ones included, and of the quorum.
//!
//! From: upstream's documentation ("Failover authorization": the majority, or the quorum where that is more), and the
//! design's rule that a vote counts only for the epoch of this attempt of this group.
//!
//! When a sentinel says that it is elected, and again when it promotes, so many different sentinels must have told
//! somebody that they voted for it in that epoch (its own vote included). Votes on their way count: more is known
//! here than the leader knows.
//!
//! The quorum that counts is the one of the election: a user may change it right after.
//!
//! Allowed: a failover that a user forced needs no votes. Sentinels with upstream's behaviour are not judged: they count
//! at the process-wide epoch.

use std::collections::{BTreeMap, BTreeSet};

use watchkeeper_core::event::EventKind;
use watchkeeper_core::view::GroupView;

use super::Property;
use super::known::{Attempts, GroupNo, Groups, Seat, core_of, group_of};
use crate::fact::Fact;
use crate::process::ProcId;
use crate::time::Time;
use crate::world::World;

/// See the module.
#[derive(Debug, Default)]
pub struct Leader {
    groups: Groups,
    attempts: Attempts,
    /// who voted for whom
    votes: BTreeMap<(GroupNo, u64), BTreeSet<(ProcId, String)>>,
    /// the quorum at which a sentinel was elected last, and the epoch
    elected: BTreeMap<Seat, (u64, u32)>,
}

impl Leader {
    fn vote(&mut self, who: ProcId, group: GroupNo, epoch: u64, leader: &str) {
        let votes = self.votes.entry((group, epoch)).or_default();
        votes.insert((who, leader.to_ascii_lowercase()));
    }

    fn judge(&self, world: &World, who: ProcId, view: &GroupView, at: (GroupNo, u64)) -> Result<(), String> {
        let (group, epoch) = at;
        if self.attempts.forced((who, group), epoch) {
            return Ok(());
        }
        let Some(id) = core_of(world, who).map(|core| core.id().0.to_ascii_lowercase()) else {
            return Ok(());
        };
        let votes = self.votes.get(&at).map_or(0, |votes| votes.iter().filter(|(_, to)| *to == id).count());
        // Alone, it asks nobody and tells nobody; and the event of a vote that the disk refused at first is lost.
        let voted = view.vote.leader.as_ref().is_some_and(|leader| leader.0.eq_ignore_ascii_case(&id));
        let own = view.peers.is_empty() && view.vote.epoch == epoch && voted && view.vote.on_disk;
        let votes = votes.max(usize::from(own));
        let known = view.peers.len() + 1;
        let elected = self.elected.get(&(who, group)).filter(|(of, _)| *of == epoch);
        let quorum = elected.map_or(view.quorum, |(_, quorum)| *quorum);
        let needed = (known / 2 + 1).max(quorum as usize);
        if votes >= needed {
            return Ok(());
        }
        Err(format!(
            "`{}` leads `{}` in epoch {epoch} with {votes} votes; of {known} sentinels, with quorum {quorum}, it needs {needed}",
            world.name(who),
            self.groups.name(group)
        ))
    }
}

impl Property for Leader {
    fn name(&self) -> &'static str {
        "leader"
    }

    fn fact(&mut self, world: &World, _at: Time, fact: &Fact) -> Result<(), String> {
        self.groups.note(world, fact);
        self.attempts.note(&mut self.groups, fact);
        match fact {
            Fact::VoteTold { who, master, leader, epoch } => {
                let group = self.groups.at(*master);
                self.vote(*who, group, *epoch, leader);
            }
            Fact::AskSent { who, master, epoch, candidate, .. } => {
                let group = self.groups.at(*master);
                self.vote(*who, group, *epoch, candidate);
            }
            Fact::Event { who, event } if event.kind == EventKind::VoteForLeader => {
                // Without peers nobody is asked or told; the event comes after the disk.
                let words = event.payload.split_once(' ').and_then(|(id, e)| Some((id, e.parse().ok()?)));
                if let (Some((id, epoch)), Some(group)) = (words, self.groups.of(event)) {
                    self.vote(*who, group, epoch, id);
                }
            }
            Fact::Event { who, event } if event.kind == EventKind::ElectedLeader => {
                let Some(group) = self.groups.of(event) else { return Ok(()) };
                let Some(attempt) = self.attempts.last((*who, group)) else {
                    return Err(format!(
                        "`{}` is elected without an attempt at a failover",
                        world.name(*who)
                    ));
                };
                if let Some(view) = group_of(world, *who, self.groups.name(group)) {
                    self.judge(world, *who, &view, (group, attempt.epoch))?;
                    self.elected.insert((*who, group), (attempt.epoch, view.quorum));
                }
            }
            Fact::Chosen { who, group: Some(view), .. } => {
                let group = self.groups.number(&view.name.0);
                if let Some(failover) = &view.failover {
                    self.judge(world, *who, view, (group, failover.epoch))?;
                }
            }
            _ => {}
        }
        Ok(())
    }
}
