//! `watchkeeper explain --follow`: waits for logs to grow. Files are looked at a few times a second, streams are read by
//! threads of their own, and whatever comes is told by one loop, which ends with the last stream or by a signal.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::super::lang::Lang;
use super::tail::{Grown, Tail};
use super::{NOTHING, TOLD, say, unreadable, year};
use crate::explain::{Follow, Log, Now};

/// Files are looked at so often.
const LOOK: Duration = Duration::from_millis(200);
/// Read at once from a stream, in bytes.
const CHUNK: usize = 64 * 1024;
/// Pieces of streams that wait to be told.
const PIECES: usize = 16;

/// What the loop is woken by.
enum Heard {
    Bytes(usize, Vec<u8>),
    Ended(usize),
    Failed(usize, io::Error),
    Stop,
}

/// Where a log comes from.
enum Origin {
    File(Tail),
    Stream,
}

/// Follows until the end, and says with which status.
pub(super) fn run(words: &[OsString], json: bool, lang: Lang) -> anyhow::Result<i32> {
    let names: Vec<String> = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let refuse = |at: usize, error: io::Error| anyhow::anyhow!(unreadable(&names[at], &error, lang));
    let (tell, heard) = mpsc::sync_channel(PIECES);
    stop_by_signal(tell.clone())?;
    let mut origins = Vec::new();
    let mut logs = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let origin = origin(at, word, &tell).map_err(|error| refuse(at, error))?;
        logs.push(history(word, &names[at], &origin));
        origins.push(origin);
    }
    let began = Instant::now();
    let read = Follow::begin(&logs, json, lang);
    let mut follow = read.map_err(|why| anyhow::anyhow!(unreadable(&why.name, &why.error, lang)))?;
    let mut streams = origins.iter().filter(|origin| matches!(origin, Origin::Stream)).count();
    let mut listened_to = say(follow.opening(now(began)), lang)?;
    while listened_to {
        match heard.recv_timeout(LOOK) {
            Ok(Heard::Bytes(at, bytes)) => follow.bytes(at, &bytes),
            Ok(Heard::Ended(at)) => {
                follow.line_ends(at);
                streams -= 1;
                if streams == 0 && origins.iter().all(|origin| matches!(origin, Origin::Stream)) {
                    break;
                }
            }
            Ok(Heard::Failed(at, error)) => return Err(refuse(at, error)),
            Ok(Heard::Stop) | Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {}
        }
        for (at, origin) in origins.iter_mut().enumerate() {
            let Origin::File(tail) = origin else { continue };
            let grown = tail.poll(|grown| match grown {
                Grown::By(bytes) => follow.bytes(at, bytes),
                Grown::Ended => follow.line_ends(at),
            });
            grown.map_err(|error| refuse(at, error))?;
        }
        listened_to = say(follow.tell(now(began)), lang)?;
    }
    say(follow.close(now(began)), lang)?;
    Ok(if follow.only_servers() { NOTHING } else { TOLD })
}

/// The signals that end it: what is known by then is told.
fn stop_by_signal(tell: SyncSender<Heard>) -> anyhow::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM]).context("no signals can be caught")?;
    thread::spawn(move || {
        if signals.forever().next().is_some() {
            // The loop may have ended.
            let _ = tell.send(Heard::Stop);
        }
    });
    Ok(())
}

/// Opens a log; what is no file is read by a thread.
fn origin(at: usize, word: &OsStr, tell: &SyncSender<Heard>) -> io::Result<Origin> {
    let path = Path::new(word);
    if word != "-" && path.metadata()?.is_file() {
        return Tail::open(path).map(Origin::File);
    }
    let tell = tell.clone();
    if word == "-" {
        thread::spawn(move || pump(at, io::stdin(), &tell));
    } else {
        let file = File::open(path)?;
        thread::spawn(move || pump(at, file, &tell));
    }
    Ok(Origin::Stream)
}

/// Reads a stream to its end.
fn pump(at: usize, mut input: impl Read, tell: &SyncSender<Heard>) {
    let mut buffer = vec![0; CHUNK];
    loop {
        let heard = match input.read(&mut buffer) {
            Ok(0) => Heard::Ended(at),
            Ok(read) => Heard::Bytes(at, buffer[..read].to_vec()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => Heard::Failed(at, error),
        };
        let last = matches!(heard, Heard::Ended(_) | Heard::Failed(..));
        if tell.send(heard).is_err() || last {
            return;
        }
    }
}

/// What a log held when it was opened.
fn history(word: &OsStr, name: &str, origin: &Origin) -> Log {
    match origin {
        Origin::Stream => Log {
            name: name.to_owned(),
            year: None,
            open: Box::new(|| Ok(Box::new(BufReader::new(io::empty())))),
            again: true,
        },
        Origin::File(tail) => {
            let history = tail.history();
            let open = Box::new(move || Ok(Box::new(history.reader()) as Box<dyn io::BufRead>));
            Log { name: name.to_owned(), year: year(Path::new(word)), open, again: true }
        }
    }
}

/// The time by both clocks.
fn now(began: Instant) -> Now {
    let wall = jiff::Zoned::now();
    let east_ms = i64::from(wall.offset().seconds()) * 1000;
    Now {
        mono_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        wall_ms: wall.timestamp().as_millisecond() + east_ms,
    }
}
