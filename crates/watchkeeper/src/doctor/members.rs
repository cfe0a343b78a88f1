//! Who is listed where: servers under two addresses or in two groups, replicas that sentinels do not know, and those
//! they hold for down that are not.

use std::collections::{BTreeMap, BTreeSet};

use watchkeeper_core::Lang;

use super::code::{Code, Severity};
use super::facts::Facts;
use super::finding::{Finding, Found, Who};
use super::replicas::{fields, server};
use super::view::{GroupView, Said, is_loading};
use super::words::places;
use crate::ask::{Endpoint, Fields, SentinelSays, ServerAnswer, listed_replicas, place, refuses};

/// Sentinels learn of a replica within 10 s; one that runs for less than this is new.
const NEW_S: i64 = 20;

/// Of the deployment: servers that more than one group has.
pub(super) fn deployment(facts: &Facts, found: &mut Found) {
    let mut by_run: BTreeMap<&str, Vec<&ServerAnswer>> = BTreeMap::new();
    for answer in &facts.picture.servers {
        let run = answer.says.as_ref().map_or("", |(info, _)| info.get("run_id"));
        if !run.is_empty() {
            by_run.entry(run).or_default().push(answer);
        }
    }
    // By the groups that share them: each server's answers.
    let mut shared: BTreeMap<BTreeSet<&str>, Vec<Vec<&ServerAnswer>>> = BTreeMap::new();
    for answers in by_run.into_values() {
        let groups: BTreeSet<&str> = answers.iter().map(|answer| answer.group.as_str()).collect();
        if groups.len() > 1 {
            shared.entry(groups).or_default().push(answers);
        }
    }
    for (groups, servers) in shared {
        found.add(in_several_groups(facts, &groups, &servers));
    }
}

/// Servers that these groups share.
fn in_several_groups(facts: &Facts, groups: &BTreeSet<&str>, servers: &[Vec<&ServerAnswer>]) -> Finding {
    let at: BTreeSet<&Endpoint> = servers.iter().filter_map(|answers| Some(&answers.first()?.at)).collect();
    let names: Vec<String> = groups.iter().map(|name| (*name).to_owned()).collect();
    let list = |lang| (places(at.iter().copied(), lang), super::words::list(&names, lang));
    let ((servers_en, groups_en), (servers_zh, groups_zh)) = (list(Lang::En), list(Lang::Zh));
    let en = match at.len() {
        1 => format!("The server {servers_en} is in several groups: {groups_en}."),
        _ => format!("The servers {servers_en} are in several groups: {groups_en}."),
    };
    let zh = format!("服务器 {servers_zh} 属于多个组：{groups_zh}。");
    let finding = at.iter().fold(Finding::overall(Code::InTwoGroups, en, zh), |finding, at| finding.at(at));
    let watched = |says: &SentinelSays| -> Vec<String> {
        let all = says.groups.iter().map(|group| group.name.as_str());
        all.filter(|name| groups.contains(name)).map(str::to_owned).collect()
    };
    let watching = facts.picture.answering().map(|(sentinel, says)| (sentinel, watched(says)));
    let watching: Vec<_> = watching.filter(|(_, names)| !names.is_empty()).collect();
    let finding = if watching.iter().all(|(_, names)| names.len() == 1) {
        let said = watching.iter().map(|(sentinel, names)| (&sentinel.at, names));
        let finding = said.fold(finding, |finding, (at, names)| {
            let told = |lang: Lang| format!("{} `{}`", lang.pick("watches", "监视"), names.concat());
            finding.says_both(Who::Sentinel(at.clone()), told(Lang::En), told(Lang::Zh))
        });
        finding.advised(WRONG_NAME.0, WRONG_NAME.1)
    } else {
        finding
    };
    finding.all_say(servers.iter().flatten().map(|answer| {
        let run = answer.says.as_ref().map_or("", |(info, _)| info.get("run_id"));
        (server(&answer.at), format!("{}: run_id:{run}", answer.group))
    }))
}

