//! Hosts: which names mean the same machine, and which mean none. Servers and sentinels write each other's addresses as
//! names or as numbers, as each is configured.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, ToSocketAddrs};

use crate::ask::{Endpoint, unresolved};

/// What the names mean on this host.
#[derive(Debug, Clone, Default)]
pub(super) struct Names(BTreeMap<String, Result<BTreeSet<IpAddr>, String>>);

impl Names {
    /// Looks all of them up; an address is itself.
    pub(super) fn resolve(hosts: impl IntoIterator<Item = String>) -> Names {
        let hosts: BTreeSet<String> = hosts.into_iter().collect();
        Names(hosts.into_iter().map(|host| (host.clone(), look_up(&host))).collect())
    }

    /// The names that mean nothing here, with the reason.
    pub(super) fn unresolved(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().filter_map(|(host, found)| Some((host.as_str(), found.as_ref().err()?.as_str())))
    }

    /// One name for a host, whichever of its names is given.
    pub(super) fn host(&self, host: &str) -> String {
        let found = self.0.get(host).and_then(|found| found.as_ref().ok());
        found
            .and_then(|addrs| addrs.iter().next())
            .map_or_else(|| host.to_ascii_lowercase(), IpAddr::to_string)
    }

    /// Whether both are the same place.
    pub(super) fn same(&self, a: &Endpoint, b: &Endpoint) -> bool {
        a.port == b.port && self.same_host(&a.host, &b.host)
    }

    fn same_host(&self, a: &str, b: &str) -> bool {
        let addrs = |host: &str| self.0.get(host).and_then(|found| found.as_ref().ok());
        match (addrs(a), addrs(b)) {
            (Some(a), Some(b)) => !a.is_disjoint(b),
            (Some(_) | None, None) | (None, Some(_)) => a.eq_ignore_ascii_case(b),
        }
    }

    /// Whether it is this machine, whoever says it.
    pub(super) fn is_loopback(&self, host: &str) -> bool {
        let found = self.0.get(host).and_then(|found| found.as_ref().ok());
        found.is_some_and(|addrs| !addrs.is_empty() && addrs.iter().all(IpAddr::is_loopback))
    }
}

fn look_up(host: &str) -> Result<BTreeSet<IpAddr>, String> {
    if let Ok(addr) = host.parse() {
        return Ok(BTreeSet::from([addr]));
    }
    // The port does not matter.
    match (host, 0).to_socket_addrs() {
        Ok(found) => Ok(found.map(|addr| addr.ip()).collect()),
        Err(error) => Err(unresolved(&error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_and_its_address_are_one_place() {
        let names =
            Names::resolve(["localhost", "127.0.0.1", "10.0.0.1", "no.such.name.invalid"].map(String::from));
        assert!(names.same(&Endpoint::new("localhost", 1), &Endpoint::new("127.0.0.1", 1)));
        assert!(!names.same(&Endpoint::new("localhost", 1), &Endpoint::new("127.0.0.1", 2)));
        assert!(!names.same(&Endpoint::new("localhost", 1), &Endpoint::new("10.0.0.1", 1)));
        assert!(names.is_loopback("localhost") && !names.is_loopback("10.0.0.1"));
        assert_eq!(names.unresolved().map(|(host, _)| host).collect::<Vec<_>>(), ["no.such.name.invalid"]);
    }
}
