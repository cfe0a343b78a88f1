//! The words in a picture. Short: they stand in bars.

use watchkeeper_core::Lang;

use super::super::phases::Phase;
use super::scene::{Part, State};

pub(super) fn state(state: State, lang: Lang) -> &'static str {
    match state {
        State::Misses => lang.pick("gets no answer from the master", "得不到主节点应答"),
        State::Leads => lang.pick("leads", "执行故障转移"),
        State::Tilt => lang.pick("TILT: distrusts its clock", "TILT：不信任自己的时钟"),
        State::Absent => lang.pick("down, others say", "其他哨兵认为它下线"),
        State::Master => lang.pick("master", "主节点"),
        State::NoAnswer => lang.pick("no answer", "无应答"),
        State::SecondMaster => lang.pick("second master", "第二个主节点"),
        State::Replica => lang.pick("replica", "副本"),
        State::BeingPromoted => lang.pick("promotion", "提升中"),
        State::Moving => lang.pick("moves", "转向中"),
        State::Follows => lang.pick("follows the new master", "跟随新主节点"),
    }
}

/// The same in as many words as there is room for: the longest first.
pub(super) fn forms(it: State, lang: Lang) -> Vec<&'static str> {
    let whole = state(it, lang);
    match it {
        State::Misses => vec![whole, lang.pick("no answer", "无应答")],
        State::Tilt => vec![whole, "TILT"],
        State::Absent => vec![whole, lang.pick("down", "下线")],
        State::SecondMaster => vec![whole, lang.pick("2nd master", "双主"), "2×"],
        State::Follows => vec![whole, lang.pick("follows", "跟随")],
        State::Leads => vec![whole, lang.pick("leads", "执行")],
        State::Master | State::NoAnswer | State::Replica | State::BeingPromoted | State::Moving => {
            vec![whole]
        }
    }
}

/// The colour of a state.
pub(super) fn class(state: State) -> &'static str {
    match state {
        State::Misses | State::NoAnswer => "miss",
        State::SecondMaster => "bad",
        State::Leads => "lead",
        State::Tilt | State::Absent => "tilt",
        State::Master => "good",
        State::BeingPromoted | State::Moving => "busy",
        State::Replica | State::Follows => "calm",
    }
}

pub(super) fn part(part: Part, lang: Lang) -> &'static str {
    match part {
        Part::Sentinel => lang.pick("sentinel", "哨兵"),
        Part::Leader => lang.pick("sentinel, led", "哨兵，执行者"),
        Part::OldMaster => lang.pick("old master", "旧主节点"),
        Part::Master => lang.pick("master", "主节点"),
        Part::NewMaster => lang.pick("new master", "新主节点"),
        Part::Replica => lang.pick("replica", "副本"),
    }
}

pub(in super::super) fn phase(phase: Phase, lang: Lang) -> &'static str {
    match phase {
        Phase::Agreement => lang.pick("agreement", "达成一致"),
        Phase::Operator => lang.pick("operator", "人工介入"),
        Phase::Attempts => lang.pick("failed attempts", "失败的尝试"),
        Phase::Election => lang.pick("election", "选举"),
        Phase::Selection => lang.pick("selection", "挑选"),
        Phase::Promotion => lang.pick("promotion", "提升"),
        Phase::Unseen => lang.pick("not in these logs", "日志缺失"),
        Phase::Telling => lang.pick("telling", "通知"),
        Phase::Waiting => lang.pick("waiting", "等待"),
    }
}

/// The colour of a phase.
pub(in super::super) fn phase_class(phase: Phase) -> &'static str {
    match phase {
        Phase::Agreement => "p-agree",
        Phase::Attempts => "p-fail",
        Phase::Election => "p-elect",
        Phase::Selection => "p-select",
        Phase::Promotion => "p-promote",
        Phase::Unseen => "p-unseen",
        Phase::Telling => "p-tell",
        Phase::Waiting | Phase::Operator => "p-wait",
    }
}

pub(super) fn left_out(number: usize, lang: Lang) -> String {
    match lang {
        Lang::En => format!("and {number} more, not shown"),
        Lang::Zh => format!("另有 {number} 个未显示"),
    }
}

/// A time on the axis: `+1.5 s`, `+5 min 30 s`, `+2 h`
pub(super) fn tick(ms: i64, lang: Lang) -> String {
    let (s, min, h) = (lang.pick("s", "秒"), lang.pick("min", "分"), lang.pick("h", "小时"));
    let sign = if ms < 0 { "−" } else { "+" };
    let ms = ms.abs();
    let whole = |first: i64, unit: &str, second: i64, smaller: &str| {
        if second == 0 {
            format!("{sign}{first} {unit}")
        } else {
            format!("{sign}{first} {unit} {second} {smaller}")
        }
    };
    if ms == 0 {
        "0".to_owned()
    } else if ms < 120_000 {
        let seconds = format!("{}.{:03}", ms / 1000, ms % 1000);
        format!("{sign}{} {s}", seconds.trim_end_matches('0').trim_end_matches('.'))
    } else if ms < 7_200_000 {
        whole(ms / 60_000, min, ms / 1000 % 60, s)
    } else {
        whole(ms / 3_600_000, h, ms / 60_000 % 60, min)
    }
}

/// A length of time in few letters: `9.8 s`, `12 min`
pub(super) fn about(ms: i64, lang: Lang) -> String {
    let (s, min, h) = (lang.pick("s", "秒"), lang.pick("min", "分"), lang.pick("h", "小时"));
    if ms < 10_000 {
        format!("{}.{} {s}", ms / 1000, ms / 100 % 10)
    } else if ms < 120_000 {
        format!("{} {s}", ms / 1000)
    } else if ms < 7_200_000 {
        format!("{} {min}", ms / 60_000)
    } else {
        format!("{} {h}", ms / 3_600_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_on_the_axis_are_short() {
        let en = |ms| tick(ms, Lang::En);
        assert_eq!([en(0), en(500), en(-2000), en(90_000)], ["0", "+0.5 s", "−2 s", "+90 s"]);
        assert_eq!([en(330_000), en(600_000), en(9_000_000)], ["+5 min 30 s", "+10 min", "+2 h 30 min"]);
        assert_eq!(tick(1500, Lang::Zh), "+1.5 秒");
        let about = |ms| about(ms, Lang::En);
        assert_eq!(
            [about(2923), about(61_000), about(600_000), about(9_000_000)],
            ["2.9 s", "61 s", "10 min", "2 h"]
        );
    }
}
