//! Notification and client-reconfig scripts: arguments, exit codes, signals, time limit, retries, queue.

#![allow(clippy::unwrap_used, reason = "the helpers of a test may panic as the test itself may")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use watchkeeper_conformance::{Daemon, Flavour, FrameExt, Group, Recorder, Scratch, Topology, eventually};

const SOON: Duration = Duration::from_secs(15);
const FAILOVER_BOUND: Duration = Duration::from_secs(40);

/// One run of a script: when it began (milliseconds since 1970), its process id, its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Run {
    at: u64,
    pid: u32,
    args: Vec<String>,
}

/// A script that notes every run and then does what `body` says.
struct Script {
    path: PathBuf,
    runs: PathBuf,
    _scratch: Arc<Scratch>,
}

impl Script {
    fn new(body: &str) -> Script {
        let scratch = Scratch::new();
        let (path, runs) = (scratch.path().join("script.sh"), scratch.path().join("runs"));
        let text = format!(
            "#!/bin/sh\nline=\"$(date +%s%3N)|$$\"\nfor word in \"$@\"; do line=\"$line|$word\"; done\n\
             echo \"$line\" >> '{}'\n{body}\n",
            runs.display()
        );
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        Script { path, runs, _scratch: scratch }
    }

    fn path(&self) -> &str {
        self.path.to_str().expect("the temporary directory is UTF-8")
    }

    fn runs(&self) -> Vec<Run> {
        let text = fs::read_to_string(&self.runs).unwrap_or_default();
        let run = |line: &str| {
            let mut words = line.split('|').map(str::to_owned);
            let mut number = || words.next().expect("a time and a process id come first");
            let (at, pid) = (number().parse().expect("a time"), number().parse().expect("a process id"));
            Run { at, pid, args: words.collect() }
        };
        text.lines().map(run).collect()
    }

    /// The runs whose first argument is `event`.
    fn runs_for(&self, event: &str) -> Vec<Run> {
        self.runs().into_iter().filter(|run| run.args.first().is_some_and(|word| word == event)).collect()
    }
}

/// One sentinel with a notification script; its master is healthy. `+set` is an event a test can have at will.
fn watched(script: &Script) -> (Group, Recorder) {
    let topology = Topology::new().replicas(0).quorum(1).option("notification-script", script.path());
    let group = topology.sentinels(&[Flavour::Ours]).start();
    let recorder = group.record(0);
    (group, recorder)
}

fn debug(group: &Group, option: &str, ms: u32) {
    let reply = group.sentinels[0].cmd(&format!("SENTINEL DEBUG {option} {ms}"));
    assert_eq!(reply.text(), "OK");
}

/// Makes one `+set` event whose text ends in this number.
fn set_event(group: &Group, parallel_syncs: u32) {
    let value = parallel_syncs.to_string();
    let reply = group.sentinels[0].conn().call(&["SENTINEL", "SET", group.name(), "parallel-syncs", &value]);
    assert_eq!(reply.text(), "OK");
}

fn pending(group: &Group) -> Vec<std::collections::BTreeMap<String, String>> {
    group.sentinels[0].cmd("SENTINEL PENDING-SCRIPTS").items().iter().map(FrameExt::fields).collect()
}

fn wait_idle(group: &Group) {
    eventually(SOON, "no script is left", || pending(group).is_empty());
}

fn errors(recorder: &Recorder) -> Vec<String> {
    recorder.events().into_iter().filter(|e| e.channel == "-script-error").map(|e| e.text).collect()
}

#[test]
fn a_notification_gets_the_event_and_its_text() {
    let script = Script::new("exit 0");
    let (group, recorder) = watched(&script);
    let master = group.master_port();
    set_event(&group, 3);
    group.servers[0].kill();
    for event in ["+set", "+sdown", "+odown"] {
        let text = recorder.wait_channel(SOON, event).text;
        eventually(SOON, &format!("the script ran for {event}"), || script.runs_for(event).first().cloned());
        assert_eq!(script.runs_for(event)[0].args, [event.to_owned(), text], "exactly two arguments");
    }
    let set = &script.runs_for("+set")[0].args[1];
    assert_eq!(set, &format!("master {} 127.0.0.1 {master} parallel-syncs 3", group.name()));
    // At start-up, too: +monitor was announced before anybody could subscribe.
    assert_eq!(script.runs_for("+monitor").len(), 1);
    // Events of a lower level than warning run no script.
    let noticed =
        script.runs().iter().any(|run| ["+slave", "+role-change", "+reboot"].contains(&&*run.args[0]));
    assert!(!noticed);
    assert_eq!(errors(&recorder), Vec::<String>::new());
}

