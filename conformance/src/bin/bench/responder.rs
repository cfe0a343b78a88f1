//! A data server that stands for thousands: one listener for all of 127.0.0.0/8, every address a master without replicas
//! that answers what sentinels ask. It also notes how long each connection waits between two PINGs.
//!
//! Run as `bench responder PORT FILE` in a process of its own, FILE holding the INFO of a real server. `BENCH.RESET` begins a
//! window and `BENCH.PINGS` says what was seen in it.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{IpAddr, TcpListener, TcpStream};
use std::time::Instant;

use rustix::buffer::spare_capacity;
use rustix::event::epoll;
use std::os::fd::{AsRawFd, OwnedFd};

/// The listener's mark among the connections'.
const LISTENER: u64 = u64::MAX;
const BACKLOG: i32 = 4096;
/// Nothing a sentinel sends is longer.
const LONGEST: usize = 64 * 1024;

/// The address of the group with this number.
pub(crate) fn address(number: usize) -> String {
    format!("127.{}.{}.{}", 1 + number / 40_000, number / 200 % 200 + 1, number % 200 + 1)
}

struct Client {
    stream: TcpStream,
    group: IpAddr,
    input: Vec<u8>,
    output: Vec<u8>,
    subscribed: bool,
    pinged: Option<Instant>,
}

struct Responder {
    poll: OwnedFd,
    clients: HashMap<u64, Client>,
    subscribers: HashMap<IpAddr, Vec<u64>>,
    info: String,
    /// milliseconds between two PINGs of a connection, in this window
    gaps: Vec<f64>,
    began: Instant,
}

/// Answers until it is killed.
pub(crate) fn serve(port: u16, info: String) -> io::Result<std::convert::Infallible> {
    let listener = TcpListener::bind(("0.0.0.0", port))?;
    // Again, with room for thousands that connect at once.
    rustix::net::listen(&listener, BACKLOG)?;
    listener.set_nonblocking(true)?;
    let poll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    epoll::add(&poll, &listener, epoll::EventData::new_u64(LISTENER), epoll::EventFlags::IN)?;
    let mut responder = Responder {
        poll,
        clients: HashMap::new(),
        subscribers: HashMap::new(),
        info,
        gaps: Vec::new(),
        began: Instant::now(),
    };
    let mut events = Vec::with_capacity(1024);
    loop {
        events.clear();
        match epoll::wait(&responder.poll, spare_capacity(&mut events), None) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        }
        let now = Instant::now();
        for event in &events {
            let mark = event.data.u64();
            if mark == LISTENER {
                responder.accept(&listener);
            } else if responder.turn(mark, now).is_err() {
                responder.forget(mark);
            }
        }
    }
}

impl Responder {
    fn accept(&mut self, listener: &TcpListener) {
        while let Ok((stream, _)) = listener.accept() {
            let Ok(local) = stream.local_addr() else { continue };
            let mark = u64::try_from(stream.as_raw_fd()).unwrap_or_default();
            let flags = epoll::EventFlags::IN;
            let ready = stream.set_nonblocking(true).is_ok()
                && stream.set_nodelay(true).is_ok()
                && epoll::add(&self.poll, &stream, epoll::EventData::new_u64(mark), flags).is_ok();
            if ready {
                let (input, output) = (Vec::new(), Vec::new());
                let client =
                    Client { stream, group: local.ip(), input, output, subscribed: false, pinged: None };
                self.clients.insert(mark, client);
            }
        }
    }

    fn forget(&mut self, mark: u64) {
        if let Some(client) = self.clients.remove(&mark) {
            let _ = epoll::delete(&self.poll, &client.stream);
            if let Some(list) = self.subscribers.get_mut(&client.group) {
                list.retain(|other| *other != mark);
            }
        }
    }

