//! What is wrong, or will hurt, in configuration files: the rules behind `watchkeeper check`. Reading the files is the
//! core's ([`watchkeeper_core::config::survey`]), so that a line is refused here exactly where a sentinel refuses it. Each
//! module of rules looks at one subject; the codes with their explanations are in `codes`, what is printed in `show` and
//! `json`. Arguments and exit statuses are left to the command line.

mod across;
mod certificate;
pub(crate) mod codes;
mod disk;
mod flaws;
pub(crate) mod json;
mod lines;
mod names;
mod online;
mod secret;
mod secrets;
mod sheet;
pub(crate) mod show;
mod spot;
mod start;
mod times;
mod tls;
mod votes;

#[cfg(test)]
mod tests;

use watchkeeper_core::Lang;
use watchkeeper_core::config::{GroupConfig, Line};

use codes::{Rule, Severity};
pub(crate) use sheet::{Input, Sheet};
pub(crate) use spot::Spot;

/// A text in the language asked for.
macro_rules! say {
    ($lang:expr, $english:literal, $chinese:literal $(, $arg:expr)* $(,)?) => {
        match $lang {
            watchkeeper_core::Lang::En => format!($english $(, $arg)*),
            watchkeeper_core::Lang::Zh => format!($chinese $(, $arg)*),
        }
    };
}
use say;

/// Reports a word of a line with a text in both languages.
macro_rules! report {
    ($desk:expr, $rule:expr, $at:expr, $word:expr; $english:literal, $chinese:literal $(, $arg:expr)* $(,)?) => {{
        let message = $crate::check::say!($desk.lang(), $english, $chinese $(, $arg)*);
        $desk.report(&$rule, $at, $word, message)
    }};
}
use report;

/// How to look.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Options {
    /// the language of messages
    pub lang: Lang,
    /// the files are for another machine: of this one only the files themselves and what they include are read
    pub elsewhere: bool,
    /// whether names are resolved and masters asked
    pub online: bool,
}

/// Something found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// its row in the table
    pub code: &'static str,
    /// as the table says, or less
    pub severity: Severity,
    /// the file, as it is shown
    pub file: String,
    /// the line and the word, where one is to blame
    pub spot: Option<Spot>,
    /// what is wrong here
    pub message: String,
    /// what to do about it
    pub hint: String,
}

impl Finding {
    /// Texts of files are in it: none of them may do anything to a terminal.
    fn tamed(self) -> Finding {
        let Finding { file, message, hint, .. } = &self;
        let (file, message, hint) = (spot::tame(file), spot::tame(message), spot::tame(hint));
        Finding { file, message, hint, ..self }
    }
}

/// Everything that is found in these files, in the order of files and lines.
pub(crate) fn check(inputs: Vec<Input>, options: Options) -> Vec<Finding> {
    let sheets: Vec<Sheet> = inputs.into_iter().map(|input| Sheet::read(input, options.elsewhere)).collect();
    let mut all = Vec::new();
    for (index, sheet) in sheets.iter().enumerate() {
        let mut desk = Desk::new(sheet, options);
        flaws::look(&mut desk);
        start::look(&mut desk, sheets.len());
        lines::look(&mut desk);
        votes::look(&mut desk, &sheets);
        names::look(&mut desk);
        times::look(&mut desk);
        secrets::look(&mut desk);
        tls::look(&mut desk);
        disk::look(&mut desk);
        across::look(&mut desk, sheets.get(..index).unwrap_or_default());
        if options.online {
            online::look(&mut desk);
        }
        let mut found = desk.found;
        found.sort_by_key(|finding| (finding.spot.is_none(), place(finding)));
        all.extend(found);
    }
    all
}

/// Where a finding stands among those of its main file: the main text first, then what it includes.
fn place(finding: &Finding) -> (usize, usize) {
    finding.spot.as_ref().map_or((0, 0), |spot| (spot.order, spot.column))
}

/// A file on the desk: what rules look at, and where they put what they find.
struct Desk<'a> {
    sheet: &'a Sheet,
    options: Options,
    found: Vec<Finding>,
}

impl<'a> Desk<'a> {
    fn new(sheet: &'a Sheet, options: Options) -> Desk<'a> {
        Desk { sheet, options, found: Vec::new() }
    }

    fn lang(&self) -> Lang {
        self.options.lang
    }

    /// Reports a word of a line; without a line, the file.
    fn report(&mut self, rule: &'static Rule, at: Option<usize>, word: usize, message: String) {
        let hint = rule.fix.pick(self.lang()).to_owned();
        self.report_with(rule, rule.severity, at, word, message, hint);
    }

    /// The same, with a severity and a hint of its own.
    fn report_with(
        &mut self,
        rule: &'static Rule,
        severity: Severity,
        at: Option<usize>,
        word: usize,
        message: String,
        hint: String,
    ) {
        let line = at.and_then(|at| Some((at, self.sheet.survey.lines.get(at)?)));
        let file = line.and_then(|(_, line)| line.file.as_deref()).unwrap_or(&self.sheet.shown).to_owned();
        let spot = line.map(|(at, line)| Spot::of_word(line, at, word));
        self.found.push(Finding { code: rule.code, severity, file, spot, message, hint }.tamed());
    }

    /// The last line of a directive of a group, else the group's `monitor` line.
    fn of_group(&self, name: &'static str, group: &GroupConfig) -> Option<usize> {
        let sheet = self.sheet;
        sheet.line_of_group(name, group).or_else(|| sheet.line_of_group("monitor", group))
    }

    /// The lines of `sentinel NAME GROUP ...`, for directives that may stand there often.
    fn all_of_group(
        &self,
        name: &'static str,
        group: &GroupConfig,
    ) -> impl Iterator<Item = (usize, &'a Line)> + use<'a> {
        let sheet = self.sheet;
        let found = sheet.lines_of_group(name, group).iter();
        found.filter_map(|at| Some((*at, sheet.survey.lines.get(*at)?)))
    }
}
