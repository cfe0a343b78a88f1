//! Which sequences of events are possible. The worlds of the other tests check every event they see as well.

use watchkeeper_core::Mono;
use watchkeeper_core::event::{Event, by_name};
use watchkeeper_core::event_grammar::Grammar;
use watchkeeper_core::id::GroupName;

/// An event of group `g`, or of the process.
fn event(line: &str) -> Event {
    let (name, payload) = line.split_once(' ').expect("a name and a payload");
    let spec = by_name(name).expect("an event of the table");
    let process = ["tilt", "script"].iter().any(|word| name.contains(word));
    let group = (!process).then(|| GroupName("g".into()));
    Event { kind: spec.kind, level: spec.level, name: spec.name, group, payload: payload.into() }
}

/// What becomes of the last line when all before it are accepted.
fn last_of(lines: &str) -> Result<(), String> {
    let mut grammar = Grammar::new();
    let lines: Vec<&str> = lines.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let (last, before) = lines.split_last().expect("lines");
    for line in before {
        if let Err(why) = grammar.accept(Mono(1), &event(line)) {
            panic!("not accepted: {why}");
        }
    }
    grammar.accept(Mono(77), &event(last))
}

fn accepts(lines: &str) {
    if let Err(why) = last_of(lines) {
        panic!("not accepted: {why}");
    }
}

fn rejects(lines: &str, why: &str) {
    let error = last_of(lines).expect_err("it cannot be");
    assert!(error.contains(why), "{error}");
    assert!(error.contains(" at 77 ms: "), "{error}");
}

const R2: &str = "slave 10.0.0.2:6379 10.0.0.2 6379 @ g 10.0.0.1 6379";
const R3: &str = "slave 10.0.0.3:6379 10.0.0.3 6379 @ g 10.0.0.1 6379";
const M: &str = "master g 10.0.0.1 6379";

/// Up to a step of a failover that goes well.
fn failover(steps: usize) -> String {
    let all = [
        format!("+monitor {M} quorum 2"),
        format!("+slave {R2}"),
        format!("+slave {R3}"),
        format!("+sdown {M}"),
        format!("+odown {M} #quorum 2/2"),
        "+new-epoch 1".to_owned(),
        format!("+try-failover {M}"),
        "+vote-for-leader me 1".to_owned(),
        format!("+elected-leader {M}"),
        format!("+failover-state-select-slave {M}"),
        format!("+selected-slave {R2}"),
        format!("+failover-state-send-slaveof-noone {R2}"),
        format!("+failover-state-wait-promotion {R2}"),
        format!("-role-change {R2} new reported role is master"),
        format!("+promoted-slave {R2}"),
        format!("+failover-state-reconf-slaves {M}"),
        format!("+slave-reconf-sent {R3}"),
        format!("+slave-reconf-inprog {R3}"),
        format!("+slave-reconf-done {R3}"),
        format!("+failover-end {M}"),
        "+switch-master g 10.0.0.1 6379 10.0.0.2 6379".to_owned(),
        "+slave slave 10.0.0.3:6379 10.0.0.3 6379 @ g 10.0.0.2 6379".to_owned(),
        "+slave slave 10.0.0.1:6379 10.0.0.1 6379 @ g 10.0.0.2 6379".to_owned(),
        "+sdown slave 10.0.0.1:6379 10.0.0.1 6379 @ g 10.0.0.2 6379".to_owned(),
        "-sdown slave 10.0.0.1:6379 10.0.0.1 6379 @ g 10.0.0.2 6379".to_owned(),
        "-role-change slave 10.0.0.1:6379 10.0.0.1 6379 @ g 10.0.0.2 6379 new reported role is master"
            .to_owned(),
        "+convert-to-slave slave 10.0.0.1:6379 10.0.0.1 6379 @ g 10.0.0.2 6379".to_owned(),
        "+role-change slave 10.0.0.1:6379 10.0.0.1 6379 @ g 10.0.0.2 6379 new reported role is slave"
            .to_owned(),
    ];
    all[..steps].join("\n") + "\n"
}

const TRYING: usize = 7;
const SELECTING: usize = 10;
const WAITING: usize = 13;
const RECONF: usize = 16;
const SENT: usize = 17;
const ENDED: usize = 20;
const SWITCHED: usize = 23;

#[test]
fn a_whole_failover() {
    accepts(&failover(28));
}

