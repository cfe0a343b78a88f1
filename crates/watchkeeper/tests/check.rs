//! `watchkeeper check`, as a user calls it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_watchkeeper"));
    command.env("LC_ALL", "C").arg("check").args(args);
    command
}

fn told(output: Output) -> (i32, String) {
    let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    (output.status.code().unwrap(), text)
}

/// Checks a text that is given on standard input.
fn check(text: &[u8], args: &[&str]) -> (i32, String) {
    let mut child = command(args)
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text).unwrap();
    told(child.wait_with_output().unwrap())
}

/// Checks files of this repository, which are for other machines.
fn files(paths: &[String]) -> (i32, String) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    told(command(&["--elsewhere"]).args(paths).current_dir(root).output().unwrap())
}

const FINE: &str = "sentinel monitor mm 10.0.0.1 6379 2\nsentinel down-after-milliseconds mm 5000\n";

#[test]
fn all_errors_are_shown_as_compilers_show_them() {
    let text = "prot 26379\n  sentinel monitor mm 10.0.0.1 6379 0\nsentinel parallel-syncs mm 1\n\
                sentinel parallel-syncs other 1\nsentinel failover-timeout other 1\nrequirepass \"Jx82\n";
    let (code, told) = check(text.as_bytes(), &[]);
    let expected = "\
error[WK001]: Bad directive or wrong number of arguments
 --> <stdin>:1:1
  |
1 | prot *****
  | ^^^^
  = why: A sentinel stops at the first such line and does not start.
  = hint: did you mean `port`?

error[WK001]: Quorum must be 1 or greater.
 --> <stdin>:2:37
  |
2 | sentinel monitor mm 10.0.0.1 6379 0
  |                                   ^
  = hint: the quorum is how many sentinels must agree that the master is down: 1 to 2147483647

error[WK001]: No such master with specified name.
 --> <stdin>:4:25
  |
4 | sentinel parallel-syncs other 1
  |                         ^^^^^
  = hint: a line `sentinel monitor other ...` is missing

error[WK001]: Unbalanced quotes in configuration line
 --> <stdin>:6:1
  |
6 | requirepass *****
  | ^^^^^^^^^^^
  = hint: a value with quotes in it is written as \"...\\\"...\"; a closing quote ends the word

1 file: 4 errors, 0 warnings, 0 notes
";
    assert_eq!((code, &told[..]), (2, expected));
}

#[test]
fn everything_is_said_in_chinese_too() {
    let text = "sentinel monitor 哨兵 10.0.0.1 6379 1\nsentinel down-after-miliseconds 哨兵 5000\nport 哨\n";
    let (code, told) = check(text.as_bytes(), &["--lang", "zh"]);
    let expected = "\
警告[WK103]：法定票数为 1：单个哨兵就能认定 `哨兵` 的主节点下线
 --> <stdin>:1:35
  |
1 | sentinel monitor 哨兵 10.0.0.1 6379 1
  |                                     ^
  = 原因：法定票数为 1 时，自身网络有问题的哨兵只要能得到多数票，就会对健康的主节点发起故障转移。
  = 建议：把法定票数设为哨兵的多数：3 个中的 2 个

错误[WK001]：未知的 sentinel 指令，或参数个数不对（Unrecognized sentinel configuration statement.）
 --> <stdin>:2:10
  |
2 | sentinel down-after-miliseconds ** ****
  |          ^^^^^^^^^^^^^^^^^^^^^^
  = 原因：哨兵读到第一处这样的行就会停止，无法启动。
  = 建议：是否想写 `sentinel down-after-milliseconds ...`？

错误[WK001]：必须是整数（argument couldn't be parsed into an integer）
 --> <stdin>:3:6
  |
3 | port 哨
  |      ^^
  = 建议：改正这一行；`docs/reference/directives.zh-CN.md` 列出了每个指令的参数

1 个文件：2 个错误，1 个警告，0 个提示
";
    assert_eq!((code, &told[..]), (2, expected));
}

