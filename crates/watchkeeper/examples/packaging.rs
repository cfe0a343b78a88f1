//! What a package carries beside the program: manual pages and shell completions, made from the tables that parse the command
//! line and the configuration file, so that they cannot disagree with the program. How they are installed is left to the
//! package (`scripts/deb.sh`).
//!
//! usage: `cargo run -p watchkeeper --example packaging -- DIR`

use std::error::Error;
use std::fs;
use std::path::Path;

use clap_complete::Shell;
use clap_mangen::roff::{Roff, bold, italic, roman};
use watchkeeper::cli::own;
use watchkeeper_core::config::directive::{GENERAL, OURS, SENTINEL};

/// Where the package puts the configuration file.
const FILE: &str = "/etc/watchkeeper/sentinel.conf";

fn main() -> Result<(), Box<dyn Error>> {
    let dir = std::env::args_os().nth(1).ok_or("expected a directory\nhint: packaging DIR")?;
    let (man, completions) = (Path::new(&dir).join("man"), Path::new(&dir).join("completions"));
    fs::create_dir_all(&man)?;
    fs::create_dir_all(&completions)?;
    // One page a command. Version and line breaks of the texts stay as help shows them.
    clap_mangen::generate_to(command(), &man)?;
    fs::write(man.join("watchkeeper.conf.5"), configuration())?;
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        clap_complete::generate_to(shell, &mut command(), "watchkeeper", &completions)?;
    }
    Ok(())
}

fn command() -> clap::Command {
    // The build's commit does not belong into a page that is the same for all builds of a version.
    own::command(watchkeeper::cli::lang::Lang::En).version(env!("CARGO_PKG_VERSION"))
}

/// The page about the configuration file.
fn configuration() -> String {
    let mut page = Roff::new();
    let version = format!("watchkeeper {}", env!("CARGO_PKG_VERSION"));
    page.control("TH", ["watchkeeper.conf", "5", "", version.as_str(), "Files"]);
    page.control("SH", ["NAME"]);
    page.text([roman("watchkeeper.conf - configuration file of a Watchkeeper sentinel")]);
    page.control("SH", ["DESCRIPTION"]);
    page.text([
        roman("The file of "),
        bold("redis-sentinel"),
        roman(" with every directive of it: one directive a line, comments behind a # at the beginning of a line. "),
        roman("Debian's package keeps it in "),
        italic(FILE),
        roman(", where the line "),
        bold("state-file"),
        roman(" keeps the daemon from writing to it."),
    ]);
    page.control("SH", ["SENTINEL DIRECTIVES"]);
    for directive in SENTINEL {
        page.control("TP", []);
        let mut words = vec![bold(format!("sentinel {}", directive.name))];
        words.extend(directive.words.iter().flat_map(|word| [roman(" "), italic(*word)]));
        page.text(words);
        page.text([roman(described(directive.name, directive.default, directive.doc))]);
    }
    page.control("SH", ["GENERAL DIRECTIVES"]);
    page.text([roman(
        "Those with an effect on a sentinel; others of a data server are accepted and ignored.",
    )]);
    for directive in GENERAL.iter().filter(|directive| directive.used) {
        page.control("TP", []);
        page.text([bold(directive.name)]);
        page.text([roman(described(directive.name, directive.default, ""))]);
    }
    page.control("SH", ["SEE ALSO"]);
    page.text([bold("watchkeeper"), roman("(1), "), bold("watchkeeper-run"), roman("(1)")]);
    page.to_roff()
}

/// What it means, its default, and whether upstream knows it.
fn described(name: &str, default: &str, doc: &str) -> String {
    let mut text = doc.to_owned();
    if !default.is_empty() {
        text += &format!(" Default: {default}.");
    }
    if OURS.contains(&name) && !doc.contains("Watchkeeper only") {
        text += " Watchkeeper only: redis-sentinel refuses a file with it.";
    }
    if text.is_empty() { "No default.".to_owned() } else { text.trim_start().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_every_directive() {
        let page = configuration();
        let names = SENTINEL.iter().map(|each| each.name);
        for name in names.chain(GENERAL.iter().filter(|each| each.used).map(|each| each.name)) {
            assert!(page.contains(&name.replace('-', "\\-")), "{name}");
        }
    }
}
