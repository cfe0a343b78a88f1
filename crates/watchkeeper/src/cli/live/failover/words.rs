//! What `failover` says.

use std::time::Duration;

use watchkeeper_core::event::by_name;

use super::Stop;
use super::course::{Course, End, Phase};
use super::probe::Gap;
use crate::ask::{Endpoint, Failure};
use crate::cli::lang::Lang;
use crate::live::{
    Candidate, GroupStatus, Line, Odds, Refusal, Role, ServerState, Tone, Writable, failure, refused_replica,
    some,
};

/// How it stands.
pub(super) fn standing(group: &GroupStatus, lang: Lang) -> Vec<Line> {
    let mut lines = vec![group.headline(lang), group.master_line(lang)];
    lines.extend(group.problem_lines(lang));
    lines
}

/// What will be done.
pub(in crate::cli::live) fn plan(group: &GroupStatus, lang: Lang) -> Vec<Line> {
    let mut lines = standing(group, lang);
    let Some(heir) = group.heir() else {
        lines.extend(refusing(group, lang));
        // Another sentinel may see more, or this one in a moment.
        let all_the_same = lang.pick("Should a sentinel do it all the same: ", "若有哨兵仍然执行：");
        lines.extend(late(group, lang).map(|text| Line::of(Tone::Warn, &(all_the_same.to_owned() + &text))));
        return lines;
    };
    lines.push(Line::of(Tone::Plain, &next(heir, &group.equals(), lang)));
    lines.push(Line::of(
        Tone::Plain,
        lang.pick(
            "Clients lose their connections and must ask for the new master; writes that the replica has not got by then are lost.",
            "客户端连接会断开，需要重新查询主节点；届时副本尚未收到的写入会丢失。",
        ),
    ));
    let warnings = [
        foreign_data(group, lang),
        only_on_disk(group, lang),
        in_two_groups(group, lang),
        silent_heirs(group, lang),
        late(group, lang),
        few(group, lang),
    ];
    lines.extend(warnings.iter().flatten().map(|text| Line::of(Tone::Warn, text)));
    lines
}

/// That it will be refused, and why.
fn refusing(group: &GroupStatus, lang: Lang) -> Vec<Line> {
    let text = if group.candidates.is_empty() {
        lang.pick("The sentinels know no replica, so they will refuse.", "哨兵不知道任何副本，会拒绝。")
    } else {
        lang.pick(
            "No replica can be promoted, so the sentinel will refuse:",
            "没有可以提升的副本，哨兵会拒绝：",
        )
    };
    let mut lines = vec![Line::of(Tone::Warn, text)];
    lines.extend(unfit(group, lang).iter().map(|text| Line::of(Tone::Plain, text)));
    lines.extend(priority_first(group, lang).map(|text| Line::of(Tone::Plain, text)));
    lines
}

/// That the data is of a server outside the group, which a failover does not change.
fn foreign_data(group: &GroupStatus, lang: Lang) -> Option<String> {
    let (whom, linked) = group.outsider()?;
    let master = &group.master;
    Some(match lang {
        Lang::En if linked => format!(
            "{master} has taken the data of {whom}, and so have the replicas that follow it: this makes the group writable, and brings \
             back nothing of what it had before. If that is needed, restore it from a backup."
        ),
        Lang::Zh if linked => format!(
            "{master} 的数据已是 {whom} 的，跟随它的副本也一样：本操作使该组恢复写入，但找不回原来的数据。若需要，请从备份恢复。"
        ),
        Lang::En => format!(
            "{master} has no link to {whom} now: whether it has taken its data before is not known. `REPLICAOF NO ONE` on {master} keeps what it has, too."
        ),
        Lang::Zh => format!(
            "{master} 目前没有连上 {whom}：是否曾复制它的数据不得而知。在 {master} 上执行 `REPLICAOF NO ONE` 也能保住现有的数据。"
        ),
    })
}

/// What is lost with a master that reads its data: when it is done it copies the new one's.
fn only_on_disk(group: &GroupStatus, lang: Lang) -> Option<String> {
    let master = &group.master;
    loads(group).then(|| match lang {
        Lang::En => format!(
            "{master} is loading what it has on its disk. When it is done it follows the new master and copies its data: what only the disk \
             has is lost then. If the replicas may lack something of it, copy its files (`dir`: the RDB file, `appenddirname`) first, or wait."
        ),
        Lang::Zh => format!(
            "{master} 正在加载磁盘上的数据。加载完成后它会跟随新主节点并复制其数据：仅在磁盘上的数据届时会丢失。若副本可能缺少其中的数据，\
             请先复制其文件（`dir` 下的 RDB 文件和 `appenddirname`），或等待加载完成。"
        ),
    })
}

/// Whether the master reads its data.
fn loads(group: &GroupStatus) -> bool {
    group.server(&group.master).is_some_and(|server| server.state == ServerState::Loading)
}

/// That another group has a server of this one for its master, and will not leave it at that.
fn in_two_groups(group: &GroupStatus, lang: Lang) -> Option<String> {
    let others = group.other_names();
    let others: Vec<String> =
        others.into_iter().map(|name| format!("`{}`", crate::explain::plain(name))).collect();
    let names = some(&others, 3, lang);
    match lang {
        _ if others.is_empty() => None,
        Lang::En => Some(format!(
            "The sentinels have the same servers in another group, too ({names}), which goes on by itself: it may make the new master a \
             replica again. Remove one of the names first: `SENTINEL REMOVE` at every sentinel."
        )),
        Lang::Zh => Some(format!(
            "哨兵在另一个组（{names}）中也监视同样的服务器，那个组各行其是，可能把新主节点重新变成副本。请先移除其中一个组名：\
             在每个哨兵上执行 `SENTINEL REMOVE`。"
        )),
    }
}

