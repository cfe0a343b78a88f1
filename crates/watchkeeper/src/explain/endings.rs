//! How an incident ended, in one or two sentences. What most incidents end with is said in `words`; here are those that
//! somebody ended by hand.

use std::collections::BTreeSet;

use watchkeeper_core::Lang;

use super::advice::{Both, both};
use super::findings::Names;
use super::incident::{At, Cause, Incident, Outcome, Run, UnderWay, Who};
use super::rivals;
use super::words::{self, by_name, duration, list};

/// The incident in a few sentences.
pub(super) fn outcome(incident: &Incident, names: &dyn Names, timed: bool, lang: Lang) -> String {
    if let Some(ms) = incident.blind.filter(|_| timed) {
        return ending(incident, names, timed, lang)
            + &blind(ms, incident.unread || !incident.all_known, lang);
    }
    if !incident.headless() {
        let told = ending(incident, names, timed, lang);
        let unseen = incident.beside.unseen && timed;
        return if unseen { told + missed_before_the_logs(lang) } else { told };
    }
    let told = ending(incident, names, false, lang);
    match lang {
        Lang::En => told + " The logs begin in the middle of it: when the outage began is not known.",
        Lang::Zh => told + "日志从事故中途开始：中断从何时开始不得而知。",
    }
}

/// Who missed it first is not in the logs.
fn missed_before_the_logs(lang: Lang) -> &'static str {
    lang.pick(
        " More sentinels missed it than have a +sdown in these logs, some of which begin too late: the outage may have begun before.",
        "认为它下线的哨兵多于这些日志中的 +sdown，有的日志开始得太晚：中断可能更早就已开始。",
    )
}

/// Nobody could have said when the outage began.
fn blind(ms: At, unread: bool, lang: Lang) -> String {
    let ms = duration(ms, lang);
    let (here, here_zh) = if unread { (" whose logs are here", "有日志的") } else { ("", "所有") };
    match lang {
        Lang::En => format!(
            " Until the first +sdown all sentinels{here} were in TILT, for {ms}, and held nobody for down: when the outage began is \
             not known. It may have been that much longer."
        ),
        Lang::Zh => format!(
            "在第一条 +sdown 之前，{here_zh}哨兵都处于 TILT，共 {ms}，期间不会判定任何人下线：中断从何时开始不得而知，可能还要再长这么多。"
        ),
    }
}

fn ending(incident: &Incident, names: &dyn Names, timed: bool, lang: Lang) -> String {
    if let Some(told) = rivals::outcome(incident, names, lang) {
        return told;
    }
    let forced = incident.forced_at().zip(incident.new_master.as_ref());
    if let Some((at, new)) = forced {
        return by_hand(incident, at, new, names, timed, lang);
    }
    if let Some((to, by)) = &incident.pointed {
        return pointed(incident, to, by, names, timed, lang);
    }
    if let Some(new) = &incident.named_later {
        let old = &incident.master;
        return match lang {
            Lang::En => format!(
                "The master {old} was missed; later {new} is spoken of as the master. How it became that, is not in these logs."
            ),
            Lang::Zh => {
                format!("主节点 {old} 被认为下线；后来日志中 {new} 已是主节点，其经过日志中没有。")
            }
        };
    }
    if incident.outcome() == Outcome::Isolated {
        return isolated(incident, names, lang);
    }
    match incident.under_way() {
        Some(how_far) if incident.foreign.is_none() => under_way(incident, how_far, timed, lang),
        Some(_) | None => {
            let told = words::outcome(incident, timed, lang);
            if timed { told + &after_blips(incident, lang) } else { told }
        }
    }
}

/// What a reader needs to find the times of a failover again in the table, if the master had been away before, and
/// whether the failover was still needed.
fn after_blips(incident: &Incident, lang: Lang) -> String {
    let mut told = String::new();
    if incident.new_master.is_none() || incident.cause() != Cause::MasterDown {
        return told;
    }
    let since = |at: At| words::plus(at - incident.began, lang);
    if incident.outage_began() > incident.began {
        let from = since(incident.outage_began());
        let last = incident.missed_before();
        let (en, zh) = if last {
            ("when it went away for the last time", "即它最后一次失联时")
        } else {
            ("when it was missed", "即它被认为下线时")
        };
        told += &match lang {
            Lang::En => format!(" These times count from {from} below, {en}."),
            Lang::Zh => format!("以上时间从下表的 {from}算起，{zh}。"),
        };
    }
    if let Some((promoted, back)) = incident.took_writes().zip(incident.back_before_promotion()) {
        let (before, back) = (duration(promoted - back, lang), since(back));
        told += &match (lang, incident.is_ours()) {
            (Lang::En, true) => format!(" It was answering again at {back}, {before} before the promotion."),
            (Lang::En, false) => {
                format!(" It was answering again at {back}, {before} before the promotion was noticed.")
            }
            (Lang::Zh, true) => format!("在 {back}，即提升前 {before}，它已恢复应答。"),
            (Lang::Zh, false) => format!("在 {back}，即哨兵得知提升之前 {before}，它已恢复应答。"),
        };
    }
    told
}

