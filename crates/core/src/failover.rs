//! The failover of a group, from the decision to start to the switch. Asking and voting are in
//! [`crate::election`], the choice in [`crate::select`], what INFO reports of its progress in [`crate::reconf`].

use crate::canary::Canary;
use crate::election::Count;
use crate::epoch::{ConfigEpoch, FailoverEpoch};
use crate::event::{EventKind, LogLevel};
use crate::group::Group;
use crate::id::RunId;
use crate::info::Role;
use crate::io::{Output, Version, Why};
use crate::link::{Pending, Renames};
use crate::server::{Reconf, Server, ServerId};
use crate::shared::Shared;
use crate::time::Mono;

/// A failover in progress.
#[derive(Debug, Clone)]
pub(crate) struct Failover {
    /// of this attempt; becomes the config epoch
    pub(crate) epoch: FailoverEpoch,
    pub(crate) phase: Phase,
    /// asked for by a user: no election
    pub(crate) forced: bool,
    pub(crate) started_at: Mono,
    /// when the phase began
    pub(crate) phase_at: Mono,
    /// the version of the state that holds our own vote
    pub(crate) vote_version: Version,
    pub(crate) candidacy_told: bool,
    pub(crate) promoted: Option<ServerId>,
    /// the process that was told to be master
    pub(crate) told: Option<RunId>,
}

/// How far a failover is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// waiting to be elected
    WaitStart,
    /// choosing a replica
    SelectReplica,
    /// telling it to be master
    Promote,
    /// waiting for its report that it is
    WaitPromotion,
    /// telling the others to follow it
    Reconfigure,
    /// done: the group changes its master
    Switch,
}

impl Phase {
    /// The word of `failover-state`.
    pub(crate) fn wire_name(self) -> &'static str {
        match self {
            Phase::WaitStart => "wait_start",
            Phase::SelectReplica => "select_slave",
            Phase::Promote => "send_slaveof_noone",
            Phase::WaitPromotion => "wait_promotion",
            Phase::Reconfigure => "reconf_slaves",
            Phase::Switch => "update_config",
        }
    }
}

/// When the next attempt may start, after one that failed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Retry {
    /// not before this
    pub(crate) at: Mono,
    /// or as soon as this holds
    pub(crate) unless: Unless,
}

/// What ends the wait for the next attempt early.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Unless {
    #[default]
    Nothing,
    /// a replica has become fit
    ReplicaFit,
    /// enough sentinels are up to elect one
    MajorityUp,
}

impl Group {
    /// Starts a failover that is due, and moves a running one as far as it goes now.
    pub(crate) fn advance(&mut self, sh: &mut Shared) {
        self.note_majority(sh);
        if self.failover.is_none() && self.may_start(sh) {
            self.start_failover(false, sh);
        }
        while self.advance_once(sh) {}
    }

    fn may_start(&self, sh: &Shared) -> bool {
        self.start_at(sh).is_some_and(|at| at <= sh.now.mono)
    }

    /// When a failover may start, if the master is objectively down and nothing else is awaited.
    fn start_at(&self, sh: &Shared) -> Option<Mono> {
        let alone = self.master.down.since.filter(|_| self.master.down.is && sh.canary(Canary::OdownSkipped));
        let turn = self.odown.or(alone)? + self.turn_ms(sh);
        let unblocked = match self.retry.unless {
            Unless::Nothing => false,
            Unless::ReplicaFit => self.select_replica(sh).is_some(),
            Unless::MajorityUp => self.majority_is_up(sh),
        };
        let retry = if unblocked { Mono(0) } else { self.retry.at };
        // Without a majority an attempt does no harm: it cannot be won.
        let look = self.looks_again_until().filter(|_| self.majority_is_up(sh));
        let stepped_back = self.stepped_back_until(sh).unwrap_or_default();
        Some(turn.max(retry).max(stepped_back).max(look.unwrap_or_default()))
    }

