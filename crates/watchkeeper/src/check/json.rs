//! Findings for programs. The form is documented in the guide and only ever gains fields.

use super::Finding;
use super::codes::{ALL, by_code};
use super::show::Count;
use crate::json::quoted;
use watchkeeper_core::Lang;

/// All findings in one object.
pub(crate) fn findings(findings: &[Finding], files: usize, lang: Lang) -> String {
    let all: Vec<String> = findings.iter().map(|finding| one(finding, lang)).collect();
    let Count { errors, warnings, notes } = Count::of(findings);
    let comma = if all.is_empty() { "" } else { "\n" };
    format!(
        "{{\"files\":{files},\"errors\":{errors},\"warnings\":{warnings},\"notes\":{notes},\"findings\":[{comma}{}{comma}]}}\n",
        all.join(",\n")
    )
}

fn one(finding: &Finding, lang: Lang) -> String {
    let place = finding.spot.as_ref().map(|spot| {
        let (line, column, text) = (spot.line, spot.column, quoted(&spot.text));
        let length = spot.marked.len();
        format!(",\"line\":{line},\"column\":{column},\"length\":{length},\"text\":{text}")
    });
    let why = by_code(finding.code).map_or("", |rule| rule.why.pick(lang));
    format!(
        "{{\"code\":{},\"severity\":{},\"file\":{}{},\"message\":{},\"why\":{},\"hint\":{}}}",
        quoted(finding.code),
        quoted(finding.severity.name()),
        quoted(&finding.file),
        place.unwrap_or_default(),
        quoted(&finding.message),
        quoted(why),
        quoted(&finding.hint),
    )
}

/// The table of all codes, as a list.
pub(crate) fn list(lang: Lang) -> String {
    let rows: Vec<String> = ALL
        .iter()
        .map(|rule| {
            format!(
                "{{\"code\":{},\"severity\":{},\"title\":{},\"why\":{},\"hint\":{}}}",
                quoted(rule.code),
                quoted(rule.severity.name()),
                quoted(rule.title.pick(lang)),
                quoted(rule.why.pick(lang)),
                quoted(rule.fix.pick(lang)),
            )
        })
        .collect();
    format!("[\n{}\n]\n", rows.join(",\n"))
}
