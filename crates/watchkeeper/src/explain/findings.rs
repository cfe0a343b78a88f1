//! What should be known or changed after reading the logs: of each incident, and of the deployment as a whole. Only the
//! facts; the sentences are in `advice`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::beside::{self, Told};
use super::book::{Book, Group, Other};
use super::epochs;
use super::few::Strength;
use super::incident::{Afterwards, At, Cause, Election, End, Incident, Outcome, Run, UnderWay, Voter, Who};
use super::late::{self, Late};
use super::leaders::{self, Anew, Why};
use super::lost::{self, Lost};
use super::nobody::{self, with_priority_zero};
use super::rivals::{self, Promoted};
use super::said::Maker;

/// A master away for less than this, for all who missed it, was not dead.
const BLIP_MS: i64 = 3_000;
/// A master that a quorum does not miss for so long is missed by too few.
const AGREE_MS: i64 = 5_000;
/// A master that a quorum missed for less was not away for anybody else.
const OUTAGE_MS: i64 = 1_000;
/// An old master that is put right within this time took few writes, if any.
const TWO_MASTERS_MS: i64 = 100;
/// After a planned failover the same.
const STAYED_MS: i64 = 1_000;
/// So many failovers in [`OFTEN_MS`] are too many.
const OFTEN: usize = 3;
const OFTEN_MS: i64 = 10 * 60_000;
/// TILT ends after 30 s: where a log goes on for longer without its end, its process had ended.
const TILT_MS: i64 = 31_000;
/// A sentinel has told an old master that is back to follow by then.
const DEMOTED_MS: i64 = 15_000;
/// A `down-after-milliseconds` beyond this makes outages long.
const DOWN_AFTER_HIGH_MS: u64 = 30_000;
/// One below this fires at every pause.
const DOWN_AFTER_LOW_MS: u64 = 500;

/// How grave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    Bad,
    Warning,
    Note,
}

/// What came of it that not all missed the master.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Disagreed {
    Nothing,
    /// it answered again at once
    Blip,
    /// a failover, of a master that was answering
    Failover,
}

