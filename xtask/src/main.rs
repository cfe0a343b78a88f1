//! Repository chores, run as `cargo run -p xtask -- COMMAND`. Compiling, linting and testing are left to cargo.

mod counts;
mod docs;
mod tidy;

use std::process::ExitCode;

const USAGE: &str = "usage: cargo run -p xtask -- COMMAND

  tidy    check what neither the compiler nor clippy checks, over all files known to git, and the generated documents
  docs    write the generated documents, docs/reference/*.md; with --check fail if they are not what it would write
  counts  count the instructions of fixed work under valgrind and compare them with bench/counts.txt; with --update write them there";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["tidy"] => tidy::run().and_then(|tidy| Ok(docs::check()? && tidy)),
        ["docs"] => docs::write(),
        ["docs", "--check"] => docs::check(),
        ["counts"] => counts::check(),
        ["counts", "--update"] => counts::update(),
        [] | ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprintln!("unknown command: `{}`\n\n{USAGE}", arguments.join(" "));
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::from(2)
        }
    }
}
