//! The sentinels: whether they answer, are themselves, and say the same.

use std::collections::BTreeMap;

use watchkeeper_core::Lang;

use super::code::{Code, Severity};
use super::facts::Facts;
use super::finding::{Finding, Found, Who};
use super::view::{GroupView, Said};
use crate::ask::{Endpoint, Failure, Fields, SentinelAnswer, SentinelSays, place};

/// What is compared between sentinels besides the quorum.
const SETTINGS: &[&str] = &["down-after-milliseconds", "failover-timeout", "parallel-syncs"];

/// Of the deployment.
pub(super) fn deployment(facts: &Facts, found: &mut Found) {
    for sentinel in &facts.picture.sentinels {
        if let Err(failure) = &sentinel.says {
            found.add(absent(facts, sentinel, failure));
        }
    }
    needless(facts, found);
    tilt(facts, found);
    same_ids(facts, found);
    for (sentinel, says) in facts.picture.answering() {
        let flags = says.info.number("sentinel_simulate_failure_flags").unwrap_or(0);
        if flags != 0 {
            found.add(
                Finding::overall(
                    Code::FailureSimulated,
                    format!("The sentinel {} is set to crash when it leads a failover.", sentinel.at),
                    format!("哨兵 {} 被设置为在执行故障转移时崩溃。", sentinel.at),
                )
                .at(&sentinel.at)
                .says(who(sentinel), format!("sentinel_simulate_failure_flags:{flags}")),
            );
        }
    }
    versions(facts, found);
}

fn who(sentinel: &SentinelAnswer) -> Who {
    Who::Sentinel(sentinel.at.clone())
}

/// A sentinel that says nothing.
fn absent(facts: &Facts, sentinel: &SentinelAnswer, failure: &Failure) -> Finding {
    let at = &sentinel.at;
    if let Some(finding) = data_server(facts, sentinel, failure) {
        return finding;
    }
    let finding = if failure.is_login() {
        Finding::overall(
            Code::SentinelLogin,
            format!("The sentinel {at} refuses the login: what it knows is not looked at."),
            format!("哨兵 {at} 拒绝登录：未能检查它所知的情况。"),
        )
    } else {
        Finding::overall(
            Code::SentinelSilent,
            format!("The sentinel {at} does not answer."),
            format!("哨兵 {at} 没有应答。"),
        )
    };
    let said = facts.picture.answering().flat_map(|(other, says)| {
        says.groups.iter().flat_map(move |group| {
            let entries = group.sentinels.iter().filter(|entry| place(entry).as_ref() == Some(at));
            entries.map(move |entry| (who(other), format!("{}: flags {}", group.name, entry.get("flags"))))
        })
    });
    finding.at(at).says_both(Who::Here, failure.told(Lang::En), failure.told(Lang::Zh)).all_say(said)
}

/// Something that answers and is no sentinel: it says so, or wants a password and is listed as a server.
fn data_server(facts: &Facts, sentinel: &SentinelAnswer, failure: &Failure) -> Option<Finding> {
    let at = &sentinel.at;
    let listed = facts.picture.servers.iter().find(|server| facts.names.same(&server.at, at));
    let listed = listed.map(|server| &server.group);
    if failure.other_mode().is_none() && (listed.is_none() || !failure.is_login()) {
        return None;
    }
    let (en, zh) = match listed {
        Some(group) => (
            format!("{at} is no sentinel: it is a data server of the group `{group}`."),
            format!("{at} 不是哨兵：它是组 `{group}` 的数据服务器。"),
        ),
        None => (
            format!("{at} is no sentinel: it is a data server, of no group that was found."),
            format!("{at} 不是哨兵：它是数据服务器，不属于已找到的任何组。"),
        ),
    };
    let finding = Finding::overall(Code::NoSentinel, en, zh).at(at);
    Some(finding.says_both(Who::Here, failure.told(Lang::En), failure.told(Lang::Zh)))
}

