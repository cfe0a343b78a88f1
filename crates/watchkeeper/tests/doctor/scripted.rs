//! A deployment of scripted sentinels and servers, for what real ones can't be made to show in a moment: old entries,
//! clocks, versions, foreign hosts, slowness.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use watchkeeper_resp::{Frame, FrameDecoder};

use crate::stage::{NAME, Seen};

type Fields = BTreeMap<&'static str, String>;

/// Half of it sentinels, half of it servers.
#[derive(Clone, Default)]
struct World {
    /// INFO of each process, by name
    info: BTreeMap<&'static str, Fields>,
    /// SENTINEL MASTERS of each sentinel
    masters: BTreeMap<&'static str, Fields>,
    /// SENTINEL REPLICAS of all sentinels
    replicas: Vec<Fields>,
    /// one that does not know the last of them
    ignorant: &'static str,
    /// SENTINEL SENTINELS of each sentinel
    peers: BTreeMap<&'static str, Vec<Fields>>,
    /// milliseconds that a clock is ahead
    ahead: BTreeMap<&'static str, i64>,
    /// before each answer
    delay: Duration,
}

/// The sentinels and servers that run.
struct Players {
    at: BTreeMap<&'static str, SocketAddr>,
    world: Arc<Mutex<World>>,
}

const SENTINELS: [&str; 3] = ["sentinel-1", "sentinel-2", "sentinel-3"];
const SERVERS: [&str; 3] = ["server-1", "server-2", "server-3"];

