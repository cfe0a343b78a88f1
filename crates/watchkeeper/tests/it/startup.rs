//! Starting and ending: the texts, their destination and the exit status of `redis-sentinel` 7.0.15, recorded from the
//! real one.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::Signal;

use crate::program::{Ended, Workshop, alive, free_port, plain, wait_for};

/// The banner of a bad line.
fn fatal(line: usize, text: &str, reason: &str) -> String {
    format!(
        "\n*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***\n\
         Reading the configuration file, at line {line}\n>>> '{text}'\n{reason}\n"
    )
}

/// The first log lines of a process that got as far as listening.
const BEGIN: [&str; 4] = [
    "# oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo",
    "# Redis version=7.0.15, bits=64, commit=00000000, modified=0, pid=N, just started",
    "# This is Watchkeeper",
    "# Configuration loaded",
];

/// The log after [`BEGIN`].
fn after_begin(ended: &Ended) -> Vec<&str> {
    let lines: Vec<&str> = ended.out.lines().collect();
    for (line, begin) in lines.iter().zip(BEGIN) {
        assert!(line.starts_with(begin), "`{line}` is not `{begin}`");
    }
    lines[BEGIN.len()..].to_vec()
}

const BAD: &str = "Bad directive or wrong number of arguments";
const GOOD: &str = "port 17777\nbind 127.0.0.1\nloglevel notice\n";

