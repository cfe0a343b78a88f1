//! What happened in the world, as the properties see it: a closed list, made where it happens (in
//! [`crate::sentinel_process`], the servers, the writers), so that no property has to read bytes.

use std::net::SocketAddr;

use watchkeeper_core::io::Version;
use watchkeeper_core::view::GroupView;
use watchkeeper_core::{Config, Event};

use crate::process::ProcId;

/// One observation.
#[derive(Debug, Clone)]
pub enum Fact {
    /// a process began to run, for the first time or again
    Booted {
        /// which
        who: ProcId,
    },
    /// a process ended
    Died {
        /// which
        who: ProcId,
    },
    /// a sentinel of ours emitted an event
    Event {
        /// which sentinel
        who: ProcId,
        /// the event
        event: Event,
    },
    /// a sentinel asked a peer for its vote
    AskSent {
        /// which sentinel
        who: ProcId,
        /// the peer's address
        to: SocketAddr,
        /// the master asked about
        master: SocketAddr,
        /// the epoch of the candidacy
        epoch: u64,
        /// the id of the candidate
        candidate: String,
    },
    /// a sentinel told somebody whom it voted for
    VoteTold {
        /// which sentinel
        who: ProcId,
        /// the master asked about
        master: SocketAddr,
        /// the id it named
        leader: String,
        /// in which epoch
        epoch: u64,
    },
    /// a sentinel told somebody that it holds a master for down
    DownTold {
        /// which sentinel
        who: ProcId,
        /// the master asked about
        master: SocketAddr,
    },
    /// a sentinel is about to make a server a master; [`Fact::OrderSent`] follows
    Chosen {
        /// which sentinel
        who: ProcId,
        /// the server's address
        server: SocketAddr,
        /// what the sentinel knew of the group at that instant; nothing if the server is in none
        group: Option<Box<GroupView>>,
    },
    /// a sentinel told a server whom to follow
    OrderSent {
        /// which sentinel
        who: ProcId,
        /// the server's address
        server: SocketAddr,
        /// whom to follow; `None`: be a master
        follow: Option<SocketAddr>,
    },
    /// a sentinel sent a hello, to a server's channel or to a peer
    HelloSent {
        /// which sentinel
        who: ProcId,
        /// where it went
        to: SocketAddr,
        /// its current epoch
        current_epoch: u64,
        /// the group
        group: String,
        /// the master it names
        master: SocketAddr,
        /// the config epoch of that
        config_epoch: u64,
    },
    /// a sentinel began to write its file
    WriteBegun {
        /// which sentinel
        who: ProcId,
        /// which state
        version: Version,
        /// what is written
        config: Box<Config>,
    },
    /// that write ended, and the sentinel was told
    WriteEnded {
        /// which sentinel
        who: ProcId,
        /// which state
        version: Version,
        /// whether it is on disk
        ok: bool,
    },
    /// a sentinel starts a failover because a user asked for it; the events of that follow
    FailoverForced {
        /// which sentinel
        who: ProcId,
        /// of which group
        group: String,
        /// the epoch of the failover
        epoch: u64,
    },
    /// a server changed whom it follows, by order or by its own restart
    Follows {
        /// which server
        who: ProcId,
        /// its new master; `None`: it is a master
        master: Option<SocketAddr>,
    },
    /// a replica began to load a whole copy from its master and answers nobody's reads meanwhile
    SyncBegun {
        /// which server
        who: ProcId,
        /// from whom
        master: SocketAddr,
    },
    /// it ended
    SyncEnded {
        /// which server
        who: ProcId,
    },
    /// a server acknowledged a write to a writer, who has the answer
    Acked {
        /// which writer
        writer: ProcId,
        /// which server
        server: SocketAddr,
        /// the number written; each is written once in a world
        value: u64,
    },
    /// a fault was injected or taken away; in words, for the trace
    Fault {
        /// what
        text: String,
    },
}
