//! The promoted replica was eligible, and the best of those that were, by what its sentinel had been told.
//!
//! From: upstream's documentation ("Replica selection and priority"): not down, connected, heard of lately, a fresh INFO,
//! priority not 0, not without its master for more than ten times down-after beyond the outage; then the lowest
//! priority, the greatest offset, the smallest run id.
//!
//! The rule is written down here once more, from what the sentinel knew at the instant it gave the order. How long ago a
//! replica answered a PING is not part of that, nor is its link for messages: such refusals are believed.
//!
//! Beyond upstream: not while it loads its data, and not one that is empty, never had a copy, and whose master was not
//! empty, too; while the master lives, not one that never had its link or copies all data.
//!
//! A replica that another one feeds, and did when that had told its own offset, has no more data than that: of two such with one
//! priority the source is better.
//!
//! Where the group goes in a circle and everybody has been without a source for too long, the one with most data.
//!
//! Allowed: a replica that a leader which is gone has promoted already goes before all others: another one would make two
//! masters. That it really was promoted is known here; a server that merely started as a master is not one of those.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::net::SocketAddr;

use watchkeeper_core::view::{GroupView, ReplicaView, RoleView};

use super::Property;
use super::known::core_of;
use crate::fact::Fact;
use crate::process::ProcId;
use crate::time::Time;
use crate::world::World;

/// An INFO is fresh for so many milliseconds while the master is down: five PING periods.
const INFO_FRESH_DOWN_MS: u64 = 5_000;
/// And while it is up, for a failover that a user forced: three INFO periods.
const INFO_FRESH_UP_MS: u64 = 30_000;

/// See the module.
#[derive(Debug, Default)]
pub struct Selection {
    /// servers that are starting
    booting: BTreeSet<ProcId>,
    /// servers that were made masters and are
    promoted: BTreeSet<SocketAddr>,
}

/// Why a replica may not be promoted.
fn unfit(replica: &ReplicaView, group: &GroupView) -> Option<String> {
    if let Some(why) = unfit_by_itself(replica, group) {
        return Some(why);
    }
    let (lost, limit) = (replica.link_down_ms, link_limit(group)?);
    (lost > limit).then(|| format!("it lost its master {lost} ms ago, the limit is {limit} ms"))
}

/// What is wrong with choosing a replica with old data, in a group that goes in a circle: somebody may have newer data.
fn newer_than(chosen: &ReplicaView, group: &GroupView) -> Option<String> {
    if group.master.role != RoleView::Replica {
        return Some("the master says that it is one".to_owned());
    }
    group.replicas.iter().find_map(|other| {
        let never = other.priority == 0;
        match unfit_by_itself(other, group) {
            Some(why) if !never && why != EMPTY => {
                Some(format!("{} is not there to compare: {why}", shown(other)))
            }
            None if other.offset > chosen.offset => Some(format!("{} has more data", shown(other))),
            Some(_) | None => None,
        }
    })
}

/// For how many milliseconds a replica may be without its master.
fn link_limit(group: &GroupView) -> Option<i64> {
    let outage = group.master.down_for_ms.unwrap_or(0);
    i64::try_from(group.down_after_ms.saturating_mul(10).saturating_add(outage)).ok()
}

fn unfit_by_itself(replica: &ReplicaView, group: &GroupView) -> Option<String> {
    let fresh = if group.master.sdown { INFO_FRESH_DOWN_MS } else { INFO_FRESH_UP_MS };
    if replica.sdown {
        return Some("it is down".to_owned());
    }
    if !replica.connected {
        return Some("it is not connected".to_owned());
    }
    if replica.priority == 0 {
        return Some("its priority is 0".to_owned());
    }
    match replica.info_age_ms {
        None => Some("it has not answered INFO".to_owned()),
        Some(age) if age > fresh => Some(format!("its INFO is {age} ms old, the limit is {fresh} ms")),
        Some(_) => without_data(replica, group).map(str::to_owned),
    }
}

/// What is wrong with its data.
fn without_data(replica: &ReplicaView, group: &GroupView) -> Option<&'static str> {
    let master = &group.master;
    let unlinked = replica.role == RoleView::Replica && !replica.link_up;
    let never = match replica.role {
        RoleView::Replica => replica.link_never_up,
        RoleView::Master => !replica.seen_as_replica,
    };
    let empty = replica.keys == Some(0) && (master.keys != Some(0) || master.loading);
    let went_on_alone = master.down_for_ms.is_some_and(|outage| without_link_ms(replica) > outage + 1_000);
    let behind = !master.sdown && !replica.link_up && (never || replica.syncing || empty && unlinked);
    if replica.loading {
        Some("it is loading")
    } else if empty && (never || unlinked && went_on_alone) {
        Some(EMPTY)
    } else {
        behind.then_some("its master is up, and it has not its data")
    }
}

/// For how long it has been without its link by now.
fn without_link_ms(replica: &ReplicaView) -> u64 {
    u64::try_from(replica.link_down_ms).unwrap_or(0) + replica.info_age_ms.unwrap_or(0)
}

/// What is wrong with one that has nothing.
const EMPTY: &str = "it has no data";

