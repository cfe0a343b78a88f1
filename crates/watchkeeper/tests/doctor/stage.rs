//! A deployment of real processes on hosts of its own, which a test makes wrong and right again. Hosts are addresses of
//! loopback, made of the test program's process id; each stage has a hundred ports there. All of it ends with the stage.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::clock;
use watchkeeper::ask::{Conn, Endpoint, Login};

/// The group's name.
pub(crate) const NAME: &str = "mymaster";
/// How long anything may take before the test fails. Nothing waits for it to pass.
const DEADLINE: Duration = Duration::from_secs(60);
/// Between two looks at a condition.
const PAUSE: Duration = Duration::from_millis(25);

/// Looks until it is so.
pub(crate) fn eventually<T>(what: &str, mut look: impl FnMut() -> Result<T, String>) -> T {
    let until = Instant::now() + DEADLINE;
    loop {
        match look() {
            Ok(value) => return value,
            Err(reason) => {
                assert!(Instant::now() < until, "not within {DEADLINE:?}: {what}; last look: {reason}")
            }
        }
        std::thread::sleep(PAUSE); // between two looks at a condition
    }
}

/// Tells threads of a scope to end when it is dropped, in a test that fails too: else nobody would hear of it.
pub(crate) struct Ends<'a>(pub(crate) &'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A server or a sentinel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Who {
    Server(u8),
    Sentinel(u8),
}

/// How a process is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// as all are that nothing is said of
    File,
    /// a sentinel of the program that the data servers are of
    Upstream,
    /// with settings that are in no file
    NoFile,
    /// with a clock that [`Stage::clock`] sets
    Clock,
}

/// A deployment.
pub(crate) struct Stage {
    dir: tempfile::TempDir,
    base: u16,
    hosts: Vec<Ipv4Addr>,
    ways: BTreeMap<Who, Way>,
    processes: BTreeMap<Who, Option<Child>>,
    began: Instant,
}

impl Stage {
    /// An empty one; number 1 of servers and sentinels is on host 1, and so on, round and round. Process ids have 22 bits.
    pub(crate) fn new(hosts: u8) -> Stage {
        let [_, a, b, c] = std::process::id().to_be_bytes();
        Stage::on((1..=hosts).map(|host| Ipv4Addr::new(127, (64 * host) | (a & 63), b, c)).collect())
    }

    /// An empty one on these hosts.
    pub(crate) fn on(hosts: Vec<Ipv4Addr>) -> Stage {
        static STAGES: AtomicU16 = AtomicU16::new(0);
        let base = 7000 + 100 * STAGES.fetch_add(1, Ordering::Relaxed);
        let dir = tempfile::tempdir().unwrap();
        symlink(env!("CARGO_BIN_EXE_watchkeeper"), dir.path().join("redis-sentinel")).unwrap();
        let (ways, processes) = (BTreeMap::new(), BTreeMap::new());
        Stage { dir, base, hosts, ways, processes, began: Instant::now() }
    }

    /// Three servers, the first of which is the master, and three sentinels that know all of it. `lines` are for
    /// everybody's file.
    pub(crate) fn usual(hosts: u8, server_lines: &str, sentinel_lines: &str) -> Stage {
        let mut stage = Stage::new(hosts);
        stage.fill(server_lines, sentinel_lines);
        stage
    }

    /// Makes an empty one the usual one.
    pub(crate) fn fill(&mut self, server_lines: &str, sentinel_lines: &str) {
        let master = self.addr(Who::Server(1));
        self.server(1, server_lines);
        for number in [2, 3] {
            self.server(number, &format!("replicaof {} {}\n{server_lines}", master.ip(), master.port()));
        }
        for number in [1, 2, 3] {
            let lines = self.monitor(2) + sentinel_lines;
            self.sentinel(number, &lines);
        }
    }

    /// The lines of a sentinel for the usual group.
    pub(crate) fn monitor(&self, quorum: u8) -> String {
        let master = self.addr(Who::Server(1));
        format!(
            "sentinel monitor {NAME} {} {} {quorum}\nsentinel down-after-milliseconds {NAME} 2000\n\
             sentinel failover-timeout {NAME} 10000\n",
            master.ip(),
            master.port()
        )
    }

    /// Writes a server's file and starts it.
    pub(crate) fn server(&mut self, number: u8, lines: &str) {
        let who = Who::Server(number);
        let addr = self.addr(who);
        let text = format!(
            "port {}\nbind {}\nreplica-announce-ip {}\nprotected-mode no\nsave 3600 1\ndbfilename server-{number}.rdb\n\
             repl-diskless-sync yes\nrepl-diskless-sync-delay 0\nmin-replicas-to-write 1\nenable-debug-command yes\n{lines}\n",
            addr.port(),
            addr.ip(),
            addr.ip()
        );
        fs::write(self.file(who, "conf"), text).unwrap();
        self.processes.insert(who, None);
        self.start(who);
    }

