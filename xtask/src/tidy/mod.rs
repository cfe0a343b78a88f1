//! The repository's own rules, checked over `git ls-files`. Here the files are read and the findings printed; the rules
//! are in the modules below, as pure functions from files to findings.

mod code;
mod manifest;
mod rust;
mod text;

use std::fmt;
use std::path::Path;
use std::process::Command;

/// A tracked text file.
#[derive(Debug)]
struct File {
    /// relative to the root of the repository, with `/`
    path: String,
    text: String,
}

/// One breach of a rule.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    path: String,
    /// counted from 1
    line: usize,
    what: String,
    hint: &'static str,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}\n  hint: {}", self.path, self.line, self.what, self.hint)
    }
}

/// A rule sees all files and gives what is wrong with them.
type Check = fn(&[File]) -> Vec<Finding>;

/// All rules.
const CHECKS: &[Check] = &[
    rust::short_files,
    rust::begin_with_purpose,
    rust::nothing_unfinished,
    rust::no_sleeps_in_tests,
    rust::words_of_the_field,
    text::no_paths_of_one_machine,
    text::same_headings_in_both_readmes,
    manifest::core_depends_on_resp_only,
    manifest::no_wildcard_versions,
];

/// Checks the repository around the current directory and prints what it finds. `true` when it found nothing.
pub(crate) fn run() -> Result<bool, String> {
    let files = tracked_files()?;
    let mut findings: Vec<Finding> = CHECKS.iter().flat_map(|check| check(&files)).collect();
    findings.sort();
    for finding in &findings {
        println!("{finding}");
    }
    println!("tidy: {} files, {} checks, {} findings", files.len(), CHECKS.len(), findings.len());
    Ok(findings.is_empty())
}

fn tracked_files() -> Result<Vec<File>, String> {
    let root = git(Path::new("."), &["rev-parse", "--show-toplevel"])?;
    let root = Path::new(root.trim_end());
    let mut files = Vec::new();
    for path in git(root, &["ls-files", "-z"])?.split_terminator('\0') {
        let full = root.join(path);
        // Neither a deletion not yet committed nor a link is a file to look at.
        if !full.symlink_metadata().is_ok_and(|metadata| metadata.is_file()) {
            continue;
        }
        let bytes = std::fs::read(&full).map_err(|error| format!("cannot read `{path}`: {error}"))?;
        // What is no text is data, and has no rules.
        if let Ok(text) = String::from_utf8(bytes) {
            files.push(File { path: path.to_owned(), text });
        }
    }
    Ok(files)
}

fn git(directory: &Path, arguments: &[&str]) -> Result<String, String> {
    let shown = arguments.join(" ");
    let output =
        Command::new("git").args(arguments).current_dir(directory).output().map_err(|error| {
            format!("cannot run `git {shown}`: {error}\nhint: tidy needs git in the PATH")
        })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("`git {shown}` failed: {}", said.trim_end()));
    }
    String::from_utf8(output.stdout).map_err(|_| format!("`git {shown}` gave a name that is not UTF-8"))
}

#[cfg(test)]
fn sample(path: &str, text: &str) -> File {
    File { path: path.to_owned(), text: text.to_owned() }
}

/// Path and line of each finding.
#[cfg(test)]
fn places(findings: &[Finding]) -> Vec<(&str, usize)> {
    findings.iter().map(|finding| (finding.path.as_str(), finding.line)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_says_where_what_and_how_to_mend_it() {
        let finding =
            Finding { path: "a/b.rs".to_owned(), line: 3, what: "`x` is wrong".to_owned(), hint: "use `y`" };
        assert_eq!(finding.to_string(), "a/b.rs:3: `x` is wrong\n  hint: use `y`");
    }

    #[test]
    fn the_files_are_those_git_knows() {
        let files = tracked_files().expect("the tests run inside the repository");
        assert!(files.iter().any(|file| file.path == "xtask/Cargo.toml" && file.text.contains("xtask")));
        assert!(!files.iter().any(|file| file.path.starts_with("target/")));
    }
}
