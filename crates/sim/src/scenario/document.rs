//! A scenario file: Markdown for operators, with blocks fenced as ```` ```scenario ````. A block that begins with
//! `world:` begins a new world; one that does not goes on where the block before it stopped.

use crate::setup::Setup;

use super::grammar;
use super::roster::Roster;
use super::step::{Case, Step};
use super::words::{self, Error, Wrong};

/// Reads all cases of a file.
pub(crate) fn read(path: &str, text: &str) -> Result<Vec<Case>, Error> {
    let mut reader = Reader { path, cases: Vec::new(), heading: String::new(), furnishing: false };
    let mut inside = false;
    for (index, line) in text.lines().enumerate() {
        if let Some(fence) = line.strip_prefix("```") {
            inside = !inside && fence.trim() == "scenario";
            reader.furnishing = false;
        } else if inside {
            reader.line(index + 1, line)?;
        } else if line.starts_with('#') {
            line.trim_start_matches('#').trim().clone_into(&mut reader.heading);
        }
    }
    if let Some(case) = reader.cases.iter().find(|case| case.steps.is_empty()) {
        let wrong = Wrong {
            column: 1,
            what: "a world in which nothing happens".to_owned(),
            hint: "add steps and expectations after `world:`".to_owned(),
        };
        return Err(error(path, case.line, "", wrong));
    }
    if reader.cases.is_empty() {
        let wrong = Wrong {
            column: 1,
            what: "there is no block fenced as ```scenario in this file".to_owned(),
            hint: "see docs/internals/scenarios.md".to_owned(),
        };
        return Err(error(path, 1, "", wrong));
    }
    Ok(reader.cases)
}

struct Reader<'t> {
    path: &'t str,
    cases: Vec<Case>,
    heading: String,
    /// the lines before are all `world:` lines of the same world
    furnishing: bool,
}

impl Reader<'_> {
    fn line(&mut self, number: usize, line: &str) -> Result<(), Error> {
        self.words(number, line).map_err(|wrong| error(self.path, number, line, wrong))
    }

    fn words(&mut self, number: usize, line: &str) -> Result<(), Wrong> {
        let words = words::cut(line)?;
        let Some(first) = words.first() else { return Ok(()) };
        if first.text == "world:" {
            if !self.furnishing {
                let setup = Setup { traced: true, ..Setup::default() };
                let title = self.heading.clone();
                self.cases.push(Case { title, line: number, setup, steps: Vec::new() });
            }
            self.furnishing = true;
            let case = self.cases.last_mut().expect("just added");
            return if words.len() == 1 { Ok(()) } else { grammar::world(&words, &mut case.setup) };
        }
        self.furnishing = false;
        let Some(case) = self.cases.last_mut() else {
            return Err(Wrong {
                column: first.column,
                what: format!("expected `world:`, found `{}`", first.text),
                hint: "the first line says what the world begins with: `world: 3 sentinels, 3 servers, quorum 2`".to_owned(),
            });
        };
        let what = grammar::step(&words, &Roster::of(&case.setup))?;
        case.steps.push(Step { line: number, text: line.trim().to_owned(), what });
        Ok(())
    }
}

fn error(path: &str, line: usize, source: &str, wrong: Wrong) -> Error {
    let Wrong { column, what, hint } = wrong;
    Error { path: path.to_owned(), line, column, what, hint, source: source.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::step::{Action, Check, Limit, Start, What};

    fn wrong(line: &str) -> String {
        let text = format!("# T\n```scenario\nworld: 3 sentinels\n{line}\n```\n");
        read("x.md", &text).unwrap_err().to_string()
    }

    #[test]
    fn blocks_go_on_until_the_next_world() {
        let text = "# A\n\ntext\n```scenario\nworld: 5 sentinels, quorum 3,\n  seed 7\n```\n";
        assert!(read("x.md", text).is_err(), "a comma without a thing after it");
        let text = "# A\n```scenario\nworld: 5 sentinels, quorum 3\nworld: seed 7\nat 1s crash master # why\n```\n\
            then\n```scenario\nexpect +odown within 3s\n```\n## B\n```scenario\nworld:\nwait 1s\n```\n\
            ```sh\nnot ours\n```\n";
        let cases = read("x.md", text).unwrap();
        assert_eq!(cases.len(), 2);
        assert_eq!((cases[0].title.as_str(), cases[1].title.as_str()), ("A", "B"));
        assert_eq!((cases[0].setup.sentinels.len(), cases[0].setup.quorum, cases[0].setup.seed), (5, 3, 7));
        let [first, second] = &cases[0].steps[..] else { panic!("{:?}", cases[0].steps) };
        assert!(matches!(&first.what, What::Do { start: Start::At(1_000_000), action: Action::Crash(_) }));
        let What::Expect { check: Check::Seen(_), limit } = &second.what else { panic!("{second:?}") };
        assert_eq!((*limit, second.line), (Limit::Within(3_000_000), 9));
    }

    #[test]
    fn mistakes_are_shown_with_their_place_and_what_to_write() {
        let cases = [
            (
                "at 10s crsh master",
                "x.md:4:8: expected an action or `expect`, found `crsh`",
                "`crash <processes>`",
            ),
            ("at ten crash master", "x.md:4:4: expected a time such as", "`at <time>`"),
            ("crash redis-9", "x.md:4:7: expected a process", "this world has redis-1, redis-2"),
            (
                "expect +switch-mster within 3s",
                "x.md:4:8: expected the name of an event",
                "`+switch-master`?",
            ),
            ("expect +odown within", "x.md:4:22: expected a time", "within <time>"),
            ("expect +odown for 3s", "x.md:4:15: `for` says nothing", "use `within`"),
            ("expect master sent-1 on every sentinel", "x.md:4:15: expected a server", "redis-3"),
            ("pause redis-1 for 5s now", "x.md:4:22: expected `when` or", "docs/internals/scenarios.md"),
            ("failover on sent-1 of other", "x.md:4:23: there is no group `other`", "`mymaster`"),
        ];
        for (line, what, hint) in cases {
            let said = wrong(line);
            assert!(said.starts_with(what), "{line}: {said}");
            assert!(said.split("hint:").nth(1).is_some_and(|said| said.contains(hint)), "{line}: {said}");
        }
    }

    #[test]
    fn a_file_without_steps_is_no_scenario() {
        assert!(read("x.md", "# A\n").unwrap_err().to_string().contains("no block fenced"));
        assert!(read("x.md", "```scenario\ncrash master\n```").unwrap_err().to_string().contains("`world:`"));
        assert!(
            read("x.md", "```scenario\nworld:\n```").unwrap_err().to_string().contains("nothing happens")
        );
    }
}
