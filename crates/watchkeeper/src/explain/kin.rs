//! Which logs tell of the same deployment. The name of a group says little: most are called `mymaster`. Logs that share
//! neither a server nor a sentinel are of different deployments, and what they tell must not become one incident.

use std::collections::{BTreeMap, BTreeSet};

use super::incident::is_address;
use super::said::{Place, Said, Subject};
use super::source::Entry;

/// Servers and sentinels remembered of one log.
const SIGNS_MAX: usize = 4096;
/// Groups remembered of one log.
const GROUPS_MAX: usize = 2048;

/// What a log names, by which others know it for one of theirs.
#[derive(Debug, Default)]
pub(super) struct Kin {
    groups: BTreeMap<String, Signs>,
    /// ids of the sentinels that speak
    own: BTreeSet<String>,
}

/// Of one group.
#[derive(Debug, Default)]
struct Signs {
    /// the first master named
    master: Place,
    servers: BTreeSet<Place>,
    sentinels: BTreeSet<String>,
}

/// Logs that belong together.
#[derive(Debug)]
struct Family {
    logs: Vec<usize>,
    signs: Signs,
}

impl Kin {
    pub(super) fn take(&mut self, entry: &Entry) {
        match &entry.said {
            Said::Id(id) => add(&mut self.own, id),
            Said::Event(event) if !event.group.is_empty() => {
                if self.groups.len() >= GROUPS_MAX && !self.groups.contains_key(&event.group) {
                    return;
                }
                if !self.groups.contains_key(&event.group) {
                    self.groups.insert(event.group.clone(), Signs::default());
                }
                let Some(signs) = self.groups.get_mut(&event.group) else { return };
                signs.take(&event.subject);
                if event.kind == watchkeeper_core::event::EventKind::SwitchMaster {
                    event.detail.iter().for_each(|place| add(&mut signs.servers, place));
                }
            }
            Said::Event(_)
            | Said::Voted { .. }
            | Said::Port(_)
            | Said::Maker(_)
            | Said::Waits(_)
            | Said::Asked(_)
            | Said::Started
            | Said::Stopped
            | Said::Reason { .. }
            | Said::TiltCause(_)
            | Said::NotSaved
            | Said::Unresolved(_) => {}
        }
    }
}

impl Signs {
    fn take(&mut self, subject: &Subject) {
        match subject {
            Subject::Master(place) => {
                if self.master.is_empty() {
                    self.master.clone_from(place);
                }
                add(&mut self.servers, place);
            }
            Subject::Replica(place) => add(&mut self.servers, place),
            Subject::Sentinel { id, .. } if !is_address(id) => add(&mut self.sentinels, id),
            Subject::Sentinel { .. } | Subject::Nobody => {}
        }
    }

    fn shares(&self, other: &Signs) -> bool {
        !self.servers.is_disjoint(&other.servers) || !self.sentinels.is_disjoint(&other.sentinels)
    }

    fn absorb(&mut self, other: Signs) {
        self.servers.extend(other.servers);
        self.sentinels.extend(other.sentinels);
        if self.master.is_empty() {
            self.master = other.master;
        }
    }
}

fn add(set: &mut BTreeSet<String>, what: &str) {
    if set.len() < SIGNS_MAX && !set.contains(what) {
        set.insert(what.to_owned());
    }
}

/// Of each log, how those of its groups are called whose name other deployments have too.
pub(super) fn apart(kin: Vec<Kin>) -> Vec<BTreeMap<String, String>> {
    let mut renamed = vec![BTreeMap::new(); kin.len()];
    let mut groups: BTreeMap<String, Vec<Family>> = BTreeMap::new();
    for (log, kin) in kin.into_iter().enumerate() {
        for (name, mut signs) in kin.groups {
            signs.sentinels.extend(kin.own.iter().cloned());
            join(groups.entry(name).or_default(), Family { logs: vec![log], signs });
        }
    }
    for (name, families) in groups.into_iter().filter(|(_, families)| families.len() > 1) {
        for family in families {
            let own = format!("{name} ({})", family.signs.master);
            for log in family.logs {
                renamed[log].insert(name.clone(), own.clone());
            }
        }
    }
    renamed
}

/// Adds a family to those it has nothing in common with, or makes it one with the others. A log that names no sentinel or
/// no master is too short to tell: it belongs to the first.
fn join(families: &mut Vec<Family>, mut fresh: Family) {
    let vague = |signs: &Signs| signs.sentinels.is_empty() || signs.master.is_empty();
    let (related, others): (Vec<Family>, Vec<Family>) = std::mem::take(families)
        .into_iter()
        .partition(|family| family.signs.shares(&fresh.signs) || vague(&family.signs));
    let strange = related.is_empty() && vague(&fresh.signs);
    for family in related {
        fresh.logs.extend(family.logs);
        fresh.signs.absorb(family.signs);
    }
    *families = others;
    match families.first_mut().filter(|_| strange) {
        Some(first) => {
            first.logs.extend(fresh.logs);
            first.signs.absorb(fresh.signs);
        }
        None => families.push(fresh),
    }
}

/// The logs of each deployment, if there are several.
pub(super) fn deployments(renamed: &[BTreeMap<String, String>]) -> Vec<Vec<usize>> {
    if renamed.iter().all(BTreeMap::is_empty) {
        return vec![(0..renamed.len()).collect()];
    }
    let mut found: Vec<(BTreeSet<&String>, Vec<usize>)> = Vec::new();
    for (log, names) in renamed.iter().enumerate() {
        let names: BTreeSet<&String> = names.values().collect();
        match found.iter_mut().find(|(known, _)| !known.is_disjoint(&names) || *known == names) {
            Some((known, logs)) => {
                known.extend(names);
                logs.push(log);
            }
            None => found.push((names, vec![log])),
        }
    }
    found.into_iter().map(|(_, logs)| logs).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A log of `m` that names this master and this sentinel.
    fn log(master: &str, sentinel: &str) -> Kin {
        let mut signs = Signs::default();
        if !master.is_empty() {
            signs.take(&Subject::Master(master.to_owned()));
        }
        if !sentinel.is_empty() {
            signs.take(&Subject::Sentinel { id: sentinel.to_owned(), at: Place::new() });
        }
        Kin { groups: BTreeMap::from([("m".to_owned(), signs)]), own: BTreeSet::new() }
    }

    #[test]
    fn what_shares_a_server_or_a_sentinel_belongs_together() {
        let names = |logs: Vec<Kin>| -> Vec<String> {
            apart(logs).into_iter().map(|names| names.get("m").cloned().unwrap_or_default()).collect()
        };
        assert_eq!(names(vec![log("a:1", "s1"), log("b:1", "s2")]), ["m (a:1)", "m (b:1)"]);
        assert_eq!(names(vec![log("a:1", "s1"), log("a:1", "s2")]), ["", ""]);
        assert_eq!(names(vec![log("a:1", "s1"), log("b:1", "s1")]), ["", ""]);
        // The third is what the first two have in common.
        let mut both = log("a:1", "s3");
        both.groups.get_mut("m").unwrap().take(&Subject::Replica("b:1".to_owned()));
        assert_eq!(names(vec![log("a:1", "s1"), log("b:1", "s2"), both]), ["", "", ""]);
        // Too little is known to say so.
        assert_eq!(names(vec![log("a:1", "s1"), log("b:1", "")]), ["", ""]);
        let three = vec![log("a:1", "s1"), log("b:1", "s2"), log("a:1", "s3")];
        assert_eq!(deployments(&apart(three)), [vec![0, 2], vec![1]]);
    }
}
