//! TILT: a sentinel that was stopped, or whose clock jumped, distrusts itself. It goes on watching, voting and
//! answering, says nobody is down, and starts nothing until 30 s have passed.

#![allow(clippy::unwrap_used, reason = "the helpers of a test may panic as the test itself may")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;
use watchkeeper_conformance::subject::is_upstream;
use watchkeeper_conformance::{
    Conn, Daemon, Event, Flavour, FrameExt, Group, Recorder, Scratch, Topology, eventually,
};

/// Longer than the 2 s that trigger TILT.
const STOP: Duration = Duration::from_secs(3);
const SOON: Duration = Duration::from_secs(10);
const FAILOVER_BOUND: Duration = Duration::from_secs(40);
const ID: &str = "00112233445566778899aabbccddeeff00112233";

/// Stops a process for a while. This is what is being tested, not a wait for something.
fn stall(sentinel: &Daemon) {
    sentinel.pause();
    std::thread::sleep(STOP); // the time itself is tested
    sentinel.resume();
}

fn info(sentinel: &Daemon, field: &str) -> i64 {
    let text = sentinel.cmd("INFO sentinel").text();
    let start = format!("{field}:");
    let value = text.lines().find_map(|line| line.strip_prefix(&start).map(str::to_owned));
    value.unwrap_or_else(|| panic!("no `{field}` in {text}")).parse().expect("a number")
}

fn wait_tilt(recorder: &Recorder) -> Event {
    let event = recorder.wait_channel(SOON, "+tilt");
    assert_eq!(event.text, "#tilt mode entered");
    event
}

fn count(recorder: &Recorder, channel: &str) -> usize {
    recorder.channels().iter().filter(|c| *c == channel).count()
}

/// Asks for a vote (or, with `*`, only whether the master is down).
fn ask(sentinel: &Daemon, port: u16, epoch: u64, id: &str) -> (i64, String, i64) {
    let (port, epoch) = (port.to_string(), epoch.to_string());
    let words = ["SENTINEL", "is-master-down-by-addr", "127.0.0.1", &port, &epoch, id];
    let reply = sentinel.conn().call(&words).items();
    let number = |index: usize| reply[index].int().expect("an integer");
    (number(0), reply[1].text(), number(2))
}

#[test]
fn a_stop_of_three_seconds_is_thirty_seconds_of_tilt() {
    let group = Topology::new().replicas(1).quorum(1).sentinels(&[Flavour::Ours]).start();
    let sentinel = &group.sentinels[0];
    assert_eq!((info(sentinel, "sentinel_tilt"), info(sentinel, "sentinel_tilt_since_seconds")), (0, -1));
    let recorder = group.record(0);
    stall(sentinel);
    let entered = wait_tilt(&recorder);
    assert_eq!(info(sentinel, "sentinel_tilt"), 1);
    assert!((0..30).contains(&info(sentinel, "sentinel_tilt_since_seconds")));
    let master = group.servers[0].port();
    group.servers[0].kill();
    // Watches: the link is seen to be gone, the replica's answers keep coming.
    eventually(SOON, "the link to the master is seen to be down", || {
        let flags = group.master_fields(sentinel)["flags"].clone();
        if flags == "master,disconnected" { Ok(()) } else { Err(flags) }
    });
    let replica = sentinel.conn().call(&["SENTINEL", "REPLICAS", group.name()]).items()[0].fields();
    assert!(replica["last-ok-ping-reply"].parse::<u64>().unwrap() < 5000, "{replica:?}");
    // Votes, and says that nobody is down; also long after down-after.
    assert_eq!(ask(sentinel, master, 7, ID), (0, ID.to_owned(), 7));
    eventually(FAILOVER_BOUND, "20 s of TILT have passed", || {
        assert_eq!(info(sentinel, "sentinel_tilt"), 1);
        assert_eq!(ask(sentinel, master, 7, "*"), (0, "*".to_owned(), 0));
        info(sentinel, "sentinel_tilt_since_seconds") >= 20
    });
    let early = recorder.channels();
    for channel in ["+sdown", "+odown", "+try-failover", "-tilt"] {
        assert!(!early.iter().any(|c| c == channel), "{channel} in TILT:\n{}", recorder.show());
    }
    let left = recorder.wait_channel(FAILOVER_BOUND, "-tilt");
    assert_eq!(left.text, "#tilt mode exited");
    let lasted = left.at - entered.at;
    assert!((29_500..32_000).contains(&lasted.as_millis()), "TILT lasted {lasted:?}");
    assert_eq!((info(sentinel, "sentinel_tilt"), info(sentinel, "sentinel_tilt_since_seconds")), (0, -1));
    // Now the master's death counts. The vote given above asks for a pause of twice the failover timeout, so that
    // somebody else could have led; what is seen at once is that it is down, and the answer to others.
    let down = recorder.wait_channel(SOON, "+sdown");
    assert!(down.at >= left.at);
    assert_eq!(ask(sentinel, master, 7, "*").0, 1);
}