#[test]
fn every_step_is_missed() {
    // Leave any one event of the middle out, and something after it cannot be.
    let all = failover(28);
    let lines: Vec<&str> = all.lines().collect();
    let dispensable = ["+monitor", "+slave slave", "+odown", "+vote-for-leader"];
    for skip in 0..ENDED {
        if dispensable.iter().any(|free| lines[skip].starts_with(free)) {
            continue;
        }
        let mut grammar = Grammar::new();
        let rest = lines.iter().enumerate().filter(|(index, _)| *index != skip);
        let fine = rest.map(|(_, line)| grammar.accept(Mono(1), &event(line))).all(|taken| taken.is_ok());
        // The failover may end without a replica that was never told.
        assert_eq!(fine, lines[skip].starts_with("+slave-reconf-done"), "without {}", lines[skip]);
    }
}

#[test]
fn ways_out_of_a_failover() {
    let after = |steps, lines: &str| accepts(&(failover(steps) + lines));
    let next = format!("+new-epoch 2\n+try-failover {M}\n+vote-for-leader me 2");
    after(TRYING, &format!("-failover-abort-not-elected {M}\n{next}"));
    after(SELECTING, &format!("-failover-abort-no-good-slave {M}\n{next}"));
    after(WAITING, &format!("-failover-abort-slave-timeout {M}\n{next}"));
    after(WAITING, &next); // given up for a newer configuration of the same master
    let late = format!(
        "+slave-reconf-sent-timeout {R3}\n+failover-end-for-timeout {M}\n+failover-end {M}\n\
         +switch-master g 10.0.0.1 6379 10.0.0.2 6379"
    );
    after(SENT, &late.replace("+slave-reconf-sent-timeout", "-slave-reconf-sent-timeout"));
    let never_told = format!(
        "+failover-end-for-timeout {M}\n+failover-end {M}\n+slave-reconf-sent-be {R3}\n\
         +switch-master g 10.0.0.1 6379 10.0.0.2 6379"
    );
    after(RECONF, &never_told);
    after(
        WAITING,
        "+config-update-from sentinel me2 10.1.0.1 26379 @ g 10.0.0.1 6379\n\
         +switch-master g 10.0.0.1 6379 10.0.0.3 6379",
    );
    after(WAITING, &format!("+reset-master {M}\n{next}"));
    after(RECONF, "+switch-master g 10.0.0.1 6379 10.0.0.2 6379\n+reset-master master g 10.0.0.2 6379");
    after(RECONF, &format!("-monitor {M}\n+monitor {M} quorum 1\n+slave {R2}"));
}

#[test]
fn failovers_that_cannot_be() {
    let after = |steps, line: &str, why: &str| rejects(&(failover(steps) + line), why);
    after(5, &format!("+try-failover {M}"), "every attempt has a new epoch");
    after(5, &format!("+elected-leader {M}"), "while no failover runs; of a failover only `+try-failover`");
    after(
        TRYING,
        &format!("+selected-slave {R2}"),
        "while votes are awaited; of a failover only `+elected-leader`",
    );
    after(SELECTING - 1, &format!("+sdown {R2}"), "only `+failover-state-select-slave` can follow here");
    after(WAITING, &format!("+selected-slave {R3}"), "while the chosen replica is to become master");
    after(SELECTING + 1, &format!("+failover-state-send-slaveof-noone {R3}"), "the chosen one is");
    after(WAITING, &format!("+promoted-slave {R2}"), "it has not reported to be master");
    after(RECONF, &format!("+slave-reconf-inprog {R3}"), "it was not told to follow the new master");
    after(SENT, &format!("+slave-reconf-done {R3}"), "not yet seen to follow");
    after(SENT, &format!("+slave-reconf-sent {R3}"), "not yet seen to follow");
    after(RECONF, &format!("+slave-reconf-sent {R2}"), "it is the new master itself");
    after(
        RECONF,
        &format!("+slave-reconf-sent-be {R3}"),
        "told to follow the new master; of a failover only",
    );
    let next = "only `+switch-master`, `+slave-reconf-sent-be` can follow here";
    after(ENDED, &format!("+slave-reconf-inprog {R3}"), next);
    accepts(&(failover(ENDED) + &format!("+sdown {R3}\n+switch-master g 10.0.0.1 6379 10.0.0.2 6379")));
    after(ENDED, "+switch-master g 10.0.0.1 6379 10.0.0.3 6379", "the promoted one is `slave 10.0.0.2:6379");
    after(SWITCHED, &format!("+failover-end {M}"), "while no failover runs");
    after(SWITCHED, "+switch-master g 10.0.0.2 6379 10.0.0.3 6379", "while no failover runs");
    rejects(
        &(failover(RECONF) + "+switch-master g 10.0.0.1 6379 10.0.0.2 6379\n+sdown master g 10.0.0.2 6379"),
        "only `+slave`, `+reset-master` can follow here",
    );
}

