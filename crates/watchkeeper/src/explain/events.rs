//! Each event put where it belongs in the book: into the incident of its group, or beside.

use std::collections::BTreeSet;

use watchkeeper_core::event::EventKind;

use super::belong::LOOSE_VOTES;
use super::book::{Book, Candidacy, MEMBERS_MAX, Other, Speaker};
use super::incident::{
    Afterwards, Agreed, At, Down, End, Foreign, How, Incident, Learned, Voter, Who, is_address, remember,
};
use super::said::{Event, Place, Subject};

/// A master that is away again within this time is the same incident.
const FLAP_MS: i64 = 60_000;
/// A sentinel that misses a master so soon after its start may not have had an answer from it.
const JUST_STARTED_MS: i64 = 60_000;
/// Where down-after-milliseconds is known, only so much later.
const START_SLACK_MS: i64 = 1_500;
/// An incident that is over and silent for so long takes nothing more.
pub(super) const STALE_MS: i64 = 30 * 60_000;
/// So much later a sentinel may still tell of a failover that is over for others.
pub(super) const LATE_MS: i64 = 60_000;
/// A sentinel asks a master only every ten seconds whether it has restarted.
const RESTART_SEEN_MS: i64 = 15_000;
/// So many incidents back an old master may belong to.
pub(super) const LOOK_BACK: usize = 16;

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Topic {
    Settings,
    Members,
    Down,
    Agreement,
    Election,
    Work,
    Switch,
    Role,
    Process,
    Nothing,
}

#[rustfmt::skip]
fn topic(kind: EventKind) -> Topic {
    use EventKind as E;
    match kind {
        E::Monitor | E::Unmonitor | E::Set | E::ResetMaster => Topic::Settings,
        E::Slave | E::Sentinel | E::SentinelAddressSwitch | E::SentinelInvalidAddr | E::Reboot => Topic::Members,
        E::SubjectivelyDown | E::SubjectivelyUp => Topic::Down,
        E::ObjectivelyDown | E::ObjectivelyUp => Topic::Agreement,
        E::NewEpoch | E::VoteForLeader | E::TryFailover | E::ElectedLeader | E::AbortNotElected => Topic::Election,
        E::AbortNoGoodSlave | E::SelectedSlave | E::StateWaitPromotion | E::AbortSlaveTimeout | E::PromotedSlave | E::SlaveReconfSent
        | E::SlaveReconfSentTimeout | E::SlaveReconfDone | E::SlaveReconfSentBestEffort
        | E::FailoverEndForTimeout | E::FailoverEnd => Topic::Work,
        E::SwitchMaster | E::ConfigUpdateFrom | E::FailoverDetected => Topic::Switch,
        E::RoleAgrees | E::RoleDiffers | E::ConvertToSlave | E::FixSlaveConfig => Topic::Role,
        E::Tilt | E::TiltEnd | E::ScriptError | E::ScriptTimeout => Topic::Process,
        E::DupSentinel | E::SentinelAddressUpdate | E::StateSelectSlave
        | E::StateSendSlaveofNoone | E::StateReconfSlaves | E::SlaveReconfInprog
        | E::ScriptChild | E::ScriptChildEnd | E::CmdLinkReconnection | E::PubsubLinkReconnection => Topic::Nothing,
    }
}

impl Book {
    /// Takes an event.
    pub(super) fn event(&mut self, who: Who, at: At, event: &Event) {
        let named = self.with_group(who, event);
        let event = named.as_ref().unwrap_or(event);
        if event.group.is_empty() && event.subject != Subject::Nobody {
            return;
        }
        if !event.group.is_empty() {
            self.speakers[who].context.clone_from(&event.group);
            let stale = self.group(&event.group).and_then(|group| group.open.as_ref());
            if stale.is_some_and(|incident| incident.is_over() && at - incident.last > STALE_MS) {
                self.put_away(&event.group);
            }
            self.learn(who, &event.group, event);
            self.named_later(who, &event.group, &event.of);
        }
        match topic(event.kind) {
            Topic::Settings => self.settings(who, at, event),
            Topic::Members => self.members(who, at, event),
            Topic::Down => self.down(who, at, event),
            Topic::Agreement => self.agreement(who, at, event),
            Topic::Election => self.election(who, at, event),
            Topic::Work => self.work(who, at, event),
            Topic::Switch => self.switch(who, at, event),
            Topic::Role => self.role(who, at, event),
            Topic::Process => self.process(who, at, event),
            Topic::Nothing => {}
        }
    }

    /// A text for people may leave out whose replica or sentinel it is about: then it is of the group that has it, of the
    /// only one, or of the one that this sentinel spoke of last.
    fn with_group(&self, who: Who, event: &Event) -> Option<Event> {
        if !event.group.is_empty() || event.subject == Subject::Nobody {
            return None;
        }
        let has = |name: &&String| match (self.groups.get(*name), &event.subject) {
            (Some(group), Subject::Replica(place) | Subject::Master(place)) => {
                group.replicas.contains(place) || group.master == *place
            }
            (Some(group), Subject::Sentinel { id, .. }) => group.sentinels.contains(id),
            (Some(_), Subject::Nobody) | (None, _) => false,
        };
        let context = Some(&self.speakers[who].context).filter(|name| !name.is_empty());
        let mut having = self.homes(&event.subject).iter().filter(has);
        let alone = having.next().filter(|_| having.next().is_none());
        let only = self.groups.keys().next().filter(|_| self.groups.len() == 1);
        let group = context.filter(has).or(alone).or(context).or(only)?.clone();
        Some(Event { group, ..event.clone() })
    }

