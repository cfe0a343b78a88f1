//! A whole sentinel on a unix socket, against clients that do not behave.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use watchkeeper::daemon::log::Logger;
use watchkeeper::daemon::notify::{Environment, Notifier};
use watchkeeper::daemon::signals::Signal;
use watchkeeper::daemon::{self, Startup};
use watchkeeper_core::config::{Config, General, Global, OutputLimit};
use watchkeeper_core::{LogLevel, Persona};

/// No answer takes this long.
const PATIENCE: Duration = Duration::from_secs(30);

struct Daemon {
    dir: tempfile::TempDir,
    signals: mpsc::Sender<Signal>,
    thread: JoinHandle<i32>,
}

impl Daemon {
    fn start(general: General) -> Daemon {
        let dir = tempfile::tempdir().unwrap();
        let config_path = dir.path().join("sentinel.conf");
        std::fs::write(&config_path, "").unwrap();
        let socket = dir.path().join("s.sock").display().to_string();
        let general = General { port: 0, unixsocket: Some(socket), ..general };
        let config = Config { general, global: Global::default(), groups: Vec::new() };
        let listeners = daemon::bind(&config.general).unwrap();
        let (signals, received) = mpsc::channel(1);
        let log: Arc<Logger> = Logger::stdout(LogLevel::Nothing);
        let nobody = Environment { notify_socket: None, upstart_job: None };
        let notifier = Notifier::find("no", &nobody, Persona::Redis, &log);
        let startup = Startup {
            config,
            config_path,
            state_path: None,
            persona: Persona::Redis,
            acl_file: None,
            listeners,
            log,
            notifier: Arc::new(notifier),
            signals: received,
        };
        Daemon { dir, signals, thread: std::thread::spawn(move || daemon::run(startup)) }
    }

    fn socket(&self) -> PathBuf {
        self.dir.path().join("s.sock")
    }

