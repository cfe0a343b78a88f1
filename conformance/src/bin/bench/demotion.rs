//! Part `demotion`: a server that was the master and is no longer must stop taking writes. A switchover of a healthy master,
//! a master that crashes and returns after the failover, and one that stands still and goes on after it; in each case how
//! long it still took writes, and how many acknowledged writes are lost.
//!
//! A *steady* client keeps the connection it has and writes to it until it fails, as client libraries do; one of them is
//! redis-py itself. A *stale* client knows the old master's address only and connects to it again and again: what it may
//! write there is what is lost of anybody who has not heard of the failover.

use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use watchkeeper_conformance::{Conn, Flavour, FrameExt, Group, Topology, binaries, eventually, process};

use crate::client::Line;
use crate::fleet::DEADLINE;
use crate::host::Helper;
use crate::options::Options;
use crate::report::{Report, name};
use crate::stat::{Values, millis, ms_between};
use crate::table::Target;

/// The first line of the raw results.
pub(crate) const CSV_HEAD: &str =
    "sentinels,case,run,steady_ms,redis_py_ms,old_took_writes_ms,acknowledged_by_old,lost";

const DOWN_AFTER_MS: u64 = 1000;
const PERIOD: Duration = Duration::from_millis(5);
/// How long one run is looked at: upstream demotes after 10 to 20 s.
const LOOK: Duration = Duration::from_secs(25);
/// A client that gets no answer for so long takes its connection for dead.
const PATIENCE: Duration = Duration::from_millis(500);
const RUNS: usize = 3;
const BUDGET: Duration = Duration::from_secs(250);

/// What happens to the old master.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Case {
    Switchover,
    Crash,
    Pause,
}

const CASES: [(Case, &str); 3] = [
    (Case::Switchover, "SENTINEL FAILOVER of a healthy master"),
    (Case::Crash, "crash, and back after the failover"),
    (Case::Pause, "SIGSTOP, and SIGCONT after the failover"),
];

/// One run of a case.
struct Run {
    flavour: Flavour,
    case: Case,
    steady: f64,
    redis_py: f64,
    old_took: f64,
    lost: f64,
}

/// Measures the part.
pub(crate) fn run(options: &Options, report: &mut Report) {
    let began = Instant::now();
    let groups: Vec<(Flavour, Group)> = options
        .flavours()
        .into_iter()
        .map(|flavour| {
            let topology = Topology::new().replicas(2).sentinels(&[flavour; 3]).down_after_ms(DOWN_AFTER_MS);
            (flavour, topology.option("failover-timeout", "10000").start())
        })
        .collect();
    let mut all = Vec::new();
    for number in 0..options.runs.unwrap_or(RUNS) {
        for (case, what) in CASES {
            if began.elapsed() > BUDGET {
                println!("no time for `{what}` a {number}. time");
                continue;
            }
            for (flavour, group) in &groups {
                all.push(measure(*flavour, group, case, what, number, report));
            }
        }
    }
    rows(&all, report);
}

fn rows(all: &[Run], report: &mut Report) {
    for (case, what) in CASES {
        let of = |flavour: Flavour, pick: fn(&Run) -> f64| {
            let runs = all.iter().filter(|run| run.flavour == flavour && run.case == case);
            Values::of(runs.map(pick).filter(|value| !value.is_nan()))
        };
        let mut row = |measure: &str, pick: fn(&Run) -> f64, target: Target| {
            let both = (&of(Flavour::Redis, pick), &of(Flavour::Ours, pick));
            report.percentile(&format!("{what}: {measure}, worst"), both, 100, target);
        };
        if case == Case::Switchover {
            row(
                "ms until redis-py's first write at the new master",
                |run| run.redis_py,
                Target::AtMost(500.0),
            );
            row("ms until a plain client's", |run| run.steady, Target::AtMost(500.0));
        }
        let most = if case == Case::Switchover { Target::None } else { Target::AtMost(200.0) };
        row("ms the old master took writes", |run| run.old_took, most);
        row("acknowledged writes lost", |run| run.lost, Target::None);
    }
}

