//! Why a leader did not finish, or not in time: it stood still, gave way, or what it chose went down; and what it left behind.

use watchkeeper_core::Lang;

use super::advice::{Both, TWO_TOOK_WRITES, both};
use super::book::Book;
use super::findings::{Finding, Names};
use super::incident::{At, Election, End, How, Incident, Run, Who};
use super::said::Place;
use super::words::duration;

/// A sentinel in TILT holds the master for down within this time after its end.
const AFTER_TILT_MS: At = 1_500;
/// Leaders that promote one replica within this time did so at once.
const AT_ONCE_MS: At = 1_000;
/// A leader that is up learns of the other's result within this time.
const SOON_MS: At = 5_000;
/// A vote that comes sooner was not held up.
const HELD_UP_MS: At = 300;

/// A TILT in an incident, or just before it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stood {
    pub(super) who: Who,
    pub(super) from: At,
    pub(super) to: Option<At>,
    /// the last line before it
    pub(super) silent_since: At,
}

/// Why a replica that was chosen did not become the master.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Why {
    Unknown,
    /// the leader held it for down when it gave up
    Down,
    /// this leader was in TILT
    Tilt(String),
}

/// Who began anew what a leader had not finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anew {
    Another,
    Itself,
    /// itself, when it had been started again
    Restarted,
}

impl Book {
    /// Who was in TILT in this incident, or just before it.
    pub(super) fn stood(&self, incident: &Incident) -> Vec<Stood> {
        let last = incident.learned.iter().map(|learned| learned.at).max().unwrap_or(incident.last);
        let until = incident.last.max(last);
        let of = self.tilts.iter().filter(|tilt| {
            let lasts = tilt.to.is_none_or(|to| to >= incident.began - AFTER_TILT_MS);
            tilt.from <= until && lasts && !self.elsewhere(tilt.who, &incident.group)
        });
        let stood = of.map(|tilt| {
            let (from, to, silent_since) = (tilt.from, tilt.to, tilt.silent_since);
            Stood { who: tilt.who, from, to, silent_since }
        });
        stood.collect()
    }

    /// How long all whose logs are here had been in TILT when the master was missed: nobody would have said that it is away.
    pub(super) fn blind(&self, incident: &Incident) -> Option<At> {
        let began = incident.outage_began();
        let blind = |who: Who| {
            let mut of = incident.stood.iter().filter(|stood| stood.who == who && stood.from < began);
            of.find(|stood| stood.to.is_none_or(|to| to >= began - AFTER_TILT_MS)).map(|stood| stood.from)
        };
        let here = self.present().filter(|(who, _)| !self.elsewhere(*who, &incident.group));
        let since: Vec<At> = here.map(|(who, _)| blind(who)).collect::<Option<_>>()?;
        let missed = incident.timed && !incident.downs.is_empty();
        since.into_iter().max().filter(|_| missed).map(|since| began - since)
    }

    /// Whether the leader's last vote came late because its voter had not yet heard of the switch before this.
    pub(super) fn unaware(&self, incident: &Incident) -> bool {
        let Some(won) = incident.won() else { return false };
        let Some(tried) = won.candidates.first().map(|(_, at)| *at) else { return false };
        let votes = won.counted();
        let Some(last) = votes.iter().max_by_key(|vote| vote.at) else { return false };
        let mut before = self
            .incidents
            .iter()
            .rev()
            .filter(|it| it.group == incident.group && it.new_master.as_ref() == Some(&incident.master));
        let heard = |it: &Incident| {
            let super::incident::Voter::Log(who) = last.voter else { return false };
            it.learned.iter().any(|it| it.who == who && it.at > tried && it.at <= last.at)
        };
        incident.timed && last.at - tried >= HELD_UP_MS && before.next().is_some_and(heard)
    }
}

impl Incident {
    /// Who led next after this leader.
    pub(super) fn began_anew(&self, run: &Run) -> Anew {
        let Some(next) = self.runs.iter().find(|other| other.began > run.began) else { return Anew::Another };
        let between = |(who, at): &(Who, At)| *who == run.who && (run.began..=next.began).contains(at);
        match next.who == run.who {
            false => Anew::Another,
            true if self.returned.iter().any(between) => Anew::Restarted,
            true => Anew::Itself,
        }
    }

