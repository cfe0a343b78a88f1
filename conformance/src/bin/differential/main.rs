//! The same commands to a real redis-sentinel and to the product, each in a world of its own, and every reply
//! compared.
//!
//! The commands are data (`differential/steps.txt`), so are the fields that cannot be equal
//! (`differential/masks.txt`) and the differences that are meant (`differential/meant.txt`, each with its
//! reason). Any other difference is a failure and is printed with both replies.
//!
//! `differential [--verbose]`. `WATCHKEEPER_BIN=/usr/bin/redis-sentinel` compares the real one with itself,
//! which must give no difference at all: whatever does is unstable and needs a mask.

mod mask;
mod meant;
mod render;
mod steps;
mod world;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use mask::Masks;
use steps::{Action, Modifiers, Step};
use watchkeeper_conformance::binaries::workspace;
use watchkeeper_conformance::{Conn, Flavour, FrameExt, eventually};
use world::World;

const REPLY_LIMIT: Duration = Duration::from_secs(10);
/// How long a connection that should be closed may stay open; one that should stay open costs this much.
const CLOSE_LIMIT: Duration = Duration::from_secs(2);
const UNTIL_LIMIT: Duration = Duration::from_secs(90);

/// One side with its open connections.
struct Side {
    world: World,
    masks: Masks,
    sentinel: String,
    conns: HashMap<String, Conn>,
    current: String,
}

#[derive(Default)]
struct Report {
    equal: usize,
    meant: usize,
    unexpected: Vec<String>,
    used: Vec<usize>,
}

fn main() -> ExitCode {
    let verbose = std::env::args().any(|word| word == "--verbose");
    let steps = steps::parse(&data("steps.txt")).unwrap_or_else(|e| panic!("steps.txt: {e}"));
    let meant = meant::parse(&data("meant.txt")).unwrap_or_else(|e| panic!("meant.txt: {e}"));
    let start = Instant::now();
    let extra = meant.iter().filter(|entry| !entry.line.is_empty()).map(|entry| entry.line.clone()).collect();
    let mut reference = Side::start(Flavour::Redis, Vec::new());
    let mut subject = Side::start(Flavour::Ours, extra);
    println!("both worlds are up after {:.1} s", start.elapsed().as_secs_f64());
    let mut report = Report::default();
    let mut section = String::new();
    for step in &steps {
        if step.action == Action::Section {
            section = step.text[2..].to_owned();
        }
        let theirs = reference.run(step);
        let ours = subject.run(step);
        if verbose {
            println!("line {}: {}\n{}", step.line, step.text, theirs.as_deref().unwrap_or_default());
        }
        if let (Some(theirs), Some(ours)) = (theirs, ours) {
            report.compare(&section, step, &theirs, &ours, &meant);
        }
    }
    report.print(&meant, start.elapsed())
}

fn data(name: &str) -> String {
    let path: PathBuf = workspace().join("conformance/differential").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("`{}`: {e}", path.display()))
}

impl Side {
    fn start(flavour: Flavour, extra_lines: Vec<String>) -> Side {
        let world = World::start(flavour);
        let masks = Masks::new(&data("masks.txt"), world.names(), extra_lines);
        Side { world, masks, sentinel: "plain".to_owned(), conns: HashMap::new(), current: String::new() }
    }

    /// Does the step; the reply to compare, if it gives one.
    fn run(&mut self, step: &Step) -> Option<String> {
        match &step.action {
            Action::Section => {
                self.conns.clear();
                self.sentinel = "plain".to_owned();
                self.current = String::new();
                None
            }
            Action::Sentinel(name) => {
                self.conns.clear();
                self.sentinel.clone_from(name);
                None
            }
            Action::Conn(name) => {
                self.current.clone_from(name);
                None
            }
            Action::Until { field, value, argv } => {
                self.wait_until(field, value, argv);
                None
            }
            Action::Send(bytes) => {
                let bytes = self.world.fill_in(bytes);
                // Refused bytes show in what is read next.
                let _ = self.conn().send_raw(&bytes);
                None
            }
            Action::Read(count) => Some((0..*count).map(|_| self.read(step.modifiers)).collect()),
            Action::Closed => {
                Some(if self.conn().closed_within(CLOSE_LIMIT) { "closed" } else { "open" }.to_owned())
            }
            Action::Command(argv) => {
                let argv: Vec<Vec<u8>> = argv.iter().map(|word| self.world.fill_in(word)).collect();
                if let Err(error) = self.conn().send(&argv) {
                    return Some(format!("cannot send: {:?}\n", error.kind()));
                }
                Some(self.read(step.modifiers))
            }
        }
    }

