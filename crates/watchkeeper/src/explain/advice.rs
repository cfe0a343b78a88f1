//! Each finding in words: what it is, and what to do about it.

use watchkeeper_core::Lang;

use super::beside;
use super::findings::Disagreed;
use super::findings::Finding;
use super::leaders::{self, Anew, Why};
use super::said::Maker;
use super::words::{by_name, duration, list, order, reasons};
use super::{endings, epochs, few, lost, nobody, rivals};

/// What is so, and what to do. Findings of one incident first, then those of the deployment.
pub(super) fn advise(finding: &Finding, lang: Lang) -> (String, String) {
    let (en, zh) = match finding {
        Finding::Flapping { times, ms, restarted } => flapping(*times, *ms, *restarted, lang),
        Finding::Restarted { master } => restarted(master),
        Finding::OldMasterAnswers { master } => old_master_answers(master),
        Finding::Failovers { times, ms } => failovers(*times, *ms, lang),
        Finding::OnlyCameBack { ms, unread, least } => only_came_back(*ms, *unread, *least, lang),
        Finding::StillDown { unread, zero, next, longest } => {
            nobody::still_down(zero, *unread, [next.as_deref(), longest.as_deref()])
        }
        Finding::CutShort { promoted, begun, agreed, timed } => {
            endings::cut_short(promoted.as_deref(), *begun, *agreed, *timed)
        }
        Finding::OldMasterGone { master } => old_master_gone(master),
        Finding::TwoMasters { master, ms, timed, unread } => two_masters(master, *ms, *timed, *unread, lang),
        Finding::Beside(told) => beside::advice(told, lang),
        Finding::Foreign { to, unread, ended } => foreign(to, *unread, *ended),
        Finding::ResetThen { who, promoted } => endings::reset_then(who, *promoted, lang),
        Finding::VotesVoided { epoch, group, raised } => epochs::advice(*epoch, group, *raised),
        Finding::SplitVote { epoch, votes, open, maker } => {
            lost::split_vote(*epoch, votes, *open, *maker, lang)
        }
        Finding::NotElected { .. } => lost::not_elected(finding, lang),
        Finding::NoQuorum { .. } => few::of_no_quorum(finding, lang),
        Finding::Pointed { old, to, who, others } => nobody::pointed(old, to, who, others),
        Finding::Strangers { saw, quorum, reset } => endings::strangers(saw, *quorum, reset, lang),
        Finding::Isolated { who } => endings::isolated_advice(who, lang),
        Finding::Disagree { saw, not, silent, told } => disagree(saw, not, silent, *told, lang),
        Finding::Posed { master } => rivals::posed(master),
        Finding::TwoPromoted(promoted) => rivals::advice(promoted, lang),
        Finding::SameChosen { who, replica } => rivals::same_advice(who, replica, lang),
        Finding::CalledTwice { first, other } => endings::called_twice(first, other),
        Finding::LeaderLost { who, stood: true, timed, .. } => leaders::stood_advice(who, *timed),
        Finding::LeaderLost { who, maker, anew, waited, .. } => leader_lost(who, *maker, *anew, *waited),
        Finding::GaveWay { who, to } => leaders::gave_way_advice(who, to),
        Finding::SecondPromoted { by, place, new, ms } => leaders::second_advice(by, place, new, *ms, lang),
        Finding::StayedMaster { master, ms: Some(ms), perhaps: true, .. } => {
            perhaps_stayed(master, *ms, lang)
        }
        Finding::StayedMaster { master, ms, seen, ours, least, .. } => {
            stayed_master(master, *ms, *seen, [*ours, *least], lang)
        }
        Finding::TiltThen { who } => tilt_then(who, lang),
        Finding::Tilt { who, causes, set_back } => tilt(who, causes, set_back, lang),
        Finding::NoGoodReplica { known, after_tilt, late, down, said } => {
            nobody::no_good_replica(*known, *after_tilt, late.as_ref(), down, said, lang)
        }
        Finding::NotPromoted { replica, why } => not_promoted(replica, why),
        Finding::LateReplicas { replicas, tilt } => late_replicas(replicas, tilt.as_deref(), lang),
        Finding::Moved { id, to } => moved(id, to),
        Finding::SentinelsGone { .. } => few::of_sentinels_gone(finding, lang),
        Finding::NoReplicaLeft { group, replicas, unread } => {
            nobody::no_replica_left(group, replicas, *unread, lang)
        }
        Finding::Several { name, groups } => several(name, groups, lang),
        Finding::QuorumsDiffer { group, of } => quorums_differ(group, of, lang),
        Finding::QuorumOne { group, sentinels, all } => quorum_one(group, *sentinels, *all),
        Finding::Even { group, sentinels } => few::even(group, *sentinels),
        Finding::DownAfterLow { group, times, ms } => down_after_low(group, *times, *ms),
        Finding::DownAfterHigh { group, ms } => down_after_high(group, *ms, lang),
        Finding::UnseenRestart { group, master } => unseen_restart(group, master),
        Finding::NotSaved { who, times } => not_saved(who, *times, lang),
        Finding::ScriptFailed { script, times } => script_failed(script, *times),
        Finding::Unresolved { name, times } => unresolved(name, *times),
    };
    match lang {
        Lang::En => en,
        Lang::Zh => zh,
    }
}

