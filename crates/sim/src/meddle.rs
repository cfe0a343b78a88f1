//! What can be done to a world from outside: start, kill, pause, cut, break, set clocks, harm disks. Faults and
//! scenarios use it; processes can't.

use std::net::IpAddr;

use watchkeeper_core::io::DownReason;

use crate::disk::Wear;
use crate::fact::Fact;
use crate::net::{Packet, Path, RETRANSMIT_MAX_US, Side};
use crate::process::{Body, ConnId, Happening, ProcId};
use crate::time::Time;
use crate::world::{Life, World};

impl World {
    // --- Processes ---

    /// Begins to run a process that is dead.
    pub fn start(&mut self, who: ProcId) {
        let host = self.fabric.slots[who.0 as usize].host;
        assert!(self.fabric.hosts[host].on, "a process is started on a host without power");
        let slot = &mut self.fabric.slots[who.0 as usize];
        assert!(slot.life == Life::Dead, "a process is started twice");
        slot.life = Life::Running;
        slot.incarnation += 1;
        slot.wake = None;
        slot.disk.forget_write();
        self.fabric.fact(Fact::Booted { who });
        self.due(who, Happening::Boot);
        self.settle();
    }

    /// Ends a process as SIGKILL does: the kernel closes its connections.
    pub fn kill(&mut self, who: ProcId) {
        if self.life(who) != Life::Dead {
            self.fabric.slots[who.0 as usize].life = Life::Dead;
            self.buried(who);
            self.settle();
        }
    }

    /// Stops a process as SIGSTOP does.
    pub fn pause(&mut self, who: ProcId) {
        let slot = &mut self.fabric.slots[who.0 as usize];
        if slot.life == Life::Running {
            slot.life = Life::Paused;
            slot.wake = None;
        }
    }

    /// Lets a stopped process go on; what came meanwhile is handled first.
    pub fn resume(&mut self, who: ProcId) {
        let slot = &mut self.fabric.slots[who.0 as usize];
        if slot.life != Life::Paused {
            return;
        }
        slot.life = Life::Running;
        for what in std::mem::take(&mut slot.inbox) {
            self.due(who, what);
        }
        self.due(who, Happening::Wake);
        self.settle();
    }

    /// The end of a process whose life is over: its connections and unfinished writes.
    pub(crate) fn buried(&mut self, who: ProcId) {
        let fabric = &mut self.fabric;
        let slot = &mut fabric.slots[who.0 as usize];
        slot.incarnation += 1;
        slot.inbox.clear();
        slot.wake = None;
        slot.disk.crash(&mut fabric.rng);
        fabric.fact(Fact::Died { who });
        for id in fabric.conns.keys().copied().collect::<Vec<_>>() {
            while let Some(side) = fabric.conns.get(&id).and_then(|conn| conn.side_of(who)) {
                if let Some(conn) = fabric.conns.get_mut(&id) {
                    conn.end_mut(side).open = false;
                }
                fabric.transmit(id, side.other(), Packet::Fin);
            }
        }
    }

    /// Changes the inside of a process, such as a server's data or a writer's pace.
    pub fn body_mut(&mut self, who: ProcId) -> &mut Body {
        &mut self.bodies[who.0 as usize]
    }

    // --- Hosts ---

    /// Takes the power from a host: its processes are gone and nobody is told.
    pub fn power_off(&mut self, ip: IpAddr) {
        let host = self.host(ip);
        if !std::mem::replace(&mut self.fabric.hosts[host].on, false) {
            return;
        }
        for who in self.processes_of(host) {
            if self.life(who) != Life::Dead {
                self.fabric.slots[who.0 as usize].life = Life::Dead;
                self.buried(who); // with the power off, its FINs go nowhere
            }
        }
        self.fabric.paths.forget_host(host);
    }

    /// Gives it back. Its processes must be started.
    pub fn power_on(&mut self, ip: IpAddr) {
        let host = self.host(ip);
        self.fabric.hosts[host].on = true;
    }

    /// Whether it has power.
    pub fn has_power(&self, ip: IpAddr) -> bool {
        self.fabric.hosts[self.host(ip)].on
    }

    /// The addresses of all hosts.
    pub fn hosts(&self) -> Vec<IpAddr> {
        self.fabric.hosts.iter().map(|host| host.ip).collect()
    }

