//! Commands read from clients.

/// What a request may be at most. Unauthenticated clients get tighter ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestLimits {
    /// words of one command; [`i32::MAX`] as upstream for authenticated clients
    pub words: u64,
    /// bytes of one word (`proto-max-bulk-len`)
    pub bulk_bytes: u64,
    /// bytes kept for one client while a command is incomplete (`client-query-buffer-limit`)
    pub buffer_bytes: u64,
}

/// A protocol error: the reply to send (`-ERR Protocol error: ...\r\n` included) before closing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestError {
    /// the text after `-ERR Protocol error: `
    pub text: String,
}

/// Incremental decoder of commands.
#[derive(Debug)]
pub struct RequestDecoder {
    _todo: (),
}
