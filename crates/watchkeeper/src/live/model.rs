//! A deployment as it is shown. Plain data; where it comes from is `build`.

use std::collections::BTreeSet;

use super::choice::{Candidate, Lacking, Odds};
use super::waiting::Waiting;
use crate::ask::{Endpoint, Failure};

/// A deployment at one time.
#[derive(Debug, Clone)]
pub struct Status {
    /// when it was asked, in milliseconds since 1970
    pub unix_ms: u64,
    /// the groups, in the order of the sentinels
    pub groups: Vec<GroupStatus>,
    /// sentinels that were named by the person who asks and did not answer
    pub unheard: Vec<(Endpoint, Failure)>,
    /// how many sentinels answered
    pub answered: usize,
}

/// How it stands, which is the exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// every group is as it should be
    Fine,
    /// one is not
    Wrong,
    /// nobody could be asked, or nobody knows such a group
    Unknown,
}

/// A group.
#[derive(Debug, Clone)]
pub struct GroupStatus {
    /// its name
    pub name: String,
    /// the master, by the newest configuration that a sentinel has
    pub master: Endpoint,
    /// the epoch of that configuration
    pub config_epoch: i64,
    /// for how long a sentinel has seen it as master at least, in milliseconds
    pub master_for_ms: Option<i64>,
    /// sentinels needed to hold the master for down
    pub quorum: i64,
    /// the same by each sentinel that answers, the least first
    pub quorums: Vec<i64>,
    /// sentinels that are known, those that are down included
    pub voters: usize,
    /// `failover-timeout`, in milliseconds
    pub failover_timeout_ms: i64,
    /// whether clients can write
    pub writable: Writable,
    /// its servers, in the order they are drawn
    pub servers: Vec<ServerStatus>,
    /// its sentinels
    pub sentinels: Vec<SentinelStatus>,
    /// a failover that runs
    pub failover: Option<FailoverNow>,
    /// its replicas, the one that would be promoted first
    pub candidates: Vec<Candidate>,
    /// why nothing happens although the master is not there
    pub waiting: Vec<Waiting>,
    /// what is not as it should be, the worst first
    pub problems: Vec<Problem>,
    /// the options with which our other commands reach it, each behind a blank
    pub reach: String,
}

/// Whether clients can write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Writable {
    /// the master answers and says that it is one
    Yes,
    /// it does, and takes no writes: fewer replicas are near enough than `min-replicas-to-write` wants
    Refused,
    /// it does not
    No,
    /// it wants a login that was not given, or does not tell how many replicas writes depend on
    Unknown,
}

/// What a server says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// a master
    Master,
    /// a replica
    Replica,
    /// nothing: it did not answer
    Unknown,
}

/// How a server does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerState {
    /// a master where one should be
    Up,
    /// a replica that receives its data
    InStep,
    /// a replica that receives the data of a server that is none of this group
    Astray,
    /// a replica that is receiving a copy of everything
    Syncing,
    /// reading its data from disk
    Loading,
    /// a replica without its source, for so many seconds if it says so
    LinkDown(Option<i64>),
    /// a replica where the master should be
    NotMaster,
    /// a master where a replica should be
    SecondMaster,
    /// a replica that a failover has made the master: the sentinels are about to name it
    Promoted,
    /// the master of before, which sentinels that are not yet told of the switch still name
    OldMaster,
    /// it is a sentinel, no data server
    Sentinel,
    /// it did not answer
    Silent(Failure),
    /// it wants a login
    Login(Failure),
}

/// A data server.
#[derive(Debug, Clone)]
pub struct ServerStatus {
    /// where it listens
    pub at: Endpoint,
    /// what is drawn in front of it
    pub branch: String,
    /// servers between it and the top
    pub depth: usize,
    /// what it says it is
    pub role: Role,
    /// whom it follows
    pub follows: Option<Endpoint>,
    /// how it does
    pub state: ServerState,
    /// bytes of the master's history that it has not
    pub lag_bytes: Option<i64>,
    /// seconds since its source heard of it, else since it heard of its source
    pub lag_s: Option<i64>,
    /// where it is in the history
    pub offset: Option<i64>,
    /// its priority: the lowest is promoted first, 0 never
    pub priority: Option<i64>,
    /// how many keys it has; `None` if it does not say, or reads them
    pub keys: Option<i64>,
    /// product and version
    pub version: String,
    /// sentinels that hold it for down
    pub down_by: usize,
}

