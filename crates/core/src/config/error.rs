//! Why a configuration cannot be used, and how to say it in the words of `redis-sentinel`. Where to print it is left
//! to the shell: [`ConfigError::stderr`] and [`ConfigError::log_lines`] give the text.

use std::fmt;

use crate::sentinel::Persona;

/// How an error is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// banner on standard error with the line's number and text
    Line,
    /// banner on standard error without a line
    Banner,
    /// one line in the log (as warning), no banner
    Log,
}

/// Why a configuration was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// how upstream tells it
    pub kind: ErrorKind,
    /// the file the line stands in; `None` for the main text (file, standard input and options together)
    pub file: Option<String>,
    /// line number from 1; 0 where no line is to blame
    pub line: usize,
    /// column of the word to blame, from 1, in bytes of `text`; 0 where no line is to blame
    pub column: usize,
    /// the line without blanks around it
    pub text: Vec<u8>,
    /// what is wrong
    pub message: String,
    /// lines logged (as warnings) before the error itself
    pub log_before: Vec<String>,
    /// what to do about it, for our own tools
    pub hint: Option<String>,
    /// whether upstream takes the line, and only we refuse it
    pub only_here: bool,
}

impl ConfigError {
    /// What `redis-sentinel` prints to standard error, and our advice where it would print nothing; empty for [`ErrorKind::Log`].
    pub fn stderr(&self, persona: Persona) -> Vec<u8> {
        let version = match persona {
            Persona::Redis => "Redis 7.0.15",
            Persona::Valkey => "Version 8.0.1",
        };
        let mut out = format!("\n*** FATAL CONFIG FILE ERROR ({version}) ***\n").into_bytes();
        match self.kind {
            ErrorKind::Log => return Vec::new(),
            ErrorKind::Banner => {}
            ErrorKind::Line => {
                out.extend(format!("Reading the configuration file, at line {}\n>>> '", self.line).bytes());
                out.extend(&self.text);
                out.extend(b"'\n");
            }
        }
        out.extend(self.message.bytes());
        out.push(b'\n');
        if let Some(hint) = self.hint.as_ref().filter(|_| self.only_here) {
            out.extend(format!("hint: {hint}\n").bytes());
        }
        out
    }

    /// What goes to the log, as warnings.
    pub fn log_lines(&self) -> Vec<String> {
        let mut lines = self.log_before.clone();
        match self.kind {
            ErrorKind::Log => lines.push(self.message.clone()),
            ErrorKind::Line | ErrorKind::Banner => {}
        }
        lines
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "`{file}`: ")?;
        }
        if self.line > 0 {
            write!(
                f,
                "line {}, column {}: `{}`: ",
                self.line,
                self.column,
                String::from_utf8_lossy(&self.text)
            )?;
        }
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ConfigError {}

/// What is wrong with the words of a line; the line itself is known to the caller.
#[derive(Debug)]
pub(crate) struct Fault {
    /// what is wrong
    pub message: String,
    /// which word is to blame
    pub word: usize,
    /// lines logged before
    pub log_before: Vec<String>,
    /// what to do about it
    pub hint: Option<String>,
    /// whether upstream takes the line
    pub only_here: bool,
}

impl Fault {
    /// The word at `word` is to blame.
    pub(crate) fn at(word: usize, message: impl Into<String>) -> Fault {
        Fault { message: message.into(), word, log_before: Vec::new(), hint: None, only_here: false }
    }
    /// Upstream takes the line.
    pub(crate) fn only_here(mut self) -> Fault {
        self.only_here = true;
        self
    }
    /// With advice.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Fault {
        self.hint = Some(hint.into());
        self
    }
    /// With a line for the log.
    pub(crate) fn logged(mut self, line: String) -> Fault {
        self.log_before.push(line);
        self
    }
}
