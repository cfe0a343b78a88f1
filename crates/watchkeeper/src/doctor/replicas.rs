//! Replication: roles, links, lag, history. Who is listed where is looked at in `members`.

use watchkeeper_core::Lang;

use super::absent::{is_master_gone, is_missed};
use super::code::{Code, Severity};
use super::finding::{Finding, Found, Who};
use super::servers::{if_restarted, unless_nobody_has_all};
use super::view::{GroupView, has_no_keys, is_loading, keys, never_connected};
use super::words::{bytes, lasted, places};
use crate::ask::{Endpoint, Fields, ServerAnswer, listed_replicas};
use crate::live::{Refusal, Status, refused_replica};

/// Bytes a replica may be behind without a word.
const BEHIND_BYTES: f64 = 1_000_000.0;
/// Seconds without an acknowledgement, which replicas send each second.
const LAG_S: i64 = 5;
/// How long a failover takes beyond `down-after-milliseconds` until replicas are connected to the new master.
const FAILOVER_S: f64 = 10.0;
/// So many times `down-after-milliseconds` without its master, and sentinels refuse a replica.
const LINK_DOWN_TIMES: i64 = 10;
/// What a replica says of the connection to its master.
const LINK: &[&str] = &[
    "master_link_status",
    "master_link_down_since_seconds",
    "master_sync_in_progress",
    "master_host",
    "master_port",
];

/// What a server says of the history that its data is of.
const HISTORY: &[&str] = &["master_replid", "master_replid2", "master_repl_offset"];

/// Of one group.
pub(super) fn group(view: &GroupView<'_>, found: &mut Found) {
    if view.is_alias() {
        return; // all is well with the roles, but for the name: that servers are in two groups is told
    }
    master(view, found);
    let mut replicas = 0;
    for server in view.replicas() {
        replicas += 1;
        if let Some(info) = view.info(server) {
            replica(view, &server.at, info, found);
        }
    }
    if replicas == 0 && view.master_info().is_some_and(|info| listed_replicas(info).is_empty()) {
        let en = format!("The master {} has no replica: there is nobody to take over.", view.master);
        let zh = format!("主节点 {} 没有副本：无人可以接替。", view.master);
        found.add(Finding::of(Code::NoReplica, view.name, en, zh).at(&view.master));
    }
    if !priorities(view, found) {
        none_fit(view, found);
    }
    if let Some(info) = view.master_info() {
        lagging(view, info, found);
        backlog(view, info, found);
    }
}

pub(super) fn server(at: &Endpoint) -> Who {
    Who::Server(at.clone())
}

/// What these fields of an answer say.
pub(super) fn fields(of: &Fields, names: &[&str]) -> String {
    let there = names.iter().filter(|name| of.has(name));
    there.map(|name| format!("{name}:{}", of.get(name))).collect::<Vec<_>>().join(" ")
}

/// A master that answers sentinels with errors only: they take it for down, and learn of nobody from it.
fn refusing(view: &GroupView<'_>, found: &mut Found) {
    let refused = view.refused();
    if refused.is_empty() {
        return;
    }
    let at = &view.master;
    let list = |lang| places(refused.iter().map(|said| said.at), lang);
    let (en, zh) = (
        format!("The master {at} answers, and refuses the sentinels: {}.", list(Lang::En)),
        format!("主节点 {at} 有应答，但拒绝哨兵：{}。", list(Lang::Zh)),
    );
    let finding = Finding::of(Code::SentinelsRefused, view.name, en, zh).at(at);
    let finding = match view.master_server().map(|server| &server.says) {
        Some(Err(failure)) if failure.is_login() => finding.says(server(at), failure),
        Some(_) | None => finding,
    };
    let unknown: Vec<&Endpoint> = view.strangers().map(|stranger| &stranger.at).collect();
    let finding = if unknown.is_empty() || !view.all_refused() {
        finding
    } else {
        let list = |lang| places(unknown.iter().copied(), lang);
        let en = format!("feeds replicas that they can't know: {}", list(Lang::En));
        finding.says_both(server(at), en, format!("正在向它们无从得知的副本复制：{}", list(Lang::Zh)))
    };
    let names = ["flags", "last-ping-reply", "last-ok-ping-reply", "num-other-sentinels"];
    found.add(finding.all_say(refused.iter().map(|said| {
        let said_of = names.map(|name| format!("{name} {}", said.group.master.get(name)));
        (said.who(), said_of.join(", "))
    })));
}

/// What to do about a master that sentinels miss and that answers here.
const ANSWERS_HERE: (&str, &str) = (
    "{at} answers here, so it runs, and clients may still write to it. Look at the way from the sentinels to it, and at their login there \
     (WD249). As soon as enough of them agree they promote a replica (`watchkeeper status {group}{reach}` says what they wait for): what is \
     written to {at} from then on is lost",
    "{at} 对本机有应答，说明它在运行，客户端可能仍在写入。请检查哨兵到它的网络以及哨兵在那里的登录（WD249）。同意的哨兵足够多时会提升副本\
     （`watchkeeper status {group}{reach}` 显示它们在等什么）：此后写入 {at} 的数据会丢失",
);

