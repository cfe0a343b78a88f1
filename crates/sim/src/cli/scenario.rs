//! `sim scenario`: plays scenario files.

use watchkeeper_sim::scenario;

/// Plays the files and prints what came of them; with `--events` what the sentinels said, with `--trace` everything.
/// `--reference` prints the tables of what a scenario can say.
pub(crate) fn scenario(args: &[String]) -> Result<bool, String> {
    let (flags, files): (Vec<&String>, Vec<&String>) = args.iter().partition(|arg| arg.starts_with("--"));
    let known = ["--trace", "--events", "--reference"];
    if let Some(flag) = flags.iter().find(|flag| !known.contains(&flag.as_str())) {
        return Err(format!("`{flag}` is no option of `sim scenario`, expected {}", known.join(", ")));
    }
    let wants = |name: &str| flags.iter().any(|flag| *flag == name);
    if wants("--reference") {
        print!("{}", scenario::reference());
        return Ok(true);
    }
    if files.is_empty() {
        return Err("no file is given\nhint: sim scenario scenarios/*.md".to_owned());
    }
    let mut fine = true;
    for path in files {
        let text = read(path)?;
        let report = scenario::run(path, &text);
        for case in report.outcome.iter().flatten() {
            if wants("--trace") {
                case.trace.iter().for_each(|line| println!("{line}"));
            } else if wants("--events") {
                case.events.iter().for_each(|(at, who, event)| println!("{at}  {who:<10}  {event}"));
            }
        }
        print!("{report}");
        fine &= report.passed();
    }
    Ok(fine)
}

#[allow(clippy::disallowed_methods)] // the command line reads the files it is given
fn read(path: &str) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("`{path}` can't be read: {error}"))
}
