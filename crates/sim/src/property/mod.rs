//! What must hold in every world, one file each. A property sees facts as they happen, the whole world after each, and
//! is asked again when the world was healed and has settled.
//!
//! Each file begins with the property in one sentence, where it comes from, and what it deliberately allows. That equal
//! seeds give equal traces is a property too; whoever runs worlds compares [`crate::trace::Trace::hash`].

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a property is about a few kinds of facts; a new kind is its concern only if somebody makes it so"
)]

mod known;

mod epochs;
mod gives_way;
mod grammar;
mod healed;
mod homes;
mod leader;
mod lost_writes;
mod odown_first;
mod on_disk;
mod one_promotion;
mod one_vote;
mod parallel_syncs;
mod priority_zero;
mod queues;
mod reloads;
mod selection;
mod tilt;
mod topology;

pub use epochs::Epochs;
pub use gives_way::GivesWay;
pub use grammar::Grammar;
pub use healed::Healed;
pub use homes::Homes;
pub use leader::Leader;
pub use lost_writes::{Lost, LostWrites};
pub use odown_first::OdownFirst;
pub use on_disk::OnDisk;
pub use one_promotion::OnePromotion;
pub use one_vote::OneVote;
pub use parallel_syncs::ParallelSyncs;
pub use priority_zero::PriorityZero;
pub use queues::Queues;
pub use reloads::Reloads;
pub use selection::Selection;
pub use tilt::Tilt;
pub use topology::Topology;

use crate::fact::Fact;
use crate::time::Time;
use crate::world::World;

/// One property. `Err` says what was seen, in words for whoever reads the trace.
pub trait Property {
    /// Its name: the name of its file.
    fn name(&self) -> &'static str;

    /// Something happened. `world` is as it was right after.
    fn fact(&mut self, world: &World, at: Time, fact: &Fact) -> Result<(), String>;

    /// Called about every simulated second, for what can only be seen by looking.
    fn look(&mut self, _world: &World) -> Result<(), String> {
        Ok(())
    }

    /// The world was healed and had its time to settle.
    fn settled(&mut self, _world: &World) -> Result<(), String> {
        Ok(())
    }

    /// Acknowledged writes that were lost, once the world has settled, of the property that counts them.
    fn lost(&self) -> Option<Lost> {
        None
    }
}

/// All of them, fresh.
pub fn all() -> Vec<Box<dyn Property>> {
    vec![
        Box::new(OneVote::default()),
        Box::new(Epochs::default()),
        Box::new(Leader::default()),
        Box::new(OnePromotion::default()),
        Box::new(OdownFirst::default()),
        Box::new(Tilt::default()),
        Box::new(OnDisk::default()),
        Box::new(Selection::default()),
        Box::new(PriorityZero::default()),
        Box::new(ParallelSyncs::default()),
        Box::new(Reloads::default()),
        Box::new(Queues),
        Box::new(Grammar::default()),
        Box::new(Topology::default()),
        Box::new(Homes::default()),
        Box::new(GivesWay::default()),
        Box::new(Healed::default()),
        Box::new(LostWrites::default()),
    ]
}
