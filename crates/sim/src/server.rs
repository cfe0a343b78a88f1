//! A data server, as a sentinel, a replica and a client see one.

use std::net::SocketAddr;

use crate::process::Happening;
use crate::time::Time;
use crate::world::Ctx;

/// What servers tell each other.
#[derive(Debug)]
pub enum Repl {}

/// How a server is configured.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// `replica-priority`
    pub priority: u32,
    /// it keeps its data over a restart (an append-only file); else it returns empty
    pub persistent: bool,
    /// `CONFIG REWRITE` works: over a restart it remembers whom it follows
    pub rewritable: bool,
    /// `min-replicas-to-write`; 0: off
    pub min_replicas: u32,
    /// how long loading its data takes at a start, in microseconds; it answers -LOADING meanwhile
    pub loading_us: u64,
    /// how long a full copy to it takes, in microseconds
    pub full_sync_us: u64,
    /// `replica-announced`
    pub announced: bool,
    /// whom it follows at first
    pub follows: Option<SocketAddr>,
}

impl Default for ServerOptions {
    fn default() -> ServerOptions {
        ServerOptions {
            priority: 100,
            persistent: true,
            rewritable: true,
            min_replicas: 0,
            loading_us: 0,
            full_sync_us: 50_000,
            announced: true,
            follows: None,
        }
    }
}

/// See the module.
#[derive(Debug)]
pub struct Server {
    options: ServerOptions,
}

impl Server {
    /// A server that has never run.
    pub fn new(options: ServerOptions) -> Server {
        Server { options }
    }
    /// How it is configured.
    pub fn options(&self) -> &ServerOptions {
        &self.options
    }

    pub(crate) fn deadline(&self, _ctx: &Ctx<'_>) -> Option<Time> {
        None
    }
    pub(crate) fn handle(&mut self, _what: Happening, _ctx: &mut Ctx<'_>) {}
}
