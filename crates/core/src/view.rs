//! A plain picture of a sentinel: owned, public, without behaviour. The simulator's properties read it; whatever
//! shows a sentinel to people can.
//!
//! It holds what was true after the last step; ages are as of that step. Nothing in the core reads it back.

use std::net::SocketAddr;

use crate::addr::Addr;
use crate::failover::Failover;
use crate::group::Group;
use crate::id::{GroupName, SentinelId};
use crate::io::Version;
use crate::peer::Peer;
use crate::sentinel::Sentinel;
use crate::server::{Reconf, Server};
use crate::shared::Shared;
use crate::time::Mono;

pub use crate::gauges::Gauge;

/// A sentinel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// its id
    pub id: SentinelId,
    /// the newest epoch it knows
    pub current_epoch: u64,
    /// since when it is in TILT
    pub tilt_since: Option<Mono>,
    /// the newest state known to be on disk
    pub durable: Version,
    /// the groups it watches, in the order they were added
    pub groups: Vec<GroupView>,
    /// every queue and table with its limit
    pub gauges: Vec<Gauge>,
}

/// A monitored group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupView {
    /// its name
    pub name: GroupName,
    /// the master
    pub master: MasterView,
    /// whether the group goes in a circle and all its replicas have been without a source for too long
    pub only_old_data: bool,
    /// where clients are sent: the promoted replica from the moment its promotion is confirmed
    pub current: Place,
    /// the epoch of the configuration
    pub config_epoch: u64,
    /// whether the configuration is on disk
    pub config_on_disk: bool,
    /// the last vote given
    pub vote: VoteView,
    /// votes needed to agree that the master is down
    pub quorum: u32,
    /// votes needed to be elected: the majority of all known sentinels, or the quorum where that is more
    pub votes_needed: usize,
    /// since when the quorum agrees that the master is down
    pub odown_since: Option<Mono>,
    /// the failover of this sentinel that runs
    pub failover: Option<FailoverView>,
    /// replicas told to follow a new master at the same time
    pub parallel_syncs: u32,
    /// milliseconds of silence after which an instance is held for down
    pub down_after_ms: u64,
    /// milliseconds a phase of a failover may take, and more
    pub failover_timeout_ms: u64,
    /// the replicas, in the order they were found
    pub replicas: Vec<ReplicaView>,
    /// the other sentinels, by id
    pub peers: Vec<PeerView>,
}

/// A master.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MasterView {
    /// where it is
    pub place: Place,
    /// whether it is subjectively down
    pub sdown: bool,
    /// for how many milliseconds it has been, or has already been no master
    pub down_for_ms: Option<u64>,
    /// whether there is a working command link
    pub connected: bool,
    /// what it reports to be
    pub role: RoleView,
    /// milliseconds since its last INFO
    pub info_age_ms: Option<u64>,
    /// how many keys it has, if it said
    pub keys: Option<u64>,
    /// whether it loads its data, as reported: it has more than it says
    pub loading: bool,
    /// the id of its process
    pub run_id: Option<String>,
}

/// A replica.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplicaView {
    /// where it is
    pub place: Place,
    /// whether it is subjectively down
    pub sdown: bool,
    /// whether there is a working command link
    pub connected: bool,
    /// for how many milliseconds both its links have existed; `None` if one does not
    pub linked_ms: Option<u64>,
    /// what it reports to be
    pub role: RoleView,
    /// `replica-priority` as reported
    pub priority: i64,
    /// replication offset as reported
    pub offset: u64,
    /// the id of its process
    pub run_id: Option<String>,
    /// milliseconds without its master, or its parent without its own, as reported; -1000 for one that never had it
    pub link_down_ms: i64,
    /// whom it follows as reported: host and port
    pub follows: Option<(String, u16)>,
    /// how many replicas are between it and the master; 0 in a star
    pub depth: usize,
    /// whether it reports its link to the master as up
    pub link_up: bool,
    /// it reports that its link was never up since it began to follow
    pub link_never_up: bool,
    /// whether it loads its data, as reported
    pub loading: bool,
    /// whether it receives a whole copy, as reported
    pub syncing: bool,
    /// how many keys it has, if it says
    pub keys: Option<u64>,
    /// milliseconds since its last INFO
    pub info_age_ms: Option<u64>,
    /// how far it has come in following the promoted replica
    pub reconf: ReconfView,
    /// it was this group's master before the last switch and has not been seen as a replica since
    pub former_master: bool,
    /// this process of it has reported to be a replica: what it does as a master, it was told
    pub seen_as_replica: bool,
    /// it restarted as a master that nobody promoted
    pub self_made: bool,
    /// why it would not be promoted now
    pub refusal: Option<String>,
}

