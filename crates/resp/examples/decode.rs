//! A fixed stream, decoded again and again: the work of the decoders, for `cargo run -p xtask -- counts` or a profiler.
//!
//! ```console
//! $ cargo build --release -p watchkeeper-resp --example decode
//! $ valgrind --tool=callgrind target/release/examples/decode commands      # or replies, or both without a word
//! ```
//!
//! Commands as clients and peers send them, replies as servers do; whole, and in pieces. Prints how much came out of it.

use watchkeeper_resp::encode::{array_header, bulk, frame, map_header, push_header};
use watchkeeper_resp::{Frame, FrameDecoder, RequestDecoder, RequestLimits, encode_command};

/// How often the stream is decoded.
const ROUNDS: usize = 200;
/// Bytes that are fed at once: all there are, a read of a socket, and less than most words are long.
const PIECES: [usize; 3] = [usize::MAX, 1_448, 7];
const HELLO: &str = "10.1.0.1,26379,1111111111111111111111111111111111111111,3,mymaster,10.0.0.1,6379,3";

/// A pipeline of what a sentinel is asked.
fn commands() -> Vec<u8> {
    let mut stream = Vec::new();
    for n in 0..20 {
        let port = (6379 + n).to_string();
        let epoch = n.to_string();
        for argv in [
            &["PING"][..],
            &["SENTINEL", "get-master-addr-by-name", "mymaster"],
            &["PUBLISH", "__sentinel__:hello", HELLO],
            &["SENTINEL", "is-master-down-by-addr", "10.0.0.1", &port, &epoch, "*"],
            &["SUBSCRIBE", "+switch-master", "+sdown", "-sdown", "+odown", "-odown", "+slave"],
        ] {
            stream.extend(encode_command(argv));
        }
        stream.extend(b"SENTINEL master \"mymaster\"\r\n");
    }
    stream
}

/// An INFO text as long as a real one.
fn info() -> Vec<u8> {
    let mut text = "# Server\r\nredis_version:7.0.15\r\n".to_owned();
    for n in 0..120 {
        text.push_str(&format!("some_statistic_of_the_server_{n}:123456\r\n"));
    }
    text.into_bytes()
}

/// What a link hears: short answers, INFO, messages of both protocol versions, arrays in arrays.
fn replies() -> Vec<u8> {
    let mut stream = Vec::new();
    for n in 0..20 {
        stream.extend(b"+PONG\r\n:1\r\n-LOADING Redis is loading the dataset in memory\r\n$-1\r\n");
        bulk(&mut stream, &info());
        array_header(&mut stream, 3);
        for part in ["message", "__sentinel__:hello", HELLO] {
            bulk(&mut stream, part.as_bytes());
        }
        push_header(&mut stream, 3);
        for part in ["message", "__sentinel__:hello", HELLO] {
            bulk(&mut stream, part.as_bytes());
        }
        map_header(&mut stream, 2);
        for part in ["role", "master", "offset", "1000"] {
            bulk(&mut stream, part.as_bytes());
        }
        let link = Frame::Array(vec![
            Frame::Bulk(b"10.0.0.2".to_vec()),
            Frame::Bulk(b"6379".to_vec()),
            Frame::Integer(1_000 + n),
        ]);
        let role = vec![Frame::Bulk(b"master".to_vec()), Frame::Integer(n), Frame::Array(vec![link; 8])];
        frame(&mut stream, &Frame::Array(role));
    }
    stream
}

fn decode_commands(stream: &[u8], piece: usize) -> usize {
    let mut decoder = RequestDecoder::new(RequestLimits::authenticated());
    let mut words = 0;
    for piece in stream.chunks(piece) {
        decoder.feed(piece);
        while let Some(argv) = decoder.next().expect("the stream is well-formed") {
            words += argv.len();
        }
    }
    words
}

fn decode_replies(stream: &[u8], piece: usize) -> usize {
    let mut decoder = FrameDecoder::new(1024 * 1024);
    let mut frames = 0;
    for piece in stream.chunks(piece) {
        decoder.feed(piece);
        while decoder.next().expect("the stream is well-formed").is_some() {
            frames += 1;
        }
    }
    frames
}

fn main() {
    let which = std::env::args().nth(1);
    let wanted = |name: &str| which.as_deref().is_none_or(|which| which == name);
    let (commands, replies) = (commands(), replies());
    let (mut words, mut frames) = (0, 0);
    for _ in 0..ROUNDS {
        for piece in PIECES {
            if wanted("commands") {
                words += decode_commands(&commands, piece);
            }
            if wanted("replies") {
                frames += decode_replies(&replies, piece);
            }
        }
    }
    println!("{words} words, {frames} replies");
}
