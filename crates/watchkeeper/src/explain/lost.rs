//! Elections that made nobody the leader: what is known of the votes, and why there were too few. A log often tells only
//! that there were; then the causes that are possible are named, and no single one is advised against.

use watchkeeper_core::Lang;

use super::advice::{Both, both};
use super::book::Book;
use super::findings::{Finding, Names, tally};
use super::incident::{At, Election, Incident, Voter, Who};
use super::nobody;
use super::said::{Maker, Place};
use super::words::{by_name, list};

/// Why a candidate was not elected, as far as the logs tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lost {
    /// so many did not answer that the others are too few
    Missing,
    /// operators gave this master to sentinels then
    Pointed(String),
    /// it was in TILT meanwhile
    Stood,
    /// there was another vote meanwhile
    Another {
        epoch: u64,
        to: String,
    },
    Unknown,
}

/// Of one incident.
pub(super) fn findings(incident: &Incident, book: &Book, names: &dyn Names, found: &mut Vec<Finding>) {
    // The logs name all sentinels then.
    let whole = book.all_whole(&incident.group);
    let mut down: Vec<String> = incident.peers_down.iter().map(|id| names.id(id)).collect();
    down.sort();
    for election in incident.elections.iter().filter(|election| election.elected.is_none()) {
        let tally = tally(election, names);
        let known = incident.sentinels.max(1);
        let quorum = incident.agreed.iter().map(|agreed| agreed.quorum as usize).max().unwrap_or(0);
        let needed = quorum.max(known / 2 + 1);
        let got = tally.first().map_or(1, |(_, votes)| *votes);
        // The master was back before it could act.
        if got >= needed || election.lost.iter().any(|(_, at)| incident.was_back(*at)) {
            continue;
        }
        if tally.len() > 1 {
            let cast: usize = tally.iter().map(|(_, votes)| *votes).sum();
            let open = incident.unread && (!whole || got + known.saturating_sub(cast) >= needed);
            let (epoch, maker) = (election.epoch, incident.maker);
            found.push(Finding::SplitVote { epoch, votes: tally, open, maker });
        } else if let Some((who, at)) = election.lost.first() {
            // The same again for each attempt says nothing new.
            found.retain(|other| !matches!(other, Finding::NotElected { .. }));
            let missing = whole && known.saturating_sub(down.len()) < needed;
            let why = why(incident, election, (*who, *at), (missing, book.still_pointed(incident)), names);
            let got = Some(got).filter(|_| !incident.streamed.contains(who));
            let (who, epoch, down) = (names.who(*who), election.epoch, down.clone());
            let (unread, known) = (incident.unread, Some(known).filter(|_| whole));
            found.push(Finding::NotElected { epoch, who, got, needed, known, down, unread, why });
        }
    }
}

fn why(
    incident: &Incident,
    election: &Election,
    (who, at): (Who, At),
    (missing, pointed): (bool, Option<&Place>),
    names: &dyn Names,
) -> Lost {
    let tried = election.candidates.iter().find(|(them, _)| *them == who).map(|(_, at)| *at);
    let during = |then: At| then <= at && tried.is_some_and(|tried| then >= tried);
    if incident.stood.iter().any(|stood| stood.who == who && during(stood.from)) {
        return Lost::Stood;
    }
    let own = |vote: &super::incident::Vote| vote.voter == Voter::Log(who) && during(vote.at);
    let later = incident.elections.iter().filter(|other| other.epoch > election.epoch);
    let mut others = later.flat_map(|other| other.votes.iter().map(move |vote| (other.epoch, vote)));
    if let Some((epoch, vote)) = others.find(|(_, vote)| own(vote)) {
        return Lost::Another { epoch, to: names.id(&vote.candidate) };
    }
    match pointed {
        Some(to) => Lost::Pointed(to.clone()),
        None if missing => Lost::Missing,
        None => Lost::Unknown,
    }
}

/// Which sentinels were down; if their logs are not here, they may only have been out of reach.
fn missing(down: &[String], unread: bool, lang: Lang) -> (String, String) {
    let names = by_name(down, lang);
    let was = if down.len() == 1 { "was" } else { "were" };
    match (down, unread) {
        ([], _) => (String::new(), String::new()),
        (_, true) => (format!(" {names} did not answer."), format!("{names} 没有应答。")),
        (_, false) => (format!(" Down {was} {names}."), format!("已下线：{names}。")),
    }
}

/// How many votes a candidate got, as far as that is known.
fn votes(epoch: u64, got: Option<usize>, known: Option<(usize, usize)>) -> (String, String) {
    match (got, known) {
        // A log that begins too late has neither.
        _ if epoch == 0 => {
            ("; in which epoch, is not in these logs".to_owned(), "，日志中没有说明是哪个纪元".to_owned())
        }
        (Some(got), Some((known, needed))) => (
            format!(": {got} of {known} votes, {needed} are needed"),
            format!("：{known} 票中得到 {got} 票，需要 {needed} 票"),
        ),
        (Some(got), None) => (
            format!(": its votes in these logs are {got}, too few as far as they tell"),
            format!("：这些日志中它得到 {got} 票，就日志所见不足"),
        ),
        (None, _) => (
            "; how many votes it got, these events do not tell".to_owned(),
            "；这些事件没有说明它得到几票".to_owned(),
        ),
    }
}

/// Of a candidate that was not elected: its votes, who did not answer, and what to do.
pub(super) fn not_elected(finding: &Finding, lang: Lang) -> Both {
    let Finding::NotElected { epoch, who, got, needed, known, down, unread, why } = finding else {
        return Both::default();
    };
    let told = votes(*epoch, *got, known.map(|known| (known, *needed)));
    advice((*epoch, who), why, told, missing(down, *unread, lang))
}

