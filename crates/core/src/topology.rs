//! The shape of a group's replication: whom each replica should follow, and what is done where it follows another one.
//!
//! * `star`: everybody follows the master. Nothing here is used; what upstream does is in [`crate::reconf`].
//! * `keep`: a replica has a home, the server it was seen to follow. While the home is down it hangs on the nearest living
//!   ancestor, in the end the master; when the home is back, so is the replica.
//! * `chain`: one line, master first, then the others by name (or address) from the master's on, round to the beginning.
//!   Nobody has to be asked for it, so all sentinels want the same line; a promoted replica keeps what follows it, and an
//!   old master comes back as the last one.
//!
//! **No cycle is ever made.** A replica is sent only to a server whose own reports lead to the root without passing
//! through the replica. In a chain, in addition, only to one before it in an order that all sentinels share.
//!
//! **Nobody is fought for ever.** A replica that somebody else takes away again and again (a sentinel of upstream's in the
//! same group attaches what it knows to the master) is left where it is, see [`OVERRULED_MAX`].

use std::cmp::Ordering;

use crate::addr::Addr;
use crate::canary::Canary;
use crate::config::{ReplicaHome, Topology};
use crate::event::{EventKind, LogLevel};
use crate::group::Group;
use crate::info::Role;
use crate::limits::REPLICAS_MAX;
use crate::server::{Server, ServerId};
use crate::shared::Shared;
use crate::time::Mono;

/// What is remembered of a replica's place in the tree. Of no concern in a star.
#[derive(Debug, Clone, Default)]
pub(crate) struct Spot {
    /// whom it was last told to follow
    pub(crate) sent_to: Option<Addr>,
    /// `keep`: whom it follows when nothing is wrong
    pub(crate) home: Option<Addr>,
    /// `keep`: its home went down and it was moved, by whomever
    pub(crate) displaced: bool,
    /// it was down or without data when it was last looked at
    pub(crate) cut_off: bool,
    /// what it reports is awaited, because another one is back
    pub(crate) ask_soon: bool,
    /// since when it follows another server than it should
    pub(crate) misplaced_since: Option<Mono>,
    /// it was seen where it was told to be
    pub(crate) obeyed: bool,
    /// how often it was taken away from there by others, and when last
    pub(crate) overruled: u32,
    pub(crate) overruled_at: Option<Mono>,
}

impl Group {
    /// Whether replicas may follow other replicas.
    pub(crate) fn is_tree(&self) -> bool {
        match self.conf.topology {
            Topology::Star => false,
            Topology::Keep | Topology::Chain => true,
        }
    }

    /// Another topology: everything is looked at anew, soon.
    pub(crate) fn set_topology(&mut self, topology: Topology, sh: &mut Shared) {
        if self.conf.topology == topology {
            return;
        }
        self.conf.topology = topology;
        for replica in self.replicas.values_mut() {
            replica.spot = Spot::default();
            replica.info_now = true;
        }
        sh.log(LogLevel::Notice, format!("Replicas of `{}` are kept as a {}", self.name, topology.name()));
    }

    pub(crate) fn server(&self, id: ServerId) -> Option<&Server> {
        if self.master.id == id { Some(&self.master) } else { self.replicas.get(&id) }
    }

    /// The member at this place, as somebody else wrote it. Of two, one of which left its address to the other, the one
    /// that is up.
    fn member_at(&self, host: &str, port: u16, sh: &Shared) -> Option<&Server> {
        let ip = sh.names.cached(host);
        let mut there = self.servers().filter(|server| server.addr.is_at(host, ip, port)).peekable();
        let first = there.peek().copied();
        there.find(|server| !server.down.is).or(first)
    }

    /// Whom a replica reports to follow, if that is a member.
    pub(crate) fn parent(&self, id: ServerId, sh: &Shared) -> Option<&Server> {
        self.source_of(self.replicas.get(&id)?, sh)
    }

    /// Whom a server reports to follow, if that is a member; the master, too, may say that it is a replica.
    pub(crate) fn source_of(&self, server: &Server, sh: &Shared) -> Option<&Server> {
        let host = server.master_host.as_deref().filter(|_| server.role == Role::Replica)?;
        self.member_at(host, server.master_port, sh)
    }

