//! The one table of commands. Dispatch, arity errors, COMMAND, ACL categories, HELP texts, completions and the
//! reference documentation all come from it, so that they cannot disagree.
//!
//! The rows are in `table_clients`, `table_general` and `table_sentinel`; what a command does is elsewhere.

use super::table_clients::CLIENTS;
use super::table_general::GENERAL;
use super::table_sentinel::SENTINEL;

/// Every command and subcommand. Synonyms are different commands, as ACL rules tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CommandId {
    /// `ACL`
    Acl,
    /// `ACL CAT`
    AclCat,
    /// `ACL DELUSER`
    AclDelUser,
    /// `ACL DRYRUN`
    AclDryRun,
    /// `ACL GENPASS`
    AclGenPass,
    /// `ACL GETUSER`
    AclGetUser,
    /// `ACL HELP`
    AclHelp,
    /// `ACL LIST`
    AclList,
    /// `ACL LOAD`
    AclLoad,
    /// `ACL LOG`
    AclLog,
    /// `ACL SAVE`
    AclSave,
    /// `ACL SETUSER`
    AclSetUser,
    /// `ACL USERS`
    AclUsers,
    /// `ACL WHOAMI`
    AclWhoAmI,
    /// `AUTH`
    Auth,
    /// `CLIENT`
    Client,
    /// `CLIENT CACHING`
    ClientCaching,
    /// `CLIENT GETNAME`
    ClientGetName,
    /// `CLIENT GETREDIR`
    ClientGetRedir,
    /// `CLIENT HELP`
    ClientHelp,
    /// `CLIENT ID`
    ClientId,
    /// `CLIENT INFO`
    ClientInfo,
    /// `CLIENT KILL`
    ClientKill,
    /// `CLIENT LIST`
    ClientList,
    /// `CLIENT NO-EVICT`
    ClientNoEvict,
    /// `CLIENT PAUSE`
    ClientPause,
    /// `CLIENT REPLY`
    ClientReply,
    /// `CLIENT SETINFO`
    ClientSetInfo,
    /// `CLIENT SETNAME`
    ClientSetName,
    /// `CLIENT TRACKING`
    ClientTracking,
    /// `CLIENT TRACKINGINFO`
    ClientTrackingInfo,
    /// `CLIENT UNBLOCK`
    ClientUnblock,
    /// `CLIENT UNPAUSE`
    ClientUnpause,
    /// `COMMAND`
    Command,
    /// `COMMAND COUNT`
    CommandCount,
    /// `COMMAND DOCS`
    CommandDocs,
    /// `COMMAND GETKEYS`
    CommandGetKeys,
    /// `COMMAND GETKEYSANDFLAGS`
    CommandGetKeysAndFlags,
    /// `COMMAND HELP`
    CommandHelp,
    /// `COMMAND INFO`
    CommandInfo,
    /// `COMMAND LIST`
    CommandList,
    /// `HELLO`
    Hello,
    /// `INFO`
    Info,
    /// `PING`
    Ping,
    /// `PSUBSCRIBE`
    PSubscribe,
    /// `PUBLISH`
    Publish,
    /// `PUNSUBSCRIBE`
    PUnsubscribe,
    /// `ROLE`
    Role,
    /// `SENTINEL`
    Sentinel,
    /// `SENTINEL CKQUORUM`
    SentinelCkQuorum,
    /// `SENTINEL CONFIG`
    SentinelConfig,
    /// `SENTINEL DEBUG`
    SentinelDebug,
    /// `SENTINEL FAILOVER`
    SentinelFailover,
    /// `SENTINEL FLUSHCONFIG`
    SentinelFlushConfig,
    /// `SENTINEL GET-MASTER-ADDR-BY-NAME`
    SentinelGetMasterAddrByName,
    /// `SENTINEL GET-PRIMARY-ADDR-BY-NAME`
    SentinelGetPrimaryAddrByName,
    /// `SENTINEL HELP`
    SentinelHelp,
    /// `SENTINEL INFO-CACHE`
    SentinelInfoCache,
    /// `SENTINEL IS-MASTER-DOWN-BY-ADDR`
    SentinelIsMasterDownByAddr,
    /// `SENTINEL IS-PRIMARY-DOWN-BY-ADDR`
    SentinelIsPrimaryDownByAddr,
    /// `SENTINEL MASTER`
    SentinelMaster,
    /// `SENTINEL MASTERS`
    SentinelMasters,
    /// `SENTINEL MONITOR`
    SentinelMonitor,
    /// `SENTINEL MYID`
    SentinelMyId,
    /// `SENTINEL PENDING-SCRIPTS`
    SentinelPendingScripts,
    /// `SENTINEL PRIMARIES`
    SentinelPrimaries,
    /// `SENTINEL PRIMARY`
    SentinelPrimary,
    /// `SENTINEL REMOVE`
    SentinelRemove,
    /// `SENTINEL REPLICAS`
    SentinelReplicas,
    /// `SENTINEL RESET`
    SentinelReset,
    /// `SENTINEL SENTINELS`
    SentinelSentinels,
    /// `SENTINEL SET`
    SentinelSet,
    /// `SENTINEL SIMULATE-FAILURE`
    SentinelSimulateFailure,
    /// `SENTINEL SLAVES`
    SentinelSlaves,
    /// `SHUTDOWN`
    Shutdown,
    /// `SUBSCRIBE`
    Subscribe,
    /// `UNSUBSCRIBE`
    Unsubscribe,
}

