//! How much is remembered of who belongs where: bounded for each group, and over all of them.

use std::collections::{BTreeMap, BTreeSet};

use watchkeeper_core::event::EventKind;

use super::book::{Book, Group, MEMBERS_MAX, NAMES_MAX, Other, Speaker};
use super::incident::{At, Incident, Who, is_address, remember};
use super::said::{Event, Subject};

/// Servers and sentinels remembered over all groups.
const ALL_MAX: usize = 200_000;
/// Groups in which one server or sentinel is looked for.
const HOMES_MAX: usize = 4;

/// How many are remembered.
#[derive(Debug, Default)]
pub(super) struct Members(usize);

impl Members {
    /// Takes one more, if there is room.
    pub(super) fn take(&mut self) -> bool {
        let room = self.0 < ALL_MAX;
        self.0 += usize::from(room);
        room
    }

    pub(super) fn forget(&mut self, number: usize) {
        self.0 = self.0.saturating_sub(number);
    }

    /// Remembers a member of a group.
    pub(super) fn add(&mut self, set: &mut BTreeSet<String>, what: &str) {
        if set.len() < MEMBERS_MAX && !set.contains(what) && self.take() {
            set.insert(what.to_owned());
        }
    }

    /// The entry of a member, if there is still room for it.
    pub(super) fn entry<'a, T: Default>(
        &mut self,
        all: &'a mut BTreeMap<String, T>,
        name: &str,
    ) -> Option<&'a mut T> {
        if !all.contains_key(name) {
            if all.len() >= MEMBERS_MAX || !self.take() {
                return None;
            }
            all.insert(name.to_owned(), T::default());
        }
        all.get_mut(name)
    }
}

impl Book {
    /// A sentinel of this group.
    pub(super) fn knows(&mut self, name: &str, id: &str) {
        if self.group(name).is_none() {
            return;
        }
        if self.spoken_of.len() < NAMES_MAX && !self.spoken_of.contains_key(id) {
            self.spoken_of.insert(id.to_owned(), self.last);
        }
        if let Some(group) = self.groups.get_mut(name).filter(|group| !group.former.contains(id)) {
            let set = if is_address(id) { &mut group.addresses } else { &mut group.sentinels };
            self.members.add(set, id);
        }
        self.at_home(name, id);
    }

    /// Whether what this sentinel says is among what is read.
    pub(super) fn speaks(&self, id: &str) -> bool {
        // `watchkeeper events` names who speaks by its address.
        let place = self.places.get(id);
        self.speakers.iter().any(|speaker| speaker.id.as_deref() == Some(id) || place == Some(&speaker.label))
    }

    /// How many sentinels a group has at least. Who has not told its id is one of those of whom others speak, but none of
    /// whom it speaks itself.
    pub(super) fn size(&self, group: &Group) -> usize {
        let former = |id: &Option<String>| id.as_ref().is_some_and(|id| group.former.contains(id));
        let here = || self.present().filter(|(who, it)| group.told_by.contains(who) && !former(&it.id));
        let knows =
            |who: Who, id: &String| group.acquainted.get(&who).is_some_and(|known| known.contains(id));
        let nameless = || here().filter(|(_, speaker)| speaker.id.is_none());
        let silent = |id: &&String| !self.speaks(id) && nameless().all(|(who, _)| knows(who, id));
        group.size().max(here().count() + group.sentinels.iter().filter(silent).count())
    }

    /// Whether these logs name all sentinels of this group: one of them begins with a sentinel's first start. A log that begins
    /// in the middle of its life, or a stream, names those of whom something is told.
    pub(super) fn names_all(&self, name: &str) -> bool {
        self.present().any(|(who, _)| self.is_whole(who) && !self.elsewhere(who, name))
    }

    /// Whether this sentinel has named all replicas of a group by then. It does so at each switch, and when it finds them,
    /// which is after its first start: one that knows some without having found any has them from its file.
    pub(super) fn names_replicas(&self, who: Who, group: &Group, by: At) -> bool {
        let found = group.found.contains(&who) || group.replicas.is_empty();
        group.listed.get(&who).is_some_and(|at| *at <= by) || (found && self.is_whole(who))
    }

    /// Whether sentinels of this group are up whose logs are not read, as far as anybody tells of them.
    pub(super) fn others_unread(&self, name: &str, group: &Group) -> bool {
        let here = || self.present().filter(|(who, _)| !self.elsewhere(*who, name));
        let nameless = here().filter(|(_, speaker)| speaker.id.is_none()).count();
        let down = |id: &str| group.peers_down.get(id).is_some_and(|by| !by.is_empty());
        let silent = |id: &&String| !self.speaks(id) && !down(id);
        // Releases before 3.2 know each other by addresses, which their own logs do not tell.
        let away = group.peers_down.keys().filter(|id| !self.speaks(id) && down(id)).count();
        let unread = if group.addresses.is_empty() {
            group.sentinels.iter().filter(silent).count()
        } else {
            group.size().saturating_sub(here().count() + away)
        };
        // A log that begins late may tell of others only that they agreed.
        let agreed = group.agreed > here().count() + away;
        // One of those may be who has not told its id, if another speaks of it.
        let told_of = if here().count() > 1 && group.addresses.is_empty() { nameless } else { 0 };
        agreed || unread > told_of
    }

