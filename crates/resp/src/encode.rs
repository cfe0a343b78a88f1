//! Writing commands and replies: small functions that append to a buffer. Which reply to give, and in which protocol
//! version, is left to the caller.

use crate::frame::Frame;

/// A command as an array of bulk strings, the only form a sentinel ever sends.
pub fn encode_command<A: AsRef<[u8]>>(argv: &[A]) -> Vec<u8> {
    let mut out = Vec::with_capacity(16 + argv.iter().map(|a| a.as_ref().len() + 16).sum::<usize>());
    array_header(&mut out, argv.len());
    for arg in argv {
        bulk(&mut out, arg.as_ref());
    }
    out
}

/// `+text`
pub fn simple(out: &mut Vec<u8>, text: &str) {
    line(out, b'+', text.as_bytes());
}

/// `-text`; the text begins with its code, as in `ERR ...`.
pub fn error(out: &mut Vec<u8>, text: &str) {
    line(out, b'-', text.as_bytes());
}

/// `:1`
pub fn integer(out: &mut Vec<u8>, value: i64) {
    out.push(b':');
    if value < 0 {
        out.push(b'-');
    }
    digits(out, value.unsigned_abs());
    out.extend_from_slice(b"\r\n");
}

/// `$..`, any bytes
pub fn bulk(out: &mut Vec<u8>, data: &[u8]) {
    blob(out, b'$', data);
}

/// The null bulk string of RESP2.
pub fn null2(out: &mut Vec<u8>) {
    out.extend_from_slice(b"$-1\r\n");
}

/// The null array of RESP2.
pub fn null_array2(out: &mut Vec<u8>) {
    out.extend_from_slice(b"*-1\r\n");
}

/// The null of RESP3.
pub fn null3(out: &mut Vec<u8>) {
    out.extend_from_slice(b"_\r\n");
}

/// `*..`; `count` elements follow.
pub fn array_header(out: &mut Vec<u8>, count: usize) {
    header(out, b'*', count);
}

/// `%..` of RESP3; `pairs` keys, each with its value, follow.
pub fn map_header(out: &mut Vec<u8>, pairs: usize) {
    header(out, b'%', pairs);
}

/// `~..` of RESP3; `count` elements follow.
pub fn set_header(out: &mut Vec<u8>, count: usize) {
    header(out, b'~', count);
}

/// `>..` of RESP3; `count` elements follow.
pub fn push_header(out: &mut Vec<u8>, count: usize) {
    header(out, b'>', count);
}

