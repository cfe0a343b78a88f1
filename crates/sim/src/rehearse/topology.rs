//! From the configuration of a user's sentinels to who stands where: hosts, servers, sentinels. Names of hosts cannot
//! be looked up here; each gets an address of its own and is shown by its name.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use watchkeeper_core::config::{Config, GroupConfig, KnownPeer};
use watchkeeper_core::id::SentinelId;

/// What the user gives.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// configurations, one for each sentinel that has a file at hand
    pub files: Vec<Config>,
    /// where the sentinel of the first file runs, if its file does not say
    pub own_host: Option<String>,
    /// replicas that no file knows: host, port, `replica-priority`
    pub replicas: Vec<(String, u16, u32)>,
    /// sentinels that no file knows
    pub sentinels: Vec<(String, u16)>,
}

/// A sentinel.
#[derive(Debug, Clone)]
pub(crate) struct SentinelPlace {
    pub(crate) at: SocketAddr,
    pub(crate) id: String,
}

/// A data server.
#[derive(Debug, Clone)]
pub(crate) struct ServerPlace {
    pub(crate) at: SocketAddr,
    pub(crate) priority: u32,
    /// its master; `None`: it is one
    pub(crate) follows: Option<SocketAddr>,
}

/// Who stands where.
#[derive(Debug, Clone, Default)]
pub struct Topology {
    /// the groups as the files have them, with addresses that the world can dial
    pub(crate) groups: Vec<GroupConfig>,
    pub(crate) servers: Vec<ServerPlace>,
    pub(crate) sentinels: Vec<SentinelPlace>,
    pub(crate) monotonic: bool,
    names: BTreeMap<String, IpAddr>,
    /// no file says where the sentinel of the first one runs; it was put on a host of its own
    pub place_assumed: bool,
}

/// Where a sentinel is put that does not say where it runs: an address for documentation, which nobody has.
const NOWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

impl Topology {
    /// Reads it out of what is given. `Err`: nothing is monitored.
    pub fn of(given: &Given) -> Option<Topology> {
        let first = given.files.first().filter(|file| !file.groups.is_empty())?;
        let mut found = Topology { monotonic: first.global.tilt_clock_monotonic, ..Topology::default() };
        found.groups.clone_from(&first.groups);
        for (index, file) in given.files.iter().enumerate() {
            found.add_file(index, file, given);
        }
        for (host, port) in &given.sentinels {
            let at = SocketAddr::new(found.ip(host), *port);
            found.add_sentinel(at, None);
        }
        for group in 0..found.groups.len() {
            found.add_servers(group, given);
        }
        found.introduce();
        Some(found)
    }

    fn add_file(&mut self, index: usize, file: &Config, given: &Given) {
        let bound = file.general.bind.iter().map(|bind| bind.trim_start_matches('-'));
        let bound = bound.filter_map(|bind| bind.parse::<IpAddr>().ok());
        let mut bound = bound.filter(|ip| !ip.is_loopback() && !ip.is_unspecified());
        let own = given.own_host.as_ref().filter(|_| index == 0);
        let host = own.or(file.global.announce_ip.as_ref()).cloned();
        let ip = match (host, bound.next()) {
            (Some(host), _) => self.ip(&host),
            (None, Some(ip)) => ip,
            (None, None) => {
                self.place_assumed = true;
                NOWHERE
            }
        };
        let announced = u16::try_from(file.global.announce_port).ok().filter(|port| *port != 0);
        let listening = Some(file.general.port).filter(|port| *port != 0);
        let port = announced.or(listening).unwrap_or(26_379);
        let id = file.global.myid.as_ref().map(|id| id.0.clone());
        // A file that does not say where its sentinel runs may still be of one that another file knows.
        let known = self.sentinels.iter_mut().find(|known| Some(&known.id) == id.as_ref());
        if known.is_none() {
            self.add_sentinel(SocketAddr::new(ip, port), id);
        }
        for peer in file.groups.iter().flat_map(|group| group.peers.clone()) {
            let at = SocketAddr::new(self.ip(&peer.host), peer.port);
            self.add_sentinel(at, Some(peer.id.0));
        }
    }

    fn add_sentinel(&mut self, at: SocketAddr, id: Option<String>) {
        let taken = |known: &SentinelPlace| known.at == at || Some(&known.id) == id.as_ref();
        if let Some(known) = self.sentinels.iter_mut().find(|known| taken(known)) {
            if known.at.ip() == NOWHERE {
                known.at = at;
                self.place_assumed = false;
            }
            return;
        }
        let id = id.unwrap_or_else(|| format!("{:040x}", self.sentinels.len() + 1));
        self.sentinels.push(SentinelPlace { at, id });
    }

    fn add_servers(&mut self, group: usize, given: &Given) {
        let (host, port) = (self.groups[group].host.clone(), self.groups[group].port);
        let master = SocketAddr::new(self.ip(&host), port);
        self.add_server(master, None, 100);
        for (host, port) in self.groups[group].replicas.clone() {
            let at = SocketAddr::new(self.ip(&host), port);
            let known = given.replicas.iter().find(|(name, number, _)| *name == host && *number == port);
            self.add_server(at, Some(master), known.map_or(100, |known| known.2));
        }
        if group == 0 {
            for (host, port, priority) in &given.replicas {
                let at = SocketAddr::new(self.ip(host), *port);
                self.add_server(at, Some(master), *priority);
            }
        }
        self.groups[group].host = master.ip().to_string();
    }