/// A password that sentinels do not ask for.
fn needless(facts: &Facts, found: &mut Found) {
    let open = facts.watchers.iter().filter(|(_, watcher)| watcher.open_to_all);
    let open: Vec<&Endpoint> = open.map(|(at, _)| at).collect();
    if open.is_empty() {
        return;
    }
    let list = |lang| super::words::places(open.iter().copied(), lang);
    let (en, zh) = (
        format!("The sentinels have no password, though one is given: {}.", list(Lang::En)),
        format!("给出了密码，但哨兵没有设置密码：{}。", list(Lang::Zh)),
    );
    let finding = Finding::overall(Code::PasswordNeedless, en, zh).advised(
        "everybody who reaches {at} may change what is watched, and fail over. If a password is meant to be: \
         `SENTINEL CONFIG SET sentinel-pass` on all, then the same `requirepass` in their files, and start them again one after \
         another; else leave it out here (`WATCHKEEPER_PASS`, `--pass-file`) and in their files (`sentinel sentinel-pass`)",
        "任何能连到 {at} 的人都可更改监视配置并触发故障转移。若本应有密码：在所有哨兵上执行 `SENTINEL CONFIG SET sentinel-pass`，\
         再在它们的配置文件中设置相同的 `requirepass`，逐个重启；否则请在这里（`WATCHKEEPER_PASS`、`--pass-file`）和它们的配置文件\
         （`sentinel sentinel-pass`）中去掉密码",
    );
    found.add(open.into_iter().fold(finding, |finding, at| {
        let (en, zh) = ("lets in without the password", "无需密码即可登录");
        finding.at(at).says_both(Who::Sentinel(at.clone()), en, zh)
    }));
}

fn tilt(facts: &Facts, found: &mut Found) {
    let tilted: Vec<_> =
        facts.picture.answering().filter(|(_, says)| says.info.get("sentinel_tilt") == "1").collect();
    if tilted.is_empty() {
        return;
    }
    let (all, answering) = (facts.picture.sentinels.len(), facts.picture.answering().count());
    let list = |lang| super::words::places(tilted.iter().map(|(sentinel, _)| &sentinel.at), lang);
    let mut finding = Finding::overall(
        Code::Tilt,
        format!("{} of {all} sentinels in TILT: {}.", tilted.len(), list(Lang::En)),
        format!("{all} 个哨兵中有 {} 个处于 TILT：{}。", tilted.len(), list(Lang::Zh)),
    );
    if answering - tilted.len() < all / 2 + 1 {
        finding = finding.as_(Severity::Critical);
    }
    for (sentinel, says) in tilted {
        let since = says.info.get("sentinel_tilt_since_seconds");
        finding =
            finding.at(&sentinel.at).says(who(sentinel), format!("sentinel_tilt_since_seconds:{since}"));
    }
    found.add(finding);
}

fn same_ids(facts: &Facts, found: &mut Found) {
    let mut by_id: BTreeMap<&str, Vec<&SentinelAnswer>> = BTreeMap::new();
    for (sentinel, says) in facts.picture.answering().filter(|(_, says)| !says.id.is_empty()) {
        by_id.entry(&says.id).or_default().push(sentinel);
    }
    for (id, sentinels) in by_id.into_iter().filter(|(_, sentinels)| sentinels.len() > 1) {
        let list = |lang| super::words::places(sentinels.iter().map(|sentinel| &sentinel.at), lang);
        let mut finding = Finding::overall(
            Code::SameId,
            format!("Several processes are the same sentinel to all others: {}.", list(Lang::En)),
            format!("多个进程在其他哨兵看来是同一个哨兵：{}。", list(Lang::Zh)),
        );
        for sentinel in &sentinels {
            finding = finding.says(who(sentinel), format!("SENTINEL MYID {id}"));
        }
        let last = sentinels.last().map(|sentinel| &sentinel.at);
        found.add(last.map_or(finding.clone(), |last| finding.at(last)));
    }
}

/// Which program it is, and of which version.
fn version(says: &SentinelSays) -> String {
    let of = |field: &str| says.info.has(field).then(|| says.info.get(field));
    match (of("watchkeeper_version"), of("valkey_version")) {
        (Some(version), _) => format!("watchkeeper {version}"),
        (None, Some(version)) => format!("valkey {version}"),
        (None, None) => format!("redis {}", says.info.get("redis_version")),
    }
}

fn versions(facts: &Facts, found: &mut Found) {
    let all: Vec<_> =
        facts.picture.answering().map(|(sentinel, says)| (who(sentinel), version(says))).collect();
    if all.windows(2).any(|pair| pair[0].1 != pair[1].1) {
        let finding = Finding::overall(
            Code::SentinelVersions,
            "The sentinels are of different versions.",
            "各哨兵的版本不同。",
        );
        found.add(finding.all_say(all));
    }
}

