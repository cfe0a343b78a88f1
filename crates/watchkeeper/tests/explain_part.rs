//! `watchkeeper explain` on a part of what happened: one sentinel's log, one that was cut or rotated, a stream of events. What
//! such a part cannot tell is not said, and no advice rests on it.

mod logs;

use logs::{log, stream, told, whole};

/// What a candidate logs before its votes are counted.
const TRIED: &str = "00:10.000 +sdown master A
    00:10.050 +odown master A #quorum 2/2
    00:10.050 +new-epoch 1
    00:10.050 +try-failover master A
    00:10.060 +vote-for-leader ID1 1\n";

/// What a leader logs from then on, until it waits for the replica.
const LED: &str =
    "00:10.065 2222222222222222222222222222222222222222 voted for 1111111111111111111111111111111111111111 1
    00:10.150 +elected-leader master A
    00:10.250 +selected-slave RB\n";

/// What it logs when the replica is the master.
const DONE: &str = "00:11.000 +promoted-slave RB
    00:11.100 +slave-reconf-sent RC
    00:12.000 +slave-reconf-done RC
    00:12.100 +failover-end master A
    00:12.100 +switch-master A 10.0.0.2 6379\n";

#[test]
fn who_was_not_elected_is_told_the_cause_that_its_log_shows() {
    let lost = |between: &str, at: &str| {
        let text = format!("{TRIED}{between}\n{at} -failover-abort-not-elected master A");
        told(&[("s1.log", &whole(1, &text))])
    };
    let no_cure = |en: &str, zh: &str| {
        for bad in ["Start the missing ones", "启动缺少的哨兵"] {
            assert!(!en.contains(bad) && !zh.contains(bad), "{en}{zh}");
        }
    };
    // Another one came forward.
    let [en, zh] = lost("00:10.300 +new-epoch 2\n00:10.310 +vote-for-leader ID2 2", "00:20.700");
    assert!(en.contains("Meanwhile there was a vote in epoch 2, and it voted for 10.0.1.2:26379."), "{en}");
    assert!(zh.contains("其间纪元 2 又有一次投票，它投给了 10.0.1.2:26379。"), "{zh}");
    no_cure(&en, &zh);
    // It did not run.
    let [en, zh] = lost("00:22.100 +tilt #tilt mode entered\n00:52.100 -tilt #tilt mode exited", "00:52.150");
    assert!(en.contains("It was in TILT meanwhile, and acted on nothing until that was over."), "{en}");
    assert!(zh.contains("其间它处于 TILT"), "{zh}");
    no_cure(&en, &zh);
    // Nothing tells.
    let [en, zh] = lost("", "00:20.700");
    assert!(en.contains("why, these logs do not tell. Possible is that too few of the others ran"), "{en}");
    assert!(zh.contains("原因日志中没有。可能是"), "{zh}");
    no_cure(&en, &zh);
    let [en, zh] = told(&[(
        "s.txt",
        &stream(
            "+sdown master A\n+new-epoch 1\n+try-failover master A\n-failover-abort-not-elected master A",
        ),
    )]);
    no_cure(&en, &zh);
    // The others are down.
    let down = "00:05.000 +sdown S2\n00:05.000 +sdown S3\n";
    let text = format!("{down}{TRIED}00:20.700 -failover-abort-not-elected master A");
    let [en, zh] = told(&[("s1.log", &whole(1, &text))]);
    assert!(en.contains("Start the missing ones") && zh.contains("启动缺少的哨兵"), "{en}{zh}");
}

