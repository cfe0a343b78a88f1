//! The stage: finds the programs, starts and stops the players, and answers questions about them.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::cast::{self, Cast};
use super::client::{ask, connect};
use super::processes::{Workshop, own_program};
use super::tree::{Place, place};
use super::{DemoArgs, GROUP};
use crate::ask::Fields;

/// Programs, processes and players.
pub(super) struct Stage {
    /// the processes and their folder
    pub(super) workshop: Workshop,
    /// the players
    pub(super) cast: Cast,
    server_program: PathBuf,
    sentinel_program: PathBuf,
}

impl Stage {
    /// Finds everything that is needed; starts nothing but the process that cleans up.
    pub(super) fn open(args: &DemoArgs) -> Result<Stage> {
        let server_program = match &args.server_program {
            Some(program) => find_program(&[program])?,
            None => find_program(&[Path::new("redis-server"), Path::new("valkey-server")])?,
        };
        let sentinel_program = match &args.sentinel_program {
            Some(program) => find_program(&[program])?,
            None => own_program()?,
        };
        let cast = Cast::new()?;
        Ok(Stage { workshop: Workshop::open(args.keep_dir)?, cast, server_program, sentinel_program })
    }

    /// The server's program, for showing.
    pub(super) fn server_program(&self) -> String {
        self.server_program.display().to_string()
    }

    /// The sentinels' program, for showing.
    pub(super) fn sentinel_program(&self) -> String {
        self.sentinel_program.display().to_string()
    }

    /// Starts all servers for the first time, in a line.
    pub(super) fn start_servers(&mut self) -> Result<()> {
        let servers = self.cast.servers.clone();
        for (at, player) in servers.iter().enumerate() {
            let parent = at.checked_sub(1).map(|before| servers[before].port);
            cast::write_server_config(self.workshop.dir(), player, parent)?;
            self.start_server(at)?;
        }
        Ok(())
    }

    /// Starts one server with the configuration file it has; its process id.
    pub(super) fn start_server(&mut self, at: usize) -> Result<u32> {
        let player = &self.cast.servers[at];
        let config = cast::config_name(player);
        self.workshop.start(player.name, &self.server_program, &[&config])
    }

    /// Starts the sentinels, by upstream's command line.
    pub(super) fn start_sentinels(&mut self) -> Result<()> {
        let master = self.cast.servers[0].port;
        for player in self.cast.sentinels.clone() {
            cast::write_sentinel_config(self.workshop.dir(), &player, master)?;
            let config = cast::config_name(&player);
            self.workshop.start(player.name, &self.sentinel_program, &[&config, "--sentinel"])?;
        }
        Ok(())
    }

    /// Whether every server follows the one before it and receives its data.
    pub(super) fn servers_are_in_line(&self) -> bool {
        let servers = &self.cast.servers;
        place(servers[0].port) == Place::Master
            && servers
                .windows(2)
                .all(|pair| place(pair[1].port) == Place::Replica { of: pair[0].port, linked: true })
    }

    /// Whether every sentinel answers; learns their ids.
    pub(super) fn sentinels_answer(&mut self) -> bool {
        let ids: Vec<String> = self
            .cast
            .sentinels
            .iter()
            .filter_map(|sentinel| connect(sentinel.port).ok()?.call_text(&["SENTINEL", "MYID"]).ok())
            .filter(|id| !id.is_empty())
            .collect();
        let all = ids.len() == self.cast.sentinels.len();
        if all {
            self.cast.ids = ids;
        }
        all
    }

    /// Whether every sentinel knows both others and at least so many replicas.
    pub(super) fn sentinels_know(&self, replicas: u64) -> bool {
        self.cast.sentinels.iter().all(|sentinel| {
            let view = View::of(sentinel.port);
            view.is_some_and(|view| view.peers >= 2 && view.replicas >= replicas)
        })
    }
}

/// What one sentinel says about the group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct View {
    /// port of the master
    pub(super) master: String,
    /// number of other sentinels
    pub(super) peers: u64,
    /// number of replicas
    pub(super) replicas: u64,
}

impl View {
    /// Asks it.
    pub(super) fn of(sentinel: u16) -> Option<View> {
        let answer = Fields::of(&ask(sentinel, &["SENTINEL", "MASTER", GROUP]).ok()?);
        let count = |name| answer.get(name).parse().ok();
        Some(View {
            master: answer.get("port").to_owned(),
            peers: count("num-other-sentinels")?,
            replicas: count("num-slaves")?,
        })
    }
}

/// The first of these that exists: as a path, or by its name in PATH.
fn find_program(names: &[&Path]) -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    for name in names {
        if name.components().count() > 1 && name.is_file() {
            return Ok(std::path::absolute(name)?); // not resolved: upstream goes by the name it is called by
        }
        if let Some(found) =
            std::env::split_paths(&path).map(|dir| dir.join(name)).find(|file| file.is_file())
        {
            return Ok(found);
        }
    }
    let names: Vec<String> = names.iter().map(|name| format!("`{}`", name.display())).collect();
    bail!(
        "{} not found, expected in PATH\n\
         hint: Debian, Ubuntu: apt-get install redis-server; Fedora: dnf install valkey; macOS: brew install redis\n\
         hint: or name one: watchkeeper demo --server-program /path/to/redis-server",
        names.join(" or ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_by_name_or_path_and_a_missing_one_is_explained() {
        let found = find_program(&[Path::new("no-such-program"), Path::new("sh")]).expect("sh is in PATH");
        assert!(found.ends_with("sh"));
        assert!(find_program(&[&found]).is_ok());
        let error = find_program(&[Path::new("no-such-program")]).expect_err("there is none").to_string();
        assert!(error.contains("`no-such-program` not found") && error.contains("\nhint: "), "{error}");
    }
}
