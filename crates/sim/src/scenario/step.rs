//! What a scenario says, once it is read: plain data. Reading is [`super::grammar`]'s, playing [`super::play`]'s.

use watchkeeper_core::event::EventKind;

use super::roster::Who;
use crate::setup::Setup;

/// A course of events in one world.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    /// the heading it stands under
    pub(crate) title: String,
    /// where it begins in its file
    pub(crate) line: usize,
    pub(crate) setup: Setup,
    pub(crate) steps: Vec<Step>,
}

/// One line.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) line: usize,
    /// as it stands in the file
    pub(crate) text: String,
    pub(crate) what: What,
}

/// What a line asks for.
#[derive(Debug, Clone)]
pub(crate) enum What {
    /// something is done
    Do { start: Start, action: Action },
    /// something must be seen
    Expect { check: Check, limit: Limit },
}

/// When something is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Start {
    /// right away
    Now,
    /// at this time since the world began
    At(u64),
    /// so long after the previous action
    After(u64),
    /// in the instant an event is emitted
    When { event: Sight, within: u64 },
}

/// How long an expectation waits, from the last action on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
    /// it must hold now
    Now,
    /// at some time until then
    Within(u64),
    /// all the time until then
    For(u64),
}

/// An event to look for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sight {
    pub(crate) kind: EventKind,
    /// what it is about
    pub(crate) of: Option<Who>,
    /// whom it names last: the new master
    pub(crate) to: Option<Who>,
    /// who emits it: each of them; anyone if not said
    pub(crate) on: Option<Who>,
}

/// What can be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    Wait(u64),
    Crash(Who),
    Restart { who: Who, empty: bool, loading_us: Option<u64> },
    Pause { who: Who, us: Option<u64> },
    Resume(Who),
    PowerOff(Who),
    PowerOn(Who),
    Cut { a: Who, b: Who, us: Option<u64> },
    CutOneWay { from: Who, to: Who, us: Option<u64> },
    Mend { a: Who, b: Who },
    Isolate { who: Who, us: Option<u64> },
    Flap { who: Who, period_us: u64, us: u64 },
    SlowNetwork { who: Who, us: u64 },
    LosePackets { who: Who, percent: u64 },
    SlowDisk { who: Who, us: u64 },
    FailDisk(Who),
    HangDisk(Who),
    RepairDisk(Who),
    JumpClock { who: Who, ms: i64 },
    Failover { on: Who, group: usize },
    Busy { who: Who, unkillable: bool, us: u64 },
    SlowAnswers { who: Who, us: u64 },
    Priority { who: Who, value: u64 },
    Heal,
}

/// What can be expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Check {
    Seen(Sight),
    NotSeen(Sight),
    Times { least: u64, most: u64, sight: Sight },
    Log { text: String, on: Option<Who> },
    NoLog { text: String, on: Option<Who> },
    Write,
    NoWrite,
    Lost { most: u64 },
    MasterNamed { server: Who, on: Who },
    OneMaster,
    Follows { who: Who, master: Who },
    IsMaster(Who),
    IsEmpty(Who),
    HasData(Who),
    Runs { who: Who, wanted: bool },
    Tilt { who: Who, wanted: bool },
    Knows { who: Who, replicas: Option<u64>, peers: Option<u64> },
    SeesDown { who: Who, server: Who, wanted: bool },
    Refuses { who: Who, server: Who, because: String },
    Settled,
}
