//! TLS: whether a sentinel could use what it is told to, with the code that would use it, and what becomes of it in time.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use watchkeeper_core::config::{General, Tls};

use super::codes::{WK601, WK602, WK603, WK604, WK605, WK606};
use super::{Desk, certificate, say};
use crate::daemon::tls_refusal;

/// A certificate that ends sooner is told.
const SOON_S: i64 = 30 * DAY_S;
const DAY_S: i64 = 24 * 60 * 60;

/// TLS of ports and links.
pub(super) fn look(desk: &mut Desk<'_>) {
    let sheet = desk.sheet;
    let lang = desk.lang();
    let config = &sheet.survey.config;
    let general = &config.general;
    let tls = &general.tls;
    let on = tls.port != 0 || tls.replication || tls.cluster;
    if !on {
        if tls.cert_file.is_some() || tls.client_cert_file.is_some() {
            let at = sheet.general("tls-cert-file").or_else(|| sheet.general("tls-client-cert-file"));
            let message = say!(lang, "nothing uses this certificate", "没有任何地方使用这个证书");
            desk.report(&WK606, at, 0, message);
        }
        return;
    }
    if let Some(reason) = refusal(desk, general) {
        // The reason begins with, or has in it, the directive to blame.
        let word = reason
            .split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
            .find(|word| word.starts_with("tls-"));
        let known = ["tls-cert-file", "tls-key-file", "tls-ca-cert-file", "tls-ca-cert-dir", "tls-protocols"];
        let named = known.into_iter().find(|known| word == Some(*known)).and_then(|name| sheet.general(name));
        let at = named.or_else(|| sheet.general("tls-port")).or_else(|| sheet.general("tls-replication"));
        desk.report(&WK601, at, 1, say!(lang, "{reason}", "TLS 无法使用：{reason}"));
    } else if !desk.options.elsewhere {
        dates(desk, tls);
    }
    if tls.replication && tls.port == 0 {
        let message = say!(
            lang,
            "`tls-replication yes` without `tls-port`",
            "有 `tls-replication yes`，没有 `tls-port`"
        );
        desk.report(&WK604, sheet.general("tls-replication"), 0, message);
    }
    if general.port == 0 && tls.port != 0 && !tls.replication && config.global.announce_port == 0 {
        let message = say!(
            lang,
            "other sentinels are told port 0, not {}",
            "其他哨兵得到的端口是 0，而不是 {}",
            tls.port
        );
        desk.report(&WK605, sheet.general("port"), 1, message);
    }
}

/// Why TLS cannot be used. Of files of another machine nothing is known.
fn refusal(desk: &Desk<'_>, general: &General) -> Option<String> {
    let reason = tls_refusal(&at_home(desk, &general.tls))?;
    let of_the_text =
        ["No tls-", "Either tls-", "Invalid tls-"].iter().any(|start| reason.starts_with(start));
    (of_the_text || !desk.options.elsewhere).then_some(reason)
}

/// The same with the paths a sentinel would find.
fn at_home(desk: &Desk<'_>, tls: &Tls) -> Tls {
    let mut tls = tls.clone();
    let paths = [
        &mut tls.cert_file,
        &mut tls.key_file,
        &mut tls.client_cert_file,
        &mut tls.client_key_file,
        &mut tls.ca_cert_file,
        &mut tls.ca_cert_dir,
    ];
    for path in paths.into_iter().flatten() {
        *path = desk.sheet.resolve(path).display().to_string();
    }
    tls
}

fn dates(desk: &mut Desk<'_>, tls: &Tls) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    let files = [
        ("tls-cert-file", &tls.cert_file),
        ("tls-client-cert-file", &tls.client_cert_file),
        ("tls-ca-cert-file", &tls.ca_cert_file),
    ];
    for (directive, path) in files {
        let Some(path) = path else { continue };
        let path: PathBuf = desk.sheet.resolve(path);
        let found = certificate::in_file(&path);
        // Bundles of authorities always have one that has expired.
        let bundle = directive == "tls-ca-cert-file" && found.len() > 1;
        for validity in found.into_iter().filter(|_| !bundle) {
            date(desk, directive, &path, validity, now);
        }
    }
}

fn date(
    desk: &mut Desk<'_>,
    directive: &'static str,
    path: &Path,
    validity: certificate::Validity,
    now: i64,
) {
    let (lang, path) = (desk.lang(), path.display());
    let at = desk.sheet.general(directive);
    let left = validity.until - now;
    let days = left.abs() / DAY_S;
    if left < 0 {
        let message = say!(lang, "`{path}` expired {days} days ago", "`{path}` 已过期 {days} 天");
        desk.report(&WK602, at, 1, message);
    } else if validity.from > now {
        let days = (validity.from - now) / DAY_S;
        let message =
            say!(lang, "`{path}` is not valid for another {days} days", "`{path}` 还要 {days} 天才生效");
        desk.report(&WK602, at, 1, message);
    } else if left < SOON_S {
        let message = say!(lang, "`{path}` expires in {days} days", "`{path}` 将在 {days} 天后过期");
        desk.report(&WK603, at, 1, message);
    }
}
