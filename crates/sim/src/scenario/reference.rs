//! The reference of everything a line can say, made of the tables that read it.

use std::fmt::Write;

use super::form::Row;
use super::grammar::{ACTIONS, CHECKS, LIMITS, NAMES, STARTS, WHENS, WORLD};

/// The tables as Markdown, for docs/internals/scenarios.md.
pub fn reference() -> String {
    let mut text = String::new();
    table(&mut text, "What a world begins with", "after `world:`, separated by commas", WORLD);
    table(&mut text, "Actions", "what happens", ACTIONS);
    table(&mut text, "When an action happens", "before it", STARTS);
    table(&mut text, "Waiting for an event", "after an action", WHENS);
    table(&mut text, "Expectations", "after `expect`", CHECKS);
    table(&mut text, "How long an expectation waits", "after it; counted from the last action", LIMITS);
    text.push_str("### Names\n\n| name | whom it means |\n|---|---|\n");
    for (name, meaning) in NAMES {
        push(&mut text, format_args!("| {name} | {meaning} |\n"));
    }
    text
}

fn table<T>(text: &mut String, title: &str, place: &str, rows: &[Row<T>]) {
    push(text, format_args!("### {title}\n\n| {place} | |\n|---|---|\n"));
    for row in rows {
        push(text, format_args!("| `{}` | {} |\n", row.form.replace('|', "\\|"), row.does));
    }
    text.push('\n');
}

fn push(text: &mut String, what: std::fmt::Arguments<'_>) {
    text.write_fmt(what).expect("a String takes everything");
}
