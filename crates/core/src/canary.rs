//! Deliberate bugs, one at a time, to prove that the simulator's properties catch what they are for.
//!
//! They exist only in builds with `--cfg watchkeeper_canary`; there [`crate::Sentinel::set_canary`] turns one on. In every
//! other build the question asked at each site is a constant `false`, and nothing of it is left in the program.
//! Each site is where such a bug would really be, and the bug is as small as a real one.

macro_rules! canaries {
    ($($canary:ident $name:literal $what:literal $property:literal;)*) => {
        /// A deliberate bug.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Canary { $(#[doc = $what] $canary),* }

        impl Canary {
            /// All of them.
            pub const ALL: &[Canary] = &[$(Canary::$canary),*];

            /// Its name in commands and tables.
            pub fn name(self) -> &'static str {
                match self { $(Canary::$canary => $name),* }
            }

            /// What goes wrong, in one line.
            pub fn what(self) -> &'static str {
                match self { $(Canary::$canary => $what),* }
            }

            /// The property that should catch it.
            pub fn property(self) -> &'static str {
                match self { $(Canary::$canary => $property),* }
            }
        }
    };
}

canaries! {
    DoubleVote "double-vote"
        "a second candidate of the same epoch gets a vote too"
        "one vote for each sentinel, group and epoch";
    VoteBeforeDisk "vote-before-disk"
        "a vote is told before it is on disk"
        "nothing is visible before its state is on disk";
    CandidacyBeforeDisk "candidacy-before-disk"
        "peers are asked for votes before our own is on disk"
        "nothing is visible before its state is on disk";
    FailedWriteTrusted "failed-write-trusted"
        "a write that failed counts as done"
        "nothing is visible before its state is on disk";
    VoteForgotten "vote-forgotten"
        "the epoch of the last vote is not written: after a restart there is another vote"
        "one vote for each sentinel, group and epoch, across restarts";
    EpochForgotten "epoch-forgotten"
        "the current epoch is not written: it falls at a restart"
        "epochs never fall";
    TiltIgnored "tilt-ignored"
        "TILT is entered and everything goes on"
        "nothing starts in TILT";
    WrongEpochCounted "wrong-epoch-counted"
        "votes of older epochs are counted"
        "a leader has a majority of its epoch's votes";
    MajorityOffByOne "majority-off-by-one"
        "half of the sentinels are enough to be elected"
        "a leader has a majority of its epoch's votes";
    QuorumIgnored "quorum-ignored"
        "an election does not ask for the quorum where that is more than the majority"
        "a leader has the quorum's votes";
    StaleInfo "stale-info"
        "a replica is promoted on the word of an old INFO"
        "the promoted replica was eligible";
    DownSelected "down-selected"
        "a replica that is down is chosen"
        "the promoted replica was eligible";
    EmptyPromoted "empty-promoted"
        "a replica that is empty is promoted instead of one with data, or of nobody"
        "the promoted replica was eligible";
    PriorityZero "priority-zero"
        "a replica of priority 0 is promoted"
        "priority 0 is never promoted";
    WorstChosen "worst-chosen"
        "the worst of the fit replicas is chosen"
        "the promoted replica was the best";
    ParallelSyncsOffByOne "parallel-syncs-off-by-one"
        "one replica too many is told to follow at the same time"
        "parallel-syncs is respected";
    HelloBeforeDisk "hello-before-disk"
        "a new configuration is announced before it is on disk"
        "nothing is visible before its state is on disk";
    HelloForgotten "hello-forgotten"
        "a new configuration is never announced"
        "after healing every sentinel names the same master";
    OdownSkipped "odown-skipped"
        "a failover starts as soon as this sentinel alone holds the master for down"
        "no failover without odown unless forced";
    OldMasterLeft "old-master-left"
        "an old master that comes back is left a master"
        "after healing old masters rejoin";
    WrongParentLeft "wrong-parent-left"
        "a replica that follows somebody else is left alone"
        "after healing every replica follows the master";
    OlderConfigAdopted "older-config-adopted"
        "a configuration of a lower epoch is taken over"
        "config epochs never fall";
    InprogUntold "inprog-untold"
        "a replica's reconfiguration ends without having been seen in progress"
        "every event sequence is one of the grammar";
    EndlessPending "endless-pending"
        "commands to a server that never answers are queued without end"
        "every queue is under its limit";
    RepairsAtOnce "repairs-at-once"
        "repairs of a tree ignore parallel-syncs"
        "parallel-syncs is respected";
    HomeForgotten "home-forgotten"
        "where a replica was moved because its home was down becomes its home"
        "what bridges an outage is no new shape";
    NeverOverruled "never-overruled"
        "a replica that somebody else takes away again and again is put back for ever"
        "nobody is fought for ever";
    PromotedTwice "promoted-twice"
        "when a promotion takes too long, another replica is promoted in the same epoch"
        "at most one promotion in a failover epoch";
}

impl Canary {
    /// The one of that name.
    pub fn parse(name: &str) -> Option<Canary> {
        Canary::ALL.iter().copied().find(|canary| canary.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::Canary;

    #[test]
    fn names_are_unique_and_read_back() {
        for canary in Canary::ALL {
            assert_eq!(Canary::parse(canary.name()), Some(*canary));
            assert!(!canary.what().is_empty() && !canary.property().is_empty());
        }
        assert_eq!(Canary::parse("nightingale"), None);
    }
}
