//! Certificates that end: a real server and a real sentinel speak TLS with certificates made here.

use std::fs;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use rcgen::{BasicConstraints, Certificate, CertificateParams, IsCa, KeyPair};

use crate::stage::Who::{Sentinel, Server};
use crate::stage::{Stage, Way};

struct Authority {
    certificate: Certificate,
    key: KeyPair,
}

impl Authority {
    fn new(dir: &Path) -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        fs::write(dir.join("ca.crt"), certificate.pem()).unwrap();
        Authority { certificate, key }
    }

    /// Writes a certificate for these addresses that ends in so many days.
    fn issue(&self, dir: &Path, name: &str, host: &str, days: i64) {
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        let end = Timestamp::now() + SignedDuration::from_hours(24 * days + 1);
        let date = end.to_zoned(jiff::tz::TimeZone::UTC).date();
        params.not_after = rcgen::date_time_ymd(
            date.year().into(),
            date.month().try_into().unwrap(),
            date.day().try_into().unwrap(),
        );
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.certificate, &self.key).unwrap();
        fs::write(dir.join(format!("{name}.crt")), certificate.pem()).unwrap();
        fs::write(dir.join(format!("{name}.key")), key.serialize_pem()).unwrap();
    }
}

fn lines(name: &str, port: u16) -> String {
    format!(
        "port 0\ntls-port {port}\ntls-replication yes\ntls-auth-clients no\ntls-ca-cert-file ca.crt\n\
         tls-cert-file {name}.crt\ntls-key-file {name}.key\n"
    )
}

pub(crate) fn run() {
    let mut stage = Stage::new(1);
    let (server, sentinel) = (stage.addr(Server(1)), stage.addr(Sentinel(1)));
    let authority = Authority::new(stage.dir());
    let host = server.ip().to_string();
    authority.issue(stage.dir(), "sentinel", &host, 365);
    authority.issue(stage.dir(), "server", &host, 12);
    stage.server(1, &lines("server", server.port()));
    let text = lines("sentinel", sentinel.port()) + &stage.monitor(1);
    stage.sentinel(1, &text);

    // Who does not say so is told, of a sentinel of Redis too.
    stage.way(Sentinel(2), Way::Upstream);
    let second = stage.addr(Sentinel(2));
    stage.sentinel(2, &lines("sentinel", second.port()));
    for at in [sentinel, second].map(|at| at.to_string()) {
        for words in [&["doctor", &at][..], &["status", "--sentinel", &at]] {
            let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_watchkeeper"));
            let output = command.args(["--lang", "en"]).args(words).output().unwrap();
            let text = String::from_utf8(output.stderr).unwrap();
            assert!(text.contains("is TLS spoken there? `--tls` with `--cacert FILE`"), "{words:?}: {text}");
        }
    }
    stage.kill(Sentinel(2));

    let ca = stage.dir().join("ca.crt").display().to_string();
    let words = ["--tls", "--cacert", ca.as_str()];
    let seen = stage.finds(&words, &["WD229 warning", "WD240 critical", "WD257 critical", "WD273 warning"]);
    assert!(seen.text.contains("ends in 11 days") || seen.text.contains("ends in 12 days"), "{}", seen.text);

    authority.issue(stage.dir(), "server", &host, 200);
    stage.kill(Server(1));
    stage.start(Server(1));
    stage.finds(&words, &["WD229 warning", "WD240 critical", "WD257 critical"]);

    authority.issue(stage.dir(), "server", &host, -2);
    stage.kill(Server(1));
    stage.start(Server(1));
    let seen = stage.finds(&words, &["WD202 critical", "WD221 critical", "WD229 warning", "WD273 critical"]);
    assert!(seen.text.contains("has expired"), "{}", seen.text);
}
