//! A small blocking client of servers and sentinels: one connection, one question at a time, or a subscription.
//! Every wait has an end. What the answers mean is left to the callers.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use watchkeeper_resp::{Frame, FrameDecoder, encode_command};

/// How long a server on loopback may take to accept or to answer before it counts as not answering.
const PATIENCE: Duration = Duration::from_millis(500);

/// More than any answer the demo asks for; a server that sends more is not one.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// One connection to a port on loopback.
pub(super) struct Client {
    stream: TcpStream,
    decoder: FrameDecoder,
}

impl Client {
    /// Connects.
    pub(super) fn connect(port: u16) -> Result<Client> {
        let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let stream =
            TcpStream::connect_timeout(&addr, PATIENCE).with_context(|| format!("connect to `{addr}`"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Client { stream, decoder: FrameDecoder::new(ANSWER_BYTES_MAX) })
    }

    /// Sends a command and returns its answer. An error answer is an error here.
    pub(super) fn call(&mut self, argv: &[&str]) -> Result<Frame> {
        self.send(argv)?;
        match self.receive()? {
            Some(Frame::Error(text)) => {
                bail!("`{}` was answered with `{}`", argv.join(" "), String::from_utf8_lossy(&text))
            }
            Some(frame) => Ok(frame),
            None => bail!("no answer to `{}` within {} ms", argv.join(" "), PATIENCE.as_millis()),
        }
    }

    /// Sends a command without waiting for its answer.
    pub(super) fn send(&mut self, argv: &[&str]) -> Result<()> {
        self.stream.write_all(&encode_command(argv))?;
        Ok(())
    }

    /// The next frame; `None` when none came for a while.
    pub(super) fn receive(&mut self) -> Result<Option<Frame>> {
        let mut buffer = [0; 4096];
        loop {
            match self.decoder.next() {
                Ok(Some(frame)) => return Ok(Some(frame)),
                Ok(None) => {}
                Err(error) => bail!("the answer is not RESP: {error:?}"),
            }
            match self.stream.read(&mut buffer) {
                Ok(0) => bail!("connection closed by the other side"),
                Ok(n) => self.decoder.feed(&buffer[..n]),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    return Ok(None);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// One question on a connection of its own.
pub(super) fn ask(port: u16, argv: &[&str]) -> Result<Frame> {
    Client::connect(port)?.call(argv)
}

/// The text of a simple or bulk string, or of a number; empty for anything else.
pub(super) fn text(frame: &Frame) -> String {
    match frame {
        Frame::Simple(bytes) | Frame::Bulk(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Frame::Integer(number) => number.to_string(),
        Frame::Error(_)
        | Frame::Array(_)
        | Frame::Null
        | Frame::Boolean(_)
        | Frame::Double(_)
        | Frame::BigNumber(_)
        | Frame::BulkError(_)
        | Frame::Verbatim(_)
        | Frame::Map(_)
        | Frame::Set(_)
        | Frame::Push(_) => String::new(),
    }
}

/// The elements of an array as texts; empty for anything else.
pub(super) fn texts(frame: &Frame) -> Vec<String> {
    if let Frame::Array(items) = frame { items.iter().map(text).collect() } else { Vec::new() }
}

/// The value after `field` in an answer of alternating fields and values (`SENTINEL MASTER`).
pub(super) fn field(frame: &Frame, field: &str) -> Option<String> {
    let words = texts(frame);
    let at = words.iter().step_by(2).position(|word| word == field)?;
    words.get(2 * at + 1).cloned()
}
