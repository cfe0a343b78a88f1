//! Advice where nobody was promoted: no replica was fit, or no sentinel acted. What is in the way comes before what is to be
//! called.

use std::collections::BTreeMap;

use watchkeeper_core::Lang;
use watchkeeper_core::lang::Words;

use super::advice::{Both, both};
use super::words::{by_name, list, reasons};

/// To be said wherever `SENTINEL FAILOVER` is advised while the master is dead.
pub(super) const CALL_AGAIN: &str = "if it answers NOGOODSLAVE, call it again for some 15 s: redis-sentinel must first hear anew from the replicas";
/// The same in Chinese.
pub(super) const CALL_AGAIN_ZH: &str =
    "若回复 NOGOODSLAVE，请在约 15 秒内反复执行：redis-sentinel 要先重新得到各副本的信息";

/// Why a replica was refused, as far as it matters for what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refused {
    /// it does not answer
    Gone,
    PriorityZero,
    /// it has nothing
    Empty,
    Otherwise,
}

/// The last reason for which each replica was refused, by the log's own words, which only Watchkeeper's has.
fn refused(said: &[String]) -> BTreeMap<String, Refused> {
    const GONE: [&str; 3] = ["it is down", "there is no connection to it", "last answered "];
    let reason = |text: &String| {
        let (who, why) = text.split_once(" cannot be promoted: ")?;
        let name = who.strip_prefix("Replica ")?.split(' ').next()?.to_owned();
        let refused = match why {
            "its replica-priority is 0" => Refused::PriorityZero,
            _ if why.starts_with("it is empty") => Refused::Empty,
            _ if GONE.iter().any(|words| why.starts_with(words)) => Refused::Gone,
            _ => Refused::Otherwise,
        };
        Some((name, refused))
    };
    said.iter().filter_map(reason).collect()
}

/// The replicas that were refused because of their priority.
pub(super) fn with_priority_zero(said: &[String]) -> Vec<String> {
    let zero = refused(said).into_iter().filter(|(_, why)| *why == Refused::PriorityZero);
    zero.map(|(name, _)| name).collect()
}

/// `CONFIG SET replica-priority 100` on whom; in the other language the same.
fn raise(zero: &[String]) -> (String, String) {
    let (one_of, one_of_zh) = match zero.len() {
        1 => ("", " "),
        _ => ("one of ", "（其中数据最新的一个）"),
    };
    let (en, zh) = (by_name(zero, Lang::En), by_name(zero, Lang::Zh));
    let newest = if zero.len() > 1 { ", the one with the newest data" } else { "" };
    (
        format!(
            "`CONFIG SET replica-priority 100` on {one_of}{en}{newest}: one with 0 is never promoted by a sentinel"
        ),
        format!("在 {zh}{one_of_zh}上执行 `CONFIG SET replica-priority 100`：为 0 的副本哨兵永远不会提升"),
    )
}