#[test]
fn bad_options_are_told_with_their_line() {
    let shop = Workshop::new();
    let cases: [(&[&str], usize, &str, &str); 17] = [
        (&["bogus"], 5, "\"bogus\"", BAD),
        (&["--nope", "1"], 5, "nope \"1\"", BAD),
        (&["--port"], 5, "port", "wrong number of arguments"),
        (&["--loglevel", "--port", "18888"], 5, "loglevel \"--port\" \"18888\"", "wrong number of arguments"),
        (&["--port", "-1"], 5, "port \"-1\"", "argument must be between 0 and 65535 inclusive"),
        (&["--bogus", "a b"], 5, "bogus \"a b\"", BAD),
        (&["--bogus a b", "c"], 5, "bogus a b \"c\"", BAD),
        (&["--bogus", "a\"b\\n", "\u{1}\n\té", ""], 5, r#"bogus "a\"b\\n" "\x01\n\t\xc3\xa9" """#, BAD),
        (&["--loglevel verbose", "--hz 10", "--bogus"], 7, "bogus", BAD),
        (&["--sentinel", "--bogus", "1"], 6, "bogus \"1\"", BAD),
        (&["--port", "1", "--sentinel", "--bogus", "1"], 7, "bogus \"1\"", BAD),
        (&["--save", "--bogus", "1"], 6, "bogus \"1\"", BAD),
        (&["--port", "1", "--", "--bogus", "2"], 6, "\"--bogus\" \"2\"", BAD),
        (&["-", "--bogus", "1"], 5, "\"-\"", BAD),
        (
            &["--sentinel", "monitor", "mm", "127.0.0.1", "6379"],
            5,
            "sentinel \"monitor\" \"mm\" \"127.0.0.1\" \"6379\"",
            "Unrecognized sentinel configuration statement.",
        ),
        (
            &["--sentinel monitor mm 127.0.0.1 6379"],
            5,
            "sentinel monitor mm 127.0.0.1 6379",
            "Unrecognized sentinel configuration statement.",
        ),
        // The general part is read first, whatever stands above.
        (&["--sentinel", "x", "--bogus", "1"], 6, "bogus \"1\"", BAD),
    ];
    for (args, line, text, reason) in cases {
        shop.write("s.conf", GOOD);
        let ended = shop.run("redis-sentinel", &[&["s.conf"], args].concat());
        assert_eq!(ended.err, fatal(line, text, reason), "{args:?}");
        assert_eq!((ended.code, &*ended.out), (1, ""), "{args:?}");
        assert_eq!(shop.read("s.conf"), GOOD, "a refused start writes nothing");
    }
}

#[test]
fn the_switch_makes_any_name_a_sentinel() {
    let shop = Workshop::new();
    shop.write("s.conf", GOOD);
    let ended = shop.run("redis-server", &["s.conf", "--sentinel", "--bogus", "1"]);
    assert_eq!((ended.code, ended.err), (1, fatal(6, "bogus \"1\"", BAD)));
    // The file must come first: here it is an argument of a `sentinel` line.
    let ended = shop.run("redis-server", &["--sentinel", "s.conf", "--bogus", "1"]);
    assert_eq!((ended.code, ended.err), (1, fatal(3, "bogus \"1\"", BAD)));
    let ended = shop.run("redis-server", &["--sentinel"]);
    assert_eq!(ended.out, "# Sentinel needs config file on disk to save state. Exiting...\n");
    let ended = shop.run("valkey-sentinel", &["s.conf", "--bogus", "1"]);
    assert!(ended.err.starts_with("\n*** FATAL CONFIG FILE ERROR (Version 8.0.1) ***\n"), "{}", ended.err);
}

#[test]
fn standard_input_is_read_after_the_file() {
    let shop = Workshop::new();
    shop.write("s.conf", "port 1");
    let ended = shop.run_with_input("redis-sentinel", &["s.conf", "-"], "x y");
    assert_eq!(ended.out, "# Reading config from stdin\n");
    assert_eq!(ended.err, fatal(1, "port 1x y", "wrong number of arguments"));
    let ended = shop.run_with_input("redis-sentinel", &["s.conf", "--bogus", "-"], "\nhz 10\n");
    assert_eq!(ended.err, fatal(4, "bogus", BAD));
    let ended = shop.run_with_input("redis-sentinel", &["-"], "port 17777\n");
    let expected =
        "# Reading config from stdin\n# Sentinel needs config file on disk to save state. Exiting...\n";
    assert_eq!((ended.code, &*ended.out, &*ended.err), (1, expected, ""));
}

#[test]
fn files_that_cannot_be_used_are_told_in_the_log() {
    let shop = Workshop::new();
    let here = shop.path();
    let here = here.display();
    shop.write("include.conf", "port 17777\ninclude /nonexistent/i.conf\n");
    let missing =
        |path: &str| format!("# Fatal error, can't open config file '{path}': No such file or directory\n");
    let cases: [(&[&str], String); 6] = [
        (&[], "# Sentinel needs config file on disk to save state. Exiting...\n".into()),
        (&["--port", "7777"], "# Sentinel needs config file on disk to save state. Exiting...\n".into()),
        (&["/nonexistent/x.conf"], missing("/nonexistent/x.conf")),
        (&["nope.conf"], missing(&format!("{here}/nope.conf"))),
        (&["./nope.conf"], missing(&format!("{here}/./nope.conf"))),
        (&["include.conf"], missing("/nonexistent/i.conf")),
    ];
    for (args, log) in cases {
        let ended = shop.run("redis-sentinel", args);
        assert_eq!((ended.code, ended.out, &*ended.err), (1, log, ""), "{args:?}");
    }
}

#[test]
fn a_log_file_or_folder_that_cannot_be_used_is_told_on_standard_error() {
    let shop = Workshop::new();
    shop.write("log.conf", "port 17777\nlogfile /nonexistent/x.log\n");
    shop.write("dir.conf", "port 17777\ndir /nonexistent\n");
    let ended = shop.run("redis-sentinel", &["log.conf"]);
    let expected = "\n*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***\n\
                    Can't open the log file: No such file or directory\n";
    assert_eq!((ended.code, &*ended.out, &*ended.err), (1, "", expected));
    let ended = shop.run("redis-sentinel", &["dir.conf"]);
    assert_eq!((ended.code, ended.err), (1, fatal(2, "dir /nonexistent", "No such file or directory")));
}

#[test]
fn what_cannot_be_listened_on_is_told_in_the_log() {
    let shop = Workshop::new();
    let busy = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = busy.local_addr().unwrap().port().to_string();
    let cases: [(&[&str], Vec<String>); 5] = [
        (
            &["--port", &port],
            vec![
                format!(
                    "# Warning: Could not create server TCP listening socket 127.0.0.1:{port}: bind: \
                     Address already in use"
                ),
                format!("# Failed listening on port {port} (TCP), aborting."),
            ],
        ),
        (&["--port", "0"], vec!["# Configured to not listen anywhere, exiting.".into()]),
        (
            &["--port", "0", "--unixsocket", "/nonexistent/s"],
            vec!["# Failed opening Unix socket: bind: No such file or directory".into()],
        ),
        (
            &["--port", "0", "--tls-port", "1234"],
            vec![
                "# No tls-cert-file configured!".into(),
                "# Failed to configure TLS. Check logs for more info.".into(),
            ],
        ),
        (
            &["--port", "0", "--supervised", "upstart"],
            vec!["# Configured to not listen anywhere, exiting.".into()],
        ),
    ];
    for (args, lines) in cases {
        shop.write("s.conf", GOOD);
        let mut ended = shop.run("redis-sentinel", &[&["s.conf"], args].concat());
        let upstart = "# upstart supervision requested, but UPSTART_JOB not found!\n";
        if let Some(rest) = ended.out.strip_prefix(upstart) {
            ended.out = rest.to_string();
        }
        assert_eq!(after_begin(&ended), lines, "{args:?}");
        assert_eq!((ended.code, &*ended.err), (1, ""), "{args:?}");
        assert_eq!(shop.read("s.conf"), GOOD, "a refused start writes nothing");
    }
}

#[test]
fn users_that_cannot_be_loaded_are_told_in_the_log() {
    let shop = Workshop::new();
    let port = free_port().to_string();
    shop.write("user.conf", "bind 127.0.0.1\nuser bob +nosuch\n");
    shop.write("s.conf", "bind 127.0.0.1\n");
    let cases: [(&[&str], Vec<&str>); 3] = [
        (
            &["user.conf"],
            vec![
                "# Error loading ACL rule '+nosuch' for the user named 'bob': \
                 Unknown command or category name in ACL",
                "# Critical error while loading ACLs. Exiting.",
            ],
        ),
        (
            &["s.conf", "--aclfile", "/nonexistent/a"],
            vec![
                "# Aborting Redis startup because of ACL errors: Error loading ACLs, opening file \
                 '/nonexistent/a': No such file or directory",
            ],
        ),
        (
            &["user.conf", "--aclfile", "/nonexistent/a"],
            vec![
                "# Configuring Redis with users defined in redis.conf and at the same setting an ACL file path \
                 is invalid.",
            ],
        ),
    ];
    for (args, lines) in cases {
        let ended = shop.run("redis-sentinel", &[args, &["--port", &port]].concat());
        let log = after_begin(&ended);
        assert_eq!(log[0], format!("* Running mode=sentinel, port={port}."), "{args:?}");
        assert_eq!(log.len() - 1, lines.len(), "{log:?}");
        for (line, expected) in log[1..].iter().zip(lines) {
            assert!(line.starts_with(expected), "`{line}` is not `{expected}`");
        }
        assert_eq!(ended.code, 1);
    }
}

#[test]
fn versions_and_usage() {
    let shop = Workshop::new();
    for arg in ["-v", "--version"] {
        let ended = shop.run("redis-sentinel", &[arg, "x"]);
        assert!(ended.out.starts_with("Redis server v=7.0.15 sha=00000000:0 malloc="), "{}", ended.out);
        assert_eq!((ended.code, &*ended.err, ended.out.lines().count()), (0, "", 1));
    }
    assert!(shop.run("valkey-sentinel", &["-v"]).out.starts_with("Valkey server v=8.0.1 "));
    for arg in ["-h", "--help"] {
        let ended = shop.run("redis-sentinel", &[arg]);
        assert!(ended.err.starts_with("Usage: "), "{}", ended.err);
        assert_eq!((ended.code, &*ended.out), (1, ""));
    }
    assert_eq!(shop.run("redis-sentinel", &["--check-system"]).code, 1);
    let ended = shop.run("watchkeeper", &["--version"]);
    assert!(ended.out.starts_with(concat!("watchkeeper ", env!("CARGO_PKG_VERSION"))), "{}", ended.out);
    let ended = shop.run("watchkeeper", &["--help"]);
    assert!(
        ended.code == 0 && ended.out.contains("watchkeeper run /etc/redis/sentinel.conf"),
        "{}",
        ended.out
    );
    let ended = shop.run("watchkeeper", &["--lang", "zh", "--help"]);
    assert!(ended.out.contains("示例"), "{}", ended.out);
}

#[test]
fn a_sentinel_starts_says_so_and_ends_on_sigterm() {
    let shop = Workshop::new();
    let port = free_port().to_string();
    shop.write("s.conf", "bind 127.0.0.1\nsentinel monitor mm 127.0.0.1 1 2\n");
    let args = ["s.conf", "--port", &port, "--pidfile", "pid"];
    let mut running = shop.start(&mut shop.command("redis-sentinel", &args), "+monitor");
    assert_eq!(shop.read("pid"), format!("{}\n", running.child.id()));
    // The configuration is never read again: it goes on.
    running.signal(Signal::HUP);
    running.read_until("+monitor");
    running.signal(Signal::TERM);
    let ended = running.end();
    assert_eq!((ended.code, &*ended.err), (0, ""), "{}", ended.out);
    let log: Vec<_> = after_begin(&ended)
        .into_iter()
        .filter(|line| {
            !line.contains("saved on disk") && !line.contains("somaxconn") && !line.contains("+sdown")
        })
        .collect();
    assert_eq!(
        log,
        [
            &*format!("* Running mode=sentinel, port={port}."),
            "# Sentinel ID is ID",
            "# +monitor master mm 127.0.0.1 1 quorum 2",
            "signal Received SIGTERM scheduling shutdown...",
            "# User requested shutdown...",
            "* Removing the pid file.",
            "# Sentinel is now ready to exit, bye bye...",
        ]
    );
    assert!(!shop.path().join("pid").exists());
    // Options are part of the configuration from now on.
    assert!(shop.read("s.conf").contains(&format!("port {port}\n")), "{}", shop.read("s.conf"));
}

#[test]
fn systemd_is_told_every_step_and_auto_is_kept_as_what_it_found() {
    let shop = Workshop::new();
    let port = free_port().to_string();
    shop.write("s.conf", "bind 127.0.0.1\n");
    let socket = shop.path().join("notify");
    let systemd = UnixDatagram::bind(&socket).unwrap();
    systemd.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let hear = || {
        let mut buffer = [0; 200];
        let got = systemd.recv(&mut buffer).unwrap();
        String::from_utf8_lossy(&buffer[..got]).into_owned()
    };
    let args = ["s.conf", "--port", &port, "--supervised", "auto", "--daemonize", "yes"];
    let mut command = shop.command("redis-sentinel", &args);
    let running = shop.start(command.env("NOTIFY_SOCKET", &socket), "Sentinel ID is");
    assert_eq!(hear(), "STATUS=Redis is loading...\n");
    assert_eq!(hear(), "STATUS=Ready to accept connections\n");
    assert_eq!(hear(), "READY=1\n");
    running.signal(Signal::INT);
    assert_eq!(hear(), "STOPPING=1\n");
    assert_eq!(running.end().code, 0);
    assert!(shop.read("s.conf").contains("supervised systemd\n"), "{}", shop.read("s.conf"));
}

#[test]
fn a_daemon_leaves_its_terminal_and_tells_its_pid() {
    let shop = Workshop::new();
    let port = free_port().to_string();
    shop.write("s.conf", "bind 127.0.0.1\ndaemonize yes\nlogfile s.log\npidfile pid\n");
    let ended = shop.run("redis-sentinel", &["s.conf", "--port", &port]);
    assert_eq!((ended.code, &*ended.out, &*ended.err), (0, "", ""));
    wait_for("the daemon listens", || {
        std::fs::read_to_string(shop.path().join("s.log")).unwrap_or_default().contains("Sentinel ID is")
    });
    let pid: i32 = shop.read("pid").trim().parse().unwrap();
    let folder = std::fs::read_link(format!("/proc/{pid}/cwd")).unwrap();
    let output = std::fs::read_link(format!("/proc/{pid}/fd/1")).unwrap();
    rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), Signal::TERM).unwrap();
    wait_for("the daemon ends", || !alive(pid) || !shop.path().join("pid").exists());
    assert_eq!((folder, output), (shop.path(), "/dev/null".into()));
    wait_for("its last words", || plain(&shop.read("s.log")).contains("bye bye..."));
    assert!(shop.read("s.log").starts_with(&format!("{pid}:X ")), "the log begins with the daemon's number");
}

