//! Replies read from servers and peers, of RESP2 and RESP3. What a reply means is left to the caller.

use crate::buffer::Buffer;
use std::fmt;

/// How deep replies may nest. The deepest a Redis server sends is `COMMAND DOCS`, at about ten.
const MAX_DEPTH: usize = 32;

/// One reply. RESP2 nulls (`$-1`, `*-1`) and RESP3 `_` are all [`Frame::Null`].
#[derive(Debug, Clone, PartialEq)]
pub enum Frame {
    /// `+OK`
    Simple(Vec<u8>),
    /// `-ERR text`, without the dash
    Error(Vec<u8>),
    /// `:1`
    Integer(i64),
    /// `$..`
    Bulk(Vec<u8>),
    /// `*..`
    Array(Vec<Frame>),
    /// null of any protocol version
    Null,
    /// `#t`
    Boolean(bool),
    /// `,1.5` kept as sent
    Double(Vec<u8>),
    /// `(123`
    BigNumber(Vec<u8>),
    /// `!..`
    BulkError(Vec<u8>),
    /// `=15 txt:..` without the format prefix
    Verbatim(Vec<u8>),
    /// `%..`
    Map(Vec<(Frame, Frame)>),
    /// `~..`
    Set(Vec<Frame>),
    /// `>..`
    Push(Vec<Frame>),
}

/// Why bytes from a server cannot be a reply. The connection is of no further use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameError {
    /// a first byte that begins no type
    UnknownType(u8),
    /// a length, number or boolean that is not one, a streamed length (`?`), or a content that is not as long as its length says
    BadNumber,
    /// announced or received more than the limit in bytes
    TooLarge,
    /// nested deeper than 32 levels
    TooDeep,
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FrameError::UnknownType(byte) => {
                write!(f, "no reply begins with the byte `{}`", byte.escape_ascii())
            }
            FrameError::BadNumber => f.write_str("a length or number in the reply is not valid"),
            FrameError::TooLarge => f.write_str("the reply is larger than the limit"),
            FrameError::TooDeep => write!(f, "the reply nests deeper than {MAX_DEPTH} levels"),
        }
    }
}

impl std::error::Error for FrameError {}

/// Types with a length in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Blob {
    Bulk,
    Error,
    Verbatim,
}

/// Types with a count of elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Aggregate {
    Array,
    Map,
    Set,
    Push,
    /// metadata before a value; read and dropped
    Attribute,
}

/// An aggregate of which elements are still to come.
#[derive(Debug)]
struct Open {
    kind: Aggregate,
    items: Vec<Frame>,
    missing: usize,
}

/// Incremental decoder of replies: feed bytes as they come, take frames as they complete.
///
/// It remembers where it is inside a reply, so bytes are looked at once however they are cut into pieces. Attributes
/// of RESP3 are read and dropped; streamed strings and aggregates, which no server sends, are refused.
#[derive(Debug)]
pub struct FrameDecoder {
    max_bytes: usize,
    buffer: Buffer,
    /// aggregates around the next value, outermost first
    open: Vec<Open>,
    /// a string being read, and its bytes still to come (without the line end)
    blob: Option<(Blob, Vec<u8>, usize)>,
    /// bytes the present reply has been charged with
    charged: usize,
    failed: Option<FrameError>,
}

/// One step of decoding.
enum Step {
    /// a value is complete
    Value(Frame),
    /// a header was read; its content follows
    Opened,
    /// the bytes end here
    NeedMore,
}

impl FrameDecoder {
    /// A decoder of replies of at most `max_bytes` each: the bytes on the wire plus, for every element of an
    /// aggregate, the memory of one [`Frame`]. A greater length is refused when it is announced.
    pub fn new(max_bytes: usize) -> FrameDecoder {
        FrameDecoder {
            max_bytes,
            buffer: Buffer::default(),
            open: Vec::new(),
            blob: None,
            charged: 0,
            failed: None,
        }
    }

    /// Adds received bytes. Take all complete frames before feeding more: what is fed is kept.
    pub fn feed(&mut self, data: &[u8]) {
        if self.failed.is_none() {
            self.buffer.extend(data);
        }
    }

