//! A group on hosts of its own: servers, sentinels, writers, and the net between them.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::fault::{Scene, Who};
use super::member::Member;
use super::net::{Net, Rules};
use super::options::Options;
use super::whole::{self, Look};
use super::writer::Writers;
use crate::binaries::Flavour;
use crate::conn::FrameExt;

/// The name of the group.
pub(crate) const GROUP: &str = "mymaster";
const SERVER_PORT: u16 = 6379;
const SENTINEL_PORT: u16 = 26379;
const WRITERS: usize = 2;
/// Replicas are found with the INFO period of 10 s.
const START_BOUND: Duration = Duration::from_secs(60);

/// Everything that runs. Ends with it.
#[derive(Debug)]
pub(crate) struct World {
    // All but the last live in the net and end before it.
    pub(crate) writers: Writers,
    pub(crate) servers: Vec<Member>,
    pub(crate) sentinels: Vec<Member>,
    pub(crate) net: Net,
    pub(crate) dir: PathBuf,
    down_after: u64,
}

impl World {
    /// Starts a group and waits until everybody knows everybody. `tag` tells it from others of this process.
    pub(crate) fn build(options: &Options, tag: &str) -> Result<World, String> {
        let hosts = options.servers.max(options.sentinels);
        let net = Net::new(hosts + WRITERS, tag)?;
        let dir = std::env::temp_dir().join(format!("watchkeeper-chaos-{}-{tag}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        let mut servers = Vec::new();
        for index in 0..options.servers {
            servers.push(server(options, &net, &dir, index)?);
        }
        let mut sentinels = Vec::new();
        for index in 0..options.sentinels {
            sentinels.push(sentinel(options, &net, &dir, index)?);
        }
        for server in &mut servers {
            server.start()?;
        }
        wait_replicating(&mut servers)?;
        for sentinel in &mut sentinels {
            sentinel.start()?;
        }
        let places = [net.end(hosts).clone(), net.end(hosts + 1).clone()];
        let addresses: Vec<_> = sentinels.iter().map(Member::address).collect();
        let writers = Writers::start(&places, &addresses, GROUP);
        let down_after = options.down_after;
        let mut world = World { writers, servers, sentinels, net, dir, down_after };
        let end = Instant::now() + START_BOUND;
        loop {
            match whole::look(&mut world, Look::Known) {
                Ok(_) => return Ok(world),
                Err(reason) if Instant::now() > end => {
                    return Err(format!(
                        "the group does not come up: {reason}; its logs: {}",
                        world.dir.display()
                    ));
                }
                Err(_) => std::thread::sleep(Duration::from_millis(100)),
            }
        }
    }

    /// What a fault is drawn from.
    pub(crate) fn scene(&self, master: usize) -> Scene {
        let (servers, sentinels) = (self.servers.len(), self.sentinels.len());
        Scene { servers, sentinels, master, down_after: self.down_after }
    }

    /// A process.
    pub(crate) fn member(&mut self, who: Who) -> &mut Member {
        match who {
            Who::Server(index) => &mut self.servers[index],
            Who::Sentinel(index) => &mut self.sentinels[index],
        }
    }

    /// Every process, with its name.
    pub(crate) fn everybody(&self) -> Vec<Who> {
        let servers = (0..self.servers.len()).map(Who::Server);
        servers.chain((0..self.sentinels.len()).map(Who::Sentinel)).collect()
    }

    /// Undoes every fault.
    pub(crate) fn heal(&mut self) -> Result<(), String> {
        self.net.set(Rules::default())?;
        for who in self.everybody() {
            let member = self.member(who);
            member.cont();
            member.start()?;
        }
        Ok(())
    }

    /// Those that ended by themselves since the last look. A killed one is none of them.
    pub(crate) fn ended(&mut self) -> Vec<String> {
        let mut found = Vec::new();
        for who in self.everybody() {
            if let Some(status) = self.member(who).ended() {
                found.push(format!("{who} ended by itself: {status}"));
            }
        }
        found
    }

    /// Which server listens there.
    pub(crate) fn server_at(&self, ip: &str, port: &str) -> Option<usize> {
        let wanted = format!("{ip}:{port}");
        self.servers.iter().position(|server| server.address().to_string() == wanted)
    }
}

fn server(options: &Options, net: &Net, dir: &Path, index: usize) -> Result<Member, String> {
    let dir = dir.join(format!("server-{}", index + 1));
    let mut config = format!("port {SERVER_PORT}\ndir \"{}\"\nprotected-mode no\nsave \"\"\n", dir.display());
    // A restarted server has its data; one whose files were deleted has none.
    config += "appendonly yes\n";
    // The defaults would find a dead replication link after a minute; no fault here is about that.
    config +=
        "repl-diskless-sync yes\nrepl-diskless-sync-delay 0\nrepl-timeout 10\nrepl-ping-replica-period 2\n";
    if options.min_replicas > 0 {
        config += &format!("min-replicas-to-write {}\nmin-replicas-max-lag 4\n", options.min_replicas);
    }
    if index > 0 {
        config += &format!("replicaof {} {SERVER_PORT}\n", net.end(0).ip());
    }
    Member::new(Flavour::Redis, net.end(index), SERVER_PORT, &dir, Flavour::Redis.server(), &config)
}

fn sentinel(options: &Options, net: &Net, dir: &Path, index: usize) -> Result<Member, String> {
    let flavour = options.mix.of(index);
    let dir = dir.join(format!("sentinel-{}", index + 1));
    let master = net.end(0).ip();
    let config = format!(
        "port {SENTINEL_PORT}\ndir \"{}\"\nprotected-mode no\n\
         sentinel monitor {GROUP} {master} {SERVER_PORT} {}\n\
         sentinel down-after-milliseconds {GROUP} {}\nsentinel failover-timeout {GROUP} {}\n",
        dir.display(),
        options.quorum,
        options.down_after,
        options.failover_timeout
    );
    Member::new(flavour, net.end(index), SENTINEL_PORT, &dir, flavour.sentinel(), &config)
}

fn wait_replicating(servers: &mut [Member]) -> Result<(), String> {
    let end = Instant::now() + START_BOUND;
    for (index, server) in servers.iter_mut().enumerate().skip(1) {
        loop {
            let role = server.ask(&["ROLE"]);
            let state = role.as_ref().ok().and_then(|role| role.items().get(3).map(FrameExt::text));
            if state.as_deref() == Some("connected") {
                break;
            }
            if Instant::now() > end {
                return Err(format!("server {} does not replicate: {role:?}", index + 1));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    Ok(())
}
