//! One incident of one group: from the first sign to the last, as several logs together tell it. It only collects; what
//! belongs to which incident is decided in `book`, what it means in `phases` and `findings`.

use std::collections::{BTreeMap, BTreeSet};

use super::beside::Beside;
use super::epochs::Voided;
use super::late::Held;
use super::leaders::Stood;
use super::said::{Maker, Place};

/// Things of one kind remembered of one incident.
const MANY: usize = 100;
/// A failover that shows no end this long before the logs end may still have had a good one.
const UNDER_WAY_MS: i64 = 10_000;
/// The same in lines, where there are no times.
const UNDER_WAY_LINES: At = 10;
/// A replica that is promoted says so at most this long before anybody else tells of it.
const SAID_BEFORE_MS: i64 = 3_000;
/// An attempt that was asked for begins within this time, and so does one of a sentinel that need not wait.
const ORDER_MS: i64 = 1_000;
/// A vote that comes so long after an election was decided had no part in it. Clocks are not apart by that much here.
const TOO_LATE_MS: i64 = 1_000;
/// A sentinel gives up so soon when the master answers again.
const AT_ONCE_MS: i64 = 100;

/// A sentinel whose log is read, by its place in the book.
pub(super) type Who = usize;

/// Time in ms; all of one report are by one clock.
pub(super) type At = i64;

/// A sentinel held the master for down.
#[derive(Debug, Clone)]
pub(super) struct Down {
    pub(super) who: Who,
    /// which it takes for the master: of two at once another one than the others do
    pub(super) of: Place,
    pub(super) at: At,
    pub(super) up: Option<At>,
}

/// A sentinel knew enough others that agree.
#[derive(Debug, Clone)]
pub(super) struct Agreed {
    pub(super) who: Who,
    pub(super) at: At,
    pub(super) votes: u32,
    pub(super) quorum: u32,
}

/// A vote, as voter or candidate told it.
#[derive(Debug, Clone)]
pub(super) struct Vote {
    /// name or id
    pub(super) voter: Voter,
    /// an id
    pub(super) candidate: String,
    pub(super) at: At,
    /// its voter's log has not told its id
    pub(super) nameless: bool,
}

/// Who voted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Voter {
    Log(Who),
    Id(String),
}

/// All that happened in an epoch.
#[derive(Debug, Clone)]
pub(super) struct Election {
    /// 0 if its log begins too late to tell
    pub(super) epoch: u64,
    pub(super) candidates: Vec<(Who, At)>,
    pub(super) votes: Vec<Vote>,
    pub(super) elected: Option<(Who, At)>,
    /// others that were it, too: each was asked to act by hand
    pub(super) also_elected: Vec<(Who, At)>,
    pub(super) lost: Vec<(Who, At)>,
    /// the election of another group took its votes away
    pub(super) voided: Option<Voided>,
}

/// A replica that was told to follow the new master.
#[derive(Debug, Clone)]
pub(super) struct Moved {
    pub(super) replica: Place,
    pub(super) sent: Option<At>,
    pub(super) done: Option<At>,
    pub(super) late: bool,
}

/// How the work of a leader ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Done,
    /// without waiting for the last replicas
    DoneLate,
    NoGoodReplica,
    NotPromoted,
}

/// The work of one leader.
#[derive(Debug, Clone)]
pub(super) struct Run {
    pub(super) who: Who,
    pub(super) began: At,
    pub(super) selected: Option<(Place, At)>,
    /// its log has that it told the chosen one to be master
    pub(super) told: bool,
    pub(super) promoted: Option<(Place, At)>,
    pub(super) moved: Vec<Moved>,
    pub(super) end: Option<(End, At)>,
    /// replicas that this sentinel held for down when it gave up
    pub(super) replicas_down: BTreeSet<Place>,
}

/// How a sentinel learned of the new master.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum How {
    /// it led
    Led,
    /// from the sentinel with this id
    From(String),
    Unclear,
}

/// A sentinel that has the new master.
#[derive(Debug, Clone)]
pub(super) struct Learned {
    pub(super) who: Who,
    pub(super) at: At,
    /// whom it named to clients
    pub(super) to: Place,
    pub(super) how: How,
    /// in which epoch it was then, as far as its log tells
    pub(super) epoch: Option<u64>,
}

/// What became of the old master.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Afterwards {
    /// the leader made it a replica before it named the new one
    Demoted,
    /// it is still down, now as a replica
    Gone,
    Answers,
    SaysMaster,
    ToldToFollow,
    /// it was a replica already, of the wrong server
    Turned,
    Follows,
}

/// A promotion that was not the sentinels'.
#[derive(Debug, Clone)]
pub(super) struct Foreign {
    pub(super) to: Place,
    pub(super) seen: Vec<(Who, At)>,
    /// when a sentinel made it a replica again
    pub(super) undone: Option<At>,
    /// when it said that it is one again
    pub(super) follows: Option<At>,
}

