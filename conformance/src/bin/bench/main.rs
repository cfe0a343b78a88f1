//! `make bench`: what Watchkeeper is measured by, each part beside a real `redis-sentinel` in the same run.
//!
//! `bench PART` measures one part, writes its raw results and its rows of the table below bench/results, and prints those
//! rows; `bench table` prints the table of all parts as they were measured last; `bench parts` lists the parts.
//! What can be set is in [`options`], what each part does in docs/internals/bench.md. Installing and building is left to
//! scripts/bench.sh.

mod client;
mod crash;
mod demotion;
mod disk;
mod election;
mod false_alarms;
mod fleet;
mod hang;
mod hole;
mod host;
mod mass;
mod options;
mod queries;
mod refused;
mod report;
mod responder;
mod stat;
mod subscribers;
mod table;
mod told;
mod watch;

use std::process::ExitCode;

use options::Options;
use report::Report;

/// A part: its name, the first line of its raw results, and what measures it.
type Part = (&'static str, &'static str, fn(&Options, &mut Report));

/// All parts, in the order they are run in.
const PARTS: &[Part] = &[
    ("crash", crash::CSV_HEAD, crash::run),
    ("refused", crash::CSV_HEAD, refused::run),
    ("hang", hang::CSV_HEAD, hang::run),
    ("election", election::CSV_HEAD, election::run),
    ("demotion", demotion::CSV_HEAD, demotion::run),
    ("mass", mass::CSV_HEAD, mass::run),
    ("watch", watch::CSV_HEAD, watch::run),
    ("queries", queries::CSV_HEAD, queries::run),
    ("subscribers", subscribers::CSV_HEAD, subscribers::run),
    ("false-alarms", false_alarms::CSV_HEAD, false_alarms::run),
];

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let word = words.next().unwrap_or_default();
    if word == "responder" {
        return respond(words);
    }
    if word == "busy" {
        false_alarms::spin();
    }
    if word == "parts" {
        PARTS.iter().for_each(|(name, _, _)| println!("{name}"));
        return ExitCode::SUCCESS;
    }
    if word == "table" {
        println!("{}", table::newest().show());
        return ExitCode::SUCCESS;
    }
    let Some((name, head, run)) = PARTS.iter().find(|(name, _, _)| *name == word) else {
        let names: Vec<&str> = PARTS.iter().map(|(name, _, _)| *name).collect();
        eprintln!("error: `{word}` is no part, expected one of: {}", names.join(", "));
        eprintln!("hint: bench PART | table | parts");
        return ExitCode::FAILURE;
    };
    let options = match Options::from_env() {
        Ok(options) => options,
        Err(reason) => {
            eprintln!("error: {reason}");
            return ExitCode::FAILURE;
        }
    };
    let mut report = Report::begin(name, head);
    run(&options, &mut report);
    report.finish(options.only.is_none());
    ExitCode::SUCCESS
}

fn respond(mut words: impl Iterator<Item = String>) -> ExitCode {
    let port = words.next().and_then(|word| word.parse().ok());
    let info = words.next().and_then(|file| std::fs::read_to_string(file).ok());
    let (Some(port), Some(info)) = (port, info) else {
        eprintln!("error: `responder` expects a port and a file");
        return ExitCode::FAILURE;
    };
    let Err(error) = responder::serve(port, info);
    eprintln!("error: responder: {error}");
    ExitCode::FAILURE
}