    /// Remembers for how long no majority could be reached, and when one can, calls the master anew: a connection that was
    /// begun or used while nothing arrived may wait for its next repetition until long after that.
    fn note_majority(&mut self, sh: &mut Shared) {
        if !self.master.down.is {
            self.alone_at = None;
        } else if !self.majority_is_up(sh) {
            self.alone_at = Some(sh.now.mono);
        } else if self.alone_at.is_some_and(|at| self.master.cmd.exists() && self.master.cmd.since <= at) {
            self.master.close_links(sh);
            self.master.cmd.last_attempt = None;
            self.master.pubsub.last_attempt = None;
        }
    }

    /// After a time without a majority the master gets as long to be heard again: what cut us off from the others may
    /// have cut us off from it, and both links come back, not at the same instant.
    fn looks_again_until(&self) -> Option<Mono> {
        self.alone_at.map(|at| at + LOOK_AGAIN_MS.min(self.conf.down_after_ms))
    }

    /// Begins an attempt in a new epoch with our own vote. What others see of it waits for the disk. False if no
    /// epoch is left.
    pub(crate) fn start_failover(&mut self, forced: bool, sh: &mut Shared) -> bool {
        assert!(self.failover.is_none(), "a failover is started while another runs");
        if sh.epoch.0 >= crate::epoch::EPOCH_MAX {
            sh.log(LogLevel::Warning, format!("No epoch is left for a failover of `{}`", self.name));
            self.retry =
                Retry { at: sh.now.mono + 2 * self.conf.failover_timeout_ms, unless: Unless::Nothing };
            return false;
        }
        sh.epoch.0 += 1;
        let epoch = sh.epoch.0;
        self.emit(EventKind::NewEpoch, epoch.to_string(), sh);
        self.emit_master(EventKind::TryFailover, "", sh);
        let me = sh.myid.clone();
        let (leader, _, vote_version) = self.vote_for(epoch, &me, sh);
        assert!(leader.as_ref() == Some(&me), "our own vote in a fresh epoch went elsewhere");
        let now = sh.now.mono;
        self.failover = Some(Failover {
            epoch: FailoverEpoch(epoch),
            phase: Phase::WaitStart,
            forced,
            started_at: now,
            phase_at: now,
            vote_version,
            candidacy_told: false,
            promoted: None,
            told: None,
        });
        // What the choice is made by is asked for while the votes are. Offsets that were told while the master took writes, each at
        // another instant, cannot be compared.
        let outage = self.master.down.since.filter(|_| self.master.down.is);
        let stale = |at: Option<Mono>| {
            at.is_none_or(|at| now.since(at) > FRESH_REPORT_MS || outage.is_none_or(|since| at < since))
        };
        self.replicas.values_mut().for_each(|replica| replica.info_now |= stale(replica.info_at));
        self.master.info_now |= self.master_may_tell() && stale(self.master.info_at);
        true
    }

    fn advance_once(&mut self, sh: &mut Shared) -> bool {
        let Some(failover) = &self.failover else { return false };
        match failover.phase {
            Phase::WaitStart => self.wait_start(sh),
            Phase::SelectReplica => self.select(sh),
            Phase::Promote => self.promote(sh),
            Phase::WaitPromotion => self.wait_promotion(sh),
            Phase::Reconfigure => self.reconfigure(sh),
            Phase::Switch => self.finish(sh),
        }
    }

    fn enter(&mut self, phase: Phase, sh: &Shared) {
        if let Some(failover) = &mut self.failover {
            failover.phase = phase;
            failover.phase_at = sh.now.mono;
        }
    }

    /// How long the present phase has lasted.
    fn phase_ms(&self, sh: &Shared) -> u64 {
        self.failover.as_ref().map_or(0, |f| sh.now.mono.since(f.phase_at))
    }

