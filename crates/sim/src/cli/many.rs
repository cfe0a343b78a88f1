//! `sim run`: many seeds on all processors.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use watchkeeper_sim::options::{Options, Overrides};
use watchkeeper_sim::property::Lost;
use watchkeeper_sim::run::{Outcome, Violation, run as run_one};

use super::args::Args;
use super::report;
use super::speed::Clock;

/// Every so manieth seed is run twice.
const TWICE_EVERY: u64 = 50;
/// Lines of the trace shown for a failure.
const LINES: usize = 60;
/// Failures kept with `--keep-going`.
const FAILURES_MAX: usize = 1_000;

struct Plan {
    from: u64,
    seeds: u64,
    seconds: Option<f64>,
    keep_going: bool,
    twice: bool,
    changes: Overrides,
    clock: Clock,
}

#[derive(Default)]
struct Sums {
    seeds: u64,
    simulated_ms: u64,
    happenings: u64,
    failovers: u64,
    faults: u64,
    acked: u64,
    lost: Lost,
    slowest_ms: (u64, u64),
    failed: Vec<(u64, Violation)>,
    told_at: f64,
}

/// See the module.
fn run_many(plan: &Plan, jobs: u64) -> Sums {
    let next = AtomicU64::new(0);
    let sums = Mutex::new(Sums::default());
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| work(plan, &next, &sums));
        }
    });
    sums.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// `sim run`.
pub(crate) fn run(mut args: Args) -> Result<bool, String> {
    let clock = Clock::start();
    let minutes = args.number("minutes")?;
    let seeds = args.number("seeds")?;
    if seeds.is_none() && minutes.is_none() {
        return Err("neither `--seeds` nor `--minutes` is given\nhint: sim run --seeds 1000".to_owned());
    }
    let jobs = args.number("jobs")?.unwrap_or_else(processors).max(1);
    let from = args.number("from")?.unwrap_or_else(|| Clock::random() % 1_000_000_000_000);
    let plan = Plan {
        from,
        seeds: seeds.unwrap_or(u64::MAX),
        seconds: minutes.map(|minutes| minutes as f64 * 60.0),
        keep_going: args.flag("keep-going"),
        twice: !args.flag("no-twice"),
        changes: args.overrides()?,
        clock,
    };
    println!("seeds from {from} on, {jobs} at a time");
    let sums = run_many(&plan, jobs);
    tell(&sums, plan.clock.seconds(), "\n");
    for (seed, violation) in &sums.failed {
        println!("seed {seed}: {violation}");
    }
    if let Some((seed, _)) = sums.failed.first() {
        report::failure(*seed, &plan.changes, LINES);
    }
    Ok(sums.failed.is_empty())
}

fn processors() -> u64 {
    std::thread::available_parallelism().map_or(1, |count| count.get() as u64)
}

fn work(plan: &Plan, next: &AtomicU64, sums: &Mutex<Sums>) {
    loop {
        let index = next.fetch_add(1, Ordering::Relaxed);
        let late = plan.seconds.is_some_and(|limit| plan.clock.seconds() > limit);
        if index >= plan.seeds || late {
            return;
        }
        let seed = plan.from.wrapping_add(index);
        let options = Options::from_seed(seed).with(&plan.changes);
        let mut outcome = run_one(&options, false);
        if plan.twice && index % TWICE_EVERY == 0 && outcome.violation.is_none() {
            compare(&mut outcome, &run_one(&options, false));
        }
        let mut sums = sums.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        sums.add(seed, outcome);
        if sums.failed.len() >= FAILURES_MAX || (!sums.failed.is_empty() && !plan.keep_going) {
            next.store(plan.seeds, Ordering::Relaxed);
        }
        let now = plan.clock.seconds();
        if now - sums.told_at > 1.0 && std::io::stdout().is_terminal() {
            sums.told_at = now;
            tell(&sums, now, "\r");
        }
    }
}

fn compare(outcome: &mut Outcome, again: &Outcome) {
    if (outcome.hash, outcome.happenings) != (again.hash, again.happenings) {
        outcome.violation = Some(Violation {
            property: "deterministic".to_owned(),
            at: watchkeeper_sim::time::Time::ms(outcome.simulated_ms),
            text: format!("one run has hash {:016x}, the other {:016x}", outcome.hash, again.hash),
        });
    }
}

impl Sums {
    fn add(&mut self, seed: u64, outcome: Outcome) {
        self.seeds += 1;
        self.simulated_ms += outcome.simulated_ms;
        self.happenings += outcome.happenings;
        self.failovers += outcome.failovers;
        self.acked += outcome.acked;
        self.lost.add(outcome.lost);
        self.faults += outcome.faults.values().sum::<u64>();
        self.slowest_ms = self.slowest_ms.max((outcome.settled_ms.unwrap_or(0), seed));
        if let Some(violation) = outcome.violation {
            self.failed.push((seed, violation));
        }
    }
}

fn tell(sums: &Sums, seconds: f64, end: &str) {
    let hours = sums.simulated_ms as f64 / 3_600_000.0;
    print!(
        "{} seeds in {seconds:.0} s ({:.1}/s), {hours:.1} simulated hours ({:.0}/min), {} faults, {} failovers, {} writes, {} of them lost, slowest to settle {} s (seed {}), {} failed{end}",
        sums.seeds,
        sums.seeds as f64 / seconds,
        hours * 60.0 / seconds,
        sums.faults,
        sums.failovers,
        sums.acked,
        sums.lost.total(),
        sums.slowest_ms.0 / 1_000,
        sums.slowest_ms.1,
        sums.failed.len(),
    );
    let _ = std::io::stdout().flush();
}
