//! Everything a run is made of, derived from one seed: the size and shape of the world, its timing, and which kinds of
//! faults happen how often. In the way of swarms: most runs have a random half of the kinds turned off and some of the
//! others extreme, since a fault that happens all the time hides those that need quiet.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use watchkeeper_core::config::Topology;
use watchkeeper_core::rng::Rng;

use crate::disk::Wear;
use crate::fault::{Kind, Rate};
use crate::net::Path;
use crate::server::ServerOptions;
use crate::setup::{Flavour, Setup, Shape};

/// See the module.
#[derive(Debug, Clone)]
pub struct Options {
    /// the seed it all came from
    pub seed: u64,
    /// how the world is furnished
    pub setup: Setup,
    /// every path between two hosts when nothing is wrong
    pub path: Path,
    /// the disks of sentinels when nothing is wrong
    pub wear: Wear,
    /// the kinds that happen, and how often
    pub rates: BTreeMap<Kind, Rate>,
    /// how long faults happen, in simulated milliseconds
    pub faulty_ms: u64,
    /// so many sentinels stay dead when the world is healed; the others are enough to elect and to agree
    pub left_dead: usize,
}

/// What a command line changes about the options of a seed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// kinds that do not happen
    pub without: BTreeSet<Kind>,
    /// only these kinds happen, as often as the seed says
    pub only: Option<BTreeSet<Kind>>,
    /// so many sentinels
    pub sentinels: Option<usize>,
    /// so many servers of each group
    pub servers: Option<usize>,
    /// so many groups
    pub groups: Option<usize>,
    /// `replication-topology`
    pub topology: Option<Topology>,
    /// how replicas are attached at first
    pub shape: Option<Shape>,
    /// faults happen for so many seconds
    pub seconds: Option<u64>,
}

/// Randomness with the words that options are made with.
struct Dice(Rng);

impl Dice {
    fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.0.below(most - least + 1)
    }
    fn percent(&mut self, chance: u64) -> bool {
        self.0.below(100) < chance
    }
    fn one_of<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.0.below(of.len() as u64) as usize]
    }
}

impl Options {
    /// The options that belong to a seed.
    pub fn from_seed(seed: u64) -> Options {
        let mut dice = Dice(Rng::new(seed ^ 0x0b7_1025));
        let mut setup = setup(seed, &mut dice);
        // A stream of its own: seeds from before there were topologies keep the rest of their worlds.
        setup.topology = match Rng::new(seed ^ 0x0070_b010).below(8) {
            0 => Topology::Keep,
            1 | 2 => Topology::Chain,
            _ => Topology::Star,
        };
        // Nothing is kept of a star that one would not have anyway.
        if setup.topology == Topology::Keep {
            setup.shape = Dice(Rng::new(seed ^ 0x5_4a9e)).one_of(&[
                Shape::Star,
                Shape::Chain,
                Shape::Tree,
                Shape::Tree,
            ]);
        }
        let mut refusals = Dice(Rng::new(seed ^ 0x4ef_05ed));
        if refusals.percent(20) {
            setup.refused_down_after_ms = refusals.one_of(&[50, 200, 1_000]);
        }
        let path = path(&mut dice);
        let wear = wear(&mut dice);
        let faulty_ms = dice.between(30, 300) * 1_000;
        let spare = setup.sentinels.len() - needed(&setup);
        let left_dead = if dice.percent(30) { dice.between(0, spare as u64) as usize } else { 0 };
        let rates = rates(&setup, &mut dice);
        Options { seed, setup, path, wear, rates, faulty_ms, left_dead }
    }

    /// The same with changes.
    pub fn with(mut self, changes: &Overrides) -> Options {
        self.rates.retain(|kind, _| !changes.without.contains(kind));
        if let Some(only) = &changes.only {
            self.rates.retain(|kind, _| only.contains(kind));
        }
        if let Some(count) = changes.sentinels {
            let first = self.setup.sentinels.first().copied().unwrap_or(Flavour::Ours);
            self.setup.sentinels.resize(count.max(1), first);
        }
        self.setup.servers = changes.servers.unwrap_or(self.setup.servers).max(1);
        self.setup.groups = changes.groups.unwrap_or(self.setup.groups).max(1);
        self.setup.topology = changes.topology.unwrap_or(self.setup.topology);
        self.setup.shape = changes.shape.unwrap_or(self.setup.shape);
        self.faulty_ms = changes.seconds.map_or(self.faulty_ms, |secs| secs * 1_000);
        self.setup.quorum = self.setup.quorum.min(self.setup.sentinels.len() as u32);
        self.left_dead = self.left_dead.min(self.setup.sentinels.len() - needed(&self.setup));
        self
    }

