//! The example every Sentinel tutorial ends in: four sentinels on two ports each of two addresses, `SHUTDOWN` renamed,
//! ids of one's own, and a chain master - replica - replica. And the nine commands the documentation lists.

#![allow(clippy::unwrap_used, reason = "the helpers of a test may panic as the test itself may")]

use std::fs;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use watchkeeper_conformance::ports::free_port;
use watchkeeper_conformance::{Conn, Daemon, Flavour, FrameExt, Recorder, Scratch, eventually};
use watchkeeper_resp::Frame;

const SOON: Duration = Duration::from_secs(40);
const NAME: &str = "mymaster";

/// A sentinel on an address of its own; killed when dropped.
struct Sentinel {
    addr: SocketAddr,
    id: String,
    child: Child,
    log: std::path::PathBuf,
}

impl Sentinel {
    fn start(scratch: &Scratch, number: usize, addr: SocketAddr, master: u16) -> Sentinel {
        let dir = scratch.path().join(format!("sentinel-{number}"));
        fs::create_dir_all(&dir).unwrap();
        let id = format!("{number:040}");
        let text = format!(
            "bind {ip}\nport {port}\ndir {dir}\nrename-command SHUTDOWN REDIS_SHUTDOWN\nsentinel myid {id}\n\
             sentinel announce-ip {ip}\nsentinel monitor {NAME} 127.0.0.1 {master} 2\n\
             sentinel down-after-milliseconds {NAME} 2000\nsentinel failover-timeout {NAME} 10000\n\
             sentinel parallel-syncs {NAME} 1\n",
            ip = addr.ip(),
            port = addr.port(),
            dir = dir.display()
        );
        let (config, log) = (dir.join("sentinel.conf"), dir.join("log"));
        fs::write(&config, text).unwrap();
        let (program, name) = Flavour::Ours.sentinel();
        let link = dir.join(name);
        std::os::unix::fs::symlink(fs::canonicalize(program).unwrap(), &link).unwrap();
        let output = fs::File::create(&log).unwrap();
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL"]).arg(link).arg(config).current_dir(dir);
        command.stdin(Stdio::null()).stdout(output.try_clone().unwrap()).stderr(output);
        let sentinel = Sentinel { addr, id, child: command.spawn().unwrap(), log };
        eventually(SOON, &format!("{addr} answers"), || {
            sentinel.ask("PING").map(|reply| reply.text() == "PONG")
        });
        sentinel
    }

    fn conn(&self) -> Conn {
        Conn::open_at(self.addr).unwrap_or_else(|error| panic!("{}: {error}", self.addr))
    }

    fn ask(&self, words: &str) -> std::io::Result<Frame> {
        Conn::open_at(self.addr)?.try_call(&words.split(' ').collect::<Vec<_>>())
    }

    fn cmd(&self, words: &str) -> Frame {
        self.ask(words).unwrap_or_else(|error| panic!("{}: {words}: {error}", self.addr))
    }
}

impl Drop for Sentinel {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = fs::read_to_string(&self.log).unwrap_or_default();
            eprintln!("--- log of {}\n{log}---", self.addr);
        }
    }
}

/// Master, its replica, the replica's replica, and the four sentinels.
struct Document {
    sentinels: Vec<Sentinel>,
    servers: Vec<Daemon>,
    scratch: Arc<Scratch>,
}

impl Document {
    fn start() -> Document {
        let scratch = Scratch::new();
        let mut servers = vec![Daemon::server(Flavour::Redis, &scratch, "")];
        for above in 0..2 {
            let config = format!("replicaof 127.0.0.1 {}", servers[above].port());
            servers.push(Daemon::server(Flavour::Redis, &scratch, &config));
            let replica = &servers[above + 1];
            eventually(SOON, "the chain replicates", || {
                replica.cmd("ROLE").items().get(3).is_some_and(|state| state.text() == "connected")
            });
        }
        let (ports, master) = ([free_port(), free_port()], servers[0].port());
        let mut sentinels = Vec::new();
        for ip in [[127, 0, 0, 1], [127, 0, 0, 2]] {
            for port in ports {
                let number = sentinels.len() + 1;
                sentinels.push(Sentinel::start(&scratch, number, SocketAddr::from((ip, port)), master));
            }
        }
        let document = Document { sentinels, servers, scratch };
        document.wait_known();
        document
    }

