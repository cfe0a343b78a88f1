//! What `watchkeeper explain` advises in an outage, and why it says an outage took so long: what is to be done first, what the
//! incident itself showed to help, and nothing that makes it worse. The logs are those of such incidents, cut to the lines that
//! matter.

mod logs;

use std::process::Command;

use logs::{log, told, whole};

/// The same of Watchkeeper's.
fn whole_ours(id: u32, lines: &str) -> String {
    let ours = "This is Watchkeeper 0.1.0 (commit unknown, release build), speaking as Redis Sentinel 7.0.15";
    whole(id, lines).replacen(
        "just started\n",
        &format!("just started\n7:X 29 Nov 2026 10:00:00.000 # {ours}\n"),
        1,
    )
}

/// A process that is started again, in the same log.
fn again(id: u32, pid: u32, lines: &str, at: &str) -> String {
    let start = format!(
        "{at} oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo
         {at} Redis version=7.0.15, bits=64, commit=00000000, modified=0, pid={pid}, just started
         {at} Sentinel ID is ID{id}
         {at} +monitor master A quorum 2
         {lines}"
    );
    log(&start).replace("7:X ", &format!("{pid}:X "))
}

/// These stand in it in this order.
fn in_order(text: &str, parts: &[&str]) {
    let mut from = 0;
    for part in parts {
        let at = text[from..].find(part).unwrap_or_else(|| panic!("`{part}` is not in its place:\n{text}"));
        from += at + part.len();
    }
}

fn without(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(!text.contains(part), "`{part}`:\n{text}");
    }
}

/// A leader, elected by the others, that finds no replica.
fn nobody_fit(leader: u32) -> String {
    let id = |number: u32| number.to_string().repeat(40);
    let votes = (1..4).filter(|other| *other != leader);
    let votes: String =
        votes.map(|other| format!("00:45.115 {} voted for {} 1\n", id(other), id(leader))).collect();
    format!(
        "00:45.100 +odown master A #quorum 2/2
         00:45.100 +new-epoch 1
         00:45.100 +try-failover master A
         00:45.110 +vote-for-leader ID{leader} 1
         {votes}00:45.200 +elected-leader master A
         00:45.200 +failover-state-select-slave master A
         00:45.300 -failover-abort-no-good-slave master A
         00:45.400 Next failover delay: I will not start a failover before Sun Nov 29 10:01:25 2026\n"
    )
}

/// What who voted for it logs.
fn voted(leader: u32) -> String {
    format!(
        "00:45.110 +new-epoch 1
         00:45.112 +vote-for-leader ID{leader} 1
         00:45.150 +odown master A #quorum 2/2
         00:45.150 Next failover delay: I will not start a failover before Sun Nov 29 10:01:25 2026\n"
    )
}

/// Operators made another master, by hand, while two sentinels were down. What these have in their files undoes that: started as
/// they were, they promoted another replica and made the new master follow it.
#[test]
fn sentinels_that_are_down_are_not_started_with_the_master_that_operators_replaced() {
    let s1 = whole(
        1,
        "00:10.000 +sdown S2
         00:10.000 +sdown S3
         00:14.000 +sdown master A
         00:24.000 -monitor master A
         00:24.010 +monitor master B quorum 2",
    );
    let logs = [("s1.log", s1), ("s2.log", whole(2, "")), ("s3.log", whole(3, ""))];
    let logs = logs.each_ref().map(|(name, text)| (*name, text.as_str()));
    let [en, zh] = told(&logs);
    in_order(
        &en,
        &[
            "s1 was given 10.0.0.2:6379 as the master by hand.",
            "s2 and s3 still have 10.0.0.1:6379",
            "before a sentinel that is down is started, delete every line of the group from its file",
            "`SENTINEL MONITOR`",
            "before 10.0.0.1:6379 is started, `replicaof`",
            "Too few sentinels missed the master",
            "hint: first do what is said here of 10.0.0.2:6379",
        ],
    );
    in_order(
        &zh,
        &["有人手工让 s1 以 10.0.0.2:6379 为主节点", "删除该组的所有行", "先按此处关于 10.0.0.2:6379"],
    );
    without(&(en + &zh), &["start the sentinels that are down", "启动已下线的哨兵，"]);
}

