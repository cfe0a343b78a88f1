//! What sentinels do to the disk: how often the configuration is put in place anew, and how often they wait for the disk.

use std::fs;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

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

/// Makes the library that counts fsyncs, in this folder; `None` without a C compiler.
pub(crate) fn counter(folder: &Path) -> Option<PathBuf> {
    let (source, library) = (folder.join("count_syncs.c"), folder.join("count_syncs.so"));
    fs::write(&source, include_str!("count_syncs.c")).expect("a file can be written");
    let mut command = Command::new("cc");
    command.args(["-shared", "-fPIC", "-O2", "-o"]).arg(&library).arg(&source).stdin(Stdio::null());
    command.status().is_ok_and(|status| status.success()).then_some(library)
}

/// Has a sentinel's fsyncs counted from its start on; the length of the file is their number.
pub(crate) fn count_syncs(sentinel: &mut Daemon, counter: &Path) -> PathBuf {
    let file = sentinel.dir().join("syncs");
    let (load, to) = (format!("LD_PRELOAD={}", counter.display()), format!("SYNCS={}", file.display()));
    sentinel.run_by(&["env", &load, &to]);
    file
}

/// How many there were.
pub(crate) fn syncs_in(file: &Path) -> u64 {
    fs::metadata(file).map_or(0, |metadata| metadata.len())
}
