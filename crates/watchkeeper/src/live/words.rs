//! The words for what is shown, in both languages.

use watchkeeper_core::Lang;

use super::choice::{Lacking, Refusal};
use super::line::Tone;
use super::model::{Doubt, GroupStatus, Problem, Role, SentinelState, ServerState};
use super::waiting::{NotHolding, Waiting};
use crate::ask::{Endpoint, Failure};
use crate::explain::list;

/// There are none, or nobody told the sentinels.
const KNOWS_NONE: [&str; 2] = ["the sentinels know no replica to promote", "哨兵不知道任何可以提升的副本"];

/// What becomes of a server that follows a master without keys.
const LOST_WITH_EMPTY: [&str; 2] = [
    "all its data is lost then, as that one has no keys. Copy its data files elsewhere now",
    "后者没有任何键，届时它的全部数据都会丢失。现在就把它的数据文件复制到别处",
];

/// Why there is no answer.
pub(crate) fn failure(failure: &Failure, lang: Lang) -> String {
    failure.told(lang)
}

/// A sentinel that said nothing, and why.
pub(crate) fn unheard(at: &Endpoint, why: &Failure, lang: Lang) -> String {
    let told = failure(why, lang);
    match lang {
        Lang::En if why.is_login() => format!("the sentinel {at} refuses the login: {told}"),
        Lang::Zh if why.is_login() => format!("哨兵 {at} 拒绝登录：{told}"),
        Lang::En => format!("the sentinel {at} does not answer: {told}"),
        Lang::Zh => format!("哨兵 {at} 无应答：{told}"),
    }
}

/// `12.3 KB`
pub(super) fn bytes(count: i64) -> String {
    const UNITS: [&str; 4] = ["KB", "MB", "GB", "TB"];
    if count < 1000 {
        return format!("{count} B");
    }
    let mut value = count as f64 / 1000.0;
    let mut unit = 0;
    while value >= 999.95 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// `3 s`, `12 min`, `5 h`, `9 d`
pub(super) fn roughly(ms: i64, lang: Lang) -> String {
    let seconds = ms.max(0) / 1000;
    match seconds {
        0..=119 => format!("{seconds} {}", lang.pick("s", "秒")),
        120..=7199 => format!("{} {}", seconds / 60, lang.pick("min", "分钟")),
        7200..=172_799 => format!("{} {}", seconds / 3600, lang.pick("h", "小时")),
        _ => format!("{} {}", seconds / 86_400, lang.pick("d", "天")),
    }
}

/// A role.
pub(super) fn role(role: Role, lang: Lang) -> &'static str {
    match role {
        Role::Master => lang.pick("master", "主节点"),
        Role::Replica => lang.pick("replica", "副本"),
        Role::Unknown => lang.pick("?", "？"),
    }
}

/// How a server does.
pub(super) fn server_state(state: &ServerState, lang: Lang) -> (Tone, String) {
    let (tone, text) = match state {
        ServerState::Up => (Tone::Good, lang.pick("up", "正常").to_owned()),
        ServerState::InStep => (Tone::Good, lang.pick("in step", "同步").to_owned()),
        ServerState::Astray => (Tone::Bad, lang.pick("follows another", "跟随别的服务器").to_owned()),
        ServerState::Syncing => (Tone::Warn, lang.pick("full resync", "全量同步中").to_owned()),
        ServerState::Loading => (Tone::Warn, lang.pick("loading data", "正在加载数据").to_owned()),
        ServerState::LinkDown(None) => (Tone::Bad, lang.pick("link down", "复制连接断开").to_owned()),
        ServerState::LinkDown(Some(seconds)) => {
            let since = roughly(seconds.saturating_mul(1000), lang);
            (Tone::Bad, format!("{} {since}", lang.pick("link down", "复制断开")))
        }
        ServerState::NotMaster => (Tone::Bad, lang.pick("should be master", "本应是主节点").to_owned()),
        ServerState::SecondMaster => (Tone::Bad, lang.pick("a second master", "第二个主节点").to_owned()),
        ServerState::Promoted => (Tone::Good, lang.pick("just promoted", "刚被提升").to_owned()),
        ServerState::OldMaster => (Tone::Warn, lang.pick("the old master", "旧主节点").to_owned()),
        ServerState::Sentinel => (Tone::Bad, lang.pick("is a sentinel", "是哨兵").to_owned()),
        ServerState::Silent(_) => (Tone::Bad, lang.pick("no answer", "无应答").to_owned()),
        ServerState::Login(_) => (Tone::Warn, lang.pick("wants a login", "需要登录").to_owned()),
    };
    (tone, text)
}

