//! A network for the processes of one group: each has an interface of its own, as containers have, and a name. The test
//! itself sits at the switch. Only for a process that is apart, see [`crate::apart`].

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::process::{Command, Stdio};

/// The switch at which the test sits.
const NEAR: &str = "near";
/// Another one. Nothing passes between the two.
const FAR: &str = "far";
/// Everybody's interface.
const PORT: &str = "eth0";

/// The network.
pub(crate) struct Net {
    /// how often the names were written
    names: u32,
}

impl Net {
    pub(crate) fn new() -> Net {
        // `ip netns` keeps its files there.
        run("mount", &["-t", "tmpfs", "none", "/run"]);
        fs::create_dir("/run/netns").unwrap();
        for switch in [NEAR, FAR] {
            ip(&["link", "add", switch, "type", "bridge"]);
            ip(&["link", "set", switch, "up"]);
        }
        ip(&["addr", "add", "10.77.0.254/24", "dev", NEAR]);
        ip(&["link", "set", "lo", "up"]);
        Net { names: 0 }
    }

    /// The address number `number`.
    pub(crate) fn address(number: u8) -> IpAddr {
        IpAddr::V4(Ipv4Addr::new(10, 77, 0, number))
    }

    /// A place for a process. Its interface is not in use yet.
    pub(crate) fn add(&self, name: &str) {
        ip(&["netns", "add", name]);
        ip(&["-n", name, "link", "set", "lo", "up"]);
        ip(&["link", "add", name, "type", "veth", "peer", "name", PORT, "netns", name]);
        ip(&["link", "set", name, "master", NEAR, "up"]);
    }

    /// The words before a command that run it at a place.
    pub(crate) fn words(&self, name: &str) -> [String; 2] {
        ["nsenter".to_owned(), format!("--net=/run/netns/{name}")]
    }

    /// The interface is there, with this address and no other.
    pub(crate) fn plug_in(&self, name: &str, address: IpAddr) {
        let IpAddr::V4(v4) = address else { panic!("{address} is not of this network") };
        let [a, b, c, d] = v4.octets();
        // The link address goes with the other one, so that no neighbour remembers whose it was before.
        let link = format!("02:42:{a:02x}:{b:02x}:{c:02x}:{d:02x}");
        ip(&["-n", name, "addr", "flush", "dev", PORT]);
        ip(&["-n", name, "link", "set", PORT, "address", &link]);
        ip(&["-n", name, "addr", "add", &format!("{address}/24"), "dev", PORT]);
        ip(&["-n", name, "link", "set", PORT, "up"]);
    }

    /// The interface is gone.
    pub(crate) fn unplug(&self, name: &str) {
        ip(&["-n", name, "link", "set", PORT, "down"]);
    }

    /// What is away reaches what else is away, and nobody else.
    pub(crate) fn set_away(&self, name: &str, away: bool) {
        ip(&["link", "set", name, "master", if away { FAR } else { NEAR }]);
    }

    /// From now on exactly these names are valid, for everybody.
    pub(crate) fn set_names(&mut self, names: &[(String, IpAddr)]) {
        self.names += 1;
        let lines = names.iter().map(|(name, address)| format!("{address} {name}\n"));
        let file = format!("/run/hosts-{}", self.names);
        fs::write(Path::new(&file), lines.collect::<String>()).unwrap();
        // Over what was there before: nobody ever reads half a file.
        run("mount", &["--bind", &file, "/etc/hosts"]);
    }
}

fn ip(words: &[&str]) {
    run("ip", words);
}

fn run(program: &str, words: &[&str]) {
    let output = Command::new(program).args(words).stdin(Stdio::null()).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "`{program} {}`: {errors}", words.join(" "));
}
