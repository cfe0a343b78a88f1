//! A deployment for programs. The names are documented in docs/guide/status.md and stay.

use watchkeeper_core::Lang;

use super::choice::{Candidate, Lacking, Refusal};
use super::model::{
    GroupStatus, MasterDown, Problem, Role, SentinelState, SentinelStatus, ServerState, ServerStatus, Status,
    Verdict, Writable,
};
use super::waiting::Waiting;
use super::words;
use crate::ask::{Endpoint, Failure};
use crate::json::{array, object, optional, quoted};

impl Status {
    /// One object.
    pub fn json(&self, lang: Lang) -> String {
        let unheard = self.unheard.iter().map(|(at, why)| {
            object(&[("address", place(at)), ("reason", quoted(&words::failure(why, lang)))])
        });
        object(&[
            ("unix_ms", self.unix_ms.to_string()),
            (
                "status",
                quoted(match self.verdict() {
                    Verdict::Fine => "fine",
                    Verdict::Wrong => "wrong",
                    Verdict::Unknown => "unknown",
                }),
            ),
            ("groups", array(self.groups.iter().map(|group| group.json(lang)))),
            ("unheard", array(unheard)),
        ])
    }
}

impl GroupStatus {
    fn json(&self, lang: Lang) -> String {
        let failover = self
            .failover
            .as_ref()
            .map(|now| object(&[("phase", quoted(&now.phase)), ("sentinel", place(&now.by))]));
        let writable = match self.writable {
            Writable::Yes => Some("true".to_owned()),
            Writable::No | Writable::Refused => Some("false".to_owned()),
            Writable::Unknown => None,
        };
        object(&[
            ("name", quoted(&self.name)),
            ("status", quoted(if self.problems.is_empty() { "fine" } else { "wrong" })),
            ("writable", optional(writable)),
            ("master", place(&self.master)),
            ("config_epoch", self.config_epoch.to_string()),
            ("master_for_ms", number(self.master_for_ms)),
            ("quorum", self.quorum.to_string()),
            ("sentinels_known", self.voters.to_string()),
            ("failover", optional(failover)),
            ("problems", array(self.problems.iter().map(|it| problem(it, self, lang)))),
            ("waiting", array(self.waiting.iter().map(|it| waiting(it, self, lang)))),
            ("servers", array(self.servers.iter().map(|it| server(it, lang)))),
            ("sentinels", array(self.sentinels.iter().map(|it| sentinel(it, lang)))),
            ("candidates", array(self.candidates.iter().map(|it| candidate(it, lang)))),
        ])
    }
}

fn place(at: &Endpoint) -> String {
    quoted(&at.to_string())
}

fn number(number: Option<i64>) -> String {
    optional(number.map(|number| number.to_string()))
}

fn server(server: &ServerStatus, lang: Lang) -> String {
    let (state, why): (&str, Option<&Failure>) = match &server.state {
        ServerState::Up => ("up", None),
        ServerState::InStep => ("in_step", None),
        ServerState::Astray => ("astray", None),
        ServerState::Syncing => ("syncing", None),
        ServerState::Loading => ("loading", None),
        ServerState::LinkDown(_) => ("link_down", None),
        ServerState::NotMaster => ("not_master", None),
        ServerState::SecondMaster => ("second_master", None),
        ServerState::Promoted => ("promoted", None),
        ServerState::OldMaster => ("old_master", None),
        ServerState::Sentinel => ("sentinel", None),
        ServerState::Silent(why) => ("no_answer", Some(why)),
        ServerState::Login(why) => ("login", Some(why)),
    };
    let link_down_s = if let ServerState::LinkDown(since) = &server.state { *since } else { None };
    let role = match server.role {
        Role::Master => Some(quoted("master")),
        Role::Replica => Some(quoted("replica")),
        Role::Unknown => None,
    };
    object(&[
        ("address", place(&server.at)),
        ("role", optional(role)),
        ("state", quoted(state)),
        ("reason", optional(why.map(|why| quoted(&words::failure(why, lang))))),
        ("follows", optional(server.follows.as_ref().map(place))),
        ("depth", server.depth.to_string()),
        ("link_down_s", number(link_down_s)),
        ("lag_bytes", number(server.lag_bytes)),
        ("lag_s", number(server.lag_s)),
        ("offset", number(server.offset)),
        ("priority", number(server.priority)),
        ("version", quoted(&server.version)),
        ("held_down_by", server.down_by.to_string()),
    ])
}

fn sentinel(sentinel: &SentinelStatus, lang: Lang) -> String {
    let (state, why) = match &sentinel.state {
        SentinelState::Up => ("up", None),
        SentinelState::Tilt(_) => ("tilt", None),
        SentinelState::Silent(why, _) if why.is_login() => ("login", Some(why)),
        SentinelState::Silent(why, _) => ("no_answer", Some(why)),
    };
    let vote = sentinel
        .vote
        .as_ref()
        .map(|vote| object(&[("leader", quoted(&vote.leader)), ("epoch", vote.epoch.to_string())]));
    let down = match sentinel.master_down {
        MasterDown::No => "no",
        MasterDown::Subjectively => "sdown",
        MasterDown::Objectively => "odown",
    };
    object(&[
        ("address", place(&sentinel.at)),
        ("id", quoted(&sentinel.id)),
        ("state", quoted(state)),
        ("reason", optional(why.map(|why| quoted(&words::failure(why, lang))))),
        ("master", optional(sentinel.names.as_ref().map(place))),
        ("config_epoch", number(sentinel.config_epoch)),
        ("master_down", quoted(down)),
        ("vote", optional(vote)),
        ("version", quoted(&sentinel.version)),
    ])
}

