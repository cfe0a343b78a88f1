//! A simulated world around the real core: servers that answer as Redis does, clients that write, networks, disks and
//! clocks that fail, all from one seed, much faster than real time; and the properties that must hold in it.
//!
//! Start at [`world`]; what happens to a world from outside is in [`meddle`], what must hold in [`property`].

pub mod admin;
pub mod config_text;
pub mod disk;
pub mod explore;
pub mod fact;
pub mod fault;
pub mod meddle;
pub mod net;
pub mod options;
pub mod process;
pub mod property;
pub mod rehearse;
pub mod run;
pub mod scenario;
pub mod sentinel_process;
pub mod server;
pub mod setup;
pub mod shrink;
pub mod time;
pub mod trace;
pub mod upstream;
pub mod wire;
pub mod world;
pub mod writer;
