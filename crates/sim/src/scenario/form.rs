//! Forms: how a line may look, written as people would write it down: words as they are, `a|b` for a choice of words,
//! `<server>` for something to fill in, `[...]` for what may be left out. Matching a line against forms is here; which
//! forms there are, and what they mean, is in the tables of [`super::grammar`].

use watchkeeper_core::event::{self, EVENTS, EventKind};
use watchkeeper_core::nearest::nearest;

use super::roster::{Kind, Roster, Who, column};
use super::words::{self, Word, Wrong};

/// Something to fill in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slot {
    Process { kind: Kind, many: bool },
    Group,
    Duration,
    Jump,
    Number,
    Event,
    Text,
}

/// What a form is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Element {
    Word(&'static str),
    Slot(Slot),
    Optional(Vec<Element>),
}

/// What was filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Who(Who),
    Group(usize),
    Us(u64),
    Ms(i64),
    Number(u64),
    Event(EventKind),
    Text(String),
    /// a part that may be left out, without anything to fill in, was there
    Flag,
}

/// What was filled in, in the order of the form; `None` for what was left out.
#[derive(Debug, Default)]
pub(crate) struct Filled(std::collections::VecDeque<Option<Value>>);

impl Filled {
    fn next(&mut self) -> Option<Value> {
        self.0.pop_front().expect("a row of the grammar takes no more than its form has")
    }
    pub(crate) fn who_if(&mut self) -> Option<Who> {
        self.next().map(|value| if let Value::Who(who) = value { who } else { misplaced(&value) })
    }
    pub(crate) fn who(&mut self) -> Who {
        self.who_if().expect("not optional")
    }
    pub(crate) fn us_if(&mut self) -> Option<u64> {
        self.next().map(|value| if let Value::Us(us) = value { us } else { misplaced(&value) })
    }
    pub(crate) fn us(&mut self) -> u64 {
        self.us_if().expect("not optional")
    }
    pub(crate) fn group_if(&mut self) -> Option<usize> {
        self.next().map(|value| if let Value::Group(group) = value { group } else { misplaced(&value) })
    }
    pub(crate) fn ms(&mut self) -> i64 {
        let value = self.next();
        if let Some(Value::Ms(ms)) = value { ms } else { misplaced(&value) }
    }
    pub(crate) fn number_if(&mut self) -> Option<u64> {
        self.next().map(|value| if let Value::Number(number) = value { number } else { misplaced(&value) })
    }
    pub(crate) fn number(&mut self) -> u64 {
        self.number_if().expect("not optional")
    }
    pub(crate) fn event(&mut self) -> EventKind {
        let value = self.next();
        if let Some(Value::Event(kind)) = value { kind } else { misplaced(&value) }
    }
    pub(crate) fn text(&mut self) -> String {
        let value = self.next();
        if let Some(Value::Text(text)) = value { text } else { misplaced(&value) }
    }
    pub(crate) fn flag(&mut self) -> bool {
        self.next().is_some()
    }
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A row of the grammar takes what its form does not have.
fn misplaced(value: &dyn std::fmt::Debug) -> ! {
    panic!("the form has {value:?} in this place")
}

/// How far a line fitted a form.
#[derive(Debug)]
struct Miss {
    at: usize,
    wrong: Wrong,
}

/// Fits the words from `from` on to a form; what was filled in, and the first word that is not of the form.
fn fit(
    form: &[Element],
    words: &[Word],
    from: usize,
    roster: &Roster,
    into: &mut Filled,
) -> Result<usize, Miss> {
    let mut at = from;
    for element in form {
        match element {
            Element::Word(choice) => {
                let fits = words.get(at).is_some_and(|word| {
                    !word.quoted && choice.split('|').any(|one| word.text.eq_ignore_ascii_case(one))
                });
                if !fits {
                    let wanted = choice.split('|').map(|one| format!("`{one}`")).collect::<Vec<_>>();
                    return Err(miss(words, at, &wanted.join(" or ")));
                }
                at += 1;
            }
            Element::Slot(slot) => {
                let (value, taken) = fill(*slot, words, at, roster)?;
                into.0.push_back(Some(value));
                at += taken;
            }
            Element::Optional(inner) => {
                let mut part = Filled::default();
                // Its first word decides whether it is there; then all of it must be.
                let there = match inner.first() {
                    Some(Element::Word(choice)) => words
                        .get(at)
                        .is_some_and(|word| !word.quoted && choice.split('|').any(|one| word.text == one)),
                    _ => fit(inner, words, at, roster, &mut Filled::default()).is_ok(),
                };
                if there {
                    at = fit(inner, words, at, roster, &mut part)?;
                }
                let slots = inner.iter().filter(|element| matches!(element, Element::Slot(_))).count();
                match (there, slots) {
                    (true, 0) => into.0.push_back(Some(Value::Flag)),
                    (true, _) => into.0.append(&mut part.0),
                    (false, _) => into.0.extend(std::iter::repeat_n(None, slots.max(1))),
                }
            }
        }
    }
    Ok(at)
}

fn miss(words: &[Word], at: usize, wanted: &str) -> Miss {
    let found = words.get(at).map_or("the end of the line".to_owned(), |word| format!("`{}`", word.text));
    let what = format!("expected {wanted}, found {found}");
    Miss { at, wrong: Wrong { column: column(words, at), what, hint: String::new() } }
}

fn fill(slot: Slot, words: &[Word], at: usize, roster: &Roster) -> Result<(Value, usize), Miss> {
    let word = words.get(at);
    let plain = word.filter(|word| !word.quoted).map(|word| word.text.as_str());
    let found = match slot {
        Slot::Process { kind, many } => {
            return match roster.read(words.get(at..).unwrap_or(&[]), kind, many) {
                Ok((who, taken)) => Ok((Value::Who(who), taken)),
                Err(wrong) if at >= words.len() => {
                    Err(Miss { at, wrong: Wrong { column: column(words, at), ..wrong } })
                }
                Err(wrong) => Err(Miss { at, wrong }),
            };
        }
        Slot::Group => match roster.group(plain.unwrap_or(""), words, at) {
            Ok(group) => Some(Value::Group(group)),
            Err(wrong) => return Err(Miss { at, wrong }),
        },
        Slot::Duration => plain.and_then(words::duration).map(Value::Us),
        Slot::Jump => plain.and_then(jump).map(Value::Ms),
        Slot::Number => plain.and_then(|text| text.parse().ok()).map(Value::Number),
        Slot::Event => {
            let named = plain.filter(|text| text.starts_with(['+', '-']));
            match named.map(|name| event::by_name(name).ok_or(name)) {
                Some(Ok(spec)) => Some(Value::Event(spec.kind)),
                Some(Err(name)) => {
                    let mut missed = miss(words, at, "the name of an event");
                    let like = nearest(name, EVENTS.iter().map(|spec| spec.name));
                    missed.wrong.hint = like
                        .map_or("docs/reference/events.md has all names".to_owned(), |like| {
                            format!("did you mean `{like}`?")
                        });
                    return Err(missed);
                }
                None => None,
            }
        }
        Slot::Text => word.filter(|word| word.quoted).map(|word| Value::Text(word.text.clone())),
    };
    found.map(|value| (value, 1)).ok_or_else(|| miss(words, at, slot.wanted()))
}

fn jump(text: &str) -> Option<i64> {
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    Some(sign * i64::try_from(words::duration(rest)? / 1_000).ok()?)
}

impl Slot {
    fn parse(name: &str) -> Slot {
        let process = |kind, many| Slot::Process { kind, many };
        match name {
            "process" => process(Kind::Any, false),
            "processes" => process(Kind::Any, true),
            "server" => process(Kind::Server, false),
            "servers" => process(Kind::Server, true),
            "sentinel" => process(Kind::Sentinel, false),
            "sentinels" => process(Kind::Sentinel, true),
            "group" => Slot::Group,
            "time" => Slot::Duration,
            "jump" => Slot::Jump,
            "number" => Slot::Number,
            "event" => Slot::Event,
            "text" => Slot::Text,
            other => panic!("`<{other}>` in a form of the grammar stands for nothing"),
        }
    }

