//! Reading INFO: pure text in, facts out. What the facts lead to is decided elsewhere.

/// What a server's INFO says, as far as a sentinel uses it. Absent fields stay `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Info {
    pub(crate) run_id: Option<String>,
    pub(crate) role: Option<Role>,
    /// (host, port) of each `slaveN:` line
    pub(crate) replicas: Vec<(String, u16)>,
    /// milliseconds; -1000 for a replica that was never connected
    pub(crate) master_link_down_ms: i64,
    pub(crate) master_host: Option<String>,
    pub(crate) master_port: Option<u16>,
    pub(crate) master_link_up: Option<bool>,
    pub(crate) priority: Option<i64>,
    pub(crate) offset: Option<u64>,
    pub(crate) announced: Option<bool>,
    /// it reads its data from disk, or a copy it received
    pub(crate) loading: Option<bool>,
    /// a whole copy of the master's data is on its way to it
    pub(crate) syncing: Option<bool>,
    /// how many keys it has, in all databases; `None` if it does not say
    pub(crate) keys: Option<u64>,
}

/// The role a server reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Master,
    Replica,
}

/// `slaveN:` lines read at most from one INFO; a hostile server can send millions.
const REPLICA_LINES_MAX: usize = 1_000;

impl Info {
    /// Reads the text. Lines it does not know are skipped; a damaged line says nothing.
    pub(crate) fn parse(text: &[u8]) -> Info {
        let mut info = Info::default();
        for line in text.split(|b| *b == b'\n') {
            // Most of the hundred lines say nothing to a sentinel: `run_id`, `role`, `replica_`, `master_`, `slave`, `loading`,
            // `# Keyspace` and `db0` do.
            if !matches!(
                line,
                [b'r', b'u' | b'o' | b'e', ..]
                    | [b'm', b'a', b's', ..]
                    | [b's', b'l', ..]
                    | [b'l', b'o', b'a', ..]
                    | [b'#', b' ', b'K', ..]
                    | [b'd', b'b', b'0'..=b'9', ..]
            ) {
                continue;
            }
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.len() > LINE_MAX {
                continue;
            }
            if let Ok(line) = std::str::from_utf8(line) {
                info.line(line);
            }
        }
        info
    }

    fn line(&mut self, line: &str) {
        if line == "# Keyspace" {
            // An empty database has no line of its own.
            self.keys = self.keys.or(Some(0));
        }
        let Some((key, value)) = line.split_once(':') else { return };
        match key {
            "run_id" => {
                // Longer is cut as upstream does; shorter is no run id.
                self.run_id = value.get(..40).map(str::to_owned);
            }
            "role" => {
                self.role = match value {
                    v if v.starts_with("master") => Some(Role::Master),
                    v if v.starts_with("slave") => Some(Role::Replica),
                    _ => self.role,
                };
            }
            "master_link_down_since_seconds" => {
                self.master_link_down_ms = value.parse::<i64>().map_or(0, |s| s.saturating_mul(1000));
            }
            "loading" => self.loading = Some(value != "0"),
            _ if is_numbered(key, "db") => {
                let keys = value.strip_prefix("keys=").and_then(|rest| rest.split(',').next()?.parse().ok());
                self.keys = keys.map(|keys: u64| keys.saturating_add(self.keys.unwrap_or(0))).or(self.keys);
            }
            _ if is_numbered(key, "slave") => {
                let room = REPLICA_LINES_MAX - self.replicas.len();
                self.replicas.extend(replica(value).into_iter().take(room));
            }
            // The rest counts only below a `role:slave` line.
            _ if self.role == Some(Role::Replica) => self.replica_field(key, value),
            _ => {}
        }
    }

