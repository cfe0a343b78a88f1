//! Where log lines go.

use std::sync::atomic::{AtomicU8, Ordering};

use watchkeeper_core::LogLevel;

/// Writes log lines.
#[derive(Debug)]
pub struct Logger {
    level: AtomicU8,
}

impl Logger {
    /// A logger that writes lines of `level` and graver to standard output.
    pub fn stdout(level: LogLevel) -> Logger {
        Logger { level: AtomicU8::new(level as u8) }
    }

    /// Writes one line.
    pub fn line(&self, level: LogLevel, text: &str) {
        if level as u8 >= self.level.load(Ordering::Relaxed) {
            println!("{level:?} {text}");
        }
    }

    /// Changes what is written.
    pub fn set_level(&self, level: LogLevel) {
        self.level.store(level as u8, Ordering::Relaxed);
    }
}
