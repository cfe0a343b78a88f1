//! Slow links without netem, which not every kernel has: packets wait in a netfilter queue (NFQUEUE) until they are due.
//!
//! They leave in the order they came. Speaks just enough of the kernel's nfnetlink_queue protocol for that.

use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::net::netlink::{NETFILTER, SocketAddrNetlink};
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, bind, recv, sendto, socket_with,
};

use super::net::enter;

const SUBSYSTEM_QUEUE: u16 = 3 << 8;
const MESSAGE_PACKET: u16 = SUBSYSTEM_QUEUE;
const MESSAGE_VERDICT: u16 = SUBSYSTEM_QUEUE | 1;
const MESSAGE_CONFIG: u16 = SUBSYSTEM_QUEUE | 2;
const MESSAGE_ERROR: u16 = 2;
const REQUEST: u16 = 1;
const ACKNOWLEDGE: u16 = 4;
const ACKNOWLEDGED_WITHIN: Duration = Duration::from_secs(1);
/// the length of the two headers every message begins with
const HEADERS: usize = 20;
/// A thread that waits longer notices too late that it should end.
const LONGEST_WAIT: Duration = Duration::from_millis(20);

/// One host's packets are late while this lives.
#[derive(Debug)]
pub(crate) struct Delay {
    ms: u64,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Delay {
    /// Serves queue 0 of a namespace.
    ///
    /// # Errors
    /// When the kernel has no such queues.
    pub(crate) fn start(namespace: &str, ms: u64) -> io::Result<Delay> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let name = namespace.to_owned();
        let (ready, is_ready) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let opened = enter(&name).and_then(|()| open());
            match opened {
                Ok(socket) => {
                    let _ = ready.send(Ok(()));
                    serve(&socket, Duration::from_millis(ms), &stopped);
                }
                Err(error) => {
                    let _ = ready.send(Err(error));
                }
            }
        });
        is_ready.recv().map_err(io::Error::other)??;
        Ok(Delay { ms, stop, thread: Some(thread) })
    }

    /// By how much.
    pub(crate) fn ms(&self) -> u64 {
        self.ms
    }
}

impl Drop for Delay {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn open() -> io::Result<OwnedFd> {
    // A server started meanwhile must not inherit it: the queue would outlive us and hold packets for ever.
    let fd = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, Some(NETFILTER))?;
    bind(&fd, &SocketAddrNetlink::new(0, 0))?;
    // Command BIND; then copy nothing but the packet's number; then room for a second of a fast link.
    set_socket_timeout(&fd, Timeout::Recv, Some(ACKNOWLEDGED_WITHIN))?;
    configure(&fd, 1, &[1, 0, 0, 0])?;
    configure(&fd, 2, &[0, 0, 0, 0, 1])?;
    configure(&fd, 3, &8192_u32.to_be_bytes())?;
    Ok(fd)
}

/// A setting that is not in force would hold packets for ever, so the kernel must say that it is.
fn configure(fd: &OwnedFd, attribute: u16, value: &[u8]) -> io::Result<()> {
    tell(fd, MESSAGE_CONFIG, REQUEST | ACKNOWLEDGE, attribute, value)?;
    let mut buffer = [0; 4096];
    let (_, length) = recv(fd, &mut buffer[..], RecvFlags::empty())?;
    let kind =
        buffer.get(4..6).filter(|_| length >= 20).map(|bytes| u16::from_ne_bytes([bytes[0], bytes[1]]));
    match (kind, buffer[16..].first_chunk().map(|bytes| i32::from_ne_bytes(*bytes))) {
        (Some(MESSAGE_ERROR), Some(0)) => Ok(()),
        (Some(MESSAGE_ERROR), Some(code)) => Err(io::Error::from_raw_os_error(-code)),
        _ => Err(io::Error::other("no acknowledgement")),
    }
}