/// Sentinels that hold the master for down, and not because it refuses them.
fn held_for_down(view: &GroupView<'_>, found: &mut Found) {
    let at = &view.master;
    let entries = view.naming_it().map(|said| (said.who(), &said.group.master));
    let is_down = |entry: &Fields| entry.flag("s_down") || entry.flag("o_down");
    let down: Vec<_> = entries.filter(|(_, entry)| is_down(entry) && !view.refuses(entry)).collect();
    if down.is_empty() {
        return;
    }
    let (few, all) = (down.len(), view.known());
    let (en, zh) = (
        format!("{few} of {all} sentinels hold the master {at} for down."),
        format!("{all} 个哨兵中有 {few} 个认为主节点 {at} 下线。"),
    );
    let said = down.into_iter().map(|(who, entry)| {
        (who, format!("flags {}, s-down-time {}", entry.get("flags"), entry.get("s-down-time")))
    });
    let finding = Finding::of(Code::MasterDown, view.name, en, zh).at(at).all_say(said);
    found.add(if !is_missed(view) {
        finding.advised(
            "others hear it: look at the way from those sentinels to {at}. `watchkeeper status {group}{reach}` says who does not hear it",
            "其余哨兵能收到它的应答：请检查这些哨兵到 {at} 的网络。`watchkeeper status {group}{reach}` 显示谁收不到应答",
        )
    } else if view.master_info().is_some() {
        let finding = finding.advised(ANSWERS_HERE.0, ANSWERS_HERE.1);
        unless_nobody_has_all(view, finding)
    } else if view.replicas().next().is_none() || view.no_priority() {
        finding.advised(
            "neither the sentinels nor `SENTINEL FAILOVER` can promote anybody as it is: do what WD202 says",
            "目前哨兵和 `SENTINEL FAILOVER` 都无法提升任何副本：请按 WD202 处理",
        )
    } else if view.all_load() {
        finding.advised(
            "no replica can be promoted before it has loaded its data (WD261): do what WD202 says",
            "副本在加载完数据（WD261）之前都无法提升：请按 WD202 处理",
        )
    } else if view.nobody_has_all() {
        if_restarted(
            view,
            finding.advised(
                "do first what WD202 says: no replica that could be promoted has all data (WD243), so that a failover, by the sentinels or \
                 by hand, loses what it lacks, perhaps everything",
                "请先按 WD202 处理：没有数据完整、可提升的副本（WD243），无论由哨兵还是人工触发，故障转移都会丢失它缺少的数据，可能是全部",
            ),
        )
    } else {
        if_restarted(view, finding)
    });
}

/// Of the server that sentinels take for the master.
fn master(view: &GroupView<'_>, found: &mut Found) {
    refusing(view, found);
    held_for_down(view, found);
    let Some(info) = view.master_info() else { return };
    if info.get("role") == "slave" {
        found.add(not_a_master(view, info));
    }
}

/// The server that sentinels name as the master follows somebody.
fn not_a_master(view: &GroupView<'_>, info: &Fields) -> Finding {
    let at = &view.master;
    let names = view.naming();
    let said = fields(info, &["role", "master_host", "master_port", "master_link_status"]);
    let (mut en, mut zh) = (
        format!("{at} is a replica; the sentinels name it as the master."),
        format!("{at} 是副本，而哨兵把它当作主节点。"),
    );
    let outsider = outsider(view, info);
    let linked = info.get("master_link_status") == "up";
    if let Some(whom) = &outsider {
        en += &format!(" It follows {whom}, which is no server of this group");
        zh += &format!("它跟随 {whom}，后者不是本组的服务器");
        (en, zh) = if linked {
            (
                en + ": its data, and that of the replicas that follow it, is that server's now.",
                zh + "：它和跟随它的副本现在的数据都是那台服务器的。",
            )
        } else {
            (en + ".", zh + "。")
        };
    }
    let finding =
        Finding::of(Code::NotAMaster, view.name, en, zh).at(at).says(server(at), said).all_say(names);
    match (outsider.is_some(), linked) {
        (true, true) => finding.advised(TAKEN_OVER.0, TAKEN_OVER.1),
        (true, false) => finding.advised(BEING_TAKEN_OVER.0, BEING_TAKEN_OVER.1),
        (false, _) => finding,
    }
}

/// What to do about a master that has taken the data of a server outside the group.
const TAKEN_OVER: (&str, &str) = (
    "clients can't write. If that was not meant (a `REPLICAOF` by hand): to promote a server does not bring the data back, a failover by the \
     sentinels (they begin one when this lasts) does not either. Restore it from a backup, or from a server of the group that did not \
     follow. `REPLICAOF NO ONE` on {at} makes it the master again, with the data it has now",
    "客户端无法写入。若这并非有意（手工执行了 `REPLICAOF`）：提升任何服务器都找不回原来的数据，哨兵的故障转移（持续如此时会开始）也不能。\
     请从备份恢复，或从没有跟随的本组服务器恢复。在 {at} 上执行 `REPLICAOF NO ONE` 会让它带着现有的数据重新成为主节点",
);
/// About one that is not connected to such a server.
const BEING_TAKEN_OVER: (&str, &str) = (
    "clients can't write. As soon as {at} is connected to that server, it copies that one's data in place of what it has, and its replicas do so, \
     too. If that is not meant, `REPLICAOF NO ONE` on {at}, at once: it is the master again, with the data it has",
    "客户端无法写入。{at} 一旦连上那台服务器，就会以它的数据取代自己的数据，它的副本也会如此。若这并非有意，立即在 {at} 上执行 `REPLICAOF NO ONE`：\
     它会带着现有的数据重新成为主节点",
);

/// Whom a server follows, if that is nobody who is known in this group.
fn outsider(view: &GroupView<'_>, info: &Fields) -> Option<Endpoint> {
    let names = &view.facts.names;
    let port = info.number("master_port").and_then(|port| u16::try_from(port).ok())?;
    let whom = Endpoint::new(info.get("master_host"), port);
    let known = view.servers.iter().map(|server| &server.at).chain(view.strangers().map(|it| &it.at));
    let at = &view.master;
    // By an address of its own (a tunnel, NAT) it may know a server that feeds it.
    let fed = |server: &&ServerAnswer| {
        view.info(server).is_some_and(|info| listed_replicas(info).iter().any(|fed| names.same(&fed.at, at)))
    };
    let inside = known.into_iter().any(|known| names.same(known, &whom)) || view.servers.iter().any(fed);
    (!whom.host.is_empty() && !inside).then_some(whom)
}

/// Of a listed replica that answers.
fn replica(view: &GroupView<'_>, at: &Endpoint, info: &Fields, found: &mut Found) {
    if info.get("role") == "master" {
        if is_loading(info) {
            return; // no second one before it is done, which is told with that
        }
        if view.is_rival(at) {
            return; // no replica to the sentinels that name it as the master, which is told
        }
        let lists = view
            .entries(at)
            .into_iter()
            .map(|(who, entry)| (who, format!("SENTINEL REPLICAS: flags {}", entry.get("flags"))));
        let (en, zh) = (
            format!("{at} is listed as a replica and is a master: there are two."),
            format!("{at} 在列表中是副本，实际是主节点：存在两个主节点。"),
        );
        let said = fields(info, &["role", "connected_slaves"]);
        let finding =
            Finding::of(Code::NotAReplica, view.name, en, zh).at(at).says(server(at), said).all_say(lists);
        found.add(if view.master_is_empty() && !has_no_keys(info) {
            let none = ("no keys (INFO keyspace)", "没有键（INFO keyspace）");
            finding.says_both(server(&view.master), none.0, none.1).advised(ONLY_COPY.0, ONLY_COPY.1)
        } else {
            finding
        });
        return;
    }
    link(view, at, info, found);
    parent(view, at, info, found);
    if info.get("slave_read_only") == "0" {
        let (en, zh) = (format!("The replica {at} takes writes."), format!("副本 {at} 可写。"));
        found.add(
            Finding::of(Code::ReplicaWritable, view.name, en, zh)
                .at(at)
                .says(server(at), "slave_read_only:0"),
        );
    }
}

