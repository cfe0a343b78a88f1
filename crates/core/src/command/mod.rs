//! The commands clients send, and the replies they get.

pub mod reply;