/// What to do about a server that took writes beside the master.
pub(super) const TWO_TOOK_WRITES: (&str, &str) = (
    "what clients wrote to it in that time is lost: let them ask sentinels for the master at each connection, and set \
     min-replicas-to-write 1 on the servers",
    "这段时间写到它上面的数据会丢失：让客户端每次连接都向哨兵查询主节点，并在服务器上设置 min-replicas-to-write 1",
);

/// English and Chinese, each with its advice.
pub(super) type Both = ((String, String), (String, String));

pub(super) fn both(en: impl Into<String>, en_hint: &str, zh: impl Into<String>, zh_hint: &str) -> Both {
    ((en.into(), en_hint.to_owned()), (zh.into(), zh_hint.to_owned()))
}

/// `who` is each sentinel with how often and how long.
fn tilt(
    who: &[(String, usize, i64, bool)],
    causes: &[String],
    set_back: &[(String, i64)],
    lang: Lang,
) -> Both {
    let of: Vec<String> = who
        .iter()
        .map(|(name, times, ms, open)| {
            let lasted = duration(*ms, lang);
            match (lang, times) {
                // It goes on for 30 s, whatever the log still has of it.
                (Lang::En, 1) if *open => format!("{name} to the end of its log (its -tilt is not in these logs)"),
                (Lang::En, _) if *open => format!("{name} {times} times, the last time to the end of its log (that -tilt is not in these logs)"),
                (Lang::Zh, 1) if *open => format!("{name} 直到其日志结束（日志中没有 -tilt）"),
                (Lang::Zh, _) if *open => format!("{name} {times} 次，最后一次直到其日志结束（日志中没有 -tilt）"),
                // Without times nobody knows for how long.
                (_, 1) if *ms == 0 => name.clone(),
                (Lang::En, _) if *ms == 0 => format!("{name} {times} times"),
                (Lang::Zh, _) if *ms == 0 => format!("{name} {times} 次"),
                (Lang::En, 1) => format!("{name} for {lasted}"),
                (Lang::En, _) => format!("{name} {times} times for {lasted}"),
                (Lang::Zh, 1) => format!("{name} {lasted}"),
                (Lang::Zh, _) => format!("{name} {times} 次共 {lasted}"),
            }
        })
        .collect();
    let (of, causes) = (list(&of, lang), reasons(causes, lang));
    let mut en = if causes.is_empty() { String::new() } else { format!(" The log says why: {causes}.") };
    let mut zh =
        if causes.is_empty() { String::new() } else { format!("日志给出的原因：{causes}。") };
    for (name, ms) in set_back {
        let least = duration(*ms, lang);
        en += &format!(" The clock of {name} was set back by at least {least}.");
        zh += &format!("{name} 的时钟被拨回至少 {least}。");
    }
    both(
        format!("TILT: {of}. In that time they hold nobody for down.{en}"),
        "the process did not run for over 2 s, or the clock jumped. Look for a paused virtual machine or container (snapshot, \
         migration), starved CPU, swap, a slow disk at the state file; let the time service slew instead of step",
        format!("TILT：{of}。期间不会判定任何人下线。{zh}"),
        "进程停顿超过 2 秒，或系统时间跳变。检查虚拟机或容器是否被暂停（快照、迁移）、CPU 不足、换页、状态文件所在磁盘缓慢；\
         时间同步应使用微调而不是跳变",
    )
}

