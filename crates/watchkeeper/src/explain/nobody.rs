//! Advice where nobody was promoted: no replica was fit, or no sentinel acted. What is in the way comes before what is to be
//! called.

use std::collections::{BTreeMap, BTreeSet};

use watchkeeper_core::Lang;
use watchkeeper_core::lang::Words;

use super::advice::{Both, both};
use super::beside;
use super::book::{Book, Group};
use super::findings::{Finding, Names};
use super::incident::Incident;
use super::late::Late;
use super::words::{by_name, list, reasons};

/// To be said wherever `SENTINEL FAILOVER` is advised while the master is dead.
pub(super) const CALL_AGAIN: &str = "if it answers INPROG, an attempt of its own is not over: call it again until it is. If NOGOODSLAVE, call it again \
                                     for some 15 s: redis-sentinel must first hear anew from the replicas";
/// The same in Chinese.
pub(super) const CALL_AGAIN_ZH: &str = "若回复 INPROG，说明它自己的一次尝试尚未结束：反复执行，直到结束。若回复 NOGOODSLAVE，请在约 15 秒内反复执行：\
                                        redis-sentinel 要先重新得到各副本的信息";

/// How a master is made without the sentinels, once its data is known to be there. Who has not forgotten the old master when
/// others are given the new one gives it back to them; and a sentinel started with the new one in its file beside its old
/// list of replicas makes it a replica of itself.
const BY_HAND: Words = Words {
    en: "1. `REPLICAOF NO ONE` on it; 2. `REPLICAOF` its address on every other replica; 3. `SENTINEL REMOVE` on every sentinel; 4. only when \
         that is done on all of them, `SENTINEL MONITOR` with its address on every one (one that still has the old master gives it back to \
         the others), and set again what REMOVE forgets (`SENTINEL SET`): auth-user and auth-pass, down-after-milliseconds, \
         failover-timeout, parallel-syncs, the scripts and renamed commands; 5. the sentinels have forgotten the servers that are down: \
         before one is started, the old master, too, put `replicaof` with the new address into its file, or there are two masters",
    zh: "1. 在它上面执行 `REPLICAOF NO ONE`；2. 在其余每个副本上用 `REPLICAOF` 指向它；3. 在每个哨兵上执行 `SENTINEL REMOVE`；\
         4. 全部执行完之后，才在每个哨兵上执行 `SENTINEL MONITOR` 指向它（仍记着旧主节点的哨兵会把旧主节点传回给其他哨兵），并重新设置\
         （`SENTINEL SET`）被 REMOVE 清除的内容：auth-user 和 auth-pass、down-after-milliseconds、failover-timeout、parallel-syncs、\
         脚本和改名的命令；5. 哨兵已忘掉下线的服务器：启动它们（包括旧主节点）之前，在其配置文件中写入指向新主节点的 `replicaof`，\
         否则会有两个主节点",
};

/// To be said wherever that is advised: an attempt of a sentinel's own may have made a master meanwhile.
const STILL_THE_OLD: Words = Words {
    en: "every sentinel still names the old address (`SENTINEL GET-MASTER-ADDR-BY-NAME`)",
    zh: "所有哨兵仍都给出旧地址（`SENTINEL GET-MASTER-ADDR-BY-NAME`）",
};

/// What to do with a sentinel that was down meanwhile.
const SENTINEL_BACK: Words = Words {
    en: "before a sentinel that is down is started, delete every line of the group from its file (`sentinel ... <group> ...`, \
         known-replica lines, too); when it runs, `SENTINEL MONITOR` and `SENTINEL SET` as on the others",
    zh: "启动已下线的哨兵之前，从它的配置文件中删除该组的所有行（`sentinel ... <组> ...`，包括 known-replica 行）；启动后与其他哨兵一样执行 \
         `SENTINEL MONITOR` 和 `SENTINEL SET`",
};

/// Operators gave some sentinels another master, and no failover has undone that.
pub(super) fn pointed_finding(
    incident: &Incident,
    group: Option<&Group>,
    book: &Book,
    names: &dyn Names,
) -> Option<Finding> {
    let (to, by) = incident.pointed.as_ref().filter(|_| incident.new_master.is_none())?;
    let who: BTreeSet<String> = by.iter().map(|(who, _)| names.who(*who)).collect();
    if let Some(later) = book.after_pointed(incident) {
        return beside::undone_later(later, to, who);
    }
    let all = group.into_iter().flat_map(|group| &group.sentinels).map(|id| names.id(id));
    let others: BTreeSet<String> = all.filter(|name| !who.contains(name)).collect();
    let (old, to) = (incident.master.clone(), to.clone());
    let (who, others) = (who.into_iter().collect(), others.into_iter().collect());
    Some(Finding::Pointed { old, to, who, others })
}

