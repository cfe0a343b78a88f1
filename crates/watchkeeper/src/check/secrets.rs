//! Passwords: whether they are what was meant, whether they fit together, and who else can read them. No message has one
//! in it.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use watchkeeper_core::config::{Config, Line};

use super::codes::{WK401, WK402, WK403, WK404, WK405, WK406, WK407, WK408, WK409, WK410, WK411};
use super::{Desk, say, secret};

/// Passwords of examples, in lower case.
const EXAMPLES: [&[u8]; 10] = [
    b"foobared",
    b"changeme",
    b"change-me",
    b"change_me",
    b"password",
    b"yourpassword",
    b"your-password",
    b"your_password",
    b"mypassword",
    b"mysupersecretpassword",
];

/// Each password by itself, then what they are for.
pub(super) fn look(desk: &mut Desk<'_>) {
    let sheet = desk.sheet;
    for (at, line) in sheet.survey.lines.iter().enumerate() {
        if let Some(word) = secret::word(line) {
            written(desk, at, line, word);
        }
        written_back(desk, at, line);
    }
    if !desk.options.elsewhere {
        modes(desk);
    }
    groups(desk, &sheet.survey.config);
    sentinels(desk, &sheet.survey.config);
}

/// Whether a password is what its author thinks.
fn written(desk: &mut Desk<'_>, at: usize, line: &Line, word: usize) {
    let lang = desk.lang();
    let raw = line.text.get(line.span(word)).unwrap_or_default();
    let value = line.words.get(word).map_or(&[][..], |value| &value[..]);
    if is_placeholder(value) {
        let message = say!(
            lang,
            "this is the password of an example, or a place to fill in",
            "这是示例中的密码，或尚未填写"
        );
        return desk.report(&WK405, Some(at), word, message);
    }
    if let Some(why) = surprise(raw) {
        let message = match why {
            Surprise::Quote => {
                say!(lang, "quotes within the word are not part of the password", "词中的引号不属于密码")
            }
            Surprise::Backslash => {
                say!(
                    lang,
                    "a backslash within double quotes changes what follows it",
                    "双引号中的反斜杠会改变后面的字符"
                )
            }
            Surprise::Curly => {
                say!(lang, "curly quotes are part of the password", "弯引号会成为密码的一部分")
            }
        };
        desk.report(&WK403, Some(at), word, message);
    }
}

enum Surprise {
    Quote,
    Backslash,
    Curly,
}

/// What about the way a password is written hides what it is.
fn surprise(raw: &[u8]) -> Option<Surprise> {
    let text = String::from_utf8_lossy(raw);
    if text.contains(['\u{201c}', '\u{201d}', '\u{2018}', '\u{2019}']) {
        return Some(Surprise::Curly);
    }
    match raw {
        [b'"', inside @ .., b'"'] => odd_escape(inside).then_some(Surprise::Backslash),
        [b'\'', .., b'\''] => None,
        _ => raw.iter().any(|byte| matches!(byte, b'"' | b'\'')).then_some(Surprise::Quote),
    }
}

/// Whether a backslash stands before something it need not protect. `\n` and the like are written by sentinels only for
/// characters that nobody types.
fn odd_escape(inside: &[u8]) -> bool {
    let mut rest = inside;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        let after = rest.get(at + 1..).unwrap_or_default();
        let known = match after {
            [b'"' | b'\\', ..] => true,
            [b'x', high, low, ..] => high.is_ascii_hexdigit() && low.is_ascii_hexdigit(),
            _ => false,
        };
        if !known {
            return true;
        }
        rest = after.get(1..).unwrap_or_default();
    }
    false
}

fn is_placeholder(value: &[u8]) -> bool {
    let lower = value.to_ascii_lowercase();
    let variable = |name: &[u8]| {
        name.first().is_some_and(|first| first.is_ascii_uppercase() || *first == b'_')
            && name.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_')
    };
    let filled_in = match value {
        [b'$', b'{', name @ .., b'}'] => !name.contains(&b'}'),
        [b'$', name @ ..] => variable(name),
        [b'{', b'{', .., b'}', b'}'] | [b'<', .., b'>'] => true,
        [b'%', name @ .., b'%'] => variable(name),
        _ => false,
    };
    filled_in || EXAMPLES.contains(&&lower[..])
}

/// Values that `redis-sentinel` writes back without the quotes they need.
fn written_back(desk: &mut Desk<'_>, at: usize, line: &Line) {
    let names = [
        "auth-pass",
        "auth-user",
        "sentinel-user",
        "sentinel-pass",
        "notification-script",
        "client-reconfig-script",
    ];
    let Some(name) = names.iter().find(|name| line.is(true, name)) else { return };
    let word = if name.starts_with("sentinel-") { 2 } else { 3 };
    let Some(value) = line.words.get(word).filter(|_| line.words.len() == word + 1) else { return };
    let safe = |byte: &u8| matches!(byte, 0x21..=0x7e | 0x80..) && !matches!(byte, b'"' | b'\'');
    // An empty value of the process is the same as none, and is not written.
    if value.iter().all(safe) && (!value.is_empty() || word == 2) {
        return;
    }
    let message = say!(
        desk.lang(),
        "`{name}` has a blank or a quote in it, or nothing",
        "`{name}` 的值含有空格或引号，或者为空"
    );
    desk.report(&WK404, Some(at), word, message);
}

