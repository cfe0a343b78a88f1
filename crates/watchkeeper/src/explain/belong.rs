//! To which incident belongs what says so only by its group, its epoch and its time: votes, refusals, and attempts that were
//! given up. What fits none is not put into another.

use super::book::{Book, Other};
use super::events::{LATE_MS, LOOK_BACK, STALE_MS};
use super::incident::{At, Incident, Vote, Voter, Who};

/// Votes kept until their candidate is known.
pub(super) const LOOSE_VOTES: usize = 64;

impl Book {
    /// Of the open incident of this group and its last ones the newest that fits, if it is not long past.
    pub(super) fn recent(
        &mut self,
        name: &str,
        at: At,
        fits: impl Fn(&Incident) -> bool,
    ) -> Option<&mut Incident> {
        let group = self.groups.get_mut(name)?;
        if group.open.as_ref().is_some_and(&fits) {
            return group.open.as_mut();
        }
        let mut before = self.incidents.iter_mut().rev().take(LOOK_BACK);
        before.find(|it| it.group == name && at.saturating_sub(it.last) < LATE_MS && fits(it))
    }

    /// A sentinel that misses the master speaks of another one as that. In a log that is whole its `+switch-master` stands
    /// before; between two files it may have been lost.
    pub(super) fn named_later(&mut self, who: Who, name: &str, of: &str) {
        if of.is_empty() || !self.timed || !self.speakers[who].parted {
            return;
        }
        let Some(group) = self.groups.get_mut(name) else { return };
        let other = |open: &&mut Incident| {
            let misses = open.downs.iter().any(|down| down.who == who && down.up.is_none() && down.of != of);
            misses && open.master != of && !open.is_over()
        };
        if let Some(open) = group.open.as_mut().filter(other) {
            open.named_later = Some(of.to_owned());
            of.clone_into(&mut group.master);
        }
    }

    /// Until when a sentinel will not lead; of which group, the line before tells.
    pub(super) fn waits(&mut self, who: Who, until: &str) {
        let group = self.groups.get_mut(&self.speakers[who].context);
        if let Some(open) = group.and_then(|group| group.open.as_mut()).filter(|_| !until.is_empty()) {
            open.waits.insert(who, until.to_owned());
        }
    }

    /// Why not, in the words of the log.
    pub(super) fn reason(&mut self, who: Who, at: At, name: &str, text: &str) {
        let epoch = epoch_of(text);
        let begins = |words: &str| text.starts_with(words);
        let refused = text.contains(" cannot be promoted: ") || begins("No replica of ");
        let lost = ["Not elected for ", "Election for ", "No candidacy for "].into_iter().any(begins);
        let fits = |it: &Incident| {
            let works = it.runs.iter().any(|run| run.who == who && run.end.is_none());
            if refused {
                works
            } else if lost {
                it.tries(who, epoch) || epoch.is_some_and(|epoch| it.tried(who, epoch))
            } else if begins("Failover of ") {
                it.elections.iter().any(|election| Some(election.epoch) == epoch)
            } else if begins("The old master of ") {
                let to = text.rsplit(' ').next();
                let made = |place: &str| to == Some(place);
                it.runs.iter().filter_map(|run| run.promoted.as_ref()).any(|(place, _)| made(place))
                    || it.new_master.as_deref().is_some_and(made)
            } else {
                works || !it.is_over()
            }
        };
        match self.recent(name, at, fits) {
            Some(incident) => incident.reason(who, at, text),
            None => self.other(Other::Words(name.to_owned(), text.to_owned()), who, at),
        }
    }

    /// A vote names no group: it belongs to the election of its epoch, or to the incident its voter is in.
    pub(super) fn voted(&mut self, who: Who, at: At, voter: &Voter, candidate: &str, epoch: u64) {
        let Some(name) = self.group_of_vote(who, epoch, candidate, at) else {
            let voter = voter.clone();
            return self.loose(epoch, Vote { voter, candidate: candidate.to_owned(), at, nameless: false });
        };
        // A voter whose log is read is not counted a second time under its id.
        let id = match voter {
            Voter::Id(id) => Some(id),
            Voter::Log(who) => self.speakers[*who].id.as_ref(),
        };
        let nameless = id.is_none();
        let known = self.speakers.iter().position(|speaker| id.is_some() && speaker.id.as_ref() == id);
        let voter = known.map_or_else(|| voter.clone(), Voter::Log);
        self.knows(&name, candidate);
        if let Voter::Id(id) = &voter {
            self.knows(&name, id);
        }
        let vote = Vote { voter, candidate: candidate.to_owned(), at, nameless };
        let of_epoch = |it: &Incident| it.elections.iter().any(|election| election.epoch == epoch);
        if let Some(incident) = self.recent(&name, at, of_epoch) {
            incident.election(epoch).vote(vote);
            return;
        }
        let open = self.groups.get(&name).and_then(|group| group.open.as_ref());
        if open.is_none_or(Incident::is_over) {
            return self.loose(epoch, vote);
        }
        if let Some(incident) = self.incident(&name, at) {
            incident.election(epoch).vote(vote);
        }
    }

    fn loose(&mut self, epoch: u64, vote: Vote) {
        if self.loose_votes.len() >= LOOSE_VOTES {
            self.loose_votes.pop_front();
        }
        self.loose_votes.push_back((epoch, vote));
    }

    /// The group of a vote: where its candidate came forward in this epoch, or the only one it can be.
    fn group_of_vote(&self, who: Who, epoch: u64, candidate: &str, at: At) -> Option<String> {
        let of_epoch: Vec<_> = self
            .candidacies
            .iter()
            .rev()
            .filter(|it| it.epoch == epoch && at - it.at < STALE_MS && !self.elsewhere(who, &it.group))
            .collect();
        let named = of_epoch.iter().find(|it| self.speakers[it.who].id.as_deref() == Some(candidate));
        if let Some(named) = named {
            return Some(named.group.clone());
        }
        let context = &self.speakers[who].context;
        if let Some(first) = of_epoch.first() {
            let alone = of_epoch.iter().all(|it| it.group == first.group);
            let here = of_epoch.iter().find(|it| alone || it.group == *context);
            return here.map(|it| it.group.clone());
        }
        let active = |incident: &&Incident| !incident.is_over() && at - incident.last < STALE_MS;
        if self.crowded.is_some_and(|last| at - last < STALE_MS) {
            return None;
        }
        let open = self.lately.iter().filter_map(|name| Some((name, self.groups.get(name)?.open.as_ref()?)));
        let mut open = open.filter(|(name, it)| active(it) && !self.elsewhere(who, name));
        let first = open.next()?;
        // Of several that fail at once nothing tells which.
        open.next().is_none().then(|| first.0.clone())
    }
}

/// `... in epoch 7 ...`
fn epoch_of(text: &str) -> Option<u64> {
    let (_, rest) = text.split_once("in epoch ")?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epochs_are_found_in_the_words_of_a_log() {
        assert_eq!(
            epoch_of("Not elected for `m`: 2 of 3 votes are needed in epoch 12; missing: a"),
            Some(12)
        );
        assert_eq!(epoch_of("Failover of `m` in epoch 7 given up: another"), Some(7));
        assert_eq!(epoch_of("Election for `m` given up"), None);
        assert_eq!(epoch_of("in epoch x"), None);
    }
}
