//! Connections of clients, sentinels among them: commands in, replies and published messages out, WAIT. What the
//! commands do is in [`super::command`].

use watchkeeper_resp::encode::{array_header, bulk, error, integer};
use watchkeeper_resp::{RequestDecoder, RequestLimits};

use crate::process::ConnId;
use crate::time::Time;

use super::Serving;
use super::history::Message;

/// A client.
#[derive(Debug)]
pub(super) struct Client {
    decoder: RequestDecoder,
    /// what MULTI has collected
    pub(super) multi: Option<Multi>,
    pub(super) channels: Vec<Vec<u8>>,
    /// it waits for WAIT; what it sends meanwhile is kept
    pub(super) blocked: bool,
    /// the offset after its last write
    pub(super) written: u64,
}

/// See [`Client::multi`].
#[derive(Debug, Default)]
pub(super) struct Multi {
    pub(super) queue: Vec<Vec<Vec<u8>>>,
    /// something in it was refused
    pub(super) spoiled: bool,
}

/// A client that waits for replicas.
#[derive(Debug)]
pub(super) struct Wait {
    pub(super) conn: ConnId,
    pub(super) offset: u64,
    pub(super) wanted: u64,
    pub(super) until: Option<Time>,
}

/// Whether more commands of a client are handled now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    Go,
    Stop,
}

const PING: &[u8] = b"*1\r\n$4\r\nPING\r\n";
const INFO: &[u8] = b"*1\r\n$4\r\nINFO\r\n";

impl Client {
    /// Whether a whole command that arrives is the next one and is handled outside of transactions.
    fn is_plain(&self) -> bool {
        !self.blocked && self.multi.is_none() && self.channels.is_empty() && self.decoder.buffered() == 0
    }
}

impl Serving<'_, '_> {
    pub(super) fn accept(&mut self, conn: ConnId) {
        let decoder = RequestDecoder::new(RequestLimits::authenticated());
        let client = Client { decoder, multi: None, channels: Vec::new(), blocked: false, written: 0 };
        self.it.clients.insert(conn, client);
    }

    pub(super) fn forget_client(&mut self, conn: ConnId) {
        self.it.clients.remove(&conn);
        self.it.subscribers.retain(|one| *one != conn);
        self.it.waits.retain(|wait| wait.conn != conn);
    }

    pub(super) fn close_client(&mut self, conn: ConnId) {
        self.forget_client(conn);
        self.ctx.close(conn);
    }

    /// Bytes from a client. The two commands sentinels send most are told by their bytes.
    pub(super) fn bytes_from(&mut self, conn: ConnId, mut bytes: Vec<u8>) {
        let Some(client) = self.it.clients.get_mut(&conn) else { return };
        let plain = client.is_plain();
        if bytes == PING && plain {
            let text = self.ping_reply();
            bytes.clear();
            bytes.extend_from_slice(text);
            self.reply(conn, bytes);
        } else if bytes == INFO && plain && self.busy().is_none() {
            bytes.clear();
            self.info(&mut bytes);
            self.reply(conn, bytes);
        } else {
            if let Some(client) = self.it.clients.get_mut(&conn) {
                client.decoder.feed(&bytes);
            }
            bytes.clear();
            self.commands_of(conn, bytes);
        }
    }

    /// Handles what a client has sent. `out` is empty, and lent for the replies.
    fn commands_of(&mut self, conn: ConnId, mut out: Vec<u8>) {
        while let Some(client) = self.it.clients.get_mut(&conn).filter(|client| !client.blocked) {
            match client.decoder.next() {
                Ok(Some(argv)) => {
                    if self.command(conn, argv, &mut out) == Flow::Stop {
                        break;
                    }
                }
                Ok(None) => break,
                Err(problem) => {
                    out.extend(problem.reply().unwrap_or_default());
                    self.reply(conn, out);
                    self.close_client(conn);
                    return;
                }
            }
        }
        if !out.is_empty() {
            self.reply(conn, out);
        }
    }

    /// Answers, late if it is slow. Replies to one client stay in order.
    pub(super) fn reply(&mut self, conn: ConnId, bytes: Vec<u8>) {
        if self.slowness_us == 0 && self.it.delayed.is_empty() {
            self.ctx.send_bytes(conn, bytes);
            return;
        }
        let at = self.ctx.now() + self.slowness_us;
        let at = self.it.delayed.back().map_or(at, |(last, _, _)| at.max(*last));
        self.it.delayed.push_back((at, conn, bytes));
    }

    pub(super) fn send_delayed(&mut self, now: Time) {
        while self.it.delayed.front().is_some_and(|(at, _, _)| *at <= now) {
            if let Some((_, conn, bytes)) = self.it.delayed.pop_front() {
                self.ctx.send_bytes(conn, bytes);
            }
        }
    }

    // --- Pubsub ---

    /// Gives a message to the subscribers here; how many there are.
    pub(super) fn deliver(&mut self, message: &Message) -> usize {
        let mut bytes = Vec::new();
        let mut count = 0;
        for index in 0..self.it.subscribers.len() {
            let Some(&conn) = self.it.subscribers.get(index) else { break };
            let client = self.it.clients.get(&conn);
            if !client.is_some_and(|client| client.channels.contains(&message.channel)) {
                continue;
            }
            if bytes.is_empty() {
                bytes.reserve_exact(message.channel.len() + message.text.len() + 40);
                array_header(&mut bytes, 3);
                bulk(&mut bytes, b"message");
                bulk(&mut bytes, &message.channel);
                bulk(&mut bytes, &message.text);
            }
            count += 1;
            self.reply(conn, bytes.clone());
        }
        count
    }

    // --- WAIT ---

    /// Answers those whose replicas have acknowledged, or whose time is over, and goes on with what they sent.
    pub(super) fn end_waits(&mut self) {
        let now = self.ctx.now();
        let mut index = 0;
        while let Some(wait) = self.it.waits.get(index) {
            let acks = self.acks_of(wait.offset);
            if acks < wait.wanted && wait.until.is_none_or(|until| until > now) {
                index += 1;
                continue;
            }
            let conn = self.it.waits.remove(index).conn;
            let mut out = Vec::new();
            integer(&mut out, acks as i64);
            if let Some(client) = self.it.clients.get_mut(&conn) {
                client.blocked = false;
            }
            self.commands_of(conn, out);
            index = 0; // that may have changed the list
        }
    }

    /// A master becomes a replica: nobody waits for its replicas any more.
    pub(super) fn unblock_waits(&mut self) {
        for wait in std::mem::take(&mut self.it.waits) {
            let mut out = Vec::new();
            let text = "UNBLOCKED force unblock from blocking operation, instance state changed \
                        (master -> replica?)";
            error(&mut out, text);
            self.reply(wait.conn, out);
            self.close_client(wait.conn);
        }
    }
}
