//! Everything that is kept of the logs while they are read: who speaks, what is known of each group, the incidents. An
//! entry goes in, and finds the incident it belongs to. Memory is bounded: of many incidents the last are kept.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::mem::{Discriminant, discriminant};

use watchkeeper_core::event::EventKind as E;

use super::findings;
use super::incident::{At, Election, How, Incident, Learned, Outcome, Who, is_address};
use super::said::{Maker, Place, Said};
use super::source::Entry;

/// Incidents kept.
pub(super) const INCIDENTS_MAX: usize = 200;
/// Sentinels whose logs are told apart.
const SPEAKERS_MAX: usize = 256;
/// Lines of one sentinel that are known again.
const SAID_LATELY_MAX: usize = 64;
/// Failovers of a group remembered by their times.
const SWITCHES_MAX: usize = 1000;
/// Groups, ids, servers.
pub(super) const NAMES_MAX: usize = 2048;
/// Sentinels and replicas of one group.
pub(super) const MEMBERS_MAX: usize = 512;
/// Sentinels that know each other have asked each other by then.
const ASKED_MS: i64 = 5_000;
/// A sentinel that is missed so soon after the last line of its log died with it.
const DIED_MS: At = 1_500;
/// Periods of TILT; other happenings of each kind.
const HAPPENINGS_MAX: usize = 200;
/// Different words of the logs.
const WORDS_MAX: usize = 50;
/// Groups worked on of late among which that of a vote is looked for.
const LATELY_MAX: usize = 64;

/// A sentinel whose log is read.
#[derive(Debug, Clone)]
pub(super) struct Speaker {
    /// which log
    pub(super) source: usize,
    pub(super) label: String,
    pub(super) pid: u32,
    pub(super) id: Option<String>,
    /// its start was seen
    pub(super) started: bool,
    /// it turned out to be one that is known
    pub(super) absorbed: bool,
    /// it said something that no data server says
    pub(super) is_sentinel: bool,
    pub(super) port: Option<String>,
    /// what program it is, as far as its log tells
    pub(super) maker: Option<Maker>,
    /// the epoch it has just entered
    pub(super) epoch: Option<u64>,
    /// it is a candidate and its own vote comes next
    pub(super) trying: bool,
    /// which of several groups of a name it watches
    pub(super) families: BTreeMap<String, usize>,
    /// the group it spoke of last
    pub(super) context: String,
    /// whose configuration it takes over
    pub(super) update: Option<String>,
    /// since when it does not trust its clock
    pub(super) tilt: Option<At>,
    /// when it spoke first, as far as its log goes
    pub(super) first: At,
    /// its log begins with its start
    pub(super) whole: bool,
    /// when it spoke last
    pub(super) last: At,
    /// its log has no more lines
    pub(super) ended: bool,
    /// which file it speaks in
    part: usize,
    /// ... which goes on after another one, and has told of epochs only
    pub(super) fresh: bool,
    /// its log is in several files: between two of them something may be missing
    pub(super) parted: bool,
    /// it is past its start
    pub(super) settled: bool,
    /// when it was started, if it has found no replica since: the master, which names them, need not have answered it
    pub(super) unmet: Option<At>,
    /// when it said what of late: lines that a copy repeats count once
    said_lately: VecDeque<(At, u64)>,
}

/// A time in which a sentinel did not trust its clock.
#[derive(Debug, Clone)]
pub(super) struct Tilt {
    pub(super) who: Who,
    pub(super) from: At,
    pub(super) to: Option<At>,
    pub(super) cause: Option<String>,
    /// its clock was set back by at least this
    pub(super) back_ms: i64,
    /// the last line before it
    pub(super) silent_since: At,
}

/// What is known of a group.
#[derive(Debug, Clone, Default)]
pub(super) struct Group {
    pub(super) master: Place,
    /// what each sentinel says is needed
    pub(super) quorums: BTreeMap<Who, u32>,
    /// ids of its sentinels
    pub(super) sentinels: BTreeSet<String>,
    /// addresses of its sentinels: all that releases before 3.2 tell of each other
    pub(super) addresses: BTreeSet<String>,
    /// who holds which other sentinel for down
    pub(super) peers_down: BTreeMap<String, BTreeSet<Who>>,
    /// who holds which replica for down
    pub(super) replicas_down: BTreeMap<Place, BTreeSet<Who>>,
    pub(super) replicas: BTreeSet<Place>,
    /// when a replica had answers again last
    pub(super) answered: BTreeMap<Place, At>,
    /// time to be seen down, where somebody set it
    pub(super) down_after: Option<u64>,
    /// which others each sentinel knows, as far as its log tells
    pub(super) acquainted: BTreeMap<Who, BTreeSet<String>>,
    /// who has told of it
    pub(super) told_by: BTreeSet<Who>,
    /// to whom the master says that it is a replica
    pub(super) posing: BTreeMap<Who, Place>,
    /// the most that agreed, themselves counted
    pub(super) agreed: usize,
    /// who has found a replica of it: one that restarts knows them from its file
    pub(super) found: BTreeSet<Who>,
    /// who has named a new master, and all replicas behind it, and when first
    pub(super) listed: BTreeMap<Who, At>,
    /// who was told to watch it no more
    pub(super) removed: BTreeSet<Who>,
    /// ids that its sentinels no longer have
    pub(super) former: BTreeSet<String>,
    pub(super) open: Option<Incident>,
    /// when clients were told of a new master because the one before had failed: planned ones do not count
    pub(super) switches: VecDeque<At>,
}

