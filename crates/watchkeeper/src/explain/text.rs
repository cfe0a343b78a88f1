//! A report as text for people: what happened first, then the details, then what to do.

use std::fmt::Write;

use watchkeeper_core::Lang;

use super::advice::advise;
use super::book::Other;
use super::findings::{Finding, Names, Weight};
use super::incident::Incident;
use super::phases::{Phase, longest, phases};
use super::report::Report;
use super::steps::steps;
use super::width::{columns, pad};
use super::words::{self, count, duration, list};

/// Columns of the bar of the longest phase.
const BAR: i64 = 30;
/// Long texts are broken at this column.
const WIDTH: usize = 110;
/// Clocks that are less apart are corrected without a word, in ms.
const AHEAD_SHOWN_MS: i64 = 50;
/// Steps of one incident shown.
const STEPS_SHOWN: usize = 100;
/// Other happenings shown.
const OTHERS_SHOWN: usize = 20;

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
        writer.incident(number + 1, all, incident, findings);
    }
    if !report.general.is_empty() {
        writer.title("THE DEPLOYMENT", "整体情况");
        writer.findings(&report.general, "");
    }
    writer.others();
    writer.sentinels();
    writer.strange(strange);
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

    fn say(&mut self, en: &str, zh: &str) {
        self.line(self.lang.pick(en, zh));
    }

    fn title(&mut self, en: &str, zh: &str) {
        self.line("");
        self.say(en, zh);
    }

    fn head(&mut self) {
        let report = self.report;
        let lines: u64 = report.logs.iter().map(|log| log.counts.lines).sum();
        let (incidents, logs) = (report.book.incidents.len() as u64, report.logs.len() as u64);
        let groups: Vec<String> = report.book.groups.keys().take(10).cloned().collect();
        let groups = list(&groups, self.lang);
        let span = match report.book.first {
            Some(first) if report.date(first) == report.date(report.book.last) => {
                format!("{} {} – {}", report.date(first), report.clock(first), report.clock(report.book.last))
            }
            Some(first) => {
                let last = report.book.last;
                format!(
                    "{} {} – {} {}",
                    report.date(first),
                    report.clock(first),
                    report.date(last),
                    report.clock(last)
                )
            }
            None => self.lang.pick("without times", "没有时间").to_owned(),
        };
        let (en, zh) = if report.logs.iter().all(|log| log.counts.used == 0) {
            ("Nothing a sentinel says is in there.".to_owned(), "其中没有哨兵的事件。".to_owned())
        } else if incidents == 0 {
            ("No incident.".to_owned(), "没有发现事故。".to_owned())
        } else {
            (
                format!("{}: {groups}", count(incidents, "incident", "incidents")),
                format!("{incidents} 起事故：{groups}"),
            )
        };
        self.say(&en, &zh);
        let en = format!("{}, {}, {span}", count(logs, "log", "logs"), count(lines, "line", "lines"));
        self.say(&en, &format!("{logs} 份日志，{lines} 行，{span}"));
        if report.book.forgotten > 0 {
            let forgotten = report.book.forgotten;
            let en = format!("{} before these are not shown.", count(forgotten, "incident", "incidents"));
            self.say(&en, &format!("更早的 {forgotten} 起事故未显示。"));
        }
        for log in report.logs.iter().filter(|log| log.ahead.abs() >= AHEAD_SHOWN_MS) {
            let first = report.logs.first().map_or("", |log| log.name.as_str());
            let apart = duration(log.ahead.abs(), self.lang);
            let (en, zh) = if log.ahead > 0 { ("ahead of", "快") } else { ("behind", "慢") };
            let en = format!(
                "The clock of {} is {apart} {en} that of {first}; its times are corrected here.",
                log.name
            );
            self.say(&en, &format!("{} 的时钟比 {first} {zh} {apart}；此处已校正。", log.name));
        }
    }

    fn incident(&mut self, number: usize, all: usize, incident: &Incident, findings: &[Finding]) {
        let report = self.report;
        let when = if report.timed() {
            format!("{} {}", report.date(incident.began), report.clock(incident.began))
        } else {
            String::new()
        };
        let group = &incident.group;
        let en = format!("INCIDENT {number} of {all}  {group}  {when}");
        self.title(&en, &format!("事故 {number}/{all}  {group}  {when}"));
        self.wrapped("  ", "  ", &words::outcome(incident, report.timed(), self.lang));
        self.line("");
        let steps = steps(incident, &report.names, self.lang);
        let left_out = steps.len().saturating_sub(STEPS_SHOWN);
        for (number, step) in steps.iter().enumerate() {
            // The first and the last of very many.
            if left_out > 0 && number >= STEPS_SHOWN / 2 && number < STEPS_SHOWN / 2 + left_out {
                if number == STEPS_SHOWN / 2 {
                    self.say(&format!("  ... {left_out} more"), &format!("  …… 另有 {left_out} 步"));
                }
                continue;
            }
            let event = if step.event.is_empty() { String::new() } else { format!("  [{}]", step.event) };
            if report.timed() {
                let (clock, since) = (report.clock(step.at), plus(step.at - incident.began));
                self.line(&format!("  {clock}  {since:>10}  {}{event}", step.text));
            } else {
                self.line(&format!("  {}{event}", step.text));
            }
        }
        for reason in &incident.reasons {
            let en = format!("  the log says: {reason}");
            self.say(&en, &format!("  日志原文：{reason}"));
        }
        if report.timed() {
            let tilt = findings.iter().any(|finding| matches!(finding, Finding::TiltThen { .. }));
            self.phases(incident, tilt);
        }
        if !findings.is_empty() {
            self.line("");
            self.findings(findings, "  ");
        }
    }

    fn phases(&mut self, incident: &Incident, tilt: bool) {
        let parts = phases(incident);
        let all: i64 = parts.iter().map(|part| part.ms()).sum();
        if parts.len() < 2 || all == 0 || !incident.is_over() {
            return;
        }
        self.line("");
        self.say("  Where the time went:", "  时间花在哪里：");
        let widest = parts.iter().map(|part| columns(words::phase(part.phase, self.lang))).max().unwrap_or(0);
        let most = parts.iter().map(|part| part.ms()).max().unwrap_or(1).max(1);
        for part in &parts {
            let bar = "#".repeat(usize::try_from(part.ms() * BAR / most).unwrap_or(0));
            let name = pad(words::phase(part.phase, self.lang), widest);
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
            self.wrapped("    ", "    ", words::before_the_first_line(self.lang));
        }
        if let Some(part) =
            longest(&parts).filter(|part| part.ms() >= 300 && !(tilt && part.phase == Phase::Agreement))
        {
            self.wrapped("    ", "    ", words::longest(part.phase, self.lang));
        }
    }

    fn findings(&mut self, findings: &[Finding], indent: &str) {
        for finding in findings {
            let (what, hint) = advise(finding, self.lang);
            let mark = match finding.weight() {
                Weight::Bad => self.lang.pick("bad:", "严重："),
                Weight::Warning => self.lang.pick("warning:", "警告："),
                Weight::Note => self.lang.pick("note:", "注意："),
            };
            let behind = format!("{indent}{}", " ".repeat(9));
            self.wrapped(&format!("{indent}{}", pad(mark, 9)), &behind, &what);
            let word = self.lang.pick("hint: ", "提示：");
            self.wrapped(
                &format!("{behind}{word}"),
                &format!("{behind}{}", " ".repeat(columns(word))),
                &hint,
            );
        }
    }

    /// What is no incident of a master.
    fn others(&mut self) {
        let report = self.report;
        let mut told: Vec<_> = report.book.others.iter().filter(|(what, _)| !is_a_finding(what)).collect();
        told.sort_by_key(|(_, often)| often.first);
        if told.is_empty() {
            return;
        }
        self.title("ALSO SEEN", "此外");
        for (what, often) in told.iter().take(OTHERS_SHOWN) {
            let who: Vec<String> = often.who.iter().map(|who| report.names.who(*who)).collect();
            let (en, zh) = other(what, &report.names);
            let times = match (often.times, self.lang) {
                (1, _) => String::new(),
                (times, Lang::En) => format!(", {times} lines"),
                (times, Lang::Zh) => format!("，{times} 行"),
            };
            let when = if report.timed() { report.clock(often.first) } else { String::new() };
            let what = self.lang.pick(&en, &zh);
            self.line(&format!("  {when}  {what}  [{}{times}]", list(&who, self.lang)));
        }
        if let Some(more) = told.len().checked_sub(OTHERS_SHOWN).filter(|more| *more > 0) {
            let en = format!("  and {more} more");
            self.say(&en, &format!("  另有 {more} 条"));
        }
    }

    fn sentinels(&mut self) {
        let report = self.report;
        if report.book.present().next().is_none() {
            return;
        }
        self.title("SENTINELS IN THESE LOGS", "日志中的哨兵");
        let names: Vec<String> = report.book.present().map(|(who, _)| report.names.who(who)).collect();
        let widest = names.iter().map(|name| columns(name)).max().unwrap_or(0);
        for ((_, speaker), name) in report.book.present().zip(&names) {
            let place = speaker.id.as_ref().and_then(|id| report.book.places.get(id)).cloned();
            let place =
                place.or_else(|| speaker.port.as_ref().map(|port| format!(":{port}"))).unwrap_or_default();
            let id: String = speaker.id.as_deref().unwrap_or("").chars().take(8).collect();
            self.line(&format!(
                "  {}  {:<21}  {id:<8}  {}",
                pad(name, widest),
                place,
                report.log_name(speaker)
            ));
        }
        let absent = report.absent();
        if !absent.is_empty() {
            let (number, absent) = (absent.len() as u64, list(&absent, self.lang));
            let en = format!("There is no log of {}: {absent}", count(number, "sentinel", "sentinels"));
            let zh = format!("缺少 {number} 个哨兵的日志：{absent}");
            self.wrapped("  ", "  ", self.lang.pick(&en, &zh));
        }
    }

    fn strange(&mut self, shown: bool) {
        let report = self.report;
        let (strange, cut) =
            (report.strange_lines(), report.logs.iter().map(|log| log.counts.cut).sum::<u64>());
        if strange == 0 && cut == 0 {
            return;
        }
        self.line("");
        let hint =
            if shown { "" } else { self.lang.pick(" (--unknown shows them)", "（用 --unknown 查看）") };
        if strange > 0 {
            let en = format!("{} could not be understood{hint}", count(strange, "line", "lines"));
            self.say(&en, &format!("{strange} 行无法识别{hint}"));
        }
        if cut > 0 {
            let en = format!("{} too long and cut", count(cut, "line was", "lines were"));
            self.say(&en, &format!("{cut} 行过长，已截断"));
        }
        for log in report.logs.iter().filter(|_| shown) {
            for line in &log.strange {
                self.line(&format!("  {}:{}: {}", log.name, line.line, line.text));
            }
        }
    }
}

