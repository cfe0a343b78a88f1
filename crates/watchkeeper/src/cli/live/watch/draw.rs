//! Draws the screen: title, groups, the chosen one, events, keys.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line as Row, Span};
use ratatui::widgets::{Block, Clear, Padding, Paragraph};

use super::app::{App, Over};
use crate::cli::lang::Lang;
use crate::cli::live::failover::unready::unready;
use crate::cli::live::failover::words;
use crate::explain::{columns, plain};
use crate::live::{GroupStatus, Line, Tone, unheard};

/// Groups in the list at once.
const GROUPS_MAX: usize = 8;
/// Rows of the title, and of the answer, at most.
const HEAD_MAX: u16 = 6;
/// Columns before what goes on of a line about a group, and of an event, whose time is so wide.
const DETAILS_INDENT: usize = 6;
const EVENT_INDENT: usize = 14;
/// Rows of events there are at least, with their frame, if there is room for them.
const EVENTS_MIN: u16 = 6;
/// Rows of the chosen group, with their frame, for a line of it; and of events on a small screen.
const GROUP_MIN: u16 = 3;

/// Draws all of it. `now_ms`: milliseconds since 1970. Whether a question is to be seen with what its keys do.
pub(super) fn draw(frame: &mut Frame<'_>, app: &App, now_ms: u64) -> bool {
    let inside = usize::from(frame.area().width.saturating_sub(2));
    let details = app.selected().map(|group| group.screen_in(app.lang(), inside)).unwrap_or_default();
    let details = wrapped(&details, inside, DETAILS_INDENT);
    let head = wrapped(&[title(app, now_ms)], usize::from(frame.area().width), 2);
    let foot = wrapped(&[keys(app)], usize::from(frame.area().width), 2);
    let heights = heights(frame.area().height, [head.len(), app.groups().len(), details.len(), foot.len()]);
    let [top, list, group, events, bottom] =
        Layout::vertical(heights.map(Constraint::Length)).areas(frame.area());
    draw_lines(frame, app, top, &head);
    if list.height > 0 {
        draw_groups(frame, app, list);
    }
    draw_group(frame, app, group, &details);
    if events.height > 0 {
        draw_events(frame, app, events);
    }
    draw_lines(frame, app, bottom, &foot);
    draw_over(frame, app)
}

/// The rows of the title, the list of groups, the chosen one, the events and the keys, for so many lines of title, groups,
/// details and keys. Where there is little room the events go first, then the list, then what is long of title and keys.
fn heights(height: u16, [head, groups, details, foot]: [usize; 4]) -> [u16; 5] {
    let mut head = rows(head).min(HEAD_MAX);
    let mut foot = rows(foot).min(HEAD_MAX);
    let mut list = if groups > 1 { rows(groups.min(GROUPS_MAX)) + 2 } else { 0 };
    if head + foot + list + GROUP_MIN > height {
        list = 0;
    }
    if head + foot + GROUP_MIN > height {
        (head, foot) = (head.min(1), foot.min(1));
    }
    let room = height.saturating_sub(head + foot + list);
    let wanted = rows(details).saturating_add(2);
    // Half a pane of events is none.
    let group = match room.saturating_sub(EVENTS_MIN) {
        left if left >= GROUP_MIN => wanted.min(left),
        _ if room >= 2 * GROUP_MIN => room - GROUP_MIN,
        _ => room,
    };
    [head, list, group, room - group, foot]
}

/// What lies over the screen; whether that is a question with what its keys do.
fn draw_over(frame: &mut Frame<'_>, app: &App) -> bool {
    match app.over() {
        Over::Nothing => false,
        Over::Help => {
            popup(frame, app, app.lang().pick(" keys ", " 按键 "), &help(app.lang()), &[]);
            false
        }
        Over::Question(name) => app.group(name).is_some_and(|group| {
            let title = app.lang().pick(" failover ", " 故障转移 ");
            let (lines, keys) = question(group, app.lang());
            popup(frame, app, title, &lines, &keys) && !keys.is_empty()
        }),
    }
}

