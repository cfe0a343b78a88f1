//! `watchkeeper check` has nothing against the files of healthy groups, as they are written by each kind of sentinel.

use std::process::Command;
use std::time::Duration;

use watchkeeper_conformance::Flavour::{Ours, Redis, Valkey};
use watchkeeper_conformance::{Flavour, Group, Topology, eventually};

const LONG: Duration = Duration::from_secs(60);

/// What is said about the files of all sentinels of a group: exit status and output.
fn checked(group: &Group) -> (Option<i32>, String) {
    let (program, _) = Ours.sentinel();
    let mut check = Command::new(program);
    check.env("LC_ALL", "C").arg("check").args(group.sentinels.iter().map(|sentinel| sentinel.config_path()));
    let output = check.output().expect("watchkeeper runs");
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    (output.status.code(), text.into_owned())
}

/// The files know everybody soon after the sentinels do, and then nothing worse than a note is said about them.
fn nothing_is_wrong(group: &Group) {
    eventually(LONG, "the files are fine", || {
        let (code, text) = checked(group);
        if code == Some(0) && text.contains(" 0 errors, 0 warnings, ") { Ok(()) } else { Err(text) }
    });
}

fn healthy_before_and_after_a_failover(sentinels: Flavour, servers: Flavour) {
    let group = Topology::new().servers(servers).replicas(2).sentinels(&[sentinels; 3]).start();
    nothing_is_wrong(&group);
    let before = group.master_port();
    group.server_at(before).kill();
    let after = group.wait_switched(before, LONG);
    group.server_at(before).start();
    group.wait_replicating(after, LONG);
    group.wait_converged(LONG);
    nothing_is_wrong(&group);
}

#[test]
fn files_of_redis_sentinel() {
    healthy_before_and_after_a_failover(Redis, Redis);
}

#[test]
fn files_of_valkey_sentinel() {
    healthy_before_and_after_a_failover(Valkey, Valkey);
}

#[test]
fn files_of_watchkeeper() {
    healthy_before_and_after_a_failover(Ours, Redis);
}
