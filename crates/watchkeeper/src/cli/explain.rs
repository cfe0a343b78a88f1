//! `watchkeeper explain`: what the logs of sentinels say. Which words are files and which are events is decided here;
//! reading and telling is [`crate::explain`].

mod follow;
mod tail;

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal};
use std::path::Path;
use std::process::ExitCode;

use anyhow::bail;
use watchkeeper_core::event_text::find;

use super::lang::Lang;
use super::out::{Unwritten, complain, say};
use super::status;
use crate::daemon::strerror;
use crate::explain::{self, Log, Report, glossary};
use crate::said::told;

/// All was told.
const TOLD: i32 = 0;
/// No line that was read is a sentinel's.
const NOTHING: i32 = 1;
/// Something could not be read.
const UNUSABLE: i32 = 2;
/// Logs at once.
const LOGS_MAX: usize = 64;
/// Read at once from each log, in bytes.
const BUFFER: usize = 256 * 1024;

/// `watchkeeper explain`
#[derive(Debug, clap::Args)]
pub(super) struct ExplainArgs {
    /// Logs of sentinels (- for standard input), or names of events such as +sdown
    #[arg(value_name = "FILE|EVENT")]
    words: Vec<OsString>,
    /// Every event in a line
    #[arg(long)]
    list: bool,
    /// Show the lines that could not be understood
    #[arg(long)]
    unknown: bool,
    /// How the report is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Wait for more: each incident is told as it happens
    #[arg(long, conflicts_with_all = ["list", "unknown"])]
    follow: bool,
}

/// The value of `--format`: `explain` draws, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// people, in a terminal
    Text,
    /// programs
    Json,
    /// pictures: a timeline of each incident
    Svg,
    /// a page of its own for a browser, with pictures
    Html,
}

/// Marks a word as the name of an event.
const EVENT: &str = "event:";

/// The arguments with marks before names such as `-sdown`, which would be taken for options.
pub(super) fn marked(args: &[OsString]) -> Vec<OsString> {
    let from = args.iter().position(|word| word == "explain").unwrap_or(args.len());
    let is_event = |word: &str| word.starts_with('-') && !find(word).is_empty();
    let mark = |(at, word): (usize, &OsString)| match word.to_str().filter(|word| at > from && is_event(word))
    {
        Some(name) => OsString::from(format!("{EVENT}{name}")),
        None => word.clone(),
    };
    args.iter().enumerate().map(mark).collect()
}

/// Explains and says with the exit status whether it could.
pub(super) fn run(args: &ExplainArgs, lang: Lang) -> ExitCode {
    match explain(args, lang) {
        Ok(code) => status(code),
        Err(error) => {
            // What cannot be written says itself why.
            match error.downcast_ref::<Unwritten>() {
                Some(unwritten) => complain(unwritten, lang),
                None => complain(format_args!("{error:#}"), lang),
            }
            status(UNUSABLE)
        }
    }
}

fn explain(args: &ExplainArgs, lang: Lang) -> anyhow::Result<i32> {
    if args.list {
        say(glossary::all(lang), lang)?;
        return Ok(TOLD);
    }
    let json = match args.format {
        Format::Text => false,
        Format::Json => true,
        Format::Svg | Format::Html if args.follow => bail!(no_pictures(lang)),
        Format::Svg | Format::Html => false,
    };
    let is_log = |word: &OsString| word == "-" || Path::new(word).exists();
    let mut texts = Vec::new();
    for word in args.words.iter().filter(|word| !is_log(word)) {
        let name = word.to_string_lossy();
        let name = name.strip_prefix(EVENT).unwrap_or(&name);
        let Some(text) = glossary::one(name, lang) else { bail!(glossary::unknown(name, lang)) };
        texts.push(text);
    }
    let mut logs: Vec<OsString> = args.words.iter().filter(|word| is_log(word)).cloned().collect();
    if args.words.is_empty() {
        if io::stdin().is_terminal() {
            bail!(nothing_to_read(lang));
        }
        logs.push(OsString::from("-"));
    }
    if logs.iter().filter(|word| *word == "-").count() > 1 {
        bail!(lang.pick("`-` is standard input, expected once", "`-` 表示标准输入，只能出现一次"));
    }
    if logs.len() > LOGS_MAX {
        bail!(match lang {
            Lang::En => format!("`{}` logs are too many, expected at most {LOGS_MAX}", logs.len()),
            Lang::Zh => format!("日志过多：`{}` 份，最多 {LOGS_MAX} 份", logs.len()),
        });
    }
    if args.follow {
        say(texts.join("\n"), lang)?;
        return follow::run(&logs, json, lang);
    }
    let mut code = TOLD;
    if !logs.is_empty() {
        let logs: Vec<Log> = logs.iter().map(|word| log(word)).collect();
        let report =
            Report::read(&logs).map_err(|why| anyhow::anyhow!(unreadable(&why.name, &why.error, lang)))?;
        let format = match args.format {
            Format::Text => explain::Format::Text,
            Format::Json => explain::Format::Json,
            Format::Svg => explain::Format::Svg,
            Format::Html => explain::Format::Html,
        };
        texts.push(report.tell(format, args.unknown, lang));
        code = if report.is_empty() { NOTHING } else { TOLD };
    }
    say(texts.join("\n"), lang)?;
    Ok(code)
}

/// A file, or standard input.
fn log(word: &OsStr) -> Log {
    let name = word.to_string_lossy().into_owned();
    if word == "-" {
        return Log { name, year: None, open: Box::new(|| Ok(Box::new(io::stdin().lock()))), again: false };
    }
    let path = Path::new(word);
    let again = path.is_file();
    let (year, path) = (year(path), path.to_owned());
    Log { name, year, open: Box::new(move || open(&path)), again }
}

/// The year of a file, for lines that name none.
fn year(path: &Path) -> Option<i64> {
    let changed = path.metadata().and_then(|metadata| metadata.modified()).ok()?;
    let changed = jiff::Timestamp::try_from(changed).ok()?;
    Some(i64::from(changed.to_zoned(jiff::tz::TimeZone::UTC).year()))
}

fn open(path: &Path) -> io::Result<Box<dyn BufRead>> {
    let mut input = BufReader::with_capacity(BUFFER, File::open(path)?);
    if input.fill_buf()?.starts_with(&[0x1f, 0x8b]) {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "it is compressed. hint: `zcat FILE | watchkeeper explain`",
        ));
    }
    Ok(Box::new(input))
}

fn unreadable(name: &str, error: &io::Error, lang: Lang) -> String {
    match lang {
        Lang::En => format!("the log `{name}` can't be read: {}", strerror(error)),
        Lang::Zh => format!("无法读取日志 `{name}`：{}", told(&strerror(error), lang)),
    }
}

fn nothing_to_read(lang: Lang) -> &'static str {
    lang.pick(
        "no log was named\nhint: `watchkeeper explain sentinel.log`, or an event: `watchkeeper explain +odown`",
        "没有指定日志\n提示：`watchkeeper explain sentinel.log`，或解释事件：`watchkeeper explain +odown`",
    )
}

fn no_pictures(lang: Lang) -> &'static str {
    lang.pick(
        "`--follow` draws no pictures\nhint: `--format text` or `--format json`; without --follow also svg and html",
        "`--follow` 不绘图\n提示：使用 `--format text` 或 `--format json`；不加 --follow 时可用 svg 和 html",
    )
}
