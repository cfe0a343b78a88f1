//! A client that asks sentinels for the master and writes numbered values to it, as client libraries do: sentinels in
//! turn, ROLE before the first write, and all anew after an error, a silence or a lost connection.

use std::net::SocketAddr;

use watchkeeper_resp::{Frame, FrameDecoder, encode_command};

use crate::fact::Fact;
use crate::process::{ConnId, Happening, Payload};
use crate::server::Values;
use crate::time::Time;
use crate::world::Ctx;

/// How a writer works.
#[derive(Debug, Clone)]
pub struct WriterOptions {
    /// the sentinels it asks
    pub sentinels: Vec<SocketAddr>,
    /// the group it writes to
    pub group: String,
    /// between two writes, in microseconds
    pub period_us: u64,
    /// how long it waits for an answer, in microseconds
    pub timeout_us: u64,
    /// so many replicas must have a write before it counts as acknowledged (`WAIT`); 0: off
    pub wait_replicas: u32,
    /// the first number it writes; no two writers of a world may write the same
    pub first_value: u64,
}

/// Longest reply; there are only short ones.
const REPLY_MAX: usize = 1 << 16;
/// Before the master is looked for again, in microseconds: this, and up to so much more.
const PAUSE_US: (u64, u64) = (100_000, 400_000);

#[derive(Debug, Clone, Copy)]
enum State {
    /// not running, or stopped
    Off,
    /// looks for the master from then on
    Pausing { until: Time },
    /// has asked a sentinel
    Asking { conn: ConnId, since: Time },
    /// has asked a server for its role
    Checking { conn: ConnId, server: SocketAddr, since: Time },
    /// writes next then
    Ready { conn: ConnId, server: SocketAddr, at: Time },
    /// has written, and waits for the answers: of SET, and of WAIT if there is one
    Writing { conn: ConnId, server: SocketAddr, since: Time, stored: bool },
}

/// See the module.
#[derive(Debug)]
pub struct Writer {
    options: WriterOptions,
    state: State,
    decoder: FrameDecoder,
    /// which sentinel it asks next, and how many it has asked since it last had an answer
    sentinel: usize,
    unanswered: usize,
    next_value: u64,
    stopped: bool,
    acked: Vec<(u64, Time)>,
    acked_values: Values,
    /// the last acknowledgement, or the beginning
    last: Time,
    longest_gap_us: u64,
}

impl Writer {
    /// A writer that has not begun.
    pub fn new(options: WriterOptions) -> Writer {
        let next_value = options.first_value;
        Writer {
            options,
            state: State::Off,
            decoder: FrameDecoder::new(REPLY_MAX),
            sentinel: 0,
            unanswered: 0,
            next_value,
            stopped: false,
            acked: Vec::new(),
            acked_values: Values::default(),
            last: Time::default(),
            longest_gap_us: 0,
        }
    }

    /// How it works.
    pub fn options(&self) -> &WriterOptions {
        &self.options
    }
    /// How it works, to be changed.
    pub fn options_mut(&mut self) -> &mut WriterOptions {
        &mut self.options
    }
    /// Writes nothing more, except for what was sent already.
    pub fn stop(&mut self) {
        self.stopped = true;
    }
    /// Whether it was stopped and owes nothing.
    pub fn is_done(&self) -> bool {
        self.stopped && !matches!(self.state, State::Writing { .. })
    }
    /// How many writes it has sent.
    pub fn attempts(&self) -> u64 {
        self.next_value - self.options.first_value
    }
    /// What was acknowledged to it and when, in order.
    pub fn acked(&self) -> &[(u64, Time)] {
        &self.acked
    }
    /// The same without times.
    pub fn acked_values(&self) -> &Values {
        &self.acked_values
    }
    /// The longest time between two acknowledgements so far, in microseconds.
    pub fn longest_gap_us(&self) -> u64 {
        self.longest_gap_us
    }
    /// Since when it has had no acknowledgement.
    pub fn last_acked_at(&self) -> Time {
        self.last
    }
    /// Whom it writes to, if it is connected to somebody.
    pub fn server(&self) -> Option<SocketAddr> {
        match self.state {
            State::Ready { server, .. } | State::Writing { server, .. } => Some(server),
            State::Off | State::Pausing { .. } | State::Asking { .. } | State::Checking { .. } => None,
        }
    }

