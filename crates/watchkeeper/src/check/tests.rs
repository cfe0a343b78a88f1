//! Each code has a file that it is for, and a neighbour that it is not for.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use watchkeeper_core::Lang;

use super::codes::{ALL, Rule};
use super::{Finding, Input, Options, check};

/// Three sentinels on three hosts, one of them this one.
const GROUP: &str = "\
sentinel myid a94a8fe5ccb19ba61c4c0873d391e987982fbbd3
sentinel monitor mm 10.0.0.1 6379 2
sentinel down-after-milliseconds mm 5000
sentinel known-sentinel mm 10.0.0.2 26379 b94a8fe5ccb19ba61c4c0873d391e987982fbbd3
sentinel known-sentinel mm 10.0.0.3 26379 c94a8fe5ccb19ba61c4c0873d391e987982fbbd3
";

/// A new file that was given its id: it knows nobody yet.
const NEW: &str =
    "@sentinel myid a94a8fe5ccb19ba61c4c0873d391e987982fbbd3\nsentinel monitor mm 10.0.0.1 6379 2";

/// Lines added to [`GROUP`]: with the first the code is found, with the second it is not. `$DIR` is a directory of files
/// (see [`Place`]); `@` in front means that the text stands alone.
const CASES: &[(&str, &str, &str)] = &[
    ("WK001", "bogus 1", "maxclients 100"),
    ("WK001", "sentinel failover-timeout mm 0", "sentinel failover-timeout mm 60000"),
    ("WK002", "include $DIR/nosuch.conf", "include $DIR/more.conf"),
    ("WK001", "user foo on +@nosuch", "user foo on +ping"),
    ("WK001", "aclfile $DIR/wrong.acl", "aclfile $DIR/users.acl"),
    ("WK001", "bind 1.2.3.4.5", "bind 127.1"),
    ("WK001", "unixsocket $DIR/nosuch/s.sock", "unixsocket $DIR/s.sock"),
    ("WK001", "unixsocket $DIR/more.conf", "unixsocket $DIR/s.sock"),
    ("WK002", "aclfile $DIR/nosuch.acl", "aclfile $DIR/users.acl"),
    ("WK002", "aclfile $DIR", "aclfile \"\"\nuser bob on nopass +@all"),
    ("WK003", "port 0", "port 0\nunixsocket $DIR/s.sock"),
    ("WK003", "bind \"\"", "bind *"),
    ("WK003", "aclfile $DIR/users.acl\nuser bob on nopass +@all", "user bob on nopass +@all"),
    ("WK004", "# a\0b", "# a b"),
    ("WK005", "sentinel failover-timeout mm 60000ms", "sentinel failover-timeout mm 60000"),
    ("WK005", "sentinel parallel-syncs mm 4294967297", "sentinel parallel-syncs mm 2147483647"),
    ("WK005", "sentinel failover-timeout mm 4294968296", "sentinel failover-timeout mm +60000"),
    (
        "WK005",
        "sentinel known-sentinel mm 10.0.0.4 26379x d94a8fe5ccb19ba61c4c0873d391e987982fbbd3",
        "sentinel known-replica mm 10.0.0.2 \" 6379\"",
    ),
    ("WK006", "maxclients 10\nmaxclients 20", "maxclients 10\nmaxclients 10"),
    ("WK006", "sentinel parallel-syncs mm 2\nsentinel parallel-syncs mm 1", "sentinel parallel-syncs mm 1"),
    ("WK007", "sentinel known-slave mm 10.0.0.2 6379", "sentinel known-replica mm 10.0.0.2 6379"),
    ("WK008", "maxmemory 1gb\nappendonly yes", "maxclients 100\nsave 60 1"),
    ("WK009", "sentinel tilt-clock wall", "sentinel resolve-hostnames no"),
    ("WK010", "@port 26379", "maxclients 100"),
    ("WK011", "sentinel failover-timeout mm 3000000000", "sentinel failover-timeout mm 2147483647"),
    ("WK011", "sentinel known-replica mm 10.0.0.2 6379\nsentinel known-slave mm 0xa.2 +6379", "REPLICAS"),
    ("WK011", "loglevel NOTHING", "loglevel warning"),
    ("WK012", "sentinel config-epoch mm -1", "sentinel config-epoch mm 1"),
    ("WK012", "@GROUP 4294967298", "@GROUP 2147483648"),
    ("WK012", "sentinel known-replica mm 10.0.0.2 4294973675", "sentinel known-replica mm 10.0.0.2 65536"),
    ("WK101", "@GROUP 4", NEW),
    ("WK102", "@GROUP 3", ""),
    ("WK103", "@sentinel monitor mm 10.0.0.1 6379 1", "@sentinel monitor mm 10.0.0.1 6379 2"),
    ("WK104", "sentinel known-sentinel mm 10.0.0.4 26379 d94a8fe5ccb19ba61c4c0873d391e987982fbbd3", ""),
    (
        "WK105",
        "@sentinel monitor mm 10.0.0.1 6379 2\n\
         sentinel known-sentinel mm 10.0.0.2 26379 b94a8fe5ccb19ba61c4c0873d391e987982fbbd3",
        NEW,
    ),
    ("WK106", "sentinel announce-ip 10.0.0.2", "sentinel announce-ip 10.0.0.1"),
    (
        "WK107",
        "sentinel known-sentinel mm 10.0.0.4 26379 a94a8fe5ccb19ba61c4c0873d391e987982fbbd3",
        "sentinel known-sentinel mm 10.0.0.4 26379 d94a8fe5ccb19ba61c4c0873d391e987982fbbd3",
    ),
    (
        "WK108",
        "@sentinel myid 0000000000000000000000000000000000000000",
        "@sentinel myid a94a8fe5ccb19ba61c4c0873d391e987982fbbd3",
    ),
    (
        "WK109",
        "sentinel known-sentinel mm 10.0.0.2 26379 d94a8fe5ccb19ba61c4c0873d391e987982fbbd3",
        "sentinel known-sentinel mm 10.0.0.2 26380 d94a8fe5ccb19ba61c4c0873d391e987982fbbd3",
    ),
    (
        "WK201",
        "sentinel announce-hostnames yes",
        "sentinel announce-hostnames yes\nsentinel resolve-hostnames yes",
    ),
    (
        "WK202",
        "sentinel announce-ip sentinel-1",
        "sentinel announce-ip sentinel-1\nsentinel resolve-hostnames yes",
    ),
    (
        "WK203",
        "@sentinel resolve-hostnames yes\nsentinel monitor mm redis-1 6379 2",
        "@sentinel resolve-hostnames yes\nsentinel announce-hostnames yes\nsentinel monitor mm redis-1 6379 2",
    ),
    ("WK204", "sentinel known-replica mm 127.0.0.1 6380", "sentinel known-replica mm 10.0.0.2 6380"),
    (
        "WK204",
        "@sentinel monitor mm 127.0.0.1 6379 2\nsentinel announce-ip 10.0.0.1",
        "@sentinel monitor mm 127.0.0.1 6379 2",
    ),
    ("WK205", "sentinel announce-port 6000", "sentinel announce-port 6000\nsentinel announce-ip 10.0.0.9"),
    (
        "WK206",
        "sentinel announce-ip 10.0.0.9\nsentinel announce-port 70000",
        "sentinel announce-ip 10.0.0.9\nsentinel announce-port 0",
    ),
    ("WK207", "sentinel known-replica mm 0.0.0.0 6379", "sentinel known-replica mm 10.0.0.9 6379"),
    ("WK207", "@sentinel monitor mm 10.0.0.1 0 2", ""),
    ("WK207", "sentinel announce-ip 10.0.0.300", "sentinel announce-ip 10.0.0.30"),
    (
        "WK207",
        "sentinel resolve-hostnames yes\nsentinel known-replica mm 10.0.0.300 6379",
        "sentinel known-replica mm 10.3 6379",
    ),
    ("WK208", "@sentinel monitor mm 010.0.0.1 6379 2", "@sentinel monitor mm 10.0.0.1 6379 2"),
    ("WK209", "sentinel monitor other 10.0.0.1 6379 2", "sentinel monitor other 10.0.0.1 6380 2"),
    ("WK210", "bind 127.0.0.1 ::1", "bind 127.0.0.1 10.0.0.9"),
    ("WK211", "protected-mode yes", "protected-mode yes\nrequirepass Jx82hhjaq"),
    ("WK212", "sentinel monitor a,b 10.0.0.4 6379 2", "sentinel monitor a_b.c-d 10.0.0.4 6379 2"),
    ("WK213", "bind 192.0.2.1", "bind 127.0.0.1 -192.0.2.1"),
    ("WK301", "@sentinel monitor mm 10.0.0.1 6379 2\nsentinel down-after-milliseconds mm 30", ""),
    (
        "WK301",
        "@sentinel monitor mm 10.0.0.1 6379 2\nsentinel down-after-milliseconds mm 999",
        "@sentinel monitor mm 10.0.0.1 6379 2\nsentinel down-after-milliseconds mm 1000",
    ),
    ("WK302", "@sentinel monitor mm 10.0.0.1 6379 2\nsentinel down-after-milliseconds mm 600000", ""),
    ("WK303", "sentinel failover-timeout mm 4000", "sentinel failover-timeout mm 5000"),
    ("WK303", "sentinel failover-timeout mm 180", ""),
    ("WK304", "REPLICAS\nsentinel failover-timeout mm 18000", "REPLICAS"),
    ("WK305", "REPLICAS\nsentinel parallel-syncs mm 3", "REPLICAS\nsentinel parallel-syncs mm 2"),
    ("WK306", "sentinel parallel-syncs mm 0", "sentinel parallel-syncs mm 1"),
    ("WK307", "@sentinel monitor mm 10.0.0.1 6379 2", ""),
    ("WK401", "MODE 644\nrequirepass Jx82hhjaq", "MODE 600\nrequirepass Jx82hhjaq"),
    ("WK401", "MODE 644\nuser bob on >Jx82hhjaq +@all", "MODE 644"),
    ("WK402", "MODE 640\nsentinel auth-pass mm Jx82hhjaq", "MODE 600\nsentinel auth-pass mm Jx82hhjaq"),
    ("WK403", "requirepass Jx\"82\"", "requirepass \"Jx82 #hh\\\"jaq\\\\\\xe4\""),
    ("WK403", "requirepass \"Jx\\82hhjaq\"", "requirepass Jx\\82hhjaq"),
    ("WK403", "sentinel auth-pass mm \u{201c}Jx82\u{201d}", "sentinel auth-pass mm #Jx82"),
    ("WK404", "sentinel auth-pass mm \"Jx 82\"", "sentinel auth-pass mm \"Jx-82\""),
    ("WK405", "requirepass ${REDIS_PASSWORD}", "requirepass $jx82"),
    ("WK405", "sentinel auth-pass mm foobared", "sentinel auth-pass mm foobared9921"),
    ("WK406", "sentinel auth-user mm s", "sentinel auth-user mm s\nsentinel auth-pass mm Jx82hhjaq"),
    ("WK407", "TWO\nsentinel auth-user mm s", "TWO"),
    ("WK408", "sentinel sentinel-pass Jx82hhjaq", "sentinel sentinel-pass Jx82hhjaq\nrequirepass Jx82hhjaq"),
    (
        "WK409",
        "sentinel sentinel-pass Jx82hhjaq\nrequirepass other82hhjaq",
        "sentinel sentinel-pass Jx82hhjaq\nrequirepass Jx82hhjaq",
    ),
    (
        "WK410",
        "sentinel sentinel-user s",
        "sentinel sentinel-user s\nsentinel sentinel-pass Jx82\nuser s on >Jx82 +@all",
    ),
    ("WK410", "sentinel sentinel-user s\nsentinel sentinel-pass Jx82", ""),
    (
        "WK411",
        "sentinel deny-scripts-reconfig no\nuser default on nopass ~* &* +@all",
        "sentinel deny-scripts-reconfig no\nrequirepass Jx82hhjaq",
    ),
    ("WK501", "MODE 444", "MODE 600"),
    ("WK501", "state-file $DIR/nosuch/state", "state-file $DIR/state"),
    ("WK502", "LINK s.conf.real", ""),
    ("WK503", "LINK ..data/s.conf", ""),
    ("WK504", "sentinel notification-script mm $DIR/open.sh", "sentinel notification-script mm $DIR/good.sh"),
    (
        "WK505",
        "sentinel notification-script mm $DIR/plain.sh",
        "sentinel notification-script mm $DIR/good.sh",
    ),
    ("WK505", "sentinel client-reconfig-script mm $DIR/windows.sh", ""),
    ("WK505", "sentinel client-reconfig-script mm $DIR/gone.sh", ""),
    ("WK505", "sentinel client-reconfig-script mm $DIR", ""),
    (
        "WK506",
        "dir $DIR\nsentinel notification-script mm good.sh",
        "dir $DIR\nsentinel notification-script mm $DIR/good.sh",
    ),
    ("WK507", "daemonize yes\nlogfile $DIR/log", "daemonize yes\nlogfile $DIR/log\nsupervised systemd"),
    ("WK508", "daemonize yes", "daemonize yes\nlogfile $DIR/log"),
    ("WK601", "tls-port 26380", "TLS year"),
    ("WK602", "TLS past", "TLS year"),
    ("WK603", "TLS soon", "TLS year"),
    ("WK604", "TLS year\ntls-port 0\ntls-replication yes", "TLS year\ntls-replication yes"),
    ("WK605", "port 0\nTLS year", "port 0\nTLS year\ntls-replication yes"),
    ("WK606", "tls-cert-file $DIR/year.crt", "TLS year"),
    ("WK701", "rename-command PUBLISH hush", "rename-command SHUTDOWN hush"),
    ("WK702", "sentinel rename-command mm GET fetch", "sentinel rename-command mm CONFIG cfg"),
    ("WK703", "masterauth Jx82hhjaq", "masterauth Jx82hhjaq\nsentinel auth-pass mm Jx82hhjaq"),
];

