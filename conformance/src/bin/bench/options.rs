//! What a user may set, by the environment: `make bench PARTS=crash RUNS=20`.

use watchkeeper_conformance::Flavour;

/// Settings of a run. What is not set is left to the part.
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    /// `RUNS`: how often something is done under ours; upstream gets as many as fit
    pub(crate) runs: Option<usize>,
    /// `SIZE`: how many groups or subscribers
    pub(crate) size: Option<usize>,
    /// `SECONDS_EACH`: how long something is watched
    pub(crate) seconds: Option<usize>,
    /// `MINUTES`: how long false alarms are waited for
    pub(crate) minutes: Option<usize>,
    /// `VALKEY=yes`: Valkey's sentinel as well, where it differs
    pub(crate) valkey: bool,
    /// `ONLY=ours` or `ONLY=theirs`: one side alone, to look into it; no row is written then
    pub(crate) only: Option<Flavour>,
}

impl Options {
    /// Reads the environment.
    pub(crate) fn from_env() -> Result<Options, String> {
        let only = match word("ONLY").as_deref() {
            None => None,
            Some("ours") => Some(Flavour::Ours),
            Some("theirs") => Some(Flavour::Redis),
            Some(other) => return Err(format!("ONLY is `{other}`, expected `ours` or `theirs`")),
        };
        Ok(Options {
            runs: number("RUNS")?,
            size: number("SIZE")?,
            seconds: number("SECONDS_EACH")?,
            minutes: number("MINUTES")?,
            valkey: word("VALKEY").is_some_and(|word| word != "no"),
            only,
        })
    }

    /// Whose sentinels are measured, in turn.
    pub(crate) fn flavours(&self) -> Vec<Flavour> {
        match self.only {
            Some(flavour) => vec![flavour],
            None => vec![Flavour::Ours, Flavour::Redis],
        }
    }

    /// The same, and Valkey's where they are asked for.
    pub(crate) fn flavours_and_valkey(&self) -> Vec<Flavour> {
        let mut flavours = self.flavours();
        if self.valkey {
            flavours.push(Flavour::Valkey);
        }
        flavours
    }
}

fn word(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|word| !word.is_empty())
}

fn number(name: &str) -> Result<Option<usize>, String> {
    let Some(word) = word(name) else { return Ok(None) };
    match word.parse() {
        Ok(number) if number > 0 => Ok(Some(number)),
        Ok(_) | Err(_) => Err(format!("{name} is `{word}`, expected a number of 1 or more")),
    }
}
