//! Which replica is promoted, and why each other one was refused.

use std::cmp::Reverse;
use std::fmt;

use crate::canary::Canary;
use crate::group::Group;
use crate::info::Role;
use crate::server::{Server, ServerId};
use crate::shared::Shared;
use crate::time::Mono;
use crate::topology::WAY_FRESH_MS;

/// Why a replica may not be promoted. Times in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// it does not answer
    Down,
    /// no connection
    Disconnected,
    /// its last good answer is too old
    NotHeard { since_ms: u64, limit_ms: u64 },
    /// its priority is 0: never to be promoted
    PriorityZero,
    /// it has never answered INFO
    NoInfo,
    /// its last INFO is too old to be trusted
    OldInfo { since_ms: u64, limit_ms: u64 },
    /// it reads its data and takes no orders meanwhile
    Loading,
    /// it is empty, and never had a copy of the data
    NoData,
    /// it is empty, and had no link to the master when that went: a broken-off copy leaves it so
    Emptied,
    /// it has not caught up with a master that lives
    NotInStep,
    /// it lost the master too long ago: its data is old
    LinkDownTooLong { since_ms: i64, limit_ms: u64 },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Down => write!(f, "it is down"),
            Refusal::Disconnected => write!(f, "there is no connection to it"),
            Refusal::NotHeard { since_ms, limit_ms } => {
                write!(f, "last answered {since_ms} ms ago, limit {limit_ms} ms")
            }
            Refusal::PriorityZero => write!(f, "its replica-priority is 0"),
            Refusal::NoInfo => write!(f, "it has not answered INFO yet"),
            Refusal::OldInfo { since_ms, limit_ms } => {
                write!(f, "its last INFO is {since_ms} ms old, limit {limit_ms} ms")
            }
            Refusal::Loading => write!(f, "it is loading its data"),
            Refusal::NoData => write!(f, "it is empty: it has never had the master's data"),
            Refusal::Emptied => write!(f, "it is empty: it had lost the master before the outage"),
            Refusal::NotInStep => {
                write!(f, "it has not caught up with the master, which is up: wait until its link is up")
            }
            Refusal::LinkDownTooLong { since_ms, limit_ms } => {
                write!(f, "it lost the master {since_ms} ms ago, limit {limit_ms} ms")
            }
        }
    }
}

impl Refusal {
    /// Never, but for the deliberate bugs of this choice.
    fn overlooked(self, sh: &Shared) -> bool {
        match self {
            Refusal::Down => sh.canary(Canary::DownSelected),
            Refusal::PriorityZero => sh.canary(Canary::PriorityZero),
            Refusal::OldInfo { .. } => sh.canary(Canary::StaleInfo),
            Refusal::NoData | Refusal::Emptied => sh.canary(Canary::EmptyPromoted),
            Refusal::Disconnected
            | Refusal::NotHeard { .. }
            | Refusal::NoInfo
            | Refusal::Loading
            | Refusal::NotInStep
            | Refusal::LinkDownTooLong { .. } => false,
        }
    }
}

/// Replicas tell in whole seconds, of a clock that ticks once a second, for how long their link is down.
const WHOLE_SECONDS_MS: u64 = 1_000;

/// What replicas are compared by: the smallest is the best.
type Preference<'a> = (u8, i64, Reverse<u64>, usize, bool, Option<String>, &'a str);

impl Group {
    /// The replica to promote, or nobody.
    pub(crate) fn select_replica(&self, sh: &Shared) -> Option<ServerId> {
        let overlooked = |refusal: Refusal| refusal.overlooked(sh);
        let fit = self.replicas.values().filter(|r| self.refusal(r, sh).is_none_or(overlooked));
        if sh.canary(Canary::WorstChosen) {
            return fit.max_by_key(|replica| self.preference(replica, sh)).map(|replica| replica.id);
        }
        if self.only_old_data(sh) {
            let newest = |replica: &&Server| (replica.offset, Reverse(self.cut_off_ms(replica, sh)));
            return fit.max_by_key(newest).map(|replica| replica.id);
        }
        let best = fit.min_by_key(|replica| self.preference(replica, sh))?;
        Some(self.best_source(best, sh))
    }

    /// The topmost of those `best` has its data through that may be promoted and are no worse. None of them has less data: where
    /// one told less, it was asked earlier, while writes went on. One that told less later has lost data.
    fn best_source(&self, best: &Server, sh: &Shared) -> ServerId {
        let mut at = best;
        if self.ancestors_cycle(best.id, sh) {
            return best.id;
        }
        for _ in 0..self.replicas.len() {
            let source = self.parent(at.id, sh).filter(|source| {
                at.link_up
                    && source.info_at <= at.info_at
                    && source.role == Role::Replica
                    && source.priority == at.priority
                    && self.replicas.contains_key(&source.id)
                    && self.refusal(source, sh).is_none()
            });
            match source {
                Some(source) => at = source,
                None => break,
            }
        }
        at.id
    }

