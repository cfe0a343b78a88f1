//! `watchkeeper status`: one screen a group, once.

use std::collections::BTreeSet;
use std::process::ExitCode;

use super::failover::answering;
use super::{NOT_ASKED, WRONG, complain, login_hint, look, no_such_group, nobody_answered, printed, reach};
use crate::ask::{Endpoint, Reach, ReachArgs, each};
use crate::cli::format::Format;
use crate::cli::lang::Lang;
use crate::cli::out::finish;
use crate::cli::status;
use crate::live::{Line, Status, Tone, Verdict};

/// `watchkeeper status`
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct StatusArgs {
    /// Only this group
    #[arg(value_name = "GROUP")]
    group: Option<String>,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    reach: ReachArgs,
}

/// Asks and prints: 0, every group is as it should be; 1, one is not; 2, nobody could be asked.
pub(in crate::cli) fn run(args: &StatusArgs, lang: Lang) -> ExitCode {
    let reach = match reach(&args.reach, lang) {
        Ok(reach) => reach,
        Err(code) => return status(code),
    };
    let seen = look(&reach, args.group.as_deref());
    let verdict = seen.verdict();
    let text = match (args.format, verdict, &args.group) {
        (Format::Json, _, _) => seen.json(lang) + "\n",
        (Format::Text, Verdict::Unknown, Some(group)) if seen.answered > 0 => {
            complain(no_such_group(&reach, group, lang), lang);
            String::new()
        }
        (Format::Text, Verdict::Unknown, _) if seen.answered == 0 => {
            complain(nobody_answered(&seen, args.group.as_deref(), lang), lang);
            String::new()
        }
        (Format::Text, _, _) => {
            let mut lines: Vec<Line> = seen.screen(lang);
            let hint = login_hint(&seen, lang).map(str::to_owned);
            for text in hint.into_iter().chain(needless_password(&reach, &seen, lang)) {
                lines.extend([Line::new(), Line::of(Tone::Plain, &text)]);
            }
            printed(&lines)
        }
    };
    let code = match verdict {
        Verdict::Fine => 0,
        Verdict::Wrong => WRONG,
        Verdict::Unknown => NOT_ASKED,
    };
    finish(text, code, NOT_ASKED, lang)
}

/// That a password was given to sentinels which have none: they let everybody in, whatever it is.
fn needless_password(reach: &Reach, seen: &Status, lang: Lang) -> Option<String> {
    reach.sentinel_login.pass.as_ref()?;
    let asked: BTreeSet<Endpoint> = seen.groups.iter().flat_map(answering).collect();
    let asked: Vec<Endpoint> = asked.into_iter().collect();
    let open = each(&asked, |at| reach.sentinel(at).is_ok_and(|conn| conn.open_to_all()));
    let (open, all) = (open.iter().filter(|open| **open).count(), asked.len());
    match lang {
        _ if open == 0 => None,
        Lang::En if open == all => Some("note: the password was not needed: no sentinel has one".to_owned()),
        Lang::Zh if open == all => Some("注意：不需要密码：哨兵都没有设置密码".to_owned()),
        Lang::En => {
            Some(format!("note: the password was not needed at {open} of {all} sentinels: they have none"))
        }
        Lang::Zh => Some(format!("注意：{all} 个哨兵中有 {open} 个不需要密码：它们没有设置密码")),
    }
}