    /// Who is in the group, from whatever event.
    fn learn(&mut self, who: Who, name: &str, event: &Event) {
        if let Subject::Sentinel { id, at } = &event.subject {
            // Before its first hello a sentinel of the file is known by its address.
            if !is_address(id) {
                self.placed(id, at);
            }
            if let Some(group) = self.groups.get_mut(name).filter(|_| event.kind == EventKind::Sentinel) {
                group.former.remove(id);
            }
            self.knows(name, id);
            self.notice_another(who, |own| own == id);
            if let Some(group) = self.groups.get_mut(name) {
                self.members.add(group.acquainted.entry(who).or_default(), id);
            }
        }
        if self.group(name).is_none() {
            return;
        }
        self.homes_of(name, event);
        let Some(group) = self.groups.get_mut(name) else { return };
        if event.kind == EventKind::Slave {
            group.found.insert(who);
            self.speakers[who].unmet = None;
        }
        group.told_by.insert(who);
        match &event.subject {
            Subject::Replica(place) => self.members.add(&mut group.replicas, place),
            Subject::Master(place) if group.master.is_empty() => group.master.clone_from(place),
            Subject::Master(_) | Subject::Sentinel { .. } | Subject::Nobody => {}
        }
        // A log that begins in the middle may name the master only beside somebody else.
        if group.master.is_empty() {
            group.master.clone_from(&event.of);
        }
    }

    /// A sentinel votes for itself when it comes forward, and never speaks of itself as of another: a stream in which it is
    /// not so holds several.
    fn notice_another(&mut self, who: Who, is_another: impl Fn(&String) -> bool) {
        let speaker = &self.speakers[who];
        let bare = speaker.pid == 0 && speaker.label.is_empty() && !speaker.started;
        if bare && speaker.id.as_ref().is_some_and(is_another) {
            self.mixed.insert(speaker.source);
        }
    }

    fn settings(&mut self, who: Who, at: At, event: &Event) {
        if event.kind == EventKind::Unmonitor {
            if self.calm(&event.group) {
                self.other(Other::Unwatched(event.group.clone()), who, at);
            }
            self.removed(who, at, &event.group);
            return;
        }
        if let (EventKind::Monitor, Subject::Master(place)) = (event.kind, &event.subject) {
            self.pointed(who, at, &event.group, place);
            // Every start says so, too.
            let speaker = &self.speakers[who];
            if (speaker.settled || speaker.pid == 0) && self.calm(&event.group) {
                self.other(Other::Watched(event.group.clone(), place.clone()), who, at);
            }
        }
        let Some(group) = self.group(&event.group) else { return };
        if event.kind == EventKind::Monitor {
            if let Subject::Master(place) = &event.subject {
                group.master.clone_from(place);
            }
            if let Some(quorum) = event.detail.get(1).and_then(|quorum| quorum.parse().ok()) {
                group.quorums.insert(who, quorum);
            }
            if let Some(id) = self.speakers[who].id.clone() {
                self.knows(&event.group, &id);
            }
            return;
        }
        if event.kind == EventKind::Set {
            let value = event.detail.get(1).and_then(|value| value.parse::<u64>().ok());
            match (event.detail.first().map(String::as_str), value) {
                (Some("down-after-milliseconds"), Some(ms)) => group.down_after = Some(ms),
                (Some("quorum"), Some(quorum)) => self.quorum_set(who, at, &event.group, quorum as u32),
                _ => {}
            }
            // A password must not come into a report.
            let option = event.detail.first().cloned().unwrap_or_default();
            self.other(Other::Set(event.group.clone(), option), who, at);
        }
        if event.kind == EventKind::ResetMaster && !self.forgets(who, at, &event.group) {
            self.other(Other::Reset(event.group.clone()), who, at);
        }
    }

    /// Nothing is going on in this group.
    fn calm(&self, name: &str) -> bool {
        let open = self.groups.get(name).and_then(|group| group.open.as_ref());
        open.is_none_or(|open| open.is_over() && open.pointed.is_none())
    }

    /// A sentinel that is found, or found elsewhere, was heard of: no -sdown is logged of where it had been.
    pub(super) fn answers(&mut self, who: Who, name: &str, id: &str) {
        if let Some(by) = self.group(name).and_then(|group| group.peers_down.get_mut(id)) {
            by.remove(&who);
        }
    }

    /// SENTINEL RESET: the sentinel knows no other sentinel and no replica any more. Whether that is a part of an incident.
    fn forgets(&mut self, who: Who, at: At, name: &str) -> bool {
        let Some(group) = self.groups.get_mut(name) else { return false };
        self.members.forget(group.acquainted.remove(&who).map_or(0, |known| known.len()));
        for by in group.peers_down.values_mut().chain(group.replicas_down.values_mut()) {
            by.remove(&who);
        }
        let Some(open) = group.open.as_mut().filter(|open| !open.is_over()) else { return false };
        let missed = open.saw().contains(&who);
        // Without times only its own stream tells what was before.
        if missed || open.timed {
            remember(&mut open.resets, (who, at));
        }
        if missed {
            open.reset.insert(who);
        }
        missed || open.timed
    }

