//! `watchkeeper explain` on what `redis-cli psubscribe '*'` prints of one sentinel, and of several: it has no times, does not
//! name the sentinel it is of, and begins in the middle of its life. The report says what that is enough for, and no more.

mod logs;

use logs::told;

/// Events as they are printed into a pipe.
fn stream(events: &[&str]) -> String {
    let told = |event: &&str| format!("pmessage\n*\n{}\n", event.replacen(' ', "\n", 1));
    events.iter().map(told).collect()
}

const MISSED: &str = "+sdown master m 10.0.0.1 6379";
const AGREED: &str = "+odown master m 10.0.0.1 6379 #quorum 2/2";
const BACK: &str = "-sdown master m 10.0.0.1 6379";
const S2_GONE: &str = "+sdown sentinel bb 10.0.1.2 26379 @ m 10.0.0.1 6379";
const S3_GONE: &str = "+sdown sentinel cc 10.0.1.3 26379 @ m 10.0.0.1 6379";
const NO_GOOD: &str = "-failover-abort-no-good-slave master m 10.0.0.1 6379";

/// A candidate's events until it is elected, in this epoch.
fn elected(epoch: u32, id: &str, master: &str) -> Vec<String> {
    vec![
        format!("+new-epoch {epoch}"),
        format!("+try-failover master m {master} 6379"),
        format!("+vote-for-leader {id} {epoch}"),
        format!("+elected-leader master m {master} 6379"),
    ]
}

/// What a leader's stream has of a failover by hand, from one to another.
fn by_hand(epoch: u32, id: &str, from: &str, to: &str) -> Vec<String> {
    let mut events = elected(epoch, id, from);
    events.extend([
        format!("+selected-slave slave {to}:6379 {to} 6379 @ m {from} 6379"),
        format!("+promoted-slave slave {to}:6379 {to} 6379 @ m {from} 6379"),
        format!("+failover-end master m {from} 6379"),
        format!("+switch-master m {from} 6379 {to} 6379"),
    ]);
    events
}

/// What another one's stream has of it.
fn heard(epoch: u32, id: &str, from: &str, to: &str) -> Vec<String> {
    vec![
        format!("+new-epoch {epoch}"),
        format!("+config-update-from sentinel {id} 10.0.1.9 26379 @ m {from} 6379"),
        format!("+switch-master m {from} 6379 {to} 6379"),
    ]
}

fn joined(parts: &[Vec<String>]) -> String {
    stream(&parts.iter().flatten().map(String::as_str).collect::<Vec<_>>())
}

/// There may be five, and the three of which nothing is told are well.
#[test]
fn one_stream_does_not_tell_how_many_sentinels_there_are() {
    let [en, zh] = told(&[("stream.txt", &stream(&[S2_GONE, S3_GONE, MISSED]))]);
    for said in ["needs 2", "none can happen", "end too soon", "NOBODY"] {
        assert!(!en.contains(said), "{said}: {en}");
    }
    assert!(en.contains("at least 1 is left, whether that is enough these logs do not tell"), "{en}");
    assert!(en.contains("`SENTINEL CKQUORUM m`") && zh.contains("`SENTINEL CKQUORUM m`"), "{en}{zh}");
    assert!(en.contains("The logs have no times: whether they end soon after the first +sdown"), "{en}");
    assert!(en.contains("; whether there are others, these logs do not tell"), "{en}");
    assert!(zh.contains("至少还剩 1 个") && zh.contains("日志没有时间：无法得知"), "{zh}");
    assert!(!zh.contains("过早结束") && !zh.contains("无法自动切换"), "{zh}");
    // Who agrees counts the listening sentinel, too.
    let [en, _] =
        told(&[("stream.txt", &stream(&[S2_GONE, MISSED, "+odown master m 10.0.0.1 6379 #quorum 4/3"]))]);
    assert!(en.contains("at least 3 are left"), "{en}");
}

/// A log from a sentinel's start names all, but may not have the quorum: then only the least is known.
#[test]
fn a_quorum_that_is_not_told_is_not_guessed() {
    let line = |event: &str| format!("7:X 28 Nov 2026 16:37:01.705 # {event}\n");
    let met = ["bb 10.0.1.2 26379", "cc 10.0.1.3 26379"]
        .map(|it| line(&format!("+sentinel sentinel {it} @ m 10.0.0.1 6379")));
    let text = line("oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo")
        + &line("Sentinel ID is aa")
        + &met.concat()
        + &line(S2_GONE);
    let [en, zh] = told(&[("s1.log", &text)]);
    assert!(en.contains("a failover needs at least 2"), "{en}");
    assert!(zh.contains("故障转移需要至少 2 个"), "{zh}");
}

