//! What is said where nothing could be looked at: exit statuses, both languages, and each thing once.

use std::fs::OpenOptions;
use std::process::Command;

/// Status, standard output and standard error.
fn run(words: &str) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_watchkeeper"));
    let output = command.env("LC_ALL", "C").args(words.split(' ')).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn nothing_that_could_not_be_done_looks_like_a_finding() {
    for words in [
        "doctor --groop x",
        "doctor --config /nonexistent/x",
        "doctor no.such.host.invalid",
        "--lang zh doctor -x",
    ] {
        let (status, out, err) = run(words);
        assert_eq!((status, out.as_str()), (3, ""), "{words}: {err}");
    }
    assert!(run("doctor --help").1.contains("3, it could not be done"));
    for word in ["--help", "help", "doctor --help", "check --help", "doctor --list", "check --list"] {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_watchkeeper"));
        command.env("LC_ALL", "C").args(word.split(' ')).stdout(full);
        let output = command.output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        let expected = "error: standard output can't be written: No space left on device\n";
        assert!(told == expected && !output.status.success(), "{word}: {told}");
    }
}

#[test]
fn chinese_is_not_mixed_with_english() {
    for words in [
        "doctor --config /nonexistent/x",
        "doctor no.such.host.invalid",
        "doctor 127.0.0.1:1",
        "doctor --groop x",
    ] {
        let told = run(&format!("--lang zh {words}")).2;
        assert!(told.starts_with("错误：") && told.contains("提示："), "{told}");
        let english = ["hint", "error", "failed", "not known", "resolution", "refused", "No such", "Usage"];
        assert!(english.iter().all(|word| !told.contains(word)), "{told}");
    }
}

#[test]
fn a_code_is_explained() {
    let (status, text, _) = run("doctor --explain wd265");
    assert!(status == 0 && text.starts_with("critical[WD265]: ") && text.contains("`masterauth`"), "{text}");
    assert_eq!(run("check --explain WD265").1, text);
    let text = run("doctor --explain WD243,WD221 --lang zh").1;
    assert!(text.contains("在它的主机上检查") && !text.contains(" 它"), "{text}");
    assert!(text.contains("`watchkeeper failover GROUP --sentinel HOST:PORT`"), "{text}");
    let (status, _, text) = run("check --deny WD265 x");
    assert!(status == 2 && text.contains("is a code of `watchkeeper doctor`"), "{text}");
    assert_eq!(run("doctor --explain WK101").0, 3);
}
