//! The files that servers and sentinels are started with.

use std::fs;

use crate::group::{Group, NAME, Place, Plan, Who};

impl Group {
    /// Writes the file of a server.
    pub(crate) fn write_server_config(&self, number: usize, parent: Option<usize>, plan: &Plan) {
        let who = Who::Server(number);
        let mut text = format!(
            "{}replica-announce-ip {}\nprotected-mode no\nsave \"\"\nappendonly no\ndbfilename server-{number}.rdb\n\
             repl-diskless-sync yes\nrepl-diskless-sync-delay 0\nrepl-timeout 20\n",
            self.listen_lines(who),
            self.host(who)
        );
        if let Some(parent) = parent.map(Who::Server) {
            text += &format!("replicaof {} {}\n", self.host(parent), self.addr(parent).port());
        }
        for (_, line) in plan.server_lines.iter().filter(|(of, _)| *of == number) {
            text += &format!("{line}\n");
        }
        fs::write(self.file(who, "conf"), text).unwrap();
    }

    /// Writes the file of a sentinel.
    pub(crate) fn write_sentinel_config(&self, number: usize, master: usize, plan: &Plan) {
        let (who, master) = (Who::Sentinel(number), Who::Server(master));
        let mut text = self.listen_lines(who);
        if self.place == Place::NamedNet {
            text += "sentinel resolve-hostnames yes\nsentinel announce-hostnames yes\n";
        }
        text += &format!(
            "sentinel announce-ip {}\nprotected-mode no\nsentinel monitor {NAME} {} {} 2\n\
             sentinel down-after-milliseconds {NAME} 2000\nsentinel failover-timeout {NAME} {}\n",
            self.host(who),
            self.host(master),
            self.addr(master).port(),
            plan.failover_timeout_ms
        );
        if let Some(topology) = plan.topology {
            text += &format!("sentinel replication-topology {NAME} {topology}\n");
        }
        fs::write(self.file(who, "conf"), text).unwrap();
    }

    /// Who has an interface to itself listens on all it has, as a container does: its address may change.
    fn listen_lines(&self, who: Who) -> String {
        let addr = self.addr(who);
        match self.place {
            Place::Loopback => format!("port {}\nbind {}\n", addr.port(), addr.ip()),
            Place::Net | Place::NamedNet => format!("port {}\nbind 0.0.0.0\n", addr.port()),
        }
    }

    /// Puts the present address into the file of somebody that may have run before: all it remembers stays.
    pub(crate) fn change_address(&self, who: Who) {
        let announced = match who {
            Who::Server(_) => "replica-announce-ip",
            Who::Sentinel(_) => "sentinel announce-ip",
        };
        let file = self.file(who, "conf");
        let mut text = format!("{}{announced} {}\n", self.listen_lines(who), self.host(who));
        let is_own = |line: &str| ["port", "bind", announced].iter().any(|word| has_name(line, word));
        for line in fs::read_to_string(&file).unwrap().lines().filter(|line| !is_own(line)) {
            text += &format!("{line}\n");
        }
        fs::write(file, text).unwrap();
    }
}

/// Whether a line of a file is this directive.
fn has_name(line: &str, name: &str) -> bool {
    line.strip_prefix(name).is_some_and(|rest| rest.starts_with(' '))
}
