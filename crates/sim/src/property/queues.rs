//! Every queue and table of a sentinel is under its limit.
//!
//! From: the design's rule "limits on everything"; `crates/core/src/limits.rs` and the limits beside their one use.
//!
//! Looked at about every second: what piles up is still there then.

use watchkeeper_core::view::Gauge;

use super::Property;
use super::known::core_of;
use crate::fact::Fact;
use crate::time::Time;
use crate::world::World;

/// See the module.
#[derive(Debug, Default)]
pub struct Queues;

impl Property for Queues {
    fn name(&self) -> &'static str {
        "queues"
    }

    fn fact(&mut self, _world: &World, _at: Time, _fact: &Fact) -> Result<(), String> {
        Ok(())
    }

    fn look(&mut self, world: &World) -> Result<(), String> {
        for (who, _) in world.processes() {
            judge(world.name(who), core_of(world, who).and_then(|core| core.overfull()))?;
        }
        Ok(())
    }
}

fn judge(who: &str, overfull: Option<Gauge>) -> Result<(), String> {
    let Some(Gauge { name, size, limit }) = overfull else { return Ok(()) };
    Err(format!("`{who}` has {size} {name}, more than {limit}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_overfull_is_told() {
        let gauge = Gauge { name: "promises", size: 11, limit: 10 };
        assert_eq!(judge("sent-1", Some(gauge)).unwrap_err(), "`sent-1` has 11 promises, more than 10");
        assert_eq!(judge("sent-1", None), Ok(()));
    }
}
