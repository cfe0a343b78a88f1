//! What refuses a start after the files have been read, as far as it is known without starting: users, the ACL file, and
//! what is listened on. TLS is looked at in `tls`. Whether somebody else listens on a port, and how many files may be open, is left
//! to the start itself: it may be this very sentinel that runs.

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use rustix::fs::Access;
use socket2::{Domain, Protocol, Socket, Type};
use watchkeeper_core::command::{Mistake, mistakes_of_file, mistakes_of_lines};
use watchkeeper_core::config::{Line, numeric_address};

use super::codes::{Severity, WK001, WK002, WK003, WK213};
use super::sheet::regular;
use super::spot::Spot;
use super::{Desk, Finding, say, secret};
use crate::daemon::strerror;
use crate::said::told;

/// Bytes of an ACL file that are read at most.
const ACL_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Bytes of a unix socket's path at most: the system's structure has room for 108 with the 0 at its end.
const SOCKET_PATH_MAX: usize = 107;

/// Everything a start looks at after reading. `files` is how many were given.
pub(super) fn look(desk: &mut Desk<'_>, files: usize) {
    if desk.sheet.unread.is_some() {
        return;
    }
    nowhere(desk);
    users(desk);
    acl_file(desk);
    addresses(desk, files);
    socket(desk);
}

fn nowhere(desk: &mut Desk<'_>) {
    let (lang, sheet) = (desk.lang(), desk.sheet);
    let general = &sheet.survey.config.general;
    let tcp = (general.port != 0 || general.tls.port != 0) && !general.bind.is_empty();
    if !tcp && general.unixsocket.is_none() {
        let at = sheet.general("port").or_else(|| sheet.general("bind"));
        let message = say!(lang, "the sentinel is to listen nowhere", "哨兵没有任何监听地址");
        desk.report(&WK003, at, 1, message);
    }
}

/// Whether a mistake is a command that a sentinel does not have.
const UNKNOWN: &str = "Unknown command or category name in ACL";

fn users(desk: &mut Desk<'_>) {
    let survey = &desk.sheet.survey;
    let general = &survey.config.general;
    for mistake in mistakes_of_lines(general) {
        let words = general.users.get(mistake.line);
        let made =
            |line: &Line| line.is(false, "user") && line.words.get(1..) == words.map(|words| &words[..]);
        let at = survey.lines.iter().position(made);
        let line = at.and_then(|at| survey.lines.get(at));
        let said = line.map_or_else(|| mistake.said.clone(), |line| secret::without(&mistake.said, line));
        let (message, hint) = (in_both(desk, &said), advice(desk, &said));
        desk.report_with(&WK001, Severity::Error, at, mistake.word, message, hint);
    }
}

/// What is said as a sentinel says it, behind its translation.
fn in_both(desk: &Desk<'_>, said: &str) -> String {
    let message = told(said, desk.lang());
    if message == said { message } else { format!("{message}（{said}）") }
}

fn advice(desk: &Desk<'_>, said: &str) -> String {
    let lang = desk.lang();
    if !said.contains(UNKNOWN) {
        return WK001.fix.pick(lang).to_owned();
    }
    say!(
        lang,
        "a sentinel knows its own commands only, not those of data servers; `ACL CAT` at a sentinel lists its categories",
        "哨兵只认识自己的命令，不认识数据服务器的命令；在哨兵上执行 `ACL CAT` 可列出类别"
    )
}

fn acl_file(desk: &mut Desk<'_>) {
    let (lang, sheet) = (desk.lang(), desk.sheet);
    let general = &sheet.survey.config.general;
    let Some(path) = general.aclfile.as_deref().filter(|path| !path.is_empty()) else { return };
    let at = sheet.general("aclfile");
    if !general.users.is_empty() {
        let message =
            say!(lang, "`user` lines and `aclfile` exclude each other", "`user` 行与 `aclfile` 不能同时使用");
        desk.report(&WK003, at, 0, message);
    }
    if desk.options.elsewhere {
        return;
    }
    let whole = sheet.resolve(path);
    match regular(&whole, ACL_BYTES_MAX) {
        Ok(text) => {
            for mistake in mistakes_of_file(general, path, &text) {
                let finding = of_acl_file(desk, &whole, &text, path, mistake);
                desk.found.push(finding.tamed());
            }
        }
        Err(error) => {
            let reason = told(&strerror(&error), lang);
            let message = say!(lang, "the ACL file cannot be read: {}", "无法读取 ACL 文件：{}", reason);
            desk.report(&WK002, at, 1, message);
        }
    }
}

/// A mistake in the ACL file, shown by its own line.
fn of_acl_file(desk: &Desk<'_>, whole: &Path, text: &[u8], path: &str, mistake: Mistake) -> Finding {
    let Mistake { line: number, said, .. } = mistake;
    let place = if number == 0 { path.to_owned() } else { format!("{path}:{number}") };
    let said = said.strip_prefix(&place).unwrap_or(&said).trim_start_matches([':', ' ']);
    let said = said.strip_prefix("WARNING: ").unwrap_or(said).trim_end_matches(['.', ' ']);
    let raw = number.checked_sub(1).and_then(|index| text.split(|byte| *byte == b'\n').nth(index));
    let line = raw.map(|raw| {
        let text = raw.trim_ascii().to_vec();
        let words = text.split(|byte| *byte == b' ').map(<[u8]>::to_vec).collect();
        let indent = raw.len() - raw.trim_ascii_start().len();
        Line { file: None, number, indent, text, words }
    });
    let said = line.as_ref().map_or_else(|| said.to_owned(), |line| secret::without(said, line));
    let order = desk.sheet.survey.lines.len();
    Finding {
        code: WK001.code,
        severity: Severity::Error,
        file: whole.display().to_string(),
        spot: line.map(|line| Spot::of(&line, order, 0..line.text.len())),
        message: in_both(desk, &said),
        hint: advice(desk, &said),
    }
}

