//! Part `hang`: a master that is there and says nothing, because it stands still (SIGSTOP) or because nothing reaches it (a
//! black hole, where the machine has a packet filter). How long past down-after until it is held for down, as a part of
//! down-after; and how often it is pinged for that. No replica may be promoted here: it is only about noticing.

use std::time::{Duration, Instant};

use watchkeeper_conformance::{Flavour, FrameExt, Group, Recorder, Topology, eventually};

use crate::fleet::DEADLINE;
use crate::hole::{self, Hole};
use crate::options::Options;
use crate::report::{Report, name};
use crate::stat::{Values, ms_between};
use crate::table::Target;

/// The first line of the raw results.
pub(crate) const CSV_HEAD: &str =
    "sentinels,down_after_ms,kind,run,sdown_ms,odown_ms,past_percent,pings_a_second";

const SETTINGS: [(u64, usize); 2] = [(1000, 10), (5000, 6)];
const BUDGET: Duration = Duration::from_secs(220);
/// How long pings are counted.
const COUNT: Duration = Duration::from_secs(8);

/// A group and what it was set to.
struct Lane {
    flavour: Flavour,
    down_after_ms: u64,
    runs: usize,
    group: Group,
    recorders: Vec<Recorder>,
    past: Vec<f64>,
    pings: f64,
}

/// Measures the part.
pub(crate) fn run(options: &Options, report: &mut Report) {
    let began = Instant::now();
    hole::clean_up();
    let mut lanes = Vec::new();
    for (down_after_ms, runs) in SETTINGS {
        for flavour in options.flavours() {
            let topology = Topology::new().replicas(2).sentinels(&[flavour; 3]).down_after_ms(down_after_ms);
            let group = topology.server_config("replica-priority 0").start();
            let recorders = (0..3).map(|at| group.record(at)).collect();
            let runs = options.runs.unwrap_or(runs);
            lanes.push(Lane { flavour, down_after_ms, runs, group, recorders, past: Vec::new(), pings: 0.0 });
        }
    }
    count_pings(&mut lanes);
    for number in 0..lanes.iter().map(|lane| lane.runs).max().unwrap_or(0) {
        for lane in lanes.iter_mut().filter(|lane| number < lane.runs) {
            if began.elapsed() < BUDGET {
                measure(lane, number, report);
            }
        }
    }
    rows(&lanes, report);
}

fn rows(lanes: &[Lane], report: &mut Report) {
    for (down_after_ms, _) in SETTINGS {
        let find = |flavour: Flavour| {
            lanes.iter().find(|lane| lane.flavour == flavour && lane.down_after_ms == down_after_ms)
        };
        let (theirs, ours) = (find(Flavour::Redis), find(Flavour::Ours));
        let past = |lane: Option<&Lane>| Values::of(lane.iter().flat_map(|lane| lane.past.iter().copied()));
        let both = (&past(theirs), &past(ours));
        let measure = format!("down-after {down_after_ms}: % of it past it until `+odown`");
        report.percentile(&format!("{measure}, median"), both, 50, Target::None);
        report.percentile(&format!("{measure}, worst"), both, 100, Target::AtMost(10.0));
        let pings = |lane: Option<&Lane>| lane.map(|lane| lane.pings);
        let measure = format!("down-after {down_after_ms}: pings a second of one sentinel to a master");
        report.row(&measure, pings(theirs), pings(ours), Target::None);
    }
}

/// All at once: nothing happens meanwhile.
fn count_pings(lanes: &mut [Lane]) {
    let master = |lane: &Lane| lane.group.servers[0].conn();
    lanes.iter().for_each(|lane| {
        master(lane).cmd("CONFIG RESETSTAT");
    });
    let began = Instant::now();
    std::thread::sleep(COUNT);
    for lane in lanes {
        let text = master(lane).cmd("INFO commandstats").text();
        let calls = text.split("cmdstat_ping:calls=").nth(1).and_then(|rest| rest.split(',').next());
        let calls: f64 = calls.and_then(|calls| calls.parse().ok()).unwrap_or_default();
        lane.pings = calls / began.elapsed().as_secs_f64() / lane.recorders.len() as f64;
    }
}

fn measure(lane: &mut Lane, number: usize, report: &mut Report) {
    let group = &lane.group;
    group.wait_converged(DEADLINE);
    let port = group.master_port();
    let server = group.server_at(port);
    // Another instant between two PINGs each time.
    std::thread::sleep(Duration::from_secs(1).mul_f64((number as f64 * 0.618_034).fract()));
    let hung = Instant::now();
    let hole = (number % 2 == 1).then(|| Hole::open(port)).flatten();
    let kind = if hole.is_some() { "black-hole" } else { "SIGSTOP" };
    if hole.is_none() {
        server.pause();
    }
    let (sdown, odown) = eventually(DEADLINE, "`+odown` is said", || {
        let said = |channel: &str| {
            let about = format!("master {} ", group.name());
            let events = lane.recorders.iter().flat_map(Recorder::events);
            let after = events.filter(|event| {
                event.at > hung && event.channel == channel && event.text.starts_with(&about)
            });
            after.map(|event| event.at).min()
        };
        Some((said("+sdown")?, said("+odown")?))
    });
    drop(hole);
    server.resume();
    let (sdown, odown) = (ms_between(hung, sdown), ms_between(hung, odown));
    let down_after = lane.down_after_ms as f64;
    let past = (odown - down_after) / down_after * 100.0;
    let who = name(lane.flavour);
    report.line(
        &format!(
            "{who},{},{kind},{number},{sdown:.1},{odown:.1},{past:.2},{:.2}",
            lane.down_after_ms, lane.pings
        ),
        &format!(
            "{who:<15} down-after {}, {kind}: +sdown {sdown:.0}, +odown {odown:.0}, {past:.1} % past; {:.2} pings a second",
            lane.down_after_ms, lane.pings
        ),
    );
    lane.past.push(past);
}