    /// Writes a sentinel's file and starts it.
    pub(crate) fn sentinel(&mut self, number: u8, lines: &str) {
        let who = Who::Sentinel(number);
        let addr = self.addr(who);
        let (port, ip) = (addr.port(), addr.ip());
        let text = format!("port {port}\nbind {ip}\nsentinel announce-ip {ip}\nprotected-mode no\n{lines}");
        fs::write(self.file(who, "conf"), text).unwrap();
        self.processes.insert(who, None);
        self.start(who);
    }

    /// Where somebody listens.
    pub(crate) fn addr(&self, who: Who) -> SocketAddr {
        let (number, port) = match who {
            Who::Server(number) => (number, u16::from(number)),
            Who::Sentinel(number) => (number, 50 + u16::from(number)),
        };
        let host = self.hosts[usize::from(number - 1) % self.hosts.len()];
        SocketAddr::from((host, self.base + port))
    }

    /// A file of somebody.
    pub(crate) fn file(&self, who: Who, ending: &str) -> PathBuf {
        let name = match who {
            Who::Server(number) => format!("server-{number}"),
            Who::Sentinel(number) => format!("sentinel-{number}"),
        };
        self.dir().join(format!("{name}.{ending}"))
    }

    /// Where all of them run.
    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// From its next start on it is started in this way.
    pub(crate) fn way(&mut self, who: Who, way: Way) {
        self.ways.insert(who, way);
    }

    /// Sets the clocks of one that is started that way: the one that tells the time, and the one that only counts.
    pub(crate) fn clock(&self, who: Who, wall_s: i64, counting_s: i64) {
        let new = self.file(who, "clock.new");
        fs::write(&new, format!("{wall_s} {counting_s}\n")).unwrap();
        fs::rename(new, self.file(who, "clock")).unwrap();
    }

    /// The command line of somebody.
    fn command(&self, who: Who) -> Command {
        let way = self.ways.get(&who).copied().unwrap_or(Way::File);
        let upstream = way == Way::Upstream;
        let file = self.file(who, "conf");
        // What is killed the hard way takes its processes with it, too.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL"]).current_dir(self.dir()).stdin(Stdio::null());
        match who {
            Who::Sentinel(_) if !upstream => command.arg(self.dir().join("redis-sentinel")),
            Who::Server(_) | Who::Sentinel(_) => command.arg(data_server()),
        };
        if way == Way::NoFile {
            command.arg("-").stdin(File::open(file).unwrap());
        } else {
            command.arg(file);
        }
        if upstream {
            command.arg("--sentinel");
        }
        if way == Way::Clock {
            command.env("LD_PRELOAD", clock::library(self.dir()));
            command.env("WATCHKEEPER_TEST_CLOCK", self.file(who, "clock"));
        }
        command
    }

    /// Starts it with the file it has, and waits until it answers, if only with an error.
    pub(crate) fn start(&mut self, who: Who) {
        let log = File::options().create(true).append(true).open(self.file(who, "log")).unwrap();
        let mut command = self.command(who);
        command.stdout(log.try_clone().unwrap()).stderr(log);
        let child = command.spawn().unwrap();
        assert!(self.processes.insert(who, Some(child)).flatten().is_none(), "{who:?} runs already");
        eventually(&format!("{who:?} listens"), || {
            std::net::TcpStream::connect(self.addr(who)).map_err(|e| e.to_string())
        });
    }

