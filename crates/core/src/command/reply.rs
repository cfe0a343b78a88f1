//! Replies as values, encoded for the protocol version a client chose.

/// RESP2 or RESP3, as chosen with HELLO.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Protocol {
    /// the default
    #[default]
    Resp2,
    /// after `HELLO 3`
    Resp3,
}

/// One reply to a command.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// `+OK`
    Ok,
    /// `+text`
    Simple(String),
    /// `-text`; the text begins with its code, as in `ERR ...`
    Error(String),
    /// `:n`
    Integer(i64),
    /// `$..`
    Bulk(Vec<u8>),
    /// `$-1`, in RESP3 `_`
    Null,
    /// `*-1`, in RESP3 `_`
    NullArray,
    /// `*..`
    Array(Vec<Reply>),
    /// `%..`, in RESP2 a flat array
    Map(Vec<(Reply, Reply)>),
    /// `~..`, in RESP2 an array
    Set(Vec<Reply>),
    /// `>..`, in RESP2 an array
    Push(Vec<Reply>),
    /// `=N txt:..`, in RESP2 a bulk
    Verbatim(String),
}

impl Reply {
    /// A bulk string of text.
    pub fn bulk(text: impl Into<String>) -> Reply {
        Reply::Bulk(text.into().into_bytes())
    }
}
