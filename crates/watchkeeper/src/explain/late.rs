//! What held an outage up that is not the sentinels' own pace: a quorum that was too high until somebody lowered it,
//! sentinels that were started again in it, and leaders that began late to miss the master. `redis-sentinel` takes no replica
//! that lost the master more than ten times down-after-milliseconds before the leader's own +sdown: to who comes out of TILT,
//! or is started, in a long outage, all are too old, and stay it.

use std::collections::BTreeSet;

use watchkeeper_core::Lang;

use super::book::{Book, Group};
use super::findings::{Finding, Names};
use super::incident::{At, Incident, Run, Who};
use super::said::{Maker, Place};
use super::words::duration;

/// A sentinel that missed the master so much sooner than another counts from sooner.
const SOONER_MS: At = 2_000;
/// A sentinel that misses the master so soon after its start may have been started while it was away.
const JUST_MS: At = 15_000;
/// After TILT a sentinel misses a dead master at once, and an attempt of so short a time later may be too early.
const TILT_STALE_MS: At = 10_000;

/// What is noted of an incident of those that did not act by their own pace.
#[derive(Debug, Clone, Default)]
pub(super) struct Held {
    /// somebody set the quorum while the master was missed: when, what it was if that is known, what it is
    pub(super) quorum: Option<(At, Option<u32>, u32)>,
    /// who had said that it waits, and made an attempt after that
    pub(super) waited: BTreeSet<Who>,
    /// whose the sentinel is that led in the end
    pub(super) leader: Option<Maker>,
}

/// Why a leader began late to miss the master.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    Tilt,
    /// it was started again in the outage
    Started,
    /// it was started so long before it missed the master; whether the master was away then, these logs do not tell
    JustStarted(At),
}

/// A leader that began late to miss the master.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Late {
    pub(super) who: String,
    pub(super) why: Why,
    /// another one that had missed it longest then, and for how much longer
    pub(super) first: Option<(String, At)>,
}

impl Book {
    /// Somebody set the quorum of a group on this sentinel.
    pub(super) fn quorum_set(&mut self, who: Who, at: At, name: &str, quorum: u32) {
        let Some(group) = self.group(name) else { return };
        let before = group.quorums.insert(who, quorum);
        if let Some(open) = group.open.as_mut().filter(|open| !open.is_over() && open.agreed.is_empty()) {
            let fresh = open.held.quorum.is_none() && !open.downs.is_empty() && before != Some(quorum);
            open.held.quorum = open.held.quorum.or(fresh.then_some((at, before, quorum)));
        }
    }

    /// The master that operators gave to sentinels of this group at last, if no failover came after that.
    pub(super) fn pointed_by_hand(&self, name: &str) -> Option<String> {
        let mut its = self.incidents.iter().rev().filter(|it| it.group == name);
        let ended = |it: &&Incident| it.pointed.is_some() || it.new_master.is_some();
        its.find(ended).filter(|it| it.new_master.is_none())?.pointed.as_ref().map(|(to, _)| to.clone())
    }

    /// The incident that replaced the master that operators had made in this one by another.
    pub(super) fn after_pointed(&self, incident: &Incident) -> Option<&Incident> {
        let (to, by) = incident.pointed.as_ref()?;
        let since = by.iter().map(|(_, at)| *at).min()?;
        let open = self.groups.get(&incident.group).and_then(|group| group.open.as_ref());
        let mut its = self.incidents.iter().chain(open).filter(|it| it.group == incident.group);
        its.find(|it| {
            it.began >= since && it.master == *to && it.new_master.as_ref().is_some_and(|new| new != to)
        })
    }