fn wrapped(lines: &[Line], width: usize, indent: usize) -> Vec<Line> {
    lines.iter().flat_map(|line| line.wrapped(width, indent)).collect()
}

fn draw_lines(frame: &mut Frame<'_>, app: &App, area: Rect, lines: &[Line]) {
    let lines: Vec<Row<'_>> = lines.iter().map(|line| row(line, app)).collect();
    frame.render_widget(Paragraph::new(lines), area);
}

fn rows(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}

fn style(tone: Tone, colour: bool) -> Style {
    let plain = Style::default();
    match tone {
        Tone::Bold => plain.add_modifier(Modifier::BOLD),
        Tone::Dim => plain.add_modifier(Modifier::DIM),
        _ if !colour => plain,
        Tone::Good => plain.fg(Color::Green),
        Tone::Bad => plain.fg(Color::Red),
        Tone::Warn => plain.fg(Color::Yellow),
        Tone::Name => plain.fg(Color::Cyan),
        Tone::Plain => plain,
    }
}

fn row(line: &Line, app: &App) -> Row<'static> {
    let spans = line.pieces().map(|(tone, text)| Span::styled(text.to_owned(), style(tone, app.colour())));
    Row::from(spans.collect::<Vec<_>>())
}

/// Whether all is well, who does not answer, and how old this is.
fn title(app: &App, now_ms: u64) -> Line {
    let lang = app.lang();
    let name = Line::of(Tone::Bold, "watchkeeper  ");
    let Some(status) = app.status() else {
        return name.with(Tone::Warn, lang.pick("asking ...", "正在询问……"));
    };
    let age = now_ms.saturating_sub(status.unix_ms) / 1000;
    let kept = app.silent().filter(|_| status.answered > 0);
    let mut line = name;
    if let Some(silent) = kept {
        let text = match lang {
            Lang::En => format!("NO SENTINEL ANSWERS; this is how it was {age} s ago: "),
            Lang::Zh => format!("没有哨兵应答；以下是 {age} 秒前的状态："),
        };
        line = line.with(Tone::Bad, &text);
        for (tone, text) in status.summary(lang).pieces() {
            line = line.with(tone, text);
        }
        for (at, why) in silent {
            line = line.with(Tone::Warn, lang.pick("; ", "；")).with(Tone::Warn, &unheard(at, why, lang));
        }
        return line;
    }
    for (tone, text) in status.summary(lang).pieces() {
        line = line.with(tone, text);
    }
    for (at, why) in &status.unheard {
        line = line.with(Tone::Warn, lang.pick("; ", "；")).with(Tone::Warn, &unheard(at, why, lang));
    }
    // What hangs is seen by this.
    let tone = if age > 3 { Tone::Warn } else { Tone::Dim };
    let text = match lang {
        Lang::En => format!("  asked {age} s ago"),
        Lang::Zh => format!("  {age} 秒前的状态"),
    };
    line.with(tone, &text)
}

fn draw_groups(frame: &mut Frame<'_>, app: &App, area: Rect) {
    let selected = app.selected_at();
    let first = (selected + 1).saturating_sub(GROUPS_MAX);
    let shown = app.groups().iter().enumerate().skip(first).take(GROUPS_MAX);
    let lines: Vec<Row<'_>> = shown
        .map(|(index, group)| {
            let mark = if index == selected { "> " } else { "  " };
            let mut line = Line::of(Tone::Plain, mark);
            for (tone, text) in group.headline(app.lang()).pieces() {
                line = line.with(tone, text);
            }
            // The chosen one is told in full below.
            let mut parts = line.wrapped(usize::from(area.width.saturating_sub(3)), 0);
            let cut = parts.len() > 1;
            let first = if parts.is_empty() { Line::new() } else { parts.swap_remove(0) };
            let line = row(&if cut { first.with(Tone::Dim, "…") } else { first }, app);
            if index == selected {
                line.style(Style::default().add_modifier(Modifier::REVERSED))
            } else {
                line
            }
        })
        .collect();
    let title = app.lang().pick(" groups ", " 组 ");
    frame.render_widget(Paragraph::new(lines).block(Block::bordered().title(title)), area);
}

