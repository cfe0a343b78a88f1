//! Behaviour of [`Clients`] that no recorded session shows: limits, waiting, start-up, files, authentication.

use super::acl::{mistakes_of_file, mistakes_of_lines};
use super::clients::{Clients, EngineCommand};
use super::reply::Reply;
use super::table::CommandId;
use crate::config::General;
use crate::io::{ClientAddr, ClientId, Connected, Output, Outputs, Ticket};
use crate::limits::{CHANNEL_BYTES, QUEUED_COMMANDS, SUBSCRIPTIONS_PER_CLIENT};
use crate::sentinel::Persona;
use crate::time::{Mono, Now, Unix};

const A: ClientId = ClientId(3);
const B: ClientId = ClientId(4);

struct World {
    clients: Clients,
    now: Now,
    out: Outputs,
}

fn words(text: &str) -> Vec<Vec<u8>> {
    text.split(' ').map(|w| w.as_bytes().to_vec()).collect()
}

fn general(lines: &[&str]) -> General {
    General { users: lines.iter().map(|l| words(l)).collect(), ..General::default() }
}

impl World {
    fn with(general: &General) -> World {
        World::try_with(general, None).unwrap()
    }

    fn try_with(general: &General, acl_file: Option<&[u8]>) -> Result<World, String> {
        let now = Now { mono: Mono(1000), unix: Unix(1_700_000_000_000_000) };
        let clients = Clients::new(general, Persona::Redis, acl_file, 7, now)?;
        Ok(World { clients, now, out: Outputs::default() })
    }

    fn connect_from(&mut self, id: ClientId, peer: &str) {
        let tcp = |text: &str| ClientAddr::Tcp(text.parse().unwrap());
        let c = Connected { peer: tcp(peer), local: tcp("127.0.0.1:26379"), fd: 8, tls: false };
        self.clients.connected(self.now, id, c, &mut self.out);
    }

    fn connect(&mut self, id: ClientId) {
        self.connect_from(id, "127.0.0.1:5000");
        self.out.take();
    }

    fn command(&mut self, id: ClientId, text: &str) -> Option<EngineCommand> {
        self.clients.command(self.now, id, words(text), &mut self.out)
    }

    fn deferred(&mut self) -> Option<EngineCommand> {
        self.clients.next_deferred(self.now, &mut self.out)
    }

    fn reply(&mut self, id: ClientId, reply: &Reply) {
        self.clients.reply(id, reply, &mut self.out);
    }

    /// What came out since last time, as text.
    fn said(&mut self) -> String {
        let mut text = String::new();
        for output in self.out.take() {
            if let Output::Reply { client, bytes } = output {
                text.push_str(&format!("{}:{} ", client.0, String::from_utf8(bytes).unwrap()));
            } else {
                text.push_str(&format!("{output:?} "));
            }
        }
        text.replace("\r\n", "|").trim_end().to_string()
    }

    fn ask(&mut self, id: ClientId, text: &str) -> String {
        assert_eq!(self.command(id, text), None, "{text}");
        self.said()
    }
}

#[test]
fn engine_commands_pass_after_all_checks() {
    let mut w = World::with(&General::default());
    w.connect(A);
    let command = w.command(A, "SENTINEL Get-Master-Addr-By-Name mm").unwrap();
    assert_eq!((command.client, command.id), (A, CommandId::SentinelGetMasterAddrByName));
    assert_eq!(command.argv[2], b"mm");
    assert_eq!(w.said(), "");
    w.reply(A, &Reply::NullArray);
    assert_eq!(w.said(), "3:*-1|");
    let ids = ["INFO", "ROLE", "SHUTDOWN nosave", "PUBLISH __sentinel__:hello x", "SENTINEL masters"];
    for text in ids {
        assert!(w.command(A, text).is_some(), "{text}");
        w.reply(A, &Reply::Ok);
    }
    assert!(w.command(ClientId(99), "INFO").is_none(), "a client nobody knows");
}

