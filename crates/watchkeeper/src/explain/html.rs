//! A report as one page that needs nothing but itself: no script, no font, nothing fetched. Readable at 3 a.m.: first what
//! happened and how long nobody could write, then the picture, then what to do. Its policy lets in its own style sheet,
//! by its hash, and nothing else.

use std::fmt::Write;

use watchkeeper_core::Lang;
use watchkeeper_core::lang::Words;

use super::advice::advise;
use super::book::Other;
use super::endings;
use super::findings::{Finding, Weight};
use super::incident::{Incident, Outcome, UnderWay};
use super::markup::escaped;
use super::phases::{self, Took};
use super::picture::{self, labels};
use super::report::Report;
use super::slow;
use super::steps::{Step, steps};
use super::style;
use super::summary;
use super::words::{self, duration};

/// Pixels of the bar of the longest phase.
const BAR: i64 = 260;
/// More incidents than this are listed on demand.
const LISTED_MAX: usize = 20;

/// Writes a page.
struct Page<'a> {
    report: &'a Report,
    lang: Lang,
    text: String,
}

/// The whole page.
pub(super) fn tell(report: &Report, strange: bool, lang: Lang) -> String {
    let mut page = Page { report, lang, text: String::new() };
    page.head();
    page.contents();
    let all = report.book.incidents.len();
    for (number, (incident, findings)) in report.incidents().enumerate() {
        page.incident(number + 1, all, incident, findings);
    }
    if !report.general.is_empty() {
        page.section(summary::DEPLOYMENT);
        page.findings(&report.general);
    }
    page.others();
    page.sentinels();
    page.unread(strange);
    page.line("</main>");
    let made =
        lang.pick("Made by watchkeeper explain from logs alone.", "由 watchkeeper explain 仅根据日志生成。");
    page.line(&format!("<footer>{}</footer>\n</body>\n</html>", escaped(made)));
    page.text
}

