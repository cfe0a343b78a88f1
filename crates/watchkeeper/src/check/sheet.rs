//! A configuration file read for checking, with an index of its lines. Reading does nothing to this machine: the working
//! directory stays, and no log file is made. What the lines mean is the core's.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::Access;
use rustix::io::Errno;
use watchkeeper_core::Persona;
use watchkeeper_core::config::{Files, GroupConfig, Source, Survey, directive, survey};

use crate::daemon::startup::{matching, read_at_most};
use crate::daemon::strerror;

/// Bytes read at most, of a file and everything it includes.
const BYTES_MAX: u64 = 64 * 1024 * 1024;

/// A file to be checked.
#[derive(Debug)]
pub(crate) struct Input {
    /// how it is called in messages
    pub shown: String,
    /// where it is; `None` for standard input
    pub path: Option<PathBuf>,
    /// what it says, or why that is not known
    pub text: Result<Vec<u8>, String>,
}

impl Input {
    /// Reads a file.
    pub(crate) fn file(path: &Path) -> Input {
        let text = fs::File::open(path).and_then(|file| read_at_most(file, BYTES_MAX));
        let shown = path.display().to_string();
        Input { shown, path: Some(path.to_owned()), text: text.map_err(|error| strerror(&error)) }
    }

    /// Reads standard input.
    pub(crate) fn stdin() -> Input {
        let text = read_at_most(io::stdin().lock(), BYTES_MAX).map_err(|error| strerror(&error));
        Input { shown: "<stdin>".into(), path: None, text }
    }
}

