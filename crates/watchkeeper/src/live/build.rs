//! From what everybody said to what is shown.

use std::collections::BTreeMap;

use super::choice::{Candidate, Lacking, Own, Refusal, candidates, predicted};
use super::model::{
    Doubt, FailoverNow, GroupStatus, MasterDown, Problem, Role, SentinelState, SentinelStatus, ServerState,
    ServerStatus, Status, Vote, Writable,
};
use super::tree;
use super::waiting;
use crate::ask::{
    Endpoint, Fields, GroupAnswer, Picture, SentinelAnswer, SentinelSays, ServerAnswer, listed_replicas,
    place,
};

/// Sentinels ask a replica for INFO so often, and at least so often once they are about to choose one.
const INFO_MS: i64 = 10_000;
const INFO_SOON_MS: i64 = 1_000;
/// Growth is measured over at least so many milliseconds.
const GROWTH_MS: i64 = 500;
/// In an INFO period the history of a group that nobody writes to grows by less: PING and what sentinels publish.
const IDLE_BYTES: i64 = 4096;

impl Status {
    /// What a picture shows.
    pub fn of(picture: &Picture) -> Status {
        let mut answers: BTreeMap<&str, Vec<(&SentinelAnswer, &GroupAnswer)>> = BTreeMap::new();
        for (sentinel, says) in picture.answering() {
            for group in &says.groups {
                answers.entry(&group.name).or_default().push((sentinel, group));
            }
        }
        let mut servers: BTreeMap<&str, Vec<&ServerAnswer>> = BTreeMap::new();
        for server in &picture.servers {
            servers.entry(&server.group).or_default().push(server);
        }
        let names = picture.group_names();
        let group = |name: &String| {
            let servers = servers.get(name.as_str()).cloned().unwrap_or_default();
            Looked::at(picture, name, answers.get(name.as_str())?.clone(), servers).map(|it| it.group())
        };
        let unheard = picture.sentinels.iter().filter(|sentinel| sentinel.named);
        Status {
            unix_ms: picture.unix_ms,
            groups: names.iter().filter_map(group).collect(),
            unheard: unheard
                .filter_map(|sentinel| Some((sentinel.at.clone(), sentinel.says.as_ref().err()?.clone())))
                .collect(),
            answered: picture.answering().count(),
        }
    }
}

/// A group in the picture, from the side of the sentinel whose word counts most.
struct Looked<'a> {
    picture: &'a Picture,
    name: &'a str,
    answers: Vec<(&'a SentinelAnswer, &'a GroupAnswer)>,
    servers: Vec<&'a ServerAnswer>,
    /// the answer that counts: of the newest configuration, and in doubt of the one that acts on it
    best: &'a GroupAnswer,
    master: Endpoint,
}

