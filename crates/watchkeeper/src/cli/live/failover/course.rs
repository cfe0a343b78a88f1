//! The course of a failover, from what the sentinels say. Pure: no clock, no printing.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crate::ask::{Endpoint, Heard, What};
use crate::live::Happened;

/// A part of a failover, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// from the request until a replica is chosen
    Choice,
    /// until it is a master
    Promotion,
    /// until the last sentinel that answers has switched; a leader of redis-sentinel is it, once the replicas follow
    Telling,
    /// until all other servers that answer follow it
    Following,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// this is the master now
    Switched(Endpoint),
    /// given up, with the name of the event that says so
    GivenUp(String),
}

/// What has been seen.
#[derive(Debug)]
pub(super) struct Course {
    group: String,
    asked: Instant,
    listening: BTreeSet<Endpoint>,
    reached: BTreeMap<Phase, Instant>,
    /// the new master by each sentinel that named it, and when it did
    switched: BTreeMap<Endpoint, (Endpoint, Instant)>,
    chosen: Option<Endpoint>,
    given_up: Option<String>,
}

impl Course {
    /// A course that began when it was asked for.
    pub(super) fn new(group: &str, asked: Instant, listening: BTreeSet<Endpoint>) -> Course {
        Course {
            group: group.to_owned(),
            asked,
            listening,
            reached: BTreeMap::new(),
            switched: BTreeMap::new(),
            chosen: None,
            given_up: None,
        }
    }

    /// Whether something that was heard belongs to it.
    pub(super) fn concerns(&self, heard: &Heard) -> bool {
        match &heard.what {
            What::Connected | What::Lost(_) => true,
            What::Event { .. } => Happened::of(heard).group().is_none_or(|group| group == self.group),
        }
    }

    /// Takes in what was heard.
    pub(super) fn hear(&mut self, heard: &Heard) {
        match &heard.what {
            What::Connected => drop(self.listening.insert(heard.sentinel.clone())),
            What::Lost(_) => self.lose(&heard.sentinel),
            What::Event { name, payload } if Happened::of(heard).group() == Some(&self.group) => {
                self.event(heard, name, payload);
            }
            What::Event { .. } => {}
        }
        self.judge();
    }

    /// A sentinel does not answer: it is waited for no longer.
    pub(super) fn lose(&mut self, sentinel: &Endpoint) {
        self.listening.remove(sentinel);
        self.judge();
    }

    /// Whether it is over.
    fn judge(&mut self) {
        let told = self.listening.iter().all(|sentinel| self.switched.contains_key(sentinel));
        // Who was waited for and is gone has not switched, so the last one that did counts.
        let last = self.switched.values().map(|(_, at)| *at).max();
        if let Some(at) = last.filter(|_| told) {
            self.reach(Phase::Telling, at);
        }
    }

    fn event(&mut self, heard: &Heard, name: &str, payload: &str) {
        match name {
            "+selected-slave" => {
                self.reach(Phase::Choice, heard.at);
                let words: Vec<&str> = payload.split(' ').collect();
                if let [_, _, host, port, ..] = words[..] {
                    self.chosen = port.parse().ok().map(|port| Endpoint::new(host, port));
                }
            }
            "+promoted-slave" => self.reach(Phase::Promotion, heard.at),
            "+switch-master" => {
                let words: Vec<&str> = payload.split(' ').collect();
                if let [_, _, _, host, port] = words[..] {
                    let port = port.parse().unwrap_or(0);
                    self.switched.insert(heard.sentinel.clone(), (Endpoint::new(host, port), heard.at));
                }
            }
            _ if name.starts_with("-failover-abort") => self.given_up = Some(name.to_owned()),
            _ => {}
        }
    }

    fn reach(&mut self, phase: Phase, at: Instant) {
        self.reached.entry(phase).or_insert(at);
    }

    /// All others follow.
    pub(super) fn followed(&mut self, at: Instant) {
        self.reach(Phase::Following, at);
    }

    /// How it ended, once it has: every sentinel that is heard names the new master, or it was given up.
    pub(super) fn end(&self) -> Option<End> {
        if self.reached.contains_key(&Phase::Telling) {
            return self.switched().cloned().map(End::Switched);
        }
        self.given_up.clone().map(End::GivenUp)
    }

    /// Whether a sentinel named a new master already, though not all do.
    pub(super) fn switched(&self) -> Option<&Endpoint> {
        self.switched.values().next_back().map(|(new, _)| new)
    }