/// A finding. Names of sentinels are those of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Finding {
    /// the master went away and came back
    Flapping {
        times: usize,
        ms: i64,
        /// a sentinel found that it had restarted
        restarted: bool,
    },
    /// the master that came back had restarted
    Restarted {
        master: String,
    },
    Failovers {
        times: usize,
        ms: i64,
    },
    SplitVote {
        epoch: u64,
        votes: Vec<(String, usize)>,
        /// votes that are not in these logs could have made one of them the leader
        open: bool,
        maker: Option<Maker>,
    },
    /// the election of another group raised the epoch before the votes were counted
    VotesVoided {
        epoch: u64,
        group: String,
        raised: u64,
    },
    NoGoodReplica {
        /// nothing if these logs do not name all
        known: Option<usize>,
        /// the leader had just left TILT; without times, it had been in TILT before
        after_tilt: bool,
        /// the leader began late to miss the master
        late: Option<Late>,
        down: Vec<String>,
        said: Vec<String>,
    },
    NotElected {
        /// 0 if these logs do not tell
        epoch: u64,
        who: String,
        /// nothing if these logs do not tell
        got: Option<usize>,
        needed: usize,
        /// how many sentinels there are, if the logs name them all
        known: Option<usize>,
        down: Vec<String>,
        /// that they are down is said only by those who miss them
        unread: bool,
        why: Lost,
    },
    NoQuorum {
        saw: Vec<String>,
        /// whose logs have no line after it
        silent: Vec<String>,
        strength: Strength,
        down: Vec<String>,
        /// others whose logs are not here may have missed it
        unread: bool,
        /// the master that operators gave to sentinels
        pointed: Option<String>,
    },
    /// operators gave these sentinels another master; the others have the old one
    Pointed {
        old: String,
        to: String,
        who: Vec<String>,
        others: Vec<String>,
    },
    /// enough missed the master and did not know of each other
    Strangers {
        saw: Vec<String>,
        quorum: u32,
        /// whose knowledge was wiped
        reset: Vec<String>,
    },
    /// these are cut off, the master is well
    Isolated {
        who: Vec<String>,
    },
    /// not all sentinels missed the master
    Disagree {
        saw: Vec<String>,
        not: Vec<String>,
        /// whose logs have no line after it
        silent: Vec<String>,
        told: Disagreed,
    },
    /// nobody took over
    OnlyCameBack {
        ms: i64,
        /// one whose log is not here may have acted
        unread: bool,
        /// a log that begins late may have it sooner
        least: bool,
    },
    StillDown {
        /// one whose log is not here may have acted
        unread: bool,
        /// replicas whose priority of 0 is in the way
        zero: Vec<String>,
        /// when the next attempt may come by itself, if these sentinels say
        next: Option<String>,
        /// who has missed it longest
        longest: Option<String>,
    },
    /// the logs end in the middle of a failover
    CutShort {
        promoted: Option<String>,
        /// a failover had begun
        begun: bool,
        /// enough missed the master
        agreed: bool,
        timed: bool,
    },
    NotPromoted {
        replica: String,
        why: Why,
    },
    LateReplicas {
        replicas: Vec<String>,
        /// this leader was in TILT
        tilt: Option<String>,
    },
    /// the old master is not back
    OldMasterGone {
        master: String,
    },
    /// the old master is back, and nothing tells that it follows
    OldMasterAnswers {
        master: String,
    },
    /// it was a second master for so long
    TwoMasters {
        master: String,
        ms: Option<i64>,
        timed: bool,
        /// others whose logs are not here may have seen it sooner
        unread: bool,
    },
    LeaderLost {
        who: String,
        maker: Option<Maker>,
        /// it did not run, and was back later
        stood: bool,
        anew: Anew,
        /// the next attempt waited for twice failover-timeout
        waited: bool,
        timed: bool,
    },
    /// two leaders, one just after the other, that promoted the same replica
    GaveWay {
        who: String,
        to: String,
    },
    /// a leader had promoted another replica than the one that stayed
    SecondPromoted {
        by: String,
        place: String,
        new: String,
        ms: Option<i64>,
    },
    /// the master said that it is a replica
    Posed {
        master: String,
    },
    /// what became of a server beside the failover
    Beside(Told),
    /// two leaders at once, by hand, with two replicas
    TwoPromoted(Promoted),
    /// two leaders at once, by hand, that chose the same replica
    SameChosen {
        who: Vec<String>,
        replica: String,
    },
    /// two leaders at once, by hand
    CalledTwice {
        first: String,
        other: String,
    },
    /// after a planned failover the old master was not told to follow, or late
    StayedMaster {
        master: String,
        /// for so long; nothing if its demotion is not in the logs
        ms: Option<i64>,
        /// a sentinel saw that it was one
        seen: bool,
        ours: bool,
        /// it was one for longer than that: the new one was there before anybody noticed
        least: bool,
        /// whether it was up until then is not in these logs
        perhaps: bool,
    },
    TiltThen {
        who: Vec<String>,
    },
    Foreign {
        to: String,
        /// one whose log is not here may have done it
        unread: bool,
        /// it is a replica again
        ended: bool,
    },
    /// SENTINEL RESET while the master was down
    ResetThen {
        who: Vec<String>,
        /// a replica was promoted all the same
        promoted: bool,
    },
    // Of the whole deployment.
    Tilt {
        /// how often, how long if that is known, and whether its end is not in these logs
        who: Vec<(String, usize, i64, bool)>,
        causes: Vec<String>,
        /// whose clock was set back, by how much at least
        set_back: Vec<(String, i64)>,
    },
    Moved {
        id: String,
        to: String,
    },
    /// these sentinels did not answer to the end of the logs
    SentinelsGone {
        group: String,
        who: Vec<String>,
        strength: Strength,
        /// none of those that miss them has its word confirmed by their own logs
        unread: bool,
        /// a log that has not told whose it is may be theirs
        nameless: bool,
        /// a log of theirs goes on where those of who miss them end
        goes_on: bool,
        /// a log that begins too late may not tell of others that are gone, too
        most: bool,
        /// the master that operators gave to others
        pointed: Option<String>,
    },
    /// all replicas are down at the end of the logs
    NoReplicaLeft {
        group: String,
        replicas: Vec<String>,
        /// the logs may not name all replicas
        unread: bool,
    },
    QuorumsDiffer {
        group: String,
        of: Vec<(String, u32)>,
    },
    /// groups of one name that nothing links: names here, first masters
    Several {
        name: String,
        groups: Vec<(String, String)>,
    },
    QuorumOne {
        group: String,
        sentinels: usize,
        /// there are no others
        all: bool,
    },
    Even {
        group: String,
        sentinels: usize,
    },
    DownAfterLow {
        group: String,
        times: usize,
        ms: Option<u64>,
    },
    DownAfterHigh {
        group: String,
        ms: u64,
    },
    /// a master restarted faster than it would have been missed
    UnseenRestart {
        group: String,
        master: String,
    },
    NotSaved {
        who: Vec<String>,
        times: u64,
    },
    ScriptFailed {
        script: String,
        times: u64,
    },
    Unresolved {
        name: String,
        times: u64,
    },
}

