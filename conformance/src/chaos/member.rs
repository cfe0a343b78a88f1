//! One process on one host: a data server or a sentinel.
//!
//! Not [`crate::Daemon`]: that one lives on loopback and panics when something is wrong, which here is the daily bread.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::net::SocketAddr;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use watchkeeper_resp::Frame;

use super::net::Place;
use crate::binaries::Flavour;
use crate::conn::Conn;

const CONNECT: Duration = Duration::from_millis(500);
const ANSWER: Duration = Duration::from_millis(1000);

/// A process, whether it runs or not.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) flavour: Flavour,
    place: Arc<Place>,
    address: SocketAddr,
    dir: PathBuf,
    program: PathBuf,
    child: Option<Child>,
    stopped: bool,
    conn: Option<Conn>,
}

impl Member {
    /// Written, not started. `program` is the program and the name it is called by.
    pub(crate) fn new(
        flavour: Flavour,
        place: &Arc<Place>,
        port: u16,
        dir: &Path,
        (program, name): (PathBuf, &str),
        config: &str,
    ) -> Result<Member, String> {
        let failed = |error: std::io::Error| format!("`{}`: {error}", dir.display());
        fs::create_dir_all(dir).map_err(failed)?;
        fs::write(dir.join("daemon.conf"), config).map_err(failed)?;
        let link = dir.join(name);
        let program = fs::canonicalize(&program).map_err(|e| format!("`{}`: {e}", program.display()))?;
        let _ = fs::remove_file(&link);
        symlink(&program, &link).map_err(failed)?;
        Ok(Member {
            flavour,
            place: Arc::clone(place),
            address: place.at(port),
            dir: dir.to_path_buf(),
            program: link,
            child: None,
            stopped: false,
            conn: None,
        })
    }

    /// Starts it, if it does not run; waits for nothing. Dies with this program.
    pub(crate) fn start(&mut self) -> Result<(), String> {
        if self.child.is_some() {
            return Ok(());
        }
        let log = OpenOptions::new().create(true).append(true).open(self.log_path());
        let log = log.map_err(|error| error.to_string())?;
        let errors = log.try_clone().map_err(|error| error.to_string())?;
        let mut command = Command::new("setpriv");
        let argv: [OsString; 2] = [self.program.clone().into(), self.config_path().into()];
        command.args(["--pdeathsig", "KILL"]).args(argv).current_dir(&self.dir);
        command.stdin(Stdio::null()).stdout(log).stderr(errors);
        let child = self.place.run(move || command.spawn());
        self.child = Some(child.map_err(|error| format!("`setpriv`: {error}"))?);
        self.stopped = false;
        self.conn = None;
        Ok(())
    }

    /// kill -9, and gone when this returns.
    pub(crate) fn kill(&mut self) {
        self.conn = None;
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// SIGSTOP.
    pub(crate) fn stop(&mut self) {
        self.signal(Signal::STOP);
        self.stopped = self.child.is_some();
    }

    /// SIGCONT.
    pub(crate) fn cont(&mut self) {
        if self.stopped {
            self.signal(Signal::CONT);
            self.stopped = false;
        }
    }

    fn signal(&self, signal: Signal) {
        let pid =
            self.child.as_ref().and_then(|child| i32::try_from(child.id()).ok()).and_then(Pid::from_raw);
        if let Some(pid) = pid {
            let _ = kill_process(pid, signal);
        }
    }

    /// How it ended, if it ended by itself.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        let status = self.child.as_mut().and_then(|child| child.try_wait().ok().flatten());
        if status.is_some() {
            self.child = None;
        }
        status
    }

    /// Asks it on its own host, so that cuts do not matter. Keeps the connection.
    pub(crate) fn ask(&mut self, argv: &[&str]) -> Result<Frame, String> {
        for fresh in [false, true] {
            if fresh || self.conn.is_none() {
                self.conn = Some(self.connect()?);
            }
            let Some(conn) = &mut self.conn else { continue };
            match conn.try_call(argv) {
                Ok(reply) => return Ok(reply),
                Err(error) => {
                    self.conn = None;
                    if fresh {
                        return Err(error.to_string());
                    }
                }
            }
        }
        Err("no connection".to_owned())
    }

    /// A new connection, made on its own host.
    pub(crate) fn connect(&self) -> Result<Conn, String> {
        let address = self.address;
        let conn = self.place.run(move || Conn::open_within(address, CONNECT));
        let mut conn = conn.map_err(|error| error.to_string())?;
        conn.set_timeout(ANSWER);
        Ok(conn)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its directory.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where its configuration is.
    pub(crate) fn config_path(&self) -> PathBuf {
        self.dir.join("daemon.conf")
    }

    /// Its configuration now.
    pub(crate) fn config(&self) -> String {
        fs::read_to_string(self.config_path()).unwrap_or_default()
    }

    /// Where it logs to.
    pub(crate) fn log_path(&self) -> PathBuf {
        self.dir.join("daemon.log")
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.kill();
    }
}
