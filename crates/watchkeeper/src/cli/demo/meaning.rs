//! What an event means, in a few words.

use super::Lang;

/// The meaning of an event; empty for one that is not known here.
pub(super) fn meaning(event: &str, lang: Lang) -> &'static str {
    let (english, chinese) = match event {
        "+monitor" => ("begins to watch the group", "开始监视这组服务器"),
        "+slave" => ("a replica it did not know", "发现新的副本"),
        "+sentinel" => ("another sentinel it did not know", "发现新的哨兵"),
        "+sdown" => (
            "no valid answer for too long: down, in this one's eyes",
            "太久没有有效应答：该哨兵主观认为已下线",
        ),
        "-sdown" => ("it answers again", "又有应答了"),
        "+odown" => ("enough sentinels agree that it is down", "足够多的哨兵同意：客观下线"),
        "-odown" => ("no longer agreed to be down", "不再是客观下线"),
        "+new-epoch" => ("a new round of voting", "新的投票纪元"),
        "+try-failover" => ("wants to lead the failover and asks for votes", "想要主持故障转移，征求选票"),
        "+vote-for-leader" => ("gives its one vote of this round", "投出本纪元唯一的一票"),
        "+elected-leader" => ("has the majority: it leads", "获得多数票：由它主持"),
        "+failover-state-select-slave" => ("looks for the best replica", "挑选最合适的副本"),
        "+selected-slave" => ("this replica is chosen", "选中该副本"),
        "+failover-state-send-slaveof-noone" => ("tells it to become a master", "命令它成为主节点"),
        "+failover-state-wait-promotion" => ("waits until it says it is one", "等它确认"),
        "+promoted-slave" => ("it is a master now", "它已成为主节点"),
        "+failover-state-reconf-slaves" => ("turns the other replicas to it", "让其余副本跟随它"),
        "+slave-reconf-sent" => ("told to follow the new master", "已通知其跟随新主节点"),
        "+slave-reconf-inprog" => ("follows it, not yet in step", "已开始跟随，尚未同步"),
        "+slave-reconf-done" => ("in step with the new master", "已与新主节点同步"),
        "+failover-end" => ("the failover is over", "故障转移完成"),
        "+switch-master" => ("clients are told the new address from now on", "从此向客户端公布新地址"),
        "+config-update-from" => ("learned the result from another sentinel", "从其他哨兵得知结果"),
        "+role-change" | "-role-change" => ("its role changed", "角色已改变"),
        "+convert-to-slave" => ("told that it is a replica now", "通知它现在是副本"),
        "+fix-slave-config" => ("turned to the right master", "改为跟随正确的主节点"),
        "+reboot" => ("it was restarted", "它重启过"),
        "-failover-abort-not-elected" => ("gave up: no majority", "放弃：未获多数票"),
        "-failover-abort-no-good-slave" => ("gave up: no replica is fit", "放弃：没有合格的副本"),
        "-failover-abort-slave-timeout" => ("gave up: the replica took too long", "放弃：副本迟迟未完成提升"),
        "+tilt" => ("its clock cannot be trusted for now", "时钟暂不可信"),
        "-tilt" => ("trusts its clock again", "时钟恢复可信"),
        _ => ("", ""),
    };
    lang.pick(english, chinese)
}
