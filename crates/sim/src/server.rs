//! A data server, as a sentinel, a replica and a client see one: Redis 7 with an append-only file. It answers RESP;
//! replication between servers is modelled message by message ([`Repl`]) with Redis's rules of who may go on from where.
//!
//! [`clients`] has connections and their replies, [`command`] the commands, [`feeding`] what a master does for its
//! replicas, [`following`] what a replica does, [`history`] the stream, [`report`] INFO and ROLE.

mod clients;
mod command;
mod feeding;
mod following;
mod history;
mod report;
mod values;

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

use crate::fact::Fact;
use crate::process::{ConnId, Happening, Payload};
use crate::time::Time;
use crate::world::Ctx;

use clients::{Client, Wait};
use feeding::Replica;
use following::Link;
use history::History;
pub use history::{Command, Id, Item, Message};
pub use values::Values;

/// What servers tell each other.
#[derive(Debug)]
pub enum Repl {
    /// a replica asks to be fed
    Psync {
        /// its address
        from: SocketAddr,
        /// the history it has and how far; `None`: nothing that could be gone on from
        has: Option<(Id, u64)>,
        /// how long the transfer of a whole copy to it takes, in microseconds
        transfer_us: u64,
    },
    /// not now: loading, or without a link to the own master
    Refused,
    /// the stream goes on from where the replica is, as this history
    Continue(Id),
    /// a whole copy will come, of this history up to here
    FullResync(Id, u64),
    /// the copy
    Copy(Values),
    /// the next command
    Stream(Item),
    /// the replica has come so far
    Ack(u64),
    /// the replica is there, and loads
    Alive,
}

/// How a server is configured.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// `replica-priority`
    pub priority: u32,
    /// it keeps its data over a restart (an append-only file); else it returns empty
    pub persistent: bool,
    /// at a restart it has lost what it applied in its last so many microseconds (no fsync, and the power went)
    pub loses_us: u64,
    /// `CONFIG REWRITE` works: over a restart it remembers whom it follows
    pub rewritable: bool,
    /// `min-replicas-to-write`; 0: off
    pub min_replicas: u32,
    /// how long loading its data takes at a start, in microseconds; it answers -LOADING meanwhile
    pub loading_us: u64,
    /// how long a full copy to it takes, in microseconds: three quarters transfer, the rest loading
    pub full_sync_us: u64,
    /// it throws its data away when a full copy begins to come (`repl-diskless-load flush-before-load`); else it keeps it
    /// until the copy is there
    pub diskless_load: bool,
    /// `repl-backlog-size`, in bytes
    pub backlog_bytes: u64,
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
            loses_us: 0,
            rewritable: true,
            min_replicas: 0,
            loading_us: 0,
            full_sync_us: 50_000,
            diskless_load: false,
            backlog_bytes: 1 << 20,
            announced: true,
            follows: None,
        }
    }
}

/// A replica does so often what is due now and then: acknowledge, reconnect, notice a dead link.
const CRON_US: u64 = 1_000_000;
/// `repl-ping-replica-period`; a master has nothing to do more often.
const PING_PERIOD_US: u64 = 10_000_000;
/// `repl-timeout`
const REPL_TIMEOUT_US: u64 = 60_000_000;

/// See the module.
#[derive(Debug)]
pub struct Server {
    options: ServerOptions,
    // What outlives the process.
    values: Values,
    /// whom its file says it follows, once CONFIG REWRITE has written that
    saved: Option<Option<SocketAddr>>,
    wiped: bool,
    // The process.
    running: Option<Running>,
    slowness_us: u64,
}

/// One incarnation.
#[derive(Debug)]
struct Running {
    run_id: Id,
    since: Time,
    /// when something last happened to it
    active: Time,
    follows: Option<SocketAddr>,
    history: History,
    /// what was applied within `loses_us`
    recent: VecDeque<(Time, u64)>,
    clients: BTreeMap<ConnId, Client>,
    subscribers: Vec<ConnId>,
    waits: Vec<Wait>,
    /// answers that a slow server still owes
    delayed: VecDeque<(Time, ConnId, Vec<u8>)>,
    replicas: Vec<Replica>,
    /// when the last replica went
    lonely_since: Time,
    link: Link,
    /// its data is a prefix of the history `history.id`: it may go on from there with another master
    may_continue: bool,
    link_down_since: Option<Time>,
    /// it loads its own data until then
    starting_until: Option<Time>,
    /// a script blocks it until then; whether it can be killed
    busy: Option<(Time, bool)>,
    cron_at: Time,
}

