//! Limits on what comes from outside that several modules share, with the reason for each size. A limit that only one
//! module needs stands beside its use.

/// Channels and patterns one client may be subscribed to together. A sentinel has some forty event names; the
/// room beyond that is for tools that generate their subscriptions.
pub const SUBSCRIPTIONS_PER_CLIENT: usize = 1_024;
/// Bytes of one channel name or pattern. Longer ones can match no event.
pub const CHANNEL_BYTES: usize = 1024;
/// Commands of one client kept while an earlier one of it is not answered (or CLIENT PAUSE holds it). A client
/// that pipelines more is dropped.
pub const QUEUED_COMMANDS: usize = 1024;
/// Bytes of those commands.
pub const QUEUED_BYTES: usize = 1024 * 1024;
/// Replies of one client that wait behind one that waits for the disk.
pub(crate) const BEHIND_MAX: usize = 8_192;
/// Bytes of a client's name, library name or library version. CLIENT LIST prints them all.
pub const CLIENT_NAME_BYTES: usize = 1024;
/// Prefixes of CLIENT TRACKING of one client. They are compared pairwise.
pub const TRACKING_PREFIXES: usize = 128;
/// Users the access control list may have.
pub const ACL_USERS: usize = 10_000;
/// Bytes of a user name.
pub const ACL_USER_NAME_BYTES: usize = 1024;
/// Passwords, key patterns, channel patterns, allowed first arguments or selectors (each) of one user.
pub const ACL_RULES_PER_USER: usize = 1024;
/// Bytes of one ACL rule.
pub const ACL_RULE_BYTES: usize = 16 * 1024;
/// Entries of the ACL log, whatever `acllog-max-len` says.
pub const ACL_LOG_ENTRIES: u64 = 10_000;
/// Bytes kept of a client-chosen text (object or user name) in an entry of the ACL log.
pub const ACL_LOG_TEXT_BYTES: usize = 1024;
/// Steps one glob match may take before it counts as no match: hostile patterns must not stop the process.
pub const GLOB_STEPS: usize = 1_000_000;

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
/// The same with the blocks that tell a server whom to follow: they are sent to one that hangs too.
pub(crate) const PENDING_HARD_MAX: usize = PENDING_MAX + 4 * crate::link::BLOCK_COMMANDS;
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
pub(crate) const PROMISES_MAX: usize = 20_000;
/// Bytes of a hello that is kept to know it again: longer than any honest one.
pub(crate) const HELLO_KEPT_MAX: usize = 1_024;
