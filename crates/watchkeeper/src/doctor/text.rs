//! The report for people: how it stands in one line, then group by group, the worst first.

use std::fmt::Write;

use watchkeeper_core::Lang;

use super::code::{Severity, TABLE};
use super::finding::{Finding, Unchecked};
use super::words::places;
use super::{Diagnosis, Patient};
use crate::explain::wrap;

/// Lines are broken at this column.
const WIDTH: usize = 98;
/// Lines of evidence of one finding.
const EVIDENCE_SHOWN: usize = 6;

/// Writes a report.
struct Writer {
    lang: Lang,
    colours: bool,
    text: String,
}

/// The whole report.
pub(super) fn tell(diagnosis: &Diagnosis, lang: Lang, colours: bool) -> String {
    let mut writer = Writer { lang, colours, text: String::new() };
    writer.summary(diagnosis);
    let overall: Vec<&Finding> = diagnosis.of(None).collect();
    if !overall.is_empty() {
        let title = lang.pick("The deployment", "整体");
        writer.section(title, &overall, diagnosis.any_group());
    }
    for group in worst_first(diagnosis) {
        let findings: Vec<&Finding> = diagnosis.of(Some(&group.name)).collect();
        if !findings.is_empty() {
            writer.section(&title(group, lang), &findings, &group.name);
        }
    }
    writer.unchecked(&diagnosis.unchecked);
    writer.text
}

/// The table of codes.
pub fn table(lang: Lang) -> String {
    let mut text = String::new();
    for entry in TABLE {
        // A String takes everything.
        let _ = writeln!(text, "{}  {}  {}", entry.id, padded(entry.severity, lang), entry.title(lang));
    }
    text
}

fn padded(severity: Severity, lang: Lang) -> String {
    let width = lang.pick("critical", "严重").chars().count();
    format!("{:<width$}", severity.word(lang))
}

/// Groups with the gravest findings first, else in the order of the sentinels.
fn worst_first(diagnosis: &Diagnosis) -> Vec<&Patient> {
    let worst =
        |group: &&Patient| diagnosis.of(Some(&group.name)).map(|finding| finding.severity as usize).min();
    let mut groups: Vec<&Patient> = diagnosis.groups.iter().collect();
    groups.sort_by_key(|group| worst(group).unwrap_or(usize::MAX));
    groups
}

fn title(group: &Patient, lang: Lang) -> String {
    let Patient { name, master, replicas, sentinels, sentinels_known: known } = group;
    let silent = sentinels < known;
    match lang {
        Lang::En => {
            let replicas = match replicas {
                0 => "no replica known".to_owned(),
                1 => "1 replica".to_owned(),
                _ => format!("{replicas} replicas"),
            };
            let known =
                if *known == 1 { "1 sentinel known".to_owned() } else { format!("{known} sentinels") };
            let answered = if silent { format!(", {sentinels} of them answered") } else { String::new() };
            format!("{name} (master {master}, {replicas}, {known}{answered})")
        }
        Lang::Zh => {
            let answered = if silent { format!("，其中 {sentinels} 个有应答") } else { String::new() };
            let replicas = if *replicas == 0 {
                "没有已知的副本".to_owned()
            } else {
                format!("{replicas} 个副本")
            };
            let known =
                if *known == 1 { "已知 1 个哨兵".to_owned() } else { format!("{known} 个哨兵") };
            format!("{name}（主节点 {master}，{replicas}，{known}{answered}）")
        }
    }
}

/// `1 critical, 2 warnings`
fn counts<'a>(findings: impl Iterator<Item = &'a Finding>, lang: Lang) -> Option<String> {
    let findings: Vec<Severity> = findings.map(|finding| finding.severity).collect();
    let of = |severity: Severity| {
        let count = findings.iter().filter(|other| **other == severity).count();
        let text = match (lang, severity, count) {
            (Lang::Zh, ..) => format!("{count} 项{}", severity.word(lang)),
            (Lang::En, Severity::Critical, _) | (Lang::En, _, 1) => {
                format!("{count} {}", severity.word(lang))
            }
            (Lang::En, Severity::Warning | Severity::Note, _) => format!("{count} {}s", severity.word(lang)),
        };
        (count > 0).then_some(text)
    };
    let parts: Vec<String> =
        [Severity::Critical, Severity::Warning, Severity::Note].into_iter().filter_map(of).collect();
    (!parts.is_empty()).then(|| parts.join(lang.pick(", ", "，")))
}

impl Writer {
    fn line(&mut self, text: &str) {
        // A String takes everything.
        let _ = writeln!(self.text, "{}", text.trim_end());
    }

    /// A long text behind `first`, its other lines behind as many blanks.
    fn wrapped(&mut self, first: &str, indent: usize, text: &str) {
        // A blank between two words may stand beyond the width that is asked for.
        for (number, line) in wrap(&plain(text), (WIDTH - 1).saturating_sub(indent)).iter().enumerate() {
            let before = if number == 0 { first.to_owned() } else { " ".repeat(indent) };
            self.line(&format!("{before}{line}"));
        }
    }