    /// Who led next after this leader has said that it waits, and did not forget that: one that is started again does.
    pub(super) fn waited(&self, run: &Run) -> bool {
        let next = self.runs.iter().find(|other| other.began > run.began);
        next.is_some_and(|next| self.held.waited.contains(&next.who) && !self.forgot(next))
    }

    /// Who leads was started again in this.
    pub(super) fn forgot(&self, run: &Run) -> bool {
        self.returned.iter().any(|(who, at)| *who == run.who && *at <= run.began)
    }

    /// This leader was in TILT for most of its attempt, or until its end, and did nothing.
    pub(super) fn in_tilt(&self, run: &Run) -> bool {
        let Some((_, end)) = run.end else { return false };
        let during = |stood: &Stood| stood.who == run.who && (run.began..=end).contains(&stood.from);
        let part = |stood: &Stood| stood.to.unwrap_or(end).min(end) - stood.from;
        // What had waited for the end of TILT comes with it.
        let held = |stood: &Stood| stood.to.is_none_or(|to| end - to < AFTER_TILT_MS);
        let most = |stood: &Stood| part(stood) * 2 >= end - run.began;
        self.stood.iter().any(|stood| during(stood) && (!self.timed || held(stood) || most(stood)))
    }

    /// This sentinel began to miss the master when its TILT was over.
    pub(super) fn missed_after_tilt(&self, who: Who) -> bool {
        let missed = self.downs.iter().find(|down| down.who == who).map(|down| down.at);
        let over = |stood: &Stood| {
            let until = stood.to.zip(missed).map(|(to, at)| at - to);
            stood.who == who && until.is_some_and(|ms| (0..AFTER_TILT_MS).contains(&ms))
        };
        self.timed && self.stood.iter().any(over)
    }

    /// An attempt failed because its leader was in TILT.
    pub(super) fn held_by_tilt(&self) -> bool {
        let failed = |run: &Run| matches!(run.end, Some((End::NotPromoted, _)));
        self.runs.iter().any(|run| failed(run) && self.in_tilt(run))
    }

    /// This leader did not finish because it did not run: its log is silent from before the next one began until it was in
    /// TILT.
    pub(super) fn stood_still(&self, run: &Run) -> bool {
        let Some(next) = self.runs.iter().find(|other| other.who != run.who && other.began >= run.began)
        else {
            return false;
        };
        // Without times nothing tells how long its stream was silent.
        let silent = |it: &Stood| !self.timed || it.silent_since <= next.began;
        self.stood.iter().any(|it| it.who == run.who && it.from > run.began && silent(it))
    }

    /// This leader did not finish because another one, begun by hand meanwhile, was faster: it took over the result.
    pub(super) fn overtaken(&self, run: &Run) -> Option<Who> {
        let other = self.winner().filter(|other| other.who != run.who)?;
        let by_hand = self.asked.iter().any(|(who, _)| *who == other.who);
        let mut learned = self.learned.iter().filter(|learned| learned.who == run.who);
        let soon =
            learned.any(|it| !self.timed || self.first_told().is_some_and(|told| it.at - told < SOON_MS));
        (by_hand && soon && run.end.is_none()).then_some(other.who)
    }

    /// Another leader promoted the same replica at the same time, and this one took over its result.
    pub(super) fn gave_way(&self, run: &Run) -> Option<Who> {
        let (place, at) = run.promoted.as_ref()?;
        let same = |other: &&Run| {
            let of = other.promoted.as_ref().filter(|(it, _)| it == place);
            other.who != run.who && of.is_some_and(|(_, then)| (*at..*at + AT_ONCE_MS).contains(then))
        };
        let other = self.runs.iter().rev().find(same)?;
        let told = self.first_told()?;
        let heard = self
            .learned
            .iter()
            .any(|it| it.who == run.who && matches!(it.how, How::From(_)) && it.at - told < SOON_MS);
        (self.timed && heard && run.end.is_none()).then_some(other.who)
    }

