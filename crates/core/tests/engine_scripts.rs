//! Notification and client-reconfiguration scripts: which events run them, with what, and what happens when they fail.

mod bench;

use bench::{Bench, ID1, MASTER, P1, R2, Setup, texts};
use watchkeeper_core::io::{ScriptId, ScriptInput};

const EXIT: fn(i32) -> ScriptInput = |code| ScriptInput::Exited { code, signal: 0 };

fn with_scripts(mut setup: Setup) -> Bench {
    setup.group().notification_script = Some("/bin/notify".into());
    setup.group().client_reconfig_script = Some("/bin/reconfig".into());
    let mut bench = setup.settled();
    finish_all(&mut bench);
    bench.scripts.clear();
    bench
}

fn finish_all(bench: &mut Bench) {
    let mut done = 0;
    while done < bench.scripts.len() {
        let (_, script, _) = bench.scripts[done];
        bench.script(script, EXIT(0));
        done += 1;
    }
}

fn args(bench: &Bench, path: &str) -> Vec<String> {
    let runs = bench.scripts.iter().filter(|(_, _, argv)| argv[0] == path);
    runs.map(|(_, _, argv)| argv[1..].join(" ")).collect()
}

#[test]
fn warnings_notify_and_nothing_else_does() {
    let mut bench = with_scripts(Setup::alone(2));
    bench.crash(MASTER);
    bench.until("+switch-master", 5_000);
    finish_all(&mut bench);
    let told = args(&bench, "/bin/notify");
    let warnings: Vec<String> = bench
        .events
        .iter()
        .map(|(_, event)| event.clone())
        .filter(|event| {
            watchkeeper_core::event::by_name(event.split(' ').next().unwrap()).unwrap().level
                == watchkeeper_core::LogLevel::Warning
        })
        .collect();
    assert!(warnings.len() >= 12);
    assert_eq!(told, warnings, "each with its type and payload, in order");
    let (_, _, argv) = bench.scripts.iter().find(|(_, _, argv)| argv[1] == "+sdown").unwrap();
    assert_eq!(argv[..], ["/bin/notify", "+sdown", "master mm 10.0.0.1 6379"]);
}

#[test]
fn the_leader_and_the_observer_tell_clients_once() {
    let mut bench = with_scripts(Setup::alone(2));
    bench.crash(MASTER);
    bench.set(R2, |replica| replica.offset = 5_000);
    bench.until("+promoted-slave", 5_000);
    finish_all(&mut bench);
    bench.until("+switch-master", 5_000);
    finish_all(&mut bench);
    assert_eq!(args(&bench, "/bin/reconfig"), ["mm leader start 10.0.0.1 6379 10.0.0.2 6379"]);

    let mut bench = with_scripts(Setup::three(2));
    bench.hello(P1, ID1, 3, R2, 3);
    bench.hello(P1, ID1, 3, R2, 3);
    finish_all(&mut bench);
    assert_eq!(args(&bench, "/bin/reconfig"), ["mm observer start 10.0.0.1 6379 10.0.0.2 6379"]);
}

#[test]
fn tilt_and_script_errors_notify_nobody() {
    let mut bench = with_scripts(Setup::alone(1));
    bench.stall(3_000);
    bench.run(100);
    assert!(bench.scripts.is_empty());
}

/// A bench with one script running; its number.
fn one_script() -> (Bench, ScriptId) {
    let mut bench = with_scripts(Setup::alone(0));
    bench.command(&["SENTINEL", "SET", "mm", "quorum", "1"]);
    let (_, script, _) = bench.scripts[0];
    bench.script(script, ScriptInput::Started { pid: 77 });
    (bench, script)
}

/// The first entry of PENDING-SCRIPTS.
fn pending(bench: &mut Bench) -> Vec<String> {
    let watchkeeper_resp::Frame::Array(jobs) = bench.command(&["SENTINEL", "PENDING-SCRIPTS"]) else {
        panic!("no array")
    };
    texts(&jobs[0])
}

