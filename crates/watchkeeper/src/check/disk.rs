//! What this machine has to say: whether the file can be written back, whether scripts run and are nobody else's, and where
//! the log goes. For a file that is meant for another machine only what it says itself counts.

use std::fs::{self, Metadata};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::Access;
use watchkeeper_core::config::GroupConfig;

use super::codes::{WK501, WK502, WK503, WK504, WK505, WK506, WK507, WK508};
use super::{Desk, say};
use crate::daemon::strerror;
use crate::said::told;

/// Bytes of a script that are looked at.
const HEAD: u64 = 256;

/// The file itself, scripts and the log.
pub(super) fn look(desk: &mut Desk<'_>) {
    background(desk);
    if desk.options.elsewhere {
        return;
    }
    file(desk);
    for group in &desk.sheet.survey.config.groups {
        let scripts = [
            ("notification-script", &group.notification_script),
            ("client-reconfig-script", &group.client_reconfig_script),
        ];
        for (directive, path) in scripts {
            if let Some(path) = path.as_deref().filter(|path| !path.is_empty()) {
                script(desk, group, directive, path);
            }
        }
    }
}

fn file(desk: &mut Desk<'_>) {
    let (lang, sheet) = (desk.lang(), desk.sheet);
    if let Some(state) = &sheet.survey.config.general.state_file {
        if let Err(reason) = replaceable(&sheet.resolve(state)) {
            let reason = told(&reason, lang);
            let message = say!(lang, "the state file cannot be written: {}", "无法写入状态文件：{}", reason);
            desk.report(&WK501, sheet.general("state-file"), 1, message);
        }
        return;
    }
    let Some(path) = sheet.path.as_deref().filter(|_| sheet.unread.is_none()) else { return };
    let link = fs::read_link(path).ok();
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let from_map =
        target.parent().is_some_and(|dir| dir.components().any(|part| is_map_folder(part.as_os_str())));
    if from_map || is_mount(&target) {
        let message = say!(
            lang,
            "the file is mounted by itself or comes from a ConfigMap, and cannot be replaced",
            "文件是单独挂载的或来自 ConfigMap，无法被替换"
        );
        return desk.report(&WK503, None, 0, message);
    }
    if let Some(link) = link {
        let link = link.display();
        let message = say!(lang, "the file is a symbolic link to `{link}`", "文件是指向 `{link}` 的符号链接");
        desk.report(&WK502, None, 0, message);
    }
    if let Err(reason) = replaceable(&target) {
        let reason = told(&reason, lang);
        let message = say!(lang, "the file cannot be written back: {}", "文件无法写回：{}", reason);
        desk.report(&WK501, None, 0, message);
    }
}

/// Kubernetes keeps the files of a ConfigMap in folders of such names.
fn is_map_folder(name: &std::ffi::OsStr) -> bool {
    name.as_bytes().starts_with(b"..") && name.len() > 2
}

/// Whether something is mounted at this very path.
fn is_mount(path: &Path) -> bool {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let wanted = path.as_os_str().to_string_lossy().replace('\\', "\\134").replace(' ', "\\040");
    mounts.lines().any(|line| line.split(' ').nth(4) == Some(&wanted))
}

/// Whether a file can be replaced by one written beside it: by this user if it is theirs, else by its owner.
fn replaceable(path: &Path) -> Result<(), String> {
    let folder = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let about_folder = fs::metadata(folder).map_err(|error| strerror(&error))?;
    let about = match fs::metadata(path) {
        Ok(about) => about,
        // It will be made.
        Err(_) => about_folder.clone(),
    };
    let access =
        |path: &Path, how: Access| rustix::fs::access(path, how).map_err(|errno| strerror(&errno.into()));
    let me = rustix::process::geteuid();
    if me.as_raw() == about.uid() {
        return access(path, Access::WRITE_OK)
            .or_else(|reason| if path.exists() { Err(reason) } else { Ok(()) })
            .and_then(|()| access(folder, Access::WRITE_OK | Access::EXEC_OK))
            .and_then(|()| own_write_bit(&about, me.is_root()));
    }
    if rustix::fs::access(folder, Access::WRITE_OK) == Err(rustix::io::Errno::ROFS) {
        return Err(strerror(&rustix::io::Errno::ROFS.into()));
    }
    let denied = || strerror(&rustix::io::Errno::ACCESS.into());
    let mode = about_folder.mode();
    let may = (about_folder.uid() == about.uid() && mode & 0o200 != 0)
        || (about_folder.gid() == about.gid() && mode & 0o020 != 0)
        || mode & 0o002 != 0
        || about.uid() == 0;
    if may && about.mode() & 0o200 != 0 { Ok(()) } else { Err(denied()) }
}

