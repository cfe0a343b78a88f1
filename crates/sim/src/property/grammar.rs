//! Every sequence of events is one that the log explainer's grammar accepts.
//!
//! From: `watchkeeper_core::event_grammar`, which says what a log can be; upstream's documentation of "Sentinel API:
//! Pub/Sub messages".
//!
//! Allowed: whatever the grammar allows; a process that starts begins anew. Sentinels with upstream's behaviour emit no
//! events here.

use std::collections::BTreeMap;

use watchkeeper_core::event_grammar::Grammar as Automaton;

use super::Property;
use crate::fact::Fact;
use crate::process::ProcId;
use crate::time::Time;
use crate::world::World;

/// See the module.
#[derive(Debug, Default)]
pub struct Grammar {
    logs: BTreeMap<ProcId, Automaton>,
}

impl Property for Grammar {
    fn name(&self) -> &'static str {
        "grammar"
    }

    fn fact(&mut self, world: &World, _at: Time, fact: &Fact) -> Result<(), String> {
        match fact {
            // What it emits while it starts comes behind this.
            Fact::Booted { who } => {
                self.logs.remove(who);
            }
            Fact::Event { who, event } => {
                let log = self.logs.entry(*who).or_default();
                let taken = log.accept(world.clock(*who).mono, event);
                return taken.map_err(|why| format!("`{}` cannot say what it says: {why}", world.name(*who)));
            }
            _ => {}
        }
        Ok(())
    }
}
