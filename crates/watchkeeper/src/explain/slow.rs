//! Why a part of an outage was the longest, and what makes it shorter. That depends on whose sentinels they are.

use watchkeeper_core::Lang;

use super::epochs;
use super::incident::{At, End, How, Incident};
use super::phases::Phase;
use super::said::Maker;
use super::words::{duration, nobody_else_told, only_the_leader};

/// A hello comes every 2 s; one that comes later was held up.
const HELLO_MS: At = 2_500;

/// Why this part was the longest, and what makes it shorter.
pub(super) fn longest(phase: Phase, incident: &Incident, lang: Lang) -> String {
    if let Some(quorum) = quorum_set(phase, incident, lang) {
        return quorum;
    }
    of_makers(phase, incident, lang).to_owned()
}

/// Enough agreed only when somebody had set the quorum.
fn quorum_set(phase: Phase, incident: &Incident, lang: Lang) -> Option<String> {
    let (at, before, quorum) = incident.held.quorum.filter(|_| phase == Phase::Agreement)?;
    let agreed = incident.agreed.iter().map(|agreed| agreed.at).min()?;
    let lowered = before.is_some_and(|before| before > quorum);
    if at > agreed || !lowered {
        return None;
    }
    let before = before.unwrap_or(quorum);
    let after = duration(agreed - at, lang);
    Some(match lang {
        Lang::En => format!(
            "The quorum was {before} until somebody set it to {quorum} in this time (SENTINEL SET); enough sentinels agreed {after} after \
             that. A quorum above the majority lets a few sentinels that are down keep the others from acting."
        ),
        Lang::Zh => format!(
            "法定票数原为 {before}，其间有人把它设为 {quorum}（SENTINEL SET），{after}后即达成一致。法定票数若大于多数，\
             少数哨兵下线就会使其余哨兵无法执行。"
        ),
    })
}

/// The same by whose sentinels they are.
fn of_makers(phase: Phase, incident: &Incident, lang: Lang) -> &'static str {
    if let Some(unknown) = not_here(phase, incident, lang) {
        return unknown;
    }
    if phase == Phase::Attempts && incident.held_by_tilt() {
        return lang.pick(
            "The leader was in TILT and did nothing until that was over: see the warning.",
            "执行者处于 TILT，在 TILT 结束之前什么也没做：见警告。",
        );
    }
    if phase == Phase::Election && incident.unaware {
        return lang.pick(
            "A vote came late: to its sentinel another server was still the master, until it heard of the switch before this.",
            "有一票来得晚：那个哨兵此前仍以为主节点是另一台服务器，直到得知上一次切换。",
        );
    }
    if phase == Phase::Agreement && incident.agreed_after_a_start() {
        return lang.pick(
            "Sentinels were started again in this time, and enough missed the master only after that. See why they were down.",
            "其间有哨兵重新启动，此后认为主节点下线的哨兵才足够。请查明它们为何停止。",
        );
    }
    if phase == Phase::Agreement && incident.missed_sooner_than_agreed() {
        return lang.pick(
            "Enough sentinels missed the master soon, and agreed later: redis-sentinel asks the others once a second. If it took much \
             longer than that, look at the links between the sentinels.",
            "足够多的哨兵很快就认为主节点下线，达成一致却较晚：redis-sentinel 每秒询问其他哨兵一次。若远超 1 秒，请检查哨兵之间的网络。",
        );
    }
    match incident.maker {
        Some(Maker::Watchkeeper) => of_ours(phase, incident, lang),
        Some(Maker::Redis) => of_redis(phase, incident, lang),
        None => of_any(phase, incident, lang),
    }
}

