//! Servers and writers with real sentinels: the world behaves as Redis and its clients do.

use std::net::SocketAddr;

use watchkeeper_sim::fact::Fact;
use watchkeeper_sim::process::{Body, ProcId};
use watchkeeper_sim::server::Server;
use watchkeeper_sim::setup::{Furnished, Setup, server_addr};
use watchkeeper_sim::time::Time;
use watchkeeper_sim::world::World;

fn server(world: &World, who: ProcId) -> &Server {
    match world.body(who) {
        Body::Server(server) => server,
        Body::Sentinel(_) | Body::Upstream(_) | Body::Writer(_) => panic!("not a server"),
    }
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