/// Of one group.
pub(super) fn group(view: &GroupView<'_>, found: &mut Found) {
    missing(view, found);
    watches_sentinel(view, found);
    lists_sentinel(view, found);
    if view.in_failover() {
        let finding =
            Finding::of(Code::FailoverRunning, view.name, "A failover is going on.", "正在进行故障转移。");
        let said = view.said.iter().filter(|said| said.group.master.flag("failover_in_progress"));
        let said = said.map(|said| {
            (
                said.who(),
                format!(
                    "flags {}, {}",
                    said.group.master.get("flags"),
                    said.group.master.get("failover-state")
                ),
            )
        });
        found.add(finding.all_say(said));
    }
    if !masters_disputed(view, found) {
        differing(
            view,
            &["config-epoch"],
            Finding::of(
                Code::EpochsDiffer,
                view.name,
                "The sentinels have different configuration epochs.",
                "各哨兵的配置纪元不同。",
            ),
            found,
        );
    }
    let quorums = Finding::of(
        Code::QuorumsDiffer,
        view.name,
        "The sentinels have different quorums.",
        "各哨兵的法定票数不同。",
    );
    differing(view, &["quorum"], quorums, found);
    for setting in SETTINGS {
        let finding = Finding::of(
            Code::TimingsDiffer,
            view.name,
            format!("The sentinels differ in `{setting}`."),
            format!("各哨兵的 `{setting}` 不同。"),
        );
        differing(view, &[setting], finding, found);
    }
    stale_peers(view, found);
    unknown_peers(view, found);
}

/// A finding, if not all sentinels have the same in these fields of the group.
fn differing(view: &GroupView<'_>, fields: &[&str], finding: Finding, found: &mut Found) {
    let value = |said: &Said<'_>| {
        fields
            .iter()
            .map(|field| format!("{field} {}", said.group.master.get(field)))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let all: Vec<(Who, String)> = view.said.iter().map(|said| (said.who(), value(said))).collect();
    if all.windows(2).any(|pair| pair[0].1 != pair[1].1) {
        found.add(finding.all_say(all));
    }
}

/// Sentinels that do not watch a group for which others count on them.
fn missing(view: &GroupView<'_>, found: &mut Found) {
    for (sentinel, says) in view.facts.picture.answering() {
        if says.groups.iter().any(|group| group.name == view.name) {
            continue;
        }
        let is_it = |entry: &&Fields| {
            place(entry).is_some_and(|at| at == sentinel.at || sentinel.also_at.contains(&at))
                || !says.id.is_empty() && entry.get("runid") == says.id
        };
        let listed = view.said.iter().filter_map(|said| {
            let entry = said.group.sentinels.iter().find(is_it)?;
            Some((said.who(), format!("SENTINEL SENTINELS: flags {}", entry.get("flags"))))
        });
        let listed: Vec<_> = listed.collect();
        if listed.is_empty() {
            continue;
        }
        let at = &sentinel.at;
        found.add(
            Finding::of(
                Code::GroupMissing,
                view.name,
                format!("The sentinel {at} does not watch this group; others count on it."),
                format!("哨兵 {at} 没有监视这个组，而其他哨兵把它计算在内。"),
            )
            .at(at)
            .all_say(listed),
        );
    }
}

fn masters_disputed(view: &GroupView<'_>, found: &mut Found) -> bool {
    let named = view.said.iter().filter_map(|said| Some((said, place(&said.group.master)?)));
    let named: Vec<_> = named.collect();
    if named.iter().all(|(_, at)| view.is_master(at)) {
        return false;
    }
    let mut finding = disputed(view, &named.iter().map(|(_, at)| at).collect::<Vec<_>>());
    for (said, at) in &named {
        let epoch = said.group.master.get("config-epoch");
        finding = finding.at(at).says(said.who(), format!("SENTINEL MASTER: {at}, config-epoch {epoch}"));
    }
    for (at, role) in roles(view, named.iter().map(|(_, at)| at)) {
        finding = finding.says(Who::Server(at), format!("role:{role}"));
    }
    for server in view.servers.iter().filter(|server| view.is_nothing_but_named(server)) {
        let Err(failure) = &server.says else { continue };
        let told = |lang: Lang| format!("{}{}{}", server.at, lang.pick(": ", "："), failure.told(lang));
        finding = finding.says_both(Who::Here, told(Lang::En), told(Lang::Zh));
    }
    found.add(finding);
    true
}

