//! Commands read from clients: arrays of bulk strings or inline lines, with the limits and the error texts of Redis.
//! Looking the command up, and closing the connection after an error, are left to the caller.

use crate::buffer::Buffer;
use crate::inline::split_args;
use std::fmt;

/// Longest inline command or length line, in bytes without its line end.
const LINE_BYTES: usize = 64 * 1024;
/// Words of a command for which there is room at once.
const WORDS_EXPECTED: u64 = 8;
/// Most words of a command from a client that has not authenticated.
const UNAUTHENTICATED_WORDS: u64 = 10;
/// Largest word, in bytes, from a client that has not authenticated.
const UNAUTHENTICATED_BULK_BYTES: u64 = 16 * 1024;

/// What a request may be at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestLimits {
    /// words of one command
    pub words: u64,
    /// bytes of one word (`proto-max-bulk-len`)
    pub bulk_bytes: u64,
    /// bytes of one whole command, the bookkeeping for its words included (`client-query-buffer-limit`)
    pub buffer_bytes: u64,
    /// the client must authenticate first: 10 words and 16 KiB a word, refused with texts of their own
    pub unauthenticated: bool,
}

impl RequestLimits {
    /// Redis's defaults for a client that may run commands: 2^31-1 words, 512 MiB a word, 1 GiB in all.
    pub const fn authenticated() -> RequestLimits {
        RequestLimits {
            words: i32::MAX as u64,
            bulk_bytes: 512 * 1024 * 1024,
            buffer_bytes: 1024 * 1024 * 1024,
            unauthenticated: false,
        }
    }

    /// Redis's defaults for a client that must authenticate first.
    pub const fn unauthenticated() -> RequestLimits {
        RequestLimits { unauthenticated: true, ..RequestLimits::authenticated() }
    }
}

/// Why bytes from a client cannot be a command. The connection is to be closed after [`RequestError::reply`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestError {
    /// an inline command of more than 64 KiB
    InlineTooBig,
    /// an inline command whose quotes do not end
    UnbalancedQuotes,
    /// the line after `*` is longer than 64 KiB
    CountLineTooBig,
    /// the number after `*` is none, or above the limit
    InvalidCount,
    /// more than 10 words before authentication
    UnauthenticatedCount,
    /// the line after `$` is longer than 64 KiB
    LengthLineTooBig,
    /// a word of an array begins with this byte instead of `$`
    ExpectedBulk(u8),
    /// the number after `$` is none, negative, or above the limit
    InvalidLength,
    /// more than 16 KiB in one word before authentication
    UnauthenticatedLength,
    /// one command is larger than the query buffer may be: the client is dropped without a word
    BufferFull,
}

impl RequestError {
    /// The reply to send before closing, line end included. `None` when nothing is said.
    pub fn reply(self) -> Option<Vec<u8>> {
        if self == RequestError::BufferFull {
            return None;
        }
        let mut out = b"-ERR Protocol error: ".to_vec();
        if let RequestError::ExpectedBulk(byte) = self {
            // The byte itself goes out, as Redis does; only a line end may not.
            out.extend_from_slice(b"expected '$', got '");
            out.push(if matches!(byte, b'\r' | b'\n') { b' ' } else { byte });
            out.push(b'\'');
        } else {
            out.extend_from_slice(self.to_string().as_bytes());
        }
        out.extend_from_slice(b"\r\n");
        Some(out)
    }
}

/// The text as Redis words it, for replies and logs.
impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RequestError::InlineTooBig => "too big inline request",
            RequestError::UnbalancedQuotes => "unbalanced quotes in request",
            RequestError::CountLineTooBig => "too big mbulk count string",
            RequestError::InvalidCount => "invalid multibulk length",
            RequestError::UnauthenticatedCount => "unauthenticated multibulk length",
            RequestError::LengthLineTooBig => "too big bulk count string",
            RequestError::ExpectedBulk(byte) => {
                return write!(f, "expected '$', got '{}'", byte.escape_ascii());
            }
            RequestError::InvalidLength => "invalid bulk length",
            RequestError::UnauthenticatedLength => "unauthenticated bulk length",
            RequestError::BufferFull => "query buffer limit reached",
        })
    }
}

impl std::error::Error for RequestError {}

/// A command of which only the beginning has come.
#[derive(Debug, Default)]
struct Partial {
    /// complete words
    words: Vec<Vec<u8>>,
    /// words still to begin
    missing: u64,
    /// the word being read, and its bytes still to come (without the line end)
    word: Option<(Vec<u8>, usize)>,
    /// bytes counted against the buffer limit
    cost: u64,
}