/// A leader in TILT does nothing: however long that was, what it gives up when TILT ends it gives up for that.
#[test]
fn what_a_leader_gives_up_after_tilt_it_gives_up_for_that() {
    let tilt = "00:45.000 +tilt #tilt mode entered\n01:15.000 -tilt #tilt mode exited\n";
    let text = format!("{TRIED}{LED}{tilt}01:15.010 -failover-abort-slave-timeout master A");
    let events = "+sdown master A\n+odown master A #quorum 2/2\n+new-epoch 1\n+try-failover master A\n+elected-leader master A
        +selected-slave RB\n+tilt #tilt mode entered\n-tilt #tilt mode exited\n-failover-abort-slave-timeout master A";
    for (name, log) in [("s1.log", whole(1, &text)), ("s1.txt", stream(events))] {
        let [en, zh] = told(&[(name, &log)]);
        assert!(en.contains("in time: s1, which led, was in TILT and did nothing."), "{en}");
        assert!(zh.contains("执行者 s1 处于 TILT") && !(en + &zh).contains("ACL"), "{zh}");
    }
    // Long after it, the replica is to be looked at.
    let text = format!("{TRIED}{LED}{tilt}03:10.300 -failover-abort-slave-timeout master A");
    assert!(told(&[("s1.log", &whole(1, &text))])[0].contains("check `ACL` rules"));
    let tilt = "00:15.000 +tilt #tilt mode entered\n00:45.000 -tilt #tilt mode exited\n";
    let text = format!(
        "{TRIED}{LED}00:11.000 +promoted-slave RB\n00:11.100 +slave-reconf-sent RC\n{tilt}
         00:45.100 +failover-end-for-timeout master A\n00:45.100 +failover-end master A
         00:45.100 +slave-reconf-sent-be RC\n00:45.100 +switch-master A 10.0.0.2 6379"
    );
    let [en, zh] = told(&[("s1.log", &whole(1, &text))]);
    assert!(en.contains("10.0.0.3:6379 followed the new master in time was not seen: s1, which led"), "{en}");
    assert!(zh.contains("没有及时看到 10.0.0.3:6379 跟随新主节点") && !en.contains("full sync"), "{en}{zh}");
}

/// What a leader logs of a failover, with its events between the master's end and the switch.
fn failover() -> String {
    format!("{TRIED}{LED}{DONE}")
}

#[test]
fn a_headline_without_incidents_says_whether_anything_was_seen() {
    let [en, zh] = told(&[("s1.log", &whole(1, ""))]);
    assert!(
        en.starts_with("No incident: there is nothing in there but what sentinels say when they start."),
        "{en}"
    );
    assert!(zh.starts_with("没有发现事故：其中只有哨兵启动时的记录。"), "{zh}");
    let [en, zh] = told(&[("s1.log", &whole(1, "00:06.000 +reset-master master A"))]);
    assert!(en.contains("no missed master and no failover. What else was seen is told below."), "{en}");
    assert!(zh.starts_with("没有发现事故：没有主节点失联或故障转移的记录。其他情况见下文。"), "{zh}");
    for event in
        ["+convert-to-slave RB", "-role-change RB new reported role is master", "+fix-slave-config RB"]
    {
        let [en, zh] = told(&[("s1.log", &whole(1, &format!("00:06.000 {event}")))]);
        assert!(en.starts_with("No incident that could be told whole; what was seen is told below."), "{en}");
        assert!(zh.starts_with("没有完整的事故；所见情况见下文。"), "{zh}");
    }
    // Every start names what is watched; a stream, or a sentinel that runs, names it when it is told to.
    let [en, zh] = told(&[("s1.txt", &stream("+monitor master A quorum 2\n+slave RB"))]);
    assert!(en.contains("told to watch the master 10.0.0.1:6379 (SENTINEL MONITOR)"), "{en}");
    assert!(zh.contains("被要求监视主节点 10.0.0.1:6379") && !en.contains("when they start"), "{en}{zh}");
    let again = whole(1, "00:05.000 -monitor master A\n00:06.000 +monitor master A quorum 2");
    assert!(
        told(&[("s1.log", &again)])[0].contains("(SENTINEL REMOVE)"),
        "{}",
        told(&[("s1.log", &again)])[0]
    );
    let restarted = whole(1, "") + &whole(1, "").replace("7:X", "8:X").replace("10:00:", "10:01:");
    assert!(!told(&[("s1.log", &restarted)])[0].contains("SENTINEL MONITOR"));
    // A vote belongs to a failover.
    let [en, zh] = told(&[("s1.txt", &stream("+new-epoch 1\n+vote-for-leader ID2 1"))]);
    assert!(en.contains("in epoch 1: a failover was tried, of which nothing more is in these logs"), "{en}");
    assert!(zh.contains("有哨兵尝试过故障转移"), "{zh}");
}

