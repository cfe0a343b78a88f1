//! Telling the service manager that started us how far we are (`supervised`): systemd by datagrams, upstart by stopping
//! once. Without a manager every call does nothing.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use rustix::process::{Signal, getpid, kill_process};
use watchkeeper_core::{LogLevel, Persona};

use super::log::Logger;
use super::strerror;

/// How long a manager that does not read may hold us up.
const PATIENCE: Duration = Duration::from_secs(1);

/// What the environment says about a service manager.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// `NOTIFY_SOCKET`: systemd
    pub notify_socket: Option<OsString>,
    /// `UPSTART_JOB`: upstart
    pub upstart_job: Option<OsString>,
}

impl Environment {
    /// That of this process.
    pub fn of_process() -> Environment {
        Environment {
            notify_socket: std::env::var_os("NOTIFY_SOCKET"),
            upstart_job: std::env::var_os("UPSTART_JOB"),
        }
    }
}

/// The line to the service manager.
#[derive(Debug, Default)]
pub struct Notifier {
    manager: Manager,
}

#[derive(Debug, Default)]
enum Manager {
    #[default]
    None,
    Systemd {
        socket: UnixDatagram,
        address: SocketAddr,
    },
    Upstart,
}

impl Notifier {
    /// Finds the manager that `supervised` asks for, logs about it, and tells it that we are starting.
    pub fn find(supervised: &str, environment: &Environment, persona: Persona, log: &Logger) -> Notifier {
        let (systemd, upstart) = match supervised {
            "systemd" => (true, false),
            "upstart" => (false, true),
            // What the environment does not speak of is not asked for.
            "auto" => (environment.notify_socket.is_some(), environment.upstart_job.is_some()),
            _ => (false, false),
        };
        if upstart {
            return Notifier { manager: find_upstart(environment, log) };
        }
        if !systemd {
            return Notifier::default();
        }
        let notifier = Notifier { manager: find_systemd(environment, log) };
        notifier.send(match persona {
            Persona::Redis => "STATUS=Redis is loading...\n",
            Persona::Valkey => "STATUS=Valkey is loading...\n",
        });
        notifier
    }

    /// The name of the manager that was found: `systemd` or `upstart`.
    pub fn manager(&self) -> Option<&'static str> {
        match self.manager {
            Manager::None => None,
            Manager::Systemd { .. } => Some("systemd"),
            Manager::Upstart => Some("upstart"),
        }
    }

    /// We serve.
    pub fn ready(&self) {
        self.send("STATUS=Ready to accept connections\n");
        self.send("READY=1\n");
    }

    /// We are ending.
    pub fn stopping(&self) {
        self.send("STOPPING=1\n");
    }

    fn send(&self, text: &str) {
        match &self.manager {
            Manager::None | Manager::Upstart => {}
            // A manager that is gone cannot be helped; it has its own timeouts.
            Manager::Systemd { socket, address } => drop(socket.send_to_addr(text.as_bytes(), address)),
        }
    }
}

fn find_systemd(environment: &Environment, log: &Logger) -> Manager {
    let Some(name) = environment.notify_socket.as_deref().filter(|name| !name.is_empty()) else {
        log.line(LogLevel::Warning, "systemd supervision error: NOTIFY_SOCKET not found!");
        return Manager::None;
    };
    match open(name) {
        Ok((socket, address)) => {
            let advice = "Supervised by systemd. Please make sure you set appropriate values for \
                          TimeoutStartSec and TimeoutStopSec in your service unit.";
            log.line(LogLevel::Notice, advice);
            Manager::Systemd { socket, address }
        }
        Err(error) => {
            let text = format!(
                "systemd supervision error: NOTIFY_SOCKET `{}` cannot be used: {}",
                name.to_string_lossy(),
                strerror(&error)
            );
            log.line(LogLevel::Warning, &text);
            Manager::None
        }
    }
}

fn open(name: &OsStr) -> io::Result<(UnixDatagram, SocketAddr)> {
    // A leading `@` stands for the abstract namespace.
    let address = match name.as_bytes().split_first() {
        Some((b'@', rest)) => SocketAddr::from_abstract_name(rest)?,
        _ => SocketAddr::from_pathname(name)?,
    };
    let socket = UnixDatagram::unbound()?;
    socket.set_write_timeout(Some(PATIENCE))?;
    Ok((socket, address))
}

fn find_upstart(environment: &Environment, log: &Logger) -> Manager {
    if environment.upstart_job.is_none() {
        log.line(LogLevel::Warning, "upstart supervision requested, but UPSTART_JOB not found!");
        return Manager::None;
    }
    log.line(LogLevel::Notice, "supervised by upstart, will stop to signal readiness.");
    // Upstart continues us. Stopping ourselves cannot fail.
    let _ = kill_process(getpid(), Signal::STOP);
    Manager::Upstart
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hear(server: &UnixDatagram, count: usize) -> Vec<String> {
        server.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let mut buffer = [0; 200];
        (0..count)
            .map(|_| {
                let got = server.recv(&mut buffer).unwrap();
                String::from_utf8_lossy(&buffer[..got]).into_owned()
            })
            .collect()
    }

    fn find(supervised: &str, socket: Option<OsString>) -> Notifier {
        let environment = Environment { notify_socket: socket, upstart_job: None };
        Notifier::find(supervised, &environment, Persona::Redis, &Logger::stdout(LogLevel::Nothing))
    }

    const SAID: [&str; 4] =
        ["STATUS=Redis is loading...\n", "STATUS=Ready to accept connections\n", "READY=1\n", "STOPPING=1\n"];

    #[test]
    fn systemd_hears_every_step_on_a_path() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notify");
        let server = UnixDatagram::bind(&path).unwrap();
        let notifier = find("systemd", Some(path.into()));
        notifier.ready();
        notifier.stopping();
        assert_eq!(notifier.manager(), Some("systemd"));
        assert_eq!(hear(&server, 4), SAID);
    }

    #[test]
    fn systemd_hears_every_step_on_an_abstract_socket() {
        let name = format!("watchkeeper-test-{}", std::process::id());
        let server = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
        let notifier = find("auto", Some(format!("@{name}").into()));
        notifier.ready();
        notifier.stopping();
        assert_eq!(hear(&server, 4), SAID);
    }

    #[test]
    fn without_a_manager_nothing_is_supervised() {
        for mode in ["no", "auto", "systemd", "upstart"] {
            let notifier = find(mode, None);
            notifier.ready();
            assert_eq!(notifier.manager(), None, "{mode}");
        }
        assert_eq!(find("systemd", Some(OsString::new())).manager(), None);
    }
}
