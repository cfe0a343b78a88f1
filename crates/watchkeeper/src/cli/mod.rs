//! The command line. Called by the name of a sentinel, or with `--sentinel`, the program is a drop-in and understands
//! exactly what `redis-sentinel` understands ([`upstream`]); otherwise it has commands of its own ([`own`]).

mod check;
mod chinese;
mod demo;
mod doctor;
mod explain;
mod format;
mod from_env;
mod health;
pub mod lang;
mod live;
mod mistake;
mod out;
pub mod own;
mod rehearse;
mod text;
pub mod upstream;

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::ExitCode;

use watchkeeper_core::{Lang, Persona};

use crate::daemon::startup::What;

/// How the program was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    /// as a sentinel, speaking as this one
    Sentinel(Persona),
    /// by its own name
    Own,
}

/// Does what the arguments (with the program's name in front) say; the result is the exit status.
pub fn main(args: &[OsString]) -> ExitCode {
    let name = args.first().cloned().unwrap_or_default();
    let rest = args.get(1..).unwrap_or_default();
    match call(&name, rest) {
        Call::Sentinel(persona) => status(upstream::main(rest, persona)),
        Call::Own => own::main(args, lang::choose(rest, |name| std::env::var(name).ok())),
    }
}

/// Why a configuration can't be used, for people.
pub(crate) fn refusal_text(what: &What, lang: Lang) -> String {
    text::refusal_body(what, lang)
}

/// Statuses are 0..=255; anything else would be a mistake of ours and must not look like success.
fn status(code: i32) -> ExitCode {
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}

/// Decides by the last part of the program's name and by `--sentinel`.
fn call(name: &OsStr, args: &[OsString]) -> Call {
    let name = Path::new(name).file_name().unwrap_or_default().to_string_lossy();
    let persona = if name.contains("valkey") { Persona::Valkey } else { Persona::Redis };
    if name.contains("redis-sentinel") || name.contains("valkey-sentinel") {
        return Call::Sentinel(persona);
    }
    // `watchkeeper run FILE --sentinel monitor ...` gives an option to a command of ours.
    let own_command = first_word(args).is_some_and(|word| own::is_command(word));
    if !own_command && args.iter().any(|arg| arg == "--sentinel") {
        return Call::Sentinel(persona);
    }
    Call::Own
}

/// The first word behind `--lang`, which may stand before a command.
fn first_word(args: &[OsString]) -> Option<&OsString> {
    let mut args = args.iter();
    let first = args.next()?;
    match first.to_str() {
        Some("--lang") => args.nth(1),
        Some(option) if option.starts_with("--lang=") => args.next(),
        Some(_) | None => Some(first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn called(words: &str) -> Call {
        let words: Vec<OsString> = words.split(' ').map(OsString::from).collect();
        call(&words[0], &words[1..])
    }

    #[test]
    fn the_name_decides() {
        let (redis, valkey) = (Call::Sentinel(Persona::Redis), Call::Sentinel(Persona::Valkey));
        assert_eq!(called("redis-sentinel x"), redis);
        assert_eq!(called("/usr/bin/redis-sentinel-7.0 x"), redis);
        assert_eq!(called("/usr/bin/valkey-sentinel x"), valkey);
        assert_eq!(called("/opt/redis-sentinel/watchkeeper x"), Call::Own);
        assert_eq!(called("watchkeeper run x"), Call::Own);
    }

    #[test]
    fn the_switch_decides_wherever_it_stands() {
        assert_eq!(called("redis-server x.conf --sentinel"), Call::Sentinel(Persona::Redis));
        assert_eq!(called("redis-server --sentinel"), Call::Sentinel(Persona::Redis));
        assert_eq!(called("valkey-server x.conf --sentinel"), Call::Sentinel(Persona::Valkey));
        assert_eq!(called("watchkeeper x.conf --port 1 --sentinel"), Call::Sentinel(Persona::Redis));
        assert_eq!(called("watchkeeper x.conf --Sentinel"), Call::Own);
        assert_eq!(called("watchkeeper run x.conf --sentinel monitor m h 1 1"), Call::Own);
        assert_eq!(called("watchkeeper --lang zh status --sentinel h:1"), Call::Own);
        assert_eq!(called("watchkeeper --lang=zh status --sentinel h:1"), Call::Own);
        assert_eq!(called("watchkeeper --lang zh --sentinel"), Call::Sentinel(Persona::Redis));
    }
}
