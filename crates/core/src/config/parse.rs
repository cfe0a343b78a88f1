//! Reading a configuration: general directives are executed from top to bottom, `sentinel` lines are queued and executed
//! afterwards in three passes, so that a group's settings may stand above its `monitor` line.
//!
//! Everything outside the text is asked of [`Files`]. What a `sentinel` line does is in `sentinel_line`, the merging of a
//! state file in `state`, checking ACL rules with the ACL.

use std::collections::BTreeSet;

use super::args::{column_of, split_args};
use super::directive::{self, DEPRECATED, GENERAL, Kind, Pass, SENTINEL};
use super::draft::Draft;
use super::error::{ConfigError, ErrorKind, Fault};
use super::sentinel_line;
use super::source::{Source, trim, whole_lines};
use super::survey::{Errors, Parts};
use super::{Config, General, state, typed, value};
use crate::command::acl_rules::{RuleError, User, merge_selectors};
use crate::command::table;
use crate::nearest::nearest;
use crate::sentinel::Persona;

/// How deep files may include files.
const INCLUDE_DEPTH_MAX: usize = 16;
/// How many files may be included in all: a file that includes itself by a wildcard would never end.
const INCLUDES_MAX: usize = 1_000;
/// What reading needs of the machine. Errors are the system's texts ("No such file or directory").
pub trait Files {
    /// The content of a file.
    fn read(&mut self, path: &str) -> Result<Vec<u8>, String>;
    /// The content of a file; `None` when there is none.
    fn read_if_exists(&mut self, path: &str) -> Result<Option<Vec<u8>>, String>;
    /// The files a pattern matches, in the order of `glob(3)`.
    fn glob(&mut self, pattern: &str) -> Vec<String>;
    /// Changes the working directory; the absolute path of where we are then.
    fn chdir(&mut self, dir: &str) -> Result<String, String>;
    /// Whether the process may execute this file.
    fn executable(&mut self, path: &str) -> bool;
    /// Opens the log file for appending, and closes it.
    fn open_log(&mut self, path: &str) -> Result<(), String>;
}

/// Reads a configuration. `sentinel_mode` is whether the program was started as a sentinel; otherwise `sentinel` lines
/// are refused.
pub fn parse(
    main: &Source,
    files: &mut dyn Files,
    persona: Persona,
    sentinel_mode: bool,
) -> Result<Config, Box<ConfigError>> {
    read(main, files, persona, sentinel_mode, &mut Errors::first())
}

/// Reads a configuration; what becomes of an error is decided by `errors`.
pub(crate) fn read(
    main: &Source,
    files: &mut dyn Files,
    persona: Persona,
    sentinel_mode: bool,
    errors: &mut Errors,
) -> Result<Config, Box<ConfigError>> {
    let mut general = General::default();
    if persona == Persona::Valkey {
        general.syslog_ident = "valkey".into();
    }
    let here = files.chdir(".").map_err(|error| Box::new(banner(None, error)))?;
    general.dir = here;
    let mut reader = Reader {
        files,
        sentinel_mode,
        config: Config { general, ..Config::default() },
        queue: Vec::new(),
        includes: 0,
        depth: 0,
        errors,
    };
    reader.text(None, &Parts::default(), &main.text)?;
    if reader.errors.over() {
        let general = General { dir: reader.config.general.dir, ..General::default() };
        return Ok(Config { general, ..Config::default() });
    }
    reader.config.general.state_source = state::source_hash(reader.queue.iter().map(|line| &line.words[..]));
    let Reader { mut config, queue, files, errors, .. } = reader;
    run_queue(&mut config, files, &queue, errors)?;
    if let Some(path) = &mut config.general.state_file {
        if !path.starts_with('/') {
            *path = format!("{}/{path}", config.general.dir.trim_end_matches('/'));
        }
        let path = path.clone();
        state::load(&mut config, &path, files).or_else(|error| errors.take(None, error))?;
    }
    Ok(config)
}

/// A `sentinel` line that waits for its pass.
#[derive(Debug)]
pub(crate) struct Queued {
    /// the included or state file it stands in
    pub file: Option<String>,
    /// line number
    pub number: usize,
    /// the trimmed line
    pub text: Vec<u8>,
    /// all its words; the first is `sentinel`
    pub words: Vec<Vec<u8>>,
    /// its place among the lines of a survey
    pub index: Option<usize>,
}

