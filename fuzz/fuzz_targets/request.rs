//! Commands from a hostile client: no panic, limits hold, and the way the bytes are cut does not matter.
#![no_main]

use libfuzzer_sys::fuzz_target;
use watchkeeper_resp::{RequestDecoder, RequestError, RequestLimits, encode_command};

type Commands = Vec<Vec<Vec<u8>>>;

fn decode<'a>(
    limits: RequestLimits,
    pieces: impl Iterator<Item = &'a [u8]>,
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

fuzz_target!(|input: (bool, u8, &[u8])| {
    let (unauthenticated, cut, stream) = input;
    let limits = RequestLimits { words: 100, bulk_bytes: 1000, buffer_bytes: 10_000, unauthenticated };
    let whole = decode(limits, std::iter::once(stream));
    assert_eq!(decode(limits, stream.chunks(usize::from(cut).max(1))), whole);
    if let Some(reply) = whole.1.and_then(RequestError::reply) {
        assert!(reply.starts_with(b"-ERR Protocol error: ") && reply.ends_with(b"\r\n"));
        assert!(!reply[..reply.len() - 2].iter().any(|byte| matches!(byte, b'\r' | b'\n')));
    }
    for command in &whole.0 {
        assert!(!command.is_empty());
        let again = encode_command(command);
        let limits = RequestLimits::authenticated();
        assert_eq!(decode(limits, std::iter::once(again.as_slice())), (vec![command.clone()], None));
    }
});