    /// A sentinel was told to forget the group, and with it whom it misses there.
    fn removed(&mut self, who: Who, at: At, name: &str) {
        let Some(group) = self.groups.get_mut(name) else { return };
        // Who was missing until then is still why nobody acted.
        let down = group.peers_down_now();
        if let Some(open) = group.open.as_mut().filter(|open| open.new_master.is_none()) {
            open.peers_down.extend(down);
            open.last = open.last.max(at);
        }
        for by in group.peers_down.values_mut().chain(group.replicas_down.values_mut()) {
            by.remove(&who);
        }
        self.members.forget(group.acquainted.remove(&who).map_or(0, |known| known.len()));
        group.removed.insert(who);
    }

    /// A sentinel was given a master. Another one than the one that is missed, by operators: they did the failover. A
    /// sentinel that starts has its master from its file, so only one that was told to forget it counts.
    fn pointed(&mut self, who: Who, at: At, name: &str, place: &Place) {
        let Some(group) = self.group(name) else { return };
        if !group.removed.remove(&who) {
            return;
        }
        let Some(open) = group.open.as_mut() else { return };
        let missed = open.pointed.is_some() || !open.is_over();
        if !missed || open.master == *place || open.downs.is_empty() {
            return;
        }
        let (to, by) = open.pointed.get_or_insert_with(|| (place.clone(), Vec::new()));
        if to == place {
            remember(by, (who, at));
            open.last = open.last.max(at);
        }
    }

    fn members(&mut self, who: Who, at: At, event: &Event) {
        if event.kind == EventKind::SentinelAddressSwitch {
            // `ip <ip> port <port> for <id>`
            if let [_, ip, _, port, _, id, ..] = &event.detail[..] {
                let place = super::said::place(ip, port);
                self.placed(id, &place);
                self.answers(who, &event.group, id);
                self.other(Other::Moved(id.clone(), place), who, at);
            }
        }
        if let Subject::Sentinel { id, .. } = &event.subject {
            if event.kind == EventKind::SentinelInvalidAddr {
                self.has_another_id(who, &event.group, id);
            } else if event.kind == EventKind::Sentinel {
                self.answers(who, &event.group, id);
            }
        }
        if event.kind == EventKind::Reboot {
            let (place, is_master) = match &event.subject {
                Subject::Master(place) => (place.clone(), true),
                Subject::Replica(place) => (place.clone(), false),
                Subject::Sentinel { .. } | Subject::Nobody => return,
            };
            let read = at.saturating_sub(self.speakers[who].first) >= RESTART_SEEN_MS;
            let since = self.is_whole(who) || !self.timed || read;
            if is_master && since && !self.missed_of_late(&event.group, &place, at) {
                self.other(Other::UnseenRestart(event.group.clone(), place.clone()), who, at);
            }
            let open = self.groups.get_mut(&event.group).and_then(|group| group.open.as_mut());
            if let Some(incident) = open.filter(|open| open.master == place && !open.downs.is_empty()) {
                incident.restarted = true;
                if is_master {
                    incident.beside.rebooted.get_or_insert(at);
                }
            }
            self.other(Other::Rebooted(event.group.clone(), place), who, at);
        }
    }

    /// Whether somebody missed this master until now, or shortly before.
    fn missed_of_late(&self, name: &str, place: &str, at: At) -> bool {
        let missed = |it: &Incident| {
            let of_late = |down: &Down| match down.up.or(it.first_told()) {
                None => true,
                Some(until) if it.timed => at - until < RESTART_SEEN_MS,
                // Without times nobody knows how long ago.
                Some(_) => it.new_master.is_none(),
            };
            it.group == name && it.master == place && it.downs.iter().any(of_late)
        };
        let open = self.groups.get(name).and_then(|group| group.open.as_ref());
        open.is_some_and(missed) || self.incidents.iter().rev().take(LOOK_BACK).any(missed)
    }

    fn down(&mut self, who: Who, at: At, event: &Event) {
        let is_down = event.kind == EventKind::SubjectivelyDown;
        match &event.subject {
            Subject::Master(place) if is_down => self.master_down(who, at, &event.group, place),
            Subject::Master(place) => self.master_up(who, at, &event.group, place),
            Subject::Replica(place) => {
                let Some(group) = self.groups.get_mut(&event.group) else { return };
                let Some(by) = self.members.entry(&mut group.replicas_down, place) else { return };
                missed_by(by, who, is_down, &self.speakers);
                if !is_down {
                    self.answered(&event.group, place, at);
                }
                // A replica that was back and fails again is not the old master's story any more.
                let old = self.replaced(&event.group, place, at);
                // Without times another stream stands behind the one that has its return.
                let back = |incident: &Incident| {
                    incident.timed && incident.afterwards.iter().any(|(what, _)| *what == Afterwards::Answers)
                };
                if let Some(incident) = old.filter(|incident| !is_down || !back(incident)) {
                    incident.last = at;
                    incident.afterwards(if is_down { Afterwards::Gone } else { Afterwards::Answers }, at);
                } else if is_down {
                    self.other(Other::ReplicaDown(event.group.clone(), place.clone()), who, at);
                }
            }
            Subject::Sentinel { id, .. } => {
                let Some(group) = self.groups.get_mut(&event.group) else { return };
                let Some(by) = self.members.entry(&mut group.peers_down, id) else { return };
                missed_by(by, who, is_down, &self.speakers);
                if let Some(open) = group.open.as_mut().filter(|_| is_down) {
                    open.unreached(who, id);
                }
                if is_down {
                    self.other(Other::SentinelDown(id.clone()), who, at);
                }
            }
            Subject::Nobody => {}
        }
    }

