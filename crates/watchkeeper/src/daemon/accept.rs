//! Accepting connections: one task per listener, one per connection for its TLS handshake and its life.
//!
//! `maxclients` is the core's; here is only the limit that protects the process: sockets beyond it are closed at once.

use std::io;
use std::os::fd::AsRawFd;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio_rustls::{TlsAcceptor, TlsStream};
use watchkeeper_core::LogLevel;
use watchkeeper_core::config::General;
use watchkeeper_core::io::{ClientAddr, Connected};

use super::connect::Stream;
use super::listen::Listeners;
use super::log::Logger;
use super::server::{Shared, Socket};
use super::strerror::strerror;

/// Sockets above `maxclients` that may be open: those being told that there are too many, or being closed.
const SPARE_SOCKETS: usize = 16;
/// How long a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Pause after the system refused to accept (no descriptors, no memory).
const REFUSED_PAUSE: Duration = Duration::from_millis(200);

/// What all accepting tasks know.
#[derive(Debug)]
struct Door {
    shared: Rc<Shared>,
    log: Arc<Logger>,
    most: usize,
    keepalive_s: u32,
}

/// Starts accepting on every listener.
pub(super) fn start(
    listeners: &mut Listeners,
    general: &General,
    shared: &Rc<Shared>,
    log: &Arc<Logger>,
) -> io::Result<()> {
    let door = Rc::new(Door {
        shared: Rc::clone(shared),
        log: Arc::clone(log),
        most: general.maxclients as usize + SPARE_SOCKETS,
        keepalive_s: general.tcp_keepalive_s,
    });
    for listener in std::mem::take(&mut listeners.tcp) {
        let listener = TcpListener::from_std(listener)?;
        tokio::task::spawn_local(accept_tcp(listener, None, Rc::clone(&door)));
    }
    for listener in std::mem::take(&mut listeners.tls) {
        let listener = TcpListener::from_std(listener)?;
        let config = listeners.contexts.as_ref().map(|contexts| Arc::clone(&contexts.server));
        let acceptor = TlsAcceptor::from(config.expect("a TLS port is only opened with TLS configured"));
        tokio::task::spawn_local(accept_tcp(listener, Some(acceptor), Rc::clone(&door)));
    }
    if let Some(unix) = &listeners.unix {
        let listener = UnixListener::from_std(unix.listener.try_clone()?)?;
        let path = unix.path.display().to_string();
        tokio::task::spawn_local(accept_unix(listener, path, Rc::clone(&door)));
    }
    Ok(())
}

async fn accept_tcp(listener: TcpListener, tls: Option<TlsAcceptor>, door: Rc<Door>) {
    let mut refused = false;
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                refused = false;
                door.log.line(LogLevel::Verbose, &format!("Accepted {peer}"));
                let Some(socket) = door.shared.admit(door.most) else { continue };
                let (tls, door) = (tls.clone(), Rc::clone(&door));
                tokio::task::spawn_local(async move {
                    // A connection that breaks this early has nobody to tell.
                    let _ = door.serve_tcp(stream, tls, socket).await;
                });
            }
            Err(e) => door.refused(&e, &mut refused).await,
        }
    }
}

async fn accept_unix(listener: UnixListener, path: String, door: Rc<Door>) {
    let mut refused = false;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                refused = false;
                door.log.line(LogLevel::Verbose, &format!("Accepted connection to {path}"));
                let Some(socket) = door.shared.admit(door.most) else { continue };
                let facts = unix_facts(&stream, &path);
                let shared = Rc::clone(&door.shared);
                tokio::task::spawn_local(async move {
                    shared.serve(Stream::Unix(stream), facts).await;
                    drop(socket);
                });
            }
            Err(e) => door.refused(&e, &mut refused).await,
        }
    }
}

fn unix_facts(stream: &UnixStream, path: &str) -> Connected {
    let addr = ClientAddr::Unix(path.to_owned());
    Connected { peer: addr.clone(), local: addr, fd: stream.as_raw_fd(), tls: false }
}

impl Door {
    async fn serve_tcp(&self, stream: TcpStream, tls: Option<TlsAcceptor>, socket: Socket) -> io::Result<()> {
        stream.set_nodelay(true)?;
        if self.keepalive_s > 0 {
            let idle = Duration::from_secs(self.keepalive_s.into());
            let between = Duration::from_secs((self.keepalive_s / 3).max(1).into());
            let keepalive = TcpKeepalive::new().with_time(idle).with_interval(between).with_retries(3);
            SockRef::from(&stream).set_tcp_keepalive(&keepalive)?;
        }
        let facts = Connected {
            peer: ClientAddr::Tcp(stream.peer_addr()?),
            local: ClientAddr::Tcp(stream.local_addr()?),
            fd: stream.as_raw_fd(),
            tls: tls.is_some(),
        };
        let stream = match tls {
            None => Stream::Tcp(stream),
            Some(acceptor) => {
                let shaken = tokio::time::timeout(HANDSHAKE, Box::pin(acceptor.accept(stream))).await;
                match shaken.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
                    Ok(stream) => Stream::Tls(Box::new(TlsStream::Server(stream))),
                    Err(e) => {
                        let text = format!("Error accepting a client connection: {}", strerror(&e));
                        self.log.line(LogLevel::Verbose, &text);
                        return Err(e);
                    }
                }
            }
        };
        Rc::clone(&self.shared).serve(stream, facts).await;
        drop(socket);
        Ok(())
    }

    /// Says so once per series of refusals, and pauses: a busy loop would not free descriptors.
    async fn refused(&self, error: &io::Error, refused: &mut bool) {
        if error.kind() == io::ErrorKind::ConnectionAborted {
            return;
        }
        if !*refused {
            let text = format!("Accepting client connection: accept: {}", strerror(error));
            self.log.line(LogLevel::Warning, &text);
        }
        *refused = true;
        tokio::time::sleep(REFUSED_PAUSE).await;
    }
}
