//! Environments and the configurations they make.

use super::*;

/// An environment that is a list.
struct Given(&'static [(&'static str, &'static str)]);

impl Outside for Given {
    fn variable(&self, name: &str) -> Option<Vec<u8>> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_bytes().to_vec())
    }

    fn file(&self, path: &str) -> std::io::Result<Vec<u8>> {
        match path {
            "/run/secrets/redis" => Ok(b"from a file\n".to_vec()),
            _ => Err(std::io::ErrorKind::NotFound.into()),
        }
    }

    fn discover(&self, endpoint: Option<&str>) -> Result<String, String> {
        match endpoint {
            Some("http://down") => Err("timed out".into()),
            Some(_) | None => Ok("10.0.0.9".into()),
        }
    }
}

fn configuration(given: &'static [(&'static str, &'static str)]) -> String {
    let settings = read(&Given(given), Lang::En).unwrap_or_else(|refused| panic!("{refused:?}"));
    String::from_utf8(settings.configuration()).unwrap()
}

/// The lines of a configuration that an empty environment does not make.
fn more(given: &'static [(&'static str, &'static str)]) -> Vec<String> {
    let without = configuration(&[]);
    let with = configuration(given);
    with.lines().filter(|line| !without.lines().any(|known| known == *line)).map(str::to_string).collect()
}

#[test]
fn an_empty_environment_makes_what_stratus_defaults_are() {
    assert_eq!(
        configuration(&[("MASTER", ""), ("SLAVES", "")]),
        "port 26379\ndir .\nstate-file watchkeeper-state.conf\n\
         sentinel monitor mymaster 127.0.0.1 6379 2\n\
         sentinel down-after-milliseconds mymaster 30000\n\
         sentinel failover-timeout mymaster 180000\n\
         sentinel parallel-syncs mymaster 1\n"
    );
}

