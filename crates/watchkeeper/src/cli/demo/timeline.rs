//! Prints what happens as it happens: one aligned line an event, with who said it, whom it is about, and what it
//! means. Colours only on a terminal.

use std::io::Write;
use std::time::Instant;

use watchkeeper_core::event::by_name;

use super::Lang;
use super::cast::Cast;
use super::phases::{Phase, Seen, Took};

const RED: &str = "31";
const GREEN: &str = "32";
const YELLOW: &str = "33";
const DIM: &str = "2";
const BOLD: &str = "1";
const SENTINEL_COLOURS: [&str; 3] = ["36", "35", "34"];

/// The printed story.
pub(super) struct Timeline<W: Write> {
    out: W,
    colour: bool,
    lang: Lang,
    zero: Instant,
}

impl<W: Write> Timeline<W> {
    /// A timeline whose clock starts at `zero`.
    pub(super) fn new(out: W, colour: bool, lang: Lang, zero: Instant) -> Timeline<W> {
        Timeline { out, colour, lang, zero }
    }

    /// The language it is told in.
    pub(super) fn lang(&self) -> Lang {
        self.lang
    }

    /// Starts the clock anew.
    pub(super) fn restart_clock(&mut self, zero: Instant) {
        self.zero = zero;
    }

    /// A headline with an empty line above.
    pub(super) fn headline(&mut self, english: &str, chinese: &str) {
        let text = self.paint(BOLD, self.lang.pick(english, chinese));
        self.line(&format!("\n{text}"));
    }

    /// A line of its own.
    pub(super) fn say(&mut self, english: &str, chinese: &str) {
        let text = self.lang.pick(english, chinese).to_owned();
        self.line(&format!("  {text}"));
    }

    /// A thing the demo did or saw itself, with the time.
    pub(super) fn note(&mut self, at: Instant, who: &str, english: &str, chinese: &str) {
        let clock = self.clock(at);
        let text = self.paint(YELLOW, self.lang.pick(english, chinese));
        self.line(&format!("  {clock}  {who:<6}  {text}"));
    }

    /// An event.
    pub(super) fn event(&mut self, cast: &Cast, seen: &Seen) {
        let clock = self.clock(seen.at);
        let who = self
            .paint(SENTINEL_COLOURS[seen.sentinel], &format!("{:<6}", cast.sentinels[seen.sentinel].name));
        let name = self.paint(colour_of(&seen.name), &format!("{:<36}", seen.name));
        let about = format!("{:<8}", about(cast, seen));
        let means = self.paint(DIM, brief(&seen.name, self.lang));
        self.line(format!("  {clock}  {who}  {name}  {about}  {means}").trim_end());
    }

    /// A tree or another block, as it is.
    pub(super) fn block(&mut self, lines: &[String]) {
        for line in lines {
            self.line(&format!("    {line}"));
        }
    }

    /// The table of phases.
    pub(super) fn table(&mut self, phases: &[Took]) {
        self.say("       took   since the kill   phase", "       耗时       距故障时刻   阶段");
        for took in phases {
            let name = self.lang.pick(english(took.phase), chinese(took.phase));
            let (took, since) = (took.took.as_millis(), took.since_kill.as_millis());
            self.line(&format!("  {took:>8} ms   {since:>11} ms   {name}"));
        }
    }

    fn clock(&self, at: Instant) -> String {
        let since = at.saturating_duration_since(self.zero);
        format!("{:>4}.{:03}", since.as_secs(), since.subsec_millis())
    }

    fn paint(&self, colour: &str, text: &str) -> String {
        if self.colour && !text.is_empty() { format!("\x1b[{colour}m{text}\x1b[0m") } else { text.to_owned() }
    }

    fn line(&mut self, text: &str) {
        // Nobody reads any more (`demo | head`): go on, the clean-up must still come.
        writeln!(self.out, "{text}").and_then(|()| self.out.flush()).ok();
    }
}

/// What an event means, in a few words; nothing for one that is not known.
fn brief(event: &str, lang: Lang) -> &'static str {
    by_name(event).map_or("", |spec| spec.kind.text().brief.get(lang))
}

