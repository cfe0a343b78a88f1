//! Furnishing a world: hosts, data servers, sentinels with their first configuration files, writers.
//!
//! Servers of group `g` (from 0) are at `10.0.g.n:6379` (`n` from 1; the first is the master), sentinels at
//! `10.1.0.n:26379`, writers at `10.2.0.n`, unless sentinels share the hosts of the first group's servers.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use watchkeeper_core::config::{Config, GroupConfig, Topology};
use watchkeeper_core::id::{GroupName, SentinelId};
use watchkeeper_core::rng::Rng;

use crate::config_text;
use crate::disk::Disk;
use crate::process::{Body, ProcId};
use crate::sentinel_process::SentinelProcess;
use crate::server::{Server, ServerOptions};
use crate::time::Clock;
use crate::upstream::UpstreamSentinel;
use crate::world::World;
use crate::writer::{Writer, WriterOptions};

/// Whose behaviour a sentinel has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    /// the real core
    Ours,
    /// a model with upstream's timing
    Upstream,
}

/// How replicas are attached at first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// all to the master
    Star,
    /// each to the one before it
    Chain,
    /// two to each
    Tree,
}

impl Shape {
    /// The shape of this name.
    pub fn parse(name: &str) -> Option<Shape> {
        [Shape::Star, Shape::Chain, Shape::Tree].into_iter().find(|shape| shape.name() == name)
    }

    /// Its name on command lines.
    pub fn name(self) -> &'static str {
        match self {
            Shape::Star => "star",
            Shape::Chain => "chain",
            Shape::Tree => "tree",
        }
    }
}

/// What a world begins with.
#[derive(Debug, Clone)]
pub struct Setup {
    /// everything random follows from it
    pub seed: u64,
    /// whether lines of the trace are kept
    pub traced: bool,
    /// how many groups; at most 1,000
    pub groups: usize,
    /// data servers of each group, the master among them; at most 200
    pub servers: usize,
    /// how replicas are attached at first
    pub shape: Shape,
    /// one sentinel each
    pub sentinels: Vec<Flavour>,
    /// sentinel `n` is on the host of the first group's server `n` (round robin) instead of one of its own
    pub colocated: bool,
    /// `quorum`
    pub quorum: u32,
    /// `down-after-milliseconds`
    pub down_after_ms: u64,
    /// `refused-down-after-milliseconds`, of sentinels of ours
    pub refused_down_after_ms: u64,
    /// `master-reboot-down-after-period`, of sentinels of ours
    pub reboot_down_after_ms: u64,
    /// `failover-timeout`
    pub failover_timeout_ms: u64,
    /// `parallel-syncs`
    pub parallel_syncs: i32,
    /// `replication-topology`, of sentinels of ours
    pub topology: Topology,
    /// options of all servers, but for `follows`
    pub server: ServerOptions,
    /// `replica-priority` of server `n` of each group, where it is not that of `server`
    pub priorities: Vec<u32>,
    /// writers of each group
    pub writers: usize,
    /// between two writes of one writer, in milliseconds
    pub write_period_ms: u64,
    /// `WAIT` for so many replicas; 0: off
    pub wait_replicas: u32,
    /// clocks run up to so many parts per million fast or slow
    pub drift_ppm: i64,
    /// applied to the configuration of every sentinel of ours
    pub tilt_clock_monotonic: bool,
    /// every sentinel of ours has this deliberate bug
    #[cfg(watchkeeper_canary)]
    pub canary: Option<watchkeeper_core::canary::Canary>,
}