/// Another sentinel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerView {
    /// its id
    pub id: SentinelId,
    /// where it is
    pub place: Place,
    /// connected and not down
    pub up: bool,
    /// whether it is subjectively down
    pub sdown: bool,
    /// it says that the master is down
    pub master_down: bool,
    /// whom it voted for, as far as it told us
    pub vote: Option<SentinelId>,
    /// and in which epoch
    pub vote_epoch: u64,
}

/// A vote given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoteView {
    /// whom; not remembered across restarts
    pub leader: Option<SentinelId>,
    /// its epoch
    pub epoch: u64,
    /// whether it is on disk
    pub on_disk: bool,
}

/// A failover in progress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailoverView {
    /// the word of `failover-state`
    pub phase: &'static str,
    /// of this attempt
    pub epoch: u64,
    /// asked for by a user
    pub forced: bool,
    /// the replica chosen
    pub promoted: Option<Place>,
    /// when it began
    pub started_at: Mono,
}

/// An address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// as configured or announced
    pub host: String,
    /// 0 marks an address that is never dialled
    pub port: u16,
    /// where connections go, once the host is resolved
    pub at: Option<SocketAddr>,
}

/// What a server reports to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoleView {
    /// a master
    Master,
    /// a replica
    Replica,
}

/// How far a replica has come in following the promoted one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReconfView {
    /// not told
    None,
    /// told
    Sent,
    /// it reports the new master
    InProgress,
    /// its link to the new master is up, or it was given up
    Done,
}

impl Sentinel {
    /// The picture of this sentinel after its last step.
    pub fn view(&self) -> View {
        let mut gauges = Vec::new();
        self.each_gauge(&mut |gauge| gauges.push(gauge));
        View {
            id: self.sh.myid.clone(),
            current_epoch: self.sh.epoch.0,
            tilt_since: self.sh.tilt,
            durable: self.sh.disk.on_disk(),
            groups: self.groups.values().map(|group| group_view(group, &self.sh)).collect(),
            gauges,
        }
    }

    /// The picture of one group.
    pub fn group_view(&self, name: &GroupName) -> Option<GroupView> {
        let group = self.groups.get(self.by_name.get(name)?)?;
        Some(group_view(group, &self.sh))
    }

    /// The newest epoch this sentinel knows.
    pub fn current_epoch(&self) -> u64 {
        self.sh.epoch.0
    }

    /// Its id.
    pub fn id(&self) -> &SentinelId {
        &self.sh.myid
    }

    /// Since when it is in TILT.
    pub fn tilt_since(&self) -> Option<Mono> {
        self.sh.tilt
    }
}

