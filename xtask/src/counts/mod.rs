//! Costs that are counted, not timed: instructions of fixed work, by callgrind, beside those in bench/counts.txt. They are
//! the same on a busy machine, so a few per cent can be told from none. What a count means is in [`baseline`].

mod baseline;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use baseline::{Baseline, Tools, Verdict, change, grouped, judge};

/// Beside the root of the repository.
const FILE: &str = "bench/counts.txt";

/// The C library copies by what the processor can do best; here by what all can, so that machines agree. Two names for
/// the same, of its older and of its newer versions; those that one does not know it ignores.
const TUNABLES: &str = "glibc.cpu.hwcaps=-AVX2_Usable,-AVX2,-ERMS,-FSRM";

/// One program with fixed work.
struct Measure {
    name: &'static str,
    /// below the release directory
    program: &'static str,
    arguments: &'static [&'static str],
    /// what can change the count besides its cost
    note: Option<&'static str>,
}

const MEASURES: &[Measure] = &[
    Measure {
        name: "sim",
        program: "sim",
        // five minutes with ten failovers
        arguments: &["seed", "3"],
        note: Some(
            "a decision that changed plays another course; `sim seed 3` tells how many happenings it has now",
        ),
    },
    Measure { name: "commands", program: "examples/decode", arguments: &["commands"], note: None },
    Measure { name: "replies", program: "examples/decode", arguments: &["replies"], note: None },
    // an hour of one sentinel
    Measure { name: "quiet", program: "examples/quiet", arguments: &["1"], note: None },
];

/// What builds them.
const BUILDS: &[&[&str]] = &[
    &["-p", "watchkeeper-sim", "--bin", "sim"],
    &["-p", "watchkeeper-resp", "--example", "decode", "-p", "watchkeeper-core", "--example", "quiet"],
];

/// Builds, counts and compares. `true` when no count is too far from its baseline.
pub(crate) fn check() -> Result<bool, String> {
    let root = root()?;
    let baseline = read(&root)?;
    let tools = tools()?;
    let counts = count_all(&root)?;
    let mut good = true;
    for (measure, count) in &counts {
        good &= tell(measure, *count, baseline.of(measure.name, &tools));
    }
    if counts.iter().all(|(measure, _)| baseline.of(measure.name, &tools).is_none()) {
        println!(
            "counts: none is recorded for {tools}: nothing was compared\n\
             hint: cargo run -p xtask -- counts --update"
        );
    } else if !good {
        eprintln!(
            "hint: if that is meant: cargo run -p xtask -- counts --update, and say why in the commit of {FILE}"
        );
    } else {
        println!("counts: all within 3 % ({tools})");
    }
    Ok(good)
}

/// Builds, counts and writes the counts down.
pub(crate) fn update() -> Result<bool, String> {
    let root = root()?;
    let mut baseline = read(&root)?;
    let tools = tools()?;
    let counts = count_all(&root)?;
    for (measure, count) in &counts {
        println!("{}", row(measure, *count, baseline.of(measure.name, &tools)));
    }
    let counts: Vec<_> = counts.iter().map(|(measure, count)| (measure.name, *count)).collect();
    baseline.replace(&tools, &counts);
    let path = root.join(FILE);
    std::fs::write(&path, baseline.render()).map_err(|error| format!("cannot write `{FILE}`: {error}"))?;
    println!("counts: written to {FILE} for {tools}");
    Ok(true)
}

fn row(measure: &Measure, count: u64, baseline: Option<u64>) -> String {
    let beside = baseline.map_or_else(
        || "not recorded".to_owned(),
        |known| format!("recorded {:>15}   {:>9}", grouped(known), change(count, known)),
    );
    format!("{:<8} {:>15}   {beside}", measure.name, grouped(count))
}

/// Prints a count and what is wrong with it; `false` if something is.
fn tell(measure: &Measure, count: u64, baseline: Option<u64>) -> bool {
    println!("{}", row(measure, count, baseline));
    let change = baseline.map(|known| change(count, known)).unwrap_or_default();
    let by = change.trim_start_matches(['+', '-']);
    let name = measure.name;
    match judge(count, baseline) {
        Verdict::Unknown | Verdict::Same => return true,
        Verdict::More => {
            eprintln!("error: `{name}` takes {by} more instructions than {FILE} says, expected at most 3 %");
        }
        Verdict::Fewer => eprintln!(
            "error: `{name}` takes {by} fewer instructions than {FILE} says: with that baseline as many could come back unseen"
        ),
    }
    eprintln!("hint: where they go: callgrind_annotate {} | head -n 60", shown_profile(name).display());
    if let Some(note) = measure.note {
        eprintln!("hint: {note}");
    }
    false
}

