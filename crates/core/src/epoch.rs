//! The four epochs. Upstream keeps them in one integer type and confuses two of them; here each has its own.

use std::fmt;

/// The largest epoch accepted from outside. Beyond it lies `-1` read as unsigned, which would end all elections.
pub const EPOCH_MAX: u64 = i64::MAX as u64;

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
