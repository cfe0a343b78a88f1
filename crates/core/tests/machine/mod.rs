//! A machine with files in memory, for reading configurations.

use std::collections::BTreeMap;

use watchkeeper_core::Persona;
use watchkeeper_core::config::{Config, ConfigError, Files, Source, Survey, parse, survey};

/// A machine with these files.
#[derive(Debug, Default)]
pub(crate) struct Machine {
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    pub(crate) cwd: String,
    /// every file may be executed
    pub(crate) lenient: bool,
}

impl Machine {
    pub(crate) fn new(files: &[(&str, &str)]) -> Machine {
        let files = files.iter().map(|(path, text)| (format!("/srv/wk/{path}"), text.as_bytes().to_vec()));
        Machine { files: files.collect(), cwd: "/srv/wk".into(), lenient: false }
    }

    fn absolute(&self, path: &str) -> String {
        if path.starts_with('/') {
            path.into()
        } else {
            format!("{}/{}", self.cwd, path.trim_start_matches("./"))
        }
    }

    /// Reads a text as that of `/srv/wk/s.conf`.
    pub(crate) fn parse(&mut self, text: impl AsRef<[u8]>) -> Result<Config, Box<ConfigError>> {
        let source = Source { path: "/srv/wk/s.conf".into(), text: text.as_ref().to_vec() };
        parse(&source, self, Persona::Redis, true)
    }
}

impl Machine {
    /// Reads a text to its end, errors or not.
    #[allow(dead_code, reason = "not every test that has a machine reads on")]
    pub(crate) fn survey(&mut self, text: impl AsRef<[u8]>) -> Survey {
        let source = Source { path: "/srv/wk/s.conf".into(), text: text.as_ref().to_vec() };
        survey(&source, self, Persona::Redis)
    }
}

impl Files for Machine {
    fn read(&mut self, path: &str) -> Result<Vec<u8>, String> {
        self.files.get(&self.absolute(path)).cloned().ok_or_else(|| "No such file or directory".into())
    }
    fn read_if_exists(&mut self, path: &str) -> Result<Option<Vec<u8>>, String> {
        Ok(self.files.get(&self.absolute(path)).cloned())
    }
    fn glob(&mut self, pattern: &str) -> Vec<String> {
        let (head, tail) = pattern.split_once('*').expect("these tests use one star");
        let (head, cut) = (self.absolute(head), self.cwd.len() + 1);
        let found = self.files.keys().filter(|path| path.starts_with(&head) && path.ends_with(tail));
        found.map(|path| if pattern.starts_with('/') { path.clone() } else { path[cut..].into() }).collect()
    }
    fn chdir(&mut self, dir: &str) -> Result<String, String> {
        let path = self.absolute(dir.trim_end_matches('/'));
        if dir == "."
            || path == self.cwd
            || dir == "/root"
            || self.files.keys().any(|file| file.starts_with(&format!("{path}/")))
        {
            self.cwd = if dir == "." { self.cwd.clone() } else { path };
            return Ok(self.cwd.clone());
        }
        Err(if path == "/etc/passwd" { "Not a directory" } else { "No such file or directory" }.into())
    }
    fn executable(&mut self, path: &str) -> bool {
        self.lenient || path.ends_with(".sh") && self.files.contains_key(&self.absolute(path))
    }
    fn open_log(&mut self, path: &str) -> Result<(), String> {
        if path.starts_with("/nosuch/") { Err("No such file or directory".into()) } else { Ok(()) }
    }
}
