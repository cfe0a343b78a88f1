//! `chaos`: faults drawn from a seed, on real processes; see [`watchkeeper_conformance::chaos`].

use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    watchkeeper_conformance::chaos::main(&words)
}