/// What to do where no sentinel has two names for the same servers.
const WRONG_NAME: (&str, &str) = (
    "some sentinels watch these servers under one name, and some under another: they do not count each other, and each group fails over by \
     itself and undoes what the other has done. Most likely the name is written otherwise in the file of some (upper and lower case count, \
     too): on each of these `SENTINEL REMOVE` the wrong name, then `SENTINEL MONITOR` the right one with the address of the master and the \
     quorum that the others have, and set what the others have set (`auth-pass`, `down-after-milliseconds`)",
    "一些哨兵以一个组名监视这些服务器，另一些以另一个组名：它们互不计入，两个组各自故障转移，互相撤销。很可能是某些哨兵的配置文件中组名写得不同\
     （区分大小写）：在这些哨兵上先用 `SENTINEL REMOVE` 移除错误的组名，再用 `SENTINEL MONITOR` 以正确的组名、主节点地址和其他哨兵的法定票数监视，\
     并设置其他哨兵已有的选项（`auth-pass`、`down-after-milliseconds`）",
);

/// Of one group.
pub(super) fn group(view: &GroupView<'_>, found: &mut Found) {
    twice_listed(view, found);
    unknown(view, found);
    known_to_some(view, found);
    down_for_sentinels(view, found);
}

/// One process under several addresses.
fn twice_listed(view: &GroupView<'_>, found: &mut Found) {
    let mut by_run: BTreeMap<&str, Vec<&Endpoint>> = BTreeMap::new();
    for answer in &view.servers {
        if let Some(info) = view.info(answer).filter(|info| info.has("run_id")) {
            by_run.entry(info.get("run_id")).or_default().push(&answer.at);
        }
    }
    for (run, at) in by_run.into_iter().filter(|(_, at)| at.len() > 1) {
        let (en, zh) = (
            format!(
                "One server is listed under several addresses: {}.",
                places(at.iter().copied(), Lang::En)
            ),
            format!("同一台服务器以多个地址出现：{}。", places(at.iter().copied(), Lang::Zh)),
        );
        let mut finding = Finding::of(Code::TwiceListed, view.name, en, zh);
        for at in at {
            finding = finding.at(at).says(server(at), format!("run_id:{run}"));
        }
        found.add(finding);
    }
}

/// Replicas that servers feed and no sentinel lists.
fn unknown(view: &GroupView<'_>, found: &mut Found) {
    if view.all_refused() {
        return; // told as what comes of that
    }
    for stranger in view.strangers() {
        let at = &stranger.at;
        let feeds = |answer: &&&ServerAnswer| {
            view.info(answer).is_some_and(|info| listed_replicas(info).iter().any(|fed| fed.at == *at))
        };
        let Some(parent) = view.servers.iter().find(feeds) else { continue };
        let hidden = stranger.says.as_ref().is_ok_and(|(info, _)| info.get("replica_announced") == "0");
        let below = !view.is_master(&parent.at);
        let new = stranger.says.as_ref().is_ok_and(|(info, _)| is_new(info));
        let (en, zh, severity) = match (hidden, below) {
            (true, _) => (
                format!("The replica {at} is not announced to sentinels, and never promoted."),
                format!("副本 {at} 未通告给哨兵，不会被提升。"),
                Severity::Note,
            ),
            (false, true) => (
                format!("{at} follows the replica {}: the sentinels do not know it.", parent.at),
                format!("{at} 跟随副本 {}：哨兵不认识它。", parent.at),
                Severity::Note,
            ),
            (false, false) => (
                format!("The master feeds a replica that no sentinel knows: {at}."),
                format!("主节点在向哨兵不认识的副本 {at} 复制。"),
                match (new, view.replicas().next().is_none()) {
                    (true, _) => Severity::Note,
                    (false, false) => Severity::Warning,
                    // There is nobody whom they could promote.
                    (false, true) => Severity::Critical,
                },
            ),
        };
        let mut finding = Finding::of(Code::UnknownReplica, view.name, en, zh).as_(severity).at(at);
        if below && !hidden {
            finding = finding.advised(
                "sentinels know the replicas of the master only, so it is never promoted, and after a failover it goes on following the one it \
                 follows. If it is to be known, `REPLICAOF` the master on {at}, or let Watchkeeper keep the chain: \
                 `sentinel replication-topology {group} keep`",
                "哨兵只认识主节点的直接副本，因此它不会被提升，故障转移后仍跟随原来的上级。若要让哨兵认识它，在 {at} 上用 `REPLICAOF` 指向主节点，\
                 或让 Watchkeeper 保留链式复制：`sentinel replication-topology {group} keep`",
            );
        }
        finding = finding.says(server(&parent.at), format!("slaveN:ip={},port={}", at.host, at.port));
        found.add(match &stranger.says {
            Ok((info, _)) => {
                finding.says(server(at), fields(info, &["role", "replica_announced", "uptime_in_seconds"]))
            }
            Err(failure) => finding.says_both(Who::Here, failure.told(Lang::En), failure.told(Lang::Zh)),
        });
    }
}