/// How a sentinel does.
pub(super) fn sentinel_state(state: &SentinelState, lang: Lang) -> (Tone, String) {
    match state {
        SentinelState::Up => (Tone::Good, lang.pick("up", "正常").to_owned()),
        SentinelState::Tilt(seconds) => {
            (Tone::Bad, format!("TILT {}", roughly(seconds.saturating_mul(1000), lang)))
        }
        SentinelState::Silent(why, _) if why.is_login() => {
            (Tone::Warn, lang.pick("refuses login", "拒绝登录").to_owned())
        }
        SentinelState::Silent(_, Doubt::NobodyHearsIt) => {
            (Tone::Bad, lang.pick("no answer", "无应答").to_owned())
        }
        SentinelState::Silent(_, Doubt::OthersHearIt) => {
            (Tone::Warn, lang.pick("no answer to us", "对本机无应答").to_owned())
        }
    }
}

/// What a phase of a failover is.
pub(super) fn phase(wire: &str, lang: Lang) -> &str {
    match wire {
        "wait_start" => lang.pick("waiting for votes", "等待选票"),
        "select_slave" => lang.pick("choosing a replica", "挑选副本"),
        "send_slaveof_noone" => lang.pick("telling the replica to be master", "命令副本成为主节点"),
        "wait_promotion" => lang.pick("waiting for the replica to be master", "等待副本成为主节点"),
        "reconf_slaves" => lang.pick("telling the other replicas", "让其余副本跟随新主节点"),
        "update_config" => lang.pick("switching the configuration", "切换配置"),
        other => other,
    }
}

/// What is wrong.
pub(super) fn problem(problem: &Problem, group: &GroupStatus, lang: Lang) -> String {
    let en = lang == Lang::En;
    let master = &group.master;
    match problem {
        Problem::MasterSilent(why) => {
            let why = failure(why, lang);
            if en {
                format!("the master {master} does not answer: {why}")
            } else {
                format!("主节点 {master} 无应答：{why}")
            }
        }
        Problem::MasterIsReplica => master_is_replica(group, lang),
        Problem::MasterEmpty(keeping) => master_empty(keeping, group, lang),
        Problem::TwoGroups(at, other) => two_groups(at, other, group, lang),
        Problem::SentinelWatched(at) => sentinel_watched(at, group, lang),
        Problem::MasterLoading if en => format!("the master {master} is loading its data"),
        Problem::MasterLoading => format!("主节点 {master} 正在加载数据"),
        Problem::WritesRefused if en => {
            format!("{master} refuses writes: too few replicas are near enough (`min-replicas-to-write`)")
        }
        Problem::WritesRefused => {
            format!("{master} 拒绝写入：足够接近的副本不足（`min-replicas-to-write`）")
        }
        Problem::LoginNeeded(why) => {
            let why = failure(why, lang);
            if en { format!("servers want a login: {why}") } else { format!("服务器需要登录：{why}") }
        }
        Problem::HeldForDown(count) => {
            let (of, quorum) = (group.voters, group.quorum);
            if en {
                format!("held for down by {count} of {of} sentinels, quorum {quorum}")
            } else {
                format!("{of} 个哨兵中有 {count} 个认为主节点已下线，法定票数 {quorum}")
            }
        }
        Problem::FailoverRuns => failover_runs(group, lang),
        Problem::SecondMaster(at) => second_master(at, group, lang),
        Problem::OldMaster(at) => old_master(at, group, lang),
        Problem::NotYetTold(count) => disagreeing(*count, true, master, lang),
        Problem::Disagreement(count) => disagreeing(*count, false, master, lang),
        Problem::ReplicaSilent(at) => replica_silent(at, group, lang),
        Problem::ReplicaBehind(at) => replica_behind(at, group, lang),
        Problem::SentinelSilent(at) if en => format!("the sentinel {at} does not answer"),
        Problem::SentinelSilent(at) => format!("哨兵 {at} 无应答"),
        Problem::SentinelLogin(at, why) => unheard(at, why, lang),
        Problem::SentinelTilt(at) if en => format!("the sentinel {at} is in TILT and does not act"),
        Problem::SentinelTilt(at) => format!("哨兵 {at} 处于 TILT 模式，暂不行动"),
        Problem::Strangers(count) => strangers(*count, group, lang),
        Problem::QuorumsDiffer => {
            let quorums: Vec<String> = group.quorums.iter().map(i64::to_string).collect();
            let quorums = some(&quorums, 7, lang);
            if en {
                format!("the sentinels have different quorums: {quorums}")
            } else {
                format!("各哨兵的法定票数不同：{quorums}")
            }
        }
        Problem::NoMajority => no_majority(group, lang),
        Problem::SeeTooFew(count) => see_too_few(*count, group, lang),
        Problem::QuorumTooHigh(count) => quorum_too_high(*count, group, lang),
        Problem::NoCandidate => no_candidate(group, lang),
    }
}

/// Nobody could be promoted, and why, unless that is told with what is waited for.
fn no_candidate(group: &GroupStatus, lang: Lang) -> String {
    if group.candidates.is_empty() {
        return lang.pick(KNOWS_NONE[0], KNOWS_NONE[1]).to_owned();
    }
    let text = lang.pick("no replica could be promoted", "没有可以提升的副本");
    let refused = group.candidates.iter().filter_map(|it| Some((&it.at, it.refusal?)));
    let reasons: Vec<String> = refused.map(|(at, why)| refused_replica(at, why, lang)).collect();
    if reasons.is_empty() || !group.waiting.is_empty() {
        return text.to_owned();
    }
    format!("{text}{}{}", lang.pick(": ", "："), some(&reasons, 3, lang))
}

