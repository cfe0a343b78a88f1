//! An event as it is told while it happens: a line for people, an object for programs.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use watchkeeper_core::Lang;
use watchkeeper_core::event::by_name;

use super::line::{Line, Tone};
use super::model::{MasterDown, SentinelState, Status};
use super::words;
use crate::ask::{Endpoint, Heard, What};
use crate::explain::{TakenApart, columns, plain, taken_apart};
use crate::json::{object, optional, quoted};

/// Columns of a sentinel's address, an event's name, whom it is about.
const WIDTHS: [usize; 3] = [17, 22, 32];
/// Replicas that are entered anew with a switch are so within this time.
const SWITCH: Duration = Duration::from_secs(1);
/// So many switches and groups that are down are kept in mind.
const REMEMBERED_MAX: usize = 10_000;
/// Of groups with longer names, and masters at longer places, nothing is kept in mind.
const GROUP_BYTES_MAX: usize = 255;

/// What was heard before, by which some events mean something else.
#[derive(Debug, Default)]
pub struct Story {
    /// the last switch of a group at a sentinel: when, and which was the master before
    switched: BTreeMap<(Endpoint, String), (Instant, String)>,
    /// whether a sentinel holds the master of a group for down with others; of those not here that is not known
    down: BTreeMap<(Endpoint, String), bool>,
    /// since when a sentinel is heard without a gap, in milliseconds since 1970
    listening: BTreeMap<Endpoint, u64>,
}

impl Story {
    /// Takes it apart, with what was heard before in mind, and keeps it in mind.
    pub fn tell<'a>(&mut self, heard: &'a Heard) -> Happened<'a> {
        let mut happened = Happened::of(heard);
        let (name, payload) = match &heard.what {
            What::Event { name, payload } => (name, payload),
            What::Connected | What::Lost(_) => {
                self.gap(heard);
                return happened;
            }
        };
        let Some(group) = happened.group().filter(|group| group.len() <= GROUP_BYTES_MAX) else {
            return happened;
        };
        let key = (heard.sentinel.clone(), group.to_owned());
        match name.as_str() {
            "+odown" => keep(&mut self.down, key, true),
            "-odown" => keep(&mut self.down, key, false),
            "+switch-master" => {
                keep(&mut self.down, key.clone(), false);
                if let [_, host, port, ..] = payload.split(' ').collect::<Vec<_>>()[..] {
                    if host.len() <= GROUP_BYTES_MAX && port.len() <= GROUP_BYTES_MAX {
                        keep(&mut self.switched, key, (heard.at, format!("{host} {port}")));
                    }
                }
            }
            // What it says of the group from here on is not what it said before.
            "+monitor" | "-monitor" | "+reset-master" => drop(self.down.remove(&key)),
            "+slave" => {
                let switch = self.switched.get(&key);
                let switch = switch.filter(|(at, _)| heard.at.saturating_duration_since(*at) < SWITCH);
                happened.sense = switch.map(|(_, old)| {
                    let it = payload.split(' ').skip(2).take(2).collect::<Vec<_>>().join(" ");
                    if it == *old { Sense::OldMaster } else { Sense::ListedAgain }
                });
            }
            "+try-failover" => {
                happened.sense = self.unless_down(&key, Sense::BeginsByHand, Sense::Begins);
            }
            "+elected-leader" => {
                happened.sense = self.unless_down(&key, Sense::LeadsByHand, Sense::Leads);
            }
            _ => {}
        }
        happened
    }

    /// This sentinel was asked for a failover of the group, and does it.
    pub fn asked(&mut self, sentinel: &Endpoint, group: &str) {
        keep(&mut self.down, (sentinel.clone(), group.to_owned()), false);
    }

    /// How it stands, of what is not known from sentinels that were heard when they were asked.
    pub fn seen(&mut self, status: &Status) {
        for group in status.groups.iter().filter(|group| group.name.len() <= GROUP_BYTES_MAX) {
            for sentinel in &group.sentinels {
                let answers = matches!(sentinel.state, SentinelState::Up | SentinelState::Tilt(_));
                let heard = self.listening.get(&sentinel.at).is_some_and(|since| *since < status.unix_ms);
                let key = (sentinel.at.clone(), group.name.clone());
                if answers && heard && !self.down.contains_key(&key) {
                    keep(&mut self.down, key, sentinel.master_down == MasterDown::Objectively);
                }
            }
        }
    }

    /// Nobody knows what it said before it was heard, or will say until it is heard again.
    fn gap(&mut self, heard: &Heard) {
        self.down.retain(|(sentinel, _), _| *sentinel != heard.sentinel);
        match heard.what {
            What::Connected => keep(&mut self.listening, heard.sentinel.clone(), heard.unix_ms),
            What::Lost(_) | What::Event { .. } => drop(self.listening.remove(&heard.sentinel)),
        }
    }

    /// What it means without an election; nothing unusual if there was one, and less if nobody knows.
    fn unless_down(&self, key: &(Endpoint, String), by_hand: Sense, unknown: Sense) -> Option<Sense> {
        match self.down.get(key) {
            Some(true) => None,
            Some(false) => Some(by_hand),
            None => Some(unknown),
        }
    }
}

