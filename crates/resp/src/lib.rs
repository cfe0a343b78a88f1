//! The Redis serialization protocol, without I/O.
//!
//! Two directions are needed and they are not alike. A *sentinel's own server* reads commands
//! ([`RequestDecoder`]: arrays of bulk strings or inline lines, with Redis's exact protocol errors) and
//! writes replies. Its *links* to servers and peers write commands ([`encode_command`]) and read replies
//! ([`FrameDecoder`] gives [`Frame`]s). What a reply means is left to the caller.

mod buffer;
pub mod encode;
pub mod frame;
pub mod inline;
pub mod request;

pub use encode::encode_command;
pub use frame::{Frame, FrameDecoder, FrameError};
pub use inline::split_args;
pub use request::{RequestDecoder, RequestError, RequestLimits};