    /// Whether this group has sentinels, up or down, whose logs are not read: others speak of them, or more agreed at once
    /// than are here.
    pub(super) fn unread(&self, name: &str, group: &Group) -> bool {
        let here = || self.present().filter(|(who, _)| !self.elsewhere(*who, name));
        let silent: Vec<&String> = group.sentinels.iter().filter(|id| !self.speaks(id)).collect();
        // Who speaks of all of these itself is none of them.
        let knows = |who: &Who, id: &String| group.acquainted.get(who).is_some_and(|ids| ids.contains(id));
        let nameless = here().filter(|(_, speaker)| speaker.id.is_none());
        let of_them = nameless.filter(|(who, _)| silent.iter().any(|id| !knows(who, id))).count();
        let told_of = if here().count() > 1 { of_them } else { 0 };
        let silent = silent.len();
        let by_address = if group.addresses.is_empty() { 0 } else { group.size() };
        silent > told_of || by_address.max(group.agreed) > here().count()
    }

    /// Another id answers where this one was: it is no sentinel any more. Who says so has forgotten it.
    pub(super) fn has_another_id(&mut self, who: Who, name: &str, id: &str) {
        self.answers(who, name, id);
        let Some(group) = self.groups.get_mut(name) else { return };
        if let Some(known) = group.acquainted.get_mut(&who) {
            self.members.forget(usize::from(known.remove(id)));
        }
        if group.sentinels.remove(id) && group.former.len() < MEMBERS_MAX {
            group.former.insert(id.to_owned());
        }
    }

    /// A process that says the id of one before it in its log is that sentinel, started again: in an outage one more that may
    /// act.
    pub(super) fn started_again(&mut self, who: Who, at: At, id: &str) {
        let this = &self.speakers[who];
        let before = self.speakers.iter().enumerate().position(|(other, it)| {
            let same = it.source == this.source && it.label == this.label && it.id.as_deref() == Some(id);
            other != who && same && it.pid != this.pid
        });
        let Some(before) = before.filter(|_| this.started) else { return };
        let open = self.groups.values_mut().filter_map(|group| group.open.as_mut());
        let mut told = false;
        // One that was pointed elsewhere goes on for those that were not.
        let goes_on =
            |open: &&mut Incident| !open.is_over() || (open.pointed.is_some() && open.new_master.is_none());
        for incident in open.filter(|open| goes_on(open) && !open.downs.is_empty()) {
            remember(&mut incident.returned, (before, at));
            told = true;
        }
        if !told {
            self.other(Other::StartedAgain, before, at);
        }
    }

    /// Gives a log that has not told its id the only one of which others speak and whose log is not here: others that
    /// were there from their start know all.
    pub(super) fn name_the_nameless(&mut self) {
        let nameless: Vec<Who> = self
            .present()
            .filter(|(_, it)| it.id.is_none() && it.label.is_empty())
            .map(|(who, _)| who)
            .collect();
        let [who] = nameless[..] else { return };
        // One whose log ends before this one begins may not have met all others yet.
        let began = self.speakers[who].first;
        let reaches = |it: &Speaker| !self.timed || it.last >= began;
        let whole = self.present().any(|(other, it)| other != who && self.is_whole(other) && reaches(it));
        let groups = self.groups.iter().filter(|(name, _)| !self.elsewhere(who, name));
        let known: BTreeSet<&String> = groups.flat_map(|(_, group)| &group.sentinels).collect();
        let mut unspoken = known.into_iter().filter(|id| !self.speaks(id));
        let only = unspoken.next().filter(|_| unspoken.next().is_none() && whole).cloned();
        drop(unspoken);
        if let Some(id) = only {
            self.identified(who, &id);
        }
    }

    /// Remembers in which groups to look for those whom an event names.
    pub(super) fn homes_of(&mut self, name: &str, event: &Event) {
        if let Subject::Master(place) | Subject::Replica(place) = &event.subject {
            self.at_home(name, place);
        }
        for place in event.detail.iter().filter(|_| event.kind == EventKind::SwitchMaster) {
            self.at_home(name, place);
        }
    }

    fn at_home(&mut self, name: &str, what: &str) {
        match self.homes.get_mut(what) {
            Some(homes) if homes.len() < HOMES_MAX && !homes.iter().any(|home| home == name) => {
                homes.push(name.to_owned());
            }
            Some(_) => {}
            None if self.members.take() => {
                self.homes.insert(what.to_owned(), vec![name.to_owned()]);
            }
            None => {}
        }
    }

    /// The groups in which to look for whom an event is about.
    pub(super) fn homes(&self, subject: &Subject) -> &[String] {
        let what = match subject {
            Subject::Master(what) | Subject::Replica(what) | Subject::Sentinel { id: what, .. } => what,
            Subject::Nobody => return &[],
        };
        self.homes.get(what).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_bounded_over_all_groups() {
        let mut members = Members::default();
        let mut sets = vec![BTreeSet::new(); 1 + ALL_MAX / MEMBERS_MAX];
        for set in &mut sets {
            (0..=MEMBERS_MAX).for_each(|member| members.add(set, &member.to_string()));
        }
        assert_eq!(sets[0].len(), MEMBERS_MAX);
        assert_eq!(sets.iter().map(BTreeSet::len).sum::<usize>(), ALL_MAX);
        assert!(members.entry(&mut BTreeMap::<String, u8>::new(), "x").is_none());
        members.forget(1);
        assert!(members.take() && !members.take());
    }

    #[test]
    fn a_member_is_looked_for_in_few_groups() {
        let mut book = Book::default();
        (0..10).for_each(|group| book.knows(&group.to_string(), "a"));
        let subject = Subject::Sentinel { id: "a".to_owned(), at: String::new() };
        assert_eq!(book.homes(&subject), ["0", "1", "2", "3"]);
        assert!(book.groups.values().all(|group| group.sentinels.contains("a")));
    }
}