impl Default for Setup {
    /// Three sentinels of ours on hosts of their own, a master and two replicas, quorum 2, down-after 2 s, failover
    /// timeout 10 s, one writer with 10 writes a second.
    fn default() -> Setup {
        Setup {
            seed: 1,
            traced: false,
            groups: 1,
            servers: 3,
            shape: Shape::Star,
            sentinels: vec![Flavour::Ours; 3],
            colocated: false,
            quorum: 2,
            down_after_ms: 2_000,
            refused_down_after_ms: 0,
            reboot_down_after_ms: 0,
            failover_timeout_ms: 10_000,
            parallel_syncs: 1,
            topology: Topology::Star,
            server: ServerOptions::default(),
            priorities: Vec::new(),
            writers: 1,
            write_period_ms: 100,
            wait_replicas: 0,
            drift_ppm: 0,
            tilt_clock_monotonic: false,
            #[cfg(watchkeeper_canary)]
            canary: None,
        }
    }
}

/// A furnished world; everything in it runs.
#[derive(Debug)]
pub struct Furnished {
    /// the world
    pub world: World,
    /// the servers of each group, the first master first
    pub servers: Vec<Vec<ProcId>>,
    /// the sentinels
    pub sentinels: Vec<ProcId>,
    /// the writers
    pub writers: Vec<ProcId>,
}

/// The address of server `n` (from 0) of group `g` (from 0).
pub fn server_addr(g: usize, n: usize) -> SocketAddr {
    // The sentinels have 10.1; the first 256 groups 10.0.
    let block = if g < 256 { 0 } else { g / 256 + 1 };
    SocketAddr::from(([10, block as u8, (g % 256) as u8, n as u8 + 1], 6379))
}

/// The name of group `g` (from 0).
pub fn group_name(g: usize) -> String {
    if g == 0 { "mymaster".to_owned() } else { format!("mymaster-{g}") }
}

impl Setup {
    /// The address of sentinel `n` (from 0).
    pub fn sentinel_addr(&self, n: usize) -> SocketAddr {
        if self.colocated {
            let ip = server_addr(0, n % self.servers).ip();
            SocketAddr::new(ip, 26_379 + (n / self.servers) as u16)
        } else {
            SocketAddr::from(([10, 1, 0, n as u8 + 1], 26_379))
        }
    }

    /// The first configuration of sentinel `n`.
    pub fn config(&self, n: usize) -> Config {
        let mut config = Config::default();
        let at = self.sentinel_addr(n);
        config.general.port = at.port();
        config.global.announce_ip = Some(at.ip().to_string());
        config.global.tilt_clock_monotonic = self.tilt_clock_monotonic;
        config.global.myid = Some(SentinelId(format!("{:040x}", Rng::new(self.seed ^ n as u64).next_u64())));
        for g in 0..self.groups {
            let master = server_addr(g, 0);
            let name = GroupName(group_name(g));
            let mut group = GroupConfig::new(name, master.ip().to_string(), master.port(), self.quorum);
            group.down_after_ms = self.down_after_ms;
            group.failover_timeout_ms = self.failover_timeout_ms;
            group.parallel_syncs = self.parallel_syncs;
            if self.sentinels.get(n) == Some(&Flavour::Ours) {
                group.topology = self.topology;
                group.refused_down_after_ms = self.refused_down_after_ms;
                group.reboot_down_after_ms = self.reboot_down_after_ms;
            }
            config.groups.push(group);
        }
        config
    }

    /// Builds it and starts everything.
    pub fn furnish(&self) -> Furnished {
        assert!(
            self.servers > 0 && self.servers <= 200 && self.groups <= 1_000,
            "more than a world can hold"
        );
        let mut world = World::new(self.seed, self.traced);
        let mut rng = Rng::new(self.seed ^ 0x5e7u64);
        let servers = (0..self.groups).map(|g| self.add_servers(g, &mut world, &mut rng)).collect::<Vec<_>>();
        let sentinels = self.add_sentinels(&mut world, &mut rng);
        let writers = self.add_writers(&mut world, &mut rng);
        for who in servers.iter().flatten().chain(&sentinels).chain(&writers) {
            world.start(*who);
        }
        Furnished { world, servers, sentinels, writers }
    }

