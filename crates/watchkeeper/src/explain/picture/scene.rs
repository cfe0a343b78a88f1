//! What a picture of an incident shows: who is in it, in which state each was from when to when, and what happened at
//! which moment. No places, colours or words yet: those are `draw`'s.

use std::collections::BTreeSet;

use super::super::findings::Names;
use super::super::incident::{Afterwards, At, Incident, Run, Voter, Who};
use super::super::phases::{Phase, Took, phases};
use super::super::report::Report;
use super::super::said::Place;
use super::super::steps::{Actor, Step};

/// Sentinels shown.
const SENTINELS_SHOWN: usize = 12;
/// Sentinels that say nothing in the incident are shown up to so many in all.
const SILENT_SHOWN: usize = 7;
/// Servers shown.
const SERVERS_SHOWN: usize = 8;
/// Moments of one lane shown: the first ones.
const MARKS_SHOWN: usize = 60;
/// A part of the picture smaller than this is shown enlarged as well, as a share of 100.
const ENLARGE_BELOW: i64 = 12;
/// ... if so many steps are in it.
const ENLARGE_STEPS: usize = 5;

/// A state of a sentinel or server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    // Of sentinels.
    Misses,
    Leads,
    Tilt,
    /// others hold it for down
    Absent,
    // Of servers.
    Master,
    NoAnswer,
    /// it says that it is a master while another is
    SecondMaster,
    Replica,
    /// told to be a master
    BeingPromoted,
    /// told to follow the new master
    Moving,
    /// does follow it
    Follows,
}

/// A state and its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from: At,
    pub(super) to: At,
    pub(super) state: State,
}

/// A moment.
#[derive(Debug, Clone)]
pub(super) struct Mark {
    pub(super) at: At,
    pub(super) event: &'static str,
    pub(super) text: String,
}

/// What somebody is in this incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Sentinel,
    Leader,
    OldMaster,
    /// it stayed one
    Master,
    NewMaster,
    Replica,
}

/// A sentinel or a server through the incident.
#[derive(Debug, Clone)]
pub(super) struct Lane {
    pub(super) name: String,
    pub(super) part: Part,
    pub(super) spans: Vec<Span>,
    pub(super) marks: Vec<Mark>,
}

/// All of it.
#[derive(Debug)]
pub(super) struct Scene {
    pub(super) lanes: Vec<Lane>,
    /// sentinels and servers that are not shown
    pub(super) left_out: usize,
    pub(super) phases: Vec<Took>,
    /// Watchkeeper's sentinels acted
    pub(super) ours: bool,
    /// what times count from
    pub(super) zero: At,
    pub(super) outage: (At, At),
    /// from the first to the last moment, with some room
    pub(super) from: At,
    pub(super) to: At,
    /// all moments, in order
    pub(super) times: Vec<At>,
    /// a part worth enlarging
    pub(super) enlarge: Option<(At, At)>,
}

/// Puts an incident on the stage.
pub(super) fn scene(report: &Report, incident: &Incident, steps: &[Step]) -> Scene {
    let phases = phases(incident);
    let last = steps.iter().map(|step| step.at).max().unwrap_or(incident.began);
    let began = incident.outage_began();
    let ended = phases.last().map_or(last, |part| part.to);
    let room = ((ended - began) / 16).max(40);
    let (from, to) = (incident.began - room, last.max(ended) + room);
    let mut times: Vec<At> = steps.iter().map(|step| step.at).chain([from, to, began, ended]).collect();
    times.extend(phases.iter().flat_map(|part| [part.from, part.to]));
    times.retain(|at| (from..=to).contains(at));
    times.sort_unstable();
    times.dedup();
    let stage = Stage { report, incident, steps, from, to };
    let (mut lanes, silent) = stage.sentinels();
    let (servers, hidden) = stage.servers();
    lanes.extend(servers);
    let mut scene = Scene {
        lanes,
        left_out: silent + hidden,
        phases,
        ours: incident.is_ours(),
        zero: incident.began,
        outage: (began, ended),
        from,
        to,
        times,
        enlarge: None,
    };
    scene.enlarge = enlarge(&scene, incident, steps);
    scene
}

/// The part in which somebody acted, if it is lost among the waiting before it.
fn enlarge(scene: &Scene, incident: &Incident, steps: &[Step]) -> Option<(At, At)> {
    let acted = scene.phases.iter().find(|part| match part.phase {
        Phase::Election | Phase::Selection | Phase::Promotion | Phase::Telling => true,
        Phase::Agreement | Phase::Operator | Phase::Attempts | Phase::Unseen | Phase::Waiting => false,
    })?;
    let (from, to) = (acted.from, incident.first_told()?.max(scene.outage.1));
    let inside = steps.iter().filter(|step| (from..=to).contains(&step.at)).count();
    let small = (to - from) * 100 < (scene.outage.1 - scene.outage.0) * ENLARGE_BELOW;
    let room = ((to - from) / 16).max(10);
    (small && inside >= ENLARGE_STEPS).then_some((from - room, to + room))
}

