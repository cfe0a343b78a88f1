//! Getting upstream's source tree at run time, without touching the system's package configuration.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The source tree: `$REDIS_SOURCE`, else Debian's source package `redis`, fetched once into `home`.
///
/// # Panics
/// When it cannot be had.
pub(crate) fn source(home: &Path) -> PathBuf {
    if let Some(path) = std::env::var_os("REDIS_SOURCE").map(PathBuf::from) {
        assert!(path.join("tests/sentinel").is_dir(), "no Redis source at `{}`", path.display());
        return path;
    }
    let package = home.join("package");
    if let Some(tree) = unpacked(&package) {
        return tree;
    }
    download(&package);
    unpacked(&package).expect("apt-get source leaves the unpacked tree")
}

fn unpacked(package: &Path) -> Option<PathBuf> {
    let mut entries = fs::read_dir(package).ok()?.flatten().map(|entry| entry.path());
    entries.find(|path| path.join("tests/sentinel/run.tcl").is_file())
}

fn download(package: &Path) {
    let apt = package.join("apt");
    for dir in ["parts", "lists/partial", "cache/archives/partial"] {
        fs::create_dir_all(apt.join(dir)).expect("the target directory is ours");
    }
    fs::write(apt.join("parts/source.sources"), sources()).expect("the target directory is ours");
    let at = |name: &str, path: &Path| format!("-o{name}={}", path.display());
    let options = [
        at("Dir::Etc::SourceList", Path::new("/dev/null")),
        at("Dir::Etc::SourceParts", &apt.join("parts")),
        at("Dir::State::Lists", &apt.join("lists")),
        at("Dir::Cache", &apt.join("cache")),
        // Apt's download user may not be able to enter the target directory.
        "-oAPT::Sandbox::User=root".to_owned(),
    ];
    for words in [vec!["update"], vec!["source", "redis"]] {
        println!("apt-get {} (private configuration in {})", words.join(" "), apt.display());
        let mut command = Command::new("apt-get");
        command.arg("-qq").args(&options).args(&words).current_dir(package);
        let status = command.status().expect("apt-get is needed (hint: set $REDIS_SOURCE)");
        assert!(status.success(), "apt-get failed (hint: unpack a Redis 7.0 source, set $REDIS_SOURCE)");
    }
}

/// Source packages of the Debian release this machine runs, security updates included.
fn sources() -> String {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let codename = release.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME="));
    let codename = codename.unwrap_or("bookworm");
    let entry = |uri: &str, suite: &str| {
        format!(
            "Types: deb-src\nURIs: {uri}\nSuites: {suite}\nComponents: main\n\
             Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n\n"
        )
    };
    entry("http://deb.debian.org/debian", codename)
        + &entry("http://deb.debian.org/debian-security", &format!("{codename}-security"))
}
