//! `watchkeeper doctor` finds nothing at healthy deployments of others: Redis's and Valkey's sentinels and servers, with
//! users and passwords, as a chain, mixed, and after a failover; and it finds what takes servers of both to go wrong.

use std::process::Command;
use std::time::Duration;

use watchkeeper_conformance::{Daemon, Flavour, FrameExt, Group, Topology, eventually};

const LONG: Duration = Duration::from_secs(60);
/// What a careful operator sets.
const CAREFUL: &str = "save 3600 1\nmin-replicas-to-write 1\n";
/// Users with the rights they need and no others; the default one is the test's own.
const USERS: &str = "user watch on >s3cret allchannels +multi +slaveof +ping +exec +subscribe +config|rewrite +role \
                     +publish +info +client|setname +client|kill +script|kill\n\
                     user copy on >c0py +psync +replconf +ping\nmasteruser copy\nmasterauth c0py\n";
/// All of a test runs on one machine, and the doctor says so.
const ONE_MACHINE: &[&str] = &["WD231"];

/// Waits until these are the codes that the doctor finds, none worse than a note.
fn finds(group: &Group, words: &[&str], expected: &[&str]) {
    finds_with_status(group, words, expected, 0);
}

/// The same with another exit status: 1 for warnings, 2 for what is critical.
fn finds_with_status(group: &Group, words: &[&str], expected: &[&str], status: i32) {
    eventually(LONG, &format!("the doctor finds {expected:?}"), || {
        let at = format!("127.0.0.1:{}", group.living_sentinels().next().ok_or("no sentinel lives")?.port());
        let output = Command::new(Flavour::Ours.sentinel().0)
            .args(["doctor", "--format", "json", &at])
            .args(words)
            .output()
            .map_err(|error| error.to_string())?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let codes: Vec<&str> = text.split("{\"code\":\"").skip(1).filter_map(|part| part.get(..5)).collect();
        if codes == expected && output.status.code() == Some(status) {
            return Ok(());
        }
        Err(format!(
            "{codes:?}, status {:?}: {text}{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        ))
    });
}

#[test]
fn redis_with_users_and_passwords() {
    let config = format!("{CAREFUL}{USERS}");
    let topology = Topology::new().server_config(&config).sentinels(&[Flavour::Redis; 3]);
    let group = topology.option("auth-user", "watch").option("auth-pass", "s3cret").start();
    // As the operator, and with the login of the sentinels.
    finds(&group, &[], ONE_MACHINE);
    let file = group.sentinels[0].config_path().display().to_string();
    finds(&group, &["--config", &file], ONE_MACHINE);
}

#[test]
fn valkey_before_and_after_a_failover() {
    let topology = Topology::new().servers(Flavour::Valkey).server_config(CAREFUL);
    let group = topology.sentinels(&[Flavour::Valkey; 3]).start();
    finds(&group, &[], ONE_MACHINE);
    let before = group.master_port();
    group.server_at(before).kill();
    let after = group.wait_switched(before, LONG);
    group.server_at(before).start();
    group.wait_replicating(after, LONG);
    finds(&group, &[], ONE_MACHINE);
}

#[test]
fn a_chain_of_ours() {
    let topology = Topology::new().server_config(CAREFUL).sentinels(&[Flavour::Ours; 3]);
    let group = topology.option("replication-topology", "chain").start();
    finds(&group, &[], ONE_MACHINE);
}

#[test]
fn sentinels_of_everybody() {
    let topology = Topology::new().server_config(CAREFUL);
    let group = topology.sentinels(&[Flavour::Ours, Flavour::Redis, Flavour::Valkey]).start();
    // They are of different versions, which is worth a note.
    finds(&group, &[], &["WD231", "WD271"]);
}

#[test]
fn a_failover_in_the_midst_of_an_upgrade() {
    let topology = Topology::new().server_config(CAREFUL).replicas(0).sentinels(&[Flavour::Ours; 3]);
    let mut group = topology.start_without_waiting();
    let before = group.servers[0].port();
    let config = format!("{CAREFUL}replicaof 127.0.0.1 {before}");
    let newer = Daemon::server(Flavour::Valkey, &group.scratch, &config);
    group.servers.push(newer);
    group.wait_replicating(before, LONG);
    // The replica first, as it should be.
    finds(&group, &[], ONE_MACHINE);
    eventually(LONG, "the failover begins", || {
        let reply = group.sentinels[0].conn().call(&["SENTINEL", "FAILOVER", group.name()]).text();
        if reply == "OK" { Ok(()) } else { Err(reply) }
    });
    let after = group.wait_switched(before, LONG);
    eventually(LONG, "the new master has a key", || {
        let reply = group.server_at(after).cmd("SET key value").text();
        if reply == "OK" { Ok(()) } else { Err(reply) }
    });
    // It may go on where it was. It can't once a full sync is needed, and tries that again and again: the only replica never
    // has all data, which is critical, and the master takes no writes without one.
    group.servers[0].kill();
    group.servers[0].start();
    finds_with_status(&group, &[], &["WD243", "WD257", "WD272", "WD231"], 2);
    eventually(LONG, "the older one says why", || {
        let log = group.servers[0].log();
        if log.contains("Can't handle RDB format version") { Ok(()) } else { Err(log) }
    });
}
