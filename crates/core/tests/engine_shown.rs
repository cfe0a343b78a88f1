//! What clients are shown of servers and peers. They read these maps by position.

mod bench;

use bench::fake::Mode;
use bench::{Bench, MASTER, R2, R3, Setup, texts};
use watchkeeper_resp::Frame;

fn keys(map: &Frame) -> Vec<String> {
    texts(map).into_iter().step_by(2).collect()
}

fn maps(bench: &mut Bench, list: &str) -> Vec<Frame> {
    let Frame::Array(maps) = bench.command(&["SENTINEL", list, "mm"]) else { panic!("no array") };
    maps
}

const HEAD: &str = "name ip port runid flags link-pending-commands link-refcount";
const PINGS: &str = "last-ping-sent last-ok-ping-reply last-ping-reply";

fn words(texts: &[&str]) -> Vec<String> {
    texts.join(" ").split_whitespace().map(str::to_owned).collect()
}

#[test]
fn the_fields_of_a_healthy_group_in_order() {
    let mut bench = Setup::three(1).settled();
    let role = "role-reported role-reported-time";
    let master = bench.command(&["SENTINEL", "MASTER", "mm"]);
    let of_master = "config-epoch num-slaves num-other-sentinels quorum failover-timeout parallel-syncs";
    let expected = words(&[HEAD, PINGS, "down-after-milliseconds info-refresh", role, of_master]);
    assert_eq!(keys(&master), expected);
    assert_eq!(texts(&master)[32..34], ["num-other-sentinels", "2"]);
    let replica = &maps(&mut bench, "REPLICAS")[0];
    let of_replica = "master-link-down-time master-link-status master-host master-port slave-priority \
                      slave-repl-offset replica-announced";
    let expected = words(&[HEAD, PINGS, "down-after-milliseconds info-refresh", role, of_replica]);
    assert_eq!(keys(replica), expected);
    let peer = &maps(&mut bench, "SENTINELS")[0];
    let of_peer = "last-hello-message voted-leader voted-leader-epoch";
    assert_eq!(keys(peer), words(&[HEAD, PINGS, "down-after-milliseconds", of_peer]));
    assert_eq!(Bench::field(peer, "voted-leader").unwrap(), "?");
    assert_eq!(Bench::field(peer, "name"), Bench::field(peer, "runid"));
}

#[test]
fn fields_that_come_and_go() {
    let mut setup = Setup::three(1);
    setup.group().notification_script = Some("/bin/n".into());
    setup.group().client_reconfig_script = Some("/bin/c".into());
    let mut bench = setup.settled();
    bench.set(R2, |replica| replica.obeys = false);
    bench.crash(MASTER);
    bench.until("+failover-state-wait-promotion", 5_000);
    bench.run(500);
    let master = bench.command(&["SENTINEL", "MASTER", "mm"]);
    let expected = words(&[
        HEAD,
        "failover-state",
        PINGS,
        "s-down-time o-down-time down-after-milliseconds info-refresh role-reported role-reported-time",
        "config-epoch num-slaves num-other-sentinels quorum failover-timeout parallel-syncs",
        "notification-script client-reconfig-script",
    ]);
    assert_eq!(keys(&master), expected);
    assert_eq!(Bench::field(&master, "failover-state").unwrap(), "wait_promotion");
    assert_eq!(
        Bench::field(&master, "flags").unwrap(),
        "s_down,o_down,master,disconnected,failover_in_progress"
    );
    assert_eq!(bench.replica_field(R2, "flags").unwrap(), "slave,promoted");
    let peer = &maps(&mut bench, "SENTINELS")[0];
    assert_eq!(Bench::field(peer, "flags").unwrap(), "sentinel,master_down");
    assert_eq!(Bench::field(peer, "voted-leader").unwrap(), bench::ME);
    assert_eq!(Bench::field(peer, "voted-leader-epoch").unwrap(), "1");
}

#[test]
fn a_replica_before_and_after_its_first_report() {
    let mut setup = Setup::alone(0);
    setup.group().replicas.push(("10.0.0.9".into(), 6379));
    let mut bench = setup.settled();
    bench.run(500); // between two attempts to connect
    let name = "10.0.0.9:6379";
    let field = |bench: &mut Bench, field: &str| bench.replica_field(name, field).unwrap();
    assert_eq!(field(&mut bench, "flags"), "s_down,slave,disconnected");
    assert_eq!(
        (field(&mut bench, "master-host"), field(&mut bench, "master-port")),
        ("?".into(), "0".into())
    );
    assert_eq!((field(&mut bench, "runid"), field(&mut bench, "info-refresh")), (String::new(), "0".into()));
    assert_eq!(field(&mut bench, "master-link-status"), "err");
    assert_eq!(field(&mut bench, "slave-priority"), "100");

    let mut bench = Setup::alone(1).settled();
    assert_eq!(bench.replica_field(R2, "master-host").unwrap(), "10.0.0.1");
    assert_eq!(bench.replica_field(R2, "master-link-status").unwrap(), "ok");
    assert_eq!(bench.replica_field(R2, "slave-repl-offset").unwrap(), "1000");
    assert_eq!(bench.replica_field(R2, "last-ping-sent").unwrap(), "0");
    bench.set(R2, |replica| replica.mode = Mode::Hung);
    bench.run(1_900);
    assert_ne!(bench.replica_field(R2, "last-ping-sent").unwrap(), "0");
}

#[test]
fn info_cache_has_age_and_text_of_every_server() {
    let mut bench = Setup::alone(2).settled();
    bench.set(R3, |replica| replica.info = false);
    bench.run(700);
    let Frame::Array(reply) = bench.command(&["SENTINEL", "INFO-CACHE", "mm", "xx"]) else {
        panic!("no array")
    };
    assert_eq!(texts(&reply[0]), ["mm"]);
    assert_eq!(reply.len(), 2, "an unknown name is left out");
    let Frame::Array(servers) = &reply[1] else { panic!("no array") };
    assert_eq!(servers.len(), 3);
    let text = &texts(&servers[0])[1];
    assert!(text.starts_with("# Server\r\nrun_id:1111") && text.contains("role:master"), "{text}");
    let age: u64 = texts(&servers[0])[0].parse().unwrap();
    assert!((700..=10_001).contains(&age), "{age}");
    let mut setup = Setup::alone(0);
    setup.fakes.clear();
    let mut bench = setup.settled();
    let Frame::Array(reply) = bench.command(&["SENTINEL", "INFO-CACHE", "mm"]) else { panic!("no array") };
    assert_eq!(reply[1], Frame::Array(vec![Frame::Array(vec![Frame::Integer(0), Frame::Null])]));
}

#[test]
fn the_info_section_says_how_each_group_is() {
    let mut bench = Setup::three(1).settled();
    bench.blind_peers();
    let line = |bench: &mut Bench| {
        let text = texts(&bench.command(&["INFO", "sentinel"]))[0].clone();
        text.lines().find(|line| line.starts_with("master0:")).unwrap().to_owned()
    };
    assert_eq!(line(&mut bench), "master0:name=mm,status=ok,address=10.0.0.1:6379,slaves=1,sentinels=3");
    bench.crash(MASTER);
    bench.run(3_000);
    assert!(line(&mut bench).contains("status=sdown"));
    bench.command(&["SENTINEL", "SET", "mm", "quorum", "1"]);
    assert!(line(&mut bench).contains("status=odown"));
}
