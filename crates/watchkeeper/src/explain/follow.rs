//! Logs that grow: what is in them is told as it comes. An incident is announced with its first line and told step by
//! step; when it is over and nothing more comes, its report follows. Reading files and waiting are left to the command
//! line, and so is the time.

use std::collections::BTreeMap;
use std::fmt::Write;

use watchkeeper_core::Lang;
use watchkeeper_core::event::EventKind;

use super::beside;
use super::brief;
use super::findings::{self, Finding, Names};
use super::incident::{At, Cause, Incident};
use super::json;
use super::merge::Clock;
use super::report::{Gathered, Log, LogFacts, Report, Unreadable};
use super::said::Said;
use super::servers::{self, Servers};
use super::source::{Entry, LINE_MAX, Lines};
use super::steps::{Actor, Step, steps};
use super::text;
use super::words::{count, list};
use crate::json::quoted;

/// An incident that is over is reported when it has been silent for so long.
const SETTLED_MS: u64 = 5_000;
/// ... if its leader has not said that it is done, for so long.
const UNENDED_MS: u64 = 30_000;
/// Of each group the last incidents may go on after the next has begun.
const LOOKED_AT: usize = 4;
/// So many lines at once, none of them with a time, did not happen at once.
const SAVED_LINES: usize = 5;
/// Incidents remembered as told.
const TOLD_MAX: usize = 400;

/// The time, as the command line has it.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// ms since some moment; never goes back
    pub mono_ms: u64,
    /// ms since 1970 as the clock on the wall shows them, for lines without a time
    pub wall_ms: i64,
}

/// What has been said of an incident.
#[derive(Debug, Default)]
struct Told {
    /// so many steps of this moment, event and sentinel or server
    steps: BTreeMap<(At, &'static str, Actor), usize>,
    changed_ms: u64,
    reported: bool,
    /// what was said of writes that may be lost: the old master may be put right long after the report
    lost: Vec<Finding>,
}

/// A log that grows.
#[derive(Debug)]
struct Growing {
    lines: Lines,
    clock: Clock,
    /// the beginning of a line whose end has not come
    begun: Vec<u8>,
    /// the line is too long: the rest of it is passed over
    cut: bool,
    /// that it has lines of data servers was told
    servers_told: bool,
    /// so many lines without a time came at once
    at_once: usize,
    /// that such have no times was told
    times_told: bool,
}

/// Logs that grow, and what has been told of them.
#[derive(Debug)]
pub struct Follow {
    report: Report,
    logs: Vec<Growing>,
    /// read and not told: number of the log, time
    waiting: Vec<(usize, Option<At>, Entry)>,
    told: BTreeMap<(String, At), Told>,
    /// incidents reported
    number: usize,
    /// when the last line without a time came
    arrived: At,
    json: bool,
    lang: Lang,
}

impl Follow {
    /// Reads what is there. `json` is for programs: an object per line.
    ///
    /// # Errors
    ///
    /// A log cannot be read.
    pub fn begin(logs: &[Log], json: bool, lang: Lang) -> Result<Follow, Unreadable> {
        let gathered = Gathered::read(logs)?;
        let (mut growing, mut facts) = (Vec::new(), Vec::new());
        for ((name, lines), clock) in gathered.logs.into_iter().zip(gathered.clocks) {
            facts.push(LogFacts {
                name,
                counts: lines.counts,
                strange: Vec::new(),
                servers: Servers::default(),
                ahead: clock.ahead,
            });
            growing.push(Growing {
                lines,
                clock,
                begun: Vec::new(),
                cut: false,
                servers_told: false,
                at_once: 0,
                times_told: false,
            });
        }
        let report = Report::of(gathered.book, facts, gathered.east_ms);
        let (waiting, told) = (Vec::new(), BTreeMap::new());
        Ok(Follow { report, logs: growing, waiting, told, number: 0, arrived: At::MIN, json, lang })
    }

