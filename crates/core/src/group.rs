//! A monitored group: one master, its replicas, the peers that watch it too, and what this sentinel thinks of it.

use crate::addr::Addr;
use crate::canary::Canary;
use crate::config::{GroupConfig, KnownPeer};
use crate::epoch::{ConfigEpoch, LeaderEpoch};
use crate::event::EventKind;
use crate::failover::{Failover, Phase, Retry};
use crate::few::Few;
use crate::hello::{Hello, HelloText};
use crate::id::{GroupName, SentinelId};
use crate::info::Role;
use crate::info_text::InfoText;
use crate::io::{Version, Why};
use crate::limits::{PEERS_MAX, REPLICAS_MAX};
use crate::link::{Credentials, Pending, Renames};
use crate::names::Lookup;
use crate::peer::{Peer, with_link};
use crate::server::{Links, Pace, Server, ServerId, Upkeep};
use crate::shared::{PeerLink, Shared};
use crate::time::Mono;

/// A group, unique in the process and never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct GroupId(pub(crate) u64);

/// See the module.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) id: GroupId,
    pub(crate) name: GroupName,
    /// the settings; address, epochs, replicas and peers in it are only filled in by [`Group::snapshot`]
    pub(crate) conf: GroupConfig,
    pub(crate) master: Server,
    pub(crate) replicas: Few<ServerId, Server>,
    pub(crate) peers: Few<SentinelId, Peer>,
    pub(crate) config_epoch: ConfigEpoch,
    /// the version of the state that first held the present configuration
    pub(crate) config_version: Version,
    pub(crate) vote: Vote,
    /// since when the quorum agrees that the master is down
    pub(crate) odown: Option<Mono>,
    pub(crate) odown_since: Option<Mono>,
    /// random part of our place in the queue of candidates, drawn at each odown
    pub(crate) jitter_ms: u64,
    pub(crate) failover: Option<Failover>,
    pub(crate) retry: Retry,
    /// when a majority was last out of reach while the master was down
    pub(crate) alone_at: Option<Mono>,
    /// elections lost in a row, since the quorum agrees that the master is down
    pub(crate) lost_elections: u32,
    /// the master lists replicas by names that are being looked up
    pub(crate) awaits_names: bool,
}

/// The vote given for a group.
#[derive(Debug, Clone, Default)]
pub(crate) struct Vote {
    /// whom; not remembered across restarts
    pub(crate) leader: Option<SentinelId>,
    pub(crate) epoch: LeaderEpoch,
    /// the version of the state that holds it
    pub(crate) version: Version,
    /// when its candidate was last heard asking
    pub(crate) leader_seen: Mono,
}

impl Group {
    pub(crate) fn new(id: GroupId, conf: GroupConfig, sh: &mut Shared) -> Group {
        let mut addr = Addr::new(conf.host.clone(), conf.port);
        sh.resolve(&mut addr);
        let mut group = Group {
            id,
            name: conf.name.clone(),
            master: Server::new(Role::Master, addr, sh),
            replicas: Few::new(),
            peers: Few::new(),
            config_epoch: ConfigEpoch(conf.config_epoch),
            config_version: Version::default(),
            vote: Vote { epoch: LeaderEpoch(conf.leader_epoch), ..Vote::default() },
            odown: None,
            odown_since: None,
            jitter_ms: 0,
            failover: None,
            retry: Retry::default(),
            alone_at: None,
            lost_elections: 0,
            awaits_names: false,
            conf,
        };
        for (host, port) in std::mem::take(&mut group.conf.replicas) {
            let mut addr = Addr::new(host, port);
            sh.resolve(&mut addr);
            group.add_replica(addr, sh);
        }
        for home in std::mem::take(&mut group.conf.homes) {
            group.remember_home(home, sh);
        }
        for peer in std::mem::take(&mut group.conf.peers) {
            let mut addr = Addr::new(peer.host, peer.port);
            sh.resolve(&mut addr);
            group.add_peer(peer.id, addr, sh);
        }
        group
    }

