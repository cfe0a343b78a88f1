//! SENTINEL FAILOVER called on two sentinels at once. Neither needs a vote, so both act, and they may choose different
//! replicas. The result of the higher epoch stays. Who has not heard of the other takes the same epoch: then neither result
//! outranks the other, and each leader makes the other's master follow its own.

use std::collections::{BTreeMap, BTreeSet};

use watchkeeper_core::Lang;
use watchkeeper_core::lang::Words;

use super::advice::{Both, both};
use super::book::Book;
use super::events::LATE_MS;
use super::findings::{Finding, Names};
use super::incident::{At, Cause, End, How, Incident, Learned, Run, Who, remember};
use super::nobody::{CALL_AGAIN, CALL_AGAIN_ZH};
use super::words::{by_name, duration};

const ONCE: Words = Words {
    en: "call it on one sentinel only, and wait for its +failover-end before anybody calls it again: two leaders may choose \
         different replicas",
    zh: "只在一个哨兵上执行，并等到它的 +failover-end 之后才能再次执行：两个执行者可能选中不同的副本",
};

/// One of several leaders at once, and the replica that it told to be master.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rival<'a> {
    run: &'a Run,
    place: &'a str,
    since: At,
}

/// What several leaders at once did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Promoted {
    /// who told which replica to be master
    by: Vec<(String, String)>,
    /// which of these who named last
    named: Vec<(String, Vec<String>)>,
    /// each was made to follow the other
    crossed: bool,
    /// the others follow the one that stayed; in so many ms, if that is known
    lost: Option<(Vec<String>, Option<i64>)>,
}

impl Incident {
    /// Leaders that somebody asked at once, each with the replica that it chose.
    fn leaders(&self) -> Vec<Rival<'_>> {
        let asked: BTreeSet<Who> = self.asked.iter().map(|(who, _)| *who).collect();
        let mut found: Vec<Rival<'_>> = Vec::new();
        if asked.len() < 2 && self.cause() != Cause::Planned {
            return found;
        }
        for run in self.runs.iter().filter(|run| run.end.is_none_or(|(end, _)| end != End::NotPromoted)) {
            let Some((place, since)) = run.selected.as_ref().filter(|_| run.has_told()) else { continue };
            let known = found.iter().any(|other| other.run.who == run.who);
            // Without times one stream stands behind the other.
            let over = |other: &Rival<'_>| other.run.end.is_some_and(|(_, end)| end < run.began);
            let later = self.timed && found.iter().any(over);
            if !known && !later {
                found.push(Rival { run, place, since: *since });
            }
        }
        found
    }

    /// Leaders at once that chose different replicas.
    pub(super) fn rivals(&self) -> Vec<Rival<'_>> {
        let mut chosen = BTreeSet::new();
        let found: Vec<_> = self.leaders().into_iter().filter(|leader| chosen.insert(leader.place)).collect();
        if found.len() > 1 { found } else { Vec::new() }
    }

    /// The masters that sentinels named last, and who did.
    fn named_last(&self) -> BTreeMap<&str, BTreeSet<Who>> {
        let mut last: BTreeMap<Who, &str> = BTreeMap::new();
        self.learned.iter().for_each(|learned| {
            last.insert(learned.who, &learned.to);
        });
        let mut named: BTreeMap<&str, BTreeSet<Who>> = BTreeMap::new();
        for (who, place) in last {
            named.entry(place).or_default().insert(who);
        }
        named
    }

    /// Several leaders at once, and sentinels that name different masters to the end. The log of one leader is enough.
    pub(super) fn is_split(&self) -> bool {
        self.named_last().len() > 1 && !self.leaders().is_empty()
    }
}

impl Book {
    /// One of several leaders names the master that it made, where another one is named already; or a sentinel that has
    /// named one of them takes over the other's result. Both belong to the failover that is open.
    pub(super) fn rival_news(&mut self, who: Who, at: At, name: &str, [from, to]: [&String; 2]) -> bool {
        let speaker = &self.speakers[who];
        let (update, epoch) = (speaker.update.clone(), speaker.epoch);
        let Some(open) = self.groups.get_mut(name).and_then(|group| group.open.as_mut()) else {
            return false;
        };
        let rivals = open.leaders();
        let of = |place: &str| rivals.iter().find(|rival| rival.place == place).map(|rival| rival.run.who);
        if rivals.is_empty() || open.new_master.is_none() || at - open.last >= LATE_MS {
            return false;
        }
        let maker = of(to);
        let other = open.master == *from && open.new_master.as_ref() != Some(to);
        let first = other && !open.knows_the_new(who);
        let id = maker.and_then(|maker| self.speakers[maker].id.as_ref());
        let corrected = of(from).is_some() && id.is_some() && update.as_ref() == id;
        if !first && !corrected {
            return false;
        }
        let how = match update {
            Some(id) => How::From(id),
            None if maker == Some(who) => How::Led,
            None => How::Unclear,
        };
        open.last = open.last.max(at);
        if corrected {
            open.new_master = Some(to.clone());
        }
        remember(&mut open.learned, Learned { who, at, to: to.clone(), how, epoch });
        self.speakers[who].update = None;
        true
    }
}

