//! A scene as SVG: the axis, the phases above, a lane for each sentinel and server. Colours come from `style`; whatever
//! a colour says, a word, a number or a shape says too.

use std::fmt::Write;

use watchkeeper_core::Lang;

use super::super::incident::At;
use super::super::markup::escaped;
use super::super::report::Report;
use super::super::width::columns;
use super::super::words::{self, duration};
use super::axis::Axis;
use super::labels;
use super::scene::{Lane, Mark, Scene, Span, State};

/// The whole picture is so wide.
pub(super) const WIDTH: f64 = 1120.0;
/// Names of lanes stand left of this, times right of it.
const LEFT: f64 = 176.0;
const RIGHT: f64 = WIDTH - 14.0;
/// Where the phases are, and where lanes begin.
const BAND: f64 = 30.0;
const TOP: f64 = 66.0;
const BAR: f64 = 17.0;
/// Above each bar.
const GAP: f64 = 8.0;
const ROW: f64 = 15.0;
/// Rows of labels of one lane; with many lanes fewer.
const ROWS: usize = 6;
const ROWS_OF_MANY: usize = 3;
const MANY_LANES: usize = 9;
/// Moments closer than this share a label.
const TOGETHER_PX: f64 = 8.0;
/// Columns of a lane's name.
const NAME_COLUMNS: usize = 22;
/// Events named in one label.
const NAMES_TOGETHER: usize = 4;

/// A drawing without its frame.
pub(super) struct Drawing {
    pub(super) body: String,
    pub(super) height: f64,
}

/// Lanes become elements here.
struct Canvas<'a> {
    scene: &'a Scene,
    axis: Axis,
    window: (At, At),
    lang: Lang,
    body: String,
}

/// Draws all of a scene, or a part of it enlarged.
pub(super) fn draw(report: &Report, scene: &Scene, part: Option<(At, At)>, lang: Lang) -> Drawing {
    let window = part.unwrap_or((scene.from, scene.to));
    let axis = match part {
        Some((from, to)) => Axis::new(&[from, to], (from, to), scene.zero, LEFT, RIGHT),
        None => Axis::new(&scene.times, scene.outage, scene.zero, LEFT, RIGHT),
    };
    let mut canvas = Canvas { scene, axis, window, lang, body: String::new() };
    let heights: Vec<(f64, Vec<Label>)> = scene.lanes.iter().map(|lane| canvas.lay_out(lane)).collect();
    let bottom = TOP + heights.iter().map(|(height, _)| height).sum::<f64>();
    canvas.grid(bottom);
    canvas.phases();
    let clock = format!("0 = {}", report.clock(scene.zero));
    canvas.text(8.0, 20.0, "dim", &clock);
    // Bars first, then what is cut out of them, then what must be read.
    let mut y = TOP;
    for (lane, (height, _)) in scene.lanes.iter().zip(&heights) {
        canvas.lane(lane, y);
        y += height;
    }
    canvas.cuts(bottom);
    let mut y = TOP;
    for (lane, (height, labels)) in scene.lanes.iter().zip(&heights) {
        canvas.words(lane, labels, y + GAP);
        y += height;
    }
    if scene.left_out > 0 {
        canvas.text(8.0, y + 16.0, "dim", &labels::left_out(scene.left_out, lang));
        y += 20.0;
    }
    Drawing { body: canvas.body, height: y + 6.0 }
}

/// Moments that share a label, and where it stands.
struct Label {
    x: f64,
    /// with the sign
    from: f64,
    to: f64,
    row: usize,
    class: &'static str,
    text: String,
    /// the label stands left of its sign
    leftwards: bool,
    told: String,
}

