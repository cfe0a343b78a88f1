//! What the operating system asks of the process. A thread of its own listens, so that a second Ctrl-C ends the process
//! even when everything else hangs. What ending means is left to the core.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use tokio::sync::mpsc;

use super::log::Logger;

/// How long the last line may take when the user insists.
const LAST_LINE: Duration = Duration::from_millis(200);

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signal {
    /// end the process
    Terminate {
        /// `SIGTERM` or `SIGINT`
        name: &'static str,
    },
}

/// Listens from here on. SIGHUP is taken and ignored (the configuration is never read again); SIGPIPE is ignored by
/// Rust's runtime. The thread lives as long as the process.
///
/// # Errors
///
/// The handlers or the thread cannot be set up.
pub fn listen(log: Arc<Logger>) -> io::Result<mpsc::Receiver<Signal>> {
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP])?;
    // One request is enough: the next ones change nothing.
    let (sender, receiver) = mpsc::channel(1);
    std::thread::Builder::new().name("signals".into()).spawn(move || {
        let mut asked = false;
        for signal in signals.forever() {
            let name = match signal {
                SIGTERM => "SIGTERM",
                SIGINT => "SIGINT",
                _ => continue,
            };
            if asked && signal == SIGINT {
                log.signal_line("You insist... exiting now.");
                log.flush(LAST_LINE);
                std::process::exit(1);
            }
            asked = true;
            log.signal_line(&format!("Received {name} scheduling shutdown..."));
            // Full: a request is on its way already. Closed: the sentinel is ending.
            let _ = sender.try_send(Signal::Terminate { name });
        }
    })?;
    Ok(receiver)
}
