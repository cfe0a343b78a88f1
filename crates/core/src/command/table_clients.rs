//! The rows of the command table for ACL and CLIENT. What the columns mean is in `table`.

use super::table::CommandId as Id;
use super::table::{
    ADMIN, C_CONNECTION, CommandSpec, LOADING, NOSCRIPT, STALE, block, integer, one_of, string, token,
};

/// ACL and CLIENT with their subcommands.
pub(super) const CLIENTS: &[CommandSpec] = &[
    CommandSpec::new(Id::Acl, "acl", -2, "6.0.0")
        .cost("Depends on the subcommand.")
        .text("Access control lists: who may run what.", "访问控制列表:谁可以执行什么命令。"),
    CommandSpec::new(Id::AclCat, "acl|cat", -2, "6.0.0")
        .flags(NOSCRIPT | LOADING | STALE)
        .text(
            "List the command categories, or the commands in one of them.",
            "列出命令类别,或某一类别中的命令。",
        )
        .args(&[string("categoryname").optional()]),
    CommandSpec::new(Id::AclDelUser, "acl|deluser", -3, "6.0.0")
        .flags(ADMIN | NOSCRIPT | LOADING | STALE)
        .cost("O(N) in the users named")
        .text("Delete users and close their connections.", "删除用户并断开其连接。")
        .args(&[string("username").multiple()]),
    CommandSpec::new(Id::AclDryRun, "acl|dryrun", -4, "7.0.0")
        .flags(ADMIN | NOSCRIPT | LOADING | STALE)
        .text(
            "Tell whether a user may run a command, without running it.",
            "检查用户能否执行某条命令,但不真正执行。",
        )
        .args(&[string("username"), string("command"), string("arg").optional().multiple()]),
    CommandSpec::new(Id::AclGenPass, "acl|genpass", -2, "6.0.0")
        .flags(NOSCRIPT | LOADING | STALE)
        .text(
            "Make a random password of hex characters (256 bits by default).",
            "生成由十六进制字符组成的随机密码(默认 256 位)。",
        )
        .args(&[integer("bits").optional()]),
    CommandSpec::new(Id::AclGetUser, "acl|getuser", 3, "6.0.0")
        .flags(ADMIN | NOSCRIPT | LOADING | STALE)
        .cost("O(N) in the rules of the user")
        .text("Show the rules of one user.", "显示一个用户的规则。")
        .args(&[string("username")]),
    CommandSpec::new(Id::AclHelp, "acl|help", 2, "6.0.0")
        .flags(LOADING | STALE)
        .text("Print this help.", "显示本帮助。"),
    CommandSpec::new(Id::AclList, "acl|list", 2, "6.0.0")
        .flags(ADMIN | NOSCRIPT | LOADING | STALE)
        .cost("O(N) in the users")
        .text("List all users as lines of an ACL file.", "以 ACL 文件的格式列出所有用户。"),
    CommandSpec::new(Id::AclLoad, "acl|load", 2, "6.0.0")
        .flags(ADMIN | NOSCRIPT | LOADING | STALE)
        .cost("O(N) in the users")
        .text(
            "Read the ACL file again and replace all users, if it has no mistake.",
            "重新读取 ACL 文件;若无错误则替换所有用户。",
        ),
    CommandSpec::new(Id::AclLog, "acl|log", -2, "6.0.0")
        .flags(ADMIN | NOSCRIPT | LOADING | STALE)
        .cost("O(N) in the entries shown")
        .text(
            "Show the latest refused commands and logins, or forget them.",
            "显示最近被拒绝的命令和登录,或清空记录。",
        )
        .args(&[one_of("operation", &[integer("count"), token("reset", "RESET")]).optional()]),
    CommandSpec::new(Id::AclSave, "acl|save", 2, "6.0.0")
        .flags(ADMIN | NOSCRIPT | LOADING | STALE)
        .cost("O(N) in the users")
        .text("Write all users to the ACL file.", "把所有用户写入 ACL 文件。"),
    CommandSpec::new(Id::AclSetUser, "acl|setuser", -3, "6.0.0")
        .flags(ADMIN | NOSCRIPT | LOADING | STALE)
        .cost("O(N) in the rules given")
        .text(
            "Create a user, or change its rules; all rules apply or none.",
            "创建用户或修改其规则;要么全部生效,要么全不生效。",
        )
        .args(&[string("username"), string("rule").optional().multiple()]),
    CommandSpec::new(Id::AclUsers, "acl|users", 2, "6.0.0")
        .flags(ADMIN | NOSCRIPT | LOADING | STALE)
        .cost("O(N) in the users")
        .text("List the names of all users.", "列出所有用户名。"),
    CommandSpec::new(Id::AclWhoAmI, "acl|whoami", 2, "6.0.0")
        .flags(NOSCRIPT | LOADING | STALE)
        .text("Name the user of this connection.", "返回当前连接的用户名。"),
    CommandSpec::new(Id::Client, "client", -2, "2.4.0")
        .group("connection")
        .cost("Depends on the subcommand.")
        .text("Commands about client connections.", "与客户端连接有关的命令。"),
    CommandSpec::new(Id::ClientCaching, "client|caching", 3, "6.0.0")
        .flags(NOSCRIPT | LOADING | STALE)
        .categories(C_CONNECTION)
        .group("connection")
        .text(
            "Track or do not track the keys of the next command; a sentinel has no keys.",
            "下一条命令是否跟踪键;哨兵没有键。",
        )
        .args(&[one_of("mode", &[token("yes", "YES"), token("no", "NO")])]),
    CommandSpec::new(Id::ClientGetName, "client|getname", 2, "2.6.9")
        .flags(NOSCRIPT | LOADING | STALE)
        .categories(C_CONNECTION)
        .group("connection")
        .text("Show the name of this connection.", "显示当前连接的名称。"),
    CommandSpec::new(Id::ClientGetRedir, "client|getredir", 2, "6.0.0")
        .flags(NOSCRIPT | LOADING | STALE)
        .categories(C_CONNECTION)
        .group("connection")
        .text(
            "Show the client that receives the tracking messages of this one.",
            "显示接收本连接跟踪消息的客户端。",
        ),
    CommandSpec::new(Id::ClientHelp, "client|help", 2, "5.0.0")
        .flags(LOADING | STALE)
        .categories(C_CONNECTION)
        .group("connection")
        .text("Print this help.", "显示本帮助。"),
    CommandSpec::new(Id::ClientId, "client|id", 2, "5.0.0")
        .flags(NOSCRIPT | LOADING | STALE)
        .categories(C_CONNECTION)
        .group("connection")
        .text("Show the id of this connection.", "显示当前连接的编号。"),
    CommandSpec::new(Id::ClientInfo, "client|info", 2, "6.2.0")
        .flags(NOSCRIPT | LOADING | STALE)
        .categories(C_CONNECTION)
        .tips(&["nondeterministic_output"])
        .group("connection")
        .text("Describe this connection in one line.", "用一行描述当前连接。"),
    CommandSpec::new(Id::ClientKill, "client|kill", -3, "2.4.0")
        .flags(ADMIN | NOSCRIPT | LOADING | STALE)
        .categories(C_CONNECTION)
        .group("connection")
        .cost("O(N) in the connections")
        .text("Close connections by address, id, type or user.", "按地址、编号、类型或用户关闭连接。")
        .args(&[one_of(
            "filter",
            &[
                string("ip:port").deprecated("2.8.12"),
                one_of(
                    "new-format",
                    &[
                        integer("client-id").after("ID").optional().since("2.8.12"),
                        one_of(
                            "normal_master_slave_pubsub",
                            &[
                                token("normal", "NORMAL"),
                                token("master", "MASTER").since("3.2.0"),
                                token("slave", "SLAVE"),
                                token("replica", "REPLICA").since("5.0.0"),
                                token("pubsub", "PUBSUB"),
                            ],
                        )
                        .after("TYPE")
                        .optional()
                        .since("2.8.12"),
                        string("username").after("USER").optional(),
                        string("ip:port").after("ADDR").optional(),
                        string("ip:port").after("LADDR").optional().since("6.2.0"),
                        string("yes/no").after("SKIPME").optional(),
                    ],
                )
                .multiple(),
            ],
        )]),
    CommandSpec::new(Id::ClientList, "client|list", -2, "2.4.0")
        .flags(ADMIN | NOSCRIPT | LOADING | STALE)
        .categories(C_CONNECTION)
        .tips(&["nondeterministic_output"])
        .group("connection")
        .cost("O(N) in the connections")
        .text("Describe all connections, one line each.", "逐行描述所有连接。")
        .args(&[
            one_of(
                "normal_master_replica_pubsub",
                &[
                    token("normal", "NORMAL"),
                    token("master", "MASTER"),
                    token("replica", "REPLICA"),
                    token("pubsub", "PUBSUB"),
                ],
            )
            .after("TYPE")
            .optional()
            .since("5.0.0"),
            block("id", &[integer("client-id").multiple()]).after("ID").optional().since("6.2.0"),
        ]),
    CommandSpec::new(Id::ClientNoEvict, "client|no-evict", 3, "7.0.0")
        .flags(ADMIN | NOSCRIPT | LOADING | STALE)
        .categories(C_CONNECTION)
        .group("connection")
        .text(
            "Exempt this connection from eviction; a sentinel evicts none.",
            "使当前连接免于驱逐;哨兵从不驱逐连接。",
        )
        .args(&[one_of("enabled", &[token("on", "ON"), token("off", "OFF")])]),
    CommandSpec::new(Id::ClientPause, "client|pause", -3, "2.9.50")
        .flags(ADMIN | NOSCRIPT | LOADING | STALE)
        .categories(C_CONNECTION)
        .group("connection")
        .text(
            "Delay the commands of all clients for some milliseconds.",
            "在若干毫秒内推迟所有客户端的命令。",
        )
        .args(&[
            integer("timeout"),
            one_of("mode", &[token("write", "WRITE"), token("all", "ALL")]).optional().since("6.2.0"),
        ]),
    CommandSpec::new(Id::ClientReply, "client|reply", 3, "3.2.0")
        .flags(NOSCRIPT | LOADING | STALE)
        .categories(C_CONNECTION)
        .group("connection")
        .text(
            "Switch the replies on this connection on, off, or off for one command.",
            "打开、关闭回复,或仅跳过下一条命令的回复。",
        )
        .args(&[one_of("on_off_skip", &[token("on", "ON"), token("off", "OFF"), token("skip", "SKIP")])]),
    CommandSpec::new(Id::ClientSetInfo, "client|setinfo", 4, "7.2.0")
        .flags(NOSCRIPT | LOADING | STALE)
        .categories(C_CONNECTION)
        .group("connection")
        .text("Store the name or version of the client library.", "记录客户端库的名称或版本。")
        .args(&[one_of("attr", &[string("libname").after("LIB-NAME"), string("libver").after("LIB-VER")])]),
    CommandSpec::new(Id::ClientSetName, "client|setname", 3, "2.6.9")
        .flags(NOSCRIPT | LOADING | STALE)
        .categories(C_CONNECTION)
        .group("connection")
        .text("Give this connection a name.", "为当前连接命名。")
        .args(&[string("connection-name")]),
    CommandSpec::new(Id::ClientTracking, "client|tracking", -3, "6.0.0")
        .flags(NOSCRIPT | LOADING | STALE)
        .categories(C_CONNECTION)
        .group("connection")
        .text("Switch key tracking on or off; a sentinel has no keys.", "打开或关闭键跟踪;哨兵没有键。")
        .args(&[
            one_of("status", &[token("on", "ON"), token("off", "OFF")]),
            integer("client-id").after("REDIRECT").optional(),
            string("prefix").after("PREFIX").optional().multiple().multiple_token(),
            token("bcast", "BCAST").optional(),
            token("optin", "OPTIN").optional(),
            token("optout", "OPTOUT").optional(),
            token("noloop", "NOLOOP").optional(),
        ]),
    CommandSpec::new(Id::ClientTrackingInfo, "client|trackinginfo", 2, "6.2.0")
        .flags(NOSCRIPT | LOADING | STALE)
        .categories(C_CONNECTION)
        .group("connection")
        .text("Show the state of key tracking on this connection.", "显示当前连接的键跟踪状态。"),
    CommandSpec::new(Id::ClientUnblock, "client|unblock", -3, "5.0.0")
        .flags(ADMIN | NOSCRIPT | LOADING | STALE)
        .categories(C_CONNECTION)
        .group("connection")
        .cost("O(log N) in the connections")
        .text(
            "Wake a client that waits in a blocking command; a sentinel has none.",
            "唤醒阻塞中的客户端;哨兵没有阻塞命令。",
        )
        .args(&[
            integer("client-id"),
            one_of("timeout_error", &[token("timeout", "TIMEOUT"), token("error", "ERROR")]).optional(),
        ]),
    CommandSpec::new(Id::ClientUnpause, "client|unpause", 2, "6.2.0")
        .flags(ADMIN | NOSCRIPT | LOADING | STALE)
        .categories(C_CONNECTION)
        .group("connection")
        .cost("O(N) in the paused connections")
        .text("End a pause before its time.", "提前结束暂停。"),
];
