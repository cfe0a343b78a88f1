//! What `watchkeeper events` prints, as text and as JSON: several sentinels in one stream, each event behind the time and
//! the sentinel that told it. The text is for people and leaves out some of an event; what it leaves out stays unknown.

use watchkeeper_core::event::{EventKind, by_name};

use super::line::plain;
use super::said::{self, Event, Subject};
use super::stamp::{Cursor, Stamp};

/// A sentinel's address is not longer, in bytes.
const SENTINEL_MAX: usize = 300;

/// A line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Heard {
    pub(super) at: When,
    pub(super) sentinel: String,
    /// nothing where a connection began or ended
    pub(super) event: Option<Event>,
}

/// When it was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    Stamp(Stamp),
    /// ms of a day that is not named
    OfDay(i64),
}

/// Reads a line of text: `16:37:01.705  10.0.0.1:26379     +odown                  mymaster 10.0.0.9:6379  ...`
pub(super) fn text(line: &[u8]) -> Option<Heard> {
    let coloured = line.first() == Some(&0x1b);
    let mut cursor = Cursor::new(line);
    if !coloured && (cursor.clock().is_none() || !cursor.rest.starts_with(b"  ")) {
        return None;
    }
    let line = plain(&String::from_utf8_lossy(line));
    let mut cursor = Cursor::new(line.as_bytes());
    let of_day = cursor.clock()?;
    let rest = line.get(line.len() - cursor.rest.len()..)?;
    let mut cells = rest.split("  ").map(str::trim).filter(|cell| !cell.is_empty());
    let sentinel = cells.next().filter(|cell| is_place(cell) && cell.len() <= SENTINEL_MAX)?.to_owned();
    let name = cells.next()?;
    let at = When::OfDay(of_day);
    if name.starts_with(['(', '（']) {
        return Some(Heard { at, sentinel, event: None });
    }
    let event = shown(by_name(name)?.kind, said::cut(cells.next().unwrap_or_default()))?;
    Some(Heard { at, sentinel, event: Some(event) })
}

/// The same from the fields of an object; without an event for a connection that began or ended.
pub(super) fn object(time: &str, sentinel: &str, event: Option<(&str, &str)>) -> Option<Heard> {
    let at = When::Stamp(Cursor::new(time.as_bytes()).iso()?);
    let sentinel = Some(plain(said::cut(sentinel))).filter(|it| is_place(it) && it.len() <= SENTINEL_MAX)?;
    let event = match event {
        Some((name, payload)) => Some(said::of_kind(by_name(name)?.kind, &plain(said::cut(payload)))?),
        None => None,
    };
    Some(Heard { at, sentinel, event })
}

/// `host:port`
fn is_place(word: &str) -> bool {
    let port = word.rsplit_once(':').filter(|(host, _)| !host.is_empty()).map_or("", |(_, port)| port);
    !word.contains(char::is_whitespace)
        && (1..=5).contains(&port.len())
        && port.bytes().all(|byte| byte.is_ascii_digit())
}

/// An event by the words that tell whom it is about: `mymaster 10.0.0.9:6379`, `replica 10.0.0.8:6379 (mymaster)`,
/// `842b383b 10.0.0.1:26379`. A group that is not named stays empty.
fn shown(kind: EventKind, about: &str) -> Option<Event> {
    let about = about.replace('（', " (").replace('）', ") ");
    let mut words: Vec<&str> = about.split_whitespace().collect();
    let named = words.iter().position(|word| word.starts_with('(') && word.ends_with(')') && word.len() > 2);
    let named = named.map(|at| words.remove(at)).map(|word| word[1..word.len() - 1].to_owned());
    let role = words.first().and_then(|word| Role::named(word)).filter(|_| words.len() > 1);
    if role.is_some() {
        words.remove(0);
    }
    let all = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    if matches!(kind, EventKind::NewEpoch | EventKind::VoteForLeader) || said::of_the_process(kind) {
        return said::of_kind(kind, &words.join(" "));
    }
    if kind == EventKind::SwitchMaster {
        let at = words.iter().position(|word| matches!(*word, "→" | "->"))?;
        let (from, to) = (words.get(at.checked_sub(1)?)?, words.get(at + 1)?);
        let group = named.or_else(|| Some((*words.get(at.checked_sub(2)?)?).to_owned()))?;
        let detail = all(&[from, to]);
        return Some(Event { kind, group, subject: Subject::Nobody, of: String::new(), detail });
    }
    let at = words.iter().position(|word| is_place(word))?;
    let place = words[at].to_owned();
    let before = at.checked_sub(1).map(|at| words[at]);
    let (group, subject) = match (role.unwrap_or_else(|| Role::guessed(kind, before)), before) {
        (Role::Master, before) => (named.or_else(|| before.map(str::to_owned))?, Subject::Master(place)),
        (Role::Replica, _) => (named.unwrap_or_default(), Subject::Replica(place)),
        (Role::Sentinel, before) => {
            let id = before.map_or_else(|| place.clone(), str::to_owned);
            (named.unwrap_or_default(), Subject::Sentinel { id, at: place })
        }
    };
    Some(Event { kind, group, subject, of: String::new(), detail: all(&words[at + 1..]) })
}

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Master,
    Replica,
    Sentinel,
}

