//! An event as it is told while it happens: a line for people, an object for programs.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use watchkeeper_core::Lang;
use watchkeeper_core::event::by_name;

use super::line::{Line, Tone};
use super::words;
use crate::ask::{Endpoint, Heard, What};
use crate::explain::{TakenApart, taken_apart};
use crate::json::{object, optional, quoted};

/// Columns of a sentinel's address, an event's name, whom it is about.
const WIDTHS: [usize; 3] = [17, 22, 32];
/// Replicas that are entered anew with a switch are so within this time.
const SWITCH: Duration = Duration::from_secs(1);
/// So many switches and groups that are down are kept in mind.
const REMEMBERED_MAX: usize = 10_000;

/// What was heard before, by which some events mean something else.
#[derive(Debug, Default)]
pub struct Story {
    /// the last switch of a group at a sentinel: when, and which was the master before
    switched: BTreeMap<(Endpoint, String), (Instant, String)>,
    /// the groups whose master a sentinel holds for down with others
    down: BTreeSet<(Endpoint, String)>,
}

impl Story {
    /// Takes it apart, with what was heard before in mind, and keeps it in mind.
    pub fn tell<'a>(&mut self, heard: &'a Heard) -> Happened<'a> {
        let mut happened = Happened::of(heard);
        let What::Event { name, payload } = &heard.what else { return happened };
        let Some(group) = happened.group() else { return happened };
        let key = (heard.sentinel.clone(), group.to_owned());
        match name.as_str() {
            "+odown" if self.down.len() < REMEMBERED_MAX => drop(self.down.insert(key)),
            "-odown" => drop(self.down.remove(&key)),
            "+switch-master" => {
                self.down.remove(&key);
                if let [_, host, port, ..] = payload.split(' ').collect::<Vec<_>>()[..] {
                    let old = format!("{host} {port}");
                    if self.switched.len() < REMEMBERED_MAX || self.switched.contains_key(&key) {
                        self.switched.insert(key, (heard.at, old));
                    }
                }
            }
            "+slave" => {
                let switch = self.switched.get(&key);
                let switch = switch.filter(|(at, _)| heard.at.saturating_duration_since(*at) < SWITCH);
                happened.sense = switch.map(|(_, old)| {
                    let it = payload.split(' ').skip(2).take(2).collect::<Vec<_>>().join(" ");
                    if it == *old { Sense::OldMaster } else { Sense::ListedAgain }
                });
            }
            "+try-failover" if !self.down.contains(&key) => happened.sense = Some(Sense::Begins),
            "+elected-leader" if !self.down.contains(&key) => happened.sense = Some(Sense::LeadsAnyway),
            _ => {}
        }
        happened
    }
}

/// What an event means after what was heard before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sense {
    /// the replica is the master of before
    OldMaster,
    /// the replica was known
    ListedAgain,
    /// nothing was heard by which there is an election
    Begins,
    /// nor was there one
    LeadsAnyway,
}

impl Sense {
    fn brief(self, lang: Lang) -> &'static str {
        match self {
            Sense::OldMaster => lang.pick("the old master, a replica from now on", "旧主节点，从此作为副本"),
            Sense::ListedAgain => {
                lang.pick("a known replica, entered anew after the switch", "已知副本，切换后重新登记")
            }
            Sense::Begins => lang
                .pick("begins a failover; one by hand needs no votes", "开始故障转移；手工故障转移无需选票"),
            Sense::LeadsAnyway => {
                lang.pick("leads; a failover by hand needs no votes", "由它主持；手工故障转移无需选票")
            }
        }
    }
}

/// Something that was heard, with what it means.
#[derive(Debug)]
pub struct Happened<'a> {
    heard: &'a Heard,
    parts: Option<TakenApart>,
    sense: Option<Sense>,
}