#[test]
fn replicas_that_a_stream_does_not_name_are_not_taken_for_none() {
    let failed = |before: &[&str]| {
        let leader = elected(1, "aa", "10.0.0.1");
        let events: Vec<&str> = before.iter().copied().chain([MISSED, AGREED]).collect();
        stream(&events) + &joined(&[leader]) + &stream(&[NO_GOOD])
    };
    let [en, zh] = told(&[("stream.txt", &failed(&[]))]);
    assert!(!en.contains("no replica is known") && !zh.contains("没有已知的副本"), "{en}{zh}");
    assert!(en.contains("which replicas there are, these logs do not tell"), "{en}");
    let gone = "+sdown slave 10.0.0.2:6379 10.0.0.2 6379 @ m 10.0.0.1 6379";
    let [en, zh] = told(&[("stream.txt", &failed(&[gone]))]);
    assert!(!en.contains("all replicas") && !en.contains("no replica left"), "{en}");
    assert!(en.contains("10.0.0.2:6379 did not answer; what other replicas there are"), "{en}");
    assert!(!zh.contains("所有副本都已下线") && zh.contains("10.0.0.2:6379 没有应答"), "{zh}");
    // A sentinel names all with each switch.
    let named = "+slave slave 10.0.0.2:6379 10.0.0.2 6379 @ m 10.0.0.1 6379";
    let [en, _] =
        told(&[("stream.txt", &failed(&["+switch-master m 10.0.0.9 6379 10.0.0.1 6379", named, gone]))]);
    assert!(en.contains("all replicas were down (10.0.0.2:6379)") && en.contains("no replica left"), "{en}");
    // Nothing tells how long before the leader was in TILT.
    let [en, _] = told(&[("stream.txt", &failed(&["+tilt #tilt mode entered", "-tilt #tilt mode exited"]))]);
    assert!(en.contains("or the leader had just left TILT"), "{en}");
}

#[test]
fn a_candidates_events_do_not_tell_whose_votes_it_got() {
    let events = joined(&[elected(1, "aa", "10.0.0.1")]);
    let [en, _] = told(&[("stream.txt", &(stream(&[MISSED, AGREED]) + &events))]);
    assert!(en.contains("stream is elected  [+elected-leader]"), "{en}");
    let lost = stream(&["+new-epoch 1", "+try-failover master m 10.0.0.1 6379", "+vote-for-leader aa 1"])
        + &stream(&["-failover-abort-not-elected master m 10.0.0.1 6379"]);
    let [en, zh] = told(&[("stream.txt", &(stream(&[S2_GONE, S3_GONE, MISSED, AGREED]) + &lost))]);
    assert!(!en.contains("1 of 3 votes") && !zh.contains("得到 1 票"), "{en}{zh}");
    assert!(en.contains("how many votes it got, these events do not tell"), "{en}");
}

#[test]
fn two_failovers_are_two_in_whatever_order_the_streams_are_named() {
    let (first, second) = ("10.0.0.1", "10.0.0.2");
    let one = joined(&[by_hand(1, "aa", first, second), heard(2, "bb", second, first)]);
    let two = joined(&[heard(1, "aa", first, second), by_hand(2, "bb", second, first)]);
    let three = joined(&[heard(1, "aa", first, second), heard(2, "bb", second, first)]);
    for order in [[&one, &two, &three], [&three, &two, &one]] {
        let logs = [("a.txt", order[0].as_str()), ("b.txt", order[1]), ("c.txt", order[2])];
        let [en, _] = told(&logs);
        assert!(en.starts_with("2 incidents: m "), "{en}");
        assert_eq!(en.matches("A planned failover from").count(), 2, "{en}");
        assert!(!en.contains("Why, is not in these logs"), "{en}");
    }
}

#[test]
fn streams_put_together_in_one_file_are_said_to_be_that() {
    let (first, second) = ("10.0.0.1", "10.0.0.2");
    let one = joined(&[by_hand(1, "aa", first, second), heard(2, "bb", second, first)]);
    for more in [heard(1, "aa", first, second), by_hand(2, "bb", second, first)] {
        let [en, zh] = told(&[("all.txt", &(one.clone() + &joined(&[more])))]);
        assert!(en.contains("all.txt holds the events of several sentinels"), "{en}");
        assert!(zh.contains("all.txt 中有多个哨兵的事件"), "{zh}");
    }
    let [en, _] = told(&[("one.txt", &one)]);
    assert!(!en.contains("holds the events"), "{en}");
}