    /// Adds a replica unless a server of the group has that address or the table is full.
    pub(crate) fn add_replica(&mut self, addr: Addr, sh: &mut Shared) -> Option<ServerId> {
        let known = self.master.addr.same(&addr) || self.replicas.values().any(|r| r.addr.same(&addr));
        if known || self.replicas.len() >= REPLICAS_MAX {
            return None;
        }
        let replica = Server::new(Role::Replica, addr, sh);
        let id = replica.id;
        self.replicas.insert(id, replica);
        Some(id)
    }

    /// Adds a peer and joins the connection other groups may have to it.
    pub(crate) fn add_peer(&mut self, id: SentinelId, addr: Addr, sh: &mut Shared) -> bool {
        if self.peers.len() >= PEERS_MAX || self.peers.contains_key(&id) {
            return false;
        }
        let now = sh.now.mono;
        let link = sh.peers.entry(id.clone()).or_insert_with(|| PeerLink::new(addr.clone(), now));
        link.groups.insert(self.id);
        link.conn.sharers = link.groups.len() - 1;
        self.peers.insert(id.clone(), Peer::new(id, addr, now));
        true
    }

    /// Removes a peer; its connection stays while another group uses it.
    pub(crate) fn remove_peer(&mut self, id: &SentinelId, sh: &mut Shared) -> Option<Peer> {
        let peer = self.peers.remove(id)?;
        let group = self.id;
        with_link(id, sh, |link, _| {
            link.groups.remove(&group);
            link.conn.sharers = link.groups.len().saturating_sub(1);
        });
        if sh.peers.get(id).is_some_and(|link| link.groups.is_empty()) {
            if let Some(mut link) = sh.peers.remove(id) {
                link.conn.close(sh);
            }
        }
        Some(peer)
    }

    /// Closes everything: the group is being removed.
    pub(crate) fn dissolve(&mut self, sh: &mut Shared) {
        self.master.close_links(sh);
        for replica in self.replicas.values_mut() {
            replica.close_links(sh);
        }
        self.forget_peers(sh);
    }

    fn forget_peers(&mut self, sh: &mut Shared) {
        for id in self.peers.keys().cloned().collect::<Vec<_>>() {
            self.remove_peer(&id, sh);
        }
    }

    // --- What others are told ---

    /// `master <name> <ip> <port>`.
    pub(crate) fn details(&self, sh: &Shared) -> String {
        let addr = &self.master.addr;
        format!("master {} {} {}", self.name, addr.shown(sh.global.announce_hostnames), addr.port)
    }

    /// `<kind> <name> <ip> <port> @ <group> <master ip> <master port>`.
    fn member_details(&self, kind: &str, name: &str, addr: &Addr, sh: &Shared) -> String {
        let announce = sh.global.announce_hostnames;
        let master = &self.master.addr;
        format!(
            "{kind} {name} {} {} @ {} {} {}",
            addr.shown(announce),
            addr.port,
            self.name,
            master.shown(announce),
            master.port
        )
    }

    pub(crate) fn server_details(&self, server: &Server, sh: &Shared) -> String {
        match server.kind {
            Role::Master => self.details(sh),
            Role::Replica => self.member_details("slave", &server.name, &server.addr, sh),
        }
    }

    pub(crate) fn peer_details(&self, peer: &Peer, sh: &Shared) -> String {
        self.member_details("sentinel", &peer.id.0, &peer.addr, sh)
    }

    /// Emits an event of this group.
    pub(crate) fn emit(&self, kind: EventKind, payload: String, sh: &mut Shared) {
        sh.emit(kind, Some(&self.name), payload, self.conf.notification_script.as_deref());
    }

    /// Emits an event once `after` is on disk.
    pub(crate) fn emit_after(&self, after: Version, kind: EventKind, payload: String, sh: &mut Shared) {
        sh.emit_after(after, kind, Some(&self.name), payload, self.conf.notification_script.as_deref());
    }

    /// Emits an event about the master.
    pub(crate) fn emit_master(&self, kind: EventKind, suffix: &str, sh: &mut Shared) {
        let payload = self.details(sh) + suffix;
        self.emit(kind, payload, sh);
    }

