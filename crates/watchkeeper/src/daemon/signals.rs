//! What the operating system asks of the process.

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signal {
    /// end the process
    Terminate {
        /// `SIGTERM` or `SIGINT`
        name: &'static str,
    },
}
