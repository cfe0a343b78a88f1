//! A client's connection: any command or any bytes out, frames and the exact bytes in.
//!
//! It decodes replies itself, so that a mistake in the product's codec cannot hide itself here.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use watchkeeper_resp::Frame;

/// How long a reply may take unless [`Conn::set_timeout`] says otherwise.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// A reply and the bytes it came as (they tell `$-1`, `*-1` and `_` apart).
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// decoded
    pub frame: Frame,
    /// as it came
    pub raw: Vec<u8>,
}

/// One connection to a server or sentinel.
#[derive(Debug)]
pub struct Conn {
    stream: TcpStream,
    pending: Vec<u8>,
    timeout: Duration,
}

impl Conn {
    /// Connects to a port on 127.0.0.1.
    ///
    /// # Errors
    /// When nobody listens.
    pub fn open(port: u16) -> io::Result<Conn> {
        Conn::open_at(SocketAddr::from(([127, 0, 0, 1], port)))
    }

    /// Connects to any address.
    ///
    /// # Errors
    /// When nobody listens.
    pub fn open_at(addr: SocketAddr) -> io::Result<Conn> {
        Conn::open_within(addr, Duration::from_secs(5))
    }

    /// Connects to any address.
    ///
    /// # Errors
    /// When nobody listens, or nobody says so in time.
    pub fn open_within(addr: SocketAddr, timeout: Duration) -> io::Result<Conn> {
        let stream = TcpStream::connect_timeout(&addr, timeout)?;
        stream.set_nodelay(true)?;
        Ok(Conn { stream, pending: Vec::new(), timeout: DEFAULT_TIMEOUT })
    }

    /// Connects to a port on 127.0.0.1.
    ///
    /// # Panics
    /// When nobody listens.
    pub fn to(port: u16) -> Conn {
        Conn::open(port).unwrap_or_else(|error| panic!("cannot connect to port {port}: {error}"))
    }

    /// Changes how long [`Conn::read`] and everything built on it waits.
    pub fn set_timeout(&mut self, timeout: Duration) {
        self.timeout = timeout;
    }

    /// Sends a command as an array of bulk strings, or panics.
    ///
    /// # Panics
    /// When the connection fails or no reply comes in time.
    pub fn call<A: AsRef<[u8]>>(&mut self, argv: &[A]) -> Frame {
        self.try_call(argv).unwrap_or_else(|error| {
            let words: Vec<_> = argv.iter().map(|a| String::from_utf8_lossy(a.as_ref())).collect();
            panic!("`{}`: {error}", words.join(" "))
        })
    }

    /// Sends a command written as words separated by blanks and returns the reply.
    ///
    /// # Panics
    /// As [`Conn::call`].
    pub fn cmd(&mut self, words: &str) -> Frame {
        self.call(&words.split_whitespace().collect::<Vec<_>>())
    }

    /// Sends a command and waits for its reply.
    ///
    /// # Errors
    /// When the connection fails, ends, or no whole reply comes within the timeout.
    pub fn try_call<A: AsRef<[u8]>>(&mut self, argv: &[A]) -> io::Result<Frame> {
        self.send(argv)?;
        Ok(self.read()?.frame)
    }

    /// Sends a command without waiting for its reply.
    ///
    /// # Errors
    /// When the connection fails.
    pub fn send<A: AsRef<[u8]>>(&mut self, argv: &[A]) -> io::Result<()> {
        self.send_raw(&encode(argv))
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// When the connection fails.
    pub fn send_raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// The next reply or message.
    ///
    /// # Errors
    /// `UnexpectedEof` when the other side closed, `TimedOut` when nothing whole came in time,
    /// `InvalidData` when what came is no RESP.
    pub fn read(&mut self) -> io::Result<Reply> {
        self.read_within(self.timeout)
    }

    /// As [`Conn::read`] with a timeout of its own.
    ///
    /// # Errors
    /// As [`Conn::read`].
    pub fn read_within(&mut self, timeout: Duration) -> io::Result<Reply> {
        let end = Instant::now() + timeout;
        loop {
            if let Some((frame, used)) = decode(&self.pending)? {
                let raw = self.pending.drain(..used).collect();
                return Ok(Reply { frame, raw });
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let had = String::from_utf8_lossy(&self.pending).into_owned();
                let text = format!("no reply within {timeout:?} (had `{had}`)");
                return Err(io::Error::new(io::ErrorKind::TimedOut, text));
            }
            self.stream.set_read_timeout(Some(left))?;
            let mut buffer = [0; 16 * 1024];
            match self.stream.read(&mut buffer) {
                Ok(0) => {
                    return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "closed by the other side"));
                }
                Ok(n) => self.pending.extend_from_slice(&buffer[..n]),
                Err(error) if retry(&error) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// True once the other side has closed, without anything left unread.
    pub fn closed_within(&mut self, timeout: Duration) -> bool {
        match self.read_within(timeout) {
            Ok(_) => false,
            Err(error) => {
                matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset)
            }
        }
    }

    /// The local end's address, as CLIENT LIST shows it.
    ///
    /// # Errors
    /// When the socket is gone.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.stream.local_addr()
    }
}