struct Stage<'a> {
    report: &'a Report,
    incident: &'a Incident,
    steps: &'a [Step],
    from: At,
    to: At,
}

impl Stage<'_> {
    /// One lane for each sentinel, and how many are left out.
    fn sentinels(&self) -> (Vec<Lane>, usize) {
        let all: Vec<Who> = self.report.book.present().map(|(who, _)| who).collect();
        let mut lanes: Vec<(Who, Lane)> = all.iter().map(|who| (*who, self.sentinel(*who))).collect();
        let mut speaking = lanes.iter().filter(|(_, lane)| !lane.marks.is_empty()).count();
        lanes.retain(|(_, lane)| {
            let speaks = !lane.marks.is_empty();
            speaking += usize::from(!speaks);
            speaks || speaking <= SILENT_SHOWN
        });
        // Those that led are shown in any case.
        let mut number = 0;
        let led = lanes.iter().filter(|(_, lane)| lane.part == Part::Leader).count();
        lanes.retain(|(_, lane)| {
            let leads = lane.part == Part::Leader;
            number += usize::from(!leads);
            leads || number + led <= SENTINELS_SHOWN
        });
        lanes.truncate(2 * SENTINELS_SHOWN);
        let left_out = all.len() - lanes.len();
        (lanes.into_iter().map(|(_, lane)| lane).collect(), left_out)
    }

    fn sentinel(&self, who: Who) -> Lane {
        let incident = self.incident;
        let mut spans = Vec::new();
        let id = self.report.book.speakers[who].id.as_ref();
        if id.is_some_and(|id| incident.peers_down.contains(id)) {
            paint(&mut spans, self.span(self.from, Some(self.to), State::Absent));
        }
        let learned = incident.learned.iter().find(|learned| learned.who == who).map(|learned| learned.at);
        for down in incident.downs.iter().filter(|down| down.who == who) {
            let until = [down.up, learned.filter(|at| *at >= down.at)].into_iter().flatten().min();
            paint(&mut spans, self.span(down.at, until, State::Misses));
        }
        let runs: Vec<&Run> = incident.runs.iter().filter(|run| run.who == who).collect();
        for run in &runs {
            let until = run.end.map(|(_, at)| at).or(learned);
            paint(&mut spans, self.span(run.began, until, State::Leads));
        }
        for tilt in self.report.book.tilts.iter().filter(|tilt| tilt.who == who) {
            if tilt.from < self.to && tilt.to.is_none_or(|to| to > self.from) {
                paint(&mut spans, self.span(tilt.from, tilt.to, State::Tilt));
            }
        }
        let mut marks = self.marks(|of| *of == Actor::Sentinel(who));
        for vote in incident.elections.iter().flat_map(|election| &election.votes) {
            if vote.voter == Voter::Log(who) {
                let text = format!("+vote-for-leader {}", self.report.names.id(&vote.candidate));
                marks.push(Mark { at: vote.at, event: "+vote-for-leader", text });
            }
        }
        marks.sort_by_key(|mark| mark.at);
        marks.truncate(MARKS_SHOWN);
        let part = if runs.is_empty() { Part::Sentinel } else { Part::Leader };
        Lane { name: self.report.names.who(who), part, spans, marks }
    }

    /// One lane for each server of the group, and how many are left out.
    fn servers(&self) -> (Vec<Lane>, usize) {
        let incident = self.incident;
        let mut places: Vec<Place> = vec![incident.master.clone()];
        places.extend(incident.new_master.clone());
        places.extend(incident.foreign.as_ref().map(|foreign| foreign.to.clone()));
        let chosen = incident.runs.iter().filter_map(|run| run.selected.as_ref());
        places.extend(chosen.map(|(place, _)| place.clone()));
        for run in &incident.runs {
            places.extend(run.moved.iter().map(|moved| moved.replica.clone()));
            places.extend(run.replicas_down.iter().cloned());
        }
        let mut known = BTreeSet::new();
        places.retain(|place| !place.is_empty() && known.insert(place.clone()));
        let left_out = places.len().saturating_sub(SERVERS_SHOWN);
        places.truncate(SERVERS_SHOWN);
        (places.into_iter().map(|place| self.server(place)).collect(), left_out)
    }

    fn server(&self, place: Place) -> Lane {
        let incident = self.incident;
        let (part, spans) = if place == incident.master {
            let stays = incident.new_master.is_none();
            (if stays { Part::Master } else { Part::OldMaster }, self.master())
        } else if incident.new_master.as_ref() == Some(&place) {
            (Part::NewMaster, self.replica(&place))
        } else {
            (Part::Replica, self.replica(&place))
        };
        let marks = self.marks(|of| *of == Actor::Server(place.clone()));
        Lane { name: place, part, spans, marks }
    }

    /// What the master of the beginning did.
    fn master(&self) -> Vec<Span> {
        let incident = self.incident;
        let told = incident.first_told();
        let mut spans = Vec::new();
        paint(&mut spans, self.span(self.from, told, State::Master));
        let of = |what| incident.afterwards.iter().find(|(known, _)| *known == what).map(|(_, at)| *at);
        let back =
            [Afterwards::Answers, Afterwards::SaysMaster, Afterwards::ToldToFollow, Afterwards::Follows]
                .into_iter()
                .filter_map(of)
                .min();
        for down in &incident.downs {
            // It was away before anybody missed it; when it came back is known best by who missed it.
            let from = if down.at == incident.began { self.from } else { down.at };
            let up = down.up.or(incident.new_master.as_ref().and(back));
            paint(&mut spans, self.span(from, up, State::NoAnswer));
        }
        let told_to_follow = of(Afterwards::ToldToFollow);
        let second = told_to_follow.is_some() || of(Afterwards::SaysMaster).is_some();
        let back_late = back.filter(|_| second);
        if let Some(since) = incident.went_on().or(back_late) {
            paint(&mut spans, self.span(since, told_to_follow, State::SecondMaster));
        }
        if let Some(at) = of(Afterwards::Demoted) {
            paint(&mut spans, self.span(at, back, State::Follows));
        }
        if let Some(at) = of(Afterwards::Follows).or(told_to_follow) {
            paint(&mut spans, self.span(at, None, State::Follows));
        }
        spans
    }

    fn replica(&self, place: &Place) -> Vec<Span> {
        let incident = self.incident;
        let mut spans = Vec::new();
        paint(&mut spans, self.span(self.from, None, State::Replica));
        for run in &incident.runs {
            if run.replicas_down.contains(place) {
                paint(&mut spans, self.span(self.from, run.end.map(|(_, at)| at), State::NoAnswer));
            }
            let promoted = run.promoted.as_ref().filter(|(promoted, _)| promoted == place).map(|(_, at)| *at);
            // One that was promoted by a leader that died is not promoted a second time.
            let anew = |at: At| incident.took_writes().is_none_or(|then| then >= at);
            if let Some((_, at)) = run.selected.as_ref().filter(|(chosen, at)| chosen == place && anew(*at)) {
                let until = promoted.or(run.end.map(|(_, at)| at));
                paint(&mut spans, self.span(*at, until, State::BeingPromoted));
            }
            if let Some(at) = promoted {
                paint(&mut spans, self.span(at, None, State::Master));
            }
            for moved in run.moved.iter().filter(|moved| moved.replica == *place) {
                if let Some(at) = moved.sent {
                    paint(&mut spans, self.span(at, moved.done, State::Moving));
                }
                if let Some(at) = moved.done {
                    paint(&mut spans, self.span(at, None, State::Follows));
                }
            }
        }
        if let Some(foreign) = incident.foreign.as_ref().filter(|foreign| foreign.to == *place) {
            let since = foreign.seen.iter().map(|(_, at)| *at).min().unwrap_or(self.from);
            paint(&mut spans, self.span(since, foreign.ended(), State::SecondMaster));
        }
        let unseen = incident.runs.iter().all(|run| run.promoted.is_none());
        if let (true, Some(at)) =
            (unseen && incident.new_master.as_ref() == Some(place), incident.first_told())
        {
            paint(&mut spans, self.span(at, None, State::Master));
        }
        spans
    }

    fn span(&self, from: At, to: Option<At>, state: State) -> Span {
        let from = from.clamp(self.from, self.to);
        Span { from, to: to.unwrap_or(self.to).clamp(from, self.to), state }
    }

    fn marks(&self, of: impl Fn(&Actor) -> bool) -> Vec<Mark> {
        let ours = self.steps.iter().filter(|step| of(&step.of));
        let marks = ours.map(|step| Mark { at: step.at, event: step.event, text: step.text.clone() });
        marks.take(MARKS_SHOWN).collect()
    }
}

