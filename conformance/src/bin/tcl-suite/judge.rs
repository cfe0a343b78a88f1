//! What the suite's output means. The suite's own verdict is not enough: a unit that never ran, or a suite
//! that ended early, is a failure too.

/// The outcome of one run.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    /// tests that said OK
    pub(crate) ok: usize,
    /// units that began
    pub(crate) units_run: usize,
    /// everything that speaks against a pass
    pub(crate) problems: Vec<String>,
}

impl Verdict {
    /// True when nothing speaks against it.
    pub(crate) fn passed(&self) -> bool {
        self.problems.is_empty()
    }
}

/// Judges `output` (without colours, ended by the exit status); `units` had to run.
pub(crate) fn judge(output: &str, units: &[String]) -> Verdict {
    let mut verdict = Verdict::default();
    let mut unit = "before the first unit".to_owned();
    let mut begun = Vec::new();
    for line in output.lines() {
        if let Some(name) = line.strip_prefix("Testing unit: ") {
            name.clone_into(&mut unit);
            begun.push(unit.clone());
        } else if line.ends_with(": OK") {
            verdict.ok += 1;
        } else if ["FAILED", "ERROR: ", "WARNING: Aborting", "*** Crash report"]
            .iter()
            .any(|sign| line.contains(sign))
        {
            verdict.problems.push(format!("{unit}: {line}"));
        }
    }
    verdict.units_run = begun.len();
    for unit in units.iter().filter(|unit| !begun.contains(unit)) {
        verdict.problems.push(format!("{unit}: did not run"));
    }
    if !output.contains("GOOD! No errors.") {
        verdict.problems.push("the suite did not end with `GOOD! No errors.`".to_owned());
    }
    if !output.ends_with("exit status: 0\n") {
        verdict.problems.push(format!("the suite's {}", output.lines().last().unwrap_or_default()));
    }
    verdict
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units() -> Vec<String> {
        vec!["00-base.tcl".to_owned(), "01-conf-update.tcl".to_owned()]
    }

    #[test]
    fn a_clean_run_passes() {
        let output = "Testing unit: 00-base.tcl\n22:00:01> a: OK\nTesting unit: 01-conf-update.tcl\n\
                      22:00:02> (init) b: redis/0 OK: OK\nGOOD! No errors.\nexit status: 0\n";
        let verdict = judge(output, &units());
        assert!(verdict.passed(), "{verdict:?}");
        assert_eq!((verdict.ok, verdict.units_run), (2, 2));
    }

    #[test]
    fn a_unit_that_never_began_is_a_failure() {
        let output = "Testing unit: 00-base.tcl\nGOOD! No errors.\nexit status: 0\n";
        assert_eq!(judge(output, &units()).problems, ["01-conf-update.tcl: did not run"]);
    }

    #[test]
    fn a_failed_test_names_its_unit() {
        let output = "Testing unit: 00-base.tcl\n22:00:01> a: FAILED: no\nTesting unit: 01-conf-update.tcl\n\
                      WARNING 1 test(s) failed.\nexit status: 1\n";
        let problems = judge(output, &units()).problems;
        assert_eq!(problems[0], "00-base.tcl: 22:00:01> a: FAILED: no");
        assert_eq!(problems.len(), 3);
    }
}