    /// What was there already: how much, and what is going on now.
    pub fn opening(&mut self, now: Now) -> String {
        let mut over = self.report.book.incidents.len();
        let mut out = String::new();
        let incidents: Vec<Incident> = self.recent().collect();
        for incident in incidents {
            let open = self.is_open(&incident);
            let steps = steps(&incident, &self.report.names, self.lang);
            let mut told = Told { changed_ms: now.mono_ms, ..Told::default() };
            if open && !incident.is_over() {
                self.announce(&mut out, &incident, None);
            } else {
                over += usize::from(open);
                told.reported = true;
                told.lost = self.lost(&incident);
            }
            steps.iter().for_each(|step| *told.steps.entry(same(step)).or_default() += 1);
            self.told.insert(key(&incident), told);
        }
        let over = over as u64;
        let lines: u64 = self.logs.iter().map(|log| log.lines.counts.lines).sum();
        let first = match (self.json, self.lang) {
            (true, _) => format!("{{\"kind\":\"begin\",\"lines\":{lines},\"incidents_before\":{over}}}\n"),
            (false, _) if lines == 0 => String::new(),
            (false, Lang::En) => format!(
                "{} read; {} before now (without --follow they are told)\n",
                count(lines, "line", "lines"),
                count(over, "incident", "incidents")
            ),
            (false, Lang::Zh) => {
                format!("已读取 {lines} 行；此前有 {over} 起事故（不加 --follow 可查看）\n")
            }
        };
        let mut servers = String::new();
        self.servers(&mut servers);
        first + &servers + &out
    }

    /// Takes what was added to a log.
    pub fn bytes(&mut self, log: usize, mut bytes: &[u8]) {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            self.part(log, &bytes[..=end]);
            self.line_ends(log);
            bytes = &bytes[end + 1..];
        }
        self.part(log, bytes);
    }

    fn part(&mut self, log: usize, bytes: &[u8]) {
        let growing = &mut self.logs[log];
        let room = LINE_MAX - growing.begun.len();
        growing.begun.extend_from_slice(&bytes[..bytes.len().min(room)]);
        growing.cut |= bytes.len() > room;
    }

    /// The line ends here, also where a log does that goes on in another file.
    pub fn line_ends(&mut self, log: usize) {
        let growing = &mut self.logs[log];
        if growing.begun.is_empty() {
            return;
        }
        let line = std::mem::take(&mut growing.begun);
        let cut = std::mem::take(&mut growing.cut);
        if let Some(entry) = growing.lines.take(&line, cut) {
            self.waiting.push((log, growing.clock.read(&entry), entry));
        }
        // Its memory serves the next line.
        growing.begun = line;
        growing.begun.clear();
    }

    /// Tells what is new. What was read at once from several logs is put in the order of time.
    pub fn tell(&mut self, now: Now) -> String {
        let mut out = String::new();
        self.servers(&mut out);
        let mut waiting = std::mem::take(&mut self.waiting);
        // What one log says stays in its order, also if its clock is set back.
        let mut reached: Vec<At> = vec![At::MIN; self.logs.len()];
        let mut order: Vec<(At, usize)> = Vec::with_capacity(waiting.len());
        for (number, (log, at, _)) in waiting.iter_mut().enumerate() {
            if at.is_none() {
                // Two lines of one stream are not of one moment: else two incidents could be.
                self.arrived = (self.arrived + 1).max(now.wall_ms);
                self.logs[*log].at_once += 1;
            }
            let time = *at.get_or_insert(self.arrived);
            reached[*log] = reached[*log].max(time);
            order.push((reached[*log], number));
        }
        order.sort_unstable();
        self.saved(&mut out);
        for (_, number) in &order {
            let (log, at, entry) = &waiting[*number];
            self.report.book.take(*log, *at, entry);
            self.report.name();
            self.tilt(&mut out, *log, *at, entry);
        }
        if !waiting.is_empty() {
            self.steps(&mut out, now);
        }
        self.reports(&mut out, now);
        out
    }

    /// Logs that turn out to be data servers', or to have lines of such.
    fn servers(&mut self, out: &mut String) {
        for (growing, log) in self.logs.iter_mut().zip(&self.report.logs) {
            if growing.servers_told || !growing.lines.servers.any() {
                continue;
            }
            growing.servers_told = true;
            let name = &log.name;
            let text = servers::so_far(name, &growing.lines.servers, growing.lines.counts.used, self.lang);
            if self.json {
                let object = format!(
                    "{{\"kind\":\"data-servers\",\"log\":{},\"text\":{}}}",
                    quoted(name),
                    quoted(&text)
                );
                line(out, &object);
            } else {
                line(out, &text);
            }
        }
    }

