//! Lines that are read otherwise than their author thinks: numbers with a unit, a second line that wins, words that have no
//! effect here, or only here.

use std::collections::BTreeSet;

use watchkeeper_core::config::Line;
use watchkeeper_core::config::directive::{self, Kind, OURS, SentinelKey};

use super::codes::{WK005, WK006, WK007, WK008, WK009, WK010, WK701, WK702, WK703};
use super::{Desk, say};

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
    repeated(desk);
    words(desk);
    renamed(desk);
    let survey = &desk.sheet.survey;
    if survey.config.groups.is_empty() && survey.flaws.is_empty() && desk.sheet.unread.is_none() {
        let message = say!(desk.lang(), "no group is monitored", "没有监视任何组");
        desk.report(&WK010, None, 0, message);
    }
}

/// The words of a `sentinel` line that are numbers.
fn number_words(key: SentinelKey) -> &'static [usize] {
    match key {
        SentinelKey::Monitor => &[4, 5],
        SentinelKey::KnownReplica | SentinelKey::KnownSentinel => &[4],
        SentinelKey::ReplicaHome => &[4, 6],
        SentinelKey::DownAfter
        | SentinelKey::FailoverTimeout
        | SentinelKey::ParallelSyncs
        | SentinelKey::RebootDownAfter
        | SentinelKey::RefusedDownAfter
        | SentinelKey::ConfigEpoch
        | SentinelKey::LeaderEpoch => &[3],
        SentinelKey::CurrentEpoch | SentinelKey::AnnouncePort => &[2],
        SentinelKey::Myid
        | SentinelKey::DenyScriptsReconfig
        | SentinelKey::ResolveHostnames
        | SentinelKey::AnnounceHostnames
        | SentinelKey::TiltClock
        | SentinelKey::VoteWithoutDisk
        | SentinelKey::NotificationScript
        | SentinelKey::ClientReconfigScript
        | SentinelKey::AuthPass
        | SentinelKey::AuthUser
        | SentinelKey::ReplicationTopology
        | SentinelKey::RenameCommand
        | SentinelKey::AnnounceIp
        | SentinelKey::SentinelUser
        | SentinelKey::SentinelPass => &[],
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
        for index in number_words(known.key) {
            let Some(word) = line.words.get(*index) else { continue };
            let digits = word.strip_prefix(b"-").unwrap_or(word);
            if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) {
                continue;
            }
            let read: String =
                word.iter().take_while(|byte| byte.is_ascii_digit()).map(|byte| char::from(*byte)).collect();
            let read = if read.is_empty() { "0" } else { &read };
            let written = String::from_utf8_lossy(word);
            let message = say!(lang, "`{written}` is read as {read}", "`{written}` 会被读作 {read}");
            desk.report(&WK005, Some(at), *index, message);
        }
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
