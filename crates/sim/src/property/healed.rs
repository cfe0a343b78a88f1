//! When a world was healed and had its time: each group has one master, every server follows it, directly or through
//! others, with its link up; every sentinel names it, in one and the same epoch; old masters are replicas; all
//! sentinels know each other, once; nobody is held for down, in TILT, or in a failover.
//!
//! From: upstream's documentation ("Sentinels and replicas auto discovery", "Configuration propagation": all converge to
//! the newest configuration), and the design's rule that old masters are turned around.
//!
//! Judged is the working core of the world: the hosts that can all talk to each other, those with most running sentinels.
//!
//! Allowed: nothing is required of a group whose sentinels in the core are too few to elect one. A group that cannot have
//! a master, because all its running replicas have priority 0 or lost their master too long before it died, may be
//! without one. Where some sentinels behave as upstream's, those with the same config epoch may name two masters if
//! failovers were forced in that epoch; ours settle it (ARCHITECTURE.md, "Where the design was changed"). A server that no
//! running sentinel knew since its last SENTINEL RESET may follow a dead one, or nobody.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use watchkeeper_core::Config;
use watchkeeper_core::config::GroupConfig;
use watchkeeper_core::event::EventKind;
use watchkeeper_core::view::{GroupView, ReplicaView};

use super::Property;
use super::known::{Attempts, Groups, config_of, core_of, group_of, root, server_at};
use crate::fact::Fact;
use crate::process::{Body, ProcId};
use crate::server::Server;
use crate::time::Time;
use crate::world::World;

/// See the module.
#[derive(Debug, Default)]
pub struct Healed {
    /// the servers each sentinel has ever known
    known: BTreeMap<ProcId, BTreeSet<SocketAddr>>,
    groups: Groups,
    attempts: Attempts,
}

/// A sentinel of the core and what it says of a group.
struct Seat {
    who: ProcId,
    group: GroupConfig,
}

/// The members of a set of hosts that talk to each other, those with most running sentinels.
pub(super) fn working_core(world: &World) -> BTreeSet<IpAddr> {
    let on: Vec<IpAddr> = world.hosts().into_iter().filter(|ip| world.has_power(*ip)).collect();
    let mut left: BTreeSet<IpAddr> = on.iter().copied().collect();
    let mut best = (0, BTreeSet::new());
    while let Some(first) = left.pop_first() {
        let mut part = BTreeSet::from([first]);
        let mut open = vec![first];
        while let Some(one) = open.pop() {
            let near: Vec<IpAddr> = left
                .iter()
                .copied()
                .filter(|other| !world.is_cut(one, *other) && !world.is_cut(*other, one))
                .collect();
            for other in near {
                left.remove(&other);
                part.insert(other);
                open.push(other);
            }
        }
        let sentinels = world.processes().filter(|(who, body)| {
            matches!(body, Body::Sentinel(_) | Body::Upstream(_))
                && world.runs(*who)
                && part.contains(&world.addr(*who).ip())
        });
        let count = sentinels.count();
        if count > best.0 {
            best = (count, part);
        }
    }
    best.1
}

/// The running sentinels of the core, with their state.
pub(super) fn sentinels_of(world: &World, core: &BTreeSet<IpAddr>) -> Vec<(ProcId, Config)> {
    let here = world.processes().filter(|(who, _)| world.runs(*who) && core.contains(&world.addr(*who).ip()));
    here.filter_map(|(who, _)| Some((who, config_of(world, who)?))).collect()
}

/// Whether some sentinels of the world behave as upstream's.
pub(super) fn mixed(world: &World) -> bool {
    world.processes().any(|(_, body)| matches!(body, Body::Upstream(_)))
}

/// The address of a group's master.
pub(super) fn master_of(group: &GroupConfig) -> Option<SocketAddr> {
    Some(SocketAddr::new(group.host.parse().ok()?, group.port))
}

/// Why no sentinel can promote this replica, whatever the sentinels do.
fn hopeless(replica: &ReplicaView, group: &GroupView) -> bool {
    let outage = group.master.down_for_ms.unwrap_or(0);
    let limit = group.down_after_ms.saturating_mul(10).saturating_add(outage);
    let too_old = u64::try_from(replica.link_down_ms).is_ok_and(|down| down > limit);
    replica.priority == 0 || (too_old && !group.only_old_data)
}

/// One group, as it is when the world has settled.
struct Settled<'w> {
    world: &'w World,
    core: &'w BTreeSet<IpAddr>,
    name: &'w str,
    seats: Vec<Seat>,
    known: BTreeSet<SocketAddr>,
    /// what each sentinel has known of it
    known_by: BTreeMap<ProcId, BTreeSet<SocketAddr>>,
}

