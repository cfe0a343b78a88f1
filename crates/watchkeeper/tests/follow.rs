//! `watchkeeper explain --follow`, as a user calls it, on files that really grow and are rotated in both ways, and on
//! streams. Nothing here sleeps: what is printed is waited for.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

/// A report comes some seconds after the last line.
const PATIENCE: Duration = Duration::from_secs(60);

/// A program that follows, and what it has printed.
struct Follower {
    child: Child,
    lines: Receiver<String>,
    printed: Vec<String>,
}

impl Follower {
    fn start(dir: &Path, args: &[&str]) -> Follower {
        let mut command = Command::new(env!("CARGO_BIN_EXE_watchkeeper"));
        command.current_dir(dir).env("LC_ALL", "C").args(["explain", "--follow"]).args(args);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (tell, lines) = mpsc::channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in stdout.lines() {
                if tell.send(line.unwrap()).is_err() {
                    return;
                }
            }
        });
        Follower { child, lines, printed: Vec::new() }
    }

    /// Waits for a line that has all of this.
    fn wait(&mut self, parts: &[&str]) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                panic!("no line with {parts:?} in:\n{}", self.printed.join("\n"));
            };
            self.printed.push(line.clone());
            if parts.iter().all(|part| line.contains(part)) {
                return line;
            }
        }
    }

    fn input(&mut self) -> ChildStdin {
        self.child.stdin.take().unwrap()
    }

    /// Waits for the end: the status and all that was printed.
    fn end(mut self) -> (i32, String) {
        let status = self.child.wait().unwrap();
        self.printed.extend(self.lines.iter());
        (status.code().unwrap(), self.printed.join("\n"))
    }

    fn interrupt(&self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn incident(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/incidents").join(name)
}

fn add(path: &Path, text: &str) {
    File::options().append(true).create(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

/// The lines of a log before and from the first that has this.
fn parted(name: &str, log: &str, at: &str) -> (String, String) {
    let text = fs::read_to_string(incident(name).join(log)).unwrap();
    let found = text.find(at).unwrap_or(text.len());
    let line = text[..found].rfind('\n').map_or(0, |end| end + 1);
    (text[..line].to_owned(), text[line..].to_owned())
}

#[test]
fn files_are_followed_through_both_kinds_of_rotation() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    let mut later = Vec::new();
    for log in ["s1.log", "s2.log", "s3.log"] {
        let (before, after) = parted("master-crash-redis", log, "+sdown master");
        add(&path(log), &before);
        later.push(after);
    }
    let mut follower = Follower::start(dir.path(), &["s1.log", "s2.log", "s3.log"]);
    follower.wait(&["48 lines read; 0 incidents before now"]);
    // s2 is the first; its line comes in two pieces.
    let (first, rest) = later[1].split_at(20);
    add(&path("s2.log"), first);
    add(&path("s2.log"), &rest[..rest.find('\n').unwrap() + 1]);
    follower.wait(&["INCIDENT: the master 127.0.0.1:21020 of mymaster is down, seen by s2", "[+sdown]"]);
    // s3 is made anew under its name, s1 is copied away and cut to nothing.
    fs::rename(path("s3.log"), path("s3.log.1")).unwrap();
    let (old, new) = later[2].split_at(later[2].find("+elected-leader").unwrap());
    let (old, begun) = old.rsplit_once('\n').unwrap();
    add(&path("s3.log.1"), &format!("{old}\n"));
    add(&path("s3.log"), &format!("{begun}{new}"));
    follower.wait(&["127.0.0.1:21021 is a master and takes writes", "[+promoted-slave]"]);
    fs::copy(path("s1.log"), path("s1.log.1")).unwrap();
    fs::write(path("s1.log"), &later[0]).unwrap();
    follower.wait(&["s1 tells clients that 127.0.0.1:21021 is the master, as it heard from s3"]);
    add(&path("s2.log"), &rest[rest.find('\n').unwrap() + 1..]);
    follower.wait(&["INCIDENT 1  mymaster  2026-11-28 16:37:06.846"]);
    follower.wait(&[
        "The master 127.0.0.1:21020 failed; 127.0.0.1:21021 took over. It took writes after 1.307 s",
    ]);
    follower.wait(&["s3 is elected: s3 has the vote of s2 and s3"]);
    follower.wait(&["hint: what clients wrote to it in that time is lost"]);
    follower.interrupt();
    let (status, printed) = follower.end();
    assert_eq!(status, 0, "{printed}");
    assert_eq!(printed.matches("INCIDENT 1 ").count(), 1, "{printed}");
}

#[test]
fn programs_get_an_object_per_line() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s1.log");
    let (before, after) = parted("not-elected-redis", "s1.log", "+sdown master");
    add(&path, &before);
    let mut follower = Follower::start(dir.path(), &["--format", "json", "s1.log"]);
    follower.wait(&["{\"kind\":\"begin\",\"lines\":", ",\"incidents_before\":0}"]);
    add(&path, &after);
    follower.wait(&["{\"kind\":\"incident-begins\",\"group\":\"mymaster\",\"time\":\"2026-11-28T16:38:10.857\",\"event\":\"+sdown\""]);
    follower.wait(&["{\"kind\":\"step\"", "\"event\":\"-failover-abort-not-elected\""]);
    let object = follower
        .wait(&["{\"kind\":\"incident\",\"incident\":{\"group\":\"mymaster\"", "\"outcome\":\"came-back\""]);
    assert!(object.contains("\"code\":\"not-elected\"") && object.ends_with("}}"), "{object}");
    follower.interrupt();
    let (status, printed) = follower.end();
    assert!(
        status == 0 && printed.lines().all(|line| line.starts_with('{') && line.ends_with('}')),
        "{printed}"
    );
}

#[test]
fn a_stream_is_told_to_its_end() {
    let dir = tempfile::tempdir().unwrap();
    let mut follower = Follower::start(dir.path(), &[]);
    let mut input = follower.input();
    // What nobody took over from is told when it ends.
    let (before, after) = parted("no-quorum-redis", "s1.log", "+sdown master");
    input.write_all(before.as_bytes()).unwrap();
    input.write_all(after.as_bytes()).unwrap();
    follower.wait(&["INCIDENT: the master", "is down, seen by"]);
    drop(input);
    let (status, printed) = follower.end();
    assert!(status == 0 && printed.contains("NO SENTINEL WHOSE LOG IS HERE TOOK OVER."), "{printed}");
}

/// `redis-cli psubscribe '*'` tells no times: those of arrival are taken.
#[test]
fn events_without_times_get_them() {
    let dir = tempfile::tempdir().unwrap();
    let mut follower = Follower::start(dir.path(), &["-", "--lang", "zh"]);
    let mut input = follower.input();
    input.write_all(&fs::read(incident("psubscribe-redis").join("stream.txt")).unwrap()).unwrap();
    let line = follower.wait(&["事故：mymaster 的主节点", "下线，由 "]);
    let clock = line.split(' ').next().unwrap();
    assert!(clock.len() == 12 && clock.matches(':').count() == 2, "{line}");
    drop(input);
    let (status, printed) = follower.end();
    assert!(status == 0 && printed.contains("\n事故 1  mymaster  "), "{printed}");
}

#[test]
fn what_was_there_is_not_told_again_but_what_goes_on_is() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s1.log");
    add(&path, &fs::read_to_string(incident("master-crash-redis").join("s1.log")).unwrap());
    let (open, rest) = parted("not-elected-redis", "s1.log", "-failover-abort-not-elected");
    add(&path, &open.replace("mymaster", "other"));
    let mut follower = Follower::start(dir.path(), &["s1.log"]);
    follower.wait(&["lines read; 1 incident before now"]);
    follower.wait(&["INCIDENT: the master 127.0.0.1:21100 of other is down, seen by "]);
    add(&path, &rest.replace("mymaster", "other"));
    follower.wait(&["INCIDENT 1  other  2026-11-28 16:38:10.857"]);
    follower.interrupt();
    let (_, printed) = follower.end();
    assert!(!printed.contains("INCIDENT 1  mymaster") && !printed.contains("21021"), "{printed}");
}

