//! What clients can do wrong.

use super::{SOON, Subject};
use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;
use watchkeeper_conformance::{Conn, FrameExt, eventually};

#[test]
fn malformed_requests_are_named_and_end_the_connection() {
    let subject = Subject::start("");
    let long_inline = "x".repeat(70_000);
    let long_count = format!("*{}", "1".repeat(70_000));
    let cases: [(&[u8], &str); 11] = [
        (b"*x\r\n", "ERR Protocol error: invalid multibulk length"),
        (b"*2147483648\r\n", "ERR Protocol error: invalid multibulk length"),
        (b"*1\r\n!3\r\nfoo\r\n", "ERR Protocol error: expected '$', got '!'"),
        (b"*1\r\n$-1\r\n", "ERR Protocol error: invalid bulk length"),
        (b"*1\r\n$x\r\n", "ERR Protocol error: invalid bulk length"),
        (b"*1\r\n$536870913\r\n", "ERR Protocol error: invalid bulk length"),
        (b"*1\r\n$1073741824\r\n", "ERR Protocol error: invalid bulk length"),
        (b"*1\r\n$99999999999999999999\r\n", "ERR Protocol error: invalid bulk length"),
        (b"PING \"unbalanced\r\n", "ERR Protocol error: unbalanced quotes in request"),
        (long_inline.as_bytes(), "ERR Protocol error: too big inline request"),
        (long_count.as_bytes(), "ERR Protocol error: too big mbulk count string"),
    ];
    for (bytes, expected) in cases {
        let mut conn = subject.sentinel.conn();
        conn.send_raw(bytes).unwrap();
        let start = String::from_utf8_lossy(&bytes[..bytes.len().min(30)]);
        assert_eq!(conn.read().unwrap().frame.text(), expected, "{start}");
        assert!(conn.closed_within(SOON), "{start}: the connection ends");
        subject.assert_undisturbed();
    }
    // Nothing but noise, and the two words of a browser's request.
    let mut conn = subject.sentinel.conn();
    conn.send_raw(&[1, 2, 255, b'\n']).unwrap();
    assert!(conn.read().unwrap().frame.text().starts_with("ERR unknown command"));
    for bytes in ["POST / HTTP/1.1\r\n", "Host: localhost\r\n"] {
        let mut conn = subject.sentinel.conn();
        conn.send_raw(bytes.as_bytes()).unwrap();
        assert!(conn.closed_within(SOON), "{bytes}");
    }
    // Zero and negative counts are skipped, as ever.
    let mut conn = subject.sentinel.conn();
    conn.send_raw(b"*0\r\n*-1\r\n\r\nPING\r\n").unwrap();
    assert_eq!(conn.read().unwrap().raw, b"+PONG\r\n");
    subject.assert_still_watching();
}

#[test]
fn announced_sizes_cost_no_memory() {
    let subject = Subject::start("");
    let mut conns = Vec::new();
    for _ in 0..20 {
        // Within the limits: 512 MB announced and a few bytes sent; two thousand million words announced.
        for bytes in ["*2\r\n$4\r\nPING\r\n$536870912\r\nabc", "*2147483647\r\n$4\r\nPING\r\n"] {
            let mut conn = subject.sentinel.conn();
            conn.send_raw(bytes.as_bytes()).unwrap();
            conns.push(conn);
        }
        subject.assert_undisturbed();
    }
    let grown = watchkeeper_conformance::subject::resident(&subject.sentinel) - subject.at_first;
    assert!(grown < 64 << 20, "40 announcements cost {} MiB", grown >> 20);
    // Beyond them: refused at once.
    let mut conn = subject.sentinel.conn();
    conn.send_raw(b"*1\r\n$1073741824\r\n").unwrap();
    assert!(conn.read().unwrap().frame.is_error());
    drop(conns);
    subject.assert_still_watching();
}

#[test]
fn a_thousand_half_open_clients_are_nobodys_trouble() {
    let subject = Subject::start("");
    let mut conns: Vec<Conn> = Vec::new();
    for number in 0..1000 {
        let mut conn = subject.sentinel.conn();
        let begun = ["", "*", "*3\r\n$8\r\nSENTI", "PIN", "*1\r\n$4\r\nPING\r"][number % 5];
        conn.send_raw(begun.as_bytes()).unwrap();
        conns.push(conn);
        if number % 100 == 0 {
            subject.assert_undisturbed();
        }
    }
    subject.assert_undisturbed();
    // A well-behaved peer's vote question, too.
    let vote = subject.cmd("SENTINEL is-master-down-by-addr 127.0.0.1 1 0 *");
    assert_eq!(vote.items().len(), 3);
    // Each of them can still finish its sentence.
    for conn in conns.iter_mut().skip(4).step_by(5) {
        conn.send_raw(b"\n").unwrap();
        assert_eq!(conn.read().unwrap().frame.text(), "PONG");
    }
    drop(conns);
    eventually(SOON, "they are gone from the list", || {
        let info = subject.cmd("INFO clients").text();
        let line = info.lines().find_map(|line| line.strip_prefix("connected_clients:").map(str::to_owned));
        line.and_then(|n| n.parse::<u32>().ok()).is_some_and(|n| n < 20)
    });
    subject.assert_still_watching();
}

/// A client that asks and never reads: what waits for it is bounded or it is let go.
#[test]
fn a_client_that_never_reads_is_bounded() {
    let subject = Subject::start("");
    let mut stream = TcpStream::connect(("127.0.0.1", subject.sentinel.port())).unwrap();
    stream.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
    let question = b"*2\r\n$7\r\nCOMMAND\r\n$4\r\nDOCS\r\n".repeat(100);
    for _ in 0..20 {
        // Once its socket is full the sentinel stops reading too; that is as good as letting the client go.
        let sent = stream.write_all(&question);
        subject.assert_undisturbed();
        if sent.is_err() {
            break;
        }
    }
    subject.assert_still_watching();
}
