//! One user's permissions: the rule language of ACL SETUSER, its canonical text, and the question "may it?".
//!
//! The set of users, logins and the commands are in `acl` and `acl_cmd`.

use std::collections::BTreeMap;

use super::sha256;
use super::table::{self, CommandId, CommandSpec};
use crate::glob;
use crate::limits::{ACL_RULE_BYTES, ACL_RULES_PER_USER};

/// Why a rule was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RuleError {
    UnknownCommand,
    Syntax,
    KeyAfterAll,
    ChannelAfterAll,
    NoSuchPassword,
    BadHash,
    FirstArgOfSubcommand,
    TooMany,
}

impl RuleError {
    /// The reason as clients and logs see it.
    pub(crate) fn text(self) -> &'static str {
        match self {
            RuleError::UnknownCommand => "Unknown command or category name in ACL",
            RuleError::Syntax => "Syntax error",
            RuleError::KeyAfterAll => {
                "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any \
                 effect. Try 'resetkeys' to start with an empty list of patterns"
            }
            RuleError::ChannelAfterAll => {
                "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have \
                 any effect. Try 'resetchannels' to start with an empty list of channels"
            }
            RuleError::NoSuchPassword => "The password you are trying to remove from the user does not exist",
            RuleError::BadHash => {
                "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters"
            }
            RuleError::FirstArgOfSubcommand => "Allowing first-arg of a subcommand is not supported",
            RuleError::TooMany => "Too many or too long rules for one user",
        }
    }
}

/// What a command needs that a user has not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Denied {
    Command,
    /// the channel is the argument with this index
    Channel(usize),
}

/// Which way of key access a pattern grants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct KeyAccess {
    read: bool,
    write: bool,
}

/// A set of permissions. A user has one of its own (the root) and any number of further ones; a command may
/// run if one of them allows all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Selector {
    /// one bit for each command of the table
    commands: u128,
    /// `+@all` without later exceptions: also commands that do not exist yet
    all_commands: bool,
    /// the last word on all commands was `+@all`, so the canonical text starts from it
    future_commands: bool,
    first_args: BTreeMap<CommandId, Vec<Vec<u8>>>,
    all_keys: bool,
    keys: Vec<(KeyAccess, Vec<u8>)>,
    all_channels: bool,
    channels: Vec<Vec<u8>>,
}

fn bit(id: CommandId) -> u128 {
    1 << id as u32
}

/// A command and, when it is a container, its subcommands.
fn family(spec: &CommandSpec) -> u128 {
    spec.subcommands().iter().fold(bit(spec.id), |set, s| set | bit(s.id))
}

fn bad_pattern(pattern: &[u8]) -> bool {
    pattern.iter().any(|b| b.is_ascii_whitespace() || *b == 0x0b || *b == 0)
}

impl Selector {
    /// Permissions of a new user: nothing, or all channels where the configuration says so.
    pub(crate) fn new(all_channels: bool) -> Selector {
        Selector {
            commands: 0,
            all_commands: false,
            future_commands: false,
            first_args: BTreeMap::new(),
            all_keys: false,
            keys: Vec::new(),
            all_channels,
            channels: Vec::new(),
        }
    }

    /// Applies one rule about commands, keys or channels.
    fn apply(&mut self, rule: &[u8]) -> Result<(), RuleError> {
        let word = rule.to_ascii_lowercase();
        match word.as_slice() {
            b"allkeys" | b"~*" => {
                self.all_keys = true;
                self.keys.clear();
            }
            b"resetkeys" => {
                self.all_keys = false;
                self.keys.clear();
            }
            b"allchannels" | b"&*" => {
                self.all_channels = true;
                self.channels.clear();
            }
            b"resetchannels" => {
                self.all_channels = false;
                self.channels.clear();
            }
            b"allcommands" | b"+@all" => {
                (self.commands, self.all_commands, self.future_commands) = (u128::MAX, true, true);
                self.first_args.clear();
            }
            b"nocommands" | b"-@all" => {
                (self.commands, self.all_commands, self.future_commands) = (0, false, false);
                self.first_args.clear();
            }
            _ => return self.apply_item(rule),
        }
        Ok(())
    }