/// A sentinel in the place of a data server.
fn sentinel_watched(at: &Endpoint, group: &GroupStatus, lang: Lang) -> String {
    let naming = group.sentinels.iter().filter(|sentinel| sentinel.names.as_ref() == Some(at));
    let naming: Vec<String> = naming.map(|sentinel| sentinel.at.to_string()).collect();
    let (by, reach) = (some(&naming, 3, lang), &group.reach);
    match lang {
        _ if naming.is_empty() => match lang {
            Lang::En => format!(
                "{at} is listed as a server, and is a sentinel, no data server: when the master is up, `SENTINEL RESET {}` on each sentinel that lists it, one after another (`watchkeeper doctor{reach}` says which)",
                group.name
            ),
            Lang::Zh => format!(
                "{at} 被列为服务器，但它是哨兵，不是数据服务器：主节点正常时，在列出它的哨兵上逐个执行 `SENTINEL RESET {}`（`watchkeeper doctor{reach}` 显示是哪些）",
                group.name
            ),
        },
        Lang::En => format!(
            "{at} is watched as the master, and is a sentinel, no data server: `sentinel monitor` has the wrong address or port on {by}"
        ),
        Lang::Zh => format!(
            "{at} 被当作主节点监视，但它是哨兵，不是数据服务器：{by} 的 `sentinel monitor` 地址或端口有误"
        ),
    }
}

/// Sentinels that know fewer others than there are.
fn strangers(count: usize, group: &GroupStatus, lang: Lang) -> String {
    let heard = group.heard();
    match lang {
        Lang::En => {
            format!("{count} of {heard} sentinels do not know all the others, and can't count on them")
        }
        Lang::Zh => format!("{heard} 个哨兵中有 {count} 个不认识全部其他哨兵，无法与之投票"),
    }
}

/// Sentinels that do not hear others who answer us.
fn see_too_few(count: usize, group: &GroupStatus, lang: Lang) -> String {
    let heard = group.heard();
    match lang {
        Lang::En => format!("too few of the others for a failover are heard by {count} of {heard} sentinels"),
        Lang::Zh => format!("{heard} 个哨兵中有 {count} 个收不到足够多其他哨兵的应答，不足以故障转移"),
    }
}

fn quorum_too_high(count: usize, group: &GroupStatus, lang: Lang) -> String {
    let (heard, voters) = (group.heard(), group.voters);
    match lang {
        Lang::En => format!(
            "the quorum of {count} of {heard} sentinels can't be reached: it is greater than the number of sentinels, {voters}"
        ),
        Lang::Zh => format!("{heard} 个哨兵中有 {count} 个的法定票数高于哨兵总数 {voters}，无法达到"),
    }
}

/// A failover: how far it is, by whom, and whether there is a new master that clients do not know of.
fn failover_runs(group: &GroupStatus, lang: Lang) -> String {
    let now = group.failover.as_ref();
    let doing = now.map_or("", |it| phase(&it.phase, lang));
    let by = now.map(|it| it.by.to_string()).unwrap_or_default();
    let new = group.promoted().map(|at| match lang {
        Lang::En => format!("; {at} is a master already, clients are not told yet"),
        Lang::Zh => format!("；{at} 已是主节点，尚未告知客户端"),
    });
    let new = new.unwrap_or_default();
    match lang {
        Lang::En => format!("a failover is in progress, by {by}: {doing}{new}"),
        Lang::Zh => format!("故障转移进行中，由 {by} 执行：{doing}{new}"),
    }
}

/// A replica that is not in step.
fn replica_behind(at: &Endpoint, group: &GroupStatus, lang: Lang) -> String {
    let is_master = group.server(at).is_some_and(|server| server.role == Role::Master);
    match (group.server(at).map(|server| &server.state), lang) {
        (Some(ServerState::Syncing), Lang::En) => {
            format!("the replica {at} is in full sync: it has not got the data yet")
        }
        (Some(ServerState::Syncing), Lang::Zh) => format!("副本 {at} 正在全量同步，数据尚不完整"),
        (Some(ServerState::Loading), _) if is_master => loads_as_master(at, group, lang),
        (Some(ServerState::Loading), Lang::En) => format!("the replica {at} is loading its data"),
        (Some(ServerState::Loading), Lang::Zh) => format!("副本 {at} 正在加载数据"),
        (Some(ServerState::Astray), Lang::En) => {
            format!(
                "the replica {at} follows a server that is not known in this group, and receives its data instead"
            )
        }
        (Some(ServerState::Astray), Lang::Zh) => format!("副本 {at} 跟随本组之外的服务器，接收的是它的数据"),
        (Some(_) | None, Lang::En) => format!("the replica {at} does not receive its data"),
        (Some(_) | None, Lang::Zh) => format!("副本 {at} 没有在接收数据"),
    }
}