/// At the end of the logs the master is still missed; `zero` are replicas that are in the way of their own promotion.
/// Where logs are missing, a sentinel whose log is not here may have taken over.
pub(super) fn still_down(zero: &[String], unread: bool, next: Option<&str>) -> Both {
    let (first, first_zh) = if zero.is_empty() {
        (String::new(), String::new())
    } else {
        let (en, zh) = raise(zero);
        (format!("First {en}. Then "), format!("先{zh}。然后"))
    };
    let (en, zh, ask, ask_zh) = if unread {
        (
            "At the end of these logs the master is still missed; whether a sentinel whose log is not here took over, they do not tell.",
            "到这些日志结束时，主节点仍失联；日志不在此处的哨兵是否已接替，无法得知。",
            "ask the other sentinels first who is the master (`SENTINEL GET-MASTER-ADDR-BY-NAME`), or there may be two. If nobody took \
             over: start",
            "先向其他哨兵查询主节点（`SENTINEL GET-MASTER-ADDR-BY-NAME`），否则可能出现两个主节点。若确实无人接替：重新启动",
        )
    } else {
        (
            "At the end of the logs the master is still missed and nobody has taken over.",
            "到日志结束时，主节点仍失联且无人接替。",
            "if it is so now: start",
            "若现在仍是如此：重新启动",
        )
    };
    let (wait, wait_zh) = next.map_or((String::new(), String::new()), |next| {
        (
            format!("the sentinels of these logs begin no failover before {next} (Next failover delay): see first what comes of it then; "),
            format!("这些日志中的哨兵在 {next} 之前不会开始故障转移（Next failover delay）：先看届时的结果；"),
        )
    });
    both(
        en,
        &format!(
            "{wait}{ask} the master again, or take a replica. {first}`SENTINEL FAILOVER <group>` on one living \
             sentinel needs no quorum and no votes, only a replica that is up and has a replica-priority above 0; \
             {CALL_AGAIN}. Only if no sentinel can do it then: promote a replica by hand that has the data (`INFO keyspace` \
             shows what it has; `REPLICAOF NO ONE`), then `SENTINEL REMOVE` and `SENTINEL MONITOR` with its address on all \
             sentinels, and set again what REMOVE forgets (`SENTINEL SET`): auth-user and auth-pass, down-after-milliseconds, \
             failover-timeout, parallel-syncs, the scripts and renamed commands. Never `SENTINEL RESET` while the master is \
             down: it drops the replicas"
        ),
        zh,
        &format!(
            "{wait_zh}{ask_zh}主节点；或改用一个副本：{first_zh}在一个存活的哨兵上执行 `SENTINEL FAILOVER <组>`，它不需要法定票数和选票，\
             只要有一个在线且 replica-priority 大于 0 的副本；{CALL_AGAIN_ZH}。此后哨兵仍都做不到时，才手工提升一个有数据的副本（`INFO keyspace` \
             显示它有什么；`REPLICAOF NO ONE`），再在所有哨兵上执行 `SENTINEL REMOVE` 和 `SENTINEL MONITOR` 指向它，并重新设置（`SENTINEL SET`）被 REMOVE \
             清除的内容：auth-user 和 auth-pass、down-after-milliseconds、failover-timeout、parallel-syncs、脚本和改名的命令。\
             主节点下线期间切勿执行 `SENTINEL RESET`：它会清除副本"
        ),
    )
}

/// No replica could be promoted.
pub(super) fn no_good_replica(
    known: Option<usize>,
    [after_tilt, timed, late]: [bool; 3],
    down: &[String],
    said: &[String],
    lang: Lang,
) -> Both {
    let (en, zh, (hint, hint_zh)) = if !said.is_empty() {
        let (en, zh) = (reasons(said, Lang::En), reasons(said, Lang::Zh));
        (format!("the log says why: {en}"), format!("日志给出的原因：{zh}"), for_these_reasons(said))
    } else if after_tilt && timed {
        (
            "the leader had just left TILT, and what it knew of the replicas was too old".to_owned(),
            "执行者刚退出 TILT，它所知的副本信息已过旧".to_owned(),
            owned(
                "nothing is wrong with the replicas: remove the cause of the TILT. The next attempt finds them",
                "副本本身没有问题：请消除 TILT 的原因。下一次尝试就能找到副本",
            ),
        )
    } else if known == Some(0) {
        ("no replica is known".to_owned(), "没有已知的副本".to_owned(), keep_one())
    } else if known.is_some_and(|known| down.len() >= known) {
        let names = by_name(down, lang);
        (format!("all replicas were down ({names})"), format!("所有副本都已下线（{names}）"), start_one())
    } else {
        let (mut en, mut zh) = probably(known, down, lang);
        if late {
            en += ". The leader was in TILT until it missed the master, and counts from then: to it, replicas that had lost the \
                   master long before are too old";
            zh += "。执行者直到认为主节点下线之前都处于 TILT，并从那时算起：更早就与主节点断开的副本，在它看来过旧";
        } else if after_tilt {
            en += "; or the leader had just left TILT, and what it knew of the replicas was too old";
            zh += "；也可能是执行者刚退出 TILT，它所知的副本信息已过旧";
        }
        (en, zh, look_at_them())
    };
    let en = format!("No replica could be promoted: {en}.");
    both(en, &hint, format!("没有副本可以提升：{zh}。"), &hint_zh)
}

/// What is probably wrong with replicas of which the log does not say why they were refused.
fn probably(known: Option<usize>, down: &[String], lang: Lang) -> (String, String) {
    let Some(known) = known else { return unnamed(down, lang) };
    let (en, zh) = match down.len() {
        0 => (
            format!("none of the {known} known replicas is down; probably they"),
            format!("已知 {known} 个副本，没有下线的；多半"),
        ),
        some => (
            format!("{known} replicas are known, {some} of them down; probably the others"),
            format!("已知 {known} 个副本，其中 {some} 个下线；其余的多半"),
        ),
    };
    (
        format!("{en} have replica-priority 0, had lost the master for too long, or had not answered INFO"),
        format!("{zh}是 replica-priority 为 0、与主节点断开过久，或没有应答 INFO"),
    )
}

