//! A whole group at once: a master, its replicas, and sentinels of any mix of flavours.

use std::sync::Arc;
use std::time::Duration;

use crate::binaries::Flavour;
use crate::conn::FrameExt;
use crate::process::{Daemon, Scratch};
use crate::recorder::Recorder;
use crate::wait::eventually;

/// How long a group may take until everybody knows everybody. Replicas are found with the INFO period of
/// 10 s, sentinels with the hello period of 2 s.
pub const CONVERGE_DEADLINE: Duration = Duration::from_secs(60);

/// What to build. Defaults: master and two replicas of Redis, no sentinel, quorum = majority,
/// down-after 2000 ms, failover-timeout 20000 ms, name `mymaster`. (At 1000 ms redis-sentinel now and then fails over
/// twice: its first PING to the server it has just switched to may come a second later, and holds that one for down.)
#[derive(Debug, Clone)]
pub struct Topology {
    name: String,
    replicas: usize,
    servers: Flavour,
    server_config: String,
    sentinels: Vec<Flavour>,
    sentinel_config: String,
    quorum: Option<usize>,
    down_after_ms: u64,
    options: Vec<(String, String)>,
}

impl Default for Topology {
    fn default() -> Self {
        Topology {
            name: "mymaster".to_owned(),
            replicas: 2,
            servers: Flavour::Redis,
            server_config: String::new(),
            sentinels: Vec::new(),
            sentinel_config: String::new(),
            quorum: None,
            down_after_ms: 2000,
            options: vec![("failover-timeout".to_owned(), "20000".to_owned())],
        }
    }
}

impl Topology {
    /// The defaults.
    pub fn new() -> Topology {
        Topology::default()
    }

    /// Name of the group.
    pub fn name(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// Number of replicas.
    pub fn replicas(mut self, count: usize) -> Self {
        self.replicas = count;
        self
    }

    /// Whose data servers.
    pub fn servers(mut self, flavour: Flavour) -> Self {
        self.servers = flavour;
        self
    }

    /// Lines for every data server's configuration.
    pub fn server_config(mut self, text: &str) -> Self {
        text.clone_into(&mut self.server_config);
        self
    }

    /// One sentinel per flavour given.
    pub fn sentinels(mut self, flavours: &[Flavour]) -> Self {
        self.sentinels = flavours.to_vec();
        self
    }

    /// Lines for every sentinel's configuration, before its `sentinel monitor` line.
    pub fn sentinel_config(mut self, text: &str) -> Self {
        text.clone_into(&mut self.sentinel_config);
        self
    }

    /// Quorum, if not the majority of the sentinels.
    pub fn quorum(mut self, quorum: usize) -> Self {
        self.quorum = Some(quorum);
        self
    }

    /// `down-after-milliseconds`.
    pub fn down_after_ms(mut self, ms: u64) -> Self {
        self.down_after_ms = ms;
        self
    }

    /// Any other `sentinel <option> <name> <value>` line.
    pub fn option(mut self, option: &str, value: &str) -> Self {
        self.options.retain(|(name, _)| name != option);
        self.options.push((option.to_owned(), value.to_owned()));
        self
    }

    /// The sentinel lines of this group for a master at `master_port`.
    pub fn monitor_lines(&self, master_port: u16) -> String {
        let quorum = self.quorum.unwrap_or(self.sentinels.len() / 2 + 1);
        let mut text = format!("{}\n", self.sentinel_config);
        text += &format!("sentinel monitor {} 127.0.0.1 {master_port} {quorum}\n", self.name);
        text += &format!("sentinel down-after-milliseconds {} {}\n", self.name, self.down_after_ms);
        for (option, value) in &self.options {
            text += &format!("sentinel {option} {} {value}\n", self.name);
        }
        text
    }

    /// Starts everything and waits until replication runs and everybody knows everybody.
    ///
    /// # Panics
    /// When it does not come up within [`CONVERGE_DEADLINE`].
    pub fn start(self) -> Group {
        let group = self.start_without_waiting();
        group.wait_converged(CONVERGE_DEADLINE);
        group
    }

    /// Starts everything; replication runs when this returns, the sentinels answer and may know nothing yet.
    ///
    /// # Panics
    /// When a process does not come up.
    pub fn start_without_waiting(self) -> Group {
        let scratch = Scratch::new();
        let mut servers = vec![Daemon::server(self.servers, &scratch, &self.server_config)];
        let master_port = servers[0].port();
        for _ in 0..self.replicas {
            let config = format!("{}\nreplicaof 127.0.0.1 {master_port}", self.server_config);
            servers.push(Daemon::server(self.servers, &scratch, &config));
        }
        for replica in &servers[1..] {
            wait_link_up(replica, master_port);
        }
        let lines = self.monitor_lines(master_port);
        let start = |flavour: &Flavour| Daemon::sentinel(*flavour, &scratch, &lines);
        let sentinels = self.sentinels.iter().map(start).collect();
        Group { topology: self, servers, sentinels, scratch }
    }
}

/// A running group. Everything in it is killed when it is dropped.
#[derive(Debug)]
pub struct Group {
    /// what it was built from
    pub topology: Topology,
    /// data servers; the first began as master
    pub servers: Vec<Daemon>,
    /// sentinels in the order given
    pub sentinels: Vec<Daemon>,
    /// the directory all of it lives in
    pub scratch: Arc<Scratch>,
}

impl Group {
    /// The group's name.
    pub fn name(&self) -> &str {
        &self.topology.name
    }