/// The connection was made with the switch, and its first answer came late.
#[test]
fn a_new_master_that_is_missed_for_a_moment_after_the_switch_is_no_outage() {
    let sight = "00:13.150 +sdown master B\n00:13.800 -sdown master B\n";
    let [en, zh] = told(&[("s1.log", &whole(1, &format!("{}{sight}00:50.000 +new-epoch 1", failover())))]);
    assert!(en.starts_with("1 incident: m "), "{en}");
    assert!(
        en.contains("soon after the switch, for a moment, 10.0.0.2:6379 did not answer as the new master"),
        "{en}"
    );
    assert!(zh.contains("切换后不久，新主节点 10.0.0.2:6379 一时没有应答"), "{zh}");
    // The next failover is another story, and the master has not flapped.
    let next = failover().replace("00:1", "00:3").replace(" A ", " B ").replace(" A\n", " B\n");
    let next = next.replace("RB", "RA").replace("10.0.0.2", "10.0.0.1").replace("1\n", "2\n");
    let [en, _] = told(&[("s1.log", &whole(1, &format!("{}{sight}{next}", failover())))]);
    assert!(en.starts_with("2 incidents: m ") && !en.contains("flaps"), "{en}");
    let events = "+sdown master A\n+odown master A #quorum 2/2\n+new-epoch 1\n+vote-for-leader ID2 1
        +config-update-from S2\n+switch-master A 10.0.0.2 6379\n+slave RA\n+sdown master B\n+sdown RA\n-sdown master B";
    let [en, zh] = told(&[("s1.txt", &stream(events))]);
    assert!(
        en.starts_with("1 incident: m ") && en.contains("just behind the switch 10.0.0.2:6379 did not"),
        "{en}"
    );
    assert!(zh.contains("紧接在切换之后，新主节点 10.0.0.2:6379 没有应答，随后恢复"), "{zh}");
    // One that is missed for longer is missed.
    let text = format!("{}00:13.150 +sdown master B\n00:19.800 -sdown master B\n", failover());
    assert!(
        told(&[("s1.log", &whole(1, &text))])[0].contains("The master 10.0.0.2:6379 was missed for 6.650 s")
    );
}

/// Who has no answer yet does not contradict who has.
#[test]
fn a_master_answers_when_the_first_sentinel_says_so() {
    let log = |id: u32, from: &str, to: &str| {
        whole(id, &format!("00:{from} +sdown master A\n00:{to} -sdown master A\n00:50.000 +new-epoch 1"))
    };
    let [en, zh] = told(&[("s1.log", &log(1, "10.000", "24.000")), ("s2.log", &log(2, "10.300", "32.000"))]);
    assert!(en.contains("was missed for 14.000 s and came back by itself"), "{en}");
    assert!(zh.contains("失联 14.000 秒后自行恢复"), "{zh}");
}

/// It was back, and away again just before the sentinel heard of what the first outage had set off.
#[test]
fn times_count_from_the_outage_that_was_voted_on() {
    let text = "00:10.000 +sdown master A\n00:10.100 +new-epoch 1\n00:10.110 +vote-for-leader ID1 1
        00:12.000 -sdown master A\n00:13.000 +sdown master A\n00:13.005 +config-update-from S1
        00:13.005 +switch-master A 10.0.0.2 6379";
    let [en, zh] = told(&[("s2.log", &whole(2, text))]);
    assert!(en.contains("clients were told after 3.005 s at the latest") && !en.contains("flaps"), "{en}");
    assert!(zh.contains("最迟 3.005 秒后客户端得知新地址"), "{zh}");
    let text = "00:10.000 +sdown master A\n00:10.500 -sdown master A\n00:33.000 +sdown master A\n00:53.005 +sdown S1";
    let [en, zh] = told(&[("s2.log", &whole(2, text))]);
    assert!(
        en.contains("20.005 s after its last +sdown") && zh.contains("它最后一次失联的 +sdown 之后 20.005"),
        "{en}{zh}"
    );
}

