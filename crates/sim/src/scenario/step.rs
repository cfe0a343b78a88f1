//! What a scenario says, once it is read: plain data. Reading is [`super::grammar`]'s, playing [`super::play`]'s.

use watchkeeper_core::event::EventKind;

use super::roster::Who;
use crate::disk::Wear;
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
    Process(Who, ProcessAction),
    Network(NetworkAction),
    Disk(Who, Wear),
    JumpClock { who: Who, ms: i64 },
    Failover { on: Who, group: usize },
    Server(Who, ServerAction),
    Heal,
}

/// What can be done to any process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProcessAction {
    Crash,
    Restart { empty: bool, loading_us: Option<u64> },
    Pause { us: Option<u64> },
    Resume,
    PowerOff,
    PowerOn,
}

/// What can be done to the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NetworkAction {
    Cut { a: Who, b: Who, us: Option<u64> },
    CutOneWay { from: Who, to: Who, us: Option<u64> },
    Mend { a: Who, b: Who },
    Isolate { who: Who, us: Option<u64> },
    Flap { who: Who, period_us: u64, us: u64 },
    Slow { who: Who, to: Option<Who>, us: u64 },
    Lose { who: Who, percent: u64 },
}

/// What can be done to a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ServerAction {
    Busy { unkillable: bool, us: u64 },
    SlowAnswers(u64),
    Priority(u32),
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
    Runs { who: Who, wanted: bool },
    Server(Who, ServerState),
    Sentinel(Who, SentinelState),
    Settled,
}

/// What can be expected of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ServerState {
    Follows(Who),
    Master,
    Empty,
    Data,
}

/// What can be expected of a sentinel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SentinelState {
    Tilt(bool),
    Replicas(u64),
    Peers(u64),
    Sees { who: Who, down: bool },
    Refuses { server: Who, because: String },
}
