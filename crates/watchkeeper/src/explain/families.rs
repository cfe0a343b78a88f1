//! Groups of one name that are not one group: what a single stream holds of several deployments is told apart while it is
//! read, by addresses and ids. Whole logs are told apart before, by `kin`, which has seen all of them.

use std::collections::{BTreeMap, BTreeSet};

use watchkeeper_core::event::EventKind;

use super::book::{Book, NAMES_MAX};
use super::incident::{Who, is_address};
use super::members::Members;
use super::said::{Event, Place, Said, Subject};

/// Deployments of one name told apart.
const FAMILIES_MAX: usize = 8;

/// All groups of one name.
pub(super) type Families = BTreeMap<String, Vec<Family>>;

/// What is known to be one group.
#[derive(Debug, Clone, Default)]
pub(super) struct Family {
    /// how it is called in the book
    pub(super) key: String,
    /// the master first named
    pub(super) master: Place,
    servers: BTreeSet<Place>,
    sentinels: BTreeSet<String>,
    /// it turned out to be this one
    pub(super) merged: Option<usize>,
}

impl Family {
    fn shares(&self, event: &Event) -> bool {
        let named = places(event).any(|place| self.servers.contains(place));
        named || sentinel(event).is_some_and(|id| self.sentinels.contains(id))
    }

    fn absorb(&mut self, event: &Event, own: Option<&String>, members: &mut Members) {
        for place in places(event) {
            members.add(&mut self.servers, place);
        }
        for id in sentinel(event).into_iter().chain(own.map(String::as_str)) {
            members.add(&mut self.sentinels, id);
        }
    }
}

/// The servers that an event names.
fn places(event: &Event) -> impl Iterator<Item = &str> {
    let subject = match &event.subject {
        Subject::Master(place) | Subject::Replica(place) => Some(place),
        Subject::Sentinel { .. } | Subject::Nobody => None,
    };
    let switch = event.detail.iter().filter(|_| event.kind == EventKind::SwitchMaster);
    let named = subject.into_iter().chain([&event.of]).chain(switch).map(String::as_str);
    named.filter(|place| !place.is_empty())
}

fn sentinel(event: &Event) -> Option<&str> {
    match &event.subject {
        Subject::Sentinel { id, .. } if !is_address(id) => Some(id),
        Subject::Sentinel { .. } | Subject::Master(_) | Subject::Replica(_) | Subject::Nobody => None,
    }
}

/// The master that an event names.
fn master(event: &Event) -> Option<&str> {
    match &event.subject {
        Subject::Master(place) => Some(place.as_str()),
        Subject::Nobody if event.kind == EventKind::SwitchMaster => event.detail.first().map(String::as_str),
        Subject::Replica(_) | Subject::Sentinel { .. } | Subject::Nobody => {
            Some(event.of.as_str()).filter(|place| !place.is_empty())
        }
    }
}

/// Which one this has turned out to be.
fn settled(families: &[Family], mut at: usize) -> usize {
    // One is merged only into an earlier one.
    while let Some(into) = families.get(at).and_then(|family| family.merged) {
        at = into;
    }
    at
}

/// The first of two that are one takes over what is known of the other.
fn unite(families: &mut [Family], first: usize, other: usize, members: &mut Members) {
    families[other].merged = Some(first);
    let servers = std::mem::take(&mut families[other].servers);
    let sentinels = std::mem::take(&mut families[other].sentinels);
    members.forget(servers.len() + sentinels.len());
    servers.iter().for_each(|place| members.add(&mut families[first].servers, place));
    sentinels.iter().for_each(|id| members.add(&mut families[first].sentinels, id));
}

impl Book {
    /// The same of a group whose name another one in these logs has too, under the name it has here.
    pub(super) fn of_family(&mut self, who: Who, said: &Said) -> Option<Said> {
        if let Said::Event(event) = said {
            // One that names no group belongs to none.
            let group = if event.group.is_empty() { None } else { self.family_of(who, event) };
            return said.renamed(|_| group);
        }
        said.renamed(|group| self.key_of(who, group))
    }

    /// What the group of this name is called that this sentinel watches, if that is not its name.
    fn key_of(&self, who: Who, name: &str) -> Option<String> {
        let at = *self.speakers.get(who)?.families.get(name)?;
        let families = self.families.get(name)?;
        families.get(settled(families, at)).map(|family| family.key.clone()).filter(|key| key != name)
    }