/// Replicas that one sentinel lists and another does not.
fn known_to_some(view: &GroupView<'_>, found: &mut Found) {
    if view.has_rival() {
        return; // who watches another master reads the replicas of that one
    }
    for answer in view.replicas() {
        let Some(info) = view.info(answer).filter(|info| info.get("role") == "slave") else { continue };
        let is_it = |entry: &Fields| {
            place(entry).is_some_and(|at| view.facts.names.same(&at, &answer.at))
                || info.has("run_id") && entry.get("runid") == info.get("run_id")
        };
        // Whoever names it as the master is another finding.
        let knows = |said: &&Said<'_>| said.group.replicas.iter().any(is_it) || is_it(&said.group.master);
        // Whom the master refuses can't read its replicas there, which is told already.
        let refused = |said: &&Said<'_>| view.refuses(&said.group.master);
        let not: Vec<&Said<'_>> = view.said.iter().filter(|said| !knows(said) && !refused(said)).collect();
        if not.is_empty() {
            continue;
        }
        let at = &answer.at;
        let list = |lang| places(not.iter().map(|said| said.at), lang);
        let (en, zh) = (
            format!("The replica {at} is not known to {}.", list(Lang::En)),
            format!("{} 不认识副本 {at}。", list(Lang::Zh)),
        );
        let said = not
            .iter()
            .map(|said| (said.who(), format!("num-slaves {}", said.group.master.get("num-slaves"))));
        let severity = if is_new(info) { Severity::Note } else { Severity::Warning };
        found.add(Finding::of(Code::UnknownReplica, view.name, en, zh).as_(severity).at(at).all_say(said));
    }
}

/// Whether sentinels need not know it yet.
fn is_new(info: &Fields) -> bool {
    info.number("uptime_in_seconds").is_some_and(|seconds| seconds < NEW_S)
}

/// Servers and sentinels that answer here and not at the sentinels.
fn down_for_sentinels(view: &GroupView<'_>, found: &mut Found) {
    for answer in view.servers.iter().filter(|answer| answer.says.is_ok()) {
        let loading = view.info(answer).is_some_and(is_loading);
        let mut entries = view.entries(&answer.at);
        // Of the master that is another finding, and who is in TILT renews no judgement.
        entries.retain(|(who, entry)| {
            let told = view.is_master(&answer.at) && view.refuses(entry);
            !told && !view.is_tilted(who)
        });
        if !loading {
            down_for(view, &answer.at, entries, found);
        }
    }
    for other in view.said.iter().filter(|other| !other.says.id.is_empty()) {
        let peers = view.said.iter().flat_map(|said| {
            let entries = said.group.sentinels.iter().filter(|entry| entry.get("runid") == other.says.id);
            entries.map(|entry| (said.who(), entry))
        });
        let peers = peers.filter(|(who, _)| !view.is_tilted(who));
        down_for(view, other.at, peers.collect(), found);
    }
}

fn down_for(view: &GroupView<'_>, at: &Endpoint, entries: Vec<(Who, &Fields)>, found: &mut Found) {
    let down: Vec<_> = entries.into_iter().filter(|(_, entry)| entry.flag("s_down")).collect();
    if down.is_empty() {
        return;
    }
    let list = |lang| {
        let names: Vec<String> = down.iter().map(|(who, _)| who.name(lang)).collect();
        super::words::list(&names, lang)
    };
    let (en, zh) = (
        format!("{at} answers here, and is down for {}.", list(Lang::En)),
        format!("{at} 在本机有应答，但{} 认为它下线。", list(Lang::Zh)),
    );
    let finding = Finding::of(Code::DownForSentinels, view.name, en, zh).at(at);
    found.add(down.iter().fold(finding, |finding, (who, entry)| {
        let (en, zh) = match (refuses(entry), entry.flag("disconnected")) {
            (true, _) => (", refused (it answers with errors)", "，被拒绝（应答为错误）"),
            (false, true) => ("", ""),
            (false, false) => (", connected", "，已连接"),
        };
        let (flags, since) = (entry.get("flags"), entry.get("s-down-time"));
        let told = |link: &str, comma: &str| format!("flags {flags}{link}{comma}s-down-time {since}");
        finding.says_both(who.clone(), told(en, ", "), told(zh, "，"))
    }));
}
