//! A user at a terminal: sends single commands to sentinels and servers, each on a connection of its own, and reads no
//! answer. Faults and scenarios speak through it ([`crate::world::World::command`]).

use std::collections::VecDeque;
use std::net::SocketAddr;

use crate::process::Body;
use crate::process::{Happening, ProcId};
use crate::time::Time;
use crate::world::{Ctx, World};

/// See the module.
#[derive(Debug, Default)]
pub struct Admin {
    /// commands to send, whole
    waiting: VecDeque<(SocketAddr, Vec<u8>)>,
}

impl Admin {
    /// One who has nothing to say yet.
    pub fn new() -> Admin {
        Admin::default()
    }

    pub(crate) fn deadline(&self, _ctx: &Ctx<'_>) -> Option<Time> {
        None
    }

    pub(crate) fn handle(&mut self, what: Happening, ctx: &mut Ctx<'_>) {
        while let Some((to, command)) = self.waiting.pop_front() {
            let conn = ctx.open(to);
            ctx.send_bytes(conn, command);
        }
        if let Happening::Data { conn, .. } = what {
            ctx.close(conn); // answered
        }
    }
}

impl World {
    /// Lets the admin `who` send a command to a process.
    pub fn command(&mut self, who: ProcId, to: ProcId, argv: &[&str]) {
        let to = self.addr(to);
        let mut bytes = format!("*{}\r\n", argv.len()).into_bytes();
        for arg in argv {
            bytes.extend_from_slice(format!("${}\r\n{arg}\r\n", arg.len()).as_bytes());
        }
        if let Body::Admin(admin) = self.body_mut(who) {
            admin.waiting.push_back((to, bytes));
            self.due(who, Happening::Wake);
            self.settle();
        }
    }
}
