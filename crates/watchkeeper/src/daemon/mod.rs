//! The process around the core: sockets, files, names, scripts and time.
//!
//! [`bind`] takes the addresses while the process may still refuse to start; [`run`] makes the thread that calls it
//! thread `sentinel`, and returns the exit status. Everything a sentinel decides is in `watchkeeper-core`; the command line, the
//! pid file and the log's destination are left to the caller.

mod accept;
mod acl;
mod clock;
mod conn;
mod connect;
mod daemonize;
mod dns;
mod driver;
mod facts;
mod files;
mod links;
mod listen;
pub mod log;
pub mod notify;
mod outside;
mod persist;
mod pidfile;
mod scripts;
mod server;
pub mod signals;
pub mod startup;
mod strerror;
pub(crate) mod tls;

use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc;
use watchkeeper_core::{Config, LogLevel, Persona, Sentinel};

pub use files::raise_open_files;
pub use listen::{BindError, Listeners, bind};
pub use strerror::strerror;

use clock::Clock;
use driver::Driver;
use log::Logger;
use notify::Notifier;
use signals::Signal;

/// Why TLS cannot be used as it is configured, if it cannot.
pub(crate) fn tls_refusal(tls: &watchkeeper_core::config::Tls) -> Option<String> {
    tls::contexts(tls).err()
}

/// Everything a sentinel needs to run.
#[derive(Debug)]
pub struct Startup {
    /// what the files and the command line said
    pub config: Config,
    /// the configuration file, absolute
    pub config_path: PathBuf,
    /// where the state is written instead of the configuration file (`state-file`)
    pub state_path: Option<PathBuf>,
    /// whose words are used
    pub persona: Persona,
    /// the text of the `aclfile`, read by the caller so that a missing one refuses the start
    pub acl_file: Option<Vec<u8>>,
    /// from [`bind`]
    pub listeners: Listeners,
    /// where lines go
    pub log: Arc<Logger>,
    /// requests of the operating system; the sender may be dropped
    pub signals: mpsc::Receiver<Signal>,
    /// who wants to know that we serve
    pub notifier: Arc<Notifier>,
}

/// Runs a sentinel until it ends; the result is the exit status. Blocks the calling thread, which is best the one that has
/// read the configuration: what that took is used again.
pub fn run(startup: Startup) -> i32 {
    // A broken invariant must not leave a process that looks alive: the panic has been printed, the process ends.
    std::panic::catch_unwind(AssertUnwindSafe(|| run_here(startup))).unwrap_or(1)
}

fn run_here(startup: Startup) -> i32 {
    let log = Arc::clone(&startup.log);
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(e) => {
            log.line(LogLevel::Warning, &format!("Could not start the event loop: {}", strerror(&e)));
            return 1;
        }
    };
    let clock = Clock::start();
    let seed = match facts::random_u64() {
        Ok(seed) => seed,
        Err(e) => {
            log.line(LogLevel::Warning, &format!("No random numbers from the system: {}", strerror(&e)));
            return 1;
        }
    };
    let acl = startup.acl_file.as_deref();
    let core = match Sentinel::new(startup.config.clone(), startup.persona, acl, seed, clock.now()) {
        Ok(core) => core,
        Err(text) => {
            for line in text.lines() {
                log.line(LogLevel::Warning, line);
            }
            return 1;
        }
    };
    #[cfg(watchkeeper_canary)]
    let core = with_canary(core);
    let local = tokio::task::LocalSet::new();
    let code = local.block_on(&runtime, async move {
        match Driver::new(startup, core, clock) {
            Ok(driver) => driver.run().await,
            Err(e) => {
                log.line(LogLevel::Warning, &format!("Could not start: {}", strerror(&e)));
                1
            }
        }
    });
    drop(local);
    // A name look-up that hangs must not hold the process.
    runtime.shutdown_background();
    code
}

/// Turns on the deliberate bug `$WATCHKEEPER_CANARY` names: `chaos` must find it.
#[cfg(watchkeeper_canary)]
fn with_canary(mut core: Sentinel) -> Sentinel {
    use watchkeeper_core::canary::Canary;
    let name = std::env::var("WATCHKEEPER_CANARY").unwrap_or_default();
    if let Some(canary) = Canary::ALL.iter().find(|canary| canary.name() == name) {
        core.set_canary(*canary);
    }
    core
}
