//! The rows of the command table for SENTINEL. What the columns mean is in `table`.

use super::table::CommandId as Id;
use super::table::{ADMIN, CommandSpec, LOADING, STALE, block, integer, one_of, pattern, string, token};

/// SENTINEL with its subcommands.
pub(super) const SENTINEL: &[CommandSpec] = &[
    CommandSpec::new(Id::Sentinel, "sentinel", -2, "2.8.4")
        .flags(ADMIN)
        .group("sentinel")
        .cost("Depends on the subcommand.")
        .text("Questions to this sentinel and changes of what it watches.", "查询本哨兵并修改其监视对象。"),
    CommandSpec::new(Id::SentinelCkQuorum, "sentinel|ckquorum", 3, "2.8.4")
        .flags(ADMIN)
        .group("sentinel")
        .text("Check whether enough sentinels are reachable to agree that the master is down and to authorize a failover.", "检查可用哨兵是否足以达成法定票数并授权故障转移。")
        .args(&[string("master-name")]),
    CommandSpec::new(Id::SentinelConfig, "sentinel|config", -3, "6.2.0")
        .flags(ADMIN)
        .group("sentinel")
        .text("Read or change the settings of the whole sentinel.", "读取或修改哨兵的全局设置。")
        .args(&[one_of("set_or_get", &[block("set_param_value", &[string("parameter"), string("value")]).after("SET").multiple(), string("parameter").after("GET").multiple()])]),
    CommandSpec::new(Id::SentinelDebug, "sentinel|debug", -2, "7.0.0")
        .flags(ADMIN)
        .group("sentinel")
        .text("Show or change the time constants of this process, in milliseconds; not saved.", "显示或修改本进程的时间常数(毫秒);不会保存。")
        .args(&[block("parameter_value", &[string("parameter"), string("value")]).multiple()]),
    CommandSpec::new(Id::SentinelFailover, "sentinel|failover", 3, "2.8.4")
        .flags(ADMIN)
        .group("sentinel")
        .text("Start a failover now, without asking the other sentinels.", "立即开始故障转移,不征求其他哨兵同意。")
        .args(&[string("master-name")]),
    CommandSpec::new(Id::SentinelFlushConfig, "sentinel|flushconfig", 2, "2.8.4")
        .flags(ADMIN)
        .group("sentinel")
        .text("Write the configuration file with the present state.", "把当前状态写入配置文件。"),
    CommandSpec::new(Id::SentinelGetMasterAddrByName, "sentinel|get-master-addr-by-name", 3, "2.8.4")
        .flags(ADMIN)
        .group("sentinel")
        .text("Show the address of the present master.", "返回当前主节点的地址。")
        .args(&[string("master-name")]),
    CommandSpec::new(Id::SentinelGetPrimaryAddrByName, "sentinel|get-primary-addr-by-name", 3, "8.0.0")
        .flags(ADMIN)
        .group("sentinel")
        .text("Show the address of the present master, under its Valkey name.", "返回当前主节点的地址(Valkey 名称)。")
        .args(&[string("master-name")]),
    CommandSpec::new(Id::SentinelHelp, "sentinel|help", 2, "6.2.0")
        .flags(LOADING | STALE)
        .group("sentinel")
        .text("Print this help.", "显示本帮助。"),
    CommandSpec::new(Id::SentinelInfoCache, "sentinel|info-cache", -3, "3.2.0")
        .flags(ADMIN)
        .group("sentinel")
        .cost("O(N) in the servers shown")
        .text("Show the last INFO text of the named masters and of their replicas.", "显示指定主节点及其副本最近一次的 INFO 文本。")
        .args(&[string("nodename").multiple()]),
    CommandSpec::new(Id::SentinelIsMasterDownByAddr, "sentinel|is-master-down-by-addr", 6, "2.8.4")
        .flags(ADMIN)
        .group("sentinel")
        .text("Ask whether this sentinel sees the master at that address as down, and for its vote.", "询问本哨兵是否认为该地址的主节点下线,并请求其投票。")
        .args(&[string("ip"), integer("port"), integer("current-epoch"), string("runid")]),
    CommandSpec::new(Id::SentinelIsPrimaryDownByAddr, "sentinel|is-primary-down-by-addr", 6, "8.0.0")
        .flags(ADMIN)
        .group("sentinel")
        .text("Ask whether the master at that address is down, under its Valkey name.", "询问该地址的主节点是否下线(Valkey 名称)。")
        .args(&[string("ip"), integer("port"), integer("current-epoch"), string("runid")]),
    CommandSpec::new(Id::SentinelMaster, "sentinel|master", 3, "2.8.4")
        .flags(ADMIN)
        .group("sentinel")
        .text("Show one master and its state.", "显示一个主节点及其状态。")
        .args(&[string("master-name")]),
    CommandSpec::new(Id::SentinelMasters, "sentinel|masters", 2, "2.8.4")
        .flags(ADMIN)
        .group("sentinel")
        .cost("O(N) in the masters")
        .text("Show all masters and their state.", "显示所有主节点及其状态。"),
    CommandSpec::new(Id::SentinelMonitor, "sentinel|monitor", 6, "2.8.4")
        .flags(ADMIN)
        .group("sentinel")
        .text("Start watching a master.", "开始监视一个主节点。")
        .args(&[string("name"), string("ip"), integer("port"), integer("quorum")]),
    CommandSpec::new(Id::SentinelMyId, "sentinel|myid", 2, "6.2.0")
        .flags(ADMIN)
        .group("sentinel")
        .text("Show the id of this sentinel.", "显示本哨兵的编号。"),
    CommandSpec::new(Id::SentinelPendingScripts, "sentinel|pending-scripts", 2, "2.8.4")
        .flags(ADMIN)
        .group("sentinel")
        .cost("O(N) in the scripts")
        .text("Show the scripts that run or wait.", "显示正在运行或等待的脚本。"),
    CommandSpec::new(Id::SentinelPrimaries, "sentinel|primaries", 2, "8.0.0")
        .flags(ADMIN)
        .group("sentinel")
        .cost("O(N) in the masters")
        .text("Show all masters and their state, under its Valkey name.", "显示所有主节点及其状态(Valkey 名称)。"),
    CommandSpec::new(Id::SentinelPrimary, "sentinel|primary", 3, "8.0.0")
        .flags(ADMIN)
        .group("sentinel")
        .text("Show one master and its state, under its Valkey name.", "显示一个主节点及其状态(Valkey 名称)。")
        .args(&[string("master-name")]),
    CommandSpec::new(Id::SentinelRemove, "sentinel|remove", 3, "2.8.4")
        .flags(ADMIN)
        .group("sentinel")
        .text("Stop watching a master.", "停止监视一个主节点。")
        .args(&[string("master-name")]),
    CommandSpec::new(Id::SentinelReplicas, "sentinel|replicas", 3, "5.0.0")
        .flags(ADMIN)
        .group("sentinel")
        .cost("O(N) in the replicas")
        .text("Show the replicas of a master and their state.", "显示主节点的副本及其状态。")
        .args(&[string("master-name")]),
    CommandSpec::new(Id::SentinelReset, "sentinel|reset", 3, "2.8.4")
        .flags(ADMIN)
        .group("sentinel")
        .cost("O(N) in the masters")
        .text("Forget the replicas and the other sentinels of the masters whose name matches.", "忘记名称匹配的主节点的副本和其他哨兵。")
        .args(&[pattern("pattern")]),
    CommandSpec::new(Id::SentinelSentinels, "sentinel|sentinels", 3, "2.8.4")
        .flags(ADMIN)
        .group("sentinel")
        .cost("O(N) in the sentinels")
        .text("Show the other sentinels that watch a master.", "显示监视该主节点的其他哨兵。")
        .args(&[string("master-name")]),
    CommandSpec::new(Id::SentinelSet, "sentinel|set", -5, "2.8.4")
        .flags(ADMIN)
        .group("sentinel")
        .cost("O(N) in the options")
        .text("Change the settings of one master.", "修改一个主节点的设置。")
        .args(&[string("master-name"), block("option_value", &[string("option"), string("value")]).multiple()]),
    CommandSpec::new(Id::SentinelSimulateFailure, "sentinel|simulate-failure", -3, "3.2.0")
        .flags(ADMIN)
        .group("sentinel")
        .text("Let this process crash in the middle of its next failover, for tests.", "让本进程在下次故障转移途中崩溃,用于测试。")
        .args(&[one_of("mode", &[token("crash-after-election", "CRASH-AFTER-ELECTION"), token("crash-after-promotion", "CRASH-AFTER-PROMOTION"), token("help", "HELP")]).optional().multiple()]),
    CommandSpec::new(Id::SentinelSlaves, "sentinel|slaves", 3, "2.8.0")
        .flags(ADMIN)
        .group("sentinel")
        .cost("O(N) in the replicas")
        .text("Show the replicas of a master and their state, under its old name.", "显示主节点的副本及其状态(旧名称)。")
        .args(&[string("master-name")])
        .deprecated("5.0.0", "`SENTINEL REPLICAS`"),
];