    fn apply_item(&mut self, rule: &[u8]) -> Result<(), RuleError> {
        match rule {
            [b'~' | b'%', ..] => self.add_key(rule),
            [b'&', channel @ ..] => self.add_channel(channel),
            [sign @ (b'+' | b'-'), b'@', name @ ..] => {
                let category = table::category(name).ok_or(RuleError::UnknownCommand)?;
                self.set_category(category, *sign == b'+');
                Ok(())
            }
            [b'+', name @ ..] => self.add_command(name),
            [b'-', name @ ..] => {
                let spec = table::by_name(name).ok_or(RuleError::UnknownCommand)?;
                self.set_command(spec, false);
                Ok(())
            }
            _ => Err(RuleError::Syntax),
        }
    }

    fn add_key(&mut self, rule: &[u8]) -> Result<(), RuleError> {
        if self.all_keys {
            return Err(RuleError::KeyAfterAll);
        }
        let (access, pattern) = match rule {
            [b'~', pattern @ ..] => (KeyAccess { read: true, write: true }, pattern),
            _ => {
                let at = rule.iter().position(|b| *b == b'~').ok_or(RuleError::Syntax)?;
                let letters = rule[1..at].to_ascii_uppercase();
                let access = KeyAccess { read: letters.contains(&b'R'), write: letters.contains(&b'W') };
                if letters.len() != usize::from(access.read) + usize::from(access.write) || letters.is_empty()
                {
                    return Err(RuleError::Syntax);
                }
                (access, &rule[at + 1..])
            }
        };
        if bad_pattern(pattern) {
            return Err(RuleError::Syntax);
        }
        if let Some((have, _)) = self.keys.iter_mut().find(|(_, p)| p == pattern) {
            have.read |= access.read;
            have.write |= access.write;
            return Ok(());
        }
        push_limited(&mut self.keys, (access, pattern.to_vec()))
    }

    fn add_channel(&mut self, channel: &[u8]) -> Result<(), RuleError> {
        if self.all_channels {
            return Err(RuleError::ChannelAfterAll);
        }
        if bad_pattern(channel) {
            return Err(RuleError::Syntax);
        }
        if self.channels.iter().any(|c| c == channel) {
            return Ok(());
        }
        push_limited(&mut self.channels, channel.to_vec())
    }

    /// `+name`, `+container|subcommand`, or `+command|first-argument` of a command that is no container.
    fn add_command(&mut self, name: &[u8]) -> Result<(), RuleError> {
        let Some(at) = name.iter().rposition(|b| *b == b'|') else {
            self.set_command(table::by_name(name).ok_or(RuleError::UnknownCommand)?, true);
            return Ok(());
        };
        let (outer, inner) = (&name[..at], &name[at + 1..]);
        let command = table::by_name(outer).ok_or(RuleError::UnknownCommand)?;
        if command.container().is_some() {
            return Err(RuleError::FirstArgOfSubcommand);
        }
        if inner.is_empty() || bad_pattern(inner) {
            return Err(RuleError::Syntax);
        }
        if command.subcommands().is_empty() {
            let args = self.first_args.entry(command.id).or_default();
            if args.iter().any(|a| a.eq_ignore_ascii_case(inner)) {
                return Ok(());
            }
            return push_limited(args, inner.to_vec());
        }
        self.set_command(command.subcommand(inner).ok_or(RuleError::UnknownCommand)?, true);
        Ok(())
    }

    fn set_command(&mut self, spec: &CommandSpec, allow: bool) {
        let set = family(spec);
        if allow {
            self.commands |= set;
        } else {
            self.commands &= !set;
            self.all_commands = false;
        }
        self.first_args.retain(|id, _| set & bit(*id) == 0);
    }

    fn set_category(&mut self, category: table::Categories, allow: bool) {
        for spec in table::TABLE.iter().filter(|s| s.categories & category != 0) {
            self.set_command(spec, allow);
        }
    }

    fn has(&self, id: CommandId) -> bool {
        self.commands & bit(id) != 0
    }

