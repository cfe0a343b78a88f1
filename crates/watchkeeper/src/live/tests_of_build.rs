//! What a picture is told as: [`build`](super).

use super::*;
use crate::ask::Failure;
use crate::live::{Refusal, Verdict, Waiting};

fn fields(text: &str) -> Fields {
    Fields::info(&text.replace(' ', "\r\n"))
}

fn sentinel(port: u16, info: &str, master: &str, peers: &[u16]) -> SentinelAnswer {
    let peer = |port: &u16| {
        fields(&format!(
            "ip:h port:{port} runid:id{port} flags:sentinel voted-leader:id1 voted-leader-epoch:7"
        ))
    };
    let group = GroupAnswer {
        name: "m".to_owned(),
        master: fields(&format!(
            "name:m quorum:2 down-after-milliseconds:1000 failover-timeout:9000 {master}"
        )),
        replicas: vec![fields("ip:h port:12 flags:slave runid:b slave-priority:0")],
        sentinels: peers.iter().map(peer).collect(),
        quorum_check: Ok("OK".to_owned()),
    };
    let says = SentinelSays {
        id: format!("id{port}"),
        info: fields(&format!("redis_version:7.0.15 {info}")),
        config: Fields::default(),
        rtt_us: 0,
        groups: vec![group],
        masters: Vec::new(),
    };
    SentinelAnswer { at: Endpoint::new("h", port), also_at: Vec::new(), named: port == 1, says: Ok(says) }
}

fn server(port: u16, info: Result<&str, Failure>) -> ServerAnswer {
    let says = info.map(|info| (fields(info), 0));
    ServerAnswer { at: Endpoint::new("h", port), group: "m".to_owned(), says }
}

fn seen(sentinels: Vec<SentinelAnswer>, servers: Vec<ServerAnswer>) -> GroupStatus {
    let mut status = Status::of(&Picture { unix_ms: 0, sentinels, servers });
    assert_eq!((status.verdict(), status.groups.len()), (Verdict::Wrong, 1));
    status.groups.remove(0)
}

fn silent() -> Failure {
    Failure::Silent(5)
}

#[test]
fn the_newest_configuration_counts_and_who_disagrees_is_named() {
    let group = seen(
        vec![
            sentinel(1, "", "ip:h port:11 flags:master config-epoch:4", &[2, 3]),
            sentinel(2, "sentinel_tilt:1", "ip:h port:12 flags:master config-epoch:5", &[1, 3]),
            SentinelAnswer {
                at: Endpoint::new("h", 3),
                also_at: Vec::new(),
                named: false,
                says: Err(silent()),
            },
        ],
        vec![server(11, Ok("role:master")), server(12, Ok("role:master master_repl_offset:90"))],
    );
    assert_eq!((group.master.port, group.config_epoch, group.voters), (12, 5, 3));
    assert_eq!(group.writable, Writable::Yes);
    let at = |port| Endpoint::new("h", port);
    assert_eq!(
        group.problems,
        [
            Problem::OldMaster(at(11)),
            Problem::NotYetTold(1),
            Problem::SentinelTilt(at(2)),
            Problem::SentinelSilent(at(3)),
            Problem::NoCandidate
        ]
    );
    assert_eq!(group.candidates[0].refusal, Some(Refusal::PriorityZero));
    assert_eq!(group.sentinels[2].state, SentinelState::Silent(silent(), Doubt::OthersHearIt));
    let vote = Vote { leader: "id1".to_owned(), epoch: 7 };
    assert_eq!(group.sentinels[2].vote, Some(vote));
}

#[test]
fn during_a_switch_old_flags_do_not_count_and_who_leads_is_not_behind() {
    let leads = "flags:master,s_down,o_down,failover_in_progress failover-state:reconf_slaves config-epoch:5";
    let group = seen(
        vec![
            sentinel(1, "", &format!("ip:h port:11 {leads}"), &[2, 3]),
            sentinel(2, "", "ip:h port:12 flags:master config-epoch:5", &[1, 3]),
            sentinel(3, "", "ip:h port:11 flags:master,s_down,o_down config-epoch:4", &[1, 2]),
        ],
        vec![server(11, Ok("role:master")), server(12, Ok("role:master"))],
    );
    assert_eq!((group.master.port, group.holding_down()), (12, 0));
    let told: Vec<&Problem> = group.problems.iter().filter(|it| **it != Problem::NoCandidate).collect();
    let old = Problem::OldMaster(Endpoint::new("h", 11));
    assert_eq!(told, [&Problem::FailoverRuns, &old, &Problem::NotYetTold(1)]);
    let text: Vec<String> =
        group.screen(watchkeeper_core::Lang::En).iter().map(|line| line.print(false)).collect();
    let text = text.join("\n");
    assert!(text.contains("1 sentinel is not yet told of the switch to h:12"), "{text}");
    assert!(text.contains("does the failover") && text.contains("still h:11, epoch 4"), "{text}");
}

