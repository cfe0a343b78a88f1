//! Checking the arguments of a general directive, with the error texts of `redis-sentinel`, and giving them the form in
//! which they are written back.

use super::args::{quote, split_args, word};
use super::directive::{Directive, Kind};
use super::error::Fault;
use crate::command::strict_int;
use crate::config::number::atoi;

/// The classes of `client-output-buffer-limit`, in the order they are written.
pub(crate) const LIMIT_CLASSES: [&str; 3] = ["normal", "replica", "pubsub"];
/// What each class has when no line says otherwise: hard bytes, soft bytes, seconds.
pub(crate) const LIMIT_DEFAULTS: [[u64; 3]; 3] =
    [[0, 0, 0], [256 << 20, 64 << 20, 60], [32 << 20, 8 << 20, 60]];
const LOG_LEVELS: &[&str] = &["debug", "verbose", "notice", "warning"];
const BIND_MAX: usize = 16;

/// The words after the name, checked; the text in which they are written back.
///
/// `before` is the text of an earlier line of the same name: some directives add up.
pub(crate) fn check(directive: &Directive, args: &[Vec<u8>], before: Option<&str>) -> Result<String, Fault> {
    let kind = directive.kind;
    let blank = matches!(args, [only] if only.is_empty());
    let split;
    let args = match args {
        [one] if kind.takes_many() => {
            split = split_args(one).unwrap_or_default();
            &split[..]
        }
        [_] => args,
        _ if kind.takes_many() => args,
        _ => return Err(Fault::at(0, "wrong number of arguments")),
    };
    match kind {
        Kind::Flags(words) => flags(words, args),
        Kind::Bind => bind(args),
        Kind::OutputLimit => output_limit(args, before, blank),
        Kind::OomScores => oom_scores(args),
        Kind::Percentiles => percentiles(args),
        Kind::ReplicaOf => replica_of(args),
        Kind::Save => save(args),
        Kind::YesNo
        | Kind::Int(..)
        | Kind::Memory(..)
        | Kind::MemoryOrPercent
        | Kind::Octal
        | Kind::Enum(_)
        | Kind::LogLevel
        | Kind::Text
        | Kind::FileName(_)
        | Kind::Hostname
        | Kind::Title
        | Kind::KeyspaceEvents
        | Kind::Dir => one(directive, &args[0]).map_err(|message| Fault::at(1, message)),
    }
}

fn one(directive: &Directive, value: &[u8]) -> Result<String, String> {
    let choose = |words: &[&str], shown: &[&str]| {
        pick(words, value)
            .ok_or_else(|| format!("argument(s) must be one of the following: {}", shown.join(", ")))
    };
    match directive.kind {
        Kind::YesNo => pick(&["yes", "no"], value).ok_or_else(|| "argument must be 'yes' or 'no'".into()),
        Kind::Int(min, max) => {
            let number = strict_int(value).ok_or("argument couldn't be parsed into an integer")?;
            in_range(number, min, max).then(|| number.to_string()).ok_or_else(|| between(min, max))
        }
        Kind::Memory(min, max) => {
            let bytes = memory(value).ok_or("argument must be a memory value")?;
            (min..=max).contains(&bytes).then(|| memory_text(bytes)).ok_or_else(|| between(min, max))
        }
        Kind::MemoryOrPercent => memory_or_percent(value),
        Kind::Octal => octal(value),
        Kind::Enum(words) => choose(words, words),
        Kind::LogLevel => choose(&["debug", "verbose", "notice", "warning", "nothing"], LOG_LEVELS),
        Kind::FileName(what) => {
            if value.is_empty() && directive.name != "dbfilename" {
                return Err(format!("{} can't be empty", directive.name));
            }
            let path = value.contains(&b'/') || value.contains(&b'\\');
            (!path)
                .then(|| quote(value))
                .ok_or_else(|| format!("{} can't be a path, just a {what}", directive.name))
        }
        Kind::Hostname => {
            let fine = value.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(byte));
            let message = "Hostnames may only contain alphanumeric characters, hyphens or dots";
            fine.then(|| quote(value)).ok_or_else(|| message.into())
        }
        Kind::Title => title_is_valid(value)
            .then(|| quote(value))
            .ok_or_else(|| "template format is invalid or contains unknown variables".into()),
        Kind::KeyspaceEvents => keyspace_events(value),
        Kind::Text | Kind::Dir => Ok(quote(value)),
        Kind::Flags(_)
        | Kind::Bind
        | Kind::OutputLimit
        | Kind::OomScores
        | Kind::Percentiles
        | Kind::ReplicaOf
        | Kind::Save => Err("wrong number of arguments".into()),
    }
}

