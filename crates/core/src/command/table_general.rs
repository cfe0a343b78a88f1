//! The rows of the command table for commands without a family of their own. What the columns mean is in `table`.

use super::table::CommandId as Id;
use super::table::{
    ADMIN, ALLOW_BUSY, C_ADMIN, C_CONNECTION, C_DANGEROUS, CommandSpec, FAST, LOADING, NO_AUTH, NO_MULTI,
    NOSCRIPT, PUBSUB, STALE, block, integer, one_of, pattern, string, token,
};

/// Everything but ACL, CLIENT and SENTINEL.
pub(super) const GENERAL: &[CommandSpec] = &[
    CommandSpec::new(Id::Auth, "auth", -2, "1.0.0")
        .flags(NOSCRIPT | LOADING | STALE | FAST | NO_AUTH | ALLOW_BUSY)
        .categories(C_CONNECTION)
        .group("connection")
        .cost("O(N) in the passwords of the user")
        .text("Log in with a password, or a user name and a password.", "用密码或用户名加密码登录。")
        .args(&[string("username").optional().since("6.0.0"), string("password")]),
    CommandSpec::new(Id::Command, "command", -1, "2.8.13")
        .flags(LOADING | STALE)
        .categories(C_CONNECTION)
        .tips(&["nondeterministic_output_order"])
        .cost("O(N) in the commands")
        .text("Describe all commands.", "描述所有命令。"),
    CommandSpec::new(Id::CommandCount, "command|count", 2, "2.8.13")
        .flags(LOADING | STALE)
        .categories(C_CONNECTION)
        .text("Count the commands.", "返回命令的数量。"),
    CommandSpec::new(Id::CommandDocs, "command|docs", -2, "7.0.0")
        .flags(LOADING | STALE)
        .categories(C_CONNECTION)
        .tips(&["nondeterministic_output_order"])
        .cost("O(N) in the commands named")
        .text(
            "Show the documentation of commands, of all if none is named.",
            "显示命令的文档;不指定则显示全部。",
        )
        .args(&[string("command-name").optional().multiple()]),
    CommandSpec::new(Id::CommandGetKeys, "command|getkeys", -4, "2.8.13")
        .flags(LOADING | STALE)
        .categories(C_CONNECTION)
        .cost("O(N) in the arguments")
        .text(
            "Extract the keys of a full command; no command here has any.",
            "提取完整命令中的键;这里的命令都没有键。",
        ),
    CommandSpec::new(Id::CommandGetKeysAndFlags, "command|getkeysandflags", -4, "7.0.0")
        .flags(LOADING | STALE)
        .categories(C_CONNECTION)
        .cost("O(N) in the arguments")
        .text("Extract the keys of a full command and how it uses them.", "提取完整命令中的键及其用途。"),
    CommandSpec::new(Id::CommandHelp, "command|help", 2, "5.0.0")
        .flags(LOADING | STALE)
        .categories(C_CONNECTION)
        .text("Print this help.", "显示本帮助。"),
    CommandSpec::new(Id::CommandInfo, "command|info", -2, "2.8.13")
        .flags(LOADING | STALE)
        .categories(C_CONNECTION)
        .tips(&["nondeterministic_output_order"])
        .cost("O(N) in the commands named")
        .text("Describe the named commands, all if none is named.", "描述指定的命令;不指定则描述全部。")
        .args(&[string("command-name").optional().multiple()]),
    CommandSpec::new(Id::CommandList, "command|list", -2, "7.0.0")
        .flags(LOADING | STALE)
        .categories(C_CONNECTION)
        .tips(&["nondeterministic_output_order"])
        .cost("O(N) in the commands")
        .text(
            "List the names of all commands, or of those that pass a filter.",
            "列出全部命令名,或符合过滤条件的命令名。",
        )
        .args(&[one_of(
            "filterby",
            &[
                string("module-name").after("MODULE"),
                string("category").after("ACLCAT"),
                pattern("pattern").after("PATTERN"),
            ],
        )
        .after("FILTERBY")
        .optional()]),
    CommandSpec::new(Id::Hello, "hello", -1, "6.0.0")
        .flags(NOSCRIPT | LOADING | STALE | FAST | NO_AUTH | ALLOW_BUSY)
        .categories(C_CONNECTION)
        .group("connection")
        .text(
            "Choose the protocol version, log in and name the connection in one step.",
            "一步完成选择协议版本、登录和命名连接。",
        )
        .args(&[block(
            "arguments",
            &[
                integer("protover"),
                block("username_password", &[string("username"), string("password")])
                    .after("AUTH")
                    .optional(),
                string("clientname").after("SETNAME").optional(),
            ],
        )
        .optional()]),
    CommandSpec::new(Id::Info, "info", -1, "1.0.0")
        .flags(LOADING | STALE)
        .categories(C_DANGEROUS)
        .tips(&["nondeterministic_output", "request_policy:all_shards", "response_policy:special"])
        .text("Show facts and counters about this process.", "显示本进程的信息和计数。")
        .args(&[string("section").optional().multiple()]),
    CommandSpec::new(Id::Ping, "ping", -1, "1.0.0")
        .flags(FAST)
        .categories(C_CONNECTION)
        .tips(&["request_policy:all_shards", "response_policy:all_succeeded"])
        .group("connection")
        .text("Answer PONG, or the given text.", "回复 PONG 或给定的文本。")
        .args(&[string("message").optional()]),
    CommandSpec::new(Id::PSubscribe, "psubscribe", -2, "2.0.0")
        .flags(PUBSUB | NOSCRIPT | LOADING | STALE)
        .group("pubsub")
        .cost("O(N) in the patterns")
        .text("Receive the events whose channel matches a pattern.", "接收频道名与模式匹配的事件。")
        .args(&[block("pattern", &[pattern("pattern")]).multiple()]),
    CommandSpec::new(Id::Publish, "publish", 3, "2.0.0")
        .flags(PUBSUB | LOADING | STALE | FAST)
        .group("pubsub")
        .text(
            "Take a hello message of another sentinel; nothing else can be published.",
            "接收其他哨兵的 hello 消息;不能发布其他内容。",
        )
        .args(&[string("channel"), string("message")]),
    CommandSpec::new(Id::PUnsubscribe, "punsubscribe", -1, "2.0.0")
        .flags(PUBSUB | NOSCRIPT | LOADING | STALE)
        .group("pubsub")
        .cost("O(N) in the patterns")
        .text("End pattern subscriptions, all if none is named.", "取消模式订阅;不指定则取消全部。")
        .args(&[pattern("pattern").optional().multiple()]),
    CommandSpec::new(Id::Role, "role", 1, "2.8.12")
        .flags(NOSCRIPT | LOADING | STALE | FAST)
        .categories(C_ADMIN | C_DANGEROUS)
        .text(
            "Say that this is a sentinel, and which masters it watches.",
            "说明这是哨兵,以及它监视哪些主节点。",
        ),
    CommandSpec::new(Id::Shutdown, "shutdown", -1, "1.0.0")
        .flags(ADMIN | NOSCRIPT | LOADING | STALE | NO_MULTI | ALLOW_BUSY)
        .text("End this process.", "结束本进程。")
        .args(&[
            one_of("nosave_save", &[token("nosave", "NOSAVE"), token("save", "SAVE")]).optional(),
            token("now", "NOW").optional().since("7.0.0"),
            token("force", "FORCE").optional().since("7.0.0"),
            token("abort", "ABORT").optional().since("7.0.0"),
        ]),
    CommandSpec::new(Id::Subscribe, "subscribe", -2, "2.0.0")
        .flags(PUBSUB | NOSCRIPT | LOADING | STALE)
        .group("pubsub")
        .cost("O(N) in the channels")
        .text("Receive the events of the named channels.", "接收指定频道的事件。")
        .args(&[string("channel").multiple()]),
    CommandSpec::new(Id::Unsubscribe, "unsubscribe", -1, "2.0.0")
        .flags(PUBSUB | NOSCRIPT | LOADING | STALE)
        .group("pubsub")
        .cost("O(N) in the channels")
        .text("End subscriptions, all if none is named.", "取消订阅;不指定则取消全部。")
        .args(&[string("channel").optional().multiple()]),
];
