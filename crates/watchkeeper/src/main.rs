//! The one binary users run.

use std::process::ExitCode;

fn main() -> ExitCode {
    watchkeeper::cli::main(&std::env::args_os().collect::<Vec<_>>())
}
