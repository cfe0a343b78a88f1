//! Several files: sentinels that should agree and do not, or that are one where they should be two.

use watchkeeper_core::config::{Config, GroupConfig};
use watchkeeper_core::id::SentinelId;

use super::codes::{Severity, WK801, WK802, WK803, WK804, WK805, WK806};
use super::{Desk, Sheet, say};

/// This file against those before it.
pub(super) fn look(desk: &mut Desk<'_>, before: &[Sheet]) {
    for other in before {
        whole(desk, other);
    }
    for group in &desk.sheet.survey.config.groups {
        let same = |sheet: &&Sheet| find(&sheet.survey.config, group).is_some();
        // Each setting is held against the first file that has the group.
        if let Some(first) = before.iter().find(same) {
            if let Some(theirs) = find(&first.survey.config, group) {
                differences(desk, group, theirs, &first.shown);
            }
        }
    }
    strangers(desk, before);
}

fn find<'a>(config: &'a Config, group: &GroupConfig) -> Option<&'a GroupConfig> {
    config.groups.iter().find(|known| known.name == group.name)
}

fn differences(desk: &mut Desk<'_>, group: &GroupConfig, theirs: &GroupConfig, file: &str) {
    let (lang, name) = (desk.lang(), &group.name.0);
    let at = desk.sheet.line_of_group("monitor", group);
    if group.quorum != theirs.quorum {
        let (here, there) = (group.quorum, theirs.quorum);
        let message = say!(
            lang,
            "quorum {here} of `{name}`, and {there} in `{file}`",
            "`{name}` 的法定票数这里是 {here}，`{file}` 中是 {there}"
        );
        desk.report(&WK801, at, 5, message);
    }
    if (&group.host, group.port) != (&theirs.host, theirs.port) {
        let here = format!("{}:{}", group.host, group.port);
        let there = format!("{}:{}", theirs.host, theirs.port);
        // After a failover a sentinel that was stopped has the old one; it learns of the new one by its epoch.
        let old = group.config_epoch != theirs.config_epoch;
        let severity = if old { Severity::Note } else { WK802.severity };
        let message = say!(
            lang,
            "the master of `{name}` is `{here}`, and `{there}` in `{file}`",
            "`{name}` 的主节点这里是 `{here}`，`{file}` 中是 `{there}`"
        );
        let hint = WK802.fix.pick(lang).to_owned();
        desk.report_with(&WK802, severity, at, 3, message, hint);
    }
    let settings = [
        ("down-after-milliseconds", group.down_after_ms == theirs.down_after_ms),
        ("failover-timeout", group.failover_timeout_ms == theirs.failover_timeout_ms),
        ("parallel-syncs", group.parallel_syncs == theirs.parallel_syncs),
        ("auth-pass", group.auth_pass == theirs.auth_pass),
        ("auth-user", group.auth_user == theirs.auth_user),
        ("replication-topology", group.topology == theirs.topology),
        ("refused-down-after-milliseconds", group.refused_down_after_ms == theirs.refused_down_after_ms),
        ("master-reboot-down-after-period", group.reboot_down_after_ms == theirs.reboot_down_after_ms),
    ];
    for (setting, _) in settings.into_iter().filter(|(_, same)| !same) {
        let message = say!(
            lang,
            "`{setting}` of `{name}` is not the same as in `{file}`",
            "`{name}` 的 `{setting}` 与 `{file}` 中不同"
        );
        desk.report(&WK803, desk.of_group(setting, group), 1, message);
    }
}

/// Where a sentinel is reached: `None` if the file does not say on which host it runs.
fn place(config: &Config) -> Option<(String, i64)> {
    let global = &config.global;
    let general = &config.general;
    let bound = match &general.bind[..] {
        [only, ..] if !only.contains('*') && only != "0.0.0.0" && only != "::" => Some(only.clone()),
        _ => None,
    };
    let host = global.announce_ip.clone().or(bound)?;
    let port = if general.port == 0 { general.tls.port } else { general.port };
    let port = if global.announce_port == 0 { i64::from(port) } else { global.announce_port };
    Some((host, port))
}

fn whole(desk: &mut Desk<'_>, other: &Sheet) {
    let (lang, sheet) = (desk.lang(), desk.sheet);
    let (ours, theirs) = (&sheet.survey.config, &other.survey.config);
    let file = &other.shown;
    if ours.global.myid.is_some() && ours.global.myid == theirs.global.myid {
        let message = say!(lang, "`{file}` has the same id", "`{file}` 使用相同的 id");
        desk.report(&WK804, sheet.global("myid"), 2, message);
    }
    let (Some((host, port)), Some((other_host, other_port))) = (place(ours), place(theirs)) else { return };
    if host != other_host {
        return;
    }
    if port == other_port {
        let at =
            sheet.global("announce-port").or_else(|| sheet.general("port")).or_else(|| sheet.general("bind"));
        let message =
            say!(lang, "`{host}:{port}` is also that of `{file}`", "`{host}:{port}` 也被 `{file}` 使用");
        desk.report(&WK805, at, usize::MAX, message);
    }
    let home = |sheet: &Sheet, path: &str| {
        Some(path).filter(|path| !path.is_empty()).map(|path| sheet.resolve(path))
    };
    let (ours, theirs) = (&ours.general, &theirs.general);
    let paths = [
        ("state-file", ours.state_file.as_deref(), theirs.state_file.as_deref()),
        ("logfile", Some(&ours.logfile[..]), Some(&theirs.logfile[..])),
        ("pidfile", ours.pidfile.as_deref(), theirs.pidfile.as_deref()),
    ];
    for (directive, here, there) in paths {
        let here = here.and_then(|path| home(sheet, path));
        let Some(path) =
            here.filter(|path| there.and_then(|there| home(other, there)).as_ref() == Some(path))
        else {
            continue;
        };
        let path = path.display();
        let message = say!(lang, "`{path}` is also written by `{file}`", "`{path}` 也由 `{file}` 写入");
        desk.report(&WK805, sheet.general(directive), 1, message);
    }
}

/// Files of sentinels that have run, and have not met.
fn strangers(desk: &mut Desk<'_>, before: &[Sheet]) {
    let (lang, sheet) = (desk.lang(), desk.sheet);
    let ours = &sheet.survey.config;
    let Some(own) = &ours.global.myid else { return };
    for other in before {
        let theirs = &other.survey.config;
        let Some(id) = theirs.global.myid.as_ref().filter(|id| *id != own) else { continue };
        for group in &ours.groups {
            let Some(same) = find(theirs, group) else { continue };
            // One that has met nobody at all has only not run yet.
            let ran = |group: &GroupConfig| !group.peers.is_empty() || !group.replicas.is_empty();
            if !ran(group) || !ran(same) {
                continue;
            }
            let known = |group: &GroupConfig, id: &SentinelId| group.peers.iter().any(|peer| peer.id == *id);
            let (name, file) = (&group.name.0, &other.shown);
            let message = match (known(group, id), known(same, own)) {
                (true, true) => continue,
                (false, _) => say!(
                    lang,
                    "the sentinel of `{file}` is not known here for `{name}`",
                    "这里的 `{name}` 不知道 `{file}` 的哨兵"
                ),
                (true, false) => say!(
                    lang,
                    "the sentinel of `{file}` does not know this one for `{name}`",
                    "`{file}` 的 `{name}` 不知道本哨兵"
                ),
            };
            desk.report(&WK806, sheet.line_of_group("monitor", group), 2, message);
        }
    }
}
