//! The file on disk reloads to the state that was written, and a sentinel that starts has the state of its file.
//!
//! From: the design ("loading and saving use the same type, so that the file reloads to the same state is an equality").
//!
//! After each write that succeeded the file is read as a restart would read it: it must be the state that was handed to
//! the writer, and writing that over the file must change nothing.
//!
//! Allowed: at a start the current epoch rises to the greatest epoch of any group.

use std::collections::BTreeMap;

use watchkeeper_core::Config;
use watchkeeper_core::config::rewrite;

use super::Property;
use super::known::{core_of, is_ours};
use crate::config_text;
use crate::fact::Fact;
use crate::process::ProcId;
use crate::time::Time;
use crate::world::World;

/// See the module.
#[derive(Debug, Default)]
pub struct Reloads {
    writing: BTreeMap<ProcId, Box<Config>>,
}

/// The file of a sentinel, and what it says.
fn read(world: &World, who: ProcId) -> Result<(&[u8], Config), String> {
    let name = world.name(who);
    let text = world.file(who).ok_or_else(|| format!("`{name}` has no file"))?;
    let config = config_text::read(text);
    Ok((text, config.map_err(|error| format!("the file of `{name}` does not load: {error}"))?))
}

/// The first field in which two states differ, with both values.
fn difference(file: &Config, state: &Config) -> String {
    let pair = |what: &str, one: String, other: String| format!("{what} {one} and {other}");
    if file.global != state.global {
        return pair("global settings", format!("{:?}", file.global), format!("{:?}", state.global));
    }
    if file.groups != state.groups {
        return pair("groups", format!("{:?}", file.groups), format!("{:?}", state.groups));
    }
    pair("general settings", format!("{:?}", file.general), format!("{:?}", state.general))
}

impl Property for Reloads {
    fn name(&self) -> &'static str {
        "reloads"
    }

    fn fact(&mut self, world: &World, _at: Time, fact: &Fact) -> Result<(), String> {
        match fact {
            Fact::WriteBegun { who, config, .. } => {
                self.writing.insert(*who, config.clone());
            }
            Fact::WriteEnded { who, ok, .. } if is_ours(world, *who) => {
                let Some(written) = self.writing.remove(who).filter(|_| *ok) else { return Ok(()) };
                let (text, mut config) = read(world, *who)?;
                config.general.state_source = written.general.state_source; // names the file read, not the state
                let name = world.name(*who);
                if config != *written {
                    let difference = difference(&config, &written);
                    return Err(format!("the file of `{name}` is not what was written: {difference}"));
                }
                if rewrite(Some(text), &config) != text {
                    return Err(format!("writing the file of `{name}` over itself changes it"));
                }
            }
            Fact::Booted { who } => {
                self.writing.remove(who);
                let Some(state) = core_of(world, *who).map(|core| core.snapshot()) else { return Ok(()) };
                let (_, config) = read(world, *who)?;
                if config.groups != state.groups || config.global.current_epoch > state.global.current_epoch {
                    let (name, difference) = (world.name(*who), difference(&config, &state));
                    return Err(format!("`{name}` starts with another state than its file's: {difference}"));
                }
            }
            _ => {}
        }
        Ok(())
    }
}