/// A replica that does not answer: what it may have on its disk, a master without keys has not.
fn replica_silent(at: &Endpoint, group: &GroupStatus, lang: Lang) -> String {
    let master = &group.master;
    match (group.may_be_only_copy(at), lang) {
        (false, Lang::En) => format!("the replica {at} does not answer"),
        (false, Lang::Zh) => format!("副本 {at} 无应答"),
        (true, Lang::En) => format!(
            "the replica {at} does not answer, and the master {master} has no keys: if {at} has data on its disk, copy its data files elsewhere \
             before it is started or connected, as it then copies the emptiness"
        ),
        (true, Lang::Zh) => format!(
            "副本 {at} 无应答，而主节点 {master} 没有任何键：若 {at} 的磁盘上有数据，在启动它或它连上之前先把数据文件复制到别处，\
             否则它会复制空数据"
        ),
    }
}

/// A server that was started as a master and reads its data: it is a second one only when it is done.
fn loads_as_master(at: &Endpoint, group: &GroupStatus, lang: Lang) -> String {
    let master = &group.master;
    let text = match lang {
        Lang::En => format!(
            "{at} is loading its data and will be a second master when it is done, until the sentinels make it follow {master}"
        ),
        Lang::Zh => format!("{at} 正在加载数据，完成后会成为第二个主节点，直到哨兵让它跟随 {master}"),
    };
    match (group.may_be_only_copy(at), lang) {
        (false, _) => text,
        (true, Lang::En) => format!("{text}: {}", LOST_WITH_EMPTY[0]),
        (true, Lang::Zh) => format!("{text}：{}", LOST_WITH_EMPTY[1]),
    }
}

/// Fewer sentinels than a failover takes: a majority to elect one of them, and the quorum to miss the master.
fn no_majority(group: &GroupStatus, lang: Lang) -> String {
    let (majority, quorum, voters) = (group.majority(), group.quorum, group.voters);
    if let Some(text) = out_of_reach(quorum, voters, lang) {
        return text;
    }
    // More than there are was told above.
    let by_quorum = usize::try_from(quorum).is_ok_and(|quorum| quorum > majority);
    match lang {
        Lang::En if by_quorum => {
            format!(
                "too few sentinels for a failover: the quorum of {quorum} is needed, and {voters} are known"
            )
        }
        Lang::Zh if by_quorum => format!("哨兵不足以进行故障转移：{voters} 个中需要达到法定票数 {quorum}"),
        Lang::En => format!("too few sentinels for a failover: {majority} of {voters} are needed"),
        Lang::Zh => format!("哨兵不足以进行故障转移：{voters} 个中需要 {majority} 个"),
    }
}

/// A quorum of more sentinels than there are.
fn out_of_reach(quorum: i64, voters: usize, lang: Lang) -> Option<String> {
    let missing = usize::try_from(quorum).is_ok_and(|quorum| quorum > voters);
    missing.then(|| match lang {
        Lang::En if voters == 1 => {
            format!("the quorum of {quorum} can't be reached: the one sentinel that is known knows no other")
        }
        Lang::En => format!("the quorum of {quorum} can't be reached: {voters} sentinels are known"),
        Lang::Zh if voters == 1 => format!("无法达到法定票数 {quorum}：已知的一个哨兵不认识其他哨兵"),
        Lang::Zh => format!("无法达到法定票数 {quorum}：已知的哨兵只有 {voters} 个"),
    })
}

/// A server that says it is a master and is the one that only sentinels name that are not yet told.
fn old_master(at: &Endpoint, group: &GroupStatus, lang: Lang) -> String {
    let (master, lost) = (&group.master, lost_with(at, group, lang));
    match lang {
        Lang::En => format!(
            "{at} was the master until the switch to {master}, and becomes its replica: {}",
            lost.unwrap_or("what is written to it now is lost")
        ),
        Lang::Zh => format!(
            "{at} 是切换到 {master} 之前的主节点，将成为它的副本：{}",
            lost.unwrap_or("现在写入它的数据会丢失")
        ),
    }
}

/// That a server has what a master without keys has not, and loses all of it.
fn lost_with(at: &Endpoint, group: &GroupStatus, lang: Lang) -> Option<&'static str> {
    group.is_only_copy(at).then(|| lang.pick(LOST_WITH_EMPTY[0], LOST_WITH_EMPTY[1]))
}