#[test]
fn a_failover_that_runs_is_shown_with_its_phase_and_is_no_waiting() {
    let down = "ip:h port:11 flags:s_down,o_down,master,failover_in_progress failover-state:wait_promotion";
    let servers = vec![server(11, Err(silent())), server(12, Ok("role:slave master_host:h master_port:11"))];
    let group = seen(vec![sentinel(1, "", down, &[2])], servers);
    let now = FailoverNow { phase: "wait_promotion".to_owned(), by: Endpoint::new("h", 1) };
    assert_eq!((group.failover, group.waiting, group.writable), (Some(now), Vec::new(), Writable::No));
    assert_eq!(group.servers[1].state, ServerState::LinkDown(None));
}

#[test]
fn a_replica_in_full_sync_is_not_named_as_next_without_saying_so() {
    let mut said = sentinel(1, "", "ip:h port:11 flags:master", &[]);
    let listed = |port: u16, priority: u8, more: &str| {
        fields(&format!("ip:h port:{port} flags:slave runid:{port} slave-priority:{priority} {more}"))
    };
    said.says.as_mut().unwrap().groups[0].replicas = vec![
        listed(12, 10, "slave-repl-offset:70 info-refresh:9000"),
        listed(13, 100, "slave-repl-offset:80"),
        listed(14, 10, "master-link-status:err master-link-down-time:-1000"),
    ];
    let replica = "role:slave master_host:h master_port:11";
    let syncing = format!("{replica} master_link_status:down master_sync_in_progress:1");
    let in_step = format!("{replica} master_link_status:up slave_repl_offset:90");
    let looked = |master| {
        let others = [(12, Ok(syncing.as_str())), (13, Ok(in_step.as_str())), (14, Err(silent()))];
        let all = [(11, master)].into_iter().chain(others);
        seen(vec![said.clone()], all.map(|(port, info)| server(port, info)).collect())
    };
    let group = looked(Ok("role:master master_repl_offset:90"));
    let at = |port| Endpoint::new("h", port);
    let both = [(&at(12), Lacking::FullSync), (&at(14), Lacking::NoLinkYet)];
    assert_eq!(group.unready(), both);
    let line = group.master_line(watchkeeper_core::Lang::En).print(false);
    assert!(line.ends_with("; next: h:12 (in full sync, without the data yet)"), "{line}");
    assert_eq!(group.foreign(), (1, 1));
    // Without a master nobody has a link: that says nothing of the data, but nobody says that there is any.
    assert_eq!(looked(Err(silent())).unready(), both);
}

/// A group of a master and a replica as they answer, with sentinels of this version.
fn with_data(version: &str, flags: &str, master: Result<&str, Failure>, replica: &str) -> GroupStatus {
    let mut said = sentinel(1, "", &format!("ip:h port:11 flags:{flags}"), &[]);
    let says = said.says.as_mut().unwrap();
    says.info = fields(version);
    says.groups[0].replicas =
        vec![fields("ip:h port:12 flags:slave runid:b slave-priority:100 master-link-status:ok")];
    let info = |text: &str| (Fields::info(&text.replace("KEYSPACE", "# Keyspace").replace("; ", "\r\n")), 0);
    let answer = |port, says| ServerAnswer { at: Endpoint::new("h", port), group: "m".into(), says };
    let servers = vec![answer(11, master.map(info)), answer(12, Ok(info(replica)))];
    let mut status = Status::of(&Picture { unix_ms: 0, sentinels: vec![said], servers });
    status.groups.remove(0)
}