impl Canvas<'_> {
    fn add(&mut self, element: std::fmt::Arguments<'_>) {
        // A String takes everything.
        let _ = self.body.write_fmt(element);
        self.body.push('\n');
    }

    fn text(&mut self, x: f64, y: f64, class: &str, text: &str) {
        self.add(format_args!("<text x=\"{x:.1}\" y=\"{y:.1}\" class=\"{class}\">{}</text>", escaped(text)));
    }

    fn line(&mut self, x: f64, from: f64, to: f64, class: &str) {
        self.add(format_args!(
            "<line x1=\"{x:.1}\" y1=\"{from:.1}\" x2=\"{x:.1}\" y2=\"{to:.1}\" class=\"{class}\"/>"
        ));
    }

    /// Times and the borders of the phases.
    fn grid(&mut self, bottom: f64) {
        for (x, ms) in self.axis.ticks() {
            self.line(x, BAND - 6.0, bottom, "grid");
            let text = labels::tick(ms, self.lang);
            self.text(x, 18.0, "tick", &text);
        }
        let mut borders: Vec<At> = self.scene.phases.iter().flat_map(|part| [part.from, part.to]).collect();
        borders.dedup();
        borders.retain(|at| self.inside(*at));
        for at in borders {
            let x = self.axis.x(at);
            self.line(x, BAND, bottom, "border");
        }
    }

    fn inside(&self, at: At) -> bool {
        (self.window.0..=self.window.1).contains(&at)
    }

    /// Numbered bars, named where there is room.
    fn phases(&mut self) {
        self.text(8.0, BAND + 17.0, "lane", self.lang.pick("phases", "阶段"));
        for (number, part) in self.scene.phases.iter().enumerate() {
            if part.to < self.window.0 || part.from > self.window.1 {
                continue;
            }
            let (left, right) = (self.axis.x(part.from), self.axis.x(part.to));
            let width = (right - left).max(2.0);
            let (name, took) = (labels::phase(part.phase, self.lang), duration(part.ms(), self.lang));
            let number = number + 1;
            self.add(format_args!(
                "<g><title>{number} {} {}</title><rect x=\"{left:.1}\" y=\"{BAND:.1}\" width=\"{width:.1}\" height=\"26\" rx=\"3\" class=\"ph {}\"/>",
                escaped(words::phase(part.phase, self.scene.ours, self.lang)),
                escaped(&took),
                labels::phase_class(part.phase)
            ));
            let forms = [format!("{number} {name} {took}"), format!("{number} {name}"), number.to_string()];
            if let Some(form) = forms.iter().find(|form| wide(form) + 8.0 <= width) {
                self.text(left + 5.0, BAND + 17.5, "in", form);
            }
            self.body.push_str("</g>\n");
        }
    }

    /// Where the labels of a lane stand, and how high it is.
    fn lay_out(&self, lane: &Lane) -> (f64, Vec<Label>) {
        let rows = if self.scene.lanes.len() > MANY_LANES { ROWS_OF_MANY } else { ROWS };
        let mut groups: Vec<(f64, Vec<&Mark>)> = Vec::new();
        for mark in lane.marks.iter().filter(|mark| self.inside(mark.at) && !mark.event.is_empty()) {
            let x = self.axis.x(mark.at);
            match groups.last_mut() {
                Some((first, marks)) if x - *first <= TOGETHER_PX => marks.push(mark),
                Some(_) | None => groups.push((x, vec![mark])),
            }
        }
        // From the right: what leads down to a label crosses none of those placed before.
        let mut labels: Vec<Label> = Vec::new();
        for (x, marks) in groups.into_iter().rev() {
            let text = names(&marks);
            let length = wide(&text) + 14.0;
            let leftwards = x + length > WIDTH - 2.0;
            let (from, to) = if leftwards { (x - length, x + 8.0) } else { (x - 8.0, x + length) };
            let row = free_row(&labels, from, to, rows);
            let told: Vec<&str> = marks.iter().map(|mark| mark.text.as_str()).collect();
            labels.push(Label {
                x,
                from,
                to,
                row: row.unwrap_or(0),
                class: sign(&marks),
                text: if row.is_some() { text } else { String::new() },
                leftwards,
                told: told.join("\n"),
            });
        }
        let used = labels.iter().map(|label| label.row + 1).max().unwrap_or(0);
        let height = GAP + BAR + used as f64 * ROW + if used == 0 { 14.0 } else { 9.0 };
        (height, labels)
    }

    /// A name and bars.
    fn lane(&mut self, lane: &Lane, y: f64) {
        self.add(format_args!(
            "<line x1=\"0\" y1=\"{y:.1}\" x2=\"{WIDTH:.1}\" y2=\"{y:.1}\" class=\"rule\"/>"
        ));
        let bar = y + GAP;
        let name = shortened(&lane.name, NAME_COLUMNS);
        self.add(format_args!("<g><title>{}</title>", escaped(&lane.name)));
        self.text(8.0, bar + 12.0, "lane", &name);
        self.body.push_str("</g>\n");
        self.text(8.0, bar + 26.0, "dim", labels::part(lane.part, self.lang));
        for span in &lane.spans {
            let Some((left, right)) = self.place(*span) else { continue };
            let width = (right - left).max(1.5);
            self.add(format_args!(
                "<rect x=\"{left:.1}\" y=\"{bar:.1}\" width=\"{width:.1}\" height=\"{BAR}\" rx=\"3\" class=\"st {}\"><title>{}</title></rect>",
                labels::class(span.state),
                escaped(labels::state(span.state, self.lang))
            ));
        }
    }

    /// Where a bar stands, if it is in the picture.
    fn place(&self, span: Span) -> Option<(f64, f64)> {
        let (from, to) = (span.from.max(self.window.0), span.to.min(self.window.1));
        (to > from).then(|| (self.axis.x(from), self.axis.x(to)))
    }

    /// What stands in the bars and below them.
    fn words(&mut self, lane: &Lane, labels: &[Label], bar: f64) {
        for label in labels {
            self.line(label.x, bar + BAR, bar + BAR + 8.0 + label.row as f64 * ROW, "stem");
        }
        for span in &lane.spans {
            let Some((left, right)) = self.place(*span) else { continue };
            let (left, right) = self.axis.widest(left, right);
            let forms = labels::forms(span.state, self.lang);
            if let Some(form) = forms.into_iter().find(|form| wide(form) + 8.0 <= right - left) {
                let class = if span.state == State::SecondMaster { "in alarm" } else { "in" };
                self.text(left + 5.0, bar + 12.5, class, form);
            }
        }
        for label in labels {
            self.label(label, bar + BAR + 8.0 + label.row as f64 * ROW);
        }
    }

    fn label(&mut self, label: &Label, y: f64) {
        self.add(format_args!("<g><title>{}</title>", escaped(&label.told)));
        let x = label.x;
        match label.class {
            "sign-bad" => self.add(format_args!(
                "<path d=\"M{:.1} {:.1}h9l-4.5 8z\" class=\"sign-bad\"/>",
                x - 4.5,
                y - 4.0
            )),
            "sign-good" => {
                self.add(format_args!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4.2\" class=\"sign-good\"/>"));
            }
            class => self.add(format_args!(
                "<path d=\"M{x:.1} {:.1}l4.6 4.6l-4.6 4.6l-4.6 -4.6z\" class=\"{class}\"/>",
                y - 4.6
            )),
        }
        let (at, class) = if label.leftwards { (x - 8.0, "ev end") } else { (x + 8.0, "ev") };
        if !label.text.is_empty() {
            self.text(at, y + 4.0, class, &label.text);
        }
        self.body.push_str("</g>\n");
    }

    /// Over the bars: here time is left out.
    fn cuts(&mut self, bottom: f64) {
        let cuts: Vec<_> = self.axis.cuts().collect();
        for cut in cuts {
            let (left, width, middle) = (cut.left, cut.right - cut.left, f64::midpoint(cut.left, cut.right));
            let height = bottom - BAND + 4.0;
            self.add(format_args!(
                "<rect x=\"{left:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" class=\"cut\"/>",
                BAND - 4.0
            ));
            for x in [cut.left, cut.right] {
                self.line(x, BAND - 4.0, bottom, "cut-edge");
            }
            let took = labels::about(cut.ms, self.lang);
            self.text(middle, BAND + 10.0, "cut-text", &took);
            self.text(middle, BAND + 22.0, "cut-text", self.lang.pick("left out", "略去"));
        }
    }
}

