//! What holds for every input: what is written is read back, cuts do not matter, and hostile bytes neither panic nor
//! get past a limit.

use proptest::collection::vec;
use proptest::prelude::*;
use watchkeeper_resp::{
    Frame, FrameDecoder, FrameError, RequestDecoder, RequestError, RequestLimits, encode, encode_command,
    split_args,
};

type Commands = Vec<Vec<Vec<u8>>>;

fn text() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>().prop_filter("a line ends there", |b| !matches!(b, b'\r' | b'\n')), 0..20)
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..40)
}

fn frame() -> impl Strategy<Value = Frame> {
    let leaf = prop_oneof![
        text().prop_map(Frame::Simple),
        text().prop_map(Frame::Error),
        any::<i64>().prop_map(Frame::Integer),
        bytes().prop_map(Frame::Bulk),
        Just(Frame::Null),
        any::<bool>().prop_map(Frame::Boolean),
        any::<f64>().prop_map(|value| {
            let mut out = Vec::new();
            encode::double(&mut out, value);
            Frame::Double(out[1..out.len() - 2].to_vec())
        }),
        "-?[0-9]{1,40}".prop_map(|digits| Frame::BigNumber(digits.into_bytes())),
        bytes().prop_map(Frame::BulkError),
        bytes().prop_map(Frame::Verbatim),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Frame::Array),
            vec(inner.clone(), 0..6).prop_map(Frame::Set),
            vec(inner.clone(), 0..6).prop_map(Frame::Push),
            vec((inner.clone(), inner), 0..4).prop_map(Frame::Map),
        ]
    })
}

/// Bytes that look like the protocol more often than chance would have it.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => r"[*$%~>|=!:,(#_+-]-?[0-9]{0,3}\r\n".prop_map(String::into_bytes),
        1 => r"[*$%~>|=!][0-9]{8,22}\r\n".prop_map(String::into_bytes),
        1 => Just(b"\r\n".to_vec()),
        1 => r#"["'\\ x0-9a]{0,8}\n"#.prop_map(String::into_bytes),
        2 => bytes(),
    ];
    vec(piece, 0..20).prop_map(|pieces| pieces.concat())
}

fn pieces<'a>(stream: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (stream.len() + 1)).collect();
    cuts.extend([0, stream.len()]);
    cuts.sort_unstable();
    cuts.windows(2).map(|pair| &stream[pair[0]..pair[1]]).collect()
}

fn frames(limit: usize, pieces: &[&[u8]]) -> (Vec<Frame>, Option<FrameError>) {
    let mut decoder = FrameDecoder::new(limit);
    let mut out = Vec::new();
    for piece in pieces {
        decoder.feed(piece);
        loop {
            match decoder.next() {
                Ok(Some(frame)) => out.push(frame),
                Ok(None) => break,
                Err(error) => return (out, Some(error)),
            }
        }
    }
    (out, None)
}

fn commands(limits: RequestLimits, pieces: &[&[u8]]) -> (Commands, Option<RequestError>) {
    let mut decoder = RequestDecoder::new(limits);
    let mut out = Vec::new();
    let mut fed = 0;
    for piece in pieces {
        decoder.feed(piece);
        fed += piece.len();
        loop {
            match decoder.next() {
                Ok(Some(command)) => out.push(command),
                Ok(None) => break,
                Err(error) => return (out, Some(error)),
            }
        }
        assert!(decoder.buffered() <= fed, "nothing is kept that never came");
        assert!(decoder.buffered() as u64 <= limits.buffer_bytes.max(70_000));
    }
    (out, None)
}

/// Longest content of any element, and the number of elements.
fn size(frame: &Frame) -> (usize, usize) {
    let join = |sizes: Vec<(usize, usize)>| {
        let longest = sizes.iter().map(|s| s.0).max().unwrap_or(0);
        (longest, 1 + sizes.iter().map(|s| s.1).sum::<usize>())
    };
    match frame {
        Frame::Simple(data)
        | Frame::Error(data)
        | Frame::Bulk(data)
        | Frame::Double(data)
        | Frame::BigNumber(data)
        | Frame::BulkError(data)
        | Frame::Verbatim(data) => (data.len(), 1),
        Frame::Integer(_) | Frame::Null | Frame::Boolean(_) => (0, 1),
        Frame::Array(items) | Frame::Set(items) | Frame::Push(items) => {
            join(items.iter().map(size).collect())
        }
        Frame::Map(pairs) => join(pairs.iter().flat_map(|(key, value)| [size(key), size(value)]).collect()),
    }
}

proptest! {
    #[test]
    fn replies_are_read_as_written(sent in vec(frame(), 0..5), cuts in vec(any::<usize>(), 0..8)) {
        let mut stream = Vec::new();
        for frame in &sent {
            encode::frame(&mut stream, frame);
        }
        prop_assert_eq!(frames(1 << 20, &pieces(&stream, &cuts)), (sent, None));
    }

    #[test]
    fn commands_are_read_as_written(
        sent in vec(vec(bytes(), 1..6), 0..5),
        cuts in vec(any::<usize>(), 0..8),
    ) {
        let stream: Vec<u8> = sent.iter().flat_map(|argv| encode_command(argv)).collect();
        let limits = RequestLimits::authenticated();
        prop_assert_eq!(commands(limits, &pieces(&stream, &cuts)), (sent, None));
    }

    #[test]
    fn hostile_replies_do_not_panic_nor_pass_the_limit(
        stream in hostile(),
        cuts in vec(any::<usize>(), 0..8),
        limit in 0usize..400,
    ) {
        let whole = frames(limit, &[&stream]);
        prop_assert_eq!(&frames(limit, &pieces(&stream, &cuts)), &whole);
        for frame in &whole.0 {
            let (longest, elements) = size(frame);
            prop_assert!(longest <= limit);
            prop_assert!((elements - 1) * size_of::<Frame>() <= limit);
        }
    }

    #[test]
    fn hostile_commands_do_not_panic_nor_pass_the_limits(
        stream in hostile(),
        cuts in vec(any::<usize>(), 0..8),
        words in 0u64..20,
        bulk_bytes in 0u64..100,
        buffer_bytes in 0u64..1000,
        unauthenticated: bool,
    ) {
        let limits = RequestLimits { words, bulk_bytes, buffer_bytes, unauthenticated };
        let whole = commands(limits, &[&stream]);
        prop_assert_eq!(&commands(limits, &pieces(&stream, &cuts)), &whole);
        for command in &whole.0 {
            prop_assert!(!command.is_empty());
        }
    }

    #[test]
    fn quoted_words_are_split_back(words in vec(bytes(), 0..6), single: bool) {
        let mut line = Vec::new();
        for word in &words {
            let hex: String = word.iter().map(|byte| format!("\\x{byte:02x}")).collect();
            line.extend_from_slice(if single { b"\t " } else { b" " });
            line.extend_from_slice(format!("\"{hex}\"").as_bytes());
        }
        prop_assert_eq!(split_args(&line), Some(words));
    }

    #[test]
    fn split_words_are_no_longer_than_the_line(line in bytes()) {
        if let Some(words) = split_args(&line) {
            prop_assert!(words.iter().map(Vec::len).sum::<usize>() <= line.len());
            prop_assert!(words.len() <= line.len().div_ceil(2));
        }
    }
}
