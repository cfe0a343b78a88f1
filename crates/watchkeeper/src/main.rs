//! The one binary users run.

use std::process::ExitCode;

fn main() -> ExitCode {
    let code = watchkeeper::cli::main(&std::env::args_os().collect::<Vec<_>>());
    // Statuses are 0..=255; anything else would be a mistake of ours and must not look like success.
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}