/// Whether a line holds a password that others should not read.
fn holds_secret(line: &Line) -> bool {
    let of_user = || line.is(false, "user") && line.words.iter().skip(2).any(|word| word.starts_with(b">"));
    secret::word(line).is_some() || of_user()
}

fn modes(desk: &mut Desk<'_>) {
    let (lang, sheet) = (desk.lang(), desk.sheet);
    let mut first: BTreeMap<Option<&str>, usize> = BTreeMap::new();
    for (at, line) in sheet.survey.lines.iter().enumerate().filter(|(_, line)| holds_secret(line)) {
        first.entry(line.file.as_deref()).or_insert(at);
    }
    for (file, at) in first {
        let path = file.map(|file| sheet.resolve(file)).or_else(|| sheet.path.clone());
        let Some(mode) =
            path.and_then(|path: PathBuf| path.metadata().ok()).map(|about| about.mode() & 0o777)
        else {
            continue;
        };
        if mode & 0o004 != 0 {
            let message = say!(
                lang,
                "the mode of the file is {mode:o}, and here is a password",
                "文件权限为 {mode:o}，而这里有密码"
            );
            desk.report(&WK401, Some(at), usize::MAX, message);
        } else if mode & 0o040 != 0 {
            let message = say!(
                lang,
                "the mode of the file is {mode:o}: its group can read this password",
                "文件权限为 {mode:o}：所属组可以读取这个密码"
            );
            desk.report(&WK402, Some(at), usize::MAX, message);
        }
    }
}

fn groups(desk: &mut Desk<'_>, config: &Config) {
    let lang = desk.lang();
    let with_user = config.groups.iter().any(|group| group.auth_user.is_some() && group.auth_pass.is_some());
    for group in &config.groups {
        let name = &group.name.0;
        if group.auth_user.is_some() && group.auth_pass.is_none() {
            let message = say!(
                lang,
                "`{name}` has `auth-user`, but no `auth-pass`",
                "`{name}` 有 `auth-user`，没有 `auth-pass`"
            );
            desk.report(&WK406, desk.of_group("auth-user", group), 1, message);
        }
        if with_user && group.auth_user.is_none() && group.auth_pass.is_some() {
            let message = say!(
                lang,
                "`{name}` logs in as the default user, other groups do not",
                "`{name}` 以默认用户登录，其他组则不是"
            );
            desk.report(&WK407, desk.of_group("auth-pass", group), 1, message);
        }
    }
}

/// Whether whoever connects may do everything, without a password. Redis writes a line for its default user into every file.
pub(super) fn asks_nobody(config: &Config) -> bool {
    let general = &config.general;
    let default = general.users.iter().find(|user| user.first().is_some_and(|name| name == b"default"));
    let has = |rules: &[Vec<u8>], wanted: &[u8]| rules.iter().any(|rule| rule.eq_ignore_ascii_case(wanted));
    let open = match default {
        Some(rules) => has(rules, b"nopass") && !has(rules, b"off"),
        None => general.requirepass.is_none(),
    };
    open && general.aclfile.is_none()
}

/// How sentinels log in to each other, taken for all having this file.
fn sentinels(desk: &mut Desk<'_>, config: &Config) {
    let (lang, sheet) = (desk.lang(), desk.sheet);
    let (general, global) = (&config.general, &config.global);
    let has_users = general.aclfile.is_some()
        || general.users.iter().any(|user| user.first().is_some_and(|name| name != b"default"));
    let open = asks_nobody(config);
    let pass_line = sheet.global("sentinel-pass");
    if global.sentinel_pass.is_some() && open {
        let message = say!(
            lang,
            "`sentinel-pass` is there, `requirepass` is not",
            "有 `sentinel-pass`，没有 `requirepass`"
        );
        desk.report(&WK408, pass_line, 1, message);
    }
    let differs = global.sentinel_pass.is_some() && global.sentinel_pass != general.requirepass;
    if differs && general.requirepass.is_some() && global.sentinel_user.is_none() && !has_users {
        let message = say!(
            lang,
            "`sentinel-pass` is not the same as `requirepass`",
            "`sentinel-pass` 与 `requirepass` 不同"
        );
        desk.report(&WK409, pass_line, 1, message);
    }
    if let Some(user) = &global.sentinel_user {
        let known =
            general.users.iter().any(|known| known.first().is_some_and(|name| name == user.as_bytes()));
        let at = sheet.global("sentinel-user");
        if global.sentinel_pass.is_none() {
            let message = say!(
                lang,
                "`sentinel-user` without `sentinel-pass`",
                "有 `sentinel-user`，没有 `sentinel-pass`"
            );
            desk.report(&WK410, at, 1, message);
        } else if !known && general.aclfile.is_none() && user != "default" {
            let message = say!(lang, "there is no `user {user}` here", "这里没有 `user {user}`");
            desk.report(&WK410, at, 2, message);
        }
    }
    if !global.deny_scripts_reconfig && open {
        let message = say!(
            lang,
            "every client may set scripts, and no password is asked for",
            "任何客户端都可以设置脚本，而且不需要密码"
        );
        desk.report(&WK411, sheet.global("deny-scripts-reconfig"), 1, message);
    }
}