    fn replica_field(&mut self, key: &str, value: &str) {
        match key {
            "master_host" => self.master_host = Some(value.to_owned()),
            "master_port" => self.master_port = value.parse().ok(),
            "master_link_status" => self.master_link_up = Some(value.eq_ignore_ascii_case("up")),
            "slave_priority" => self.priority = value.parse().ok(),
            "slave_repl_offset" => self.offset = value.parse().ok(),
            "replica_announced" => self.announced = Some(value != "0"),
            "master_sync_in_progress" => self.syncing = Some(value != "0"),
            _ => {}
        }
    }
}

/// No line a sentinel reads is longer.
const LINE_MAX: usize = 1_024;

fn is_numbered(key: &str, name: &str) -> bool {
    key.strip_prefix(name).is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

/// `ip=..,port=..,...`, or the old `ip,port,state`.
fn replica(value: &str) -> Option<(String, u16)> {
    if value.contains("ip=") {
        let field = |name: &str| value.split(',').find_map(|f| f.strip_prefix(name)?.strip_prefix('='));
        return Some((host(field("ip")?)?, field("port")?.parse().ok()?));
    }
    let mut fields = value.split(',');
    Some((host(fields.next()?)?, fields.next()?.parse().ok()?))
}

fn host(text: &str) -> Option<String> {
    let fine =
        !text.is_empty() && text.len() <= 255 && text.chars().all(|c| c.is_ascii_graphic() && c != '"');
    fine.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_master_with_old_and_new_replica_lines() {
        let info = Info::parse(
            b"# Server\r\nrun_id:0123456789012345678901234567890123456789\r\nrole:master\r\n\
              slave0:ip=10.0.0.2,port=6380,state=online,offset=5,lag=0\r\nslave1:10.0.0.3,6381,online\r\n\
              slave2:ip=::1,port=70000,state=online\r\nmaster_host:ignored\r\n",
        );
        assert_eq!(info.role, Some(Role::Master));
        assert_eq!(info.replicas, [("10.0.0.2".to_owned(), 6380), ("10.0.0.3".to_owned(), 6381)]);
        assert_eq!(info.run_id.as_deref(), Some("0123456789012345678901234567890123456789"));
        assert_eq!(info.master_host, None);
    }

    #[test]
    fn the_keys_of_all_databases_are_counted() {
        let keys = |text: &str| Info::parse(text.as_bytes()).keys;
        assert_eq!(keys("role:master\r\n"), None, "it does not say");
        assert_eq!(keys("role:master\r\n\r\n# Keyspace\r\n"), Some(0));
        assert_eq!(
            keys("# Keyspace\r\ndb0:keys=3,expires=0,avg_ttl=0\r\ndb15:keys=4,expires=1\r\n"),
            Some(7)
        );
        let most = u64::MAX;
        assert_eq!(
            keys(&format!("# Keyspace\r\ndb0:keys={most}\r\ndb1:keys=2\r\ndbx:keys=1\r\ndb2:k=1")),
            Some(most)
        );
        let info = Info::parse(b"loading:1\r\nrole:slave\r\nmaster_sync_in_progress:1\r\n");
        assert_eq!((info.loading, info.syncing), (Some(true), Some(true)));
    }

    #[test]
    fn a_replica_never_connected_reports_minus_one() {
        let info = Info::parse(
            b"role:slave\r\nmaster_host:10.0.0.1\r\nmaster_port:6379\r\nmaster_link_status:down\r\n\
              master_link_down_since_seconds:-1\r\nslave_priority:90\r\nslave_repl_offset:77\r\nreplica_announced:0\r\n",
        );
        assert_eq!(info.master_link_down_ms, -1000);
        assert_eq!((info.master_host.as_deref(), info.master_port), (Some("10.0.0.1"), Some(6379)));
        assert_eq!((info.master_link_up, info.priority, info.offset), (Some(false), Some(90), Some(77)));
        assert_eq!(info.announced, Some(false));
    }

    #[test]
    fn garbage_says_nothing() {
        assert_eq!(
            Info::parse(b"\xff\xfe\r\nrun_id:short\r\nslave:x\r\nslave0:\r\nrole\r\n"),
            Info::default()
        );
    }
}