fn link(view: &GroupView<'_>, at: &Endpoint, info: &Fields, found: &mut Found) {
    if info.get("master_link_status") == "up" {
        return;
    }
    if view.keeps_what_is_lost(info) {
        // What else is said of its link is to connect it.
        found.add(master_lost_its_data(view, at, info));
        return;
    }
    let gone = is_master_gone(view);
    let with_link = |finding: Finding| finding.at(at).says(server(at), fields(info, LINK));
    if gone && is_loading(info) && view.is_copying(at, info) {
        found.add(with_link(read_in(view, at, info)));
        return;
    }
    if view.is_empty(info) && (gone || !view.is_copying(at, info)) {
        let finding = with_link(empty(view, at, info, gone));
        found.add(finding.says_both(server(at), "no keys (INFO keyspace)", "没有键（INFO keyspace）"));
        return;
    }
    if view.is_copying(at, info) {
        found.add(with_link(copying(view, at, info)));
        return;
    }
    let down = info.number("master_link_down_since_seconds").unwrap_or(-1).max(0);
    let (en, zh) = if never_connected(info) {
        (
            format!("The replica {at} has not been connected to its master since it was started."),
            format!("副本 {at} 启动后尚未连接主节点。"),
        )
    } else if down == 0 {
        (format!("The replica {at} is not connected to its master."), format!("副本 {at} 未连接主节点。"))
    } else {
        (
            format!("The replica {at} has not been connected to its master for {}.", lasted(down, Lang::En)),
            format!("副本 {at} 与主节点断开已 {}。", lasted(down, Lang::Zh)),
        )
    };
    let finding = with_link(Finding::of(Code::LinkDown, view.name, en, zh));
    found.add(if gone && view.is_of_unknown_age(info) {
        finding.advised(
            "what it has is from its own disk: how old that is, it does not say. Of the same `replica-priority`, sentinels \
             prefer a replica that knows how far it is; if there is none, get back its master first, if there is a way (WD202)",
            "它的数据来自自己的磁盘，新旧未知。`replica-priority` 相同时，哨兵优先选择知道复制进度的副本；若没有，请尽可能先恢复主节点（见 WD202）",
        )
    } else if gone {
        finding.as_(Severity::Note).advised(
            "nothing is to be repaired on {at}: it connects when its master answers again, or another one is promoted",
            "{at} 本身无需处理：主节点恢复应答，或另一台被提升后，它会重新连接",
        )
    } else if is_loading(info) && !gone {
        finding.as_(Severity::Note).advised(
            "nothing is to be repaired on {at}: it connects to its master when it has loaded its data (WD261)",
            "{at} 本身无需处理：加载完数据（WD261）后它会连接主节点",
        )
    } else if view.master_loads() {
        finding.as_(Severity::Note).advised(
            "nothing is to be repaired on {at}: its master loads its data, and takes no replica before it is done (WD261)",
            "{at} 本身无需处理：主节点正在加载数据，完成之前不接受副本（WD261）",
        )
    } else {
        finding
    });
    history(view, at, info, found);
}

/// What to do about a second master that has keys while the present one has none.
const ONLY_COPY: (&str, &str) = (
    "the present master has no keys, and {at} has: all of it is lost as soon as the sentinels make {at} a replica (within some 20 s, \
     Watchkeeper's at once if it is an old master that is back). Do not `REPLICAOF` the master on it. Copy its files (`dir`: the RDB file, `appenddirname`) elsewhere \
     now; if it keeps none, `BGSAVE` on it and copy the file (`dbfilename`). Keep writes from it",
    "当前主节点没有任何键，而 {at} 有：哨兵让 {at} 成为副本后，这些数据会全部丢失（在 20 秒左右内；若它是回来的旧主节点，Watchkeeper 立即执行）。\
     不要在它上面用 `REPLICAOF` 指向主节点。现在就把它的文件（`dir` 下的 RDB 文件和 `appenddirname`）复制到别处；若没有文件，\
     在它上面执行 `BGSAVE` 并复制该文件（`dbfilename`）。阻止对它的写入",
);

/// A replica that has nothing. Where nobody has more, redis-sentinel makes it the master all the same.
fn empty(view: &GroupView<'_>, at: &Endpoint, info: &Fields, gone: bool) -> Finding {
    let (en, zh) = (
        format!("The replica {at} is empty: it has never had a copy of its master's data."),
        format!("副本 {at} 为空：从未得到主节点数据的副本。"),
    );
    let last = info.number("slave_priority") != Some(0) && view.nobody_has_all();
    let severity = if last { Severity::Critical } else { Severity::Warning };
    let (en_hint, zh_hint) = match (gone, last) {
        (true, true) => EMPTY_AND_ALONE,
        (true, false) => EMPTY,
        (false, _) if view.master_loads() => EMPTY_LONGER,
        (false, _) => EMPTY_YET,
    };
    Finding::of(Code::LinkDown, view.name, en, zh).as_(severity).advised(en_hint, zh_hint)
}