/// One message with one attribute about queue 0.
fn tell(fd: &OwnedFd, kind: u16, flags: u16, attribute: u16, value: &[u8]) -> io::Result<()> {
    let padded = value.len().div_ceil(4) * 4;
    let mut message = Vec::new();
    let length = u32::try_from(HEADERS + 4 + padded).map_err(io::Error::other)?;
    message.extend(length.to_ne_bytes());
    message.extend(kind.to_ne_bytes());
    message.extend(flags.to_ne_bytes());
    message.extend([0; 8]); // sequence number and port, not used
    message.extend([0; 4]); // any protocol family, version 0, queue 0
    let length = u16::try_from(4 + value.len()).map_err(io::Error::other)?;
    message.extend(length.to_ne_bytes());
    message.extend(attribute.to_ne_bytes());
    message.extend(value);
    message.resize(HEADERS + 4 + padded, 0);
    sendto(fd, &message, SendFlags::empty(), &SocketAddrNetlink::new(0, 0))?;
    Ok(())
}

fn serve(fd: &OwnedFd, delay: Duration, stop: &AtomicBool) {
    let mut waiting: VecDeque<(Instant, u32)> = VecDeque::new();
    let mut buffer = vec![0; 64 * 1024];
    while !stop.load(Ordering::Relaxed) {
        let now = Instant::now();
        while waiting.front().is_some_and(|(due, _)| *due <= now) {
            let (_, id) = waiting.pop_front().expect("it was looked at just now");
            accept(fd, id);
        }
        let wait = waiting.front().map_or(LONGEST_WAIT, |(due, _)| due.duration_since(now).min(LONGEST_WAIT));
        let wait = wait.max(Duration::from_millis(1));
        let _ = set_socket_timeout(fd, Timeout::Recv, Some(wait));
        if let Ok((_, length)) = recv(fd, &mut buffer[..], RecvFlags::empty()) {
            let due = Instant::now() + delay;
            waiting.extend(numbers(&buffer[..length.min(buffer.len())]).into_iter().map(|id| (due, id)));
        }
    }
    waiting.iter().for_each(|(_, id)| accept(fd, *id));
}

fn accept(fd: &OwnedFd, id: u32) {
    let mut verdict = 1_u32.to_be_bytes().to_vec();
    verdict.extend(id.to_be_bytes());
    let _ = tell(fd, MESSAGE_VERDICT, REQUEST, 2, &verdict);
}

/// The numbers of the packets that the kernel announces in these messages.
fn numbers(mut messages: &[u8]) -> Vec<u32> {
    let mut found = Vec::new();
    while let Some(length) = messages.first_chunk().map(|bytes| u32::from_ne_bytes(*bytes) as usize) {
        if length < HEADERS || length > messages.len() {
            break;
        }
        let (message, rest) = messages.split_at(length);
        if message[4..6] == MESSAGE_PACKET.to_ne_bytes() {
            found.extend(number(&message[HEADERS..]));
        }
        messages = rest;
    }
    found
}

fn number(mut attributes: &[u8]) -> Option<u32> {
    while attributes.len() >= 4 {
        let length = usize::from(u16::from_ne_bytes([attributes[0], attributes[1]]));
        let kind = u16::from_ne_bytes([attributes[2], attributes[3]]) & 0x3fff;
        if kind == 1 {
            return attributes.get(4..8)?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes));
        }
        attributes = attributes.get(length.max(4).div_ceil(4) * 4..)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packet_numbers_are_found_in_what_the_kernel_says() {
        let mut message = vec![32, 0, 0, 0];
        message.extend(MESSAGE_PACKET.to_ne_bytes());
        message.extend([0; 14]);
        message.extend([11, 0, 1, 0]);
        message.extend(77_u32.to_be_bytes());
        message.extend([8, 0, 1, 0]);
        assert_eq!(message.len(), 32);
        let twice = [message.clone(), message].concat();
        assert_eq!(numbers(&twice), [77, 77]);
        assert_eq!(numbers(&twice[..40]), [77]);
    }
}
