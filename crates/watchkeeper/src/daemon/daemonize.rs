//! Leaving the terminal (`daemonize yes`). Must happen before there is any thread: only the calling one survives.

use rustix::process::umask;

/// Which process this is afterwards.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// the one that was started: it ends with status 0
    Parent,
    /// the daemon: no terminal, standard streams on `/dev/null`
    Daemon,
}

/// Goes on as a daemon, keeping working directory and umask.
///
/// # Errors
///
/// The system's words for what failed.
pub(super) fn daemonize() -> Result<Side, String> {
    let here = std::env::current_dir().map_err(|error| super::strerror(&error))?;
    // The only way to ask for the umask is to set it.
    let mask = umask(rustix::fs::Mode::RWXU);
    umask(mask);
    let outcome = daemonize::Daemonize::new().working_directory(here).umask(mask.bits()).execute();
    match outcome {
        daemonize::Outcome::Parent(Ok(_)) => Ok(Side::Parent),
        daemonize::Outcome::Child(Ok(_)) => Ok(Side::Daemon),
        daemonize::Outcome::Parent(Err(error)) | daemonize::Outcome::Child(Err(error)) => {
            Err(error.to_string())
        }
    }
}