/// `+1.287 s`
fn plus(ms: i64) -> String {
    let sign = if ms < 0 { '-' } else { '+' };
    let ms = ms.unsigned_abs();
    format!("{sign}{}.{:03} s", ms / 1000, ms % 1000)
}

fn is_a_finding(what: &Other) -> bool {
    match what {
        Other::Moved(..) | Other::NotSaved | Other::ScriptFailed(_) | Other::Unresolved(_) => true,
        Other::SentinelDown(_)
        | Other::ReplicaDown(..)
        | Other::Rebooted(..)
        | Other::Demoted(..)
        | Other::Reset(_)
        | Other::Set(..)
        | Other::Stopped => false,
    }
}

fn other(what: &Other, names: &dyn Names) -> (String, String) {
    match what {
        Other::SentinelDown(id) => {
            let name = names.id(id);
            (format!("the sentinel {name} did not answer"), format!("哨兵 {name} 没有应答"))
        }
        Other::ReplicaDown(group, place) => (
            format!("{group}: the replica {place} did not answer"),
            format!("{group}：副本 {place} 没有应答"),
        ),
        Other::Rebooted(group, place) => {
            (format!("{group}: the server {place} restarted"), format!("{group}：服务器 {place} 重启"))
        }
        Other::Demoted(group, place) => (
            format!("{group}: {place} said that it is a master and was told to be a replica"),
            format!("{group}：{place} 自称主节点，被命令成为副本"),
        ),
        Other::Reset(group) => {
            (format!("{group}: SENTINEL RESET"), format!("{group}：执行了 SENTINEL RESET"))
        }
        Other::Set(group, option) => {
            (format!("{group}: {option} was changed"), format!("{group}：修改了 {option}"))
        }
        Other::Stopped => ("a sentinel was told to stop".to_owned(), "哨兵被要求停止".to_owned()),
        Other::Moved(..) | Other::NotSaved | Other::ScriptFailed(_) | Other::Unresolved(_) => {
            (String::new(), String::new())
        }
    }
}
