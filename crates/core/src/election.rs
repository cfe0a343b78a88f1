//! Asking peers, voting, and counting votes.
//!
//! A vote counts only for the epoch of this group's attempt, and is granted iff the epoch is newer than the
//! group's last vote and its configuration. Upstream counts at the process-wide epoch, so that groups void each
//! other's elections; on the wire both ways look the same.
//!
//! Candidates come forward in turn: those that are up, ordered by id, 50 ms apart. Who has voted steps back for
//! as long as its candidate is heard.

use crate::canary::Canary;
use crate::epoch::{EPOCH_MAX, LeaderEpoch};
use crate::event::EventKind;
use crate::failover::Phase;
use crate::group::Group;
use crate::id::SentinelId;
use crate::io::{Version, Why};
use crate::link::{Pending, Renames};
use crate::peer::with_link;
use crate::shared::Shared;
use crate::time::Mono;

/// Milliseconds between the turns of two candidates.
const TURN_MS: u64 = 50;
/// Milliseconds more of a turn for each other group whose master is down: whoever has its turn first has them all to
/// look after, and must be heard of before the next one comes forward, or nobody is elected anywhere.
const CROWD_MS: u64 = 5;
/// Milliseconds from when its master is down for which a group counts: one that has no fit replica stays down for long.
pub(crate) const CROWD_FOR_MS: u64 = 10_000;
/// The most that a crowd adds.
const CROWD_MAX_MS: u64 = 2_000;
/// Random part of a turn, for candidates that see each other differently.
pub(crate) const JITTER_MS: u64 = 10;
/// A candidate that was voted for is given this long after it was last heard asking (it asks every second).
pub(crate) const STEP_BACK_MS: u64 = 2_500;
/// The same for one whose connection is gone.
const STEP_BACK_GONE_MS: u64 = 500;

/// What became of counting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Count {
    /// enough votes
    Elected,
    /// all that can answer have, and it is not enough
    Lost,
    /// answers may still come
    Open,
}

impl Group {
    /// Answers a request for our vote, or casts it for ourselves. Returns who has it, of which epoch, and the
    /// version of the state that must be on disk before anybody may know.
    pub(crate) fn vote_for(
        &mut self,
        epoch: u64,
        candidate: &SentinelId,
        sh: &mut Shared,
    ) -> (Option<SentinelId>, LeaderEpoch, Version) {
        assert!(epoch <= EPOCH_MAX, "an epoch out of range reached the vote");
        let new_epoch = epoch > sh.epoch.0;
        if new_epoch {
            sh.epoch.0 = epoch;
        }
        let again = sh.canary(Canary::DoubleVote) && epoch == self.vote.epoch.0;
        let grant = (epoch > self.vote.epoch.0 || again) && epoch > self.config_epoch.0;
        if new_epoch || grant {
            self.vote.version = sh.disk.change();
        }
        if new_epoch {
            self.emit_after(self.vote.version, EventKind::NewEpoch, epoch.to_string(), sh);
        }
        if grant {
            self.vote.leader = Some(candidate.clone());
            self.vote.epoch = LeaderEpoch(epoch);
            self.emit_after(self.vote.version, EventKind::VoteForLeader, format!("{candidate} {epoch}"), sh);
        }
        if self.vote.leader.as_ref() == Some(candidate) {
            self.vote.leader_seen = sh.now.mono;
        }
        if !sh.disk.durable(self.vote.version) && sh.disk.settled(self.vote.version) {
            // The disk refused before, and nobody heard of the vote; now somebody needs it again.
            self.vote.version = sh.disk.change();
            if let Some(leader) = &self.vote.leader {
                let payload = format!("{leader} {}", self.vote.epoch);
                self.emit_after(self.vote.version, EventKind::VoteForLeader, payload, sh);
            }
        }
        (self.vote.leader.clone(), self.vote.epoch, self.vote.version)
    }

    /// Somebody asked about our master. If we see it down too, the asker and others may have come to the same
    /// view since we last asked them: ask again now instead of at the next period.
    pub(crate) fn asked_by_peer(&mut self) {
        if self.master.down.is {
            for peer in self.peers.values_mut().filter(|peer| !peer.master_down) {
                peer.ask_now = true;
            }
        }
    }

