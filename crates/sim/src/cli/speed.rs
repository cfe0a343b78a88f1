//! `sim speed`: how fast the simulator is. The only place of this crate that reads a clock.

use watchkeeper_sim::options::Options;
use watchkeeper_sim::run::{Outcome, run};

use super::args::Args;

/// Measures how long a command takes.
#[derive(Debug, Clone, Copy)]
#[allow(clippy::disallowed_types)] // nothing of the simulated world sees it
pub(crate) struct Clock(std::time::Instant);

#[allow(clippy::disallowed_types, clippy::disallowed_methods)] // as above
impl Clock {
    /// Begins now.
    pub(crate) fn start() -> Clock {
        Clock(std::time::Instant::now())
    }
    /// Seconds since the beginning; never 0.
    pub(crate) fn seconds(self) -> f64 {
        self.0.elapsed().as_secs_f64().max(1e-9)
    }
    /// A number that is another one each time.
    pub(crate) fn random() -> u64 {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        since.map_or(0, |since| since.as_nanos() as u64 ^ u64::from(std::process::id()) << 40)
    }
}

/// `sim speed`.
pub(crate) fn speed(mut args: Args) -> Result<bool, String> {
    let hours = args.number("hours")?.unwrap_or(20);
    args.end()?;
    let clock = Clock::start();
    let quiet = run(&Options::quiet(1, hours * 3_600), false);
    tell("three sentinels, three servers, no faults", &quiet, clock.seconds());
    let clock = Clock::start();
    let mut sum = Outcome::default();
    let mut failed = quiet.violation;
    for seed in 0..50 {
        let mut options = Options::from_seed(seed);
        options.setup = watchkeeper_sim::setup::Setup { seed, ..Default::default() };
        options.left_dead = 0;
        let outcome = run(&options, false);
        sum.simulated_ms += outcome.simulated_ms;
        sum.happenings += outcome.happenings;
        failed = failed.or(outcome.violation);
    }
    tell("the same with the faults of 50 seeds", &sum, clock.seconds());
    if let Some(violation) = &failed {
        println!("violation: {violation}");
    }
    Ok(failed.is_none())
}

fn tell(what: &str, outcome: &Outcome, seconds: f64) {
    let hours = outcome.simulated_ms as f64 / 3_600_000.0;
    println!(
        "{what}: {hours:.1} simulated hours in {seconds:.1} s: {:.0} hours a minute, {:.2} million happenings a second",
        hours * 60.0 / seconds,
        outcome.happenings as f64 / seconds / 1e6,
    );
}
