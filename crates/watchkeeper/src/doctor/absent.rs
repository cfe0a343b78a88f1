//! Data servers that say nothing: what that means for a master and for a replica, and why no failover has begun.

use watchkeeper_core::Lang;

use super::code::{Code, Severity};
use super::finding::{Finding, Found, Who};
use super::servers::if_restarted;
use super::view::{GroupView, has_no_keys, is_loading};
use super::words::{lasted, places, waited};
use crate::ask::{Endpoint, Failure, Fields};
use crate::live::{Status, Waiting, told_waiting};

/// A replica that nobody could reach for so long is taken for gone.
const GONE_MS: i64 = 10 * 60_000;

/// Of one group.
pub(super) fn group(view: &GroupView<'_>, found: &mut Found) {
    // Where there is nothing but the wrong word of some sentinels, that is told.
    let servers = view.servers.iter().filter(|server| !view.is_nothing_but_named(server));
    let failed = servers.filter_map(|server| Some((&server.at, server.says.as_ref().err()?)));
    // A sentinel in the place of a server is told as that.
    let failed = failed.filter(|(_, failure)| !failure.is_sentinel());
    let (refusing, silent): (Vec<_>, Vec<_>) = failed.partition(|(_, failure)| failure.is_login());
    if !refusing.is_empty() {
        found.add(login(view, &refusing));
    }
    for (at, failure) in silent {
        found.add(says_nothing(view, at, failure));
    }
}

fn says_nothing(view: &GroupView<'_>, at: &Endpoint, failure: &Failure) -> Finding {
    let entries = view.entries(at);
    let finding = if view.is_master(at) { master(view, at) } else { replica(view, at, &entries) };
    let critical = finding.severity == Severity::Critical;
    let finding = finding.at(at).says_both(Who::Here, failure.told(Lang::En), failure.told(Lang::Zh));
    let finding = if critical { reasons(view, finding) } else { finding };
    finding.all_say(entries.into_iter().map(|(who, entry)| {
        let of = |name| entry.number(name).map(|ms| format!(", {name} {ms}")).unwrap_or_default();
        let since = if entry.flag("s_down") { of("s-down-time") } else { of("last-ok-ping-reply") };
        (who, format!("flags {}{since}", entry.get("flags")))
    }))
}

/// Servers that are there and do not let us in.
fn login(view: &GroupView<'_>, refusing: &[(&Endpoint, &Failure)]) -> Finding {
    let list = |lang| places(refusing.iter().map(|(at, _)| *at), lang);
    let en = if refusing.len() == 1 {
        format!("The server {} refuses the login: it is not looked at.", list(Lang::En))
    } else {
        format!("The servers {} refuse the login: they are not looked at.", list(Lang::En))
    };
    let zh = format!("服务器 {} 拒绝登录：未能检查。", list(Lang::Zh));
    let mut finding = Finding::of(Code::ServerLogin, view.name, en, zh);
    for (at, failure) in refusing {
        let who = Who::Server((*at).clone());
        finding = finding.at(at).says_both(who, failure.told(Lang::En), failure.told(Lang::Zh));
        let down = view.entries(at).into_iter().filter(|(_, entry)| entry.flag("s_down"));
        finding =
            finding.all_say(down.map(|(who, entry)| (who, format!("{at}: flags {}", entry.get("flags")))));
    }
    // What the sentinels' own file says is refused, is refused to them.
    if !view.facts.own_login.iter().any(|group| group == view.name) {
        let missed = |at: &Endpoint| {
            // Of a master that refuses the sentinels WD222 tells.
            let told = view.is_master(at) && !view.refused().is_empty();
            let entries = view.entries(at);
            !told && !entries.is_empty() && entries.iter().all(|(_, entry)| entry.flag("s_down"))
        };
        let missed = refusing.iter().any(|(at, _)| missed(at));
        return if missed { finding.as_(Severity::Critical).advised(MISSED.0, MISSED.1) } else { finding };
    }
    finding.as_(Severity::Critical).advised(
        "it is the login in the sentinel's own file: that sentinel is refused as well, and can neither watch {at} nor promote it. Put \
         right what the file says (`SENTINEL SET {group} auth-pass` on every sentinel), or the user and the password at the server",
        "这正是哨兵配置文件中的登录：该哨兵同样被拒绝，无法监视或提升 {at}。请改正配置（在每个哨兵上执行 `SENTINEL SET {group} auth-pass`），或服务器上的用户和密码",
    )
}

