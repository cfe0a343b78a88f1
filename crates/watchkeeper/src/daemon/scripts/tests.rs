//! The fates of a script.

use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::super::outside::{Receiver, channel};
use super::*;

fn script(dir: &Path, text: &str) -> String {
    let path = dir.join("script.sh");
    std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path.display().to_string()
}

fn next(answers: &mut Receiver) -> ScriptInput {
    match answers.blocking_recv() {
        Some(Outside::Script { script: ScriptId(1), what }) => what,
        other => panic!("{other:?}"),
    }
}

fn run(argv: Vec<String>) -> (Scripts, Receiver) {
    let (answer, answers) = channel();
    let scripts = Scripts::new(answer);
    assert!(scripts.run(ScriptId(1), argv).is_none());
    (scripts, answers)
}

#[test]
fn arguments_arrive_and_the_exit_code_comes_back() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let path = script(dir.path(), "echo \"$#:$1:$2\" > \"$3\"; exit 7");
    let (_scripts, mut answers) = run(vec![path, "+sdown".into(), "a; b".into(), out.display().to_string()]);
    assert!(matches!(next(&mut answers), ScriptInput::Started { pid } if pid > 0));
    assert!(matches!(next(&mut answers), ScriptInput::Exited { code: 7, signal: 0 }));
    assert_eq!(std::fs::read_to_string(out).unwrap(), "3:+sdown:a; b\n");
}

#[test]
fn what_cannot_be_executed_exits_with_2() {
    let (_scripts, mut answers) = run(vec!["/nonexistent/script".into()]);
    assert!(matches!(next(&mut answers), ScriptInput::Started { .. }));
    assert!(matches!(next(&mut answers), ScriptInput::Exited { code: 2, signal: 0 }));
}

#[test]
fn a_killed_script_reports_the_signal_and_killing_twice_is_harmless() {
    let dir = tempfile::tempdir().unwrap();
    let (scripts, mut answers) = run(vec![script(dir.path(), "exec tail -f /dev/null")]);
    assert!(matches!(next(&mut answers), ScriptInput::Started { .. }));
    scripts.kill(ScriptId(1));
    assert!(matches!(next(&mut answers), ScriptInput::Exited { code: 0, signal: 9 }));
    scripts.kill(ScriptId(1));
    assert!(scripts.running.lock().unwrap().is_empty());
}

#[test]
fn no_socket_is_inherited() {
    let dir = tempfile::tempdir().unwrap();
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    // By what it is and not by its number: the shell has files of its own.
    let itself = std::fs::read_link(format!("/proc/self/fd/{}", socket.as_raw_fd())).unwrap();
    let look = "for file in /proc/$$/fd/*; do test \"$(readlink \"$file\")\" != \"$1\" || exit 3; done";
    let path = script(dir.path(), look);
    let (_scripts, mut answers) = run(vec![path, itself.display().to_string()]);
    assert!(matches!(next(&mut answers), ScriptInput::Started { .. }));
    assert!(matches!(next(&mut answers), ScriptInput::Exited { code: 0, signal: 0 }));
}
