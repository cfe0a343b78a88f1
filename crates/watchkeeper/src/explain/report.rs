//! From logs to a report: all of them are read, clocks compared, findings drawn. The report is plain data with names
//! instead of numbers at hand; how it is shown, as text, JSON or a picture, is for those who take it ([`super::Report`]).

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use super::book::{Book, Speaker};
use super::clocks::{self, Moments};
use super::findings::{self, Finding, Names};
use super::incident::{At, Incident, Who, is_address};
use super::kin::{self, Kin};
use super::merge::{self, Clock};
use super::parts::{self, Known};
use super::servers::Servers;
use super::source::{Counts, DATES_FROM, Lines, Source, Strange};
use super::turns;

/// Missing logs named.
const ABSENT_SHOWN: usize = 20;

/// A log to be read.
pub struct Log {
    /// how it is called in the report
    pub name: String,
    /// its year, if its lines name none
    pub year: Option<i64>,
    /// opens it; a log that can be opened twice is read twice, so that its clock can be compared with others'
    pub open: Box<dyn Fn() -> io::Result<Box<dyn io::BufRead>>>,
    /// whether that works more than once
    pub again: bool,
}

/// Sentinels whose logs are missing.
#[derive(Debug)]
pub(super) struct Absent {
    /// these logs name all sentinels
    pub(super) all_named: bool,
    pub(super) surely: Vec<String>,
    /// so many of these, nobody knows which
    pub(super) unclear: usize,
    pub(super) perhaps: Vec<String>,
}

/// A log could not be read.
#[derive(Debug)]
pub struct Unreadable {
    /// its name
    pub name: String,
    /// why
    pub error: io::Error,
}

/// What is told of a log.
#[derive(Debug)]
pub(super) struct LogFacts {
    pub(super) name: String,
    pub(super) counts: Counts,
    pub(super) strange: Vec<Strange>,
    pub(super) servers: Servers,
    /// ms by which its clock is ahead of the first log's
    pub(super) ahead: i64,
}

/// What the logs say.
#[derive(Debug)]
pub struct Report {
    pub(super) logs: Vec<LogFacts>,
    pub(super) book: Book,
    pub(super) names: NameTable,
    /// to be added to times before they are shown, in ms
    pub(super) east_ms: i64,
    /// of each incident
    pub(super) findings: Vec<Vec<Finding>>,
    /// of the deployment
    pub(super) general: Vec<Finding>,
}

/// Short names of sentinels.
#[derive(Debug, Default)]
pub(super) struct NameTable {
    speakers: Vec<String>,
    ids: BTreeMap<String, String>,
    places: BTreeMap<String, String>,
}

impl Names for NameTable {
    fn who(&self, who: Who) -> String {
        self.speakers.get(who).cloned().unwrap_or_default()
    }

    fn id(&self, id: &str) -> String {
        let known = self.ids.get(id).or_else(|| self.places.get(id));
        let short = || if is_address(id) { id.to_owned() } else { id.chars().take(8).collect() };
        known.cloned().unwrap_or_else(short)
    }
}

/// What logs hold, with nothing concluded yet.
pub(super) struct Gathered {
    pub(super) book: Book,
    /// each with its name
    pub(super) logs: Vec<(String, Lines)>,
    pub(super) clocks: Vec<Clock>,
    /// to be added to times before they are shown, in ms
    pub(super) east_ms: i64,
}

