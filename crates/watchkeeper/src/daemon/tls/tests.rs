//! Which settings are refused, and who is let in.

use std::path::PathBuf;

use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::*;

/// An authority with one certificate of its own, in files.
struct Authority {
    dir: tempfile::TempDir,
}

impl Authority {
    fn new() -> Authority {
        let dir = tempfile::tempdir().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca_key = KeyPair::generate().unwrap();
        let ca = params.self_signed(&ca_key).unwrap();
        let key = KeyPair::generate().unwrap();
        // The name is nobody's: names are not compared.
        let leaf = CertificateParams::new(vec!["unrelated.example".into()])
            .unwrap()
            .signed_by(&key, &ca, &ca_key)
            .unwrap();
        for (name, text) in [
            ("ca.crt", ca.pem()),
            ("ca.key", ca_key.serialize_pem()),
            ("leaf.crt", leaf.pem()),
            ("leaf.key", key.serialize_pem()),
        ] {
            fs::write(dir.path().join(name), text).unwrap();
        }
        Authority { dir }
    }

    fn file(&self, name: &str) -> Option<String> {
        Some(self.dir.path().join(name).display().to_string())
    }

    fn tls(&self) -> Tls {
        Tls {
            port: 1,
            cert_file: self.file("leaf.crt"),
            key_file: self.file("leaf.key"),
            ca_cert_file: self.file("ca.crt"),
            ..Tls::default()
        }
    }
}

/// Whether a client with one's settings and a server with the other's understand each other.
async fn understand(client: &Tls, server: &Tls) -> bool {
    let client = contexts(client).unwrap().unwrap().client;
    let server = contexts(server).unwrap().unwrap().server;
    let (near, far) = duplex(64 * 1024);
    let connect = async {
        let name = ServerName::IpAddress(std::net::IpAddr::from([127, 0, 0, 1]).into());
        let mut stream = TlsConnector::from(client).connect(name, near).await?;
        stream.write_all(b"PING").await?;
        let mut got = [0; 4];
        stream.read_exact(&mut got).await
    };
    let accept = async {
        let mut stream = TlsAcceptor::from(server).accept(far).await?;
        let mut got = [0; 4];
        stream.read_exact(&mut got).await?;
        stream.write_all(&got).await?;
        stream.shutdown().await
    };
    let (connected, accepted) = tokio::join!(connect, accept);
    connected.is_ok() && accepted.is_ok()
}

#[tokio::test]
async fn a_common_authority_is_needed_and_names_do_not_matter() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    assert!(understand(&ours.tls(), &ours.tls()).await);
    assert!(!understand(&theirs.tls(), &ours.tls()).await);
    // The client believes the server, but has no certificate that the server believes.
    let stranger = Tls { ca_cert_file: ours.file("ca.crt"), ..theirs.tls() };
    assert!(!understand(&stranger, &ours.tls()).await);
    let open = Tls { auth_clients: "no".into(), ..ours.tls() };
    assert!(understand(&stranger, &open).await, "tls-auth-clients no asks for nothing");
    let with_client_pair =
        Tls { client_cert_file: ours.file("leaf.crt"), client_key_file: ours.file("leaf.key"), ..stranger };
    assert!(understand(&with_client_pair, &ours.tls()).await);
}

#[tokio::test]
async fn one_self_signed_certificate_for_everything_works() {
    let ours = Authority::new();
    let single = Tls { cert_file: ours.file("ca.crt"), key_file: ours.file("ca.key"), ..ours.tls() };
    assert!(understand(&single, &single).await);
    let theirs = Authority::new();
    assert!(!understand(&theirs.tls(), &single).await);
}

#[tokio::test]
async fn versions_must_overlap_and_a_directory_of_authorities_is_read() {
    let ours = Authority::new();
    let old = Tls { protocols: "TLSv1.2".into(), ..ours.tls() };
    let new = Tls { protocols: "TLSv1.3".into(), ..ours.tls() };
    assert!(!understand(&old, &new).await);
    assert!(understand(&Tls { protocols: "TLSv1.2 TLSv1.3".into(), ..ours.tls() }, &old).await);
    let dir = PathBuf::from(ours.file("x").unwrap()).parent().unwrap().display().to_string();
    let by_dir = Tls { ca_cert_file: None, ca_cert_dir: Some(dir), ..ours.tls() };
    assert!(understand(&by_dir, &by_dir).await);
}

