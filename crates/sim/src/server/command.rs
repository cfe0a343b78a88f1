//! The commands a server knows: those of sentinels, and the few a writer needs.

use std::net::SocketAddr;
use std::sync::Arc;

use watchkeeper_resp::encode::{array_header, bulk, error, integer, null2, simple};

use crate::process::ConnId;

use super::Serving;
use super::clients::{Flow, Multi, Wait};
use super::history::{Command, Message};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Auth,
    Client,
    Config,
    Discard,
    Exec,
    Get,
    Hello,
    Info,
    Multi,
    Ping,
    Publish,
    Quit,
    ReplicaOf,
    Role,
    Script,
    Set,
    Subscribe,
    Unsubscribe,
    Wait,
}

/// A row of the table: name, verb, least words, most words, and when it is taken.
struct Row(&'static str, Verb, usize, usize, When);

/// When a command is taken that is not always taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    /// not while loading or busy
    Ready,
    /// not while busy
    Loading,
    /// not while loading
    Busy,
    /// always
    Always,
}

const MANY: usize = usize::MAX;

const TABLE: [Row; 20] = [
    Row("publish", Verb::Publish, 3, 3, When::Loading),
    Row("ping", Verb::Ping, 1, 2, When::Ready),
    Row("info", Verb::Info, 1, MANY, When::Loading),
    Row("set", Verb::Set, 3, 3, When::Ready),
    Row("get", Verb::Get, 2, 2, When::Ready),
    Row("wait", Verb::Wait, 3, 3, When::Ready),
    Row("client", Verb::Client, 2, MANY, When::Loading),
    Row("subscribe", Verb::Subscribe, 2, MANY, When::Loading),
    Row("unsubscribe", Verb::Unsubscribe, 1, MANY, When::Loading),
    Row("multi", Verb::Multi, 1, 1, When::Always),
    Row("exec", Verb::Exec, 1, 1, When::Loading),
    Row("discard", Verb::Discard, 1, 1, When::Always),
    Row("slaveof", Verb::ReplicaOf, 3, 3, When::Ready),
    Row("replicaof", Verb::ReplicaOf, 3, 3, When::Ready),
    Row("config", Verb::Config, 2, MANY, When::Loading),
    Row("script", Verb::Script, 2, MANY, When::Busy),
    Row("role", Verb::Role, 1, 1, When::Loading),
    Row("auth", Verb::Auth, 2, 3, When::Always),
    Row("hello", Verb::Hello, 1, MANY, When::Always),
    Row("quit", Verb::Quit, 1, MANY, When::Always),
];

const LOADING: &str = "LOADING Redis is loading the dataset in memory";
const BUSY: &str = "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.";

/// A command: its words.
type Argv = Vec<Vec<u8>>;

impl Serving<'_, '_> {
    /// Whether a script that blocks it can be killed; `None` if there is none.
    pub(super) fn busy(&self) -> Option<bool> {
        self.it.busy.filter(|(until, _)| *until > self.ctx.now()).map(|(_, killable)| killable)
    }