/// How many rows the table has. ACL rules keep one bit for each, so it must not pass 128.
pub const COMMANDS: usize = CommandId::Unsubscribe as usize + 1;
const _: () = assert!(COMMANDS <= 128 && COMMANDS == CLIENTS.len() + GENERAL.len() + SENTINEL.len());

/// A set of command flags, as COMMAND shows them.
pub type Flags = u16;
/// for administrators
pub const ADMIN: Flags = 1;
/// about subscriptions
pub const PUBSUB: Flags = 1 << 1;
/// not from scripts
pub const NOSCRIPT: Flags = 1 << 2;
/// allowed while a data server loads
pub const LOADING: Flags = 1 << 3;
/// allowed on a stale replica
pub const STALE: Flags = 1 << 4;
/// takes constant time
pub const FAST: Flags = 1 << 5;
/// may be sent before AUTH, and needs no permission
pub const NO_AUTH: Flags = 1 << 6;
/// not in a transaction
pub const NO_MULTI: Flags = 1 << 7;
/// allowed while a script runs too long
pub const ALLOW_BUSY: Flags = 1 << 8;

/// Names of the flags, in the order of their bits.
const FLAG_NAMES: [&str; 9] =
    ["admin", "pubsub", "noscript", "loading", "stale", "fast", "no_auth", "no_multi", "allow_busy"];

/// A set of ACL categories: bit `n` is `CATEGORIES[n]`.
pub type Categories = u32;

/// Names of all ACL categories, also of those that are empty here.
pub const CATEGORIES: [&str; 21] = [
    "keyspace",
    "read",
    "write",
    "set",
    "sortedset",
    "list",
    "hash",
    "string",
    "bitmap",
    "hyperloglog",
    "geo",
    "stream",
    "pubsub",
    "admin",
    "fast",
    "slow",
    "blocking",
    "dangerous",
    "connection",
    "transaction",
    "scripting",
];
pub(super) const C_PUBSUB: Categories = 1 << 12;
pub(super) const C_ADMIN: Categories = 1 << 13;
pub(super) const C_FAST: Categories = 1 << 14;
pub(super) const C_SLOW: Categories = 1 << 15;
pub(super) const C_DANGEROUS: Categories = 1 << 17;
pub(super) const C_CONNECTION: Categories = 1 << 18;

/// The category with this name (any case).
pub fn category(name: &[u8]) -> Option<Categories> {
    CATEGORIES.iter().position(|c| c.as_bytes().eq_ignore_ascii_case(name)).map(|n| 1 << n)
}

/// One row: everything that is known about a command except what it does.
#[derive(Debug, Clone, Copy)]
pub struct CommandSpec {
    /// which
    pub id: CommandId,
    /// lower-case name; of a subcommand `container|subcommand`
    pub name: &'static str,
    /// words of the command with its name; negative: at least that many
    pub arity: i8,
    /// flags
    pub flags: Flags,
    /// ACL categories
    pub categories: Categories,
    /// hints for clients
    pub tips: &'static [&'static str],
    /// the version of Redis (from 8.0.0 on: of Valkey) that brought it
    pub since: &'static str,
    /// group of the documentation
    pub group: &'static str,
    /// how long it takes
    pub cost: &'static str,
    /// what it does, in English
    pub summary: &'static str,
    /// what it does, in Chinese
    pub summary_zh: &'static str,
    /// arguments
    pub args: &'static [Arg],
    /// since when it is deprecated, and what to use instead
    pub deprecated: Option<(&'static str, &'static str)>,
}