/// Other things worth telling, each once with how often.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Other {
    /// a sentinel moved: id, new place
    Moved(String, Place),
    /// a sentinel was not there: id
    SentinelDown(String),
    /// a replica was not there
    ReplicaDown(String, Place),
    /// a server restarted
    Rebooted(String, Place),
    /// a server restarted while it was the master, and nobody had missed it
    UnseenRestart(String, Place),
    /// a server that said it was a master was made a replica
    Demoted(String, Place),
    /// a sentinel's process began anew
    StartedAgain,
    /// a running sentinel was told to watch a group, with this master; or no more
    Watched(String, Place),
    Unwatched(String),
    /// a vote for this candidate, of whose attempt nothing else is told
    Vote(String, u64),
    /// a new master that was missed for a moment just after the switch: group, master, whether there are times
    Sight(String, Place, bool),
    /// a replica followed another server than the master: group, replica
    Turned(String, Place),
    /// a replica said that it is a master, beside any failover: group, replica
    SaysMaster(String, Place),
    /// the master said that it is a replica: group, master
    SaysReplica(String, Place),
    Reset(String),
    Set(String, String),
    /// why not, beside any incident: group, the log's own words
    Words(String, String),
    ScriptFailed(String),
    NotSaved,
    Unresolved(String),
    Stopped,
}

/// How often, and when.
#[derive(Debug, Clone)]
pub(super) struct Often {
    pub(super) times: u64,
    pub(super) first: At,
    pub(super) last: At,
    pub(super) who: BTreeSet<Who>,
}

/// Who wanted to act for which group.
#[derive(Debug)]
pub(super) struct Candidacy {
    pub(super) epoch: u64,
    pub(super) who: Who,
    pub(super) at: At,
    pub(super) group: String,
}

/// The book.
#[derive(Debug, Default)]
pub(super) struct Book {
    pub(super) speakers: Vec<Speaker>,
    /// who spoke last in each log: nearly always it is the same again
    recent: Vec<Who>,
    /// which log each is a part of; those beyond are whole
    wholes: Vec<usize>,
    /// when each sentinel, by id, was spoken of first
    pub(super) spoken_of: BTreeMap<String, At>,
    /// where each sentinel is, by id
    pub(super) places: BTreeMap<String, Place>,
    pub(super) groups: BTreeMap<String, Group>,
    pub(super) incidents: VecDeque<Incident>,
    /// incidents no longer kept
    pub(super) forgotten: u64,
    /// incidents of streams without times that logs with times tell, too
    pub(super) folded: u64,
    pub(super) tilts: Vec<Tilt>,
    pub(super) others: BTreeMap<Other, Often>,
    /// how many of each kind
    kinds: HashMap<Discriminant<Other>, usize>,
    /// lines with words of the logs for which there was no room
    pub(super) words_left_out: u64,
    /// groups with an incident worked on of late, the last one behind
    pub(super) lately: VecDeque<String>,
    /// there were more of them that failed at once, the last one then
    pub(super) crowded: Option<At>,
    pub(super) first: Option<At>,
    pub(super) last: At,
    /// the present line has a time
    pub(super) timed: bool,
    /// something was said that is not said at every start
    pub(super) happened: bool,
    /// the last ones
    pub(super) candidacies: VecDeque<Candidacy>,
    /// of each log, what its groups are called here if other deployments have groups of that name
    pub(super) apart: Vec<BTreeMap<String, String>>,
    /// of each name the groups that have it
    pub(super) families: super::families::Families,
    /// how each of these groups is called here: its name, and which of those that have it
    pub(super) family_keys: BTreeMap<String, (String, usize)>,
    /// some name has more than one
    pub(super) several: bool,
    /// how many servers and sentinels are remembered
    pub(super) members: super::members::Members,
    /// of each server and sentinel some groups that have or had it
    pub(super) homes: BTreeMap<String, Vec<String>>,
    /// logs that have no times
    pub(super) untimed: BTreeSet<usize>,
    /// streams that are put together from those of several sentinels
    pub(super) mixed: BTreeSet<usize>,
    /// votes told before the group they belong to was known
    pub(super) loose_votes: VecDeque<(u64, super::incident::Vote)>,
}

impl Book {
    /// A book for these logs, each with the number of the log that it is a part of.
    pub(super) fn of_parts(wholes: Vec<usize>) -> Book {
        Book { wholes, ..Book::default() }
    }

