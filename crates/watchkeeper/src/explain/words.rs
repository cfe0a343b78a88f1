//! The words of a report that are neither advice nor steps: durations, lists, phases, outcomes.

use watchkeeper_core::Lang;

use super::beside;
use super::findings::Weight;
use super::incident::{Cause, End, Foreign, How, Incident, Voter};
use super::phases::Phase;
use super::width::columns;
use crate::said::logged;

/// `1.287 s`, `5 min 3 s`, `2 h 5 min`: rounded to what is shown
pub(super) fn duration(ms: i64, lang: Lang) -> String {
    let ms = ms.max(0);
    let to_seconds = ms.saturating_add(500);
    let rounded = match to_seconds / 60_000 {
        _ if ms < 120_000 => ms,
        ..120 => to_seconds,
        _ => ms.saturating_add(30_000),
    };
    let (seconds, minutes) = (rounded / 1000, rounded / 60_000);
    let (s, min, h) = (lang.pick("s", "秒"), lang.pick("min", "分"), lang.pick("h", "小时"));
    if seconds < 120 {
        format!("{}.{:03} {s}", seconds, ms % 1000)
    } else if minutes < 120 {
        format!("{minutes} {min} {} {s}", seconds % 60)
    } else {
        format!("{} {h} {} {min}", minutes / 60, minutes % 60)
    }
}

/// `+1.287 s`
pub(super) fn plus(ms: i64, lang: Lang) -> String {
    let sign = if ms < 0 { '-' } else { '+' };
    let ms = ms.unsigned_abs();
    format!("{sign}{}.{:03} {}", ms / 1000, ms % 1000, lang.pick("s", "秒"))
}

/// `a, b and c`
pub(crate) fn list(items: &[String], lang: Lang) -> String {
    match (items, lang) {
        ([], _) => lang.pick("nobody", "无").to_owned(),
        (_, Lang::Zh) => items.join("、"),
        ([one], Lang::En) => one.clone(),
        ([first @ .., last], Lang::En) => format!("{} and {last}", first.join(", ")),
    }
}

/// The same with names, sorted as people would: `s2` before `s10`.
pub(super) fn by_name(names: &[String], lang: Lang) -> String {
    let mut names = names.to_vec();
    names.sort_by_cached_key(|name| order(name));
    list(&names, lang)
}

/// By which names are in order.
pub(super) fn order(name: &str) -> (String, usize, String) {
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned();
    (stem, name.len(), name.to_owned())
}

/// `1 line`, `2 lines`
pub(super) fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

pub(super) fn where_the_time_went(lang: Lang) -> &'static str {
    lang.pick("Where the time went:", "时间花在哪里：")
}

pub(super) fn the_log_says(reason: &str, lang: Lang) -> String {
    match (lang, logged(reason)) {
        (Lang::En, _) => format!("the log says: {reason}"),
        (Lang::Zh, Some(told)) => format!("日志：{told}"),
        (Lang::Zh, None) => format!("日志原文：{reason}"),
    }
}

/// Several reasons in the words of a log, in a sentence.
pub(super) fn reasons(words: &[String], lang: Lang) -> String {
    let told = |text: &String| match lang {
        Lang::En => text.clone(),
        Lang::Zh => logged(text).unwrap_or_else(|| text.clone()),
    };
    words.iter().map(told).collect::<Vec<_>>().join(lang.pick("; ", "；"))
}

pub(super) fn weight(weight: Weight, lang: Lang) -> &'static str {
    match weight {
        Weight::Bad => lang.pick("bad:", "严重："),
        Weight::Warning => lang.pick("warning:", "警告："),
        Weight::Note => lang.pick("note:", "注意："),
    }
}

pub(super) fn hint(lang: Lang) -> &'static str {
    lang.pick("hint: ", "提示：")
}

