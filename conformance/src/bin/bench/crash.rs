//! Part `crash`: `kill -9` of a master, again and again, and how long until a client's write is taken. Ten groups, so
//! that every group is whole again when its turn comes; each flavour watches groups of its own and all are there at once.

use std::time::{Duration, Instant};

use watchkeeper_conformance::{Flavour, Recorder};

use crate::client::{Line, first_write, first_write_by_asking};
use crate::fleet::{DEADLINE, Fleet, Member, Settings, Watch};
use crate::options::Options;
use crate::report::{Report, name};
use crate::stat::{Values, ms_between};
use crate::table::Target;

/// The first line of the raw results.
pub(crate) const CSV_HEAD: &str = "sentinels,run,group,sdown_ms,odown_ms,elected_ms,promoted_ms,first_switch_ms,\
                                   last_switch_ms,direct_write_ms,client_write_ms";

const DOWN_AFTER_MS: u64 = 1000;
const FAILOVER_TIMEOUT_MS: u64 = 10_000;
const GROUPS: usize = 10;
const RUNS: usize = 100;
/// Ours are killed so often for each time another's master is.
const OURS_EACH: usize = 8;
/// When no new round is begun.
const BUDGET: Duration = Duration::from_secs(270);
const STEPS: [&str; 5] = ["+sdown", "+odown", "+elected-leader", "+promoted-slave", "+switch-master"];

/// The groups a flavour watches.
pub(crate) struct Lane {
    /// whose sentinels
    pub(crate) flavour: Flavour,
    /// the groups
    pub(crate) fleet: Fleet,
    /// the sentinels
    pub(crate) watch: Watch,
    /// an event recorder at each
    pub(crate) recorders: Vec<Recorder>,
    /// what was measured
    pub(crate) runs: Vec<Run>,
}

/// One kill. All times in milliseconds since then.
pub(crate) struct Run {
    direct: f64,
    /// until a client's write that asks the sentinels
    pub(crate) client: f64,
    first_told: f64,
    last_told: f64,
}

impl Lane {
    /// Starts so many groups of three and what watches them.
    pub(crate) fn start(flavour: Flavour, groups: usize, settings: &Settings) -> Lane {
        let fleet = Fleet::start(flavour, groups, 2, "");
        let watch = fleet.watch(flavour, settings);
        let recorders = watch.record();
        Lane { flavour, fleet, watch, recorders, runs: Vec::new() }
    }
}

/// Measures the part.
pub(crate) fn run(options: &Options, report: &mut Report) {
    let began = Instant::now();
    let settings = Settings::new(DOWN_AFTER_MS, FAILOVER_TIMEOUT_MS);
    let mut lanes = Vec::new();
    for flavour in options.flavours_and_valkey() {
        lanes.push(Lane::start(flavour, GROUPS, &settings));
    }
    lanes.iter().for_each(|lane| lane.fleet.wait_settled(&lane.watch));
    let wanted = options.runs.unwrap_or(RUNS);
    for round in 0..wanted {
        if began.elapsed() > BUDGET {
            println!("{} of {wanted} runs fit in the time of this part", round);
            break;
        }
        for lane in &mut lanes {
            if lane.flavour == Flavour::Ours || round % OURS_EACH == 0 {
                measure(lane, report);
            }
        }
    }
    rows(&lanes, report);
}