    /// Emits an event about a server of this group.
    pub(crate) fn emit_server(&self, kind: EventKind, server: &Server, suffix: &str, sh: &mut Shared) {
        let payload = self.server_details(server, sh) + suffix;
        self.emit(kind, payload, sh);
    }

    /// Where clients are sent: the promoted replica as soon as its promotion is confirmed, else the master.
    pub(crate) fn current_addr(&self) -> &Addr {
        let promoted =
            self.failover.as_ref().filter(|f| f.phase >= Phase::Reconfigure).and_then(|f| f.promoted);
        promoted.and_then(|id| self.replicas.get(&id)).map_or(&self.master.addr, |replica| &replica.addr)
    }

    /// Whether the hello may be sent: not while the configuration it would tell of is on its way to the disk.
    fn may_say_hello(&self, sh: &Shared) -> bool {
        let settled = sh.disk.settled(self.config_version) || sh.canary(Canary::HelloBeforeDisk);
        let forgotten = sh.canary(Canary::HelloForgotten) && self.config_version != Version::default();
        settled && !forgotten
    }

    /// The hello of this group.
    fn hello(&self, sh: &Shared) -> HelloText {
        let master = self.current_addr();
        let hello = Hello {
            host: "",
            port: sh.announced_port().clamp(0, i64::from(u16::MAX)) as u16,
            id: &sh.myid.0,
            current_epoch: sh.epoch.0,
            group: &self.name.0,
            master_host: &master.shown(sh.global.announce_hostnames),
            master_port: master.port,
            config_epoch: self.config_epoch.0,
        };
        HelloText { host: sh.global.announce_ip.clone(), rest: hello.rest() }
    }

    /// Whether there is anybody it should be sent to now.
    fn hello_is_due(&self, pace: Pace, sh: &Shared) -> bool {
        let slot = pace.hello_slot();
        self.servers().any(|server| server.hello_due_at(slot) <= sh.now.mono)
            || self.peers.values().any(|peer| peer.hello_due_at(pace, sh) <= sh.now.mono)
    }

    /// Sends the hello to everybody at the next opportunity.
    pub(crate) fn hello_now(&mut self) {
        for server in self.servers_mut() {
            server.hello_now = true;
        }
        for peer in self.peers.values_mut() {
            peer.hello_now = true;
        }
    }

    /// The master and all replicas.
    pub(crate) fn servers(&self) -> impl Iterator<Item = &Server> {
        std::iter::once(&self.master).chain(self.replicas.values())
    }

    pub(crate) fn servers_mut(&mut self) -> impl Iterator<Item = &mut Server> {
        std::iter::once(&mut self.master).chain(self.replicas.values_mut())
    }

    pub(crate) fn server_mut(&mut self, id: ServerId) -> Option<&mut Server> {
        if self.master.id == id { Some(&mut self.master) } else { self.replicas.get_mut(&id) }
    }

    /// Runs the client-reconfiguration script, if there is one.
    pub(crate) fn reconfig_script(&self, role: &str, from: &Addr, to: &Addr, sh: &mut Shared) {
        let Some(path) = &self.conf.client_reconfig_script else { return };
        let announce = sh.global.announce_hostnames;
        let argv = vec![
            path.clone(),
            self.name.0.clone(),
            role.to_owned(),
            "start".to_owned(),
            from.shown(announce),
            from.port.to_string(),
            to.shown(announce),
            to.port.to_string(),
        ];
        let now = sh.now.mono;
        sh.scripts.enqueue(argv, now);
    }

    // --- What happens to it ---

    /// Does everything that is due now and returns when it must be looked at again, and why.
    pub(crate) fn evaluate(&mut self, sh: &mut Shared) -> (Mono, Why) {
        if sh.simulate.crashed {
            return (Mono(u64::MAX), Why::Tick);
        }
        if let Some(next) = self.quiet_until(sh) {
            return next; // as nearly always
        }
        let mut next = self.upkeep(sh);
        if !sh.tilted() {
            let judged = self.detect(sh);
            let busy = judged || self.failover.is_some() || self.master.down.is;
            if busy {
                self.advance(sh);
            }
            self.ask_peers(sh);
            if busy {
                next = self.upkeep(sh);
            }
            next = next.min(self.detect_at(sh)).min(self.ask_at(sh)).min(self.advance_at(sh));
        }
        look_at(next, sh)
    }

