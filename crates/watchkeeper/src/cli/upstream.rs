//! The command line of `redis-sentinel`. How options become directives is in `watchkeeper_core::config`, the order of what
//! happens then in [`startup`].

use std::ffi::OsString;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;

use watchkeeper_core::Persona;
use watchkeeper_core::config::CommandLine;

use crate::daemon::startup::{self, banner};

/// Runs as a sentinel; the result is the exit status.
pub fn main(args: &[OsString], persona: Persona) -> i32 {
    if let Some(code) = utility(args, persona) {
        return code;
    }
    let words: Vec<Vec<u8>> = args.iter().map(|arg| arg.as_bytes().to_vec()).collect();
    match startup::start(&CommandLine::read(&words), persona) {
        Ok(code) => code,
        Err(refusal) => {
            refusal.tell_as_upstream(persona);
            1
        }
    }
}

/// What is done instead of running, if the first argument asks for it.
fn utility(args: &[OsString], persona: Persona) -> Option<i32> {
    match args.first()?.as_bytes() {
        b"-v" | b"--version" => {
            print(&mut std::io::stdout(), &version_line(persona));
            Some(0)
        }
        b"-h" | b"--help" => {
            print(&mut std::io::stderr(), &usage(persona));
            Some(1)
        }
        word @ (b"--test-memory" | b"--check-system") => {
            let word = String::from_utf8_lossy(word);
            let name = banner::name(persona).to_lowercase();
            let text = format!(
                "`{word}` tests the machine, not the sentinel, and is not done here.\n\
                 hint: use `{name}-server {word}`\n"
            );
            print(&mut std::io::stderr(), &text);
            Some(1)
        }
        _ => None,
    }
}

fn version_line(persona: Persona) -> String {
    let (name, version) = (banner::name(persona), banner::version(persona));
    let build = env!("CARGO_PKG_VERSION");
    format!("{name} server v={version} sha=00000000:0 malloc=libc bits=64 build=watchkeeper-{build}\n")
}

fn usage(persona: Persona) -> String {
    let name = banner::name(persona).to_lowercase();
    let program = format!("{name}-sentinel");
    format!(
        "Usage: {program} /path/to/sentinel.conf [--directive value ...] [-]\n\
         \x20      {name}-server /path/to/sentinel.conf --sentinel [--directive value ...] [-]\n\
         \x20      {program} -v | --version\n\
         \x20      {program} -h | --help\n\
         \n\
         The file is needed: the sentinel keeps its state in it. Directives given as options are added to\n\
         those of the file, and win; a last `-` adds directives from standard input.\n\
         \n\
         Examples:\n\
         \x20      {program} /etc/{name}/sentinel.conf\n\
         \x20      {program} /etc/{name}/sentinel.conf --port 7777 --loglevel verbose\n\
         \x20      {program} /etc/{name}/sentinel.conf --sentinel monitor mymaster 10.0.0.1 6379 2\n\
         \x20      echo 'loglevel debug' | {program} /etc/{name}/sentinel.conf -\n\
         \n\
         This is Watchkeeper {}; for its own commands: `watchkeeper --help`\n",
        banner::build_text()
    )
}

/// Prints; a closed stream is nobody's loss.
fn print(out: &mut impl Write, text: &str) {
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_line_has_upstreams_form() {
        let line = version_line(Persona::Redis);
        assert!(line.starts_with("Redis server v=7.0.15 sha=00000000:0 malloc="));
        assert!(line.contains(" bits=64 build=") && line.ends_with('\n'));
        assert!(version_line(Persona::Valkey).starts_with("Valkey server v=8.0.1 sha="));
    }

    #[test]
    fn utilities_are_asked_for_by_the_first_argument_only() {
        let asked = |args: &[&str]| {
            let args: Vec<OsString> = args.iter().map(OsString::from).collect();
            utility(&args, Persona::Redis)
        };
        assert_eq!(asked(&["x.conf", "-v"]), None);
        assert_eq!(asked(&[]), None);
        assert_eq!(asked(&["-V"]), None);
    }
}
