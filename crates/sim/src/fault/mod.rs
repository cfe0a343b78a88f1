//! What can go wrong in a world: a closed list of kinds, and how often each happens. When they happen is in
//! [`inject`], what each does in `act`, those that strike at a chosen moment of a failover in `strike`.
//!
//! A new kind needs its row here and its arm in `act` (or `strike`).

mod act;
pub mod inject;
mod strike;

macro_rules! kinds {
    ($($kind:ident $name:literal $what:literal;)*) => {
        /// A kind of fault.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind { $(#[doc = $what] $kind),* }

        impl Kind {
            /// All of them.
            pub const ALL: &[Kind] = &[$(Kind::$kind),*];

            /// Its name in commands, options and traces.
            pub fn name(self) -> &'static str {
                match self { $(Kind::$kind => $name),* }
            }

            /// What it does, in one line.
            pub fn what(self) -> &'static str {
                match self { $(Kind::$kind => $what),* }
            }
        }
    };
}

kinds! {
    KillMaster "kill-master" "a master is killed and started again later";
    KillReplica "kill-replica" "a replica is killed and started again later";
    KillSentinel "kill-sentinel" "a sentinel is killed and started again later";
    KillSeveral "kill-several" "several processes are killed at once";
    QuickReboot "quick-reboot" "a server is back before anybody can hold it for down";
    EmptyReboot "empty-reboot" "a server is killed and comes back without its data";
    PowerOff "power-off" "a host loses its power: nobody is told, connections stay half-open";
    PauseMaster "pause-master" "a master is stopped (SIGSTOP) for a while";
    PauseReplica "pause-replica" "a replica is stopped for a while";
    PauseSentinel "pause-sentinel" "a sentinel is stopped for a while, perhaps long enough for TILT";
    CutOneWay "cut-one-way" "nothing passes from one host to another";
    CutBothWays "cut-both-ways" "nothing passes between two hosts";
    Partition "partition" "the hosts are split into two halves that do not reach each other";
    Isolate "isolate" "one host reaches nobody";
    Reset "reset" "some connections are reset";
    SlowPath "slow-path" "a path becomes slow";
    LossyPath "lossy-path" "a path loses packets";
    DiskSlow "disk-slow" "a sentinel's disk is slow";
    DiskFails "disk-fails" "writes of a sentinel fail";
    DiskHangs "disk-hangs" "writes of a sentinel do not end";
    TornWrite "torn-write" "a sentinel is killed while it writes its file";
    ClockJump "clock-jump" "the wall clock of a host is set forward or back";
    ForcedFailover "forced-failover" "a user asks a sentinel for a failover, or two sentinels at once";
    SentinelSet "sentinel-set" "a user changes settings of a group at a sentinel";
    SentinelReset "sentinel-reset" "a user makes a sentinel forget what it found";
    Priority "priority" "the priority of a replica changes";
    Busy "busy" "a script blocks a server, which answers -BUSY";
    SlowServer "slow-server" "a server answers late";
    LeaderElected "leader-elected" "a leader is killed when it is elected";
    LeaderPromoting "leader-promoting" "a leader is killed when it has told a replica to be a master";
    LeaderPromoted "leader-promoted" "a leader is killed when it has seen the promotion";
    LeaderReconf "leader-reconf" "a leader is killed when it has told a replica to follow the new master";
    PromotedKilled "promoted-killed" "the replica is killed that was just told to be a master";
    VoterKilled "voter-killed" "a sentinel is killed when it has just told its vote";
    AskCut "ask-cut" "a candidate loses its connections when it asks for votes";
}

impl Kind {
    /// The one of that name.
    pub fn parse(name: &str) -> Option<Kind> {
        Kind::ALL.iter().copied().find(|kind| kind.name() == name)
    }

    /// Whether it waits for a moment of a failover instead of a time.
    pub fn strikes(self) -> bool {
        self >= Kind::LeaderElected || self == Kind::TornWrite
    }

    /// A number of its own, so that its randomness does not depend on that of other kinds.
    pub(crate) fn salt(self) -> u64 {
        self.name().bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        })
    }
}

/// How often a kind of fault happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rate {
    /// never
    Off,
    /// every two minutes, or one of ten chances
    Rare,
    /// every half minute, or one of three chances
    Normal,
    /// every six seconds, or nearly every chance
    Extreme,
}

impl Rate {
    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Rate::Off => "off",
            Rate::Rare => "rare",
            Rate::Normal => "normal",
            Rate::Extreme => "extreme",
        }
    }

    /// Mean time between two faults of a kind, in milliseconds.
    pub(crate) fn mean_gap_ms(self) -> Option<u64> {
        match self {
            Rate::Off => None,
            Rate::Rare => Some(120_000),
            Rate::Normal => Some(30_000),
            Rate::Extreme => Some(6_000),
        }
    }

    /// How many of a hundred chances are taken, for kinds that wait for a moment.
    pub(crate) fn percent(self) -> u64 {
        match self {
            Rate::Off => 0,
            Rate::Rare => 10,
            Rate::Normal => 33,
            Rate::Extreme => 85,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Kind;

    #[test]
    fn names_are_unique_and_read_back() {
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.name()), Some(*kind));
            assert!(!kind.what().is_empty());
        }
        assert_eq!(Kind::parse("earthquake"), None);
    }
}