    fn master_down(&mut self, who: Who, at: At, name: &str, place: &Place) {
        let Some(group) = self.group(name) else { return };
        let goes_on = group.open.as_ref().is_none_or(|open| belongs(open, who, place, at));
        let open = self.groups.get(name).and_then(|group| Some((group, group.open.as_ref()?)));
        let sight = open.is_some_and(|(group, open)| open.is_over() && self.is_sight(open, group));
        if !goes_on || sight {
            self.put_away(name);
        }
        if let Some(group) = self.group(name) {
            if group.open.is_none() {
                group.master.clone_from(place);
            }
        }
        let quorum = self.group(name).and_then(|group| group.quorums.get(&who).copied());
        let posed = self.group(name).is_some_and(|group| group.posing.get(&who) == Some(place));
        let down_after = self.group(name).and_then(|group| group.down_after);
        let down_after = down_after.and_then(|ms| At::try_from(ms).ok());
        let limit = down_after.map_or(JUST_STARTED_MS, |ms| ms.saturating_add(START_SLACK_MS));
        let unmet = self.speakers[who].unmet.map(|since| at - since).filter(|ms| *ms < limit);
        if let Some(incident) = self.incident(name, at) {
            incident.beside.just_started.extend(unmet.map(|ms| ((who, at), ms)));
            incident.down(who, place, at);
            incident.posed.extend(posed.then(|| place.clone()));
            incident.quorum = incident.quorum.max(quorum);
        }
    }

    fn master_up(&mut self, who: Who, at: At, name: &str, place: &Place) {
        let begins_late = !self.is_whole(who);
        let Some(group) = self.group(name) else { return };
        if let Some(open) = group.open.as_mut().filter(|open| !open.is_over() || open.master != *place) {
            open.last = at;
            if open.up(who, at) || !begins_late || open.master != *place {
                return;
            }
            return remember(&mut open.back, (who, at));
        }
        if let Some(open) =
            group.open.as_mut().filter(|open| open.new_master.is_some() || open.saw().contains(&who))
        {
            open.last = at;
            open.up(who, at);
            return;
        }
        // Nobody's log says since when it was missed.
        if begins_late {
            if group.open.is_none() {
                group.master.clone_from(place);
            }
            if let Some(incident) = self.incident(name, at) {
                remember(&mut incident.back, (who, at));
            }
        }
    }

    fn agreement(&mut self, who: Who, at: At, event: &Event) {
        if event.kind == EventKind::ObjectivelyUp {
            return;
        }
        self.next_begins(who, event);
        // `#quorum 2/2`
        let counted = event.detail.get(1).and_then(|text| text.split_once('/'));
        let numbers = counted.and_then(|(votes, quorum)| Some((votes.parse().ok()?, quorum.parse().ok()?)));
        // A text for people may not say how many.
        let (votes, quorum) = numbers.unwrap_or((0, 0));
        if let Some(group) = self.group(&event.group).filter(|_| quorum > 0) {
            group.quorums.insert(who, quorum);
            group.agreed = group.agreed.max(votes as usize).min(MEMBERS_MAX);
        }
        if let Some(incident) = self.incident(&event.group, at) {
            remember(&mut incident.agreed, Agreed { who, at, votes, quorum });
        }
    }

    fn election(&mut self, who: Who, at: At, event: &Event) {
        if event.kind == EventKind::NewEpoch {
            self.speakers[who].epoch = event.detail.first().and_then(|epoch| epoch.parse().ok());
            return;
        }
        if event.kind == EventKind::VoteForLeader {
            if let [candidate, epoch, ..] = &event.detail[..] {
                let own = std::mem::take(&mut self.speakers[who].trying);
                if own && self.speakers[who].id.is_none() {
                    self.identified(who, candidate);
                } else if own {
                    self.notice_another(who, |id| id != candidate);
                }
                if let Ok(epoch) = epoch.parse() {
                    let group = &self.speakers[who].context;
                    let open = self.groups.get_mut(group).and_then(|group| group.open.as_mut());
                    if let Some(open) = open.filter(|_| own) {
                        open.epoch_told(who, epoch);
                    }
                    self.voted(who, at, &Voter::Log(who), candidate, epoch);
                }
            }
            return;
        }
        let epoch = self.speakers[who].epoch.unwrap_or(0);
        if event.kind == EventKind::TryFailover {
            self.candidate(who, at, event, epoch);
            return;
        }
        if event.kind == EventKind::AbortNotElected {
            self.not_elected(who, at, event, epoch);
            return;
        }
        self.next_begins(who, event);
        self.another_begins(who, event);
        let maker = self.speakers[who].maker;
        let cut = self.begins_late(who);
        let voided = self.voided(who, at, &event.group);
        let Some(incident) = self.incident(&event.group, at) else { return };
        incident.maker = incident.maker.or(maker);
        if let Subject::Master(place) = &event.subject {
            incident.named(place);
        }
        match incident.election_of(who) {
            Some(election) => {
                match election.elected {
                    Some((first, _)) if first != who => remember(&mut election.also_elected, (who, at)),
                    Some(_) | None => election.elected = Some((who, at)),
                }
                election.voided = voided;
            }
            None => {
                incident.begun_before |= cut;
                incident.election(epoch).elected = Some((who, at));
            }
        }
        incident.begin_run(who, at);
    }