/// A later state covers an earlier one.
fn paint(spans: &mut Vec<Span>, new: Span) {
    let mut kept = Vec::with_capacity(spans.len() + 2);
    for old in spans.drain(..) {
        if old.from < new.from {
            kept.push(Span { to: old.to.min(new.from), ..old });
        }
        if old.to > new.to {
            kept.push(Span { from: old.from.max(new.to), ..old });
        }
    }
    kept.push(new);
    kept.retain(|span| span.to > span.from);
    kept.sort_by_key(|span| span.from);
    for span in kept {
        match spans.last_mut() {
            Some(last) if last.state == span.state && last.to == span.from => last.to = span.to,
            Some(_) | None => spans.push(span),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(from: At, to: At, state: State) -> Span {
        Span { from, to, state }
    }

    #[test]
    fn later_states_cover_earlier_ones() {
        let mut spans = Vec::new();
        paint(&mut spans, span(0, 100, State::Misses));
        paint(&mut spans, span(20, 40, State::Leads));
        paint(&mut spans, span(90, 120, State::Tilt));
        let expected = [
            span(0, 20, State::Misses),
            span(20, 40, State::Leads),
            span(40, 90, State::Misses),
            span(90, 120, State::Tilt),
        ];
        assert_eq!(spans, expected);
        paint(&mut spans, span(10, 60, State::Misses));
        assert_eq!(spans, [span(0, 90, State::Misses), span(90, 120, State::Tilt)]);
    }
}
