//! Rules for Rust files.

use super::code::code_only;
use super::{File, Finding};

/// Files are shorter than this many lines.
const LINES: usize = 1000;

/// What is written while something is not done, and must not stay.
const UNFINISHED: &[&str] = &["todo!(", "unimplemented!(", "dbg!(", "#[ignore"];

/// A sleep in a test ends with one of these on its line.
const SLEEP_ALLOWED: &[&str] = &["// the time itself is tested", "// between two looks at a condition"];

/// Words that mean something else in the field, see the word list in CONTRIBUTING.
const WRONG_WORDS: &[&str] = &["node", "nodes", "cluster", "clusters"];

/// Identifiers that have such a word all the same: where (a prefix of the path), which, why.
const WORDS_ALLOWED: &[(&str, &str, &str)] = &[
    ("crates/core/src/config/", "cluster", "the directive `tls-cluster`"),
    ("crates/core/", "tls_cluster", "the directive `tls-cluster`"),
    ("crates/core/", "cluster_connections", "a field of INFO"),
    ("crates/core/", "cluster_enabled", "a field of INFO"),
];

fn rust_files(files: &[File]) -> impl Iterator<Item = &File> {
    files.iter().filter(|file| file.path.ends_with(".rs"))
}

fn finding(file: &File, line: usize, what: String, hint: &'static str) -> Finding {
    Finding { path: file.path.clone(), line, what, hint }
}

/// Long files hide more than one subject.
pub(super) fn short_files(files: &[File]) -> Vec<Finding> {
    rust_files(files)
        .filter_map(|file| {
            let lines = file.text.lines().count();
            let what = format!("`{lines}` lines, expected fewer than `{LINES}`");
            (lines >= LINES)
                .then(|| finding(file, LINES, what, "split the file by subject; most have about 250 lines"))
        })
        .collect()
}

/// A module begins with why it exists and what it leaves to others.
pub(super) fn begin_with_purpose(files: &[File]) -> Vec<Finding> {
    const HINT: &str = "say why the module exists and what it leaves to others";
    rust_files(files)
        .filter(|file| {
            let first = file.text.lines().next().unwrap_or_default();
            first.strip_prefix("//!").is_none_or(|purpose| purpose.trim().is_empty())
        })
        .map(|file| finding(file, 1, "the module does not begin with a `//!` comment".to_owned(), HINT))
        .collect()
}

/// Nothing unfinished, no debugging aids, no tests that are switched off.
pub(super) fn nothing_unfinished(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in rust_files(files) {
        for (index, line) in code_only(&file.text).lines().enumerate() {
            for sign in UNFINISHED.iter().filter(|sign| contains_word_start(line, sign)) {
                let what = format!("`{sign}` is left in the code");
                findings.push(finding(file, index + 1, what, "finish it or remove it"));
            }
        }
    }
    findings
}

/// Tests wait on a condition with a deadline; a sleep makes them slow, or fail on a busy machine.
pub(super) fn no_sleeps_in_tests(files: &[File]) -> Vec<Finding> {
    const HINT: &str = "wait on a condition with a deadline, or end the line with `// the time itself is tested` \
        (in a waiting helper: `// between two looks at a condition`)";
    let mut findings = Vec::new();
    for file in rust_files(files) {
        let code = code_only(&file.text);
        let mut in_test = is_test(&file.path);
        for (index, (code, line)) in code.lines().zip(file.text.lines()).enumerate() {
            // A module of tests inside a file is the end of it.
            in_test |= code.starts_with("mod tests {");
            let allowed = SLEEP_ALLOWED.iter().any(|comment| line.trim_end().ends_with(comment));
            if in_test && contains_word_start(code, "sleep(") && !allowed {
                findings.push(finding(file, index + 1, "a test sleeps".to_owned(), HINT));
            }
        }
    }
    findings
}

fn is_test(path: &str) -> bool {
    path.split('/').any(|part| part == "tests" || part == "tests.rs")
}