    /// An attempt that this sentinel gave up, perhaps when the next incident has begun.
    fn not_elected(&mut self, who: Who, at: At, event: &Event, epoch: u64) {
        let Subject::Master(place) = &event.subject else { return };
        let down = self.group(&event.group).map(|group| group.peers_down_now()).unwrap_or_default();
        let voided = self.voided(who, at, &event.group);
        let open = self.groups.get(&event.group).and_then(|group| group.open.as_ref());
        let begins = open.is_none_or(|open| open.master == *place && !open.is_over());
        let incident = match self.recent(&event.group, at, |it| it.tries(who, None)) {
            Some(incident) => incident,
            // The log begins too late, or it is nobody's that is known.
            None if begins => match self.incident(&event.group, at) {
                Some(incident) => incident,
                None => return,
            },
            None => return,
        };
        if incident.new_master.is_none() {
            incident.last = incident.last.max(at);
        }
        match incident.election_of(who) {
            Some(election) => {
                remember(&mut election.lost, (who, at));
                election.voided = voided;
            }
            None => remember(&mut incident.election(epoch).lost, (who, at)),
        }
        incident.peers_down = down.into_iter().collect();
    }

    /// Somebody called SENTINEL FAILOVER. What is over by then is another story, however short ago it was.
    pub(super) fn asked(&mut self, who: Who, at: At, name: &str) {
        let Some(group) = self.group(name) else { return };
        if group.open.as_ref().is_some_and(Incident::is_over) {
            self.put_away(name);
        }
        let down = self.group(name).map(|group| group.peers_down_now()).unwrap_or_default();
        let speaker = &self.speakers[who];
        let late = (!self.is_whole(who) || speaker.fresh) && speaker.pid != 0;
        let Some(incident) = self.incident(name, at) else { return };
        incident.asked_late |= late;
        remember(&mut incident.asked, (who, at));
        // Those that were missing are why nobody had acted before.
        incident.peers_down.extend(down);
    }

    /// What is told of the new master, or by a sentinel that knows it, does not belong to the failover that is over.
    fn next_begins(&mut self, who: Who, event: &Event) {
        let Subject::Master(place) = &event.subject else { return };
        let Some(group) = self.groups.get_mut(&event.group) else { return };
        let over =
            |open: &Incident| open.is_next(place) || (open.new_master.is_some() && open.knows_the_new(who));
        if group.open.as_ref().is_some_and(over) {
            group.master.clone_from(place);
            self.put_away(&event.group);
        }
    }

    fn candidate(&mut self, who: Who, at: At, event: &Event, epoch: u64) {
        self.next_begins(who, event);
        self.speakers[who].trying = true;
        // Without +odown a sentinel acts only if somebody asks it to; a stream of events does not have that line.
        let open = self.groups.get(&event.group).and_then(|group| group.open.as_ref());
        let covers = |open: &&Incident| !self.began_after(who, open) && !self.speakers[who].parted;
        let forced = open.filter(|open| !open.agrees(who) && !open.asked_for(who, at));
        // Somebody else is asked at the same moment: who has not heard of it takes the same epoch.
        let together = open.is_some_and(|open| open.elections.iter().any(|election| election.epoch == epoch));
        if forced.is_some_and(|open| open.is_over() && !together) {
            self.put_away(&event.group);
        } else if forced.filter(covers).is_some_and(|open| !open.downs.is_empty() && open.agreed.is_empty()) {
            self.asked(who, at, &event.group);
        }
        if self.candidacies.len() >= LOOSE_VOTES {
            self.candidacies.pop_front();
        }
        self.candidacies.push_back(Candidacy { epoch, who, at, group: event.group.clone() });
        let mut early = Vec::new();
        let strangers: BTreeSet<Who> =
            (0..self.speakers.len()).filter(|who| self.elsewhere(*who, &event.group)).collect();
        self.loose_votes.retain(|(of, vote)| {
            let strange = matches!(vote.voter, Voter::Log(who) if strangers.contains(&who));
            let ours = *of == epoch && !strange;
            if ours {
                early.push(vote.clone());
            }
            !ours
        });
        let cut = self.begins_late(who);
        let Some(incident) = self.incident(&event.group, at) else { return };
        if let Subject::Master(place) = &event.subject {
            incident.named(place);
        }
        incident.begun_before |= cut && !incident.asked_for(who, at) && incident.downs.is_empty();
        incident.held.waited.extend(incident.waits.remove(&who).map(|_| who));
        let election = incident.election(epoch);
        remember(&mut election.candidates, (who, at));
        for vote in early {
            election.vote(vote);
        }
    }

