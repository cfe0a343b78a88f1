//! Running one of the programs of `conformance/clients`: the contract is in the README there.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::binaries::{target_dir, workspace};
use crate::process::Daemon;
use crate::wait::eventually;

/// How long a program may take from SIGTERM to its summary: each may sit in a blocking call of its library.
const STOP_DEADLINE: Duration = Duration::from_secs(30);

/// A client that is run as a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Client {
    /// redis-py, blocking
    RedisPy,
    /// redis-py, asyncio
    RedisPyAsync,
    /// redis-rs
    RedisRs,
    /// redis-rb
    RedisRb,
    /// phpredis
    PhpRedis,
    /// Predis
    Predis,
    /// Perl's Redis.pm
    RedisPm,
    /// redigo with FZambia/sentinel
    Redigo,
}

impl Client {
    /// All of them.
    pub const ALL: [Client; 8] = [
        Client::RedisPy,
        Client::RedisPyAsync,
        Client::RedisRs,
        Client::RedisRb,
        Client::PhpRedis,
        Client::Predis,
        Client::RedisPm,
        Client::Redigo,
    ];

    fn command(self, redis_rs: &str) -> Command {
        let source = |path: &str| workspace().join("conformance/clients").join(path);
        let place = target_dir().join("clients");
        let run = |program: PathBuf, script: &str| {
            let mut command = Command::new(program);
            command.arg(source(script));
            command
        };
        let python = || place.join("venv/bin/python");
        match self {
            Client::RedisPy => run(python(), "python/sync.py"),
            Client::RedisPyAsync => run(python(), "python/aio.py"),
            Client::RedisRs => Command::new(redis_rs),
            Client::RedisRb => run("ruby".into(), "ruby/client.rb"),
            Client::PhpRedis => run("php".into(), "php/phpredis.php"),
            Client::Predis => run("php".into(), "php/predis.php"),
            Client::RedisPm => run("perl".into(), "perl/client.pl"),
            Client::Redigo => Command::new(place.join("go-client")),
        }
    }
}

/// A line a program printed, and when it arrived here.
#[derive(Debug, Clone)]
pub struct Line {
    /// when
    pub at: Instant,
    /// without the newline
    pub text: String,
}

/// What a program says of itself at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// accepted writes
    pub writes: u64,
    /// failed writes
    pub errors: u64,
    /// number of the last accepted write
    pub last: u64,
    /// longest time between two accepted writes
    pub gap: Duration,
}

/// A running client program; killed when dropped.
#[derive(Debug)]
pub struct ClientProgram {
    client: Client,
    child: Child,
    lines: Arc<Mutex<Vec<Line>>>,
}

impl ClientProgram {
    /// Starts `client` against these sentinels. `redis_rs` is the path of this crate's own `redis_rs_client`, which
    /// only a test knows (`env!("CARGO_BIN_EXE_redis_rs_client")`). Installs the clients first if need be.
    ///
    /// # Panics
    /// When the clients cannot be installed or the program cannot be executed.
    pub fn start(
        client: Client,
        redis_rs: &str,
        sentinels: &[Daemon],
        name: &str,
        credentials: Option<(&str, &str)>,
    ) -> ClientProgram {
        install();
        let addresses: Vec<_> = sentinels.iter().map(|s| format!("127.0.0.1:{}", s.port())).collect();
        let mut command = client.command(redis_rs);
        command.arg(addresses.join(",")).arg(name);
        if let Some((user, password)) = credentials {
            command.args([user, password]);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child =
            command.spawn().unwrap_or_else(|error| panic!("{client:?} cannot be started: {error}"));
        let output = child.stdout.take().expect("its output is piped");
        let lines: Arc<Mutex<Vec<Line>>> = Arc::default();
        let kept = Arc::clone(&lines);
        std::thread::spawn(move || {
            for text in BufReader::new(output).lines().map_while(Result::ok) {
                let line = Line { at: Instant::now(), text };
                kept.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
        });
        ClientProgram { client, child, lines }
    }

    /// The key it writes.
    pub fn key(&self) -> String {
        format!("client:{}", self.child.id())
    }

    /// Everything it printed so far.
    pub fn lines(&self) -> Vec<Line> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Everything it printed so far, as text.
    pub fn show(&self) -> String {
        let lines: Vec<String> = self.lines().into_iter().map(|line| line.text).collect();
        format!("{:?} printed:\n{}", self.client, lines.join("\n"))
    }

    /// Waits until it writes to `server`: until the counter there grows.
    ///
    /// # Panics
    /// When it does not within `deadline`, or the program has ended.
    pub fn wait_writing_to(&mut self, server: &Daemon, deadline: Duration) {
        let key = self.key();
        let mut first = None;
        eventually(deadline, &format!("{:?} writes to {}", self.client, server.label()), || {
            assert!(matches!(self.child.try_wait(), Ok(None)), "the program ended; {}", self.show());
            let reply = server.try_conn().and_then(|mut conn| conn.try_call(&["GET", &key]));
            let now = reply.map_err(|error| error.to_string())?;
            let now = crate::FrameExt::int(&now).ok_or("no value yet")?;
            let before = *first.get_or_insert(now);
            if now > before { Ok(()) } else { Err(format!("still {now}; {}", self.show())) }
        });
    }

    /// SIGTERM, and its summary.
    ///
    /// # Panics
    /// When it does not end, fails, or prints none.
    pub fn stop(mut self) -> Summary {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        let _ = kill_process(pid.expect("a child has a process id"), Signal::TERM);
        let status = eventually(STOP_DEADLINE, &format!("{:?} ends", self.client), || {
            self.child.try_wait().expect("our own child can be waited for")
        });
        assert!(status.success(), "{status}; {}", self.show());
        eventually(STOP_DEADLINE, "the summary is read", || self.summary().ok_or_else(|| self.show()))
    }

    fn summary(&self) -> Option<Summary> {
        let lines = self.lines();
        let text = lines.last()?.text.strip_prefix("summary ")?;
        let fields: BTreeMap<&str, u64> = text
            .split(' ')
            .filter_map(|field| field.split_once('=').and_then(|(k, v)| Some((k, v.parse().ok()?))))
            .collect();
        Some(Summary {
            writes: *fields.get("writes")?,
            errors: *fields.get("errors")?,
            last: *fields.get("last")?,
            gap: Duration::from_millis(*fields.get("gap_ms")?),
        })
    }
}

impl Drop for ClientProgram {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs `conformance/clients/install.sh`, once per test program.
fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let script = workspace().join("conformance/clients/install.sh");
        let output = Command::new(&script).arg(target_dir()).output();
        let output = output.unwrap_or_else(|error| panic!("`{}`: {error}", script.display()));
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "`{}` failed: {errors}", script.display());
    });
}