    /// Takes the next entry, said at this time in log number `source`.
    pub(super) fn take(&mut self, source: usize, at: Option<At>, entry: &Entry) {
        if let Some(at) = at {
            self.first = Some(self.first.map_or(at, |first| first.min(at)));
            self.last = self.last.max(at);
        }
        self.timed = at.is_some();
        if !self.timed {
            self.untimed.insert(source);
        }
        // Without times lines are counted: their order is kept, and nothing can be said of how long anything took.
        let at = at.unwrap_or_else(|| self.last.saturating_add(i64::from(self.first.is_none())));
        if self.first.is_none() {
            self.last = at;
        }
        let who = self.speaker(self.whole(source), source, entry);
        self.speakers[who].first = self.speakers[who].first.min(at);
        // A line of a stream has no time of its own, by which it could be known again.
        if self.timed && entry.print != 0 && self.speakers[who].repeats(at, entry.print) {
            return;
        }
        self.speakers[who].is_sentinel |= entry.by_sentinel;
        self.goes_on_in(who, source);
        let renamed = self.renamed(source, &entry.said).or_else(|| self.of_family(who, &entry.said));
        match renamed.as_ref().unwrap_or(&entry.said) {
            Said::Event(event) => self.event(who, at, event),
            Said::Voted { voter, candidate, epoch } => {
                self.voted(who, at, &super::incident::Voter::Id(voter.clone()), candidate, *epoch);
            }
            Said::Id(id) => {
                // Releases before 4.0 begin with this.
                self.speakers[who].started = true;
                self.started_again(who, at, id);
                self.identified(who, id);
            }
            Said::Port(port) => self.speakers[who].port = Some(port.clone()),
            Said::Maker(maker) => self.speakers[who].maker = Some(*maker),
            Said::Waits(until) => {
                self.speakers[who].maker = Some(Maker::Redis);
                self.waits(who, until);
            }
            Said::Asked(group) => self.asked(who, at, group),
            Said::Started => {
                let speaker = &mut self.speakers[who];
                (speaker.trying, speaker.epoch, speaker.tilt) = (false, None, None);
                speaker.started = true;
                speaker.unmet = Some(at);
                self.begins_anew(who);
            }
            Said::Stopped => self.other(Other::Stopped, who, at),
            Said::Reason { group, text } => {
                // Of the sentinels only ours say why not.
                self.speakers[who].maker.get_or_insert(Maker::Watchkeeper);
                self.reason(who, at, group, text);
            }
            Said::TiltCause(cause) => {
                if let Some(tilt) = self.tilts.iter_mut().rev().find(|tilt| tilt.who == who) {
                    tilt.cause = Some(cause.clone());
                }
            }
            Said::NotSaved => self.other(Other::NotSaved, who, at),
            Said::Unresolved(name) => self.other(Other::Unresolved(name.clone()), who, at),
        }
        self.speakers[who].last = at;
        self.noted(who, &entry.said);
    }

    /// This sentinel's log goes on in another file: what stood between the two may be missing.
    fn goes_on_in(&mut self, who: Who, part: usize) {
        let speaker = &mut self.speakers[who];
        speaker.fresh |= speaker.part != part;
        speaker.parted |= speaker.part != part;
        speaker.part = part;
    }

    /// Whether more is told by now than how sentinels start, and more of the present file than an epoch.
    fn noted(&mut self, who: Who, said: &Said) {
        let kind = if let Said::Event(event) = said { Some(event.kind) } else { None };
        let starts = match said {
            Said::Id(_) | Said::Port(_) | Said::Maker(_) | Said::Started => true,
            Said::Event(_) => matches!(kind, Some(E::Monitor | E::Slave | E::Sentinel)),
            Said::Voted { .. }
            | Said::Asked(_)
            | Said::Waits(_)
            | Said::Stopped
            | Said::Reason { .. }
            | Said::TiltCause(_)
            | Said::NotSaved
            | Said::Unresolved(_) => false,
        };
        self.happened |= !starts;
        let speaker = &mut self.speakers[who];
        speaker.fresh &= kind == Some(E::NewEpoch);
        speaker.settled = !matches!(said, Said::Started | Said::Maker(_) | Said::Id(_) | Said::Port(_))
            && (speaker.settled || kind != Some(E::Monitor));
    }

    /// The same of a group whose name another deployment has too, under the name it has here.
    fn renamed(&self, source: usize, said: &Said) -> Option<Said> {
        let names = self.apart.get(source).filter(|names| !names.is_empty())?;
        said.renamed(|group| names.get(group).cloned())
    }

    /// A process that starts holds nobody for down yet.
    fn begins_anew(&mut self, who: Who) {
        for group in self.groups.values_mut() {
            for by in group.peers_down.values_mut().chain(group.replicas_down.values_mut()) {
                by.remove(&who);
            }
        }
    }

    /// Sentinels of a group that do not answer to the end of the logs, if those who say so are not cut off themselves.
    pub(super) fn gone(&self, group: &Group) -> Vec<String> {
        let id = |who: &Who| self.speakers.get(*who).and_then(|speaker| speaker.id.as_ref());
        let missed = |id: &String| group.peers_down.get(id).is_some_and(|by| !by.is_empty());
        let trusted = |who: &Who| !id(who).is_some_and(missed);
        let gone = group.peers_down.iter().filter(|(_, by)| by.iter().any(trusted));
        gone.map(|(id, _)| id.clone()).collect()
    }