/// What those of these places that answer as data servers say they are, each once.
fn roles<'a>(
    view: &GroupView<'_>,
    named: impl IntoIterator<Item = &'a Endpoint>,
) -> BTreeMap<Endpoint, String> {
    let role = |at: &Endpoint| {
        let server = view.servers.iter().find(|server| server.at == *at)?;
        Some((at.clone(), view.info(server)?.get("role").to_owned()))
    };
    named.into_iter().filter_map(role).collect()
}

/// Different masters: whether clients write to several of them depends on what these say they are, and whether the sentinels
/// put it right by themselves, on their epochs.
fn disputed(view: &GroupView<'_>, named: &[&Endpoint]) -> Finding {
    let roles = roles(view, named.iter().copied());
    let masters: Vec<&Endpoint> =
        roles.iter().filter(|(_, role)| *role == "master").map(|(at, _)| at).collect();
    let rival = view.has_rival();
    let (en, zh) = match masters[..] {
        [one] => (
            format!("The sentinels name different masters; only {one} says that it is one."),
            format!("各哨兵给出的主节点不同；只有 {one} 自称主节点。"),
        ),
        _ => ("The sentinels name different masters.".to_owned(), "各哨兵给出的主节点不同。".to_owned()),
    };
    let finding = Finding::of(Code::MasterDisputed, view.name, en, zh);
    match (rival, masters.len()) {
        (true, 2..) => finding.advised(TWO_WATCHED.0, TWO_WATCHED.1),
        (true, _) => finding.advised(WRONGLY_WATCHED.0, WRONGLY_WATCHED.1),
        (false, 2..) => finding.besides(
            "Several of them say that they are a master: what is written to the one of the older epoch is lost when it is made a replica",
            "其中多台自称主节点：写入较旧纪元那台的数据，在它成为副本时会丢失",
        ),
        (false, _) => finding,
    }
}

/// What to do where the epochs are the same, and one of those named at most says that it is a master.
const WRONGLY_WATCHED: (&str, &str) = (
    "clients that ask a sentinel which names the wrong one find no master there. Their epochs are the same, so no sentinel corrects another: \
     if it stays so for longer than some seconds, the `sentinel monitor` line of some may have a wrong address or port. On these: \
     `SENTINEL REMOVE {group}`, then `SENTINEL MONITOR {group} IP PORT QUORUM` with those of the master, and the settings that the others have",
    "客户端若询问给错的哨兵，在那里找不到主节点。它们的纪元相同，哨兵之间不会互相纠正：若持续超过数秒，可能是某些哨兵的 `sentinel monitor` \
     一行地址或端口有误。在这些哨兵上执行 `SENTINEL REMOVE {group}`，再用主节点的地址执行 `SENTINEL MONITOR {group} IP PORT QUORUM`，\
     并设置与其他哨兵相同的选项",
);
/// The same where several do.
const TWO_WATCHED: (&str, &str) = (
    "clients write to different servers, and the epochs are the same, so no sentinel corrects another: the `sentinel monitor` line of some \
     may have a wrong address or port, or these are two groups under one name. Find out which server has the data; on the sentinels that name \
     another one: `SENTINEL REMOVE {group}`, then `SENTINEL MONITOR {group} IP PORT QUORUM` with the right one, and the settings that the others \
     have. A server that is made a replica of it loses its own data",
    "客户端会写到不同的服务器；纪元相同，哨兵之间不会互相纠正：可能是某些哨兵的 `sentinel monitor` 一行地址或端口有误，或两个组用了同一个名字。\
     查明数据在哪台服务器上；在给出其他服务器的哨兵上执行 `SENTINEL REMOVE {group}`，再用正确的地址执行 `SENTINEL MONITOR {group} IP PORT QUORUM`，\
     并设置与其他哨兵相同的选项。若某台服务器成为它的副本，其自身的数据会丢失",
);

