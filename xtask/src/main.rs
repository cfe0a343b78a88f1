//! Repository chores: tidy checks, generated documents, count benches.
fn main() {}
