//! What a replica does: connects to its master, goes on from where it is or is given everything, applies the stream.

use std::net::SocketAddr;

use crate::fact::Fact;
use crate::process::{ConnId, Payload};
use crate::time::Time;

use super::history::{Command, Id, Item};
use super::{REPL_TIMEOUT_US, Repl, Serving, Values};

/// The link of a replica to its master. A master has an idle one.
#[derive(Debug)]
pub(super) enum Link {
    /// there is none; the next cron tries
    Idle,
    /// asked for, and not answered yet
    Connecting { conn: ConnId, since: Time },
    /// a copy is on its way; `emptied`: it is loaded as it comes, over what was there
    Transfer { conn: ConnId, since: Time, id: Id, offset: u64, emptied: bool },
    /// the copy is loaded; the master may be gone meanwhile
    Loading { conn: Option<ConnId>, until: Time, id: Id, offset: u64, copy: Values, early: Vec<Item> },
    /// fed
    Connected { conn: ConnId, heard: Time },
}

impl Link {
    pub(super) fn conn(&self) -> Option<ConnId> {
        match self {
            Link::Idle => None,
            Link::Connecting { conn, .. } | Link::Transfer { conn, .. } | Link::Connected { conn, .. } => {
                Some(*conn)
            }
            Link::Loading { conn, .. } => *conn,
        }
    }

    pub(super) fn syncing(&self) -> bool {
        match self {
            Link::Transfer { .. } | Link::Loading { .. } => true,
            Link::Idle | Link::Connecting { .. } | Link::Connected { .. } => false,
        }
    }

    /// Whether the copy is being loaded.
    pub(super) fn loading(&self) -> bool {
        match self {
            Link::Loading { .. } => true,
            Link::Transfer { emptied, .. } => *emptied,
            Link::Idle | Link::Connecting { .. } | Link::Connected { .. } => false,
        }
    }

    /// When the copy is loaded.
    pub(super) fn ready_at(&self) -> Option<Time> {
        match self {
            Link::Loading { until, .. } => Some(*until),
            Link::Idle | Link::Connecting { .. } | Link::Transfer { .. } | Link::Connected { .. } => None,
        }
    }
}

impl Serving<'_, '_> {
    /// REPLICAOF.
    pub(super) fn follow(&mut self, master: Option<SocketAddr>) {
        if self.it.follows == master {
            return;
        }
        let (now, was_master) = (self.ctx.now(), self.it.follows.is_none());
        self.drop_link();
        self.it.follows = master;
        match master {
            Some(_) => {
                self.unblock_waits();
                if was_master {
                    // It may go on with whoever was promoted, if it wrote nothing that one has not.
                    self.it.may_continue = true;
                    self.it.history.keep_backlog();
                }
            }
            None => {
                let id = Id::new(self.ctx.rng());
                self.it.history.shift(id);
                self.it.may_continue = false;
                self.it.link_down_since = None;
                self.it.lonely_since = now;
                self.drop_replicas();
            }
        }
        self.it.cron_at = now + super::CRON_US;
        self.ctx.trace("role", || match master {
            Some(master) => format!("follows {master}"),
            None => "is a master".to_owned(),
        });
        self.ctx.fact(Fact::Follows { who: self.ctx.me(), master });
        self.connect();
    }

    /// Ends the link from this side.
    fn drop_link(&mut self) {
        if let Some(conn) = self.it.link.conn() {
            self.ctx.close(conn);
        }
        self.link_ended();
    }

    fn link_ended(&mut self) {
        match std::mem::replace(&mut self.it.link, Link::Idle) {
            Link::Idle | Link::Connecting { .. } => {}
            Link::Transfer { .. } | Link::Loading { .. } => {
                self.ctx.fact(Fact::SyncEnded { who: self.ctx.me() })
            }
            Link::Connected { .. } => {
                self.it.may_continue = true;
                self.it.link_down_since = Some(self.ctx.now());
            }
        }
    }

    /// The master, or the way to it, ended the link.
    pub(super) fn link_lost(&mut self) {
        if let Link::Loading { conn, .. } = &mut self.it.link {
            *conn = None; // the copy is here and will be loaded
            return;
        }
        let was_fed = matches!(self.it.link, Link::Connected { .. });
        self.link_ended();
        if was_fed {
            self.connect();
        }
    }

    pub(super) fn connect(&mut self) {
        let Some(master) = self.it.follows.filter(|master| *master != self.ctx.addr()) else { return };
        if self.it.starting_until.is_none() && matches!(self.it.link, Link::Idle) {
            let conn = self.ctx.open(master);
            self.it.link = Link::Connecting { conn, since: self.ctx.now() };
        }
    }

    pub(super) fn master_reached(&mut self, conn: ConnId) {
        if self.it.link.conn() != Some(conn) {
            return;
        }
        let history = &self.it.history;
        let has = self.it.may_continue.then_some((history.id, history.offset));
        let transfer_us = self.options.full_sync_us - self.options.full_sync_us / 4;
        self.tell(conn, Repl::Psync { from: self.ctx.addr(), has, transfer_us });
    }

