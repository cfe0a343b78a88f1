//! Many groups at once, and the sentinels that watch all of them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use watchkeeper_conformance::{Conn, Daemon, Flavour, FrameExt, Recorder, Scratch, eventually};

use crate::stat::millis;

/// How long anything that is waited for may take.
pub(crate) const DEADLINE: Duration = Duration::from_secs(120);

/// For data servers that are there in hundreds: little memory, little idle work. They start without a snapshot to read.
pub(crate) const SMALL: &str = "hz 1\ndynamic-hz no\nmaxclients 100\nrepl-backlog-size 16kb\ndatabases 1\n\
                                loglevel warning\nactiverehashing no";

/// Questions about a group, and how many groups are asked about at once.
const ASKED: [&str; 3] = ["MASTER", "REPLICAS", "SENTINELS"];
const BATCH: usize = 50;

/// What is set for every group.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// how many sentinels watch
    pub(crate) sentinels: usize,
    /// `down-after-milliseconds`
    pub(crate) down_after_ms: u64,
    /// `failover-timeout`
    pub(crate) failover_timeout_ms: u64,
    /// any other `sentinel OPTION GROUP VALUE` line
    pub(crate) options: Vec<(String, String)>,
}

impl Settings {
    /// Three sentinels.
    pub(crate) fn new(down_after_ms: u64, failover_timeout_ms: u64) -> Settings {
        Settings { sentinels: 3, down_after_ms, failover_timeout_ms, options: Vec::new() }
    }

    /// The lines of a group.
    pub(crate) fn lines(&self, name: &str, ip: &str, port: u16) -> String {
        let quorum = self.sentinels / 2 + 1;
        let mut text = format!("sentinel monitor {name} {ip} {port} {quorum}\n");
        text += &format!("sentinel down-after-milliseconds {name} {}\n", self.down_after_ms);
        text += &format!("sentinel failover-timeout {name} {}\n", self.failover_timeout_ms);
        for (option, value) in &self.options {
            text += &format!("sentinel {option} {name} {value}\n");
        }
        text
    }
}

/// The data servers of a group. The first began as master.
#[derive(Debug)]
pub(crate) struct Member {
    /// the group's name
    pub(crate) name: String,
    /// its data servers
    pub(crate) servers: Vec<Daemon>,
}

impl Member {
    /// The data server on `port`.
    pub(crate) fn server_at(&self, port: u16) -> &Daemon {
        let found = self.servers.iter().find(|server| server.port() == port);
        found.unwrap_or_else(|| panic!("{}: no data server on port {port}", self.name))
    }

    /// The server that says it is a master, when exactly one of those that run does.
    pub(crate) fn master(&self) -> Option<u16> {
        let role = |server: &&Daemon| {
            let said = server.try_conn().and_then(|mut conn| conn.try_call(&["ROLE"]));
            said.is_ok_and(|role| role.items().first().is_some_and(|kind| kind.text() == "master"))
        };
        let masters: Vec<&Daemon> = self.servers.iter().filter(|server| server.is_running()).collect();
        let masters: Vec<u16> = masters.into_iter().filter(role).map(Daemon::port).collect();
        if let [only] = masters.as_slice() { Some(*only) } else { None }
    }
}

/// Groups.
#[derive(Debug)]
pub(crate) struct Fleet {
    /// the groups
    pub(crate) members: Vec<Member>,
    scratch: Arc<Scratch>,
}

impl Fleet {
    /// Starts so many groups; every replica is in step when this returns.
    ///
    /// # Panics
    /// When a server does not come up.
    pub(crate) fn start(flavour: Flavour, groups: usize, replicas: usize, config: &str) -> Fleet {
        let scratch = Scratch::new();
        let spawn = |config: &str| {
            let server = Daemon::server_stopped(flavour, &scratch, config);
            server.spawn();
            server
        };
        let began = Instant::now();
        let mut members = Vec::new();
        for number in 0..groups {
            let mut servers = vec![spawn(config)];
            let follow = format!("{config}\nreplicaof 127.0.0.1 {}", servers[0].port());
            servers.extend((0..replicas).map(|_| spawn(&follow)));
            members.push(Member { name: format!("group-{number}"), servers });
        }
        for member in &members {
            member.servers.iter().for_each(Daemon::wait_answers);
            let (master, replicas) = member.servers.split_first().expect("a group has a master");
            replicas.iter().for_each(|replica| wait_follows(replica, master.port()));
        }
        println!("{groups} groups of {} servers up in {:.1} s", replicas + 1, began.elapsed().as_secs_f64());
        Fleet { members, scratch }
    }

