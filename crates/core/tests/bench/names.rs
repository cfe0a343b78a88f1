//! Time that passes while names are looked up.

use std::collections::BTreeMap;

use watchkeeper_core::Input;

use super::Bench;

/// Where names lead.
pub(crate) type Names = BTreeMap<&'static str, Vec<&'static str>>;

/// Lets time pass in which every name is looked up as soon as it is asked for.
pub(crate) fn run(bench: &mut Bench, names: &Names, ms: u64) {
    let end = bench.now + ms;
    while bench.now < end {
        bench.run(10);
        for (ticket, host) in std::mem::take(&mut bench.lookups) {
            let ips = names
                .get(host.as_str())
                .map(|ips| ips.iter().map(|ip| ip.parse().expect("an address")).collect());
            bench.step(Input::Resolved { ticket, result: ips.ok_or(format!("no {host}")) });
        }
    }
}
