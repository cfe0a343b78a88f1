//! Words for events about who is watched, and who is down.

use super::{EventText, NOTHING, text};
use crate::event::EventKind as E;

/// In the order of the table of events.
pub(super) const TEXTS: &[EventText] = &[
    text(
        E::Monitor,
        ("begins to watch the group", "开始监视这组服务器"),
        (
            "The sentinel watches this master from now on: at its start, or after SENTINEL MONITOR. Next it connects \
             and finds the replicas (+slave) and the other sentinels (+sentinel).",
            "哨兵从此监视该主节点：启动时，或收到 SENTINEL MONITOR 之后。接着它会连接主节点，发现副本（+slave）和其他哨兵（+sentinel）。",
        ),
        (
            "Check that address and quorum are what you meant. `SENTINEL CKQUORUM <name>` tells whether enough sentinels \
             are there to fail over.",
            "确认地址和法定票数符合预期。用 `SENTINEL CKQUORUM <名称>` 检查哨兵数量是否足以故障转移。",
        ),
    ),
    text(
        E::Unmonitor,
        ("no longer watches the group", "不再监视这组服务器"),
        (
            "SENTINEL REMOVE was called here. This sentinel forgets the group; the others go on watching it, and count \
             this one as a voter until they are reset.",
            "该哨兵执行了 SENTINEL REMOVE，不再记得这组服务器；其他哨兵继续监视，且在被重置之前仍把它计入投票者。",
        ),
        (
            "If nobody meant it: SENTINEL MONITOR brings the group back, and its options must be set again.",
            "若非有意：用 SENTINEL MONITOR 恢复，并重新设置各选项。",
        ),
    ),
    text(
        E::Set,
        ("an option was changed", "选项被修改"),
        (
            "SENTINEL SET changed this option of the group, on this sentinel only; it is written to its configuration \
             file.",
            "SENTINEL SET 修改了该组的这个选项，只在本哨兵上生效，并写入其配置文件。",
        ),
        (
            "Set the same on every other sentinel: they do not tell each other.",
            "在其余每个哨兵上做同样的设置：哨兵之间不会互相通知。",
        ),
    ),
    text(
        E::ResetMaster,
        ("forgot what it knew about the group", "清空了对该组的记录"),
        (
            "SENTINEL RESET was called: replicas, other sentinels, down states and a running failover are forgotten, \
             the master's address is kept. Everything living is found again within some 10 s.",
            "执行了 SENTINEL RESET：副本、其他哨兵、下线状态以及正在进行的故障转移都被清除，主节点地址保留。\
             仍存活的会在约 10 秒内重新被发现。",
        ),
        (
            "Never do it while the master is down: a dead master cannot list its replicas, and nobody can be promoted. \
             Wait for +slave and +sentinel to come back, then SENTINEL CKQUORUM; only then reset the next sentinel. \
             Reset all at once, and for some seconds nobody can fail over.",
            "主节点下线期间切勿执行：宕机的主节点无法列出副本，也就无人可以提升。等 +slave 和 +sentinel 重新出现，再用 SENTINEL CKQUORUM 检查，然后才重置下一个哨兵。\
             同时重置全部哨兵，会有数秒无法故障转移。",
        ),
    ),
    text(
        E::Slave,
        ("a replica it did not know", "发现新的副本"),
        (
            "The master lists a replica that was not known, or the group has just switched and its replicas were entered \
             anew (the old master among them). It is watched and can be promoted from now on.",
            "主节点的列表中有新的副本；或刚完成切换，副本被重新登记（旧主节点也在其中）。从此监视它，它也可能被提升。",
        ),
        (
            "Nothing, if you expect this address. An address you do not know can be promoted to master: find out whose \
             it is. To keep one from being promoted: `replica-priority 0` on it.",
            "若地址在预期之内，无需处理。来历不明的副本可能被提升为主节点，务必查明。不想让某副本被提升，可在其上设置 \
             `replica-priority 0`。",
        ),
    ),
    text(
        E::Sentinel,
        ("another sentinel it did not know", "发现新的哨兵"),
        (
            "Another sentinel announced itself on the master's or a replica's hello channel. It counts as a voter from \
             now on.",
            "另一个哨兵在主节点或副本的 hello 频道上宣告了自己。从此计入投票者。",
        ),
        (
            "Nothing, if you started it. Each sentinel more raises the majority a failover needs; those that are gone for \
             good must be forgotten with SENTINEL RESET, while the master is up.",
            "若是您启动的，无需处理。每多一个哨兵，故障转移所需的多数也随之提高；永久移除的哨兵要在主节点正常时用 SENTINEL RESET 清除。",
        ),
    ),
    text(
        E::DupSentinel,
        ("an older entry of a sentinel was dropped", "移除了某哨兵的旧记录"),
        (
            "A sentinel announced itself with the address or the id of one already known: it moved, or was set up anew. \
             The older entry was removed, so that it is not counted twice.",
            "某哨兵宣告的地址或 ID 与已知的哨兵相同：它更换了地址，或被重新部署。旧记录已移除，不会重复计数。",
        ),
        (
            "Nothing, after a move or a new set-up. If it repeats every few seconds, two sentinels run with the same id: \
             delete the line `sentinel myid` from the configuration of one while it is stopped.",
            "迁移或重新部署之后，无需处理。若每隔几秒重复出现，说明两个哨兵使用了相同的 ID：停止其中一个，\
             删除其配置中的 `sentinel myid` 一行。",
        ),
    ),
    text(
        E::SentinelAddressSwitch,
        ("a known sentinel has a new address", "已知的哨兵更换了地址"),
        (
            "A hello message came from a known id with another address. The sentinel is reached there from now on.",
            "收到已知 ID 的 hello 消息，但地址不同。从此使用新地址。",
        ),
        (
            "Nothing, if it moved. If it repeats every few seconds: two sentinels run with a copied configuration; delete \
             the line `sentinel myid` of one while it is stopped.",
            "若确实迁移了，无需处理。若每隔几秒重复出现：两个哨兵使用了同一份配置的拷贝；停止其中一个，删除其 \
             `sentinel myid` 一行。",
        ),
    ),
    text(
        E::SentinelAddressUpdate,
        ("its new address was taken over in other groups", "新地址已用于其他组"),
        (
            "The sentinel that moved watches other groups too; its address was corrected there, in as many as it says.",
            "更换地址的哨兵还监视其他组；已在那些组中更正，数目见末尾。",
        ),
        NOTHING,
    ),
    text(
        E::SentinelInvalidAddr,
        ("a sentinel was replaced at its address", "该地址上的哨兵已被取代"),
        (
            "At the address of a known sentinel another id answers: it was set up anew. The old entry is removed from \
             every group; the new one follows as +sentinel.",
            "已知哨兵的地址上出现了另一个 ID：它被重新部署了。旧记录从所有组中移除，新的随后以 +sentinel 出现。",
        ),
        (
            "Nothing, if you set it up anew. Else somebody started a sentinel there with a lost configuration.",
            "若是您重新部署的，无需处理。否则说明有哨兵在丢失配置后启动。",
        ),
    ),
    text(
        E::Reboot,
        ("it was restarted", "它重启过"),
        (
            "The server's run id changed: it was restarted since it last answered INFO. Without a +sdown before this, it was so fast \
             that it was not held for down.",
            "服务器的运行 ID 变了：自上次应答 INFO 以来它重启过。若在此之前没有 +sdown，则快到还没有被判定下线。",
        ),
        (
            "Find out why it restarted (memory, a deployment). For a master: check at once that it loaded its data. If it \
             came back empty, its replicas copy the emptiness.",
            "查明重启原因（内存、发布）。若是主节点：立即确认数据已加载；若它空着启动，副本会同步成空数据。",
        ),
    ),
    text(
        E::RoleAgrees,
        ("its role is as configured again", "角色与配置重新一致"),
        (
            "The server reports the role that the sentinel expects of it, after it had reported the other.",
            "服务器报告的角色与预期重新一致，此前曾不一致。",
        ),
        NOTHING,
    ),
    text(
        E::RoleDiffers,
        ("its role is not the configured one", "角色与配置不一致"),
        (
            "The server reports another role than expected. During a failover: the promotion worked, or the old master is \
             back. Otherwise somebody used REPLICAOF by hand: a replica that says master is turned back after 8 s or more, \
             a master that says replica is held for down after down-after + 20 s.",
            "服务器报告的角色与预期不同。故障转移期间：提升已生效，或旧主节点已恢复。否则是有人手工执行了 REPLICAOF：\
             自称主节点的副本至少 8 秒后会被改回；自称副本的主节点在 down-after 加 20 秒后被判定下线。",
        ),
        (
            "In a failover nothing. Otherwise find who changed the role. To change the master, use SENTINEL FAILOVER and \
             never REPLICAOF.",
            "故障转移期间无需处理。否则查明是谁改了角色。更换主节点请用 SENTINEL FAILOVER，不要用 REPLICAOF。",
        ),
    ),
    text(
        E::ConvertToSlave,
        ("told that it is a replica now", "通知它现在是副本"),
        (
            "A server that should be a replica said that it is a master: an old master that came back, most often. It was \
             told to follow the master, and drops what it wrote alone.",
            "本应是副本的服务器自称主节点，多半是恢复的旧主节点。已命令它跟随主节点，它独自写入的数据会被丢弃。",
        ),
        (
            "Nothing for service. Writes it took while it was alone are lost; `min-replicas-to-write 1` on the servers \
             bounds that. If it repeats, the server refuses: check its ACL rules and renamed commands.",
            "服务本身无需处理。它独自接受的写入会丢失；在服务器上设置 `min-replicas-to-write 1` 可限制损失。\
             若反复出现，说明它拒绝了命令：检查 ACL 和改名的命令。",
        ),
    ),
    text(
        E::FixSlaveConfig,
        ("turned to the right master", "改为跟随正确的主节点"),
        (
            "A replica followed another server than the master for longer than failover-timeout. It was told to follow \
             the master.",
            "副本跟随了错误的服务器，时间超过 failover-timeout。已命令它跟随主节点。",
        ),
        (
            "If it is a replica of a replica on purpose: sentinels flatten such chains. If it repeats, the server \
             refuses or something else keeps turning it away: check its ACL rules and other automation.",
            "若是有意设置的级联副本：哨兵会把级联改为直连。若反复出现，说明它拒绝了命令，或有其他工具在改动：检查 ACL 和自动化脚本。",
        ),
    ),
    text(
        E::FailoverDetected,
        ("sees a failover made elsewhere", "察觉到别处进行的故障转移"),
        (
            "A replica became master, and not by this sentinel: another sentinel leads a failover, or somebody typed \
             REPLICAOF NO ONE. A hello with the new configuration follows; if none comes, the replica is turned back.",
            "某副本成为主节点，但不是本哨兵所为：另一个哨兵正在主持故障转移，或有人执行了 REPLICAOF NO ONE。\
             随后应收到带有新配置的 hello；若没有，该副本会被改回。",
        ),
        (
            "Wait for +switch-master. If +convert-to-slave comes instead, it was done by hand: use SENTINEL FAILOVER.",
            "等待 +switch-master。若出现的是 +convert-to-slave，说明是手工操作：请改用 SENTINEL FAILOVER。",
        ),
    ),
    text(
        E::SubjectivelyDown,
        ("no valid answer for too long: down, in this one's eyes", "太久没有有效应答：该哨兵主观认为已下线"),
        (
            "This sentinel got no valid answer to PING for down-after-milliseconds. A master: it asks the other sentinels \
             at once (redis-sentinel: each second). A replica: it is not promoted meanwhile. A sentinel: it still counts in \
             the majority.",
            "在 down-after-milliseconds 内，本哨兵没有收到有效的 PING 应答。主节点：立即询问其他哨兵（redis-sentinel 每秒询问）。\
             副本：期间不会被提升。哨兵：仍计入多数的基数。",
        ),
        (
            "A master: wait for +odown. If it does not come, too few sentinels miss it: their number or \
             quorum, or this sentinel's network. A replica or sentinel: \
             see whether the process runs and this machine reaches it (`redis-cli -h <ip> -p <port> ping`).",
            "主节点：看是否出现 +odown；若没有，说明发现它下线的哨兵不够多：哨兵数、\
             法定票数，或本哨兵的网络。副本或哨兵：检查进程是否运行、本机能否连通\
             （`redis-cli -h <ip> -p <port> ping`）。",
        ),
    ),
    text(
        E::SubjectivelyUp,
        ("it answers again", "又有应答了"),
        (
            "It answers PING again. A former master that came back after a failover is turned into a replica next.",
            "又有有效的 PING 应答。若是故障转移后恢复的旧主节点，接下来会被改为副本。",
        ),
        (
            "Nothing. If down and up alternate, the network or the server stalls: find out why. Above pauses that remain, set \
             down-after-milliseconds, or each of them may cause a failover.",
            "无需处理。若上下线反复交替，说明网络或服务器有停顿：请查明原因。无法消除的停顿，应让 down-after-milliseconds 大于它，\
             否则每次都可能引发故障转移。",
        ),
    ),
    text(
        E::ObjectivelyDown,
        ("enough sentinels agree that it is down", "足够多的哨兵同意：客观下线"),
        (
            "As many sentinels as the quorum hold the master for down (votes/quorum at the end). Writes fail now. Next a \
             sentinel asks to lead: +try-failover here, or +vote-for-leader for another.",
            "认为主节点下线的哨兵已达法定票数（末尾为 票数/法定票数）。写入此刻失败。接着会有哨兵竞选：\
             本哨兵 +try-failover，或投票给别人 +vote-for-leader。",
        ),
        (
            "Wait for +switch-master, a few seconds. If +try-failover is followed by a -failover-abort, read that one. If \
             neither comes, look at the other sentinels: a majority must be alive.",
            "等待 +switch-master，通常几秒。若 +try-failover 之后出现 -failover-abort，请看该事件的说明。\
             若都没有，查看其他哨兵：必须有多数存活。",
        ),
    ),
    text(
        E::ObjectivelyUp,
        ("no longer agreed to be down", "不再是客观下线"),
        (
            "Fewer sentinels than the quorum hold the master for down: it is back; or, near the end of a failover, the \
             others have already switched to the new one.",
            "认为主节点下线的哨兵少于法定票数：它恢复了；或在故障转移末尾，其他哨兵已切换到新主节点。",
        ),
        (
            "Without +switch-master the old master is still the master: see why it did not answer (long commands, \
             swapping, fork, network).",
            "若没有 +switch-master，主节点未变：查明它为何没有应答（慢命令、换页、fork、网络）。",
        ),
    ),
];