/// What held it up is in logs that are not here.
fn not_here(phase: Phase, incident: &Incident, lang: Lang) -> Option<&'static str> {
    let told = match phase {
        Phase::Telling if incident.told_by_unread => lang.pick(
            "Those who told clients did not hear of it from the leader whose log is here, but from a sentinel whose log is not: that \
             log would show why it took so long.",
            "通知客户端的哨兵不是从这里有日志的执行者得知的，而是从另一个日志不在此处的哨兵得知：原因要看那份日志。",
        ),
        Phase::Telling if incident.unread && leader_told_first(incident) => lang.pick(
            "In these logs the leader told clients first, and it waits with that until the replicas follow. Whether others told \
             them before, their logs would show.",
            "这些日志中最先通知客户端的是执行者，而它要等各副本完成跟随才通知。其他哨兵是否更早，要看它们的日志。",
        ),
        Phase::Agreement if incident.unread => lang.pick(
            "Why the others missed the master later, or answered late, is not in these logs: theirs would show it.",
            "其他哨兵为何较晚才发现主节点失联、或较晚应答，这些日志中没有：要看它们的日志。",
        ),
        Phase::Waiting if incident.unread => lang.pick(
            "As far as these logs tell, nobody took over; the outage lasted as long as the master was away.",
            "就这些日志所见无人接替；主节点离开多久，中断就持续多久。",
        ),
        Phase::Election if incident.cut || (incident.unread && incident.came_forward_late()) => lang.pick(
            "The candidate came forward late, or the votes came late; whether another one had tried before, is not in these logs.",
            "候选者参选晚，或选票来得晚；此前是否有别的哨兵尝试过，这些日志中没有。",
        ),
        Phase::Attempts | Phase::Telling if incident.cut => lang.pick(
            "Why it took so long is not in these logs: some begin too late.",
            "为何这么久，这些日志中没有：有的日志开始得太晚。",
        ),
        Phase::Telling
        | Phase::Agreement
        | Phase::Waiting
        | Phase::Election
        | Phase::Attempts
        | Phase::Operator
        | Phase::Selection
        | Phase::Promotion
        | Phase::Unseen => return None,
    };
    Some(told)
}

/// The leader named the new master before anybody who did not lead, and others who did not are here.
fn leader_told_first(incident: &Incident) -> bool {
    let first = incident.learned.iter().min_by_key(|learned| learned.at);
    first.is_some_and(|learned| learned.how == How::Led) && !nobody_else_told(incident)
}

/// How long clients were not told of a master that took writes.
fn told_late(incident: &Incident) -> bool {
    let times = incident.took_writes().zip(incident.first_told());
    times.is_some_and(|(promoted, told)| told - promoted > HELLO_MS)
}

/// With `redis-sentinel`, Valkey's, or nobody knows whose.
fn of_redis(phase: Phase, incident: &Incident, lang: Lang) -> &'static str {
    match phase {
        Phase::Election if epochs::finding(incident).is_some() => lang.pick(
            "The votes did not count at first, because another group held an election too: see the warning.",
            "选票起初没有计入，因为另一个组也在选举：见下面的警告。",
        ),
        Phase::Telling if only_the_leader(incident) => lang.pick(
            "Only the leader's log is here. redis-sentinel's leader waits with its own +switch-master until the replicas \
             follow, at most failover-timeout; the others tell clients as soon as they have its hello, which it sends every \
             2 s. Their logs would show when.",
            "这里只有执行者的日志。redis-sentinel 的执行者要等各副本完成跟随才发出自己的 +switch-master，最多等待 \
             failover-timeout；它每 2 秒发出 hello，其他哨兵一收到就通知客户端。何时收到，要看它们的日志。",
        ),
        Phase::Telling if nobody_else_told(incident) => of_all(phase, lang),
        Phase::Agreement => lang.pick(
            "The sentinels began to miss the master at different times: each pings it once a second, and redis-sentinel \
             asks the others once a second. A different down-after-milliseconds on some of them does the same.",
            "各哨兵发现主节点失联的时刻不同：每个哨兵每秒 ping 一次，redis-sentinel 每秒询问其他哨兵一次。\
             各哨兵的 down-after-milliseconds 不一致也会如此。",
        ),
        Phase::Attempts if incident.held.leader == Some(Maker::Watchkeeper) => of_ours(phase, incident, lang),
        Phase::Attempts if incident.winner().is_some_and(|run| incident.forgot(run)) => lang.pick(
            "The sentinel that led in the end was started again in this time: redis-sentinel does not wait any more then.",
            "最后执行的哨兵在此期间重新启动过：redis-sentinel 重启后不再等待。",
        ),
        Phase::Attempts => lang.pick(
            "After a failed attempt redis-sentinel waits twice failover-timeout before the next: 2 min with 60000, 6 min with the \
             default of 180000.",
            "尝试失败后，redis-sentinel 要等 2 倍 failover-timeout 才再次尝试：设为 60000 时是 2 分钟，默认的 180000 则是 6 分钟。",
        ),
        Phase::Promotion => lang.pick(
            "redis-sentinel sees the promotion in the replica's next answer to INFO, up to 1 s later. Much more than that \
             means that the replica was slow: saving, swapping, or a busy machine.",
            "redis-sentinel 从副本下一次 INFO 应答中得知提升完成，最多晚 1 秒。若远超 1 秒，说明副本很慢：正在持久化、发生换页或机器繁忙。",
        ),
        Phase::Telling if told_late(incident) => lang.pick(
            "The sentinels that did not lead learn of the new master by the leader's hello, which it sends every 2 s; this took \
             longer: see whether the leader hung, died or was cut off.",
            "其他哨兵从执行者的 hello 消息得知新主节点，执行者每 2 秒发出一次；这次超过了 2 秒：检查执行者当时是否卡死、宕机或被隔离。",
        ),
        Phase::Telling => lang.pick(
            "The sentinels that did not lead learn of the new master by the leader's next hello, up to 2 s later.",
            "其他哨兵从执行者的下一次 hello 消息得知新主节点，最多晚 2 秒。",
        ),
        Phase::Operator | Phase::Unseen | Phase::Waiting | Phase::Election | Phase::Selection => {
            of_all(phase, lang)
        }
    }
}

