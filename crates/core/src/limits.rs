//! Every limit on what comes from outside, in one place, with the reason for its size.

/// Channels and patterns one client may be subscribed to together. A sentinel has some forty event names; the
/// room beyond that is for tools that generate their subscriptions.
pub const SUBSCRIPTIONS_PER_CLIENT: usize = 10_000;
/// Bytes of one channel name or pattern. Longer ones can match no event.
pub const CHANNEL_BYTES: usize = 4096;
/// Commands of one client kept while an earlier one of it is not answered (or CLIENT PAUSE holds it). A client
/// that pipelines more is dropped.
pub const QUEUED_COMMANDS: usize = 1024;
/// Bytes of those commands.
pub const QUEUED_BYTES: usize = 1024 * 1024;
/// Bytes of a client's name, library name or library version. CLIENT LIST prints them all.
pub const CLIENT_NAME_BYTES: usize = 1024;
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
