//! The world: hosts with clocks, processes on them, a network between them, one queue of what will happen.
//!
//! Everything follows from the seed. The world decides nothing about failover and injects no faults of its own accord;
//! [`crate::fault`] and the scenarios do, through the methods in [`crate::meddle`].

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::net::{IpAddr, SocketAddr};

use watchkeeper_core::Now;
use watchkeeper_core::io::DownReason;
use watchkeeper_core::rng::Rng;

use crate::disk::Disk;
use crate::fact::Fact;
use crate::net::{Conn, End, Held, Packet, Paths, Side};
use crate::process::{Body, ConnId, Happening, Payload, ProcId};
use crate::time::{Clock, Time};
use crate::trace::Trace;

/// How a process fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// it runs
    Running,
    /// it is stopped: the kernel still accepts connections and data for it
    Paused,
    /// it does not exist
    Dead,
}

/// A machine.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) ip: IpAddr,
    pub(crate) on: bool,
    pub(crate) clock: Clock,
}

/// What the world knows of a process, whatever its kind.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) name: String,
    pub(crate) addr: SocketAddr,
    pub(crate) host: usize,
    pub(crate) life: Life,
    pub(crate) incarnation: u32,
    pub(crate) inbox: VecDeque<Happening>,
    /// the earliest wake in the queue
    pub(crate) wake: Option<Time>,
    pub(crate) disk: Disk,
}

#[derive(Debug)]
enum Item {
    Packet { conn: ConnId, to: Side, packet: Packet },
    Wake(ProcId),
    Written { who: ProcId, incarnation: u32, token: u64, ok: bool },
}

#[derive(Debug)]
struct Entry {
    at: Time,
    order: u64,
    item: Item,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Entry) -> bool {
        self.order == other.order
    }
}
impl Eq for Entry {}
impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Entry) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Entry {
    fn cmp(&self, other: &Entry) -> std::cmp::Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

/// Everything but the insides of the processes.
#[derive(Debug)]
pub(crate) struct Fabric {
    pub(crate) now: Time,
    pub(crate) rng: Rng,
    queue: BinaryHeap<Reverse<Entry>>,
    next_order: u64,
    pub(crate) hosts: Vec<Host>,
    pub(crate) slots: Vec<Slot>,
    by_addr: BTreeMap<SocketAddr, ProcId>,
    pub(crate) conns: BTreeMap<ConnId, Conn>,
    next_conn: u64,
    pub(crate) paths: Paths,
    pub(crate) facts: VecDeque<(Time, Fact)>,
    pub(crate) trace: Trace,
    /// happenings for processes, in the order they are due, all now
    due: VecDeque<(ProcId, Happening)>,
}

/// See the module.
#[derive(Debug)]
pub struct World {
    pub(crate) fabric: Fabric,
    pub(crate) bodies: Vec<Body>,
}

/// What a process acts through while it handles a happening.
#[derive(Debug)]
pub struct Ctx<'w> {
    pub(crate) fabric: &'w mut Fabric,
    pub(crate) me: ProcId,
}

