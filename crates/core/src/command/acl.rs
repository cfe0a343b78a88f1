//! The users: loaded from the configuration or from an ACL file, asked at logins, changed by ACL SETUSER.
//!
//! What a rule means is in `acl_rules`, the commands are in `acl_cmd`.

use std::collections::BTreeMap;

use super::acl_log::AclLog;
use super::acl_rules::{RuleError, User, merge_selectors};
use super::clients::quoted;
use crate::config::General;
use crate::limits::{ACL_USER_NAME_BYTES, ACL_USERS};

const UNMATCHED: &str = "Unmatched parenthesis in selector definition";

/// The user every connection begins as.
pub(super) const DEFAULT: &[u8] = b"default";

/// The users and what was refused to them.
#[derive(Debug, Clone)]
pub(super) struct Acl {
    users: BTreeMap<Vec<u8>, User>,
    new_all_channels: bool,
    /// `aclfile`
    pub(super) file: Option<String>,
    pub(super) log: AclLog,
}

/// What refuses a start, or an ACL LOAD, in the lines that make users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// index of the `user` line among those of the configuration, number of the line in an ACL file; 0 for the whole file
    pub line: usize,
    /// the word to blame, from 0; an ACL file is told by lines alone
    pub word: usize,
    /// what is said, as in the log
    pub said: String,
}

/// Everything that a start would refuse in the `user` lines of a configuration that could be read.
pub fn mistakes_of_lines(general: &General) -> Vec<Mistake> {
    let acl = Acl::empty(general);
    let lines = general.users.iter().enumerate();
    let wrong = lines.filter_map(|(line, words)| {
        let (name, rules) = words.split_first()?;
        let (word, said) = acl.user_of_config(name, rules).err()?;
        Some(Mistake { line, word, said })
    });
    wrong.collect()
}

/// Everything that a start would refuse in this text of an `aclfile`.
pub fn mistakes_of_file(general: &General, path: &str, text: &[u8]) -> Vec<Mistake> {
    Acl::empty(general).users_of_text(path, text).1
}

impl Acl {
    /// Nobody yet.
    fn empty(general: &General) -> Acl {
        Acl {
            users: BTreeMap::new(),
            new_all_channels: general.acl_pubsub_allchannels,
            file: general.aclfile.clone().filter(|path| !path.is_empty()),
            log: AclLog::new(general.acllog_max_len),
        }
    }

    /// The users at the start. Fails with the lines to log.
    pub(super) fn new(general: &General, acl_file: Option<&[u8]>) -> Result<Acl, String> {
        let mut acl = Acl::empty(general);
        let mut default = User::default_user(acl.new_all_channels);
        if let Some(password) = general.requirepass.as_ref().filter(|p| !p.is_empty()) {
            default.set_only_password(password);
        }
        acl.users.insert(DEFAULT.to_vec(), default);
        match &acl.file {
            Some(_) if !general.users.is_empty() => {
                return Err(
                    "Configuring Redis with users defined in redis.conf and at the same setting an ACL file \
                            path is invalid. hint: keep either the `user` lines or the `aclfile` line."
                        .into(),
                );
            }
            Some(path) => {
                let path = path.clone();
                let text = acl_file.unwrap_or_default();
                acl.load(&path, text)
                    .map_err(|e| format!("Aborting Redis startup because of ACL errors: {e}"))?;
            }
            None => acl.load_lines(&general.users)?,
        }
        Ok(acl)
    }

    fn load_lines(&mut self, lines: &[Vec<Vec<u8>>]) -> Result<(), String> {
        for words in lines {
            let Some((name, rules)) = words.split_first() else { continue };
            let user = self.user_of_config(name, rules).map_err(|(_, said)| said);
            let user = user.map_err(|line| format!("{line}\nCritical error while loading ACLs. Exiting."))?;
            self.users.insert(name.clone(), user);
        }
        Ok(())
    }