/// `ours`: Watchkeeper's sentinels acted, which know at once what others notice when they ask next.
pub(super) fn phase(phase: Phase, ours: bool, lang: Lang) -> &'static str {
    match phase {
        Phase::Agreement => {
            lang.pick("agreement: enough sentinels miss it", "达成一致：足够多的哨兵认为它下线")
        }
        Phase::Operator => {
            lang.pick("operator: until somebody forced the failover", "人工介入：直到有人强制故障转移")
        }
        Phase::Attempts => {
            lang.pick("attempts that failed, and the wait for the next", "失败的尝试及其后的等待")
        }
        Phase::Election => lang.pick("election: one sentinel may act", "选举：选出执行的哨兵"),
        Phase::Selection => lang.pick("selection: a replica is chosen", "挑选：选定一个副本"),
        Phase::Promotion if ours => lang.pick("promotion: it is a master", "提升：它成为主节点"),
        Phase::Promotion => lang.pick("promotion: it is seen as a master", "提升：哨兵得知它成为主节点"),
        Phase::Unseen => {
            lang.pick("failover: the log of who did it is not here", "故障转移：缺少执行者的日志")
        }
        Phase::Telling => lang.pick("telling: clients are told its address", "通知：客户端得知新地址"),
        Phase::Waiting => lang.pick("waiting until the master was back", "等待：主节点自行恢复"),
    }
}

/// Whether of several sentinels only the leader's log is here: the others named the new master earlier, unseen.
pub(super) fn only_the_leader(incident: &Incident) -> bool {
    nobody_else_told(incident) && incident.others_unread
}

/// Whether nobody but the leader named the new master, as far as the logs tell.
pub(super) fn nobody_else_told(incident: &Incident) -> bool {
    let [learned] = &incident.learned[..] else { return false };
    let mut missed_it = incident.downs.iter().map(|down| down.who);
    let votes = incident.elections.iter().flat_map(|election| &election.votes);
    let mut voted = votes.filter_map(|vote| match &vote.voter {
        Voter::Log(who) => Some(*who),
        Voter::Id(_) => None,
    });
    let alone = missed_it.all(|who| who == learned.who) && voted.all(|who| who == learned.who);
    learned.how == How::Led && alone && incident.sentinels > 1
}

/// The incident in one or two sentences.
pub(super) fn outcome(incident: &Incident, timed: bool, lang: Lang) -> String {
    let old = &incident.master;
    let cause = incident.cause();
    let manual = cause != Cause::MasterDown && cause != Cause::Forced;
    if let Some(new) = &incident.new_master {
        return took_over(incident, new, timed, lang);
    }
    if let Some(foreign) = &incident.foreign {
        if incident.beside.returned {
            return beside::returned(old, foreign, lang);
        }
        return by_others(old, foreign, incident.unread, lang);
    }
    if let Some(back) = incident.answered() {
        return came_back(incident, back, timed, lang);
    }
    let failed = incident
        .runs
        .iter()
        .any(|run| run.end.is_some_and(|(end, _)| end == End::NoGoodReplica || end == End::NotPromoted));
    let ended = incident.logs_end.map(|end| end - incident.outage_began());
    let again = incident.missed_before();
    match (lang, manual && failed) {
        (Lang::En, true) if cause == Cause::Unknown => {
            "A failover was begun and given up; why it was begun, is not in these logs.".to_owned()
        }
        (Lang::Zh, true) if cause == Cause::Unknown => {
            "故障转移开始后被放弃；为何开始，日志中没有。".to_owned()
        }
        (Lang::En, true) => format!("A failover was asked for and given up. The master is still {old}."),
        (Lang::Zh, true) => format!("有人要求故障转移，但未能完成。主节点仍是 {old}。"),
        (Lang::En, false) if manual => {
            format!("A failover of {old} was begun; its end is not in these logs.")
        }
        (Lang::Zh, false) if manual => format!("开始了对 {old} 的故障转移；日志中没有它的结局。"),
        (Lang::En, false) => {
            let until = match (ended, timed) {
                (Some(0), true) => "; the logs have no line after that".to_owned(),
                (Some(ms), true) => {
                    let which = if again { "its last" } else { "the first" };
                    let ms = duration(ms, lang);
                    format!(" to the last line of the logs, {ms} after {which} +sdown")
                }
                (_, _) => " to the end of the logs".to_owned(),
            };
            let nobody = if incident.unread { "NO SENTINEL WHOSE LOG IS HERE" } else { "NOBODY" };
            format!("{nobody} TOOK OVER. The master {old} is missed{until}.")
        }
        (Lang::Zh, false) => {
            let nobody = if incident.unread { "这些日志中无哨兵接替" } else { "无人接替" };
            match (ended, timed) {
                (Some(0), true) => format!("{nobody}。主节点 {old} 失联，此后日志中没有记录。"),
                (Some(ms), true) => {
                    let ms = duration(ms, lang);
                    let which = if again { "它最后一次失联的" } else { "第一条" };
                    format!("{nobody}。直到日志最后一行（{which} +sdown 之后 {ms}），主节点 {old} 一直失联。")
                }
                (_, _) => format!("{nobody}。直到日志结束，主节点 {old} 一直失联。"),
            }
        }
    }
}