impl Ctx<'_> {
    /// Who it is.
    pub fn me(&self) -> ProcId {
        self.me
    }
    /// The world's time: for facts and for what is modelled; a sentinel must use [`Ctx::clock`].
    pub fn now(&self) -> Time {
        self.fabric.now
    }
    /// What the clocks of its host show.
    pub fn clock(&self) -> Now {
        let slot = &self.fabric.slots[self.me.0 as usize];
        self.fabric.hosts[slot.host].clock.read(self.fabric.now)
    }
    /// The world's time at which its monotonic clock will show `mono`.
    pub fn when(&self, mono: watchkeeper_core::Mono) -> Time {
        let slot = &self.fabric.slots[self.me.0 as usize];
        self.fabric.hosts[slot.host].clock.when(mono)
    }
    /// Its own address.
    pub fn addr(&self) -> SocketAddr {
        self.fabric.slots[self.me.0 as usize].addr
    }
    /// Randomness, from the world's seed.
    pub fn rng(&mut self) -> &mut Rng {
        &mut self.fabric.rng
    }
    /// What is on its disk, if anything was ever written.
    pub fn file(&self) -> Option<&[u8]> {
        self.fabric.slots[self.me.0 as usize].disk.content()
    }
    /// Writes its file. [`Happening::Written`] follows with this token; one write at a time.
    pub fn write_file(&mut self, token: u64, bytes: Vec<u8>) {
        self.fabric.write_file(self.me, token, bytes);
    }
    /// Connects; [`Happening::Up`] or [`Happening::Down`] follows, or nothing.
    pub fn open(&mut self, to: SocketAddr) -> ConnId {
        self.fabric.open(self.me, to)
    }
    /// Sends; what is sent before the connection is up waits for that. Nothing happens if it is closed.
    pub fn send(&mut self, conn: ConnId, payload: Payload) {
        self.fabric.send(self.me, conn, payload);
    }
    /// Sends RESP.
    pub fn send_bytes(&mut self, conn: ConnId, bytes: Vec<u8>) {
        self.send(conn, Payload::Bytes(bytes));
    }
    /// Closes its end; no `Down` follows.
    pub fn close(&mut self, conn: ConnId) {
        self.fabric.close(self.me, conn);
    }
    /// Makes an observation for the properties.
    pub fn fact(&mut self, fact: Fact) {
        self.fabric.fact(fact);
    }
    /// How many observations there are by now, for [`Ctx::fact_before`].
    pub(crate) fn mark(&self) -> usize {
        self.fabric.facts.len()
    }
    /// Makes an observation of what led to those made since `mark`.
    pub(crate) fn fact_before(&mut self, mark: usize, fact: Fact) {
        let now = self.fabric.now;
        self.fabric.facts.insert(mark, (now, fact));
    }
    /// A line of the trace; `text` is only called where lines are wanted.
    pub fn trace(&mut self, kind: &str, text: impl FnOnce() -> String) {
        let Fabric { now, slots, trace, .. } = &mut *self.fabric;
        trace.line(*now, &slots[self.me.0 as usize].name, kind, text);
    }
    /// Ends its own process as soon as this happening is handled.
    pub fn exit(&mut self) {
        self.fabric.slots[self.me.0 as usize].life = Life::Dead;
    }
}

impl Fabric {
    fn push(&mut self, at: Time, item: Item) {
        self.next_order += 1;
        self.queue.push(Reverse(Entry { at: at.max(self.now), order: self.next_order, item }));
    }

    pub(crate) fn fact(&mut self, fact: Fact) {
        self.facts.push_back((self.now, fact));
    }

    fn slot(&self, who: ProcId) -> &Slot {
        &self.slots[who.0 as usize]
    }

    fn open(&mut self, me: ProcId, to: SocketAddr) -> ConnId {
        self.next_conn += 1;
        let id = ConnId(self.next_conn);
        let (host, ip) = (self.slot(me).host, self.slot(me).addr.ip());
        let local = SocketAddr::new(ip, 32_768 + (self.next_conn % 28_000) as u16);
        let far = self.hosts.iter().position(|host| host.ip == to.ip());
        let dialer = End { owner: Some(me), host, addr: local, open: true };
        let acceptor = End { owner: None, host: far.unwrap_or(host), addr: to, open: far.is_some() };
        let conn = Conn {
            ends: [dialer, acceptor],
            up: false,
            pending: Vec::new(),
            last_arrival: [Time::default(); 2],
        };
        self.conns.insert(id, conn);
        if far.is_some() {
            self.transmit(id, Side::Acceptor, Packet::Syn);
        }
        id
    }

    fn send(&mut self, me: ProcId, id: ConnId, payload: Payload) {
        let Some(conn) = self.conns.get_mut(&id) else { return };
        let Some(side) = conn.side_of(me) else { return };
        if side == Side::Dialer && !conn.up {
            conn.pending.push(payload);
            return;
        }
        self.transmit(id, side.other(), Packet::Data(payload));
    }

