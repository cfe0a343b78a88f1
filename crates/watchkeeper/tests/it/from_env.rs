//! A sentinel whose configuration is its environment: what it is told, what it keeps over a restart, and its health.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::process::Command;

use rustix::process::Signal;

use crate::program::{Workshop, free_port};

/// The program with these variables.
fn command(shop: &Workshop, args: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = shop.command("watchkeeper", args);
    command.envs(variables.iter().copied());
    command
}

/// The first line of the answer, or of each part of an array of texts.
fn ask(port: u16, words: &str, lines: usize) -> Vec<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(format!("{words}\r\n").as_bytes()).unwrap();
    let answer = BufReader::new(stream).lines().take(lines);
    answer.map(|line| line.unwrap().trim().to_string()).filter(|line| !line.starts_with(['*', '$'])).collect()
}

fn master(port: u16) -> Vec<String> {
    ask(port, "SENTINEL GET-MASTER-ADDR-BY-NAME mymaster", 5)
}

const READY: &str = "+monitor master mymaster";

#[test]
fn the_environment_is_printed_or_refused() {
    let shop = Workshop::new();
    let variables = [("MASTER", "10.0.0.1"), ("AUTH_PASS", "a b")];
    let output = command(&shop, &["config", "from-env"], &variables).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("sentinel monitor mymaster 10.0.0.1 6379 2\n"), "{text}");
    assert!(text.contains("sentinel auth-pass mymaster \"a b\"\n"), "{text}");
    for args in [&["config", "from-env"][..], &["run", "--from-env"]] {
        let output = command(&shop, args, &[("QUORUM", "two"), ("LANG", "C")]).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.starts_with("error: `QUORUM` is `two`, expected a whole number"), "{text}");
        assert!(text.contains("\nhint: ") && !output.status.success());
    }
    let output = command(&shop, &["run", "--from-env", "x.conf"], &[]).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("error: `x.conf` was named together with"));
}

#[test]
fn the_help_lists_every_variable_in_both_languages() {
    let shop = Workshop::new();
    for (lang, wanted) in [("en", "name of the group"), ("zh", "组名")] {
        let ended = shop.run("watchkeeper", &["--lang", lang, "config", "from-env", "--help"]);
        assert!(ended.out.contains(wanted) && ended.out.contains("CLIENT_RECONFIG_SCRIPT"), "{}", ended.out);
    }
}

#[test]
fn what_was_learnt_survives_a_restart_and_a_changed_environment() {
    let shop = Workshop::new();
    let port = free_port();
    let number = port.to_string();
    let variables = [("MASTER", "127.0.0.1:1"), ("SENTINEL_PORT", &number), ("ANNOUNCE_IP", "127.0.0.1")];
    let running = shop.start(&mut command(&shop, &["run", "--from-env"], &variables), READY);
    let id = ask(port, "SENTINEL MYID", 2);
    assert_eq!(id[0].len(), 40, "{id:?}");
    assert_eq!(master(port), ["127.0.0.1", "1"]);
    let health = command(&shop, &["healthcheck"], &[("SENTINEL_PORT", &number)]).output().unwrap();
    assert!(health.status.success() && health.stdout == b"PONG\n", "{health:?}");
    running.signal(Signal::TERM);
    assert_eq!(running.end().code, 0);
    let health = command(&shop, &["healthcheck"], &[("SENTINEL_PORT", &number)]).output().unwrap();
    assert!(!health.status.success(), "{health:?}");

    // A failover is this in the state: another address in a newer configuration.
    let state = shop.read("watchkeeper-state.conf");
    let failed_over = state
        .replace("sentinel monitor mymaster 127.0.0.1 1 2", "sentinel monitor mymaster 127.0.0.1 2 2")
        .replace("sentinel config-epoch mymaster 0", "sentinel config-epoch mymaster 7")
        .replace("sentinel current-epoch 0", "sentinel current-epoch 7");
    assert_ne!(state, failed_over, "{state}");
    shop.write("watchkeeper-state.conf", &failed_over);

    // With the same environment, and with one that has been edited.
    for more in [("LOG_LEVEL", "notice"), ("DOWN_AFTER", "4321")] {
        let variables = [&variables[..], &[more]].concat();
        let running = shop.start(&mut command(&shop, &["run", "--from-env"], &variables), READY);
        assert_eq!(master(port), ["127.0.0.1", "2"], "{more:?}");
        assert_eq!(ask(port, "SENTINEL MYID", 2), id, "{more:?}");
        let settings = ask(port, "SENTINEL MASTER mymaster", 81);
        assert_eq!(settings.iter().any(|word| word == "4321"), more.0 == "DOWN_AFTER", "{settings:?}");
        running.signal(Signal::TERM);
        assert_eq!(running.end().code, 0);
    }
}