/// What to do first where nothing but their priority keeps all replicas from being promoted.
fn priority_first(group: &GroupStatus, lang: Lang) -> Option<&'static str> {
    let zero = |it: &Candidate| it.refusal == Some(Refusal::PriorityZero);
    (!group.candidates.is_empty() && group.candidates.iter().all(zero)).then(|| {
        lang.pick(
            "First `CONFIG SET replica-priority 100` on one that has the data; the sentinels read that within 10 s.",
            "请先在有数据的一台副本上执行 `CONFIG SET replica-priority 100`；哨兵会在 10 秒内读到。",
        )
    })
}

/// That replicas that may be promoted do not answer this host, which a sentinel need not have noticed yet.
fn silent_heirs(group: &GroupStatus, lang: Lang) -> Option<String> {
    let silent = |it: &&Candidate| {
        it.odds != Odds::Out
            && group.server(&it.at).is_some_and(|server| matches!(server.state, ServerState::Silent(_)))
    };
    let silent: Vec<String> = group.candidates.iter().filter(silent).map(|it| it.at.to_string()).collect();
    let (names, ms) = (some(&silent, 3, lang), group.failover_timeout_ms);
    match lang {
        _ if silent.is_empty() => None,
        Lang::En => Some(format!(
            "No answer to this host from {names}: if the sentinel chooses one that does not answer it either, it gives up \
             after failover-timeout ({ms} ms)."
        )),
        Lang::Zh => Some(format!(
            "{names} 对本机无应答：若哨兵选中的副本对哨兵同样无应答，会在 failover-timeout（{ms} 毫秒）后放弃。"
        )),
    }
}

/// That too few sentinels answer to do it by themselves, which they may have a reason for.
fn few(group: &GroupStatus, lang: Lang) -> Option<String> {
    let (acting, majority, voters) = (group.acting(), group.majority(), group.voters);
    let master = &group.master;
    match lang {
        _ if acting >= majority => None,
        Lang::En => Some(format!(
            "Only {acting} of {voters} sentinels act, too few for an election ({majority}); this needs none. Only do it if the \
             others are not cut off together with {master}: else there are two masters, each with clients that write."
        )),
        Lang::Zh => Some(format!(
            "{voters} 个哨兵中只有 {acting} 个能够行动，不足以选举（需要 {majority} 个）；本操作无需选举。仅当其他哨兵不是与 {master} \
             一起被隔离时才可执行：否则会出现两个主节点，都有客户端写入。"
        )),
    }
}

/// That the old master is told late, where that is so: Watchkeeper tells it at once.
fn late(group: &GroupStatus, lang: Lang) -> Option<String> {
    let (foreign, all) = group.foreign();
    if told_at_once(group) {
        return None;
    }
    let master = &group.master;
    Some(match lang {
        Lang::En if foreign == all => format!(
            "These sentinels tell the old master late: {master} goes on taking writes until one looks at it more than 8 s after \
             the switch (each looks every 10 s), and they are all lost. Stop those who write before, or have them ask a sentinel again at once."
        ),
        Lang::En => format!(
            "{foreign} of {all} sentinels are not Watchkeeper. If one of them does it, {master} may go on taking writes until one \
             looks at it more than 8 s after the switch (each looks every 10 s), and they are all lost."
        ),
        Lang::Zh if foreign == all => format!(
            "这些哨兵很晚才通知旧主节点：{master} 会继续接受写入，直到某个哨兵在切换 8 秒以后再查看它（每个哨兵每 10 秒查看一次），这些写入都会丢失。请事先停止写入，或让客户端立即重新查询哨兵。"
        ),
        Lang::Zh => format!(
            "{all} 个哨兵中有 {foreign} 个不是 Watchkeeper。若由其中之一执行，{master} 可能继续接受写入，直到某个哨兵在切换 8 秒以后再查看它（每个哨兵每 10 秒查看一次），这些写入都会丢失。"
        ),
    })
}

/// Who will be the next master, as far as can be said.
fn next(heir: &Candidate, equals: &[&Candidate], lang: Lang) -> String {
    let (at, priority) = (&heir.at, heir.priority);
    if equals.is_empty() {
        return match lang {
            Lang::En => format!(
                "A sentinel will promote a replica, most likely {at} (priority {priority}); the other servers will follow it."
            ),
            Lang::Zh => {
                format!("哨兵将提升一个副本，很可能是 {at}（优先级 {priority}）；其余服务器将跟随它。")
            }
        };
    }
    let others: Vec<String> = equals.iter().map(|it| it.at.to_string()).collect();
    let others = some(&others, 3, lang);
    match lang {
        Lang::En => format!(
            "A sentinel will promote a replica: {at} or {others}, which are equal as far as can be told (priority {priority}); \
             it takes the one that was farthest in the data when it read that last, and of equals the smallest run id. The \
             other servers will follow it."
        ),
        Lang::Zh => format!(
            "哨兵将提升一个副本：{at} 或 {others}，目前看来条件相同（优先级 {priority}）；哨兵选择上次读取时数据进度最靠前的，\
             相同时取最小的 run id。其余服务器将跟随它。"
        ),
    }
}

