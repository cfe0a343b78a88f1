//! Where the state lives when the configuration file cannot be written, and the directives that are ours.

mod machine;

use machine::Machine;
use watchkeeper_core::Persona;
use watchkeeper_core::config::{Config, ConfigError, ErrorKind, rewrite, rewrite_state};
use watchkeeper_core::id::SentinelId;

const MAIN: &str =
    "state-file /state/s\nsentinel monitor a 10.0.0.1 6379 2\nsentinel monitor b 10.0.0.2 6379 2\n";

fn read(text: &str) -> Config {
    Machine::new(&[]).parse(text).expect("a good file")
}

/// The text loaded with the state of `config`.
fn load(text: &str, config: &Config) -> Result<Config, Box<ConfigError>> {
    load_state(text, rewrite_state(config))
}

fn load_state(text: &str, state: Vec<u8>) -> Result<Config, Box<ConfigError>> {
    let mut machine = Machine::new(&[]);
    machine.files.insert("/state/s".into(), state);
    machine.parse(text)
}

/// What a sentinel may have become by running with [`MAIN`].
fn later() -> Config {
    let mut config = read(MAIN);
    config.global.myid = Some(SentinelId("1".repeat(40)));
    config.global.current_epoch = 12;
    config.groups[0].host = "10.0.0.9".into();
    config.groups[0].quorum = 3;
    config.groups[0].config_epoch = 11;
    config.groups[0].leader_epoch = 12;
    config.groups[0].replicas = vec![("10.0.0.1".into(), 6379)];
    config.groups.remove(1);
    let mut added = config.groups[0].clone();
    added.name.0 = "added".into();
    config.groups.push(added);
    config
}

#[test]
fn without_a_state_file_the_configuration_counts() {
    assert_eq!(read(MAIN).groups.len(), 2);
    assert_eq!(read(MAIN).general.state_file.as_deref(), Some("/state/s"));
    assert_eq!(
        read("state-file s\n").general.state_file.as_deref(),
        Some("/srv/wk/s"),
        "absolute from here on"
    );
}

#[test]
fn with_an_unchanged_configuration_the_state_wins() {
    let config = later();
    let loaded = load(MAIN, &config).expect("good");
    assert_eq!(loaded.groups, config.groups, "MONITOR, REMOVE and SET survive");
    assert_eq!(loaded.global, config.global);
    let edited_without_effect =
        format!("# a comment\n{}\nloglevel verbose\n", MAIN.replace(" 2\n", "   \"2\"\n"));
    assert_eq!(load(&edited_without_effect, &config).expect("good").groups, config.groups);
}

#[test]
fn an_edited_configuration_says_which_groups_there_are_and_keeps_what_was_learned() {
    let edited = format!("{MAIN}sentinel down-after-milliseconds a 7\n");
    let loaded = load(&edited, &later()).expect("good");
    let names: Vec<&str> = loaded.groups.iter().map(|group| &group.name.0[..]).collect();
    assert_eq!(names, ["a", "b"]);
    let a = &loaded.groups[0];
    assert_eq!((a.quorum, a.down_after_ms), (2, 7), "settings come from the configuration");
    assert_eq!((&a.host[..], a.config_epoch, a.leader_epoch), ("10.0.0.9", 11, 12), "what was learned stays");
    assert_eq!(a.replicas, later().groups[0].replicas);
    assert_eq!(loaded.global.myid, later().global.myid);
    assert_eq!(loaded.global.current_epoch, 12);
    // The next state remembers the edited configuration, so that what changes from now on survives.
    let mut next = loaded;
    next.groups.pop();
    assert_eq!(load(&edited, &next).expect("good").groups, next.groups);
}

