//! Several logs read as one, in the order of time, each by its corrected clock. One entry of each log is in memory.

use std::io;

use super::book::Book;
use super::source::{Entry, Source};

/// Reads all logs into the book. `ahead` is how far the clock of each is ahead of the first, in ms.
///
/// # Errors
///
/// Reading failed; the log's number tells which.
pub(super) fn read(
    sources: &mut [Source],
    ahead: &[i64],
    zones: bool,
    book: &mut Book,
) -> Result<(), (usize, io::Error)> {
    let mut next: Vec<Option<(Option<i64>, Entry)>> = Vec::new();
    for at in 0..sources.len() {
        next.push(pull(sources, at, ahead, zones)?);
    }
    // An entry without a time comes as soon as it is read: nothing says when.
    while let Some(at) = (0..next.len())
        .filter(|at| next[*at].is_some())
        .min_by_key(|at| next[*at].as_ref().and_then(|(time, _)| *time).unwrap_or(i64::MIN))
    {
        let following = pull(sources, at, ahead, zones)?;
        if let Some((time, entry)) = std::mem::replace(&mut next[at], following) {
            book.take(at, time, &entry);
        }
    }
    Ok(())
}

type Pulled = Option<(Option<i64>, Entry)>;

fn pull(sources: &mut [Source], at: usize, ahead: &[i64], zones: bool) -> Result<Pulled, (usize, io::Error)> {
    let entry = sources[at].next().map_err(|error| (at, error))?;
    Ok(entry.map(|entry| (time(&entry, zones).map(|time| time - ahead.get(at).unwrap_or(&0)), entry)))
}

/// The time of an entry: by Greenwich if all logs name their zones, else as the wall showed it.
pub(super) fn time(entry: &Entry, zones: bool) -> Option<i64> {
    let east = i64::from(entry.zone.filter(|_| zones).unwrap_or(0)) * 60_000;
    entry.at.map(|at| at.saturating_sub(east))
}