/// Operators gave the sentinels another master.
fn pointed(
    incident: &Incident,
    to: &str,
    by: &[(Who, At)],
    names: &dyn Names,
    timed: bool,
    lang: Lang,
) -> String {
    let old = &incident.master;
    let who: BTreeSet<String> = by.iter().map(|(who, _)| names.who(*who)).collect();
    let who = list(&who.into_iter().collect::<Vec<_>>(), lang);
    let first = by.iter().map(|(_, at)| *at).min().unwrap_or(incident.last);
    let after = |at: At| duration(at - incident.outage_began(), lang);
    if let Some(new) = &incident.new_master {
        let told = incident.first_told().filter(|_| timed).map(after);
        return pointed_then(incident, to, new, &who, (Some(after(first)).filter(|_| timed), told), lang);
    }
    let after = after(first);
    match lang {
        Lang::En => {
            let when = if timed { format!(" after {after}") } else { String::new() };
            let here = if incident.unread { " whose log is here" } else { "" };
            format!(
                "The master {old} failed and no sentinel{here} took over; operators pointed {who} at {to}{when}."
            )
        }
        Lang::Zh => {
            let when = if timed { format!("{after}后") } else { String::new() };
            let here = if incident.unread { "这些日志中" } else { "" };
            format!("主节点 {old} 故障，{here}没有哨兵接替；{when}运维人员把 {who} 改为监视 {to}。")
        }
    }
}

/// What happened to the master: one that somebody makes a replica is missed, too, and need not have failed.
fn failed(incident: &Incident) -> (&'static str, &'static str) {
    if incident.unproven() { ("was missed", "被认为下线") } else { ("failed", "故障") }
}

/// The same, and a failover made a master all the same: the one that they had made, or another one.
fn pointed_then(
    incident: &Incident,
    to: &str,
    new: &str,
    who: &str,
    (when, told): (Option<String>, Option<String>),
    lang: Lang,
) -> String {
    let old = &incident.master;
    let (failed, failed_zh) = failed(incident);
    let (late, late_zh) = if incident.unread { (" at the latest", "最迟 ") } else { ("", "") };
    match lang {
        Lang::En => {
            let when = when.map_or(String::new(), |ms| format!(" after {ms}"));
            let told = told.map_or(String::new(), |ms| format!("; clients were told after {ms}{late}"));
            let also = if to == new { ", too" } else { " instead" };
            format!(
                "The master {old} {failed}; operators pointed {who} at {to}{when}. Then a failover made {new} the master{also}{told}."
            )
        }
        Lang::Zh => {
            let when = when.map_or(String::new(), |ms| format!("{ms}后"));
            let told = told.map_or(String::new(), |ms| format!("，{late_zh}{ms}后客户端得知新地址"));
            let also = if to == new { "也" } else { "却" };
            format!(
                "主节点 {old} {failed_zh}；{when}运维人员把 {who} 改为监视 {to}。随后的故障转移{also}让 {new} 成为主节点{told}。"
            )
        }
    }
}

