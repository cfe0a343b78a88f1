//! `sim scenario`: plays scenario files.

use watchkeeper_sim::scenario;

use super::args::Args;

/// See the module.
#[allow(
    clippy::disallowed_methods,
    reason = "files belong to the binary: the scenario is read before its world begins"
)]
pub(crate) fn scenarios(args: Args) -> Result<bool, String> {
    let traced = args.flag("trace");
    let files = args.words().to_vec();
    args.end()?;
    if files.is_empty() {
        return Err("no file is given\nhint: sim scenario scenarios/*.md".to_owned());
    }
    let mut passed = true;
    for path in files {
        let text =
            std::fs::read_to_string(&path).map_err(|error| format!("`{path}` can't be read: {error}"))?;
        let report = scenario::run(&path, &text);
        if traced {
            for line in report.outcome.iter().flatten().flat_map(|case| &case.trace) {
                println!("{line}");
            }
        }
        print!("{report}");
        passed &= report.passed();
    }
    Ok(passed)
}