#[test]
fn commands_behind_a_held_one_run_in_order() {
    let mut w = World::with(&General::default());
    w.connect(A);
    w.connect(B);
    assert!(w.command(A, "SENTINEL flushconfig").is_some());
    w.clients.hold(A);
    assert_eq!(w.ask(A, "PING 1"), "");
    assert_eq!(w.ask(A, "SENTINEL masters"), "");
    assert_eq!(w.ask(A, "PING 2"), "");
    assert_eq!(w.ask(B, "PING"), "4:+PONG|", "others do not wait");
    assert_eq!(w.deferred(), None);
    w.reply(A, &Reply::Ok);
    assert_eq!(w.said(), "3:+OK|");
    let next = w.deferred().unwrap();
    assert_eq!((w.said().as_str(), next.id), ("3:$1|1|", CommandId::SentinelMasters));
    w.reply(A, &Reply::Integer(7));
    assert_eq!(w.deferred(), None);
    assert_eq!(w.said(), "3::7| 3:$1|2|");
}

const ASK: &str = "SENTINEL is-master-down-by-addr 10.0.0.1 6379 7 x";

#[test]
fn what_a_peer_asks_meanwhile_is_answered_in_order_behind_what_waits_for_the_disk() {
    let mut w = World::with(&General::default());
    w.connect(A);
    assert!(w.command(A, ASK).is_some());
    w.clients.promise(A);
    // Pipelined on the same connection: two more votes, a hello, a PING, and what is no peer's business.
    assert_eq!(w.ask(A, "PING"), "");
    assert!(w.command(A, ASK).is_some(), "the second vote does not wait for the first");
    w.clients.promise(A);
    assert!(w.command(A, "PUBLISH __sentinel__:hello x").is_some());
    w.reply(A, &Reply::Integer(1));
    assert_eq!(w.command(A, "SENTINEL masters"), None);
    assert_eq!(w.command(A, ASK), None, "nor does one that comes after what waits");
    assert_eq!(w.said(), "");
    w.clients.keep_promise(A, &Reply::Integer(10), &mut w.out);
    assert_eq!(w.said(), "3::10| 3:+PONG|");
    assert_eq!(w.deferred(), None, "the second vote is still to come");
    w.clients.keep_promise(A, &Reply::Error("ERR no disk".into()), &mut w.out);
    assert_eq!(w.said(), "3:-ERR no disk| 3::1|");
    assert_eq!(w.deferred().unwrap().id, CommandId::SentinelMasters);
    w.reply(A, &Reply::Ok);
    assert_eq!(w.deferred().unwrap().id, CommandId::SentinelIsMasterDownByAddr);
    w.reply(A, &Reply::Ok);
    assert_eq!(w.said(), "3:+OK| 3:+OK|");
    assert_eq!(w.ask(A, "PING"), "3:+PONG|");
}

#[test]
fn large_words_never_wait_behind_the_disk_beyond_the_limit_in_bytes() {
    let mut w = World::with(&General::default());
    w.connect(A);
    w.command(A, ASK);
    w.clients.promise(A);
    let large = format!("PING {}", "x".repeat(crate::limits::QUEUED_BYTES / 2));
    assert_eq!(w.ask(A, &large), "");
    let said = w.ask(A, &large);
    assert!(said.contains("CloseClient"), "{}", &said[..said.len().min(200)]);
}

#[test]
fn a_pause_does_not_let_anything_overtake_what_waits_for_the_disk() {
    let mut w = World::with(&General::default());
    w.connect(A);
    w.connect(B);
    w.command(A, ASK);
    w.clients.promise(A);
    assert_eq!(w.ask(B, "CLIENT PAUSE 50"), "4:+OK|");
    assert_eq!(w.command(A, "PUBLISH __sentinel__:hello x"), None);
    w.now.mono = w.now.mono + 60;
    assert_eq!(w.deferred(), None);
    assert_eq!(w.ask(A, "CLIENT GETNAME"), "");
    w.clients.keep_promise(A, &Reply::Integer(10), &mut w.out);
    assert_eq!(w.said(), "3::10|");
    assert_eq!(w.deferred().unwrap().id, CommandId::Publish);
    w.reply(A, &Reply::Integer(1));
    assert_eq!(w.deferred(), None);
    assert!(w.said().starts_with("3::1| 3:$"));
}

