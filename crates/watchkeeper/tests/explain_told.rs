//! What `watchkeeper explain` tells of an incident: its first sentence, its steps, who was elected, how long it took, what is
//! lost. Each log here is of a real incident, cut to the lines that it needs.

mod logs;

use std::io::Write;
use std::process::{Command, Stdio};

use logs::{log, said, stream, told, whole};

/// A failover that `s1` leads, without what comes before its votes and after the switch.
const TRIED: &str = "00:10.050 +odown master A #quorum 2/2
    00:10.050 +new-epoch 1
    00:10.050 +try-failover master A
    00:10.060 +vote-for-leader ID1 1
    00:10.065 2222222222222222222222222222222222222222 voted for 1111111111111111111111111111111111111111 1
    00:10.150 +elected-leader master A\n";
const LED: &str = "00:10.250 +selected-slave RB
    00:10.250 +failover-state-send-slaveof-noone RB
    00:10.320 +failover-state-wait-promotion RB
    00:11.000 +promoted-slave RB
    00:11.100 +slave-reconf-sent RC
    00:12.000 +slave-reconf-done RC
    00:12.100 +failover-end master A
    00:12.100 +switch-master A 10.0.0.2 6379\n";
/// The old master is away afterwards.
const GONE: &str = "00:14.000 +sdown RA\n00:40.000 -sdown RA\n00:50.000 +convert-to-slave RA\n";

/// Of `s1`, whose master is missed and fails over.
fn failover() -> String {
    format!("00:10.000 +sdown master A\n{TRIED}{LED}{GONE}")
}

/// Another sentinel, which hears of it from `s1`.
const HEARD: &str = "00:10.020 +sdown master A
    00:10.062 +new-epoch 1
    00:10.062 +vote-for-leader ID1 1
    00:11.110 +config-update-from S1
    00:11.110 +switch-master A 10.0.0.2 6379\n";

/// Operators made a master on the only sentinel that ran; the others were started and made another one.
#[test]
fn a_master_made_by_hand_that_a_failover_undid() {
    let s1 = "00:05.000 +sdown S2\n00:05.000 +sdown S3
        00:09.000 +sdown master A
        00:19.000 -monitor master A
        00:19.010 +monitor master C quorum 2
        00:36.210 +new-epoch 1
        00:36.210 +config-update-from S2
        00:36.210 +switch-master C 10.0.0.2 6379\n";
    let s2 = "00:33.000 START ID2
        00:33.000 +monitor master A quorum 2
        00:35.000 +sdown master A
        00:35.090 +odown master A #quorum 2/2
        00:35.090 +new-epoch 1
        00:35.090 +try-failover master A
        00:35.090 +vote-for-leader ID2 1
        00:35.095 3333333333333333333333333333333333333333 voted for 2222222222222222222222222222222222222222 1
        00:35.150 +elected-leader master A
        00:35.200 +selected-slave RB
        00:35.260 +failover-state-wait-promotion RB
        00:36.100 +promoted-slave RB
        00:36.200 +slave-reconf-sent RC
        00:37.100 +slave-reconf-done RC
        00:37.200 +failover-end master A
        00:37.200 +switch-master A 10.0.0.2 6379
        00:39.000 +sdown RA\n";
    let s3 = "00:33.000 START ID3
        00:33.000 +monitor master A quorum 2
        00:34.900 +sdown master A
        00:35.092 +new-epoch 1
        00:35.092 +vote-for-leader ID2 1
        00:36.210 +config-update-from S2
        00:36.210 +switch-master A 10.0.0.2 6379\n";
    let [s1, s2, s3] = [whole(1, s1), whole(2, s2), whole(3, s3)];
    let [en, zh] = told(&[("s1.log", &s1), ("s2.log", &s2), ("s3.log", &s3)]);
    assert!(!en.contains("no sentinel took over") && !zh.contains("没有哨兵接替"), "{en}{zh}");
    assert!(
        en.contains("operators pointed s1 at 10.0.0.3:6379 after 10.010 s. Then a failover made 10.0.0.2:6379 the master instead"),
        "{en}"
    );
    assert!(
        en.contains("10.0.0.3:6379 was told to follow. What clients wrote to 10.0.0.3:6379 and 10.0.0.2:6379 had not copied is lost"),
        "{en}"
    );
    assert!(en.contains("in the `sentinel.conf` of those that are down before they are started"), "{en}");
    assert!(zh.contains("随后的故障转移却让 10.0.0.2:6379"), "{zh}");
    assert!(zh.contains("尚未复制的数据会丢失") && zh.contains("启动之前先改好它的 `sentinel.conf`"), "{zh}");
    // By its own log another failover may have followed, of the one that they made.
    let [en, _] = told(&[("s1.log", &s1)]);
    assert!(
        en.contains("10.0.0.2:6379 became the master instead of 10.0.0.3:6379. Why, is not in these logs."),
        "{en}"
    );
    assert!(!en.contains("did not know of it"), "{en}");
}