#[test]
fn of_a_chain_without_a_master_the_first_is_next_not_who_still_follows_it() {
    let mut said = sentinel(1, "", "ip:h port:11 flags:master,s_down,o_down", &[]);
    let says = said.says.as_mut().unwrap();
    says.info = fields("watchkeeper_version:0.1.0");
    let listed = |port: u16, of: u16| {
        fields(&format!(
            "ip:h port:{port} flags:slave runid:{} slave-priority:100 slave-repl-offset:90 master-host:h master-port:{of}",
            99 - port
        ))
    };
    says.groups[0].replicas = vec![listed(12, 11), listed(13, 12)];
    let replica = |of: u16, link: &str| {
        format!("role:slave master_host:h master_port:{of} master_link_status:{link} slave_repl_offset:90")
    };
    let (first, second) =
        (replica(11, "down master_link_down_since_seconds:8 master_sync_in_progress:0"), replica(12, "up"));
    let all = [(11, Err(silent())), (12, Ok(first.as_str())), (13, Ok(second.as_str()))];
    let group = seen(vec![said], all.map(|(port, info)| server(port, info)).to_vec());
    assert_eq!(group.heir().map(|it| it.at.port), Some(12), "{:?}", group.candidates);
}

#[test]
fn an_empty_replica_that_never_had_a_link_is_not_promoted_when_the_master_is_gone() {
    let unlinked = "role:slave; master_host:h; master_port:11; master_link_status:down; \
                    master_link_down_since_seconds:-1; master_sync_in_progress:0";
    let (empty, full) =
        (format!("{unlinked}; KEYSPACE"), format!("{unlinked}; KEYSPACE; db0:keys=7,expires=0"));
    let syncing = empty.replace("in_progress:0", "in_progress:1");
    let loading = format!("loading:1; {full}");
    let (redis, ours) = ("redis_version:7.0.15", "watchkeeper_version:0.1.0");
    let (up, bare) = ("role:master; KEYSPACE; db0:keys=7,expires=0", "role:master; KEYSPACE");
    let gone = || Err(silent());
    // Files were put into the place of a master that had nothing, and it reads them.
    let reads = "loading:1; role:master; KEYSPACE; db0:keys=3,expires=0";
    let had = empty.replace("seconds:-1", "seconds:8");
    let had_some = full.replace("seconds:-1", "seconds:8");
    use super::super::choice::Refusal as R;
    for (flags, master, replica, lacks, refusal) in [
        ("master", gone(), empty.as_str(), Some(Lacking::NoData), Some(R::NoData)),
        ("master,s_down", gone(), &empty, Some(Lacking::NoData), Some(R::NoData)),
        ("master,s_down", gone(), &full, None, None),
        ("master", Ok(up), &empty, Some(Lacking::NoData), Some(R::NoData)),
        ("master", Ok(up), &full, Some(Lacking::NoLinkYet), Some(R::NotInStep)),
        ("master", Ok(bare), &empty, Some(Lacking::NoLinkYet), Some(R::NotInStep)),
        ("master", Ok(up), &syncing, Some(Lacking::FullSync), Some(R::NoData)),
        ("master", Ok(up), &loading, Some(Lacking::Loading), Some(R::Loading)),
        ("master", Ok(reads), &had, Some(Lacking::NoData), Some(R::NotInStep)),
        ("master", Ok(up), &had, None, Some(R::NotInStep)),
        ("master,s_down last-ok-ping-reply:6900", gone(), &had, Some(Lacking::Emptied), Some(R::Emptied)),
        ("master,s_down last-ok-ping-reply:7000", gone(), &had, None, None),
        ("master,s_down last-ok-ping-reply:6900", gone(), &had_some, None, None),
        ("master", Ok(reads), &had_some, None, None),
        ("master", gone(), &had, None, Some(R::NotInStep)),
        // What is not told is not held for data.
        ("master,s_down", gone(), unlinked, Some(Lacking::NoLinkYet), None),
        ("master,s_down", gone(), bare, Some(Lacking::NoData), None),
    ] {
        let group = with_data(redis, flags, master.clone(), replica);
        let at = Endpoint::new("h", 12);
        let unready: Vec<_> = lacks.iter().map(|why| (&at, *why)).collect();
        assert_eq!((group.unready(), group.candidates[0].refusal), (unready, None), "{replica}");
        let group = with_data(ours, flags, master, replica);
        let candidate = &group.candidates[0];
        assert_eq!((candidate.lacks, candidate.refusal), (lacks, refusal), "{replica}");
    }
}

