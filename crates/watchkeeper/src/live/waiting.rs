//! Why nothing happens although the master is not there. A sentinel does not say; it follows from what all of them say.

use super::choice::Refusal;
use super::model::{GroupStatus, Role, SentinelState, SentinelStatus, ServerState, ServerStatus, Writable};
use crate::ask::{Endpoint, Failure};

/// A master that reports itself a replica is held for down so much later than one that is silent.
const ROLE_MS: i64 = 20_000;
/// A failover that is due begins within so many milliseconds.
const PROMPT_MS: i64 = 3_000;

/// A reason to wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Waiting {
    /// the master does not answer us; no sentinel misses it, which each does after so many milliseconds
    NobodyMissesIt(i64),
    /// the master answers and says it is a replica; it is held for down when it has said so for so many milliseconds
    ReportsReplica(i64),
    /// fewer than the quorum hold it for down
    TooFewHoldItDown {
        /// how many do
        seen: usize,
        /// how many must
        quorum: i64,
        /// the others, by their short ids, and why not
        others: Vec<(String, NotHolding)>,
    },
    /// fewer sentinels than needed to elect one of them
    NoMajority {
        /// how many answer and act
        acting: usize,
        /// how many must
        needed: usize,
        /// how many there are
        voters: usize,
    },
    /// the master reads its data: it answers so, and no sentinel misses who answers. The group, if a replica has data to keep
    Loading(Option<String>),
    /// the master answers this host, and sentinels that miss it may not be let in
    AnswersHere,
    /// the master wants a login of the group of this name, and sentinels that miss it may have none: its words
    WantsLogin(String, Failure),
    /// sentinels that don't know each other can't agree: their short ids, and how many others each knows
    Strangers {
        /// those who know fewer than there are
        few: Vec<(String, i64)>,
        /// how many others there are
        others: usize,
    },
    /// the sentinels know no replica; so many there are that they do not know
    NoReplica(usize),
    /// none of them can be promoted
    NoneFit(Vec<(Endpoint, Refusal)>),
    /// after a try, or a vote for somebody else's try, the next begins so much later at the latest
    NotYet {
        /// twice `failover-timeout`, in milliseconds
        pause_ms: i64,
        /// for how long the quorum has held the master for down
        down_ms: i64,
    },
}

/// Why a sentinel does not hold the master for down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotHolding {
    /// it has had answers, or has not waited long enough for one
    NotYet {
        /// how old the last answer is, in milliseconds
        heard_ms: Option<i64>,
        /// how old it must be
        down_after_ms: Option<i64>,
    },
    /// it does not answer us itself
    Silent,
    /// it does not trust its clock
    Tilt,
    /// it refuses our login, so nobody knows
    Login,
    /// it names another master
    NamesAnother,
}

/// The reasons. `odown_ms`: for how long a sentinel has held the master for down together with others.
pub(super) fn reasons(group: &GroupStatus, down_after_ms: i64, odown_ms: Option<i64>) -> Vec<Waiting> {
    let seen = group.holding_down();
    let missing = seen > 0 || group.writable == Writable::No;
    if !missing || group.failover.is_some() {
        return Vec::new();
    }
    let mut reasons = Vec::new();
    let state = group.server(&group.master).map(|server| &server.state);
    if state == Some(&ServerState::Sentinel) {
        return reasons; // nothing is to be waited for: what is watched there is no data server
    }
    match state {
        Some(ServerState::NotMaster) if seen == 0 => {
            reasons.push(Waiting::ReportsReplica(down_after_ms.saturating_add(ROLE_MS)));
        }
        Some(ServerState::Loading) if seen == 0 => {
            // What a replica without the data could keep is nothing.
            let keeps = group.heir().is_some_and(|heir| heir.lacks.is_none());
            reasons.push(Waiting::Loading(keeps.then(|| group.name.clone())));
        }
        Some(_) | None if seen == 0 => reasons.push(Waiting::NobodyMissesIt(down_after_ms)),
        Some(_) | None if (seen as i64) < group.quorum => {
            reasons.push(Waiting::TooFewHoldItDown { seen, quorum: group.quorum, others: others(group) });
        }
        Some(_) | None => {}
    }
    match state {
        Some(ServerState::Up) => reasons.push(Waiting::AnswersHere),
        Some(ServerState::Login(why)) => reasons.push(Waiting::WantsLogin(group.name.clone(), why.clone())),
        Some(_) | None => {}
    }
    let few: Vec<(String, i64)> = group.strangers().map(|(it, known)| (it.short(), known)).collect();
    if !few.is_empty() {
        reasons.push(Waiting::Strangers { few, others: group.heard().saturating_sub(1) });
    }
    let needed = group.needed();
    if group.acting() < needed {
        reasons.push(Waiting::NoMajority { acting: group.acting(), needed, voters: group.voters });
    }
    if group.candidates.is_empty() {
        let replica = |server: &&ServerStatus| server.role == Role::Replica && server.at != group.master;
        reasons.push(Waiting::NoReplica(group.servers.iter().filter(replica).count()));
    } else if group.heir().is_none() {
        let refused = group.candidates.iter().filter_map(|it| Some((it.at.clone(), it.refusal?)));
        reasons.push(Waiting::NoneFit(refused.collect()));
    }
    match odown_ms {
        Some(down_ms) if reasons.is_empty() && down_ms > PROMPT_MS => {
            reasons.push(Waiting::NotYet { pause_ms: group.failover_timeout_ms.saturating_mul(2), down_ms });
        }
        Some(_) | None => {}
    }
    reasons
}

fn others(group: &GroupStatus) -> Vec<(String, NotHolding)> {
    let others = group.sentinels.iter().filter(|sentinel| !group.holds_down(sentinel));
    let why = |sentinel: &SentinelStatus| match &sentinel.state {
        SentinelState::Tilt(_) => NotHolding::Tilt,
        SentinelState::Silent(failure, _) if failure.is_login() => NotHolding::Login,
        SentinelState::Silent(..) => NotHolding::Silent,
        SentinelState::Up if sentinel.names.as_ref() != Some(&group.master) => NotHolding::NamesAnother,
        SentinelState::Up => {
            NotHolding::NotYet { heard_ms: sentinel.heard_ms, down_after_ms: sentinel.down_after_ms }
        }
    };
    others.map(|sentinel| (sentinel.short(), why(sentinel))).collect()
}
