//! What is told is true: during a failover, of a master that was dead before, of logins, and of what can't be followed.

use watchkeeper_resp::Frame;

use crate::client::ask;
use crate::group::Who::{Sentinel, Server};
use crate::group::{Group, NAME, Plan, eventually};
use crate::running::{Running, command, run};
use crate::{asked, place};

/// A group with a replica that can't be told of a new master, so that a failover goes on until failover-timeout, and the
/// sentinel that does it switches last.
fn whose_failover_goes_on() -> Group {
    const LINES: &[(usize, &str)] = &[(3, "replica-priority 200")];
    let mut group =
        Group::start(&Plan { shape: "1>2 1>3", topology: None, server_lines: LINES, ..Plan::default() });
    group.settles_as("1>2 1>3");
    group.nobody_is_missed_soon();
    group.pause(Server(3));
    group
}

#[test]
fn during_a_failover_nobody_is_said_to_disagree_who_does_not() {
    let mut group = whose_failover_goes_on();
    let first = place(&group, Sentinel(1));
    ask(&first, &["SENTINEL", "FAILOVER", NAME]).unwrap();
    let text = eventually("the other sentinels have switched", || {
        let (_, text) = asked(&group, &["status", "--timeout", "300"]);
        for wrong in ["another master", "it is a master, too", "1 sentinels", "should be replica"] {
            assert!(!text.contains(wrong), "`{wrong}` in {text}");
        }
        let master = format!("\n  master {}", place(&group, Server(2)));
        if text.contains("does the failover") && text.contains(&master) { Ok(text) } else { Err(text) }
    });
    assert!(text.contains("mymaster: writable; a failover is in progress, by "), "{text}");
    assert!(!text.contains("held for down by"), "{text}");
    group.resume(Server(3));
}

#[test]
fn a_master_that_was_dead_before_is_told_as_such_though_no_sentinel_misses_it_yet() {
    let mut group = Group::start(&Plan { shape: "1>2 1>3", topology: None, ..Plan::default() });
    group.settles_as("1>2 1>3");
    group.nobody_is_missed_soon();
    group.kill(&[Server(1)]);
    let (code, text) = asked(&group, &["failover", NAME, "--yes"]);
    assert_eq!(code, 0, "{text}");
    // Its replicas do.
    assert!(text.contains("The master already did not answer when this began; "), "{text}");
    assert!(!text.contains("From this host"), "{text}");
    assert!(!text.contains("found no master for at most"), "{text}");
    let but = format!("All other servers but {} follow it:", place(&group, Server(1)));
    assert!(text.contains(&but) && !text.contains("All other servers follow it"), "{text}");
}