/// The logs do not have its end.
fn under_way(incident: &Incident, how_far: UnderWay<'_>, timed: bool, lang: Lang) -> String {
    let old = &incident.master;
    let planned = incident.cause() == Cause::Planned;
    let done = matches!(how_far, UnderWay::Done(_));
    let (was, is_zh) = if done { ("was done", "已执行完毕") } else { ("was under way", "正在执行") };
    let (en, zh) = if incident.only_asked_for() {
        (
            format!("Somebody asked for a failover from {old}, and it {was}"),
            format!("有人要求对 {old} 进行切换，切换{is_zh}"),
        )
    } else if planned {
        (format!("A planned failover from {old} {was}"), format!("对 {old} 的计划内切换{is_zh}"))
    } else {
        let is_zh = if done { "已完成" } else { "正在进行" };
        (
            format!("The master {old} failed and a failover {was}"),
            format!("主节点 {old} 故障，故障转移{is_zh}"),
        )
    };
    let after = |at: At| duration(at - incident.outage_began(), lang);
    let (far, far_zh) = match how_far {
        UnderWay::Done(None) => (String::new(), String::new()),
        UnderWay::Missed(ms) => return missed(old, Some(ms).filter(|ms| timed && *ms > 0), lang),
        UnderWay::Begun => (String::new(), String::new()),
        UnderWay::Selected(new) if incident.runs.last().is_some_and(Run::has_told) => {
            (format!(": {new} was told to be master"), format!("：已命令 {new} 成为主节点"))
        }
        UnderWay::Selected(new) => (format!(": {new} was chosen"), format!("：已选定 {new}")),
        UnderWay::Promoted(new, at) | UnderWay::Done(Some((new, at))) if timed => {
            let after = after(at);
            if incident.noticed_late() {
                (
                    format!(": {new} was promoted after {after} at the latest"),
                    format!("：{new} 最迟在 {after}后已提升为主节点"),
                )
            } else {
                (format!(": {new} was promoted after {after}"), format!("：{new} 在 {after}后已提升为主节点"))
            }
        }
        UnderWay::Promoted(new, _) | UnderWay::Done(Some((new, _))) => {
            (format!(": {new} was promoted"), format!("：{new} 已提升为主节点"))
        }
    };
    match (lang, done) {
        (Lang::En, false) => format!("{en}{far}. Its end is not in these logs."),
        (Lang::Zh, false) => format!("{zh}{far_zh}。日志中没有它的结局。"),
        (Lang::En, true) => format!("{en}{far}. That clients were told of it is not in these logs."),
        (Lang::Zh, true) => format!("{zh}{far_zh}。日志中没有通知客户端的记录。"),
    }
}

/// The logs end just after the master was missed.
fn missed(old: &str, ms: Option<At>, lang: Lang) -> String {
    let ended = ms.map(|ms| duration(ms, lang));
    match (lang, ended) {
        (Lang::En, Some(ms)) => {
            format!(
                "The master {old} is missed. The last line of the logs is {ms} after that: what came of it is not in them."
            )
        }
        (Lang::En, None) => {
            format!("The master {old} is missed: what came of it is not in these logs.")
        }
        (Lang::Zh, Some(ms)) => format!("主节点 {old} 失联。日志的最后一行在 {ms}后：其中没有后续结果。"),
        (Lang::Zh, None) => format!("主节点 {old} 失联：日志中没有后续结果。"),
    }
}

/// What is to be done about logs that end too early.
pub(super) fn cut_short(promoted: Option<&str>, begun: bool, agreed: bool, timed: bool) -> Both {
    let (en, zh) = match promoted {
        Some(new) => (
            format!("{new} was promoted; that clients were told of it is not in these logs."),
            format!("{new} 已提升为主节点；日志中没有通知客户端的记录。"),
        ),
        None => (
            "The logs end in the middle of a failover: how it went on cannot be told from them.".to_owned(),
            "日志在故障转移进行中结束：无法得知其结局。".to_owned(),
        ),
    };
    if !begun {
        let (en, zh) = if timed {
            (
                "The logs end too soon after the first +sdown: sentinels need some seconds to take over.",
                "日志在第一条 +sdown 之后过早结束：哨兵接替需要几秒。",
            )
        } else {
            (
                "The logs have no times: whether they end soon after the first +sdown, or nobody did anything for long, \
                 cannot be told.",
                "日志没有时间：无法得知它们是在第一条 +sdown 之后随即结束，还是长时间无人处理。",
            )
        };
        let (hint, hint_zh) = if agreed {
            ("", "")
        } else {
            (
                ". If nothing more comes, too few sentinels miss the master: one of them alone logs +sdown and then nothing \
                 (`SENTINEL CKQUORUM`)",
                "。若之后再无记录，则认为主节点下线的哨兵不足：单独一个哨兵只记录 +sdown，不再有下文（`SENTINEL CKQUORUM`）",
            )
        };
        let look = "see who is the master now (`SENTINEL GET-MASTER-ADDR-BY-NAME`), and collect the logs of all sentinels again";
        let look_zh = "用 `SENTINEL GET-MASTER-ADDR-BY-NAME` 查看当前主节点，并重新收集所有哨兵的日志";
        return both(en, &format!("{look}{hint}"), zh, &format!("{look_zh}{hint_zh}"));
    }
    both(
        en,
        "collect the logs of all sentinels again; who is the master now says `SENTINEL GET-MASTER-ADDR-BY-NAME`. Promote \
         nothing by hand before you know",
        zh,
        "重新收集所有哨兵的日志；用 `SENTINEL GET-MASTER-ADDR-BY-NAME` 查看当前主节点。弄清之前不要手工提升",
    )
}