/// Followed once on real servers: without any of these there were two masters, a replica that nobody knew, or a sentinel that gave
/// the old master back to the others.
#[test]
fn a_promotion_by_hand_leaves_one_master_and_no_server_unknown() {
    let lines = format!("00:45.000 +sdown master A\n{}", nobody_fit(1));
    let s2 = whole(2, &format!("00:45.010 +sdown master A\n{}", voted(1)));
    let s3 = whole(3, &format!("00:45.010 +sdown master A\n{}01:20.000 +sdown RC", voted(1)));
    let [en, zh] = told(&[("s1.log", &whole(1, &lines)), ("s2.log", &s2), ("s3.log", &s3)]);
    in_order(
        &en,
        &[
            "Only if no sentinel can do it then",
            "1. `REPLICAOF NO ONE` on it",
            "2. `REPLICAOF` its address on every other replica",
            "3. `SENTINEL REMOVE` on every sentinel",
            "4. only when that is done on all of them, `SENTINEL MONITOR`",
            "auth-user and auth-pass",
            "5. the sentinels have forgotten the servers that are down",
            "put `replicaof` with the new address into its file",
            "6. before a sentinel that is down is started, delete every line of the group from its file",
        ],
    );
    in_order(
        &zh,
        &[
            "1. 在它上面执行 `REPLICAOF NO ONE`",
            "2. 在其余每个副本上用 `REPLICAOF` 指向它",
            "3. 在每个哨兵上执行 `SENTINEL REMOVE`",
            "4. 全部执行完之后，才在每个哨兵上执行 `SENTINEL MONITOR`",
            "5. 哨兵已忘掉下线的服务器",
            "写入指向新主节点的 `replicaof`",
            "6. 启动已下线的哨兵之前，从它的配置文件中删除该组的所有行",
        ],
    );
}

/// The next attempts of that leader found nobody either, and one that had not been in TILT did it at once.
#[test]
fn after_tilt_the_sentinel_that_missed_the_master_sooner_is_asked() {
    let tilt = "00:14.000 +tilt #tilt mode entered
        00:45.000 -tilt #tilt mode exited
        00:45.000 +sdown master A\n";
    let (s1, s2) = (whole(1, &format!("{tilt}{}", nobody_fit(1))), whole(2, &format!("{tilt}{}", voted(1))));
    let s3 = whole(3, &format!("00:16.000 +sdown master A\n{}", voted(1)));
    let [en, zh] = told(&[("s1.log", &s1), ("s2.log", &s2), ("s3.log", &s3)]);
    in_order(
        &en,
        &[
            "s1, which led, was in TILT until it missed the master",
            "ten times down-after-milliseconds before the leader's own +sdown",
            "`SENTINEL FAILOVER <group>` on s3, which missed it 29.000 s sooner",
            "first on s3, which has missed the master longest",
        ],
    );
    in_order(
        &zh,
        &[
            "执行者 s1 直到认为主节点下线之前都处于 TILT",
            "在 s3 上执行 `SENTINEL FAILOVER <组>`",
            "首选最早认为主节点下线的",
        ],
    );
    without(
        &(en + &zh),
        &["The next attempt finds them", "nothing is wrong with the replicas", "下一次尝试就能找到副本"],
    );
    // Its own log shows that, too, but not whom to ask instead.
    let [en, zh] = told(&[("s1.log", &s1)]);
    assert!(en.contains("s1, which led, was in TILT until it missed the master"), "{en}");
    assert!(en.contains("on a sentinel that missed it sooner (not one that was in TILT"), "{en}");
    assert!(zh.contains("在更早认为主节点下线的哨兵上执行 `SENTINEL FAILOVER <组>`"), "{zh}");
}

/// It knows no replica any more.
#[test]
fn a_sentinel_that_was_reset_is_not_the_one_to_ask() {
    let s1 = |reset: &str| whole(1, &format!("00:10.000 +sdown master A\n{reset}00:40.000 +sdown RC"));
    let (s2, s3) = (whole(2, "00:20.000 +sdown master A"), whole(3, ""));
    let report = |s1: &str| told(&[("s1.log", s1), ("s2.log", &s2), ("s3.log", &s3)]);
    let [en, _] = report(&s1(""));
    assert!(en.contains("first on s1, which has missed the master longest"), "{en}");
    let [en, zh] = report(&s1("00:15.000 +reset-master master A\n"));
    assert!(en.contains("first on the one that has missed the master longest"), "{en}");
    without(&zh, &["最早认为主节点下线的 s1"]);
}