/// A server that sentinels name as the master and that follows somebody.
fn master_is_replica(group: &GroupStatus, lang: Lang) -> String {
    let (master, name) = (&group.master, &group.name);
    if let Some(other) = group.other_name() {
        return match lang {
            Lang::En => format!(
                "{master} is a replica: who asks for `{name}` finds no master; who asks for `{other}` finds the one that it follows"
            ),
            Lang::Zh => {
                format!("{master} 是副本：查询 `{name}` 找不到主节点；查询 `{other}` 可得到它所跟随的主节点")
            }
        };
    }
    match (group.outsider(), lang) {
        (None, Lang::En) => format!("{master} should be the master and is a replica"),
        (None, Lang::Zh) => format!("{master} 本应是主节点，实际是副本"),
        (Some((whom, true)), Lang::En) => format!(
            "{master} should be the master and follows {whom}, which is not known in this group: its data and its replicas' is that server's now"
        ),
        (Some((whom, true)), Lang::Zh) => {
            format!("{master} 本应是主节点，却跟随本组之外的 {whom}：它和它的副本现在的数据都是那台服务器的")
        }
        (Some((whom, false)), Lang::En) => format!(
            "{master} should be the master and is told to follow {whom}, which is not known in this group: once connected it copies that \
             one's data in place of what it has. `REPLICAOF NO ONE` on {master} prevents that"
        ),
        (Some((whom, false)), Lang::Zh) => format!(
            "{master} 本应是主节点，却被指定跟随本组之外的 {whom}：连上后它会以那台服务器的数据取代自己的。在 {master} 上执行 \
             `REPLICAOF NO ONE` 可避免"
        ),
    }
}

/// A master without keys, and replicas that still have theirs.
fn master_empty(keeping: &[Endpoint], group: &GroupStatus, lang: Lang) -> String {
    let (master, name) = (&group.master, &group.name);
    let keeping: Vec<String> = keeping.iter().map(Endpoint::to_string).collect();
    let keeping = some(&keeping, 3, lang);
    let text = match lang {
        Lang::En => format!(
            "the master {master} has no keys, and its replicas that still have theirs lose them once they are connected: {keeping}"
        ),
        Lang::Zh => format!("主节点 {master} 没有任何键，仍有数据的副本连上后会失去数据：{keeping}"),
    };
    let reach = &group.reach;
    let saved = group.failover.is_none() && group.heir().is_some() && group.unready().is_empty();
    match lang {
        Lang::En if saved => {
            format!(
                "{text}. Unless that is meant, do `watchkeeper failover {name}{reach}` at once: a replica with its data becomes the master"
            )
        }
        Lang::Zh if saved => {
            format!(
                "{text}。若非有意，立即执行 `watchkeeper failover {name}{reach}`，让有数据的副本成为主节点"
            )
        }
        Lang::En | Lang::Zh => text,
    }
}

/// A server that another group has for its master.
fn two_groups(at: &Endpoint, other: &str, group: &GroupStatus, lang: Lang) -> String {
    let name = &group.name;
    match lang {
        Lang::En => format!(
            "{at} is in this group and the master of the group `{other}`: each fails over by itself, and undoes what the other has done. \
             `SENTINEL REMOVE` one of `{name}` and `{other}` at every sentinel, if it is an alias"
        ),
        Lang::Zh => format!(
            "{at} 属于本组，同时是组 `{other}` 的主节点：两个组各自故障转移，互相撤销。若其一只是别名，在每个哨兵上用 `SENTINEL REMOVE` \
             移除 `{name}` 或 `{other}`"
        ),
    }
}

/// A server that says it is a master and that no sentinel names. Watchkeeper makes it follow at once.
fn second_master(at: &Endpoint, group: &GroupStatus, lang: Lang) -> String {
    let master = &group.master;
    if group.server(master).is_some_and(|server| server.state == ServerState::NotMaster) {
        return match lang {
            Lang::En => format!(
                "{at} is a master, and not the one that the sentinels name: that is {master}, a replica now"
            ),
            Lang::Zh => format!("{at} 是主节点，但哨兵给出的主节点是 {master}，它目前是副本"),
        };
    }
    let late = match (group.foreign().0, lang) {
        (0, _) => "",
        (_, Lang::En) => {
            " (redis-sentinel and valkey-sentinel do so at a look more than 8 s after they first see it so; they look every 10 s)"
        }
        (_, Lang::Zh) => {
            "（redis-sentinel 与 valkey-sentinel 每 10 秒查看一次，在首次看到 8 秒以后的那次查看时执行）"
        }
    };
    let lost = lost_with(at, group, lang);
    match lang {
        Lang::En => format!(
            "{at} is a second master. The sentinels make it follow {master}{late}: {}",
            lost.unwrap_or("what it has beyond that one's data is lost then")
        ),
        Lang::Zh => format!(
            "{at} 是第二个主节点。哨兵会让它跟随 {master}{late}：{}",
            lost.unwrap_or("届时它独有的数据会丢失")
        ),
    }
}

/// So many sentinels name another master than the newest configuration does; `behind`: theirs is older.
fn disagreeing(count: usize, behind: bool, master: &Endpoint, lang: Lang) -> String {
    match (lang, behind, count) {
        (Lang::En, true, 1) => format!("1 sentinel is not yet told of the switch to {master}"),
        (Lang::En, true, _) => format!("{count} sentinels are not yet told of the switch to {master}"),
        (Lang::Zh, true, _) => format!("{count} 个哨兵尚未得知已切换到 {master}"),
        (Lang::En, false, 1) => "1 sentinel names another master".to_owned(),
        (Lang::En, false, _) => format!("{count} sentinels name another master"),
        (Lang::Zh, false, _) => format!("{count} 个哨兵公布的主节点不同"),
    }
}