/// Sentinels that watch a sentinel as if it were a data server: it answers their PING, so nobody misses it.
fn watches_sentinel(view: &GroupView<'_>, found: &mut Found) {
    let is_sentinel = |at: &Endpoint| view.sentinels_as_servers().any(|sentinel| sentinel == at);
    let mut watching: BTreeMap<Endpoint, Vec<&Said<'_>>> = BTreeMap::new();
    for said in &view.said {
        if let Some(at) = place(&said.group.master).filter(is_sentinel) {
            watching.entry(at).or_default().push(said);
        }
    }
    for (at, watching) in watching {
        let list = |lang| super::words::places(watching.iter().map(|said| said.at), lang);
        let (en, zh) = (
            format!(
                "{at} is watched as the master, and is a sentinel, no data server: by {}.",
                list(Lang::En)
            ),
            format!("{at} 被当作主节点监视，但它是哨兵，不是数据服务器；监视它的哨兵：{}。", list(Lang::Zh)),
        );
        let said = watching.iter().map(|said| (said.who(), format!("SENTINEL MASTER: {at}")));
        let finding = Finding::of(Code::SentinelWatched, view.name, en, zh).at(&at).all_say(said);
        found.add(finding.says_both(Who::Here, INFO_OF_SENTINEL.0, INFO_OF_SENTINEL.1));
    }
}

const INFO_OF_SENTINEL: (&str, &str) =
    ("INFO of a sentinel (redis_mode or server_mode)", "哨兵的 INFO（redis_mode 或 server_mode）");

/// Sentinels that list a sentinel as a replica: they took it for the master before.
fn lists_sentinel(view: &GroupView<'_>, found: &mut Found) {
    for at in view.sentinels_as_servers() {
        let lists = |said: &&Said<'_>| said.group.replicas.iter().any(|it| place(it).as_ref() == Some(at));
        let listing: Vec<&Said<'_>> = view.said.iter().filter(lists).collect();
        if listing.is_empty() {
            continue;
        }
        let list = |lang| super::words::places(listing.iter().map(|said| said.at), lang);
        let (en, zh) = (
            format!("{at} is listed as a replica, and is a sentinel, no data server: by {}.", list(Lang::En)),
            format!("{at} 被列为副本，但它是哨兵，不是数据服务器；列出它的哨兵：{}。", list(Lang::Zh)),
        );
        let said = listing.iter().map(|said| (said.who(), format!("SENTINEL REPLICAS: {at}")));
        let finding = Finding::of(Code::SentinelWatched, view.name, en, zh).as_(Severity::Warning).at(at);
        let finding = finding.all_say(said).says_both(Who::Here, INFO_OF_SENTINEL.0, INFO_OF_SENTINEL.1);
        let up = view.master_info().is_some_and(|info| info.get("role") == "master");
        let (en, zh) = if up { FORGET_IT } else { FORGET_IT_LATER };
        found.add(finding.advised(en, zh));
    }
}

/// What to do about a sentinel that is listed as a replica: while the master is up.
const FORGET_IT: (&str, &str) = (
    "it has no data and can't take over. `SENTINEL RESET {group}` on each sentinel that lists it, one after another, with half a minute between: \
     such a sentinel forgets its lists and learns them anew at the master",
    "它没有数据，无法接替主节点。在列出它的每个哨兵上逐个执行 `SENTINEL RESET {group}`，间隔半分钟：该哨兵会清空列表，再从主节点重新获知",
);
/// While it is not.
const FORGET_IT_LATER: (&str, &str) = (
    "it has no data and can't take over. Once the master is up, not before (a sentinel that forgets its lists learns them anew only there): \
     `SENTINEL RESET {group}` on each sentinel that lists it, one after another, with half a minute between",
    "它没有数据，无法接替主节点。等主节点恢复后（不要提前：哨兵清空列表后只能从主节点重新获知），在列出它的每个哨兵上逐个执行 \
     `SENTINEL RESET {group}`，间隔半分钟",
);

