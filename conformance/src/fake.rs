//! A scripted server on loopback: it understands requests as a sentinel sends them and answers whatever the test
//! wants, sensible or not. What to answer is one function of the request; `sensible` is what a healthy, empty server
//! says, so that a script only has to name what it gets wrong.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// One request, as words.
pub type Words = Vec<String>;

/// What the fake does with a request.
#[derive(Debug)]
pub enum Answer {
    /// Send these bytes.
    Bytes(Vec<u8>),
    /// Send a head, then the chunk again and again: `times` of them, or until the other side hangs up.
    Flood {
        /// sent first
        head: Vec<u8>,
        /// sent over and over
        chunk: Vec<u8>,
        /// how often
        times: usize,
    },
    /// Say nothing at all.
    Silence,
    /// Hang up.
    Close,
}

impl Answer {
    /// These bytes, from text.
    pub fn text(text: &str) -> Answer {
        Answer::Bytes(text.as_bytes().to_vec())
    }

    /// A RESP2 bulk string.
    pub fn bulk(content: &[u8]) -> Answer {
        let mut bytes = format!("${}\r\n", content.len()).into_bytes();
        bytes.extend_from_slice(content);
        bytes.extend_from_slice(b"\r\n");
        Answer::Bytes(bytes)
    }
}

type Script = dyn Fn(&Words) -> Option<Answer> + Send + Sync;

/// A listening fake; stops when dropped.
#[derive(Debug)]
pub struct Fake {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<Words>>>,
    subscribers: Arc<Mutex<Vec<TcpStream>>>,
    stopped: Arc<AtomicBool>,
}

impl Fake {
    /// Starts a fake on a port of its own that answers with `script`, and sensibly wherever the script returns `None`.
    ///
    /// # Panics
    /// When no port can be bound.
    pub fn start(script: impl Fn(&Words) -> Option<Answer> + Send + Sync + 'static) -> Fake {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port can be bound");
        let address = listener.local_addr().expect("a bound socket has an address");
        let fake =
            Fake { address, heard: Arc::default(), subscribers: Arc::default(), stopped: Arc::default() };
        let (heard, subscribers, stopped) =
            (Arc::clone(&fake.heard), Arc::clone(&fake.subscribers), Arc::clone(&fake.stopped));
        let script: Arc<Script> = Arc::new(script);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                let Ok(stream) = stream else { return };
                let (heard, subscribers, script) =
                    (Arc::clone(&heard), Arc::clone(&subscribers), Arc::clone(&script));
                thread::spawn(move || serve(stream, &heard, &subscribers, &*script));
            }
        });
        fake
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// How many requests so far began with these words (any case).
    ///
    /// # Panics
    /// When a serving thread panicked.
    pub fn heard(&self, words: &[&str]) -> usize {
        let heard = self.heard.lock().expect("no thread panics while it holds the list");
        heard
            .iter()
            .filter(|request| {
                request.len() >= words.len()
                    && words.iter().zip(request.iter()).all(|(a, b)| a.eq_ignore_ascii_case(b))
            })
            .count()
    }

    /// Sends raw bytes on every subscribed connection; returns how many there were.
    ///
    /// # Panics
    /// As [`Fake::heard`].
    pub fn push(&self, bytes: &[u8]) -> usize {
        let mut subscribers = self.subscribers.lock().expect("no thread panics while it holds the list");
        subscribers.retain_mut(|stream| stream.write_all(bytes).is_ok());
        subscribers.len()
    }

    /// Delivers a hello message to every subscriber; returns how many there were.
    ///
    /// # Panics
    /// As [`Fake::heard`].
    pub fn push_hello(&self, payload: &[u8]) -> usize {
        let mut bytes = b"*3\r\n$7\r\nmessage\r\n$18\r\n__sentinel__:hello\r\n".to_vec();
        bytes.extend_from_slice(format!("${}\r\n", payload.len()).as_bytes());
        bytes.extend_from_slice(payload);
        bytes.extend_from_slice(b"\r\n");
        self.push(&bytes)
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        // Wakes the accepting thread; if nobody listens any more, so much the better.
        let _ = TcpStream::connect(self.address);
    }
}

/// What a healthy master without replicas says.
pub const SENSIBLE_INFO: &str = "# Server\r\nredis_version:7.0.15\r\n\
    run_id:00000000000000000000000000000000000000aa\r\n# Replication\r\nrole:master\r\nconnected_slaves:0\r\n\
    master_replid:00000000000000000000000000000000000000bb\r\nmaster_repl_offset:0\r\n";

fn sensible(words: &Words) -> Answer {
    let command = words[0].to_ascii_uppercase();
    match command.as_str() {
        "PING" => Answer::text("+PONG\r\n"),
        "INFO" => Answer::bulk(SENSIBLE_INFO.as_bytes()),
        "PUBLISH" => Answer::text(":1\r\n"),
        "SUBSCRIBE" => {
            let channel = words.get(1).cloned().unwrap_or_default();
            Answer::text(&format!("*3\r\n$9\r\nsubscribe\r\n${}\r\n{channel}\r\n:1\r\n", channel.len()))
        }
        _ => Answer::text("+OK\r\n"),
    }
}

fn serve(stream: TcpStream, heard: &Mutex<Vec<Words>>, subscribers: &Mutex<Vec<TcpStream>>, script: &Script) {
    let Ok(mut writer) = stream.try_clone() else { return };
    let mut reader = BufReader::new(stream);
    while let Some(words) = read_request(&mut reader) {
        heard.lock().expect("no thread panics while it holds the list").push(words.clone());
        let answer = script(&words).unwrap_or_else(|| sensible(&words));
        let sent = match answer {
            Answer::Bytes(bytes) => writer.write_all(&bytes),
            Answer::Flood { head, chunk, times } => flood(&mut writer, &head, &chunk, times),
            Answer::Silence => Ok(()),
            Answer::Close => return,
        };
        if sent.is_err() {
            return;
        }
        if words[0].eq_ignore_ascii_case("SUBSCRIBE") {
            if let Ok(copy) = writer.try_clone() {
                subscribers.lock().expect("no thread panics while it holds the list").push(copy);
            }
        }
    }
}

fn flood(writer: &mut TcpStream, head: &[u8], chunk: &[u8], times: usize) -> std::io::Result<()> {
    writer.write_all(head)?;
    for _ in 0..times {
        writer.write_all(chunk)?;
    }
    writer.write_all(b"\r\n")
}

fn read_request(reader: &mut impl BufRead) -> Option<Words> {
    let count: usize = read_line(reader)?.strip_prefix('*')?.parse().ok()?;
    let mut words = Vec::new();
    for _ in 0..count {
        let length: usize = read_line(reader)?.strip_prefix('$')?.parse().ok()?;
        let mut content = vec![0; length + 2];
        reader.read_exact(&mut content).ok()?;
        content.truncate(length);
        words.push(String::from_utf8_lossy(&content).into_owned());
    }
    if words.is_empty() { None } else { Some(words) }
}

fn read_line(reader: &mut impl BufRead) -> Option<String> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let line = line.trim_end();
    if line.is_empty() { None } else { Some(line.to_owned()) }
}
