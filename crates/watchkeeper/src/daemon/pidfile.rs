//! The file that tells service managers and scripts our process number.

use std::io;
use std::path::{Path, PathBuf};

use watchkeeper_core::config::General;
use watchkeeper_core::{LogLevel, Persona};

use super::log::Logger;

/// A pid file; removed by [`PidFile::remove`] only, as a crash leaves it for whoever looks into the crash.
#[derive(Debug)]
pub(super) struct PidFile {
    path: PathBuf,
}

impl PidFile {
    /// Where the file goes: as configured, or the customary place for a daemon, or nowhere.
    pub(super) fn place(general: &General, persona: Persona, daemonized: bool) -> Option<PidFile> {
        let customary = match persona {
            Persona::Redis => "/var/run/redis.pid",
            Persona::Valkey => "/var/run/valkey.pid",
        };
        let configured = general.pidfile.as_deref().filter(|path| !path.is_empty());
        let path = configured.or(daemonized.then_some(customary))?;
        Some(PidFile { path: path.into() })
    }

    /// Writes our number.
    ///
    /// # Errors
    ///
    /// As for writing any file; a sentinel runs without its pid file.
    pub(super) fn write(&self) -> io::Result<()> {
        std::fs::write(&self.path, format!("{}\n", std::process::id()))
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Removes it at the end.
    pub(super) fn remove(&self, log: &Logger) {
        log.line(LogLevel::Notice, "Removing the pid file.");
        // It may never have been written, or somebody was faster.
        let _ = std::fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(pidfile: Option<&str>, persona: Persona, daemonized: bool) -> Option<PathBuf> {
        let general = General { pidfile: pidfile.map(str::to_string), ..General::default() };
        PidFile::place(&general, persona, daemonized).map(|file| file.path)
    }

    #[test]
    fn only_a_daemon_has_a_customary_place() {
        assert_eq!(place(None, Persona::Redis, false), None);
        assert_eq!(place(None, Persona::Redis, true), Some("/var/run/redis.pid".into()));
        assert_eq!(place(None, Persona::Valkey, true), Some("/var/run/valkey.pid".into()));
        assert_eq!(place(Some("/x"), Persona::Redis, true), Some("/x".into()));
        assert_eq!(place(Some("/x"), Persona::Redis, false), Some("/x".into()));
    }

    #[test]
    fn it_holds_our_number_and_goes_away() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pid");
        let file = PidFile { path: path.clone() };
        file.write().unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{}\n", std::process::id()));
        file.remove(&Logger::stdout(LogLevel::Nothing));
        assert!(!path.exists());
    }
}
