//! An incident told step by step, in the order of time.

use watchkeeper_core::Lang;

use super::findings::{Names, voter};
use super::incident::{Afterwards, At, Cause, Down, Election, End, How, Incident, Run, Voter, Who};
use super::said::Place;
use super::words::{duration, list};

/// To whom something happened, or who did it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Actor {
    Sentinel(Who),
    Server(Place),
    /// several
    All,
}

/// A step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) at: At,
    /// the event behind it; empty if there is none
    pub(super) event: &'static str,
    pub(super) text: String,
    pub(super) of: Actor,
}

/// Tells one incident.
struct Teller<'a> {
    incident: &'a Incident,
    names: &'a dyn Names,
    lang: Lang,
    steps: Vec<Step>,
}

/// All steps.
pub(super) fn steps(incident: &Incident, names: &dyn Names, lang: Lang) -> Vec<Step> {
    let mut teller = Teller { incident, names, lang, steps: Vec::new() };
    teller.asked();
    teller.downs();
    teller.back();
    teller.agreed();
    teller.on_sentinels();
    for election in &incident.elections {
        teller.election(election);
    }
    for run in &incident.runs {
        teller.run(run);
    }
    teller.foreign();
    teller.woke();
    teller.switches();
    teller.pointed();
    teller.afterwards();
    // Stable: what happened in one instant stays in its order.
    teller.steps.sort_by_key(|step| step.at);
    teller.steps
}