impl Gathered {
    /// Reads logs, twice if that is possible: the clocks of several are compared first.
    ///
    /// # Errors
    ///
    /// A log cannot be read.
    pub(super) fn read(logs: &[Log]) -> Result<Gathered, Unreadable> {
        let fail = |at: usize| move |error| Unreadable { name: logs[at].name.clone(), error };
        let comparable = logs.len() > 1 && logs.iter().all(|log| log.again);
        let (mut moments, mut kin) = (Vec::new(), Vec::new());
        for (at, log) in logs.iter().enumerate().filter(|_| comparable) {
            let (its_moments, its_kin) = first_look(log).map_err(fail(at))?;
            moments.push(its_moments);
            kin.push(its_kin);
        }
        let apart = kin::apart(kin);
        // A log without zones is by the wall clock, and so must be the others.
        let zones = comparable && moments.iter().all(|log| log.zone.is_some() || !log.timed);
        let east_ms = if zones { moments.iter().find_map(|log| log.zone).unwrap_or(0) } else { 0 };
        for log in &mut moments {
            log.by_greenwich(zones);
        }
        let entered: Vec<_> = moments.iter().map(|log| log.entered).collect();
        let epochs = turns::beginnings(&entered);
        let known = logs.iter().zip(&moments).map(|(log, told)| Known { name: &log.name, ids: told.ids() });
        let wholes = parts::wholes(&known.collect::<Vec<_>>());
        let ahead =
            if comparable { by_deployment(joined(moments, &wholes), &apart) } else { vec![0; logs.len()] };
        let ahead: Vec<i64> =
            (0..logs.len()).map(|at| ahead[wholes.get(at).copied().unwrap_or(at)]).collect();
        let mut sources = Vec::new();
        for (at, log) in logs.iter().enumerate() {
            sources.push(Source::new(&log.name, (log.open)().map_err(fail(at))?, log.year));
        }
        let mut book = Book::of_parts(wholes);
        book.apart = apart;
        let clock = |(at, ahead): (usize, &i64)| {
            let epoch = epochs.get(at).copied().unwrap_or(0);
            Clock { ahead: *ahead, zones, epoch }
        };
        let clocks: Vec<Clock> = ahead.iter().enumerate().map(clock).collect();
        merge::read(&mut sources, &clocks, &mut book).map_err(|(at, error)| fail(at)(error))?;
        let logs = sources.into_iter().map(|source| (source.name, source.lines)).collect();
        Ok(Gathered { book, logs, clocks, east_ms: i64::from(east_ms) * 60_000 })
    }
}

impl Report {
    /// Reads logs. The first gives the clock of the report.
    ///
    /// # Errors
    ///
    /// A log cannot be read.
    pub fn read(logs: &[Log]) -> Result<Report, Unreadable> {
        let mut gathered = Gathered::read(logs)?;
        gathered.book.close();
        let facts = gathered.logs.into_iter().zip(gathered.clocks).map(|((name, lines), clock)| LogFacts {
            name,
            counts: lines.counts,
            strange: lines.strange,
            servers: lines.servers,
            ahead: clock.ahead,
        });
        Ok(Report::of(gathered.book, facts.collect(), gathered.east_ms))
    }

    pub(super) fn of(book: Book, logs: Vec<LogFacts>, east_ms: i64) -> Report {
        let names = name_table(&book, &logs);
        let findings = book.incidents.iter().map(|i| findings::of_incident(i, &book, &names)).collect();
        let general = findings::general(&book, &names);
        Report { logs, book, names, east_ms, findings, general }
    }

    /// Who is called how, as far as is known by now.
    pub(super) fn name(&mut self) {
        self.names = name_table(&self.book, &self.logs);
    }

    /// Lines that could not be read.
    pub fn strange_lines(&self) -> u64 {
        self.logs.iter().map(|log| log.counts.strange).sum()
    }

    /// No line of these logs is a sentinel's.
    pub fn is_empty(&self) -> bool {
        self.logs.iter().all(|log| log.counts.used == 0)
    }

    pub(super) fn incidents(&self) -> impl Iterator<Item = (&Incident, &[Finding])> {
        self.book.incidents.iter().zip(self.findings.iter().map(Vec::as_slice))
    }

    /// Others than these sentinels are known, and their logs are not here.
    pub(super) fn is_partial(&self) -> bool {
        self.book.groups.iter().any(|(name, group)| self.book.unread(name, group))
    }