/// Why a replica is not promoted.
pub(crate) fn refusal(refusal: Refusal, lang: Lang) -> String {
    let en = lang == Lang::En;
    match refusal {
        Refusal::Down => lang.pick("it is down", "已下线").to_owned(),
        Refusal::Disconnected => {
            lang.pick("the sentinel has no connection to it", "哨兵与它没有连接").to_owned()
        }
        Refusal::NotHeard(ms) if en => format!("it last answered {ms} ms ago"),
        Refusal::NotHeard(ms) => format!("上次应答在 {ms} 毫秒前"),
        Refusal::PriorityZero => lang.pick("its replica-priority is 0", "replica-priority 为 0").to_owned(),
        Refusal::OldInfo(ms) if en => format!("its last INFO is {ms} ms old"),
        Refusal::OldInfo(ms) => format!("它的 INFO 是 {ms} 毫秒前的"),
        Refusal::Loading => lang.pick("it is loading its data", "正在加载数据").to_owned(),
        Refusal::NoData => lang
            .pick("it is empty: it has never had the master's data", "它是空的：从未得到主节点的数据")
            .to_owned(),
        Refusal::Emptied => lang
            .pick(
                "it is empty: it had lost the master before the outage",
                "它是空的：在故障之前就已与主节点断开",
            )
            .to_owned(),
        Refusal::NotInStep => lang
            .pick("it has not caught up with the master, which is up", "主节点正常，而它尚未同步")
            .to_owned(),
        Refusal::LinkDownTooLong(ms, limit) if en => {
            format!("it lost its source {ms} ms ago, limit {limit} ms")
        }
        Refusal::LinkDownTooLong(ms, limit) => format!("与上级断开 {ms} 毫秒，上限 {limit} 毫秒"),
    }
}

/// Why a replica has not got the data, after its name.
pub(crate) fn lacking(lacking: Lacking, lang: Lang) -> &'static str {
    match lacking {
        Lacking::FullSync => lang.pick("in full sync, without the data yet", "正在全量同步，数据尚不完整"),
        Lacking::Loading => lang.pick("loading its data", "正在加载数据"),
        Lacking::NoLinkYet => {
            lang.pick("without a link to its source yet, perhaps without data", "尚未连上上级，可能没有数据")
        }
        Lacking::NoData => lang.pick("empty: it has no keys", "是空的：没有任何键"),
        Lacking::Emptied => {
            lang.pick("empty: it had lost the master before the outage", "是空的：在故障之前就已与主节点断开")
        }
        Lacking::OtherData => lang.pick(
            "with the data of a server that is not known in this group",
            "接收的是本组之外服务器的数据",
        ),
    }
}

/// Why nothing happens: a sentence, and what belongs to it. `{reach}` stands for the options with which our other commands
/// reach the deployment.
pub(crate) fn waiting(waiting: &Waiting, lang: Lang) -> (String, Vec<String>) {
    let en = lang == Lang::En;
    match waiting {
        Waiting::NobodyMissesIt(ms) => (
            if en {
                format!(
                    "no sentinel misses it: each does after {ms} ms without an answer (down-after-milliseconds)"
                )
            } else {
                format!("没有哨兵认为它下线：{ms} 毫秒（down-after-milliseconds）无应答后才会如此")
            },
            Vec::new(),
        ),
        Waiting::ReportsReplica(ms) => {
            let after = roughly(*ms, lang);
            let text = if en {
                format!(
                    "it answers, so no sentinel misses it; it says it is a replica, and the sentinels hold it for down \
                     once it has said so for {after} (down-after-milliseconds + 20 s)"
                )
            } else {
                format!(
                    "它有应答，所以没有哨兵认为它下线；它自称副本，持续 {after}（down-after-milliseconds + 20 秒）后哨兵才会判定下线"
                )
            };
            (text, Vec::new())
        }
        Waiting::TooFewHoldItDown { seen, quorum, others } => {
            let name = |(id, why): &(String, NotHolding)| not_holding(id, *why, lang);
            let rest = if others.is_empty() {
                lang.pick("no other is known", "没有其他已知的哨兵")
            } else {
                lang.pick("not by:", "其余：")
            };
            let text = if en {
                format!("held for down by {seen} of the {quorum} sentinels that are needed; {rest}")
            } else {
                format!("只有 {seen} 个哨兵认为它下线，需要 {quorum} 个；{rest}")
            };
            (text, others.iter().map(name).collect())
        }
        Waiting::NoMajority { acting, needed, voters } => {
            (no_election(*acting, *needed, *voters, lang), Vec::new())
        }
        Waiting::Loading(_)
        | Waiting::AnswersHere
        | Waiting::WantsLogin(..)
        | Waiting::Strangers { .. }
        | Waiting::NoReplica(_) => answering(waiting, lang),
        Waiting::NoneFit(replicas) => (
            lang.pick("no replica can be promoted:", "没有可以提升的副本：").to_owned(),
            replicas.iter().map(|(at, why)| refused_replica(at, *why, lang)).collect(),
        ),
        Waiting::NotYet { pause_ms, down_ms } => {
            let (pause, down) = (roughly(*pause_ms, lang), roughly(*down_ms, lang));
            let text = if en {
                format!(
                    "a try has failed, or somebody else's is awaited: redis-sentinel and valkey-sentinel begin the next \
                     within {pause} (twice failover-timeout); held for down for {down}"
                )
            } else {
                format!(
                    "有一次尝试失败，或在等待其他哨兵的尝试：redis-sentinel 与 valkey-sentinel 会在 {pause}\
                     （2 倍 failover-timeout）内再次尝试；已判定下线 {down}"
                )
            };
            (text, Vec::new())
        }
    }
}

