//! The errors of reading that a sentinel would stop at, all of them.

use watchkeeper_core::Lang;
use watchkeeper_core::config::{ErrorKind, Flaw, Line};

use super::codes::{Rule, Severity, WK001, WK002, WK004, WK012};
use super::spot::Spot;
use super::{Desk, Finding, say, secret};
use crate::said::told;

/// Errors of reading.
pub(super) fn look(desk: &mut Desk<'_>) {
    if let Some(reason) = &desk.sheet.unread {
        let reason = told(reason, desk.lang());
        let message = say!(desk.lang(), "the file cannot be read: {}", "无法读取文件：{}", reason);
        desk.report(&WK002, None, 0, message);
        return;
    }
    for flaw in &desk.sheet.survey.flaws {
        let finding = of_flaw(desk, flaw);
        desk.found.push(finding.tamed());
    }
}

/// Where a NUL byte stands in the line; nothing else is told of such a line.
fn nul(line: &Line) -> Option<usize> {
    line.text.iter().position(|byte| *byte == 0)
}

/// The row for an error, whose line is known unless it stands in a state file.
fn rule_of(flaw: &Flaw, line: Option<&Line>) -> &'static Rule {
    match (flaw.error.kind, line) {
        (ErrorKind::Banner | ErrorKind::Log, _) => &WK002,
        (ErrorKind::Line, Some(line)) if nul(line).is_some() => &WK004,
        (ErrorKind::Line, Some(_)) if flaw.error.only_here => &WK012,
        (ErrorKind::Line, _) => &WK001,
    }
}

fn of_flaw(desk: &Desk<'_>, flaw: &Flaw) -> Finding {
    let (lang, error) = (desk.lang(), &flaw.error);
    let lines = &desk.sheet.survey.lines;
    let line = flaw.line.and_then(|at| Some((at, lines.get(at)?)));
    let rule = rule_of(flaw, line.map(|(_, line)| line));
    let covered = |text: &str| line.map_or_else(|| text.to_owned(), |(_, line)| secret::without(text, line));
    let mut message = covered(&told(&error.message, lang));
    if lang == Lang::Zh && message != error.message {
        message = format!("{message}（{}）", covered(&error.message));
    }
    let mut hint = error.hint.as_deref().map(|hint| covered(&told(hint, lang)));
    let (file, spot) = match line {
        Some((at, line)) => {
            if line.text.starts_with("\u{feff}".as_bytes()) {
                hint = Some(say!(
                    lang,
                    "the file begins with a byte order mark: save it as UTF-8 without BOM",
                    "文件以字节顺序标记（BOM）开头：请保存为不带 BOM 的 UTF-8"
                ));
            }
            let start = error.column.saturating_sub(1);
            let spans = line.spans();
            // An error that names no word, such as a missing include, is about the value.
            let word =
                if error.column == 0 { spans.get(1) } else { spans.iter().find(|span| span.start == start) };
            let nul = nul(line).map(|at| at..at + 1);
            let bytes = nul.or_else(|| word.cloned()).unwrap_or(0..line.text.len());
            let file = line.file.as_deref().unwrap_or(&desk.sheet.shown);
            (file.to_owned(), Some(Spot::of(line, at, bytes)))
        }
        None => {
            let file = error.file.clone().unwrap_or_else(|| desk.sheet.shown.clone());
            (file, Spot::of_error(error, lines.len()))
        }
    };
    let hint = hint.unwrap_or_else(|| rule.fix.pick(lang).to_owned());
    Finding { code: rule.code, severity: Severity::Error, file, spot, message, hint }
}