    fn wait_start(&mut self, sh: &mut Shared) -> bool {
        let Some(failover) = &mut self.failover else { return false };
        let (epoch, forced, version) = (failover.epoch.0, failover.forced, failover.vote_version);
        if !sh.disk.durable(version) {
            if sh.disk.settled(version) {
                let text = format!("No candidacy for `{}`: our vote could not be written to disk", self.name);
                sh.log(LogLevel::Warning, text);
                return self
                    .abort_election(Retry { at: sh.now.mono + DISK_RETRY_MS, unless: Unless::Nothing }, sh);
            }
            return false;
        }
        if !std::mem::replace(&mut failover.candidacy_told, true) {
            // The peers' time begins now: what our disk took is not theirs.
            failover.started_at = sh.now.mono;
            self.peers.values_mut().for_each(|peer| peer.ask_now = true);
        }
        let elapsed = self.failover.as_ref().map_or(0, |f| sh.now.mono.since(f.started_at));
        let count = if forced { Count::Elected } else { self.count_votes(epoch, sh) };
        let timeout = sh.tuning.election_timeout.min(self.conf.failover_timeout_ms);
        if !forced && self.odown.is_none() {
            let text = format!("Election for `{}` given up: its master is no longer down", self.name);
            sh.log(LogLevel::Notice, text);
            self.emit_master(EventKind::AbortNotElected, "", sh);
            return self.abort(Retry::default());
        }
        match count {
            Count::Elected if !forced && self.looks_again_until().is_some_and(|at| at > sh.now.mono) => false,
            Count::Elected => {
                self.lost_elections = 0;
                self.emit_master(EventKind::ElectedLeader, "", sh);
                if sh.simulate.crash_after_election {
                    crash(sh);
                    return false;
                }
                self.enter(Phase::SelectReplica, sh);
                self.emit_master(EventKind::StateSelectSlave, "", sh);
                true
            }
            Count::Lost => self.abort_election(self.soon(sh), sh),
            Count::Open if elapsed > self.lost_after_ms(timeout, sh) && self.majority_is_up(sh) => {
                self.abort_election(self.soon(sh), sh)
            }
            Count::Open if elapsed > timeout => {
                let at = sh.now.mono + 2 * self.conf.failover_timeout_ms;
                self.abort_election(Retry { at, unless: Unless::MajorityUp }, sh)
            }
            Count::Open => false,
        }
    }

    /// How long an election with a majority up may stay open: longer after each lost one, because a peer's disk may
    /// need longer for a vote than we first allow.
    fn lost_after_ms(&self, timeout: u64, sh: &Shared) -> u64 {
        ((LOST_AFTER_MS << self.lost_elections.min(RETRY_DOUBLED_MAX)) + self.crowd_ms(sh)).min(timeout)
    }

    /// The next attempt after a lost election: soon, but not in step with those who lost it too; and ever later
    /// where peers answer and do not elect, because each attempt costs an epoch and a write.
    fn soon(&self, sh: &mut Shared) -> Retry {
        let doubled = self.lost_elections.saturating_sub(QUICK_RETRIES).min(RETRY_DOUBLED_MAX);
        let wait = (RETRY_MS << doubled).min(sh.tuning.election_timeout);
        let at = sh.now.mono + wait + self.turn_ms(sh) + sh.rng.below(RETRY_JITTER_MS);
        Retry { at, unless: Unless::Nothing }
    }

    fn abort_election(&mut self, retry: Retry, sh: &mut Shared) -> bool {
        let epoch = self.failover.as_ref().map_or(0, |f| f.epoch.0);
        let text = format!("Not elected for `{}`: {}", self.name, self.missing_votes(epoch, sh));
        sh.log(LogLevel::Notice, text);
        self.emit_master(EventKind::AbortNotElected, "", sh);
        self.lost_elections = self.lost_elections.saturating_add(1);
        self.abort(retry)
    }

    fn abort(&mut self, retry: Retry) -> bool {
        assert!(self.phase() < Some(Phase::Reconfigure), "a failover is aborted after its promotion");
        self.failover = None;
        self.retry = retry;
        self.replicas.values_mut().for_each(|replica| replica.promoted = false);
        false
    }

