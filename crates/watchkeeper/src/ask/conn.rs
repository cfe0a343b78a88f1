//! One connection to a server or sentinel: a question at a time, or a subscription. Every wait has an end.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::{ClientConfig, ClientConnection, StreamOwned};
use rustls_pki_types::{IpAddr, ServerName};
use watchkeeper_resp::{Frame, FrameDecoder, encode_command};

use super::endpoint::Endpoint;
use super::fields::text;
use super::reach::Login;
use crate::cli::lang::Lang;
use crate::daemon::strerror;

/// More than any answer asked for here, 10,000 groups of a sentinel included.
const ANSWER_BYTES_MAX: usize = 256 << 20;
/// Characters of an error answer that are kept.
const WORDS_MAX: usize = 400;
/// Said of a server that is asked as a sentinel; its mode is behind it.
const NO_SENTINEL: &str = "no sentinel, but a server in mode ";
/// Said of a sentinel that is asked as a data server.
const NO_SERVER: &str = "a sentinel, no data server";
/// The least time a socket is given to wait.
const TICK: Duration = Duration::from_millis(1);

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// no connection came about: the reason of the system
    Unreachable(String),
    /// connected, and silent for this many milliseconds
    Silent(u128),
    /// the other side closed or broke the connection
    Broken(String),
    /// what came is not this protocol
    Protocol(String),
    /// it answered with an error: the words of it
    Refused(String),
}

impl Failure {
    /// Refused with these words, which can be any: cleaned and cut.
    pub(super) fn refused(words: &[u8]) -> Failure {
        Failure::Refused(clean(&String::from_utf8_lossy(words)))
    }

    /// Whether it asked for a login, or refused the one that was given or its rights.
    pub fn is_login(&self) -> bool {
        let Failure::Refused(words) = self else { return false };
        ["NOAUTH", "WRONGPASS", "NOPERM", "ERR invalid password"].iter().any(|start| words.starts_with(start))
    }

    /// Of a server in this mode, where a sentinel was expected.
    pub(super) fn no_sentinel(mode: &str) -> Failure {
        let mode = if mode.is_empty() { "?".to_owned() } else { clean(mode) };
        Failure::Protocol(format!("{NO_SENTINEL}`{mode}`"))
    }

    /// The mode of a server that answered where a sentinel was expected.
    pub fn other_mode(&self) -> Option<&str> {
        let Failure::Protocol(why) = self else { return None };
        Some(why.strip_prefix(NO_SENTINEL)?.trim_matches('`'))
    }

    /// Of a sentinel, where a data server was expected.
    pub(crate) fn no_server() -> Failure {
        Failure::Protocol(NO_SERVER.to_owned())
    }

    /// Whether a sentinel answered where a data server was expected.
    pub fn is_sentinel(&self) -> bool {
        matches!(self, Failure::Protocol(why) if why == NO_SERVER)
    }

    /// Whether it may be that TLS is spoken there: Redis breaks a connection that does not begin so, others send an alert.
    pub fn may_be_tls(&self) -> bool {
        match self {
            Failure::Broken(_) => true,
            Failure::Protocol(why) => why.ends_with(r"`\x15`"),
            Failure::Unreachable(_) | Failure::Silent(_) | Failure::Refused(_) => false,
        }
    }

    /// For people.
    pub fn told(&self, lang: Lang) -> String {
        if lang == Lang::En {
            return self.to_string();
        }
        if let Some(mode) = self.other_mode() {
            return format!("不是哨兵，而是模式为 `{mode}` 的服务器");
        }
        if self.is_sentinel() {
            return "它是哨兵，不是数据服务器".to_owned();
        }
        match self {
            Failure::Unreachable(why) => format!("无法连接：{}", crate::said::told(why, lang)),
            Failure::Silent(ms) => format!("{ms} 毫秒内没有应答"),
            Failure::Broken(why) => format!("连接中断：{}", crate::said::told(why, lang)),
            Failure::Protocol(why) => format!("协议不符：{}", crate::said::told(why, lang)),
            Failure::Refused(words) => format!("应答为 `{words}`"),
        }
    }
}

