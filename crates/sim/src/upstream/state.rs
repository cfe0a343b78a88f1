//! What such a sentinel remembers of what it watches. All times are wall-clock milliseconds, as upstream's are: a jump
//! of the clock is felt everywhere. What follows from the state is in the other files of this folder.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

use watchkeeper_core::config::GroupConfig;

use crate::process::ConnId;

/// One of the things watched in a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Who {
    Master,
    Replica(SocketAddr),
    Peer(String),
}

/// What every watched thing has.
#[derive(Debug)]
pub(crate) struct Watched {
    pub(crate) addr: SocketAddr,
    pub(crate) link: u64,
    pub(crate) sdown: bool,
    /// when it last became so; 0: never
    pub(crate) sdown_at: i64,
    pub(crate) published_at: i64,
    pub(crate) script_killed: bool,
}

impl Watched {
    pub(crate) fn new(addr: SocketAddr, link: u64, now: i64) -> Watched {
        Watched { addr, link, sdown: false, sdown_at: 0, published_at: now, script_killed: false }
    }
}

/// What a server says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Master,
    Replica,
    /// an INFO without a role
    Unsaid,
}

/// How far a replica is on its way to the new master.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reconf {
    No,
    Sent,
    InProgress,
    Done,
}

/// A master or a replica.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) watched: Watched,
    pub(crate) run_id: Option<String>,
    /// 0: never
    pub(crate) info_at: i64,
    pub(crate) role: Role,
    pub(crate) role_at: i64,
    pub(crate) follows_host: Option<String>,
    pub(crate) follows_port: u16,
    pub(crate) follows_at: i64,
    pub(crate) link_down_ms: i64,
    pub(crate) link_up: bool,
    pub(crate) priority: i64,
    pub(crate) offset: u64,
    pub(crate) reconf: Reconf,
    pub(crate) reconf_at: i64,
}

impl Server {
    pub(crate) fn new(watched: Watched, role: Role, now: i64) -> Server {
        Server {
            watched,
            run_id: None,
            info_at: 0,
            role,
            role_at: now,
            follows_host: None,
            follows_port: 0,
            follows_at: now,
            link_down_ms: 0,
            link_up: false,
            priority: 100,
            offset: 0,
            reconf: Reconf::No,
            reconf_at: 0,
        }
    }

    /// Whether its last report names this address as its master.
    pub(crate) fn follows(&self, addr: SocketAddr) -> bool {
        self.follows_port == addr.port()
            && self.follows_host.as_ref().is_some_and(|host| *host == addr.ip().to_string())
    }
}

/// Another sentinel, in one group.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) watched: Watched,
    pub(crate) answered_at: i64,
    pub(crate) says_down: bool,
    pub(crate) vote: Option<String>,
    pub(crate) vote_epoch: u64,
}

/// Where a failover is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    None,
    WaitStart,
    SelectReplica,
    Promote,
    WaitPromotion,
    Reconfigure,
    Switch,
}

impl Phase {
    pub(crate) fn wire_name(self) -> &'static str {
        match self {
            Phase::None => "none",
            Phase::WaitStart => "wait_start",
            Phase::SelectReplica => "select_slave",
            Phase::Promote => "send_slaveof_noone",
            Phase::WaitPromotion => "wait_promotion",
            Phase::Reconfigure => "reconf_slaves",
            Phase::Switch => "update_config",
        }
    }
}

/// A monitored group.
#[derive(Debug)]
pub(crate) struct Group {
    /// its lines of the file, with the settings; addresses and epochs in it are those of the last write
    pub(crate) config: GroupConfig,
    pub(crate) master: Server,
    pub(crate) replicas: BTreeMap<SocketAddr, Server>,
    pub(crate) peers: BTreeMap<String, Peer>,
    pub(crate) odown: bool,
    pub(crate) odown_at: i64,
    pub(crate) config_epoch: u64,
    pub(crate) leader: Option<String>,
    pub(crate) leader_epoch: u64,
    pub(crate) failover_epoch: u64,
    pub(crate) phase: Phase,
    pub(crate) phase_at: i64,
    /// when the last attempt began, of this sentinel or of one it voted for, and up to 999 ms more
    pub(crate) started_at: i64,
    pub(crate) forced: bool,
    pub(crate) promoted: Option<SocketAddr>,
    pub(crate) delay_logged: i64,
}

impl Group {
    /// The address given to clients and in hellos: that of the promoted replica as soon as it is a master.
    pub(crate) fn current_master(&self) -> SocketAddr {
        match self.promoted {
            Some(promoted) if self.phase >= Phase::Reconfigure => promoted,
            Some(_) | None => self.master.watched.addr,
        }
    }