/// A file that has been read.
#[derive(Debug)]
pub(crate) struct Sheet {
    pub shown: String,
    pub path: Option<PathBuf>,
    /// why it could not be read at all
    pub unread: Option<String>,
    pub survey: Survey,
    /// lines of `sentinel NAME GROUP ...`, by canonical name and group
    by_group: BTreeMap<(&'static str, Vec<u8>), Vec<usize>>,
    /// lines of other directives
    by_name: BTreeMap<(bool, &'static str), Vec<usize>>,
}

impl Sheet {
    pub(super) fn read(input: Input, elsewhere: bool) -> Sheet {
        let Input { shown, path, text } = input;
        let (text, unread) = match text {
            Ok(text) => (text, None),
            Err(error) => (Vec::new(), Some(error)),
        };
        let here = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
        let mut disk = Disk { here, elsewhere, left: BYTES_MAX };
        let source = Source { path: shown.clone(), text };
        let survey = survey(&source, &mut disk, Persona::Redis);
        let mut sheet =
            Sheet { shown, path, unread, survey, by_group: BTreeMap::new(), by_name: BTreeMap::new() };
        sheet.index();
        sheet
    }

    fn index(&mut self) {
        for (at, line) in self.survey.lines.iter().enumerate() {
            let Some(first) = line.words.first() else { continue };
            if !first.eq_ignore_ascii_case(b"sentinel") {
                if let Some(known) = directive::general(first) {
                    self.by_name.entry((false, known.name)).or_default().push(at);
                }
                continue;
            }
            let Some(known) = line.words.get(1).and_then(|name| directive::sentinel(name)) else { continue };
            match line.words.get(2).filter(|_| known.words.first() == Some(&"group")) {
                Some(group) => self.by_group.entry((known.name, group.clone())).or_default().push(at),
                None => self.by_name.entry((true, known.name)).or_default().push(at),
            }
        }
    }

    /// The last line of a general directive.
    pub(super) fn general(&self, name: &'static str) -> Option<usize> {
        self.by_name.get(&(false, name)).and_then(|lines| lines.last()).copied()
    }

    /// The last line of a `sentinel` directive of the whole process.
    pub(super) fn global(&self, name: &'static str) -> Option<usize> {
        self.by_name.get(&(true, name)).and_then(|lines| lines.last()).copied()
    }

    /// The lines of a directive of a group.
    pub(super) fn lines_of_group(&self, name: &'static str, group: &GroupConfig) -> &[usize] {
        self.by_group.get(&(name, group.name.0.clone().into_bytes())).map_or(&[], |lines| &lines[..])
    }

    /// The last of them.
    pub(super) fn line_of_group(&self, name: &'static str, group: &GroupConfig) -> Option<usize> {
        self.lines_of_group(name, group).last().copied()
    }

    /// Lines of a directive that stand more than once, general ones (`false`) and those of the process or of one group.
    pub(super) fn repeated(&self) -> impl Iterator<Item = (bool, &'static str, &[usize])> {
        let named = self.by_name.iter().map(|((sentinel, name), lines)| (*sentinel, *name, &lines[..]));
        let grouped = self.by_group.iter().map(|((name, _), lines)| (true, *name, &lines[..]));
        named.chain(grouped).filter(|(_, _, lines)| lines.len() > 1)
    }

    /// A path of the configuration as it is from here.
    pub(super) fn resolve(&self, path: &str) -> PathBuf {
        Path::new(&self.survey.config.general.dir).join(path)
    }
}

/// What a file says, if it is one.
pub(super) fn regular(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let about = fs::metadata(path)?;
    if about.is_dir() {
        return Err(Errno::ISDIR.into());
    }
    // A pipe would be waited for without end.
    if !about.is_file() {
        return Err(io::Error::other("Not a regular file"));
    }
    read_at_most(fs::File::open(path)?, most)
}

/// This machine, looked at without a change.
struct Disk {
    /// stands for the working directory
    here: PathBuf,
    elsewhere: bool,
    left: u64,
}

impl Disk {
    fn read_regular(&mut self, path: &str) -> io::Result<Vec<u8>> {
        let text = regular(&self.here.join(path), self.left)?;
        self.left = self.left.saturating_sub(u64::try_from(text.len()).unwrap_or(u64::MAX));
        Ok(text)
    }
}

impl Files for Disk {
    fn read(&mut self, path: &str) -> Result<Vec<u8>, String> {
        self.read_regular(path).map_err(|error| strerror(&error))
    }

    fn read_if_exists(&mut self, path: &str) -> Result<Option<Vec<u8>>, String> {
        if self.elsewhere {
            return Ok(None);
        }
        match self.read_regular(path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(strerror(&error)),
        }
    }

    fn glob(&mut self, pattern: &str) -> Vec<String> {
        let found = matching(&self.here.join(pattern).display().to_string());
        // A path that was written without the directory is shown without it.
        let shown = |path: String| {
            let short = Path::new(&path).strip_prefix(&self.here).ok().filter(|_| !pattern.starts_with('/'));
            short.map(|short| short.display().to_string()).unwrap_or(path)
        };
        found.into_iter().map(shown).collect()
    }

    fn chdir(&mut self, dir: &str) -> Result<String, String> {
        if self.elsewhere && dir != "." {
            return Ok(if dir.starts_with('/') {
                dir.into()
            } else {
                self.here.join(dir).display().to_string()
            });
        }
        let whole = fs::canonicalize(self.here.join(dir)).map_err(|error| strerror(&error))?;
        if !whole.is_dir() {
            return Err(strerror(&Errno::NOTDIR.into()));
        }
        rustix::fs::access(&whole, Access::EXEC_OK).map_err(|errno| strerror(&errno.into()))?;
        self.here.clone_from(&whole);
        Ok(whole.display().to_string())
    }

    fn executable(&mut self, path: &str) -> bool {
        self.elsewhere || rustix::fs::access(self.here.join(path), Access::EXEC_OK).is_ok()
    }

    fn open_log(&mut self, path: &str) -> Result<(), String> {
        if self.elsewhere {
            return Ok(());
        }
        let whole = self.here.join(path);
        let looked = match fs::metadata(&whole) {
            Ok(about) if about.is_dir() => Err(Errno::ISDIR.into()),
            Ok(_) => rustix::fs::access(&whole, Access::WRITE_OK).map_err(io::Error::from),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let folder = whole.parent().unwrap_or(Path::new("/"));
                rustix::fs::access(folder, Access::WRITE_OK | Access::EXEC_OK).map_err(io::Error::from)
            }
            Err(error) => Err(error),
        };
        looked.map_err(|error| strerror(&error))
    }
}