#[test]
fn who_promoted_a_replica_unseen_is_no_second_master() {
    let text = log("00:12.000 +failover-detected master A #promoted 10.0.0.2:6379\n00:50.000 +new-epoch 2");
    let [en, zh] = told(&[("s1.log", &text)]);
    assert!(en.contains("Who promoted 10.0.0.2:6379, is not in these logs"), "{en}");
    assert!(!en.contains("into a replica again") && !zh.contains("变回副本"), "{en}{zh}");
}

/// The first log ends with the promotion; the other begins when the promoted one is the master, and fails.
#[test]
fn two_promotions_are_two_failovers() {
    let first = log(&format!("{TRIED}{LED}00:11.000 +promoted-slave RB"));
    let next = failover().replace(" A ", " B ").replace(" A\n", " B\n").replace("RB", "RA");
    let next = next.replace("10.0.0.2", "10.0.0.1").replace("1\n", "2\n").replace("00:1", "05:1");
    for next in [&next[..], &next[next.find("05:10.150").unwrap()..]] {
        let [en, zh] = told(&[("s1.log", &first), ("s2.log", &log(next))]);
        assert!(en.starts_with("2 incidents: m "), "{en}");
        assert!(!en.contains("5 min") && !zh.contains("5 分"), "{en}{zh}");
    }
}

#[test]
fn a_master_that_was_made_a_replica_did_not_fail() {
    let role = "00:05.000 -role-change master A new reported role is slave\n";
    let [en, zh] = told(&[("s1.log", &whole(1, &format!("{role}{}", failover())))]);
    assert!(
        en.contains("The master 10.0.0.1:6379 had said that it is a replica, and was then missed"),
        "{en}"
    );
    assert!(zh.contains("主节点 10.0.0.1:6379 自称副本，随后被认为下线"), "{zh}");
    assert!(!en.contains("10.0.0.1:6379 failed"), "{en}");
}

#[test]
fn an_outage_that_began_before_a_log_lasted_at_least_so_long() {
    let late = log("00:10.000 +odown master A #quorum 2/2\n00:19.900 -sdown master A");
    let other = whole(2, "00:10.040 +sdown master A\n00:20.000 -sdown master A\n00:50.000 +new-epoch 2");
    let [en, zh] = told(&[("s1.log", &late), ("s2.log", &other)]);
    assert!(en.contains("was missed for at least 9.900 s"), "{en}");
    assert!(
        en.contains("the outage of at least 9.900 s ended") && zh.contains("失联 至少 9.900 秒"),
        "{en}{zh}"
    );
}

/// The cut between the files may have taken the line that enough agree.
#[test]
fn nobody_is_said_to_have_asked_where_a_rotated_log_has_a_gap() {
    let rest = format!("{LED}{DONE}");
    let tried =
        "00:10.050 +new-epoch 1\n00:10.050 +try-failover master A\n00:10.060 +vote-for-leader ID1 1\n";
    for before in ["00:10.000 +sdown master A", ""] {
        let logs = [("m.log.1", &whole(1, before)[..]), ("m.log", &log(&format!("{tried}{rest}")))];
        let [en, zh] = told(&logs);
        for bad in ["somebody called", "an operator", "planned", "有人", "计划内"] {
            assert!(!en.contains(bad) && !zh.contains(bad), "{bad}: {en}{zh}");
        }
    }
    // A gap that was longer ago may hide it, too.
    let later = format!("00:09.000 +tilt #tilt mode entered\n{tried}{rest}");
    let logs = [("m.log.1", &whole(1, "00:08.000 +sdown master A")[..]), ("m.log", &log(&later))];
    let [en, zh] = told(&logs);
    assert!(!en.contains("operator") && !en.contains("somebody called") && !zh.contains("有人"), "{en}{zh}");
    // Where the log says so, somebody did.
    let asked = log(&format!("00:10.040 Executing user requested FAILOVER of 'm'\n{tried}{rest}"));
    let en = &told(&[("m.log.1", &whole(1, "")[..]), ("m.log", &asked)])[0];
    assert!(en.contains("somebody called SENTINEL FAILOVER on m"), "{en}");
    // What was given up, nobody need have asked for.
    let given_up = log(&format!(
        "{tried}00:10.150 +elected-leader master A\n00:10.200 -failover-abort-no-good-slave master A"
    ));
    let [en, zh] = told(&[("m.log.1", &whole(1, "")[..]), ("m.log", &given_up)]);
    assert!(
        en.contains("A failover was begun and given up; why it was begun, is not in these logs."),
        "{en}"
    );
    assert!(zh.contains("故障转移开始后被放弃"), "{zh}");
}

