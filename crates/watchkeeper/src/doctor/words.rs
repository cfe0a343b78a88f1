//! Words that several findings need.

use watchkeeper_core::Lang;

use crate::ask::Endpoint;

/// `a, b and c`
pub(super) fn places<'a>(places: impl IntoIterator<Item = &'a Endpoint>, lang: Lang) -> String {
    list(&places.into_iter().map(Endpoint::to_string).collect::<Vec<_>>(), lang)
}

/// `a, b and c`
pub(super) fn list(items: &[String], lang: Lang) -> String {
    crate::explain::list(items, lang)
}

/// `3.2 MB`
pub(super) fn bytes(count: f64) -> String {
    for (unit, size) in [("GB", 1e9), ("MB", 1e6), ("kB", 1e3)] {
        if count >= size {
            return format!("{:.1} {unit}", count / size);
        }
    }
    format!("{count:.0} B")
}

/// `30 s`, `1500 ms`
pub(super) fn waited(ms: i64, lang: Lang) -> String {
    if ms % 1000 == 0 {
        format!("{} {}", ms / 1000, lang.pick("s", "秒"))
    } else {
        format!("{ms} {}", lang.pick("ms", "毫秒"))
    }
}

/// `90 s`, `3 min`, `5 h`, `2 days`
pub(super) fn lasted(seconds: i64, lang: Lang) -> String {
    let (number, unit) = match seconds {
        ..120 => (seconds, lang.pick("s", "秒")),
        120..7_200 => (seconds / 60, lang.pick("min", "分钟")),
        7_200..172_800 => (seconds / 3600, lang.pick("h", "小时")),
        172_800.. => (seconds / 86_400, lang.pick("days", "天")),
    };
    format!("{number} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_are_short() {
        assert_eq!([bytes(12.0), bytes(3_210_000.0)], ["12 B", "3.2 MB"]);
        assert_eq!(
            [lasted(5, Lang::En), lasted(7_300, Lang::En), lasted(200_000, Lang::Zh)],
            ["5 s", "2 h", "2 天"]
        );
    }
}