fn flapping(times: usize, ms: i64, restarted: bool, lang: Lang) -> Both {
    let ms = duration(ms, lang);
    let (en, zh) = if restarted {
        (
            "a sentinel found that it had restarted (+reboot): see in its log and in what starts it why it ended. A master that is \
             started again soon after it ended should wait for longer than down-after-milliseconds",
            "有哨兵发现它重启过（+reboot）：查看它的日志和启动它的程序，弄清它为何退出。主节点退出后若会很快被重新拉起，\
             应让它等待超过 down-after-milliseconds",
        )
    } else {
        (
            "it restarts, or pauses longer than down-after-milliseconds: look in its log for restarts, and for fork or AOF pauses (`LATENCY DOCTOR`), slow commands \
             (`SLOWLOG GET`), swap, a paused virtual machine, a lossy network. Cure that first; above pauses that remain, set \
             down-after-milliseconds, or each of them may cause a failover",
            "它重启，或停顿超过 down-after-milliseconds：在它的日志中查看是否重启过，并检查 fork 或 AOF 停顿（`LATENCY DOCTOR`）、慢命令（`SLOWLOG GET`）、\
             换页、虚拟机暂停、网络丢包。先消除原因；无法消除的停顿，应让 down-after-milliseconds 大于它，否则每次都可能引发故障转移",
        )
    };
    both(
        format!("The master flaps: away {times} times in {ms}."),
        en,
        format!("主节点反复上下线：{ms}内失联 {times} 次。"),
        zh,
    )
}

fn restarted(master: &str) -> Both {
    both(
        format!("The master {master} had restarted when it came back (+reboot)."),
        "without persistence it came back empty, and its replicas copy that: compare what it has (`INFO keyspace`) with what it should \
         have before you go on. Turn on AOF or RDB, or let it wait longer than down-after-milliseconds before it starts again",
        format!("主节点 {master} 恢复时已重启过（+reboot）。"),
        "没有持久化时它恢复后是空的，副本会照样清空：先用 `INFO keyspace` 核对数据是否还在。请启用 AOF 或 RDB，\
         或让它重启前等待超过 down-after-milliseconds",
    )
}

/// Of an old master that follows by itself no line is logged, so nothing is claimed.
fn old_master_answers(master: &str) -> Both {
    both(
        format!(
            "The old master {master} answers again; that it was told to follow the new one is not in these logs."
        ),
        "ask it (`ROLE`): if it is still a master, what clients write to it is lost. Sentinels tell it to follow, redis-sentinel after \
         some 10 s; if none does, `REPLICAOF` by hand",
        format!("旧主节点 {master} 恢复了应答；这些日志中没有命令它跟随新主节点的记录。"),
        "用 `ROLE` 查看：若它仍是主节点，写到它上面的数据会丢失。哨兵会命令它跟随，redis-sentinel 约 10 秒后；若一直没有，请手工执行 `REPLICAOF`",
    )
}

fn failovers(times: usize, ms: i64, lang: Lang) -> Both {
    let ms = duration(ms, lang);
    both(
        format!("{times} failovers in {ms}: whoever is the master fails soon after."),
        "perhaps the cause is not one machine: look at what all masters share (load, network, memory limits, a client's commands) \
                 before the next failover",
        format!("{ms}内切换 {times} 次：谁当主节点谁就很快出问题。"),
        "原因可能不在某一台机器：检查各主节点的共同点（负载、网络、内存限制、某个客户端的命令）",
    )
}

fn only_came_back(ms: i64, unread: bool, least: bool, lang: Lang) -> Both {
    let ms = if least {
        lang.pick("at least ", "至少 ").to_owned() + &duration(ms, lang)
    } else {
        duration(ms, lang)
    };
    if unread {
        return both(
            format!(
                "In these logs the outage of {ms} ended because the master came back: no failover helped."
            ),
            "add the logs of the other sentinels to see what they saw and did; the next time the master may not come back",
            format!("在这些日志中，中断 {ms}后因主节点自己恢复而结束：故障转移没有起作用。"),
            "请加上其他哨兵的日志，查看它们看到和做了什么；下次主节点未必会恢复",
        );
    }
    both(
        format!("The outage of {ms} ended only because the master came back: no failover helped."),
        "find out from this report why nobody took over; the next time the master may not come back",
        format!("中断 {ms}后结束，仅仅因为主节点自己恢复：故障转移没有起作用。"),
        "请根据本报告查明为何无人接替；下次主节点未必会恢复",
    )
}

fn old_master_gone(master: &str) -> Both {
    both(
        format!("The old master {master} has not come back in these logs: there is one replica less."),
        "start it again; sentinels make it a replica by themselves",
        format!("到日志结束时旧主节点 {master} 没有恢复：少了一个副本。"),
        "重新启动它即可；哨兵会自动让它成为副本",
    )
}

