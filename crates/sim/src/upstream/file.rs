//! The file: read at the start, rewritten whole at upstream's moments. What the lines mean is the core's knowledge.

use std::net::SocketAddr;

use watchkeeper_core::config::{Config, GroupConfig, KnownPeer};
use watchkeeper_core::id::SentinelId;

use super::state::{Group, Peer, Phase, Role, Server, Watched};
use super::{UpstreamSentinel, now};
use crate::config_text;
use crate::world::Ctx;

impl UpstreamSentinel {
    pub(super) fn load(&mut self, ctx: &mut Ctx<'_>) {
        let text = ctx.file().expect("a sentinel is started without a configuration file");
        self.config = config_text::read(text).unwrap_or_else(|error| {
            let text = String::from_utf8_lossy(text);
            panic!("the file of {} does not load: {error}\n{text}", ctx.addr());
        });
        match &self.config.global.myid {
            Some(id) => self.id.clone_from(&id.0),
            None => {
                self.id = ctx.rng().hex(40);
                self.flush();
            }
        }
        self.current_epoch = self.config.global.current_epoch;
        for config in std::mem::take(&mut self.config.groups) {
            self.current_epoch = self.current_epoch.max(config.config_epoch);
            self.load_group(config, now(ctx));
        }
        for g in 0..self.groups.len() {
            let text = format!(" quorum {}", self.groups[g].config.quorum);
            let (kind, master) = (watchkeeper_core::event::EventKind::Monitor, super::Who::Master);
            self.event(kind, g, &master, &text, ctx);
        }
    }

    fn load_group(&mut self, config: GroupConfig, now: i64) {
        let Some(addr) = socket(&config.host, config.port) else { return };
        let master = Server::new(Watched::new(addr, self.new_link(now), now), Role::Master, now);
        let mut group = Group {
            master,
            replicas: Default::default(),
            peers: Default::default(),
            odown: false,
            odown_at: 0,
            config_epoch: config.config_epoch,
            leader: None,
            leader_epoch: config.leader_epoch,
            failover_epoch: 0,
            phase: Phase::None,
            phase_at: 0,
            started_at: 0,
            forced: false,
            promoted: None,
            delay_logged: 0,
            config,
        };
        for addr in group.config.replicas.iter().filter_map(|(host, port)| socket(host, *port)) {
            let watched = Watched::new(addr, self.new_link(now), now);
            group.replicas.insert(addr, Server::new(watched, Role::Replica, now));
        }
        for peer in &group.config.peers {
            let Some(addr) = socket(&peer.host, peer.port) else { continue };
            let link = self.link_of_peer(&peer.id.0, now);
            group.peers.insert(peer.id.0.clone(), Peer::new(Watched::new(addr, link, now), now));
        }
        self.groups.push(group);
    }

    /// The present state, as it would be written: the file may be older, for not every change is written at once.
    pub(crate) fn snapshot(&self) -> Config {
        let mut config = self.config.clone();
        config.global.myid = Some(SentinelId(self.id.clone()));
        config.global.current_epoch = self.current_epoch;
        config.groups = self.groups.iter().map(group_lines).collect();
        config
    }
}

fn group_lines(group: &Group) -> GroupConfig {
    let mut config = group.config.clone();
    let (master, old) = (group.current_master(), group.master.watched.addr);
    (config.host, config.port) = (master.ip().to_string(), master.port());
    config.config_epoch = group.config_epoch;
    config.leader_epoch = group.leader_epoch;
    // Where the promoted replica was listed, the old master is now.
    let listed = group.replicas.keys().map(|addr| if *addr == master { old } else { *addr });
    config.replicas = listed.map(|addr| (addr.ip().to_string(), addr.port())).collect();
    let peers = group.peers.iter().map(|(id, peer)| KnownPeer {
        host: peer.watched.addr.ip().to_string(),
        port: peer.watched.addr.port(),
        id: SentinelId(id.clone()),
    });
    config.peers = peers.collect();
    config
}

fn socket(host: &str, port: u16) -> Option<SocketAddr> {
    Some(SocketAddr::new(host.parse().ok()?, port))
}
