//! One log, read line by line in constant memory: bytes to entries. Lines that say nothing, that are damaged or that
//! nobody knows are counted, and some are kept to be shown. The order between logs is left to `merge`.

use std::hash::{DefaultHasher, Hasher as _};
use std::io::{self, BufRead, Read as _};

use super::heard::{self, Heard, When};
use super::line::{self, Parts, Role, find};
use super::said::{self, Read, Said};
use super::servers::Servers;
use super::stamp::{NO_YEAR, Stamp, day_ms};
use super::stream::{Stream, Taken};
use super::unwrap::{Unwrapped, unwrap};

/// A line longer than this is cut.
pub(super) const LINE_MAX: usize = 16 * 1024;
/// Lines kept to be shown.
const STRANGE_MAX: usize = 50;
/// A time without a year that jumps back further than this is in the next year.
const HALF_A_YEAR_MS: i64 = 183 * 86_400_000;

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;
/// Times that name no day are in the first days of 1970, at most so many; nothing else is.
const DAYS_MAX: i64 = 360;
/// Before this are no times but numbers of lines.
pub(super) const TIMES_FROM: i64 = DAY_MS;
/// Times before this name no day.
pub(super) const DATES_FROM: i64 = 365 * DAY_MS;

/// How many lines were what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) lines: u64,
    /// that say something we use
    pub(super) used: u64,
    /// damaged, or in no known form
    pub(super) strange: u64,
    /// too long
    pub(super) cut: u64,
}

/// A line that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Strange {
    pub(super) line: u64,
    pub(super) text: String,
}

/// Something said in a log.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// ms by the log's own clock; nothing in a stream without times
    pub(super) at: Option<i64>,
    /// minutes east of Greenwich, if the log says so
    pub(super) zone: Option<i16>,
    /// who speaks, if one log has several: a container, a host
    pub(super) label: String,
    /// 0 if unknown
    pub(super) pid: u32,
    /// by which the same message is known again
    pub(super) print: u64,
    /// the line says that a sentinel wrote it, or only a sentinel says this
    pub(super) by_sentinel: bool,
    pub(super) said: Said,
}

impl Entry {
    /// Whether this process, so labelled, said it. Nearly all labels are empty, and comparing two empty strings is dear on
    /// processors whose masked loads stumble over where those point to.
    pub(super) fn is_by(&self, pid: u32, label: &str) -> bool {
        let same_length = self.label.len() == label.len();
        self.pid == pid && same_length && (label.is_empty() || self.label == label)
    }
}

/// A log.
pub(super) struct Source {
    pub(super) name: String,
    input: Box<dyn BufRead>,
    line: Vec<u8>,
    pub(super) lines: Lines,
}

impl Source {
    /// `year` is that of the log's first line, as far as anybody knows.
    pub(super) fn new(name: &str, input: Box<dyn BufRead>, year: Option<i64>) -> Source {
        Source { name: name.to_owned(), input, line: Vec::new(), lines: Lines::new(year) }
    }

    /// The next entry; nothing at the end.
    ///
    /// # Errors
    ///
    /// Reading failed.
    pub(super) fn next(&mut self) -> io::Result<Option<Entry>> {
        loop {
            self.line.clear();
            let read = (&mut self.input).take(LINE_MAX as u64).read_until(b'\n', &mut self.line)?;
            if read == 0 {
                return Ok(None);
            }
            let cut = read == LINE_MAX && self.line.last() != Some(&b'\n');
            if cut {
                self.input.skip_until(b'\n')?;
            }
            if let Some(entry) = self.lines.take(&self.line, cut) {
                return Ok(Some(entry));
            }
        }
    }
}

/// What is known of a log from its lines so far.
#[derive(Debug)]
pub(super) struct Lines {
    stream: Stream,
    pub(super) counts: Counts,
    pub(super) strange: Vec<Strange>,
    pub(super) servers: Servers,
    /// for times that name no year
    year: i64,
    last: i64,
    /// for times that name no day: how many have passed, and the last time
    day: (i64, i64),
}