fn candidate(candidate: &Candidate, lang: Lang) -> String {
    let why = candidate.refusal.map(|refusal| match refusal {
        Refusal::Down => "down",
        Refusal::Disconnected => "disconnected",
        Refusal::NotHeard(_) => "not_heard",
        Refusal::PriorityZero => "priority_zero",
        Refusal::OldInfo(_) => "old_info",
        Refusal::Loading => "loading",
        Refusal::NoData => "no_data",
        Refusal::Emptied => "emptied",
        Refusal::NotInStep => "not_in_step",
        Refusal::LinkDownTooLong(..) => "link_down_too_long",
    });
    let lacks = candidate.lacks.map(|lacks| match lacks {
        Lacking::FullSync => "full_sync",
        Lacking::Loading => "loading",
        Lacking::NoLinkYet => "no_link_yet",
        Lacking::NoData => "no_data",
        Lacking::Emptied => "emptied",
        Lacking::OtherData => "other_data",
    });
    object(&[
        ("address", place(&candidate.at)),
        ("priority", candidate.priority.to_string()),
        ("offset", candidate.offset.to_string()),
        ("refusal", optional(why.map(quoted))),
        ("text", optional(candidate.refusal.map(|it| quoted(&words::refusal(it, lang))))),
        ("lacks", optional(lacks.map(quoted))),
    ])
}

fn waiting(waiting: &Waiting, group: &GroupStatus, lang: Lang) -> String {
    let why = match waiting {
        Waiting::NobodyMissesIt(_) => "nobody_misses_it",
        Waiting::ReportsReplica(_) => "reports_replica",
        Waiting::TooFewHoldItDown { .. } => "too_few_hold_it_down",
        Waiting::NoMajority { .. } => "no_majority",
        Waiting::Loading(_) => "loading",
        Waiting::AnswersHere => "answers_here",
        Waiting::WantsLogin(..) => "wants_login",
        Waiting::Strangers { .. } => "strangers",
        Waiting::NoReplica(_) => "no_replica",
        Waiting::NoneFit(_) => "none_fit",
        Waiting::NotYet { .. } => "not_yet",
    };
    let (text, parts) = words::waiting(waiting, lang);
    object(&[
        ("why", quoted(why)),
        ("text", quoted(&text.replace("{reach}", &group.reach))),
        ("details", array(parts.iter().map(|part| quoted(part)))),
    ])
}

fn problem(problem: &Problem, group: &GroupStatus, lang: Lang) -> String {
    let (what, about) = match problem {
        Problem::MasterSilent(_) => ("master_no_answer", Some(&group.master)),
        Problem::MasterIsReplica => ("master_is_replica", Some(&group.master)),
        Problem::SentinelWatched(at) => ("sentinel_watched", Some(at)),
        Problem::MasterLoading => ("master_loading", Some(&group.master)),
        Problem::MasterEmpty(_) => ("master_empty", Some(&group.master)),
        Problem::TwoGroups(at, _) => ("in_two_groups", Some(at)),
        Problem::WritesRefused => ("writes_refused", Some(&group.master)),
        Problem::LoginNeeded(_) => ("login", None),
        Problem::HeldForDown(_) => ("held_for_down", Some(&group.master)),
        Problem::FailoverRuns => ("failover_in_progress", None),
        Problem::SecondMaster(at) => ("second_master", Some(at)),
        Problem::OldMaster(at) => ("old_master", Some(at)),
        Problem::NotYetTold(_) => ("sentinels_not_yet_told", None),
        Problem::Disagreement(_) => ("sentinels_disagree", None),
        Problem::ReplicaSilent(at) => ("replica_no_answer", Some(at)),
        Problem::ReplicaBehind(at) => ("replica_behind", Some(at)),
        Problem::SentinelSilent(at) => ("sentinel_no_answer", Some(at)),
        Problem::SentinelLogin(at, _) => ("sentinel_login", Some(at)),
        Problem::SentinelTilt(at) => ("sentinel_tilt", Some(at)),
        Problem::Strangers(_) => ("sentinels_strangers", None),
        Problem::QuorumsDiffer => ("quorums_differ", None),
        Problem::NoMajority => ("no_majority", None),
        Problem::SeeTooFew(_) => ("sentinels_see_too_few", None),
        Problem::QuorumTooHigh(_) => ("quorum_too_high", None),
        Problem::NoCandidate => ("no_candidate", None),
    };
    object(&[
        ("what", quoted(what)),
        ("about", optional(about.map(place))),
        ("text", quoted(&words::problem(problem, group, lang))),
    ])
}