/// Two sentinels were started when the master was dead for long: the one of these that led found all replicas too old, and the
/// third did it at once.
#[test]
fn a_leader_that_was_started_in_the_outage_is_told_from_one_that_was_not() {
    let lines = "00:08.000 +sdown S2
         00:08.000 +sdown S3
         00:10.000 +sdown master A
         00:43.500 -sdown S2
         00:43.500 -sdown S3\n";
    let back = "01:00.000 -sdown master A";
    let missed = |at: u32, lines: &str| format!("00:45.0{at}0 +sdown master A\n{lines}{back}");
    let s1 = whole(1, &format!("{lines}{}{back}", voted(3)));
    let s2 = whole(2, "") + &again(2, 8, &missed(1, &voted(3)), "00:43.000");
    let s3 = whole(3, "") + &again(3, 9, &missed(0, &nobody_fit(3)), "00:43.000");
    let logs = [("s1.log", s1.as_str()), ("s2.log", s2.as_str()), ("s3.log", s3.as_str())];
    let [en, zh] = told(&logs);
    in_order(
        &en,
        &[
            "Sentinels were started again in this time, and enough missed the master only after that.",
            "s3, which led, was started again while the master was away",
            "`SENTINEL FAILOVER <group>` on s1, which missed it 35.000 s sooner",
        ],
    );
    in_order(
        &zh,
        &[
            "其间有哨兵重新启动，此后认为主节点下线的哨兵才足够",
            "执行者 s3 是在主节点失联期间重新启动的",
            "在 s1 上执行 `SENTINEL FAILOVER <组>`",
        ],
    );
    without(&(en + &zh), &["at different times", "发现主节点失联的时刻不同"]);
    // Its own log shows when it was started, and not whom to ask instead.

    let [en, zh] = told(&[("s3.log", &s3)]);
    in_order(
        &en,
        &[
            "probably because s3, which led, had been started 2.000 s before it missed the master",
            "on a sentinel that missed it sooner (not one that was in TILT then, or started since)",
        ],
    );
    assert!(zh.contains("执行者 s3 在认为主节点下线之前 2.000 秒才启动"), "{zh}");
    without(&en, &["none of the"]);
}

/// Watchkeeper begins when a replica is fit, whatever the others wait for; and nobody need wait who asks.
#[test]
fn nobody_is_told_to_wait_for_what_need_not_be_waited_for() {
    let missed = |lines: &str| format!("00:45.000 +sdown master A\n{lines}");
    let refused = "00:47.000 +new-epoch 2
        00:47.000 +try-failover master A
        00:47.010 +vote-for-leader ID1 2
        00:47.015 2222222222222222222222222222222222222222 voted for 1111111111111111111111111111111111111111 2
        00:47.015 +elected-leader master A
        00:47.015 Replica 10.0.0.2:6379 of `m` cannot be promoted: its replica-priority is 0
        00:47.015 Replica 10.0.0.3:6379 of `m` cannot be promoted: its replica-priority is 0
        00:47.015 -failover-abort-no-good-slave master A\n";
    let votes = "00:47.010 +new-epoch 2
        00:47.012 +vote-for-leader ID1 2
        01:00.000 Next failover delay: I will not start a failover before Sun Nov 29 10:01:27 2026\n";
    let odown = "00:45.050 +odown master A #quorum 2/2\n";
    let ours = whole_ours(1, &missed(&format!("{odown}{refused}")));
    let others = [2, 3].map(|id| whole(id, &missed(&format!("{odown}{votes}"))));
    let [en, zh] = told(&[("s1.log", &ours), ("s2.log", &others[0]), ("s3.log", &others[1])]);
    // It promoted the replica within a second then: a FAILOVER finds no other one that is fit, and by hand there would be two.
    in_order(
        &en,
        &[
            "First `CONFIG SET replica-priority 100`",
            "Wait some seconds",
            "GET-MASTER-ADDR-BY-NAME`). Only if it is still the old address: `SENTINEL FAILOVER <group>`",
            "Only if no sentinel can do it then, and every sentinel still names the old address",
            "promote a replica by hand",
        ],
    );
    in_order(
        &zh,
        &[
            "`CONFIG SET replica-priority 100`",
            "等待几秒",
            "只有仍是旧地址时",
            "`SENTINEL FAILOVER <组>`",
            "所有哨兵仍都给出旧地址",
            "才手工提升",
        ],
    );
    without(&(en + &zh), &["Next failover delay", "see first what comes of it", "先看届时的结果"]);
    // All of them wait.
    let s1 = whole(1, &missed(&nobody_fit(1)));
    let others = [2, 3].map(|id| whole(id, &missed(&voted(1))));
    let later = format!("{}{}", others[1], log("01:10.000 +sdown RC"));
    let [en, zh] = told(&[("s1.log", &s1), ("s2.log", &others[0]), ("s3.log", &later)]);
    in_order(
        &en,
        &[
            "`SENTINEL FAILOVER <group>` on one living sentinel",
            "begin none by themselves before 10:01:25 (Next failover delay)",
        ],
    );
    assert!(zh.contains("在 10:01:25 之前不会自行开始（Next failover delay）"), "{zh}");
    without(&(en + &zh), &["see first what comes of it", "先看届时的结果"]);
}