    fn turn(&mut self, mark: u64, now: Instant) -> io::Result<()> {
        let Some(client) = self.clients.get_mut(&mark) else { return Ok(()) };
        let mut buffer = [0; 16 * 1024];
        match client.stream.read(&mut buffer) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => client.input.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        let mut input = std::mem::take(&mut client.input);
        if input.len() > LONGEST {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut used = 0;
        while let Some((words, length)) = command(&input[used..]) {
            used += length;
            self.answer(mark, &words, now);
        }
        input.drain(..used);
        if let Some(client) = self.clients.get_mut(&mark) {
            client.input = input;
        }
        self.flush(mark)
    }

    fn answer(&mut self, mark: u64, words: &[&[u8]], now: Instant) {
        let Some(client) = self.clients.get_mut(&mark) else { return };
        let name = words.first().map(|word| word.to_ascii_uppercase()).unwrap_or_default();
        match name.as_slice() {
            b"PING" => {
                if let Some(before) = client.pinged.replace(now) {
                    let gap = now.duration_since(before.max(self.began));
                    self.gaps.push(gap.as_secs_f64() * 1e3);
                }
                let pong: &[u8] =
                    if client.subscribed { b"*2\r\n$4\r\npong\r\n$0\r\n\r\n" } else { b"+PONG\r\n" };
                client.output.extend_from_slice(pong);
            }
            b"INFO" => {
                // Sentinels tell servers apart by this.
                let id = format!("run_id:{:0>40}", client.group.to_string().replace('.', "a"));
                let info = self.info.replace("run_id:#", &id);
                client.output.extend_from_slice(format!("${}\r\n{info}\r\n", info.len()).as_bytes());
            }
            b"SUBSCRIBE" => {
                client.subscribed = true;
                let channel = String::from_utf8_lossy(words.get(1).copied().unwrap_or_default());
                let text = format!("*3\r\n$9\r\nsubscribe\r\n${}\r\n{channel}\r\n:1\r\n", channel.len());
                client.output.extend_from_slice(text.as_bytes());
                self.subscribers.entry(client.group).or_default().push(mark);
            }
            b"PUBLISH" => {
                let group = client.group;
                self.publish(mark, group, words);
            }
            b"ROLE" => client.output.extend_from_slice(b"*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n"),
            b"BENCH.RESET" => {
                self.gaps.clear();
                self.began = now;
                client.output.extend_from_slice(b"+OK\r\n");
            }
            b"BENCH.PINGS" => {
                let text = self.pings(now);
                self.reply(mark, format!("+{text}\r\n").as_bytes());
            }
            _ => client.output.extend_from_slice(b"+OK\r\n"),
        }
    }

    fn reply(&mut self, mark: u64, bytes: &[u8]) {
        if let Some(client) = self.clients.get_mut(&mark) {
            client.output.extend_from_slice(bytes);
        }
    }

    fn publish(&mut self, mark: u64, group: IpAddr, words: &[&[u8]]) {
        let subscribers = self.subscribers.get(&group).cloned().unwrap_or_default();
        self.reply(mark, format!(":{}\r\n", subscribers.len()).as_bytes());
        let message = watchkeeper_conformance::conn::encode(
            &[&[b"message".as_slice()], words.get(1..3).unwrap_or_default()].concat(),
        );
        for other in subscribers {
            self.reply(other, &message);
            if other != mark && self.flush(other).is_err() {
                self.forget(other);
            }
        }
    }

    /// How many PINGs, of how many connections, and the middle, the 99th percentile and the longest of the times between
    /// two of one connection; a time that has not ended counts as far as it is.
    fn pings(&self, now: Instant) -> String {
        let open = self.clients.values().filter_map(|client| client.pinged);
        let open = open.map(|before| now.duration_since(before.max(self.began)).as_secs_f64() * 1e3);
        let longest_open = open.clone().fold(0.0, f64::max);
        let values = crate::stat::Values::of(self.gaps.iter().copied());
        format!(
            "{} {} {:.2} {:.2} {:.2}",
            values.count(),
            open.count(),
            values.median().unwrap_or_default(),
            values.percentile(99).unwrap_or_default(),
            values.max().unwrap_or_default().max(longest_open)
        )
    }

    fn flush(&mut self, mark: u64) -> io::Result<()> {
        let Some(client) = self.clients.get_mut(&mark) else { return Ok(()) };
        if client.output.is_empty() {
            return Ok(());
        }
        let waited = match client.stream.write(&client.output) {
            Ok(count) => {
                client.output.drain(..count);
                false
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => true,
            Err(error) => return Err(error),
        };
        // Woken once there is room again; else only by what comes in.
        let mut flags = epoll::EventFlags::IN;
        if !client.output.is_empty() {
            flags |= epoll::EventFlags::OUT;
        } else if !waited {
            return Ok(());
        }
        epoll::modify(&self.poll, &client.stream, epoll::EventData::new_u64(mark), flags)?;
        Ok(())
    }
}

/// The command at the front of `bytes`, if it is whole, and its length. Anything else than an array of strings is waited on
/// until the connection is closed for its length.
fn command(bytes: &[u8]) -> Option<(Vec<&[u8]>, usize)> {
    let mut at = 0;
    let count = number(bytes, &mut at, b'*')?;
    let mut words = Vec::with_capacity(count.min(16));
    for _ in 0..count {
        let length = number(bytes, &mut at, b'$')?;
        words.push(bytes.get(at..at + length)?);
        at += length + 2;
    }
    (at <= bytes.len()).then_some((words, at))
}

fn number(bytes: &[u8], at: &mut usize, kind: u8) -> Option<usize> {
    let rest = bytes.get(*at..)?;
    let end = rest.iter().position(|byte| *byte == b'\r')?;
    let (first, digits) = rest.get(..end)?.split_first()?;
    *at += end + 2;
    let value: usize = std::str::from_utf8(digits).ok()?.parse().ok()?;
    (*first == kind && value <= LONGEST).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_taken_only_when_whole() {
        let bytes = b"*2\r\n$4\r\nPING\r\n$1\r\nx\r\n*1";
        let whole = bytes.len() - 2;
        for cut in 0..whole {
            assert!(command(&bytes[..cut]).is_none(), "cut at {cut}");
        }
        let (words, used) = command(bytes).unwrap();
        assert_eq!((words, used), (vec![b"PING".as_slice(), b"x".as_slice()], whole));
    }

    #[test]
    fn every_group_has_an_address_of_its_own() {
        let all: std::collections::BTreeSet<String> = (0..100_000).map(address).collect();
        assert_eq!(all.len(), 100_000);
        assert!(all.iter().all(|text| text.parse::<std::net::Ipv4Addr>().is_ok()));
    }
}
