//! From a command line to a running sentinel: the order of operations of `redis-sentinel`, and everything that can refuse
//! the start. How a refusal is told is left to the command line; what a sentinel does is left to [`super::run`].

pub mod banner;
mod machine;
mod refusal;

use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::Access;
use watchkeeper_core::config::{CommandLine, Config, General, Source, assemble, parse};
use watchkeeper_core::{LogLevel, Persona};

pub use refusal::{Refusal, What};

use super::daemonize::{Side, daemonize};
use super::log::Logger;
use super::notify::{Environment, Notifier};
use super::pidfile::PidFile;
use super::{Startup, bind, raise_open_files, run, signals, strerror};
pub(crate) use machine::matching;
use machine::{Looking, Machine};

/// A configuration longer than this is refused, in bytes.
const CONFIG_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// What stands for the configuration file where the environment takes its place.
const ENVIRONMENT: &str = "(environment)";
/// How long the exit waits for the last log lines.
const LAST_LINES: Duration = Duration::from_secs(2);

/// Starts a sentinel and runs it to its end; the result is the exit status. Must be called while the process has one
/// thread only.
///
/// # Errors
///
/// The sentinel cannot start; nothing about it has been printed or logged yet.
pub fn start(line: &CommandLine, persona: Persona) -> Result<i32, Refusal> {
    let console = Logger::stdout(LogLevel::Notice);
    begin(read_config(line, persona, &console)?, persona)
}

/// As [`start`], with this text in place of a file. It must have a `state-file`: there is no other place for the state.
///
/// # Errors
///
/// As [`start`].
pub fn start_with(text: Vec<u8>, line: &CommandLine, persona: Persona) -> Result<i32, Refusal> {
    let console = Logger::stdout(LogLevel::Notice);
    let source = Source { path: ENVIRONMENT.into(), text: assemble(&text, b"", &line.options) };
    let config = parse(&source, &mut Machine, persona, true)
        .map_err(|error| Refusal { what: What::Wrong(error), log: console })?;
    begin((config.general.state_file.is_some().then(|| ENVIRONMENT.into()), config), persona)
}

/// From a configuration that has been read.
fn begin((path, config): (Option<PathBuf>, Config), persona: Persona) -> Result<i32, Refusal> {
    let log = Logger::new(&config.general);
    let refuse = |what| Refusal { what, log: Arc::clone(&log) };
    let Some(path) = path else { return Err(refuse(What::NoFile)) };
    let state_path =
        config.general.state_file.as_ref().map(|state| Path::new(&config.general.dir).join(state));
    check_writable(state_path.as_deref().unwrap_or(&path)).map_err(refuse)?;
    serve(config, path, state_path, persona, &log).map_err(refuse)
}

/// Reads file, standard input and options. The path is absolute from the start: `dir` lines do not move it.
fn read_config(
    line: &CommandLine,
    persona: Persona,
    console: &Arc<Logger>,
) -> Result<(Option<PathBuf>, Config), Refusal> {
    let refuse = |what| Refusal { what, log: Arc::clone(console) };
    let path = match line.file.as_deref().filter(|file| !file.is_empty()) {
        Some(file) => Some(absolute(Path::new(std::ffi::OsStr::from_bytes(file))).map_err(refuse)?),
        None => None,
    };
    let mut text = Vec::new();
    if let Some(path) = &path {
        let unreadable = |error| refuse(What::Unreadable { path: path.clone(), error });
        text = std::fs::File::open(path).and_then(read_limited).map_err(unreadable)?;
    }
    let mut input = Vec::new();
    if line.stdin {
        console.line(LogLevel::Warning, "Reading config from stdin");
        let unreadable = |error| refuse(What::Unreadable { path: "-".into(), error });
        input = read_limited(io::stdin().lock()).map_err(unreadable)?;
    }
    let shown = path.as_deref().map(|path| path.display().to_string()).unwrap_or_default();
    let source = Source { path: shown, text: assemble(&text, &input, &line.options) };
    let config = parse(&source, &mut Machine, persona, true).map_err(|error| refuse(What::Wrong(error)))?;
    Ok((path, config))
}