    /// A sentinel leads that had not come forward in the incident that is over, or one that made its master.
    fn another_begins(&mut self, who: Who, event: &Event) {
        let of = match &event.subject {
            Subject::Master(place) => place,
            Subject::Replica(_) | Subject::Sentinel { .. } | Subject::Nobody => &event.of,
        };
        let Some(group) = self.groups.get_mut(&event.group) else { return };
        let leads = |open: &Incident| open.runs.iter().any(|run| run.who == who && run.end.is_none());
        let next = |open: &Incident| {
            let named = open.new_master.as_ref().is_none_or(|new| new == of);
            named && open.is_next(of) && !leads(open)
        };
        if group.open.as_ref().is_some_and(next) {
            group.master.clone_from(of);
            self.put_away(&event.group);
        } else if group.open.as_ref().is_some_and(|open| open.ended_before_work(who)) {
            self.put_away(&event.group);
        }
    }

    /// A log, other than a stream, says when somebody asks for a failover; not what was before it begins.
    fn begins_late(&self, who: Who) -> bool {
        (!self.is_whole(who) || self.speakers[who].parted) && self.speakers[who].pid != 0
    }

    fn work(&mut self, who: Who, at: At, event: &Event) {
        if event.kind == EventKind::StateWaitPromotion {
            return self.told_to_be_master(who, &event.group);
        }
        let down = self.group(&event.group).map(|group| {
            group
                .replicas_down
                .iter()
                .filter(|(_, by)| by.contains(&who))
                .map(|(place, _)| place.clone())
                .collect()
        });
        self.another_begins(who, event);
        let cut = self.begins_late(who);
        let Some(incident) = self.worked_on(&event.group, who, at) else { return };
        match &event.subject {
            Subject::Master(place) => incident.named(place),
            Subject::Replica(_) | Subject::Sentinel { .. } | Subject::Nobody => incident.named(&event.of),
        }
        incident.begun_before |= cut && !incident.runs.iter().any(|run| run.who == who);
        let run = incident.run(who, at);
        let replica = match &event.subject {
            Subject::Replica(place) => place.clone(),
            Subject::Master(_) | Subject::Sentinel { .. } | Subject::Nobody => Place::new(),
        };
        use EventKind as E;
        if event.kind == E::SelectedSlave {
            run.selected = Some((replica, at));
        } else if event.kind == E::PromotedSlave {
            run.promoted = Some((replica, at));
        } else if event.kind == E::SlaveReconfSent {
            run.moved(&replica).sent.get_or_insert(at);
        } else if event.kind == E::SlaveReconfDone {
            run.moved(&replica).done = Some(at);
        } else if event.kind == E::SlaveReconfSentTimeout || event.kind == E::SlaveReconfSentBestEffort {
            run.moved(&replica).late = true;
        } else if event.kind == E::AbortNoGoodSlave {
            run.end = Some((End::NoGoodReplica, at));
            run.replicas_down = down.unwrap_or_default();
        } else if event.kind == E::AbortSlaveTimeout {
            run.end = Some((End::NotPromoted, at));
            run.replicas_down = down.unwrap_or_default();
        } else if event.kind == E::FailoverEndForTimeout {
            run.end = Some((End::DoneLate, at));
        } else if run.end.is_none() {
            run.end = Some((End::Done, at));
        }
    }

    /// The incident in which this sentinel leads. Others may know the new master, and have begun another failover, before
    /// the leader is done.
    fn worked_on(&mut self, name: &str, who: Who, at: At) -> Option<&mut Incident> {
        let leads = |incident: &Incident| {
            incident.runs.iter().any(|run| run.who == who && run.promoted.is_some() && run.end.is_none())
        };
        let open = self.groups.get(name).and_then(|group| group.open.as_ref());
        if !open.is_some_and(|open| open.runs.iter().any(|run| run.who == who)) {
            let before = |it: &Incident| it.group == name && at - it.last < LATE_MS && leads(it);
            let place = self.incidents.iter().rev().take(LOOK_BACK).position(before);
            if let Some(back) = place {
                let number = self.incidents.len() - 1 - back;
                return self.incidents.get_mut(number);
            }
        }
        self.incident(name, at)
    }

    /// A sentinel that is told of a switch when the next incident has begun.
    fn late_news(&mut self, who: Who, at: At, name: &str, [from, to]: [&String; 2]) -> bool {
        let new = |it: &Incident| it.master == *from && it.new_master.as_ref() == Some(to);
        let open = self.groups.get(name).and_then(|group| group.open.as_ref());
        let Some(open) = open.filter(|it| it.master != *from && !it.knows_the_new(who)) else { return false };
        // The others speak of the new one as the master already: however late, it is no other switch.
        let old = open.master == *to && open.new_master.is_none();
        // What came before one that it has told is no news.
        let before = self.incidents.iter_mut().rev().take(LOOK_BACK).filter(|it| it.group == name);
        let mut untold = before.take_while(|it| !it.knows_the_new(who));
        let Some(incident) = untold.find(|it| (old || at - it.last < LATE_MS) && new(it)) else {
            if old {
                self.speakers[who].update = None;
            }
            return old;
        };
        let how = match self.speakers[who].update.take() {
            Some(id) => How::From(id),
            None if incident.runs.iter().any(|run| run.who == who && run.promoted.is_some()) => How::Led,
            None => How::Unclear,
        };
        let epoch = self.speakers[who].epoch;
        remember(&mut incident.learned, Learned { who, at, to: to.clone(), how, epoch });
        true
    }

