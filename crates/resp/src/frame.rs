//! Replies read from servers and peers.

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FrameError {
    /// a first byte that begins no type
    UnknownType(u8),
    /// a length or number that is not one
    BadNumber,
    /// announced or received more than the limit in bytes
    TooLarge,
    /// nested deeper than the limit
    TooDeep,
}

/// Incremental decoder of replies: feed bytes as they come, take frames as they complete.
#[derive(Debug)]
pub struct FrameDecoder {
    _todo: (),
}