/// What to do about a server that refuses us and that all sentinels hold for down.
const MISSED: (&str, &str) = (
    "a server that refuses the login runs, and every sentinel that lists it holds it for down: most likely it refuses them as well, and they can \
     neither watch nor promote it. `SENTINEL SET {group} auth-pass PASSWORD` on every sentinel (with users also `auth-user`), the password being the \
     `requirepass` of the servers. `--config` with a sentinel's file checks that login; `--server-user` and `--server-pass-file` give another",
    "拒绝登录的服务器仍在运行，而列出它的哨兵全都认为它下线：它很可能也拒绝了哨兵，哨兵因此无法监视或提升它。在每个哨兵上执行 \
     `SENTINEL SET {group} auth-pass 密码`（使用 ACL 用户时还有 `auth-user`），密码即服务器的 `requirepass`。用 `--config` 指定哨兵的配置文件可检查该登录；\
     也可用 `--server-user` 和 `--server-pass-file` 给出其他登录",
);

/// How many sentinels hold the master for down, and not because it refuses them.
fn holding(view: &GroupView<'_>) -> usize {
    let holds = |entry: &Fields| entry.flag("s_down") && !view.refuses(entry);
    view.naming_it().filter(|said| holds(&said.group.master)).count()
}

/// The sentinels that had no answer of the master lately.
fn deaf<'a>(view: &'a GroupView<'_>) -> Vec<&'a Endpoint> {
    view.naming_it().filter(|said| !view.heard(&said.group.master)).map(|said| said.at).collect()
}

/// Whether the sentinels miss the master: none of them hears it, or as many as it takes hold it for down. Fewer of them say
/// something of the way from there to it.
pub(super) fn is_missed(view: &GroupView<'_>) -> bool {
    let enough = |quorum: i64| i64::try_from(holding(view)).is_ok_and(|holding| holding >= quorum.max(1));
    deaf(view).len() == view.naming_it().count() || view.longest("quorum").is_some_and(enough)
}

/// Whether the master is silent here and missed by the sentinels.
pub(super) fn is_master_gone(view: &GroupView<'_>) -> bool {
    let silent = |why: &Failure| !why.is_login();
    view.master_server().is_some_and(|master| master.says.as_ref().is_err_and(silent)) && is_missed(view)
}

/// A master that does not answer here, and does answer sentinels.
fn unreached(view: &GroupView<'_>, at: &Endpoint) -> Finding {
    let deaf = deaf(view);
    if deaf.is_empty() {
        let en = format!("The master {at} does not answer here; the sentinels heard it a moment ago.");
        let zh = format!("主节点 {at} 对本机没有应答；哨兵刚刚还收到它的应答。");
        return Finding::of(Code::ServerSilent, view.name, en, zh).advised(
            "ask again. If it stays so, the way from this host to {at} is broken and the group is well: run this on a host \
             of a sentinel",
            "请再检查一次。若仍如此，则只是本机到 {at} 的网络不通，组本身正常：请在哨兵所在的主机上运行本命令",
        );
    }
    let (few, all) = (deaf.len(), view.said.len());
    let list = |lang| places(deaf.iter().copied(), lang);
    let en = format!(
        "The master {at} does not answer here, nor to {few} of the {all} sentinels that were asked ({}); the others heard \
         it a moment ago.",
        list(Lang::En)
    );
    let zh = format!(
        "主节点 {at} 对本机没有应答，对所询问的 {all} 个哨兵中的 {few} 个（{}）也没有；其余哨兵刚刚还收到它的应答。",
        list(Lang::Zh)
    );
    Finding::of(Code::ServerSilent, view.name, en, zh).advised(
        "ask again. If it stays so, {at} is alive, as the others hear it: look at the way to it from this host, and from the \
         sentinels that do not hear it",
        "请再检查一次。若仍如此，{at} 仍在运行，因为其余哨兵能收到它的应答：请检查本机以及收不到应答的哨兵到它的网络",
    )
}

/// The server that sentinels take for the master: either it is gone, or only the way from here to it is.
fn master(view: &GroupView<'_>, at: &Endpoint) -> Finding {
    if !is_master_gone(view) {
        return unreached(view, at);
    }
    if let Some(successor) = promoted(view) {
        return succeeded(view, at, successor);
    }
    let holding = holding(view);
    let known = view.known();
    let after = view.longest("down-after-milliseconds").unwrap_or(0);
    let (en, zh) = if holding > 0 {
        (
            format!("{holding} of {known} sentinels hold it for down{}.", unheard(view, Lang::En)),
            format!("{known} 个哨兵中有 {holding} 个认为它下线{}。", unheard(view, Lang::Zh)),
        )
    } else {
        (
            format!(
                "No sentinel holds it for down yet: each does after {} without an answer (down-after-milliseconds), and no failover begins before.",
                waited(after, Lang::En)
            ),
            format!(
                "还没有哨兵认为它下线：无应答满 {}（down-after-milliseconds）后才会判定，在此之前不会故障转移。",
                waited(after, Lang::Zh)
            ),
        )
    };
    let finding = Finding::of(
        Code::ServerSilent,
        view.name,
        format!("The master {at} does not answer: nobody can write. {en}"),
        format!("主节点 {at} 没有应答：无法写入。{zh}"),
    );
    advised(view, finding.as_(Severity::Critical))
}

