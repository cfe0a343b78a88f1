//! Library of the product: the daemon and the command line around `watchkeeper-core`.

pub mod ask;
mod check;
pub mod cli;
pub mod daemon;
pub mod doctor;
pub mod explain;
mod json;
pub mod live;
mod said;
