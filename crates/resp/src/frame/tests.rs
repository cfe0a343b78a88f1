//! Every type on the wire, every way to get it wrong, at every split.

use super::*;

fn decode<'a>(limit: usize, pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Frame>, Option<FrameError>) {
    let mut decoder = FrameDecoder::new(limit);
    let mut frames = Vec::new();
    for piece in pieces {
        decoder.feed(piece);
        loop {
            match decoder.next() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => return (frames, Some(error)),
            }
        }
    }
    (frames, None)
}

fn bulk(text: &str) -> Frame {
    Frame::Bulk(text.as_bytes().to_vec())
}

#[test]
fn every_type_at_every_split() {
    let table: Vec<(&[u8], Frame)> = vec![
        (b"+OK\r\n", Frame::Simple(b"OK".to_vec())),
        (b"+\r\n", Frame::Simple(Vec::new())),
        (b"+a\nb\rc\r\n", Frame::Simple(b"a\nb\rc".to_vec())),
        (b"-ERR no\r\n", Frame::Error(b"ERR no".to_vec())),
        (b":-12\r\n", Frame::Integer(-12)),
        (b":+7\r\n", Frame::Integer(7)),
        (b"$4\r\na\r\nb\r\n", bulk("a\r\nb")),
        (b"$0\r\n\r\n", bulk("")),
        (b"$-1\r\n", Frame::Null),
        (b"*-1\r\n", Frame::Null),
        (b"_\r\n", Frame::Null),
        (b"#t\r\n", Frame::Boolean(true)),
        (b"#f\r\n", Frame::Boolean(false)),
        (b",-1.5e3\r\n", Frame::Double(b"-1.5e3".to_vec())),
        (b",-inf\r\n", Frame::Double(b"-inf".to_vec())),
        (b"(-123456789012345678901\r\n", Frame::BigNumber(b"-123456789012345678901".to_vec())),
        (b"!5\r\nERR x\r\n", Frame::BulkError(b"ERR x".to_vec())),
        (b"=6\r\ntxt:ab\r\n", Frame::Verbatim(b"ab".to_vec())),
        (b"*0\r\n", Frame::Array(vec![])),
        (
            b"*3\r\n*1\r\n:1\r\n$-1\r\n*0\r\n",
            Frame::Array(vec![Frame::Array(vec![Frame::Integer(1)]), Frame::Null, Frame::Array(vec![])]),
        ),
        (
            b"%1\r\n$1\r\na\r\n~1\r\n:1\r\n",
            Frame::Map(vec![(bulk("a"), Frame::Set(vec![Frame::Integer(1)]))]),
        ),
        (b">2\r\n+pong\r\n_\r\n", Frame::Push(vec![Frame::Simple(b"pong".to_vec()), Frame::Null])),
        (b"|1\r\n+ttl\r\n:3\r\n$1\r\na\r\n", bulk("a")),
        (
            b"*2\r\n:1\r\n|0\r\n|1\r\n+k\r\n%1\r\n:1\r\n:2\r\n:2\r\n",
            Frame::Array(vec![Frame::Integer(1), Frame::Integer(2)]),
        ),
    ];
    let stream = table.iter().flat_map(|(bytes, _)| bytes.to_vec()).collect::<Vec<u8>>();
    let frames = table.iter().map(|(_, frame)| frame.clone()).collect::<Vec<_>>();
    for (bytes, frame) in &table {
        assert_eq!(decode(1000, [*bytes]), (vec![frame.clone()], None), "`{}`", bytes.escape_ascii());
    }
    assert_eq!(decode(1000, stream.chunks(1)), (frames.clone(), None));
    for at in 0..stream.len() {
        let (head, tail) = stream.split_at(at);
        assert_eq!(decode(1000, [head, tail]), (frames.clone(), None), "cut at {at}");
    }
}

