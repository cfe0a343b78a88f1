//! What happens to the servers of `docker-compose.yml` that needs no network: they hang, end and are started again.

use crate::group::Who::{self, Sentinel, Server};
use crate::group::{Group, Plan};

/// What runs on server a.
pub(crate) const A: [Who; 4] = [Server(1), Server(2), Sentinel(1), Sentinel(2)];
/// What runs on server b. Sentinel 5 is alone on server c.
pub(crate) const B: [Who; 3] = [Server(3), Sentinel(3), Sentinel(4)];
/// Servers that keep everything over a restart.
pub(crate) const DURABLE: &[(usize, &str)] = &[
    (1, "appendonly yes\nappenddirname aof-1"),
    (2, "appendonly yes\nappenddirname aof-2"),
    (3, "appendonly yes\nappenddirname aof-3"),
];

#[test]
fn each_server_is_lost_and_is_back() {
    let mut group = Group::start(&Plan { sentinels: 5, server_lines: DURABLE, ..Plan::default() });
    group.settles_as("1>2>3");
    group.nothing_is_lost(1);

    // The last of the chain is promoted.
    group.kill(&A);
    group.settles_as("3");
    group.lost(3);
    group.start_again(&A);
    group.settles_as("3>1>2");
    group.nothing_is_lost(3);

    // The master alone is lost, and two more sentinels.
    let full = group.sync_full(1);
    group.kill(&B);
    group.settles_as("1>2");
    assert_eq!(group.sync_full(1), full, "2 keeps following 1 and needs no full resync");
    group.lost(1);
    group.start_again(&B);
    group.settles_as("1>2>3");
    group.nothing_is_lost(1);
}

#[test]
fn a_server_hangs_with_all_that_is_on_it() {
    let mut group = Group::start(&Plan { sentinels: 5, ..Plan::default() });
    group.settles_as("1>2>3");
    group.nothing_is_lost(1);

    A.iter().for_each(|who| group.pause(*who));
    group.settles_as("3");
    group.lost(3);
    A.iter().for_each(|who| group.resume(*who));
    group.settles_as("3>1>2");
    group.nothing_is_lost(3);
}

#[test]
fn each_is_ended_and_started_anew_with_the_state_it_had() {
    let mut group = Group::start(&Plan { sentinels: 5, server_lines: DURABLE, ..Plan::default() });
    group.settles_as("1>2>3");
    let ids = group.ids();
    group.nobody_is_missed_soon();
    for who in [Server(2), Server(3), Sentinel(2), Server(1)] {
        group.stop(&[who]);
        group.start_again(&[who]);
        group.settles_as("1>2>3");
    }
    let all: Vec<Who> = group.servers().map(Server).chain(group.sentinels()).collect();
    group.stop(&all);
    group.start_again(&all);
    group.settles_as("1>2>3");
    assert_eq!(group.ids(), ids, "sentinels are who they were");
    group.nothing_is_lost(1);
}

#[test]
fn sentinels_come_back_at_other_addresses() {
    let mut group = Group::start(&Plan { sentinels: 5, ..Plan::default() });
    group.settles_as("1>2>3");
    let ids = group.ids();

    group.kill(&[Sentinel(1)]);
    group.settles_as("1>2>3");
    group.new_address(Sentinel(1));
    group.start_again(&[Sentinel(1)]);
    group.settles_as("1>2>3");

    let two = [Sentinel(2), Sentinel(3)];
    group.kill(&two);
    group.exchange_addresses(&two);
    group.start_again(&two);
    group.settles_as("1>2>3");
    assert_eq!(group.ids(), ids, "sentinels are who they were");
    group.nothing_is_lost(1);
}