/// Entries at whose address another sentinel answers than the one they name, or which have lost their address to one.
fn stale_peers(view: &GroupView<'_>, found: &mut Found) {
    // By id: where, and who lists it.
    let mut stale: BTreeMap<&str, (Option<Endpoint>, Vec<Who>)> = BTreeMap::new();
    for said in &view.said {
        for entry in &said.group.sentinels {
            let (id, at) = (entry.get("runid"), place(entry));
            if view.is_stale(entry) {
                let (known, listing) = stale.entry(id).or_default();
                *known = known.take().or(at);
                listing.push(said.who());
            }
        }
    }
    for (id, (at, listing)) in stale {
        let finding = match &at {
            Some(at) => Finding::of(
                Code::StalePeer,
                view.name,
                format!("A sentinel is listed at {at} that is not there any more: another one answers."),
                format!("列表中位于 {at} 的哨兵已不存在：那里应答的是另一个哨兵。"),
            )
            .at(at),
            None => Finding::of(
                Code::StalePeer,
                view.name,
                "A sentinel is listed whose address belongs to another one now.",
                "列表中有一个哨兵，其地址已属于另一个哨兵。",
            ),
        };
        let shown = at.as_ref().map(|at| format!(" {at}")).unwrap_or_default();
        let now = view.facts.picture.answering().find(|(sentinel, _)| Some(&sentinel.at) == at.as_ref());
        let now = now.map(|(sentinel, says)| (who(sentinel), format!("SENTINEL MYID {}", says.id)));
        let lists = listing.into_iter().map(|who| (who, format!("SENTINEL SENTINELS: {id}{shown}")));
        found.add(finding.all_say(lists).all_say(now));
    }
}

/// Sentinels of this group that another one of it does not list.
fn unknown_peers(view: &GroupView<'_>, found: &mut Found) {
    if !view.refused().is_empty() || view.has_rival() {
        return; // they would meet at the master
    }
    for other in view.said.iter().filter(|other| !other.says.id.is_empty()) {
        let knows = |said: &&Said<'_>| {
            said.says.id == other.says.id
                || said.group.sentinels.iter().any(|entry| entry.get("runid") == other.says.id)
        };
        let not: Vec<_> = view.said.iter().filter(|said| !knows(said)).collect();
        if not.is_empty() {
            continue;
        }
        let list = |lang| super::words::places(not.iter().map(|said| said.at), lang);
        let said = not.iter().map(|said| {
            (said.who(), format!("num-other-sentinels {}", said.group.master.get("num-other-sentinels")))
        });
        found.add(
            Finding::of(
                Code::PeerUnknown,
                view.name,
                format!("The sentinel {} is not known to {}.", other.at, list(Lang::En)),
                format!("{} 不认识哨兵 {}。", list(Lang::Zh), other.at),
            )
            .at(other.at)
            .all_say(said),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::facts::Watcher;
    use crate::doctor::sample::facts;

    #[test]
    fn a_sentinel_that_is_listed_as_a_replica_is_told_with_who_lists_it() {
        for (master, first) in [(Some("role:master"), "`SENTINEL RESET m`"), (None, "Once the master is up")]
        {
            let mut facts = facts(&[("master", 200); 2], master, &["role:slave"]);
            facts.picture.servers[1].says = Err(Failure::no_server());
            let listed = Fields::info("ip:h\r\nport:6380\r\nflags:slave\r\n");
            facts.picture.sentinels[1].says.as_mut().unwrap().groups[0].replicas = vec![listed];
            let mut found = Found::default();
            group(&GroupView::of(&facts, "m").unwrap(), &mut found);
            let mut told = found.findings.iter().filter(|finding| finding.code == Code::SentinelWatched);
            let Some(finding) = told.next() else { panic!("{:?}", found.findings) };
            let text = "h:6380 is listed as a replica, and is a sentinel, no data server: by s:2.";
            assert_eq!((finding.text(Lang::En), told.count()), (text, 0));
            let hint = finding.hint("m", Lang::En);
            assert!(hint.starts_with(&format!("it has no data and can't take over. {first}")), "{hint}");
        }
    }

    #[test]
    fn a_password_that_a_sentinel_does_not_ask_for_is_told() {
        let mut facts = facts(&[("master", 200), ("master", 200)], None, &[]);
        let mut found = Found::default();
        needless(&facts, &mut found);
        assert!(found.findings.is_empty());
        for (number, open_to_all) in [(1, true), (2, false)] {
            facts.watchers.insert(Endpoint::new("s", number), Watcher { open_to_all, ..Watcher::default() });
        }
        needless(&facts, &mut found);
        let [finding] = &found.findings[..] else { panic!("{:?}", found.findings) };
        assert_eq!((finding.code, &finding.at[..]), (Code::PasswordNeedless, &[Endpoint::new("s", 1)][..]));
        assert_eq!(finding.text(Lang::En), "The sentinels have no password, though one is given: s:1.");
    }
}
