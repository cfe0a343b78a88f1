//! Election and failover, one step a tick.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use watchkeeper_core::event::EventKind;

use super::UpstreamSentinel;
use super::state::{Phase, Reconf, Server, Who, period};
use crate::world::Ctx;

impl UpstreamSentinel {
    // --- Beginning ---

    /// Begins a failover if the master is down for enough sentinels and the last attempt is long ago.
    pub(super) fn start_if_needed(&mut self, g: usize, now: i64, ctx: &mut Ctx<'_>) -> bool {
        let group = &mut self.groups[g];
        if !group.odown || group.phase != Phase::None {
            return false;
        }
        if now - group.started_at < 2 * group.failover_timeout() {
            if group.delay_logged != group.started_at {
                group.delay_logged = group.started_at;
                let at = group.started_at + 2 * group.failover_timeout() - now;
                ctx.trace("log", || format!("the next failover is not before {at} ms from now"));
            }
            return false;
        }
        self.start(g, now, ctx);
        true
    }

    pub(super) fn start(&mut self, g: usize, now: i64, ctx: &mut Ctx<'_>) {
        self.current_epoch += 1;
        let epoch = self.current_epoch;
        let group = &mut self.groups[g];
        (group.phase, group.phase_at) = (Phase::WaitStart, now);
        group.failover_epoch = epoch;
        group.started_at = now + ctx.rng().below(period::DESYNC) as i64;
        self.say(EventKind::NewEpoch, Some(g), epoch.to_string(), ctx);
        self.event(EventKind::TryFailover, g, &Who::Master, "", ctx);
    }

    // --- Votes ---

    /// Votes, for a peer or for itself, unless it has in this epoch. The answer is the last vote given.
    pub(super) fn vote(
        &mut self,
        g: usize,
        epoch: u64,
        id: &str,
        now: i64,
        ctx: &mut Ctx<'_>,
    ) -> (String, u64) {
        if epoch > self.current_epoch {
            self.current_epoch = epoch;
            self.flush();
            self.say(EventKind::NewEpoch, Some(g), epoch.to_string(), ctx);
        }
        if self.groups[g].leader_epoch < epoch && self.current_epoch <= epoch {
            self.groups[g].leader = Some(id.to_owned());
            self.groups[g].leader_epoch = epoch;
            self.flush();
            self.say(EventKind::VoteForLeader, Some(g), format!("{id} {epoch}"), ctx);
            if id != self.id {
                self.groups[g].started_at = now + ctx.rng().below(period::DESYNC) as i64;
            }
        }
        let group = &self.groups[g];
        (group.leader.clone().unwrap_or_else(|| "*".to_owned()), group.leader_epoch)
    }

    /// Whom enough of all known sentinels elected. Votes count if they were given in the epoch that is current now,
    /// which need not be that of the attempt.
    fn winner(&mut self, g: usize, now: i64, ctx: &mut Ctx<'_>) -> Option<String> {
        let mut votes: BTreeMap<String, usize> = BTreeMap::new();
        for peer in self.groups[g].peers.values().filter(|peer| peer.vote_epoch == self.current_epoch) {
            if let Some(id) = &peer.vote {
                *votes.entry(id.clone()).or_default() += 1;
            }
        }
        let best = most(&votes).map_or_else(|| self.id.clone(), |(id, _)| id.clone());
        let epoch = self.groups[g].failover_epoch;
        let (own, own_epoch) = self.vote(g, epoch, &best, now, ctx);
        let mut winner = most(&votes).map(|(id, count)| (id.clone(), count));
        if own != "*" && own_epoch == epoch {
            let count = votes.get(&own).copied().unwrap_or(0) + 1;
            if winner.as_ref().is_none_or(|(_, most)| count > *most) {
                winner = Some((own, count));
            }
        }
        let group = &self.groups[g];
        let known = group.peers.len() + 1;
        let majority = known / 2 + 1;
        let enough = |count: usize| count >= majority && count >= group.config.quorum as usize;
        winner.filter(|(_, count)| enough(*count)).map(|(id, _)| id)
    }

    // --- Steps ---

