//! When faults happen, and that each ends: every kind has its own randomness and its own next time, so that turning one
//! off leaves the plans of the others as they were.

use std::collections::BTreeMap;
use std::net::IpAddr;

use watchkeeper_core::rng::Rng;

use crate::disk::Wear;
use crate::fact::Fact;
use crate::fault::Kind;
use crate::net::Path;
use crate::options::Options;
use crate::process::{Body, ProcId};
use crate::setup::Furnished;
use crate::time::Time;
use crate::world::{Life, World};

/// The end of a fault.
#[derive(Debug, Clone)]
pub(super) enum Undo {
    Start(ProcId),
    Resume(ProcId),
    PowerOn(IpAddr),
    Mend(IpAddr, IpAddr),
    Path(IpAddr, IpAddr),
    Disk(ProcId),
    Server(ProcId),
}

/// See the module.
#[derive(Debug)]
pub struct Injector {
    pub(super) options: Options,
    pub(super) servers: Vec<Vec<ProcId>>,
    pub(super) sentinels: Vec<ProcId>,
    pub(super) admin: ProcId,
    rngs: BTreeMap<Kind, Rng>,
    next: BTreeMap<Kind, Time>,
    undo: BTreeMap<(Time, u64), Undo>,
    undone: u64,
    active: bool,
    counts: BTreeMap<Kind, u64>,
}

impl Injector {
    /// One that knows the world but does nothing until [`Injector::begin`].
    pub fn new(options: &Options, furnished: &Furnished, admin: ProcId) -> Injector {
        let rngs = Kind::ALL.iter().map(|kind| (*kind, Rng::new(options.seed ^ kind.salt().rotate_left(17))));
        Injector {
            options: options.clone(),
            servers: furnished.servers.clone(),
            sentinels: furnished.sentinels.clone(),
            admin,
            rngs: rngs.collect(),
            next: BTreeMap::new(),
            undo: BTreeMap::new(),
            undone: 0,
            active: false,
            counts: BTreeMap::new(),
        }
    }

    /// Faults begin to happen.
    pub fn begin(&mut self, now: Time) {
        self.active = true;
        for (kind, rate) in self.options.rates.clone() {
            if let Some(mean) = rate.mean_gap_ms().filter(|_| !kind.strikes()) {
                let gap = self.gap(kind, mean);
                self.next.insert(kind, now + gap);
            }
        }
    }

    /// When it wants to act.
    pub fn next_at(&self) -> Option<Time> {
        let fault = self.next.values().min().copied();
        let undo = self.undo.keys().next().map(|(at, _)| *at);
        [fault, undo].into_iter().flatten().min()
    }

    /// Faults so far.
    pub fn counts(&self) -> &BTreeMap<Kind, u64> {
        &self.counts
    }

    /// Does what is due.
    pub fn act(&mut self, world: &mut World) {
        let now = world.now();
        while let Some(entry) = self.undo.first_entry().filter(|entry| entry.key().0 <= now) {
            let undo = entry.remove();
            self.end(undo, world);
        }
        let due: Vec<Kind> = self.next.iter().filter(|(_, at)| **at <= now).map(|(kind, _)| *kind).collect();
        for kind in due {
            let mean = self.options.rate(kind).mean_gap_ms().unwrap_or(u64::MAX / 4_000);
            let gap = self.gap(kind, mean);
            self.next.insert(kind, now + gap);
            self.inject(kind, world);
        }
    }

    /// Sees what happened; some faults strike at a moment.
    pub fn observe(&mut self, fact: &Fact, world: &mut World) {
        if self.active {
            self.strike(fact, world);
        }
    }

    /// No more faults, and what was broken is mended, but for some sentinels that stay dead.
    pub fn heal(&mut self, world: &mut World) {
        self.active = false;
        self.next.clear();
        self.undo.clear();
        world.note_fault("all is mended");
        for conn in world.connections_of(self.admin) {
            world.reset_connection(conn); // what a user said into a cut is not said after it
        }
        for ip in world.hosts() {
            world.power_on(ip);
        }
        self.heal_network(world);
        let mut rng = Rng::new(self.options.seed ^ 0x4ea1);
        let mut dead = self.sentinels.clone();
        while dead.len() > self.options.left_dead {
            let index = rng.below(dead.len() as u64) as usize;
            dead.remove(index);
        }
        for who in world.processes().map(|(who, _)| who).collect::<Vec<_>>() {
            if dead.contains(&who) {
                world.note_fault(&format!("{} stays dead", world.name(who)));
                world.kill(who);
                continue;
            }
            self.mend_process(who, world);
        }
        self.heal_clocks(world);
    }

    /// A sentinel with upstream's behaviour measures its waits by the wall clock: where that was set back by an hour, it
    /// reconnects to nobody for an hour. So its clock is put where it has been before; those of the others stay wrong.
    fn heal_clocks(&self, world: &mut World) {
        let upstream = self.sentinels.iter().filter(|who| matches!(world.body(**who), Body::Upstream(_)));
        let hosts: Vec<IpAddr> = upstream.map(|who| world.addr(*who).ip()).collect();
        for ip in hosts {
            world.catch_up_clock(ip);
        }
    }

