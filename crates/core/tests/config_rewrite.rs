//! What is written reads back as the same, whatever the values; and the state file keeps what it must.

mod machine;

use machine::Machine;
use proptest::collection::vec;
use proptest::prelude::*;
use watchkeeper_core::LogLevel;
use watchkeeper_core::config::{
    Config, General, Global, GroupConfig, KnownPeer, OutputLimit, rewrite, rewrite_state,
};
use watchkeeper_core::id::{GroupName, SentinelId};

/// Text with everything that has ever broken a file: blanks, quotes, escapes, newlines, comment signs, other scripts.
fn nasty() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z0-9._-]{1,12}",
        vec(
            prop_oneof![
                Just(' '),
                Just('\n'),
                Just('"'),
                Just('\''),
                Just('\\'),
                Just('#'),
                Just('\0'),
                any::<char>()
            ],
            0..10
        )
        .prop_map(String::from_iter),
        Just("x\nsentinel monitor evil 6.6.6.6 6379 1".to_string()),
        Just("\"\nuser evil on nopass +@all\n".to_string()),
    ]
}

fn group(name: String) -> impl Strategy<Value = GroupConfig> {
    let times = (1..u64::from(u32::MAX), 1..u64::from(u32::MAX), any::<i32>(), 0..u64::from(u32::MAX));
    let epochs = (0..=i64::MAX as u64, 0..=i64::MAX as u64);
    let secrets = (
        proptest::option::of(vec(any::<u8>(), 0..12)),
        proptest::option::of(nasty()),
        proptest::option::of(nasty()),
        proptest::option::of(nasty()),
    );
    let address = || (any::<[u8; 4]>().prop_map(|ip| std::net::Ipv4Addr::from(ip).to_string()), any::<u16>());
    let known = (
        proptest::collection::btree_set(address(), 0..4),
        proptest::collection::btree_map(nasty(), address(), 0..4),
        proptest::collection::btree_map("[A-Z]{1,8}", nasty(), 0..3),
    );
    (address(), 1..=i32::MAX.unsigned_abs(), times, epochs, secrets, known).prop_map(
        move |((host, port), quorum, times, epochs, secrets, known)| {
            let mut group = GroupConfig::new(GroupName(name.clone()), host, port, quorum);
            (
                group.down_after_ms,
                group.failover_timeout_ms,
                group.parallel_syncs,
                group.reboot_down_after_ms,
            ) = times;
            (group.config_epoch, group.leader_epoch) = epochs;
            (group.auth_pass, group.auth_user, group.notification_script, group.client_reconfig_script) =
                secrets;
            group.replicas = known.0.into_iter().collect();
            let peer = |(id, (host, port))| KnownPeer { host, port, id: SentinelId(id) };
            group.peers = known.1.into_iter().map(peer).collect();
            group.renames = known.2.into_iter().collect();
            group
        },
    )
}

fn global() -> impl Strategy<Value = Global> {
    let text = || proptest::option::of(nasty().prop_filter("empty is none", |text| !text.is_empty()));
    let password = proptest::option::of(vec(any::<u8>(), 1..12));
    let switches = any::<[bool; 5]>();
    (
        proptest::option::of("[0-9a-f]{40}"),
        0..=i64::MAX as u64,
        switches,
        text(),
        any::<i32>(),
        text(),
        password,
    )
        .prop_map(
            |(
                myid,
                current_epoch,
                [deny, resolve, announce, tilt, vote],
                announce_ip,
                port,
                user,
                password,
            )| Global {
                myid: myid.map(SentinelId),
                current_epoch,
                deny_scripts_reconfig: deny,
                resolve_hostnames: resolve,
                announce_hostnames: announce,
                announce_ip,
                announce_port: i64::from(port),
                sentinel_user: user,
                sentinel_pass: password,
                tilt_clock_monotonic: tilt,
                vote_without_disk: vote,
            },
        )
}

fn general() -> impl Strategy<Value = General> {
    let some = || proptest::option::of(nasty().prop_filter("empty is none", |text| !text.is_empty()));
    let level = prop_oneof![
        Just(LogLevel::Debug),
        Just(LogLevel::Verbose),
        Just(LogLevel::Notice),
        Just(LogLevel::Warning)
    ];
    let limit = || {
        let limit = |(hard_bytes, soft_bytes, soft_s)| OutputLimit { hard_bytes, soft_bytes, soft_s };
        (any::<u64>(), any::<u64>(), 0..1_000_000_u64).prop_map(limit)
    };
    let numbers =
        (any::<u16>(), any::<bool>(), 0..1_000_000_u64, 1..u32::MAX, 0..=0o777_u32, (1 << 20)..(1_u64 << 40));
    let texts = (some(), nasty(), nasty(), some(), some());
    let users = proptest::collection::btree_map(nasty(), Just(()), 0..3);
    let secrets = (proptest::option::of(vec(any::<u8>(), 1..12)), users, vec("[-a-z0-9:.*]{1,10}", 0..4));
    (numbers, texts, secrets, level, limit(), limit()).prop_map(
        |(numbers, texts, secrets, loglevel, normal, pubsub)| {
            let (port, protected_mode, timeout_s, maxclients, unixsocketperm, query_buffer_limit) = numbers;
            let (pidfile, logfile, syslog_ident, unixsocket, cert_file) = texts;
            let (requirepass, users, bind) = secrets;
            let mut general =
                General { port, protected_mode, timeout_s, maxclients, unixsocketperm, ..General::default() };
            general.query_buffer_limit = query_buffer_limit;
            (general.pidfile, general.logfile, general.syslog_ident, general.unixsocket) =
                (pidfile, logfile, syslog_ident, unixsocket);
            general.tls.cert_file = cert_file;
            (general.requirepass, general.bind, general.loglevel) = (requirepass, bind, loglevel);
            (general.output_limit_normal, general.output_limit_pubsub) = (normal, pubsub);
            let rules =
                |name: String| vec![name.into_bytes(), b"on".to_vec(), b">a b".to_vec(), b"+@all".to_vec()];
            general.users = users.into_keys().map(rules).collect();
            general.dir = "/srv/wk".into();
            general
        },
    )
}