    fn switch(&mut self, who: Who, at: At, event: &Event) {
        if let (EventKind::ConfigUpdateFrom, Subject::Sentinel { id, .. }) = (event.kind, &event.subject) {
            self.speakers[who].update = Some(id.clone());
            return;
        }
        if event.kind == EventKind::FailoverDetected {
            let Some(to) = event.detail.get(1) else { return };
            self.role_explained(&event.group, to, at);
            self.next_begins(who, event);
            // One that has not heard of the failover in which a sentinel promoted it.
            let open = self.groups.get(&event.group).and_then(|group| group.open.as_ref());
            if open.is_some_and(|open| open.promotes(to)) || self.old_master_again(&event.group, to, at) {
                return;
            }
            let returned = self.was_down(&event.group, to, at);
            if let Some(incident) = self.incident(&event.group, at) {
                incident.beside.returned |= returned && incident.foreign.is_none();
                let fresh = Foreign { to: to.clone(), seen: Vec::new(), undone: None, follows: None };
                remember(&mut incident.foreign.get_or_insert(fresh).seen, (who, at));
            }
            return;
        }
        let [from, to] = &event.detail[..] else { return };
        self.role_explained(&event.group, to, at);
        self.role_explained(&event.group, from, at);
        if let Some(group) = self.groups.get_mut(&event.group) {
            group.posing.remove(&who);
        }
        if self.late_news(who, at, &event.group, [from, to])
            || self.rival_news(who, at, &event.group, [from, to])
        {
            return;
        }
        let (update, epoch) = (self.speakers[who].update.take(), self.speakers[who].epoch);
        // Nobody names a new master twice for one failover.
        let another = |open: &Incident| {
            let mut told = open.learned.iter().rev().filter(|learned| learned.who == who);
            let again = told.next().is_some_and(|told| open.master != *from || epoch > told.epoch);
            let other = open.new_master.as_ref().is_some_and(|known| known != to);
            // What replaces the one that operators had made need not be the failover of the one before.
            let by_hand = open.pointed.as_ref().is_some_and(|(place, _)| place == from);
            let later = by_hand && !open.promotes(to);
            again || open.is_foreign_alone() || other || later || open.ended_before_switch(to, epoch)
        };
        let Some(group) = self.group(&event.group) else { return };
        if group.open.as_ref().is_some_and(another) {
            self.put_away(&event.group);
        }
        let Some(group) = self.group(&event.group) else { return };
        if group.open.is_none() {
            group.master.clone_from(from);
        }
        let Some(incident) = self.incident(&event.group, at) else { return };
        let led = incident.runs.iter().any(|run| run.who == who && run.promoted.is_some());
        let how = match update {
            Some(id) => How::From(id),
            None if led => How::Led,
            None => How::Unclear,
        };
        if incident.master.is_empty() {
            incident.master.clone_from(from);
        }
        incident.new_master = Some(to.clone());
        remember(&mut incident.learned, Learned { who, at, to: to.clone(), how, epoch });
        let began = incident.began;
        self.promoted_anew(&event.group, to, began);
        let Some(group) = self.group(&event.group) else { return };
        group.master.clone_from(to);
        // Servers begin anew with a switch, and each is named.
        group.listed.entry(who).or_insert(at);
        group.replicas_down.values_mut().for_each(|by| {
            by.remove(&who);
        });
    }

    /// A server reports another role than before, or is told to be a replica.
    fn role(&mut self, who: Who, at: At, event: &Event) {
        let place = match &event.subject {
            Subject::Replica(place) => place,
            Subject::Master(place) => return self.master_reports(who, at, event, place),
            Subject::Sentinel { .. } | Subject::Nobody => return,
        };
        if event.kind == EventKind::FixSlaveConfig {
            return self.turned(who, at, &event.group, place);
        }
        let demoted = event.kind == EventKind::ConvertToSlave;
        let says_master = !demoted && reports_master(event);
        if let Some(incident) = self.groups.get_mut(&event.group).and_then(|group| group.open.as_mut()) {
            if let Some(foreign) = incident.foreign.as_mut().filter(|it| it.to == *place && !says_master) {
                let since = if demoted { &mut foreign.undone } else { &mut foreign.follows };
                since.get_or_insert(at);
                incident.last = at;
                return;
            }
        }
        if let Some(incident) = self.replaced(&event.group, place, at) {
            let what = if says_master {
                Afterwards::SaysMaster
            } else if demoted {
                Afterwards::ToldToFollow
            } else {
                Afterwards::Follows
            };
            incident.last = at;
            if what == Afterwards::ToldToFollow && !incident.afterwards.iter().any(|(it, _)| *it == what) {
                let another = !event.of.is_empty() && incident.new_master.as_ref() != Some(&event.of);
                incident.beside.told_to = another.then(|| event.of.clone());
            }
            incident.afterwards(what, at);
            return;
        }
        // What a failover makes of servers is told there.
        if demoted && self.woke(&event.group, place, at) {
            return;
        }
        if demoted {
            self.other(Other::Demoted(event.group.clone(), place.clone()), who, at);
        } else if says_master && self.calm(&event.group) {
            self.other(Other::SaysMaster(event.group.clone(), place.clone()), who, at);
        }
    }

