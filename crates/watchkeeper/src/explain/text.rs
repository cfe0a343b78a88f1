//! A report as text for people: what happened first, then the details, then what to do.

use std::fmt::Write;

use watchkeeper_core::Lang;
use watchkeeper_core::lang::Words;

use super::advice::advise;
use super::endings;
use super::findings::Finding;
use super::incident::Incident;
use super::phases::{self, Took};
use super::report::Report;
use super::slow;
use super::steps::steps;
use super::summary;
use super::width::{columns, pad};
use super::words::{self, duration};

/// Columns of the bar of the longest phase.
const BAR: i64 = 30;
/// Long texts are broken at this column.
const WIDTH: usize = 110;

/// Writes a report.
struct Writer<'a> {
    report: &'a Report,
    lang: Lang,
    text: String,
}

/// The whole text.
pub(super) fn tell(report: &Report, strange: bool, lang: Lang) -> String {
    let mut writer = Writer { report, lang, text: String::new() };
    writer.head();
    let all = report.book.incidents.len();
    for (number, (incident, findings)) in report.incidents().enumerate() {
        writer.incident(number + 1, Some(all), incident, findings);
    }
    if !report.general.is_empty() {
        writer.title(summary::DEPLOYMENT);
        writer.findings(&report.general, "");
    }
    writer.others();
    writer.sentinels();
    writer.strange(strange);
    writer.text
}

/// One incident alone.
pub(super) fn one(
    report: &Report,
    number: usize,
    incident: &Incident,
    findings: &[Finding],
    lang: Lang,
) -> String {
    let mut writer = Writer { report, lang, text: String::new() };
    writer.incident(number, None, incident, findings);
    writer.text
}

/// One finding alone.
pub(super) fn finding(report: &Report, finding: &Finding, lang: Lang) -> String {
    let mut writer = Writer { report, lang, text: String::new() };
    writer.findings(std::slice::from_ref(finding), "  ");
    writer.text
}

impl Writer<'_> {
    fn line(&mut self, text: &str) {
        // A String takes everything.
        let _ = writeln!(self.text, "{}", text.trim_end());
    }

    /// A long text behind `first`, its other lines behind `then`.
    fn wrapped(&mut self, first: &str, then: &str, text: &str) {
        for (number, line) in words::wrap(text, WIDTH.saturating_sub(columns(then))).iter().enumerate() {
            self.line(&format!("{}{line}", if number == 0 { first } else { then }));
        }
    }

    fn title(&mut self, words: Words) {
        self.line("");
        self.line(words.get(self.lang));
    }

    fn head(&mut self) {
        for line in summary::head(self.report, self.lang) {
            self.line(&line);
        }
    }

    fn incident(&mut self, number: usize, all: Option<usize>, incident: &Incident, findings: &[Finding]) {
        let report = self.report;
        self.line("");
        self.line(&summary::title(report, incident, number, all, self.lang));
        self.wrapped("  ", "  ", &endings::outcome(incident, &report.names, incident.timed, self.lang));
        self.line("");
        let steps = steps(incident, &report.names, self.lang);
        let left_out = summary::left_out(steps.len());
        for (number, step) in steps.iter().enumerate() {
            if left_out.contains(&number) {
                if number == left_out.start {
                    self.line(&format!("  {}", summary::more_steps(left_out.len(), self.lang)));
                }
                continue;
            }
            let event = if step.event.is_empty() { String::new() } else { format!("  [{}]", step.event) };
            if incident.timed {
                let (clock, since) =
                    (report.clock(step.at), words::plus(step.at - incident.began, self.lang));
                let blanks = " ".repeat(10_usize.saturating_sub(columns(&since)));
                self.line(&format!("  {clock}  {blanks}{since}  {}{event}", step.text));
            } else {
                self.line(&format!("  {}{event}", step.text));
            }
        }
        for reason in &incident.reasons {
            self.line(&format!("  {}", summary::reason(report, incident, reason, self.lang)));
        }
        if incident.timed {
            self.phases(incident, findings);
        }
        if !findings.is_empty() {
            self.line("");
            self.findings(findings, "  ");
        }
    }

    fn phases(&mut self, incident: &Incident, findings: &[Finding]) {
        let Some(parts) = phases::worth_telling(incident) else { return };
        let all: i64 = parts.iter().map(|part| part.ms()).sum();
        self.line("");
        self.line(&format!("  {}", words::where_the_time_went(self.lang)));
        let (ours, lang) = (incident.is_ours(), self.lang);
        let named = |part: &Took| words::phase(part.phase, ours, lang);
        let widest = parts.iter().map(|part| columns(named(part))).max().unwrap_or(0);
        let most = parts.iter().map(|part| part.ms()).max().unwrap_or(1).max(1);
        for part in &parts {
            let bar = "#".repeat(usize::try_from(part.ms() * BAR / most).unwrap_or(0));
            let name = pad(named(part), widest);
            let took = duration(part.ms(), self.lang);
            self.line(&format!(
                "    {name}  {}{took}  {bar}",
                " ".repeat(12_usize.saturating_sub(columns(&took)))
            ));
        }
        let name = pad(self.lang.pick("all", "合计"), widest);
        let took = duration(all, self.lang);
        self.line(&format!("    {name}  {}{took}", " ".repeat(12_usize.saturating_sub(columns(&took)))));
        if !incident.downs.is_empty() {
            self.wrapped("    ", "    ", &words::before_the_first_line(incident, self.lang));
        }
        if let Some(part) = phases::to_shorten(&parts, findings) {
            self.wrapped("    ", "    ", &slow::longest(part.phase, incident, self.lang));
        }
    }

    fn findings(&mut self, findings: &[Finding], indent: &str) {
        for finding in findings {
            let (what, hint) = advise(finding, self.lang);
            let mark = words::weight(finding.weight(), self.lang);
            let behind = format!("{indent}{}", " ".repeat(9));
            self.wrapped(&format!("{indent}{}", pad(mark, 9)), &behind, &what);
            let word = words::hint(self.lang);
            self.wrapped(
                &format!("{behind}{word}"),
                &format!("{behind}{}", " ".repeat(columns(word))),
                &hint,
            );
        }
    }

    /// What is no incident of a master.
    fn others(&mut self) {
        let (told, more) = summary::others(self.report, self.lang);
        if told.is_empty() {
            return;
        }
        self.title(summary::ALSO_SEEN);
        for seen in told {
            self.line(&format!("  {}  {}  [{}]", seen.when, seen.what, seen.who));
        }
        if let Some(more) = more {
            self.line(&format!("  {more}"));
        }
    }

    fn sentinels(&mut self) {
        let speakers = summary::speakers(self.report);
        if speakers.is_empty() {
            return;
        }
        self.title(summary::SENTINELS);
        let widest = speakers.iter().map(|speaker| columns(&speaker.name)).max().unwrap_or(0);
        for speaker in speakers {
            let name = pad(&speaker.name, widest);
            self.line(&format!("  {name}  {:<21}  {:<8}  {}", speaker.place, speaker.id, speaker.log));
        }
        for absent in summary::absent(self.report, self.lang) {
            self.wrapped("  ", "  ", &absent);
        }
    }

    fn strange(&mut self, shown: bool) {
        let lines = summary::unread(self.report, shown, self.lang);
        if !lines.is_empty() {
            self.line("");
        }
        for line in lines {
            self.line(&line);
        }
    }
}
