//! A group of real processes: data servers in the shape the test wants, and sentinels. All of them end with the group.
//!
//! A test program has an address of its own on loopback, made of its process id, and each group in it a hundred ports there.
//! So no port is ever looked for, and none is anybody else's.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::client::ask;
use crate::shape::Shape;
use crate::writer::Writer;

/// The group's name.
pub(crate) const NAME: &str = "mymaster";
/// How long anything may take before the test fails. Nothing waits for it to pass.
pub(crate) const DEADLINE: Duration = Duration::from_secs(100);
/// Between two looks at a condition.
const PAUSE: Duration = Duration::from_millis(25);

/// Looks until it is so.
pub(crate) fn eventually<T>(what: &str, mut look: impl FnMut() -> Result<T, String>) -> T {
    let until = Instant::now() + DEADLINE;
    loop {
        match look() {
            Ok(value) => return value,
            Err(reason) => {
                assert!(Instant::now() < until, "not within {DEADLINE:?}: {what}; last look: {reason}");
            }
        }
        std::thread::sleep(PAUSE); // between two looks at a condition
    }
}

/// Somebody in the group: a server `Server(1)` or a sentinel `Sentinel(1)`; they count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    Server(usize),
    Sentinel(usize),
}

/// What a group is made of.
pub(crate) struct Plan {
    /// the servers as they are started, see [`Shape`]
    pub(crate) shape: &'static str,
    pub(crate) sentinels: usize,
    /// `replication-topology`, if it is set at all
    pub(crate) topology: Option<&'static str>,
    pub(crate) failover_timeout_ms: u64,
    /// further lines for a server's file
    pub(crate) server_lines: &'static [(usize, &'static str)],
}

impl Default for Plan {
    fn default() -> Plan {
        Plan {
            shape: "1>2>3",
            sentinels: 3,
            topology: Some("chain"),
            failover_timeout_ms: 10_000,
            server_lines: &[],
        }
    }
}

struct Process {
    who: Who,
    addr: SocketAddr,
    child: Option<Child>,
    paused: bool,
}

/// A running group.
pub(crate) struct Group {
    dir: tempfile::TempDir,
    processes: Vec<Process>,
    pub(crate) writer: Option<Writer>,
    began: Instant,
}

impl Group {
    /// Starts the servers, waits until they are in sync, and starts the sentinels and a writer.
    pub(crate) fn start(plan: &Plan) -> Group {
        let shape = Shape::of(plan.shape);
        let servers = shape.members().len();
        let dir = tempfile::tempdir().unwrap();
        symlink(env!("CARGO_BIN_EXE_watchkeeper"), dir.path().join("redis-sentinel")).unwrap();
        let base = base_port();
        let all = (1..=servers).map(Who::Server).chain((1..=plan.sentinels).map(Who::Sentinel));
        let process = |who| Process { who, addr: addr_of(base, who), child: None, paused: false };
        let processes: Vec<Process> = all.map(process).collect();
        let mut group = Group { dir, processes, writer: None, began: Instant::now() };
        for number in 1..=servers {
            group.write_server_config(number, shape.parent(number), plan);
        }
        group.start_again(&(1..=servers).map(Who::Server).collect::<Vec<_>>());
        eventually("the servers are in sync", || group.servers_are(&shape));
        for number in 1..=plan.sentinels {
            group.write_sentinel_config(number, shape.master(), plan);
        }
        group.start_again(&(1..=plan.sentinels).map(Who::Sentinel).collect::<Vec<_>>());
        group.writer = Some(Writer::start(&group.sentinels().map(|s| group.addr(s)).collect::<Vec<_>>()));
        group
    }

    fn write_server_config(&self, number: usize, parent: Option<usize>, plan: &Plan) {
        let addr = self.addr(Who::Server(number));
        let mut text = format!(
            "port {}\nbind {}\nreplica-announce-ip {}\nprotected-mode no\nsave \"\"\nappendonly no\n\
             dbfilename server-{number}.rdb\nrepl-diskless-sync yes\nrepl-diskless-sync-delay 0\n",
            addr.port(),
            addr.ip(),
            addr.ip()
        );
        if let Some(parent) = parent.map(|parent| self.addr(Who::Server(parent))) {
            text += &format!("replicaof {} {}\n", parent.ip(), parent.port());
        }
        for (_, line) in plan.server_lines.iter().filter(|(of, _)| *of == number) {
            text += &format!("{line}\n");
        }
        fs::write(self.file(Who::Server(number), "conf"), text).unwrap();
    }

    fn write_sentinel_config(&self, number: usize, master: usize, plan: &Plan) {
        let (addr, master) = (self.addr(Who::Sentinel(number)), self.addr(Who::Server(master)));
        let mut text = format!(
            "port {}\nbind {}\nsentinel announce-ip {}\nprotected-mode no\n\
             sentinel monitor {NAME} {} {} 2\nsentinel down-after-milliseconds {NAME} 2000\n\
             sentinel failover-timeout {NAME} {}\n",
            addr.port(),
            addr.ip(),
            addr.ip(),
            master.ip(),
            master.port(),
            plan.failover_timeout_ms
        );
        if let Some(topology) = plan.topology {
            text += &format!("sentinel replication-topology {NAME} {topology}\n");
        }
        fs::write(self.file(Who::Sentinel(number), "conf"), text).unwrap();
    }

    /// Where somebody listens.
    pub(crate) fn addr(&self, who: Who) -> SocketAddr {
        self.process(who).addr
    }

    /// The server that listens there.
    pub(crate) fn server_at(&self, addr: &str) -> Option<usize> {
        let found = self.processes.iter().find(|process| process.addr.to_string() == addr);
        found.and_then(|process| match process.who {
            Who::Server(number) => Some(number),
            Who::Sentinel(_) => None,
        })
    }