fn pick(words: &[&str], value: &[u8]) -> Option<String> {
    words.iter().find(|word| word.as_bytes().eq_ignore_ascii_case(value)).map(|word| (*word).to_string())
}

fn between(min: impl std::fmt::Display, max: impl std::fmt::Display) -> String {
    format!("argument must be between {min} and {max} inclusive")
}

fn in_range(number: i64, min: i64, max: i64) -> bool {
    (min..=max).contains(&number)
}

/// Bytes: digits and a unit. Nothing before the unit is 0; what is too large saturates.
pub(crate) fn memory(value: &[u8]) -> Option<u64> {
    let digits = value.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (number, unit) = value.split_at(digits);
    let factor: u64 = match &unit.to_ascii_lowercase()[..] {
        b"" | b"b" => 1,
        b"k" => 1000,
        b"kb" => 1 << 10,
        b"m" => 1_000_000,
        b"mb" => 1 << 20,
        b"g" => 1_000_000_000,
        b"gb" => 1 << 30,
        _ => return None,
    };
    let digit = |total: u64, byte: &u8| total.saturating_mul(10).saturating_add(u64::from(byte - b'0'));
    Some(number.iter().fold(0, digit).saturating_mul(factor))
}

/// Bytes as they are written back: with the largest unit that divides them.
pub(crate) fn memory_text(bytes: u64) -> String {
    for (shift, unit) in [(30, "gb"), (20, "mb"), (10, "kb")] {
        if bytes > 0 && bytes % (1 << shift) == 0 {
            return format!("{}{unit}", bytes >> shift);
        }
    }
    bytes.to_string()
}

fn memory_or_percent(value: &[u8]) -> Result<String, String> {
    match value.split_last() {
        Some((b'%', number)) => {
            let percent = strict_int(number).filter(|percent| *percent >= 0);
            let percent = percent.ok_or("argument must be a memory or percent value")?;
            (percent <= 100)
                .then(|| format!("{percent}%"))
                .ok_or_else(|| "percentage argument must be less or equal to 100".into())
        }
        _ => {
            memory(value).map(memory_text).ok_or_else(|| "argument must be a memory or percent value".into())
        }
    }
}

fn octal(value: &[u8]) -> Result<String, String> {
    let text = String::from_utf8_lossy(value);
    let number = if text.is_empty() { Ok(0) } else { i64::from_str_radix(text.trim_start(), 8) };
    let number = number.map_err(|_| "argument couldn't be parsed as an octal number")?;
    in_range(number, 0, 0o777).then(|| format!("{number:o}")).ok_or_else(|| between(0, 777))
}

/// The letters in the order upstream writes them; `A` stands for all data types and hides `n`.
fn keyspace_events(value: &[u8]) -> Result<String, String> {
    const ALL: &[u8] = b"g$lshzxetd";
    if !value.iter().all(|letter| b"Ag$lshzxeKEtmdn".contains(letter)) {
        return Err("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.".into());
    }
    let has = |letter: &u8| value.contains(letter);
    let all = has(&b'A') || ALL.iter().all(has);
    let kinds: &[u8] = if all { b"A" } else { b"g$lshzxetdn" };
    let letters: Vec<u8> =
        kinds.iter().chain(b"KEm").copied().filter(|letter| has(letter) || *letter == b'A').collect();
    Ok(quote(&letters))
}

