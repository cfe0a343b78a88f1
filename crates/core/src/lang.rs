//! The language of texts that explain something. Logs and the wire are always as upstream has them; who chooses the
//! language, and from what, is the command line's business.

/// A language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lang {
    /// English
    #[default]
    En,
    /// 简体中文
    Zh,
}

impl Lang {
    /// Every language there is.
    pub const ALL: [Lang; 2] = [Lang::En, Lang::Zh];

    /// The code users write: `en`, `zh`.
    pub fn code(self) -> &'static str {
        self.pick("en", "zh")
    }

    /// The text in this language.
    pub fn pick<'a>(self, english: &'a str, chinese: &'a str) -> &'a str {
        match self {
            Lang::En => english,
            Lang::Zh => chinese,
        }
    }
}

/// A text in every language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Words {
    /// English
    pub en: &'static str,
    /// 简体中文
    pub zh: &'static str,
}

impl Words {
    /// The text in one language.
    pub fn get(self, lang: Lang) -> &'static str {
        lang.pick(self.en, self.zh)
    }
}