/// What an argument is.
#[derive(Debug, Clone, Copy)]
pub enum ArgKind {
    /// any text
    String,
    /// a number
    Integer,
    /// a glob
    Pattern,
    /// just its word
    Token,
    /// one of the inner arguments
    OneOf(&'static [Arg]),
    /// the inner arguments in order
    Block(&'static [Arg]),
}

/// One argument of a command.
#[derive(Debug, Clone, Copy)]
pub struct Arg {
    /// name
    pub name: &'static str,
    /// kind
    pub kind: ArgKind,
    /// the word before it, or that it consists of
    pub token: Option<&'static str>,
    /// may be left out
    pub optional: bool,
    /// may be repeated
    pub multiple: bool,
    /// each repetition begins with the token
    pub multiple_token: bool,
    /// since which version, when later than the command
    pub since: Option<&'static str>,
    /// since when it is deprecated
    pub deprecated: Option<&'static str>,
}

const fn arg(name: &'static str, kind: ArgKind) -> Arg {
    Arg {
        name,
        kind,
        token: None,
        optional: false,
        multiple: false,
        multiple_token: false,
        since: None,
        deprecated: None,
    }
}
pub(super) const fn string(name: &'static str) -> Arg {
    arg(name, ArgKind::String)
}
pub(super) const fn integer(name: &'static str) -> Arg {
    arg(name, ArgKind::Integer)
}
pub(super) const fn pattern(name: &'static str) -> Arg {
    arg(name, ArgKind::Pattern)
}
pub(super) const fn token(name: &'static str, word: &'static str) -> Arg {
    arg(name, ArgKind::Token).after(word)
}
pub(super) const fn one_of(name: &'static str, choices: &'static [Arg]) -> Arg {
    arg(name, ArgKind::OneOf(choices))
}
pub(super) const fn block(name: &'static str, parts: &'static [Arg]) -> Arg {
    arg(name, ArgKind::Block(parts))
}

impl Arg {
    pub(super) const fn after(mut self, word: &'static str) -> Arg {
        self.token = Some(word);
        self
    }
    pub(super) const fn optional(mut self) -> Arg {
        self.optional = true;
        self
    }
    pub(super) const fn multiple(mut self) -> Arg {
        self.multiple = true;
        self
    }
    pub(super) const fn multiple_token(mut self) -> Arg {
        self.multiple_token = true;
        self
    }
    pub(super) const fn since(mut self, version: &'static str) -> Arg {
        self.since = Some(version);
        self
    }
    pub(super) const fn deprecated(mut self, version: &'static str) -> Arg {
        self.deprecated = Some(version);
        self
    }
}

impl CommandSpec {
    /// Whether redis-sentinel 7.0 has this command. The others work but are not listed, so that tools which count
    /// commands see what they expect, and only these choose the categories of a canonical ACL text.
    pub fn in_reference(&self) -> bool {
        !self.since.starts_with("7.2") && !self.since.starts_with("8.")
    }

    pub(super) const fn new(
        id: CommandId,
        name: &'static str,
        arity: i8,
        since: &'static str,
    ) -> CommandSpec {
        CommandSpec {
            id,
            name,
            arity,
            flags: 0,
            categories: C_SLOW,
            tips: &[],
            since,
            group: "server",
            cost: "O(1)",
            summary: "",
            summary_zh: "",
            args: &[],
            deprecated: None,
        }
    }
    /// Sets the flags, and the categories that follow from them.
    pub(super) const fn flags(mut self, flags: Flags) -> CommandSpec {
        self.flags = flags;
        if flags & FAST != 0 {
            self.categories = C_FAST;
        }
        if flags & ADMIN != 0 {
            self.categories |= C_ADMIN | C_DANGEROUS;
        }
        if flags & PUBSUB != 0 {
            self.categories |= C_PUBSUB;
        }
        self
    }
    /// Adds categories that do not follow from flags.
    pub(super) const fn categories(mut self, more: Categories) -> CommandSpec {
        self.categories |= more;
        self
    }
    pub(super) const fn tips(mut self, tips: &'static [&'static str]) -> CommandSpec {
        self.tips = tips;
        self
    }
    pub(super) const fn group(mut self, group: &'static str) -> CommandSpec {
        self.group = group;
        self
    }
    pub(super) const fn cost(mut self, cost: &'static str) -> CommandSpec {
        self.cost = cost;
        self
    }
    pub(super) const fn text(mut self, en: &'static str, zh: &'static str) -> CommandSpec {
        self.summary = en;
        self.summary_zh = zh;
        self
    }
    pub(super) const fn args(mut self, args: &'static [Arg]) -> CommandSpec {
        self.args = args;
        self
    }
    pub(super) const fn deprecated(mut self, since: &'static str, instead: &'static str) -> CommandSpec {
        self.deprecated = Some((since, instead));
        self
    }

    /// Whether a command of `words` words has the right number of them.
    pub fn arity_fits(&self, words: usize) -> bool {
        let wanted = usize::from(self.arity.unsigned_abs());
        if self.arity < 0 { words >= wanted } else { words == wanted }
    }
    /// The container's name for a subcommand.
    pub fn container(&self) -> Option<&'static str> {
        self.name.split_once('|').map(|(container, _)| container)
    }
    /// The last word of the name.
    pub fn word(&self) -> &'static str {
        self.name.split_once('|').map_or(self.name, |(_, word)| word)
    }
    /// The subcommands, in table order; empty for everything that is no container.
    pub fn subcommands(&self) -> &'static [&'static CommandSpec] {
        let first = self.id as usize + 1;
        let count = SUBCOMMANDS[self.id as usize];
        &TABLE[first..first + count]
    }
    /// The subcommand with this name (any case).
    pub fn subcommand(&self, word: &[u8]) -> Option<&'static CommandSpec> {
        let skip = self.name.len() + 1;
        self.subcommands().iter().copied().find(|s| s.name.as_bytes()[skip..].eq_ignore_ascii_case(word))
    }
    /// Names of the flags.
    pub fn flag_names(&self) -> impl Iterator<Item = &'static str> + use<> {
        let flags = self.flags;
        (0..).zip(FLAG_NAMES).filter(move |(bit, _)| flags & (1 << bit) != 0).map(|(_, name)| name)
    }
    /// Names of the ACL categories, without `@`.
    pub fn category_names(&self) -> impl Iterator<Item = &'static str> + use<> {
        let set = self.categories;
        (0..).zip(CATEGORIES).filter(move |(bit, _)| set & (1 << bit) != 0).map(|(_, name)| name)
    }
}