fn unfit(group: &GroupStatus, lang: Lang) -> Vec<String> {
    let refused = group.candidates.iter().filter_map(|it| Some((&it.at, it.refusal?)));
    refused.map(|(at, why)| format!("  {}", refused_replica(at, why, lang))).collect()
}

/// Who was asked.
pub(in crate::cli::live) fn asked(by: &Endpoint, lang: Lang) -> Line {
    Line::of(
        Tone::Bold,
        &match lang {
            Lang::En => format!("Asked {by} for a failover."),
            Lang::Zh => format!("已向 {by} 请求故障转移。"),
        },
    )
}

/// The sentinel did not do it.
pub(in crate::cli::live) fn refused(at: &Endpoint, why: &Failure, group: &GroupStatus, lang: Lang) -> String {
    let told = crate::explain::plain(&failure(why, lang));
    let text = match lang {
        Lang::En => format!("the sentinel {at} did not do it: {told}"),
        Lang::Zh => format!("哨兵 {at} 没有执行：{told}"),
    };
    let hint = match why {
        Failure::Refused(words) => hint(words, group, lang),
        Failure::Silent(_) | Failure::Broken(_) => lang
            .pick(
                "it may do it all the same: `watchkeeper status{reach}` shows whether it does",
                "它仍可能执行：用 `watchkeeper status{reach}` 查看",
            )
            .to_owned(),
        Failure::Unreachable(_) | Failure::Protocol(_) => String::new(),
    };
    let hint = hint.replace("{reach}", &group.reach);
    if hint.is_empty() { text } else { format!("{text}\n{}{hint}", lang.pick("hint: ", "提示：")) }
}

fn hint(words: &str, group: &GroupStatus, lang: Lang) -> String {
    let code = words.split(' ').next().unwrap_or_default();
    match code {
        "NOGOODSLAVE" => {
            let master = group.server(&group.master).map(|server| &server.state);
            if group.candidates.is_empty() && matches!(master, Some(ServerState::Silent(_))) {
                return lang
                    .pick(
                        "it knows no replica: sentinels learn of them by the master's INFO, and of none as long as the master is gone; \
                         `watchkeeper doctor{reach}` says how to promote one by hand",
                        "它不知道任何副本：哨兵从主节点的 INFO 得知副本，主节点不在时无从得知；`watchkeeper doctor{reach}` 会说明如何手工提升",
                    )
                    .to_owned();
            }
            if group.candidates.is_empty() {
                return lang
                    .pick(
                        "it knows no replica: sentinels learn of them by the master's INFO; `watchkeeper doctor{reach}` says what is wrong",
                        "它不知道任何副本：哨兵从主节点的 INFO 得知副本；`watchkeeper doctor{reach}` 会指出问题",
                    )
                    .to_owned();
            }
            let title = lang.pick("no replica can be promoted", "没有可以提升的副本");
            let reasons = unfit(group, lang);
            let old = group.candidates.iter().any(|it| matches!(it.refusal, Some(Refusal::OldInfo(_))));
            let again = if old || group.heir().is_some() {
                lang.pick(
                    "; try again in a few seconds: sentinels renew what they know of a replica every 10 s, and every second \
                     once the quorum misses the master or they know that the replica has lost it",
                    "；请几秒后再试：哨兵每 10 秒更新一次副本的信息；达到法定票数认为主节点下线后，或得知该副本已与它断开后，每秒一次",
                )
            } else {
                ""
            };
            let list: String = reasons.iter().map(|reason| format!("\n{reason}")).collect();
            let first = priority_first(group, lang).map(|text| format!("\n{text}")).unwrap_or_default();
            format!("{title}{again}{list}{first}")
        }
        "INPROG" => in_progress(group, lang),
        "NOAUTH" | "NOPERM" | "WRONGPASS" => lang
            .pick(
                "`--user` and `--pass-file` name a user that may do SENTINEL FAILOVER",
                "用 `--user` 和 `--pass-file` 指定有权执行 SENTINEL FAILOVER 的用户",
            )
            .to_owned(),
        _ if words.contains("No such master") => {
            lang.pick("it has just forgotten this group", "它刚刚不再监视这个组").to_owned()
        }
        _ => String::new(),
    }
}

/// Somebody else has begun one.
pub(super) fn in_progress(group: &GroupStatus, lang: Lang) -> String {
    let text = lang.pick(
        "one is in progress already: `watchkeeper events{reach}` follows it",
        "已有故障转移在进行：用 `watchkeeper events{reach}` 跟踪",
    );
    text.replace("{reach}", &group.reach)
}

/// What Ctrl-C means.
pub(super) fn goes_on(group: &GroupStatus, lang: Lang) -> String {
    let text = lang.pick(
        "\nThe failover goes on without this command: `watchkeeper events{reach}` follows it.\n",
        "\n故障转移仍在继续，与本命令无关：用 `watchkeeper events{reach}` 跟踪。\n",
    );
    text.replace("{reach}", &group.reach)
}

