//! Passwords and rights that fail at the failover and not before: between servers, and of the sentinels' login at them.

use std::collections::BTreeMap;

use watchkeeper_core::Lang;

use super::code::{Code, Severity};
use super::facts::{Closer, Settings};
use super::finding::{Finding, Found, Who};
use super::rights::{Answer, Need, Right};
use super::view::GroupView;
use super::words::places;
use crate::ask::Endpoint;

/// Of one group.
pub(super) fn group(view: &GroupView<'_>, found: &mut Found) {
    between_servers(view, found);
    passwords(view, found);
    needless(view, found);
    rights(view, found);
}

fn server(at: &Endpoint) -> Who {
    Who::Server(at.clone())
}

/// Whether every server would be let in by every other one.
fn between_servers(view: &GroupView<'_>, found: &mut Found) {
    let known = view.settings();
    for (follower, theirs) in &known {
        let mut refused: Vec<(&Endpoint, Reason)> = Vec::new();
        for (leader, settings) in known.iter().filter(|(leader, _)| leader != follower) {
            let Some(closer) = view.facts.closer(view.name, leader) else { continue };
            match let_in(theirs, settings, closer) {
                Some(Ok(())) => {}
                Some(Err(why)) => refused.push((leader, why)),
                None => found.not_checked(
                    leader,
                    "",
                    "whether other servers could replicate from it: its user is not told",
                    "其他服务器能否从它复制：无法得知其用户",
                ),
            }
        }
        if refused.is_empty() {
            continue;
        }
        let list = |lang| places(refused.iter().map(|(at, _)| *at), lang);
        let (en, zh) = (
            format!("{follower} can't follow {} when that is the master.", list(Lang::En)),
            format!("{} 成为主节点后，{follower} 无法跟随它。", list(Lang::Zh)),
        );
        let finding = Finding::of(Code::MasterAuth, view.name, en, zh).at(follower);
        found.add(
            refused
                .into_iter()
                .fold(finding, |finding, (at, (en, zh))| finding.says_both(server(at), en, zh)),
        );
    }
}

/// Why a server is refused, in English and Chinese.
type Reason = (String, String);

fn because(en: &str, zh: &str) -> Reason {
    (en.to_owned(), zh.to_owned())
}

fn no_masterauth() -> Reason {
    because("requires a password; masterauth is not set", "需要密码；masterauth 未设置")
}

/// A replica takes the error that AUTH then is for a refusal.
fn needless_masterauth() -> Reason {
    because("has no password: it refuses the one of masterauth", "没有密码：会拒绝 masterauth 中的密码")
}

/// Whether a server with these settings of its own could replicate from another; none: it can't be known.
fn let_in(follower: &Settings, leader: &Settings, closer: &Closer) -> Option<Result<(), Reason>> {
    let given = follower.get(&["masterauth"])?;
    let user = follower.get(&["masteruser"]).filter(|user| !user.is_empty()).unwrap_or("default");
    let Some(account) = closer.accounts.get(user) else {
        // Without users (before 6.0), or where the login may not look at them, the password alone decides.
        let required = leader.get(&["requirepass"])?;
        return (user == "default").then(|| by_password(given, required));
    };
    let Some(account) = account else {
        return Some(Err((
            format!("has no user `{user}` (masteruser)"),
            format!("没有用户 `{user}`（masteruser）"),
        )));
    };
    if !account.on {
        return Some(Err((format!("the user `{user}` is off"), format!("用户 `{user}` 已禁用"))));
    }
    if given.is_empty() && !account.nopass {
        return Some(Err(no_masterauth()));
    }
    if user == "default" && account.nopass && !given.is_empty() {
        return Some(Err(needless_masterauth()));
    }
    let hash = watchkeeper_core::password_hash(given.as_bytes());
    if !account.nopass && !account.hashes.contains(&hash) {
        let en = format!("the password of `{user}` is another than masterauth");
        return Some(Err((en, format!("`{user}` 的密码与 masterauth 不同"))));
    }
    match &account.replicates {
        Some(Err(why)) => Some(Err(because(why, why))),
        Some(Ok(())) | None => Some(Ok(())),
    }
}

fn by_password(given: &str, required: &str) -> Result<(), Reason> {
    match (given.is_empty(), required.is_empty()) {
        _ if given == required => Ok(()),
        (true, false) => Err(no_masterauth()),
        (_, true) => Err(needless_masterauth()),
        (false, false) => {
            Err(because("requirepass is another than masterauth", "requirepass 与 masterauth 不同"))
        }
    }
}

