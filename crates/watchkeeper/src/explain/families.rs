//! Groups of one name that are not one group: what a single stream holds of several deployments is told apart while it is
//! read, by addresses and ids. Whole logs are told apart before, by `kin`, which has seen all of them.

use std::collections::{BTreeMap, BTreeSet};

use watchkeeper_core::event::EventKind;

use super::book::{Book, MEMBERS_MAX, NAMES_MAX};
use super::incident::{Who, is_address};
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

    fn absorb(&mut self, event: &Event, own: Option<&String>) {
        for place in places(event) {
            add(&mut self.servers, place);
        }
        for id in sentinel(event).into_iter().chain(own.map(String::as_str)) {
            add(&mut self.sentinels, id);
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

fn add(set: &mut BTreeSet<String>, what: &str) {
    if set.len() < MEMBERS_MAX && !set.contains(what) {
        set.insert(what.to_owned());
    }
}

impl Book {
    /// The same of a group whose name another one in these logs has too, under the name it has here.
    pub(super) fn of_family(&mut self, who: Who, said: &Said) -> Option<Said> {
        match said {
            Said::Event(event) if !event.group.is_empty() => {
                let group = self.family_of(who, event)?;
                Some(Said::Event(Event { group, ..event.clone() }))
            }
            Said::Asked(group) => Some(Said::Asked(self.key_of(who, group)?)),
            Said::Reason { group, text } => {
                Some(Said::Reason { group: self.key_of(who, group)?, text: text.clone() })
            }
            Said::Event(_)
            | Said::Voted { .. }
            | Said::Id(_)
            | Said::Port(_)
            | Said::Maker(_)
            | Said::Started
            | Said::Stopped
            | Said::TiltCause(_)
            | Said::NotSaved
            | Said::Unresolved(_) => None,
        }
    }

    /// What the group of this name is called that this sentinel watches, if that is not its name.
    fn key_of(&self, who: Who, name: &str) -> Option<String> {
        let at = *self.speakers.get(who)?.families.get(name)?;
        self.families.get(name)?.get(at).map(|family| family.key.clone()).filter(|key| key != name)
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
        let (known, own) = (speaker.families.get(name).copied(), speaker.id.clone());
        let removed = self.groups.get(name).is_some_and(|group| group.removed.contains(&who));
        if !self.families.contains_key(name) {
            self.families.insert(name.clone(), Vec::new());
        }
        let families = self.families.get_mut(name)?;
        let related = families.iter().position(|family| family.merged.is_none() && family.shares(event));
        let at = match (known, related) {
            (Some(known), Some(other)) if one && known > other => {
                families[known].merged = Some(other);
                let (servers, sentinels) =
                    (families[known].servers.clone(), families[known].sentinels.clone());
                servers.iter().for_each(|place| add(&mut families[other].servers, place));
                sentinels.iter().for_each(|id| add(&mut families[other].sentinels, id));
                other
            }
            (Some(known), _) if one => known,
            (_, Some(related)) => related,
            (known, None) => {
                let vague = master(event).is_none() || removed || families.len() >= FAMILIES_MAX;
                let first = || families.iter().position(|family| family.servers.is_empty());
                match known.filter(|_| vague).or_else(first) {
                    Some(at) => at,
                    None if vague && !families.is_empty() => 0,
                    None => begin(families, name, master(event).unwrap_or_default()),
                }
            }
        };
        let at = families[at].merged.unwrap_or(at);
        self.several |= families.len() > 1;
        families[at].absorb(event, own.as_ref().filter(|_| one));
        let key = Some(&families[at].key).filter(|key| *key != name).cloned();
        if known != Some(at) {
            if let Some(speaker) = self.speakers.get_mut(who) {
                speaker.families.insert(name.clone(), at);
            }
        }
        key
    }

    /// Whether this group is another one than that of the same name that this sentinel watches.
    pub(super) fn of_another_family(&self, who: Who, key: &str) -> bool {
        let Some(speaker) = self.speakers.get(who).filter(|_| self.several) else { return false };
        let several = self.families.iter().filter(|(_, families)| families.len() > 1);
        for (name, families) in several {
            let at = families.iter().position(|family| family.key == key);
            if let Some((at, own)) = at.zip(speaker.families.get(name)) {
                let at = families[at].merged.unwrap_or(at);
                let bare = speaker.pid == 0 && speaker.label.is_empty();
                return at != *own && !bare;
            }
        }
        false
    }
}

/// A family more: the first has the plain name.
fn begin(families: &mut Vec<Family>, name: &str, master: &str) -> usize {
    let key = if families.is_empty() { name.to_owned() } else { format!("{name} ({master})") };
    families.push(Family { key, master: master.to_owned(), ..Family::default() });
    families.len() - 1
}