/// What came of it.
pub(super) fn summary(
    ended: &Result<End, Stop>,
    course: &Course,
    gap: Option<Gap>,
    before: &GroupStatus,
    now: Option<&GroupStatus>,
    lang: Lang,
) -> Vec<Line> {
    let mut lines = vec![Line::new()];
    let told = |tone, text: &str| Line::of(tone, &text.replace("{reach}", &before.reach));
    match ended {
        Ok(End::Switched(new)) => {
            let text = match lang {
                Lang::En => format!("{new} is the master now."),
                Lang::Zh => format!("现在的主节点是 {new}。"),
            };
            lines.push(Line::of(Tone::Good, &text));
        }
        Ok(End::GivenUp(event)) => {
            let means = by_name(event).map_or("", |spec| spec.kind.text().brief.get(lang));
            lines.push(Line::of(
                Tone::Bad,
                &match lang {
                    Lang::En => format!("It was given up: {event} ({means})."),
                    Lang::Zh => format!("已放弃：{event}（{means}）。"),
                },
            ));
            lines.push(told(Tone::Plain, &format!("  {}", after_giving_up(now, lang))));
            lines.extend(not_promoted(event, course, now, lang).map(|text| told(Tone::Warn, &text)));
        }
        Err(Stop::TimeIsUp | Stop::Interrupted) => {
            let text = lang.pick(
                "It did not end within failover-timeout; `watchkeeper status{reach}` shows how it stands.",
                "未在 failover-timeout 内结束；用 `watchkeeper status{reach}` 查看现状。",
            );
            lines.push(told(Tone::Bad, text));
        }
    }
    for (phase, took, since) in course.phases() {
        let (took, since) = (took.as_millis(), since.as_millis());
        let ms = lang.pick("ms", "毫秒");
        let name = name(phase, lang);
        let since = match lang {
            Lang::En => format!(" ({since} ms since asked)"),
            Lang::Zh => format!("（自请求起 {since} 毫秒）"),
        };
        lines.push(Line::of(Tone::Plain, &format!("  {took:>6} {ms}  {name}{since}")));
    }
    if let Ok(End::Switched(new)) = ended {
        lines.extend(gap.and_then(|gap| gap_line(gap, before, now, lang)));
        lines.extend(lost(course, before, now, lang).map(|text| Line::of(Tone::Warn, &text)));
        lines.extend(unasked(course, before, lang).map(|text| Line::of(Tone::Warn, &text)));
        lines.extend(disobeying(now, new, lang).map(|text| told(Tone::Warn, &text)));
        if let Some(now) = now {
            lines.extend((now.master == *new).then(|| following(now, lang)));
            lines.extend(now.server_lines(lang));
        }
    }
    lines
}

/// What was written to the old master after there was a new one, where sentinels tell it late.
fn lost(course: &Course, before: &GroupStatus, now: Option<&GroupStatus>, lang: Lang) -> Option<String> {
    if told_at_once(before) {
        return None;
    }
    let old = &before.master;
    let phases = course.phases();
    let since = |phase: Phase| phases.iter().find(|(it, ..)| *it == phase).map(|(.., since)| *since);
    let begun = since(Phase::Promotion).or(since(Phase::Choice)).unwrap_or_default();
    let followed = since(Phase::Following).filter(|_| before.writable == Writable::Yes);
    let follows = now.is_some_and(|now| now.follows_master(old));
    let answers = now.and_then(|now| now.server(old));
    let answers = answers.is_some_and(|old| !matches!(old.state, ServerState::Silent(_)));
    Some(match (followed, lang) {
        (Some(at), Lang::En) => {
            let ms = at.saturating_sub(begun).as_millis();
            format!(
                "  What clients wrote to {old} after the promotion, until it followed (at most {ms} ms), is lost."
            )
        }
        (Some(at), Lang::Zh) => {
            let ms = at.saturating_sub(begun).as_millis();
            format!("  从提升到 {old} 跟随新主节点（最多 {ms} 毫秒），其间写入它的数据已丢失。")
        }
        (None, Lang::En) if answers && !follows => {
            format!("  {old} does not follow yet: what clients write to it is lost once it does.")
        }
        (None, Lang::Zh) if answers && !follows => {
            format!("  {old} 尚未跟随新主节点：写入它的数据在其跟随后会丢失。")
        }
        (None, Lang::En) => format!("  What clients wrote to {old} after the switch is lost."),
        (None, Lang::Zh) => format!("  切换后写入 {old} 的数据已丢失。"),
    })
}

/// Who answers, and is a master still after it was waited for: it may never follow.
fn disobeying(now: Option<&GroupStatus>, new: &Endpoint, lang: Lang) -> Option<String> {
    let masters = now?.servers.iter().filter(|server| server.role == Role::Master && server.at != *new);
    let settled = masters.filter(|server| server.state != ServerState::Loading);
    let masters: Vec<String> = settled.map(|server| server.at.to_string()).collect();
    let names = some(&masters, 3, lang);
    match lang {
        _ if masters.is_empty() => None,
        Lang::En => Some(format!(
            "  Still a master, besides {new}: {names}. It may refuse the order to follow (SLAVEOF or REPLICAOF renamed or removed, a user \
             without the right): then it never does. Keep clients from it; `watchkeeper doctor{{reach}}` finds out, with `--config FILE` (a sentinel's file) also what \
             the sentinels' own login may do."
        )),
        Lang::Zh => Some(format!(
            "  除 {new} 外仍是主节点的：{names}。它可能拒绝跟随的命令（SLAVEOF 或 REPLICAOF 被改名或移除，或用户没有权限），\
             那样就永远不会跟随。请阻止客户端连接它；用 `watchkeeper doctor{{reach}}` 查找原因，\
             加 `--config FILE`（哨兵的配置文件）还会检查哨兵自己的登录权限。"
        )),
    }
}

