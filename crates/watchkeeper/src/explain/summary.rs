//! What a report says around its incidents, in words and without a form: `text` and `html` put the same lines where they
//! belong.

use std::collections::BTreeMap;

use watchkeeper_core::Lang;
use watchkeeper_core::lang::Words;

use super::book::Other;
use super::brief;
use super::findings::Names;
use super::incident::Incident;
use super::report::Report;
use super::servers;
use super::source::TIMES_FROM;
use super::untimed;
use super::words::{self, by_name, count, duration, list};

/// Clocks that are less apart are corrected without a word, in ms.
const AHEAD_SHOWN_MS: i64 = 50;
/// Groups named in the first line.
const GROUPS_SHOWN: usize = 10;
/// Other happenings shown.
const OTHERS_SHOWN: usize = 20;
/// What is done by hand so much later is done once more, in ms.
const APART_MS: i64 = 1_000;
/// Steps of one incident shown: the first and the last half.
const STEPS_SHOWN: usize = 100;

pub(super) const DEPLOYMENT: Words = Words { en: "THE DEPLOYMENT", zh: "整体情况" };
pub(super) const ALSO_SEEN: Words = Words { en: "ALSO SEEN", zh: "此外" };
pub(super) const SENTINELS: Words = Words { en: "SENTINELS IN THESE LOGS", zh: "日志中的哨兵" };

const PARTIAL: Words = Words {
    en: "Not all sentinels' logs are here: what only the others saw and did is not told.",
    zh: "并非所有哨兵的日志都在此处：只有其他哨兵看到或做过的事，这里没有。",
};

/// A happening beside the incidents.
pub(super) struct Seen {
    pub(super) when: String,
    pub(super) what: String,
    /// by whom, and how often
    pub(super) who: String,
}

/// A sentinel whose log is read.
pub(super) struct Spoke {
    pub(super) name: String,
    pub(super) place: String,
    pub(super) id: String,
    pub(super) log: String,
}

/// What was read, and what came of it, in a few lines.
pub(super) fn head(report: &Report, lang: Lang) -> Vec<String> {
    let lines: u64 = report.logs.iter().map(|log| log.counts.lines).sum();
    let (incidents, logs) = (report.book.incidents.len() as u64, report.logs.len() as u64);
    let groups = list(&with_incidents(report, lang), lang);
    let empty = report.is_empty();
    let span = if empty { String::new() } else { lang.pick(", ", "，").to_owned() + &span(report, lang) };
    let (en, zh) = if empty {
        ("Nothing in there was logged by a sentinel.".to_owned(), "其中没有哨兵的事件。".to_owned())
    } else if incidents == 0 {
        nothing_whole(report)
    } else {
        (
            format!("{}: {groups}", count(incidents, "incident", "incidents")),
            format!("{incidents} 起事故：{groups}"),
        )
    };
    let mut told = vec![lang.pick(&en, &zh).to_owned()];
    let en = format!("{}, {}{span}", count(logs, "log", "logs"), count(lines, "line", "lines"));
    told.push(lang.pick(&en, &format!("{logs} 份日志，{lines} 行{span}")).to_owned());
    if report.book.forgotten > 0 {
        let forgotten = report.book.forgotten;
        let en = format!("{} before these are not shown.", count(forgotten, "incident", "incidents"));
        told.push(lang.pick(&en, &format!("更早的 {forgotten} 起事故未显示。")).to_owned());
    }
    told.extend(servers::told(&report.logs, lang));
    if report.is_partial() {
        told.push(PARTIAL.get(lang).to_owned());
    }
    told.extend(without_times(report, lang));
    for name in report.book.mixed.iter().filter_map(|log| report.logs.get(*log)).map(|log| &log.name) {
        let en = format!(
            "{name} holds the events of several sentinels, one behind the other: it cannot be told which are whose, nor in what order \
             they were. Give those of each sentinel a file of its own."
        );
        let zh = format!(
            "{name} 中有多个哨兵的事件，首尾相接：无法得知哪些事件属于哪个哨兵，也无法得知先后。请把每个哨兵的事件放在单独的文件中。"
        );
        told.push(lang.pick(&en, &zh).to_owned());
    }
    for log in report.logs.iter().filter(|log| log.ahead.abs() >= AHEAD_SHOWN_MS) {
        let first = report.logs.first().map_or("", |log| log.name.as_str());
        let apart = duration(log.ahead.abs(), lang);
        let (en, zh) = if log.ahead > 0 { ("ahead of", "快") } else { ("behind", "慢") };
        let en = format!(
            "The clock of {} is {apart} {en} that of {first}; its times are corrected here.",
            log.name
        );
        let zh = format!("{} 的时钟比 {first} {zh} {apart}；此处已校正。", log.name);
        told.push(lang.pick(&en, &zh).to_owned());
    }
    told
}

