//! Each data server by itself: what it would lose, and how it would behave as a master or in a failover.

use watchkeeper_core::Lang;

use super::absent::promoted;
use super::code::{Code, Severity};
use super::facts::Settings;
use super::finding::{Finding, Found, Who};
use super::view::{GroupView, has_no_keys, is_loading, never_connected};
use super::words::places;
use crate::ask::{Endpoint, Fields};

/// Of one group.
pub(super) fn group(view: &GroupView<'_>, found: &mut Found) {
    for (at, closer) in view.closer() {
        if let Err(words) = &closer.settings {
            found.not_checked(
                at,
                words,
                "settings that only CONFIG GET tells: snapshots, passwords between servers, how many replicas writes depend on",
                "只有 CONFIG GET 才能得知的设置：快照、服务器之间的密码、写入所需的副本数",
            );
        }
        state(view, at, &closer.info, found);
    }
    persistence(view, found);
    cut_off(view, found);
    too_few_in_step(view, found);
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

/// What to do about a server that reads what the present master, an empty one, may lack.
const FILES_NOW: (&str, &str) = (
    "the present master has no keys: what {at} reads may be the only copy. Copy its files (`dir`: the RDB file, `appenddirname`) now: as \
     soon as it is done it becomes a replica of the present master and copies the emptiness",
    "当前主节点没有任何键：{at} 读取的可能是唯一的一份数据。现在就复制其文件（`dir` 下的 RDB 文件和 `appenddirname`）：\
     一旦加载完成，它会成为当前主节点的副本，复制空数据",
);

/// Another server than the master that reads its data: from its own disk, or what the master has sent.
fn other_loads(view: &GroupView<'_>, at: &Endpoint, info: &Fields) -> Finding {
    let (en, zh) = (format!("The server {at} is loading its data."), format!("服务器 {at} 正在加载数据。"));
    let finding = Finding::of(Code::Loading, view.name, en, zh);
    if view.is_copying(at, info) {
        return finding;
    }
    let finding = if info.get("role") == "master" { loads_as_master(view, at) } else { finding };
    if view.master_is_empty() {
        return finding.as_(Severity::Critical).advised(FILES_NOW.0, FILES_NOW.1);
    }
    finding
}

/// An old master that is back, and is no second one yet.
fn loads_as_master(view: &GroupView<'_>, at: &Endpoint) -> Finding {
    let (en, zh) = (
        format!(
            "{at} is listed as a replica and was started as a master: it is loading its data, and takes no writes yet."
        ),
        format!("{at} 在列表中是副本，启动时是主节点：它正在加载数据，目前不接受写入。"),
    );
    let finding = Finding::of(Code::Loading, view.name, en, zh).says(server(at), "role:master");
    finding.advised(
        "when it is done it takes writes until the sentinels make it a replica, some seconds later: those writes are lost, so keep clients from \
         it that do not ask the sentinels. It then copies the present master's data in place of what it has read: if it may have something \
         that the present master lacks, copy its files (`dir`: the RDB file, `appenddirname`) before it is done",
        "加载完成后它会接受写入，直到数秒后哨兵让它成为副本：这些写入会丢失，请阻止不向哨兵查询的客户端连接它。随后它会以当前主节点的数据\
         取代它读取的数据：若它可能有当前主节点没有的数据，请在加载完成前复制其文件（`dir` 下的 RDB 文件和 `appenddirname`）",
    )
}

/// A master that reads its data again. Sentinels take its error for an answer, so that nothing happens until it is done; then
/// its replicas copy what it has read, and lose what they have beyond that.
fn master_loads(view: &GroupView<'_>) -> Finding {
    let at = &view.master;
    if let Some((to, _)) = promoted(view) {
        return loads_behind(view, to);
    }
    let keeps = |info: &Fields| {
        info.get("role") == "slave"
            && info.get("master_link_status") == "down"
            && info.number("slave_priority") != Some(0)
            && !never_connected(info)
            && !has_no_keys(info)
    };
    let answering = view.replicas().filter_map(|server| Some((&server.at, view.info(server)?)));
    let keeping: Vec<_> = answering.filter(|(_, info)| keeps(info) && !is_loading(info)).collect();
    let (en, zh) = (
        format!("The master {at} is loading its data: nobody can write until it is done"),
        format!("主节点 {at} 正在加载数据：完成之前无法写入"),
    );
    if keeping.is_empty() {
        let finding = Finding::of(Code::Loading, view.name, format!("{en}."), format!("{zh}。"));
        return finding.as_(Severity::Critical).advised(
            "wait until it is done (`loading_eta_seconds`): sentinels take a server that loads for alive and do not fail over, and no \
             replica is known to have its data",
            "等待加载完成（`loading_eta_seconds`）：哨兵把正在加载的服务器视为在线，不会故障转移；也没有已知拥有其数据的副本",
        );
    }
    let list = |lang| places(keeping.iter().map(|(at, _)| *at), lang);
    let (en, zh) = (
        format!("{en}. What it had sent to {} and not saved is lost then.", list(Lang::En)),
        format!("{zh}。它已发给 {} 而没有存盘的数据届时会丢失。", list(Lang::Zh)),
    );
    let finding = Finding::of(Code::Loading, view.name, en, zh).as_(Severity::Critical);
    let said = |info: &Fields| super::replicas::fields(info, &["master_link_status", "slave_repl_offset"]);
    finding.all_say(keeping.iter().map(|(at, info)| (server(at), said(info)))).advised(
        "sentinels take a server that loads for alive: by themselves they do not fail over. It reads what was on its disk; its replicas \
         have what it had sent them before it stopped, which may be more, and copy what it has read as soon as it is done. \
         `SENTINEL FAILOVER {group}` at one sentinel, before that, promotes a replica and keeps what the replicas have (what only the disk \
         has is lost then). If every write was on disk (`appendfsync always`), wait: `loading_eta_seconds` says how long",
        "哨兵把正在加载的服务器视为在线，不会自动故障转移。它读取的是磁盘上的数据；副本拥有它停止之前已发出的数据，可能更新，\
         而它一旦加载完成，副本就会改为复制它读到的内容。在此之前在一个哨兵上执行 `SENTINEL FAILOVER {group}` 会提升一个副本，保住副本上的数据\
         （仅在磁盘上的数据则会丢失）。若每次写入都已落盘（`appendfsync always`），则等待：`loading_eta_seconds` 为剩余时间",
    )
}

/// A master that reads its data while a replica is a master already.
fn loads_behind(view: &GroupView<'_>, to: &Endpoint) -> Finding {
    let at = &view.master;
    let (en, zh) = (
        format!("The old master {at} is loading its data; the replica {to} is already promoted."),
        format!("旧主节点 {at} 正在加载数据；副本 {to} 已被提升。"),
    );
    let finding = Finding::of(Code::Loading, view.name, en, zh).says(server(to), "role:master");
    let empty = view.replicas().any(|server| server.at == *to && view.info(server).is_some_and(has_no_keys));
    if empty {
        return finding
            .as_(Severity::Critical)
            .says_both(server(to), "no keys (INFO keyspace)", "没有键（INFO keyspace）")
            .advised(FILES_NOW.0, FILES_NOW.1);
    }
    finding.advised(
        "ask again in some seconds, when the sentinels name the new master: {at} becomes its replica when it is done, and copies its data",
        "数秒后哨兵给出新主节点时再检查：{at} 加载完成后会成为它的副本，并复制它的数据",
    )
}

/// What a server says of its state.
fn state(view: &GroupView<'_>, at: &Endpoint, info: &Fields, found: &mut Found) {
    if is_loading(info) {
        let said = format!("loading:1 loading_eta_seconds:{}", info.get("loading_eta_seconds"));
        let finding = if view.is_master(at) { master_loads(view) } else { other_loads(view, at, info) };
        found.add(finding.at(at).says(server(at), said));
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

/// Whether a server would be empty after a restart. One that reads its data has something to read then, too; and while it
/// reads a copy, it does without its log of writes.
fn keeps_nothing(info: &Fields, settings: Option<&Settings>) -> bool {
    !is_loading(info)
        && info.get("aof_enabled") == "0"
        && settings.and_then(|known| known.get(&["save"])) == Some("")
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

/// Advice to promote a replica, where none has all data.
pub(super) fn unless_nobody_has_all(view: &GroupView<'_>, finding: Finding) -> Finding {
    if !view.nobody_has_all() {
        return finding;
    }
    finding.besides(
        "But no replica that could be promoted has all data now (WD243): a failover loses what it lacks, perhaps everything",
        "但目前没有数据完整、可提升的副本（WD243）：故障转移会丢失它缺少的数据，可能是全部",
    )
}

/// Servers that would be empty after a restart. Any of them can be the master.
fn persistence(view: &GroupView<'_>, found: &mut Found) {
    several(
        view,
        keeps_nothing,
        |at| {
            let list = |lang| places(at.iter().copied(), lang);
            let (en, zh) = (
                format!("Comes back empty after a restart: {}.", list(Lang::En)),
                format!("重启后数据为空：{}。", list(Lang::Zh)),
            );
            unless_nobody_has_all(view, Finding::of(Code::NoPersistence, view.name, en, zh))
        },
        NOT_KEPT,
        found,
    );
}

/// A master that takes no writes because too few replicas follow it closely.
fn too_few_in_step(view: &GroupView<'_>, found: &mut Found) {
    let Some(info) = view.master_info().filter(|info| info.get("role") == "master" && !is_loading(info))
    else {
        return;
    };
    // INFO has this line where writes depend on replicas: at least on one.
    let Some(good) = info.number("min_slaves_good_slaves") else { return };
    let at = &view.master;
    let settings = view.facts.closer(view.name, at).and_then(|closer| closer.settings.as_ref().ok());
    let wanted = settings.and_then(|known| known.get(&["min-replicas-to-write", "min-slaves-to-write"]));
    let wanted: i64 = wanted.and_then(|count| count.parse().ok()).unwrap_or(1);
    if good >= wanted {
        return;
    }
    let (en, zh) = (
        format!(
            "The master {at} refuses writes: replicas near enough {good}, at least {wanted} needed (`min-replicas-to-write`)."
        ),
        format!(
            "主节点 {at} 拒绝写入：足够接近的副本 {good} 个，至少需要 {wanted} 个（`min-replicas-to-write`）。"
        ),
    );
    let finding = Finding::of(Code::TooFewInStep, view.name, en, zh).at(at);
    found.add(finding.says(server(at), format!("min_slaves_good_slaves:{good}")));
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
    let away = view.least("down-after-milliseconds").unwrap_or(0);
    let (away, unit, unit_zh) = if away < 1000 { (away, "ms", "毫秒") } else { (away / 1000, "s", "秒") };
    let (en, zh) = (
        format!(
            "If the master {at} is ever cut off from its replicas, it goes on taking writes (a failover takes {away} {unit} and more)."
        ),
        format!("主节点 {at} 一旦与副本隔离，仍会接受写入（故障转移至少需要 {away} {unit_zh}）。"),
    );
    let finding = Finding::of(Code::MinReplicas, view.name, en, zh).at(at);
    found.add(finding.says_both(
        server(at),
        "INFO has no min_slaves_good_slaves: min-replicas-to-write or min-replicas-max-lag is 0",
        "INFO 中没有 min_slaves_good_slaves：min-replicas-to-write 或 min-replicas-max-lag 为 0",
    ));
}
