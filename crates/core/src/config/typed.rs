//! Between the table of general directives and the fields of [`General`]: what a checked value sets, and what a field is
//! written as. Directives without a field here are kept as text only.

use super::args::quote;
use super::error::Fault;
use super::value::{memory, output_limit_text, output_limits};
use super::{General, OutputLimit};
use crate::event::LogLevel;

/// What to do with a file in an old encoding.
const NOT_UTF8: &str = "redis-sentinel takes any bytes, Watchkeeper UTF-8 only: save the file in UTF-8 (`iconv -f latin1 -t utf-8`); \
                        the other sentinels and clients must then know a group by the same bytes";

/// A word as text. Paths and names of other encodings are refused instead of being changed silently.
pub(crate) fn text(value: &[u8]) -> Result<String, Fault> {
    String::from_utf8(value.to_vec()).map_err(|_| {
        let shown = String::from_utf8_lossy(value);
        Fault::at(1, format!("`{shown}` is not valid UTF-8")).hint(NOT_UTF8).only_here()
    })
}

fn optional(value: &[u8]) -> Result<Option<String>, Fault> {
    text(value).map(|value| Some(value).filter(|value| !value.is_empty()))
}

fn limit([hard_bytes, soft_bytes, soft_s]: [u64; 3]) -> OutputLimit {
    OutputLimit { hard_bytes, soft_bytes, soft_s }
}

/// The text of a checked number. Checked values fit; 0 would only follow from a hole in the table.
fn number<T: std::str::FromStr + Default>(text: &str) -> T {
    text.parse().unwrap_or_default()
}

/// Sets the field of the directive `name`. `canonical` is the text [`super::value::check`] made of `args`.
pub(crate) fn set(general: &mut General, name: &str, args: &[Vec<u8>], canonical: &str) -> Result<(), Fault> {
    let first = args.first().map_or(&[][..], |arg| &arg[..]);
    let yes = canonical == "yes";
    match name {
        "port" => general.port = number(canonical),
        "bind" => general.bind = bind(args)?,
        "bind-source-addr" => general.bind_source_addr = optional(first)?,
        "protected-mode" => general.protected_mode = yes,
        "tcp-backlog" => general.tcp_backlog = number(canonical),
        "tcp-keepalive" => general.tcp_keepalive_s = number(canonical),
        "timeout" => general.timeout_s = number(canonical),
        "maxclients" => general.maxclients = number(canonical),
        "unixsocket" => general.unixsocket = optional(first)?,
        "unixsocketperm" => general.unixsocketperm = u32::from_str_radix(canonical, 8).unwrap_or_default(),
        "daemonize" => general.daemonize = yes,
        "supervised" => general.supervised = canonical.into(),
        "pidfile" => general.pidfile = optional(first)?,
        "logfile" => general.logfile = text(first)?,
        "loglevel" => general.loglevel = level(canonical),
        "syslog-enabled" => general.syslog_enabled = yes,
        "syslog-ident" => general.syslog_ident = text(first)?,
        "syslog-facility" => general.syslog_facility = canonical.into(),
        "log-format" => general.log_format = canonical.into(),
        "log-timestamp-format" => general.log_timestamp_format = canonical.into(),
        "requirepass" => general.requirepass = Some(first.to_vec()).filter(|password| !password.is_empty()),
        "aclfile" => general.aclfile = optional(first)?,
        "acllog-max-len" => general.acllog_max_len = number(canonical),
        "acl-pubsub-default" => general.acl_pubsub_allchannels = canonical == "allchannels",
        "client-output-buffer-limit" => {
            let [normal, _, pubsub] = output_limits(canonical);
            general.output_limit_normal = limit(normal);
            general.output_limit_pubsub = limit(pubsub);
        }
        "client-query-buffer-limit" => general.query_buffer_limit = bytes(canonical),
        "proto-max-bulk-len" => general.proto_max_bulk_len = bytes(canonical),
        "hz" => general.hz = number(canonical),
        "set-proc-title" => general.set_proc_title = yes,
        "state-file" => general.state_file = optional(first)?,
        tls => set_tls(general, tls, first, canonical)?,
    }
    Ok(())
}

fn set_tls(general: &mut General, name: &str, first: &[u8], canonical: &str) -> Result<(), Fault> {
    let tls = &mut general.tls;
    let yes = canonical == "yes";
    match name {
        "tls-port" => tls.port = number(canonical),
        "tls-cert-file" => tls.cert_file = optional(first)?,
        "tls-key-file" => tls.key_file = optional(first)?,
        "tls-key-file-pass" => tls.key_file_pass = optional(first)?,
        "tls-client-cert-file" => tls.client_cert_file = optional(first)?,
        "tls-client-key-file" => tls.client_key_file = optional(first)?,
        "tls-client-key-file-pass" => tls.client_key_file_pass = optional(first)?,
        "tls-ca-cert-file" => tls.ca_cert_file = optional(first)?,
        "tls-ca-cert-dir" => tls.ca_cert_dir = optional(first)?,
        "tls-auth-clients" => tls.auth_clients = canonical.into(),
        "tls-replication" => tls.replication = yes,
        "tls-cluster" => tls.cluster = yes,
        "tls-protocols" => tls.protocols = text(first)?,
        _ => {}
    }
    Ok(())
}

fn bytes(canonical: &str) -> u64 {
    memory(canonical.as_bytes()).unwrap_or_default()
}