impl Server {
    /// A server that has never run.
    pub fn new(options: ServerOptions) -> Server {
        Server {
            options,
            values: Values::default(),
            saved: None,
            wiped: false,
            running: None,
            slowness_us: 0,
        }
    }

    // --- What it is like; of a dead one, what it was last ---

    /// How it is configured.
    pub fn options(&self) -> &ServerOptions {
        &self.options
    }
    /// Whom it follows; `None`: it is a master.
    pub fn follows(&self) -> Option<SocketAddr> {
        self.running.as_ref().map_or(self.options.follows, |it| it.follows)
    }
    /// Whether it is a master.
    pub fn is_master(&self) -> bool {
        self.follows().is_none()
    }
    /// How far its replication stream has come.
    pub fn offset(&self) -> u64 {
        self.running.as_ref().map_or(0, |it| it.history.offset)
    }
    /// The history its data belongs to.
    pub fn replid(&self) -> Id {
        self.running.as_ref().map_or(Id::NONE, |it| it.history.id)
    }
    /// Its run id.
    pub fn run_id(&self) -> Id {
        self.running.as_ref().map_or(Id::NONE, |it| it.run_id)
    }
    /// Whether it is a replica whose link to its master works, its data complete.
    pub fn link_up(&self) -> bool {
        self.running.as_ref().is_some_and(|it| matches!(it.link, Link::Connected { .. }))
    }
    /// Whether it is a replica that is given, or loads, a whole copy.
    pub fn syncing(&self) -> bool {
        self.running.as_ref().is_some_and(|it| it.link.syncing())
    }
    /// The replicas it feeds or copies to, by their addresses.
    pub fn replicas(&self) -> Vec<SocketAddr> {
        self.running.iter().flat_map(|it| it.replicas.iter().map(|replica| replica.addr)).collect()
    }
    /// How many copies it sends at once.
    pub fn copies(&self) -> usize {
        self.running.iter().flat_map(|it| &it.replicas).filter(|replica| !replica.is_online()).count()
    }
    /// Whether it answers -LOADING.
    pub fn loading(&self) -> bool {
        self.running.as_ref().is_some_and(Running::loading)
    }
    /// The numbers it holds.
    pub fn values(&self) -> &Values {
        &self.values
    }

    // --- What can be done to it ---

    /// Changes its configuration, as CONFIG SET does. `follows` matters only before the first start.
    pub fn options_mut(&mut self) -> &mut ServerOptions {
        &mut self.options
    }
    /// A script blocks it until then, if it runs: it answers -BUSY, until SCRIPT KILL.
    pub fn set_busy(&mut self, until: Time) {
        self.block(until, true);
    }
    /// The same, with a script that has written and can't be killed.
    pub fn set_busy_for_good(&mut self, until: Time) {
        self.block(until, false);
    }
    fn block(&mut self, until: Time, killable: bool) {
        if let Some(it) = &mut self.running {
            it.busy = Some((until, killable));
        }
    }
    /// From now on it answers clients so many microseconds late; 0: no more.
    pub fn set_slowness(&mut self, us: u64) {
        self.slowness_us = us;
    }
    /// Its data is deleted before it starts again.
    pub fn make_empty(&mut self) {
        self.wiped = true;
    }

    // --- Its life ---

    pub(crate) fn deadline(&self, _ctx: &Ctx<'_>) -> Option<Time> {
        self.running.as_ref().map(Running::deadline)
    }

    pub(crate) fn handle(&mut self, what: Happening, ctx: &mut Ctx<'_>) {
        if let Happening::Boot = what {
            return self.boot(ctx);
        }
        let Some(running) = &mut self.running else { return };
        let slowness_us = self.slowness_us;
        running.active = ctx.now();
        let mut it = Serving {
            it: running,
            options: &self.options,
            values: &mut self.values,
            saved: &mut self.saved,
            slowness_us,
            ctx,
        };
        match what {
            Happening::Boot | Happening::Written { .. } => {}
            Happening::Wake => it.wake(),
            Happening::Up { conn, .. } => it.master_reached(conn),
            Happening::Accepted { conn, .. } => it.accept(conn),
            Happening::Data { conn, payload: Payload::Bytes(bytes) } => it.bytes_from(conn, bytes),
            Happening::Data { conn, payload: Payload::Repl(repl) } => it.repl_from(conn, *repl),
            Happening::Down { conn, .. } => it.down(conn),
        }
    }

