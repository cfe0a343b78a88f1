//! Commands for a deployment that runs: `status`, `events`, `failover`, `watch`. Whom they ask is [`crate::ask`], what
//! they show is [`crate::live`]; here are options, terminals, signals and exit statuses.

pub(super) mod events;
pub(super) mod failover;
pub(super) mod status;
#[cfg(feature = "watch")]
pub(super) mod watch;

use std::collections::BTreeSet;
use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::lang::Lang;
use super::out::complain;
use crate::ask::{Endpoint, Failure, Picture, Reach, ReachArgs};
use crate::live::{Line, Status};

/// Something is not as it should be, or did not come about.
const WRONG: i32 = 1;
/// Nobody could be asked, or nothing was asked for.
const NOT_ASKED: i32 = 2;

/// Whom to ask, or the exit status with which the reader was told what is wrong with it.
fn reach(args: &ReachArgs, lang: Lang) -> Result<Reach, i32> {
    args.reach(lang, |name| std::env::var(name).ok()).map_err(|why| {
        complain(why, lang);
        NOT_ASKED
    })
}

/// How it stands now, of one group or all.
fn look(reach: &Reach, group: Option<&str>) -> Status {
    look_again(reach, group, &mut BTreeSet::new())
}

/// The same, asking every sentinel that was ever learned of, too.
fn look_again(reach: &Reach, group: Option<&str>, learned: &mut BTreeSet<Endpoint>) -> Status {
    let mut status = Status::of(&Picture::take_again(reach, group, learned).with_sub_replicas(reach));
    let again = reach.again(|at| status.unheard.iter().all(|(silent, _)| silent != at));
    status.reached_with(&again);
    status
}

/// Whether there is a sentinel to ask, and the group; else what is wrong.
fn askable(reach: &Reach, group: Option<&str>, lang: Lang) -> Result<(), String> {
    let seen = Status::of(&Picture::of_sentinels(reach, group, &BTreeSet::new()));
    match group {
        _ if seen.answered == 0 => Err(nobody_answered(&seen, group, lang)),
        Some(group) if seen.groups.is_empty() => Err(no_such_group(reach, group, lang)),
        Some(_) | None => Ok(()),
    }
}

/// Whether standard output shows colours.
fn colours() -> bool {
    io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

/// Lines as standard output shows them.
fn printed(lines: &[Line]) -> String {
    let colour = colours();
    lines.iter().map(|line| line.print(colour) + "\n").collect()
}

/// Whether the user wants the end: set by the first Ctrl-C, or by being told to terminate.
#[derive(Clone)]
struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// From here on signals are only noted; a second one ends the process even if it hangs.
    fn catch() -> io::Result<Interrupt> {
        let flag = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            signal_hook::flag::register_conditional_shutdown(signal, WRONG, Arc::clone(&flag))?;
            signal_hook::flag::register(signal, Arc::clone(&flag))?;
        }
        Ok(Interrupt(flag))
    }

    fn came(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What to do about a login that is missing, if that is what is wrong.
fn login_hint(status: &Status, lang: Lang) -> Option<&'static str> {
    use crate::live::Problem;
    let at_servers = status
        .groups
        .iter()
        .flat_map(|group| &group.problems)
        .any(|problem| matches!(problem, Problem::LoginNeeded(_)));
    let listed = status.groups.iter().flat_map(|group| &group.sentinels);
    let at_sentinels = status.unheard.iter().any(|(_, why)| why.is_login())
        || listed.into_iter().any(|sentinel| sentinel.state.login().is_some());
    if at_sentinels {
        Some(lang.pick(
            "hint: `--pass-file FILE` or WATCHKEEPER_PASS has the sentinels' password; `--config` takes it from a sentinel's file",
            "提示：用 `--pass-file FILE` 或 WATCHKEEPER_PASS 给出哨兵的密码；`--config` 从哨兵的配置文件读取",
        ))
    } else if at_servers {
        Some(lang.pick(
            "hint: `--server-pass-file FILE` or WATCHKEEPER_SERVER_PASS has the servers' password; `--config` takes it from a sentinel's file",
            "提示：用 `--server-pass-file FILE` 或 WATCHKEEPER_SERVER_PASS 给出服务器的密码；`--config` 从哨兵的配置文件读取",
        ))
    } else {
        None
    }
}