/// Another server is the master.
fn took_over(incident: &Incident, new: &str, timed: bool, lang: Lang) -> String {
    let (old, cause) = (&incident.master, incident.cause());
    let since = |at: i64| duration(at - incident.outage_began(), lang);
    let promoted = incident.took_writes();
    let told = incident.first_told().unwrap_or(incident.last);
    let another = incident.another_before();
    let what = match incident.missed_alone().filter(|_| cause == Cause::MasterDown) {
        Some(ms) => missed_by_one(old, new, ms, lang),
        None if cause == Cause::MasterDown && incident.posed.contains(old) => posed(old, new, lang),
        None if cause == Cause::MasterDown
            && (incident.turned() || another.is_some() || incident.unproven()) =>
        {
            turned(old, new, lang)
        }
        None => switched(old, new, cause, incident.only_asked_for(), lang),
    };
    if incident.made_elsewhere() {
        return what + elsewhere(lang);
    }
    if !timed || cause == Cause::Unknown {
        return what;
    }
    let why = cause == Cause::MasterDown && !incident.posed.contains(old) && incident.turned();
    let why = match another.filter(|_| cause == Cause::MasterDown) {
        _ if why => why_turned(old, lang),
        Some(foreign) => why_perhaps(old, &foreign.to, lang),
        None => String::new(),
    };
    what + &told_after(incident, promoted.map(since), &since(told), lang) + &why
}

/// Whose failover it was.
fn elsewhere(lang: Lang) -> &'static str {
    lang.pick(
        " Another sentinel made it that, whose log is not here: when it began is not known.",
        "这是另一个哨兵执行的，其日志不在此处：何时开始不得而知。",
    )
}

/// Who did not act, as far as that is known.
pub(super) fn nobody(unread: bool, lang: Lang) -> &'static str {
    match (unread, lang) {
        (false, Lang::En) => "Nobody",
        (true, Lang::En) => "No sentinel whose log is here",
        (false, Lang::Zh) => "没有发生切换",
        (true, Lang::Zh) => "这些日志中的哨兵都没有接替",
    }
}

/// Somebody else than the sentinels promoted a replica, or one of them whose log is not here.
fn by_others(old: &str, foreign: &Foreign, unread: bool, lang: Lang) -> String {
    let new = &foreign.to;
    if unread {
        let (end, end_zh) = match (foreign.undone, foreign.follows) {
            (Some(_), _) => ("; it was told to be a replica again", "，之后被命令重新成为副本"),
            (None, Some(_)) => ("; it is a replica again", "，之后重新成为副本"),
            (None, None) => ("", ""),
        };
        return match lang {
            Lang::En => format!(
                "{new} became a master while {old} was the master{end}. Who promoted it, is not in these logs."
            ),
            Lang::Zh => {
                format!("{old} 仍是主节点时，{new} 成为主节点{end_zh}。由谁提升，这些日志中没有。")
            }
        };
    }
    match (lang, foreign.undone, foreign.follows) {
        (Lang::En, Some(_), _) => {
            format!("Somebody else promoted {new}; the sentinels made it a replica of {old} again.")
        }
        (Lang::En, None, Some(_)) => {
            format!("Somebody else promoted {new} while {old} was the master; it is a replica again.")
        }
        (Lang::En, None, None) => {
            format!("Somebody else promoted {new}, while the sentinels took {old} for the master.")
        }
        (Lang::Zh, Some(_), _) => {
            format!("{new} 被哨兵以外的操作提升为主节点，哨兵随后让它重新成为 {old} 的副本。")
        }
        (Lang::Zh, None, Some(_)) => {
            format!("{old} 仍是主节点时，{new} 被哨兵以外的操作提升为主节点，之后重新成为副本。")
        }
        (Lang::Zh, None, None) => {
            format!("{new} 被哨兵以外的操作提升为主节点，当时哨兵以 {old} 为主节点。")
        }
    }
}

