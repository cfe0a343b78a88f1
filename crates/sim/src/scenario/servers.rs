//! Reaching into processes: servers to be looked at and changed, and commands of a user to sentinels.

use std::net::SocketAddr;

use watchkeeper_core::Sentinel;

use crate::net::{Conn, End};
use crate::process::{Body, ConnId, Happening, Payload, ProcId};
use crate::server::Server;
use crate::time::Time;
use crate::world::World;

pub(crate) fn server(world: &World, who: ProcId) -> Option<&Server> {
    if let Body::Server(server) = world.body(who) { Some(server) } else { None }
}

pub(crate) fn server_mut(world: &mut World, who: ProcId) -> Option<&mut Server> {
    if let Body::Server(server) = world.body_mut(who) { Some(server) } else { None }
}

/// A sentinel of ours that was ever started.
pub(crate) fn sentinel(world: &World, who: ProcId) -> Option<&Sentinel> {
    if let Body::Sentinel(sentinel) = world.body(who) { sentinel.core() } else { None }
}

/// Connects a user, who is nowhere in the world, and sends a command; what is answered is read by nobody. `number`
/// tells commands apart. False if the process does not run.
pub(crate) fn command(world: &mut World, number: u64, from: SocketAddr, to: ProcId, argv: &[&str]) -> bool {
    if !world.runs(to) {
        return false;
    }
    let mut bytes = format!("*{}\r\n", argv.len()).into_bytes();
    for arg in argv {
        bytes.extend_from_slice(format!("${}\r\n{arg}\r\n", arg.len()).as_bytes());
    }
    let id = ConnId(u64::MAX - number);
    let (host, addr) = (world.fabric.slots[to.0 as usize].host, world.addr(to));
    let user = End { owner: None, host, addr: from, open: true };
    let end = End { owner: Some(to), host, addr, open: true };
    let conn = Conn { ends: [user, end], up: true, pending: Vec::new(), last_arrival: [Time::default(); 2] };
    world.fabric.conns.insert(id, conn);
    world.due(to, Happening::Accepted { conn: id, from });
    world.due(to, Happening::Data { conn: id, payload: Payload::Bytes(bytes) });
    world.settle();
    true
}