/// What a word of `bind` is to the C library.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    Address(IpAddr),
    /// only a resolver knows, or the interface that is named
    Unknown,
    /// no address, and no name either
    Nothing,
}

fn place(host: &str) -> Place {
    if matches!(host, "*" | "::*") {
        return Place::Unknown;
    }
    if let Some(ip) = numeric_address(host) {
        return Place::Address(ip);
    }
    if let Some((ip, zone)) = host.split_once('%') {
        let fine = ip.parse::<Ipv6Addr>().is_ok() && !zone.is_empty();
        return if fine { Place::Unknown } else { Place::Nothing };
    }
    let of_a_name = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.');
    let digits = host.chars().all(|letter| letter.is_ascii_digit() || letter == '.');
    if digits || !host.chars().all(of_a_name) { Place::Nothing } else { Place::Unknown }
}

fn addresses(desk: &mut Desk<'_>, files: usize) {
    let (lang, sheet) = (desk.lang(), desk.sheet);
    let general = &sheet.survey.config.general;
    let Some(at) = sheet.general("bind").filter(|_| general.port != 0 || general.tls.port != 0) else {
        return;
    };
    let Some(line) = sheet.survey.lines.get(at) else { return };
    // Of several files each is for a machine of its own.
    let here = !desk.options.elsewhere && files == 1;
    for word in &general.bind {
        let index = line.words.iter().position(|known| known == word.as_bytes()).unwrap_or(1);
        let (optional, host) = match word.strip_prefix('-') {
            Some(host) => (true, host),
            None => (false, &word[..]),
        };
        match place(host) {
            Place::Address(ip) if here && !optional && !is_here(ip) => {
                let message = say!(
                    lang,
                    "`{host}` is no address of this machine: a sentinel does not start here",
                    "`{host}` 不是本机的地址：哨兵无法在这里启动"
                );
                desk.report(&WK213, Some(at), index, message);
            }
            Place::Address(_) | Place::Unknown => {}
            Place::Nothing => {
                let message = say!(
                    lang,
                    "`{host}` is neither an address nor a name: a sentinel cannot listen on it",
                    "`{host}` 既不是地址也不是主机名：哨兵无法监听"
                );
                let hint = say!(
                    lang,
                    "write addresses of this machine with blanks between them; `*` is all of them",
                    "请写本机的地址，以空格分隔；`*` 表示全部地址"
                );
                desk.report_with(&WK001, Severity::Error, Some(at), index, message, hint);
            }
        }
    }
}

/// Whether this machine has the address: a socket can be bound to it. Nothing listens, and any port will do.
fn is_here(ip: IpAddr) -> bool {
    let address = SocketAddr::new(ip, 0);
    let bound = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))
        .and_then(|socket| socket.bind(&address.into()));
    // A protocol that this machine does not speak is passed over at the start as well.
    bound.err().is_none_or(|error| error.kind() != io::ErrorKind::AddrNotAvailable)
}

fn socket(desk: &mut Desk<'_>) {
    let (lang, sheet) = (desk.lang(), desk.sheet);
    let Some(path) = sheet.survey.config.general.unixsocket.as_deref() else { return };
    let refused = if path.len() > SOCKET_PATH_MAX {
        let length = path.len();
        Err(say!(
            lang,
            "its path has {length} bytes, at most {SOCKET_PATH_MAX} are possible",
            "路径有 {length} 字节，最多 {SOCKET_PATH_MAX} 字节"
        ))
    } else if desk.options.elsewhere {
        Ok(())
    } else {
        can_be_made(&sheet.resolve(path)).map_err(|error| told(&strerror(&error), lang))
    };
    if let Err(reason) = refused {
        let message = say!(lang, "the socket cannot be made: {reason}", "无法创建套接字：{reason}");
        desk.report(&WK001, sheet.general("unixsocket"), 1, message);
    }
}

fn can_be_made(path: &Path) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    rustix::fs::access(folder, Access::WRITE_OK | Access::EXEC_OK)?;
    // A socket that is left over is replaced; anything else stays in the way.
    match fs::symlink_metadata(path) {
        Ok(about) if !about.file_type().is_socket() => Err(rustix::io::Errno::ADDRINUSE.into()),
        Ok(_) | Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_word_of_bind_is() {
        for nothing in
            ["1.2.3.4.5", "300.1.1.1", "10.0.0.1,10.0.0.2", "::zz", "fe80::1%", "", "a b", "10.0.0.1:26379"]
        {
            assert_eq!(place(nothing), Place::Nothing, "{nothing}");
        }
        for unknown in ["*", "::*", "sentinel-1.example", "fe80::1%eth0", "redis_1", "1a"] {
            assert_eq!(place(unknown), Place::Unknown, "{unknown}");
        }
        for address in ["127.0.0.1", "127.1", "::1", "010.0.0.1"] {
            assert!(matches!(place(address), Place::Address(_)), "{address}");
        }
    }

    #[test]
    fn this_machine_has_the_loopback_address_and_not_one_kept_for_documents() {
        assert!(is_here("127.0.0.1".parse().unwrap()));
        assert!(!is_here("192.0.2.1".parse().unwrap()));
    }
}