    /// Gives our own failover up for a configuration of a newer epoch: finished, it would set the epoch back.
    pub(crate) fn yield_to(&mut self, epoch: ConfigEpoch, sh: &mut Shared) {
        let Some(failover) = self.failover.take_if(|failover| failover.epoch.0 <= epoch.0) else { return };
        self.replicas.values_mut().for_each(|replica| {
            replica.promoted = false;
            replica.reconf = Reconf::None;
        });
        let text = format!(
            "Failover of `{}` in epoch {} given up: another sentinel has a configuration of epoch {epoch}",
            self.name, failover.epoch
        );
        sh.log(LogLevel::Notice, text);
    }

    fn select(&mut self, sh: &mut Shared) -> bool {
        let chosen = self.select_replica(sh);
        if self.report_is_awaited() && self.phase_ms(sh) < select_patience(chosen.is_some()) {
            return false;
        }
        let Some(chosen) = chosen else {
            for line in self.refusals(sh) {
                sh.log(LogLevel::Notice, line);
            }
            self.emit_master(EventKind::AbortNoGoodSlave, "", sh);
            self.make_it_master_again(sh);
            let at = sh.now.mono + 2 * self.conf.failover_timeout_ms;
            return self.abort(Retry { at, unless: Unless::ReplicaFit });
        };
        if self.only_old_data(sh) {
            let text = format!(
                "The master of `{}` follows its own replica, and all replicas have been without a source for longer than is \
                 allowed: the one with most data is promoted, {}",
                self.name, self.replicas[&chosen].name
            );
            sh.log(LogLevel::Warning, text);
        }
        if let Some(replica) = self.replicas.get_mut(&chosen) {
            replica.promoted = true;
        }
        if let Some(failover) = &mut self.failover {
            failover.promoted = Some(chosen);
        }
        self.enter(Phase::Promote, sh);
        self.emit_server(EventKind::SelectedSlave, &self.replicas[&chosen], "", sh);
        self.emit_server(EventKind::StateSendSlaveofNoone, &self.replicas[&chosen], "", sh);
        true
    }

    /// A master that came back as the replica of a replica of its own, and alone has data, is told to be what it was: nobody
    /// else can be promoted, and the circle ends in no other way.
    fn make_it_master_again(&mut self, sh: &mut Shared) {
        if !self.only_the_master_has_data(sh) {
            return;
        }
        let text = format!(
            "The master of `{}` follows its own replica, and is the only one with data: it is told to be a master again",
            self.name
        );
        sh.log(LogLevel::Warning, text);
        let renames = self.conf.renames.clone();
        self.master.send_replicaof(None, Renames(&renames), sh);
    }

    /// Whether a replica that may be fit, or fitter than the best so far, is about to say how it is, or a living master
    /// what it has.
    fn report_is_awaited(&self) -> bool {
        let owes = |server: &Server| server.cmd.up && server.cmd.owes(Pending::Info);
        let may_be_fit = |replica: &Server| replica.priority != 0 && !replica.down.is;
        (self.master_may_tell() && owes(&self.master))
            || self.replicas.values().any(|replica| may_be_fit(replica) && owes(replica))
    }

    /// Whether the master lives, as far as is known: it is up, or held for down because it said that it is a replica.
    fn master_may_tell(&self) -> bool {
        !self.master.down.is || self.master.role == Role::Replica
    }

    fn promoted(&self) -> Option<ServerId> {
        self.failover.as_ref().and_then(|f| f.promoted)
    }

    fn promote(&mut self, sh: &mut Shared) -> bool {
        let Some(chosen) = self.promoted() else { return false };
        let renames = self.conf.renames.clone();
        let Some(replica) = self.replicas.get_mut(&chosen) else { return false };
        // Sent only once, so only on a link that works: what waits for a connection is lost when there is none.
        if !replica.cmd.up {
            return self.abort_late_promotion(sh);
        }
        replica.send_replicaof(None, Renames(&renames), sh);
        let told = replica.run_id.clone();
        if let Some(failover) = &mut self.failover {
            failover.told = told;
        }
        self.enter(Phase::WaitPromotion, sh);
        self.emit_server(EventKind::StateWaitPromotion, &self.replicas[&chosen], "", sh);
        true
    }

