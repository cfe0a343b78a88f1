//! The sockets a sentinel listens on, opened before anything else happens so that a busy port refuses the start.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;

use rustix::io::Errno;
use socket2::{Domain, Protocol, Socket, Type};
use watchkeeper_core::LogLevel;
use watchkeeper_core::config::General;

use super::log::Logger;
use super::strerror::strerror;
use super::tls::{self, Contexts};

/// Everything listened on, and the TLS settings that go with it.
#[derive(Debug)]
pub struct Listeners {
    pub(super) tcp: Vec<TcpListener>,
    pub(super) tls: Vec<TcpListener>,
    pub(super) unix: Option<UnixSocket>,
    pub(super) contexts: Option<Contexts>,
    /// lines to log at level warning: optional addresses that do not exist, a short backlog
    pub warnings: Vec<String>,
}

/// A unix socket whose file goes when this goes.
#[derive(Debug)]
pub(super) struct UnixSocket {
    pub(super) path: PathBuf,
    pub(super) listener: UnixListener,
}

impl UnixSocket {
    /// Removes the file.
    pub(super) fn remove(&self, log: &Logger) {
        log.line(LogLevel::Notice, "Removing the unix socket file.");
        // Whoever removed it before us saved the work.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Why the process cannot listen: lines to log at level warning before it exits with status 1.
#[derive(Debug, PartialEq, Eq)]
pub struct BindError {
    /// what to log, in order
    pub lines: Vec<String>,
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines.join("\n"))
    }
}

impl std::error::Error for BindError {}

/// Sets TLS up and opens all listeners.
///
/// # Errors
///
/// TLS is badly configured, an address cannot be used, or nothing is listened on.
pub fn bind(general: &General) -> Result<Listeners, BindError> {
    let contexts = tls::contexts(&general.tls).map_err(|reason| BindError {
        lines: vec![reason, "Failed to configure TLS. Check logs for more info.".into()],
    })?;
    let mut warnings = Vec::new();
    warnings.extend(backlog_warning(general.tcp_backlog));
    warnings.extend(tls::without_effect(general));
    let tcp = listen_port(general, general.port, "TCP", &mut warnings)?;
    let tls = listen_port(general, general.tls.port, "TLS", &mut warnings)?;
    let unix = match &general.unixsocket {
        None => None,
        Some(path) => Some(listen_unix(path, general).map_err(|e| {
            warnings.push(format!("Failed opening Unix socket: {e}"));
            BindError { lines: std::mem::take(&mut warnings) }
        })?),
    };
    if tcp.is_empty() && tls.is_empty() && unix.is_none() {
        warnings.push("Configured to not listen anywhere, exiting.".into());
        return Err(BindError { lines: warnings });
    }
    Ok(Listeners { tcp, tls, unix, contexts, warnings })
}

fn listen_port(
    general: &General,
    port: u16,
    kind: &str,
    warnings: &mut Vec<String>,
) -> Result<Vec<TcpListener>, BindError> {
    let mut listeners = Vec::new();
    if port == 0 {
        return Ok(listeners);
    }
    for word in general.bind.iter().filter(|word| !word.is_empty()) {
        let (optional, host) = match word.strip_prefix('-') {
            Some(host) => (true, host),
            None => (false, word.as_str()),
        };
        match listen_tcp(host, port, general.tcp_backlog) {
            Ok(listener) => listeners.push(listener),
            Err(error) => {
                let text = "Warning: Could not create server TCP listening socket";
                warnings.push(format!("{text} {host}:{port}: {error}"));
                if !error.may_be_skipped(optional) {
                    warnings.push(format!("Failed listening on port {port} ({kind}), aborting."));
                    return Err(BindError { lines: std::mem::take(warnings) });
                }
            }
        }
    }
    Ok(listeners)
}

/// A step of opening a socket that failed.
#[derive(Debug, thiserror::Error)]
#[error("{step}{}", strerror(.error))]
struct ListenError {
    step: &'static str,
    #[source]
    error: io::Error,
}

impl ListenError {
    /// An optional address that this machine does not have, or a protocol that it does not speak.
    fn may_be_skipped(&self, optional: bool) -> bool {
        let unsupported = [
            Errno::NOPROTOOPT,
            Errno::PROTONOSUPPORT,
            Errno::SOCKTNOSUPPORT,
            Errno::PFNOSUPPORT,
            Errno::AFNOSUPPORT,
        ];
        let code = self.error.raw_os_error().map(Errno::from_raw_os_error);
        code.is_some_and(|code| unsupported.contains(&code) || optional && code == Errno::ADDRNOTAVAIL)
    }
}

fn step(step: &'static str) -> impl FnOnce(io::Error) -> ListenError {
    move |error| ListenError { step, error }
}

fn listen_tcp(host: &str, port: u16, backlog: u32) -> Result<TcpListener, ListenError> {
    let addr = listen_addr(host, port).map_err(step(""))?;
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))
        .map_err(step("socket: "))?;
    if addr.is_ipv6() {
        socket.set_only_v6(true).map_err(step("setsockopt: "))?;
    }
    socket.set_reuse_address(true).map_err(step("setsockopt SO_REUSEADDR: "))?;
    socket.set_nonblocking(true).map_err(step("fcntl: "))?;
    socket.bind(&addr.into()).map_err(step("bind: "))?;
    socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX)).map_err(step("listen: "))?;
    Ok(socket.into())
}

fn listen_addr(host: &str, port: u16) -> io::Result<SocketAddr> {
    let host = match host {
        "*" => "0.0.0.0",
        "::*" => "::",
        other => other,
    };
    // With a colon it is an IPv6 address, anything else is IPv4: that is how Redis reads `bind`.
    let wants_v6 = host.contains(':');
    let found = (host, port).to_socket_addrs()?.find(|addr| addr.is_ipv6() == wants_v6);
    found.ok_or_else(|| io::Error::other("Name or service not known"))
}

fn listen_unix(path: &str, general: &General) -> Result<UnixSocket, ListenError> {
    // A socket left behind by a process that was killed. Anything else that is in the way stays, and bind complains.
    if std::fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket()) {
        let _ = std::fs::remove_file(path);
    }
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None).map_err(step("socket: "))?;
    let addr = socket2::SockAddr::unix(path).map_err(step("bind: "))?;
    socket.bind(&addr).map_err(step("bind: "))?;
    if general.unixsocketperm != 0 {
        let mode = std::fs::Permissions::from_mode(general.unixsocketperm);
        std::fs::set_permissions(path, mode).map_err(step("chmod: "))?;
    }
    socket.set_nonblocking(true).map_err(step("fcntl: "))?;
    let backlog = i32::try_from(general.tcp_backlog).unwrap_or(i32::MAX);
    socket.listen(backlog).map_err(step("listen: "))?;
    Ok(UnixSocket { path: path.into(), listener: socket.into() })
}

fn backlog_warning(backlog: u32) -> Option<String> {
    let text = std::fs::read_to_string("/proc/sys/net/core/somaxconn").ok()?;
    let most: u32 = text.trim().parse().ok()?;
    (most < backlog).then(|| {
        format!("`tcp-backlog {backlog}` cannot be had: /proc/sys/net/core/somaxconn allows {most} at most.")
    })
}

#[cfg(test)]
mod tests;
