//! What `explain`, `doctor` and `status` say of a group that went through faults and is whole again, held against what its
//! servers say. Each reads real logs and real answers after real faults, and may tell nothing that was not.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::member::Member;
use super::net::Place;
use super::whole::Whole;
use super::world::{GROUP, World};
use crate::binaries::Flavour;
use crate::conn::{Conn, FrameExt};

/// What is found in every whole group.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// the codes of what `doctor` finds in every such group, as it has no passwords and one machine
    usual: BTreeSet<String>,
}

impl Told {
    /// Asks of a group to which nothing was done yet.
    pub(crate) fn first(world: &World) -> Result<Told, String> {
        Ok(Told { usual: found_by_doctor(world)?.into_iter().map(|(code, _)| code).collect() })
    }

    /// What is told wrongly of a group that is whole.
    pub(crate) fn violations(&self, world: &World, whole: Whole) -> Vec<String> {
        let mut wrong = Vec::new();
        match explained(world, whole) {
            Ok(changes) => {
                let each = 0..world.sentinels.len();
                wrong.extend(each.filter_map(|one| explained_by_one(world, one, &changes).err()));
            }
            Err(why) => wrong.push(why),
        }
        // One that was stopped is in TILT when the group is whole, and for 30 s.
        let tilt = world.sentinels.iter().any(in_tilt);
        match found_by_doctor(world) {
            Ok(found) => wrong.extend(
                found
                    .into_iter()
                    .filter(|(code, _)| !(self.usual.contains(code) || tilt && code == TILT_FOUND))
                    .map(|(code, text)| format!("doctor says of a whole group: {code}: {text}")),
            ),
            Err(why) => wrong.push(why),
        }
        wrong.extend(shown_by_status(world, whole, tilt).err());
        wrong
    }
}

/// What a server says of itself to a client.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Said {
    Nothing,
    Role(String),
}

/// What `status` shows wrongly while the fault lasts: of each server that said the same before and after it was asked.
pub(crate) fn wrong_during(world: &World) -> Vec<String> {
    let before = said(world);
    let report = match ask(world, "status") {
        Ok(report) => report,
        Err(why) => return vec![why],
    };
    let after = said(world);
    let group = &report["groups"][0];
    let shown = |at: &str| group["servers"].as_array().into_iter().flatten().find(|it| it["address"] == at);
    let steady =
        before.iter().zip(&after).filter(|(before, after)| before == after).map(|(before, _)| before);
    let wrongly = |(at, said): &(String, Said)| match shown(at) {
        Some(server) => shown_wrongly(at, said, server, group),
        None => Some(format!("status does not show {at}")),
    };
    steady.filter_map(wrongly).collect()
}

/// What is wrong with how a server is shown.
fn shown_wrongly(at: &str, said: &Said, server: &Value, group: &Value) -> Option<String> {
    let (role, state) = (server["role"].as_str(), server["state"].as_str().unwrap_or_default());
    let right = match said {
        Said::Nothing => state == "no_answer",
        Said::Role(said) => {
            state != "no_answer" && role == Some(if said == "slave" { "replica" } else { said })
        }
    };
    let writable = group["writable"] == true && group["master"] == at;
    let right = right && (!writable || *said == Said::Role("master".to_owned()));
    (!right).then(|| format!("status shows {at} as {role:?}, {state}, writable {writable}; it says {said:?}"))
}

/// Asks every server for its role, from where `status` runs.
fn said(world: &World) -> Vec<(String, Said)> {
    let addresses: Vec<_> = world.servers.iter().map(Member::address).collect();
    client(world).run(move || {
        let role = |at| -> Option<String> {
            let mut conn = Conn::open_within(at, PATIENCE).ok()?;
            conn.set_timeout(PATIENCE);
            conn.try_call(&["ROLE"]).ok()?.items().first().map(FrameExt::text)
        };
        addresses.iter().map(|at| (at.to_string(), role(*at).map_or(Said::Nothing, Said::Role))).collect()
    })
}

/// The host of a client.
fn client(world: &World) -> &Arc<Place> {
    world.net.end(world.servers.len().max(world.sentinels.len()))
}

/// How long a server may take to say what it is: as long as `status` waits.
const PATIENCE: Duration = Duration::from_secs(2);

/// The code under which `doctor` says that a sentinel is in TILT.
const TILT_FOUND: &str = "WD210";

fn in_tilt(sentinel: &Member) -> bool {
    let info = sentinel
        .connect()
        .and_then(|mut conn| conn.try_call(&["INFO", "sentinel"]).map_err(|error| error.to_string()));
    info.is_ok_and(|info| info.text().contains("sentinel_tilt:1"))
}

/// A change of the master, as `explain` tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Change {
    from: String,
    to: String,
    text: String,
}

/// The changes of the master in a report, in their order.
fn changes(report: &Value) -> Vec<Change> {
    let word = |incident: &Value, name: &str| incident[name].as_str().map(str::to_owned);
    let incidents = report["incidents"].as_array().into_iter().flatten();
    incidents
        .filter_map(|incident| {
            let (from, to) = (word(incident, "old_master")?, word(incident, "new_master")?);
            Some(Change { from, to, text: word(incident, "text").unwrap_or_default() })
        })
        .collect()
}