/// Clients have one password for all.
fn passwords(view: &GroupView<'_>, found: &mut Found) {
    let known: Vec<(&Endpoint, &str)> = view
        .settings()
        .into_iter()
        .filter_map(|(at, settings)| Some((at, settings.get(&["requirepass"])?)))
        .collect();
    let Some(((first, of_first), rest)) = known.split_first() else { return };
    let others: Vec<&Endpoint> =
        rest.iter().filter(|(_, pass)| pass != of_first).map(|(at, _)| *at).collect();
    if others.is_empty() {
        return;
    }
    let list = |lang| places(others.iter().copied(), lang);
    let (en, zh) = (
        format!("`requirepass` is not the same as on {first}: {}.", list(Lang::En)),
        format!("`requirepass` 与 {first} 不同：{}。", list(Lang::Zh)),
    );
    let set = |pass: &str| if pass.is_empty() { "requirepass \"\"" } else { "requirepass ***" };
    let said = known.iter().map(|(at, pass)| (server(at), set(pass).to_owned()));
    found.add(Finding::of(Code::PasswordsDiffer, view.name, en, zh).all_say(said));
}

/// A password that no server asks for. Where some do, they differ, which is another finding.
fn needless(view: &GroupView<'_>, found: &mut Found) {
    let closer = view.closer();
    if closer.is_empty() || closer.iter().any(|(_, closer)| !closer.open_to_all) {
        return;
    }
    let list = |lang| places(closer.iter().map(|(at, _)| *at), lang);
    let (en, zh) = (
        format!("The servers have no password, though one is given: {}.", list(Lang::En)),
        format!("给出了密码，但服务器没有设置密码：{}。", list(Lang::Zh)),
    );
    let finding = Finding::of(Code::PasswordNeedless, view.name, en, zh);
    found.add(closer.iter().fold(finding, |finding, (at, _)| {
        let (en, zh) = ("lets in without the password", "无需密码即可登录");
        finding.at(at).says_both(server(at), en, zh)
    }));
}

/// What the login may do at each server.
fn rights(view: &GroupView<'_>, found: &mut Found) {
    let names_known = view.facts.local.contains_key(view.name);
    if !names_known {
        by_own_name(view, found);
    }
    let own = view.facts.own_login.iter().any(|group| group == view.name);
    for (at, closer) in view.closer() {
        // Where all are one user, the sentinels may what we may.
        if !own && !closer.one_user {
            found.not_checked(
                at,
                "",
                "whether the sentinels' own login may do what a failover needs: run with `--config` and a sentinel's file",
                "哨兵自己的登录是否有故障转移所需的权限：请用 `--config` 指定哨兵的配置文件",
            );
        }
        if closer.rights.is_empty() {
            found.not_checked(at, "", "what the login may do", "该登录的权限");
        }
        for right in &closer.rights {
            if let Answer::Unclear(words) = &right.answer {
                found.not_checked(at, words, "what the login may do", "该登录的权限");
            }
        }
        let denied = |right: &&Right| matches!(right.answer, Answer::Denied(_));
        let missing = |right: &&Right| matches!(right.answer, Answer::NoSuchCommand(_));
        let denied: Vec<&Right> = closer.rights.iter().filter(denied).collect();
        if !denied.is_empty() {
            let (en, zh) = (
                format!("At {at} the login may not: {}.", commands(&denied, Lang::En)),
                format!("在 {at} 上，该登录无权执行：{}。", commands(&denied, Lang::Zh)),
            );
            found.add(told(Code::RightMissing, view, at, &denied, (en, zh)));
        }
        let missing: Vec<&Right> = closer.rights.iter().filter(missing).collect();
        if names_known && !missing.is_empty() {
            let (en, zh) = (
                format!("{at} has no such command: {}.", commands(&missing, Lang::En)),
                format!("{at} 没有这些命令：{}。", commands(&missing, Lang::Zh)),
            );
            found.add(told(Code::CommandUnknown, view, at, &missing, (en, zh)));
        }
    }
}