    pub(super) fn ping_reply(&self) -> &'static [u8] {
        if self.it.loading() {
            b"-LOADING Redis is loading the dataset in memory\r\n"
        } else if self.busy().is_some() {
            b"-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.\r\n"
        } else {
            b"+PONG\r\n"
        }
    }

    /// Handles one command of a client.
    pub(super) fn command(&mut self, conn: ConnId, argv: Argv, out: &mut Vec<u8>) -> Flow {
        let verb = self.accepts(conn, &argv);
        let Some(client) = self.it.clients.get_mut(&conn) else { return Flow::Stop };
        let verb = match verb {
            Ok(verb) => verb,
            Err(text) => {
                if let Some(multi) = &mut client.multi {
                    multi.spoiled = true;
                }
                let ends = argv[0].eq_ignore_ascii_case(b"exec");
                if ends && client.multi.take().is_some() {
                    error(out, &format!("EXECABORT Transaction discarded because of: {text}"));
                } else {
                    error(out, &text);
                }
                return Flow::Go;
            }
        };
        match (&mut client.multi, verb) {
            (None, Verb::Exec | Verb::Discard) => {
                error(out, &format!("ERR {} without MULTI", upper(&argv[0])));
                Flow::Go
            }
            (None, Verb::Multi) => {
                client.multi = Some(Multi::default());
                simple(out, "OK");
                Flow::Go
            }
            (None, _) => self.run(conn, verb, &argv, false, out),
            (Some(_), Verb::Multi) => {
                error(out, "ERR MULTI calls can not be nested");
                Flow::Go
            }
            (Some(_), Verb::Exec) => self.exec(conn, out),
            (Some(_), Verb::Discard) => {
                client.multi = None;
                simple(out, "OK");
                Flow::Go
            }
            (Some(multi), _) => {
                multi.queue.push(argv);
                simple(out, "QUEUED");
                Flow::Go
            }
        }
    }

    fn exec(&mut self, conn: ConnId, out: &mut Vec<u8>) -> Flow {
        let Some(client) = self.it.clients.get_mut(&conn) else { return Flow::Stop };
        let multi = client.multi.take().unwrap_or_default();
        if multi.spoiled {
            error(out, "EXECABORT Transaction discarded because of previous errors.");
            return Flow::Go;
        }
        array_header(out, multi.queue.len());
        for argv in multi.queue {
            match self.accepts(conn, &argv) {
                Ok(verb) => {
                    self.run(conn, verb, &argv, true, out);
                }
                Err(text) => error(out, &text),
            }
        }
        Flow::Go
    }

    /// What a command is, or why it is refused as things are.
    fn accepts(&self, conn: ConnId, argv: &[Vec<u8>]) -> Result<Verb, String> {
        let name = &argv[0][..];
        let Some(Row(name, verb, least, most, when)) =
            TABLE.iter().find(|row| row.0.as_bytes().eq_ignore_ascii_case(name))
        else {
            let args = argv[1..].iter().map(|arg| format!("'{}' ", String::from_utf8_lossy(arg)));
            let (name, args) = (String::from_utf8_lossy(name), args.collect::<String>());
            return Err(format!("ERR unknown command '{name}', with args beginning with: {args}"));
        };
        if argv.len() < *least || argv.len() > *most {
            return Err(format!("ERR wrong number of arguments for '{name}' command"));
        }
        if *verb == Verb::Set {
            self.accepts_writes()?;
        }
        let subscribed = self.it.clients.get(&conn).is_some_and(|client| !client.channels.is_empty());
        if subscribed && !matches!(verb, Verb::Subscribe | Verb::Unsubscribe | Verb::Ping | Verb::Quit) {
            return Err(format!(
                "ERR Can't execute '{name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are \
                 allowed in this context"
            ));
        }
        if self.it.loading() && !matches!(when, When::Loading | When::Always) {
            return Err(LOADING.to_owned());
        }
        if self.busy().is_some() && !matches!(when, When::Busy | When::Always) {
            return Err(BUSY.to_owned());
        }
        Ok(*verb)
    }

    fn accepts_writes(&self) -> Result<(), String> {
        if self.it.follows.is_some() {
            Err("READONLY You can't write against a read only replica.".to_owned())
        } else if !self.enough_replicas() {
            Err("NOREPLICAS Not enough good replicas to write.".to_owned())
        } else {
            Ok(())
        }
    }

    fn run(&mut self, conn: ConnId, verb: Verb, argv: &[Vec<u8>], in_exec: bool, out: &mut Vec<u8>) -> Flow {
        match verb {
            Verb::Auth => simple(out, "OK"),
            Verb::Client => self.client(conn, argv, out),
            Verb::Config => self.config(argv, out),
            Verb::Get => self.get(&argv[1], out),
            Verb::Hello => self.hello(argv, out),
            Verb::Info => self.info(out),
            Verb::Ping => self.ping(conn, argv, out),
            Verb::Publish => {
                let message = Message { channel: argv[1].clone(), text: argv[2].clone() };
                let count = self.deliver(&message);
                integer(out, count as i64);
                self.propagate(Command::Publish(Arc::new(message)));
            }
            Verb::Quit => {
                simple(out, "OK");
                self.reply(conn, std::mem::take(out));
                self.close_client(conn);
                return Flow::Stop;
            }
            Verb::ReplicaOf => self.replicaof(argv, out),
            Verb::Role => self.role(out),
            Verb::Script => self.script(argv, out),
            Verb::Set => self.set(conn, &argv[2], out),
            Verb::Subscribe => self.subscribe(conn, &argv[1..], out),
            Verb::Unsubscribe => self.unsubscribe(conn, &argv[1..], out),
            Verb::Wait => return self.wait(conn, argv, in_exec, out),
            // Answered before; in a transaction they can't be.
            Verb::Multi | Verb::Exec | Verb::Discard => {
                error(out, "ERR Command not allowed inside a transaction")
            }
        }
        Flow::Go
    }

    fn ping(&mut self, conn: ConnId, argv: &[Vec<u8>], out: &mut Vec<u8>) {
        let subscribed = self.it.clients.get(&conn).is_some_and(|client| !client.channels.is_empty());
        match (subscribed, argv.get(1)) {
            (true, text) => {
                array_header(out, 2);
                bulk(out, b"pong");
                bulk(out, text.map_or(&b""[..], |text| text));
            }
            (false, Some(text)) => bulk(out, text),
            (false, None) => simple(out, "PONG"),
        }
    }

    fn hello(&mut self, argv: &[Vec<u8>], out: &mut Vec<u8>) {
        if argv.get(1).is_some_and(|version| version != b"2") {
            return error(out, "NOPROTO unsupported protocol version");
        }
        array_header(out, 14);
        let role: &[u8] = if self.it.follows.is_some() { b"replica" } else { b"master" };
        for (key, value) in [(&b"server"[..], &b"redis"[..]), (b"version", b"7.0.15")] {
            bulk(out, key);
            bulk(out, value);
        }
        bulk(out, b"proto");
        integer(out, 2);
        bulk(out, b"id");
        integer(out, 1);
        for (key, value) in [(&b"mode"[..], &b"standalone"[..]), (b"role", role)] {
            bulk(out, key);
            bulk(out, value);
        }
        bulk(out, b"modules");
        array_header(out, 0);
    }

    fn replicaof(&mut self, argv: &[Vec<u8>], out: &mut Vec<u8>) {
        let no_one = argv[1].eq_ignore_ascii_case(b"no") && argv[2].eq_ignore_ascii_case(b"one");
        if no_one {
            self.follow(None);
            return simple(out, "OK");
        }
        let Some(master) = addr(&argv[1], &argv[2]) else { return error(out, "ERR Invalid master port") };
        if self.it.follows == Some(master) {
            return simple(out, "OK Already connected to specified master");
        }
        self.follow(Some(master));
        simple(out, "OK");
    }

    fn config(&mut self, argv: &[Vec<u8>], out: &mut Vec<u8>) {
        if argv[1].eq_ignore_ascii_case(b"get") {
            array_header(out, 0);
        } else if !argv[1].eq_ignore_ascii_case(b"rewrite") {
            error(out, &format!("ERR unknown subcommand '{}'. Try CONFIG HELP.", text(&argv[1])));
        } else if self.options.rewritable {
            *self.saved = Some(self.it.follows);
            simple(out, "OK");
        } else {
            error(out, "ERR The server is running without a config file");
        }
    }

    fn client(&mut self, conn: ConnId, argv: &[Vec<u8>], out: &mut Vec<u8>) {
        match (upper(&argv[1]).as_str(), argv.len()) {
            ("SETNAME" | "SETINFO", _) => simple(out, "OK"),
            ("GETNAME", _) => null2(out),
            ("ID", _) => integer(out, conn.0 as i64),
            ("KILL", 4) if argv[2].eq_ignore_ascii_case(b"type") => self.client_kill(conn, &argv[3], out),
            ("KILL", _) => error(out, "ERR syntax error"),
            (other, _) => error(out, &format!("ERR unknown subcommand '{other}'. Try CLIENT HELP.")),
        }
    }

    /// CLIENT KILL TYPE; whoever asks is spared.
    fn client_kill(&mut self, conn: ConnId, kind: &[u8], out: &mut Vec<u8>) {
        let doomed: Vec<ConnId> = match upper(kind).as_str() {
            wanted @ ("NORMAL" | "PUBSUB") => {
                let clients = self.it.clients.iter();
                let fits = clients.filter(|(_, client)| client.channels.is_empty() == (wanted == "NORMAL"));
                fits.map(|(id, _)| *id).filter(|id| *id != conn).collect()
            }
            "REPLICA" | "SLAVE" | "MASTER" => Vec::new(),
            other => return error(out, &format!("ERR Unknown client type '{}'", other.to_lowercase())),
        };
        integer(out, doomed.len() as i64);
        for id in doomed {
            self.close_client(id);
        }
    }

    fn script(&mut self, argv: &[Vec<u8>], out: &mut Vec<u8>) {
        if !argv[1].eq_ignore_ascii_case(b"kill") {
            return error(out, &format!("ERR unknown subcommand '{}'. Try SCRIPT HELP.", text(&argv[1])));
        }
        match self.busy() {
            None => error(out, "NOTBUSY No scripts in execution right now."),
            Some(false) => error(
                out,
                "UNKILLABLE Sorry the script already executed write commands against the dataset. You can either \
                 wait the script termination or kill the server in a hard way using the SHUTDOWN NOSAVE command.",
            ),
            Some(true) => {
                self.it.busy = None;
                simple(out, "OK");
            }
        }
    }

    // --- Data ---

    /// SET of any key: its value is the number that is kept.
    fn set(&mut self, conn: ConnId, value: &[u8], out: &mut Vec<u8>) {
        let Some(value) = std::str::from_utf8(value).ok().and_then(|value| value.parse().ok()) else {
            return error(out, "ERR only numbers are kept here");
        };
        self.store(value);
        self.propagate(Command::Write(value));
        let offset = self.it.history.offset;
        if let Some(client) = self.it.clients.get_mut(&conn) {
            client.written = offset;
        }
        simple(out, "OK");
    }

    /// GET of `k:<number>`.
    fn get(&mut self, key: &[u8], out: &mut Vec<u8>) {
        let number = text(key).strip_prefix("k:").and_then(|number| number.parse().ok());
        match number.filter(|number| self.values.contains(*number)) {
            Some(number) => bulk(out, number.to_string().as_bytes()),
            None => null2(out),
        }
    }

    fn wait(&mut self, conn: ConnId, argv: &[Vec<u8>], in_exec: bool, out: &mut Vec<u8>) -> Flow {
        let (Ok(wanted), Ok(timeout)) = (text(&argv[1]).parse::<u64>(), text(&argv[2]).parse::<u64>()) else {
            error(out, "ERR value is not an integer or out of range");
            return Flow::Go;
        };
        if self.it.follows.is_some() {
            error(out, "ERR WAIT cannot be used with replica instances.");
            return Flow::Go;
        }
        let Some(client) = self.it.clients.get_mut(&conn) else { return Flow::Stop };
        let offset = client.written;
        let acks = self.acks_of(offset);
        if acks >= wanted || in_exec {
            integer(out, acks as i64);
            return Flow::Go;
        }
        if let Some(client) = self.it.clients.get_mut(&conn) {
            client.blocked = true;
        }
        let until = (timeout > 0).then(|| self.ctx.now() + timeout * 1_000);
        self.it.waits.push(Wait { conn, offset, wanted, until });
        self.propagate(Command::GetAck);
        Flow::Stop
    }

    // --- Pubsub ---

    fn subscribe(&mut self, conn: ConnId, channels: &[Vec<u8>], out: &mut Vec<u8>) {
        let Some(client) = self.it.clients.get_mut(&conn) else { return };
        for channel in channels {
            if !client.channels.contains(channel) {
                client.channels.push(channel.clone());
            }
            array_header(out, 3);
            bulk(out, b"subscribe");
            bulk(out, channel);
            integer(out, client.channels.len() as i64);
        }
        if !self.it.subscribers.contains(&conn) {
            self.it.subscribers.push(conn);
        }
    }

    fn unsubscribe(&mut self, conn: ConnId, channels: &[Vec<u8>], out: &mut Vec<u8>) {
        let Some(client) = self.it.clients.get_mut(&conn) else { return };
        let channels = if channels.is_empty() { client.channels.clone() } else { channels.to_vec() };
        for channel in channels {
            client.channels.retain(|one| *one != channel);
            array_header(out, 3);
            bulk(out, b"unsubscribe");
            bulk(out, &channel);
            integer(out, client.channels.len() as i64);
        }
        if client.channels.is_empty() {
            self.it.subscribers.retain(|one| *one != conn);
        }
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or("")
}

fn upper(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).to_uppercase()
}

fn addr(host: &[u8], port: &[u8]) -> Option<SocketAddr> {
    Some(SocketAddr::new(text(host).parse().ok()?, text(port).parse().ok()?))
}
