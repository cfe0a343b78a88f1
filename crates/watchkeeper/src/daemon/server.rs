//! Accepted connections: who they are, what they may send and how much may wait for them.
//!
//! Who may connect and what a command does is the core's. A client whose output is not read is served no further;
//! one that crosses `client-output-buffer-limit` is dropped.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use watchkeeper_core::config::{General, OutputLimit};
use watchkeeper_core::io::{ClientAddr, ClientId, Connected};
use watchkeeper_core::{LogLevel, Mono};
use watchkeeper_resp::{RequestDecoder, RequestError, RequestLimits};

use super::conn::{Conn, End, Hub, Ready, Watch, pump};
use super::connect::Stream;
use super::log::Logger;

/// Output of one client beyond which it is served no further until it reads.
const SERVE_BELOW_BYTES: usize = 16 * 1024 * 1024;
/// Output that may wait for a client that has not authenticated, after the socket took what it could.
const UNAUTHENTICATED_OUT_BYTES: usize = 1024;
/// How long the exit waits for output to leave.
const EXIT_FLUSH: Duration = Duration::from_millis(200);

/// All accepted connections.
#[derive(Debug)]
pub(super) struct Server {
    clients: BTreeMap<ClientId, Rc<Client>>,
    /// clients above their soft output limit
    soft: BTreeSet<ClientId>,
    shared: Rc<Shared>,
    log: Arc<Logger>,
    rules: Rules,
}

/// What the tasks of all clients share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) hub: Rc<Hub>,
    /// accepted and not yet the driver's
    fresh: RefCell<Vec<Rc<Client>>>,
    next_id: Cell<u64>,
    /// sockets open, those being shaken hands with or flushed included
    sockets: Cell<usize>,
    /// one was closed
    closed: Notify,
    accepted: Cell<u64>,
    read: Cell<u64>,
    written: Cell<u64>,
}

#[derive(Debug)]
struct Rules {
    request: RequestLimits,
    normal: OutputLimit,
    pubsub: OutputLimit,
}

#[derive(Debug)]
struct Client {
    id: ClientId,
    facts: Connected,
    conn: RefCell<Conn<RequestDecoder>>,
    authenticated: Cell<bool>,
    subscriber: Cell<bool>,
    soft_since: Cell<Option<Mono>>,
    /// why it must go
    doomed: Cell<Option<&'static str>>,
    shared: Rc<Shared>,
}

impl Watch for Client {
    fn ready(&self) {
        self.shared.hub.ready(Ready::Client(self.id));
    }

    fn blocked(&self, waiting: usize) {
        if !self.authenticated.get() && waiting > UNAUTHENTICATED_OUT_BYTES {
            self.doom("output buffer limits");
        }
    }

    fn count(&self, read: usize, written: usize) {
        self.shared.read.set(self.shared.read.get() + read as u64);
        self.shared.written.set(self.shared.written.get() + written as u64);
    }
}

impl Client {
    fn doom(&self, why: &'static str) {
        if self.doomed.get().is_none() {
            self.doomed.set(Some(why));
            self.ready();
        }
    }

    fn describe(&self) -> String {
        let Connected { peer, local, fd, .. } = &self.facts;
        format!("id={} addr={} laddr={} fd={fd}", self.id.0, describe(peer), describe(local))
    }
}

fn describe(addr: &ClientAddr) -> String {
    match addr {
        ClientAddr::Tcp(addr) => addr.to_string(),
        ClientAddr::Unix(path) => format!("{path}:0"),
    }
}

/// What a client that has a turn wants.
#[derive(Debug)]
pub(super) enum Turn {
    Command(Vec<Vec<u8>>),
    /// it ended: the core is to be told
    Gone,
    /// nothing until it has another turn
    Rest,
}

impl Shared {
    pub(super) fn new(hub: Rc<Hub>) -> Shared {
        Shared {
            hub,
            fresh: RefCell::new(Vec::new()),
            next_id: Cell::new(1),
            sockets: Cell::new(0),
            closed: Notify::new(),
            accepted: Cell::new(0),
            read: Cell::new(0),
            written: Cell::new(0),
        }
    }