#[test]
fn the_exit_status_tells_how_bad_it_is() {
    let warning = format!("{FINE}sentinel parallel-syncs mm 0\n");
    let note = "sentinel monitor mm 10.0.0.1 6379 2\n";
    let status = |text: &str, args: &[&str]| check(text.as_bytes(), args).0;
    assert_eq!(status(FINE, &[]), 0);
    assert_eq!(status(note, &[]), 0);
    assert_eq!(status(&warning, &[]), 1);
    assert_eq!(status("bogus 1\n", &[]), 2);
    assert_eq!(status(&warning, &["--deny", "warnings"]), 2);
    assert_eq!(status(&warning, &["--allow", "WK306"]), 0);
    assert_eq!(status(&warning, &["--allow", "warnings"]), 0);
    assert_eq!(status(&warning, &["--allow=wk306,wk307", "--deny=warnings"]), 0);
    assert_eq!(status(note, &["--deny", "WK307"]), 2);
    assert_eq!(status(note, &["--deny", "notes"]), 2);
    // What a sentinel refuses cannot be allowed.
    assert_eq!(status("bogus 1\n", &["--allow", "WK001"]), 2);
    assert_eq!(status(FINE, &["--allow", "WK999"]), 2);
    assert_eq!(told(command(&["/nonexistent/s.conf"]).output().unwrap()).0, 2);
    assert_eq!(told(command(&[]).output().unwrap()).0, 2);
}

#[test]
fn programs_get_json() {
    let (code, text) = check(b"sentinel monitor mm 10.0.0.1 6379 1\nmaxclients \"x\n", &["--format", "json"]);
    let expected = "{\"files\":1,\"errors\":1,\"warnings\":1,\"notes\":0,\"findings\":[\n\
        {\"code\":\"WK103\",\"severity\":\"warning\",\"file\":\"<stdin>\",\"line\":1,\"column\":35,\"length\":1,\
        \"text\":\"sentinel monitor mm 10.0.0.1 6379 1\",\"message\":";
    assert!(text.starts_with(expected), "{text}");
    assert!(text.contains("\"line\":2,\"column\":1,\"length\":10,\"text\":\"maxclients \\\"x\""), "{text}");
    assert_eq!(code, 2);
    let (code, text) = check(FINE.as_bytes(), &["--format", "json"]);
    assert_eq!(text, "{\"files\":1,\"errors\":0,\"warnings\":0,\"notes\":0,\"findings\":[]}\n");
    assert_eq!(code, 0);
}

#[test]
fn codes_are_listed_and_explained() {
    for (lang, title) in [("en", "the quorum can never be reached"), ("zh", "法定票数永远达不到")] {
        let (code, text) = told(command(&["--list", "--lang", lang]).output().unwrap());
        assert!(
            code == 0 && text.lines().any(|line| line.starts_with("WK101 ") && line.ends_with(title)),
            "{text}"
        );
        let (code, text) = told(command(&["--explain", "wk101", "--lang", lang]).output().unwrap());
        assert!(code == 0 && text.contains(title) && text.lines().count() == 5, "{text}");
    }
    assert_eq!(told(command(&["--explain", "WK999"]).output().unwrap()).0, 2);
}

/// Every way in which a secret may stand in a file, right and wrong.
#[test]
fn secrets_are_never_printed() {
    let text = "\
sentinel monitor mm 10.0.0.1 6379 1
sentinel auth-pass mm S3CRET \"S3CRET\"
sentinel auth-pass mm \"S3CRET x\"
sentinel auth-pass nobody S3CRET
sentinel auth-pas mm S3CRET
sentinel auth-user mm user S3CRET
sentinel auth-pass mm \"S3CRET
sentinel sentinel-pass \"S3\\CRET\"
sentinel sentinel-pass 'S3CRET
sentinel sentinel-user sentinels S3CRET
sentinel rename-command mm CONFIG S3CRET more
sentinel pass S3CRET
requirepass S3CRET S3CRET
requirepass \"S3CRET\" # S3CRET
requirepas S3CRET
requirepass: S3CRET
REQUIREPASS S3CRET\"S3CRET\"
masterauth S3CRET
primaryauth S3CRET S3CRET
masteruser me S3CRET
tls-key-file-pass S3CRET\u{1}
tls-client-key-file-pass S3CRET S3CRET
rename-command CONFIG S3CRET
rename-command NOSUCH S3CRET
user bob on >S3CRET nonsense
user eve on >S3CRET S3CRET
user eve on #S3CRET
user alice on <S3CRET
user carol on \"(S3CRET
loadmodule m.so S3CRET
module.password S3CRET
password=S3CRET
auth S3CRET
";
    let broken = [text.as_bytes(), b"\ntls-key-file-pass S3CRET\xff\nrequirepass S3CRET\xff x\n"].concat();
    for format in ["text", "json"] {
        for lang in ["en", "zh"] {
            let (code, told) = check(&broken, &["--format", format, "--lang", lang]);
            let shown: Vec<&str> = told.lines().filter(|line| line.contains("S3CRET")).collect();
            assert_eq!((code, shown), (2, Vec::new()));
        }
    }
}