/// What to do about an empty replica: when its master is gone, and nobody has more.
const EMPTY_AND_ALONE: (&str, &str) = (
    "do not have it promoted: that saves nothing. Watchkeeper's sentinels refuse to; redis-sentinel does it, and the old master, when it is \
     back, copies the emptiness: then all data is gone. `CONFIG SET replica-priority 0` on {at} keeps redis-sentinel from it; set back \
     what it was when it has its copy. What to do for the data, WD202 says",
    "不要提升它：救不回任何数据。Watchkeeper 的哨兵会拒绝；redis-sentinel 却会提升，旧主节点恢复后会复制空数据，全部数据随之丢失。\
     在 {at} 上执行 `CONFIG SET replica-priority 0` 可阻止 redis-sentinel，等它得到数据后改回原值。如何挽救数据见 WD202",
);
/// When its master is gone, and others have data.
const EMPTY: (&str, &str) = (
    "Watchkeeper's sentinels do not promote it; redis-sentinel does if those with data are not fit: `CONFIG SET replica-priority 0` on {at} \
     keeps it from that until {at} has a copy of the new master's data; then set back what it was",
    "Watchkeeper 的哨兵不会提升它；若有数据的副本不可用，redis-sentinel 则会：在 {at} 上执行 `CONFIG SET replica-priority 0` 可避免，\
     等它从新主节点得到数据后改回原值",
);
/// When its master reads its data.
const EMPTY_LONGER: (&str, &str) = (
    "it gets its copy when its master has loaded its data (WD261). Until then it is of no use for a failover: Watchkeeper's sentinels do \
     not promote it; redis-sentinel does if nobody has more, and all data is gone then (`CONFIG SET replica-priority 0` on {at} until it has \
     its copy keeps it from that)",
    "主节点加载完数据（WD261）后它才能得到副本。在此之前它无法用于故障转移：Watchkeeper 的哨兵不会提升它；若没有数据更多的副本，\
     redis-sentinel 则会，全部数据随之丢失（在它得到数据之前，在 {at} 上执行 `CONFIG SET replica-priority 0` 可避免）",
);
/// When its master is there.
const EMPTY_YET: (&str, &str) = (
    "it is of no use for a failover: Watchkeeper's sentinels do not promote it; redis-sentinel does if nobody has more, and all data is \
     gone then (`CONFIG SET replica-priority 0` on {at} until it has a copy keeps it from that). On the host of {at}: do master_host and \
     master_port (`INFO replication`) answer from there? Is its `masterauth` the `requirepass` of the master? Does its log show a copy that \
     begins anew again and again? Then raise `client-output-buffer-limit replica` and `repl-timeout` on the master",
    "它无法用于故障转移：Watchkeeper 的哨兵不会提升它；若没有数据更多的副本，redis-sentinel 则会，全部数据随之丢失（在它得到数据之前，\
     在 {at} 上执行 `CONFIG SET replica-priority 0` 可避免）。在 {at} 的主机上检查：从那里能否连到 master_host 和 master_port（`INFO replication`）？\
     `masterauth` 是否就是主节点的 `requirepass`？日志中全量同步是否反复重新开始？若是，请在主节点上调大 `client-output-buffer-limit replica` 和 `repl-timeout`",
);

/// A replica that does not have all data yet. redis-sentinel promotes it all the same, unless it lost its master so long ago
/// that it refuses it, or its priority keeps it from it; Watchkeeper's do when the master is gone and it has something.
fn copying(view: &GroupView<'_>, at: &Endpoint, info: &Fields) -> Finding {
    let of = |en: &str, zh: &str| {
        let en = format!("The replica {at} is copying all data from its master{en}.");
        Finding::of(Code::LinkDown, view.name, en, format!("副本 {at} 正在全量同步{zh}。"))
    };
    let never = info.number("slave_priority") == Some(0);
    let away_ms = info.number("master_link_down_since_seconds").unwrap_or(-1).saturating_mul(1000);
    let limit_ms = view.longest("down-after-milliseconds").unwrap_or(0).saturating_mul(LINK_DOWN_TIMES);
    // Sentinels allow for the time that the master itself has been down.
    let limit_ms = limit_ms.saturating_add(view.longest("s-down-time").unwrap_or(0));
    if never || away_ms > limit_ms {
        let severity = if never { Severity::Note } else { Severity::Warning };
        return of("", "").as_(severity).advised(
            "wait until it has all data: until then it can't be promoted. If it begins anew again and again, raise \
             `client-output-buffer-limit replica` and `repl-timeout` on the master",
            "等待同步完成：在此之前它无法被提升。若反复重新开始，请在主节点上调大 `client-output-buffer-limit replica` 和 `repl-timeout`",
        );
    }
    if view.nobody_has_a_key() {
        return of("; both are empty", "；两者都没有数据").advised(
            "nothing is lost by a failover as long as nobody writes; wait until it has its copy. If it begins anew again and again, the log of {at} says why",
            "只要没有写入，此时故障转移不会丢失数据；等待同步完成即可。若反复重新开始，{at} 的日志会说明原因",
        );
    }
    let all = view.nobody_has_all();
    if let Some(fewer) = view.has_more(info) {
        let (en, zh) = (
            format!(", which has fewer keys than {at}, of another history"),
            "，而主节点的键比它少，且复制历史不同",
        );
        let severity = if all { Severity::Critical } else { Severity::Warning };
        let (own, master) = (keys(info), &view.master);
        return of(&en, zh)
            .as_(severity)
            .says_both(
                server(at),
                format!("{own} keys; {master}: {fewer}"),
                format!("{own} 个键；{master}：{fewer}"),
            )
            .advised(HAS_MORE.0, HAS_MORE.1);
    }
    let (finding, severity) = if all {
        let en = ", and no other one that can be promoted has it: a failover now loses data";
        (of(en, "，且没有其他数据完整、可提升的副本：此时故障转移会丢失数据"), Severity::Critical)
    } else {
        (of("", ""), Severity::Warning)
    };
    let (en, zh) = match (is_master_gone(view), all) {
        (false, _) => UNDER_WAY,
        (true, false) => LEFT_BEHIND,
        (true, true) => NOTHING_BETTER,
    };
    finding.as_(severity).advised(en, zh)
}

/// One that has received its copy when its master went: it is the next master as soon as it has read it.
fn read_in(view: &GroupView<'_>, at: &Endpoint, info: &Fields) -> Finding {
    let never = info.number("slave_priority") == Some(0);
    let (en, zh) = (
        format!("The replica {at} is loading the copy that its master sent."),
        format!("副本 {at} 正在加载主节点发来的全量数据。"),
    );
    let severity = if !never && view.nobody_has_all() { Severity::Critical } else { Severity::Warning };
    Finding::of(Code::LinkDown, view.name, en, zh).as_(severity).advised(
        "wait until it is done (`INFO persistence` on {at}: loading_eta_seconds): nobody can promote it before that, and enough sentinels do it \
         by themselves then. Do not restart it: its copy would be lost; and do not start an old master that keeps nothing on disk",
        "等待加载完成（在 {at} 上看 `INFO persistence` 的 loading_eta_seconds）：在此之前谁也无法提升它，之后只要哨兵足够就会自行提升。\
         不要重启它，否则会丢失这份数据；也不要启动不存盘的旧主节点",
    )
}