    /// When to look again, if a master is up, no failover runs and nothing at all is due now: one glance at every member
    /// tells. What it looks at is what the steps of [`Group::evaluate`] would act on.
    fn quiet_until(&self, sh: &Shared) -> Option<(Mono, Why)> {
        if sh.tilt.is_some() || self.failover.is_some() || self.odown.is_some() || self.master.down.is {
            return None;
        }
        let (now, pace) = (sh.now.mono, self.pace(sh));
        let mut next = self.master_verdict_at(sh);
        let mut silent = Mono(u64::MAX);
        for server in std::iter::once(&self.master).chain(self.replicas.values()) {
            let upkeep = server.upkeep_at(self.id, pace, sh);
            if upkeep.0 <= now || self.server_changes(server, sh) {
                return None;
            }
            next = next.min(upkeep);
            silent = silent.min(server.verdict_from());
        }
        for (peer, link) in self.linked_peers(sh) {
            let upkeep = self.peer_upkeep_at(peer, link, pace, sh);
            let told = peer.master_down || peer.vote.is_some();
            if upkeep.0 <= now || told || self.peer_changes(peer, link, sh) {
                return None;
            }
            next = next.min(upkeep);
            silent = silent.min(peer.verdict_from(link));
        }
        next = next.min(self.silent_at(silent, sh));
        Some(look_at(next, sh))
    }

