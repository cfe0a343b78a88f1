//! Commands that change settings: `SENTINEL MONITOR`, `SET`, `CONFIG`.

use super::clients::EngineCommand;
use super::reply::Reply;
use super::sentinel::{PERIOD_MAX, text};
use super::strict_int;
use crate::config::{GroupConfig, Topology};
use crate::event::{EventKind, LogLevel};
use crate::group::{Group, GroupId};
use crate::id::GroupName;
use crate::io::{Output, Ticket};
use crate::limits::{GROUP_NAME_MAX, GROUPS_MAX};
use crate::names::Lookup;
use crate::sentinel::{Sentinel, WaitingFor};
use crate::shared::Shared;

/// A `SENTINEL SET` that waits until the shell has looked whether its scripts can be run.
#[derive(Debug, Clone)]
pub(crate) struct WaitingSet {
    ticket: Ticket,
    command: EngineCommand,
    /// what is known so far: path and whether it can be run
    checked: Vec<(String, bool)>,
    path: String,
}

/// `SENTINEL SET`s waiting at most.
pub(crate) const WAITING_SETS_MAX: usize = 1_000;

impl Sentinel {
    // --- MONITOR ---

    pub(super) fn monitor(&mut self, command: EngineCommand, may_wait: bool) -> Option<Reply> {
        let argv = &command.argv;
        let error = |text: &str| Some(Reply::Error(format!("ERR {text}")));
        let Some(quorum) = strict_int(&argv[5]) else { return error("Invalid quorum") };
        let Some(port) = strict_int(&argv[4]) else { return error("Invalid port") };
        let Some(quorum) = u32::try_from(quorum).ok().filter(|q| (1..=i32::MAX as u32).contains(q)) else {
            return error("Quorum must be 1 or greater.");
        };
        let Ok(name) = group_name(&argv[2]) else {
            return error(
                "Invalid master name. Names have 1 to 256 characters, without blanks, commas, quotes or \
                          control characters",
            );
        };
        let host = text(&argv[3]);
        let (_, lookup) = Group::addr_of(&host, 1, &mut self.sh);
        match lookup {
            Lookup::Known(_) => {}
            Lookup::Asking(ticket) if may_wait => {
                let client = command.client;
                if !self.wait_for(ticket, WaitingFor::Command(command)) {
                    return error("Too many names are being looked up. Try again later");
                }
                self.sh.clients.hold(client);
                return None;
            }
            Lookup::Asking(_) | Lookup::Failed => return error("Invalid IP address or hostname specified"),
        }
        let Ok(port) = u16::try_from(port) else { return error("Invalid port number.") };
        if self.by_name.contains_key(&name) {
            return error("Duplicate master name.");
        }
        if self.groups.len() >= GROUPS_MAX {
            return error("Too many masters are monitored");
        }
        let mut conf = GroupConfig::new(name, host, port, quorum);
        conf.down_after_ms = self.sh.tuning.default_down_after;
        conf.failover_timeout_ms = self.sh.tuning.default_failover_timeout;
        // A group of this name may have been removed: what was voted in then is not voted in again.
        conf.leader_epoch = self.sh.epoch.0;
        let id = self.add_group(conf);
        self.saved_then(command.client, id, EventKind::Monitor, &format!(" quorum {quorum}"));
        self.evaluate(id);
        None
    }

    /// A command that waited for a name is run again; this time without waiting.
    pub(crate) fn command_after_lookup(&mut self, command: EngineCommand) {
        let client = command.client;
        if let Some(reply) = self.monitor(command, false) {
            self.sh.clients.reply(client, &reply, &mut self.sh.out);
        }
    }

    // --- SET ---

    pub(super) fn set(&mut self, command: EngineCommand) -> Option<Reply> {
        self.set_checked(command, Vec::new())
    }

    /// The shell looked whether a script can be run.
    pub(crate) fn script_checked(&mut self, ticket: Ticket, executable: bool) {
        let Some(index) = self.waiting_sets.iter().position(|set| set.ticket == ticket) else { return };
        let mut set = self.waiting_sets.swap_remove(index);
        set.checked.push((set.path, executable));
        let client = set.command.client;
        if let Some(reply) = self.set_checked(set.command, set.checked) {
            self.sh.clients.reply(client, &reply, &mut self.sh.out);
        }
    }