fn texts(group: &GroupStatus) -> String {
    let lines = group.screen(watchkeeper_core::Lang::En);
    let lines: Vec<String> = lines.iter().map(|line| line.print(false).trim().to_owned()).collect();
    lines.join(" ")
}

#[test]
fn sentinels_that_are_let_in_nowhere_are_counted_and_the_password_is_named() {
    let alone = |port| {
        let mut said = sentinel(port, "", "ip:h port:11 flags:s_down,master last-ok-ping-reply:9000", &[]);
        let group = &mut said.says.as_mut().unwrap().groups[0];
        group.replicas.clear();
        group.quorum_check = Err("NOQUORUM 1 usable Sentinels.".to_owned());
        said
    };
    let sentinels = || [1, 2, 3].map(alone).to_vec();
    let replica = "role:slave master_host:h master_port:11 master_link_status:up";
    let group = seen(sentinels(), vec![server(11, Ok("role:master")), server(12, Ok(replica))]);
    assert_eq!((group.voters, group.holding_down()), (3, 3));
    assert_eq!(
        group.problems,
        [Problem::HeldForDown(3), Problem::Strangers(3), Problem::NoCandidate],
        "three are enough, if only they knew each other"
    );
    let text = texts(&group);
    for words in [
        "held for down by 3 of 3 sentinels, quorum 2",
        "; quorum 2 of 3",
        "it answers this host: sentinels that miss it may lack its password (`sentinel auth-pass`)",
        "id1 knows 0 of 2 others",
        "the sentinels know no replica to promote; replicas that are there: 1",
    ] {
        assert!(text.contains(words), "`{words}` is missing in {text}");
    }
    let refused = Failure::Refused("NOAUTH Authentication required.".to_owned());
    let text = texts(&seen(sentinels(), vec![server(11, Err(refused))]));
    let words =
        "it wants a login (`NOAUTH Authentication required.`): a sentinel without its password gets no";
    assert!(text.contains(words) && text.contains("`SENTINEL SET m auth-pass PASSWORD`"), "{text}");
}

#[test]
fn who_does_not_hear_others_that_answer_is_counted_and_they_are_not_said_to_be_too_few() {
    let three = |deaf: usize| {
        let peers: [&[u16]; 3] = [&[2, 3], &[1, 3], &[1, 2]];
        let mut all = Vec::new();
        for (port, peers) in (1..).zip(peers) {
            let mut said = sentinel(port, "", "ip:h port:11 flags:master", peers);
            if usize::from(port) <= deaf {
                let check = Err("NOQUORUM 1 usable Sentinels.".to_owned());
                said.says.as_mut().unwrap().groups[0].quorum_check = check;
            }
            all.push(said);
        }
        seen(all, vec![server(11, Ok("role:master"))])
    };
    for deaf in [1, 3] {
        let group = three(deaf);
        assert_eq!(group.problems[0], Problem::SeeTooFew(deaf), "{:?}", group.problems);
        assert!(!group.problems.contains(&Problem::NoMajority), "{:?}", group.problems);
    }
    assert!(!three(0).problems.contains(&Problem::SeeTooFew(0)));
}

#[test]
fn a_quorum_that_one_sentinel_can_never_reach_is_told_as_that() {
    let two = |quorum: u16, usable: u16| {
        let mut first = sentinel(1, "", &format!("ip:h port:11 flags:master quorum:{quorum}"), &[2]);
        let check = Err(format!("NOQUORUM {usable} usable Sentinels."));
        first.says.as_mut().unwrap().groups[0].quorum_check = check;
        let second = sentinel(2, "", "ip:h port:11 flags:master quorum:2", &[1]);
        seen(vec![first, second], vec![server(11, Ok("role:master"))])
    };
    assert_eq!(two(6, 2).problems[0], Problem::QuorumTooHigh(1));
    assert!(
        texts(&two(6, 2)).contains("the quorum of 1 of 2 sentinels can't be reached"),
        "{}",
        texts(&two(6, 2))
    );
    assert_eq!(two(2, 1).problems[0], Problem::SeeTooFew(1));
}