/// The sentinels did not act, an operator made one of them.
fn by_hand(incident: &Incident, at: At, new: &str, names: &dyn Names, timed: bool, lang: Lang) -> String {
    let old = &incident.master;
    let after = |at: At| duration(at - incident.outage_began(), lang);
    let who: Vec<String> = incident.asked.last().map(|(who, _)| names.who(*who)).into_iter().collect();
    let who = list(&who, lang);
    // How many missed it, the logs of some do not tell.
    let few = incident.agreed.is_empty() && !incident.unread;
    let (latest, latest_zh) = if incident.unread { (" at the latest", "最迟 ") } else { ("", "") };
    let told = after(incident.first_told().unwrap_or(incident.last));
    let promoted = incident.took_writes().map(after);
    let (failed, failed_zh) = failed(incident);
    let (noticed, noticed_zh) = match incident.noticed_late() {
        true => (" at the latest (the sentinel noticed it then)", ["最迟 ", "（哨兵此时得知）"]),
        false => ("", ["", ""]),
    };
    match lang {
        Lang::En => {
            let few = if few { " and too few sentinels missed it" } else { "" };
            let when = if timed { format!(" {} later", after(at)) } else { String::new() };
            let told = match promoted {
                _ if !timed => String::new(),
                Some(ms) => {
                    format!(" It took writes after {ms}{noticed}; clients were told after {told}{latest}.")
                }
                None => format!(" Clients were told after {told}{latest}."),
            };
            format!(
                "The master {old} {failed}{few}; an operator forced the failover on {who}{when}. {new} took over.{told}"
            )
        }
        Lang::Zh => {
            let few = if few { "，而认为它下线的哨兵不足" } else { "" };
            let when = if timed { format!("{}后", after(at)) } else { String::new() };
            let told = match promoted {
                _ if !timed => String::new(),
                Some(ms) => {
                    let [least, by] = noticed_zh;
                    format!("{least}{ms}后可写入{by}，{latest_zh}{told}后客户端得知新地址。")
                }
                None => format!("{latest_zh}{told}后客户端得知新地址。"),
            };
            format!("主节点 {old} {failed_zh}{few}；{when}有人在 {who} 上强制故障转移，由 {new} 接替。{told}")
        }
    }
}

/// Only sentinels that are cut off miss the master.
fn isolated(incident: &Incident, names: &dyn Names, lang: Lang) -> String {
    let old = &incident.master;
    let cut_off: Vec<String> = incident.isolated.iter().map(|who| names.who(*who)).collect();
    let by: BTreeSet<String> = incident
        .unreached
        .iter()
        .filter(|(who, _)| !incident.isolated.contains(who))
        .map(|(who, _)| names.who(*who))
        .collect();
    let by = list(&by.into_iter().collect::<Vec<_>>(), lang);
    let one = cut_off.len() == 1;
    let alone_zh = if one { "它" } else { "它们" };
    let here_zh = if incident.unread { "在有日志的哨兵中，" } else { "" };
    let cut_off = list(&cut_off, lang);
    match lang {
        Lang::En => {
            let (is, alone) = if one { ("is", "it alone misses") } else { ("are", "only they miss") };
            let here = if incident.unread { "of those whose logs are here " } else { "" };
            format!(
                "{cut_off} {is} isolated: {here}{alone} the master {old}, and {by} cannot reach {cut_off}. To {by} the master is healthy."
            )
        }
        Lang::Zh => format!(
            "{cut_off} 被隔离：{here_zh}只有{alone_zh}认为主节点 {old} 失联，而 {by} 也联系不上 {cut_off}。在 {by} 看来主节点正常。"
        ),
    }
}

