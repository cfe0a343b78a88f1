//! Reference documents made from the core's tables, so that they cannot disagree with the program. Here they are
//! listed, written and compared; each module below renders one of them in one language.

mod commands;
mod directives;
mod events;

use std::path::{Path, PathBuf};

use watchkeeper_core::Lang;

/// A document: its name without ending, and what makes its text.
type Document = (&'static str, fn(Lang) -> String);

const DOCUMENTS: &[Document] =
    &[("events", events::render), ("directives", directives::render), ("commands", commands::render)];

/// Writes all documents. Always `true`: nothing can be found wrong.
pub(crate) fn write() -> Result<bool, String> {
    for (path, text) in rendered() {
        let full = root().join(&path);
        let folder = full.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(&full, text))
            .map_err(|error| format!("cannot write `{}`: {error}", full.display()))?;
        println!("docs: {path}");
    }
    Ok(true)
}

/// Compares all documents with what would be written, and prints those that differ.
pub(crate) fn check() -> Result<bool, String> {
    let stale: Vec<String> = rendered()
        .into_iter()
        .filter(|(path, text)| !std::fs::read_to_string(root().join(path)).is_ok_and(|found| found == *text))
        .map(|(path, _)| path)
        .collect();
    for path in &stale {
        println!("{path}: is not what the tables say\n  hint: cargo run -p xtask -- docs");
    }
    println!("docs: {} documents, {} stale", DOCUMENTS.len() * Lang::ALL.len(), stale.len());
    Ok(stale.is_empty())
}

/// The repository this program was built from.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn rendered() -> Vec<(String, String)> {
    let languages = |(name, render): &Document| Lang::ALL.map(|lang| (path(name, lang), render(lang)));
    DOCUMENTS.iter().flat_map(languages).collect()
}

fn file_name(name: &str, lang: Lang) -> String {
    format!("{name}{}", lang.pick(".md", ".zh-CN.md"))
}

fn path(name: &str, lang: Lang) -> String {
    format!("docs/reference/{}", file_name(name, lang))
}

/// The lines every document begins with: how it is made, its title, the way to the other language.
fn head(name: &str, lang: Lang, from: &str, title: &str) -> String {
    let (en, zh) = (file_name(name, Lang::En), file_name(name, Lang::Zh));
    let languages = match lang {
        Lang::En => format!("English | [简体中文]({zh})"),
        Lang::Zh => format!("[English]({en}) | 简体中文"),
    };
    format!(
        "<!-- Made by `cargo run -p xtask -- docs` from {from}. Change it there. -->\n\n# {title}\n\n{languages}\n"
    )
}

/// A table of Markdown.
fn table(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let head: Vec<String> = head.iter().map(ToString::to_string).collect();
    let mut text = line(&head) + "|" + &"---|".repeat(head.len()) + "\n";
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| cell.replace('|', "\\|")).collect();
        text += &line(&cells);
    }
    text
}

/// Text as code; a dash for nothing.
fn code(text: &str) -> String {
    if text.is_empty() { "–".to_owned() } else { format!("`{text}`") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_in_a_cell_does_not_end_it() {
        let made = table(&["a", "b"], [vec![code("yes|no"), code("")]]);
        assert_eq!(made, "| a | b |\n|---|---|\n| `yes\\|no` | – |\n");
    }

    #[test]
    fn every_document_says_how_it_is_made_and_names_the_other_language() {
        for (path, text) in rendered() {
            assert!(text.starts_with("<!-- Made by `cargo run -p xtask -- docs` from "), "{path}");
            let other = path.ends_with(".zh-CN.md");
            assert!(text.contains(if other { "[English](" } else { "[简体中文](" }), "{path}");
            assert!(text.ends_with('\n') && !text.ends_with("\n\n"), "{path}");
        }
    }
}
