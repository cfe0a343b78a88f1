//! Part `queries`: how many times a second a sentinel tells 50 clients where the master is. The load is redis-benchmark's,
//! by turns, so that a slow minute of the machine meets both.

use std::process::{Command, Stdio};

use watchkeeper_conformance::{Flavour, Group, Topology};

use crate::host::processor_seconds;
use crate::options::Options;
use crate::report::{Report, name};
use crate::stat::Values;
use crate::table::Target;

/// The first line of the raw results.
pub(crate) const CSV_HEAD: &str = "sentinels,pipeline,run,requests_a_second,processor_us_a_request";

const CLIENTS: &str = "50";
const RUNS: usize = 5;
/// Commands that are sent at once, and how many in all.
const LOADS: [(usize, usize); 3] = [(1, 150_000), (16, 1_000_000), (64, 1_500_000)];

/// Measures the part.
pub(crate) fn run(options: &Options, report: &mut Report) {
    let start = |flavour| (flavour, Topology::new().sentinels(&[flavour]).replicas(1).start());
    let groups: Vec<(Flavour, Group)> = options.flavours_and_valkey().into_iter().map(start).collect();
    for (pipeline, requests) in LOADS {
        let mut all: Vec<(Flavour, f64, f64)> = Vec::new();
        for number in 0..options.runs.unwrap_or(RUNS) {
            for (flavour, group) in &groups {
                let sentinel = &group.sentinels[0];
                let before = processor_seconds(sentinel);
                let rate = benchmark(sentinel.port(), group.name(), pipeline, requests);
                let each = (processor_seconds(sentinel) - before) * 1e6 / requests as f64;
                let flavour_name = name(*flavour);
                report.line(
                    &format!("{flavour_name},{pipeline},{number},{rate:.0},{each:.3}"),
                    &format!(
                        "{flavour_name:<15} -P {pipeline}: {rate:.0} a second, {each:.2} us of processor each"
                    ),
                );
                all.push((*flavour, rate, each));
            }
        }
        let of = |flavour: Flavour, pick: fn(&(Flavour, f64, f64)) -> f64| {
            Values::of(all.iter().filter(|run| run.0 == flavour).map(pick))
        };
        let rate: fn(&(Flavour, f64, f64)) -> f64 = |run| run.1;
        let cost: fn(&(Flavour, f64, f64)) -> f64 = |run| run.2;
        let piped = if pipeline == 1 { "no pipelining".to_owned() } else { format!("{pipeline} at once") };
        let measure = format!("requests a second, {CLIENTS} clients, {piped}, median");
        let both = (&of(Flavour::Redis, rate), &of(Flavour::Ours, rate));
        report.percentile(&measure, both, 50, Target::TimesMore(1.0));
        let measure = format!("processor us a request, {piped}, median");
        let both = (&of(Flavour::Redis, cost), &of(Flavour::Ours, cost));
        report.percentile(&measure, both, 50, Target::None);
    }
}

/// Requests a second as redis-benchmark counts them.
fn benchmark(port: u16, group: &str, pipeline: usize, requests: usize) -> f64 {
    let mut command = Command::new("redis-benchmark");
    command.args(["-h", "127.0.0.1", "-p", &port.to_string(), "-c", CLIENTS, "-n", &requests.to_string()]);
    command.args(["-P", &pipeline.to_string(), "--csv", "SENTINEL", "GET-MASTER-ADDR-BY-NAME", group]);
    let output = command.stdin(Stdio::null()).output().expect("redis-benchmark is installed");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find(|line| line.contains("GET-MASTER-ADDR-BY-NAME")).unwrap_or_default();
    // "test","rps","avg_latency_ms",...
    let rate = line.split("\",\"").nth(1).and_then(|word| word.parse().ok());
    rate.unwrap_or_else(|| {
        panic!("redis-benchmark says:\n{text}\n{}", String::from_utf8_lossy(&output.stderr))
    })
}