    /// Sentinels that others speak of and whose logs are not among those read.
    pub(super) fn absent(&self) -> Absent {
        // `watchkeeper events` names who speaks by its address.
        let is = |speaker: &Speaker, id: &String| {
            speaker.id.as_ref() == Some(id) || self.book.places.get(id) == Some(&speaker.label)
        };
        let ids: BTreeSet<&String> = self.book.groups.values().flat_map(|group| &group.sentinels).collect();
        let known = |speaker: &Speaker| speaker.id.is_some() || ids.iter().any(|id| is(speaker, id));
        // A stream, or a log that begins late, has not told whose it is: it is one of those, but none that it speaks of.
        let nameless: Vec<Who> =
            self.book.present().filter(|(_, speaker)| !known(speaker)).map(|(who, _)| who).collect();
        let knows = |who: &Who, id: &String| {
            let mut acquainted = self.book.groups.values().filter_map(|group| group.acquainted.get(who));
            acquainted.any(|ids| ids.contains(id))
        };
        let (surely, perhaps): (Vec<&String>, Vec<&String>) = ids
            .iter()
            .filter(|id| !self.book.speaks(id))
            .partition(|id| nameless.iter().all(|who| knows(who, id)));
        let name =
            |ids: Vec<&String>| ids.into_iter().map(|id| self.names.id(id)).take(ABSENT_SHOWN).collect();
        let unclear = perhaps.len().saturating_sub(nameless.len());
        let all_named = self.book.groups.keys().all(|group| self.book.names_all(group));
        Absent { all_named, surely: name(surely), perhaps: name(perhaps), unclear }
    }

    /// `28 Nov 2026`, in numbers: year, month, day; empty if the log names no day.
    pub(super) fn date(&self, at: At) -> String {
        if at < DATES_FROM { String::new() } else { self.shown(at, "%Y-%m-%d") }
    }

    /// Day and time with this between them, or the time alone.
    pub(super) fn moment(&self, at: At, between: char) -> String {
        let (date, clock) = (self.date(at), self.clock(at));
        if date.is_empty() { clock } else { format!("{date}{between}{clock}") }
    }

    /// `16:37:06.866`
    pub(super) fn clock(&self, at: At) -> String {
        self.shown(at, "%H:%M:%S.%3f")
    }

    /// `16:37:06`, where a log says no more.
    pub(super) fn second(&self, at: At) -> String {
        self.shown(at, "%H:%M:%S")
    }

    fn shown(&self, at: At, format: &str) -> String {
        let shown = jiff::Timestamp::from_millisecond(at.saturating_add(self.east_ms));
        shown.map_or_else(|_| "?".to_owned(), |shown| shown.strftime(format).to_string())
    }

    /// The words of a log with the names of the report for the beginnings of ids that it has.
    pub(super) fn with_names(&self, words: &str) -> String {
        let ids = self.names.ids.keys().chain(self.names.places.keys().filter(|id| !is_address(id)));
        let short = |id: &&String| id.len() > super::short(id).len();
        ids.filter(short)
            .fold(words.to_owned(), |words, id| words.replace(&super::short(id), &self.names.id(id)))
    }

    /// A log whose sentinels' names need it.
    pub(super) fn log_name(&self, speaker: &Speaker) -> &str {
        self.logs.get(speaker.source).map_or("", |log| log.name.as_str())
    }
}

/// What is known of each log, that of its parts with it.
fn joined(moments: Vec<Moments>, wholes: &[usize]) -> Vec<Moments> {
    let mut joined: Vec<Moments> = moments.iter().map(|_| Moments::default()).collect();
    for (told, whole) in moments.into_iter().zip(wholes) {
        joined[*whole].join(told);
    }
    joined
}

fn first_look(log: &Log) -> io::Result<(Moments, Kin)> {
    let mut source = Source::new(&log.name, (log.open)()?, log.year);
    let (mut moments, mut kin) = (Moments::default(), Kin::default());
    while let Some(entry) = source.next()? {
        moments.take(&entry);
        kin.take(&entry);
    }
    Ok((moments, kin))
}