fn bind(args: &[Vec<u8>]) -> Result<Vec<String>, Fault> {
    let split;
    let args = match args {
        [one] => {
            split = super::args::split_args(one).unwrap_or_default();
            &split[..]
        }
        _ => args,
    };
    args.iter().filter(|arg| !arg.is_empty()).map(|arg| text(arg)).collect()
}

fn level(canonical: &str) -> LogLevel {
    match canonical {
        "debug" => LogLevel::Debug,
        "verbose" => LogLevel::Verbose,
        "warning" => LogLevel::Warning,
        "nothing" => LogLevel::Nothing,
        _ => LogLevel::Notice,
    }
}

fn level_text(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Debug => "debug",
        LogLevel::Verbose => "verbose",
        LogLevel::Notice => "notice",
        LogLevel::Warning => "warning",
        LogLevel::Nothing => "nothing",
    }
}

/// What a field is written as: the text after the name. `None` where the directive has no field.
pub(crate) fn get(general: &General, name: &str) -> Option<String> {
    let yes_no = |yes: bool| if yes { "yes" } else { "no" }.to_string();
    let path = |path: &Option<String>| quote(path.as_deref().unwrap_or_default().as_bytes());
    Some(match name {
        "port" => general.port.to_string(),
        "bind" if general.bind.is_empty() => "\"\"".into(),
        "bind" => {
            let words = general.bind.iter().map(|address| super::args::word(address.as_bytes()));
            words.map(|word| String::from_utf8_lossy(&word).into_owned()).collect::<Vec<_>>().join(" ")
        }
        "bind-source-addr" => path(&general.bind_source_addr),
        "protected-mode" => yes_no(general.protected_mode),
        "tcp-backlog" => general.tcp_backlog.to_string(),
        "tcp-keepalive" => general.tcp_keepalive_s.to_string(),
        "timeout" => general.timeout_s.to_string(),
        "maxclients" => general.maxclients.to_string(),
        "unixsocket" => path(&general.unixsocket),
        "unixsocketperm" => format!("{:o}", general.unixsocketperm),
        "daemonize" => yes_no(general.daemonize),
        "supervised" => general.supervised.clone(),
        "pidfile" => path(&general.pidfile),
        "logfile" => quote(general.logfile.as_bytes()),
        "loglevel" => level_text(general.loglevel).into(),
        "syslog-enabled" => yes_no(general.syslog_enabled),
        "syslog-ident" => quote(general.syslog_ident.as_bytes()),
        "syslog-facility" => general.syslog_facility.clone(),
        "log-format" => general.log_format.clone(),
        "log-timestamp-format" => general.log_timestamp_format.clone(),
        "dir" => quote(general.dir.as_bytes()),
        "requirepass" => quote(general.requirepass.as_deref().unwrap_or_default()),
        "aclfile" => path(&general.aclfile),
        "acllog-max-len" => general.acllog_max_len.to_string(),
        "acl-pubsub-default" => {
            if general.acl_pubsub_allchannels { "allchannels" } else { "resetchannels" }.into()
        }
        "client-output-buffer-limit" => limits_text(general),
        "client-query-buffer-limit" => super::value::memory_text(general.query_buffer_limit),
        "proto-max-bulk-len" => super::value::memory_text(general.proto_max_bulk_len),
        "hz" => general.hz.to_string(),
        "set-proc-title" => yes_no(general.set_proc_title),
        "state-file" => path(&general.state_file),
        tls => return get_tls(general, tls),
    })
}

fn get_tls(general: &General, name: &str) -> Option<String> {
    let tls = &general.tls;
    let yes_no = |yes: bool| if yes { "yes" } else { "no" }.to_string();
    let path = |path: &Option<String>| quote(path.as_deref().unwrap_or_default().as_bytes());
    Some(match name {
        "tls-port" => tls.port.to_string(),
        "tls-cert-file" => path(&tls.cert_file),
        "tls-key-file" => path(&tls.key_file),
        "tls-key-file-pass" => path(&tls.key_file_pass),
        "tls-client-cert-file" => path(&tls.client_cert_file),
        "tls-client-key-file" => path(&tls.client_key_file),
        "tls-client-key-file-pass" => path(&tls.client_key_file_pass),
        "tls-ca-cert-file" => path(&tls.ca_cert_file),
        "tls-ca-cert-dir" => path(&tls.ca_cert_dir),
        "tls-auth-clients" if tls.auth_clients.is_empty() => "yes".into(),
        "tls-auth-clients" => tls.auth_clients.clone(),
        "tls-replication" => yes_no(tls.replication),
        "tls-cluster" => yes_no(tls.cluster),
        "tls-protocols" => quote(tls.protocols.as_bytes()),
        _ => return None,
    })
}

/// All three classes: that of replicas means nothing to a sentinel and is kept as it was given.
fn limits_text(general: &General) -> String {
    let given = general.given.iter().find(|(name, _)| name == "client-output-buffer-limit");
    let mut limits = output_limits(given.map_or("", |(_, text)| text));
    let plain = |limit: OutputLimit| [limit.hard_bytes, limit.soft_bytes, limit.soft_s];
    limits[0] = plain(general.output_limit_normal);
    limits[2] = plain(general.output_limit_pubsub);
    (0..3).map(|class| output_limit_text(class, limits[class])).collect::<Vec<_>>().join(" ")
}