/// Words of another program as they can be shown: nothing in them commands the terminal, and they end.
pub(super) fn clean(words: &str) -> String {
    cut(crate::explain::plain(words), WORDS_MAX)
}

/// The first characters.
pub(super) fn cut(mut text: String, most: usize) -> String {
    if let Some((end, _)) = text.char_indices().nth(most) {
        text.truncate(end);
        text.push('…');
    }
    text
}

/// Whether these are the words for a password where there is none at all (before 6.0, and since). Nothing is refused with
/// them: whoever connects is let in. Sentinels take no notice of it either.
pub(crate) fn has_no_password(words: &str) -> bool {
    let words = words.trim_start_matches('-');
    words.starts_with("ERR Client sent AUTH, but no password is set")
        || words.starts_with("ERR AUTH") && words.contains("without any password configured")
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Unreachable(why) | Failure::Broken(why) | Failure::Protocol(why) => f.write_str(why),
            Failure::Silent(ms) => write!(f, "no answer within {ms} ms"),
            Failure::Refused(words) => write!(f, "`{words}`"),
        }
    }
}

impl std::error::Error for Failure {}

/// Bytes in the clear or not.
enum Stream {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Stream {
    fn tcp(&self) -> &TcpStream {
        match self {
            Stream::Plain(tcp) => tcp,
            Stream::Tls(tls) => tls.get_ref(),
        }
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(tcp) => tcp.read(buffer),
            Stream::Tls(tls) => tls.read(buffer),
        }
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Stream::Plain(tcp) => tcp.write_all(bytes),
            Stream::Tls(tls) => tls.write_all(bytes),
        }
    }
}

/// A connection that is logged in.
pub struct Conn {
    stream: Stream,
    decoder: FrameDecoder,
    patience: Duration,
    open_to_all: bool,
}

impl fmt::Debug for Conn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conn").field("peer", &self.stream.tcp().peer_addr()).finish_non_exhaustive()
    }
}

impl Conn {
    /// Connects, and logs in with the password, if one is given; a server that has none itself lets us in without.
    /// `patience` bounds connecting and every answer.
    ///
    /// # Errors
    /// Why it did not come to that.
    pub fn open(
        at: &Endpoint,
        login: &Login,
        tls: Option<&Arc<ClientConfig>>,
        patience: Duration,
    ) -> Result<Conn, Failure> {
        let tcp = connect(at, patience)?;
        let stream = match tls {
            None => Stream::Plain(tcp),
            Some(config) => Stream::Tls(Box::new(secured(tcp, at, config)?)),
        };
        let mut conn =
            Conn { stream, decoder: FrameDecoder::new(ANSWER_BYTES_MAX), patience, open_to_all: false };
        if let Some(pass) = &login.pass {
            let user = login.user.iter().map(String::as_bytes);
            let argv: Vec<&[u8]> = [&b"AUTH"[..]].into_iter().chain(user).chain([pass.as_slice()]).collect();
            match conn.call(&argv) {
                Err(Failure::Refused(words)) if has_no_password(&words) => conn.open_to_all = true,
                Ok(_) => {}
                Err(other) => return Err(other),
            }
        }
        Ok(conn)
    }

    /// From here on, whatever is larger than this ends the connection. Nothing may be under way.
    pub(super) fn limit(&mut self, bytes: usize) {
        self.decoder = FrameDecoder::new(bytes);
    }

    /// Whether a password was given where there is none: whoever connects is let in.
    pub fn open_to_all(&self) -> bool {
        self.open_to_all
    }

    /// The answer to a command.
    ///
    /// # Errors
    /// An error answer is a [`Failure::Refused`].
    pub fn call<A: AsRef<[u8]>>(&mut self, argv: &[A]) -> Result<Frame, Failure> {
        self.send(argv)?;
        match self.receive(self.patience)? {
            Some(Frame::Error(words) | Frame::BulkError(words)) => Err(Failure::refused(&words)),
            Some(frame) => Ok(frame),
            None => Err(Failure::Silent(self.patience.as_millis())),
        }
    }

