//! A configuration file changes hands between the product and redis-sentinel, both ways, at any moment, and
//! nothing in it is lost: masters, replicas, peers, epochs, votes.

mod common;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use common::{FileFacts, Versions, random, seed};
use watchkeeper_conformance::{Conn, Daemon, Flavour, FrameExt, Group, Topology, eventually};

const LONG: Duration = Duration::from_secs(90);

/// What every sentinel of these groups is configured with, beyond the defaults.
fn topology(flavours: &[Flavour]) -> Topology {
    Topology::new()
        .sentinels(flavours)
        .option("parallel-syncs", "2")
        .option("failover-timeout", "7000")
        .option("master-reboot-down-after-period", "0")
}

/// Runs a failover and returns every version of every sentinel's file, each with who wrote it.
fn versions_through_a_failover(group: &Group) -> Vec<Vec<String>> {
    let watchers: Vec<Versions> =
        group.sentinels.iter().map(|sentinel| Versions::watch(sentinel.config_path())).collect();
    let before = group.master_port();
    group.server_at(before).kill();
    let after = group.wait_switched(before, LONG);
    group.server_at(before).start();
    group.wait_replicating(after, LONG);
    group.wait_converged(LONG);
    watchers.into_iter().map(Versions::stop).collect()
}

/// Loads `text` in `reader` (with nobody else alive), compares what it says and what it writes.
fn check_hand_over(reader: &Daemon, text: &str) {
    let wanted = FileFacts::read(text);
    reader.write_config(text);
    reader.start();
    let mut conn = reader.conn();
    assert_eq!(conn.cmd("SENTINEL MYID").text(), wanted.myid, "of:\n{text}");
    for (name, group) in &wanted.groups {
        let master = conn.call(&["SENTINEL", "MASTER", name]).fields();
        assert_eq!(format!("{} {}", master["ip"], master["port"]), group.master, "of:\n{text}");
        assert_eq!(master["quorum"], group.quorum, "of:\n{text}");
        assert_eq!(master["config-epoch"], group.config_epoch.to_string(), "of:\n{text}");
        let listed = |conn: &mut Conn, what: &str, field: &str| {
            let items = conn.call(&["SENTINEL", what, name]).items();
            let mut list: Vec<String> = items
                .iter()
                .map(|item| item.fields())
                .map(|item| format!("{} {}{}", item["ip"], item["port"], field_of(&item, field)))
                .collect();
            list.sort();
            list
        };
        assert_eq!(listed(&mut conn, "REPLICAS", ""), group.replicas, "of:\n{text}");
        assert_eq!(listed(&mut conn, "SENTINELS", "runid"), group.peers, "of:\n{text}");
    }
    assert_eq!(conn.cmd("SENTINEL FLUSHCONFIG").text(), "OK");
    assert_eq!(FileFacts::read(&reader.config()), wanted, "{} rewrote:\n{text}", reader.label());
    reader.kill();
}

fn field_of(item: &BTreeMap<String, String>, field: &str) -> String {
    item.get(field).map(|value| format!(" {value}")).unwrap_or_default()
}

#[test]
fn every_version_of_a_file_loads_in_the_other_and_back() {
    let mut group = topology(&[Flavour::Ours, Flavour::Redis, Flavour::Ours]).start();
    let histories = versions_through_a_failover(&group);
    group.sentinels.iter().for_each(Daemon::kill);
    group.servers.iter().for_each(Daemon::kill);
    let mut checked = 0;
    let mut epochs = 0;
    for (daemon, history) in group.sentinels.drain(..).zip(histories) {
        let writer = daemon.flavour();
        let other = if writer == Flavour::Ours { Flavour::Redis } else { Flavour::Ours };
        let history: Vec<String> =
            history.into_iter().filter(|text| text.contains("sentinel myid")).collect();
        assert!(history.len() >= 2, "the file of {} hardly changed", daemon.label());
        let reader = daemon.become_flavour(other);
        for text in &history {
            check_hand_over(&reader, text);
            checked += 1;
        }
        // What the other one wrote last goes back to whose file it was.
        let text = reader.config();
        let owner = reader.become_flavour(writer);
        check_hand_over(&owner, &text);
        epochs = epochs.max(FileFacts::read(&text).current_epoch);
    }
    assert!(epochs >= 1, "a failover raises the epoch");
    println!("{checked} versions of 3 files changed hands, up to epoch {epochs}");
}

#[test]
fn a_sentinel_replaced_by_the_other_goes_on_where_it_was() {
    let mut group = topology(&[Flavour::Ours, Flavour::Redis, Flavour::Redis]).start();
    for round in 0..4 {
        let before = group.master_port();
        let old = group.sentinels.remove(0);
        let id = old.cmd("SENTINEL MYID").text();
        old.kill();
        let facts = FileFacts::read(&old.config());
        let other = if old.flavour() == Flavour::Ours { Flavour::Redis } else { Flavour::Ours };
        let new = old.become_flavour(other);
        new.start();
        assert_eq!(new.cmd("SENTINEL MYID").text(), id);
        group.sentinels.insert(0, new);
        group.wait_converged(LONG);
        for sentinel in &group.sentinels {
            let peers = group.master_fields(sentinel)["num-other-sentinels"].clone();
            assert_eq!(peers, "2", "{}: nobody may be counted twice", sentinel.label());
        }
        // It takes part in the next failover with what it took over.
        let start = Instant::now();
        eventually(LONG, "FAILOVER is accepted", || {
            let reply = group.sentinels[0].cmd("SENTINEL FAILOVER mymaster");
            if reply.is_error() { Err(reply.text()) } else { Ok(()) }
        });
        let after = group.wait_switched(before, LONG);
        group.wait_replicating(after, LONG);
        group.wait_converged(LONG);
        let now = eventually(LONG, "the file has the new master", || {
            let now = FileFacts::read(&group.sentinels[0].config());
            let there = now.groups["mymaster"].master.ends_with(&after.to_string());
            there.then_some(now)
        });
        assert!(now.current_epoch > facts.current_epoch);
        assert!(now.groups["mymaster"].config_epoch > facts.groups["mymaster"].config_epoch);
        println!("round {round}: {other:?} took over, failover seen by all in {:?}", start.elapsed());
    }
}

