//! `watchkeeper status`: one screen a group, once.

use std::process::ExitCode;

use super::{NOT_ASKED, WRONG, complain, login_hint, look, no_such_group, nobody_answered, printed, reach};
use crate::ask::ReachArgs;
use crate::cli::format::Format;
use crate::cli::lang::Lang;
use crate::cli::out::finish;
use crate::cli::status;
use crate::live::{Line, Tone, Verdict};

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
            complain(nobody_answered(&seen, lang), lang);
            String::new()
        }
        (Format::Text, _, _) => {
            let mut lines: Vec<Line> = seen.screen(lang);
            if let Some(hint) = login_hint(&seen, lang) {
                lines.extend([Line::new(), Line::of(Tone::Plain, hint)]);
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
