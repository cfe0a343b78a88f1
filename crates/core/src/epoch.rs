//! The four epochs. Upstream keeps them in one integer type and confuses two of them; here each has its own.

use std::fmt;

/// The largest epoch accepted from outside. Beyond it lies `-1` read as unsigned, which would end all elections.
pub const EPOCH_MAX: u64 = i64::MAX as u64;

/// How far an epoch from outside may lie above our own. Epochs rise by one for each attempt: more is a mistake or an
/// attack, and taken over it would leave no epoch for the next election.
const EPOCH_JUMP_MAX: u64 = 1 << 40;

/// Whether an epoch from outside can be real, given our own.
pub(crate) fn plausible(epoch: u64, current: CurrentEpoch) -> bool {
    epoch <= current.0.saturating_add(EPOCH_JUMP_MAX).min(EPOCH_MAX)
}

macro_rules! epoch {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

epoch!(
    /// The newest epoch this sentinel has heard of, over all groups. Never falls, also across restarts.
    CurrentEpoch
);
epoch!(
    /// The epoch of the failover that made a group's present master. The greater one wins in hello messages.
    ConfigEpoch
);
epoch!(
    /// The epoch of the last vote given for a group. One vote per group and epoch.
    LeaderEpoch
);
epoch!(
    /// The epoch of the failover this sentinel attempts for a group; it becomes the config epoch.
    FailoverEpoch
);