    /// Why `replica` may not be promoted now.
    pub(crate) fn refusal(&self, replica: &Server, sh: &Shared) -> Option<Refusal> {
        let refusal = self.refusal_by_itself(replica, sh)?;
        let too_old = matches!(refusal, Refusal::LinkDownTooLong { .. });
        (!(too_old && self.only_old_data(sh))).then_some(refusal)
    }

    /// Whether old data is all there is, and no waiting changes that: the group goes in a circle, and every replica of
    /// it is here and has been without a source for too long, also those that are never promoted. One that is away for a
    /// moment may have newer data.
    pub(crate) fn only_old_data(&self, sh: &Shared) -> bool {
        self.goes_in_a_circle(sh)
            && !self.replicas.is_empty()
            && self.replicas.values().all(|replica| match self.refusal_by_itself(replica, sh) {
                Some(Refusal::LinkDownTooLong { .. } | Refusal::NoData | Refusal::Emptied) => true,
                Some(Refusal::PriorityZero) => self.too_old(replica, sh).is_some(),
                Some(
                    Refusal::Down
                    | Refusal::Disconnected
                    | Refusal::NotHeard { .. }
                    | Refusal::NoInfo
                    | Refusal::OldInfo { .. }
                    | Refusal::Loading
                    | Refusal::NotInStep,
                )
                | None => false,
            })
    }

    /// Whether the group goes in a circle in which the master has data, and no replica that answers has any.
    pub(crate) fn only_the_master_has_data(&self, sh: &Shared) -> bool {
        let data = self.master.data;
        self.goes_in_a_circle(sh)
            && !data.loading
            && data.keys.is_some_and(|keys| keys > 0)
            && self.replicas.values().all(|replica| match self.refusal_by_itself(replica, sh) {
                Some(Refusal::NoData | Refusal::Emptied | Refusal::Down) => true,
                Some(Refusal::PriorityZero) => replica.data.keys == Some(0),
                Some(
                    Refusal::Disconnected
                    | Refusal::NotHeard { .. }
                    | Refusal::NoInfo
                    | Refusal::OldInfo { .. }
                    | Refusal::Loading
                    | Refusal::NotInStep
                    | Refusal::LinkDownTooLong { .. },
                )
                | None => false,
            })
    }

    /// Whether the master is a replica without a source that follows one of its own replicas, itself or through others. It
    /// began again with an old configuration; nobody in the circle becomes a master by itself. Somebody may make it one,
    /// so only what it said just now counts.
    fn goes_in_a_circle(&self, sh: &Shared) -> bool {
        let master = &self.master;
        let fresh = master.info_at.is_some_and(|at| sh.now.mono.since(at) <= WAY_FRESH_MS);
        if master.role != Role::Replica || master.link_up || !master.cmd.up || !fresh {
            return false;
        }
        let Some(source) = self.source_of(master, sh) else { return false };
        self.ancestors(source.id, sh).iter().any(|above| above.id == master.id)
    }

    /// For how long a replica has been without its source, if that is too long, and the limit.
    fn too_old(&self, replica: &Server, sh: &Shared) -> Option<(i64, u64)> {
        let outage_ms = self.outage_ms(sh.now.mono).unwrap_or(0);
        let limit = self.conf.down_after_ms.saturating_mul(10).saturating_add(outage_ms);
        let cut_off = self.cut_off_ms(replica, sh);
        u64::try_from(cut_off).is_ok_and(|down| down > limit).then_some((cut_off, limit))
    }

    fn refusal_by_itself(&self, replica: &Server, sh: &Shared) -> Option<Refusal> {
        let now = sh.now.mono;
        let heard_limit = 5 * sh.tuning.ping_period;
        let since_ms = now.since(replica.ping.available);
        let down_for = self.master.down.since.filter(|_| self.master.down.is).map(|since| now.since(since));
        let info_limit = if down_for.is_some() { heard_limit } else { 3 * sh.tuning.info_period };
        if replica.down.is {
            return Some(Refusal::Down);
        }
        if replica.disconnected() || !replica.cmd.up {
            return Some(Refusal::Disconnected);
        }
        if since_ms > heard_limit {
            return Some(Refusal::NotHeard { since_ms, limit_ms: heard_limit });
        }
        if replica.priority == 0 {
            return Some(Refusal::PriorityZero);
        }
        let Some(info_at) = replica.info_at else { return Some(Refusal::NoInfo) };
        let info_ms = now.since(info_at);
        if info_ms > info_limit {
            return Some(Refusal::OldInfo { since_ms: info_ms, limit_ms: info_limit });
        }
        if let Some(refusal) = self.without_data(replica, sh) {
            return Some(refusal);
        }
        let (since_ms, limit_ms) = self.too_old(replica, sh)?;
        Some(Refusal::LinkDownTooLong { since_ms, limit_ms })
    }