/// The line with a column more. One that is too long takes its room from the blanks of the next, so that those after it
/// stand where they should; `over` is how much is still to be taken.
fn column(line: Line, tone: Tone, text: &str, width: usize, over: &mut usize) -> Line {
    let room = width.saturating_sub(*over);
    let used = columns(&plain(text));
    *over = (used + *over).saturating_sub(width);
    line.cell(tone, text, room).with(Tone::Plain, "  ")
}

/// Keeps it in mind, if there is room.
fn keep<K: Ord, V>(kept: &mut BTreeMap<K, V>, key: K, value: V) {
    if kept.len() < REMEMBERED_MAX || kept.contains_key(&key) {
        kept.insert(key, value);
    }
}

/// What an event means after what was heard before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sense {
    /// the replica is the master of before
    OldMaster,
    /// the replica was known
    ListedAgain,
    /// the master is not down, so there is no election
    BeginsByHand,
    /// nor was there one
    LeadsByHand,
    /// whether there is an election is not known
    Begins,
    /// nor whether there was one
    Leads,
}

impl Sense {
    fn brief(self, lang: Lang) -> &'static str {
        match self {
            Sense::OldMaster => lang.pick("the old master, a replica from now on", "旧主节点，从此作为副本"),
            Sense::ListedAgain => {
                lang.pick("a known replica, entered anew after the switch", "已知副本，切换后重新登记")
            }
            Sense::BeginsByHand => lang
                .pick("begins a failover; one by hand needs no votes", "开始故障转移；手工故障转移无需选票"),
            Sense::LeadsByHand => {
                lang.pick("leads; a failover by hand needs no votes", "由它主持；手工故障转移无需选票")
            }
            Sense::Begins => lang.pick("begins a failover", "开始故障转移"),
            Sense::Leads => lang.pick("leads the failover", "由它主持故障转移"),
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
        let line = Line::of(Tone::Dim, &clock.unwrap_or_default()).with(Tone::Plain, "  ");
        let mut over = 0;
        let sentinel = self.heard.sentinel.to_string();
        let line = column(line, Tone::Name, &sentinel, who, &mut over);
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
                let line = column(line, tone_of(name), name, name_width, &mut over);
                let line = column(line, Tone::Plain, &about, about_width, &mut over);
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
    fn a_long_name_does_not_move_what_comes_after_it() {
        let meaning = |name: &str| {
            let heard = heard(name, "slave h:9 h 9 @ m h 8");
            let line = Happened::of(&heard).line(&TimeZone::UTC, Lang::En).print(false);
            let brief = by_name(name).unwrap().kind.text().brief.get(Lang::En);
            line.find(brief).unwrap()
        };
        assert_eq!(meaning("+failover-state-send-slaveof-noone"), meaning("+sdown"));
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
        assert!(told("+elected-leader", "master m h 7").ends_with("leads the failover"));
        told("-odown", "master m h 7");
        assert!(
            told("+elected-leader", "master m h 7").ends_with("leads; a failover by hand needs no votes")
        );
        told("+odown", "master m h 7 #quorum 2/2");
        assert!(told("+elected-leader", "master m h 7").ends_with("has the majority: it leads"));
        told("+switch-master", "m h 7 h 8");
        assert!(told("+slave", &replica(7)).ends_with("the old master, a replica from now on"));
        assert!(told("+slave", &replica(9)).ends_with("a known replica, entered anew after the switch"));
        assert!(told("+try-failover", "master m h 8").contains("begins a failover; one by hand"));
    }

    #[test]
    fn after_a_gap_nothing_is_taken_for_done_by_hand() {
        let mut story = Story::default();
        let group = crate::live::sample::chain("m");
        let at = group.sentinels[0].at.clone();
        let said = |what| Heard { sentinel: at.clone(), at: Instant::now(), unix_ms: 5, what };
        let event = |name: &str, of: &str| {
            said(What::Event { name: name.to_owned(), payload: format!("master {of} h 7") })
        };
        let sense = |story: &mut Story| story.tell(&event("+try-failover", "m")).sense;
        assert_eq!(sense(&mut story), Some(Sense::Begins));
        story.tell(&event("-odown", "m"));
        assert_eq!(sense(&mut story), Some(Sense::BeginsByHand));
        for what in [What::Lost(crate::ask::Failure::Silent(1)), What::Connected] {
            story.tell(&said(what));
            assert_eq!(sense(&mut story), Some(Sense::Begins));
        }
        let mut status = crate::live::sample::status(vec![group]);
        status.unix_ms = 5;
        story.seen(&status);
        assert_eq!(sense(&mut story), Some(Sense::Begins), "it was perhaps not yet heard then");
        status.unix_ms = 6;
        story.seen(&status);
        assert_eq!(sense(&mut story), Some(Sense::BeginsByHand));
        story.tell(&event("+odown", &"g".repeat(256)));
        assert_eq!(story.down.len(), 1);
        story.tell(&said(What::Connected));
        assert!(story.down.is_empty());
        story.asked(&at, "m");
        assert_eq!(sense(&mut story), Some(Sense::BeginsByHand));
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