#[test]
fn a_damaged_state_file_is_fatal_and_says_where() {
    let good = String::from_utf8(rewrite_state(&later())).expect("text");
    let number = |needle: &str| good.lines().position(|line| line.contains(needle)).expect("is there") + 1;
    let epoch_line = number("leader-epoch a");
    let damages = [
        (good.replace("leader-epoch a 12", "leader-epoch a -1"), epoch_line),
        (good.replace("leader-epoch a 12", "leader-epoch a"), epoch_line),
        (good.replace("sentinel leader-epoch a", "sentinel lxader-epoch a"), epoch_line),
        (good.replace("sentinel leader-epoch a 12", "port 1"), epoch_line),
        (good.replace("sentinel leader-epoch a 12", "sentinel \"leader"), epoch_line),
        (good.replace("leader-epoch a 12", "leader-epoch a 1\x002"), epoch_line),
        (format!("{good}\0\0"), good.lines().count() + 1),
        (good.replace("# configuration ", "# configuration x"), 2),
        (good.replace("# end\n", ""), good.lines().count() - 1),
        (good.replace("# configuration", "#"), good.lines().count()),
        (format!("{good}sentinel current-epoch 1\n"), good.lines().count() + 1),
    ];
    for (state, line) in damages {
        let error = load_state(MAIN, state.clone().into_bytes()).expect_err("damaged");
        assert_eq!((error.file.as_deref(), error.line), (Some("/state/s"), line), "{error}\n{state}");
        let shown = String::from_utf8(error.stderr(Persona::Redis)).expect("text");
        assert!(shown.contains("state file") || shown.contains("sentinel"), "{shown}");
    }
}

#[test]
fn our_directives_are_written_only_when_set() {
    let text = |config: &Config| String::from_utf8(rewrite(None, config)).expect("text");
    let plain = text(&read(
        "sentinel monitor a 10.0.0.1 6379 2\nsentinel tilt-clock wall\nsentinel vote-without-disk no\n\
         sentinel replication-topology a STAR\n",
    ));
    for ours in ["state-file", "tilt-clock", "vote-without-disk", "log-format", "replication-topology"] {
        assert!(!plain.contains(ours), "{plain}");
    }
    let set = text(&read("sentinel tilt-clock monotonic\nsentinel vote-without-disk yes\n"));
    assert!(
        set.contains("\nsentinel tilt-clock monotonic\n")
            && set.contains("\nsentinel vote-without-disk yes\n")
    );
    let chain = "sentinel monitor a 10.0.0.1 6379 2\nsentinel replication-topology a chain\n";
    assert!(text(&read(chain)).contains("\nsentinel replication-topology a chain\n"));
    let refused = "sentinel monitor a 10.0.0.1 6379 2\nsentinel refused-down-after-milliseconds a 50\n";
    assert!(text(&read(refused)).contains("\nsentinel refused-down-after-milliseconds a 50\n"));
    assert!(!text(&read(&refused.replace(" 50", " 0"))).contains("refused"));
    let error = Machine::new(&[]).parse(refused.replace("50", "-1")).expect_err("no period");
    assert_eq!(error.message, "negative time parameter.");
    let error = Machine::new(&[]).parse(chain.replace("chain", "ring")).expect_err("no topology");
    assert_eq!(error.message, "Please specify star, keep or chain for the replication-topology option.");
    let error = Machine::new(&[]).parse("sentinel tilt-clock both\n").expect_err("neither");
    assert_eq!(error.message, "Please specify wall or monotonic for the tilt-clock option.");
}

#[test]
fn the_shape_that_is_kept_is_part_of_the_state() {
    let lines = "sentinel monitor a 10.0.0.1 6379 2\nsentinel replication-topology a keep\n\
                 sentinel known-replica a 10.0.0.2 6379\nsentinel known-replica a 10.0.0.3 6380\n\
                 sentinel replica-home a 10.0.0.3 6380 10.0.0.2 6379 away\n";
    let config = read(lines);
    let homes = &config.groups[0].homes;
    assert_eq!(homes.len(), 1);
    assert_eq!((&homes[0].replica.0[..], homes[0].replica.1), ("10.0.0.3", 6380));
    assert_eq!((&homes[0].home.0[..], homes[0].home.1, homes[0].away), ("10.0.0.2", 6379, true));
    let written = String::from_utf8(rewrite(Some(lines.as_bytes()), &config)).expect("text");
    assert_eq!(written.matches("replica-home a 10.0.0.3 6380 10.0.0.2 6379 away\n").count(), 1, "{written}");
    assert_eq!(&read(&written).groups, &config.groups);
    // Two names may have become one address; the last line counts.
    let twice = read(&format!("{lines}sentinel replica-home a 10.0.0.3 6380 10.0.0.1 6379 HERE\n"));
    assert_eq!(twice.groups[0].homes.len(), 1);
    assert!(!twice.groups[0].homes[0].away);
    // Beside a configuration that was edited it stays, as the replicas do.
    let main = format!("state-file /state/s\n{lines}");
    let edited =
        main.replace(lines, "sentinel monitor a 10.0.0.1 6379 3\nsentinel replication-topology a keep\n");
    assert_eq!(load(&edited, &read(&main)).expect("good").groups[0].homes, *homes);
    let error = Machine::new(&[]).parse(lines.replace("away", "gone")).expect_err("neither");
    assert_eq!(error.message, "Please specify here or away for the replica-home option.");
    let error = Machine::new(&[]).parse(lines.replace("10.0.0.2 6379 away", "10.0.0.2 99999 away"));
    assert_eq!(error.expect_err("no port").message, "Invalid port number.");
}

