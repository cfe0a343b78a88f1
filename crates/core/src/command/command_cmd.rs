//! The COMMAND command: the table, told to clients.

use super::clients::Clients;
use super::reply::Reply;
use super::table::{self, Arg, ArgKind, CommandId, CommandSpec};
use crate::glob;
use crate::sentinel::Persona;

impl Clients {
    /// Runs COMMAND or one of its subcommands.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "`Clients::handle` lists every command; only this family comes here"
    )]
    pub(super) fn command_command(&self, command: CommandId, argv: &[Vec<u8>]) -> Reply {
        let named = argv.get(2..).unwrap_or_default();
        match command {
            CommandId::CommandCount => Reply::Integer(self.top_level().count() as i64),
            CommandId::CommandList => self.command_list(named),
            CommandId::CommandDocs => self.command_docs(named),
            CommandId::CommandGetKeys | CommandId::CommandGetKeysAndFlags => self.command_keys(named),
            _ if named.is_empty() => Reply::Array(self.top_level().map(info).collect()),
            _ => Reply::Array(named.iter().map(|name| self.named(name).map_or(Reply::Null, info)).collect()),
        }
    }

    /// The command with this name, where subcommands are addressed as `sentinel|masters`.
    fn named(&self, name: &[u8]) -> Option<&'static CommandSpec> {
        let words: Vec<Vec<u8>> = name.splitn(2, |b| *b == b'|').map(<[u8]>::to_vec).collect();
        let spec = self.find(&words).ok()?;
        (words.len() == 1 || spec.container().is_some()).then_some(spec)
    }

    fn command_list(&self, words: &[Vec<u8>]) -> Reply {
        let listed = |s: &&'static CommandSpec| self.persona == Persona::Valkey || s.in_reference();
        let all = || {
            let family = |s: &'static CommandSpec| std::iter::once(s).chain(s.subcommands().iter().copied());
            self.top_level().flat_map(family).filter(listed)
        };
        let names =
            |fits: &dyn Fn(&CommandSpec) -> bool| Reply::bulks(all().filter(|s| fits(s)).map(|s| s.name));
        match words {
            [] => names(&|_| true),
            [filterby, how, value] if filterby.eq_ignore_ascii_case(b"filterby") => {
                match how.to_ascii_lowercase().as_slice() {
                    b"module" => Reply::Array(Vec::new()),
                    b"aclcat" => {
                        let category = table::category(value).unwrap_or(0);
                        names(&|s| s.categories & category != 0)
                    }
                    b"pattern" => names(&|s| glob::matches_nocase(value, s.name.as_bytes())),
                    _ => Reply::Error("ERR syntax error".into()),
                }
            }
            _ => Reply::Error("ERR syntax error".into()),
        }
    }

    fn command_docs(&self, named: &[Vec<u8>]) -> Reply {
        let specs: Vec<_> = match named {
            [] => self.top_level().collect(),
            _ => named.iter().filter_map(|name| self.named(name)).collect(),
        };
        Reply::Map(specs.into_iter().map(|s| (Reply::bulk(s.name), docs(s))).collect())
    }

    /// No command here has keys: what differs is how a command that cannot be is refused.
    fn command_keys(&self, words: &[Vec<u8>]) -> Reply {
        let text = match self.find(words) {
            Err(_) => "ERR Invalid command specified",
            Ok(_) => "ERR The command has no key arguments",
        };
        Reply::Error(text.into())
    }
}

fn info(spec: &'static CommandSpec) -> Reply {
    Reply::Array(vec![
        Reply::bulk(spec.name),
        Reply::Integer(spec.arity.into()),
        Reply::Set(spec.flag_names().map(|f| Reply::Simple(f.into())).collect()),
        Reply::Integer(0),
        Reply::Integer(0),
        Reply::Integer(0),
        Reply::Set(spec.category_names().map(|c| Reply::Simple(format!("@{c}"))).collect()),
        Reply::Set(spec.tips.iter().map(|t| Reply::bulk(*t)).collect()),
        Reply::Set(Vec::new()),
        Reply::Set(spec.subcommands().iter().map(|s| info(s)).collect()),
    ])
}

fn field(name: &str, value: Reply) -> (Reply, Reply) {
    (Reply::bulk(name), value)
}

fn docs(spec: &'static CommandSpec) -> Reply {
    let mut fields = vec![
        field("summary", Reply::bulk(spec.summary)),
        field("since", Reply::bulk(spec.since)),
        field("group", Reply::bulk(spec.group)),
        field("complexity", Reply::bulk(spec.cost)),
    ];
    if let Some((since, instead)) = spec.deprecated {
        fields.push(field("doc_flags", Reply::Set(vec![Reply::Simple("deprecated".into())])));
        fields.push(field("deprecated_since", Reply::bulk(since)));
        fields.push(field("replaced_by", Reply::bulk(instead)));
    }
    if !spec.args.is_empty() {
        fields.push(field("arguments", arguments(spec.args)));
    }
    if !spec.subcommands().is_empty() {
        let inner = spec.subcommands().iter().map(|s| (Reply::bulk(s.name), docs(s))).collect();
        fields.push(field("subcommands", Reply::Map(inner)));
    }
    Reply::Map(fields)
}

fn arguments(args: &'static [Arg]) -> Reply {
    Reply::Array(args.iter().map(argument).collect())
}

fn argument(arg: &'static Arg) -> Reply {
    let (kind, inner) = match arg.kind {
        ArgKind::String => ("string", None),
        ArgKind::Integer => ("integer", None),
        ArgKind::Pattern => ("pattern", None),
        ArgKind::Token => ("pure-token", None),
        ArgKind::OneOf(inner) => ("oneof", Some(inner)),
        ArgKind::Block(inner) => ("block", Some(inner)),
    };
    let mut fields = vec![field("name", Reply::bulk(arg.name)), field("type", Reply::bulk(kind))];
    if let Some(token) = arg.token {
        fields.push(field("token", Reply::bulk(token)));
    }
    if let Some(since) = arg.since {
        fields.push(field("since", Reply::bulk(since)));
    }
    if let Some(since) = arg.deprecated {
        fields.push(field("deprecated_since", Reply::bulk(since)));
    }
    let flags =
        [(arg.optional, "optional"), (arg.multiple, "multiple"), (arg.multiple_token, "multiple_token")];
    let flags: Vec<_> =
        flags.iter().filter(|(set, _)| *set).map(|(_, f)| Reply::Simple((*f).into())).collect();
    if !flags.is_empty() {
        fields.push(field("flags", Reply::Set(flags)));
    }
    if let Some(inner) = inner {
        fields.push(field("arguments", arguments(inner)));
    }
    Reply::Map(fields)
}