#[test]
fn a_file_may_do_nothing_to_the_terminal() {
    let text =
        b"sentinel monitor \"a\x1b[31m\x07,b\" 10.0.0.1 6379 1\nport \x1b]0;x\x07\ninclude \"/\x1bx\"\n";
    let (_, told) = check(text, &[]);
    assert!(!told.contains(['\u{1b}', '\u{7}']), "{told:?}");
}

#[test]
fn hostile_files_end_soon_and_clearly() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("loop.conf");
    std::fs::write(&path, format!("include {}\n", path.display())).unwrap();
    let (code, text) = told(command(&[]).arg(&path).output().unwrap());
    assert!(code == 2 && text.contains("files include each other without end"), "{text}");

    let (code, text) = check("foo bar\n".repeat(60_000).as_bytes(), &[]);
    assert!(code == 2 && text.contains("more than 50000 lines") && text.len() < 100_000, "{}", text.len());
    let long = format!("sentinel monitor {} 10.0.0.1 6379 0\n", "x".repeat(10_000_000));
    let (code, text) = check(long.as_bytes(), &[]);
    assert!(code == 2 && text.len() < 2_000, "{}", text.len());
    let (code, text) = check(&[0; 100_000], &[]);
    assert!(code == 2 && text.contains("NUL"), "{text}");
    let noise: Vec<u8> =
        (0..100_000_u32).map(|i| u8::try_from(i.wrapping_mul(2_654_435_761) >> 24).unwrap()).collect();
    assert!(check(&noise, &[]).0 > 0);
}

#[test]
fn included_files_are_shown_by_their_own_lines() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("conf.d")).unwrap();
    std::fs::write(dir.path().join("conf.d/a.conf"), "# one\n# two\nport 26379\n").unwrap();
    std::fs::write(dir.path().join("conf.d/b.conf"), "\n bogus 1\n").unwrap();
    std::fs::write(dir.path().join("s.conf"), format!("{FINE}include conf.d/*.conf\n")).unwrap();
    let (code, text) = told(command(&["s.conf"]).current_dir(dir.path()).output().unwrap());
    assert!(code == 2 && text.contains("--> conf.d/b.conf:2:2"), "{text}");
}

#[test]
fn files_written_by_upstream_and_those_of_this_repository_are_fine() {
    for of in ["redis-7.0.15", "valkey-9.1"] {
        let paths = [1, 2, 3].map(|number| format!("crates/watchkeeper/tests/check/{of}/{number}.conf"));
        let (code, text) = files(&paths);
        assert_eq!((code, &text[..]), (0, "3 files: 0 errors, 0 warnings, 0 notes\n"));
    }
    let (code, text) = files(&["deploy/debian/sentinel.conf".into()]);
    assert!(code == 0 && text.ends_with("1 file: 0 errors, 0 warnings, 2 notes\n"), "{text}");
    let mut environment = Command::new(env!("CARGO_BIN_EXE_watchkeeper"));
    environment.args(["config", "from-env"]).env("MASTER", "10.0.0.1").env("QUORUM", "2");
    let (code, text) = check(&environment.output().unwrap().stdout, &["--elsewhere"]);
    assert!(code == 0 && text.contains("0 errors, 0 warnings, 1 note\n"), "{text}");
}