    /// Streams that were saved, and are read here as if they came now.
    fn saved(&mut self, out: &mut String) {
        for (growing, log) in self.logs.iter_mut().zip(&self.report.logs) {
            let many = std::mem::take(&mut growing.at_once) >= SAVED_LINES;
            if !many || growing.times_told {
                continue;
            }
            growing.times_told = true;
            let name = &log.name;
            let text = match self.lang {
                Lang::En => format!(
                    "{name}: these lines have no times, so those of their arrival are shown. If they were saved before, no duration \
                     below is right: explain them without --follow"
                ),
                Lang::Zh => format!(
                    "{name}：这些行没有时间，显示的是到达时间。若是事先保存的，下面的时长都不正确：请不加 --follow 来解释"
                ),
            };
            if self.json {
                let (name, text) = (quoted(name), quoted(&text));
                line(out, &format!("{{\"kind\":\"no-times\",\"log\":{name},\"text\":{text}}}"));
            } else {
                line(out, &text);
            }
        }
    }

    /// All that was read are lines of data servers.
    pub fn only_servers(&self) -> bool {
        let read = |growing: &Growing| growing.lines.counts.used > 0;
        !self.logs.iter().any(read) && self.logs.iter().any(|growing| growing.lines.servers.any())
    }

    /// The end: what is not over is told as far as it is known.
    pub fn close(&mut self, now: Now) -> String {
        for log in 0..self.logs.len() {
            self.line_ends(log);
        }
        let mut out = self.tell(now);
        let rest: Vec<Incident> = self.recent().collect();
        for incident in rest {
            if self.told.get(&key(&incident)).is_some_and(|told| !told.reported) {
                self.report_one(&mut out, &incident);
            }
        }
        out
    }

    /// The last incidents, those that are open behind the others.
    fn recent(&self) -> impl Iterator<Item = Incident> {
        let book = &self.report.book;
        let from = book.incidents.len().saturating_sub(LOOKED_AT * book.groups.len().max(1));
        let over = book.incidents.iter().skip(from);
        let open = book.groups.values().filter_map(|group| group.open.as_ref());
        over.chain(open).cloned().collect::<Vec<_>>().into_iter()
    }

    fn is_open(&self, incident: &Incident) -> bool {
        let open = self.report.book.groups.get(&incident.group).and_then(|group| group.open.as_ref());
        open.is_some_and(|open| open.began == incident.began)
    }