/// Incremental decoder of commands: feed bytes as they come, take commands as they complete.
///
/// Each call of [`RequestDecoder::next`] decodes one command at most, so that limits changed by one (AUTH) already hold
/// for the next. The result never depends on how the bytes were cut into pieces.
#[derive(Debug)]
pub struct RequestDecoder {
    limits: RequestLimits,
    buffer: Buffer,
    partial: Option<Partial>,
    failed: Option<RequestError>,
}

impl RequestDecoder {
    /// A decoder for a new connection.
    pub fn new(limits: RequestLimits) -> RequestDecoder {
        RequestDecoder { limits, buffer: Buffer::default(), partial: None, failed: None }
    }

    /// Changes the limits from the next length on.
    pub fn set_limits(&mut self, limits: RequestLimits) {
        self.limits = limits;
    }

    /// Adds received bytes. Take all complete commands before feeding more: what is fed is kept.
    pub fn feed(&mut self, data: &[u8]) {
        if self.failed.is_none() {
            self.buffer.extend(data);
        }
    }

    /// Bytes received that belong to no command given out yet.
    pub fn buffered(&self) -> usize {
        let partial = self.partial.as_ref().map_or(0, |partial| {
            let words: usize = partial.words.iter().map(Vec::len).sum();
            words + partial.word.as_ref().map_or(0, |(word, _)| word.len())
        });
        self.buffer.len() + partial
    }