    fn connect(&self) -> UnixStream {
        let stream = UnixStream::connect(self.socket()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Whether somebody else is served.
    fn ping(&self) {
        let mut stream = self.connect();
        stream.write_all(b"PING\r\n").unwrap();
        let mut line = String::new();
        BufReader::new(&stream).read_line(&mut line).unwrap();
        assert_eq!(line, "+PONG\r\n");
    }

    fn stop(self) -> i32 {
        self.signals.blocking_send(Signal::Terminate { name: "SIGTERM" }).unwrap();
        self.thread.join().unwrap()
    }
}

fn read_all(mut stream: &UnixStream) -> String {
    let mut text = Vec::new();
    stream.read_to_end(&mut text).unwrap();
    String::from_utf8(text).unwrap()
}

/// Memory this process has in use, in MiB.
fn resident_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

#[test]
fn the_end_is_clean() {
    let daemon = Daemon::start(General::default());
    daemon.ping();
    let socket = daemon.socket();
    assert!(socket.exists());
    assert_eq!(daemon.stop(), 0);
    assert!(!socket.exists());
}

#[test]
fn replies_to_earlier_commands_come_before_a_protocol_error() {
    let daemon = Daemon::start(General::default());
    let mut stream = daemon.connect();
    stream.write_all(b"PING\r\n*1\r\n$4\r\nPING\r\n*1\r\n!4\r\nPING\r\n").unwrap();
    assert_eq!(read_all(&stream), "+PONG\r\n+PONG\r\n-ERR Protocol error: expected '$', got '!'\r\n");
    daemon.ping();
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn a_half_closed_client_still_gets_its_answers() {
    let daemon = Daemon::start(General::default());
    let mut stream = daemon.connect();
    let count = 5000;
    stream.write_all("PING\r\n".repeat(count).as_bytes()).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(read_all(&stream), "+PONG\r\n".repeat(count));
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn an_announced_gigabyte_costs_nothing_until_it_comes() {
    let gib = 1024 * 1024 * 1024;
    let general = General { proto_max_bulk_len: 2 * gib, query_buffer_limit: 4 * gib, ..General::default() };
    let daemon = Daemon::start(general);
    daemon.ping();
    let before = resident_mib();
    let mut waiting = Vec::new();
    for _ in 0..20 {
        let mut stream = daemon.connect();
        stream.write_all(format!("PING\r\n*2\r\n${gib}\r\nabc").as_bytes()).unwrap();
        let mut got = [0; 7];
        stream.read_exact(&mut got).unwrap();
        waiting.push(stream);
    }
    daemon.ping();
    // Other tests of this process run beside this one; what would be seen here is 20 GiB.
    assert!(resident_mib() < before + 500, "{} MiB after {before} MiB", resident_mib());
    drop(waiting);
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn more_than_the_query_buffer_closes_without_a_word() {
    let daemon = Daemon::start(General { query_buffer_limit: 1024 * 1024, ..General::default() });
    let mut stream = daemon.connect();
    stream.write_all(b"*2\r\n$2000000\r\n").unwrap();
    // The other side may close before everything was written.
    let _ = stream.write_all(&vec![b'x'; 2_000_000]);
    let mut got = Vec::new();
    let end = stream.read_to_end(&mut got);
    assert!(got.is_empty(), "{end:?} {:?}", String::from_utf8_lossy(&got));
    daemon.ping();
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn who_does_not_authenticate_gets_small_limits() {
    let daemon = Daemon::start(General { requirepass: Some(b"secret".to_vec()), ..General::default() });
    let mut stream = daemon.connect();
    stream.write_all(b"*11\r\n").unwrap();
    assert_eq!(read_all(&stream), "-ERR Protocol error: unauthenticated multibulk length\r\n");
    let mut stream = daemon.connect();
    stream.write_all(b"*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n*11\r\n$4\r\nPING\r\n*x\r\n").unwrap();
    let text = read_all(&stream);
    assert!(text.starts_with("+OK\r\n") && !text.contains("unauthenticated"), "{text}");
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn a_client_above_its_output_limit_is_dropped_and_others_are_served() {
    let hard = OutputLimit { hard_bytes: 1024 * 1024, soft_bytes: 0, soft_s: 0 };
    let daemon = Daemon::start(General { output_limit_normal: hard, ..General::default() });
    let mut stream = daemon.connect();
    // It asks and never reads; each answer is some kilobytes.
    let asked = "COMMAND\r\n".repeat(2000);
    let _ = stream.write_all(asked.as_bytes());
    daemon.ping();
    let mut got = Vec::new();
    let _ = stream.read_to_end(&mut got);
    assert!(got.len() < 8 * 1024 * 1024, "{} bytes came", got.len());
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn without_a_limit_who_does_not_read_is_not_served_further() {
    let daemon = Daemon::start(General::default());
    let before = resident_mib();
    let mut stream = daemon.connect();
    let count = 20_000;
    let writer = {
        let mut stream = stream.try_clone().unwrap();
        std::thread::spawn(move || stream.write_all("COMMAND\r\n".repeat(count).as_bytes()))
    };
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(300) {
        daemon.ping();
    }
    assert!(resident_mib() < before + 400, "{} MiB after {before} MiB", resident_mib());
    // Now it reads: everything is there.
    let mut first = vec![0; 64 * 1024];
    let n = stream.read(&mut first).unwrap();
    assert!(n > 0);
    stream.shutdown(Shutdown::Both).unwrap();
    let _ = writer.join().unwrap();
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn a_million_pipelined_commands_starve_nobody() {
    let daemon = Daemon::start(General::default());
    let stream = daemon.connect();
    let count = 1_000_000;
    let writer = {
        let mut stream = stream.try_clone().unwrap();
        std::thread::spawn(move || stream.write_all("PING\r\n".repeat(count).as_bytes()))
    };
    let reader = std::thread::spawn(move || {
        let mut left = count * "+PONG\r\n".len();
        let mut buffer = vec![0; 64 * 1024];
        while left > 0 {
            left -= (&stream).read(&mut buffer).unwrap();
        }
    });
    let mut pings = 0;
    while !reader.is_finished() {
        daemon.ping();
        pings += 1;
    }
    assert!(pings > 10, "only {pings} others were served meanwhile");
    reader.join().unwrap();
    writer.join().unwrap().unwrap();
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn the_id_is_on_disk_before_the_first_client_is_served_for_long() {
    let daemon = Daemon::start(General::default());
    let file = daemon.dir.path().join("sentinel.conf");
    let began = Instant::now();
    while !std::fs::read_to_string(&file).unwrap().contains("sentinel myid ") {
        assert!(began.elapsed() < PATIENCE, "the configuration was never written");
        daemon.ping();
    }
    assert_eq!(daemon.stop(), 0);
}
