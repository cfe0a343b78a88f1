//! Epochs never fall: the current epoch and the configuration's epoch that a sentinel tells in its hellos, the epochs of
//! its votes and of its candidacies; also across restarts.
//!
//! From: upstream's documentation ("Configuration epochs", "Persistent state") and `Sentinel`'s invariant that a state
//! file, a removed group or a wild message never lowers an epoch.
//!
//! Allowed: a current epoch may be told before it is on disk, and be forgotten by a crash before any write that began
//! later succeeded: nobody was promised anything in it. The same for a configuration whose write failed: its hello is
//! sent all the same (ARCHITECTURE.md, "Where the design was changed"). A group that was removed begins anew. With
//! upstream's behaviour nothing is required across restarts, because it ignores writes that fail; nor of its configuration where it ends a
//! failover of an epoch older than one that its master was confirmed in meanwhile.

use std::collections::BTreeMap;

use watchkeeper_core::event::EventKind;

use super::Property;
use super::known::{GroupNo, Groups, Seat, core_of, is_ours};
use crate::fact::Fact;
use crate::process::ProcId;
use crate::time::Time;
use crate::world::World;

/// What was told of one epoch.
#[derive(Debug, Clone, Copy, Default)]
struct Told {
    latest: u64,
    /// a write that began after `latest` was told is under way
    writing: bool,
    /// the last value that must survive a restart
    kept: u64,
}

/// What changes for one sentinel.
#[derive(Debug, Clone, Copy)]
enum Life {
    Booted { ours: bool },
    WriteBegun,
    WriteEnded { ok: bool },
}

impl Told {
    fn live(&mut self, life: Life) {
        match life {
            Life::Booted { ours } => {
                self.kept = if ours { self.kept } else { 0 };
                self.latest = self.kept;
                self.writing = false;
            }
            Life::WriteBegun => self.writing = true,
            Life::WriteEnded { ok } => {
                if ok && self.writing {
                    self.kept = self.latest;
                }
                self.writing = false;
            }
        }
    }

    /// Takes a new value; the earlier one if it was greater.
    fn tell(&mut self, value: u64, on_disk: bool) -> Result<(), u64> {
        if value < self.latest {
            return Err(self.latest);
        }
        if value > self.latest {
            self.latest = value;
            self.writing = false;
        }
        if on_disk {
            self.kept = self.latest;
        }
        Ok(())
    }
}

/// See the module.
#[derive(Debug, Default)]
pub struct Epochs {
    groups: Groups,
    /// told in hellos
    current: BTreeMap<ProcId, Told>,
    /// told in hellos
    config: BTreeMap<Seat, Told>,
    votes: BTreeMap<Seat, Told>,
    candidacies: BTreeMap<Seat, Told>,
    /// the last write of a sentinel failed
    failing: BTreeMap<ProcId, bool>,
    /// the current epoch of the present incarnation, when last looked at
    looked: BTreeMap<ProcId, u64>,
}

impl Epochs {
    fn live(&mut self, who: ProcId, life: Life) {
        if let Some(told) = self.current.get_mut(&who) {
            told.live(life);
        }
        let seats = (who, 0)..=(who, GroupNo::MAX);
        for told in self.config.range_mut(seats.clone()).map(|(_, told)| told) {
            told.live(life);
        }
        if let Life::Booted { ours: false } = life {
            for told in self.votes.range_mut(seats.clone()).chain(self.candidacies.range_mut(seats)) {
                told.1.live(life);
            }
        }
    }

    fn hello(
        &mut self,
        world: &World,
        who: ProcId,
        group: &str,
        current: u64,
        config: u64,
    ) -> Result<(), String> {
        let told = self.current.entry(who).or_default();
        told.tell(current, false).map_err(|before| {
            format!("`{}` told of current epoch {current}, after {before}", world.name(who))
        })?;
        let on_disk = !self.failing.get(&who).copied().unwrap_or(false);
        let seat = (who, self.groups.number(group));
        let told = self.config.entry(seat).or_default();
        if config < told.latest && !is_ours(world, who) {
            *told = Told::default();
        }
        told.tell(config, on_disk).map_err(|before| {
            format!("`{}` told of config epoch {config} of `{group}`, after {before}", world.name(who))
        })
    }
}

impl Property for Epochs {
    fn name(&self) -> &'static str {
        "epochs"
    }

    fn fact(&mut self, world: &World, _at: Time, fact: &Fact) -> Result<(), String> {
        self.groups.note(world, fact);
        match fact {
            Fact::HelloSent { who, current_epoch, group, config_epoch, .. } => {
                return self.hello(world, *who, group, *current_epoch, *config_epoch);
            }
            Fact::Booted { who } => {
                self.looked.remove(who);
                self.failing.remove(who);
                self.live(*who, Life::Booted { ours: is_ours(world, *who) });
            }
            Fact::WriteBegun { who, .. } => self.live(*who, Life::WriteBegun),
            Fact::WriteEnded { who, ok, .. } => {
                self.failing.insert(*who, !ok);
                self.live(*who, Life::WriteEnded { ok: *ok });
            }
            Fact::VoteTold { who, master, epoch, .. } => {
                let seat = (*who, self.groups.at(*master));
                let told = self.votes.entry(seat).or_default().tell(*epoch, true);
                return told.map_err(|before| {
                    let (who, group) = (world.name(*who), self.groups.name(seat.1));
                    format!("`{who}` told of a vote on `{group}` of epoch {epoch}, after one of {before}")
                });
            }
            Fact::AskSent { who, master, epoch, .. } => {
                let seat = (*who, self.groups.at(*master));
                let told = self.candidacies.entry(seat).or_default().tell(*epoch, true);
                return told.map_err(|before| {
                    let (who, group) = (world.name(*who), self.groups.name(seat.1));
                    format!("`{who}` is a candidate on `{group}` in epoch {epoch}, after one in {before}")
                });
            }
            Fact::Event { who, event } if event.kind == EventKind::Unmonitor => {
                if let Some(group) = self.groups.of(event) {
                    let seat = (*who, group);
                    for told in [&mut self.config, &mut self.votes, &mut self.candidacies] {
                        told.remove(&seat);
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn look(&mut self, world: &World) -> Result<(), String> {
        for (who, _) in world.processes() {
            let Some(epoch) = core_of(world, who).map(|core| core.current_epoch()) else { continue };
            let before = self.looked.insert(who, epoch).unwrap_or(0);
            if epoch < before {
                let who = world.name(who);
                return Err(format!("the current epoch of `{who}` fell from {before} to {epoch}"));
            }
        }
        Ok(())
    }
}