/// What only Watchkeeper does is not said of others.
#[test]
fn of_other_sentinels_no_attempts_are_promised_that_only_ours_make() {
    let attempt = |at: u32, epoch: u32| {
        format!(
            "00:{at}.000 +new-epoch {epoch}
             00:{at}.000 +try-failover master A
             00:{at}.010 +vote-for-leader ID1 {epoch}
             00:{at}.015 {two} voted for {one} {epoch}
             00:{at}.015 +elected-leader master A
             00:{at}.015 Replica 10.0.0.2:6379 of `m` cannot be promoted: its replica-priority is 0
             00:{at}.015 -failover-abort-no-good-slave master A\n",
            two = "2".repeat(40),
            one = "1".repeat(40),
        )
    };
    let lines = format!(
        "00:10.000 +sdown master A\n00:10.050 +odown master A #quorum 2/2\n{}{}00:24.000 -sdown master A",
        attempt(11, 1),
        attempt(22, 2)
    );
    let other = |id: u32| {
        format!(
            "00:10.040 +sdown master A
             00:11.010 +new-epoch 1
             00:11.012 +vote-for-leader ID1 1
             00:22.012 +vote-for-leader ID1 2
             00:24.{id}00 -sdown master A"
        )
    };
    let others = [2, 3].map(|id| whole(id, &other(id)));
    let [en, zh] =
        told(&[("s1.log", &whole_ours(1, &lines)), ("s2.log", &others[0]), ("s3.log", &others[1])]);
    assert!(en.contains("A sentinel of Watchkeeper's that found no fit replica tries again"), "{en}");
    assert!(zh.contains("Watchkeeper 的哨兵没有找到合适副本时"), "{zh}");
    without(&(en + &zh), &["makes an attempt of its own meanwhile", "仍会各自尝试一次"]);
}

/// Two of three missed the master at once, and the third was dead: the quorum of 3 held them up until it was lowered.
#[test]
fn a_quorum_that_was_lowered_in_the_outage_is_what_ended_the_wait() {
    let high = |id: u32, lines: &str| whole(id, lines).replacen("quorum 2\n", "quorum 3\n", 1);
    let missed = |at: &str, rest: &str| {
        format!(
            "00:06.000 +sdown S3
             00:10.{at} +sdown master A
             00:23.100 +set master A quorum 2
             00:23.200 +odown master A #quorum 2/2
             {rest}"
        )
    };
    let led = "00:23.210 +new-epoch 1
         00:23.210 +try-failover master A
         00:23.220 +vote-for-leader ID1 1
         00:23.230 2222222222222222222222222222222222222222 voted for 1111111111111111111111111111111111111111 1
         00:23.250 +elected-leader master A
         00:23.300 +selected-slave RB
         00:23.900 +promoted-slave RB
         00:24.000 +failover-end master A
         00:24.000 +switch-master A 10.0.0.2 6379";
    let voted = "00:23.215 +new-epoch 1
         00:23.225 +vote-for-leader ID1 1
         00:23.950 +config-update-from S1
         00:23.950 +switch-master A 10.0.0.2 6379";
    let (s1, s2) = (high(1, &missed("000", led)), high(2, &missed("070", voted)));
    let s3 = high(3, "");
    for logs in
        [&[("s1.log", s1.as_str()), ("s2.log", &s2), ("s3.log", &s3)][..], &[("s1.log", s1.as_str())][..]]
    {
        let [en, zh] = told(logs);
        assert!(
            en.contains("The quorum was 3 until somebody set it to 2 in this time (SENTINEL SET)"),
            "{en}"
        );
        assert!(zh.contains("法定票数原为 3，其间有人把它设为 2（SENTINEL SET）"), "{zh}");
        without(&(en + &zh), &["at different times", "missed the master later", "发现主节点失联的时刻不同"]);
    }
}

