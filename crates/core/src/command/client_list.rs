//! The lines of CLIENT LIST and CLIENT INFO, and the filters of CLIENT LIST and CLIENT KILL.

use super::client_cmd::NO_SYNTAX;
use super::clients::{Client, Clients, quoted};
use super::reply::{Protocol, Reply};
use super::strict_int;
use crate::io::{ClientId, Outputs};
use crate::time::Now;

/// What CLIENT KILL looks for. Every given filter must fit.
#[derive(Debug, Default)]
struct Filter<'a> {
    id: Option<ClientId>,
    kind: Option<Kind>,
    user: Option<&'a [u8]>,
    addr: Option<&'a [u8]>,
    laddr: Option<&'a [u8]>,
}

/// Classes of clients. A sentinel has no replication connections, so two of them are always empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Normal,
    Replication,
    PubSub,
}

impl Kind {
    fn parse(word: &[u8]) -> Result<Kind, String> {
        match word.to_ascii_lowercase().as_slice() {
            b"normal" => Ok(Kind::Normal),
            b"master" | b"replica" | b"slave" => Ok(Kind::Replication),
            b"pubsub" => Ok(Kind::PubSub),
            _ => Err(format!("ERR Unknown client type '{}'", quoted(word, usize::MAX))),
        }
    }

    fn of(client: &Client) -> Kind {
        if client.subscriptions() > 0 { Kind::PubSub } else { Kind::Normal }
    }
}

impl Clients {
    /// One client's line, without its end.
    pub(super) fn client_line(&self, now: Now, id: ClientId) -> String {
        self.clients.get(&id).map_or_else(String::new, |client| line(now, id, client))
    }

    /// `CLIENT INFO`.
    pub(super) fn client_info(&self, now: Now, id: ClientId) -> Reply {
        Reply::Verbatim(self.client_line(now, id) + "\n")
    }

    /// `CLIENT LIST [TYPE t | ID id ...]`.
    pub(super) fn client_list(&self, now: Now, argv: &[Vec<u8>]) -> Result<Reply, String> {
        let mut text = String::new();
        let mut add = |id: ClientId, client: &Client| {
            text.push_str(&line(now, id, client));
            text.push('\n');
        };
        match &argv[2..] {
            [] => self.clients.iter().for_each(|(id, client)| add(*id, client)),
            [word, kind] if word.eq_ignore_ascii_case(b"type") => {
                let kind = Kind::parse(kind)?;
                let fitting = self.clients.iter().filter(|(_, c)| Kind::of(c) == kind);
                fitting.for_each(|(id, client)| add(*id, client));
            }
            [word, ids @ ..] if word.eq_ignore_ascii_case(b"id") && !ids.is_empty() => {
                for text in ids {
                    let id = strict_int(text).ok_or("ERR Invalid client ID")?;
                    let id = ClientId(u64::try_from(id).unwrap_or(0));
                    if let Some(client) = self.clients.get(&id) {
                        add(id, client);
                    }
                }
            }
            _ => return Err(NO_SYNTAX.into()),
        }
        Ok(Reply::Verbatim(text))
    }

    /// `CLIENT KILL address` or `CLIENT KILL filter value ...`.
    pub(super) fn client_kill(
        &mut self,
        id: ClientId,
        argv: &[Vec<u8>],
        out: &mut Outputs,
    ) -> Result<Reply, String> {
        if let [_, _, addr] = argv {
            let filter = Filter { addr: Some(addr), ..Filter::default() };
            return match self.kill_matching(&filter, false, id, out) {
                0 => Err("ERR No such client".into()),
                _ => Ok(Reply::Ok),
            };
        }
        let mut filter = Filter::default();
        let mut skip_me = true;
        for pair in argv[2..].chunks(2) {
            let [option, value] = pair else { return Err(NO_SYNTAX.into()) };
            match option.to_ascii_lowercase().as_slice() {
                b"id" => {
                    let number = strict_int(value).and_then(|n| u64::try_from(n).ok()).filter(|n| *n > 0);
                    filter.id = Some(ClientId(number.ok_or("ERR client-id should be greater than 0")?));
                }
                b"type" => filter.kind = Some(Kind::parse(value)?),
                b"addr" => filter.addr = Some(value),
                b"laddr" => filter.laddr = Some(value),
                b"user" if self.acl.user(value).is_none() => {
                    return Err(format!("ERR No such user '{}'", quoted(value, usize::MAX)));
                }
                b"user" => filter.user = Some(value),
                b"skipme" if value.eq_ignore_ascii_case(b"yes") => skip_me = true,
                b"skipme" if value.eq_ignore_ascii_case(b"no") => skip_me = false,
                _ => return Err(NO_SYNTAX.into()),
            }
        }
        Ok(Reply::Integer(self.kill_matching(&filter, skip_me, id, out)))
    }

    fn kill_matching(&mut self, filter: &Filter, skip_me: bool, current: ClientId, out: &mut Outputs) -> i64 {
        let fits = |id: ClientId, c: &Client| {
            filter.id.is_none_or(|want| want == id)
                && filter.kind.is_none_or(|want| want == Kind::of(c))
                && filter.user.is_none_or(|want| want == c.user)
                && filter.addr.is_none_or(|want| want == c.peer.as_bytes())
                && filter.laddr.is_none_or(|want| want == c.local.as_bytes())
                && !(skip_me && id == current)
        };
        let victims: Vec<_> =
            self.clients.iter().filter(|(id, c)| fits(**id, c)).map(|(id, _)| *id).collect();
        for victim in &victims {
            self.kill(*victim, current, out);
        }
        victims.len() as i64
    }
}

fn flags(client: &Client) -> String {
    let mut flags = String::new();
    if client.subscriptions() > 0 {
        flags.push('P');
    }
    if client.tracking.on {
        flags.push('t');
    }
    if client.tracking.bcast {
        flags.push('B');
    }
    if client.close_after {
        flags.push('c');
    }
    if client.unix {
        flags.push('U');
    }
    if client.no_evict {
        flags.push('e');
    }
    if flags.is_empty() {
        flags.push('N');
    }
    flags
}

/// The fields upstream fills with the sizes of its buffers are 0: buffers belong to the shell here.
fn line(now: Now, id: ClientId, client: &Client) -> String {
    let seconds = |since| now.mono.since(since) / 1000;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!(
        "id={} addr={} laddr={} fd={} name={} age={} idle={} flags={} db=0 sub={} psub={} ssub=0 multi=-1 qbuf=0 \
         qbuf-free=0 argv-mem={} multi-mem=0 rbs=0 rbp=0 obl=0 oll=0 omem=0 tot-mem={} events=r cmd={} user={} \
         redir={} resp={} lib-name={} lib-ver={}",
        id.0,
        client.peer,
        client.local,
        client.fd,
        text(&client.name),
        seconds(client.connected),
        seconds(client.last),
        flags(client),
        client.channels.len(),
        client.patterns.len(),
        client.argv_bytes,
        client.argv_bytes + client.queue_bytes,
        client.last_command.map_or("NULL", |command| command.spec().name),
        text(&client.user),
        client.tracking.redirect(),
        if client.protocol == Protocol::Resp3 { 3 } else { 2 },
        text(&client.lib_name),
        text(&client.lib_ver),
    )
}
