//! Replies as values, encoded for the protocol version a client chose.

use watchkeeper_resp::encode;

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
        match protocol {
            Protocol::Resp2 => self.encode2(out),
            Protocol::Resp3 => self.encode3(out),
        }
    }

    fn encode2(&self, out: &mut Vec<u8>) {
        match self {
            Reply::Ok => encode::simple(out, "OK"),
            Reply::Simple(text) => encode::simple(out, text),
            Reply::Error(text) => encode::error(out, text),
            Reply::Integer(n) => encode::integer(out, *n),
            Reply::Double(n) => encode::bulk(out, n.to_string().as_bytes()),
            Reply::Bulk(bytes) => encode::bulk(out, bytes),
            Reply::Null => encode::null2(out),
            Reply::NullArray => encode::null_array2(out),
            Reply::Array(items) | Reply::Set(items) | Reply::Push(items) => {
                encode::array_header(out, items.len());
                items.iter().for_each(|item| item.encode2(out));
            }
            Reply::Map(pairs) => {
                encode::array_header(out, pairs.len() * 2);
                pairs.iter().flat_map(|(key, value)| [key, value]).for_each(|item| item.encode2(out));
            }
            Reply::Verbatim(text) => encode::bulk(out, text.as_bytes()),
        }
    }

    fn encode3(&self, out: &mut Vec<u8>) {
        let items = match self {
            Reply::Ok | Reply::Simple(_) | Reply::Error(_) | Reply::Integer(_) | Reply::Bulk(_) => {
                return self.encode2(out);
            }
            Reply::Double(n) => return encode::double(out, *n),
            Reply::Null | Reply::NullArray => return encode::null3(out),
            Reply::Verbatim(text) => return encode::verbatim(out, text),
            Reply::Map(pairs) => {
                encode::map_header(out, pairs.len());
                pairs.iter().flat_map(|(key, value)| [key, value]).for_each(|item| item.encode3(out));
                return;
            }
            Reply::Array(items) => {
                encode::array_header(out, items.len());
                items
            }
            Reply::Set(items) => {
                encode::set_header(out, items.len());
                items
            }
            Reply::Push(items) => {
                encode::push_header(out, items.len());
                items
            }
        };
        items.iter().for_each(|item| item.encode3(out));
    }
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
