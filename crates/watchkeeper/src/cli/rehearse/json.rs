//! A rehearsal for programs: one JSON object. Field names are stable; texts are in the language asked for.

use watchkeeper_sim::rehearse::{Fate, Moment, Reason, Rehearsal, Verdict};

use super::words;
use crate::cli::lang::Lang;
use crate::json::quoted;

/// The whole object, and a line break.
pub(super) fn tell(course: &Rehearsal, lang: Lang) -> String {
    let timeline: Vec<String> = course.moments.iter().map(moment).collect();
    let groups: Vec<String> = course.verdicts.iter().map(|verdict| group(verdict, lang)).collect();
    format!(
        "{{\"served\":{},\"groups\":[{}],\"timeline\":[{}]}}\n",
        course.served(),
        groups.join(","),
        timeline.join(",")
    )
}

fn moment(moment: &Moment) -> String {
    let who: Vec<String> = moment.who.iter().map(|who| quoted(who)).collect();
    format!(
        "{{\"ms\":{},\"event\":{},\"payload\":{},\"sentinels\":[{}]}}",
        moment.ms,
        quoted(moment.kind.spec().name),
        quoted(&moment.payload),
        who.join(",")
    )
}

fn group(verdict: &Verdict, lang: Lang) -> String {
    let (alive, known, needed) = verdict.sentinels;
    let fate = match &verdict.fate {
        Fate::Untouched => "\"outcome\":\"untouched\"".to_owned(),
        Fate::Promoted { server, after_ms, writable_ms } => format!(
            "\"outcome\":\"promoted\",\"promoted\":{},\"after_ms\":{after_ms},\"writable_ms\":{}",
            quoted(server),
            writable_ms.map_or("null".to_owned(), |ms| ms.to_string())
        ),
        Fate::Lost(reasons) => {
            let reasons: Vec<String> = reasons.iter().map(|why| reason(why, lang)).collect();
            format!("\"outcome\":\"lost\",\"reasons\":[{}]", reasons.join(","))
        }
    };
    format!(
        "{{\"group\":{},\"master\":{},{fate},\"sentinels\":{{\"alive\":{alive},\"known\":{known},\"needed\":{needed}}},\"replicas_left\":{}}}",
        quoted(&verdict.group),
        quoted(&verdict.master),
        verdict.replicas_left
    )
}

fn reason(reason: &Reason, lang: Lang) -> String {
    let code = match reason {
        Reason::NoQuorum { .. } => "no-quorum",
        Reason::NoMajority { .. } => "no-majority",
        Reason::NoReplica => "no-replica",
        Reason::Refused { .. } => "replica-refused",
        Reason::Unknown => "unknown",
    };
    let (what, hint) = words::explain(reason, lang);
    format!("{{\"code\":\"{code}\",\"text\":{},\"hint\":{}}}", quoted(&what), quoted(&hint))
}
