//! Who plays: three servers in a line, three sentinels; their ports, their names and their configuration files.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use anyhow::{Context, Result};

use super::GROUP;

/// A server or a sentinel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Player {
    /// what people call it: `A`, `S1`
    pub(super) name: &'static str,
    /// its port on loopback
    pub(super) port: u16,
}

/// All of them.
#[derive(Debug, Clone)]
pub(super) struct Cast {
    /// the master, its replica, and the replica of that
    pub(super) servers: [Player; 3],
    /// the three that watch
    pub(super) sentinels: [Player; 3],
    /// the sentinels' ids, once they are known
    pub(super) ids: Vec<String>,
}

impl Cast {
    /// Gives everybody a free port.
    pub(super) fn new() -> Result<Cast> {
        // All are held until all are found, so that no two are the same.
        let held: Vec<TcpListener> = (0..6)
            .map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
            .collect::<Result<_, _>>()
            .context("find six free ports on 127.0.0.1")?;
        let mut ports = Vec::new();
        for listener in &held {
            ports.push(listener.local_addr()?.port());
        }
        Ok(Cast::of([ports[0], ports[1], ports[2]], [ports[3], ports[4], ports[5]]))
    }

    /// A cast with these ports.
    pub(super) fn of(servers: [u16; 3], sentinels: [u16; 3]) -> Cast {
        let player = |name, port| Player { name, port };
        Cast {
            servers: [player("A", servers[0]), player("B", servers[1]), player("C", servers[2])],
            sentinels: [player("S1", sentinels[0]), player("S2", sentinels[1]), player("S3", sentinels[2])],
            ids: Vec::new(),
        }
    }

    /// The name that goes with a port; the port itself for a stranger.
    pub(super) fn name_of_port(&self, port: &str) -> String {
        let all = self.servers.iter().chain(&self.sentinels);
        let found = all.clone().find(|player| player.port.to_string() == port);
        found.map_or_else(|| port.to_owned(), |player| player.name.to_owned())
    }

    /// The name of the sentinel with this id; the beginning of the id for a stranger.
    pub(super) fn name_of_id(&self, id: &str) -> String {
        let at = self.ids.iter().position(|known| known == id);
        at.map_or_else(|| id.chars().take(8).collect(), |at| self.sentinels[at].name.to_owned())
    }
}

/// Writes a server's configuration. With a file, it remembers across a restart what role it was given last.
pub(super) fn write_server_config(dir: &Path, player: &Player, replica_of: Option<u16>) -> Result<()> {
    let port = player.port;
    let name = player.name;
    let mut text = format!(
        "port {port}\nbind 127.0.0.1\ndbfilename {name}.rdb\nsave \"\"\nappendonly no\nrepl-diskless-sync yes\n\
         repl-diskless-sync-delay 0\n"
    );
    if let Some(master) = replica_of {
        text.push_str(&format!("replicaof 127.0.0.1 {master}\n"));
    }
    write(dir, name, &text)
}

/// Writes a sentinel's configuration.
pub(super) fn write_sentinel_config(dir: &Path, player: &Player, master: u16) -> Result<()> {
    let port = player.port;
    let text = format!(
        "port {port}\nbind 127.0.0.1\nsentinel monitor {GROUP} 127.0.0.1 {master} 2\n\
         sentinel down-after-milliseconds {GROUP} {}\nsentinel failover-timeout {GROUP} 10000\n",
        super::DOWN_AFTER_MS
    );
    write(dir, player.name, &text)
}

/// The file a player is started with.
pub(super) fn config_name(player: &Player) -> String {
    format!("{}.conf", player.name)
}

fn write(dir: &Path, name: &str, text: &str) -> Result<()> {
    let path = dir.join(format!("{name}.conf"));
    fs::write(&path, text).with_context(|| format!("write `{}`", path.display()))
}
