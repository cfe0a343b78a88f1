//! The ACL command. Changes that take rights away close the connections that would keep using them.

use super::acl::DEFAULT;
use super::acl_rules::{Denied, Selector, User};
use super::clients::{Clients, Done, quoted};
use super::reply::Reply;
use super::strict_int;
use super::table::{self, CommandId};
use crate::event::LogLevel;
use crate::io::{ClientId, Output, Outputs, Ticket};
use crate::time::Now;

/// Entries ACL LOG shows when no number is given.
const LOG_DEFAULT: usize = 10;
/// Bits of a password of ACL GENPASS at most, and when no number is given.
const GENPASS_MAX: i64 = 4096;
const GENPASS_DEFAULT: i64 = 256;

impl Clients {
    /// Runs an ACL subcommand.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "`Clients::handle` lists every command; only this family comes here"
    )]
    pub(super) fn acl_command(
        &mut self,
        now: Now,
        id: ClientId,
        command: CommandId,
        argv: &[Vec<u8>],
        out: &mut Outputs,
    ) -> Done {
        let result = match command {
            CommandId::AclCat => cat(argv),
            CommandId::AclDelUser => self.acl_deluser(id, argv, out),
            CommandId::AclDryRun => self.acl_dryrun(argv),
            CommandId::AclGenPass => self.acl_genpass(argv),
            CommandId::AclGetUser => Ok(self.acl.user(&argv[2]).map_or(Reply::Null, user_reply)),
            CommandId::AclList => Ok(Reply::bulks(self.acl.lines())),
            CommandId::AclLoad => return self.acl_load(id, out),
            CommandId::AclSave => return self.acl_save(id, out),
            CommandId::AclLog => self.acl_log(now, argv),
            CommandId::AclSetUser => self.acl_setuser(id, argv, out),
            CommandId::AclUsers => Ok(Reply::bulks(self.acl.users().map(|(name, _)| name.clone()))),
            _ => Ok(self.clients.get(&id).map_or(Reply::Null, |c| Reply::Bulk(c.user.clone()))),
        };
        Done::Reply(result.unwrap_or_else(Reply::Error))
    }

    fn acl_setuser(&mut self, id: ClientId, argv: &[Vec<u8>], out: &mut Outputs) -> Result<Reply, String> {
        let old = self.acl.set_user(&argv[2], &argv[3..])?;
        if let Some(old) = old {
            self.drop_lost_subscribers(&argv[2], &old, id, out);
        }
        self.tell_authenticated(out);
        Ok(Reply::Ok)
    }

    fn acl_deluser(&mut self, id: ClientId, argv: &[Vec<u8>], out: &mut Outputs) -> Result<Reply, String> {
        if argv[2..].iter().any(|name| name == DEFAULT) {
            return Err("ERR The 'default' user cannot be removed".into());
        }
        let mut deleted = 0;
        for name in &argv[2..] {
            if self.acl.remove(name) {
                deleted += 1;
                self.kill_clients_of(name, id, out);
            }
        }
        Ok(Reply::Integer(deleted))
    }

    /// Closes all connections of a user that is gone, or whose rights came anew from the file.
    fn kill_clients_of(&mut self, user: &[u8], current: ClientId, out: &mut Outputs) {
        let victims: Vec<_> =
            self.clients.iter().filter(|(_, c)| c.user == user).map(|(client, _)| *client).collect();
        for victim in victims {
            if let Some(client) = self.clients.get_mut(&victim) {
                client.user = DEFAULT.to_vec();
                client.authenticated = false;
            }
            self.kill(victim, current, out);
        }
    }

    /// Closes the connections of a user that are subscribed to what the user may not hear any more.
    fn drop_lost_subscribers(&mut self, name: &[u8], old: &User, current: ClientId, out: &mut Outputs) {
        let Some(user) = self.acl.user(name) else { return };
        if user.keeps_channels_of(old) {
            return;
        }
        let lost: Vec<_> = self
            .clients
            .iter()
            .filter(|(_, c)| c.user == name)
            .filter(|(_, c)| {
                !c.channels.iter().all(|channel| user.allows_channel(channel, false))
                    || !c.patterns.iter().all(|pattern| user.allows_channel(pattern, true))
            })
            .map(|(id, _)| *id)
            .collect();
        for victim in lost {
            self.kill(victim, current, out);
        }
    }

    fn acl_dryrun(&self, argv: &[Vec<u8>]) -> Result<Reply, String> {
        let user = self
            .acl
            .user(&argv[2])
            .ok_or_else(|| format!("ERR User '{}' not found", quoted(&argv[2], usize::MAX)))?;
        let command = &argv[3..];
        let spec = self
            .find(command)
            .map_err(|_| format!("ERR Command '{}' not found", quoted(&argv[3], usize::MAX)))?;
        if !spec.arity_fits(command.len()) {
            return Err(format!("ERR wrong number of arguments for '{}' command", spec.name));
        }
        Ok(match user.check(spec, command) {
            Ok(()) => Reply::Ok,
            Err(Denied::Command) => {
                Reply::bulk(format!("This user has no permissions to run the '{}' command", spec.name))
            }
            Err(Denied::Channel(n)) => Reply::bulk(format!(
                "This user has no permissions to access the '{}' channel",
                quoted(&command[n], usize::MAX)
            )),
        })
    }

    fn acl_genpass(&mut self, argv: &[Vec<u8>]) -> Result<Reply, String> {
        at_most_one_argument(argv)?;
        let bits = match argv.get(2) {
            None => GENPASS_DEFAULT,
            Some(text) => strict_int(text).ok_or(NOT_AN_INTEGER)?,
        };
        if !(1..=GENPASS_MAX).contains(&bits) {
            return Err(format!(
                "ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up \
                 to {GENPASS_MAX}"
            ));
        }
        Ok(Reply::bulk(self.rng.hex((bits as usize).div_ceil(4))))
    }

    fn acl_log(&mut self, now: Now, argv: &[Vec<u8>]) -> Result<Reply, String> {
        at_most_one_argument(argv)?;
        let count = match argv.get(2) {
            None => LOG_DEFAULT,
            Some(word) if word.eq_ignore_ascii_case(b"reset") => {
                self.acl.log.clear();
                return Ok(Reply::Ok);
            }
            Some(text) => strict_int(text).ok_or(NOT_AN_INTEGER)?.max(0) as usize,
        };
        Ok(self.acl.log.reply(now, count))
    }

    fn acl_load(&mut self, id: ClientId, out: &mut Outputs) -> Done {
        let Some(path) = self.acl.file.clone() else { return self.no_acl_file() };
        out.push(Output::ReadAcl { ticket: Ticket(id.0), path });
        Done::Held
    }

    fn acl_save(&mut self, id: ClientId, out: &mut Outputs) -> Done {
        let Some(path) = self.acl.file.clone() else { return self.no_acl_file() };
        let text = self.acl.lines().flat_map(|line| [line, b"\n".to_vec()].concat()).collect();
        out.push(Output::WriteAcl { ticket: Ticket(id.0), path, text });
        Done::Held
    }

    fn no_acl_file(&self) -> Done {
        let whose = match self.persona {
            crate::sentinel::Persona::Redis => "Redis ",
            crate::sentinel::Persona::Valkey => "",
        };
        Done::Reply(Reply::Error(format!(
            "ERR This {whose}instance is not configured to use an ACL file. hint: users set with ACL SETUSER are kept \
             in the configuration file; SENTINEL FLUSHCONFIG writes it."
        )))
    }

    /// The ACL file was read for the ACL LOAD of one client, or could not be.
    pub(crate) fn acl_text(&mut self, ticket: Ticket, result: Result<&[u8], &str>, out: &mut Outputs) {
        let id = ClientId(ticket.0);
        let path = self.acl.file.clone().unwrap_or_default();
        let before: Vec<(Vec<u8>, User)> =
            self.acl.users().map(|(name, user)| (name.clone(), user.clone())).collect();
        let loaded = match result {
            Ok(text) => self.acl.load(&path, text),
            Err(reason) => Err(format!("Error loading ACLs, opening file '{path}': {reason}")),
        };
        let reply = match loaded {
            Ok(()) => {
                for (name, old) in before {
                    if name == DEFAULT {
                        self.drop_lost_subscribers(&name, &old, id, out);
                    } else {
                        // A password may have been revoked: whoever logged in does so again.
                        self.kill_clients_of(&name, id, out);
                    }
                }
                self.tell_authenticated(out);
                Reply::Ok
            }
            Err(text) => Reply::Error(format!("ERR {text}")),
        };
        self.reply(id, &reply, out);
    }

    /// The ACL file was written for the ACL SAVE of one client, or could not be.
    pub(crate) fn acl_written(&mut self, ticket: Ticket, result: Result<(), &str>, out: &mut Outputs) {
        let reply = match result {
            Ok(()) => Reply::Ok,
            Err(reason) => {
                let path = self.acl.file.as_deref().unwrap_or_default();
                let text = format!("ACL SAVE could not write `{path}`: {reason}. The old file is as it was.");
                out.push(Output::Log { level: LogLevel::Warning, text });
                Reply::Error(
                    "ERR There was an error trying to save the ACLs. Please check the server logs for more \
                     information"
                        .into(),
                )
            }
        };
        self.reply(ClientId(ticket.0), &reply, out);
    }
}

