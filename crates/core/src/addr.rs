//! Addresses of servers and peers: the configured text, and the IP it stands for at present.

use std::net::{IpAddr, SocketAddr};

/// Host and port of a server or peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Addr {
    /// as configured or announced: an IP or a name
    pub(crate) host: String,
    /// what the host resolves to, once known
    pub(crate) ip: Option<IpAddr>,
    /// 0 marks an address that is never dialled
    pub(crate) port: u16,
}

impl Addr {
    /// An address whose host is a literal IP, or a name not yet resolved.
    pub(crate) fn new(host: impl Into<String>, port: u16) -> Addr {
        let host = host.into();
        let ip = host.parse().ok();
        Addr { host, ip, port }
    }

    /// Where to connect, if anywhere.
    pub(crate) fn socket(&self) -> Option<SocketAddr> {
        match self.ip {
            Some(ip) if self.port != 0 => Some(SocketAddr::new(ip, self.port)),
            Some(_) | None => None,
        }
    }

    /// Whether the host is this name, in any case of letters.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        self.host.eq_ignore_ascii_case(name)
    }

    /// The host as shown: the configured text, or the IP. An unresolved name is shown as it is when names
    /// are announced, otherwise as an empty text.
    pub(crate) fn shown(&self, announce_hostnames: bool) -> String {
        if announce_hostnames {
            return self.host.clone();
        }
        self.ip.map_or_else(String::new, ip_text)
    }

    /// Whether both name one place: same port, and same IP or same text.
    pub(crate) fn same(&self, other: &Addr) -> bool {
        self.port == other.port
            && (self.host.eq_ignore_ascii_case(&other.host) || (self.ip.is_some() && self.ip == other.ip))
    }

    /// Whether this is `host`:`port` as somebody else wrote it; `ip` is what that host resolves to, if known.
    pub(crate) fn is_at(&self, host: &str, ip: Option<IpAddr>, port: u16) -> bool {
        self.port == port && (self.host.eq_ignore_ascii_case(host) || (ip.is_some() && self.ip == ip))
    }
}

/// As `to_string`, which takes longer for a v4 address than all else it takes to say where a master is.
fn ip_text(ip: IpAddr) -> String {
    let IpAddr::V4(v4) = ip else { return ip.to_string() };
    let mut text = String::with_capacity("255.255.255.255".len());
    for (at, octet) in v4.octets().into_iter().enumerate() {
        if at > 0 {
            text.push('.');
        }
        for divisor in [100, 10, 1] {
            if octet >= divisor || divisor == 1 {
                text.push(char::from(b'0' + octet / divisor % 10));
            }
        }
    }
    text
}

/// `host:port`, the host in brackets when it holds a colon: the name a replica keeps for life.
pub(crate) fn joined(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equality_is_by_ip_or_by_text() {
        let mut named = Addr::new("Redis-1", 6379);
        assert!(named.same(&Addr::new("redis-1", 6379)));
        assert!(!named.same(&Addr::new("10.0.0.1", 6379)));
        named.ip = Some("10.0.0.1".parse().unwrap());
        assert!(named.same(&Addr::new("10.0.0.1", 6379)));
        assert!(!named.same(&Addr::new("10.0.0.1", 6380)));
    }

    #[test]
    fn ipv6_names_are_bracketed() {
        assert_eq!(joined("::1", 6379), "[::1]:6379");
        assert_eq!(joined("10.0.0.1", 6379), "10.0.0.1:6379");
    }

    #[test]
    fn every_octet_is_written_as_the_library_does() {
        for octet in 0..=u8::MAX {
            let ip = IpAddr::from([octet, 1, 255 - octet, 10]);
            assert_eq!(ip_text(ip), ip.to_string());
        }
        let six: IpAddr = "fe80::1".parse().unwrap();
        assert_eq!(ip_text(six), "fe80::1");
    }
}
