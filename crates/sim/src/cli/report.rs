//! How a run is shown.

use watchkeeper_sim::fault::Kind;
use watchkeeper_sim::options::{Options, Overrides};
use watchkeeper_sim::run::{Outcome, run};

/// A failed run, with everything needed to look into it. It is run again with its trace.
pub(crate) fn failure(seed: u64, changes: &Overrides, lines: usize) {
    let options = Options::from_seed(seed).with(changes);
    let traced = run(&options, true);
    print!("\n{options}");
    trace(&traced, lines);
    match &traced.violation {
        Some(violation) => println!("violation: {violation}"),
        None => println!("violation: none this time: the run is not deterministic"),
    }
    println!("seed {seed}\nreplay: {}", command("seed", seed, changes));
}

/// The last lines of a trace.
pub(crate) fn trace(outcome: &Outcome, lines: usize) {
    let skipped = outcome.lines.len().saturating_sub(lines);
    for line in &outcome.lines[skipped..] {
        println!("{line}");
    }
}

/// The figures of a run.
pub(crate) fn figures(outcome: &Outcome) {
    println!(
        "{} s simulated, {} happenings, {} failovers, {} writes acknowledged, hash {:016x}",
        outcome.simulated_ms / 1_000,
        outcome.happenings,
        outcome.failovers,
        outcome.acked,
        outcome.hash,
    );
    let lost = outcome.lost;
    if lost.total() > 0 {
        println!(
            "{} of these writes are lost: {} that the next master did not have yet, {} taken by a master that was none any more, {} with a master that came back empty",
            lost.total(),
            lost.unreplicated,
            lost.stale,
            lost.emptied,
        );
    }
    let faults = outcome.faults.iter().map(|(kind, count)| format!("{} {count}", kind.name()));
    println!("faults: {}", faults.collect::<Vec<_>>().join(", "));
    if let Some(ms) = outcome.settled_ms {
        println!("in order {} s after all was mended", ms / 1_000);
    }
}

/// The command that does it again.
pub(crate) fn command(what: &str, seed: u64, changes: &Overrides) -> String {
    let names = |kinds: &std::collections::BTreeSet<Kind>| {
        kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(",")
    };
    let mut text = format!("cargo run --release -p watchkeeper-sim --bin sim -- {what} {seed} --trace");
    if !changes.without.is_empty() {
        text += &format!(" --without {}", names(&changes.without));
    }
    if let Some(only) = &changes.only {
        text += &format!(" --only {}", names(only));
    }
    let numbers = [
        ("sentinels", changes.sentinels.map(|n| n as u64)),
        ("servers", changes.servers.map(|n| n as u64)),
        ("groups", changes.groups.map(|n| n as u64)),
        ("seconds", changes.seconds),
    ];
    if let Some(topology) = changes.topology {
        text += &format!(" --topology {}", topology.name());
    }
    if let Some(shape) = changes.shape {
        text += &format!(" --shape {}", shape.name());
    }
    for (name, value) in numbers {
        if let Some(value) = value {
            text += &format!(" --{name} {value}");
        }
    }
    text
}
