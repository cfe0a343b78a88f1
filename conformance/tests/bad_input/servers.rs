//! What data servers can get wrong: INFO too big, endless, garbage; replies that are none.

use super::{SOON, Subject};
use std::time::Duration;
use watchkeeper_conformance::fake::{Answer, Fake, SENSIBLE_INFO};
use watchkeeper_conformance::subject::is_upstream;
use watchkeeper_conformance::{FrameExt, eventually};

const MEGABYTE: usize = 1 << 20;

fn is(words: &[String], command: &str) -> bool {
    words[0].eq_ignore_ascii_case(command)
}

#[test]
fn info_of_a_hundred_megabytes_is_bounded() {
    let fake = Fake::start(|words| {
        is(words, "INFO").then(|| {
            let head = format!("${}\r\n{SENSIBLE_INFO}", 100 * MEGABYTE + SENSIBLE_INFO.len()).into_bytes();
            let mut chunk = b"x:".to_vec();
            chunk.resize(MEGABYTE - 2, b'y');
            chunk.extend_from_slice(b"\r\n");
            Answer::Flood { head, chunk, times: 100 }
        })
    });
    let subject = Subject::watching(fake.port());
    subject.undisturbed_until("INFO has been asked for twice", || fake.heard(&["INFO"]) >= 2);
    subject.assert_still_watching();
}

#[test]
fn info_without_an_end_is_bounded() {
    let fake = Fake::start(|words| {
        // Two thousand megabytes announced, and sent until the sentinel hangs up.
        is(words, "INFO").then(|| Answer::Flood {
            head: b"$2147483647\r\n".to_vec(),
            chunk: vec![b'z'; MEGABYTE],
            times: 400,
        })
    });
    let subject = Subject::watching(fake.port());
    subject.undisturbed_until("INFO has been asked for", || fake.heard(&["INFO"]) >= 1);
    eventually(SOON, "the group is called down or its link is dropped", || {
        subject.assert_undisturbed();
        let flags = subject.flags("hurt");
        flags.contains("s_down") || flags.contains("disconnected") || fake.heard(&["INFO"]) >= 2
    });
    subject.assert_still_watching();
}

/// INFO texts that make no sense. None may crash, confuse or make up a replica.
const GARBAGE: [&[u8]; 12] = [
    b"",
    b"\r\n\r\n\r\n",
    b"role:\r\nslave0:\r\nrun_id:\r\n",
    b"\0\0\0role:master\0\r\n\xff\xfe\xfd",
    b"role:emperor\r\nrun_id:short\r\n",
    b"role:master\r\nslave0:ip=,port=,state=online\r\n",
    b"role:master\r\nslave0:ip=127.0.0.1,port=99999,state=online,offset=0,lag=0\r\n",
    b"role:master\r\nslave0:ip=127.0.0.1,port=-1,state=online\r\nslave1:ip=nowhere,port=1\r\n",
    b"role:master\r\nslave0:127.0.0.1\r\nslave999999999999999999999:ip=x\r\n",
    b"role:master\r\nslave0:port=1,port=2,ip=;;;,ip=\r\nslave\r\nslave0\r\n",
    b"role:slave\r\nmaster_host:\r\nmaster_port:abc\r\nmaster_link_status:maybe\r\nslave_priority:-1\r\n",
    b"no colon at all, and no line end",
];

#[test]
fn info_of_garbage_makes_up_nothing() {
    let turn = std::sync::atomic::AtomicUsize::new(0);
    let fake = Fake::start(move |words| {
        is(words, "INFO").then(|| {
            let turn = turn.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            Answer::bulk(GARBAGE[turn % GARBAGE.len()])
        })
    });
    let subject = Subject::watching(fake.port());
    assert_eq!(subject.cmd("SENTINEL DEBUG info-period 100").text(), "OK");
    subject.undisturbed_until("every text has been read", || fake.heard(&["INFO"]) > GARBAGE.len() + 1);
    for replica in subject.cmd("SENTINEL REPLICAS hurt").items() {
        let fields = replica.fields();
        let port: u32 = fields["port"].parse().expect("a port is a number");
        assert!(port <= 65535 && !fields["ip"].contains(';'), "{fields:?}");
    }
    let epochs = subject.cmd("SENTINEL MASTER hurt").fields();
    assert_eq!(epochs["config-epoch"], "0");
    subject.assert_still_watching();
}

#[test]
fn info_with_a_hundred_thousand_replicas_is_bounded() {
    let fake = Fake::start(|words| {
        is(words, "INFO").then(|| {
            let mut text = b"role:master\r\n".to_vec();
            for number in 0..100_000_u32 {
                // Reserved for documentation: connections go nowhere. The same few ports again and again.
                let line = format!(
                    "slave{number}:ip=127.0.0.3,port={},state=online,offset=1,lag=0\r\n",
                    20_000 + number % 20
                );
                text.extend_from_slice(line.as_bytes());
            }
            Answer::bulk(&text)
        })
    });
    let subject = Subject::watching(fake.port());
    subject.undisturbed_until("INFO has been asked for twice", || fake.heard(&["INFO"]) >= 2);
    assert!(subject.cmd("SENTINEL REPLICAS hurt").items().len() <= 20);
    subject.assert_still_watching();
}

/// Replies that end a connection or should: no RESP, wrong types, sizes nobody can have, nesting without end.
#[test]
fn replies_that_are_no_replies_only_cost_the_link() {
    let deep = "*1\r\n".repeat(200_000);
    let mut replies = vec![
        "SSH-2.0-OpenSSH_9.2\r\n",
        "\x16\x03\x01",
        "$99999999999999999999\r\n",
        "$1073741824\r\n",
        "*1073741824\r\n",
        "*-2\r\n",
        "+",
        ":abc\r\n",
        "%1\r\n+a\r\n+b\r\n",
        deep.as_str(),
        "",
    ];
    if !is_upstream() {
        // More answers than questions: Redis's sentinel 7.0.15 ends itself on them (an assertion in hiredis).
        replies.push("+PONG\r\n+PONG\r\n+PONG\r\n+PONG\r\n");
    }
    for reply in replies {
        println!("{}", &reply[..reply.len().min(40)].escape_debug());
        let text = reply.to_owned();
        let fake = Fake::start(move |words| {
            (is(words, "PING") || is(words, "INFO"))
                .then(|| if text.is_empty() { Answer::Close } else { Answer::text(&text) })
        });
        let subject = Subject::watching(fake.port());
        subject.undisturbed_until("it has been spoken to", || fake.heard(&["PING"]) >= 2);
        subject.assert_undisturbed();
    }
}

#[test]
fn a_server_that_says_nothing_is_down_and_nothing_else() {
    let fake = Fake::start(|_| Some(Answer::Silence));
    let subject = Subject::watching(fake.port());
    let recorder = watchkeeper_conformance::Recorder::with(subject.sentinel.conn());
    let down =
        recorder.wait_for(SOON, "+sdown of hurt", |e| e.channel == "+sdown" && e.text.contains("hurt"));
    assert_eq!(down.text, format!("master hurt 127.0.0.1 {}", fake.port()));
    // Without a replica nothing can be promoted: said, and not tried in a loop.
    recorder.wait_channel(Duration::from_secs(30), "-failover-abort-no-good-slave");
    let tries = recorder.channels().iter().filter(|channel| *channel == "+try-failover").count();
    assert_eq!(tries, 1, "{}", recorder.show());
    subject.assert_still_watching();
}