    /// Runs SET once every script path in it was looked at.
    fn set_checked(&mut self, command: EngineCommand, checked: Vec<(String, bool)>) -> Option<Reply> {
        let Some(id) = self.group_named(&command.argv[2]) else {
            return Some(Reply::Error("ERR No such master with that name".to_owned()));
        };
        let unknown = script_paths(&command.argv[3..]).find(|path| {
            !self.sh.global.deny_scripts_reconfig && !checked.iter().any(|(known, _)| known == path)
        });
        if let Some(path) = unknown {
            if self.waiting_sets.len() >= WAITING_SETS_MAX {
                return Some(Reply::Error("ERR Too many SENTINEL SET commands are waiting".to_owned()));
            }
            self.next_ticket += 1;
            let ticket = Ticket(self.next_ticket);
            self.sh.clients.hold(command.client);
            self.sh.out.push(Output::CheckScript { ticket, path: path.clone() });
            self.waiting_sets.push(WaitingSet { ticket, command, checked, path });
            return None;
        }
        let (applied, result) = self.apply_options(id, &command.argv[3..], &checked);
        self.evaluate(id);
        match result {
            Ok(()) => self.saved(command.client),
            Err(text) => {
                if applied {
                    self.sh.disk.change();
                }
                Some(Reply::Error(format!("ERR {text}")))
            }
        }
    }

    /// Applies options from left to right. Those before a bad one stay applied.
    fn apply_options(
        &mut self,
        id: GroupId,
        words: &[Vec<u8>],
        checked: &[(String, bool)],
    ) -> (bool, Result<(), String>) {
        let Some(group) = self.groups.get_mut(&id) else { return (false, Ok(())) };
        let mut rest = words;
        let mut applied = false;
        while let Some((option, values)) = rest.split_first() {
            let count = 1 + usize::from(option.eq_ignore_ascii_case(b"rename-command"));
            let option_text = text(option);
            if values.len() < count {
                return (applied, Err(unknown_option(&option_text)));
            }
            let (values, after) = values.split_at(count);
            if let Err(error) = group.apply_option(&option_text, values, checked, &mut self.sh) {
                return (applied, Err(error));
            }
            applied = true;
            let secret = option.eq_ignore_ascii_case(b"auth-pass");
            let shown: Vec<String> =
                values.iter().map(|v| if secret { "******".to_owned() } else { text(v) }).collect();
            group.emit_master(EventKind::Set, &format!(" {option_text} {}", shown.join(" ")), &mut self.sh);
            rest = after;
        }
        (applied, Ok(()))
    }

    // --- CONFIG ---

    pub(super) fn config(&mut self, command: &EngineCommand) -> Option<Reply> {
        const USAGE: &str = "ERR Only SENTINEL CONFIG GET <option> / SET <option> <value> are supported.";
        let argv = &command.argv;
        match argv[2].to_ascii_lowercase().as_slice() {
            b"get" if argv.len() >= 4 => Some(self.config_get(&argv[3..])),
            b"set" if argv.len() >= 5 => match self.config_set(&argv[3..]) {
                Ok(peers_changed) => {
                    let reply = self.saved(command.client);
                    if peers_changed {
                        self.close_peer_links();
                        self.evaluate_all();
                    }
                    reply
                }
                Err(text) => Some(Reply::Error(format!("ERR {text}"))),
            },
            _ => Some(Reply::Error(USAGE.to_owned())),
        }
    }

    fn config_get(&self, patterns: &[Vec<u8>]) -> Reply {
        let global = &self.sh.global;
        let yes_no = |on: bool| if on { "yes" } else { "no" }.to_owned().into_bytes();
        let values: [(&str, Vec<u8>); 7] = [
            ("resolve-hostnames", yes_no(global.resolve_hostnames)),
            ("announce-hostnames", yes_no(global.announce_hostnames)),
            ("announce-ip", global.announce_ip.clone().unwrap_or_default().into_bytes()),
            ("announce-port", global.announce_port.to_string().into_bytes()),
            ("sentinel-user", global.sentinel_user.clone().unwrap_or_default().into_bytes()),
            ("sentinel-pass", global.sentinel_pass.clone().unwrap_or_default()),
            ("loglevel", self.sh.general.loglevel.name().as_bytes().to_vec()),
        ];
        let mut shown: Vec<&str> = Vec::new();
        let mut reply = Vec::new();
        for pattern in patterns {
            for (name, value) in &values {
                if crate::glob::matches_nocase(pattern, name.as_bytes()) && !shown.contains(name) {
                    shown.push(name);
                    reply.push((Reply::bulk(*name), Reply::Bulk(value.clone())));
                }
            }
        }
        Reply::Map(reply)
    }

