//! What can be told of the process as a whole: TILT and scripts.

use std::collections::BTreeMap;

use super::possible;
use crate::event::{Event, EventKind};

/// See the module.
#[derive(Debug, Clone, Default)]
pub(super) struct Process {
    tilt: bool,
    /// how many scripts run, by process id
    scripts: BTreeMap<String, usize>,
    /// the last script ended badly, and nothing was said of it yet
    failed: bool,
}

impl Process {
    pub(super) fn take(&mut self, event: &Event) -> Result<(), String> {
        let mut words = event.payload.split(' ');
        let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let running = |pid: &str| self.scripts.get(pid).is_some_and(|running| *running > 0);
        let unknown = || "no script with that process id runs. hint: `+script-child` comes first".to_owned();
        if event.kind == EventKind::Tilt {
            self.tilt = true; // again when the reason comes again
        } else if event.kind == EventKind::TiltEnd {
            let before = std::mem::take(&mut self.tilt);
            possible(before, || "TILT was not entered. hint: `+tilt` comes first".to_owned())?;
        } else if event.kind == EventKind::ScriptChild {
            *self.scripts.entry(first.to_owned()).or_default() += 1;
        } else if event.kind == EventKind::ScriptChildEnd {
            possible(running(first), unknown)?;
            self.scripts.entry(first.to_owned()).and_modify(|running| *running -= 1);
            self.failed = !event.payload.ends_with(" 0 0");
        } else if event.kind == EventKind::ScriptTimeout {
            possible(running(second), unknown)?;
        } else {
            // One that could not be started has the code 99.
            let told = std::mem::take(&mut self.failed) || event.payload.ends_with(" 99 0");
            possible(told, || "no script failed. hint: `-script-child` comes first".to_owned())?;
        }
        Ok(())
    }
}