    /// The answer to a command whose answer is text.
    ///
    /// # Errors
    /// As [`Conn::call`].
    pub fn call_text(&mut self, argv: &[&str]) -> Result<String, Failure> {
        self.call(argv).map(|frame| text(&frame))
    }

    /// Sends a command without waiting for its answer.
    ///
    /// # Errors
    /// The connection is broken.
    pub fn send<A: AsRef<[u8]>>(&mut self, argv: &[A]) -> Result<(), Failure> {
        self.stream.write_all(&encode_command(argv)).map_err(|error| Failure::Broken(strerror(&error)))
    }

    /// The next frame, an error answer included; `None` when none came in this time.
    ///
    /// # Errors
    /// The connection is broken, or what came is no frame.
    pub fn receive(&mut self, wait: Duration) -> Result<Option<Frame>, Failure> {
        let until = Instant::now() + wait;
        let mut buffer = [0; 16 * 1024];
        loop {
            match self.decoder.next() {
                Ok(Some(frame)) => return Ok(Some(frame)),
                Ok(None) => {}
                Err(error) => return Err(Failure::Protocol(format!("not a Redis protocol: {error}"))),
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            let broken = |error: &io::Error| Failure::Broken(strerror(error));
            self.stream.tcp().set_read_timeout(Some(left.max(TICK))).map_err(|error| broken(&error))?;
            match self.stream.read(&mut buffer) {
                Ok(0) => return Err(Failure::Broken("the connection was closed by the other side".into())),
                Ok(count) => self.decoder.feed(&buffer[..count]),
                Err(error) if retried(error.kind()) => {}
                Err(error) => return Err(broken(&error)),
            }
        }
    }

    /// The certificate that the other side showed, in DER; none without TLS.
    pub fn peer_certificate(&self) -> Option<&[u8]> {
        match &self.stream {
            Stream::Plain(_) => None,
            Stream::Tls(tls) => tls.conn.peer_certificates()?.first().map(|certificate| &**certificate),
        }
    }

    /// The address of this end.
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.stream.tcp().local_addr().ok()
    }
}

/// Why a name means nothing, in the system's words.
pub(crate) fn unresolved(error: &io::Error) -> String {
    let why = strerror(error);
    why.strip_prefix("failed to lookup address information: ").map(str::to_owned).unwrap_or(why)
}