    fn wait_promotion(&mut self, sh: &mut Shared) -> bool {
        self.abort_late_promotion(sh)
    }

    fn abort_late_promotion(&mut self, sh: &mut Shared) -> bool {
        if self.phase_ms(sh) <= self.conf.failover_timeout_ms {
            return false;
        }
        if sh.canary(Canary::PromotedTwice) {
            self.replicas.values_mut().for_each(|replica| replica.promoted = false);
            self.enter(Phase::SelectReplica, sh);
            return true;
        }
        self.emit_master(EventKind::AbortSlaveTimeout, "", sh);
        let retry = self.soon(sh);
        self.abort(retry)
    }

    /// The chosen replica reports that it is master: because it was told to be, or because it restarted as one, and
    /// then perhaps without its data.
    pub(crate) fn promotion_reported(&mut self, sh: &mut Shared) {
        let told = self.failover.as_ref().and_then(|failover| failover.told.clone());
        let chosen = self.promoted().and_then(|chosen| self.replicas.get(&chosen));
        let Some(chosen) = chosen.filter(|chosen| told.is_some() && chosen.run_id != told) else {
            self.promotion_confirmed(sh);
            return;
        };
        let text = format!(
            "Replica {} of `{}` restarted after it was told to be master, perhaps without its data: another one is chosen",
            chosen.name, self.name
        );
        sh.log(LogLevel::Warning, text);
        self.emit_master(EventKind::AbortSlaveTimeout, "", sh);
        let retry = self.soon(sh);
        self.abort(retry);
    }

    fn promotion_confirmed(&mut self, sh: &mut Shared) {
        let Some(chosen) = self.promoted() else { return };
        let Some(failover) = &self.failover else { return };
        self.config_epoch.0 = failover.epoch.0;
        self.enter(Phase::Reconfigure, sh);
        // The hello that tells of it waits for this version: see `Group::hello`.
        self.config_version = sh.disk.change();
        self.emit_server(EventKind::PromotedSlave, &self.replicas[&chosen], "", sh);
        if sh.simulate.crash_after_promotion {
            crash(sh);
            return;
        }
        self.emit_master(EventKind::StateReconfSlaves, "", sh);
        let to = self.replicas[&chosen].addr.clone();
        self.reconfig_script("leader", &self.master.addr, &to, sh);
        self.hello_now();
        self.demote_old_master(chosen, sh);
    }

    /// An old master that lives would take writes that its resync throws away: it is told at once, and its clients
    /// are disconnected so that they find the new one. One that hangs reads it when it wakes up.
    fn demote_old_master(&mut self, promoted: ServerId, sh: &mut Shared) {
        if !self.master.cmd.up {
            return;
        }
        let parent = self.wanted_parent(self.master.id, promoted, sh);
        let Some(parent) = self.replicas.get(&parent).filter(|parent| !parent.is_one_with(&self.master))
        else {
            return;
        };
        let to = parent.addr.clone();
        let renames = self.conf.renames.clone();
        let host = to.shown(sh.global.announce_hostnames);
        self.master.send_to(&to, Renames(&renames), sh);
        let text = format!(
            "The old master of `{}` is connected and was told to follow {host}:{}",
            self.name, to.port
        );
        sh.log(LogLevel::Notice, text);
    }

