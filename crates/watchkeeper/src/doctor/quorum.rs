//! Whether the sentinels of a group can fail over: their number, the quorum, and what is left when a host is lost.

use std::collections::{BTreeMap, BTreeSet};

use watchkeeper_core::Lang;

use super::code::{Code, Severity};
use super::finding::{Finding, Found, Who};
use super::servers::unless_nobody_has_all;
use super::view::{GroupView, Said};
use super::words;
use crate::ask::{Endpoint, Failure, Fields, ServerAnswer, place};

/// Of one group.
pub(super) fn group(view: &GroupView<'_>, found: &mut Found) {
    let able = able(view, found);
    let count = view.known();
    numbers(view, count, found);
    let hosts = Hosts::of(view);
    if able && count > 2 {
        losses(view, &hosts, found);
    }
    one_host(view, &hosts, found);
    loopback(view, found);
}

/// CKQUORUM: whether a failover could be authorized now.
fn able(view: &GroupView<'_>, found: &mut Found) -> bool {
    let (mut failing, mut able) = (Vec::new(), true);
    for said in &view.said {
        match &said.group.quorum_check {
            // It hears all there are: its quorum alone is in the way, which is told as that.
            Err(words) if words.starts_with("NOQUORUM") && wants_too_many(view, said, words) => able = false,
            Err(words) if words.starts_with("NOQUORUM") => failing.push((said.who(), words.clone())),
            Err(words) => found.not_checked(
                said.at,
                words,
                "whether enough sentinels can vote, as this sentinel sees it",
                "该哨兵是否认为有足够的哨兵可投票",
            ),
            Ok(_) => {}
        }
    }
    if failing.is_empty() {
        return able;
    }
    let all = failing.len() == view.said.len();
    let (en, zh) = if all {
        (
            "No failover happens by itself: too few sentinels can be reached.".to_owned(),
            "不会自动故障转移：可达的哨兵不足。".to_owned(),
        )
    } else {
        let (few, of) = (failing.len(), view.known());
        (
            format!("Too few others for a failover are seen by {few} of {of} sentinels."),
            format!("{of} 个哨兵中有 {few} 个看到的哨兵不足以故障转移。"),
        )
    };
    let severity = if all { Severity::Critical } else { Severity::Warning };
    let finding = Finding::of(Code::NoQuorum, view.name, en, zh).as_(severity).all_say(failing);
    found.add(if !view.refused().is_empty() {
        finding.advised(
            "the master refuses the sentinels (WD222), and there they would meet: mend that first, and ask again",
            "主节点拒绝哨兵（WD222），而它们正是在那里互相发现：先解决该问题，再检查",
        )
    } else if view.has_rival() {
        finding.advised(
            "mend first that sentinels name different masters (WD213): each meets the others at the master that it watches, and at the replicas of that",
            "先解决各哨兵给出的主节点不同的问题（WD213）：每个哨兵都在它所监视的主节点及其副本处与其他哨兵互相发现",
        )
    } else if view.known() == 1 {
        finding.advised(KNOWS_NOBODY.0, KNOWS_NOBODY.1)
    } else if enough_are_there(view) {
        finding.advised(
            "enough sentinels answer here, and do not know or do not hear each other: mend that first (WD218, WD249). They meet at the master \
             and its replicas: if it is down and they know no replica, a master comes first (WD202)",
            "本机能收到足够多哨兵的应答，但它们互不认识或互相收不到应答：先解决该问题（WD218、WD249）。它们通过主节点及其副本互相发现：\
             若主节点已下线且它们不认识任何副本，须先有主节点（WD202）",
        )
    } else {
        unless_nobody_has_all(view, finding)
    });
    false
}

/// Whether a sentinel hears all that are known, and its quorum is more than these.
fn wants_too_many(view: &GroupView<'_>, said: &Said<'_>, words: &str) -> bool {
    let usable = words.split(' ').nth(1).and_then(|word| word.parse::<usize>().ok());
    let quorum = said.group.master.number("quorum").and_then(|quorum| usize::try_from(quorum).ok());
    view.known() > 1 && usable == Some(view.known()) && quorum > usable
}

