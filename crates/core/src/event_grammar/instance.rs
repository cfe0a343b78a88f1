//! What can be told of one instance: found once, down and up by turns, a role that changes and changes back.

use super::possible;

/// An instance of a group, as events name it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Instance {
    Master,
    /// by the name it keeps for life
    Replica(String),
    /// by id
    Sentinel(String),
}

impl Instance {
    /// The one a payload of `<kind> <name> ...` begins with.
    pub(super) fn of(payload: &str) -> Option<Instance> {
        let mut words = payload.split(' ');
        let (kind, name) = (words.next()?, words.next()?);
        match kind {
            "master" => Some(Instance::Master),
            "slave" => Some(Instance::Replica(name.to_owned())),
            "sentinel" => Some(Instance::Sentinel(name.to_owned())),
            _ => None,
        }
    }
}

/// What an event tells of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    Found,
    /// it has a new address
    Moved,
    /// another one is at its address
    Replaced,
    Down,
    Up,
    Differs,
    Agrees,
    /// it claims to be master, and was told to follow the real one
    Demoted,
    /// it follows somebody else, and was told to follow the master
    Redirected,
}

/// What events have told of an instance.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Known {
    /// its coming was told; those of the configuration file are known without
    found: bool,
    down: Down,
    /// it reports another role than it should
    pub(super) differs: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Down {
    #[default]
    No,
    Yes,
    /// it was forgotten, and an older event may still come
    Perhaps,
}

impl Known {
    pub(super) fn may_be_down(&self) -> bool {
        self.down != Down::No
    }

    pub(super) fn is_up(&self) -> bool {
        self.down == Down::No
    }

    /// Another group forgot it.
    pub(super) fn doubt(&mut self) {
        *self = Known { down: Down::Perhaps, ..Known::default() };
    }

    pub(super) fn take(&mut self, told: Told) -> Result<(), String> {
        let fresh = Known { found: true, ..Known::default() };
        let (fine, why) = match told {
            Told::Found => (!std::mem::replace(self, fresh).found, "it is known already"),
            Told::Moved => {
                *self = fresh;
                (true, "")
            }
            Told::Replaced => {
                *self = Known::default();
                (true, "")
            }
            Told::Down => {
                let before = std::mem::replace(&mut self.down, Down::Yes);
                (before != Down::Yes, "it is subjectively down already. hint: `-sdown` comes first")
            }
            Told::Up => {
                let before = std::mem::replace(&mut self.down, Down::No);
                (before != Down::No, "it was not subjectively down. hint: `+sdown` comes first")
            }
            Told::Differs => {
                let before = std::mem::replace(&mut self.differs, true);
                (!before, "its role differs already. hint: `+role-change` comes first")
            }
            Told::Agrees => {
                let before = std::mem::replace(&mut self.differs, false);
                (before, "its role did not differ. hint: `-role-change` comes first")
            }
            Told::Demoted => {
                (self.differs, "it does not report to be master. hint: `-role-change` comes first")
            }
            Told::Redirected => (!self.differs, "it reports to be master. hint: `+role-change` comes first"),
        };
        possible(fine, || why.to_owned())
    }
}
