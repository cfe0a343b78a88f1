//! Part `refused`: `sentinel refused-down-after-milliseconds`. A master whose port refuses connections is not waited for as
//! long as one that says nothing; and one that is back sooner than that starts nothing. Upstream has no such directive: its
//! figures are those of the same kills, with down-after.

use std::time::{Duration, Instant};

use watchkeeper_conformance::{Conn, Flavour};

use crate::crash::{Lane, measure, next};
use crate::fleet::Settings;
use crate::options::Options;
use crate::report::Report;
use crate::stat::{Values, millis, ms};
use crate::table::Target;

const DIRECTIVE: &str = "refused-down-after-milliseconds";
const DOWN_AFTER_MS: u64 = 1000;
const FAILOVER_TIMEOUT_MS: u64 = 10_000;
const GROUPS: usize = 5;
const RUNS: usize = 30;
/// Ours are killed so often for each time another's master is.
const OURS_EACH: usize = 3;
const BUDGET: Duration = Duration::from_secs(180);
/// A restart that takes a tenth of what is allowed.
const PATIENT_MS: u64 = 1000;
const RESTART: Duration = Duration::from_millis(70);
const RESTARTS: usize = 10;
/// What a restart would start has begun by then.
const LOOK: Duration = Duration::from_secs(3);

/// Measures the part.
pub(crate) fn run(options: &Options, report: &mut Report) {
    let began = Instant::now();
    let set = |ms: u64, down_after_ms: u64| {
        let mut settings = Settings::new(down_after_ms, FAILOVER_TIMEOUT_MS);
        settings.options.push((DIRECTIVE.to_owned(), ms.to_string()));
        settings
    };
    let mut lanes = Vec::new();
    for flavour in options.flavours() {
        let settings = match flavour {
            Flavour::Ours => set(50, DOWN_AFTER_MS),
            Flavour::Redis | Flavour::Valkey => Settings::new(DOWN_AFTER_MS, FAILOVER_TIMEOUT_MS),
        };
        lanes.push(Lane::start(flavour, GROUPS, &settings));
    }
    lanes.iter().for_each(|lane| lane.fleet.wait_settled(&lane.watch));
    for round in 0..options.runs.unwrap_or(RUNS) {
        for lane in &mut lanes {
            if (lane.flavour == Flavour::Ours || round % OURS_EACH == 0) && began.elapsed() < BUDGET {
                measure(lane, report);
            }
        }
    }
    let of = |flavour: Flavour| {
        let lanes = lanes.iter().filter(|lane| lane.flavour == flavour);
        Values::of(lanes.flat_map(|lane| &lane.runs).map(|run| run.client))
    };
    let both = (&of(Flavour::Redis), &of(Flavour::Ours));
    let measure = "kill -9 until a client's write, ms (upstream with down-after 1000)";
    report.percentile(&format!("{measure}, median"), both, 50, Target::AtMost(150.0));
    report.percentile(&format!("{measure}, worst"), both, 100, Target::AtMost(150.0));
    drop(lanes);
    if options.only != Some(Flavour::Redis) {
        restarts(&set(PATIENT_MS, 5 * PATIENT_MS), report);
    }
}

/// Masters that are back soon.
fn restarts(settings: &Settings, report: &mut Report) {
    let lane = Lane::start(Flavour::Ours, 1, settings);
    lane.fleet.wait_settled(&lane.watch);
    let mut longest = 0.0_f64;
    for number in 0..RESTARTS {
        let (member, port) = next(&lane);
        let server = member.server_at(port);
        std::thread::sleep(Duration::from_secs(1).mul_f64((number as f64 * 0.618_034).fract()));
        let killed = Instant::now();
        server.kill();
        std::thread::sleep(RESTART);
        server.spawn();
        while Conn::open(port).is_err() {
            std::thread::sleep(millis(1));
        }
        longest = longest.max(ms(killed.elapsed()));
        server.wait_answers();
        std::thread::sleep(LOOK);
    }
    let events = lane.recorders.iter().flat_map(watchkeeper_conformance::Recorder::channels);
    let count = |wanted: &str| events.clone().filter(|channel| channel == wanted).count();
    let (tried, switched) = (count("+try-failover"), count("+switch-master"));
    println!(
        "{RESTARTS} restarts, {longest:.0} ms at most: {tried} +try-failover, {switched} +switch-master"
    );
    let measure =
        format!("failovers by {RESTARTS} restarts of at most {longest:.0} ms, with {PATIENT_MS} allowed");
    report.row(&measure, None, Some(tried as f64), Target::AtMost(0.0));
}
