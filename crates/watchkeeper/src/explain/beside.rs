//! What became of servers beside the failover itself: a master that operators had made and a failover undid, a server that
//! was down and came back as a master, a master that restarted before another one was there.

use std::collections::{BTreeMap, BTreeSet};

use watchkeeper_core::Lang;
use watchkeeper_core::lang::Words;

use super::advice::{Both, TWO_TOOK_WRITES, both};
use super::book::Book;
use super::findings::{Finding, Names};
use super::incident::{Afterwards, At, Cause, Down, End, Foreign, Incident, Who};
use super::said::Place;
use super::words::{by_name, duration};

/// A server that was back for less is seen as a master because it came back as one, ...
const BACK_MS: At = 15_000;
/// ... or, without times, one that was back so many lines before.
const BACK_LINES: At = 10;

/// Sentinels that lose the same master miss it within this time.
const AT_ONCE_MS: At = 1_000;

/// Of an incident.
#[derive(Debug, Clone, Default)]
pub(super) struct Beside {
    /// the server that was seen as a master by nobody's failover had been down until then
    pub(super) returned: bool,
    /// a sentinel said of the old master that it is one as of one that was promoted
    pub(super) detected: bool,
    /// when a sentinel that still took it for the master found that it had restarted
    pub(super) rebooted: Option<At>,
    /// more sentinels missed the master than logs have, some of which begin too late
    pub(super) unseen: bool,
    /// who missed it when, and how long after its start: the master had not answered it since
    pub(super) just_started: BTreeMap<(Who, At), At>,
    /// a replica that was told to be master, given up, and told to be a replica later
    pub(super) woke: Option<(Place, At)>,
    /// whom the old master was told to follow, if that was no longer the new one
    pub(super) told_to: Option<Place>,
}

/// What should be known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Told {
    /// operators had made this one the master, and a failover made another one
    Undone {
        /// on which sentinels
        who: Vec<String>,
        to: String,
        new: String,
        /// a leader told it to follow
        follows: bool,
    },
    /// the same, and how another one became the master is not in these logs
    UndoneUnseen { who: Vec<String>, to: String, new: String },
    /// a replica became a master after the attempt to make it that
    Woke { replica: String, ms: Option<At> },
    /// the master restarted, and another one took over after that
    Restarted { master: String, new: String },
    /// a server was down and came back as a master
    Returned {
        to: String,
        /// one whose log is not here may have made it that
        unread: bool,
    },
}

impl Told {
    /// Its name in JSON, for ever.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Told::Undone { .. } | Told::UndoneUnseen { .. } => "by-hand-undone",
            Told::Woke { .. } => "promoted-late",
            Told::Restarted { .. } => "restarted-before-failover",
            Told::Returned { .. } => "returned-as-master",
        }
    }
}

impl Incident {
    /// The new master and its predecessor, where that restarted before it was replaced: its replicas may have copied it.
    fn restarted_before(&self) -> Option<(&str, &str)> {
        let new = self.new_master.as_deref()?;
        let (promoted, rebooted) = (self.took_writes()?, self.beside.rebooted?);
        (rebooted <= promoted).then_some((self.master.as_str(), new))
    }

    /// Another server was made a master before this one was missed, by no failover, and is not known to be a replica again.
    pub(super) fn another_before(&self) -> Option<&Foreign> {
        let missed = self.downs.iter().map(|down| down.at).min()?;
        let before = |it: &&Foreign| it.seen.iter().any(|(_, at)| *at < missed) && it.ended().is_none();
        self.foreign.as_ref().filter(before).filter(|it| self.new_master.as_ref() != Some(&it.to))
    }

    /// The master followed another server when sentinels told it to follow the new one, and had answered all the time since
    /// the switch: somebody may have made it a replica, and it was missed for that.
    pub(super) fn turned(&self) -> bool {
        let happened = |what: Afterwards| self.afterwards.iter().any(|(known, _)| *known == what);
        happened(Afterwards::Turned) && !happened(Afterwards::Gone) && !happened(Afterwards::Answers)
    }

    /// Another one took over, and nothing shows that the master had not answered: one that somebody makes a replica is missed,
    /// too.
    pub(super) fn unproven(&self) -> bool {
        let away = |(what, _): &(Afterwards, At)| matches!(what, Afterwards::Gone | Afterwards::Answers);
        let back = self.downs.iter().any(|down| down.up.is_some()) || !self.back.is_empty();
        let missed = self.new_master.is_some() && !self.downs.is_empty();
        missed && !back && !self.restarted && !self.afterwards.iter().any(away)
    }