fn two_masters(master: &str, ms: Option<i64>, timed: bool, unread: bool, lang: Lang) -> Both {
    let lasted = ms.map(|ms| duration(ms, lang));
    let (about, about_zh) = if unread { ("about ", "约 ") } else { ("", " ") };
    let (en, zh) = match lasted {
        Some(_) if !timed => (
            format!(
                "The old master {master} came back as a master and was told to follow later; how long that took, these logs do not \
                 tell."
            ),
            format!("旧主节点 {master} 恢复时仍自称主节点，之后才被命令跟随；隔了多久，日志中没有。"),
        ),
        Some(ms) => (
            format!("The old master {master} came back as a master and stayed one for {about}{ms}."),
            format!("旧主节点 {master} 恢复时仍自称主节点，持续{about_zh}{ms}。"),
        ),
        None => (
            format!("The old master {master} came back as a master; its demotion is not in these logs."),
            format!("旧主节点 {master} 恢复时仍自称主节点；日志中没有它被降级的记录。"),
        ),
    };
    both(en, TWO_TOOK_WRITES.0, zh, TWO_TOOK_WRITES.1)
}

/// Of who was promoted, and by no failover in these logs.
fn foreign(to: &str, unread: bool, ended: bool) -> Both {
    match (unread, ended) {
        (true, _) => promoted_unseen(to),
        (false, true) => foreign_undone(to),
        (false, false) => foreign_stays(to),
    }
}

fn foreign_undone(to: &str) -> Both {
    both(
        format!("{to} was promoted by somebody else than the sentinels."),
        "promote by `SENTINEL FAILOVER` instead of `REPLICAOF NO ONE`: sentinels turn such a server into a replica again",
        format!("{to} 被哨兵以外的操作提升为主节点。"),
        "请用 `SENTINEL FAILOVER`，不要用 `REPLICAOF NO ONE`：哨兵会把这样的节点重新变回副本",
    )
}

/// It is not seen to be a replica again. Of a master that was made its replica nothing is said in a log, and no sentinel
/// turns that back.
fn foreign_stays(to: &str) -> Both {
    both(
        format!("{to} was promoted by somebody else than the sentinels."),
        "these logs do not show that it became a replica again: ask it and the sentinels' master what they are (`ROLE`). Two masters: \
         sentinels soon make the promoted one a replica again. If the old one was made a replica of it, clients are sent to one \
         that takes no writes: set that right by hand. Promote by `SENTINEL FAILOVER` instead of `REPLICAOF NO ONE`",
        format!("{to} 被哨兵以外的操作提升为主节点。"),
        "这些日志中没有它重新成为副本的记录：用 `ROLE` 查看它和哨兵所认的主节点各是什么角色。若两个都是主节点：哨兵很快会把被提升的变回\
         副本。若原主节点已被改为它的副本，客户端会被引向一个不能写入的节点：请手工纠正。提升请用 `SENTINEL FAILOVER`，\
         不要用 `REPLICAOF NO ONE`",
    )
}

fn promoted_unseen(to: &str) -> Both {
    both(
        format!(
            "Who promoted {to}, is not in these logs: a sentinel whose log is not here, or somebody else."
        ),
        "add the logs of the other sentinels, and ask them who is the master (`SENTINEL GET-MASTER-ADDR-BY-NAME`)",
        format!("{to} 由谁提升，这些日志中没有：可能是日志不在此处的哨兵，也可能是哨兵以外的操作。"),
        "请加上其他哨兵的日志，并向它们查询主节点（`SENTINEL GET-MASTER-ADDR-BY-NAME`）",
    )
}

/// Logs whose last lines are from before the end of an incident.
pub(super) fn no_line(silent: &[String], lang: Lang) -> (String, String) {
    let names = by_name(silent, lang);
    match silent {
        [] => (String::new(), String::new()),
        [_] => (
            format!(
                " The log of {names} has no line after this: it had nothing to say, or its log ends too early."
            ),
            format!("{names} 的日志在此之后没有记录：可能无事可记，也可能日志过早结束。"),
        ),
        _ => (
            format!(
                " The logs of {names} have no line after this: they had nothing to say, or their logs end too early."
            ),
            format!("{names} 的日志在此之后没有记录：可能无事可记，也可能日志过早结束。"),
        ),
    }
}