/// Why a master that reads its data is waited for; what a failover of this group keeps, if a replica has data.
fn loading(keeps: Option<&str>, lang: Lang) -> String {
    let wait = lang.pick(
        "it is loading its data: that counts as an answer, so no sentinel holds it for down, and no failover comes by \
         itself. When it is done, its replicas take over what it has read, in place of what they have",
        "它正在加载数据：这也算应答，哨兵不会判定它下线，也不会自动故障转移。加载完成后，副本会以它加载的数据取代自己的数据",
    );
    match (keeps, lang) {
        (Some(group), Lang::En) => format!(
            "{wait}. If theirs is newer, or this takes too long, `watchkeeper failover {group}{{reach}}` keeps it: a replica becomes the master"
        ),
        (Some(group), Lang::Zh) => format!(
            "{wait}。若副本的数据更新，或加载太久，用 `watchkeeper failover {group}{{reach}}` 提升副本，保住副本的数据"
        ),
        (None, Lang::En) => format!("{wait}. No replica is known to have data: wait until it is done"),
        (None, Lang::Zh) => format!("{wait}。没有已知有数据的副本：请等待加载完成"),
    }
}

/// Why nothing happens, where the master is there or the sentinels do not know enough.
fn answering(waiting: &Waiting, lang: Lang) -> (String, Vec<String>) {
    let text = match (waiting, lang) {
        (Waiting::Loading(keeps), lang) => loading(keeps.as_deref(), lang),
        (Waiting::AnswersHere, _) => lang
            .pick(
                "it answers this host: sentinels that miss it may lack its password (`sentinel auth-pass`), or the way to it; \
                 `watchkeeper doctor{reach}` finds out",
                "它对本机有应答：认为它下线的哨兵可能没有它的密码（`sentinel auth-pass`），或到它的网络不通；用 `watchkeeper doctor{reach}` 查找原因",
            )
            .to_owned(),
        (Waiting::WantsLogin(group, why), Lang::En) => format!(
            "it wants a login ({}): a sentinel without its password gets no good answer either, and holds it for down. \
             `SENTINEL SET {group} auth-pass PASSWORD` gives it to a sentinel",
            why.told(lang)
        ),
        (Waiting::WantsLogin(group, why), Lang::Zh) => format!(
            "它需要登录（{}）：没有密码的哨兵同样得不到有效应答，因而判定它下线。用 `SENTINEL SET {group} auth-pass 密码` 告知每个哨兵",
            why.told(lang)
        ),
        (Waiting::Strangers { few, others }, Lang::En) => {
            let each = |(id, known): &(String, i64)| format!("{id} knows {known} of {others} others");
            let text = "these sentinels do not know all the others, and each counts those only that it knows; they find each other by \
                        what they publish at the master and its replicas, which must let them in:";
            return (text.to_owned(), few.iter().map(each).collect());
        }
        (Waiting::Strangers { few, others }, Lang::Zh) => {
            let each = |(id, known): &(String, i64)| format!("{id} 认识 {others} 个其他哨兵中的 {known} 个");
            let text = "这些哨兵不认识全部其他哨兵，只能计入各自认识的；它们通过在主节点及其副本上发布的消息相互发现，须能登录这些服务器：";
            return (text.to_owned(), few.iter().map(each).collect());
        }
        (
            Waiting::NoReplica(0)
            | Waiting::NobodyMissesIt(_)
            | Waiting::ReportsReplica(_)
            | Waiting::TooFewHoldItDown { .. }
            | Waiting::NoMajority { .. }
            | Waiting::NoneFit(_)
            | Waiting::NotYet { .. },
            _,
        ) => {
            lang.pick(KNOWS_NONE[0], KNOWS_NONE[1]).to_owned()
        }
        (Waiting::NoReplica(there), Lang::En) => format!(
            "the sentinels know no replica to promote; replicas that are there: {there}. They learn of them by the master's INFO"
        ),
        (Waiting::NoReplica(there), Lang::Zh) => {
            format!("哨兵不知道任何可以提升的副本，尽管实际有 {there} 个：哨兵从主节点的 INFO 得知副本")
        }
    };
    (text, Vec::new())
}

