//! A new master that a sentinel misses for a moment just after it has named it. Sentinels count from when they made the
//! connection: if its first answer is late, they say `+sdown` and, in about a second, `-sdown`. That is no outage.

use super::book::{Book, Group, Other};
use super::incident::{At, Incident};
use super::said::Place;

/// Answers come within this time, ...
const BRIEF_MS: At = 3_000;
/// ... or, without times, within so many lines.
const BRIEF_LINES: At = 3;
/// With a short `down-after-milliseconds` only it happens, ...
const SHORT_MS: At = 2_500;
/// ... and so much later at most.
const LATE_MS: At = 1_500;
/// So many lines of a stream may stand between: all servers and sentinels are named anew.
const AFTER_LINES: At = 10;

impl Book {
    /// Whether this is no more than that: all who missed the new master had named it one down-after before.
    pub(super) fn is_sight(&self, incident: &Incident, group: &Group) -> bool {
        let idle = incident.elections.is_empty() && incident.runs.is_empty() && incident.asked.is_empty();
        let still = incident.new_master.is_none() && incident.foreign.is_none() && incident.agreed.is_empty();
        if incident.downs.is_empty() || !idle || !still || !incident.posed.is_empty() {
            return false;
        }
        let made = |it: &&Incident| it.group == incident.group && it.new_master.is_some();
        let before = self.incidents.iter().rev().find(made);
        let Some(before) = before.filter(|it| it.new_master.as_ref() == Some(&incident.master)) else {
            return false;
        };
        // Without times what comes behind it is another one.
        let first = Other::Sight(incident.group.clone(), incident.master.clone(), false);
        if !incident.timed && self.others.contains_key(&first) {
            return false;
        }
        let (after, brief) = if incident.timed {
            let known = group.down_after.and_then(|ms| At::try_from(ms).ok());
            (known.map_or(SHORT_MS, |ms| ms + LATE_MS), BRIEF_MS)
        } else {
            (AFTER_LINES, BRIEF_LINES)
        };
        incident.downs.iter().all(|down| {
            let named = before.learned.iter().rev().find(|it| it.who == down.who && it.at <= down.at);
            let soon = named.is_some_and(|it| down.at - it.at <= after);
            soon && down.up.is_some_and(|up| up - down.at <= brief)
        })
    }

    /// Tells it beside the incidents.
    pub(super) fn sighted(&mut self, incident: &Incident) {
        for down in &incident.downs {
            let what = Other::Sight(incident.group.clone(), down.of.clone(), incident.timed);
            self.other(what, down.who, down.at);
        }
    }
}

/// In English and Chinese. Without times nobody knows how soon it was.
pub(super) fn told(place: &Place, timed: bool) -> (String, String) {
    let (en, zh) = if timed {
        (
            "soon after the switch, for a moment, {place} did not answer as the new master: nobody acted on that. Sentinels often",
            "切换后不久，新主节点 {place} 一时没有应答，没有哨兵因此采取行动；",
        )
    } else {
        (
            "just behind the switch {place} did not answer as the new master, and then did: nobody acted on that. If it was within \
             seconds, sentinels often",
            "紧接在切换之后，新主节点 {place} 没有应答，随后恢复，没有哨兵因此采取行动；若相隔很短，",
        )
    };
    let (en, zh) = (en.replace("{place}", place), zh.replace("{place}", place));
    (
        format!("{en} say so of a connection that they have just made"),
        format!("{zh}哨兵刚建立连接时常有这样的记录"),
    )
}