/// The sentinels that could not be asked whether they have switched.
fn unasked(course: &Course, before: &GroupStatus, lang: Lang) -> Option<String> {
    let heard = course.listening();
    let unasked = before.sentinels.iter().map(|sentinel| &sentinel.at).filter(|at| !heard.contains(at));
    let unasked: Vec<String> = unasked.map(Endpoint::to_string).collect();
    let names = some(&unasked, 3, lang);
    match lang {
        _ if unasked.is_empty() => None,
        Lang::En => Some(format!("  Not known to have switched, as it could not be asked: {names}.")),
        Lang::Zh => Some(format!("  无法询问，不知是否已切换的哨兵：{names}。")),
    }
}

/// Whether the old master took no writes any more: it was gone, or was told at once, as Watchkeeper does.
fn told_at_once(before: &GroupStatus) -> bool {
    before.foreign().0 == 0 || before.writable == Writable::No
}

/// Whether all other servers follow, above the table that shows it.
fn following(now: &GroupStatus, lang: Lang) -> Line {
    let others = now.servers.iter().filter(|server| server.at != now.master);
    let unknown = others.clone().find(|server| matches!(server.state, ServerState::Login(_)));
    if unknown.is_some() {
        let text = lang.pick(
            "Whether the others follow it is not known, as servers want a login:",
            "服务器需要登录，无从得知其余服务器是否跟随它：",
        );
        return Line::of(Tone::Warn, text);
    }
    let all = others.clone().count();
    let missing = others.filter(|server| !now.follows_master(&server.at));
    let missing: Vec<String> = missing.map(|server| server.at.to_string()).collect();
    if missing.is_empty() {
        return Line::of(Tone::Plain, lang.pick("All other servers follow it:", "其余服务器都已跟随它："));
    }
    let names = some(&missing, 3, lang);
    Line::of(
        Tone::Warn,
        &match lang {
            Lang::En if all == 1 => format!("{names} does not follow it:"),
            Lang::En if missing.len() == 1 => format!("All other servers but {names} follow it:"),
            Lang::En => format!("These do not follow it: {names}. How all stand:"),
            Lang::Zh => format!("尚未跟随它的服务器：{names}。现状："),
        },
    )
}

/// What becomes of a group whose failover was given up.
fn after_giving_up(now: Option<&GroupStatus>, lang: Lang) -> String {
    match now {
        Some(group) if group.writable == Writable::Refused && group.failover.is_none() => match lang {
            Lang::En => format!("{} is still the master, and refuses writes.", group.master),
            Lang::Zh => format!("{} 仍是主节点，但拒绝写入。", group.master),
        },
        Some(group) if group.writable == Writable::Yes && group.failover.is_none() => match lang {
            Lang::En => format!(
                "{} is still the master and takes writes. No sentinel tries again by itself while it answers.",
                group.master
            ),
            Lang::Zh => format!("{} 仍是主节点，可以写入。只要它有应答，哨兵不会自行再试。", group.master),
        },
        Some(group) if group.failover.is_none() && loads(group) && group.holding_down() == 0 => match lang {
            Lang::En => format!(
                "{} is still the master and is loading its data. That counts as an answer: no sentinel tries again by itself.",
                group.master
            ),
            Lang::Zh => {
                format!("{} 仍是主节点，正在加载数据。这也算应答：哨兵不会自行再试。", group.master)
            }
        },
        Some(_) | None => lang
            .pick(
                "While the master is down the sentinels try again by themselves; `watchkeeper status{reach}` shows how it stands.",
                "主节点下线期间哨兵会自行再试；用 `watchkeeper status{reach}` 查看现状。",
            )
            .to_owned(),
    }
}

/// What is to be known of a replica that was chosen and did not become a master in time.
fn not_promoted(event: &str, course: &Course, now: Option<&GroupStatus>, lang: Lang) -> Option<String> {
    let chosen = course.chosen().filter(|_| event == "-failover-abort-slave-timeout")?;
    let state = now.and_then(|now| now.server(chosen)).map(|server| &server.state);
    let answers = state.is_some_and(|state| !matches!(state, ServerState::Silent(_) | ServerState::Login(_)));
    Some(match lang {
        Lang::En if answers => format!(
            "  {chosen} answers this host and has not become a master: it may refuse the order (a renamed REPLICAOF or \
             SLAVEOF, a user without the right); `watchkeeper doctor{{reach}}` finds out, with `--config FILE` (a sentinel's file) also what \
             the sentinels' own login may do."
        ),
        Lang::Zh if answers => format!(
            "  {chosen} 对本机有应答，却没有成为主节点：它可能拒绝该命令（REPLICAOF 或 SLAVEOF 被改名，或用户没有权限）；\
             用 `watchkeeper doctor{{reach}}` 查找原因，加 `--config FILE`（哨兵的配置文件）还会检查哨兵自己的登录权限。"
        ),
        Lang::En => format!(
            "  {chosen} may have the order to become a master already: when it answers again it may be a second one. What is \
             written to it then is lost once the sentinels make it follow again; `watchkeeper status{{reach}}` shows it."
        ),
        Lang::Zh => format!(
            "  {chosen} 可能已收到成为主节点的命令：恢复应答后可能成为第二个主节点。哨兵让它重新跟随后，其间写入它的数据会丢失；\
             用 `watchkeeper status{{reach}}` 查看。"
        ),
    })
}