/// Only known variables, and something is left when those that may be empty are.
fn title_is_valid(value: &[u8]) -> bool {
    const EMPTY_AT_TIMES: [&str; 2] = ["title", "unixsocket"];
    const OTHERS: [&str; 5] = ["listen-addr", "server-mode", "port", "tls-port", "config-file"];
    let text = String::from_utf8_lossy(value);
    let mut rest = &text[..];
    let mut shows = false;
    while let Some(open) = rest.find('{') {
        let Some(length) = rest[open..].find('}') else { return false };
        let variable = &rest[open + 1..open + length];
        let other = OTHERS.contains(&variable);
        if !other && !EMPTY_AT_TIMES.contains(&variable) {
            return false;
        }
        shows |= other || open > 0;
        rest = &rest[open + length + 1..];
    }
    shows || !rest.is_empty()
}

fn flags(words: &[&str], args: &[Vec<u8>]) -> Result<String, Fault> {
    let message = || format!("argument(s) must be one of the following: {}", words.join(", "));
    let mut chosen = vec![false; words.len()];
    for (index, arg) in args.iter().enumerate() {
        let found = words.iter().position(|word| word.as_bytes().eq_ignore_ascii_case(arg));
        chosen[found.ok_or_else(|| Fault::at(index + 1, message()))?] = true;
    }
    if args.is_empty() {
        return Err(Fault::at(0, message()));
    }
    let has = |name: &str| words.iter().zip(&chosen).any(|(word, on)| *on && *word == name);
    if has("save") && has("nosave") {
        return Err(Fault::at(1, "shutdown options SAVE and NOSAVE can't be used simultaneously"));
    }
    let beside_default = chosen.iter().skip(1).any(|on| *on);
    let shown =
        words.iter().zip(&chosen).enumerate().filter(|(at, (_, on))| **on && (*at > 0 || !beside_default));
    Ok(shown.map(|(_, (word, _))| *word).collect::<Vec<_>>().join(" "))
}

fn bind(args: &[Vec<u8>]) -> Result<String, Fault> {
    if args.len() > BIND_MAX {
        return Err(Fault::at(BIND_MAX + 1, "Too many bind addresses specified."));
    }
    match args {
        [] => Ok("\"\"".into()),
        [empty] if empty.is_empty() => Ok("\"\"".into()),
        _ => Ok(joined(args)),
    }
}

/// Words in a row, quoted where they need it, as text.
fn joined(args: &[Vec<u8>]) -> String {
    let words = args.iter().map(|arg| if arg.is_ascii() { word(arg) } else { quote(arg).into_bytes() });
    words.map(|word| String::from_utf8_lossy(&word).into_owned()).collect::<Vec<_>>().join(" ")
}

/// Hard, soft and seconds of the three classes, out of the text [`output_limit`] made.
pub(crate) fn output_limits(text: &str) -> [[u64; 3]; 3] {
    let mut limits = LIMIT_DEFAULTS;
    let words: Vec<&str> = text.split(' ').collect();
    for group in words.chunks_exact(4) {
        if let Some(class) = LIMIT_CLASSES.iter().position(|name| *name == group[0]) {
            limits[class] = [1, 2, 3].map(|at| memory(group[at].as_bytes()).unwrap_or(0));
        }
    }
    limits
}

/// One class of `client-output-buffer-limit` as it is written.
pub(crate) fn output_limit_text(class: usize, [hard, soft, seconds]: [u64; 3]) -> String {
    format!("{} {} {} {seconds}", LIMIT_CLASSES[class], memory_text(hard), memory_text(soft))
}

