//! The CLIENT command. Key tracking is accepted and remembered because clients switch it on without asking what
//! they talk to; there are no keys, so it has no effect.

use std::collections::BTreeSet;

use super::acl_cmd::NOT_AN_INTEGER;
use super::clients::{Clients, Done, Pause, ReplyMode, quoted};
use super::login::printable;
use super::reply::Reply;
use super::strict_int;
use super::table::CommandId;
use crate::io::{ClientId, Outputs};
use crate::limits::TRACKING_PREFIXES;
use crate::time::Now;

pub(super) const NO_SYNTAX: &str = "ERR syntax error";

/// CLIENT TRACKING as a client set it.
#[derive(Debug, Clone, Default)]
pub(super) struct Tracking {
    pub(super) on: bool,
    pub(super) bcast: bool,
    optin: bool,
    optout: bool,
    noloop: bool,
    caching: bool,
    redirect: u64,
    prefixes: BTreeSet<Vec<u8>>,
}

impl Tracking {
    /// The client that gets the messages; 0 = this one, -1 = tracking is off.
    pub(super) fn redirect(&self) -> i64 {
        if self.on { self.redirect as i64 } else { -1 }
    }
}

impl Clients {
    /// Runs a CLIENT subcommand.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "`Clients::handle` lists every command; only this family comes here"
    )]
    pub(super) fn client_command(
        &mut self,
        now: Now,
        id: ClientId,
        command: CommandId,
        argv: &[Vec<u8>],
        out: &mut Outputs,
    ) -> Done {
        let result = match command {
            CommandId::ClientId => Ok(Reply::Integer(id.0 as i64)),
            CommandId::ClientInfo => Ok(self.client_info(now, id)),
            CommandId::ClientList => self.client_list(now, argv),
            CommandId::ClientKill => self.client_kill(id, argv, out),
            CommandId::ClientSetName => self.set_name(id, &argv[2]).map(|()| Reply::Ok),
            CommandId::ClientPause => self.client_pause(now, argv),
            CommandId::ClientUnpause => {
                if let Some(pause) = &mut self.pause {
                    pause.until = now.mono;
                }
                self.end_pause(now);
                Ok(Reply::Ok)
            }
            CommandId::ClientUnblock => client_unblock(argv),
            CommandId::ClientTracking => self.client_tracking(id, argv),
            _ => return self.own_setting(id, command, argv),
        };
        Done::Reply(result.unwrap_or_else(Reply::Error))
    }

    /// Subcommands about nothing but the connection they come on.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "`Clients::handle` lists every command; only this family comes here"
    )]
    fn own_setting(&mut self, id: ClientId, command: CommandId, argv: &[Vec<u8>]) -> Done {
        let Some(client) = self.clients.get_mut(&id) else { return Done::Silent };
        let result = match command {
            CommandId::ClientGetName if client.name.is_empty() => Ok(Reply::Null),
            CommandId::ClientGetName => Ok(Reply::Bulk(client.name.clone())),
            CommandId::ClientGetRedir => Ok(Reply::Integer(client.tracking.redirect())),
            CommandId::ClientTrackingInfo => Ok(tracking_info(&client.tracking)),
            CommandId::ClientCaching => caching(&mut client.tracking, &argv[2]),
            CommandId::ClientSetInfo => match argv[2].to_ascii_lowercase().as_slice() {
                b"lib-name" => set_lib(&mut client.lib_name, "lib-name", &argv[3]),
                b"lib-ver" => set_lib(&mut client.lib_ver, "lib-ver", &argv[3]),
                _ => Err(format!("ERR Unrecognized option '{}'", quoted(&argv[2], usize::MAX))),
            },
            CommandId::ClientNoEvict => match argv[2].to_ascii_lowercase().as_slice() {
                word @ (b"on" | b"off") => {
                    client.no_evict = word == b"on";
                    Ok(Reply::Ok)
                }
                _ => Err(NO_SYNTAX.into()),
            },
            _ => match argv.get(2).unwrap_or(&Vec::new()).to_ascii_lowercase().as_slice() {
                b"on" => {
                    client.reply_mode = ReplyMode::On;
                    Ok(Reply::Ok)
                }
                b"off" => {
                    client.reply_mode = ReplyMode::Off;
                    return Done::Silent;
                }
                b"skip" => {
                    if client.reply_mode != ReplyMode::Off {
                        client.reply_mode = ReplyMode::SkipNext;
                    }
                    return Done::Silent;
                }
                _ => Err(NO_SYNTAX.into()),
            },
        };
        Done::Reply(result.unwrap_or_else(Reply::Error))
    }

    fn client_pause(&mut self, now: Now, argv: &[Vec<u8>]) -> Result<Reply, String> {
        if argv.len() > 4 {
            return Err(wrong_number(&argv[1]));
        }
        let all = match argv.get(3).map(|mode| mode.to_ascii_lowercase()) {
            None => true,
            Some(mode) if mode == b"all" => true,
            Some(mode) if mode == b"write" => false,
            Some(_) => return Err("ERR CLIENT PAUSE mode must be WRITE or ALL".into()),
        };
        let ms = strict_int(&argv[2]).ok_or("ERR timeout is not an integer or out of range")?;
        let ms = u64::try_from(ms).map_err(|_| "ERR timeout is negative")?;
        self.end_pause(now);
        let until = now.mono + ms;
        let old = self.pause.unwrap_or(Pause { until, all });
        self.pause = Some(Pause { until: old.until.max(until), all: old.all || all });
        Ok(Reply::Ok)
    }

    fn client_tracking(&mut self, id: ClientId, argv: &[Vec<u8>]) -> Result<Reply, String> {
        let mut wanted = Tracking::default();
        let mut prefixes = Vec::new();
        let mut rest = &argv[3..];
        loop {
            rest = match rest {
                [] => break,
                [word, target, more @ ..] if word.eq_ignore_ascii_case(b"redirect") => {
                    if wanted.redirect != 0 {
                        return Err("ERR A client can only redirect to a single other client".into());
                    }
                    let target = strict_int(target).ok_or(NOT_AN_INTEGER)?;
                    let target = u64::try_from(target).unwrap_or(0);
                    if !self.clients.contains_key(&ClientId(target)) {
                        return Err("ERR The client ID you want redirect to does not exist".into());
                    }
                    wanted.redirect = target;
                    more
                }
                [word, prefix, more @ ..] if word.eq_ignore_ascii_case(b"prefix") => {
                    if prefixes.len() >= TRACKING_PREFIXES {
                        return Err(NO_SYNTAX.into());
                    }
                    prefixes.push(prefix.clone());
                    more
                }
                [word, more @ ..] => {
                    match word.to_ascii_lowercase().as_slice() {
                        b"bcast" => wanted.bcast = true,
                        b"optin" => wanted.optin = true,
                        b"optout" => wanted.optout = true,
                        b"noloop" => wanted.noloop = true,
                        _ => return Err(NO_SYNTAX.into()),
                    }
                    more
                }
            };
        }
        let Some(client) = self.clients.get_mut(&id) else { return Ok(Reply::Null) };
        match argv[2].to_ascii_lowercase().as_slice() {
            b"on" => {
                tracking_fits(&client.tracking, &wanted, &prefixes)?;
                wanted.on = true;
                wanted.prefixes = std::mem::take(&mut client.tracking.prefixes);
                wanted.prefixes.extend(prefixes);
                if wanted.bcast && wanted.prefixes.is_empty() {
                    wanted.prefixes.insert(Vec::new());
                }
                client.tracking = wanted;
            }
            b"off" => client.tracking = Tracking::default(),
            _ => return Err(NO_SYNTAX.into()),
        }
        Ok(Reply::Ok)
    }
}

