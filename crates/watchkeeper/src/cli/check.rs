//! `watchkeeper check`: what is wrong, or will hurt, in configuration files. The rules are in [`crate::check`]; here are the
//! arguments, which findings count, and the exit status.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::format::Format;
use super::lang::Lang;
use super::out::finish;
use crate::check::codes::{Rule, Severity, by_code};
use crate::check::{Finding, Input, Options, check, json, show};
use crate::doctor;

/// Something will hurt.
const WARNED: i32 = 1;
/// A sentinel would not start, or something could not be read.
const WRONG: i32 = 2;

/// `watchkeeper check`
#[derive(Debug, clap::Args)]
pub(super) struct CheckArgs {
    /// Configurations of sentinels, of redis-sentinel and valkey-sentinel too; `-` for standard input
    #[arg(required_unless_present_any = ["list", "explain"], value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The files are for another machine: scripts, logs, certificates and permissions of this one are not looked at
    #[arg(long)]
    elsewhere: bool,
    /// Also resolve names and measure how fast masters answer
    #[arg(long, conflicts_with = "elsewhere")]
    online: bool,
    /// Take these for errors: codes, `warnings` or `notes`
    #[arg(long, value_name = "CODE", value_delimiter = ',', value_parser = class)]
    deny: Vec<Class>,
    /// Leave these out: codes, `warnings` or `notes`
    #[arg(long, value_name = "CODE", value_delimiter = ',', value_parser = class)]
    allow: Vec<Class>,
    /// List all codes
    #[arg(long, conflicts_with_all = ["files", "explain"])]
    list: bool,
    /// Explain a code
    #[arg(long, value_name = "CODE", value_delimiter = ',', value_parser = explained, conflicts_with = "files")]
    explain: Vec<Explained>,
    /// How findings are printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Which findings are meant.
#[derive(Debug, Clone, Copy)]
enum Class {
    All(Severity),
    Code(&'static str),
}

impl Class {
    fn has(self, finding: &Finding) -> bool {
        match self {
            Class::All(severity) => severity == finding.severity,
            Class::Code(code) => code == finding.code,
        }
    }
}

/// A code that can be explained: one of ours, or of the command that asks a running deployment.
#[derive(Debug, Clone, Copy)]
enum Explained {
    Check(&'static Rule),
    Doctor(&'static doctor::Entry),
}

impl Explained {
    fn told(self, lang: Lang) -> String {
        match self {
            Explained::Doctor(entry) => entry.explained(lang),
            Explained::Check(rule) => show::explain(rule, lang),
        }
    }
}

fn explained(word: &str) -> Result<Explained, String> {
    match (rule(word), doctor::by_code(word)) {
        (Err(_), Some(entry)) => Ok(Explained::Doctor(entry)),
        (rule, _) => rule.map(Explained::Check),
    }
}

fn rule(word: &str) -> Result<&'static Rule, String> {
    by_code(word).ok_or_else(|| match doctor::by_code(word) {
        Some(entry) => {
            format!("`{}` is a code of `watchkeeper doctor`, which asks a deployment that runs", entry.id)
        }
        None => "expected a code such as WK101; `watchkeeper check --list` has them all".to_owned(),
    })
}

fn class(word: &str) -> Result<Class, String> {
    match word {
        "warnings" => Ok(Class::All(Severity::Warning)),
        "notes" => Ok(Class::All(Severity::Note)),
        code => rule(code).map(|rule| Class::Code(rule.code)),
    }
}

/// Looks and tells: 0, nothing worse than notes; 1, warnings; 2, errors.
pub(super) fn run(args: &CheckArgs, lang: Lang) -> ExitCode {
    if args.list || !args.explain.is_empty() {
        return finish(table(args, lang), 0, WRONG, lang);
    }
    let options = Options { lang, elsewhere: args.elsewhere, online: args.online };
    let inputs: Vec<Input> = distinct(&args.files).into_iter().map(read).collect();
    let files = inputs.len();
    let mut found = check(inputs, options);
    let worst = judge(&mut found, &args.allow, &args.deny);
    let colour =
        io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let text = match args.format {
        Format::Text => show::findings(&found, files, lang, colour),
        Format::Json => json::findings(&found, files, lang),
    };
    finish(text, worst, WRONG, lang)
}

/// Each file once, however it is written.
fn distinct(files: &[PathBuf]) -> Vec<&Path> {
    let mut seen = Vec::new();
    let mut kept = Vec::new();
    for file in files {
        let real = file.canonicalize().unwrap_or_else(|_| file.clone());
        if !seen.contains(&real) {
            seen.push(real);
            kept.push(file.as_path());
        }
    }
    kept
}

fn read(path: &Path) -> Input {
    if path == Path::new("-") { Input::stdin() } else { Input::file(path) }
}

fn table(args: &CheckArgs, lang: Lang) -> String {
    match args.format {
        Format::Json => json::list(lang),
        Format::Text if args.list => show::list(lang),
        Format::Text => args.explain.iter().map(|code| code.told(lang)).collect::<Vec<_>>().join("\n"),
    }
}

/// Leaves out what is allowed, makes errors of what is denied; the exit status.
fn judge(found: &mut Vec<Finding>, allow: &[Class], deny: &[Class]) -> i32 {
    let any = |classes: &[Class], finding: &Finding| classes.iter().any(|class| class.has(finding));
    // Errors are what a sentinel says itself; nobody can allow them.
    found.retain(|finding| finding.severity == Severity::Error || !any(allow, finding));
    for finding in found.iter_mut() {
        if any(deny, finding) {
            finding.severity = Severity::Error;
        }
    }
    match found.iter().map(|finding| finding.severity).max() {
        Some(Severity::Error) => WRONG,
        Some(Severity::Warning) => WARNED,
        Some(Severity::Note) | None => 0,
    }
}
