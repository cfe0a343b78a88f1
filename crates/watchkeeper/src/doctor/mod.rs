//! `watchkeeper doctor`: what is wrong with a deployment that runs, before the failover that shows it. It asks sentinels
//! and servers, of Redis, Valkey or ours, and changes nothing.
//!
//! [`examine`] asks first ([`facts`](self)), then judges; every check is a function of what was said. A finding has a
//! code that never changes ([`TABLE`]), says who said what, and what to do. What could not be looked at is told as that,
//! not as well. How it is printed is in `text` and `json`; options and exit statuses are the command line's.

mod absent;
mod access;
mod certificate;
mod code;
mod facts;
mod finding;
mod json;
mod machines;
mod members;
mod names;
mod quorum;
mod replicas;
mod rights;
#[cfg(test)]
mod sample;
mod sentinels;
mod servers;
mod text;
mod view;
mod words;

use std::collections::BTreeMap;

pub use code::{Code, Entry, Severity, TABLE, by_code};
pub use facts::Local;
pub use finding::{Evidence, Finding, Unchecked, Who};
pub use text::table;

use crate::ask::{Endpoint, Failure, Reach};
use facts::Facts;
use finding::Found;
use view::GroupView;

/// What was found out.
#[derive(Debug, Clone)]
pub struct Diagnosis {
    /// when it was begun, in milliseconds since 1970
    pub unix_ms: u64,
    /// the groups, in the order of the sentinels
    pub groups: Vec<Patient>,
    /// the gravest first
    pub findings: Vec<Finding>,
    /// what could not be looked at
    pub unchecked: Vec<Unchecked>,
    /// sentinels that answered
    pub sentinels: Vec<Endpoint>,
}

/// A group that was looked at.
#[derive(Debug, Clone)]
pub struct Patient {
    /// its name
    pub name: String,
    /// its master
    pub master: Endpoint,
    /// replicas that are listed
    pub replicas: usize,
    /// sentinels that answered for it
    pub sentinels: usize,
    /// sentinels that it has, as far as anybody knows
    pub sentinels_known: usize,
}

impl Diagnosis {
    /// The gravest of all findings.
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).min()
    }

    /// The findings of a group, or those of no group.
    fn of<'a>(&'a self, group: Option<&'a str>) -> impl Iterator<Item = &'a Finding> {
        self.findings.iter().filter(move |finding| finding.group.as_deref() == group)
    }

    /// The group to name in advice that is about none.
    fn any_group(&self) -> &str {
        match self.groups.as_slice() {
            [one] => &one.name,
            _ => "GROUP",
        }
    }

    /// Says with which options our other commands reach the deployment, each behind a blank: hints name such commands.
    pub fn reached_with(&mut self, options: &str) {
        for finding in &mut self.findings {
            finding.reached_with(options);
        }
    }

    /// The report for people, with colours or without.
    pub fn text(&self, lang: watchkeeper_core::Lang, colours: bool) -> String {
        text::tell(self, lang, colours)
    }

    /// The report for programs.
    pub fn json(&self, lang: watchkeeper_core::Lang) -> String {
        json::tell(self, lang)
    }
}

/// While a failover is going on, its leader still lists the old master under its own name and the new one as a replica, and
/// holds the old one for down: said as if it stayed so, it would be false, and acted upon it would undo the failover.
fn leave_out_passing(found: &mut Found) {
    let failing_over = |finding: &Finding| finding.code == Code::FailoverRunning;
    let groups: Vec<String> = found
        .findings
        .iter()
        .filter(|finding| failing_over(finding))
        .filter_map(|finding| finding.group.clone())
        .collect();
    let passing = |finding: &Finding| {
        matches!(finding.code, Code::MasterDisputed | Code::MasterDown | Code::NotAReplica)
            && finding.group.as_ref().is_some_and(|group| groups.contains(group))
    };
    let left_out: Vec<Option<String>> = found
        .findings
        .iter()
        .filter(|finding| passing(finding))
        .map(|finding| finding.group.clone())
        .collect();
    found.findings.retain(|finding| !passing(finding));
    for finding in
        found.findings.iter_mut().filter(|finding| failing_over(finding) && left_out.contains(&finding.group))
    {
        finding.severity = Severity::Warning;
    }
}

/// Asks everybody and says what is wrong.
///
/// # Errors
/// Why not one sentinel could be asked, by address.
pub fn examine(
    reach: &Reach,
    group: Option<&str>,
    local: BTreeMap<String, Local>,
) -> Result<Diagnosis, Vec<(Endpoint, Failure)>> {
    let facts = Facts::gather(reach, group, local);
    if facts.picture.answering().next().is_none() {
        let failed = facts.picture.sentinels.iter();
        return Err(failed.filter_map(|one| Some((one.at.clone(), one.says.clone().err()?))).collect());
    }
    let mut found = Found::default();
    let mut groups = Vec::new();
    sentinels::deployment(&facts, &mut found);
    members::deployment(&facts, &mut found);
    machines::deployment(&facts, &mut found);
    for name in facts.picture.group_names() {
        let Some(view) = GroupView::of(&facts, &name) else { continue };
        for check in [
            sentinels::group,
            quorum::group,
            absent::group,
            replicas::group,
            members::group,
            servers::group,
            access::group,
            machines::group,
        ] {
            check(&view, &mut found);
        }
        groups.push(Patient {
            master: view.master.clone(),
            replicas: view.replicas().count(),
            sentinels: view.said.len(),
            sentinels_known: view.known(),
            name,
        });
    }
    leave_out_passing(&mut found);
    found.findings.sort_by_key(|finding| (finding.severity, finding.code));
    Ok(Diagnosis {
        unix_ms: facts.picture.unix_ms,
        groups,
        findings: found.findings,
        unchecked: found.unchecked,
        sentinels: facts.picture.answering().map(|(sentinel, _)| sentinel.at.clone()).collect(),
    })
}