/// In what comes next what was done by hand comes first.
pub(super) fn pointed_first(to: &str) -> (String, String) {
    (
        format!("first do what is said here of {to}, the master that was given by hand"),
        format!("先按此处关于 {to}（手工指定的主节点）的说明处理"),
    )
}

/// Operators gave some sentinels another master: the others, those that are down included, have the old one.
pub(super) fn pointed(old: &str, to: &str, who: &[String], others: &[String]) -> Both {
    let (by, by_zh) = (by_name(who, Lang::En), by_name(who, Lang::Zh));
    let (were, do_not) = if who.len() == 1 { ("was", "does not") } else { ("were", "do not") };
    let (mut hint, mut hint_zh) = (String::new(), String::new());
    if !others.is_empty() {
        let have = if others.len() == 1 { "has" } else { "have" };
        let (names, names_zh) = (by_name(others, Lang::En), by_name(others, Lang::Zh));
        let Words { en, zh } = SENTINEL_BACK;
        hint = format!(
            "as far as these logs show, {names} still {have} {old}: enough of these promote a replica of it, make {to} follow that one, and \
             what was written to {to} is lost. So {en}. On one that runs: `SENTINEL REMOVE`, then the same. And "
        );
        hint_zh = format!(
            "就这些日志所见，{names_zh} 仍以 {old} 为主节点：它们足够多时会提升它的一个副本，让 {to} 跟随该副本，写到 {to} 上的数据随之丢失。\
             因此{zh}。正在运行的：先执行 `SENTINEL REMOVE`，再同样处理。另外，"
        );
    }
    both(
        format!("{by} {were} given {to} as the master by hand."),
        &format!(
            "{hint}see that every replica follows {to} (`REPLICAOF` on it, if not); before {old} is started, `replicaof` with that address \
             goes into its file: {by} {do_not} know it any more, and it would stay a second master"
        ),
        format!("有人手工让 {by_zh} 以 {to} 为主节点。"),
        &format!(
            "{hint_zh}确认每个副本都跟随 {to}（否则在其上执行 `REPLICAOF`）；启动 {old} 之前，在它的配置文件中写入指向 {to} 的 `replicaof`：\
             {by_zh} 不再认识它，它会成为第二个主节点"
        ),
    )
}