    /// The next command, never without words: empty lines and counts of zero or less are skipped. `None` when more
    /// bytes are needed. After an error the same error is given for ever.
    #[expect(clippy::should_implement_trait, reason = "a decoder is no iterator: `None` is not its end")]
    pub fn next(&mut self) -> Result<Option<Vec<Vec<u8>>>, RequestError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let result = self.decode();
        if let Err(error) = result {
            self.failed = Some(error);
            self.partial = None;
            self.buffer = Buffer::default();
        }
        result
    }

    fn decode(&mut self) -> Result<Option<Vec<Vec<u8>>>, RequestError> {
        loop {
            if let Some(mut partial) = self.partial.take() {
                if self.read_words(&mut partial)? {
                    return Ok(Some(partial.words));
                }
                self.partial = Some(partial);
                return Ok(None);
            }
            match self.buffer.waiting().first() {
                None => return Ok(None),
                Some(b'*') => {
                    if let Some((words, taken)) = self.short_command() {
                        self.buffer.skip(taken);
                        return Ok(Some(words));
                    }
                    if !self.begin_array()? {
                        return Ok(None);
                    }
                }
                Some(_) => match self.read_inline()? {
                    None => return Ok(None),
                    Some(words) if words.is_empty() => {}
                    Some(words) => return Ok(Some(words)),
                },
            }
        }
    }

    /// A command of a few short words that is all there, as nearly every one is, with its length in bytes. `None` says
    /// nothing: what is incomplete, longer or wrong is read step by step.
    fn short_command(&self) -> Option<(Vec<Vec<u8>>, usize)> {
        if self.limits.words < 10 || self.limits.bulk_bytes < 100 || self.limits.buffer_bytes < 4096 {
            return None;
        }
        let waiting = self.buffer.waiting();
        let &[b'*', count @ b'1'..=b'9', b'\r', _, ref rest @ ..] = waiting else { return None };
        let mut rest = rest;
        let mut words = Vec::with_capacity(usize::from(count - b'0'));
        for _ in b'0'..count {
            let (length, after) = match *rest {
                [b'$', digit @ b'0'..=b'9', b'\r', _, ref after @ ..] => (digit - b'0', after),
                [b'$', ten @ b'1'..=b'9', digit @ b'0'..=b'9', b'\r', _, ref after @ ..] => {
                    ((ten - b'0') * 10 + (digit - b'0'), after)
                }
                _ => return None,
            };
            let length = usize::from(length);
            words.push(after.get(..length)?.to_vec());
            rest = after.get(length + 2..)?;
        }
        Some((words, waiting.len() - rest.len()))
    }

    fn read_inline(&mut self) -> Result<Option<Vec<Vec<u8>>>, RequestError> {
        let end = self.buffer.find(|_, byte| byte == b'\n');
        if end.unwrap_or(self.buffer.len()) > LINE_BYTES {
            return Err(RequestError::InlineTooBig);
        }
        let Some(end) = end else { return Ok(None) };
        let line = self.buffer.waiting().get(..end).unwrap_or_default();
        let words = split_args(line).ok_or(RequestError::UnbalancedQuotes)?;
        self.buffer.skip(end + 1);
        Ok(Some(words))
    }

    /// Reads the count. `false` when it has not come yet.
    fn begin_array(&mut self) -> Result<bool, RequestError> {
        let Some(end) = self.find_length_line(RequestError::CountLineTooBig)? else { return Ok(false) };
        let count = parse_number(self.buffer.waiting().get(1..end).unwrap_or_default());
        let count = count.ok_or(RequestError::InvalidCount)?;
        self.buffer.skip(end + 2);
        let count = u64::try_from(count).unwrap_or(0);
        if count > self.limits.words {
            return Err(RequestError::InvalidCount);
        }
        if self.limits.unauthenticated && count > UNAUTHENTICATED_WORDS {
            return Err(RequestError::UnauthenticatedCount);
        }
        if count > 0 {
            // Memory grows with what has really arrived, beyond the few words that commands have.
            let words = Vec::with_capacity(usize::try_from(count.min(WORDS_EXPECTED)).unwrap_or(0));
            self.partial =
                Some(Partial { words, missing: count, cost: end as u64 + 2, ..Partial::default() });
        }
        Ok(true)
    }

    /// Reads as many words as have come. `true` when the command is complete.
    fn read_words(&mut self, partial: &mut Partial) -> Result<bool, RequestError> {
        loop {
            if let Some((mut word, mut missing)) = partial.word.take() {
                missing -= self.buffer.move_into(&mut word, missing);
                if missing > 0 || self.buffer.len() < 2 {
                    partial.word = Some((word, missing));
                    return Ok(false);
                }
                // Redis does not look at the two bytes after a word.
                self.buffer.skip(2);
                partial.words.push(word);
            } else if partial.missing == 0 {
                return Ok(true);
            } else if !self.begin_word(partial)? {
                return Ok(false);
            }
        }
    }

    /// Reads the length of a word. `false` when it has not come yet.
    fn begin_word(&mut self, partial: &mut Partial) -> Result<bool, RequestError> {
        let Some(end) = self.find_length_line(RequestError::LengthLineTooBig)? else { return Ok(false) };
        let line = self.buffer.waiting().get(..end).unwrap_or_default();
        let length = match line {
            [b'$', digits @ ..] => parse_number(digits).and_then(|length| u64::try_from(length).ok()),
            // The line is empty when the byte in question is the `\r` itself.
            other => return Err(RequestError::ExpectedBulk(other.first().copied().unwrap_or(b'\r'))),
        };
        let length =
            length.filter(|&length| length <= self.limits.bulk_bytes).ok_or(RequestError::InvalidLength)?;
        if self.limits.unauthenticated && length > UNAUTHENTICATED_BULK_BYTES {
            return Err(RequestError::UnauthenticatedLength);
        }
        // A word costs memory even when it is empty; counting it keeps a flood of empty words within the limit.
        let overhead = size_of::<Vec<u8>>() as u64 + end as u64 + 4;
        partial.cost = partial.cost.saturating_add(length).saturating_add(overhead);
        if partial.cost > self.limits.buffer_bytes {
            return Err(RequestError::BufferFull);
        }
        let length = usize::try_from(length).map_err(|_| RequestError::InvalidLength)?;
        self.buffer.skip(end + 2);
        partial.missing -= 1;
        partial.word = Some((Vec::new(), length));
        Ok(true)
    }

    /// Where the `\r` of a count or length is, once the byte after it has come as well. Redis takes any byte there.
    fn find_length_line(&mut self, too_big: RequestError) -> Result<Option<usize>, RequestError> {
        let end = self.buffer.find(|_, byte| byte == b'\r');
        if end.unwrap_or(self.buffer.len()) > LINE_BYTES {
            return Err(too_big);
        }
        Ok(end.filter(|end| end + 2 <= self.buffer.len()))
    }
}

/// A decimal number as strictly as Redis reads lengths: no `+`, no blanks, no leading zeros, no `-0`.
fn parse_number(text: &[u8]) -> Option<i64> {
    match text {
        [b'0'] => Some(0),
        // As nearly always.
        [digit @ b'1'..=b'9'] => Some(i64::from(digit - b'0')),
        [b'1'..=b'9', ..] | [b'-', b'1'..=b'9', ..] => std::str::from_utf8(text).ok()?.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
