//! Host names that lead nowhere, and a resolver that does not answer.

use super::{SOON, Subject};
use std::fs;
use std::net::UdpSocket;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};
use watchkeeper_conformance::subject::is_upstream;
use watchkeeper_conformance::{Daemon, Flavour, FrameExt, Scratch, eventually};

const ID: &str = "00112233445566778899aabbccddeeff00112233";

#[test]
fn names_that_do_not_resolve_are_refused_or_waited_for() {
    let config = "sentinel resolve-hostnames yes\nsentinel monitor hurt no.such.host.invalid 6379 1\n";
    let subject = Subject::start(config);
    // From the file it is taken, with no address yet; in the log there is its name.
    let address = subject.cmd("SENTINEL GET-MASTER-ADDR-BY-NAME hurt").items();
    assert_eq!(address.len(), 2);
    let text = "Failed to resolve hostname 'no.such.host.invalid'";
    eventually(SOON, "the log names it", || subject.sentinel.log().contains(text));
    // On a command it is an error, and nothing is left behind.
    let refused = subject.cmd("SENTINEL MONITOR other no.such.host.invalid 6379 1").text();
    assert_eq!(refused, "ERR Invalid IP address or hostname specified");
    assert!(subject.cmd("SENTINEL MASTER other").is_error());
    // In a hello message it is a peer that cannot be reached.
    let hello = format!("no.such.host.invalid,1,{ID},0,steady,127.0.0.1,{},0", subject.steady.port());
    assert_eq!(subject.sentinel.conn().call(&["PUBLISH", "__sentinel__:hello", &hello]).int(), Some(1));
    let vote = subject.cmd("SENTINEL is-master-down-by-addr no.such.host.invalid 6379 0 *").items();
    assert_eq!(vote[0].int(), Some(0));
    subject.assert_undisturbed();
    subject.assert_still_watching();
}

#[test]
fn names_are_no_addresses_unless_they_may_be_resolved() {
    let subject = Subject::start("");
    let refused = subject.cmd("SENTINEL MONITOR other localhost 6379 1").text();
    assert_eq!(refused, "ERR Invalid IP address or hostname specified");
    let scratch = Scratch::new();
    let sentinel =
        Daemon::sentinel_stopped(Flavour::Ours, &scratch, "sentinel monitor m no.such.host.invalid 6379 1");
    sentinel.spawn();
    assert_eq!(sentinel.wait_end(SOON), Some(1));
    let log = sentinel.log();
    assert!(log.contains("Can't resolve instance hostname."), "{log}");
    assert!(log.contains("no.such.host.invalid"), "{log}");
    subject.assert_still_watching();
}

/// A name server that takes every question and answers none: libc waits 5 s and tries again. Redis's sentinel stands
/// still meanwhile; ours must go on as if nothing were.
#[test]
fn a_resolver_that_does_not_answer_stops_nothing() {
    if is_upstream() {
        println!(
            "Redis's sentinel resolves names in its only thread and stops for seconds: nothing to compare"
        );
        return;
    }
    let scratch = Scratch::new();
    let silent =
        UdpSocket::bind(("127.0.0.153", 53)).expect("port 53 of a loopback address is free (needs root)");
    let steady = Daemon::server(Flavour::Redis, &scratch, "");
    let config = format!(
        "sentinel resolve-hostnames yes\n{}\nsentinel monitor hurt slow.example 6379 1\n",
        Subject::steady_lines(&steady)
    );
    let sentinel = Daemon::sentinel_stopped(Flavour::Ours, &scratch, &config);
    let (program, name) = sentinel.flavour().sentinel();
    let program = fs::canonicalize(program).unwrap();
    let resolv = scratch.path().join("resolv.conf");
    fs::write(&resolv, "nameserver 127.0.0.153\noptions timeout:5 attempts:2\n").unwrap();
    let script = format!(
        "#!/bin/bash\nexec unshare --mount bash -c \"mount --bind '{}' /etc/resolv.conf && exec -a {name} '{}' \\\"\\$0\\\"\" \"$1\"\n",
        resolv.display(),
        program.display()
    );
    let path = sentinel.dir().join(name);
    fs::remove_file(&path).unwrap();
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    let started = Instant::now();
    sentinel.start();
    assert!(started.elapsed() < Duration::from_secs(5), "it answers without waiting for the name");
    let subject = Subject::over(sentinel, steady, scratch);
    silent.set_read_timeout(Some(SOON)).unwrap();
    silent.recv_from(&mut [0; 512]).expect("the name is asked for");
    let watched = Instant::now();
    subject.undisturbed_until("twelve seconds of waiting for the name server", || {
        watched.elapsed() > Duration::from_secs(12)
    });
    subject.assert_still_watching();
}
