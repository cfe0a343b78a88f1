//! One socket on thread `sentinel`, accepted or ours: bytes in to a decoder, bytes out from a buffer.
//!
//! A task per socket ([`pump`]) does the reading and writing; the driver takes what was decoded and appends what is
//! to be written. Both run on one thread and share a [`Conn`] by reference count, so nothing crosses threads. After a
//! read the task pauses until the driver has taken everything: a peer that sends faster than it is served is held
//! back by TCP, and nothing queues up here. What the bytes mean is left to `links` and `server`.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use watchkeeper_core::io::{ClientId, LinkId};
use watchkeeper_resp::{FrameDecoder, RequestDecoder};

/// Bytes taken from a socket at once.
const READ_BYTES: usize = 64 * 1024;
/// Output capacity kept while nothing is waiting: there are thousands of connections, and few are busy.
const KEPT_CAPACITY: usize = 4 * 1024;
/// Bytes already sent that may stay in front of those that wait: moving them away costs time, keeping them memory.
const SENT_KEPT: usize = 64 * 1024;
/// Output below which a held connection is served again.
const RESUME_BYTES: usize = 1024 * 1024;
/// How long a closed client may take to read what was written to it.
const LINGER: Duration = Duration::from_secs(10);

/// A decoder that is fed.
pub(super) trait Feed {
    fn feed(&mut self, bytes: &[u8]);
}

impl Feed for RequestDecoder {
    fn feed(&mut self, bytes: &[u8]) {
        RequestDecoder::feed(self, bytes);
    }
}

impl Feed for FrameDecoder {
    fn feed(&mut self, bytes: &[u8]) {
        FrameDecoder::feed(self, bytes);
    }
}

/// Why no more will be read.
#[derive(Debug)]
pub(super) enum End {
    /// the other side closed its direction
    Eof,
    /// reading or writing failed
    Failed(io::Error),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    /// nothing is read any more; closed when the output has left
    Flushing,
    Closed,
}

/// The shared half of one socket.
#[derive(Debug)]
pub(super) struct Conn<D> {
    pub(super) decoder: D,
    end: Option<End>,
    phase: Phase,
    paused: bool,
    /// input waits until less output waits
    held: bool,
    out: Vec<u8>,
    sent: usize,
    /// the socket did not take everything at the last attempt
    blocked: bool,
    waker: Option<Waker>,
}

impl<D> Conn<D> {
    pub(super) fn new(decoder: D) -> Conn<D> {
        Conn {
            decoder,
            end: None,
            phase: Phase::Open,
            paused: false,
            held: false,
            out: Vec::new(),
            sent: 0,
            blocked: false,
            waker: None,
        }
    }

    /// Appends bytes to be written.
    pub(super) fn push(&mut self, bytes: Vec<u8>) {
        if self.phase != Phase::Open || matches!(self.end, Some(End::Failed(_))) {
            return;
        }
        if self.out.is_empty() && self.out.capacity() < bytes.len() {
            self.out = bytes;
        } else {
            self.out.extend_from_slice(&bytes);
        }
        self.wake();
    }

    /// Bytes waiting to be written.
    pub(super) fn waiting(&self) -> usize {
        self.out.len() - self.sent
    }

    /// Lets the task read again: everything read so far was taken.
    pub(super) fn resume(&mut self) {
        self.paused = false;
        self.wake();
    }

    /// Asks for another turn when little output is left: whoever does not read is not served further.
    pub(super) fn hold(&mut self) {
        self.held = true;
    }

    /// Why reading ended, once.
    pub(super) fn take_end(&mut self) -> Option<End> {
        self.end.take()
    }

    /// Makes the connection end, as if the socket had said so.
    pub(super) fn fail(&mut self, error: io::Error) {
        self.out = Vec::new();
        self.sent = 0;
        if self.end.is_none() {
            self.end = Some(End::Failed(error));
        }
    }

    /// Closes after the output has left.
    pub(super) fn flush_and_close(&mut self) {
        if self.phase == Phase::Open {
            self.phase = Phase::Flushing;
            self.wake();
        }
    }