/// Whether the changes lead from `first` to `last`, each from where the one before it led to.
fn connected(changes: &[Change], first: &str, last: &str) -> Result<(), String> {
    let mut at = first;
    for change in changes {
        if change.from != at {
            return Err(format!(
                "the master was {at}, and is told to have been {}: {}",
                change.from, change.text
            ));
        }
        at = &change.to;
    }
    if at == last { Ok(()) } else { Err(format!("the last master it tells of is {at}, it is {last}")) }
}

/// What all logs together say, which must be what was.
fn explained(world: &World, whole: Whole) -> Result<Vec<Change>, String> {
    let all: Vec<usize> = (0..world.sentinels.len()).collect();
    let report = explain(world, &all)?;
    let changes = changes(&report);
    let address = |server: usize| world.servers[server].address().to_string();
    let told = |why: String| format!("explain: {why}");
    connected(&changes, &address(0), &address(whole.master)).map_err(told)?;
    Ok(changes)
}

/// Who has one log only may know less, and nothing else.
fn explained_by_one(world: &World, sentinel: usize, all: &[Change]) -> Result<(), String> {
    match changes(&explain(world, &[sentinel])?).into_iter().find(|change| !led_to(change, all)) {
        Some(change) => {
            Err(format!("explain, with the log of sentinel {} alone: {}", sentinel + 1, change.text))
        }
        None => Ok(()),
    }
}

/// Whether one or several of all changes, one after the other, led from one master to the other: a sentinel that learns the
/// second of two at once never knew the first.
fn led_to(change: &Change, all: &[Change]) -> bool {
    let begins = all.iter().enumerate().filter(|(_, first)| first.from == change.from);
    begins.into_iter().any(|(at, _)| all[at..].iter().any(|last| last.to == change.to))
}

fn explain(world: &World, sentinels: &[usize]) -> Result<Value, String> {
    let logs: Vec<_> = sentinels.iter().map(|index| world.sentinels[*index].log_path()).collect();
    let mut command = ours("explain");
    command.args(&logs);
    answer(world, command)
}

/// The code and the text of each finding.
fn found_by_doctor(world: &World) -> Result<Vec<(String, String)>, String> {
    let report = ask(world, "doctor")?;
    let word = |finding: &Value, name: &str| finding[name].as_str().unwrap_or_default().to_owned();
    let findings = report["findings"].as_array().into_iter().flatten();
    Ok(findings.map(|it| (word(it, "code"), word(it, "text"))).collect())
}

fn shown_by_status(world: &World, whole: Whole, tilt: bool) -> Result<(), String> {
    let report = ask(world, "status")?;
    let group = &report["groups"][0];
    let shown = (&group["name"], &group["writable"], &group["master"]);
    let master = Value::from(world.servers[whole.master].address().to_string());
    let problems = group["problems"].as_array().into_iter().flatten();
    let wrong: Vec<_> =
        problems.filter(|it| !(tilt && it["what"] == "sentinel_tilt")).map(|it| &it["text"]).collect();
    if shown == (&Value::from(GROUP), &Value::from(true), &master) && wrong.is_empty() {
        return Ok(());
    }
    Err(format!("status shows {shown:?} of a whole group: {wrong:?}"))
}

/// Asks the sentinels that can be asked.
fn ask(world: &World, subcommand: &str) -> Result<Value, String> {
    let mut command = ours(subcommand);
    command.args(world.sentinels.iter().map(|sentinel| format!("--sentinel={}", sentinel.address())));
    answer(world, command)
}

fn ours(subcommand: &str) -> Command {
    let (program, _) = Flavour::Ours.sentinel();
    let mut command = Command::new(Path::new(&program));
    command.args([subcommand, "--lang", "en", "--format", "json"]);
    command
}

/// Runs it on the host of a client.
fn answer(world: &World, mut command: Command) -> Result<Value, String> {
    let shown = format!("{command:?}");
    let output = client(world).run(move || command.output());
    let output = output.map_err(|error| format!("{shown}: {error}"))?;
    serde_json::from_slice(&output.stdout).map_err(|error| {
        format!("{shown}: {error}: {}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes_of(places: &[(&str, &str)]) -> Vec<Change> {
        let incidents = places.iter().map(|(from, to)| {
            let incident = [("old_master", *from), ("new_master", *to), ("text", "it is told so")];
            Value::from_iter(incident)
        });
        let none = Value::from_iter([("old_master", Value::from("a")), ("new_master", Value::Null)]);
        changes(&Value::from_iter([("incidents", incidents.chain([none]).collect::<Value>())]))
    }

    #[test]
    fn a_change_that_is_missing_or_never_was_breaks_the_chain() {
        assert_eq!(connected(&changes_of(&[("a", "b"), ("b", "c")]), "a", "c"), Ok(()));
        assert_eq!(connected(&changes_of(&[]), "a", "a"), Ok(()));
        assert!(connected(&changes_of(&[("a", "b")]), "a", "c").is_err());
        assert!(connected(&changes_of(&[("a", "b"), ("c", "d")]), "a", "d").is_err());
        assert!(connected(&changes_of(&[("a", "b"), ("b", "a")]), "a", "b").is_err());
    }

    #[test]
    fn one_log_may_leave_out_a_master_and_invent_none() {
        let all = changes_of(&[("a", "b"), ("b", "c")]);
        let of_one = |from, to| led_to(&changes_of(&[(from, to)])[0], &all);
        assert!(of_one("a", "b") && of_one("a", "c") && of_one("b", "c"));
        assert!(!of_one("b", "a") && !of_one("c", "b") && !of_one("a", "d"));
    }
}