    /// The master that operators made in this incident, if nothing shows that another one replaced it since.
    pub(super) fn still_pointed<'a>(&self, incident: &'a Incident) -> Option<&'a Place> {
        let (to, _) = incident.pointed.as_ref()?;
        let undone = incident.new_master.as_ref().is_some_and(|new| new != to);
        (!undone && self.after_pointed(incident).is_none()).then_some(to)
    }

    /// When the first of the sentinels whose logs are here may begin a failover by itself: nothing unless each that is not
    /// down has said so of itself.
    pub(super) fn next_attempt(&self, incident: &Incident) -> Option<String> {
        let down = |id: &Option<String>| id.as_ref().is_some_and(|id| incident.peers_down.contains(id));
        let mut here =
            self.present().filter(|(who, it)| !self.elsewhere(*who, &incident.group) && !down(&it.id));
        let all = here.all(|(who, _)| incident.waits.contains_key(&who));
        incident.waits.values().min().cloned().filter(|_| all && !incident.unread)
    }
}

impl Incident {
    /// Since when each sentinel missed the master without a break at this time.
    fn missing_at(&self, at: At) -> Vec<(Who, At)> {
        let who: BTreeSet<Who> = self.saw();
        let since = |who: Who| {
            let its = self.downs.iter().filter(|down| down.who == who && down.at <= at);
            let last = its.max_by_key(|down| down.at).filter(|down| down.up.is_none_or(|up| up > at))?;
            // One that was started after that has not missed it again yet.
            let again = self.returned.iter().any(|(by, then)| *by == who && (last.at..at).contains(then));
            (!again).then_some((who, last.at))
        };
        who.into_iter().filter_map(since).collect()
    }

    /// Who had missed the master longest at this time, and for how much longer than this one; without that, than any other.
    pub(super) fn missed_longest(&self, at: At, than: Option<Who>) -> Option<(Who, At)> {
        // One that was reset knows no replica any more.
        let reset = |who: Who| self.resets.iter().any(|(by, then)| *by == who && *then <= at);
        let mut all = self.missing_at(at);
        all.retain(|(who, _)| !reset(*who) || Some(*who) == than);
        all.sort_by_key(|(who, since)| (*since, *who));
        let (first, since) = *all.first()?;
        let other = match than {
            Some(who) => all.iter().find(|(other, _)| *other == who),
            None => all.get(1),
        };
        let sooner = other.map(|(_, at)| at - since)?;
        (self.timed && sooner >= SOONER_MS).then_some((first, sooner))
    }

    /// Why this leader missed the master late, if it did.
    fn late(&self, run: &Run) -> Option<Why> {
        if self.missed_after_tilt(run.who) {
            return Some(Why::Tilt);
        }
        let (_, since) = self.missing_at(run.began).into_iter().find(|(who, _)| *who == run.who)?;
        let just = self.beside.just_started.get(&(run.who, since));
        let others = |at: At| self.missing_at(at).iter().any(|(who, _)| *who != run.who);
        let started = |(who, at): &(Who, At)| *who == run.who && *at <= since && others(*at);
        let started = self.returned.iter().any(started).then_some(Why::Started);
        let just = just.filter(|ms| self.unread && **ms < JUST_MS).map(|ms| Why::JustStarted(*ms));
        started.or(just).filter(|_| self.timed)
    }

    /// So many sentinels are down that none of the others can be elected, and no time will change that.
    pub(super) fn hopeless(&self) -> bool {
        let needed = (self.sentinels / 2 + 1).max(self.quorum.unwrap_or(0) as usize);
        self.all_known
            && !self.peers_down.is_empty()
            && self.sentinels.saturating_sub(self.peers_down.len()) < needed
    }

    /// Enough missed the master only when sentinels had been started again.
    pub(super) fn agreed_after_a_start(&self) -> bool {
        let Some(agreed) = self.agreed.iter().min_by_key(|agreed| agreed.at) else { return false };
        let Some(started) = self.returned.iter().map(|(_, at)| *at).filter(|at| *at <= agreed.at).max()
        else {
            return false;
        };
        let before: BTreeSet<Who> = self.missing_at(started).into_iter().map(|(who, _)| who).collect();
        !self.unread && started > self.began && before.len() < agreed.quorum as usize
    }