impl<'a> Looked<'a> {
    fn at(
        picture: &'a Picture,
        name: &'a str,
        answers: Vec<(&'a SentinelAnswer, &'a GroupAnswer)>,
        servers: Vec<&'a ServerAnswer>,
    ) -> Option<Looked<'a>> {
        let mut named: BTreeMap<Endpoint, usize> = BTreeMap::new();
        for at in answers.iter().filter_map(|(_, group)| place(&group.master)) {
            *named.entry(at).or_default() += 1;
        }
        // Who does a failover has its new epoch before it switches: those who have switched know better.
        let leads = |group: &GroupAnswer| group.master.flag("failover_in_progress");
        let epoch = |group: &GroupAnswer| group.master.number("config-epoch");
        let switched = |leader: &GroupAnswer| {
            let mut others =
                answers.iter().filter(|(_, group)| !leads(group) && epoch(group) == epoch(leader));
            others.any(|(_, group)| place(&group.master) != place(&leader.master))
        };
        let weight = |group: &GroupAnswer, at: &Endpoint| {
            let current = !(leads(group) && switched(group));
            let flags = ["failover_in_progress", "o_down", "s_down"].map(|flag| group.master.flag(flag));
            // One that knows no replica has not been let in by the master, and holds it for down because of that.
            let knows = !group.replicas.is_empty();
            (epoch(group), current, named.get(at).copied(), knows, flags)
        };
        let places = answers.iter().filter_map(|(_, group)| Some((*group, place(&group.master)?)));
        let (best, master) = places.max_by_key(|(group, at)| weight(group, at))?;
        Some(Looked { picture, name, answers, servers, best, master })
    }

    fn group(&self) -> GroupStatus {
        let number = |name: &str| self.best.master.number(name).unwrap_or(0);
        let masters = self.answers.iter().map(|(_, group)| &group.master);
        let seen_as_master = masters
            .clone()
            .filter(|fields| place(fields).as_ref() == Some(&self.master))
            .filter(|fields| fields.get("role-reported") == "master");
        let mut group = GroupStatus {
            name: self.name.to_owned(),
            master: self.master.clone(),
            config_epoch: number("config-epoch"),
            master_for_ms: seen_as_master.filter_map(|fields| fields.number("role-reported-time")).max(),
            quorum: number("quorum"),
            voters: self.voters(),
            failover_timeout_ms: number("failover-timeout"),
            writable: Writable::No,
            servers: self.servers(),
            sentinels: self.sentinels(),
            failover: self.failover(),
            candidates: Vec::new(),
            waiting: Vec::new(),
            problems: Vec::new(),
        };
        group.writable = match group.server(&self.master).map(|server| &server.state) {
            Some(ServerState::Up) => self.takes_writes(),
            Some(ServerState::Login(_)) => Writable::Unknown,
            Some(_) | None => Writable::No,
        };
        group.candidates = self.candidates(&group);
        if group.server(&self.master).is_some_and(|server| server.state == ServerState::NotMaster) {
            group.master_for_ms = None;
        }
        let odown =
            masters.filter(|fields| place(fields).as_ref() == Some(&self.master) && fields.flag("o_down"));
        let odown_ms = odown.filter_map(|fields| fields.number("o-down-time")).max();
        group.waiting = waiting::reasons(&group, number("down-after-milliseconds"), odown_ms);
        group.problems = self.problems(&group);
        group
    }

    /// The sentinels there are: those that one of them knows, or that answer and do not know each other.
    fn voters(&self) -> usize {
        let known = self.answers.iter().map(|(_, group)| group.sentinels.len() + 1);
        known.max().unwrap_or(0).max(self.answers.len())
    }

    /// The replicas, the one that would most likely be promoted first.
    fn candidates(&self, group: &GroupStatus) -> Vec<Candidate> {
        let ours = group.sentinels.iter().any(SentinelStatus::is_ours);
        let depth = |at: &Endpoint| if ours { group.server(at).map_or(0, |server| server.depth) } else { 0 };
        let runs = group.failover.is_some();
        let listed = candidates(&self.best.master, &self.best.replicas, runs, depth);
        // Watchkeeper asks anew before it chooses; the others do while they hold the master for down.
        let soon = ours || self.best.master.flag("o_down");
        let slack = self.growth(&group.servers, if soon { INFO_SOON_MS } else { INFO_MS });
        predicted(listed, |at| self.own(group, at), slack.max(IDLE_BYTES))
    }

    /// How far a replica gets in so many milliseconds, by what it says and what the sentinel read of it last.
    fn growth(&self, servers: &[ServerStatus], period_ms: i64) -> i64 {
        let grown = self.best.replicas.iter().filter_map(|known| {
            let at = place(known)?;
            let now = servers.iter().find(|server| server.at == at)?.offset?;
            let age = known.number("info-refresh")?.max(GROWTH_MS);
            let grown = now.saturating_sub(known.number("slave-repl-offset")?);
            Some(grown.saturating_mul(period_ms) / age)
        });
        grown.max().unwrap_or(0)
    }

    /// What a replica says of itself; whether it has its data also by what the sentinel read, if it does not tell us.
    fn own(&self, group: &GroupStatus, at: &Endpoint) -> Own {
        let server = group.server(at);
        let data = self.data(at);
        let (foreign, heard) = group.foreign();
        Own {
            offset: server.and_then(|server| server.offset),
            // With a replica that has lost the master itself nobody is in step who matters.
            in_step: self.has_master(group)
                && server.is_some_and(|server| server.state == ServerState::InStep),
            lacks: self.lacks(group, at, data),
            refusal: if foreign == 0 && heard > 0 { self.refusal_of_ours(data) } else { None },
        }
    }

    /// Whether the master answers us.
    fn has_master(&self, group: &GroupStatus) -> bool {
        group.server(&group.master).is_some_and(|master| !matches!(master.state, ServerState::Silent(_)))
    }

    /// What a replica says of its data, else what the sentinel read of it.
    fn data(&self, at: &Endpoint) -> Data {
        let said = self.servers.iter().find(|server| server.at == *at).and_then(|server| info(server));
        if let Some(said) = said {
            let linked = said.get("master_link_status") == "up";
            let since = said.number("master_link_down_since_seconds");
            let replica = said.get("role") != "master";
            return Data {
                never: replica && !linked && since.is_none_or(|since| since < 0),
                loading: said.number("loading") == Some(1),
                syncing: replica && !linked && said.number("master_sync_in_progress") == Some(1),
                keys: keys(said),
            };
        }
        let known = self.best.replicas.iter().find(|fields| place(fields).as_ref() == Some(at));
        let unlinked = |known: &Fields| {
            let never = known.number("master-link-down-time").is_some_and(|ms| ms < 0);
            known.get("master-link-status") == "err" && never
        };
        Data { never: known.is_some_and(unlinked), ..Data::default() }
    }

    /// Whether the master says that it is empty: who is empty, too, lacks nothing.
    fn all_is_empty(&self) -> bool {
        let master = self.servers.iter().find(|server| server.at == self.master).and_then(|it| info(it));
        let says = master.filter(|it| it.get("role") == "master" && it.number("loading") != Some(1));
        says.and_then(keys) == Some(0)
    }

    /// Whether a master that is there takes writes. INFO has the line where they depend on replicas, on one at least; on how
    /// many, not every login is told.
    fn takes_writes(&self) -> Writable {
        let master = self.servers.iter().find(|server| server.at == self.master).and_then(|it| info(it));
        let good = master.and_then(|it| it.number("min_slaves_good_slaves"));
        match (good, master.and_then(|it| it.number(Fields::MIN_REPLICAS))) {
            (None, _) => Writable::Yes,
            (Some(good), Some(wanted)) if good >= wanted => Writable::Yes,
            (Some(0), None) | (Some(_), Some(_)) => Writable::Refused,
            (Some(_), None) => Writable::Unknown,
        }
    }

    /// Whether the master reads its data.
    fn master_loads(&self) -> bool {
        let master = self.servers.iter().find(|server| server.at == self.master).and_then(|it| info(it));
        master.is_some_and(|it| it.number("loading") == Some(1))
    }

    /// Why a sentinel of ours does not promote it: upstream's do not look at that.
    fn refusal_of_ours(&self, data: Data) -> Option<Refusal> {
        if data.loading {
            Some(Refusal::Loading)
        } else if data.never && data.keys == Some(0) && !self.all_is_empty() {
            Some(Refusal::NoData)
        } else if !self.best.master.flag("s_down") && (data.never || data.syncing) {
            Some(Refusal::NotInStep)
        } else {
            None
        }
    }

    /// Why a replica has not got the group's data.
    fn lacks(&self, group: &GroupStatus, at: &Endpoint, data: Data) -> Option<Lacking> {
        let empty = data.keys == Some(0) && !self.all_is_empty();
        // Without a master nobody gets a link, and one that began again with its data is as good as any.
        let unlinked = match data.keys {
            _ if empty => Some(Lacking::NoData),
            Some(_) if group.writable == Writable::No => None,
            Some(_) | None => Some(Lacking::NoLinkYet),
        };
        match group.server(at).map(|server| &server.state) {
            Some(ServerState::Syncing) => Some(Lacking::FullSync),
            Some(ServerState::Loading) => Some(Lacking::Loading),
            Some(ServerState::Astray) => Some(Lacking::OtherData),
            Some(ServerState::LinkDown(None)) => unlinked,
            // It had all there was: nothing. What its master reads now was put there meanwhile.
            Some(ServerState::LinkDown(Some(_)) | ServerState::InStep) if empty && self.master_loads() => {
                Some(Lacking::NoData)
            }
            // It has lost its configuration and its data: nobody has made it a master.
            Some(ServerState::SecondMaster) if empty => Some(Lacking::NoData),
            Some(ServerState::Silent(_) | ServerState::Login(_)) | None if data.never => unlinked,
            Some(
                ServerState::Up
                | ServerState::InStep
                | ServerState::LinkDown(Some(_))
                | ServerState::NotMaster
                | ServerState::SecondMaster
                | ServerState::Promoted
                | ServerState::OldMaster
                | ServerState::Silent(_)
                | ServerState::Login(_),
            )
            | None => None,
        }
    }

    fn failover(&self) -> Option<FailoverNow> {
        self.answers.iter().find_map(|(sentinel, group)| {
            let phase = group.master.get("failover-state").to_owned();
            let runs = group.master.flag("failover_in_progress") && !phase.is_empty();
            runs.then(|| FailoverNow { phase, by: sentinel.at.clone() })
        })
    }

    fn servers(&self) -> Vec<ServerStatus> {
        let mut answers = self.servers.clone();
        answers.sort_by_key(|server| (server.at != self.master, &server.at));
        let source = answers.iter().find(|server| server.at == self.master);
        let source = source.and_then(|server| info(server)).filter(|info| info.get("role") == "master");
        // One that reads its data begins at 0, and does not know its history yet.
        let source = source.filter(|info| info.number("loading") != Some(1));
        let mut servers: Vec<ServerStatus> =
            answers.iter().map(|server| self.server(server, source)).collect();
        let parents: Vec<Option<usize>> =
            servers.iter().map(|server| parent(server, &servers, &answers)).collect();
        for (member, parent) in parents.iter().enumerate() {
            if parent.is_none() && is_astray(&servers[member], info(answers[member]), &self.master, source) {
                servers[member].state = ServerState::Astray;
            }
            let listed = parent.and_then(|parent| info(answers[parent])).map(listed_replicas);
            let own = listed.into_iter().flatten().find(|listed| listed.at == servers[member].at);
            servers[member].lag_s = own.and_then(|own| own.lag_s).or(servers[member].lag_s);
        }
        let rows = tree::rows(&parents);
        rows.into_iter()
            .map(|row| {
                let (depth, branch) = (row.depth, row.branch);
                ServerStatus { depth, branch, ..servers[row.member].clone() }
            })
            .collect()
    }

    fn server(&self, answer: &ServerAnswer, source: Option<&Fields>) -> ServerStatus {
        let at = &answer.at;
        let none = Fields::default();
        let info = info(answer).unwrap_or(&none);
        let (role, state) = role_and_state(answer, *at == self.master);
        let state = if state == ServerState::SecondMaster { self.second_master(at) } else { state };
        let listings = |(_, group): &(&SentinelAnswer, &'a GroupAnswer)| {
            group.replicas.iter().chain([&group.master]).find(|fields| place(fields).as_ref() == Some(at))
        };
        let offset = match role {
            Role::Replica => info.number("slave_repl_offset").or(info.number("master_repl_offset")),
            Role::Master | Role::Unknown => info.number("master_repl_offset"),
        };
        let replica = role == Role::Replica;
        let known = self.best.replicas.iter().find(|fields| place(fields).as_ref() == Some(at));
        let goal = source.filter(|source| one_history(source, info));
        let goal = goal.and_then(|source| source.number("master_repl_offset"));
        ServerStatus {
            at: at.clone(),
            branch: String::new(),
            depth: 0,
            role,
            follows: follows(role, info, known),
            state,
            lag_bytes: offset
                .zip(goal)
                .filter(|_| replica)
                .map(|(own, goal)| goal.saturating_sub(own).max(0)),
            lag_s: info.number("master_last_io_seconds_ago").filter(|ago| replica && *ago >= 0),
            offset,
            priority: info
                .number("slave_priority")
                .or_else(|| known.and_then(|known| known.number("slave-priority"))),
            version: version(info),
            down_by: self.answers.iter().filter_map(listings).filter(|fields| fields.flag("s_down")).count(),
        }
    }

    /// What a master is that is not the one the newest configuration names.
    fn second_master(&self, at: &Endpoint) -> ServerState {
        let promoted = |fields: &&Fields| place(fields).as_ref() == Some(at) && fields.flag("promoted");
        if self.answers.iter().any(|(_, group)| group.replicas.iter().any(|it| promoted(&it))) {
            return ServerState::Promoted;
        }
        let named = self.answers.iter().any(|(_, group)| place(&group.master).as_ref() == Some(at));
        if named && self.older(at) { ServerState::OldMaster } else { ServerState::SecondMaster }
    }

    /// Whether nobody names this place by a configuration as new as the newest, but who is about to switch.
    fn older(&self, at: &Endpoint) -> bool {
        let newest = self.best.master.number("config-epoch");
        let mut naming = self.answers.iter().filter(|(_, group)| place(&group.master).as_ref() == Some(at));
        let leads = |group: &GroupAnswer| group.master.flag("failover_in_progress");
        naming.all(|(_, group)| group.master.number("config-epoch") < newest || leads(group))
    }

    fn sentinels(&self) -> Vec<SentinelStatus> {
        let said = self
            .answers
            .iter()
            .filter_map(|(sentinel, group)| Some(self.heard(sentinel, sentinel.says.as_ref().ok()?, group)));
        let mut sentinels: Vec<SentinelStatus> = said.collect();
        let silent = self.picture.sentinels.iter().filter_map(|sentinel| self.unheard(sentinel));
        sentinels.extend(silent);
        sentinels.sort_by(|a, b| a.at.cmp(&b.at));
        sentinels
    }

    fn heard(&self, sentinel: &SentinelAnswer, says: &SentinelSays, group: &GroupAnswer) -> SentinelStatus {
        let tilt = says.info.number("sentinel_tilt") == Some(1);
        let since = says.info.number("sentinel_tilt_since_seconds").unwrap_or(0);
        let flag = |name| group.master.flag(name);
        SentinelStatus {
            at: sentinel.at.clone(),
            id: says.id.clone(),
            state: if tilt { SentinelState::Tilt(since.max(0)) } else { SentinelState::Up },
            names: place(&group.master),
            config_epoch: group.master.number("config-epoch"),
            master_down: match (flag("s_down"), flag("o_down")) {
                (_, true) => MasterDown::Objectively,
                (true, false) => MasterDown::Subjectively,
                (false, false) => MasterDown::No,
            },
            knows: Some((group.sentinels.len() as i64, group.replicas.len() as i64)),
            heard_ms: group.master.number("last-ok-ping-reply"),
            down_after_ms: group.master.number("down-after-milliseconds"),
            vote: self.vote(&says.id),
            version: version(&says.info),
        }
    }

    /// One that did not answer us, if it is one of this group.
    fn unheard(&self, sentinel: &SentinelAnswer) -> Option<SentinelStatus> {
        let failure = sentinel.says.as_ref().err()?;
        let listed: Vec<&Fields> = self
            .answers
            .iter()
            .flat_map(|(_, group)| &group.sentinels)
            .filter(|peer| place(peer).as_ref() == Some(&sentinel.at))
            .collect();
        let id = listed.iter().map(|peer| peer.get("runid")).find(|id| !id.is_empty())?.to_owned();
        let heard = listed.iter().any(|peer| !peer.flag("s_down") && !peer.flag("disconnected"));
        let doubt = if heard { Doubt::OthersHearIt } else { Doubt::NobodyHearsIt };
        Some(SentinelStatus {
            at: sentinel.at.clone(),
            state: SentinelState::Silent(failure.clone(), doubt),
            names: None,
            config_epoch: None,
            master_down: MasterDown::No,
            knows: None,
            heard_ms: None,
            down_after_ms: None,
            vote: self.vote(&id),
            version: String::new(),
            id,
        })
    }

    /// The last vote of a sentinel, as any other has it.
    fn vote(&self, id: &str) -> Option<Vote> {
        let peers = self.answers.iter().flat_map(|(_, group)| &group.sentinels);
        let votes = peers.filter(|peer| !id.is_empty() && peer.get("runid") == id).filter_map(|peer| {
            let leader = Some(peer.get("voted-leader")).filter(|leader| !["", "?"].contains(leader))?;
            Some(Vote { leader: leader.to_owned(), epoch: peer.number("voted-leader-epoch")? })
        });
        votes.max_by_key(|vote| vote.epoch)
    }

    /// What is not as it should be, the worst first.
    fn problems(&self, group: &GroupStatus) -> Vec<Problem> {
        let mut problems = Vec::new();
        problems.extend(group.failover.is_some().then_some(Problem::FailoverRuns));
        match group.server(&group.master).map(|server| &server.state) {
            Some(ServerState::Up) if group.writable == Writable::Refused => {
                problems.push(Problem::WritesRefused)
            }
            Some(ServerState::Up) => {}
            Some(ServerState::Login(failure)) => problems.push(Problem::LoginNeeded(failure.clone())),
            Some(ServerState::Silent(failure)) => problems.push(Problem::MasterSilent(failure.clone())),
            Some(ServerState::Loading) => problems.push(Problem::MasterLoading),
            Some(
                ServerState::InStep
                | ServerState::Astray
                | ServerState::Syncing
                | ServerState::LinkDown(_)
                | ServerState::NotMaster
                | ServerState::SecondMaster
                | ServerState::Promoted
                | ServerState::OldMaster,
            )
            | None => problems.push(Problem::MasterIsReplica),
        }
        let held = group.holding_down();
        problems.extend((held > 0).then_some(Problem::HeldForDown(held)));
        for problem in group.servers.iter().filter(|it| it.at != group.master).filter_map(of_replica) {
            // The login that one wants they all want.
            let login = |it: &Problem| matches!(it, Problem::LoginNeeded(_));
            if !(login(&problem) && problems.iter().any(login)) {
                problems.push(problem);
            }
        }
        // Who does the failover knows, and switches last.
        let told = group.sentinels.iter().filter(|sentinel| !group.leads(sentinel));
        let others = told.filter_map(|sentinel| sentinel.names.as_ref());
        let others = others.filter(|names| **names != group.master);
        let (behind, others): (Vec<_>, Vec<_>) = others.partition(|names| self.older(names));
        problems.extend((!behind.is_empty()).then_some(Problem::NotYetTold(behind.len())));
        problems.extend((!others.is_empty()).then_some(Problem::Disagreement(others.len())));
        let strangers = group.strangers().count();
        problems.extend((strangers > 0).then_some(Problem::Strangers(strangers)));
        let no_quorum = |(_, group): &(&SentinelAnswer, &GroupAnswer)| {
            group.quorum_check.as_ref().is_err_and(|words| words.starts_with("NOQUORUM"))
        };
        // Those who do not know each other miss each other, and enough may be there.
        let enough = strangers > 0 && group.acting() >= group.needed();
        problems.extend((self.answers.iter().any(no_quorum) && !enough).then_some(Problem::NoMajority));
        problems.extend(group.sentinels.iter().filter_map(|sentinel| match &sentinel.state {
            SentinelState::Up => None,
            SentinelState::Tilt(_) => Some(Problem::SentinelTilt(sentinel.at.clone())),
            SentinelState::Silent(why, _) if why.is_login() => {
                Some(Problem::SentinelLogin(sentinel.at.clone(), why.clone()))
            }
            SentinelState::Silent(..) => Some(Problem::SentinelSilent(sentinel.at.clone())),
        }));
        problems.extend(group.heir().is_none().then_some(Problem::NoCandidate));
        problems
    }
}

