//! Reading the value of a variable, and saying what is wrong with one: name, value, what is allowed, and a hint.

use std::io;
use std::net::{IpAddr, Ipv6Addr};

use rustix::fs::Access;

use super::variables::{Kind, Variable};
use crate::cli::lang::Lang;
use crate::daemon::strerror;

/// A host name may be as long as this.
const HOST_BYTES_MAX: usize = 253;

/// A value that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// as it was given
    Text(Vec<u8>),
    /// a number
    Number(u64),
    /// yes or no
    Yes(bool),
    /// hosts with their ports
    Places(Vec<Place>),
}

/// A data server as somebody wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// IP or name
    pub(crate) host: String,
    /// the port, if there was one
    pub(crate) port: Option<u16>,
}

/// Why a variable is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    /// what is wrong
    pub(crate) what: String,
    /// what to do about it
    pub(crate) hint: String,
}

/// Reads a value that is not empty.
pub(crate) fn parse(variable: &Variable, text: &[u8], lang: Lang) -> Result<Value, Refused> {
    let read = match variable.kind {
        Kind::Secret => (!text.contains(&0) && !text.is_empty()).then(|| Value::Text(text.to_vec())),
        Kind::Name | Kind::User => word(text).then(|| Value::Text(text.to_vec())),
        Kind::Path => printable(text).then(|| Value::Text(text.to_vec())),
        Kind::Program => program(text).then(|| Value::Text(text.to_vec())),
        Kind::Host => utf8(text).filter(|host| is_host(host)).map(|host| Value::Text(host.into())),
        Kind::Place => utf8(text).and_then(place).map(|place| Value::Places(vec![place])),
        Kind::Places => utf8(text).and_then(places).map(Value::Places),
        Kind::Number(least, most) => {
            let number = utf8(text).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
            let number = number.and_then(|text| text.parse().ok());
            number.filter(|number| (least..=most).contains(number)).map(Value::Number)
        }
        Kind::YesNo => utf8(text).and_then(yes_no).map(Value::Yes),
        Kind::OneOf(words) => {
            let found = words.iter().find(|word| word.as_bytes().eq_ignore_ascii_case(text));
            found.map(|word| Value::Text(word.as_bytes().to_vec()))
        }
        Kind::Url => utf8(text)
            .filter(|url| {
                url.strip_prefix("http://").and_then(|rest| place(rest.trim_end_matches('/'))).is_some()
            })
            .map(|url| Value::Text(url.into())),
        Kind::Id => (text.len() == 40 && text.iter().all(u8::is_ascii_hexdigit))
            .then(|| Value::Text(text.to_ascii_lowercase())),
    };
    read.ok_or_else(|| wrong(variable, text, lang))
}

fn utf8(text: &[u8]) -> Option<&str> {
    std::str::from_utf8(text).ok()
}

fn printable(text: &[u8]) -> bool {
    !text.iter().any(u8::is_ascii_control)
}

fn word(text: &[u8]) -> bool {
    printable(text) && !text.contains(&b' ')
}

fn program(text: &[u8]) -> bool {
    use std::os::unix::ffi::OsStrExt;
    let path = std::path::Path::new(std::ffi::OsStr::from_bytes(text));
    printable(text) && path.is_absolute() && rustix::fs::access(path, Access::EXEC_OK).is_ok()
}

fn yes_no(text: &str) -> Option<bool> {
    let is = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    if is(&["yes", "true", "1", "on"]) {
        return Some(true);
    }
    is(&["no", "false", "0", "off"]).then_some(false)
}

/// Underscores are in no DNS name, and in many a compose file.
fn is_host(host: &str) -> bool {
    let name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    host.parse::<IpAddr>().is_ok()
        || (!host.is_empty() && host.len() <= HOST_BYTES_MAX && host.bytes().all(name))
}

/// `host`, `host:port`, an IPv6 address, or one in brackets with or without a port.
fn place(text: &str) -> Option<Place> {
    let port = |text: &str| {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u16>().ok().filter(|port| digits && *port != 0)
    };
    if let Some((ip, rest)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        ip.parse::<Ipv6Addr>().ok()?;
        return match rest.strip_prefix(':') {
            Some(text) => Some(Place { host: ip.into(), port: Some(port(text)?) }),
            None => rest.is_empty().then(|| Place { host: ip.into(), port: None }),
        };
    }
    if text.parse::<Ipv6Addr>().is_ok() {
        return Some(Place { host: text.into(), port: None });
    }
    let (host, port) = match text.split_once(':') {
        // Stratus' script takes `host:` as `host`.
        Some((host, "")) => (host, None),
        Some((host, text)) => (host, Some(port(text)?)),
        None => (text, None),
    };
    is_host(host).then(|| Place { host: host.into(), port })
}