/// A directory of files that lines of cases name.
struct Place(TempDir);

impl Place {
    fn new() -> Place {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str, mode: u32| {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        };
        write("more.conf", "maxclients 100\n", 0o600);
        write("users.acl", "user default on nopass ~* &* +@all\n", 0o600);
        write("wrong.acl", "user amy on +ping\nuser bob on +nosuch\n", 0o600);
        write("good.sh", "#!/bin/sh\nexit 0\n", 0o755);
        write("open.sh", "#!/bin/sh\nexit 0\n", 0o757);
        write("plain.sh", "exit 0\n", 0o755);
        write("windows.sh", "#!/bin/sh\r\nexit 0\r\n", 0o755);
        write("gone.sh", "#! /nonexistent/sh -e\nexit 0\n", 0o755);
        certificate(dir.path(), "past", -400, -2);
        certificate(dir.path(), "soon", -400, 10);
        certificate(dir.path(), "year", -400, 400);
        Place(dir)
    }

    /// Writes a case's text and checks it.
    fn found(&self, case: &str, options: Options) -> Vec<Finding> {
        let dir = self.0.path();
        let shown = dir.display().to_string();
        let (alone, case) = match case.strip_prefix('@') {
            Some(text) => (true, text),
            None => (false, case),
        };
        let mut text = if alone { String::new() } else { GROUP.to_owned() };
        let (mut mode, mut link) = (0o600, None);
        for line in case.lines() {
            match line.split_once(' ') {
                Some(("MODE", octal)) => mode = u32::from_str_radix(octal, 8).unwrap(),
                Some(("LINK", target)) => link = Some(dir.join(target)),
                Some(("TLS", name)) => {
                    text += &format!(
                        "tls-port 26380\ntls-cert-file {shown}/{name}.crt\ntls-key-file {shown}/{name}.key\n\
                         tls-ca-cert-file {shown}/year.crt\n"
                    );
                }
                Some(("GROUP", quorum)) => {
                    text += &GROUP.replace(" 6379 2\n", &format!(" 6379 {quorum}\n"));
                }
                _ if line == "REPLICAS" => {
                    text += "sentinel known-replica mm 10.0.0.2 6379\nsentinel known-replica mm 10.0.0.3 6379\n\
                             sentinel known-replica mm 10.0.0.4 6379\n";
                }
                _ if line == "TWO" => {
                    text += "sentinel auth-pass mm Jx82\nsentinel monitor two 10.0.0.4 6379 2\n\
                             sentinel auth-pass two Jx82\n";
                }
                _ => text += &format!("{}\n", line.replace("$DIR", &shown)),
            }
        }
        let path = dir.join("s.conf");
        let _ = fs::remove_file(&path);
        let real = link.clone().unwrap_or_else(|| path.clone());
        fs::create_dir_all(real.parent().unwrap()).unwrap();
        let _ = fs::remove_file(&real);
        fs::write(&real, text).unwrap();
        fs::set_permissions(&real, Permissions::from_mode(mode)).unwrap();
        if link.is_some() {
            std::os::unix::fs::symlink(&real, &path).unwrap();
        }
        check(vec![input(&path)], options)
    }
}