    /// Closes now; what was not written is lost.
    pub(super) fn close(&mut self) {
        self.phase = Phase::Closed;
        self.out = Vec::new();
        self.sent = 0;
        self.wake();
    }

    fn wake(&self) {
        if let Some(waker) = &self.waker {
            waker.wake_by_ref();
        }
    }

    fn written(&mut self, n: usize) {
        self.sent += n;
        if self.sent == self.out.len() {
            self.sent = 0;
            self.out.clear();
            if self.out.capacity() > KEPT_CAPACITY {
                self.out = Vec::new();
            }
        } else if self.sent > SENT_KEPT && self.sent > self.out.len() / 2 {
            // Whoever reads, but is always a little behind, never lets the buffer run empty. What moves is less than
            // what was sent, so the work stays in proportion.
            self.out.drain(..self.sent);
            self.sent = 0;
        }
    }

    fn poll_out<S: AsyncWrite + Unpin>(&mut self, io: &mut S, cx: &mut Context<'_>) {
        let mut wrote = false;
        self.blocked = false;
        while self.waiting() > 0 {
            match Pin::new(&mut *io).poll_write(cx, &self.out[self.sent..]) {
                Poll::Ready(Ok(0)) => return self.fail(io::ErrorKind::WriteZero.into()),
                Poll::Ready(Ok(n)) => self.written(n),
                Poll::Ready(Err(e)) => return self.fail(e),
                Poll::Pending => {
                    self.blocked = true;
                    break;
                }
            }
            wrote = true;
        }
        if wrote {
            if let Poll::Ready(Err(e)) = Pin::new(io).poll_flush(cx) {
                self.fail(e);
            }
        }
    }
}

/// Whose turn it is, and the read buffer all sockets share.
#[derive(Debug)]
pub(super) struct Hub {
    ready: RefCell<Queues>,
    notify: Notify,
    scratch: RefCell<Box<[u8]>>,
}

/// Turns that wait. Links come by the thousand, each with little; clients must not wait for them all, nor they for a client
/// that never stops: they have their turns by turns.
#[derive(Debug, Default)]
struct Queues {
    links: VecDeque<Ready>,
    clients: VecDeque<Ready>,
    link_is_next: bool,
}

impl Queues {
    fn push(&mut self, what: Ready) {
        match what {
            Ready::Link(_) => self.links.push_back(what),
            Ready::Client(_) => self.clients.push_back(what),
        }
    }

    fn pop(&mut self) -> Option<Ready> {
        let link_first = std::mem::replace(&mut self.link_is_next, false);
        if link_first {
            return self.links.pop_front().or_else(|| self.clients.pop_front());
        }
        let client = self.clients.pop_front();
        self.link_is_next = client.is_some();
        client.or_else(|| self.links.pop_front())
    }

    fn len(&self) -> usize {
        self.links.len() + self.clients.len()
    }
}

/// Something the driver should look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ready {
    Link(LinkId),
    Client(ClientId),
}

impl Hub {
    pub(super) fn new() -> Hub {
        Hub {
            ready: RefCell::default(),
            notify: Notify::new(),
            scratch: RefCell::new(vec![0; READ_BYTES].into_boxed_slice()),
        }
    }

    /// Queues a turn. Each socket has at most a few turns queued: it pauses until one was taken.
    pub(super) fn ready(&self, what: Ready) {
        self.ready.borrow_mut().push(what);
        self.notify.notify_one();
    }

    /// Wakes the driver for something that is not in the queue.
    pub(super) fn poke(&self) {
        self.notify.notify_one();
    }

    pub(super) fn next(&self) -> Option<Ready> {
        self.ready.borrow_mut().pop()
    }

    pub(super) fn has_ready(&self) -> bool {
        self.ready.borrow().len() > 0
    }

    /// How many turns wait now.
    pub(super) fn len(&self) -> usize {
        self.ready.borrow().len()
    }

    /// Waits until a turn is queued.
    pub(super) async fn wait(&self) {
        self.notify.notified().await;
    }
}

/// What the driver has to know of a socket's progress.
pub(super) trait Watch {
    /// something was read, or reading ended
    fn ready(&self);
    /// the socket took less than was to be written: `waiting` bytes are left
    fn blocked(&self, waiting: usize);
    /// bytes that went through
    fn count(&self, read: usize, written: usize);
}