/// Whose sentinels these are, is not in the logs: what is so of all.
fn of_any(phase: Phase, incident: &Incident, lang: Lang) -> &'static str {
    match phase {
        Phase::Telling if only_the_leader(incident) => lang.pick(
            "Only the leader's log is here. It waits with its own +switch-master until the replicas follow, at most \
             failover-timeout; the others tell clients as soon as they have its hello. Their logs would show when.",
            "这里只有执行者的日志。它要等各副本完成跟随才发出自己的 +switch-master，最多等待 failover-timeout；\
             其他哨兵一收到它的 hello 就通知客户端。何时收到，要看它们的日志。",
        ),
        Phase::Telling if !nobody_else_told(incident) => lang.pick(
            "The sentinels that did not lead learn of the new master by the leader's hello.",
            "其他哨兵从执行者的 hello 消息得知新主节点。",
        ),
        Phase::Agreement => lang.pick(
            "The sentinels began to miss the master at different times. A different down-after-milliseconds on some of them does \
             the same.",
            "各哨兵发现主节点失联的时刻不同。各哨兵的 down-after-milliseconds 不一致也会如此。",
        ),
        Phase::Attempts => lang.pick(
            "After a failed attempt redis-sentinel and Valkey's wait twice failover-timeout before the next (6 min with the default \
             of 180000), Watchkeeper at most seconds. Whose sentinels these are, is not in these logs.",
            "尝试失败后，redis-sentinel 和 Valkey 的哨兵要等 2 倍 failover-timeout（默认 180000 时是 6 分钟）才再次尝试，\
             Watchkeeper 最多几秒。这些是谁的哨兵，日志中没有。",
        ),
        Phase::Promotion => lang.pick(
            "The replica was slow to become a master (saving, swapping, a busy machine), or the leader noticed it late: redis-sentinel \
             and Valkey's ask it once a second.",
            "副本成为主节点很慢（正在持久化、发生换页或机器繁忙），或执行者得知得晚：redis-sentinel 和 Valkey 的哨兵每秒询问一次。",
        ),
        Phase::Operator
        | Phase::Unseen
        | Phase::Waiting
        | Phase::Election
        | Phase::Selection
        | Phase::Telling => of_all(phase, lang),
    }
}

/// Whatever sentinels they are.
fn of_all(phase: Phase, lang: Lang) -> &'static str {
    match phase {
        Phase::Operator => lang.pick(
            "The sentinels did not act by themselves; the outage lasted until somebody called SENTINEL FAILOVER.",
            "哨兵没有自行执行；直到有人执行 SENTINEL FAILOVER，中断才结束。",
        ),
        Phase::Unseen => lang.pick(
            "Add the logs of the other sentinels to see what it consists of.",
            "加上其他哨兵的日志，才能看到其中各步的耗时。",
        ),
        Phase::Waiting => lang.pick(
            "Nobody took over; the outage lasted as long as the master was away.",
            "无人接替；主节点离开多久，中断就持续多久。",
        ),
        Phase::Election => lang.pick(
            "Votes came late: sentinels were slow to answer, or slow to write their state to disk.",
            "选票来得晚：有的哨兵应答慢，或把状态写入磁盘慢。",
        ),
        Phase::Selection => lang.pick(
            "The leader waited for news of the replicas.",
            "执行者在等待副本的最新信息。",
        ),
        Phase::Telling => lang.pick(
            "Only the leader told clients, when the replicas followed: it waits for them, at most failover-timeout. The others were \
             down, or their logs do not reach so far.",
            "只有执行者通知了客户端：它要等各副本完成跟随，最多等待 failover-timeout。其他哨兵当时已下线，或其日志没有这一段。",
        ),
        Phase::Agreement | Phase::Attempts | Phase::Promotion => "",
    }
}

