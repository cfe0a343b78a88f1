//! A configuration while it is read: its groups are found by name, which each of tens of thousands of lines needs.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};

use super::{Config, GroupConfig};
use crate::id::GroupName;

/// See the module. Groups are added with [`Draft::push`] only.
#[derive(Debug)]
pub(crate) struct Draft<'a> {
    config: &'a mut Config,
    places: BTreeMap<GroupName, usize>,
}

impl<'a> Draft<'a> {
    pub(crate) fn new(config: &'a mut Config) -> Draft<'a> {
        let names = config.groups.iter().map(|group| group.name.clone());
        let places = names.enumerate().map(|(at, name)| (name, at)).collect();
        Draft { config, places }
    }

    /// Whether there is a group of this name.
    pub(crate) fn has(&self, name: &GroupName) -> bool {
        self.places.contains_key(name)
    }

    pub(crate) fn group(&mut self, name: &[u8]) -> Option<&mut GroupConfig> {
        let at = *self.places.get(std::str::from_utf8(name).ok()?)?;
        self.config.groups.get_mut(at)
    }

    pub(crate) fn push(&mut self, group: GroupConfig) {
        self.places.insert(group.name.clone(), self.config.groups.len());
        self.config.groups.push(group);
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
