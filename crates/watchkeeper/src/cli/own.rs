//! Our own commands. Each is a variant of [`Command`]; what they print for people comes from `text`.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use watchkeeper_core::Persona;
use watchkeeper_core::config::CommandLine;

use super::check::{self, CheckArgs};
use super::chinese;
use super::demo::{self, DemoArgs};
use super::doctor::{self, DoctorArgs};
use super::explain::{self, ExplainArgs};
use super::from_env::{self, Process};
use super::health::{self, HealthArgs};
use super::lang::Lang;
use super::live::events::{self, EventsArgs};
use super::live::failover::{self, FailoverArgs};
use super::live::status::{self as status_of, StatusArgs};
#[cfg(feature = "watch")]
use super::live::watch::{self, WatchArgs};
use super::mistake;
use super::out::{complain, finish};
use super::rehearse::{self, RehearseArgs};
use super::{status, text};
use crate::daemon::startup::{self, Refusal, banner};

/// The arguments.
#[derive(Debug, Parser)]
#[command(name = "watchkeeper", subcommand_required = true, arg_required_else_help = true)]
struct Cli {
    /// Language of explanations [default: from LC_ALL or LANG]
    #[arg(long, value_parser = super::lang::parser(), ignore_case = true, global = true)]
    lang: Option<Lang>,
    /// what to do
    #[command(subcommand)]
    command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
enum Command {
    /// Run a sentinel
    Run(Run),
    /// Show a failover with real servers on this machine
    Demo(DemoArgs),
    /// Show the groups of a running deployment
    Status(StatusArgs),
    /// The same, kept up to date on the whole screen
    #[cfg(feature = "watch")]
    Watch(WatchArgs),
    /// Follow the events of all sentinels
    Events(EventsArgs),
    /// Give a group another master
    Failover(FailoverArgs),
    /// Look for what is wrong, or will hurt, in configuration files
    Check(CheckArgs),
    /// Play what would happen if a host, a server or a sentinel were gone
    Rehearse(RehearseArgs),
    /// Ask a running deployment and tell what is wrong with it
    Doctor(DoctorArgs),
    /// Read the logs of sentinels and tell what happened
    Explain(ExplainArgs),
    /// Configurations
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Ask the sentinel on this host whether it is well
    Healthcheck(HealthArgs),
}

/// `watchkeeper config`
#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Print the configuration that the environment makes
    FromEnv,
}

/// `watchkeeper run`
#[derive(Debug, clap::Args)]
struct Run {
    /// Speak as this program where the two differ
    #[arg(long = "as", value_enum, value_name = "PROGRAM", default_value_t = As::Redis)]
    persona: As,
    /// Take the configuration from environment variables; `watchkeeper config from-env --help` lists them
    #[arg(long)]
    from_env: bool,
    /// The configuration file, then directives as options: `--port 7777`
    #[arg(
        required_unless_present = "from_env",
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "FILE [--DIRECTIVE VALUE]"
    )]
    words: Vec<OsString>,
}

/// Whose words are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum As {
    /// `redis-sentinel` 7.0
    Redis,
    /// `valkey-sentinel` 8.0
    Valkey,
}

impl From<As> for Persona {
    fn from(who: As) -> Persona {
        match who {
            As::Redis => Persona::Redis,
            As::Valkey => Persona::Valkey,
        }
    }
}

/// Whether a word is one of our commands.
pub fn is_command(word: &OsStr) -> bool {
    word == "help" || command(Lang::En).get_subcommands().any(|known| word == known.get_name())
}

/// The whole command line as clap sees it, with texts in this language. Completions and manual pages come from it.
pub fn command(lang: Lang) -> clap::Command {
    match lang {
        Lang::En => described(lang),
        Lang::Zh => chinese::told(described(lang)),
    }
}

/// The command line with what each command is for in this language; options are as defined.
fn described(lang: Lang) -> clap::Command {
    let command = Cli::command();
    #[cfg(feature = "watch")]
    let command = command.mut_subcommand("watch", |it| {
        it.about(text::about_watch(lang)).after_help(text::examples_watch(lang))
    });
    command
        .version(banner::build_text())
        .about(text::about(lang))
        .after_help(text::examples(lang))
        .mut_subcommand("run", |run| run.about(text::about_run(lang)).after_help(text::examples_run(lang)))
        .mut_subcommand("demo", |demo| demo.about(text::about_demo(lang)))
        .mut_subcommand("status", |it| {
            it.about(text::about_status(lang)).after_help(text::examples_status(lang))
        })
        .mut_subcommand("events", |it| {
            it.about(text::about_events(lang)).after_help(text::examples_events(lang))
        })
        .mut_subcommand("failover", |it| {
            it.about(text::about_failover(lang)).after_help(text::examples_failover(lang))
        })
        .mut_subcommand("check", |it| {
            it.about(text::about_check(lang)).after_help(text::examples_check(lang))
        })
        .mut_subcommand("rehearse", |it| {
            it.about(text::about_rehearse(lang)).after_help(text::examples_rehearse(lang))
        })
        .mut_subcommand("doctor", |it| {
            it.about(text::about_doctor(lang)).after_help(text::examples_doctor(lang))
        })
        .mut_subcommand("explain", |it| {
            it.about(text::about_explain(lang)).after_help(text::examples_explain(lang))
        })
        .mut_subcommand("healthcheck", |it| it.about(text::about_healthcheck(lang)))
        .mut_subcommand("config", |it| {
            it.about(text::about_config(lang)).mut_subcommand("from-env", |it| {
                it.about(text::about_from_env(lang)).after_help(from_env::variables::help(lang))
            })
        })
}