/// How long there was no master; nothing if this host never found one although there is one now.
fn gap_line(gap: Gap, before: &GroupStatus, now: Option<&GroupStatus>, lang: Lang) -> Option<Line> {
    let ms = gap.longest.as_millis();
    let text = match (gap.none_at_first, lang) {
        (Some(None), _) if now.is_some_and(|now| now.writable == Writable::Yes) => return None,
        (None, Lang::En) => format!("  Who asked the sentinels found no master for at most {ms} ms."),
        (None, Lang::Zh) => format!("  向哨兵查询的客户端最多 {ms} 毫秒找不到主节点。"),
        (Some(until), _) if was_down(before) => dead_before(until, before, lang),
        (Some(Some(until)), Lang::En) => {
            format!("  From this host a master was found only {} ms after this began.", until.as_millis())
        }
        (Some(Some(until)), Lang::Zh) => {
            format!("  从本机看，本命令开始 {} 毫秒后才找到主节点。", until.as_millis())
        }
        (Some(None), Lang::En) => "  From this host no master was found in all that time.".to_owned(),
        (Some(None), Lang::Zh) => "  从本机看，始终没有找到主节点。".to_owned(),
    };
    Some(Line::of(Tone::Plain, &text))
}

/// Whether the master took no commands before, and not only from this host.
fn was_down(before: &GroupStatus) -> bool {
    match before.server(&before.master).map(|server| &server.state) {
        Some(ServerState::Loading) => true,
        Some(ServerState::Silent(_)) => before.holding_down() > 0 || replicas_miss_it(before),
        Some(_) | None => false,
    }
}

/// Whether none of the master's own replicas that answer has a link to it.
fn replicas_miss_it(before: &GroupStatus) -> bool {
    let own = before.servers.iter().filter(|server| server.follows.as_ref() == Some(&before.master));
    let mut answering = own.filter(|server| server.role == Role::Replica).peekable();
    answering.peek().is_some() && answering.all(|server| matches!(server.state, ServerState::LinkDown(_)))
}

/// The master of before was not there from the beginning on.
fn dead_before(until: Option<Duration>, before: &GroupStatus, lang: Lang) -> String {
    let loading = loads(before);
    let so = match lang {
        Lang::En if loading => {
            "  The master was already loading its data when this began, and took no commands"
        }
        Lang::Zh if loading => "  本命令开始时主节点正在加载数据，不接受命令",
        Lang::En => "  The master already did not answer when this began",
        Lang::Zh => "  本命令开始时主节点已无应答",
    };
    match (until.map(|until| until.as_millis()), lang) {
        (Some(ms), Lang::En) => format!("{so}; who asked the sentinels found one {ms} ms later."),
        (Some(ms), Lang::Zh) => format!("{so}；{ms} 毫秒后，向哨兵查询的客户端才找到主节点。"),
        (None, Lang::En) => format!("{so}; who asks the sentinels has not found one yet."),
        (None, Lang::Zh) => format!("{so}；向哨兵查询的客户端至今找不到主节点。"),
    }
}