/// `10.0.0.2:6379: its replica-priority is 0`
pub(crate) fn refused_replica(at: &Endpoint, why: Refusal, lang: Lang) -> String {
    format!("{at}{}{}", lang.pick(": ", "："), refusal(why, lang))
}

/// Fewer sentinels than an election takes.
fn no_election(acting: usize, needed: usize, voters: usize, lang: Lang) -> String {
    if let Some(text) = out_of_reach(i64::try_from(needed).unwrap_or(i64::MAX), voters, lang) {
        return text;
    }
    match lang {
        Lang::En => format!("of {voters} sentinels, {acting} can act; to elect one of them takes {needed}"),
        Lang::Zh => format!("{voters} 个哨兵中有 {acting} 个能够行动；选举需要 {needed} 个"),
    }
}

/// One that has not missed the master for long enough, or does not miss it: that shows only later.
fn not_yet(heard_ms: Option<i64>, down_after_ms: Option<i64>, lang: Lang) -> String {
    let text = lang.pick("does not hold it for down yet", "尚未判定它下线");
    match (heard_ms.zip(down_after_ms), lang) {
        (None, _) => text.to_owned(),
        (Some((heard, after)), Lang::En) => {
            format!("{text}: last answer {heard} ms ago, down-after {after} ms")
        }
        (Some((heard, after)), Lang::Zh) => {
            format!("{text}：上次应答在 {heard} 毫秒前，down-after 为 {after} 毫秒")
        }
    }
}

fn not_holding(id: &str, why: NotHolding, lang: Lang) -> String {
    let why = match why {
        NotHolding::NotYet { heard_ms, down_after_ms } => {
            return format!("{id} {}", not_yet(heard_ms, down_after_ms, lang));
        }
        NotHolding::Silent => lang.pick("does not answer", "无应答"),
        NotHolding::Login => lang.pick("refuses our login, so it is not known", "拒绝我们登录，无从得知"),
        NotHolding::NamesAnother => lang.pick("names another master", "公布的是另一个主节点"),
        NotHolding::Tilt => lang.pick("is in TILT", "处于 TILT 模式"),
    };
    format!("{id} {why}")
}

/// `a, b and 3 more`, so that a line stays a line.
pub(crate) fn some(items: &[String], most: usize, lang: Lang) -> String {
    if items.len() <= most {
        return list(items, lang);
    }
    let more = items.len() - most;
    match lang {
        Lang::En => format!("{} and {more} more", items[..most].join(", ")),
        Lang::Zh => format!("{} 等 {} 项", items[..most].join("、"), items.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::sample::chain;

    #[test]
    fn sizes_and_times_are_short() {
        assert_eq!(
            [bytes(0), bytes(999), bytes(12_340), bytes(999_960)],
            ["0 B", "999 B", "12.3 KB", "1.0 MB"]
        );
        let en = |ms| roughly(ms, Lang::En);
        assert_eq!(
            [en(3_900), en(720_000), en(7_200_000), en(999_999_999)],
            ["3 s", "12 min", "2 h", "11 d"]
        );
    }

    #[test]
    fn what_is_missing_for_a_failover_is_named() {
        let mut group = chain("m");
        let told = |group: &GroupStatus| problem(&Problem::NoMajority, group, Lang::En);
        assert!(told(&group).ends_with(": 2 of 3 are needed"));
        group.quorum = 3;
        assert!(told(&group).ends_with(": the quorum of 3 is needed, and 3 are known"));
        (group.quorum, group.voters) = (2, 1);
        assert_eq!(
            told(&group),
            "the quorum of 2 can't be reached: the one sentinel that is known knows no other"
        );
        let few = |waiting: &Waiting| super::waiting(waiting, Lang::En).0;
        let alone = few(&Waiting::TooFewHoldItDown { seen: 1, quorum: 2, others: Vec::new() });
        assert!(alone.ends_with("; no other is known"), "{alone}");
        let elected = few(&Waiting::NoMajority { acting: 1, needed: 2, voters: 1 });
        assert_eq!(elected, told(&group));
    }

    #[test]
    fn ours_make_a_second_master_follow_at_once() {
        let mut group = chain("m");
        let other = Endpoint::new("h", 1);
        let told = |group: &GroupStatus, lang| problem(&Problem::SecondMaster(other.clone()), group, lang);
        assert!(!told(&group, Lang::En).contains("10 s") && !told(&group, Lang::Zh).contains("10 秒"));
        group.sentinels[0].version = "redis 7.0.15".to_owned();
        assert!(
            told(&group, Lang::En).contains(
                "more than 8 s after they first see it so; they look every 10 s): what it has beyond"
            )
        );
        assert!(told(&group, Lang::Zh).contains("首次看到 8 秒以后"));
    }

    #[test]
    fn long_lists_are_cut() {
        let items: Vec<String> = ["a", "b", "c", "d"].map(String::from).to_vec();
        assert_eq!(some(&items, 2, Lang::En), "a, b and 2 more");
        assert_eq!(some(&items[..2], 2, Lang::En), "a and b");
        assert_eq!(some(&items, 2, Lang::Zh), "a、b 等 4 项");
    }
}