#[test]
fn a_client_that_pipelines_too_much_while_held_is_dropped() {
    let mut w = World::with(&General::default());
    w.connect(A);
    w.command(A, "SENTINEL flushconfig");
    w.clients.hold(A);
    for _ in 0..QUEUED_COMMANDS {
        assert_eq!(w.ask(A, "PING"), "");
    }
    let said = w.ask(A, "PING");
    assert!(said.contains("CloseClient") && said.contains("127.0.0.1:5000"), "{said}");
    w.reply(A, &Reply::Ok);
    assert_eq!(w.said(), "");
}

#[test]
fn a_pause_ends_at_its_deadline() {
    let mut w = World::with(&General::default());
    w.connect(A);
    assert_eq!(w.clients.deadline(), None);
    w.ask(A, "CLIENT PAUSE 500");
    assert_eq!(w.clients.deadline(), Some(Mono(1500)));
    assert_eq!(w.ask(A, "SENTINEL masters"), "");
    w.now.mono = Mono(1499);
    assert_eq!(w.deferred(), None);
    w.now.mono = Mono(1500);
    assert_eq!(w.deferred().unwrap().id, CommandId::SentinelMasters);
    assert_eq!(w.clients.deadline(), None);
}

#[test]
fn idle_clients_are_closed_but_not_subscribers() {
    let mut w = World::with(&General { timeout_s: 2, ..General::default() });
    w.connect(A);
    w.connect(B);
    w.ask(B, "SUBSCRIBE x");
    w.now.mono = Mono(3000);
    w.clients.tick(w.now, &mut w.out);
    assert_eq!(w.said(), "");
    w.now.mono = w.clients.deadline().unwrap();
    w.clients.tick(w.now, &mut w.out);
    assert_eq!(w.said(), "CloseClient { client: ClientId(3) }");
}

#[test]
fn refused_connections_get_one_line() {
    let mut w = World::with(&General { protected_mode: true, maxclients: 1, ..General::default() });
    w.connect_from(A, "10.0.0.1:9");
    let said = w.said();
    assert!(said.starts_with(
        "3:-DENIED Redis is running in protected mode because protected mode is enabled and no"
    ));
    assert!(said.ends_with("CloseClient { client: ClientId(3) }"));
    w.connect_from(A, "[::ffff:127.0.0.1]:9");
    assert_eq!(w.said(), "Authenticated { client: ClientId(3), yes: true }");
    w.connect_from(B, "127.0.0.1:9");
    assert_eq!(w.said(), "4:-ERR max number of clients reached| CloseClient { client: ClientId(4) }");
    w.clients.gone(A);
    w.connect_from(B, "127.0.0.1:9");
    assert_eq!(w.said(), "Authenticated { client: ClientId(4), yes: true }");
}

#[test]
fn protected_mode_lets_in_where_a_password_is_set() {
    let requirepass = Some(b"secret".to_vec());
    let mut w = World::with(&General { protected_mode: true, requirepass, ..General::default() });
    w.connect_from(A, "10.0.0.1:9");
    assert_eq!(w.said(), "Authenticated { client: ClientId(3), yes: false }");
    assert_eq!(w.ask(A, "PING"), "3:-NOAUTH Authentication required.|");
    assert_eq!(w.ask(A, "AUTH secret"), "Authenticated { client: ClientId(3), yes: true } 3:+OK|");
}

#[test]
fn a_changed_default_user_opens_and_closes_the_door() {
    let mut w = World::with(&general(&["default on >p ~* &* +@all"]));
    w.connect(A);
    w.connect(B);
    assert_eq!(w.ask(A, "AUTH p"), "Authenticated { client: ClientId(3), yes: true } 3:+OK|");
    assert_eq!(
        w.ask(A, "ACL SETUSER default nopass"),
        "Authenticated { client: ClientId(4), yes: true } 3:+OK|"
    );
    assert_eq!(
        w.ask(A, "ACL SETUSER default >q"),
        "Authenticated { client: ClientId(4), yes: false } 3:+OK|"
    );
}

