//! The text of a log line: upstream's own form, and the `log-format` and `log-timestamp-format` of Valkey 9.
//! Where it is written is left to `sink`.

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use watchkeeper_core::LogLevel;
use watchkeeper_core::config::General;

/// A message longer than this is cut, in bytes.
const MESSAGE_BYTES: usize = 1023;

/// Something to be written.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) at: SystemTime,
    pub(super) kind: Kind,
    /// at most [`MESSAGE_BYTES`], one line
    pub(super) text: String,
}

/// What kind of line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Line(LogLevel),
    Signal,
}

impl Record {
    pub(super) fn line(at: SystemTime, level: LogLevel, text: &str) -> Record {
        Record { at, kind: Kind::Line(level), text: one_line(text) }
    }

    pub(super) fn signal(at: SystemTime, text: &str) -> Record {
        Record { at, kind: Kind::Signal, text: one_line(text) }
    }
}

/// The text cut to length. Line ends become blanks, so that no name or error text can forge a line.
fn one_line(text: &str) -> String {
    let mut end = text.len().min(MESSAGE_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].replace(['\r', '\n'], " ")
}

/// How the time is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stamp {
    Legacy,
    Iso8601,
    Milliseconds,
}

/// How lines look.
#[derive(Debug)]
pub(super) struct Layout {
    logfmt: bool,
    stamp: Stamp,
    zone: TimeZone,
}

impl Layout {
    pub(super) fn new(general: &General) -> Layout {
        let stamp = match general.log_timestamp_format.as_str() {
            "iso8601" => Stamp::Iso8601,
            "milliseconds" => Stamp::Milliseconds,
            _ => Stamp::Legacy,
        };
        Layout { logfmt: general.log_format == "logfmt", stamp, zone: TimeZone::system() }
    }

    /// Appends the line of `record`, written by process `pid`.
    pub(super) fn append(&self, record: &Record, pid: u32, out: &mut String) {
        let level = match record.kind {
            Kind::Line(level) => level,
            Kind::Signal => {
                out.push_str(&format!("{pid}:signal-handler ({}) {}\n", seconds(record.at), record.text));
                return;
            }
        };
        let stamp = self.stamp(record.at);
        if self.logfmt {
            let message = record.text.replace('"', "'");
            let level = level_word(level);
            out.push_str(&format!(
                "pid={pid} role=sentinel timestamp=\"{stamp}\" level={level} message=\"{message}\"\n"
            ));
        } else {
            out.push_str(&format!("{pid}:X {stamp} {} {}\n", level_mark(level), record.text));
        }
    }

    /// The time as the system log's socket expects it.
    pub(super) fn syslog_stamp(&self, at: SystemTime) -> String {
        let at = Timestamp::try_from(at).unwrap_or(Timestamp::UNIX_EPOCH);
        at.to_zoned(self.zone.clone()).strftime("%b %e %H:%M:%S").to_string()
    }

    fn stamp(&self, at: SystemTime) -> String {
        let at = Timestamp::try_from(at).unwrap_or(Timestamp::UNIX_EPOCH);
        let format = match self.stamp {
            Stamp::Milliseconds => return at.as_millisecond().to_string(),
            Stamp::Legacy => "%d %b %Y %H:%M:%S.%3f",
            Stamp::Iso8601 => "%Y-%m-%dT%H:%M:%S.%3f%:z",
        };
        at.to_zoned(self.zone.clone()).strftime(format).to_string()
    }
}

fn seconds(at: SystemTime) -> u64 {
    at.duration_since(UNIX_EPOCH).map_or(0, |after| after.as_secs())
}

fn level_mark(level: LogLevel) -> char {
    match level {
        LogLevel::Debug => '.',
        LogLevel::Verbose => '-',
        LogLevel::Notice => '*',
        LogLevel::Warning | LogLevel::Nothing => '#',
    }
}

fn level_word(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Debug => "debug",
        LogLevel::Verbose => "info",
        LogLevel::Notice => "notice",
        LogLevel::Warning | LogLevel::Nothing => "warning",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// 23 Nov 2026 01:46:30.1119 UTC
    fn at() -> SystemTime {
        UNIX_EPOCH + Duration::from_micros(1_795_398_390_111_900)
    }

    fn layout(format: &str, stamp: &str, zone: &str) -> Layout {
        let general =
            General { log_format: format.into(), log_timestamp_format: stamp.into(), ..General::default() };
        Layout { zone: TimeZone::posix(zone).unwrap(), ..Layout::new(&general) }
    }

    fn text(layout: &Layout, record: &Record) -> String {
        let mut out = String::new();
        layout.append(record, 24960, &mut out);
        out
    }

    #[test]
    fn upstreams_line_byte_for_byte() {
        let utc = layout("legacy", "legacy", "UTC0");
        let line = |level| text(&utc, &Record::line(at(), level, "+sdown master mm 127.0.0.1 37131"));
        let rest = "+sdown master mm 127.0.0.1 37131\n";
        assert_eq!(line(LogLevel::Warning), format!("24960:X 23 Nov 2026 01:46:30.111 # {rest}"));
        assert_eq!(line(LogLevel::Notice), format!("24960:X 23 Nov 2026 01:46:30.111 * {rest}"));
        assert_eq!(line(LogLevel::Verbose), format!("24960:X 23 Nov 2026 01:46:30.111 - {rest}"));
        assert_eq!(line(LogLevel::Debug), format!("24960:X 23 Nov 2026 01:46:30.111 . {rest}"));
        let signal = text(&utc, &Record::signal(at(), "Received SIGTERM scheduling shutdown..."));
        assert_eq!(signal, "24960:signal-handler (1795398390) Received SIGTERM scheduling shutdown...\n");
    }

    #[test]
    fn times_are_local_and_milliseconds_are_cut_not_rounded() {
        let line = text(&layout("legacy", "legacy", "CST-8"), &Record::line(at(), LogLevel::Notice, "x"));
        assert_eq!(line, "24960:X 23 Nov 2026 09:46:30.111 * x\n");
        let one_digit_day = UNIX_EPOCH + Duration::from_secs(1_793_494_800);
        let line =
            text(&layout("legacy", "legacy", "UTC0"), &Record::line(one_digit_day, LogLevel::Notice, "x"));
        assert_eq!(line, "24960:X 01 Nov 2026 01:00:00.000 * x\n");
    }

    #[test]
    fn valkeys_formats() {
        let record = Record::line(at(), LogLevel::Verbose, "Accepted \"a\"\r\nb");
        assert_eq!(
            text(&layout("logfmt", "iso8601", "IST-5:30"), &record),
            "pid=24960 role=sentinel timestamp=\"2026-11-23T07:16:30.111+05:30\" level=info message=\"Accepted 'a'  b\"\n"
        );
        assert_eq!(
            text(&layout("legacy", "milliseconds", "UTC0"), &record),
            "24960:X 1795398390111 - Accepted \"a\"  b\n"
        );
    }

    #[test]
    fn long_messages_are_cut_between_characters() {
        let record = Record::line(at(), LogLevel::Notice, &"x".repeat(2000));
        assert_eq!(record.text.len(), 1023);
        // Three bytes a character, and 1022 is the last place between two of them.
        let record = Record::line(at(), LogLevel::Notice, &format!("ab{}", "哨".repeat(1000)));
        assert_eq!(record.text.len(), 1022);
    }
}
