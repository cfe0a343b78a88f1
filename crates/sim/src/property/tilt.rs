//! In TILT a sentinel starts no failover, asks for no votes, orders nobody about, and finds nobody down.
//!
//! From: upstream's documentation ("TILT mode": it "stops acting at all"; in TILT it goes on to monitor and to vote).
//!
//! Allowed: what a user forces may start in TILT; it goes no further until TILT is over. Events of what was
//! decided before may come later, when they waited for the disk: attempts are told apart by their epoch.

use std::collections::BTreeMap;

use watchkeeper_core::event::EventKind;

use super::Property;
use super::known::{Attempts, Groups, core_of};
use crate::fact::Fact;
use crate::process::ProcId;
use crate::time::Time;
use crate::world::World;

/// See the module.
#[derive(Debug, Default)]
pub struct Tilt {
    groups: Groups,
    attempts: Attempts,
    /// sentinels in TILT, and the greatest epoch they knew when they entered it
    since: BTreeMap<ProcId, u64>,
}

impl Tilt {
    fn acts(&self, world: &World, who: ProcId, what: impl FnOnce() -> String) -> Result<(), String> {
        if self.since.contains_key(&who) {
            return Err(format!("`{}` is in TILT and {}", world.name(who), what()));
        }
        Ok(())
    }
}

impl Property for Tilt {
    fn name(&self) -> &'static str {
        "tilt"
    }

    fn fact(&mut self, world: &World, _at: Time, fact: &Fact) -> Result<(), String> {
        let started = self.attempts.note(&mut self.groups, fact);
        match fact {
            Fact::Booted { who } => {
                self.since.remove(who);
            }
            Fact::Event { who, event } if event.kind == EventKind::Tilt => {
                let epoch = core_of(world, *who).map_or(0, |core| core.current_epoch());
                self.since.entry(*who).or_insert(epoch);
            }
            Fact::Event { who, event } if event.kind == EventKind::TiltEnd => {
                self.since.remove(who);
            }
            Fact::Event { .. } => {
                let Some(((who, group), attempt)) = started.filter(|(_, attempt)| !attempt.forced) else {
                    return Ok(());
                };
                if self.since.get(&who).is_some_and(|epoch| attempt.epoch > *epoch) {
                    let (epoch, group) = (attempt.epoch, self.groups.name(group));
                    return self
                        .acts(world, who, || format!("starts a failover of `{group}` in epoch {epoch}"));
                }
            }
            Fact::AskSent { who, to, epoch, .. } => {
                self.acts(world, *who, || format!("asks {to} for its vote in epoch {epoch}"))?;
            }
            Fact::OrderSent { who, server, follow: Some(master) } => {
                self.acts(world, *who, || format!("tells {server} to follow {master}"))?;
            }
            Fact::OrderSent { who, server, follow: None } => {
                self.acts(world, *who, || format!("makes {server} a master"))?;
            }
            _ => {}
        }
        Ok(())
    }

    fn look(&mut self, world: &World) -> Result<(), String> {
        for &who in self.since.keys() {
            let Some(core) = core_of(world, who).filter(|_| world.runs(who)) else { continue };
            let Some(since) = core.tilt_since() else { continue };
            for view in core.view().groups {
                if view.odown_since.is_some_and(|odown| odown > since) {
                    let (who, group) = (world.name(who), view.name);
                    return Err(format!("`{who}` is in TILT and found the master of `{group}` down"));
                }
            }
        }
        Ok(())
    }
}