    /// The next reply. `None` when more bytes are needed. After an error the same error is given for ever.
    #[expect(clippy::should_implement_trait, reason = "a decoder is no iterator: `None` is not its end")]
    pub fn next(&mut self) -> Result<Option<Frame>, FrameError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let result = self.decode();
        if let Err(error) = result {
            *self = FrameDecoder { failed: Some(error), ..FrameDecoder::new(self.max_bytes) };
        }
        result
    }

    fn decode(&mut self) -> Result<Option<Frame>, FrameError> {
        loop {
            let step = if self.blob.is_some() { self.read_blob()? } else { self.read_line()? };
            match step {
                Step::NeedMore => return Ok(None),
                Step::Opened => {}
                Step::Value(value) => {
                    if let Some(frame) = self.place(value) {
                        self.charged = 0;
                        return Ok(Some(frame));
                    }
                }
            }
        }
    }

    /// Puts a complete value into the aggregate around it; gives it back when there is none.
    fn place(&mut self, mut value: Frame) -> Option<Frame> {
        while let Some(mut around) = self.open.pop() {
            around.items.push(value);
            around.missing -= 1;
            if around.missing > 0 {
                self.open.push(around);
                return None;
            }
            // An attribute is no value: what it describes comes next.
            value = close(around.kind, around.items)?;
        }
        Some(value)
    }

    fn charge(&mut self, bytes: usize) -> Result<(), FrameError> {
        self.charged = self.charged.saturating_add(bytes);
        if self.charged > self.max_bytes { Err(FrameError::TooLarge) } else { Ok(()) }
    }

    fn read_blob(&mut self) -> Result<Step, FrameError> {
        let Some((kind, mut data, mut missing)) = self.blob.take() else { return Ok(Step::NeedMore) };
        missing -= self.buffer.move_into(&mut data, missing);
        if missing > 0 || self.buffer.len() < 2 {
            self.blob = Some((kind, data, missing));
            return Ok(Step::NeedMore);
        }
        if !self.buffer.waiting().starts_with(b"\r\n") {
            return Err(FrameError::BadNumber);
        }
        self.buffer.skip(2);
        Ok(Step::Value(match kind {
            Blob::Bulk => Frame::Bulk(data),
            Blob::Error => Frame::BulkError(data),
            Blob::Verbatim => {
                if data.get(3) != Some(&b':') {
                    return Err(FrameError::BadNumber);
                }
                data.drain(..4);
                Frame::Verbatim(data)
            }
        }))
    }

    /// Reads a value that ends at its line, or the header of one that does not.
    fn read_line(&mut self) -> Result<Step, FrameError> {
        let Some(&kind) = self.buffer.waiting().first() else { return Ok(Step::NeedMore) };
        if !b"+-:$*_#,(!=%~>|".contains(&kind) {
            return Err(FrameError::UnknownType(kind));
        }
        let end = self.buffer.find(|before, byte| before == Some(b'\r') && byte == b'\n');
        let Some(end) = end else {
            // The line is at least one byte longer than what has come.
            let at_least = self.charged.saturating_add(self.buffer.len() + 1);
            return if at_least > self.max_bytes { Err(FrameError::TooLarge) } else { Ok(Step::NeedMore) };
        };
        self.charge(end + 1)?;
        let text = self.buffer.waiting().get(1..end - 1).unwrap_or_default().to_vec();
        self.buffer.skip(end + 1);
        match kind {
            b'+' => Ok(Step::Value(Frame::Simple(text))),
            b'-' => Ok(Step::Value(Frame::Error(text))),
            b':' => Ok(Step::Value(Frame::Integer(parse_integer(&text)?))),
            b'_' if text.is_empty() => Ok(Step::Value(Frame::Null)),
            b'#' => match text.as_slice() {
                b"t" => Ok(Step::Value(Frame::Boolean(true))),
                b"f" => Ok(Step::Value(Frame::Boolean(false))),
                _ => Err(FrameError::BadNumber),
            },
            b',' if is_double(&text) => Ok(Step::Value(Frame::Double(text))),
            b'(' if is_big_number(&text) => Ok(Step::Value(Frame::BigNumber(text))),
            b'$' | b'*' if text == b"-1" => Ok(Step::Value(Frame::Null)),
            b'$' => self.begin_blob(Blob::Bulk, &text),
            b'!' => self.begin_blob(Blob::Error, &text),
            b'=' => self.begin_blob(Blob::Verbatim, &text),
            b'*' => self.begin_aggregate(Aggregate::Array, &text),
            b'%' => self.begin_aggregate(Aggregate::Map, &text),
            b'~' => self.begin_aggregate(Aggregate::Set, &text),
            b'>' => self.begin_aggregate(Aggregate::Push, &text),
            b'|' => self.begin_aggregate(Aggregate::Attribute, &text),
            _ => Err(FrameError::BadNumber),
        }
    }

    fn begin_blob(&mut self, kind: Blob, length: &[u8]) -> Result<Step, FrameError> {
        let length = parse_length(length)?;
        self.charge(length.saturating_add(2))?;
        self.blob = Some((kind, Vec::new(), length));
        Ok(Step::Opened)
    }

    fn begin_aggregate(&mut self, kind: Aggregate, count: &[u8]) -> Result<Step, FrameError> {
        let count = parse_length(count)?;
        let missing = match kind {
            Aggregate::Map | Aggregate::Attribute => count.saturating_mul(2),
            Aggregate::Array | Aggregate::Set | Aggregate::Push => count,
        };
        self.charge(missing.saturating_mul(size_of::<Frame>()))?;
        if missing == 0 {
            return Ok(close(kind, Vec::new()).map_or(Step::Opened, Step::Value));
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(FrameError::TooDeep);
        }
        self.open.push(Open { kind, items: Vec::new(), missing });
        Ok(Step::Opened)
    }
}

/// The aggregate of these elements; `None` for an attribute, which is not a value.
fn close(kind: Aggregate, items: Vec<Frame>) -> Option<Frame> {
    Some(match kind {
        Aggregate::Array => Frame::Array(items),
        Aggregate::Set => Frame::Set(items),
        Aggregate::Push => Frame::Push(items),
        Aggregate::Attribute => return None,
        Aggregate::Map => {
            let mut pairs = Vec::with_capacity(items.len() / 2);
            let mut items = items.into_iter();
            while let (Some(key), Some(value)) = (items.next(), items.next()) {
                pairs.push((key, value));
            }
            Frame::Map(pairs)
        }
    })
}

fn parse_integer(text: &[u8]) -> Result<i64, FrameError> {
    std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()).ok_or(FrameError::BadNumber)
}

/// A length: digits only, and none that memory could not hold.
fn parse_length(text: &[u8]) -> Result<usize, FrameError> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return Err(FrameError::BadNumber);
    }
    // Only digits are left, so what does not parse is too large.
    std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()).ok_or(FrameError::TooLarge)
}

fn is_double(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok_and(|text| text.parse::<f64>().is_ok())
}

fn is_big_number(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").or(text.strip_prefix(b"+")).unwrap_or(text);
    !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests;