    /// What the group of an event is called here, if that is not its name.
    fn family_of(&mut self, who: Who, event: &Event) -> Option<String> {
        let name = &event.group;
        if self.families.len() >= NAMES_MAX && !self.families.contains_key(name) {
            return None;
        }
        let speaker = self.speakers.get(who)?;
        // A sentinel watches one group of a name; a bare stream may be put together from several.
        let one = speaker.pid != 0 || !speaker.label.is_empty();
        let (noted, own) = (speaker.families.get(name).copied(), speaker.id.clone());
        let removed = self.groups.get(name).is_some_and(|group| group.removed.contains(&who));
        if !self.families.contains_key(name) {
            self.families.insert(name.clone(), Vec::new());
        }
        let families = self.families.get_mut(name)?;
        let known = noted.map(|at| settled(families, at));
        let mut united = None;
        let related = families.iter().position(|family| family.merged.is_none() && family.shares(event));
        let at = match (known, related) {
            (Some(known), Some(other)) if one && known > other => {
                unite(families, other, known, &mut self.members);
                united = Some((families[other].key.clone(), families[known].key.clone()));
                other
            }
            (Some(known), _) if one => known,
            (_, Some(related)) => related,
            (known, None) => {
                let vague = master(event).is_none() || removed || families.len() >= FAMILIES_MAX;
                let unknown = |family: &Family| family.servers.is_empty() && family.merged.is_none();
                let first = || families.iter().position(unknown);
                match known.filter(|_| vague).or_else(first) {
                    Some(at) => at,
                    None if vague && !families.is_empty() => 0,
                    None => begin(families, name, master(event).unwrap_or_default()),
                }
            }
        };
        self.several |= families.len() > 1;
        families[at].absorb(event, own.as_ref().filter(|_| one), &mut self.members);
        if !self.family_keys.contains_key(&families[at].key) {
            self.family_keys.insert(families[at].key.clone(), (name.clone(), at));
        }
        let key = Some(&families[at].key).filter(|key| *key != name).cloned();
        if let Some((first, other)) = united {
            self.join_groups(&first, &other);
        }
        if noted != Some(at) {
            if let Some(speaker) = self.speakers.get_mut(who) {
                speaker.families.insert(name.clone(), at);
            }
        }
        key
    }

    /// What was told of a group under another name is told of this one: it is the same.
    fn join_groups(&mut self, first: &str, other: &str) {
        self.incidents
            .iter_mut()
            .filter(|it| it.group == other)
            .for_each(|it| first.clone_into(&mut it.group));
        self.speakers
            .iter_mut()
            .filter(|it| it.context == other)
            .for_each(|it| first.clone_into(&mut it.context));
        let Some(joined) = self.groups.remove(other) else { return };
        let Some(group) = self.group(first) else { return };
        if group.master.is_empty() {
            group.master = joined.master;
        }
        group.told_by.extend(joined.told_by);
        group.sentinels.extend(joined.sentinels);
        group.replicas.extend(joined.replicas);
        for (who, known) in joined.acquainted {
            group.acquainted.entry(who).or_default().extend(known);
        }
        let Some(mut open) = joined.open else { return };
        first.clone_into(&mut open.group);
        match &mut group.open {
            None => group.open = Some(open),
            // Both began with who missed the master first.
            Some(known) if known.master == open.master => {
                (known.began, known.last) = (known.began.min(open.began), known.last.max(open.last));
                open.downs.append(&mut known.downs);
                known.downs = open.downs;
                known.downs.sort_by_key(|down| down.at);
            }
            Some(_) => {}
        }
    }

    /// Whether this group is another one than that of the same name that this sentinel watches.
    pub(super) fn of_another_family(&self, who: Who, key: &str) -> bool {
        let Some(speaker) = self.speakers.get(who).filter(|_| self.several) else { return false };
        let Some((name, at)) = self.family_keys.get(key) else { return false };
        let Some((families, own)) = self.families.get(name).zip(speaker.families.get(name)) else {
            return false;
        };
        let bare = speaker.pid == 0 && speaker.label.is_empty();
        settled(families, *at) != settled(families, *own) && !bare
    }
}

/// A family more: the first has the plain name.
fn begin(families: &mut Vec<Family>, name: &str, master: &str) -> usize {
    let key = if families.is_empty() { name.to_owned() } else { format!("{name} ({master})") };
    families.push(Family { key, master: master.to_owned(), ..Family::default() });
    families.len() - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_merged_twice_is_followed_to_its_end() {
        let family = |key: &str| Family { key: key.to_owned(), ..Family::default() };
        let mut families = vec![family("m"), family("m (a)"), family("m (b)")];
        let mut members = Members::default();
        members.add(&mut families[2].servers, "b");
        unite(&mut families, 1, 2, &mut members);
        unite(&mut families, 0, 1, &mut members);
        assert_eq!(settled(&families, 2), 0);
        assert!(families[0].servers.contains("b") && families[2].servers.is_empty());
    }
}
