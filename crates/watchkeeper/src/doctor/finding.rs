//! A finding: a code, whom it concerns, who says what, and the words for people.

use std::fmt;

use watchkeeper_core::Lang;

use super::code::{Code, Severity, of_it};
use crate::ask::Endpoint;

/// Who says something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// a sentinel
    Sentinel(Endpoint),
    /// a data server
    Server(Endpoint),
    /// this program, of what it saw itself
    Here,
}

impl Who {
    /// Where it is; none: here.
    pub(super) fn at(&self) -> Option<&Endpoint> {
        match self {
            Who::Sentinel(at) | Who::Server(at) => Some(at),
            Who::Here => None,
        }
    }

    /// Its name for people.
    pub fn name(&self, lang: Lang) -> String {
        match self {
            Who::Sentinel(at) => format!("{} {at}", lang.pick("sentinel", "哨兵")),
            Who::Server(at) => format!("{} {at}", lang.pick("server", "服务器")),
            Who::Here => lang.pick("seen from here", "本机所见").to_owned(),
        }
    }
}

/// What somebody says: in the words of the wire where there are such, else in both languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// who
    pub who: Who,
    said: (String, String),
}

impl Evidence {
    /// What.
    pub fn said(&self, lang: Lang) -> &str {
        lang.pick(&self.said.0, &self.said.1)
    }
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// which
    pub code: Code,
    /// how grave it is here
    pub severity: Severity,
    /// the group it is about; none: the deployment as a whole
    pub group: Option<String>,
    /// whom it concerns
    pub at: Vec<Endpoint>,
    /// who says what
    pub evidence: Vec<Evidence>,
    text: (String, String),
    /// what to do, where it is something else than the table says
    advice: Option<(&'static str, &'static str)>,
    /// sentences behind it
    besides: Vec<(&'static str, &'static str)>,
    /// the options with which our other commands reach the deployment, each behind a blank
    reach: String,
}

impl Finding {
    /// Of a group, in English and Chinese.
    pub(super) fn of(code: Code, group: &str, en: impl Into<String>, zh: impl Into<String>) -> Finding {
        Finding { group: Some(group.to_owned()), ..Finding::overall(code, en, zh) }
    }

    /// Of the deployment.
    pub(super) fn overall(code: Code, en: impl Into<String>, zh: impl Into<String>) -> Finding {
        Finding {
            code,
            severity: code.entry().severity,
            group: None,
            at: Vec::new(),
            evidence: Vec::new(),
            text: (en.into(), zh.into()),
            advice: None,
            besides: Vec::new(),
            reach: String::new(),
        }
    }

    /// With advice of its own, in English and Chinese, instead of the table's; what stands in braces means the same.
    pub(super) fn advised(self, en: &'static str, zh: &'static str) -> Finding {
        Finding { advice: Some((en, zh)), ..self }
    }

    /// With one more sentence behind the advice, in English and Chinese.
    pub(super) fn besides(mut self, en: &'static str, zh: &'static str) -> Finding {
        self.besides.push((en, zh));
        self
    }

    /// Graver or less grave than the table has it.
    pub(super) fn as_(self, severity: Severity) -> Finding {
        Finding { severity, ..self }
    }

    /// Concerns this one, too.
    pub(super) fn at(mut self, at: &Endpoint) -> Finding {
        if !self.at.contains(at) {
            self.at.push(at.clone());
        }
        self
    }

    /// With what somebody says.
    pub(super) fn says(self, who: Who, said: impl fmt::Display) -> Finding {
        self.says_both(who, said.to_string(), said.to_string())
    }

    /// The same in English and Chinese.
    pub(super) fn says_both(mut self, who: Who, en: impl Into<String>, zh: impl Into<String>) -> Finding {
        self.evidence.push(Evidence { who, said: (en.into(), zh.into()) });
        self
    }

    /// With what several say.
    pub(super) fn all_say(self, said: impl IntoIterator<Item = (Who, String)>) -> Finding {
        said.into_iter().fold(self, |finding, (who, said)| finding.says(who, said))
    }

    /// Says with which options our other commands reach the deployment: hints name such commands, and so may what is seen.
    pub(super) fn reached_with(&mut self, options: &str) {
        options.clone_into(&mut self.reach);
        for said in self.evidence.iter_mut().map(|evidence| &mut evidence.said) {
            *said = (said.0.replace("{reach}", options), said.1.replace("{reach}", options));
        }
    }

    /// What is so.
    pub fn text(&self, lang: Lang) -> &str {
        lang.pick(&self.text.0, &self.text.1)
    }

    /// What to do. `group` is the name to use where the finding is about no group.
    pub fn hint(&self, group: &str, lang: Lang) -> String {
        let group = self.group.as_deref().unwrap_or(group);
        let hint = self.advice.map_or_else(|| self.code.entry().hint(lang), |(en, zh)| lang.pick(en, zh));
        let more = self.besides.iter().map(|(en, zh)| lang.pick(en, zh));
        let hint = [hint].into_iter().chain(more).collect::<Vec<_>>().join(lang.pick(". ", "。"));
        let at: Vec<String> = self.at.iter().map(Endpoint::to_string).collect();
        let hint = if at.is_empty() {
            of_it(&hint, lang)
        } else {
            hint.replace("{at}", &at.join(lang.pick(", ", "、")))
        };
        hint.replace("{group}", group).replace("{reach}", &self.reach)
    }
}

/// Something that could not be looked at, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unchecked {
    /// whom it would have concerned
    pub at: Vec<Endpoint>,
    /// why: the words of a refusal, if that is it
    pub why: String,
    what: (String, String),
}

impl Unchecked {
    pub(super) fn new(en: impl Into<String>, zh: impl Into<String>) -> Unchecked {
        Unchecked { at: Vec::new(), why: String::new(), what: (en.into(), zh.into()) }
    }

    /// What was not looked at.
    pub fn what(&self, lang: Lang) -> &str {
        lang.pick(&self.what.0, &self.what.1)
    }
}

/// What an examination collects.
#[derive(Debug, Clone, Default)]
pub(super) struct Found {
    pub(super) findings: Vec<Finding>,
    pub(super) unchecked: Vec<Unchecked>,
}

impl Found {
    pub(super) fn add(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// The same thing that can't be looked at, for the same reason, at several: one entry.
    pub(super) fn not_checked(&mut self, at: &Endpoint, why: &str, en: &str, zh: &str) {
        let what = (en.to_owned(), zh.to_owned());
        let known = self.unchecked.iter_mut().find(|known| known.what == what && known.why == why);
        match known {
            Some(known) if known.at.contains(at) => {}
            Some(known) => known.at.push(at.clone()),
            None => {
                let entry = Unchecked::new(en, zh);
                self.unchecked.push(Unchecked { at: vec![at.clone()], why: why.to_owned(), ..entry });
            }
        }
    }
}
