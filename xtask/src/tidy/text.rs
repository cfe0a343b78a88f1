//! Rules for files of any kind.

use super::{File, Finding};

/// Beginnings of paths that exist on one machine only. (In pieces, so that this file keeps the rule, too.)
const ABSOLUTE: &[&str] = &[concat!("/ro", "ot/"), concat!("/wo", "rk/"), concat!("/Us", "ers/")];

/// A folder beside the repository, that nobody else has.
const OUTSIDE: &str = concat!("../sha", "red");

/// What is committed works on every machine.
pub(super) fn no_paths_of_one_machine(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files {
        for (index, line) in file.text.lines().enumerate() {
            let absolute = ABSOLUTE.iter().filter(|path| begins_in(line, path)).copied();
            let outside = line.contains(OUTSIDE).then_some(OUTSIDE);
            for path in absolute.chain(outside) {
                findings.push(Finding {
                    path: file.path.clone(),
                    line: index + 1,
                    what: format!("`{path}` exists on one machine only"),
                    hint: "use a path inside the repository, a temporary directory, or one every reader has",
                });
            }
        }
    }
    findings
}

/// Whether a path that begins with `path` is in `line`, and not as the middle of a longer one.
fn begins_in(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        !before.is_some_and(|c| c.is_alphanumeric() || "_-./~}*".contains(c))
    })
}

/// The two READMEs tell the same: heading by heading, on the same levels.
pub(super) fn same_headings_in_both_readmes(files: &[File]) -> Vec<Finding> {
    const ENGLISH: &str = "README.md";
    const CHINESE: &str = "README.zh-CN.md";
    const HINT: &str = "both READMEs have the same headings, in the same order and on the same levels";
    let find = |path: &str| files.iter().find(|file| file.path == path);
    let (english, chinese) = match (find(ENGLISH), find(CHINESE)) {
        (None, None) => return Vec::new(),
        (Some(english), Some(chinese)) => (headings(&english.text), headings(&chinese.text)),
        (english, _) => {
            let missing = if english.is_some() { CHINESE } else { ENGLISH };
            let what = "the file is missing".to_owned();
            return vec![Finding { path: missing.to_owned(), line: 1, what, hint: HINT }];
        }
    };
    let levels = |found: &[(usize, usize)]| found.iter().map(|heading| heading.1).collect::<Vec<_>>();
    if levels(&english) == levels(&chinese) {
        return Vec::new();
    }
    let same = english.iter().zip(&chinese).take_while(|(a, b)| a.1 == b.1).count();
    let place =
        |found: &[(usize, usize)]| found.get(same).map_or("its end".to_owned(), |h| format!("line {}", h.0));
    let what = format!(
        "`{}` headings, `{ENGLISH}` has `{}`; they part at {} here and {} there",
        chinese.len(),
        english.len(),
        place(&chinese),
        place(&english),
    );
    let line = chinese.get(same).or(chinese.last()).map_or(1, |heading| heading.0);
    vec![Finding { path: CHINESE.to_owned(), line, what, hint: HINT }]
}

/// Line and level of each heading outside code blocks.
fn headings(text: &str) -> Vec<(usize, usize)> {
    let mut in_code = false;
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        let level = line.len() - line.trim_start_matches('#').len();
        let is_heading =
            (1..=6).contains(&level) && line.get(level..).is_some_and(|rest| rest.starts_with(' '));
        if is_heading && !in_code {
            found.push((index + 1, level));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::{places, sample};
    use super::*;

    #[test]
    fn a_path_of_one_machine_is_found() {
        for path in ABSOLUTE.iter().chain([&OUTSIDE]) {
            let text = format!("fine\nsee `{path}x`\n");
            assert_eq!(places(&no_paths_of_one_machine(&[sample("a.md", &text)])), [("a.md", 2)], "{path}");
        }
        let inside = ABSOLUTE.iter().map(|path| format!("https://example.org{path}x\n")).collect::<String>();
        assert_eq!(no_paths_of_one_machine(&[sample("a.md", &inside)]), []);
    }

    #[test]
    fn readmes_that_differ_are_found() {
        let check = |english: &str, chinese: &str| {
            let files = [sample("README.md", english), sample("README.zh-CN.md", chinese)];
            same_headings_in_both_readmes(&files).iter().map(|f| f.line).collect::<Vec<_>>()
        };
        assert_eq!(check("# A\n\n```sh\n# comment\n```\n## B\n", "# X\n## Y\n"), []);
        assert_eq!(check("# A\n## B\n", "# X\n"), [1]);
        assert_eq!(check("# A\n## B\n", "# X\n\n### Y\n"), [3]);
        assert_eq!(check("# A\n", "# X\n## Y\n"), [2]);
        let lonely = same_headings_in_both_readmes(&[sample("README.md", "# A\n")]);
        assert_eq!(places(&lonely), [("README.zh-CN.md", 1)]);
        assert_eq!(same_headings_in_both_readmes(&[]), []);
    }
}