/// Commands that servers do not know by their own names, where it is not known whether the sentinels were told others: they
/// have one name of a command for a group, so that it can't be right where only some servers know it.
fn by_own_name(view: &GroupView<'_>, found: &mut Found) {
    let mut asked: BTreeMap<&str, (Vec<Lacking<'_>>, Vec<&Endpoint>)> = BTreeMap::new();
    for (at, closer) in view.closer() {
        for right in &closer.rights {
            let (lacking, knowing) = asked.entry(&right.command).or_default();
            match &right.answer {
                Answer::NoSuchCommand(words) => lacking.push((at, words)),
                Answer::Yes | Answer::Denied(_) => knowing.push(at),
                Answer::Unclear(_) => {}
            }
        }
    }
    for (command, (lacking, knowing)) in asked {
        if knowing.is_empty() {
            for (at, words) in lacking {
                found.not_checked(at, words, &unknown_name(command).0, &unknown_name(command).1);
            }
            continue;
        }
        if lacking.is_empty() {
            continue;
        }
        let not = |lang| places(lacking.iter().map(|(at, _)| *at), lang);
        let list = |lang| places(knowing.iter().copied(), lang);
        let (en, zh) = (
            format!(
                "Some servers have no command `{command}`: {}; others have: {}.",
                not(Lang::En),
                list(Lang::En)
            ),
            format!("部分服务器没有命令 `{command}`：{}；其他服务器有：{}。", not(Lang::Zh), list(Lang::Zh)),
        );
        let finding = Finding::of(Code::CommandUnknown, view.name, en, zh).as_(Severity::Warning);
        found.add(
            lacking
                .into_iter()
                .fold(finding, |finding, (at, words)| finding.at(at).says(server(at), words.to_owned())),
        );
    }
}

/// A server that does not know a command, and its words.
type Lacking<'a> = (&'a Endpoint, &'a str);

/// What is not known of a command that no server knows by its own name.
fn unknown_name(command: &str) -> (String, String) {
    let name = command.split(' ').next().unwrap_or(command);
    (
        format!(
            "whether the sentinels were told another name of `{name}`, which these servers do not know (`sentinel rename-command`): \
             run with `--config` and a sentinel's file"
        ),
        format!(
            "这些服务器不认识 `{name}`，而哨兵是否已配置它的新名字（`sentinel rename-command`）：请用 `--config` 指定哨兵的配置文件"
        ),
    )
}

fn commands(rights: &[&Right], lang: Lang) -> String {
    let names: Vec<String> = rights.iter().map(|right| format!("`{}`", right.command)).collect();
    super::words::list(&names, lang)
}

fn told(
    code: Code,
    view: &GroupView<'_>,
    at: &Endpoint,
    rights: &[&Right],
    text: (String, String),
) -> Finding {
    let needed = rights.iter().any(|right| right.need != Need::Comfort);
    let severity = if needed { Severity::Critical } else { Severity::Warning };
    let words = rights.iter().filter_map(|right| match &right.answer {
        Answer::Denied(words) | Answer::NoSuchCommand(words) => Some((server(at), words.clone())),
        Answer::Yes | Answer::Unclear(_) => None,
    });
    Finding::of(code, view.name, text.0, text.1).as_(severity).at(at).all_say(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::facts::Local;
    use crate::doctor::sample::{facts, keeps_nothing};

    #[test]
    fn a_command_that_no_server_knows_may_have_a_name_that_the_sentinels_were_told() {
        let lacks = |lacking: &[usize], file: bool| {
            let mut facts = facts(&[("master", 200)], Some("role:master"), &["role:slave"]);
            for number in [0, 1] {
                keeps_nothing(&mut facts, number);
                let at = ("m".to_owned(), facts.picture.servers[number].at.clone());
                let answer = if lacking.contains(&number) {
                    Answer::NoSuchCommand("ERR unknown command `SLAVEOF`".into())
                } else {
                    Answer::Yes
                };
                let command = "SLAVEOF NO ONE".to_owned();
                facts.closer.get_mut(&at).unwrap().rights =
                    vec![Right { command, need: Need::Failover, answer }];
            }
            if file {
                facts.local.insert("m".into(), Local::default());
            }
            let mut found = Found::default();
            rights(&GroupView::of(&facts, "m").unwrap(), &mut found);
            found
        };
        let found = lacks(&[0, 1], false);
        assert!(found.findings.is_empty(), "{:?}", found.findings);
        let [entry] = &found.unchecked[..] else { panic!("{:?}", found.unchecked) };
        assert!(
            entry.at.len() == 2 && entry.what(Lang::En).contains("another name of `SLAVEOF`"),
            "{entry:?}"
        );
        // One name can't be right for both.
        let found = lacks(&[1], false);
        let [finding] = &found.findings[..] else { panic!("{:?}", found.findings) };
        assert_eq!((finding.code, finding.severity), (Code::CommandUnknown, Severity::Warning));
        let text = "Some servers have no command `SLAVEOF NO ONE`: h:6380; others have: h:6379.";
        assert_eq!(finding.text(Lang::En), text);
        // With the file it was asked for by the names that the sentinel has.
        let found = lacks(&[0, 1], true);
        let severities: Vec<Severity> = found.findings.iter().map(|finding| finding.severity).collect();
        assert_eq!(severities, [Severity::Critical; 2]);
    }

    #[test]
    fn passwords_alone_decide_where_there_are_no_users() {
        assert_eq!(by_password("a", "a"), Ok(()));
        assert_eq!(by_password("", ""), Ok(()));
        for (given, required) in [("", "a"), ("a", ""), ("a", "b")] {
            assert!(by_password(given, required).is_err(), "`{given}` at `{required}`");
        }
    }
}
