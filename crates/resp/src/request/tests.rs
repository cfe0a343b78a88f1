//! The error texts were taken from a redis-server 7.0.15, byte by byte.

use super::*;

type Commands = Vec<Vec<Vec<u8>>>;
type Expected = &'static [&'static [&'static [u8]]];

/// All commands in `pieces`, and the reply of the error that ended them.
fn decode<'a>(
    limits: RequestLimits,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> (Commands, Option<RequestError>) {
    let mut decoder = RequestDecoder::new(limits);
    let mut commands = Vec::new();
    for piece in pieces {
        decoder.feed(piece);
        loop {
            match decoder.next() {
                Ok(Some(command)) => commands.push(command),
                Ok(None) => break,
                Err(error) => return (commands, Some(error)),
            }
        }
    }
    (commands, None)
}

fn small() -> RequestLimits {
    RequestLimits { words: 20, bulk_bytes: 20_000, buffer_bytes: 50_000, unauthenticated: false }
}

/// Streams with the commands and the reply they must give.
fn table() -> Vec<(Vec<u8>, Expected, Option<&'static str>)> {
    let ping: &[&[&[u8]]] = &[&[b"PING"]];
    let count = Some("invalid multibulk length");
    let length = Some("invalid bulk length");
    vec![
        (b"*1\r\n$4\r\nPING\r\n".to_vec(), ping, None),
        (b"PING\r\n".to_vec(), ping, None),
        (b"PING\n".to_vec(), ping, None),
        (b"\r\n\n \n\x00\nPING\n".to_vec(), ping, None),
        (b"*0\r\n*-1\r\n*-2147483649\r\nPING\r\n".to_vec(), ping, None),
        (b"\"EC\\x48O\" 'a b'\r\n".to_vec(), &[&[b"ECHO", b"a b"]], None),
        (b"*2\r\n$4\r\nECHO\r\n$3\r\nabcd\r\nPING\r\n".to_vec(), &[&[b"ECHO", b"abc"], &[b"PING"]], None),
        (
            b"*2\r\n$4\r\nECHO\r\n$4\r\na\r\nb\r\nPING\r\n".to_vec(),
            &[&[b"ECHO", b"a\r\nb"], &[b"PING"]],
            None,
        ),
        (b"*1\rX$4\rXPINGxxPING\n".to_vec(), &[&[b"PING"], &[b"PING"]], None),
        (b"*1\r\n$0\r\n\r\n".to_vec(), &[&[b""]], None),
        (b"PING\n*x\r\nPING\n".to_vec(), ping, count),
        (b"*\r\n".to_vec(), &[], count),
        (b"*+1\r\n".to_vec(), &[], count),
        (b"*01\r\n".to_vec(), &[], count),
        (b"*-0\r\n".to_vec(), &[], count),
        (b"*1 \r\n".to_vec(), &[], count),
        (b"*1\n$4\r\nPING\r\n".to_vec(), &[], count),
        (b"*21\r\n".to_vec(), &[], count),
        (b"*2147483648\r\n".to_vec(), &[], count),
        (b"*99999999999999999999999\r\n".to_vec(), &[], count),
        (b"*-9223372036854775809\r\n".to_vec(), &[], count),
        (b"*1\r\n$\r\n".to_vec(), &[], length),
        (b"*1\r\n$-1\r\n".to_vec(), &[], length),
        (b"*1\r\n$-0\r\n".to_vec(), &[], length),
        (b"*1\r\n$00\r\n".to_vec(), &[], length),
        (b"*1\r\n$abc\r\n".to_vec(), &[], length),
        (b"*1\r\n$20001\r\n".to_vec(), &[], length),
        (b"*1\r\nPING\r\n".to_vec(), &[], Some("expected '$', got 'P'")),
        (b"*1\r\n\r\nPING\r\n".to_vec(), &[], Some("expected '$', got ' '")),
        (b"*1\r\n\"\r\n".to_vec(), &[], Some("expected '$', got '\"'")),
        (b"ECHO u\"x\r\n".to_vec(), &[], Some("unbalanced quotes in request")),
        ([b"*".as_slice(), &[b'1'; 65535], b"\r\n"].concat(), &[], count),
        ([b"*".as_slice(), &[b'1'; 65536], b"\r\n"].concat(), &[], Some("too big mbulk count string")),
        ([b"*1\r\n$".as_slice(), &[b'1'; 65536]].concat(), &[], Some("too big bulk count string")),
        ([b"*1\r\nA".as_slice(), &[b'1'; 65536]].concat(), &[], Some("too big bulk count string")),
        ([b"PING ".as_slice(), &[b' '; 65531], b"\n"].concat(), ping, None),
        ([b"PING ".as_slice(), &[b' '; 65532], b"\n"].concat(), &[], Some("too big inline request")),
    ]
}

#[test]
fn streams_give_the_commands_and_texts_of_redis() {
    for (stream, commands, text) in table() {
        let shown = stream.get(..stream.len().min(60)).expect("within the stream").escape_ascii();
        let expected: Commands =
            commands.iter().map(|words| words.iter().map(|w| w.to_vec()).collect()).collect();
        let reply = text.map(|text| format!("-ERR Protocol error: {text}\r\n").into_bytes());
        let whole = decode(small(), [stream.as_slice()]);
        assert_eq!(whole.0, expected, "`{shown}`");
        assert_eq!(whole.1.and_then(RequestError::reply), reply, "`{shown}`");
        assert_eq!(decode(small(), stream.chunks(1)), whole, "`{shown}` byte by byte");
        for at in 0..stream.len().min(200) {
            let (head, tail) = stream.split_at(at);
            assert_eq!(decode(small(), [head, tail]), whole, "`{shown}` cut at {at}");
        }
    }
}

#[test]
fn any_byte_instead_of_a_bulk_is_shown_as_it_is() {
    let error = decode(small(), [b"*1\r\n\xff\r\n".as_slice()]).1;
    assert_eq!(
        error.and_then(RequestError::reply).as_deref(),
        Some(b"-ERR Protocol error: expected '$', got '\xff'\r\n".as_slice())
    );
}

#[test]
fn before_authentication_the_limits_are_tighter() {
    let limits = RequestLimits::unauthenticated();
    let table: &[(&[u8], Option<RequestError>)] = &[
        (b"*10\r\n$16384\r\n", None),
        (b"*11\r\n", Some(RequestError::UnauthenticatedCount)),
        (b"*1\r\n$16385\r\n", Some(RequestError::UnauthenticatedLength)),
        (b"*2147483648\r\n", Some(RequestError::InvalidCount)),
        (b"*1\r\n$536870913\r\n", Some(RequestError::InvalidLength)),
        (b"1 2 3 4 5 6 7 8 9 10 11\r\n", None),
    ];
    for (stream, expected) in table {
        assert_eq!(decode(limits, [*stream]).1, *expected, "`{}`", stream.escape_ascii());
    }
    let texts =
        [RequestError::UnauthenticatedCount, RequestError::UnauthenticatedLength].map(|e| e.to_string());
    assert_eq!(texts, ["unauthenticated multibulk length", "unauthenticated bulk length"]);
}

#[test]
fn limits_raised_by_one_command_hold_for_the_next_one_in_the_pipeline() {
    let mut decoder = RequestDecoder::new(RequestLimits::unauthenticated());
    let mut stream = b"AUTH secret\r\n*11\r\n".to_vec();
    stream.extend(b"$1\r\nx\r\n".repeat(11));
    decoder.feed(&stream);
    assert_eq!(decoder.next(), Ok(Some(vec![b"AUTH".to_vec(), b"secret".to_vec()])));
    decoder.set_limits(RequestLimits::authenticated());
    assert_eq!(decoder.next().map(|command| command.map(|words| words.len())), Ok(Some(11)));
    assert_eq!(decoder.buffered(), 0);
}

#[test]
fn a_command_larger_than_the_query_buffer_drops_the_client_silently() {
    let limits = RequestLimits { buffer_bytes: 100, ..small() };
    assert_eq!(decode(limits, [b"*2\r\n$30\r\n".as_slice()]).1, None);
    let (_, error) = decode(limits, [b"*2\r\n$90\r\n".as_slice()]);
    assert_eq!(error, Some(RequestError::BufferFull));
    assert_eq!(error.and_then(RequestError::reply), None);
    let flood = [b"*20\r\n".to_vec(), b"$0\r\n\r\n".repeat(19)].concat();
    assert_eq!(decode(limits, [flood.as_slice()]).1, Some(RequestError::BufferFull));
}

#[test]
fn an_announced_gigabyte_takes_no_memory() {
    let mut decoder = RequestDecoder::new(RequestLimits::authenticated());
    decoder.feed(b"*2147483647\r\n$536870912\r\nabc");
    assert_eq!(decoder.next(), Ok(None));
    let partial = decoder.partial.as_ref().expect("a command has begun");
    assert!(partial.words.capacity() < 64);
    assert!(partial.word.as_ref().expect("a word has begun").0.capacity() < 64);
    assert_eq!(decoder.buffered(), 3);
}

#[test]
fn an_error_stays_and_keeps_nothing() {
    let mut decoder = RequestDecoder::new(RequestLimits::authenticated());
    decoder.feed(b"*x\r\nPING\r\n");
    assert_eq!(decoder.next(), Err(RequestError::InvalidCount));
    decoder.feed(b"PING\r\n");
    assert_eq!(decoder.next(), Err(RequestError::InvalidCount));
    assert_eq!(decoder.buffered(), 0);
}
