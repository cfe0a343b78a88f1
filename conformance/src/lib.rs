//! Tests of the product against real servers, real clients and the peers it replaces.
//!
//! This library is what those tests share: starting and hurting processes ([`process`]), talking to them
//! ([`conn`]), watching their events ([`recorder`]), building a whole group at once ([`topology`]) and
//! waiting for something to become true ([`wait`]). What is tested is left to `tests/` and `src/bin/`.
//!
//! Every started process dies with the test, also when the test is killed. Every wait has a deadline.
//!
//! ```no_run
//! use std::time::Duration;
//! use watchkeeper_conformance::{Flavour, Topology};
//!
//! let group = Topology::new().replicas(2).sentinels(&[Flavour::Ours, Flavour::Redis, Flavour::Redis]).start();
//! let before = group.master_port();
//! group.server_at(before).kill();
//! let after = group.wait_switched(before, Duration::from_secs(30));
//! assert_ne!(before, after);
//! ```

pub mod bench;
pub mod binaries;
pub mod chaos;
pub mod client_program;
pub mod conn;
pub mod deployment;
pub mod fake;
pub mod ports;
pub mod process;
pub mod recorder;
pub mod subject;
pub mod topology;
pub mod wait;

pub use binaries::Flavour;
pub use conn::{Conn, FrameExt, Reply};
pub use process::{Daemon, Scratch};
pub use recorder::{Event, Recorder};
pub use topology::{Group, Topology};
pub use wait::{Outcome, eventually};
