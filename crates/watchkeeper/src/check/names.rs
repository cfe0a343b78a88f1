//! Addresses and names: what others are told, what they can do with it, and whether they get through.

use std::collections::BTreeMap;
use std::net::IpAddr;

use watchkeeper_core::Lang;
use watchkeeper_core::config::{Config, GroupConfig, numeric_address, resembles_ipv4};

use super::codes::{WK201, WK202, WK203, WK204, WK205, WK206, WK207, WK208, WK209, WK210, WK211, WK212};
use super::secrets::asks_nobody;
use super::{Desk, say};

/// What the process announces, then each group's addresses.
pub(super) fn look(desk: &mut Desk<'_>) {
    let config = &desk.sheet.survey.config;
    announced(desk, config);
    listening(desk, config);
    let mut masters: BTreeMap<(&str, u16), &str> = BTreeMap::new();
    for group in &config.groups {
        group_name(desk, group);
        loopback(desk, config, group);
        unusable(desk, group);
        let name = &group.name.0;
        match masters.get(&(&group.host[..], group.port)) {
            Some(other) if group.port != 0 => {
                let message = say!(
                    desk.lang(),
                    "`{name}` and `{other}` watch the same master",
                    "`{name}` 和 `{other}` 监视同一个主节点"
                );
                desk.report(&WK209, desk.sheet.line_of_group("monitor", group), 3, message);
            }
            Some(_) | None => {
                masters.insert((&group.host, group.port), name);
            }
        }
    }
    odd_numbers(desk);
}

/// Whether this is an address of the machine itself.
pub(super) fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Whether this is a name.
pub(super) fn is_name(host: &str) -> bool {
    !host.is_empty() && host.parse::<IpAddr>().is_err() && !looks_numeric(host)
}

fn looks_numeric(host: &str) -> bool {
    host.starts_with(|c: char| c.is_ascii_digit())
        && host.chars().all(|c| c.is_ascii_digit() || c == '.' || c == 'x' || c == 'X')
}

fn announced(desk: &mut Desk<'_>, config: &Config) {
    let (lang, sheet, global) = (desk.lang(), desk.sheet, &config.global);
    if global.announce_hostnames && !global.resolve_hostnames {
        let message = say!(
            lang,
            "`announce-hostnames yes` without `resolve-hostnames yes`",
            "有 `announce-hostnames yes`，没有 `resolve-hostnames yes`"
        );
        desk.report(&WK201, sheet.global("announce-hostnames"), 1, message);
    }
    if let Some(name) = global.announce_ip.as_deref().filter(|ip| is_name(ip)) {
        if !global.resolve_hostnames {
            let message = say!(
                lang,
                "`announce-ip` is the name `{name}`, and names are not resolved",
                "`announce-ip` 是主机名 `{name}`，而主机名不会被解析"
            );
            desk.report(&WK202, sheet.global("announce-ip"), 2, message);
        }
    }
    if let Some(host) = global.announce_ip.as_deref().filter(|host| resembles_ipv4(host)) {
        desk.report(&WK207, sheet.global("announce-ip"), 2, no_ipv4(lang, host));
    }
    if global.resolve_hostnames && !global.announce_hostnames {
        let named = config.groups.iter().find(|group| is_name(&group.host));
        if let Some(group) = named {
            let host = &group.host;
            let message = say!(
                lang,
                "`{host}` is resolved, but others are told its address",
                "`{host}` 会被解析，但告诉他人的是 IP 地址"
            );
            desk.report(&WK203, sheet.line_of_group("monitor", group), 3, message);
        }
    }
    let at = sheet.global("announce-port");
    let port = global.announce_port;
    // 0 stands for "as listened on"; a line that says so does no harm.
    if at.is_some() && !(0..=65_535).contains(&port) {
        let message =
            say!(lang, "`{port}` is not a port others can connect to", "`{port}` 不是可以连接的端口");
        desk.report(&WK206, at, 2, message);
    } else if port != 0 && global.announce_ip.is_none() {
        let message =
            say!(lang, "`announce-port` without `announce-ip`", "有 `announce-port`，没有 `announce-ip`");
        desk.report(&WK205, at, 1, message);
    }
}

/// The group whose master is on another host, if there is one.
fn remote(config: &Config) -> Option<&GroupConfig> {
    config.groups.iter().find(|group| !group.host.is_empty() && !is_loopback(&group.host))
}

fn listening(desk: &mut Desk<'_>, config: &Config) {
    let Some(group) = remote(config) else { return };
    let (lang, sheet, general) = (desk.lang(), desk.sheet, &config.general);
    let host = &group.host;
    let bound = general.bind.iter().map(|address| address.trim_start_matches('-'));
    if !general.bind.is_empty() && bound.clone().all(is_loopback) && config.global.announce_ip.is_none() {
        let message = say!(
            lang,
            "only this machine can connect, and the master `{host}` is elsewhere",
            "只有本机可以连接，而主节点 `{host}` 在别处"
        );
        desk.report(&WK210, sheet.general("bind"), 1, message);
    }
    if general.protected_mode && asks_nobody(config) && !bound.clone().all(is_loopback) {
        let message = say!(
            lang,
            "without a password, connections from other hosts are refused",
            "没有密码时，来自其他主机的连接会被拒绝"
        );
        desk.report(&WK211, sheet.general("protected-mode"), 0, message);
    }
}