/// By how much each clock is ahead of the first of its deployment: epochs of different ones have nothing in common.
fn by_deployment(moments: Vec<Moments>, apart: &[BTreeMap<String, String>]) -> Vec<At> {
    let mut ahead = vec![0; moments.len()];
    let mut moments: Vec<Option<Moments>> = moments.into_iter().map(Some).collect();
    for logs in kin::deployments(apart) {
        let its: Vec<Moments> = logs.iter().filter_map(|log| moments[*log].take()).collect();
        for (log, ms) in logs.iter().zip(clocks::differences(&its)) {
            ahead[*log] = ms;
        }
    }
    ahead
}

/// Names: a container's or host's label, else the log's name, else the address.
fn name_table(book: &Book, logs: &[LogFacts]) -> NameTable {
    let mut table = NameTable { places: book.places.clone(), ..NameTable::default() };
    let paths: Vec<&str> = logs.iter().map(|log| log.name.as_str()).collect();
    let stems = stems(&paths);
    for (who, speaker) in book.speakers.iter().enumerate() {
        let stem = stems.get(speaker.source).map_or("", String::as_str);
        let alone = book.present().filter(|(_, other)| other.source == speaker.source).count() == 1;
        let place = speaker.id.as_ref().and_then(|id| book.places.get(id));
        // One that was started again with a new id is where it was.
        let place_of = |it: &Speaker| it.id.as_ref().and_then(|id| book.places.get(id)).cloned();
        let mut here = book.present().filter(|(_, other)| other.source == speaker.source);
        let moved = here.any(|(_, other)| place_of(other).is_none() || place_of(other).as_ref() != place);
        let last = book.present().filter(|(_, other)| other.source == speaker.source).last();
        let name = if !speaker.label.is_empty() {
            speaker.label.clone()
        } else if (alone || (!moved && last.is_some_and(|(last, _)| last == who))) && stem != "-" {
            stem.to_owned()
        } else if let Some(id) = speaker.id.as_ref().filter(|_| !moved && stem != "-") {
            format!("{stem} ({})", super::short(id))
        } else if let Some(place) = place {
            place.clone()
        } else if let Some(id) = &speaker.id {
            id.chars().take(8).collect()
        } else if alone {
            "sentinel".to_owned()
        } else {
            format!("{stem}/{}", speaker.pid)
        };
        let name = if speaker.absorbed || !speaker.is_sentinel {
            String::new()
        } else if table.speakers.contains(&name) {
            format!("{name}#{}", table.speakers.len() + 1)
        } else {
            name
        };
        if let Some(id) = &speaker.id {
            table.ids.insert(id.clone(), name.clone());
        }
        table.speakers.push(name);
    }
    table
}

/// What logs are called: the names of their files without endings, behind as many folders as tell them apart.
fn stems(paths: &[&str]) -> Vec<String> {
    let stem = |path: &str, folders: usize| {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
        let tail = parts[parts.len().saturating_sub(folders + 1)..].join("/");
        tail.strip_suffix(".log").or_else(|| tail.strip_suffix(".txt")).unwrap_or(&tail).to_owned()
    };
    let of = |path: &&str| {
        let other = |them: &&&str| *them != path;
        let unclear = |folders: &usize| {
            paths.iter().filter(other).any(|them| stem(them, *folders) == stem(path, *folders))
        };
        let most = path.matches('/').count();
        let folders = (0..=most).find(|folders| !unclear(folders)).unwrap_or(0);
        stem(path, folders)
    };
    paths.iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_one_name_are_told_apart_by_their_folders() {
        assert_eq!(stems(&["x/a/s.log", "x/b/s.log", "c.txt"]), ["a/s", "b/s", "c"]);
        assert_eq!(stems(&["a/logs/s.log", "b/logs/s.log"]), ["a/logs/s", "b/logs/s"]);
        assert_eq!(stems(&["s.log", "b/s.log", "-"]), ["s", "b/s", "-"]);
        // The same file twice is no other.
        assert_eq!(stems(&["a/s.log", "a/s.log", "s.txt"]), ["a/s", "a/s", "s"]);
        assert_eq!(stems(&["/", ""]), ["", ""]);
    }
}