/// `, 2 do not answer`
fn unheard(view: &GroupView<'_>, lang: Lang) -> String {
    match (view.known().saturating_sub(view.said.len()), lang) {
        (0, _) => String::new(),
        (1, Lang::En) => ", 1 does not answer".to_owned(),
        (count, Lang::En) => format!(", {count} do not answer"),
        (count, Lang::Zh) => format!("，{count} 个没有应答"),
    }
}

/// Why there is no failover, as far as it follows from what all of them say.
fn reasons(view: &GroupView<'_>, finding: Finding) -> Finding {
    let status = Status::of(&view.facts.picture);
    let of_group = status.groups.iter().filter(|group| group.name == view.name);
    // That nobody misses it is said already.
    let waiting = of_group
        .flat_map(|group| &group.waiting)
        .filter(|waiting| !matches!(waiting, Waiting::NobodyMissesIt(_)));
    waiting.fold(finding, |finding, waiting| {
        let told = |lang: Lang| {
            let (text, parts) = told_waiting(waiting, lang);
            let title = lang.pick("why there is no failover: ", "没有故障转移的原因：");
            format!(
                "{title}{text}{}{}",
                if parts.is_empty() { "" } else { lang.pick(" ", "") },
                parts.join(lang.pick("; ", "；"))
            )
        };
        finding.says_both(Who::Here, told(Lang::En), told(Lang::Zh))
    })
}