/// What to do about a replica that is copying its data: while its master sends it.
const UNDER_WAY: (&str, &str) = (
    "redis-sentinel promotes it with whatever it has (Watchkeeper's sentinels not while its master is up, once the copy has begun): wait \
     with failovers until it has all data. What it lacks then is lost (all of it, if \
     it began empty); `CONFIG SET replica-priority 0` on {at} keeps sentinels from it until you set back what it was. If it begins \
     anew again and again, raise `client-output-buffer-limit replica` and `repl-timeout` on the master",
    "redis-sentinel 会让它带着现有的数据被提升（主节点在线且同步已开始时，Watchkeeper 的哨兵不会）：在它拥有全部数据之前不要故障转移。它缺少的数据会丢失（若从空开始，则全部丢失）；在 {at} 上执行 \
     `CONFIG SET replica-priority 0` 可使哨兵不提升它，完成后改回原值。若反复重新开始，请在主节点上调大 \
     `client-output-buffer-limit replica` 和 `repl-timeout`",
);
/// When it has more than its master, which may have lost it.
const HAS_MORE: (&str, &str) = (
    "was the master started again, and came back with less than it had? Then do not wait, and do not set `replica-priority 0`: \
     `SENTINEL FAILOVER {group}` at one sentinel, at once, makes a replica that still has its own data the master, and loses what the present one \
     has taken since; the copy ends that. If the master has all it should have, wait with failovers until {at} has its copy",
    "主节点是否重启过，且恢复的数据比原来少？若是，不要等待，也不要设置 `replica-priority 0`：立即在一个哨兵上执行 `SENTINEL FAILOVER {group}`，\
     让仍有自己数据的副本成为主节点，当前主节点此后收到的写入会丢失；同步完成后就来不及了。若主节点的数据齐全，则在 {at} 同步完成之前不要故障转移",
);
/// When its master is gone, and others have more.
const LEFT_BEHIND: (&str, &str) = (
    "it can be promoted, with whatever it has; of the same `replica-priority`, sentinels prefer a replica with more data. \
     `CONFIG SET replica-priority 0` on {at} keeps them from it until it has all data of the new master; then set back what it was",
    "它可能带着现有的数据被提升；`replica-priority` 相同时，哨兵优先选择数据更多的副本。在 {at} 上执行 `CONFIG SET replica-priority 0` \
     可使哨兵不提升它，等它从新主节点得到全部数据后改回原值",
);
/// When its master is gone, and nobody has more.
const NOTHING_BETTER: (&str, &str) = (
    "it can be promoted, with whatever it has, perhaps nothing: get back the data of its master first, if there is a way (WD202 says \
     which). `CONFIG SET replica-priority 0` on {at} keeps sentinels from it meanwhile",
    "它可能带着现有的数据（可能为空）被提升：若有办法，先取回主节点的数据（见 WD202）。其间在 {at} 上执行 `CONFIG SET replica-priority 0` \
     可使哨兵不提升它",
);

/// A replica that is not connected, with data of another history than the master's. While the master reads its data its id is
/// one that it has made up for the time being.
fn history(view: &GroupView<'_>, at: &Endpoint, info: &Fields, found: &mut Found) {
    let settled = |master: &&Fields| master.get("role") == "master" && !is_loading(master);
    let Some(master) = view.master_info().filter(settled) else { return };
    let theirs = info.get("master_replid");
    // A server that never replicated has an id of its own, no data of a master, and the offset 0 or 1.
    let fresh = info.number("slave_repl_offset").unwrap_or(0) <= 1;
    if theirs.is_empty()
        || fresh
        || [master.get("master_replid"), master.get("master_replid2")].contains(&theirs)
    {
        return;
    }
    let (en, zh) = (
        format!("The data of the replica {at} is not of the master {}: it has another history.", view.master),
        format!("副本 {at} 的数据与主节点 {} 不同源：复制历史不同。", view.master),
    );
    let finding = Finding::of(Code::ForeignData, view.name, en, zh).at(at);
    let finding = finding.says(server(at), fields(info, HISTORY));
    found.add(finding.says(server(&view.master), fields(master, HISTORY)));
}

/// A replica with data, and a master that began anew without any: to connect them is what must not be done.
fn master_lost_its_data(view: &GroupView<'_>, at: &Endpoint, info: &Fields) -> Finding {
    let master = &view.master;
    let (en, zh) = (
        format!(
            "The master {master} is empty, and the replica {at} has data of another history: as soon as it is connected it copies the emptiness."
        ),
        format!("主节点 {master} 为空，而副本 {at} 有另一段复制历史的数据：一旦连上主节点，它会复制空数据。"),
    );
    let finding = Finding::of(Code::ForeignData, view.name, en, zh).at(at);
    let finding = finding.says(server(at), fields(info, &[LINK, HISTORY].concat()));
    let finding = finding
        .all_say(view.master_info().map(|says| (server(master), fields(says, HISTORY))))
        .says_both(server(master), "no keys (INFO keyspace)", "没有键（INFO keyspace）");
    if view.saves_what_is_lost() {
        let (en, zh) = if view.is_copying(at, info) { FAIL_OVER_NOW } else { FAIL_OVER_BEFORE };
        return finding.advised(en, zh);
    }
    let finding = finding.advised(KEEP_IT_APART.0, KEEP_IT_APART.1);
    finding.besides(
        "But not every replica that could be promoted has it: look first whom a failover would take (`watchkeeper status {group}{reach}`)",
        "但并非每个可提升的副本都有这些数据：先用 `watchkeeper status {group}{reach}` 查看故障转移会提升哪一个",
    )
}