    /// A quiet world: three sentinels, three servers, no faults.
    pub fn quiet(seed: u64, seconds: u64) -> Options {
        let setup = Setup { seed, ..Setup::default() };
        Options {
            seed,
            setup,
            path: Path::default(),
            wear: Wear::default(),
            rates: BTreeMap::new(),
            faulty_ms: seconds * 1_000,
            left_dead: 0,
        }
    }

    /// Whether its sentinels do not want the same: some keep a tree, some know only a star.
    pub fn quarrels(&self) -> bool {
        let has = |flavour| self.setup.sentinels.contains(&flavour);
        self.setup.topology != Topology::Star && has(Flavour::Ours) && has(Flavour::Upstream)
    }

    /// How often a kind happens.
    pub fn rate(&self, kind: Kind) -> Rate {
        self.rates.get(&kind).copied().unwrap_or(Rate::Off)
    }

    /// How long a healed world may take to be in order again, in milliseconds. What may have to pass, at worst one
    /// after the other: packets of mended paths arrive (4 s); TILT ends (30 s); a promotion that began before the
    /// healing runs out of time, and so does its reconfiguration (`failover-timeout` each); who is down is noticed
    /// (`down-after`, twice: the promoted replica may be down too) and the next attempt is due (twice
    /// `failover-timeout`); old masters and strays are told by sentinels without a confirmed configuration
    /// (`down-after` and 10 s of INFO and hello, each twice: INFO may show a stray only after the first correction), a
    /// link that is silent is opened again after 15 s; full copies, one after the other.
    pub fn settle_ms(&self) -> u64 {
        let setup = &self.setup;
        let copies = setup.servers as u64 * (setup.server.full_sync_us + setup.server.loading_us) / 1_000;
        4_000 + 30_000 + 4 * setup.failover_timeout_ms + 4 * setup.down_after_ms + 60_000 + 2 * copies
    }
}

/// How many sentinels must work: the majority to elect, the quorum to agree.
fn needed(setup: &Setup) -> usize {
    (setup.sentinels.len() / 2 + 1).max(setup.quorum as usize)
}

fn setup(seed: u64, dice: &mut Dice) -> Setup {
    let count = dice.one_of(&[1, 2, 3, 3, 3, 3, 3, 3, 4, 5, 5, 5, 6, 7]);
    let majority = count as u64 / 2 + 1;
    let mut sentinels = vec![Flavour::Ours; count];
    if count >= 3 && dice.percent(20) {
        for _ in 0..dice.between(1, 2) {
            let which = dice.between(0, count as u64 - 1) as usize;
            sentinels[which] = Flavour::Upstream;
        }
    }
    let servers = dice.one_of(&[2, 3, 3, 3, 4, 5]);
    let quorum = if dice.percent(70) { majority } else { dice.between(1, count as u64) } as u32;
    let mut priorities = Vec::new();
    if dice.percent(30) {
        priorities = (0..servers).map(|_| dice.one_of(&[100, 100, 100, 10, 50, 0])).collect();
    }
    let min_replicas = if dice.percent(20) { 1 } else { 0 };
    let server = ServerOptions {
        persistent: dice.percent(80),
        loses_us: if dice.percent(20) { dice.between(0, 2_000_000) } else { 0 },
        rewritable: dice.percent(80),
        min_replicas,
        loading_us: if dice.percent(30) { dice.between(1, 3_000) * 1_000 } else { 0 },
        full_sync_us: dice.between(10, 2_000) * 1_000,
        diskless_load: dice.percent(20),
        backlog_bytes: dice.one_of(&[1 << 20, 1 << 20, 1 << 10, 100]),
        ..ServerOptions::default()
    };
    Setup {
        seed,
        groups: dice.one_of(&[1, 1, 1, 1, 1, 1, 1, 2, 3, 4]),
        servers,
        shape: if dice.percent(15) { Shape::Chain } else { Shape::Star },
        sentinels,
        colocated: dice.percent(40),
        quorum,
        down_after_ms: dice.one_of(&[500, 1_000, 1_000, 2_000, 2_000, 5_000, 10_000]),
        failover_timeout_ms: dice.one_of(&[3_000, 5_000, 10_000, 10_000, 20_000, 60_000]),
        parallel_syncs: dice.one_of(&[1, 1, 1, 2, 3]),
        server,
        priorities,
        writers: 1,
        write_period_ms: dice.one_of(&[100, 200, 500]),
        wait_replicas: if min_replicas > 0 && dice.percent(50) { 1 } else { 0 },
        drift_ppm: dice.one_of(&[0, 20, 100, 500]),
        tilt_clock_monotonic: dice.percent(20),
        ..Setup::default()
    }
}

fn path(dice: &mut Dice) -> Path {
    let (latency_us, jitter_us) = match dice.between(0, 9) {
        0 => (20_000, 10_000), // far apart
        1 => (2_000, 20_000),  // a network that is never calm
        2 => (50, 1),
        _ => (200, 300),
    };
    let loss_permille = if dice.percent(15) { dice.between(1, 10) } else { 0 };
    Path { latency_us, jitter_us, loss_permille, cut: false }
}

