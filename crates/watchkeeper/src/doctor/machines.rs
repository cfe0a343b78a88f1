//! What surrounds the processes: names, clocks, versions, certificates, round trips, files.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;

use watchkeeper_core::Lang;

use super::certificate;
use super::code::{Code, Severity};
use super::facts::Facts;
use super::finding::{Finding, Found, Who};
use super::view::GroupView;
use super::words::places;
use crate::ask::{Endpoint, Failure, Fields};
use crate::daemon::strerror;
use crate::said::told;

/// Clocks may be so far apart.
const CLOCKS_MS: i64 = 2_000;
/// A certificate must hold for so many days.
const DAYS: i64 = 30;
/// `down-after-milliseconds` must be so many round trips.
const ROUND_TRIPS: u64 = 10;

/// Of the deployment.
pub(super) fn deployment(facts: &Facts, found: &mut Found) {
    // What servers call each other may well mean something where they are.
    let places = facts.picture.sentinels.iter().map(|sentinel| &sentinel.at);
    let places = places.chain(facts.picture.servers.iter().map(|server| &server.at));
    let asked: BTreeSet<&str> = places.map(|at| at.host.as_str()).collect();
    for (host, why) in facts.names.unresolved().filter(|(host, _)| asked.contains(host)) {
        let (en, zh) = (
            format!("The name `{host}` does not resolve here."),
            format!("主机名 `{host}` 在本机无法解析。"),
        );
        found.add(Finding::overall(Code::NameUnresolved, en, zh).says_both(
            Who::Here,
            why,
            told(why, Lang::Zh),
        ));
    }
    clocks(facts, found);
    certificates(facts, found);
}

/// Of one group.
pub(super) fn group(view: &GroupView<'_>, found: &mut Found) {
    versions(view, found);
    round_trips(view, found);
    let local = view.facts.local.get(view.name);
    for script in local.into_iter().flat_map(|local| &local.scripts) {
        let why = match std::fs::metadata(script) {
            Ok(file) if file.is_file() && file.permissions().mode() & 0o111 != 0 => continue,
            Ok(file) => format!("mode {:o}", file.permissions().mode()),
            Err(error) => strerror(&error),
        };
        let (en, zh) =
            (format!("The script `{script}` can't be run."), format!("脚本 `{script}` 无法执行。"));
        let finding = Finding::of(Code::ScriptNotExecutable, view.name, en, zh);
        found.add(finding.says_both(Who::Here, why.clone(), told(&why, Lang::Zh)));
    }
}

fn clocks(facts: &Facts, found: &mut Found) {
    let servers =
        facts.closer.iter().filter_map(|((_, at), closer)| Some((Who::Server(at.clone()), closer.ahead_ms?)));
    let sentinels = facts
        .watchers
        .iter()
        .filter_map(|(at, watcher)| Some((Who::Sentinel(at.clone()), watcher.ahead_ms?)));
    let mut all: Vec<(Who, i64)> = servers.chain(sentinels).collect();
    all.sort_by_key(|(_, ahead)| *ahead);
    let (Some((_, slowest)), Some((_, fastest))) = (all.first(), all.last()) else { return };
    let apart = fastest - slowest;
    if apart < CLOCKS_MS {
        return;
    }
    // Whoever is far from the middle one is wrong, most likely.
    let middle = all[all.len() / 2].1;
    let wrong: Vec<_> = all.iter().filter(|(_, ahead)| (ahead - middle).abs() >= CLOCKS_MS / 2).collect();
    let of: Vec<&Endpoint> = wrong.iter().filter_map(|(who, _)| who.at()).collect();
    let list = |lang| places(of.iter().copied(), lang);
    let seconds = apart as f64 / 1000.0;
    let (en, zh) = (
        format!("Clocks are {seconds:.1} s apart. Wrong, most likely: {}.", list(Lang::En)),
        format!("时钟相差 {seconds:.1} 秒。最可能有误的是：{}。", list(Lang::Zh)),
    );
    let finding = of.iter().fold(Finding::overall(Code::Clocks, en, zh), |finding, at| finding.at(at));
    found.add(wrong.into_iter().fold(finding, |finding, (who, ahead)| {
        let off = (ahead - middle) as f64 / 1000.0;
        let (en, zh) =
            (format!("{off:+.1} s from the middle clock"), format!("与居中的时钟相差 {off:+.1} 秒"));
        finding.says_both(who.clone(), en, zh)
    }));
}

