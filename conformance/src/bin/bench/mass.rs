//! Part `mass`: all masters die at once. When each group is back is looked at by clients that are told by the sentinels'
//! `+switch-master`, ask the sentinel for the address and write there; and what the sentinels do to the disk is counted.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use watchkeeper_conformance::{Conn, Daemon, Flavour, Scratch, subject};

use crate::disk::{Rewrites, count_syncs, counter, syncs_in};
use crate::fleet::{Fleet, SMALL, Settings, Watch, wait_follows};
use crate::host::{processor_seconds, raise_open_files};
use crate::options::Options;
use crate::report::{Report, name};
use crate::stat::{Values, millis, ms, ms_between};
use crate::table::Target;
use crate::told::{Back, Lost, follow};

/// The first line of the raw results.
pub(crate) const CSV_HEAD: &str = "sentinels,groups,group,back_ms";

const DOWN_AFTER_MS: u64 = 5000;
const FAILOVER_TIMEOUT_MS: u64 = 10_000;
const GROUPS: usize = 200;
const MANY: usize = 1_000;
/// Groups that are not back then are called lost.
const PATIENCE: Duration = Duration::from_secs(70);
/// What is to be measured at most in one part.
const BUDGET: Duration = Duration::from_secs(170);

/// What one flavour gave.
struct Mass {
    flavour: Flavour,
    groups: usize,
    back: Values,
    lost: usize,
    rewrites: f64,
    syncs: Option<f64>,
    cpu: f64,
}

/// Measures the part.
pub(crate) fn run(options: &Options, report: &mut Report) {
    raise_open_files(50_000);
    let began = Instant::now();
    let mut all = Vec::new();
    let sizes = options.size.map_or(vec![GROUPS, MANY], |size| vec![size]);
    for groups in sizes {
        let many = options.size.is_none() && groups >= MANY;
        let fleet = Fleet::start(Flavour::Redis, groups, 1, SMALL);
        for flavour in if many { options.flavours() } else { options.flavours_and_valkey() } {
            if many && flavour != Flavour::Ours && began.elapsed() > BUDGET {
                println!(
                    "{groups} groups under {} do not fit in the time of this part: SIZE={groups}",
                    name(flavour)
                );
                continue;
            }
            // Whoever is measured second finds every group whole again.
            repair(&fleet);
            all.push(measure(&fleet, flavour, report));
        }
    }
    rows(&all, report);
}

fn rows(all: &[Mass], report: &mut Report) {
    for ours in all.iter().filter(|mass| mass.flavour == Flavour::Ours) {
        for other in [Flavour::Redis, Flavour::Valkey] {
            let theirs = all.iter().find(|mass| mass.flavour == other && mass.groups == ours.groups);
            if other == Flavour::Valkey && theirs.is_none() {
                continue;
            }
            let beside = if other == Flavour::Valkey { " (beside Valkey 9.1)" } else { "" };
            let groups = format!("{} groups{beside}", ours.groups);
            let target = Target::AtMost(if ours.groups >= MANY { 5000.0 } else { 1000.0 });
            let back = |percent: usize| {
                let of = |mass: &Mass| mass.back.percentile(percent);
                (theirs.and_then(of), of(ours))
            };
            for (what, percent, target) in
                [("first", 0, Target::None), ("median", 50, Target::None), ("last", 100, target)]
            {
                let (theirs, ours) = back(percent);
                report.row(&format!("{groups}, {what} back, ms past down-after"), theirs, ours, target);
            }
            let of = |pick: fn(&Mass) -> f64| (theirs.map(pick), Some(pick(ours)));
            let lost = of(|mass| mass.lost as f64);
            report.row(
                &format!("{groups}, not back after {PATIENCE:?}"),
                lost.0,
                lost.1,
                Target::AtMost(0.0),
            );
            let rewrites = of(|mass| mass.rewrites);
            report.row(
                &format!("{groups}, rewrites of a sentinel's file"),
                rewrites.0,
                rewrites.1,
                Target::None,
            );
            let syncs = (theirs.and_then(|mass| mass.syncs), ours.syncs);
            report.row(&format!("{groups}, fsyncs of a sentinel"), syncs.0, syncs.1, Target::None);
            let cpu = of(|mass| mass.cpu);
            report.row(&format!("{groups}, processor seconds of a sentinel"), cpu.0, cpu.1, Target::None);
        }
    }
}

