//! The numbers of `sentinel` lines: what they are read as here, and what upstream makes of them. It keeps most of them in an
//! `int` and does not look whether they fit, so that 4294968296 becomes 1000. Which errors follow is in `sentinel_line`; what
//! people are told, in the shell's `check`.

use super::directive::SentinelKey;

/// A number as two programs read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// what is written, where it is a whole number and nothing else
    pub written: Option<i128>,
    /// what Watchkeeper reads
    pub ours: i128,
    /// what upstream reads
    pub theirs: i128,
    /// what upstream says when it refuses the number
    pub refused: Option<&'static str>,
}

/// What a number of a `sentinel` line is.
#[derive(Debug, Clone, Copy)]
enum Meaning {
    Quorum,
    Port,
    Time,
    TimeOrOff,
    Count,
    AnnouncedPort,
    Epoch,
    /// a time of a directive that upstream does not know
    OurTime,
    /// a port in one
    OurPort,
}

fn meaning(key: SentinelKey, word: usize) -> Option<Meaning> {
    use SentinelKey as K;
    let (meaning, here) = match key {
        K::Monitor if word == 5 => (Meaning::Quorum, true),
        K::Monitor | K::KnownReplica | K::KnownSentinel => (Meaning::Port, word == 4),
        K::DownAfter | K::FailoverTimeout => (Meaning::Time, word == 3),
        K::RebootDownAfter => (Meaning::TimeOrOff, word == 3),
        K::ParallelSyncs => (Meaning::Count, word == 3),
        K::AnnouncePort => (Meaning::AnnouncedPort, word == 2),
        K::ConfigEpoch | K::LeaderEpoch => (Meaning::Epoch, word == 3),
        K::CurrentEpoch => (Meaning::Epoch, word == 2),
        K::RefusedDownAfter => (Meaning::OurTime, word == 3),
        K::ReplicaHome => (Meaning::OurPort, matches!(word, 4 | 6)),
        // No number stands in these.
        K::Myid
        | K::DenyScriptsReconfig
        | K::ResolveHostnames
        | K::AnnounceHostnames
        | K::TiltClock
        | K::VoteWithoutDisk
        | K::NotificationScript
        | K::ClientReconfigScript
        | K::AuthPass
        | K::AuthUser
        | K::ReplicationTopology
        | K::RenameCommand
        | K::AnnounceIp
        | K::SentinelUser
        | K::SentinelPass => return None,
    };
    here.then_some(meaning)
}

/// How the word of a line is read, where it stands for a number; `word` counts from 0 at `sentinel`.
pub fn reading(key: SentinelKey, word: usize, value: &[u8]) -> Option<Reading> {
    let theirs = atoi(value);
    let (ours, theirs, refused) = match meaning(key, word)? {
        Meaning::Quorum => {
            let refused = (theirs <= 0).then_some(QUORUM);
            (integer(value).into(), theirs.into(), refused)
        }
        Meaning::Port => {
            let refused = u16::try_from(theirs).is_err().then_some(PORT);
            (integer(value).into(), theirs.into(), refused)
        }
        Meaning::Time => (integer(value).into(), theirs.into(), (theirs <= 0).then_some(TIME)),
        Meaning::TimeOrOff => (integer(value).into(), theirs.into(), (theirs < 0).then_some(TIME_OR_OFF)),
        Meaning::Count => (int(value).into(), theirs.into(), None),
        Meaning::AnnouncedPort => (integer(value).into(), theirs.into(), None),
        Meaning::Epoch => {
            let (negative, number) = strtoull(value);
            let theirs = if negative { number.wrapping_neg() } else { number };
            (number.into(), theirs.into(), None)
        }
        Meaning::OurTime | Meaning::OurPort => (integer(value).into(), integer(value).into(), None),
    };
    Some(Reading { written: written(value), ours, theirs, refused })
}