    /// Somebody asked for a failover, and the new master is that of another sentinel's, whose log is not here.
    pub(super) fn made_elsewhere(&self) -> bool {
        self.cause() == Cause::Planned && !self.runs.is_empty() && self.winner().is_none()
    }

    /// How long it had run who missed the master first, if that had not answered it since its start.
    pub(super) fn just_started(&self) -> Option<At> {
        let began = self.outage_began();
        let known = |down: &Down| !self.beside.just_started.contains_key(&(down.who, down.at));
        // Who had answers until then missed it as soon: it had not been away before.
        if self.downs.iter().any(|down| (began..=began + AT_ONCE_MS).contains(&down.at) && known(down)) {
            return None;
        }
        let mut first = self.downs.iter().filter(|down| down.at == began);
        first.find_map(|down| self.beside.just_started.get(&(down.who, down.at)).copied())
    }
}

impl Book {
    /// A leader has told the replica that it chose to be master. A log that begins just before does not have which it is.
    pub(super) fn told_to_be_master(&mut self, who: Who, name: &str) {
        let open = self.groups.get_mut(name).and_then(|group| group.open.as_mut());
        let mut runs = open.into_iter().flat_map(|open| open.runs.iter_mut().rev());
        let chosen = runs.find(|run| run.who == who && run.end.is_none() && run.selected.is_some());
        if let Some(run) = chosen {
            run.told = true;
        }
    }

    /// Whether more sentinels missed the master than have said so, where logs begin that late.
    pub(super) fn missed_unseen(&self, incident: &Incident) -> bool {
        let saw = incident.saw();
        let most = incident.agreed.iter().map(|agreed| agreed.votes as usize).max().unwrap_or(0);
        let late = |who: Who| !self.is_whole(who) && self.speakers[who].pid != 0 && !saw.contains(&who);
        let mut here = self.present().filter(|(who, _)| !self.elsewhere(*who, &incident.group));
        incident.timed && !saw.is_empty() && most > saw.len() && here.any(|(who, _)| late(who))
    }

    /// A replica that had been told to be master, and was given up, is told to be a replica. Whether it is so.
    pub(super) fn woke(&mut self, name: &str, place: &Place, at: At) -> bool {
        let given_up = |it: &Incident| {
            let failed =
                it.runs.iter().filter(|run| matches!(run.end, Some((End::NotPromoted, _))) && run.told);
            let mut chosen = failed.filter_map(|run| run.selected.as_ref());
            chosen.any(|(chosen, _)| chosen == place) && it.new_master.as_ref() != Some(place)
        };
        let Some(incident) = self.recent(name, at, given_up) else { return false };
        incident.beside.woke.get_or_insert((place.clone(), at));
        true
    }

    /// A server that was the master before and was away since is seen as a master: it came back as one, and nobody promoted
    /// it. Whether it is so.
    pub(super) fn old_master_again(&mut self, name: &str, place: &str, at: At) -> bool {
        let Some(incident) = self.replaced(name, place, at) else { return false };
        let first = |what: Afterwards| {
            incident.afterwards.iter().find(|(known, _)| *known == what).map(|(_, since)| *since)
        };
        let follows =
            [Afterwards::Demoted, Afterwards::ToldToFollow, Afterwards::Turned, Afterwards::Follows];
        let follows = follows.into_iter().any(|what| first(what).is_some());
        let again = match first(Afterwards::Answers) {
            Some(since) if incident.timed => at - since < BACK_MS,
            Some(_) | None => !follows,
        };
        if again {
            incident.beside.detected |= first(Afterwards::SaysMaster).is_none();
            incident.last = at;
            incident.afterwards(Afterwards::SaysMaster, at);
        }
        again
    }

    /// Whether this replica is down for somebody, or was until now.
    pub(super) fn was_down(&self, name: &str, place: &str, at: At) -> bool {
        let Some(group) = self.groups.get(name) else { return false };
        let down = group.replicas_down.get(place).is_some_and(|by| !by.is_empty());
        let lately = if self.timed { BACK_MS } else { BACK_LINES };
        down || group.answered.get(place).is_some_and(|since| at - since < lately)
    }