impl Finding {
    /// Its name in JSON, for ever.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Finding::Flapping { .. } => "flapping",
            Finding::Restarted { .. } => "restarted-in-outage",
            Finding::Failovers { .. } => "many-failovers",
            Finding::SplitVote { .. } => "split-vote",
            Finding::VotesVoided { .. } => "votes-voided",
            Finding::NoGoodReplica { .. } => "no-good-replica",
            Finding::NotElected { .. } => "not-elected",
            Finding::NoQuorum { .. } => "no-quorum",
            Finding::Pointed { .. } => "pointed-by-hand",
            Finding::Strangers { .. } => "sentinels-strangers",
            Finding::Isolated { .. } => "sentinel-isolated",
            Finding::Disagree { .. } => "sentinels-disagree",
            Finding::OnlyCameBack { .. } => "only-came-back",
            Finding::StillDown { .. } => "still-down",
            Finding::CutShort { .. } => "logs-end-early",
            Finding::NotPromoted { .. } => "not-promoted",
            Finding::LateReplicas { .. } => "late-replicas",
            Finding::OldMasterGone { .. } => "old-master-gone",
            Finding::OldMasterAnswers { .. } => "old-master-answers",
            Finding::TwoMasters { .. } => "two-masters",
            Finding::LeaderLost { .. } => "leader-lost",
            Finding::GaveWay { .. } => "leader-gave-way",
            Finding::SecondPromoted { .. } => "second-promoted",
            Finding::Posed { .. } => "master-is-replica",
            Finding::Beside(told) => told.code(),
            Finding::TwoPromoted(_) => "two-promoted",
            Finding::CalledTwice { .. } | Finding::SameChosen { .. } => "called-twice",
            Finding::StayedMaster { .. } => "old-master-stayed",
            Finding::TiltThen { .. } => "tilt-in-incident",
            Finding::Foreign { .. } => "promoted-by-others",
            Finding::ResetThen { .. } => "reset-in-outage",
            Finding::Tilt { .. } => "tilt",
            Finding::Moved { .. } => "address-changed",
            Finding::SentinelsGone { .. } => "sentinels-gone",
            Finding::NoReplicaLeft { .. } => "no-replica-left",
            Finding::QuorumsDiffer { .. } => "quorums-differ",
            Finding::Several { .. } => "several-deployments",
            Finding::QuorumOne { .. } => "quorum-one",
            Finding::Even { .. } => "even-sentinels",
            Finding::DownAfterLow { .. } => "down-after-low",
            Finding::DownAfterHigh { .. } => "down-after-high",
            Finding::UnseenRestart { .. } => "unseen-restart",
            Finding::NotSaved { .. } => "not-saved",
            Finding::ScriptFailed { .. } => "script-failed",
            Finding::Unresolved { .. } => "unresolved",
        }
    }

    pub(super) fn weight(&self) -> Weight {
        match self {
            Finding::SentinelsGone { strength, .. } if strength.too_weak() => Weight::Bad,
            Finding::TwoPromoted(promoted) if promoted.is_bad() => Weight::Bad,
            Finding::Pointed { others, .. } if others.is_empty() => Weight::Warning,
            Finding::NotElected { why: Lost::Another { .. } | Lost::Stood, .. } => Weight::Warning,
            Finding::NoReplicaLeft { .. }
            | Finding::NoGoodReplica { .. }
            | Finding::NotElected { .. }
            | Finding::NoQuorum { .. }
            | Finding::Strangers { .. }
            | Finding::OnlyCameBack { .. }
            | Finding::StillDown { .. }
            | Finding::Pointed { .. }
            | Finding::ResetThen { promoted: false, .. }
            | Finding::NotSaved { .. } => Weight::Bad,
            Finding::Flapping { .. }
            | Finding::Restarted { .. }
            | Finding::Failovers { .. }
            | Finding::SplitVote { .. }
            | Finding::VotesVoided { .. }
            | Finding::Isolated { .. }
            | Finding::Disagree { .. }
            | Finding::NotPromoted { .. }
            | Finding::OldMasterGone { .. }
            | Finding::OldMasterAnswers { .. }
            | Finding::TwoMasters { .. }
            | Finding::Beside(_)
            | Finding::TwoPromoted(_)
            | Finding::Posed { .. }
            | Finding::LeaderLost { .. }
            | Finding::SecondPromoted { .. }
            | Finding::StayedMaster { .. }
            | Finding::TiltThen { .. }
            | Finding::ResetThen { .. }
            | Finding::Foreign { .. }
            | Finding::Tilt { .. }
            | Finding::SentinelsGone { .. }
            | Finding::QuorumsDiffer { .. }
            | Finding::Several { .. }
            | Finding::QuorumOne { .. }
            | Finding::DownAfterLow { .. }
            | Finding::DownAfterHigh { .. }
            | Finding::UnseenRestart { .. }
            | Finding::ScriptFailed { .. }
            | Finding::Unresolved { .. } => Weight::Warning,
            Finding::CutShort { .. }
            | Finding::CalledTwice { .. }
            | Finding::GaveWay { .. }
            | Finding::SameChosen { .. }
            | Finding::LateReplicas { .. }
            | Finding::Moved { .. }
            | Finding::Even { .. } => Weight::Note,
        }
    }
}

/// Names of sentinels.
pub(super) trait Names {
    /// Of one whose log is read.
    fn who(&self, who: usize) -> String;
    /// Of any.
    fn id(&self, id: &str) -> String;
}

