//! Reading and writing the text of a sentinel's file without a disk.

use watchkeeper_core::Persona;
use watchkeeper_core::config::{Config, Files, Source, parse, rewrite};

/// A machine without files: includes and scripts are refused or taken on trust.
struct NoFiles;

impl Files for NoFiles {
    fn read(&mut self, path: &str) -> Result<Vec<u8>, String> {
        Err(format!("there is no file `{path}` in the simulated world"))
    }
    fn read_if_exists(&mut self, _path: &str) -> Result<Option<Vec<u8>>, String> {
        Ok(None)
    }
    fn glob(&mut self, _pattern: &str) -> Vec<String> {
        Vec::new()
    }
    fn chdir(&mut self, dir: &str) -> Result<String, String> {
        Ok(if dir == "." { "/".to_owned() } else { dir.to_owned() })
    }
    fn executable(&mut self, _path: &str) -> bool {
        true
    }
    fn open_log(&mut self, _path: &str) -> Result<(), String> {
        Ok(())
    }
}

/// Reads a file as a sentinel does at its start.
pub fn read(text: &[u8]) -> Result<Config, String> {
    let source = Source { path: "/etc/redis/sentinel.conf".to_owned(), text: text.to_vec() };
    parse(&source, &mut NoFiles, Persona::Redis, true).map_err(|error| error.to_string())
}

/// The first text of a file for this configuration.
pub fn write(config: &Config) -> Vec<u8> {
    rewrite(None, config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_line() {
        let error = read(b"sentinel monitor m 10.0.0.1 6379 2\ngarbage\n").unwrap_err();
        assert!(error.contains("line 2") && error.contains("`garbage`"), "{error}");
    }
}