/// What to do about a replica that has what its master lost: when it is about to copy the emptiness, and a failover keeps it.
const FAIL_OVER_NOW: (&str, &str) = (
    "it is about to copy that, which ends its data, mostly within seconds. If that is the data of the group (the master was started again and had kept \
     nothing), do not wait, and do not set `replica-priority 0`: `SENTINEL FAILOVER {group}` at one sentinel, at once, or \
     `watchkeeper failover {group}{reach}`: a replica that still has it becomes the master. If that is refused, `BGSAVE` on {at} and copy the \
     file (`dir`, `dbfilename`). If the master is meant to be empty, nothing is to be done",
    "它即将全量同步，同步（通常在数秒内）之后数据就会消失。若那是本组的数据（主节点重启过且没有存盘），不要等待，也不要设置 `replica-priority 0`：\
     立即在一个哨兵上执行 `SENTINEL FAILOVER {group}`，或 `watchkeeper failover {group}{reach}`，让仍有数据的副本成为主节点。若被拒绝，\
     在 {at} 上执行 `BGSAVE` 并复制该文件（`dir`、`dbfilename`）。若主节点本应为空，则无需处理",
);
/// When it has no link so far, which it may get at once, or for a reason of its own later.
const FAIL_OVER_BEFORE: (&str, &str) = (
    "is that the data of the group (the master was started again and had kept nothing)? Then do not wait, and do not let {at} connect: \
     `SENTINEL FAILOVER {group}` at one sentinel, at once, or `watchkeeper failover {group}{reach}`: a replica that still has it becomes the \
     master. If that is refused, `BGSAVE` on {at} and copy the file (`dir`, `dbfilename`). If the master is meant to be empty, let {at} connect",
    "那是本组的数据吗（主节点重启过且没有存盘）？若是，不要等待，也不要让 {at} 连上：立即在一个哨兵上执行 `SENTINEL FAILOVER {group}`，\
     或 `watchkeeper failover {group}{reach}`，让仍有数据的副本成为主节点。若被拒绝，在 {at} 上执行 `BGSAVE` 并复制该文件（`dir`、`dbfilename`）。\
     若主节点本应为空，则让 {at} 连上即可",
);
/// When a failover may take another one that has nothing.
const KEEP_IT_APART: (&str, &str) = (
    "do not let {at} connect before its data is safe: `BGSAVE` on it, and copy the file (`dir`, `dbfilename`). If that is the data of the \
     group (the master was started again and had kept nothing), `SENTINEL FAILOVER {group}` at one sentinel, at once, makes a replica that \
     still has it the master; ask again which one it was. If the master is meant to be empty, let {at} connect",
    "在保住 {at} 的数据之前不要让它连上主节点：在它上面执行 `BGSAVE` 并复制该文件（`dir`、`dbfilename`）。若那是本组的数据\
     （主节点重启过且没有存盘），立即在一个哨兵上执行 `SENTINEL FAILOVER {group}`，让仍有数据的副本成为主节点，再检查提升的是哪一个。\
     若主节点本应为空，则让 {at} 连上即可",
);

/// Whether the replica follows whom it should.
fn parent(view: &GroupView<'_>, at: &Endpoint, info: &Fields, found: &mut Found) {
    let names = &view.facts.names;
    let port = info.number("master_port").and_then(|port| u16::try_from(port).ok()).unwrap_or(0);
    let parent = Endpoint::new(info.get("master_host"), port);
    // By an address of its own (a tunnel, NAT), the master knows it all the same.
    let fed = |info: &Fields| listed_replicas(info).iter().any(|fed| names.same(&fed.at, at));
    let right = view.is_master(&parent) || view.is_rival(&parent);
    if parent.host.is_empty() || right || view.master_info().is_some_and(fed) {
        return;
    }
    let beside = names.host(&at.host) == names.host(&view.master.host);
    if beside && names.is_loopback(&parent.host) && parent.port == view.master.port {
        return;
    }
    let of_group = view.servers.iter().any(|server| names.same(&server.at, &parent));
    // Chains are kept by ours alone. It lists a sub-replica only where the topology says so.
    let keeps = |info: &Fields| info.has("watchkeeper_version");
    let star = view.facts.local.get(view.name).and_then(|local| local.star).unwrap_or(false);
    if of_group && !star && view.said.iter().all(|said| keeps(&said.says.info)) {
        return;
    }
    let (en, zh) = if of_group {
        (
            format!(
                "The replica {at} follows the replica {parent}, and some sentinels know only replicas of the master."
            ),
            format!("副本 {at} 跟随副本 {parent}，而有的哨兵只认识主节点的直接副本。"),
        )
    } else {
        (
            format!("The replica {at} follows {parent}, which is no server of this group."),
            format!("副本 {at} 跟随 {parent}，它不是本组的服务器。"),
        )
    };
    let said = fields(info, &["master_host", "master_port", "master_link_status"]);
    // The same history, by a way that is not known here.
    let akin = info.get("master_link_status") == "up"
        && view.master_info().is_some_and(|master| master.get("master_replid") == info.get("master_replid"));
    let severity = if of_group || akin { Severity::Warning } else { Severity::Critical };
    let finding =
        Finding::of(Code::WrongParent, view.name, en, zh).as_(severity).at(at).says(server(at), said);
    let finding = match (of_group, akin) {
        (true, _) => finding,
        (false, true) => finding.advised(
            "it has the history of the master, by a way that is not known here (another address, a server that no sentinel lists): if that is \
             not meant to be, `REPLICAOF` the master on {at}",
            "它的复制历史与主节点相同，但途径在此未知（另一个地址，或哨兵列表之外的服务器）：若非有意，在 {at} 上用 `REPLICAOF` 指向主节点",
        ),
        (false, false) => finding.advised(
            "it holds no copy of this master's data, and can be promoted all the same: `REPLICAOF` the master on {at} (what it has now is replaced \
             then), or `CONFIG SET replica-priority 0` on it as long as it follows another one",
            "它没有本组主节点数据的副本，却仍可能被提升：在 {at} 上用 `REPLICAOF` 指向主节点（它现有的数据会被取代），\
             或在它跟随别的服务器期间执行 `CONFIG SET replica-priority 0`",
        ),
    };
    found.add(finding.all_say(view.naming()));
}