/// Of an incident with several leaders at once.
pub(super) fn finding(incident: &Incident, names: &dyn Names) -> Option<Finding> {
    let rivals = if incident.is_split() { incident.leaders() } else { incident.rivals() };
    let [first, others @ ..] = &rivals[..] else { return None };
    let follows = |of: &Rival<'_>, place: &str| {
        of.run.moved.iter().find(|moved| moved.replica == place).and_then(|moved| moved.done)
    };
    let crossed = !others.is_empty()
        && others.iter().all(|other| follows(first, other.place).and(follows(other, first.place)).is_some());
    let named = incident.named_last();
    // What a leader did in the end, a log that ends before does not tell.
    let told = |rival: &Rival<'_>| rival.run.end.is_some() || incident.knows_the_new(rival.run.who);
    let agreed = named.len() == 1 && rivals.iter().all(told);
    let stayed = rivals.iter().find(|rival| agreed && named.contains_key(rival.place));
    let lost = stayed.map(|stayed| {
        let losers = || rivals.iter().filter(|rival| rival.place != stayed.place);
        let took = |loser: &Rival<'_>| Some(follows(stayed, loser.place)? - loser.since);
        let ms: Option<Vec<i64>> = losers().map(took).collect();
        let ms = ms.filter(|_| incident.timed).and_then(|all| all.into_iter().max()).filter(|ms| *ms > 0);
        (losers().map(|loser| loser.place.to_owned()).collect(), ms)
    });
    let who = |all: &BTreeSet<Who>| all.iter().map(|who| names.who(*who)).collect();
    Some(Finding::TwoPromoted(Promoted {
        by: rivals.iter().map(|rival| (names.who(rival.run.who), rival.place.to_owned())).collect(),
        named: named.iter().map(|(place, all)| ((*place).to_owned(), who(all))).collect(),
        crossed,
        lost,
    }))
}

/// Of an incident with several leaders at once that chose the same replica.
pub(super) fn same_chosen(incident: &Incident, names: &dyn Names) -> Option<Finding> {
    let leaders = incident.leaders();
    let [first, _, ..] = &leaders[..] else { return None };
    let who = leaders.iter().map(|leader| names.who(leader.run.who)).collect();
    let same = leaders.iter().all(|leader| leader.place == first.place);
    // What set off an attempt, a log that begins late may not tell.
    let asked = |leader: &Rival<'_>| incident.asked.iter().any(|(who, _)| *who == leader.run.who);
    let by_hand = !incident.cut || leaders.iter().all(asked);
    (same && by_hand).then(|| Finding::SameChosen { who, replica: first.place.to_owned() })
}

/// What to do about it.
pub(super) fn same_advice(who: &[String], replica: &str, lang: Lang) -> Both {
    let who = by_name(who, lang);
    both(
        format!("`SENTINEL FAILOVER` was called on {who} at once. They chose the same replica, {replica}."),
        ONCE.en,
        format!("同时在 {who} 上执行了 `SENTINEL FAILOVER`。它们选中了同一个副本 {replica}。"),
        ONCE.zh,
    )
}

/// What to do about a master that is none.
pub(super) fn posed(master: &str) -> Both {
    both(
        format!(
            "Before it was missed, the master {master} said that it is a replica: as one it takes no writes. Sentinels miss such a \
             master some 20 s after down-after-milliseconds, even if it answers."
        ),
        "find out who made it a replica: somebody by hand (`REPLICAOF`), or two leaders of failovers at once",
        format!(
            "主节点 {master} 在失联之前已自称副本：副本不能写入。这样的主节点即使有应答，\
             哨兵也会在 down-after-milliseconds 之后再过约 20 秒认为它下线。"
        ),
        "查明是谁把它变成了副本：有人手工执行了 `REPLICAOF`，或两个执行者同时进行了故障转移",
    )
}

impl Promoted {
    /// Sentinels name different masters, or there is none.
    pub(super) fn is_bad(&self) -> bool {
        self.crossed || self.named.len() > 1
    }