fn disagree(saw: &[String], not: &[String], silent: &[String], what: Disagreed, lang: Lang) -> Both {
    let (en, zh) = no_line(silent, lang);
    let (saw, others) = (by_name(saw, lang), by_name(not, lang));
    let (more, more_zh) = if silent.is_empty() {
        ("", "")
    } else {
        ("; if a log ends too early, collect it again", "；若有日志过早结束，请重新收集")
    };
    let (hint, hint_zh) = match what {
        Disagreed::Nothing => (
            "compare their network paths to the master and their down-after-milliseconds (`SENTINEL MASTER`)",
            "比较它们到主节点的网络路径以及 down-after-milliseconds（`SENTINEL MASTER`）",
        ),
        Disagreed::Blip => (
            "the time counts from the end of down-after-milliseconds: a pause that is only just longer than that is missed by one and \
             not by another. If it is often so, look for what pauses the master (`LATENCY DOCTOR`, `SLOWLOG GET`), or raise it",
            "时间从 down-after-milliseconds 到期后算起：停顿刚好略长于它时，有的哨兵会发现，有的不会。若经常如此，\
             请查找主节点停顿的原因（`LATENCY DOCTOR`、`SLOWLOG GET`），或调大该值",
        ),
        Disagreed::Failover => (
            "a failover of a master that answers loses what clients write to it meanwhile: look at the network between that sentinel \
             and the master. The others it counted (+odown) may have said so some seconds before, of another outage",
            "对仍在应答的主节点做故障转移，会丢失期间写到它上面的数据：检查该哨兵与主节点之间的网络。\
             它计入的其他哨兵的意见（+odown）可能是几秒前针对另一次中断的",
        ),
    };
    let (told, told_zh) = if not.is_empty() {
        (
            format!("As far as these logs tell, only {saw} missed the master."),
            format!("就这些日志所见，只有 {saw} 认为主节点下线。"),
        )
    } else {
        (
            format!("The sentinels did not agree: {saw} missed the master, {others} did not."),
            format!("哨兵意见不一：{saw} 认为主节点下线，{others} 不认为。"),
        )
    };
    both(told + &en, &format!("{hint}{more}"), told_zh + &zh, &format!("{hint_zh}{more_zh}"))
}

fn leader_lost(who: &str, maker: Option<Maker>, anew: Anew, waited: bool) -> Both {
    let (by, by_zh) = match anew {
        Anew::Another => ("another sentinel had to begin anew", "由另一个哨兵重新开始"),
        Anew::Restarted => ("it was started again, and began anew", "它重新启动后又重新开始"),
        Anew::Itself => ("it began anew itself", "之后由它自己重新开始"),
    };
    let (en, zh) = match maker {
        Some(Maker::Watchkeeper) => (
            "; the others give a leader they voted for 2.5 s from when it last asked, 0.5 s if its connection is gone",
            "；其他哨兵从执行者最后一次询问起等它 2.5 秒，若连接已断则等 0.5 秒",
        ),
        Some(Maker::Redis) if waited => (
            "; the next attempt waits twice failover-timeout with redis-sentinel",
            "；redis-sentinel 要等 2 倍 failover-timeout 才再次尝试",
        ),
        Some(Maker::Redis) | None => ("", ""),
    };
    both(
        format!("{who} led the failover and did not finish it; {by}."),
        &format!("see whether it or its host died in that moment{en}"),
        format!("{who} 主持了故障转移但没有完成，{by_zh}。"),
        &format!("检查它或其主机是否在当时故障{zh}"),
    )
}

fn perhaps_stayed(master: &str, ms: i64, lang: Lang) -> Both {
    let ms = duration(ms, lang);
    both(
        format!(
            "The old master {master} was told to follow {ms} after the new one was there. Whether it was up until then, is not in \
             these logs; if it was, what clients wrote to it in that time is lost."
        ),
        "see whether it was running then; set min-replicas-to-write 1 on the servers: a master whose replicas have left then refuses \
         writes in about a second",
        format!(
            "新主节点就位 {ms}后，旧主节点 {master} 才被命令跟随。此前它是否在线，这些日志中没有；若在线，这段时间写到它上面的数据会丢失。"
        ),
        "检查它当时是否在运行；并在服务器上设置 min-replicas-to-write 1：副本离开后，旧主节点约 1 秒内就会拒绝写入",
    )
}