fn group_name(desk: &mut Desk<'_>, group: &GroupConfig) {
    let name = &group.name.0;
    let hard = |c: char| c == ',' || c == '"' || c == '\'' || c.is_whitespace() || c.is_control();
    if !name.is_empty() && !name.contains(hard) {
        return;
    }
    let shown: String =
        name.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect();
    let message = say!(
        desk.lang(),
        "the name `{shown}` has a comma, a blank or a quote in it, or nothing",
        "组名 `{shown}` 含有逗号、空格或引号，或者为空"
    );
    desk.report(&WK212, desk.sheet.line_of_group("monitor", group), 2, message);
}

/// A loopback address in a group that also has others.
fn loopback(desk: &mut Desk<'_>, config: &Config, group: &GroupConfig) {
    let peers = group.peers.iter().map(|peer| &peer.host[..]);
    let servers = group.replicas.iter().map(|(host, _)| &host[..]).chain([&group.host[..]]);
    let all = peers.chain(servers.clone()).chain(config.global.announce_ip.as_deref());
    let Some(other) = all.into_iter().find(|host| !host.is_empty() && !is_loopback(host)) else { return };
    let Some(host) = servers.clone().find(|host| is_loopback(host)) else { return };
    let lang = desk.lang();
    let (directive, word) = if host == group.host { ("monitor", 3) } else { ("known-replica", 3) };
    let mut lines = desk.all_of_group(directive, group);
    let at = lines.find(|(_, line)| line.words.get(word).is_some_and(|text| text == host.as_bytes()));
    let at = at.map(|(at, _)| at).or_else(|| desk.of_group("monitor", group));
    let name = &group.name.0;
    let message = say!(
        lang,
        "`{host}` in `{name}` means another machine on `{other}`",
        "`{name}` 中的 `{host}` 在 `{other}` 上指的是另一台机器"
    );
    desk.report(&WK204, at, word, message);
}

/// Addresses nobody can connect to.
fn unusable(desk: &mut Desk<'_>, group: &GroupConfig) {
    let none = |host: &str, port: u16| {
        let ip = host.parse::<IpAddr>().ok();
        let broadcast = matches!(ip, Some(IpAddr::V4(ip)) if ip.is_broadcast());
        port == 0
            || broadcast
            || resembles_ipv4(host)
            || ip.is_some_and(|ip| ip.is_unspecified() || ip.is_multicast())
    };
    let lang = desk.lang();
    let master = ("monitor", &group.host, group.port);
    let replicas = group.replicas.iter().map(|(host, port)| ("known-replica", host, *port));
    let peers = group.peers.iter().map(|peer| ("known-sentinel", &peer.host, peer.port));
    let all = replicas.chain(peers).chain([master]);
    let bad: Vec<_> = all.filter(|(_, host, port)| none(host, *port)).collect();
    for (directive, host, port) in bad {
        let mut lines = desk.all_of_group(directive, group);
        let at = lines.find(|(_, line)| {
            let port = port.to_string();
            line.words.get(3).is_some_and(|word| word == host.as_bytes())
                && line.words.get(4).is_some_and(|word| word == port.as_bytes())
        });
        let at = at.map(|(at, _)| at).or_else(|| desk.of_group("monitor", group));
        let message = if resembles_ipv4(host) {
            no_ipv4(lang, host)
        } else {
            say!(lang, "nobody can connect to `{host}:{port}`", "无法连接到 `{host}:{port}`")
        };
        desk.report(&WK207, at, if port == 0 { 4 } else { 3 }, message);
    }
}

fn no_ipv4(lang: Lang, host: &str) -> String {
    say!(
        lang,
        "`{host}` is no IPv4 address: it has four numbers of 0 to 255",
        "`{host}` 不是 IPv4 地址：应为四个 0 到 255 的数字"
    )
}

/// Addresses in the forms that only the C library reads.
fn odd_numbers(desk: &mut Desk<'_>) {
    let lang = desk.lang();
    let sheet = desk.sheet;
    for group in &sheet.survey.config.groups {
        for directive in ["monitor", "known-replica", "known-sentinel"] {
            for (at, line) in desk.all_of_group(directive, group) {
                let Some(host) = line.words.get(3) else { continue };
                let host = String::from_utf8_lossy(host).into_owned();
                if !looks_numeric(&host) || host.parse::<IpAddr>().is_ok() || numeric_address(&host).is_none()
                {
                    continue;
                }
                let message = say!(
                    lang,
                    "`{host}` is read as an octal, hexadecimal or shortened address",
                    "`{host}` 会被当作八进制、十六进制或缩写地址"
                );
                desk.report(&WK208, Some(at), 3, message);
            }
        }
    }
}
