//! Lines that are read otherwise than their author thinks: numbers with a unit, a second line that wins, words that have no
//! effect here, or only here.

use std::collections::{BTreeMap, BTreeSet};

use watchkeeper_core::Lang;
use watchkeeper_core::config::directive::{self, Kind, OURS, SentinelKey};
use watchkeeper_core::config::{self, Line, Reading, numeric_address};

use super::codes::{Rule, Severity, WK005, WK006, WK007, WK008, WK009, WK010, WK011, WK701, WK702, WK703};
use super::{Desk, say};
use crate::said::told;

/// Commands that others send to a sentinel.
const NEEDED: [&str; 6] = ["AUTH", "INFO", "PING", "PUBLISH", "SENTINEL", "SUBSCRIBE"];
/// Commands a sentinel sends to servers.
const SENT: [&str; 12] = [
    "AUTH",
    "CLIENT",
    "CONFIG",
    "EXEC",
    "INFO",
    "MULTI",
    "PING",
    "PUBLISH",
    "SCRIPT",
    "SENTINEL",
    "SLAVEOF",
    "SUBSCRIBE",
];
/// Directives without effect that `redis-sentinel` and `valkey-sentinel` write into every file of their own.
const WRITTEN_BY_UPSTREAM: [&str; 2] = ["latency-tracking-info-percentiles", "save"];
/// Words that a message lists at most.
const LISTED: usize = 6;

/// Lines by themselves, and lines that repeat each other.
pub(super) fn look(desk: &mut Desk<'_>) {
    numbers(desk);
    replicas_twice(desk);
    no_log(desk);
    repeated(desk);
    words(desk);
    renamed(desk);
    let survey = &desk.sheet.survey;
    if survey.config.groups.is_empty() && survey.flaws.is_empty() && desk.sheet.unread.is_none() {
        let message = say!(desk.lang(), "no group is monitored", "没有监视任何组");
        desk.report(&WK010, None, 0, message);
    }
}

fn sentinel_of(line: &Line) -> Option<&'static directive::SentinelDirective> {
    let (first, name) = (line.words.first()?, line.words.get(1)?);
    first.eq_ignore_ascii_case(b"sentinel").then(|| directive::sentinel(name)).flatten()
}

fn numbers(desk: &mut Desk<'_>) {
    let (lang, survey) = (desk.lang(), &desk.sheet.survey);
    let wrong: BTreeSet<usize> = survey.flaws.iter().filter_map(|flaw| flaw.line).collect();
    for (at, line) in survey.lines.iter().enumerate().filter(|(at, _)| !wrong.contains(at)) {
        let Some(known) = sentinel_of(line) else { continue };
        // A word too many or too few, as in very old files, and nothing is read.
        if line.words.len() != known.words.len() + 2 {
            continue;
        }
        for (index, word) in line.words.iter().enumerate() {
            let Some(number) = config::reading(known.key, index, word) else { continue };
            let Some((rule, message)) = of_number(lang, word, number) else { continue };
            let hint = WK005.fix.pick(lang).to_owned();
            desk.report_with(rule, rule.severity, Some(at), index, message, hint);
        }
    }
}

/// What is to be said about a number that Watchkeeper accepts.
fn of_number(lang: Lang, word: &[u8], number: Reading) -> Option<(&'static Rule, String)> {
    let Reading { written, ours, theirs, refused } = number;
    let word = String::from_utf8_lossy(word);
    if let Some(reason) = refused {
        let reason = told(reason, lang);
        let message = say!(
            lang,
            "`{word}` is {ours} for Watchkeeper; redis-sentinel reads {theirs} and refuses it: {reason}",
            "`{word}` 在 Watchkeeper 中是 {ours}；redis-sentinel 读作 {theirs} 并拒绝：{reason}"
        );
        return Some((&WK011, message));
    }
    let message = if ours != theirs {
        say!(
            lang,
            "`{word}` is read as {theirs} by redis-sentinel, and as {ours} by Watchkeeper",
            "`{word}` 被 redis-sentinel 读作 {theirs}，被 Watchkeeper 读作 {ours}"
        )
    } else if written != Some(ours) {
        say!(lang, "`{word}` is read as {ours}", "`{word}` 会被读作 {ours}")
    } else {
        return None;
    };
    Some((&WK005, message))
}