fn stayed_master(master: &str, ms: Option<i64>, seen: bool, [ours, least]: [bool; 2], lang: Lang) -> Both {
    // Others than ours notice late that the new one is there.
    let (least, least_zh) = if least { ("at least ", "至少 ") } else { ("", " ") };
    let (en, zh) = match ms.map(|ms| duration(ms, lang)) {
        Some(ms) => (
            format!(
                "The old master {master} stayed a master for {least}{ms} after the new one was there: what clients wrote to it \
                 in that time is lost."
            ),
            format!(
                "新主节点就位后，旧主节点 {master} 又当了{least_zh}{ms}主节点：这段时间写到它上面的数据会丢失。"
            ),
        ),
        None if seen => (
            format!(
                "The old master {master} was still a master when the new one was there: what clients wrote to it until it was \
                 told to follow is lost."
            ),
            format!(
                "新主节点就位后，旧主节点 {master} 仍是主节点：在它被命令跟随之前，写到它上面的数据会丢失。"
            ),
        ),
        None => (
            format!(
                "After a planned failover redis-sentinel and Valkey's tell the old master to follow only some 10 s later: until \
                 then {master} stays a master, and what clients write to it is lost. When it was told is not in these logs."
            ),
            format!(
                "计划内切换之后，redis-sentinel 和 Valkey 的哨兵约 10 秒后才命令旧主节点跟随：在此之前 {master} 仍是主节点，\
                 写到它上面的数据会丢失。它何时被降级，日志中没有。"
            ),
        ),
    };
    if ours {
        return both(
            en,
            "the leader tells it at once if it is connected to it: look for a slow or broken link between them at that moment, and \
             set min-replicas-to-write 1 on the servers",
            zh,
            "执行者与旧主节点连接正常时会立即命令它：检查当时两者之间的网络是否缓慢或中断，并在服务器上设置 min-replicas-to-write 1",
        );
    }
    both(
        en,
        "stop the writers before a planned failover, or set min-replicas-to-write 1 on the servers: a master whose replicas have \
         left then refuses writes in about a second. Watchkeeper tells the old master at once",
        zh,
        "计划内切换之前先停止写入，或在服务器上设置 min-replicas-to-write 1：副本离开后，旧主节点约 1 秒内就会拒绝写入。\
         Watchkeeper 会立即命令旧主节点跟随",
    )
}

fn tilt_then(who: &[String], lang: Lang) -> Both {
    let who = by_name(who, lang);
    both(
        format!("TILT: {who} did not trust the clock during this and held nobody for down."),
        "see TILT under THE DEPLOYMENT",
        format!("TILT：期间 {who} 不信任时钟，不会判定主节点下线。"),
        "见“整体情况”中的 TILT",
    )
}

fn not_promoted(replica: &str, why: &Why) -> Both {
    match why {
        Why::Tilt(who) => {
            return both(
                format!(
                    "{replica} was chosen and did not become master in time: {who}, which led, was in TILT and did nothing."
                ),
                "see TILT under THE DEPLOYMENT",
                format!("{replica} 被选定后没有及时成为主节点：执行者 {who} 处于 TILT，什么也没做。"),
                "见“整体情况”中的 TILT",
            );
        }
        Why::Down => {
            return both(
                format!(
                    "{replica} was chosen and did not answer any more: it went down, or hung, before it was seen as master."
                ),
                "start it again if it is down, and see what happened to it in that moment",
                format!("{replica} 被选定后不再应答：它还没有成为主节点就下线或卡死了。"),
                "若它已下线则重新启动，并查明它当时发生了什么",
            );
        }
        Why::Unknown => {}
    }
    let (en, zh) = if replica.is_empty() {
        (
            "The chosen replica did not become master in time; which one it was, is not in these logs."
                .to_owned(),
            "选定的副本没有及时成为主节点；是哪一个，这些日志中没有。".to_owned(),
        )
    } else {
        (
            format!("{replica} was chosen and did not become master in time."),
            format!("{replica} 被选定后没有及时成为主节点。"),
        )
    };
    both(
        en,
        "it hung or died in that moment, or the sentinel may not command it: check `ACL` rules, renamed commands and \
             `sentinel auth-pass` (SLAVEOF, CONFIG REWRITE, CLIENT KILL, MULTI)",
        zh,
        "它当时卡死或宕机，或者哨兵无权命令它：检查 ACL、改名的命令和 `sentinel auth-pass`（需要 SLAVEOF、CONFIG REWRITE、\
             CLIENT KILL、MULTI）",
    )
}

