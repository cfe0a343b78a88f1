//! What a message says: one of the events of `core::event`, or one of the few other lines that help to understand them.

use watchkeeper_core::event::{EventKind, by_name};

use super::line::plain;

/// A text from a log is cut to this, in bytes.
const TEXT_MAX: usize = 400;
/// The name of a voter is not longer.
const VOTER_MAX: usize = 255;

/// A server's or sentinel's address, as logs show it.
pub(super) type Place = String;

/// Something that matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    /// an event
    Event(Event),
    /// `<peer> voted for <id> <epoch>`
    Voted { voter: String, candidate: String, epoch: u64 },
    /// the sentinel's own id
    Id(String),
    /// the sentinel's own port
    Port(String),
    /// what program logs
    Maker(Maker),
    /// somebody called SENTINEL FAILOVER for this group
    Asked(String),
    /// it will not lead before this time of day: only others than ours say so
    Waits(String),
    /// the process started
    Started,
    /// the process was told to end
    Stopped,
    /// why something did not happen, for this group
    Reason { group: String, text: String },
    /// why the clock is not trusted
    TiltCause(String),
    /// the state could not be written to disk
    NotSaved,
    /// a name without an address
    Unresolved(String),
}

impl Said {
    /// Data servers say this, too.
    pub(super) fn is_anybodys(&self) -> bool {
        matches!(self, Said::Started | Said::Stopped | Said::Maker(Maker::Redis))
    }

    /// The same under the name its group has elsewhere. `None` where it tells of no group, or of one that keeps its name.
    pub(super) fn renamed(&self, name: impl FnOnce(&str) -> Option<String>) -> Option<Said> {
        match self {
            Said::Event(event) => {
                let group = name(&event.group)?;
                Some(Said::Event(Event { group, ..event.clone() }))
            }
            Said::Asked(group) => Some(Said::Asked(name(group)?)),
            Said::Reason { group, text } => Some(Said::Reason { group: name(group)?, text: text.clone() }),
            Said::Voted { .. }
            | Said::Id(_)
            | Said::Port(_)
            | Said::Maker(_)
            | Said::Waits(_)
            | Said::Started
            | Said::Stopped
            | Said::TiltCause(_)
            | Said::NotSaved
            | Said::Unresolved(_) => None,
        }
    }
}

/// Whose program a sentinel is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Maker {
    /// `redis-sentinel`, or Valkey's
    Redis,
    Watchkeeper,
}

/// An event taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) kind: EventKind,
    /// empty for events of the process and for epochs and votes, which name no group
    pub(super) group: String,
    /// whom it is about
    pub(super) subject: Subject,
    /// the master of the group, where it is named beside whom it is about; else empty
    pub(super) of: Place,
    /// what follows
    pub(super) detail: Vec<String>,
}

/// Whom an event is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Subject {
    Nobody,
    Master(Place),
    Replica(Place),
    Sentinel { id: String, at: Place },
}

/// What came of reading a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Read {
    Said(Said),
    /// a line like many that tells nothing here
    Other,
    /// an event nobody knows, or one that is damaged
    Damaged,
}

/// Reads a message.
pub(super) fn read(message: &[u8]) -> Read {
    match message {
        [b'+' | b'-', b'a'..=b'z', ..] => event(message),
        _ => note(message).map_or(Read::Other, Read::Said),
    }
}

fn event(message: &[u8]) -> Read {
    let end = message.iter().position(|byte| *byte == b' ').unwrap_or(message.len());
    let spec = std::str::from_utf8(&message[..end]).ok().and_then(by_name);
    let payload = text(message.get(end + 1..).unwrap_or_default());
    let found = spec.and_then(|spec| of_kind(spec.kind, &payload));
    found.map_or(Read::Damaged, |event| Read::Said(Said::Event(event)))
}