#[test]
fn nothing_is_started_in_tilt_and_everything_after_it() {
    // A first attempt may find the replica's INFO too old (Redis's sentinel asks too late); the next one is soon. And a
    // replica may have been without its master for 10 x down-after before that was noticed, which TILT eats up.
    let topology = Topology::new().replicas(1).quorum(1).option("failover-timeout", "3000");
    let group = topology.sentinels(&[Flavour::Ours]).start();
    let sentinel = &group.sentinels[0];
    assert_eq!(sentinel.cmd("SENTINEL DEBUG tilt-period 8000").text(), "OK");
    let recorder = group.record(0);
    let before = group.master_port();
    sentinel.pause();
    group.servers[0].kill();
    std::thread::sleep(STOP); // the time itself is tested
    sentinel.resume();
    wait_tilt(&recorder);
    let left = recorder.wait_channel(Duration::from_secs(20), "-tilt");
    let after = group.wait_switched(before, FAILOVER_BOUND);
    assert_ne!(after, before);
    for event in recorder.events() {
        let acting =
            ["+sdown", "+odown", "+try-failover", "+switch-master"].contains(&event.channel.as_str());
        assert!(!acting || event.at >= left.at, "in TILT:\n{}", recorder.show());
    }
}

#[test]
fn a_second_stall_starts_the_time_anew() {
    let group = Topology::new().replicas(0).quorum(1).sentinels(&[Flavour::Ours]).start();
    let sentinel = &group.sentinels[0];
    assert_eq!(sentinel.cmd("SENTINEL DEBUG tilt-period 6000").text(), "OK");
    let recorder = group.record(0);
    stall(sentinel);
    wait_tilt(&recorder);
    stall(sentinel);
    eventually(SOON, "a second +tilt", || count(&recorder, "+tilt") == 2);
    let left = recorder.wait_channel(Duration::from_secs(20), "-tilt");
    let second = recorder.events().into_iter().filter(|event| event.channel == "+tilt").nth(1);
    let lasted = left.at - second.expect("two were counted").at;
    assert!(lasted >= Duration::from_millis(5500), "TILT lasted {lasted:?} after the second stall");
}

/// One of three is in TILT; a second is dead. The third can only be elected with the vote of the one in TILT.
#[test]
fn a_sentinel_in_tilt_votes_and_follows() {
    let group = Topology::new().sentinels(&[Flavour::Ours; 3]).start();
    let before = group.master_port();
    let (tilted, alone) = (&group.sentinels[0], &group.sentinels[1]);
    let reply = alone.conn().call(&["SENTINEL", "SET", group.name(), "quorum", "1"]);
    assert_eq!(reply.text(), "OK");
    let recorder = group.record(0);
    stall(tilted);
    wait_tilt(&recorder);
    group.sentinels[2].kill();
    group.servers[0].kill();
    let after = group.wait_switched(before, Duration::from_secs(25));
    let vote = recorder.wait_channel(SOON, "+vote-for-leader").text;
    assert!(vote.starts_with(&alone.cmd("SENTINEL MYID").text()), "voted `{vote}`");
    let switch = recorder.wait_channel(SOON, "+switch-master").text;
    assert_eq!(switch, format!("{} 127.0.0.1 {before} 127.0.0.1 {after}", group.name()));
    assert_eq!(info(tilted, "sentinel_tilt"), 1, "all of it happened in TILT:\n{}", recorder.show());
    for channel in ["+sdown", "+odown", "+try-failover"] {
        assert_eq!(count(&recorder, channel), 0, "{channel} in TILT:\n{}", recorder.show());
    }
}

/// A sentinel whose wall clock the test can move.
struct Clocked {
    group: Group,
    clock: PathBuf,
}