fn of_replica(server: &ServerStatus) -> Option<Problem> {
    match &server.state {
        ServerState::Up | ServerState::InStep | ServerState::Promoted => None,
        ServerState::OldMaster => Some(Problem::OldMaster(server.at.clone())),
        ServerState::SecondMaster => Some(Problem::SecondMaster(server.at.clone())),
        ServerState::Silent(_) => Some(Problem::ReplicaSilent(server.at.clone())),
        ServerState::Login(failure) => Some(Problem::LoginNeeded(failure.clone())),
        ServerState::Astray
        | ServerState::Syncing
        | ServerState::Loading
        | ServerState::LinkDown(_)
        | ServerState::NotMaster => Some(Problem::ReplicaBehind(server.at.clone())),
    }
}

fn info(answer: &ServerAnswer) -> Option<&Fields> {
    answer.says.as_ref().ok().map(|(info, _)| info)
}

/// Whether offsets of the two are places in one history, as far as they say: a master that began again counts anew.
fn one_history(source: &Fields, replica: &Fields) -> bool {
    let own = replica.get("master_replid");
    let of_source = ["master_replid", "master_replid2"].map(|name| source.get(name));
    own.is_empty() || of_source[0].is_empty() || of_source.contains(&own)
}

/// What is known of a replica's data.
#[derive(Debug, Clone, Copy, Default)]
struct Data {
    /// it has had no link to its source since it was started
    never: bool,
    loading: bool,
    syncing: bool,
    /// how many keys it has; `None` if that is not known
    keys: Option<i64>,
}