    fn clock(&self, rng: &mut Rng) -> Clock {
        let spread = 2 * self.drift_ppm.unsigned_abs() + 1;
        let drift = rng.below(spread) as i64 - self.drift_ppm.abs();
        Clock::new(drift, 1_000_000 + rng.below(100_000_000))
    }

    fn host(&self, ip: IpAddr, world: &mut World, rng: &mut Rng) {
        if !world.hosts().contains(&ip) {
            let clock = self.clock(rng);
            world.add_host(ip, clock);
        }
    }

    fn add_servers(&self, g: usize, world: &mut World, rng: &mut Rng) -> Vec<ProcId> {
        let mut made = Vec::new();
        for n in 0..self.servers {
            let addr = server_addr(g, n);
            self.host(addr.ip(), world, rng);
            let follows = match (n, self.shape) {
                (0, _) => None,
                (_, Shape::Star) => Some(server_addr(g, 0)),
                (_, Shape::Chain) => Some(server_addr(g, n - 1)),
                (_, Shape::Tree) => Some(server_addr(g, (n - 1) / 2)),
            };
            let priority = self.priorities.get(n).copied().unwrap_or(self.server.priority);
            let options = ServerOptions { follows, priority, ..self.server.clone() };
            let body = Body::Server(Box::new(Server::new(options)));
            let name = if g == 0 { format!("redis-{}", n + 1) } else { format!("redis-{g}.{}", n + 1) };
            made.push(world.add_process(&name, addr, Disk::default(), body));
        }
        made
    }

    fn add_sentinels(&self, world: &mut World, rng: &mut Rng) -> Vec<ProcId> {
        let mut made = Vec::new();
        for (n, flavour) in self.sentinels.iter().enumerate() {
            let addr = self.sentinel_addr(n);
            self.host(addr.ip(), world, rng);
            let body = match flavour {
                Flavour::Ours => Body::Sentinel(Box::new(self.ours())),
                Flavour::Upstream => Body::Upstream(Box::new(UpstreamSentinel::new())),
            };
            let disk = Disk::with(config_text::write(&self.config(n)));
            made.push(world.add_process(&format!("sent-{}", n + 1), addr, disk, body));
        }
        made
    }

    #[cfg(watchkeeper_canary)]
    fn ours(&self) -> SentinelProcess {
        self.canary.map_or_else(SentinelProcess::new, SentinelProcess::with_canary)
    }

    #[cfg(not(watchkeeper_canary))]
    fn ours(&self) -> SentinelProcess {
        SentinelProcess::new()
    }

    fn add_writers(&self, world: &mut World, rng: &mut Rng) -> Vec<ProcId> {
        let sentinels: Vec<SocketAddr> = (0..self.sentinels.len()).map(|n| self.sentinel_addr(n)).collect();
        let mut made = Vec::new();
        for n in 0..self.groups * self.writers {
            let ip = IpAddr::V4(Ipv4Addr::new(10, 2, (n / 200) as u8, (n % 200) as u8 + 1));
            self.host(ip, world, rng);
            let options = WriterOptions {
                sentinels: sentinels.clone(),
                group: group_name(n % self.groups),
                period_us: self.write_period_ms * 1_000,
                timeout_us: 1_000_000,
                wait_replicas: self.wait_replicas,
                first_value: (n as u64 + 1) << 32,
            };
            let body = Body::Writer(Box::new(Writer::new(options)));
            let addr = SocketAddr::new(ip, 1);
            made.push(world.add_process(&format!("writer-{}", n + 1), addr, Disk::default(), body));
        }
        made
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Time;

    #[test]
    fn a_furnished_world_runs_and_its_seed_replays() {
        let course = |seed| {
            let mut it = Setup { seed, ..Setup::default() }.furnish();
            it.world.run(Time::secs(30));
            (it.world.trace().hash(), it.world.trace().happenings())
        };
        assert_eq!(course(1), course(1));
        assert_ne!(course(1), course(2));
    }
}