    /// What a peer said too long ago does not count: also where nothing was judged meanwhile, as in TILT.
    pub(crate) fn forget_old_answers(&mut self, sh: &Shared) {
        for peer in self.peers.values_mut() {
            if (peer.master_down || peer.vote.is_some())
                && sh.now.mono.since(peer.answered_at) > 5 * sh.tuning.ask_period
            {
                peer.master_down = false;
                peer.vote = None;
            }
        }
    }

    /// Asks every peer that is due whether it sees the master down, and for its vote while we are a candidate.
    pub(crate) fn ask_peers(&mut self, sh: &mut Shared) {
        let now = sh.now.mono;
        if !self.master.down.is {
            return;
        }
        let candidacy = self.failover.as_ref().map(|f| (f.epoch.0, f.vote_version));
        let hidden = candidacy.is_some_and(|(_, version)| !sh.disk.durable(version));
        if hidden && !sh.canary(Canary::CandidacyBeforeDisk) {
            return; // our own vote is not on disk: nobody may learn of the candidacy
        }
        let epoch = candidacy.map(|(epoch, _)| epoch);
        let id = if epoch.is_some() { sh.myid.0.clone() } else { "*".to_owned() };
        let host = self.master.addr.shown(sh.global.announce_hostnames);
        let (port, epoch_text) = (self.master.addr.port.to_string(), epoch.unwrap_or(sh.epoch.0).to_string());
        let renames = self.conf.renames.clone();
        let word = Renames(&renames).word("SENTINEL");
        let argv = [word, "is-master-down-by-addr", &host, &port, &epoch_text, &id];
        let group = self.id;
        for peer in self.peers.values_mut() {
            if peer.asked_at.is_some_and(|at| !peer.ask_now && now.since(at) < sh.tuning.ask_period) {
                continue;
            }
            let id = peer.id.clone();
            let pending = Pending::Ask(group, epoch);
            with_link(&id, sh, |link, sh| {
                peer.asked_at = Some(now);
                if link.conn.takes_more(sh) && !peer.owes_ask(link, epoch) {
                    peer.ask_now = false;
                    peer.ask_owed = link.conn.id.map(|id| (id, epoch));
                    link.conn.send(&argv, pending, sh);
                }
            });
        }
    }

    /// When a peer is to be asked again.
    pub(crate) fn ask_at(&self, sh: &Shared) -> (Mono, Why) {
        let forget = self
            .peers
            .values()
            .filter(|p| p.master_down)
            .map(|p| p.answered_at + 5 * sh.tuning.ask_period + 1);
        let mut next = forget.min().unwrap_or(Mono(u64::MAX));
        let hidden = self.failover.as_ref().is_some_and(|f| !sh.disk.durable(f.vote_version));
        if self.master.down.is && !hidden {
            let ask = self.peers.values().filter_map(|p| Some(p.asked_at? + sh.tuning.ask_period)).min();
            next = ask.map_or(next, |at| next.min(at));
        }
        (next, Why::Ask)
    }

    /// Sentinels that watch this group, down ones included: upstream never shrinks the majority, and neither
    /// may we while we vote together.
    pub(crate) fn voters(&self) -> usize {
        self.peers.len() + 1
    }

    pub(crate) fn majority(&self) -> usize {
        self.voters() / 2 + 1
    }

    /// Votes it takes to be elected.
    fn votes_needed(&self, sh: &Shared) -> usize {
        let majority = self.majority() - usize::from(sh.canary(Canary::MajorityOffByOne));
        let quorum = if sh.canary(Canary::QuorumIgnored) { 0 } else { self.conf.quorum as usize };
        majority.max(quorum)
    }

    /// Whether enough sentinels are up to elect one.
    pub(crate) fn majority_is_up(&self, sh: &Shared) -> bool {
        1 + self.peers.values().filter(|peer| peer.is_up(sh)).count() >= self.votes_needed(sh)
    }