/// The keys of all databases; `None` if INFO does not tell. A database without any has no line there.
fn keys(info: &Fields) -> Option<i64> {
    let numbered = |name: &str| name.strip_prefix("db").is_some_and(|number| number.parse::<u32>().is_ok());
    let lines = info.iter().filter(|(name, _)| numbered(name)).map(|(_, value)| value);
    let counts =
        lines.filter_map(|value| value.strip_prefix("keys=")?.split(',').next()?.parse::<i64>().ok());
    info.has(Fields::KEYSPACE).then(|| counts.fold(0, i64::saturating_add))
}

fn role_and_state(answer: &ServerAnswer, is_master: bool) -> (Role, ServerState) {
    let info = match &answer.says {
        Ok((info, _)) => info,
        Err(failure) if failure.is_login() => return (Role::Unknown, ServerState::Login(failure.clone())),
        Err(failure) => return (Role::Unknown, ServerState::Silent(failure.clone())),
    };
    let role = if info.get("role") == "master" { Role::Master } else { Role::Replica };
    let since = info.number("master_link_down_since_seconds").filter(|since| *since >= 0);
    let state = match (role, is_master) {
        _ if info.number("loading") == Some(1) => ServerState::Loading,
        (Role::Master, true) => ServerState::Up,
        (Role::Master, false) => ServerState::SecondMaster,
        (Role::Replica | Role::Unknown, true) => ServerState::NotMaster,
        _ if info.get("master_link_status") == "up" => ServerState::InStep,
        _ if info.number("master_sync_in_progress") == Some(1) => ServerState::Syncing,
        (Role::Replica | Role::Unknown, false) => ServerState::LinkDown(since),
    };
    (role, state)
}

