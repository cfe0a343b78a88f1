//! The simulator's command line. Here, and only here, time is measured and threads are made.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    watchkeeper_sim::run::note_panics();
    let args: Vec<String> = std::env::args().skip(1).collect();
    match cli::main(&args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}
