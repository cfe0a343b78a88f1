//! Servers and writers with real sentinels: the world behaves as Redis and its clients do.

use std::net::SocketAddr;

use watchkeeper_sim::fact::Fact;
use watchkeeper_sim::process::{Body, ConnId, ProcId};
use watchkeeper_sim::server::{Server, ServerOptions};
use watchkeeper_sim::setup::{Furnished, Setup, Shape, server_addr};
use watchkeeper_sim::time::Time;
use watchkeeper_sim::world::World;
use watchkeeper_sim::writer::Writer;

fn server(world: &World, who: ProcId) -> &Server {
    let Body::Server(server) = world.body(who) else { panic!("another kind of process") };
    server
}

fn writer(it: &Furnished) -> &Writer {
    let Body::Writer(writer) = it.world.body(it.writers[0]) else { panic!("another kind of process") };
    writer
}

fn writer_mut(it: &mut Furnished) -> &mut Writer {
    let Body::Writer(writer) = it.world.body_mut(it.writers[0]) else { panic!("another kind of process") };
    writer
}

fn server_mut(it: &mut Furnished, n: usize) -> &mut Server {
    let Body::Server(server) = it.world.body_mut(it.servers[0][n]) else { panic!("another kind of process") };
    server
}

/// Runs until `done` holds after a step, at most until `until`; facts are kept.
fn run_until(
    it: &mut Furnished,
    until: Time,
    facts: &mut Vec<(Time, Fact)>,
    done: impl Fn(&Furnished) -> bool,
) {
    while !done(it) {
        if !it.world.step(until) {
            let lines: Vec<_> = it.world.trace().lines().collect();
            panic!("it did not happen by {until}\n{}", lines.join("\n"));
        }
        facts.extend(it.world.take_facts());
    }
}

fn run(it: &mut Furnished, until: Time, facts: &mut Vec<(Time, Fact)>) {
    while it.world.step(until) {
        facts.extend(it.world.take_facts());
    }
}

fn events<'f>(facts: &'f [(Time, Fact)], name: &str) -> Vec<(Time, &'f str)> {
    let named = facts.iter().filter_map(|(at, fact)| {
        let Fact::Event { event, .. } = fact else { return None };
        (event.name == name).then_some((*at, event.payload.as_str()))
    });
    named.collect()
}

fn followed_by(it: &Furnished, who: ProcId) -> Vec<SocketAddr> {
    server(&it.world, who).replicas()
}

#[test]
fn sentinels_find_replicas_and_each_other() {
    let mut it = Setup { traced: true, ..Setup::default() }.furnish();
    let mut facts = Vec::new();
    run(&mut it, Time::secs(30), &mut facts);
    let master = it.servers[0][0];
    assert_eq!(followed_by(&it, master).len(), 2);
    assert_eq!(events(&facts, "+slave").len(), 6, "{:?}", it.world.trace().lines().collect::<Vec<_>>());
    assert_eq!(events(&facts, "+sentinel").len(), 6);
    assert!(events(&facts, "+sdown").is_empty());
}

#[test]
fn a_dead_master_is_replaced_and_demoted_when_it_returns() {
    let mut it = Setup { traced: true, ..Setup::default() }.furnish();
    let mut facts = Vec::new();
    run(&mut it, Time::secs(30), &mut facts);
    let old = it.servers[0][0];
    it.world.kill(old);
    let killed = it.world.now();
    run(&mut it, Time::secs(45), &mut facts);
    let switched = events(&facts, "+switch-master");
    let lines = || it.world.trace().lines().collect::<Vec<_>>().join("\n");
    assert!(!switched.is_empty(), "{}", lines());
    assert!(switched[0].0.since_ms(killed) < 3_000, "{}", lines());
    let master = it.servers[0][1..].iter().find(|who| server(&it.world, **who).is_master());
    let master = *master.unwrap_or_else(|| panic!("no master\n{}", lines()));
    assert_eq!(followed_by(&it, master).len(), 1, "{}", lines());
    it.world.start(old);
    run_until(&mut it, Time::secs(60), &mut facts, |it| followed_by(it, master).contains(&server_addr(0, 0)));
}