/// Which sentinel is to be asked first: one that has missed the master longer takes replicas that are too old for another.
fn whom(longest: Option<&str>) -> (String, String) {
    match longest {
        Some(who) => (
            format!("on one living sentinel, first on {who}, which has missed the master longest,"),
            format!("在一个存活的哨兵上（首选最早认为主节点下线的 {who}）"),
        ),
        None => (
            "on one living sentinel, first on the one that has missed the master longest,".to_owned(),
            "在一个存活的哨兵上（首选最早认为主节点下线的）".to_owned(),
        ),
    }
}

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
pub(super) fn still_down(zero: &[String], unread: bool, [next, longest]: [Option<&str>; 2]) -> Both {
    let (first, first_zh) = if zero.is_empty() {
        (String::new(), String::new())
    } else {
        let (en, zh) = raise(zero);
        (
            format!(
                "First {en}. Wait some seconds: with more a sentinel may promote it by itself; then ask who is the master (`SENTINEL \
                 GET-MASTER-ADDR-BY-NAME`). Only if it is still the old address: "
            ),
            format!(
                "先{zh}。等待几秒：大于 0 后哨兵可能自行提升它；再查询主节点（`SENTINEL GET-MASTER-ADDR-BY-NAME`）。只有仍是旧地址时，才"
            ),
        )
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
    // Who is asked does not wait for that.
    let (wait, wait_zh) = next.map_or((String::new(), String::new()), |next| {
        (
            format!(
                " The sentinels of these logs begin none by themselves before {next} (Next failover delay)."
            ),
            format!("这些日志中的哨兵在 {next} 之前不会自行开始（Next failover delay）。"),
        )
    });
    let ((on, on_zh), hand, back) = (whom(longest), BY_HAND, SENTINEL_BACK);
    both(
        en,
        &format!(
            "{ask} the master again, or take a replica. {first}`SENTINEL FAILOVER <group>` {on} needs no quorum and no votes, only a \
             replica that is up and has a replica-priority above 0; {CALL_AGAIN}.{wait} Only if no sentinel can do it then, and {}: \
             promote a replica by hand that has the data (`INFO keyspace` shows what it has): {}; 6. {}. Never `SENTINEL RESET` while the master is \
             down: it drops the replicas",
            STILL_THE_OLD.en, hand.en, back.en
        ),
        zh,
        &format!(
            "{ask_zh}主节点；或改用一个副本：{first_zh}{on_zh}执行 `SENTINEL FAILOVER <组>`，它不需要法定票数和选票，只要有一个在线且 \
             replica-priority 大于 0 的副本；{CALL_AGAIN_ZH}。{wait_zh}此后哨兵仍都做不到，并且{}时，才手工提升一个有数据的副本（`INFO keyspace` \
             显示它有什么）：{}；6. {}。主节点下线期间切勿执行 `SENTINEL RESET`：它会清除副本",
            STILL_THE_OLD.zh, hand.zh, back.zh
        ),
    )
}

/// No replica could be promoted.
pub(super) fn no_good_replica(
    known: Option<usize>,
    after_tilt: bool,
    late: Option<&Late>,
    down: &[String],
    said: &[String],
    lang: Lang,
) -> Both {
    let (en, zh, (hint, hint_zh)) = if !said.is_empty() {
        let (en, zh) = (reasons(said, Lang::En), reasons(said, Lang::Zh));
        (format!("the log says why: {en}"), format!("日志给出的原因：{zh}"), for_these_reasons(said))
    } else if known == Some(0) {
        ("no replica is known".to_owned(), "没有已知的副本".to_owned(), keep_one())
    } else if known.is_some_and(|known| down.len() >= known) {
        let names = by_name(down, lang);
        (format!("all replicas were down ({names})"), format!("所有副本都已下线（{names}）"), start_one())
    } else if let Some(late) = late {
        let ((en, zh), (hint, hint_zh), (look, look_zh)) = (late.told(), late.hint(), look_at_them());
        (
            format!("probably because {en}"),
            format!("多半因为{zh}"),
            (
                format!("{hint}. If that one answers NOGOODSLAVE, too: {look}"),
                format!("{hint_zh}。若它也回复 NOGOODSLAVE：{look_zh}"),
            ),
        )
    } else {
        let (mut en, mut zh) = probably(known, down, lang);
        if after_tilt {
            en += "; or the leader had just left TILT, and replicas that lost the master long before were too old to it";
            zh += "；也可能是执行者刚退出 TILT，更早就与主节点断开的副本在它看来过旧";
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
    let hand = BY_HAND;
    (
        format!(
            "start the old master, or a replica with data, while that has not happened: the empty one has nothing to serve, and whoever \
             follows it loses what it has. Only if all data is lost for good, and {}, begin anew with the empty one: {}",
            STILL_THE_OLD.en, hand.en
        ),
        format!(
            "若尚未恢复：启动旧主节点，或启动有数据的副本；空的副本没有数据可用，跟随它的服务器会丢失自己的数据。只有数据确实已全部丢失，\
             并且{}时，才用空的副本重新开始：{}",
            STILL_THE_OLD.zh, hand.zh
        ),
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
        let (en, zh) = no_good_replica(Some(known), false, None, &owned(down), &owned(said), Lang::En);
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
                still_down(&zero, false, [None; 2]).0.1,
                "First `CONFIG SET replica-priority 100`",
                "`SENTINEL FAILOVER <group>`",
            ),
            (
                still_down(&zero, false, [None; 2]).1.1,
                "`CONFIG SET replica-priority 100`",
                "`SENTINEL FAILOVER <组>`",
            ),
        ] {
            assert!(text.find(set).unwrap() < text.find(call).unwrap(), "{text}");
        }
        assert!(!still_down(&[], false, [None; 2]).0.1.contains("CONFIG SET"));
        // What the log does not say may be that.
        let (en, zh) = hint(2, &[], &[]);
        assert!(en.contains("slave_priority is 0, `CONFIG SET replica-priority 100`"), "{en}");
        assert!(zh.contains("slave_priority 为 0 的，执行 `CONFIG SET replica-priority 100`"), "{zh}");
    }

    /// What redis-sentinel knows of the replicas of a master that has just died is too old for it.
    #[test]
    fn a_forced_failover_is_asked_for_again_before_anybody_promotes_by_hand() {
        let (en, zh) = (still_down(&[], false, [None; 2]).0.1, still_down(&[], false, [None; 2]).1.1);
        for (text, again, by_hand) in [(en, CALL_AGAIN, "by hand"), (zh, CALL_AGAIN_ZH, "手工提升")] {
            assert!(text.find(again).unwrap() < text.find(by_hand).unwrap(), "{text}");
        }
    }
}