/// Replicas that are given twice, under the old name or the present one.
fn replicas_twice(desk: &mut Desk<'_>) {
    let (lang, sheet) = (desk.lang(), desk.sheet);
    let config = &sheet.survey.config;
    for group in &config.groups {
        let mut known: BTreeMap<(String, u16), &Line> = BTreeMap::new();
        for (at, line) in desk.all_of_group("known-replica", group) {
            let [_, _, _, host, port] = &line.words[..] else { continue };
            let host = String::from_utf8_lossy(host).into_owned();
            let address = numeric_address(&host).filter(|_| !config.global.announce_hostnames);
            let host = address.map_or(host, |address| address.to_string());
            let port = config::reading(SentinelKey::KnownReplica, 4, port);
            let Some(port) = port.and_then(|port| u16::try_from(port.ours).ok()) else { continue };
            let Some(before) = known.get(&(host.clone(), port)) else {
                known.insert((host, port), line);
                continue;
            };
            let (file, number) = (before.file.as_deref().unwrap_or(&sheet.shown), before.number);
            let reason = "Duplicate hostname and port for replica.";
            let message = say!(
                lang,
                "`{host}:{port}` stands in line {number} of `{file}` already; redis-sentinel refuses it: {reason}",
                "`{host}:{port}` 已在 `{file}` 第 {number} 行；redis-sentinel 会拒绝：副本重复（{reason}）"
            );
            let hint = say!(
                lang,
                "remove one of the lines; Watchkeeper does so itself when it writes the file",
                "请删除其中一行；Watchkeeper 写入文件时也会自动去除"
            );
            desk.report_with(&WK011, WK011.severity, Some(at), 3, message, hint);
        }
    }
}

/// A word that came with Redis 7.2, and that Valkey has.
fn no_log(desk: &mut Desk<'_>) {
    let (lang, survey) = (desk.lang(), &desk.sheet.survey);
    let is_it = |line: &&Line| {
        line.is(false, "loglevel")
            && line.words.get(1).is_some_and(|word| word.eq_ignore_ascii_case(b"nothing"))
    };
    for (at, _) in survey.lines.iter().enumerate().filter(|(_, line)| is_it(line)) {
        let message = say!(
            lang,
            "redis-sentinel before 7.2 refuses `loglevel nothing`; later ones, valkey-sentinel and Watchkeeper take it",
            "7.2 之前的 redis-sentinel 会拒绝 `loglevel nothing`；更新的版本、valkey-sentinel 和 Watchkeeper 都接受"
        );
        let hint = say!(
            lang,
            "write `loglevel warning`, if such a version is to run with this file",
            "若这样的版本也要使用该文件，请写 `loglevel warning`"
        );
        desk.report_with(&WK011, Severity::Warning, Some(at), 1, message, hint);
    }
}

/// Whether lines of this name add up instead of replacing each other.
fn adds_up(sentinel: bool, name: &str) -> bool {
    let of_sentinel = ["known-replica", "known-sentinel", "rename-command", "monitor", "current-epoch"];
    match directive::general(name.as_bytes()).filter(|_| !sentinel) {
        Some(known) => matches!(known.kind, Kind::OutputLimit | Kind::Save | Kind::Dir),
        None => of_sentinel.contains(&name),
    }
}

fn repeated(desk: &mut Desk<'_>) {
    let (lang, sheet) = (desk.lang(), desk.sheet);
    for (sentinel, name, lines) in sheet.repeated().filter(|(sentinel, name, _)| !adds_up(*sentinel, name)) {
        let get = |at: &usize| sheet.survey.lines.get(*at);
        let (Some(last), Some(earlier)) = (lines.last(), lines.iter().rev().nth(1)) else { continue };
        let (Some(line), Some(before)) = (get(last), get(earlier)) else { continue };
        let values = |line: &Line| line.words.get(1 + usize::from(sentinel)..).map(<[_]>::to_vec);
        if values(line) == values(before) {
            continue;
        }
        let file = before.file.as_deref().unwrap_or(&sheet.shown);
        let number = before.number;
        let message = say!(
            lang,
            "`{name}` is given again: line {number} of `{file}` has no effect",
            "`{name}` 再次出现：`{file}` 第 {number} 行不起作用"
        );
        desk.report(&WK006, Some(*last), usize::from(sentinel), message);
    }
}