/// An attempt was given up because no replica was fit.
fn found_nobody_fit(incident: &Incident) -> bool {
    incident.runs.iter().any(|run| run.end.is_some_and(|(end, _)| end == End::NoGoodReplica))
}

/// With Watchkeeper, which acts at once where `redis-sentinel` waits for its next turn.
fn of_ours(phase: Phase, incident: &Incident, lang: Lang) -> &'static str {
    match phase {
        Phase::Telling if only_the_leader(incident) => lang.pick(
            "Only the leader's log is here. It waits with its own +switch-master until the replicas follow, at most \
             failover-timeout; the others tell clients as soon as they have its hello, which it sends at once. Their logs would \
             show when.",
            "这里只有执行者的日志。它要等各副本完成跟随才发出自己的 +switch-master，最多等待 failover-timeout；\
             它立即发出 hello，其他哨兵一收到就通知客户端。何时收到，要看它们的日志。",
        ),
        Phase::Telling if nobody_else_told(incident) => of_all(phase, lang),
        Phase::Agreement => lang.pick(
            "The sentinels began to miss the master at different times: each counts from the last answer that it had itself. A \
             different down-after-milliseconds on some of them does the same.",
            "各哨兵发现主节点失联的时刻不同：每个哨兵从自己最后一次得到应答时算起。\
             各哨兵的 down-after-milliseconds 不一致也会如此。",
        ),
        // What the others do meanwhile is theirs: they may be redis-sentinel.
        Phase::Attempts if found_nobody_fit(incident) => lang.pick(
            "A sentinel of Watchkeeper's that found no fit replica tries again when one is fit, at the latest after twice \
             failover-timeout. Make a replica fit: the next attempt begins then.",
            "Watchkeeper 的哨兵没有找到合适副本时，一有副本可用就再次尝试，最迟在 2 倍 failover-timeout 之后。让某个副本可用，随即就会再次尝试。",
        ),
        Phase::Attempts => lang.pick(
            "Watchkeeper does not wait for failover-timeout after a failed attempt: the first lost elections are each repeated in \
             under a second while a majority of the sentinels is up, and a sentinel that voted for another gives it 2.5 s from \
             when it last asked, 0.5 s if its connection is gone. Remove what made the attempts fail.",
            "尝试失败后 Watchkeeper 不会等待 failover-timeout：只要多数哨兵在线，最初几次落选后不到 1 秒就会重试；把票投给别人的哨兵，\
             从对方最后一次询问起等它 2.5 秒，若连接已断则等 0.5 秒。应消除使尝试失败的原因。",
        ),
        Phase::Promotion => lang.pick(
            "The replica was slow to become a master and to say so: saving, swapping, or a busy machine.",
            "副本成为主节点并报告这一点很慢：正在持久化、发生换页或机器繁忙。",
        ),
        Phase::Telling => lang.pick(
            "The sentinels that did not lead learn of the new master by the leader's hello, which it sends at once: a slow server \
             or network delayed it.",
            "其他哨兵从执行者的 hello 消息得知新主节点，执行者会立即发出：是服务器或网络慢造成了延迟。",
        ),
        Phase::Operator | Phase::Unseen | Phase::Waiting | Phase::Election | Phase::Selection => {
            of_all(phase, lang)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::incident::Learned;
    use super::*;

    /// The others tell clients earlier, unless they are down.
    #[test]
    fn only_others_that_are_up_tell_earlier_than_the_leader() {
        for maker in [Maker::Redis, Maker::Watchkeeper] {
            let mut incident = Incident::new("m", "10.0.0.1:6379", 0, true);
            incident.learned.push(Learned { who: 0, at: 9, to: String::new(), how: How::Led, epoch: None });
            (incident.maker, incident.sentinels, incident.others_unread) = (Some(maker), 3, true);
            assert!(
                longest(Phase::Telling, &incident, Lang::En).starts_with("Only the leader's log is here")
            );
            assert!(longest(Phase::Telling, &incident, Lang::Zh).starts_with("这里只有执行者的日志"));
            incident.others_unread = false;
            assert!(longest(Phase::Telling, &incident, Lang::En).starts_with("Only the leader told clients"));
            assert!(longest(Phase::Telling, &incident, Lang::Zh).starts_with("只有执行者通知了客户端"));
        }
    }
}