    /// The members a replica's data comes through, its parent first, as far as reports tell.
    pub(crate) fn ancestors(&self, id: ServerId, sh: &Shared) -> Vec<&Server> {
        let mut line: Vec<&Server> = Vec::new();
        let mut at = id;
        while let Some(parent) = self.parent(at, sh) {
            if parent.id == id || line.iter().any(|known| known.id == parent.id) || line.len() > REPLICAS_MAX
            {
                break;
            }
            line.push(parent);
            at = parent.id;
        }
        line
    }

    /// How many servers are between a replica and the master, as far as reports tell; 0 in a star.
    pub(crate) fn depth(&self, id: ServerId, sh: &Shared) -> usize {
        if !self.is_tree() {
            return 0;
        }
        let line = self.ancestors(id, sh);
        line.iter().position(|server| server.id == self.master.id).unwrap_or(REPLICAS_MAX)
    }

    /// How long the data of a replica has been without its source, in milliseconds: its own link, or that of a server it
    /// gets its data from.
    pub(crate) fn cut_off_ms(&self, replica: &Server, sh: &Shared) -> i64 {
        if !self.is_tree() {
            return replica.link_down_ms;
        }
        let above = self.ancestors(replica.id, sh);
        let above =
            above.iter().filter(|server| server.kind == Role::Replica).map(|server| server.link_down_ms);
        above.fold(replica.link_down_ms, i64::max)
    }

    /// Whether a replica's list of its own replicas is to be believed: it belongs to the tree.
    pub(crate) fn may_have_children(&self, id: ServerId, sh: &Shared) -> bool {
        self.is_tree() && self.ancestors(id, sh).last().is_some_and(|top| top.id == self.master.id)
    }

    /// Whether the reports lead from `from` to `root` without passing `avoiding`.
    fn leads_to(&self, from: ServerId, root: ServerId, avoiding: ServerId, sh: &Shared) -> bool {
        if from == root {
            return true;
        }
        let above = self.ancestors(from, sh);
        let passes = |id: ServerId| above.iter().position(|server| server.id == id);
        match (passes(root), passes(avoiding)) {
            (Some(root), Some(avoided)) => root < avoided,
            (Some(_), None) => from != avoiding,
            (None, _) => false,
        }
    }

    /// Whether `replica` can hang on `parent`, a replica too: that one is up and gets its data from `root`. Where it hangs
    /// already, a moment without data is no reason to leave.
    fn fits(&self, parent: &Server, replica: ServerId, root: ServerId, sh: &Shared) -> bool {
        let there = self.parent(replica, sh).is_some_and(|present| present.id == parent.id);
        !parent.down.is
            && parent.cmd.up
            && parent.role == Role::Replica
            && (there || parent.link_up)
            && (self.leads_to(parent.id, root, replica, sh) || (there && parent.info_at.is_none()))
    }

    /// Whom a member should follow: `root` is the master, or the replica that is becoming it.
    pub(crate) fn wanted_parent(&self, id: ServerId, root: ServerId, sh: &Shared) -> ServerId {
        match self.conf.topology {
            Topology::Star => root,
            Topology::Keep => self.home_or_above(id, root, sh),
            Topology::Chain => self.next_above_in_line(id, root, sh),
        }
    }

    fn next_above_in_line(&self, id: ServerId, root: ServerId, sh: &Shared) -> ServerId {
        let line = self.line(root);
        let place = line.iter().position(|server| server.id == id).unwrap_or(0);
        let before = line[..place].iter().rev().take_while(|server| server.id != root);
        let mut before = before.filter(|server| self.fits(server, id, root, sh));
        before.next().map_or(root, |server| server.id)
    }

    /// The chain: `root`, then everybody else in the order of names, from the root's on and round.
    fn line(&self, root: ServerId) -> Vec<&Server> {
        let mut line: Vec<&Server> = self.servers().collect();
        line.sort_by(|a, b| in_order(&a.addr, &b.addr));
        let first = line.iter().position(|server| server.id == root).unwrap_or(0);
        line.rotate_left(first);
        line
    }