/// What to do about a master that is gone and whose replicas never had its data.
const NOTHING_TO_PROMOTE: (&str, &str) = (
    "every replica that could be promoted is empty (WD243): to promote one saves nothing. Watchkeeper's sentinels refuse to; \
     redis-sentinel does it, and {at}, when it is back, becomes the replica of the new master and copies the emptiness. \
     `CONFIG SET replica-priority 0` on these replicas keeps redis-sentinel from it. Then bring back {at}: open the way to it if it still \
     runs; if it keeps its data on disk (`save` or `appendonly`), start it again. If a replica has been promoted by then, copy the data files \
     of {at} first. Only if it keeps nothing on disk and does not run any more, its data is lost: start it, and the group begins empty",
    "可提升的副本全部为空（WD243）：提升它们救不回任何数据。Watchkeeper 的哨兵会拒绝；redis-sentinel 却会提升，而 {at} 恢复后会成为新主节点的副本，\
     复制空数据。在这些副本上执行 `CONFIG SET replica-priority 0` 可阻止 redis-sentinel。然后恢复 {at}：若仍在运行，打通网络；若它把数据存到磁盘\
     （`save` 或 `appendonly`），重新启动它。若届时已有副本被提升，请先复制 {at} 的数据文件。只有它没有存盘且已不再运行时，数据才已丢失：启动它，该组从空数据开始",
);
/// What to do about a master that is gone while those that could follow it read their data.
const LOADED_FIRST: (&str, &str) = (
    "no replica that answers can be promoted before it has loaded its data (WD261): until then it refuses the order, from the sentinels and \
     from `watchkeeper failover`. Wait until it is done (`INFO persistence` there: loading_eta_seconds) and do not restart it; then \
     enough sentinels promote it by themselves, and `watchkeeper failover {group}{reach}` does without them. Or open the way to {at}, if it still \
     runs. Do not simply restart it if it does not keep its data on disk (`save` and `appendonly` off): it comes back empty and its replicas \
     copy that",
    "有应答的副本在加载完数据（WD261）之前都无法提升：在此之前它会拒绝提升命令，无论来自哨兵还是 `watchkeeper failover`。等待加载完成\
     （在该副本上看 `INFO persistence` 的 loading_eta_seconds），不要重启它；之后只要哨兵足够就会自行提升，否则用 `watchkeeper failover {group}{reach}`。\
     若 {at} 仍在运行，也可打通到它的网络。若它不把数据存到磁盘（`save` 和 `appendonly` 均关闭），不要直接重启：它会带着空数据回来，副本会复制空数据",
);
/// What to do about a master that is gone and whose replicas the sentinels do not know: they ask the master for them.
const KNOW_NO_REPLICA: (&str, &str) = (
    "the sentinels know no replica: they learn of replicas by the master's INFO, so that after a `SENTINEL RESET`, or a start, without a \
     master they know none, and neither they nor `SENTINEL FAILOVER` can help. If {at} still runs, open the way to it; if it keeps its data on \
     disk (`save` or `appendonly`), start it again. Else promote by hand, if there are replicas: of those that have data `REPLICAOF NO ONE` on \
     the one with the greatest `slave_repl_offset` (`INFO replication`), `REPLICAOF` it on the others, then `SENTINEL REMOVE {group}` on every sentinel, \
     and only when that is done on all of them `SENTINEL MONITOR {group} IP PORT QUORUM` with the new master on every one, and the settings of the \
     group again (`auth-pass`, `down-after-milliseconds`). Before a sentinel that is down is started, delete every line of the group from its file \
     (`sentinel ... {group} ...`, known-replica lines, too); when it runs, `SENTINEL MONITOR` as on the others. Do not start {at} before if it does not keep its data: it comes back empty and its replicas copy that. The \
     sentinels do not know it any more afterwards and would leave it a second master: before it is started, `replicaof IP PORT` with the new \
     master goes into its file; if it still runs, `REPLICAOF` on it as soon as it is reached (it copies the new master's data then)",
    "哨兵不知道任何副本：它们从主节点的 INFO 得知副本，主节点不在时执行 `SENTINEL RESET` 或启动的哨兵一个也不知道，因此哨兵和 `SENTINEL FAILOVER` \
     都无能为力。若 {at} 仍在运行，打通网络；若它把数据存到磁盘（`save` 或 `appendonly`），重新启动它。否则若有副本，则手工提升：在有数据的副本中\
     `slave_repl_offset`（`INFO replication`）最大的一台上执行 `REPLICAOF NO ONE`，在其余副本上用 `REPLICAOF` 指向它，再在每个哨兵上执行 \
     `SENTINEL REMOVE {group}`，全部执行完之后，才在每个哨兵上用新主节点执行 `SENTINEL MONITOR {group} IP PORT QUORUM`，并恢复该组的设置\
     （`auth-pass`、`down-after-milliseconds`）。启动已下线的哨兵之前，从它的配置文件中删除该组的所有行（`sentinel ... {group} ...`，包括 \
     known-replica 行）；启动后与其他哨兵一样执行 `SENTINEL MONITOR`。\
     若 {at} 没有存盘，在此之前不要启动它：它会带着空数据回来，副本会复制空数据。此后哨兵不再认识它，会任由它成为第二个主节点：启动它之前，\
     在它的配置文件中写入指向新主节点的 `replicaof IP PORT`；若它仍在运行，一旦可达就在它上面执行 `REPLICAOF`（届时它会复制新主节点的数据）",
);
/// What to do about a master that is gone and whose replicas may not be promoted.
const PRIORITY_FIRST: (&str, &str) = (
    "no replica that answers may be promoted: every one has `replica-priority 0` (WD251), and sentinels and `watchkeeper failover` refuse. First \
     `CONFIG SET replica-priority 100` on one that has the data (the greatest `slave_repl_offset` in `INFO replication`). The sentinels read that \
     within 10 s; then enough of them promote it by themselves, and `watchkeeper failover {group}{reach}` does without them. Or open the way to {at}, \
     if it still runs. Do not simply restart it if it does not keep its data on disk (`save` and `appendonly` off): it comes back empty and \
     its replicas copy that",
    "有应答的副本都不允许被提升：`replica-priority` 全是 0（WD251），哨兵和 `watchkeeper failover` 都会拒绝。先在有数据的一台副本上\
     （`INFO replication` 中 `slave_repl_offset` 最大的）执行 `CONFIG SET replica-priority 100`。哨兵会在 10 秒内读到；之后足够多的哨兵会自行提升，\
     否则用 `watchkeeper failover {group}{reach}`。若 {at} 仍在运行，也可打通到它的网络。若它不把数据存到磁盘（`save` 和 `appendonly` 均关闭），\
     不要直接重启：它会带着空数据回来，副本会复制空数据",
);
/// What to do about somebody who may have the data that the master has not.
const FILES_FIRST: (&str, &str) = (
    "the present master has no keys. If {at} has data on its disk, copy its files (`dir`: the RDB file, `appenddirname`) before anybody \
     starts it: it becomes a replica of the present master and copies the emptiness",
    "当前主节点没有任何键。若 {at} 的磁盘上有数据，在任何人启动它之前先复制其文件（`dir` 下的 RDB 文件和 `appenddirname`）：\
     它会成为当前主节点的副本，复制空数据",
);