#[test]
fn a_writer_writes_again_after_the_failover() {
    let mut it = Setup { traced: true, ..Setup::default() }.furnish();
    let mut facts = Vec::new();
    run(&mut it, Time::secs(30), &mut facts);
    let before = writer(&it).acked().len();
    assert!(before > 250, "only {before} writes in 30 s");
    it.world.kill(it.servers[0][0]);
    run(&mut it, Time::secs(40), &mut facts);
    let after = writer(&it).acked().len();
    assert!(after > before + 50, "only {} writes in the 10 s after the master died", after - before);
    assert!(writer(&it).longest_gap_us() < 4_000_000, "{} us without a write", writer(&it).longest_gap_us());
    let acked = facts.iter().filter(|(_, fact)| matches!(fact, Fact::Acked { .. })).count();
    assert_eq!(acked, after);
    // It was answered only what its server had; what the dead master had not passed on yet is little.
    let master =
        it.servers[0].iter().find(|who| it.world.runs(**who) && server(&it.world, **who).is_master());
    let lost = server(&it.world, *master.unwrap()).values().missing_of(writer(&it).acked_values());
    assert!(lost <= 1, "{lost} acknowledged writes are lost");
}

/// How many whole copies were begun.
fn copies(facts: &[(Time, Fact)]) -> usize {
    facts.iter().filter(|(_, fact)| matches!(fact, Fact::SyncBegun { .. })).count()
}

/// The connection by which one server follows another.
fn replication_link(it: &Furnished, replica: ProcId, master: ProcId) -> ConnId {
    let addr = it.world.addr(master);
    let mut conns = it.world.connections_of(replica).into_iter();
    conns.find(|conn| it.world.ends_of(*conn) == Some((replica, addr))).expect("it follows")
}

/// A world that has run for ten seconds and whose sentinels find nobody down.
fn without_failover(setup: Setup) -> Furnished {
    let mut it = Setup { down_after_ms: 10_000_000, ..setup }.furnish();
    it.world.run(Time::secs(10));
    it
}

fn same_data(it: &Furnished) -> bool {
    let values = |who: &ProcId| server(&it.world, *who).values();
    it.servers[0].iter().all(|who| values(who) == values(&it.servers[0][0]))
}

#[test]
fn a_replica_goes_on_where_it_was_after_a_lost_connection() {
    let mut it = without_failover(Setup::default());
    let (master, replica) = (it.servers[0][0], it.servers[0][1]);
    let mut facts = Vec::new();
    let link = replication_link(&it, replica, master);
    it.world.reset_connection(link);
    assert!(!server(&it.world, replica).link_up());
    run_until(&mut it, Time::secs(12), &mut facts, |it| server(&it.world, replica).link_up());
    assert_eq!(copies(&facts), 0);
    writer_mut(&mut it).stop();
    run_until(&mut it, Time::secs(20), &mut facts, |it| writer(it).is_done() && same_data(it));
    assert_eq!(copies(&facts), 0);
}

#[test]
fn a_replica_is_copied_to_when_the_backlog_does_not_reach_back() {
    let server_options = ServerOptions { backlog_bytes: 1_000, ..ServerOptions::default() };
    let mut it = without_failover(Setup { server: server_options, ..Setup::default() });
    let (master, replica) = (it.servers[0][0], it.servers[0][1]);
    let mut facts = Vec::new();
    let ips = (it.world.addr(master).ip(), it.world.addr(replica).ip());
    it.world.cut_both(ips.0, ips.1);
    let link = replication_link(&it, replica, master);
    it.world.reset_connection(link);
    run(&mut it, Time::secs(20), &mut facts);
    assert!(!server(&it.world, replica).link_up());
    it.world.mend_both(ips.0, ips.1);
    run_until(&mut it, Time::secs(30), &mut facts, |it| server(&it.world, replica).link_up());
    assert_eq!(copies(&facts), 1);
    writer_mut(&mut it).stop();
    run_until(&mut it, Time::secs(40), &mut facts, |it| writer(it).is_done() && same_data(it));
}

