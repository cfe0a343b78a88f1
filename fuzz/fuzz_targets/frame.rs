//! Replies from a hostile server: no panic, the limit holds, cuts do not matter, and what was read is written back
//! so that it is read the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use watchkeeper_resp::{Frame, FrameDecoder, FrameError, encode};

fn decode<'a>(limit: usize, pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<Frame>, Option<FrameError>) {
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

/// Whether a line type holds a lone line end, which the encoder replaces by a blank.
fn has_line_end(frame: &Frame) -> bool {
    match frame {
        Frame::Simple(text) | Frame::Error(text) | Frame::Double(text) | Frame::BigNumber(text) => {
            text.iter().any(|byte| matches!(byte, b'\r' | b'\n'))
        }
        Frame::Array(items) | Frame::Set(items) | Frame::Push(items) => items.iter().any(has_line_end),
        Frame::Map(pairs) => pairs.iter().any(|(key, value)| has_line_end(key) || has_line_end(value)),
        Frame::Integer(_)
        | Frame::Bulk(_)
        | Frame::Null
        | Frame::Boolean(_)
        | Frame::BulkError(_)
        | Frame::Verbatim(_) => false,
    }
}

fuzz_target!(|input: (u16, u8, &[u8])| {
    let (limit, cut, stream) = input;
    let limit = usize::from(limit);
    let whole = decode(limit, std::iter::once(stream));
    assert_eq!(decode(limit, stream.chunks(usize::from(cut).max(1))), whole);
    for frame in whole.0 {
        let mut again = Vec::new();
        encode::frame(&mut again, &frame);
        if !has_line_end(&frame) {
            assert_eq!(decode(1 << 20, std::iter::once(again.as_slice())), (vec![frame], None));
        }
    }
});