    pub(crate) fn deadline(&self, _ctx: &Ctx<'_>) -> Option<Time> {
        match self.state {
            State::Off => None,
            State::Pausing { until } => Some(until),
            State::Ready { at, .. } => Some(at),
            State::Asking { since, .. } | State::Checking { since, .. } | State::Writing { since, .. } => {
                Some(since + self.options.timeout_us)
            }
        }
    }

    pub(crate) fn handle(&mut self, what: Happening, ctx: &mut Ctx<'_>) {
        match what {
            Happening::Boot => {
                let until = ctx.now() + ctx.rng().below(self.options.period_us.max(1));
                self.last = ctx.now();
                self.state = State::Pausing { until };
            }
            Happening::Wake => self.wake(ctx),
            Happening::Data { conn, payload: Payload::Bytes(bytes) } => self.data(conn, &bytes, ctx),
            Happening::Down { conn, .. } => {
                if self.conn() == Some(conn) {
                    self.failed(ctx);
                }
            }
            Happening::Data { payload: Payload::Repl(_), .. }
            | Happening::Up { .. }
            | Happening::Accepted { .. }
            | Happening::Written { .. } => {}
        }
    }

    fn conn(&self) -> Option<ConnId> {
        match self.state {
            State::Off | State::Pausing { .. } => None,
            State::Asking { conn, .. }
            | State::Checking { conn, .. }
            | State::Ready { conn, .. }
            | State::Writing { conn, .. } => Some(conn),
        }
    }

    fn wake(&mut self, ctx: &mut Ctx<'_>) {
        if self.deadline(ctx).is_none_or(|at| at > ctx.now()) {
            return;
        }
        match self.state {
            State::Off => {}
            State::Pausing { .. } | State::Ready { .. } if self.stopped => self.rest(ctx),
            State::Pausing { .. } => self.ask(ctx),
            State::Ready { conn, server, .. } => self.write(conn, server, ctx),
            State::Asking { .. } | State::Checking { .. } | State::Writing { .. } => self.failed(ctx),
        }
    }

    fn hang_up(&mut self, ctx: &mut Ctx<'_>) {
        if let Some(conn) = self.conn() {
            ctx.close(conn);
        }
    }

    fn rest(&mut self, ctx: &mut Ctx<'_>) {
        self.hang_up(ctx);
        self.state = State::Off;
    }

    /// It did not work: looks for the master anew, at once with another sentinel if there is one not asked yet.
    fn failed(&mut self, ctx: &mut Ctx<'_>) {
        self.hang_up(ctx);
        if matches!(self.state, State::Asking { .. }) {
            self.sentinel = (self.sentinel + 1) % self.options.sentinels.len();
            self.unanswered += 1;
            if self.unanswered < self.options.sentinels.len() {
                return self.ask(ctx);
            }
        }
        self.unanswered = 0;
        self.state = State::Pausing { until: ctx.now() + PAUSE_US.0 + ctx.rng().below(PAUSE_US.1) };
    }

    fn dial(&mut self, to: SocketAddr, argv: &[&str], ctx: &mut Ctx<'_>) -> ConnId {
        self.decoder = FrameDecoder::new(REPLY_MAX);
        let conn = ctx.open(to);
        ctx.send_bytes(conn, encode_command(argv));
        conn
    }

    fn ask(&mut self, ctx: &mut Ctx<'_>) {
        let Some(&sentinel) = self.options.sentinels.get(self.sentinel) else { return self.rest(ctx) };
        let group = self.options.group.clone();
        let conn = self.dial(sentinel, &["SENTINEL", "get-master-addr-by-name", &group], ctx);
        self.state = State::Asking { conn, since: ctx.now() };
    }

