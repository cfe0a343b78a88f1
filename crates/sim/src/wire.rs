//! What a sentinel says, read back from its bytes where a property must know of it.

use std::net::SocketAddr;

use watchkeeper_resp::{RequestDecoder, RequestLimits};

/// What the properties care about in what a sentinel sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// an ask that carries its candidacy
    Candidacy {
        /// the master asked about
        master: SocketAddr,
        /// in which epoch
        epoch: u64,
        /// whose
        candidate: String,
    },
    /// SLAVEOF
    Order {
        /// whom to follow; `None`: NO ONE
        follow: Option<SocketAddr>,
    },
    /// a hello
    Hello {
        /// the sender's current epoch
        current_epoch: u64,
        /// the group
        group: String,
        /// its master
        master: SocketAddr,
        /// the config epoch of that
        config_epoch: u64,
    },
    /// anything else
    Other,
}

/// Reads one command as it is sent on a link. Most are told apart by their first bytes.
pub fn sent(bytes: &[u8]) -> Sent {
    let interesting = bytes.starts_with(b"*6\r\n$8\r\nSENTINEL")
        || bytes.starts_with(b"*3\r\n$7\r\nSLAVEOF")
        || bytes.starts_with(b"*3\r\n$7\r\nPUBLISH");
    if !interesting {
        return Sent::Other;
    }
    let mut decoder = RequestDecoder::new(RequestLimits::authenticated());
    decoder.feed(bytes);
    let Ok(Some(argv)) = decoder.next() else { return Sent::Other };
    read(&argv).unwrap_or(Sent::Other)
}

fn read(argv: &[Vec<u8>]) -> Option<Sent> {
    if let Some(ask) = vote_request(argv) {
        let Ask { master, epoch, candidate } = ask;
        return Some(Sent::Candidacy { master, epoch, candidate });
    }
    match &argv[0][..] {
        b"SLAVEOF" => Some(Sent::Order { follow: addr(text(&argv[1])?, text(&argv[2])?) }),
        b"PUBLISH" => {
            let fields: Vec<&str> = text(&argv[2])?.split(',').collect();
            let [_, _, _, current, group, host, port, config] = fields[..] else { return None };
            Some(Sent::Hello {
                current_epoch: current.parse().ok()?,
                group: group.to_owned(),
                master: addr(host, port)?,
                config_epoch: config.parse().ok()?,
            })
        }
        _ => None,
    }
}

/// An ask for a vote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// the master asked about
    pub master: SocketAddr,
    /// the epoch of the candidacy
    pub epoch: u64,
    /// whose
    pub candidate: String,
}

/// `SENTINEL is-master-down-by-addr` with a candidate; one with `*` only asks for the state.
pub fn vote_request(argv: &[Vec<u8>]) -> Option<Ask> {
    let master = asked_about(argv)?;
    let [_, _, _, _, epoch, id] = argv else { return None };
    let epoch = text(epoch)?.parse().ok()?;
    (id != b"*").then(|| text(id)).flatten().map(|id| Ask { master, epoch, candidate: id.to_owned() })
}

/// The master that a `SENTINEL is-master-down-by-addr` of either kind is about.
pub fn asked_about(argv: &[Vec<u8>]) -> Option<SocketAddr> {
    let [_, word, host, port, _, _] = argv else { return None };
    let fits = word.eq_ignore_ascii_case(b"is-master-down-by-addr");
    if fits { addr(text(host)?, text(port)?) } else { None }
}

/// `SENTINEL FAILOVER`, and of which group.
pub fn failover_request(argv: &[Vec<u8>]) -> Option<String> {
    let [first, word, group] = argv else { return None };
    let fits = first.eq_ignore_ascii_case(b"sentinel") && word.eq_ignore_ascii_case(b"failover");
    fits.then(|| String::from_utf8_lossy(group).into_owned())
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

fn addr(host: &str, port: &str) -> Option<SocketAddr> {
    Some(SocketAddr::new(host.parse().ok()?, port.parse().ok()?))
}
