//! One side of the comparison: a master, two replicas, a real peer, and sentinels of one flavour in several
//! configurations. Both sides are built alike and do not know of each other.

use std::time::Duration;

use watchkeeper_conformance::{Daemon, Flavour, FrameExt, Group, Topology, eventually};

/// The password of the sentinel `password`.
const PASSWORD: &str = "secret";

const LONG: Duration = Duration::from_secs(60);

/// One side.
#[derive(Debug)]
pub(crate) struct World {
    /// `plain` and its peer
    group: Group,
    /// sentinels that watch the same master under another name, so that they keep out of `plain`'s group
    others: Vec<(&'static str, Daemon)>,
    names: Vec<(String, String)>,
    variables: Vec<(String, String)>,
}

impl World {
    /// Starts everything and waits until everybody knows everybody.
    pub(crate) fn start(flavour: Flavour) -> World {
        let mut group = Topology::new().quorum(2).down_after_ms(5000).start();
        // A failover must choose the same replica in both worlds.
        group.servers[1].cmd("CONFIG SET replica-priority 50");
        group.add_sentinel(flavour);
        group.add_sentinel(Flavour::Redis);
        group.wait_converged(LONG);
        let master = group.servers[0].port();
        let start = |name: &'static str, config: &str| {
            let text = format!("{config}\nsentinel monitor {name} 127.0.0.1 {master} 1\n");
            let daemon = Daemon::sentinel(flavour, &group.scratch, &text);
            (name, daemon)
        };
        let password = start("password", &format!("requirepass {PASSWORD}"));
        let renamed = start(
            "renamed",
            "rename-command CLIENT \"\"\nrename-command SENTINEL guard\nrename-command PING Ping2",
        );
        let users = start(
            "users",
            "user default on nopass ~* &* +@all\n\
             user reader on >read resetchannels &+switch-master -@all +sentinel|masters +sentinel|master +info \
             +ping +subscribe +psubscribe +client|id +acl|whoami\n\
             user off off >none +@all",
        );
        let mut world =
            World { group, others: vec![password, renamed, users], names: Vec::new(), variables: Vec::new() };
        world.others[0].1.set_password(PASSWORD);
        for (name, daemon) in &world.others {
            let command = if *name == "renamed" { "guard" } else { "SENTINEL" };
            eventually(LONG, &format!("`{name}` knows both replicas"), || {
                let fields = daemon.conn().cmd(&format!("{command} MASTER {name}")).fields();
                fields.get("num-slaves").is_some_and(|count| count == "2")
            });
        }
        world.learn_names();
        world
    }

    /// The sentinel called `name` in the list of steps.
    pub(crate) fn sentinel(&self, name: &str) -> &Daemon {
        if name == "plain" {
            return &self.group.sentinels[0];
        }
        let found = self.others.iter().find(|(other, _)| *other == name);
        found.map(|(_, daemon)| daemon).unwrap_or_else(|| panic!("no sentinel `{name}` in the world"))
    }

    /// What to replace by what in replies.
    pub(crate) fn names(&self) -> Vec<(String, String)> {
        self.names.clone()
    }

    /// Replaces `$NAME`s in a word of a step.
    pub(crate) fn fill_in(&self, word: &[u8]) -> Vec<u8> {
        let Ok(text) = std::str::from_utf8(word) else { return word.to_vec() };
        let mut text = text.to_owned();
        for (name, value) in &self.variables {
            text = text.replace(name.as_str(), value);
        }
        text.into_bytes()
    }

    fn learn_names(&mut self) {
        let mut names: Vec<(String, String)> = Vec::new();
        let mut variables: Vec<(String, String)> = Vec::new();
        let mut learn = |text: String, name: &str| {
            variables.push((format!("${name}"), text.clone()));
            names.push((text, format!("<{name}>")));
        };
        for (index, server) in self.group.servers.iter().enumerate() {
            let kind = if index == 0 { "MASTER".to_owned() } else { format!("REPLICA{index}") };
            learn(server.port().to_string(), &kind);
            learn(info_field(server, "run_id"), &format!("RUNID{kind}"));
        }
        let plain = &self.group.sentinels[0];
        let peer = &self.group.sentinels[1];
        learn(peer.cmd("SENTINEL MYID").text(), "IDPEER");
        learn(peer.port().to_string(), "PEER");
        learn(plain.cmd("SENTINEL MYID").text(), "IDSELF");
        let mut sentinels = vec![("PLAIN", plain)];
        sentinels.extend(self.others.iter().map(|(name, daemon)| (*name, daemon)));
        for (name, daemon) in sentinels {
            let name = name.to_uppercase();
            learn(daemon.dir().display().to_string(), &format!("DIR{name}"));
            learn(daemon.port().to_string(), &name);
        }
        // `$REPLICA1` must not be taken for `$REPLICA` and `1`: longest first.
        variables.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        self.names = names;
        self.variables = variables;
    }
}

fn info_field(server: &Daemon, field: &str) -> String {
    let info = server.cmd("INFO server").text();
    let prefix = format!("{field}:");
    let line = info.lines().find_map(|line| line.strip_prefix(&prefix));
    line.unwrap_or_else(|| panic!("no `{field}` in INFO of {}", server.label())).to_owned()
}