/// It was the master, went away, and was started as one again when another failover had been made meanwhile.
#[test]
fn an_old_master_that_comes_back_as_one_was_promoted_by_nobody() {
    let twice = "00:10.000 +sdown master A
        00:10.110 +config-update-from S2
        00:10.110 +switch-master A 10.0.0.2 6379
        00:11.000 +sdown RA
        00:17.000 +sdown master B
        00:17.110 +config-update-from S2
        00:17.110 +switch-master B 10.0.0.3 6379
        00:18.000 +sdown RA@C
        00:18.000 +sdown RB@C
        00:25.700 -sdown RA@C
        00:25.700 +failover-detected master C #promoted 10.0.0.1:6379
        00:25.800 -sdown RB@C
        00:33.700 +convert-to-slave RA@C\n";
    let [en, zh] = told(&[("s1.log", &whole(1, twice))]);
    assert!(en.starts_with("2 incidents: m ") && !en.contains("promoted by"), "{en}");
    assert!(
        en.contains("The old master 10.0.0.1:6379 came back as a master and stayed one for about 8.000 s"),
        "{en}"
    );
    assert!(zh.starts_with("2 起事故：m") && !zh.contains("提升为主节点"), "{zh}");
    assert!(en.contains("still says that it is a master  [+failover-detected]"), "{en}");
    // A replica that was down, and is started without `replicaof`.
    let replica = "00:10.000 +sdown RC\n00:40.000 -sdown RC
        00:40.010 +failover-detected master A #promoted 10.0.0.3:6379
        00:48.000 +convert-to-slave RC\n00:50.000 +new-epoch 1\n";
    let logs = [1, 2, 3].map(|id| whole(id, replica));
    let [en, zh] = told(&[("s1.log", &logs[0]), ("s2.log", &logs[1]), ("s3.log", &logs[2])]);
    assert!(!en.contains("omebody else") && !en.contains("nobody's failover"), "{en}");
    assert!(
        en.contains("10.0.0.3:6379 was down and came back as a master, beside 10.0.0.1:6379; the sentinels made it a replica"),
        "{en}"
    );
    assert!(zh.contains("10.0.0.3:6379 下线后以主节点身份恢复") && !zh.contains("以外的操作"), "{zh}");
    let json =
        said(&[("s1.log", &logs[0]), ("s2.log", &logs[1]), ("s3.log", &logs[2])], &["--format", "json"]);
    assert!(json.contains("\"outcome\":\"returned-as-master\""), "{json}");
    // One that was up all the time was promoted by somebody.
    let hand =
        "00:40.010 +failover-detected master A #promoted 10.0.0.3:6379\n00:48.000 +convert-to-slave RC\n";
    let logs = [1, 2, 3].map(|id| whole(id, hand));
    let [en, _] = told(&[("s1.log", &logs[0]), ("s2.log", &logs[1]), ("s3.log", &logs[2])]);
    assert!(en.contains("Somebody else promoted 10.0.0.3:6379"), "{en}");
}

