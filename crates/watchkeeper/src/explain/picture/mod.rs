//! An incident as a picture: time from left to right, a lane for each sentinel and each server involved. `scene` says
//! what is in it, `axis` where a time stands, `draw` makes SVG of it, `labels` has its words. The frame around it, and the
//! document of all pictures, are made here.

mod axis;
mod draw;
pub(super) mod labels;
mod scene;

use std::fmt::Write;

use watchkeeper_core::Lang;

use self::draw::{Drawing, WIDTH};
use super::endings;
use super::incident::Incident;
use super::markup::escaped;
use super::phases::{Took, phases};
use super::report::Report;
use super::steps::Step;
use super::style;
use super::summary;
use super::words::{self, duration, wrap};

/// Pictures of one document without a page around them.
const PICTURES_SHOWN: usize = 50;
/// Lines of text in a picture are so many columns.
const TEXT_COLUMNS: usize = 150;

/// Pictures of one incident for a page: all of it, then what is too small in that.
pub(super) struct Pictures {
    pub(super) whole: String,
    pub(super) enlarged: Option<String>,
}

/// The pictures of an incident, each an `svg` element.
pub(super) fn of_incident(report: &Report, incident: &Incident, steps: &[Step], lang: Lang) -> Pictures {
    let scene = scene::scene(report, incident, steps);
    let framed = |drawing: Drawing| {
        format!(
            "<svg class=\"picture\" viewBox=\"0 0 {WIDTH} {:.0}\" role=\"img\" aria-label=\"{}\">\n{}</svg>\n",
            drawing.height,
            escaped(&endings::outcome(incident, &report.names, true, lang)),
            drawing.body
        )
    };
    Pictures {
        whole: framed(draw::draw(report, &scene, None, lang)),
        enlarged: scene.enlarge.map(|part| framed(draw::draw(report, &scene, Some(part), lang))),
    }
}

/// All pictures below each other: one SVG document.
pub(super) fn tell(report: &Report, lang: Lang) -> String {
    let mut body = String::new();
    let mut y = 24.0;
    for (number, line) in summary::head(report, lang).iter().enumerate() {
        text(&mut body, 8.0, y, if number == 0 { "title" } else { "dim" }, line);
        y += 18.0;
    }
    let all = report.book.incidents.len();
    for (number, (incident, _)) in report.incidents().enumerate().take(PICTURES_SHOWN) {
        y += 26.0;
        text(&mut body, 8.0, y, "title", &summary::title(report, incident, number + 1, Some(all), lang));
        for line in wrap(&endings::outcome(incident, &report.names, incident.timed, lang), TEXT_COLUMNS) {
            y += 19.0;
            text(&mut body, 8.0, y, "said", &line);
        }
        y += 12.0;
        if !incident.timed {
            text(&mut body, 8.0, y + 10.0, "dim", no_times(lang));
            y += 20.0;
            continue;
        }
        let steps = super::steps::steps(incident, &report.names, lang);
        let scene = scene::scene(report, incident, &steps);
        for part in [None].into_iter().chain(scene.enlarge.map(Some)) {
            if part.is_some() {
                y += 16.0;
                text(&mut body, 8.0, y, "said", enlarged(lang));
                y += 8.0;
            }
            let drawing = draw::draw(report, &scene, part, lang);
            // A String takes everything.
            let _ = writeln!(body, "<g transform=\"translate(0 {y:.1})\">\n{}</g>", drawing.body);
            y += drawing.height;
        }
        y = legend(&mut body, &phases(incident), incident.is_ours(), y, lang);
    }
    if let Some(more) = all.checked_sub(PICTURES_SHOWN).filter(|more| *more > 0) {
        y += 26.0;
        let en = format!("{more} more incidents are not drawn");
        text(&mut body, 8.0, y, "dim", lang.pick(&en, &format!("另有 {more} 起事故未绘制")));
    }
    let height = y + 20.0;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height:.0}\" width=\"{WIDTH}\" height=\"{height:.0}\" \
         lang=\"{}\">\n<title>{}</title>\n<style>\n{}{}</style>\n<rect width=\"100%\" height=\"100%\" class=\"paper\"/>\n{body}</svg>\n",
        lang.pick("en", "zh-CN"),
        escaped(summary::head(report, lang).first().map_or("", String::as_str)),
        style::COLOURS,
        style::PICTURE
    )
}

pub(super) fn no_times(lang: Lang) -> &'static str {
    lang.pick("There is no picture of it: what was read has no times.", "没有时间，无法绘图。")
}

pub(super) fn enlarged(lang: Lang) -> &'static str {
    lang.pick("Enlarged: from the election to the switch", "放大：从选举到切换")
}

/// Phases by their numbers, with their times. The place below them.
fn legend(body: &mut String, parts: &[Took], ours: bool, mut y: f64, lang: Lang) -> f64 {
    for (number, part) in parts.iter().enumerate() {
        y += 20.0;
        // A String takes everything.
        let _ = writeln!(
            body,
            "<rect x=\"176\" y=\"{:.1}\" width=\"22\" height=\"15\" rx=\"3\" class=\"ph {}\"/>",
            y - 12.0,
            labels::phase_class(part.phase)
        );
        text(body, 183.0, y, "in", &(number + 1).to_string());
        text(body, 206.0, y, "said", words::phase(part.phase, ours, lang));
        text(body, 600.0, y, "said end", &duration(part.ms(), lang));
    }
    y + 6.0
}

fn text(body: &mut String, x: f64, y: f64, class: &str, what: &str) {
    // A String takes everything.
    let _ = writeln!(body, "<text x=\"{x:.1}\" y=\"{y:.1}\" class=\"{class}\">{}</text>", escaped(what));
}
