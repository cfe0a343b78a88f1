//! Addresses that mean another machine on another host. Loopback is all that the other tests have, so this one has a
//! network of its own.

use std::net::Ipv4Addr;
use std::process::Command;

use crate::SENTINELS;
use crate::stage::Who::Server;
use crate::stage::{NAME, Stage};

pub(crate) fn loopback() {
    let hosts = [1, 2, 3].map(|host| Ipv4Addr::new(10, 77, 0, host));
    ip(&["link", "set", "lo", "up"]);
    for host in hosts {
        ip(&["addr", "add", &format!("{host}/32"), "dev", "lo"]);
    }
    let mut stage = Stage::on(hosts.into());
    stage.fill("bind *", "");
    stage.finds(&[], &[]);

    // What the guides to a first trial say, on three hosts.
    let port = stage.addr(Server(1)).port();
    let monitor = |host: &str| {
        for who in SENTINELS {
            stage.ask(who, &format!("SENTINEL REMOVE {NAME}"));
            stage.ask(who, &format!("SENTINEL MONITOR {NAME} {host} {port} 2"));
        }
    };
    monitor("127.0.0.1");
    stage.finds_saying(&[], &["WD232 critical"], &[&format!("SENTINEL MASTER: 127.0.0.1:{port}")]);
    monitor(&hosts[0].to_string());
    stage.finds(&[], &[]);

    // A replica that tells the wrong one; the right one is still listed.
    stage.ask(Server(2), "CONFIG SET replica-announce-ip 127.0.0.1");
    stage.ask(Server(2), "CLIENT KILL TYPE master");
    let said = format!("SENTINEL REPLICAS: 127.0.0.1:{}", stage.addr(Server(2)).port());
    stage.finds_saying(&[], &["WD232 warning", "WD248 warning"], &[&said]);
}

fn ip(words: &[&str]) {
    let output = Command::new("ip").args(words).output().unwrap();
    assert!(output.status.success(), "ip {words:?}: {}", String::from_utf8_lossy(&output.stderr));
}