    /// Counts an accepted socket for as long as the result lives. `None` when `most` are open already.
    pub(super) fn admit(self: &Rc<Self>, most: usize) -> Option<Socket> {
        if self.sockets.get() >= most {
            return None;
        }
        self.accepted.set(self.accepted.get() + 1);
        self.sockets.set(self.sockets.get() + 1);
        Some(Socket(Rc::clone(self)))
    }

    /// Serves an accepted connection until it is closed.
    pub(super) async fn serve(self: Rc<Self>, stream: Stream, facts: Connected) {
        let id = ClientId(self.next_id.get());
        self.next_id.set(id.0 + 1);
        let decoder = RequestDecoder::new(RequestLimits::unauthenticated());
        let client = Rc::new(Client {
            id,
            facts,
            conn: RefCell::new(Conn::new(decoder)),
            authenticated: Cell::new(false),
            subscriber: Cell::new(false),
            soft_since: Cell::new(None),
            doomed: Cell::new(None),
            shared: Rc::clone(&self),
        });
        self.fresh.borrow_mut().push(Rc::clone(&client));
        self.hub.poke();
        pump(stream, &client.conn, &self.hub, &*client).await;
    }
}

/// One open accepted socket.
#[derive(Debug)]
pub(super) struct Socket(Rc<Shared>);

impl Drop for Socket {
    fn drop(&mut self) {
        self.0.sockets.set(self.0.sockets.get() - 1);
        self.0.closed.notify_one();
    }
}

impl Server {
    pub(super) fn new(general: &General, hub: Rc<Hub>, log: Arc<Logger>) -> Server {
        let rules = Rules {
            request: RequestLimits {
                bulk_bytes: general.proto_max_bulk_len,
                buffer_bytes: general.query_buffer_limit,
                ..RequestLimits::authenticated()
            },
            normal: general.output_limit_normal,
            pubsub: general.output_limit_pubsub,
        };
        let shared = Rc::new(Shared::new(hub));
        Server { clients: BTreeMap::new(), soft: BTreeSet::new(), shared, log, rules }
    }

    /// What accepting tasks need.
    pub(super) fn shared(&self) -> Rc<Shared> {
        Rc::clone(&self.shared)
    }

    /// Connections accepted, bytes read and written since the start.
    pub(super) fn traffic(&self) -> (u64, u64, u64) {
        (self.shared.accepted.get(), self.shared.read.get(), self.shared.written.get())
    }

    /// Whether [`Server::fresh`] has something.
    pub(super) fn has_fresh(&self) -> bool {
        !self.shared.fresh.borrow().is_empty()
    }

    /// Clients accepted since the last call, in order.
    pub(super) fn fresh(&mut self) -> Vec<(ClientId, Connected)> {
        let fresh = std::mem::take(&mut *self.shared.fresh.borrow_mut());
        let mut connected = Vec::with_capacity(fresh.len());
        for client in fresh {
            connected.push((client.id, client.facts.clone()));
            self.clients.insert(client.id, client);
        }
        connected
    }

    /// What the client wants next.
    pub(super) fn turn(&mut self, id: ClientId) -> Turn {
        let Some(client) = self.clients.get(&id).cloned() else { return Turn::Rest };
        if let Some(why) = client.doomed.get() {
            let text =
                format!("Client {} scheduled to be closed ASAP for overcoming of {why}.", client.describe());
            self.log.line(LogLevel::Warning, &text);
            client.conn.borrow_mut().close();
            return self.gone(id);
        }
        let mut conn = client.conn.borrow_mut();
        if conn.waiting() > SERVE_BELOW_BYTES {
            conn.hold();
            return Turn::Rest;
        }
        match conn.decoder.next() {
            Ok(Some(argv)) => Turn::Command(argv),
            Ok(None) => match conn.take_end() {
                None => {
                    conn.resume();
                    Turn::Rest
                }
                Some(End::Eof) => {
                    // Half-closed: what was asked before is still answered.
                    conn.flush_and_close();
                    drop(conn);
                    self.gone(id)
                }
                Some(End::Failed(_)) => {
                    conn.close();
                    drop(conn);
                    self.gone(id)
                }
            },
            Err(error) => {
                self.refuse(&client, &mut conn, error);
                drop(conn);
                self.gone(id)
            }
        }
    }

