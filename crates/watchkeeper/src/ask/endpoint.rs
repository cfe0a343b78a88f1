//! Where a server or sentinel listens, as people and sentinels write it.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

/// A host, as name or address, and a port.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// name or address, IPv6 without brackets
    pub host: String,
    /// 1..=65535
    pub port: u16,
}

impl Endpoint {
    /// This host and port.
    pub fn new(host: impl Into<String>, port: u16) -> Endpoint {
        Endpoint { host: host.into(), port }
    }

    /// Reads `HOST:PORT`, `[IPV6]:PORT`, or a host alone, which then has `port`.
    ///
    /// # Errors
    /// What was expected, for the person who wrote it.
    pub fn parse_or(text: &str, port: u16) -> Result<Endpoint, String> {
        let wrong = || format!("`{text}`: expected HOST:PORT, such as 10.0.0.2:{port} or [fd00::2]:{port}");
        let whole_is_v6 = text.parse::<Ipv6Addr>().is_ok();
        let (host, port) = match text.rsplit_once(':') {
            Some((host, digits)) if !whole_is_v6 => (host, digits.parse().map_err(|_| wrong())?),
            Some(_) | None => (text, port),
        };
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let fine = !bare.is_empty() && bare.len() <= 255 && bare.chars().all(|c| c.is_ascii_graphic());
        if port == 0 || !fine || bare.contains(['[', ']', '/', '@']) {
            return Err(wrong());
        }
        Ok(Endpoint::new(bare, port))
    }
}

impl FromStr for Endpoint {
    type Err = String;

    /// A sentinel's `HOST[:PORT]`: 26379 where no port is given.
    fn from_str(text: &str) -> Result<Endpoint, String> {
        Endpoint::parse_or(text, 26379)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_ports_and_both_kinds_of_addresses_are_read() {
        for (text, shown) in [
            ("10.0.0.1:26380", "10.0.0.1:26380"),
            ("redis-1", "redis-1:26379"),
            ("[fd00::2]:7", "[fd00::2]:7"),
            ("fd00::2", "[fd00::2]:26379"),
        ] {
            assert_eq!(text.parse::<Endpoint>().unwrap().to_string(), shown);
        }
    }

    #[test]
    fn what_is_no_place_is_refused_with_what_was_expected() {
        for text in ["", ":1", "a:0", "a:70000", "a:b", "a b:1", "redis://a:1"] {
            let error = text.parse::<Endpoint>().unwrap_err();
            assert!(error.contains("expected HOST:PORT"), "`{text}`: {error}");
        }
    }
}
