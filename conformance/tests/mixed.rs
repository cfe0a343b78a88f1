//! Groups of ours and theirs: one quorum with Redis's and Valkey's own sentinels, whoever leads.
//!
//! Each group goes through a failover nobody arranged and then through one per sentinel, in which that sentinel leads:
//! it alone has a short down-after and a quorum of one, so it starts alone, and the others have to vote for it.

use std::time::Duration;
use watchkeeper_conformance::Flavour::{Ours, Redis, Valkey};
use watchkeeper_conformance::{Daemon, Flavour, FrameExt, Group, Recorder, Topology, eventually};

const FAILOVER_BOUND: Duration = Duration::from_secs(30);

/// What all sentinels of a group must agree on: the master's port and its configuration epoch.
fn agreement(group: &Group) -> Result<(u16, u64), String> {
    let mut views = Vec::new();
    for sentinel in &group.sentinels {
        let port = group.master_port_by(sentinel)?;
        let fields = group.master_fields(sentinel);
        let epoch: u64 = fields.get("config-epoch").and_then(|e| e.parse().ok()).ok_or("no config-epoch")?;
        if fields.get("port").map(String::as_str) != Some(&port.to_string()) {
            return Err(format!("{} is still switching to {port}", sentinel.label()));
        }
        views.push((port, epoch));
    }
    match views.as_slice() {
        [first, rest @ ..] if rest.iter().all(|view| view == first) => Ok(*first),
        _ => Err(format!("they see {views:?}")),
    }
}

/// Every sentinel sees a healthy master, at least `wanted` replicas to promote, and two healthy others.
fn wait_ready(group: &Group, wanted: usize) {
    for sentinel in &group.sentinels {
        eventually(FAILOVER_BOUND, &format!("{} is ready for a failover", sentinel.label()), || {
            let flags = group.master_fields(sentinel).get("flags").cloned().unwrap_or_default();
            if flags != "master" {
                return Err(format!("master is `{flags}`"));
            }
            let replicas = sentinel.conn().call(&["SENTINEL", "REPLICAS", group.name()]).items();
            let good = replicas.iter().map(FrameExt::fields).filter(|replica| {
                replica["flags"] == "slave"
                    && replica["role-reported"] == "slave"
                    && replica["master-link-status"] == "ok"
            });
            let good = good.count();
            if good < wanted {
                return Err(format!("{good} replicas are ready"));
            }
            let quorum = sentinel.conn().call(&["SENTINEL", "CKQUORUM", group.name()]).text();
            if quorum.starts_with("OK 3 usable Sentinels") { Ok(()) } else { Err(quorum) }
        });
    }
}

fn set(group: &Group, sentinel: &Daemon, option: &str, value: &str) {
    let reply = sentinel.conn().call(&["SENTINEL", "SET", group.name(), option, value]);
    assert_eq!(reply.text(), "OK", "{}: SET {option} {value}", sentinel.label());
}

/// Makes sentinel number `leader` the only one that can start a failover in time.
///
/// No down-after below 2 s: Redis's sentinel may take a second to open its link to a new master and still counts its
/// peers' word about the old one, so that with 1 s it now and then fails over twice.
fn arrange(group: &Group, leader: Option<usize>) {
    for (index, sentinel) in group.sentinels.iter().enumerate() {
        let (down_after, quorum) = match leader {
            None => ("2000", "2"),
            Some(chosen) if chosen == index => ("2000", "1"),
            Some(_) => ("15000", "2"),
        };
        set(group, sentinel, "down-after-milliseconds", down_after);
        set(group, sentinel, "quorum", quorum);
    }
}