    /// All sentinels, also those that do not run.
    pub(crate) fn sentinels(&self) -> impl Iterator<Item = Who> {
        self.processes.iter().map(|process| process.who).filter(|who| matches!(who, Who::Sentinel(_)))
    }

    /// All servers, also those that do not run.
    pub(crate) fn servers(&self) -> impl Iterator<Item = usize> {
        self.processes.iter().filter_map(|process| match process.who {
            Who::Server(number) => Some(number),
            Who::Sentinel(_) => None,
        })
    }

    /// Whether it runs and is not paused.
    pub(crate) fn runs(&self, who: Who) -> bool {
        let process = self.process(who);
        process.child.is_some() && !process.paused
    }

    fn process(&self, who: Who) -> &Process {
        self.processes.iter().find(|process| process.who == who).unwrap()
    }

    fn process_mut(&mut self, who: Who) -> &mut Process {
        self.processes.iter_mut().find(|process| process.who == who).unwrap()
    }

    fn file(&self, who: Who, ending: &str) -> PathBuf {
        let name = match who {
            Who::Server(number) => format!("server-{number}"),
            Who::Sentinel(number) => format!("sentinel-{number}"),
        };
        self.dir.path().join(format!("{name}.{ending}"))
    }

    /// `kill -9`, all at once; they are gone when this returns.
    pub(crate) fn kill(&mut self, whom: &[Who]) {
        self.say(&format!("kill {whom:?}"));
        let mut killed: Vec<Child> =
            whom.iter().map(|who| self.process_mut(*who).child.take().unwrap()).collect();
        for child in &mut killed {
            child.kill().unwrap();
        }
        for child in &mut killed {
            child.wait().unwrap();
        }
    }

    /// Starts them with the files they have, and waits until they answer.
    pub(crate) fn start_again(&mut self, whom: &[Who]) {
        self.say(&format!("start {whom:?}"));
        for who in whom {
            let config = self.file(*who, "conf");
            let log = File::options().create(true).append(true).open(self.file(*who, "log")).unwrap();
            let program = match who {
                Who::Server(_) => data_server(),
                Who::Sentinel(_) => self.dir.path().join("redis-sentinel"),
            };
            // What is killed the hard way takes its processes with it, too.
            let mut command = Command::new("setpriv");
            command.args(["--pdeathsig", "KILL"]).arg(program).arg(config).current_dir(self.dir.path());
            command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
            let process = self.process_mut(*who);
            assert!(process.child.is_none(), "{who:?} runs already");
            process.child = Some(command.spawn().unwrap());
        }
        for who in whom {
            eventually(&format!("{who:?} answers"), || ask(self.addr(*who), &["PING"]));
        }
    }

    /// SIGSTOP: it lives, listens, and does nothing.
    pub(crate) fn pause(&mut self, who: Who) {
        self.say(&format!("pause {who:?}"));
        self.process_mut(who).paused = true;
        self.signal(who, Signal::STOP);
    }

    /// SIGCONT.
    pub(crate) fn resume(&mut self, who: Who) {
        self.say(&format!("resume {who:?}"));
        self.process_mut(who).paused = false;
        self.signal(who, Signal::CONT);
    }

    fn signal(&self, who: Who, signal: Signal) {
        kill_process(Pid::from_child(self.process(who).child.as_ref().unwrap()), signal).unwrap();
    }

    /// `SENTINEL SET mymaster NAME VALUE` on every sentinel.
    pub(crate) fn set(&self, name: &str, value: &str) {
        self.say(&format!("set {name} {value}"));
        for sentinel in self.sentinels() {
            ask(self.addr(sentinel), &["SENTINEL", "SET", NAME, name, value]).unwrap();
        }
    }

    /// For whoever reads the report of a failure, or runs the tests with `--nocapture`.
    pub(crate) fn say(&self, text: &str) {
        println!("{:>6.1} s {text}", self.began.elapsed().as_secs_f64());
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.writer = None;
        for process in &mut self.processes {
            if let Some(child) = &mut process.child {
                child.kill().ok();
                child.wait().ok();
            }
        }
        if std::thread::panicking() {
            for process in &self.processes {
                let log = fs::read(self.file(process.who, "log")).unwrap_or_default();
                let log = String::from_utf8_lossy(&log);
                let lines: Vec<&str> = log.lines().collect();
                let tail = &lines[lines.len().saturating_sub(60)..];
                println!("--- the end of the log of {:?}\n{}", process.who, tail.join("\n"));
            }
        }
    }
}

/// A data server's program; both speak the same protocol.
fn data_server() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let in_path = |name: &str| std::env::split_paths(&path).map(|dir| dir.join(name)).find(|it| it.is_file());
    let found = ["redis-server", "valkey-server"].into_iter().find_map(in_path);
    found.unwrap_or_else(|| panic!("no redis-server and no valkey-server (hint: scripts/setup.sh test)"))
}

/// The first of a group's hundred ports.
fn base_port() -> u16 {
    static GROUPS: AtomicU16 = AtomicU16::new(0);
    7000 + 100 * GROUPS.fetch_add(1, Ordering::Relaxed)
}

/// Process ids have 22 bits.
fn addr_of(base: u16, who: Who) -> SocketAddr {
    let [_, a, b, c] = std::process::id().to_be_bytes();
    let ip = Ipv4Addr::new(127, 64 | (a & 63), b, c);
    let port = match who {
        Who::Server(number) => number,
        Who::Sentinel(number) => 50 + number,
    };
    SocketAddr::from((ip, base + u16::try_from(port).unwrap()))
}