#[test]
fn refusals_come_in_the_known_order_and_words() {
    let ours = Authority::new();
    let good = ours.tls();
    let refused = |tls: Tls| contexts(&tls).unwrap_err();
    assert!(contexts(&Tls::default()).unwrap().is_none(), "nothing asks for TLS");
    assert_eq!(refused(Tls { port: 1, ..Tls::default() }), "No tls-cert-file configured!");
    assert_eq!(refused(Tls { key_file: None, ..good.clone() }), "No tls-key-file configured!");
    assert_eq!(
        refused(Tls { ca_cert_file: None, ..good.clone() }),
        "Either tls-ca-cert-file or tls-ca-cert-dir must be specified when tls-cluster, tls-replication or \
         tls-auth-clients are enabled!"
    );
    for bad in ["nonsense", "TLSv1", "TLSv1.2 x"] {
        let text = refused(Tls { protocols: bad.into(), ..good.clone() });
        assert!(text.starts_with("Invalid tls-protocols configuration string"), "{text}");
    }
    assert!(refused(Tls { cert_file: ours.file("none"), ..good.clone() }).contains("No such file"));
    let encrypted = ours.file("encrypted.key");
    fs::write(
        encrypted.as_deref().unwrap(),
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
    )
    .unwrap();
    let text = refused(Tls { key_file: encrypted, key_file_pass: Some("x".into()), ..good });
    assert!(text.contains("encrypted") && text.contains("hint:"), "{text}");
}

/// What `openssl x509 -req` made by default before OpenSSL 3.2.
const VERSION_1: (&str, &str) = (
    "-----BEGIN CERTIFICATE-----\nMIIBFjCBvQIUeHeDem3mn53ZvimGlE43Mr9zlUEwCgYIKoZIzj0EAwIwDTELMAkG\nA1UEAwwCdjEwIBcNMjYxMTIzMjMyNTIxWhgPMjEyNjEwMzAyMzI1MjFaMA0xCzAJ\nBgNVBAMMAnYxMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEn/B5Dlwdt+WqoNGA\nmrNvji/BSnYZ/mzRGore70YlLD6AfG4sk0J3Kw+pIVy88JI15s7Sxzw6mrgiCUiX\n/ZnL3TAKBggqhkjOPQQDAgNIADBFAiEAqgSQu3kEMak8Y+SnPS77CIjseFvurwvI\nIs/JqT2AQBoCIFWtzO/xKJ/ans5hMxyodtufLl0FWY7zXLrao1kFwQt2\n-----END CERTIFICATE-----\n",
    "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg0CjYgKXe19zDsGYV\nKGwT2m+/gaH4UXJlJPVoMX/C/dWhRANCAASf8HkOXB235aqg0YCas2+OL8FKdhn+\nbNEait7vRiUsPoB8biyTQncrD6khXLzwkjXmztLHPDqauCIJSJf9mcvd\n-----END PRIVATE KEY-----\n",
);

#[test]
fn a_certificate_of_version_1_is_refused_with_the_way_out() {
    let ours = Authority::new();
    fs::write(ours.file("v1.crt").unwrap(), VERSION_1.0).unwrap();
    fs::write(ours.file("v1.key").unwrap(), VERSION_1.1).unwrap();
    let tls = Tls { cert_file: ours.file("v1.crt"), key_file: ours.file("v1.key"), ..ours.tls() };
    let text = contexts(&tls).unwrap_err();
    assert!(text.contains("version 1") && text.contains("hint:"), "{text}");
}

#[test]
fn settings_without_effect_are_told() {
    let given = vec![("tls-ciphers".into(), "HIGH".into()), ("tls-port".into(), "1".into())];
    let warnings = without_effect(&General { given, ..General::default() });
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].contains("`tls-ciphers` has no effect"), "{warnings:?}");
}
