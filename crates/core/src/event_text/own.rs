//! Words for events about the sentinel itself: its clock, its scripts, its connections.

use super::{EventText, NOTHING, text};
use crate::event::EventKind as E;

/// In the order of the table of events.
pub(super) const TEXTS: &[EventText] = &[
    text(
        E::Tilt,
        ("its clock cannot be trusted for now", "时钟暂不可信"),
        (
            "The clock jumped, or this process did not run for more than 2 s (paused machine, starved CPU, slow disk). \
             For 30 s it goes on watching, answering and voting, but holds nobody for down and starts no failover.",
            "系统时间跳变，或本进程超过 2 秒没有运行（虚拟机暂停、CPU 不足、磁盘缓慢）。此后 30 秒内它继续监视、应答和投票，\
             但不判定任何人下线，也不发起故障转移。",
        ),
        (
            "Once: wait for -tilt. Again and again: this sentinel protects nobody; look for a starved or paused machine \
             and at the time service. If only the wall clock jumps: `sentinel tilt-clock monotonic` (Watchkeeper only).",
            "偶尔一次：等待 -tilt 即可。反复出现：该哨兵已形同虚设，请检查机器是否缺 CPU 或被暂停，以及时间同步服务。\
             若只是系统时间跳变，可设置 `sentinel tilt-clock monotonic`（仅限 Watchkeeper）。",
        ),
    ),
    text(
        E::TiltEnd,
        ("trusts its clock again", "时钟恢复可信"),
        (
            "30 s passed without another jump. The sentinel judges and fails over again, at once if something is down.",
            "30 秒内没有再次跳变。哨兵恢复判定和故障转移；若有节点已下线，会立即行动。",
        ),
        NOTHING,
    ),
    text(
        E::ScriptError,
        ("a script failed for good", "脚本最终失败"),
        (
            "A notification or reconfiguration script ended by a signal or with a status other than 0, and is not run \
             again for this event: status 1 and signals are retried up to 10 runs, others never. `99 0` behind the path: \
             its process could not be created, which is retried.",
            "通知脚本或重配置脚本被信号终止或返回非 0，且不会再为该事件运行：返回 1 或被信号终止最多运行 10 次，其他返回值不重试。\
             路径之后为 `99 0`：无法创建进程，会再次尝试。",
        ),
        (
            "Run the script by hand as the sentinel's user. If it is the client-reconfig script, clients or addresses it \
             manages may still point to the old master: put that right first.",
            "以哨兵的用户身份手工运行该脚本。若是 client-reconfig 脚本，它所管理的客户端或地址可能仍指向旧主节点：请先修正。",
        ),
    ),
    text(
        E::ScriptTimeout,
        ("a script ran too long and was killed", "脚本运行太久，已被终止"),
        (
            "The script ran for more than 60 s and was killed. It is run again, after 30 s at first, then ever later.",
            "脚本运行超过 60 秒，已被终止。它会再次运行：首次在 30 秒后，之后间隔越来越长。",
        ),
        (
            "See what the script waits for. Give whatever it calls a timeout of its own.",
            "查明脚本在等待什么。给脚本里调用的命令设置超时。",
        ),
    ),
    text(
        E::ScriptChild,
        ("a script was started", "已启动脚本"),
        ("A script runs; the number is its process id.", "脚本正在运行；数字为其进程号。"),
        NOTHING,
    ),
    text(
        E::ScriptChildEnd,
        ("a script ended", "脚本已结束"),
        (
            "A script ended: process id, exit status, signal. 0 0 at the end is success.",
            "脚本已结束：依次为进程号、退出状态、信号。末尾为 0 0 表示成功。",
        ),
        NOTHING,
    ),
    text(
        E::CmdLinkReconnection,
        ("the connection for commands broke", "命令连接断开"),
        (
            "The connection for PING, INFO and commands broke or was refused, for the reason behind the #. \
             It is tried again every second.",
            "用于 PING、INFO 和命令的连接断开或被拒绝，原因在 # 之后。每秒重试一次。",
        ),
        (
            "Nothing, unless it lasts: +sdown follows then. A refusal that repeats is a firewall, a wrong port or TLS.",
            "无需处理；若一直如此，随后会出现 +sdown。反复被拒绝，请检查防火墙、端口或 TLS。",
        ),
    ),
    text(
        E::PubsubLinkReconnection,
        ("the connection for hello messages broke", "hello 消息的连接断开"),
        (
            "The connection that listens to other sentinels' hello messages broke or was refused. It is tried again every \
             second.",
            "用于接收其他哨兵 hello 消息的连接断开或被拒绝。每秒重试一次。",
        ),
        (
            "Nothing, unless it lasts: new sentinels are then not found. Check that the user may SUBSCRIBE to \
             `__sentinel__:hello`.",
            "无需处理；若一直如此，将无法发现新的哨兵。请检查所用账户可否 SUBSCRIBE `__sentinel__:hello`。",
        ),
    ),
];
