//! The deployment of `docker-compose.yml`, for real: built, started, hurt in every way the README promises it survives,
//! and looked at from outside, as a user would. A client writes all the time; what it lost is printed.
//!
//! [`compose`] drives docker-compose and always cleans up; [`look`] reads what servers and sentinels say; [`writer`] is
//! the client; [`situations`] is the list of what is done and what must then hold. It needs a Docker engine,
//! Compose and the base images (`make docker-bases`), nothing else on the machine.

pub mod compose;
pub mod look;
pub mod situations;
pub mod writer;

use std::process::ExitCode;

use compose::Compose;
use situations::SITUATIONS;

const USAGE: &str = "usage: deployment [possible] [--only SITUATION] [--keep]

  possible   only says whether it can be run here: exit status 0, or 1 with the reason
  --only     the start, and then this situation alone (may be repeated)
  --keep     leaves the containers when something failed";

/// What the command line says.
#[derive(Debug, Default)]
struct Arguments {
    possible: bool,
    keep: bool,
    only: Vec<String>,
}

fn arguments(words: &[String]) -> Result<Arguments, String> {
    let mut read = Arguments::default();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "possible" => read.possible = true,
            "--keep" => read.keep = true,
            "--only" => {
                let name = words.next().ok_or("`--only` needs the name of a situation")?;
                if !SITUATIONS.iter().any(|situation| situation.name == name) {
                    let names: Vec<_> = SITUATIONS.iter().map(|situation| situation.name).collect();
                    return Err(format!("`{name}` is no situation, expected one of {}", names.join(", ")));
                }
                read.only.push(name.clone());
            }
            other => return Err(format!("unknown argument `{other}`")),
        }
    }
    Ok(read)
}

/// Runs it; 0 when every situation settled.
pub fn main(words: &[String]) -> ExitCode {
    let arguments = match arguments(words) {
        Ok(arguments) => arguments,
        Err(message) => {
            eprintln!("error: {message}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match Compose::possible() {
        Ok(version) => println!("deployment: Compose {version}"),
        Err(reason) => {
            eprintln!("{reason}");
            return ExitCode::FAILURE;
        }
    }
    if arguments.possible {
        return ExitCode::SUCCESS;
    }
    match situations::run(&arguments.only, arguments.keep) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(failed) => {
            eprintln!("error: {failed} situations did not settle");
            ExitCode::FAILURE
        }
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_checked() {
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert!(arguments(&words("possible")).is_ok_and(|read| read.possible));
        assert!(arguments(&words("--only kill-master --keep")).is_ok_and(|read| read.keep));
        assert!(arguments(&words("--only nonsense")).unwrap_err().contains("expected one of up"));
        assert!(arguments(&words("--only")).is_err());
        assert!(arguments(&words("x")).is_err());
    }
}
