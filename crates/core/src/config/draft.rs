//! A configuration while it is read: its groups are found by name, which each of tens of thousands of lines needs.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};

use super::{Config, GroupConfig};
use crate::id::GroupName;

/// See the module. Groups are added with [`Draft::push`] only.
#[derive(Debug)]
pub(crate) struct Draft<'a> {
    config: &'a mut Config,
    /// by the bytes of the name: that of a stand-in may be no text
    places: BTreeMap<Vec<u8>, usize>,
}

impl<'a> Draft<'a> {
    pub(crate) fn new(config: &'a mut Config) -> Draft<'a> {
        let names = config.groups.iter().map(|group| group.name.0.clone().into_bytes());
        let places = names.enumerate().map(|(at, name)| (name, at)).collect();
        Draft { config, places }
    }

    /// Whether there is a group of this name.
    pub(crate) fn has(&self, name: &[u8]) -> bool {
        self.places.contains_key(name)
    }

    pub(crate) fn group(&mut self, name: &[u8]) -> Option<&mut GroupConfig> {
        let at = *self.places.get(name)?;
        self.config.groups.get_mut(at)
    }

    pub(crate) fn push(&mut self, group: GroupConfig) {
        self.places.insert(group.name.0.clone().into_bytes(), self.config.groups.len());
        self.config.groups.push(group);
    }

    /// A group that takes the lines of one that is not there, until reading is over; its place among the groups.
    pub(crate) fn push_stand_in(&mut self, name: &[u8]) -> Option<usize> {
        if self.has(name) {
            return None;
        }
        let at = self.config.groups.len();
        self.places.insert(name.to_vec(), at);
        let shown = GroupName(String::from_utf8_lossy(name).into_owned());
        self.config.groups.push(GroupConfig::new(shown, String::new(), 0, 1));
        Some(at)
    }
}

impl Deref for Draft<'_> {
    type Target = Config;

    fn deref(&self) -> &Config {
        self.config
    }
}

impl DerefMut for Draft<'_> {
    fn deref_mut(&mut self) -> &mut Config {
        self.config
    }
}