    fn home_or_above(&self, id: ServerId, root: ServerId, sh: &Shared) -> ServerId {
        let mut at = id;
        for _ in 0..=self.replicas.len() {
            let home = self.server(at).and_then(|server| server.spot.home.as_ref());
            let Some(home) = home.and_then(|home| self.member_at(&home.host, home.port, sh)) else { break };
            if home.id == root || home.id == self.master.id {
                break;
            }
            if self.fits(home, id, root, sh) {
                return home.id;
            }
            at = home.id;
        }
        root
    }

    /// `keep`: a replica's home is where it is, unless it was moved because its home went down. That a home is up is believed
    /// if it has said something since the replica was first seen elsewhere: whoever moved the replica may have noticed
    /// sooner than we that the home is dead.
    fn learn_home(&mut self, id: ServerId, sh: &mut Shared) {
        let Some(parent) = self.parent(id, sh) else { return };
        let (parent_id, parent_addr) = (parent.id, parent.addr.clone());
        if !self.leads_to(parent_id, self.master.id, id, sh) {
            return;
        }
        let Some(replica) = self.replicas.get(&id) else { return };
        let home = replica.spot.home.as_ref().and_then(|home| self.member_at(&home.host, home.port, sh));
        let home = home.filter(|home| home.id != id);
        let unknown = home.is_none();
        // Down, or a master of its own a moment ago, whom nobody could be left with.
        let strayed = |home: &Server| {
            let lately = sh.now.mono.since(home.role_at) < 2 * sh.tuning.info_period;
            home.id != self.master.id && (home.role == Role::Master || lately)
        };
        let home_down = home.is_some_and(|home| home.down.is || strayed(home));
        let at_home = home.is_some_and(|home| home.id == parent_id);
        let silent = home.filter(|home| home.info_at <= Some(replica.conf_changed_at));
        let silent = silent.map(|home| home.id);
        let stays_away = replica.spot.overruled >= OVERRULED_MAX;
        let Some(replica) = self.replicas.get_mut(&id) else { return };
        let before = (replica.spot.home.clone(), replica.spot.displaced);
        if at_home {
            replica.spot.displaced = false;
        } else if home_down && !stays_away && !sh.canary(Canary::HomeForgotten) {
            replica.spot.displaced = true;
        } else if !replica.spot.displaced || stays_away || unknown {
            if let Some(home) = silent
                .filter(|_| !(stays_away || sh.canary(Canary::HomeForgotten)))
                .and_then(|home| self.server_mut(home))
            {
                home.info_now = true;
                return;
            }
            let Some(replica) = self.replicas.get_mut(&id) else { return };
            replica.spot.home = Some(parent_addr);
            replica.spot.displaced = false;
        }
        let after = self.replicas.get(&id).map(|replica| (&replica.spot.home, replica.spot.displaced));
        if after != Some((&before.0, before.1)) {
            sh.disk.change();
        }
    }

    /// Takes a home from the configuration; of no concern where the shape is not kept.
    pub(crate) fn remember_home(&mut self, known: ReplicaHome, sh: &mut Shared) {
        if self.conf.topology != Topology::Keep {
            return;
        }
        let [replica, home] = [known.replica, known.home].map(|(host, port)| {
            let mut addr = Addr::new(host, port);
            sh.resolve(&mut addr);
            addr
        });
        if let Some(replica) = self.replicas.values_mut().find(|known| known.addr.same(&replica)) {
            replica.spot.home = Some(home);
            replica.spot.displaced = known.away;
        }
    }

    /// The homes for the configuration whose master is at `current`. That one's own replicas need no line.
    pub(crate) fn homes_to_write(&self, current: &Addr, shown: &dyn Fn(&Addr) -> String) -> Vec<ReplicaHome> {
        let spots = self.homes_after_switch(current).into_iter();
        let line = |(addr, spot): (Addr, Spot)| {
            let home = spot.home.filter(|home| !home.same(current) && !addr.same(current))?;
            let place = |addr: &Addr| (shown(addr), addr.port);
            Some(ReplicaHome { replica: place(&addr), home: place(&home), away: spot.displaced })
        };
        spots.filter_map(line).collect()
    }