#[test]
fn a_failing_script_is_run_ten_times_with_growing_pauses() {
    let (mut bench, mut script) = one_script();
    for run in 1..10 {
        bench.run(10);
        bench.script(script, if run % 2 == 0 { EXIT(1) } else { ScriptInput::Exited { code: 0, signal: 9 } });
        assert_eq!(bench.count("-script-error"), 0);
        let pause = 30_000 << (run - 1);
        let from = bench.now;
        bench.run(pause - 1);
        assert_eq!(bench.scripts.len(), run, "not before {pause} ms");
        bench.run(1);
        assert_eq!(bench.scripts.len(), run + 1, "run {} at {}", run + 1, bench.now - from);
        script = bench.scripts[run].1;
    }
    bench.script(script, EXIT(1));
    assert_eq!(bench.events.last().unwrap().1, "-script-error /bin/notify 0 1");
    assert!(texts(&bench.command(&["SENTINEL", "PENDING-SCRIPTS"])).is_empty());
}

#[test]
fn other_exits_are_errors_at_once() {
    let (mut bench, script) = one_script();
    bench.script(script, EXIT(2));
    let names: Vec<&str> = bench.events.iter().rev().take(2).map(|(_, event)| event.as_str()).collect();
    assert_eq!(names, ["-script-error /bin/notify 0 2", "-script-child 77 2 0"]);
    bench.run(300_000);
    assert_eq!(bench.scripts.len(), 1);
}

#[test]
fn a_process_that_cannot_be_made_is_tried_again_and_costs_no_run() {
    let (mut bench, script) = one_script();
    bench.script(script, ScriptInput::NotStarted);
    assert_eq!(bench.events.last().unwrap().1, "-script-error /bin/notify 99 0");
    bench.run(200);
    assert_eq!(bench.scripts.len(), 2);
    assert_eq!(pending(&mut bench)[8..], ["retry-num", "1"]);
}

#[test]
fn a_script_that_runs_too_long_is_killed_and_retried() {
    let (mut bench, script) = one_script();
    bench.run(60_000);
    assert!(bench.killed.is_empty());
    bench.run(1);
    assert_eq!(bench.killed, [script]);
    assert_eq!(bench.events.last().unwrap().1, "-script-timeout /bin/notify 77");
    bench.run(10_000);
    assert_eq!(bench.killed, [script], "once");
    bench.script(script, ScriptInput::Exited { code: 0, signal: 9 });
    bench.run(30_000);
    assert_eq!(bench.scripts.len(), 2);
}

#[test]
fn sixteen_at_once_and_two_hundred_fifty_six_in_all() {
    let mut bench = with_scripts(Setup::alone(0));
    for quorum in 1..=300 {
        bench.command(&["SENTINEL", "SET", "mm", "quorum", &quorum.to_string()]);
    }
    assert_eq!(bench.scripts.len(), 16);
    let info = texts(&bench.command(&["INFO", "sentinel"]))[0].clone();
    assert!(info.contains("sentinel_running_scripts:16\r\nsentinel_scripts_queue_length:256\r\n"), "{info}");
    finish_all(&mut bench);
    assert_eq!(bench.scripts.len(), 256);
    let last = bench.scripts.iter().map(|(_, _, argv)| argv[2].clone()).collect::<Vec<_>>();
    assert!(
        last[15].ends_with("quorum 16") && last[16].ends_with("quorum 61"),
        "the oldest waiting ones went"
    );
    assert!(last[255].ends_with("quorum 300"));
}

#[test]
fn pending_scripts_shows_running_and_waiting_ones() {
    let (mut bench, script) = one_script();
    bench.run(1_234);
    let running = pending(&mut bench);
    assert_eq!(running[2..], ["flags", "running", "pid", "77", "run-time", "1234", "retry-num", "1"]);
    bench.script(script, EXIT(1));
    let waiting = pending(&mut bench);
    assert_eq!(waiting[2..], ["flags", "scheduled", "pid", "0", "run-delay", "30000", "retry-num", "1"]);
}