    fn close(&mut self, me: ProcId, id: ConnId) {
        let Some(conn) = self.conns.get_mut(&id) else { return };
        let Some(side) = conn.side_of(me) else { return };
        conn.end_mut(side).open = false;
        let gone = conn.end(side.other()).owner.is_none() && !conn.end(side.other()).open;
        if gone {
            self.conns.remove(&id);
        } else {
            self.transmit(id, side.other(), Packet::Fin);
        }
    }

    /// Sends a packet to one end of a connection.
    pub(crate) fn transmit(&mut self, id: ConnId, to: Side, packet: Packet) {
        let Some(conn) = self.conns.get(&id) else { return };
        let (from_host, to_host) = (conn.end(to.other()).host, conn.end(to).host);
        if !self.hosts[from_host].on {
            return;
        }
        match self.paths.arrival(from_host, to_host, self.now, &mut self.rng) {
            Some(at) => self.arrive_at(at, id, to, packet),
            None => {
                if !self.paths.hold(from_host, to_host, Held { conn: id, to, packet }) {
                    self.break_conn(id, &DownReason::TimedOut);
                }
            }
        }
    }

    pub(crate) fn arrive_at(&mut self, at: Time, id: ConnId, to: Side, packet: Packet) {
        let Some(conn) = self.conns.get_mut(&id) else { return };
        let at = at.max(conn.last_arrival[to as usize]);
        conn.last_arrival[to as usize] = at;
        self.push(at, Item::Packet { conn: id, to, packet });
    }

    /// Both ends learn at once that it is gone.
    pub(crate) fn break_conn(&mut self, id: ConnId, reason: &DownReason) {
        let Some(conn) = self.conns.remove(&id) else { return };
        for end in conn.ends {
            if let Some(owner) = end.owner.filter(|_| end.open) {
                self.due.push_back((owner, Happening::Down { conn: id, reason: reason.clone() }));
            }
        }
    }

    fn arrived(&mut self, id: ConnId, to: Side, packet: Packet) {
        let Some(conn) = self.conns.get_mut(&id) else { return };
        if !self.hosts[conn.end(to).host].on {
            if matches!(packet, Packet::Fin | Packet::Rst) {
                self.conns.remove(&id); // neither end will ever speak on it again
            }
            return;
        }
        let (open, owner) = (conn.end(to).open, conn.end(to).owner);
        match packet {
            Packet::Syn => self.knock(id),
            Packet::SynAck => {
                let Some(owner) = owner.filter(|_| open) else { return };
                conn.up = true;
                let local = conn.end(to).addr;
                for payload in std::mem::take(&mut conn.pending) {
                    self.transmit(id, Side::Acceptor, Packet::Data(payload));
                }
                self.due.push_back((owner, Happening::Up { conn: id, local }));
            }
            Packet::Data(payload) => match owner.filter(|_| open) {
                Some(owner) => self.due.push_back((owner, Happening::Data { conn: id, payload })),
                None => self.transmit(id, to.other(), Packet::Rst),
            },
            Packet::Fin => self.ended(id, to, DownReason::Closed),
            Packet::Rst => self.ended(id, to, DownReason::Reset),
            Packet::Refused => self.ended(id, to, DownReason::Refused),
        }
    }

    fn ended(&mut self, id: ConnId, to: Side, reason: DownReason) {
        let Some(conn) = self.conns.remove(&id) else { return };
        let end = conn.end(to);
        if let Some(owner) = end.owner.filter(|_| end.open) {
            self.due.push_back((owner, Happening::Down { conn: id, reason }));
        }
    }

    /// Somebody wants to connect.
    fn knock(&mut self, id: ConnId) {
        let Some(conn) = self.conns.get_mut(&id) else { return };
        let addr = conn.end(Side::Acceptor).addr;
        let listener = self.by_addr.get(&addr).copied();
        let listener = listener.filter(|who| self.slots[who.0 as usize].life != Life::Dead);
        let Some(listener) = listener else {
            self.transmit(id, Side::Dialer, Packet::Refused);
            return;
        };
        conn.end_mut(Side::Acceptor).owner = Some(listener);
        let from = conn.end(Side::Dialer).addr;
        self.transmit(id, Side::Dialer, Packet::SynAck);
        self.due.push_back((listener, Happening::Accepted { conn: id, from }));
    }