/// Of one incident, the gravest first.
pub(super) fn of_incident(incident: &Incident, book: &Book, names: &dyn Names) -> Vec<Finding> {
    let mut found = Vec::new();
    let group = book.groups.get(&incident.group);
    found.extend(nobody::pointed_finding(incident, group, book, names));
    found.extend(epochs::finding(incident));
    lost::findings(incident, book, names, &mut found);
    outcome_findings(incident, group, book, names, &mut found);
    saw_findings(incident, book, names, &mut found);
    aftermath(incident, book, &mut found);
    beside::findings(incident, names, &mut found);
    found.extend(stayed(incident));
    found.extend(incident.posed.iter().map(|master| Finding::Posed { master: master.clone() }));
    // What came after the new master was told, or the old one was back, held nothing up.
    let until = incident.first_told().or(incident.came_back()).unwrap_or(incident.last);
    let during = |tilt: &&super::book::Tilt| {
        tilt.from <= until
            && tilt.to.is_none_or(|to| to >= incident.began)
            && !book.elsewhere(tilt.who, &incident.group)
    };
    let tilted: BTreeSet<String> = book.tilts.iter().filter(during).map(|tilt| names.who(tilt.who)).collect();
    if !tilted.is_empty() {
        found.push(Finding::TiltThen { who: tilted.into_iter().collect() });
    }
    found.extend(reset_then(incident, names));
    found.sort_by_key(Finding::weight);
    found
}

/// Somebody called SENTINEL RESET while the master was down.
fn reset_then(incident: &Incident, names: &dyn Names) -> Option<Finding> {
    let who: BTreeSet<String> = incident.resets.iter().map(|(who, _)| names.who(*who)).collect();
    let promoted = incident.took_writes().is_some() || incident.new_master.is_some();
    let told = !who.is_empty() && !incident.downs.is_empty();
    told.then(|| Finding::ResetThen { who: who.into_iter().collect(), promoted })
}

/// Votes by candidate, most first.
pub(super) fn tally(election: &Election, names: &dyn Names) -> Vec<(String, usize)> {
    let mut votes: BTreeMap<String, usize> = BTreeMap::new();
    for vote in election.counted() {
        *votes.entry(names.id(&vote.candidate)).or_default() += 1;
    }
    let mut votes: Vec<_> = votes.into_iter().collect();
    votes.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    votes
}

/// The name of who voted.
pub(super) fn voter(voter: &Voter, names: &dyn Names) -> String {
    match voter {
        Voter::Log(who) => names.who(*who),
        Voter::Id(id) => names.id(id),
    }
}

/// What became of the work of each leader.
fn run_findings(
    incident: &Incident,
    group: Option<&Group>,
    book: &Book,
    names: &dyn Names,
    rivals: bool,
    found: &mut Vec<Finding>,
) {
    for (at, run) in incident.runs.iter().enumerate() {
        match run.end.map(|(end, _)| end) {
            Some(End::NoGoodReplica) => {
                found.retain(|other| !matches!(other, Finding::NoGoodReplica { .. }));
                found.push(late::no_good_replica(incident, run, group, book, names));
            }
            Some(End::NotPromoted) => {
                let replica = run.selected.as_ref().map(|(place, _)| place.clone()).unwrap_or_default();
                let why = match run.replicas_down.contains(&replica) {
                    _ if incident.in_tilt(run) => Why::Tilt(names.who(run.who)),
                    true => Why::Down,
                    false => Why::Unknown,
                };
                found.push(Finding::NotPromoted { replica, why });
            }
            // Also one that was asked when the other one was at work already.
            None if !rivals
                && (at + 1 < incident.runs.len() || !incident.cut)
                && incident.overtaken(run).is_some() =>
            {
                let first = incident.overtaken(run).map(|first| names.who(first)).unwrap_or_default();
                found.push(Finding::CalledTwice { first, other: names.who(run.who) });
            }
            None if at + 1 < incident.runs.len() && !rivals => match incident.gave_way(run) {
                Some(to) => {
                    found.push(Finding::GaveWay { who: names.who(run.who), to: names.who(to) });
                }
                // A log that begins too late may not have who asked for it, one that ends too soon not how it ended.
                None if incident.cut || book.ends_by(run.who, incident, Some(incident.last)) => {}
                None => {
                    let (maker, stood) = (incident.maker, incident.stood_still(run));
                    let (who, timed) = (names.who(run.who), incident.timed);
                    let (anew, waited) = (incident.began_anew(run), incident.waited(run));
                    found.push(Finding::LeaderLost { who, maker, stood, anew, waited, timed });
                }
            },
            Some(End::Done | End::DoneLate) | None => {}
        }
        let timeout = matches!(run.end, Some((End::DoneLate, _)));
        let late = run.moved.iter().filter(|moved| moved.late || (timeout && moved.done.is_none()));
        let late: Vec<String> = late.map(|moved| moved.replica.clone()).collect();
        if !late.is_empty() {
            let tilt = incident.in_tilt(run).then(|| names.who(run.who));
            found.push(Finding::LateReplicas { replicas: late, tilt });
        }
    }
}