fn certificates(facts: &Facts, found: &mut Found) {
    let of_servers =
        facts.closer.iter().map(|((_, at), closer)| (Who::Server(at.clone()), at, closer.not_after));
    let of_sentinels =
        facts.watchers.iter().map(|(at, watcher)| (Who::Sentinel(at.clone()), at, watcher.not_after));
    for (who, at, not_after) in of_servers.chain(of_sentinels) {
        let Some(days) = not_after.map(certificate::days_left).filter(|days| *days < DAYS) else { continue };
        let (en, zh) = (
            format!("The certificate of {at} ends in {days} days."),
            format!("{at} 的证书将在 {days} 天后到期。"),
        );
        let end = not_after.and_then(|at| jiff::Timestamp::from_second(at).ok()).map(|at| at.to_string());
        let finding = Finding::overall(Code::CertificateEnds, en, zh).at(at);
        found.add(finding.says(who, format!("notAfter {}", end.unwrap_or_default())));
    }
    let sentinels = facts
        .picture
        .sentinels
        .iter()
        .filter_map(|sentinel| Some((&sentinel.at, sentinel.says.as_ref().err()?)));
    let servers =
        facts.picture.servers.iter().filter_map(|server| Some((&server.at, server.says.as_ref().err()?)));
    for (at, failure) in sentinels.chain(servers) {
        let Failure::Unreachable(why) = failure else { continue };
        // The words of rustls.
        if why.contains("certificate expired") || why.contains("Expired") {
            let (en, zh) = (format!("The certificate of {at} has expired."), format!("{at} 的证书已过期。"));
            let finding = Finding::overall(Code::CertificateEnds, en, zh).as_(Severity::Critical).at(at);
            found.add(finding.says(Who::Here, why));
        }
    }
}

/// Which program, and its version as numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Version {
    valkey: bool,
    numbers: Vec<u32>,
}

impl Version {
    fn of(info: &Fields) -> Version {
        let valkey = info.has("valkey_version");
        let field = if valkey { "valkey_version" } else { "redis_version" };
        Version { valkey, numbers: info.get(field).split('.').map_while(|part| part.parse().ok()).collect() }
    }

    /// The first two numbers; none: it does not say.
    fn short(&self) -> Option<(u32, u32)> {
        Some((*self.numbers.first()?, *self.numbers.get(1)?))
    }

    /// The newest format of a snapshot (RDB) that it reads, and in which it writes; none: not known.
    fn format(&self) -> Option<u32> {
        Some(match (self.valkey, self.short()?) {
            (true, (7..=8, _)) => 11,
            (true, (9, _)) => 80,
            (false, (7, 4..) | (8, 0)) => 12,
            (false, (7, 2..)) => 11,
            (false, (7, _)) => 10,
            (false, (5..=6, _)) => 9,
            (true | false, _) => return None,
        })
    }

    fn shown(&self) -> String {
        let numbers = self.numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(".");
        format!("{} {numbers}", if self.valkey { "valkey" } else { "redis" })
    }
}

/// Before Valkey and Redis parted they wrote this format. Since 9.1 Valkey sends it to replicas that read no newer one, if it
/// makes the copy for them alone (`repl-diskless-sync`) and they are sent nothing that it can't express.
const COMMON_FORMAT: u32 = 11;

/// Whether a replica reads what its master sends when all is copied anew, as far as it is known.
fn loads(replica: &Version, master: &Version, diskless: bool) -> bool {
    let (Some(ours), Some(theirs)) = (replica.short(), master.short()) else { return true };
    let meets = master.valkey && theirs >= (9, 1) && diskless;
    match (replica.format(), master.format()) {
        (Some(reads), _) if meets => reads >= COMMON_FORMAT,
        (None, _) if meets => ours >= (7, 2),
        // Above the common one each has formats of its own.
        (Some(reads), Some(writes)) if replica.valkey != master.valkey => {
            writes <= COMMON_FORMAT && reads >= writes
        }
        (Some(reads), Some(writes)) => reads >= writes,
        // One of them is newer than this table.
        (None, _) if replica.valkey != master.valkey => {
            master.format().is_some_and(|writes| writes <= COMMON_FORMAT)
        }
        (Some(_), None) if replica.valkey != master.valkey => false,
        (None, _) | (Some(_), None) => ours >= theirs,
    }
}