/// Reads and writes until the connection is closed.
pub(super) async fn pump<D, S, W>(mut io: S, conn: &RefCell<Conn<D>>, hub: &Hub, watch: &W)
where
    D: Feed,
    S: AsyncRead + AsyncWrite + Unpin,
    W: Watch,
{
    poll_fn(|cx| poll_open(&mut io, conn, hub, watch, cx)).await;
    if conn.borrow().phase == Phase::Flushing {
        let sent = poll_fn(|cx| {
            let mut conn = conn.borrow_mut();
            conn.poll_out(&mut io, cx);
            if conn.waiting() > 0 && conn.phase != Phase::Closed {
                return Poll::Pending;
            }
            Pin::new(&mut io).poll_shutdown(cx)
        });
        // Whoever does not read in this time loses the rest; there is nobody to tell.
        let _ = tokio::time::timeout(LINGER, sent).await;
    }
    conn.borrow_mut().close();
}

fn poll_open<D, S, W>(
    io: &mut S,
    conn: &RefCell<Conn<D>>,
    hub: &Hub,
    watch: &W,
    cx: &mut Context<'_>,
) -> Poll<()>
where
    D: Feed,
    S: AsyncRead + AsyncWrite + Unpin,
    W: Watch,
{
    let mut conn = conn.borrow_mut();
    if !conn.waker.as_ref().is_some_and(|w| w.will_wake(cx.waker())) {
        conn.waker = Some(cx.waker().clone());
    }
    if conn.phase == Phase::Open && conn.waiting() > 0 {
        let before = conn.waiting();
        conn.poll_out(io, cx);
        watch.count(0, before - conn.waiting());
        if conn.blocked {
            watch.blocked(conn.waiting());
        }
        let freed = conn.held && conn.waiting() < RESUME_BYTES;
        if freed || (conn.end.is_some() && !conn.paused) {
            conn.held = false;
            conn.paused = true;
            watch.ready();
        }
    }
    if conn.phase != Phase::Open {
        return Poll::Ready(());
    }
    if conn.paused || conn.end.is_some() {
        return Poll::Pending;
    }
    let mut scratch = hub.scratch.borrow_mut();
    let mut buf = ReadBuf::new(&mut scratch);
    let Poll::Ready(result) = Pin::new(io).poll_read(cx, &mut buf) else {
        return Poll::Pending;
    };
    match result {
        Ok(()) if buf.filled().is_empty() => conn.end = Some(End::Eof),
        Ok(()) => {
            conn.decoder.feed(buf.filled());
            watch.count(buf.filled().len(), 0);
        }
        Err(e) => conn.fail(e),
    }
    conn.paused = true;
    watch.ready();
    Poll::Pending
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_is_always_behind_costs_no_more_than_what_waits() {
        let mut conn = Conn::new(FrameDecoder::new(1024));
        let mut next = 0_u8;
        let mut expected = 0_u8;
        conn.push(vec![0; 1024]);
        conn.written(1023);
        for _ in 0..64 * 1024 {
            next = next.wrapping_add(1);
            conn.push(vec![next; 1024]);
            conn.written(1024);
            // One byte of the newest is always left.
            expected = expected.wrapping_add(1);
            assert_eq!((conn.waiting(), conn.out[conn.sent]), (1, expected));
        }
        assert!(conn.out.capacity() < 4 * SENT_KEPT, "{} bytes for one that waits", conn.out.capacity());
    }

    #[test]
    fn clients_and_links_have_their_turns_by_turns() {
        let hub = Hub::new();
        for n in 1..=4 {
            hub.ready(Ready::Link(LinkId(n)));
        }
        for n in 1..=2 {
            hub.ready(Ready::Client(ClientId(n)));
        }
        let (link, client) = (|n| Ready::Link(LinkId(n)), |n| Ready::Client(ClientId(n)));
        let turns: Vec<Ready> = std::iter::from_fn(|| hub.next()).collect();
        assert_eq!(turns, [client(1), link(1), client(2), link(2), link(3), link(4)]);
        assert!(!hub.has_ready());
    }
}