fn outcome_findings(
    incident: &Incident,
    group: Option<&Group>,
    book: &Book,
    names: &dyn Names,
    found: &mut Vec<Finding>,
) {
    let rivals = rivals::finding(incident, names);
    run_findings(incident, group, book, names, rivals.is_some(), found);
    if rivals.is_none() {
        found.extend(leaders::second_promoted(incident, names));
    }
    found.extend(rivals);
    if !found.iter().any(|other| matches!(other, Finding::CalledTwice { .. })) {
        found.extend(rivals::same_chosen(incident, names));
    }
    if let Some(foreign) = &incident.foreign {
        // Of one that the sentinels name as the new master another one made it that, in a log that is not here.
        let theirs = incident.unread && incident.new_master.as_ref() == Some(&foreign.to);
        if !theirs {
            let (unread, ended) = (incident.unread, foreign.ended().is_some());
            found.push(if incident.beside.returned {
                Finding::Beside(Told::Returned { to: foreign.to.clone(), unread })
            } else {
                Finding::Foreign { to: foreign.to.clone(), unread, ended }
            });
        }
    }
    let ms = incident.outage_began() - incident.began;
    if incident.times_down() > 1 && incident.new_master.is_some() && incident.timed && ms > 0 {
        let restarted = incident.restarted;
        found.push(Finding::Flapping { times: incident.times_down(), ms, restarted });
    }
    if incident.restarted && incident.came_back().is_some() {
        found.push(Finding::Restarted { master: incident.master.clone() });
    }
    let Some(back) = incident.answered().filter(|_| incident.under_way().is_none()) else {
        if let Some(how_far) = incident.under_way() {
            let promoted = match how_far {
                UnderWay::Promoted(place, _) | UnderWay::Done(Some((place, _))) => Some(place.to_owned()),
                UnderWay::Begun | UnderWay::Selected(_) | UnderWay::Missed(_) | UnderWay::Done(None) => None,
            };
            let begun = !matches!(how_far, UnderWay::Missed(_));
            let agreed = !incident.agreed.is_empty();
            found.push(Finding::CutShort { promoted, begun, agreed, timed: incident.timed });
        } else if incident.outcome() == Outcome::NobodyTookOver {
            let zero = with_priority_zero(&incident.reasons);
            let (unread, next) = (incident.unread, book.next_attempt(incident));
            let longest = incident.missed_longest(At::MAX, None).map(|(who, _)| names.who(who));
            found.push(Finding::StillDown { unread, zero, next, longest });
        }
        return;
    };
    if !incident.timed {
        return;
    }
    if incident.times_down() > 1 {
        let (times, restarted) = (incident.times_down(), incident.restarted);
        found.push(Finding::Flapping { times, ms: back - incident.began, restarted });
    } else if !incident.headless()
        && back - incident.began > if incident.agreed.is_empty() { AGREE_MS } else { OUTAGE_MS }
    {
        let (unread, least) = (incident.unread, incident.cut);
        found.push(Finding::OnlyCameBack { ms: back - incident.began, unread, least });
    }
}

/// Who did not miss the master, though its sentinel was up; and of whom nothing tells that, as its log has no line after it: it
/// had nothing to say, or the log ends too early.
fn bystanders(incident: &Incident, book: &Book) -> (Vec<Who>, Vec<Who>) {
    let saw = incident.saw();
    let absent = |who: &Who| {
        let id = book.speakers[*who].id.as_ref();
        id.is_some_and(|id| incident.peers_down.contains(id))
    };
    let present = book.present().map(|(who, _)| who);
    // Of a stream without times nobody knows when it is silent.
    let dated = |who: &Who| !incident.timed || !book.untimed.contains(&book.speakers[*who].source);
    let others = present.filter(|who| {
        !saw.contains(who) && !absent(who) && dated(who) && !book.elsewhere(*who, &incident.group)
    });
    // Who was down, a log that begins late may not tell, nor that its sentinel missed it, too.
    let others = others.filter(|who| {
        let back = incident.back.iter().any(|(by, _)| by == who);
        !back && (book.is_whole(*who) || book.speakers[*who].first < incident.began.saturating_sub(AGREE_MS))
    });
    let last = incident.downs.iter().map(|down| down.at).max().unwrap_or(incident.last);
    let until = incident.came_back().unwrap_or(last + AGREE_MS);
    others.partition(|who| !incident.timed || book.speakers[*who].last >= until)
}