#[test]
fn what_is_no_reply_is_refused() {
    use FrameError::{BadNumber, TooLarge, UnknownType};
    let table: &[(&[u8], FrameError)] = &[
        (b"HTTP/1.1 400", UnknownType(b'H')),
        (b"\r\n", UnknownType(b'\r')),
        (b";1\r\n", UnknownType(b';')),
        (b":\r\n", BadNumber),
        (b":1x\r\n", BadNumber),
        (b":9223372036854775808\r\n", BadNumber),
        (b"$-2\r\n", BadNumber),
        (b"$?\r\n", BadNumber),
        (b"*?\r\n", BadNumber),
        (b"$+1\r\n", BadNumber),
        (b"!-1\r\n", BadNumber),
        (b"%-1\r\n", BadNumber),
        (b"$1\r\nabc\r\n", BadNumber),
        (b"_x\r\n", BadNumber),
        (b"#true\r\n", BadNumber),
        (b",one\r\n", BadNumber),
        (b"(1.5\r\n", BadNumber),
        (b"(\r\n", BadNumber),
        (b"=3\r\ntxt\r\n", BadNumber),
        (b"=5\r\ntxt-a\r\n", BadNumber),
        (b"$99999999999999999999\r\n", TooLarge),
        (b"$1000\r\n", TooLarge),
        (b"*1000\r\n", TooLarge),
        (b"%9223372036854775807\r\n", TooLarge),
    ];
    for (bytes, error) in table {
        let expected = (Vec::new(), Some(*error));
        assert_eq!(decode(1000, [*bytes]), expected, "`{}`", bytes.escape_ascii());
        assert_eq!(decode(1000, bytes.chunks(1)), expected, "`{}` byte by byte", bytes.escape_ascii());
    }
}

#[test]
fn the_limit_counts_the_whole_reply_and_begins_anew_with_the_next() {
    let reply = b"*2\r\n$3\r\nabc\r\n$3\r\nabc\r\n";
    let exact = reply.len() + 2 * size_of::<Frame>();
    assert_eq!(decode(exact, [reply.repeat(3).as_slice()]).1, None);
    assert_eq!(decode(exact - 1, [reply.as_slice()]).1, Some(FrameError::TooLarge));
    let line = [b"+".as_slice(), &[b'x'; 97], b"\r\n"].concat();
    for limit in 98..102 {
        let whole = decode(limit, [line.as_slice()]);
        assert_eq!(whole.1.is_some(), limit < 100);
        assert_eq!(decode(limit, line.chunks(1)), whole);
    }
    let attributes = b"|1\r\n+a\r\n+b\r\n".repeat(1000);
    assert_eq!(decode(1000, [attributes.as_slice()]).1, Some(FrameError::TooLarge), "attributes for ever");
}

#[test]
fn nesting_is_limited() {
    let deepest = [b"*1\r\n".repeat(MAX_DEPTH), b":1\r\n".to_vec()].concat();
    assert_eq!(decode(10_000, [deepest.as_slice()]).0.len(), 1);
    assert_eq!(decode(1 << 30, [b"*1\r\n".repeat(1_000_000).as_slice()]).1, Some(FrameError::TooDeep));
}

#[test]
fn memory_follows_what_arrived() {
    let mut decoder = FrameDecoder::new(usize::MAX);
    decoder.feed(b"*1000000000\r\n$1000000000\r\nabc");
    assert_eq!(decoder.next(), Ok(None));
    assert!(decoder.open.iter().all(|open| open.items.capacity() < 64));
    assert!(decoder.blob.as_ref().is_some_and(|(_, data, _)| data.capacity() < 64));
}

#[test]
fn a_large_bulk_in_small_pieces_is_copied_out_as_it_comes() {
    let mut decoder = FrameDecoder::new(200 << 20);
    decoder.feed(b"$104857600\r\n");
    let piece = vec![b'x'; 16 << 10];
    for _ in 0..6400 {
        decoder.feed(&piece);
        assert_eq!(decoder.next(), Ok(None));
        assert_eq!(decoder.buffer.len(), 0, "nothing is kept to be parsed again");
    }
    decoder.feed(b"\r\n");
    assert!(matches!(decoder.next(), Ok(Some(Frame::Bulk(data))) if data.len() == 100 << 20));
}

#[test]
fn an_error_stays() {
    let mut decoder = FrameDecoder::new(1000);
    decoder.feed(b"?");
    assert_eq!(decoder.next(), Err(FrameError::UnknownType(b'?')));
    decoder.feed(b"+OK\r\n");
    assert_eq!(decoder.next(), Err(FrameError::UnknownType(b'?')));
}