    pub(super) fn advance(&mut self, g: usize, now: i64, ctx: &mut Ctx<'_>) {
        match self.groups[g].phase {
            Phase::WaitStart => self.wait_start(g, now, ctx),
            Phase::SelectReplica => self.select_replica(g, now, ctx),
            Phase::Promote => self.promote(g, now, ctx),
            Phase::WaitPromotion => {
                if self.phase_lasted_too_long(g, now) {
                    self.abort(g, EventKind::AbortSlaveTimeout, now, ctx);
                }
            }
            Phase::Reconfigure => {
                self.reconfigure(g, now, ctx);
                self.detect_end(g, now, ctx);
            }
            Phase::None | Phase::Switch => {}
        }
    }

    fn enter(&mut self, g: usize, phase: Phase, now: i64) {
        (self.groups[g].phase, self.groups[g].phase_at) = (phase, now);
    }

    fn phase_lasted_too_long(&self, g: usize, now: i64) -> bool {
        now - self.groups[g].phase_at > self.groups[g].failover_timeout()
    }

    fn wait_start(&mut self, g: usize, now: i64, ctx: &mut Ctx<'_>) {
        let elected = self.winner(g, now, ctx).is_some_and(|id| id == self.id);
        let group = &self.groups[g];
        if !elected && !group.forced {
            let limit = group.failover_timeout().min(period::ELECTION);
            if now - group.started_at > limit {
                self.abort(g, EventKind::AbortNotElected, now, ctx);
            }
            return;
        }
        self.event(EventKind::ElectedLeader, g, &Who::Master, "", ctx);
        self.enter(g, Phase::SelectReplica, now);
        self.event(EventKind::StateSelectSlave, g, &Who::Master, "", ctx);
    }

    fn select_replica(&mut self, g: usize, now: i64, ctx: &mut Ctx<'_>) {
        let Some(addr) = self.best_replica(g, now) else {
            self.abort(g, EventKind::AbortNoGoodSlave, now, ctx);
            return;
        };
        self.event(EventKind::SelectedSlave, g, &Who::Replica(addr), "", ctx);
        self.groups[g].promoted = Some(addr);
        self.enter(g, Phase::Promote, now);
        self.event(EventKind::StateSendSlaveofNoone, g, &Who::Replica(addr), "", ctx);
    }

    fn promote(&mut self, g: usize, now: i64, ctx: &mut Ctx<'_>) {
        let Some(addr) = self.groups[g].promoted else { return };
        if !self.connected(g, &Who::Replica(addr)) {
            if self.phase_lasted_too_long(g, now) {
                self.abort(g, EventKind::AbortSlaveTimeout, now, ctx);
            }
            return;
        }
        if self.order(g, addr, None) {
            self.event(EventKind::StateWaitPromotion, g, &Who::Replica(addr), "", ctx);
            self.enter(g, Phase::WaitPromotion, now);
        }
    }

    fn reconfigure(&mut self, g: usize, now: i64, ctx: &mut Ctx<'_>) {
        let group = &self.groups[g];
        let Some(promoted) = group.promoted else { return };
        let moving = |replica: &&Server| matches!(replica.reconf, Reconf::Sent | Reconf::InProgress);
        let mut busy = group.replicas.values().filter(moving).count();
        let room = usize::try_from(group.config.parallel_syncs).unwrap_or(0);
        for addr in group.replicas.keys().copied().collect::<Vec<_>>() {
            if busy >= room {
                return;
            }
            let Some(replica) = self.groups[g].replicas.get_mut(&addr) else { continue };
            if addr == promoted || replica.reconf == Reconf::Done {
                continue;
            }
            if replica.reconf == Reconf::Sent && now - replica.reconf_at > period::RECONF_TIMEOUT {
                replica.reconf = Reconf::Done;
                self.event(EventKind::SlaveReconfSentTimeout, g, &Who::Replica(addr), "", ctx);
                continue;
            }
            if replica.reconf != Reconf::No || !self.connected(g, &Who::Replica(addr)) {
                continue;
            }
            if self.order(g, addr, Some(promoted)) {
                self.mark_sent(g, addr, now);
                self.event(EventKind::SlaveReconfSent, g, &Who::Replica(addr), "", ctx);
                busy += 1;
            }
        }
    }

    fn mark_sent(&mut self, g: usize, addr: SocketAddr, now: i64) {
        if let Some(replica) = self.groups[g].replicas.get_mut(&addr) {
            (replica.reconf, replica.reconf_at) = (Reconf::Sent, now);
        }
    }