/// All three run, and the quorum is 4.
#[test]
fn a_quorum_above_the_number_of_sentinels_is_named_as_the_cause() {
    let log = |id: u32| {
        let lines = format!("00:10.0{id}0 +sdown master A\n00:34.0{id}0 -sdown master A");
        whole(id, &lines).replace("quorum 2\n", "quorum 4\n")
    };
    let logs = [1, 2, 3].map(log);
    let [en, zh] = told(&[("s1.log", &logs[0]), ("s2.log", &logs[1]), ("s3.log", &logs[2])]);
    assert!(en.contains("the quorum 4 is higher than the number of sentinels, 3"), "{en}");
    assert!(en.contains("`SENTINEL SET <group> quorum 2` on each of them"), "{en}");
    assert!(zh.contains("法定票数 4 大于哨兵总数 3"), "{zh}");
    without(&(en + &zh), &["check that the other sentinels run", "检查其他哨兵是否运行"]);
    let [en, _] = told(&[("s1.log", &logs[0])]);
    assert!(en.contains("the quorum 4 is higher than the number of sentinels, 3"), "{en}");
}

/// Alone, with a quorum of 1, a sentinel begins again and again and can never be elected; asked meanwhile it says INPROG.
#[test]
fn attempts_that_cannot_succeed_are_no_failover_under_way() {
    let attempt = |from: &str, epoch: u32| {
        format!(
            "00:{from}.000 +new-epoch {epoch}
             00:{from}.000 +try-failover master A
             00:{from}.010 +vote-for-leader ID1 {epoch}\n"
        )
    };
    let s1 = whole(
        1,
        &format!(
            "00:08.000 +sdown S2
             00:08.000 +sdown S3
             00:14.000 +sdown master A
             00:14.000 +odown master A #quorum 1/1
             {}00:23.000 -failover-abort-not-elected master A
             00:23.100 Next failover delay: I will not start a failover before Sun Nov 29 10:00:31 2026
             {}",
            attempt("14", 1),
            attempt("31", 2)
        ),
    )
    .replace("quorum 2\n", "quorum 1\n");
    let [en, zh] = told(&[("s1.log", &s1), ("s2.log", &whole(2, "")), ("s3.log", &whole(3, ""))]);
    in_order(
        &en,
        &[
            "NOBODY TOOK OVER.",
            "if it answers INPROG, an attempt of its own is not over: call it again until it is.",
            "At the end of the logs the master is still missed",
            "if it answers INPROG",
        ],
    );
    assert!(zh.contains("若回复 INPROG，说明它自己的一次尝试尚未结束"), "{zh}");
    // The wait that it told of is over.
    without(&(en + &zh), &["was under way", "正在进行", "Next failover delay"]);
}

/// redis-sentinel 7.0 removes the old id itself (+sentinel-invalid-addr), seen on real ones: three sentinels are three.
#[test]
fn a_sentinel_with_a_new_id_is_not_counted_twice() {
    let new = "4444444444444444444444444444444444444444";
    let at = "10.0.1.3 26379 @ m 10.0.0.1 6379";
    let lines = format!(
        "00:15.000 +sdown S3
         00:20.000 +sentinel-invalid-addr S3
         00:20.000 +sentinel sentinel {new} {at}
         00:30.000 +sdown RC
         00:31.000 -sdown RC"
    );
    let s3 = whole(3, "")
        + &again(3, 9, "00:30.000 +sdown RC\n00:31.000 -sdown RC", "00:18.000").replace(&"3".repeat(40), new);
    let [en, zh] = told(&[("s1.log", &whole(1, &lines)), ("s2.log", &whole(2, &lines)), ("s3.log", &s3)]);
    without(&(en + &zh), &["4 sentinels", "4 个哨兵", "one sentinel more or less", "to the end of the logs"]);
}