impl Settled<'_> {
    fn runs(&self, who: ProcId) -> bool {
        self.world.runs(who) && self.core.contains(&self.world.addr(who).ip())
    }

    /// Whether enough sentinels run to elect one, by the knowledge of each.
    fn can_elect(&self) -> bool {
        self.seats.iter().all(|seat| {
            let known = seat.group.peers.len() + 1;
            self.seats.len() >= (known / 2 + 1).max(seat.group.quorum as usize)
        })
    }

    /// Whether a group without a running master can have none.
    fn cannot_have_one(&self) -> bool {
        let views = self.seats.iter().filter_map(|seat| group_of(self.world, seat.who, self.name));
        let mut views = views.peekable();
        views.peek().is_some()
            && views.all(|view| {
                !view.replicas.is_empty()
                    && view.replicas.iter().all(|replica| {
                        let runs = replica
                            .place
                            .at
                            .and_then(|at| self.world.at(at))
                            .is_some_and(|who| self.runs(who));
                        !runs || hopeless(replica, &view)
                    })
            })
    }

    fn judge(&self) -> Result<(), String> {
        let (Some(first), true) = (self.seats.first(), self.can_elect()) else { return Ok(()) };
        let master = master_of(&first.group).ok_or_else(|| format!("`{}` has no address", self.name))?;
        let lives =
            server_at(self.world, master).is_some_and(|(who, server)| self.runs(who) && server.is_master());
        if !lives && self.cannot_have_one() {
            return Ok(());
        }
        self.agreed(first, master)?;
        self.servers(master)?;
        for seat in &self.seats {
            self.acquainted(seat)?;
            self.calm(seat, master)?;
        }
        Ok(())
    }

    /// All name one master, in one epoch, and it is one.
    fn agreed(&self, first: &Seat, master: SocketAddr) -> Result<(), String> {
        for seat in &self.seats {
            let (one, other) = (self.world.name(first.who), self.world.name(seat.who));
            let named = master_of(&seat.group);
            if named != Some(master) {
                return Err(format!("of `{}`, `{one}` names {master} and `{other}` {named:?}", self.name));
            }
            let (epoch, expected) = (seat.group.config_epoch, first.group.config_epoch);
            if epoch != expected {
                return Err(format!(
                    "of `{}`, `{one}` has config epoch {expected} and `{other}` {epoch}",
                    self.name
                ));
            }
        }
        match server_at(self.world, master) {
            Some((who, server)) if self.runs(who) && server.is_master() => Ok(()),
            Some((who, _)) if !self.runs(who) => {
                Err(format!("`{}` still names {master} as its master, which does not run", self.name))
            }
            Some((_, server)) => {
                let follows = server.follows();
                Err(format!("the master of `{}`, {master}, follows {follows:?}", self.name))
            }
            None => Err(format!("the master of `{}` is {master}, where no server is", self.name)),
        }
    }

    /// Every server follows the master, directly or through others, with the links up.
    fn servers(&self, master: SocketAddr) -> Result<(), String> {
        let family = root(self.world, master);
        for (who, body) in self.world.processes() {
            let Body::Server(server) = body else { continue };
            let addr = self.world.addr(who);
            if addr == master || !self.runs(who) || root(self.world, addr) != family {
                continue;
            }
            if !self.known.contains(&addr) {
                continue; // nobody can tell it anything
            }
            self.follows(who, server, master)?;
        }
        Ok(())
    }

    fn follows(&self, who: ProcId, server: &Server, master: SocketAddr) -> Result<(), String> {
        let name = self.world.name(who);
        let mut next = server;
        for _ in 0..=self.world.processes().count() {
            let Some(parent) = next.follows() else {
                return Err(format!(
                    "`{}` has a second master beside {master}: {name} does not come to it",
                    self.name
                ));
            };
            if !next.link_up() {
                return Err(format!("in `{}`, {name} has no link on its way to {master}", self.name));
            }
            if parent == master {
                return Ok(());
            }
            match server_at(self.world, parent).filter(|(who, _)| self.runs(*who)) {
                Some((_, server)) => next = server,
                None => {
                    return Err(format!("in `{}`, {name} follows {parent}, which does not run", self.name));
                }
            }
        }
        Err(format!("in `{}`, {name} follows itself in a circle", self.name))
    }

    /// A sentinel knows all others that run, each once, and nobody who does not exist.
    fn acquainted(&self, seat: &Seat) -> Result<(), String> {
        let name = self.world.name(seat.who);
        let mut places = BTreeSet::new();
        for peer in &seat.group.peers {
            let at = peer.host.parse().ok().map(|ip| SocketAddr::new(ip, peer.port));
            if !places.insert((&peer.host, peer.port)) {
                return Err(format!("`{name}` knows two sentinels of `{}` at {at:?}", self.name));
            }
            let real = at.and_then(|at| self.world.at(at)).and_then(|who| config_of(self.world, who));
            if real.and_then(|config| config.global.myid).as_ref() != Some(&peer.id) {
                return Err(format!("`{name}` knows the sentinel {} at {at:?}, where it is not", peer.id));
            }
        }
        for other in self.seats.iter().filter(|other| other.who != seat.who) {
            let addr = self.world.addr(other.who);
            if !places.contains(&(&addr.ip().to_string(), addr.port())) {
                let other = self.world.name(other.who);
                return Err(format!("in `{}`, `{name}` does not know `{other}`", self.name));
            }
        }
        Ok(())
    }

    /// A sentinel of ours holds nobody for down that runs, and has nothing under way.
    fn calm(&self, seat: &Seat, master: SocketAddr) -> Result<(), String> {
        let Some(view) = group_of(self.world, seat.who, self.name) else { return Ok(()) };
        let wrong = |what: String| Err(format!("`{}` of `{}`: {what}", self.world.name(seat.who), self.name));
        let runs = |at: Option<SocketAddr>| at.and_then(|at| self.world.at(at)).filter(|who| self.runs(*who));
        if core_of(self.world, seat.who).is_some_and(|core| core.tilt_since().is_some()) {
            return wrong("it is in TILT".to_owned());
        }
        if let Some(failover) = &view.failover {
            let (phase, epoch) = (failover.phase, failover.epoch);
            return wrong(format!("a failover in epoch {epoch} is under way, in {phase}"));
        }
        if view.master.sdown || view.odown_since.is_some() {
            return wrong(format!("it holds the master {master} for down"));
        }
        for replica in &view.replicas {
            if runs(replica.place.at).is_some() && (replica.sdown || !replica.connected) {
                return wrong(format!("it does not reach the replica {}", replica.place.host));
            }
        }
        for peer in view.peers.iter().filter(|peer| !peer.up) {
            if let Some(who) = runs(peer.place.at) {
                return wrong(format!("it does not reach `{}`", self.world.name(who)));
            }
        }
        let knows = |addr: &SocketAddr| {
            view.master.place.at == Some(*addr) || view.replicas.iter().any(|r| r.place.at == Some(*addr))
        };
        let lost = self.known_by.get(&seat.who).into_iter().flatten();
        let mut lost = lost.filter(|addr| runs(Some(**addr)).is_some() && !knows(addr));
        let lost = lost.next();
        lost.map_or(Ok(()), |addr| wrong(format!("it has lost the server {addr}")))
    }
}

