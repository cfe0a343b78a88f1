//! TLS as Redis means it: certificates are verified against the configured authorities, host names are not.
//!
//! Built once at start; links and listeners share the result. On top of what the verifier of rustls accepts, a
//! certificate that is itself one of the configured authorities is accepted whatever it says about being an authority
//! or about its dates: small installations use one self-signed certificate on all machines. Certificates of X.509
//! version 1 and encrypted keys are refused.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, ring};
use rustls::crypto::{verify_tls12_signature, verify_tls13_signature};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use rustls::version::{TLS12, TLS13};
use rustls::{
    ClientConfig, DigitallySignedStruct, DistinguishedName, Error, RootCertStore, ServerConfig,
    SignatureScheme, SupportedProtocolVersion,
};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use watchkeeper_core::config::{General, Tls};

use super::strerror::strerror;

/// Files read from `tls-ca-cert-dir` at most.
const CA_FILES: usize = 10_000;

/// What listeners and links need for TLS.
#[derive(Debug, Clone)]
pub(super) struct Contexts {
    pub(super) server: Arc<ServerConfig>,
    pub(super) client: Arc<ClientConfig>,
}

/// Reads the TLS files. `None` when nothing asks for TLS; the error is a line for the log.
pub(super) fn contexts(tls: &Tls) -> Result<Option<Contexts>, String> {
    if tls.port == 0 && !tls.replication && !tls.cluster {
        return Ok(None);
    }
    let cert_file = tls.cert_file.as_deref().ok_or("No tls-cert-file configured!")?;
    let key_file = tls.key_file.as_deref().ok_or("No tls-key-file configured!")?;
    let auth = Auth::parse(&tls.auth_clients)?;
    let needs_ca = tls.cluster || tls.replication || auth != Auth::No;
    if needs_ca && tls.ca_cert_file.is_none() && tls.ca_cert_dir.is_none() {
        let when = "when tls-cluster, tls-replication or tls-auth-clients are enabled!";
        return Err(format!("Either tls-ca-cert-file or tls-ca-cert-dir must be specified {when}"));
    }
    let versions = versions(&tls.protocols)?;
    let provider = Arc::new(ring::default_provider());
    let authorities = Authorities::read(tls)?;
    let pair = Pair::read("tls-cert-file", cert_file, "tls-key-file", key_file, tls.key_file_pass.is_some())?;
    let client_pair = match (&tls.client_cert_file, &tls.client_key_file) {
        (Some(cert), Some(key)) => {
            Pair::read("tls-client-cert-file", cert, "tls-client-key-file", key, false)?
        }
        (Some(_), None) | (None, Some(_)) | (None, None) => pair.clone(),
    };
    let server = server_config(auth, &authorities, pair, &provider, &versions)?;
    let client = client_config(authorities, Some(client_pair), provider, &versions)?;
    Ok(Some(Contexts { server: Arc::new(server), client: Arc::new(client) }))
}