/// What to do about a master that is gone. Whoever starts one that kept nothing, before a replica has been promoted, loses
/// everything: the failover comes first.
fn advised(view: &GroupView<'_>, finding: Finding) -> Finding {
    let finding = if view.replicas().next().is_none() {
        finding.advised(KNOW_NO_REPLICA.0, KNOW_NO_REPLICA.1)
    } else if view.replicas().all(|server| server.says.is_err()) {
        finding.advised(
            "no replica answers that could take over, so that neither the sentinels nor `SENTINEL FAILOVER` can help: open the way to \
             one that still runs before anything is started. If {at} keeps its data on disk (`save` or `appendonly`), start it (again, \
             if it hangs), or open the way to it. Do not simply restart it if it does not: it comes back empty and its replicas copy that; \
             promote a replica first",
            "可以接替的副本都没有应答，哨兵和 `SENTINEL FAILOVER` 都无能为力：在启动任何服务器之前，先打通到仍在运行的副本的网络。若 {at} 把数据存到磁盘\
             （`save` 或 `appendonly`），启动它（若挂起则重启），或打通网络。若没有存盘，不要直接重启：它会带着空数据回来，副本会复制空数据；请先提升副本",
        )
    } else if view.nobody_has_any() || view.all_empty() {
        // Whether it keeps its data or not, it is to be started.
        return finding.advised(NOTHING_TO_PROMOTE.0, NOTHING_TO_PROMOTE.1);
    } else if view.no_priority() {
        finding.advised(PRIORITY_FIRST.0, PRIORITY_FIRST.1)
    } else if view.all_load() {
        finding.advised(LOADED_FIRST.0, LOADED_FIRST.1)
    } else if view.in_failover() {
        finding.advised(
            "a failover is going on: wait until it is over, and ask again. `watchkeeper status {group}{reach}` shows how far it is. Do not start \
             {at} before if it does not keep its data on disk (`save` and `appendonly` off): it comes back empty and its replicas copy that",
            "正在进行故障转移：等它结束后再检查。`watchkeeper status {group}{reach}` 显示进度。若 {at} 不把数据存到磁盘（`save` 和 `appendonly` 均关闭），\
             在此之前不要启动它：它会带着空数据回来，副本会复制空数据",
        )
    } else if view.nobody_has_all() {
        finding.advised(
            "no replica that answers has all data (WD243): one that is promoted now has only what it has, perhaps nothing. If {at} still \
             runs, open the way to it, or wait for it if it hangs; if it keeps its data on disk (`save` or `appendonly`), start it again. \
             Only if it does neither, `watchkeeper failover {group}{reach}` saves what the replica has; a restart would bring it back empty, and \
             its replicas copy that",
            "有应答的副本都没有全部数据（WD243）：现在被提升的副本只有它已有的数据，可能为空。若 {at} 仍在运行，打通网络，挂起则等待；\
             若它把数据存到磁盘（`save` 或 `appendonly`），重新启动它。只有两者都不成立时，才用 `watchkeeper failover {group}{reach}` 保住副本已有的数据；\
             重启只会让它带着空数据回来，副本会复制空数据",
        )
    } else {
        finding.advised(
            "have a replica promoted first, without waiting and without votes: `watchkeeper failover {group}{reach}`, or \
             `SENTINEL FAILOVER {group}` at one sentinel (after NOGOODSLAVE once more, some seconds later). What no replica has received by \
             now is lost then; if sentinels that do not answer are only cut off, WD225 says what else to think of. Or open the way to {at}, \
             if it still runs. Do not simply restart it if it does not keep its data on disk (`save` and `appendonly` off): it comes back \
             empty and its replicas copy that; promote a replica first",
            "先提升副本，不再等待、不经投票：`watchkeeper failover {group}{reach}`，或在一个哨兵上执行 `SENTINEL FAILOVER {group}`\
             （若回复 NOGOODSLAVE，数秒后再试）。副本尚未收到的写入会丢失；若没有应答的哨兵只是被隔离，另见 WD225。若 {at} 仍在运行，也可打通到它的网络。\
             若它不把数据存到磁盘（`save` 和 `appendonly` 均关闭），不要直接重启：它会带着空数据回来，副本会复制空数据；请先提升副本",
        )
    };
    if_restarted(view, finding)
}

/// Where a replica is a master already: a failover that is not over yet, or that began after the sentinels were asked.
pub(super) fn promoted<'a>(view: &GroupView<'a>) -> Option<(&'a Endpoint, bool)> {
    let mut answering = view.replicas().filter_map(|server| Some((&server.at, view.info(server)?)));
    let (at, info) = answering.find(|(_, info)| info.get("role") == "master" && !is_loading(info))?;
    let closer = view.facts.closer(view.name, at);
    let settings = closer.and_then(|closer| closer.settings.as_ref().ok());
    let wanted = settings.and_then(|known| known.get(&["min-replicas-to-write", "min-slaves-to-write"]));
    let wanted: i64 = wanted.and_then(|count| count.parse().ok()).unwrap_or(1);
    // INFO has this line where writes depend on replicas.
    Some((at, info.number("min_slaves_good_slaves").is_none_or(|good| good >= wanted)))
}