/// Replicas that may not understand what the master sends in a full sync.
fn versions(view: &GroupView<'_>, found: &mut Found) {
    let Some(master) = view.master_info() else { return };
    let newest = Version::of(master);
    let settings =
        view.facts.closer(view.name, &view.master).and_then(|closer| closer.settings.as_ref().ok());
    let diskless = settings.is_none_or(|known| known.get(&["repl-diskless-sync"]) != Some("no"));
    let old: Vec<(&Endpoint, Version)> = view
        .replicas()
        .filter_map(|server| Some((&server.at, Version::of(view.info(server)?))))
        .filter(|(_, version)| !loads(version, &newest, diskless))
        .collect();
    if old.is_empty() {
        return;
    }
    let list = |lang| places(old.iter().map(|(at, _)| *at), lang);
    let (en, zh) = (
        format!("Perhaps not able to load the data of the master in a full sync: {}.", list(Lang::En)),
        format!("全量同步时可能无法加载主节点的数据：{}。", list(Lang::Zh)),
    );
    let mut finding = Finding::of(Code::OlderReplica, view.name, en, zh);
    finding = finding.says(Who::Server(view.master.clone()), newest.shown());
    for (at, version) in old {
        finding = finding.at(at).says(Who::Server(at.clone()), version.shown());
    }
    found.add(finding);
}

fn round_trips(view: &GroupView<'_>, found: &mut Found) {
    let Some(after) = view.least("down-after-milliseconds").and_then(|ms| u64::try_from(ms).ok()) else {
        return;
    };
    let times = view.servers.iter().filter_map(|server| Some((&server.at, server.says.as_ref().ok()?.1)));
    let slow: BTreeSet<(&Endpoint, u64)> = times.filter(|(_, us)| us * ROUND_TRIPS > after * 1000).collect();
    let Some(slowest) = slow.iter().map(|(_, us)| us / 1000).max() else { return };
    let (en, zh) = (
        format!(
            "A round trip takes up to {slowest} ms; after {after} ms without an answer a server is held for down."
        ),
        format!("往返时间最长 {slowest} 毫秒；{after} 毫秒无应答即判定下线。"),
    );
    let mut finding = Finding::of(Code::DownAfterShort, view.name, en, zh);
    for (at, us) in slow {
        finding = finding.says(Who::Here, format!("PING {at}: {:.1} ms", us as f64 / 1000.0));
    }
    found.add(finding);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replica_must_be_new_enough_for_its_master() {
        let of = |text: &str| {
            let (program, version) = text.split_once(' ').unwrap();
            let field = if program == "valkey" { "valkey_version:" } else { "redis_version:" };
            Version::of(&Fields::info(&format!("{field}{version}")))
        };
        for (replica, master, expected) in [
            ("redis 7.0.15", "redis 7.0.2", true),
            ("redis 6.2.1", "redis 7.0.2", false),
            ("redis 6.0.1", "redis 6.2.2", true),
            ("redis 7.2.0", "valkey 8.1.0", true),
            ("redis 7.0.15", "valkey 8.1.0", false),
            ("redis 7.4.0", "valkey 8.1.0", true),
            ("redis 7.2.0", "valkey 9.0.1", false),
            ("redis 7.2.0", "valkey 9.1.2", true),
            ("redis 7.0.15", "valkey 9.1.2", false),
            ("redis 8.4.0", "valkey 9.1.2", true),
            ("redis 4.0.1", "valkey 9.1.2", false),
            ("valkey 7.2.5", "valkey 8.1.0", true),
            ("valkey 8.1.0", "valkey 9.0.0", false),
            ("valkey 8.1.0", "valkey 9.1.0", true),
            ("valkey 8.0.0", "redis 7.2.4", true),
            ("valkey 9.0.0", "redis 8.0.0", false),
            ("valkey 10.0.0", "valkey 9.1.0", true),
            ("valkey 9.1.0", "valkey 10.0.0", true),
            ("redis 255.255.255", "redis 7.0.0", true),
            ("redis ", "redis 7.0.0", true),
        ] {
            assert_eq!(loads(&of(replica), &of(master), true), expected, "{replica} below {master}");
        }
        assert!(
            !loads(&of("valkey 8.1.0"), &of("valkey 9.1.0"), false),
            "a copy for all is of the newest format"
        );
    }
}
