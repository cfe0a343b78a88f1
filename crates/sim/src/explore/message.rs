//! What travels between two sentinels, or from one to a data server: each different message once, known by a small number.

use std::collections::BTreeMap;

use watchkeeper_resp::Frame;

/// A message, or what becomes of the connection it would travel on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Message {
    /// the connection was opened
    Connected,
    /// a command of the one who opened it
    Command(Vec<Vec<u8>>),
    /// several commands to a data server
    Commands(Vec<Vec<Vec<u8>>>),
    /// closed by the one who opened it, or with its process
    Gone,
    /// an answer to a command
    Answer(Frame),
    /// an answer to a question without a candidacy
    Told(Frame),
    /// several answers, which come together
    Answers(Vec<Frame>),
    /// closed by the other side: nothing more comes
    Down,
}

impl Message {
    /// Whether it says nothing that an election depends on, so that its place among other events does not matter. Once all
    /// have agreed that the master is down, what they ask each other about it is of that kind.
    pub(crate) fn is_routine(&self, agreed: bool) -> bool {
        match self {
            Message::Connected | Message::Gone => true,
            Message::Command(argv) => is_routine(argv) || (agreed && is_question(argv)),
            Message::Told(_) => agreed,
            Message::Answer(Frame::Simple(_) | Frame::Integer(_)) => true,
            Message::Commands(_) | Message::Answer(_) | Message::Answers(_) | Message::Down => false,
        }
    }

    /// In words.
    pub(crate) fn text(&self) -> String {
        match self {
            Message::Connected => "connection".to_owned(),
            Message::Command(argv) => words(argv),
            Message::Commands(commands) => format!("{} commands", commands.len()),
            Message::Gone => "end of the connection".to_owned(),
            Message::Answer(frame) | Message::Told(frame) => frame_text(frame),
            Message::Answers(frames) => format!("{} answers", frames.len()),
            Message::Down => "end of the connection".to_owned(),
        }
    }
}

/// A PING, or who is speaking.
pub(crate) fn is_routine(argv: &[Vec<u8>]) -> bool {
    argv.first()
        .is_some_and(|name| name.eq_ignore_ascii_case(b"PING") || name.eq_ignore_ascii_case(b"CLIENT"))
}

/// A question about the master without a candidacy.
pub(crate) fn is_question(argv: &[Vec<u8>]) -> bool {
    ask(argv).is_some_and(|(_, id)| id == b"*")
}

/// A request for the view of the master, and perhaps for a vote: its epoch and the candidate's id or `*`.
pub(crate) fn ask(argv: &[Vec<u8>]) -> Option<(u64, &[u8])> {
    let [_, word, _, _, epoch, id] = argv else { return None };
    if !word.eq_ignore_ascii_case(b"is-master-down-by-addr") {
        return None;
    }
    Some((std::str::from_utf8(epoch).ok()?.parse().ok()?, id))
}

/// A vote: who has it, and of which epoch.
pub(crate) fn vote(frame: &Frame) -> Option<(u64, &[u8])> {
    let Frame::Array(items) = frame else { return None };
    let [Frame::Integer(_), Frame::Bulk(id), Frame::Integer(epoch)] = &items[..] else { return None };
    (id != b"*").then_some(()).and(u64::try_from(*epoch).ok()).map(|epoch| (epoch, &id[..]))
}

/// The configuration epoch of a hello.
pub(crate) fn hello_epoch(argv: &[Vec<u8>]) -> Option<u64> {
    let [name, _, payload] = argv else { return None };
    if !name.eq_ignore_ascii_case(b"PUBLISH") {
        return None;
    }
    std::str::from_utf8(payload).ok()?.rsplit(',').next()?.parse().ok()
}

fn words(argv: &[Vec<u8>]) -> String {
    if let Some((epoch, id)) = ask(argv) {
        return match super::local::sentinel_named(id) {
            Some(candidate) => {
                format!("request for a vote for {} in epoch {epoch}", super::local::letter(candidate))
            }
            None => "question about the master".to_owned(),
        };
    }
    if let Some(epoch) = hello_epoch(argv) {
        return format!("hello with the configuration of epoch {epoch}");
    }
    argv.iter().map(|word| String::from_utf8_lossy(word)).collect::<Vec<_>>().join(" ")
}

fn frame_text(frame: &Frame) -> String {
    let Frame::Array(items) = frame else { return format!("answer {frame:?}") };
    let [Frame::Integer(down), _, Frame::Integer(epoch)] = &items[..] else {
        return format!("answer {frame:?}");
    };
    let down = if *down == 1 { "down" } else { "not down" };
    let voted = vote(frame).and_then(|(_, id)| super::local::sentinel_named(id));
    match voted {
        Some(leader) => format!("answer: {down}, vote for {} in epoch {epoch}", super::local::letter(leader)),
        None => format!("answer: {down}, no vote"),
    }
}

/// The messages met so far.
#[derive(Debug, Default)]
pub(crate) struct Messages {
    all: Vec<Message>,
    ids: BTreeMap<String, u16>,
}

impl Messages {
    /// The number of a message.
    pub(crate) fn id(&mut self, message: Message) -> u16 {
        let key = format!("{message:?}");
        if let Some(id) = self.ids.get(&key) {
            return *id;
        }
        let id = u16::try_from(self.all.len()).expect("a bounded election has less than 65536 messages");
        self.all.push(message);
        self.ids.insert(key, id);
        id
    }

    /// All of them.
    pub(crate) fn all(&self) -> &[Message] {
        &self.all
    }

    /// The message of a number.
    pub(crate) fn get(&self, id: u16) -> &Message {
        &self.all[usize::from(id)]
    }
}