/// Empty parts are passed over, as Stratus' script does; blanks separate as well there.
fn places(text: &str) -> Option<Vec<Place>> {
    let parts = text.split([';', ' ']).filter(|part| !part.is_empty());
    parts.map(place).collect()
}

/// What a value may be, for people.
pub(crate) fn allowed(variable: &Variable, lang: Lang) -> String {
    let text = match variable.kind {
        Kind::Name | Kind::User => lang.pick("a word without blanks", "不含空白的名称"),
        Kind::Secret => lang.pick("any text", "任意文本"),
        Kind::Host => lang.pick("an IP or a host name", "IP 或主机名"),
        Kind::Place => lang.pick("`host[:port]`", "`host[:port]`"),
        Kind::Places => {
            lang.pick("`host[:port]`, several with `;` between", "`host[:port]`，多个之间用 `;` 分隔")
        }
        Kind::Number(least, most) => {
            return match lang {
                Lang::En => format!("a whole number from {least} to {most}"),
                Lang::Zh => format!("{least} 到 {most} 之间的整数"),
            };
        }
        Kind::YesNo => lang.pick(
            "`yes` or `no` (also `true`, `1`, `on`, ...)",
            "`yes` 或 `no`（也可以是 `true`、`1`、`on` 等）",
        ),
        Kind::OneOf(words) => {
            let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
            return words.join(lang.pick(", ", "、"));
        }
        Kind::Path => lang.pick("a path", "路径"),
        Kind::Program => {
            lang.pick("an absolute path of a program that may be executed", "可执行程序的绝对路径")
        }
        Kind::Url => "`http://host[:port]`",
        Kind::Id => lang.pick("40 hexadecimal digits", "40 位十六进制数字"),
    };
    text.into()
}

fn wrong(variable: &Variable, text: &[u8], lang: Lang) -> Refused {
    let name = variable.name;
    let shown = if variable.secret() { "***".into() } else { String::from_utf8_lossy(text).into_owned() };
    let allowed = allowed(variable, lang);
    let what = match lang {
        Lang::En => format!("`{name}` is `{shown}`, expected {allowed}"),
        Lang::Zh => format!("`{name}` 的值是 `{shown}`，应为：{allowed}"),
    };
    let hint = match (variable.default, lang) {
        ("", Lang::En) => "leave it away if it is not needed".into(),
        ("", Lang::Zh) => "不需要时可以不设置".into(),
        (default, Lang::En) => format!("without it: {default}"),
        (default, Lang::Zh) => format!("不设置时为：{default}"),
    };
    Refused { what, hint }
}

pub(super) fn no_file(name: &str, path: &str, error: &io::Error, lang: Lang) -> Refused {
    let reason = strerror(error);
    Refused {
        what: match lang {
            Lang::En => format!("`{name}` is `{path}`, which cannot be read: {reason}"),
            Lang::Zh => format!("`{name}` 的值是 `{path}`，无法读取：{reason}"),
        },
        hint: lang.pick("expected a file with the password in it", "应为内含密码的文件").into(),
    }
}

pub(super) fn not_discovered(reason: &str, lang: Lang) -> Refused {
    Refused {
        what: match lang {
            Lang::En => format!("`AWS_IP_DISCOVERY` is set, and the metadata service does not tell the address: {reason}"),
            Lang::Zh => format!("已设置 `AWS_IP_DISCOVERY`，但无法从元数据服务取得地址：{reason}"),
        },
        hint: lang
            .pick(
                "outside of EC2 set `ANNOUNCE_IP` instead; in a container the instance's metadata hop limit must be 2 or more",
                "不在 EC2 上时请改用 `ANNOUNCE_IP`；在容器中运行时，实例的元数据跳数限制须不小于 2",
            )
            .into(),
    }
}

pub(super) fn name_not_resolved(host: &str, lang: Lang) -> Refused {
    Refused {
        what: match lang {
            Lang::En => format!("`{host}` is a name, and `RESOLVE_HOSTNAMES` is `no`, expected an IP"),
            Lang::Zh => format!("`{host}` 是主机名，而 `RESOLVE_HOSTNAMES` 为 `no`，此处应为 IP"),
        },
        hint: lang
            .pick(
                "leave `RESOLVE_HOSTNAMES` away, or set it to `yes`",
                "去掉 `RESOLVE_HOSTNAMES` 或设为 `yes`",
            )
            .into(),
    }
}

pub(super) fn without(user: &Variable, password: &Variable, lang: Lang) -> Refused {
    let (user, password) = (user.name, password.name);
    Refused {
        what: match lang {
            Lang::En => format!("`{user}` is set and `{password}` is not, expected both"),
            Lang::Zh => format!("设置了 `{user}`，但没有设置 `{password}`，两者须同时设置"),
        },
        hint: match lang {
            Lang::En => format!("set `{password}` or `{password}_FILE`"),
            Lang::Zh => format!("请设置 `{password}` 或 `{password}_FILE`"),
        },
    }
}