    /// Steps that were not told yet.
    fn steps(&mut self, out: &mut String, now: Now) {
        let incidents: Vec<Incident> = self.recent().collect();
        for mut incident in incidents {
            self.as_streamed(&mut incident);
            let steps = steps(&incident, &self.report.names, self.lang);
            let mut told = self.told.remove(&key(&incident)).unwrap_or_default();
            let fresh = told.steps.is_empty();
            let mut seen: BTreeMap<(At, &'static str, Actor), usize> = BTreeMap::new();
            let mut announced = false;
            for step in &steps {
                let times = seen.entry(same(step)).or_default();
                *times += 1;
                let known = told.steps.get(&same(step)).copied().unwrap_or(0);
                if *times <= known {
                    continue;
                }
                told.changed_ms = now.mono_ms;
                if fresh && !announced {
                    self.announce(out, &incident, Some(step));
                    announced = true;
                } else {
                    self.step(out, &incident, step);
                }
            }
            let more = seen != told.steps;
            told.steps = seen;
            if !incident.is_over() {
                told.reported = false;
            }
            if told.reported && more {
                self.addendum(out, &incident, &mut told);
            }
            self.told.insert(key(&incident), told);
        }
        if self.told.len() > TOLD_MAX {
            let known: Vec<(String, At)> = self.recent().map(|incident| key(&incident)).collect();
            self.told.retain(|key, _| known.contains(key));
        }
    }

    /// Of an incident that goes on, too, it is known who speaks by events only, which have no votes but its own.
    fn as_streamed(&self, incident: &mut Incident) {
        if let Some(group) = self.report.book.groups.get(&incident.group).filter(|_| self.is_open(incident)) {
            incident.streamed = self.report.book.streamed(incident);
            incident.sentinels = self.report.book.size(group);
        }
    }

    /// Reports of those that are over.
    fn reports(&mut self, out: &mut String, now: Now) {
        let unreported = self.told.values().any(|told| !told.reported);
        let incidents: Vec<Incident> = if unreported { self.recent().collect() } else { Vec::new() };
        for incident in incidents {
            let Some(told) = self.told.get(&key(&incident)).filter(|told| !told.reported) else { continue };
            let silent_ms = now.mono_ms.saturating_sub(told.changed_ms);
            let ended = incident.winner().is_none_or(|run| run.end.is_some());
            let settled = silent_ms >= if ended { SETTLED_MS } else { UNENDED_MS };
            if !self.is_open(&incident) || (incident.is_over() && settled) {
                self.report_one(out, &incident);
            }
        }
    }

    /// What these logs tell of writes that may be lost.
    fn lost(&self, incident: &Incident) -> Vec<Finding> {
        let mut found = findings::of_incident(incident, &self.report.book, &self.report.names);
        let lost = |it: &Finding| {
            let late = matches!(it, Finding::Beside(beside::Told::Woke { .. }));
            late || matches!(it, Finding::TwoMasters { .. } | Finding::StayedMaster { .. })
        };
        found.retain(lost);
        found
    }

    /// What came to light after the report.
    fn addendum(&self, out: &mut String, incident: &Incident, told: &mut Told) {
        let mut incident = incident.clone();
        if self.is_open(&incident) {
            self.report.book.conclude(&mut incident);
        }
        let lost = self.lost(&incident);
        for finding in lost.iter().filter(|it| !told.lost.contains(it)) {
            if self.json {
                let (group, finding) = (quoted(&incident.group), json::finding(finding, self.lang));
                line(out, &format!("{{\"kind\":\"finding\",\"group\":{group},\"finding\":{finding}}}"));
            } else {
                *out += &text::finding(&self.report, finding, self.lang);
            }
        }
        told.lost = lost;
    }

    fn report_one(&mut self, out: &mut String, incident: &Incident) {
        let mut incident = incident.clone();
        let group = self.report.book.groups.get(&incident.group).filter(|_| self.is_open(&incident));
        if group.is_some_and(|group| self.report.book.is_sight(&incident, group)) {
            let (en, zh) = brief::told(&incident.master, incident.timed);
            let text = self.lang.pick(&en, &zh);
            self.one_line(out, "step", &incident.group, Some(incident.last), "-sdown", text);
            if let Some(told) = self.told.get_mut(&key(&incident)) {
                told.reported = true;
            }
            return;
        }
        if self.is_open(&incident) {
            incident.logs_end = Some(self.report.book.last);
            self.report.book.conclude(&mut incident);
        }
        let report = &self.report;
        let findings = findings::of_incident(&incident, &report.book, &report.names);
        let lost = self.lost(&incident);
        self.number += 1;
        if self.json {
            let object = json::incident(report, &incident, &findings, self.lang);
            line(out, &format!("{{\"kind\":\"incident\",\"incident\":{object}}}"));
        } else {
            *out += &text::one(report, self.number, &incident, &findings, self.lang);
            line(out, "");
        }
        if let Some(told) = self.told.get_mut(&key(&incident)) {
            told.reported = true;
            told.lost = lost;
        }
    }

    /// Who misses the master: with this step, or, if it has begun before, by now.
    fn seen_by(&self, incident: &Incident, first: Option<&Step>) -> String {
        let mut who: Vec<String> = Vec::new();
        match first {
            Some(Step { event: "+sdown", of: Actor::Sentinel(by), .. }) => {
                who.push(self.report.names.who(*by))
            }
            Some(_) => {}
            None => {
                for down in incident.downs.iter().filter(|down| down.up.is_none()) {
                    let name = self.report.names.who(down.who);
                    if !who.contains(&name) {
                        who.push(name);
                    }
                }
            }
        }
        if who.is_empty() { String::new() } else { list(&who, self.lang) }
    }

    /// An incident begins with this step; without one it has begun before.
    fn announce(&self, out: &mut String, incident: &Incident, first: Option<&Step>) {
        let (master, group) = (&incident.master, &incident.group);
        let who = self.seen_by(incident, first);
        let text = match (incident.cause(), self.lang) {
            // What is in front of that is not in these logs, or was read together with what came of it.
            (Cause::MasterDown | Cause::Forced, Lang::En) if who.is_empty() => {
                first.map_or_else(String::new, |step| format!("INCIDENT: {}", step.text))
            }
            (Cause::MasterDown | Cause::Forced, Lang::Zh) if who.is_empty() => {
                first.map_or_else(String::new, |step| format!("事故：{}", step.text))
            }
            (Cause::MasterDown | Cause::Forced, Lang::En) => {
                format!("INCIDENT: the master {master} of {group} is down, seen by {who}")
            }
            (Cause::MasterDown | Cause::Forced, Lang::Zh) => {
                format!("事故：{group} 的主节点 {master} 下线，由 {who} 发现")
            }
            (Cause::Planned, Lang::En) => {
                format!("a failover of {group} from {master} begins, asked for by somebody")
            }
            (Cause::Planned, Lang::Zh) => format!("{group} 开始计划内切换，原主节点 {master}"),
            (Cause::Unknown, _) => first.map_or_else(String::new, |step| step.text.clone()),
        };
        let (at, event) = first.map_or((incident.began, ""), |step| (step.at, step.event));
        self.one_line(out, "incident-begins", group, Some(at), event, &text);
    }

    fn step(&self, out: &mut String, incident: &Incident, step: &Step) {
        self.one_line(out, "step", &incident.group, Some(step.at), step.event, &step.text);
    }

    fn tilt(&self, out: &mut String, log: usize, at: Option<At>, entry: &Entry) {
        let Said::Event(event) = &entry.said else { return };
        let speakers = &self.report.book.speakers;
        let same = |speaker: &super::book::Speaker| {
            speaker.source == self.report.book.whole(log) && entry.is_by(speaker.pid, &speaker.label)
        };
        let name = speakers.iter().rposition(same).map(|who| self.report.names.who(who)).unwrap_or_default();
        let text = if event.kind == EventKind::Tilt {
            match self.lang {
                Lang::En => format!("{name} does not trust its clock and holds nobody for down"),
                Lang::Zh => format!("{name} 不信任自己的时钟，期间不会判定任何人下线"),
            }
        } else if event.kind == EventKind::TiltEnd {
            match self.lang {
                Lang::En => format!("{name} trusts its clock again"),
                Lang::Zh => format!("{name} 恢复信任自己的时钟"),
            }
        } else {
            return;
        };
        self.one_line(out, "tilt", "", at, event.kind.spec().name, &text);
    }

    fn one_line(&self, out: &mut String, kind: &str, group: &str, at: Option<At>, event: &str, text: &str) {
        let clock = at.map_or_else(String::new, |at| self.report.clock(at));
        if self.json {
            let time = at.map_or("null".to_owned(), |at| quoted(&self.report.moment(at, 'T')));
            line(
                out,
                &format!(
                    "{{\"kind\":{},\"group\":{},\"time\":{time},\"event\":{},\"text\":{}}}",
                    quoted(kind),
                    quoted(group),
                    quoted(event),
                    quoted(text)
                ),
            );
            return;
        }
        let event = if event.is_empty() { String::new() } else { format!("  [{event}]") };
        let group = if group.is_empty() { String::new() } else { format!("{group}  ") };
        line(out, &format!("{clock}  {group}{text}{event}"));
    }
}

/// By what a step is known again.
fn same(step: &Step) -> (At, &'static str, Actor) {
    (step.at, step.event, step.of.clone())
}

/// What tells incidents apart.
fn key(incident: &Incident) -> (String, At) {
    (incident.group.clone(), incident.began)
}

fn line(out: &mut String, text: &str) {
    // A String takes everything.
    let _ = writeln!(out, "{text}");
}