    /// Takes a replica's report of whom it follows, and sends it elsewhere if that is wrong for long enough.
    pub(crate) fn keep_shape(&mut self, id: ServerId, sh: &mut Shared) {
        self.ask_others_when_back(id);
        if self.conf.topology == Topology::Keep {
            self.learn_home(id, sh);
        }
        if let Some(host) = self.replicas.get(&id).and_then(|replica| replica.master_host.clone()) {
            sh.names.lookup(&host, sh.global.resolve_hostnames, sh.now.mono, &mut sh.out);
        }
        let wanted = self.wanted_parent(id, self.master.id, sh);
        let Some(to) = self.server(wanted).map(|server| server.addr.clone()) else { return };
        let lost = self.parent(id, sh).is_none_or(|parent| parent.down.is) || self.ancestors_cycle(id, sh);
        let now = sh.now.mono;
        let Some(replica) = self.replicas.get(&id) else { return };
        let follows = replica.follows(&to, sh);
        let Some(replica) = self.replicas.get_mut(&id) else { return };
        let overruled = replica.spot.note(&to, follows, lost, now);
        if sh.canary(Canary::NeverOverruled) {
            replica.spot.overruled = 0;
        }
        if overruled == Some(OVERRULED_MAX) {
            self.say_overruled(id, sh);
        }
        let Some(since) = self.replicas.get(&id).and_then(|replica| replica.spot.misplaced_since) else {
            return;
        };
        let patient = now.since(since) >= self.shape_patience_ms(id, lost, sh);
        let may = patient && self.master_looks_sane(sh) && self.way_is_fresh(wanted, sh);
        if may
            && (!self.too_many_syncing(id, sh) || sh.canary(Canary::RepairsAtOnce))
            && !sh.canary(Canary::WrongParentLeft)
            && self.follow(id, wanted, sh)
        {
            self.emit_server(EventKind::FixSlaveConfig, &self.replicas[&id], "", sh);
        }
    }

    /// Whether everybody between a server and the master, both of them too, has said lately whom it follows. If one has not,
    /// all are asked: asked one by one they would grow old by turns. Perhaps the master is none any more and follows the
    /// very server that is to be sent to it.
    pub(crate) fn way_is_fresh(&mut self, from: ServerId, sh: &Shared) -> bool {
        let above = if self.is_tree() { self.ancestors(from, sh) } else { Vec::new() };
        let way: Vec<ServerId> = [from].into_iter().chain(above.iter().map(|server| server.id)).collect();
        let is_fresh = |id: &ServerId| {
            self.server(*id).is_none_or(|server| {
                let heard = server.info_at.filter(|at| sh.now.mono.since(*at) <= WAY_FRESH_MS);
                heard.is_some_and(|at| server.told_at.is_none_or(|told| told <= at))
            })
        };
        let fresh = way.iter().all(is_fresh);
        if !fresh {
            for id in way {
                let Some(server) = self.server_mut(id) else { continue };
                // Not those who have just said it: their answer may bring us here again.
                server.info_now |= server.info_at.is_none_or(|at| sh.now.mono.since(at) > WAY_FRESH_MS / 4);
            }
        }
        fresh
    }

    /// How long a replica may stay where it should not be: each sentinel waits for those before it, so that usually one
    /// gives the order; longer the more often it was overruled.
    fn shape_patience_ms(&self, id: ServerId, lost: bool, sh: &Shared) -> u64 {
        let overruled = self.replicas.get(&id).map_or(0, |replica| replica.spot.overruled);
        if overruled >= OVERRULED_MAX && !lost {
            return u64::MAX;
        }
        let before = self.peers.values().filter(|peer| peer.id < sh.myid && peer.is_up(sh)).count() as u64;
        let settle = if lost { 0 } else { SETTLE_MS << (2 * overruled.min(OVERRULED_MAX)) };
        settle + before.min(TURNS_MAX) * TURN_MS
    }

    /// Whether reports lead from a replica back to itself.
    pub(crate) fn ancestors_cycle(&self, id: ServerId, sh: &Shared) -> bool {
        let top = self.ancestors(id, sh).last().map(|server| server.id);
        let beyond = top.filter(|top| *top != self.master.id).and_then(|top| self.parent(top, sh));
        beyond.is_some()
    }

    fn say_overruled(&self, id: ServerId, sh: &mut Shared) {
        let name = &self.replicas[&id].name;
        let text = format!(
            "Replica {name} of `{}` was moved by somebody else {OVERRULED_MAX} times and is left where it is. hint: all \
             sentinels of a group must have the same `replication-topology`; redis-sentinel knows only a star",
            self.name
        );
        sh.log(LogLevel::Warning, text);
    }

