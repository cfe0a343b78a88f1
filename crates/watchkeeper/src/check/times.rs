//! Times that do not fit: too short for a network, too long for people, or not to each other.

use watchkeeper_core::config::{DEFAULT_DOWN_AFTER_MS, GroupConfig};

use super::codes::{WK301, WK302, WK303, WK304, WK305, WK306, WK307};
use super::{Desk, report};

/// A shorter `down-after-milliseconds` takes pauses for deaths.
const DOWN_AFTER_MIN_MS: u64 = 1_000;
/// A longer one leaves everybody waiting.
const DOWN_AFTER_MAX_MS: u64 = 120_000;
/// Numbers up to this one were meant as seconds.
const LOOKS_LIKE_SECONDS: u64 = 300;
/// A shorter `failover-timeout` leaves no time to promote.
const FAILOVER_MIN_MS: u64 = 3_000;
/// What a replica should have for copying the data of its new master.
const COPY_MS: u64 = 10_000;

/// Each group's times.
pub(super) fn look(desk: &mut Desk<'_>) {
    for group in &desk.sheet.survey.config.groups {
        down_after(desk, group);
        failover_timeout(desk, group);
        parallel_syncs(desk, group);
    }
    defaults(desk);
}

fn down_after(desk: &mut Desk<'_>, group: &GroupConfig) {
    let (time, name) = (group.down_after_ms, &group.name.0);
    let at = desk.of_group("down-after-milliseconds", group);
    if time <= LOOKS_LIKE_SECONDS {
        report!(desk, WK301, at, 3;
            "{time} milliseconds for `{name}`: were seconds meant?",
            "`{name}` 的时间是 {time} 毫秒：原意是秒吗？"
        );
    } else if time < DOWN_AFTER_MIN_MS {
        report!(desk, WK301, at, 3;
            "after {time} ms without an answer the master of `{name}` is held for down",
            "`{name}` 的主节点 {time} 毫秒无应答就会被认为下线"
        );
    } else if time > DOWN_AFTER_MAX_MS {
        let seconds = time / 1000;
        report!(desk, WK302, at, 3;
            "only after {seconds} s without an answer the master of `{name}` is held for down",
            "`{name}` 的主节点 {seconds} 秒无应答才会被认为下线"
        );
    }
}

fn failover_timeout(desk: &mut Desk<'_>, group: &GroupConfig) {
    let (time, down, name) = (group.failover_timeout_ms, group.down_after_ms, &group.name.0);
    let at = desk.of_group("failover-timeout", group);
    if time < FAILOVER_MIN_MS {
        report!(desk, WK303, at, 3;
            "a failover of `{name}` has {time} ms for each phase",
            "`{name}` 故障转移的每个阶段只有 {time} 毫秒"
        );
    } else if time < down {
        report!(desk, WK303, at, 3;
            "`failover-timeout` {time} of `{name}` is below its `down-after-milliseconds` {down}",
            "`{name}` 的 `failover-timeout` {time} 小于 `down-after-milliseconds` {down}"
        );
    }
}

fn parallel_syncs(desk: &mut Desk<'_>, group: &GroupConfig) {
    let (name, syncs) = (&group.name.0, group.parallel_syncs);
    let at = desk.of_group("parallel-syncs", group);
    let Ok(syncs) = usize::try_from(syncs) else {
        return report!(desk, WK306, at, 3;
            "`parallel-syncs` of `{name}` is {syncs}",
            "`{name}` 的 `parallel-syncs` 为 {syncs}"
        );
    };
    if syncs == 0 {
        return report!(desk, WK306, at, 3;
            "`parallel-syncs` of `{name}` is 0",
            "`{name}` 的 `parallel-syncs` 为 0"
        );
    }
    // One of them is promoted.
    let follow = group.replicas.len().saturating_sub(1);
    if syncs > follow.max(1) && follow > 0 {
        report!(desk, WK305, at, 3;
            "`parallel-syncs` {syncs} of `{name}` is more than the replicas that follow: {follow}",
            "`{name}` 的 `parallel-syncs` {syncs} 大于跟随的副本数：{follow}"
        );
    }
    let rounds = follow.div_ceil(syncs);
    let each = group.failover_timeout_ms / u64::try_from(rounds.max(1)).unwrap_or(u64::MAX);
    if rounds > 1 && each < COPY_MS {
        report!(desk, WK304, at, 3;
            "{follow} replicas of `{name}` follow in {rounds} rounds, with {each} ms for each",
            "`{name}` 的 {follow} 个副本分 {rounds} 轮跟随，每轮只有 {each} 毫秒"
        );
    }
}

/// One note for all groups that leave `down-after-milliseconds` to the default.
fn defaults(desk: &mut Desk<'_>) {
    let sheet = desk.sheet;
    // A line that is wrong may be the one that is missing.
    if !sheet.survey.flaws.is_empty() {
        return;
    }
    let quiet: Vec<_> = sheet
        .survey
        .config
        .groups
        .iter()
        .filter(|group| group.down_after_ms == DEFAULT_DOWN_AFTER_MS)
        .filter(|group| sheet.line_of_group("down-after-milliseconds", group).is_none())
        .collect();
    let Some(first) = quiet.first() else { return };
    let (name, more) = (&first.name.0, quiet.len() - 1);
    let others = if more > 0 { format!(" (+{more})") } else { String::new() };
    report!(desk, WK307, sheet.line_of_group("monitor", first), 2;
        "a dead master of `{name}`{others} is noticed after 30 s, the default",
        "`{name}`{others} 的主节点宕机 30 秒后才会被发现（默认值）"
    );
}
