//! Names of things: sentinels, server processes, groups.

use std::borrow::Borrow;
use std::fmt;

use crate::rng::Rng;

/// Identity of a sentinel (`myid`): 40 characters, by custom lower-case hex. Peers may use any text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SentinelId(pub String);

impl SentinelId {
    /// A fresh random id.
    pub fn random(rng: &mut Rng) -> SentinelId {
        SentinelId(rng.hex(40))
    }
    /// The first eight characters, as connection names show it.
    pub fn short(&self) -> &str {
        self.0.char_indices().nth(8).map_or(&self.0, |(end, _)| &self.0[..end])
    }
}

/// Tables are searched with the text alone.
impl Borrow<str> for SentinelId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SentinelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Identity of a server *process* (`run_id` in INFO): another one after each restart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(pub String);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Name of a group: what `sentinel monitor` calls the master name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupName(pub String);

/// Tables are searched with the text alone.
impl Borrow<str> for GroupName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for GroupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
