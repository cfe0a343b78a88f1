//! `sim seed` and `sim shrink`: one seed, looked at closely.

use watchkeeper_sim::options::Options;
use watchkeeper_sim::run::run;
use watchkeeper_sim::shrink;

use super::args::Args;
use super::report;

const LINES: u64 = 60;

/// `sim seed`.
pub(crate) fn seed(mut args: Args) -> Result<bool, String> {
    let seed = args.seed()?;
    let lines = args.number("lines")?.unwrap_or(LINES) as usize;
    let (traced, twice) = (args.flag("trace"), args.flag("twice"));
    let options = Options::from_seed(seed).with(&args.overrides()?);
    print!("{options}");
    let outcome = run(&options, traced);
    if traced {
        report::trace(&outcome, lines);
    }
    report::figures(&outcome);
    if twice {
        let again = run(&options, false);
        if (again.hash, again.happenings) != (outcome.hash, outcome.happenings) {
            println!("the second run has hash {:016x}: it is not deterministic", again.hash);
            return Ok(false);
        }
        println!("the second run has the same hash");
    }
    if let Some(violation) = &outcome.violation {
        println!("violation: {violation}");
    }
    Ok(outcome.violation.is_none())
}

/// `sim shrink`.
pub(crate) fn shrink(mut args: Args) -> Result<bool, String> {
    let seed = args.seed()?;
    let start = args.overrides()?;
    let Some((changes, violation)) = shrink::shrink(seed, &start, &mut |step| println!("{step}")) else {
        println!("seed {seed} does not fail");
        return Ok(false);
    };
    println!("violation: {violation}");
    println!("simplest: {}", report::command("seed", seed, &changes));
    Ok(true)
}