/// The master was there again.
fn came_back(incident: &Incident, back: i64, timed: bool, lang: Lang) -> String {
    let old = &incident.master;
    let (times, lasted) = (incident.times_down(), duration(back - incident.began, lang));
    // A log that begins late may have it sooner.
    let least = if incident.cut { lang.pick("at least ", "至少 ") } else { "" };
    let lasted = least.to_owned() + &lasted;
    let nobody = nobody(incident.unread, lang);
    match (lang, times > 1) {
        (Lang::En, false) if timed => {
            format!("The master {old} was missed for {lasted} and came back by itself. {nobody} took over.")
        }
        (Lang::Zh, false) if timed => format!("主节点 {old} 失联 {lasted}后自行恢复，{nobody}。"),
        (Lang::En, true) if timed => format!(
            "The master {old} went away {times} times in {lasted} and came back each time. {nobody} took over."
        ),
        (Lang::Zh, true) if timed => {
            format!("主节点 {old} 在 {lasted}内失联 {times} 次，每次都自行恢复，{nobody}。")
        }
        (Lang::En, _) => {
            format!("The master {old} was missed and came back by itself. {nobody} took over.")
        }
        (Lang::Zh, _) => format!("主节点 {old} 失联后自行恢复，{nobody}。"),
    }
}

/// A failover of a master that answered all the others.
fn missed_by_one(old: &str, new: &str, ms: i64, lang: Lang) -> String {
    let ms = duration(ms, lang);
    match lang {
        Lang::En => format!(
            "One sentinel alone missed the master {old}, for {ms}; its failover made {new} the master."
        ),
        Lang::Zh => format!("只有一个哨兵认为主节点 {old} 失联（{ms}），它的故障转移让 {new} 成为主节点。"),
    }
}

/// It was no master any more: somebody had made it a replica.
fn posed(old: &str, new: &str, lang: Lang) -> String {
    match lang {
        Lang::En => {
            format!("The master {old} had said that it is a replica, and was then missed; {new} took over.")
        }
        Lang::Zh => format!("主节点 {old} 自称副本，随后被认为下线，由 {new} 接替。"),
    }
}

/// It may have been none any more: afterwards it was not.
fn turned(old: &str, new: &str, lang: Lang) -> String {
    match lang {
        Lang::En => format!("The master {old} was missed; {new} took over."),
        Lang::Zh => format!("主节点 {old} 被认为下线，由 {new} 接替。"),
    }
}

/// What shows that.
fn why_turned(old: &str, lang: Lang) -> String {
    match lang {
        Lang::En => format!(
            " {old} did not go away after the switch, and followed another server: it seems that somebody had made it a replica by hand \
             (REPLICAOF). A sentinel misses such a master, even if it answers."
        ),
        Lang::Zh => format!(
            "切换之后 {old} 并未失联，而是跟随着别的服务器：看来有人手工把它改成了副本（REPLICAOF）。这样的主节点即使有应答，\
             哨兵也会认为它下线。"
        ),
    }
}

/// Another one was a master before.
fn why_perhaps(old: &str, other: &str, lang: Lang) -> String {
    match lang {
        Lang::En => format!(
            " Before that {other} had become a master: if {old} was made its replica by hand (REPLICAOF), it need not have failed. A \
             sentinel misses such a master, even if it answers."
        ),
        Lang::Zh => format!(
            "在此之前 {other} 已成为主节点：若有人手工把 {old} 改成了它的副本（REPLICAOF），则未必是故障。这样的主节点即使有应答，\
             哨兵也会认为它下线。"
        ),
    }
}

/// `asked`: whether the master was missed before is not in these logs.
fn switched(old: &str, new: &str, cause: Cause, asked: bool, lang: Lang) -> String {
    match (lang, cause) {
        (Lang::En, Cause::Planned) if asked => {
            format!("Somebody asked for a failover from {old}: {new} is the master.")
        }
        (Lang::Zh, Cause::Planned) if asked => format!("有人要求切换：主节点由 {old} 变为 {new}。"),
        (Lang::En, Cause::Planned) => format!("A planned failover from {old}: {new} is the master."),
        (Lang::En, Cause::MasterDown | Cause::Forced) => format!("The master {old} failed; {new} took over."),
        (Lang::En, Cause::Unknown) => {
            format!("{new} became the master instead of {old}. Why, is not in these logs.")
        }
        (Lang::Zh, Cause::Planned) => format!("计划内切换：主节点由 {old} 变为 {new}。"),
        (Lang::Zh, Cause::MasterDown | Cause::Forced) => format!("主节点 {old} 故障，由 {new} 接替。"),
        (Lang::Zh, Cause::Unknown) => format!("主节点由 {old} 变为 {new}，原因不在这些日志中。"),
    }
}

