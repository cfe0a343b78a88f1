//! A disk that takes nothing: read-only, or full. What must be remembered is refused aloud; watching goes on.
//!
//! Root may write wherever the file modes forbid it, so these tests mount small file systems of their own and need root.

use super::{SOON, Subject};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use watchkeeper_conformance::subject::is_upstream;
use watchkeeper_conformance::{Daemon, Flavour, FrameExt, Scratch, eventually};

const ID: &str = "00112233445566778899aabbccddeeff00112233";

/// A small file system in memory; unmounted when dropped.
struct Mount {
    path: PathBuf,
}

impl Mount {
    fn new(scratch: &Scratch) -> Mount {
        let path = scratch.path().join("disk");
        fs::create_dir_all(&path).unwrap();
        run("mount", &["-t", "tmpfs", "-o", "size=256k", "none", &path.to_string_lossy()]);
        Mount { path }
    }

    fn set_read_only(&self, read_only: bool) {
        let option = if read_only { "remount,ro" } else { "remount,rw" };
        run("mount", &["-o", option, &self.path.to_string_lossy()]);
    }

    fn fill(&self) -> PathBuf {
        let path = self.path.join("ballast");
        let mut file = fs::File::create(&path).unwrap();
        while file.write_all(&[0; 1024]).is_ok() {}
        path
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.path).status();
    }
}

fn run(program: &str, args: &[&str]) {
    let output = Command::new(program).args(args).output().unwrap_or_else(|e| panic!("{program}: {e}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {args:?}: {errors} (hint: these tests need root)");
}

/// A sentinel whose configuration file lies on the small disk. The mount is dropped last.
fn on_small_disk() -> (Subject, Mount) {
    let scratch = Scratch::new();
    let mount = Mount::new(&scratch);
    let steady = Daemon::server(Flavour::Redis, &scratch, "");
    let mut sentinel = Daemon::sentinel_stopped(Flavour::Ours, &scratch, &Subject::steady_lines(&steady));
    let file = mount.path.join("sentinel.conf");
    fs::write(&file, sentinel.config()).unwrap();
    // The last file named on the command line is the one that is read: replace the one the harness has put there.
    point_at(&mut sentinel, &file);
    sentinel.start();
    (Subject::over(sentinel, steady, scratch), mount)
}

/// Makes the harness's configuration path a link to another file. (A sentinel writes the file it was told, not the one
/// a link leads to, so the program is told the true path by a wrapper.)
fn point_at(sentinel: &mut Daemon, file: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let (program, name) = sentinel.flavour().sentinel();
    let program = fs::canonicalize(program).unwrap();
    let link = sentinel.dir().join(name);
    fs::remove_file(&link).unwrap();
    let script = format!("#!/bin/bash\nexec -a {name} '{}' '{}'\n", program.display(), file.display());
    fs::write(&link, script).unwrap();
    fs::set_permissions(&link, fs::Permissions::from_mode(0o755)).unwrap();
}

fn cannot_save(subject: &Subject) {
    assert_eq!(
        subject.cmd("SENTINEL FLUSHCONFIG").text(),
        "ERR Failed to save config file. Check server logs."
    );
    let set = subject.cmd("SENTINEL SET steady parallel-syncs 2").text();
    assert_eq!(set, "ERR Failed to save config file. Check server logs.");
    let said =
        |log: &str| log.contains("WARNING: Sentinel was not able to save the new configuration on disk!!!");
    eventually(SOON, "the log says why", || said(&subject.sentinel.log()));
    let port = subject.steady.port().to_string();
    let words = ["SENTINEL", "is-master-down-by-addr", "127.0.0.1", &port, "9", ID];
    let vote = subject.sentinel.conn().call(&words).items();
    if is_upstream() {
        // It votes, and after a restart it could vote again for somebody else.
        assert_eq!(vote[1].text(), ID);
    } else {
        assert_eq!(vote[1].text(), "*", "no vote without a disk to remember it");
    }
    subject.assert_undisturbed();
}

fn can_save_again(subject: &Subject, mount: &Mount) {
    eventually(SOON, "the file can be saved again", || {
        let reply = subject.cmd("SENTINEL FLUSHCONFIG").text();
        if reply == "OK" { Ok(()) } else { Err(reply) }
    });
    let text = fs::read_to_string(mount.path.join("sentinel.conf")).unwrap();
    assert!(text.contains("sentinel monitor steady 127.0.0.1"), "{text}");
    let names = fs::read_dir(&mount.path).unwrap();
    let left: Vec<_> =
        names.flatten().map(|entry| entry.file_name()).filter(|n| n != "sentinel.conf").collect();
    assert!(left.is_empty(), "temporary files are left: {left:?}");
}

#[test]
fn a_read_only_disk_is_said_and_survived() {
    let (subject, mount) = on_small_disk();
    mount.set_read_only(true);
    cannot_save(&subject);
    mount.set_read_only(false);
    can_save_again(&subject, &mount);
    subject.assert_still_watching();
}

#[test]
fn a_full_disk_is_said_and_survived_and_the_old_file_is_whole() {
    let (subject, mount) = on_small_disk();
    let before = fs::read_to_string(mount.path.join("sentinel.conf")).unwrap();
    let ballast = mount.fill();
    cannot_save(&subject);
    let after = fs::read_to_string(mount.path.join("sentinel.conf")).unwrap();
    assert_eq!(after, before, "the file is the old one, whole");
    fs::remove_file(ballast).unwrap();
    can_save_again(&subject, &mount);
    subject.assert_still_watching();
}

#[test]
fn a_file_that_cannot_be_written_is_an_error_at_the_start() {
    let scratch = Scratch::new();
    let mount = Mount::new(&scratch);
    let mut sentinel = Daemon::sentinel_stopped(Flavour::Ours, &scratch, "sentinel monitor m 127.0.0.1 1 1");
    let file = mount.path.join("sentinel.conf");
    fs::write(&file, sentinel.config()).unwrap();
    point_at(&mut sentinel, &file);
    mount.set_read_only(true);
    sentinel.spawn();
    assert_eq!(sentinel.wait_end(SOON), Some(1));
    let log = sentinel.log();
    assert!(log.contains(&file.display().to_string()) && log.contains("is not writable"), "{log}");
}