/// What to do about a sentinel that knows no other.
const KNOWS_NOBODY: (&str, &str) = (
    "it knows no other sentinel. If there are others, they do not find each other: look whether they have the same name for the group, and whether their login may PUBLISH and SUBSCRIBE on \
     `__sentinel__:hello` at the master and its replicas (WD267; `--config` with a sentinel's file checks that login), and name them all to \
     this command (`--sentinel`). If there are none, WD229 says what to do",
    "它不认识任何其他哨兵。若还有其他哨兵，则它们未能互相发现：检查它们的组名是否相同，它们的登录能否在主节点及其副本的 `__sentinel__:hello` 上 PUBLISH 和 SUBSCRIBE\
     （WD267；用 `--config` 指定哨兵的配置文件可检查该登录），并在本命令中列出所有哨兵（`--sentinel`）。若没有，见 WD229",
);

/// Whether as many answer here as an election takes.
fn enough_are_there(view: &GroupView<'_>) -> bool {
    let quorum = view.longest("quorum").and_then(|quorum| usize::try_from(quorum).ok()).unwrap_or(0);
    view.said.len() >= quorum.max(view.known() / 2 + 1)
}

fn numbers(view: &GroupView<'_>, count: usize, found: &mut Found) {
    if !view.refused().is_empty() {
        return; // how many there are, they can't know
    }
    let quorums =
        || view.said.iter().map(|said| (said.who(), format!("quorum {}", said.group.master.get("quorum"))));
    let quorum = |said: &Said<'_>| said.group.master.number("quorum").unwrap_or(0);
    let highest = view.said.iter().map(quorum).max().unwrap_or(0);
    let lowest = view.said.iter().map(quorum).min().unwrap_or(0);
    if usize::try_from(highest).is_ok_and(|highest| highest > count) {
        found.add(too_high(view, highest, count).all_say(quorums()));
    }
    if count < 3 {
        let (en, zh) = if count == 1 {
            (
                "Only one sentinel is known, and it knows no other: without it there is no failover.",
                "已知的哨兵只有一个，它不认识其他哨兵：失去它就无法故障转移。",
            )
        } else {
            (
                "Only two sentinels are known: without one there is no failover.",
                "已知的哨兵只有两个：失去一个就无法故障转移。",
            )
        };
        found.add(Finding::of(Code::FewSentinels, view.name, en, zh).besides(
            "If there are more, they do not find each other (WD218)",
            "若实际更多，则它们未能互相发现（WD218）",
        ));
        return;
    }
    if lowest == 1 {
        let few = view.said.iter().filter(|said| quorum(said) == 1).count();
        let (en, zh) = if few == view.said.len() {
            (
                format!("One of {count} sentinels alone can begin a failover: the quorum is 1."),
                format!("{count} 个哨兵中任意一个即可发起故障转移：法定票数为 1。"),
            )
        } else {
            (
                format!("{few} of {count} sentinels can begin a failover alone: there the quorum is 1."),
                format!("{count} 个哨兵中有 {few} 个可独自发起故障转移：其法定票数为 1。"),
            )
        };
        found.add(Finding::of(Code::QuorumOne, view.name, en, zh).all_say(quorums()));
    }
    if count % 2 == 0 {
        let en =
            format!("There are {count} sentinels: {} may be lost, as with {}.", (count - 1) / 2, count - 1);
        let zh = format!("有 {count} 个哨兵：可失去 {} 个，与 {} 个时相同。", (count - 1) / 2, count - 1);
        found.add(Finding::of(Code::EvenSentinels, view.name, en, zh));
    }
}

/// A quorum that those who are known never reach. Others that were asked may be there all the same.
fn too_high(view: &GroupView<'_>, quorum: i64, count: usize) -> Finding {
    let (are, s) = if count == 1 { ("is", "") } else { ("are", "s") };
    let en = format!(
        "The quorum is {quorum}, and only {count} sentinel{s} {are} known: as long as that is so, no failover begins by itself."
    );
    let zh = format!("法定票数为 {quorum}，而已知的哨兵只有 {count} 个：在此期间不会自动故障转移。");
    let asked = view.facts.picture.sentinels.len();
    if asked <= count {
        return Finding::of(Code::QuorumTooHigh, view.name, en, zh);
    }
    let en = format!(
        "The quorum is {quorum}, and of {asked} sentinels that were asked only {count} can be counted."
    );
    let zh = format!("法定票数为 {quorum}，而所询问的 {asked} 个哨兵中只能计入 {count} 个。");
    Finding::of(Code::QuorumTooHigh, view.name, en, zh).advised(
        "do not lower the quorum: look first why the others do not answer or do not watch the group (WD200, WD201, WD205, WD212, WD255)",
        "不要降低法定票数：先查明其余哨兵为何没有应答或没有监视该组（WD200、WD201、WD205、WD212、WD255）",
    )
}