/// A master that is gone and has a successor.
fn succeeded(view: &GroupView<'_>, at: &Endpoint, (to, writable): (&Endpoint, bool)) -> Finding {
    let (en, zh) = if writable {
        ("and takes writes", "并接受写入")
    } else {
        (
            "and takes writes as soon as enough replicas follow it (`min-replicas-to-write`)",
            "有足够副本跟随它后（`min-replicas-to-write`）即接受写入",
        )
    };
    let finding = Finding::of(
        Code::ServerSilent,
        view.name,
        format!("The master {at} does not answer. The replica {to} is already promoted, {en}."),
        format!("主节点 {at} 没有应答。副本 {to} 已被提升，{zh}。"),
    );
    let finding = finding.says(Who::Server(to.clone()), "role:master");
    let empty = view.replicas().any(|server| server.at == *to && view.info(server).is_some_and(has_no_keys));
    if empty {
        let finding = finding.as_(Severity::Critical).says_both(
            Who::Server(to.clone()),
            "no keys (INFO keyspace)",
            "没有键（INFO keyspace）",
        );
        return finding.advised(FILES_FIRST.0, FILES_FIRST.1);
    }
    if view.in_failover() {
        return finding.advised(
            "the failover is going on: wait until it is over, and ask again. `watchkeeper status {group}{reach}` shows how far it is",
            "故障转移仍在进行：等它结束后再检查。`watchkeeper status {group}{reach}` 显示进度",
        );
    }
    finding.advised(
        "ask again in some seconds: sentinels were asked before it was promoted, or do not know of it yet. If it stays so, do not start \
         {at}; WD241 says what to do",
        "数秒后再检查：询问哨兵时它尚未被提升，或哨兵还不知道。若一直如此，不要启动 {at}；处理办法见 WD241",
    )
}

/// What to do about a replica that does not answer here, and that a sentinel hears.
const RUNS: (&str, &str) = (
    "it ran a moment ago: a sentinel had an answer of it then. It may hang at times (it is loading its data, or a slow command keeps it), or \
     the way to it from this host is broken. Ask again; if it stays so, see its log, and do not restart it while it loads: it would begin anew",
    "它刚才还在运行：有哨兵收到过它的应答。它可能时而挂起（正在加载数据，或有慢命令），或本机到它的网络不通。请再检查一次；若仍如此，查看它的日志，\
     加载期间不要重启它，否则会从头开始",
);
/// The same, where the present master has no keys.
const RUNS_BESIDES: (&str, &str) = (
    "The present master has no keys: if {at} has data on its disk, copy its files (`dir`: the RDB file, `appenddirname`) now, as it copies the \
     emptiness once it is connected",
    "当前主节点没有任何键：若 {at} 的磁盘上有数据，现在就复制其文件（`dir` 下的 RDB 文件和 `appenddirname`），它连上后会复制空数据",
);

