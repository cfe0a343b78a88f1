//! Why a sentinel does not start, and how upstream says it. Friendlier words are left to the command line.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use watchkeeper_core::config::ConfigError;
use watchkeeper_core::{LogLevel, Persona};

use crate::daemon::log::Logger;
use crate::daemon::strerror;

/// How long a refusal waits for its log lines.
const LAST_LINES: Duration = Duration::from_secs(2);

/// A refused start.
#[derive(Debug)]
pub struct Refusal {
    /// the reason
    pub what: What,
    /// where log lines go by now: standard output until the configuration has been read
    pub log: Arc<Logger>,
}

/// Why a sentinel does not start.
#[derive(Debug, thiserror::Error)]
pub enum What {
    /// no configuration file was named
    #[error("Sentinel needs config file on disk to save state. Exiting...")]
    NoFile,
    /// the configuration file cannot be read
    #[error("Fatal error, can't open config file '{}': {}", .path.display(), strerror(.error))]
    Unreadable {
        /// absolute; `-` for standard input
        path: PathBuf,
        /// why not
        #[source]
        error: io::Error,
    },
    /// the configuration says something wrong
    #[error("{0}")]
    Wrong(#[source] Box<ConfigError>),
    /// the state could not be saved
    #[error("Sentinel config file {} is not writable: {}. Exiting...", .path.display(), strerror(.error))]
    NotWritable {
        /// the file the state is kept in
        path: PathBuf,
        /// why not
        #[source]
        error: io::Error,
    },
    /// the process cannot leave its terminal
    #[error("Could not run in the background: {0}")]
    Daemonize(String),
    /// no listening, no TLS, no users, no threads: lines for the log
    #[error("{}", .0.join("\n"))]
    CannotServe(Vec<String>),
}

impl Refusal {
    /// Tells it as `redis-sentinel` does: to standard error or the log.
    pub fn tell_as_upstream(&self, persona: Persona) {
        self.log();
        if let What::Wrong(error) = &self.what {
            // Nobody to tell that standard error is closed.
            let _ = io::stderr().write_all(&error.stderr(persona));
        }
    }

    /// Writes what belongs in the log.
    pub fn log(&self) {
        let lines = match &self.what {
            What::Wrong(error) => error.log_lines(),
            What::CannotServe(lines) => lines.clone(),
            What::NoFile | What::Unreadable { .. } | What::NotWritable { .. } | What::Daemonize(_) => {
                vec![self.what.to_string()]
            }
        };
        for line in lines {
            self.log.line(LogLevel::Warning, &line);
        }
        self.log.flush(LAST_LINES);
    }
}