    /// All four know each other, each at its own address, and the first replica.
    fn wait_known(&self) {
        let mut expected: Vec<String> = self.sentinels.iter().map(|s| s.addr.to_string()).collect();
        expected.sort();
        for sentinel in &self.sentinels {
            eventually(SOON, &format!("{} knows the others", sentinel.addr), || {
                let others = sentinel.cmd(&format!("SENTINEL SENTINELS {NAME}")).items();
                let fields = others.iter().map(FrameExt::fields);
                let up = fields.filter(|f| f["flags"] == "sentinel");
                let mut seen: Vec<String> = up.map(|f| format!("{}:{}", f["ip"], f["port"])).collect();
                seen.push(sentinel.addr.to_string());
                seen.sort();
                let replicas = sentinel.cmd(&format!("SENTINEL SLAVES {NAME}")).items();
                let ready = replicas.iter().map(FrameExt::fields).any(|replica| {
                    replica["port"] == self.servers[1].port().to_string()
                        && replica["master-link-status"] == "ok"
                });
                if seen == expected && ready { Ok(()) } else { Err(format!("{seen:?}, replica: {ready}")) }
            });
        }
    }

    fn address(&self, sentinel: &Sentinel) -> Vec<String> {
        sentinel
            .cmd(&format!("SENTINEL get-master-addr-by-name {NAME}"))
            .items()
            .iter()
            .map(FrameExt::text)
            .collect()
    }

    fn wait_master(&self, port: u16) {
        for sentinel in &self.sentinels {
            eventually(SOON, &format!("{} names {port}", sentinel.addr), || {
                let address = self.address(sentinel);
                if address == ["127.0.0.1".to_owned(), port.to_string()] {
                    Ok(())
                } else {
                    Err(format!("{address:?}"))
                }
            });
        }
    }
}

#[test]
fn four_sentinels_on_two_addresses_carry_the_chain_through_a_failover() {
    let document = Document::start();
    let ids: Vec<String> = document.sentinels.iter().map(|s| s.cmd("SENTINEL MYID").text()).collect();
    let own: Vec<String> = document.sentinels.iter().map(|s| s.id.clone()).collect();
    assert_eq!(ids, own);
    document.servers[0].kill();
    // The first replica feeds the second: it is the only one of the master, so it is the one.
    document.wait_master(document.servers[1].port());
    for sentinel in &document.sentinels {
        let quorum = sentinel.cmd(&format!("SENTINEL CKQUORUM {NAME}")).text();
        assert_eq!(quorum, "OK 4 usable Sentinels. Quorum and failover authorization can be reached");
    }
    let middle = document.servers[1].port().to_string();
    eventually(SOON, "the end of the chain follows the promoted replica", || {
        let role: Vec<String> = document.servers[2].cmd("ROLE").items().iter().map(FrameExt::text).collect();
        if role[2..4] == [middle.clone(), "connected".to_owned()] { Ok(()) } else { Err(format!("{role:?}")) }
    });
    assert_eq!(document.servers[1].cmd("SET key value").text(), "OK");
    eventually(SOON, "the write reaches the end of the chain", || {
        document.servers[2].cmd("GET key").text() == "value"
    });
    document.servers[0].start();
    eventually(SOON, "the old master comes back as a replica", || {
        document.servers[0].cmd("ROLE").items().first().is_some_and(|role| role.text() == "slave")
    });
}