    /// Tells the others and ends when they follow, or when time is up: then with the switch too, although the promoted one may be
    /// a replica again (upstream does not look at that either) or down (upstream waits for it for ever). Its configuration was told
    /// at the promotion and is everybody's by now, so it cannot be taken back; as the group's master it is found down, as any
    /// that does not answer or says that it is a replica, and the failover which mends that can begin only when this one is over.
    fn reconfigure(&mut self, sh: &mut Shared) -> bool {
        let Some(promoted) = self.promoted() else { return false };
        self.give_up_late_replicas(sh);
        self.tell_replicas(promoted, sh);
        let late = self.phase_ms(sh) > self.conf.failover_timeout_ms;
        let waits_for = |replica: &crate::server::Server| {
            !replica.promoted && replica.reconf != Reconf::Done && !replica.down.is
        };
        let promoted_down = self.replicas.get(&promoted).is_none_or(|replica| replica.down.is);
        if !late && (promoted_down || self.replicas.values().any(waits_for)) {
            return false;
        }
        if late {
            self.emit_master(EventKind::FailoverEndForTimeout, "", sh);
        }
        self.emit_master(EventKind::FailoverEnd, "", sh);
        if late {
            self.tell_the_rest(promoted, sh);
        }
        self.enter(Phase::Switch, sh);
        true
    }

    fn give_up_late_replicas(&mut self, sh: &mut Shared) {
        let limit = sh.tuning.slave_reconf_timeout;
        let late = |replica: &crate::server::Server| match replica.reconf {
            Reconf::Sent(at) => sh.now.mono.since(at) > limit,
            Reconf::None | Reconf::InProgress | Reconf::Done => false,
        };
        for id in self.replicas.values().filter(|r| late(r)).map(|r| r.id).collect::<Vec<_>>() {
            if let Some(replica) = self.replicas.get_mut(&id) {
                replica.reconf = Reconf::Done;
            }
            self.emit_server(EventKind::SlaveReconfSentTimeout, &self.replicas[&id], "", sh);
        }
    }

    /// Tells replicas to follow the promoted one, `parallel-syncs` at a time.
    fn tell_replicas(&mut self, promoted: ServerId, sh: &mut Shared) {
        let busy = |r: &&crate::server::Server| matches!(r.reconf, Reconf::Sent(_) | Reconf::InProgress);
        let mut in_progress = self.replicas.values().filter(busy).count();
        let one_more = usize::from(sh.canary(Canary::ParallelSyncsOffByOne));
        let limit = usize::try_from(self.conf.parallel_syncs).unwrap_or(0) + one_more;
        for id in self.untold(promoted) {
            if in_progress >= limit {
                break;
            }
            if self.tell(id, promoted, EventKind::SlaveReconfSent, sh) {
                in_progress += 1;
            }
        }
    }

    fn tell_the_rest(&mut self, promoted: ServerId, sh: &mut Shared) {
        for id in self.untold(promoted) {
            self.tell(id, promoted, EventKind::SlaveReconfSentBestEffort, sh);
        }
    }

    fn untold(&self, promoted: ServerId) -> Vec<ServerId> {
        self.replicas
            .values()
            .filter(|r| r.id != promoted && r.reconf == Reconf::None)
            .map(|r| r.id)
            .collect()
    }

    /// Sends a replica to where it belongs below the promoted one. Not if that one has become a replica meanwhile: perhaps
    /// of this very one, which another failover has promoted since, and nobody would be a master.
    fn tell(&mut self, id: ServerId, promoted: ServerId, kind: EventKind, sh: &mut Shared) -> bool {
        if self.replicas.get(&promoted).is_none_or(|promoted| promoted.role != Role::Master) {
            return false;
        }
        let mut parent = self.wanted_parent(id, promoted, sh);
        if parent != promoted && !self.way_is_fresh(parent, sh) {
            // Who is between the two may have been moved since it was last heard.
            if kind == EventKind::SlaveReconfSent {
                return false;
            }
            parent = promoted;
        }
        let renames = self.conf.renames.clone();
        let (Some(replica), Some(parent)) = (self.replicas.get(&id), self.server(parent)) else {
            return false;
        };
        let to = parent.addr.clone();
        // A server that is known twice has nobody to follow under its other name.
        let there = (self.is_tree() && replica.follows(&to, sh)) || replica.is_one_with(parent);
        let Some(replica) = self.replicas.get_mut(&id) else { return false };
        if there {
            // It moves with its parent, or hangs on the promoted one already: nothing changes for it.
            replica.reconf = Reconf::Done;
            return false;
        }
        if !replica.cmd.up {
            return false;
        }
        replica.send_to(&to, Renames(&renames), sh);
        replica.reconf = Reconf::Sent(sh.now.mono);
        self.emit_server(kind, &self.replicas[&id], "", sh);
        true
    }

