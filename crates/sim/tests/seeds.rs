//! Fixed seeds, and those that failed once: none may violate a property.

use std::collections::BTreeSet;
use watchkeeper_core::config::Topology;

use watchkeeper_sim::fault::Kind;
use watchkeeper_sim::options::{Options, Overrides};
use watchkeeper_sim::run::run;
use watchkeeper_sim::setup::Shape;

/// Fixed seeds from 0 on.
const SEEDS: u64 = 40;

fn kinds(names: &str) -> BTreeSet<Kind> {
    names.split(',').map(|name| Kind::parse(name).unwrap_or_else(|| panic!("`{name}` is no kind"))).collect()
}

/// One line of the list: a seed and its changes.
fn read(line: &str) -> Option<(u64, Overrides)> {
    let mut words = line.split('#').next().unwrap_or("").split_whitespace();
    let seed = words.next()?.parse().unwrap_or_else(|_| panic!("`{line}` does not begin with a seed"));
    let mut changes = Overrides::default();
    while let (Some(name), Some(value)) = (words.next(), words.next()) {
        let number = || value.parse::<u64>().unwrap_or_else(|_| panic!("`{value}` is no number: {line}"));
        match name {
            "--without" => changes.without = kinds(value),
            "--only" => changes.only = Some(kinds(value)),
            "--sentinels" => changes.sentinels = Some(number() as usize),
            "--servers" => changes.servers = Some(number() as usize),
            "--groups" => changes.groups = Some(number() as usize),
            "--topology" => changes.topology = Topology::parse(value.as_bytes()),
            "--shape" => changes.shape = Shape::parse(value),
            "--seconds" => changes.seconds = Some(number()),
            other => panic!("`{other}` is no change: {line}"),
        }
    }
    Some((seed, changes))
}

fn holds(seed: u64, changes: &Overrides, twice: bool) {
    let options = Options::from_seed(seed).with(changes);
    let outcome = run(&options, false);
    if let Some(violation) = &outcome.violation {
        panic!("{options}seed {seed}: {violation}");
    }
    if twice {
        let again = run(&options, false);
        assert_eq!(outcome.hash, again.hash, "seed {seed} is not deterministic");
    }
}

#[test]
fn fixed_seeds_hold() {
    for seed in 0..SEEDS {
        holds(seed, &Overrides::default(), seed % 8 == 0);
    }
}

#[test]
fn seeds_that_failed_once_hold() {
    let list = include_str!("../regressions.txt");
    let all: Vec<(u64, Overrides)> = list.lines().filter_map(read).collect();
    assert!(!all.is_empty(), "regressions.txt has no seed");
    for (seed, changes) in all {
        holds(seed, &changes, false);
    }
}

#[test]
fn a_traced_run_has_the_same_course() {
    let options = Options::from_seed(3);
    let (plain, traced) = (run(&options, false), run(&options, true));
    assert_eq!((plain.hash, plain.happenings), (traced.hash, traced.happenings));
    assert!(plain.lines.is_empty() && !traced.lines.is_empty());
}