/// A file that is shown by its name alone.
fn input(path: &Path) -> Input {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    Input { shown: name, ..Input::file(path) }
}

/// A certificate and its key, valid between these days from now.
fn certificate(dir: &Path, name: &str, from: i64, until: i64) {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let day = |days: i64| {
        let at = jiff::Timestamp::from_second(i64::try_from(now).unwrap() + days * 86_400).unwrap();
        let date = at.to_zoned(jiff::tz::TimeZone::UTC).date();
        let (month, day) = (u8::try_from(date.month()).unwrap(), u8::try_from(date.day()).unwrap());
        rcgen::date_time_ymd(i32::from(date.year()), month, day)
    };
    let mut params = rcgen::CertificateParams::new(vec!["localhost".into()]).unwrap();
    (params.not_before, params.not_after) = (day(from), day(until));
    let key = rcgen::KeyPair::generate().unwrap();
    fs::write(dir.join(format!("{name}.crt")), params.self_signed(&key).unwrap().pem()).unwrap();
    fs::write(dir.join(format!("{name}.key")), key.serialize_pem()).unwrap();
}

fn codes(findings: &[Finding]) -> Vec<&'static str> {
    findings.iter().map(|finding| finding.code).collect()
}

#[test]
fn each_code_is_found_where_it_should_be_and_only_there() {
    let place = Place::new();
    let mut wrong = Vec::new();
    for lang in Lang::ALL {
        let options = Options { lang, ..Options::default() };
        for (code, bad, good) in CASES {
            let found = place.found(bad, options);
            if !codes(&found).contains(code) {
                wrong.push(format!("{code} is not found in `{bad}`: {:?}", codes(&found)));
            }
            let told = found.iter().filter(|finding| finding.code == *code);
            let said = told.flat_map(|finding| [&finding.message, &finding.hint]);
            for text in said.filter(|text| (lang == Lang::Zh) == text.is_ascii()) {
                wrong.push(format!("{code} in {}: {text}", lang.code()));
            }
            let found = place.found(good, options);
            if codes(&found).contains(code) {
                wrong.push(format!("{code} is found in `{good}`"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_code_is_without_a_case() {
    // Those of several files and of the network have tests of their own.
    let cases: Vec<&str> = CASES.iter().map(|(code, ..)| *code).collect();
    let missing = ALL.iter().map(|rule| rule.code).filter(|code| !cases.contains(code));
    let missing: Vec<_> =
        missing.filter(|code| !code.starts_with("WK8") && !code.starts_with("WK9")).collect();
    assert_eq!(missing, Vec::<&str>::new());
}

#[test]
fn the_guides_list_every_code() {
    let guides = [
        (Lang::En, include_str!("../../../../docs/guide/check.md")),
        (Lang::Zh, include_str!("../../../../docs/guide/check.zh-CN.md")),
    ];
    for (lang, guide) in guides {
        let rows = guide.lines().filter(|line| line.starts_with("| WK")).map(str::to_owned);
        let row = |rule: &&Rule| {
            format!("| {} | {} | {} |", rule.code, rule.severity.title(lang), rule.title.pick(lang))
        };
        assert_eq!(rows.collect::<Vec<_>>(), ALL.iter().map(row).collect::<Vec<_>>());
    }
}

/// Code, line, and what is said, of files that two programs read differently.
fn told(text: &[u8], lang: Lang) -> Vec<(&'static str, usize, String)> {
    let input = Input { shown: "s.conf".into(), path: None, text: Ok(text.to_vec()) };
    let options = Options { lang, elsewhere: true, ..Options::default() };
    let found = check(vec![input], options).into_iter();
    let found = found.filter(|finding| !["WK103", "WK307"].contains(&finding.code));
    let line = |finding: &Finding| finding.spot.as_ref().map_or(0, |spot| spot.line);
    found
        .map(|finding| (finding.code, line(&finding), format!("{} ({})", finding.message, finding.hint)))
        .collect()
}

#[test]
fn what_each_program_reads_is_said() {
    let read = |line: &str| {
        let text = format!("sentinel monitor m 192.0.2.10 6379 2\nsentinel {line}\n");
        let found = told(text.as_bytes(), Lang::En).into_iter();
        found.map(|(code, _, said)| format!("{code} {said}")).next().unwrap_or_default()
    };
    let begins = [
        (
            "failover-timeout m 4294968296",
            "WK005 `4294968296` is read as 1000 by redis-sentinel, and as 4294968296 by W",
        ),
        (
            "failover-timeout m 3000000000",
            "WK011 `3000000000` is 3000000000 for Watchkeeper; redis-sentinel reads -1294967296 and refuses it: negative or zero",
        ),
        ("parallel-syncs m 1e3", "WK005 `1e3` is read as 1 ("),
        ("parallel-syncs m --5", "WK005 `--5` is read as 0 ("),
        ("leader-epoch m -1", "WK012 Epoch `-1` is out of range"),
        (
            "down-after-milliseconds m -4294967295",
            "WK012 Number `-4294967295` is out of range: expected 1 to 9223372036854775807. (redis-sentinel reads 1 here",
        ),
    ];
    for (line, begin) in begins {
        assert!(read(line).starts_with(begin), "{line}: {}", read(line));
    }
    for same in ["+60000", "\" 60000\"", "\"60000 \"", "\"\\t60000\"", "0060000"] {
        assert_eq!(read(&format!("failover-timeout m {same}")), "");
    }
}

#[test]
fn a_nul_byte_is_told_and_nothing_that_follows_from_it() {
    let text = b"port 26379\nsentinel monitor a 192.0.2.10 6379 2\n# comment \0 x\n\
                 sentinel monitor b 192.0.2.11 6379 2\nsentinel auth-pass b\nbogus\n";
    for lang in Lang::ALL {
        let found = told(text, lang);
        assert!(matches!(&found[..], [("WK004", 3, said)] if said.contains("redis-sentinel")), "{found:?}");
    }
    let wide: Vec<u8> = "port 26379\nport 26380\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(matches!(&told(&wide, Lang::En)[..], [("WK004", 1, _)]), "{:?}", told(&wide, Lang::En));
}

#[test]
fn a_group_whose_line_is_refused_is_not_missed_in_others() {
    let text =
        b"sentinel monitor ma\xeetre 192.0.2.10 6379 2\nsentinel down-after-milliseconds ma\xeetre 5s\n\
                 sentinel failover-timeout ma\xeetre 0\nsentinel monitor \"x 192.0.2.11 6379 2\n\
                 sentinel monitor y 192.0.2.11 6379 \"2\nsentinel parallel-syncs y 1\n";
    for lang in Lang::ALL {
        let found = told(text, lang);
        let codes: Vec<_> = found.iter().map(|(code, line, _)| (*code, *line)).collect();
        let expected = [("WK012", 1), ("WK005", 2), ("WK001", 3), ("WK001", 4), ("WK001", 5)];
        assert_eq!(codes, expected, "{found:?}");
        assert!(found[0].2.contains("redis-sentinel") && found[0].2.contains("iconv"), "{found:?}");
    }
}

#[test]
fn what_looks_like_an_address_is_told_to_be_none() {
    for lang in Lang::ALL {
        let wrong = told(b"sentinel monitor m 192.0.2.300 6379 2\n", lang);
        assert!(matches!(&wrong[..], [("WK001", 1, said)] if said.contains("IPv4")), "{wrong:?}");
        assert!(!wrong[0].2.contains("resolve-hostnames"), "{wrong:?}");
        let name = told(b"sentinel monitor m redis-1 6379 2\n", lang);
        assert!(matches!(&name[..], [("WK001", 1, said)] if said.contains("resolve-hostnames")), "{name:?}");
    }
}

#[test]
fn the_plain_group_is_fine() {
    assert_eq!(codes(&Place::new().found("", Options::default())), Vec::<&str>::new());
}

/// Two files, the second with these changes; what is found in the second.
fn across(changes: &[(&str, &str)], added: &str) -> Vec<&'static str> {
    let dir = tempfile::tempdir().unwrap();
    let second = GROUP.replace("myid a94", "myid b94").replace("10.0.0.2 26379 b94", "10.0.0.9 26379 a94");
    let second = changes.iter().fold(second, |text, (from, to)| text.replace(from, to));
    let paths: Vec<PathBuf> = ["1.conf", "2.conf"].iter().map(|name| dir.path().join(name)).collect();
    let texts = [format!("{GROUP}{added}"), format!("{second}{added}")];
    for (path, text) in paths.iter().zip(texts) {
        fs::write(path, text).unwrap();
    }
    let found = check(paths.iter().map(|path| input(path)).collect(), Options::default());
    let found =
        found.into_iter().filter(|finding| finding.file == "2.conf" && finding.code.starts_with("WK8"));
    found.map(|finding| finding.code).collect()
}

#[test]
fn files_are_held_against_each_other() {
    assert_eq!(across(&[], ""), Vec::<&str>::new());
    assert_eq!(across(&[(" 6379 2\n", " 6379 3\n")], ""), ["WK801"]);
    assert_eq!(across(&[("mm 10.0.0.1", "mm 10.0.0.7")], ""), ["WK802"]);
    assert_eq!(across(&[("mm 5000", "mm 6000")], ""), ["WK803"]);
    assert_eq!(across(&[("myid b94", "myid a94")], ""), ["WK804"]);
    assert_eq!(across(&[], "port 26380\nsentinel announce-ip 10.0.0.8\n"), ["WK805"]);
    assert_eq!(across(&[], "port 26380\n"), Vec::<&str>::new());
    let same_host = [("id b94", "id b94"), ("sentinel myid", "port 26381\nsentinel myid")];
    let added = "sentinel announce-ip 10.0.0.8\nlogfile /tmp/s.log\n";
    assert_eq!(across(&same_host, added), ["WK805"]);
    assert_eq!(across(&[("26379 a94", "26379 d94")], ""), ["WK806"]);
}

#[test]
fn new_files_count_for_each_other_and_have_met_nobody_yet() {
    let dir = tempfile::tempdir().unwrap();
    let new = |id: char, quorum: usize| {
        let path = dir.path().join(format!("{id}.conf"));
        let text = NEW.trim_start_matches('@').replace("myid a", &format!("myid {id}"));
        let text = text.replace(" 6379 2", &format!(" 6379 {quorum}"));
        fs::write(&path, format!("{text}\nsentinel down-after-milliseconds mm 5000\n")).unwrap();
        input(&path)
    };
    let found = |inputs: Vec<Input>| codes(&check(inputs, Options::default()));
    assert_eq!(found(vec![new('a', 2)]), Vec::<&str>::new());
    assert_eq!(found(vec![new('a', 2), new('b', 2), new('c', 2)]), Vec::<&str>::new());
    assert_eq!(found(vec![new('a', 4), new('b', 4), new('c', 4)]), ["WK101"; 3]);
    assert_eq!(found(vec![new('a', 2), new('b', 2)]), ["WK105"; 2]);
}

#[test]
fn who_knows_replicas_and_no_sentinel_is_only_told_so() {
    let place = Place::new();
    for lang in Lang::ALL {
        let found = place.found(&format!("{NEW}\nREPLICAS"), Options { lang, ..Options::default() });
        let alone: Vec<_> = found.iter().filter(|finding| finding.code == "WK105").collect();
        assert!(alone.len() == 1 && alone[0].severity == super::codes::Severity::Note, "{found:?}");
        assert_eq!(lang == Lang::En, alone[0].message.is_ascii());
    }
}

#[test]
fn an_older_epoch_explains_another_master() {
    let changes = [("mm 10.0.0.1 6379 2\n", "mm 10.0.0.7 6379 2\nsentinel config-epoch mm 3\n")];
    assert_eq!(across(&changes, ""), ["WK802"]);
}

#[test]
fn the_network_is_asked_only_when_told_to() {
    let place = Place::new();
    // A port that was free a moment ago: nobody listens there.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let text = format!("@sentinel monitor mm 127.0.0.1 {port} 2\nsentinel down-after-milliseconds mm 5000");
    assert_eq!(codes(&place.found(&text, Options::default())), Vec::<&str>::new());
    let online = Options { online: true, ..Options::default() };
    assert_eq!(codes(&place.found(&text, online)), ["WK903"]);
    let name = "sentinel resolve-hostnames yes\nsentinel announce-ip no-such-host.invalid";
    assert!(codes(&place.found(&format!("{text}\n{name}"), online)).contains(&"WK901"));
}

#[test]
fn a_file_for_another_machine_is_read_without_looking_at_this_one() {
    let place = Place::new();
    let lines = "dir /nonexistent\nlogfile /nonexistent/log\naclfile /nonexistent/acl\n\
                 sentinel notification-script mm /nonexistent/x.sh\ntls-port 1\ntls-cert-file /nonexistent/c\n\
                 tls-key-file /nonexistent/k\ntls-ca-cert-file /nonexistent/ca\nMODE 644\nrequirepass Jx82";
    let elsewhere = Options { elsewhere: true, ..Options::default() };
    assert_eq!(codes(&place.found(lines, elsewhere)), Vec::<&str>::new());
    assert_eq!(codes(&place.found("tls-port 1", elsewhere)), ["WK601"]);
    assert!(!codes(&place.found(lines, Options::default())).is_empty());
}