fn draw_group(frame: &mut Frame<'_>, app: &App, area: Rect, details: &[Line]) {
    let name = app.selected().map(|group| plain(&group.name)).unwrap_or_default();
    let lines: Vec<Row<'_>> = details.iter().map(|line| row(line, app)).collect();
    let last = rows(lines.len()).saturating_sub(area.height.saturating_sub(2));
    let below = last > app.scroll().min(last);
    let more = app.lang().pick("- PgDn: more ", "- PgDn 查看更多 ");
    let block = Block::bordered().title(format!(" {name} {}", if below { more } else { "" }));
    frame.render_widget(Paragraph::new(lines).scroll((app.scroll().min(last), 0)).block(block), area);
}

fn draw_events(frame: &mut Frame<'_>, app: &App, area: Rect) {
    let room = usize::from(area.height.saturating_sub(2));
    let inside = usize::from(area.width.saturating_sub(2));
    let last = app.events().len().saturating_sub(room);
    let fitted = |line: &Line| {
        let fits = columns(&line.print(false)) <= inside;
        if fits { vec![line.clone()] } else { line.squeezed().wrapped(inside, EVENT_INDENT) }
    };
    let lines: Vec<Line> = app.events().iter().skip(last).flat_map(fitted).collect();
    let skip = lines.len().saturating_sub(room);
    let lines: Vec<Row<'_>> = lines.iter().skip(skip).map(|line| row(line, app)).collect();
    let title = app.lang().pick(" events ", " 事件 ");
    frame.render_widget(Paragraph::new(lines).block(Block::bordered().title(title)), area);
}

/// What came of the last request, else the keys.
fn keys(app: &App) -> Line {
    app.answer().cloned().unwrap_or_else(|| {
        let keys = app.lang().pick(
            "j/k group   f failover   PgUp/PgDn scroll   ? help   q quit",
            "j/k 选择组   f 故障转移   PgUp/PgDn 滚动   ? 帮助   q 退出",
        );
        Line::of(Tone::Dim, keys)
    })
}

fn help(lang: Lang) -> Vec<Line> {
    let lines: [(&str, &str); 6] = match lang {
        Lang::En => [
            ("↑ ↓ j k", "choose a group"),
            ("f", "ask a sentinel for a failover of it, after a question"),
            ("PgUp PgDn", "scroll the group"),
            ("? h", "this"),
            ("q Esc Ctrl-C", "end; nothing else ends with it"),
            ("any key", "closes this"),
        ],
        Lang::Zh => [
            ("↑ ↓ j k", "选择一个组"),
            ("f", "确认后请求哨兵为该组故障转移"),
            ("PgUp PgDn", "滚动组的内容"),
            ("? h", "本帮助"),
            ("q Esc Ctrl-C", "退出；不影响其他任何东西"),
            ("任意键", "关闭帮助"),
        ],
    };
    lines.iter().map(|(keys, what)| Line::new().cell(Tone::Name, keys, 14).with(Tone::Plain, what)).collect()
}

/// What will be done, and what the keys do; none, if it is not done.
fn question(group: &GroupStatus, lang: Lang) -> (Vec<Line>, Vec<Line>) {
    if let Some(why) = unready(group, lang) {
        return (why.lines().map(|line| Line::of(Tone::Bad, line)).collect(), Vec::new());
    }
    let mut lines = words::plan(group, lang);
    lines.push(Line::new());
    let keys = lang.pick("y does it, any other key does not.", "按 y 执行，其他任意键取消。");
    (lines, vec![Line::of(Tone::Warn, keys)])
}

