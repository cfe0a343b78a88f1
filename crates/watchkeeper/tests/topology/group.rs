//! A group of real processes: data servers in the shape the test wants, and sentinels. All of them end with the group.
//!
//! A test program has an address of its own on loopback, made of its process id, and each group in it a hundred ports there,
//! none of which is used by somebody who listens on all addresses.

use std::fs::{self, File};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::client::ask;
use crate::net::Net;
use crate::shape::Shape;
use crate::writer::Writer;

/// The group's name.
pub(crate) const NAME: &str = "mymaster";
/// How long anything may take before the test fails. Nothing waits for it to pass.
const DEADLINE: Duration = Duration::from_secs(60);
/// Between two looks at a condition.
const PAUSE: Duration = Duration::from_millis(25);

/// When what begins now has failed.
pub(crate) fn deadline() -> Instant {
    Instant::now() + DEADLINE
}

/// Looks until it is so.
pub(crate) fn eventually<T>(what: &str, look: impl FnMut() -> Result<T, String>) -> T {
    by(deadline(), what, look)
}

/// Looks until it is so, but not after that.
pub(crate) fn by<T>(until: Instant, what: &str, mut look: impl FnMut() -> Result<T, String>) -> T {
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

impl Who {
    /// The name of its files, of its place on a network, and its own where names are used.
    pub(crate) fn name(self) -> String {
        match self {
            Who::Server(number) => format!("server-{number}"),
            Who::Sentinel(number) => format!("sentinel-{number}"),
        }
    }
}

/// Where the processes of a group are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// all on loopback
    Loopback,
    /// each on an interface of its own; see [`crate::apart`]
    Net,
    /// the same, and everybody is known by name, as in `docker-compose.yml`
    NamedNet,
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
    /// the sentinels are those of the data server's program
    pub(crate) upstream: bool,
    pub(crate) place: Place,
}

impl Default for Plan {
    fn default() -> Plan {
        Plan {
            shape: "1>2>3",
            sentinels: 3,
            topology: Some("chain"),
            failover_timeout_ms: 10_000,
            server_lines: &[],
            upstream: false,
            place: Place::Loopback,
        }
    }
}

struct Process {
    who: Who,
    addr: SocketAddr,
    child: Option<Child>,
    paused: bool,
    /// it has an interface, and its name is valid
    plugged: bool,
    /// it is cut off from the test and whoever is not away, too
    away: bool,
}