/// What upstream says to a quorum.
pub(crate) const QUORUM: &str = "Quorum must be 1 or greater.";
/// What upstream says to a port.
pub(crate) const PORT: &str = "Invalid port number.";
/// What upstream says to a time.
pub(crate) const TIME: &str = "negative or zero time parameter.";
/// What upstream says to a time that may be 0.
pub(crate) const TIME_OR_OFF: &str = "negative time parameter.";

/// The number a text stands for, if it is one and nothing else: blanks around it and a sign are fine.
fn written(value: &[u8]) -> Option<i128> {
    let text = std::str::from_utf8(value).ok()?.trim_matches([' ', '\t', '\n', '\r', '\u{b}', '\u{c}']);
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(text.parse().unwrap_or(if text.starts_with('-') { i128::MIN } else { i128::MAX }))
}

/// A number as C's `strtoll` reads it: blanks and a sign in front are fine, what follows the digits does not count,
/// nothing is 0, what is too large is the largest.
pub(crate) fn integer(value: &[u8]) -> i64 {
    let (negative, number) = strtoull(value);
    let number = i64::try_from(number).unwrap_or(i64::MAX);
    if negative { -number } else { number }
}

/// The same, for a field of C's `int`; what does not fit becomes the nearest that does.
pub(crate) fn int(value: &[u8]) -> i32 {
    let number = integer(value);
    i32::try_from(number).unwrap_or(if number < 0 { i32::MIN } else { i32::MAX })
}

/// A number as `atoi` of the C library reads it: the lowest 32 bits of what `strtol` makes of it.
pub(crate) fn atoi(value: &[u8]) -> i32 {
    let (negative, number) = strtoull(value);
    let whole = match (negative, i64::try_from(number)) {
        (false, Ok(number)) => number,
        (false, Err(_)) => i64::MAX,
        (true, Ok(number)) => -number,
        (true, Err(_)) => i64::MIN,
    };
    let [a, b, c, d, ..] = whole.to_le_bytes();
    i32::from_le_bytes([a, b, c, d])
}

/// Sign and digits, as C's `strtoull` finds them; what is too large is the largest.
pub(crate) fn strtoull(value: &[u8]) -> (bool, u64) {
    let blanks = value.iter().take_while(|byte| matches!(byte, b' ' | b'\t'..=b'\r')).count();
    let value = &value[blanks..];
    let (negative, digits) = match value {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, value),
    };
    let digits = digits.iter().take_while(|byte| byte.is_ascii_digit());
    let digit = |total: u64, byte: &u8| total.saturating_mul(10).saturating_add(u64::from(byte - b'0'));
    (negative, digits.fold(0, digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What redis-sentinel 7.0.15 wrote back for `parallel-syncs`, which it never refuses.
    #[test]
    fn atoi_is_that_of_the_c_library() {
        let recorded: [(&str, i32); 22] = [
            (" 2", 2),
            ("2 ", 2),
            ("2x", 2),
            ("0x10", 0),
            ("-1", -1),
            ("", 0),
            ("1e3", 1),
            ("\u{663}", 0),
            ("+2", 2),
            ("\u{b}7", 7),
            ("--5", 0),
            ("+-5", 0),
            ("2147483647", i32::MAX),
            ("2147483648", i32::MIN),
            ("3000000000", -1_294_967_296),
            ("4294968296", 1000),
            ("-2147483649", i32::MAX),
            ("-4294967295", 1),
            ("9223372036854775807", -1),
            ("9223372036854775808", -1),
            ("99999999999999999999", -1),
            ("-99999999999999999999", 0),
        ];
        for (text, expected) in recorded {
            assert_eq!(atoi(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn what_is_written_is_a_whole_number_or_none() {
        for (text, expected) in [("+2", Some(2)), (" 2 ", Some(2)), ("-0", Some(0)), ("007", Some(7))] {
            assert_eq!(written(text.as_bytes()), expected, "{text}");
        }
        for text in ["", "+", "--5", "+-5", "2x", "1_000", "\u{663}", "2 3", "0x10"] {
            assert_eq!(written(text.as_bytes()), None, "{text}");
        }
        assert_eq!(written("9".repeat(60).as_bytes()), Some(i128::MAX));
    }
}
