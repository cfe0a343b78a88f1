//! A client of one server or sentinel: one question at a time, each with an end.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::{Duration, Instant};

use watchkeeper_resp::{Frame, FrameDecoder, encode_command};

/// A server that takes longer counts as one that does not answer, and is asked again.
const PATIENCE: Duration = Duration::from_secs(1);
/// More than any answer here.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// A connection.
pub(crate) struct Client {
    stream: TcpStream,
    decoder: FrameDecoder,
}

impl Client {
    /// `endpoint` is a host, a name or an address, and a port.
    pub(crate) fn connect(endpoint: &str) -> Result<Client, String> {
        let open = || -> io::Result<TcpStream> {
            let addr = endpoint.to_socket_addrs()?.next().ok_or(io::ErrorKind::NotFound)?;
            let stream = TcpStream::connect_timeout(&addr, PATIENCE)?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))?;
            Ok(stream)
        };
        let stream = open().map_err(|error| format!("connect to {endpoint}: {error}"))?;
        Ok(Client { stream, decoder: FrameDecoder::new(ANSWER_BYTES_MAX) })
    }

    /// The answer to a command. An error answer is an error.
    pub(crate) fn call(&mut self, argv: &[&str]) -> Result<Frame, String> {
        self.exchange(argv).map_err(|reason| format!("`{}`: {reason}", argv.join(" ")))
    }

    fn exchange(&mut self, argv: &[&str]) -> Result<Frame, String> {
        self.stream.write_all(&encode_command(argv)).map_err(|error| error.to_string())?;
        let until = Instant::now() + PATIENCE;
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match self.decoder.next() {
                Ok(Some(Frame::Error(text))) => return Err(String::from_utf8_lossy(&text).into_owned()),
                Ok(Some(frame)) => return Ok(frame),
                Ok(None) if Instant::now() > until => return Err(format!("no answer within {PATIENCE:?}")),
                Ok(None) => {}
                Err(error) => return Err(format!("the answer is not RESP: {error:?}")),
            }
            match self.stream.read(&mut buffer) {
                Ok(0) => return Err("closed by the other side".to_owned()),
                Ok(n) => self.decoder.feed(&buffer[..n]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.to_string()),
            }
        }
    }
}

/// One question on a connection of its own.
pub(crate) fn ask(endpoint: &str, argv: &[&str]) -> Result<Frame, String> {
    Client::connect(endpoint)?.call(argv).map_err(|reason| format!("{endpoint}: {reason}"))
}

/// The text of a string or a number; empty for the rest.
pub(crate) fn text(frame: &Frame) -> String {
    match frame {
        Frame::Simple(bytes) | Frame::Bulk(bytes) | Frame::Verbatim(bytes) => {
            String::from_utf8_lossy(bytes).into_owned()
        }
        Frame::Integer(number) => number.to_string(),
        Frame::Error(_)
        | Frame::Array(_)
        | Frame::Null
        | Frame::Boolean(_)
        | Frame::Double(_)
        | Frame::BigNumber(_)
        | Frame::BulkError(_)
        | Frame::Map(_)
        | Frame::Set(_)
        | Frame::Push(_) => String::new(),
    }
}

/// The elements of an array.
pub(crate) fn items(frame: &Frame) -> &[Frame] {
    if let Frame::Array(items) = frame { items } else { &[] }
}

/// The fields of an array of names and values by turns.
pub(crate) fn fields(frame: &Frame) -> BTreeMap<String, String> {
    items(frame).chunks_exact(2).map(|pair| (text(&pair[0]), text(&pair[1]))).collect()
}