#[test]
fn a_reset_before_an_outage_is_not_put_into_it() {
    let reset = "+reset-master master m 10.0.0.1 6379";
    let during = "SENTINEL RESET was called while the master was down";
    let (one, two) = (stream(&[MISSED, BACK]), stream(&[reset, MISSED, BACK]));
    let [en, _] = told(&[("a.txt", &one), ("b.txt", &two)]);
    assert!(en.starts_with("1 incident: m ") && !en.contains(during), "{en}");
    let [en, _] = told(&[("a.txt", &one), ("b.txt", &stream(&[MISSED, reset, BACK]))]);
    assert!(en.contains(during), "{en}");
}

/// Without times only one sentinel's own stream tells who missed the master when.
#[test]
fn streams_do_not_tell_that_sentinels_disagreed() {
    let other = stream(&["+sdown slave 10.0.0.2:6379 10.0.0.2 6379 @ m 10.0.0.1 6379"]);
    let [en, _] = told(&[("a.txt", &stream(&[MISSED, BACK])), ("b.txt", &other)]);
    assert!(!en.contains("did not agree"), "{en}");
}

#[test]
fn two_that_are_asked_at_once_take_one_epoch_and_are_one_incident() {
    let (old, new) = ("10.0.0.1", "10.0.0.2");
    let [en, zh] = told(&[
        ("a.txt", &joined(&[by_hand(1, "aa", old, new)])),
        ("b.txt", &joined(&[by_hand(1, "bb", old, new)])),
    ]);
    assert!(en.starts_with("1 incident: m "), "{en}");
    assert!(en.contains("They chose the same replica, 10.0.0.2:6379."), "{en}");
    assert!(zh.contains("它们选中了同一个副本 10.0.0.2:6379。"), "{zh}");
}

/// The log of one leader, and one that heard of the other's result.
#[test]
fn one_leader_is_enough_to_tell_two_failovers_at_once() {
    let (old, a, b) = ("10.0.0.1", "10.0.0.2", "10.0.0.3");
    let (one, three) = (joined(&[by_hand(1, "aa", old, a)]), joined(&[heard(1, "bb", old, b)]));
    for logs in [[("a.txt", one.as_str()), ("c.txt", &three)], [("a.txt", &three), ("c.txt", &one)]] {
        let [en, zh] = told(&logs);
        assert!(en.starts_with("1 incident: m "), "{en}");
        assert!(en.contains("Two failovers from 10.0.0.1:6379 at once made different masters"), "{en}");
        assert!(en.contains("the log of the other leader is not here"), "{en}");
        assert!(zh.contains("另一个执行者的日志不在此处"), "{zh}");
        assert!(!en.contains("made to follow the other"), "{en}");
    }
    // Who names another one later tells of the next failover.
    let [en, _] = told(&[("a.txt", &joined(&[by_hand(1, "aa", old, a), heard(2, "bb", old, b)]))]);
    assert!(en.starts_with("2 incidents: m "), "{en}");
}

/// It answers, and is missed all the same.
#[test]
fn a_master_that_is_a_replica_is_said_to_be_that() {
    let says = |role: &str, sign: char| {
        format!("{sign}role-change master m 10.0.0.1 6379 new reported role is {role}")
    };
    let (replica, master) = (says("slave", '-'), says("master", '+'));
    let switch = "+switch-master m 10.0.0.9 6379 10.0.0.1 6379";
    let [en, zh] = told(&[("a.txt", &stream(&[&replica, MISSED]))]);
    assert!(
        en.contains("the master 10.0.0.1:6379 said that it is a replica: as one it takes no writes"),
        "{en}"
    );
    assert!(zh.contains("主节点 10.0.0.1:6379 在失联之前已自称副本"), "{zh}");
    for events in [[&replica, master.as_str(), MISSED], [&replica, switch, MISSED]] {
        let [en, _] = told(&[("a.txt", &stream(&events))]);
        assert!(!en.contains("said that it is a replica"), "{en}");
    }
}