/// TLS for a client alone: who is believed, and the certificate that is shown where there is one.
pub(crate) fn client(tls: &Tls) -> Result<Arc<ClientConfig>, String> {
    let versions = versions(&tls.protocols)?;
    let authorities = Authorities::read(tls)?;
    let shown = match (&tls.client_cert_file, &tls.client_key_file) {
        (Some(cert), Some(key)) => Some((cert, key)),
        (Some(_), None) | (None, Some(_)) | (None, None) => tls.cert_file.as_ref().zip(tls.key_file.as_ref()),
    };
    let pair = shown
        .map(|(cert, key)| Pair::read("the certificate", cert, "its key", key, tls.key_file_pass.is_some()));
    client_config(authorities, pair.transpose()?, Arc::new(ring::default_provider()), &versions).map(Arc::new)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Auth {
    Yes,
    Optional,
    No,
}

impl Auth {
    fn parse(word: &str) -> Result<Auth, String> {
        match word {
            "" | "yes" => Ok(Auth::Yes),
            "optional" => Ok(Auth::Optional),
            "no" => Ok(Auth::No),
            other => Err(format!("tls-auth-clients is `{other}`, expected `yes`, `no` or `optional`")),
        }
    }
}

fn versions(words: &str) -> Result<Vec<&'static SupportedProtocolVersion>, String> {
    let bad = "Invalid tls-protocols configuration string";
    let mut versions = Vec::new();
    for word in words.split_whitespace() {
        match word.to_ascii_lowercase().as_str() {
            "tlsv1.3" => versions.push(&TLS13),
            "tlsv1.2" => versions.push(&TLS12),
            // Old and broken, never spoken here; a line that also names a good one still means something.
            "tlsv1" | "tlsv1.1" => {}
            _ => return Err(format!("{bad}: `{words}`, expected `TLSv1.2` and `TLSv1.3`")),
        }
    }
    if words.split_whitespace().next().is_none() {
        versions = vec![&TLS13, &TLS12];
    }
    if versions.is_empty() {
        return Err(format!(
            "{bad}: `{words}` names no version that is spoken here. hint: `TLSv1.2 TLSv1.3`"
        ));
    }
    Ok(versions)
}

