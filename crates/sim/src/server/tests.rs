//! What a server answers, by its exact bytes.

use std::net::SocketAddr;

use watchkeeper_resp::encode_command;

use super::*;
use crate::disk::Disk;
use crate::process::Body;
use crate::time::Clock;
use crate::world::World;

const CLIENT: ConnId = ConnId(1_000_000);

/// One server in a world, with a client whose answers are looked at instead of sent.
struct Bench {
    world: World,
}

impl Bench {
    fn new(options: ServerOptions) -> Bench {
        let mut world = World::new(1, false);
        let addr = SocketAddr::from(([10, 0, 0, 1], 6379));
        world.add_host(addr.ip(), Clock::new(0, 0));
        let body = Body::Server(Box::new(Server::new(options)));
        let who = world.add_process("redis-1", addr, Disk::default(), body);
        world.start(who);
        let mut bench = Bench { world };
        bench.with(|it| it.accept(CLIENT));
        bench
    }

    fn server(&mut self) -> &mut Server {
        let Body::Server(server) = &mut self.world.bodies[0] else { panic!("not a server") };
        server
    }

    fn with<T>(&mut self, work: impl FnOnce(&mut Serving<'_, '_>) -> T) -> T {
        let World { fabric, bodies } = &mut self.world;
        let Body::Server(server) = &mut bodies[0] else { panic!("not a server") };
        let mut ctx = Ctx { fabric, me: crate::process::ProcId(0) };
        work(&mut Serving {
            it: server.running.as_mut().unwrap(),
            options: &server.options,
            values: &mut server.values,
            saved: &mut server.saved,
            slowness_us: 0,
            ctx: &mut ctx,
        })
    }

    fn says(&mut self, line: &str) -> String {
        let argv: Vec<Vec<u8>> = line.split(' ').map(|word| word.as_bytes().to_vec()).collect();
        let mut out = Vec::new();
        self.with(|it| it.command(CLIENT, argv, &mut out));
        String::from_utf8(out).unwrap()
    }
}

#[test]
fn simple_commands() {
    let mut it = Bench::new(ServerOptions::default());
    for (line, answer) in [
        ("PING", "+PONG\r\n"),
        ("ping hello", "$5\r\nhello\r\n"),
        ("NONSENSE 1 2", "-ERR unknown command 'NONSENSE', with args beginning with: '1' '2' \r\n"),
        ("GET", "-ERR wrong number of arguments for 'get' command\r\n"),
        ("SET k:7 7", "+OK\r\n"),
        ("GET k:7", "$1\r\n7\r\n"),
        ("GET k:8", "$-1\r\n"),
        ("WAIT 0 100", ":0\r\n"),
        ("CLIENT SETNAME me", "+OK\r\n"),
        ("SCRIPT KILL", "-NOTBUSY No scripts in execution right now.\r\n"),
        ("ROLE", "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n"),
        ("PUBLISH c text", ":0\r\n"),
        ("EXEC", "-ERR EXEC without MULTI\r\n"),
        ("SUBSCRIBE c", "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n"),
        ("PING", "*2\r\n$4\r\npong\r\n$0\r\n\r\n"),
        (
            "PUBLISH c text",
            "-ERR Can't execute 'publish': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context\r\n",
        ),
        ("UNSUBSCRIBE", "*3\r\n$11\r\nunsubscribe\r\n$1\r\nc\r\n:0\r\n"),
    ] {
        assert_eq!(it.says(line), answer, "{line}");
    }
}

#[test]
fn the_block_by_which_sentinels_change_roles() {
    let mut it = Bench::new(ServerOptions::default());
    let queue =
        ["SLAVEOF 10.0.0.9 6379", "CONFIG REWRITE", "CLIENT KILL TYPE normal", "CLIENT KILL TYPE pubsub"];
    it.with(|it| it.accept(ConnId(1_000_001)));
    assert_eq!(it.says("MULTI"), "+OK\r\n");
    for line in queue {
        assert_eq!(it.says(line), "+QUEUED\r\n");
    }
    assert_eq!(it.says("EXEC"), "*4\r\n+OK\r\n+OK\r\n:1\r\n:0\r\n");
    assert_eq!(it.server().follows(), Some(SocketAddr::from(([10, 0, 0, 9], 6379))));
    assert_eq!(it.says("SET k:1 1"), "-READONLY You can't write against a read only replica.\r\n");
    assert_eq!(it.says("SLAVEOF 10.0.0.9 6379"), "+OK Already connected to specified master\r\n");
    let (old, offset) = (it.server().replid(), it.server().offset());
    assert_eq!(it.says("REPLICAOF NO ONE"), "+OK\r\n");
    assert!(it.server().is_master());
    let info = it.says("INFO");
    assert!(info.contains("role:master\r\n"), "{info}");
    assert!(info.contains(&format!("master_replid2:{old:?}\r\n")), "{info}");
    assert!(info.contains(&format!("second_repl_offset:{}\r\n", offset + 1)), "{info}");
}

#[test]
fn a_busy_or_loading_server_refuses_most_and_transactions_with_it() {
    let mut it = Bench::new(ServerOptions::default());
    it.server().set_busy_for_good(Time::secs(10));
    let busy = "-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.\r\n";
    assert_eq!(it.says("PING"), busy);
    assert_eq!(it.says("INFO"), busy);
    assert!(it.says("SCRIPT KILL").starts_with("-UNKILLABLE"));
    assert_eq!(it.says("MULTI"), "+OK\r\n");
    assert_eq!(it.says("SLAVEOF NO ONE"), busy);
    assert!(it.says("EXEC").starts_with("-EXECABORT Transaction discarded because of: BUSY"));
    it.server().set_busy(Time::secs(10));
    assert_eq!(it.says("SCRIPT KILL"), "+OK\r\n");
    assert_eq!(it.says("PING"), "+PONG\r\n");

    let mut it = Bench::new(ServerOptions { loading_us: 1_000_000, ..ServerOptions::default() });
    assert_eq!(it.says("PING"), "-LOADING Redis is loading the dataset in memory\r\n");
    assert!(it.says("INFO").contains("loading:1\r\n"));
    it.world.run(Time::secs(2));
    assert_eq!(it.says("PING"), "+PONG\r\n");
}

#[test]
fn a_write_without_replicas_is_refused_where_some_are_required() {
    let mut it = Bench::new(ServerOptions { min_replicas: 1, ..ServerOptions::default() });
    assert_eq!(it.says("SET k:1 1"), "-NOREPLICAS Not enough good replicas to write.\r\n");
    assert!(it.server().values().is_empty());
}

#[test]
fn bytes_of_the_stream_count_as_in_redis() {
    let mut history = History::new(&mut watchkeeper_core::rng::Rng::new(1));
    history.keep_backlog();
    for value in [0, 9, 10, 1_234_567, 12_345_678, 123_456_789, 1_234_567_890, 1 << 60] {
        let command = encode_command(&["SET".to_owned(), format!("k:{value}"), value.to_string()]);
        let item = history.place(Command::Write(value));
        assert_eq!(item.end - item.start, command.len() as u64, "{value}");
        history.append(&item, 60);
    }
    let rest = |offset| history.rest(history.id, offset).map(|items| items.len());
    assert_eq!(rest(history.offset), Some(0));
    assert_eq!(rest(0), None, "the backlog is not that long");
}