fn group_view(group: &Group, sh: &Shared) -> GroupView {
    GroupView {
        name: group.name.clone(),
        master: master_view(group, sh),
        only_old_data: group.only_old_data(sh),
        current: Place::of(group.current_addr()),
        config_epoch: group.config_epoch.0,
        config_on_disk: sh.disk.durable(group.config_version),
        vote: VoteView {
            leader: group.vote.leader.clone(),
            epoch: group.vote.epoch.0,
            on_disk: sh.disk.durable(group.vote.version),
        },
        quorum: group.conf.quorum,
        votes_needed: group.majority().max(group.conf.quorum as usize),
        odown_since: group.odown,
        failover: group.failover.as_ref().map(|failover| failover_view(failover, group)),
        parallel_syncs: u32::try_from(group.conf.parallel_syncs).unwrap_or(0),
        down_after_ms: group.conf.down_after_ms,
        failover_timeout_ms: group.conf.failover_timeout_ms,
        replicas: group.replicas.values().map(|replica| replica_view(replica, group, sh)).collect(),
        peers: group.peers.values().map(|peer| peer_view(peer, sh)).collect(),
    }
}

fn master_view(group: &Group, sh: &Shared) -> MasterView {
    let master = &group.master;
    MasterView {
        place: Place::of(&master.addr),
        sdown: master.down.is,
        down_for_ms: group.outage_ms(sh.now.mono),
        connected: master.cmd.up,
        role: RoleView::of(master),
        info_age_ms: master.info_at.map(|at| sh.now.mono.since(at)),
        keys: master.data.keys,
        loading: master.data.loading,
        run_id: master.run_id.as_ref().map(|id| id.0.clone()),
    }
}

fn replica_view(replica: &Server, group: &Group, sh: &Shared) -> ReplicaView {
    ReplicaView {
        place: Place::of(&replica.addr),
        sdown: replica.down.is,
        connected: replica.cmd.up,
        linked_ms: (!replica.disconnected())
            .then(|| sh.now.mono.since(replica.cmd.since.max(replica.pubsub.since))),
        role: RoleView::of(replica),
        priority: replica.priority,
        offset: replica.offset,
        run_id: replica.run_id.as_ref().map(|id| id.0.clone()),
        link_down_ms: group.cut_off_ms(replica, sh),
        follows: replica.master_host.clone().map(|host| (host, replica.master_port)),
        depth: group.depth(replica.id, sh),
        link_up: replica.link_up,
        link_never_up: !replica.link_up && replica.link_down_ms < 0,
        loading: replica.data.loading,
        syncing: replica.data.syncing,
        keys: replica.data.keys,
        info_age_ms: replica.info_at.map(|at| sh.now.mono.since(at)),
        reconf: match replica.reconf {
            Reconf::None => ReconfView::None,
            Reconf::Sent(_) => ReconfView::Sent,
            Reconf::InProgress => ReconfView::InProgress,
            Reconf::Done => ReconfView::Done,
        },
        former_master: replica.former_master,
        seen_as_replica: replica.seen_as_replica,
        self_made: replica.self_made,
        refusal: group.refusal(replica, sh).map(|refusal| refusal.to_string()),
    }
}

fn peer_view(peer: &Peer, sh: &Shared) -> PeerView {
    PeerView {
        id: peer.id.clone(),
        place: Place::of(&peer.addr),
        up: peer.is_up(sh),
        sdown: peer.down.is,
        master_down: peer.master_down,
        vote: peer.vote.clone(),
        vote_epoch: peer.vote_epoch,
    }
}

fn failover_view(failover: &Failover, group: &Group) -> FailoverView {
    let promoted = failover.promoted.and_then(|id| group.replicas.get(&id));
    FailoverView {
        phase: failover.phase.wire_name(),
        epoch: failover.epoch.0,
        forced: failover.forced,
        promoted: promoted.map(|replica| Place::of(&replica.addr)),
        started_at: failover.started_at,
    }
}

impl Place {
    fn of(addr: &Addr) -> Place {
        Place { host: addr.host.clone(), port: addr.port, at: addr.socket() }
    }
}

impl RoleView {
    fn of(server: &Server) -> RoleView {
        match server.role {
            crate::info::Role::Master => RoleView::Master,
            crate::info::Role::Replica => RoleView::Replica,
        }
    }
}