/// SENTINEL FAILOVER on `s2`, and a second later on `s1`, which has chosen another replica and told it nothing when it hears of
/// the result.
fn called_twice() -> [String; 3] {
    let s2 = "00:10.000 Executing user requested FAILOVER of 'm'
        00:10.000 +new-epoch 1
        00:10.000 +try-failover master A
        00:10.010 +vote-for-leader ID2 1
        00:10.030 +elected-leader master A
        00:10.100 +selected-slave RB
        00:10.100 +failover-state-send-slaveof-noone RB
        00:10.200 +failover-state-wait-promotion RB
        00:11.100 +promoted-slave RB
        00:11.150 +slave-reconf-sent RC
        00:12.000 +slave-reconf-done RC
        00:12.100 +failover-end master A
        00:12.100 +switch-master A 10.0.0.2 6379\n";
    let s1 = "00:11.000 Executing user requested FAILOVER of 'm'
        00:11.000 +new-epoch 1
        00:11.000 +try-failover master A
        00:11.010 +vote-for-leader ID1 1
        00:11.020 +elected-leader master A
        00:11.120 +selected-slave RC
        00:11.120 +failover-state-send-slaveof-noone RC
        00:11.160 +config-update-from S2
        00:11.160 +switch-master A 10.0.0.2 6379
        00:21.000 +convert-to-slave RA\n";
    let s3 = "00:11.165 +new-epoch 1
        00:11.165 +config-update-from S2
        00:11.165 +switch-master A 10.0.0.2 6379\n";
    [whole(1, s1), whole(2, s2), whole(3, s3)]
}

#[test]
fn a_replica_that_was_only_chosen_was_not_told_to_be_master() {
    let [s1, s2, s3] = called_twice();
    let all = [("s1.log", s1.as_str()), ("s2.log", s2.as_str()), ("s3.log", s3.as_str())];
    let [en, zh] = told(&all);
    assert!(en.contains("s2 chooses the replica 10.0.0.2:6379 and tells it to be master"), "{en}");
    assert!(en.contains("s1 chooses the replica 10.0.0.3:6379  [+selected-slave]"), "{en}");
    assert!(!en.contains("s1 told") && !en.contains("10.0.0.3:6379 until it was made to follow"), "{en}");
    assert!(
        en.contains("s2 and s1 were at work at once, as a failover was asked for: s2 was done first"),
        "{en}"
    );
    assert!(zh.contains("因为有人要求执行故障转移"), "{zh}");
    assert!(zh.contains("s1 选定副本 10.0.0.3:6379  [") && !zh.contains("不同的副本："), "{zh}");
    // Whose failover stayed is the leader.
    let json = said(&all, &["--format", "json"]);
    assert!(json.contains("\"elected\":\"s2\"") && !json.contains("\"elected\":\"s1\""), "{json}");
    let first = s1.replace("10:00:11.0", "10:00:09.0");
    let json = said(&[("s1.log", &first), ("s2.log", &s2), ("s3.log", &s3)], &["--format", "json"]);
    assert!(json.contains("\"elected\":\"s2\"") && !json.contains("\"elected\":\"s1\""), "{json}");
    // The first call is not in this log: nothing counts from the second one.
    let [en, zh] = told(&[("s1.log", &s1)]);
    assert!(en.contains("Another sentinel made it that, whose log is not here"), "{en}");
    assert!(!en.contains("lients were told after") && !zh.contains("后客户端得知新地址"), "{en}{zh}");
    assert!(zh.contains("这是另一个哨兵执行的，其日志不在此处"), "{zh}");
    // The logs end between the two.
    let chosen = "00:10.250 +selected-slave RB\n00:10.250 +failover-state-send-slaveof-noone RB\n";
    let ended = |more: &str| {
        told(&[("s1.log", &whole(1, &format!("00:10.000 +sdown master A\n{TRIED}{chosen}{more}")))])
    };
    let [en, zh] = ended("");
    assert!(en.contains("10.0.0.2:6379 was chosen.") && zh.contains("已选定 10.0.0.2:6379"), "{en}{zh}");
    let [en, _] = ended("00:10.320 +failover-state-wait-promotion RB\n");
    assert!(en.contains("10.0.0.2:6379 was told to be master."), "{en}");
}