#[test]
fn that_too_few_are_left_is_told_before_who_is_gone() {
    let mut alone = sentinel(1, "", "ip:h port:11 flags:master", &[2, 3]);
    alone.says.as_mut().unwrap().groups[0].quorum_check = Err("NOQUORUM 1 usable Sentinels.".to_owned());
    let gone = |port| SentinelAnswer {
        at: Endpoint::new("h", port),
        also_at: Vec::new(),
        named: false,
        says: Err(silent()),
    };
    let group = seen(vec![alone, gone(2), gone(3)], vec![server(11, Ok("role:master"))]);
    assert_eq!(group.problems[0], Problem::NoMajority);
    assert_eq!(group.problems[1], Problem::SentinelSilent(Endpoint::new("h", 2)));
}

#[test]
fn a_master_that_loads_is_not_said_to_be_missed_soon_and_nobody_is_measured_by_it() {
    let replica = "role:slave master_host:h master_port:11 master_link_status:down master_link_down_since_seconds:6 slave_repl_offset:900";
    let loading = "role:master loading:1 master_repl_offset:0";
    let mut said = sentinel(1, "", "ip:h port:11 flags:master", &[]);
    // Nobody has what could be kept.
    let alone = seen(vec![said.clone()], vec![server(11, Ok(loading))]);
    assert_eq!(alone.waiting[0], Waiting::Loading(None));
    assert!(!texts(&alone).contains("watchkeeper failover"), "{}", texts(&alone));
    said.says.as_mut().unwrap().groups[0].replicas =
        vec![fields("ip:h port:12 flags:slave runid:b slave-priority:100")];
    let group = seen(vec![said.clone()], vec![server(11, Ok(loading)), server(12, Ok(replica))]);
    assert_eq!(group.servers[1].lag_bytes, None);
    assert_eq!(group.waiting[0], Waiting::Loading(Some("m".to_owned())));
    let text = texts(&group);
    assert!(
        text.contains("no failover comes by itself") && text.contains("`watchkeeper failover m`"),
        "{text}"
    );
    assert!(!text.contains("no sentinel misses it"), "{text}");
    // One that began anew counts anew, too; offsets of a switch before are of the same history.
    let lag = |source: &str| {
        let of = |id: &str| format!("role:master master_repl_offset:950 {id}");
        let own = format!("{replica} master_replid:a");
        let group = seen(
            vec![sentinel(1, "", "ip:h port:11 flags:master", &[])],
            vec![server(11, Ok(&of(source))), server(12, Ok(&own))],
        );
        group.servers[1].lag_bytes
    };
    let found = ["master_replid:a", "master_replid:b", "master_replid:b master_replid2:a", ""].map(lag);
    assert_eq!(found, [Some(50), None, Some(50), Some(50)]);
}

#[test]
fn a_replica_of_another_server_is_neither_in_step_nor_ready() {
    let mut said = sentinel(1, "", "ip:h port:11 flags:master", &[]);
    said.says.as_mut().unwrap().groups[0].replicas =
        vec![fields("ip:h port:12 flags:slave runid:b slave-priority:100 master-link-status:ok")];
    let looked = |host: &str, id: &str| {
        let own =
            format!("role:slave master_host:{host} master_port:99 master_link_status:up master_replid:{id}");
        let servers = vec![server(11, Ok("role:master master_replid:a")), server(12, Ok(&own))];
        let mut status = Status::of(&Picture { unix_ms: 0, sentinels: vec![said.clone()], servers });
        status.groups.remove(0)
    };
    let at = Endpoint::new("h", 12);
    let group = looked("elsewhere", "b");
    assert_eq!(group.servers[1].state, ServerState::Astray);
    assert!(group.problems.contains(&Problem::ReplicaBehind(at.clone())), "{:?}", group.problems);
    assert_eq!(group.unready(), [(&at, Lacking::OtherData)]);
    assert!(texts(&group).contains("follows a server that is not known in this group"), "{}", texts(&group));
    // The master itself may have another address there.
    assert_eq!(looked("elsewhere", "a").servers[1].state, ServerState::InStep);
}

