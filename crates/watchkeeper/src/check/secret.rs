//! Which parts of a line are secret. Whatever a line could hold by mistake counts as well: the words behind a name nobody
//! knows may be a password behind a misspelt `requirepass`.

use std::ops::Range;

use watchkeeper_core::config::directive::{self, SentinelKey};
use watchkeeper_core::config::{Line, directive::DEPRECATED};

/// General directives whose value is a secret.
const PASSWORDS: [&str; 4] = ["requirepass", "masterauth", "tls-key-file-pass", "tls-client-key-file-pass"];
/// Rules of a user that hold no secret.
const PLAIN_RULES: [&str; 12] = [
    "on",
    "off",
    "nopass",
    "reset",
    "resetpass",
    "resetkeys",
    "resetchannels",
    "allkeys",
    "allchannels",
    "allcommands",
    "nocommands",
    "sanitize-payload",
];

/// The word that is the line's secret, where the line is as it should be.
pub(super) fn word(line: &Line) -> Option<usize> {
    let first = line.words.first()?;
    if first.eq_ignore_ascii_case(b"sentinel") {
        let secrets = [(SentinelKey::AuthPass, 3), (SentinelKey::SentinelPass, 2)];
        let key = directive::sentinel(line.words.get(1)?)?.key;
        let word = secrets.iter().find(|(secret, _)| *secret == key).map(|(_, word)| *word);
        return word.filter(|word| line.words.len() == word + 1);
    }
    let known = directive::general(first)?;
    (PASSWORDS.contains(&known.name) && line.words.len() == 2).then_some(1)
}

/// The bytes of the line's text that are not shown.
pub(super) fn hidden(line: &Line) -> Vec<Range<usize>> {
    let spans = line.spans();
    let text =
        |index: usize| spans.get(index).and_then(|span| line.text.get(span.clone())).unwrap_or_default();
    let plain = |index: usize| text(index).to_ascii_lowercase();
    let name = plain(0);
    if name == b"user" {
        let secret = |index: &usize| *index >= 2 && !is_plain_rule(text(*index));
        return (0..spans.len()).filter(secret).filter_map(|index| spans.get(index).cloned()).collect();
    }
    let from = if name == b"sentinel" { of_sentinel(&plain(1)) } else { of_general(&name) };
    // Of `password=x` the name is what stands before the sign.
    let sign = spans.first().filter(|_| from == 1 && directive::general(&name).is_none()).and_then(|first| {
        let at = name.iter().position(|byte| matches!(byte, b'=' | b':'))?;
        Some(first.start + at + 1..first.end)
    });
    spans.into_iter().skip(from).chain(sign).collect()
}

/// The first secret word of `sentinel NAME ...`.
fn of_sentinel(name: &[u8]) -> usize {
    let Some(known) = directive::sentinel(name) else { return 2 };
    match known.key {
        SentinelKey::SentinelPass => 2,
        SentinelKey::AuthPass | SentinelKey::SentinelUser => 3,
        // A user and a password on one line is a mistake that is made.
        SentinelKey::AuthUser | SentinelKey::RenameCommand => 4,
        SentinelKey::Myid
        | SentinelKey::DenyScriptsReconfig
        | SentinelKey::ResolveHostnames
        | SentinelKey::AnnounceHostnames
        | SentinelKey::TiltClock
        | SentinelKey::VoteWithoutDisk
        | SentinelKey::Monitor
        | SentinelKey::DownAfter
        | SentinelKey::FailoverTimeout
        | SentinelKey::ParallelSyncs
        | SentinelKey::NotificationScript
        | SentinelKey::ClientReconfigScript
        | SentinelKey::RebootDownAfter
        | SentinelKey::RefusedDownAfter
        | SentinelKey::ReplicationTopology
        | SentinelKey::ConfigEpoch
        | SentinelKey::LeaderEpoch
        | SentinelKey::KnownReplica
        | SentinelKey::ReplicaHome
        | SentinelKey::KnownSentinel
        | SentinelKey::CurrentEpoch
        | SentinelKey::AnnounceIp
        | SentinelKey::AnnouncePort => usize::MAX,
    }
}

/// The first secret word of `NAME ...`.
fn of_general(name: &[u8]) -> usize {
    match directive::general(name) {
        Some(known) if PASSWORDS.contains(&known.name) => 1,
        // User and password on one line again; the other names have more than one word.
        Some(known) if known.name == "masteruser" => 2,
        Some(_) => usize::MAX,
        None if name == b"include" || DEPRECATED.iter().any(|old| old.as_bytes() == name) => usize::MAX,
        None if name == b"rename-command" || name == b"loadmodule" => 2,
        None => 1,
    }
}

fn is_plain_rule(rule: &[u8]) -> bool {
    rule.first().is_some_and(|first| b"+-~%&@()".contains(first))
        || PLAIN_RULES.iter().any(|plain| rule.eq_ignore_ascii_case(plain.as_bytes()))
}

/// `text` without the secrets of the line, which messages put in quotes.
pub(super) fn without(text: &str, line: &Line) -> String {
    let mut text = text.to_owned();
    let spans = line.spans();
    for span in hidden(line) {
        let index = spans.iter().position(|known| *known == span);
        let word = index.and_then(|index| line.words.get(index)).cloned();
        let raw = line.text.get(span).unwrap_or_default().to_vec();
        for secret in word.into_iter().chain([raw]).filter(|secret| !secret.is_empty()) {
            let secret = String::from_utf8_lossy(&secret);
            for quote in ['`', '\'', '"'] {
                text = text.replace(&format!("{quote}{secret}{quote}"), &format!("{quote}***{quote}"));
            }
        }
    }
    text
}