    /// Sentinels that watch all groups at the masters they have now, and know each other and all replicas; not started.
    ///
    /// # Panics
    /// When a group has no master.
    pub(crate) fn prepare(&self, flavour: Flavour, settings: &Settings) -> Watch {
        let mut watched = Vec::new();
        for member in &self.members {
            let what = format!("{} has one master", member.name);
            let master = eventually(DEADLINE, &what, || member.master());
            let others = member.servers.iter().map(Daemon::port).filter(|port| *port != master);
            let (ip, replicas) = ("127.0.0.1".to_owned(), others.collect());
            watched.push(Watched { name: member.name.clone(), ip, port: master, replicas });
        }
        stopped(flavour, &self.scratch, settings, &watched)
    }

    /// As [`Fleet::prepare`], and starts them.
    pub(crate) fn watch(&self, flavour: Flavour, settings: &Settings) -> Watch {
        let watch = self.prepare(flavour, settings);
        watch.sentinels.iter().for_each(Daemon::start);
        watch
    }

    /// Waits until every sentinel knows all of every group, and says so.
    ///
    /// # Panics
    /// When it does not come to that.
    pub(crate) fn wait_settled(&self, watch: &Watch) {
        let began = Instant::now();
        let peers = watch.living().count() - 1;
        for sentinel in watch.living() {
            let mut missing: Vec<&Member> = self.members.iter().collect();
            let mut conn = sentinel.conn();
            eventually(DEADLINE, &format!("{} knows all groups", sentinel.label()), || {
                let mut reason = Ok(());
                let mut left = Vec::new();
                // Not one after the other: a busy sentinel takes a while for each answer, and there are thousands.
                for batch in missing.chunks(BATCH) {
                    for member in batch {
                        ASKED
                            .iter()
                            .try_for_each(|what| conn.send(&["SENTINEL", what, &member.name]))
                            .map_err(text)?;
                    }
                    for member in batch {
                        if let Err(error) = knows(&mut conn, member, peers)? {
                            reason = Err(format!("{}: {error}", member.name));
                            left.push(*member);
                        }
                    }
                }
                missing = left;
                reason
            });
        }
        println!("settled in {:.1} s", began.elapsed().as_secs_f64());
    }
}

/// What a sentinel's file says of a group.
#[derive(Debug, Clone)]
pub(crate) struct Watched {
    /// its name
    pub(crate) name: String,
    /// where its master is
    pub(crate) ip: String,
    /// the master's port
    pub(crate) port: u16,
    /// ports of replicas, on the same address
    pub(crate) replicas: Vec<u16>,
}

/// Sentinels with their files, not started. The files hold what sentinels find out in time: one that has watched for long
/// is to be measured, not one that gets to know everybody. (redis-sentinel writes its file for every peer of every group.)
pub(crate) fn stopped(
    flavour: Flavour,
    scratch: &Arc<Scratch>,
    settings: &Settings,
    groups: &[Watched],
) -> Watch {
    let stop = |_| Daemon::sentinel_stopped(flavour, scratch, "");
    let sentinels: Vec<Daemon> = (0..settings.sentinels).map(stop).collect();
    // As different as those a sentinel chooses.
    let id = |port: u16| {
        format!("{:016x}", u64::from(port).wrapping_mul(0x9e37_79b9_7f4a_7c15)).repeat(3)[..40].to_owned()
    };
    for sentinel in &sentinels {
        let mut text = format!("{}sentinel myid {}\n", sentinel.config(), id(sentinel.port()));
        for group in groups {
            let name = &group.name;
            text += &settings.lines(name, &group.ip, group.port);
            for replica in &group.replicas {
                text += &format!("sentinel known-replica {name} {} {replica}\n", group.ip);
            }
            for peer in sentinels.iter().map(Daemon::port).filter(|port| *port != sentinel.port()) {
                text += &format!("sentinel known-sentinel {name} 127.0.0.1 {peer} {}\n", id(peer));
            }
        }
        sentinel.write_config(&text);
    }
    Watch { sentinels }
}