/// What is not known of logs without times.
fn without_times(report: &Report, lang: Lang) -> Option<String> {
    let untimed = report.book.untimed.len() as u64;
    if untimed > 1 && report.book.first.is_none() {
        let en = "These logs have no times: only epochs put them in order, so steps may stand in another order than they \
                  happened, and an incident may be told twice.";
        let zh = "这些日志没有时间：只能按纪元排列，步骤的先后可能与实际不同，同一起事故也可能出现两次。";
        return Some(lang.pick(en, zh).to_owned());
    }
    if untimed > 0 && report.book.first.is_some() {
        let en = format!(
            "{} no times: nothing puts what is told there in order with the rest, so an incident may be told twice.",
            count(untimed, "log has", "logs have")
        );
        let zh =
            format!("{untimed} 份日志没有时间：其内容无法与其余日志按时间排列，同一起事故可能出现两次。");
        let (folded, folded_zh) = if report.book.folded > 0 {
            (
                " What it tells of an incident that the rest tells, too (by its epoch), is left out.",
                "其中与其余日志所述相同的事故（按纪元判断）已略去。",
            )
        } else {
            ("", "")
        };
        return Some(lang.pick(&(en + folded), &(zh + folded_zh)).to_owned());
    }
    None
}

/// Without an incident: whether anything was seen at all.
fn nothing_whole(report: &Report) -> (String, String) {
    let others = report.book.others.keys().any(|what| !is_a_finding(what));
    let of_roles = |what: &Other| {
        matches!(
            what,
            Other::Vote(..)
                | Other::Demoted(..)
                | Other::Turned(..)
                | Other::SaysMaster(..)
                | Other::SaysReplica(..)
        )
    };
    let (en, zh) = if !report.book.happened && !others {
        (
            "No incident: there is nothing in there but what sentinels say when they start.",
            "没有发现事故：其中只有哨兵启动时的记录。",
        )
    } else if report.book.others.keys().any(of_roles) && !told_whole(report) {
        (
            "No incident that could be told whole; what was seen is told below.",
            "没有完整的事故；所见情况见下文。",
        )
    } else if others || !report.general.is_empty() {
        (
            "No incident: these logs tell of no missed master and no failover. What else was seen is told below.",
            "没有发现事故：没有主节点失联或故障转移的记录。其他情况见下文。",
        )
    } else {
        (
            "No incident: these logs tell of no missed master and no failover.",
            "没有发现事故：没有主节点失联或故障转移的记录。",
        )
    };
    (en.to_owned(), zh.to_owned())
}

/// Whether these logs have all that happened: then what servers said of their roles was a part of no incident.
fn told_whole(report: &Report) -> bool {
    let book = &report.book;
    let voted = book.others.keys().any(|what| matches!(what, Other::Vote(..)));
    !voted && !report.is_partial() && book.groups.keys().all(|group| book.all_whole(group))
}