    /// Somebody had no answer from this replica, and has.
    pub(super) fn answered(&mut self, name: &str, place: &str, at: At) {
        let Some(group) = self.groups.get_mut(name) else { return };
        // Those have a limit.
        if group.replicas.contains(place) {
            group.answered.insert(place.to_owned(), at);
        }
    }
}

/// Of an incident.
pub(super) fn findings(incident: &Incident, names: &dyn Names, found: &mut Vec<Finding>) {
    if let Some((master, new)) = incident.restarted_before() {
        let (master, new) = (master.to_owned(), new.to_owned());
        found.push(Finding::Beside(Told::Restarted { master, new }));
    }
    if let Some((replica, at)) = &incident.beside.woke {
        let ends = incident.runs.iter().filter_map(|run| run.end).map(|(_, ended)| ended);
        let ms = ends.filter(|ended| ended <= at).max().map(|ended| at - ended);
        let ms = ms.filter(|_| incident.timed);
        found.push(Finding::Beside(Told::Woke { replica: replica.clone(), ms }));
    }
    let undone = incident.pointed.as_ref().zip(incident.new_master.as_ref());
    if let Some(((to, by), new)) = undone.filter(|((to, _), new)| to != *new) {
        let mut who: Vec<String> = by.iter().map(|(who, _)| names.who(*who)).collect();
        who.dedup();
        let mut moved = incident.runs.iter().flat_map(|run| &run.moved);
        let follows = moved.any(|moved| moved.replica == *to);
        found.push(Finding::Beside(Told::Undone { who, to: to.clone(), new: new.clone(), follows }));
    }
}

/// What to do about it.
pub(super) fn advice(told: &Told, lang: Lang) -> Both {
    match told {
        Told::Undone { who, to, new, follows } => undone(&by_name(who, lang), to, new, *follows),
        Told::UndoneUnseen { who, to, new } => undone_unseen(who, to, new),
        Told::Woke { replica, ms } => woke_advice(replica, *ms, lang),
        Told::Restarted { master, new } => restarted_before_advice(master, new),
        Told::Returned { to, unread } => returned_advice(to, *unread),
    }
}

/// Of a master made by hand that another one replaced in this later incident. Where that tells why, the one before needs no word.
pub(super) fn undone_later(later: &Incident, to: &str, who: BTreeSet<String>) -> Option<Finding> {
    let unseen = later.downs.is_empty() && later.runs.is_empty() && later.asked.is_empty();
    let new = later.new_master.clone().filter(|_| unseen)?;
    let (who, to) = (who.into_iter().collect(), to.to_owned());
    Some(Finding::Beside(Told::UndoneUnseen { who, to, new }))
}

/// What keeps a master that operators made.
const ALL_MUST_KNOW: Words = Words {
    en: "a master made by hand stays only if all sentinels know it: `SENTINEL REMOVE` and `SENTINEL MONITOR` with its address on all \
         that run, and in the `sentinel.conf` of those that are down before they are started",
    zh: "手工指定的主节点只有在所有哨兵都知道时才会保留：在所有运行中的哨兵上用它的地址执行 `SENTINEL REMOVE` 和 `SENTINEL MONITOR`；\
         已下线的哨兵，启动之前先改好它的 `sentinel.conf`",
};

/// What is known of it where only its end is in the logs: who did it may have been asked to.
fn undone_unseen(who: &[String], to: &str, new: &str) -> Both {
    let (by, by_zh) = (by_name(who, Lang::En), by_name(who, Lang::Zh));
    let Words { en: hint, zh: hint_zh } = ALL_MUST_KNOW;
    both(
        format!(
            "Operators had pointed {by} at {to}; later {new} became the master instead, and these logs do not show why. What clients \
             wrote to {to} and {new} had not copied may be lost."
        ),
        hint,
        format!(
            "运维人员已让 {by_zh} 改为监视 {to}；之后 {new} 成为主节点，原因不在这些日志中。写到 {to} 而 {new} 尚未复制的数据可能丢失。"
        ),
        hint_zh,
    )
}