#[test]
fn pictures_do_not_follow() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_watchkeeper"));
    command.current_dir(dir.path()).env("LC_ALL", "C").args(["explain", "--follow", "--format", "html", "-"]);
    let output = command.stdin(Stdio::null()).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("`--follow` draws no pictures\nhint: "), "{text}");
}

/// redis-sentinel tells an old master only some 10 s later to follow, when the report is out: that writes are lost is said
/// then.
#[test]
fn an_old_master_that_is_put_right_after_the_report_is_told_of() {
    let begin = "7:X 29 Nov 2026 10:00:00.000 # +monitor master m 10.0.0.1 6379 quorum 2\n";
    let led = "7:X 29 Nov 2026 10:00:10.000 # +sdown master m 10.0.0.1 6379
7:X 29 Nov 2026 10:00:11.000 # +switch-master m 10.0.0.1 6379 10.0.0.2 6379
7:X 29 Nov 2026 10:00:12.000 # +sdown slave 10.0.0.1:6379 10.0.0.1 6379 @ m 10.0.0.2 6379
7:X 29 Nov 2026 10:00:13.000 # -sdown slave 10.0.0.1:6379 10.0.0.1 6379 @ m 10.0.0.2 6379\n";
    let put_right = "7:X 29 Nov 2026 10:00:22.960 * +convert-to-slave slave 10.0.0.1:6379 10.0.0.1 6379 @ m 10.0.0.2 6379\n";
    for (args, report, addendum) in [
        (&["--lang", "en"][..], "INCIDENT 1 ", &["warning:", "9.960 s"][..]),
        (&["--lang", "zh"], "事故 1", &["警告", "9.960 秒"]),
        (
            &["--format", "json"],
            "\"kind\":\"incident\"",
            &["\"kind\":\"finding\",\"group\":\"m\",\"finding\":{", "two-masters"],
        ),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s1.log");
        add(&path, begin);
        let mut follower = Follower::start(dir.path(), &[args, &["s1.log"]].concat());
        follower.wait(&["0"]);
        add(&path, led);
        follower.wait(&[report]);
        add(&path, put_right);
        follower.wait(&["+convert-to-slave"]);
        follower.wait(addendum);
    }
}