    /// `s1 names A; s2 and s3 name B`
    fn who_names(&self) -> (String, String) {
        let en = self.named.iter().map(|(place, who)| {
            format!("{} {} {place}", by_name(who, Lang::En), if who.len() == 1 { "names" } else { "name" })
        });
        let zh = self.named.iter().map(|(place, who)| format!("{} 认定 {place}", by_name(who, Lang::Zh)));
        (en.collect::<Vec<_>>().join("; "), zh.collect::<Vec<_>>().join("；"))
    }
}

/// What came of it, where the sentinels do not agree.
pub(super) fn outcome(incident: &Incident, names: &dyn Names, lang: Lang) -> Option<String> {
    let Some(Finding::TwoPromoted(promoted)) = finding(incident, names).filter(|_| incident.is_split())
    else {
        return None;
    };
    let leaders: Vec<String> = promoted.by.iter().map(|(who, _)| who.clone()).collect();
    let (old, leaders, (en, zh)) = (&incident.master, by_name(&leaders, lang), promoted.who_names());
    Some(match lang {
        Lang::En if promoted.by.len() == 1 => {
            format!("Two failovers from {old} at once made different masters: {en}.")
        }
        Lang::En => format!(
            "A failover from {old} was asked for on {leaders} at once, and they made different masters: {en}."
        ),
        Lang::Zh if promoted.by.len() == 1 => {
            format!("同时进行的两次从 {old} 的故障转移产生了不同的主节点：{zh}。")
        }
        Lang::Zh => format!("有人同时在 {leaders} 上要求从 {old} 切换，它们产生了不同的主节点：{zh}。"),
    })
}

/// What to do about it.
pub(super) fn advice(promoted: &Promoted, lang: Lang) -> Both {
    let told = promoted.by.iter().map(|(who, place)| format!("{who} told {place} to be master"));
    let told_zh = promoted.by.iter().map(|(who, place)| format!("{who} 命令 {place} 成为主节点"));
    let (told, told_zh) = (told.collect::<Vec<_>>().join(", "), told_zh.collect::<Vec<_>>().join("，"));
    let (mut en, mut zh) = (
        format!(
            "`SENTINEL FAILOVER` was called on several sentinels at once, and they chose different replicas: {told}."
        ),
        format!("同时在多个哨兵上执行了 `SENTINEL FAILOVER`，它们选中了不同的副本：{told_zh}。"),
    );
    if promoted.by.len() == 1 {
        en = format!("Two failovers were made at once: {told}; the log of the other leader is not here.");
        zh = format!("同时进行了两次故障转移：{told_zh}；另一个执行者的日志不在此处。");
    }
    if promoted.named.len() > 1 {
        let (named, named_zh) = promoted.who_names();
        en += &format!(" They do not agree: {named}.");
        zh += &format!("哨兵之间不一致：{named_zh}。");
    }
    if promoted.crossed {
        en += " Each of these was then made to follow the other: until a later failover neither takes writes (sentinels miss \
               such a master only some 20 s after down-after-milliseconds), and of what clients wrote to the two before, that \
               of one is lost.";
        zh += "之后它们又互相跟随：在下一次故障转移之前（哨兵要在 down-after-milliseconds 之后再过约 20 秒才认为这样的主节点下线），\
               两者都不能写入；此前写到两者上的数据，其中一方的会丢失。";
    } else if let Some((losers, ms)) = &promoted.lost {
        let losers = by_name(losers, lang);
        let (most, most_zh) = ms.map_or((String::new(), String::new()), |ms| {
            (
                format!(" (for at most {})", duration(ms, Lang::En)),
                format!("（最多 {}）", duration(ms, Lang::Zh)),
            )
        });
        en += &format!(" What clients wrote to {losers} until it was made to follow{most} is lost.");
        zh += &format!("{losers} 被命令跟随之前{most_zh}写到它上面的数据会丢失。");
    }
    let (now, now_zh) = if promoted.is_bad() {
        (
            format!(
                "if `SENTINEL GET-MASTER-ADDR-BY-NAME` is still not the same on all sentinels, or that server is no master \
                 (`ROLE`): call `SENTINEL FAILOVER` on one sentinel; all take over its result, for its epoch is higher; \
                 {CALL_AGAIN}. From now on: "
            ),
            format!(
                "若各哨兵上的 `SENTINEL GET-MASTER-ADDR-BY-NAME` 仍不一致，或该服务器不是主节点（`ROLE`）：在一个哨兵上执行 \
                 `SENTINEL FAILOVER`，它的纪元更高，所有哨兵都会采用其结果；{CALL_AGAIN_ZH}。今后："
            ),
        )
    } else {
        (String::new(), String::new())
    };
    both(en, &format!("{now}{}", ONCE.en), zh, &format!("{now_zh}{}", ONCE.zh))
}