    fn conn(&mut self) -> &mut Conn {
        let port = self.world.sentinel(&self.sentinel).port();
        self.conns.entry(self.current.clone()).or_insert_with(|| Conn::to(port))
    }

    fn read(&mut self, modifiers: Modifiers) -> String {
        match self.conn().read_within(REPLY_LIMIT) {
            Ok(reply) => render::render(&reply.raw, &self.masks, modifiers),
            Err(error) => format!("no reply: {:?}\n", error.kind()),
        }
    }

    fn wait_until(&mut self, field: &str, value: &str, argv: &[Vec<u8>]) {
        let argv: Vec<Vec<u8>> = argv.iter().map(|word| self.world.fill_in(word)).collect();
        let daemon = self.world.sentinel(&self.sentinel);
        let value = String::from_utf8(self.world.fill_in(value.as_bytes())).expect("a port or a word");
        eventually(UNTIL_LIMIT, &format!("`{field}` of {} is `{value}`", daemon.label()), || {
            let reply = daemon.try_conn().and_then(|mut conn| conn.try_call(&argv));
            let reply = reply.map_err(|error| error.to_string())?;
            // Of one instance, or of any in a list of instances.
            let mut of_items = reply.items().into_iter().map(|item| item.fields());
            let has = |fields: &BTreeMap<String, String>| fields.get(field) == Some(&value);
            if has(&reply.fields()) || of_items.any(|fields| has(&fields)) {
                Ok(())
            } else {
                Err(format!("it is not in {}", reply.show()))
            }
        });
    }
}

impl Report {
    fn compare(&mut self, section: &str, step: &Step, theirs: &str, ours: &str, meant: &[meant::Meant]) {
        if theirs == ours {
            self.equal += 1;
        } else if let Some(at) = meant.iter().position(|entry| entry.explains(&step.text, ours)) {
            self.meant += 1;
            self.used.push(at);
        } else {
            let text = format!(
                "UNEXPECTED at line {} ({section}): {}\n{}",
                step.line,
                step.text,
                differing_lines(theirs, ours)
            );
            println!("{text}");
            self.unexpected.push(format!("line {}: {}", step.line, step.text));
        }
    }

    fn print(&self, meant: &[meant::Meant], took: Duration) -> ExitCode {
        for (at, entry) in meant.iter().enumerate() {
            let used = self.used.iter().filter(|used| **used == at).count();
            let what = if entry.line.is_empty() { &entry.step } else { &entry.line };
            match (entry.line.is_empty(), used) {
                (true, 0) => println!("meant, not seen: {what}"),
                (true, times) => println!("meant, {times}x: {what}: {}", entry.why),
                (false, _) => println!("meant, extra line: {what}: {}", entry.why),
            }
        }
        for step in &self.unexpected {
            println!("unexpected: {step}");
        }
        println!(
            "differential: {} replies compared in {:.0} s: {} equal, {} meant, {} unexpected",
            self.equal + self.meant + self.unexpected.len(),
            took.as_secs_f64(),
            self.equal,
            self.meant,
            self.unexpected.len()
        );
        if self.unexpected.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

/// Both replies; of long ones only where they differ.
fn differing_lines(theirs: &str, ours: &str) -> String {
    let theirs: Vec<&str> = theirs.lines().collect();
    let ours: Vec<&str> = ours.lines().collect();
    let same_head = theirs.iter().zip(&ours).take_while(|(a, b)| a == b).count();
    let rest = theirs.len().min(ours.len()) - same_head;
    let tail = theirs.iter().rev().zip(ours.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
    let part = |lines: &[&str], name: &str| {
        let from = same_head.saturating_sub(2);
        let to = (lines.len() - tail + 2).min(lines.len());
        let shown: Vec<String> = lines[from..to].iter().take(60).map(|line| format!("    {line}")).collect();
        format!("  {name} (lines {} to {to} of {}):\n{}\n", from + 1, lines.len(), shown.join("\n"))
    };
    part(&theirs, "redis-sentinel") + &part(&ours, "watchkeeper")
}