/// What to do about those who may speak TLS while we do not, if there are such.
pub(super) fn tls_hint<'a>(
    mut failed: impl Iterator<Item = &'a Failure>,
    lang: Lang,
) -> Option<&'static str> {
    failed.any(Failure::may_be_tls).then(|| {
        lang.pick(
            "hint: is TLS spoken there? `--tls` with `--cacert FILE` (and `--cert`, `--key`), or `--config` with a sentinel's file",
            "提示：对方是否使用 TLS？请用 `--tls` 和 `--cacert FILE`（以及 `--cert`、`--key`），或用 `--config` 指定哨兵的配置文件",
        )
    })
}

/// A group was asked for that nobody watches: which there are.
pub(super) fn no_such_group(reach: &Reach, group: &str, lang: Lang) -> String {
    if let Some(hint) = address_hint(group, lang) {
        return match lang {
            Lang::En => format!("the sentinels watch no group `{group}`\n{hint}"),
            Lang::Zh => format!("哨兵没有监视名为 `{group}` 的组\n{hint}"),
        };
    }
    let known = Picture::of_sentinels(reach, None, &BTreeSet::new()).group_names();
    if known.is_empty() {
        return match lang {
            Lang::En => format!(
                "the sentinels watch no group `{group}`\nhint: they watch none at all: `SENTINEL MONITOR` adds one"
            ),
            Lang::Zh => format!(
                "哨兵没有监视名为 `{group}` 的组\n提示：它们没有监视任何组：用 `SENTINEL MONITOR` 添加"
            ),
        };
    }
    let names: Vec<String> = known.iter().map(|name| format!("`{}`", crate::explain::plain(name))).collect();
    let names = crate::explain::list(&names, lang);
    match lang {
        Lang::En => format!("the sentinels watch no group `{group}`\nhint: there is {names}"),
        Lang::Zh => format!("哨兵没有监视名为 `{group}` 的组\n提示：现有 {names}"),
    }
}

/// If what stands where a group's name belongs is an address: where that belongs.
fn address_hint(group: &str, lang: Lang) -> Option<String> {
    let at: Endpoint = group.parse().ok().filter(|_| group.contains(':'))?;
    let name = crate::explain::plain(group);
    Some(match lang {
        Lang::En => {
            format!(
                "hint: `{name}` is taken for the name of a group; a sentinel is named by `--sentinel {at}`"
            )
        }
        Lang::Zh => format!("提示：`{name}` 被当作组名；用 `--sentinel {at}` 指定哨兵"),
    })
}

/// No sentinel answered: who was asked, and what to do.
fn nobody_answered(status: &Status, group: Option<&str>, lang: Lang) -> String {
    let mut text = if status.unheard.iter().all(|(_, why)| why.is_login()) {
        lang.pick("every sentinel that was asked refuses the login", "所询问的哨兵都拒绝登录").to_owned()
    } else {
        lang.pick("no sentinel answers", "没有哨兵应答").to_owned()
    };
    for (at, why) in &status.unheard {
        let why = crate::live::failure(why, lang);
        text += &format!("\n  {at}{}{}", lang.pick(": ", "："), crate::explain::plain(&why));
    }
    let no_sentinel = status.unheard.iter().any(|(_, why)| matches!(why, Failure::Protocol(_)));
    if let Some(hint) = group.and_then(|group| address_hint(group, lang)) {
        return format!("{text}\n{hint}");
    }
    let tls = tls_hint(status.unheard.iter().map(|(_, why)| why), lang);
    let hint = login_hint(status, lang).or(tls).unwrap_or(if no_sentinel {
        lang.pick(
            "hint: `--sentinel HOST:PORT` names a sentinel, not a data server; sentinels mostly listen on 26379",
            "提示：`--sentinel HOST:PORT` 应指定哨兵而不是数据服务器；哨兵通常监听 26379 端口",
        )
    } else {
        lang.pick(
            "hint: `--sentinel HOST:PORT` names one; one is enough, it names the others",
            "提示：用 `--sentinel HOST:PORT` 指定一个哨兵；一个即可，其余由它告知",
        )
    });
    format!("{text}\n{hint}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_in_the_place_of_a_name_is_told_where_it_belongs() {
        let status = Status { unix_ms: 0, groups: Vec::new(), unheard: Vec::new(), answered: 0 };
        for lang in Lang::ALL {
            let text = nobody_answered(&status, Some("127.0.0.1:21011"), lang);
            assert!(text.contains("`--sentinel 127.0.0.1:21011`"), "{text}");
            let text = nobody_answered(&status, Some("mymaster"), lang);
            assert!(text.contains("`--sentinel HOST:PORT`"), "{text}");
        }
        assert_eq!(address_hint("odd:name", Lang::En), None);
    }
}
