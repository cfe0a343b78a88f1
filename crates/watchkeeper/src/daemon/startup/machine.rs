//! What reading a configuration needs of this machine.

use std::path::{Path, PathBuf};

use rustix::fs::Access;
use watchkeeper_core::config::Files;

use super::read_limited;
use crate::daemon::log::open_for_append;
use crate::daemon::strerror;

/// The real machine.
#[derive(Debug)]
pub(super) struct Machine;

impl Files for Machine {
    fn read(&mut self, path: &str) -> Result<Vec<u8>, String> {
        std::fs::File::open(path).and_then(read_limited).map_err(|error| strerror(&error))
    }

    fn read_if_exists(&mut self, path: &str) -> Result<Option<Vec<u8>>, String> {
        match std::fs::File::open(path).and_then(read_limited) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(strerror(&error)),
        }
    }

    fn glob(&mut self, pattern: &str) -> Vec<String> {
        matching(pattern)
    }

    fn chdir(&mut self, dir: &str) -> Result<String, String> {
        std::env::set_current_dir(dir).map_err(|error| strerror(&error))?;
        let here = std::env::current_dir().map_err(|error| strerror(&error))?;
        Ok(here.display().to_string())
    }

    fn executable(&mut self, path: &str) -> bool {
        rustix::fs::access(Path::new(path), Access::EXEC_OK).is_ok()
    }

    fn open_log(&mut self, path: &str) -> Result<(), String> {
        open_for_append(Path::new(path)).map(drop).map_err(|error| strerror(&error))
    }
}

/// The files a pattern matches, as glob(3): a wildcard finds no hidden files.
pub(crate) fn matching(pattern: &str) -> Vec<String> {
    let options = glob::MatchOptions { require_literal_leading_dot: true, ..glob::MatchOptions::new() };
    let Ok(found) = glob::glob_with(pattern, options) else { return Vec::new() };
    found.filter_map(Result::ok).filter_map(|path| path.to_str().map(str::to_string)).collect()
}

/// The real machine, for one who only looks: nothing is made, the process stays where it is. Without a mark on the file
/// system, `dir` lines only say from where later paths start.
#[derive(Debug, Default)]
pub(super) struct Looking {
    here: PathBuf,
}

impl Looking {
    fn at(&self, path: &str) -> PathBuf {
        self.here.join(path)
    }
}

impl Files for Looking {
    fn read(&mut self, path: &str) -> Result<Vec<u8>, String> {
        std::fs::File::open(self.at(path)).and_then(read_limited).map_err(|error| strerror(&error))
    }

    fn read_if_exists(&mut self, path: &str) -> Result<Option<Vec<u8>>, String> {
        let path = self.at(path);
        Machine.read_if_exists(&path.to_string_lossy())
    }

    fn glob(&mut self, pattern: &str) -> Vec<String> {
        let pattern = self.at(pattern);
        Machine.glob(&pattern.to_string_lossy())
    }

    fn chdir(&mut self, dir: &str) -> Result<String, String> {
        self.here = self.at(dir);
        Ok(self.here.display().to_string())
    }

    fn executable(&mut self, _path: &str) -> bool {
        // Whether this user may run it says nothing of the sentinel's.
        true
    }

    fn open_log(&mut self, _path: &str) -> Result<(), String> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_find_files_in_order_and_no_hidden_ones() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["b.conf", "a.conf", ".c.conf", "d.txt"] {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        let found = Machine.glob(&format!("{}/*.conf", dir.path().display()));
        let names: Vec<_> = found.iter().map(|path| path.rsplit('/').next().unwrap()).collect();
        assert_eq!(names, ["a.conf", "b.conf"]);
        assert_eq!(Machine.glob("/nonexistent/*"), Vec::<String>::new());
        assert_eq!(Machine.glob("***"), Vec::<String>::new());
    }

    #[test]
    fn looking_leaves_everything_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("x.conf"), "port 1\n").unwrap();
        let before = std::env::current_dir().unwrap();
        let mut looking = Looking::default();
        looking.chdir(dir.path().to_str().unwrap()).unwrap();
        looking.open_log("new.log").unwrap();
        assert_eq!(looking.read("x.conf"), Ok(b"port 1\n".to_vec()));
        assert_eq!(looking.read_if_exists("new.log"), Ok(None));
        assert_eq!(std::env::current_dir().unwrap(), before);
    }

    #[test]
    fn errors_are_the_systems_words() {
        assert_eq!(Machine.read("/nonexistent/x"), Err("No such file or directory".into()));
        assert_eq!(Machine.read_if_exists("/nonexistent/x"), Ok(None));
        assert_eq!(Machine.read("/"), Err("Is a directory".into()));
        assert_eq!(Machine.open_log("/nonexistent/x"), Err("No such file or directory".into()));
        assert!(Machine.executable("/bin/sh") && !Machine.executable("/etc/passwd"));
    }
}