/// Who did not miss the master until it was answering again, though their logs go on.
pub(super) fn others_up(incident: &Incident, book: &Book) -> Vec<Who> {
    let saw = incident.saw();
    let back = incident.downs.iter().filter_map(|down| down.up).max();
    let up = |(who, speaker): &(Who, &super::book::Speaker)| {
        let read = book.is_whole(*who) && back.is_some_and(|back| speaker.last >= back);
        incident.timed && read && !saw.contains(who) && !book.elsewhere(*who, &incident.group)
    };
    book.present().filter(up).map(|(who, _)| who).collect()
}

fn saw_findings(incident: &Incident, book: &Book, names: &dyn Names, found: &mut Vec<Finding>) {
    if incident.downs.is_empty() || incident.named_later.is_some() {
        return;
    }
    let whole = book.all_whole(&incident.group);
    let named = |all: Vec<Who>| -> Vec<String> { all.into_iter().map(|who| names.who(who)).collect() };
    let (not, silent) = bystanders(incident, book);
    let (not, silent) = (named(not), named(silent));
    let saw = named(incident.saw().into_iter().collect());
    if !incident.isolated.is_empty() {
        found.push(Finding::Isolated { who: incident.isolated.iter().map(|who| names.who(*who)).collect() });
        return;
    }
    // One that agrees when it is asked may have no time to say so in its log.
    let votes = incident.agreed.iter().map(|agreed| agreed.votes as usize).max().unwrap_or(0);
    let others_agreed = votes > incident.saw().len();
    let too_early = matches!(incident.under_way(), Some(UnderWay::Missed(_)));
    let forced = incident.forced_at().is_some();
    let unheard = incident.agreed.is_empty()
        && ((incident.new_master.is_none() && incident.under_way().is_none()) || forced);
    let long = |back: At| incident.timed && back - incident.began > AGREE_MS;
    if unheard && incident.came_back().is_none_or(long) {
        let known = || book.groups.get(&incident.group)?.quorums.values().max().copied();
        let quorum = incident.quorum.or_else(known);
        if let Some(quorum) = quorum.filter(|_| incident.strangers) {
            let reset = incident.reset.iter().map(|who| names.who(*who)).collect();
            found.push(Finding::Strangers { saw, quorum, reset });
            return;
        }
        // Enough did: why they did not agree, the logs do not tell.
        if !incident.enough {
            let down: Vec<String> = incident.peers_down.iter().map(|id| names.id(id)).collect();
            let left = incident.sentinels.saturating_sub(down.len()).max(saw.len());
            let all = incident.all_known;
            let strength = Strength { known: incident.sentinels, all, left, quorum };
            let unread = incident.unread || !whole;
            let pointed = book.still_pointed(incident).cloned();
            found.push(Finding::NoQuorum { saw, silent, strength, down, unread, pointed });
        }
    } else if incident.timed
        && !(not.is_empty() && silent.is_empty())
        && incident.new_master.is_none()
        && !too_early
        && !others_agreed
    {
        let blip = incident.came_back().is_some_and(|back| back - incident.began < BLIP_MS);
        let told = if blip { Disagreed::Blip } else { Disagreed::Nothing };
        found.push(Finding::Disagree { saw, not, silent, told });
    } else if incident.missed_alone().is_some() {
        let not = named(others_up(incident, book));
        found.push(Finding::Disagree { saw, not, silent: Vec::new(), told: Disagreed::Failover });
    }
}

/// After a failover that nobody's absence caused: until when the old master went on as one.
fn stayed(incident: &Incident) -> Option<Finding> {
    let planned = match incident.cause() {
        Cause::Planned => true,
        Cause::Unknown => false,
        Cause::MasterDown | Cause::Forced => return None,
    };
    let first =
        |what: Afterwards| incident.afterwards.iter().find(|(known, _)| *known == what).map(|(_, at)| *at);
    let promoted = incident.took_writes();
    let since = promoted.or(incident.first_told())?;
    // One that went away in between was no master to anybody.
    let gone = first(Afterwards::Gone);
    let told = [Afterwards::ToldToFollow, Afterwards::Demoted].into_iter().filter_map(first).min();
    let told = told.filter(|told| gone.is_none_or(|gone| gone > *told));
    let ms = told.map(|told| told - since);
    let (master, ours) = (incident.master.clone(), incident.is_ours());
    let least = !ours || incident.unread;
    let at_once = ours || told_at_once(incident);
    let seen = !incident.timed && first(Afterwards::SaysMaster).is_some();
    match ms.filter(|_| incident.timed) {
        Some(ms) => {
            let stayed = Finding::StayedMaster { master, ms: Some(ms), seen, ours, least, perhaps: !planned };
            (ms >= STAYED_MS).then_some(stayed)
        }
        None if planned && seen => {
            Some(Finding::StayedMaster { master, ms: None, seen, ours, least, perhaps: false })
        }
        None if planned
            && incident.logged
            && incident.maker.is_some()
            && told.is_none()
            && !at_once
            && gone.is_none() =>
        {
            Some(Finding::StayedMaster { master, ms: None, seen, ours, least, perhaps: false })
        }
        None => None,
    }
}