    /// Whether one that others miss to the end spoke when these had no more lines: it may have answered them since.
    pub(super) fn goes_on(&self, group: &Group, id: &str) -> bool {
        let its = self.speakers.iter().filter(|speaker| speaker.id.as_deref() == Some(id));
        let own = its.map(|speaker| speaker.last).max();
        let last = |who: &Who| self.speakers.get(*who).map(|speaker| speaker.last);
        let by = group.peers_down.get(id).filter(|_| self.first.is_some());
        by.is_some_and(|by| own > by.iter().filter_map(last).max())
    }

    /// The least that any sentinel needs of this group's, those that are gone left out: who needs least acts first.
    pub(super) fn least_quorum(&self, group: &Group, gone: &[String]) -> Option<u32> {
        let is_gone = |who: &Who| {
            let id = self.speakers.get(*who).and_then(|speaker| speaker.id.as_ref());
            id.is_some_and(|id| gone.contains(id))
        };
        group.quorums.iter().filter(|(who, _)| !is_gone(who)).map(|(_, quorum)| *quorum).min()
    }

    /// Whether this group is one of another deployment than this sentinel's.
    pub(super) fn elsewhere(&self, who: Who, name: &str) -> bool {
        let has = |names: &BTreeMap<String, String>| names.values().any(|known| known == name);
        let here = self.speakers.get(who).and_then(|speaker| self.apart.get(speaker.source));
        (self.apart.iter().any(has) && !here.is_some_and(has)) || self.of_another_family(who, name)
    }

    /// The log that this one is a part of.
    pub(super) fn whole(&self, source: usize) -> usize {
        self.wholes.get(source).copied().unwrap_or(source)
    }

    /// All logs are read.
    pub(super) fn close(&mut self) {
        self.name_the_nameless();
        let names: Vec<String> = self
            .groups
            .iter()
            .filter(|(_, group)| group.open.is_some())
            .map(|(name, _)| name.clone())
            .collect();
        for name in names {
            let end = self.last;
            if let Some(open) = self.groups.get_mut(&name).and_then(|group| group.open.as_mut()) {
                open.logs_end = Some(end);
            }
            self.put_away(&name);
        }
        self.incidents.make_contiguous().sort_by_key(|incident| incident.began);
        // Only now is it known whose logs are here.
        let mut incidents = std::mem::take(&mut self.incidents);
        incidents.iter_mut().for_each(|incident| self.whose_logs(incident));
        self.incidents = incidents;
        self.fold_untimed();
        self.lone_votes();
    }

    /// This log has no more lines. Whoever misses a master in its last one may have had answers since.
    pub(super) fn ended(&mut self, source: usize) {
        self.speakers.iter_mut().filter(|it| it.source == source).for_each(|it| it.ended = true);
        let of = |who: Who| self.speakers.get(who).is_some_and(|speaker| speaker.source == source);
        for open in self.groups.values_mut().filter_map(|group| group.open.as_mut()) {
            let missing = open.downs.iter().filter(|down| down.up.is_none() && of(down.who));
            let silent: Vec<Who> = missing.map(|down| down.who).collect();
            open.silent.extend(silent);
        }
    }

    /// Whether the log of this sentinel begins with its first start: nobody spoke of it before.
    pub(super) fn is_whole(&self, who: Who) -> bool {
        let before = |speaker: &Speaker| {
            let spoken_of = speaker.id.as_ref().and_then(|id| self.spoken_of.get(id));
            spoken_of.is_some_and(|at| *at < speaker.first.saturating_sub(ASKED_MS))
        };
        self.speakers.get(who).is_some_and(|speaker| speaker.whole && !before(speaker))
    }

    /// Whether the log of this sentinel begins when an incident has begun: what it saw of it before is not known. Without
    /// times nothing tells which of several began first.
    pub(super) fn began_after(&self, who: Who, incident: &Incident) -> bool {
        let late = self.speakers.get(who).is_some_and(|speaker| speaker.first > incident.began);
        late && incident.timed && !self.is_whole(who) && !self.elsewhere(who, &incident.group)
    }

    /// Whether a log ends, or has a gap, where its sentinel did something of which others tell; and one that nobody missed
    /// says something of every new master.
    fn ended_before(&self, incident: &Incident) -> bool {
        let of = |id: &str| self.speakers.iter().position(|speaker| speaker.id.as_deref() == Some(id));
        let silent_leader = incident.elections.iter().any(|election| {
            let tried = |who: Who| election.candidates.iter().any(|(them, _)| *them == who);
            let mut candidates = election.votes.iter().filter_map(|vote| of(&vote.candidate));
            candidates.any(|who| self.speakers[who].pid != 0 && !tried(who))
        });
        let silent_source = incident.learned.iter().any(|it| self.hidden_source(it, incident));
        // Who came forward, and did not say what came of it, may have promoted what others then saw.
        let open = |election: &Election| election.elected.is_none() && election.lost.is_empty();
        let unsaid = incident.foreign.is_some() && incident.elections.iter().any(open);
        let silent = self.present().any(|(who, _)| self.ends_early(who, incident));
        let back = incident.came_back().is_some() && !incident.silent.is_empty();
        silent_leader || silent_source || unsaid || silent || back
    }