#[test]
fn each_variable_makes_its_line() {
    type Case = (&'static [(&'static str, &'static str)], &'static [&'static str]);
    let cases: &[Case] = &[
        (&[("QUORUM", "3")], &["sentinel monitor mymaster 127.0.0.1 6379 3"]),
        (&[("MASTER", "10.0.0.1")], &["sentinel monitor mymaster 10.0.0.1 6379 2"]),
        (&[("MASTER", "10.0.0.1:7000")], &["sentinel monitor mymaster 10.0.0.1 7000 2"]),
        (&[("MASTER", "[::1]:7000")], &["sentinel monitor mymaster ::1 7000 2"]),
        (&[("MASTER", "fe80::1")], &["sentinel monitor mymaster fe80::1 6379 2"]),
        (
            &[("MASTER", "redis_master"), ("REDIS_PORT", "7000")],
            &["sentinel resolve-hostnames yes", "sentinel monitor mymaster redis_master 7000 2"],
        ),
        (&[("DEFAULT_PORT", "7001")], &["sentinel monitor mymaster 127.0.0.1 7001 2"]),
        (
            &[("DEFAULT_PORT", "7001"), ("REDIS_PORT", "6379")],
            &["sentinel monitor mymaster 127.0.0.1 7001 2"],
        ),
        (
            &[("DEFAULT_PORT", "7001"), ("REDIS_PORT", "7002")],
            &["sentinel monitor mymaster 127.0.0.1 7002 2"],
        ),
        (
            &[("SLAVES", ";10.0.0.2;;10.0.0.3:7000;")],
            &[
                "sentinel known-replica mymaster 10.0.0.2 6379",
                "sentinel known-replica mymaster 10.0.0.3 7000",
            ],
        ),
        (&[("SENTINEL_PORT", "26380")], &["port 26380"]),
        (&[("DOWN_AFTER", "1000")], &["sentinel down-after-milliseconds mymaster 1000"]),
        (&[("FAILOVER_TIMEOUT", "1000")], &["sentinel failover-timeout mymaster 1000"]),
        (&[("PARALLEL_SYNCS", "2")], &["sentinel parallel-syncs mymaster 2"]),
        (
            &[("ANNOUNCE_IP", "10.1.1.1"), ("ANNOUNCE_PORT", "1")],
            &["sentinel announce-ip 10.1.1.1", "sentinel announce-port 1"],
        ),
        (&[("AWS_IP_DISCOVERY", "true"), ("ANNOUNCE_IP", "10.1.1.1")], &["sentinel announce-ip 10.0.0.9"]),
        (&[("AWS_IP_DISCOVERY", "false"), ("ANNOUNCE_IP", "10.1.1.1")], &["sentinel announce-ip 10.1.1.1"]),
        (&[("AUTH_PASS", "a \"b\" c")], &["sentinel auth-pass mymaster \"a \\\"b\\\" c\""]),
        (&[("AUTH_PASS", "#'\\x")], &["sentinel auth-pass mymaster \"#'\\\\x\""]),
        (&[("AUTH_PASS_FILE", "/run/secrets/redis")], &["sentinel auth-pass mymaster \"from a file\""]),
        (
            &[("AUTH_USER", "watch"), ("AUTH_PASS", "p")],
            &["sentinel auth-pass mymaster p", "sentinel auth-user mymaster watch"],
        ),
        (
            &[("SENTINEL_USER", "s"), ("SENTINEL_PASS", "p"), ("REQUIREPASS", "q")],
            &["requirepass q", "sentinel sentinel-user s", "sentinel sentinel-pass p"],
        ),
        (&[("NOTIFICATION_SCRIPT", "/bin/sh")], &["sentinel notification-script mymaster /bin/sh"]),
        (&[("CLIENT_RECONFIG_SCRIPT", "/bin/sh")], &["sentinel client-reconfig-script mymaster /bin/sh"]),
        (&[("REPLICATION_TOPOLOGY", "Chain")], &["sentinel replication-topology mymaster chain"]),
        (&[("LOG_LEVEL", "debug")], &["loglevel debug"]),
        (&[("ACL_FILE", "/etc/users.acl")], &["aclfile /etc/users.acl"]),
        (&[("STATE_DIR", "/data")], &["dir /data"]),
        (&[("RESOLVE_HOSTNAMES", "yes")], &["sentinel resolve-hostnames yes"]),
        (
            &[("ANNOUNCE_HOSTNAMES", "1")],
            &["sentinel resolve-hostnames yes", "sentinel announce-hostnames yes"],
        ),
        (
            &[("SENTINEL_ID", "000000000000000000000000000000000000000A")],
            &["sentinel myid 000000000000000000000000000000000000000a"],
        ),
    ];
    for (given, expected) in cases {
        assert_eq!(more(given), *expected, "{given:?}");
    }
    assert!(configuration(&[("MASTER_NAME", "m")]).contains("sentinel parallel-syncs m 1\n"));
}

#[test]
fn what_is_made_is_read_as_it_was_meant() {
    use watchkeeper_core::Persona;
    use watchkeeper_core::config::{Files, Source, parse};

    struct Nothing;
    impl Files for Nothing {
        fn read(&mut self, _path: &str) -> Result<Vec<u8>, String> {
            Err("no".into())
        }
        fn read_if_exists(&mut self, _path: &str) -> Result<Option<Vec<u8>>, String> {
            Ok(None)
        }
        fn glob(&mut self, _pattern: &str) -> Vec<String> {
            Vec::new()
        }
        fn chdir(&mut self, dir: &str) -> Result<String, String> {
            Ok(dir.into())
        }
        fn executable(&mut self, _path: &str) -> bool {
            true
        }
        fn open_log(&mut self, _path: &str) -> Result<(), String> {
            Ok(())
        }
    }
    let text = configuration(&[
        ("MASTER", "redis-1"),
        ("SLAVES", "redis-2;redis-3"),
        ("AUTH_PASS", "it's \"a\" pass\\word\twith # all"),
        ("REPLICATION_TOPOLOGY", "chain"),
    ]);
    let source = Source { path: String::new(), text: text.into_bytes() };
    let config = parse(&source, &mut Nothing, Persona::Redis, true).unwrap();
    let group = &config.groups[0];
    assert_eq!(group.auth_pass.as_deref(), Some(&b"it's \"a\" pass\\word\twith # all"[..]));
    assert_eq!(group.replicas, [("redis-2".to_string(), 6379), ("redis-3".to_string(), 6379)]);
    assert_eq!((&*group.host, group.quorum), ("redis-1", 2));
}

#[test]
fn a_wrong_value_is_told_with_its_name_and_what_is_allowed() {
    let cases: &[(&[(&str, &str)], &str)] = &[
        (&[("QUORUM", "two")], "`QUORUM` is `two`, expected a whole number from 1 to 2147483647"),
        (&[("QUORUM", "0")], "`QUORUM` is `0`, expected a whole number from 1 to 2147483647"),
        (&[("QUORUM", "+1")], "`QUORUM` is `+1`, expected a whole number from 1 to 2147483647"),
        (
            &[("SENTINEL_PORT", "65536")],
            "`SENTINEL_PORT` is `65536`, expected a whole number from 1 to 65535",
        ),
        (&[("MASTER", "a b")], "`MASTER` is `a b`, expected `host[:port]`"),
        (&[("MASTER", "h:0")], "`MASTER` is `h:0`, expected `host[:port]`"),
        (&[("MASTER", "h:1\nport 2")], "`MASTER` is `h:1\nport 2`, expected `host[:port]`"),
        (&[("SLAVES", "a,b")], "`SLAVES` is `a,b`, expected `host[:port]`, several with `;` between"),
        (&[("MASTER_NAME", "a b")], "`MASTER_NAME` is `a b`, expected a word without blanks"),
        (
            &[("REPLICATION_TOPOLOGY", "ring")],
            "`REPLICATION_TOPOLOGY` is `ring`, expected `star`, `keep`, `chain`",
        ),
        (
            &[("NOTIFICATION_SCRIPT", "/etc/passwd")],
            "`NOTIFICATION_SCRIPT` is `/etc/passwd`, expected an absolute path",
        ),
        (&[("ANNOUNCE_HOSTNAMES", "perhaps")], "`ANNOUNCE_HOSTNAMES` is `perhaps`, expected `yes` or `no`"),
        (&[("SENTINEL_ID", "1")], "`SENTINEL_ID` is `1`, expected 40 hexadecimal digits"),
        (&[("AUTH_PASS", "secret\0")], "`AUTH_PASS` is `***`, expected any text"),
        (&[("AUTH_PASS_FILE", "/none")], "`AUTH_PASS_FILE` is `/none`, which cannot be read"),
        (&[("AUTH_USER", "u")], "`AUTH_USER` is set and `AUTH_PASS` is not"),
        (
            &[("AWS_IP_DISCOVERY", "yes"), ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://down")],
            "`AWS_IP_DISCOVERY` is set, and the metadata service does not tell the address: timed out",
        ),
        (&[("MASTER", "redis-1"), ("RESOLVE_HOSTNAMES", "no")], "`redis-1` is a name"),
    ];
    for (given, expected) in cases {
        let given: &'static [(&str, &str)] = given;
        let refused = read(&Given(given), Lang::En).expect_err("refused");
        assert_eq!(refused.len(), 1, "{given:?}");
        assert!(refused[0].what.starts_with(expected), "{given:?}: {}", refused[0].what);
        let told = told(&refused, Lang::En);
        assert!(told.starts_with("error: ") && told.contains("\nhint: "), "{told}");
        assert!(read(&Given(given), Lang::Zh).is_err());
    }
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let refused = read(&Given(&[("QUORUM", "x"), ("MASTER", "?"), ("LOG_LEVEL", "loud")]), Lang::En);
    assert_eq!(refused.map(|_| ()).unwrap_err().len(), 3);
}

#[test]
fn every_variable_stands_once_in_the_table_and_in_the_guides() {
    let mut names: Vec<_> = variables::VARIABLES.iter().map(|variable| variable.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), variables::VARIABLES.len());
    for (lang, path) in [(Lang::En, "docs/guide/stratus.md"), (Lang::Zh, "docs/guide/stratus.zh-CN.md")] {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
        let text = std::fs::read_to_string(&path).unwrap();
        let table = variables::markdown(lang);
        let (begin, end) = ("<!-- variables:begin -->\n", "<!-- variables:end -->");
        let (before, rest) = text.split_once(begin).unwrap();
        let (shown, after) = rest.split_once(end).unwrap();
        if shown != table && std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&path, format!("{before}{begin}{table}{end}{after}")).unwrap();
            continue;
        }
        assert!(shown == table, "{} is not what the table says; run with UPDATE_DOCS=1", path.display());
    }
}