impl Foreign {
    /// Since when it is a replica again.
    pub(super) fn ended(&self) -> Option<At> {
        self.undone.into_iter().chain(self.follows).min()
    }
}

/// Why a failover was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    MasterDown,
    Planned,
    /// somebody called SENTINEL FAILOVER while the master was missed
    Forced,
    /// these logs begin too late, or have only its result
    Unknown,
}

/// How an incident ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Failover,
    Switchover,
    /// somebody asked for it; whether the master was down before, logs that begin late do not tell
    AskedFor,
    /// the master was down, and an operator did what the sentinels did not
    Forced,
    /// why, is not known
    Switched,
    PromotedByOthers,
    /// a replica became a master: whose doing it was, a log that is not here may tell
    PromotedUnseen,
    /// a replica was down and came back as a master
    Returned,
    /// operators gave the sentinels another master
    Repointed,
    /// the logs end in the middle of it
    UnderWay,
    /// the logs end before anything could have been done
    Missed,
    /// only sentinels that are cut off miss the master
    Isolated,
    CameBack,
    GivenUp,
    NobodyTookOver,
}

impl Outcome {
    /// Its name in JSON, for ever.
    pub(super) fn code(self) -> &'static str {
        match self {
            Outcome::Failover => "failover",
            Outcome::Switchover => "switchover",
            Outcome::AskedFor => "asked-for",
            Outcome::Forced => "forced-failover",
            Outcome::Switched => "switched",
            Outcome::PromotedByOthers => "promoted-by-others",
            Outcome::PromotedUnseen => "promoted-unseen",
            Outcome::Returned => "returned-as-master",
            Outcome::Repointed => "repointed",
            Outcome::UnderWay => "under-way",
            Outcome::Missed => "logs-end",
            Outcome::Isolated => "sentinel-isolated",
            Outcome::CameBack => "came-back",
            Outcome::GivenUp => "given-up",
            Outcome::NobodyTookOver => "nobody-took-over",
        }
    }
}