fn measure(
    flavour: Flavour,
    group: &Group,
    case: Case,
    what: &str,
    number: usize,
    report: &mut Report,
) -> Run {
    group.wait_converged(DEADLINE);
    let old = group.master_port();
    let ports: Vec<u16> = group.sentinels.iter().map(|sentinel| sentinel.port()).collect();
    let key = format!("lost-{}-{number}", group.servers[0].port());
    let redis_py = RedisPy::start(&ports, group.name());
    let stop = AtomicBool::new(false);
    let (steady, stale, python, began, returned) = std::thread::scope(|scope| {
        let python = scope.spawn(|| redis_py.as_ref()?.first_elsewhere(group, old, &stop));
        let steady = scope.spawn(|| steady(&ports, group.name(), &stop));
        let stale = scope.spawn(|| stale(old, &key, &stop));
        // Everybody writes before anything happens.
        std::thread::sleep(millis(300));
        let (began, returned) = hurt(group, case, old);
        let end = returned + LOOK;
        while Instant::now() < end && !quiet(group, old, returned) {
            std::thread::sleep(PERIOD);
        }
        // What was taken in between is copied or lost by then.
        std::thread::sleep(millis(300));
        stop.store(true, Ordering::Relaxed);
        let steady = steady.join().expect("the steady client ends");
        let (stale, python) =
            (stale.join().expect("the stale client ends"), python.join().expect("so does this"));
        (steady, stale, python, began, returned)
    });
    let moved = steady.iter().find(|(at, port)| *at > began && *port != old).map(|(at, _)| *at);
    let later: Vec<&(Instant, u64)> = stale.iter().filter(|(at, _)| *at > returned).collect();
    let old_took = later.last().map_or(0.0, |(at, _)| ms_between(returned, *at));
    let kept = kept(group, &key);
    let lost = stale.iter().filter(|(_, value)| !kept.contains(value)).count();
    let run = Run {
        flavour,
        case,
        steady: moved.map_or(f64::NAN, |at| ms_between(began, at)),
        redis_py: python.map_or(f64::NAN, |at| ms_between(began, at)),
        old_took,
        lost: lost as f64,
    };
    let who = name(flavour);
    report.line(
        &format!(
            "{who},{case:?},{number},{:.1},{:.1},{:.1},{},{lost}",
            run.steady,
            run.redis_py,
            run.old_took,
            later.len()
        ),
        &format!(
            "{who:<15} {what}: first write elsewhere after {:.0} ms (redis-py {:.0}); the old one took {} writes for {:.0} ms; \
             {lost} lost",
            run.steady,
            run.redis_py,
            later.len(),
            run.old_took
        ),
    );
    run
}

/// Does it, and gives when it began and when the old master was there again.
fn hurt(group: &Group, case: Case, old: u16) -> (Instant, Instant) {
    let server = group.server_at(old);
    let began = Instant::now();
    match case {
        Case::Switchover => {
            let reply = group.sentinels[0].conn().call(&["SENTINEL", "FAILOVER", group.name()]);
            assert!(!reply.is_error(), "{}", reply.show());
            return (began, began);
        }
        Case::Crash => server.kill(),
        Case::Pause => server.pause(),
    }
    group.wait_switched(old, DEADLINE);
    // Longer than any round of hellos: everybody is to have heard of it.
    std::thread::sleep(Duration::from_secs(3));
    if case == Case::Crash {
        server.spawn();
    } else {
        server.resume();
    }
    (began, Instant::now())
}

/// Whether the old master follows another one by now.
fn quiet(group: &Group, old: u16, returned: Instant) -> bool {
    if returned.elapsed() < Duration::from_secs(1) {
        return false;
    }
    let role = group.server_at(old).try_conn().and_then(|mut conn| conn.try_call(&["ROLE"]));
    role.is_ok_and(|role| role.items().first().is_some_and(|kind| kind.text() == "slave"))
}