/// The old master was a replica in a later failover, promoted or told whom to follow: then it had followed.
fn followed_later(incident: &Incident, book: &Book) -> bool {
    let open = book.groups.get(&incident.group).and_then(|group| group.open.as_ref());
    let mut later = book.incidents.iter().chain(open).filter(|other| {
        other.group == incident.group && other.began > incident.began && other.master != incident.master
    });
    let moved = |run: &Run| run.moved.iter().any(|moved| moved.replica == incident.master);
    later.any(|other| other.promotes(&incident.master) || other.runs.iter().any(moved))
}

fn aftermath(incident: &Incident, book: &Book, found: &mut Vec<Finding>) {
    let of =
        |what: Afterwards| incident.afterwards.iter().find(|(known, _)| *known == what).map(|(_, at)| *at);
    // Where the logs begin too late, it is known to have failed by being away afterwards.
    let failed = !incident.downs.is_empty()
        || !incident.agreed.is_empty()
        || (incident.cause() == Cause::Unknown && of(Afterwards::Gone).is_some());
    if incident.new_master.is_none() || !failed {
        return;
    }
    let answers: Option<At> = of(Afterwards::Answers).or(of(Afterwards::SaysMaster));
    let told = of(Afterwards::ToldToFollow);
    let gone = of(Afterwards::Gone);
    let stayed = incident.went_on();
    let says_so = told.is_some() || of(Afterwards::SaysMaster).is_some() || stayed.is_some();
    if let (Some(since), true) = (stayed.or(answers), says_so) {
        let until = told.or(of(Afterwards::Demoted)).or(of(Afterwards::Follows));
        let ms = until.map(|until| until - since).filter(|ms| *ms >= 0);
        let before = until.is_some_and(|until| until < since);
        if !before && (!incident.timed || ms.is_none_or(|ms| ms >= TWO_MASTERS_MS)) {
            let (master, unread) = (incident.master.clone(), incident.unread);
            found.push(Finding::TwoMasters { master, ms, timed: incident.timed, unread });
        }
    } else if gone.is_some() && answers.is_none() {
        found.push(Finding::OldMasterGone { master: incident.master.clone() });
    } else if answers.is_some()
        && of(Afterwards::Demoted).or(of(Afterwards::Follows)).or(of(Afterwards::Turned)).is_none()
        && !followed_later(incident, book)
        && answers.is_some_and(|at| incident.timed && book.last - at >= DEMOTED_MS)
        && !told_at_once(incident)
    {
        found.push(Finding::OldMasterAnswers { master: incident.master.clone() });
    }
}

/// Whether a sentinel of ours says that it has told the old master at once, which no event does.
fn told_at_once(incident: &Incident) -> bool {
    incident.reasons.iter().any(|text| text.starts_with("The old master of `"))
}

/// Of the deployment.
pub(super) fn general(book: &Book, names: &dyn Names) -> Vec<Finding> {
    let mut found = Vec::new();
    for (name, group) in &book.groups {
        settings(name, group, book, names, &mut found);
    }
    for (name, families) in &book.families {
        let apart = families.iter().filter(|family| family.merged.is_none());
        let groups: Vec<_> = apart.map(|family| (family.key.clone(), family.master.clone())).collect();
        if groups.len() > 1 {
            found.push(Finding::Several { name: name.clone(), groups });
        }
    }
    found.extend(tilts(book, names));
    for (what, often) in &book.others {
        let who = || often.who.iter().map(|who| names.who(*who)).collect::<Vec<_>>();
        match what {
            Other::Moved(id, to) => {
                // One whose log is not here is called by its address, which is the new one.
                let name = Some(names.id(id)).filter(|name| name != to);
                let id = name.unwrap_or_else(|| super::short(id));
                found.push(Finding::Moved { id, to: to.clone() });
            }
            Other::NotSaved => found.push(Finding::NotSaved { who: who(), times: often.times }),
            Other::ScriptFailed(script) => {
                found.push(Finding::ScriptFailed { script: script.clone(), times: often.times });
            }
            Other::Unresolved(name) => {
                found.push(Finding::Unresolved { name: name.clone(), times: often.times })
            }
            Other::UnseenRestart(group, master) => {
                found.push(Finding::UnseenRestart { group: group.clone(), master: master.clone() });
            }
            Other::SentinelDown(_)
            | Other::ReplicaDown(..)
            | Other::Rebooted(..)
            | Other::Demoted(..)
            | Other::StartedAgain
            | Other::Watched(..)
            | Other::Unwatched(_)
            | Other::Vote(..)
            | Other::Sight(..)
            | Other::Turned(..)
            | Other::SaysMaster(..)
            | Other::SaysReplica(..)
            | Other::Reset(_)
            | Other::Set(..)
            | Other::Words(..)
            | Other::Stopped => {}
        }
    }
    found.sort_by_key(Finding::weight);
    found
}