    fn summary(&mut self, diagnosis: &Diagnosis) {
        let lang = self.lang;
        let (colon, semicolon) = (lang.pick(": ", "："), lang.pick("; ", "；"));
        let mut parts = Vec::new();
        if let Some(counts) = counts(diagnosis.of(None), lang) {
            parts.push(format!("{}{colon}{counts}", lang.pick("the deployment", "整体")));
        }
        let mut well = 0;
        for group in worst_first(diagnosis) {
            match counts(diagnosis.of(Some(&group.name)), lang) {
                Some(counts) => parts.push(format!("{}{colon}{counts}", group.name)),
                None => well += 1,
            }
        }
        match (well, diagnosis.groups.as_slice(), lang) {
            (0, [], Lang::En) => parts.push("no group is watched".to_owned()),
            (0, [], Lang::Zh) => parts.push("没有监视任何组".to_owned()),
            (1, [one], Lang::En) => parts.push(format!("{}: nothing wrong was found", title(one, lang))),
            (1, [one], Lang::Zh) => parts.push(format!("{}：没有发现问题", title(one, lang))),
            (0, ..) => {}
            (1, _, Lang::En) => parts.push("1 group with nothing wrong".to_owned()),
            (_, _, Lang::En) => parts.push(format!("{well} groups with nothing wrong")),
            (_, _, Lang::Zh) => parts.push(format!("{well} 个组没有问题")),
        }
        self.wrapped("", 0, &parts.join(semicolon));
    }

    fn section(&mut self, title: &str, findings: &[&Finding], group: &str) {
        self.line("");
        self.line(&plain(title));
        for finding in findings {
            self.finding(finding, group);
        }
    }

    fn finding(&mut self, finding: &Finding, group: &str) {
        let lang = self.lang;
        let head = format!("{} {}", padded(finding.severity, lang), finding.code.entry().id);
        let indent = 4 + crate::explain::columns(&head);
        let head = if self.colours { coloured(finding.severity, &head) } else { head };
        self.wrapped(&format!("  {head}  "), indent, finding.text(lang));
        for evidence in finding.evidence.iter().take(EVIDENCE_SHOWN) {
            let colon = lang.pick(": ", "：");
            self.wrapped(
                "      | ",
                8,
                &format!("{}{colon}{}", evidence.who.name(lang), evidence.said(lang)),
            );
        }
        let more = finding.evidence.len().saturating_sub(EVIDENCE_SHOWN);
        match (more, lang) {
            (0, _) => {}
            (_, Lang::En) => self.line(&format!("      | and {more} more")),
            (_, Lang::Zh) => self.line(&format!("      | 另有 {more} 条")),
        }
        self.wrapped("      > ", 8, &finding.hint(group, lang));
    }

    fn unchecked(&mut self, unchecked: &[Unchecked]) {
        if unchecked.is_empty() {
            return;
        }
        let lang = self.lang;
        self.line("");
        self.line(lang.pick("Not looked at", "未能检查"));
        for entry in unchecked {
            let why = match (entry.why.trim_end(), lang) {
                ("", _) => String::new(),
                (why, Lang::En) => format!(" ({why})"),
                (why, Lang::Zh) => format!("（{why}）"),
            };
            let what = entry.what(lang);
            let text = match lang {
                Lang::En => format!("{}: {what}{why}", places(&entry.at, lang)),
                Lang::Zh => format!("{}：{what}{why}", places(&entry.at, lang)),
            };
            self.wrapped("  - ", 4, &text);
        }
    }
}

/// Without what would command the terminal: servers and sentinels can say anything.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

fn coloured(severity: Severity, text: &str) -> String {
    let colour = match severity {
        Severity::Critical => "1;31",
        Severity::Warning => "33",
        Severity::Note => "36",
    };
    format!("\x1b[{colour}m{text}\x1b[0m")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ask::Endpoint;
    use crate::doctor::finding::Who;
    use crate::doctor::{Code, Diagnosis};

    fn diagnosis() -> Diagnosis {
        let at = Endpoint::new("10.0.0.1", 6379);
        let finding = |code, severity| {
            let finding = Finding::of(code, "bad", "It is so.", "如此。").as_(severity).at(&at);
            finding.says(Who::Server(at.clone()), "a \u{1b}[2J very ".repeat(20))
        };
        let patient = |name: &str| Patient {
            name: name.into(),
            master: at.clone(),
            replicas: 1,
            sentinels: 3,
            sentinels_known: 3,
        };
        Diagnosis {
            unix_ms: 0,
            groups: vec![patient("well"), patient("bad")],
            findings: vec![
                finding(Code::LinkDown, Severity::Critical),
                finding(Code::LinkDown, Severity::Warning),
                finding(Code::LinkDown, Severity::Warning),
            ],
            unchecked: Vec::new(),
            sentinels: Vec::new(),
        }
    }

    #[test]
    fn the_first_line_says_how_it_stands() {
        let (en, zh) = (tell(&diagnosis(), Lang::En, false), tell(&diagnosis(), Lang::Zh, false));
        assert!(en.starts_with("bad: 1 critical, 2 warnings; 1 group with nothing wrong\n"), "{en}");
        assert!(zh.starts_with("bad：1 项严重，2 项警告；1 个组没有问题\n"), "{zh}");
        assert!(en.contains("\nbad (master 10.0.0.1:6379, 1 replica, 3 sentinels)\n"), "{en}");
    }

    #[test]
    fn lines_fit_and_nobody_else_commands_the_terminal() {
        for lang in Lang::ALL {
            let text = tell(&diagnosis(), lang, false);
            assert!(text.lines().all(|line| crate::explain::columns(line) <= WIDTH), "{text}");
            assert!(!text.contains('\u{1b}'), "{text}");
            let coloured = tell(&diagnosis(), lang, true);
            assert_eq!(coloured.matches('\u{1b}').count(), 6, "{coloured}");
        }
    }
}