/// A sentinel that is there: it answered, or others hear it and only our login is refused.
struct Seat {
    host: String,
    /// sentinels of the group as it counts them, itself too
    known: usize,
    /// votes that it needs as a leader
    needed: usize,
}

/// Who runs on which host.
struct Hosts {
    sentinels: Vec<Seat>,
    servers: BTreeMap<String, Vec<Endpoint>>,
}

impl Hosts {
    fn of(view: &GroupView<'_>) -> Hosts {
        let names = &view.facts.names;
        let mut hosts = Hosts { sentinels: Vec::new(), servers: BTreeMap::new() };
        for said in &view.said {
            let at = announced(view, &said.says.id).unwrap_or_else(|| said.at.clone());
            let number =
                |name| said.group.master.number(name).and_then(|number| usize::try_from(number).ok());
            let known = number("num-other-sentinels").unwrap_or(0) + 1;
            let needed = (known / 2 + 1).max(number("quorum").unwrap_or(0));
            hosts.sentinels.push(Seat { host: names.host(&at.host), known, needed });
        }
        hosts.sentinels.extend(closed_to_us(view, &hosts.sentinels));
        // A server that answers with a refusal is there, and the master counts even if it is not.
        let there = |server: &&&ServerAnswer| {
            view.is_master(&server.at) || matches!(server.says, Ok(_) | Err(Failure::Refused(_)))
        };
        for server in view.servers.iter().filter(there) {
            hosts.servers.entry(names.host(&server.at.host)).or_default().push(server.at.clone());
        }
        hosts
    }

    /// The sentinels that are left without a host, and the one of them that needs the fewest votes, if they are too few.
    fn too_few_without(&self, host: &str) -> Option<(usize, Option<&Seat>)> {
        let left = || self.sentinels.iter().filter(|seat| seat.host != host);
        let (count, first) = (left().count(), left().min_by_key(|seat| seat.needed));
        first.is_none_or(|seat| seat.needed > count).then_some((count, first))
    }
}

/// Sentinels that refuse our login and are heard by others: they vote all the same, and see what those see.
fn closed_to_us(view: &GroupView<'_>, seats: &[Seat]) -> Vec<Seat> {
    let closed = |at: &Endpoint| {
        let mut refused = view
            .facts
            .picture
            .sentinels
            .iter()
            .filter(|sentinel| matches!(&sentinel.says, Err(why) if why.is_login()));
        refused.any(|sentinel| sentinel.at == *at || sentinel.also_at.contains(at))
    };
    let mut found: BTreeMap<Endpoint, Seat> = BTreeMap::new();
    for (said, seat) in view.said.iter().zip(seats) {
        for entry in
            said.group.sentinels.iter().filter(|entry| !entry.flag("s_down") && !view.is_stale(entry))
        {
            if let Some(at) = place(entry).filter(closed) {
                let host = view.facts.names.host(&at.host);
                found.entry(at).or_insert(Seat { host, known: seat.known, needed: seat.needed });
            }
        }
    }
    found.into_values().collect()
}

/// Where the others list the sentinel with this id.
fn announced(view: &GroupView<'_>, id: &str) -> Option<Endpoint> {
    let mut entries = view.said.iter().flat_map(|said| &said.group.sentinels);
    entries.find(|entry| !id.is_empty() && entry.get("runid") == id).and_then(place)
}

/// Hosts without which the sentinels that are left are too few.
fn losses(view: &GroupView<'_>, hosts: &Hosts, found: &mut Found) {
    let with_sentinels: BTreeSet<&String> = hosts.sentinels.iter().map(|seat| &seat.host).collect();
    if with_sentinels.len() == 1 && hosts.servers.len() == 1 {
        return; // all is on one machine, which is said already
    }
    let master = view.facts.names.host(&view.master.host);
    let mut bad: Vec<(&String, _)> =
        with_sentinels.into_iter().filter_map(|host| Some((host, hosts.too_few_without(host)?))).collect();
    bad.sort_by_key(|(host, _)| **host != master);
    let Some((first, _)) = bad.first() else { return };
    let with_master = **first == master;
    let list = |lang| words::list(&bad.iter().map(|(host, _)| (*host).clone()).collect::<Vec<_>>(), lang);
    let (en, zh) = if with_master {
        (
            format!("If the master's host {first} is lost, nobody takes over: too few sentinels are left."),
            format!("若主节点所在主机 {first} 丢失，无人接替：剩下的哨兵不足。"),
        )
    } else {
        (
            format!("Without any one of these hosts no failover is possible: {}.", list(Lang::En)),
            format!("失去以下任一主机后无法故障转移：{}。", list(Lang::Zh)),
        )
    };
    let severity = if with_master { Severity::Critical } else { Severity::Warning };
    let mut finding = Finding::of(Code::HostLoss, view.name, en, zh).as_(severity);
    for (host, (left, seat)) in bad {
        let there = hosts.sentinels.len() - left;
        let (en, zh) = seat.map_or_else(Default::default, |seat| {
            let (needed, known) = (seat.needed, seat.known);
            (format!("; {needed} of {known} needed"), format!("；需要 {known} 个中的 {needed} 个"))
        });
        finding = finding.says_both(
            Who::Here,
            format!("{host}: sentinels there {there}, elsewhere {left}{en}"),
            format!("{host}：该主机上的哨兵 {there} 个，其他主机 {left} 个{zh}"),
        );
    }
    found.add(finding);
}

