//! All decisions of a sentinel as a pure function of state, time and input.
//!
//! [`Sentinel::step`] takes one [`Input`] at one [`Now`] and appends [`Output`]s; [`Sentinel::deadline`] says when
//! it must be woken. There is no clock, socket, file, thread, environment or ambient randomness in this crate:
//! the shell (and the simulator) own all of them.

pub mod command;
pub mod config;
pub mod epoch;
pub mod event;
pub mod glob;
pub mod id;
pub mod io;
pub mod limits;
pub mod rng;
pub mod sentinel;
pub mod time;

pub use command::reply::{Protocol, Reply};
pub use config::Config;
pub use event::{Event, LogLevel};
pub use io::{Deadline, Input, Output, Outputs, Why};
pub use sentinel::{Persona, Sentinel};
pub use time::{Mono, Now, Unix};