#[test]
fn an_old_master_that_loads_is_no_replica_and_no_second_master_yet() {
    let servers = vec![server(11, Ok("role:master")), server(12, Ok("role:master loading:1"))];
    let text = texts(&seen(vec![sentinel(1, "", "ip:h port:11 flags:master", &[])], servers));
    assert!(text.contains("h:12 is loading its data and will be a second master when it is done"), "{text}");
    assert!(!text.contains("the replica h:12") && !text.contains("is a second master:"), "{text}");
}

#[test]
fn a_master_that_wants_more_replicas_takes_no_writes() {
    let looked = |master: &str, wanted: Option<&str>| {
        let info = fields(master);
        let info = wanted.into_iter().fold(info, |info, it| info.with(Fields::MIN_REPLICAS, it.to_owned()));
        let answer = ServerAnswer { at: Endpoint::new("h", 11), group: "m".into(), says: Ok((info, 0)) };
        seen(vec![sentinel(1, "", "ip:h port:11 flags:master", &[])], vec![answer])
    };
    for (good, wanted, writable) in [
        ("min_slaves_good_slaves:0", None, Writable::Refused),
        ("min_slaves_good_slaves:1", None, Writable::Unknown),
        ("min_slaves_good_slaves:1", Some("2"), Writable::Refused),
        ("min_slaves_good_slaves:2", Some("2"), Writable::Yes),
        ("", None, Writable::Yes),
    ] {
        let group = looked(&format!("role:master {good}"), wanted);
        let refused = writable == Writable::Refused;
        assert_eq!(group.writable, writable, "{good} {wanted:?}");
        assert_eq!(group.problems.contains(&Problem::WritesRefused), refused);
        assert_eq!(texts(&group).contains("NOT WRITABLE; h:11 refuses writes: too few"), refused);
        assert!(group.waiting.is_empty() && group.problems.len() > usize::from(refused));
    }
}

#[test]
fn who_knows_replicas_is_believed_before_who_is_let_in_nowhere() {
    let knows = |port, peers: &[u16]| sentinel(port, "", "ip:h port:11 flags:master", peers);
    let mut refused = sentinel(3, "", "ip:h port:11 flags:s_down,master last-ok-ping-reply:9000", &[]);
    refused.says.as_mut().unwrap().groups[0].replicas.clear();
    let replica = "role:slave master_host:h master_port:11 master_link_status:up";
    let servers = vec![server(11, Ok("role:master")), server(12, Ok(replica))];
    let text = texts(&seen(vec![knows(1, &[2]), knows(2, &[1]), refused], servers));
    assert!(!text.contains("the sentinels know no replica"), "{text}");
    assert!(
        text.contains("only 1 other sentinel ") && text.contains("do not know all the others, and each"),
        "{text}"
    );
}

#[test]
fn servers_are_drawn_below_their_source_by_whatever_name() {
    let info = "role:master master_repl_offset:90 slave0:ip=h,port=12,state=online,offset=70,lag=3";
    let below = "role:slave master_host:other-name master_port:11 master_link_status:up slave_repl_offset:70 \
                 slave0:ip=h,port=13,state=online,offset=1,lag=0";
    let group = seen(
        vec![sentinel(1, "", "ip:h port:11 flags:master", &[])],
        vec![server(11, Ok(info)), server(12, Ok(below)), server(13, Err(silent()))],
    );
    let drawn: Vec<String> =
        group.servers.iter().map(|server| format!("{}{}", server.branch, server.at.port)).collect();
    assert_eq!(drawn, ["11", "└─ 12", "   └─ 13"]);
    assert_eq!((group.servers[1].lag_bytes, group.servers[1].lag_s), (Some(20), Some(3)));
}

