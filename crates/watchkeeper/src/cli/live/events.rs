//! `watchkeeper events`: what all sentinels say, as they say it, until Ctrl-C.

use std::process::ExitCode;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use jiff::tz::TimeZone;

use super::{Interrupt, NOT_ASKED, askable, complain, printed, reach};
use crate::ask::{Followers, Heard, ReachArgs, What};
use crate::cli::format::Format;
use crate::cli::lang::Lang;
use crate::cli::out::say;
use crate::cli::status;
use crate::live::{Happened, Story};

/// Between two looks at whether Ctrl-C was pressed.
const LOOK: Duration = Duration::from_millis(100);

/// `watchkeeper events`
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct EventsArgs {
    /// Only events of this group, and those that belong to none
    #[arg(long, value_name = "GROUP")]
    group: Option<String>,
    /// How each event is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    reach: ReachArgs,
}

/// Follows until Ctrl-C: 0; 2, if it could not begin, as nobody can be asked or nobody knows the group, or could not be
/// written.
pub(in crate::cli) fn run(args: &EventsArgs, lang: Lang) -> ExitCode {
    let reach = match reach(&args.reach, lang) {
        Ok(reach) => reach,
        Err(code) => return status(code),
    };
    let interrupt = match Interrupt::catch() {
        Ok(interrupt) => interrupt,
        Err(error) => {
            complain(error, lang);
            return status(NOT_ASKED);
        }
    };
    let zone = TimeZone::system();
    let (sender, heard) = channel();
    let _followers = Followers::start(&reach, sender);
    // What is said meanwhile waits, however long somebody who hangs is waited for.
    if let Err(why) = askable(&reach, args.group.as_deref(), lang) {
        complain(why, lang);
        return status(NOT_ASKED);
    }
    let mut story = Story::default();
    while !interrupt.came() {
        let heard = match heard.recv_timeout(LOOK) {
            Ok(heard) => heard,
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => break,
        };
        let happened = story.tell(&heard);
        if !wanted(&heard, args.group.as_deref()) {
            continue;
        }
        let text = match args.format {
            Format::Text => printed(&[happened.line(&zone, lang)]),
            Format::Json => happened.json(lang) + "\n",
        };
        match say(text, lang) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                complain(error, lang);
                return status(NOT_ASKED);
            }
        }
    }
    ExitCode::SUCCESS
}

/// Events of other groups are not; what belongs to no group may matter to every one.
fn wanted(heard: &Heard, group: Option<&str>) -> bool {
    match (&heard.what, group) {
        (What::Connected | What::Lost(_), _) | (_, None) => true,
        (What::Event { .. }, Some(group)) => Happened::of(heard).group().is_none_or(|of| of == group),
    }
}
