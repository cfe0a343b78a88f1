//! Who is there to be named in a scenario, and the ways to name them. Names that depend on what has happened (the
//! master, the leader) are only resolved when a step is played.

use watchkeeper_core::nearest::nearest;

use crate::setup::Setup;

use super::words::{Word, Wrong};

/// What kind of process a step is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Any,
    Server,
    Sentinel,
}

impl Kind {
    /// For "expected ...".
    pub(crate) fn wanted(self) -> &'static str {
        match self {
            Kind::Any => "a process such as `redis-1`, `sent-1`, `master`, `the leader`",
            Kind::Server => "a server such as `redis-1`, `master`",
            Kind::Sentinel => "a sentinel such as `sent-1`, `the leader`",
        }
    }
}

/// One way to name processes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Pick {
    /// by its name
    Name(String),
    /// the server that most sentinels hold for the master of a group (by its number)
    Master(usize),
    /// the other servers of the first group
    Replicas,
    /// every sentinel
    Sentinels,
    /// every server
    Servers,
    /// the sentinel elected last
    Leader,
    /// the sentinel that tried last to start a failover
    Candidate,
    /// whoever emitted the event that the step waited for
    It,
}

/// Names, in the order they were written.
pub(crate) type Who = Vec<Pick>;

/// The names a world gives.
#[derive(Debug, Clone, Default)]
pub(crate) struct Roster {
    pub(crate) groups: usize,
    pub(crate) servers: Vec<String>,
    pub(crate) sentinels: Vec<String>,
    pub(crate) writers: Vec<String>,
}

impl Roster {
    pub(crate) fn of(setup: &Setup) -> Roster {
        let server = |g: usize, n: usize| match g {
            0 => format!("redis-{}", n + 1),
            _ => format!("redis-{g}.{}", n + 1),
        };
        let servers = (0..setup.groups).flat_map(|g| (0..setup.servers).map(move |n| server(g, n)));
        Roster {
            groups: setup.groups,
            servers: servers.collect(),
            sentinels: (1..=setup.sentinels.len()).map(|n| format!("sent-{n}")).collect(),
            writers: (1..=setup.groups * setup.writers).map(|n| format!("writer-{n}")).collect(),
        }
    }

    /// Reads one or more names (only one if not `many`) from the words; how many words they took.
    pub(crate) fn read(&self, words: &[Word], kind: Kind, many: bool) -> Result<(Who, usize), Wrong> {
        let mut who = Vec::new();
        let mut taken = 0;
        loop {
            let (pick, length) = self.read_one(words.get(taken..).unwrap_or(&[]), kind, many)?;
            who.push(pick);
            taken += length;
            let joined = words.get(taken).is_some_and(|word| matches!(word.text.as_str(), "," | "and"));
            if !many || !joined {
                return Ok((who, taken));
            }
            taken += 1;
        }
    }

    fn read_one(&self, words: &[Word], kind: Kind, many: bool) -> Result<(Pick, usize), Wrong> {
        let text = |index: usize| words.get(index).map_or("", |word| word.text.as_str());
        let skip = usize::from(text(0) == "the");
        let (one, two, three) = (text(skip), text(skip + 1), text(skip + 2));
        let (sentinel, server) = (kind != Kind::Server, kind != Kind::Sentinel);
        let found = match one {
            "leader" if sentinel => (Pick::Leader, 1),
            "candidate" if sentinel => (Pick::Candidate, 1),
            "it" if sentinel => (Pick::It, 1),
            "master" if server && two == "of" => (Pick::Master(self.group(three, words, skip + 2)?), 3),
            "master" if server => (Pick::Master(0), 1),
            "replicas" if server && many => (Pick::Replicas, 1),
            "all" | "every" if many => match two.trim_end_matches('s') {
                "sentinel" if sentinel => (Pick::Sentinels, 2),
                "server" if server => (Pick::Servers, 2),
                "replica" if server => (Pick::Replicas, 2),
                _ => return Err(self.unknown(two, words, skip + 1, kind)),
            },
            _ if self.known(one, kind) => (Pick::Name(one.to_owned()), 1),
            _ => return Err(self.unknown(one, words, skip, kind)),
        };
        Ok((found.0, found.1 + skip))
    }

    /// The number of the group with this name.
    pub(crate) fn group(&self, name: &str, words: &[Word], index: usize) -> Result<usize, Wrong> {
        let found = (0..self.groups).find(|g| crate::setup::group_name(*g) == name);
        found.ok_or_else(|| {
            let names: Vec<String> =
                (0..self.groups).map(|g| format!("`{}`", crate::setup::group_name(g))).collect();
            Wrong {
                column: column(words, index),
                what: format!("there is no group `{name}`"),
                hint: format!("groups of this world: {}", names.join(", ")),
            }
        })
    }

    fn known(&self, name: &str, kind: Kind) -> bool {
        self.names(kind).any(|known| known == name)
    }

    fn names(&self, kind: Kind) -> impl Iterator<Item = &str> {
        let servers = self.servers.iter().filter(move |_| kind != Kind::Sentinel);
        let sentinels = self.sentinels.iter().filter(move |_| kind != Kind::Server);
        let writers = self.writers.iter().filter(move |_| kind == Kind::Any);
        servers.chain(sentinels).chain(writers).map(String::as_str)
    }

    fn unknown(&self, name: &str, words: &[Word], index: usize, kind: Kind) -> Wrong {
        let found = match name {
            "" => "the end of the line".to_owned(),
            _ => format!("`{name}`"),
        };
        let names: Vec<&str> = self.names(kind).collect();
        let shown = match names.len() {
            0..=12 => names.join(", "),
            many => format!("{} ... {}, {many} in all", names[0], names[many - 1]),
        };
        let like = nearest(name, self.names(kind)).map(|name| format!("; did you mean `{name}`?"));
        Wrong {
            column: column(words, index),
            what: format!("expected {}, found {found}", kind.wanted()),
            hint: format!("this world has {shown}{}", like.unwrap_or_default()),
        }
    }
}

/// Where a word is, or where it would be after the last one.
pub(crate) fn column(words: &[Word], index: usize) -> usize {
    let after = words.last().map_or(1, |word| word.column + word.text.chars().count() + 1);
    words.get(index).map_or(after, |word| word.column)
}