/// Executes queued lines in three passes; the first error of the first failing pass counts.
pub(crate) fn run_queue(
    config: &mut Config,
    files: &mut dyn Files,
    queue: &[Queued],
    errors: &mut Errors,
) -> Result<(), Box<ConfigError>> {
    let mut stand_ins = BTreeSet::new();
    let mut draft = Draft::new(config);
    for pass in [Pass::Global, Pass::Monitor, Pass::Group] {
        if pass == Pass::Group {
            stand_ins.extend(errors.unread_groups().filter_map(|name| draft.push_stand_in(name)));
        }
        for line in queue {
            let found = line.words.get(1).and_then(|name| directive::sentinel(name));
            if found.map_or(Pass::Group, |directive| directive.pass) != pass {
                continue;
            }
            let Err(fault) = sentinel_line::run(&mut draft, files, found, &line.words) else { continue };
            let error = line_error(line.file.clone(), line.number, &line.text, fault);
            errors.take(line.index, error)?;
            // A group that is not there is told once: a stand-in takes its other lines, so that each is judged by itself.
            let named = found.is_some_and(|directive| directive.pass != Pass::Global);
            let name = line.words.get(2).filter(|_| named);
            stand_ins.extend(name.and_then(|name| draft.push_stand_in(name)));
        }
    }
    let mut place = 0..;
    config.groups.retain(|_| !place.next().is_some_and(|at| stand_ins.contains(&at)));
    Ok(())
}

pub(crate) fn line_error(file: Option<String>, line: usize, text: &[u8], fault: Fault) -> Box<ConfigError> {
    Box::new(ConfigError {
        kind: ErrorKind::Line,
        file,
        line,
        column: column_of(text, fault.word),
        text: text.to_vec(),
        message: fault.message,
        log_before: fault.log_before,
        hint: fault.hint,
        only_here: fault.only_here,
    })
}

pub(crate) fn banner(file: Option<String>, message: String) -> ConfigError {
    let kind = ErrorKind::Banner;
    ConfigError {
        kind,
        file,
        line: 0,
        column: 0,
        text: Vec::new(),
        message,
        log_before: Vec::new(),
        hint: None,
        only_here: false,
    }
}

/// A line with a NUL byte at `at`. Upstream drops the rest of the line with its newline, so that the next line is read as
/// its end: a comment swallows a setting, and nobody is told. What is shown ends at the byte.
fn nul_error(file: Option<String>, number: usize, line: &[u8], at: usize) -> Box<ConfigError> {
    let hint = "redis-sentinel would read this line and the next one as one; such bytes come from a disk that lost power, \
                or from UTF-16: restore the file, or save it as UTF-8";
    let shown = line.get(..at).unwrap_or_default();
    let error = line_error(file, number, shown, Fault::at(0, "NUL byte in the line").hint(hint).only_here());
    Box::new(ConfigError { column: at + 1, ..*error })
}

struct Reader<'a> {
    files: &'a mut dyn Files,
    sentinel_mode: bool,
    config: Config,
    queue: Vec<Queued>,
    includes: usize,
    depth: usize,
    errors: &'a mut Errors,
}

/// Why a line fails: it is wrong itself, or the file it includes is.
enum Failure {
    Here(Fault),
    Inside(Box<ConfigError>),
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Failure {
        Failure::Here(fault)
    }
}

