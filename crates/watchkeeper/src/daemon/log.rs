//! Where log lines go: standard output or a file, and the system log, in the format operators and tools already read.
//!
//! Whoever logs never waits for a slow disk or a pipe nobody reads: lines go into a bounded queue that a thread
//! empties; when it is full, lines are dropped and counted, and the count is logged. Before the process has found its
//! place (it may still fork) there is no thread, and lines are written at once. What is logged, and at which level,
//! is left to the callers.

mod layout;
mod sink;

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use watchkeeper_core::LogLevel;
use watchkeeper_core::config::General;

use layout::Record;
use sink::Sink;

pub(super) use sink::open_for_append;

/// Lines that may wait to be written; with 1 KiB a line at most 8 MiB.
const QUEUE_LINES: usize = 8192;

/// Writes log lines. Shared through an [`Arc`] by everything that logs.
#[derive(Debug)]
pub struct Logger {
    level: AtomicU8,
    inner: Mutex<Inner>,
    /// something to write
    filled: Condvar,
    /// everything written
    drained: Condvar,
}

#[derive(Debug)]
struct Inner {
    /// where to write while there is no thread
    sink: Option<Sink>,
    queue: VecDeque<Record>,
    /// the thread is writing what it took from the queue
    writing: bool,
    /// lines dropped since the last report
    dropped: u64,
}

impl Logger {
    /// A logger as the configuration says. The file is opened with the first line.
    pub fn new(general: &General) -> Arc<Logger> {
        Logger::with_sink(general.loglevel, Sink::new(general))
    }

    /// A logger that writes lines of `level` and graver to standard output.
    pub fn stdout(level: LogLevel) -> Arc<Logger> {
        Logger::new(&General { loglevel: level, ..General::default() })
    }

    fn with_sink(level: LogLevel, sink: Sink) -> Arc<Logger> {
        let inner = Inner { sink: Some(sink), queue: VecDeque::new(), writing: false, dropped: 0 };
        Arc::new(Logger {
            level: AtomicU8::new(level as u8),
            inner: Mutex::new(inner),
            filled: Condvar::new(),
            drained: Condvar::new(),
        })
    }

    /// From here on a thread writes. To be called once, after the process has forked for the last time.
    ///
    /// # Errors
    ///
    /// The thread cannot be started; lines go on being written at once.
    pub fn start_writer(self: &Arc<Self>) -> io::Result<()> {
        let sink = self.lock().sink.take().expect("the writer is started once");
        // A thread that cannot be started drops what it was given, so the sink travels by a shared slot.
        let slot = Arc::new(Mutex::new(Some(sink)));
        let (logger, taken) = (Arc::clone(self), Arc::clone(&slot));
        let started = std::thread::Builder::new().name("log".into()).spawn(move || {
            let sink = taken.lock().unwrap_or_else(PoisonError::into_inner).take();
            logger.write_for_ever(sink.expect("only this thread takes the sink"));
        });
        match started {
            Ok(_) => Ok(()),
            Err(error) => {
                self.lock().sink = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
                Err(error)
            }
        }
    }

    /// Writes one line. Never waits for the disk or a reader once [`Logger::start_writer`] has been called.
    pub fn line(&self, level: LogLevel, text: &str) {
        if self.is_logged(level) {
            self.put(Record::line(SystemTime::now(), level, text));
        }
    }

    /// Writes a line of the signal handler, which has a format of its own: process, time in seconds, text.
    pub fn signal_line(&self, text: &str) {
        if self.is_logged(LogLevel::Warning) {
            self.put(Record::signal(SystemTime::now(), text));
        }
    }

    /// Changes what is written.
    pub fn set_level(&self, level: LogLevel) {
        self.level.store(level as u8, Ordering::Relaxed);
    }