    fn heal_network(&self, world: &mut World) {
        let hosts = world.hosts();
        for &from in &hosts {
            for &to in hosts.iter().filter(|to| **to != from) {
                self.mend_path(from, to, world);
                world.mend(from, to);
            }
        }
    }

    fn mend_process(&mut self, who: ProcId, world: &mut World) {
        if self.sentinels.contains(&who) {
            world.set_disk(who, self.options.wear);
        }
        self.end(Undo::Server(who), world);
        match world.life(who) {
            Life::Dead => world.start(who),
            Life::Paused => world.resume(who),
            Life::Running => {}
        }
    }

    // --- What the kinds are made of ---

    pub(super) fn rng(&mut self, kind: Kind) -> &mut Rng {
        self.rngs.entry(kind).or_insert_with(|| Rng::new(kind.salt()))
    }

    /// Whether to take a chance.
    pub(super) fn chance(&mut self, kind: Kind, of: u64) -> bool {
        let percent = self.options.rate(kind).percent();
        percent > 0 && self.rng(kind).below(100 * of) < percent
    }

    pub(super) fn counted(&mut self, kind: Kind) {
        *self.counts.entry(kind).or_insert(0) += 1;
    }

    /// From a tenth of the mean to twice of it, in microseconds.
    fn gap(&mut self, kind: Kind, mean_ms: u64) -> u64 {
        let spread = mean_ms * 1_900 / 1_000;
        (mean_ms / 10 + self.rng(kind).below(spread.max(1))) * 1_000
    }

    /// How long a fault lasts, in milliseconds; `None`: until all is mended. Many are about as long as down-after.
    pub(super) fn duration(&mut self, kind: Kind) -> Option<u64> {
        let down_after = self.options.setup.down_after_ms;
        let rng = self.rng(kind);
        Some(match rng.below(100) {
            0..30 => 10 + rng.below(900),
            30..55 => down_after * (70 + rng.below(80)) / 100,
            55..85 => down_after + 1_000 + rng.below(15_000),
            85..96 => 20_000 + rng.below(40_000),
            _ => return None,
        })
    }

    pub(super) fn later(&mut self, after_ms: Option<u64>, undo: Undo, world: &World) {
        if let Some(ms) = after_ms {
            self.undone += 1;
            self.undo.insert((world.now() + ms * 1_000, self.undone), undo);
        }
    }

    pub(super) fn pick<T: Copy>(&mut self, kind: Kind, of: &[T]) -> Option<T> {
        if of.is_empty() {
            return None;
        }
        let index = self.rng(kind).below(of.len() as u64) as usize;
        Some(of[index])
    }

    /// The servers that live and believe to be masters, or that follow somebody.
    pub(super) fn servers_that(&self, are_masters: bool, world: &World) -> Vec<ProcId> {
        let all = self.servers.iter().flatten().copied().filter(|who| world.life(*who) != Life::Dead);
        let role = |who: &ProcId| match world.body(*who) {
            Body::Server(server) => server.is_master() == are_masters,
            Body::Sentinel(_) | Body::Upstream(_) | Body::Writer(_) | Body::Admin(_) => false,
        };
        all.filter(role).collect()
    }

    /// The hosts of servers and sentinels.
    pub(super) fn hosts(&self, world: &World) -> Vec<IpAddr> {
        let all = self.servers.iter().flatten().chain(&self.sentinels);
        let mut hosts: Vec<IpAddr> = all.map(|who| world.addr(*who).ip()).collect();
        hosts.sort();
        hosts.dedup();
        hosts
    }

    pub(super) fn base_wear(&self) -> Wear {
        self.options.wear
    }

    pub(super) fn base_path(&self) -> Path {
        self.options.path.clone()
    }

    fn mend_path(&self, from: IpAddr, to: IpAddr, world: &mut World) {
        let base = self.base_path();
        let path = world.path_mut(from, to);
        path.latency_us = base.latency_us;
        path.jitter_us = base.jitter_us;
        path.loss_permille = base.loss_permille;
    }

    fn end(&mut self, undo: Undo, world: &mut World) {
        match undo {
            Undo::Start(who) => {
                if world.life(who) == Life::Dead && world.has_power(world.addr(who).ip()) {
                    world.note_fault(&format!("{} is started", world.name(who)));
                    world.start(who);
                }
            }
            Undo::Resume(who) => {
                if world.life(who) == Life::Paused {
                    world.note_fault(&format!("{} goes on", world.name(who)));
                    world.resume(who);
                }
            }
            Undo::PowerOn(ip) => {
                world.note_fault(&format!("{ip} has power again"));
                world.power_on(ip);
                let all = world.processes().map(|(who, _)| who).filter(|who| world.addr(*who).ip() == ip);
                for who in all.collect::<Vec<_>>() {
                    self.end(Undo::Start(who), world);
                }
            }
            Undo::Mend(from, to) => {
                if world.is_cut(from, to) {
                    world.note_fault(&format!("{from} reaches {to} again"));
                    world.mend(from, to);
                }
            }
            Undo::Path(from, to) => self.mend_path(from, to, world),
            Undo::Disk(who) => {
                world.note_fault(&format!("the disk of {} is well", world.name(who)));
                let wear = self.base_wear();
                world.set_disk(who, wear);
            }
            Undo::Server(who) => super::act::server_is_well(who, world),
        }
    }
}