/// An event of this kind, if the payload fits.
pub(super) fn of_kind(kind: EventKind, payload: &str) -> Option<Event> {
    let words: Vec<&str> = payload.split_ascii_whitespace().collect();
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let mut of = Place::new();
    let (group, subject, detail) = match (kind, &words[..]) {
        (EventKind::SwitchMaster, [group, rest @ ..]) if rest.len() == 4 => {
            (*group, Subject::Nobody, vec![place(rest[0], rest[1]), place(rest[2], rest[3])])
        }
        (EventKind::SwitchMaster, _) => return None,
        (EventKind::NewEpoch, [epoch]) if number(epoch).is_some() => ("", Subject::Nobody, owned(&words)),
        (EventKind::VoteForLeader, [_, epoch]) if number(epoch).is_some() => {
            ("", Subject::Nobody, owned(&words))
        }
        (EventKind::NewEpoch | EventKind::VoteForLeader, _) => return None,
        (_, ["master", group, host, port, detail @ ..]) => {
            (*group, Subject::Master(place(host, port)), owned(detail))
        }
        (_, ["slave", _, host, port, "@", group, master, at, detail @ ..]) => {
            of = place(master, at);
            (*group, Subject::Replica(place(host, port)), owned(detail))
        }
        (_, ["sentinel", id, host, port, "@", group, master, at, detail @ ..]) => {
            of = place(master, at);
            let id = (*id).to_owned();
            (*group, Subject::Sentinel { id, at: place(host, port) }, owned(detail))
        }
        _ if of_the_process(kind) => ("", Subject::Nobody, owned(&words)),
        _ => return None,
    };
    Some(Event { kind, group: group.to_owned(), subject, of, detail })
}

pub(super) fn of_the_process(kind: EventKind) -> bool {
    // Only a few of all the kinds: the others are about a group.
    const KINDS: &[EventKind] = &[
        EventKind::Tilt,
        EventKind::TiltEnd,
        EventKind::ScriptError,
        EventKind::ScriptTimeout,
        EventKind::ScriptChild,
        EventKind::ScriptChildEnd,
    ];
    KINDS.contains(&kind)
}