    fn write(&mut self, conn: ConnId, server: SocketAddr, ctx: &mut Ctx<'_>) {
        let number = self.next_value.to_string();
        self.next_value += 1;
        let mut bytes = encode_command(&["SET", &format!("k:{number}"), &number]);
        if self.options.wait_replicas > 0 {
            let (replicas, ms) = (self.options.wait_replicas, (self.options.timeout_us / 2_000).max(1));
            bytes.extend(encode_command(&["WAIT", &replicas.to_string(), &ms.to_string()]));
        }
        ctx.send_bytes(conn, bytes);
        self.state = State::Writing { conn, server, since: ctx.now(), stored: false };
    }

    // --- Answers ---

    fn data(&mut self, conn: ConnId, bytes: &[u8], ctx: &mut Ctx<'_>) {
        if self.conn() != Some(conn) {
            return;
        }
        if bytes == b"+OK\r\n" {
            return self.answer(&Frame::Simple(b"OK".to_vec()), ctx);
        }
        self.decoder.feed(bytes);
        while self.conn() == Some(conn) {
            match self.decoder.next() {
                Ok(Some(frame)) => self.answer(&frame, ctx),
                Ok(None) => return,
                Err(_) => return self.failed(ctx),
            }
        }
    }

    fn answer(&mut self, frame: &Frame, ctx: &mut Ctx<'_>) {
        match self.state {
            State::Off | State::Pausing { .. } | State::Ready { .. } => {}
            State::Asking { .. } => match address(frame) {
                Some(server) => {
                    self.unanswered = 0;
                    self.hang_up(ctx);
                    let conn = self.dial(server, &["ROLE"], ctx);
                    self.state = State::Checking { conn, server, since: ctx.now() };
                }
                None => self.failed(ctx),
            },
            State::Checking { conn, server, .. } => {
                if says_master(frame) {
                    ctx.trace("writer", || format!("writes to {server}"));
                    self.state = State::Ready { conn, server, at: ctx.now() };
                } else {
                    self.failed(ctx);
                }
            }
            State::Writing { conn, server, since, stored } => match (stored, frame) {
                (false, Frame::Simple(_)) if self.options.wait_replicas > 0 => {
                    self.state = State::Writing { conn, server, since, stored: true };
                }
                (false, Frame::Simple(_)) => self.acknowledged(true, ctx),
                (true, Frame::Integer(had)) => {
                    self.acknowledged(*had >= i64::from(self.options.wait_replicas), ctx);
                }
                (_, _) => self.failed(ctx),
            },
        }
    }

    /// The write is answered; whether it counts.
    fn acknowledged(&mut self, counts: bool, ctx: &mut Ctx<'_>) {
        let State::Writing { conn, server, since, .. } = self.state else { return };
        let (now, value) = (ctx.now(), self.next_value - 1);
        if counts {
            self.acked.push((value, now));
            self.acked_values.insert(value);
            self.longest_gap_us = self.longest_gap_us.max(now.since_us(self.last));
            self.last = now;
            ctx.fact(Fact::Acked { writer: ctx.me(), server, value });
        }
        self.state = State::Ready { conn, server, at: now.max(since + self.options.period_us) };
    }
}

/// The address in a sentinel's answer.
fn address(frame: &Frame) -> Option<SocketAddr> {
    let Frame::Array(items) = frame else { return None };
    let [Frame::Bulk(host), Frame::Bulk(port)] = &items[..] else { return None };
    let host = std::str::from_utf8(host).ok()?.parse().ok()?;
    Some(SocketAddr::new(host, std::str::from_utf8(port).ok()?.parse().ok()?))
}

/// Whether an answer to ROLE is that of a master.
fn says_master(frame: &Frame) -> bool {
    let Frame::Array(items) = frame else { return false };
    matches!(items.first(), Some(Frame::Bulk(role)) if role == b"master")
}