/// What to do about a master made by hand that is none any more.
fn undone(who: &str, to: &str, new: &str, follows: bool) -> Both {
    let (told, told_zh) = if follows {
        (
            format!("{to} was told to follow. What clients wrote to {to} and {new} had not copied is lost."),
            format!("{to} 被命令跟随。写到 {to} 而 {new} 尚未复制的数据会丢失。"),
        )
    } else {
        (
            format!(
                "what became of {to} is not in these logs. If it follows now, what clients wrote to it and {new} had not copied is lost."
            ),
            format!("{to} 后来如何，日志中没有。若它已跟随，写到它上面而 {new} 尚未复制的数据会丢失。"),
        )
    };
    let Words { en: hint, zh: hint_zh } = ALL_MUST_KNOW;
    both(
        format!(
            "Operators had pointed {who} at {to}; sentinels that did not know of it made {new} the master then, and {told}"
        ),
        hint,
        format!("运维人员已让 {who} 改为监视 {to}；不知情的哨兵随后让 {new} 成为主节点，{told_zh}"),
        hint_zh,
    )
}

/// A replica that was down and came back as a master: in a sentence.
pub(super) fn returned(old: &str, foreign: &Foreign, lang: Lang) -> String {
    let new = &foreign.to;
    let (end, end_zh) = match (foreign.undone, foreign.follows) {
        (Some(_), _) => (
            format!("; the sentinels made it a replica of {old} again"),
            format!("，哨兵随后让它重新成为 {old} 的副本"),
        ),
        (None, Some(_)) => ("; it is a replica again".to_owned(), "，之后重新成为副本".to_owned()),
        (None, None) => (String::new(), String::new()),
    };
    match lang {
        Lang::En => format!("{new} was down and came back as a master, beside {old}{end}."),
        Lang::Zh => format!("{new} 下线后以主节点身份恢复，当时主节点是 {old}{end_zh}。"),
    }
}

/// What to do about it. A sentinel whose log is not here may have made it the master meanwhile.
fn returned_advice(to: &str, unread: bool) -> Both {
    if unread {
        return both(
            format!("{to} was down, and was a master when it was back."),
            "ask all sentinels who is the master (`SENTINEL GET-MASTER-ADDR-BY-NAME`): if that is another one, what clients wrote to \
             this one is lost when it becomes a replica",
            format!("{to} 下线后恢复时是主节点。"),
            "向所有哨兵查询主节点（`SENTINEL GET-MASTER-ADDR-BY-NAME`）：若不是它，它成为副本时，写到它上面的数据会丢失",
        );
    }
    both(
        format!("{to} was down, and was a master when it was back."),
        "what clients wrote to it until it is a replica again is lost. Start a server with the file that it rewrites itself: \
         `replicaof` stands there, if it may write it",
        format!("{to} 下线后恢复时是主节点。"),
        "在它重新成为副本之前写到它上面的数据会丢失。启动服务器时要使用它自己改写的配置文件：只要可写，其中就有 `replicaof`",
    )
}

/// What to do about a replica that became a master when nobody waited for it any more.
fn woke_advice(replica: &str, ms: Option<At>, lang: Lang) -> Both {
    let ms = ms.map(|ms| duration(ms, lang));
    let (until, until_zh) = match &ms {
        Some(ms) => (format!(", {ms} after the attempt was given up"), format!("（放弃之后 {ms}）")),
        None => (String::new(), String::new()),
    };
    both(
        format!(
            "{replica} had been told to be master, and was one after the attempt had been given up: a second master until it was told to \
             be a replica{until}."
        ),
        TWO_TOOK_WRITES.0,
        format!(
            "{replica} 曾被命令成为主节点，放弃之后却已是主节点：直到被命令重新成为副本{until_zh}，它是第二个主节点。"
        ),
        TWO_TOOK_WRITES.1,
    )
}

/// What to do about a master that restarted before it was replaced.
fn restarted_before_advice(master: &str, new: &str) -> Both {
    both(
        format!(
            "The master {master} was found to have restarted (+reboot) before {new} took over: if it came back empty, its replicas may \
             have copied that, {new} too."
        ),
        "compare what the new master has (`INFO keyspace`) with what it should have. Turn on AOF or RDB, or let a master wait longer \
         than down-after-milliseconds before it starts again",
        format!(
            "在 {new} 接替之前，哨兵发现主节点 {master} 重启过（+reboot）：若它恢复后是空的，副本可能已照样清空，{new} 也不例外。"
        ),
        "用 `INFO keyspace` 核对新主节点的数据是否还在。请启用 AOF 或 RDB，或让主节点重启前等待超过 down-after-milliseconds",
    )
}