fn read(root: &Path) -> Result<Baseline, String> {
    let path = root.join(FILE);
    if !path.exists() {
        return Ok(Baseline::default());
    }
    let text = std::fs::read_to_string(&path).map_err(|error| format!("cannot read `{FILE}`: {error}"))?;
    Baseline::parse(&text).map_err(|error| format!("{FILE}, {error}"))
}

fn count_all(root: &Path) -> Result<Vec<(&'static Measure, u64)>, String> {
    let valgrind = said("valgrind", &["--version"]).map_err(|error| {
        format!("{error}\nhint: scripts/setup.sh test, or the package `valgrind` of your distribution")
    })?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    for build in BUILDS {
        let status = Command::new(&cargo)
            .args(["build", "--locked", "--release", "--quiet"])
            .args(*build)
            .current_dir(root)
            .status()
            .map_err(|error| format!("cannot run `cargo build`: {error}"))?;
        if !status.success() {
            return Err(format!("`cargo build --release {}` failed ({status})", build.join(" ")));
        }
    }
    println!("counts: {} runs under {}", MEASURES.len(), valgrind.trim_end());
    MEASURES.iter().map(|measure| Ok((measure, count(root, measure)?))).collect()
}

/// The instructions of one run. What it finds around it is always the same: no variables, a relative name.
fn count(root: &Path, measure: &Measure) -> Result<u64, String> {
    let name = measure.name;
    let profile = root.join(shown_profile(name));
    let directory = profile.parent().unwrap_or(root);
    std::fs::create_dir_all(directory)
        .map_err(|error| format!("cannot make `{}`: {error}", directory.display()))?;
    let mut out = std::ffi::OsString::from("--callgrind-out-file=");
    out.push(&profile);
    let output = Command::new("valgrind")
        .arg("--tool=callgrind")
        .arg(out)
        .arg(format!("./{}", measure.program))
        .args(measure.arguments)
        .current_dir(root.join(target()).join("release"))
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("GLIBC_TUNABLES", TUNABLES)
        .output()
        .map_err(|error| format!("cannot run `valgrind`: {error}"))?;
    if !output.status.success() {
        return Err(format!("`{name}` failed under valgrind ({}):\n{}", output.status, both(&output)));
    }
    let text = std::fs::read_to_string(&profile)
        .map_err(|error| format!("cannot read `{}`: {error}", profile.display()))?;
    total(&text).ok_or_else(|| format!("`{}` has no line `totals: COUNT`", profile.display()))
}

/// The instructions of a whole profile.
fn total(profile: &str) -> Option<u64> {
    profile.lines().find_map(|line| line.strip_prefix("totals:"))?.trim().parse().ok()
}

fn both(output: &Output) -> String {
    let text = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
    text.concat().trim_end().to_owned()
}

/// Where cargo builds, from the root.
fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from)
}

fn shown_profile(name: &str) -> PathBuf {
    target().join("counts").join(format!("{name}.callgrind"))
}

fn root() -> Result<PathBuf, String> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().map(Path::to_owned).ok_or_else(|| "xtask has no repository around it".to_owned())
}

fn tools() -> Result<Tools, String> {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let version = said(&rustc, &["-vV"])?;
    let field = |name: &str| {
        let value =
            version.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().to_owned());
        value.ok_or_else(|| format!("`{rustc} -vV` has no line `{name}`"))
    };
    // Not every C library has the variable; one that has not is a kind of its own.
    let libc = said("getconf", &["GNU_LIBC_VERSION"]).unwrap_or_else(|_| "other".to_owned());
    Ok(Tools { rustc: field("release:")?, target: field("host:")?, libc: libc.trim().replace(' ', "-") })
}

fn said(program: &str, arguments: &[&str]) -> Result<String, String> {
    let shown = format!("{program} {}", arguments.join(" "));
    let output = Command::new(program)
        .args(arguments)
        .output()
        .map_err(|error| format!("cannot run `{shown}`: {error}"))?;
    if !output.status.success() {
        return Err(format!("`{shown}` failed ({}):\n{}", output.status, both(&output)));
    }
    String::from_utf8(output.stdout).map_err(|_| format!("`{shown}` said what is not UTF-8"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_total_of_a_profile_is_found() {
        let profile = "# callgrind format\nevents: Ir\nsummary: 12\n\nfn=(1)\n7 12\n\ntotals: 12\n";
        assert_eq!(super::total(profile), Some(12));
        assert_eq!(super::total("events: Ir\n"), None);
    }
}