#[test]
fn user_lines_beat_requirepass_and_reload_to_themselves() {
    let mut first = general(&["default on nopass ~* &* +@all", "ops on >x ~a &b -@all +ping (+info ~c)"]);
    first.requirepass = Some(b"ignored".to_vec());
    let w = World::with(&first);
    let lines = w.clients.user_lines();
    let text: Vec<String> = lines.iter().map(|l| String::from_utf8(l.join(&b' ')).unwrap()).collect();
    assert_eq!(text[0], "default on nopass sanitize-payload ~* &* +@all");
    assert!(
        text[1].ends_with("~a resetchannels &b -@all +ping (~c resetchannels -@all +info)"),
        "{}",
        text[1]
    );
    let again = World::with(&General { users: lines.clone(), ..General::default() });
    assert_eq!(again.clients.user_lines(), lines);
}

#[test]
fn wrong_user_lines_are_told_as_upstream_does() {
    let error = |lines: &[&str]| World::try_with(&general(lines), None).err().unwrap();
    assert_eq!(
        error(&["x on +get"]),
        "Error loading ACL rule '+get' for the user named 'x': Unknown command or category name in ACL\n\
         Critical error while loading ACLs. Exiting."
    );
    let both = General { aclfile: Some("/x.acl".into()), ..general(&["x on"]) };
    assert!(World::try_with(&both, Some(b"")).err().unwrap().starts_with(
        "Configuring Redis with users defined in redis.conf and at the same setting an ACL file path is invalid."
    ));
}

#[test]
fn mistakes_are_told_without_a_start_too() {
    let lines = general(&["x on +ping +get", "y on +ping", "z on (+ping +get) ~a"]);
    let wrong: Vec<(usize, usize, String)> =
        mistakes_of_lines(&lines).into_iter().map(|wrong| (wrong.line, wrong.word, wrong.said)).collect();
    let said = |rule: &str, name: &str| {
        format!(
            "Error loading ACL rule '{rule}' for the user named '{name}': \
             Unknown command or category name in ACL"
        )
    };
    assert_eq!(wrong, [(0, 4, said("+get", "x")), (2, 3, said("(+ping +get)", "z"))]);
    let wrong = mistakes_of_file(&General::default(), "/x.acl", b"user a on\n\nuser b on +get\nuser a off\n");
    let lines: Vec<usize> = wrong.iter().map(|wrong| wrong.line).collect();
    assert_eq!(lines, [3, 4]);
    assert_eq!(mistakes_of_file(&General::default(), "/x.acl", b"\nuser amy on\n"), []);
}

#[test]
fn mistakes_in_an_acl_file_are_all_told() {
    let file = General { aclfile: Some("/x.acl".into()), ..General::default() };
    let text = b"# c\nuser a\tb on\nuser y on foo +get bar\nuser y on\nuser z (+ping\nuser";
    assert_eq!(
        World::try_with(&file, Some(text)).err().unwrap(),
        "Aborting Redis startup because of ACL errors: /x.acl:1 should start with user keyword followed by the \
         username. /x.acl:2: username 'a\tb' contains invalid characters. /x.acl:3: Syntax error. /x.acl:3: Error in \
         applying operation '+get': Unknown command or category name in ACL. WARNING: Duplicate user 'y' found on \
         line 4. /x.acl:5: Unmatched parenthesis in selector definition. /x.acl:6 should start with user keyword \
         followed by the username. WARNING: ACL errors detected, no change to the previously active ACL rules was \
         performed"
    );
}