/// It could not have been told to follow by then.
#[test]
fn an_old_master_that_answers_at_the_end_of_a_log_is_no_finding() {
    let back = "00:13.150 +sdown RA\n00:14.000 -sdown RA\n";
    let warned = |more: &str| {
        let [en, zh] = told(&[("s1.log", &whole(1, &format!("{}{back}{more}", failover())))]);
        (en.contains("that it was told to follow"), zh.contains("没有命令它跟随新主节点的记录"))
    };
    assert_eq!(warned(""), (false, false));
    assert_eq!(warned("00:50.000 +new-epoch 1"), (true, true));
}

/// Which of those that do not answer the other log is, nothing tells.
#[test]
fn a_log_without_a_name_may_be_that_of_one_who_is_missed() {
    let late = log("00:30.000 +sdown master A\n00:50.000 +new-epoch 2");
    let misses = log("00:05.000 +sdown S2\n00:05.000 +sdown S3\n00:50.000 +new-epoch 2");
    let [en, zh] = told(&[("s1.log", &misses), ("s2.log", &late)]);
    assert!(
        !en.contains("not all their logs are here")
            && en.contains("to the end of the logs; if they are down,"),
        "{en}"
    );
    assert!(!zh.contains("并非都有日志") && zh.contains("若它们确已下线"), "{zh}");
    // One of the two has no log, for the first speaks of both.
    assert!(en.contains("NO SENTINEL WHOSE LOG IS HERE TOOK OVER"), "{en}");
}

#[test]
fn what_a_stream_and_a_log_tell_of_one_epoch_is_one_incident() {
    let events = "+sdown master A\n+odown master A #quorum 2/2\n+new-epoch 1\n+vote-for-leader ID1 1
        +config-update-from S1\n+switch-master A 10.0.0.2 6379";
    let logs = [
        ("s1.log", &whole(1, &format!("{}00:50.000 +new-epoch 1", failover()))[..]),
        ("s2.txt", &stream(events)),
    ];
    let [en, zh] = told(&logs);
    assert!(en.starts_with("1 incident: m ") && en.contains("(by its epoch), is left out."), "{en}");
    assert!(zh.starts_with("1 起事故") && zh.contains("（按纪元判断）已略去"), "{zh}");
    assert!(!en.contains("Only the leader told clients"), "{en}");
    // Of another epoch it is another one.
    let other = stream(&events.replace("epoch 1", "epoch 3").replace("ID1 1", "ID1 3"));
    assert!(told(&[logs[0], ("s2.txt", &other)])[0].starts_with("2 incidents: m "));
}

/// Whose sentinels these are, stood in the head of the log.
#[test]
fn what_only_redis_sentinel_does_is_not_said_of_an_unknown_one() {
    let split = "00:10.070 2222222222222222222222222222222222222222 voted for 2222222222222222222222222222222222222222 1\n";
    let text =
        format!("{TRIED}{split}00:20.700 -failover-abort-not-elected master A\n00:50.000 +new-epoch 2");
    let [en, zh] = told(&[("s1.log", &log(&text))]);
    assert!(en.contains("was split") && !en.contains("redis-sentinel retries"), "{en}");
    assert!(zh.contains("选票分散") && !zh.contains("redis-sentinel 要等"), "{zh}");
    let [en, _] = told(&[("s1.log", &whole(1, &text))]);
    assert!(en.contains("redis-sentinel retries after twice failover-timeout"), "{en}");
}