/// The configuration in this file. Nothing is started, nothing written, and the process stays where it is.
pub(crate) fn config_of(path: &Path, persona: Persona) -> Result<Config, What> {
    let path = absolute(path)?;
    let text = std::fs::File::open(&path).and_then(read_limited);
    let text = text.map_err(|error| What::Unreadable { path: path.clone(), error })?;
    let source = Source { path: path.display().to_string(), text };
    parse(&source, &mut Looking::default(), persona, true).map_err(What::Wrong)
}

fn read_limited(file: impl Read) -> io::Result<Vec<u8>> {
    read_at_most(file, CONFIG_BYTES_MAX)
}

/// All that it says, unless that is more than so many bytes.
pub(crate) fn read_at_most(file: impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    file.take(most.saturating_add(1)).read_to_end(&mut text)?;
    if u64::try_from(text.len()).is_ok_and(|length| length > most) {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(text)
}

/// The path from the root. Only `../` at the beginning is resolved, so that links in it are left as they are.
fn absolute(path: &Path) -> Result<PathBuf, What> {
    if path.is_absolute() {
        return Ok(path.into());
    }
    let failed = |error| What::Unreadable { path: path.into(), error };
    let mut here = std::env::current_dir().map_err(failed)?;
    let mut rest = path.as_os_str().as_bytes();
    while let Some(after) = rest.strip_prefix(b"../") {
        here.pop();
        rest = after;
    }
    // Joined as text: `join` would drop a leading `./`, which is shown as it was written.
    let mut whole = here.into_os_string();
    if whole != "/" {
        whole.push("/");
    }
    whole.push(std::ffi::OsStr::from_bytes(rest));
    Ok(whole.into())
}

/// The state is kept in this file: a sentinel that cannot write it would forget its votes.
fn check_writable(path: &Path) -> Result<(), What> {
    let checked = match rustix::fs::access(path, Access::WRITE_OK) {
        Err(rustix::io::Errno::NOENT) => {
            let folder = path.parent().unwrap_or(Path::new("/"));
            rustix::fs::access(folder, Access::WRITE_OK)
        }
        other => other,
    };
    checked.map_err(|errno| What::NotWritable { path: path.into(), error: errno.into() })
}

/// From a read configuration to the end of the sentinel.
fn serve(
    mut config: Config,
    config_path: PathBuf,
    state_path: Option<PathBuf>,
    persona: Persona,
    log: &Arc<Logger>,
) -> Result<i32, What> {
    let general = &mut config.general;
    let notifier = Notifier::find(&general.supervised, &Environment::of_process(), persona, log);
    remember_manager(general, &notifier);
    let daemonized = general.daemonize && notifier.manager().is_none();
    if daemonized && daemonize().map_err(What::Daemonize)? == Side::Parent {
        return Ok(0);
    }
    let system = |error: io::Error| What::CannotServe(vec![format!("Could not start: {}", strerror(&error))]);
    log.start_writer().map_err(system)?;
    banner::begin(persona, log);
    let signals = signals::listen(Arc::clone(log)).map_err(system)?;
    limit_clients(general, log)?;
    let mut listeners = bind(general).map_err(|error| What::CannotServe(error.lines))?;
    for line in std::mem::take(&mut listeners.warnings) {
        log.line(LogLevel::Warning, &line);
    }
    let pid_file = PidFile::place(general, persona, daemonized);
    if let Some(file) = &pid_file {
        write_pid_file(file, log);
    }
    let port = if general.port == 0 { general.tls.port } else { general.port };
    log.line(LogLevel::Notice, &format!("Running mode=sentinel, port={port}."));
    let acl_file = read_acl_file(general, persona)?;
    let notifier = Arc::new(notifier);
    let code = run(Startup {
        config,
        config_path,
        state_path,
        persona,
        acl_file,
        listeners,
        log: Arc::clone(log),
        signals,
        notifier: Arc::clone(&notifier),
    });
    leave(code, &notifier, pid_file.as_ref(), log);
    Ok(code)
}

/// `auto` that found a manager is kept as what it found. A manager that is not there this time stays in the file: a
/// start by hand must not end the supervision of the next one.
fn remember_manager(general: &mut General, notifier: &Notifier) {
    let Some(manager) = notifier.manager() else { return };
    if general.supervised == "auto" {
        give(general, "supervised", manager);
        general.supervised = manager.into();
    }
}

/// Makes room for the clients, or lowers `maxclients` for good.
fn limit_clients(general: &mut General, log: &Logger) -> Result<(), What> {
    let (maxclients, lines) =
        raise_open_files(general.maxclients).map_err(|line| What::CannotServe(vec![line]))?;
    for (level, line) in lines {
        log.line(level, &line);
    }
    if maxclients != general.maxclients {
        general.maxclients = maxclients;
        give(general, "maxclients", &maxclients.to_string());
    }
    Ok(())
}

/// Sets a directive as if it had been given, so that it is written back.
fn give(general: &mut General, name: &str, value: &str) {
    match general.given.iter_mut().find(|(given, _)| given == name) {
        Some((_, text)) => *text = value.into(),
        None => general.given.push((name.into(), value.into())),
    }
}

fn write_pid_file(file: &PidFile, log: &Logger) {
    if let Err(error) = file.write() {
        let (path, reason) = (file.path().display(), strerror(&error));
        log.line(LogLevel::Warning, &format!("The pid file `{path}` could not be written: {reason}"));
    }
}

/// The text of the `aclfile`, if there is one.
fn read_acl_file(general: &General, persona: Persona) -> Result<Option<Vec<u8>>, What> {
    let Some(path) = general.aclfile.as_deref().filter(|path| !path.is_empty()) else { return Ok(None) };
    let name = banner::name(persona);
    if !general.users.is_empty() {
        return Err(What::CannotServe(vec![format!(
            "Configuring {name} with users defined in {}.conf and at the same setting an ACL file path is invalid. \
             hint: keep the `user` lines or `aclfile`, not both.",
            name.to_lowercase()
        )]));
    }
    let read = std::fs::File::open(path).and_then(read_limited);
    read.map(Some).map_err(|error| {
        What::CannotServe(vec![format!(
            "Aborting {name} startup because of ACL errors: Error loading ACLs, opening file '{path}': {}",
            strerror(&error)
        )])
    })
}

/// What is left to do when the sentinel has ended.
fn leave(code: i32, notifier: &Notifier, pid_file: Option<&PidFile>, log: &Logger) {
    notifier.stopping();
    // After a crash the pid file stays, as after any crash.
    if code == 0 {
        if let Some(file) = pid_file {
            file.remove(log);
        }
        log.line(LogLevel::Warning, "Sentinel is now ready to exit, bye bye...");
    }
    log.flush(LAST_LINES);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_absolute_as_they_are_shown() {
        let here = std::env::current_dir().unwrap();
        let folder = here.file_name().unwrap().to_str().unwrap();
        let cases = [
            ("/etc/x", "/etc/x".into()),
            ("x", format!("{}/x", here.display())),
            ("./x", format!("{}/./x", here.display())),
            (&*format!("../{folder}/x"), format!("{}/x", here.display())),
        ];
        for (path, expected) in cases {
            assert_eq!(absolute(Path::new(path)).unwrap().into_os_string(), *expected, "{path}");
        }
    }

    #[test]
    fn what_was_detected_is_written_back() {
        let mut general = General { supervised: "auto".into(), ..General::default() };
        remember_manager(&mut general, &Notifier::default());
        assert_eq!((general.supervised.as_str(), general.given.len()), ("auto", 0));
        give(&mut general, "maxclients", "5");
        give(&mut general, "maxclients", "6");
        assert_eq!(general.given, [("maxclients".to_string(), "6".to_string())]);
    }
}
