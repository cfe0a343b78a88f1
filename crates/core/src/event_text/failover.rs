//! Words for the events of an election and a failover, in the order they come.

use super::{EventText, NOTHING, text};
use crate::event::EventKind as E;

/// In the order of the table of events.
pub(super) const TEXTS: &[EventText] = &[
    text(
        E::NewEpoch,
        ("a new round of voting", "新的投票纪元"),
        (
            "A new round of voting began: here, or this sentinel heard of it from another. Each sentinel has one vote a \
             round for each master.",
            "新一轮投票开始：由本哨兵发起，或从其他哨兵得知。每轮中每个哨兵对每个主节点只有一票。",
        ),
        (
            "Nothing. If the number grows without end, elections fail again and again: see -failover-abort-not-elected.",
            "无需处理。若数字不断增长，说明选举一再失败：见 -failover-abort-not-elected。",
        ),
    ),
    text(
        E::VoteForLeader,
        ("gives its one vote of this round", "投出本纪元唯一的一票"),
        (
            "This sentinel gave its vote to the sentinel with this id, in this epoch: itself or another. It steps back for \
             a while, so that the one it voted for can finish.",
            "本哨兵在该纪元把票投给了此 ID 的哨兵（自己或别人）。投给别人后，它会暂缓竞选，让对方完成。",
        ),
        NOTHING,
    ),
    text(
        E::TryFailover,
        ("wants to lead the failover and asks for votes", "想要主持故障转移，征求选票"),
        (
            "The master is objectively down, or somebody called SENTINEL FAILOVER. This sentinel asks the others for their \
             votes; it needs a majority of all known sentinels, and at least the quorum.",
            "主节点客观下线，或有人执行了 SENTINEL FAILOVER。本哨兵向其他哨兵征求选票；需要全部已知哨兵的多数，且不少于法定票数。",
        ),
        (
            "Nothing: +elected-leader or -failover-abort-not-elected follows.",
            "无需处理：随后是 +elected-leader 或 -failover-abort-not-elected。",
        ),
    ),
    text(
        E::ElectedLeader,
        ("has the majority: it leads", "获得多数票：由它主持"),
        (
            "This sentinel won the vote (a failover by hand needs none) and leads: it chooses a replica next. The failover \
             goes on even if the master comes back now.",
            "本哨兵当选（手工故障转移无需选举），由它主持：接着挑选副本。此后即使主节点恢复，故障转移也会继续。",
        ),
        ("Nothing. Follow this sentinel's log from here on.", "无需处理。此后查看这个哨兵的日志即可。"),
    ),
    text(
        E::StateSelectSlave,
        ("looks for the best replica", "挑选最合适的副本"),
        (
            "The leader compares the replicas: those that are down, disconnected, stale or of priority 0 are out; then \
             the lowest replica-priority, the most data, the smallest run id.",
            "主持者比较各副本：排除下线、断开、信息过旧或优先级为 0 的；再依次比较 replica-priority（小者优先）、数据量、运行 ID。",
        ),
        NOTHING,
    ),
    text(
        E::AbortNotElected,
        ("gave up: no majority", "放弃：未获多数票"),
        (
            "Too few votes came in time; nothing was changed. Another sentinel may have won: +switch-master follows then. \
             Otherwise the next try comes: after a split vote in under a second, without a majority when enough sentinels \
             are back (redis-sentinel: after 2 x failover-timeout).",
            "未能及时获得足够选票；没有任何改动。可能是别的哨兵当选：随后会有 +switch-master。否则会再试：选票分散时不到一秒，\
             缺少多数时等足够的哨兵恢复（redis-sentinel 等待 2 倍 failover-timeout）。",
        ),
        (
            "If it repeats: `SENTINEL CKQUORUM <name>` on every sentinel. Start the dead ones, open the port between them; \
             `SENTINEL FAILOVER <name>` on a living one needs no votes. Those gone for good are forgotten by SENTINEL RESET, one \
             sentinel at a time and only once the master is up again: it drops the replicas, which a dead master cannot list.",
            "若反复出现：在每个哨兵上执行 `SENTINEL CKQUORUM <名称>`。启动死掉的哨兵，开放哨兵之间的端口；\
             在一个存活的哨兵上执行 `SENTINEL FAILOVER <名称>` 不需要选票。永久移除的用 SENTINEL RESET 清除，逐个哨兵进行，且必须等主节点恢复之后：\
             它会清除副本，而宕机的主节点无法重新列出它们。",
        ),
    ),
    text(
        E::AbortNoGoodSlave,
        ("gave up: no replica is fit", "放弃：没有合格的副本"),
        (
            "No replica may be promoted: all are down, disconnected, too long without their master, or of priority 0; here \
             also those that load their data, or are empty because their copy never ended. Nothing was changed, the \
             service stays down. The next try comes as soon as one is fit (redis-sentinel: after 2 x failover-timeout).",
            "没有可提升的副本：都已下线、断开、与主节点断开太久，或优先级为 0；在 Watchkeeper 中还有正在加载数据的，\
             或复制没有完成、因而为空的。没有任何改动，服务仍不可用。\
             一旦有合格的副本就再试（redis-sentinel 等待 2 倍 failover-timeout）。",
        ),
        (
            "Act now: start the old master or a replica with its data. `SENTINEL REPLICAS <name>` shows flags, \
             master-link-down-time and slave-priority of each.",
            "请立即处理：启动旧主节点，或启动一个带有数据的副本。`SENTINEL REPLICAS <名称>` 会列出各副本的 flags、\
             master-link-down-time 和 slave-priority。",
        ),
    ),
    text(
        E::SelectedSlave,
        ("this replica is chosen", "选中该副本"),
        ("This replica becomes the new master next.", "该副本接下来成为新的主节点。"),
        NOTHING,
    ),
    text(
        E::StateSendSlaveofNoone,
        ("tells it to become a master", "命令它成为主节点"),
        (
            "The leader tells the chosen replica to stop replicating and to be a master. If it cannot be reached, the \
             leader waits up to failover-timeout.",
            "主持者命令选中的副本停止复制、成为主节点。若连不上，最多等待 failover-timeout。",
        ),
        NOTHING,
    ),
    text(
        E::StateWaitPromotion,
        ("waits until it says it is one", "等它确认"),
        (
            "The order is sent; the leader waits until the replica reports that it is a master, at most failover-timeout.",
            "命令已发出；主持者等待该副本报告自己是主节点，最多等待 failover-timeout。",
        ),
        (
            "Nothing: it takes a second at most. If it hangs here, the replica may refuse: ACL rules must allow \
             SLAVEOF (or REPLICAOF), MULTI, EXEC, CONFIG REWRITE and CLIENT KILL.",
            "无需处理：最多一秒。若停在这里，副本可能拒绝了命令：ACL 须允许 SLAVEOF（或 REPLICAOF）、MULTI、EXEC、\
             CONFIG REWRITE 和 CLIENT KILL。",
        ),
    ),
    text(
        E::AbortSlaveTimeout,
        ("gave up: the replica took too long", "放弃：副本迟迟未完成提升"),
        (
            "The chosen replica did not become a master within failover-timeout. The sentinel begins anew, in under a \
             second (redis-sentinel: 2 x failover-timeout after its first try).",
            "选中的副本未能在 failover-timeout 内成为主节点。哨兵会重新开始，不到一秒（redis-sentinel：首次尝试起 2 倍 \
             failover-timeout）。",
        ),
        (
            "See why it does not obey: `redis-cli -h <ip> -p <port> role`, its log, its ACL rules, commands that were \
             renamed. To let another be chosen: set `replica-priority 0` on it.",
            "查明它为何不执行：`redis-cli -h <ip> -p <port> role`、它的日志、ACL、被改名的命令。\
             想让别的副本当选：在其上设置 `replica-priority 0`。",
        ),
    ),
    text(
        E::PromotedSlave,
        ("it is a master now", "它已成为主节点"),
        (
            "The chosen replica reports that it is a master. From here on sentinels give clients the new address, and \
             nothing is undone any more.",
            "选中的副本报告自己是主节点。从此哨兵向客户端公布新地址，不再回退。",
        ),
        (
            "Writes work again. Clients that do not ask sentinels must be turned to the new address.",
            "写入恢复。不通过哨兵获取地址的客户端需手工改用新地址。",
        ),
    ),
    text(
        E::StateReconfSlaves,
        ("turns the other replicas to it", "让其余副本跟随它"),
        (
            "The leader tells the other replicas to follow the new master, parallel-syncs at a time. Writes work meanwhile.",
            "主持者让其余副本跟随新主节点，每次 parallel-syncs 个。期间写入正常。",
        ),
        (
            "Nothing. Replicas that need a full copy load the new master and answer late: that is what parallel-syncs is for.",
            "无需处理。需要全量同步的副本会给新主节点带来负载，自身应答变慢：parallel-syncs 即为此而设。",
        ),
    ),
    text(
        E::SlaveReconfSent,
        ("told to follow the new master", "已通知其跟随新主节点"),
        (
            "This replica was told to follow the new master; the leader waits for its report.",
            "已命令该副本跟随新主节点；主持者等待它的报告。",
        ),
        NOTHING,
    ),
    text(
        E::SlaveReconfSentTimeout,
        ("did not follow in time; it is left for later", "未及时跟随，留待以后"),
        (
            "The replica did not report the new master within 10 s of being told. The failover goes on without it; it is \
             turned later (+fix-slave-config).",
            "副本收到命令 10 秒后仍未报告新主节点。故障转移不再等它；以后再改正（+fix-slave-config）。",
        ),
        (
            "Check this replica: `redis-cli -h <ip> -p <port> info replication`. Until it follows, it serves old data.",
            "检查该副本：`redis-cli -h <ip> -p <port> info replication`。在它跟随之前，读到的是旧数据。",
        ),
    ),
    text(
        E::SlaveReconfInprog,
        ("follows it, not yet in step", "已开始跟随，尚未同步"),
        (
            "The replica follows the new master and copies its data; it is not in step yet.",
            "副本已跟随新主节点，正在同步数据，尚未完成。",
        ),
        (
            "Nothing. If it stays here for minutes, a full copy runs: see its log for size and errors.",
            "无需处理。若停留数分钟，说明在全量同步：看它的日志了解数据量和错误。",
        ),
    ),
    text(
        E::SlaveReconfDone,
        ("in step with the new master", "已与新主节点同步"),
        (
            "The replica is in step with the new master. The next one is told.",
            "副本已与新主节点同步。接着处理下一个。",
        ),
        NOTHING,
    ),
    text(
        E::SlaveReconfSentBestEffort,
        ("told without waiting for the result", "已通知，不等结果"),
        (
            "Time was up, so this replica was told to follow the new master, and nobody waits for it. redis-sentinel \
             closes the connection before the order leaves: there it follows only after +fix-slave-config.",
            "时间已到，命令该副本跟随新主节点，但不再等待。redis-sentinel 在命令发出前就关闭了连接：要等 +fix-slave-config 才会跟随。",
        ),
        (
            "Check later that it follows: `master_link_status:up` in its `info replication`.",
            "稍后确认它已跟随：`info replication` 中应有 `master_link_status:up`。",
        ),
    ),
    text(
        E::FailoverEndForTimeout,
        ("not all replicas followed in time", "未等到全部副本跟随"),
        (
            "The new master works, but some replicas did not follow it within failover-timeout. They are told once more \
             and not waited for; +failover-end and +switch-master come next.",
            "新主节点已正常，但有副本未能在 failover-timeout 内跟随。再通知一次，不再等待；随后是 +failover-end 和 +switch-master。",
        ),
        (
            "Service is up. Find replicas without `master_link_status:up` and see their logs. If full copies simply take \
             longer, raise failover-timeout or parallel-syncs.",
            "服务已恢复。找出没有 `master_link_status:up` 的副本并查看日志。若只是全量同步较慢，可调大 failover-timeout 或 \
             parallel-syncs。",
        ),
    ),
    text(
        E::FailoverEnd,
        ("the failover is over", "故障转移完成"),
        (
            "Every replica that can be reached follows the new master. +switch-master comes next.",
            "所有可达的副本都已跟随新主节点。随后是 +switch-master。",
        ),
        NOTHING,
    ),
    text(
        E::SwitchMaster,
        ("clients are told the new address from now on", "从此向客户端公布新地址"),
        (
            "The group has a new master: name, old address, new address. The old master and the replicas are entered anew \
             (+slave); the old one becomes a replica as soon as it is back.",
            "该组有了新的主节点：依次为名称、旧地址、新地址。旧主节点和各副本被重新登记（+slave）；旧主节点恢复后即成为副本。",
        ),
        (
            "Service is restored. Bring the old master back as it is: it rejoins by itself, never start it with REPLICAOF \
             NO ONE. Then find out why it failed. Two lines that go to and fro: look for two sentinel groups of one name.",
            "服务已恢复。原样启动旧主节点即可：它会自动加入，切勿对它执行 REPLICAOF NO ONE。然后查明故障原因。\
             若来回切换：检查是否有两套同名的哨兵。",
        ),
    ),
    text(
        E::ConfigUpdateFrom,
        ("learned the result from another sentinel", "从其他哨兵得知结果"),
        (
            "Another sentinel (named here) led the failover and tells the new configuration, which has a higher epoch. \
             This one takes it over; +switch-master follows.",
            "另一个哨兵（见此行）主持了故障转移，并告知了纪元更高的新配置。本哨兵采用它；随后是 +switch-master。",
        ),
        ("Nothing. The details are in that sentinel's log.", "无需处理。详情见那个哨兵的日志。"),
    ),
];
