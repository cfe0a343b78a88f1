//! How an incident ended, in one or two sentences. What most incidents end with is said in `words`; here are those that
//! somebody ended by hand.

use std::collections::BTreeSet;

use watchkeeper_core::Lang;

use super::advice::{Both, both};
use super::findings::Names;
use super::incident::{At, Cause, Incident, UnderWay, Who};
use super::words::{self, duration, list};

/// The incident in a few sentences.
pub(super) fn outcome(incident: &Incident, names: &dyn Names, timed: bool, lang: Lang) -> String {
    let forced = incident.forced_at().zip(incident.new_master.as_ref());
    if let Some((at, new)) = forced {
        return by_hand(incident, at, new, names, timed, lang);
    }
    if let Some((to, by)) = &incident.pointed {
        return pointed(incident, to, by, names, timed, lang);
    }
    match incident.under_way() {
        Some(how_far) if incident.foreign.is_none() => under_way(incident, how_far, timed, lang),
        Some(_) | None => words::outcome(incident, timed, lang),
    }
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
    let after = duration(first - incident.outage_began(), lang);
    match lang {
        Lang::En => {
            let when = if timed { format!(" after {after}") } else { String::new() };
            format!(
                "The master {old} failed and no sentinel took over; operators pointed {who} at {to}{when}."
            )
        }
        Lang::Zh => {
            let when = if timed { format!("{after}后") } else { String::new() };
            format!("主节点 {old} 故障，没有哨兵接替；{when}运维人员把 {who} 改为监视 {to}。")
        }
    }
}

/// The logs do not have its end.
fn under_way(incident: &Incident, how_far: UnderWay<'_>, timed: bool, lang: Lang) -> String {
    let old = &incident.master;
    let planned = incident.cause() == Cause::Planned;
    let (en, zh) = if planned {
        (format!("A planned failover from {old} was under way"), format!("正在对 {old} 执行计划内切换"))
    } else {
        (
            format!("The master {old} failed and a failover was under way"),
            format!("主节点 {old} 故障，故障转移正在进行"),
        )
    };
    let after = |at: At| duration(at - incident.outage_began(), lang);
    let (far, far_zh) = match how_far {
        UnderWay::Begun => (String::new(), String::new()),
        UnderWay::Selected(new) => {
            (format!(": {new} was told to be master"), format!("：已命令 {new} 成为主节点"))
        }
        UnderWay::Promoted(new, at) if timed => {
            let after = after(at);
            (format!(": {new} was promoted after {after}"), format!("：{new} 在 {after}后已提升为主节点"))
        }
        UnderWay::Promoted(new, _) => (format!(": {new} was promoted"), format!("：{new} 已提升为主节点")),
    };
    match lang {
        Lang::En => format!("{en}{far}. Its end is not in these logs."),
        Lang::Zh => format!("{zh}{far_zh}。日志中没有它的结局。"),
    }
}

/// What is to be done about logs that end too early.
pub(super) fn cut_short(promoted: Option<&str>) -> Both {
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
    let few = incident.agreed.is_empty();
    let told = after(incident.first_told().unwrap_or(incident.last));
    match lang {
        Lang::En => {
            let few = if few { " and too few sentinels missed it" } else { "" };
            let when = if timed { format!(" {} later", after(at)) } else { String::new() };
            let told = if timed { format!(" Clients were told after {told}.") } else { String::new() };
            format!(
                "The master {old} failed{few}; an operator forced the failover on {who}{when}. {new} took over.{told}"
            )
        }
        Lang::Zh => {
            let few = if few { "，而认为它下线的哨兵不足" } else { "" };
            let when = if timed { format!("{}后", after(at)) } else { String::new() };
            let told = if timed { format!("{told}后客户端得知新地址。") } else { String::new() };
            format!("主节点 {old} 故障{few}；{when}有人在 {who} 上强制故障转移，由 {new} 接替。{told}")
        }
    }
}
