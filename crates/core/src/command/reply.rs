//! Replies as values, encoded for the protocol version a client chose.

/// RESP2 or RESP3, as chosen with HELLO.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Protocol {
    /// the default
    #[default]
    Resp2,
    /// after `HELLO 3`
    Resp3,
}

/// One reply to a command.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// `+OK`
    Ok,
    /// `+text`
    Simple(String),
    /// `-text`; the text begins with its code, as in `ERR ...`
    Error(String),
    /// `:n`
    Integer(i64),
    /// `,n`, in RESP2 a bulk
    Double(f64),
    /// `$..`
    Bulk(Vec<u8>),
    /// `$-1`, in RESP3 `_`
    Null,
    /// `*-1`, in RESP3 `_`
    NullArray,
    /// `*..`
    Array(Vec<Reply>),
    /// `%..`, in RESP2 a flat array
    Map(Vec<(Reply, Reply)>),
    /// `~..`, in RESP2 an array
    Set(Vec<Reply>),
    /// `>..`, in RESP2 an array
    Push(Vec<Reply>),
    /// `=N txt:..`, in RESP2 a bulk
    Verbatim(String),
}

impl Reply {
    /// A bulk string of text.
    pub fn bulk(text: impl Into<String>) -> Reply {
        Reply::Bulk(text.into().into_bytes())
    }

    /// An array of bulk strings.
    pub fn bulks<T: Into<Vec<u8>>>(texts: impl IntoIterator<Item = T>) -> Reply {
        Reply::Array(texts.into_iter().map(|text| Reply::Bulk(text.into())).collect())
    }

    /// Appends the bytes of this reply.
    pub fn encode(&self, protocol: Protocol, out: &mut Vec<u8>) {
        let resp3 = protocol == Protocol::Resp3;
        match self {
            Reply::Ok => out.extend_from_slice(b"+OK\r\n"),
            Reply::Simple(text) => line(b'+', text, out),
            Reply::Error(text) => line(b'-', text, out),
            Reply::Integer(n) => number(b':', *n, out),
            Reply::Double(n) if resp3 => line(b',', &n.to_string(), out),
            Reply::Double(n) => bulk(n.to_string().as_bytes(), out),
            Reply::Bulk(bytes) => bulk(bytes, out),
            Reply::Null | Reply::NullArray if resp3 => out.extend_from_slice(b"_\r\n"),
            Reply::Null => out.extend_from_slice(b"$-1\r\n"),
            Reply::NullArray => out.extend_from_slice(b"*-1\r\n"),
            Reply::Array(items) => list(b'*', items, protocol, out),
            Reply::Set(items) => list(if resp3 { b'~' } else { b'*' }, items, protocol, out),
            Reply::Push(items) => list(if resp3 { b'>' } else { b'*' }, items, protocol, out),
            Reply::Map(pairs) => {
                let (sign, count) = if resp3 { (b'%', pairs.len()) } else { (b'*', pairs.len() * 2) };
                number(sign, count as i64, out);
                for (key, value) in pairs {
                    key.encode(protocol, out);
                    value.encode(protocol, out);
                }
            }
            Reply::Verbatim(text) if resp3 => {
                number(b'=', text.len() as i64 + 4, out);
                out.extend_from_slice(b"txt:");
                out.extend_from_slice(text.as_bytes());
                out.extend_from_slice(b"\r\n");
            }
            Reply::Verbatim(text) => bulk(text.as_bytes(), out),
        }
    }
}

fn list(sign: u8, items: &[Reply], protocol: Protocol, out: &mut Vec<u8>) {
    number(sign, items.len() as i64, out);
    for item in items {
        item.encode(protocol, out);
    }
}

/// A line type. A line break inside would end it early and let the rest pass as the next reply.
fn line(sign: u8, text: &str, out: &mut Vec<u8>) {
    out.push(sign);
    out.extend(text.bytes().map(|b| if b == b'\r' || b == b'\n' { b' ' } else { b }));
    out.extend_from_slice(b"\r\n");
}

fn bulk(bytes: &[u8], out: &mut Vec<u8>) {
    number(b'$', bytes.len() as i64, out);
    out.extend_from_slice(bytes);
    out.extend_from_slice(b"\r\n");
}

/// A sign and a number, without a detour through `String`: this is on the path of every reply.
fn number(sign: u8, n: i64, out: &mut Vec<u8>) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut rest = n.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.push(sign);
    if n < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(&digits[at..]);
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(reply: &Reply) -> (String, String) {
        let text = |protocol| {
            let mut out = Vec::new();
            reply.encode(protocol, &mut out);
            String::from_utf8(out).unwrap()
        };
        (text(Protocol::Resp2), text(Protocol::Resp3))
    }

    #[test]
    fn every_kind_in_both_protocols() {
        let one = || Reply::Integer(1);
        let cases = [
            (Reply::Ok, "+OK\r\n", "+OK\r\n"),
            (Reply::Error("ERR a\r\nb".into()), "-ERR a  b\r\n", "-ERR a  b\r\n"),
            (Reply::Simple("x\ny".into()), "+x y\r\n", "+x y\r\n"),
            (Reply::Integer(-12), ":-12\r\n", ":-12\r\n"),
            (Reply::Integer(i64::MIN), ":-9223372036854775808\r\n", ":-9223372036854775808\r\n"),
            (Reply::Double(0.5), "$3\r\n0.5\r\n", ",0.5\r\n"),
            (Reply::bulk("a\r\nb"), "$4\r\na\r\nb\r\n", "$4\r\na\r\nb\r\n"),
            (Reply::Null, "$-1\r\n", "_\r\n"),
            (Reply::NullArray, "*-1\r\n", "_\r\n"),
            (Reply::Array(vec![]), "*0\r\n", "*0\r\n"),
            (Reply::Set(vec![one()]), "*1\r\n:1\r\n", "~1\r\n:1\r\n"),
            (Reply::Push(vec![one()]), "*1\r\n:1\r\n", ">1\r\n:1\r\n"),
            (Reply::Map(vec![(one(), Reply::Ok)]), "*2\r\n:1\r\n+OK\r\n", "%1\r\n:1\r\n+OK\r\n"),
            (Reply::Verbatim("hi".into()), "$2\r\nhi\r\n", "=6\r\ntxt:hi\r\n"),
        ];
        for (reply, resp2, resp3) in cases {
            assert_eq!(both(&reply), (resp2.to_string(), resp3.to_string()), "{reply:?}");
        }
    }
}