/// What to do where a candidate was not elected; `told` are its votes, `down` those who did not answer.
fn advice((epoch, who): (u64, &str), why: &Lost, told: (String, String), down: (String, String)) -> Both {
    let (in_epoch, in_epoch_zh) = if epoch == 0 {
        (String::new(), String::new())
    } else {
        (format!(" in epoch {epoch}"), format!(" 在纪元 {epoch}"))
    };
    let (mut en, mut zh) = (
        format!("{who} was not elected{in_epoch}{}.{}", told.0, down.0),
        format!("{who}{in_epoch_zh} 未当选{}。{}", told.1, down.1),
    );
    match why {
        Lost::Missing => both(en, &start_them().0, zh, &start_them().1),
        Lost::Pointed(to) => both(en, &nobody::pointed_first(to).0, zh, &nobody::pointed_first(to).1),
        Lost::Stood => {
            en += " It was in TILT meanwhile, and acted on nothing until that was over.";
            zh += "其间它处于 TILT，在 TILT 结束之前什么也不做。";
            both(en, "see TILT under THE DEPLOYMENT", zh, "见“整体情况”中的 TILT")
        }
        Lost::Another { epoch: next, to } => {
            en += &format!(" Meanwhile there was a vote in epoch {next}, and it voted for {to}.");
            zh += &format!("其间纪元 {next} 又有一次投票，它投给了 {to}。");
            both(
                en,
                &format!(
                    "two sentinels came forward one after the other: that alone is no sign that one is missing. What came of the vote \
                     in epoch {next}, the log of {to} tells"
                ),
                zh,
                &format!(
                    "两个哨兵先后竞选：仅凭这一点并不说明缺少哨兵。纪元 {next} 的投票结果要看 {to} 的日志"
                ),
            )
        }
        Lost::Unknown => both(
            en,
            "why, these logs do not tell. Possible is that too few of the others ran or could be reached then, that they had voted \
             for another one, or that their answers came too late: their logs show it (+vote-for-leader, +tilt). `SENTINEL CKQUORUM \
             <group>` on each tells whether enough can be reached now",
            zh,
            "原因日志中没有。可能是其他哨兵当时运行或能联系上的太少，或已投票给别人，或应答来得太晚：要看它们的日志\
             （+vote-for-leader、+tilt）。在各哨兵上执行 `SENTINEL CKQUORUM <组>`，可知现在能联系上的是否足够",
        ),
    }
}

/// What to do where too few sentinels are left to elect one.
fn start_them() -> (String, String) {
    (
        format!(
            "without a majority of all sentinels nobody may act by itself. Start the missing ones. If the master is dead and that \
             takes time: `SENTINEL FAILOVER <group>` on one living sentinel needs no quorum and no votes; {}. Put sentinels on at \
             least three hosts. Those that are gone for good must be forgotten, but only once the master is up again: \
             `SENTINEL RESET` on each sentinel in turn drops the replicas too, and a dead master cannot list them",
            nobody::CALL_AGAIN
        ),
        format!(
            "没有全部哨兵的多数同意，谁也不能自行故障转移。启动缺少的哨兵。若主节点已宕机而一时无法启动哨兵：在一个存活的哨兵上执行 \
             `SENTINEL FAILOVER <组>`，它不需要法定票数，也不需要选票；{}。把哨兵放在至少三台主机上。永久下线的哨兵要忘掉，\
             但必须等主节点恢复之后：逐个在各哨兵上执行的 `SENTINEL RESET` 会同时清除副本，而宕机的主节点无法重新列出它们",
            nobody::CALL_AGAIN_ZH
        ),
    )
}

/// Several candidates had votes. When the next attempt comes, depends on whose sentinels they are.
pub(super) fn split_vote(
    epoch: u64,
    votes: &[(String, usize)],
    open: bool,
    maker: Option<Maker>,
    lang: Lang,
) -> Both {
    let of: Vec<String> = votes.iter().map(|(who, votes)| format!("{who} {votes}")).collect();
    let of = list(&of, lang);
    let (nobody, nobody_zh) = if open {
        ("whether one of them had a majority, is not in these logs", "是否有人获得多数，这些日志中没有")
    } else {
        ("nobody had a majority", "无人获得多数")
    };
    let (en, zh) = (
        format!("The vote in epoch {epoch} was split ({of}): {nobody}."),
        format!("纪元 {epoch} 的选票分散（{of}）：{nobody_zh}。"),
    );
    let (again, again_zh) = match maker {
        Some(Maker::Watchkeeper) => {
            return both(
                en,
                "several sentinels came forward at the same moment. Watchkeeper tries again in under a second. If it is often so: use \
                 an odd number of sentinels and the same settings on all, and look for slow disks or links between them",
                zh,
                "多个哨兵同时竞选。Watchkeeper 不到 1 秒就会重试。经常发生时：使用奇数个哨兵，统一各哨兵的设置，\
                 并检查磁盘和哨兵之间的网络是否缓慢",
            );
        }
        Some(Maker::Redis) => (
            ". redis-sentinel retries after twice failover-timeout: 2 min with 60000, 6 min with the default of 180000",
            "。redis-sentinel 要等 2 倍 failover-timeout 才重试：设为 60000 时是 2 分钟，默认的 180000 则是 6 分钟",
        ),
        None => ("", ""),
    };
    both(
        en,
        &format!(
            "several sentinels came forward at the same moment. Once is bad luck; often: use an odd number of sentinels and the same \
             settings on all{again}"
        ),
        zh,
        &format!(
            "多个哨兵同时竞选。偶尔一次属于运气；经常发生时：使用奇数个哨兵，并统一各哨兵的设置{again_zh}"
        ),
    )
}