impl<'a> Happened<'a> {
    /// Takes it apart.
    pub fn of(heard: &'a Heard) -> Happened<'a> {
        let parts = match &heard.what {
            What::Event { name, payload } => taken_apart(name, payload),
            What::Connected | What::Lost(_) => None,
        };
        Happened { heard, parts, sense: None }
    }

    /// The group it belongs to; events of a process, epochs and votes belong to none.
    pub fn group(&self) -> Option<&str> {
        self.parts.as_ref().map(|parts| parts.group.as_str()).filter(|group| !group.is_empty())
    }

    /// One line: when, who says it, what, about whom, and what that means.
    pub fn line(&self, zone: &TimeZone, lang: Lang) -> Line {
        let clock =
            i64::try_from(self.heard.unix_ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
        let clock = clock.map(|at| at.to_zoned(zone.clone()).strftime("%H:%M:%S%.3f").to_string());
        let [who, name_width, about_width] = WIDTHS;
        let line = Line::of(Tone::Dim, &clock.unwrap_or_default())
            .with(Tone::Plain, "  ")
            .cell(Tone::Name, &self.heard.sentinel.to_string(), who)
            .with(Tone::Plain, "  ");
        match &self.heard.what {
            What::Connected => {
                line.with(Tone::Dim, lang.pick("(listening to this sentinel)", "（已开始监听该哨兵）"))
            }
            What::Lost(why) => {
                let why = words::failure(why, lang);
                line.with(
                    Tone::Bad,
                    &match lang {
                        Lang::En => format!("(this sentinel can't be heard: {why}; trying again)"),
                        Lang::Zh => format!("（听不到该哨兵：{why}；正在重试）"),
                    },
                )
            }
            What::Event { name, payload } => {
                let about = self.about(payload, lang);
                let line = line.cell(tone_of(name), name, name_width).with(Tone::Plain, "  ");
                let line = line.cell(Tone::Plain, &about, about_width).with(Tone::Plain, "  ");
                line.with(Tone::Dim, self.brief(name, lang))
            }
        }
    }

    /// Whom it is about: role, place and group of a server or sentinel.
    fn about(&self, payload: &str, lang: Lang) -> String {
        let Some(parts) = &self.parts else { return payload.to_owned() };
        let (about, group) = (&parts.about, &parts.group);
        let role = match payload.split(' ').next() {
            Some("master") => lang.pick("master", "主节点"),
            Some("slave") => lang.pick("replica", "副本"),
            Some("sentinel") => lang.pick("sentinel", "哨兵"),
            Some(_) | None => return about.clone(),
        };
        if group.is_empty() || about.contains('→') {
            return about.clone();
        }
        // A master is told with its group in front.
        let at = about.strip_prefix(&format!("{group} ")).unwrap_or(about);
        match lang {
            Lang::En => format!("{role} {at} ({group})"),
            Lang::Zh => format!("{role} {at}（{group}）"),
        }
    }

    /// What it means, in a few words; nothing for one that is not known.
    fn brief(&self, event: &str, lang: Lang) -> &'static str {
        let known = || by_name(event).map_or("", |spec| spec.kind.text().brief.get(lang));
        self.sense.map_or_else(known, |sense| sense.brief(lang))
    }

    /// One object.
    pub fn json(&self, lang: Lang) -> String {
        let time = i64::try_from(self.heard.unix_ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
        let mut fields = vec![
            ("time", optional(time.map(|time| quoted(&time.to_string())))),
            ("unix_ms", self.heard.unix_ms.to_string()),
            ("sentinel", quoted(&self.heard.sentinel.to_string())),
        ];
        match &self.heard.what {
            What::Connected => fields.push(("kind", quoted("connected"))),
            What::Lost(why) => {
                fields.push(("kind", quoted("lost")));
                fields.push(("reason", quoted(&words::failure(why, lang))));
            }
            What::Event { name, payload } => {
                fields.push(("kind", quoted("event")));
                fields.push(("event", quoted(name)));
                fields.push(("group", optional(self.group().map(quoted))));
                fields.push(("payload", quoted(payload)));
                let means = Some(self.brief(name, lang)).filter(|brief| !brief.is_empty());
                fields.push(("explanation", optional(means.map(quoted))));
            }
        }
        object(&fields)
    }
}

fn tone_of(event: &str) -> Tone {
    match event {
        "+sdown" | "+odown" | "+tilt" => Tone::Bad,
        "-sdown" | "-odown" | "-tilt" | "+promoted-slave" | "+failover-end" | "+switch-master" => Tone::Good,
        name if name.starts_with("-failover-abort") => Tone::Bad,
        _ => Tone::Warn,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(name: &str, payload: &str) -> Heard {
        Heard {
            sentinel: Endpoint::new("10.0.0.1", 26379),
            at: Instant::now(),
            unix_ms: 1_795_398_390_111,
            what: What::Event { name: name.to_owned(), payload: payload.to_owned() },
        }
    }

    #[test]
    fn an_event_is_a_line_with_its_meaning() {
        let heard = heard("+odown", "master mymaster 10.0.0.9 6379 #quorum 2/2");
        let happened = Happened::of(&heard);
        assert_eq!(happened.group(), Some("mymaster"));
        let line = happened.line(&TimeZone::UTC, Lang::En).print(false);
        assert!(
            line.contains("  10.0.0.1:26379     +odown                  master 10.0.0.9:6379 (mymaster)  "),
            "{line}"
        );
        let chinese = happened.line(&TimeZone::UTC, Lang::Zh).print(false);
        assert_ne!(line, chinese);
        assert!(happened.json(Lang::En).contains(
            r#""kind":"event","event":"+odown","group":"mymaster","payload":"master mymaster 10.0.0.9 6379 #quorum 2/2""#
        ));
    }

    #[test]
    fn what_was_heard_before_tells_what_an_event_means() {
        let mut story = Story::default();
        let mut told = |name: &str, payload: &str| {
            let heard = heard(name, payload);
            story.tell(&heard).line(&TimeZone::UTC, Lang::En).print(false)
        };
        let replica = |port: u16| format!("slave h:{port} h {port} @ m h 8");
        assert!(
            told("+slave", &replica(9))
                .ends_with("replica h:9 (m)                   a replica it did not know")
        );
        assert!(
            told("+elected-leader", "master m h 7").ends_with("leads; a failover by hand needs no votes")
        );
        told("+odown", "master m h 7 #quorum 2/2");
        assert!(told("+elected-leader", "master m h 7").ends_with("has the majority: it leads"));
        told("+switch-master", "m h 7 h 8");
        assert!(told("+slave", &replica(7)).ends_with("the old master, a replica from now on"));
        assert!(told("+slave", &replica(9)).ends_with("a known replica, entered anew after the switch"));
        assert!(told("+try-failover", "master m h 8").contains("begins a failover"));
    }

    #[test]
    fn an_event_never_heard_of_and_control_characters_are_shown_as_text() {
        let heard = heard("+strange", "a\x1b[2Jb");
        let happened = Happened::of(&heard);
        assert_eq!(happened.group(), None);
        let line = happened.line(&TimeZone::UTC, Lang::En).print(false);
        assert!(line.ends_with("+strange                ab"), "{line}");
        assert!(!happened.json(Lang::En).contains('\x1b'));
    }
}