/// A wait that ended without anything, which is for the caller's clock to judge.
fn retried(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

fn connect(at: &Endpoint, patience: Duration) -> Result<TcpStream, Failure> {
    let unreachable = |error: io::Error| {
        let late = format!("no connection within {} ms", patience.as_millis());
        Failure::Unreachable(if error.kind() == ErrorKind::TimedOut { late } else { strerror(&error) })
    };
    let addrs = (at.host.as_str(), at.port).to_socket_addrs();
    let addrs = addrs.map_err(|error| {
        Failure::Unreachable(format!("the name does not resolve: {}", unresolved(&error)))
    })?;
    let mut failure = Failure::Unreachable("the name has no address".into());
    for addr in addrs {
        match TcpStream::connect_timeout(&addr, patience) {
            Ok(tcp) => {
                let ready = tcp
                    .set_nodelay(true)
                    .and_then(|()| tcp.set_read_timeout(Some(patience)))
                    .and_then(|()| tcp.set_write_timeout(Some(patience)));
                return ready.map(|()| tcp).map_err(unreachable);
            }
            Err(error) => failure = unreachable(error),
        }
    }
    Err(failure)
}

/// The handshake, done here so that its failure is told as such.
fn secured(
    mut tcp: TcpStream,
    at: &Endpoint,
    config: &Arc<ClientConfig>,
) -> Result<StreamOwned<ClientConnection, TcpStream>, Failure> {
    let broken = |error: &io::Error| {
        let why = if retried(error.kind()) { "no answer to it".to_owned() } else { strerror(error) };
        Failure::Unreachable(format!("the TLS handshake failed: {why}"))
    };
    let addr = tcp.peer_addr().map_err(|error| broken(&error))?;
    let name =
        ServerName::try_from(at.host.clone()).unwrap_or(ServerName::IpAddress(IpAddr::from(addr.ip())));
    let mut tls = ClientConnection::new(Arc::clone(config), name)
        .map_err(|error| Failure::Unreachable(format!("TLS: {error}")))?;
    while tls.is_handshaking() {
        tls.complete_io(&mut tcp).map_err(|error| broken(&error))?;
    }
    Ok(StreamOwned::new(tls, tcp))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    const PATIENCE: Duration = Duration::from_millis(200);

    fn open(at: &Endpoint, login: &Login) -> Result<Conn, Failure> {
        Conn::open(at, login, None, PATIENCE)
    }

    fn listener() -> (TcpListener, Endpoint) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        (listener, Endpoint::new("127.0.0.1", port))
    }

    #[test]
    fn a_port_where_nothing_listens_a_silent_one_and_a_strange_one_are_told_apart() {
        let (closed, at) = listener();
        drop(closed);
        assert!(matches!(open(&at, &Login::default()), Err(Failure::Unreachable(_))));

        // Connected by the system, never accepted: silence.
        let (_silent, at) = listener();
        let mut conn = open(&at, &Login::default()).unwrap();
        assert_eq!(conn.call(&["PING"]), Err(Failure::Silent(200)));

        let (strange, at) = listener();
        let server = std::thread::spawn(move || strange.accept().unwrap().0.write_all(b"HTTP/1.1 400\r\n"));
        let mut conn = open(&at, &Login::default()).unwrap();
        assert!(matches!(conn.call(&["PING"]), Err(Failure::Protocol(_) | Failure::Broken(_))));
        server.join().unwrap().unwrap();
    }

    /// What becomes of a login that is answered with this.
    fn answered(words: &'static str) -> Result<Conn, Failure> {
        let (server, at) = listener();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = server.accept().unwrap();
            let mut piece = [0; 256];
            let count = stream.read(&mut piece).unwrap();
            stream.write_all(words.as_bytes()).unwrap();
            piece[..count].to_vec()
        });
        let login = Login { user: Some("watch".into()), pass: Some(b"s3".to_vec()) };
        let conn = open(&at, &login);
        assert_eq!(server.join().unwrap(), encode_command(&["AUTH", "watch", "s3"]));
        conn
    }

    #[test]
    fn a_wrong_password_is_known_as_such() {
        assert!(answered("-WRONGPASS invalid username-password pair\r\n").unwrap_err().is_login());
        assert!(answered("-ERR invalid password\r\n").unwrap_err().is_login());
        assert!(!answered("+OK\r\n").unwrap().open_to_all());
    }

    #[test]
    fn a_server_without_a_password_lets_in_whoever_gives_one() {
        for words in [
            "-ERR AUTH <password> called without any password configured for the default user. Are you sure your \
             configuration is correct?\r\n",
            "-ERR Client sent AUTH, but no password is set\r\n",
        ] {
            assert!(answered(words).unwrap().open_to_all(), "{words}");
        }
        let other = answered("-ERR AUTH is not for you\r\n");
        assert_eq!(other.unwrap_err(), Failure::Refused("ERR AUTH is not for you".into()));
    }

    #[test]
    fn words_of_a_refusal_are_cleaned_and_cut() {
        assert_eq!(Failure::refused(b"ERR \x1b[2Jno\r"), Failure::Refused("ERR no".into()));
        let Failure::Refused(words) = Failure::refused("错".repeat(5000).as_bytes()) else { panic!() };
        assert_eq!(words.chars().count(), WORDS_MAX + 1);
    }

    #[test]
    fn failures_are_told_in_chinese() {
        let unreachable = |why: &str| Failure::Unreachable(why.into()).told(Lang::Zh);
        assert_eq!(unreachable("no connection within 200 ms"), "无法连接：200 毫秒内未能建立连接");
        assert_eq!(
            unreachable("the name does not resolve: Name or service not known"),
            "无法连接：主机名无法解析：没有这个主机名"
        );
        assert_eq!(unreachable("Connection refused"), "无法连接：连接被拒绝");
        assert_eq!(
            Failure::Broken("the connection was closed by the other side".into()).told(Lang::Zh),
            "连接中断：对方关闭了连接"
        );
    }
}
