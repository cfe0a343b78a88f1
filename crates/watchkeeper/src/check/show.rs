//! Findings for people, as compilers show them: where, the line with the word underlined, why it matters, what to do.

use std::collections::BTreeMap;
use std::fmt::Write;

use watchkeeper_core::Lang;

use super::codes::{ALL, Rule, Severity, by_code};
use super::{Finding, Spot};

/// Warnings or notes of one code in one file that are shown in full.
const OF_A_CODE: usize = 5;
/// The same of errors: all of them are wanted, unless the file is something else altogether.
const ERRORS: usize = 200;

/// How many there are of each severity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub errors: usize,
    pub warnings: usize,
    pub notes: usize,
}

impl Count {
    pub(crate) fn of(findings: &[Finding]) -> Count {
        let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
        Count {
            errors: count(Severity::Error),
            warnings: count(Severity::Warning),
            notes: count(Severity::Note),
        }
    }
}

/// What a terminal is told, or nothing.
struct Paint(bool);

impl Paint {
    fn with(&self, how: &str, text: &str) -> String {
        if self.0 { format!("\u{1b}[{how}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    fn severity(&self, severity: Severity, text: &str) -> String {
        let how = match severity {
            Severity::Error => "1;31",
            Severity::Warning => "1;33",
            Severity::Note => "1;36",
        };
        self.with(how, text)
    }

    fn gutter(&self, text: &str) -> String {
        self.with("1;34", text)
    }
}

/// All findings and a last line that counts them.
pub(crate) fn findings(findings: &[Finding], files: usize, lang: Lang, colour: bool) -> String {
    let paint = Paint(colour);
    let mut out = String::new();
    let mut told: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut explained: Vec<&str> = Vec::new();
    for finding in findings {
        let times = told.entry((&finding.file, finding.code)).or_default();
        *times += 1;
        if *times > most(finding.code) {
            continue;
        }
        let why = by_code(finding.code).filter(|rule| !explained.contains(&rule.code));
        one(&mut out, finding, why, &paint, lang);
        explained.push(finding.code);
    }
    for ((file, code), times) in told {
        let more = times.saturating_sub(most(code));
        if more == 0 {
            continue;
        }
        let line = match lang {
            Lang::En => format!("{file}: {more} more of {code} (`--format json` has them all)\n"),
            Lang::Zh => format!("{file}：还有 {more} 处 {code}（`--format json` 列出全部）\n"),
        };
        out += &line;
    }
    out + &last_line(Count::of(findings), files, lang)
}

/// How many findings of a code are shown.
fn most(code: &str) -> usize {
    let error = by_code(code).is_some_and(|rule| rule.severity == Severity::Error);
    if error { ERRORS } else { OF_A_CODE }
}

fn last_line(count: Count, files: usize, lang: Lang) -> String {
    let Count { errors, warnings, notes } = count;
    match lang {
        Lang::En => {
            let many =
                |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
            let (files, errors) = (many(files, "file"), many(errors, "error"));
            format!("{files}: {errors}, {}, {}\n", many(warnings, "warning"), many(notes, "note"))
        }
        Lang::Zh => format!("{files} 个文件：{errors} 个错误，{warnings} 个警告，{notes} 个提示\n"),
    }
}

fn one(out: &mut String, finding: &Finding, why: Option<&Rule>, paint: &Paint, lang: Lang) {
    let title = format!("{}[{}]", finding.severity.title(lang), finding.code);
    let title = paint.severity(finding.severity, &title);
    let message = paint.with("1", &finding.message);
    let colon = lang.pick(": ", "：");
    let number = finding.spot.as_ref().map(|spot| spot.line.to_string()).unwrap_or_default();
    let blank = " ".repeat(number.len());
    let mut line = |text: String| {
        out.push_str(text.trim_end());
        out.push('\n');
    };
    line(format!("{title}{colon}{message}"));
    let (arrow, bar) = (paint.gutter("-->"), paint.gutter("|"));
    match &finding.spot {
        Some(spot) => {
            line(format!("{blank}{arrow} {}:{}:{}", finding.file, spot.line, spot.column));
            line(format!("{blank} {bar}"));
            line(format!("{} {bar} {}", paint.gutter(&number), spot.text));
            let (before, marks) = underline(spot);
            line(format!("{blank} {bar} {before}{}", paint.severity(finding.severity, &marks)));
        }
        None => line(format!("{blank}{arrow} {}", finding.file)),
    }
    let equals = paint.gutter("=");
    if let Some(rule) = why {
        line(format!("{blank} {equals} {}{colon}{}", lang.pick("why", "原因"), rule.why.pick(lang)));
    }
    line(format!("{blank} {equals} {}{colon}{}", lang.pick("hint", "建议"), finding.hint));
    line(String::new());
}

/// Blanks up to the word, and the marks under it; a Chinese character is as wide as two others.
fn underline(spot: &Spot) -> (String, String) {
    let width = |skip: usize, take: usize| -> usize {
        spot.text.chars().skip(skip).take(take).map(|c| if is_wide(c) { 2 } else { 1 }).sum()
    };
    let (start, length) = (spot.marked.start, spot.marked.len());
    (" ".repeat(width(0, start)), "^".repeat(width(start, length).max(1)))
}

fn is_wide(c: char) -> bool {
    matches!(u32::from(c), 0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f | 0xff00..=0xff60 | 0xffe0..=0xffe6 | 0x1f300..=0x1faff | 0x20000..=0x3fffd)
}

/// The table of all codes.
pub(crate) fn list(lang: Lang) -> String {
    ALL.iter().fold(String::new(), |mut out, rule| {
        let severity = rule.severity.title(lang);
        let blank = " ".repeat(9usize.saturating_sub(lang.pick(severity, "    ").len()));
        // A String takes everything.
        let _ = writeln!(out, "{}  {severity}{blank}{}", rule.code, rule.title.pick(lang));
        out
    })
}

/// Everything about one code.
pub(crate) fn explain(rule: &Rule, lang: Lang) -> String {
    let colon = lang.pick(": ", "：");
    format!(
        "{}[{}]{colon}{}\n\n{}\n\n{}{colon}{}\n",
        rule.severity.title(lang),
        rule.code,
        rule.title.pick(lang),
        rule.why.pick(lang),
        lang.pick("hint", "建议"),
        rule.fix.pick(lang),
    )
}