fn retry(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

/// A command as an array of bulk strings.
pub fn encode<A: AsRef<[u8]>>(argv: &[A]) -> Vec<u8> {
    let mut out = format!("*{}\r\n", argv.len()).into_bytes();
    for arg in argv {
        let arg = arg.as_ref();
        out.extend_from_slice(format!("${}\r\n", arg.len()).as_bytes());
        out.extend_from_slice(arg);
        out.extend_from_slice(b"\r\n");
    }
    out
}

/// One frame at the front of `bytes` and its length, `None` if it is not whole yet.
///
/// # Errors
/// `InvalidData` when no frame can begin like this.
pub fn decode(bytes: &[u8]) -> io::Result<Option<(Frame, usize)>> {
    let mut at = 0;
    Ok(decode_at(bytes, &mut at)?.map(|frame| (frame, at)))
}

fn bad(text: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}

fn decode_at(bytes: &[u8], at: &mut usize) -> io::Result<Option<Frame>> {
    let rest = &bytes[*at..];
    let Some(end) = rest.windows(2).position(|pair| pair == b"\r\n") else {
        return Ok(None);
    };
    let Some((&kind, line)) = rest[..end].split_first() else {
        return Err(bad("an empty line is no reply".to_owned()));
    };
    let line = line.to_vec();
    *at += end + 2;
    let number = || -> io::Result<i64> {
        let text = String::from_utf8_lossy(&line);
        text.parse().map_err(|_| bad(format!("`{text}` is not a length")))
    };
    Ok(Some(match kind {
        b'+' => Frame::Simple(line),
        b'-' => Frame::Error(line),
        b':' => Frame::Integer(number()?),
        b'_' => Frame::Null,
        b'#' => Frame::Boolean(line == b"t"),
        b',' => Frame::Double(line),
        b'(' => Frame::BigNumber(line),
        b'$' | b'!' | b'=' => {
            let Ok(length) = usize::try_from(number()?) else { return Ok(Some(Frame::Null)) };
            let Some(body) = bytes.get(*at..*at + length + 2) else { return Ok(None) };
            *at += length + 2;
            let body = body[..length].to_vec();
            match kind {
                b'!' => Frame::BulkError(body),
                b'=' => Frame::Verbatim(body.get(4..).unwrap_or_default().to_vec()),
                _ => Frame::Bulk(body),
            }
        }
        b'*' | b'~' | b'>' | b'%' => {
            let Ok(length) = usize::try_from(number()?) else { return Ok(Some(Frame::Null)) };
            let wanted = if kind == b'%' { length * 2 } else { length };
            let mut items = Vec::new();
            for _ in 0..wanted {
                let Some(item) = decode_at(bytes, at)? else { return Ok(None) };
                items.push(item);
            }
            match kind {
                b'~' => Frame::Set(items),
                b'>' => Frame::Push(items),
                b'%' => Frame::Map(pairs(items)),
                _ => Frame::Array(items),
            }
        }
        other => return Err(bad(format!("no reply begins with `{}`", other.escape_ascii()))),
    }))
}

fn pairs(items: Vec<Frame>) -> Vec<(Frame, Frame)> {
    let mut out = Vec::new();
    let mut items = items.into_iter();
    while let (Some(key), Some(value)) = (items.next(), items.next()) {
        out.push((key, value));
    }
    out
}

/// Reading replies without matching on every type.
pub trait FrameExt {
    /// Text of a simple string, bulk string, verbatim string, error or integer; empty for the rest.
    fn text(&self) -> String;
    /// The integer of an integer or of a string that holds one.
    fn int(&self) -> Option<i64>;
    /// Items of an array, set or push; keys and values in turn of a map.
    fn items(&self) -> Vec<Frame>;
    /// Fields of a map, or of a flat array of names and values.
    fn fields(&self) -> BTreeMap<String, String>;
    /// True for `-...` and `!...`.
    fn is_error(&self) -> bool;
    /// The whole reply in the style of redis-cli, for failure messages.
    fn show(&self) -> String;
}

impl FrameExt for Frame {
    fn text(&self) -> String {
        match self {
            Frame::Simple(text)
            | Frame::Error(text)
            | Frame::Bulk(text)
            | Frame::Double(text)
            | Frame::BigNumber(text)
            | Frame::BulkError(text)
            | Frame::Verbatim(text) => String::from_utf8_lossy(text).into_owned(),
            Frame::Integer(number) => number.to_string(),
            Frame::Boolean(value) => value.to_string(),
            Frame::Null | Frame::Array(_) | Frame::Map(_) | Frame::Set(_) | Frame::Push(_) => String::new(),
        }
    }

    fn int(&self) -> Option<i64> {
        self.text().parse().ok()
    }

    fn items(&self) -> Vec<Frame> {
        if let Frame::Array(items) | Frame::Set(items) | Frame::Push(items) = self {
            items.clone()
        } else if let Frame::Map(pairs) = self {
            pairs.iter().flat_map(|(key, value)| [key.clone(), value.clone()]).collect()
        } else {
            Vec::new()
        }
    }

    fn fields(&self) -> BTreeMap<String, String> {
        pairs(self.items()).iter().map(|(key, value)| (key.text(), value.text())).collect()
    }

    fn is_error(&self) -> bool {
        matches!(self, Frame::Error(_) | Frame::BulkError(_))
    }

    fn show(&self) -> String {
        show(self, 0)
    }
}

fn show(frame: &Frame, depth: usize) -> String {
    let pad = "  ".repeat(depth);
    let list = |name: &str, items: &[Frame]| {
        let inner: Vec<String> = items.iter().map(|item| show(item, depth + 1)).collect();
        format!("{pad}{name} of {}\n{}", items.len(), inner.join("\n")).trim_end().to_owned()
    };
    match frame {
        Frame::Simple(text) => format!("{pad}+{}", text.escape_ascii()),
        Frame::Error(text) => format!("{pad}-{}", text.escape_ascii()),
        Frame::Bulk(text) => format!("{pad}\"{}\"", text.escape_ascii()),
        Frame::Integer(number) => format!("{pad}:{number}"),
        Frame::Null => format!("{pad}(null)"),
        Frame::Boolean(value) => format!("{pad}#{value}"),
        Frame::Double(text) => format!("{pad},{}", text.escape_ascii()),
        Frame::BigNumber(text) => format!("{pad}({}", text.escape_ascii()),
        Frame::BulkError(text) => format!("{pad}!{}", text.escape_ascii()),
        Frame::Verbatim(text) => format!("{pad}=\"{}\"", text.escape_ascii()),
        Frame::Array(items) => list("array", items),
        Frame::Set(items) => list("set", items),
        Frame::Push(items) => list("push", items),
        Frame::Map(pairs) => {
            let flat: Vec<Frame> = pairs.iter().flat_map(|(k, v)| [k.clone(), v.clone()]).collect();
            list("map", &flat)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_decoded_only_when_whole() {
        let bytes = b"%1\r\n$1\r\na\r\n*2\r\n:1\r\n_\r\n";
        for cut in 0..bytes.len() {
            assert_eq!(decode(&bytes[..cut]).unwrap(), None, "cut at {cut}");
        }
        let (frame, used) = decode(bytes).unwrap().unwrap();
        assert_eq!(used, bytes.len());
        let inner = Frame::Array(vec![Frame::Integer(1), Frame::Null]);
        assert_eq!(frame, Frame::Map(vec![(Frame::Bulk(b"a".to_vec()), inner)]));
    }

    #[test]
    fn fields_read_maps_and_flat_arrays_alike() {
        let flat = decode(b"*2\r\n$2\r\nip\r\n$1\r\nx\r\n").unwrap().unwrap().0;
        let map = decode(b"%1\r\n$2\r\nip\r\n$1\r\nx\r\n").unwrap().unwrap().0;
        assert_eq!(flat.fields()["ip"], "x");
        assert_eq!(flat.fields(), map.fields());
    }
}