#[test]
fn exit_0_is_silent_and_exit_2_is_an_error_without_a_second_try() {
    for (body, expected) in [("exit 0", None), ("exit 2", Some("0 2")), ("exit 77", Some("0 77"))] {
        let script = Script::new(&format!("[ \"$1\" = +set ] || exit 0\n{body}"));
        let (group, recorder) = watched(&script);
        debug(&group, "script-retry-delay", 50);
        set_event(&group, 2);
        eventually(SOON, "the script has run", || script.runs_for("+set").len() == 1);
        wait_idle(&group);
        let told: Vec<String> = expected.map(|e| format!("{} {e}", script.path())).into_iter().collect();
        eventually(SOON, &format!("{body}: what is said is {told:?}"), || errors(&recorder) == told);
        // Another event after it, run and gone, shows that the first has not been tried again before it.
        set_event(&group, 3);
        eventually(SOON, "the second event's script has run", || script.runs_for("+set").len() == 2);
        wait_idle(&group);
        assert_eq!(script.runs_for("+set").len(), 2, "{body}");
        assert!(errors(&recorder).len() <= 2, "{body}: {:?}", errors(&recorder));
    }
}

/// The delays between runs, in milliseconds.
fn delays(runs: &[Run]) -> Vec<u64> {
    runs.windows(2).map(|pair| pair[1].at - pair[0].at).collect()
}

#[test]
fn exit_1_and_signals_are_tried_ten_times_with_doubling_delays() {
    for (body, expected) in [("exit 1", "0 1"), ("kill -TERM $$", "15 0")] {
        let script = Script::new(&format!("[ \"$1\" = +set ] || exit 0\n{body}"));
        let (group, recorder) = watched(&script);
        debug(&group, "script-retry-delay", 25);
        set_event(&group, 2);
        let error = recorder.wait_channel(Duration::from_secs(60), "-script-error");
        let words: Vec<&str> = error.text.rsplitn(3, ' ').collect();
        let shown = format!("{} {}", words[1], words[0]);
        assert_eq!(words[2], script.path());
        // A shell killed by a signal leaves the exit code undefined in upstream's event; the signal is what counts.
        assert_eq!(shown.split(' ').next(), expected.split(' ').next(), "{body}: `{shown}`");
        let runs = script.runs_for("+set");
        assert_eq!(runs.len(), 10, "{body}");
        for (index, delay) in delays(&runs).into_iter().enumerate() {
            let least = 25 << index;
            // The lower bound is the promise; above it come the tick, the start of a shell, a loaded machine.
            assert!(delay + 5 >= least, "{body}: {delay} ms before run {}, not {least}", index + 2);
        }
        wait_idle(&group);
        assert_eq!(errors(&recorder).len(), 1, "{body}: only the last run is an error");
    }
}

#[test]
fn a_script_that_recovers_is_run_until_then() {
    let script =
        Script::new("[ \"$1\" = +set ] || exit 0\n[ $(grep -c '|+set|' \"${0%/*}/runs\") -ge 3 ] || exit 1");
    let (group, recorder) = watched(&script);
    debug(&group, "script-retry-delay", 50);
    set_event(&group, 2);
    eventually(SOON, "three runs", || script.runs_for("+set").len() == 3);
    wait_idle(&group);
    assert_eq!(script.runs_for("+set").len(), 3);
    assert_eq!(errors(&recorder), Vec::<String>::new());
}

#[test]
fn a_script_beyond_its_time_is_killed_and_tried_again() {
    let script = Script::new("[ \"$1\" = +set ] || exit 0\nexec sleep 1000");
    let (group, recorder) = watched(&script);
    debug(&group, "script-max-runtime", 400);
    debug(&group, "script-retry-delay", 300);
    set_event(&group, 2);
    let running = eventually(SOON, "it is shown as running", || {
        pending(&group).into_iter().find(|job| job["flags"] == "running")
    });
    let keys: Vec<&str> = running.keys().map(String::as_str).collect();
    assert_eq!(keys, ["argv", "flags", "pid", "retry-num", "run-time"]);
    assert_eq!(running["retry-num"], "1");
    let timeout = recorder.wait_channel(SOON, "-script-timeout").text;
    let run = eventually(SOON, "its first run is noted", || script.runs_for("+set").first().cloned());
    assert_eq!(timeout, format!("{} {}", script.path(), run.pid));
    eventually(SOON, "it is gone", || !PathBuf::from(format!("/proc/{}", run.pid)).exists());
    let waiting = eventually(SOON, "it waits for its next run", || {
        pending(&group).into_iter().find(|job| job["flags"] == "scheduled")
    });
    assert_eq!(waiting["pid"], "0");
    assert!(waiting.contains_key("run-delay"), "{waiting:?}");
    eventually(SOON, "it runs again", || script.runs_for("+set").len() >= 2);
    assert_eq!(errors(&recorder), Vec::<String>::new(), "a retry is no error yet");
}