    fn wanted(self) -> &'static str {
        match self {
            Slot::Process { kind, .. } => kind.wanted(),
            Slot::Group => "the name of a group, such as `mymaster`",
            Slot::Duration => "a time such as `500ms`, `10s`, `1m30s`",
            Slot::Jump => "a difference in time such as `+60s`, `-5s`",
            Slot::Number => "a number",
            Slot::Event => "an event such as `+switch-master`",
            Slot::Text => "a text in quotes",
        }
    }
}

/// Reads a form.
fn elements(form: &'static str) -> Vec<Element> {
    let mut done = Vec::new();
    let mut inside: Option<Vec<Element>> = None;
    for part in form.split_whitespace() {
        let opened = part.strip_prefix('[').filter(|_| !part.starts_with("[["));
        if opened.is_some() {
            inside = Some(Vec::new());
        }
        let part = opened.unwrap_or(part);
        let (part, closes) = part.strip_suffix(']').map_or((part, false), |part| (part, true));
        let element = match part.strip_prefix('<').and_then(|slot| slot.strip_suffix('>')) {
            Some(slot) => Element::Slot(Slot::parse(slot)),
            None => Element::Word(part),
        };
        inside.as_mut().unwrap_or(&mut done).push(element);
        if closes {
            done.extend(inside.take().map(Element::Optional));
        }
    }
    assert!(inside.is_none(), "a `[` is not closed in the form `{form}`");
    done
}

