//! `watchkeeper status`, `failover` and `events`, as a user calls them, with real servers and sentinels on loopback.
#![allow(clippy::unwrap_used, reason = "in a test a failed step is the report")]

#[allow(dead_code, reason = "shared with the tests of topologies")]
#[path = "../topology/client.rs"]
mod client;
#[allow(dead_code, reason = "shared with the tests of topologies")]
#[path = "../topology/config.rs"]
mod config;
#[allow(dead_code, reason = "shared with the tests of topologies")]
#[path = "../topology/group.rs"]
mod group;
#[allow(dead_code, reason = "shared with the tests of topologies")]
#[path = "../topology/look.rs"]
mod look;
mod lost;
#[allow(dead_code, reason = "shared with the tests of topologies")]
#[path = "../topology/net.rs"]
mod net;
mod running;
#[allow(dead_code, reason = "shared with the tests of topologies")]
#[path = "../topology/shape.rs"]
mod shape;
mod terminal;
mod told;
#[cfg(feature = "watch")]
mod watched;
#[allow(dead_code, reason = "shared with the tests of topologies")]
#[path = "../topology/writer.rs"]
mod writer;

use client::ask;
use group::Who::{self, Sentinel, Server};
use group::{Group, NAME, Plan, eventually};
use running::{Running, run};

fn place(group: &Group, who: Who) -> String {
    group.addr(who).to_string()
}

/// Exit status and output of a command that asks the first sentinel.
fn asked(group: &Group, words: &[&str]) -> (i32, String) {
    let sentinel = place(group, Sentinel(1));
    run(&[words, &["--sentinel", &sentinel]].concat())
}

#[test]
fn a_healthy_chain_is_shown_as_it_is_and_fails_over() {
    let group = Group::start(&Plan::default());
    group.settles_as("1>2>3");
    let [first, second, third] = [1, 2, 3].map(|number| place(&group, Server(number)));

    let (code, text) = asked(&group, &["status"]);
    assert!(
        text.starts_with("1 group, all is well\n\nmymaster: writable, 2 replicas in step, 3 sentinels up\n"),
        "{text}"
    );
    assert!(text.contains(&format!("\n  {first} ")), "{text}");
    assert!(text.contains(&format!("\n  └─ {second} ")), "{text}");
    assert!(text.contains(&format!("\n     └─ {third} ")), "{text}");
    assert!(!text.contains('\x1b'), "no colours where there is no terminal: {text}");
    assert_eq!(code, 0, "{text}");
    let (_, chinese) = asked(&group, &["--lang", "zh", "status", NAME]);
    assert!(chinese.starts_with("1 个组，一切正常\n"), "{chinese}");
    let (code, json) = asked(&group, &["status", "--format", "json"]);
    assert!(json.contains(r#""status":"fine""#) && json.contains(r#""state":"in_step""#), "{json}");
    assert_eq!(code, 0, "{json}");

    // Nobody to ask whether to do it; and nobody who knows the group.
    assert_eq!(asked(&group, &["failover", NAME]).0, 2);
    let (code, text) = asked(&group, &["failover", "nosuch", "--yes"]);
    assert!(text.contains("`nosuch`") && text.contains("hint: there is `mymaster`"), "{text}");
    assert_eq!((code, asked(&group, &["status", "nosuch"]).0), (2, 2));

    let (code, text) = asked(&group, &["failover", NAME, "--yes"]);
    assert_eq!(code, 0, "{text}");
    for words in [
        "most likely",
        "+switch-master",
        "is the master now.",
        "until a sentinel saw that it is a master",
        "no master for at most",
    ] {
        assert!(text.contains(words), "`{words}` is missing in {text}");
    }
    group.settles_as("2>3>1");
}

#[test]
fn without_a_quorum_it_says_who_does_not_miss_the_master() {
    let mut group = Group::start(&Plan::default());
    group.settles_as("1>2>3");
    group.kill(&[Sentinel(2), Sentinel(3), Server(1)]);
    let text = eventually("the sentinel misses the master", || {
        let (code, text) = asked(&group, &["status"]);
        assert_ne!(code, 0, "{text}");
        if text.contains("held for down by 1 of the 2 sentinels that are needed") {
            Ok(text)
        } else {
            Err(text)
        }
    });
    assert!(text.contains("\nmymaster: NOT WRITABLE; the master "), "{text}");
    assert_eq!(
        text.matches(" does not answer\n").count(),
        4,
        "both sentinels, as problems and as reasons: {text}"
    );
    assert!(text.contains("of 3 sentinels, 1 can act; to elect one of them takes 2"), "{text}");

    group.kill(&[Sentinel(1)]);
    let (code, text) = asked(&group, &["status"]);
    assert!(text.contains("error: no sentinel answers") && text.contains("hint: "), "{text}");
    assert_eq!(code, 2);
}

#[test]
fn without_a_fit_replica_each_has_its_reason() {
    const LINES: &[(usize, &str)] = &[(2, "replica-priority 0"), (3, "replica-priority 0")];
    let mut group =
        Group::start(&Plan { shape: "1>2 1>3", topology: None, server_lines: LINES, ..Plan::default() });
    group.settles_as("1>2 1>3");
    let reason = |number| format!("{}: its replica-priority is 0", place(&group, Server(number)));
    let reasons = [reason(2), reason(3)];

    let (code, text) = asked(&group, &["failover", NAME, "--yes"]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("NOGOODSLAVE") && text.contains("hint: no replica can be promoted"), "{text}");
    assert!(reasons.iter().all(|reason| text.contains(reason)), "{text}");

    group.kill(&[Server(1)]);
    let text = eventually("the sentinels wait for a replica", || {
        let (_, text) = asked(&group, &["status"]);
        if text.contains("  - no replica can be promoted:\n") { Ok(text) } else { Err(text) }
    });
    assert!(reasons.iter().all(|reason| text.contains(&format!("\n      {reason}\n"))), "{text}");
}

#[test]
fn events_go_on_when_a_sentinel_is_started_again() {
    let mut group = Group::start(&Plan::default());
    group.settles_as("1>2>3");
    let (first, second) = (place(&group, Sentinel(1)), place(&group, Sentinel(2)));
    let mut events = Running::start(&["events", "--format", "json", "--sentinel", &first]);
    let of_second = format!(r#""sentinel":"{second}","kind":"#);
    let said = |events: &Running, what: &str, times: usize| {
        let wanted = format!("{of_second}\"{what}\"");
        eventually(&format!("{second}: {what} {times} times"), || {
            let lines = events.lines();
            let count = lines.iter().filter(|line| line.contains(&wanted)).count();
            if count == times { Ok(()) } else { Err(format!("{count} times: {lines:#?}")) }
        });
    };
    said(&events, "connected", 1);
    group.kill(&[Sentinel(2)]);
    said(&events, "lost", 1);
    group.start_again(&[Sentinel(2)]);
    said(&events, "connected", 2);

    ask(&first, &["SENTINEL", "FAILOVER", NAME]).unwrap();
    eventually("all three say that the master is another", || {
        let lines = events.lines();
        let switched = lines.iter().filter(|line| line.contains(r#""event":"+switch-master""#));
        let count = switched.filter(|line| line.contains(r#""group":"mymaster""#)).count();
        if count == 3 { Ok(()) } else { Err(format!("{count}: {lines:#?}")) }
    });
    assert_eq!(events.interrupt(), Some(0));
}
