//! Part `false-alarms`: nothing is wrong but the machine, which has far more to do than it can. Ours and upstream's sentinels
//! watch groups of their own at the same time, so that the same stalls meet both; what they hold for down, and every failover
//! of a healthy master, is counted.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use watchkeeper_conformance::{Flavour, Group, Recorder, Topology, process};

use crate::client::Line;
use crate::host::Helper;
use crate::options::Options;
use crate::report::{Report, name};
use crate::table::Target;

/// The first line of the raw results.
pub(crate) const CSV_HEAD: &str = "minute,sentinels,sdown,odown,try_failover,switch_master,load";

const DOWN_AFTER_MS: u64 = 1000;
const MINUTES: usize = 30;
/// Programs that only burn time, and clients of each group.
const BUSY: usize = 8;
const CLIENTS: usize = 4;
/// Between two writes of a client.
const PERIOD: Duration = Duration::from_millis(20);
/// What is counted, of all sentinels together.
const EVENTS: [&str; 4] = ["+sdown", "+odown", "+try-failover", "+switch-master"];

/// A group and what was said about its master.
struct Lane {
    flavour: Flavour,
    group: Group,
    recorders: Vec<Recorder>,
}

/// Measures the part.
pub(crate) fn run(options: &Options, report: &mut Report) {
    let minutes = options.minutes.unwrap_or(MINUTES);
    let start = |flavour: Flavour| {
        let topology = Topology::new().replicas(2).sentinels(&[flavour; 3]).down_after_ms(DOWN_AFTER_MS);
        let group = topology.start();
        let recorders = (0..3).map(|at| group.record(at)).collect();
        Lane { flavour, group, recorders }
    };
    let lanes: Vec<Lane> = options.flavours().into_iter().map(start).collect();
    let program = std::env::current_exe().expect("a program knows where it is").into_os_string();
    let spin = |_| Helper(process::spawn_helper(&[program.clone(), "busy".into()], |_| {}));
    let busy: Vec<Helper> = (0..BUSY).map(spin).collect();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for lane in lanes.iter().cycle().take(lanes.len() * CLIENTS) {
            scope.spawn(|| write(lane, &stop));
        }
        let began = Instant::now();
        for minute in 1..=minutes {
            let due = began + Duration::from_secs(60) * u32::try_from(minute).unwrap_or(u32::MAX);
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            lanes.iter().for_each(|lane| show(lane, minute, report));
        }
        stop.store(true, Ordering::Relaxed);
    });
    drop(busy);
    let of = |flavour: Flavour| lanes.iter().find(|lane| lane.flavour == flavour).map(count);
    let (theirs, ours) = (of(Flavour::Redis), of(Flavour::Ours));
    for (at, event) in EVENTS.iter().enumerate() {
        let number = |counts: Option<[usize; 4]>| counts.map(|counts| counts[at] as f64);
        let target = if *event == "+switch-master" { Target::AtMost(0.0) } else { Target::None };
        let measure =
            format!("`{event}` in {minutes} minutes, {BUSY} busy programs, down-after {DOWN_AFTER_MS}");
        report.row(&measure, number(theirs), number(ours), target);
    }
}

/// A client that writes where the sentinels say, and asks them again when that fails.
fn write(lane: &Lane, stop: &AtomicBool) {
    let mut sentinel = Line::to(lane.group.sentinels[0].port());
    let mut master: Option<Line> = None;
    while !stop.load(Ordering::Relaxed) {
        if master.is_none() {
            master = sentinel.master_of(lane.group.name()).map(Line::to);
        }
        if !master.as_mut().is_some_and(|line| line.writes("load", "1")) {
            master = None;
        }
        std::thread::sleep(PERIOD);
    }
}

fn count(lane: &Lane) -> [usize; 4] {
    let name = lane.group.name();
    let (master, switch) = (format!("master {name} "), format!("{name} "));
    let events: Vec<_> = lane.recorders.iter().flat_map(Recorder::events).collect();
    EVENTS.map(|wanted| {
        let about = if wanted == "+switch-master" { &switch } else { &master };
        let said =
            events.iter().filter(|event| event.channel == wanted && event.text.starts_with(about.as_str()));
        said.count()
    })
}

fn show(lane: &Lane, minute: usize, report: &mut Report) {
    let counts = count(lane);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split_whitespace().next().unwrap_or_default();
    let who = name(lane.flavour);
    let [sdown, odown, tried, switched] = counts;
    report.line(
        &format!("{minute},{who},{sdown},{odown},{tried},{switched},{load}"),
        &format!(
            "minute {minute:2} {who:<15} +sdown {sdown}, +odown {odown}, +try-failover {tried}, +switch-master {switched} \
             (load {load})"
        ),
    );
}

/// Burns time until it is killed.
pub(crate) fn spin() -> ! {
    let mut number = 0_u64;
    loop {
        number = std::hint::black_box(number.wrapping_add(1));
    }
}
