//! One line of a log taken apart: what stands before the sentinel's own text (containers, pods, journals), process,
//! time, message. Lines that several tools have wrapped are read from the inside: the innermost form that fits wins.

use super::stamp::{Cursor, Stamp};

/// Where the sentinel's own text may begin at the latest, in bytes.
const PREFIX_MAX: usize = 300;
/// A label longer than this is cut, in bytes.
const LABEL_MAX: usize = 80;

/// What a line consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Parts<'a> {
    /// what other tools put in front
    pub(super) prefix: &'a [u8],
    /// the process, 0 if unknown
    pub(super) pid: u32,
    pub(super) stamp: Option<Stamp>,
    pub(super) role: Role,
    pub(super) message: &'a [u8],
}

/// Who logs, as the line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Sentinel,
    /// a master, a replica, or one that starts or saves
    Server,
    Unsaid,
}

/// Takes a line apart; nothing if it has no form we know.
pub(super) fn parse(line: &[u8]) -> Option<Parts<'_>> {
    let line = trim_end(line);
    if let Some(parts) = core(line, 0) {
        return Some(parts);
    }
    for at in 1..line.len().min(PREFIX_MAX) {
        let colour = line[at - 1] == b'm' && line[..at].contains(&0x1b);
        let apart = colour || !line[at - 1].is_ascii_alphanumeric();
        let begins = apart && matches!(line[at], b'0'..=b'9' | b'[' | b'p');
        if begins {
            if let Some(mut parts) = core(line, at) {
                parts.stamp = parts.stamp.or_else(|| prefix_stamp(parts.prefix));
                return Some(parts);
            }
        }
    }
    wrapped(line)
}

/// The sentinel's own text, if it begins here.
fn core(line: &[u8], at: usize) -> Option<Parts<'_>> {
    let (prefix, rest) = line.split_at_checked(at)?;
    let found = match rest.first()? {
        b'0'..=b'9' => legacy(rest),
        b'[' => bracketed(rest),
        b'p' => logfmt(rest),
        _ => None,
    };
    found.map(|(pid, stamp, role, message)| Parts { prefix, pid, stamp, role, message })
}

type Core<'a> = (u32, Option<Stamp>, Role, &'a [u8]);

/// `123:X 28 Nov 2026 16:37:01.705 # text`, and the signal handler's `123:signal-handler (1795398390) text`
fn legacy(rest: &[u8]) -> Option<Core<'_>> {
    let mut cursor = Cursor::new(rest);
    let pid = cursor.number(1, 9)? as u32;
    cursor.byte(b':')?;
    if let Some(rest) = cursor.rest.strip_prefix(b"signal-handler (") {
        let mut cursor = Cursor::new(rest);
        let seconds = cursor.number(1, 11)?;
        let message = cursor.rest.strip_prefix(b") ")?;
        let stamp = Stamp { wall_ms: seconds * 1000, zone: Some(0), dated: true };
        return Some((pid, Some(stamp), Role::Unsaid, message));
    }
    let role = if cursor.one_of(b"XSMC")? == b'X' { Role::Sentinel } else { Role::Server };
    cursor.byte(b' ')?;
    let stamp = cursor.stamp()?;
    level(cursor.rest).map(|message| (pid, Some(stamp), role, message))
}

/// `[123] 28 Nov 16:37:01.705 # text` of releases before 3.0
fn bracketed(rest: &[u8]) -> Option<Core<'_>> {
    let mut cursor = Cursor::new(rest);
    cursor.byte(b'[')?;
    let pid = cursor.number(1, 9)? as u32;
    cursor.byte(b']')?;
    cursor.byte(b' ')?;
    let stamp = cursor.legacy()?;
    level(cursor.rest).map(|message| (pid, Some(stamp), Role::Unsaid, message))
}

/// ` # text`
fn level(rest: &[u8]) -> Option<&[u8]> {
    match rest {
        [b' ', b'.' | b'-' | b'*' | b'#', b' ', message @ ..] => Some(message),
        _ => None,
    }
}

/// `pid=123 role=sentinel timestamp="..." level=warning message="text"`
fn logfmt(rest: &[u8]) -> Option<Core<'_>> {
    let mut cursor = Cursor::new(rest.strip_prefix(b"pid=")?);
    let pid = cursor.number(1, 9)? as u32;
    let stamp = value(cursor.rest, b" timestamp=\"").and_then(|text| Cursor::new(text).stamp());
    let role = match cursor.rest.strip_prefix(b" role=") {
        Some(role) if role.starts_with(b"sentinel ") => Role::Sentinel,
        Some(_) => Role::Server,
        None => Role::Unsaid,
    };
    let message = &cursor.rest[find(cursor.rest, b" message=\"")? + b" message=\"".len()..];
    let end = message.iter().rposition(|byte| *byte == b'"').unwrap_or(message.len());
    Some((pid, stamp, role, &message[..end]))
}

