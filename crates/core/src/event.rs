//! The table of events: everything a sentinel says about what it sees and does.

use crate::id::GroupName;

/// Levels of log lines and events, from chatty to grave (`loglevel`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogLevel {
    /// `.`
    Debug,
    /// `-`
    Verbose,
    /// `*`
    Notice,
    /// `#`
    Warning,
    /// only as a setting: log nothing
    Nothing,
}

/// One event, ready to be logged: `<type> <payload>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// level it is logged at
    pub level: LogLevel,
    /// wire name, which is also the channel: `+sdown`
    pub name: &'static str,
    /// the group it belongs to
    pub group: Option<GroupName>,
    /// everything after the name
    pub payload: String,
}