    /// Waits until everything is written, at most `patience`. Whether it was.
    pub fn flush(&self, patience: Duration) -> bool {
        let until = Instant::now() + patience;
        let mut inner = self.lock();
        while inner.writing || !inner.queue.is_empty() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            inner = self.drained.wait_timeout(inner, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    fn is_logged(&self, level: LogLevel) -> bool {
        level as u8 >= self.level.load(Ordering::Relaxed)
    }

    fn put(&self, record: Record) {
        let mut inner = self.lock();
        if let Some(sink) = &mut inner.sink {
            sink.write(&[record]);
        } else if inner.queue.len() >= QUEUE_LINES {
            inner.dropped += 1;
        } else {
            inner.queue.push_back(record);
            self.filled.notify_one();
        }
    }

    fn write_for_ever(&self, mut sink: Sink) {
        let mut inner = self.lock();
        loop {
            while inner.queue.is_empty() {
                inner.writing = false;
                self.drained.notify_all();
                inner = self.filled.wait(inner).unwrap_or_else(PoisonError::into_inner);
            }
            let mut batch: Vec<Record> = inner.queue.drain(..).collect();
            let dropped = std::mem::take(&mut inner.dropped);
            inner.writing = true;
            drop(inner);
            if dropped > 0 {
                let text =
                    format!("{dropped} log lines were dropped here: whoever reads the log is too slow.");
                batch.push(Record::line(SystemTime::now(), LogLevel::Warning, &text));
            }
            sink.write(&batch);
            inner = self.lock();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic elsewhere must not silence the log.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Read;

    use super::*;

    fn to_file(path: &std::path::Path, level: LogLevel) -> Arc<Logger> {
        let logfile = path.to_str().unwrap().to_string();
        Logger::new(&General { logfile, loglevel: level, ..General::default() })
    }

    fn texts(path: &std::path::Path) -> Vec<String> {
        let text = fs::read_to_string(path).unwrap_or_default();
        text.lines().map(|line| line.splitn(7, ' ').skip(5).collect::<Vec<_>>().join(" ")).collect()
    }

    #[test]
    fn lines_below_the_level_are_left_out_and_the_level_can_change() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let log = to_file(&path, LogLevel::Notice);
        log.line(LogLevel::Verbose, "no");
        log.line(LogLevel::Notice, "one");
        log.set_level(LogLevel::Debug);
        log.line(LogLevel::Debug, "two");
        log.set_level(LogLevel::Nothing);
        log.line(LogLevel::Warning, "no");
        log.signal_line("no");
        assert_eq!(texts(&path), ["* one", ". two"]);
    }

    #[test]
    fn a_rotated_file_is_left_and_a_new_one_begun() {
        let dir = tempfile::tempdir().unwrap();
        let (path, old) = (dir.path().join("log"), dir.path().join("log.1"));
        let log = to_file(&path, LogLevel::Notice);
        log.start_writer().unwrap();
        log.line(LogLevel::Notice, "before");
        assert!(log.flush(Duration::from_secs(10)));
        fs::rename(&path, &old).unwrap();
        log.line(LogLevel::Notice, "after");
        assert!(log.flush(Duration::from_secs(10)));
        assert_eq!((texts(&old), texts(&path)), (vec!["* before".to_string()], vec!["* after".to_string()]));
    }

    #[test]
    fn a_reader_that_does_not_read_costs_lines_not_time() {
        let (reader, writer) = rustix::pipe::pipe().unwrap();
        let log = Logger::with_sink(LogLevel::Notice, Sink::to(fs::File::from(writer)));
        log.start_writer().unwrap();
        // More than the pipe, the batch under way and the queue can hold.
        let line = "x".repeat(1000);
        for _ in 0..3 * QUEUE_LINES {
            log.line(LogLevel::Notice, &line);
        }
        assert!(log.lock().dropped > 0);
        assert!(log.lock().queue.len() <= QUEUE_LINES);
        assert!(!log.flush(Duration::from_millis(1)));
        // The reader comes back: it learns how much it missed.
        let mut file = fs::File::from(reader);
        let mut seen: Vec<u8> = Vec::new();
        let report = b"log lines were dropped here";
        let mut buffer = vec![0; 1 << 16];
        while !seen.windows(report.len()).any(|part| part == report) {
            let got = file.read(&mut buffer).unwrap();
            // The report may lie across two reads.
            seen.drain(..seen.len().saturating_sub(100));
            seen.extend(&buffer[..got]);
        }
    }
}