impl CommandId {
    /// The row of this command.
    pub fn spec(self) -> &'static CommandSpec {
        TABLE[self as usize]
    }
}

/// All commands; a container is followed by its subcommands.
pub static TABLE: [&CommandSpec; COMMANDS] = table();
static SUBCOMMANDS: [usize; COMMANDS] = subcommand_counts();

const fn table() -> [&'static CommandSpec; COMMANDS] {
    let mut table = [&GENERAL[0]; COMMANDS];
    let parts = [CLIENTS, GENERAL, SENTINEL];
    let mut p = 0;
    while p < parts.len() {
        let mut i = 0;
        while i < parts[p].len() {
            table[parts[p][i].id as usize] = &parts[p][i];
            i += 1;
        }
        p += 1;
    }
    table
}

const fn subcommand_counts() -> [usize; COMMANDS] {
    let table = table();
    let mut counts = [0; COMMANDS];
    let mut container = 0;
    let mut i = 0;
    while i < COMMANDS {
        let name = table[i].name.as_bytes();
        let mut at = 0;
        while at < name.len() && name[at] != b'|' {
            at += 1;
        }
        if at < name.len() {
            counts[container] += 1;
        } else {
            container = i;
        }
        i += 1;
    }
    counts
}

/// The commands that are no subcommands.
pub fn top_level() -> impl Iterator<Item = &'static CommandSpec> {
    TABLE.iter().copied().filter(|spec| spec.container().is_none())
}

/// The command with this full name (any case), as `sentinel|masters`.
pub fn by_name(name: &[u8]) -> Option<&'static CommandSpec> {
    TABLE.iter().copied().find(|spec| spec.name.as_bytes().eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_at_its_place() {
        for (n, spec) in TABLE.iter().enumerate() {
            assert_eq!(spec.id as usize, n, "{}", spec.name);
            assert!(!spec.summary.is_empty() && !spec.summary_zh.is_empty(), "{}", spec.name);
            assert_eq!(by_name(spec.name.to_uppercase().as_bytes()).map(|s| s.id), Some(spec.id));
        }
        assert_eq!(top_level().count(), 15);
    }

    #[test]
    fn subcommands_are_found_in_any_case() {
        let sentinel = CommandId::Sentinel.spec();
        assert_eq!(sentinel.subcommands().len(), 25);
        assert_eq!(sentinel.subcommand(b"MaStErS").map(|s| s.id), Some(CommandId::SentinelMasters));
        assert!(sentinel.subcommand(b"").is_none());
        assert!(sentinel.subcommand(b"id").is_none());
        assert!(CommandId::Ping.spec().subcommands().is_empty());
        assert_eq!(CommandId::SentinelMyId.spec().word(), "myid");
    }

    #[test]
    fn arity_counts_the_name() {
        assert!(CommandId::Role.spec().arity_fits(1) && !CommandId::Role.spec().arity_fits(2));
        assert!(CommandId::SentinelSet.spec().arity_fits(9) && !CommandId::SentinelSet.spec().arity_fits(4));
    }
}
