//! Tests that need a network and names of their own. Such a test runs once more in a process that has both for itself
//! (`unshare`) and may do there what else only root may, if the kernel lets users have namespaces; nothing it does
//! reaches the machine's own network or files. Where the kernel refuses, the test says so and does nothing.

use std::env;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// Set in the process that has all this.
const APART: &str = "WATCHKEEPER_TEST_APART";
/// Ways of becoming apart. The first needs no privilege, and gives none outside.
const WAYS: [&[&str]; 2] = [&["--map-root-user", "--mount", "--net"], &["--mount", "--net"]];
/// What a test does there, in short.
const TRY: &str = "set -e; mount -t tmpfs none /run; mkdir /run/netns; ip netns add try; ip link add br0 type bridge; \
                   ip link add port type veth peer name eth0 netns try; mount --bind /etc/hosts /etc/hosts; \
                   setpriv --version; nsenter --net=/run/netns/try true";

/// Runs the test of this name apart from the machine's network, or says why it cannot be run here.
pub(crate) fn apart(name: &str, test: impl FnOnce()) {
    if env::var_os(APART).is_some() {
        return test();
    }
    let way = match possible() {
        Ok(way) => way,
        Err(why) => {
            let text = format!("skipped: {name}: no network of its own to be had: {why}\n");
            // Past the harness, which would show it only if the test failed.
            std::io::stderr().write_all(text.as_bytes()).unwrap();
            return;
        }
    };
    let mut command = Command::new("unshare");
    // Whoever enters a namespace loses the signal that was set before.
    command.args(*way).args(["setpriv", "--pdeathsig", "KILL"]).arg(env::current_exe().unwrap());
    command.args([name, "--exact", "--nocapture"]).env(APART, "1").stdin(Stdio::null());
    let output = command.output().unwrap();
    let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    println!("{said}{errors}");
    assert!(output.status.success() && said.contains(" 1 passed"), "`{name}` failed in a network of its own");
}

/// How a process can be apart here, or why it cannot.
fn possible() -> &'static Result<&'static [&'static str], String> {
    static POSSIBLE: OnceLock<Result<&'static [&'static str], String>> = OnceLock::new();
    POSSIBLE.get_or_init(|| {
        let mut refused = Vec::new();
        for way in WAYS {
            let mut command = Command::new("unshare");
            command.args(way).args(["sh", "-c", TRY]).stdin(Stdio::null());
            match command.output() {
                Ok(output) if output.status.success() => return Ok(way),
                Ok(output) => refused.push(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
                Err(error) => refused.push(format!("`unshare`: {error}")),
            }
        }
        Err(refused.join("; "))
    })
}
