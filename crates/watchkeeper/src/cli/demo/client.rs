//! Connections to the players: every one of them is a port on loopback, and quick or not there.

use std::time::Duration;

use watchkeeper_resp::Frame;

use crate::ask::{Conn, Endpoint, Failure, Login};

/// How long a server on loopback may take to accept or to answer before it counts as not answering.
pub(super) const PATIENCE: Duration = Duration::from_millis(500);

/// A connection to a port on loopback.
pub(super) fn connect(port: u16) -> Result<Conn, Failure> {
    Conn::open(&Endpoint::new("127.0.0.1", port), &Login::default(), None, PATIENCE)
}

/// One question on a connection of its own.
pub(super) fn ask(port: u16, argv: &[&str]) -> Result<Frame, Failure> {
    connect(port)?.call(argv)
}
