//! The configuration against what the real `redis-sentinel` 7.0.15 does with the same text: what it says is recorded in
//! `config/`, so that no Redis is needed here.

#![allow(clippy::disallowed_methods)] // The recorded cases are files; the core itself reads none.

mod machine;

use machine::Machine;
use watchkeeper_core::Persona;
use watchkeeper_core::config::{CommandLine, Config, ConfigError, assemble, directive, reading, rewrite};
use watchkeeper_core::id::SentinelId;

/// Lines we accept although the recorded program does not: its build lacks the feature, others have it.
const ACCEPTED: [&str; 1] = ["activedefrag YES"];

/// Every line is judged as by the real one, with the same words.
#[test]
fn single_lines_are_judged_as_by_redis() {
    let mut wrong = Vec::new();
    for record in include_str!("config/lines.txt").lines() {
        let (line, expected) = record.split_once('\t').expect("two columns");
        let general = !line.trim_start_matches(['"', ' ']).to_ascii_lowercase().starts_with("sentinel");
        let last = if general { "zzz" } else { "sentinel zzz" };
        let mut machine = Machine::new(&[("run.sh", ""), ("s.conf", "")]);
        let line = line.replace("$DIR", "/srv/wk");
        let text = format!("sentinel monitor mm 127.0.0.1 6379 2\n{line}\n{last}\n");
        let error = machine.parse(&text).expect_err("the last line is always wrong");
        let flaws = machine.survey(&text).flaws;
        // Who reads on meets the error first that a sentinel stops at.
        assert_eq!(flaws.first().map(|flaw| &flaw.error), Some(&*error), "{line}");
        let said = match error.line {
            0 => format!("log: {}", error.message),
            3 => "ok".into(),
            _ => error.message,
        };
        let expected = if ACCEPTED.contains(&&line[..]) { "ok" } else { expected };
        if said != expected.replace("$DIR", "/srv/wk") {
            wrong.push(format!("{line}\n   redis: {expected}\n   ours:  {said}"));
        }
    }
    assert!(wrong.is_empty(), "{} lines:\n{}", wrong.len(), wrong.join("\n"));
}