    /// Whether the log of this sentinel ends before a new master was named, though nobody missed it.
    pub(super) fn ends_early(&self, who: Who, incident: &Incident) -> bool {
        self.ends_by(who, incident, incident.first_told())
    }

    /// The same of another moment of it.
    pub(super) fn ends_by(&self, who: Who, incident: &Incident, at: Option<At>) -> bool {
        let Some(at) = at else { return false };
        let Some((group, speaker)) = self.groups.get(&incident.group).zip(self.speakers.get(who)) else {
            return false;
        };
        let missed = |id: &String| {
            let first = self.others.get(&Other::SentinelDown(id.clone())).map(|often| often.first);
            // Who is missed so soon after its last line did not go on after it.
            let died = |first: At| self.timed && (0..DIED_MS).contains(&first.saturating_sub(speaker.last));
            group.peers_down.contains_key(id) && first.is_none_or(|first| first <= at || died(first))
        };
        let missed = speaker.id.as_ref().is_none_or(missed);
        speaker.last <= at && !missed && !incident.knows_the_new(who) && !self.elsewhere(who, &incident.group)
    }

    /// Who told this sentinel of the new master is not among those that are read, or has not said in its log that it knew.
    fn hidden_source(&self, learned: &Learned, incident: &Incident) -> bool {
        let How::From(id) = &learned.how else { return false };
        // Releases before 3.2 name it by its address, which its own log does not have.
        if is_address(id) {
            return false;
        }
        let who = self.speakers.iter().position(|speaker| speaker.id.as_ref() == Some(id));
        // A leader that died, or gave way, after it had promoted it has said so.
        let made = |who: Who| {
            let mut by = incident.runs.iter().filter(|run| run.who == who);
            by.any(|run| run.promoted.as_ref().is_some_and(|(place, _)| *place == learned.to))
        };
        who.map_or(!self.speaks(id), |who| !incident.knows_the_new(who) && !made(who))
    }

    /// Whether all logs of a group's sentinels begin with their start: then they tell all that these saw.
    pub(super) fn all_whole(&self, name: &str) -> bool {
        self.present().all(|(who, _)| self.is_whole(who) || self.elsewhere(who, name))
    }

    /// Whether logs are missing that could tell more of an incident.
    fn whose_logs(&self, incident: &mut Incident) {
        let Some(group) = self.groups.get(&incident.group) else { return };
        // One log that begins in the middle of a sentinel's life tells of nobody else.
        let mut here = self.present().filter(|(who, _)| !self.elsewhere(*who, &incident.group));
        let alone = here.next().is_some_and(|(who, _)| !self.is_whole(who)) && here.next().is_none();
        // Who agrees and has not said since when it missed the master, or had answers again, did so before its log begins.
        let late = |who: Who| !self.is_whole(who) && self.speakers[who].pid != 0;
        let unsaid = |who: Who| late(who) && !incident.downs.iter().any(|down| down.who == who);
        incident.beside.unseen = self.missed_unseen(incident);
        incident.cut = incident.headless()
            || incident.beside.unseen
            || incident.begun_before
            || incident.agreed.iter().any(|agreed| unsaid(agreed.who))
            || !incident.back.is_empty()
            || self.present().any(|(who, _)| self.began_after(who, incident));
        incident.unread = incident.cut
            || self.ended_before(incident)
            || self.unread(&incident.group, group)
            || (alone && self.size(group) <= 1);
        incident.all_known = self.names_all(&incident.group);
        incident.stood = self.stood(incident);
        incident.blind = self.blind(incident);
        let first = incident.learned.iter().min_by_key(|learned| learned.at);
        let strange = first.is_some_and(|it| self.hidden_source(it, incident));
        let leader = incident.winner().and_then(|run| self.speakers.get(run.who));
        incident.told_by_unread = strange && leader.is_some_and(|leader| leader.id.is_some());
    }

    /// What is noted of an incident when it is over, or told as if it were.
    pub(super) fn conclude(&self, incident: &mut Incident) {
        let Some(group) = self.groups.get(&incident.group) else { return };
        incident.sentinels = self.size(group);
        incident.streamed = self.streamed(incident);
        incident.others_unread = self.others_unread(&incident.group, group);
        self.whose_logs(incident);
        incident.maker = self.maker(incident);
        let leader = incident.winner().and_then(|run| self.speakers.get(run.who));
        incident.logged = leader.is_some_and(|leader| leader.pid != 0);
        incident.held.leader = leader.and_then(|leader| leader.maker);
        if incident.new_master.is_none() && incident.pointed.is_none() {
            incident.peers_down.extend(group.peers_down_now());
        }
        incident.isolated = self.isolated(incident);
        incident.unaware = self.unaware(incident);
        incident.alone = incident.saw().len() == 1 && !findings::others_up(incident, self).is_empty();
        incident.enough = enough(incident);
        incident.strangers = incident.enough && self.strangers(incident, group);
    }