fn replica(view: &GroupView<'_>, at: &Endpoint, entries: &[(Who, &Fields)]) -> Finding {
    let down_ms =
        entries.iter().map(|(_, entry)| entry.number("s-down-time").unwrap_or(0)).min().unwrap_or(0);
    if down_ms > GONE_MS {
        let (en, zh) = (lasted(down_ms / 1000, Lang::En), lasted(down_ms / 1000, Lang::Zh));
        let en = format!("The replica {at} has been gone for {en}, and is still listed.");
        let zh = format!("副本 {at} 已消失 {zh}，仍在列表中。");
        return Finding::of(Code::StaleReplica, view.name, en, zh);
    }
    let (en, zh) = if entries.iter().any(|(_, entry)| entry.flag("s_down")) {
        (format!("The replica {at} does not answer."), format!("副本 {at} 没有应答。"))
    } else {
        // Perhaps it is only this host that can't reach it.
        (
            format!("The replica {at} does not answer here; no sentinel holds it for down (yet)."),
            format!("副本 {at} 对本机没有应答；（目前）没有哨兵认为它下线。"),
        )
    };
    let finding = Finding::of(Code::ServerSilent, view.name, en, zh);
    if entries.iter().any(|(_, entry)| view.heard(entry)) {
        let finding = finding.advised(RUNS.0, RUNS.1);
        return if view.master_is_empty() {
            finding.besides(RUNS_BESIDES.0, RUNS_BESIDES.1)
        } else {
            finding
        };
    }
    if view.master_is_empty() {
        return finding
            .advised(FILES_FIRST.0, FILES_FIRST.1)
            .besides("Else start it, or open the way to it", "否则启动它，或打通网络");
    }
    finding.advised(
        "start it, or open the way to it: it can't be promoted, and holds no copy of what is written now",
        "启动它，或打通网络：它无法被提升，也不包含此刻写入的数据",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::sample::{facts, keeps_nothing};

    #[test]
    fn a_master_is_gone_when_nobody_hears_it_or_the_quorum_misses_it() {
        let (heard, down, late) = (("master", 200), ("s_down,master", 40_000), ("master", 2_000));
        for (said, gone) in [
            (&[heard, heard, heard][..], false),
            (&[down, heard, heard], false),
            (&[late, down, heard], false),
            (&[down, down, heard], true),
            (&[late, late, late], true),
            (&[late, down, late], true),
            (&[("master,disconnected", 200)], true),
        ] {
            let facts = facts(said, None, &[]);
            let view = GroupView::of(&facts, "m").unwrap();
            assert_eq!(is_master_gone(&view), gone, "{said:?}");
            let mut found = Found::default();
            group(&view, &mut found);
            let [finding] = &found.findings[..] else { panic!("{:?}", found.findings) };
            assert_eq!(finding.severity == Severity::Critical, gone, "{said:?}");
            assert_eq!(
                format!("{finding:?}").contains("does not answer: nobody can write"),
                gone,
                "{said:?}"
            );
        }
    }

    #[test]
    fn a_replica_that_a_sentinel_hears_is_not_to_be_started() {
        let at = Endpoint::new("h", 6380);
        for (since, flags, runs) in
            [(7, "slave", true), (5_911, "s_down,slave", false), (7, "slave,disconnected", false)]
        {
            let mut facts = facts(&[("master", 200)], Some("role:master db0:keys=1"), &["role:slave"]);
            facts.picture.servers[1].says = Err(Failure::Silent(2000));
            let said = Fields::info(&format!(
                "ip:h\r\nport:6380\r\nflags:{flags}\r\nlast-ok-ping-reply:{since}\r\n"
            ));
            facts.picture.sentinels[0].says.as_mut().unwrap().groups[0].replicas = vec![said];
            let view = GroupView::of(&facts, "m").unwrap();
            let finding = replica(&view, &at, &view.entries(&at)).at(&at);
            let (en, zh) = (finding.hint("m", Lang::En), finding.hint("m", Lang::Zh));
            assert_eq!(
                en.contains("it ran a moment ago") && zh.contains("有哨兵收到过它的应答"),
                runs,
                "{en} {zh}"
            );
            assert_eq!(
                en.contains("start it, or open the way") && zh.contains("不包含此刻写入的数据"),
                !runs,
                "{en} {zh}"
            );
        }
    }

    #[test]
    fn who_does_not_hear_a_master_that_is_alive_is_named() {
        let facts = facts(&[("s_down,master", 40_000), ("master", 200), ("master", 300)], None, &[]);
        let view = GroupView::of(&facts, "m").unwrap();
        let finding = format!("{:?}", master(&view, &view.master));
        for expected in ["nor to 1 of the 3 sentinels that were asked (s:1)", "3 个哨兵中的 1 个（s:1）"]
        {
            assert!(finding.contains(expected), "{finding}");
        }
        assert!(!finding.contains("FAILOVER"), "{finding}");
    }

    const DOWN: (&str, i64) = ("s_down,o_down,master", 40_000);
    const ZERO: &str = "role:slave master_link_status:down slave_priority:0";
    const IN_STEP: &str = "role:slave master_link_status:down slave_priority:100";

    /// What is said of a dead master with these replicas, the last of which keeps nothing on disk if `unsaved`.
    fn dead(flags: &str, replicas: &[&str], unsaved: bool) -> Finding {
        let mut facts = facts(&[(flags, DOWN.1), DOWN], None, replicas);
        if unsaved {
            keeps_nothing(&mut facts, replicas.len());
        }
        master(&GroupView::of(&facts, "m").unwrap(), &Endpoint::new("h", 6379))
    }

    #[test]
    fn a_master_that_may_come_back_empty_is_not_to_be_started_before_the_failover() {
        let leading = "s_down,o_down,failover_in_progress,master";
        let copying = "role:slave master_link_status:down master_sync_in_progress:1 slave_priority:100";
        let never =
            "role:slave master_link_status:down master_link_down_since_seconds:-1 slave_repl_offset:0";
        let loading = "role:slave loading:1 master_link_status:down master_link_down_since_seconds:-1 \
                       slave_repl_offset:1 slave_priority:100";
        for (flags, replicas, first) in [
            (DOWN.0, &[IN_STEP][..], "have a replica promoted first"),
            (DOWN.0, &[], "the sentinels know no replica"),
            (DOWN.0, &[ZERO], "no replica that answers may be promoted"),
            (DOWN.0, &[copying], "no replica that answers has all data"),
            (DOWN.0, &[never], "every replica that could be promoted is empty"),
            (
                DOWN.0,
                &[&format!("{never} slave_priority:0")],
                "every replica that could be promoted is empty",
            ),
            (leading, &[never], "every replica that could be promoted is empty"),
            (DOWN.0, &[never, copying], "no replica that answers has all data"),
            (DOWN.0, &[loading], "no replica that answers can be promoted before it has loaded"),
            (leading, &[loading, never], "no replica that answers can be promoted before it has loaded"),
            (DOWN.0, &[loading, IN_STEP], "have a replica promoted first"),
            (
                DOWN.0,
                &[copying, &format!("{IN_STEP} slave_repl_offset:0")],
                "no replica that answers has all data",
            ),
            (
                DOWN.0,
                &[copying, &format!("{IN_STEP} slave_repl_offset:900")],
                "have a replica promoted first",
            ),
            (leading, &[IN_STEP], "a failover is going on"),
        ] {
            let finding = dead(flags, replicas, false);
            let (hint, zh) = (finding.hint("m", Lang::En), finding.hint("m", Lang::Zh));
            let copied =
                ["its replicas copy that", "copies the emptiness"].iter().any(|it| hint.contains(it));
            assert!(hint.starts_with(first) && copied, "{hint}");
            assert!(zh.contains("复制空数据") && !hint.contains("WD260"), "{zh}, {hint}");
        }
        let finding = dead(DOWN.0, &[IN_STEP, IN_STEP], true);
        let hint = finding.hint("m", Lang::En);
        assert!(hint.contains("(`save` and `appendonly` off)") && hint.contains("on disk (WD260)"), "{hint}");
        assert!(format!("{finding:?}").contains("aof_enabled:0"), "{finding:?}");
        assert!(finding.hint("m", Lang::Zh).contains("。本组有服务器不存盘"), "{finding:?}");
    }

    #[test]
    fn where_a_replica_is_promoted_already_it_is_not_said_that_nobody_can_write() {
        let leading = "s_down,o_down,failover_in_progress,master";
        for (flags, info, said) in [
            (leading, "role:master db0:keys=1", "h:6380 is already promoted, and takes writes."),
            (DOWN.0, "role:master db0:keys=1 min_slaves_good_slaves:1", "and takes writes."),
            (
                leading,
                "role:master db0:keys=1 min_slaves_good_slaves:0",
                "as soon as enough replicas follow it",
            ),
        ] {
            let finding = dead(flags, &[info, IN_STEP], false);
            let text = finding.text(Lang::En);
            assert!(text.contains(said) && !text.contains("nobody can write"), "{text}");
            assert_eq!(finding.severity, Severity::Warning);
            let hint = finding.hint("m", Lang::En);
            assert!(hint.contains("wait until it is over") == (flags == leading), "{hint}");
        }
        let text = dead(leading, &[IN_STEP], false).text(Lang::En).to_owned();
        assert!(text.contains("nobody can write"), "{text}");
        // The old one may be the only one with data.
        let finding = dead(leading, &["role:master", IN_STEP], false);
        let hint = finding.hint("m", Lang::En);
        assert!(finding.severity == Severity::Critical && hint.contains("copy its files"), "{finding:?}");
    }

    #[test]
    fn a_server_that_refuses_us_and_is_missed_by_all_sentinels_is_critical() {
        let down = "s_down,slave,disconnected";
        for (flags, severity) in [
            ([down, down], Severity::Critical),
            ([down, "slave"], Severity::Warning),
            (["slave"; 2], Severity::Warning),
        ] {
            let mut facts = facts(&[("master", 200); 2], Some("role:master"), &[IN_STEP]);
            facts.picture.servers[1].says = Err(Failure::Refused("NOAUTH Authentication required.".into()));
            for (sentinel, flags) in facts.picture.sentinels.iter_mut().zip(flags) {
                let entry = Fields::info(&format!("ip:h\r\nport:6380\r\nflags:{flags}\r\n"));
                sentinel.says.as_mut().unwrap().groups[0].replicas = vec![entry];
            }
            let mut found = Found::default();
            group(&GroupView::of(&facts, "m").unwrap(), &mut found);
            let [finding] = &found.findings[..] else { panic!("{:?}", found.findings) };
            assert_eq!((finding.code, finding.severity), (Code::ServerLogin, severity), "{flags:?}");
            let hint = finding.hint("m", Lang::En);
            assert_eq!(hint.contains("`SENTINEL SET m auth-pass"), severity == Severity::Critical, "{hint}");
        }
    }

    #[test]
    fn a_master_that_answers_with_errors_is_not_gone() {
        let refused = "s_down,o_down,master last-ping-reply:300";
        for (said, gone) in
            [([(refused, 40_000); 2], false), ([(refused, 40_000), DOWN], false), ([DOWN; 2], true)]
        {
            let facts = facts(&said, None, &[IN_STEP]);
            let view = GroupView::of(&facts, "m").unwrap();
            assert_eq!(is_master_gone(&view), gone, "{said:?}");
            assert_eq!(view.refused().len(), said.iter().filter(|one| one.0 == refused).count());
        }
        // Busy with a script, it answers all with an error.
        let mut busy = facts(&[(refused, 40_000)], None, &[]);
        busy.picture.servers[0].says = Err(Failure::Refused("BUSY Redis is busy".into()));
        let view = GroupView::of(&busy, "m").unwrap();
        assert!(is_master_gone(&view) && view.refused().is_empty());
        // An old good answer and an old bad one: it hangs.
        let facts = facts(&[("s_down,master last-ping-reply:40000", 40_000)], None, &[]);
        assert!(GroupView::of(&facts, "m").unwrap().refused().is_empty());
    }
}