/// Names in a message, in order of appearance, the first of them with its line.
#[derive(Default)]
struct Listed {
    first: Option<(usize, usize)>,
    names: Vec<String>,
}

impl Listed {
    fn add(&mut self, at: usize, word: usize, name: &[u8]) {
        self.first.get_or_insert((at, word));
        let name = format!("`{}`", String::from_utf8_lossy(name).to_ascii_lowercase());
        if !self.names.contains(&name) {
            self.names.push(name);
        }
    }

    fn text(&self) -> String {
        let shown = self.names.iter().take(LISTED).cloned().collect::<Vec<_>>().join(", ");
        match self.names.len().saturating_sub(LISTED) {
            0 => shown,
            more => format!("{shown} (+{more})"),
        }
    }
}

/// Old names, names without effect, and our own.
fn words(desk: &mut Desk<'_>) {
    let (lang, sheet) = (desk.lang(), desk.sheet);
    let (mut old, mut idle, mut ours) = (Listed::default(), Listed::default(), Listed::default());
    let logs_in = sheet.survey.config.groups.iter().any(|group| group.auth_pass.is_some());
    for (at, line) in sheet.survey.lines.iter().enumerate() {
        let Some(first) = line.words.first() else { continue };
        let (word, name, written) = match (sentinel_of(line), directive::general(first)) {
            (Some(known), _) => (1, known.name, line.words.get(1).unwrap_or(first)),
            (None, Some(known)) => (0, known.name, first),
            (None, None) => {
                let unused = first.eq_ignore_ascii_case(b"loadmodule") || first.contains(&b'.');
                if unused && line.words.len() > 1 {
                    idle.add(at, 0, first);
                }
                continue;
            }
        };
        if !name.as_bytes().eq_ignore_ascii_case(written) {
            old.add(at, word, written);
        }
        if OURS.contains(&name) {
            ours.add(at, word, written);
        }
        if name == "masterauth" && !logs_in && line.words.get(1).is_some_and(|value| !value.is_empty()) {
            let message =
                say!(lang, "`masterauth` has no effect on a sentinel", "`masterauth` 对哨兵不起作用");
            desk.report(&WK703, Some(at), 0, message);
        } else if word == 0
            && directive::general(first).is_some_and(|known| !known.used)
            && !WRITTEN_BY_UPSTREAM.contains(&name)
        {
            idle.add(at, 0, written);
        }
    }
    let list = old.text();
    if let Some((at, word)) = old.first {
        desk.report(&WK007, Some(at), word, say!(lang, "old words: {list}", "旧的写法：{list}"));
    }
    let list = idle.text();
    if let Some((at, word)) = idle.first {
        desk.report(
            &WK008,
            Some(at),
            word,
            say!(lang, "no effect on a sentinel: {list}", "对哨兵不起作用：{list}"),
        );
    }
    let list = ours.text();
    if let Some((at, word)) = ours.first {
        desk.report(
            &WK009,
            Some(at),
            word,
            say!(lang, "only Watchkeeper knows {list}", "只有 Watchkeeper 支持 {list}"),
        );
    }
}

fn renamed(desk: &mut Desk<'_>) {
    let (lang, sheet) = (desk.lang(), desk.sheet);
    for (at, line) in sheet.survey.lines.iter().enumerate() {
        let Some(old) = line.words.get(1).filter(|_| line.is(false, "rename-command")) else { continue };
        let old = String::from_utf8_lossy(old).to_ascii_uppercase();
        if NEEDED.contains(&&old[..]) {
            let message =
                say!(lang, "other sentinels and clients send {old}", "其他哨兵和客户端会发送 {old}");
            desk.report(&WK701, Some(at), 1, message);
        }
    }
    for group in &sheet.survey.config.groups {
        for (at, line) in desk.all_of_group("rename-command", group) {
            let Some(old) = line.words.get(3) else { continue };
            let old = String::from_utf8_lossy(old).to_ascii_uppercase();
            if !SENT.contains(&&old[..]) {
                let message = say!(lang, "a sentinel never sends {old}", "哨兵从不发送 {old}");
                desk.report(&WK702, Some(at), 3, message);
            }
        }
    }
}
