//! `watchkeeper explain`, as a user calls it, on logs of real incidents. Each folder of `tests/incidents` has the logs and
//! the reports that are expected. To write the reports anew after a change that is meant:
//! `WRITE_REPORTS=1 cargo test -p watchkeeper --test explain`. Most of the logs were recorded by
//! `scripts/record-incidents.py`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant, SystemTime};

use watchkeeper::ask::{Endpoint, Heard, What};
use watchkeeper::live::Happened;
use watchkeeper_core::Lang;

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

/// Lines without a year have that of their file.
fn copy_of_2026(from: &Path, to: &Path) {
    fs::copy(from, to).unwrap();
    let recorded = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_900_000);
    fs::File::options().write(true).open(to).unwrap().set_modified(recorded).unwrap();
}

#[test]
fn every_recorded_incident_is_told_as_expected() {
    let mut wrong = Vec::new();
    for dir in incidents() {
        let (logs, moved) = (logs(&dir), tempfile::tempdir().unwrap());
        for log in &logs {
            copy_of_2026(&dir.join(log), &moved.path().join(log));
        }
        for (lang, report) in [("en", "report.en.txt"), ("zh", "report.zh.txt")] {
            let args: Vec<&str> =
                ["--lang", lang].into_iter().chain(logs.iter().map(String::as_str)).collect();
            let (status, text) = explain(moved.path(), &args, b"");
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
        bytes.truncate(bytes.len().saturating_sub(seed * 31));
        let (status, text) = explain(dir.path(), &["--unknown", "-"], &bytes);
        let nothing = i32::from(text.starts_with("Nothing in there was logged by a sentinel."));
        assert_eq!(status, nothing, "{text}");
        assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text}");
        let (status, text) = explain(dir.path(), &["--format", "json"], &bytes);
        assert_eq!(status, nothing, "{text}");
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

/// Every tag that is opened is closed, in order, and no quote is left open: so no text has become markup.
fn well_formed(text: &str) -> Result<(), String> {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = text;
    while let Some((_, from)) = rest.split_once('<') {
        let (tag, after) = from.split_once('>').ok_or("a tag without end")?;
        rest = after;
        if tag.matches('"').count() % 2 != 0 || tag.contains('<') {
            return Err(format!("`<{tag}>`"));
        }
        let name = tag.trim_start_matches('/').split([' ', '\n']).next().unwrap_or_default();
        let alone = tag.ends_with('/') || ["!doctype", "meta"].contains(&name);
        if let Some(closed) = tag.strip_prefix('/') {
            match open.pop() {
                Some(last) if last == closed => {}
                last => return Err(format!("`</{closed}>` closes {last:?}")),
            }
        } else if !alone {
            open.push(name);
        }
    }
    if open.is_empty() { Ok(()) } else { Err(format!("{open:?} stay open")) }
}

#[test]
fn pages_and_pictures_need_nothing_but_themselves() {
    for dir in incidents() {
        let logs = logs(&dir);
        for (lang, format) in [("en", "html"), ("zh", "html"), ("en", "svg"), ("zh", "svg")] {
            let args = ["--lang", lang, "--format", format].into_iter();
            let args: Vec<&str> = args.chain(logs.iter().map(String::as_str)).collect();
            let (status, text) = explain(&dir, &args, b"");
            assert_eq!(status, 0, "{}: {text}", dir.display());
            assert_eq!(well_formed(&text), Ok(()), "{} {format}", dir.display());
            let fetched = text.replace("http://www.w3.org/2000/svg", "");
            for part in ["http:", "https:", "<script", "src=", "url(", "@import", "style=", "NaN", "inf\""] {
                assert!(!fetched.contains(part), "`{part}` in {} {format}", dir.display());
            }
            let tongue = if lang == "en" { "lang=\"en\"" } else { "lang=\"zh-CN\"" };
            assert!(text.contains(tongue), "{}", dir.display());
        }
    }
    let dir = incidents().into_iter().find(|dir| dir.ends_with("master-crash-redis")).unwrap();
    let (_, page) = explain(&dir, &["--format", "html", "s1.log", "s2.log", "s3.log"], b"");
    for part in [
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-",
        "prefers-color-scheme:dark",
        ">4 promotion 0.928 s</text>",
        ">+failover-end, +switch-master</text>",
        "<title>second master</title>",
        "what clients wrote to it in that time is lost",
        "<td>s2 gets no answer from the master 127.0.0.1:21020</td>",
    ] {
        assert!(page.contains(part), "`{part}` is missing in:\n{page}");
    }
}

#[test]
fn what_stands_in_logs_is_never_markup() {
    let dir = tempfile::tempdir().unwrap();
    let log = "<b>\"'s1.log";
    let text = "7:X 28 Nov 2026 16:37:01.705 # +sdown master <script>alert('1')</script> \"><img/src=x> 6379\n\
        7:X 28 Nov 2026 16:37:01.706 # +sdown sentinel <u>id</u> <i>10.0.0.1</i> 1 @ <script>alert('1')</script> \"><img/src=x> 6379\n\
        7:X 28 Nov 2026 16:37:02.705 # +switch-master <script>alert('1')</script> \"><img/src=x> 6379 &lt;\u{202e}h\u{1b}[31m 6380\n\
        7:X 28 Nov 2026 16:37:02.706 # +sdown </pre></svg><script>alert(2)</script>\n\
        </style><script>alert(3)</script>\n";
    fs::write(dir.path().join(log), text).unwrap();
    for format in ["html", "svg"] {
        let (status, text) = explain(dir.path(), &["--format", format, "--unknown", log], b"");
        assert_eq!(status, 0, "{text}");
        assert_eq!(well_formed(&text), Ok(()), "{text}");
        for part in ["<script", "<img", "<b>\"", "<u>", "<i>", "&lt;h", "\u{202e}", "\u{1b}"] {
            assert!(!text.contains(part), "`{part}` in:\n{text}");
        }
        assert!(text.contains("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;"), "{text}");
    }
    let (_, text) = explain(dir.path(), &["--format", "html", "--unknown", log], b"");
    assert!(text.contains("&lt;/style&gt;&lt;script&gt;alert(3)"), "{text}");
}

/// Sixty sentinels, each of which misses the master forty times.
#[test]
fn a_picture_of_very_much_stays_a_picture() {
    let dir = tempfile::tempdir().unwrap();
    let mut names = Vec::new();
    for who in 0..60 {
        let mut text = String::new();
        for time in 0..40 {
            for (event, second) in [("+sdown", 0), ("-sdown", 2)] {
                text += &format!(
                    "{}:X 28 Nov 2026 16:{time:02}:{:02}.{who:03} # {event} master m 10.0.0.1 6379\n",
                    who + 1,
                    time % 50 + second
                );
            }
        }
        names.push(format!("s{who}.log"));
        fs::write(dir.path().join(&names[who]), text).unwrap();
    }
    let args = ["--format", "svg"].into_iter().chain(names.iter().map(String::as_str)).collect::<Vec<_>>();
    let (status, text) = explain(dir.path(), &args, b"");
    assert_eq!((status, well_formed(&text)), (0, Ok(())), "{text}");
    assert!(text.contains("and 48 more, not shown"), "{text}");
    assert!(text.len() < 400_000, "{} bytes", text.len());
}

#[test]
fn without_times_there_is_a_page_but_no_picture() {
    let dir = incidents().into_iter().find(|dir| dir.ends_with("psubscribe-redis")).unwrap();
    let (status, text) = explain(&dir, &["--format", "html", "stream.txt"], b"");
    assert!(status == 0 && text.contains("There is no picture of it"), "{text}");
    assert!(text.contains("<code>+switch-master</code>") && !text.contains("class=\"picture\""), "{text}");
    let (status, text) = explain(&dir, &["--format", "svg"], b"");
    assert!(status == 1 && text.contains("Nothing in there was logged by a sentinel."), "{text}");
    let (status, text) = explain(&dir, &["report.en.txt", "--lang", "zh"], b"");
    assert!(status == 1 && text.contains("其中没有哨兵的事件。"), "{text}");
}

/// What a report says between its head and the list of the logs.
fn body(text: &str) -> String {
    let (_, body) = text.split_once("\n\n").unwrap();
    body.split("SENTINELS IN THESE LOGS").next().unwrap().to_owned()
}

/// The same incident, in logs that were rotated in its middle, copied, given twice, or hold each line twice.
#[test]
fn parts_and_copies_of_logs_count_once() {
    let dir = incidents().into_iter().find(|dir| dir.ends_with("master-crash-redis")).unwrap();
    let (names, moved) = (["s1.log", "s2.log", "s3.log"], tempfile::tempdir().unwrap());
    let (_, expected) = explain(&dir, &names, b"");
    for log in names {
        let text = fs::read_to_string(dir.join(log)).unwrap();
        let half = text.find("+sdown master").unwrap();
        let half = half + text[half..].find('\n').unwrap() + 1;
        let twice: String = text.lines().map(|line| format!("{line}\n{line}\n")).collect();
        for (name, text) in [
            (format!("{log}.1"), &text[..half]),
            (log.to_owned(), &text[half..]),
            (format!("copy-of-{log}"), &text[..]),
            (format!("twice/{log}"), &twice[..]),
        ] {
            fs::create_dir_all(moved.path().join("twice")).unwrap();
            fs::write(moved.path().join(name), text).unwrap();
        }
    }
    let cases: [&[&str]; 4] = [
        &["s1.log", "s1.log.1", "s2.log", "s2.log.1", "s3.log", "s3.log.1"],
        &["copy-of-s1.log", "s1.log.1", "s1.log", "s2.log", "s2.log.1", "s3.log", "s3.log.1"],
        &["twice/s1.log", "twice/s2.log", "twice/s3.log"],
        &["twice/s1.log", "twice/s1.log", "twice/s2.log", "twice/s3.log"],
    ];
    for args in cases {
        let (status, text) = explain(moved.path(), args, b"");
        assert_eq!((status, body(&text)), (0, body(&expected)), "{args:?}\n{text}");
    }
    // Without the parts that tell the ids.
    let (_, text) = explain(moved.path(), &names, b"");
    let (_, votes) = text.split_once(" is elected: ").unwrap();
    assert!(
        votes.lines().next().unwrap().starts_with("s3 has the vote of s2 and s3; s1 has the vote of s1 "),
        "{text}"
    );
    assert!(!text.contains("There is no log of"), "{text}");
}

#[test]
fn what_the_leader_alone_cannot_tell_is_not_told() {
    let dir = incidents().into_iter().find(|dir| dir.ends_with("master-crash-redis")).unwrap();
    let (_, text) = explain(&dir, &["s3.log"], b"");
    assert!(flat(&text).contains("the leader's own +switch-master came after 2."), "{text}");
    assert!(text.contains("Only the leader's log is here") && !text.contains("did not lead learn"), "{text}");
    // With Watchkeeper's sentinels, or where the others are cut off, they tell later.
    assert!(flat(&text).contains("When the others told clients, is not in these logs."), "{text}");
    let (_, text) = explain(&dir, &["s3.log", "--lang", "zh"], b"");
    let text = flat(&text);
    assert!(text.contains("这里只有执行者的日志") && text.contains("执行者自己的 +switch-master"), "{text}");
    let (_, page) = explain(&dir, &["--format", "html", "s3.log"], b"");
    assert!(page.contains("the leader&#39;s own +switch-master after"), "{page}");
    assert!(page.contains("<small>plus down-after-milliseconds before it</small>"), "{page}");
    let (_, page) = explain(&dir, &["--format", "html", "s1.log", "s2.log", "s3.log"], b"");
    assert!(page.contains("<dt>clients were told after</dt>"), "{page}");
    // Those that are down tell nobody anything, whether their logs are here or not.
    let dir = incidents().into_iter().find(|dir| dir.ends_with("forced-then-planned-redis")).unwrap();
    let (_, text) = explain(&dir, &["s1.log"], b"");
    assert!(!flat(&text).contains("earlier") && flat(&text).contains("clients were told after 1."), "{text}");
}

#[test]
fn a_refused_master_may_have_been_away_for_less_than_down_after() {
    let dir = incidents().into_iter().find(|dir| dir.ends_with("refused-ours")).unwrap();
    for (lang, told) in [
        ("en", "plus down-after-milliseconds or refused-down-after-milliseconds before it"),
        ("zh", "此前另有 down-after-milliseconds 或 refused-down-after-milliseconds"),
    ] {
        let (_, page) =
            explain(&dir, &["--lang", lang, "--format", "html", "s1.log", "s2.log", "s3.log"], b"");
        assert!(page.contains(told), "{page}");
    }
}

#[test]
fn a_reset_during_an_outage_is_a_finding() {
    let dir = tempfile::tempdir().unwrap();
    let log = |reset: u32| {
        let line = |second: u32, text: &str| format!("7:X 28 Nov 2026 10:00:{second:02}.000 # {text}\n");
        let down = line(10, "+sdown master m 10.0.0.1 6379");
        let back = line(20, "-sdown master m 10.0.0.1 6379");
        let reset = line(reset, "+reset-master master m 10.0.0.1 6379");
        if reset < back { down + &reset + &back } else { down + &back + &reset }
    };
    for (second, told) in [(15, true), (25, false)] {
        fs::write(dir.path().join("s1.log"), log(second)).unwrap();
        let (_, text) = explain(dir.path(), &["s1.log"], b"");
        assert_eq!(text.contains("SENTINEL RESET was called while the master was down (s1)"), told, "{text}");
        let (_, text) = explain(dir.path(), &["--lang", "zh", "s1.log"], b"");
        assert_eq!(text.contains("主节点下线期间执行了 SENTINEL RESET（s1）"), told, "{text}");
        let (_, text) = explain(dir.path(), &["--format", "json", "s1.log"], b"");
        assert_eq!(text.contains("\"reset-in-outage\""), told, "{text}");
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
        assert!(text.contains("It took writes after 1.307 s at the latest"), "{text}");
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
fn the_documents_show_the_picture_as_it_is() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let dir = incidents().into_iter().find(|dir| dir.ends_with("master-crash-redis")).unwrap();
    for lang in ["en", "zh"] {
        let path = root.join(format!("docs/images/explain.{lang}.svg"));
        let args = ["--lang", lang, "--format", "svg", "s1.log", "s2.log", "s3.log"];
        let (_, picture) = explain(&dir, &args, b"");
        if std::env::var_os("WRITE_REPORTS").is_some() {
            fs::write(&path, picture).unwrap();
        } else {
            let known = fs::read_to_string(&path).unwrap();
            assert!(known == picture, "{}\nhint: if this is meant, WRITE_REPORTS=1", path.display());
        }
    }
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

/// A line of a sentinel's log, so many seconds after ten o'clock.
fn at(second: u32, text: &str) -> String {
    let (minute, second) = (second / 60, second % 60);
    format!("7:X 28 Nov 2026 10:{minute:02}:{second:02}.000 # {text}\n")
}

/// What the first lines of a sentinel's log say.
fn starts(second: u32, maker: &str, master: &str) -> String {
    let id = "a".repeat(40);
    [
        "Redis version=7.0.15, bits=64, commit=00000000, modified=0, pid=7, just started",
        maker,
        &format!("Sentinel ID is {id}"),
        &format!("+monitor master m {master} quorum 1"),
    ]
    .iter()
    .filter(|line| !line.is_empty())
    .map(|line| at(second, line))
    .collect()
}

const OURS: &str = "This is Watchkeeper 0.1.0 (commit unknown), speaking as Redis Sentinel 7.0.15";

/// A planned failover between these ports.
fn planned(second: u32, epoch: u32, from: u32, to: u32) -> String {
    let master = format!("master m 10.0.0.1 {from}");
    let replica = format!("slave 10.0.0.1:{to} 10.0.0.1 {to} @ m 10.0.0.1 {from}");
    [
        (0, "Executing user requested FAILOVER of 'm'".to_owned()),
        (0, format!("+new-epoch {epoch}")),
        (0, format!("+try-failover {master}")),
        (0, format!("+vote-for-leader {} {epoch}", "a".repeat(40))),
        (0, format!("+elected-leader {master}")),
        (0, format!("+selected-slave {replica}")),
        (1, format!("+promoted-slave {replica}")),
        (2, format!("+failover-end {master}")),
        (2, format!("+switch-master m 10.0.0.1 {from} 10.0.0.1 {to}")),
    ]
    .iter()
    .map(|(later, text)| at(second + later, text))
    .collect()
}

/// What is told of these logs, in English and in Chinese.
fn told(logs: &[(&str, &str)]) -> (String, String) {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in logs {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let [en, zh] = ["en", "zh"].map(|lang| {
        let args = ["--lang", lang].into_iter().chain(logs.iter().map(|(name, _)| *name));
        let (status, text) = explain(dir.path(), &args.collect::<Vec<_>>(), b"");
        assert_eq!(status, 0, "{text}");
        text
    });
    (en, zh)
}

/// The text without the breaks of its lines.
fn flat(text: &str) -> String {
    let chinese = |c: Option<char>| c.is_some_and(|c| !c.is_ascii());
    text.lines().map(str::trim).fold(String::new(), |mut flat, line| {
        if !(chinese(flat.chars().last()) || chinese(line.chars().next())) {
            flat.push(' ');
        }
        flat + line
    })
}

#[test]
fn planned_failovers_are_no_sign_of_masters_that_fail() {
    let log = starts(0, "", "10.0.0.1 6379")
        + &planned(10, 1, 6379, 6380)
        + &planned(40, 2, 6380, 6379)
        + &planned(70, 3, 6379, 6380);
    let (en, zh) = told(&[("s1.log", &log)]);
    assert!(en.starts_with("3 incidents: m\n") && en.matches("A planned failover from").count() == 3, "{en}");
    assert!(!en.contains("whoever is the master fails") && !en.contains("flaps"), "{en}");
    assert!(!zh.contains("谁当主节点谁就很快出问题") && !zh.contains("反复上下线"), "{zh}");
}

#[test]
fn the_first_line_names_groups_that_had_incidents() {
    let log = at(1, "+monitor master well 10.0.0.9 6379 quorum 2") + &at(2, "+sdown master m 10.0.0.1 6379");
    let (en, zh) = told(&[("s1.log", &log)]);
    assert!(en.starts_with("1 incident: m\n") && zh.starts_with("1 起事故：m\n"), "{en}{zh}");
    let log = log + &at(3, "+sdown master n 10.0.0.2 6379");
    let again = at(4, "-sdown master n 10.0.0.2 6379") + &at(100, "+sdown master n 10.0.0.2 6379");
    let (en, zh) = told(&[("s1.log", &(log.clone() + &again))]);
    assert!(en.starts_with("3 incidents: m (1) and n (2)\n"), "{en}");
    assert!(zh.starts_with("3 起事故：m（1 起）、n（2 起）\n"), "{zh}");
    let (en, zh) = told(&[("s1.log", &log)]);
    assert!(en.starts_with("2 incidents: m and n\n"), "{en}");
    assert!(zh.starts_with("2 起事故：m、n\n"), "{zh}");
}

#[test]
fn what_cannot_be_written_is_said_once() {
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_watchkeeper"));
    command.env("LC_ALL", "C").args(["explain", "--list"]).stdout(full);
    let Output { status, stderr, .. } = command.output().unwrap();
    let text = String::from_utf8(stderr).unwrap();
    assert_eq!((status.code(), text.matches("No space left").count()), (Some(2), 1), "{text}");
}

#[test]
fn files_of_the_same_name_have_labels_of_their_own() {
    let log = |id: &str| {
        at(0, &format!("Sentinel ID is {}", id.repeat(40))) + &at(1, "+sdown master m 10.0.0.1 6379")
    };
    let (en, _) = told(&[("a/sentinel.log", &log("a")), ("b/sentinel.log", &log("b"))]);
    for part in ["a/sentinel gets no answer", "b/sentinel gets no answer", "\n  b/sentinel  "] {
        assert!(en.contains(part), "{en}");
    }
}

#[test]
fn logs_that_end_just_after_the_master_is_missed_do_not_have_the_outcome() {
    let log =
        at(1, "+sdown master m 10.0.0.1 6379") + &at(4, "+slave slave x 10.0.0.2 6379 @ m 10.0.0.1 6379");
    let (en, zh) = told(&[("s1.log", &log)]);
    assert!(flat(&en).contains("The last line of the logs is 3.000 s after that: what came of it"), "{en}");
    assert!(!en.to_lowercase().contains("nobody took over") && !en.contains("nobody has taken over"), "{en}");
    assert!(flat(&zh).contains("日志的最后一行在 3.000 秒后：") && !zh.contains("无人接替"), "{zh}");
    let log = log + &at(91, "+slave slave y 10.0.0.3 6379 @ m 10.0.0.1 6379");
    let (en, zh) = told(&[("s1.log", &log)]);
    assert!(flat(&en).contains("to the last line of the logs, 90.000 s after the first +sdown."), "{en}");
    assert!(flat(&zh).contains("直到日志最后一行（第一条 +sdown 之后 90.000 秒）"), "{zh}");
}

#[test]
fn an_old_master_that_is_told_late_after_a_planned_failover_is_a_finding() {
    let told_late = at(23, "+convert-to-slave slave 10.0.0.1:6379 10.0.0.1 6379 @ m 10.0.0.1 6380");
    let log = starts(0, "", "10.0.0.1 6379") + &planned(10, 1, 6379, 6380);
    let (en, zh) = told(&[("s1.log", &(log.clone() + &told_late))]);
    let (en, zh) = (flat(&en), flat(&zh));
    assert!(
        en.contains("The old master 10.0.0.1:6379 stayed a master for at least 12.000 s after the new one"),
        "{en}"
    );
    assert!(en.contains("hint: stop the writers before a planned failover, or set min-replicas"), "{en}");
    assert!(zh.contains("旧主节点 10.0.0.1:6379 又当了至少 12.000 秒主节点"), "{zh}");
    // Its demotion is not in the log: what these sentinels do is known.
    let (en, zh) = told(&[("s1.log", &log)]);
    assert!(flat(&en).contains("tell the old master to follow only some 10 s later"), "{en}");
    assert!(flat(&zh).contains("约 10 秒后才命令旧主节点跟随"), "{zh}");
    // Ours do not wait.
    let log = starts(0, OURS, "10.0.0.1 6379") + &planned(10, 1, 6379, 6380);
    let (en, zh) = told(&[("s1.log", &log)]);
    assert!(!en.contains("10 s later") && !en.contains("stayed a master"), "{en}");
    assert!(!zh.contains("约 10 秒后") && !zh.contains("又当了"), "{zh}");
    let (en, _) = told(&[("s1.log", &(log + &told_late))]);
    assert!(flat(&en).contains("stayed a master for 12.000 s") && en.contains("tells it at once"), "{en}");
}

/// How long the next attempt waits depends on whose sentinels they are.
#[test]
fn what_redis_sentinel_does_is_not_told_of_ours() {
    let attempts = |maker: &str| {
        let attempt = |second: u32, epoch: u32| {
            at(second, &format!("+new-epoch {epoch}"))
                + &at(second, "+try-failover master m 10.0.0.1 6379")
                + &at(second, &format!("+vote-for-leader {} {epoch}", "a".repeat(40)))
        };
        starts(0, maker, "10.0.0.1 6379")
            + &at(10, "+sdown master m 10.0.0.1 6379")
            + &at(10, "+odown master m 10.0.0.1 6379 #quorum 2/2")
            + &attempt(10, 1)
            + &at(10, &format!("{} voted for {} 1", "b".repeat(40), "b".repeat(40)))
            + &at(20, "-failover-abort-not-elected master m 10.0.0.1 6379")
            + &attempt(21, 2)
            + &at(21, "+elected-leader master m 10.0.0.1 6379")
            + &at(21, "+selected-slave slave x 10.0.0.1 6380 @ m 10.0.0.1 6379")
            + &at(22, "+promoted-slave slave x 10.0.0.1 6380 @ m 10.0.0.1 6379")
            + &at(22, "+failover-end master m 10.0.0.1 6379")
            + &at(22, "+switch-master m 10.0.0.1 6379 10.0.0.1 6380")
    };
    for (maker, ours) in [("", false), (OURS, true)] {
        let (en, zh) = told(&[("s1.log", &attempts(maker))]);
        let (en, zh) = (flat(&en), flat(&zh));
        assert!(en.contains("was split") && en.contains("attempts that failed"), "{en}");
        for (text, theirs) in [(&en, "twice failover-timeout"), (&zh, "2 倍 failover-timeout")] {
            assert_eq!(text.contains(theirs), !ours, "{text}");
            assert_eq!(text.contains("redis-sentinel"), !ours, "{text}");
            assert_eq!(text.contains("Watchkeeper"), ours, "{text}");
        }
    }
}

/// Events as `redis-cli psubscribe '*'` prints them.
fn stream(events: &[&str]) -> String {
    let pair = |event: &&str| {
        let (name, payload) = event.split_once(' ').unwrap();
        format!("1) \"pmessage\"\n2) \"*\"\n3) \"{name}\"\n4) \"{payload}\"\n")
    };
    events.iter().map(pair).collect()
}

/// Nothing but the order of the lines tells which events belong together.
#[test]
fn a_stream_without_times_is_cut_where_one_failover_ends_and_the_next_begins() {
    let text = stream(&[
        "+sdown master m 10.0.0.1 6379",
        "+new-epoch 1",
        "+odown master m 10.0.0.1 6379 #quorum 2/2",
        "+try-failover master m 10.0.0.1 6379",
        "+vote-for-leader aa 1",
        "+elected-leader master m 10.0.0.1 6379",
        "+selected-slave slave x 10.0.0.1 6380 @ m 10.0.0.1 6379",
        "+promoted-slave slave x 10.0.0.1 6380 @ m 10.0.0.1 6379",
        "+failover-end master m 10.0.0.1 6379",
        "+switch-master m 10.0.0.1 6379 10.0.0.1 6380",
        "+slave slave x 10.0.0.1 6379 @ m 10.0.0.1 6380",
        // Somebody asks for a failover: the stream does not say so.
        "+new-epoch 2",
        "+try-failover master m 10.0.0.1 6380",
        "+vote-for-leader aa 2",
        "+elected-leader master m 10.0.0.1 6380",
        "+selected-slave slave x 10.0.0.1 6379 @ m 10.0.0.1 6380",
        "+promoted-slave slave x 10.0.0.1 6379 @ m 10.0.0.1 6380",
        "+failover-end master m 10.0.0.1 6380",
        "+switch-master m 10.0.0.1 6380 10.0.0.1 6379",
        // Twice away, perhaps days apart: the first time just behind the switch.
        "+sdown master m 10.0.0.1 6379",
        "-sdown master m 10.0.0.1 6379",
        "+sdown master m 10.0.0.1 6379",
        "-sdown master m 10.0.0.1 6379",
        // Another sentinel acts.
        "+sdown master m 10.0.0.1 6379",
        "+odown master m 10.0.0.1 6379 #quorum 3/2",
        "+new-epoch 3",
        "+config-update-from sentinel bb 10.0.0.1 26380 @ m 10.0.0.1 6379",
        "+switch-master m 10.0.0.1 6379 10.0.0.1 6380",
    ]);
    let (en, zh) = told(&[("stream.txt", &text)]);
    let outcomes: Vec<&str> = en
        .lines()
        .zip(en.lines().skip(1))
        .filter(|(title, _)| title.starts_with("INCIDENT"))
        .map(|it| it.1)
        .collect();
    assert_eq!(
        outcomes,
        [
            "  The master 10.0.0.1:6379 was missed; 10.0.0.1:6380 took over.",
            "  A planned failover from 10.0.0.1:6380: 10.0.0.1:6379 is the master.",
            "  The master 10.0.0.1:6379 was missed and came back by itself. No sentinel whose log is here took over.",
            "  The master 10.0.0.1:6379 was missed; 10.0.0.1:6380 took over.",
        ],
        "{en}"
    );
    // No time is made up, and the steps are in the order of the lines.
    for (text, second) in [(&en, ".000 s"), (&zh, "秒")] {
        assert!(!text.contains(second), "{text}");
    }
    assert!(!en.contains("has 2 sentinels"), "{en}");
    let at = |part: &str| en.find(part).unwrap();
    assert!(at("[+odown]") < at("[+try-failover]") && at("[+failover-end]") < at("[+switch-master]"), "{en}");
}

/// Of a sentinel that does not act only its own configuration tells that there was a failover.
#[test]
fn a_second_switch_and_a_later_epoch_are_another_failover() {
    let text = stream(&[
        "+new-epoch 1",
        "+switch-master m 10.0.0.1 6379 10.0.0.1 6380",
        "+new-epoch 2",
        // It was promoted, and says so before the sentinel hears of it.
        "-role-change slave x 10.0.0.1 6379 @ m 10.0.0.1 6380 new reported role is master",
        "+switch-master m 10.0.0.1 6380 10.0.0.1 6379",
        "+switch-master m 10.0.0.1 6379 10.0.0.1 6380",
        "+new-epoch 4",
        "+switch-master m 10.0.0.1 6380 10.0.0.1 6379",
        // The stream was away in between.
        "+new-epoch 6",
        "+switch-master m 10.0.0.1 6380 10.0.0.1 6379",
    ]);
    let (en, zh) = told(&[("stream.txt", &text)]);
    assert!(en.starts_with("5 incidents: m\n") && zh.starts_with("5 起事故：m\n"), "{en}{zh}");
    assert!(!en.contains("-role-change") && !zh.contains("-role-change"), "{en}{zh}");
}

/// Only one that was the master when it restarted, whoever is the master at the end.
#[test]
fn a_master_that_restarts_unseen_is_named_by_its_own_line() {
    let log = starts(0, "", "10.0.0.1 6379")
        + &at(5, "+reboot master m 10.0.0.1 6379")
        + &at(6, "+reboot slave x 10.0.0.1 6380 @ m 10.0.0.1 6379")
        + &planned(10, 1, 6379, 6380)
        + &at(70, "+sdown master m 10.0.0.1 6380")
        + &at(80, "-sdown master m 10.0.0.1 6380")
        + &at(89, "+reboot master m 10.0.0.1 6380");
    let (en, zh) = told(&[("s1.log", &log)]);
    let first = "The master 10.0.0.1:6379 of m restarted within down-after-milliseconds: no failover.";
    assert!(en.contains(first) && en.matches("restarted within").count() == 1, "{en}");
    assert!(zh.contains("m 的主节点 10.0.0.1:6379 在 down-after-milliseconds 之内重启"), "{zh}");
    let (en, _) = told(&[("s1.log", &(log + &at(200, "+reboot master m 10.0.0.1 6380")))]);
    assert!(en.contains("The master 10.0.0.1:6380 of m restarted within"), "{en}");
}

/// A failover is refused long after another incident: what the log says of it is not that one's.
#[test]
fn refusals_and_votes_belong_to_their_own_incident() {
    let refusal = "Replica 10.0.0.1:6379 of `m` cannot be promoted: its replica-priority is 0";
    let log = starts(0, OURS, "10.0.0.1 6379") + &planned(10, 1, 6379, 6380) + &at(300, refusal);
    let (en, zh) = told(&[("s1.log", &log)]);
    let (incident, also) = en.split_once("ALSO SEEN").unwrap();
    assert!(!incident.contains(refusal) && also.contains(&format!("m: the log says: {refusal}")), "{en}");
    let (incident, also) = zh.split_once("此外").unwrap();
    let refusal = "副本 10.0.0.1:6379（组 `m`）不能提升：它的 replica-priority 为 0";
    assert!(!incident.contains(refusal) && also.contains(&format!("m：日志：{refusal}")), "{zh}");
    // Two groups fail at once; one sentinel came forward for each, in epochs of their own.
    let [a, b] = ["a", "b"].map(|id| id.repeat(40));
    let down = |group: &str, host: &str| {
        at(20, &format!("+sdown master {group} {host} 6379"))
            + &at(20, &format!("+odown master {group} {host} 6379 #quorum 2/2"))
    };
    let log = at(0, &format!("Sentinel ID is {a}"))
        + &down("one", "10.0.0.1")
        + &at(21, "+new-epoch 1")
        + &at(21, "+try-failover master one 10.0.0.1 6379")
        + &at(21, &format!("+vote-for-leader {a} 1"))
        + &down("two", "10.0.0.2")
        // Another sentinel's attempt for the other group, whose log is not here.
        + &at(22, "+new-epoch 2")
        + &at(22, &format!("+vote-for-leader {b} 2"))
        + &at(23, &format!("{b} voted for {a} 1"))
        + &at(31, "-failover-abort-not-elected master one 10.0.0.1 6379")
        + &at(31, "Not elected for `one`: 2 of 3 votes are needed in epoch 1; missing: x")
        + &at(32, "-sdown master one 10.0.0.1 6379");
    let (en, _) = told(&[("s1.log", &log)]);
    let incident = |group: &str| {
        let (_, rest) = en.split_once(&format!("of 2  {group}  ")).unwrap();
        rest.split("INCIDENT").next().unwrap().to_owned()
    };
    let (one, two) = (incident("one"), incident("two"));
    assert!(one.contains("is not elected in epoch 1: s1 has the vote of bbbbbbbb and s1"), "{en}");
    assert!(one.contains("the log says: Not elected") && !one.contains("epoch 2"), "{en}");
    assert!(!two.contains("epoch 1") && !two.contains("the log says") && !two.contains("elected"), "{en}");
}

/// A sentinel gives its attempt up when the failover of another is over, and the next has begun.
#[test]
fn an_attempt_that_ends_late_is_not_the_next_incidents() {
    let [a, b] = ["a", "b"].map(|id| id.repeat(40));
    let first = at(0, &format!("Sentinel ID is {a}"))
        + &at(10, "+sdown master m 10.0.0.1 6379")
        + &at(10, "+odown master m 10.0.0.1 6379 #quorum 2/2")
        + &at(10, "+new-epoch 1")
        + &at(10, "+try-failover master m 10.0.0.1 6379")
        + &at(10, &format!("+vote-for-leader {a} 1"))
        + &at(14, "-failover-abort-not-elected master m 10.0.0.1 6379");
    let second = at(0, &format!("Sentinel ID is {b}"))
        + &at(10, "+sdown master m 10.0.0.1 6379")
        + &at(11, "+switch-master m 10.0.0.1 6379 10.0.0.1 6380")
        + &at(13, "+sdown master m 10.0.0.1 6380");
    let (en, _) = told(&[("s1.log", &first), ("s2.log", &second)]);
    let (one, two) = en.split_once("INCIDENT 2 of 2").unwrap();
    assert!(one.contains("-failover-abort-not-elected") && !two.contains("-failover-abort"), "{en}");
}

/// The events of an incident as `watchkeeper events` prints them: text in a language, or JSON.
fn events_of(dir: &Path, lang: Option<Lang>) -> String {
    let mut heard = Vec::new();
    for (number, log) in logs(dir).iter().enumerate() {
        for line in fs::read_to_string(dir.join(log)).unwrap().lines() {
            let words: Vec<&str> = line.splitn(7, ' ').collect();
            let Some((name, payload)) =
                words[6].split_once(' ').filter(|(name, _)| name.starts_with(['+', '-']))
            else {
                continue;
            };
            let time: jiff::Timestamp = format!("2026-11-28T{}Z", words[4]).parse().unwrap();
            heard.push(Heard {
                sentinel: Endpoint::new("127.0.0.1", 21031 + u16::try_from(number).unwrap()),
                at: Instant::now(),
                unix_ms: u64::try_from(time.as_millisecond()).unwrap(),
                what: What::Event { name: name.to_owned(), payload: payload.to_owned() },
            });
        }
    }
    heard.sort_by_key(|heard| heard.unix_ms);
    let first = Heard { what: What::Connected, ..heard[0].clone() };
    heard.insert(0, first);
    let line = |heard: &Heard| match lang {
        Some(lang) => Happened::of(heard).line(&jiff::tz::TimeZone::UTC, lang).print(false) + "\n",
        None => Happened::of(heard).json(Lang::En) + "\n",
    };
    heard.iter().map(line).collect()
}

#[test]
fn what_watchkeeper_events_prints_is_read() {
    let dir = incidents().into_iter().find(|dir| dir.ends_with("master-crash-redis")).unwrap();
    let [en, zh, json] = [Some(Lang::En), Some(Lang::Zh), None].map(|lang| events_of(&dir, lang));
    for (text, dated) in [(&en, false), (&zh, false), (&json, true)] {
        let (status, told) = explain(&dir, &[], text.as_bytes());
        assert_eq!(status, 0, "{told}");
        let told = flat(&told);
        assert!(told.starts_with(" 1 incident: mymaster 1 log, "), "{text}\n{told}");
        assert_eq!(told.contains("2026-11-28"), dated, "{told}");
        for part in [
            "It took writes after 1.307 s at the latest (the sentinel noticed it then); clients were told after 1.",
            "127.0.0.1:21033 is elected: 127.0.0.1:21033 has the vote of 127.0.0.1:21032 and 127.0.0.1:21033",
            "[+failover-end]",
            "The old master 127.0.0.1:21020 came back as a master",
        ] {
            assert!(told.contains(part), "`{part}` is missing in:\n{text}\n{told}");
        }
        for part in ["could not be understood", "There is no log of", "Too few sentinels", "1970", "2000"] {
            assert!(!told.contains(part), "`{part}` in:\n{text}\n{told}");
        }
    }
    let (status, told) = explain(&dir, &["--lang", "zh"], zh.as_bytes());
    assert!(status == 0 && told.starts_with("1 起事故：mymaster\n"), "{told}");
}

/// Of each incident its title and its first sentence.
fn outcomes(text: &str) -> Vec<String> {
    let lines = text.lines().zip(text.lines().skip(1)).filter(|(title, _)| title.starts_with("INCIDENT"));
    lines.map(|(title, outcome)| format!("{}:{outcome}", title.split("  ").nth(1).unwrap())).collect()
}

#[test]
fn two_deployments_in_one_stream_are_not_one_incident() {
    // Bare events, as two streams put together have them.
    let text = stream(&[
        "+sdown master m 10.0.0.1 6379",
        "+sdown master m 10.9.0.1 6379",
        "+odown master m 10.0.0.1 6379 #quorum 2/2",
        "+sdown slave x 10.9.0.2 6379 @ m 10.9.0.1 6379",
        "+switch-master m 10.0.0.1 6379 10.0.0.2 6379",
        "-sdown master m 10.9.0.1 6379",
        "+sdown slave y 10.0.0.1 6379 @ m 10.0.0.2 6379",
    ]);
    let (en, zh) = told(&[("stream.txt", &text)]);
    let expected = [
        "m:  The master 10.0.0.1:6379 failed; 10.0.0.2:6379 took over.",
        "m (10.9.0.1:6379):  The master 10.9.0.1:6379 was missed and came back by itself. No sentinel whose log is here took over.",
    ];
    assert_eq!(outcomes(&en), expected, "{en}");
    assert!(en.contains("These logs seem to hold several deployments that call their group `m`"), "{en}");
    assert!(flat(&en).contains("the masters 10.0.0.1:6379 and 10.9.0.1:6379."), "{en}");
    assert!(zh.contains("这些日志似乎来自多套部署，它们的组都叫 `m`"), "{zh}");
    // Logs of several sentinels in one file, told apart by their processes.
    let of = |text: String, pid: u32| text.replace("7:X", &format!("{pid}:X"));
    let one = starts(0, "", "10.0.0.1 6379") + &at(10, "+sdown master m 10.0.0.1 6379");
    let other = starts(0, "", "10.9.0.1 6379").replace(&"a".repeat(40), &"b".repeat(40))
        + &at(11, "+sdown master m 10.9.0.1 6379")
        + &at(90, "-sdown master m 10.9.0.1 6379");
    let (en, _) = told(&[("all.log", &(of(one, 1) + &of(other, 2)))]);
    assert_eq!(outcomes(&en).len(), 2, "{en}");
    assert!(en.contains("came back by itself") && en.contains("NOBODY TOOK OVER"), "{en}");
    assert!(!en.contains("did not agree"), "{en}");
    // One deployment, whose sentinels name it by other servers until they hear of the switch.
    let one = at(1, "+switch-master m 10.0.0.1 6379 10.0.0.2 6379") + &at(9, "+sdown master m 10.0.0.2 6379");
    let other = at(5, "+sdown master m 10.0.0.1 6379") + &at(9, "+sdown master m 10.0.0.2 6379");
    let (en, _) = told(&[("all.log", &(of(one, 1) + &of(other, 2)))]);
    assert!(!en.contains("several deployments") && !en.contains("m ("), "{en}");
}

/// What comes at once has one time, and is not the same line again.
#[test]
fn a_stream_that_is_followed_loses_no_event() {
    let dir = tempfile::tempdir().unwrap();
    let text = stream(&[
        "+sdown master m 10.0.0.1 6379",
        "+odown master m 10.0.0.1 6379 #quorum 2/2",
        "+new-epoch 1",
        "+try-failover master m 10.0.0.1 6379",
        "+switch-master m 10.0.0.1 6379 10.0.0.1 6380",
    ]);
    let (status, told) = explain(dir.path(), &["--follow", "-"], text.as_bytes());
    assert_eq!(status, 0, "{told}");
    for event in ["[+odown]", "[+try-failover]", "[+switch-master]"] {
        assert!(told.contains(event), "`{event}` is missing in:\n{told}");
    }
}

#[test]
fn several_streams_without_times_are_said_to_have_no_order() {
    let text = stream(&["+sdown master m 10.0.0.1 6379", "-sdown master m 10.0.0.1 6379"]);
    let (en, zh) = told(&[("a.txt", &text), ("b.txt", &text)]);
    assert!(en.contains("These logs have no times: only epochs put them in order"), "{en}");
    assert!(zh.contains("这些日志没有时间：只能按纪元排列"), "{zh}");
    let (en, _) = told(&[("a.txt", &text)]);
    assert!(!en.contains("no times:"), "{en}");
    let timed = "7:X 28 Nov 2026 16:37:01.705 # +sdown master m 10.0.0.1 6379\n";
    let (en, zh) = told(&[("a.txt", &text), ("b.txt", timed)]);
    assert!(en.contains("1 log has no times: nothing puts what is told there in order"), "{en}");
    assert!(zh.contains("1 份日志没有时间：其内容无法与其余日志按时间排列"), "{zh}");
}
