//! The commands of `sim`. Each gives `true` if all was well.

mod args;
mod canaries;
mod explore;
mod many;
mod report;
mod scenario;
mod speed;
mod watch;

use args::Args;
use watchkeeper_sim::fault::Kind;

const HELP: &str = "\
A simulated world around the real core of Watchkeeper: servers, networks, disks, clocks and faults, all from one seed.

usage: sim COMMAND [OPTIONS]

  run --seeds N        runs N seeds and stops at the first that violates a property
      --from S         the first seed (default: a random one, printed)
      --jobs J         threads (default: one for each processor)
      --minutes M      stops after so many minutes; `--seeds` may then be left out
      --keep-going     does not stop at a violation; the list comes at the end
      --no-twice       does not run every 50th seed a second time to compare the hashes
  seed S               runs one seed and prints its options and outcome
      --trace          and the last lines of its trace
      --lines K        so many of them (default 60)
      --twice          and runs it again: both must have the same hash
  shrink S             looks for the simplest changes with which seed S still fails
  speed                simulated hours for each minute, of a quiet world and of faulty ones
      --hours H        simulated hours of the quiet one (default 20)
  explore              tries every order of messages, timers, crashes and failed writes in one election
      BOUND=N ...      within other bounds, as in `timers=2 crashes=0`
  canaries             looks for each deliberate bug until a seed finds it (`make sim-canaries` builds what it needs)
      --from S         the first seed (default 0)
      --most N         seeds for each (default 1000)
      --name NAME      only this one
  kinds                the kinds of faults
  scenario FILE ...    plays scenario files
      --events         and prints what the sentinels said
      --trace          and everything that happened
      --reference      prints what can stand in such a file

Changes to the options of a seed, for `run`, `seed` and `shrink`:
      --without K,K    these kinds of faults do not happen        --seconds N    faults happen for so long
      --only K,K       only these do, as often as the seed says   --sentinels N  --servers N  --groups N
      --topology T     star, keep or chain                        --shape S      star, chain or tree, at first
";

/// Runs a command line.
pub(crate) fn main(args: &[String]) -> Result<bool, String> {
    let Some((command, rest)) = args.split_first() else {
        print!("{HELP}");
        return Ok(false);
    };
    let wants_help = rest.iter().any(|arg| arg == "--help" || arg == "-h");
    match command.as_str() {
        "--help" | "-h" | "help" => print!("{HELP}"),
        _ if wants_help => print!("{HELP}"),
        "run" => return many::run(Args::read(rest, &["keep-going", "no-twice"])?),
        "seed" => return watch::seed(Args::read(rest, &["trace", "twice"])?),
        "shrink" => return watch::shrink(Args::read(rest, &[])?),
        "explore" => return explore::run(rest),
        "scenario" => return scenario::scenario(rest),
        "canaries" => return canaries::canaries(Args::read(rest, &[])?),
        "speed" => return speed::speed(Args::read(rest, &[])?),
        "kinds" => {
            for kind in Kind::ALL {
                println!("{:<18} {}", kind.name(), kind.what());
            }
        }
        other => return Err(format!("`{other}` is no command\nhint: `sim --help` lists them")),
    }
    Ok(true)
}