/// What stands behind this key up to the next quote.
fn value<'a>(text: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let from = find(text, key)? + key.len();
    let length = text[from..].iter().position(|byte| *byte == b'"')?;
    Some(&text[from..from + length])
}

/// A line of the system log, whose message has no time of its own, or a time that another tool put in front of a bare event.
fn wrapped(line: &[u8]) -> Option<Parts<'_>> {
    let stamp = prefix_stamp(line)?;
    let message_at = match find(line, b"]: ") {
        Some(at) => at + 3,
        None => bare_event(line)?,
    };
    let (prefix, message) = line.split_at(message_at);
    let pid = prefix
        .iter()
        .rposition(|byte| *byte == b'[')
        .and_then(|at| Cursor::new(&prefix[at + 1..]).number(1, 9))
        .unwrap_or(0);
    Some(Parts { prefix, pid: pid as u32, stamp: Some(stamp), role: Role::Unsaid, message })
}

/// Where ` +sdown ...` begins.
fn bare_event(line: &[u8]) -> Option<usize> {
    let ends = line.len().min(PREFIX_MAX).saturating_sub(2);
    (1..ends).find(|at| {
        line[at - 1] == b' ' && matches!(line[*at], b'+' | b'-') && line[at + 1].is_ascii_lowercase()
    })
}

/// The first time in what other tools put in front.
fn prefix_stamp(prefix: &[u8]) -> Option<Stamp> {
    (0..prefix.len().min(PREFIX_MAX)).find_map(|at| {
        let begins = at == 0 || !prefix[at - 1].is_ascii_alphanumeric();
        let mut cursor = Cursor::new(&prefix[at..]);
        match prefix[at] {
            b'0'..=b'9' if begins => cursor.iso(),
            b'A'..=b'Z' if begins => cursor.syslog(),
            _ => None,
        }
    })
}

/// A time at the front of a line, and what follows it. A time without a day is taken off and left out.
pub(super) fn leading_time(line: &[u8]) -> Option<(Option<Stamp>, &[u8])> {
    let bracket = line.first() == Some(&b'[');
    let text = line.get(usize::from(bracket)..)?;
    for read in [Cursor::iso, Cursor::syslog, Cursor::legacy] {
        let mut cursor = Cursor::new(text);
        if let Some(stamp) = read(&mut cursor) {
            return behind_time(cursor, bracket).map(|rest| (Some(stamp), rest));
        }
    }
    let mut cursor = Cursor::new(text);
    cursor.clock()?;
    behind_time(cursor, bracket).map(|rest| (None, rest))
}

/// What follows a time and its bracket.
fn behind_time(mut cursor: Cursor<'_>, bracket: bool) -> Option<&[u8]> {
    if bracket {
        cursor.byte(b']')?;
    }
    cursor.one_of(b" \t")?;
    Some(cursor.rest.trim_ascii_start())
}

/// Who speaks, as other tools name it: a container, a pod, a host with its unit. Times, colours and process numbers
/// are left out; empty if nothing is left.
pub(super) fn label(prefix: &[u8]) -> String {
    let text = String::from_utf8_lossy(&prefix[..prefix.len().min(PREFIX_MAX)]);
    let mut words = Vec::new();
    for word in plain(&text).split_whitespace() {
        let word = word.trim_end_matches([':', '|']);
        let word = match word.rsplit_once('[') {
            Some((name, pid)) if pid.trim_end_matches(']').bytes().all(|b| b.is_ascii_digit()) => name,
            Some(_) | None => word,
        };
        let word = word.trim_start_matches('[').trim_end_matches(']');
        let is_time = word.bytes().all(|b| b.is_ascii_digit() || b"-:.,TZ+".contains(&b))
            || MONTH_NAMES.contains(&word);
        if !word.is_empty() && !is_time {
            words.push(word.to_owned());
        }
    }
    let mut label = words.join(" ");
    let mut end = label.len().min(LABEL_MAX);
    while !label.is_char_boundary(end) {
        end -= 1;
    }
    label.truncate(end);
    label
}

const MONTH_NAMES: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Characters that make a line read otherwise than it is.
pub(super) const REORDERING: [char; 11] = [
    '\u{200e}', '\u{200f}', '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}', '\u{2066}',
    '\u{2067}', '\u{2068}', '\u{2069}',
];

/// Without the terminal's colours and other control characters.
pub(crate) fn plain(text: &str) -> String {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c == '\x1b' {
            // `ESC [ ... letter`
            if chars.next() == Some('[') {
                let _ = chars.by_ref().find(char::is_ascii_alphabetic);
            }
        } else if !c.is_control() && !REORDERING.contains(&c) {
            out.push(c);
        }
    }
    out
}

