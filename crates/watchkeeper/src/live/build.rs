//! From what everybody said to what is shown.

use std::collections::{BTreeMap, BTreeSet};

use super::choice::{Candidate, Lacking, Own, Refusal, candidates, predicted};
use super::model::{
    Doubt, FailoverNow, GroupStatus, MasterDown, Problem, Role, SentinelState, SentinelStatus, ServerState,
    ServerStatus, Status, Vote, Writable,
};
use super::tree;
use super::waiting;
use crate::ask::{
    Endpoint, Failure, Fields, GroupAnswer, Picture, SentinelAnswer, SentinelSays, ServerAnswer, is_below,
    listed_replicas, place, refuses,
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
    /// other names of servers that are looked at, and those under which they are: a process has one run id
    names: BTreeMap<Endpoint, Endpoint>,
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
        let role =
            |at: &Endpoint| info(servers.iter().find(|server| server.at == *at)?).map(|it| it.get("role"));
        let is_sentinel = |at: &Endpoint| {
            servers
                .iter()
                .any(|server| server.at == *at && server.says.as_ref().is_err_and(Failure::is_sentinel))
        };
        // Most sentinels may be given the address of a replica: its master, if others name that, is the group's.
        let follows = |at: &Endpoint| named.keys().any(|top| is_below(at, top, &servers, Endpoint::eq));
        let weight = |group: &GroupAnswer, at: &Endpoint| {
            let current = !(leads(group) && switched(group));
            let flags = ["failover_in_progress", "o_down", "s_down"].map(|flag| group.master.flag(flag));
            // One that knows no replica has not been let in by the master, and holds it for down because of that.
            let knows = !group.replicas.is_empty();
            // No more has one that misses it alone, while it answers us or refuses that one.
            let is_master = role(at) == Some("master");
            let mistaken = flags[2] && !flags[1] && (is_master || refuses(&group.master));
            let named = (!follows(at), named.get(at).copied());
            let place = (!is_sentinel(at), epoch(group), current, named, is_master);
            (place, !mistaken, knows, flags)
        };
        let places = answers.iter().filter_map(|(_, group)| Some((*group, place(&group.master)?)));
        let (best, master) = places.max_by_key(|(group, at)| weight(group, at))?;
        let listed = |at: &Endpoint| best.replicas.iter().any(|it| place(it).as_ref() == Some(at));
        let (servers, names) = each_once(servers, |at| (*at != master, !listed(at)));
        Some(Looked { picture, name, answers, servers, best, master, names })
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
            quorums: self.quorums(),
            voters: self.voters(),
            failover_timeout_ms: number("failover-timeout"),
            writable: Writable::No,
            servers: self.servers(),
            sentinels: self.sentinels(),
            failover: self.failover(),
            candidates: Vec::new(),
            waiting: Vec::new(),
            problems: Vec::new(),
            reach: String::new(),
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

    /// The quorum of each sentinel, the least first.
    fn quorums(&self) -> Vec<i64> {
        let of_each = self.answers.iter().filter_map(|(_, group)| group.master.number("quorum"));
        let mut quorums: Vec<i64> = of_each.collect();
        quorums.sort_unstable();
        quorums
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
        let listed = listed.into_iter().filter(|it| !self.names.contains_key(&it.at)).collect();
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
                cut_off_ms: since
                    .filter(|since| replica && !linked && *since >= 0)
                    .map(|since| since * 1_000),
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

    /// The replicas without a link that still have keys, of another history than the master's, which is empty.
    fn keeping(&self) -> Vec<Endpoint> {
        if !self.all_is_empty() {
            return Vec::new();
        }
        let master = self.servers.iter().find(|server| server.at == self.master).and_then(|it| info(it));
        let keeps = |said: &Fields| {
            said.get("role") == "slave"
                && said.get("master_link_status") != "up"
                && said.number("loading") != Some(1)
                && keys(said).is_some_and(|keys| keys > 0)
                && master.is_some_and(|master| !one_history(master, said))
        };
        let keeping = self.servers.iter().filter(|server| info(server).is_some_and(keeps));
        keeping.map(|server| server.at.clone()).collect()
    }

    /// The other groups of which a server of this one is the master, by what any sentinel says: each server once.
    fn other_groups(&self) -> Vec<Problem> {
        let named = self.picture.answering().flat_map(|(_, says)| &says.masters);
        let others =
            named.filter(|(name, at)| name != self.name && self.servers.iter().any(|it| it.at == *at));
        let others: BTreeSet<&(String, Endpoint)> = others.collect();
        others.into_iter().map(|(name, at)| Problem::TwoGroups(at.clone(), name.clone())).collect()
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
        let empty = data.keys == Some(0) && !self.all_is_empty();
        if data.loading {
            Some(Refusal::Loading)
        } else if data.never && empty {
            Some(Refusal::NoData)
        } else if self.emptied(data) {
            Some(Refusal::Emptied)
        } else if !self.best.master.flag("s_down")
            && (data.never || data.syncing || empty && data.cut_off_ms.is_some())
        {
            Some(Refusal::NotInStep)
        } else {
            None
        }
    }

    /// Whether it is empty and had lost its link while a master, that is held for down now, still answered: then a copy
    /// that never ended has left it so. It tells whole seconds.
    fn emptied(&self, data: Data) -> bool {
        let outage_ms = self.best.master.number("last-ok-ping-reply");
        let outage_ms = outage_ms.filter(|_| self.best.master.flag("s_down"));
        let before = |outage_ms: i64| data.cut_off_ms.is_some_and(|cut_off| cut_off > outage_ms + 1_000);
        data.keys == Some(0) && !self.all_is_empty() && outage_ms.is_some_and(before)
    }

    /// Why a replica has not got the group's data.
    fn lacks(&self, group: &GroupStatus, at: &Endpoint, data: Data) -> Option<Lacking> {
        let keeping = self.keeping();
        if keeping.contains(at) {
            return None; // all of it, until it is connected
        }
        let empty = data.keys == Some(0) && !(self.all_is_empty() && keeping.is_empty());
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
            Some(ServerState::LinkDown(Some(_)) | ServerState::InStep)
                if empty && (self.master_loads() || !keeping.is_empty()) =>
            {
                Some(Lacking::NoData)
            }
            Some(ServerState::LinkDown(Some(_))) if self.emptied(data) => Some(Lacking::Emptied),
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
                | ServerState::Sentinel
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
        let refuses_us = matches!(state, ServerState::Login(_));
        let known = self.best.replicas.iter().find(|fields| place(fields).as_ref() == Some(at));
        let goal = source.filter(|source| one_history(source, info));
        let goal = goal.and_then(|source| source.number("master_repl_offset"));
        ServerStatus {
            at: at.clone(),
            branch: String::new(),
            depth: 0,
            role,
            follows: follows(role, info, known).map(|at| self.names.get(&at).cloned().unwrap_or(at)),
            state,
            lag_bytes: offset
                .zip(goal)
                .filter(|_| replica)
                .map(|(own, goal)| goal.saturating_sub(own).max(0)),
            lag_s: info.number("master_last_io_seconds_ago").filter(|ago| replica && *ago >= 0),
            offset,
            // Of one that was a master when it was last heard a sentinel has never read it.
            priority: info
                .number("slave_priority")
                .or_else(|| known.filter(|_| refuses_us).and_then(|known| known.number("slave-priority"))),
            keys: keys(info).filter(|_| info.number("loading") != Some(1)),
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

    /// Whether all that is known of a place is that sentinels name it as another master, which is told: it does not answer,
    /// and nobody lists a replica there.
    fn is_nothing_but_named(&self, server: &ServerStatus, group: &GroupStatus) -> bool {
        let is_it = |it: &Fields| place(it).as_ref() == Some(&server.at);
        let listed = self.answers.iter().any(|(_, group)| group.replicas.iter().any(is_it));
        let named = || group.sentinels.iter().any(|it| it.names.as_ref() == Some(&server.at));
        matches!(server.state, ServerState::Silent(_)) && !listed && named()
    }

    /// What is not as it should be, the worst first.
    fn problems(&self, group: &GroupStatus) -> Vec<Problem> {
        let mut problems = Vec::new();
        problems.extend(group.failover.is_some().then_some(Problem::FailoverRuns));
        let keeping = self.keeping();
        problems.extend((!keeping.is_empty()).then_some(Problem::MasterEmpty(keeping)));
        match group.server(&group.master).map(|server| &server.state) {
            Some(ServerState::Up) if group.writable == Writable::Refused => {
                problems.push(Problem::WritesRefused)
            }
            Some(ServerState::Up) => {}
            Some(ServerState::Login(failure)) => problems.push(Problem::LoginNeeded(failure.clone())),
            Some(ServerState::Silent(failure)) => problems.push(Problem::MasterSilent(failure.clone())),
            Some(ServerState::Loading) => problems.push(Problem::MasterLoading),
            Some(ServerState::Sentinel) => problems.push(Problem::SentinelWatched(group.master.clone())),
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
        problems.extend(self.other_groups());
        let held = group.holding_down();
        problems.extend((held > 0).then_some(Problem::HeldForDown(held)));
        let others = group.servers.iter().filter(|it| it.at != group.master);
        let others = others.filter(|it| !self.is_nothing_but_named(it, group));
        for problem in others.filter_map(of_replica) {
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
        let no_quorum = |(_, group): &&(&SentinelAnswer, &GroupAnswer)| {
            group.quorum_check.as_ref().is_err_and(|words| words.starts_with("NOQUORUM"))
        };
        let too_high = |(_, answer): &&(&SentinelAnswer, &GroupAnswer)| {
            usize::try_from(answer.master.number("quorum").unwrap_or(0)).is_ok_and(|it| it > group.voters)
        };
        let missing = self.answers.iter().filter(no_quorum).count();
        let by_quorum = self.answers.iter().filter(no_quorum).filter(too_high).count();
        // Where enough are there, those who see too few do not know the others, which is told, or do not hear them.
        problems.extend(match (missing, group.acting() >= group.needed(), strangers) {
            (0, ..) => None,
            (_, false, _) => Some(Problem::NoMajority),
            (_, true, _) if by_quorum > 0 => Some(Problem::QuorumTooHigh(by_quorum)),
            (_, true, 1..) => None,
            (_, true, 0) => Some(Problem::SeeTooFew(missing)),
        });
        problems.extend(group.quorums_differ().then_some(Problem::QuorumsDiffer));
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
        ServerState::Sentinel => Some(Problem::SentinelWatched(server.at.clone())),
        ServerState::Silent(_) => Some(Problem::ReplicaSilent(server.at.clone())),
        ServerState::Login(failure) => Some(Problem::LoginNeeded(failure.clone())),
        ServerState::Astray
        | ServerState::Syncing
        | ServerState::Loading
        | ServerState::LinkDown(_)
        | ServerState::NotMaster => Some(Problem::ReplicaBehind(server.at.clone())),
    }
}

/// The servers, each under the name that comes first by `order`, and the other names of those that have several.
fn each_once<O: Ord>(
    mut servers: Vec<&ServerAnswer>,
    order: impl Fn(&Endpoint) -> O,
) -> (Vec<&ServerAnswer>, BTreeMap<Endpoint, Endpoint>) {
    servers.sort_by_key(|server| order(&server.at));
    let (mut by_run, mut names) = (BTreeMap::new(), BTreeMap::new());
    servers.retain(|server| {
        let run = info(server).map_or("", |info| info.get("run_id"));
        if run.is_empty() {
            return true;
        }
        let kept = by_run.entry(run).or_insert(&server.at);
        if **kept != server.at {
            names.insert(server.at.clone(), (*kept).clone());
        }
        **kept == server.at
    });
    (servers, names)
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
    /// for how many milliseconds it has been without its link, if it says
    cut_off_ms: Option<i64>,
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
        Err(failure) if failure.is_sentinel() => return (Role::Unknown, ServerState::Sentinel),
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
#[path = "tests_of_build.rs"]
mod tests;