fn one_host(view: &GroupView<'_>, hosts: &Hosts, found: &mut Found) {
    let all: usize = hosts.servers.values().map(Vec::len).sum();
    let Some((host, there)) = hosts.servers.iter().next() else { return };
    if hosts.servers.len() > 1 || all < 2 {
        return;
    }
    // A group on one machine that says so is somebody's trial.
    let trial = view.facts.names.is_loopback(&view.master.host)
        && hosts.sentinels.iter().all(|seat| seat.host == *host);
    let (en, zh) = if trial {
        ("All of it runs on this one machine.".to_owned(), "全部运行在这一台机器上。".to_owned())
    } else {
        (format!("All data servers are on the host {host}."), format!("所有数据服务器都在主机 {host} 上。"))
    };
    let severity = if trial { Severity::Note } else { Severity::Warning };
    let finding = Finding::of(Code::OneHost, view.name, en, zh).as_(severity);
    let places = |lang| words::places(there, lang);
    found.add(finding.says_both(Who::Here, places(Lang::En), places(Lang::Zh)));
}

/// Loopback addresses in the lists of sentinels that list others, too.
fn loopback(view: &GroupView<'_>, found: &mut Found) {
    let names = &view.facts.names;
    let entries = |said: &Said<'_>| -> Vec<(&'static str, Endpoint)> {
        let of =
            |kind, list: &[Fields]| list.iter().filter_map(place).map(|at| (kind, at)).collect::<Vec<_>>();
        let mut all = of("REPLICAS", &said.group.replicas);
        all.extend(of("SENTINELS", &said.group.sentinels));
        all.extend(of("MASTER", std::slice::from_ref(&said.group.master)));
        all
    };
    let all: Vec<_> =
        view.said.iter().flat_map(|said| entries(said).into_iter().map(move |entry| (said, entry))).collect();
    let local = |host: &str| names.is_loopback(host);
    if all.iter().all(|(_, (_, at))| local(&at.host)) {
        return;
    }
    let bad: Vec<_> = all.into_iter().filter(|(_, (_, at))| local(&at.host)).collect();
    if bad.is_empty() {
        return;
    }
    let master = bad.iter().any(|(_, (kind, _))| *kind == "MASTER");
    let severity = if master { Severity::Critical } else { Severity::Warning };
    let mut finding = Finding::of(
        Code::Loopback,
        view.name,
        "A loopback address is told to other hosts, where it is another machine.",
        "向其他主机通告了回环地址；在那里它是另一台机器。",
    )
    .as_(severity);
    for (said, (kind, at)) in bad {
        finding = finding.at(&at).says(said.who(), format!("SENTINEL {kind}: {at}"));
    }
    found.add(finding);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ask::SentinelAnswer;
    use crate::doctor::sample::facts;

    #[test]
    fn a_quorum_is_not_to_be_lowered_where_others_were_asked() {
        let mut facts = facts(&[("master", 200)], None, &[]);
        let text = |facts: &_| {
            let view = GroupView::of(facts, "m").unwrap();
            let finding = too_high(&view, 2, view.known());
            (finding.text(Lang::En).to_owned(), finding.hint("m", Lang::En))
        };
        let (said, hint) = text(&facts);
        assert!(said.contains("only 1 sentinel is known:") && hint.contains("quorum N"), "{said} {hint}");
        facts.picture.sentinels.push(SentinelAnswer {
            at: Endpoint::new("s", 2),
            also_at: Vec::new(),
            named: true,
            says: Err(Failure::Silent(1)),
        });
        let (said, hint) = text(&facts);
        assert!(said.contains("of 2 sentinels that were asked only 1 can"), "{said}");
        assert!(hint.starts_with("do not lower the quorum") && !hint.contains("quorum N"), "{hint}");
    }
}
