//! Quorum, majority and who counts: how many sentinels there are, where they run, and whether their ids are their own.

use std::collections::BTreeMap;

use watchkeeper_core::config::{Config, GroupConfig};

use super::codes::{Severity, WK101, WK102, WK103, WK104, WK105, WK106, WK107, WK108, WK109};
use super::names::is_loopback;
use super::{Desk, Sheet, report, say};

/// Fewer do not survive the loss of one.
const SENTINELS_MIN: usize = 3;

/// Each group's votes, and the ids. `sheets` are all files given: each is a sentinel.
pub(super) fn look(desk: &mut Desk<'_>, sheets: &[Sheet]) {
    let config = &desk.sheet.survey.config;
    let mut given: BTreeMap<&str, usize> = BTreeMap::new();
    for group in sheets.iter().flat_map(|sheet| &sheet.survey.config.groups) {
        *given.entry(&group.name.0).or_default() += 1;
    }
    for group in &config.groups {
        let files = given.get(&group.name.0[..]).copied().unwrap_or_default();
        counts(desk, group, known(group, files));
        alone(desk, group, files);
        hosts(desk, config, group);
        ids(desk, config, group);
    }
    own_id(desk);
}

/// How many sentinels the group has, this one included, if the files can tell: a new one knows nobody yet, even if its id was
/// written for it.
fn known(group: &GroupConfig, files: usize) -> Option<usize> {
    let count = (group.peers.len() + 1).max(files);
    (count > 1).then_some(count)
}

/// A sentinel that has asked the master for its replicas would have met the others there as well.
fn alone(desk: &mut Desk<'_>, group: &GroupConfig, files: usize) {
    if !group.peers.is_empty() || group.replicas.is_empty() || files > 1 {
        return;
    }
    let (lang, name) = (desk.lang(), &group.name.0);
    let message = say!(
        lang,
        "this sentinel knows replicas of `{name}`, and no other sentinel",
        "本哨兵知道 `{name}` 的副本，却不知道任何其他哨兵"
    );
    let hint = WK105.fix.pick(lang).to_owned();
    let at = desk.sheet.line_of_group("monitor", group);
    desk.report_with(&WK105, Severity::Note, at, 2, message, hint);
}

fn counts(desk: &mut Desk<'_>, group: &GroupConfig, known: Option<usize>) {
    let at = desk.sheet.line_of_group("monitor", group);
    let (name, quorum) = (&group.name.0, usize::try_from(group.quorum).unwrap_or(usize::MAX));
    if quorum == 1 {
        report!(desk, WK103, at, 5;
            "quorum 1: a single sentinel decides that the master of `{name}` is down",
            "法定票数为 1：单个哨兵就能认定 `{name}` 的主节点下线"
        );
    }
    let Some(known) = known else { return };
    let majority = known / 2 + 1;
    if quorum > known {
        report!(desk, WK101, at, 5;
            "quorum {quorum} of `{name}` can never be reached: sentinels known: {known}",
            "`{name}` 的法定票数 {quorum} 永远达不到：已知哨兵 {known} 个"
        );
    } else if quorum > majority {
        report!(desk, WK102, at, 5;
            "quorum {quorum} of `{name}` is above the majority of {known} sentinels, {majority}",
            "`{name}` 的法定票数 {quorum} 高于 {known} 个哨兵的多数 {majority}"
        );
    }
    if known < SENTINELS_MIN {
        report!(desk, WK105, at, 2;
            "sentinels known of `{name}`: {known}; none of them may fail",
            "`{name}` 的已知哨兵：{known} 个，一个都不能故障"
        );
    } else if known % 2 == 0 {
        let (odd, losses) = (known - 1, known - majority);
        report!(desk, WK104, at, 2;
            "{known} sentinels of `{name}` survive the loss of {losses}, as {odd} would",
            "`{name}` 的 {known} 个哨兵只能容忍 {losses} 个故障，与 {odd} 个时相同"
        );
    }
}

/// The only address this sentinel is known by, as far as its file says.
fn own_host(config: &Config) -> Option<&str> {
    let bound = || match &config.general.bind[..] {
        [only] if !only.contains('*') && only != "0.0.0.0" => Some(&only[..]),
        _ => None,
    };
    config.global.announce_ip.as_deref().or_else(bound)
}

/// Whether any one host holds so many sentinels that its loss is that of the majority.
fn hosts(desk: &mut Desk<'_>, config: &Config, group: &GroupConfig) {
    let mut on: BTreeMap<&str, usize> = BTreeMap::new();
    for host in group.peers.iter().map(|peer| &peer.host[..]).chain(own_host(config)) {
        *on.entry(host).or_default() += 1;
    }
    let all = group.peers.len() + 1;
    let majority = all / 2 + 1;
    let crowded =
        on.iter().find(|(host, count)| **count > 1 && all - **count < majority && !is_loopback(host));
    let Some((host, count)) = crowded.filter(|_| all >= SENTINELS_MIN) else { return };
    let (name, left) = (&group.name.0, all - count);
    let mut lines = desk.all_of_group("known-sentinel", group);
    let at = lines.find(|(_, line)| line.words.get(3).is_some_and(|word| word == host.as_bytes()));
    let at = at.map(|(at, _)| at);
    report!(desk, WK106, at, 3;
        "{count} of {all} sentinels of `{name}` are on `{host}`; votes left without it: {left}, needed: {majority}",
        "`{name}` 的 {all} 个哨兵中有 {count} 个在 `{host}` 上：没有它只剩 {left} 个，而需要 {majority} 票"
    );
}

fn ids(desk: &mut Desk<'_>, config: &Config, group: &GroupConfig) {
    let own = config.global.myid.as_ref();
    let mut at_address: BTreeMap<(&str, u16), usize> = BTreeMap::new();
    for peer in &group.peers {
        *at_address.entry((&peer.host, peer.port)).or_default() += 1;
        if own == Some(&peer.id) {
            let mut lines = desk.all_of_group("known-sentinel", group);
            let at =
                lines.find(|(_, line)| line.words.get(5).is_some_and(|word| word == peer.id.0.as_bytes()));
            let at = at.map(|(at, _)| at);
            let (host, port) = (&peer.host, peer.port);
            report!(desk, WK107, at, 5;
                "the sentinel at `{host}:{port}` has the id of this one",
                "`{host}:{port}` 处的哨兵与本哨兵 id 相同"
            );
        }
    }
    for ((host, port), _) in at_address.into_iter().filter(|(_, count)| *count > 1) {
        let is_there = |word: Option<&Vec<u8>>| word.is_some_and(|word| word == host.as_bytes());
        let port_text = port.to_string();
        let lines = desk.all_of_group("known-sentinel", group);
        let at = lines
            .filter(|(_, line)| {
                is_there(line.words.get(3)) && line.words.get(4) == Some(&port_text.clone().into_bytes())
            })
            .last()
            .map(|(at, _)| at);
        report!(desk, WK109, at, 3;
            "`{host}:{port}` is known by several ids",
            "`{host}:{port}` 有多个 id"
        );
    }
}

fn own_id(desk: &mut Desk<'_>) {
    let Some(id) = &desk.sheet.survey.config.global.myid else { return };
    let one_letter = id.0.chars().next().is_some_and(|first| id.0.chars().all(|letter| letter == first));
    if !one_letter && !id.0.starts_with("0123456789") {
        return;
    }
    report!(desk, WK108, desk.sheet.global("myid"), 2;
        "this id was not made by a sentinel",
        "这个 id 不是由哨兵生成的"
    );
}
