//! A file that grows, as log files do: it is renamed and made anew, or cut to nothing and written from the start. What it
//! holds when it is found is left to others; what is added is read from here.

use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Read at once, in bytes.
const CHUNK: usize = 64 * 1024;
/// So many of the last bytes are remembered: if they have changed, the file was written from the start.
const MARK: usize = 64;

/// What became of a file since it was read last.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Grown<'a> {
    /// these bytes were added
    By(&'a [u8]),
    /// what was the file ends here, and another goes on
    Ended,
}

/// A file that grows.
#[derive(Debug)]
pub(super) struct Tail {
    path: PathBuf,
    file: Arc<File>,
    /// read so far
    at: u64,
    mark: Vec<u8>,
    buffer: Vec<u8>,
}

impl Tail {
    /// A file, with the whole lines it has for read.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub(super) fn open(path: &Path) -> io::Result<Tail> {
        let file = Arc::new(File::open(path)?);
        let length = file.metadata()?.len();
        let mut tail = Tail { path: path.to_owned(), file, at: 0, mark: Vec::new(), buffer: vec![0; CHUNK] };
        tail.at = tail.whole_lines(length)?;
        tail.remember()?;
        Ok(tail)
    }

    /// What was there when it was opened.
    pub(super) fn history(&self) -> History {
        History { file: Arc::clone(&self.file), end: self.at }
    }

    /// Where the last line break before this place is.
    fn whole_lines(&mut self, length: u64) -> io::Result<u64> {
        let from = length.saturating_sub(CHUNK as u64);
        let last = &mut self.buffer[..(length - from) as usize];
        self.file.read_exact_at(last, from)?;
        Ok(last.iter().rposition(|byte| *byte == b'\n').map_or(from, |at| from + at as u64 + 1))
    }

    /// Reads what was added, and looks whether the name stands for another file by now.
    ///
    /// # Errors
    ///
    /// Reading failed.
    pub(super) fn poll(&mut self, mut each: impl FnMut(Grown<'_>)) -> io::Result<()> {
        self.rest(&mut each)?;
        let Ok(named) = fs::metadata(&self.path) else {
            // Renamed, and not made anew yet.
            return Ok(());
        };
        let mine = self.file.metadata()?;
        if (named.dev(), named.ino()) != (mine.dev(), mine.ino()) {
            let Ok(next) = File::open(&self.path) else { return Ok(()) };
            // The last words of the old one may have come just now.
            self.rest(&mut each)?;
            each(Grown::Ended);
            (self.file, self.at) = (Arc::new(next), 0);
            self.mark.clear();
            self.rest(&mut each)?;
        }
        Ok(())
    }

    fn rest(&mut self, each: &mut impl FnMut(Grown<'_>)) -> io::Result<()> {
        let length = self.file.metadata()?.len();
        if length == self.at {
            return Ok(());
        }
        if length < self.at || !self.is_as_remembered() {
            each(Grown::Ended);
            self.at = 0;
        }
        loop {
            let read = self.file.read_at(&mut self.buffer, self.at)?;
            if read == 0 {
                return self.remember();
            }
            self.at += read as u64;
            each(Grown::By(&self.buffer[..read]));
        }
    }

    fn remember(&mut self) -> io::Result<()> {
        let from = self.at.saturating_sub(MARK as u64);
        self.mark.resize((self.at - from) as usize, 0);
        self.file.read_exact_at(&mut self.mark, from)
    }

    fn is_as_remembered(&self) -> bool {
        let mut now = vec![0; self.mark.len()];
        let from = self.at - self.mark.len() as u64;
        self.file.read_exact_at(&mut now, from).is_ok() && now == self.mark
    }
}

/// What a file held when it was opened; it can be read more than once.
#[derive(Debug, Clone)]
pub(super) struct History {
    file: Arc<File>,
    end: u64,
}

impl History {
    /// Reads it from the beginning.
    pub(super) fn reader(&self) -> BufReader<impl Read + use<>> {
        BufReader::with_capacity(4 * CHUNK, Reader { history: self.clone(), at: 0 })
    }
}

struct Reader {
    history: History,
    at: u64,
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.history.end.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let left = left.min(buffer.len());
        let read = self.history.file.read_at(&mut buffer[..left], self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn added(tail: &mut Tail) -> String {
        let mut text = String::new();
        let each = |grown: Grown<'_>| match grown {
            Grown::By(bytes) => text += &String::from_utf8_lossy(bytes),
            Grown::Ended => text += "<ended>",
        };
        tail.poll(each).unwrap();
        text
    }

    fn add(path: &Path, text: &str) {
        let mut file = File::options().append(true).create(true).open(path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    #[test]
    fn what_is_there_is_history_and_the_rest_comes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.log");
        add(&path, "one\ntwo\nthr");
        let mut tail = Tail::open(&path).unwrap();
        let mut history = String::new();
        tail.history().reader().read_to_string(&mut history).unwrap();
        assert_eq!(history, "one\ntwo\n");
        assert_eq!(added(&mut tail), "thr");
        assert_eq!(added(&mut tail), "");
        add(&path, "ee\n");
        assert_eq!(added(&mut tail), "ee\n");
    }

    #[test]
    fn a_file_made_anew_is_followed_by_its_name() {
        let dir = tempfile::tempdir().unwrap();
        let (path, old) = (dir.path().join("x.log"), dir.path().join("x.log.1"));
        add(&path, "one\n");
        let mut tail = Tail::open(&path).unwrap();
        fs::rename(&path, &old).unwrap();
        add(&old, "late\n");
        assert_eq!(added(&mut tail), "late\n");
        add(&old, "later\n");
        add(&path, "new\n");
        assert_eq!(added(&mut tail), "later\n<ended>new\n");
        add(&path, "more\n");
        assert_eq!(added(&mut tail), "more\n");
    }

    #[test]
    fn a_file_cut_to_nothing_is_read_from_the_start() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.log");
        add(&path, "one\ntwo\n");
        let mut tail = Tail::open(&path).unwrap();
        fs::write(&path, "new\n").unwrap();
        assert_eq!(added(&mut tail), "<ended>new\n");
        // It may be longer again when it is looked at.
        fs::write(&path, "another beginning\nand more\n").unwrap();
        assert_eq!(added(&mut tail), "<ended>another beginning\nand more\n");
        fs::write(&path, "").unwrap();
        assert_eq!(added(&mut tail), "<ended>");
    }
}