/// The same where these logs do not name all replicas.
fn unnamed(down: &[String], lang: Lang) -> (String, String) {
    // What was down before the logs began, they do not tell either.
    let causes =
        "they are down, have replica-priority 0, had lost the master for too long, or had not answered INFO";
    let causes_zh = "已下线、replica-priority 为 0、与主节点断开过久，或没有应答 INFO";
    if down.is_empty() {
        return (
            format!("which replicas there are, these logs do not tell; if there are any, probably {causes}"),
            format!("日志中没有列出副本；若有副本，多半是 {causes_zh}"),
        );
    }
    let down = by_name(down, lang);
    (
        format!(
            "{down} did not answer; what other replicas there are, these logs do not tell. If any, probably {causes}"
        ),
        format!("{down} 没有应答；日志中没有列出其余副本；若有，多半是 {causes_zh}"),
    )
}

/// What to do where the log has a reason for each replica.
fn for_these_reasons(said: &[String]) -> (String, String) {
    let refused = refused(said);
    let zero = with_priority_zero(said);
    if !refused.is_empty() && refused.values().all(|why| *why == Refused::Gone) {
        return start_one();
    }
    if zero.is_empty() && refused.values().any(|why| *why == Refused::Empty) {
        return bring_back();
    }
    if zero.is_empty() {
        return keep_one();
    }
    let (en, zh) = raise(&zero);
    (
        format!(
            "while the master is away: {en}, and with more Watchkeeper promotes it by itself. Then keep at least one replica with a \
             replica-priority above 0 on another host"
        ),
        format!(
            "主节点尚未恢复时：{zh}，大于 0 时 Watchkeeper 会自行提升它。此后至少在另一台主机上保留一个 replica-priority 大于 0 的副本"
        ),
    )
}

fn owned(en: &str, zh: &str) -> (String, String) {
    (en.to_owned(), zh.to_owned())
}

fn start_one() -> (String, String) {
    owned(
        "start one of these now, the one with the newest data first, or the old master. Then keep replicas on hosts that do not \
         fail together",
        "立即启动其中一个（优先数据最新的），或启动旧主节点。此后应把副本放在不会同时故障的主机上",
    )
}

/// Where a replica is empty: the data is elsewhere.
fn bring_back() -> (String, String) {
    owned(
        "start the old master, or a replica with data, while that has not happened: the empty one has nothing to serve, and whoever          follows it loses what it has. Only if all data is lost for good, begin anew with it: `REPLICAOF NO ONE` on it, then          `SENTINEL REMOVE` and `SENTINEL MONITOR` on all sentinels",
        "若尚未恢复：启动旧主节点，或启动有数据的副本；空的副本没有数据可用，跟随它的服务器会丢失自己的数据。只有数据确实已全部丢失时，\
         才用它重新开始：在它上面执行 `REPLICAOF NO ONE`，再在所有哨兵上执行 `SENTINEL REMOVE` 和 `SENTINEL MONITOR`",
    )
}

const KEEP: Words = Words {
    en: "keep at least one replica on another host with a replica-priority above 0 and a working link to the master",
    zh: "至少在另一台主机上保留一个 replica-priority 大于 0 且与主节点连接正常的副本",
};

fn keep_one() -> (String, String) {
    let Words { en, zh } = KEEP;
    (
        format!("{en} (`INFO replication` on it: slave_priority, master_link_status)"),
        format!("{zh}（在其上看 `INFO replication` 的 slave_priority 和 master_link_status）"),
    )
}

fn look_at_them() -> (String, String) {
    let Words { en, zh } = KEEP;
    (
        format!(
            "look at `INFO replication` on each of them (slave_priority, master_link_status): where slave_priority is 0, `CONFIG SET \
             replica-priority 100`. Then {en}"
        ),
        format!(
            "在每个副本上查看 `INFO replication`（slave_priority 和 master_link_status）：slave_priority 为 0 的，执行 `CONFIG SET \
             replica-priority 100`。此后{zh}"
        ),
    )
}

