//! Nothing becomes visible before the state it depends on is on disk: a vote, a candidacy, a promotion, the hello of a
//! new configuration. Whatever the disk does: slow, failing, hanging, killed in the middle of a write.
//!
//! From: the design, "durability is in the types"; upstream logs a failed write and goes on, and can then vote twice.
//!
//! The sentinel's file is read as a restart would read it, whenever something is told that was not in it the last time.
//!
//! Allowed: a hello whose configuration could not be written (ARCHITECTURE.md, "Where the design was changed"), after
//! that write failed. Sentinels with upstream's behaviour are not judged.

use std::collections::BTreeMap;

use watchkeeper_core::Config;
use watchkeeper_core::config::GroupConfig;
use watchkeeper_core::event::EventKind;

use super::Property;
use super::known::{Groups, is_ours};
use crate::config_text;
use crate::fact::Fact;
use crate::process::ProcId;
use crate::time::Time;
use crate::world::World;

/// What a file or a write holds.
#[derive(Debug, Default)]
struct Held {
    current_epoch: u64,
    /// name, vote's epoch, config epoch
    groups: Vec<(String, u64, u64)>,
}

impl Held {
    fn of(config: &Config) -> Held {
        let group = |group: &GroupConfig| (group.name.0.clone(), group.leader_epoch, group.config_epoch);
        Held { current_epoch: config.global.current_epoch, groups: config.groups.iter().map(group).collect() }
    }

    fn has(&self, group: &str, need: Need) -> bool {
        let Some((_, vote, config)) = self.groups.iter().find(|(name, ..)| name == group) else {
            return false;
        };
        match need {
            Need::Vote(epoch) => *vote >= epoch && self.current_epoch >= epoch,
            Need::Config(epoch) => *config >= epoch,
        }
    }
}

/// What must be in the file.
#[derive(Debug, Clone, Copy)]
enum Need {
    Vote(u64),
    Config(u64),
}

/// See the module.
#[derive(Debug, Default)]
pub struct OnDisk {
    groups: Groups,
    files: BTreeMap<ProcId, Held>,
    writing: BTreeMap<ProcId, Held>,
    /// the last write failed, and would have written this
    refused: BTreeMap<ProcId, Held>,
}

impl OnDisk {
    fn holds(&mut self, world: &World, who: ProcId, group: &str, need: Need) -> bool {
        if self.files.get(&who).is_some_and(|held| held.has(group, need)) {
            return true;
        }
        let Some(Ok(config)) = world.file(who).map(config_text::read) else { return false };
        let held = Held::of(&config);
        let has = held.has(group, need);
        self.files.insert(who, held);
        has
    }

    fn vote(
        &mut self,
        world: &World,
        who: ProcId,
        group: &str,
        epoch: u64,
        what: &str,
    ) -> Result<(), String> {
        if !is_ours(world, who) || self.holds(world, who, group, Need::Vote(epoch)) {
            return Ok(());
        }
        let (who, held) = (world.name(who), self.files.get(&who));
        Err(format!("`{who}` {what} on `{group}` in epoch {epoch}, and its file holds {held:?}"))
    }

    fn hello(&mut self, world: &World, who: ProcId, group: &str, epoch: u64) -> Result<(), String> {
        let need = Need::Config(epoch);
        let refused = self.refused.get(&who).is_some_and(|held| held.has(group, need));
        if !is_ours(world, who) || refused || self.holds(world, who, group, need) {
            return Ok(());
        }
        let (who, held) = (world.name(who), self.files.get(&who));
        Err(format!("`{who}` tells of config epoch {epoch} of `{group}`, and its file holds {held:?}"))
    }

    fn live(&mut self, fact: &Fact) {
        match fact {
            Fact::Booted { who } => {
                self.files.remove(who);
                self.writing.remove(who);
                self.refused.remove(who);
            }
            Fact::WriteBegun { who, config, .. } => {
                self.writing.insert(*who, Held::of(config));
            }
            Fact::WriteEnded { who, ok, .. } => {
                self.files.remove(who);
                let written = self.writing.remove(who);
                if *ok {
                    self.refused.remove(who);
                } else if let Some(written) = written {
                    self.refused.insert(*who, written);
                }
            }
            _ => {}
        }
    }
}

impl Property for OnDisk {
    fn name(&self) -> &'static str {
        "on_disk"
    }

    fn fact(&mut self, world: &World, _at: Time, fact: &Fact) -> Result<(), String> {
        self.groups.note(world, fact);
        self.live(fact);
        match fact {
            Fact::HelloSent { who, group, config_epoch, .. } => self.hello(world, *who, group, *config_epoch),
            Fact::VoteTold { who, master, epoch, .. } => {
                let group = self.groups.at(*master);
                let group = self.groups.name(group).to_owned();
                self.vote(world, *who, &group, *epoch, "told of its vote")
            }
            Fact::AskSent { who, master, epoch, .. } => {
                let group = self.groups.at(*master);
                let group = self.groups.name(group).to_owned();
                self.vote(world, *who, &group, *epoch, "asked for a vote")
            }
            Fact::Chosen { who, group: Some(view), .. } => {
                let Some(failover) = &view.failover else { return Ok(()) };
                self.vote(world, *who, &view.name.0, failover.epoch, "promotes a replica")
            }
            Fact::Event { who, event } if event.kind == EventKind::VoteForLeader => {
                let epoch = event.payload.split(' ').nth(1).and_then(|epoch| epoch.parse().ok());
                let (Some(epoch), Some(group)) = (epoch, &event.group) else { return Ok(()) };
                self.vote(world, *who, &group.0, epoch, "says that it voted")
            }
            _ => Ok(()),
        }
    }
}