    /// A replica followed another server than the master, and is told whom to follow.
    fn turned(&mut self, who: Who, at: At, name: &str, place: &Place) {
        if let Some(incident) = self.replaced(name, place, at) {
            incident.last = at;
            incident.afterwards(Afterwards::Turned, at);
            return;
        }
        self.other(Other::Turned(name.to_owned(), place.clone()), who, at);
    }

    /// What this server said of its role a short while before is told in the incident that begins with it.
    fn role_explained(&mut self, name: &str, place: &str, at: At) {
        let said = [
            Other::SaysMaster(name.to_owned(), place.to_owned()),
            Other::SaysReplica(name.to_owned(), place.to_owned()),
        ];
        self.others.retain(|what, often| at - often.first >= LATE_MS || !said.contains(what));
    }

    /// The master that the sentinel still has reports its role: the leader made it a replica before it named the new one.
    fn master_reports(&mut self, who: Who, at: At, event: &Event, place: &Place) {
        if let Some(group) = self.groups.get_mut(&event.group) {
            group.posing.remove(&who);
            if !reports_master(event) {
                group.posing.insert(who, place.clone());
            }
        }
        let open = self.groups.get_mut(&event.group).and_then(|group| group.open.as_mut());
        let its = open.filter(|open| open.master == *place && (open.new_master.is_some() || !open.is_over()));
        if reports_master(event) {
            return;
        }
        match its {
            Some(open) => {
                open.last = open.last.max(at);
                open.afterwards(Afterwards::Demoted, at);
            }
            None => self.other(Other::SaysReplica(event.group.clone(), place.clone()), who, at),
        }
    }

    /// The incident in which this server was replaced as the master, not long ago. One that was promoted since, or is about
    /// to be, is no old master.
    pub(super) fn replaced(&mut self, name: &str, place: &str, at: At) -> Option<&mut Incident> {
        let was = |incident: &Incident| incident.master == place && incident.new_master.is_some();
        let open = self.groups.get(name).and_then(|group| group.open.as_ref());
        if open.is_some_and(|open| open.promotes(place)) {
            return None;
        }
        if open.is_some_and(was) {
            return self.groups.get_mut(name).and_then(|group| group.open.as_mut());
        }
        let before = self.incidents.iter_mut().rev().take(LOOK_BACK);
        let mut its = before.filter(|it| it.group == name && (was(it) || it.promotes(place)));
        its.next().filter(|it| was(it) && at - it.last < STALE_MS)
    }

    /// A server that has become the master said so before anybody named it: that was not the old master of the failover
    /// before.
    fn promoted_anew(&mut self, name: &str, place: &str, began: At) {
        let before = self.incidents.iter_mut().rev().take(LOOK_BACK);
        let mut its = before.filter(|it| it.group == name && it.master == place);
        if let Some(incident) = its.next() {
            incident.promoted_anew(began);
        }
    }

    fn process(&mut self, who: Who, at: At, event: &Event) {
        if event.kind == EventKind::Tilt || event.kind == EventKind::TiltEnd {
            self.tilt(who, at, event.kind == EventKind::Tilt);
        } else {
            let script = event.detail.first().cloned().unwrap_or_default();
            self.other(Other::ScriptFailed(script), who, at);
        }
    }
}

/// Who misses one, after this. One that answers answers those, too, whose logs have ended.
fn missed_by(by: &mut BTreeSet<Who>, who: Who, is_down: bool, speakers: &[Speaker]) {
    if is_down {
        by.insert(who);
    } else {
        by.retain(|other| *other != who && !speakers[*other].ended);
    }
}

/// Whether a server says that it is a master, rather than a replica.
fn reports_master(event: &Event) -> bool {
    // `new reported role is master`
    match event.detail.last().map(String::as_str) {
        Some("master") => true,
        Some("slave") => false,
        // A text for people leaves it out: it agrees with the configuration, or does not.
        Some(_) | None => {
            let is_master = matches!(event.subject, Subject::Master(_));
            is_master == (event.kind == EventKind::RoleAgrees)
        }
    }
}

/// Whether a master seen down belongs to this incident.
fn belongs(open: &Incident, who: Who, place: &str, at: At) -> bool {
    if open.is_foreign_alone() || (open.new_master.is_none() && open.is_next(place)) {
        return false;
    }
    if open.new_master.is_some() || open.pointed.is_some() {
        // A sentinel that has not heard of the new master yet.
        return open.master == place && !open.knows_the_new(who);
    }
    // Without times nobody knows how long ago it was back.
    open.came_back().is_none_or(|back| open.timed && open.master == place && at - back < FLAP_MS)
}