/// `host:port`, with brackets around an address that has colons.
pub(super) fn place(host: &str, port: &str) -> Place {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

fn number(word: &str) -> Option<u64> {
    word.parse().ok()
}

/// As much of a text as is kept.
pub(super) fn cut(text: &str) -> &str {
    let mut end = text.len().min(TEXT_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// The message as text: at most [`TEXT_MAX`], without control characters.
pub(super) fn text(message: &[u8]) -> String {
    plain(&String::from_utf8_lossy(&message[..message.len().min(TEXT_MAX)]))
}

fn note(message: &[u8]) -> Option<Said> {
    // Most lines of most logs are none of these: the first byte tells nearly all of them.
    match message.first()? {
        b'S' | b'R' | b'E' | b'T' | b'F' | b'o' | b'U' | b'V' | b'W' => {
            known_note(message).or_else(|| voted(message)).or_else(|| reason(message))
        }
        b'N' => maker(message).or_else(|| voted(message)).or_else(|| reason(message)),
        _ => voted(message),
    }
}

fn known_note(message: &[u8]) -> Option<Said> {
    let after = |words: &str| message.strip_prefix(words.as_bytes()).map(text);
    // Releases before 3.2 had a new one with each start.
    if let Some(id) = after("Sentinel ID is ").or_else(|| after("Sentinel runid is ")) {
        return Some(Said::Id(id));
    }
    if let Some(port) = after("Running mode=sentinel, port=") {
        return Some(Said::Port(port.trim_end_matches('.').to_owned()));
    }
    if let Some(group) = after("Executing user requested FAILOVER of '") {
        return Some(Said::Asked(group.trim_end_matches('\'').to_owned()));
    }
    if let Some(cause) = after("TILT because ") {
        return Some(Said::TiltCause(cause.split(": watching on").next().unwrap_or_default().to_owned()));
    }
    if let Some(name) = after("Failed to resolve hostname '") {
        return Some(Said::Unresolved(name.trim_end_matches('\'').to_owned()));
    }
    if let Some(maker) = maker(message) {
        return Some(maker);
    }
    if message.starts_with(b"oO0OoO0OoO0Oo") && message.ends_with(b"oO0OoO0OoO0Oo") {
        return Some(Said::Started);
    }
    if message.starts_with(b"Received SIG") || message.starts_with(b"User requested shutdown") {
        return Some(Said::Stopped);
    }
    if message.starts_with(b"WARNING: Sentinel was not able to save the new configuration on disk") {
        return Some(Said::NotSaved);
    }
    None
}

/// What program it is: ours says so behind the line with which it speaks as another.
fn maker(message: &[u8]) -> Option<Said> {
    const OF_OTHERS: [&[u8]; 2] = [b"Redis version=", b"Valkey version="];
    if message.starts_with(b"Next failover delay: ") {
        // `... before Sun Nov 29 11:15:57 2026`
        let words = text(message);
        let clock = words.rsplit(' ').find(|word| word.contains(':')).unwrap_or_default();
        return Some(Said::Waits(clock.to_owned()));
    }
    if message.starts_with(b"This is Watchkeeper ") {
        return Some(Said::Maker(Maker::Watchkeeper));
    }
    OF_OTHERS.iter().any(|words| message.starts_with(words)).then_some(Said::Maker(Maker::Redis))
}

/// `<peer> voted for <id> <epoch>`
fn voted(message: &[u8]) -> Option<Said> {
    let voter = message.iter().take(VOTER_MAX).position(|byte| *byte == b' ')?;
    message[voter..].strip_prefix(b" voted for ")?;
    let words = text(message);
    let (voter, rest) = words.split_once(" voted for ")?;
    let (candidate, epoch) = rest.rsplit_once(' ')?;
    let is_id = |text: &str| text.len() <= VOTER_MAX && !text.contains(' ') && !text.is_empty();
    let epoch = number(epoch).filter(|_| is_id(voter) && is_id(candidate))?;
    Some(Said::Voted { voter: voter.to_owned(), candidate: candidate.to_owned(), epoch })
}

/// The lines in which a sentinel says why not; only Watchkeeper's has them.
fn reason(message: &[u8]) -> Option<Said> {
    const BEGINNINGS: &[&str] = &[
        "Not elected for `",
        "Replica ",
        "No replica of `",
        "Election for `",
        "Failover of `",
        "No candidacy for `",
        "The old master of `",
    ];
    if !BEGINNINGS.iter().any(|words| message.starts_with(words.as_bytes())) {
        return None;
    }
    let text = text(message);
    let group = text.split('`').nth(1)?.to_owned();
    Some(Said::Reason { group, text })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event_of(message: &str) -> Event {
        match read(message.as_bytes()) {
            Read::Said(Said::Event(event)) => event,
            other @ (Read::Said(_) | Read::Other | Read::Damaged) => panic!("{message}: {other:?}"),
        }
    }

    #[test]
    fn events_are_taken_apart() {
        let event = event_of("+odown master mymaster 10.0.0.1 6379 #quorum 2/2");
        assert_eq!(event.group, "mymaster");
        assert_eq!(event.subject, Subject::Master("10.0.0.1:6379".to_owned()));
        assert_eq!(event.detail, ["#quorum", "2/2"]);
        let event = event_of("+sdown slave 10.0.0.2:6379 ::1 6379 @ mymaster 10.0.0.1 6379");
        assert_eq!(event.subject, Subject::Replica("[::1]:6379".to_owned()));
        let event = event_of("+switch-master mymaster 10.0.0.1 6379 10.0.0.2 6379");
        assert_eq!(event.detail, ["10.0.0.1:6379", "10.0.0.2:6379"]);
        assert_eq!(event_of("+tilt #tilt mode entered").group, "");
        assert_eq!(event_of("+new-epoch 7").detail, ["7"]);
    }

    #[test]
    fn damaged_events_are_told_from_other_lines() {
        for message in [
            "+sdown",
            "+sdown master mym",
            "+new-epoch x",
            "+switch-master m 1 2",
            "+nonsense x",
            "-odown slave a b c",
        ] {
            assert_eq!(read(message.as_bytes()), Read::Damaged, "{message}");
        }
        for message in ["", "+", "Configuration loaded", "- x", "\u{7f}"] {
            assert_eq!(read(message.as_bytes()), Read::Other, "{message}");
        }
    }

    #[test]
    fn the_other_lines_that_help() {
        let said = |message: &str| match read(message.as_bytes()) {
            Read::Said(said) => said,
            other @ (Read::Other | Read::Damaged) => panic!("{message}: {other:?}"),
        };
        assert_eq!(
            said("aa voted for bb 3"),
            Said::Voted { voter: "aa".to_owned(), candidate: "bb".to_owned(), epoch: 3 }
        );
        assert_eq!(said("Sentinel ID is aa"), Said::Id("aa".to_owned()));
        assert_eq!(said("Sentinel runid is aa"), Said::Id("aa".to_owned()));
        assert_eq!(said("Executing user requested FAILOVER of 'm'"), Said::Asked("m".to_owned()));
        assert_eq!(
            said("TILT because the process did not run for 4000 ms: watching on, acting on nothing"),
            Said::TiltCause("the process did not run for 4000 ms".to_owned())
        );
        let text = "Replica 10.0.0.2:6379 of `m` cannot be promoted: it is down".to_owned();
        assert_eq!(said(&text), Said::Reason { group: "m".to_owned(), text });
    }
}