/// A row of a table: how a line may look, what it does, and what is made of it.
pub(crate) struct Row<T> {
    pub(crate) form: &'static str,
    /// for the reference
    pub(crate) does: &'static str,
    pub(crate) make: fn(&mut Filled) -> T,
}

/// Finds the row that the words from `from` on fit, and what is left of them. `what` names the table in errors.
pub(crate) fn choose<T>(
    rows: &[Row<T>],
    what: &str,
    words: &[Word],
    from: usize,
    roster: &Roster,
) -> Result<(T, usize), Wrong> {
    let mut best: Option<(T, usize)> = None;
    let mut miss: Option<(Miss, &'static str)> = None;
    for row in rows {
        let mut filled = Filled::default();
        match fit(&elements(row.form), words, from, roster, &mut filled) {
            Ok(end) if best.as_ref().is_none_or(|(_, longest)| end > *longest) => {
                best = Some(((row.make)(&mut filled), end));
                debug_assert!(filled.is_empty(), "the row `{}` leaves something of its form", row.form);
            }
            Ok(_) => {}
            Err(missed) => {
                if miss.as_ref().is_none_or(|(known, _)| missed.at > known.at) {
                    miss = Some((missed, row.form));
                }
            }
        }
    }
    match (best, miss) {
        (Some(best), _) => Ok(best),
        (None, Some((missed, form))) if missed.at > from || !missed.wrong.hint.is_empty() => {
            let mut wrong = missed.wrong;
            wrong.hint = match wrong.hint.as_str() {
                "" => format!("the form is `{form}`"),
                said => format!("{said}; the form is `{form}`"),
            };
            Err(wrong)
        }
        _ => Err(unknown(rows, what, words, from)),
    }
}

/// Not even the first word fits anything.
fn unknown<T>(rows: &[Row<T>], what: &str, words: &[Word], from: usize) -> Wrong {
    let found = words.get(from).map_or("the end of the line".to_owned(), |word| format!("`{}`", word.text));
    let firsts = || rows.iter().filter_map(|row| row.form.split([' ', '|']).next());
    let word = words.get(from).map_or("", |word| word.text.as_str());
    let hint = match nearest(word, firsts().filter(|first| !first.starts_with(['<', '[']))) {
        Some(like) => {
            let forms = rows.iter().map(|row| row.form).filter(|form| form.starts_with(like));
            format!(
                "did you mean {}?",
                forms.map(|form| format!("`{form}`")).collect::<Vec<_>>().join(" or ")
            )
        }
        None => "docs/internals/scenarios.md lists everything that can stand here".to_owned(),
    };
    Wrong { column: column(words, from), what: format!("expected {what}, found {found}"), hint }
}