#[test]
fn poisoned_epochs_are_refused_with_advice() {
    for (line, column) in [
        ("sentinel current-epoch -1", 24),
        ("sentinel current-epoch 18446744073709551615", 24),
        ("sentinel config-epoch a 9223372036854775808", 25),
        ("sentinel leader-epoch a 99999999999999999999", 25),
    ] {
        let error = Machine::new(&[]).parse(format!("{MAIN}{line}\n")).expect_err("out of range");
        assert_eq!((error.line, error.column), (4, column), "{error}");
        assert!(error.message.contains("out of range") && error.hint.is_some());
    }
    let largest = read(&format!("{MAIN}sentinel current-epoch 9223372036854775807\n"));
    assert_eq!(largest.global.current_epoch, i64::MAX as u64);
}

#[test]
fn names_are_taken_unresolved_where_they_may_be() {
    let text = "sentinel monitor a redis.example 6379 2\nsentinel resolve-hostnames yes\n";
    let config = read(text);
    assert_eq!(config.groups[0].host, "redis.example");
    let written = String::from_utf8(rewrite(Some(text.as_bytes()), &config)).expect("text");
    assert!(written.starts_with("sentinel monitor a redis.example 6379 2\n"), "{written}");
}

#[test]
fn both_names_of_the_reboot_period_are_one() {
    let old = "sentinel monitor a 10.0.0.1 6379 2\nsentinel primary-reboot-down-after-period a 500\n";
    let mut config = read(old);
    let written = |config: &Config| String::from_utf8(rewrite(Some(old.as_bytes()), config)).expect("text");
    assert!(written(&config).contains("\nsentinel master-reboot-down-after-period a 500\n"));
    config.groups[0].reboot_down_after_ms = 0;
    assert!(!written(&config).contains("reboot"), "a value that was taken back does not return");
}

#[test]
fn files_that_include_each_other_end() {
    for pattern in ["a.conf", "*.conf"] {
        let body = format!("include {pattern}\n");
        let mut machine = Machine::new(&[("a.conf", &body), ("b.conf", &body)]);
        let error = machine.parse(format!("include {pattern}\n")).expect_err("no end");
        assert!(error.message.contains("without end"), "{error}");
        assert_eq!(error.kind, ErrorKind::Line);
    }
}

#[test]
fn the_words_of_valkey_and_the_sentinel_switch() {
    let source = watchkeeper_core::config::Source { path: "/srv/wk/s".into(), text: b"port x".to_vec() };
    let parse = |persona, sentinel| {
        watchkeeper_core::config::parse(&source, &mut Machine::new(&[]), persona, sentinel)
    };
    let error = parse(Persona::Valkey, true).expect_err("wrong");
    assert!(
        error.stderr(Persona::Valkey).starts_with(b"\n*** FATAL CONFIG FILE ERROR (Version 8.0.1) ***\n")
    );
    let source =
        watchkeeper_core::config::Source { path: "/srv/wk/s".into(), text: b"sentinel myid x".to_vec() };
    let error = watchkeeper_core::config::parse(&source, &mut Machine::new(&[]), Persona::Redis, false);
    assert_eq!(error.expect_err("no sentinel").message, "sentinel directive while not in sentinel mode");
}