/// A running group.
pub(crate) struct Group {
    dir: tempfile::TempDir,
    processes: Vec<Process>,
    pub(crate) place: Place,
    upstream: bool,
    net: Option<Net>,
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
        let all = (1..=servers).map(Who::Server).chain((1..=plan.sentinels).map(Who::Sentinel));
        let addr_of: Box<dyn Fn(Who) -> SocketAddr> = match plan.place {
            Place::Loopback => Box::new(on_loopback()),
            Place::Net | Place::NamedNet => Box::new(on_net),
        };
        let process = |who| Process {
            who,
            addr: addr_of(who),
            child: None,
            paused: false,
            plugged: false,
            away: false,
        };
        let processes: Vec<Process> = all.map(process).collect();
        let net = (plan.place != Place::Loopback).then(|| {
            let net = Net::new();
            processes.iter().for_each(|process| net.add(&process.who.name()));
            net
        });
        let place = plan.place;
        let upstream = plan.upstream;
        let mut group = Group { dir, processes, place, upstream, net, writer: None, began: Instant::now() };
        for number in 1..=servers {
            group.write_server_config(number, shape.parent(number), plan);
        }
        group.start_again(&(1..=servers).map(Who::Server).collect::<Vec<_>>());
        eventually("the servers are in sync", || group.servers_are(&shape));
        for number in 1..=plan.sentinels {
            group.write_sentinel_config(number, shape.master(), plan);
        }
        group.start_again(&(1..=plan.sentinels).map(Who::Sentinel).collect::<Vec<_>>());
        group.writer = Some(Writer::start(group.sentinels().map(|who| group.endpoint(who)).collect()));
        group
    }

    /// Where somebody listens.
    pub(crate) fn addr(&self, who: Who) -> SocketAddr {
        self.process(who).addr
    }

    fn addrs(&self, whom: &[Who]) -> Vec<SocketAddr> {
        whom.iter().map(|who| self.addr(*who)).collect()
    }

    /// How somebody is called: a name or an address.
    pub(crate) fn host(&self, who: Who) -> String {
        match self.place {
            Place::Loopback | Place::Net => self.addr(who).ip().to_string(),
            Place::NamedNet => who.name(),
        }
    }

    /// Where somebody listens, as sentinels say it.
    pub(crate) fn endpoint(&self, who: Who) -> String {
        format!("{}:{}", self.host(who), self.addr(who).port())
    }

    /// The server that is called so.
    pub(crate) fn server_at(&self, endpoint: &str) -> Option<usize> {
        let found = self.processes.iter().find(|process| self.endpoint(process.who) == endpoint);
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

    /// Whether it runs, is not paused, and is reached from here.
    pub(crate) fn runs(&self, who: Who) -> bool {
        let process = self.process(who);
        process.child.is_some() && !process.paused && process.plugged && !process.away
    }

    fn process(&self, who: Who) -> &Process {
        self.processes.iter().find(|process| process.who == who).unwrap()
    }

    fn process_mut(&mut self, who: Who) -> &mut Process {
        self.processes.iter_mut().find(|process| process.who == who).unwrap()
    }

    /// A file of somebody's.
    pub(crate) fn file(&self, who: Who, ending: &str) -> PathBuf {
        self.dir.path().join(format!("{}.{ending}", who.name()))
    }

    /// `kill -9`, all at once; they are gone when this returns, on a network with their interfaces.
    pub(crate) fn kill(&mut self, whom: &[Who]) {
        self.say(&format!("kill {whom:?}"));
        self.end(whom, Signal::KILL);
    }

    /// As [`Group::kill`], but they are asked to end, and may do what they like to do before.
    pub(crate) fn stop(&mut self, whom: &[Who]) {
        self.say(&format!("stop {whom:?}"));
        self.end(whom, Signal::TERM);
    }

    fn end(&mut self, whom: &[Who], signal: Signal) {
        for who in whom {
            self.signal(*who, signal);
        }
        for who in whom {
            eventually(&format!("{who:?} ends"), || self.ended(*who, signal));
            self.process_mut(*who).child = None;
        }
        self.detach(whom);
    }

    fn ended(&mut self, who: Who, signal: Signal) -> Result<(), String> {
        let child = self.process_mut(who).child.as_mut().unwrap();
        if child.try_wait().map_err(|error| error.to_string())?.is_some() {
            return Ok(());
        }
        match who {
            // One that writes its first append-only file just now refuses, and must be asked again.
            Who::Server(_) => self.signal(who, signal),
            Who::Sentinel(_) => {}
        }
        Err("it runs".to_owned())
    }

    /// Starts them with the files they have, and waits until they answer, if only that they read their data.
    pub(crate) fn start_again(&mut self, whom: &[Who]) {
        self.say(&format!("start {whom:?} at {:?}", self.addrs(whom)));
        self.attach(whom);
        for who in whom {
            self.spawn(*who);
        }
        for who in whom {
            eventually(&format!("{who:?} answers"), || match ask(&self.endpoint(*who), &["PING"]) {
                Err(words) if !words.contains("LOADING") => Err(words),
                Err(_) | Ok(_) => Ok(()),
            });
        }
    }

    fn spawn(&mut self, who: Who) {
        let config = self.file(who, "conf");
        let log = File::options().create(true).append(true).open(self.file(who, "log")).unwrap();
        let program = match who {
            Who::Server(_) => data_server(),
            Who::Sentinel(_) if self.upstream => data_server(),
            Who::Sentinel(_) => self.dir.path().join("redis-sentinel"),
        };
        let mut words: Vec<String> = self.net.iter().flat_map(|net| net.words(&who.name())).collect();
        // What is killed the hard way takes its processes with it, too.
        words.extend(["setpriv", "--pdeathsig", "KILL"].map(str::to_owned));
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).arg(program).arg(config).current_dir(self.dir.path());
        command.args((self.upstream && matches!(who, Who::Sentinel(_))).then_some("--sentinel"));
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        let process = self.process_mut(who);
        assert!(process.child.is_none(), "{who:?} runs already");
        process.child = Some(command.spawn().unwrap());
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

    /// Takes them off the network together, as a server whose cable is pulled: they still reach each other, but nobody
    /// else, and nobody is told.
    pub(crate) fn cut(&mut self, whom: &[Who]) {
        self.say(&format!("cut off {whom:?}"));
        self.set_away(whom, true);
    }

    /// Puts back what was cut off.
    pub(crate) fn heal(&mut self, whom: &[Who]) {
        self.say(&format!("heal {whom:?}"));
        self.set_away(whom, false);
    }

    fn set_away(&mut self, whom: &[Who], away: bool) {
        for who in whom {
            self.process_mut(*who).away = away;
            self.net.as_ref().unwrap().set_away(&who.name(), away);
        }
    }

    /// Takes the interface and the name of each of them away, as `docker network disconnect` does.
    pub(crate) fn unplug(&mut self, whom: &[Who]) {
        self.say(&format!("unplug {whom:?}"));
        self.detach(whom);
    }

    /// Gives those who were unplugged an interface and a name again, with the addresses they have now.
    pub(crate) fn plug_in(&mut self, whom: &[Who]) {
        self.say(&format!("plug in {whom:?} at {:?}", self.addrs(whom)));
        self.attach(whom);
    }

    fn attach(&mut self, whom: &[Who]) {
        for who in whom {
            self.process_mut(*who).plugged = true;
            if let Some(net) = &self.net {
                net.plug_in(&who.name(), self.addr(*who).ip());
            }
        }
        self.write_names();
    }

    fn detach(&mut self, whom: &[Who]) {
        for who in whom {
            self.process_mut(*who).plugged = false;
            if let Some(net) = &self.net {
                net.unplug(&who.name());
            }
        }
        self.write_names();
    }

    /// The names of all who have an interface.
    fn write_names(&mut self) {
        if self.place != Place::NamedNet {
            return;
        }
        let there = self.processes.iter().filter(|process| process.plugged);
        let names: Vec<(String, IpAddr)> =
            there.map(|process| (process.who.name(), process.addr.ip())).collect();
        self.net.as_mut().unwrap().set_names(&names);
    }

    /// Each of them gets the address of the next, and the last that of the first; on loopback with its port, which is
    /// what tells them apart there. None of them may be in use.
    pub(crate) fn exchange_addresses(&mut self, whom: &[Who]) {
        let mut addrs = self.addrs(whom);
        addrs.rotate_left(1);
        for (who, mut addr) in whom.iter().zip(addrs) {
            if self.net.is_some() {
                addr.set_port(self.addr(*who).port());
            }
            self.set_addr(*who, addr);
        }
    }

    /// It gets an address that nobody has.
    pub(crate) fn new_address(&mut self, who: Who) {
        let addr = self.addr(who);
        let ip = match (self.place, addr.ip()) {
            (Place::Loopback, IpAddr::V4(ip)) => {
                let [a, b, c, d] = ip.octets();
                IpAddr::V4(Ipv4Addr::new(a, b ^ 0b1100_0000, c, d))
            }
            (Place::Loopback, IpAddr::V6(ip)) => panic!("`{ip}` is no address of this test"),
            (Place::Net | Place::NamedNet, _) => {
                let used = |number: u8| self.processes.iter().any(|it| it.addr.ip() == Net::address(number));
                Net::address((100..200).find(|number| !used(*number)).unwrap())
            }
        };
        self.set_addr(who, SocketAddr::new(ip, addr.port()));
    }

    fn set_addr(&mut self, who: Who, addr: SocketAddr) {
        let process = self.process_mut(who);
        assert!(!process.plugged, "the address of {who:?} is in use");
        process.addr = addr;
        self.change_address(who);
    }

    /// A restart is no reason for a failover from here on, on however busy a machine.
    pub(crate) fn nobody_is_missed_soon(&self) {
        self.set("down-after-milliseconds", "30000");
    }

    /// `SENTINEL SET mymaster NAME VALUE` on every sentinel.
    pub(crate) fn set(&self, name: &str, value: &str) {
        self.say(&format!("set {name} {value}"));
        for sentinel in self.sentinels() {
            ask(&self.endpoint(sentinel), &["SENTINEL", "SET", NAME, name, value]).unwrap();
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
fn base_port(ip: Ipv4Addr) -> u16 {
    static GROUPS: AtomicU16 = AtomicU16::new(0);
    let free = |base: u16| (base..base + 100).all(|port| TcpListener::bind((ip, port)).is_ok());
    let mut next = || 7000 + 100 * GROUPS.fetch_add(1, Ordering::Relaxed);
    std::iter::repeat_with(&mut next).take(100).find(|base| free(*base)).unwrap()
}

/// Addresses of a group on loopback. Process ids have 22 bits.
fn on_loopback() -> impl Fn(Who) -> SocketAddr {
    let [_, a, b, c] = std::process::id().to_be_bytes();
    let ip = Ipv4Addr::new(127, 64 | (a & 63), b, c);
    let base = base_port(ip);
    move |who| {
        let port = match who {
            Who::Server(number) => number,
            Who::Sentinel(number) => 50 + number,
        };
        SocketAddr::from((ip, base + u16::try_from(port).unwrap()))
    }
}

/// The same on a network, where everybody has an address of its own.
fn on_net(who: Who) -> SocketAddr {
    let (number, port) = match who {
        Who::Server(number) => (number, 6379),
        Who::Sentinel(number) => (50 + number, 26379),
    };
    SocketAddr::from((Net::address(u8::try_from(number).unwrap()), port))
}