/// Of two results that of the higher epoch stays; who has named the other one takes it over.
#[test]
fn of_two_masters_in_two_epochs_the_later_stays() {
    let line = |second: &str, event: &str| format!("7:X 28 Nov 2026 16:37:{second} # {event}\n");
    let (old, a, b) = ("m 10.0.0.1 6379", "10.0.0.2:6379 10.0.0.2 6379", "10.0.0.3:6379 10.0.0.3 6379");
    let asked = "Executing user requested FAILOVER of 'm'";
    let one = [
        line("00.000", "Sentinel ID is aa"),
        line("01.000", asked),
        line("01.000", "+new-epoch 1"),
        line("01.000", &format!("+try-failover master {old}")),
        line("01.010", &format!("+elected-leader master {old}")),
        line("01.100", &format!("+selected-slave slave {a} @ {old}")),
        line("02.000", &format!("+promoted-slave slave {a} @ {old}")),
        line("02.300", &format!("+config-update-from sentinel bb 10.0.1.2 26379 @ {old}")),
        line("02.300", "+switch-master m 10.0.0.1 6379 10.0.0.3 6379"),
    ];
    let two = [
        line("00.000", "Sentinel ID is bb"),
        line("01.500", asked),
        line("01.500", "+new-epoch 2"),
        line("01.500", &format!("+try-failover master {old}")),
        line("01.510", &format!("+elected-leader master {old}")),
        line("01.600", &format!("+selected-slave slave {b} @ {old}")),
        line("02.250", &format!("+promoted-slave slave {b} @ {old}")),
        line("02.260", &format!("+slave-reconf-sent slave {a} @ {old}")),
        line("03.100", &format!("+slave-reconf-done slave {a} @ {old}")),
        line("03.200", &format!("+failover-end master {old}")),
        line("03.200", "+switch-master m 10.0.0.1 6379 10.0.0.3 6379"),
    ];
    let three = [
        line("00.000", "Sentinel ID is cc"),
        line("02.020", &format!("+config-update-from sentinel aa 10.0.1.1 26379 @ {old}")),
        line("02.020", "+switch-master m 10.0.0.1 6379 10.0.0.2 6379"),
        line("02.270", "+config-update-from sentinel bb 10.0.1.2 26379 @ m 10.0.0.2 6379"),
        line("02.270", "+switch-master m 10.0.0.2 6379 10.0.0.3 6379"),
    ];
    let [en, zh] = told(&[("s1.log", &one.concat()), ("s2.log", &two.concat()), ("s3.log", &three.concat())]);
    assert!(en.starts_with("1 incident: m "), "{en}");
    assert!(en.contains("A planned failover from 10.0.0.1:6379: 10.0.0.3:6379 is the master."), "{en}");
    assert!(en.contains("s1 told 10.0.0.2:6379 to be master, s2 told 10.0.0.3:6379 to be master."), "{en}");
    assert!(
        en.contains(
            "What clients wrote to 10.0.0.2:6379 until it was made to follow (for at most 2.000 s) is lost."
        ),
        "{en}"
    );
    assert!(en.contains("s3 tells clients that 10.0.0.2:6379 is the master, as it heard from s1"), "{en}");
    assert!(zh.contains("10.0.0.2:6379 被命令跟随之前（最多 2.000 秒）写到它上面的数据会丢失。"), "{zh}");
    assert!(!en.contains("do not agree"), "{en}");
}

/// Nobody leads: somebody did it by hand, and only what servers say of their roles tells.
#[test]
fn roles_that_nobody_asked_for_are_told() {
    let master = "-role-change master m 10.0.0.1 6379 new reported role is slave";
    let replica =
        "-role-change slave 10.0.0.2:6379 10.0.0.2 6379 @ m 10.0.0.1 6379 new reported role is master";
    let [en, zh] = told(&[("s1.txt", &stream(&[master, replica]))]);
    assert!(en.contains("m: the master 10.0.0.1:6379 says that it is a replica: it takes no writes"), "{en}");
    assert!(en.contains("m: the replica 10.0.0.2:6379 says that it is a master: if it is not"), "{en}");
    assert!(
        zh.contains("主节点 10.0.0.1:6379 自称副本") && zh.contains("副本 10.0.0.2:6379 自称主节点"),
        "{zh}"
    );
    // A failover that was asked for of another sentinel does the same.
    let mut events = vec![replica.to_owned(), master.to_owned()];
    events.extend(heard(1, "bb", "10.0.0.1", "10.0.0.2"));
    let [en, _] = told(&[("s1.txt", &joined(&[events]))]);
    assert!(!en.contains("says that it is a"), "{en}");
}