    fn detect_end(&mut self, g: usize, now: i64, ctx: &mut Ctx<'_>) {
        let group = &self.groups[g];
        let Some(promoted) = group.promoted else { return };
        if group.replicas.get(&promoted).is_none_or(|replica| replica.watched.sdown) {
            return; // waits for it, without a limit
        }
        let left = |(addr, replica): (&SocketAddr, &Server)| {
            *addr != promoted && replica.reconf != Reconf::Done && !replica.watched.sdown
        };
        let remaining = group.replicas.iter().any(left);
        let late = self.phase_lasted_too_long(g, now);
        if late {
            self.event(EventKind::FailoverEndForTimeout, g, &Who::Master, "", ctx);
        }
        if remaining && !late {
            return;
        }
        self.event(EventKind::FailoverEnd, g, &Who::Master, "", ctx);
        self.enter(g, Phase::Switch, now);
        if late {
            self.tell_the_rest(g, promoted, now, ctx);
        }
    }

    /// Orders for replicas that are late. They are never sent: the switch in the same tick closes the connections.
    fn tell_the_rest(&mut self, g: usize, promoted: SocketAddr, now: i64, ctx: &mut Ctx<'_>) {
        for addr in self.groups[g].replicas.keys().copied().collect::<Vec<_>>() {
            let due = self.groups[g].replicas.get(&addr).is_some_and(|replica| {
                addr != promoted && !matches!(replica.reconf, Reconf::Done | Reconf::Sent)
            });
            if due && self.connected(g, &Who::Replica(addr)) && self.order(g, addr, Some(promoted)) {
                self.mark_sent(g, addr, now);
                self.event(EventKind::SlaveReconfSentBestEffort, g, &Who::Replica(addr), "", ctx);
            }
        }
    }

    /// The end of a failover: the promoted replica is the master.
    pub(super) fn finish(&mut self, g: usize, now: i64, ctx: &mut Ctx<'_>) {
        let Some(new) = self.groups[g].promoted else { return };
        let old = self.groups[g].master.watched.addr;
        self.say_switch(g, old, new, ctx);
        self.change_address(g, new, now, ctx);
    }

    fn abort(&mut self, g: usize, why: EventKind, now: i64, ctx: &mut Ctx<'_>) {
        self.event(why, g, &Who::Master, "", ctx);
        let group = &mut self.groups[g];
        (group.forced, group.promoted) = (false, None);
        (group.phase, group.phase_at) = (Phase::None, now);
    }

    fn connected(&self, g: usize, who: &Who) -> bool {
        let link = self.groups[g].watched(who).and_then(|watched| self.links.get(&watched.link));
        link.is_some_and(|link| !link.disconnected)
    }

    // --- Selection ---

    /// The replica to promote. What it says of its role and of its master does not matter here.
    pub(super) fn best_replica(&self, g: usize, now: i64) -> Option<SocketAddr> {
        let group = &self.groups[g];
        let master = &group.master.watched;
        let (fresh, down_for) =
            if master.sdown { (5 * period::PING, now - master.sdown_at) } else { (3 * period::INFO, 0) };
        let patience = 10 * group.down_after() + down_for;
        let eligible = |replica: &&Server| {
            let link = self.links.get(&replica.watched.link);
            let link = link.filter(|link| !link.disconnected && now - link.available_at <= 5 * period::PING);
            !replica.watched.sdown
                && link.is_some()
                && replica.priority != 0
                && now - replica.info_at <= fresh
                && replica.link_down_ms <= patience
        };
        let best = group.replicas.values().filter(eligible).min_by_key(|replica| {
            let unknown = replica.run_id.is_none();
            (replica.priority, std::cmp::Reverse(replica.offset), unknown, replica.run_id.clone())
        });
        best.map(|replica| replica.watched.addr)
    }
}

/// Who has most votes; of equals the first.
fn most(votes: &BTreeMap<String, usize>) -> Option<(&String, usize)> {
    let mut best: Option<(&String, usize)> = None;
    for (id, count) in votes {
        if best.is_none_or(|(_, most)| *count > most) {
            best = Some((id, *count));
        }
    }
    best
}
