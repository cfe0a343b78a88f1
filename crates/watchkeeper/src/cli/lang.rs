//! Which language the texts for people are in. The texts and [`Lang`] itself are elsewhere; logs and the wire are
//! always as upstream has them.

use std::ffi::OsString;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
pub use watchkeeper_core::Lang;

/// What `--lang` takes.
pub(super) fn parser() -> impl TypedValueParser<Value = Lang> {
    let values = Lang::ALL.map(|lang| PossibleValue::new(lang.code()).help(lang.pick("English", "简体中文")));
    // clap lets only the values above through.
    PossibleValuesParser::new(values).map(|code| by_code(&code).unwrap_or_default())
}

/// `--lang`, else what `LC_ALL`, `LC_MESSAGES` or `LANG` say. Needed before the arguments are parsed, as the help
/// itself is in this language.
pub(super) fn choose(args: &[OsString], env: impl Fn(&str) -> Option<String>) -> Lang {
    let words: Vec<_> = args.iter().map(|arg| arg.to_string_lossy()).collect();
    let asked = words.iter().enumerate().find_map(|(at, word)| match word.strip_prefix("--lang=") {
        Some(value) => Some(value.to_string()),
        None if *word == "--lang" => words.get(at + 1).map(|value| value.to_string()),
        None => None,
    });
    asked.and_then(|value| by_code(&value)).unwrap_or_else(|| {
        let names = ["LC_ALL", "LC_MESSAGES", "LANG"];
        let locale = names.iter().find_map(|name| env(name).filter(|value| !value.is_empty()));
        match locale {
            Some(locale) if locale.starts_with("zh") => Lang::Zh,
            Some(_) | None => Lang::En,
        }
    })
}

fn by_code(code: &str) -> Option<Lang> {
    Lang::ALL.into_iter().find(|lang| lang.code().eq_ignore_ascii_case(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(args: &str, env: &[(&str, &str)]) -> Lang {
        let args: Vec<OsString> = args.split_whitespace().map(OsString::from).collect();
        super::choose(&args, |name| {
            env.iter().find(|(known, _)| *known == name).map(|(_, value)| value.to_string())
        })
    }

    #[test]
    fn the_option_wins_over_the_environment() {
        assert_eq!(choose("--lang zh run x", &[("LANG", "en_US.UTF-8")]), Lang::Zh);
        assert_eq!(choose("--lang=EN run x", &[("LC_ALL", "zh_CN.UTF-8")]), Lang::En);
        assert_eq!(choose("run x", &[("LANG", "zh_CN.UTF-8")]), Lang::Zh);
        assert_eq!(choose("run x", &[("LC_ALL", ""), ("LANG", "zh_TW")]), Lang::Zh);
        assert_eq!(choose("run x", &[("LC_ALL", "C"), ("LANG", "zh_TW")]), Lang::En);
        assert_eq!(choose("--lang", &[]), Lang::En);
        assert_eq!(choose("--lang klingon", &[]), Lang::En);
    }
}