/// How a sentinel does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SentinelState {
    /// it answers
    Up,
    /// it answers, and does not trust its clock for so many seconds: it does not act
    Tilt(i64),
    /// it did not answer; whether another sentinel hears it
    Silent(Failure, Doubt),
}

/// What other sentinels say of one that did not answer us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// they hear it
    OthersHearIt,
    /// they don't, or there is none to say
    NobodyHearsIt,
}

/// Whether a sentinel holds the master for down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MasterDown {
    /// no
    No,
    /// by itself
    Subjectively,
    /// with a quorum
    Objectively,
}

/// A vote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vote {
    /// the id of who got it
    pub leader: String,
    /// in which epoch
    pub epoch: i64,
}

/// A sentinel.
#[derive(Debug, Clone)]
pub struct SentinelStatus {
    /// where it listens
    pub at: Endpoint,
    /// its id; empty if nobody knows it
    pub id: String,
    /// how it does
    pub state: SentinelState,
    /// whom it names as the master
    pub names: Option<Endpoint>,
    /// the epoch of its configuration
    pub config_epoch: Option<i64>,
    /// whether it holds the master that it names for down
    pub master_down: MasterDown,
    /// sentinels and replicas it knows beside itself
    pub knows: Option<(i64, i64)>,
    /// milliseconds since the last good answer that it had of the master it names
    pub heard_ms: Option<i64>,
    /// after how many milliseconds without one it holds that master for down
    pub down_after_ms: Option<i64>,
    /// its last vote, as others heard it
    pub vote: Option<Vote>,
    /// product and version
    pub version: String,
}

/// A failover that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailoverNow {
    /// the phase, in the words of the wire: `select_slave`
    pub phase: String,
    /// the sentinel that does it
    pub by: Endpoint,
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// the master does not answer
    MasterSilent(Failure),
    /// the master says it is a replica
    MasterIsReplica,
    /// what is watched there is a sentinel, no data server
    SentinelWatched(Endpoint),
    /// the master reads its data
    MasterLoading,
    /// the master has no keys, and these replicas still have theirs, of another history: they lose them once they are connected
    MasterEmpty(Vec<Endpoint>),
    /// a server of the group is in another one, of this name, too: it is the master there
    TwoGroups(Endpoint, String),
    /// the master takes no writes: too few replicas are near enough
    WritesRefused,
    /// it is not known whether the master can be written to
    LoginNeeded(Failure),
    /// sentinels hold the master for down
    HeldForDown(usize),
    /// a failover runs
    FailoverRuns,
    /// another server says it is a master
    SecondMaster(Endpoint),
    /// the master of before says it is one, and sentinels still name it
    OldMaster(Endpoint),
    /// so many sentinels name a master of before: they are not yet told of the switch
    NotYetTold(usize),
    /// so many sentinels name another master, though their configuration is as new
    Disagreement(usize),
    /// a replica does not answer
    ReplicaSilent(Endpoint),
    /// a replica does not receive its data
    ReplicaBehind(Endpoint),
    /// a sentinel does not answer
    SentinelSilent(Endpoint),
    /// a sentinel refuses the login, or wants one
    SentinelLogin(Endpoint, Failure),
    /// a sentinel does not act
    SentinelTilt(Endpoint),
    /// so many sentinels that answer know fewer others than there are
    Strangers(usize),
    /// the sentinels have different quorums
    QuorumsDiffer,
    /// fewer sentinels are up than a failover needs
    NoMajority,
    /// enough are, and so many of them do not hear enough of the others
    SeeTooFew(usize),
    /// enough are, and so many of them have a quorum of more sentinels than there are
    QuorumTooHigh(usize),
    /// no replica could be promoted
    NoCandidate,
}

impl Status {
    /// Says with which options our other commands reach the deployment, each behind a blank: hints name such commands.
    pub fn reached_with(&mut self, options: &str) {
        for group in &mut self.groups {
            options.clone_into(&mut group.reach);
        }
    }

