//! In one epoch at most one replica of a group is promoted, by one sentinel; and one epoch of a configuration names
//! one master.
//!
//! From: upstream's documentation ("Configuration epochs": every failover has a unique version), and the design's
//! four epochs, whose confusion is upstream's bug.
//!
//! Allowed: two failovers that users forced at two sentinels at once may share an epoch, as upstream's do
//! (ARCHITECTURE.md, "Where the design was changed"); so may a forced one and an elected one; each side may
//! confirm its own in the next epoch, and `healed` asks that this ends. So may two elected ones, where a sentinel with
//! upstream's behaviour forgot its vote with a failed write and a restart, and voted again. Nothing is required of
//! what a sentinel with upstream's behaviour promotes: it can be elected in one epoch by votes of another. Epoch 0 is
//! that of configurations people wrote.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use super::Property;
use super::known::{Attempts, GroupNo, Groups, is_ours};
use crate::fact::Fact;
use crate::process::ProcId;
use crate::time::Time;
use crate::world::World;

/// See the module.
#[derive(Debug, Default)]
pub struct OnePromotion {
    groups: Groups,
    attempts: Attempts,
    promoted: BTreeMap<(GroupNo, u64), (ProcId, SocketAddr)>,
    /// the master that each epoch of a configuration names
    named: BTreeMap<(GroupNo, u64), SocketAddr>,
    /// two servers that were rightly made masters in one epoch; each side may confirm its own
    disputed: BTreeSet<(SocketAddr, SocketAddr)>,
    /// whom sentinels with upstream's behaviour voted for
    votes: BTreeMap<(ProcId, GroupNo, u64), String>,
    /// one of them voted for two here
    voted_twice: BTreeSet<(GroupNo, u64)>,
    /// servers that a sentinel with upstream's behaviour promoted
    by_upstream: BTreeSet<SocketAddr>,
}

impl OnePromotion {
    fn voted(&mut self, who: ProcId, leader: &str, at: (GroupNo, u64)) {
        let first = self.votes.entry((who, at.0, at.1)).or_insert_with(|| leader.to_owned());
        if !first.eq_ignore_ascii_case(leader) {
            self.voted_twice.insert(at);
        }
    }

    /// Whether there may be two failovers in one epoch.
    fn may_be_two(&self, at: (GroupNo, u64)) -> bool {
        self.attempts.anybody_forced(at.0, at.1) || self.voted_twice.contains(&at)
    }

    fn promotes(
        &mut self,
        world: &World,
        who: ProcId,
        server: SocketAddr,
        at: (GroupNo, u64),
    ) -> Result<(), String> {
        let (by, first) = *self.promoted.entry(at).or_insert((who, server));
        if (by, first) == (who, server) || self.may_be_two(at) {
            return Ok(());
        }
        Err(format!(
            "two promotions in epoch {} of `{}`: {first} by `{}`, then {server} by `{}`",
            at.1,
            self.groups.name(at.0),
            world.name(by),
            world.name(who)
        ))
    }

    fn names(
        &mut self,
        world: &World,
        who: ProcId,
        master: SocketAddr,
        at: (GroupNo, u64),
    ) -> Result<(), String> {
        let first = *self.named.entry(at).or_insert(master);
        let pair = (first.min(master), first.max(master));
        if first != master && self.may_be_two(at) {
            self.disputed.insert(pair);
        }
        let excused = || {
            self.disputed.contains(&pair)
                || self.by_upstream.contains(&first)
                || self.by_upstream.contains(&master)
        };
        if first == master || excused() {
            return Ok(());
        }
        Err(format!(
            "`{}` names {master} for the configuration of `{}` of epoch {}, for which {first} was named before",
            world.name(who),
            self.groups.name(at.0),
            at.1
        ))
    }
}

impl Property for OnePromotion {
    fn name(&self) -> &'static str {
        "one_promotion"
    }

    fn fact(&mut self, world: &World, _at: Time, fact: &Fact) -> Result<(), String> {
        self.groups.note(world, fact);
        match fact {
            Fact::VoteTold { who, master, leader, epoch } if !is_ours(world, *who) => {
                let group = self.groups.at(*master);
                self.voted(*who, leader, (group, *epoch));
                Ok(())
            }
            Fact::HelloSent { who, group, master, config_epoch, .. } if *config_epoch > 0 => {
                let group = self.groups.number(group);
                self.names(world, *who, *master, (group, *config_epoch))
            }
            Fact::OrderSent { who, server, follow: None } if !is_ours(world, *who) => {
                self.by_upstream.insert(*server);
                Ok(())
            }
            Fact::Chosen { who, server, group: Some(view) } => {
                let group = self.groups.number(&view.name.0);
                let Some(failover) = &view.failover else {
                    let (who, name) = (world.name(*who), &view.name);
                    return Err(format!("`{who}` makes {server} the master of `{name}` without a failover"));
                };
                self.promotes(world, *who, *server, (group, failover.epoch))
            }
            Fact::FailoverForced { .. } => {
                self.attempts.note(&mut self.groups, fact);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}
