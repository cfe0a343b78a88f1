//! What happens to servers on a network: cables are pulled, and whoever comes back has another address, or one that was
//! somebody else's.

use crate::apart::apart;
use crate::group::Who::{self, Sentinel, Server};
use crate::group::{Group, Place, Plan};
use crate::servers::{A, B, DURABLE};

const NAMED: Plan = Plan {
    shape: "1>2>3",
    sentinels: 5,
    topology: Some("chain"),
    failover_timeout_ms: 10_000,
    server_lines: DURABLE,
    upstream: false,
    place: Place::NamedNet,
};

#[test]
fn a_server_is_cut_off_and_is_back() {
    apart("network::a_server_is_cut_off_and_is_back", || {
        let mut group = Group::start(&Plan { place: Place::Net, sentinels: 5, ..Plan::default() });
        group.settles_as("1>2>3");

        group.cut(&A);
        group.settles_as("3");
        group.lost(3);
        group.heal(&A);
        group.settles_as("3>1>2");
        group.nothing_is_lost(3);

        group.cut(&B);
        group.settles_as("1>2");
        group.lost(1);
        group.heal(&B);
        group.settles_as("1>2>3");
        group.nothing_is_lost(1);
    });
}

#[test]
fn the_middle_of_the_chain_is_cut_off_and_is_back() {
    apart("network::the_middle_of_the_chain_is_cut_off_and_is_back", || {
        let mut group = Group::start(&Plan { place: Place::Net, sentinels: 5, ..Plan::default() });
        group.settles_as("1>2>3");
        let full = group.sync_full(1);

        group.cut(&[Server(2), Sentinel(5)]);
        group.settles_as("1>3");
        assert_eq!(group.sync_full(1), full, "3 goes on from the backlog of 1");
        group.heal(&[Server(2), Sentinel(5)]);
        group.settles_as("1>2>3");
        assert_eq!(group.sync_full(1), full, "2 goes on where it was");
        group.nothing_is_lost(1);
    });
}

#[test]
fn whoever_comes_back_has_the_address_of_another_one() {
    apart("network::whoever_comes_back_has_the_address_of_another_one", || {
        let mut group = Group::start(&NAMED);
        group.settles_as("1>2>3");

        group.kill(&A);
        group.settles_as("3");
        group.lost(3);
        group.exchange_addresses(&A);
        group.start_again(&A);
        group.settles_as("3>1>2");
        group.nothing_is_lost(3);

        group.kill(&B);
        group.settles_as("1>2");
        group.lost(1);
        group.exchange_addresses(&B);
        group.start_again(&B);
        group.settles_as("1>2>3");
        group.nothing_is_lost(1);
    });
}

#[test]
fn a_server_is_taken_off_the_network_and_has_other_addresses_afterwards() {
    apart("network::a_server_is_taken_off_the_network_and_has_other_addresses_afterwards", || {
        let mut group = Group::start(&NAMED);
        group.settles_as("1>2>3");

        group.unplug(&A);
        group.settles_as("3");
        group.lost(3);
        group.exchange_addresses(&A);
        group.plug_in(&A);
        group.settles_as("3>1>2");
        group.nothing_is_lost(3);
    });
}

#[test]
fn somebody_has_the_address_of_another_one_that_is_down() {
    apart("network::somebody_has_the_address_of_another_one_that_is_down", || {
        let mut group = Group::start(&NAMED);
        group.settles_as("1>2>3");

        group.kill(&[Server(1)]);
        group.settles_as("2>3");
        group.lost(2);
        group.kill(&[Server(3)]);
        group.settles_as("2");
        group.exchange_addresses(&[Server(1), Server(3)]);
        group.start_again(&[Server(3)]);
        group.settles_as("2>3");
        group.start_again(&[Server(1)]);
        group.settles_as("2>3>1");
        group.nothing_is_lost(2);

        group.kill(&[Sentinel(1), Sentinel(2)]);
        group.settles_as("2>3>1");
        group.exchange_addresses(&[Sentinel(1), Sentinel(2)]);
        group.start_again(&[Sentinel(2)]);
        group.settles_as("2>3>1");
        group.start_again(&[Sentinel(1)]);
        group.settles_as("2>3>1");
        group.nothing_is_lost(2);
    });
}

#[test]
fn all_of_it_is_stopped_and_returns_with_other_addresses() {
    apart("network::all_of_it_is_stopped_and_returns_with_other_addresses", || {
        let mut group = Group::start(&NAMED);
        group.settles_as("1>2>3");
        group.kill(&[Server(1)]);
        group.settles_as("2>3");
        group.start_again(&[Server(1)]);
        group.settles_as("2>3>1");
        group.lost(2);

        let ids = group.ids();
        let all: Vec<Who> = group.servers().map(Server).chain(group.sentinels()).collect();
        group.stop(&all);
        group.exchange_addresses(&all);
        group.start_again(&all);
        group.settles_as("2>3>1");
        group.nothing_is_lost(2);

        group.nobody_is_missed_soon();
        for who in [Server(3), Sentinel(2), Server(2)] {
            group.stop(&[who]);
            group.new_address(who);
            group.start_again(&[who]);
            group.settles_as("2>3>1");
        }
        assert_eq!(group.ids(), ids, "sentinels are who they were");
        group.nothing_is_lost(2);
    });
}