fn measure(fleet: &Fleet, flavour: Flavour, report: &mut Report) -> Mass {
    let mut watch = fleet.prepare(flavour, &Settings::new(DOWN_AFTER_MS, FAILOVER_TIMEOUT_MS));
    let scratch = Scratch::new();
    let count = |counter: PathBuf| watch.sentinels.iter_mut().map(|one| count_syncs(one, &counter)).collect();
    let counted: Option<Vec<PathBuf>> = counter(scratch.path()).map(count);
    let syncs = || counted.as_ref().map(|files| files.iter().map(|file| syncs_in(file)).sum::<u64>());
    watch.sentinels.iter().for_each(Daemon::start);
    fleet.wait_settled(&watch);
    let masters: Vec<u16> = fleet.members.iter().map(|member| member.master().expect("settled")).collect();
    let clients = subscribe(&watch);
    let rewrites = Rewrites::count(&watch.sentinels);
    let cpu = || watch.sentinels.iter().map(processor_seconds).sum::<f64>();
    let before = (cpu(), syncs());

    let mut killed = Vec::new();
    for (member, master) in fleet.members.iter().zip(&masters) {
        member.server_at(*master).signal(Signal::KILL);
        killed.push(Instant::now());
    }
    for (member, master) in fleet.members.iter().zip(&masters) {
        member.server_at(*master).kill();
    }
    let back = when_back(fleet, &masters, clients);
    let past = |at: &usize| ms_between(killed[*at], back[at]) - DOWN_AFTER_MS as f64;
    let count = watch.sentinels.len() as f64;
    let lost = fleet.members.len() - back.len();
    let mass = Mass {
        flavour,
        groups: fleet.members.len(),
        // Who is not back counts as back at the end of our patience: it was later than that.
        back: Values::of(back.keys().map(past).chain(std::iter::repeat_n(ms(PATIENCE), lost))),
        lost,
        rewrites: rewrites.so_far() as f64 / count,
        syncs: syncs().map(|after| (after - before.1.unwrap_or_default()) as f64 / count),
        cpu: (cpu() - before.0) / count,
    };
    let memory: u64 = watch.sentinels.iter().map(subject::resident).sum();
    let who = name(flavour);
    for (at, member) in fleet.members.iter().enumerate() {
        let text = back.contains_key(&at).then(|| format!("{:.1}", past(&at)));
        report.csv(&format!("{who},{},{},{}", mass.groups, member.name, text.unwrap_or_default()));
    }
    println!(
        "{who:<15} {} groups: back {} past down-after; {} lost; {:.0} rewrites, {:.0} fsyncs, \
         {:.2} s of processor, {:.1} MiB each",
        mass.groups,
        mass.back.show(),
        mass.lost,
        mass.rewrites,
        mass.syncs.unwrap_or(f64::NAN),
        mass.cpu,
        memory as f64 / count / 1_048_576.0
    );
    mass
}

/// Clients that wait for all groups to be back, subscribed when this returns.
fn subscribe(watch: &Watch) -> Vec<(u16, Conn)> {
    let subscribe = |sentinel: &Daemon| {
        let mut conn = sentinel.conn();
        conn.cmd("SUBSCRIBE +switch-master");
        (sentinel.port(), conn)
    };
    watch.sentinels.iter().map(subscribe).collect()
}

/// When a client's write was first taken by the new master of each group, by the group's number.
fn when_back(fleet: &Fleet, masters: &[u16], clients: Vec<(u16, Conn)>) -> BTreeMap<usize, Instant> {
    let numbered = fleet.members.iter().zip(masters).enumerate();
    let lost: Lost = numbered.map(|(at, (member, master))| (member.name.clone(), (at, *master))).collect();
    let back = Back::default();
    let ask_all_from = Instant::now() + millis(DOWN_AFTER_MS);
    let until = ask_all_from + PATIENCE;
    std::thread::scope(|scope| {
        for (port, mut told) in clients {
            let (lost, back) = (&lost, &back);
            scope.spawn(move || follow(port, &mut told, lost, back, ask_all_from, until));
        }
    });
    back.all()
}

/// Starts the dead again, as replicas.
fn repair(fleet: &Fleet) {
    let mut returned = Vec::new();
    for member in &fleet.members {
        for server in member.servers.iter().filter(|server| !server.is_running()) {
            server.spawn();
            returned.push((member, server));
        }
    }
    for (member, server) in &returned {
        server.wait_answers();
        let other =
            member.servers.iter().find(|other| other.port() != server.port()).expect("a group is a pair");
        // A group that was not back has a replica without a master.
        other.cmd("REPLICAOF NO ONE");
        server.cmd(&format!("REPLICAOF 127.0.0.1 {}", other.port()));
    }
    for (member, server) in returned {
        let other =
            member.servers.iter().find(|other| other.port() != server.port()).expect("a group is a pair");
        wait_follows(server, other.port());
    }
}