fn trim_end(line: &[u8]) -> &[u8] {
    let end =
        line.iter().rposition(|byte| !matches!(byte, b'\n' | b'\r' | b' ' | b'\t')).map_or(0, |at| at + 1);
    let line = &line[..end];
    line.strip_suffix(b"\x1b[0m").unwrap_or(line)
}

/// Where a text begins in another.
pub(super) fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    let (first, rest) = wanted.split_first()?;
    let mut from = 0;
    loop {
        let at = from + text.get(from..)?.iter().position(|byte| byte == first)?;
        if text[at + 1..].starts_with(rest) {
            return Some(at);
        }
        from = at + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: &str = "+sdown master mymaster 127.0.0.1 6379";

    fn told(line: &str) -> (String, u32, String, bool) {
        let parts = parse(line.as_bytes()).unwrap_or_else(|| panic!("{line}"));
        let message = String::from_utf8_lossy(parts.message).into_owned();
        (label(parts.prefix), parts.pid, message, parts.stamp.is_some())
    }

    #[test]
    fn forms_of_the_sentinels_themselves() {
        for line in [
            "7:X 28 Nov 2026 16:37:01.705 # +sdown master mymaster 127.0.0.1 6379",
            "7:X 28 Nov 16:37:01.705 # +sdown master mymaster 127.0.0.1 6379\r\n",
            "[7] 28 Nov 16:37:01.705 # +sdown master mymaster 127.0.0.1 6379",
            "[7] 28 Nov 16:37:01 * +sdown master mymaster 127.0.0.1 6379",
            "7:X 2026-11-28T16:37:01.705+00:00 # +sdown master mymaster 127.0.0.1 6379",
            "7:X 1795398390111 # +sdown master mymaster 127.0.0.1 6379",
            "pid=7 role=sentinel timestamp=\"28 Nov 2026 16:37:01.705\" level=warning message=\"+sdown master mymaster 127.0.0.1 6379\"",
            "pid=7 role=sentinel timestamp=\"1795398390111\" level=warning message=\"+sdown master mymaster 127.0.0.1 6379\"",
        ] {
            assert_eq!(told(line), (String::new(), 7, EVENT.to_owned(), true), "{line}");
        }
        let signal = told("7:signal-handler (1795398390) Received SIGTERM scheduling shutdown...");
        assert_eq!((signal.1, signal.3), (7, true));
    }

    #[test]
    fn what_other_tools_put_in_front() {
        for (prefix, name) in [
            ("2026-11-28T16:37:01.705123456Z ", ""),
            ("sentinel-1  | ", "sentinel-1"),
            ("\x1b[36msentinel-1  | \x1b[0m", "sentinel-1"),
            ("sentinel-1  | 2026-11-28T16:37:01.705123456Z ", "sentinel-1"),
            ("[pod/sentinel-0/sentinel] ", "pod/sentinel-0/sentinel"),
            ("[pod/sentinel-0/sentinel] 2026-11-28T16:37:01.705Z ", "pod/sentinel-0/sentinel"),
            ("Nov 28 16:37:01 db1 redis-sentinel[812]: ", "db1 redis-sentinel"),
            ("2026-11-28T16:37:01+0800 db1 redis-sentinel[812]: ", "db1 redis-sentinel"),
        ] {
            let line = format!("{prefix}7:X 28 Nov 2026 16:37:01.705 # {EVENT}");
            assert_eq!(told(&line), (name.to_owned(), 7, EVENT.to_owned(), true), "{line}");
        }
    }

    #[test]
    fn the_system_log_has_the_time() {
        let expected = ("db1 redis".to_owned(), 812, EVENT.to_owned(), true);
        assert_eq!(told(&format!("Nov 28 16:37:01 db1 redis[812]: {EVENT}")), expected);
        assert_eq!(told(&format!("2026-11-28T16:37:01.1+08:00 db1 redis[812]: {EVENT}")), expected);
        assert_eq!(told(&format!("2026-11-28T16:37:01.1Z {EVENT}")).2, EVENT);
    }

    #[test]
    fn what_has_no_form_is_refused() {
        for line in ["", "\n", "hello", "7:X", "7:X 28 Nov", "[7", "pid=", "pid=7 x", "1:2:3", "\u{fffd}"] {
            assert_eq!(parse(line.as_bytes()), None, "{line}");
        }
        assert_eq!(
            parse(b"\xff\xfe7:X 28 Nov 2026 16:37:01.705 # x").map(|parts| parts.message),
            Some(&b"x"[..])
        );
    }
}