    /// Whether the words may run. `argv` begins with the name as sent.
    pub(crate) fn check(&self, spec: &CommandSpec, argv: &[Vec<u8>]) -> Result<(), Denied> {
        if !self.all_commands && spec.flags & table::NO_AUTH == 0 && !self.has(spec.id) {
            let args = self.first_args.get(&spec.id).ok_or(Denied::Command)?;
            let first = argv.get(1).ok_or(Denied::Command)?;
            if !args.iter().any(|a| a.eq_ignore_ascii_case(first)) {
                return Err(Denied::Command);
            }
        }
        if self.all_channels {
            return Ok(());
        }
        let literal = spec.id == CommandId::PSubscribe;
        let last = match literal || spec.id == CommandId::Subscribe {
            true => argv.len(),
            false if spec.id == CommandId::Publish => 2,
            false => return Ok(()),
        };
        match (1..last).find(|n| !self.allows_channel(&argv[*n], literal)) {
            Some(n) => Err(Denied::Channel(n)),
            None => Ok(()),
        }
    }

    /// Whether a channel may be used, or (`literal`) a pattern be subscribed, which needs that very pattern.
    pub(crate) fn allows_channel(&self, channel: &[u8], literal: bool) -> bool {
        self.all_channels
            || self.channels.iter().any(|p| if literal { p == channel } else { glob::matches(p, channel) })
    }

    /// Whether everything `other` may hear may be heard here too, as far as the rules' texts tell.
    fn channels_cover(&self, other: &Selector) -> bool {
        self.all_channels || (!other.all_channels && other.channels.iter().all(|c| self.channels.contains(c)))
    }

    /// The rules about keys, in their canonical form.
    pub(crate) fn keys_text(&self) -> Vec<u8> {
        if self.all_keys {
            return b"~*".to_vec();
        }
        let words = self.keys.iter().map(|(access, pattern)| {
            let sign: &[u8] = match (access.read, access.write) {
                (true, false) => b"%R~",
                (false, true) => b"%W~",
                (true, true) | (false, false) => b"~",
            };
            [sign, pattern].concat()
        });
        words.collect::<Vec<_>>().join(&b' ')
    }

    /// The rules about channels, without the `resetchannels` of the file form.
    pub(crate) fn channels_text(&self) -> Vec<u8> {
        if self.all_channels {
            return b"&*".to_vec();
        }
        self.channels.iter().map(|c| [b"&", c.as_slice()].concat()).collect::<Vec<_>>().join(&b' ')
    }

    /// The rules about commands: categories that fit best first, then single commands for the rest.
    pub(crate) fn commands_text(&self) -> Vec<u8> {
        let additive = !self.future_commands;
        let mut text = if additive { b"-@all".to_vec() } else { b"+@all".to_vec() };
        let mut left = self.clone();
        let mut built = Selector::new(false);
        if !additive {
            built.commands = u128::MAX;
        }
        let mut used = 0;
        while let Some(n) = left.best_category(additive, used) {
            used |= 1 << n;
            text.extend_from_slice(if additive { b" +@" } else { b" -@" });
            text.extend_from_slice(table::CATEGORIES[n].as_bytes());
            built.set_category(1 << n, additive);
            left.set_category(1 << n, !additive);
        }
        for spec in table::TABLE {
            let allow = self.has(spec.id);
            if allow != built.has(spec.id) {
                text.extend_from_slice(if allow { b" +" } else { b" -" });
                text.extend_from_slice(spec.name.as_bytes());
                built.set_command(spec, allow);
            }
            for first in self.first_args.get(&spec.id).into_iter().flatten().filter(|_| !allow) {
                text.extend_from_slice(b" +");
                text.extend_from_slice(spec.name.as_bytes());
                text.push(b'|');
                text.extend_from_slice(first);
            }
        }
        text
    }

    /// The unused category in which most commands are as this selector has them, with the fewest exceptions.
    fn best_category(&self, additive: bool, used: table::Categories) -> Option<usize> {
        let mut best: Option<(usize, usize, usize)> = None;
        for n in (0..table::CATEGORIES.len()).filter(|n| used & (1 << n) == 0) {
            let members = || table::TABLE.iter().filter(|s| s.categories & (1 << n) != 0 && s.in_reference());
            let same = members().filter(|s| self.has(s.id) == additive).count();
            let other = members().count() - same;
            let better = best.is_none_or(|(_, o, s)| other < o || (other == o && same > s));
            if same > other && better {
                best = Some((n, other, same));
            }
        }
        best.map(|(n, _, _)| n)
    }