    /// Counts the votes of `epoch`, our own included.
    pub(crate) fn count_votes(&self, epoch: u64, sh: &Shared) -> Count {
        let needed = self.votes_needed(sh);
        let mut votes =
            usize::from(self.vote.epoch.0 == epoch && self.vote.leader.as_ref() == Some(&sh.myid));
        let mut open = 0;
        for peer in self.peers.values() {
            let any = sh.canary(Canary::WrongEpochCounted);
            let voted = peer.vote.as_ref().filter(|_| peer.vote_epoch == epoch || any);
            if voted.is_some_and(|id| id.0.eq_ignore_ascii_case(&sh.myid.0)) {
                votes += 1;
            } else if voted.is_none() && peer.answered_epoch != Some(epoch) && peer.is_up(sh) {
                open += 1;
            }
        }
        if votes >= needed {
            Count::Elected
        } else if votes + open < needed && self.majority_is_up(sh) {
            Count::Lost
        } else {
            Count::Open
        }
    }

    /// In words, which votes an election of `epoch` lacked.
    pub(crate) fn missing_votes(&self, epoch: u64, sh: &Shared) -> String {
        let needed = self.votes_needed(sh);
        let reasons: Vec<String> = self
            .peers
            .values()
            .filter_map(|peer| {
                let voted = peer.vote.as_ref().filter(|_| peer.vote_epoch == epoch);
                let id = peer.id.short();
                match voted {
                    Some(vote) if *vote == sh.myid => None,
                    Some(vote) => Some(format!("{id} voted for {}", vote.short())),
                    None if !peer.is_up(sh) => Some(format!("{id} is not reachable")),
                    None if peer.answered_epoch == Some(epoch) => {
                        Some(format!("{id} has voted in a newer epoch"))
                    }
                    None => Some(format!("{id} has not answered")),
                }
            })
            .collect();
        format!(
            "{needed} of {} votes are needed in epoch {epoch}; missing: {}",
            self.voters(),
            reasons.join(", ")
        )
    }

    /// Our place in the queue of candidates, as milliseconds to wait: 0 for the first.
    pub(crate) fn turn_ms(&self, sh: &Shared) -> u64 {
        let before = self.peers.values().filter(|peer| peer.id < sh.myid && peer.is_up(sh)).count() as u64;
        if before == 0 { 0 } else { before.min(TURNS_MAX) * TURN_MS + self.crowd_ms(sh) + self.jitter_ms }
    }

    /// Milliseconds that elections take longer because so many are held.
    pub(crate) fn crowd_ms(&self, sh: &Shared) -> u64 {
        let others = sh.crowd.len().saturating_sub(usize::from(sh.crowd.contains(&self.id)));
        (others as u64 * CROWD_MS).min(CROWD_MAX_MS)
    }

    /// The longest our turn can become while the same peers are known.
    pub(crate) fn longest_turn_ms(&self, sh: &Shared) -> u64 {
        let before = self.peers.keys().filter(|peer| **peer < sh.myid).count() as u64;
        if before == 0 { 0 } else { before.min(TURNS_MAX) * TURN_MS + self.crowd_ms(sh) + self.jitter_ms }
    }

    /// Until when we leave the failover to a candidate we voted for; nothing if there is none.
    pub(crate) fn stepped_back_until(&self, sh: &Shared) -> Option<Mono> {
        let leader = self.vote.leader.as_ref().filter(|leader| **leader != sh.myid)?;
        let gone = self.peers.get(leader).is_none_or(|peer| peer.disconnected(sh));
        let patience = if gone { STEP_BACK_GONE_MS } else { STEP_BACK_MS };
        Some(self.vote.leader_seen + patience + self.turn_ms(sh))
    }

    /// Whether a candidate that we voted for is at work on a master that is down.
    pub(crate) fn is_led_elsewhere(&self, sh: &Shared) -> bool {
        let led = self.odown.is_some() && self.failover.is_none();
        led && self.stepped_back_until(sh).is_some_and(|until| until > sh.now.mono)
    }

    /// The phase of our own failover, if one runs.
    pub(crate) fn phase(&self) -> Option<Phase> {
        self.failover.as_ref().map(|f| f.phase)
    }
}

/// Turns beyond this wait no longer: with hundreds of peers the last would wait for half a minute.
const TURNS_MAX: u64 = 20;