/// Does what the arguments (with the program's name in front) say; the result is the exit status.
pub fn main(args: &[OsString], lang: Lang) -> ExitCode {
    let args = match lang {
        Lang::En => args.to_vec(),
        Lang::Zh => chinese::help_last(args),
    };
    let found = command(lang).try_get_matches_from(explain::marked(&args));
    let parsed = found.and_then(|found| Cli::from_arg_matches(&found));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => {
            // What is 2 there says something of the deployment.
            let of_doctor =
                super::first_word(args.get(1..).unwrap_or_default()).is_some_and(|it| it == "doctor");
            let wrong = if of_doctor { doctor::UNASKED } else { error.exit_code() };
            return mistake::print(&error, wrong, lang);
        }
    };
    let lang = cli.lang.unwrap_or(lang);
    match cli.command {
        Command::Run(run) => status(start(&run, lang)),
        Command::Demo(args) => demo::run(&args, lang).unwrap_or_else(|error| {
            complain(format_args!("{error:#}"), lang);
            ExitCode::FAILURE
        }),
        Command::Status(args) => status_of::run(&args, lang),
        #[cfg(feature = "watch")]
        Command::Watch(args) => watch::run(&args, lang),
        Command::Events(args) => events::run(&args, lang),
        Command::Failover(args) => failover::run(&args, lang),
        Command::Check(args) => check::run(&args, lang),
        Command::Rehearse(args) => rehearse::run(&args, lang),
        Command::Doctor(args) => doctor::run(&args, lang),
        Command::Explain(args) => explain::run(&args, lang),
        Command::Config(ConfigCommand::FromEnv) => print_environment(lang),
        Command::Healthcheck(args) => health::run(&args, lang),
    }
}

/// Prints the configuration, or what is wrong with the environment.
fn print_environment(lang: Lang) -> ExitCode {
    match from_env::read(&Process, lang) {
        Ok(settings) => finish(settings.configuration(), 0, 1, lang),
        Err(refused) => {
            eprint!("{}", from_env::told(&refused, lang));
            ExitCode::FAILURE
        }
    }
}

fn start(run: &Run, lang: Lang) -> i32 {
    let words: Vec<Vec<u8>> = run.words.iter().map(|word| word.as_bytes().to_vec()).collect();
    let line = CommandLine::read(&words);
    let started = if run.from_env {
        if let Some(file) = &line.file {
            eprint!("{}", text::file_and_environment(&String::from_utf8_lossy(file), lang));
            return 1;
        }
        match from_env::read(&Process, lang) {
            Ok(settings) => startup::start_with(settings.configuration(), &line, run.persona.into()),
            Err(refused) => {
                eprint!("{}", from_env::told(&refused, lang));
                return 1;
            }
        }
    } else {
        startup::start(&line, run.persona.into())
    };
    match started {
        Ok(code) => code,
        Err(refusal) => {
            tell(&refusal, lang);
            1
        }
    }
}

/// Tells a refusal to the person at the terminal. What upstream logs once the log's place is known is logged as well.
fn tell(refusal: &Refusal, lang: Lang) {
    match &refusal.what {
        startup::What::NotWritable { .. } | startup::What::CannotServe(_) => refusal.log(),
        startup::What::NoFile
        | startup::What::Unreadable { .. }
        | startup::What::Wrong(_)
        | startup::What::Daemonize(_) => {}
    }
    eprint!("{}", text::refusal(&refusal.what, lang));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        let parsed = command(Lang::En).try_get_matches_from(line.split(' '));
        let cli = parsed.and_then(|found| Cli::from_arg_matches(&found)).unwrap();
        match cli.command {
            Command::Run(run) => run.words,
            #[cfg(feature = "watch")]
            Command::Watch(_) => panic!("`{line}` is not `run`"),
            Command::Demo(_)
            | Command::Status(_)
            | Command::Events(_)
            | Command::Failover(_)
            | Command::Check(_)
            | Command::Rehearse(_)
            | Command::Doctor(_)
            | Command::Explain(_)
            | Command::Config(_)
            | Command::Healthcheck(_) => panic!("`{line}` is not `run`"),
        }
    }

    #[test]
    fn the_command_line_is_sound_in_every_language() {
        command(Lang::En).debug_assert();
        command(Lang::Zh).debug_assert();
    }

    #[test]
    fn everything_after_the_file_is_left_to_the_directives() {
        assert_eq!(words("watchkeeper run x.conf"), ["x.conf"]);
        assert_eq!(
            words("watchkeeper --lang zh run --as valkey x.conf --port 1 --bind a -b -"),
            ["x.conf", "--port", "1", "--bind", "a", "-b", "-"]
        );
        assert_eq!(words("watchkeeper run x.conf --as 1 --lang 2"), ["x.conf", "--as", "1", "--lang", "2"]);
        assert_eq!(words("watchkeeper run x.conf --help"), ["x.conf", "--help"]);
    }

    #[test]
    fn commands_are_known_by_name() {
        assert!(is_command(OsStr::new("run")) && is_command(OsStr::new("help")));
        assert!(!is_command(OsStr::new("run.conf")));
    }
}
