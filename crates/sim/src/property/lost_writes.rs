//! Acknowledged writes are lost only as replication without waiting can lose them, and the lost ones are counted.
//!
//! From: the design ("what can be lost in a crash is bounded, stated and measured") and upstream's documentation
//! ("Sentinel, asynchronous replication").
//!
//! A value acknowledged by a server that was its group's master, and missing at the end from the final master, must be
//!
//! - not replicated: the first server promoted later did not hold it at its promotion; or
//! - stale: somebody else had been promoted before it was acknowledged, by a master that was cut off or not yet told; or
//! - emptied: the master itself started again without it (no persistence, or a lost tail), or as a replica because it
//!   could not write its own configuration.
//!
//! Anything else is a violation: held by each one promoted later and missing from the last of them, or lost without
//! any promotion. A promotion that no living sentinel has told of, because its leader died, can be undone: the server that
//! the promoted one is then made to follow, itself or through others, is the master again.
//!
//! What a server holds is taken from its data at the moment of its promotion or start, not from what anybody says.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::SocketAddr;

use super::Property;
use super::healed::{master_of, sentinels_of, working_core};
use super::known::{config_of, root, server_at};
use crate::fact::Fact;
use crate::process::{Body, ProcId};
use crate::server::{Server, Values};
use crate::time::Time;
use crate::world::World;

/// An answer may be so long on its way to the writer, in microseconds: it gives up after a second.
const ANSWER_US: u64 = 2_000_000;

/// What became of acknowledged writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lost {
    /// all that were acknowledged
    pub acked: u64,
    /// lost, because the server promoted next did not have them
    pub unreplicated: u64,
    /// lost, because another server was the master already
    pub stale: u64,
    /// lost, because the master itself came back without them
    pub emptied: u64,
}

impl Lost {
    /// All lost ones.
    pub fn total(&self) -> u64 {
        self.unreplicated + self.stale + self.emptied
    }

    /// Adds those of another world.
    pub fn add(&mut self, other: Lost) {
        self.acked += other.acked;
        self.unreplicated += other.unreplicated;
        self.stale += other.stale;
        self.emptied += other.emptied;
    }
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} of {} acknowledged writes lost: {} not replicated, {} to a stale master, {} with an emptied one",
            self.total(),
            self.acked,
            self.unreplicated,
            self.stale,
            self.emptied
        )
    }
}

/// How a reign begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    /// the group's first master, or a replica that was ordered to be one
    Promoted,
    /// the present master started again
    Restarted,
}

/// A server is its group's master from now on, or again.
#[derive(Debug)]
struct Reign {
    at: Time,
    /// of the failover, if that is known
    epoch: Option<u64>,
    server: SocketAddr,
    start: Start,
    /// what it held
    holds: Values,
}

/// Values that one server acknowledged one after the other.
#[derive(Debug, Clone, Copy)]
struct Run {
    first: u64,
    last: u64,
    server: SocketAddr,
}

/// See the module.
#[derive(Debug, Default)]
pub struct LostWrites {
    /// by the group's first master
    reigns: BTreeMap<SocketAddr, Vec<Reign>>,
    acked: BTreeMap<ProcId, Vec<Run>>,
    /// servers that are starting
    booting: BTreeSet<ProcId>,
    /// the epoch in which a server was last chosen
    chosen_in: BTreeMap<SocketAddr, u64>,
    /// the epoch in which a server was promoted, and the sentinels that named it in a hello since
    named_by: BTreeMap<SocketAddr, (u64, BTreeSet<ProcId>)>,
    lost: Option<Lost>,
}

/// Why a value is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    Unreplicated,
    Stale,
    Emptied,
}

/// Why a value acknowledged by `server` at `at` can be missing at the end.
fn why(reigns: &[Reign], value: u64, server: SocketAddr, at: Time) -> Option<Why> {
    let is_promotion = |reign: &Reign| reign.start == Start::Promoted;
    let present = reigns.iter().rposition(|reign| is_promotion(reign) && reign.at <= at)?;
    if reigns[present].server != server {
        return Some(Why::Stale);
    }
    let later = reigns[present + 1..].iter().filter(|reign| reign.at + ANSWER_US >= at);
    let Some(first) = later.into_iter().find(|reign| !reign.holds.contains(value)) else {
        // Two failovers that users forced in one epoch make two masters, and one of them gives way.
        let other = |reign: &Reign| reign.server != server && reign.epoch == reigns[present].epoch;
        let tie = reigns[present].epoch.is_some() && reigns.iter().any(other);
        return tie.then_some(Why::Stale);
    };
    Some(if is_promotion(first) { Why::Unreplicated } else { Why::Emptied })
}