/// What is said about the lines behind `sentinel monitor`, in this language.
fn said(text: &str, lang: &str) -> (i32, String) {
    check(format!("{FINE}{text}").as_bytes(), &["--lang", lang])
}

#[test]
fn what_a_start_refuses_after_reading_is_refused() {
    let (code, text) = said("user foo on +ping +@nosuch\n", "en");
    let expected = "\
error[WK001]: Error loading ACL rule '+@nosuch' for the user named 'foo': Unknown command or category name in ACL
 --> <stdin>:3:19
";
    assert!(code == 2 && text.starts_with(expected), "{text}");
    let (code, text) = said("user foo on +ping +@nosuch\n", "zh");
    assert!(code == 2 && text.contains("规则 `+@nosuch`（用户 `foo`）无法加载：未知的命令或类别"), "{text}");
    let (code, text) = said("bind 127.0.0.1 1.2.3.4.5\n", "en");
    assert!(code == 2 && text.contains("`1.2.3.4.5` is neither an address nor a name"), "{text}");
    assert!(text.contains(" --> <stdin>:3:16\n"), "{text}");

    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("users.acl");
    std::fs::write(&path, "user a on +ping\n\n  user b on >S3CRET +get S3CRET\nS3CRET\n").unwrap();
    for (lang, words) in [("en", "applying operation '+get'"), ("zh", "规则 `+get` 有误")] {
        let (code, text) = said(&format!("aclfile {}\n", path.display()), lang);
        assert!(code == 2 && text.contains(words) && text.contains("users.acl:3:3\n"), "{text}");
        assert!(text.contains("user b on ******* +get ******") && text.contains("users.acl:4:1\n"), "{text}");
    }
}

#[test]
fn a_loop_of_files_is_told_alone() {
    let dir = tempfile::tempdir().unwrap();
    let (path, other) = (dir.path().join("a.conf"), dir.path().join("b.conf"));
    std::fs::write(&path, format!("{FINE}include {}\n", other.display())).unwrap();
    std::fs::write(&other, format!("include {}\n", path.display())).unwrap();
    let (code, text) = told(command(&[]).arg(&path).output().unwrap());
    assert!(code == 2 && text.matches("error[").count() == 1, "{text}");
    assert!(text.contains("files include each other without end"), "{text}");
}

#[test]
fn that_there_are_more_errors_than_are_listed_is_told() {
    for (lang, words) in [("en", "2 more are not listed"), ("zh", "另有 2 个没有列出")] {
        let (code, text) = check("bogus\n".repeat(10_002).as_bytes(), &["--lang", lang]);
        assert!(code == 2 && text.contains(words), "{text}");
    }
    let (_, text) = said("sentinel auth-pass mm two words\n", "zh");
    assert!(text.contains("含空格的密码要写在双引号中"), "{text}");
}

#[test]
fn what_cannot_be_written_is_an_error_of_every_command() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.conf");
    std::fs::write(&path, FINE).unwrap();
    let path = path.display();
    let commands = [
        (format!("check {path}"), 2),
        ("check --list".into(), 2),
        ("doctor --list".into(), 3),
        ("explain --list".into(), 2),
        (format!("rehearse {path} --self 10.0.0.9 --replica 10.0.0.2:6379 --kill 10.0.0.1"), 2),
        ("status --format json --timeout 100 --sentinel 127.0.0.1:1".into(), 2),
        ("config from-env".into(), 1),
    ];
    for (words, expected) in commands {
        for (lang, title) in
            [("en", "error: standard output can't be written"), ("zh", "错误：无法写入标准输出")]
        {
            let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
            let mut command = Command::new(env!("CARGO_BIN_EXE_watchkeeper"));
            command
                .args(["--lang", lang])
                .args(words.split(' '))
                .env("MASTER", "10.0.0.1")
                .env("QUORUM", "2");
            let (code, text) = told(command.stdout(full).output().unwrap());
            assert!(code == expected && text.contains(title), "{words}: {code} {text}");
        }
    }
}
