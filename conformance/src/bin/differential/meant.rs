//! Differences that are meant: each says what ours answers, and why.
//!
//! ```text
//! step: CLIENT SETINFO LIB-NAME x
//! ours: +OK
//! why: clients send it at every start, later servers know it
//!
//! line: watchkeeper_version:*
//! why: one more line in INFO
//! ```
//!
//! `ours` is a glob over the whole reply as the report prints it; several `ours` lines are joined by newlines.
//! A difference at a step without such an entry, or with another reply than the entry says, is unexpected.

use crate::mask::matches_glob;

/// One entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Meant {
    /// a glob of steps as written in the list, without modifiers
    pub(crate) step: String,
    /// a glob of our reply
    pub(crate) ours: String,
    /// a glob of lines left out of texts
    pub(crate) line: String,
    /// the reason
    pub(crate) why: String,
}

/// Reads the file's text.
///
/// # Errors
/// The first entry that lacks something.
pub(crate) fn parse(text: &str) -> Result<Vec<Meant>, String> {
    let mut all = Vec::new();
    for block in text.split("\n\n") {
        let mut meant = Meant::default();
        let mut ours: Vec<&str> = Vec::new();
        let mut empty = true;
        for line in block.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
            empty = false;
            let (name, value) = line.split_once(": ").ok_or(format!("`{line}` is no entry's line"))?;
            match name {
                "step" => value.clone_into(&mut meant.step),
                "ours" => ours.push(value),
                "line" => value.clone_into(&mut meant.line),
                "why" => value.clone_into(&mut meant.why),
                _ => return Err(format!("`{name}` is neither step, ours, line nor why")),
            }
        }
        if empty {
            continue;
        }
        meant.ours = ours.join("\n");
        let whole = meant.line.is_empty() != (meant.step.is_empty() || meant.ours.is_empty());
        if !whole || meant.why.is_empty() {
            return Err(format!("an entry needs `step`, `ours`, `why`, or `line`, `why`:\n{block}"));
        }
        all.push(meant);
    }
    Ok(all)
}

impl Meant {
    /// True when this entry explains that we answered `ours` at `step`.
    pub(crate) fn explains(&self, step: &str, ours: &str) -> bool {
        !self.step.is_empty() && matches_glob(&self.step, step) && matches_glob(&self.ours, ours.trim_end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_explain_only_what_they_say() {
        let text = "# all\nstep: CLIENT SETINFO *\nours: +OK\nwhy: clients send it\n\nline: w_version:*\nwhy: ours\n";
        let all = parse(text).unwrap();
        assert_eq!(all.len(), 2);
        assert!(all[0].explains("CLIENT SETINFO LIB-NAME x", "+OK\n"));
        assert!(!all[0].explains("CLIENT SETINFO LIB-NAME x", "-ERR\n"));
        assert!(!all[1].explains("INFO", "+OK\n"));
    }

    #[test]
    fn an_entry_without_a_reason_is_refused() {
        assert!(parse("step: PING\nours: +OK\n").is_err());
    }
}