/// Root may write to everything, so only the mode says what is meant: a file nobody may write is one that is given to
/// somebody else.
fn own_write_bit(about: &Metadata, root: bool) -> Result<(), String> {
    let closed = root && about.mode() & 0o222 == 0;
    if closed { Err(strerror(&rustix::io::Errno::ACCESS.into())) } else { Ok(()) }
}

fn script(desk: &mut Desk<'_>, group: &GroupConfig, directive: &'static str, path: &str) {
    let lang = desk.lang();
    let at = desk.of_group(directive, group);
    if !path.starts_with('/') {
        let message =
            say!(lang, "`{path}` is looked for in the working directory", "`{path}` 会在工作目录中查找");
        desk.report(&WK506, at, 3, message);
    }
    let whole = desk.sheet.resolve(path);
    let Ok(about) = fs::metadata(&whole) else { return };
    if let Some(message) = others_write(desk, &whole, &about) {
        desk.report(&WK504, at, 3, message);
    }
    if about.is_dir() {
        let message = say!(lang, "`{path}` is a directory", "`{path}` 是目录");
        return desk.report(&WK505, at, 3, message);
    }
    let mut head = Vec::new();
    // Unreadable to this user, so nothing can be said about it.
    let Ok(_) = fs::File::open(&whole).and_then(|file| file.take(HEAD).read_to_end(&mut head)) else {
        return;
    };
    let message = match interpreter(&head) {
        Interpreter::None => {
            say!(
                lang,
                "`{path}` does not begin with `#!`: the system cannot run it",
                "`{path}` 不以 `#!` 开头：系统无法运行"
            )
        }
        Interpreter::Path(program) if program.contains('\r') => say!(
            lang,
            "the first line of `{path}` ends as on Windows: there is no interpreter of that name",
            "`{path}` 的第一行以 Windows 换行结尾：没有这个名称的解释器"
        ),
        Interpreter::Path(program) if !Path::new(&program).exists() => {
            say!(
                lang,
                "`{path}` is to be run by `{program}`, which is not there",
                "`{path}` 由 `{program}` 运行，但它不存在"
            )
        }
        Interpreter::Path(_) | Interpreter::Binary => return,
    };
    desk.report(&WK505, at, 3, message);
}

enum Interpreter {
    Binary,
    Path(String),
    None,
}

/// By what the system runs a file that begins so.
fn interpreter(head: &[u8]) -> Interpreter {
    if let Some(rest) = head.strip_prefix(b"#!") {
        let line = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let line = String::from_utf8_lossy(line);
        let program = line.trim_start_matches([' ', '\t']).split([' ', '\t']).next().unwrap_or_default();
        return Interpreter::Path(program.to_owned());
    }
    // Programs have bytes in their first line that no text has.
    let text = head.iter().all(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..));
    if text { Interpreter::None } else { Interpreter::Binary }
}

fn others_write(desk: &Desk<'_>, path: &Path, about: &Metadata) -> Option<String> {
    let lang = desk.lang();
    let shown = path.display();
    if about.mode() & 0o002 != 0 {
        return Some(say!(lang, "everybody can write to `{shown}`", "所有人都可以写入 `{shown}`"));
    }
    let folder = path.parent()?;
    let around = fs::metadata(folder).ok()?;
    // In a directory with the sticky bit only owners replace files.
    if around.mode() & 0o1002 == 0o002 {
        let folder = folder.display();
        return Some(say!(
            lang,
            "everybody can replace files in `{folder}`",
            "所有人都可以替换 `{folder}` 中的文件"
        ));
    }
    let of_file =
        desk.sheet.path.as_ref().and_then(|path: &PathBuf| fs::metadata(path).ok()).map(|about| about.uid());
    let trusted = [Some(0), Some(rustix::process::geteuid().as_raw()), of_file];
    if trusted.contains(&Some(about.uid())) {
        return None;
    }
    let owner = about.uid();
    Some(say!(lang, "`{shown}` belongs to another user ({owner})", "`{shown}` 属于另一个用户（{owner}）"))
}

fn background(desk: &mut Desk<'_>) {
    let (lang, sheet) = (desk.lang(), desk.sheet);
    let general = &sheet.survey.config.general;
    // A manager that is named keeps the process in the foreground.
    if !general.daemonize || general.supervised != "no" {
        return;
    }
    let at = sheet.general("daemonize");
    let message = say!(lang, "the started process ends at once", "启动的进程会立即结束");
    desk.report(&WK507, at, 0, message);
    if general.logfile.is_empty() && !general.syslog_enabled {
        let message = say!(lang, "in the background, and without a log", "在后台运行，却没有日志");
        desk.report(&WK508, at, 0, message);
    }
}