/// What is claimed about upstream's reading of odd numbers is what it did; and where only we refuse a line, it is said so.
#[test]
fn odd_numbers_are_read_as_is_claimed() {
    let mut wrong = Vec::new();
    for record in include_str!("config/numbers.txt").lines() {
        let (line, recorded) = record.split_once('\t').expect("two columns");
        let text = format!("sentinel monitor mm 127.0.0.1 6379 2\n{line}\n");
        let mut machine = Machine::new(&[]);
        let survey = machine.survey(&text);
        let words = &survey.lines.last().expect("the line itself").words;
        let known = directive::sentinel(&words[1]).expect("a known directive");
        let numbers = words.iter().enumerate().filter_map(|(at, word)| reading(known.key, at, word));
        let claimed = numbers.filter_map(|number| number.refused).next().unwrap_or("ok");
        let refused = machine.parse(&text).err();
        let ours = refused.as_ref().map(|error| (&error.message[..], error.only_here));
        let fits = match (ours, recorded) {
            (None, _) => true,
            (Some((_, only_here)), "ok") => only_here,
            (Some((message, only_here)), _) => message == recorded && !only_here,
        };
        if claimed != recorded || !fits {
            wrong.push(format!("{line}\n   redis: {recorded}\n   claimed: {claimed}\n   ours: {ours:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} lines:\n{}", wrong.len(), wrong.join("\n"));
}

/// What is not UTF-8 is refused, and the sentinel itself says that upstream would not.
#[test]
fn what_only_we_refuse_comes_with_advice() {
    let texts: [&[u8]; 3] = [
        b"sentinel monitor ma\xeetre 127.0.0.1 6379 2\n",
        b"sentinel monitor mm 127.0.0.1 6379 2\n# a\0b\n",
        b"sentinel monitor mm 127.0.0.1 6379 4294967298\n",
    ];
    for text in texts {
        let error = Machine::new(&[]).parse(text).expect_err("it is refused");
        let said = String::from_utf8_lossy(&error.stderr(Persona::Redis)).into_owned();
        assert!(error.only_here && said.contains("\nhint: redis-sentinel "), "{said}");
    }
    let error = Machine::new(&[]).parse("sentinel monitor mm 127.0.0.1 6379 0").expect_err("it is refused");
    assert!(!String::from_utf8_lossy(&error.stderr(Persona::Redis)).contains("hint"));
}

/// One recorded case: its sections by name.
struct Case<'a> {
    name: &'a str,
    sections: Vec<(&'a str, String)>,
}

impl<'a> Case<'a> {
    fn read(name: &'a str, text: &'a str) -> Case<'a> {
        let mut sections: Vec<(&str, String)> = Vec::new();
        for line in text.split_inclusive('\n') {
            match (line.strip_prefix("--- "), sections.last_mut()) {
                (Some(header), _) => sections.push((header.trim_end(), String::new())),
                (None, Some((_, body))) => body.push_str(line),
                (None, None) => assert!(line.starts_with('#'), "{name}: a case begins with a comment"),
            }
        }
        for (header, body) in &mut sections {
            *body = body.replace("$DIR", "/srv/wk").replace("$ID", ID).replace("$NUL", "\0");
            if let Some(name) = header.strip_suffix(" no-newline") {
                *header = name;
                body.pop();
            }
        }
        Case { name, sections }
    }

    fn section(&self, wanted: &str) -> Option<&str> {
        self.sections.iter().find(|(name, _)| *name == wanted).map(|(_, body)| &body[..])
    }

    fn machine(&self) -> Machine {
        let files =
            self.sections.iter().filter_map(|(name, body)| Some((name.strip_prefix("file ")?, &body[..])));
        Machine::new(&files.collect::<Vec<_>>())
    }

    /// The text read, and what became of it.
    fn parse(&self) -> Result<Config, Box<ConfigError>> {
        let mut words = vec![b"/srv/wk/s.conf".to_vec()];
        words.extend(self.section("args").unwrap_or_default().lines().map(|word| word.as_bytes().to_vec()));
        let line = CommandLine::read(&words);
        let stdin = self.section("stdin").unwrap_or_default();
        assert_eq!(line.stdin, self.section("stdin").is_some(), "{}", self.name);
        let main = self.section("file s.conf").expect("every case has a file");
        self.machine().parse(assemble(main.as_bytes(), stdin.as_bytes(), &line.options))
    }
}

const ID: &str = "ffffffffffffffffffffffffffffffffffffffff";

/// The lines of a file that say something, sorted.
fn said(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = text.lines().filter(|line| !line.is_empty()).map(str::to_string).collect();
    lines.sort();
    lines
}

fn compare(case: &Case<'_>) -> Result<(), String> {
    let (stderr, log) = (case.section("stderr"), case.section("log"));
    if let Some(ours) = case.section("ours") {
        let verdict = if case.parse().is_ok() { "accepted" } else { "refused" };
        return if ours.trim_end() == verdict {
            Ok(())
        } else {
            Err(format!("{verdict}, but should be {ours}"))
        };
    }
    match (case.parse(), case.section("rewritten")) {
        (Ok(mut config), Some(expected)) => {
            config.global.myid.get_or_insert_with(|| SentinelId(ID.into()));
            let old = case.section("file s.conf").expect("every case has a file");
            let new =
                String::from_utf8(rewrite(Some(old.as_bytes()), &config)).expect("these cases are UTF-8");
            let mut expected = said(expected);
            for line in case.section("only redis").unwrap_or_default().lines() {
                let at = expected
                    .iter()
                    .position(|known| known == line)
                    .ok_or(format!("Redis has no `{line}`"))?;
                expected.remove(at);
            }
            expected.extend(case.section("only ours").unwrap_or_default().lines().map(str::to_string));
            expected.sort();
            let again = rewrite(Some(new.as_bytes()), &config);
            assert_eq!(
                String::from_utf8_lossy(&again),
                new,
                "{}: a second rewrite changes nothing",
                case.name
            );
            if said(&new) == expected {
                Ok(())
            } else {
                Err(format!("expected {expected:#?}\ngot {:#?}", said(&new)))
            }
        }
        (Err(error), None) => {
            let ours = (
                String::from_utf8(error.stderr(Persona::Redis)).expect("UTF-8"),
                error.log_lines().join("\n"),
            );
            let theirs =
                (stderr.unwrap_or_default().to_string(), log.unwrap_or_default().trim_end().to_string());
            if ours == theirs { Ok(()) } else { Err(format!("redis: {theirs:?}\nours:  {ours:?}")) }
        }
        (Ok(_), None) => Err(format!("accepted, but Redis says {stderr:?} {log:?}")),
        (Err(error), Some(_)) => Err(format!("Redis accepts it: {error}")),
    }
}

/// Whole files: accepted or refused alike, with the same text, and rewritten to the same lines.
#[test]
fn files_are_treated_as_by_redis() {
    let mut wrong = Vec::new();
    let folder =
        std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/config/cases")).expect("the cases");
    let mut paths: Vec<_> = folder.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    assert!(paths.len() > 60, "only {} cases found", paths.len());
    for path in paths {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).expect("the case can be read");
        if let Err(difference) = compare(&Case::read(&name, &text)) {
            wrong.push(format!("{name}: {difference}"));
        }
    }
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
}
