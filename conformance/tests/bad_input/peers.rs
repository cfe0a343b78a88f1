//! What other sentinels can get wrong: hello messages, epochs, answers.

use super::{SOON, Subject};
use std::time::Duration;
use watchkeeper_conformance::fake::{Answer, Fake};
use watchkeeper_conformance::subject::is_upstream;
use watchkeeper_conformance::{FrameExt, eventually};

const ID: &str = "00112233445566778899aabbccddeeff00112233";

/// Hello messages nobody may act on, in a group `hurt` whose master is at `port`.
fn bad_hellos(port: u16) -> Vec<String> {
    let long = "a".repeat(100_000);
    let mut list = vec![
        String::new(),
        ",".to_owned(),
        ",,,,,,,".to_owned(),
        "no commas at all".to_owned(),
        format!("127.0.0.1,1,{ID},0,hurt,127.0.0.1,{port}"),
        format!("127.0.0.1,1,{ID},0,hurt,127.0.0.1,{port},0,one too many"),
        format!("127.0.0.1,1,{ID},0,nobody,127.0.0.1,{port},99"),
        format!("127.0.0.1,99999,{ID},0,hurt,127.0.0.1,{port},0"),
        format!("127.0.0.1,-1,{ID},0,hurt,127.0.0.1,{port},0"),
        format!("not an address,1,{ID},0,hurt,127.0.0.1,{port},0"),
        format!("{long},1,{ID},0,hurt,127.0.0.1,{port},0"),
        long,
    ];
    if !is_upstream() {
        // Redis's sentinel takes these: -1 becomes the highest epoch there is, for good; an address that cannot be
        // is announced and not taken.
        for (current, config) in [("-1", "0"), ("18446744073709551615", "0"), ("0", "-1"), ("x", "y")] {
            list.push(format!("127.0.0.1,1,{ID},{current},hurt,127.0.0.1,{port},{config}"));
        }
        list.push(format!("127.0.0.1,1,{ID},18446744073709551616,hurt,127.0.0.1,{port},1"));
        list.push(format!("127.0.0.1,1,{ID},7,hurt,not an address,{port},7"));
        list.push(format!("127.0.0.1,1,{ID},7,hurt,127.0.0.1,99999,7"));
    }
    list
}

fn assert_group_unchanged(subject: &Subject, port: u16, what: &str) {
    let fields = subject.cmd("SENTINEL MASTER hurt").fields();
    let short: String = what.chars().take(100).collect();
    assert_eq!(fields["port"], port.to_string(), "`{short}`");
    assert_eq!(fields["config-epoch"], "0", "`{short}`");
    let shown = subject.cmd("SENTINEL GET-MASTER-ADDR-BY-NAME hurt").items();
    assert_eq!(shown[1].text(), port.to_string(), "`{short}`");
}

#[test]
fn hello_messages_with_wrong_fields_change_nothing() {
    let fake = Fake::start(|_| None);
    let subject = Subject::watching(fake.port());
    eventually(SOON, "the fake is subscribed to", || fake.push_hello(b"x") > 0);
    for payload in bad_hellos(fake.port()) {
        // The reply to a published hello is 1 whatever is in it.
        let reply = subject.sentinel.conn().call(&["PUBLISH", "__sentinel__:hello", &payload]);
        assert_eq!(reply.int(), Some(1));
        fake.push_hello(payload.as_bytes());
        assert_group_unchanged(&subject, fake.port(), &payload);
        subject.assert_undisturbed();
    }
    assert_eq!(subject.epoch(), 0);
    // A good one still works, on both ways.
    let good = format!("127.0.0.1,1,{ID},3,hurt,127.0.0.1,{},0", fake.port());
    fake.push_hello(good.as_bytes());
    eventually(SOON, "the good one is heard", || subject.epoch() == 3);
    let others = subject.cmd("SENTINEL SENTINELS hurt").items();
    assert!(others.iter().any(|other| other.fields()["runid"] == ID), "{others:?}");
    let other_channel = subject.sentinel.conn().call(&["PUBLISH", "elsewhere", "x"]).text();
    assert_eq!(other_channel, "ERR Only HELLO messages are accepted by Sentinel instances.");
    subject.assert_still_watching();
}

#[test]
fn binary_noise_on_the_hello_channel_is_ignored() {
    let fake = Fake::start(|_| None);
    let subject = Subject::watching(fake.port());
    eventually(SOON, "the fake is subscribed to", || fake.push_hello(b"x") > 0);
    for noise in [
        &b"\0\0\0\0"[..],
        b"\xff\xfe,\xff,\xff,\xff,\xff,\xff,\xff,\xff",
        b"%s%s%n,1,2,3,4,5,6,7",
        b"\r\n\r\n",
    ] {
        assert_eq!(
            subject.sentinel.conn().call(&[&b"PUBLISH"[..], b"__sentinel__:hello", noise]).int(),
            Some(1)
        );
        fake.push_hello(noise);
        assert_group_unchanged(&subject, fake.port(), &String::from_utf8_lossy(noise));
    }
    subject.assert_still_watching();
}

