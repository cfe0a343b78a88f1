//! The table of events: everything a sentinel says about what it sees and does.
//!
//! One row per event drives the wire (name, level, notification script) and the documents. What an event means
//! and what to do about it, in English and Chinese, stands beside it in [`crate::event_text`].

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

impl LogLevel {
    /// The word `loglevel` takes.
    pub fn name(self) -> &'static str {
        match self {
            LogLevel::Debug => "debug",
            LogLevel::Verbose => "verbose",
            LogLevel::Notice => "notice",
            LogLevel::Warning => "warning",
            LogLevel::Nothing => "nothing",
        }
    }

    /// The level of that name, in any case.
    pub fn parse(name: &str) -> Option<LogLevel> {
        [LogLevel::Debug, LogLevel::Verbose, LogLevel::Notice, LogLevel::Warning, LogLevel::Nothing]
            .into_iter()
            .find(|level| level.name().eq_ignore_ascii_case(name))
    }
}

/// One event, ready to be logged: `<name> <payload>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// which one
    pub kind: EventKind,
    /// level it is logged at
    pub level: LogLevel,
    /// wire name, which is also the channel: `+sdown`
    pub name: &'static str,
    /// the group it belongs to
    pub group: Option<GroupName>,
    /// everything after the name
    pub payload: String,
}

/// A row of the table.
#[derive(Debug, Clone, Copy)]
pub struct EventSpec {
    /// which event
    pub kind: EventKind,
    /// wire name
    pub name: &'static str,
    /// level
    pub level: LogLevel,
    /// whether the group's notification script is called
    pub scripted: bool,
    /// the payload's fields; `M` stands for `master <name> <ip> <port>`, `I` for the details of any instance
    pub fields: &'static str,
}

macro_rules! events {
    ($($kind:ident $name:literal $level:ident $scripted:literal $fields:literal;)*) => {
        /// Every event there is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs)] // the table and `event_text` document each
        pub enum EventKind { $($kind),* }

        /// The table, in the order of [`EventKind`].
        pub const EVENTS: &[EventSpec] = &[$(EventSpec {
            kind: EventKind::$kind,
            name: $name,
            level: LogLevel::$level,
            scripted: $scripted,
            fields: $fields,
        }),*];
    };
}

events! {
    Monitor "+monitor" Warning true "M quorum <n>";
    Unmonitor "-monitor" Warning true "M";
    Set "+set" Warning true "M <option> <value>";
    ResetMaster "+reset-master" Warning true "M";
    Slave "+slave" Notice false "I";
    Sentinel "+sentinel" Notice false "I";
    DupSentinel "-dup-sentinel" Notice false "M #duplicate of <ip>:<port> or <id>";
    SentinelAddressSwitch "+sentinel-address-switch" Notice false "M ip <ip> port <port> for <id>";
    SentinelAddressUpdate "+sentinel-address-update" Notice false "I <n> additional matching instances";
    SentinelInvalidAddr "+sentinel-invalid-addr" Notice false "I";
    Reboot "+reboot" Notice false "I";
    RoleAgrees "+role-change" Verbose false "I new reported role is master|slave";
    RoleDiffers "-role-change" Verbose false "I new reported role is master|slave";
    ConvertToSlave "+convert-to-slave" Notice false "I";
    FixSlaveConfig "+fix-slave-config" Notice false "I";
    FailoverDetected "+failover-detected" Notice false "M #promoted <ip>:<port>";
    SubjectivelyDown "+sdown" Warning true "I";
    SubjectivelyUp "-sdown" Warning true "I";
    ObjectivelyDown "+odown" Warning true "M #quorum <votes>/<quorum>";
    ObjectivelyUp "-odown" Warning true "M";
    NewEpoch "+new-epoch" Warning true "<epoch>";
    VoteForLeader "+vote-for-leader" Warning true "<id> <epoch>";
    TryFailover "+try-failover" Warning true "M";
    ElectedLeader "+elected-leader" Warning true "M";
    StateSelectSlave "+failover-state-select-slave" Warning true "M";
    AbortNotElected "-failover-abort-not-elected" Warning true "M";
    AbortNoGoodSlave "-failover-abort-no-good-slave" Warning true "M";
    SelectedSlave "+selected-slave" Warning true "I";
    StateSendSlaveofNoone "+failover-state-send-slaveof-noone" Notice false "I";
    StateWaitPromotion "+failover-state-wait-promotion" Notice false "I";
    AbortSlaveTimeout "-failover-abort-slave-timeout" Warning true "M";
    PromotedSlave "+promoted-slave" Warning true "I";
    StateReconfSlaves "+failover-state-reconf-slaves" Warning true "M";
    SlaveReconfSent "+slave-reconf-sent" Notice false "I";
    SlaveReconfSentTimeout "-slave-reconf-sent-timeout" Notice false "I";
    SlaveReconfInprog "+slave-reconf-inprog" Notice false "I";
    SlaveReconfDone "+slave-reconf-done" Notice false "I";
    SlaveReconfSentBestEffort "+slave-reconf-sent-be" Notice false "I";
    FailoverEndForTimeout "+failover-end-for-timeout" Warning true "M";
    FailoverEnd "+failover-end" Warning true "M";
    SwitchMaster "+switch-master" Warning true "<name> <old ip> <old port> <new ip> <new port>";
    ConfigUpdateFrom "+config-update-from" Warning true "I";
    Tilt "+tilt" Warning false "#tilt mode entered";
    TiltEnd "-tilt" Warning false "#tilt mode exited";
    ScriptError "-script-error" Warning false "<path> <signal> <exit code>";
    ScriptTimeout "-script-timeout" Warning false "<path> <pid>";
    ScriptChild "+script-child" Debug false "<pid>";
    ScriptChildEnd "-script-child" Debug false "<pid> <exit code> <signal>";
    CmdLinkReconnection "-cmd-link-reconnection" Debug false "I #<error text>";
    PubsubLinkReconnection "-pubsub-link-reconnection" Debug false "I #<error text>";
}

impl EventKind {
    /// The row of this event.
    pub fn spec(self) -> &'static EventSpec {
        &EVENTS[self as usize]
    }
}

/// The row of the event with this wire name.
pub fn by_name(name: &str) -> Option<&'static EventSpec> {
    EVENTS.iter().find(|spec| spec.name == name)
}

impl Event {
    /// An event with its level and name from the table.
    pub(crate) fn new(kind: EventKind, group: Option<&GroupName>, payload: String) -> Event {
        let spec = kind.spec();
        Event { kind, level: spec.level, name: spec.name, group: group.cloned(), payload }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_names_are_unique() {
        for (index, spec) in EVENTS.iter().enumerate() {
            assert_eq!(spec.kind as usize, index);
            assert_eq!(by_name(spec.name).unwrap().kind, spec.kind);
            assert!(
                !spec.scripted || spec.level == LogLevel::Warning,
                "{}: scripts run at warning only",
                spec.name
            );
        }
    }
}