/// Whom a server follows: by itself, else by what the sentinel read last.
fn follows(role: Role, info: &Fields, known: Option<&Fields>) -> Option<Endpoint> {
    let (host, port) = match role {
        Role::Master => return None,
        Role::Replica => (info.get("master_host"), info.number("master_port")),
        Role::Unknown => known.map_or(("", None), |it| (it.get("master-host"), it.number("master-port"))),
    };
    let port = port.and_then(|port| u16::try_from(port).ok()).filter(|port| *port != 0)?;
    Some(Endpoint::new(host, port)).filter(|at| !["", "?"].contains(&at.host.as_str()))
}

/// Whether a replica follows none of those that are known, and has another history than the master: by another way it could
/// be the master's own.
fn is_astray(
    server: &ServerStatus,
    info: Option<&Fields>,
    master: &Endpoint,
    source: Option<&Fields>,
) -> bool {
    let follows = server.state == ServerState::InStep && server.at != *master && server.follows.is_some();
    follows && source.zip(info).is_some_and(|(source, info)| !one_history(source, info))
}

/// Below whom a server is drawn: whom it names, else who lists it, as it may name it by another address or not answer.
fn parent(server: &ServerStatus, servers: &[ServerStatus], answers: &[&ServerAnswer]) -> Option<usize> {
    if server.role == Role::Master {
        return None;
    }
    let follows = server.follows.as_ref();
    let named = follows.and_then(|follows| servers.iter().position(|other| other.at == *follows));
    let lists = |answer: &&ServerAnswer| {
        info(answer).is_some_and(|info| listed_replicas(info).iter().any(|listed| listed.at == server.at))
    };
    named.or_else(|| answers.iter().position(lists))
}

