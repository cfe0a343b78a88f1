//! What lives in the world: processes, one of the kinds of [`Body`], and what can happen to them.
//!
//! A process only reacts: [`Body::handle`] is given one [`Happening`] and acts through [`Ctx`]. It owns no time and no
//! randomness. Killing, pausing and cutting off is done to it by the world, the same way for all kinds.

use std::net::SocketAddr;

use watchkeeper_core::io::DownReason;

use crate::admin::Admin;
use crate::sentinel_process::SentinelProcess;
use crate::server::{Repl, Server};
use crate::time::Time;
use crate::upstream::UpstreamSentinel;
use crate::world::Ctx;
use crate::writer::Writer;

/// A process of the world, for all its incarnations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProcId(pub u32);

/// A connection; never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId(pub u64);

/// What travels on a connection.
#[derive(Debug)]
pub enum Payload {
    /// RESP, whole commands or replies
    Bytes(Vec<u8>),
    /// replication between servers, modelled and not spelled out
    Repl(Box<Repl>),
}

/// What can happen to a process.
#[derive(Debug)]
pub enum Happening {
    /// it begins to run, and remembers only what its disk holds
    Boot,
    /// the deadline it named passed (harmless at any time)
    Wake,
    /// a connection it opened is up
    Up {
        /// which
        conn: ConnId,
        /// its own end
        local: SocketAddr,
    },
    /// somebody connected
    Accepted {
        /// the new connection
        conn: ConnId,
        /// where from
        from: SocketAddr,
    },
    /// something arrived
    Data {
        /// on which connection
        conn: ConnId,
        /// what
        payload: Payload,
    },
    /// a connection could not be opened, or ended without the process closing it
    Down {
        /// which
        conn: ConnId,
        /// why
        reason: DownReason,
    },
    /// a write to its file ended
    Written {
        /// what the process called it
        token: u64,
        /// whether it is on disk
        ok: bool,
    },
}

/// A process of some kind.
#[derive(Debug)]
pub enum Body {
    /// a sentinel that runs the real core
    Sentinel(Box<SentinelProcess>),
    /// a sentinel that behaves with upstream's timing
    Upstream(Box<UpstreamSentinel>),
    /// a data server
    Server(Box<Server>),
    /// a client that finds the master through sentinels and writes numbers
    Writer(Box<Writer>),
    /// a user at a terminal
    Admin(Box<Admin>),
}

impl Body {
    /// Reacts.
    pub(crate) fn handle(&mut self, what: Happening, ctx: &mut Ctx<'_>) {
        match self {
            Body::Sentinel(it) => it.handle(what, ctx),
            Body::Upstream(it) => it.handle(what, ctx),
            Body::Server(it) => it.handle(what, ctx),
            Body::Writer(it) => it.handle(what, ctx),
            Body::Admin(it) => it.handle(what, ctx),
        }
    }

    /// When it wants to be woken at the latest, in the world's time.
    pub(crate) fn deadline(&self, ctx: &Ctx<'_>) -> Option<Time> {
        match self {
            Body::Sentinel(it) => it.deadline(ctx),
            Body::Upstream(it) => it.deadline(ctx),
            Body::Server(it) => it.deadline(ctx),
            Body::Writer(it) => it.deadline(ctx),
            Body::Admin(it) => it.deadline(ctx),
        }
    }
}