/// What is measured, and the targets of its median and its 99th percentile.
type Measure = (&'static str, fn(&Run) -> f64, [Target; 2]);

fn rows(lanes: &[Lane], report: &mut Report) {
    let past = |flavour: Flavour, of: fn(&Run) -> f64| {
        let runs = lanes.iter().filter(|lane| lane.flavour == flavour).flat_map(|lane| &lane.runs);
        Values::of(runs.map(|run| of(run) - DOWN_AFTER_MS as f64))
    };
    let what = "ms past down-after";
    let measures: [Measure; 4] = [
        ("first write of a client that asks", |run| run.client, [Target::AtMost(30.0), Target::AtMost(60.0)]),
        ("first write of one that tries every replica", |run| run.direct, [Target::None; 2]),
        ("first sentinel's clients told", |run| run.first_told, [Target::None; 2]),
        ("last sentinel's clients told", |run| run.last_told, [Target::None; 2]),
    ];
    for (label, of, targets) in measures {
        let both = (&past(Flavour::Redis, of), &past(Flavour::Ours, of));
        report.percentile(&format!("{label}, {what}, median"), both, 50, targets[0]);
        report.percentile(&format!("{label}, {what}, p99"), both, 99, targets[1]);
    }
    let of: fn(&Run) -> f64 = |run| run.client;
    let ours = past(Flavour::Ours, of);
    let client = "first write of a client that asks, median against median";
    report.percentile(client, (&past(Flavour::Redis, of), &ours), 50, Target::TimesLess(30.0));
    let valkey = past(Flavour::Valkey, of);
    if valkey.count() > 0 {
        report.percentile(
            "the same, beside Valkey 9.1's sentinel",
            (&valkey, &ours),
            50,
            Target::TimesLess(30.0),
        );
    }
}

/// A group that is whole, beginning with the one whose turn it is, and the port of its master.
pub(crate) fn next(lane: &Lane) -> (&Member, u16) {
    let end = Instant::now() + DEADLINE;
    let mut at = lane.runs.len();
    let mut reason = String::new();
    while Instant::now() < end {
        let member = &lane.fleet.members[at % lane.fleet.members.len()];
        let asked = Line::to(lane.watch.sentinels[0].port()).master_of(&member.name);
        match (lane.watch.ready(member), asked) {
            (Ok(()), Some(port)) if member.server_at(port).is_running() => return (member, port),
            (Ok(()), _) => reason = format!("{} has no living master", member.name),
            (Err(error), _) => reason = format!("{}: {error}", member.name),
        }
        std::thread::sleep(Duration::from_millis(10));
        at += 1;
    }
    panic!("{}: no group is whole within {DEADLINE:?}; the last: {reason}", name(lane.flavour));
}

/// Kills a master; the result is in the lane and the report.
///
/// # Panics
/// When nothing comes of it.
pub(crate) fn measure(lane: &mut Lane, report: &mut Report) {
    let number = lane.runs.len();
    let (member, old) = next(lane);
    let others = member.servers.iter().map(|server| server.port()).filter(|port| *port != old);
    let mut replicas: Vec<Line> = others.map(Line::to).collect();
    assert!(replicas.iter_mut().all(|line| !line.writes("bench", "0")), "a replica takes writes");
    let mut sentinel = Line::to(lane.watch.sentinels[number % lane.watch.sentinels.len()].port());
    assert_eq!(sentinel.master_of(&member.name), Some(old), "the sentinels agree on the master");
    // Pings go out once a second: the kills are spread over that second by the golden ratio.
    let phase = (number as f64 * 0.618_034).fract();
    std::thread::sleep(Duration::from_secs(1).mul_f64(phase));

    let killed = Instant::now();
    member.server_at(old).kill();
    let (direct, client) = std::thread::scope(|scope| {
        let asking = scope.spawn(|| first_write_by_asking(&mut sentinel, &member.name, old));
        let direct = first_write(&mut replicas);
        (direct, asking.join().expect("the client ends"))
    });
    let about = format!("{} ", member.name);
    for recorder in &lane.recorders {
        recorder.wait_for(DEADLINE, "every sentinel switches", |event| {
            event.at > killed && event.channel == "+switch-master" && event.text.starts_with(&about)
        });
    }
    let steps = STEPS.map(|step| times(lane, step, &member.name, killed));
    let earliest = |values: &Values| values.min().unwrap_or(f64::NAN);
    let told = &steps[4];
    let run = Run {
        direct: ms_between(killed, direct.1),
        client: ms_between(killed, client.1),
        first_told: earliest(told),
        last_told: told.max().unwrap_or(f64::NAN),
    };
    let firsts: Vec<String> = steps.iter().map(|step| format!("{:.1}", earliest(step))).collect();
    let flavour = name(lane.flavour);
    report.line(
        &format!(
            "{flavour},{number},{},{},{:.1},{:.1},{:.1}",
            member.name,
            firsts.join(","),
            run.last_told,
            run.direct,
            run.client
        ),
        &format!(
            "{flavour:<15} {number:3} {:<9} write {:.1}, by asking {:.1}, told {:.1} to {:.1}; first {} {}",
            member.name,
            run.direct,
            run.client,
            run.first_told,
            run.last_told,
            STEPS[..4].join(" "),
            firsts[..4].join(" ")
        ),
    );
    member.server_at(old).start();
    lane.runs.push(run);
}

/// When each sentinel said so about the group's master since then.
fn times(lane: &Lane, channel: &str, group: &str, since: Instant) -> Values {
    let master = format!("master {group} ");
    let switch = format!("{group} ");
    let about = if channel == "+switch-master" { &switch } else { &master };
    let mut all = Vec::new();
    for recorder in &lane.recorders {
        let events = recorder.events();
        let found = events.iter().find(|event| {
            let whose = event.text.starts_with(about.as_str())
                || channel == "+promoted-slave" && event.text.contains(&format!("@ {group} "));
            event.at > since && event.channel == channel && whose
        });
        all.extend(found.map(|event| ms_between(since, event.at)));
    }
    Values::of(all)
}