    /// The user of one `user` line of the configuration, or the word to blame, counted from `user`, and what is said.
    fn user_of_config(&self, name: &[u8], rules: &[Vec<u8>]) -> Result<User, (usize, String)> {
        if !name_is_valid(name) {
            return Err((1, "Spaces not allowed in ACL usernames".into()));
        }
        self.user_of_words(name, rules).map_err(|(rule, reason)| {
            // A selector was put together from several words.
            let word = rules.iter().position(|word| rule.starts_with(word)).map_or(1, |at| at + 2);
            let (rule, name) = (quoted(&rule, usize::MAX), quoted(name, usize::MAX));
            (word, format!("Error loading ACL rule '{rule}' for the user named '{name}': {reason}"))
        })
    }

    /// The user of one `user` line, or the rule that is wrong and why.
    fn user_of_words(&self, name: &[u8], rules: &[Vec<u8>]) -> Result<User, (Vec<u8>, &'static str)> {
        let rules = merge_selectors(rules).map_err(|rule| (rule, UNMATCHED))?;
        let mut user = User::new(self.new_all_channels);
        if name == DEFAULT {
            user.apply(b"reset").expect("`reset` is a valid rule");
        }
        for rule in rules {
            user.apply(&rule).map_err(|e| (rule, e.text()))?;
        }
        Ok(user)
    }

    /// Replaces all users by those of the ACL file, or none if it has a mistake. Fails with all mistakes in one
    /// line.
    pub(super) fn load(&mut self, path: &str, text: &[u8]) -> Result<(), String> {
        let (mut users, mistakes) = self.users_of_text(path, text);
        if !mistakes.is_empty() {
            let errors: String = mistakes.into_iter().map(|mistake| mistake.said).collect();
            return Err(errors
                + "WARNING: ACL errors detected, no change to the previously active ACL rules was performed");
        }
        users.entry(DEFAULT.to_vec()).or_insert_with(|| User::default_user(self.new_all_channels));
        self.users = users;
        Ok(())
    }

    /// The users of an ACL file, and what is wrong with its lines.
    fn users_of_text(&self, path: &str, text: &[u8]) -> (BTreeMap<Vec<u8>, User>, Vec<Mistake>) {
        let mut users = BTreeMap::new();
        let mut mistakes = Vec::new();
        for (n, line) in (1..).zip(text.split(|b| *b == b'\n')) {
            let line = line.trim_ascii();
            if line.is_empty() {
                continue;
            }
            let mut errors = Vec::new();
            match self.user_of_line(line, &format!("{path}:{n}"), &mut errors) {
                Some((name, _)) if users.contains_key(&name) => {
                    let name = quoted(&name, usize::MAX);
                    errors.push(format!("WARNING: Duplicate user '{name}' found on line {n}. "));
                }
                Some((name, user)) => {
                    users.insert(name, user);
                }
                None => {}
            }
            mistakes.extend(errors.into_iter().map(|said| Mistake { line: n, word: 0, said }));
        }
        if users.len() > ACL_USERS {
            let said = format!("{path}: more than {ACL_USERS} users. ");
            mistakes.push(Mistake { line: 0, word: 0, said });
        }
        (users, mistakes)
    }