/// When it took writes, and when clients knew of it. Where logs are missing, others may have known before.
fn told_after(incident: &Incident, promoted: Option<String>, told: &str, lang: Lang) -> String {
    let alone = only_the_leader(incident);
    // Others than ours ask a replica once a second.
    let (latest_zh, latest, noticed_zh) = if incident.noticed_late() {
        ("最迟 ", " at the latest (the sentinel noticed it then)", "（哨兵此时得知）")
    } else {
        ("", "", "")
    };
    let again = incident.missed_before();
    let (first, first_zh, by, by_zh) = match (incident.unread, incident.downs.is_empty()) {
        (false, _) => ("", "", "", ""),
        // From where they count, is said behind them.
        (true, false) if again => (" In these logs:", "在这些日志中：", " at the latest", "最迟 "),
        (true, true) => ("", "", " at the latest", "最迟 "),
        (true, false) => (
            " Counted from the first +sdown in these logs:",
            "从这些日志中的第一条 +sdown 算起：",
            " at the latest",
            "最迟 ",
        ),
    };
    let (it, clients) = if first.is_empty() { ("It", "Clients") } else { ("it", "clients") };
    match (lang, promoted) {
        (Lang::En, Some(promoted)) if alone => format!(
            "{first} {it} took writes after {promoted}{latest}; the leader's own +switch-master came after {told}. When the \
             others told clients, is not in these logs."
        ),
        (Lang::Zh, Some(promoted)) if alone => format!(
            "{first_zh}{latest_zh}{promoted}后可写入{noticed_zh}；执行者自己的 +switch-master 在 {told}后。其他哨兵何时通知客户端，\
             这些日志中没有。"
        ),
        (Lang::En, Some(promoted)) => {
            format!("{first} {it} took writes after {promoted}{latest}; clients were told after {told}{by}.")
        }
        (Lang::En, None) => format!("{first} {clients} were told after {told}{by}."),
        (Lang::Zh, Some(promoted)) => {
            format!("{first_zh}{latest_zh}{promoted}后可写入{noticed_zh}，{by_zh}{told}后客户端得知新地址。")
        }
        (Lang::Zh, None) => format!("{first_zh}{by_zh}{told}后客户端得知新地址。"),
    }
}

/// What the times above do not contain.
pub(super) fn before_the_first_line(incident: &Incident, lang: Lang) -> String {
    let counted = counted_from(incident, lang).to_owned();
    let started = incident.just_started().filter(|_| !incident.unread && incident.blind.is_none());
    let Some(ms) = started.map(|ms| duration(ms, lang)) else { return counted };
    match lang {
        Lang::En => format!(
            "Times count from the first +sdown. The sentinel that missed the master first had been started {ms} before, and does not \
             know how long it was away by then."
        ),
        Lang::Zh => format!(
            "时间从第一条 +sdown 算起。最先认为主节点下线的哨兵 {ms}前才启动，在那之前主节点已失联多久，它不知道。"
        ),
    }
}