fn output_limit(args: &[Vec<u8>], before: Option<&str>, empty: bool) -> Result<String, Fault> {
    if args.len() % 4 != 0 || empty {
        return Err(Fault::at(0, "Wrong number of arguments in buffer limit configuration."));
    }
    let mut limits = before.map_or(LIMIT_DEFAULTS, output_limits);
    for (index, group) in args.chunks_exact(4).enumerate() {
        let first = index * 4 + 1;
        let name = if group[0].eq_ignore_ascii_case(b"slave") { b"replica" } else { &group[0][..] };
        let class = LIMIT_CLASSES.iter().position(|class| class.as_bytes().eq_ignore_ascii_case(name));
        let class = class.ok_or_else(|| {
            Fault::at(first, "Invalid client class specified in buffer limit configuration.")
        })?;
        let seconds = soft_seconds(&group[3]);
        let (Some(hard), Some(soft), Some(seconds)) = (memory(&group[1]), memory(&group[2]), seconds) else {
            let message = "Error in hard, soft or soft_seconds setting in buffer limit configuration.";
            return Err(Fault::at(first + 1, message));
        };
        limits[class] = [hard, soft, seconds];
    }
    Ok((0..3).map(|class| output_limit_text(class, limits[class])).collect::<Vec<_>>().join(" "))
}

/// The seconds of a soft limit, which upstream reads by `strtoll` into an `int`: nothing may follow the digits, but blanks
/// and a sign may stand before them, no digit at all is 0, and only 32 bits count.
fn soft_seconds(word: &[u8]) -> Option<u64> {
    let blanks = word.iter().take_while(|byte| matches!(byte, b' ' | b'\t'..=b'\r')).count();
    let signed = &word[blanks..];
    let digits = signed.strip_prefix(b"+").or(signed.strip_prefix(b"-")).unwrap_or(signed);
    let whole = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    (whole || word.is_empty()).then(|| u64::try_from(atoi(word)).ok()).flatten()
}

fn oom_scores(args: &[Vec<u8>]) -> Result<String, Fault> {
    if args.len() != 3 {
        return Err(Fault::at(0, "wrong number of arguments"));
    }
    for (index, arg) in args.iter().enumerate() {
        if !strict_int(arg).is_some_and(|score| in_range(score, -2000, 2000)) {
            let message = "Invalid oom-score-adj-values, elements must be between -2000 and 2000.";
            return Err(Fault::at(index + 1, message));
        }
    }
    Ok(joined(args))
}

fn percentiles(args: &[Vec<u8>]) -> Result<String, Fault> {
    let mut texts = Vec::new();
    for (index, arg) in args.iter().filter(|arg| args.len() > 1 || !arg.is_empty()).enumerate() {
        let number: Option<f64> = std::str::from_utf8(arg).ok().and_then(|text| text.parse().ok());
        let number = number
            .ok_or_else(|| Fault::at(index + 1, "Invalid latency-tracking-info-percentiles parameters"))?;
        if !(0.0..=100.0).contains(&number) {
            let message = "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]";
            return Err(Fault::at(index + 1, message));
        }
        texts.push(number.to_string());
    }
    Ok(if texts.is_empty() { "\"\"".into() } else { texts.join(" ") })
}

/// `host port` or nothing (`no one`).
fn replica_of(args: &[Vec<u8>]) -> Result<String, Fault> {
    let [host, port] = args else { return Err(Fault::at(0, "wrong number of arguments")) };
    if host.eq_ignore_ascii_case(b"no") && port.eq_ignore_ascii_case(b"one") {
        return Ok(String::new());
    }
    let fine = strict_int(port).is_some_and(|port| in_range(port, 0, 65_535));
    fine.then(|| joined(args)).ok_or_else(|| Fault::at(2, "Invalid master port"))
}

fn save(args: &[Vec<u8>]) -> Result<String, Fault> {
    let nothing = args.iter().all(Vec::is_empty) && args.len() <= 1;
    let numbers = args.iter().enumerate().all(|(index, arg)| {
        let least = i64::from(index % 2 == 0);
        strict_int(arg).is_some_and(|number| in_range(number, least, i64::from(i32::MAX)))
    });
    if !nothing && (args.len() % 2 != 0 || !numbers) {
        return Err(Fault::at(1, "Invalid save parameters"));
    }
    Ok(String::new())
}