/// A certificate chain and its key.
#[derive(Debug)]
struct Pair {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Clone for Pair {
    fn clone(&self) -> Pair {
        Pair { chain: self.chain.clone(), key: self.key.clone_key() }
    }
}

impl Pair {
    fn read(cert_word: &str, cert: &str, key_word: &str, key: &str, has_pass: bool) -> Result<Pair, String> {
        let chain =
            certificates(Path::new(cert)).map_err(|e| format!("Failed to load {cert_word} `{cert}`: {e}"))?;
        let fail = |e: String| format!("Failed to load {key_word} `{key}`: {e}");
        let text = fs::read(key).map_err(|e| fail(strerror(&e)))?;
        let encrypted = [&b"ENCRYPTED PRIVATE KEY"[..], b"Proc-Type: 4,ENCRYPTED"];
        if encrypted.iter().any(|mark| text.windows(mark.len()).any(|w| w == *mark)) {
            let given = if has_pass { " (tls-key-file-pass is given, but" } else { " (" };
            return Err(fail(format!(
                "the key is encrypted{given} encrypted keys are not supported). \
                 hint: decrypt it with `openssl pkey -in {key} -out PLAIN` and protect the file by its permissions"
            )));
        }
        let key = PrivateKeyDer::from_pem_slice(&text).map_err(|e| fail(e.to_string()))?;
        Ok(Pair { chain, key })
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let text = fs::read(path).map_err(|e| strerror(&e))?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let found = found.map_err(|e| e.to_string())?;
    if found.is_empty() { Err("no certificate in it".into()) } else { Ok(found) }
}

/// Who is believed.
#[derive(Debug)]
struct Authorities {
    roots: Arc<RootCertStore>,
    /// the same, whole, to recognise a certificate that is itself an authority
    certificates: Arc<Vec<CertificateDer<'static>>>,
}

impl Authorities {
    fn read(tls: &Tls) -> Result<Authorities, String> {
        let mut all = Vec::new();
        if let Some(file) = &tls.ca_cert_file {
            let found = certificates(Path::new(file));
            all.extend(found.map_err(|e| format!("Failed to load tls-ca-cert-file `{file}`: {e}"))?);
        }
        if let Some(dir) = &tls.ca_cert_dir {
            let fail =
                |e: std::io::Error| format!("Failed to read tls-ca-cert-dir `{dir}`: {}", strerror(&e));
            for entry in fs::read_dir(dir).map_err(fail)?.take(CA_FILES) {
                // Such directories hold other things too: lists of revoked certificates, links, notes.
                all.extend(certificates(&entry.map_err(fail)?.path()).unwrap_or_default());
            }
        }
        let mut roots = RootCertStore::empty();
        // Old certificates that rustls cannot parse may still be recognised whole.
        roots.add_parsable_certificates(all.iter().cloned());
        Ok(Authorities { roots: Arc::new(roots), certificates: Arc::new(all) })
    }
}

fn server_config(
    auth: Auth,
    authorities: &Authorities,
    pair: Pair,
    provider: &Arc<CryptoProvider>,
    versions: &[&'static SupportedProtocolVersion],
) -> Result<ServerConfig, String> {
    let builder = ServerConfig::builder_with_provider(Arc::clone(provider))
        .with_protocol_versions(versions)
        .map_err(|e| e.to_string())?;
    let builder = if auth == Auth::No {
        builder.with_no_client_auth()
    } else {
        let roots = Arc::clone(&authorities.roots);
        let verifier = WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(provider));
        let verifier = if auth == Auth::Optional { verifier.allow_unauthenticated() } else { verifier };
        let inner = verifier.build().map_err(|e| format!("Failed to use the TLS authorities: {e}"))?;
        let known = Arc::clone(&authorities.certificates);
        builder.with_client_cert_verifier(Arc::new(Clients { inner, known }))
    };
    builder.with_single_cert(pair.chain, pair.key).map_err(|e| unusable("tls-cert-file", &e))
}

fn client_config(
    authorities: Authorities,
    pair: Option<Pair>,
    provider: Arc<CryptoProvider>,
    versions: &[&'static SupportedProtocolVersion],
) -> Result<ClientConfig, String> {
    let algorithms = provider.signature_verification_algorithms;
    let servers = Servers { roots: authorities.roots, known: authorities.certificates, algorithms };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .map_err(|e| e.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(servers));
    let mut config = match pair {
        Some(pair) => builder
            .with_client_auth_cert(pair.chain, pair.key)
            .map_err(|e| unusable("the TLS client certificate", &e))?,
        None => builder.with_no_client_auth(),
    };
    config.enable_sni = false;
    Ok(config)
}

fn unusable(what: &str, error: &Error) -> String {
    let text = error.to_string();
    if text.contains("UnsupportedCertVersion") {
        return format!(
            "Failed to use {what}: the certificate is of X.509 version 1, expected version 3. \
             hint: sign it with `openssl x509 -req -extfile FILE`, FILE holding `basicConstraints=CA:FALSE`"
        );
    }
    format!("Failed to use {what} and its key: {text}")
}

/// Verifies the servers we connect to: the chain, not the name.
#[derive(Debug)]
struct Servers {
    roots: Arc<RootCertStore>,
    known: Arc<Vec<CertificateDer<'static>>>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Servers {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.known.iter().any(|known| known == end_entity) {
            return Ok(ServerCertVerified::assertion());
        }
        let parsed = ParsedCertificate::try_from(end_entity)?;
        verify_server_cert_signed_by_trust_anchor(
            &parsed,
            &self.roots,
            intermediates,
            now,
            self.algorithms.all,
        )?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// Verifies the clients that connect to us.
#[derive(Debug)]
struct Clients {
    inner: Arc<dyn ClientCertVerifier>,
    known: Arc<Vec<CertificateDer<'static>>>,
}

impl ClientCertVerifier for Clients {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.inner.root_hint_subjects()
    }

    fn client_auth_mandatory(&self) -> bool {
        self.inner.client_auth_mandatory()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        if self.known.iter().any(|known| known == end_entity) {
            return Ok(ClientCertVerified::assertion());
        }
        self.inner.verify_client_cert(end_entity, intermediates, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// A warning for each directive that chooses what this TLS library does not let choose.
pub(super) fn without_effect(general: &General) -> Vec<String> {
    const CHOSEN: [&str; 4] =
        ["tls-ciphers", "tls-ciphersuites", "tls-prefer-server-ciphers", "tls-dh-params-file"];
    let given = general.given.iter().map(|(name, _)| name.as_str()).filter(|name| CHOSEN.contains(name));
    given
        .map(|name| {
            format!("WARNING: `{name}` has no effect: only TLS 1.2 and 1.3 with the library's modern ciphers are spoken")
        })
        .collect()
}

#[cfg(test)]
mod tests;