/// What came at once is told as it is when it comes line by line: who saw what, each once.
#[test]
fn sightings_are_told_once_and_by_somebody() {
    let dir = tempfile::tempdir().unwrap();
    let follow = |log: &str, before: &str| {
        let path = dir.path().join("all.log");
        fs::write(&path, "s1  | 7:X 29 Nov 2026 10:00:00.000 # +tilt #tilt mode entered\n").unwrap();
        let mut follower = Follower::start(dir.path(), &["all.log"]);
        follower.wait(&["1 line read"]);
        add(&path, before);
        if !before.is_empty() {
            follower.wait(&["[+sdown]"]);
        }
        add(&path, log);
        follower.wait(&["INCIDENT 1 "]);
        follower.interrupt();
        follower.end().1
    };
    let line = |who: &str, second: &str, event: &str| {
        format!("{who}  | 7:X 29 Nov 2026 10:00:{second} # {event} master m 10.0.0.1 6379\n")
    };
    // At once: who misses it has had answers since.
    let blip =
        line("s1", "10.000", "+sdown") + &line("s2", "10.000", "+sdown") + &line("s1", "10.500", "-sdown");
    let printed = follow(&(blip.clone() + &line("s2", "10.500", "-sdown")), "");
    assert!(printed.contains("is down, seen by s1  [+sdown]"), "{printed}");
    let (live, _) = printed.split_once("INCIDENT 1 ").unwrap();
    for part in ["seen by", "s2 gets no answer", "s1 gets answers again", "s2 gets answers again"] {
        assert_eq!(live.matches(part).count(), 1, "{part}: {printed}");
    }
    // One after the other, of one moment, and not in the order in which they began to miss it.
    let before = line("s2", "10.000", "+sdown") + &line("s1", "10.001", "+sdown");
    let printed = follow(&line("s2", "10.500", "-sdown"), &(before + &line("s1", "10.500", "-sdown")));
    let (live, _) = printed.split_once("INCIDENT 1 ").unwrap();
    for part in ["s1 gets answers again", "s2 gets answers again"] {
        assert_eq!(live.matches(part).count(), 1, "{part}: {printed}");
    }
    // A log that begins in the middle does not say who.
    let late = line("s1", "10.000", "+odown").replace("6379\n", "6379 #quorum 2/2\n");
    let printed = follow(&(late + &line("s1", "10.500", "-sdown")), "");
    assert!(printed.contains("INCIDENT: s1: 2 sentinels hold it for down, 2 must"), "{printed}");
    assert!(!printed.contains("seen by"), "{printed}");
}

/// Two incidents in a stream that was saved are two, and its durations are said to be none.
#[test]
fn a_saved_stream_is_said_to_have_no_times() {
    let dir = tempfile::tempdir().unwrap();
    let mut follower = Follower::start(dir.path(), &["-"]);
    let mut input = follower.input();
    let stream = fs::read_to_string(incident("streams-of-two-failovers-redis").join("pub1.txt")).unwrap();
    input.write_all(stream.as_bytes()).unwrap();
    drop(input);
    let (status, printed) = follower.end();
    assert!(status == 0 && printed.contains("explain them without --follow"), "{printed}");
    assert!(printed.contains("INCIDENT 1 ") && printed.contains("INCIDENT 2 "), "{printed}");
}
