//! All decisions of a sentinel as a pure function of state, time and input.
//!
//! [`Sentinel::step`] takes one [`Input`] at one [`Now`] and appends [`Output`]s; [`Sentinel::deadline`] says when
//! it must be woken. There is no clock, socket, file, thread, environment or ambient randomness in this crate:
//! the shell (and the simulator) own all of them.

mod addr;
pub mod canary;
pub mod command;
pub mod config;
mod detect;
mod dial;
mod discovery;
mod disk;
mod election;
pub mod epoch;
pub mod event;
pub mod event_grammar;
pub mod event_text;
mod failover;
mod few;
mod fingerprint;
mod gauges;
pub mod glob;
mod group;
mod hello;
pub mod id;
mod info;
mod info_text;
pub mod io;
pub mod lang;
pub mod limits;
mod link;
mod lookup;
mod names;
pub mod nearest;
mod peer;
mod reconf;
pub mod rng;
mod script;
mod select;
pub mod sentinel;
mod server;
mod shared;
pub mod time;
mod topology;
mod tuning;
pub mod view;

pub use command::password_hash;
pub use command::reply::{Protocol, Reply};
pub use config::Config;
pub use event::{Event, LogLevel};
pub use fingerprint::Standing;
pub use io::{Deadline, Input, Output, Outputs, Why};
pub use lang::Lang;
pub use sentinel::{Persona, Sentinel};
pub use time::{Mono, Now, Unix};
pub use view::View;