/// One that is asked needs no votes: those of its epoch elected another one.
#[test]
fn of_two_leaders_in_one_epoch_the_votes_elected_one() {
    let forced = "00:08.000 +sdown master A
        00:20.000 Executing user requested FAILOVER of 'm'
        00:20.000 +new-epoch 2
        00:20.000 +try-failover master A
        00:20.010 +vote-for-leader ID3 2
        00:20.010 +elected-leader master A
        00:20.100 +selected-slave RB
        00:20.200 +failover-state-wait-promotion RB
        00:20.500 1111111111111111111111111111111111111111 voted for 1111111111111111111111111111111111111111 2
        00:20.500 2222222222222222222222222222222222222222 voted for 1111111111111111111111111111111111111111 2
        00:21.000 +promoted-slave RB
        00:21.100 +failover-end master A
        00:21.100 +switch-master A 10.0.0.2 6379
        00:23.000 +sdown RA\n";
    let elected = "00:08.100 +sdown master A
        00:20.020 +odown master A #quorum 3/2
        00:20.020 +new-epoch 2
        00:20.020 +try-failover master A
        00:20.030 +vote-for-leader ID1 2
        00:20.035 3333333333333333333333333333333333333333 voted for 3333333333333333333333333333333333333333 2
        00:20.036 2222222222222222222222222222222222222222 voted for 1111111111111111111111111111111111111111 2
        00:20.100 +elected-leader master A
        00:20.150 -failover-abort-no-good-slave master A
        00:21.110 +config-update-from S3
        00:21.110 +switch-master A 10.0.0.2 6379\n";
    let voter = "00:08.200 +sdown master A
        00:20.033 +new-epoch 2
        00:20.033 +vote-for-leader ID1 2
        00:21.110 +config-update-from S3
        00:21.110 +switch-master A 10.0.0.2 6379\n";
    let votes = "s1 is elected: s1 has the vote of s1 and s2; s3 has the vote of s3";
    let logs = [whole(1, elected), whole(2, voter), whole(3, forced)];
    let [en, zh] = told(&[("s1.log", &logs[0]), ("s2.log", &logs[1]), ("s3.log", &logs[2])]);
    assert!(en.contains(votes) && en.contains("s3 acts") && !en.contains("s3 is elected"), "{en}");
    assert!(
        zh.contains("s1 当选：s1 得到 s1、s2 的票；s3 得到 s3 的票") && zh.contains("s3 开始执行"),
        "{zh}"
    );
    // How long it took until writes were possible is told of one that was forced, too.
    assert!(
        en.contains("It took writes after 13.000 s at the latest (the sentinel noticed it then); clients"),
        "{en}"
    );
    assert!(zh.contains("最迟 13.000 秒后可写入"), "{zh}");
    // Streams do not say who was asked.
    let events = |lines: &str| {
        let event = |line: &str| line.trim().split_once(' ').map(|(_, event)| event.to_owned());
        let own = |event: &String| event.starts_with(['+', '-']);
        stream(&lines.lines().filter_map(event).filter(own).collect::<Vec<_>>().join("\n"))
    };
    let logs = [events(elected), events(voter), events(forced)];
    let [en, _] = told(&[("s1.txt", &logs[0]), ("s2.txt", &logs[1]), ("s3.txt", &logs[2])]);
    assert!(!en.contains("s3 is elected") && en.contains("s3 acts"), "{en}");
}