impl Lines {
    pub(super) fn new(year: Option<i64>) -> Lines {
        Lines {
            stream: Stream::default(),
            counts: Counts::default(),
            strange: Vec::new(),
            servers: Servers::default(),
            year: year.unwrap_or(NO_YEAR),
            last: i64::MIN,
            day: (1, 0),
        }
    }

    /// What the next line says; it may have been cut.
    pub(super) fn take(&mut self, line: &[u8], cut: bool) -> Option<Entry> {
        // Some editors put a mark before the first line.
        let line =
            if self.counts.lines == 0 { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line) } else { line };
        self.counts.lines += 1;
        self.counts.cut += u64::from(cut);
        let entry = match unwrap(line) {
            Unwrapped::Plain => self.understand(line),
            Unwrapped::Line(inner) => self.understand(&inner),
            Unwrapped::Heard(heard) => self.heard(heard, line),
            Unwrapped::Strange => self.put_aside(line),
        };
        self.counts.used += u64::from(entry.as_ref().is_some_and(|entry| entry.by_sentinel));
        entry
    }

    fn understand(&mut self, line: &[u8]) -> Option<Entry> {
        if let Some(heard) = heard::text(line.trim_ascii()) {
            return self.heard(heard, line);
        }
        if let Some(entry) = self.streamed(line.trim_ascii()) {
            return entry;
        }
        if let Some(parts) = line::parse(line) {
            if parts.role == Role::Server {
                self.servers.take(parts.prefix);
                return None;
            }
            return match said::read(parts.message) {
                Read::Said(said) => Some(self.timed(&parts, said)),
                Read::Other => None,
                Read::Damaged => self.put_aside(line),
            };
        }
        let line = line.trim_ascii();
        let message = match self.stream.take(line) {
            Taken::Part => return None,
            Taken::Message(message) => message,
            Taken::Foreign => line.to_vec(),
        };
        match said::read(&message) {
            Read::Said(said @ Said::Event(_)) => Some(Entry {
                at: None,
                zone: None,
                label: String::new(),
                pid: 0,
                print: 0,
                by_sentinel: true,
                said,
            }),
            Read::Other if line.is_empty() || is_picture(line) => None,
            Read::Said(_) | Read::Other | Read::Damaged => self.put_aside(line),
        }
    }

    /// A line of a stream before which something put a time; nothing if it is another one. An entry comes of the last line
    /// of a message only.
    fn streamed(&mut self, line: &[u8]) -> Option<Option<Entry>> {
        let (stamp, rest) = line::leading_time(line)?;
        let message = match self.stream.take_behind(rest)? {
            Taken::Part => return Some(None),
            Taken::Message(message) => message,
            Taken::Foreign => return None,
        };
        let Read::Said(said @ Said::Event(_)) = said::read(&message) else {
            return Some(self.put_aside(&message));
        };
        let at = stamp.map(|stamp| self.dated(stamp));
        let label = line::label(self.stream.front());
        let zone = stamp.and_then(|stamp| stamp.zone);
        Some(Some(Entry { at, zone, label, pid: 0, print: print(&message), by_sentinel: true, said }))
    }

    /// A line of `watchkeeper events`. Its text names no day: the next begins when the clock falls back.
    fn heard(&mut self, heard: Heard, line: &[u8]) -> Option<Entry> {
        let (at, zone) = match heard.at {
            When::Stamp(stamp) => (self.dated(stamp), stamp.zone),
            When::OfDay(ms) => {
                if self.day.1.saturating_sub(ms) > DAY_MS / 2 {
                    self.day.0 = self.day.0.saturating_add(1).min(DAYS_MAX);
                }
                self.day.1 = ms;
                (self.day.0 * DAY_MS + ms, None)
            }
        };
        let said = Said::Event(heard.event?);
        Some(Entry {
            at: Some(at),
            zone,
            label: heard.sentinel,
            pid: 0,
            print: print(line),
            by_sentinel: true,
            said,
        })
    }

    fn timed(&mut self, parts: &Parts<'_>, said: Said) -> Entry {
        let at = parts.stamp.map(|stamp| self.dated(stamp));
        Entry {
            at,
            zone: parts.stamp.and_then(|stamp| stamp.zone),
            label: if parts.prefix.is_empty() { String::new() } else { line::label(parts.prefix) },
            pid: parts.pid,
            print: print(parts.message),
            by_sentinel: parts.role == Role::Sentinel || !said.is_anybodys(),
            said,
        }
    }

    /// The time of a stamp, in a year that fits what came before.
    fn dated(&mut self, stamp: Stamp) -> i64 {
        if stamp.dated {
            return stamp.wall_ms;
        }
        let mut at = in_year(stamp.wall_ms, self.year);
        if at < self.last.saturating_sub(HALF_A_YEAR_MS) && self.year < 9000 {
            self.year += 1;
            at = in_year(stamp.wall_ms, self.year);
        }
        self.last = at;
        at
    }

    fn put_aside(&mut self, line: &[u8]) -> Option<Entry> {
        self.counts.strange += 1;
        if self.strange.len() < STRANGE_MAX {
            self.strange.push(Strange { line: self.counts.lines, text: said::text(line) });
        }
        None
    }
}