    pub(crate) fn down_after(&self) -> i64 {
        self.config.down_after_ms as i64
    }

    pub(crate) fn failover_timeout(&self) -> i64 {
        self.config.failover_timeout_ms as i64
    }

    pub(crate) fn server(&self, who: &Who) -> Option<&Server> {
        match who {
            Who::Master => Some(&self.master),
            Who::Replica(addr) => self.replicas.get(addr),
            Who::Peer(_) => None,
        }
    }

    pub(crate) fn server_mut(&mut self, who: &Who) -> Option<&mut Server> {
        match who {
            Who::Master => Some(&mut self.master),
            Who::Replica(addr) => self.replicas.get_mut(addr),
            Who::Peer(_) => None,
        }
    }

    pub(crate) fn watched(&self, who: &Who) -> Option<&Watched> {
        match who {
            Who::Peer(id) => self.peers.get(id).map(|peer| &peer.watched),
            Who::Master | Who::Replica(_) => self.server(who).map(|server| &server.watched),
        }
    }

    pub(crate) fn watched_mut(&mut self, who: &Who) -> Option<&mut Watched> {
        match who {
            Who::Peer(id) => self.peers.get_mut(id).map(|peer| &mut peer.watched),
            Who::Master | Who::Replica(_) => self.server_mut(who).map(|server| &mut server.watched),
        }
    }

    /// `master m ip port`, `slave ip:port ip port @ m ip port`, `sentinel id ip port @ m ip port`.
    pub(crate) fn details(&self, who: &Who) -> String {
        let master = self.master.watched.addr;
        let tail = format!("{} {} {}", self.config.name, master.ip(), master.port());
        match who {
            Who::Master => format!("master {tail}"),
            Who::Replica(at) => format!("slave {at} {} {} @ {tail}", at.ip(), at.port()),
            Who::Peer(id) => match self.peers.get(id).map(|peer| peer.watched.addr) {
                Some(at) => format!("sentinel {id} {} {} @ {tail}", at.ip(), at.port()),
                None => format!("sentinel {id} ? 0 @ {tail}"),
            },
        }
    }

    /// Everything in it, in the order a tick takes.
    pub(crate) fn everybody(&self) -> Vec<Who> {
        let replicas = self.replicas.keys().map(|addr| Who::Replica(*addr));
        let peers = self.peers.keys().map(|id| Who::Peer(id.clone()));
        std::iter::once(Who::Master).chain(replicas).chain(peers).collect()
    }
}

/// What answer is expected next on a command connection.
#[derive(Debug, Clone)]
pub(crate) struct Expect {
    pub(crate) what: Expected,
    pub(crate) group: usize,
    pub(crate) who: Who,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expected {
    Ping,
    Info,
    Publish,
    Ask,
    /// whatever it is
    Ignored,
}

/// The connections to one process. Those to one peer are shared by all groups it is in.
#[derive(Debug)]
pub(crate) struct Link {
    /// something is to be connected; not: everything is up
    pub(crate) disconnected: bool,
    pub(crate) command: Option<ConnId>,
    pub(crate) pubsub: Option<ConnId>,
    pub(crate) command_at: i64,
    pub(crate) pubsub_at: i64,
    pub(crate) heard_at: i64,
    /// when an acceptable answer to PING came
    pub(crate) available_at: i64,
    /// when the oldest PING without an answer was sent; 0: none
    pub(crate) unanswered_since: i64,
    pub(crate) ping_at: i64,
    pub(crate) pong_at: i64,
    pub(crate) tried_at: i64,
    pub(crate) expected: VecDeque<Expect>,
}

impl Link {
    pub(crate) fn new(now: i64) -> Link {
        Link {
            disconnected: true,
            command: None,
            pubsub: None,
            command_at: 0,
            pubsub_at: 0,
            heard_at: 0,
            available_at: now,
            unanswered_since: now,
            ping_at: 0,
            pong_at: now,
            tried_at: 0,
            expected: VecDeque::new(),
        }
    }
}

/// Intervals, in milliseconds.
pub(crate) mod period {
    pub(crate) const INFO: i64 = 10_000;
    pub(crate) const PING: i64 = 1_000;
    pub(crate) const ASK: i64 = 1_000;
    pub(crate) const PUBLISH: i64 = 2_000;
    pub(crate) const TILT_TRIGGER: i64 = 2_000;
    pub(crate) const TILT: i64 = 30_000;
    pub(crate) const RECONF_TIMEOUT: i64 = 10_000;
    pub(crate) const LINK_MIN_AGE: i64 = 15_000;
    pub(crate) const ELECTION: i64 = 10_000;
    pub(crate) const DESYNC: u64 = 1_000;
}
