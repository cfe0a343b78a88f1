//! Part `election`: failovers in which sentinels die. Two of five die just before the master does; and the leader dies in
//! the middle of its failover, right after each of three of its events. Ours and upstream's groups are hurt at the same time
//! here, not by turns: upstream spends most of its time waiting.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use watchkeeper_conformance::{Conn, Daemon, Flavour, FrameExt, Group, Recorder, Topology};

use crate::client::{Line, first_write_by_asking};
use crate::fleet::DEADLINE;
use crate::options::Options;
use crate::report::{Report, name};
use crate::stat::{Values, ms_between};
use crate::table::Target;

/// The first line of the raw results.
pub(crate) const CSV_HEAD: &str = "sentinels,case,run,selected,master,switch_ms,write_ms";

const DOWN_AFTER_MS: u64 = 1000;
const FAILOVER_TIMEOUT: &str = "10000";
/// In each case, at most.
const RUNS: usize = 5;
const BUDGET: Duration = Duration::from_secs(200);
/// The leader is killed when it says so.
const EVENTS: [&str; 3] = ["+elected-leader", "+failover-state-wait-promotion", "+promoted-slave"];
const FEW: &str = "two of five sentinels dead";

/// One failover. Times in milliseconds: past down-after with [`FEW`] sentinels, else since the leader died.
struct Run {
    flavour: Flavour,
    case: &'static str,
    number: usize,
    /// the replica the dead leader had chosen, if it came to that
    selected: Option<u16>,
    master: u16,
    switch: f64,
    write: f64,
}

/// Measures the part.
pub(crate) fn run(options: &Options, report: &mut Report) {
    let runs = options.runs.unwrap_or(RUNS);
    let all: Vec<Run> = std::thread::scope(|scope| {
        let lane = |flavour| scope.spawn(move || lane(flavour, runs));
        let lanes: Vec<_> = options.flavours().into_iter().map(lane).collect();
        lanes.into_iter().flat_map(|lane| lane.join().expect("a lane ends")).collect()
    });
    for run in &all {
        let who = name(run.flavour);
        let selected = run.selected.map(|port| port.to_string()).unwrap_or_default();
        report.csv(&format!(
            "{who},{},{},{selected},{},{:.1},{:.1}",
            run.case, run.number, run.master, run.switch, run.write
        ));
    }
    rows(&all, report);
}

fn rows(all: &[Run], report: &mut Report) {
    let of = |flavour: Flavour, case: &str, pick: fn(&Run) -> f64| {
        Values::of(all.iter().filter(|run| run.flavour == flavour && run.case == case).map(pick))
    };
    let write: fn(&Run) -> f64 = |run| run.write;
    let both = (&of(Flavour::Redis, FEW, write), &of(Flavour::Ours, FEW, write));
    let measure = format!("{FEW}: ms past down-after until a client's write");
    report.percentile(&format!("{measure}, median"), both, 50, Target::None);
    report.percentile(&format!("{measure}, worst"), both, 100, Target::AtMost(1000.0));
    for event in EVENTS {
        let switch: fn(&Run) -> f64 = |run| run.switch;
        let both = (&of(Flavour::Redis, event, switch), &of(Flavour::Ours, event, switch));
        let measure = format!("leader killed after `{event}`: ms until another says `+switch-master`, worst");
        report.percentile(&measure, both, 100, Target::AtMost(1000.0));
        let both = (&of(Flavour::Redis, event, write), &of(Flavour::Ours, event, write));
        let measure = format!("leader killed after `{event}`: ms until a client's write, worst");
        report.percentile(&measure, both, 100, Target::AtMost(1000.0));
        let other: fn(&Run) -> f64 =
            |run| f64::from(u8::from(run.selected.is_some_and(|selected| selected != run.master)));
        let count = |flavour| {
            let values = of(flavour, event, other);
            (values.count() > 0).then(|| values.sum())
        };
        let (theirs, ours) = (count(Flavour::Redis), count(Flavour::Ours));
        report.row(
            "runs that promoted another replica than the dead leader",
            theirs,
            ours,
            Target::AtMost(0.0),
        );
    }
}

/// All that is done under one flavour, as much as fits.
fn lane(flavour: Flavour, runs: usize) -> Vec<Run> {
    let began = Instant::now();
    let start = |sentinels: &[Flavour]| {
        let topology = Topology::new().replicas(2).sentinels(sentinels).down_after_ms(DOWN_AFTER_MS);
        topology.option("failover-timeout", FAILOVER_TIMEOUT).start()
    };
    let (five, three) = (start(&[flavour; 5]), start(&[flavour; 3]));
    let mut all: Vec<Run> = Vec::new();
    for number in 0..runs {
        for case in EVENTS.iter().chain([&FEW]) {
            // Upstream may need 30 s for one.
            if began.elapsed() > BUDGET {
                break;
            }
            let run = if *case == FEW {
                few(&five, flavour, number)
            } else {
                leaderless(&three, flavour, case, number)
            };
            println!(
                "{:<15} {case} {number}: +switch-master {:.1}, write {:.1} ({} instead of {:?})",
                name(flavour),
                run.switch,
                run.write,
                run.master,
                run.selected
            );
            all.push(run);
        }
    }
    all
}

