//! The network: connections as TCP gives them, over paths that may be slow, lossy, clogged or cut in one direction.
//!
//! What is sent into a cut waits, as TCP retransmits it, and arrives up to [`RETRANSMIT_MAX_US`] after the cut is
//! mended. A host without power says nothing at all, so the other ends stay half-open until they write and the host,
//! back again, answers that it knows nothing of them. Who runs and what they do with what arrives is the world's.

use std::collections::VecDeque;
use std::net::SocketAddr;

use watchkeeper_core::rng::Rng;

use crate::process::{Payload, ProcId};
use crate::time::Time;

/// How long after a cut is mended what was sent into it may arrive, in microseconds.
pub const RETRANSMIT_MAX_US: u64 = 4_000_000;
/// A lost packet is sent again after this, and after the double of it each time more, in microseconds.
const RETRANSMIT_US: u64 = 200_000;
/// Packets that wait at one cut. A sender that piles up more is taken for gone.
const HELD_MAX: usize = 20_000;

/// One end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Dialer = 0,
    Acceptor = 1,
}

impl Side {
    pub(crate) fn other(self) -> Side {
        match self {
            Side::Dialer => Side::Acceptor,
            Side::Acceptor => Side::Dialer,
        }
    }
}

/// What travels.
#[derive(Debug)]
pub(crate) enum Packet {
    Syn,
    SynAck,
    Refused,
    Data(Payload),
    Fin,
    Rst,
}

/// One end.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) owner: Option<ProcId>,
    pub(crate) host: usize,
    pub(crate) addr: SocketAddr,
    pub(crate) open: bool,
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Conn {
    pub(crate) ends: [End; 2],
    /// the dialer knows that it is up
    pub(crate) up: bool,
    /// what the dialer sent before
    pub(crate) pending: Vec<Payload>,
    /// nothing arrives at an end before what was sent to it earlier
    pub(crate) last_arrival: [Time; 2],
}

impl Conn {
    pub(crate) fn end(&self, side: Side) -> &End {
        &self.ends[side as usize]
    }
    pub(crate) fn end_mut(&mut self, side: Side) -> &mut End {
        &mut self.ends[side as usize]
    }
    /// The end that belongs to this process and is open; both may be its own.
    pub(crate) fn side_of(&self, who: ProcId) -> Option<Side> {
        let sides = [Side::Dialer, Side::Acceptor];
        sides.into_iter().find(|side| self.end(*side).owner == Some(who) && self.end(*side).open)
    }
}

/// One direction between two hosts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// least time one way, in microseconds
    pub latency_us: u64,
    /// up to so much more, evenly spread
    pub jitter_us: u64,
    /// how many of a thousand packets are lost and must be sent again
    pub loss_permille: u64,
    /// nothing passes; what is sent waits
    pub cut: bool,
}

impl Default for Path {
    fn default() -> Path {
        Path { latency_us: 200, jitter_us: 300, loss_permille: 0, cut: false }
    }
}

impl Path {
    /// How long a packet takes.
    fn delay_us(&self, rng: &mut Rng) -> u64 {
        let mut delay = self.latency_us;
        if self.jitter_us > 0 {
            delay += rng.below(self.jitter_us);
        }
        let mut again = RETRANSMIT_US;
        while self.loss_permille > 0 && rng.below(1_000) < self.loss_permille && again < 30_000_000 {
            delay += again;
            again *= 2;
        }
        delay
    }
}

/// A packet that waits at a cut.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) conn: crate::process::ConnId,
    pub(crate) to: Side,
    pub(crate) packet: Packet,
}

/// All paths between `hosts` hosts.
#[derive(Debug, Default)]
pub(crate) struct Paths {
    hosts: usize,
    paths: Vec<Path>,
    held: Vec<VecDeque<Held>>,
}

impl Paths {
    /// Makes room for one more host.
    pub(crate) fn add_host(&mut self) {
        let old = std::mem::take(self);
        self.hosts = old.hosts + 1;
        self.paths = vec![Path::default(); self.hosts * self.hosts];
        self.held = (0..self.hosts * self.hosts).map(|_| VecDeque::new()).collect();
        for (index, path) in old.paths.into_iter().enumerate() {
            let (from, to) = (index / old.hosts, index % old.hosts);
            self.paths[from * self.hosts + to] = path;
        }
        let own = self.index(old.hosts, old.hosts);
        self.paths[own] = Path { latency_us: 15, jitter_us: 20, loss_permille: 0, cut: false };
    }

    fn index(&self, from: usize, to: usize) -> usize {
        from * self.hosts + to
    }

    pub(crate) fn get(&self, from: usize, to: usize) -> &Path {
        &self.paths[self.index(from, to)]
    }

    pub(crate) fn get_mut(&mut self, from: usize, to: usize) -> &mut Path {
        let index = self.index(from, to);
        &mut self.paths[index]
    }

    /// When a packet sent now arrives; `None` when it waits at a cut.
    pub(crate) fn arrival(&self, from: usize, to: usize, now: Time, rng: &mut Rng) -> Option<Time> {
        let path = self.get(from, to);
        if path.cut { None } else { Some(now + path.delay_us(rng)) }
    }

    /// Keeps a packet until the cut is mended; false when there is no more room.
    pub(crate) fn hold(&mut self, from: usize, to: usize, held: Held) -> bool {
        let index = self.index(from, to);
        if self.held[index].len() >= HELD_MAX {
            return false;
        }
        self.held[index].push_back(held);
        true
    }

    /// Takes what waits.
    pub(crate) fn release(&mut self, from: usize, to: usize) -> VecDeque<Held> {
        let index = self.index(from, to);
        std::mem::take(&mut self.held[index])
    }

    /// What a host without power had sent is never sent again.
    pub(crate) fn forget_host(&mut self, host: usize) {
        for other in 0..self.hosts {
            let index = self.index(host, other);
            self.held[index].clear();
        }
    }
}
