//! `watch`: it outlives the sentinel that it was started with, and not its terminal.

use crate::group::Who::{Sentinel, Server};
use crate::group::{Group, NAME, Plan, eventually};
use crate::place;
use crate::running::run;
use crate::terminal::Terminal;

fn shows(terminal: &mut Terminal, what: &[&str]) {
    eventually(&format!("the screen has {what:?}"), || {
        let shown = terminal.shown();
        let has = |what: &&str| shown.contains(&what.replace(' ', ""));
        let end = || shown.chars().skip(shown.chars().count().saturating_sub(3000)).collect();
        if what.iter().all(has) { Ok(()) } else { Err(end()) }
    })
}

#[test]
fn it_outlives_the_sentinel_that_was_named_and_keeps_the_last_picture() {
    let mut group = Group::start(&Plan::default());
    group.settles_as("1>2>3");
    let (first, second) = (place(&group, Sentinel(1)), place(&group, Sentinel(2)));
    let mut terminal = Terminal::start(&["watch", "--sentinel", &first], true);
    shows(&mut terminal, &["all is well", "writable, 2 replicas in step"]);
    group.kill(&[Sentinel(1)]);
    terminal.forget();
    // Two are left to say what they see.
    shows(
        &mut terminal,
        &[&format!("the sentinel {first} does not answer"), &second, "master up", "in step"],
    );
    group.kill(&[Sentinel(2), Sentinel(3)]);
    terminal.forget();
    shows(&mut terminal, &["NO SENTINEL ANSWERS; this is how it was ", "mymaster", "in step"]);
}

#[test]
fn it_ends_with_its_terminal() {
    let group = Group::start(&Plan::default());
    group.settles_as("1>2>3");
    let first = place(&group, Sentinel(1));
    for controls in [true, false] {
        let mut terminal = Terminal::start(&["watch", "--sentinel", &first], controls);
        shows(&mut terminal, &["all is well"]);
        terminal.close();
        eventually("it ends", || terminal.ended());
    }
}

#[test]
fn it_does_not_begin_where_nobody_can_be_asked() {
    let group = Group::start(&Plan { shape: "1>2", topology: None, ..Plan::default() });
    group.settles_as("1>2");
    let (first, server) = (place(&group, Sentinel(1)), place(&group, Server(1)));
    let (code, text) = run(&["watch", NAME, "--sentinel", &first, "--user", "me"]);
    let reach = format!("--sentinel {first} --user me");
    for command in [format!("`watchkeeper status {NAME} {reach}`"), format!("`watchkeeper events {reach}`")] {
        assert!(code == 2 && text.contains(&command), "`{command}`: {code} {text}");
    }
    for (words, told) in [
        (&["--sentinel", &first, "nosuch"][..], "watch no group `nosuch`"),
        (&["--sentinel", &server], "no sentinel, but a server in mode `standalone`"),
        (&["--sentinel", "127.0.0.1:1"], "no sentinel answers"),
    ] {
        let mut terminal = Terminal::start(&[&["watch"], words].concat(), true);
        shows(&mut terminal, &["error: ", told, "hint: "]);
        assert_eq!(eventually("it ends", || terminal.ended()).code(), Some(2), "{words:?}");
    }
}