    /// A sentinel that named a new master.
    pub(super) fn told(&self) -> Option<&Endpoint> {
        self.switched.keys().next()
    }

    /// The sentinels that are heard.
    pub(super) fn listening(&self) -> &BTreeSet<Endpoint> {
        &self.listening
    }

    /// Those of them that have not named a new master yet, once another has.
    pub(super) fn awaited(&self) -> Vec<Endpoint> {
        let late = self.listening.iter().filter(|at| !self.switched.contains_key(at));
        late.filter(|_| !self.switched.is_empty()).cloned().collect()
    }

    /// The replica that was chosen.
    pub(super) fn chosen(&self) -> Option<&Endpoint> {
        self.chosen.as_ref()
    }

    /// How long each part took that was reached, and how long after the request it ended.
    pub(super) fn phases(&self) -> Vec<(Phase, Duration, Duration)> {
        let mut since = self.asked;
        let mut phases = Vec::new();
        for (phase, at) in &self.reached {
            let took = at.saturating_duration_since(since);
            phases.push((*phase, took, at.saturating_duration_since(self.asked)));
            since = since.max(*at);
        }
        phases
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(sentinel: u16, at: Instant, name: &str, payload: &str) -> Heard {
        Heard {
            sentinel: Endpoint::new("h", sentinel),
            at,
            unix_ms: 0,
            what: What::Event { name: name.to_owned(), payload: payload.to_owned() },
        }
    }

    #[test]
    fn it_ends_when_everybody_names_the_new_master() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let both = [1, 2].map(|port| Endpoint::new("h", port)).into();
        let mut course = Course::new("m", start, both);
        let slave = "slave h:8 h 8 @ m h 7";
        course.hear(&event(1, at(10), "+selected-slave", slave));
        course.hear(&event(1, at(30), "+promoted-slave", slave));
        course.hear(&event(2, at(40), "+switch-master", "m h 7 h 8"));
        course.hear(&event(1, at(45), "+switch-master", "other h 7 h 9"));
        assert_eq!((course.end(), course.switched()), (None, Some(&Endpoint::new("h", 8))));
        course.hear(&event(1, at(60), "+switch-master", "m h 7 h 8"));
        assert_eq!(course.end(), Some(End::Switched(Endpoint::new("h", 8))));
        course.followed(at(100));
        let phases: Vec<(Phase, u128, u128)> = course
            .phases()
            .iter()
            .map(|(p, took, since)| (*p, took.as_millis(), since.as_millis()))
            .collect();
        assert_eq!(
            phases,
            [
                (Phase::Choice, 10, 10),
                (Phase::Promotion, 20, 30),
                (Phase::Telling, 30, 60),
                (Phase::Following, 40, 100)
            ]
        );
    }

    #[test]
    fn a_sentinel_that_is_gone_is_not_waited_for_and_an_abort_is_an_end() {
        let start = Instant::now();
        let both = [1, 2].map(|port| Endpoint::new("h", port)).into();
        let mut course = Course::new("m", start, both);
        course.hear(&event(1, start + Duration::from_millis(5), "+switch-master", "m h 7 h 8"));
        let mut gone = event(2, start + Duration::from_secs(2), "", "");
        gone.what = What::Lost(crate::ask::Failure::Silent(1));
        course.hear(&gone);
        assert!(course.end().is_some());
        // How long it was waited for is not how long the switch took.
        let [(_, took, _)] = course.phases()[..] else { panic!("{:?}", course.phases()) };
        assert_eq!(took, Duration::from_millis(5));

        // The same when only we notice that it hangs.
        let both = [1, 2].map(|port| Endpoint::new("h", port)).into();
        let mut course = Course::new("m", start, both);
        assert_eq!(course.awaited(), []);
        course.hear(&event(1, start, "+switch-master", "m h 7 h 8"));
        assert_eq!((course.awaited(), course.end()), (vec![Endpoint::new("h", 2)], None));
        course.lose(&Endpoint::new("h", 2));
        assert!(course.end().is_some() && course.awaited().is_empty());

        let mut course = Course::new("m", start, BTreeSet::new());
        course.hear(&event(1, start, "-failover-abort-no-good-slave", "master m h 7"));
        assert_eq!(course.end(), Some(End::GivenUp("-failover-abort-no-good-slave".to_owned())));
    }
}
