//! Every file in `scenarios/` is played, and everything it expects must come true.

use std::path::PathBuf;

use watchkeeper_sim::scenario;

#[allow(clippy::disallowed_methods, clippy::unwrap_used)] // it only reads files of the repository
fn files() -> Vec<(String, String)> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios"));
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".md"))
        .collect();
    names.sort();
    let read =
        |name: String| (format!("scenarios/{name}"), std::fs::read_to_string(folder.join(&name)).unwrap());
    names.into_iter().map(read).collect()
}

fn scenarios() -> Vec<(String, String)> {
    files().into_iter().filter(|(path, _)| path != "scenarios/README.md").collect()
}

#[test]
fn everything_comes_true() {
    let mut failed = String::new();
    for (path, text) in scenarios() {
        let report = scenario::run(&path, &text);
        if !report.passed() {
            failed.push_str(&report.to_string());
        }
    }
    assert!(failed.is_empty(), "\n{failed}");
}

#[test]
fn the_same_file_takes_the_same_course() {
    let hashes = |text: &str| {
        let cases = scenario::run("x", text).outcome.unwrap();
        cases.iter().map(|case| case.hash).collect::<Vec<_>>()
    };
    let (_, text) = &scenarios()[0];
    assert_eq!(hashes(text), hashes(text));
}

#[test]
fn an_expectation_that_does_not_come_true_says_what_was_seen() {
    let text =
        "# T\n```scenario\nworld: 3 sentinels, quorum 2\nat 10s crash master\nexpect +tilt within 5s\n```\n";
    let report = scenario::run("scenarios/x.md", text);
    let said = report.to_string();
    assert!(!report.passed());
    for part in [
        "scenarios/x.md:5: `expect +tilt within 5s` failed at 15 s:",
        "not so 5 s after the last action",
        "+sdown slave 10.0.0.1:6379 10.0.0.1 6379 @ mymaster",
        "the last lines of the trace:",
        "scenario scenarios/x.md --trace` replays it",
    ] {
        assert!(said.contains(part), "`{part}` is missing in:\n{said}");
    }
}

#[test]
#[allow(clippy::disallowed_methods)] // it only reads a file of the repository
fn the_reference_is_that_of_the_tables() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/internals/scenarios.md");
    let text = std::fs::read_to_string(path).unwrap();
    let hint = "hint: put the output of `cargo run -p watchkeeper-sim -- scenario --reference` at its end";
    assert!(text.ends_with(&scenario::reference()), "{path} is not up to date\n{hint}");
}

#[test]
fn every_file_is_a_question_in_both_languages_and_in_the_index() {
    let files = files();
    let index = files.iter().find(|(path, _)| path == "scenarios/README.md").map(|(_, text)| text).unwrap();
    for (path, text) in scenarios() {
        let title = text.lines().next().unwrap_or("");
        assert!(
            title.starts_with("# ") && title.ends_with('?'),
            "{path}: the title `{title}` is no question"
        );
        assert!(text.contains("\n> 中文："), "{path}: a line `> 中文：` is missing");
        assert!(text.contains("**What to do:**"), "{path}: what to do is missing");
        let file = path.trim_start_matches("scenarios/");
        let entry = format!("- [{}]({file})", title.trim_start_matches("# "));
        assert!(index.contains(&entry), "scenarios/README.md lacks `{entry}`");
    }
}
