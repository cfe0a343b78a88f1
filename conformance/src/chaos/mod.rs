//! Faults drawn from a seed, on real processes: real servers and real sentinels, on hosts that are network namespaces.
//!
//! The simulator drives the part that decides through far more faults than this can. What it cannot have are the bugs
//! of everything around that part: sockets, processes, disks, logs. And only real servers tell what users lose.
//!
//! [`fault`] draws what happens, [`lane`] does it, [`whole`] and [`judge`] say what must hold, [`writer`] counts what is
//! lost, [`table`] shows it. How to read and extend it: `docs/internals/chaos.md`.

mod delay;
mod fault;
mod judge;
mod lane;
mod member;
mod net;
mod options;
mod record;
mod rng;
mod stall;
mod table;
mod told;
mod whole;
mod world;
mod writer;

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use fault::Kind;
use judge::Seen;
use lane::Common;
use options::{Options, USAGE};
use record::Record;

/// The program: its words, its exit status. 0: nothing wrong; 1: something is; 2: it cannot run here; 3: not understood.
pub fn main(words: &[String]) -> ExitCode {
    let result = match words.first().map(String::as_str) {
        Some("table") => show_table(&words[1..]),
        Some("kinds") => {
            Kind::ALL.iter().for_each(|kind| println!("{:<22} {}", kind.name(), kind.about()));
            Ok(())
        }
        Some("possible") => {
            net::clean_up();
            return impossible().unwrap_or(ExitCode::SUCCESS);
        }
        Some("--help" | "-h" | "help") => {
            println!("{USAGE}");
            Ok(())
        }
        Some(_) | None => match Options::parse(words) {
            Ok(options) => return run(options),
            Err(error) => Err(format!("{error}\n{USAGE}")),
        },
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(3)
        }
    }
}

fn show_table(words: &[String]) -> Result<(), String> {
    let mut records = Vec::new();
    for path in words.iter().filter(|word| *word != "--paired") {
        let text = fs::read_to_string(path).map_err(|error| format!("`{path}`: {error}"))?;
        for (number, line) in text.lines().enumerate() {
            let record = Record::parse(line);
            records.push(record.ok_or(format!("`{path}`, line {}: not written by `chaos`", number + 1))?);
        }
    }
    if words.iter().any(|word| word == "--paired") {
        records = table::paired(records);
    }
    print!("{}", table::table(&records));
    Ok(())
}

/// Says what is missing to make hosts here, if anything is.
fn impossible() -> Option<ExitCode> {
    let error = net::possible().err()?;
    eprintln!("error: no chaos here: {error}");
    Some(ExitCode::from(2))
}

/// What came in, from all lanes.
#[derive(Debug, Default)]
struct Results {
    records: Vec<Record>,
    seen: Seen,
    failed: bool,
    out: Option<File>,
}

impl Results {
    fn add(&mut self, record: &Record, hint: &str) {
        let whole = record.whole_ms.map_or("NOT WHOLE".to_owned(), |ms| format!("whole after {ms} ms"));
        println!(
            "seed {} fault {:>3} {:<21} {whole}, no write for {} ms, {} of {} lost{}",
            record.seed,
            record.number,
            record.kind,
            record.gap_ms,
            record.lost,
            record.acked,
            record.notes.iter().map(|note| format!("; {note}")).collect::<String>()
        );
        for violation in &record.violations {
            println!(
                "VIOLATION: seed {} fault {} ({}): {violation}",
                record.seed, record.number, record.kind
            );
            println!("done: {}", record.done);
            println!("{hint}");
        }
        if let Some(file) = &mut self.out {
            if let Err(error) = writeln!(file, "{}", record.line()) {
                eprintln!("error: the results cannot be written: {error}");
                self.failed = true;
            }
        }
        self.records.push(record.clone());
    }
}

fn run(options: Options) -> ExitCode {
    net::clean_up();
    if let Some(status) = impossible() {
        return status;
    }
    let mut results = Results::default();
    if let Some(path) = &options.out {
        match OpenOptions::new().create(true).append(true).open(path) {
            Ok(file) => results.out = Some(file),
            Err(error) => {
                eprintln!("error: `{}`: {error}", path.display());
                return ExitCode::from(3);
            }
        }
    }
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        if let Err(error) = signal_hook::flag::register(signal, Arc::clone(&stop)) {
            eprintln!("warning: signal {signal} will leave namespaces behind until the next run: {error}");
        }
    }
    let end = options.seconds.map(|seconds| Instant::now() + seconds);
    let common = Common { stop, stalls: stall::Stalls::measure(), end };
    println!(
        "chaos: {} faults, {} sentinels of {}, seeds from {}, {} lanes",
        options.faults,
        options.sentinels,
        options.mix.name(),
        options.seed,
        options.lanes
    );
    let results = Mutex::new(results);
    std::thread::scope(|scope| {
        for lane in 0..options.lanes {
            let (options, common, results) = (&options, &common, &results);
            scope.spawn(move || {
                // The first lanes take what does not go up evenly.
                let faults =
                    options.faults / options.lanes + u64::from(lane < options.faults % options.lanes);
                let lock = || results.lock().unwrap_or_else(PoisonError::into_inner);
                let report = |record: &Record, hint: &str| lock().add(record, hint);
                match lane::run(options, lane, faults, common, report) {
                    Ok(seen) => lock().seen.add(seen),
                    Err(error) => {
                        eprintln!("error: lane {lane}: {error}");
                        lock().failed = true;
                    }
                }
            });
        }
    });
    let results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    print!("\n{}", table::table(&results.records));
    let wrong = results.records.iter().filter(|record| !record.violations.is_empty()).count();
    let Seen { votes, leaders, promotions } = results.seen;
    println!("\nin the logs: {votes} votes, {leaders} leaders, {promotions} promotions");
    println!("{} faults, {wrong} with violations", results.records.len());
    if wrong > 0 || results.failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