    /// `parallel-syncs` holds for the whole tree: so many others than `id` may be on their way to a new parent. Whose new parent
    /// is down copies nothing, and waits to be moved as well.
    fn too_many_syncing(&self, id: ServerId, sh: &Shared) -> bool {
        let target_down = |replica: &Server| {
            let to = replica.spot.sent_to.as_ref().and_then(|to| self.member_at(&to.host, to.port, sh));
            to.is_some_and(|to| to.down.is)
        };
        let on_its_way = |replica: &&Server| {
            let told = replica.told_at.is_some_and(|at| sh.now.mono.since(at) < SYNCING_MS);
            let there =
                replica.spot.sent_to.as_ref().is_none_or(|to| replica.follows(to, sh)) && replica.link_up;
            replica.id != id && told && !there && !replica.down.is && !target_down(replica)
        };
        let limit = usize::try_from(self.conf.parallel_syncs).unwrap_or(0).max(1);
        self.replicas.values().filter(on_its_way).count() >= limit
    }

    /// Those who hang on a server that went down say at once how they are.
    pub(crate) fn ask_children(&mut self, id: ServerId, sh: &Shared) {
        if !self.is_tree() {
            return;
        }
        if let Some(gone) = self.replicas.get_mut(&id) {
            gone.spot.cut_off = true;
        }
        let follows = |child: &ServerId| self.parent(*child, sh).is_some_and(|parent| parent.id == id);
        for child in self.replicas.keys().copied().filter(follows).collect::<Vec<_>>() {
            if let Some(child) = self.replicas.get_mut(&child) {
                child.info_now = true;
            }
        }
    }

    /// A replica that has data again can feed others, as it did or should: they are asked soon whom they follow. What each
    /// sentinel knows of them may be a whole period old.
    fn ask_others_when_back(&mut self, id: ServerId) {
        let Some(replica) = self.replicas.get_mut(&id) else { return };
        let back = replica.spot.cut_off && replica.link_up;
        (replica.spot.cut_off, replica.spot.ask_soon) = (!replica.link_up, false);
        if back {
            self.replicas
                .values_mut()
                .filter(|other| other.id != id)
                .for_each(|other| other.spot.ask_soon = true);
        }
    }

    /// The homes of all members after `to` became the master: what hung on the old one hangs on it, and so does the old
    /// one.
    pub(crate) fn homes_after_switch(&self, to: &Addr) -> Vec<(Addr, Spot)> {
        let spot = |server: &Server| {
            let Spot { home, displaced, .. } = server.spot.clone();
            let old = server.id == self.master.id || home.as_ref().is_some_and(|h| h.same(&self.master.addr));
            let home = if old { Some(to.clone()) } else { home };
            // Who is away from its home because that is down still belongs there.
            Spot { home, displaced: displaced && !old, ..Spot::default() }
        };
        if self.conf.topology != Topology::Keep {
            return Vec::new();
        }
        self.servers().map(|server| (server.addr.clone(), spot(server))).collect()
    }
}

impl Spot {
    /// Takes a report: `follows` whether the replica is where it should be, at `to`; `lost` whether its present parent is
    /// of no use. How often it was overruled by now, if it was just then.
    fn note(&mut self, to: &Addr, follows: bool, lost: bool, now: Mono) -> Option<u32> {
        if self.overruled_at.is_some_and(|at| now.since(at) > FORGIVEN_AFTER_MS) {
            (self.overruled, self.overruled_at) = (0, None);
        }
        let sent_here = self.sent_to.as_ref().is_some_and(|sent| sent.same(to));
        if follows {
            self.misplaced_since = None;
            self.obeyed |= sent_here;
            return None;
        }
        self.misplaced_since.get_or_insert(now);
        if !std::mem::take(&mut self.obeyed) || !sent_here || lost {
            return None;
        }
        self.overruled = self.overruled.saturating_add(1);
        self.overruled_at = Some(now);
        Some(self.overruled)
    }
}

