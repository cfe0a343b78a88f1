//! Whether a login may do what a failover needs, without doing it. A server judges a command of a transaction when it is
//! queued, with the words of the real thing: by name, right and channel. The transaction is never executed; the server
//! drops it when the connection ends.

use watchkeeper_resp::Frame;

use crate::ask::{Conn, Failure};

/// What sentinels send in a failover and for it, inside a transaction.
const QUEUED: &[(&[&str], Need)] = &[
    (&["SLAVEOF", "NO", "ONE"], Need::Failover),
    (&["CONFIG", "REWRITE"], Need::Failover),
    (&["CLIENT", "KILL", "TYPE", "normal"], Need::Failover),
    (&["PUBLISH", "__sentinel__:hello", ""], Need::Discovery),
    (&["SCRIPT", "KILL"], Need::Comfort),
];

/// What does not work without a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// no server can be promoted
    Failover,
    /// sentinels do not find each other
    Discovery,
    /// a script that blocks is not ended before the master is held for down
    Comfort,
}

/// What became of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// the login may
    Yes,
    /// it may not: the server's words
    Denied(String),
    /// the server has no such command: its words
    NoSuchCommand(String),
    /// it could not be asked, such as while it loads
    Unclear(String),
}

/// A command and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Right {
    pub(super) command: String,
    pub(super) need: Need,
    pub(super) answer: Answer,
}

/// Asks for all of it. `renames` are the new names that the sentinel's file has for commands.
pub(super) fn probe(
    open: impl Fn() -> Result<Conn, Failure>,
    renames: &[(String, String)],
) -> Result<Vec<Right>, Failure> {
    let word = |word: &str| {
        let renamed = renames.iter().find(|(old, _)| old.eq_ignore_ascii_case(word));
        renamed.map_or_else(|| word.to_owned(), |(_, new)| new.clone())
    };
    let mut conn = open()?;
    let mut rights = Vec::new();
    // There is nothing to execute.
    let exec = match conn.call(&[word("EXEC")]) {
        Err(Failure::Refused(words)) if words.contains("without MULTI") => Answer::Yes,
        other => answer(other)?,
    };
    rights.push(Right { command: word("EXEC"), need: Need::Failover, answer: exec });
    let multi = answer(conn.call(&[word("MULTI")]))?;
    let opened = multi == Answer::Yes;
    rights.push(Right { command: word("MULTI"), need: Need::Failover, answer: multi });
    // Whoever executes this at once knows no transactions, and would execute the rest at once as well.
    if opened && is_queued(&conn.call(&["PING"])) {
        for (argv, need) in QUEUED {
            let mut argv: Vec<String> = argv.iter().map(|word| (*word).to_owned()).collect();
            argv[0] = word(&argv[0]);
            let command = argv.join(" ").trim_end().to_owned();
            let said = conn.call(&argv);
            let answer = if is_queued(&said) { Answer::Yes } else { answer(said)? };
            rights.push(Right { command, need: *need, answer });
        }
    }
    drop(conn);
    let mut conn = open()?;
    let subscribe = answer(conn.call(&["SUBSCRIBE", "__sentinel__:hello"]))?;
    let command = "SUBSCRIBE __sentinel__:hello".to_owned();
    rights.push(Right { command, need: Need::Discovery, answer: subscribe });
    Ok(rights)
}

fn is_queued(said: &Result<Frame, Failure>) -> bool {
    matches!(said, Ok(Frame::Simple(word)) if word == b"QUEUED")
}

fn answer(said: Result<Frame, Failure>) -> Result<Answer, Failure> {
    match said {
        Ok(_) => Ok(Answer::Yes),
        Err(Failure::Refused(words)) if words.starts_with("NOPERM") => Ok(Answer::Denied(words)),
        Err(Failure::Refused(words))
            if words.starts_with("ERR unknown") || words.starts_with("ERR Unknown") =>
        {
            Ok(Answer::NoSuchCommand(words))
        }
        Err(Failure::Refused(words)) => Ok(Answer::Unclear(words)),
        Err(other) => Err(other),
    }
}

/// Whether a user may do what a replica needs at its master; none where the server or the login does not tell.
pub(super) fn may_replicate(conn: &mut Conn, user: &str) -> Option<Result<(), String>> {
    for command in [&["PSYNC", "?", "-1"][..], &["REPLCONF", "ack", "0"], &["PING"]] {
        let argv: Vec<&str> = ["ACL", "DRYRUN", user].into_iter().chain(command.iter().copied()).collect();
        let said = conn.call_text(&argv).ok()?;
        if said != "OK" {
            return Some(Err(said));
        }
    }
    Some(Ok(()))
}