/// What to do about sentinels that are cut off.
pub(super) fn isolated_advice(who: &[String], lang: Lang) -> Both {
    let who = list(who, lang);
    both(
        format!("{who} can reach neither the master nor the other sentinels; they see the master."),
        "look at the network of that sentinel's host (routes, firewall, its container network). Promote nothing by hand: \
         there would be two masters",
        format!("{who} 既联系不上主节点，也联系不上其他哨兵；而其他哨兵能看到主节点。"),
        "检查该哨兵所在主机的网络（路由、防火墙、容器网络）。不要手工提升副本：那样会出现两个主节点",
    )
}

/// What to do after SENTINEL RESET in an outage. Only those that were reset have forgotten anything: the others may still
/// act, and a replica that is promoted by hand meanwhile would be a second master.
pub(super) fn reset_then(who: &[String], promoted: bool, lang: Lang) -> Both {
    let who = by_name(who, lang);
    let told = format!(
        "SENTINEL RESET was called while the master was down ({who}): that forgets the replicas and the other sentinels there."
    );
    let told_zh = format!("主节点下线期间执行了 SENTINEL RESET（{who}）：其中的副本和其他哨兵的记录被清除。");
    if promoted {
        return both(
            told,
            "a replica was promoted all the same. Never reset during an outage: a dead master cannot list its replicas again; \
             forget sentinels only once the master is up",
            told_zh,
            "副本仍然得到了提升。中断期间切勿执行 RESET：宕机的主节点无法重新列出副本；要忘掉哨兵，必须等主节点恢复之后",
        );
    }
    both(
        told,
        "a dead master cannot list its replicas again, so a sentinel that was reset can promote nobody; one that was not still can. \
         Start the master; before you promote a replica by hand, ask every sentinel who is the master (`SENTINEL \
         GET-MASTER-ADDR-BY-NAME`), or there may be two. Never reset during an outage; forget sentinels only once the master is up",
        told_zh,
        "宕机的主节点无法重新列出副本，因此执行过 RESET 的哨兵无法提升任何副本；未执行过的仍然可以。请启动主节点；手工提升副本之前，\
         先向每个哨兵查询主节点（`SENTINEL GET-MASTER-ADDR-BY-NAME`），否则可能出现两个主节点。中断期间切勿执行 RESET；\
         要忘掉哨兵，必须等主节点恢复之后",
    )
}

/// What to do about sentinels that do not know each other.
pub(super) fn strangers(saw: &[String], quorum: u32, reset: &[String], lang: Lang) -> Both {
    let saw = by_name(saw, lang);
    let (en, zh) = if reset.is_empty() {
        (
            "none of their logs says that it had met the others".to_owned(),
            "它们的日志中都没有发现对方的记录".to_owned(),
        )
    } else {
        let (them, them_zh) = if reset.len() == 1 { ("it", "它") } else { ("them", "它们") };
        let reset = by_name(reset, lang);
        (
            format!("`SENTINEL RESET` on {reset} made {them} forget the others while the master was down"),
            format!("主节点下线期间在 {reset} 上执行了 `SENTINEL RESET`，{them_zh}忘掉了其他哨兵"),
        )
    };
    both(
        format!(
            "{saw} missed the master, enough for the quorum {quorum}, but did not know of each other: {en}. No failover could begin."
        ),
        "sentinels meet through the master, so they cannot while it is down: start the master again. Never `SENTINEL RESET` while a \
         master is down; monitor the same address under the same name on all sentinels",
        format!("{saw} 都认为主节点下线，已达到法定票数 {quorum}，但它们互不相识：{zh}。故障转移无法开始。"),
        "哨兵通过主节点互相发现，主节点下线时无法做到：请重新启动主节点。主节点下线时绝不要执行 `SENTINEL RESET`；\
         所有哨兵应以相同的名字监视同一个地址",
    )
}

/// What to do when somebody asked two sentinels at once.
pub(super) fn called_twice(first: &str, other: &str) -> Both {
    both(
        format!(
            "{first} and {other} were at work at once, as a failover was asked for: {first} was done first, and {other} took over its result."
        ),
        "call `SENTINEL FAILOVER` on one sentinel only and wait: two leaders may choose different replicas",
        format!(
            "{first} 和 {other} 同时在执行，因为有人要求执行故障转移：{first} 先完成，{other} 采用了它的结果。"
        ),
        "只在一个哨兵上执行 `SENTINEL FAILOVER`，然后等待：两个执行者可能选中不同的副本",
    )
}
