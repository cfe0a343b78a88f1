//! What sentinels do to the disk: how often the configuration is put in place anew, and how often they wait for the disk.

use std::fs;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::Command;

use rustix::fs::inotify;
use watchkeeper_conformance::Daemon;

/// Counts renames onto configuration files.
#[derive(Debug)]
pub(crate) struct Rewrites {
    queue: OwnedFd,
}

impl Rewrites {
    /// Of these, from now on.
    pub(crate) fn count<'a>(sentinels: impl IntoIterator<Item = &'a Daemon>) -> Rewrites {
        let flags = inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK;
        let queue = inotify::init(flags).expect("directories can be watched");
        for sentinel in sentinels {
            inotify::add_watch(&queue, sentinel.dir(), inotify::WatchFlags::MOVED_TO)
                .expect("a directory can be watched");
        }
        Rewrites { queue }
    }

    /// How many there were.
    pub(crate) fn so_far(&self) -> usize {
        let mut buffer = [MaybeUninit::uninit(); 16 * 1024];
        let mut events = inotify::Reader::new(&self.queue, &mut buffer);
        let mut count = 0;
        while let Ok(event) = events.next() {
            let name = event.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            count += usize::from(name == "daemon.conf");
        }
        count
    }
}

/// Has a sentinel counted by strace, which looks at these calls only and leaves all others at their full speed. `None` when
/// strace cannot do that here.
pub(crate) fn count_syncs(sentinel: &mut Daemon) -> Option<PathBuf> {
    let file = sentinel.dir().join("strace");
    let words = ["strace", "-D", "-f", "--seccomp-bpf", "-qq", "-c", "-e", "trace=fsync,fdatasync"];
    let tried = Command::new("strace").args(&words[2..]).args(["-o", "/dev/null", "true"]).output();
    if !tried.is_ok_and(|tried| tried.status.success()) {
        return None;
    }
    sentinel.run_by(&[words.as_slice(), &["-o", &file.to_string_lossy()]].concat());
    Some(file)
}

/// Calls counted in a file of [`count_syncs`], whose sentinel has ended.
pub(crate) fn syncs_in(file: &PathBuf) -> usize {
    // % time, seconds, usecs/call, calls, errors, name; errors may be missing
    let text = fs::read_to_string(file).unwrap_or_default();
    let lines = text.lines().filter(|line| line.ends_with("sync"));
    lines.filter_map(|line| line.split_whitespace().nth(3)?.parse::<usize>().ok()).sum()
}
