//! Until when a certificate is valid: the one thing about it that becomes wrong by itself. Whether it is right otherwise is
//! found out by the code that uses it.

use std::path::Path;

use jiff::civil::date;
use jiff::tz::TimeZone;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

/// Seconds since 1970 between which a certificate is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Validity {
    pub from: i64,
    pub until: i64,
}

/// The validity of each certificate in a file; of none where it cannot be read.
pub(super) fn in_file(path: &Path) -> Vec<Validity> {
    let Ok(found) = CertificateDer::pem_file_iter(path) else { return Vec::new() };
    found.flatten().filter_map(|der| validity(&der)).collect()
}

/// A value of DER: its tag, its content, and what follows it.
fn value(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..0x80 => (usize::from(*first), rest),
        _ => {
            let count = usize::from(first & 0x7f);
            let bytes = rest.get(..count).filter(|_| count <= 4)?;
            let length = bytes.iter().fold(0, |length, byte| (length << 8) | usize::from(*byte));
            (length, rest.get(count..)?)
        }
    };
    Some((*tag, rest.get(..length)?, rest.get(length..)?))
}

/// The validity of a certificate (RFC 5280, 4.1): the fourth field of its content, after an optional version.
fn validity(certificate: &[u8]) -> Option<Validity> {
    let (_, whole, _) = value(certificate)?;
    let (_, mut fields, _) = value(whole)?;
    let (tag, _, rest) = value(fields)?;
    if tag == 0xa0 {
        fields = rest;
    }
    for _ in ["serial number", "signature", "issuer"] {
        (_, _, fields) = value(fields)?;
    }
    let (_, times, _) = value(fields)?;
    let (tag, from, times) = value(times)?;
    let from = time(tag, from)?;
    let (tag, until, _) = value(times)?;
    Some(Validity { from, until: time(tag, until)? })
}

/// `YYMMDDHHMMSSZ` (of 1950 to 2049) or `YYYYMMDDHHMMSSZ`.
fn time(tag: u8, text: &[u8]) -> Option<i64> {
    const UTC_TIME: u8 = 0x17;
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let (year, rest) = text.split_at_checked(if tag == UTC_TIME { 2 } else { 4 })?;
    let year: i16 = year.parse().ok()?;
    let year = match (tag, year) {
        (UTC_TIME, 0..50) => year + 2000,
        (UTC_TIME, _) => year + 1900,
        _ => year,
    };
    let part = |at: usize| rest.get(at..at + 2).and_then(|digits| digits.parse::<i8>().ok());
    let day = jiff::civil::Date::new(year, part(0)?, part(2)?).unwrap_or(date(1970, 1, 1));
    let moment = jiff::civil::Time::new(part(4)?, part(6)?, part(8)?, 0).ok()?;
    let zoned = day.to_datetime(moment).to_zoned(TimeZone::UTC).ok()?;
    Some(zoned.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_both_forms() {
        assert_eq!(time(0x17, b"700101000001Z"), Some(1));
        assert_eq!(time(0x17, b"491231235959Z"), Some(2_524_607_999));
        assert_eq!(time(0x18, b"20500101000000Z"), Some(2_524_608_000));
        assert_eq!(time(0x17, b"7001Z"), None);
    }

    #[test]
    fn the_validity_of_a_certificate_is_found() {
        let mut params = rcgen::CertificateParams::new(vec!["localhost".into()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2001, 2, 3);
        params.not_after = rcgen::date_time_ymd(2055, 2, 3);
        let key = rcgen::KeyPair::generate().unwrap();
        let der = params.self_signed(&key).unwrap();
        let expected = Validity { from: 981_158_400, until: 2_685_225_600 };
        assert_eq!(validity(der.der()), Some(expected));
        for end in 0..der.der().len() {
            // Nothing that is cut off makes it panic.
            let _ = validity(&der.der()[..end]);
        }
    }
}