#[test]
fn a_closed_standard_output_does_not_stop_a_sentinel() {
    let shop = Workshop::new();
    let port = free_port();
    shop.write("s.conf", "bind 127.0.0.1\nloglevel debug\npidfile pid\n");
    let mut command = shop.command("redis-sentinel", &["s.conf", "--port", &port.to_string()]);
    let mut child = command.stderr(Stdio::null()).spawn().unwrap();
    drop(child.stdout.take());
    wait_for("it listens", || TcpStream::connect(("127.0.0.1", port)).is_ok());
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

/// A pipe nobody reads, full to the brim.
fn full_pipe() -> (OwnedFd, OwnedFd) {
    let (reader, writer) = rustix::pipe::pipe().unwrap();
    let mut left = rustix::pipe::fcntl_getpipe_size(&writer).unwrap();
    while left > 0 {
        left -= rustix::io::write(&writer, &vec![b'x'; left.min(4096)]).unwrap();
    }
    (reader, writer)
}

#[test]
fn a_log_that_nobody_reads_stops_neither_the_sentinel_nor_its_end() {
    for (signals, code) in [(&[Signal::TERM][..], 0), (&[Signal::TERM, Signal::INT][..], 1)] {
        let shop = Workshop::new();
        let port = free_port();
        shop.write("s.conf", "bind 127.0.0.1\n");
        let (_reader, writer) = full_pipe();
        let mut command = shop.command("redis-sentinel", &["s.conf", "--port", &port.to_string()]);
        let mut child = command.stdout(writer).stderr(Stdio::null()).spawn().unwrap();
        wait_for("it answers", || ping(port).is_ok_and(|reply| reply == "+PONG\r\n"));
        for signal in signals {
            rustix::process::kill_process(rustix::process::Pid::from_child(&child), *signal).unwrap();
            // The end waits for its last lines; that it has come to this shows in the closed port.
            wait_for("it has ended", || ping(port).is_err());
        }
        assert_eq!(child.wait().unwrap().code(), Some(code), "{signals:?}");
    }
}

fn ping(port: u16) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(b"PING\r\n")?;
    let mut reply = [0; 7];
    stream.read_exact(&mut reply)?;
    Ok(String::from_utf8_lossy(&reply).into_owned())
}