/// The groups that have incidents, each with how many if that is not clear.
fn with_incidents(report: &Report, lang: Lang) -> Vec<String> {
    let mut of: BTreeMap<&str, usize> = BTreeMap::new();
    for (incident, _) in report.incidents() {
        *of.entry(&incident.group).or_default() += 1;
    }
    let more = of.len().saturating_sub(GROUPS_SHOWN);
    let one_each = of.len() == 1 || of.values().all(|times| *times == 1);
    let mut told: Vec<String> = of
        .into_iter()
        .take(GROUPS_SHOWN)
        .map(|(group, times)| match (one_each, lang) {
            (true, _) => group.to_owned(),
            (false, Lang::En) => format!("{group} ({times})"),
            (false, Lang::Zh) => format!("{group}（{times} 起）"),
        })
        .collect();
    if more > 0 {
        told.push(match lang {
            Lang::En => count(more as u64, "more group", "more groups"),
            Lang::Zh => format!("另外 {more} 个组"),
        });
    }
    told
}

/// From when to when.
fn span(report: &Report, lang: Lang) -> String {
    let Some(first) = report.book.first else { return lang.pick("without times", "没有时间").to_owned() };
    let last = report.book.last;
    let from = report.moment(first, ' ');
    if report.date(first) == report.date(last) {
        format!("{from} – {}", report.clock(last))
    } else {
        format!("{from} – {}", report.moment(last, ' '))
    }
}

/// The title of an incident; how many there are may not be known yet.
pub(super) fn title(
    report: &Report,
    incident: &Incident,
    number: usize,
    all: Option<usize>,
    lang: Lang,
) -> String {
    let when = if incident.timed { report.moment(incident.began, ' ') } else { String::new() };
    let group = &incident.group;
    match (lang, all) {
        (Lang::En, Some(all)) => format!("INCIDENT {number} of {all}  {group}  {when}"),
        (Lang::En, None) => format!("INCIDENT {number}  {group}  {when}"),
        (Lang::Zh, Some(all)) => format!("事故 {number}/{all}  {group}  {when}"),
        (Lang::Zh, None) => format!("事故 {number}  {group}  {when}"),
    }
}

/// Of so many steps those in the middle that are not shown.
pub(super) fn left_out(steps: usize) -> std::ops::Range<usize> {
    let from = STEPS_SHOWN / 2;
    from..from + steps.saturating_sub(STEPS_SHOWN)
}

/// `... 12 more`
pub(super) fn more_steps(number: usize, lang: Lang) -> String {
    match lang {
        Lang::En => format!("... {number} more"),
        Lang::Zh => format!("…… 另有 {number} 步"),
    }
}

/// Why not, in the words of the log of whom, and when.
pub(super) fn reason(report: &Report, incident: &Incident, reason: &str, lang: Lang) -> String {
    let told = report.with_names(&words::the_log_says(reason, lang));
    let Some((who, at)) = incident.reasons_by.get(reason) else { return told };
    let who = report.names.who(*who);
    let when = if incident.timed { format!("{}  ", report.clock(*at)) } else { String::new() };
    format!("{when}{who}{}{told}", lang.pick(": ", "："))
}

/// What is no incident of a master, and how many more there are of it.
pub(super) fn others(report: &Report, lang: Lang) -> (Vec<Seen>, Option<String>) {
    let mut told: Vec<_> = report.book.others.iter().filter(|(what, _)| !is_a_finding(what)).collect();
    told.sort_by_key(|(_, often)| often.first);
    let seen = told.iter().take(OTHERS_SHOWN).map(|(what, often)| {
        let who: Vec<String> = often.who.iter().map(|who| report.names.who(*who)).collect();
        let (en, zh) = other(what, &report.names);
        let times = match (often.times, lang) {
            (1, _) => String::new(),
            (times, Lang::En) => format!(", {times} lines"),
            (times, Lang::Zh) => format!("，{times} 行"),
        };
        // What somebody does by hand is done once each time.
        let by_hand = matches!(
            what,
            Other::Reset(_) | Other::Set(..) | Other::Watched(..) | Other::Unwatched(_) | Other::StartedAgain
        );
        // Each sentinel notices a restart once.
        let again = matches!(what, Other::Rebooted(..)) && often.times > often.who.len() as u64;
        let apart = (by_hand || again) && often.first >= TIMES_FROM && often.last - often.first >= APART_MS;
        let last = if apart {
            let last = report.clock(often.last);
            lang.pick(&format!(", the last at {last}"), &format!("，最后一次在 {last}")).to_owned()
        } else {
            String::new()
        };
        Seen {
            when: if often.first < TIMES_FROM {
                String::new()
            } else if **what == Other::Stopped && often.first % 1_000 == 0 {
                // The line that a signal handler writes has seconds only.
                report.second(often.first)
            } else {
                report.clock(often.first)
            },
            what: lang.pick(&en, &zh).to_owned(),
            who: by_name(&who, lang) + &times + &last,
        }
    });
    let more = told.len().saturating_sub(OTHERS_SHOWN) as u64 + report.book.words_left_out;
    let more = Some(more).filter(|more| *more > 0).map(|more| match lang {
        Lang::En => format!("and {more} more"),
        Lang::Zh => format!("另有 {more} 条"),
    });
    (seen.collect(), more)
}