    /// The user of one line of an ACL file. What is wrong with it goes to `errors`: every unknown command, and the
    /// first other mistake, as that may cause the next ones.
    fn user_of_line(&self, line: &[u8], place: &str, errors: &mut Vec<String>) -> Option<(Vec<u8>, User)> {
        let words: Vec<Vec<u8>> = line.split(|b| *b == b' ').map(<[u8]>::to_vec).collect();
        let (name, rules) = match words.as_slice() {
            [user, name, rules @ ..] if user == b"user" => (name, rules),
            _ => {
                errors.push(format!("{place} should start with user keyword followed by the username. "));
                return None;
            }
        };
        if !name_is_valid(name) {
            let name = quoted(name, usize::MAX);
            errors.push(format!("{place}: username '{name}' contains invalid characters. "));
            return None;
        }
        let Ok(rules) = merge_selectors(rules) else {
            errors.push(format!("{place}: {UNMATCHED}. "));
            return None;
        };
        let mut user = User::new(self.new_all_channels);
        let mut told = false;
        for rule in rules {
            match user.apply(rule.trim_ascii()) {
                Ok(()) => {}
                Err(RuleError::UnknownCommand) => {
                    let (rule, reason) = (quoted(&rule, usize::MAX), RuleError::UnknownCommand.text());
                    errors.push(format!("{place}: Error in applying operation '{rule}': {reason}. "));
                }
                Err(_) if told => {}
                Err(reason) => {
                    told = true;
                    errors.push(format!("{place}: {}. ", reason.text()));
                }
            }
        }
        Some((name.clone(), user))
    }

    /// The user every connection begins as.
    pub(super) fn default_user(&self) -> &User {
        self.users.get(DEFAULT).expect("`default` is made at the start and cannot be removed")
    }

    /// Whether a connection needs no login.
    pub(super) fn open_to_all(&self) -> bool {
        let default = self.default_user();
        default.enabled && default.nopass
    }

    /// A user.
    pub(super) fn user(&self, name: &[u8]) -> Option<&User> {
        self.users.get(name)
    }

    /// All users by name.
    pub(super) fn users(&self) -> impl Iterator<Item = (&Vec<u8>, &User)> {
        self.users.iter()
    }

    /// Whether this logs in.
    pub(super) fn accepts(&self, name: &[u8], password: &[u8]) -> bool {
        self.users.get(name).is_some_and(|user| user.accepts(password))
    }

    /// Applies rules to a user, made if it is not there: all of them or none. Gives the user as it was.
    pub(super) fn set_user(&mut self, name: &[u8], rules: &[Vec<u8>]) -> Result<Option<User>, String> {
        if !name_is_valid(name) {
            return Err("ERR Usernames can't contain spaces or null characters".into());
        }
        let old = self.users.get(name);
        if old.is_none() && self.users.len() >= ACL_USERS {
            return Err(format!("ERR Too many users. hint: at most {ACL_USERS}"));
        }
        let rules = merge_selectors(rules).map_err(|rule| {
            let rule = quoted(&rule, usize::MAX);
            format!("ERR Unmatched parenthesis in acl selector starting at '{rule}'.")
        })?;
        let mut user = old.cloned().unwrap_or_else(|| User::new(self.new_all_channels));
        for rule in &rules {
            user.apply(rule).map_err(|e| {
                let rule = quoted(rule, usize::MAX);
                format!("ERR Error in ACL SETUSER modifier '{rule}': {}", e.text())
            })?;
        }
        Ok(self.users.insert(name.to_vec(), user))
    }

    /// Removes a user. Whether it was there.
    pub(super) fn remove(&mut self, name: &[u8]) -> bool {
        self.users.remove(name).is_some()
    }

    /// The words after `user` of the configuration's `user` lines.
    pub(super) fn user_lines(&self) -> Vec<Vec<Vec<u8>>> {
        if self.file.is_some() {
            return Vec::new();
        }
        self.users.iter().map(|(name, user)| [vec![name.clone()], user.words()].concat()).collect()
    }

    /// The users as lines, as ACL LIST shows them.
    pub(super) fn lines(&self) -> impl Iterator<Item = Vec<u8>> + '_ {
        self.users
            .iter()
            .map(|(name, user)| [b"user ".as_slice(), name, b" ", &user.words().join(&b' ')].concat())
    }
}

fn name_is_valid(name: &[u8]) -> bool {
    name.len() <= ACL_USER_NAME_BYTES
        && !name.iter().any(|b| b.is_ascii_whitespace() || *b == 0x0b || *b == 0)
}
