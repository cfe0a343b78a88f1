//! Asking a deployment that runs: sentinels and data servers, of Redis, Valkey or ours, over the protocol any client
//! speaks. Nothing here changes anything: commands that do are sent by whoever wants the change.
//!
//! [`Reach`] says whom to ask and with which login (from options, the environment, or a sentinel's own file);
//! [`Conn`] is one connection, on which every wait has an end; [`Picture`] is what all of them said at one time.
//! [`Followers`] hear the events of all sentinels. What the answers mean is left to the commands.

mod conn;
mod endpoint;
mod fields;
mod follow;
mod picture;
mod reach;

pub use conn::{Conn, Failure};
pub(crate) use conn::{has_no_password, unresolved};
pub use endpoint::Endpoint;
pub use fields::Fields;
pub(crate) use fields::{text, texts};
pub use follow::{Followers, Heard, What};
pub use picture::{
    GroupAnswer, ListedReplica, Picture, SentinelAnswer, SentinelSays, ServerAnswer, listed_replicas, place,
};
pub(crate) use picture::{MISSED_MS, each, is_below, refuses};
pub use reach::{Login, Reach, ReachArgs};