/// What to do when the next failover has nobody to promote.
pub(super) fn no_replica_left(group: &str, replicas: &[String], unread: bool, lang: Lang) -> Both {
    let replicas = list(replicas, lang);
    if unread {
        return both(
            format!(
                "{group}: {replicas} did not answer to the end of the logs, and no other replica is named in these logs. If there is \
                 none, the next failover has nobody to promote."
            ),
            "see what replicas there are (`SENTINEL REPLICAS`); if none answers, start one again before anything else",
            format!(
                "{group}：到日志结束时 {replicas} 没有应答，这些日志中没有提到别的副本。若确无其他副本，下次故障转移将无人可提升。"
            ),
            "用 `SENTINEL REPLICAS` 查看有哪些副本；若都没有应答，首先恢复一个副本",
        );
    }
    both(
        format!(
            "{group} has no replica left: {replicas} did not answer to the end of the logs. The next failover has nobody to promote."
        ),
        "start a replica again before anything else",
        format!("{group} 已没有可用的副本：到日志结束时 {replicas} 没有应答。下次故障转移将无人可提升。"),
        "首先恢复一个副本",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint(known: usize, down: &[&str], said: &[&str]) -> (String, String) {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let (en, zh) =
            no_good_replica(Some(known), [false, true, false], &owned(down), &owned(said), Lang::En);
        (en.1, zh.1)
    }

    const DOWN: &str = "Replica 10.0.0.2:6379 of `m` cannot be promoted: it is down";
    const ZERO: &str = "Replica 10.0.0.3:6379 of `m` cannot be promoted: its replica-priority is 0";
    const OLD: &str =
        "Replica 10.0.0.4:6379 of `m` cannot be promoted: it lost the master 90000 ms ago, limit 31000 ms";

    #[test]
    fn replicas_that_the_log_says_are_down_are_to_be_started() {
        for hints in [hint(2, &[], &[DOWN]), hint(1, &["10.0.0.2:6379"], &[])] {
            assert!(hints.0.starts_with("start one of these now"), "{hints:?}");
            assert!(hints.1.starts_with("立即启动其中一个"), "{hints:?}");
        }
        let (en, _) = hint(2, &[], &[DOWN, OLD]);
        assert!(en.starts_with("keep at least one replica"), "{en}");
    }

    #[test]
    fn where_a_replica_is_empty_the_data_is_to_be_brought_back() {
        let empty = "Replica 10.0.0.5:6379 of `m` cannot be promoted: it is empty: it has never had the master's data";
        let (en, zh) = hint(2, &[], &[empty, DOWN]);
        assert!(en.starts_with("start the old master, or a replica with data"), "{en}");
        assert!(zh.starts_with("若尚未恢复：启动旧主节点"), "{zh}");
    }

    #[test]
    fn a_priority_of_zero_is_raised_before_anything_is_called() {
        let (en, zh) = hint(2, &[], &[DOWN, ZERO]);
        assert!(en.contains("`CONFIG SET replica-priority 100` on 10.0.0.3:6379: "), "{en}");
        assert!(zh.contains("在 10.0.0.3:6379 上执行 `CONFIG SET replica-priority 100`"), "{zh}");
        let zero = with_priority_zero(&[DOWN.to_owned(), ZERO.to_owned()]);
        assert_eq!(zero, ["10.0.0.3:6379"]);
        for (text, set, call) in [
            (
                still_down(&zero, false, None).0.1,
                "First `CONFIG SET replica-priority 100`",
                "`SENTINEL FAILOVER <group>`",
            ),
            (
                still_down(&zero, false, None).1.1,
                "`CONFIG SET replica-priority 100`",
                "`SENTINEL FAILOVER <组>`",
            ),
        ] {
            assert!(text.find(set).unwrap() < text.find(call).unwrap(), "{text}");
        }
        assert!(!still_down(&[], false, None).0.1.contains("CONFIG SET"));
        // What the log does not say may be that.
        let (en, zh) = hint(2, &[], &[]);
        assert!(en.contains("slave_priority is 0, `CONFIG SET replica-priority 100`"), "{en}");
        assert!(zh.contains("slave_priority 为 0 的，执行 `CONFIG SET replica-priority 100`"), "{zh}");
    }

    /// What redis-sentinel knows of the replicas of a master that has just died is too old for it.
    #[test]
    fn a_forced_failover_is_asked_for_again_before_anybody_promotes_by_hand() {
        let (en, zh) = (still_down(&[], false, None).0.1, still_down(&[], false, None).1.1);
        for (text, again, by_hand) in [(en, CALL_AGAIN, "by hand"), (zh, CALL_AGAIN_ZH, "手工提升")] {
            assert!(text.find(again).unwrap() < text.find(by_hand).unwrap(), "{text}");
        }
    }
}
