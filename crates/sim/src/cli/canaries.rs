//! `sim canaries`: proves that the properties catch what they are for. Each deliberate bug of the core is turned on, and
//! seeds are run until one fails that does not fail without it.

use super::args::Args;

/// Without the bugs there is nothing to look for.
#[cfg(not(watchkeeper_canary))]
pub(crate) fn canaries(_args: Args) -> Result<bool, String> {
    Err("this program is built without the deliberate bugs\nhint: make sim-canaries".to_owned())
}

/// See the module.
#[cfg(watchkeeper_canary)]
pub(crate) fn canaries(mut args: Args) -> Result<bool, String> {
    let from = args.number("from")?.unwrap_or(0);
    let most = args.number("most")?.unwrap_or(found::SEEDS_MAX);
    let name = args.text("name");
    args.end()?;
    found::all(from, most, name.as_deref())
}

#[cfg(watchkeeper_canary)]
mod found {
    use std::io::Write;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

    use watchkeeper_core::canary::Canary;
    use watchkeeper_sim::options::Options;
    use watchkeeper_sim::run::{Violation, run};

    /// Each is to be found within so many seeds.
    pub(super) const SEEDS_MAX: u64 = 1_000;

    pub(super) fn all(from: u64, most: u64, name: Option<&str>) -> Result<bool, String> {
        let wanted: Vec<Canary> = match name {
            None => Canary::ALL.to_vec(),
            Some(name) => vec![Canary::parse(name).ok_or_else(|| format!("`{name}` is no canary"))?],
        };
        println!("{:<26} {:>6} {:<20} {}", "canary", "seeds", "caught by", "what it does");
        let (next, missed) = (AtomicUsize::new(0), AtomicU64::new(0));
        let out = Mutex::new(std::io::stdout());
        std::thread::scope(|scope| {
            for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
                scope.spawn(|| {
                    while let Some(&canary) = wanted.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let line = line(canary, find(canary, from, most), &missed);
                        let mut out = out.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
                        let _ = writeln!(out, "{line}");
                    }
                });
            }
        });
        let missed = missed.into_inner();
        println!("{} of {} found within {most} seeds each", wanted.len() as u64 - missed, wanted.len());
        Ok(missed == 0)
    }

    /// How many seeds it took, and what was violated.
    fn find(canary: Canary, from: u64, most: u64) -> Option<(u64, Violation)> {
        for index in 0..most {
            let options = Options::from_seed(from + index);
            let mut with = options.clone();
            with.setup.canary = Some(canary);
            let Some(violation) = run(&with, false).violation else { continue };
            if run(&options, false).violation.is_none() {
                return Some((index + 1, violation));
            }
        }
        None
    }

    fn line(canary: Canary, found: Option<(u64, Violation)>, missed: &AtomicU64) -> String {
        let (seeds, by) = match found {
            Some((seeds, violation)) => (seeds.to_string(), violation.property),
            None => {
                missed.fetch_add(1, Ordering::Relaxed);
                ("-".to_owned(), "NOT FOUND".to_owned())
            }
        };
        format!("{:<26} {seeds:>6} {by:<20} {}", canary.name(), canary.what())
    }
}