/// By which a message is known again. Not for keeping: another release may print otherwise.
fn print(message: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(message);
    hasher.finish()
}

/// A line of the picture with which Redis and Valkey start where they may.
fn is_picture(line: &[u8]) -> bool {
    const STROKES: [&[u8]; 8] = [b"_._", b"-._", b"_.-", b".-`", b"+^+", b"##", b"'+v+'", b"|###"];
    line.first().is_some_and(u8::is_ascii_punctuation)
        && STROKES.iter().any(|part| find(line, part).is_some())
}

/// A time of [`NO_YEAR`] in another year.
fn in_year(wall_ms: i64, year: i64) -> i64 {
    let shift = |month| Some(day_ms(year, month, 1)? - day_ms(NO_YEAR, month, 1)?);
    let in_spring = day_ms(NO_YEAR, 3, 1).is_some_and(|march| wall_ms >= march);
    wall_ms + shift(if in_spring { 3 } else { 1 }).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> (Vec<Entry>, Source) {
        let mut source = Source::new("x", Box::new(io::Cursor::new(text.to_vec())), Some(2026));
        let mut entries = Vec::new();
        while let Some(entry) = source.next().unwrap() {
            entries.push(entry);
        }
        (entries, source)
    }

    #[test]
    fn damaged_and_unknown_lines_are_counted_and_some_are_kept() {
        let text = b"7:X 28 Nov 2026 16:37:01.705 # +sdown master m 10.0.0.1 6379\n\
            7:X 28 Nov 2026 16:37:01.705 # Configuration loaded\n\
            7:X 28 Nov 2026 16:37:01.705 # +sdown mas\n\
            \n\xff\xfe what\x1b[31m is\n";
        let (entries, source) = read(text);
        assert_eq!(entries.len(), 1);
        assert_eq!(source.lines.counts, Counts { lines: 5, used: 1, strange: 2, cut: 0 });
        assert_eq!(source.lines.strange[1], Strange { line: 5, text: "\u{fffd}\u{fffd} what is".to_owned() });
    }

    #[test]
    fn pictures_at_the_start_are_not_unknown() {
        let redis = "                _._                                                  \n      _.-``    `.  `_.  ''-._           Redis 2.8.17 (00000000/0) 64 bit\n (    '      ,       .-`  | `,    )     Running in sentinel mode\n              `-.__.-'  \n";
        let valkey = "                .+^+.   \n        .+########+########+.           Valkey 8.1.8 (00000000/1) 64 bit\n |###|   |####'  .-.  '####|   |###|    \n                '+v+'  \n";
        let (entries, source) = read((redis.to_owned() + valkey).as_bytes());
        assert_eq!((entries.len(), source.lines.counts.strange), (0, 0), "{:?}", source.lines.strange);
    }

    #[test]
    fn a_line_without_end_takes_no_memory() {
        let mut text = b"7:X 28 Nov 2026 16:37:01.705 # ".to_vec();
        text.extend(vec![b'x'; 1 << 20]);
        text.extend(b"\n7:X 28 Nov 2026 16:37:01.705 # +tilt #tilt mode entered");
        let (entries, source) = read(&text);
        assert_eq!((entries.len(), source.lines.counts.lines, source.lines.counts.cut), (1, 2, 1));
        assert!(source.line.capacity() <= 2 * LINE_MAX);
    }

    #[test]
    fn years_are_counted_on() {
        let (entries, _) = read(
            b"[7] 31 Dec 23:59:59.000 # +tilt #tilt mode entered\n[7] 01 Jan 00:00:29.000 # -tilt #tilt mode exited\n",
        );
        assert_eq!(entries[1].at.unwrap() - entries[0].at.unwrap(), 30_000);
        assert_eq!(in_year(day_ms(2000, 3, 1).unwrap(), 2027), day_ms(2027, 3, 1).unwrap());
        assert_eq!(in_year(day_ms(2000, 1, 9).unwrap(), 2027), day_ms(2027, 1, 9).unwrap());
    }

    #[test]
    fn a_stream_with_times_in_front_has_times() {
        for (front, timed, label) in [
            ("Nov 28 16:37:01 ", true, ""),
            ("2026-11-28T16:37:01.250 ", true, ""),
            ("2026-11-28T16:37:01Z ", true, ""),
            ("[2026-11-28 16:37:01] ", true, ""),
            ("Nov 28 16:37:01 db1 events[812]: ", true, "db1 events"),
            ("2026-11-28T16:37:01+08:00 db1 events: ", true, "db1 events"),
            ("16:37:01 ", false, ""),
            ("16:37:01.123456\t", false, ""),
        ] {
            for stream in [
                "psubscribe\n*\n1\npmessage\n*\n+sdown\nmaster m 10.0.0.1 6379",
                "1) \"psubscribe\"\n2) \"*\"\n3) (integer) 1\n1) \"pmessage\"\n2) \"*\"\n3) \"+sdown\"\n4) \"master m 10.0.0.1 6379\"",
                "\"pmessage\",\"*\",\"+sdown\",\"master m 10.0.0.1 6379\"",
                "[\"pmessage\",\"*\",\"+sdown\",\"master m 10.0.0.1 6379\"]",
            ] {
                let text: String = stream.lines().map(|line| format!("{front}{line}\n")).collect();
                let (entries, source) = read(text.as_bytes());
                assert_eq!((entries.len(), source.lines.counts.strange), (1, 0), "{text}");
                let entry = &entries[0];
                assert_eq!((entry.at.is_some(), entry.label.as_str()), (timed, label), "{text}");
                assert!(matches!(&entry.said, Said::Event(event) if event.group == "m"), "{text}");
            }
        }
    }

    #[test]
    fn json_of_another_kind_is_not_understood() {
        let (entries, source) =
            read(b"{\"msg\":\"7:X 28 Nov 2026 16:37:01.705 # +tilt #tilt mode entered\"}\n{\n}\n");
        assert_eq!((entries.len(), source.lines.counts.strange), (0, 3));
    }

    #[test]
    fn containers_files_are_unwrapped() {
        let (entries, _) = read(
            b"{\"log\":\"1:X 28 Nov 2026 16:37:01.705 # +tilt #tilt mode entered\\n\",\"stream\":\"stdout\",\"time\":\"x\"}\n\
              {\"log\":\"pid=1 role=sentinel timestamp=\\\"1795398390111\\\" level=warning message=\\\"+tilt #tilt mode entered\\\"\\n\",\"stream\":\"stdout\"}\n",
        );
        assert_eq!(entries.len(), 2);
    }
}