#[test]
fn acl_load_and_save_go_through_the_shell() {
    let file = General {
        aclfile: Some("/x.acl".into()),
        requirepass: Some(b"ignored".to_vec()),
        ..General::default()
    };
    let mut w = World::try_with(&file, Some(b"user u on nopass ~* &* +@all\n")).ok().unwrap();
    assert!(w.clients.user_lines().is_empty());
    w.connect(A);
    w.connect(B);
    w.ask(B, "AUTH u any");
    let asked = w.ask(A, "ACL LOAD");
    assert!(asked.starts_with("ReadAcl") && asked.contains("/x.acl"), "{asked}");
    assert_eq!(w.ask(A, "PING"), "", "waits for the file");
    w.clients.acl_text(Ticket(A.0), Ok(b"user u on foo\n"), &mut w.out);
    assert!(w.said().starts_with("3:-ERR /x.acl:1: Syntax error."));
    assert_eq!(w.deferred(), None);
    assert_eq!(w.said(), "3:+PONG|");
    w.ask(A, "ACL LOAD");
    w.clients.acl_text(Ticket(A.0), Ok(b"user v on >p +ping\n"), &mut w.out);
    assert_eq!(w.said(), "CloseClient { client: ClientId(4) } 3:+OK|", "B's user is gone");
    w.command(A, "ACL SAVE");
    match w.out.take().as_slice() {
        [Output::WriteAcl { text, .. }] => {
            let text = String::from_utf8(text.clone()).unwrap();
            assert!(text.starts_with("user default on nopass ~* &* +@all\nuser v on #148de9c5"), "{text}");
            assert!(text.ends_with(" resetchannels -@all +ping\n"), "{text}");
        }
        other => panic!("{other:?}"),
    }
    w.clients.acl_written(Ticket(A.0), Err("disk full"), &mut w.out);
    let said = w.said();
    assert!(
        said.contains("disk full") && said.contains("3:-ERR There was an error trying to save"),
        "{said}"
    );
}

#[test]
fn acl_load_ends_every_login() {
    let file = General { aclfile: Some("/x.acl".into()), ..General::default() };
    let users = b"user u on >old +@all\n";
    let mut w = World::try_with(&file, Some(users)).ok().unwrap();
    w.connect(A);
    w.connect(B);
    w.ask(B, "AUTH u old");
    w.ask(A, "ACL LOAD");
    w.clients.acl_text(Ticket(A.0), Ok(b"user u on >new +@all\n"), &mut w.out);
    assert_eq!(
        w.said(),
        "CloseClient { client: ClientId(4) } 3:+OK|",
        "B logged in with a password that is revoked"
    );
}

#[test]
fn events_reach_channels_and_patterns_in_both_protocols() {
    let mut w = World::with(&General::default());
    w.connect(A);
    w.connect(B);
    assert!(w.ask(A, "SUBSCRIBE +sdown").starts_with("Subscriber { client: ClientId(3), yes: true }"));
    w.ask(A, "PSUBSCRIBE [-+]sdown");
    w.ask(B, "HELLO 3");
    w.ask(B, "CLIENT REPLY OFF");
    w.ask(B, "PSUBSCRIBE *");
    w.clients.publish("+sdown", "master mm", &mut w.out);
    assert_eq!(
        w.said(),
        "3:*3|$7|message|$6|+sdown|$9|master mm| \
         4:>4|$8|pmessage|$1|*|$6|+sdown|$9|master mm| \
         3:*4|$8|pmessage|$9|[-+]sdown|$6|+sdown|$9|master mm|"
    );
    w.clients.gone(B);
    w.ask(A, "PUNSUBSCRIBE");
    assert!(w.ask(A, "UNSUBSCRIBE").starts_with("Subscriber { client: ClientId(3), yes: false }"));
    w.clients.publish("+sdown", "master mm", &mut w.out);
    assert_eq!(w.said(), "");
}

#[test]
fn subscriptions_have_limits() {
    let mut w = World::with(&General::default());
    w.connect(A);
    let long = "x".repeat(CHANNEL_BYTES + 1);
    assert!(w.ask(A, &format!("SUBSCRIBE {long}")).starts_with("3:-ERR channel name too long"));
    let many: Vec<String> = (0..=SUBSCRIPTIONS_PER_CLIENT).map(|n| n.to_string()).collect();
    assert!(w.ask(A, &format!("SUBSCRIBE {}", many.join(" "))).starts_with("3:-ERR too many subscriptions"));
    assert_eq!(w.ask(A, "PING"), "3:+PONG|", "nothing was subscribed");
}