/// The core speaks the field's words: "replica", "group", "peer".
pub(super) fn words_of_the_field(files: &[File]) -> Vec<Finding> {
    const HINT: &str = "say `server`, `peer`, `replica` or `group`; wire names belong into strings, \
        and exceptions, with a reason, into WORDS_ALLOWED in xtask/src/tidy/rust.rs";
    let mut findings = Vec::new();
    for file in rust_files(files).filter(|file| file.path.starts_with("crates/core/")) {
        for (index, line) in code_only(&file.text).lines().enumerate() {
            let identifiers = line.split(|c: char| !c.is_alphanumeric() && c != '_');
            for name in identifiers.filter(|name| has_wrong_word(name)) {
                let allowed = |entry: &(&str, &str, &str)| file.path.starts_with(entry.0) && name == entry.1;
                if !WORDS_ALLOWED.iter().any(allowed) {
                    let what = format!("`{name}` says something else than it means");
                    findings.push(finding(file, index + 1, what, HINT));
                }
            }
        }
    }
    findings
}

/// Whether one of the words of a snake_case or CamelCase name is a wrong one.
fn has_wrong_word(identifier: &str) -> bool {
    let mut spaced = String::new();
    let mut lower_before = false;
    for c in identifier.chars() {
        if c.is_uppercase() && lower_before {
            spaced.push('_');
        }
        lower_before = c.is_lowercase() || c.is_ascii_digit();
        spaced.extend(c.to_lowercase());
    }
    spaced.split('_').any(|word| WRONG_WORDS.contains(&word))
}

/// Whether `line` has `sign`, not as the end of a longer word.
fn contains_word_start(line: &str, sign: &str) -> bool {
    line.match_indices(sign).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

#[cfg(test)]
mod tests {
    use super::super::{places, sample};
    use super::*;

    #[test]
    fn a_long_file_is_found() {
        let files = [sample("a.rs", &"x\n".repeat(999)), sample("b.rs", &"x\n".repeat(1000))];
        assert_eq!(places(&short_files(&files)), [("b.rs", 1000)]);
        assert_eq!(short_files(&[sample("b.md", &"x\n".repeat(2000))]), []);
    }

    #[test]
    fn a_module_without_purpose_is_found() {
        let files = [
            sample("a.rs", "//! Why.\nfn a() {}\n"),
            sample("b.rs", "fn b() {}\n//! Late.\n"),
            sample("c.rs", "//!\n"),
            sample("d.rs", ""),
        ];
        assert_eq!(places(&begin_with_purpose(&files)), [("b.rs", 1), ("c.rs", 1), ("d.rs", 1)]);
    }

    #[test]
    fn unfinished_code_is_found() {
        for sign in UNFINISHED {
            let text = format!("//! `{sign}` in a comment\nlet text = \"{sign}\";\nlet x = 1; {sign}\n");
            assert_eq!(places(&nothing_unfinished(&[sample("a.rs", &text)])), [("a.rs", 3)], "{sign}");
        }
        assert_eq!(nothing_unfinished(&[sample("a.rs", "my_dbg!(1);")]), []);
    }

    #[test]
    fn a_sleeping_test_is_found() {
        let text = "std::thread::sleep(SECOND);\n\
            tokio::time::sleep(Duration::from_secs(1)).await;\n\
            sleep(SECOND); // the time itself is tested\n\
            sleep(TICK); // between two looks at a condition\n\
            no_sleep(SECOND); // sleep(1)\n";
        for path in ["crates/a/tests/it/x.rs", "crates/a/src/x/tests.rs", "conformance/tests/x.rs"] {
            assert_eq!(places(&no_sleeps_in_tests(&[sample(path, text)])), [(path, 1), (path, 2)]);
        }
        assert_eq!(no_sleeps_in_tests(&[sample("crates/a/src/x.rs", text)]), []);
        let inside = format!("{text}mod tests {{\n{text}}}\n");
        let path = "crates/a/src/x.rs";
        assert_eq!(places(&no_sleeps_in_tests(&[sample(path, &inside)])), [(path, 7), (path, 8)]);
    }

    #[test]
    fn a_wrong_word_is_found() {
        let text =
            "// a node\nlet my_node = \"cluster\";\nstruct NodeId;\nfn clusters() {}\nlet denoted = 1;\n";
        let path = "crates/core/src/x.rs";
        assert_eq!(places(&words_of_the_field(&[sample(path, text)])), [(path, 2), (path, 3), (path, 4)]);
        assert_eq!(words_of_the_field(&[sample("crates/other/src/x.rs", text)]), []);
        for (prefix, name, _) in WORDS_ALLOWED {
            let field = format!("{name}: bool,");
            assert_eq!(words_of_the_field(&[sample(&format!("{prefix}x.rs"), &field)]), []);
        }
        assert_eq!(places(&words_of_the_field(&[sample(path, "cluster: bool")])), [(path, 1)]);
    }
}