fn name(phase: Phase, lang: Lang) -> &'static str {
    match phase {
        Phase::Choice => lang.pick("until a replica was chosen", "选定副本"),
        Phase::Promotion => lang.pick("until a sentinel saw that it is a master", "哨兵看到副本成为主节点"),
        Phase::Telling => {
            lang.pick("until the last sentinel that answers switched to it", "有应答的哨兵都切换到它")
        }
        Phase::Following => lang.pick("until all that answer followed it", "有应答的服务器都跟随它"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ask::{Heard, What};
    use crate::live::sample::{chain, stuck};
    use crate::live::{Doubt, MasterDown, SentinelState};

    fn told(words: &str, group: &GroupStatus, lang: Lang) -> String {
        refused(&Endpoint::new("h", 1), &Failure::Refused(words.to_owned()), group, lang)
    }

    #[test]
    fn each_refusal_brings_a_hint() {
        for lang in Lang::ALL {
            for words in [
                "NOGOODSLAVE No suitable replica to promote",
                "INPROG Failover already in progress",
                "ERR No such master with that name",
                "NOPERM this user has no permissions",
            ] {
                let text = told(words, &chain("m"), lang);
                assert!(text.contains(words) && text.contains(lang.pick("\nhint: ", "\n提示：")), "{text}");
            }
            let text = told("ERR \x1b[2Jsomething else", &chain("m"), lang);
            assert!(!text.contains('\n') && !text.contains('\x1b'), "{text}");
            let text = told("NOGOODSLAVE x", &stuck("m"), lang);
            assert!(text.contains("10.0.0.1:6380"), "{text}");
        }
    }

    #[test]
    fn that_the_old_master_is_told_late_is_said_before_and_after() {
        let text = |lines: Vec<Line>| {
            let lines: Vec<String> = lines.iter().map(|line| line.print(false)).collect();
            lines.join("\n")
        };
        let course = Course::new("m", std::time::Instant::now(), std::collections::BTreeSet::new());
        let after = |group: &GroupStatus| lost(&course, group, None, Lang::En);
        let mut group = chain("m");
        assert!(!text(plan(&group, Lang::En)).contains("10 s") && after(&group).is_none());
        group.sentinels[0].version = "redis 7.0.15".to_owned();
        assert!(text(plan(&group, Lang::En)).contains("1 of 3 sentinels are not Watchkeeper"));
        for sentinel in &mut group.sentinels {
            sentinel.version = "valkey 8.1.1".to_owned();
        }
        let before = text(plan(&group, Lang::En));
        let said = "10.0.0.1:6379 goes on taking writes until one looks at it more than 8 s after";
        assert!(before.contains(said), "{before}");
        assert!(text(plan(&group, Lang::Zh)).contains("切换 8 秒以后"));
        assert!(after(&group).is_some_and(|text| text.contains("10.0.0.1:6379")));
        // Where it is said that all will refuse, nothing else follows as if they did not.
        let mut refused = group.clone();
        for candidate in &mut refused.candidates {
            candidate.refusal = Some(Refusal::PriorityZero);
        }
        let before = text(plan(&refused, Lang::En));
        assert!(before.contains("\nShould a sentinel do it all the same: These sentinels tell"), "{before}");
        assert!(text(plan(&refused, Lang::Zh)).contains("\n若有哨兵仍然执行：这些哨兵"));
        group.writable = Writable::No;
        assert!(!text(plan(&group, Lang::En)).contains("10 s") && after(&group).is_none());
    }

    fn text(lines: &[Line]) -> String {
        let lines: Vec<String> = lines.iter().map(|line| line.print(false)).collect();
        lines.join("\n")
    }

    #[test]
    fn all_that_is_announced_is_there_and_nothing_of_what_will_not_happen() {
        let planned = |group: &GroupStatus, lang| text(&plan(group, lang));
        let mut stuck = stuck("m");
        for lang in Lang::ALL {
            let told = planned(&stuck, lang);
            let (more, lose) =
                (lang.pick("3 more below", "另有 3 项见下"), lang.pick("Clients lose", "客户端连接会断开"));
            assert!(told.contains(more) && told.matches("\n  - ").count() == 3, "{told}");
            assert!(told.contains("replica-priority") && !told.contains(lose), "{told}");
            assert!(planned(&chain("m"), lang).contains(lose));
        }
        // Nothing else is in the way than their priority.
        for lang in Lang::ALL {
            let cure = "`CONFIG SET replica-priority 100`";
            assert!(planned(&stuck, lang).contains(cure), "{}", planned(&stuck, lang));
            let refused = super::refused(
                &Endpoint::new("h", 1),
                &Failure::Refused("NOGOODSLAVE x".into()),
                &stuck,
                lang,
            );
            assert!(refused.contains(cure), "{refused}");
            let mut other = stuck.clone();
            other.candidates[1].refusal = Some(Refusal::Down);
            assert!(!planned(&other, lang).contains(cure));
        }
        stuck.candidates.clear();
        let refused = super::refused(
            &Endpoint::new("h", 1),
            &Failure::Refused("NOGOODSLAVE x".into()),
            &stuck,
            Lang::En,
        );
        assert!(refused.contains("how to promote one by hand"), "{refused}");
        let told = planned(&stuck, Lang::En);
        assert!(told.ends_with("\nThe sentinels know no replica, so they will refuse."), "{told}");
    }

    #[test]
    fn who_may_be_cut_off_and_who_does_not_answer_is_told_before() {
        let mut group = chain("m");
        for lang in Lang::ALL {
            let silent = lang.pick("No answer to this host from 10.0.0.1:6380", "10.0.0.1:6380 对本机无应答");
            let words = [lang.pick("two masters", "两个主节点"), silent];
            let told = |group: &GroupStatus| words.map(|words| text(&plan(group, lang)).contains(words));
            assert_eq!(told(&group), [false, false]);
            let silent = Failure::Silent(9);
            let mut worse = group.clone();
            worse.servers[1].state = ServerState::Silent(silent.clone());
            assert_eq!(told(&worse), [false, true]);
            for sentinel in &mut worse.sentinels[1..] {
                sentinel.state = SentinelState::Silent(silent.clone(), Doubt::NobodyHearsIt);
            }
            assert_eq!(told(&worse), [true, true]);
        }
        group.candidates.clear();
        assert_eq!(silent_heirs(&group, Lang::En), None);
    }

    #[test]
    fn a_replica_that_has_the_order_and_was_given_up_is_named() {
        let start = std::time::Instant::now();
        let mut course = Course::new("m", start, std::collections::BTreeSet::new());
        let heard = |name: &str| Heard {
            sentinel: Endpoint::new("h", 1),
            at: start,
            unix_ms: 0,
            what: What::Event { name: name.to_owned(), payload: "slave x 10.0.0.1 6380 @ m h 7".to_owned() },
        };
        let event = "-failover-abort-slave-timeout";
        let mut group = chain("m");
        assert_eq!(not_promoted(event, &course, Some(&group), Lang::En), None);
        course.hear(&heard("+selected-slave"));
        let told = |event, group: &GroupStatus, lang| not_promoted(event, &course, Some(group), lang);
        for (lang, refuses, second) in [
            (Lang::En, "may refuse the order", "it may be a second one"),
            (Lang::Zh, "可能拒绝该命令", "可能成为第二个主节点"),
        ] {
            group.servers[1].state = ServerState::InStep;
            let answers = told(event, &group, lang).unwrap();
            assert!(
                answers.contains(refuses) && answers.contains("`watchkeeper doctor{reach}`"),
                "{answers}"
            );
            group.servers[1].state = ServerState::Silent(Failure::Silent(9));
            let hangs = told(event, &group, lang).unwrap();
            assert!(hangs.contains(second) && hangs.contains("10.0.0.1:6380"), "{hangs}");
        }
        assert_eq!(told("-failover-abort-not-elected", &group, Lang::En), None);
    }

    #[test]
    fn sentinels_try_again_by_themselves_only_if_the_master_does_not_answer() {
        let mut group = stuck("m");
        let again = |group: &GroupStatus| {
            (after_giving_up(Some(group), Lang::En), after_giving_up(Some(group), Lang::Zh))
        };
        let (en, zh) = again(&group);
        assert!(en.contains("try again by themselves") && zh.contains("哨兵会自行再试"), "{en} {zh}");
        group.servers[0].state = ServerState::Loading;
        group.sentinels[0].master_down = MasterDown::No;
        let (en, zh) = again(&group);
        assert!(en.contains("10.0.0.1:6379 is still the master and is loading its data"), "{en}");
        assert!(
            en.contains("no sentinel tries again by itself") && zh.contains("哨兵不会自行再试"),
            "{en} {zh}"
        );
    }

    #[test]
    fn what_nobody_answered_may_be_done_all_the_same() {
        let text = refused(&Endpoint::new("h", 1), &Failure::Silent(5), &chain("m"), Lang::En);
        assert!(text.contains("hint: it may do it all the same"), "{text}");
    }

    #[test]
    fn what_only_this_host_missed_is_not_told_of_the_master() {
        let until = Duration::from_millis(7);
        let gap = |none_at_first| Gap { longest: Duration::ZERO, none_at_first };
        let line = |gap, before: &GroupStatus, now: &GroupStatus, lang| {
            gap_line(gap, before, Some(now), lang).map(|line| line.print(false))
        };
        let (up, down) = (chain("m"), stuck("m"));
        for (lang, dead, here) in
            [(Lang::En, "already did not answer", "From this host"), (Lang::Zh, "已无应答", "从本机看")]
        {
            assert_eq!(line(gap(Some(None)), &down, &up, lang), None);
            for none in [None, Some(until)] {
                assert!(line(gap(Some(none)), &down, &down, lang).is_some_and(|text| text.contains(dead)));
                assert!(line(gap(Some(none)), &up, &down, lang).is_some_and(|text| text.contains(here)));
            }
        }
        // No sentinel misses it yet, but all its replicas do; and one that loads did answer.
        let mut killed = down.clone();
        killed.sentinels[0].master_down = MasterDown::No;
        assert!(line(gap(Some(Some(until))), &killed, &up, Lang::En).unwrap().contains("already did not"));
        killed.servers[1].state = ServerState::InStep;
        assert!(line(gap(Some(Some(until))), &killed, &up, Lang::En).unwrap().contains("From this host"));
        killed.servers[0].state = ServerState::Loading;
        let loaded = line(gap(Some(Some(until))), &killed, &up, Lang::En).unwrap();
        assert!(
            loaded.contains("was already loading its data when this began, and took no commands"),
            "{loaded}"
        );
    }

    #[test]
    fn who_is_a_master_still_may_never_follow() {
        let mut group = chain("m");
        let new = group.master.clone();
        assert_eq!(disobeying(Some(&group), &new, Lang::En), None);
        (group.servers[1].role, group.servers[1].state) = (Role::Master, ServerState::SecondMaster);
        for (lang, said) in [(Lang::En, "then it never does"), (Lang::Zh, "永远不会跟随")] {
            let text = disobeying(Some(&group), &new, lang).unwrap();
            assert!(text.contains(said) && text.contains("10.0.0.1:6380"), "{text}");
        }
        group.servers[1].state = ServerState::Loading;
        assert_eq!(disobeying(Some(&group), &new, Lang::En), None);
    }

    #[test]
    fn a_replica_of_the_old_master_does_not_follow_the_new_one() {
        let mut group = chain("m");
        assert_eq!(following(&group, Lang::En).print(false), "All other servers follow it:");
        let mut left = group.servers[1].clone();
        left.at = Endpoint::new("10.0.0.1", 6383);
        let mut old = group.servers[0].clone();
        old.at = Endpoint::new("10.0.0.1", 6382);
        old.state = ServerState::OldMaster;
        group.servers.extend([old, left]);
        let text = following(&group, Lang::En).print(false);
        assert!(
            text.contains("10.0.0.1:6382, 10.0.0.1:6383") || text.contains("10.0.0.1:6382 and 10.0.0.1:6383"),
            "{text}"
        );
        group.servers[1].state = ServerState::Syncing;
        assert!(!group.follows_master(&Endpoint::new("10.0.0.1", 6381)), "its source is not there yet");
        // Of one server nobody says "all".
        let mut group = chain("m");
        group.servers.truncate(2);
        group.servers[1].state = ServerState::OldMaster;
        let text = following(&group, Lang::En).print(false);
        assert!(text.ends_with(" does not follow it:") && !text.contains("All"), "{text}");
    }
}