/// How far it had come when the logs ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UnderWay<'a> {
    /// the master was missed for so many ms, and nothing could have happened yet
    Missed(At),
    Begun,
    /// this replica was chosen
    Selected(&'a str),
    /// this replica is a master since
    Promoted(&'a str, At),
    /// the leader was done with this one, and the logs end before anybody names the new master
    Done(Option<(&'a str, At)>),
}

/// An incident.
#[derive(Debug, Clone)]
pub(super) struct Incident {
    pub(super) group: String,
    /// the master as it begins
    pub(super) master: Place,
    /// its times are times; else they only count the lines
    pub(super) timed: bool,
    pub(super) began: At,
    pub(super) last: At,
    /// somebody called SENTINEL FAILOVER, of which sentinel and when
    pub(super) asked: Vec<(Who, At)>,
    pub(super) downs: Vec<Down>,
    pub(super) agreed: Vec<Agreed>,
    pub(super) elections: Vec<Election>,
    pub(super) runs: Vec<Run>,
    /// why not, in the words of the log
    pub(super) reasons: Vec<String>,
    /// who gave which of them, and when first
    pub(super) reasons_by: BTreeMap<String, (Who, At)>,
    pub(super) learned: Vec<Learned>,
    pub(super) new_master: Option<Place>,
    /// a replica was promoted by somebody else
    pub(super) foreign: Option<Foreign>,
    /// when the old master did what for the first time
    pub(super) afterwards: Vec<(Afterwards, At)>,
    /// sentinels (ids) that were down for somebody when the last election was lost, or at the end
    pub(super) peers_down: BTreeSet<String>,
    /// who held which other sentinel for down, at any time of it
    pub(super) unreached: BTreeSet<(Who, String)>,
    /// sentinels whose knowledge of the others was wiped by SENTINEL RESET while they missed the master
    pub(super) reset: BTreeSet<Who>,
    /// all on which SENTINEL RESET was called while the master was down, and when
    pub(super) resets: Vec<(Who, At)>,
    /// as many as the quorum missed the master at the same time
    pub(super) enough: bool,
    /// enough sentinels missed the master, and did not know of each other
    pub(super) strangers: bool,
    /// what those who missed the master needed
    pub(super) quorum: Option<u32>,
    /// operators gave sentinels another master to watch: which, who and when
    pub(super) pointed: Option<(Place, Vec<(Who, At)>)>,
    /// who missed it speaks of this one as the master, and how it became that stood where its log has a gap
    pub(super) named_later: Option<Place>,
    /// the logs end here, with this incident open
    pub(super) logs_end: Option<At>,
    /// these are cut off: others see a healthy master and do not see them
    pub(super) isolated: BTreeSet<Who>,
    /// whose sentinels acted
    pub(super) maker: Option<Maker>,
    /// from a log, where a sentinel says more than in its events
    pub(super) logged: bool,
    /// masters that had told those who missed them that they are replicas: of two at once each may
    pub(super) posed: BTreeSet<Place>,
    /// sentinels known when it ended
    pub(super) sentinels: usize,
    /// there are no others
    pub(super) all_known: bool,
    /// who came forward and does not tell whose votes it got
    pub(super) streamed: BTreeSet<Who>,
    /// others of them were up, and what they said is not read
    pub(super) others_unread: bool,
    /// there are others, up or down, whose logs are not read, or logs that begin in its middle: what these would tell is not
    /// known
    pub(super) unread: bool,
    /// who had answers again of those whose logs do not say since when they missed it
    pub(super) back: Vec<(Who, At)>,
    /// one sentinel missed it, and others whose logs go on did not
    pub(super) alone: bool,
    /// a sentinel found that the master had restarted
    pub(super) restarted: bool,
    /// who said last that it begins no failover before which time of day
    pub(super) waits: BTreeMap<Who, String>,
    /// sentinels that were started again in it
    pub(super) returned: Vec<(Who, At)>,
    /// whose logs end while they miss it
    pub(super) silent: BTreeSet<Who>,
    /// logs begin in its middle, or after it
    pub(super) cut: bool,
    /// who told the first of these of the new master is one of those, and no leader whose log is here
    pub(super) told_by_unread: bool,
    /// the log of who was asked for it begins late: whether it missed the master before is not known
    pub(super) asked_late: bool,
    /// a log that begins late has an attempt: what set it off stood before
    pub(super) begun_before: bool,
    /// who was in TILT in it, or just before
    pub(super) stood: Vec<Stood>,
    /// all whose logs are here had been in TILT for so long when the master was missed
    pub(super) blind: Option<At>,
    /// the leader's last vote came from one that had not yet heard of the switch before this
    pub(super) unaware: bool,
    pub(super) beside: Beside,
    /// what held it up
    pub(super) held: Held,
}

impl Incident {
    pub(super) fn new(group: &str, master: &str, at: At, timed: bool) -> Incident {
        Incident {
            group: group.to_owned(),
            master: master.to_owned(),
            timed,
            began: at,
            last: at,
            asked: Vec::new(),
            downs: Vec::new(),
            agreed: Vec::new(),
            elections: Vec::new(),
            runs: Vec::new(),
            reasons: Vec::new(),
            reasons_by: BTreeMap::new(),
            learned: Vec::new(),
            new_master: None,
            foreign: None,
            afterwards: Vec::new(),
            peers_down: BTreeSet::new(),
            unreached: BTreeSet::new(),
            reset: BTreeSet::new(),
            resets: Vec::new(),
            enough: false,
            strangers: false,
            quorum: None,
            pointed: None,
            named_later: None,
            logs_end: None,
            isolated: BTreeSet::new(),
            maker: None,
            logged: false,
            posed: BTreeSet::new(),
            sentinels: 0,
            all_known: false,
            streamed: BTreeSet::new(),
            others_unread: false,
            unread: false,
            back: Vec::new(),
            alone: false,
            returned: Vec::new(),
            waits: BTreeMap::new(),
            restarted: false,
            silent: BTreeSet::new(),
            cut: false,
            told_by_unread: false,
            asked_late: false,
            begun_before: false,
            stood: Vec::new(),
            blind: None,
            unaware: false,
            beside: Beside::default(),
            held: Held::default(),
        }
    }

    /// The master is answering again for all who missed it, as far as their logs go, and nobody was promoted.
    pub(super) fn came_back(&self) -> Option<At> {
        let told = self.downs.iter().filter(|down| down.up.is_some() || !self.silent.contains(&down.who));
        let up: Vec<At> = told.map(|down| down.up).collect::<Option<_>>()?;
        let again = self.back.iter().map(|(_, at)| *at);
        let back = up.into_iter().chain(again).max().filter(|_| self.new_master.is_none())?;
        // Who misses it to the end of a log and began after that says that it was away again.
        let since = |down: &Down| down.up.is_none() && down.at > back;
        (!self.downs.iter().any(since)).then_some(back)
    }

    /// When it answered the first of those who had missed it, and did not go away again.
    pub(super) fn answered(&self) -> Option<At> {
        let back = self.came_back()?;
        self.first_answer(At::MAX).or(Some(back))
    }

    /// The first answer in the last outage that began until then.
    fn first_answer(&self, until: At) -> Option<At> {
        let began = self.fresh_outage(until);
        let again = self.back.iter().map(|(_, at)| *at);
        let ups = self.downs.iter().filter_map(|down| down.up).chain(again);
        ups.filter(|up| (began..until).contains(up)).min()
    }

    /// The master was back, and nobody here led, or voted in this epoch since it was missed last: whatever made this server
    /// the master later, it need not have been that it was missed.
    pub(super) fn ended_before_switch(&self, to: &str, epoch: Option<u64>) -> bool {
        let last = self.downs.iter().map(|down| down.at).max();
        let begun = |election: &Election| {
            let mut votes = election.votes.iter().map(|vote| vote.at);
            let mut tried = election.candidates.iter().map(|(_, at)| *at);
            let same = epoch.is_none_or(|epoch| epoch == election.epoch);
            same && (votes.any(|at| Some(at) >= last) || tried.any(|at| Some(at) >= last))
        };
        let made = self.promotes(to) || self.foreign.is_some() || !self.asked.is_empty();
        self.came_back().is_some() && !made && !self.elections.iter().any(begun)
    }

    /// Nothing more has to happen.
    pub(super) fn is_over(&self) -> bool {
        let ended = self.runs.last().is_some_and(|run| run.end.is_some());
        let undone = self.foreign.as_ref().is_some_and(|foreign| foreign.ended().is_some());
        let pointed = self.pointed.is_some();
        self.new_master.is_some()
            || undone
            || pointed
            || self.named_later.is_some()
            || self.came_back().is_some()
            || (self.downs.is_empty() && ended)
    }

    /// A replica was promoted by somebody else and follows again, and that was all.
    pub(super) fn is_foreign_alone(&self) -> bool {
        let ended = self.foreign.as_ref().is_some_and(|foreign| foreign.ended().is_some());
        ended && self.downs.is_empty() && self.elections.is_empty() && self.new_master.is_none()
    }

    /// Who takes this server for the master speaks of what came after it.
    pub(super) fn is_next(&self, place: &str) -> bool {
        // Without times one stream stands behind the other.
        self.master != place && (self.new_master.is_some() || (self.timed && self.promotes(place)))
    }

    /// This server became the master in it, or was chosen to.
    pub(super) fn promotes(&self, place: &str) -> bool {
        let chosen = |run: &Run| {
            let failed = run.end.is_some_and(|(end, _)| end == End::NotPromoted);
            let is = |it: &Option<(Place, At)>| it.as_ref().is_some_and(|(replica, _)| replica == place);
            is(&run.promoted) || (is(&run.selected) && !failed)
        };
        self.new_master.as_deref() == Some(place) || self.runs.iter().any(chosen)
    }

    pub(super) fn cause(&self) -> Cause {
        let begun = self.elections.iter().any(|election| !election.candidates.is_empty());
        if let Some((_, at)) = self.asked.last() {
            if self.held_down_at(*at) { Cause::Forced } else { Cause::Planned }
        } else if !self.downs.is_empty() || !self.agreed.is_empty() {
            Cause::MasterDown
        } else if begun && !self.begun_before {
            Cause::Planned
        } else {
            Cause::Unknown
        }
    }

    /// Somebody asked for it; whether the master was down before, logs that begin late do not tell.
    pub(super) fn only_asked_for(&self) -> bool {
        self.cause() == Cause::Planned && (self.cut || self.asked_late)
    }

    /// When an operator took over from sentinels that did not act.
    pub(super) fn forced_at(&self) -> Option<At> {
        self.asked.last().map(|(_, at)| *at).filter(|_| self.cause() == Cause::Forced)
    }

    /// How far a failover had come whose end the logs do not have: they end too early, or its leader was never heard of
    /// again after the promotion.
    pub(super) fn under_way(&self) -> Option<UnderWay<'_>> {
        if self.new_master.is_some() || self.pointed.is_some() || self.named_later.is_some() {
            return None;
        }
        let done = |run: &&Run| matches!(run.end, Some((End::Done | End::DoneLate, _)));
        if let Some(run) = self.runs.iter().rev().find(done) {
            return Some(UnderWay::Done(run.promoted.as_ref().map(|(place, at)| (place.as_str(), *at))));
        }
        let fresh = |at: At| self.logs_end.is_some_and(|end| end - at < UNDER_WAY_MS);
        if let Some(run) = self.runs.last().filter(|run| run.end.is_none()) {
            let selected = run.selected.as_ref().filter(|(_, at)| fresh(*at));
            return match (&run.promoted, selected) {
                (Some((place, at)), _) => Some(UnderWay::Promoted(place, *at)),
                (None, Some((place, _))) => Some(UnderWay::Selected(place)),
                (None, None) => Some(UnderWay::Begun).filter(|_| fresh(run.began)),
            };
        }
        let tried = self.elections.last().and_then(|it| Some((it, it.candidates.last().map(|(_, at)| *at)?)));
        let Some((election, began)) = tried else {
            let since = self.logs_end.zip(self.downs.last()).map(|(end, _)| end - self.outage_began());
            let nothing = self.foreign.is_none() && self.runs.is_empty() && self.came_back().is_none();
            let open = nothing && self.isolated.is_empty() && !self.hopeless();
            let most = if self.timed { UNDER_WAY_MS } else { UNDER_WAY_LINES };
            return since.filter(|ms| open && *ms < most).map(UnderWay::Missed);
        };
        let open = election.elected.is_none() && election.lost.is_empty();
        let hopeless = self.hopeless() && self.asked.is_empty();
        (open && !hopeless && fresh(began) && self.came_back().is_none()).then_some(UnderWay::Begun)
    }

    /// Somebody held the master for down at this time.
    pub(super) fn held_down_at(&self, at: At) -> bool {
        self.downs.iter().any(|down| down.at <= at && down.up.is_none_or(|up| up > at))
    }

    /// Watchkeeper's sentinels acted.
    pub(super) fn is_ours(&self) -> bool {
        self.maker == Some(Maker::Watchkeeper)
    }

    /// This sentinel holds the master for down, and knows enough others that do.
    pub(super) fn agrees(&self, who: Who) -> bool {
        let last = self.downs.iter().rev().find(|down| down.who == who);
        let down = last.is_none_or(|down| down.up.is_none());
        down && self.agreed.iter().any(|agreed| agreed.who == who)
    }

    /// A sentinel does not reach another.
    pub(super) fn unreached(&mut self, who: Who, id: &str) {
        if self.unreached.len() < MANY * MANY {
            self.unreached.insert((who, id.to_owned()));
        }
    }

    /// Those that missed the master.
    pub(super) fn saw(&self) -> BTreeSet<Who> {
        self.downs.iter().map(|down| down.who).collect()
    }

    /// Whether this attempt is one that somebody asked for: it follows the order at once, in the same log.
    pub(super) fn asked_for(&self, who: Who, at: At) -> bool {
        self.asked.iter().any(|(asked, then)| *asked == who && (*then..*then + ORDER_MS).contains(&at))
    }

    pub(super) fn outcome(&self) -> Outcome {
        if self.new_master.is_some() {
            match self.cause() {
                Cause::MasterDown => Outcome::Failover,
                Cause::Planned if self.only_asked_for() => Outcome::AskedFor,
                Cause::Planned => Outcome::Switchover,
                Cause::Forced => Outcome::Forced,
                Cause::Unknown => Outcome::Switched,
            }
        } else if self.foreign.is_some() {
            match (self.beside.returned, self.unread) {
                (true, _) => Outcome::Returned,
                (false, true) => Outcome::PromotedUnseen,
                (false, false) => Outcome::PromotedByOthers,
            }
        } else if self.named_later.is_some() {
            Outcome::Switched
        } else if self.pointed.is_some() {
            Outcome::Repointed
        } else if let Some(how_far) = self.under_way() {
            match how_far {
                UnderWay::Missed(_) => Outcome::Missed,
                UnderWay::Begun | UnderWay::Selected(_) | UnderWay::Promoted(..) | UnderWay::Done(_) => {
                    Outcome::UnderWay
                }
            }
        } else if self.came_back().is_some() {
            Outcome::CameBack
        } else if !self.isolated.is_empty() {
            Outcome::Isolated
        } else if self.downs.is_empty() {
            Outcome::GivenUp
        } else {
            Outcome::NobodyTookOver
        }
    }

    /// How often the master went away, for the sentinel that saw it most often.
    pub(super) fn times_down(&self) -> usize {
        let of = |who: Who| self.downs.iter().filter(|down| down.who == who).count();
        self.downs.iter().map(|down| of(down.who)).max().unwrap_or(0)
    }

    /// When the outage began that ended in a failover or with the logs: blips before it do not count.
    pub(super) fn outage_began(&self) -> At {
        let last = self.elections.last();
        let tried = last.and_then(|it| Some(it.candidates.first()?.1));
        // A vote for one whose log is not here came of what was missed before.
        let voted = last.and_then(|it| it.votes.iter().map(|vote| vote.at).min());
        self.fresh_outage(tried.or(voted.filter(|_| self.new_master.is_some())).unwrap_or(At::MAX))
    }

    /// When the last outage began that began until then.
    fn fresh_outage(&self, until: At) -> At {
        let mut began = self.began;
        for down in self.downs.iter().filter(|down| down.at <= until) {
            let others_miss_it = self.downs.iter().any(|other| {
                (other.at, other.who) < (down.at, down.who) && other.up.is_none_or(|up| up > down.at)
            });
            if !others_miss_it {
                began = began.max(down.at);
            }
        }
        began
    }

    pub(super) fn down(&mut self, who: Who, of: &str, at: At) {
        // After SENTINEL RESET it begins anew to miss a master that was never back.
        let missing = self.downs.iter().any(|down| down.who == who && down.up.is_none());
        if missing && self.reset.contains(&who) {
            return;
        }
        remember(&mut self.downs, Down { who, of: of.to_owned(), at, up: None });
    }

    /// Whether the log says since when this sentinel missed it.
    pub(super) fn up(&mut self, who: Who, at: At) -> bool {
        let down = self.downs.iter_mut().rev().find(|down| down.who == who && down.up.is_none());
        let known = down.map(|down| down.up = Some(at)).is_some();
        known || self.downs.iter().any(|down| down.who == who)
    }

    /// The master was back, and this sentinel had not come forward: what it does now is another story.
    pub(super) fn ended_before_work(&self, who: Who) -> bool {
        let last = self.downs.iter().map(|down| down.at).max();
        let mut candidates = self.elections.iter().flat_map(|election| &election.candidates);
        let tried = candidates.any(|(by, at)| *by == who && Some(*at) >= last);
        let led = self.runs.iter().any(|run| run.who == who && run.end.is_none());
        self.came_back().is_some() && !tried && !led && !self.asked.iter().any(|(by, _)| *by == who)
    }

    /// Nothing is known of it yet but that it is: a line that names its master is right.
    pub(super) fn named(&mut self, master: &str) {
        let fresh = self.downs.is_empty() && self.elections.is_empty() && self.runs.is_empty();
        if fresh && self.agreed.is_empty() && self.learned.is_empty() && !master.is_empty() {
            master.clone_into(&mut self.master);
        }
    }

    pub(super) fn election(&mut self, epoch: u64) -> &mut Election {
        if let Some(found) = self.elections.iter().position(|election| election.epoch == epoch) {
            return &mut self.elections[found];
        }
        if self.elections.len() >= MANY {
            self.elections.remove(0);
        }
        let fresh = Election {
            epoch,
            candidates: Vec::new(),
            votes: Vec::new(),
            elected: None,
            also_elected: Vec::new(),
            lost: Vec::new(),
            voided: None,
        };
        self.elections.push(fresh);
        let last = self.elections.len() - 1;
        &mut self.elections[last]
    }

    /// The candidate's own vote tells the epoch of an attempt, where the log begins too late to have named it.
    pub(super) fn epoch_told(&mut self, who: Who, epoch: u64) {
        let of = |it: &Election| it.epoch == 0 && it.candidates.iter().any(|(them, _)| *them == who);
        let known = self.elections.iter().any(|election| election.epoch == epoch);
        if let Some(election) = self.elections.iter_mut().find(|election| of(election)).filter(|_| !known) {
            election.epoch = epoch;
        }
    }

    /// The last election in which this sentinel is a candidate.
    pub(super) fn election_of(&mut self, who: Who) -> Option<&mut Election> {
        self.elections
            .iter_mut()
            .rev()
            .find(|election| election.candidates.iter().any(|(them, _)| *them == who))
    }

    /// This sentinel came forward, in this epoch if one is named, and what came of it has not been told.
    pub(super) fn tries(&self, who: Who, epoch: Option<u64>) -> bool {
        let by = |list: &[(Who, At)]| list.iter().any(|(them, _)| *them == who);
        self.elections.iter().any(|election| {
            let mine = by(&election.candidates) && epoch.is_none_or(|epoch| epoch == election.epoch);
            mine && !by(&election.lost) && election.leaders().all(|(leader, _)| leader != who)
        })
    }

    /// This sentinel came forward in this epoch.
    pub(super) fn tried(&self, who: Who, epoch: u64) -> bool {
        let mut elections = self.elections.iter().filter(|election| election.epoch == epoch);
        elections.any(|election| election.candidates.iter().any(|(them, _)| *them == who))
    }

    pub(super) fn begin_run(&mut self, who: Who, at: At) {
        let run = Run {
            who,
            began: at,
            selected: None,
            told: false,
            promoted: None,
            moved: Vec::new(),
            end: None,
            replicas_down: BTreeSet::new(),
        };
        remember(&mut self.runs, run);
    }

    /// The work of this leader; it is begun if the log does not have its beginning.
    pub(super) fn run(&mut self, who: Who, at: At) -> &mut Run {
        let open =
            |run: &Run| run.who == who && (run.end.is_none() || run.end.is_some_and(|(_, end)| end == at));
        let found = self.runs.iter().rposition(open).unwrap_or_else(|| {
            self.begin_run(who, at);
            self.runs.len() - 1
        });
        &mut self.runs[found]
    }

    pub(super) fn afterwards(&mut self, what: Afterwards, at: At) {
        if self.afterwards.iter().all(|(known, _)| *known != what) {
            self.afterwards.push((what, at));
        }
    }

    /// The old master has become the master in an incident that began then: what it said just before, it said as that.
    pub(super) fn promoted_anew(&mut self, began: At) {
        let before = if self.timed { SAID_BEFORE_MS } else { UNDER_WAY_LINES };
        let says = |(what, at): &(Afterwards, At)| *what == Afterwards::SaysMaster && *at > began - before;
        if self.afterwards.last().is_some_and(says) {
            self.afterwards.pop();
        }
    }

    pub(super) fn reason(&mut self, who: Who, at: At, text: &str) {
        if !self.reasons.iter().any(|known| known == text) {
            if self.reasons_by.len() < MANY {
                self.reasons_by.insert(text.to_owned(), (who, at));
            }
            remember(&mut self.reasons, text.to_owned());
        }
    }

    /// The leader whose work made the new master; nobody if that was one whose log is not here. Who promoted another
    /// server did not make this one.
    pub(super) fn winner(&self) -> Option<&Run> {
        let mut promoted = self.runs.iter().rev().filter(|run| run.promoted.is_some());
        let Some(new) = &self.new_master else { return promoted.next().or(self.runs.last()) };
        let made = |run: &&Run| run.promoted.as_ref().is_some_and(|(place, _)| place == new);
        let told = |run: &&Run| {
            let heard = |it: &Learned| it.who == run.who && matches!(it.how, How::From(_));
            run.promoted.is_none() && !self.learned.iter().any(heard)
        };
        // Of two at once the first made it, and the other found it so.
        let first = |last: &Run| {
            let mut before = self.runs.iter().filter(made);
            before.find(|run| self.gave_way(run) == Some(last.who))
        };
        let made = promoted.find(made).map(|last| first(last).unwrap_or(last));
        made.or_else(|| self.runs.last().filter(told))
    }

    /// The logs begin in the middle of it: somebody was at work, and nobody tells what set it off.
    pub(super) fn headless(&self) -> bool {
        let tried = self.elections.iter().any(|election| !election.candidates.is_empty());
        let worked = !self.runs.is_empty() || self.elections.iter().any(|election| !election.lost.is_empty());
        let missed = !self.agreed.is_empty() || !self.back.is_empty();
        let under_way = missed || self.begun_before || (worked && !tried);
        under_way && self.downs.is_empty() && self.asked.is_empty()
    }

    /// The election that made the winner the leader.
    pub(super) fn won(&self) -> Option<&Election> {
        let winner = self.winner();
        let by = |(who, at): &(Who, At)| winner.is_some_and(|run| run.who == *who && *at <= run.began);
        let mut latest = self.elections.iter().rev();
        latest
            .clone()
            .find(|election| election.candidates.iter().any(by))
            .or_else(|| latest.find(|election| election.elected.is_some()))
    }

    /// The master had been missed before the outage from which times count.
    pub(super) fn missed_before(&self) -> bool {
        let began = self.outage_began();
        self.downs.iter().any(|down| down.at < began)
    }

    /// When the new master took writes, as far as anybody noticed. Whoever led first may have seen that and died before
    /// clients were told; and another may have seen what a leader did whose log is not here.
    pub(super) fn took_writes(&self) -> Option<At> {
        let place = match &self.new_master {
            Some(new) => new,
            None => &self.winner()?.promoted.as_ref()?.0,
        };
        let promoted = self.runs.iter().filter_map(|run| run.promoted.as_ref());
        let promoted = promoted.filter(|(other, _)| other == place).map(|(_, at)| *at);
        promoted.chain(self.seen_as_master(place)).min()
    }

    /// When a sentinel that had not promoted this server found that it is a master.
    pub(super) fn seen_as_master(&self, place: &str) -> Option<At> {
        let foreign = self.foreign.as_ref().filter(|foreign| foreign.to == place)?;
        foreign.seen.iter().map(|(_, at)| *at).min()
    }

    /// When the new master took writes is known only from when somebody noticed it: others than ours ask once a second, and
    /// one whose log is not here may have been first.
    pub(super) fn noticed_late(&self) -> bool {
        !self.is_ours() || self.unread
    }

    /// This attempt was given up because the master answered again.
    pub(super) fn was_back(&self, at: At) -> bool {
        let again = self.back.iter().map(|(_, at)| *at);
        let mut ups = self.downs.iter().filter_map(|down| down.up).chain(again);
        ups.any(|up| up <= at && at - up < AT_ONCE_MS)
    }

    /// How long after the quorum the winner came forward, if no attempt before it is known.
    pub(super) fn came_forward_late(&self) -> bool {
        let tried = self.won().and_then(|won| won.candidates.first()).map(|(_, at)| *at);
        let agreed = self.agreed.iter().map(|agreed| agreed.at).min();
        tried.zip(agreed).is_some_and(|(tried, agreed)| tried - agreed >= ORDER_MS)
    }

    /// When the old master was answering again, if that was before the promotion and nobody missed it anew until then. One
    /// that had no answer yet does not contradict those that had.
    pub(super) fn back_before_promotion(&self) -> Option<At> {
        let promoted = self.took_writes()?;
        let back = self.first_answer(promoted)?;
        self.downs.iter().all(|down| down.at < back || down.at > promoted).then_some(back)
    }

    /// For how long the only sentinel that missed the master did, where it came back before the promotion.
    pub(super) fn missed_alone(&self) -> Option<At> {
        let [down] = &self.downs[..] else { return None };
        self.back_before_promotion().filter(|_| self.alone).map(|back| back - down.at)
    }

    /// Since when the old master was a second one, if it was back before the new one was there: nothing told it otherwise.
    /// Ours does at once.
    pub(super) fn went_on(&self) -> Option<At> {
        let happened = |what: Afterwards| self.afterwards.iter().any(|(known, _)| *known == what);
        let told = happened(Afterwards::ToldToFollow) || !self.is_ours();
        let went_on = self.back_before_promotion().is_some() && self.new_master.is_some() && told;
        self.took_writes().filter(|_| went_on && !happened(Afterwards::Gone))
    }

    /// This log is the sentinel's with this id.
    pub(super) fn identified(&mut self, who: Who, id: &str) {
        self.elections.iter_mut().for_each(|election| election.identified(who, id));
    }

    /// This sentinel has told clients of the new master.
    pub(super) fn knows_the_new(&self, who: Who) -> bool {
        self.learned.iter().any(|learned| learned.who == who)
    }

    /// When the first sentinel named the new master to clients.
    pub(super) fn first_told(&self) -> Option<At> {
        let new = self.learned.iter().filter(|learned| self.new_master.as_ref() == Some(&learned.to));
        new.map(|learned| learned.at).min()
    }
}

impl Election {
    /// This log is the sentinel's with this id: its votes, told under both, count once.
    fn identified(&mut self, who: Who, id: &str) {
        let votes = std::mem::take(&mut self.votes);
        for mut vote in votes {
            if matches!(&vote.voter, Voter::Id(known) if known == id) {
                vote.voter = Voter::Log(who);
            }
            if vote.voter == Voter::Log(who) {
                vote.nameless = false;
            }
            self.vote(vote);
        }
    }

    pub(super) fn vote(&mut self, vote: Vote) {
        if self.votes.iter().all(|known| known.voter != vote.voter) {
            remember(&mut self.votes, vote);
        }
    }

    /// When it was decided, as far as the logs tell.
    fn decided(&self) -> Option<At> {
        self.leaders().map(|(_, at)| at).max().or(self.lost.iter().map(|(_, at)| *at).max())
    }

    /// This vote was cast when all was over: its sentinel had not run, or was cut off.
    pub(super) fn came_too_late(&self, vote: &Vote) -> bool {
        self.decided().is_some_and(|decided| vote.at - decided > TOO_LATE_MS)
    }

    /// Votes that had a part in it, without those that are told twice. Releases before 3.2 name a voter by its address, which its own log does
    /// not have; and a log that begins late has not told its id. As many votes by address, or by ids whose logs are not
    /// here, as there are logs that tell of their own are the same votes.
    pub(super) fn counted(&self) -> Vec<&Vote> {
        let told_by_voters = |candidate: &str, nameless: bool| {
            let own = |vote: &&Vote| match &vote.voter {
                Voter::Log(who) => self.candidates.iter().all(|(them, _)| them != who),
                Voter::Id(_) => false,
            };
            let of =
                self.votes.iter().filter(|vote| vote.candidate == candidate && !self.came_too_late(vote));
            let of = of.filter(own);
            of.filter(|vote| vote.nameless || !nameless).count()
        };
        let mut twice: BTreeMap<(&str, bool), usize> = BTreeMap::new();
        let mut counted = Vec::with_capacity(self.votes.len());
        for vote in self.votes.iter().filter(|vote| !self.came_too_late(vote)) {
            if let Voter::Id(id) = &vote.voter {
                let by_id = !is_address(id);
                let left = twice
                    .entry((&vote.candidate, by_id))
                    .or_insert_with(|| told_by_voters(&vote.candidate, by_id));
                if *left > 0 {
                    *left -= 1;
                    continue;
                }
            }
            counted.push(vote);
        }
        counted
    }
}

/// Whether a sentinel is named by where it is instead of by its id.
pub(super) fn is_address(id: &str) -> bool {
    id.contains(':')
}

impl Run {
    pub(super) fn moved(&mut self, replica: &str) -> &mut Moved {
        let found = self.moved.iter().position(|moved| moved.replica == replica).unwrap_or_else(|| {
            let fresh = Moved { replica: replica.to_owned(), sent: None, done: None, late: false };
            remember(&mut self.moved, fresh);
            self.moved.len() - 1
        });
        &mut self.moved[found]
    }
}

/// Adds to a list that does not grow without end: the newest replaces the last.
pub(super) fn remember<T>(list: &mut Vec<T>, what: T) {
    if list.len() >= MANY {
        list.pop();
    }
    list.push(what);
}
