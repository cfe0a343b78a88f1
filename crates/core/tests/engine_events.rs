//! The table of events against what tools that read `redis-sentinel`'s events and logs rely on.

use watchkeeper_core::event::{EVENTS, LogLevel, by_name};

/// Name, level (`#` warning, `*` notice, `-` verbose, `.` debug), whether the notification script runs.
const UPSTREAM: &str = "
    +monitor # y
    -monitor # y
    +set # y
    +reset-master # y
    +slave * n
    +sentinel * n
    +sentinel-address-switch * n
    +sentinel-address-update * n
    +sentinel-invalid-addr * n
    +reboot * n
    +role-change - n
    -role-change - n
    +convert-to-slave * n
    +fix-slave-config * n
    +sdown # y
    -sdown # y
    +odown # y
    -odown # y
    +new-epoch # y
    +vote-for-leader # y
    +try-failover # y
    +elected-leader # y
    +failover-state-select-slave # y
    -failover-abort-not-elected # y
    -failover-abort-no-good-slave # y
    +selected-slave # y
    +failover-state-send-slaveof-noone * n
    +failover-state-wait-promotion * n
    -failover-abort-slave-timeout # y
    +promoted-slave # y
    +failover-state-reconf-slaves # y
    +slave-reconf-sent * n
    -slave-reconf-sent-timeout * n
    +slave-reconf-inprog * n
    +slave-reconf-done * n
    +slave-reconf-sent-be * n
    +failover-end-for-timeout # y
    +failover-end # y
    +switch-master # y
    +config-update-from # y
    +tilt # n
    -tilt # n
    -script-error # n
    -script-timeout # n
    +script-child . n
    -script-child . n
    -cmd-link-reconnection . n
    -pubsub-link-reconnection . n
";

/// Ours alone.
const OURS: &str = "
    -dup-sentinel * n
    +failover-detected * n
";

#[test]
fn every_event_has_its_level_and_runs_scripts_or_not() {
    let rows: Vec<Vec<&str>> = UPSTREAM
        .lines()
        .chain(OURS.lines())
        .map(|row| row.split_whitespace().collect::<Vec<_>>())
        .filter(|row| !row.is_empty())
        .collect();
    for row in &rows {
        let spec = by_name(row[0]).unwrap_or_else(|| panic!("{} is missing", row[0]));
        let level = match spec.level {
            LogLevel::Warning => "#",
            LogLevel::Notice => "*",
            LogLevel::Verbose => "-",
            LogLevel::Debug | LogLevel::Nothing => ".",
        };
        assert_eq!(level, row[1], "level of {}", row[0]);
        assert_eq!(spec.scripted, row[2] == "y", "script of {}", row[0]);
    }
    assert_eq!(EVENTS.len(), rows.len(), "an event is in the table and not here");
}