fn fields(pairs: &[(&'static str, &str)]) -> Fields {
    pairs.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
}

fn id(name: &str) -> String {
    format!("{name:0<40}")
}

impl Players {
    /// Each on a host of its own.
    fn start() -> Players {
        let world = Arc::new(Mutex::new(World::default()));
        let mut at = BTreeMap::new();
        for (number, name) in SENTINELS.into_iter().chain(SERVERS).enumerate() {
            let host = 1 + number % 3;
            let listener =
                TcpListener::bind(SocketAddr::from(([127, 3, 0, u8::try_from(host).unwrap()], 0))).unwrap();
            at.insert(name, listener.local_addr().unwrap());
            let world = Arc::clone(&world);
            std::thread::spawn(move || {
                for stream in listener.incoming().map_while(Result::ok) {
                    let world = Arc::clone(&world);
                    std::thread::spawn(move || serve(stream, name, &world));
                }
            });
        }
        Players { at, world }
    }

    fn place(&self, name: &str) -> Fields {
        let at = self.at[name];
        fields(&[("ip", &at.ip().to_string()), ("port", &at.port().to_string())])
    }

    /// A deployment in which all is well.
    fn well(&self) -> World {
        let mut world = World::default();
        let master = self.at["server-1"];
        for name in SENTINELS {
            world.info.insert(
                name,
                fields(&[("redis_mode", "sentinel"), ("redis_version", "7.0.15"), ("run_id", name)]),
            );
            let mut group = self.place("server-1");
            group.extend(fields(&[
                ("name", NAME),
                ("flags", "master"),
                ("config-epoch", "3"),
                ("quorum", "2"),
                ("num-other-sentinels", "2"),
                ("down-after-milliseconds", "2000"),
                ("failover-timeout", "10000"),
                ("parallel-syncs", "1"),
            ]));
            world.masters.insert(name, group);
            let others = SENTINELS.into_iter().filter(|other| *other != name).map(|other| {
                let mut entry = self.place(other);
                entry.extend(fields(&[("flags", "sentinel"), ("runid", &id(other))]));
                entry
            });
            world.peers.insert(name, others.collect());
        }
        for (number, name) in SERVERS.into_iter().enumerate() {
            let mut info = fields(&[
                ("redis_version", "7.0.15"),
                ("run_id", name),
                ("loading", "0"),
                ("aof_enabled", "1"),
                ("config_file", "/etc/redis.conf"),
                ("master_replid", "one"),
                ("master_replid2", "zero"),
                ("master_repl_offset", "1000"),
                ("repl_backlog_size", "1048576"),
            ]);
            if number == 0 {
                info.extend(fields(&[("role", "master"), ("min_slaves_good_slaves", "2")]));
                for (field, replica) in [("slave0", "server-2"), ("slave1", "server-3")] {
                    let at = self.at[replica];
                    info.insert(
                        field,
                        format!("ip={},port={},state=online,offset=1000,lag=0", at.ip(), at.port()),
                    );
                }
            } else {
                info.extend(fields(&[
                    ("role", "slave"),
                    ("master_link_status", "up"),
                    ("slave_priority", "100"),
                    ("slave_read_only", "1"),
                    ("slave_repl_offset", "1000"),
                    ("master_host", &master.ip().to_string()),
                    ("master_port", &master.port().to_string()),
                ]));
                let mut entry = self.place(name);
                entry.extend(fields(&[("flags", "slave")]));
                world.replicas.push(entry);
            }
            world.info.insert(name, info);
        }
        world
    }

    /// Makes it wrong, and asks the doctor.
    fn finds(&self, expected: &[&str], wrong: impl FnOnce(&mut World)) -> Seen {
        let mut world = self.well();
        wrong(&mut world);
        *self.world.lock().unwrap() = world;
        let seen = Seen::by(&[&self.at["sentinel-1"].to_string()]);
        let wanted: BTreeSet<String> = expected.iter().map(|one| (*one).to_owned()).collect();
        assert_eq!(seen.codes, wanted, "{}", seen.text);
        seen
    }
}

fn serve(mut stream: TcpStream, name: &'static str, world: &Mutex<World>) {
    let mut decoder = FrameDecoder::new(1 << 20);
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        decoder.feed(&buffer[..count]);
        while let Ok(Some(Frame::Array(words))) = decoder.next() {
            let words: Vec<String> = words
                .iter()
                .map(|word| {
                    if let Frame::Bulk(word) = word {
                        String::from_utf8_lossy(word).into_owned()
                    } else {
                        String::new()
                    }
                })
                .collect();
            let world = world.lock().unwrap().clone();
            std::thread::sleep(world.delay); // the time itself is tested
            let mut out = Vec::new();
            watchkeeper_resp::encode::frame(&mut out, &answer(&words.join(" "), name, &world));
            if stream.write_all(&out).is_err() {
                return;
            }
        }
    }
}

fn answer(words: &str, name: &str, world: &World) -> Frame {
    let bulk = |text: &str| Frame::Bulk(text.into());
    let simple = |text: &str| Frame::Simple(text.into());
    let map = |fields: &Fields| {
        Frame::Array(fields.iter().flat_map(|(name, value)| [bulk(name), bulk(value)]).collect())
    };
    let list = |all: &[Fields]| Frame::Array(all.iter().map(map).collect());
    match words {
        "SENTINEL MYID" => bulk(&id(name)),
        "SENTINEL MASTERS" => Frame::Array(world.masters.get(name).iter().map(|group| map(group)).collect()),
        "CONFIG GET *" => {
            Frame::Array(["save", "3600 1", "requirepass", "", "masterauth", ""].map(bulk).into())
        }
        "EXEC" => Frame::Error("ERR EXEC without MULTI".into()),
        "MULTI" => simple("OK"),
        "PING" => simple("QUEUED"),
        _ if words.starts_with("INFO") => {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros();
            let now = i64::try_from(now).unwrap() + 1000 * world.ahead.get(name).unwrap_or(&0);
            let lines = world.info[name].iter().map(|(field, value)| format!("{field}:{value}\r\n"));
            bulk(&(lines.collect::<String>() + &format!("server_time_usec:{now}\r\n")))
        }
        _ if words.starts_with("SENTINEL SLAVES") => {
            let unknown = usize::from(name == world.ignorant);
            list(&world.replicas[..world.replicas.len() - unknown])
        }
        _ if words.starts_with("SENTINEL SENTINELS") => list(&world.peers[name]),
        _ if words.starts_with("SENTINEL CKQUORUM") => simple("OK 3 usable Sentinels."),
        _ if words.starts_with("SENTINEL") || words.starts_with("ACL") => {
            Frame::Error("ERR unknown command".into())
        }
        _ => simple("QUEUED"),
    }
}

pub(crate) fn run() {
    let players = Players::start();
    let set = |of: &mut Fields, name: &'static str, value: &str| drop(of.insert(name, value.to_owned()));
    let seen = players.finds(&[], |_| {});
    assert_eq!(seen.status, 0);

    players.finds(&["WK214 warning", "WK220 note", "WK270 warning", "WK271 note"], |world| {
        set(world.masters.get_mut("sentinel-2").unwrap(), "config-epoch", "2");
        set(world.masters.get_mut("sentinel-3").unwrap(), "flags", "master,failover_in_progress");
        set(world.info.get_mut("sentinel-3").unwrap(), "redis_version", "6.2.0");
        world.ahead.insert("server-2", -61_000);
    });
    // An entry that has lost its address, one at whose address another answers, one that is not there.
    players.finds(&["WK217 warning", "WK218 warning", "WK228 note", "WK230 critical"], |world| {
        let stale = fields(&[
            ("ip", "127.3.0.9"),
            ("port", "0"),
            ("flags", "s_down,sentinel"),
            ("runid", &id("gone")),
        ]);
        world.peers.get_mut("sentinel-1").unwrap().push(stale);
        set(world.masters.get_mut("sentinel-1").unwrap(), "num-other-sentinels", "3");
        world.peers.get_mut("sentinel-3").unwrap().remove(0);
    });
    players.finds(&["WK217 warning", "WK228 note"], |world| {
        let mut moved = world.peers["sentinel-1"][0].clone();
        set(&mut moved, "runid", &id("moved"));
        world.peers.get_mut("sentinel-1").unwrap().push(moved);
    });
    players.finds(&["WK247 warning", "WK261 warning", "WK264 note", "WK272 warning"], |world| {
        let gone = [
            ("ip", "127.3.0.9"),
            ("port", "1"),
            ("flags", "s_down,slave,disconnected"),
            ("s-down-time", "900000"),
        ];
        world.replicas.push(fields(&gone));
        set(world.info.get_mut("server-3").unwrap(), "loading", "1");
        set(world.info.get_mut("server-3").unwrap(), "config_file", "");
        set(world.info.get_mut("server-2").unwrap(), "redis_version", "6.2.14");
    });
    let seen = players.finds(&["WK246 warning"], |world| world.ignorant = "sentinel-2");
    assert!(seen.text.contains("is not known to 127.3.0.2"), "{}", seen.text);
    // Hosts: a real address beside those of loopback.
    players.finds(&["WK202 warning", "WK232 critical"], |world| {
        world.replicas.push(fields(&[("ip", "192.0.2.77"), ("port", "1"), ("flags", "slave")]));
    });
    players.finds(&["WK274 warning"], |world| {
        world.delay = Duration::from_millis(30);
        for group in world.masters.values_mut() {
            set(group, "down-after-milliseconds", "200");
        }
    });
}