    /// A replica that a leader promoted, and that did not stay the master: by whom, and for how long until it was told to
    /// follow. One that nobody told may have died meanwhile.
    fn left_behind(&self) -> Option<(&Run, &Place, At)> {
        let new = self.new_master.as_ref()?;
        let of = self.runs.iter().filter_map(|run| Some((run, run.promoted.as_ref()?)));
        let mut others = of.filter(|(_, (place, _))| place != new && *place != self.master);
        let (run, (place, since)) = others.next()?;
        let moved = self.runs.iter().flat_map(|run| &run.moved).filter(|moved| moved.replica == *place);
        let told = moved.filter_map(|moved| moved.sent.or(moved.done)).filter(|at| at >= since).min()?;
        Some((run, place, told - since))
    }
}

impl Election {
    /// All that were leaders in this epoch: who is asked to act by hand needs no votes.
    pub(super) fn leaders(&self) -> impl Iterator<Item = (Who, At)> {
        self.elected.into_iter().chain(self.also_elected.iter().copied())
    }
}

impl Run {
    /// It told the replica that it chose to be master, as far as its log has that. Between the two it may have died, or have
    /// given way.
    pub(super) fn has_told(&self) -> bool {
        self.told || self.promoted.is_some()
    }
}

/// Of an incident in which the first leader promoted one replica and another leader another one.
pub(super) fn second_promoted(incident: &Incident, names: &dyn Names) -> Option<Finding> {
    let (run, place, ms) = incident.left_behind()?;
    let ms = Some(ms).filter(|_| incident.timed);
    let new = incident.new_master.clone()?;
    Some(Finding::SecondPromoted { by: names.who(run.who), place: place.clone(), new, ms })
}

/// What to do about it.
pub(super) fn second_advice(by: &str, place: &str, new: &str, ms: Option<i64>, lang: Lang) -> Both {
    let (en, zh) = match ms.map(|ms| duration(ms, lang)) {
        Some(ms) => (
            format!(
                "{by} had promoted {place} before {new}: it was a second master for at least {ms}, until it was told to follow."
            ),
            format!("在 {new} 之前，{by} 已提升了 {place}：直到被命令跟随，它至少当了 {ms}第二个主节点。"),
        ),
        None => (
            format!(
                "{by} had promoted {place} before {new}: it was a second master until it was told to follow."
            ),
            format!("在 {new} 之前，{by} 已提升了 {place}：直到被命令跟随，它一直是第二个主节点。"),
        ),
    };
    both(en, TWO_TOOK_WRITES.0, zh, TWO_TOOK_WRITES.1)
}

/// What to do about a leader that did not run.
pub(super) fn stood_advice(who: &str, timed: bool) -> Both {
    let (how, how_zh) = if timed {
        ("stood still: its log is silent until its TILT", "随后停住了：它的日志直到 TILT 才有下一行")
    } else {
        ("did not finish it: it was in TILT later", "没有完成：它后来处于 TILT")
    };
    both(
        format!("{who} led the failover and {how}. Another sentinel had to begin anew."),
        "it did not die: see TILT under THE DEPLOYMENT for what stops a process",
        format!("{who} 主持了故障转移，但{how_zh}。由另一个哨兵重新开始。"),
        "它没有宕机：进程为何会停住，见“整体情况”中的 TILT",
    )
}

/// What to do about two leaders at once.
pub(super) fn gave_way_advice(who: &str, to: &str) -> Both {
    both(
        format!(
            "{who} and {to} were elected one just after the other and promoted the same replica; {who} gave way to {to}, whose epoch is higher."
        ),
        "nothing: the failover took no longer for it. If it is often so, look for slow disks or links between the sentinels",
        format!("{who} 和 {to} 几乎同时当选，提升了同一个副本；{to} 的纪元更高，{who} 让给了它。"),
        "无需处理：故障转移并未因此变慢。经常发生时，检查磁盘和哨兵之间的网络是否缓慢",
    )
}
