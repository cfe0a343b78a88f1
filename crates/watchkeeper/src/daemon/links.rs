//! Our connections to servers and other sentinels: open, write, read frames, say why they ended.
//!
//! When to connect, how long to wait and what a frame means is the core's. Every event carries its [`LinkId`];
//! those of closed links find nothing in the table and vanish.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;

use rustls::ClientConfig;
use tokio::task::AbortHandle;
use watchkeeper_core::io::{DownReason, LinkId, LinkInput};
use watchkeeper_resp::FrameDecoder;

use super::conn::{Conn, End, Hub, Ready, Watch, pump};
use super::connect::{Target, connect, down_reason};

/// Largest reply accepted from another process, in bytes.
const FRAME_BYTES: usize = 16 * 1024 * 1024;
/// Output that may wait on one link. The core stops asking long before; a link beyond this is broken.
const OUT_BYTES: usize = 4 * 1024 * 1024;
/// Connections begun before clients and other links have their turn: at the start there may be twenty thousand to make.
const DIALS_PER_ROUND: usize = 64;

/// All links.
#[derive(Debug)]
pub(super) struct Links {
    open: BTreeMap<LinkId, Link>,
    hub: Rc<Hub>,
    tls: Option<Arc<ClientConfig>>,
    /// not begun yet, in their order
    undialled: VecDeque<(LinkId, Dial)>,
    /// begun in this round
    dialled: usize,
}

#[derive(Debug)]
struct Link {
    shared: Rc<Shared>,
    /// none before it is dialled
    task: Option<AbortHandle>,
}

/// Where a link goes.
#[derive(Debug)]
struct Dial {
    target: Target,
    /// TLS is wanted and not configured
    missing: bool,
}

#[derive(Debug)]
struct Shared {
    id: LinkId,
    conn: RefCell<Conn<FrameDecoder>>,
    /// set when connected, taken when the core is told
    up: Cell<Option<SocketAddr>>,
    /// why it could not be opened, or had to be given up
    failed: RefCell<Option<DownReason>>,
    hub: Rc<Hub>,
}

impl Watch for Shared {
    fn ready(&self) {
        self.hub.ready(Ready::Link(self.id));
    }
    fn blocked(&self, _waiting: usize) {}
    fn count(&self, _read: usize, _written: usize) {}
}

impl Links {
    pub(super) fn new(hub: Rc<Hub>, tls: Option<Arc<ClientConfig>>) -> Links {
        Links { open: BTreeMap::new(), hub, tls, undialled: VecDeque::new(), dialled: 0 }
    }

    /// Begins to connect, in the next round when this one has begun enough.
    pub(super) fn open(&mut self, id: LinkId, addr: SocketAddr, source: Option<IpAddr>, tls: bool) {
        let shared = Rc::new(Shared {
            id,
            conn: RefCell::new(Conn::new(FrameDecoder::new(FRAME_BYTES))),
            up: Cell::new(None),
            failed: RefCell::new(None),
            hub: Rc::clone(&self.hub),
        });
        let config = if tls { self.tls.clone() } else { None };
        let missing = tls && config.is_none();
        let replaced = self.open.insert(id, Link { shared, task: None });
        assert!(replaced.is_none(), "a link id was used twice");
        self.undialled.push_back((id, Dial { target: Target { addr, source, tls: config }, missing }));
        self.dial();
    }

    /// A round begins: connections that waited for it are begun.
    pub(super) fn next_round(&mut self) {
        self.dialled = 0;
        self.dial();
    }

    /// Whether connections wait for the next round.
    pub(super) fn has_undialled(&self) -> bool {
        !self.undialled.is_empty()
    }

    fn dial(&mut self) {
        while self.dialled < DIALS_PER_ROUND {
            let Some((id, dial)) = self.undialled.pop_front() else { return };
            // One that was closed meanwhile is none.
            let Some(link) = self.open.get_mut(&id) else { continue };
            self.dialled += 1;
            link.task = Some(begin(Rc::clone(&link.shared), dial));
        }
    }

    /// Writes bytes once the link is up. Nothing happens on a link that is gone.
    pub(super) fn send(&mut self, id: LinkId, bytes: Vec<u8>) {
        let Some(link) = self.open.get(&id) else { return };
        let mut conn = link.shared.conn.borrow_mut();
        if conn.waiting() + bytes.len() > OUT_BYTES {
            drop(conn);
            let text = format!("more than {OUT_BYTES} bytes wait to be written");
            link.shared.give_up(DownReason::Other(text));
            return;
        }
        conn.push(bytes);
    }

    /// Closes a link; it is forgotten at once.
    pub(super) fn close(&mut self, id: LinkId) {
        if let Some(link) = self.open.remove(&id) {
            link.shared.conn.borrow_mut().close();
            if let Some(task) = link.task {
                task.abort();
            }
        }
    }

    /// What happened next on a link that has a turn. `None` when it is gone or waits for more.
    pub(super) fn next(&mut self, id: LinkId) -> Option<LinkInput> {
        let shared = &self.open.get(&id)?.shared;
        if let Some(local) = shared.up.take() {
            return Some(LinkInput::Up { local });
        }
        let failed = shared.failed.borrow_mut().take();
        let reason = match failed {
            Some(reason) => reason,
            None => {
                let mut conn = shared.conn.borrow_mut();
                match conn.decoder.next() {
                    Ok(Some(frame)) => return Some(LinkInput::Frame(frame)),
                    Ok(None) => match conn.take_end() {
                        None => {
                            conn.resume();
                            return None;
                        }
                        Some(End::Eof) => DownReason::Closed,
                        Some(End::Failed(e)) => down_reason(&e),
                    },
                    Err(e) => DownReason::Protocol(e.to_string()),
                }
            }
        };
        self.close(id);
        Some(LinkInput::Down(reason))
    }
}

fn begin(shared: Rc<Shared>, Dial { target, missing }: Dial) -> AbortHandle {
    let task = tokio::task::spawn_local(async move {
        if missing {
            shared.give_up(DownReason::Tls("TLS is not configured".into()));
            return;
        }
        // In a box of its own: a handshake needs more room than a link ever does again.
        match Box::pin(connect(&target)).await {
            Ok((stream, local)) => {
                shared.up.set(Some(local));
                shared.ready();
                pump(stream, &shared.conn, &shared.hub, &*shared).await;
            }
            Err(reason) => shared.give_up(reason),
        }
    });
    task.abort_handle()
}

impl Shared {
    fn give_up(&self, reason: DownReason) {
        let mut failed = self.failed.borrow_mut();
        if failed.is_none() {
            *failed = Some(reason);
            self.conn.borrow_mut().fail(io::ErrorKind::Other.into());
            self.ready();
        }
    }
}

#[cfg(test)]
mod tests;