/// It speaks of replicas before anybody names their master: that it is of the same group, the next lines tell.
#[test]
fn what_turns_out_to_be_one_group_is_one_incident() {
    let line = |time: &str, who: &str, event: &str| format!("10:00:{time}  10.0.1.{who}:26379  {event}\n");
    let text = line("00.000", "1", "+slave  replica 10.0.0.2:6379 (m)  a replica")
        + &line("10.000", "2", "+sdown  master m 10.0.0.1:6379  no answer")
        + &line("10.010", "1", "+sdown  master m 10.0.0.1:6379  no answer")
        + &line("10.020", "2", "+odown  master m 10.0.0.1:6379  enough")
        + &line("10.030", "2", "+new-epoch  1  an epoch")
        + &line("11.000", "1", "+switch-master  m 10.0.0.1:6379 → 10.0.0.2:6379  new")
        + &line("11.010", "2", "+switch-master  m 10.0.0.1:6379 → 10.0.0.2:6379  new")
        + &line("50.000", "2", "+new-epoch  1  an epoch");
    let [en, zh] = told(&[("events.txt", &text)]);
    assert!(en.starts_with("1 incident: m ") && zh.starts_with("1 起事故：m"), "{en}{zh}");
    assert!(
        en.contains("10.0.1.2:26379 holds the master 10.0.0.1:6379 for down") && !en.contains("TOOK OVER"),
        "{en}"
    );
    assert!(en.contains("10.0.1.1:26379 holds it for down, too"), "{en}");
}

/// A log at its usual level does not have what servers say of their roles; what comes after the switch shows it.
#[test]
fn a_master_that_follows_another_afterwards_was_made_a_replica() {
    let turned = "00:22.000 +fix-slave-config RA\n";
    let [en, zh] = told(&[("s1.log", &whole(1, &format!("{}{turned}", failover())))]);
    assert!(en.contains("The master 10.0.0.1:6379 was missed; 10.0.0.2:6379 took over."), "{en}");
    assert!(en.contains("did not go away after the switch, and followed another server"), "{en}");
    assert!(zh.contains("主节点 10.0.0.1:6379 被认为下线，由") && zh.contains("看来有人手工"), "{zh}");
    assert!(
        !en.contains("away for down-after-milliseconds before") && !en.contains("10.0.0.1:6379 failed"),
        "{en}"
    );
    // One that was away may have been started as a replica.
    let gone = "00:13.150 +sdown RA\n00:16.000 -sdown RA\n";
    let [en, _] = told(&[("s1.log", &whole(1, &format!("{}{gone}{turned}", failover())))]);
    assert!(en.contains("The master 10.0.0.1:6379 failed") && !en.contains("by hand"), "{en}");
}

/// It counts how long a replica has been without its master from when it began to miss that.
#[test]
fn a_leader_that_was_in_tilt_finds_replicas_too_old() {
    let lost = "00:41.300 +sdown master A\n00:41.350 +odown master A #quorum 2/2\n00:54.000 +new-epoch 2
        00:54.000 +try-failover master A\n00:54.010 +vote-for-leader ID2 2\n00:54.100 +elected-leader master A
        00:54.200 -failover-abort-no-good-slave master A\n";
    let tilt = "00:11.000 +tilt #tilt mode entered\n00:41.000 -tilt #tilt mode exited\n";
    let first = whole(1, "00:10.000 +sdown master A");
    let [en, zh] = told(&[("s1.log", &first), ("s2.log", &whole(2, &format!("{tilt}{lost}")))]);
    assert!(
        en.contains("s2, which led, was in TILT until it missed the master: redis-sentinel refuses"),
        "{en}"
    );
    assert!(zh.contains("执行者 s2 直到认为主节点下线之前都处于 TILT"), "{zh}");
    let [en, _] = told(&[("s1.log", &first), ("s2.log", &whole(2, lost))]);
    assert!(en.contains("No replica could be promoted") && !en.contains("in TILT until"), "{en}");
}

/// Somebody made a replica a master, and the master its replica.
#[test]
fn a_master_that_is_missed_when_another_is_one_need_not_have_failed() {
    let text = format!(
        "00:02.500 +failover-detected master A #promoted 10.0.0.3:6379\n{}00:50.000 +new-epoch 1",
        failover()
            .replace("00:11.100 +slave-reconf-sent RC\n", "")
            .replace("    00:12.000 +slave-reconf-done RC\n", "")
    );
    let [en, zh] = told(&[("s1.log", &whole(1, &text))]);
    assert!(en.contains("The master 10.0.0.1:6379 was missed; 10.0.0.2:6379 took over."), "{en}");
    assert!(en.contains("Before that 10.0.0.3:6379 had become a master: if 10.0.0.1:6379 was made"), "{en}");
    assert!(
        en.contains("count from +7.500 s below, when it was missed.") && !en.contains("last time"),
        "{en}"
    );
    assert!(zh.contains("在此之前 10.0.0.3:6379 已成为主节点") && zh.contains("即它被认为下线时"), "{zh}");
}