impl Role {
    fn named(word: &str) -> Option<Role> {
        match word {
            "master" | "主节点" => Some(Role::Master),
            "replica" | "slave" | "副本" => Some(Role::Replica),
            "sentinel" | "哨兵" => Some(Role::Sentinel),
            _ => None,
        }
    }

    /// By what stands before the address: nothing, the beginning of an id, or a group.
    fn guessed(kind: EventKind, before: Option<&str>) -> Role {
        const OF_SENTINELS: &[EventKind] =
            &[EventKind::Sentinel, EventKind::ConfigUpdateFrom, EventKind::DupSentinel];
        let is_id = |word: &str| word.len() == 8 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
        match before {
            None => Role::Replica,
            Some(word) if OF_SENTINELS.contains(&kind) || is_id(word) || is_place(word) => Role::Sentinel,
            Some(_) => Role::Master,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(line: &str) -> Event {
        text(line.as_bytes()).unwrap_or_else(|| panic!("{line}")).event.unwrap()
    }

    #[test]
    fn lines_are_read_with_and_without_roles_and_in_both_languages() {
        let front = "16:37:01.705  10.0.0.1:26379     +sdown                  ";
        let master = Subject::Master("10.0.0.9:6379".to_owned());
        let replica = Subject::Replica("10.0.0.8:6379".to_owned());
        let sentinel = Subject::Sentinel { id: "842b383b".to_owned(), at: "10.0.0.2:26379".to_owned() };
        for (about, group, subject) in [
            ("m 10.0.0.9:6379       not answering", "m", &master),
            ("master m 10.0.0.9:6379  得不到应答", "m", &master),
            ("主节点 10.0.0.9:6379（m）  得不到应答", "m", &master),
            ("10.0.0.8:6379         not answering", "", &replica),
            ("replica 10.0.0.8:6379 (m)  not answering", "m", &replica),
            ("副本 10.0.0.8:6379（m）  得不到应答", "m", &replica),
            ("842b383b 10.0.0.2:26379  not answering", "", &sentinel),
            ("sentinel 842b383b 10.0.0.2:26379 (m)", "m", &sentinel),
        ] {
            let event = event(&format!("{front}{about}"));
            assert_eq!((event.group.as_str(), &event.subject), (group, subject), "{about}");
        }
        let switch =
            "16:37:01.705  10.0.0.1:26379     +switch-master          m 10.0.0.9:6379 → 10.0.0.8:6379  x";
        assert_eq!(event(switch).detail, ["10.0.0.9:6379", "10.0.0.8:6379"]);
        assert_eq!(event(switch).group, "m");
        let vote = "16:37:01.705  10.0.0.1:26379     +vote-for-leader        842b383b 7              a vote";
        assert_eq!(event(vote).detail, ["842b383b", "7"]);
    }

    #[test]
    fn of_a_long_line_as_much_is_kept_as_of_a_message() {
        let long = "副".repeat(5000);
        let line = format!("16:37:01.705  10.0.0.1:26379     +sdown                  m 10.0.0.9:6379 {long}");
        assert!(event(&line).detail.concat().len() <= 400);
        let payload = format!("master m 10.0.0.9 6379 {long}");
        let heard = object("2026-11-28T16:37:01.705Z", "10.0.0.1:26379", Some(("+sdown", &payload)));
        assert!(heard.unwrap().event.unwrap().detail.concat().len() <= 400);
    }

    #[test]
    fn what_is_another_line_is_left_to_others() {
        for line in [
            "",
            "16:37:01.705",
            "16:37:01.705  x",
            "16:37:01 10.0.0.1:26379 +sdown",
            "16:37:01.705  h:1  +x  y",
        ] {
            assert_eq!(text(line.as_bytes()), None, "{line}");
        }
        let line = "16:37:01.705  10.0.0.1:26379     (listening to this sentinel)";
        assert_eq!(text(line.as_bytes()).unwrap().event, None);
    }
}