fn late_replicas(replicas: &[String], tilt: Option<&str>, lang: Lang) -> Both {
    let replicas = list(replicas, lang);
    if let Some(who) = tilt {
        return both(
            format!(
                "That {replicas} followed the new master in time was not seen: {who}, which led, was in TILT and did nothing."
            ),
            "see TILT under THE DEPLOYMENT",
            format!("没有及时看到 {replicas} 跟随新主节点：执行者 {who} 处于 TILT，什么也没做。"),
            "见“整体情况”中的 TILT",
        );
    }
    both(
        format!("{replicas} did not follow the new master in time."),
        "see whether it is up and how large its full sync is; a repl-backlog-size that holds the outage avoids full syncs",
        format!("{replicas} 没有及时跟随新主节点。"),
        "检查它是否在线、全量同步有多大；足以覆盖中断时间的 repl-backlog-size 可避免全量同步",
    )
}

fn moved(id: &str, to: &str) -> Both {
    both(
        format!("The sentinel {id} moved to {to}."),
        "nothing if that was planned; in containers set announce-ip and announce-port so that addresses stay",
        format!("哨兵 {id} 的地址变为 {to}。"),
        "若属计划内则无需处理；在容器中请设置 announce-ip 和 announce-port，使地址保持不变",
    )
}

fn quorums_differ(group: &str, of: &[(String, u32)], lang: Lang) -> Both {
    let mut of = of.to_vec();
    of.sort_by_cached_key(|(who, _)| order(who));
    let of: Vec<String> =
        of.iter().map(|(who, quorum)| format!("{who}{}{quorum}", lang.pick(": ", "："))).collect();
    let of = list(&of, lang);
    both(
        format!("The sentinels of {group} have different quorums ({of})."),
        "`SENTINEL SET <group> quorum N` on each of them, the same number",
        format!("{group} 的各哨兵法定票数不一致（{of}）。"),
        "在每个哨兵上执行 `SENTINEL SET <组> quorum N`，使用相同的数值",
    )
}

fn several(name: &str, groups: &[(String, String)], lang: Lang) -> Both {
    let masters: Vec<String> = groups.iter().map(|(_, master)| master.clone()).collect();
    let masters = list(&masters, lang);
    let keys: Vec<String> = groups.iter().map(|(key, _)| format!("`{key}`")).collect();
    let keys = list(&keys, lang);
    both(
        format!(
            "These logs seem to hold several deployments that call their group `{name}`: nothing links the masters {masters}. They \
             are told apart here, as {keys}."
        ),
        "explain the logs of each deployment alone, and give its groups names of their own; if it is only one, what is between \
         these logs is missing",
        format!(
            "这些日志似乎来自多套部署，它们的组都叫 `{name}`：主节点 {masters} 之间没有任何联系。这里把它们分开，称为 {keys}。"
        ),
        "请分别解释每套部署的日志，并为各自的组取不同的名字；若其实只有一套，则缺少这些日志之间的部分",
    )
}

fn quorum_one(group: &str, sentinels: usize, all: bool) -> Both {
    let (least, least_zh) = if all { ("", "") } else { ("at least ", "至少") };
    both(
        format!(
            "The quorum of {group} is 1 with {least}{sentinels} sentinels: one that is cut off begins failovers alone."
        ),
        "a majority, such as 2 of 3 or 3 of 5",
        format!(
            "{group} 的法定票数为 1，而哨兵{least_zh}有 {sentinels} 个：一个被隔离的哨兵就会单独发起故障转移。"
        ),
        "设为多数，例如 3 个中的 2 个、5 个中的 3 个",
    )
}

fn down_after_low(group: &str, times: usize, ms: Option<u64>) -> Both {
    let (en, zh) = match ms {
        Some(ms) => (format!("was set to {ms} ms"), format!("被设为 {ms} 毫秒")),
        None => (
            format!("is too low: the master was missed {times} times for less than 3 s"),
            format!("过小：主节点 {times} 次被认为下线又在 3 秒内恢复"),
        ),
    };
    both(
        format!("down-after-milliseconds of {group} {en}."),
        "set it above the longest pause that is no failure, seldom below 3000",
        format!("{group} 的 down-after-milliseconds {zh}。"),
        "应大于不算故障的最长停顿，一般不低于 3000",
    )
}

fn down_after_high(group: &str, ms: u64, lang: Lang) -> Both {
    let lasted = duration(i64::try_from(ms).unwrap_or(i64::MAX), lang);
    both(
        format!(
            "down-after-milliseconds of {group} was set to {lasted}: every outage is at least that long."
        ),
        "5000 to 10000 is usual",
        format!("{group} 的 down-after-milliseconds 被设为 {lasted}：每次中断至少持续这么久。"),
        "通常为 5000 到 10000",
    )
}