/// What stands in the place of the keys where a question does not fit.
fn too_small(app: &App) -> String {
    let group = if let Over::Question(name) = app.over() { app.group(name) } else { None };
    let again = group.map(|group| format!(" {}{}", plain(&group.name), group.reach)).unwrap_or_default();
    match app.lang() {
        Lang::En => format!(
            "The screen is too small for all of this. y does nothing: `watchkeeper failover{again}` asks, too."
        ),
        Lang::Zh => format!("屏幕太小，显示不全，y 不起作用：可改用 `watchkeeper failover{again}`。"),
    }
}

/// In the middle, over all else, as large as its text, with the last lines below it. What does not fit is left out, and then
/// it says so in their place: nobody agrees to what is not to be seen. Whether all is there.
fn popup(frame: &mut Frame<'_>, app: &App, title: &str, lines: &[Line], last: &[Line]) -> bool {
    let screen = frame.area();
    let widest = lines.iter().chain(last).map(|line| columns(&line.print(false))).max().unwrap_or(0);
    let width = (rows(widest).saturating_add(4)).min(screen.width);
    let inside = usize::from(width.saturating_sub(4)).max(1);
    let (mut lines, mut last) = (wrapped(lines, inside, 0), wrapped(last, inside, 0));
    let height = rows(lines.len() + last.len()).saturating_add(2).min(screen.height);
    let room = usize::from(height.saturating_sub(2));
    let all = lines.len() + last.len() <= room;
    if !all && !last.is_empty() {
        let small = too_small(app);
        last = wrapped(&[Line::of(Tone::Warn, &small)], inside, 0);
    }
    if !all {
        let kept = room.saturating_sub(last.len());
        lines.truncate(kept.saturating_sub(1));
        lines.extend((kept > 0).then(|| Line::of(Tone::Dim, "…")));
    }
    let area = Rect { x: (screen.width - width) / 2, y: (screen.height - height) / 2, width, height };
    let shown: Vec<Row<'_>> = lines.iter().chain(&last).map(|line| row(line, app)).collect();
    let block = Block::bordered().title(title.to_owned()).padding(Padding::horizontal(1));
    // A column more at both sides: half a wide character there would take the frame with it.
    let cleared = Rect { x: area.x.saturating_sub(1), width: area.width + 2, ..area };
    frame.render_widget(Clear, cleared.intersection(screen));
    frame.render_widget(Paragraph::new(shown).block(block), area);
    all && last.iter().all(|line| columns(&line.print(false)) <= inside)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use jiff::tz::TimeZone;
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;
    use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    use super::super::app::News;
    use super::*;
    use crate::ask::{Endpoint, Heard, What};
    use crate::live::sample::{assert_screen, chain, status, stuck};

    fn app(lang: Lang) -> App {
        let mut app = App::new(None, lang, false, TimeZone::UTC);
        app.learn(News::Status(Box::new(status(vec![chain("mymaster"), stuck("cache")]))));
        let what =
            What::Event { name: "+sdown".to_owned(), payload: "master cache 10.0.0.1 6379".to_owned() };
        let sentinel = Endpoint::new("10.0.0.1", 26379);
        app.learn(News::Heard(Heard { sentinel, at: Instant::now(), unix_ms: 1_795_398_390_111, what }));
        app
    }

    fn shown(app: &App, width: u16, height: u16) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| _ = draw(frame, app, 1_795_398_395_111)).unwrap();
        let text = terminal.backend().to_string();
        // Without the notes about the second columns of wide characters.
        let line = |line: &str| {
            line.split_once("\" Hidden").map_or(line, |(line, _)| line).trim_matches('"').to_owned()
        };
        text.lines().map(line).map(|line| line.trim_end().to_owned() + "\n").collect()
    }

    fn press(app: &mut App, key: char) {
        app.key(KeyEvent::new(KeyCode::Char(key), KeyModifiers::NONE));
    }

    #[test]
    fn the_screen_is_as_it_was_looked_at() {
        for lang in Lang::ALL {
            let mut app = app(lang);
            let name = |what: &str| format!("watch-{what}.{}.txt", lang.code());
            assert_screen(&name("chain"), &shown(&app, 100, 30));
            press(&mut app, 'j');
            assert_screen(&name("stuck"), &shown(&app, 100, 40));
            press(&mut app, 'f');
            assert_screen(&name("question"), &shown(&app, 90, 30));
            press(&mut app, 'n');
            press(&mut app, '?');
            assert_screen(&name("help"), &shown(&app, 80, 24));
        }
    }

    #[test]
    fn what_y_does_is_to_be_seen_on_a_small_screen_or_it_does_nothing() {
        for lang in Lang::ALL {
            let mut app = app(lang);
            let mut seen = status(vec![chain("mymaster")]);
            seen.reached_with(" --sentinel h:1");
            app.learn(News::Status(Box::new(seen)));
            app.key(KeyEvent::new(KeyCode::Char('f'), KeyModifiers::NONE));
            let (mut seen, keys) = (0, lang.pick("does not.", "取消。"));
            for (width, height) in
                [(100, 30), (80, 24), (80, 20), (60, 12), (60, 5), (40, 8), (30, 3), (20, 2)]
            {
                let mut question = false;
                let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
                terminal.draw(|frame| question = draw(frame, &app, 0)).unwrap();
                // A wide character is followed by the blank it covers.
                let bare = |text: &str| text.replace([' ', '\n'], "");
                let text = bare(&shown(&app, width, height));
                assert_eq!(text.contains(&bare(keys)), question, "{lang:?} {width}x{height}: {text}");
                let again = "`watchkeeperfailovermymaster--sentinelh:1`";
                assert!(question || width < 60 || text.replace('│', "").contains(again), "{text}");
                // Nor without what is lost.
                let lost = text.contains(lang.pick("bythenarelost", "丢失"));
                assert!(lost || !question, "{lang:?} {width}x{height}: {text}");
                seen += usize::from(question);
            }
            // Chinese is shorter: all of it fits into 60x12, too.
            assert_eq!(seen, if lang == Lang::Zh { 4 } else { 3 }, "{lang:?}");
        }
    }

    #[test]
    fn a_small_screen_has_the_group_before_the_events() {
        assert_eq!(heights(30, [1, 2, 11, 1]), [1, 4, 13, 11, 1]);
        assert_eq!(heights(24, [1, 1, 40, 1]), [1, 0, 16, 6, 1]);
        for height in 3..40 {
            for head in [1, 3, 9] {
                let [head, list, group, events, foot] = heights(height, [head, 9, 30, 2]);
                assert_eq!(head + list + group + events + foot, height);
                assert!(group >= 3 || height < 5, "{height}: {group}");
                assert!(events == 0 || events >= 3, "{height}: {events}");
            }
        }
        let mut app = App::new(None, Lang::En, false, TimeZone::UTC);
        app.learn(News::Status(Box::new(status(vec![stuck("cache")]))));
        assert!(shown(&app, 40, 8).contains("cache: NOT WRITABLE"), "{}", shown(&app, 40, 8));
    }

    #[test]
    fn any_size_is_drawn_and_so_is_nothing_yet() {
        let mut some = app(Lang::Zh);
        let none = App::new(None, Lang::En, true, TimeZone::UTC);
        for (width, height) in [(1, 1), (2, 3), (10, 4), (20, 7), (300, 2), (3, 200)] {
            for keys in ["", "j", "?", " f", "n"] {
                keys.chars().for_each(|key| press(&mut some, key));
                shown(&some, width, height);
            }
            shown(&none, width, height);
        }
        assert!(shown(&none, 60, 10).contains("asking ..."));
    }
}
