//! The harness itself, on programs that are known to work: if this fails, look here before anywhere else.

use std::time::{Duration, Instant};

use watchkeeper_conformance::{Daemon, Flavour, FrameExt, Scratch, Topology, eventually};

const LONG: Duration = Duration::from_secs(60);

#[test]
fn a_failover_of_redis_and_valkey_sentinels_is_seen_whole() {
    let group = Topology::new().sentinels(&[Flavour::Redis, Flavour::Valkey, Flavour::Redis]).start();
    let recorders: Vec<_> = (0..3).map(|index| group.record(index)).collect();
    let before = group.master_port();
    let start = Instant::now();
    group.server_at(before).kill();
    let after = group.wait_switched(before, LONG);
    println!("failover seen by all after {:?}", start.elapsed());
    for recorder in &recorders {
        let event = recorder.wait_channel(LONG, "+switch-master");
        assert_eq!(event.text, format!("mymaster 127.0.0.1 {before} 127.0.0.1 {after}"));
    }
    group.server_at(before).start();
    group.wait_replicating(after, LONG);
    group.wait_converged(LONG);
}

#[test]
fn a_stopped_process_is_silent_and_comes_back() {
    let scratch = Scratch::new();
    let server = Daemon::server(Flavour::Redis, &scratch, "");
    let mut conn = server.conn();
    conn.set_timeout(Duration::from_millis(300));
    server.pause();
    assert!(conn.try_call(&["PING"]).is_err());
    server.resume();
    eventually(LONG, "PONG after SIGCONT", || server.conn().cmd("PING").text() == "PONG");
    assert_eq!(server.terminate(), Some(0));
    assert!(!server.is_running());
    server.start();
    server.restart();
    assert_eq!(server.conn().cmd("PING").text(), "PONG");
}
