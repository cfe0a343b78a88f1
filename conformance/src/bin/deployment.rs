//! `deployment`: `docker-compose.yml` on a real Docker engine; see [`watchkeeper_conformance::deployment`].

use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    watchkeeper_conformance::deployment::main(&words)
}
