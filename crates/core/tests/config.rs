//! The configuration against what the real `redis-sentinel` 7.0.15 does with the same text: what it says is recorded in
//! `config/`, so that no Redis is needed here.

use std::collections::BTreeMap;

use watchkeeper_core::Persona;
use watchkeeper_core::config::{Config, ConfigError, Files, Source, parse};

/// A machine with these files.
#[derive(Debug, Default)]
struct Machine {
    files: BTreeMap<String, Vec<u8>>,
    cwd: String,
    logs: Vec<String>,
}

impl Machine {
    fn new(files: &[(&str, &str)]) -> Machine {
        let files = files.iter().map(|(path, text)| (format!("/work/{path}"), text.as_bytes().to_vec()));
        Machine { files: files.collect(), cwd: "/work".into(), logs: Vec::new() }
    }

    fn absolute(&self, path: &str) -> String {
        if path.starts_with('/') {
            path.into()
        } else {
            format!("{}/{}", self.cwd, path.trim_start_matches("./"))
        }
    }

    fn parse(&mut self, text: impl AsRef<[u8]>) -> Result<Config, Box<ConfigError>> {
        let source = Source { path: "/work/s.conf".into(), text: text.as_ref().to_vec() };
        parse(&source, self, Persona::Redis, true)
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
        if dir == "." || dir == "/root" || self.files.keys().any(|file| file.starts_with(&format!("{path}/")))
        {
            self.cwd = if dir == "." { self.cwd.clone() } else { path };
            return Ok(self.cwd.clone());
        }
        Err(if path == "/etc/passwd" { "Not a directory" } else { "No such file or directory" }.into())
    }
    fn executable(&mut self, path: &str) -> bool {
        path.ends_with(".sh") && self.files.contains_key(&self.absolute(path))
    }
    fn open_log(&mut self, path: &str) -> Result<(), String> {
        self.logs.push(path.into());
        if path.starts_with("/nosuch/") { Err("No such file or directory".into()) } else { Ok(()) }
    }
}

/// Every line is judged as by the real one, with the same words.
#[test]
fn single_lines_are_judged_as_by_redis() {
    let mut wrong = Vec::new();
    for record in include_str!("config/lines.txt").lines() {
        let (line, expected) = record.split_once('\t').expect("two columns");
        let general = !line.trim_start_matches(['"', ' ']).to_ascii_lowercase().starts_with("sentinel");
        let last = if general { "zzz" } else { "sentinel zzz" };
        let mut machine = Machine::new(&[("run.sh", ""), ("s.conf", "")]);
        let line = line.replace("$DIR", "/work");
        let text = format!("sentinel monitor mm 127.0.0.1 6379 2\n{line}\n{last}\n");
        let error = machine.parse(text).expect_err("the last line is always wrong");
        let said = match error.line {
            0 => format!("log: {}", error.message),
            3 => "ok".into(),
            _ => error.message,
        };
        if said != expected.replace("$DIR", "/work") {
            wrong.push(format!("{line}\n   redis: {expected}\n   ours:  {said}"));
        }
    }
    assert!(wrong.is_empty(), "{} lines:\n{}", wrong.len(), wrong.join("\n"));
}