#[test]
fn of_an_empty_master_s_replicas_those_are_next_that_have_not_copied_that_yet() {
    let mut said = sentinel(1, "", "ip:h port:11 flags:master", &[]);
    let listed = |port: u16| fields(&format!("ip:h port:{port} flags:slave runid:{port} slave-priority:100"));
    said.says.as_mut().unwrap().groups[0].replicas = vec![listed(12), listed(13)];
    let kept = "role:slave master_host:h master_port:11 master_link_status:down master_link_down_since_seconds:2 \
                master_replid:a slave_repl_offset:70 KEYSPACE db0:keys=3,expires=0";
    let copied = "role:slave master_host:h master_port:11 master_link_status:up master_replid:b \
                  slave_repl_offset:90 KEYSPACE";
    let looked = |second: &str, third: &str| {
        let info =
            |text: &str| (Fields::info(&text.replace(' ', "\r\n").replace("KEYSPACE", "# Keyspace")), 0);
        let all = [(11, "role:master master_replid:b KEYSPACE"), (12, second), (13, third)];
        let answer = |(port, text): (u16, &str)| ServerAnswer {
            at: Endpoint::new("h", port),
            group: "m".into(),
            says: Ok(info(text)),
        };
        seen(vec![said.clone()], all.into_iter().map(answer).collect())
    };
    let at = |port| Endpoint::new("h", port);
    for kept in [kept.to_owned(), format!("{kept} master_sync_in_progress:1")] {
        let group = looked(&kept, &kept);
        assert_eq!(group.problems[0], Problem::MasterEmpty(vec![at(12), at(13)]));
        assert_eq!(group.unready(), []);
        let group = looked(copied, &kept);
        assert_eq!((group.keeping(), group.unready()), (&[at(13)][..], vec![(&at(12), Lacking::NoData)]));
        assert_eq!(group.heir().map(|it| it.at.port), Some(13));
    }
}

#[test]
fn a_sentinel_that_the_master_refuses_does_not_speak_for_those_that_see_it() {
    let listed = |flags: &str| fields(&format!("ip:h port:12 flags:{flags} runid:b slave-priority:100"));
    let refused = "ip:h port:11 flags:s_down,master,disconnected last-ping-reply:300 last-ok-ping-reply:9000";
    let mut sentinels = vec![
        sentinel(1, "", "ip:h port:11 flags:master last-ok-ping-reply:300 last-ping-reply:300", &[2, 3]),
        sentinel(2, "", "ip:h port:11 flags:master last-ok-ping-reply:300 last-ping-reply:300", &[1, 3]),
        sentinel(3, "", refused, &[1, 2]),
    ];
    for (one, flags) in sentinels.iter_mut().zip(["slave", "slave", "s_down,slave,disconnected"]) {
        one.says.as_mut().unwrap().groups[0].replicas = vec![listed(flags)];
    }
    let replica = "role:slave master_host:h master_port:11 master_link_status:up";
    let login = || Err(Failure::Refused("NOAUTH Authentication required.".to_owned()));
    for (master, replica) in [(Ok("role:master"), Ok(replica)), (login(), login())] {
        let group = seen(sentinels.clone(), vec![server(11, master), server(12, replica)]);
        assert_eq!(group.heir().map(|heir| heir.at.port), Some(12), "{:?}", group.candidates);
        assert!(!group.problems.contains(&Problem::NoCandidate), "{:?}", group.problems);
        let alone: Vec<bool> = group.sentinels.iter().map(|it| group.misses_alone(it)).collect();
        assert_eq!(alone, [false, false, true]);
    }
}

#[test]
fn a_sentinel_in_the_place_of_a_server_is_told_as_that_and_is_no_master() {
    let sentinels = vec![
        sentinel(1, "", "ip:h port:11 flags:master config-epoch:0", &[2]),
        sentinel(2, "", "ip:h port:2 flags:master config-epoch:0", &[1]),
    ];
    let servers = vec![server(2, Err(Failure::no_server())), server(11, Ok("role:master"))];
    let group = seen(sentinels.clone(), servers.clone());
    assert_eq!(group.master.port, 11);
    assert!(
        group.problems.contains(&Problem::SentinelWatched(Endpoint::new("h", 2))),
        "{:?}",
        group.problems
    );
    assert_eq!(group.servers[1].role, Role::Unknown);
    // Listed only, it is to be forgotten.
    let mut listed = seen(sentinels[..1].to_vec(), servers.clone());
    listed.reach = " --sentinel h:1".to_owned();
    let text: Vec<String> =
        listed.screen(watchkeeper_core::Lang::En).iter().map(|line| line.print(false)).collect();
    let text = text.join("\n");
    assert!(
        text.contains("when the master is up, `SENTINEL RESET m` on each sentinel that lists it"),
        "{text}"
    );
    assert!(text.contains("(`watchkeeper doctor --sentinel h:1` says which)"), "{text}");
    // Where there is nothing else, nothing is said of a role, and nothing is waited for.
    let alone = seen(vec![sentinel(1, "", "ip:h port:2 flags:master", &[])], servers);
    assert_eq!((alone.master.port, alone.writable.clone(), alone.waiting.len()), (2, Writable::No, 0));
    for (lang, said, wrong) in [
        (watchkeeper_core::Lang::En, "h:2 is watched as the master, and is a sentinel", "is a replica"),
        (watchkeeper_core::Lang::Zh, "h:2 被当作主节点监视，但它是哨兵", "实际是副本"),
    ] {
        let text: Vec<String> = alone.screen(lang).iter().map(|line| line.print(false)).collect();
        let text = text.join("\n");
        assert!(text.contains(said) && !text.contains(wrong), "{text}");
    }
}

