//! `watchkeeper doctor`: what is wrong with a deployment that runs. Asking and judging is [`crate::doctor`].

use std::collections::BTreeMap;
use std::io::{self, IsTerminal};
use std::process::ExitCode;

use watchkeeper_core::config::{Config, Topology};

use super::format::Format;
use super::lang::Lang;
use super::live::{no_such_group, tls_hint};
use super::out::{complain, finish};
use super::status;
use crate::ask::{Endpoint, Failure, ReachArgs};
use crate::doctor::{self, Diagnosis, Entry, Local, Severity};
use crate::explain::plain;

/// It could not be done: nobody could be asked, or what was asked for does not exist.
pub(super) const UNASKED: i32 = 3;

/// `watchkeeper doctor`
#[derive(Debug, clap::Args)]
pub(super) struct DoctorArgs {
    /// Sentinels, as with --sentinel
    #[arg(value_name = "HOST:PORT")]
    places: Vec<Endpoint>,
    #[command(flatten)]
    reach: ReachArgs,
    /// Look at this group only
    #[arg(long, value_name = "NAME")]
    group: Option<String>,
    /// Print the table of codes
    #[arg(long)]
    list: bool,
    /// Explain a code
    #[arg(long, value_name = "CODE", value_delimiter = ',', value_parser = code, conflicts_with = "places")]
    explain: Vec<&'static Entry>,
    /// How the report is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Looks and prints: 0, nothing worse than notes; 1, warnings; 2, something critical; 3, nobody could be asked.
pub(super) fn run(args: &DoctorArgs, lang: Lang) -> ExitCode {
    if args.list {
        return finish(doctor::table(lang), 0, UNASKED, lang);
    }
    if !args.explain.is_empty() {
        let texts: Vec<String> = args.explain.iter().map(|entry| entry.explained(lang)).collect();
        return finish(texts.join("\n"), 0, UNASKED, lang);
    }
    match examine(args, lang) {
        Ok(diagnosis) => {
            let colours =
                io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|it| it.is_empty());
            let text = match args.format {
                Format::Text => diagnosis.text(lang, colours),
                Format::Json => diagnosis.json(lang),
            };
            finish(text, grade(&diagnosis), UNASKED, lang)
        }
        Err(error) => {
            complain(error, lang);
            status(UNASKED)
        }
    }
}

fn code(word: &str) -> Result<&'static Entry, String> {
    doctor::by_code(word)
        .ok_or_else(|| "expected a code such as WD200; `watchkeeper doctor --list` has them all".to_owned())
}

fn grade(diagnosis: &Diagnosis) -> i32 {
    match diagnosis.worst() {
        None | Some(Severity::Note) => 0,
        Some(Severity::Warning) => 1,
        Some(Severity::Critical) => 2,
    }
}

fn examine(args: &DoctorArgs, lang: Lang) -> Result<Diagnosis, String> {
    let mut reach = args.reach.clone();
    reach.sentinels.extend(args.places.iter().cloned());
    let local = reach.file(lang)?.map(|config| local(&config)).unwrap_or_default();
    let reach = reach.reach(lang, |name| std::env::var(name).ok())?;
    let mut diagnosis = doctor::examine(&reach, args.group.as_deref(), local).map_err(|failed| {
        let line = |at: &Endpoint, why: &Failure| plain(&format!("{at}{}{}", lang.pick(": ", "："), why.told(lang)));
        let tls = tls_hint(failed.iter().map(|(_, why)| why), lang);
        let failed: Vec<String> = failed.iter().map(|(at, why)| line(at, why)).collect();
        let title = lang.pick("no sentinel could be asked", "没有可询问的哨兵");
        let hint = tls.unwrap_or(lang.pick(
            "hint: name one: `watchkeeper doctor HOST:PORT`; its login: `--pass-file`, or `--config` with its file",
            "提示：指定一个哨兵：`watchkeeper doctor HOST:PORT`；登录用 `--pass-file`，或用 `--config` 指定其配置文件",
        ));
        format!("{title}\n  {}\n{hint}", failed.join("\n  "))
    })?;
    let mut named = args.reach.sentinels.iter().chain(&args.places);
    let answering = named.find(|at| diagnosis.sentinels.contains(at));
    diagnosis.reached_with(&args.reach.again(answering));
    match &args.group {
        Some(name) if diagnosis.groups.is_empty() => Err(no_such_group(&reach, name, lang)),
        Some(_) | None => Ok(diagnosis),
    }
}

/// What only the file knows.
fn local(config: &Config) -> BTreeMap<String, Local> {
    let groups = config.groups.iter().map(|group| {
        let scripts = group.notification_script.iter().chain(&group.client_reconfig_script);
        let local = Local {
            renames: group.renames.clone(),
            scripts: scripts.cloned().collect(),
            star: Some(group.topology == Topology::Star),
        };
        (group.name.0.clone(), local)
    });
    groups.collect()
}