/// Product and version.
fn version(info: &Fields) -> String {
    for product in ["watchkeeper", "valkey", "redis"] {
        let version = info.get(&format!("{product}_version"));
        if !version.is_empty() {
            return format!("{product} {version}");
        }
    }
    String::new()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ask::Failure;
    use crate::live::{Refusal, Verdict, Waiting};

    fn fields(text: &str) -> Fields {
        Fields::info(&text.replace(' ', "\r\n"))
    }

    fn sentinel(port: u16, info: &str, master: &str, peers: &[u16]) -> SentinelAnswer {
        let peer = |port: &u16| {
            fields(&format!(
                "ip:h port:{port} runid:id{port} flags:sentinel voted-leader:id1 voted-leader-epoch:7"
            ))
        };
        let group = GroupAnswer {
            name: "m".to_owned(),
            master: fields(&format!(
                "name:m quorum:2 down-after-milliseconds:1000 failover-timeout:9000 {master}"
            )),
            replicas: vec![fields("ip:h port:12 flags:slave runid:b slave-priority:0")],
            sentinels: peers.iter().map(peer).collect(),
            quorum_check: Ok("OK".to_owned()),
        };
        let says = SentinelSays {
            id: format!("id{port}"),
            info: fields(&format!("redis_version:7.0.15 {info}")),
            config: Fields::default(),
            rtt_us: 0,
            groups: vec![group],
        };
        SentinelAnswer { at: Endpoint::new("h", port), also_at: Vec::new(), named: port == 1, says: Ok(says) }
    }

    fn server(port: u16, info: Result<&str, Failure>) -> ServerAnswer {
        let says = info.map(|info| (fields(info), 0));
        ServerAnswer { at: Endpoint::new("h", port), group: "m".to_owned(), says }
    }

    fn seen(sentinels: Vec<SentinelAnswer>, servers: Vec<ServerAnswer>) -> GroupStatus {
        let mut status = Status::of(&Picture { unix_ms: 0, sentinels, servers });
        assert_eq!((status.verdict(), status.groups.len()), (Verdict::Wrong, 1));
        status.groups.remove(0)
    }

    fn silent() -> Failure {
        Failure::Silent(5)
    }

    #[test]
    fn the_newest_configuration_counts_and_who_disagrees_is_named() {
        let group = seen(
            vec![
                sentinel(1, "", "ip:h port:11 flags:master config-epoch:4", &[2, 3]),
                sentinel(2, "sentinel_tilt:1", "ip:h port:12 flags:master config-epoch:5", &[1, 3]),
                SentinelAnswer {
                    at: Endpoint::new("h", 3),
                    also_at: Vec::new(),
                    named: false,
                    says: Err(silent()),
                },
            ],
            vec![server(11, Ok("role:master")), server(12, Ok("role:master master_repl_offset:90"))],
        );
        assert_eq!((group.master.port, group.config_epoch, group.voters), (12, 5, 3));
        assert_eq!(group.writable, Writable::Yes);
        let at = |port| Endpoint::new("h", port);
        assert_eq!(
            group.problems,
            [
                Problem::OldMaster(at(11)),
                Problem::NotYetTold(1),
                Problem::SentinelTilt(at(2)),
                Problem::SentinelSilent(at(3)),
                Problem::NoCandidate
            ]
        );
        assert_eq!(group.candidates[0].refusal, Some(Refusal::PriorityZero));
        assert_eq!(group.sentinels[2].state, SentinelState::Silent(silent(), Doubt::OthersHearIt));
        let vote = Vote { leader: "id1".to_owned(), epoch: 7 };
        assert_eq!(group.sentinels[2].vote, Some(vote));
    }

    #[test]
    fn during_a_switch_old_flags_do_not_count_and_who_leads_is_not_behind() {
        let leads =
            "flags:master,s_down,o_down,failover_in_progress failover-state:reconf_slaves config-epoch:5";
        let group = seen(
            vec![
                sentinel(1, "", &format!("ip:h port:11 {leads}"), &[2, 3]),
                sentinel(2, "", "ip:h port:12 flags:master config-epoch:5", &[1, 3]),
                sentinel(3, "", "ip:h port:11 flags:master,s_down,o_down config-epoch:4", &[1, 2]),
            ],
            vec![server(11, Ok("role:master")), server(12, Ok("role:master"))],
        );
        assert_eq!((group.master.port, group.holding_down()), (12, 0));
        let told: Vec<&Problem> = group.problems.iter().filter(|it| **it != Problem::NoCandidate).collect();
        let old = Problem::OldMaster(Endpoint::new("h", 11));
        assert_eq!(told, [&Problem::FailoverRuns, &old, &Problem::NotYetTold(1)]);
        let text: Vec<String> =
            group.screen(watchkeeper_core::Lang::En).iter().map(|line| line.print(false)).collect();
        let text = text.join("\n");
        assert!(text.contains("1 sentinel is not yet told of the switch to h:12"), "{text}");
        assert!(text.contains("does the failover") && text.contains("still h:11, epoch 4"), "{text}");
    }

    #[test]
    fn a_failover_that_runs_is_shown_with_its_phase_and_is_no_waiting() {
        let down =
            "ip:h port:11 flags:s_down,o_down,master,failover_in_progress failover-state:wait_promotion";
        let servers =
            vec![server(11, Err(silent())), server(12, Ok("role:slave master_host:h master_port:11"))];
        let group = seen(vec![sentinel(1, "", down, &[2])], servers);
        let now = FailoverNow { phase: "wait_promotion".to_owned(), by: Endpoint::new("h", 1) };
        assert_eq!((group.failover, group.waiting, group.writable), (Some(now), Vec::new(), Writable::No));
        assert_eq!(group.servers[1].state, ServerState::LinkDown(None));
    }

    #[test]
    fn a_replica_in_full_sync_is_not_named_as_next_without_saying_so() {
        let mut said = sentinel(1, "", "ip:h port:11 flags:master", &[]);
        let listed = |port: u16, priority: u8, more: &str| {
            fields(&format!("ip:h port:{port} flags:slave runid:{port} slave-priority:{priority} {more}"))
        };
        said.says.as_mut().unwrap().groups[0].replicas = vec![
            listed(12, 10, "slave-repl-offset:70 info-refresh:9000"),
            listed(13, 100, "slave-repl-offset:80"),
            listed(14, 10, "master-link-status:err master-link-down-time:-1000"),
        ];
        let replica = "role:slave master_host:h master_port:11";
        let syncing = format!("{replica} master_link_status:down master_sync_in_progress:1");
        let in_step = format!("{replica} master_link_status:up slave_repl_offset:90");
        let looked = |master| {
            let others = [(12, Ok(syncing.as_str())), (13, Ok(in_step.as_str())), (14, Err(silent()))];
            let all = [(11, master)].into_iter().chain(others);
            seen(vec![said.clone()], all.map(|(port, info)| server(port, info)).collect())
        };
        let group = looked(Ok("role:master master_repl_offset:90"));
        let at = |port| Endpoint::new("h", port);
        let both = [(&at(12), Lacking::FullSync), (&at(14), Lacking::NoLinkYet)];
        assert_eq!(group.unready(), both);
        let line = group.master_line(watchkeeper_core::Lang::En).print(false);
        assert!(line.ends_with("; next: h:12 (in full sync, without the data yet)"), "{line}");
        assert_eq!(group.foreign(), (1, 1));
        // Without a master nobody has a link: that says nothing of the data, but nobody says that there is any.
        assert_eq!(looked(Err(silent())).unready(), both);
    }

    /// A group of a master and a replica as they answer, with sentinels of this version.
    fn with_data(version: &str, flags: &str, master: Result<&str, Failure>, replica: &str) -> GroupStatus {
        let mut said = sentinel(1, "", &format!("ip:h port:11 flags:{flags}"), &[]);
        let says = said.says.as_mut().unwrap();
        says.info = fields(version);
        says.groups[0].replicas =
            vec![fields("ip:h port:12 flags:slave runid:b slave-priority:100 master-link-status:ok")];
        let info =
            |text: &str| (Fields::info(&text.replace("KEYSPACE", "# Keyspace").replace("; ", "\r\n")), 0);
        let answer = |port, says| ServerAnswer { at: Endpoint::new("h", port), group: "m".into(), says };
        let servers = vec![answer(11, master.map(info)), answer(12, Ok(info(replica)))];
        let mut status = Status::of(&Picture { unix_ms: 0, sentinels: vec![said], servers });
        status.groups.remove(0)
    }

    #[test]
    fn of_a_chain_without_a_master_the_first_is_next_not_who_still_follows_it() {
        let mut said = sentinel(1, "", "ip:h port:11 flags:master,s_down,o_down", &[]);
        let says = said.says.as_mut().unwrap();
        says.info = fields("watchkeeper_version:0.1.0");
        let listed = |port: u16, of: u16| {
            fields(&format!(
                "ip:h port:{port} flags:slave runid:{} slave-priority:100 slave-repl-offset:90 master-host:h master-port:{of}",
                99 - port
            ))
        };
        says.groups[0].replicas = vec![listed(12, 11), listed(13, 12)];
        let replica = |of: u16, link: &str| {
            format!(
                "role:slave master_host:h master_port:{of} master_link_status:{link} slave_repl_offset:90"
            )
        };
        let (first, second) = (
            replica(11, "down master_link_down_since_seconds:8 master_sync_in_progress:0"),
            replica(12, "up"),
        );
        let all = [(11, Err(silent())), (12, Ok(first.as_str())), (13, Ok(second.as_str()))];
        let group = seen(vec![said], all.map(|(port, info)| server(port, info)).to_vec());
        assert_eq!(group.heir().map(|it| it.at.port), Some(12), "{:?}", group.candidates);
    }

    #[test]
    fn an_empty_replica_that_never_had_a_link_is_not_promoted_when_the_master_is_gone() {
        let unlinked = "role:slave; master_host:h; master_port:11; master_link_status:down; \
                        master_link_down_since_seconds:-1; master_sync_in_progress:0";
        let (empty, full) =
            (format!("{unlinked}; KEYSPACE"), format!("{unlinked}; KEYSPACE; db0:keys=7,expires=0"));
        let syncing = empty.replace("in_progress:0", "in_progress:1");
        let loading = format!("loading:1; {full}");
        let (redis, ours) = ("redis_version:7.0.15", "watchkeeper_version:0.1.0");
        let (up, bare) = ("role:master; KEYSPACE; db0:keys=7,expires=0", "role:master; KEYSPACE");
        let gone = || Err(silent());
        // Files were put into the place of a master that had nothing, and it reads them.
        let reads = "loading:1; role:master; KEYSPACE; db0:keys=3,expires=0";
        let had = empty.replace("seconds:-1", "seconds:8");
        let had_some = full.replace("seconds:-1", "seconds:8");
        use super::super::choice::Refusal as R;
        for (flags, master, replica, lacks, refusal) in [
            ("master", gone(), empty.as_str(), Some(Lacking::NoData), Some(R::NoData)),
            ("master,s_down", gone(), &empty, Some(Lacking::NoData), Some(R::NoData)),
            ("master,s_down", gone(), &full, None, None),
            ("master", Ok(up), &empty, Some(Lacking::NoData), Some(R::NoData)),
            ("master", Ok(up), &full, Some(Lacking::NoLinkYet), Some(R::NotInStep)),
            ("master", Ok(bare), &empty, Some(Lacking::NoLinkYet), Some(R::NotInStep)),
            ("master", Ok(up), &syncing, Some(Lacking::FullSync), Some(R::NoData)),
            ("master", Ok(up), &loading, Some(Lacking::Loading), Some(R::Loading)),
            ("master", Ok(reads), &had, Some(Lacking::NoData), None),
            ("master", Ok(reads), &had_some, None, None),
            ("master", gone(), &had, None, None),
            // What is not told is not held for data.
            ("master,s_down", gone(), unlinked, Some(Lacking::NoLinkYet), None),
            ("master,s_down", gone(), bare, Some(Lacking::NoData), None),
        ] {
            let group = with_data(redis, flags, master.clone(), replica);
            let at = Endpoint::new("h", 12);
            let unready: Vec<_> = lacks.iter().map(|why| (&at, *why)).collect();
            assert_eq!((group.unready(), group.candidates[0].refusal), (unready, None), "{replica}");
            let group = with_data(ours, flags, master, replica);
            let candidate = &group.candidates[0];
            assert_eq!((candidate.lacks, candidate.refusal), (lacks, refusal), "{replica}");
        }
    }

    fn texts(group: &GroupStatus) -> String {
        let lines = group.screen(watchkeeper_core::Lang::En);
        let lines: Vec<String> = lines.iter().map(|line| line.print(false).trim().to_owned()).collect();
        lines.join(" ")
    }

    #[test]
    fn sentinels_that_are_let_in_nowhere_are_counted_and_the_password_is_named() {
        let alone = |port| {
            let mut said =
                sentinel(port, "", "ip:h port:11 flags:s_down,master last-ok-ping-reply:9000", &[]);
            let group = &mut said.says.as_mut().unwrap().groups[0];
            group.replicas.clear();
            group.quorum_check = Err("NOQUORUM 1 usable Sentinels.".to_owned());
            said
        };
        let sentinels = || [1, 2, 3].map(alone).to_vec();
        let replica = "role:slave master_host:h master_port:11 master_link_status:up";
        let group = seen(sentinels(), vec![server(11, Ok("role:master")), server(12, Ok(replica))]);
        assert_eq!((group.voters, group.holding_down()), (3, 3));
        assert_eq!(
            group.problems,
            [Problem::HeldForDown(3), Problem::Strangers(3), Problem::NoCandidate],
            "three are enough, if only they knew each other"
        );
        let text = texts(&group);
        for words in [
            "held for down by 3 of 3 sentinels, quorum 2",
            "; quorum 2 of 3",
            "it answers this host: sentinels that miss it may lack its password (`sentinel auth-pass`)",
            "id1 knows 0 of 2 others",
            "the sentinels know no replica to promote; replicas that are there: 1",
        ] {
            assert!(text.contains(words), "`{words}` is missing in {text}");
        }
        let refused = Failure::Refused("NOAUTH Authentication required.".to_owned());
        let text = texts(&seen(sentinels(), vec![server(11, Err(refused))]));
        let words =
            "it wants a login (`NOAUTH Authentication required.`): a sentinel without its password gets no";
        assert!(text.contains(words) && text.contains("`SENTINEL SET m auth-pass PASSWORD`"), "{text}");
    }

    #[test]
    fn that_too_few_are_left_is_told_before_who_is_gone() {
        let mut alone = sentinel(1, "", "ip:h port:11 flags:master", &[2, 3]);
        alone.says.as_mut().unwrap().groups[0].quorum_check = Err("NOQUORUM 1 usable Sentinels.".to_owned());
        let gone = |port| SentinelAnswer {
            at: Endpoint::new("h", port),
            also_at: Vec::new(),
            named: false,
            says: Err(silent()),
        };
        let group = seen(vec![alone, gone(2), gone(3)], vec![server(11, Ok("role:master"))]);
        assert_eq!(group.problems[0], Problem::NoMajority);
        assert_eq!(group.problems[1], Problem::SentinelSilent(Endpoint::new("h", 2)));
    }

    #[test]
    fn a_master_that_loads_is_not_said_to_be_missed_soon_and_nobody_is_measured_by_it() {
        let replica = "role:slave master_host:h master_port:11 master_link_status:down master_link_down_since_seconds:6 slave_repl_offset:900";
        let loading = "role:master loading:1 master_repl_offset:0";
        let mut said = sentinel(1, "", "ip:h port:11 flags:master", &[]);
        // Nobody has what could be kept.
        let alone = seen(vec![said.clone()], vec![server(11, Ok(loading))]);
        assert_eq!(alone.waiting[0], Waiting::Loading(None));
        assert!(!texts(&alone).contains("watchkeeper failover"), "{}", texts(&alone));
        said.says.as_mut().unwrap().groups[0].replicas =
            vec![fields("ip:h port:12 flags:slave runid:b slave-priority:100")];
        let group = seen(vec![said.clone()], vec![server(11, Ok(loading)), server(12, Ok(replica))]);
        assert_eq!(group.servers[1].lag_bytes, None);
        assert_eq!(group.waiting[0], Waiting::Loading(Some("m".to_owned())));
        let text = texts(&group);
        assert!(
            text.contains("no failover comes by itself") && text.contains("`watchkeeper failover m`"),
            "{text}"
        );
        assert!(!text.contains("no sentinel misses it"), "{text}");
        // One that began anew counts anew, too; offsets of a switch before are of the same history.
        let lag = |source: &str| {
            let of = |id: &str| format!("role:master master_repl_offset:950 {id}");
            let own = format!("{replica} master_replid:a");
            let group = seen(
                vec![sentinel(1, "", "ip:h port:11 flags:master", &[])],
                vec![server(11, Ok(&of(source))), server(12, Ok(&own))],
            );
            group.servers[1].lag_bytes
        };
        let found = ["master_replid:a", "master_replid:b", "master_replid:b master_replid2:a", ""].map(lag);
        assert_eq!(found, [Some(50), None, Some(50), Some(50)]);
    }

    #[test]
    fn a_replica_of_another_server_is_neither_in_step_nor_ready() {
        let mut said = sentinel(1, "", "ip:h port:11 flags:master", &[]);
        said.says.as_mut().unwrap().groups[0].replicas =
            vec![fields("ip:h port:12 flags:slave runid:b slave-priority:100 master-link-status:ok")];
        let looked = |host: &str, id: &str| {
            let own = format!(
                "role:slave master_host:{host} master_port:99 master_link_status:up master_replid:{id}"
            );
            let servers = vec![server(11, Ok("role:master master_replid:a")), server(12, Ok(&own))];
            let mut status = Status::of(&Picture { unix_ms: 0, sentinels: vec![said.clone()], servers });
            status.groups.remove(0)
        };
        let at = Endpoint::new("h", 12);
        let group = looked("elsewhere", "b");
        assert_eq!(group.servers[1].state, ServerState::Astray);
        assert!(group.problems.contains(&Problem::ReplicaBehind(at.clone())), "{:?}", group.problems);
        assert_eq!(group.unready(), [(&at, Lacking::OtherData)]);
        assert!(
            texts(&group).contains("follows a server that is not known in this group"),
            "{}",
            texts(&group)
        );
        // The master itself may have another address there.
        assert_eq!(looked("elsewhere", "a").servers[1].state, ServerState::InStep);
    }

    #[test]
    fn a_master_that_wants_more_replicas_takes_no_writes() {
        let looked = |master: &str, wanted: Option<&str>| {
            let info = fields(master);
            let info =
                wanted.into_iter().fold(info, |info, it| info.with(Fields::MIN_REPLICAS, it.to_owned()));
            let answer = ServerAnswer { at: Endpoint::new("h", 11), group: "m".into(), says: Ok((info, 0)) };
            seen(vec![sentinel(1, "", "ip:h port:11 flags:master", &[])], vec![answer])
        };
        for (good, wanted, writable) in [
            ("min_slaves_good_slaves:0", None, Writable::Refused),
            ("min_slaves_good_slaves:1", None, Writable::Unknown),
            ("min_slaves_good_slaves:1", Some("2"), Writable::Refused),
            ("min_slaves_good_slaves:2", Some("2"), Writable::Yes),
            ("", None, Writable::Yes),
        ] {
            let group = looked(&format!("role:master {good}"), wanted);
            let refused = writable == Writable::Refused;
            assert_eq!(group.writable, writable, "{good} {wanted:?}");
            assert_eq!(group.problems.contains(&Problem::WritesRefused), refused);
            assert_eq!(texts(&group).contains("NOT WRITABLE; h:11 refuses writes: too few"), refused);
            assert!(group.waiting.is_empty() && group.problems.len() > usize::from(refused));
        }
    }

    #[test]
    fn who_knows_replicas_is_believed_before_who_is_let_in_nowhere() {
        let knows = |port, peers: &[u16]| sentinel(port, "", "ip:h port:11 flags:master", peers);
        let mut refused = sentinel(3, "", "ip:h port:11 flags:s_down,master last-ok-ping-reply:9000", &[]);
        refused.says.as_mut().unwrap().groups[0].replicas.clear();
        let replica = "role:slave master_host:h master_port:11 master_link_status:up";
        let servers = vec![server(11, Ok("role:master")), server(12, Ok(replica))];
        let text = texts(&seen(vec![knows(1, &[2]), knows(2, &[1]), refused], servers));
        assert!(!text.contains("the sentinels know no replica"), "{text}");
        assert!(
            text.contains("only 1 other sentinel ") && text.contains("do not know all the others, and each"),
            "{text}"
        );
    }

    #[test]
    fn servers_are_drawn_below_their_source_by_whatever_name() {
        let info = "role:master master_repl_offset:90 slave0:ip=h,port=12,state=online,offset=70,lag=3";
        let below = "role:slave master_host:other-name master_port:11 master_link_status:up slave_repl_offset:70 \
                     slave0:ip=h,port=13,state=online,offset=1,lag=0";
        let group = seen(
            vec![sentinel(1, "", "ip:h port:11 flags:master", &[])],
            vec![server(11, Ok(info)), server(12, Ok(below)), server(13, Err(silent()))],
        );
        let drawn: Vec<String> =
            group.servers.iter().map(|server| format!("{}{}", server.branch, server.at.port)).collect();
        assert_eq!(drawn, ["11", "└─ 12", "   └─ 13"]);
        assert_eq!((group.servers[1].lag_bytes, group.servers[1].lag_s), (Some(20), Some(3)));
    }
}