    fn words(&self) -> Vec<Vec<u8>> {
        let mut words = Vec::new();
        let mut add = |text: Vec<u8>| words.extend(text.split(|b| *b == b' ').map(<[u8]>::to_vec));
        if self.all_keys || !self.keys.is_empty() {
            add(self.keys_text());
        }
        if !self.all_channels {
            add(b"resetchannels".to_vec());
        }
        if self.all_channels || !self.channels.is_empty() {
            add(self.channels_text());
        }
        add(self.commands_text());
        words
    }
}

fn push_limited<T>(list: &mut Vec<T>, item: T) -> Result<(), RuleError> {
    if list.len() >= ACL_RULES_PER_USER {
        return Err(RuleError::TooMany);
    }
    list.push(item);
    Ok(())
}

/// One user: how it logs in and what it may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) enabled: bool,
    pub(crate) nopass: bool,
    /// `Some(true)` after `sanitize-payload`, which means nothing here but must survive
    sanitize: Option<bool>,
    passwords: Vec<[u8; 32]>,
    root: Selector,
    selectors: Vec<Selector>,
    /// `acl-pubsub-default allchannels`
    new_all_channels: bool,
}

impl User {
    /// A new user: off, without password, permitted nothing.
    pub(crate) fn new(all_channels: bool) -> User {
        User {
            enabled: false,
            nopass: false,
            sanitize: None,
            passwords: Vec::new(),
            root: Selector::new(all_channels),
            selectors: Vec::new(),
            new_all_channels: all_channels,
        }
    }

    /// The `default` user before any rule: everything, without password.
    pub(crate) fn default_user(all_channels: bool) -> User {
        let mut user = User::new(all_channels);
        for rule in ["+@all", "~*", "&*", "on", "nopass"] {
            user.apply(rule.as_bytes()).expect("the rules of the default user are valid");
        }
        user
    }

    /// Sets the password that `requirepass` gives.
    pub(crate) fn set_only_password(&mut self, password: &[u8]) {
        self.nopass = false;
        self.passwords = vec![sha256::sha256(password)];
    }

    /// Applies one rule.
    pub(crate) fn apply(&mut self, rule: &[u8]) -> Result<(), RuleError> {
        if rule.len() > ACL_RULE_BYTES {
            return Err(RuleError::TooMany);
        }
        let word = rule.to_ascii_lowercase();
        match word.as_slice() {
            b"" => {}
            b"on" => self.enabled = true,
            b"off" => self.enabled = false,
            b"nopass" => {
                self.nopass = true;
                self.passwords.clear();
            }
            b"skip-sanitize-payload" => self.sanitize = Some(false),
            b"sanitize-payload" => self.sanitize = Some(true),
            b"resetpass" => {
                self.nopass = false;
                self.passwords.clear();
            }
            b"clearselectors" => self.selectors.clear(),
            b"reset" => {
                *self = User::new(self.new_all_channels);
                self.sanitize = Some(true);
            }
            _ => return self.apply_item(rule),
        }
        Ok(())
    }

    fn apply_item(&mut self, rule: &[u8]) -> Result<(), RuleError> {
        match rule {
            [b'>', password @ ..] => self.add_password(sha256::sha256(password)),
            [b'#', hash @ ..] => self.add_password(sha256::from_hex(hash).ok_or(RuleError::BadHash)?),
            [b'<', password @ ..] => self.remove_password(sha256::sha256(password)),
            [b'!', hash @ ..] => self.remove_password(sha256::from_hex(hash).ok_or(RuleError::BadHash)?),
            [b'(', inner @ .., b')'] => {
                let words = watchkeeper_resp::split_args(inner).ok_or(RuleError::Syntax)?;
                let mut selector = Selector::new(self.new_all_channels);
                for word in words {
                    selector.apply(&word)?;
                }
                push_limited(&mut self.selectors, selector)
            }
            _ => self.root.apply(rule),
        }
    }