pub(super) const NOT_AN_INTEGER: &str = "ERR value is not an integer or out of range";

/// For the subcommands that take an argument or none, which their arity cannot say.
fn at_most_one_argument(argv: &[Vec<u8>]) -> Result<(), String> {
    if argv.len() <= 3 {
        return Ok(());
    }
    let word = quoted(&argv[1], 128);
    Err(format!("ERR unknown subcommand or wrong number of arguments for '{word}'. Try ACL HELP."))
}

fn cat(argv: &[Vec<u8>]) -> Result<Reply, String> {
    at_most_one_argument(argv)?;
    let Some(name) = argv.get(2) else { return Ok(Reply::bulks(table::CATEGORIES)) };
    let category = table::category(name)
        .ok_or_else(|| format!("ERR Unknown category '{}'", quoted(name, usize::MAX)))?;
    let members = table::TABLE.iter().filter(|s| s.categories & category != 0 && s.in_reference());
    Ok(Reply::bulks(members.map(|s| s.name)))
}

fn user_reply(user: &User) -> Reply {
    let mut fields = vec![
        (Reply::bulk("flags"), Reply::Set(user.flags().into_iter().map(Reply::bulk).collect())),
        (Reply::bulk("passwords"), Reply::bulks(user.passwords())),
    ];
    fields.extend(selector_fields(user.root()));
    let selectors = user.selectors().iter().map(|s| Reply::Map(selector_fields(s).into()));
    fields.push((Reply::bulk("selectors"), Reply::Array(selectors.collect())));
    Reply::Map(fields)
}

fn selector_fields(selector: &Selector) -> [(Reply, Reply); 3] {
    [
        (Reply::bulk("commands"), Reply::Bulk(selector.commands_text())),
        (Reply::bulk("keys"), Reply::Bulk(selector.keys_text())),
        (Reply::bulk("channels"), Reply::Bulk(selector.channels_text())),
    ]
}
