//! `sim explore`: every order of events of one election.

use watchkeeper_sim::explore::{Bounds, explore};

use super::speed::Clock;

/// Explores within bounds given as `name=value`; without any, all the standard explorations.
pub(crate) fn run(rest: &[String]) -> Result<bool, String> {
    if rest.is_empty() {
        return Ok(standard());
    }
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

fn standard() -> bool {
    let clock = Clock::start();
    let (mut states, mut fine) = (0, true);
    println!("{:<24} {:>12} {:>12} {:>6} {:>8}", "exploration", "states", "transitions", "depth", "seconds");
    for (name, bounds) in Bounds::standard() {
        let began = Clock::start();
        let found = explore(&bounds, &mut |_| {});
        let (count, steps, depth) = (found.states, found.transitions, found.depth);
        println!("{name:<24} {count:>12} {steps:>12} {depth:>6} {:>8.1}", began.seconds());
        states += found.states;
        if found.violation.is_some() || !found.complete {
            print!("{found}");
            fine = false;
        }
    }
    println!("{:<24} {states:>12} {:>12} {:>6} {:>8.1}", "together", "", "", clock.seconds());
    if fine {
        println!("no violation: every order within the bounds was tried");
    }
    fine
}