/// The sentinels whose logs are read.
pub(super) fn speakers(report: &Report) -> Vec<Spoke> {
    let spoke = report.book.present().map(|(who, speaker)| {
        let place = speaker.id.as_ref().and_then(|id| report.book.places.get(id)).cloned();
        let port = || speaker.port.as_ref().map(|port| format!(":{port}"));
        Spoke {
            name: report.names.who(who),
            place: place.or_else(port).unwrap_or_default(),
            id: speaker.id.as_deref().unwrap_or("").chars().take(8).collect(),
            log: report.log_name(speaker).to_owned(),
        }
    });
    let mut spoke: Vec<Spoke> = spoke.collect();
    spoke.sort_by_cached_key(|spoke| words::order(&spoke.name));
    spoke
}

/// Whose logs are missing.
pub(super) fn absent(report: &Report, lang: Lang) -> Vec<String> {
    let absent = report.absent();
    let mut told = Vec::new();
    if !absent.surely.is_empty() {
        let (number, names) = (absent.surely.len() as u64, by_name(&absent.surely, lang));
        let (more, more_zh) = if absent.all_named {
            ("", "")
        } else {
            ("; whether there are others, these logs do not tell", "；是否还有其他哨兵，日志中没有")
        };
        told.push(match lang {
            Lang::En => {
                let sentinels = count(number, "sentinel", "sentinels");
                format!("There is no log of {sentinels}: {names}{more}")
            }
            Lang::Zh => format!("缺少 {number} 个哨兵的日志：{names}{more_zh}"),
        });
    }
    if absent.unclear > 0 {
        let (number, names) = (absent.unclear, by_name(&absent.perhaps, lang));
        told.push(match lang {
            Lang::En => {
                let have = count(number as u64, "has", "have");
                format!("Of the sentinels {names} {have} no log here; which, these logs do not tell")
            }
            Lang::Zh => format!("以下哨兵中缺少 {number} 个的日志，无法得知是哪个：{names}"),
        });
    }
    told
}

/// Lines that could not be read, with those themselves if they are wanted.
pub(super) fn unread(report: &Report, shown: bool, lang: Lang) -> Vec<String> {
    let (strange, cut) = (report.strange_lines(), report.logs.iter().map(|log| log.counts.cut).sum::<u64>());
    let hint = if shown { "" } else { lang.pick(" (--unknown shows them)", "（用 --unknown 查看）") };
    let mut told = Vec::new();
    if strange > 0 {
        let en = format!("{} could not be understood{hint}", count(strange, "line", "lines"));
        told.push(lang.pick(&en, &format!("{strange} 行无法识别{hint}")).to_owned());
    }
    if cut > 0 {
        let en = format!("{} too long and cut", count(cut, "line was", "lines were"));
        told.push(lang.pick(&en, &format!("{cut} 行过长，已截断")).to_owned());
    }
    let lines = shown && !told.is_empty();
    for log in report.logs.iter().filter(|_| lines) {
        told.extend(log.strange.iter().map(|line| format!("  {}:{}: {}", log.name, line.line, line.text)));
    }
    told
}