/// Whom an event is about, in the names of the cast.
fn about(cast: &Cast, seen: &Seen) -> String {
    let words: Vec<&str> = seen.payload.split(' ').collect();
    let word = |at: usize| words.get(at).copied().unwrap_or("");
    match (seen.name.as_str(), word(0)) {
        ("+switch-master", _) => format!("{}→{}", cast.name_of_port(word(2)), cast.name_of_port(word(4))),
        ("+vote-for-leader", id) => cast.name_of_id(id),
        ("+new-epoch", epoch) => epoch.to_owned(),
        (_, "master" | "slave" | "sentinel") => cast.name_of_port(word(3)),
        _ => String::new(),
    }
}

fn colour_of(event: &str) -> &'static str {
    match event {
        "+sdown" | "+odown" | "+tilt" => RED,
        "-sdown" | "-odown" | "-tilt" | "+promoted-slave" | "+failover-end" | "+switch-master" => GREEN,
        name if name.starts_with("-failover-abort") => RED,
        _ => YELLOW,
    }
}

fn english(phase: Phase) -> &'static str {
    match phase {
        Phase::Detection => "detection: a sentinel holds the master for down",
        Phase::Agreement => "agreement: the quorum holds it for down",
        Phase::Election => "election: a majority elected one sentinel to act",
        Phase::Promotion => "selection and promotion: a replica was chosen and is a master now",
        Phase::FirstWrite => "first accepted write (counted from the promotion)",
        Phase::Reconfiguration => {
            "reconfiguration: every sentinel names the new master (counted from the promotion)"
        }
    }
}

fn chinese(phase: Phase) -> &'static str {
    match phase {
        Phase::Detection => "发现：一个哨兵认为主节点已下线",
        Phase::Agreement => "认定：达到法定票数",
        Phase::Election => "选举：多数哨兵选出执行者",
        Phase::Promotion => "选择与提升：选出的副本已成为主节点",
        Phase::FirstWrite => "首次写入成功（从提升算起）",
        Phase::Reconfiguration => "重新配置：所有哨兵都公布新的主节点（从提升算起）",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn printed(colour: bool, lang: Lang, name: &str, payload: &str) -> String {
        let zero = Instant::now();
        let mut out = Vec::new();
        let mut cast = Cast::of([7001, 7002, 7003], [8001, 8002, 8003]);
        cast.ids = vec!["aaaa".into(), "bbbb".into(), "cccc".into()];
        let at = zero + Duration::from_millis(2034);
        let seen = Seen { at, sentinel: 1, name: name.to_owned(), payload: payload.to_owned() };
        Timeline::new(&mut out, colour, lang, zero).event(&cast, &seen);
        String::from_utf8(out).expect("what is printed is text")
    }

    #[test]
    fn an_event_is_one_line_with_the_names_people_use() {
        let line = printed(false, Lang::En, "+sdown", "master demo 127.0.0.1 7001");
        assert!(line.starts_with("     2.034  S2      +sdown  "), "{line}");
        assert!(line.contains("  A  "), "{line}");
        let line = printed(false, Lang::En, "+switch-master", "demo 127.0.0.1 7001 127.0.0.1 7002");
        assert!(line.contains("  A→B  "), "{line}");
        let line = printed(false, Lang::En, "+vote-for-leader", "cccc 1");
        assert!(line.contains("  S3  "), "{line}");
        let line = printed(false, Lang::En, "+sdown", "sentinel cccc 127.0.0.1 8003 @ demo 127.0.0.1 7001");
        assert!(line.contains("  S3  "), "{line}");
    }

    #[test]
    fn colour_is_only_used_when_asked_for() {
        let payload = "master demo 127.0.0.1 7001";
        assert!(!printed(false, Lang::En, "+odown", payload).contains('\x1b'));
        assert!(printed(true, Lang::En, "+odown", payload).contains("\x1b[31m+odown"));
    }

    #[test]
    fn both_languages_explain() {
        let payload = "master demo 127.0.0.1 7001";
        let english = printed(false, Lang::En, "+odown", payload);
        let chinese = printed(false, Lang::Zh, "+odown", payload);
        assert_ne!(english, chinese);
        assert!(english.is_ascii(), "{english}");
    }

    #[test]
    fn an_event_never_heard_of_is_printed_without_explanation() {
        let line = printed(false, Lang::En, "+something-new", "");
        assert!(line.trim_end().ends_with("+something-new"), "{line}");
    }
}