    /// How all of it stands.
    pub fn verdict(&self) -> Verdict {
        if self.groups.is_empty() {
            return Verdict::Unknown;
        }
        if self.groups.iter().all(|group| group.problems.is_empty()) { Verdict::Fine } else { Verdict::Wrong }
    }
}

impl GroupStatus {
    /// The server at this place.
    pub fn server(&self, at: &Endpoint) -> Option<&ServerStatus> {
        self.servers.iter().find(|server| server.at == *at)
    }

    /// The replicas that still have what a master without keys has lost.
    pub fn keeping(&self) -> &[Endpoint] {
        for problem in &self.problems {
            if let Problem::MasterEmpty(keeping) = problem {
                return keeping;
            }
        }
        &[]
    }

    /// The other groups of which a server of this one is the master.
    pub fn other_names(&self) -> BTreeSet<&str> {
        let mut names = BTreeSet::new();
        for problem in &self.problems {
            if let Problem::TwoGroups(_, other) = problem {
                names.insert(other.as_str());
            }
        }
        names
    }

    /// Whom the server follows that should be the master, if that is nobody who is known in this group, and whether it has a
    /// link to it.
    pub fn outsider(&self) -> Option<(&Endpoint, bool)> {
        let master = self.server(&self.master).filter(|it| it.state == ServerState::NotMaster)?;
        // One below whom it is drawn has another address here.
        let follows = master.follows.as_ref().filter(|at| master.depth == 0 && self.server(at).is_none())?;
        // Only who has a link says when it heard of its source.
        Some((follows, master.lag_s.is_some()))
    }

    /// Whether everything that a second master has is lost with it: the one that sentinels name has no keys.
    pub fn is_only_copy(&self, at: &Endpoint) -> bool {
        let keys = |at: &Endpoint| self.server(at).and_then(|server| server.keys);
        keys(&self.master) == Some(0) && keys(at).is_some_and(|keys| keys > 0)
    }

    /// Whether a server that does not say what it has, as it is silent or reads its data, may have all that a master without
    /// keys has not. One that reads what its master sent has no more than that.
    pub fn may_be_only_copy(&self, at: &Endpoint) -> bool {
        let empty = self.server(&self.master).is_some_and(|master| master.keys == Some(0));
        empty
            && self.server(at).is_some_and(|server| match server.state {
                ServerState::Silent(_) => true,
                ServerState::Loading => server.role == Role::Master,
                ServerState::Up
                | ServerState::InStep
                | ServerState::Astray
                | ServerState::Syncing
                | ServerState::LinkDown(_)
                | ServerState::NotMaster
                | ServerState::SecondMaster
                | ServerState::Promoted
                | ServerState::OldMaster
                | ServerState::Sentinel
                | ServerState::Login(_) => false,
            })
    }

    /// Whether the group is another name of one whose master all follow: the group there, if it is.
    pub fn other_name(&self) -> Option<&str> {
        let follows =
            self.server(&self.master).filter(|it| it.state == ServerState::NotMaster)?.follows.as_ref()?;
        for problem in &self.problems {
            if let Problem::TwoGroups(at, other) = problem {
                if at == follows {
                    return Some(other);
                }
            }
        }
        None
    }

    /// Whether a server receives the data of this master, through others or not.
    pub fn follows_master(&self, at: &Endpoint) -> bool {
        let Some(mut place) = self.servers.iter().position(|server| server.at == *at) else { return false };
        loop {
            let server = &self.servers[place];
            if server.depth == 0 {
                return server.at == self.master;
            }
            if server.state != ServerState::InStep {
                return false;
            }
            // It is drawn below whom it follows.
            let above = self.servers[..place].iter().rposition(|other| other.depth < server.depth);
            let Some(above) = above else { return false };
            place = above;
        }
    }

    /// How many sentinels answer.
    pub fn heard(&self) -> usize {
        self.sentinels.iter().filter(|it| !matches!(it.state, SentinelState::Silent(..))).count()
    }

    /// The sentinels that answer and know fewer others than answer, with how many each knows.
    pub fn strangers(&self) -> impl Iterator<Item = (&SentinelStatus, i64)> {
        let heard = self.heard();
        let known = self.sentinels.iter().filter_map(|it| Some((it, it.knows?.0)));
        known.filter(move |(_, known)| usize::try_from(*known).unwrap_or(0) + 1 < heard)
    }

