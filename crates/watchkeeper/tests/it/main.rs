//! Tests of the built program, one module per theme.
#![allow(clippy::unwrap_used, reason = "in a test a failed step is the report")]

mod from_env;
mod program;
mod startup;
