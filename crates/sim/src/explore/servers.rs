//! The data servers of the explored group: a master that is dead, and replicas that do and answer what they are told at
//! once. What an order of a failover does to them, and when it arrives, is for the explorer to decide.

use std::net::SocketAddr;

use watchkeeper_resp::Frame;

/// Replicas at most.
pub(crate) const REPLICAS_MAX: usize = 2;

/// Whom each replica follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct Servers {
    /// for each replica: 0 the old master, 1 nobody (it is a master), 2 and 3 replica 0 and 1
    follows: [u8; REPLICAS_MAX],
}

impl Servers {
    /// As one number.
    pub(crate) fn code(self) -> u8 {
        self.follows[0] | (self.follows[1] << 2)
    }

    /// From its number.
    pub(crate) fn from_code(code: u8) -> Servers {
        Servers { follows: [code & 3, (code >> 2) & 3] }
    }

    /// Whether this replica has been made a master.
    pub(crate) fn is_master(self, replica: usize) -> bool {
        self.follows[replica] == 1
    }

    /// Runs one command on a replica and answers it. The commands of a transaction are run as they come: nobody else
    /// looks in between.
    pub(crate) fn run(&mut self, replica: usize, argv: &[Vec<u8>]) -> Frame {
        let ok = Frame::Simple(b"OK".to_vec());
        let name = argv.first().map(|word| word.to_ascii_uppercase()).unwrap_or_default();
        match name.as_slice() {
            b"PING" => Frame::Simple(b"PONG".to_vec()),
            b"INFO" => Frame::Bulk(self.info(replica).into_bytes()),
            b"PUBLISH" => Frame::Integer(1),
            b"SUBSCRIBE" => Frame::Array(vec![
                Frame::Bulk(b"subscribe".to_vec()),
                Frame::Bulk(argv[1].clone()),
                Frame::Integer(1),
            ]),
            b"SLAVEOF" => {
                self.follows[replica] = followed(&argv[1], &argv[2]);
                ok
            }
            _ => ok,
        }
    }

    fn info(self, replica: usize) -> String {
        let run_id = format!("{:040x}", 0xabc0 + replica);
        let offset = 1_000 - replica;
        if self.is_master(replica) {
            return format!("run_id:{run_id}\r\nrole:master\r\nmaster_repl_offset:{offset}\r\n");
        }
        let (at, link) = match self.follows[replica] {
            2 => (server(1), "up"),
            3 => (server(2), "up"),
            _ => (server(0), "down"),
        };
        format!(
            "run_id:{run_id}\r\nrole:slave\r\nmaster_host:{}\r\nmaster_port:{}\r\nmaster_link_status:{link}\r\n\
             slave_priority:100\r\nslave_repl_offset:{offset}\r\n",
            at.ip(),
            at.port()
        )
    }
}

fn followed(host: &[u8], port: &[u8]) -> u8 {
    let at = |n: usize| host == server(n).ip().to_string().as_bytes() && port == b"6379";
    match () {
        () if host.eq_ignore_ascii_case(b"NO") => 1,
        () if at(1) => 2,
        () if at(2) => 3,
        () => 0,
    }
}

/// The address of a data server: 0 is the old master, then the replicas.
pub(crate) fn server(n: usize) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, n as u8 + 1], 6379))
}

/// Which data server has this address.
pub(crate) fn server_at(addr: SocketAddr) -> Option<usize> {
    (0..=REPLICAS_MAX).find(|n| server(*n) == addr)
}