    /// Checks every pair, then applies all. True if the credentials for peers changed.
    fn config_set(&mut self, words: &[Vec<u8>]) -> Result<bool, String> {
        let mut changes: Vec<(String, Change)> = Vec::new();
        for pair in words.chunks(2) {
            let name = text(&pair[0]);
            let lower = name.to_ascii_lowercase();
            if !CONFIG_NAMES.contains(&lower.as_str()) {
                return Err(format!("Invalid argument '{name}' to SENTINEL CONFIG SET"));
            }
            if changes.iter().any(|(seen, _)| *seen == lower) {
                return Err(format!("Duplicate argument '{name}' to SENTINEL CONFIG SET"));
            }
            let Some(value) = pair.get(1) else { return Err(format!("Missing argument '{name}' value")) };
            let Some(change) = Change::parse(&lower, value) else {
                return Err(format!("Invalid value '{}' to SENTINEL CONFIG SET '{name}'", text(value)));
            };
            changes.push((lower, change));
        }
        let peers_changed = changes.iter().any(|(name, _)| name.starts_with("sentinel-"));
        for (_, change) in changes {
            change.apply(&mut self.sh);
        }
        Ok(peers_changed)
    }
}

const CONFIG_NAMES: [&str; 7] = [
    "resolve-hostnames",
    "announce-hostnames",
    "announce-ip",
    "announce-port",
    "sentinel-user",
    "sentinel-pass",
    "loglevel",
];

/// One checked `CONFIG SET`.
enum Change {
    ResolveHostnames(bool),
    AnnounceHostnames(bool),
    AnnounceIp(Option<String>),
    AnnouncePort(i64),
    SentinelUser(Option<String>),
    SentinelPass(Option<Vec<u8>>),
    Loglevel(LogLevel),
}

impl Change {
    fn parse(name: &str, value: &[u8]) -> Option<Change> {
        let yes_no = || match value.to_ascii_lowercase().as_slice() {
            b"yes" => Some(true),
            b"no" => Some(false),
            _ => None,
        };
        let line = || std::str::from_utf8(value).ok().filter(|v| !v.chars().any(char::is_control));
        let optional = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Some(match name {
            "resolve-hostnames" => Change::ResolveHostnames(yes_no()?),
            "announce-hostnames" => Change::AnnounceHostnames(yes_no()?),
            // A comma or blank would break every hello.
            "announce-ip" => Change::AnnounceIp(optional(line().filter(|v| !v.contains([',', ' ']))?)),
            "announce-port" => Change::AnnouncePort(strict_int(value).filter(|n| (0..=65_535).contains(n))?),
            "sentinel-user" => Change::SentinelUser(optional(line()?)),
            "sentinel-pass" => Change::SentinelPass((!value.is_empty()).then(|| value.to_vec())),
            "loglevel" => Change::Loglevel(LogLevel::parse(std::str::from_utf8(value).ok()?)?),
            _ => return None,
        })
    }

    fn apply(self, sh: &mut Shared) {
        match self {
            Change::ResolveHostnames(on) => sh.global.resolve_hostnames = on,
            Change::AnnounceHostnames(on) => sh.global.announce_hostnames = on,
            Change::AnnounceIp(ip) => sh.global.announce_ip = ip,
            Change::AnnouncePort(port) => sh.global.announce_port = port,
            Change::SentinelUser(user) => sh.global.sentinel_user = user,
            Change::SentinelPass(pass) => sh.global.sentinel_pass = pass,
            Change::Loglevel(level) => {
                sh.general.loglevel = level;
                sh.out.push(Output::LogLevel(level));
            }
        }
    }
}