impl Reader<'_> {
    fn text(&mut self, file: Option<&str>, parts: &Parts, text: &[u8]) -> Result<(), Box<ConfigError>> {
        for (number, whole) in whole_lines(text) {
            let line = trim(whole);
            let nul = line.iter().position(|byte| *byte == 0);
            if nul.is_none() && (line.is_empty() || line.starts_with(b"#")) {
                continue;
            }
            let words = split_args(line).filter(|_| nul.is_none());
            let index = match self.errors.keep(parts, number, whole, words.as_deref()) {
                Ok(index) => index,
                Err(_) => return Ok(()),
            };
            if let Some(at) = nul {
                let error = nul_error(file.map(str::to_string), number, line, at);
                self.errors.take(index, error)?;
                self.errors.end();
                return Ok(());
            }
            self.whole_line(file, number, line, words, index)
                .or_else(|error| self.errors.take(index, error))?;
        }
        let log = self.config.general.logfile.clone();
        if !log.is_empty() {
            let opened = self.files.open_log(&log);
            let error = |error| Box::new(banner(None, format!("Can't open the log file: {error}")));
            let line = self.errors.last("logfile");
            opened.map_err(error).or_else(|error| self.errors.take(line, error))?;
        }
        Ok(())
    }

    fn whole_line(
        &mut self,
        file: Option<&str>,
        number: usize,
        line: &[u8],
        words: Option<Vec<Vec<u8>>>,
        index: Option<usize>,
    ) -> Result<(), Box<ConfigError>> {
        let file = || file.map(str::to_string);
        let Some(words) = words else {
            self.errors.unread(line);
            let hint =
                "a value with quotes in it is written as \"...\\\"...\"; a closing quote ends the word";
            let fault = Fault::at(0, "Unbalanced quotes in configuration line").hint(hint);
            return Err(line_error(file(), number, line, fault));
        };
        if words.is_empty() {
            return Ok(());
        }
        if words[0].eq_ignore_ascii_case(b"sentinel") && words.len() > 1 && self.sentinel_mode {
            self.queue.push(Queued { file: file(), number, text: line.to_vec(), words, index });
            return Ok(());
        }
        self.line(&words).map_err(|failure| match failure {
            Failure::Here(fault) => line_error(file(), number, line, fault),
            Failure::Inside(error) => error,
        })
    }

    fn line(&mut self, words: &[Vec<u8>]) -> Result<(), Failure> {
        let name = words[0].to_ascii_lowercase();
        let args = &words[1..];
        if args.len() == 1 && DEPRECATED.iter().any(|old| old.as_bytes() == name) {
            return Ok(());
        }
        if let Some(found) = directive::general(&name) {
            return Ok(self.general(found, args)?);
        }
        match (&name[..], args) {
            (b"include", [path]) => self.include(path),
            (b"rename-command", [old, new]) => Ok(self.rename_command(old, new)?),
            (b"user", [_, ..]) => Ok(self.user(args)?),
            (b"loadmodule", [_, ..]) | (b"sentinel", []) => Ok(()),
            (b"sentinel", _) => Err(Fault::at(0, "sentinel directive while not in sentinel mode").into()),
            (dotted, _) if dotted.contains(&b'.') => {
                let missing = Fault::at(0, "Module config specified without value");
                if args.is_empty() { Err(missing.into()) } else { Ok(()) }
            }
            _ => Err(unknown(&name).into()),
        }
    }

    fn general(&mut self, found: &'static directive::Directive, args: &[Vec<u8>]) -> Result<(), Fault> {
        let given = &mut self.config.general.given;
        let before = given.iter().find(|(name, _)| name == found.name).map(|(_, text)| text.clone());
        let text = value::check(found, args, before.as_deref())?;
        if found.kind == Kind::Save {
            return Ok(());
        }
        if found.kind == Kind::Dir {
            let dir = typed::text(&args[0])?;
            self.config.general.dir = self.files.chdir(&dir).map_err(|error| Fault::at(1, error))?;
            return Ok(());
        }
        typed::set(&mut self.config.general, found.name, args, &text)?;
        let given = &mut self.config.general.given;
        match given.iter_mut().find(|(name, _)| name == found.name) {
            Some(entry) => entry.1 = text,
            None => given.push((found.name.to_string(), text)),
        }
        Ok(())
    }

    fn include(&mut self, path: &[u8]) -> Result<(), Failure> {
        let path = typed::text(path)?;
        self.includes += 1;
        if self.depth >= INCLUDE_DEPTH_MAX || self.includes > INCLUDES_MAX {
            self.errors.loops();
            let fault = Fault::at(1, format!("`include {path}`: files include each other without end"));
            return Err(fault
                .hint(format!("at most {INCLUDE_DEPTH_MAX} levels and {INCLUDES_MAX} files"))
                .into());
        }
        let paths = if path.contains(['*', '?', '[']) { self.files.glob(&path) } else { vec![path.clone()] };
        let mut text = Vec::new();
        let mut parts = Parts::default();
        for path in &paths {
            let content = self.files.read(path).map_err(|error| {
                let message = format!("Fatal error, can't open config file '{path}': {error}");
                Failure::Inside(Box::new(ConfigError { kind: ErrorKind::Log, ..banner(None, message) }))
            })?;
            if !text.is_empty() && !text.ends_with(b"\n") {
                text.push(b'\n');
            }
            parts.begin(path, &text);
            text.extend(content);
        }
        self.depth += 1;
        let result = self.text(Some(&path), &parts, &text).map_err(Failure::Inside);
        self.depth -= 1;
        result
    }

    fn rename_command(&mut self, old: &[u8], new: &[u8]) -> Result<(), Fault> {
        let (old, new) = (typed::text(old)?, typed::text(new)?);
        let renames = &mut self.config.general.rename_commands;
        let gone = renames.iter().any(|(before, _)| before.eq_ignore_ascii_case(&old));
        let made = renames.iter().position(|(_, name)| !name.is_empty() && name.eq_ignore_ascii_case(&old));
        let known = table::top_level().any(|command| old.eq_ignore_ascii_case(command.name));
        if made.is_none() && (gone || !known) {
            let hint = "only commands a sentinel has can be renamed; \
                        names on the watched servers are changed by `sentinel rename-command`";
            return Err(Fault::at(1, "No such command in rename-command").hint(hint));
        }
        let moved = |name: &str| renames.iter().any(|(before, _)| before.eq_ignore_ascii_case(name));
        let own = old.eq_ignore_ascii_case(&new);
        let commands =
            table::top_level().any(|command| new.eq_ignore_ascii_case(command.name) && !moved(command.name));
        let taken = renames
            .iter()
            .enumerate()
            .any(|(at, (_, name))| Some(at) != made && name.eq_ignore_ascii_case(&new));
        if !new.is_empty() && !own && (commands || taken) {
            return Err(Fault::at(2, "Target command name already exists"));
        }
        renames.push((old, new));
        Ok(())
    }

    fn user(&mut self, args: &[Vec<u8>]) -> Result<(), Fault> {
        let users = &self.config.general.users;
        if users.iter().any(|user| user[0] == args[0]) {
            let name = String::from_utf8_lossy(&args[0]);
            let message = format!(
                "Error in user declaration '{name}': Duplicate user found. \
                 A user can only be defined once in config files"
            );
            return Err(Fault::at(1, message));
        }
        check_rules(args, self.config.general.acl_pubsub_allchannels)?;
        self.config.general.users.push(args.to_vec());
        Ok(())
    }
}

