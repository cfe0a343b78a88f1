//! What a write leaves behind, and what it does where it cannot.

use std::os::unix::fs::symlink;

use super::*;

const RENDER: Render = |old, config| {
    let mut text = old.unwrap_or_default().to_vec();
    text.extend_from_slice(format!("port {}\n", config.general.port).as_bytes());
    text
};

fn config() -> Config {
    Config {
        general: watchkeeper_core::config::General::default(),
        global: Default::default(),
        groups: vec![],
    }
}

fn saved(path: &Path) -> Result<(), String> {
    save(path, RENDER, &config(), &Logger::stdout(LogLevel::Nothing))
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o777
}

#[test]
fn the_old_text_reaches_the_new_file_and_nothing_else_is_left() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.conf");
    saved(&path).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "port 26379\n", "a missing file is made");
    fs::write(&path, "# mine\n").unwrap();
    saved(&path).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "# mine\nport 26379\n");
    assert_eq!(names(dir.path()), ["s.conf"]);
}

#[test]
fn permissions_are_never_widened() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.conf");
    for (before, after) in [(0o600, 0o600), (0o640, 0o640), (0o666, 0o644), (0o400, 0o600)] {
        fs::write(&path, "x\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(before)).unwrap();
        saved(&path).unwrap();
        // A stricter umask of whoever runs this may take more away.
        assert_eq!(mode(&path) & !after, 0, "{before:o} became {:o}", mode(&path));
        assert_eq!(mode(&path) & 0o600, 0o600);
        fs::remove_file(&path).unwrap();
    }
}

#[test]
fn a_symbolic_link_stays_and_its_target_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let (link, real) = (dir.path().join("link.conf"), dir.path().join("sub/real.conf"));
    fs::create_dir(dir.path().join("sub")).unwrap();
    symlink("sub/real.conf", &link).unwrap();
    saved(&link).unwrap();
    saved(&link).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(&real).unwrap(), "port 26379\nport 26379\n");
    symlink("loop.conf", dir.path().join("loop.conf")).unwrap();
    assert!(saved(&dir.path().join("loop.conf")).is_err());
}

#[test]
fn a_directory_in_the_place_of_the_file_fails_and_stays() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.conf");
    fs::create_dir(&path).unwrap();
    assert_eq!(saved(&path).unwrap_err(), "Is a directory");
    let error = replace_file(&path, b"x").unwrap_err();
    assert!(error.hint().is_some());
    assert_eq!(names(dir.path()), ["s.conf"]);
}

#[test]
fn a_directory_that_is_gone_fails_with_the_step() {
    let dir = tempfile::tempdir().unwrap();
    let error = replace_file(&dir.path().join("gone/s.conf"), b"x").unwrap_err();
    assert_eq!(error.to_string(), "Could not create tmp config file (No such file or directory)");
    let long = dir.path().join("x".repeat(254));
    assert_eq!(replace_file(&long, b"x").unwrap_err().to_string(), "Config file full path is too long");
}

#[test]
fn leftovers_of_a_killed_process_go_and_nothing_else_does() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["s.conf", "s.conf.wk-0a1b2c", "s.conf.wk-keepme", "s.conf.wk-0a1b2c3", "t.conf.wk-0a1b2c"] {
        fs::write(dir.path().join(name), "x").unwrap();
    }
    remove_leftovers(&dir.path().join("s.conf"));
    assert_eq!(names(dir.path()), ["s.conf", "s.conf.wk-0a1b2c3", "s.conf.wk-keepme", "t.conf.wk-0a1b2c"]);
}

/// A file system of one page, and a file of its own mounted over itself. Both need root.
struct Mounted(PathBuf);

impl Mounted {
    fn new(args: &[&str], at: &Path) -> Option<Mounted> {
        let done = std::process::Command::new("mount").args(args).arg(at).output();
        match done {
            Ok(done) if done.status.success() => Some(Mounted(at.to_owned())),
            Ok(_) | Err(_) => {
                eprintln!("SKIPPED: mounting needs root");
                None
            }
        }
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("-l").arg(&self.0).output();
    }
}

#[test]
fn a_full_disk_leaves_the_old_file() {
    let dir = tempfile::tempdir().unwrap();
    let Some(_mounted) = Mounted::new(&["-t", "tmpfs", "-o", "size=16k", "none"], dir.path()) else { return };
    let path = dir.path().join("s.conf");
    fs::write(&path, "old\n").unwrap();
    let error = replace_file(&path, &vec![b'x'; 100_000]).unwrap_err();
    assert!(matches!(error, SaveError::Write { .. }), "{error}");
    assert_eq!(error.reason(), "No space left on device");
    assert_eq!(fs::read_to_string(&path).unwrap(), "old\n");
    assert_eq!(names(dir.path()), ["s.conf"]);
}

#[test]
fn a_file_mounted_by_itself_is_reported_with_the_way_out() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.conf");
    fs::write(&path, "old\n").unwrap();
    let Some(_mounted) = Mounted::new(&["--bind", path.to_str().unwrap()], &path) else { return };
    let error = replace_file(&path, b"new\n").unwrap_err();
    assert!(error.to_string().starts_with("Could not rename tmp config file ("), "{error}");
    assert!(error.hint().is_some_and(|hint| hint.contains("state-file")));
    assert_eq!(fs::read_to_string(&path).unwrap(), "old\n");
    assert_eq!(names(dir.path()), ["s.conf"]);
}

#[test]
fn the_writer_answers_each_version() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.conf");
    let (answer, mut answers) = super::super::outside::channel();
    let log: Arc<Logger> = Logger::stdout(LogLevel::Nothing);
    let mut writer = Writer::start(path.clone(), RENDER, log, answer).unwrap();
    for version in 1..=3 {
        writer.write(Version(version), Box::new(config())).unwrap();
        assert!(writer.is_busy());
        let answer = answers.blocking_recv();
        assert!(
            matches!(&answer, Some(Outside::Persisted { version: v, result: Ok(()) }) if v.0 == version),
            "{answer:?}"
        );
        writer.answered();
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), "port 26379\n".repeat(3));
}

#[test]
fn only_root_asks_for_another_owner_and_only_where_it_differs() {
    assert!(gives_back((0, 0), (110, 114), true));
    assert!(!gives_back((110, 114), (110, 114), true));
    assert!(!gives_back((110, 114), (0, 0), false));
    assert!(!gives_back((110, 114), (110, 0), false));
}