/// Who did not trust its clock, how often and for how long.
fn tilts(book: &Book, names: &dyn Names) -> Option<Finding> {
    let mut tilts: BTreeMap<String, (usize, i64, bool)> = BTreeMap::new();
    for tilt in &book.tilts {
        let (times, ms, open) = tilts.entry(names.who(tilt.who)).or_default();
        *times += 1;
        let last = book.speakers.get(tilt.who).map_or(book.last, |speaker| speaker.last);
        *open |= tilt.to.is_none() && (book.first.is_none() || last - tilt.from <= TILT_MS);
        *ms += tilt.to.filter(|_| book.first.is_some()).map_or(0, |to| to - tilt.from);
    }
    if tilts.is_empty() {
        return None;
    }
    let causes: BTreeSet<String> = book.tilts.iter().filter_map(|tilt| tilt.cause.clone()).collect();
    let who = tilts.into_iter().map(|(name, (times, ms, open))| (name, times, ms, open)).collect();
    let mut set_back: BTreeMap<String, i64> = BTreeMap::new();
    for tilt in book.tilts.iter().filter(|tilt| tilt.back_ms > 0) {
        let most = set_back.entry(names.who(tilt.who)).or_default();
        *most = tilt.back_ms.max(*most);
    }
    Some(Finding::Tilt {
        who,
        causes: causes.into_iter().collect(),
        set_back: set_back.into_iter().collect(),
    })
}

fn settings(name: &str, group: &Group, book: &Book, names: &dyn Names, found: &mut Vec<Finding>) {
    let name = name.to_owned();
    let sentinels = book.size(group);
    let complete = book.names_all(&name);
    let gone = book.gone(group);
    if !gone.is_empty() {
        found.push(Finding::SentinelsGone {
            group: name.clone(),
            strength: Strength {
                known: sentinels,
                all: complete,
                left: sentinels.saturating_sub(gone.len()),
                quorum: book.least_quorum(group, &gone),
            },
            who: gone.iter().map(|id| names.id(id)).collect(),
            unread: gone.iter().any(|id| !book.speaks(id)),
            nameless: book.present().any(|(who, it)| it.id.is_none() && !book.elsewhere(who, &name)),
            goes_on: gone.iter().any(|id| book.goes_on(group, id)),
            most: !book.all_whole(&name),
            pointed: book.pointed_by_hand(&name),
        });
    }
    let replicas = group.no_replica_left();
    if !replicas.is_empty() {
        let unread = !book.present().any(|(who, _)| book.names_replicas(who, group, At::MAX));
        found.push(Finding::NoReplicaLeft { group: name.clone(), replicas, unread });
    }
    let values: BTreeSet<u32> = group.quorums.values().copied().collect();
    if values.len() > 1 {
        let of = group.quorums.iter().map(|(who, quorum)| (names.who(*who), *quorum)).collect();
        found.push(Finding::QuorumsDiffer { group: name.clone(), of });
    }
    if values.contains(&1) && sentinels > 1 {
        found.push(Finding::QuorumOne { group: name.clone(), sentinels, all: complete });
    }
    if sentinels > 0 && sentinels % 2 == 0 && complete && book.all_whole(&name) && !book.unread(&name, group)
    {
        found.push(Finding::Even { group: name.clone(), sentinels });
    }
    let blips =
        book.incidents.iter().filter(|incident| incident.group == name && incident.new_master.is_none());
    let blips = blips.filter(|incident| incident.timed);
    // By the sentinel that saw most of them: what three see once is one.
    let mut short: BTreeMap<usize, usize> = BTreeMap::new();
    for down in blips.flat_map(|incident| &incident.downs) {
        if down.up.is_some_and(|up| up - down.at < BLIP_MS) {
            *short.entry(down.who).or_default() += 1;
        }
    }
    let short = short.into_values().max().unwrap_or(0);
    let set_low = group.down_after.filter(|ms| *ms < DOWN_AFTER_LOW_MS);
    if short >= OFTEN || set_low.is_some() {
        found.push(Finding::DownAfterLow { group: name.clone(), times: short, ms: set_low });
    }
    if let Some(ms) = group.down_after.filter(|ms| *ms > DOWN_AFTER_HIGH_MS) {
        found.push(Finding::DownAfterHigh { group: name.clone(), ms });
    }
    if let Some((times, ms)) = busiest(&group.switches).filter(|_| book.first.is_some()) {
        found.push(Finding::Failovers { times, ms });
    }
}

/// The most failovers within [`OFTEN_MS`] and the time they took, if they are too many.
fn busiest(switches: &VecDeque<At>) -> Option<(usize, i64)> {
    let mut most = (0, 0);
    let mut from = 0;
    for (to, at) in switches.iter().enumerate() {
        while at - switches[from] > OFTEN_MS {
            from += 1;
        }
        if to + 1 - from > most.0 {
            most = (to + 1 - from, at - switches[from]);
        }
    }
    Some(most).filter(|(times, _)| *times >= OFTEN)
}