#[test]
fn epochs_out_of_range_are_refused() {
    let fake = Fake::start(|_| None);
    let subject = Subject::watching(fake.port());
    let port = fake.port().to_string();
    let ask = |epoch: &str| {
        let words = ["SENTINEL", "is-master-down-by-addr", "127.0.0.1", &port, epoch, ID];
        subject.sentinel.conn().call(&words)
    };
    let mut refused =
        vec!["18446744073709551616", "9223372036854775808", "1e3", "", " 1", "+1", "0x10", "one"];
    if !is_upstream() {
        // Redis's sentinel takes a negative epoch for a huge one and can never vote again.
        refused.extend(["-1", "-9223372036854775808"]);
    }
    for epoch in refused {
        let reply = ask(epoch);
        assert!(reply.is_error(), "`{epoch}`: {}", reply.show());
        assert!(reply.text().starts_with("ERR "), "`{epoch}`: {}", reply.show());
        assert_eq!(subject.epoch(), 0, "`{epoch}`");
    }
    let vote = ask("5").items();
    assert_eq!((vote[1].text().as_str(), vote[2].int()), (ID, Some(5)));
    assert_eq!(subject.epoch(), 5);
    subject.assert_still_watching();
}

/// Answers of a peer that are no answers. The last is not even RESP.
const NONSENSE: [&str; 10] = [
    "+OK\r\n",
    ":1\r\n",
    "$-1\r\n",
    "*-1\r\n",
    "*0\r\n",
    "*3\r\n$1\r\n1\r\n:1\r\n$1\r\n1\r\n",
    "*3\r\n:1\r\n*-1\r\n:-1\r\n",
    "*3\r\n:1\r\n$40\r\n00000000000000000000000000000000000000ff\r\n:-5\r\n",
    "-ERR nonsense\r\n",
    "HTTP/1.1 200 OK\r\n\r\n",
];

/// A peer that greets properly and answers nonsense is one voter that never agrees: nothing is started over its head.
#[test]
fn a_peer_that_answers_nonsense_agrees_to_nothing() {
    let nonsense = NONSENSE.iter().cycle();
    let answers = std::sync::Mutex::new(nonsense);
    let peer = Fake::start(move |words| {
        let mut answers = answers.lock().expect("no thread panics while it holds the list");
        (words[0].eq_ignore_ascii_case("SENTINEL"))
            .then(|| Answer::text(answers.next().copied().unwrap_or_default()))
    });
    let master = Fake::start(|_| None);
    let config = format!(
        "sentinel monitor hurt 127.0.0.1 {} 2\nsentinel down-after-milliseconds hurt 1000\n\
         sentinel known-sentinel hurt 127.0.0.1 {} {ID}\n",
        master.port(),
        peer.port()
    );
    let subject = Subject::start(&config);
    let recorder = watchkeeper_conformance::Recorder::with(subject.sentinel.conn());
    eventually(SOON, "the master is up", || subject.flags("hurt") == "master");
    drop(master);
    subject.sentinel.conn().call(&["SENTINEL", "SET", "steady", "quorum", "1"]);
    // The listener is gone only for new connections: drop what is open, too.
    subject.undisturbed_until("the peer has been asked through all the nonsense", || {
        let _ = subject.sentinel.conn().call(&["SENTINEL", "SET", "hurt", "auth-pass", "x"]);
        peer.heard(&["SENTINEL", "is-master-down-by-addr"]) > NONSENSE.len()
    });
    let started = recorder.channels().into_iter().find(|c| ["+odown", "+try-failover"].contains(&c.as_str()));
    // One of the ten says that the master is down, in the right form but for the vote: that may make it odown.
    assert!(started.as_deref() != Some("+elected-leader"), "{}", recorder.show());
    assert!(!recorder.channels().iter().any(|channel| channel == "+elected-leader"), "{}", recorder.show());
    subject.assert_still_watching();
}

/// A peer whose every answer is noise: its link is opened again at a decent pace, not in a loop.
#[test]
fn a_peer_that_speaks_no_resp_is_retried_at_a_decent_pace() {
    let peer = Fake::start(|_| Some(Answer::text("\x16\x03\x01 is this TLS?\r\n")));
    let config = format!("sentinel known-sentinel steady 127.0.0.1 {} {ID}\n", peer.port());
    let subject = Subject::start(&config);
    let heard = |peer: &Fake| peer.heard(&["PING"]);
    eventually(SOON, "it is spoken to", || heard(&peer) > 0);
    let (first, since) = (heard(&peer), std::time::Instant::now());
    subject.undisturbed_until("it is tried again", || heard(&peer) > first + 2);
    let rate = f64::from(u32::try_from(heard(&peer) - first).unwrap()) / since.elapsed().as_secs_f64();
    assert!(rate < 20.0, "{rate} attempts in a second");
    eventually(Duration::from_secs(10), "it is shown as down", || {
        let others = subject.cmd("SENTINEL SENTINELS steady").items();
        others.iter().any(|other| other.fields()["flags"].contains("down"))
    });
    subject.assert_still_watching();
}