fn unseen_restart(group: &str, master: &str) -> Both {
    both(
        format!("The master {master} of {group} restarted within down-after-milliseconds: no failover."),
        "a master without persistence comes back empty and its replicas copy that: turn on AOF or RDB, or let it wait longer \
             than down-after-milliseconds before it starts again",
        format!("{group} 的主节点 {master} 在 down-after-milliseconds 之内重启，没有触发故障转移。"),
        "没有持久化的主节点重启后是空的，副本会照样清空：请启用 AOF 或 RDB，或让它重启前等待超过 down-after-milliseconds",
    )
}

fn not_saved(who: &[String], times: u64, lang: Lang) -> Both {
    let who = by_name(who, lang);
    both(
        format!("{who} could not save its state {times} times: after a restart it may vote twice."),
        "make the configuration file and its directory writable for the sentinel; check space and the mount",
        format!("{who} 有 {times} 次无法保存状态：重启后可能重复投票。"),
        "让哨兵对配置文件及其目录可写；检查磁盘空间和挂载方式",
    )
}

fn script_failed(script: &str, times: u64) -> Both {
    both(
        format!("The script {script} failed {}.", often(times)),
        "run it by hand as the sentinel's user",
        format!("脚本 {script} 失败 {times} 次。"),
        "以哨兵的用户身份手工运行它",
    )
}

fn unresolved(name: &str, times: u64) -> Both {
    both(
        format!("The name {name} could not be resolved {}.", often(times)),
        "check DNS from the sentinel's host, and `sentinel resolve-hostnames yes`",
        format!("名字 {name} 有 {times} 次无法解析。"),
        "在哨兵所在主机上检查 DNS，以及 `sentinel resolve-hostnames yes`",
    )
}

/// `once`, `3 times`
fn often(times: u64) -> String {
    if times == 1 { "once".to_owned() } else { format!("{times} times") }
}

#[cfg(test)]
mod tests {
    use super::super::lost::Lost;
    use super::*;

    fn hint(finding: &Finding) -> (String, String) {
        (advise(finding, Lang::En).1, advise(finding, Lang::Zh).1)
    }

    fn no_good(after_tilt: bool, known: usize, down: &[&str]) -> Finding {
        let down = down.iter().map(|place| (*place).to_owned()).collect();
        Finding::NoGoodReplica { known: Some(known), after_tilt, late: None, down, said: Vec::new() }
    }

    fn still_down(unread: bool) -> Finding {
        Finding::StillDown { unread, zero: Vec::new(), next: None, longest: None }
    }

    #[test]
    fn nobody_is_told_to_reset_while_the_master_is_down() {
        let (who, down) = ("s1".to_owned(), vec!["s10".to_owned(), "s2".to_owned()]);
        let lost = Finding::NotElected {
            epoch: 1,
            who,
            got: Some(1),
            needed: 2,
            known: Some(3),
            down,
            unread: false,
            why: Lost::Missing,
        };
        assert!(advise(&lost, Lang::En).0.ends_with("Down were s2 and s10."));
        for (en, zh) in [hint(&lost), hint(&still_down(false))] {
            assert!(en.contains("`SENTINEL FAILOVER <group>` on one living sentinel"), "{en}");
            assert!(
                en.contains("only once the master is up") || en.contains("Never `SENTINEL RESET`"),
                "{en}"
            );
            assert!(zh.contains("`SENTINEL FAILOVER <组>`"), "{zh}");
            assert!(zh.contains("必须等主节点恢复") || zh.contains("切勿执行 `SENTINEL RESET`"), "{zh}");
        }
        assert!(hint(&still_down(false)).0.contains("auth-pass, down-after-milliseconds, failover-timeout"));
    }

    #[test]
    fn no_good_replica_has_the_advice_of_its_cause() {
        assert!(hint(&no_good(false, 2, &["a", "b"])).0.starts_with("start one of these now"));
        assert!(advise(&no_good(true, 2, &[]), Lang::En).0.contains("had just left TILT"));
        assert!(hint(&no_good(false, 2, &["a"])).0.contains("replica-priority above 0"));
        let (en, zh) =
            (advise(&no_good(false, 2, &[]), Lang::En).0, advise(&no_good(false, 2, &[]), Lang::Zh).0);
        assert!(en.contains("none of the 2 known replicas is down; probably"), "{en}");
        assert!(zh.contains("没有下线的；多半"), "{zh}");
    }
}
