//! A report for programs: one JSON object. Names and codes are stable; texts are in the language asked for.

use watchkeeper_core::Lang;

use super::advice::advise;
use super::endings;
use super::findings::{Finding, Names, Weight, voter};
use super::incident::{Election, Incident, Who};
use super::phases::phases;
use super::report::Report;
use super::steps::steps;
use crate::json::quoted;

/// The whole object, and a line break.
pub(super) fn tell(report: &Report, strange: bool, lang: Lang) -> String {
    let logs = array(report.logs.iter().map(|log| {
        let lines = array(log.strange.iter().filter(|_| strange).map(|line| {
            format!("{{\"line\":{},\"text\":{}}}", line.line, quoted(&line.text))
        }));
        let counts = log.counts;
        format!(
            "{{\"name\":{},\"lines\":{},\"used\":{},\"unknown\":{},\"cut\":{},\"clock_ahead_ms\":{},\"unknown_lines\":{lines}}}",
            quoted(&log.name),
            counts.lines,
            counts.used,
            counts.strange,
            counts.cut,
            log.ahead
        )
    }));
    let sentinels = array(report.book.present().map(|(who, speaker)| {
        let id = speaker.id.as_deref();
        format!(
            "{{\"name\":{},\"id\":{},\"address\":{},\"log\":{}}}",
            quoted(&report.names.who(who)),
            maybe(id),
            maybe(id.and_then(|id| report.book.places.get(id)).map(String::as_str)),
            quoted(report.log_name(speaker))
        )
    }));
    let incidents = array(report.incidents().map(|(one, findings)| incident(report, one, findings, lang)));
    let general = array(report.general.iter().map(|one| finding(one, lang)));
    format!(
        "{{\"incidents\":{incidents},\"not_shown\":{},\"findings\":{general},\"sentinels\":{sentinels},\"logs\":{logs}}}\n",
        report.book.forgotten
    )
}

/// One incident as an object.
pub(super) fn incident(report: &Report, incident: &Incident, findings: &[Finding], lang: Lang) -> String {
    let names = &report.names;
    let time = |at: i64| {
        if incident.timed { quoted(&report.moment(at, 'T')) } else { "null".to_owned() }
    };
    let since = |at: i64| if incident.timed { (at - incident.began).to_string() } else { "null".to_owned() };
    let steps = array(steps(incident, names, lang).iter().map(|step| {
        format!(
            "{{\"ms\":{},\"event\":{},\"text\":{}}}",
            since(step.at),
            quoted(step.event),
            quoted(&step.text)
        )
    }));
    let winner = incident.winner().map(|run| run.who);
    let parts = phases(incident);
    let parts = array(
        parts
            .iter()
            .filter(|_| incident.timed)
            .map(|part| format!("{{\"phase\":{},\"ms\":{}}}", quoted(part.phase.code()), part.ms())),
    );
    let downs = array(incident.downs.iter().map(|down| {
        let up = down.up.map_or("null".to_owned(), since);
        format!(
            "{{\"sentinel\":{},\"ms\":{},\"back_ms\":{up}}}",
            quoted(&names.who(down.who)),
            since(down.at)
        )
    }));
    format!(
        "{{\"group\":{},\"began\":{},\"complete\":{},\"outcome\":{},\"old_master\":{},\"new_master\":{},\"text\":{},\"missed_by\":{downs},\
         \"elections\":{},\"phases\":{parts},\"steps\":{steps},\"reasons\":{},\"findings\":{}}}",
        quoted(&incident.group),
        time(incident.began),
        !incident.unread,
        quoted(incident.outcome().code()),
        quoted(&incident.master),
        maybe(incident.new_master.as_deref()),
        quoted(&endings::outcome(incident, names, incident.timed, lang)),
        array(incident.elections.iter().map(|one| election(one, winner, names))),
        array(incident.reasons.iter().map(|text| quoted(text))),
        array(findings.iter().map(|one| finding(one, lang))),
    )
}

fn election(election: &Election, winner: Option<Who>, names: &dyn Names) -> String {
    let votes = array(election.counted().into_iter().map(|vote| {
        let (by, to) = (voter(&vote.voter, names), names.id(&vote.candidate));
        format!("{{\"voter\":{},\"candidate\":{}}}", quoted(&by), quoted(&to))
    }));
    let candidates = array(election.candidates.iter().map(|(who, _)| quoted(&names.who(*who))));
    // Of several leaders of one epoch the one whose work stayed.
    let won = winner.filter(|won| election.leaders().any(|(who, _)| who == *won));
    let elected = won.or(election.elected.map(|(who, _)| who)).map(|who| names.who(who));
    format!(
        "{{\"epoch\":{},\"candidates\":{candidates},\"votes\":{votes},\"elected\":{}}}",
        // A log that begins too late does not tell it.
        if election.epoch == 0 { "null".to_owned() } else { election.epoch.to_string() },
        maybe(elected.as_deref())
    )
}

/// A finding as an object.
pub(super) fn finding(finding: &Finding, lang: Lang) -> String {
    let (text, hint) = advise(finding, lang);
    let weight = match finding.weight() {
        Weight::Bad => "bad",
        Weight::Warning => "warning",
        Weight::Note => "note",
    };
    format!(
        "{{\"code\":\"{}\",\"severity\":\"{weight}\",\"text\":{},\"hint\":{}}}",
        finding.code(),
        quoted(&text),
        quoted(&hint)
    )
}

fn array(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(","))
}

fn maybe(text: Option<&str>) -> String {
    text.map_or("null".to_owned(), quoted)
}
