//! `watchkeeper explain`, as a user calls it, on logs of real incidents. Each folder of `tests/incidents` has the logs and
//! the reports that are expected. To write the reports anew after a change that is meant:
//! `WRITE_REPORTS=1 cargo test -p watchkeeper --test explain`. The logs were recorded by `scripts/record-incidents.py`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn explain(dir: &Path, args: &[&str], input: &[u8]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_watchkeeper"));
    command.current_dir(dir).env("LC_ALL", "C").arg("explain").args(args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A program that needs no input may be gone already.
    let _ = child.stdin.take().unwrap().write_all(input);
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    let text = String::from_utf8(stdout).unwrap() + &String::from_utf8(stderr).unwrap();
    (status.code().unwrap(), text)
}

fn incidents() -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/incidents");
    let mut found: Vec<PathBuf> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

fn logs(dir: &Path) -> Vec<String> {
    let names = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut logs: Vec<String> = names.filter(|name| !name.starts_with("report.")).collect();
    logs.sort();
    logs
}

#[test]
fn every_recorded_incident_is_told_as_expected() {
    let mut wrong = Vec::new();
    for dir in incidents() {
        for (lang, report) in [("en", "report.en.txt"), ("zh", "report.zh.txt")] {
            let logs = logs(&dir);
            let args: Vec<&str> =
                ["--lang", lang].into_iter().chain(logs.iter().map(String::as_str)).collect();
            let (status, text) = explain(&dir, &args, b"");
            assert_eq!(status, 0, "{}: {text}", dir.display());
            let path = dir.join(report);
            if std::env::var_os("WRITE_REPORTS").is_some() {
                fs::write(&path, text).unwrap();
            } else if fs::read_to_string(&path).unwrap_or_default() != text {
                wrong.push(format!("{}\n{text}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "hint: if this is meant, WRITE_REPORTS=1\n{}", wrong.join("\n"));
}

/// Cut anywhere, spoilt anywhere: it is told what can be told.
#[test]
fn no_log_is_too_damaged() {
    let dir = tempfile::tempdir().unwrap();
    let all = incidents();
    for seed in 0..24_usize {
        let folder = &all[seed * 7 % all.len()];
        let mut bytes = fs::read(folder.join(&logs(folder)[0])).unwrap();
        for at in (seed * 7..bytes.len()).step_by(41 + seed * 13) {
            bytes[at] = bytes[at].wrapping_mul(31).wrapping_add(seed as u8);
        }
        bytes.truncate(bytes.len() - seed * 31);
        let (status, text) = explain(dir.path(), &["--unknown", "-"], &bytes);
        assert_eq!(status, 0, "{text}");
        assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text}");
        let (status, text) = explain(dir.path(), &["--format", "json"], &bytes);
        assert_eq!(status, 0, "{text}");
    }
}

#[test]
fn programs_get_json() {
    let dir = incidents().into_iter().find(|dir| dir.ends_with("master-crash-redis")).unwrap();
    let (status, text) = explain(&dir, &["--format", "json", "s1.log", "s2.log", "s3.log"], b"");
    assert_eq!(status, 0, "{text}");
    for part in [
        "{\"incidents\":[{\"group\":\"mymaster\",\"began\":\"20",
        "\"outcome\":\"failover\"",
        "\"elections\":[{\"epoch\":1,\"candidates\":[",
        "\"phases\":[{\"phase\":\"agreement\",\"ms\":",
        "\"event\":\"+switch-master\"",
        "\"code\":\"two-masters\",\"severity\":\"warning\"",
    ] {
        assert!(text.contains(part), "`{part}` is missing in:\n{text}");
    }
}

/// The same incident, however it was collected.
#[test]
fn containers_pods_and_journals_tell_the_same() {
    let dir = incidents().into_iter().find(|dir| dir.ends_with("master-crash-redis")).unwrap();
    let mut lines: Vec<(String, usize, String)> = Vec::new();
    for (number, log) in ["s1.log", "s2.log", "s3.log"].iter().enumerate() {
        for line in fs::read_to_string(dir.join(log)).unwrap().lines() {
            let clock = line.split(' ').nth(4).unwrap_or_default().to_owned();
            lines.push((clock, number + 1, line.to_owned()));
        }
    }
    lines.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
    let whole = |prefix: &dyn Fn(usize, &str) -> String| {
        let told = lines.iter().map(|(clock, who, line)| format!("{}{line}\n", prefix(*who, clock)));
        told.collect::<String>()
    };
    let one_by_one =
        ["s1.log", "s2.log", "s3.log"].map(|log| fs::read_to_string(dir.join(log)).unwrap()).concat();
    for text in [
        one_by_one,
        whole(&|who, _| format!("sentinel-{who}  | ")),
        whole(&|who, clock| format!("[pod/sentinel-{who}/redis] 2026-11-28T{clock}123Z ")),
        whole(&|who, clock| {
            format!("Nov 28 {} host{who} redis-sentinel[{who}]: ", &clock[..8.min(clock.len())])
        }),
    ] {
        let (status, text) = explain(&dir, &[], text.as_bytes());
        assert_eq!(status, 0, "{text}");
        assert!(text.starts_with("1 incident: mymaster\n1 log, 106 lines"), "{text}");
        assert!(text.contains(" is elected: "), "{text}");
        assert!(text.contains("It took writes after 1.307 s; clients were"), "{text}");
        assert_eq!(
            text.split("SENTINELS IN THESE LOGS\n").nth(1).map(|told| told.lines().count()),
            Some(3),
            "{text}"
        );
        assert!(!text.contains("could not be understood"), "{text}");
    }
}

/// The same incident, as other releases would have logged it.
#[test]
fn releases_old_and_new_tell_the_same() {
    let dir = incidents().into_iter().find(|dir| dir.ends_with("master-crash-redis")).unwrap();
    let forms: [fn(&str) -> String; 4] = [
        |text| text.replace(" Nov 2026 ", " Nov "),
        |text| {
            let old = text.replace(" Nov 2026 ", " Nov ").replace(":X ", "] ");
            old.lines().map(|line| format!("[{line}\n")).collect()
        },
        |text| {
            let times = text.replace("28 Nov 2026 ", "2026-11-28T");
            times.replace(" # ", "+08:00 # ").replace(" * ", "+08:00 * ").replace(" - ", "+08:00 - ")
        },
        |text| text.replace('\n', "\r\n"),
    ];
    for form in forms {
        let moved = tempfile::tempdir().unwrap();
        for log in ["s1.log", "s2.log", "s3.log"] {
            fs::write(moved.path().join(log), form(&fs::read_to_string(dir.join(log)).unwrap())).unwrap();
        }
        let (_, text) = explain(moved.path(), &["s1.log", "s2.log", "s3.log"], b"");
        let (_, expected) = explain(&dir, &["s1.log", "s2.log", "s3.log"], b"");
        // The year is that of the file, if the lines have none.
        let body = |text: &str| text.split_once("  The master ").map(|(_, body)| body.to_owned());
        assert_eq!(body(&text), body(&expected), "{text}");
    }
}

#[test]
fn clocks_that_differ_are_corrected() {
    let dir = incidents().into_iter().find(|dir| dir.ends_with("master-crash-redis")).unwrap();
    let moved = tempfile::tempdir().unwrap();
    for log in ["s1.log", "s2.log", "s3.log"] {
        let text = fs::read_to_string(dir.join(log)).unwrap();
        let text = if log == "s3.log" { text.replace(" 16:", " 21:") } else { text };
        fs::write(moved.path().join(log), text).unwrap();
    }
    let (_, text) = explain(moved.path(), &["s1.log", "s2.log", "s3.log"], b"");
    assert!(text.contains("The clock of s3.log is 5 h 0 min ahead of that of s1.log"), "{text}");
    assert!(text.contains("It took writes after 1.307 s"), "{text}");
}

#[test]
fn events_are_explained_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let (status, text) = explain(dir.path(), &["+sdown"], b"");
    assert!(status == 0 && text.starts_with("+sdown I\n") && text.contains("What to do: "), "{text}");
    let (status, text) = explain(dir.path(), &["-odown", "--lang", "zh"], b"");
    assert!(status == 0 && text.contains("处理："), "{text}");
    let (status, text) = explain(dir.path(), &["no-good-slave"], b"");
    assert!(status == 0 && text.contains("-failover-abort-no-good-slave M"), "{text}");
    let (status, text) = explain(dir.path(), &["--list"], b"");
    assert!(status == 0 && text.contains("\n+switch-master ") && text.contains("older names:"), "{text}");
}

#[test]
fn mistakes_say_what_to_write_instead() {
    let dir = tempfile::tempdir().unwrap();
    let (status, text) = explain(dir.path(), &["nowhere.log"], b"");
    assert_eq!(
        (status, text.contains("`nowhere.log` is neither a file nor an event\nhint: ")),
        (2, true),
        "{text}"
    );
    fs::write(dir.path().join("x.gz"), b"\x1f\x8bxxxx").unwrap();
    let (status, text) = explain(dir.path(), &["x.gz"], b"");
    assert!(status == 2 && text.contains("it is compressed. hint: `zcat"), "{text}");
    let (status, text) = explain(dir.path(), &["."], b"");
    assert!(status == 2 && text.contains("the log `.` can't be read"), "{text}");
}

#[test]
fn the_guides_show_a_report_as_it_is() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let dir = incidents().into_iter().find(|dir| dir.ends_with("not-elected-redis")).unwrap();
    for (guide, lang) in [("explain.md", "en"), ("explain.zh-CN.md", "zh")] {
        let path = root.join("docs/guide").join(guide);
        let guide = fs::read_to_string(&path).unwrap();
        let (_, report) = explain(&dir, &["--lang", lang, "s1.log", "s2.log", "s3.log"], b"");
        let (before, rest) = guide.split_once("```text\n").unwrap();
        let (_, after) = rest.split_once("```").unwrap();
        let wanted = format!("{before}```text\n{report}```{after}");
        if std::env::var_os("WRITE_REPORTS").is_some() {
            fs::write(&path, wanted).unwrap();
        } else {
            assert_eq!(guide, wanted, "hint: if this is meant, WRITE_REPORTS=1");
        }
    }
}
