//! Where finished log lines are written: standard output or a file that may be rotated at any time, and the system log.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use watchkeeper_core::LogLevel;
use watchkeeper_core::config::General;

use super::layout::{Kind, Layout, Record};

/// The system log's socket.
const SYSLOG: &str = "/dev/log";
/// How long a line for the system log may wait for it.
const SYSLOG_PATIENCE: Duration = Duration::from_millis(200);

/// Writes records.
#[derive(Debug)]
pub(super) struct Sink {
    layout: Layout,
    target: Target,
    syslog: Option<Syslog>,
    /// lines that could not be written since the last one that could
    lost: u64,
}

#[derive(Debug)]
enum Target {
    Stdout,
    File(LogFile),
    #[cfg(test)]
    Open(File),
}

impl Sink {
    pub(super) fn new(general: &General) -> Sink {
        let target = match general.logfile.as_str() {
            "" => Target::Stdout,
            path => Target::File(LogFile { path: path.into(), open: None }),
        };
        let syslog = general.syslog_enabled.then(|| Syslog::new(general));
        Sink { layout: Layout::new(general), target, syslog, lost: 0 }
    }

    #[cfg(test)]
    pub(super) fn to(file: File) -> Sink {
        Sink { target: Target::Open(file), ..Sink::new(&General::default()) }
    }

    /// Writes all records. What cannot be written is counted, and the count is written when writing works again.
    pub(super) fn write(&mut self, records: &[Record]) {
        let pid = std::process::id();
        let mut text = String::new();
        if self.lost > 0 {
            let report = format!("{} log lines before this one could not be written.", self.lost);
            self.layout.append(&Record::line(SystemTime::now(), LogLevel::Warning, &report), pid, &mut text);
        }
        for record in records {
            self.layout.append(record, pid, &mut text);
        }
        let written = match &mut self.target {
            Target::Stdout => write_out(&mut io::stdout().lock(), &text),
            Target::File(file) => file.current().and_then(|file| write_out(file, &text)),
            #[cfg(test)]
            Target::Open(file) => write_out(file, &text),
        };
        match written {
            Ok(()) => self.lost = 0,
            Err(_) => self.lost += records.len() as u64,
        }
        if let Some(syslog) = &mut self.syslog {
            for record in records {
                match record.kind {
                    Kind::Line(level) => {
                        let stamp = self.layout.syslog_stamp(record.at);
                        syslog.send(level, &stamp, &record.text, pid);
                    }
                    Kind::Signal => {}
                }
            }
        }
    }
}

fn write_out(out: &mut impl Write, text: &str) -> io::Result<()> {
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// A file that may be renamed or removed by others while we log to it.
#[derive(Debug)]
struct LogFile {
    path: PathBuf,
    open: Option<File>,
}

impl LogFile {
    /// The file at the path, opened anew when it is another one than before.
    fn current(&mut self) -> io::Result<&mut File> {
        let same = match (&self.open, std::fs::metadata(&self.path)) {
            (Some(open), Ok(there)) => {
                open.metadata().is_ok_and(|ours| (ours.dev(), ours.ino()) == (there.dev(), there.ino()))
            }
            _ => false,
        };
        if !same {
            self.open = None;
        }
        match &mut self.open {
            Some(file) => Ok(file),
            slot => Ok(slot.insert(open_for_append(&self.path)?)),
        }
    }
}

/// Opens a log file as every line does.
pub(in crate::daemon) fn open_for_append(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).open(path)
}

/// The system log, by its datagram socket. The daemon behind it adds the host.
#[derive(Debug)]
struct Syslog {
    ident: String,
    facility: u8,
    path: PathBuf,
    socket: Option<UnixDatagram>,
}

impl Syslog {
    fn new(general: &General) -> Syslog {
        Syslog {
            ident: general.syslog_ident.clone(),
            facility: facility(&general.syslog_facility),
            path: SYSLOG.into(),
            socket: None,
        }
    }

    /// Sends one line; lost when there is no system log.
    fn send(&mut self, level: LogLevel, stamp: &str, text: &str, pid: u32) {
        let severity = match level {
            LogLevel::Debug => 7,
            LogLevel::Verbose => 6,
            LogLevel::Notice => 5,
            LogLevel::Warning | LogLevel::Nothing => 4,
        };
        let message = format!("<{}>{stamp} {}[{pid}]: {text}", self.facility * 8 + severity, self.ident);
        let sent = self.connected().is_some_and(|socket| socket.send(message.as_bytes()).is_ok());
        if !sent {
            // It may have been restarted: once more with a new connection.
            self.socket = None;
            let _ = self.connected().map(|socket| socket.send(message.as_bytes()));
        }
    }

    fn connected(&mut self) -> Option<&UnixDatagram> {
        if self.socket.is_none() {
            let socket = UnixDatagram::unbound().ok()?;
            socket.connect(&self.path).ok()?;
            socket.set_write_timeout(Some(SYSLOG_PATIENCE)).ok()?;
            self.socket = Some(socket);
        }
        self.socket.as_ref()
    }
}

/// The number of a facility; the configuration has checked the name.
fn facility(name: &str) -> u8 {
    match name {
        "user" => 1,
        "local1" => 17,
        "local2" => 18,
        "local3" => 19,
        "local4" => 20,
        "local5" => 21,
        "local6" => 22,
        "local7" => 23,
        _ => 16,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_log_gets_level_and_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let general = General {
            syslog_enabled: true,
            syslog_ident: "keeper".into(),
            syslog_facility: "local3".into(),
            logfile: dir.path().join("file").display().to_string(),
            ..General::default()
        };
        let mut sink = Sink::new(&general);
        sink.syslog.as_mut().unwrap().path = path.clone();
        let mut buffer = [0; 200];
        let pid = std::process::id();
        // The second socket stands for a system log that was restarted.
        for _ in 0..2 {
            let _ = std::fs::remove_file(&path);
            let server = UnixDatagram::bind(&path).unwrap();
            sink.write(&[Record::line(SystemTime::now(), LogLevel::Warning, "+sdown x")]);
            let got = server.recv(&mut buffer).unwrap();
            let got = String::from_utf8_lossy(&buffer[..got]);
            assert!(got.starts_with("<156>"), "{got}");
            // 15 characters of time: `Nov 23 01:46:30`
            assert_eq!(got[5 + 15..], format!(" keeper[{pid}]: +sdown x"));
        }
    }

    #[test]
    fn lines_that_could_not_be_written_are_counted() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sub/log");
        let general = General { logfile: path.display().to_string(), ..General::default() };
        let mut sink = Sink::new(&general);
        let record = Record::line(SystemTime::now(), LogLevel::Notice, "x");
        sink.write(&[record.clone(), record.clone()]);
        std::fs::create_dir(dir.path().join("sub")).unwrap();
        sink.write(&[record]);
        let text = std::fs::read_to_string(path).unwrap();
        assert!(
            text.lines().next().unwrap().ends_with("# 2 log lines before this one could not be written.")
        );
        assert!(text.lines().nth(1).unwrap().ends_with("* x"));
    }
}