impl Group {
    /// Applies one option of SET; the error is the text after `ERR `.
    fn apply_option(
        &mut self,
        option: &str,
        values: &[Vec<u8>],
        checked: &[(String, bool)],
        sh: &mut Shared,
    ) -> Result<(), String> {
        let value = &values[0];
        let invalid = || format!("Invalid argument '{}' for SENTINEL SET '{option}'", text(value));
        let number = |min: u64, max: u64| {
            let n = strict_int(value).and_then(|n| u64::try_from(n).ok());
            n.filter(|n| (min..=max).contains(n)).ok_or_else(invalid)
        };
        let optional_text = || match std::str::from_utf8(value) {
            Ok(text) if !text.chars().any(char::is_control) => {
                Ok((!text.is_empty()).then(|| text.to_owned()))
            }
            _ => Err(invalid()),
        };
        match option.to_ascii_lowercase().as_str() {
            "down-after-milliseconds" => self.conf.down_after_ms = number(1, PERIOD_MAX)?,
            "failover-timeout" => self.conf.failover_timeout_ms = number(1, PERIOD_MAX)?,
            "parallel-syncs" => self.conf.parallel_syncs = number(1, i32::MAX as u64)? as i32,
            "quorum" => self.conf.quorum = number(1, i32::MAX as u64)? as u32,
            "master-reboot-down-after-period" | "primary-reboot-down-after-period" => {
                self.conf.reboot_down_after_ms = number(0, PERIOD_MAX)?;
            }
            "refused-down-after-milliseconds" => {
                self.conf.refused_down_after_ms = number(0, PERIOD_MAX)?;
            }
            "notification-script" => {
                let path = script(value, "Notification script", checked, sh)?;
                self.conf.notification_script = path;
            }
            "client-reconfig-script" => {
                let path = script(value, "Client reconfiguration script", checked, sh)?;
                self.conf.client_reconfig_script = path;
            }
            "auth-pass" => {
                self.conf.auth_pass = (!value.is_empty()).then(|| value.clone());
                self.reopen_links(sh);
            }
            "auth-user" => {
                self.conf.auth_user = optional_text()?;
                self.reopen_links(sh);
            }
            "replication-topology" => {
                let topology = Topology::parse(value).ok_or_else(invalid)?;
                self.set_topology(topology, sh);
            }
            "rename-command" => self.rename_command(option, values)?,
            _ => return Err(unknown_option(option)),
        }
        Ok(())
    }

    /// New credentials: the links to all servers are opened anew.
    fn reopen_links(&mut self, sh: &mut Shared) {
        for server in self.servers_mut() {
            server.close_links(sh);
        }
    }

    fn rename_command(&mut self, option: &str, values: &[Vec<u8>]) -> Result<(), String> {
        let word = |value: &Vec<u8>| {
            let word =
                std::str::from_utf8(value).ok().filter(|w| !w.is_empty() && !w.chars().any(char::is_control));
            word.map(str::to_owned)
                .ok_or_else(|| format!("Invalid argument '{}' for SENTINEL SET '{option}'", text(value)))
        };
        let (old, new) = (word(&values[0])?, word(&values[1])?);
        self.conf.renames.retain(|(known, _)| !known.eq_ignore_ascii_case(&old));
        if !old.eq_ignore_ascii_case(&new) {
            self.conf.renames.push((old, new));
        }
        Ok(())
    }
}

fn script(
    value: &[u8],
    what: &str,
    checked: &[(String, bool)],
    sh: &Shared,
) -> Result<Option<String>, String> {
    if sh.global.deny_scripts_reconfig {
        return Err("Reconfiguration of scripts path is denied for security reasons. Check the \
                    deny-scripts-reconfig configuration directive in your Sentinel configuration"
            .to_owned());
    }
    let path = text(value);
    if path.is_empty() {
        return Ok(None);
    }
    if checked.iter().any(|(known, fine)| *known == path && *fine) && !path.chars().any(char::is_control) {
        Ok(Some(path))
    } else {
        Err(format!("{what} seems non existing or non executable"))
    }
}

/// The script paths in the words of a SET, as far as they can be told before it runs.
fn script_paths(words: &[Vec<u8>]) -> impl Iterator<Item = String> {
    let mut paths = Vec::new();
    let mut rest = words;
    while let Some((option, values)) = rest.split_first() {
        let lower = option.to_ascii_lowercase();
        let is_script = matches!(lower.as_slice(), b"notification-script" | b"client-reconfig-script");
        if let Some(path) = values.first().filter(|path| is_script && !path.is_empty()) {
            paths.push(text(path));
        }
        let count = 1 + usize::from(lower == b"rename-command");
        rest = values.get(count..).unwrap_or_default();
    }
    paths.into_iter()
}

fn unknown_option(option: &str) -> String {
    format!("Unknown option or number of arguments for SENTINEL SET '{option}'")
}

/// A name that survives the configuration file and hello messages. Upstream takes anything, also a newline.
fn group_name(bytes: &[u8]) -> Result<GroupName, ()> {
    let name = std::str::from_utf8(bytes).map_err(|_| ())?;
    let bad = |c: char| c.is_whitespace() || c.is_control() || matches!(c, ',' | '"' | '\'' | '\\');
    if name.is_empty() || name.len() > GROUP_NAME_MAX || name.chars().any(bad) {
        return Err(());
    }
    Ok(GroupName(name.to_owned()))
}
