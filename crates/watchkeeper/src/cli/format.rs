//! For whom what a command found out is printed.

/// The value of `--format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// people
    Text,
    /// programs
    Json,
}