fn tracking_fits(old: &Tracking, new: &Tracking, prefixes: &[Vec<u8>]) -> Result<(), String> {
    let problem = if !new.bcast && !prefixes.is_empty() {
        "ERR PREFIX option requires BCAST mode to be enabled"
    } else if old.on && old.bcast != new.bcast {
        "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a different mode."
    } else if new.bcast && (new.optin || new.optout) {
        "ERR OPTIN and OPTOUT are not compatible with BCAST"
    } else if new.optin && new.optout {
        "ERR You can't specify both OPTIN mode and OPTOUT mode"
    } else if (new.optin && old.optout) || (new.optout && old.optin) {
        "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a different mode."
    } else if old.prefixes.len() + prefixes.len() > TRACKING_PREFIXES {
        NO_SYNTAX
    } else {
        return prefixes_fit(&old.prefixes, prefixes);
    };
    Err(problem.into())
}

/// Prefixes of one client must not begin with each other.
fn prefixes_fit(old: &BTreeSet<Vec<u8>>, new: &[Vec<u8>]) -> Result<(), String> {
    let overlap = |a: &[u8], b: &[u8]| a.starts_with(b) || b.starts_with(a);
    for (n, prefix) in new.iter().enumerate() {
        let (other, whose) = match old.iter().find(|o| overlap(o, prefix)) {
            Some(other) => (other, "an existing prefix"),
            None => match new[n + 1..].iter().find(|o| overlap(o, prefix)) {
                Some(other) => (other, "another provided prefix"),
                None => continue,
            },
        };
        return Err(format!(
            "ERR Prefix '{}' overlaps with {whose} '{}'. Prefixes for a single client must not overlap.",
            quoted(prefix, usize::MAX),
            quoted(other, usize::MAX)
        ));
    }
    Ok(())
}