    /// Those who came forward and speak by their events only, which do not tell whose votes they got.
    pub(super) fn streamed(&self, incident: &Incident) -> BTreeSet<Who> {
        let tried = incident.elections.iter().flat_map(|election| &election.candidates).map(|(who, _)| *who);
        tried.filter(|who| self.speakers.get(*who).is_some_and(|speaker| speaker.pid == 0)).collect()
    }

    /// Whose sentinels acted, or, if none did, whose saw it; nothing if their logs do not tell. Of several programs the
    /// slower ones count.
    fn maker(&self, incident: &Incident) -> Option<Maker> {
        let tried = incident.elections.iter().flat_map(|election| &election.candidates).map(|(who, _)| *who);
        let mut of: BTreeSet<Who> = tried.chain(incident.runs.iter().map(|run| run.who)).collect();
        if of.is_empty() {
            of = incident.saw();
            of.extend(incident.learned.iter().map(|learned| learned.who));
        }
        let makers = || of.iter().filter_map(|who| self.speakers.get(*who)?.maker);
        makers().find(|maker| *maker == Maker::Redis).or_else(|| makers().next())
    }

    /// All who miss the master, if sentinels that do not miss it miss each of them: then they are the ones cut off.
    fn isolated(&self, incident: &Incident) -> BTreeSet<Who> {
        let saw = incident.saw();
        let missed = |who: &Who| {
            let id = self.speakers.get(*who).and_then(|speaker| speaker.id.as_deref());
            // Whose log ends before that does not tell that to it the master is healthy.
            let here = |other: Who| self.speakers[other].last + ASKED_MS >= incident.began || !incident.timed;
            let by = |(other, missing): &(Who, String)| {
                !saw.contains(other) && Some(missing.as_str()) == id && here(*other)
            };
            incident.unreached.iter().any(by)
        };
        let nothing_done = incident.agreed.is_empty() && incident.new_master.is_none();
        // Of as many on both sides none is the rest.
        let few = saw.len() * 2 < incident.sentinels.max(1);
        if nothing_done && few && saw.iter().all(missed) { saw } else { BTreeSet::new() }
    }

    /// Whether none of those who miss the master knows enough of the others. They had the time to ask each other, or it
    /// is certain that they forgot each other.
    fn strangers(&self, incident: &Incident, group: &Group) -> bool {
        let Some(quorum) = incident.quorum else { return false };
        let saw = incident.saw();
        let id = |who: &Who| self.speakers.get(*who).and_then(|speaker| speaker.id.as_ref());
        let knows = |who: &Who| {
            let known = group.acquainted.get(who);
            let others = saw.iter().filter(|other| *other != who).filter_map(id);
            others.filter(|id| known.is_some_and(|known| known.contains(*id))).count()
        };
        let last = incident.downs.iter().map(|down| down.at).max().unwrap_or(incident.began);
        let end = incident.came_back().or(incident.logs_end).unwrap_or(incident.last);
        let certain = !incident.reset.is_empty() || end - last > ASKED_MS;
        certain && incident.agreed.is_empty() && saw.iter().all(|who| knows(who) + 1 < quorum as usize)
    }

    /// The incident of a group goes among those that are over.
    pub(super) fn put_away(&mut self, name: &str) {
        let Some(group) = self.groups.get_mut(name) else { return };
        let Some(mut incident) = group.open.take() else { return };
        let sight = self.groups.get(name).is_some_and(|group| self.is_sight(&incident, group));
        if sight {
            return self.sighted(&incident);
        }
        self.conclude(&mut incident);
        let failed = matches!(incident.outcome(), Outcome::Failover | Outcome::Forced);
        if let Some((at, group)) = incident.first_told().filter(|_| failed).zip(self.groups.get_mut(name)) {
            if group.switches.len() >= SWITCHES_MAX {
                group.switches.pop_front();
            }
            group.switches.push_back(at);
        }
        if self.incidents.len() >= INCIDENTS_MAX {
            self.incidents.pop_front();
            self.forgotten += 1;
        }
        self.incidents.push_back(incident);
    }

    /// Who speaks. One process of one log is one sentinel; who it is under another process number, its id tells.
    fn speaker(&mut self, source: usize, part: usize, entry: &Entry) -> Who {
        let again = self.recent.get(source).and_then(|who| Some((*who, self.speakers.get(*who)?)));
        if let Some((who, speaker)) = again {
            if speaker.source == source && !speaker.absorbed && entry.is_by(speaker.pid, &speaker.label) {
                return who;
            }
        }
        let who = self.find_speaker(source, part, entry);
        if self.recent.len() <= source {
            self.recent.resize(source + 1, 0);
        }
        self.recent[source] = who;
        who
    }

