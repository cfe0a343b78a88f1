//! What a server does for its replicas, as a master or as the middle of a chain: lets them go on, copies, feeds.

use std::net::SocketAddr;

use crate::process::ConnId;
use crate::time::Time;

use super::following::Link;
use super::history::{Command, Id, Item};
use super::{REPL_TIMEOUT_US, Repl, Serving, Values};

/// A connected replica.
#[derive(Debug)]
pub(super) struct Replica {
    pub(super) conn: ConnId,
    pub(super) addr: SocketAddr,
    /// the copy it is being given
    copying: Option<Copying>,
    pub(super) acked: u64,
    pub(super) acked_at: Time,
}

#[derive(Debug)]
struct Copying {
    until: Time,
    copy: Values,
    /// what came after the copy was begun
    then: Vec<Item>,
}

impl Replica {
    pub(super) fn is_online(&self) -> bool {
        self.copying.is_none()
    }
    /// When its copy has been sent.
    pub(super) fn copy_at(&self) -> Option<Time> {
        self.copying.as_ref().map(|copying| copying.until)
    }
}

/// `min-replicas-max-lag`
const LAG_MAX_US: u64 = 10_000_000;
/// `repl-backlog-ttl`: a master without replicas forgets its history after this.
const LONELY_MAX_US: u64 = 3_600_000_000;

impl Serving<'_, '_> {
    pub(super) fn psync(&mut self, conn: ConnId, from: SocketAddr, has: Option<(Id, u64)>, transfer_us: u64) {
        self.forget_client(conn); // it is none any more
        let fed = self.it.follows.is_none() || matches!(self.it.link, Link::Connected { .. });
        if self.it.loading() || !fed {
            self.tell(conn, Repl::Refused);
            self.ctx.close(conn);
            return;
        }
        let (now, acked) = (self.ctx.now(), has.map_or(0, |(_, offset)| offset));
        let rest = has.and_then(|(id, offset)| self.it.history.rest(id, offset));
        let mut replica = Replica { conn, addr: from, copying: None, acked, acked_at: now };
        match rest {
            Some(rest) => {
                self.tell(conn, Repl::Continue(self.it.history.id));
                for item in rest {
                    self.tell(conn, Repl::Stream(item));
                }
            }
            None => {
                if self.it.replicas.is_empty() && !self.it.history.has_backlog() {
                    // A history that nobody could follow until now gets a name of its own.
                    let offset = self.it.history.offset;
                    self.it.history.replace(Id::new(self.ctx.rng()), offset);
                    self.it.history.keep_backlog();
                }
                replica.acked = 0;
                let copy = self.values.clone();
                replica.copying = Some(Copying { until: now + transfer_us, copy, then: Vec::new() });
                self.tell(conn, Repl::FullResync(self.it.history.id, self.it.history.offset));
            }
        }
        self.it.replicas.push(replica);
    }

    /// Sends copies that are due.
    pub(super) fn send_copies(&mut self, now: Time) {
        for index in 0..self.it.replicas.len() {
            let Some(replica) = self.it.replicas.get_mut(index) else { return };
            if replica.copy_at().is_none_or(|at| at > now) {
                continue;
            }
            let (conn, copying) = (replica.conn, replica.copying.take());
            replica.acked_at = now;
            if let Some(Copying { copy, then, .. }) = copying {
                self.tell(conn, Repl::Copy(copy));
                for item in then {
                    self.tell(conn, Repl::Stream(item));
                }
            }
        }
    }

    /// Adds a command of its own to the stream; only a master has any.
    pub(super) fn propagate(&mut self, what: Command) {
        if self.it.follows.is_some() || self.it.replicas.is_empty() && !self.it.history.has_backlog() {
            return;
        }
        let item = self.it.history.place(what);
        self.it.history.append(&item, self.options.backlog_bytes);
        self.feed(&item);
    }

    /// Passes a command on to all replicas.
    pub(super) fn feed(&mut self, item: &Item) {
        for index in 0..self.it.replicas.len() {
            let Some(replica) = self.it.replicas.get_mut(index) else { return };
            match &mut replica.copying {
                Some(copying) => copying.then.push(item.clone()),
                None => {
                    let conn = replica.conn;
                    self.tell(conn, Repl::Stream(item.clone()));
                }
            }
        }
    }

    pub(super) fn acknowledged(&mut self, conn: ConnId, offset: Option<u64>) {
        let now = self.ctx.now();
        let Some(replica) = self.it.replicas.iter_mut().find(|replica| replica.conn == conn) else { return };
        replica.acked_at = now;
        replica.acked = offset.unwrap_or(replica.acked);
        if !self.it.waits.is_empty() {
            self.end_waits();
        }
    }

    /// How many replicas have the stream up to here.
    pub(super) fn acks_of(&self, offset: u64) -> u64 {
        let replicas = self.it.replicas.iter();
        replicas.filter(|replica| replica.is_online() && replica.acked >= offset).count() as u64
    }

    /// Whether there are enough replicas for a write.
    pub(super) fn enough_replicas(&self) -> bool {
        self.options.min_replicas == 0 || self.good_replicas() >= self.options.min_replicas as usize
    }

    /// How many were heard of lately.
    pub(super) fn good_replicas(&self) -> usize {
        let now = self.ctx.now();
        let fresh = |replica: &&Replica| replica.is_online() && now.since_us(replica.acked_at) <= LAG_MAX_US;
        self.it.replicas.iter().filter(fresh).count()
    }

    pub(super) fn forget_replica(&mut self, conn: ConnId) {
        self.it.replicas.retain(|replica| replica.conn != conn);
        if self.it.replicas.is_empty() {
            self.it.lonely_since = self.ctx.now();
        }
    }

    pub(super) fn drop_replicas(&mut self) {
        for replica in std::mem::take(&mut self.it.replicas) {
            self.ctx.close(replica.conn);
        }
        self.it.lonely_since = self.ctx.now();
    }

    pub(super) fn drop_silent_replicas(&mut self, now: Time) {
        let silent =
            |replica: &&Replica| replica.is_online() && now.since_us(replica.acked_at) > REPL_TIMEOUT_US;
        for conn in self.it.replicas.iter().filter(silent).map(|replica| replica.conn).collect::<Vec<_>>() {
            self.ctx.close(conn);
            self.forget_replica(conn);
        }
    }

    /// A master's part of the cron.
    pub(super) fn ping_replicas(&mut self, now: Time) {
        if !self.it.replicas.is_empty() {
            self.propagate(Command::Ping);
        } else if self.it.history.has_backlog() && now.since_us(self.it.lonely_since) > LONELY_MAX_US {
            let id = Id::new(self.ctx.rng());
            let offset = self.it.history.offset;
            self.it.history.replace(id, offset);
        }
    }
}
