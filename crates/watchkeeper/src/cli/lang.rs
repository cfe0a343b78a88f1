//! The language of texts that explain something. Logs and the wire are always as upstream has them.

use std::ffi::OsString;

use clap::ValueEnum;

/// A language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Lang {
    /// English
    #[default]
    #[value(name = "en")]
    English,
    /// 简体中文
    #[value(name = "zh")]
    Chinese,
}

impl Lang {
    /// `--lang`, else what `LC_ALL`, `LC_MESSAGES` or `LANG` say. Needed before the arguments are parsed, as the help
    /// itself is in this language.
    pub fn choose(args: &[OsString], env: impl Fn(&str) -> Option<String>) -> Lang {
        let words: Vec<_> = args.iter().map(|arg| arg.to_string_lossy()).collect();
        let asked = words.iter().enumerate().find_map(|(at, word)| match word.strip_prefix("--lang=") {
            Some(value) => Some(value.to_string()),
            None if *word == "--lang" => words.get(at + 1).map(|value| value.to_string()),
            None => None,
        });
        let asked = asked.and_then(|value| <Lang as ValueEnum>::from_str(&value, true).ok());
        asked.unwrap_or_else(|| {
            let names = ["LC_ALL", "LC_MESSAGES", "LANG"];
            let locale = names.iter().find_map(|name| env(name).filter(|value| !value.is_empty()));
            match locale {
                Some(locale) if locale.starts_with("zh") => Lang::Chinese,
                Some(_) | None => Lang::English,
            }
        })
    }

    /// The text in this language.
    pub fn pick<'a>(self, english: &'a str, chinese: &'a str) -> &'a str {
        match self {
            Lang::English => english,
            Lang::Chinese => chinese,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(args: &str, env: &[(&str, &str)]) -> Lang {
        let args: Vec<OsString> = args.split_whitespace().map(OsString::from).collect();
        Lang::choose(&args, |name| {
            env.iter().find(|(known, _)| *known == name).map(|(_, value)| value.to_string())
        })
    }

    #[test]
    fn the_option_wins_over_the_environment() {
        assert_eq!(choose("--lang zh run x", &[("LANG", "en_US.UTF-8")]), Lang::Chinese);
        assert_eq!(choose("--lang=EN run x", &[("LC_ALL", "zh_CN.UTF-8")]), Lang::English);
        assert_eq!(choose("run x", &[("LANG", "zh_CN.UTF-8")]), Lang::Chinese);
        assert_eq!(choose("run x", &[("LC_ALL", ""), ("LANG", "zh_TW")]), Lang::Chinese);
        assert_eq!(choose("run x", &[("LC_ALL", "C"), ("LANG", "zh_TW")]), Lang::English);
        assert_eq!(choose("--lang", &[]), Lang::English);
        assert_eq!(choose("--lang klingon", &[]), Lang::English);
    }
}