/// The order of a chain: by host as a person reads it (`redis-2` before `redis-10`; addresses by their numbers), then port.
fn in_order(a: &Addr, b: &Addr) -> Ordering {
    let ips = (a.host.parse::<std::net::IpAddr>(), b.host.parse::<std::net::IpAddr>());
    let hosts = match ips {
        (Ok(a), Ok(b)) => a.cmp(&b),
        (Ok(_), Err(_)) => Ordering::Less,
        (Err(_), Ok(_)) => Ordering::Greater,
        (Err(_), Err(_)) => natural(&a.host, &b.host),
    };
    hosts.then(a.port.cmp(&b.port))
}

/// Compares texts with runs of digits taken as numbers; case does not count.
fn natural(a: &str, b: &str) -> Ordering {
    let (a, b) = (a.to_ascii_lowercase(), b.to_ascii_lowercase());
    let (mut x, mut y) = (a.as_str(), b.as_str());
    loop {
        let (dx, dy) = (digits(x), digits(y));
        let order = if dx > 0 && dy > 0 {
            let (nx, ny) = (x[..dx].trim_start_matches('0'), y[..dy].trim_start_matches('0'));
            (x, y) = (&x[dx..], &y[dy..]);
            nx.len().cmp(&ny.len()).then(nx.cmp(ny))
        } else {
            let (mut cx, mut cy) = (x.chars(), y.chars());
            let order = cx.next().cmp(&cy.next());
            (x, y) = (cx.as_str(), cy.as_str());
            order
        };
        if order != Ordering::Equal || (x.is_empty() && y.is_empty()) {
            return order.then_with(|| a.cmp(&b));
        }
    }
}

fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

/// Milliseconds a replica may follow the wrong server before it is moved, if that one is up: the first look at a server
/// that comes back, and a failover that others finish, must not be disturbed.
const SETTLE_MS: u64 = 5_000;
/// Milliseconds between two sentinels that see the same and would give the same order.
const TURN_MS: u64 = 1_000;
const TURNS_MAX: u64 = 10;
/// A replica that was taken away so often by others is left where they put it, until the next switch of the master, a
/// change of the topology, or [`FORGIVEN_AFTER_MS`].
const OVERRULED_MAX: u32 = 3;
const FORGIVEN_AFTER_MS: u64 = 3_600_000;
/// What a server says of whom it follows counts for so many milliseconds when another one is sent to it.
pub(crate) const WAY_FRESH_MS: u64 = 2_000;
/// Milliseconds for which a replica counts as on its way after it was told to move.
const SYNCING_MS: u64 = 60_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_is_ordered_as_people_read_it() {
        let mut addrs: Vec<Addr> = [
            ("redis-10", 6379),
            ("10.0.0.10", 6379),
            ("Redis-2", 6379),
            ("10.0.0.9", 6380),
            ("redis-2", 6380),
            ("10.0.0.9", 6379),
            ("a", 1),
            ("redis-02", 6379),
        ]
        .map(|(host, port)| Addr::new(host, port))
        .into();
        addrs.sort_by(in_order);
        let shown: Vec<String> = addrs.iter().map(|a| format!("{}:{}", a.host, a.port)).collect();
        let wanted = [
            "10.0.0.9:6379",
            "10.0.0.9:6380",
            "10.0.0.10:6379",
            "a:1",
            "redis-02:6379",
            "Redis-2:6379",
            "redis-2:6380",
            "redis-10:6379",
        ];
        assert_eq!(shown, wanted);
    }

    #[test]
    fn who_is_overruled_again_and_again_is_noticed() {
        let to = Addr::new("10.0.0.1", 6379);
        let mut spot = Spot { sent_to: Some(to.clone()), ..Spot::default() };
        for times in 1..=3 {
            assert_eq!(spot.note(&to, true, false, Mono(times)), None);
            assert_eq!(spot.note(&to, false, false, Mono(times)), Some(times as u32));
            assert_eq!(spot.note(&to, false, false, Mono(times)), None, "once is counted once");
        }
        assert_eq!(spot.note(&to, true, false, Mono(4)), None);
        assert_eq!(spot.note(&to, false, true, Mono(4)), None, "its parent is gone: nobody's will");
        spot.note(&to, true, false, Mono(4 + FORGIVEN_AFTER_MS));
        assert_eq!(spot.overruled, 0);
    }
}