impl Property for Healed {
    fn name(&self) -> &'static str {
        "healed"
    }

    fn fact(&mut self, _world: &World, _at: Time, fact: &Fact) -> Result<(), String> {
        match fact {
            Fact::WriteBegun { who, config, .. } => {
                let known = self.known.entry(*who).or_default();
                for group in &config.groups {
                    known.extend(master_of(group));
                    let replicas = group.replicas.iter();
                    known.extend(
                        replicas.filter_map(|(host, port)| Some(SocketAddr::new(host.parse().ok()?, *port))),
                    );
                }
            }
            Fact::FailoverForced { .. } => {
                self.attempts.note(&mut self.groups, fact);
            }
            Fact::Event { who, event } if event.kind == EventKind::ResetMaster => {
                self.known.remove(who);
            }
            _ => {}
        }
        Ok(())
    }

    fn settled(&mut self, world: &World) -> Result<(), String> {
        let core = working_core(world);
        let sentinels = sentinels_of(world, &core);
        let names: BTreeSet<&str> =
            sentinels.iter().flat_map(|(_, config)| config.groups.iter().map(|g| &*g.name.0)).collect();
        for name in names {
            let seats = sentinels.iter().filter_map(|(who, config)| {
                let group = config.groups.iter().find(|group| group.name.0 == name)?.clone();
                Some(Seat { who: *who, group })
            });
            let seats: Vec<Seat> = seats.collect();
            let (epochs, masters): (BTreeSet<u64>, BTreeSet<_>) =
                seats.iter().map(|seat| (seat.group.config_epoch, master_of(&seat.group))).unzip();
            let number = self.groups.number(name);
            let forced = |epoch: &u64| self.attempts.anybody_forced(number, *epoch);
            if mixed(world) && masters.len() > 1 && epochs.len() == 1 && epochs.iter().all(forced) {
                continue;
            }
            let family: BTreeSet<SocketAddr> =
                seats.iter().filter_map(|seat| Some(root(world, master_of(&seat.group)?))).collect();
            let known_by: BTreeMap<ProcId, BTreeSet<SocketAddr>> = seats
                .iter()
                .filter_map(|seat| {
                    let known = self.known.get(&seat.who)?.iter();
                    let known = known.filter(|addr| family.contains(&root(world, **addr))).copied();
                    Some((seat.who, known.collect()))
                })
                .collect();
            let known = known_by.values().flatten().copied().collect();
            Settled { world, core: &core, name, seats, known, known_by }.judge()?;
        }
        Ok(())
    }
}