/// Replicas of which not one could be promoted, by what the sentinels say and by what we see. Of a master that is gone it is
/// said already.
fn none_fit(view: &GroupView<'_>, found: &mut Found) {
    if view.in_failover() || is_master_gone(view) || view.replicas().any(|server| may_take_over(view, server))
    {
        return;
    }
    let status = Status::of(&view.facts.picture);
    let Some(group) = status.groups.iter().find(|group| group.name == view.name) else { return };
    // Of those that have not the data WD243 tells.
    let without_data = |why: Refusal| {
        matches!(why, Refusal::Loading | Refusal::NoData | Refusal::Emptied | Refusal::NotInStep)
    };
    let told = group.candidates.iter().all(|it| it.refusal.is_some_and(without_data));
    if told || group.heir().is_some() {
        return;
    }
    let (en, zh) =
        ("No replica could be promoted: no failover is possible.", "没有可提升的副本：无法故障转移。");
    let refused = group.candidates.iter().filter_map(|it| Some((&it.at, it.refusal?)));
    found.add(refused.fold(Finding::of(Code::NoneFit, view.name, en, zh), |finding, (at, why)| {
        let told = |lang| refused_replica(at, why, lang);
        finding.at(at).says_both(Who::Here, told(Lang::En), told(Lang::Zh))
    }));
}

/// Whether a replica is well here, and to one of the sentinels.
fn may_take_over(view: &GroupView<'_>, server: &ServerAnswer) -> bool {
    let down = |entry: &Fields| entry.flag("s_down") || entry.flag("disconnected");
    let well =
        |info: &Fields| info.get("master_link_status") == "up" && info.number("slave_priority") != Some(0);
    server.says.as_ref().is_ok_and(|(info, _)| well(info))
        && view.entries(&server.at).iter().any(|(_, entry)| !down(entry))
}

/// Whether no replica that answers may be promoted.
fn priorities(view: &GroupView<'_>, found: &mut Found) -> bool {
    let known: Vec<_> = view
        .replicas()
        .filter_map(|server| Some((&server.at, view.info(server)?.number("slave_priority")?)))
        .collect();
    let zero: Vec<&Endpoint> =
        known.iter().filter(|(_, priority)| *priority == 0).map(|(at, _)| *at).collect();
    if zero.is_empty() {
        return false;
    }
    let all = zero.len() == known.len();
    let list = |lang| places(zero.iter().copied(), lang);
    let (en, zh) = if all {
        (
            format!("No replica can take over: every one has `replica-priority 0` ({}).", list(Lang::En)),
            format!("没有副本可以接替：所有副本的 `replica-priority` 都是 0（{}）。", list(Lang::Zh)),
        )
    } else {
        (
            format!("Has `replica-priority 0`, and so is never promoted: {}.", list(Lang::En)),
            format!("`replica-priority` 为 0，因此永远不会被提升：{}。", list(Lang::Zh)),
        )
    };
    let severity = if all { Severity::Critical } else { Severity::Note };
    let mut finding = Finding::of(Code::PriorityZero, view.name, en, zh).as_(severity);
    for at in zero {
        finding = finding.at(at).says(server(at), "slave_priority:0");
    }
    if all {
        finding = finding.advised(
            "if the master dies, the group stays without one. `CONFIG SET replica-priority 100` (the default), then \
             `CONFIG REWRITE`, on those of {at} that may become the master",
            "主节点一旦宕机，该组将没有主节点。请在 {at} 中允许成为主节点的副本上执行 `CONFIG SET replica-priority 100`（默认值），再执行 `CONFIG REWRITE`",
        );
    }
    found.add(finding);
    all
}

/// Replicas as their master sees them.
fn lagging(view: &GroupView<'_>, info: &Fields, found: &mut Found) {
    let rate = view.facts.closer(view.name, &view.master).and_then(|closer| closer.rate).unwrap_or(0.0);
    let offset = info.number("master_repl_offset").unwrap_or(0);
    for fed in listed_replicas(info).into_iter().filter(|fed| fed.online) {
        let (Some(acknowledged), lag) = (fed.offset, fed.lag_s.unwrap_or(0)) else { continue };
        // What was written since the last acknowledgement is on its way.
        let behind = (offset - acknowledged).max(0) as f64;
        if lag < LAG_S && behind <= BEHIND_BYTES.max(rate * 3.0) {
            continue;
        }
        let at = &fed.at;
        let (en, zh) = (
            format!("The replica {at} is {} behind, last heard {lag} s ago.", bytes(behind)),
            format!("副本 {at} 落后 {}，上次确认在 {lag} 秒前。", bytes(behind)),
        );
        let said = format!("master_repl_offset:{offset}; {at} offset={acknowledged},lag={lag}");
        found.add(Finding::of(Code::Lag, view.name, en, zh).at(at).says(server(&view.master), said));
    }
}