    /// Every peer with its link, in order.
    pub(crate) fn linked_peers<'a>(
        &'a self,
        sh: &'a Shared,
    ) -> impl Iterator<Item = (&'a Peer, &'a PeerLink)> {
        // Every peer of a group has a link: as many links as peers are these peers' links.
        let same = self.peers.len() == sh.peers.len();
        let mut links = sh.peers.values();
        self.peers.values().filter_map(move |peer| {
            let link = if same { links.next() } else { peer.link(sh) };
            Some((peer, link?))
        })
    }

    /// Opens links and sends what is due on them. Returns when something is due again.
    fn upkeep(&mut self, sh: &mut Shared) -> (Mono, Why) {
        let pace = self.pace(sh);
        let next = self.upkeep_at(pace, sh);
        if next.0 > sh.now.mono {
            return next; // as nearly always
        }
        let hello = (pace.hello && self.hello_is_due(pace, sh)).then(|| self.hello(sh));
        let hello = hello.as_ref();
        let group = self.id;
        let Group { conf, master, replicas, peers, .. } = self;
        let credentials = Credentials { user: conf.auth_user.as_deref(), pass: conf.auth_pass.as_deref() };
        let renames = Renames(&conf.renames);
        let with = Upkeep { group, credentials, renames, pace, hello };
        for server in std::iter::once(master).chain(replicas.values_mut()) {
            server.upkeep(with, sh);
        }
        for peer in peers.values_mut() {
            if peer.link(sh).is_some_and(|link| link.upkeep_at(pace.ping, sh).0 <= sh.now.mono) {
                with_link(&peer.id, sh, |link, sh| link.upkeep(&peer.id, renames, pace.ping, sh));
            }
            if let Some(hello) = hello {
                peer.publish(group, renames, (hello, pace), sh);
            }
        }
        self.upkeep_at(pace, sh)
    }

    /// How often members are asked at present.
    pub(crate) fn pace(&self, sh: &Shared) -> Pace {
        Pace {
            ping: self.conf.down_after_ms.min(sh.tuning.ping_period),
            ping_master: ping_master(self.conf.down_after_ms).min(sh.tuning.ping_period),
            refused_after: self.conf.refused_down_after_ms,
            info: sh.tuning.info_period,
            publish: sh.tuning.publish_period,
            place: place(self.id),
            phase: self.phase(),
            led_elsewhere: self.is_led_elsewhere(sh),
            hurried: self.odown.is_some() || self.failover.is_some(),
            tree: self.is_tree(),
            hello: self.may_say_hello(sh),
        }
    }

    /// When [`Group::upkeep`] has something to do, and what.
    fn upkeep_at(&self, pace: Pace, sh: &Shared) -> (Mono, Why) {
        let mut next = self.master.upkeep_at(self.id, pace, sh);
        for replica in self.replicas.values() {
            next = next.min(replica.upkeep_at(self.id, pace, sh));
        }
        for (peer, link) in self.linked_peers(sh) {
            next = next.min(self.peer_upkeep_at(peer, link, pace, sh));
        }
        next
    }

    fn peer_upkeep_at(&self, peer: &Peer, link: &PeerLink, pace: Pace, sh: &Shared) -> (Mono, Why) {
        let mut next = link.upkeep_at(pace.ping, sh);
        let free = link.conn.takes_more(sh) && !peer.owes_publish(link);
        if pace.hello && link.conn.local.is_some() && free {
            next = next.min((peer.hello_due_at(pace, sh), Why::Hello));
        }
        next
    }

    /// Forgets everything but the settings, the address and the epochs (`SENTINEL RESET`).
    pub(crate) fn reset(&mut self, sh: &mut Shared) {
        self.finish_promoted(sh);
        self.forget_peers(sh);
        self.reset_servers(sh);
        self.emit_master(EventKind::ResetMaster, "", sh);
    }

    fn reset_servers(&mut self, sh: &mut Shared) {
        for mut replica in std::mem::take(&mut self.replicas).into_values() {
            replica.close_links(sh);
        }
        self.master.close_links(sh);
        let fresh = Server::new(Role::Master, self.master.addr.clone(), sh);
        let old = std::mem::replace(&mut self.master, fresh);
        // Kept so that after RESET the members come back at the next regular INFO, as upstream: tools check
        // that the lists are empty at first.
        self.master.info_at = old.info_at;
        self.master.info_text = old.info_text;
        self.master.published_at = old.published_at;
        self.vote.leader = None;
        self.odown = None;
        self.failover = None;
        self.retry = Retry::default();
        self.alone_at = None;
        self.lost_elections = 0;
    }

    /// Moves the group to a new master: the old one becomes a replica, the others stay replicas. `+switch-master`
    /// was emitted by the caller.
    pub(crate) fn switch_to(&mut self, to: Addr, sh: &mut Shared) {
        let old_master = self.master.addr.clone();
        let mut members: Vec<Addr> = self.replicas.values().map(|r| r.addr.clone()).collect();
        members.retain(|addr| !addr.same(&to));
        if !old_master.same(&to) {
            members.push(old_master.clone());
        }
        let homes = self.homes_after_switch(&to);
        let round_trip_ms = self.master.dial.round_trip_ms;
        let links = self.take_links(sh.now.mono);
        self.master.addr = to;
        self.reset_servers(sh);
        self.master.info_at = None;
        self.master.info_text = InfoText::default();
        self.odown_since = None;
        let group = self.id;
        for peer in self.peers.values_mut() {
            peer.forget_master();
            // A peer that answers late speaks of the old master.
            let about_master = |p: &Pending| matches!(p, Pending::Ask(asked, _) if *asked == group);
            with_link(&peer.id, sh, |link, _| link.conn.disregard(about_master));
        }
        for addr in members {
            let former = addr.same(&old_master);
            if let Some(id) = self.add_replica(addr, sh) {
                if let Some(replica) = self.replicas.get_mut(&id) {
                    replica.former_master = former;
                    replica.dial.round_trip_ms = round_trip_ms.filter(|_| former);
                    let spot = homes.iter().find(|(member, _)| member.same(&replica.addr));
                    replica.spot = spot.map(|(_, spot)| spot.clone()).unwrap_or_default();
                }
                self.emit_server(EventKind::Slave, &self.replicas[&id], "", sh);
            }
        }
        self.give_links(links, sh);
        self.config_version = sh.disk.change();
    }

    /// Takes the working links from all servers, each with where it leads.
    fn take_links(&mut self, now: Mono) -> Vec<(Addr, Links)> {
        let up = self.servers_mut().filter(|server| server.cmd.up);
        up.map(|server| (server.addr.clone(), server.take_links(now))).collect()
    }

    /// Gives links to the servers they lead to. What was sent on them a moment ago, such as whom to follow, would
    /// be lost if they were closed.
    fn give_links(&mut self, links: Vec<(Addr, Links)>, sh: &mut Shared) {
        let group = self.id;
        for (addr, mut links) in links {
            match self.servers_mut().find(|server| server.addr.same(&addr)) {
                Some(server) => server.give_links(links, group, sh),
                None => links.close(sh),
            }
        }
    }

    /// `+switch-master` from the present address to another.
    pub(crate) fn emit_switch(&self, to: &Addr, sh: &mut Shared) {
        let announce = sh.global.announce_hostnames;
        let from = &self.master.addr;
        let payload = format!(
            "{} {} {} {} {}",
            self.name,
            from.shown(announce),
            from.port,
            to.shown(announce),
            to.port
        );
        self.emit(EventKind::SwitchMaster, payload, sh);
    }

    /// Resolves the host of an address somebody told us.
    pub(crate) fn addr_of(host: &str, port: u16, sh: &mut Shared) -> (Addr, Lookup) {
        let mut addr = Addr::new(host, port);
        if let Some(ip) = addr.ip {
            return (addr, Lookup::Known(ip));
        }
        let lookup = sh.resolve(&mut addr);
        (addr, lookup)
    }

    /// The group as it is written to the configuration file.
    pub(crate) fn snapshot(&self, sh: &Shared) -> GroupConfig {
        let announce = sh.global.announce_hostnames;
        // An unresolved host is written by its name: an empty text would be fatal at the next start.
        let shown = |addr: &Addr| if addr.ip.is_some() { addr.shown(announce) } else { addr.host.clone() };
        let current = self.current_addr();
        let replica = |addr: &Addr| {
            let addr = if addr.same(current) { &self.master.addr } else { addr };
            (shown(addr), addr.port)
        };
        let peer =
            |peer: &Peer| KnownPeer { host: shown(&peer.addr), port: peer.addr.port, id: peer.id.clone() };
        let forgotten = sh.canary(Canary::VoteForgotten);
        GroupConfig {
            host: shown(current),
            port: current.port,
            config_epoch: self.config_epoch.0,
            leader_epoch: if forgotten { self.conf.leader_epoch } else { self.vote.epoch.0 },
            replicas: self.replicas.values().map(|r| replica(&r.addr)).collect(),
            homes: self.homes_to_write(current, &shown),
            peers: self.peers.values().map(peer).collect(),
            ..self.conf.clone()
        }
    }
}

