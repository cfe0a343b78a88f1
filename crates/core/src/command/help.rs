//! The HELP texts of containers, made from the command table.

use super::reply::Reply;
use super::table::{self, Arg, ArgKind, CommandId, CommandSpec};

/// Columns of a description line, its indentation included.
const WIDTH: usize = 80;
const INDENT: &str = "    ";

/// The lines of `SENTINEL HELP`.
pub fn sentinel_help() -> Vec<String> {
    lines(CommandId::Sentinel.spec())
}

/// The reply to a HELP subcommand.
pub(super) fn reply(command: CommandId) -> Reply {
    let container = command.spec().container().and_then(|name| table::by_name(name.as_bytes()));
    Reply::Array(container.map_or_else(Vec::new, lines).into_iter().map(Reply::Simple).collect())
}

fn lines(container: &CommandSpec) -> Vec<String> {
    let name = container.name.to_ascii_uppercase();
    let mut lines = vec![format!("{name} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:")];
    if container.arity == -1 {
        lines.push("(no subcommand)".into());
        wrap(container.summary, &mut lines);
    }
    let (help, others): (Vec<_>, Vec<_>) = container.subcommands().iter().partition(|s| s.word() == "help");
    for spec in others.into_iter().chain(help) {
        lines.push(syntax(spec));
        wrap(spec.summary, &mut lines);
    }
    lines
}

/// Breaks a description into indented lines.
fn wrap(text: &str, lines: &mut Vec<String>) {
    let mut line = String::new();
    for word in text.split(' ') {
        if line.is_empty() {
            line = format!("{INDENT}{word}");
        } else if line.len() + 1 + word.len() > WIDTH {
            lines.push(std::mem::replace(&mut line, format!("{INDENT}{word}")));
        } else {
            line = format!("{line} {word}");
        }
    }
    lines.push(line);
}

/// How a command is written, from its last word on: `SET <master-name> <option> <value> [<option> <value> ...]`.
pub fn syntax(spec: &CommandSpec) -> String {
    let mut text = spec.word().to_ascii_uppercase();
    for arg in spec.args {
        text.push(' ');
        text.push_str(&argument(arg));
    }
    text
}

fn argument(arg: &Arg) -> String {
    let join = |args: &[Arg], between: &str| args.iter().map(argument).collect::<Vec<_>>().join(between);
    let value = match arg.kind {
        ArgKind::String | ArgKind::Integer | ArgKind::Pattern => format!("<{}>", arg.name),
        ArgKind::Token => String::new(),
        ArgKind::OneOf(choices) if arg.optional && !arg.multiple => join(choices, "|"),
        ArgKind::OneOf(choices) => format!("({})", join(choices, "|")),
        ArgKind::Block(parts) => join(parts, " "),
    };
    let one = match (arg.token, value.is_empty()) {
        (Some(token), true) => token.to_string(),
        (Some(token), false) => format!("{token} {value}"),
        (None, _) => value.clone(),
    };
    let repeated = if arg.multiple_token { &one } else { &value };
    match (arg.optional, arg.multiple) {
        (false, false) => one,
        (true, false) => format!("[{one}]"),
        (false, true) => format!("{one} [{repeated} ...]"),
        (true, true) => format!("[{one} [{repeated} ...]]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentinel_help_has_upstreams_form() {
        let lines = sentinel_help();
        assert_eq!(lines[0], "SENTINEL <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
        assert!(lines.contains(&"SET <master-name> <option> <value> [<option> <value> ...]".to_string()));
        assert_eq!(lines[lines.len() - 2..], ["HELP", "    Print this help."]);
        assert!(lines.iter().all(|l| !l.starts_with(INDENT) || l.len() <= WIDTH));
        for spec in CommandId::Sentinel.spec().subcommands() {
            let word = spec.word().to_ascii_uppercase();
            assert!(lines.iter().any(|l| l.split(' ').next() == Some(&word)), "{word}");
        }
    }

    #[test]
    fn syntax_of_nested_arguments() {
        let cases = [
            (CommandId::ClientCaching, "CACHING (YES|NO)"),
            (CommandId::ClientPause, "PAUSE <timeout> [WRITE|ALL]"),
            (CommandId::AclLog, "LOG [<count>|RESET]"),
            (CommandId::AclDelUser, "DELUSER <username> [<username> ...]"),
            (CommandId::Hello, "HELLO [<protover> [AUTH <username> <password>] [SETNAME <clientname>]]"),
        ];
        for (id, want) in cases {
            assert_eq!(syntax(id.spec()), want);
        }
    }
}