    /// Sets the wall clock of a host forward or back.
    pub fn jump_clock(&mut self, ip: IpAddr, ms: i64) {
        let host = self.host(ip);
        self.fabric.hosts[host].clock.jump(ms);
    }

    /// Sets the wall clock of a host as far forward as it has ever been.
    pub fn catch_up_clock(&mut self, ip: IpAddr) {
        let host = self.host(ip);
        self.fabric.hosts[host].clock.catch_up();
    }

    fn host(&self, ip: IpAddr) -> usize {
        let found = self.fabric.hosts.iter().position(|host| host.ip == ip);
        found.unwrap_or_else(|| panic!("no host has the address {ip}"))
    }

    fn processes_of(&self, host: usize) -> Vec<ProcId> {
        let slots = self.fabric.slots.iter().enumerate();
        slots.filter(|(_, slot)| slot.host == host).map(|(index, _)| ProcId(index as u32)).collect()
    }

    // --- The network ---

    /// The path from one host to another, to be changed except for `cut`: use [`World::cut`] and [`World::mend`].
    pub fn path_mut(&mut self, from: IpAddr, to: IpAddr) -> &mut Path {
        let (from, to) = (self.host(from), self.host(to));
        self.fabric.paths.get_mut(from, to)
    }

    /// Whether nothing passes from one host to another.
    pub fn is_cut(&self, from: IpAddr, to: IpAddr) -> bool {
        self.fabric.paths.get(self.host(from), self.host(to)).cut
    }

    /// From now on nothing passes from one host to another (in this direction).
    pub fn cut(&mut self, from: IpAddr, to: IpAddr) {
        self.path_mut(from, to).cut = true;
    }

    /// Undoes [`World::cut`]: what was sent meanwhile arrives within some seconds.
    pub fn mend(&mut self, from: IpAddr, to: IpAddr) {
        let (from, to) = (self.host(from), self.host(to));
        if !std::mem::replace(&mut self.fabric.paths.get_mut(from, to).cut, false) {
            return;
        }
        let mut delays = std::collections::BTreeMap::new();
        for held in self.fabric.paths.release(from, to) {
            let rng = &mut self.fabric.rng;
            let delay: u64 = *delays.entry(held.conn).or_insert_with(|| rng.below(RETRANSMIT_MAX_US));
            let at: Time = self.fabric.now + delay;
            self.fabric.arrive_at(at, held.conn, held.to, held.packet);
        }
    }

    /// Cuts both directions.
    pub fn cut_both(&mut self, a: IpAddr, b: IpAddr) {
        self.cut(a, b);
        self.cut(b, a);
    }

    /// Mends both directions.
    pub fn mend_both(&mut self, a: IpAddr, b: IpAddr) {
        self.mend(a, b);
        self.mend(b, a);
    }

    /// The connections a process has.
    pub fn connections_of(&self, who: ProcId) -> Vec<ConnId> {
        let conns = self.fabric.conns.iter();
        conns.filter(|(_, conn)| conn.side_of(who).is_some()).map(|(id, _)| *id).collect()
    }

    /// The two ends of a connection: who dialled, and where to.
    pub fn ends_of(&self, conn: ConnId) -> Option<(ProcId, std::net::SocketAddr)> {
        let conn = self.fabric.conns.get(&conn)?;
        Some((conn.end(Side::Dialer).owner?, conn.end(Side::Acceptor).addr))
    }

    /// Resets one connection, at both ends.
    pub fn reset_connection(&mut self, conn: ConnId) {
        self.fabric.break_conn(conn, &DownReason::Reset);
        self.settle();
    }

    // --- Disks and notes ---

    /// How the disk of a process works from now on. A write that hung is finished when the new state does not hang.
    pub fn set_disk(&mut self, who: ProcId, wear: Wear) {
        let was_stuck = self.fabric.slots[who.0 as usize].disk.set_wear(wear);
        if was_stuck && !wear.hangs {
            self.fabric.finish_write(who);
        }
    }

    /// Notes a fault (or its end), for the trace and the properties.
    pub fn note_fault(&mut self, text: &str) {
        let now = self.fabric.now;
        self.fabric.trace.line(now, "-", "fault", || text.to_owned());
        self.fabric.trace.bytes(text.as_bytes());
        self.fabric.fact(Fact::Fault { text: text.to_owned() });
    }
}