#[test]
fn after_a_failover_only_the_restarted_master_needs_a_copy() {
    let mut it = Setup { traced: true, ..Setup::default() }.furnish();
    it.world.run(Time::secs(30));
    let mut facts = Vec::new();
    it.world.kill(it.servers[0][0]);
    run(&mut it, Time::secs(50), &mut facts);
    assert!(!events(&facts, "+switch-master").is_empty());
    assert_eq!(copies(&facts), 0, "the other replica had the same history");
    it.world.start(it.servers[0][0]);
    run(&mut it, Time::secs(70), &mut facts);
    assert_eq!(copies(&facts), 1, "a process that was killed knows no history");
    writer_mut(&mut it).stop();
    run_until(&mut it, Time::secs(80), &mut facts, |it| writer(it).is_done() && same_data(it));
}

#[test]
fn the_file_says_whom_a_restarted_server_follows_if_it_could_be_written() {
    for rewritable in [true, false] {
        let server_options = ServerOptions { rewritable, ..ServerOptions::default() };
        let mut it = Setup { server: server_options, ..Setup::default() }.furnish();
        it.world.run(Time::secs(30));
        let mut facts = Vec::new();
        let old = it.servers[0][0];
        it.world.kill(old);
        run(&mut it, Time::secs(45), &mut facts);
        it.world.start(old);
        run_until(&mut it, Time::secs(70), &mut facts, |it| server(&it.world, old).link_up());
        it.world.kill(old);
        it.world.start(old);
        let soon = it.world.now() + 1;
        run(&mut it, soon, &mut facts);
        assert_eq!(server(&it.world, old).is_master(), !rewritable);
        run_until(&mut it, Time::secs(99), &mut facts, |it| server(&it.world, old).link_up());
    }
}

#[test]
fn a_chain_passes_everything_on_and_goes_on_when_its_middle_is_promoted() {
    let mut it = Setup { shape: Shape::Chain, traced: true, ..Setup::default() }.furnish();
    let (first, middle, last) = (it.servers[0][0], it.servers[0][1], it.servers[0][2]);
    it.world.run(Time::secs(30));
    assert!(server(&it.world, last).values().len() > 200);
    assert_eq!(followed_by(&it, first), [server_addr(0, 1)]);
    assert_eq!(followed_by(&it, middle), [server_addr(0, 2)]);
    assert_eq!(server(&it.world, last).replid(), server(&it.world, first).replid());
    let mut facts = Vec::new();
    it.world.kill(first);
    run_until(&mut it, Time::secs(40), &mut facts, |it| server(&it.world, middle).is_master());
    let new = server(&it.world, middle).replid();
    assert_ne!(new, server(&it.world, last).replid());
    run_until(&mut it, Time::secs(42), &mut facts, |it| server(&it.world, last).replid() == new);
    assert_eq!(copies(&facts), 0);
}

#[test]
fn a_copy_for_the_middle_of_a_chain_is_one_for_the_rest() {
    let mut it = without_failover(Setup { shape: Shape::Chain, ..Setup::default() });
    let (first, last) = (it.servers[0][0], it.servers[0][2]);
    let mut facts = Vec::new();
    it.world.kill(first);
    it.world.start(first);
    run_until(&mut it, Time::secs(20), &mut facts, |it| {
        server(&it.world, last).link_up()
            && server(&it.world, last).replid() == server(&it.world, first).replid()
    });
    assert_eq!(copies(&facts), 2);
}

#[test]
fn a_master_that_returns_empty_empties_its_replicas() {
    let mut it = without_failover(Setup::default());
    let mut facts = Vec::new();
    writer_mut(&mut it).stop();
    run(&mut it, Time::secs(12), &mut facts);
    let master = it.servers[0][0];
    assert!(it.servers[0].iter().all(|who| server(&it.world, *who).values().len() > 50));
    it.world.kill(master);
    server_mut(&mut it, 0).make_empty();
    it.world.start(master);
    run_until(&mut it, Time::secs(20), &mut facts, |it| {
        it.servers[0].iter().all(|who| server(&it.world, *who).values().is_empty())
    });
    assert_eq!(copies(&facts), 2);
}

