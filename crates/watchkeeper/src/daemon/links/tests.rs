//! Links against a listener of the test.

use std::io::{Read, Write};
use std::net::TcpListener;

use watchkeeper_resp::Frame;

use super::*;

struct World {
    hub: Rc<Hub>,
    links: Links,
}

impl World {
    fn new() -> World {
        let hub = Rc::new(Hub::new());
        World { links: Links::new(Rc::clone(&hub), None), hub }
    }

    /// What happens next on any link.
    async fn next(&mut self) -> (LinkId, LinkInput) {
        loop {
            while let Some(ready) = self.hub.next() {
                let Ready::Link(link) = ready else { panic!("{ready:?}") };
                if let Some(what) = self.links.next(link) {
                    self.hub.ready(ready);
                    return (link, what);
                }
            }
            self.hub.wait().await;
        }
    }
}

fn test(body: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let within = std::time::Duration::from_secs(20);
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async { tokio::time::timeout(within, body).await.expect("in time") });
}

#[test]
fn what_was_written_before_it_is_up_arrives_and_frames_come_back() {
    test(async {
        let mut world = World::new();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        world.links.open(LinkId(1), listener.local_addr().unwrap(), None, false);
        world.links.send(LinkId(1), b"PING\r\n".to_vec());
        let (_, what) = world.next().await;
        assert!(matches!(what, LinkInput::Up { local } if local.ip().is_loopback()), "{what:?}");
        let server = std::thread::spawn(move || {
            let (mut socket, _) = listener.accept().unwrap();
            let mut got = [0; 6];
            socket.read_exact(&mut got).unwrap();
            socket.write_all(b"+PONG\r\n:1\r\n").unwrap();
            got
        });
        assert!(matches!(world.next().await.1, LinkInput::Frame(Frame::Simple(text)) if text == b"PONG"));
        assert!(matches!(world.next().await.1, LinkInput::Frame(Frame::Integer(1))));
        assert!(matches!(world.next().await.1, LinkInput::Down(DownReason::Closed)));
        assert_eq!(&server.join().unwrap(), b"PING\r\n");
        assert!(world.links.open.is_empty());
    });
}

#[test]
fn a_closed_port_is_refused_and_a_closed_link_is_silent() {
    test(async {
        let mut world = World::new();
        let addr = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        world.links.open(LinkId(1), addr, None, false);
        world.links.open(LinkId(2), addr, None, false);
        world.links.close(LinkId(1));
        let (link, what) = world.next().await;
        assert_eq!(link, LinkId(2));
        assert!(matches!(what, LinkInput::Down(DownReason::Refused)), "{what:?}");
    });
}

#[test]
fn a_server_that_does_not_speak_resp_and_one_that_does_not_read() {
    test(async {
        let mut world = World::new();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        world.links.open(LinkId(1), listener.local_addr().unwrap(), None, false);
        assert!(matches!(world.next().await.1, LinkInput::Up { .. }));
        let (mut socket, _) = listener.accept().unwrap();
        socket.write_all(b"HTTP/1.1 400\r\n").unwrap();
        let what = world.next().await.1;
        assert!(matches!(what, LinkInput::Down(DownReason::Protocol(_))), "{what:?}");
        world.links.open(LinkId(2), listener.local_addr().unwrap(), None, false);
        assert!(matches!(world.next().await.1, LinkInput::Up { .. }));
        world.links.send(LinkId(2), vec![b'x'; OUT_BYTES]);
        world.links.send(LinkId(2), vec![b'x']);
        let what = world.next().await.1;
        assert!(matches!(what, LinkInput::Down(DownReason::Other(_))), "{what:?}");
    });
}

#[test]
fn tls_without_settings_is_a_reason_not_a_plain_connection() {
    test(async {
        let mut world = World::new();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        world.links.open(LinkId(1), listener.local_addr().unwrap(), None, true);
        assert!(matches!(world.next().await.1, LinkInput::Down(DownReason::Tls(_))));
    });
}

#[test]
fn many_are_dialled_some_in_each_round_and_what_is_closed_before_never() {
    test(async {
        let mut world = World::new();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let some = DIALS_PER_ROUND as u64;
        let all = 2 * some + 1;
        (0..all).for_each(|id| world.links.open(LinkId(id), addr, None, false));
        let begun = |links: &Links| links.open.values().filter(|link| link.task.is_some()).count() as u64;
        assert!(begun(&world.links) == some && world.links.has_undialled());
        world.links.close(LinkId(some));
        world.links.next_round();
        assert!(begun(&world.links) == 2 * some && !world.links.has_undialled());
        let mut up = std::collections::BTreeSet::new();
        while up.len() < all as usize - 1 {
            let (link, what) = world.next().await;
            assert!(matches!(what, LinkInput::Up { .. }), "{what:?}");
            up.insert(link);
        }
        assert!(!up.contains(&LinkId(some)));
    });
}
