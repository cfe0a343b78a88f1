//! Rules for `Cargo.toml` files. They are read line by line, as far as dependencies need it; cargo itself checks that
//! they are valid.

use super::{File, Finding};

/// The crate that decides, and all it may depend on.
const CORE: &str = "crates/core/Cargo.toml";
const CORE_DEPENDENCIES: &[&str] = &["watchkeeper-resp"];

/// One `key = value` in a table of dependencies.
#[derive(Debug, PartialEq, Eq)]
struct Dependency<'a> {
    line: usize,
    /// whether it is for development only
    dev: bool,
    name: &'a str,
    /// the whole value, or one of its fields
    value: &'a str,
}

fn dependencies(text: &str) -> Vec<Dependency<'_>> {
    let mut found = Vec::new();
    let mut table = "";
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(header) = line.strip_prefix('[') {
            table = header.split(']').next().unwrap_or_default().trim();
            continue;
        }
        let Some((key, value)) = line.split_once('=').filter(|_| !line.starts_with('#')) else { continue };
        // `[dependencies]`, `[target.'..'.dependencies]`, or `[dependencies.NAME]`
        let (kind, name) = match table.rsplit_once('.') {
            Some((before, name)) if kind_of(before).is_some() => (kind_of(before), name),
            _ => (kind_of(table), key.split('.').next().unwrap_or_default().trim()),
        };
        if let Some(dev) = kind {
            found.push(Dependency {
                line: index + 1,
                dev,
                name: name.trim_matches('"'),
                value: value.trim(),
            });
        }
    }
    found
}

/// Whether a table holds dependencies, and whether they are for development only.
fn kind_of(table: &str) -> Option<bool> {
    match table.rsplit('.').next() {
        Some("dependencies" | "build-dependencies") => Some(false),
        Some("dev-dependencies") => Some(true),
        _ => None,
    }
}

/// The core is pure: what it could do with other crates, it must not do.
pub(super) fn core_depends_on_resp_only(files: &[File]) -> Vec<Finding> {
    const HINT: &str = "the core is a pure function of state, time and input and depends on nothing but the codec: \
        do it in the shell";
    let finding = |line, what| Finding { path: CORE.to_owned(), line, what, hint: HINT };
    let Some(file) = files.iter().find(|file| file.path == CORE) else {
        return vec![finding(1, "the file is missing".to_owned())];
    };
    let found: Vec<_> = dependencies(&file.text).into_iter().filter(|dependency| !dependency.dev).collect();
    let mut findings = Vec::new();
    for dependency in found.iter().filter(|dependency| !CORE_DEPENDENCIES.contains(&dependency.name)) {
        let what = format!("the core depends on `{}`, expected only `watchkeeper-resp`", dependency.name);
        findings.push(finding(dependency.line, what));
    }
    for name in CORE_DEPENDENCIES.iter().filter(|name| !found.iter().any(|found| found.name == **name)) {
        findings.push(finding(1, format!("the core does not depend on `{name}`")));
    }
    findings
}

/// A build of tomorrow is the build of today.
pub(super) fn no_wildcard_versions(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.path == "Cargo.toml" || file.path.ends_with("/Cargo.toml")) {
        for dependency in dependencies(&file.text) {
            let version = version(dependency.value);
            if version.contains('*') {
                findings.push(Finding {
                    path: file.path.clone(),
                    line: dependency.line,
                    what: format!("`{}` may have any version: `{version}`", dependency.name),
                    hint: "name the version that was tested, as in \"1.2\"",
                });
            }
        }
    }
    findings
}

/// The version in a value: the string itself, or the field `version` of a table.
fn version(value: &str) -> &str {
    let text = if value.starts_with('{') {
        value
            .split_once("version")
            .map_or("", |(_, rest)| rest.trim_start().trim_start_matches('=').trim_start())
    } else {
        value
    };
    text.strip_prefix(['"', '\'']).and_then(|text| text.split(['"', '\'']).next()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::{places, sample};
    use super::*;

    #[test]
    fn a_dependency_of_the_core_is_found() {
        let check = |text: &str| {
            core_depends_on_resp_only(&[sample(CORE, text)]).iter().map(|f| f.line).collect::<Vec<_>>()
        };
        let resp = "[package]\nname = \"core\"\n[dependencies]\nwatchkeeper-resp.workspace = true\n";
        assert_eq!(check(resp), []);
        assert_eq!(check(&format!("{resp}[dev-dependencies]\nproptest = \"1\"\n")), []);
        assert_eq!(check(&format!("{resp}tokio = \"1\"\n")), [5]);
        assert_eq!(check(&format!("{resp}[dependencies.tokio]\nversion = \"1\"\n")), [6]);
        assert_eq!(check(&format!("{resp}[target.'cfg(unix)'.dependencies]\nrustix = \"1\"\n")), [6]);
        assert_eq!(check(&format!("{resp}[build-dependencies]\ncc = \"1\"\n")), [6]);
        assert_eq!(check("[dependencies]\n"), [1]);
        assert_eq!(places(&core_depends_on_resp_only(&[])), [(CORE, 1)]);
    }

    #[test]
    fn a_wildcard_version_is_found() {
        let text = "[package]\nversion = \"*\"\n\
            [dependencies]\na = \"*\"\nb = { version = \"1.*\", features = [\"x\"] }\nc = \"1\"\n# d = \"*\"\n\
            [workspace.dependencies]\ne = '*'\nf = { path = \"f*\" }\n\
            [dev-dependencies.g]\nversion = \"*\"\n";
        for path in ["Cargo.toml", "crates/a/Cargo.toml"] {
            let findings = no_wildcard_versions(&[sample(path, text)]);
            assert_eq!(places(&findings), [(path, 4), (path, 5), (path, 9), (path, 12)]);
        }
    }
}