    /// The sentinels that hold the master for down.
    pub fn holding_down(&self) -> usize {
        self.sentinels.iter().filter(|sentinel| self.holds_down(sentinel)).count()
    }

    /// Whether a sentinel holds this master for down: what it says of another one is not said of this.
    pub fn holds_down(&self, sentinel: &SentinelStatus) -> bool {
        sentinel.master_down != MasterDown::No && sentinel.names.as_ref() == Some(&self.master)
    }

    /// Whether a sentinel misses this master alone, and that answers us: it is refused there, or has no way to it, and what
    /// it says of replicas is as wrong.
    pub fn misses_alone(&self, sentinel: &SentinelStatus) -> bool {
        let state = self.server(&self.master).map(|server| &server.state);
        self.holds_down(sentinel)
            && sentinel.master_down == MasterDown::Subjectively
            && matches!(state, Some(ServerState::Up | ServerState::Login(_)))
    }

    /// Whether this sentinel does the failover that runs.
    pub fn leads(&self, sentinel: &SentinelStatus) -> bool {
        self.failover.as_ref().is_some_and(|now| now.by == sentinel.at)
    }

    /// The replica that the failover that runs has made a master.
    pub fn promoted(&self) -> Option<&Endpoint> {
        self.servers.iter().find(|server| server.state == ServerState::Promoted).map(|server| &server.at)
    }

    /// The sentinels that answer and act.
    pub fn acting(&self) -> usize {
        self.sentinels.iter().filter(|sentinel| sentinel.state == SentinelState::Up).count()
    }

    /// How many sentinels a failover takes: a majority to elect one of them, and the quorum to miss the master.
    pub fn needed(&self) -> usize {
        self.majority().max(usize::try_from(self.quorum).unwrap_or(0))
    }

    /// Whether not all sentinels have the same quorum.
    pub fn quorums_differ(&self) -> bool {
        self.quorums.first() != self.quorums.last()
    }

    /// How many sentinels must agree on who does a failover.
    pub fn majority(&self) -> usize {
        self.voters / 2 + 1
    }

    /// The replica that would most likely be promoted now.
    pub fn heir(&self) -> Option<&Candidate> {
        self.candidates.iter().find(|candidate| candidate.refusal.is_none())
    }

    /// Those that are as good as the heir, as far as can be told: between them it is decided by how old the INFO is that the
    /// sentinel goes by, and by the smallest run id.
    pub fn equals(&self) -> Vec<&Candidate> {
        let Some(heir) = self.heir() else { return Vec::new() };
        let rank = |it: &Candidate| (it.odds, it.lacks, it.in_step, it.depth);
        let others = self.candidates.iter().filter(|it| it.refusal.is_none() && it.at != heir.at);
        others.filter(|it| rank(it) == rank(heir)).collect()
    }

    /// Replicas that a sentinel may well promote now although they have not got the group's data, and why not.
    pub fn unready(&self) -> Vec<(&Endpoint, Lacking)> {
        let likely = self.candidates.iter().filter(|it| it.odds != Odds::Out);
        likely.filter_map(|it| Some((&it.at, it.lacks?))).collect()
    }

    /// How many of the sentinels that answer are not Watchkeeper, and how many answer.
    pub fn foreign(&self) -> (usize, usize) {
        let answering = || self.sentinels.iter().filter(|it| !matches!(it.state, SentinelState::Silent(..)));
        (answering().filter(|it| !it.is_ours()).count(), answering().count())
    }
}

impl SentinelState {
    /// The refusal, if it refuses the login or wants one.
    pub fn login(&self) -> Option<&Failure> {
        match self {
            SentinelState::Silent(why, _) if why.is_login() => Some(why),
            SentinelState::Silent(..) | SentinelState::Up | SentinelState::Tilt(_) => None,
        }
    }
}

impl SentinelStatus {
    /// Whether it is Watchkeeper, which says so; not known of one that does not answer.
    pub fn is_ours(&self) -> bool {
        self.version.starts_with("watchkeeper")
    }

    /// The beginning of its id, else its address.
    pub fn short(&self) -> String {
        if self.id.is_empty() { self.at.to_string() } else { self.id.chars().take(8).collect() }
    }
}