/// The first row in which a label covers no other, nor what leads down to another; else one in which it covers none.
fn free_row(placed: &[Label], from: f64, to: f64, rows: usize) -> Option<usize> {
    let below = placed.iter().filter(|label| (from..=to).contains(&label.x)).map(|label| label.row + 1).max();
    let free =
        |row: &usize| placed.iter().all(|label| label.row != *row || to < label.from || from > label.to);
    (below.unwrap_or(0)..rows).find(free).or_else(|| (0..rows).find(free))
}

/// How wide a text is, in pixels: rather too much than too little.
fn wide(text: &str) -> f64 {
    columns(text) as f64 * 6.7
}

/// The event that matters most gives the sign.
fn sign(marks: &[&Mark]) -> &'static str {
    let classes: Vec<&str> = marks.iter().map(|mark| sign_of(mark.event)).collect();
    ["sign-bad", "sign-good"].into_iter().find(|class| classes.contains(class)).unwrap_or("sign-step")
}

fn sign_of(event: &str) -> &'static str {
    match event {
        "+sdown" | "+failover-detected" => "sign-bad",
        "-sdown" | "+promoted-slave" | "+switch-master" | "+failover-end" | "+slave-reconf-done"
        | "+role-change" | "+convert-to-slave" => "sign-good",
        aborted if aborted.starts_with("-failover-abort") => "sign-bad",
        _ => "sign-step",
    }
}

/// `+odown, +try-failover`
fn names(marks: &[&Mark]) -> String {
    let mut names: Vec<(&str, usize)> = Vec::new();
    for mark in marks {
        match names.iter_mut().find(|(name, _)| *name == mark.event) {
            Some((_, times)) => *times += 1,
            None => names.push((mark.event, 1)),
        }
    }
    let more = names.len().saturating_sub(NAMES_TOGETHER);
    let shown = names.iter().take(NAMES_TOGETHER).map(|(name, times)| match times {
        1 => (*name).to_owned(),
        _ => format!("{name} ×{times}"),
    });
    let shown = shown.collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{shown} … {more}") } else { shown }
}

/// The text in at most so many columns.
fn shortened(text: &str, to: usize) -> String {
    if columns(text) <= to {
        return text.to_owned();
    }
    let mut out = String::new();
    for c in text.chars() {
        if columns(&out) + columns(c.encode_utf8(&mut [0; 4])) > to - 1 {
            break;
        }
        out.push(c);
    }
    out + "…"
}
