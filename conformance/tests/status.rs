//! `watchkeeper status`, `failover` and `events` of groups that are Redis's and Valkey's own from end to end.

use std::process::{Command, Stdio};
use std::time::Duration;

use watchkeeper_conformance::Flavour::{Ours, Redis, Valkey};
use watchkeeper_conformance::{Daemon, Flavour, Group, Topology, eventually};

const BOUND: Duration = Duration::from_secs(30);

/// Exit status and output of a command of ours that asks the first sentinel of a group.
fn asked(group: &Group, words: &[&str]) -> (i32, String) {
    let sentinel = format!("127.0.0.1:{}", group.sentinels[0].port());
    let mut command = Command::new(Ours.sentinel().0);
    command.args(words).args(["--lang", "en", "--sentinel", &sentinel]).stdin(Stdio::null());
    let output = command.output().expect("it can be started");
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().expect("it ends by itself"), String::from_utf8_lossy(&text).into_owned())
}

fn start(flavour: Flavour) -> Group {
    Topology::new().servers(flavour).replicas(2).sentinels(&[flavour; 3]).start()
}

fn port_of(server: &Daemon) -> String {
    format!("127.0.0.1:{}", server.port())
}

/// From a healthy group through a failover to one that is stuck.
fn course(flavour: Flavour, version: &str) {
    let group = start(flavour);
    let master = port_of(&group.servers[0]);
    let (code, text) = asked(&group, &["status"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("mymaster: writable, 2 replicas in step, 3 sentinels up"), "{text}");
    assert!(text.contains(&format!("\n  {master} ")) && text.contains("\n  └─ 127.0.0.1:"), "{text}");
    assert!(text.matches(version).count() >= 6, "servers and sentinels are `{version}`: {text}");

    let (code, text) = asked(&group, &["failover", "mymaster", "--yes"]);
    assert_eq!(code, 0, "{text}");
    for words in ["+elected-leader", "+switch-master", "is the master now.", "All other servers follow it:"] {
        assert!(text.contains(words), "`{words}` is missing: {text}");
    }

    let master = group.server_at(group.master_port());
    for dead in [master, &group.sentinels[1], &group.sentinels[2]] {
        dead.kill();
    }
    let text = eventually(BOUND, "the sentinel misses the master", || {
        let (code, text) = asked(&group, &["status"]);
        if code == 1 && text.contains("held for down by 1 of the 2 sentinels") { Ok(text) } else { Err(text) }
    });
    assert!(text.contains("mymaster: NOT WRITABLE; the master "), "{text}");
    assert!(text.contains("of 3 sentinels, 1 can act; to elect one of them takes 2"), "{text}");
}

#[test]
fn a_group_of_redis() {
    course(Redis, "redis 7.");
}

#[test]
fn a_group_of_valkey() {
    course(Valkey, "valkey ");
}

#[test]
fn replicas_below_replicas_are_found_though_the_sentinels_do_not_know_them() {
    let group = start(Redis);
    let [_, above, below] = &group.servers[..] else { panic!("three servers") };
    below.cmd(&format!("REPLICAOF 127.0.0.1 {}", above.port()));
    // The sentinels would put it back under the master some ten seconds later; asked before that.
    eventually(BOUND, "it is shown below the other replica", || {
        let (_, text) = asked(&group, &["status"]);
        let chain = format!("\n     └─ {} ", port_of(below));
        if text.contains(&chain) { Ok(()) } else { Err(text) }
    });
}

#[test]
fn a_group_without_a_fit_replica_says_why() {
    let group = Topology::new()
        .servers(Redis)
        .replicas(1)
        .server_config("replica-priority 0")
        .sentinels(&[Redis; 3])
        .start();
    let replica = port_of(&group.servers[1]);
    let (code, text) = asked(&group, &["failover", "mymaster", "--yes"]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains(&format!("{replica}: its replica-priority is 0")), "{text}");
    assert!(text.contains("NOGOODSLAVE") && text.contains("hint: no replica can be promoted"), "{text}");
}