/// Events have no votes but the own one: as they come, it is not told that this elected anybody.
#[test]
fn a_stream_that_is_followed_tells_of_no_election_by_one_vote() {
    let events = stream(
        "+sentinel S2\n+sentinel S3\n+sdown master A\n+odown master A #quorum 3/2\n+new-epoch 1\n+try-failover master A
         +vote-for-leader ID1 1\n+elected-leader master A\n+selected-slave RB",
    );
    let mut command = Command::new(env!("CARGO_BIN_EXE_watchkeeper"));
    command.env("LC_ALL", "C").args(["explain", "--follow", "--lang", "en", "-"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(events.as_bytes()).unwrap();
    let text = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    assert!(text.contains(" is elected  [+elected-leader]"), "{text}");
    assert!(!text.contains("is elected:"), "{text}");
}

/// It died when it was elected, was started again and led the next attempt.
#[test]
fn a_leader_that_begins_anew_is_no_other_one() {
    let again = "00:14.000 START ID1
        00:14.000 +monitor master A quorum 2
        00:16.000 +sdown master A
        00:16.090 +odown master A #quorum 3/2
        00:16.090 +new-epoch 2
        00:16.090 +try-failover master A
        00:16.095 +vote-for-leader ID1 2
        00:16.099 2222222222222222222222222222222222222222 voted for 1111111111111111111111111111111111111111 2
        00:16.150 +elected-leader master A
        00:16.200 +selected-slave RB
        00:16.260 +failover-state-wait-promotion RB
        00:17.000 +promoted-slave RB
        00:18.100 +failover-end master A
        00:18.100 +switch-master A 10.0.0.2 6379
        00:20.000 +sdown RA\n";
    let text = format!("00:10.000 +sdown master A\n{TRIED}{again}");
    let [en, zh] = told(&[("s1.log", &whole(1, &text))]);
    assert!(
        en.contains("s1 led the failover and did not finish it; it was started again, and began anew."),
        "{en}"
    );
    assert!(
        !en.contains("another sentinel had to begin") && !zh.contains("由另一个哨兵重新开始"),
        "{en}{zh}"
    );
    assert!(zh.contains("它重新启动后又重新开始"), "{zh}");
    // Started again, it has forgotten to wait.
    assert!(!en.contains("twice failover-timeout") && !zh.contains("2 倍 failover-timeout"), "{en}{zh}");
    assert!(en.contains("redis-sentinel does not wait any more then"), "{en}");
    assert!(zh.contains("redis-sentinel 重启后不再等待"), "{zh}");
    // It knows of no time before.
    assert!(!en.contains("gets no answer from it again") && !zh.contains("又得不到应答"), "{en}{zh}");
    // A stream does not have the start.
    let events = "+sdown master A\n+odown master A #quorum 2/2\n+new-epoch 1\n+try-failover master A\n+vote-for-leader ID1 1
        +elected-leader master A\n+sdown master A\n+odown master A #quorum 3/2\n+new-epoch 2\n+try-failover master A
        +vote-for-leader ID1 2\n+elected-leader master A\n+selected-slave RB\n+promoted-slave RB\n+failover-end master A
        +switch-master A 10.0.0.2 6379";
    let [en, _] = told(&[("s1.txt", &stream(events))]);
    assert!(en.contains("did not finish it; it began anew itself."), "{en}");
}

/// Two logs begin when their sentinels had missed the master.
#[test]
fn a_master_missed_before_the_logs_begin_was_away_for_longer() {
    let late = "00:09.000 +sdown S1
        00:10.062 +new-epoch 1
        00:10.062 +vote-for-leader ID1 1
        00:11.110 +config-update-from S1
        00:11.110 +switch-master A 10.0.0.2 6379\n";
    let s1 = whole(1, &failover().replace("#quorum 2/2", "#quorum 3/2"));
    let [s2, s3] = [log(late), log(late)];
    let [en, zh] = told(&[("s1.log", &s1), ("s2.log", &s2), ("s3.log", &s3)]);
    assert!(en.contains("More sentinels missed it than have a +sdown in these logs"), "{en}");
    assert!(
        en.contains("the outage may have begun before.") && zh.contains("中断可能更早就已开始"),
        "{en}{zh}"
    );
    assert!(!en.contains("away for down-after-milliseconds before that"), "{en}");
    // Where all have said so, nothing is missing.
    let [s2, s3] = [whole(2, HEARD), whole(3, HEARD)];
    let [en, _] = told(&[("s1.log", &s1), ("s2.log", &s2), ("s3.log", &s3)]);
    assert!(
        !en.contains("may have begun before") && en.contains("away for down-after-milliseconds before that"),
        "{en}"
    );
}

/// All were started when the master was away.
#[test]
fn a_sentinel_just_started_does_not_know_how_long_the_master_was_away() {
    let started = |id: u32, rest: &str| {
        whole(id, &format!("00:07.000 START ID{id}\n00:07.000 +monitor master A quorum 2\n{rest}"))
    };
    let logs = [started(1, &failover()), started(2, HEARD), started(3, HEARD)];
    let [en, zh] = told(&[("s1.log", &logs[0]), ("s2.log", &logs[1]), ("s3.log", &logs[2])]);
    assert!(!en.contains("away for down-after-milliseconds before that"), "{en}");
    assert!(
        en.contains("had been started 3.000 s before, and does not know how long it was away by then"),
        "{en}"
    );
    assert!(zh.contains("3.000 秒前才启动") && !zh.contains("主节点已失联 down-after"), "{zh}");
}

/// Another one, which had run all the time, missed it as soon.
#[test]
fn a_sentinel_just_started_that_saw_the_master_answer_has_no_reservation() {
    let again =
        |set: &str| format!("{set}00:02.000 START ID1\n00:02.000 +monitor master A quorum 2\n{}", failover());
    let missed = format!("00:10.080 +sdown master A\n{HEARD}");
    let [en, zh] = told(&[
        ("s1.log", &whole(1, &again(""))),
        ("s2.log", &whole(2, &missed)),
        ("s3.log", &whole(3, HEARD)),
    ]);
    assert!(
        !en.contains("had been started") && en.contains("away for down-after-milliseconds before"),
        "{en}"
    );
    assert!(!zh.contains("才启动") && zh.contains("主节点已失联 down-after"), "{zh}");
    // Nor has one that was started long before, as far as down-after-milliseconds is known; one just before has.
    let set = |ms: u32| format!("00:01.000 +set master A down-after-milliseconds {ms}\n");
    let later = "00:10.062 +new-epoch 1
        00:10.062 +vote-for-leader ID1 1
        00:11.050 +sdown master A
        00:11.110 +config-update-from S1
        00:11.110 +switch-master A 10.0.0.2 6379\n";
    let of = |ms: u32| {
        let s1 = whole(1, &again(&set(ms)));
        told(&[("s1.log", &s1), ("s2.log", &whole(2, later)), ("s3.log", &whole(3, later))])[0].clone()
    };
    assert!(!of(2000).contains("had been started 8.000 s before"), "{}", of(2000));
    assert!(of(7000).contains("had been started 8.000 s before"), "{}", of(7000));
}

/// Somebody had made it a replica: it answered all the time. At their usual level logs do not have that.
#[test]
fn a_master_that_nothing_shows_to_have_been_away_is_not_said_to_have_failed() {
    let logs = |gone: &str| {
        let s1 = format!("00:10.000 +sdown master A\n{TRIED}{LED}{gone}");
        told(&[("s1.log", &whole(1, &s1)), ("s2.log", &whole(2, HEARD)), ("s3.log", &whole(3, HEARD))])
    };
    let [en, zh] = logs("01:30.000 +new-epoch 1\n");
    assert!(en.contains("The master 10.0.0.1:6379 was missed; 10.0.0.2:6379 took over."), "{en}");
    assert!(
        en.contains("s1 holds the master 10.0.0.1:6379 for down") && !en.contains("gets no answer"),
        "{en}"
    );
    assert!(!en.contains("away for down-after-milliseconds"), "{en}");
    assert!(zh.contains("主节点 10.0.0.1:6379 被认为下线，由") && !zh.contains("得不到"), "{zh}");
    assert!(!zh.contains("已失联 down-after-milliseconds"), "{zh}");
    let alone = format!("00:10.000 +sdown master A\n{TRIED}{LED}01:30.000 +new-epoch 1\n");
    let [en, zh] = told(&[("s1.log", &whole(1, &alone))]);
    assert!(
        en.contains(
            "first +sdown in these logs; a sentinel whose log is not here may have missed it sooner."
        ),
        "{en}"
    );
    assert!(zh.contains("日志不在此处的哨兵可能更早发现") && !en.contains("was away"), "{en}{zh}");
    let [en, _] = logs(GONE);
    assert!(en.contains("The master 10.0.0.1:6379 failed; 10.0.0.2:6379 took over."), "{en}");
    assert!(
        en.contains("s1 gets no answer from the master") && en.contains("s2 gets no answer either"),
        "{en}"
    );
}

/// It was back before the promotion, perhaps empty, and its replicas copied that.
#[test]
fn a_master_that_restarted_before_the_promotion_may_have_been_copied_empty() {
    let restarted = "00:10.180 -sdown master A\n00:10.185 +reboot master A\n";
    let s1 = |before: &str| whole(1, &format!("00:10.000 +sdown master A\n{TRIED}{before}{LED}"));
    let logs = |before: &str| {
        told(&[("s1.log", &s1(before)), ("s2.log", &whole(2, HEARD)), ("s3.log", &whole(3, HEARD))])
    };
    let [en, zh] = logs(restarted);
    assert!(en.contains("was found to have restarted (+reboot) before 10.0.0.2:6379 took over"), "{en}");
    assert!(zh.contains("在 10.0.0.2:6379 接替之前，哨兵发现主节点 10.0.0.1:6379 重启过"), "{zh}");
    let [en, _] = logs("00:10.180 -sdown master A\n");
    assert!(!en.contains("+reboot"), "{en}");
    // Each sentinel notices a restart once: twice are two of them.
    let twice = "00:20.000 +reboot master A\n00:31.000 +reboot master A\n";
    let [en, zh] = told(&[("s1.log", &whole(1, twice))]);
    assert!(
        en.contains("2 lines, the last at 10:00:31.000") && zh.contains("最后一次在 10:00:31.000"),
        "{en}{zh}"
    );
    let once = [1, 2].map(|id| whole(id, &format!("00:2{id}.500 +reboot master A\n")));
    let [en, _] = told(&[("s1.log", &once[0]), ("s2.log", &once[1])]);
    assert!(en.contains("2 lines") && !en.contains("the last at"), "{en}");
}

/// A planned failover whose replica hung. It woke up and did what it had been told.
#[test]
fn a_replica_that_wakes_up_after_the_attempt_is_a_second_master() {
    let asked = |told: &str| {
        let text = format!(
            "00:10.000 Executing user requested FAILOVER of 'm'
             00:10.000 +new-epoch 1
             00:10.000 +try-failover master A
             00:10.010 +vote-for-leader ID1 1
             00:10.060 +elected-leader master A
             00:10.110 +selected-slave RB
             00:10.110 +failover-state-send-slaveof-noone RB
             {told}00:12.500 +sdown RB
             00:18.200 -failover-abort-slave-timeout master A
             00:25.000 -sdown RB"
        );
        let s2 = whole(2, "00:12.500 +sdown RB\n00:25.000 -sdown RB\n00:35.000 +convert-to-slave RB\n");
        told_of(&whole(1, &text), &s2)
    };
    let [en, zh] = asked("00:10.200 +failover-state-wait-promotion RB\n");
    assert!(
        en.contains(
            "a second master until it was told to be a replica, 16.800 s after the attempt was given up"
        ),
        "{en}"
    );
    assert!(zh.contains("放弃之后 16.800") && zh.contains("它是第二个主节点"), "{zh}");
    assert!(!en.contains("ALSO SEEN 10:00:35") && en.contains("is a master after all"), "{en}");
    // Two parts of it are not the time that it took.
    assert!(!en.contains("Where the time went") && !zh.contains("时间花在哪里"), "{en}{zh}");
    // One that was told nothing is a master for another reason.
    let [en, _] = asked("");
    assert!(!en.contains("a second master") && en.contains("said that it is a master and was told"), "{en}");
}

fn told_of(s1: &str, s2: &str) -> [String; 2] {
    told(&[
        ("s1.log", s1),
        ("s2.log", s2),
        ("s3.log", &whole(3, "00:12.500 +sdown RB\n00:25.000 -sdown RB\n")),
    ])
}

/// A server that was promoted by hand and turned back, with all logs from their start: no incident is half told.
#[test]
fn what_servers_were_told_beside_any_incident_is_not_half_an_incident() {
    let [s1, s2, s3] = [whole(1, "00:30.000 +convert-to-slave RB\n"), whole(2, ""), whole(3, "")];
    let [en, zh] = told(&[("s1.log", &s1), ("s2.log", &s2), ("s3.log", &s3)]);
    assert!(
        en.starts_with("No incident: these logs tell of no missed master and no failover. What else"),
        "{en}"
    );
    assert!(zh.starts_with("没有发现事故：没有主节点失联或故障转移的记录。其他情况见下文。"), "{zh}");
    // One of three may not have all.
    let [en, _] = told(&[("s1.log", &s1)]);
    assert!(en.starts_with("No incident that could be told whole"), "{en}");
}

/// Its id is another one since its file was lost: by its log it is known all the same.
#[test]
fn a_sentinel_started_with_a_new_id_keeps_the_name_of_its_log() {
    let fourth = format!("sentinel {} 10.0.1.3 26379 @ m 10.0.0.1 6379", "4".repeat(40));
    let s1 = whole(1, &format!("00:07.000 +sentinel {fourth}\n{}", failover()));
    let s2 = whole(2, &format!("00:07.000 +sentinel {fourth}\n{HEARD}"));
    let s3 = whole(
        3,
        &format!("00:06.000 START ID4\n00:06.000 +monitor master A quorum 2\n00:06.000 +slave RB\n{HEARD}"),
    );
    let [en, _] = told(&[("s1.log", &s1), ("s2.log", &s2), ("s3.log", &s3)]);
    assert!(
        !en.contains("26379#") && en.contains("s3 tells clients that 10.0.0.2:6379 is the master"),
        "{en}"
    );
    assert!(en.contains("s3 (33333333)"), "{en}");
}

/// Another failover had made another master before the old one was back.
#[test]
fn the_old_master_is_told_to_follow_the_master_of_then() {
    let first = format!("00:10.000 +sdown master A\n{TRIED}{LED}");
    let rest = "00:30.000 +switch-master B 10.0.0.3 6379
        00:40.000 +convert-to-slave slave 10.0.0.1:6379 10.0.0.1 6379 @ m 10.0.0.3 6379\n";
    let [en, zh] = told(&[("s1.log", &whole(1, &format!("{first}{rest}")))]);
    assert!(en.contains("the old master 10.0.0.1:6379 is told to follow 10.0.0.3:6379 "), "{en}");
    assert!(zh.contains("命令旧主节点 10.0.0.1:6379 跟随 10.0.0.3:6379"), "{zh}");
    assert!(!en.contains("10.0.0.1:6379 is told to follow the new one"), "{en}");
}