fn caching(tracking: &mut Tracking, word: &[u8]) -> Result<Reply, String> {
    if !tracking.on {
        return Err(
            "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT \
                    mode enabled"
                .into(),
        );
    }
    match word.to_ascii_lowercase().as_slice() {
        b"yes" if tracking.optin => tracking.caching = true,
        b"no" if tracking.optout => tracking.caching = true,
        b"yes" => {
            return Err("ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.".into());
        }
        b"no" => {
            return Err("ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.".into());
        }
        _ => return Err(NO_SYNTAX.into()),
    }
    Ok(Reply::Ok)
}

fn tracking_info(tracking: &Tracking) -> Reply {
    let mut flags = vec![if tracking.on { "on" } else { "off" }];
    let all = [
        (tracking.bcast, "bcast"),
        (tracking.optin, "optin"),
        (tracking.optin && tracking.caching, "caching-yes"),
        (tracking.optout, "optout"),
        (tracking.optout && tracking.caching, "caching-no"),
        (tracking.noloop, "noloop"),
    ];
    flags.extend(all.iter().filter(|(set, _)| *set).map(|(_, name)| *name));
    Reply::Map(vec![
        (Reply::bulk("flags"), Reply::Set(flags.into_iter().map(Reply::bulk).collect())),
        (Reply::bulk("redirect"), Reply::Integer(tracking.redirect())),
        (Reply::bulk("prefixes"), Reply::bulks(tracking.prefixes.iter().cloned())),
    ])
}

fn set_lib(field: &mut Vec<u8>, option: &str, value: &[u8]) -> Result<Reply, String> {
    if !printable(value) {
        return Err(format!("ERR {option} cannot contain spaces, newlines or special characters."));
    }
    *field = value.to_vec();
    Ok(Reply::Ok)
}

fn wrong_number(word: &[u8]) -> String {
    format!(
        "ERR unknown subcommand or wrong number of arguments for '{}'. Try CLIENT HELP.",
        quoted(word, 128)
    )
}

fn client_unblock(argv: &[Vec<u8>]) -> Result<Reply, String> {
    if argv.len() > 4 {
        return Err(wrong_number(&argv[1]));
    }
    if let Some(reason) = argv.get(3) {
        if !reason.eq_ignore_ascii_case(b"timeout") && !reason.eq_ignore_ascii_case(b"error") {
            return Err("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR".into());
        }
    }
    strict_int(&argv[2]).ok_or(NOT_AN_INTEGER)?;
    Ok(Reply::Integer(0))
}