#[test]
fn sixteen_run_at_once_and_the_rest_waits() {
    let script = Script::new("[ \"$1\" = +set ] || exit 0\nexec sleep 1000");
    let (group, _recorder) = watched(&script);
    wait_idle(&group);
    for number in 1..=30 {
        set_event(&group, number);
    }
    eventually(SOON, "16 run", || {
        let jobs = pending(&group);
        let running = jobs.iter().filter(|job| job["flags"] == "running").count();
        if (running, jobs.len()) == (16, 30) { Ok(()) } else { Err(format!("{running} of {}", jobs.len())) }
    });
    let info = group.sentinels[0].cmd("INFO sentinel").text();
    assert!(info.contains("sentinel_running_scripts:16\r\n"), "{info}");
    assert!(info.contains("sentinel_scripts_queue_length:30\r\n"), "{info}");
    // 300 more: the queue holds 256, the oldest that wait are dropped, those that run stay.
    for number in 31..=330 {
        set_event(&group, number);
    }
    let jobs = pending(&group);
    assert_eq!(jobs.len(), 256);
    assert_eq!(jobs.iter().filter(|job| job["flags"] == "running").count(), 16);
    assert_eq!(group.sentinels[0].cmd("PING").text(), "PONG");
    for run in script.runs_for("+set") {
        // They outlive the sentinel otherwise.
        let pid = i32::try_from(run.pid).ok().and_then(rustix::process::Pid::from_raw).expect("a process id");
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
    }
}

#[test]
fn a_script_inherits_no_sockets_and_the_environment() {
    let script = Script::new("ls -l /proc/self/fd > \"$0.fds\"; env > \"$0.env\"; mv \"$0.env\" \"$0.done\"");
    let (group, _recorder) = watched(&script);
    set_event(&group, 2);
    let done = format!("{}.done", script.path());
    eventually(SOON, "the script has run", || PathBuf::from(&done).exists());
    let descriptors = fs::read_to_string(format!("{}.fds", script.path())).unwrap();
    assert!(!descriptors.contains("socket:"), "{descriptors}");
    assert!(!descriptors.contains("daemon.conf"), "{descriptors}");
    assert!(fs::read_to_string(done).unwrap().contains("PATH="));
    drop(group);
}

/// `<master-name> <role> <state> <from-ip> <from-port> <to-ip> <to-port>`, once per sentinel.
#[test]
fn client_reconfig_scripts_are_told_where_to_go() {
    let script = Script::new("exit 0");
    let topology = Topology::new().option("client-reconfig-script", script.path());
    let group = topology.sentinels(&[Flavour::Ours; 3]).start();
    let before = group.master_port();
    group.servers[0].kill();
    let after = group.wait_switched(before, FAILOVER_BOUND);
    eventually(SOON, "each sentinel has run its script", || script.runs().len() >= 3);
    for sentinel in &group.sentinels {
        eventually(SOON, "no script is left", || sentinel.cmd("SENTINEL PENDING-SCRIPTS").items().is_empty());
    }
    let mut roles = Vec::new();
    for run in script.runs() {
        let mut args = run.args;
        roles.push(args.remove(1));
        let (from, to) = (before.to_string(), after.to_string());
        assert_eq!(args, [group.name(), "start", "127.0.0.1", &from, "127.0.0.1", &to]);
    }
    roles.sort();
    assert_eq!(roles, ["leader", "observer", "observer"]);
}

#[test]
fn scripts_that_cannot_be_run_are_refused_with_their_names() {
    let scratch = Scratch::new();
    let missing = "sentinel monitor m 127.0.0.1 1 1\nsentinel notification-script m /no/such/script";
    let sentinel = Daemon::sentinel_stopped(Flavour::Ours, &scratch, missing);
    sentinel.spawn();
    assert_eq!(sentinel.wait_end(SOON), Some(1));
    assert!(
        sentinel.log().contains("Notification script seems non existing or non executable."),
        "{}",
        sentinel.log()
    );
    let script = Script::new("exit 0");
    let sentinel = Daemon::sentinel(Flavour::Ours, &scratch, "sentinel monitor m 127.0.0.1 1 1");
    let denied = sentinel.conn().call(&["SENTINEL", "SET", "m", "notification-script", script.path()]).text();
    assert!(
        denied.starts_with("ERR Reconfiguration of scripts path is denied for security reasons."),
        "{denied}"
    );
    let lines = "sentinel deny-scripts-reconfig no\nsentinel monitor m 127.0.0.1 1 1";
    let sentinel = Daemon::sentinel(Flavour::Ours, &scratch, lines);
    let mut conn = sentinel.conn();
    assert_eq!(
        conn.cmd("SENTINEL SET m client-reconfig-script /no/such/script").text(),
        "ERR Client reconfiguration script seems non existing or non executable"
    );
    assert_eq!(conn.call(&["SENTINEL", "SET", "m", "notification-script", script.path()]).text(), "OK");
    assert_eq!(conn.cmd("SENTINEL MASTER m").fields()["notification-script"], script.path());
    assert_eq!(conn.call(&["SENTINEL", "SET", "m", "notification-script", ""]).text(), "OK");
    assert!(!conn.cmd("SENTINEL MASTER m").fields().contains_key("notification-script"));
}