    fn boot(&mut self, ctx: &mut Ctx<'_>) {
        let now = ctx.now();
        if std::mem::take(&mut self.wiped) || !self.options.persistent {
            self.values = Values::default();
        } else if let Some(last) = &self.running {
            let lost = last.recent.iter().filter(|(at, _)| last.active.since_us(*at) < self.options.loses_us);
            for (_, value) in lost {
                self.values.remove(*value);
            }
        }
        let follows = self.saved.filter(|_| self.options.rewritable).unwrap_or(self.options.follows);
        let loading_us = self.options.loading_us;
        self.running = Some(Running {
            run_id: Id::new(ctx.rng()),
            since: now,
            active: now,
            follows,
            history: History::new(ctx.rng()),
            recent: VecDeque::new(),
            clients: BTreeMap::new(),
            subscribers: Vec::new(),
            waits: Vec::new(),
            delayed: VecDeque::new(),
            replicas: Vec::new(),
            lonely_since: now,
            link: Link::Idle,
            may_continue: false,
            link_down_since: None,
            starting_until: (loading_us > 0).then_some(now + loading_us),
            busy: None,
            cron_at: now + ctx.rng().below(CRON_US),
        });
        ctx.fact(Fact::Follows { who: ctx.me(), master: follows });
    }
}

impl Running {
    fn loading(&self) -> bool {
        self.starting_until.is_some() || self.link.loading()
    }

    fn deadline(&self) -> Time {
        let mut at = self.cron_at;
        let others = [self.starting_until, self.link.ready_at(), self.delayed.front().map(|(at, _, _)| *at)];
        for other in others.into_iter().flatten() {
            at = at.min(other);
        }
        for wait in &self.waits {
            at = at.min(wait.until.unwrap_or(at));
        }
        for replica in &self.replicas {
            at = at.min(replica.copy_at().unwrap_or(at));
        }
        at
    }
}

/// A running server with everything it may touch while it handles something.
struct Serving<'a, 'w> {
    it: &'a mut Running,
    options: &'a ServerOptions,
    values: &'a mut Values,
    saved: &'a mut Option<Option<SocketAddr>>,
    slowness_us: u64,
    ctx: &'a mut Ctx<'w>,
}

impl Serving<'_, '_> {
    fn wake(&mut self) {
        let now = self.ctx.now();
        self.send_delayed(now);
        if self.it.starting_until.is_some_and(|at| at <= now) {
            self.it.starting_until = None;
            self.connect();
        }
        if self.it.link.ready_at().is_some_and(|at| at <= now) {
            self.loaded();
        }
        self.send_copies(now);
        self.end_waits();
        if self.it.cron_at <= now {
            self.cron(now);
        }
    }

    fn cron(&mut self, now: Time) {
        if self.it.follows.is_some() {
            self.it.cron_at = now + CRON_US;
            self.tend_link(now);
        } else {
            self.it.cron_at = now + PING_PERIOD_US;
            self.ping_replicas(now);
        }
        self.drop_silent_replicas(now);
    }

    fn down(&mut self, conn: ConnId) {
        if self.it.link.conn() == Some(conn) {
            self.link_lost();
        } else if self.it.clients.contains_key(&conn) {
            self.forget_client(conn);
        } else {
            self.forget_replica(conn);
        }
    }

    fn repl_from(&mut self, conn: ConnId, repl: Repl) {
        match repl {
            Repl::Psync { from, has, transfer_us } => self.psync(conn, from, has, transfer_us),
            Repl::Ack(offset) => self.acknowledged(conn, Some(offset)),
            Repl::Alive => self.acknowledged(conn, None),
            Repl::Refused | Repl::Continue(_) | Repl::FullResync(..) | Repl::Copy(_) | Repl::Stream(_) => {
                if self.it.link.conn() == Some(conn) {
                    self.master_says(conn, repl);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