fn few(group: &Group, flavour: Flavour, number: usize) -> Run {
    group.wait_converged(DEADLINE);
    let old = group.master_port();
    // Another pair each time, so that it is not always the first to stand who is missing.
    let count = group.sentinels.len();
    let dead = [&group.sentinels[number % count], &group.sentinels[(number + 1) % count]];
    let living: Vec<&Daemon> = group
        .sentinels
        .iter()
        .filter(|sentinel| dead.iter().all(|dead| dead.port() != sentinel.port()))
        .collect();
    let recorders: Vec<Recorder> = living.iter().map(|sentinel| Recorder::attach(sentinel.port())).collect();
    spread(number);
    dead.iter().for_each(|sentinel| sentinel.kill());
    let killed = Instant::now();
    group.server_at(old).kill();
    let mut line = Line::to(living[number % living.len()].port());
    let (master, written) = first_write_by_asking(&mut line, group.name(), old);
    let switched = first_switch(&recorders, group.name(), killed);
    dead.iter().for_each(|sentinel| sentinel.start());
    group.server_at(old).start();
    let past = |at| ms_between(killed, at) - DOWN_AFTER_MS as f64;
    Run { flavour, case: FEW, number, selected: None, master, switch: past(switched), write: past(written) }
}

fn leaderless(group: &Group, flavour: Flavour, event: &'static str, number: usize) -> Run {
    group.wait_converged(DEADLINE);
    let old = group.master_port();
    let recorders: Vec<Recorder> = (0..group.sentinels.len()).map(|at| group.record(at)).collect();
    let fallen = OnceLock::new();
    let fallen = std::sync::Arc::new(fallen);
    for (at, sentinel) in group.sentinels.iter().enumerate() {
        let mut conn = sentinel.conn();
        conn.cmd(&format!("SUBSCRIBE {event}"));
        let pid = sentinel.pid().and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw);
        let fallen = std::sync::Arc::clone(&fallen);
        std::thread::spawn(move || trap(&mut conn, at, pid, &fallen));
    }
    spread(number);
    let killed = Instant::now();
    group.server_at(old).kill();
    let end = killed + DEADLINE;
    let (leader, died) = loop {
        if let Some(fallen) = fallen.get() {
            break *fallen;
        }
        assert!(Instant::now() < end, "nobody says {event} within {DEADLINE:?}");
        std::thread::sleep(Duration::from_micros(200));
    };
    let others: Vec<usize> = (0..group.sentinels.len()).filter(|at| *at != leader).collect();
    let mut line = Line::to(group.sentinels[others[number % others.len()]].port());
    let (master, written) = first_write_by_asking(&mut line, group.name(), old);
    let heard: Vec<Recorder> = others.iter().map(|at| recorders[*at].clone()).collect();
    let switched = first_switch(&heard, group.name(), killed);
    let selected =
        recorders[leader].events().iter().find(|event| event.channel == "+selected-slave").and_then(
            // slave IP:PORT IP PORT @ ...
            |event| event.text.split(' ').nth(3)?.parse().ok(),
        );
    group.sentinels[leader].kill();
    group.sentinels[leader].start();
    group.server_at(old).start();
    let since = |at| ms_between(died, at).max(0.0);
    Run { flavour, case: event, number, selected, master, switch: since(switched), write: since(written) }
}

/// Kills a sentinel as soon as it publishes what was subscribed to, unless another has fallen before.
fn trap(conn: &mut Conn, at: usize, pid: Option<Pid>, fallen: &OnceLock<(usize, Instant)>) {
    if conn.read_within(DEADLINE).is_ok_and(|message| message.frame.items().len() == 3) {
        if let (Some(pid), None) = (pid, fallen.get()) {
            let _ = kill_process(pid, Signal::KILL);
            let _ = fallen.set((at, Instant::now()));
        }
    }
}

/// Kills are spread over the second between two PINGs.
fn spread(number: usize) {
    std::thread::sleep(Duration::from_secs(1).mul_f64((number as f64 * 0.618_034).fract()));
}

fn first_switch(recorders: &[Recorder], group: &str, since: Instant) -> Instant {
    let about = format!("{group} ");
    let end = Instant::now() + DEADLINE;
    loop {
        let events = recorders.iter().flat_map(Recorder::events);
        let switches = events.filter(|event| {
            event.at > since && event.channel == "+switch-master" && event.text.starts_with(&about)
        });
        if let Some(first) = switches.map(|event| event.at).min() {
            return first;
        }
        assert!(Instant::now() < end, "no sentinel switches within {DEADLINE:?}");
        std::thread::sleep(Duration::from_millis(1));
    }
}