#[test]
fn the_master_of_what_most_sentinels_name_is_the_master_if_others_name_it() {
    let sentinels = vec![
        sentinel(1, "", "ip:h port:11 flags:master config-epoch:0", &[2, 3]),
        sentinel(2, "", "ip:h port:12 flags:master config-epoch:0", &[1, 3]),
        sentinel(3, "", "ip:h port:12 flags:master,s_down config-epoch:0", &[1, 2]),
    ];
    let replica = "role:slave master_host:h master_port:11 master_link_status:up";
    let servers = |master: &str| vec![server(11, Ok(master)), server(12, Ok(replica))];
    let group = seen(sentinels.clone(), servers("role:master"));
    assert_eq!((group.master.port, &group.writable, group.holding_down()), (11, &Writable::Yes, 0));
    assert_eq!(group.problems, [Problem::Disagreement(2), Problem::NoCandidate]);
    // Where that one is no master either, the greater number counts.
    let group = seen(sentinels, servers("role:slave master_host:x master_port:1"));
    assert_eq!((group.master.port, group.writable), (12, Writable::No));
}

#[test]
fn different_quorums_are_a_problem_and_none_of_them_is_said_to_be_that_of_the_group() {
    let master = "ip:h port:11 flags:master";
    let mut sentinels = vec![
        sentinel(1, "", master, &[2, 3]),
        sentinel(2, "", master, &[1, 3]),
        sentinel(3, "", master, &[1, 2]),
    ];
    let odd = &mut sentinels[2].says.as_mut().unwrap().groups[0];
    odd.master = fields("name:m quorum:1 ip:h port:11 flags:master");
    let group = seen(sentinels, vec![server(11, Ok("role:master"))]);
    assert!(group.problems.contains(&Problem::QuorumsDiffer), "{:?}", group.problems);
    for (lang, said, line) in [
        (
            watchkeeper_core::Lang::En,
            "the sentinels have different quorums: 1, 2 and 2",
            "quorum 1 to 2 of 3",
        ),
        (watchkeeper_core::Lang::Zh, "各哨兵的法定票数不同：1、2", "法定票数 1~2/3"),
    ] {
        let text: Vec<String> = group.screen(lang).iter().map(|line| line.print(false)).collect();
        let text = text.join("\n");
        assert!(text.contains(said) && text.contains(line), "{text}");
    }
}

#[test]
fn a_server_with_two_names_is_one_server() {
    let mut said = sentinel(1, "", "ip:h port:11 flags:master", &[]);
    said.says.as_mut().unwrap().groups[0].replicas =
        vec![fields("ip:h port:12 flags:slave slave-priority:100")];
    let named = |host: &str, port: u16, info: &str| ServerAnswer {
        at: Endpoint::new(host, port),
        group: "m".to_owned(),
        says: Ok((fields(info), 0)),
    };
    let replica = "role:slave run_id:b master_host:a master_port:11 master_link_status:up";
    let servers = vec![
        named("a", 11, "role:master run_id:a"),
        named("a", 12, replica),
        named("h", 11, "role:master run_id:a"),
        named("h", 12, replica),
    ];
    let mut status = Status::of(&Picture { unix_ms: 0, sentinels: vec![said], servers });
    let group = status.groups.remove(0);
    let shown: Vec<(String, usize)> =
        group.servers.iter().map(|server| (server.at.to_string(), server.depth)).collect();
    assert_eq!(shown, [("h:11".to_owned(), 0), ("h:12".to_owned(), 1)]);
    assert_eq!(group.problems, [], "{:?}", group.problems);
    assert!(group.follows_master(&Endpoint::new("h", 12)));
}
