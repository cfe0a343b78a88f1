//! What must hold in every world, one file each. A property sees facts as they happen, the whole world after each, and
//! is asked again when the world was healed and has settled.

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
}

/// All of them, fresh.
pub fn all() -> Vec<Box<dyn Property>> {
    Vec::new()
}