/// It is logged of a master that was held for down, too.
#[test]
fn a_restart_is_not_said_to_have_been_fast() {
    let event = |lang: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_watchkeeper"));
        let output = command.args(["explain", "--lang", lang, "+reboot"]).output().unwrap();
        String::from_utf8(output.stdout).unwrap().replace("\n  ", if lang == "en" { " " } else { "" })
    };
    assert!(event("en").contains("Without a +sdown before this, it was so fast"), "{}", event("en"));
    assert!(event("zh").contains("若在此之前没有 +sdown，则快到还没有被判定下线"), "{}", event("zh"));
}

/// Operators made another master on one sentinel, and it has heard since that sentinels made a third one the master: with the
/// advice of before the master that runs would follow its own replica.
#[test]
fn a_master_made_by_hand_that_was_replaced_since_is_not_made_the_master_again() {
    let pointed = "00:10.000 +sdown S2
        00:10.000 +sdown S3
        00:14.000 +sdown master A
        00:24.000 -monitor master A
        00:24.010 +monitor master B quorum 2\n";
    let of_b =
        |id: u32| format!("sentinel {} 10.0.1.{id} 26379 @ m 10.0.0.2 6379", id.to_string().repeat(40));
    let then = format!(
        "00:40.000 +{}
         00:40.010 +{}
         00:41.300 +new-epoch 1
         00:41.300 +config-update-from {}
         00:41.300 +switch-master B 10.0.0.3 6379\n",
        of_b(2),
        of_b(3),
        of_b(2)
    );
    let [en, zh] = told(&[("s1.log", &whole(1, &format!("{pointed}{then}")))]);
    in_order(
        &en,
        &[
            "operators pointed s1 at 10.0.0.2:6379",
            "Operators had pointed s1 at 10.0.0.2:6379; later 10.0.0.3:6379 became the master instead",
            "may be lost",
            "hint: a master made by hand stays only if all sentinels know it",
        ],
    );
    in_order(
        &zh,
        &["运维人员已让 s1 改为监视 10.0.0.2:6379", "可能丢失", "手工指定的主节点只有在所有哨兵都知道时"],
    );
    let gone = [
        "first do what is said here of",
        "follows 10.0.0.2:6379",
        "`replicaof`",
        "先按此处关于",
        "都跟随 10.0.0.2",
    ];
    without(&(en + &zh), &gone);
    // That it was replaced must be seen.
    let [en, _] = told(&[("s1.log", &whole(1, pointed))]);
    in_order(&en, &["see that every replica follows 10.0.0.2:6379", "first do what is said here of"]);
}

/// The attempt that failed took its time before somebody forced one.
#[test]
fn an_attempt_that_failed_before_a_forced_one_has_no_part_without_time() {
    let forced = "01:10.000 Executing user requested FAILOVER of 'm'
        01:10.000 +new-epoch 2
        01:10.000 +try-failover master A
        01:10.010 +vote-for-leader ID1 2
        01:10.030 +elected-leader master A
        01:10.100 +selected-slave RB
        01:11.100 +promoted-slave RB
        01:12.100 +failover-end master A
        01:12.100 +switch-master A 10.0.0.2 6379\n";
    let s1 = whole(1, &format!("00:45.000 +sdown master A\n{}{forced}", nobody_fit(1)));
    let others = [2, 3].map(|id| whole(id, &format!("00:45.010 +sdown master A\n{}", voted(1))));
    let [en, zh] = told(&[("s1.log", &s1), ("s2.log", &others[0]), ("s3.log", &others[1])]);
    in_order(&en, &["Where the time went", "operator: until somebody forced the failover", "election"]);
    without(&(en + &zh), &["attempts that failed, and the wait", "失败的尝试"]);
}