impl Teller<'_> {
    fn step(&mut self, of: Actor, at: At, event: &'static str, en: String, zh: String) {
        let text = match self.lang {
            Lang::En => en,
            Lang::Zh => zh,
        };
        self.steps.push(Step { at, event, text, of });
    }

    fn asked(&mut self) {
        let incident = self.incident;
        let master = &incident.master;
        for (who, at) in &incident.asked {
            let of = Actor::Sentinel(*who);
            let who = self.names.who(*who);
            let (en, zh) = if incident.held_down_at(*at) {
                (", while the master was missed".to_owned(), "，当时主节点已失联".to_owned())
            } else {
                (
                    format!("; as far as these logs tell, the master {master} was up"),
                    format!("；主节点 {master} 并未被认为下线"),
                )
            };
            self.step(
                of,
                *at,
                "",
                format!("somebody called SENTINEL FAILOVER on {who}{en}"),
                format!("有人在 {who} 上执行了 SENTINEL FAILOVER{zh}"),
            );
        }
    }

    fn downs(&mut self) {
        let incident = self.incident;
        for (number, down) in incident.downs.iter().enumerate() {
            let of = Actor::Sentinel(down.who);
            let who = self.names.who(down.who);
            let (en, zh) = self.missed(number, down);
            self.step(of.clone(), down.at, "+sdown", format!("{who} {en}"), format!("{who} {zh}"));
            if let Some(up) = down.up {
                self.step(
                    of,
                    up,
                    "-sdown",
                    format!("{who} gets answers again"),
                    format!("{who} 重新得到应答"),
                );
            }
        }
    }

    /// What a sentinel's +sdown says, the `number`th of all.
    fn missed(&self, number: usize, down: &Down) -> (String, String) {
        let incident = self.incident;
        let (master, its) = (&incident.master, &down.of);
        if number > 0 && its != master {
            return (
                format!("gets no answer from {its}, which it takes for the master"),
                format!("得不到 {its} 的应答，它以为那是主节点"),
            );
        }
        let before = &incident.downs[..number];
        let missed = |other: &Down| other.up.is_none_or(|up| up > down.at);
        let repeated = before.iter().any(|before| again(incident, before, down));
        let either = !repeated && before.iter().any(missed);
        let (en, zh) = if number == 0 {
            (format!("the master {master}"), format!("主节点 {master} "))
        } else {
            ("it".to_owned(), "它".to_owned())
        };
        match (incident.unproven(), repeated, either) {
            (false, true, _) => ("gets no answer from it again".to_owned(), "又得不到应答".to_owned()),
            (false, false, true) => ("gets no answer either".to_owned(), "也得不到应答".to_owned()),
            (false, false, false) => (format!("gets no answer from {en}"), format!("得不到{zh}的应答")),
            (true, true, _) => (format!("holds {en} for down again"), format!("又认为{zh}下线")),
            (true, false, true) => (format!("holds {en} for down, too"), format!("也认为{zh}下线")),
            (true, false, false) => (format!("holds {en} for down"), format!("认为{zh}下线")),
        }
    }

    fn back(&mut self) {
        let master = &self.incident.master;
        for (who, at) in &self.incident.back {
            let of = Actor::Sentinel(*who);
            let who = self.names.who(*who);
            let en = format!("{who} gets answers from the master {master} again");
            self.step(of, *at, "-sdown", en, format!("{who} 重新得到主节点 {master} 的应答"));
        }
    }

    fn agreed(&mut self) {
        for agreed in &self.incident.agreed {
            let (who, votes, quorum) = (self.names.who(agreed.who), agreed.votes, agreed.quorum);
            let (en, zh) = if quorum == 0 {
                (
                    format!("{who}: enough sentinels hold it for down"),
                    format!("{who}：足够多的哨兵认为它下线"),
                )
            } else {
                (
                    format!("{who}: {}, {quorum} must", agree(votes)),
                    format!("{who}：{votes} 个哨兵认为它下线，需要 {quorum} 个"),
                )
            };
            self.step(Actor::Sentinel(agreed.who), agreed.at, "+odown", en, zh);
        }
    }

    fn on_sentinels(&mut self) {
        for (who, at) in &self.incident.returned {
            let name = self.names.who(*who);
            let (en, zh) = (format!("{name} is started again"), format!("{name} 重新启动"));
            self.step(Actor::Sentinel(*who), *at, "", en, zh);
        }
        for (who, at) in &self.incident.resets {
            let of = Actor::Sentinel(*who);
            let who = self.names.who(*who);
            let en = format!("SENTINEL RESET on {who}: it forgets the replicas and the other sentinels");
            let zh = format!("在 {who} 上执行了 SENTINEL RESET：它忘掉副本和其他哨兵");
            self.step(of, *at, "+reset-master", en, zh);
        }
    }

    fn election(&mut self, election: &Election) {
        let epoch = election.epoch;
        let known = epoch != 0;
        let (of_epoch, of_epoch_zh) = if known {
            (format!(", epoch {epoch}"), format!("，纪元 {epoch}"))
        } else {
            Default::default()
        };
        // Who does it because somebody asked needs nobody's vote.
        let planned = self.incident.cause() == Cause::Planned;
        for (who, at) in &election.candidates {
            let of = Actor::Sentinel(*who);
            let asked = planned || self.incident.asked_for(*who, *at);
            let who = self.names.who(*who);
            let (en, zh) = if asked {
                (format!("{who} begins{of_epoch}"), format!("{who} 开始{of_epoch_zh}"))
            } else {
                (
                    format!("{who} wants to act and asks for votes{of_epoch}"),
                    format!("{who} 请求执行故障转移，征求选票{of_epoch_zh}"),
                )
            };
            self.step(of, *at, "+try-failover", en, zh);
        }
        let votes = self.votes(election);
        // Events tell of a candidate's own vote only.
        let untold = |who: &Who| {
            let most = super::findings::tally(election, self.names).first().map_or(0, |(_, votes)| *votes);
            self.incident.streamed.contains(who) && most <= self.incident.sentinels / 2
        };
        for (leader, at) in election.leaders() {
            let (of, untold) = (Actor::Sentinel(leader), untold(&leader));
            let who = self.names.who(leader);
            let asked = planned || self.unelected(election, leader);
            let (en, zh) = if votes.is_empty() || asked {
                (format!("{who} acts"), format!("{who} 开始执行"))
            } else if untold {
                (format!("{who} is elected"), format!("{who} 当选"))
            } else {
                (format!("{who} is elected: {votes}"), format!("{who} 当选：{votes}"))
            };
            self.step(of, at, "+elected-leader", en, zh);
        }
        self.late_votes(election);
        let open = election.elected.is_none() && election.lost.is_empty();
        if let Some(last) = election.votes.iter().map(|vote| vote.at).max().filter(|_| open) {
            let en = format!("votes in epoch {epoch}: {votes}");
            self.step(Actor::All, last, "+vote-for-leader", en, format!("纪元 {epoch} 的选票：{votes}"));
        }
        for (number, (who, at)) in election.lost.iter().enumerate() {
            let (of, untold) = (Actor::Sentinel(*who), untold(who));
            let who = self.names.who(*who);
            let (en, zh) = if self.incident.was_back(*at) {
                (format!("{who} gives up: the master answers again"), format!("{who} 放弃：主节点恢复应答"))
            } else if !known {
                (format!("{who} is not elected"), format!("{who} 未当选"))
            } else if number == 0 && election.elected.is_none() && !untold {
                (
                    format!("{who} is not elected in epoch {epoch}: {votes}"),
                    format!("{who} 在纪元 {epoch} 未当选：{votes}"),
                )
            } else {
                (format!("{who} is not elected in epoch {epoch}"), format!("{who} 在纪元 {epoch} 未当选"))
            };
            self.step(of, *at, "-failover-abort-not-elected", en, zh);
        }
    }

    /// This leader acts because somebody asked it to. Of several in one epoch the votes elect one at most.
    fn unelected(&self, election: &Election, leader: Who) -> bool {
        let mut tried = election.candidates.iter().filter(|(who, _)| *who == leader);
        let asked = tried.any(|(who, at)| self.incident.asked_for(*who, *at));
        if asked || election.also_elected.is_empty() {
            return asked;
        }
        let most = match &super::findings::tally(election, self.names)[..] {
            [(first, _)] => Some(first.clone()),
            [(first, votes), (_, fewer), ..] if votes > fewer => Some(first.clone()),
            _ => None,
        };
        most != Some(self.names.who(leader))
    }

    fn late_votes(&mut self, election: &Election) {
        let epoch = election.epoch;
        for vote in election.votes.iter().filter(|vote| election.came_too_late(vote)) {
            let (by, to) = (voter(&vote.voter, self.names), self.names.id(&vote.candidate));
            let of = match &vote.voter {
                Voter::Log(who) => Actor::Sentinel(*who),
                Voter::Id(_) => Actor::All,
            };
            let en = format!("{by} votes for {to} in epoch {epoch}, when that is over");
            self.step(
                of,
                vote.at,
                "+vote-for-leader",
                en,
                format!("{by} 在纪元 {epoch} 投票给 {to}，但选举早已结束"),
            );
        }
    }

    /// `s3 has the votes of s2 and s3; s1 has that of s1`
    fn votes(&self, election: &Election) -> String {
        let mut parts = Vec::new();
        for (candidate, _) in super::findings::tally(election, self.names) {
            let counted = election.counted();
            let of = counted.iter().filter(|vote| self.names.id(&vote.candidate) == candidate);
            let mut voters: Vec<String> = of.map(|vote| voter(&vote.voter, self.names)).collect();
            voters.sort();
            let voters = list(&voters, self.lang);
            parts.push(match self.lang {
                Lang::En => format!("{candidate} has the vote of {voters}"),
                Lang::Zh => format!("{candidate} 得到 {voters} 的票"),
            });
        }
        parts.join(self.lang.pick("; ", "；"))
    }

    fn run(&mut self, run: &Run) {
        let leader = Actor::Sentinel(run.who);
        let who = self.names.who(run.who);
        if let Some((replica, at)) = &run.selected {
            let (en, zh) = if run.has_told() {
                (" and tells it to be master", "，命令它成为主节点")
            } else {
                ("", "")
            };
            self.step(
                leader.clone(),
                *at,
                "+selected-slave",
                format!("{who} chooses the replica {replica}{en}"),
                format!("{who} 选定副本 {replica}{zh}"),
            );
        }
        self.promoted(run);
        for moved in &run.moved {
            let replica = &moved.replica;
            if let Some(at) = moved.sent {
                self.step(
                    leader.clone(),
                    at,
                    "+slave-reconf-sent",
                    format!("{who} tells the replica {replica} to follow it"),
                    format!("{who} 命令副本 {replica} 跟随新主节点"),
                );
            }
            if let Some(at) = moved.done {
                self.step(
                    Actor::Server(replica.clone()),
                    at,
                    "+slave-reconf-done",
                    format!("{replica} follows it"),
                    format!("{replica} 已跟随新主节点"),
                );
            }
        }
        let Some((end, at)) = run.end else { return };
        let (event, en, zh) = ending(end);
        self.step(leader, at, event, format!("{who}: {en}"), format!("{who}：{zh}"));
    }

    /// Ours asks a replica that it promotes; others notice it when they ask next.
    fn promoted(&mut self, run: &Run) {
        let Some((replica, at)) = &run.promoted else { return };
        let who = self.names.who(run.who);
        let before =
            |other: &Run| other.promoted.as_ref().is_some_and(|(it, then)| it == replica && then < at);
        let seen = self.incident.seen_as_master(replica).is_some_and(|then| then < *at);
        if seen || self.incident.runs.iter().any(before) {
            return self.step(
                Actor::Server(replica.clone()),
                *at,
                "+promoted-slave",
                format!("{who} finds that {replica} is a master already"),
                format!("{who} 发现 {replica} 已是主节点"),
            );
        }
        let (en, zh) = if !self.incident.noticed_late() {
            (String::new(), String::new())
        } else {
            (format!(", at the latest then ({who} noticed it)"), format!("（最迟此时，{who} 得知）"))
        };
        self.step(
            Actor::Server(replica.clone()),
            *at,
            "+promoted-slave",
            format!("{replica} is a master and takes writes{en}"),
            format!("{replica} 已是主节点，可以写入{zh}"),
        );
    }

    fn foreign(&mut self) {
        let Some(foreign) = &self.incident.foreign else { return };
        let (to, master) = (&foreign.to, &self.incident.master);
        for (who, at) in &foreign.seen {
            let of = Actor::Sentinel(*who);
            let who = self.names.who(*who);
            let (by, by_zh) = if self.incident.beside.returned {
                ("", "")
            } else if self.incident.unread {
                ("; by whom, is not in these logs", "；由谁提升，这些日志中没有")
            } else {
                (", by nobody's failover", "，但并没有哨兵执行过故障转移")
            };
            self.step(
                of,
                *at,
                "+failover-detected",
                format!("{who} sees that {to} is a master{by}"),
                format!("{who} 发现 {to} 是主节点{by_zh}"),
            );
        }
        if let Some(at) = foreign.undone {
            self.step(
                Actor::Server(to.clone()),
                at,
                "+convert-to-slave",
                format!("{to} is told to follow {master} again"),
                format!("命令 {to} 重新跟随 {master}"),
            );
        }
        if let Some(at) = foreign.follows {
            self.step(
                Actor::Server(to.clone()),
                at,
                "+role-change",
                format!("{to} is a replica again"),
                format!("{to} 重新成为副本"),
            );
        }
    }

    fn woke(&mut self) {
        let Some((replica, at)) = &self.incident.beside.woke else { return };
        self.step(
            Actor::Server(replica.clone()),
            *at,
            "+convert-to-slave",
            format!("{replica} is a master after all, and is told to be a replica"),
            format!("{replica} 后来还是成了主节点，命令它成为副本"),
        );
    }

    fn switches(&mut self) {
        let incident = self.incident;
        for learned in &incident.learned {
            let (who, new) = (self.names.who(learned.who), &learned.to);
            let (en, zh) = match &learned.how {
                How::Led | How::Unclear => (String::new(), String::new()),
                How::From(id) => {
                    let from = self.names.id(id);
                    (format!(", as it heard from {from}"), format!("（由 {from} 告知）"))
                }
            };
            self.step(
                Actor::Sentinel(learned.who),
                learned.at,
                "+switch-master",
                format!("{who} tells clients that {new} is the master{en}"),
                format!("{who} 通知客户端主节点为 {new}{zh}"),
            );
        }
    }

    fn pointed(&mut self) {
        let Some((to, by)) = &self.incident.pointed else { return };
        for (who, at) in by {
            let of = Actor::Sentinel(*who);
            let who = self.names.who(*who);
            let (en, zh) = (format!("{who} is told to watch {to} instead"), format!("{who} 被改为监视 {to}"));
            self.step(of, *at, "+monitor", en, zh);
        }
    }

    fn afterwards(&mut self) {
        let master = &self.incident.master;
        let Some(told) = self.incident.first_told() else { return };
        for (what, at) in &self.incident.afterwards {
            let since = duration(at - told, self.lang);
            let (since, since_zh) = if self.incident.timed {
                (format!(", {since} after the switch"), format!("在切换 {since}后"))
            } else {
                (String::new(), String::new())
            };
            let (event, en, zh) = match what {
                Afterwards::Demoted => (
                    "-role-change",
                    format!("the old master {master} is a replica now"),
                    format!("旧主节点 {master} 已成为副本"),
                ),
                Afterwards::Gone => (
                    "+sdown",
                    format!("the old master {master} does not answer"),
                    format!("旧主节点 {master} 没有应答"),
                ),
                Afterwards::Answers => (
                    "-sdown",
                    format!("the old master {master} answers again{since}"),
                    format!("旧主节点 {master} {since_zh}恢复应答"),
                ),
                Afterwards::SaysMaster => (
                    if self.incident.beside.detected { "+failover-detected" } else { "-role-change" },
                    format!("the old master {master} still says that it is a master"),
                    format!("旧主节点 {master} 仍自称主节点"),
                ),
                Afterwards::ToldToFollow => {
                    // Another one may be the master by now.
                    let to = self.incident.beside.told_to.as_deref();
                    let to_zh = to.map_or("新主节点".to_owned(), |to| format!(" {to}"));
                    let to = to.unwrap_or("the new one");
                    (
                        "+convert-to-slave",
                        format!("the old master {master} is told to follow {to}"),
                        format!("命令旧主节点 {master} 跟随{to_zh}"),
                    )
                }
                Afterwards::Turned => (
                    "+fix-slave-config",
                    format!(
                        "the old master {master} follows another server and is told to follow the new one"
                    ),
                    format!("旧主节点 {master} 跟随了别的服务器，命令它跟随新主节点"),
                ),
                Afterwards::Follows => (
                    "+role-change",
                    format!("the old master {master} is a replica now"),
                    format!("旧主节点 {master} 已成为副本"),
                ),
            };
            self.step(Actor::Server(master.clone()), *at, event, en, zh);
        }
    }
}

/// A sentinel had missed the master before. One that was started since has not: it knows nothing of that.
fn again(incident: &Incident, before: &Down, down: &Down) -> bool {
    let between = |(who, at): &(Who, At)| *who == down.who && (before.at..=down.at).contains(at);
    before.who == down.who && !incident.returned.iter().any(between)
}

fn agree(votes: u32) -> String {
    if votes == 1 {
        "it alone holds it for down".to_owned()
    } else {
        format!("{votes} sentinels hold it for down")
    }
}

fn ending(end: End) -> (&'static str, &'static str, &'static str) {
    match end {
        End::Done => ("+failover-end", "the failover is done", "故障转移完成"),
        End::DoneLate => (
            "+failover-end-for-timeout",
            "the failover is over, some replicas were not seen to follow in time",
            "故障转移结束，有的副本未见及时跟随",
        ),
        End::NoGoodReplica => (
            "-failover-abort-no-good-slave",
            "given up, no replica can be promoted",
            "放弃，没有可以提升的副本",
        ),
        End::NotPromoted => (
            "-failover-abort-slave-timeout",
            "given up, the chosen replica did not become master in time",
            "放弃，选定的副本未能及时成为主节点",
        ),
    }
}
