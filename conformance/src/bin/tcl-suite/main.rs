//! Runs upstream's Tcl suite for Sentinel, unmodified, against the product, and judges the result.
//!
//! The suite comes from Debian's source package at run time; nothing of it is kept in this repository. It
//! expects its programs in `src/` beside `tests/`, so that is what it gets: Redis's own server and the
//! sentinel under test. Every unit must pass, except those in `tcl-skips.txt`, each with its reason.
//!
//! `tcl-suite [--runs N] [--unit PATTERN]`. `WATCHKEEPER_BIN=/usr/bin/redis-sentinel` tests the real one.

mod fetch;
mod judge;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use judge::{Verdict, judge};
use watchkeeper_conformance::Flavour;
use watchkeeper_conformance::binaries::{target_dir, workspace};

/// A run takes some six minutes; one that hangs must not hang for ever.
const RUN_LIMIT: Duration = Duration::from_secs(45 * 60);

struct Options {
    runs: usize,
    unit: Option<String>,
}

fn main() -> ExitCode {
    let options = match options() {
        Ok(options) => options,
        Err(text) => {
            eprintln!("{text}\nusage: tcl-suite [--runs N] [--unit PATTERN]");
            return ExitCode::from(2);
        }
    };
    let home = target_dir().join("tcl-suite");
    let tree = work_tree(&home, &fetch::source(&home));
    println!("sentinel under test: {}", Flavour::Ours.sentinel().0.display());
    let skips = skips(&workspace().join("conformance/tcl-skips.txt"));
    let units = units(&tree, &skips, options.unit.as_deref());
    let mut failed = 0;
    for run in 1..=options.runs {
        let start = Instant::now();
        let log = home.join(format!("run-{run}.log"));
        let output = run_suite(&tree, &units, skips.is_empty() && options.unit.is_none(), &log);
        let verdict = judge(&output, &units);
        report(run, &verdict, start.elapsed(), &log);
        if !verdict.passed() {
            failed += 1;
            keep_evidence(&tree, &home.join(format!("failed-{run}")));
        }
    }
    for (unit, reason) in &skips {
        println!("skipped: {unit}: {reason}");
    }
    println!("tcl-suite: {} of {} runs passed", options.runs - failed, options.runs);
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn options() -> Result<Options, String> {
    let mut options = Options { runs: 1, unit: None };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let value = words.next().ok_or(format!("`{word}` needs a value"))?;
        match word.as_str() {
            "--runs" => options.runs = value.parse().map_err(|_| format!("`{value}` is not a number"))?,
            "--unit" => options.unit = Some(value),
            _ => return Err(format!("`{word}` is no option")),
        }
    }
    Ok(options)
}

/// `unit.tcl: reason` per line; `#` begins a comment.
fn skips(path: &Path) -> Vec<(String, String)> {
    let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("`{}`: {e}", path.display()));
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let split = |line: &str| {
        let (unit, reason) = line.split_once(':').unwrap_or_else(|| panic!("no reason in skip `{line}`"));
        (unit.trim().to_owned(), reason.trim().to_owned())
    };
    lines.map(split).collect()
}

fn units(tree: &Path, skips: &[(String, String)], pattern: Option<&str>) -> Vec<String> {
    let entries = fs::read_dir(tree.join("tests/sentinel/tests")).expect("the suite has its units there");
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let wanted = |name: &String| {
        name.ends_with(".tcl")
            && pattern.is_none_or(|pattern| name.contains(pattern))
            && !skips.iter().any(|(unit, _)| unit == name)
    };
    let mut units: Vec<String> = names.filter(wanted).collect();
    units.sort();
    assert!(!units.is_empty(), "no unit to run");
    units
}

/// Lays out `tests/` (a copy), `src/` and the start script, as the suite expects them.
fn work_tree(home: &Path, source: &Path) -> PathBuf {
    let tree = home.join("work");
    let _ = fs::remove_dir_all(&tree);
    let programs = tree.join("src/programs");
    fs::create_dir_all(&programs).expect("the target directory is ours");
    for name in ["tests", "runtest-sentinel"] {
        let status = Command::new("cp").arg("-r").arg(source.join(name)).arg(&tree).status();
        assert!(status.is_ok_and(|s| s.success()), "cannot copy `{name}` from `{}`", source.display());
    }
    let (server, _) = Flavour::Redis.server();
    let beside = |name: &str| server.with_file_name(name);
    let (sentinel, _) = Flavour::Ours.sentinel();
    install(&tree, "redis-server", &server);
    install(&tree, "redis-sentinel", &sentinel);
    install(&tree, "redis-cli", &beside("redis-cli"));
    install(&tree, "redis-benchmark", &beside("redis-benchmark"));
    tree
}

/// The program under its expected name, through a script that makes it die with the suite.
fn install(tree: &Path, name: &str, program: &Path) {
    let program = fs::canonicalize(program).unwrap_or_else(|e| panic!("`{}`: {e}", program.display()));
    let link = tree.join("src/programs").join(name);
    std::os::unix::fs::symlink(program, link).expect("the work tree is new");
    let script = tree.join("src").join(name);
    let text = "#!/bin/sh\nexec setpriv --pdeathsig KILL \"${0%/*}/programs/${0##*/}\" \"$@\"\n";
    fs::write(&script, text).expect("the work tree is ours");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&script, mode).expect("the work tree is ours");
}

/// One run; everything the suite said, without colours.
fn run_suite(tree: &Path, units: &[String], all: bool, log: &Path) -> String {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "timeout", "--foreground", "--kill-after=20"]);
    command.arg(RUN_LIMIT.as_secs().to_string()).args(["./runtest-sentinel", "--dont-clean"]);
    if !all {
        command.args(units.iter().flat_map(|unit| ["--single", unit]));
    }
    command.current_dir(tree).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let mut child = command.spawn().expect("setpriv and timeout are part of every Debian");
    let mut log = fs::File::create(log).expect("the target directory is ours");
    let mut output = String::new();
    let lines = BufReader::new(child.stdout.take().expect("stdout is piped")).lines();
    for line in lines.map_while(Result::ok) {
        let line = without_colours(&line);
        if line.starts_with("Testing unit") || line.contains("FAILED") {
            println!("  {line}");
        }
        writeln!(log, "{line}").expect("the log can be written");
        output += &line;
        output.push('\n');
    }
    let status = child.wait().expect("our own child can be waited for");
    output += &format!("exit status: {}\n", status.code().unwrap_or(-1));
    output
}

fn without_colours(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('\x1b') {
        out += before;
        rest = after.split_once('m').map_or("", |(_, text)| text);
    }
    out + rest
}

fn report(run: usize, verdict: &Verdict, took: Duration, log: &Path) {
    println!(
        "run {run}: {} tests in {} units passed, {} failed, {:.0} s (log: {})",
        verdict.ok,
        verdict.units_run,
        verdict.problems.len(),
        took.as_secs_f64(),
        log.display()
    );
    for problem in &verdict.problems {
        println!("  PROBLEM {problem}");
    }
}

/// The instances' directories with logs and configuration files, which the next run would remove.
fn keep_evidence(tree: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    let _ = Command::new("cp").arg("-r").arg(tree.join("tests/sentinel/tmp")).arg(to).status();
    println!("  logs of the instances: {}", to.display());
}