    /// Enough missed the master when not half of the time until they agreed had passed.
    pub(super) fn missed_sooner_than_agreed(&self) -> bool {
        let Some(agreed) = self.agreed.iter().min_by_key(|agreed| agreed.at) else { return false };
        let began = self.outage_began();
        let enough = self.missing_at(began + (agreed.at - began) / 2).len() >= agreed.quorum as usize;
        self.timed && agreed.quorum > 0 && enough
    }
}

/// This leader found no replica to promote.
pub(super) fn no_good_replica(
    incident: &Incident,
    run: &Run,
    group: Option<&Group>,
    book: &Book,
    names: &dyn Names,
) -> Finding {
    // Without times nobody knows how long ago it was.
    let fresh = |to: At| to <= run.began && (!incident.timed || run.began - to < TILT_STALE_MS);
    let others = |group: &Group| group.replicas.iter().filter(|replica| **replica != incident.master).count();
    let late = incident.late(run).map(|why| {
        let first = incident.missed_longest(run.began, Some(run.who));
        Late { who: names.who(run.who), why, first: first.map(|(who, ms)| (names.who(who), ms)) }
    });
    Finding::NoGoodReplica {
        after_tilt: book.tilts.iter().any(|tilt| tilt.who == run.who && tilt.to.is_some_and(fresh)),
        late,
        known: group.filter(|group| book.names_replicas(run.who, group, run.began)).map(others),
        down: run.replicas_down.iter().cloned().collect(),
        said: incident.reasons.iter().filter(|text| text.contains("cannot be promoted")).cloned().collect(),
    }
}

impl Late {
    /// Why that is in the way.
    pub(super) fn told(&self) -> (String, String) {
        let who = &self.who;
        let (en, zh) = match self.why {
            Why::Tilt => (
                format!("{who}, which led, was in TILT until it missed the master"),
                format!("执行者 {who} 直到认为主节点下线之前都处于 TILT"),
            ),
            Why::Started => (
                format!("{who}, which led, was started again while the master was away"),
                format!("执行者 {who} 是在主节点失联期间重新启动的"),
            ),
            Why::JustStarted(ms) => {
                let (before, before_zh) = (duration(ms, Lang::En), duration(ms, Lang::Zh));
                (
                    format!(
                        "{who}, which led, had been started {before} before it missed the master, and the master was away for long by then"
                    ),
                    format!("执行者 {who} 在认为主节点下线之前 {before_zh}才启动，而主节点那时已失联很久"),
                )
            }
        };
        (
            format!(
                "{en}: redis-sentinel refuses a replica that lost the master more than ten times down-after-milliseconds before the \
                 leader's own +sdown"
            ),
            format!(
                "{zh}：副本若在执行者自己的 +sdown 之前超过 10 倍 down-after-milliseconds 就与主节点断开，redis-sentinel 会拒绝它"
            ),
        )
    }

    /// What to do about it while the master is away.
    pub(super) fn hint(&self) -> (String, String) {
        let (on, on_zh) = match &self.first {
            Some((first, ms)) => {
                let (sooner, sooner_zh) = (duration(*ms, Lang::En), duration(*ms, Lang::Zh));
                (
                    format!("on {first}, which missed it {sooner} sooner"),
                    format!("在 {first} 上执行 `SENTINEL FAILOVER <组>`，它早 {sooner_zh}就认为主节点下线"),
                )
            }
            None => (
                "on a sentinel that missed it sooner".to_owned(),
                "在更早认为主节点下线的哨兵上执行 `SENTINEL FAILOVER <组>`".to_owned(),
            ),
        };
        (
            format!(
                "while the master is away: `SENTINEL FAILOVER <group>` {on} (not one that was in TILT then, or started since). Where \
                 every sentinel was, waiting does not help"
            ),
            format!(
                "主节点尚未恢复时：{on_zh}（不要选当时处于 TILT 或此后启动的哨兵）。若所有哨兵都是如此，等待没有用"
            ),
        )
    }
}