    fn write_file(&mut self, me: ProcId, token: u64, bytes: Vec<u8>) {
        let (now, slot) = (self.now, &mut self.slots[me.0 as usize]);
        let incarnation = slot.incarnation;
        if let Some((took_us, ok)) = slot.disk.begin(token, bytes, &mut self.rng) {
            self.push(now + took_us, Item::Written { who: me, incarnation, token, ok });
        }
    }

    /// A write that hung goes on.
    pub(crate) fn finish_write(&mut self, who: ProcId) {
        let slot = &mut self.slots[who.0 as usize];
        if let Some(token) = slot.disk.hanging() {
            let incarnation = slot.incarnation;
            self.push(self.now, Item::Written { who, incarnation, token, ok: true });
        }
    }
}

impl World {
    /// An empty world. Lines of the trace are kept only if `traced`.
    pub fn new(seed: u64, traced: bool) -> World {
        let fabric = Fabric {
            now: Time::default(),
            rng: Rng::new(seed),
            queue: BinaryHeap::new(),
            next_order: 0,
            hosts: Vec::new(),
            slots: Vec::new(),
            by_addr: BTreeMap::new(),
            conns: BTreeMap::new(),
            next_conn: 0,
            paths: Paths::default(),
            facts: VecDeque::new(),
            trace: Trace::new(traced),
            due: VecDeque::new(),
        };
        World { fabric, bodies: Vec::new() }
    }

    /// Adds a machine.
    pub fn add_host(&mut self, ip: IpAddr, clock: Clock) {
        assert!(self.fabric.hosts.iter().all(|host| host.ip != ip), "two hosts with the address {ip}");
        self.fabric.hosts.push(Host { ip, on: true, clock });
        self.fabric.paths.add_host();
    }

    /// Adds a process that does not run yet, on the host with its address. `name` is for the trace.
    pub fn add_process(&mut self, name: &str, addr: SocketAddr, disk: Disk, body: Body) -> ProcId {
        let host = self.fabric.hosts.iter().position(|host| host.ip == addr.ip());
        let host = host.unwrap_or_else(|| panic!("no host has the address {}", addr.ip()));
        let id = ProcId(self.bodies.len() as u32);
        assert!(self.fabric.by_addr.insert(addr, id).is_none(), "two processes at {addr}");
        self.bodies.push(body);
        self.fabric.slots.push(Slot {
            name: name.to_owned(),
            addr,
            host,
            life: Life::Dead,
            incarnation: 0,
            inbox: VecDeque::new(),
            wake: None,
            disk,
        });
        id
    }

    // --- What it is like ---

    /// The world's time.
    pub fn now(&self) -> Time {
        self.fabric.now
    }
    /// All processes, in the order they were added.
    pub fn processes(&self) -> impl DoubleEndedIterator<Item = (ProcId, &Body)> {
        self.bodies.iter().enumerate().map(|(index, body)| (ProcId(index as u32), body))
    }
    /// A process.
    pub fn body(&self, who: ProcId) -> &Body {
        &self.bodies[who.0 as usize]
    }
    /// How it fares.
    pub fn life(&self, who: ProcId) -> Life {
        self.fabric.slot(who).life
    }
    /// Whether its host has power and it runs.
    pub fn runs(&self, who: ProcId) -> bool {
        self.life(who) == Life::Running
    }
    /// Its address.
    pub fn addr(&self, who: ProcId) -> SocketAddr {
        self.fabric.slot(who).addr
    }
    /// Its name in the trace.
    pub fn name(&self, who: ProcId) -> &str {
        &self.fabric.slot(who).name
    }
    /// The process at an address.
    pub fn at(&self, addr: SocketAddr) -> Option<ProcId> {
        self.fabric.by_addr.get(&addr).copied()
    }
    /// What is on its disk.
    pub fn file(&self, who: ProcId) -> Option<&[u8]> {
        self.fabric.slot(who).disk.content()
    }
    /// What its host's clocks show.
    pub fn clock(&self, who: ProcId) -> Now {
        self.fabric.hosts[self.fabric.slot(who).host].clock.read(self.fabric.now)
    }
    /// The trace.
    pub fn trace(&self) -> &Trace {
        &self.fabric.trace
    }
    /// When the next thing happens.
    pub fn next_at(&self) -> Option<Time> {
        self.fabric.queue.peek().map(|Reverse(entry)| entry.at)
    }

