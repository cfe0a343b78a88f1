//! The report for programs. Names of fields and codes stay as they are; texts are in the language asked for.

use watchkeeper_core::Lang;

use super::finding::{Evidence, Finding, Unchecked, Who};
use super::{Diagnosis, Patient};
use crate::ask::Endpoint;
use crate::json::quoted;

/// The whole report, in one line.
pub(super) fn tell(diagnosis: &Diagnosis, lang: Lang) -> String {
    let worst = diagnosis.worst().map_or("null".to_owned(), |worst| quoted(worst.name()));
    let findings = diagnosis.findings.iter().map(|one| finding(one, diagnosis.any_group(), lang));
    format!(
        "{{\"at_ms\":{},\"worst\":{worst},\"groups\":{},\"sentinels\":{},\"findings\":{},\"not_checked\":{}}}\n",
        diagnosis.unix_ms,
        array(diagnosis.groups.iter().map(group)),
        places(&diagnosis.sentinels),
        array(findings),
        array(diagnosis.unchecked.iter().map(|one| unchecked(one, lang))),
    )
}

fn group(group: &Patient) -> String {
    format!(
        "{{\"name\":{},\"master\":{},\"replicas\":{},\"sentinels\":{},\"sentinels_known\":{}}}",
        quoted(&group.name),
        quoted(&group.master.to_string()),
        group.replicas,
        group.sentinels,
        group.sentinels_known
    )
}

fn finding(finding: &Finding, group: &str, lang: Lang) -> String {
    format!(
        "{{\"code\":\"{}\",\"severity\":\"{}\",\"group\":{},\"at\":{},\"text\":{},\"evidence\":{},\"hint\":{}}}",
        finding.code.entry().id,
        finding.severity.name(),
        finding.group.as_deref().map_or("null".to_owned(), quoted),
        places(&finding.at),
        quoted(finding.text(lang)),
        array(finding.evidence.iter().map(|one| evidence(one, lang))),
        quoted(&finding.hint(group, lang)),
    )
}

fn evidence(evidence: &Evidence, lang: Lang) -> String {
    let (kind, at) = match &evidence.who {
        Who::Sentinel(at) => ("sentinel", quoted(&at.to_string())),
        Who::Server(at) => ("server", quoted(&at.to_string())),
        Who::Here => ("here", "null".to_owned()),
    };
    format!("{{\"who\":\"{kind}\",\"at\":{at},\"said\":{}}}", quoted(evidence.said(lang)))
}

fn unchecked(unchecked: &Unchecked, lang: Lang) -> String {
    format!(
        "{{\"at\":{},\"what\":{},\"why\":{}}}",
        places(&unchecked.at),
        quoted(unchecked.what(lang)),
        quoted(unchecked.why.trim_end())
    )
}

fn places(places: &[Endpoint]) -> String {
    array(places.iter().map(|at| quoted(&at.to_string())))
}

fn array(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(","))
}
