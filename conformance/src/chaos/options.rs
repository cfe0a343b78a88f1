//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use super::fault::Kind;
use crate::binaries::Flavour;

/// Printed when the words are not understood.
pub(crate) const USAGE: &str = "\
usage: chaos [OPTION VALUE]...
       chaos table [--paired] FILE...   results as a Markdown table; paired: only what every flavour went through
       chaos kinds                      the kinds of faults
       chaos possible                   whether hosts can be made here, and what is missing
  --flavour ours|mixed|redis   whose sentinels: ours; three of five ours; redis-sentinel's    [ours]
  --seed N                     the faults follow from it; lane k has seed N+k                 [1]
  --faults N                   in all lanes together                                          [28]
  --first N                    begin with this fault of the seed                              [0]
  --lanes N                    groups side by side                                            [1]
  --kind NAME,...              only these kinds                                               [all]
  --servers N  --sentinels N  --quorum N                                                      [3 5 2]
  --down-after MS  --failover-timeout MS                                                      [2000 10000]
  --min-replicas N             min-replicas-to-write of the servers                           [0]
  --bound S                    whole again so long after the heal, or it is a violation       [60]
  --seconds N                  begin no new fault after this time                             [no end]
  --out FILE                   append one line of JSON for each fault
  --look                       hold what `status` shows against the servers before each heal; faults last longer then
  --keep                       keep the logs also when nothing is wrong";

/// Which sentinel is whose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mix {
    Ours,
    Mixed,
    Redis,
}

impl Mix {
    /// Its name in results and on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Mix::Ours => "ours",
            Mix::Mixed => "mixed",
            Mix::Redis => "redis",
        }
    }

    /// Of five, the third and the fifth are Redis's when mixed.
    pub(crate) fn of(self, index: usize) -> Flavour {
        match self {
            Mix::Ours => Flavour::Ours,
            Mix::Redis => Flavour::Redis,
            Mix::Mixed => {
                if index % 5 == 2 || index % 5 == 4 {
                    Flavour::Redis
                } else {
                    Flavour::Ours
                }
            }
        }
    }
}

/// What to do.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) mix: Mix,
    pub(crate) seed: u64,
    pub(crate) faults: u64,
    pub(crate) first: u64,
    pub(crate) lanes: u64,
    pub(crate) kinds: Vec<Kind>,
    pub(crate) servers: usize,
    pub(crate) sentinels: usize,
    pub(crate) quorum: usize,
    pub(crate) down_after: u64,
    pub(crate) failover_timeout: u64,
    pub(crate) min_replicas: u64,
    pub(crate) bound: Duration,
    pub(crate) seconds: Option<Duration>,
    pub(crate) out: Option<PathBuf>,
    pub(crate) look: bool,
    pub(crate) keep: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            mix: Mix::Ours,
            seed: 1,
            faults: 28,
            first: 0,
            lanes: 1,
            kinds: Vec::new(),
            servers: 3,
            sentinels: 5,
            quorum: 2,
            down_after: 2000,
            failover_timeout: 10_000,
            min_replicas: 0,
            bound: Duration::from_secs(60),
            seconds: None,
            out: None,
            look: false,
            keep: false,
        }
    }
}

impl Options {
    /// Reads the words after the program's name.
    ///
    /// # Errors
    /// What is not understood.
    pub(crate) fn parse(words: &[String]) -> Result<Options, String> {
        let mut options = Options::default();
        let mut words = words.iter();
        while let Some(name) = words.next() {
            match name.as_str() {
                "--keep" => options.keep = true,
                "--look" => options.look = true,
                _ => {
                    let value = words
                        .next()
                        .ok_or_else(|| format!("`{name}` is no option, or its value is missing"))?;
                    options.set(name, value)?;
                }
            }
        }
        if options.servers < 2 || options.sentinels < 3 || options.servers.max(options.sentinels) > 200 {
            return Err("expected at least 2 servers and 3 sentinels, and at most 200".to_owned());
        }
        Ok(options)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        let number = || value.parse::<u64>().map_err(|_| format!("`{name} {value}`: expected a number"));
        let size = || value.parse::<usize>().map_err(|_| format!("`{name} {value}`: expected a number"));
        match name {
            "--flavour" => {
                let all = [Mix::Ours, Mix::Mixed, Mix::Redis];
                let found = all.into_iter().find(|mix| mix.name() == value);
                self.mix = found.ok_or(format!("`{value}` is no flavour, expected ours, mixed or redis"))?;
            }
            "--seed" => self.seed = number()?,
            "--faults" => self.faults = number()?,
            "--first" => self.first = number()?,
            "--lanes" => self.lanes = number()?.clamp(1, 16),
            "--kind" => self.kinds = value.split(',').map(kind).collect::<Result<_, _>>()?,
            "--servers" => self.servers = size()?,
            "--sentinels" => self.sentinels = size()?,
            "--quorum" => self.quorum = size()?,
            "--down-after" => self.down_after = number()?.max(500),
            "--failover-timeout" => self.failover_timeout = number()?,
            "--min-replicas" => self.min_replicas = number()?,
            "--bound" => self.bound = Duration::from_secs(number()?),
            "--seconds" => self.seconds = Some(Duration::from_secs(number()?)),
            "--out" => self.out = Some(PathBuf::from(value)),
            other => return Err(format!("`{other}` is no option")),
        }
        Ok(())
    }

    /// The command that does fault `number` of `seed` again, alone.
    pub(crate) fn replay(&self, seed: u64, number: u64) -> String {
        let plain = Options::default();
        let mut text =
            format!("chaos --flavour {} --seed {seed} --first {number} --faults 1", self.mix.name());
        let mut add = |name: &str, value: u64, default: u64| {
            if value != default {
                text += &format!(" --{name} {value}");
            }
        };
        add("servers", self.servers as u64, plain.servers as u64);
        add("sentinels", self.sentinels as u64, plain.sentinels as u64);
        add("quorum", self.quorum as u64, plain.quorum as u64);
        add("down-after", self.down_after, plain.down_after);
        add("failover-timeout", self.failover_timeout, plain.failover_timeout);
        add("min-replicas", self.min_replicas, plain.min_replicas);
        if self.look {
            text += " --look";
        }
        if !self.kinds.is_empty() {
            let names: Vec<&str> = self.kinds.iter().map(|kind| kind.name()).collect();
            text += &format!(" --kind {}", names.join(","));
        }
        text
    }
}

fn kind(name: &str) -> Result<Kind, String> {
    let found = Kind::ALL.iter().copied().find(|kind| kind.name() == name);
    found.ok_or(format!("`{name}` is no kind of fault\nhint: `chaos kinds` lists them"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &str) -> Result<Options, String> {
        Options::parse(&words.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn a_replay_command_is_understood_and_says_what_differs() {
        let options = parse("--flavour mixed --quorum 3 --look --kind lossy,slow").unwrap();
        let replay = options.replay(7, 12);
        let again = parse(replay.strip_prefix("chaos ").unwrap()).unwrap();
        assert_eq!((again.mix, again.seed, again.first, again.faults), (Mix::Mixed, 7, 12, 1));
        assert_eq!((again.quorum, again.look, again.kinds), (3, true, vec![Kind::Lossy, Kind::Slow]));
    }

    #[test]
    fn what_is_not_understood_is_named() {
        assert!(parse("--flavor ours").unwrap_err().contains("`--flavor` is no option"));
        assert!(parse("--kind lossless").unwrap_err().contains("`lossless`"));
    }
}
