//! Replication topologies with real servers and real sentinels, as plain processes: what `docker-compose.yml` promises, without
//! Docker. A client writes all the time, and nothing it had acknowledged may be lost where no master was harmed.
//!
//! What is below and in [`servers`] is on loopback. What needs cables that can be pulled, or names, is in [`network`].
#![allow(clippy::unwrap_used, reason = "in a test a failed step is the report")]

mod apart;
mod client;
mod config;
mod group;
mod look;
mod net;
mod network;
mod servers;
mod shape;
mod writer;

use group::Who::Server;
use group::{Group, Plan};
use servers::DURABLE;

#[test]
fn a_chain_survives_its_master_and_its_middle() {
    let mut group = Group::start(&Plan::default());
    group.settles_as("1>2>3");
    group.nothing_is_lost(1);

    let full = group.sync_full(2);
    group.kill(&[Server(1)]);
    group.settles_as("2>3");
    assert_eq!(group.sync_full(2), full, "3 keeps following 2 and needs no full resync");
    group.lost(2);

    group.start_again(&[Server(1)]);
    group.settles_as("2>3>1");
    assert_eq!(group.sync_full(2), full, "the old master is fed by the last, not by the master");
    group.nothing_is_lost(2);

    group.kill(&[Server(3)]);
    group.settles_as("2>1");
    assert_eq!(group.sync_full(2), full, "1 goes on from the backlog of 2");
    group.nothing_is_lost(2);

    group.start_again(&[Server(3)]);
    group.settles_as("2>3>1");
    group.nothing_is_lost(2);
}

#[test]
fn a_master_that_hangs_goes_on_as_the_last_of_the_chain() {
    let mut group = Group::start(&Plan::default());
    group.settles_as("1>2>3");
    group.nothing_is_lost(1);

    let full = group.sync_full(2);
    group.pause(Server(1));
    group.settles_as("2>3");
    group.lost(2);

    group.resume(Server(1));
    group.settles_as("2>3>1");
    assert_eq!(group.sync_full(2), full, "it is fed by the last, not by the master");
    group.nothing_is_lost(2);

    // It is as good as any other afterwards.
    group.kill(&[Server(2), Server(3)]);
    group.settles_as("1");
    group.lost(1);

    group.start_again(&[Server(3)]);
    group.settles_as("1>3");
    group.start_again(&[Server(2)]);
    group.settles_as("1>2>3");
    group.nothing_is_lost(1);
}

#[test]
fn all_of_it_is_stopped_and_started_again() {
    let mut group = Group::start(&Plan { server_lines: DURABLE, ..Plan::default() });
    group.settles_as("1>2>3");
    group.kill(&[Server(1)]);
    group.settles_as("2>3");
    group.start_again(&[Server(1)]);
    group.settles_as("2>3>1");
    group.lost(2);

    let ids = group.ids();
    let all: Vec<_> = group.servers().map(Server).chain(group.sentinels()).collect();
    group.kill(&all);
    group.start_again(&all);
    group.settles_as("2>3>1");
    assert_eq!(group.ids(), ids, "sentinels are who they were");
    group.nothing_is_lost(2);
}

#[test]
fn without_a_topology_it_is_the_star_of_upstream() {
    let mut group = Group::start(&Plan { topology: None, ..Plan::default() });
    // What is below the first level is not known, and left alone.
    group.settles_with("1>2>3", &[1, 2]);
    group.nothing_is_lost(1);

    group.kill(&[Server(1)]);
    group.settles_as("2>3");
    group.lost(2);

    group.start_again(&[Server(1)]);
    group.settles_as("2>1 2>3");
    group.nothing_is_lost(2);
}

#[test]
fn the_topology_is_switched_while_it_runs() {
    let group = Group::start(&Plan { topology: None, failover_timeout_ms: 5_000, ..Plan::default() });
    group.settles_with("1>2>3", &[1, 2]);

    group.set("replication-topology", "chain");
    group.settles_as("1>2>3");

    group.set("replication-topology", "star");
    group.servers_settle_as("1>2 1>3");

    group.set("replication-topology", "chain");
    group.settles_as("1>2>3");
    group.nothing_is_lost(1);
}

#[test]
fn a_tree_made_by_hand_is_kept_and_repaired() {
    let mut group = Group::start(&Plan {
        shape: "1>2>4 1>3",
        topology: Some("keep"),
        server_lines: &[(2, "replica-priority 10")],
        ..Plan::default()
    });
    group.settles_as("1>2>4 1>3");

    group.kill(&[Server(2)]);
    group.settles_as("1>3 1>4");
    group.start_again(&[Server(2)]);
    group.settles_as("1>2>4 1>3");
    group.nothing_is_lost(1);

    let full = group.sync_full(2);
    group.kill(&[Server(1)]);
    group.settles_as("2>3 2>4");
    assert_eq!(group.sync_full(2), full, "4 keeps following 2, and 3 goes on with the history they share");
    group.lost(2);

    group.start_again(&[Server(1)]);
    group.settles_as("2>1 2>3 2>4");
    group.nothing_is_lost(2);
}
