//! Splitting a line into words with Redis's quoting: the inline protocol and the configuration file share it.

/// Splits `line` into words. `None` when the quotes are unbalanced.
pub fn split_args(_line: &[u8]) -> Option<Vec<Vec<u8>>> {
    None
}
