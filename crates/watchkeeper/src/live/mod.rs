//! What a running deployment looks like: groups with their trees of servers and their sentinels, what is wrong with
//! them, and why nothing happens while it is. Made from what everybody said ([`crate::ask`]); told as coloured lines
//! for people, who read them in a terminal or in a full-screen view, and as JSON for programs. Asking is left to
//! `ask`, printing and keys to the command line.

mod build;
mod choice;
mod event;
mod json;
mod line;
mod model;
#[cfg(test)]
pub(crate) mod sample;
mod table;
mod text;
mod tree;
mod waiting;
mod words;

pub use choice::{Candidate, Lacking, Odds, Refusal};
pub use event::{Happened, Story};
pub use line::{Line, Tone};
pub use model::{
    Doubt, FailoverNow, GroupStatus, MasterDown, Problem, Role, SentinelState, SentinelStatus, ServerState,
    ServerStatus, Status, Verdict, Vote, Writable,
};
pub(crate) use tree::{Row, rows};
pub use waiting::{NotHolding, Waiting};
pub(crate) use words::{failure, lacking, refused_replica, some, unheard, waiting as told_waiting};
