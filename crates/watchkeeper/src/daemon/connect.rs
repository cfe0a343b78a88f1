//! Opening one outgoing connection: source address, TCP, TLS, and the reason where it fails.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpSocket, TcpStream, UnixStream};
use tokio_rustls::{TlsConnector, TlsStream};
use watchkeeper_core::io::DownReason;

use super::strerror::strerror;

/// Any stream the daemon speaks on.
#[derive(Debug)]
pub(super) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// Where to and how.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) addr: SocketAddr,
    pub(super) source: Option<IpAddr>,
    pub(super) tls: Option<Arc<ClientConfig>>,
}

/// Connects. There is no time limit here: whoever waits gives up by dropping the future.
pub(super) async fn connect(target: &Target) -> Result<(Stream, SocketAddr), DownReason> {
    let stream = open(target).await.map_err(|e| down_reason(&e))?;
    let local = stream.local_addr().map_err(|e| down_reason(&e))?;
    // Without it small commands would wait for the answer to earlier ones; a socket that cannot is still a link.
    let _ = stream.set_nodelay(true);
    let Some(config) = &target.tls else {
        return Ok((Stream::Tcp(stream), local));
    };
    let name = ServerName::IpAddress(target.addr.ip().into());
    match TlsConnector::from(Arc::clone(config)).connect(name, stream).await {
        Ok(tls) => Ok((Stream::Tls(Box::new(TlsStream::Client(tls))), local)),
        Err(e) => Err(tls_reason(&e)),
    }
}

async fn open(target: &Target) -> io::Result<TcpStream> {
    if let Some(source) = target.source {
        // As Redis does: the source address is best effort.
        if let Ok(stream) = open_from(target.addr, Some(source)).await {
            return Ok(stream);
        }
    }
    open_from(target.addr, None).await
}

async fn open_from(addr: SocketAddr, source: Option<IpAddr>) -> io::Result<TcpStream> {
    let socket = if addr.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if let Some(source) = source {
        socket.set_reuseaddr(true)?;
        socket.bind(SocketAddr::new(source, 0))?;
    }
    socket.connect(addr).await
}

/// What an error says about the other side.
pub(super) fn down_reason(error: &io::Error) -> DownReason {
    use io::ErrorKind as K;
    #[expect(clippy::wildcard_enum_match_arm, reason = "a foreign enum that grows")]
    match error.kind() {
        K::ConnectionRefused => DownReason::Refused,
        K::ConnectionReset | K::BrokenPipe => DownReason::Reset,
        K::UnexpectedEof => DownReason::Closed,
        K::HostUnreachable | K::NetworkUnreachable | K::NetworkDown => DownReason::Unreachable,
        K::TimedOut => DownReason::TimedOut,
        K::InvalidData => DownReason::Tls(strerror(error)),
        _ => DownReason::Other(strerror(error)),
    }
}

fn tls_reason(error: &io::Error) -> DownReason {
    match down_reason(error) {
        DownReason::Other(text) | DownReason::Tls(text) => DownReason::Tls(text),
        DownReason::Closed => DownReason::Tls("closed during the handshake".into()),
        other @ (DownReason::Refused
        | DownReason::Reset
        | DownReason::Unreachable
        | DownReason::TimedOut
        | DownReason::Protocol(_)) => other,
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Tcp(s) => Pin::new(s).poll_read(cx, buf),
            Stream::Unix(s) => Pin::new(s).poll_read(cx, buf),
            Stream::Tls(s) => Pin::new(s).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Stream::Tcp(s) => Pin::new(s).poll_write(cx, bytes),
            Stream::Unix(s) => Pin::new(s).poll_write(cx, bytes),
            Stream::Tls(s) => Pin::new(s).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Tcp(s) => Pin::new(s).poll_flush(cx),
            Stream::Unix(s) => Pin::new(s).poll_flush(cx),
            Stream::Tls(s) => Pin::new(s).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Tcp(s) => Pin::new(s).poll_shutdown(cx),
            Stream::Unix(s) => Pin::new(s).poll_shutdown(cx),
            Stream::Tls(s) => Pin::new(s).poll_shutdown(cx),
        }
    }
}