/// From where they count. Only ours may hold a master for down sooner, whose port refuses connections.
fn counted_from(incident: &Incident, lang: Lang) -> &'static str {
    // As a replica it need not have been away.
    let another = incident.another_before().is_some() || incident.unproven();
    if incident.unproven() && incident.unread {
        return lang.pick(
            "Times count from the first +sdown in these logs; a sentinel whose log is not here may have missed it sooner.",
            "时间从这些日志中的第一条 +sdown 算起；日志不在此处的哨兵可能更早发现。",
        );
    }
    if incident.turned() || another || incident.posed.contains(&incident.master) {
        return lang.pick("Times count from the first +sdown.", "时间从第一条 +sdown 算起。");
    }
    if incident.blind.is_some() {
        return lang.pick(
            "Times count from the first +sdown. Until then these sentinels were in TILT: how long the master was away before that \
             is not known.",
            "时间从第一条 +sdown 算起；在此之前这些哨兵处于 TILT：主节点此前已失联多久不得而知。",
        );
    }
    let again = incident.missed_before();
    if incident.unread && again {
        return lang.pick(
            "Times count from the +sdown in these logs with which it went away for the last time. The master was away before that, and \
             a sentinel whose log is not here may have missed it sooner.",
            "时间从这些日志中它最后一次失联的 +sdown 算起；在此之前主节点已失联，日志不在此处的哨兵可能更早发现。",
        );
    }
    if incident.beside.unseen {
        return lang.pick(
            "Times count from the first +sdown in these logs. The master was away before that, and was missed before some of them \
             begin.",
            "时间从这些日志中的第一条 +sdown 算起；在此之前主节点已失联，且在有的日志开始之前就有哨兵发现。",
        );
    }
    if incident.unread {
        return lang.pick(
            "Times count from the first +sdown in these logs. The master was away before that, and a sentinel whose log is not here \
             may have missed it sooner.",
            "时间从这些日志中的第一条 +sdown 算起；在此之前主节点已失联，日志不在此处的哨兵可能更早发现。",
        );
    }
    if again && incident.is_ours() {
        return lang.pick(
            "Times count from the +sdown with which it went away for the last time. Before that the master was away for \
             down-after-milliseconds; if it refused connections, for refused-down-after-milliseconds where that is set.",
            "时间从它最后一次失联的 +sdown 算起；在此之前主节点已失联 down-after-milliseconds；若它拒绝连接且设置了 \
             refused-down-after-milliseconds，则为后者。",
        );
    }
    if again {
        return lang.pick(
            "Times count from the +sdown with which it went away for the last time. The master was away for down-after-milliseconds \
             before that.",
            "时间从它最后一次失联的 +sdown 算起；在此之前主节点已失联 down-after-milliseconds。",
        );
    }
    if incident.is_ours() {
        return lang.pick(
            "Times count from the first +sdown. Before that the master was away for down-after-milliseconds; if it refused \
             connections, for refused-down-after-milliseconds where that is set.",
            "时间从第一条 +sdown 算起；在此之前主节点已失联 down-after-milliseconds；若它拒绝连接且设置了 \
             refused-down-after-milliseconds，则为后者。",
        );
    }
    lang.pick(
        "Times count from the first +sdown. The master was away for down-after-milliseconds before that.",
        "时间从第一条 +sdown 算起；在此之前主节点已失联 down-after-milliseconds。",
    )
}

/// Breaks a text into lines of at most this many columns: at blanks, and between Chinese characters.
pub(crate) fn wrap(text: &str, to: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut word = String::new();
    let mut chars = text.chars().chain([' ']).peekable();
    while let Some(c) = chars.next() {
        let closes = chars.peek().is_some_and(|next| CLOSING.contains(*next));
        let ends = c == ' ' || (!c.is_ascii() && !closes && !OPENING.contains(c));
        if c != ' ' {
            word.push(c);
        }
        if !ends {
            continue;
        }
        let line = lines.last_mut().map(std::mem::take).unwrap_or_default();
        // A blank where a line ends begins no other.
        let fits = word.is_empty() || columns(line.trim_end()) + columns(&word) <= to || line.is_empty();
        let whole = std::mem::take(&mut word) + if c == ' ' { " " } else { "" };
        if let Some(last) = lines.last_mut() {
            if fits {
                *last = line + &whole;
            } else {
                *last = line;
                lines.push(whole);
            }
        }
    }
    lines.iter().map(|line| line.trim_end().to_owned()).collect()
}

/// No line ends with these.
const OPENING: &str = "（“";
/// No line begins with these.
const CLOSING: &str = "，。；：、）！？”>";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_broken_where_their_language_allows_it() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("一二三四，五六（七八）", 8), ["一二三", "四，五六", "（七八）"]);
        assert_eq!(wrap("一二 <组> 三", 7), ["一二", "<组> 三"]);
        assert_eq!(wrap("ab 为 0 的", 4), ["ab 为", "0 的"]);
        assert_eq!(wrap("averylongword x", 4), ["averylongword", "x"]);
        assert_eq!(wrap("", 4), [""]);
    }

    #[test]
    fn durations_grow_coarser() {
        let en = |ms| duration(ms, Lang::En);
        assert_eq!(
            [en(1287), en(303_000), en(7_500_000), en(-5)],
            ["1.287 s", "5 min 3 s", "2 h 5 min", "0.000 s"]
        );
        assert_eq!(duration(1287, Lang::Zh), "1.287 秒");
        // What is nearly two hours is two hours, as a clock of another time zone is.
        assert_eq!([en(119_999), en(7_199_600), en(7_259_600)], ["119.999 s", "2 h 0 min", "2 h 1 min"]);
        assert_eq!([en(7_199_400), en(239_700)], ["119 min 59 s", "4 min 0 s"]);
    }
}