/// The server that one gets its data from in the end.
fn top(world: &World, from: SocketAddr) -> Option<(SocketAddr, &Server)> {
    let mut at = server_at(world, from)?.1;
    let mut top = from;
    for _ in 0..world.processes().count() {
        let Some(parent) = at.follows() else { break };
        (top, at) = (parent, server_at(world, parent)?.1);
    }
    at.is_master().then_some((top, at))
}

impl LostWrites {
    fn follows(&mut self, world: &World, at: Time, who: ProcId, master: Option<SocketAddr>) {
        let Body::Server(body) = world.body(who) else { return };
        let server = world.addr(who);
        let family = root(world, server);
        let reigns = self.reigns.get(&family).map_or(&[][..], |reigns| reigns);
        let mut promoted = reigns.iter().rev().filter(|reign| reign.start == Start::Promoted);
        let present = promoted.next().map(|reign| reign.server);
        let before = promoted.next().map(|reign| reign.server);
        let started = self.booting.remove(&who);
        let unknown = present.is_some_and(|present| self.unknown(world, present));
        let reigned = present == Some(server) || unknown && before == Some(server);
        let (server, start, holds) = match (started, master) {
            (true, None) if present.is_none() => (server, Start::Promoted, body.values().clone()),
            (true, None) if reigned => (server, Start::Restarted, body.values().clone()),
            // It has forgotten that it was promoted: what it holds will be replaced.
            (true, Some(_)) if reigned => (server, Start::Restarted, Values::default()),
            (false, None) => {
                self.promoted(server);
                (server, Start::Promoted, body.values().clone())
            }
            (false, Some(master)) if present == Some(server) && unknown => {
                let Some((master, again)) = top(world, master) else { return };
                (master, Start::Promoted, again.values().clone())
            }
            (_, _) => return,
        };
        let reigns = self.reigns.entry(family).or_default();
        let epoch = if reigns.is_empty() { Some(0) } else { self.chosen_in.get(&server).copied() };
        reigns.push(Reign { at, epoch, server, start, holds });
    }

    fn promoted(&mut self, server: SocketAddr) {
        let epoch = self.chosen_in.get(&server).copied().unwrap_or(0);
        self.named_by.insert(server, (epoch, BTreeSet::new()));
    }

    /// Whether no sentinel that runs has told of a server's promotion. One that is dead does not count, although its file may hold
    /// it: it cannot keep the others from undoing what they have never heard of. When it is back it names the promoted
    /// one in its newer epoch, and that is judged as a promotion of its own (see [`LostWrites::named`]).
    fn unknown(&self, world: &World, server: SocketAddr) -> bool {
        let named_by = self.named_by.get(&server);
        named_by.is_some_and(|(_, by)| !by.iter().any(|who| world.runs(*who)))
    }

    /// A sentinel that was started again knows what is on its disk: a promotion that the disk refused is news to it.
    fn forgets(&mut self, world: &World, who: ProcId) {
        let groups = config_of(world, who).map(|config| config.groups).unwrap_or_default();
        for (server, (_, by)) in &mut self.named_by {
            if !groups.iter().any(|group| master_of(group) == Some(*server)) {
                by.remove(&who);
            }
        }
    }

    fn chosen_in(&mut self, server: SocketAddr, epoch: Option<u64>) {
        match epoch {
            Some(epoch) => self.chosen_in.insert(server, epoch),
            None => self.chosen_in.remove(&server),
        };
    }

    /// A server that started as a master and is chosen while it is one changes nothing, and reigns from now on.
    fn chosen(&mut self, world: &World, at: Time, server: SocketAddr) {
        let Some(Body::Server(body)) = world.at(server).map(|who| world.body(who)) else { return };
        let reigns = self.reigns.entry(root(world, server)).or_default();
        let present = reigns.iter().rfind(|reign| reign.start == Start::Promoted).map(|reign| reign.server);
        if body.is_master() && present != Some(server) {
            let epoch = self.chosen_in.get(&server).copied();
            reigns.push(Reign { at, epoch, server, start: Start::Promoted, holds: body.values().clone() });
            self.promoted(server);
        }
    }

