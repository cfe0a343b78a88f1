//! Reading on after an error: every line is judged by itself, and shown where it stands.

mod machine;

use machine::Machine;
use watchkeeper_core::config::Survey;

/// File, line, column and message of each error.
fn flaws(survey: &Survey) -> Vec<(Option<&str>, usize, usize, &str)> {
    let all = survey.flaws.iter().map(|flaw| {
        let line = flaw.line.and_then(|at| survey.lines.get(at));
        let file = line.and_then(|line| line.file.as_deref());
        (file, line.map_or(0, |line| line.number), flaw.error.column, &flaw.error.message[..])
    });
    all.collect()
}

#[test]
fn every_wrong_line_is_told_once() {
    let text = "port x\nbogus\nsentinel monitor m host 6379 2\nsentinel parallel-syncs m 1\n\
                sentinel down-after-milliseconds m 0\nsentinel failover-timeout n 1\nsentinel auth-pass n x\n";
    let survey = Machine::new(&[]).survey(text);
    let expected = [
        (None, 1, 6, "argument couldn't be parsed into an integer"),
        (None, 2, 1, "Bad directive or wrong number of arguments"),
        (None, 3, 20, "Can't resolve instance hostname."),
        (None, 5, 36, "negative or zero time parameter."),
        (None, 6, 27, "No such master with specified name."),
    ];
    assert_eq!(flaws(&survey), expected);
    let first = Machine::new(&[]).parse(text).err();
    assert_eq!(first.as_deref(), survey.flaws.first().map(|flaw| &flaw.error));
    // A group whose own line is wrong is not there, whatever else is said about it.
    assert!(survey.config.groups.is_empty());
}

#[test]
fn lines_of_included_files_keep_their_file_and_number() {
    let files = [("a.conf", "# a\nhz 20"), ("b.conf", "\n  hz x\ninclude nosuch\n")];
    let survey = Machine::new(&files).survey("include *.conf\nhz y\n");
    let expected = [
        (Some("b.conf"), 2, 4, "argument couldn't be parsed into an integer"),
        (Some("b.conf"), 3, 0, "Fatal error, can't open config file 'nosuch': No such file or directory"),
        (None, 2, 4, "argument couldn't be parsed into an integer"),
    ];
    assert_eq!(flaws(&survey), expected);
    assert_eq!(survey.config.general.hz, 20);
    assert_eq!(survey.lines.iter().map(|line| line.indent).collect::<Vec<_>>(), [0, 0, 2, 0, 0]);
}

#[test]
fn a_name_nobody_knows_brings_the_nearest_one() {
    let hint = |line: &str| {
        let survey = Machine::new(&[]).survey(line);
        survey.flaws.first().and_then(|flaw| flaw.error.hint.clone()).unwrap_or_default()
    };
    assert_eq!(hint("maxclient 10"), "did you mean `maxclients`?");
    assert_eq!(hint("monitr m 10.0.0.1 6379 2"), "did you mean `sentinel monitor ...`?");
    assert_eq!(hint("sentinel moniter m 10.0.0.1 6379 2"), "did you mean `sentinel monitor ...`?");
    assert_eq!(hint("sentinel port 1"), "did you mean `port`, without `sentinel` in front?");
    assert_eq!(hint("quorum 2"), "");
}

#[test]
fn a_password_with_too_many_words_brings_the_quotes() {
    let hint = |line: &str| {
        let survey = Machine::new(&[]).survey(format!("sentinel monitor m 10.0.0.1 6379 2\n{line}"));
        survey.flaws.first().and_then(|flaw| flaw.error.hint.clone()).unwrap_or_default()
    };
    assert_eq!(
        hint("sentinel auth-pass m two words"),
        "expected `sentinel auth-pass group password`; a password with blanks in it is written in double quotes"
    );
    assert!(hint("sentinel sentinel-pass two words").ends_with("in double quotes"));
    assert_eq!(hint("sentinel auth-pass m"), "expected `sentinel auth-pass group password`");
    assert_eq!(hint("sentinel auth-user m two words"), "expected `sentinel auth-user group user`");
}

#[test]
fn of_files_that_include_each_other_only_the_loop_is_told() {
    let files = [("a.conf", "bogus\ninclude b.conf\nbogus\n"), ("b.conf", "\ninclude a.conf\n")];
    let survey = Machine::new(&files).survey("sentinel monitor m 10.0.0.1 6379 2\ninclude a.conf\nport x\n");
    let expected = [(Some("b.conf"), 2, 9, "`include a.conf`: files include each other without end")];
    assert_eq!(flaws(&survey), expected);
    assert!(survey.config.groups.is_empty() && survey.lines.len() == 1 && !survey.cut);
}

#[test]
fn nothing_is_read_of_a_file_with_a_nul_byte() {
    let text = "sentinel monitor a 10.0.0.1 6379 2\nport x\n  # tail \0 of it\nsentinel monitor b 10.0.0.2 6379 2\nport y\n";
    let survey = Machine::new(&[]).survey(text);
    let expected =
        [(None, 2, 6, "argument couldn't be parsed into an integer"), (None, 3, 8, "NUL byte in the line")];
    assert_eq!(flaws(&survey), expected);
    assert!(survey.config.groups.is_empty());
    let error =
        Machine::new(&[("a.conf", "hz 10\nhz 1\x000\n")]).parse("include a.conf\n").expect_err("refused");
    assert_eq!((error.file.as_deref(), error.line, error.column), (Some("a.conf"), 2, 5));
    assert_eq!(error.text, b"hz 1");
}

#[test]
fn lines_of_a_group_that_was_refused_are_judged_by_themselves() {
    let text = b"sentinel monitor ma\xeetre 10.0.0.1 6379 2\nsentinel parallel-syncs ma\xeetre 1\n\
                 sentinel failover-timeout ma\xeetre 0\nsentinel monitor m 10.0.0.1 6379 \"2\nsentinel parallel-syncs m 1\n";
    let survey = Machine::new(&[]).survey(text);
    let lines: Vec<_> =
        flaws(&survey).into_iter().map(|(_, line, _, said)| (line, said.to_owned())).collect();
    let expected = [
        (4, "Unbalanced quotes in configuration line"),
        (1, "`ma\u{fffd}tre` is not valid UTF-8"),
        (3, "negative or zero time parameter."),
    ];
    assert_eq!(lines, expected.map(|(line, said)| (line, said.to_owned())));
    assert!(survey.config.groups.is_empty());
}

#[test]
fn errors_that_are_not_listed_are_counted() {
    let survey = Machine::new(&[]).survey("bogus\n".repeat(10_003));
    let last = flaws(&survey).pop();
    assert_eq!(last, Some((None, 0, 0, "more than 10000 errors; 3 more are not listed")));
    assert_eq!(survey.flaws.len(), 10_001);
}

#[test]
fn a_log_that_cannot_be_opened_is_told_once_at_its_line() {
    let survey = Machine::new(&[("a.conf", "")]).survey("\nlogfile /nosuch/log\ninclude a.conf\n");
    let expected = [(None, 2, 0, "Can't open the log file: No such file or directory")];
    assert_eq!(flaws(&survey), expected);
}

#[test]
fn more_lines_than_a_sentinel_has_are_not_read() {
    let survey = Machine::new(&[]).survey("hz 10\n".repeat(60_000));
    assert!(survey.cut && survey.lines.len() == 50_000);
    assert_eq!(survey.flaws.len(), 1);
}