/// `=..` of RESP3, in the `txt` format.
pub fn verbatim(out: &mut Vec<u8>, text: &str) {
    header(out, b'=', text.len() + 4);
    out.extend_from_slice(b"txt:");
    out.extend_from_slice(text.as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// `,1.5` of RESP3
pub fn double(out: &mut Vec<u8>, value: f64) {
    let text = if value.is_nan() { "nan".to_owned() } else { value.to_string() };
    line(out, b',', text.as_bytes());
}

/// `#t` or `#f` of RESP3
pub fn boolean(out: &mut Vec<u8>, value: bool) {
    out.extend_from_slice(if value { b"#t\r\n" } else { b"#f\r\n" });
}

/// A whole reply as a server with RESP3 sends it; the inverse of [`crate::FrameDecoder`].
pub fn frame(out: &mut Vec<u8>, value: &Frame) {
    match value {
        Frame::Simple(text) => line(out, b'+', text),
        Frame::Error(text) => line(out, b'-', text),
        Frame::Integer(value) => integer(out, *value),
        Frame::Bulk(data) => bulk(out, data),
        Frame::Array(items) => aggregate(out, b'*', items),
        Frame::Null => null3(out),
        Frame::Boolean(value) => boolean(out, *value),
        Frame::Double(text) => line(out, b',', text),
        Frame::BigNumber(text) => line(out, b'(', text),
        Frame::BulkError(data) => blob(out, b'!', data),
        Frame::Verbatim(data) => {
            header(out, b'=', data.len() + 4);
            out.extend_from_slice(b"txt:");
            out.extend_from_slice(data);
            out.extend_from_slice(b"\r\n");
        }
        Frame::Map(pairs) => {
            map_header(out, pairs.len());
            for (key, value) in pairs {
                frame(out, key);
                frame(out, value);
            }
        }
        Frame::Set(items) => aggregate(out, b'~', items),
        Frame::Push(items) => aggregate(out, b'>', items),
    }
}

fn aggregate(out: &mut Vec<u8>, kind: u8, items: &[Frame]) {
    header(out, kind, items.len());
    for item in items {
        frame(out, item);
    }
}

/// A type whose content ends at the line: a line end inside would begin a new reply, so it becomes a blank.
fn line(out: &mut Vec<u8>, kind: u8, text: &[u8]) {
    out.push(kind);
    out.extend(text.iter().map(|&byte| if matches!(byte, b'\r' | b'\n') { b' ' } else { byte }));
    out.extend_from_slice(b"\r\n");
}

fn blob(out: &mut Vec<u8>, kind: u8, data: &[u8]) {
    header(out, kind, data.len());
    out.extend_from_slice(data);
    out.extend_from_slice(b"\r\n");
}

fn header(out: &mut Vec<u8>, kind: u8, count: usize) {
    out.push(kind);
    digits(out, count as u64);
    out.extend_from_slice(b"\r\n");
}

fn digits(out: &mut Vec<u8>, mut value: u64) {
    let start = out.len();
    loop {
        out.push(b'0' + (value % 10) as u8);
        value /= 10;
        if value == 0 {
            break;
        }
    }
    if let Some(written) = out.get_mut(start..) {
        written.reverse();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).expect("the tests write text")
    }

    #[test]
    fn each_type_on_the_wire() {
        let table: Vec<(String, &str)> = vec![
            (written(|o| simple(o, "OK")), "+OK\r\n"),
            (written(|o| error(o, "ERR no")), "-ERR no\r\n"),
            (written(|o| integer(o, 0)), ":0\r\n"),
            (written(|o| integer(o, i64::MIN)), ":-9223372036854775808\r\n"),
            (written(|o| integer(o, i64::MAX)), ":9223372036854775807\r\n"),
            (written(|o| bulk(o, b"a\r\nb")), "$4\r\na\r\nb\r\n"),
            (written(null2), "$-1\r\n"),
            (written(null_array2), "*-1\r\n"),
            (written(null3), "_\r\n"),
            (written(|o| array_header(o, 0)), "*0\r\n"),
            (written(|o| map_header(o, 10)), "%10\r\n"),
            (written(|o| set_header(o, 2)), "~2\r\n"),
            (written(|o| push_header(o, 3)), ">3\r\n"),
            (written(|o| verbatim(o, "Some string")), "=15\r\ntxt:Some string\r\n"),
            (written(|o| double(o, 1.5)), ",1.5\r\n"),
            (written(|o| double(o, f64::NEG_INFINITY)), ",-inf\r\n"),
            (written(|o| double(o, f64::NAN)), ",nan\r\n"),
            (written(|o| boolean(o, true)), "#t\r\n"),
        ];
        for (got, expected) in table {
            assert_eq!(got, expected);
        }
        assert_eq!(encode_command(&["PING", ""]), b"*2\r\n$4\r\nPING\r\n$0\r\n\r\n");
    }

    #[test]
    fn no_text_can_begin_another_reply() {
        assert_eq!(written(|o| simple(o, "a\r\n+b\n")), "+a  +b \r\n");
        assert_eq!(written(|o| error(o, "ERR unknown `x\r\n:1`")), "-ERR unknown `x  :1`\r\n");
        assert_eq!(written(|o| frame(o, &Frame::BigNumber(b"1\r\n2".to_vec()))), "(1  2\r\n");
    }
}