/// Refuses rules that can never be right. Unknown commands are found when the users are made, as upstream does.
fn check_rules(args: &[Vec<u8>], all_channels: bool) -> Result<(), Fault> {
    // Upstream counts from the first rule and prints the word with that number in the whole line.
    let blamed = |index: usize| match index.checked_sub(1) {
        None => "user".into(),
        Some(at) => String::from_utf8_lossy(args.get(at).map_or(&[], |word| word)).into_owned(),
    };
    let refused = |index: usize, reason: RuleError| {
        let message = format!("Error in user declaration '{}': {}", blamed(index), reason.text());
        Fault::at(index + 2, message)
    };
    let Some((_, rules)) = args.split_first() else { return Ok(()) };
    let rules = merge_selectors(rules).map_err(|open| {
        let index = rules.iter().position(|rule| *rule == open).unwrap_or_default();
        refused(index, RuleError::UnknownCommand).hint("a selector ends with `)`")
    })?;
    let mut user = User::new(all_channels);
    for (index, rule) in rules.iter().enumerate() {
        match user.apply(rule) {
            Ok(()) | Err(RuleError::UnknownCommand) => {}
            Err(reason) => return Err(refused(index, reason)),
        }
    }
    Ok(())
}

/// The error for a name nobody knows, with the nearest known one as advice.
fn unknown(name: &[u8]) -> Fault {
    let fault = Fault::at(0, "Bad directive or wrong number of arguments");
    let name = String::from_utf8_lossy(name);
    if directive::sentinel(name.as_bytes()).is_some() {
        return fault.hint(format!("did you mean `sentinel {name} ...`?"));
    }
    let general = GENERAL.iter().map(|known| known.name).chain(["include", "rename-command", "user"]);
    if let Some(like) = nearest(&name, general) {
        return fault.hint(format!("did you mean `{like}`?"));
    }
    match nearest(&name, SENTINEL.iter().map(|known| known.name)) {
        Some(like) => fault.hint(format!("did you mean `sentinel {like} ...`?")),
        None => fault,
    }
}