impl Clocked {
    /// `config`: more lines for the sentinel's file.
    fn start(config: &str) -> Clocked {
        let scratch = Scratch::new();
        let master = Daemon::server(Flavour::Redis, &scratch, "");
        let topology = Topology::new().replicas(0).quorum(1).sentinel_config(config);
        let lines = topology.monitor_lines(master.port());
        let sentinel = Daemon::sentinel_stopped(clockable(), &scratch, &lines);
        let clock = sentinel.dir().join("clock");
        fs::write(&clock, "+0").unwrap();
        wrap(&sentinel, &clock);
        sentinel.start();
        assert_eq!(sentinel.cmd("SENTINEL DEBUG tilt-period 4000").text(), "OK");
        Clocked {
            group: Group { topology, servers: vec![master], sentinels: vec![sentinel], scratch },
            clock,
        }
    }

    fn sentinel(&self) -> &Daemon {
        &self.group.sentinels[0]
    }

    /// Moves the clock to `seconds` from the true time, in one step.
    fn shift(&self, seconds: i32) {
        let new = self.clock.with_extension("new");
        fs::write(&new, format!("{seconds:+}")).unwrap();
        fs::rename(&new, &self.clock).unwrap();
    }

    /// Waits for two hello messages that are sent from now on, that is for at least 2 s of work.
    fn wait_working(&self) {
        let mut conn = Conn::to(self.group.servers[0].port());
        conn.cmd("SUBSCRIBE __sentinel__:hello");
        for _ in 0..2 {
            conn.read_within(SOON).expect("a hello message every 2 s");
        }
    }
}

/// libfaketime cannot be loaded into Debian's redis-sentinel (its jemalloc asks for the time while libfaketime starts);
/// when that is the program under test, Valkey's sentinel stands for it.
fn clockable() -> Flavour {
    if is_upstream() { Flavour::Valkey } else { Flavour::Ours }
}

/// Puts a script in the program's place that preloads libfaketime. Only the wall clock is faked.
fn wrap(sentinel: &Daemon, clock: &std::path::Path) {
    let (program, name) = sentinel.flavour().sentinel();
    let program = fs::canonicalize(program).expect("the program under test exists");
    let library = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu"]
        .map(|dir| PathBuf::from(dir).join("faketime/libfaketimeMT.so.1"))
        .into_iter()
        .find(|path| path.is_file())
        .expect("libfaketime is installed (hint: apt-get install faketime)");
    let script = format!(
        "#!/bin/bash\nexport LD_PRELOAD='{}' FAKETIME_TIMESTAMP_FILE='{}'\n\
         export FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1 DONT_FAKE_MONOTONIC=1\n\
         exec -a {name} '{}' \"$@\"\n",
        library.display(),
        clock.display(),
        program.display()
    );
    let path = sentinel.dir().join(name);
    fs::remove_file(&path).unwrap();
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_jump_of_the_wall_clock_is_tilt() {
    let clocked = Clocked::start("");
    clocked.wait_working();
    for (jump, direction) in [(10, "forward"), (0, "back")] {
        let recorder = clocked.group.record(0);
        clocked.shift(jump);
        wait_tilt(&recorder);
        // Forward it ends by itself; after a step back, Redis's sentinel waits for its clock to pass the old time.
        let left = recorder.wait_channel(FAILOVER_BOUND, "-tilt");
        assert_eq!(left.text, "#tilt mode exited");
        assert_eq!(count(&recorder, "+sdown"), 0, "{direction}: nobody is called down:\n{}", recorder.show());
    }
}

#[test]
fn a_jump_is_nothing_with_tilt_clock_monotonic_but_a_stall_still_is() {
    if is_upstream() {
        println!("`sentinel tilt-clock` is Watchkeeper's own directive: nothing to see here");
        return;
    }
    let clocked = Clocked::start("sentinel tilt-clock monotonic");
    let recorder = clocked.group.record(0);
    for jump in [10, 0, -3600] {
        clocked.shift(jump);
        clocked.wait_working();
    }
    assert_eq!(count(&recorder, "+tilt"), 0, "{}", recorder.show());
    assert_eq!(info(clocked.sentinel(), "sentinel_tilt"), 0);
    stall(clocked.sentinel());
    wait_tilt(&recorder);
    assert_eq!(count(&recorder, "+tilt"), 1);
}