/// A client that keeps its connection until it fails, and asks the sentinels then. When a write was taken, and where.
fn steady(sentinels: &[u16], group: &str, stop: &AtomicBool) -> Vec<(Instant, u16)> {
    let mut taken = Vec::new();
    let mut conn: Option<(u16, Conn)> = None;
    while !stop.load(Ordering::Relaxed) {
        if conn.is_none() {
            let port = sentinels.iter().find_map(|port| Line::to(*port).master_of(group));
            conn = port.and_then(|port| {
                let mut conn = Conn::open(port).ok()?;
                conn.set_timeout(PATIENCE);
                Some((port, conn))
            });
        }
        if let Some((port, live)) = &mut conn {
            match live.try_call(&["INCR", "steady"]) {
                Ok(reply) if !reply.is_error() => taken.push((Instant::now(), *port)),
                Ok(_) | Err(_) => conn = None,
            }
        }
        std::thread::sleep(PERIOD);
    }
    taken
}

/// A client that knows one address only. Which values were acknowledged, and when.
fn stale(port: u16, key: &str, stop: &AtomicBool) -> Vec<(Instant, u64)> {
    let mut taken = Vec::new();
    let mut conn: Option<Conn> = None;
    let mut value = 0;
    while !stop.load(Ordering::Relaxed) {
        if conn.is_none() {
            conn = Conn::open(port).ok();
            conn.iter_mut().for_each(|conn| conn.set_timeout(PATIENCE));
        }
        value += 1;
        if let Some(live) = &mut conn {
            match live.try_call(&["SADD", key, &value.to_string()]) {
                Ok(reply) if !reply.is_error() => taken.push((Instant::now(), value)),
                Ok(_) => {}
                Err(_) => conn = None,
            }
        }
        std::thread::sleep(PERIOD);
    }
    taken
}

/// The values the group has in the end.
fn kept(group: &Group, key: &str) -> std::collections::BTreeSet<u64> {
    let master = group.server_at(group.master_port());
    let items = master.conn().call(&["SMEMBERS", key]).items();
    items.iter().filter_map(|item| item.text().parse().ok()).collect()
}

/// The client of conformance/clients: it counts up every 20 ms through redis-py.
struct RedisPy {
    child: Helper,
}

impl RedisPy {
    fn start(sentinels: &[u16], group: &str) -> Option<RedisPy> {
        let python = binaries::target_dir().join("clients/venv/bin/python");
        let program = binaries::workspace().join("conformance/clients/python/sync.py");
        if !python.is_file() {
            println!("no redis-py: conformance/clients/install.sh --python installs it");
            return None;
        }
        let addresses: Vec<String> = sentinels.iter().map(|port| format!("127.0.0.1:{port}")).collect();
        let argv = [python.into_os_string(), program.into(), addresses.join(",").into(), group.into()];
        let mut child: Child = process::spawn_helper(&argv, |command| {
            command.stdout(Stdio::piped()).stderr(Stdio::null()).env("PYTHONDONTWRITEBYTECODE", "1");
        });
        // Its first line says that it writes.
        let out = child.stdout.as_mut().expect("its output is ours");
        let mut first = [0; 3];
        eventually(DEADLINE, "redis-py writes", || std::io::Read::read_exact(out, &mut first));
        Some(RedisPy { child: Helper(child) })
    }

    /// When a write of it is first taken by another server than `old`, seen there: what the new master has of it grows.
    fn first_elsewhere(&self, group: &Group, old: u16, stop: &AtomicBool) -> Option<Instant> {
        let key = format!("client:{}", self.child.0.id());
        let others = group.servers.iter().filter(|server| server.port() != old);
        let mut lines: Vec<(Line, Option<i64>)> =
            others.map(|server| (Line::to(server.port()), None)).collect();
        while !stop.load(Ordering::Relaxed) {
            for (line, before) in &mut lines {
                let role = line.ask(&["ROLE"]).map(|role| role.items());
                let is_master =
                    role.is_some_and(|role| role.first().is_some_and(|kind| kind.text() == "master"));
                let value = line.ask(&["GET", &key]).and_then(|value| value.int()).filter(|_| is_master);
                match (*before, value) {
                    (Some(before), Some(value)) if value > before => return Some(Instant::now()),
                    (None, Some(value)) => *before = Some(value),
                    _ => {}
                }
            }
            std::thread::sleep(PERIOD);
        }
        None
    }
}
