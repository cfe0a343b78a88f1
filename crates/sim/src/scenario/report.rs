//! What came of a scenario file, and how that is shown.

use std::fmt;

use crate::time::Time;

use super::words::{Error, span};

/// What went wrong in a case.
#[derive(Debug, Clone)]
pub struct Failure {
    /// the line of the step
    pub line: usize,
    /// the step
    pub step: String,
    /// what was seen instead, line by line
    pub wrong: Vec<String>,
    /// when
    pub at: Time,
    /// the last lines of the trace
    pub trace: Vec<String>,
}

/// What came of one case.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// the heading it stands under
    pub title: String,
    /// where it begins
    pub line: usize,
    /// how long it took in its world
    pub took: Time,
    /// equal for equal courses
    pub hash: u64,
    /// the events in their order: when, which sentinel, which
    pub events: Vec<(Time, String, String)>,
    /// the whole trace, as far as it was kept
    pub trace: Vec<String>,
    /// nothing if all expectations came true
    pub failure: Option<Failure>,
}

/// What came of a file.
#[derive(Debug, Clone)]
pub struct Report {
    /// the file, as it was named
    pub path: String,
    /// its cases, or why they could not be read
    pub outcome: Result<Vec<Outcome>, Error>,
}

impl Report {
    /// Whether everything came true.
    pub fn passed(&self) -> bool {
        self.outcome.as_ref().is_ok_and(|cases| cases.iter().all(|case| case.failure.is_none()))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cases = match &self.outcome {
            Ok(cases) => cases,
            Err(error) => return writeln!(f, "{error}"),
        };
        for case in cases {
            match &case.failure {
                None => {
                    let Outcome { title, line, took, .. } = case;
                    writeln!(f, "ok    {}:{line}  {title} ({} simulated)", self.path, span(took.0))?;
                }
                Some(failure) => self.show(case, failure, f)?,
            }
        }
        Ok(())
    }
}

impl Report {
    fn show(&self, case: &Outcome, failure: &Failure, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = &self.path;
        writeln!(f, "FAIL  {path}:{}  {}", case.line, case.title)?;
        writeln!(f, "\n{path}:{}: `{}` failed at {}:", failure.line, failure.step, span(failure.at.0))?;
        for line in &failure.wrong {
            writeln!(f, "    {line}")?;
        }
        writeln!(f, "the last lines of the trace:")?;
        for line in &failure.trace {
            writeln!(f, "    {line}")?;
        }
        writeln!(
            f,
            "hint: `cargo run -p watchkeeper-sim -- scenario {path} --trace` replays it with the whole trace"
        )
    }
}
