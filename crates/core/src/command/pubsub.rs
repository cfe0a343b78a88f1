//! Subscriptions, and the delivery of events to subscribers.

use std::collections::{BTreeMap, BTreeSet};

use super::clients::{Clients, Done};
use super::reply::{Protocol, Reply};
use super::table::CommandId;
use crate::glob;
use crate::io::{ClientId, Output, Outputs};
use crate::limits::{CHANNEL_BYTES, SUBSCRIPTIONS_PER_CLIENT};

/// Who listens to what.
#[derive(Debug, Clone, Default)]
pub(super) struct PubSub {
    channels: BTreeMap<Vec<u8>, BTreeSet<ClientId>>,
    patterns: BTreeMap<Vec<u8>, BTreeSet<ClientId>>,
}

impl PubSub {
    /// Distinct channels and patterns, for INFO.
    pub(super) fn counts(&self) -> (usize, usize) {
        (self.channels.len(), self.patterns.len())
    }

    /// Takes a client that left out of all lists.
    pub(super) fn forget(
        &mut self,
        id: ClientId,
        channels: &BTreeSet<Vec<u8>>,
        patterns: &BTreeSet<Vec<u8>>,
    ) {
        for channel in channels {
            remove(&mut self.channels, channel, id);
        }
        for pattern in patterns {
            remove(&mut self.patterns, pattern, id);
        }
    }
}

fn remove(lists: &mut BTreeMap<Vec<u8>, BTreeSet<ClientId>>, name: &[u8], id: ClientId) {
    if let Some(list) = lists.get_mut(name) {
        list.remove(&id);
        if list.is_empty() {
            lists.remove(name);
        }
    }
}

impl Clients {
    /// Delivers an event to everybody subscribed to its channel or to a matching pattern.
    pub(crate) fn publish(&mut self, channel: &str, payload: &str, out: &mut Outputs) {
        if let Some(list) = self.pubsub.channels.get(channel.as_bytes()) {
            let message = ["message", channel, payload].map(Reply::bulk);
            self.deliver(list, &Reply::Push(message.into()), out);
        }
        for (pattern, list) in &self.pubsub.patterns {
            if glob::matches(pattern, channel.as_bytes()) {
                let mut message = vec![Reply::bulk("pmessage"), Reply::Bulk(pattern.clone())];
                message.extend([channel, payload].map(Reply::bulk));
                self.deliver(list, &Reply::Push(message), out);
            }
        }
    }

    /// Sends one message, encoded once for each protocol in use. CLIENT REPLY does not silence messages.
    fn deliver(&self, list: &BTreeSet<ClientId>, message: &Reply, out: &mut Outputs) {
        let mut encoded: [Option<Vec<u8>>; 2] = [None, None];
        for id in list {
            let Some(client) = self.clients.get(id) else { continue };
            let slot = &mut encoded[usize::from(client.protocol == Protocol::Resp3)];
            let bytes = slot.get_or_insert_with(|| {
                let mut bytes = Vec::new();
                message.encode(client.protocol, &mut bytes);
                bytes
            });
            out.push(Output::Reply { client: *id, bytes: bytes.clone() });
        }
    }

    /// SUBSCRIBE and PSUBSCRIBE.
    pub(super) fn subscribe(
        &mut self,
        id: ClientId,
        command: CommandId,
        argv: &[Vec<u8>],
        out: &mut Outputs,
    ) -> Done {
        let pattern = command == CommandId::PSubscribe;
        let word = if pattern { "psubscribe" } else { "subscribe" };
        let mut bytes = Vec::new();
        let Some(client) = self.clients.get_mut(&id) else { return Done::Silent };
        if argv[1..].iter().any(|name| name.len() > CHANNEL_BYTES) {
            return Done::Reply(Reply::Error(format!(
                "ERR channel name too long. hint: at most {CHANNEL_BYTES} bytes"
            )));
        }
        if client.subscriptions() + argv.len() - 1 > SUBSCRIPTIONS_PER_CLIENT {
            return Done::Reply(Reply::Error(format!(
                "ERR too many subscriptions. hint: at most {SUBSCRIPTIONS_PER_CLIENT} on one connection"
            )));
        }
        let first = client.subscriptions() == 0;
        for name in &argv[1..] {
            let (own, lists) = match pattern {
                true => (&mut client.patterns, &mut self.pubsub.patterns),
                false => (&mut client.channels, &mut self.pubsub.channels),
            };
            own.insert(name.clone());
            lists.entry(name.clone()).or_default().insert(id);
            confirmation(word, Some(name), client.subscriptions()).encode(client.protocol, &mut bytes);
        }
        if first {
            out.push(Output::Subscriber { client: id, yes: true });
        }
        out.push(Output::Reply { client: id, bytes });
        Done::Silent
    }

    /// UNSUBSCRIBE and PUNSUBSCRIBE.
    pub(super) fn unsubscribe(
        &mut self,
        id: ClientId,
        command: CommandId,
        argv: &[Vec<u8>],
        out: &mut Outputs,
    ) -> Done {
        let pattern = command == CommandId::PUnsubscribe;
        let word = if pattern { "punsubscribe" } else { "unsubscribe" };
        let mut bytes = Vec::new();
        let Some(client) = self.clients.get_mut(&id) else { return Done::Silent };
        let some_before = client.subscriptions() > 0;
        let names: Vec<Vec<u8>> = match (argv.len(), pattern) {
            (1, true) => client.patterns.iter().cloned().collect(),
            (1, false) => client.channels.iter().cloned().collect(),
            _ => argv[1..].to_vec(),
        };
        for name in &names {
            let (own, lists) = match pattern {
                true => (&mut client.patterns, &mut self.pubsub.patterns),
                false => (&mut client.channels, &mut self.pubsub.channels),
            };
            own.remove(name);
            remove(lists, name, id);
            confirmation(word, Some(name), client.subscriptions()).encode(client.protocol, &mut bytes);
        }
        if names.is_empty() {
            confirmation(word, None, client.subscriptions()).encode(client.protocol, &mut bytes);
        }
        if some_before && client.subscriptions() == 0 {
            out.push(Output::Subscriber { client: id, yes: false });
        }
        out.push(Output::Reply { client: id, bytes });
        Done::Silent
    }
}

fn confirmation(word: &str, name: Option<&Vec<u8>>, count: usize) -> Reply {
    let name = name.map_or(Reply::Null, |name| Reply::Bulk(name.clone()));
    Reply::Push(vec![Reply::bulk(word), name, Reply::Integer(count as i64)])
}
