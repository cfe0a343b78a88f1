//! The limit on open files, raised to what `maxclients` needs.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use watchkeeper_core::LogLevel;

/// Descriptors kept for links, files and listeners.
const RESERVED: u64 = 32;

/// Raises the limit on open files to `maxclients` + 32. The result is what `maxclients` can be, and lines for the log;
/// it is smaller where the limit cannot be raised.
///
/// # Errors
///
/// The limit is so small that no client could be served; the text says so.
pub fn raise_open_files(maxclients: u32) -> Result<(u32, Vec<(LogLevel, String)>), String> {
    let needed = u64::from(maxclients) + RESERVED;
    let before = getrlimit(Resource::Nofile);
    let current = before.current.unwrap_or(u64::MAX);
    if current >= needed {
        return Ok((maxclients, Vec::new()));
    }
    let mut refused = None;
    let mut reached = current;
    // The hard limit first; where even that is refused, what the process has must do.
    let hard = before.maximum.unwrap_or(u64::MAX);
    let wanted = needed.min(hard);
    let raise = |soft: u64, hard: Option<u64>| {
        setrlimit(Resource::Nofile, Rlimit { current: Some(soft), maximum: hard })
    };
    if needed > hard {
        match raise(needed, Some(needed)) {
            Ok(()) => reached = needed,
            Err(e) => refused = Some(e),
        }
    }
    if reached < wanted {
        match raise(wanted, before.maximum) {
            Ok(()) => reached = wanted,
            Err(e) => refused = Some(e),
        }
    }
    if reached >= needed {
        let text = format!("Raised the limit on open files from {current} to {needed}.");
        return Ok((maxclients, vec![(LogLevel::Notice, text)]));
    }
    if reached <= RESERVED {
        return Err(format!(
            "The limit on open files (`ulimit -n`) is {reached}, too small to start; at least {needed} are needed."
        ));
    }
    let lowered = u32::try_from(reached - RESERVED).unwrap_or(maxclients).min(maxclients);
    let reason = refused.map_or_else(|| "the hard limit is lower".to_owned(), |e| super::strerror(&e.into()));
    let lines = [
        format!("`maxclients {maxclients}` needs a limit of at least {needed} open files."),
        format!("The limit on open files cannot be raised to {needed}: {reason}."),
        format!(
            "The limit on open files is {reached}: maxclients is reduced to {lowered}. \
             hint: raise `ulimit -n` (systemd: `LimitNOFILE`) for more."
        ),
    ];
    Ok((lowered, lines.into_iter().map(|line| (LogLevel::Warning, line)).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_limit_allows_is_left_alone() {
        assert_eq!(raise_open_files(1), Ok((1, Vec::new())));
    }
}