#[test]
fn our_own_command_explains() {
    let shop = Workshop::new();
    let ended = shop.run("watchkeeper", &["run", "nope.conf"]);
    let error = format!(
        "error: the configuration file `{}/nope.conf` cannot be read: No such file or directory\nhint: ",
        shop.path().display()
    );
    assert!(ended.err.starts_with(&error), "{}", ended.err);
    assert_eq!((ended.code, &*ended.out), (1, ""));
    let ended = shop.run("watchkeeper", &["--lang", "zh", "run", "nope.conf"]);
    assert!(ended.err.starts_with("错误：无法读取配置文件"), "{}", ended.err);
    let ended = shop.run("watchkeeper", &["run", "--port", "1"]);
    assert!(ended.err.starts_with("error: no configuration file was named"), "{}", ended.err);

    shop.write("s.conf", "port 17777\nbogus 1\n");
    let ended = shop.run("watchkeeper", &["run", "s.conf"]);
    assert!(ended.err.starts_with("error: line 2, column 1: `bogus 1`: "), "{}", ended.err);

    let busy = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = busy.local_addr().unwrap().port().to_string();
    shop.write("s.conf", "bind 127.0.0.1\n");
    let ended = shop.run("watchkeeper", &["run", "s.conf", "--port", &port]);
    assert!(ended.err.contains("hint: something listens there already"), "{}", ended.err);
}
