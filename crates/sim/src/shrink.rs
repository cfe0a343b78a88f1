//! Makes a failing run simpler while the same property still fails: fewer kinds of faults, less time, fewer
//! sentinels and servers.

use std::collections::BTreeSet;
use watchkeeper_core::config::Topology;

use crate::fault::Kind;
use crate::options::{Options, Overrides};
use crate::run::{Violation, run};

/// The simplest changes found with which the run of `seed` still violates the same property; `None` if it does not
/// violate any to begin with. `tell` is called for every step that helped.
pub fn shrink(seed: u64, start: &Overrides, tell: &mut dyn FnMut(&str)) -> Option<(Overrides, Violation)> {
    let fails = |changes: &Overrides| run(&Options::from_seed(seed).with(changes), false).violation;
    let first = fails(start)?;
    let mut best = (start.clone(), first.clone());
    let mut attempt = |changes: Overrides, best: &mut (Overrides, Violation), what: String| -> bool {
        match fails(&changes) {
            Some(violation) if violation.property == first.property => {
                tell(&format!("{what}: still fails, at {}", violation.at.to_string().trim_start()));
                *best = (changes, violation);
                true
            }
            _ => false,
        }
    };
    let mut again = true;
    while again {
        again = false;
        let options = Options::from_seed(seed).with(&best.0);
        for half in halves(options.rates.keys().copied().collect()) {
            let mut changes = best.0.clone();
            let names = half.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(",");
            changes.without.extend(half.iter().copied());
            again |= attempt(changes, &mut best, format!("without {names}"));
        }
        for changes in smaller(&Options::from_seed(seed).with(&best.0), &best.0) {
            again |= attempt(changes.1, &mut best, changes.0);
        }
    }
    Some(best)
}

/// Sets of kinds to leave out: halves first, then single ones.
fn halves(kinds: Vec<Kind>) -> Vec<BTreeSet<Kind>> {
    let mut sets = Vec::new();
    let mut size = kinds.len().div_ceil(2);
    while size > 1 {
        sets.extend(kinds.chunks(size).map(|chunk| chunk.iter().copied().collect()));
        size = size.div_ceil(2);
    }
    sets.extend(kinds.iter().map(|kind| BTreeSet::from([*kind])));
    sets
}

/// Worlds that are a little smaller, and what was changed.
fn smaller(options: &Options, from: &Overrides) -> Vec<(String, Overrides)> {
    let mut all = Vec::new();
    let mut add = |what: String, changes: Overrides| all.push((what, changes));
    let seconds = options.faulty_ms / 1_000;
    for seconds in [seconds / 4, seconds / 2, seconds * 3 / 4].into_iter().filter(|secs| *secs > 0) {
        add(format!("{seconds} seconds"), Overrides { seconds: Some(seconds), ..from.clone() });
    }
    let (groups, servers, sentinels) =
        (options.setup.groups, options.setup.servers, options.setup.sentinels.len());
    if options.setup.topology != Topology::Star {
        add("a star".to_owned(), Overrides { topology: Some(Topology::Star), ..from.clone() });
    }
    if groups > 1 {
        add("1 group".to_owned(), Overrides { groups: Some(1), ..from.clone() });
    }
    if servers > 2 {
        add(format!("{} servers", servers - 1), Overrides { servers: Some(servers - 1), ..from.clone() });
    }
    if sentinels > 2 {
        add(
            format!("{} sentinels", sentinels - 1),
            Overrides { sentinels: Some(sentinels - 1), ..from.clone() },
        );
    }
    all
}