/// Kills a sentinel at any moment of a failover, hands its file to the other program, and goes on.
#[test]
fn killed_at_any_moment_of_a_failover_the_file_loads_and_no_vote_is_given_twice() {
    let rounds = std::env::var("KILL_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(8);
    let mut random = random(seed());
    let mut group = topology(&[Flavour::Ours, Flavour::Ours, Flavour::Ours]).start();
    for round in 0..rounds {
        let before = group.master_port();
        eventually(LONG, "FAILOVER is accepted", || {
            let reply = group.sentinels[round % 3].cmd("SENTINEL FAILOVER mymaster");
            if reply.is_error() { Err(reply.text()) } else { Ok(()) }
        });
        let moment = Duration::from_micros(random() % 1_500_000);
        let end = Instant::now() + moment;
        while Instant::now() < end {
            std::thread::yield_now();
        }
        // Mostly the one that leads the failover, sometimes another.
        let victim = (round + usize::from(random() % 3 == 0)) % 3;
        let old = group.sentinels.remove(victim);
        old.kill();
        let text = old.config();
        FileFacts::read(&text);
        let other = match (random() % 2, old.flavour()) {
            (0, flavour) => flavour,
            (_, Flavour::Ours) => Flavour::Redis,
            (_, Flavour::Redis | Flavour::Valkey) => Flavour::Ours,
        };
        let new = old.become_flavour(other);
        new.start();
        group.sentinels.insert(victim, new);
        eventually(LONG, "all name one master that is one", || agreed(&group));
        group.wait_converged(LONG);
        let after = group.master_port();
        println!("round {round}: killed after {moment:?}, {other:?} took over, {before} -> {after}");
    }
    for sentinel in &group.sentinels {
        let votes = votes_in_log(&sentinel.log());
        for (epoch, ids) in &votes {
            assert_eq!(ids.len(), 1, "{} voted {ids:?} in epoch {epoch}", sentinel.label());
        }
        println!("{}: {} votes, one per epoch", sentinel.label(), votes.len());
    }
}

fn agreed(group: &Group) -> Result<(), String> {
    let mut named = Vec::new();
    for sentinel in &group.sentinels {
        named.push(group.master_port_by(sentinel)?);
    }
    let one = named[0];
    if named.iter().any(|port| *port != one) {
        return Err(format!("they name {named:?}"));
    }
    let role = group.server_at(one).cmd("ROLE").items()[0].text();
    if role == "master" { Ok(()) } else { Err(format!("{one} is {role}")) }
}

/// Whom a sentinel voted for in each epoch, from its log over all its lives.
fn votes_in_log(log: &str) -> BTreeMap<u64, Vec<String>> {
    let mut votes: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    for line in log.lines() {
        let Some((_, vote)) = line.split_once("+vote-for-leader ") else { continue };
        let mut words = vote.split_whitespace();
        let (Some(id), Some(epoch)) = (words.next(), words.next()) else { continue };
        let ids = votes.entry(epoch.parse().expect("an epoch is a number")).or_default();
        if !ids.contains(&id.to_owned()) {
            ids.push(id.to_owned());
        }
    }
    votes
}

/// Asks for a vote and kills the sentinel around the moment of its answer.
#[test]
fn a_vote_survives_kill_9() {
    let mut random = random(seed());
    let group = topology(&[Flavour::Ours]).start();
    let sentinel = &group.sentinels[0];
    let port = group.master_port().to_string();
    let ask = |epoch: &str, candidate: &str| {
        let argv = ["SENTINEL", "IS-MASTER-DOWN-BY-ADDR", "127.0.0.1", &port, epoch, candidate];
        argv.map(str::to_owned)
    };
    let vote = |conn: &mut Conn, epoch: &str, candidate: &str| {
        let reply = conn.call(&ask(epoch, candidate)).items();
        (reply[1].text(), reply[2].text())
    };
    let [first, second, third] = ["a", "b", "c"].map(|letter| letter.repeat(40));
    let (mut answered, mut silent) = (0, 0);
    for round in 0..40 {
        let epoch = (1000 + round).to_string();
        let mut conn = sentinel.conn();
        conn.send(&ask(&epoch, &first)).expect("the sentinel runs");
        // From long before the answer to long after it: 30 us to 8 ms, every length as likely.
        let wait = Duration::from_micros(8_000 >> (random() % 9));
        let answer = conn.read_within(wait);
        sentinel.restart();
        let mut conn = sentinel.conn();
        let (leader, voted) = vote(&mut conn, &epoch, &second);
        let to_second = leader == second && voted == epoch;
        if answer.is_ok() {
            answered += 1;
            assert!(!to_second, "epoch {epoch}: a vote for {first} was answered, then one for {second}");
        } else {
            silent += 1;
        }
        let again = vote(&mut conn, &epoch, &third);
        assert_ne!(again, (third.clone(), epoch.clone()), "epoch {epoch}: the vote was changed");
        let facts = FileFacts::read(&sentinel.config());
        assert_eq!(facts.groups["mymaster"].leader_epoch.to_string(), epoch);
        assert_eq!(facts.current_epoch.to_string(), epoch);
    }
    println!("{answered} votes answered before kill -9, {silent} not; none given twice");
}