    fn find_speaker(&mut self, source: usize, part: usize, entry: &Entry) -> Who {
        let same =
            |speaker: &Speaker| speaker.source == source && speaker.label == entry.label && !speaker.absorbed;
        let known = self.speakers.iter().rposition(|speaker| same(speaker) && speaker.pid == entry.pid);
        if let Some(known) = known {
            return known;
        }
        // A log that begins in the middle of a sentinel's life does not tell its id: the next process is the same one.
        let begins = matches!(entry.said, Said::Started | Said::Id(_) | Said::Port(_));
        let nameless = |speaker: &Speaker| same(speaker) && speaker.id.is_none() && !speaker.started;
        if let Some(before) = self.speakers.iter().rposition(nameless).filter(|_| begins) {
            self.speakers[before].pid = entry.pid;
            return before;
        }
        let full = self.speakers.len() >= SPEAKERS_MAX;
        if full {
            return 0;
        }
        // A stream of several sentinels tells of all from its first line.
        let together = self.speakers.iter().filter(|other| other.source == source && other.pid == 0);
        let first = together.map(|other| other.first).min().filter(|_| entry.pid == 0).unwrap_or(At::MAX);
        self.speakers.push(Speaker {
            source,
            label: entry.label.clone(),
            pid: entry.pid,
            id: None,
            started: false,
            absorbed: false,
            is_sentinel: false,
            port: None,
            maker: None,
            epoch: None,
            trying: false,
            families: BTreeMap::new(),
            context: String::new(),
            update: None,
            tilt: None,
            first,
            whole: begins || matches!(entry.said, Said::Maker(_)),
            last: At::MIN,
            ended: false,
            part,
            fresh: false,
            parted: false,
            settled: false,
            unmet: None,
            said_lately: VecDeque::new(),
        });
        self.speakers.len() - 1
    }

    /// A sentinel says or shows who it is. Two logs one after the other in one file are told apart here.
    pub(super) fn identified(&mut self, who: Who, id: &str) {
        let speaker = &self.speakers[who];
        let twin = self.speakers.iter().enumerate().position(|(other, twin)| {
            other != who
                && twin.source == speaker.source
                && twin.label == speaker.label
                && twin.id.as_deref() == Some(id)
        });
        if let Some(twin) = twin {
            let (maker, unmet) = (speaker.maker, speaker.unmet);
            self.speakers[twin].pid = speaker.pid;
            self.speakers[twin].unmet = unmet.or(self.speakers[twin].unmet);
            self.speakers[twin].maker = maker.or(self.speakers[twin].maker);
            self.speakers[twin].settled = false;
            let speaker = &mut self.speakers[who];
            (speaker.absorbed, speaker.pid) = (speaker.id.is_none(), u32::MAX);
            return;
        }
        if speaker.id.as_deref().is_some_and(|known| known != id) && self.speakers.len() < SPEAKERS_MAX {
            let fresh = Speaker { id: Some(id.to_owned()), ..speaker.clone() };
            self.speakers[who].pid = u32::MAX;
            self.speakers.push(fresh);
            return;
        }
        let known = self.speakers[who].id.replace(id.to_owned());
        if known.is_none() {
            let open = self.groups.values_mut().filter_map(|group| group.open.as_mut());
            open.chain(&mut self.incidents).for_each(|incident| incident.identified(who, id));
        }
    }

    /// The group of this name, if there is still room for it.
    pub(super) fn group(&mut self, name: &str) -> Option<&mut Group> {
        if !self.groups.contains_key(name) && self.groups.len() >= NAMES_MAX {
            return None;
        }
        Some(self.groups.entry(name.to_owned()).or_default())
    }

    /// The incident of this group; it begins now if there is none.
    pub(super) fn incident(&mut self, name: &str, at: At) -> Option<&mut Incident> {
        let timed = self.timed;
        self.worked_on_lately(name);
        let group = self.group(name)?;
        if group.open.is_none() {
            let mut fresh = Incident::new(name, &group.master, at, timed);
            for (id, by) in &group.peers_down {
                by.iter().for_each(|who| fresh.unreached(*who, id));
            }
            group.open = Some(fresh);
        }
        let incident = group.open.as_mut()?;
        incident.last = incident.last.max(at);
        Some(incident)
    }

    fn worked_on_lately(&mut self, name: &str) {
        if self.lately.back().is_some_and(|last| last == name) {
            return;
        }
        match self.lately.iter().position(|known| known == name) {
            Some(at) => drop(self.lately.remove(at)),
            None if self.lately.len() >= LATELY_MAX => {
                let out = self.lately.pop_front().and_then(|out| self.groups.get(&out));
                let open = out.and_then(|group| group.open.as_ref()).filter(|open| !open.is_over());
                self.crowded = self.crowded.max(open.map(|open| open.last));
            }
            None => {}
        }
        self.lately.push_back(name.to_owned());
    }

    pub(super) fn other(&mut self, what: Other, who: Who, at: At) {
        if !self.others.contains_key(&what) {
            // Each kind has room of its own: none displaces another.
            let words = matches!(what, Other::Words(..));
            let number = self.kinds.entry(discriminant(&what)).or_default();
            if *number >= if words { WORDS_MAX } else { HAPPENINGS_MAX } {
                self.words_left_out += u64::from(words);
                return;
            }
            *number += 1;
        }
        let fresh = Often { times: 0, first: at, last: at, who: BTreeSet::new() };
        let often = self.others.entry(what).or_insert(fresh);
        often.times += 1;
        often.last = often.last.max(at);
        often.who.insert(who);
    }