#[test]
fn a_master_that_loads_counts_as_alive_and_the_newer_data_of_its_replicas_can_be_kept() {
    // 30,000 keys take half a minute.
    const LINES: &[(usize, &str)] =
        &[(1, "key-load-delay 1000"), (1, "loading-process-events-interval-bytes 1024")];
    let mut group =
        Group::start(&Plan { shape: "1>2 1>3", topology: None, server_lines: LINES, ..Plan::default() });
    group.settles_as("1>2 1>3");
    group.nobody_is_missed_soon();
    let master = place(&group, Server(1));
    let many = "for key = 1, 30000 do redis.call('SET', 'many' .. key, 'x') end";
    ask(&master, &["EVAL", many, "0"]).unwrap();
    ask(&master, &["SAVE"]).unwrap();
    group.kill(&[Server(1)]);
    group.start_again(&[Server(1)]);
    let (_, text) = asked(&group, &["status"]);
    assert!(text.contains("loading its data: that counts as an answer"), "{text}");
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let again = format!("`watchkeeper failover {NAME} --sentinel {}`", place(&group, Sentinel(1)));
    assert!(words.contains(&again), "`{again}`: {text}");
    assert!(!text.contains("no sentinel misses it") && !text.contains(" 0 B"), "{text}");
    let began = std::time::Instant::now();
    let (code, text) = asked(&group, &["failover", NAME, "--yes"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("already loading its data when this began, and took no commands; "), "{text}");
    let plan = text.split("Asked ").next().unwrap_or_default();
    assert!(plan.contains("what only the disk has is lost then"), "{text}");
    assert!(!text.contains("found no master for at most"), "{text}");
    // It can't be told whom to follow before it is done, and is not waited for.
    assert!(began.elapsed().as_secs() < 15, "{text}");
}

#[test]
fn a_master_that_wants_more_replicas_than_it_has_is_not_said_to_be_writable() {
    const LINES: &[(usize, &str)] = &[(1, "min-replicas-to-write 2"), (1, "min-replicas-max-lag 10")];
    let mut group =
        Group::start(&Plan { shape: "1>2 1>3", topology: None, server_lines: LINES, ..Plan::default() });
    group.settles_as("1>2 1>3");
    group.nobody_is_missed_soon();
    let master = place(&group, Server(1));
    assert!(asked(&group, &["status"]).1.contains("mymaster: writable"));
    group.kill(&[Server(3)]);
    let refused = format!("mymaster: NOT WRITABLE; {master} refuses writes: too few replicas");
    eventually("that is told", || {
        let (code, text) = asked(&group, &["status"]);
        if code == 1 && text.contains(&refused) { Ok(()) } else { Err(text) }
    });
    let told = format!("{:?}", ask(&master, &["SET", "key", "value"]));
    assert!(told.contains("NOREPLICAS"), "{told}");
}

/// The second server begins anew, and gets a copy of the master's data, a key in ten seconds.
fn begins_to_copy(group: &mut Group) {
    let master = place(group, Server(1));
    for key in ["a", "b", "c", "d", "e", "f"] {
        ask(&master, &["SET", key, "x"]).unwrap();
    }
    ask(&master, &["CONFIG", "SET", "rdb-key-save-delay", "10000000"]).unwrap();
    group.kill(&[Server(2)]);
    // With what it received first it would go on from there.
    std::fs::remove_file(group.file(Server(2), "rdb")).unwrap();
    group.start_again(&[Server(2)]);
}

#[test]
fn a_replica_in_full_sync_is_not_promoted_by_hand() {
    const LINES: &[(usize, &str)] = &[(3, "replica-priority 200")];
    for upstream in [true, false] {
        let plan =
            Plan { shape: "1>2 1>3", topology: None, server_lines: LINES, upstream, ..Plan::default() };
        let mut group = Group::start(&plan);
        group.settles_as("1>2 1>3");
        group.nobody_is_missed_soon();
        let [master, second, third] = [1, 2, 3].map(|number| place(&group, Server(number)));
        begins_to_copy(&mut group);
        // Ours look at the data, and take another one.
        let next =
            if upstream { format!("; next: {second} (in full sync") } else { format!("; next: {third}\n") };
        eventually("who would be the next is told", || {
            let (_, text) = asked(&group, &["status"]);
            let copies = text.contains(&format!("{second} is in full sync"));
            if copies && text.contains(&next) { Ok(()) } else { Err(text) }
        });
        let (code, text) = asked(&group, &["failover", NAME, "--yes"]);
        if upstream {
            for words in [
                second.as_str(),
                "has not got the data",
                "\nhint: wait until ",
                "`SENTINEL FAILOVER mymaster`",
            ] {
                assert!(text.contains(words), "`{words}` is missing in {text}");
            }
            assert_eq!(code, 2, "{text}");
            assert!(asked(&group, &["status"]).1.contains(&format!("\n  master {master} ")));
        } else {
            assert_eq!(code, 0, "{text}");
            assert!(text.contains(&format!("{third} is the master now.")), "{text}");
        }
        // With whom it is for, the copy ends.
        group.kill(&[Server(2)]);
    }
}

#[test]
fn an_empty_replica_is_not_promoted_by_hand_when_the_master_dies_during_its_first_copy() {
    for upstream in [true, false] {
        let mut group = Group::start(&Plan { shape: "1>2", topology: None, upstream, ..Plan::default() });
        group.settles_as("1>2");
        group.nobody_is_missed_soon();
        let second = place(&group, Server(2));
        begins_to_copy(&mut group);
        let shows = |group: &Group, what: &str| {
            eventually(what, || {
                let (_, text) = asked(group, &["status"]);
                if text.contains(what) { Ok(()) } else { Err(text) }
            });
        };
        shows(&group, &format!("{second} is in full sync"));
        group.kill(&[Server(1)]);
        // At once, and also when the sentinels miss it.
        for held_down in [false, true] {
            if held_down {
                group.set("down-after-milliseconds", "1000");
                // An election of upstream's would promote it.
                group.kill(&[Sentinel(2), Sentinel(3)]);
                shows(&group, "held for down by 1 of 3");
            }
            let empty =
                if upstream { "empty: it has no keys" } else { "empty: it has never had the master's data" };
            shows(&group, empty);
            let (code, text) = asked(&group, &["failover", NAME, "--yes"]);
            assert!(text.contains(empty) && text.contains(&second), "{text}");
            assert_eq!(code, if upstream { 2 } else { 1 }, "{text}");
            let Ok(Frame::Array(role)) = ask(&second, &["ROLE"]) else { panic!("{second} has no role") };
            assert_eq!(role[0], Frame::Bulk(b"slave".to_vec()));
        }
    }
}

#[test]
fn how_long_a_sentinel_that_hangs_was_waited_for_is_not_told_of_the_servers() {
    let mut group = Group::start(&Plan { shape: "1>2 1>3", topology: None, ..Plan::default() });
    group.settles_as("1>2 1>3");
    group.nobody_is_missed_soon();
    group.pause(Sentinel(3));
    let began = std::time::Instant::now();
    let (code, text) = asked(&group, &["failover", NAME, "--yes", "--timeout", "5000"]);
    let took = began.elapsed();
    group.resume(Sentinel(3));
    assert_eq!(code, 0, "{text}");
    // It is waited for once, before all begins.
    assert!(took.as_secs() < 9, "{took:?}: {text}");
    let unasked =
        format!("Not known to have switched, as it could not be asked: {}.", place(&group, Sentinel(3)));
    assert!(text.contains(&unasked), "{text}");
    assert!(text.contains("until the last sentinel that answers switched to it"), "{text}");
    let line = text.lines().find(|line| line.contains("until all that answer followed it")).unwrap();
    let ms: u64 = line.trim().split(' ').next().unwrap().parse().unwrap();
    assert!(ms < 4000, "{text}");
}

#[test]
fn a_sentinel_that_hangs_meanwhile_is_not_waited_for_once_the_others_have_switched() {
    let mut group = whose_failover_goes_on();
    let first = place(&group, Sentinel(1));
    let mut failover =
        Running::start(&["failover", NAME, "--yes", "--timeout", "20000", "--sentinel", &first]);
    eventually("the others have switched", || {
        let lines = failover.lines();
        let count = lines.iter().filter(|line| line.contains("+switch-master")).count();
        if count == 2 { Ok(()) } else { Err(format!("{lines:#?}")) }
    });
    group.pause(Sentinel(1));
    let began = std::time::Instant::now();
    assert_eq!(failover.ends(), Some(0));
    // Without that it ends when nothing was heard of it within the time that was given.
    assert!(began.elapsed().as_secs() < 19, "{:#?}", failover.lines());
    let unasked = format!("Not known to have switched, as it could not be asked: {first}.");
    eventually("it is named", || {
        let lines = failover.lines();
        if lines.iter().any(|line| line.contains(&unasked)) { Ok(()) } else { Err(format!("{lines:#?}")) }
    });
    group.resume(Sentinel(1));
    group.resume(Server(3));
}

#[test]
fn a_sentinel_that_wants_a_password_is_told_apart_and_what_cannot_be_followed_is_an_error() {
    let group = Group::start(&Plan::default());
    group.settles_as("1>2>3");
    let (second, server) = (place(&group, Sentinel(2)), place(&group, Server(1)));
    for (words, told) in [
        (&["--group", "nosuch"][..], "watch no group `nosuch`\nhint: there is `mymaster`"),
        (&["--sentinel", &server], "no sentinel, but a server in mode `standalone`\nhint: "),
        (&["--sentinel", "127.0.0.1:1"], "127.0.0.1:1: Connection refused\nhint: "),
    ] {
        let own = words.contains(&"--sentinel");
        let (code, text) = if own {
            run(&[&["events"][..], words].concat())
        } else {
            asked(&group, &[&["events"][..], words].concat())
        };
        assert!(code == 2 && text.contains(told), "{code} {text}");
    }
    let (code, text) = asked(&group, &["status", &server]);
    assert!(code == 2 && text.contains(&format!("`--sentinel {server}`")), "{code} {text}");
    let mut status = command(&["status", "--sentinel", &second]);
    let output = status.env("WATCHKEEPER_PASS", "wrongpw").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.ends_with("\n\nnote: the password was not needed: no sentinel has one\n"), "{text}");
    ask(&second, &["ACL", "SETUSER", "default", "resetpass", ">s3"]).unwrap();
    let (code, text) = asked(&group, &["status"]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains(&format!("the sentinel {second} refuses the login: `NOAUTH ")), "{text}");
    assert!(text.contains("\nhint: `--pass-file FILE`") && text.contains("refuses login"), "{text}");
    assert!(!text.contains("does not answer"), "{text}");
    let (code, text) = run(&["events", "--sentinel", &second]);
    assert!(
        code == 2 && text.contains("refuses the login\n") && text.contains("hint: `--pass-file"),
        "{text}"
    );
}

#[test]
fn events_tell_role_and_group_and_what_they_mean_here() {
    let group = Group::start(&Plan { shape: "1>2 1>3", topology: None, ..Plan::default() });
    group.settles_as("1>2 1>3");
    let old = place(&group, Server(1));
    let mut events = Running::start(&["events", "--sentinel", &place(&group, Sentinel(1))]);
    let has = |what: &[&str], times: usize| {
        eventually(&format!("{what:?} {times} times"), || {
            let lines = events.lines();
            let count = lines.iter().filter(|line| what.iter().all(|what| line.contains(what))).count();
            if count >= times { Ok(()) } else { Err(format!("{lines:#?}")) }
        });
    };
    has(&["(listening to this sentinel)"], 3);
    ask(&place(&group, Sentinel(1)), &["SENTINEL", "FAILOVER", NAME]).unwrap();
    has(&["+elected-leader", &format!("master {old} (mymaster)"), "leads the failover"], 1);
    has(&["+slave ", &format!("replica {old} (mymaster)"), "the old master"], 3);
    has(&["+slave ", "a known replica, entered anew"], 3);
    assert!(!events.lines().iter().any(|line| line.contains("a replica it did not know")));
    assert_eq!(events.interrupt(), Some(0));
}
