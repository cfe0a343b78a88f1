//! What the screen shows, and what keys do to it. Pure: no terminal, no clock, no network.

use std::collections::VecDeque;

use jiff::tz::TimeZone;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use crate::ask::{Endpoint, Failure, Heard, What};
use crate::cli::lang::Lang;
use crate::live::{GroupStatus, Happened, Line, Status, Story};

/// Events kept.
const EVENTS_MAX: usize = 500;

/// Something new.
#[derive(Debug)]
pub(super) enum News {
    /// how it stands
    Status(Box<Status>),
    /// what a sentinel said
    Heard(Heard),
    /// what came of a failover that was asked for
    Answer(Line),
}

/// What a key asks for that the screen can't do itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wish {
    /// the end
    End,
    /// another master for this group
    Failover(String),
}

/// What lies over the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Over {
    /// nothing
    Nothing,
    /// the keys
    Help,
    /// the question whether this group shall get another master
    Question(String),
}

/// The state of the screen.
#[derive(Debug)]
pub(super) struct App {
    only: Option<String>,
    lang: Lang,
    colour: bool,
    zone: TimeZone,
    status: Option<Status>,
    silent: Option<Vec<(Endpoint, Failure)>>,
    story: Story,
    selected: usize,
    scroll: u16,
    events: VecDeque<Line>,
    answer: Option<Line>,
    over: Over,
    question_shown: bool,
}

impl App {
    /// An empty screen, for one group or all.
    pub(super) fn new(only: Option<String>, lang: Lang, colour: bool, zone: TimeZone) -> App {
        App {
            only,
            lang,
            colour,
            zone,
            status: None,
            silent: None,
            story: Story::default(),
            selected: 0,
            scroll: 0,
            events: VecDeque::new(),
            answer: None,
            over: Over::Nothing,
            question_shown: false,
        }
    }

    /// Takes in what is new.
    pub(super) fn learn(&mut self, news: News) {
        match news {
            News::Status(status) => {
                self.story.seen(&status);
                self.silent = (status.answered == 0).then(|| status.unheard.clone());
                if self.silent.is_some() && self.status.as_ref().is_some_and(|last| last.answered > 0) {
                    // What was seen last is kept, with its age.
                    return;
                }
                // The selection stays with the group, wherever it stands now.
                let name = self.selected().map(|group| group.name.clone());
                let groups = &status.groups;
                let again = name.and_then(|name| groups.iter().position(|group| group.name == name));
                self.selected = again.unwrap_or(0);
                self.status = Some(*status);
            }
            News::Heard(heard) => {
                let line = self.story.tell(&heard).line(&self.zone, self.lang);
                if self.concerns(&heard) {
                    self.add(line);
                }
            }
            News::Answer(line) => {
                self.add(line.clone());
                self.answer = Some(line);
            }
        }
    }

    fn concerns(&self, heard: &Heard) -> bool {
        match (&heard.what, &self.only) {
            (What::Connected | What::Lost(_), _) | (_, None) => true,
            (What::Event { .. }, Some(only)) => Happened::of(heard).group().is_none_or(|group| group == only),
        }
    }

    fn add(&mut self, line: Line) {
        self.events.push_back(line);
        if self.events.len() > EVENTS_MAX {
            self.events.pop_front();
        }
    }

    /// Whether what was drawn last has the question with its last line: nobody says yes to what is not to be seen.
    pub(super) fn drawn(&mut self, question: bool) {
        self.question_shown = question;
    }