/// Sentinels.
#[derive(Debug)]
pub(crate) struct Watch {
    /// in the order they were started
    pub(crate) sentinels: Vec<Daemon>,
}

impl Watch {
    /// Those whose process lives.
    pub(crate) fn living(&self) -> impl Iterator<Item = &Daemon> {
        self.sentinels.iter().filter(|sentinel| sentinel.is_running())
    }

    /// An event recorder at each.
    pub(crate) fn record(&self) -> Vec<Recorder> {
        self.sentinels.iter().map(|sentinel| Recorder::with(sentinel.conn())).collect()
    }

    /// Whether every living sentinel knows the whole group and finds it healthy.
    pub(crate) fn ready(&self, member: &Member) -> Result<(), String> {
        let peers = self.living().count() - 1;
        self.living().try_for_each(|sentinel| {
            let mut conn = sentinel.try_conn().map_err(text)?;
            ASKED.iter().try_for_each(|what| conn.send(&["SENTINEL", what, &member.name])).map_err(text)?;
            knows(&mut conn, member, peers)?
        })
    }
}

fn text(error: std::io::Error) -> String {
    error.to_string()
}

/// Reads the answers to [`ASKED`]; what is not as it should be with the group, if anything.
fn knows(conn: &mut Conn, member: &Member, peers: usize) -> Result<Result<(), String>, String> {
    type Fields = std::collections::BTreeMap<String, String>;
    let [master, replicas, sentinels] = [conn.read(), conn.read(), conn.read()];
    let master = master.map_err(text)?.frame.fields();
    let replicas: Vec<Fields> = replicas.map_err(text)?.frame.items().iter().map(FrameExt::fields).collect();
    let sentinels: Vec<Fields> =
        sentinels.map_err(text)?.frame.items().iter().map(FrameExt::fields).collect();
    if master.get("flags").is_none_or(|flags| flags != "master") {
        return Ok(Err(format!("master is {:?}", master.get("flags"))));
    }
    let whole = |fields: &&Fields| {
        let flags = fields.get("flags").map(String::as_str).unwrap_or_default();
        !flags.split(',').any(|flag| matches!(flag, "s_down" | "o_down" | "disconnected"))
    };
    let wanted = member.servers.iter().filter(|server| server.is_running()).count() - 1;
    let in_step = |fields: &&Fields| fields.get("master-link-status").is_some_and(|status| status == "ok");
    let up = replicas.iter().filter(whole).filter(in_step).count();
    if up < wanted {
        return Ok(Err(format!("{up} replicas up of {wanted}")));
    }
    let up = sentinels.iter().filter(whole).count();
    Ok(if up < peers { Err(format!("{up} other sentinels up of {peers}")) } else { Ok(()) })
}

/// Waits until a replica follows and is in step.
///
/// # Panics
/// When it does not come to that.
pub(crate) fn wait_follows(replica: &Daemon, master: u16) {
    eventually(DEADLINE, &format!("{} is in step", replica.label()), || {
        let role = replica.try_conn().and_then(|mut conn| {
            conn.set_timeout(millis(2000));
            conn.try_call(&["ROLE"])
        });
        let words: Vec<String> =
            role.map_err(|error| error.to_string())?.items().iter().map(FrameExt::text).collect();
        let port = master.to_string();
        match words.as_slice() {
            [kind, _, of, state, ..] if kind == "slave" && *of == port && state == "connected" => Ok(()),
            _ => Err(format!("role {words:?}")),
        }
    });
}