    /// The facts since the last call, oldest first. Whoever drives the world takes them after every [`World::step`].
    pub fn take_facts(&mut self) -> VecDeque<(Time, Fact)> {
        std::mem::take(&mut self.fabric.facts)
    }
    /// Whether there are facts to take.
    pub fn has_facts(&self) -> bool {
        !self.fabric.facts.is_empty()
    }

    // --- Time ---

    /// Lets the next thing happen if it happens by `until`; otherwise time becomes `until` and the answer is false.
    pub fn step(&mut self, until: Time) -> bool {
        let Some(Reverse(first)) = self.fabric.queue.peek() else {
            self.fabric.now = self.fabric.now.max(until);
            return false;
        };
        if first.at > until {
            self.fabric.now = until;
            return false;
        }
        let Some(Reverse(Entry { at, order, item })) = self.fabric.queue.pop() else { return false };
        self.fabric.now = at;
        match item {
            Item::Packet { conn, to, packet } => {
                self.fabric.trace.happened(at, 1, conn.0 << 1 | to as u64);
                self.fabric.arrived(conn, to, packet);
            }
            Item::Wake(who) => self.wake(who, at),
            Item::Written { who, incarnation, token, ok } => {
                self.fabric.trace.happened(at, 3, order);
                if self.fabric.slot(who).incarnation == incarnation {
                    self.fabric.slots[who.0 as usize].disk.end(ok);
                    self.fabric.due.push_back((who, Happening::Written { token, ok }));
                }
            }
        }
        self.settle();
        true
    }

    /// Lets time pass without looking at facts; for tests.
    pub fn run(&mut self, until: Time) {
        while self.step(until) {
            self.fabric.facts.clear();
        }
    }

    fn wake(&mut self, who: ProcId, at: Time) {
        let slot = &mut self.fabric.slots[who.0 as usize];
        if slot.wake != Some(at) || slot.life != Life::Running {
            return; // another wake came first, or nobody is there to be woken
        }
        slot.wake = None;
        let ctx = Ctx { fabric: &mut self.fabric, me: who };
        let due = self.bodies[who.0 as usize].deadline(&ctx);
        if due.is_some_and(|due| due <= at) {
            self.fabric.trace.happened(at, 2, u64::from(who.0));
            self.fabric.due.push_back((who, Happening::Wake));
        } else {
            self.plan_wake(who);
        }
    }

    fn plan_wake(&mut self, who: ProcId) {
        let ctx = Ctx { fabric: &mut self.fabric, me: who };
        let Some(due) = self.bodies[who.0 as usize].deadline(&ctx) else { return };
        let due = due.max(self.fabric.now);
        let slot = &mut self.fabric.slots[who.0 as usize];
        if slot.wake.is_none_or(|planned| due < planned) {
            slot.wake = Some(due);
            self.fabric.push(due, Item::Wake(who));
        }
    }

    /// Gives everything that is due to its process.
    pub(crate) fn settle(&mut self) {
        while let Some((who, what)) = self.fabric.due.pop_front() {
            let slot = &mut self.fabric.slots[who.0 as usize];
            match slot.life {
                Life::Running => self.happen(who, what),
                Life::Paused => slot.inbox.push_back(what),
                Life::Dead => {}
            }
        }
    }

    fn happen(&mut self, who: ProcId, what: Happening) {
        let mut ctx = Ctx { fabric: &mut self.fabric, me: who };
        self.bodies[who.0 as usize].handle(what, &mut ctx);
        if self.fabric.slot(who).life == Life::Dead {
            self.buried(who);
        } else {
            self.plan_wake(who);
        }
    }

    /// Adds to what is due now.
    pub(crate) fn due(&mut self, who: ProcId, what: Happening) {
        self.fabric.due.push_back((who, what));
    }
}
