//! Names that old releases of upstream used, or that its documents write differently. None of them appears on the
//! wire today; what became of each is said here.

use super::{Pair, words};
use crate::event::EventKind;
use crate::lang::Words;

/// A name that is no event of today.
#[derive(Debug, Clone, Copy)]
pub struct OlderName {
    /// as documents and old logs write it
    pub name: &'static str,
    /// what it meant and what happened to it
    pub fate: Words,
    /// what to look for today, if there is anything
    pub now: &'static [EventKind],
}

const fn older(name: &'static str, fate: Pair, now: &'static [EventKind]) -> OlderName {
    OlderName { name, fate: words(fate), now }
}

/// How documents write the name of an event that has another form on the wire.
const WRITTEN: Pair = (
    "Only documents write it so; the event has a sign and its full name. Subscribe to that.",
    "只有文档这样写；实际的事件名带有符号并且完整。请订阅完整的名字。",
);

/// All of them, by name without its sign.
pub const OLDER: &[OlderName] = &[
    older(
        "-demote-flag-cleared",
        (
            "Redis 2.6: the sentinel no longer trusted its note that this replica is an old master. \
             There are no such notes any more.",
            "Redis 2.6：不再相信“该副本是旧主节点”的标记。现在已没有这种标记。",
        ),
        &[],
    ),
    older(
        "+demote-old-slave",
        (
            "Redis 2.6: an old master that came back was told to become a replica. Renamed.",
            "Redis 2.6：命令恢复的旧主节点成为副本。已改名。",
        ),
        &[EventKind::ConvertToSlave],
    ),
    older(
        "-failover-abort-master-is-back",
        (
            "Redis 2.6: the failover was given up because the master answered again. Today a failover that \
             has begun goes on even if the master comes back; the old master then becomes a replica.",
            "Redis 2.6：主节点恢复应答，故障转移中止。如今故障转移一旦开始，主节点恢复也会继续进行；旧主节点随后成为副本。",
        ),
        &[EventKind::ObjectivelyUp, EventKind::ConvertToSlave],
    ),
    older(
        "-failover-abort-x-sdown",
        (
            "Redis 2.6: the failover was undone because the promoted replica went down. Today a failover is never \
             undone after the promotion.",
            "Redis 2.6：被提升的副本下线，故障转移被撤销。如今副本提升之后不会再撤销。",
        ),
        &[EventKind::AbortSlaveTimeout, EventKind::SubjectivelyDown],
    ),
    older(
        "+failover-triggered",
        (
            "Redis 2.6: a leader started a failover. Today a sentinel first asks for votes, then leads.",
            "Redis 2.6：领头哨兵开始故障转移。如今哨兵先征求选票，当选后再主持。",
        ),
        &[EventKind::TryFailover, EventKind::ElectedLeader],
    ),
    older("no-good-slave", WRITTEN, &[EventKind::AbortNoGoodSlave]),
    older(
        "+redirect-to-master",
        (
            "Redis 2.6: a sentinel whose configuration named a server that was a replica went to that server's \
             master. Today no sentinel follows such a report: the address changes only by a failover or by a newer \
             configuration.",
            "Redis 2.6：配置中的主节点其实是副本时，哨兵转而监视它的主节点。如今不会因此跟随：\
             地址只会因故障转移或更新的配置而改变。",
        ),
        &[EventKind::RoleDiffers, EventKind::SwitchMaster],
    ),
    older(
        "-slave-reconf-undo",
        (
            "Redis 2.6: after an aborted failover a replica was sent back to the original master. Today that is left \
             to the ordinary repair.",
            "Redis 2.6：故障转移中止后，让副本重新跟随原主节点。如今由常规的修复完成。",
        ),
        &[EventKind::FixSlaveConfig, EventKind::ConvertToSlave],
    ),
];
