//! The first log lines: those that operators and tools grep for, and one of our own that says what really runs.

use watchkeeper_core::{LogLevel, Persona};

use crate::daemon::log::Logger;

/// The commit this was built from, where the build said.
const COMMIT: &str = match option_env!("WATCHKEEPER_COMMIT") {
    Some(commit) => commit,
    None => "unknown",
};

/// The product's name, version and build, in one line.
pub fn build_text() -> String {
    let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
    format!("{} (commit {COMMIT}, {profile} build)", env!("CARGO_PKG_VERSION"))
}

/// Whose words we use.
pub fn name(persona: Persona) -> &'static str {
    match persona {
        Persona::Redis => "Redis",
        Persona::Valkey => "Valkey",
    }
}

/// The version we speak as.
pub fn version(persona: Persona) -> &'static str {
    match persona {
        Persona::Redis => "7.0.15",
        Persona::Valkey => "8.0.1",
    }
}

/// Logs that we start.
pub(super) fn begin(persona: Persona, log: &Logger) {
    let level = match persona {
        Persona::Redis => LogLevel::Warning,
        Persona::Valkey => LogLevel::Notice,
    };
    let (name, version, pid) = (name(persona), version(persona), std::process::id());
    log.line(level, &format!("oO0OoO0OoO0Oo {name} is starting oO0OoO0OoO0Oo"));
    let facts = "bits=64, commit=00000000, modified=0";
    log.line(level, &format!("{name} version={version}, {facts}, pid={pid}, just started"));
    log.line(level, &format!("This is Watchkeeper {}, speaking as {name} Sentinel {version}", build_text()));
    log.line(level, "Configuration loaded");
}
