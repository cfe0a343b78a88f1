//! Who is down: by this sentinel's own judgement, and by that of its peers, whom it asks each second.

use watchkeeper_core::event::EventKind;
use watchkeeper_resp::Frame;

use super::UpstreamSentinel;
use super::state::{Expected, Phase, Role, Who, period};
use crate::world::Ctx;

impl UpstreamSentinel {
    /// Closes connections that seem to be up and bring nothing.
    fn tear_down(&mut self, g: usize, id: u64, now: i64, ctx: &mut Ctx<'_>) {
        let half = self.groups[g].down_after() / 2;
        let Some(link) = self.links.get(&id) else { return };
        let (command, pubsub) = (link.command, link.pubsub);
        let deaf = now - link.command_at > period::LINK_MIN_AGE
            && link.unanswered_since != 0
            && now - link.unanswered_since > half
            && now - link.pong_at > half;
        let still = now - link.pubsub_at > period::LINK_MIN_AGE && now - link.heard_at > 3 * period::PUBLISH;
        for conn in [command.filter(|_| deaf), pubsub.filter(|_| still)].into_iter().flatten() {
            self.close(conn, ctx);
        }
    }

    /// Judges whether an instance is down for this sentinel.
    pub(super) fn judge(&mut self, g: usize, who: &Who, now: i64, ctx: &mut Ctx<'_>) {
        let Some(id) = self.groups[g].watched(who).map(|watched| watched.link) else { return };
        let Some(link) = self.links.get(&id) else { return };
        let silent = match (link.unanswered_since, link.disconnected) {
            (0, true) => now - link.available_at,
            (0, false) => 0,
            (since, _) => now - since,
        };
        self.tear_down(g, id, now, ctx);
        let group = &mut self.groups[g];
        let limit = group.down_after();
        let demoted = *who == Who::Master
            && group.master.role == Role::Replica
            && now - group.master.role_at > limit + 2 * period::INFO;
        let down = silent > limit || demoted;
        let Some(watched) = group.watched_mut(who) else { return };
        if down && !watched.sdown {
            (watched.sdown, watched.sdown_at) = (true, now);
            self.event(EventKind::SubjectivelyDown, g, who, "", ctx);
        } else if !down && watched.sdown {
            (watched.sdown, watched.script_killed) = (false, false);
            self.event(EventKind::SubjectivelyUp, g, who, "", ctx);
        }
    }

    /// Judges whether a master is down for enough sentinels. Answers of peers are remembered for five seconds.
    pub(super) fn judge_together(&mut self, g: usize, now: i64, ctx: &mut Ctx<'_>) {
        let group = &mut self.groups[g];
        let votes = 1 + group.peers.values().filter(|peer| peer.says_down).count();
        let quorum = group.config.quorum;
        let down = group.master.watched.sdown && votes >= quorum as usize;
        if down && !group.odown {
            (group.odown, group.odown_at) = (true, now);
            let text = format!(" #quorum {votes}/{quorum}");
            self.event(EventKind::ObjectivelyDown, g, &Who::Master, &text, ctx);
        } else if !down && group.odown {
            group.odown = false;
            self.event(EventKind::ObjectivelyUp, g, &Who::Master, "", ctx);
        }
    }

    /// Asks the peers whether the master is down for them too, and in a failover for their votes.
    pub(super) fn ask_peers(&mut self, g: usize, now: i64, forced: bool) {
        let group = &mut self.groups[g];
        for peer in group.peers.values_mut().filter(|peer| now - peer.answered_at > 5 * period::ASK) {
            peer.says_down = false;
            peer.vote = None;
        }
        if !group.master.watched.sdown {
            return;
        }
        let candidate = if group.phase == Phase::None { "*".to_owned() } else { self.id.clone() };
        let master = group.master.watched.addr;
        let (host, port) = (master.ip().to_string(), master.port().to_string());
        let epoch = self.current_epoch.to_string();
        let mut due = Vec::new();
        for (id, peer) in &group.peers {
            let connected = self.links.get(&peer.watched.link).is_some_and(|link| !link.disconnected);
            if connected && (forced || now - peer.answered_at >= period::ASK) {
                due.push(Who::Peer(id.clone()));
            }
        }
        for who in due {
            let argv = ["SENTINEL", "is-master-down-by-addr", &host, &port, &epoch, &candidate];
            self.tell(g, &who, Expected::Ask, &argv);
        }
    }

    pub(super) fn ask_answered(&mut self, g: usize, who: &Who, frame: &Frame, now: i64) {
        let Frame::Array(items) = frame else { return };
        let [Frame::Integer(down), Frame::Bulk(leader), Frame::Integer(epoch)] = &items[..] else { return };
        let Who::Peer(id) = who else { return };
        let Some(peer) = self.groups[g].peers.get_mut(id) else { return };
        peer.answered_at = now;
        peer.says_down = *down == 1;
        if leader != b"*" {
            peer.vote = Some(String::from_utf8_lossy(leader).into_owned());
            peer.vote_epoch = *epoch as u64;
        }
    }
}
