//! Starting, stopping and hurting one process.
//!
//! Every process is started by one thread that lives as long as the program, because the kernel's "die with
//! your parent" is about the thread that forked, not the process.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::binaries::Flavour;
use crate::conn::{Conn, FrameExt};
use crate::ports::free_port;
use crate::wait::eventually;

/// How long a process may take to answer its first PING, or to end after SIGTERM.
pub const START_DEADLINE: Duration = Duration::from_secs(30);

/// A directory that is removed when the last user drops it, kept when a test fails or `$KEEP_SCRATCH` is set.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
}

impl Scratch {
    /// A new empty directory.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn new() -> Arc<Scratch> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("watchkeeper-test-{}-{count}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a temporary directory can be made");
        Arc::new(Scratch { path })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if std::thread::panicking() || std::env::var_os("KEEP_SCRATCH").is_some() {
            eprintln!("kept: {}", self.path.display());
        } else {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// A data server or a sentinel: its program, its directory, its configuration file, and whether it runs.
///
/// Methods take `&self`, so that a test can hurt one member of a group while it looks at another.
#[derive(Debug)]
pub struct Daemon {
    label: String,
    flavour: Flavour,
    port: u16,
    dir: PathBuf,
    argv: Vec<OsString>,
    password: Mutex<Option<String>>,
    child: Mutex<Option<Child>>,
    _scratch: Arc<Scratch>,
}

impl Daemon {
    /// Starts a data server on a free port. `config` is appended to a minimal configuration
    /// (`port`, `dir`, no snapshots). Waits until it answers PING.
    ///
    /// # Panics
    /// When it does not start.
    pub fn server(flavour: Flavour, scratch: &Arc<Scratch>, config: &str) -> Daemon {
        let daemon = Daemon::server_stopped(flavour, scratch, config);
        daemon.start();
        daemon
    }

    /// As [`Daemon::server`], written but not started: many are to start at once.
    pub fn server_stopped(flavour: Flavour, scratch: &Arc<Scratch>, config: &str) -> Daemon {
        let port = free_port();
        let daemon = Daemon::prepare(flavour, scratch, port, flavour.server(), "server");
        let text = format!(
            "port {port}\ndir \"{}\"\nsave \"\"\nrepl-diskless-sync-delay 0\n{config}\n",
            daemon.dir.display()
        );
        daemon.write_config(&text);
        daemon
    }

    /// Starts a sentinel on a free port. `config` is appended to `port` and `dir` lines. Waits until it
    /// answers PING.
    ///
    /// # Panics
    /// When it does not start.
    pub fn sentinel(flavour: Flavour, scratch: &Arc<Scratch>, config: &str) -> Daemon {
        let daemon = Daemon::sentinel_stopped(flavour, scratch, config);
        daemon.start();
        daemon
    }

    /// As [`Daemon::sentinel`], written but not started: the test wants to look at the start itself.
    pub fn sentinel_stopped(flavour: Flavour, scratch: &Arc<Scratch>, config: &str) -> Daemon {
        let port = free_port();
        let daemon = Daemon::prepare(flavour, scratch, port, flavour.sentinel(), "sentinel");
        let text = format!("port {port}\ndir \"{}\"\n{config}\n", daemon.dir.display());
        daemon.write_config(&text);
        daemon
    }

    /// A sentinel of another flavour on the same port with the same directory and configuration file.
    /// The present one must not run.
    ///
    /// # Panics
    /// When the present one still runs.
    pub fn become_flavour(self, flavour: Flavour) -> Daemon {
        assert!(!self.is_running(), "{} still runs", self.label);
        let (program, name) = flavour.sentinel();
        let mut other = Daemon {
            label: format!("{:?} sentinel {}", flavour, self.port).to_lowercase(),
            flavour,
            port: self.port,
            dir: self.dir.clone(),
            argv: Vec::new(),
            password: Mutex::new(self.password()),
            child: Mutex::new(None),
            _scratch: Arc::clone(&self._scratch),
        };
        other.argv = vec![link(&self.dir, &program, name).into(), other.config_path().into()];
        other
    }

    fn prepare(
        flavour: Flavour,
        scratch: &Arc<Scratch>,
        port: u16,
        (program, name): (PathBuf, &'static str),
        what: &str,
    ) -> Daemon {
        let dir = scratch.path().join(format!("{what}-{port}"));
        fs::create_dir_all(&dir).expect("a directory for the process can be made");
        let config = dir.join("daemon.conf");
        Daemon {
            label: format!("{flavour:?} {what} {port}").to_lowercase(),
            flavour,
            port,
            argv: vec![link(&dir, &program, name).into(), config.into()],
            dir,
            password: Mutex::new(None),
            child: Mutex::new(None),
            _scratch: Arc::clone(scratch),
        }
    }

    /// The password [`Daemon::conn`] and the wait for the first answer authenticate with.
    pub fn set_password(&self, password: &str) {
        *self.password.lock().unwrap_or_else(PoisonError::into_inner) = Some(password.to_owned());
    }

    fn password(&self) -> Option<String> {
        self.password.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn child(&self) -> MutexGuard<'_, Option<Child>> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds words to the command line, for the next start.
    pub fn add_args(&mut self, args: &[&str]) {
        self.argv.extend(args.iter().map(OsString::from));
    }

    /// Puts words before the command line, for the next start. What they run has to become the program itself.
    pub fn run_by(&mut self, words: &[&str]) {
        self.argv.splice(0..0, words.iter().map(OsString::from));
    }

    /// Starts it (it must not run) and waits until it answers. Any RESP reply to PING counts, an error too.
    ///
    /// # Panics
    /// When it ends early or does not answer within [`START_DEADLINE`]; its log is printed.
    pub fn start(&self) {
        self.spawn();
        self.wait_answers();
    }

    /// Waits until a started process answers.
    ///
    /// # Panics
    /// As [`Daemon::start`].
    pub fn wait_answers(&self) {
        eventually(START_DEADLINE, &format!("{} answers PING", self.label), || {
            if !self.is_running() {
                panic!("{} ended at once; its log:\n{}", self.label, self.log());
            }
            let mut conn = Conn::open(self.port).map_err(|e| e.to_string())?;
            conn.set_timeout(Duration::from_secs(2));
            let reply = conn.try_call(&["PING"]).map_err(|e| e.to_string())?;
            if reply.text().starts_with("LOADING") { Err(reply.text()) } else { Ok(()) }
        });
    }

    /// Starts it without waiting for anything.
    ///
    /// # Panics
    /// When it runs already, or the program cannot be executed.
    pub fn spawn(&self) {
        let mut child = self.child();
        assert!(child.is_none(), "{} runs already", self.label);
        let log = OpenOptions::new().create(true).append(true).open(self.log_path());
        let log = log.expect("the log can be opened");
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL"]).args(&self.argv).current_dir(&self.dir);
        command.stdin(Stdio::null()).stdout(duplicate(&log)).stderr(log);
        *child = Some(spawn_for_life(command));
    }

    /// A new connection, authenticated if a password is set.
    ///
    /// # Panics
    /// When it does not listen.
    pub fn conn(&self) -> Conn {
        self.try_conn().unwrap_or_else(|error| panic!("{}: {error}", self.label))
    }

    /// As [`Daemon::conn`].
    ///
    /// # Errors
    /// When it does not listen or does not answer.
    pub fn try_conn(&self) -> std::io::Result<Conn> {
        let mut conn = Conn::open(self.port)?;
        if let Some(password) = self.password() {
            conn.try_call(&["AUTH", &password])?;
        }
        Ok(conn)
    }

    /// One command (words separated by blanks) on a connection of its own.
    ///
    /// # Panics
    /// When it does not answer.
    pub fn cmd(&self, words: &str) -> watchkeeper_resp::Frame {
        self.conn().cmd(words)
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whose program it runs.
    pub fn flavour(&self) -> Flavour {
        self.flavour
    }

    /// A name for messages, such as `redis sentinel 20001`.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Its working directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Its process id, if it runs.
    pub fn pid(&self) -> Option<u32> {
        self.child().as_ref().map(Child::id)
    }

    /// True while the process lives (also when stopped by SIGSTOP).
    pub fn is_running(&self) -> bool {
        self.child().as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// Where the configuration file is.
    pub fn config_path(&self) -> PathBuf {
        self.dir.join("daemon.conf")
    }

    /// The configuration file's text now.
    ///
    /// # Panics
    /// When it cannot be read.
    pub fn config(&self) -> String {
        fs::read_to_string(self.config_path()).expect("the configuration file can be read")
    }

    /// Replaces the configuration file.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write_config(&self, text: &str) {
        fs::write(self.config_path(), text).expect("the configuration file can be written");
    }

    /// Where stdout and stderr go.
    pub fn log_path(&self) -> PathBuf {
        self.dir.join("daemon.log")
    }

    /// Everything it logged so far.
    pub fn log(&self) -> String {
        fs::read(self.log_path()).map(|b| String::from_utf8_lossy(&b).into_owned()).unwrap_or_default()
    }

    /// `kill -9`, and gone when this returns. Nothing happens if it does not run.
    pub fn kill(&self) {
        if let Some(mut child) = self.child().take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// SIGTERM; returns the exit code once it has ended (`None`: ended by a signal).
    ///
    /// # Panics
    /// When it does not run or does not end within [`START_DEADLINE`].
    pub fn terminate(&self) -> Option<i32> {
        self.signal(Signal::TERM);
        self.wait_end(START_DEADLINE)
    }

    /// Waits for its end and returns the exit code (`None`: ended by a signal).
    ///
    /// # Panics
    /// When it still runs after `deadline`.
    pub fn wait_end(&self, deadline: Duration) -> Option<i32> {
        let status = eventually(deadline, &format!("{} ends", self.label), || {
            let mut slot = self.child();
            let child = slot.as_mut().expect("wait_end is called on a started process");
            child.try_wait().expect("our own child can be waited for")
        });
        *self.child() = None;
        status.code()
    }

    /// SIGSTOP: it lives, listens, and does nothing.
    pub fn pause(&self) {
        self.signal(Signal::STOP);
    }

    /// SIGCONT.
    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    /// Sends a signal.
    ///
    /// # Panics
    /// When it does not run.
    pub fn signal(&self, signal: Signal) {
        let pid = self.pid().and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw);
        let pid = pid.unwrap_or_else(|| panic!("{} does not run", self.label));
        let _ = kill_process(pid, signal);
    }

    /// `kill -9` (if it runs) and a new start with the same file.
    ///
    /// # Panics
    /// As [`Daemon::start`].
    pub fn restart(&self) {
        self.kill();
        self.start();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            let log = self.log();
            let tail: Vec<&str> = log.lines().rev().take(80).collect();
            let tail: Vec<&str> = tail.into_iter().rev().collect();
            eprintln!("--- log of {} (last 80 lines)\n{}\n---", self.label, tail.join("\n"));
        }
    }
}

/// Starts any program; it dies with this one, at the latest.
///
/// # Panics
/// When it cannot be executed.
pub fn spawn_helper<A: AsRef<std::ffi::OsStr>>(argv: &[A], prepare: impl FnOnce(&mut Command)) -> Child {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]).args(argv);
    prepare(&mut command);
    spawn_for_life(command)
}

fn duplicate(file: &File) -> File {
    file.try_clone().expect("a file descriptor can be duplicated")
}

/// Makes a link with the name the program is to be called by.
fn link(dir: &Path, program: &Path, name: &str) -> PathBuf {
    let path = dir.join(name);
    let program = fs::canonicalize(program).expect("the program exists");
    let _ = fs::remove_file(&path);
    std::os::unix::fs::symlink(program, &path).expect("a link can be made in our own directory");
    path
}

type Order = (Command, Sender<std::io::Result<Child>>);

fn spawn_for_life(command: Command) -> Child {
    static SPAWNER: OnceLock<Mutex<Sender<Order>>> = OnceLock::new();
    let spawner = SPAWNER.get_or_init(|| {
        let (orders, inbox) = channel::<Order>();
        std::thread::spawn(move || {
            for (mut command, answer) in inbox {
                let _ = answer.send(command.spawn());
            }
        });
        Mutex::new(orders)
    });
    let (answer, reply) = channel();
    let program = format!("{command:?}");
    let sender = spawner.lock().unwrap_or_else(PoisonError::into_inner);
    sender.send((command, answer)).expect("the spawning thread lives as long as the program");
    let spawned = reply.recv().expect("the spawning thread answers every order");
    spawned.unwrap_or_else(|error| panic!("cannot run {program}: {error}"))
}