#[test]
fn what_was_not_synced_to_the_disk_is_lost_with_the_power() {
    for (loses_us, least, most) in [(0, 0, 0), (1_000_000, 8, 11)] {
        let server_options = ServerOptions { loses_us, ..ServerOptions::default() };
        let mut it = without_failover(Setup { server: server_options, ..Setup::default() });
        let master = it.servers[0][0];
        let had = server(&it.world, master).values().len();
        it.world.kill(master);
        it.world.start(master);
        let lost = had - server(&it.world, master).values().len();
        assert!((least..=most).contains(&lost), "{lost} lost");
    }
}

#[test]
fn without_enough_replicas_nothing_is_acknowledged() {
    let refusing = ServerOptions { min_replicas: 1, ..ServerOptions::default() };
    let refused = Setup { server: refusing, ..Setup::default() };
    let waiting = Setup { wait_replicas: 1, ..Setup::default() };
    // The lag of replicas that are cut off grows for 10 s before writes are refused; WAIT notices at once.
    for (setup, notices_after) in [(refused, 12), (waiting, 1)] {
        let mut it = without_failover(setup);
        let mut facts = Vec::new();
        assert!(writer(&it).acked().len() > 50);
        let ips: Vec<_> = it.servers[0].iter().map(|who| it.world.addr(*who).ip()).collect();
        it.world.cut(ips[0], ips[1]);
        it.world.cut(ips[1], ips[0]);
        it.world.cut_both(ips[0], ips[2]);
        run(&mut it, Time::secs(10 + notices_after), &mut facts);
        let acked = writer(&it).acked().len();
        run(&mut it, Time::secs(40), &mut facts);
        assert_eq!(writer(&it).acked().len(), acked);
        it.world.mend_both(ips[0], ips[1]);
        run(&mut it, Time::secs(50), &mut facts);
        assert!(writer(&it).acked().len() > acked + 20);
    }
}

#[test]
fn replicas_that_died_are_missed_at_once() {
    let server_options = ServerOptions { min_replicas: 1, ..ServerOptions::default() };
    let mut it = without_failover(Setup { server: server_options, ..Setup::default() });
    let mut facts = Vec::new();
    it.world.kill(it.servers[0][1]);
    it.world.kill(it.servers[0][2]);
    run(&mut it, Time::secs(11), &mut facts);
    let acked = writer(&it).acked().len();
    run(&mut it, Time::secs(20), &mut facts);
    assert_eq!(writer(&it).acked().len(), acked);
}

#[test]
fn a_script_that_blocks_a_server_is_killed_if_it_can_be() {
    for killable in [true, false] {
        let mut it = Setup { traced: true, ..Setup::default() }.furnish();
        it.world.run(Time::secs(30));
        let mut facts = Vec::new();
        let replica = server_mut(&mut it, 1);
        if killable {
            replica.set_busy(Time::secs(300));
        } else {
            replica.set_busy_for_good(Time::secs(300));
        }
        run(&mut it, Time::secs(60), &mut facts);
        assert_eq!(events(&facts, "+sdown").len(), 3);
        assert_eq!(events(&facts, "-sdown").len(), if killable { 3 } else { 0 });
    }
}

#[test]
fn a_slow_server_is_down_when_it_is_slower_than_allowed() {
    for (slowness_us, down) in [(1_000_000, false), (4_000_000, true)] {
        let mut it = Setup { traced: true, ..Setup::default() }.furnish();
        it.world.run(Time::secs(30));
        let mut facts = Vec::new();
        server_mut(&mut it, 0).set_slowness(slowness_us);
        run(&mut it, Time::secs(45), &mut facts);
        assert_eq!(!events(&facts, "+sdown").is_empty(), down);
    }
}

#[test]
fn a_server_that_loads_answers_so_and_is_not_down() {
    let server_options = ServerOptions { loading_us: 20_000_000, ..ServerOptions::default() };
    let mut it = Setup { server: server_options, ..Setup::default() }.furnish();
    let mut facts = Vec::new();
    run(&mut it, Time::secs(19), &mut facts);
    assert!(it.servers[0].iter().all(|who| server(&it.world, *who).loading()));
    assert!(writer(&it).acked().is_empty());
    run(&mut it, Time::secs(40), &mut facts);
    assert!(events(&facts, "+sdown").is_empty());
    assert!(writer(&it).acked().len() > 100);
}