/// When a group is looked at again: now and then in any case. What is due already was just done, or waits for an answer
/// that wakes us: never spin.
fn look_at(next: (Mono, Why), sh: &Shared) -> (Mono, Why) {
    let now = sh.now.mono;
    let (at, why) = next.min((now + LOOK_AT_LEAST_EVERY, Why::Tick));
    (at.max(now + 1), why)
}

/// Where in each period a group has its turn. Groups of one place are served together: to wake up for each one would cost
/// more than what is done then.
fn place(id: GroupId) -> u64 {
    let mixed = id.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    mixed % PLACES * PLACE_MS
}

/// Milliseconds between two PINGs to a master, on the grid of places where that is fine enough.
fn ping_master(down_after_ms: u64) -> u64 {
    let period = down_after_ms / PINGS_IN_DOWN_AFTER;
    if period > 2 * PLACE_MS { period / PLACE_MS * PLACE_MS } else { period.max(1) }
}

/// Milliseconds from one place to the next, and how many there are: so many that the longest period has a place everywhere.
const PLACE_MS: u64 = 10;
const PLACES: u64 = 2_000;
/// PINGs to a master in the time it takes to be held for down, if they are not seldomer than usual: a hang is noticed that much
/// later than it begins, at the worst.
const PINGS_IN_DOWN_AFTER: u64 = 12;
/// A group is looked at at least this often, in milliseconds, whatever the deadlines say.
const LOOK_AT_LEAST_EVERY: u64 = 1_000;