    pub(super) fn tell(&mut self, conn: ConnId, what: Repl) {
        self.ctx.send(conn, Payload::Repl(Box::new(what)));
    }

    /// Once a second.
    pub(super) fn tend_link(&mut self, now: Time) {
        match &self.it.link {
            Link::Idle => self.connect(),
            Link::Connecting { since, .. } | Link::Transfer { since, .. } => {
                if now.since_us(*since) > REPL_TIMEOUT_US {
                    self.drop_link();
                }
            }
            Link::Loading { conn, .. } => {
                if let Some(conn) = *conn {
                    self.tell(conn, Repl::Alive);
                }
            }
            Link::Connected { conn, heard } => {
                let conn = *conn;
                if now.since_us(*heard) > REPL_TIMEOUT_US {
                    self.drop_link();
                    self.connect();
                } else {
                    self.tell(conn, Repl::Ack(self.it.history.offset));
                }
            }
        }
    }

    /// Something from the master.
    pub(super) fn master_says(&mut self, conn: ConnId, what: Repl) {
        match what {
            Repl::Refused => self.drop_link(),
            Repl::Continue(id) => self.go_on(conn, id),
            Repl::FullResync(id, offset) => {
                self.it.may_continue = false;
                // Its own replicas can't follow what comes now.
                self.drop_replicas();
                self.it.history.drop_backlog();
                // Patience begins when the copy should have come.
                let since = self.ctx.now() + self.options.full_sync_us;
                let emptied = self.options.diskless_load;
                if emptied {
                    *self.values = Values::default();
                    self.it.recent.clear();
                }
                self.it.link = Link::Transfer { conn, since, id, offset, emptied };
                if let Some(master) = self.it.follows {
                    self.ctx.trace("sync", || format!("a whole copy from {master}"));
                    self.ctx.fact(Fact::SyncBegun { who: self.ctx.me(), master });
                }
            }
            Repl::Copy(copy) => {
                let Link::Transfer { id, offset, .. } = self.it.link else { return };
                let until = self.ctx.now() + self.options.full_sync_us / 4;
                self.it.link = Link::Loading { conn: Some(conn), until, id, offset, copy, early: Vec::new() };
            }
            Repl::Stream(item) => match &mut self.it.link {
                Link::Loading { early, .. } => early.push(item),
                Link::Connected { heard, .. } => {
                    *heard = self.ctx.now();
                    self.apply(item);
                }
                Link::Idle | Link::Connecting { .. } | Link::Transfer { .. } => {}
            },
            Repl::Psync { .. } | Repl::Ack(_) | Repl::Alive => {}
        }
    }

    fn go_on(&mut self, conn: ConnId, id: Id) {
        if id != self.it.history.id {
            self.it.history.shift(id);
            self.drop_replicas(); // they must learn the new id
        }
        self.ctx.trace("sync", || "goes on from where it is".to_owned());
        self.connected(conn);
    }

    fn connected(&mut self, conn: ConnId) {
        self.it.history.keep_backlog();
        self.it.link_down_since = None;
        self.it.link = Link::Connected { conn, heard: self.ctx.now() };
    }

    /// The copy is loaded.
    pub(super) fn loaded(&mut self) {
        let link = std::mem::replace(&mut self.it.link, Link::Idle);
        let Link::Loading { conn, id, offset, copy, early, .. } = link else { return };
        *self.values = copy;
        self.it.recent.clear();
        self.it.history.replace(id, offset);
        self.it.history.keep_backlog();
        self.it.may_continue = true;
        if let Some(conn) = conn {
            self.connected(conn);
            self.tell(conn, Repl::Ack(offset));
        }
        for item in early {
            self.apply(item);
        }
        self.ctx.trace("sync", || "has loaded the copy".to_owned());
        self.ctx.fact(Fact::SyncEnded { who: self.ctx.me() });
        if conn.is_none() {
            self.it.link_down_since = Some(self.ctx.now());
            self.connect();
        }
    }

    fn apply(&mut self, item: Item) {
        self.it.history.append(&item, self.options.backlog_bytes);
        match &item.what {
            Command::Ping => {}
            Command::GetAck => {
                if let Some(conn) = self.it.link.conn() {
                    self.tell(conn, Repl::Ack(item.end));
                }
            }
            Command::Write(value) => self.store(*value),
            Command::Publish(message) => {
                self.deliver(message);
            }
        }
        self.feed(&item);
    }

    /// Takes a number into the data.
    pub(super) fn store(&mut self, value: u64) {
        self.values.insert(value);
        if self.options.loses_us == 0 {
            return;
        }
        let now = self.ctx.now();
        self.it.recent.push_back((now, value));
        while self.it.recent.front().is_some_and(|(at, _)| now.since_us(*at) > self.options.loses_us) {
            self.it.recent.pop_front();
        }
    }
}
