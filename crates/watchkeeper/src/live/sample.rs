//! Deployments for the tests of what shows them.

use super::choice::{Candidate, Odds, Refusal};
use super::model::{
    Doubt, GroupStatus, MasterDown, Problem, Role, SentinelState, SentinelStatus, ServerState, ServerStatus,
    Status, Vote, Writable,
};
use super::waiting::{NotHolding, Waiting};
use crate::ask::{Endpoint, Failure};

fn server(port: u16, above: Option<u16>, depth: usize, branch: &str) -> ServerStatus {
    let replica = above.is_some();
    ServerStatus {
        at: Endpoint::new("10.0.0.1", port),
        branch: branch.to_owned(),
        depth,
        role: if replica { Role::Replica } else { Role::Master },
        follows: above.map(|port| Endpoint::new("10.0.0.1", port)),
        state: if replica { ServerState::InStep } else { ServerState::Up },
        lag_bytes: replica.then_some(14),
        lag_s: replica.then_some(1),
        offset: Some(5000),
        priority: Some(100),
        keys: Some(7),
        version: "redis 7.0.15".to_owned(),
        down_by: 0,
    }
}

fn sentinel(port: u16, id: char) -> SentinelStatus {
    SentinelStatus {
        at: Endpoint::new("10.0.0.1", port),
        id: id.to_string().repeat(40),
        state: SentinelState::Up,
        names: Some(Endpoint::new("10.0.0.1", 6379)),
        config_epoch: Some(3),
        master_down: MasterDown::No,
        knows: Some((2, 2)),
        heard_ms: Some(900),
        down_after_ms: Some(2000),
        vote: Some(Vote { leader: "a".repeat(40), epoch: 3 }),
        version: "watchkeeper 0.1.0".to_owned(),
    }
}

/// A chain of three servers with three sentinels.
pub(crate) fn chain(name: &str) -> GroupStatus {
    let candidate = |port: u16, depth| Candidate {
        at: Endpoint::new("10.0.0.1", port),
        refusal: None,
        priority: 100,
        offset: 5000,
        depth,
        odds: Odds::Near,
        in_step: true,
        lacks: None,
    };
    GroupStatus {
        name: name.to_owned(),
        master: Endpoint::new("10.0.0.1", 6379),
        config_epoch: 3,
        master_for_ms: Some(720_000),
        quorum: 2,
        quorums: vec![2, 2, 2],
        voters: 3,
        failover_timeout_ms: 10_000,
        writable: Writable::Yes,
        servers: vec![
            server(6379, None, 0, ""),
            server(6380, Some(6379), 1, "└─ "),
            server(6381, Some(6380), 2, "   └─ "),
        ],
        sentinels: vec![sentinel(26379, 'a'), sentinel(26380, 'b'), sentinel(26381, 'c')],
        failover: None,
        candidates: vec![candidate(6380, 0), candidate(6381, 1)],
        waiting: Vec::new(),
        problems: Vec::new(),
        reach: String::new(),
    }
}

/// The same with a dead master, which one sentinel misses, and no replica to promote.
pub(crate) fn stuck(name: &str) -> GroupStatus {
    let mut group = chain(name);
    let refused = Failure::Unreachable("Connection refused".to_owned());
    group.writable = Writable::No;
    group.servers[0].state = ServerState::Silent(refused.clone());
    group.servers[0].role = Role::Unknown;
    group.servers[0].down_by = 1;
    group.servers[1].state = ServerState::LinkDown(Some(4));
    group.servers[1].priority = Some(0);
    group.sentinels[0].master_down = MasterDown::Subjectively;
    group.sentinels[2].state = SentinelState::Silent(refused.clone(), Doubt::NobodyHearsIt);
    for candidate in &mut group.candidates {
        candidate.refusal = Some(Refusal::PriorityZero);
        candidate.odds = Odds::Out;
    }
    group.problems = vec![
        Problem::MasterSilent(refused),
        Problem::HeldForDown(1),
        Problem::NoMajority,
        Problem::NoCandidate,
    ];
    let not_yet = NotHolding::NotYet { heard_ms: Some(900), down_after_ms: Some(2000) };
    let others = vec![("bbbbbbbb".to_owned(), not_yet), ("cccccccc".to_owned(), NotHolding::Silent)];
    group.waiting = vec![
        Waiting::TooFewHoldItDown { seen: 1, quorum: 2, others },
        Waiting::NoneFit(vec![
            (Endpoint::new("10.0.0.1", 6380), Refusal::PriorityZero),
            (Endpoint::new("10.0.0.1", 6381), Refusal::LinkDownTooLong(31_000, 20_000)),
        ]),
    ];
    group
}

/// A deployment of these groups.
pub(crate) fn status(groups: Vec<GroupStatus>) -> Status {
    Status { unix_ms: 1_795_398_390_111, groups, unheard: Vec::new(), answered: 3 }
}

/// Fails if `shown` is not what the file of this name has. WRITE_REPORTS=1 writes it: look at it before it is kept.
pub(crate) fn assert_screen(name: &str, shown: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/live/screens").join(name);
    if std::env::var_os("WRITE_REPORTS").is_some() {
        std::fs::write(&path, shown).expect("the file can be written");
    }
    let wanted = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(wanted == shown, "{} is not what is shown:\n{shown}", path.display());
}