    /// Starts one more sentinel for the master the others see now.
    pub fn add_sentinel(&mut self, flavour: Flavour) -> &Daemon {
        let master = if self.sentinels.is_empty() { self.servers[0].port() } else { self.master_port() };
        let lines = self.topology.monitor_lines(master);
        self.sentinels.push(Daemon::sentinel(flavour, &self.scratch, &lines));
        self.sentinels.last().expect("one was pushed just now")
    }

    /// The data server on `port`.
    ///
    /// # Panics
    /// When there is none.
    pub fn server_at(&self, port: u16) -> &Daemon {
        let found = self.servers.iter().find(|server| server.port() == port);
        found.unwrap_or_else(|| panic!("no data server of this group on port {port}"))
    }

    /// The sentinels whose process lives.
    pub fn living_sentinels(&self) -> impl Iterator<Item = &Daemon> {
        self.sentinels.iter().filter(|sentinel| sentinel.is_running())
    }

    /// The master's port as one sentinel names it to clients.
    ///
    /// # Errors
    /// When it does not answer or knows no such group.
    pub fn master_port_by(&self, sentinel: &Daemon) -> Result<u16, String> {
        let mut conn = sentinel.try_conn().map_err(|error| error.to_string())?;
        conn.set_timeout(Duration::from_secs(2));
        let asked = conn.try_call(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", self.name()]);
        let reply = asked.map_err(|error| error.to_string())?;
        let port = reply.items().get(1).and_then(FrameExt::int);
        port.and_then(|port| u16::try_from(port).ok()).ok_or_else(|| reply.show())
    }

    /// The master's port as the first living sentinel names it.
    ///
    /// # Panics
    /// When no sentinel answers.
    pub fn master_port(&self) -> u16 {
        let sentinel = self.living_sentinels().next().expect("a sentinel of the group lives");
        self.master_port_by(sentinel).unwrap_or_else(|error| panic!("{}: {error}", sentinel.label()))
    }

    /// Fields of SENTINEL MASTER at one sentinel.
    ///
    /// # Panics
    /// When it does not answer.
    pub fn master_fields(&self, sentinel: &Daemon) -> std::collections::BTreeMap<String, String> {
        sentinel.conn().call(&["SENTINEL", "MASTER", self.name()]).fields()
    }

    /// Waits until every living sentinel sees the same master, all other data servers as replicas, all other
    /// sentinels, and every link up.
    ///
    /// # Panics
    /// When it does not come to that.
    pub fn wait_converged(&self, deadline: Duration) {
        for sentinel in self.living_sentinels() {
            eventually(deadline, &format!("{} knows the whole group", sentinel.label()), || {
                self.converged(sentinel)
            });
        }
    }

    fn converged(&self, sentinel: &Daemon) -> Result<(), String> {
        let living = self.servers.iter().filter(|server| server.is_running()).count();
        let mut conn = sentinel.try_conn().map_err(|error| error.to_string())?;
        let mut ask =
            |what: &str| conn.try_call(&["SENTINEL", what, self.name()]).map_err(|error| error.to_string());
        let master = ask("MASTER")?.fields();
        // Not the whole list: a peer keeps `master_down` from a failover long ago.
        let healthy = |fields: &std::collections::BTreeMap<String, String>| {
            let flags = fields.get("flags").map(String::as_str).unwrap_or_default();
            !flags.split(',').any(|flag| matches!(flag, "s_down" | "o_down" | "disconnected"))
        };
        let busy = master.get("flags").is_none_or(|flags| flags != "master");
        if busy {
            return Err(format!("master is {:?}", master.get("flags")));
        }
        let replicas = ask("REPLICAS")?.items();
        let in_sync = |fields: &std::collections::BTreeMap<String, String>| {
            healthy(fields) && fields.get("master-link-status").is_some_and(|status| status == "ok")
        };
        let up = replicas.iter().filter(|replica| in_sync(&replica.fields())).count();
        if up + 1 < living {
            return Err(format!("{up} replicas up of {}: {replicas:?}", living - 1));
        }
        let peers = ask("SENTINELS")?.items();
        let up = peers.iter().filter(|peer| healthy(&peer.fields())).count();
        let wanted = self.living_sentinels().count() - 1;
        if up < wanted {
            return Err(format!("{up} other sentinels up of {wanted}"));
        }
        Ok(())
    }

    /// Waits until every living sentinel names the same master, another than `before`, and that server says
    /// it is one. Returns its port.
    ///
    /// # Panics
    /// When it does not come to that.
    pub fn wait_switched(&self, before: u16, deadline: Duration) -> u16 {
        eventually(deadline, "every sentinel names one new master", || self.switched(before))
    }

    fn switched(&self, before: u16) -> Result<u16, String> {
        let mut named = Vec::new();
        for sentinel in self.living_sentinels() {
            named.push(self.master_port_by(sentinel)?);
        }
        let first = *named.first().ok_or("no sentinel lives")?;
        if first == before || named.iter().any(|port| *port != first) {
            return Err(format!("they name {named:?}"));
        }
        let role = self.server_at(first).try_conn().and_then(|mut conn| conn.try_call(&["ROLE"]));
        let role = role.map_err(|error| error.to_string())?.items();
        match role.first().map(FrameExt::text).as_deref() {
            Some("master") => Ok(first),
            other => Err(format!("{first} says its role is {other:?}")),
        }
    }

    /// Waits until every living data server other than `master` replicates from it with the link up.
    ///
    /// # Panics
    /// When it does not come to that.
    pub fn wait_replicating(&self, master: u16, deadline: Duration) {
        for server in self.servers.iter().filter(|s| s.is_running() && s.port() != master) {
            eventually(deadline, &format!("{} replicates from {master}", server.label()), || {
                link_up(server, master)
            });
        }
    }

    /// An event recorder at sentinel number `index`.
    ///
    /// # Panics
    /// When it cannot be subscribed to.
    pub fn record(&self, index: usize) -> Recorder {
        Recorder::with(self.sentinels[index].conn())
    }
}

fn wait_link_up(replica: &Daemon, master: u16) {
    eventually(CONVERGE_DEADLINE, &format!("{} is in sync", replica.label()), || link_up(replica, master));
}

/// Ok when `replica` replicates from `master` and its link is up.
fn link_up(replica: &Daemon, master: u16) -> Result<(), String> {
    let role = replica.try_conn().and_then(|mut conn| conn.try_call(&["ROLE"]));
    let role = role.map_err(|error| error.to_string())?;
    let words: Vec<String> = role.items().iter().map(FrameExt::text).collect();
    match words.as_slice() {
        [kind, _, port, state, ..]
            if kind == "slave" && *port == master.to_string() && state == "connected" =>
        {
            Ok(())
        }
        _ => Err(format!("role {words:?}")),
    }
}