    pub(super) fn tilt(&mut self, who: Who, at: At, begins: bool) {
        if begins {
            if self.tilts.len() < HAPPENINGS_MAX && self.speakers[who].tilt.is_none() {
                let silent_since = self.speakers[who].last;
                let back_ms = silent_since.saturating_sub(at).max(0);
                self.tilts.push(Tilt { who, from: at, to: None, cause: None, back_ms, silent_since });
            }
            self.speakers[who].tilt = Some(at);
            return;
        }
        self.speakers[who].tilt = None;
        if let Some(tilt) = self.tilts.iter_mut().rev().find(|tilt| tilt.who == who && tilt.to.is_none()) {
            tilt.to = Some(at);
        }
    }

    /// The sentinels whose logs are read.
    pub(super) fn present(&self) -> impl Iterator<Item = (Who, &Speaker)> {
        let sentinels = |(_, speaker): &(Who, &Speaker)| speaker.is_sentinel && !speaker.absorbed;
        self.speakers.iter().enumerate().filter(sentinels)
    }

    /// Remembers where a sentinel is.
    pub(super) fn placed(&mut self, id: &str, at: &str) {
        if self.places.len() < NAMES_MAX || self.places.contains_key(id) {
            self.places.insert(id.to_owned(), at.to_owned());
        }
    }
}

/// Whether as many as the quorum missed the master at the same time.
fn enough(incident: &Incident) -> bool {
    let at_once = |at: At| {
        let held = incident.downs.iter().filter(|down| down.at <= at && down.up.is_none_or(|up| up > at));
        held.map(|down| down.who).collect::<BTreeSet<Who>>().len()
    };
    let most = incident.downs.iter().map(|down| at_once(down.at)).max().unwrap_or(0);
    incident.quorum.is_some_and(|quorum| most >= quorum as usize)
}

impl Speaker {
    /// Whether it said just this at just this moment already.
    fn repeats(&mut self, at: At, print: u64) -> bool {
        let repeated = self.said_lately.contains(&(at, print));
        if !repeated {
            if self.said_lately.len() >= SAID_LATELY_MAX {
                self.said_lately.pop_front();
            }
            self.said_lately.push_back((at, print));
        }
        repeated
    }
}

impl Group {
    /// How many sentinels it has at least. Where they are known by addresses, one log alone does not have its own; and who
    /// has not told its id knows all others, but not itself.
    pub(super) fn size(&self) -> usize {
        let by_address = match (self.addresses.len(), self.sentinels.len()) {
            (0, _) => 0,
            (others, ..=1) => others + 1,
            (all, _) => all,
        };
        let of_others = |known: &BTreeSet<String>| known.iter().filter(|id| !is_address(id)).count();
        let with_itself =
            |known| Some(of_others(known)).filter(|others| *others > 0).map_or(0, |others| others + 1);
        let by_one = self.acquainted.values().map(with_itself).max().unwrap_or(0);
        self.sentinels.len().max(by_address).max(by_one).max(self.agreed)
    }

    /// All its replicas, if there are any and none answers to the end of the logs.
    pub(super) fn no_replica_left(&self) -> Vec<Place> {
        let known = || self.replicas.iter().filter(|place| **place != self.master);
        let down = |place: &Place| self.replicas_down.get(place).is_some_and(|by| !by.is_empty());
        if known().all(down) { known().cloned().collect() } else { Vec::new() }
    }

    /// Sentinels that somebody holds for down.
    pub(super) fn peers_down_now(&self) -> Vec<String> {
        self.peers_down.iter().filter(|(_, by)| !by.is_empty()).map(|(id, _)| id.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn speaking() -> Book {
        let mut book = Book::default();
        let said = Said::Port("26379".to_owned());
        let entry =
            Entry { at: None, zone: None, label: String::new(), pid: 0, print: 0, by_sentinel: true, said };
        book.take(0, Some(0), &entry);
        book
    }

    #[test]
    fn words_displace_nothing_else() {
        let mut book = speaking();
        (0..1000).for_each(|text| book.other(Other::Words("m".to_owned(), text.to_string()), 0, 0));
        (0..1000).for_each(|name| book.other(Other::Unresolved(name.to_string()), 0, 0));
        book.other(Other::NotSaved, 0, 0);
        assert!(book.others.contains_key(&Other::NotSaved));
        assert_eq!(book.others.len(), WORDS_MAX + HAPPENINGS_MAX + 1);
        assert_eq!(book.words_left_out, (1000 - WORDS_MAX) as u64);
    }

    #[test]
    fn of_many_groups_that_fail_at_once_the_last_are_looked_at() {
        let mut book = speaking();
        for group in 0..LATELY_MAX {
            book.incident(&group.to_string(), 5);
        }
        assert_eq!((book.lately.len(), book.crowded), (LATELY_MAX, None));
        book.incident("0", 6);
        book.incident("more", 7);
        assert_eq!((book.lately.len(), book.crowded), (LATELY_MAX, Some(5)));
        assert!(book.lately.contains(&"0".to_owned()) && !book.lately.contains(&"1".to_owned()));
    }
}