    fn refuse(&self, client: &Client, conn: &mut Conn<RequestDecoder>, error: RequestError) {
        match error.reply() {
            Some(reply) => {
                let text = format!("Protocol error ({error}) from client: {}", client.describe());
                self.log.line(LogLevel::Verbose, &text);
                conn.push(reply);
                conn.flush_and_close();
            }
            None => {
                let text = "Closing client that reached max query buffer length:";
                self.log.line(LogLevel::Warning, &format!("{text} {}", client.describe()));
                conn.close();
            }
        }
    }

    fn gone(&mut self, id: ClientId) -> Turn {
        self.clients.remove(&id);
        self.soft.remove(&id);
        Turn::Gone
    }

    /// Writes bytes to a client.
    pub(super) fn reply(&mut self, id: ClientId, bytes: Vec<u8>, now: Mono) {
        let Some(client) = self.clients.get(&id).cloned() else { return };
        let waiting = {
            let mut conn = client.conn.borrow_mut();
            conn.push(bytes);
            conn.waiting() as u64
        };
        self.check_output(&client, waiting, now);
    }

    fn check_output(&mut self, client: &Rc<Client>, waiting: u64, now: Mono) {
        let limit = if client.subscriber.get() { self.rules.pubsub } else { self.rules.normal };
        if limit.hard_bytes != 0 && waiting > limit.hard_bytes {
            return client.doom("output buffer limits");
        }
        if limit.soft_bytes == 0 || waiting <= limit.soft_bytes {
            if client.soft_since.take().is_some() {
                self.soft.remove(&client.id);
            }
            return;
        }
        match client.soft_since.get() {
            None => {
                client.soft_since.set(Some(now));
                self.soft.insert(client.id);
            }
            Some(since) if now.since(since) > limit.soft_s.saturating_mul(1000) => {
                client.doom("output buffer limits");
            }
            Some(_) => {}
        }
    }

    /// Looks at those above their soft limit. To be called now and then.
    pub(super) fn check_soft_limits(&mut self, now: Mono) {
        for id in self.soft.clone() {
            if let Some(client) = self.clients.get(&id).cloned() {
                let waiting = client.conn.borrow().waiting() as u64;
                self.check_output(&client, waiting, now);
            }
        }
    }

    /// Closes a client when its output has left; the core forgot it already.
    pub(super) fn close(&mut self, id: ClientId) {
        if let Some(client) = self.clients.remove(&id) {
            self.soft.remove(&id);
            client.conn.borrow_mut().flush_and_close();
        }
    }

    /// Request limits follow from it.
    pub(super) fn set_authenticated(&mut self, id: ClientId, yes: bool) {
        if let Some(client) = self.clients.get(&id) {
            client.authenticated.set(yes);
            let limits = RequestLimits { unauthenticated: !yes, ..self.rules.request };
            client.conn.borrow_mut().decoder.set_limits(limits);
        }
    }

    /// The output limit follows from it.
    pub(super) fn set_subscriber(&mut self, id: ClientId, yes: bool) {
        if let Some(client) = self.clients.get(&id) {
            client.subscriber.set(yes);
        }
    }

    /// Closes everybody, giving what was written a moment to leave.
    pub(super) async fn flush_all(&mut self) {
        let clients = std::mem::take(&mut self.clients);
        for client in clients.values() {
            client.conn.borrow_mut().flush_and_close();
        }
        let flushed = async {
            while self.shared.sockets.get() > 0 {
                self.shared.closed.notified().await;
            }
        };
        // Whoever is slower than this loses the rest: the process was told to end.
        let _ = tokio::time::timeout(EXIT_FLUSH, flushed).await;
    }
}