    /// Whether a replica has not the group's data. Upstream does not look: it promotes a replica whose first copy was
    /// on its way when the master died, and the old master, when it is back, copies the emptiness. An empty one is
    /// fit only where the master said that it is empty, too. Data of another age counts as data if the master is dead,
    /// as it may be all there is; a living master's is worth waiting for.
    fn without_data(&self, replica: &Server, sh: &Shared) -> Option<Refusal> {
        let data = replica.data;
        let never = match replica.role {
            Role::Replica => !replica.link_up && replica.link_down_ms < 0,
            Role::Master => !replica.seen_as_replica,
        };
        let lost = replica.role == Role::Replica && !replica.link_up;
        let master_is_empty = self.master.data.keys == Some(0) && !self.master.data.loading;
        let empty = data.keys == Some(0) && !master_is_empty;
        if data.loading {
            Some(Refusal::Loading)
        } else if empty && never {
            Some(Refusal::NoData)
        } else if empty && lost && self.lost_it_before_the_outage(replica, sh) {
            Some(Refusal::Emptied)
        } else if !self.master.down.is && !replica.link_up && (never || data.syncing || empty && lost) {
            Some(Refusal::NotInStep)
        } else {
            None
        }
    }

    /// Whether a replica without link had lost it while the master still answered: then the master went on without it,
    /// and an empty one was emptied for a copy that never ended. One that was in step to the end is as empty as its
    /// master was.
    fn lost_it_before_the_outage(&self, replica: &Server, sh: &Shared) -> bool {
        let Some(outage_ms) = self.outage_ms(sh.now.mono) else { return false };
        let age_ms = replica.info_at.map_or(0, |at| sh.now.mono.since(at));
        let cut_off_ms = u64::try_from(self.cut_off_ms(replica, sh)).unwrap_or(0).saturating_add(age_ms);
        cut_off_ms > outage_ms.saturating_add(WHOLE_SECONDS_MS)
    }

    /// For how long replicas may have had no master, if it is down: since it last served, which after TILT, or with
    /// `master-reboot-down-after-period`, is long before it was held for down: one that loads its data after a restart
    /// answers, but feeds nobody. One that turned into a replica itself was none from then on.
    pub(crate) fn outage_ms(&self, now: Mono) -> Option<u64> {
        let down = self.master.down.since.filter(|_| self.master.down.is)?;
        let turned = Some(self.master.role_at).filter(|_| self.master.role == Role::Replica);
        let since = down.min(self.master.ping.served);
        Some(now.since(turned.map_or(since, |turned| turned.min(since))))
    }

    /// The order of fit replicas, best first: one that a leader which is gone has promoted already during this
    /// outage (to promote another would make two masters); last those that are masters and not known to have been
    /// promoted, whose data nobody vouches for (to refuse them, too, could leave the group without a master for ever);
    /// among equals lower priority, more data, fewer servers between it and the master, smaller run id.
    fn preference<'a>(&self, replica: &'a Server, sh: &Shared) -> Preference<'a> {
        let promoted_already = replica.role == Role::Master
            && !replica.former_master
            && replica.seen_as_replica
            && self.master.down.is
            && self.master.down.since.is_some_and(|since| replica.role_at >= since);
        let run_id = replica.run_id.as_ref().map(|id| id.0.to_ascii_lowercase());
        let rank = if promoted_already { 0 } else { 1 + u8::from(replica.role == Role::Master) };
        let depth = self.depth(replica.id, sh);
        (rank, replica.priority, Reverse(replica.offset), depth, run_id.is_none(), run_id, &replica.name)
    }

    /// A line for each replica that was refused, for the log.
    pub(crate) fn refusals(&self, sh: &Shared) -> Vec<String> {
        if self.replicas.is_empty() {
            return vec![format!("No replica of `{}` is known", self.name)];
        }
        self.replicas
            .values()
            .filter_map(|replica| {
                let refusal = self.refusal(replica, sh)?;
                Some(format!("Replica {} of `{}` cannot be promoted: {refusal}", replica.name, self.name))
            })
            .collect()
    }
}