    /// A server is named as the master of an epoch newer than that of the present reign: it reigns, also if it became a
    /// master by another way than the order, or if its sentinel confirms it against another one of the same epoch.
    fn named(&mut self, world: &World, at: Time, server: SocketAddr, epoch: u64) {
        let reigns = self.reigns.get(&root(world, server)).map_or(&[][..], |reigns| reigns);
        let newest =
            reigns.iter().rfind(|reign| reign.start == Start::Promoted).and_then(|reign| reign.epoch);
        if newest.is_some_and(|newest| newest < epoch) {
            self.chosen_in(server, Some(epoch));
            self.chosen(world, at, server);
        }
    }

    fn acknowledged(&mut self, writer: ProcId, server: SocketAddr, value: u64) {
        let runs = self.acked.entry(writer).or_default();
        match runs.last_mut() {
            Some(run) if run.server == server && run.last + 1 == value => run.last = value,
            Some(_) | None => runs.push(Run { first: value, last: value, server }),
        }
    }

    /// The values of the final master of each group, by the group's first master.
    fn finals(world: &World) -> BTreeMap<SocketAddr, (SocketAddr, &Values)> {
        let mut finals = BTreeMap::new();
        let core = working_core(world);
        for (_, config) in sentinels_of(world, &core) {
            for master in config.groups.iter().filter_map(master_of) {
                let Some(who) = world.at(master) else { continue };
                if let Body::Server(server) = world.body(who) {
                    finals.insert(root(world, master), (master, server.values()));
                }
            }
        }
        finals
    }

    fn count(&self, world: &World) -> Result<Lost, String> {
        let finals = LostWrites::finals(world);
        let mut lost = Lost::default();
        for (&writer, runs) in &self.acked {
            let Body::Writer(body) = world.body(writer) else { continue };
            for run in runs {
                lost.acked += run.last - run.first + 1;
                let family = root(world, run.server);
                let Some((master, holds)) = finals.get(&family) else { continue };
                let reigns = self.reigns.get(&family).map_or(&[][..], |reigns| reigns);
                for value in (run.first..=run.last).filter(|value| !holds.contains(*value)) {
                    let index = body.acked().partition_point(|(acked, _)| *acked < value);
                    let at = body.acked().get(index).map_or(Time::default(), |(_, at)| *at);
                    match why(reigns, value, run.server, at) {
                        Some(Why::Unreplicated) => lost.unreplicated += 1,
                        Some(Why::Stale) => lost.stale += 1,
                        Some(Why::Emptied) => lost.emptied += 1,
                        None => return Err(unexplained(value, run.server, at, *master, reigns)),
                    }
                }
            }
        }
        Ok(lost)
    }
}

fn unexplained(value: u64, server: SocketAddr, at: Time, master: SocketAddr, reigns: &[Reign]) -> String {
    let course: Vec<String> = reigns
        .iter()
        .map(|reign| {
            let holds = if reign.holds.contains(value) { "with it" } else { "without it" };
            format!("{} {:?} at {} {holds}", reign.server, reign.start, reign.at)
        })
        .collect();
    format!(
        "{value}, acknowledged by {server} at {at}, is missing from the master {master}, and no promotion or restart \
         explains it: {}",
        course.join("; ")
    )
}

impl Property for LostWrites {
    fn name(&self) -> &'static str {
        "lost_writes"
    }

    fn fact(&mut self, world: &World, at: Time, fact: &Fact) -> Result<(), String> {
        match fact {
            Fact::Booted { who } => {
                if matches!(world.body(*who), Body::Server(_)) {
                    self.booting.insert(*who);
                } else {
                    self.forgets(world, *who);
                }
            }
            Fact::HelloSent { who, master, config_epoch, .. } => {
                self.named(world, at, *master, *config_epoch);
                // An old configuration may name it too.
                match self.named_by.get_mut(master) {
                    Some((epoch, by)) if *config_epoch >= *epoch => {
                        by.insert(*who);
                    }
                    Some(_) | None => {}
                }
            }
            Fact::Chosen { server, group, .. } => {
                let failover = group.as_ref().and_then(|group| group.failover.as_ref());
                self.chosen_in(*server, failover.map(|failover| failover.epoch));
            }
            Fact::Follows { who, master } => self.follows(world, at, *who, *master),
            Fact::OrderSent { who, server, follow: None } => {
                if let Body::Upstream(sentinel) = world.body(*who) {
                    self.chosen_in(*server, sentinel.promotes_in(*server));
                }
                self.chosen(world, at, *server);
            }
            Fact::Acked { writer, server, value } => self.acknowledged(*writer, *server, *value),
            _ => {}
        }
        Ok(())
    }

    fn settled(&mut self, world: &World) -> Result<(), String> {
        self.lost = Some(self.count(world)?);
        Ok(())
    }

    fn lost(&self) -> Option<Lost> {
        self.lost
    }
}