fn wear(dice: &mut Dice) -> Wear {
    match dice.between(0, 9) {
        0 => Wear { latency_us: 20_000, jitter_us: 100_000, ..Wear::default() }, // a busy disk
        1 => Wear { latency_us: 50, jitter_us: 50, ..Wear::default() },
        _ => Wear::default(),
    }
}

/// One run in ten has every kind; in the others each is off with the same chance, drawn for the run.
fn rates(setup: &Setup, dice: &mut Dice) -> BTreeMap<Kind, Rate> {
    let off_percent = if dice.percent(10) { 0 } else { dice.between(30, 95) };
    let wild = dice.one_of(&[10, 10, 30]);
    let mut rates = BTreeMap::new();
    for &kind in Kind::ALL {
        let mut own = Dice(Rng::new(setup.seed ^ kind.salt()));
        let rate = match own.between(0, 99) {
            roll if roll < wild => Rate::Extreme,
            roll if roll < 55 => Rate::Normal,
            _ => Rate::Rare,
        };
        if !own.percent(off_percent) && allowed(kind, setup) {
            rates.insert(kind, rate);
        }
    }
    rates
}

/// A sentinel that was told to forget its peers counts majorities of fewer, which is safe only where the quorum alone
/// is a majority.
fn allowed(kind: Kind, setup: &Setup) -> bool {
    kind != Kind::SentinelReset || setup.quorum as usize > setup.sentinels.len() / 2
}

impl fmt::Display for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (setup, server) = (&self.setup, &self.setup.server);
        let upstream = setup.sentinels.iter().filter(|flavour| **flavour == Flavour::Upstream).count();
        let place = if setup.colocated { "on the servers' hosts" } else { "on hosts of their own" };
        writeln!(
            f,
            "seed {}: {} sentinels ({upstream} with upstream's timing) {place}, quorum {}; groups {}, servers {} ({:?}, kept as a {}), priorities {:?}",
            self.seed,
            setup.sentinels.len(),
            setup.quorum,
            setup.groups,
            setup.servers,
            setup.shape,
            setup.topology.name(),
            setup.priorities,
        )?;
        writeln!(
            f,
            "  down-after {} ms (refused {} ms), failover-timeout {} ms, parallel-syncs {}, TILT by {} clock, drift {} ppm",
            setup.down_after_ms,
            setup.refused_down_after_ms,
            setup.failover_timeout_ms,
            setup.parallel_syncs,
            if setup.tilt_clock_monotonic { "the monotonic" } else { "either" },
            setup.drift_ppm,
        )?;
        writeln!(
            f,
            "  servers: persistent {} (loses {} ms), rewritable {}, min-replicas {}, loading {} ms, full copy {} ms (diskless {}); writes each {} ms, WAIT {}",
            server.persistent,
            server.loses_us / 1_000,
            server.rewritable,
            server.min_replicas,
            server.loading_us / 1_000,
            server.full_sync_us / 1_000,
            server.diskless_load,
            setup.write_period_ms,
            setup.wait_replicas,
        )?;
        writeln!(
            f,
            "  paths {}+{} us, loss {}/1000; disks {}+{} us; faults for {} s, then {} sentinels stay dead, to settle within {} s",
            self.path.latency_us,
            self.path.jitter_us,
            self.path.loss_permille,
            self.wear.latency_us,
            self.wear.jitter_us,
            self.faulty_ms / 1_000,
            self.left_dead,
            self.settle_ms() / 1_000,
        )?;
        for rate in [Rate::Extreme, Rate::Normal, Rate::Rare] {
            let kinds = self.rates.iter().filter(|(_, of)| **of == rate).map(|(kind, _)| kind.name());
            let kinds = kinds.collect::<Vec<_>>().join(" ");
            writeln!(f, "  {:<8} {}", rate.name(), if kinds.is_empty() { "-" } else { &kinds })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_make_trees_and_sentinels_that_quarrel_about_them() {
        let all: Vec<Options> = (0..1_000).map(Options::from_seed).collect();
        let count = |what: &dyn Fn(&Options) -> bool| all.iter().filter(|options| what(options)).count();
        for topology in [Topology::Keep, Topology::Chain] {
            let quarrels = count(&|options| options.quarrels() && options.setup.topology == topology);
            assert!(quarrels >= 15, "{topology:?}: {quarrels}");
        }
        let kept = |options: &Options| {
            let setup = &options.setup;
            setup.topology == Topology::Keep && setup.shape != Shape::Star && setup.servers > 2
        };
        assert!(count(&kept) >= 50, "{}", count(&kept));
    }
}