    /// Does what a key says.
    pub(super) fn key(&mut self, key: KeyEvent) -> Option<Wish> {
        if key.kind == KeyEventKind::Release {
            return None;
        }
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            return (key.code == KeyCode::Char('c')).then_some(Wish::End);
        }
        // The answer has been seen.
        self.answer = None;
        match std::mem::replace(&mut self.over, Over::Nothing) {
            Over::Nothing => self.key_on_screen(key.code),
            // Any key closes it.
            Over::Help => None,
            // Of one whose next master has not got the data it is said why not.
            Over::Question(name) => {
                let group = self.group(&name);
                let ready = self.question_shown && group.is_some_and(|group| group.unready().is_empty());
                (key.code == KeyCode::Char('y') && ready).then_some(Wish::Failover(name))
            }
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "of all the keys there are, a few do something")]
    fn key_on_screen(&mut self, code: KeyCode) -> Option<Wish> {
        match code {
            KeyCode::Char('q') | KeyCode::Esc => return Some(Wish::End),
            KeyCode::Char('?' | 'h') => self.over = Over::Help,
            KeyCode::Char('f') => {
                self.question_shown = false;
                if let Some(group) = self.selected() {
                    self.over = Over::Question(group.name.clone());
                }
            }
            KeyCode::Down | KeyCode::Char('j') => self.select(self.selected.saturating_add(1)),
            KeyCode::Up | KeyCode::Char('k') => self.select(self.selected.saturating_sub(1)),
            KeyCode::PageDown | KeyCode::Char(' ') => self.scroll = self.scroll.saturating_add(5),
            KeyCode::PageUp => self.scroll = self.scroll.saturating_sub(5),
            _ => {}
        }
        None
    }

    fn select(&mut self, to: usize) {
        self.selected = to.min(self.groups().len().saturating_sub(1));
        self.scroll = 0;
    }

    /// The groups, none before anybody has answered.
    pub(super) fn groups(&self) -> &[GroupStatus] {
        self.status.as_ref().map_or(&[], |status| &status.groups)
    }

    /// The group that is shown, by its place in the list.
    pub(super) fn selected_at(&self) -> usize {
        self.selected
    }

    /// The group that is shown.
    pub(super) fn selected(&self) -> Option<&GroupStatus> {
        self.groups().get(self.selected)
    }

    /// The group of this name.
    pub(super) fn group(&self, name: &str) -> Option<&GroupStatus> {
        self.groups().iter().find(|group| group.name == name)
    }

    /// How it stands, once it was asked.
    pub(super) fn status(&self) -> Option<&Status> {
        self.status.as_ref()
    }

    /// If no sentinel answered the last time: those that were named, with why not.
    pub(super) fn silent(&self) -> Option<&[(Endpoint, Failure)]> {
        self.silent.as_deref()
    }

    /// The last events, the newest last.
    pub(super) fn events(&self) -> &VecDeque<Line> {
        &self.events
    }

    /// What came of the last request, until a key is pressed.
    pub(super) fn answer(&self) -> Option<&Line> {
        self.answer.as_ref()
    }

    /// What lies over the screen.
    pub(super) fn over(&self) -> &Over {
        &self.over
    }

    /// Lines that the group is scrolled by.
    pub(super) fn scroll(&self) -> u16 {
        self.scroll
    }

    /// The language.
    pub(super) fn lang(&self) -> Lang {
        self.lang
    }

    /// Whether there are colours.
    pub(super) fn colour(&self) -> bool {
        self.colour
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::sample;

    fn app() -> App {
        let mut app = App::new(None, Lang::En, false, TimeZone::UTC);
        let groups = vec![sample::chain("a"), sample::chain("b"), sample::chain("c")];
        app.learn(News::Status(Box::new(sample::status(groups))));
        app
    }

    fn press(app: &mut App, code: KeyCode) -> Option<Wish> {
        let wish = app.key(KeyEvent::new(code, KeyModifiers::NONE));
        app.drawn(true);
        wish
    }

    fn press_unseen(app: &mut App, code: KeyCode) -> Option<Wish> {
        app.key(KeyEvent::new(code, KeyModifiers::NONE))
    }

    #[test]
    fn a_group_is_chosen_and_stays_chosen() {
        let mut app = app();
        for (key, name) in [('j', "b"), ('j', "c"), ('j', "c"), ('k', "b")] {
            assert_eq!(press(&mut app, KeyCode::Char(key)), None);
            assert_eq!(app.selected().unwrap().name, name);
        }
        let groups = vec![sample::chain("b"), sample::chain("c")];
        app.learn(News::Status(Box::new(sample::status(groups))));
        assert_eq!(app.selected().unwrap().name, "b");
        app.learn(News::Status(Box::new(sample::status(Vec::new()))));
        assert!(app.selected().is_none());
        assert_eq!(press(&mut app, KeyCode::Char('f')), None);
        assert_eq!(*app.over(), Over::Nothing);
    }

    #[test]
    fn no_failover_is_asked_for_while_the_next_master_has_not_got_the_data() {
        let mut app = app();
        let mut group = sample::chain("a");
        group.candidates[0].lacks = Some(crate::live::Lacking::FullSync);
        app.learn(News::Status(Box::new(sample::status(vec![group]))));
        press(&mut app, KeyCode::Char('f'));
        assert_eq!(press(&mut app, KeyCode::Char('y')), None);
    }

    #[test]
    fn a_failover_takes_two_keys() {
        let mut app = app();
        assert_eq!(press(&mut app, KeyCode::Char('f')), None);
        assert_eq!(press(&mut app, KeyCode::Char('q')), None, "anything but y is a no");
        press(&mut app, KeyCode::Char('f'));
        app.drawn(false);
        assert_eq!(press(&mut app, KeyCode::Char('y')), None, "it was not to be seen that y does it");
        assert_eq!(press_unseen(&mut app, KeyCode::Char('f')), None);
        assert_eq!(press(&mut app, KeyCode::Char('y')), None, "it was not drawn yet");
        press(&mut app, KeyCode::Char('f'));
        assert_eq!(press(&mut app, KeyCode::Char('y')), Some(Wish::Failover("a".to_owned())));
        assert_eq!(press(&mut app, KeyCode::Char('y')), None);
        assert_eq!(press(&mut app, KeyCode::Char('q')), Some(Wish::End));
        let ctrl_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        press(&mut app, KeyCode::Char('?'));
        assert_eq!(app.key(ctrl_c), Some(Wish::End));
    }
}