    /// `kill -9`; it is gone when this returns.
    pub(crate) fn kill(&mut self, who: Who) {
        let mut child = self.processes.get_mut(&who).unwrap().take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// SIGSTOP or SIGCONT.
    pub(crate) fn signal(&self, who: Who, signal: Signal) {
        kill_process(Pid::from_child(self.processes[&who].as_ref().unwrap()), signal).unwrap();
    }

    /// One question, with quotes where needed; an error answer fails the test.
    pub(crate) fn ask(&self, who: Who, words: &str) -> String {
        let argv = watchkeeper_resp::split_args(words.as_bytes()).unwrap();
        let argv: Vec<&str> = argv.iter().map(|word| std::str::from_utf8(word).unwrap()).collect();
        self.connect(who).call_text(&argv).unwrap()
    }

    /// A connection that stays.
    pub(crate) fn connect(&self, who: Who) -> Conn {
        let addr = self.addr(who);
        let at = Endpoint::new(addr.ip().to_string(), addr.port());
        Conn::open(&at, &Login::default(), None, Duration::from_secs(2)).unwrap()
    }

    /// The same at several.
    pub(crate) fn ask_all(&self, whom: &[Who], words: &str) {
        for who in whom {
            self.ask(*who, words);
        }
    }

    /// What the doctor says when it begins at this sentinel.
    pub(crate) fn doctor(&self, first: u8, words: &[&str]) -> Seen {
        let mut words = words.to_vec();
        let at = self.addr(Who::Sentinel(first)).to_string();
        words.push(&at);
        Seen::by(&words)
    }

    /// Waits until the doctor finds this and nothing else: `WD200 warning`, each.
    pub(crate) fn finds(&self, words: &[&str], expected: &[&str]) -> Seen {
        self.finds_saying(words, expected, &[])
    }

    /// The same, in these words.
    pub(crate) fn finds_saying(&self, words: &[&str], expected: &[&str], said: &[&str]) -> Seen {
        let wanted: BTreeSet<String> = expected.iter().map(|one| (*one).to_owned()).collect();
        let seen = eventually(&format!("the doctor finds {expected:?}, {said:?}"), || {
            let seen = self.doctor(1, words);
            let says = said.iter().all(|said| seen.text.contains(said));
            if seen.codes == wanted && says {
                Ok(seen)
            } else {
                Err(format!("{:?}\n{}", seen.codes, seen.text))
            }
        });
        println!("{:>6.1} s {expected:?}", self.began.elapsed().as_secs_f64());
        seen
    }

    /// Makes it wrong in a way that sentinels put right by themselves, until the doctor sees it.
    pub(crate) fn finds_once(&self, expected: &str, make: impl FnMut()) -> Seen {
        self.finds_once_with(&[], expected, make)
    }

    /// The same, asked with these words.
    pub(crate) fn finds_once_with(&self, words: &[&str], expected: &str, mut make: impl FnMut()) -> Seen {
        let seen = eventually(&format!("the doctor finds {expected}"), || {
            make();
            let seen = self.doctor(1, words);
            if seen.codes.contains(expected) {
                Ok(seen)
            } else {
                Err(format!("{:?}\n{}", seen.codes, seen.text))
            }
        });
        println!("{:>6.1} s {expected}", self.began.elapsed().as_secs_f64());
        seen
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        for child in self.processes.values_mut().flatten() {
            child.kill().ok();
            child.wait().ok();
        }
        if std::thread::panicking() {
            for who in self.processes.keys() {
                let log = fs::read(self.file(*who, "log")).unwrap_or_default();
                let log = String::from_utf8_lossy(&log);
                let lines: Vec<&str> = log.lines().collect();
                println!(
                    "--- the end of the log of {who:?}\n{}",
                    lines[lines.len().saturating_sub(40)..].join("\n")
                );
            }
        }
    }
}

/// What the doctor said.
pub(crate) struct Seen {
    /// code and severity of every finding
    pub(crate) codes: BTreeSet<String>,
    pub(crate) status: i32,
    /// what it printed, errors too
    pub(crate) text: String,
}

impl Seen {
    pub(crate) fn by(words: &[&str]) -> Seen {
        Seen::with(words, &[])
    }

    /// With these variables in its environment.
    pub(crate) fn with(words: &[&str], env: &[(&str, &str)]) -> Seen {
        let mut command = Command::new(env!("CARGO_BIN_EXE_watchkeeper"));
        command.args(["doctor", "--format", "json", "--lang", "en"]).args(words).envs(env.iter().copied());
        let output = command.output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8(text).unwrap();
        let value = |part: &str, name: &str| {
            let from = part.find(&format!("\"{name}\":\""))? + name.len() + 4;
            part[from..].split('"').next().map(str::to_owned)
        };
        let findings = text.split("{\"code\":").skip(1).map(|part| format!("\"code\":{part}"));
        let codes = findings
            .map(|part| format!("{} {}", value(&part, "code").unwrap(), value(&part, "severity").unwrap()))
            .collect();
        Seen { codes, status: output.status.code().unwrap(), text }
    }
}

/// A data server's program; both speak the same protocol.
fn data_server() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let in_path = |name: &str| std::env::split_paths(&path).map(|dir| dir.join(name)).find(|it| it.is_file());
    let found = ["redis-server", "valkey-server"].into_iter().find_map(in_path);
    found.unwrap_or_else(|| panic!("no redis-server and no valkey-server (hint: scripts/setup.sh test)"))
}