/// The order of fit replicas, best first.
fn rank(replica: &ReplicaView) -> (bool, i64, Reverse<u64>, usize, bool, Option<String>) {
    let run_id = replica.run_id.as_ref().map(|id| id.to_ascii_lowercase());
    let offset = Reverse(replica.offset);
    (replica.role == RoleView::Master, replica.priority, offset, replica.depth, run_id.is_none(), run_id)
}

/// Whom a replica says that it follows, if that is a replica of the group.
fn source<'a>(replica: &ReplicaView, group: &'a GroupView) -> Option<&'a ReplicaView> {
    let (host, port) = replica.follows.as_ref().filter(|_| replica.role == RoleView::Replica)?;
    group.replicas.iter().find(|it| (&it.place.host, it.place.port) == (host, *port))
}

/// Whether the data of one replica comes through another, over links that were up when that had told its offset: then it has no
/// more than that, whatever the two said at different instants. Nothing is known of those that go in a circle.
fn fed_by(replica: &ReplicaView, other: &ReplicaView, group: &GroupView) -> bool {
    let line: Vec<_> =
        std::iter::successors(Some(replica), |at| source(at, group)).take(group.replicas.len() + 1).collect();
    let fed = line.windows(2).take_while(|pair| {
        pair[0].link_up && pair[1].role == RoleView::Replica && pair[1].info_age_ms >= pair[0].info_age_ms
    });
    line.len() <= group.replicas.len() && fed.into_iter().any(|pair| pair[1].place == other.place)
}

/// Whether `other` should have been promoted instead of `chosen`.
fn is_better(other: &ReplicaView, chosen: &ReplicaView, group: &GroupView) -> bool {
    let same = chosen.priority == other.priority;
    let (below, above) = (fed_by(other, chosen, group), fed_by(chosen, other, group));
    if same && (below || above) {
        return above;
    }
    let fed = group.replicas.iter().filter(|it| it.priority == chosen.priority && fed_by(it, chosen, group));
    match fed.map(|it| it.offset).max() {
        // It was chosen for those it feeds, by their offset and run id.
        Some(offset) => {
            let (role, priority, theirs, ..) = rank(other);
            (role, priority, theirs) < (false, chosen.priority, Reverse(offset.max(chosen.offset)))
        }
        None => rank(other) < rank(chosen),
    }
}

/// In short, for a message.
fn shown(replica: &ReplicaView) -> String {
    let (place, run_id) = (&replica.place, replica.run_id.as_deref().unwrap_or("none"));
    let run_id = run_id.get(..8).unwrap_or(run_id);
    format!(
        "{}:{} (priority {}, offset {}, run id {run_id})",
        place.host, place.port, replica.priority, replica.offset
    )
}

impl Selection {
    /// Keeps who was promoted: made a master while it ran.
    fn note(&mut self, world: &World, fact: &Fact) {
        match fact {
            Fact::Booted { who } => {
                self.booting.insert(*who);
            }
            Fact::Follows { who, master } => {
                let started = self.booting.remove(who);
                if !started && master.is_none() {
                    self.promoted.insert(world.addr(*who));
                } else {
                    self.promoted.remove(&world.addr(*who));
                }
            }
            _ => {}
        }
    }
}

impl Property for Selection {
    fn name(&self) -> &'static str {
        "selection"
    }

    fn fact(&mut self, world: &World, _at: Time, fact: &Fact) -> Result<(), String> {
        self.note(world, fact);
        let Fact::Chosen { who, server, group } = fact else { return Ok(()) };
        // Its order waited for the disk, and meanwhile it heard that another sentinel made this server the master.
        let taken_over = core_of(world, *who).is_some_and(|core| {
            core.view().groups.iter().any(|group| group.master.place.at == Some(*server))
        });
        let who = world.name(*who);
        let found = group.as_ref().and_then(|group| {
            let chosen = group.replicas.iter().find(|replica| replica.place.at == Some(*server))?;
            Some((group, chosen))
        });
        let Some((group, chosen)) = found else {
            if taken_over {
                return Ok(());
            }
            return Err(format!("`{who}` promotes {server}, which is a replica of none of its groups"));
        };
        if group.only_old_data {
            let newer = newer_than(chosen, group);
            return newer
                .map_or(Ok(()), |why| Err(format!("`{who}` promotes {}, although {why}", shown(chosen))));
        }
        if let Some(why) = unfit(chosen, group) {
            return Err(format!("`{who}` promotes {}, although {why}", shown(chosen)));
        }
        let promoted = self.promoted.contains(server) || (chosen.seen_as_replica && !chosen.former_master);
        if chosen.role == RoleView::Master && promoted {
            return Ok(());
        }
        let believed = ["last answered", "there is no connection"];
        let silent = |other: &&ReplicaView| {
            let refusal = other.refusal.as_ref();
            // A link that was opened this instant was not there when the choice was made.
            other.linked_ms.is_none_or(|ms| ms == 0)
                || refusal.is_some_and(|refusal| believed.iter().any(|start| refusal.starts_with(start)))
        };
        let better = group.replicas.iter().find(|other| {
            other.place != chosen.place
                && unfit(other, group).is_none()
                && !silent(other)
                && is_better(other, chosen, group)
        });
        match better {
            Some(better) => {
                let why = better.refusal.as_deref().unwrap_or("refused by nobody");
                Err(format!(
                    "`{who}` promotes {}, although {} is better ({why})",
                    shown(chosen),
                    shown(better)
                ))
            }
            None => Ok(()),
        }
    }
}