#[test]
fn shutdown_is_there_under_its_new_name_only() {
    let mut document = Document::start();
    let refused = document.sentinels[3].cmd("SHUTDOWN").text();
    assert!(refused.starts_with("ERR unknown command 'SHUTDOWN'"), "{refused}");
    let mut conn = document.sentinels[3].conn();
    conn.send(&["REDIS_SHUTDOWN"]).unwrap();
    assert!(conn.closed_within(SOON));
    let child = &mut document.sentinels[3].child;
    let status = eventually(SOON, "the process ends", || child.try_wait().unwrap());
    assert_eq!(status.code(), Some(0));
    // Its line survives every rewrite.
    let config = document.scratch.path().join("sentinel-4/sentinel.conf");
    let text = fs::read_to_string(config).unwrap();
    assert_eq!(text.matches("rename-command SHUTDOWN REDIS_SHUTDOWN").count(), 1, "{text}");
    assert!(text.contains(&format!("sentinel myid {}", document.sentinels[3].id)), "{text}");
    assert!(
        text.contains(&format!("sentinel known-replica {NAME} 127.0.0.1 {}", document.servers[1].port())),
        "{text}"
    );
    assert_eq!(text.matches("sentinel known-sentinel ").count(), 3, "{text}");
}

#[test]
fn the_nine_commands_of_the_documentation_answer() {
    let document = Document::start();
    let sentinel = &document.sentinels[0];
    let master = document.servers[0].port();
    let masters = sentinel.cmd("SENTINEL masters").items();
    assert_eq!(masters.len(), 1);
    assert_eq!(masters[0].fields()["name"], NAME);
    let fields = sentinel.cmd(&format!("SENTINEL master {NAME}")).fields();
    for (key, value) in [("port", master.to_string().as_str()), ("quorum", "2"), ("num-other-sentinels", "3")]
    {
        assert_eq!(fields[key], value, "{key}");
    }
    assert_eq!((fields["flags"].as_str(), fields["parallel-syncs"].as_str()), ("master", "1"));
    let replicas = sentinel.cmd(&format!("SENTINEL slaves {NAME}")).items();
    let first =
        replicas.iter().map(FrameExt::fields).find(|r| r["port"] == document.servers[1].port().to_string());
    let first = first.expect("the first replica is listed");
    assert_eq!(
        (first["flags"].as_str(), first["master-port"].as_str()),
        ("slave", master.to_string().as_str())
    );
    assert_eq!(document.address(sentinel), ["127.0.0.1".to_owned(), master.to_string()]);
    // MONITOR, SET, REMOVE of another group do not touch this one.
    let events = Recorder::with(sentinel.conn());
    let other = free_port();
    assert_eq!(sentinel.cmd(&format!("SENTINEL MONITOR other 127.0.0.1 {other} 1")).text(), "OK");
    assert_eq!(
        events.wait_channel(SOON, "+monitor").text,
        format!("master other 127.0.0.1 {other} quorum 1")
    );
    assert_eq!(sentinel.cmd("SENTINEL SET other down-after-milliseconds 1234 quorum 2").text(), "OK");
    let fields = sentinel.cmd("SENTINEL MASTER other").fields();
    assert_eq!((fields["down-after-milliseconds"].as_str(), fields["quorum"].as_str()), ("1234", "2"));
    assert_eq!(sentinel.cmd("SENTINEL REMOVE other").text(), "OK");
    assert_eq!(sentinel.cmd("SENTINEL REMOVE other").text(), "ERR No such master with that name");
    assert_eq!(sentinel.cmd("SENTINEL get-master-addr-by-name other"), Frame::Null);
    // RESET forgets the others and finds them again.
    assert_eq!(sentinel.cmd("SENTINEL reset my*").int(), Some(1));
    assert_eq!(sentinel.cmd("SENTINEL reset nothing*").int(), Some(0));
    events.wait_channel(SOON, "+reset-master");
    document.wait_known();
    // FAILOVER needs nobody's agreement.
    assert_eq!(sentinel.cmd(&format!("SENTINEL failover {NAME}")).text(), "OK");
    assert_eq!(
        sentinel.cmd(&format!("SENTINEL failover {NAME}")).text(),
        "INPROG Failover already in progress"
    );
    assert_eq!(sentinel.cmd("SENTINEL failover other").text(), "ERR No such master with that name");
    document.wait_master(document.servers[1].port());
    let switch = events.wait_channel(SOON, "+switch-master").text;
    assert_eq!(switch, format!("{NAME} 127.0.0.1 {master} 127.0.0.1 {}", document.servers[1].port()));
}