/// Kills the master and checks that all of them move on together. Returns which sentinel led.
fn fail_over(group: &Group, leader: Option<usize>) -> usize {
    wait_ready(group, 1);
    arrange(group, leader);
    let recorders: Vec<Recorder> = (0..group.sentinels.len()).map(|index| group.record(index)).collect();
    let (before, epoch_before) = eventually(FAILOVER_BOUND, "they agree before", || agreement(group));
    group.server_at(before).kill();
    for recorder in &recorders {
        let switch = recorder.wait_channel(FAILOVER_BOUND, "+switch-master");
        let start = format!("{} 127.0.0.1 {before} 127.0.0.1 ", group.name());
        assert!(switch.text.starts_with(&start), "`{}`", switch.text);
    }
    let after = group.wait_switched(before, FAILOVER_BOUND);
    let (agreed, epoch) = eventually(FAILOVER_BOUND, "they agree after", || agreement(group));
    assert_eq!(agreed, after);
    assert!(epoch > epoch_before, "the configuration epoch rises: {epoch_before} then {epoch}");
    group.wait_replicating(after, FAILOVER_BOUND);
    let led: Vec<usize> = (0..recorders.len())
        .filter(|index| recorders[*index].channels().iter().any(|channel| channel == "+promoted-slave"))
        .collect();
    let shown: Vec<String> = recorders.iter().map(Recorder::show).collect();
    assert_eq!(led.len(), 1, "one sentinel promotes, not {led:?}:\n{}", shown.join("\n---\n"));
    if let Some(chosen) = leader {
        assert_eq!(led[0], chosen, "the arranged leader leads:\n{}", shown.join("\n---\n"));
    }
    println!("{} led: {before} -> {after}, epoch {epoch}", group.sentinels[led[0]].label());
    led[0]
}

fn mixed_group(sentinels: [Flavour; 3], servers: Flavour) {
    let group = Topology::new().replicas(4).servers(servers).sentinels(&sentinels).start();
    for sentinel in &group.sentinels {
        // A replica's new state shows within a second instead of ten; nothing else changes.
        assert_eq!(sentinel.cmd("SENTINEL DEBUG info-period 1000").text(), "OK");
    }
    fail_over(&group, None);
    for leader in 0..sentinels.len() {
        fail_over(&group, Some(leader));
    }
}

#[test]
fn two_of_ours_and_one_of_redis() {
    mixed_group([Ours, Ours, Redis], Redis);
}

#[test]
fn one_of_ours_and_two_of_redis() {
    mixed_group([Ours, Redis, Redis], Redis);
}

#[test]
fn two_of_ours_and_one_of_valkey() {
    mixed_group([Ours, Ours, Valkey], Valkey);
}

#[test]
fn one_of_ours_and_two_of_valkey() {
    mixed_group([Ours, Valkey, Valkey], Valkey);
}

#[test]
fn one_of_each() {
    mixed_group([Ours, Redis, Valkey], Redis);
}

/// SENTINEL FAILOVER at each kind in turn: the sentinel that is asked leads, the others follow its hello messages.
#[test]
fn a_switchover_asked_of_any_kind_reaches_the_others() {
    let group = Topology::new().sentinels(&[Ours, Redis, Valkey]).start();
    for sentinel in &group.sentinels {
        assert_eq!(sentinel.cmd("SENTINEL DEBUG info-period 1000").text(), "OK");
    }
    for sentinel in &group.sentinels {
        // Not before all of them know both replicas as such: Redis's sentinel would still send the old master back to
        // where it belonged before this switchover.
        wait_ready(&group, 2);
        let (before, epoch_before) = eventually(FAILOVER_BOUND, "they agree before", || agreement(&group));
        let reply = sentinel.conn().call(&["SENTINEL", "FAILOVER", group.name()]);
        assert_eq!(reply.text(), "OK", "{}", sentinel.label());
        let after = group.wait_switched(before, FAILOVER_BOUND);
        let (agreed, epoch) = eventually(FAILOVER_BOUND, "they agree after", || agreement(&group));
        assert_eq!(agreed, after);
        assert!(epoch > epoch_before, "{epoch_before} then {epoch}");
        // The old master must become a replica before it can be chosen again.
        group.wait_replicating(after, FAILOVER_BOUND);
    }
}