    fn finish(&mut self, sh: &mut Shared) -> bool {
        let Some(promoted) = self.promoted() else { return false };
        let to = self.replicas[&promoted].addr.clone();
        self.emit_switch(&to, sh);
        self.switch_to(to, sh);
        self.hello_now();
        false
    }

    /// Ends a failover that has promoted its replica with the switch, now: others may follow it already, so it
    /// cannot be undone.
    pub(crate) fn finish_promoted(&mut self, sh: &mut Shared) {
        if self.phase() >= Some(Phase::Reconfigure) {
            self.finish(sh);
        }
    }

    /// When the failover has something to do without hearing anything.
    pub(crate) fn advance_at(&self, sh: &Shared) -> (Mono, Why) {
        let Some(failover) = &self.failover else {
            return (self.start_at(sh).unwrap_or(Mono(u64::MAX)), Why::FailoverStart);
        };
        let timeout = self.conf.failover_timeout_ms;
        let at = match failover.phase {
            Phase::WaitStart if !sh.disk.durable(failover.vote_version) => Mono(u64::MAX),
            Phase::WaitStart => {
                let quick = failover.started_at + self.lost_after_ms(timeout, sh) + 1;
                let last = failover.started_at + sh.tuning.election_timeout.min(timeout) + 1;
                let ahead = [Some(quick), Some(last), self.looks_again_until()].into_iter().flatten();
                ahead.filter(|at| *at > sh.now.mono).min().unwrap_or(last)
            }
            Phase::Promote | Phase::WaitPromotion => failover.phase_at + timeout + 1,
            Phase::Reconfigure => {
                let late = self.replicas.values().filter_map(|replica| match replica.reconf {
                    Reconf::Sent(at) => Some(at + sh.tuning.slave_reconf_timeout + 1),
                    Reconf::None | Reconf::InProgress | Reconf::Done => None,
                });
                late.min().unwrap_or(Mono(u64::MAX)).min(failover.phase_at + timeout + 1)
            }
            Phase::SelectReplica => {
                let soon = failover.phase_at + select_patience(true);
                if soon > sh.now.mono { soon } else { failover.phase_at + select_patience(false) }
            }
            Phase::Switch => Mono(0),
        };
        (at, Why::PhaseTimeout)
    }
}

/// Ends the process as `SENTINEL SIMULATE-FAILURE` promised.
fn crash(sh: &mut Shared) {
    sh.simulate.crashed = true;
    sh.log(LogLevel::Warning, "Sentinel CRASH because of SENTINEL simulate-failure".to_owned());
    sh.out.push(Output::Exit { code: 99 });
}

/// Milliseconds the choice waits for INFO that is on its way: the freshest offset wins, and a report from before the
/// outage may be too old to count. With nobody fit so far it waits longer.
fn select_patience(somebody_fit: bool) -> u64 {
    if somebody_fit { 100 } else { 1_000 }
}

/// Milliseconds for which a report is fresh enough to choose by.
const FRESH_REPORT_MS: u64 = 500;
/// Milliseconds, at most, from the return of a majority to an election: two PING periods, or two attempts to connect.
const LOOK_AGAIN_MS: u64 = 2_000;
/// With a majority up, a first election that is not decided after this many milliseconds is lost.
const LOST_AFTER_MS: u64 = 600;
/// Milliseconds before the next attempt after a lost election, plus the turn, plus a random part.
const RETRY_MS: u64 = 100;
const RETRY_JITTER_MS: u64 = 150;
/// So many lost elections in a row are repeated at once; from then on the wait doubles each time, so often at most.
const QUICK_RETRIES: u32 = 3;
const RETRY_DOUBLED_MAX: u32 = 10;
/// Milliseconds before the next attempt after a vote that could not be written.
const DISK_RETRY_MS: u64 = 1_000;