    fn add_password(&mut self, hash: [u8; 32]) -> Result<(), RuleError> {
        if !self.passwords.contains(&hash) {
            push_limited(&mut self.passwords, hash)?;
        }
        self.nopass = false;
        Ok(())
    }

    fn remove_password(&mut self, hash: [u8; 32]) -> Result<(), RuleError> {
        let at = self.passwords.iter().position(|p| *p == hash).ok_or(RuleError::NoSuchPassword)?;
        self.passwords.remove(at);
        Ok(())
    }

    /// Whether this password logs this user in. Takes the same time whichever password fits.
    pub(crate) fn accepts(&self, password: &[u8]) -> bool {
        let hash = sha256::sha256(password);
        let fits = self.passwords.iter().fold(false, |hit, p| hit | sha256::same(p, &hash));
        self.enabled && (self.nopass || fits)
    }

    /// All permission sets, the user's own first.
    pub(crate) fn all_selectors(&self) -> impl Iterator<Item = &Selector> {
        std::iter::once(&self.root).chain(&self.selectors)
    }

    /// Whether the words may run. Of several refusals the one that came furthest is told.
    pub(crate) fn check(&self, spec: &CommandSpec, argv: &[Vec<u8>]) -> Result<(), Denied> {
        let mut worst = Denied::Command;
        for selector in self.all_selectors() {
            match selector.check(spec, argv) {
                Ok(()) => return Ok(()),
                Err(denied) => worst = worst.max(denied),
            }
        }
        Err(worst)
    }

    /// Whether a subscription may be kept.
    pub(crate) fn allows_channel(&self, channel: &[u8], literal: bool) -> bool {
        self.all_selectors().any(|s| s.allows_channel(channel, literal))
    }

    /// Whether every channel right of `old` is still there, so that no subscription needs a look.
    pub(crate) fn keeps_channels_of(&self, old: &User) -> bool {
        old.all_selectors().all(|o| self.all_selectors().any(|s| s.channels_cover(o)))
    }

    /// The flags as GETUSER shows them.
    pub(crate) fn flags(&self) -> Vec<&'static str> {
        let mut flags = vec![if self.enabled { "on" } else { "off" }];
        if self.nopass {
            flags.push("nopass");
        }
        match self.sanitize {
            Some(true) => flags.push("sanitize-payload"),
            Some(false) => flags.push("skip-sanitize-payload"),
            None => {}
        }
        flags
    }

    /// The password hashes in hex.
    pub(crate) fn passwords(&self) -> impl Iterator<Item = String> + '_ {
        self.passwords.iter().map(sha256::hex)
    }

    /// The user's own permissions.
    pub(crate) fn root(&self) -> &Selector {
        &self.root
    }

    /// The further permission sets.
    pub(crate) fn selectors(&self) -> &[Selector] {
        &self.selectors
    }

    /// The rules that make this user again, in the form of ACL LIST and of configuration files.
    pub(crate) fn words(&self) -> Vec<Vec<u8>> {
        let mut words: Vec<Vec<u8>> = self.flags().iter().map(|f| f.as_bytes().to_vec()).collect();
        words.extend(self.passwords().map(|p| format!("#{p}").into_bytes()));
        words.extend(self.root.words());
        for selector in &self.selectors {
            words.push([b"(", selector.words().join(&b' ').as_slice(), b")"].concat());
        }
        words
    }
}

/// Joins the words of selectors that were split at blanks: `(+ping`, `~a)` become one rule. Fails with the
/// rule whose parenthesis is never closed.
pub(crate) fn merge_selectors(words: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, Vec<u8>> {
    let mut rules = Vec::new();
    let mut open: Option<(Vec<u8>, &[u8])> = None;
    for word in words {
        match open.take() {
            Some((mut text, start)) => {
                text.push(b' ');
                text.extend_from_slice(word);
                if word.ends_with(b")") {
                    rules.push(text);
                } else {
                    open = Some((text, start));
                }
            }
            None if word.starts_with(b"(") && !word.ends_with(b")") => open = Some((word.clone(), word)),
            None => rules.push(word.clone()),
        }
    }
    match open {
        Some((_, start)) => Err(start.to_vec()),
        None => Ok(rules),
    }
}
