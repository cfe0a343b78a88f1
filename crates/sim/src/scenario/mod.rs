//! Scenarios: Markdown files that say what happens in a situation, with blocks that make it happen in a simulated world
//! and state what must be seen. They are documentation for operators and tests at once.
//!
//! [`grammar`] has the tables of all that a line can say; [`document`] finds the blocks, [`form`] fits lines to the
//! tables, [`play`] plays them. Reading files belongs to whoever calls [`run`].

mod act;
mod document;
mod form;
mod grammar;
mod look;
mod play;
mod reference;
mod report;
mod roster;
mod servers;
mod step;
mod words;

pub use reference::reference;
pub use report::{Failure, Outcome, Report};
pub use words::Error;

/// Plays all cases of a file. `path` is only for messages.
pub fn run(path: &str, text: &str) -> Report {
    let outcome = document::read(path, text).map(|cases| cases.iter().map(play_one).collect());
    Report { path: path.to_owned(), outcome }
}

fn play_one(case: &step::Case) -> Outcome {
    let (play, failure) = play::play(case);
    let name = |who| play.world.name(who).to_owned();
    let events = play
        .seen
        .iter()
        .map(|seen| (seen.at, name(seen.who), format!("{} {}", seen.event.name, seen.event.payload)));
    Outcome {
        title: case.title.clone(),
        line: case.line,
        took: play.world.now(),
        hash: play.world.trace().hash(),
        events: events.collect(),
        trace: play.world.trace().lines().map(str::to_owned).collect(),
        failure,
    }
}