impl Page<'_> {
    fn line(&mut self, text: &str) {
        // A String takes everything.
        let _ = writeln!(self.text, "{text}");
    }

    fn pick(&self, en: &str, zh: &str) -> String {
        escaped(self.lang.pick(en, zh))
    }

    fn section(&mut self, title: Words) {
        // The capitals are for a terminal, which has no other way to show a title.
        let (first, rest) = title.en.split_at(1);
        let en = first.to_owned() + &rest.to_lowercase();
        let title = self.pick(&en, title.zh);
        self.line(&format!("<section class=\"incident\">\n<h2>{title}</h2>\n</section>"));
    }

    fn head(&mut self) {
        let told = summary::head(self.report, self.lang);
        let title = escaped(told.first().map_or("", String::as_str));
        let lang = self.lang.pick("en", "zh-CN");
        self.line(&format!(
            "<!doctype html>\n<html lang=\"{lang}\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src '{}'; base-uri 'none'; form-action 'none'\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
             <title>{title}</title>\n<style>{}{}{}</style>\n</head>\n<body>\n<header>\n<h1>{title}</h1>",
            style::PAGE_HASH,
            style::COLOURS,
            style::PICTURE,
            style::PAGE
        ));
        for line in told.iter().skip(1) {
            self.line(&format!("<p class=\"dim\">{}</p>", escaped(line)));
        }
        self.line("</header>\n<main>");
    }

    /// Where to find which incident, if there are several.
    fn contents(&mut self) {
        let report = self.report;
        let all = report.book.incidents.len();
        if all < 2 {
            return;
        }
        // A long list would hide what it is about.
        let open = if all > LISTED_MAX { "" } else { " open" };
        let title = self.pick("Contents", "目录");
        self.line(&format!("<details{open}><summary>{title}</summary>\n<nav class=\"scroll\"><table>"));
        for (number, (incident, _)) in report.incidents().enumerate() {
            let number = number + 1;
            let when = if incident.timed { report.moment(incident.began, ' ') } else { String::new() };
            let (badge, group) = (self.badge(incident), escaped(&incident.group));
            let said = escaped(&endings::outcome(incident, &report.names, incident.timed, self.lang));
            self.line(&format!(
                "<tr><td class=\"num\"><a href=\"#incident-{number}\">{number}</a></td><td class=\"num\">{when}</td><td class=\"key\">{group}</td><td>{badge}</td><td>{said}</td></tr>"
            ));
        }
        self.line("</table></nav>\n</details>");
    }

    fn badge(&self, incident: &Incident) -> String {
        let (class, en, zh) = match incident.outcome() {
            Outcome::Failover => ("good", "✓ failover", "✓ 故障转移"),
            Outcome::Switchover => ("good", "✓ planned", "✓ 计划内切换"),
            Outcome::AskedFor => ("good", "✓ asked for", "✓ 有人要求切换"),
            Outcome::Forced => ("warn", "! forced by hand", "! 人工强制"),
            Outcome::Switched => ("note", "switched", "已切换"),
            Outcome::PromotedByOthers => ("warn", "! promoted by others", "! 外部提升"),
            Outcome::PromotedUnseen => ("warn", "! promoted, by whom is not here", "! 提升者不明"),
            Outcome::Returned => ("warn", "! back as a master", "! 恢复后是主节点"),
            Outcome::Repointed => ("warn", "! moved by hand", "! 人工改指"),
            Outcome::UnderWay if matches!(incident.under_way(), Some(UnderWay::Done(_))) => {
                ("note", "done, logs end", "已完成，日志结束")
            }
            Outcome::UnderWay => ("note", "under way", "进行中"),
            Outcome::Missed => ("note", "missed, logs end", "失联，日志结束"),
            Outcome::Isolated => ("warn", "! sentinel cut off", "! 哨兵被隔离"),
            Outcome::CameBack => ("warn", "! came back", "! 自行恢复"),
            Outcome::GivenUp => ("bad", "✕ given up", "✕ 已放弃"),
            Outcome::NobodyTookOver => ("bad", "✕ nobody took over", "✕ 无人接替"),
        };
        format!("<span class=\"badge is-{class}\">{}</span>", self.pick(en, zh))
    }

    fn incident(&mut self, number: usize, all: usize, incident: &Incident, findings: &[Finding]) {
        let (report, lang) = (self.report, self.lang);
        let title = match lang {
            Lang::En => format!("Incident {number} of {all}: {}", incident.group),
            Lang::Zh => format!("事故 {number}/{all}：{}", incident.group),
        };
        self.line(&format!(
            "<section class=\"incident\" id=\"incident-{number}\">\n<h2>{}</h2>",
            escaped(&title)
        ));
        if incident.timed {
            let when = report.moment(incident.began, ' ');
            self.line(&format!("<p class=\"dim\">{}</p>", escaped(&when)));
        }
        let said = escaped(&endings::outcome(incident, &report.names, incident.timed, lang));
        let badge = self.badge(incident);
        self.line(&format!("<p class=\"outcome\">{badge}{said}</p>"));
        let steps = steps(incident, &report.names, lang);
        if incident.timed {
            let parts = phases::worth_telling(incident);
            self.figures(incident, parts.as_deref());
            self.pictures(incident, &steps);
            if let Some(parts) = parts {
                self.phases(incident, &parts, findings);
            }
        } else {
            self.line(&format!("<p class=\"dim\">{}</p>", escaped(picture::no_times(lang))));
        }
        if !findings.is_empty() {
            let title = self.pick("Findings and advice", "结论与建议");
            self.line(&format!("<h3>{title}</h3>"));
            self.findings(findings);
        }
        self.steps(incident, &steps);
        self.line("</section>");
    }

    /// How long it was, in large figures.
    fn figures(&mut self, incident: &Incident, parts: Option<&[Took]>) {
        if incident.headless() {
            return;
        }
        let began = incident.outage_began();
        let promoted = incident.took_writes();
        let planned = incident.downs.is_empty();
        let mut figures: Vec<(String, String, String)> = Vec::new();
        let mut figure = |label: String, ms: i64, more: String| {
            figures.push((label, escaped(&duration(ms, self.lang)), more));
        };
        // Where somebody had answers from the old master meanwhile, it may have taken writes.
        let answered =
            |at: i64| incident.downs.iter().any(|down| down.up.is_some_and(|up| (began..at).contains(&up)));
        if let Some(at) = promoted.filter(|at| incident.new_master.is_some() && !answered(*at)) {
            let latest =
                if incident.noticed_late() { self.pick(", at most", "，最多") } else { String::new() };
            if planned {
                let label = self.pick("new master took writes after", "新主节点可写入，用时");
                figure(label + &latest, at - began, String::new());
            } else {
                let label = self.pick("from the first +sdown until writes", "从第一条 +sdown 到可写入");
                figure(label + &latest, at - began, self.before(incident));
            }
        }
        if let Some(at) = incident.first_told() {
            let label = if words::only_the_leader(incident) {
                self.pick("the leader's own +switch-master after", "执行者自己的 +switch-master，用时")
            } else {
                self.pick("clients were told after", "客户端得知新地址，用时")
            };
            let latest = if incident.unread { self.pick(", at most", "，最多") } else { String::new() };
            figure(label + &latest, at - began, String::new());
        }
        if let Some(back) = incident.answered() {
            let label = if incident.cut {
                self.pick("the master was missed for at least", "主节点失联至少")
            } else {
                self.pick("the master was missed for", "主节点失联")
            };
            figure(label, back - incident.began, String::new());
        } else if incident.outcome() == Outcome::NobodyTookOver {
            figure(
                self.pick("missed for at least", "已失联至少"),
                self.report.book.last - incident.began,
                String::new(),
            );
        }
        if let Some(part) = parts.and_then(phases::longest) {
            let all: i64 = parts.unwrap_or_default().iter().map(|part| part.ms()).sum();
            let share = format!("{} %", part.ms() * 100 / all.max(1));
            let name = labels::phase(part.phase, self.lang);
            figure(
                self.pick("longest part", "耗时最长"),
                part.ms(),
                escaped(&(name.to_owned() + self.lang.pick(", ", "，") + &share)),
            );
        }
        if figures.is_empty() {
            return;
        }
        self.line("<dl class=\"figures\">");
        for (label, value, more) in figures {
            self.line(&format!(
                "<div class=\"figure\"><dt>{label}</dt><dd>{value} <small>{more}</small></dd></div>"
            ));
        }
        self.line("</dl>");
    }

    /// For how long the master was away before anybody said so.
    fn before(&self, incident: &Incident) -> String {
        if incident.blind.is_some() {
            return self.pick(
                "how long before it is not known: all were in TILT",
                "此前已有多久不得而知：哨兵都处于 TILT",
            );
        }
        let group = &incident.group;
        let book = &self.report.book;
        let set = book.groups.get(group).and_then(|group| group.down_after);
        let set = set.and_then(|ms| i64::try_from(ms).ok()).map(|ms| duration(ms, self.lang));
        let refused = Other::Set(group.to_owned(), "refused-down-after-milliseconds".to_owned());
        // Which of the two it was, no log tells.
        let either = book.others.contains_key(&refused);
        escaped(&match (set, self.lang) {
            (_, Lang::En) if either => {
                "plus down-after-milliseconds or refused-down-after-milliseconds before it".to_owned()
            }
            (_, Lang::Zh) if either => {
                "此前另有 down-after-milliseconds 或 refused-down-after-milliseconds".to_owned()
            }
            (Some(ms), Lang::En) => format!("plus {ms} before it (down-after-milliseconds)"),
            (Some(ms), Lang::Zh) => format!("此前另有 {ms}（down-after-milliseconds）"),
            (None, Lang::En) => "plus down-after-milliseconds before it".to_owned(),
            (None, Lang::Zh) => "此前另有 down-after-milliseconds".to_owned(),
        })
    }

    fn pictures(&mut self, incident: &Incident, steps: &[Step]) {
        let pictures = picture::of_incident(self.report, incident, steps, self.lang);
        self.line(&format!("<div class=\"scroll\">{}</div>", pictures.whole));
        if let Some(enlarged) = pictures.enlarged {
            self.line(&format!("<h3>{}</h3>", escaped(picture::enlarged(self.lang))));
            self.line(&format!("<div class=\"scroll\">{enlarged}</div>"));
        }
    }

    fn phases(&mut self, incident: &Incident, parts: &[Took], findings: &[Finding]) {
        let all: i64 = parts.iter().map(|part| part.ms()).sum();
        let most = parts.iter().map(|part| part.ms()).max().unwrap_or(1).max(1);
        let longest = phases::longest(parts);
        let title = escaped(words::where_the_time_went(self.lang).trim_end_matches([':', '：']));
        self.line(&format!("<h3>{title}</h3>\n<div class=\"scroll\"><table class=\"phases\">"));
        for (number, part) in parts.iter().enumerate() {
            let bar = (part.ms() * BAR / most).max(1);
            let class = if longest == Some(*part) { " class=\"longest\"" } else { "" };
            self.line(&format!(
                "<tr{class}><td class=\"num\">{}</td><td>{}</td><td class=\"num\">{}</td><td class=\"num\">{} %</td>\
                 <td><svg width=\"{BAR}\" height=\"14\" aria-hidden=\"true\"><rect width=\"{bar}\" height=\"14\" rx=\"2\" class=\"ph {}\"/></svg></td></tr>",
                number + 1,
                escaped(words::phase(part.phase, incident.is_ours(), self.lang)),
                escaped(&duration(part.ms(), self.lang)),
                part.ms() * 100 / all.max(1),
                labels::phase_class(part.phase)
            ));
        }
        let name = self.pick("all", "合计");
        self.line(&format!(
            "<tr><td></td><td>{name}</td><td class=\"num\">{}</td><td></td><td></td></tr>\n</table></div>",
            escaped(&duration(all, self.lang))
        ));
        if let Some(part) = phases::to_shorten(parts, findings) {
            self.line(&format!("<p>{}</p>", escaped(&slow::longest(part.phase, incident, self.lang))));
        }
        if !incident.downs.is_empty() {
            let said = escaped(&words::before_the_first_line(incident, self.lang));
            self.line(&format!("<p class=\"dim\">{said}</p>"));
        }
    }

    fn findings(&mut self, findings: &[Finding]) {
        for finding in findings {
            let (what, hint) = advise(finding, self.lang);
            let (class, sign) = match finding.weight() {
                Weight::Bad => ("bad", "✕"),
                Weight::Warning => ("warn", "!"),
                Weight::Note => ("note", "i"),
            };
            let weight = words::weight(finding.weight(), self.lang).trim_end_matches([':', '：']);
            self.line(&format!(
                "<div class=\"finding {class}\"><p><span class=\"badge is-{class}\">{sign} {}</span>{}</p>\
                 <p class=\"hint\"><b>{}</b>{}</p></div>",
                escaped(weight),
                escaped(&what),
                escaped(words::hint(self.lang)),
                escaped(&hint)
            ));
        }
    }

    fn steps(&mut self, incident: &Incident, steps: &[Step]) {
        let report = self.report;
        let heads = match self.lang {
            Lang::En => ["time", "since", "what happened", "event"],
            Lang::Zh => ["时刻", "经过", "发生了什么", "事件"],
        };
        let title = self.pick("Step by step", "逐步经过");
        let class = |at| if at < 2 { " class=\"num\"" } else { "" };
        let heads: String =
            heads.iter().enumerate().map(|(at, head)| format!("<th{}>{head}</th>", class(at))).collect();
        self.line(&format!("<h3>{title}</h3>\n<div class=\"scroll\"><table>\n<tr>{heads}</tr>"));
        let left_out = summary::left_out(steps.len());
        for (number, step) in steps.iter().enumerate() {
            if left_out.contains(&number) {
                if number == left_out.start {
                    let more = escaped(&summary::more_steps(left_out.len(), self.lang));
                    self.line(&format!("<tr><td></td><td></td><td>{more}</td><td></td></tr>"));
                }
                continue;
            }
            let (clock, since) = if incident.timed {
                (report.clock(step.at), words::plus(step.at - incident.began, self.lang))
            } else {
                (String::new(), String::new())
            };
            let event = if step.event.is_empty() {
                String::new()
            } else {
                format!("<code>{}</code>", escaped(step.event))
            };
            self.line(&format!(
                "<tr><td class=\"num\">{clock}</td><td class=\"num\">{since}</td><td>{}</td><td>{event}</td></tr>",
                escaped(&step.text)
            ));
        }
        self.line("</table></div>");
        for reason in &incident.reasons {
            self.line(&format!(
                "<p class=\"dim\">{}</p>",
                escaped(&summary::reason(self.report, incident, reason, self.lang))
            ));
        }
    }

    fn others(&mut self) {
        let (told, more) = summary::others(self.report, self.lang);
        if told.is_empty() {
            return;
        }
        self.section(summary::ALSO_SEEN);
        self.line("<div class=\"scroll\"><table>");
        for seen in told {
            self.line(&format!(
                "<tr><td class=\"num\">{}</td><td>{}</td><td>{}</td></tr>",
                seen.when,
                escaped(&seen.what),
                escaped(&seen.who)
            ));
        }
        self.line("</table></div>");
        if let Some(more) = more {
            self.line(&format!("<p class=\"dim\">{}</p>", escaped(&more)));
        }
    }

    fn sentinels(&mut self) {
        let speakers = summary::speakers(self.report);
        if speakers.is_empty() {
            return;
        }
        self.section(summary::SENTINELS);
        self.line("<div class=\"scroll\"><table>");
        for speaker in speakers {
            self.line(&format!(
                "<tr><td>{}</td><td>{}</td><td><code>{}</code></td><td>{}</td></tr>",
                escaped(&speaker.name),
                escaped(&speaker.place),
                escaped(&speaker.id),
                escaped(&speaker.log)
            ));
        }
        self.line("</table></div>");
        for absent in summary::absent(self.report, self.lang) {
            self.line(&format!("<p>{}</p>", escaped(&absent)));
        }
    }

    fn unread(&mut self, shown: bool) {
        let lines = summary::unread(self.report, shown, self.lang);
        if !lines.is_empty() {
            let lines: Vec<String> = lines.iter().map(|line| escaped(line)).collect();
            self.line(&format!("<pre>{}</pre>", lines.join("\n")));
        }
    }
}