fn config() -> impl Strategy<Value = Config> {
    let groups = proptest::collection::btree_set(nasty(), 0..4)
        .prop_flat_map(|names| names.into_iter().map(group).collect::<Vec<_>>());
    (general(), global(), groups).prop_map(|(general, global, groups)| Config { general, global, groups })
}

/// Lines as they may stand in a file that somebody edited.
fn old_file() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        Just(String::new()),
        "#[ -~]{0,20}",
        "[ -~]{0,30}",
        // Damage that came while the sentinel ran.
        "(# |include |user x |sentinel monitor a )?[ -~\0]{0,12}\0[ -~]{0,4}",
        "sentinel monitor [a-z]{1,3} 127[.]0[.]0[.]1 6379 2",
        "sentinel known-slave [a-z]{1,3} 127[.]0[.]0[.]1 [0-9]{1,4}",
        "sentinel (auth-pass|auth-user|down-after-milliseconds) [a-z]{1,3} [0-9]{1,4}",
        "(port|timeout|hz|PORT) [0-9]{1,3}",
        "(slave-priority|lua-time-limit|nosuch|foo[.]bar) [0-9]{1,3}",
        "user [a-z]{1,3} on",
        "(save|loadmodule) 900 1",
        "client-output-buffer-limit (normal|slave|pubsub) 1mb 2mb 3",
    ];
    vec(line, 0..20).prop_map(|lines| lines.join("\n"))
}

/// What differs between a configuration and the same after writing and reading, without meaning anything.
fn normal(mut config: Config) -> Config {
    let newest = config.groups.iter().map(|group| group.config_epoch).max().unwrap_or(0);
    config.global.current_epoch = config.global.current_epoch.max(newest);
    config.general.given.clear();
    config.general.state_source = 0;
    config.general.tls.auth_clients.clear();
    config.general.users.retain(|user| user[0] != b"default");
    config.general.users.sort();
    config
}

fn read(text: &[u8]) -> Config {
    let mut machine = Machine { lenient: true, ..Machine::new(&[]) };
    machine.parse(text).unwrap_or_else(|error| panic!("{error}\n{}", String::from_utf8_lossy(text)))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_reads_back_as_the_same(config in config(), old in proptest::option::of(old_file())) {
        let text = rewrite(old.as_ref().map(String::as_bytes), &config);
        prop_assert_eq!(normal(read(&text)), normal(config));
    }

    #[test]
    fn a_second_rewrite_changes_nothing(config in config(), old in old_file()) {
        let once = rewrite(Some(old.as_bytes()), &config);
        let twice = rewrite(Some(&once), &config);
        prop_assert_eq!(String::from_utf8_lossy(&twice), String::from_utf8_lossy(&once));
        prop_assert!(!once.contains(&0) && !rewrite_state(&config).contains(&0));
    }

    #[test]
    fn comments_stay_in_their_order(config in config(), old in old_file()) {
        let text = rewrite(Some(old.as_bytes()), &config);
        let text = String::from_utf8_lossy(&text).into_owned();
        let mut lines = text.lines();
        let old = old.replace('\0', "");
        for comment in old.lines().map(str::trim).filter(|line| line.starts_with('#')) {
            prop_assert!(lines.any(|line| line == comment), "`{}` is gone or moved", comment);
        }
    }

    #[test]
    fn the_state_file_carries_every_sentinel_setting(config in config()) {
        let mut first = Machine { lenient: true, ..Machine::new(&[]) };
        let main = "state-file state\n";
        let source = first.parse(main).expect("a plain file").general.state_source;
        let mut config = normal(config);
        config.general.state_source = source;
        first.files.insert("/srv/wk/state".into(), rewrite_state(&config));
        let loaded = first.parse(main).unwrap_or_else(|error| panic!("{error}"));
        prop_assert_eq!(loaded.global, config.global);
        prop_assert_eq!(loaded.groups, config.groups);
    }

    #[test]
    fn a_damaged_state_file_never_passes_for_a_whole_one(config in config(), cut in any::<prop::sample::Index>()) {
        let state = rewrite_state(&config);
        let cut = cut.index(state.len() - 1);
        let mut machine = Machine { lenient: true, ..Machine::new(&[]) };
        machine.files.insert("/srv/wk/state".into(), state[..cut].to_vec());
        let error = machine.parse("state-file state\n").expect_err("cut off");
        prop_assert_eq!(error.file.as_deref(), Some("/srv/wk/state"));
        prop_assert!(error.line > 0);
        prop_assert!(error.hint.is_some());
    }
}
