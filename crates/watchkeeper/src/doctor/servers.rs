//! Each data server by itself: what it would lose, and how it would behave as a master or in a failover.

use watchkeeper_core::Lang;

use super::code::{Code, Severity};
use super::facts::Settings;
use super::finding::{Finding, Found, Who};
use super::view::GroupView;
use super::words::places;
use crate::ask::{Endpoint, Fields};

/// Of one group.
pub(super) fn group(view: &GroupView<'_>, found: &mut Found) {
    for (at, closer) in view.closer() {
        if let Err(words) = &closer.settings {
            found.not_checked(
                at,
                words,
                "settings that only CONFIG GET tells: snapshots, passwords between servers",
                "只有 CONFIG GET 才能得知的设置：快照、服务器之间的密码",
            );
        }
        state(view, at, &closer.info, found);
    }
    persistence(view, found);
    cut_off(view, found);
    several(
        view,
        |info, _| info.has("config_file") && info.get("config_file").is_empty(),
        |at| {
            let list = |lang| places(at.iter().copied(), lang);
            Finding::of(
                Code::NoConfigFile,
                view.name,
                format!("Without a configuration file: {}.", list(Lang::En)),
                format!("没有配置文件：{}。", list(Lang::Zh)),
            )
        },
        "config_file:",
        found,
    );
    several(
        view,
        |info, settings| {
            let serves =
                settings.and_then(|known| known.get(&["replica-serve-stale-data", "slave-serve-stale-data"]));
            info.get("role") == "slave" && serves == Some("no")
        },
        |at| {
            let list = |lang| places(at.iter().copied(), lang);
            Finding::of(
                Code::StaleDataRefused,
                view.name,
                format!("Not readable while without a master: {}.", list(Lang::En)),
                format!("没有主节点时不可读：{}。", list(Lang::Zh)),
            )
        },
        "replica-serve-stale-data no",
        found,
    );
}

fn server(at: &Endpoint) -> Who {
    Who::Server(at.clone())
}

/// One finding for all servers that are so.
fn several(
    view: &GroupView<'_>,
    is_so: impl Fn(&Fields, Option<&Settings>) -> bool,
    finding: impl FnOnce(&[&Endpoint]) -> Finding,
    said: &str,
    found: &mut Found,
) {
    let all = view.closer().into_iter();
    let so: Vec<&Endpoint> = all
        .filter(|(_, closer)| is_so(&closer.info, closer.settings.as_ref().ok()))
        .map(|(at, _)| at)
        .collect();
    if !so.is_empty() {
        found.add(so.iter().fold(finding(&so), |finding, at| finding.at(at).says(server(at), said)));
    }
}

/// What a server says of its state.
fn state(view: &GroupView<'_>, at: &Endpoint, info: &Fields, found: &mut Found) {
    if info.get("loading") == "1" {
        let (en, zh) =
            (format!("The server {at} is loading its data."), format!("服务器 {at} 正在加载数据。"));
        let said = format!("loading:1 loading_eta_seconds:{}", info.get("loading_eta_seconds"));
        found.add(Finding::of(Code::Loading, view.name, en, zh).at(at).says(server(at), said));
    }
    let failed: Vec<String> =
        ["rdb_last_bgsave_status", "aof_last_write_status", "aof_last_bgrewrite_status"]
            .into_iter()
            .filter(|field| info.get(field) == "err")
            .map(|field| format!("{field}:err"))
            .collect();
    if failed.is_empty() {
        return;
    }
    // With the default of `stop-writes-on-bgsave-error` the master of such a group takes no writes.
    let closer = view.facts.closer(view.name, at);
    let settings = closer.and_then(|closer| closer.settings.as_ref().ok());
    let stops = settings.is_none_or(|known| known.get(&["stop-writes-on-bgsave-error"]) != Some("no"));
    let saves = settings.is_none_or(|known| known.get(&["save"]) != Some(""));
    let refuses = info.get("role") == "master"
        && (info.get("rdb_last_bgsave_status") == "err" && stops && saves
            || info.get("aof_last_write_status") == "err");
    let (en, zh) = if refuses {
        (
            format!("The master {at} could not save its data, and refuses writes until it can."),
            format!("主节点 {at} 保存数据失败，恢复之前拒绝写入。"),
        )
    } else {
        (format!("The server {at} could not save its data."), format!("服务器 {at} 保存数据失败。"))
    };
    let severity = if refuses { Severity::Critical } else { Severity::Warning };
    found.add(
        Finding::of(Code::SaveFailed, view.name, en, zh)
            .as_(severity)
            .at(at)
            .says(server(at), failed.join(" ")),
    );
}

/// What a server says that keeps nothing on disk.
const NOT_KEPT: &str = "save \"\"; aof_enabled:0";

/// Whether a server would be empty after a restart.
fn keeps_nothing(info: &Fields, settings: Option<&Settings>) -> bool {
    info.get("aof_enabled") == "0" && settings.and_then(|known| known.get(&["save"])) == Some("")
}

/// Of a master that somebody may be about to start again: what others of its group keep, it most likely keeps, too.
pub(super) fn if_restarted(view: &GroupView<'_>, finding: Finding) -> Finding {
    let closer = view.closer().into_iter();
    let so: Vec<&Endpoint> = closer
        .filter(|(_, closer)| keeps_nothing(&closer.info, closer.settings.as_ref().ok()))
        .map(|(at, _)| at)
        .collect();
    if so.is_empty() {
        return finding;
    }
    let said = |lang, colon| format!("{}{colon}{NOT_KEPT}", places(so.iter().copied(), lang));
    finding.says_both(Who::Here, said(Lang::En, ": "), said(Lang::Zh, "：")).besides(
        "Servers of this group keep nothing on disk (WD260): take it that {at} does not either",
        "本组有服务器不存盘（WD260）：应当认为 {at} 也不存盘",
    )
}

/// Servers that would be empty after a restart. Any of them can be the master.
fn persistence(view: &GroupView<'_>, found: &mut Found) {
    several(
        view,
        keeps_nothing,
        |at| {
            let list = |lang| places(at.iter().copied(), lang);
            Finding::of(
                Code::NoPersistence,
                view.name,
                format!("Comes back empty after a restart: {}.", list(Lang::En)),
                format!("重启后数据为空：{}。", list(Lang::Zh)),
            )
        },
        NOT_KEPT,
        found,
    );
}

/// A master that does not notice that it is alone.
fn cut_off(view: &GroupView<'_>, found: &mut Found) {
    let Some(info) = view.master_info() else { return };
    // INFO has this line where both settings are on.
    if info.get("role") != "master" || info.has("min_slaves_good_slaves") || view.replicas().next().is_none()
    {
        return;
    }
    let at = &view.master;
    let away = view.least("down-after-milliseconds").unwrap_or(0) / 1000;
    let (en, zh) = (
        format!(
            "If the master {at} is ever cut off from its replicas, it goes on taking writes (a failover takes {away} s and more)."
        ),
        format!("主节点 {at} 一旦与副本隔离，仍会接受写入（故障转移至少需要 {away} 秒）。"),
    );
    let finding = Finding::of(Code::MinReplicas, view.name, en, zh).at(at);
    found.add(finding.says_both(
        server(at),
        "INFO has no min_slaves_good_slaves: min-replicas-to-write or min-replicas-max-lag is 0",
        "INFO 中没有 min_slaves_good_slaves：min-replicas-to-write 或 min-replicas-max-lag 为 0",
    ));
}