fn is_a_finding(what: &Other) -> bool {
    match what {
        Other::Moved(..)
        | Other::UnseenRestart(..)
        | Other::NotSaved
        | Other::ScriptFailed(_)
        | Other::Unresolved(_) => true,
        Other::SentinelDown(_)
        | Other::ReplicaDown(..)
        | Other::Rebooted(..)
        | Other::Demoted(..)
        | Other::StartedAgain
        | Other::Watched(..)
        | Other::Unwatched(_)
        | Other::Vote(..)
        | Other::Sight(..)
        | Other::Turned(..)
        | Other::SaysMaster(..)
        | Other::SaysReplica(..)
        | Other::Reset(_)
        | Other::Set(..)
        | Other::Words(..)
        | Other::Stopped => false,
    }
}

fn other(what: &Other, names: &dyn Names) -> (String, String) {
    match what {
        Other::SentinelDown(id) => {
            let name = names.id(id);
            (format!("the sentinel {name} did not answer"), format!("哨兵 {name} 没有应答"))
        }
        Other::ReplicaDown(group, place) => (
            format!("{group}: the replica {place} did not answer"),
            format!("{group}：副本 {place} 没有应答"),
        ),
        Other::Rebooted(group, place) => (
            format!("{group}: the server {place} was noticed to have restarted"),
            format!("{group}：发现服务器 {place} 重启过"),
        ),
        Other::Demoted(group, place) => (
            format!("{group}: {place} said that it is a master and was told to be a replica"),
            format!("{group}：{place} 自称主节点，被命令成为副本"),
        ),
        Other::Watched(group, place) => (
            format!("{group}: told to watch the master {place} (SENTINEL MONITOR)"),
            format!("{group}：被要求监视主节点 {place}（SENTINEL MONITOR）"),
        ),
        Other::Unwatched(group) => (
            format!("{group}: told to watch it no more (SENTINEL REMOVE)"),
            format!("{group}：被要求不再监视（SENTINEL REMOVE）"),
        ),
        Other::Vote(candidate, epoch) => untimed::lone_vote(&names.id(candidate), *epoch),
        Other::Sight(group, place, timed) => {
            let (en, zh) = brief::told(place, *timed);
            (format!("{group}: {en}"), format!("{group}：{zh}"))
        }
        Other::StartedAgain => ("a sentinel was started again".to_owned(), "哨兵重新启动".to_owned()),
        Other::Turned(group, place) => (
            format!("{group}: the replica {place} followed another server and was told to follow the master"),
            format!("{group}：副本 {place} 跟随了别的服务器，被命令跟随主节点"),
        ),
        Other::SaysMaster(group, place) => (
            format!(
                "{group}: the replica {place} says that it is a master: if it is not being promoted, somebody made it one"
            ),
            format!("{group}：副本 {place} 自称主节点：若不是正在被提升，则有人把它改成了主节点"),
        ),
        Other::SaysReplica(group, place) => (
            format!(
                "{group}: the master {place} says that it is a replica: it takes no writes, and clients are sent to it"
            ),
            format!("{group}：主节点 {place} 自称副本：它不能写入，而客户端仍被引向它"),
        ),
        Other::Reset(group) => {
            (format!("{group}: SENTINEL RESET"), format!("{group}：执行了 SENTINEL RESET"))
        }
        Other::Set(group, option) => {
            (format!("{group}: {option} was changed"), format!("{group}：修改了 {option}"))
        }
        Other::Words(group, text) => (
            format!("{group}: {}", words::the_log_says(text, Lang::En)),
            format!("{group}：{}", words::the_log_says(text, Lang::Zh)),
        ),
        Other::Stopped => ("a sentinel was told to stop".to_owned(), "哨兵被要求停止".to_owned()),
        Other::Moved(..)
        | Other::UnseenRestart(..)
        | Other::NotSaved
        | Other::ScriptFailed(_)
        | Other::Unresolved(_) => (String::new(), String::new()),
    }
}