    fn add_server(&mut self, at: SocketAddr, follows: Option<SocketAddr>, priority: u32) {
        if self.servers.iter().all(|known| known.at != at) {
            self.servers.push(ServerPlace { at, priority, follows });
        }
    }

    /// Everybody knows everybody, as after some minutes of running; settings that mean nothing here are dropped.
    fn introduce(&mut self) {
        let servers = self.servers.clone();
        for group in &mut self.groups {
            let master = servers
                .iter()
                .find(|server| server.at.ip().to_string() == group.host && server.at.port() == group.port);
            let replicas = servers.iter().filter(|server| {
                server.follows.is_some() && server.follows == master.map(|master| master.at)
            });
            group.replicas = replicas.map(|server| (server.at.ip().to_string(), server.at.port())).collect();
            (group.auth_pass, group.auth_user) = (None, None);
            (group.notification_script, group.client_reconfig_script) = (None, None);
            (group.config_epoch, group.leader_epoch) = (0, 0);
            group.renames.clear();
        }
    }

    /// The configuration of one sentinel of the world.
    pub(crate) fn config(&self, index: usize) -> Config {
        let me = &self.sentinels[index];
        let mut config = Config { groups: self.groups.clone(), ..Config::default() };
        config.general.port = me.at.port();
        config.global.announce_ip = Some(me.at.ip().to_string());
        config.global.tilt_clock_monotonic = self.monotonic;
        config.global.myid = Some(SentinelId(me.id.clone()));
        let others = self.sentinels.iter().filter(|other| other.id != me.id);
        let peers: Vec<KnownPeer> = others
            .map(|other| {
                let id = SentinelId(other.id.clone());
                KnownPeer { host: other.at.ip().to_string(), port: other.at.port(), id }
            })
            .collect();
        for group in &mut config.groups {
            group.peers.clone_from(&peers);
        }
        config
    }

    /// Every host, in order.
    pub(crate) fn hosts(&self) -> Vec<IpAddr> {
        let places = self.servers.iter().map(|server| server.at).chain(self.sentinels.iter().map(|it| it.at));
        let mut hosts: Vec<IpAddr> = places.map(|at| at.ip()).collect();
        hosts.sort_unstable();
        hosts.dedup();
        hosts
    }

    /// The address of a host, which is a name or an address.
    fn ip(&mut self, host: &str) -> IpAddr {
        if let Ok(ip) = host.parse() {
            return ip;
        }
        let number = self.names.len() as u32 + 1;
        let ip = IpAddr::V4(Ipv4Addr::from(u32::from(Ipv4Addr::new(198, 18, 0, 0)) + number));
        *self.names.entry(host.to_owned()).or_insert(ip)
    }

    /// An address as the user knows it.
    pub fn show(&self, at: SocketAddr) -> String {
        format!("{}:{}", self.show_host(at.ip()), at.port())
    }

    /// A host as the user knows it.
    pub fn show_host(&self, ip: IpAddr) -> String {
        let named = self.names.iter().find(|(_, known)| **known == ip);
        named.map_or_else(|| ip.to_string(), |(name, _)| name.clone())
    }

    /// A text of the world, with addresses as the user knows them.
    pub(crate) fn show_text(&self, text: &str) -> String {
        self.names.iter().fold(text.to_owned(), |text, (name, ip)| text.replace(&ip.to_string(), name))
    }

    /// What a word names: a host, or `host:port` of a process, or the id of a sentinel (or its beginning).
    pub(crate) fn find(&self, word: &str) -> Option<Target> {
        let ip = |host: &str| host.parse().ok().or_else(|| self.names.get(host).copied());
        if let Some(ip) = ip(word).filter(|ip| self.hosts().contains(ip)) {
            return Some(Target::Host(ip));
        }
        let processes =
            self.servers.iter().map(|server| server.at).chain(self.sentinels.iter().map(|it| it.at));
        let by_place = word.rsplit_once(':').and_then(|(host, port)| {
            Some(SocketAddr::new(ip(host.trim_matches(['[', ']']))?, port.parse().ok()?))
        });
        if let Some(at) = by_place.filter(|at| processes.clone().any(|known| known == *at)) {
            return Some(Target::Process(at));
        }
        let by_id = self.sentinels.iter().find(|it| word.len() >= 6 && it.id.starts_with(word));
        by_id.map(|it| Target::Process(it.at))
    }

    /// Everything that can be named, for whoever named something else.
    pub fn known(&self) -> Vec<String> {
        let mut known: Vec<String> = self.hosts().iter().map(|ip| self.show_host(*ip)).collect();
        known.extend(self.servers.iter().map(|server| self.show(server.at)));
        known.extend(self.sentinels.iter().map(|it| self.show(it.at)));
        known
    }
}

/// What is to be killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    Host(IpAddr),
    Process(SocketAddr),
}
