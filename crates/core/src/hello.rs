//! Hello messages: eight fields by which sentinels find each other and spread a group's address.

use std::net::IpAddr;

use crate::epoch::EPOCH_MAX;

/// The channel on servers, and the only one a sentinel accepts PUBLISH on.
pub(crate) const CHANNEL: &str = "__sentinel__:hello";

/// One hello, as received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hello<'a> {
    pub(crate) host: &'a str,
    pub(crate) port: u16,
    pub(crate) id: &'a str,
    pub(crate) current_epoch: u64,
    pub(crate) group: &'a str,
    pub(crate) master_host: &'a str,
    pub(crate) master_port: u16,
    pub(crate) config_epoch: u64,
}

/// Why a payload is no hello.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HelloError {
    /// not text, or not exactly eight fields
    Shape,
    /// a port that is no number from 0 to 65535
    Port,
    /// an epoch that is no number, or beyond [`EPOCH_MAX`]: `-1` read as unsigned would end all elections
    Epoch,
    /// an id or host that is empty, too long, or would not survive the configuration file
    Name,
}

/// Longest accepted host or id. Host names end at 253; upstream's ids have 40.
const NAME_MAX: usize = 255;

/// The hello of one group as it is sent, but for the address it comes from.
#[derive(Debug)]
pub(crate) struct HelloText {
    /// `announce-ip`
    pub(crate) host: Option<String>,
    /// everything behind the address
    pub(crate) rest: String,
}

impl HelloText {
    /// The payload, given our address on the link it goes over.
    pub(crate) fn from(&self, local: IpAddr) -> String {
        match &self.host {
            Some(host) => format!("{host}{}", self.rest),
            None => format!("{local}{}", self.rest),
        }
    }
}

impl Hello<'_> {
    /// Reads a payload. Stricter than upstream, which takes garbage numbers for 0.
    pub(crate) fn parse(payload: &[u8]) -> Result<Hello<'_>, HelloError> {
        let mut fields = [""; 8];
        let mut found = 0;
        for field in payload.split(|byte| *byte == b',') {
            // A part between commas of a text is a text.
            let field = std::str::from_utf8(field).map_err(|_| HelloError::Shape)?;
            *fields.get_mut(found).ok_or(HelloError::Shape)? = field;
            found += 1;
        }
        if found != fields.len() {
            return Err(HelloError::Shape);
        }
        let [host, port, id, current_epoch, group, master_host, master_port, config_epoch] = fields;
        Ok(Hello {
            host: name(host)?,
            port: number(port, u64::from(u16::MAX)).ok_or(HelloError::Port)? as u16,
            id: name(id)?,
            current_epoch: number(current_epoch, EPOCH_MAX).ok_or(HelloError::Epoch)?,
            group,
            master_host: name(master_host)?,
            master_port: number(master_port, u64::from(u16::MAX)).ok_or(HelloError::Port)? as u16,
            config_epoch: number(config_epoch, EPOCH_MAX).ok_or(HelloError::Epoch)?,
        })
    }

    /// What stands behind the address of a hello.
    pub(crate) fn rest(&self) -> String {
        format!(
            ",{},{},{},{},{},{},{}",
            self.port,
            self.id,
            self.current_epoch,
            self.group,
            self.master_host,
            self.master_port,
            self.config_epoch
        )
    }
}

fn name(text: &str) -> Result<&str, HelloError> {
    let plain = |b: u8| b.is_ascii_graphic() && !matches!(b, b'"' | b'\'' | b'\\');
    if text.bytes().all(plain) && !text.is_empty() && text.len() <= NAME_MAX {
        return Ok(text); // as nearly always
    }
    let fine = !text.is_empty()
        && text.len() <= NAME_MAX
        && !text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '"' || c == '\'' || c == '\\');
    if fine { Ok(text) } else { Err(HelloError::Name) }
}

fn number(text: &str, max: u64) -> Option<u64> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().filter(|n| *n <= max)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REAL: &str = "127.0.0.1,26110,63f39215c124398b843ea702c71b5a0c382707d1,0,mm,127.0.0.1,26100,0";

    #[test]
    fn a_real_one_round_trips() {
        let hello = Hello::parse(REAL.as_bytes()).unwrap();
        assert_eq!(hello.port, 26110);
        assert_eq!(format!("{}{}", hello.host, hello.rest()), REAL);
    }

    #[test]
    fn bad_ones_say_what_is_wrong() {
        let bad = |from: &str, to: &str| Hello::parse(REAL.replacen(from, to, 1).as_bytes()).unwrap_err();
        assert_eq!(bad(",mm", ",m,m"), HelloError::Shape);
        assert_eq!(bad("26110", "99999"), HelloError::Port);
        assert_eq!(bad("26110", "x"), HelloError::Port);
        assert_eq!(bad(",0,mm", ",-1,mm"), HelloError::Epoch);
        assert_eq!(bad(",0,mm", ",18446744073709551615,mm"), HelloError::Epoch);
        assert_eq!(bad("63f3", "63 f3"), HelloError::Name);
        assert_eq!(bad("127.0.0.1", ""), HelloError::Name);
        assert_eq!(Hello::parse(b"\xff,1,2,3,4,5,6,7").unwrap_err(), HelloError::Shape);
    }
}
