//! Writing the configuration, durably and off thread `sentinel`.
//!
//! The old file is read for its comments and order, the new text goes to a file beside it, is synced, takes the old
//! one's place by rename, and the directory is synced. At any moment a crash leaves the old or the new file, whole.
//! Differences from Redis: a symbolic link stays one (its target is replaced), permissions are never widened, and the
//! owner is kept where the process may. What is in the text is the core's; when to write, too.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};

use rustix::io::Errno;
use watchkeeper_core::config::{rewrite, rewrite_state};
use watchkeeper_core::io::Version;
use watchkeeper_core::{Config, LogLevel};

use super::log::Logger;
use super::outside::{Outside, Sender};
use super::strerror::strerror;

/// Permissions of a new file, less the umask.
const MODE: u32 = 0o644;
/// What the owner may always do with a file of ours.
const OWNER_MODE: u32 = 0o600;
/// Symbolic links followed before giving up, as the kernel does.
const LINKS: usize = 40;
/// Between the name of a file and the random end of its temporary sibling's.
const TEMP_INFIX: &str = ".wk-";
/// Random characters at the end of a temporary file's name.
const TEMP_RANDOM: usize = 6;

/// A step that failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum SaveError {
    /// the present file, whose comments are to be kept
    #[error("Could not read the present config file ({})", strerror(.0))]
    Read(#[source] io::Error),
    #[error("Could not create tmp config file ({})", strerror(.0))]
    Create(#[source] io::Error),
    #[error("Config file full path is too long")]
    TooLong(#[source] io::Error),
    #[error("Failed after writing ({written}) bytes to tmp config file ({})", strerror(.error))]
    Write {
        written: usize,
        #[source]
        error: io::Error,
    },
    #[error("Could not sync tmp config file to disk ({})", strerror(.0))]
    Sync(#[source] io::Error),
    #[error("Could not chmod config file ({})", strerror(.0))]
    Chmod(#[source] io::Error),
    #[error("Could not rename tmp config file ({})", strerror(.0))]
    Rename(#[source] io::Error),
    #[error("Could not sync config file dir ({})", strerror(.0))]
    SyncDir(#[source] io::Error),
}

impl SaveError {
    fn io(&self) -> &io::Error {
        match self {
            SaveError::Read(e)
            | SaveError::Create(e)
            | SaveError::TooLong(e)
            | SaveError::Write { error: e, .. }
            | SaveError::Sync(e)
            | SaveError::Chmod(e)
            | SaveError::Rename(e)
            | SaveError::SyncDir(e) => e,
        }
    }

    /// The operating system's word for it.
    pub(super) fn reason(&self) -> String {
        strerror(self.io())
    }

    fn hint(&self) -> Option<&'static str> {
        let code = self.io().raw_os_error().map(Errno::from_raw_os_error);
        match (self, code) {
            (SaveError::Rename(_), Some(Errno::BUSY | Errno::XDEV)) => Some(
                "the config file is mounted by itself and cannot be replaced; mount its directory, or keep the \
                 state elsewhere with `state-file PATH`",
            ),
            (SaveError::Create(_), Some(Errno::ACCESS | Errno::PERM | Errno::ROFS)) => {
                Some("the directory of the config file must be writable, or use `state-file PATH`")
            }
            (SaveError::Read(_), Some(Errno::ISDIR)) => {
                Some("a directory stands where the config file should be")
            }
            (
                SaveError::Read(_)
                | SaveError::Create(_)
                | SaveError::TooLong(_)
                | SaveError::Write { .. }
                | SaveError::Sync(_)
                | SaveError::Chmod(_)
                | SaveError::Rename(_)
                | SaveError::SyncDir(_),
                _,
            ) => None,
        }
    }
}

/// Makes the new text from the old one and the configuration.
pub(super) type Render = fn(Option<&[u8]>, &Config) -> Vec<u8>;

/// The file that is written, and how its text is made.
pub(super) fn destination(config_path: PathBuf, state_path: Option<PathBuf>) -> (PathBuf, Render) {
    match state_path {
        Some(path) => (path, |_old, config| rewrite_state(config)),
        None => (config_path, rewrite),
    }
}

/// The thread that writes.
#[derive(Debug)]
pub(super) struct Writer {
    requests: mpsc::SyncSender<(Version, Box<Config>)>,
    busy: bool,
}

impl Writer {
    /// Starts the thread for the file at `path`.
    pub(super) fn start(
        path: PathBuf,
        render: Render,
        log: Arc<Logger>,
        answer: Sender,
    ) -> io::Result<Writer> {
        // The core has one request at a time under way; one place lets it hand over without waiting.
        let (requests, received) = mpsc::sync_channel::<(Version, Box<Config>)>(1);
        std::thread::Builder::new().name("writer".into()).spawn(move || {
            remove_leftovers(&path);
            for (version, config) in received {
                let result = save(&path, render, &config, &log);
                if answer.blocking_send(Outside::Persisted { version, result }).is_err() {
                    return;
                }
            }
        })?;
        Ok(Writer { requests, busy: false })
    }

    /// Hands a state over. Fails when the thread died.
    pub(super) fn write(&mut self, version: Version, config: Box<Config>) -> Result<(), String> {
        assert!(!self.busy, "the core asked for a second write before the first had ended");
        self.busy = true;
        self.requests.try_send((version, config)).map_err(|_| "the writer thread has ended".to_owned())
    }

    /// To be called with each [`Outside::Persisted`].
    pub(super) fn answered(&mut self) {
        self.busy = false;
    }

    /// Whether an answer is due.
    pub(super) fn is_busy(&self) -> bool {
        self.busy
    }
}

fn save(path: &Path, render: Render, config: &Config, log: &Logger) -> Result<(), String> {
    let saved = read_old(path).and_then(|old| replace_file(path, &render(old.as_deref(), config)));
    match saved {
        Ok(()) => {
            log.line(LogLevel::Notice, "Sentinel new configuration saved on disk");
            Ok(())
        }
        Err(error) => {
            let reason = error.reason();
            log.line(LogLevel::Warning, &error.to_string());
            if let Some(hint) = error.hint() {
                log.line(LogLevel::Warning, &format!("hint: {hint}"));
            }
            let text = "WARNING: Sentinel was not able to save the new configuration on disk!!!";
            log.line(LogLevel::Warning, &format!("{text}: {reason}"));
            Err(reason)
        }
    }
}

fn read_old(path: &Path) -> Result<Option<Vec<u8>>, SaveError> {
    match fs::read(path) {
        Ok(text) => Ok(Some(text)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(SaveError::Read(e)),
    }
}

/// Puts `text` at `path`, durably, or leaves what is there untouched.
pub(super) fn replace_file(path: &Path, text: &[u8]) -> Result<(), SaveError> {
    let target = follow_links(path).map_err(SaveError::Create)?;
    let old = fs::metadata(&target).ok();
    if old.as_ref().is_some_and(fs::Metadata::is_dir) {
        return Err(SaveError::Read(Errno::ISDIR.into()));
    }
    let (temp, file) = create_temp(&target)?;
    let moved =
        fill(file, text, old.as_ref()).and_then(|()| fs::rename(&temp, &target).map_err(SaveError::Rename));
    if moved.is_err() {
        // Already failing; a leftover is removed at the next start.
        let _ = fs::remove_file(&temp);
    }
    moved.and_then(|()| sync_dir(&target))
}

/// The file a chain of symbolic links names, existing or not.
fn follow_links(path: &Path) -> io::Result<PathBuf> {
    let mut target = path.to_owned();
    for _ in 0..LINKS {
        match fs::read_link(&target) {
            // A relative link is relative to its own directory; `join` takes an absolute one as it is.
            Ok(next) => target = directory(&target).join(next),
            // Not a link, or nothing there yet.
            Err(_) => return Ok(target),
        }
    }
    Err(Errno::LOOP.into())
}

fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn create_temp(target: &Path) -> Result<(PathBuf, File), SaveError> {
    let mut random = [0; 8];
    super::facts::fill_random(&mut random).map_err(SaveError::Create)?;
    let end = format!("{:016x}", u64::from_ne_bytes(random));
    let temp = directory(target).join(format!("{}{TEMP_INFIX}{}", file_name(target), &end[..TEMP_RANDOM]));
    // The kernel applies the umask.
    match OpenOptions::new().write(true).create_new(true).mode(MODE).open(&temp) {
        Ok(file) => Ok((temp, file)),
        Err(e) if e.raw_os_error() == Some(Errno::NAMETOOLONG.raw_os_error()) => Err(SaveError::TooLong(e)),
        Err(e) => Err(SaveError::Create(e)),
    }
}

fn fill(mut file: File, text: &[u8], old: Option<&fs::Metadata>) -> Result<(), SaveError> {
    if let Some(old) = old {
        let new = file.metadata().map_err(SaveError::Chmod)?;
        let mode = (new.mode() & old.mode() & 0o777) | OWNER_MODE;
        // Before the text: it holds passwords.
        file.set_permissions(fs::Permissions::from_mode(mode)).map_err(SaveError::Chmod)?;
        let root = rustix::process::geteuid().is_root();
        if gives_back((new.uid(), new.gid()), (old.uid(), old.gid()), root) {
            let _ = fchown(&file, Some(old.uid()), Some(old.gid()));
        }
    }
    let mut written = 0;
    while written < text.len() {
        match file.write(&text[written..]) {
            Ok(0) => return Err(SaveError::Write { written, error: io::ErrorKind::WriteZero.into() }),
            Ok(n) => written += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(SaveError::Write { written, error }),
        }
    }
    file.sync_all().map_err(SaveError::Sync)
}

/// Whether the new file is given to the owner (user, group) of the old one. Only root may give files away; for anybody
/// else the owner changes, as with Redis. Nobody else may even ask: the sandbox of Debian's unit kills who calls chown.
fn gives_back(new: (u32, u32), old: (u32, u32), root: bool) -> bool {
    root && new != old
}

fn sync_dir(target: &Path) -> Result<(), SaveError> {
    match File::open(directory(target)).and_then(|dir| dir.sync_all()) {
        // Some file systems cannot sync a directory; nothing more can be done there.
        Err(e) if e.raw_os_error() == Some(Errno::INVAL.raw_os_error()) => Ok(()),
        other => other.map_err(SaveError::SyncDir),
    }
}

/// Removes temporary files of a process that was killed while writing.
fn remove_leftovers(path: &Path) {
    let Ok(target) = follow_links(path) else { return };
    let prefix = format!("{}{TEMP_INFIX}", file_name(&target));
    let Ok(entries) = fs::read_dir(directory(&target)) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let ours = name
            .to_str()
            .and_then(|name| name.strip_prefix(&prefix))
            .is_some_and(|end| end.len() == TEMP_RANDOM && end.bytes().all(|b| b.is_ascii_hexdigit()));
        if ours {
            // A leftover that stays does no harm.
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests;