#[test]
fn renamed_commands_answer_to_their_new_name_only() {
    let rename = |a: &str, b: &str| (a.to_string(), b.to_string());
    let mut w = World::with(&General {
        rename_commands: vec![rename("client", "kunde"), rename("HELLO", "")],
        ..General::default()
    });
    w.connect(A);
    assert!(w.ask(A, "CLIENT ID").starts_with("3:-ERR unknown command 'CLIENT'"));
    assert!(w.ask(A, "HELLO").starts_with("3:-ERR unknown command 'HELLO'"));
    assert_eq!(w.ask(A, "KUNDE id"), "3::3|");
    assert_eq!(w.ask(A, "kunde nosuch"), "3:-ERR unknown subcommand 'nosuch'. Try KUNDE HELP.|");
    assert_eq!(w.ask(A, "kunde getname x"), "3:-ERR wrong number of arguments for 'client|getname' command|");
    assert_eq!(w.ask(A, "COMMAND COUNT"), "3::14|");
}

#[test]
fn http_is_cut_off_and_logged_once_a_minute() {
    let mut w = World::with(&General::default());
    for (n, logged) in [(1, true), (2, false)] {
        w.connect(ClientId(n));
        let said = w.ask(ClientId(n), "POST / HTTP/1.1");
        assert_eq!(said.contains("SECURITY"), logged, "{said}");
        assert!(said.ends_with(&format!("CloseClient {{ client: ClientId({n}) }}")));
    }
    w.now.mono = w.now.mono + 60_000;
    w.connect(A);
    assert!(w.ask(A, "Host: x").contains("127.0.0.1:5000"));
}

#[test]
fn info_sections() {
    let mut w = World::with(&General::default());
    w.connect(A);
    let info = |w: &World, text: &str| {
        let reply = w.clients.info(w.now, &words(text), "# Sentinel\r\nx:1\r\n");
        let Reply::Bulk(bytes) = reply else { panic!("{reply:?}") };
        String::from_utf8(bytes).unwrap()
    };
    let heads = |text: String| -> Vec<String> {
        text.lines().filter(|l| l.starts_with('#')).map(str::to_string).collect()
    };
    let all = ["# Server", "# Clients", "# Stats", "# CPU", "# Sentinel"];
    for text in ["INFO", "INFO all", "info DEFAULT", "INFO everything foo"] {
        assert_eq!(heads(info(&w, text)), all, "{text}");
    }
    assert_eq!(info(&w, "INFO replication"), "");
    assert_eq!(info(&w, "INFO sentinel foo"), "# Sentinel\r\nx:1\r\n");
    assert!(info(&w, "INFO cpu sentinel").contains("\r\n\r\n# Sentinel"));
    w.ask(A, "SUBSCRIBE a b");
    let stats = info(&w, "INFO stats");
    assert!(stats.contains("pubsub_channels:2\r\n") && stats.contains("total_commands_processed:1\r\n"));
    assert!(info(&w, "INFO server").contains("redis_mode:sentinel\r\n"));
    assert!(info(&w, "INFO clients").contains("connected_clients:1\r\n"));
}

#[test]
fn passwords_of_genpass_have_the_asked_length() {
    let mut w = World::with(&General::default());
    w.connect(A);
    let first = w.ask(A, "ACL GENPASS");
    assert!(first.starts_with("3:$64|"), "{first}");
    assert_ne!(first, w.ask(A, "ACL GENPASS"));
    assert!(w.ask(A, "ACL GENPASS 5").starts_with("3:$2|"));
}

#[test]
fn set_rules_apply_all_or_none() {
    let mut w = World::with(&General::default());
    w.connect(A);
    let before = w.ask(A, "ACL LIST");
    assert!(
        w.ask(A, "ACL SETUSER u on nopass +nosuch").contains("-ERR Error in ACL SETUSER modifier '+nosuch'")
    );
    assert_eq!(w.ask(A, "ACL LIST"), before);
}

#[test]
fn names_of_libraries_end_the_client_line() {
    let mut w = World::with(&General::default());
    w.connect(A);
    assert_eq!(w.ask(A, "CLIENT SETINFO LIB-NAME redis-py"), "3:+OK|");
    assert_eq!(w.ask(A, "CLIENT SETINFO lib-ver 8.1"), "3:+OK|");
    assert_eq!(w.ask(A, "CLIENT SETINFO foo x"), "3:-ERR Unrecognized option 'foo'|");
    assert!(w.ask(A, "CLIENT LIST").ends_with(" resp=2 lib-name=redis-py lib-ver=8.1\n|"));
}
