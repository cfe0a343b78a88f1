//! `sim explore`: every order of events of one election.

use watchkeeper_sim::explore::{Bounds, explore};

use super::speed::Clock;

/// Explores within bounds given as `name=value`.
pub(crate) fn run(rest: &[String]) -> Result<bool, String> {
    let mut bounds = Bounds::default();
    for bound in rest {
        bounds.set(bound)?;
    }
    let clock = Clock::start();
    let explored = explore(&bounds, &mut |level| eprintln!("{level}"));
    print!("{explored}");
    println!("{:<30} {:>12.1}", "seconds", clock.seconds());
    Ok(explored.violation.is_none() && explored.complete)
}
