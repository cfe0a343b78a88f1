//! Every limit, in one place. Nothing that comes from outside may grow without one.

/// Replicas of one group.
pub(crate) const REPLICAS_MAX: usize = 1_000;
/// Peers of one group.
pub(crate) const PEERS_MAX: usize = 1_000;
/// Groups in one process.
pub(crate) const GROUPS_MAX: usize = 100_000;
/// Host names remembered.
pub(crate) const NAMES_MAX: usize = 100_000;
/// Commands sent and not answered on one link; upstream stops at the same number.
pub(crate) const PENDING_MAX: usize = 100;
/// Bytes of INFO text kept per server for `SENTINEL INFO-CACHE`.
pub(crate) const INFO_CACHE_MAX: usize = 1 << 20;
/// Events held back until the state they tell of is on disk.
pub(crate) const HELD_EVENTS_MAX: usize = 10_000;
/// Bytes of an event's text; upstream cuts at the same.
pub(crate) const EVENT_TEXT_MAX: usize = 1_023;
/// Bytes of a group's name.
pub(crate) const GROUP_NAME_MAX: usize = 256;
/// Script runs waiting or running.
pub(crate) const SCRIPT_QUEUE_MAX: usize = 256;
/// Scripts running at once.
pub(crate) const SCRIPTS_RUNNING_MAX: usize = 16;
/// Runs of one script job, the first included.
pub(crate) const SCRIPT_RUNS_MAX: u32 = 10;
/// Vote requests and administrative commands waiting for the disk.
pub(crate) const PROMISES_MAX: usize = 10_000;