#[test]
fn down_and_up_by_turns() {
    let after = |steps, line: &str, why: &str| rejects(&(failover(steps) + line), why);
    after(4, &format!("+sdown {M}"), "it is subjectively down already");
    after(3, &format!("-sdown {R2}"), "it was not subjectively down. hint: `+sdown` comes first");
    after(3, &format!("+odown {M} #quorum 2/2"), "the master is not subjectively down");
    after(5, &format!("+odown {M} #quorum 3/2"), "it is objectively down already");
    after(4, &format!("-odown {M}"), "it was not objectively down");
    after(SWITCHED, "-odown master g 10.0.0.2 6379", "it was not objectively down");
    after(SWITCHED, "-sdown master g 10.0.0.2 6379", "it was not subjectively down");
    accepts(
        &(failover(5) + &format!("-sdown {M}\n+sdown {R2}\n-odown {M}\n+sdown {M}\n+odown {M} #quorum 2/2")),
    );
    rejects(&(failover(5) + &format!("-sdown {M}\n+sdown {R2}\n+slave {R3}")), "only `-odown`");
}

#[test]
fn roles_epochs_votes_and_peers() {
    let p = "sentinel aaa 10.1.0.1 26379 @ g 10.0.0.1 6379";
    rejects(&format!("+role-change {R2} new reported role is slave"), "its role did not differ");
    rejects(&format!("+convert-to-slave {R2}"), "it does not report to be master");
    rejects(&format!("-role-change {R2} x\n+fix-slave-config {R2}"), "it reports to be master");
    rejects(
        &format!("+failover-detected {M} #promoted 10.0.0.2:6379"),
        "directly behind `-role-change` only",
    );
    accepts(&format!("-role-change {R2} x\n+failover-detected {M} #promoted 10.0.0.2:6379"));
    rejects("+new-epoch 3\n+new-epoch 3", "that of the last such event was `3`");
    rejects("+vote-for-leader a 3\n+vote-for-leader b 3", "that of the last such event was `3`");
    rejects("+new-epoch x", "`x` is no epoch");
    rejects(&format!("+slave {R2}\n+slave {R2}"), "it is known already");
    rejects(&format!("+sentinel {p}\n+sentinel {p}"), "it is known already");
    rejects(&format!("-dup-sentinel {M} #duplicate of 1:2 or aaa"), "directly behind");
    accepts(&format!(
        "+sentinel {p}\n+sdown {p}\n+sentinel-address-switch {M} ip 10.1.0.9 port 26379 for aaa\n\
         -dup-sentinel {M} #duplicate of 10.1.0.9:26379 or aaa\n\
         +sentinel-address-update {p} 1 additional matching instances\n+sdown {p}"
    ));
    accepts(&format!(
        "+sentinel {p}\n+sentinel-invalid-addr {p}\n-dup-sentinel {M} #duplicate of 10.1.0.1:26379 or bbb\n\
         +sentinel sentinel bbb 10.1.0.1 26379 @ g 10.0.0.1 6379\n+sentinel {p}"
    ));
    rejects(&format!("+monitor {M} quorum 2\n+monitor {M} quorum 2"), "the group is monitored already");
    accepts(&format!("+slave {R2}\n-monitor {M}\n+monitor {M} quorum 2\n+monitor {M} quorum 2"));
    rejects("+sdown pigeon", "it names no instance");
}

#[test]
fn the_process() {
    rejects("-tilt #tilt mode exited", "TILT was not entered");
    accepts("+tilt #tilt mode entered\n+tilt #tilt mode entered\n-tilt #tilt mode exited");
    rejects("-script-child 7 0 0", "no script with that process id runs");
    rejects(
        "+script-child 7\n-script-child 7 0 0\n-script-child 7 0 0",
        "no script with that process id runs",
    );
    rejects("+script-child 7\n-script-child 7 0 0\n-script-error /s 0 1", "no script failed");
    accepts("+script-child 7\n-script-timeout /s 7\n-script-child 7 0 9\n-script-error /s 9 0");
    accepts("-script-error /s 99 0");
    let mut stray = event("+sdown master g 10.0.0.1 6379");
    stray.group = None;
    let why = Grammar::new().accept(Mono(1), &stray).unwrap_err();
    assert!(why.contains("belongs to a group and names none"), "{why}");
}