fn backlog(view: &GroupView<'_>, info: &Fields, found: &mut Found) {
    let rate = view.facts.closer(view.name, &view.master).and_then(|closer| closer.rate);
    let (Some(rate), Some(size)) = (rate, info.number("repl_backlog_size")) else { return };
    let away = view.least("down-after-milliseconds").unwrap_or(0) as f64 / 1000.0 + FAILOVER_S;
    let (size, needed) = (size as f64, rate * away);
    if needed <= size {
        return;
    }
    let (en, zh) = (
        format!(
            "A failover takes some {away:.0} s; the backlog holds {:.1} s of the present writes.",
            size / rate
        ),
        format!("一次故障转移约需 {away:.0} 秒；按当前写入量，积压缓冲区只够 {:.1} 秒。", size / rate),
    );
    let (rate, needed) = (bytes(rate), bytes(needed));
    let finding = Finding::of(Code::BacklogSmall, view.name, en, zh).at(&view.master);
    found.add(finding.says_both(
        server(&view.master),
        format!("repl_backlog_size:{size:.0}; {rate}/s were measured, {needed} are needed"),
        format!("repl_backlog_size:{size:.0}；实测 {rate}/秒，需要 {needed}"),
    ));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::sample::facts;

    const ALIVE: (&str, i64) = ("master", 200);
    const DOWN: (&str, i64) = ("s_down,o_down,master", 40_000);
    const COPYING: &str = "role:slave master_link_status:down master_sync_in_progress:1 \
                           master_link_down_since_seconds:-1 db0:keys=5 slave_priority:";

    /// What is found of the first replica's link.
    fn of_link(said: (&str, i64), master: Option<&str>, replicas: &[&str]) -> Finding {
        let facts = facts(&[said, said], master, replicas);
        let view = GroupView::of(&facts, "m").unwrap();
        let mut found = Found::default();
        let server = view.replicas().next().unwrap();
        link(&view, &server.at, view.info(server).unwrap(), &mut found);
        found.findings.remove(0)
    }

    #[test]
    fn a_master_that_loads_has_no_history_yet() {
        let other = "role:slave master_link_status:down master_link_down_since_seconds:3 db0:keys=5 slave_priority:1 \
                     slave_repl_offset:900 master_replid:b";
        for (loading, foreign) in [(0, true), (1, false)] {
            let master = format!("role:master master_replid:a loading:{loading}");
            let facts = facts(&[ALIVE], Some(&master), &[other]);
            let mut found = Found::default();
            group(&GroupView::of(&facts, "m").unwrap(), &mut found);
            assert_eq!(found.findings.iter().any(|it| it.code == Code::ForeignData), foreign, "{found:?}");
        }
    }

    #[test]
    fn what_an_empty_master_lost_is_kept_before_a_replica_copies_that() {
        let waiting = "role:slave master_link_status:down master_sync_in_progress:0 master_link_down_since_seconds:2 \
                       slave_repl_offset:2556 master_replid:a db0:keys=3 slave_priority:100";
        let copied = "role:slave master_link_status:up master_replid:b slave_priority:100";
        let master = |keys: &str| {
            format!(
                "role:master master_replid:b {keys} slave0:ip=h,port=6380,state=wait_bgsave,offset=0,lag=0"
            )
        };
        let (empty, full, fuller) = (master(""), master("db0:keys=1"), master("db0:keys=2 db1:keys=1"));
        let syncing = waiting.replace("in_progress:0", "in_progress:1");
        let same = waiting.replace("replid:a", "replid:b");
        for (master, replicas, code, said, unsaid) in [
            (&empty, &[waiting][..], Code::ForeignData, "do not wait", "But not every"),
            (&empty, &[&syncing], Code::ForeignData, "do not wait", "But not every"),
            (&empty, &[waiting, copied], Code::ForeignData, "But not every replica", "do not wait"),
            // Who has written to it since has not brought that back.
            (
                &full,
                &[waiting],
                Code::LinkDown,
                "`SENTINEL FAILOVER m` at one sentinel, at once",
                "But not every",
            ),
            (&fuller, &[waiting], Code::LinkDown, "wait with failovers", "do not wait"),
            // It is the master's own history that ends with nothing.
            (&empty, &[&same], Code::LinkDown, "wait with failovers", "do not wait"),
        ] {
            let finding = of_link(ALIVE, Some(master), replicas);
            let hint = finding.hint("m", Lang::En);
            assert_eq!(finding.code, code, "{master} {replicas:?}: {finding:?}");
            assert!(hint.contains(said) && !hint.contains(unsaid), "{hint}");
            let facts = facts(&[ALIVE], Some(master), replicas);
            let view = GroupView::of(&facts, "m").unwrap();
            assert_eq!(view.nobody_has_all(), code == Code::LinkDown, "{replicas:?}");
        }
    }

    #[test]
    fn a_replica_that_copies_its_data_can_be_promoted() {
        let copying = format!("{COPYING}100");
        let (away, never) = (copying.replace("-1", "21"), format!("{COPYING}0"));
        let (copying, away, never) = (copying.as_str(), away.as_str(), never.as_str());
        let complete = "role:slave master_link_status:up slave_priority:1";
        let wait = "once the copy has begun): wait with failovers until it has all data";
        for (replicas, severity, said) in [
            (&[copying][..], Severity::Critical, wait),
            (&[copying, copying], Severity::Critical, wait),
            (&[copying, never], Severity::Critical, wait),
            (&[copying, complete], Severity::Warning, wait),
            (&[never, complete], Severity::Note, "until then it can't be promoted"),
            (&[away], Severity::Warning, "until then it can't be promoted"),
        ] {
            let finding = of_link(ALIVE, Some("role:master db0:keys=9"), replicas);
            assert_eq!(finding.severity, severity, "{replicas:?}");
            assert!(finding.hint("m", Lang::En).contains(said), "{replicas:?}: {finding:?}");
            let nobody = finding.text(Lang::En).contains("no other one that can be promoted has it");
            assert_eq!(nobody, severity == Severity::Critical, "{finding:?}");
        }
        // One that has nothing, while its master is there, and when it is not.
        let nothing = "role:slave master_link_status:down master_link_down_since_seconds:-1 slave_repl_offset:0 slave_priority:1";
        for (said, master, replicas, severity, advice) in [
            (
                ALIVE,
                Some("role:master db0:keys=1"),
                &[nothing][..],
                Severity::Critical,
                "On the host of h:6380",
            ),
            (
                ALIVE,
                Some("role:master db0:keys=1"),
                &[nothing, complete],
                Severity::Warning,
                "On the host of h:6380",
            ),
            (ALIVE, Some("role:master"), &[nothing], Severity::Warning, "it gets nothing"),
            (DOWN, None, &[nothing], Severity::Critical, "that saves nothing"),
            (DOWN, None, &[nothing, complete], Severity::Warning, "until h:6380 has a copy"),
        ] {
            let finding = of_link(said, master, replicas);
            assert_eq!(finding.severity, severity, "{replicas:?}");
            assert!(finding.hint("m", Lang::En).contains(advice), "{finding:?}");
            assert_eq!(
                finding.text(Lang::En).contains("is empty"),
                advice != "it gets nothing",
                "{finding:?}"
            );
        }
        // One that read something from its disk, and nobody knows how old that is.
        let finding = of_link(DOWN, None, &[&format!("{nothing} db0:keys=1")]);
        assert_eq!(finding.severity, Severity::Warning, "{finding:?}");
        assert!(finding.hint("m", Lang::En).contains("from its own disk"), "{finding:?}");
        // What it has received it reads first, and then it can be promoted.
        for keys in ["keys=5", "keys=0"] {
            let loading = format!("{copying} loading:1").replace("keys=5", keys);
            let finding = of_link(DOWN, None, &[&loading]);
            assert_eq!(finding.severity, Severity::Critical, "{finding:?}");
            let hint = finding.hint("m", Lang::En);
            assert!(hint.contains("wait until it is done") && !hint.contains("replica-priority"), "{hint}");
        }
        // To wait for a dead master is of no use.
        for (replicas, said) in
            [(&[copying][..], "get back the data"), (&[copying, complete], "prefer a replica with more data")]
        {
            let hint = of_link(DOWN, None, replicas).hint("m", Lang::En);
            assert!(hint.contains(said) && !hint.contains("wait with failovers"), "{hint}");
        }
    }
}