/// A leader that is paused after it has told the others: what it did not see says nothing of them.
#[test]
fn replicas_that_a_leader_in_tilt_did_not_see_are_not_blamed() {
    let text = format!(
        "{TRIED}{LED}00:11.000 +promoted-slave RB\n00:11.100 +slave-reconf-sent RC
        00:23.000 +tilt #tilt mode entered\n00:53.000 -tilt #tilt mode exited
        00:53.100 +failover-end-for-timeout master A\n00:53.100 +switch-master A 10.0.0.2 6379"
    );
    let [en, zh] = told(&[("s1.log", &whole(1, &text))]);
    assert!(
        en.contains("That 10.0.0.3:6379 followed the new master in time was not seen: s1, which led"),
        "{en}"
    );
    assert!(
        en.contains("some replicas were not seen to follow in time") && zh.contains("未见及时跟随"),
        "{en}{zh}"
    );
    assert!(!en.contains("did not follow"), "{en}");
}

/// Streams stand one behind the other: what the second one tells of the old master is what the first one told.
#[test]
fn what_streams_tell_of_one_old_master_is_told_once() {
    let events = "+sdown master A\n+odown master A #quorum 2/2\n+new-epoch 1\n+vote-for-leader ID3 1
        +config-update-from S3\n+switch-master A 10.0.0.2 6379\n+slave RA\n+sdown RA\n-sdown RA\n+convert-to-slave RA";
    let [en, zh] = told(&[("a.txt", &stream(events)), ("b.txt", &stream(events))]);
    assert!(en.contains("the old master 10.0.0.1:6379 does not answer"), "{en}");
    assert!(
        !en.contains("the replica 10.0.0.1:6379 did not answer") && !zh.contains("副本 10.0.0.1:6379 没有"),
        "{en}{zh}"
    );
}

#[test]
fn a_leader_whose_stream_has_its_tilt_did_not_die() {
    let led = "+sdown master A\n+odown master A #quorum 2/2\n+new-epoch 1\n+try-failover master A
        +vote-for-leader ID1 1\n+elected-leader master A\n+tilt #tilt mode entered\n+new-epoch 2\n+vote-for-leader ID2 2
        +config-update-from S2\n+switch-master A 10.0.0.2 6379";
    let then = "+sdown master A\n+odown master A #quorum 2/2\n+new-epoch 1\n+vote-for-leader ID1 1\n+new-epoch 2
        +try-failover master A\n+vote-for-leader ID2 2\n+elected-leader master A\n+selected-slave RB\n+promoted-slave RB
        +failover-end master A\n+switch-master A 10.0.0.2 6379";
    let [en, zh] = told(&[("a.txt", &stream(led)), ("b.txt", &stream(then))]);
    assert!(en.contains("a led the failover and did not finish it: it was in TILT later."), "{en}");
    assert!(zh.contains("但没有完成：它后来处于 TILT") && !en.contains("its host died"), "{en}{zh}");
}

/// Its +switch-master stood in the gap.
#[test]
fn a_master_that_is_another_one_behind_a_gap_was_replaced() {
    let before = whole(1, "00:10.000 +sdown master A\n00:10.060 +vote-for-leader ID2 1");
    let behind = log("00:13.000 +sdown RA\n00:50.000 -sdown RA");
    let [en, zh] = told(&[("m.log.1", &before), ("m.log", &behind)]);
    assert!(en.contains("later 10.0.0.2:6379 is spoken of as the master. How it became that"), "{en}");
    assert!(zh.contains("后来日志中 10.0.0.2:6379 已是主节点"), "{zh}");
    assert!(!en.contains("TOOK OVER") && !en.contains("still missed") && !en.contains("too few"), "{en}");
}
