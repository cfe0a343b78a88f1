//! AUTH and HELLO, and what is said to those who may not.

use super::acl_log::{Entry, Reason};
use super::acl_rules::Denied;
use super::clients::{Clients, Done, quoted};
use super::reply::{Protocol, Reply};
use super::strict_int;
use super::table::CommandSpec;
use crate::io::{ClientId, Outputs};
use crate::limits::CLIENT_NAME_BYTES;
use crate::sentinel::Persona;
use crate::time::Now;

const WRONGPASS: &str = "WRONGPASS invalid username-password pair or user is disabled.";

impl Clients {
    /// `AUTH [user] password`.
    pub(super) fn auth(&mut self, now: Now, id: ClientId, argv: &[Vec<u8>], out: &mut Outputs) -> Done {
        let error = |text: &str| Done::Reply(Reply::Error(text.into()));
        let (user, password): (&[u8], _) = match argv {
            [_, password] if self.acl.default_user().nopass => {
                let _ = password;
                return error(
                    "ERR AUTH <password> called without any password configured for the default user. Are you sure \
                     your configuration is correct?",
                );
            }
            [_, password] => (b"default", password),
            [_, user, password] => (user, password),
            _ => return error("ERR syntax error"),
        };
        if self.login(now, id, user, password, &argv[0], out) {
            Done::Reply(Reply::Ok)
        } else {
            error(WRONGPASS)
        }
    }

    /// `HELLO [2|3 [AUTH user password] [SETNAME name]]`.
    pub(super) fn hello(&mut self, now: Now, id: ClientId, argv: &[Vec<u8>], out: &mut Outputs) -> Done {
        match self.try_hello(now, id, argv, out) {
            Ok(reply) => Done::Reply(reply),
            Err(text) => Done::Reply(Reply::Error(text)),
        }
    }

    fn try_hello(
        &mut self,
        now: Now,
        id: ClientId,
        argv: &[Vec<u8>],
        out: &mut Outputs,
    ) -> Result<Reply, String> {
        let protocol = match argv.get(1).map(|version| strict_int(version)) {
            None => None,
            Some(Some(2)) => Some(Protocol::Resp2),
            Some(Some(3)) => Some(Protocol::Resp3),
            Some(Some(_)) => return Err("NOPROTO unsupported protocol version".into()),
            Some(None) => return Err("ERR Protocol version is not an integer or out of range".into()),
        };
        let mut rest = argv.get(2..).unwrap_or_default();
        loop {
            rest = match rest {
                [] => break,
                [word, user, password, more @ ..] if word.eq_ignore_ascii_case(b"auth") => {
                    if !self.login(now, id, user, password, &argv[0], out) {
                        return Err(WRONGPASS.into());
                    }
                    more
                }
                [word, name, more @ ..] if word.eq_ignore_ascii_case(b"setname") => {
                    self.set_name(id, name)?;
                    more
                }
                [word, ..] => {
                    return Err(format!("ERR Syntax error in HELLO option '{}'", quoted(word, usize::MAX)));
                }
            };
        }
        let Some(client) = self.clients.get_mut(&id) else { return Ok(Reply::Null) };
        if !client.authenticated {
            return Err(NOAUTH_HELLO.into());
        }
        client.protocol = protocol.unwrap_or(client.protocol);
        let version = if client.protocol == Protocol::Resp3 { 3 } else { 2 };
        let (server, server_version) = match self.persona {
            Persona::Redis => ("redis", super::info::REDIS_VERSION),
            Persona::Valkey => ("valkey", super::info::VALKEY_VERSION),
        };
        let field = |name: &str, value| (Reply::bulk(name), value);
        Ok(Reply::Map(vec![
            field("server", Reply::bulk(server)),
            field("version", Reply::bulk(server_version)),
            field("proto", Reply::Integer(version)),
            field("id", Reply::Integer(id.0 as i64)),
            field("mode", Reply::bulk("sentinel")),
            field("modules", Reply::Array(Vec::new())),
        ]))
    }

    /// Names a connection; an empty name takes the name away.
    pub(super) fn set_name(&mut self, id: ClientId, name: &[u8]) -> Result<(), String> {
        if !printable(name) {
            return Err("ERR Client names cannot contain spaces, newlines or special characters.".into());
        }
        if let Some(client) = self.clients.get_mut(&id) {
            client.name = name.to_vec();
        }
        Ok(())
    }

    fn login(
        &mut self,
        now: Now,
        id: ClientId,
        user: &[u8],
        password: &[u8],
        command: &[u8],
        out: &mut Outputs,
    ) -> bool {
        let accepted = self.acl.accepts(user, password);
        if accepted {
            let open = self.acl.open_to_all();
            if let Some(client) = self.clients.get_mut(&id) {
                client.user = user.to_vec();
                client.authenticated = true;
                client.tell_authenticated(id, open, out);
            }
        } else {
            self.log_denied(now, id, Reason::Auth, command, user);
        }
        accepted
    }

    /// The error for a command the client's user may not run; it goes to the ACL log too.
    pub(super) fn denied(
        &mut self,
        now: Now,
        id: ClientId,
        spec: &CommandSpec,
        argv: &[Vec<u8>],
        denied: Denied,
    ) -> String {
        let user = self.clients.get(&id).map_or_else(Vec::new, |client| client.user.clone());
        match denied {
            Denied::Command => {
                self.log_denied(now, id, Reason::Command, spec.name.as_bytes(), &user);
                format!("NOPERM this user has no permissions to run the '{}' command", spec.name)
            }
            Denied::Channel(n) => {
                self.log_denied(now, id, Reason::Channel, &argv[n], &user);
                "NOPERM this user has no permissions to access one of the channels used as arguments".into()
            }
        }
    }

    fn log_denied(&mut self, now: Now, id: ClientId, reason: Reason, object: &[u8], user: &[u8]) {
        let client_info = self.client_line(now, id);
        self.acl.log.add(Entry::new(now.mono, reason, object, user, client_info));
    }
}

/// Whether a name of a client or library may be stored: no blanks or control characters, which would break the
/// lines of CLIENT LIST.
pub(super) fn printable(name: &[u8]) -> bool {
    name.len() <= CLIENT_NAME_BYTES && name.iter().all(u8::is_ascii_graphic)
}

const NOAUTH_HELLO: &str = "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO \
    AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the \
    same time";
