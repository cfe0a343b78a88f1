//! The times that logs write, in all their forms, as milliseconds. What a clock showed is kept as it was shown; whether
//! two clocks agree is left to `clocks`.

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;
/// The year of a time that names none, until a better one is known. It has a 29 February.
pub(super) const NO_YEAR: i64 = 2000;

const MONTHS: [&[u8; 3]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];

/// A time as a log shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    /// what the clock on the wall showed, in ms since 1 January 1970 of that wall
    pub(super) wall_ms: i64,
    /// minutes east of Greenwich, if it says so
    pub(super) zone: Option<i16>,
    /// whether it names the year
    pub(super) dated: bool,
}

/// Reads bytes from the front.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a> {
    pub(super) rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(super) fn new(rest: &'a [u8]) -> Cursor<'a> {
        Cursor { rest }
    }

    pub(super) fn byte(&mut self, wanted: u8) -> Option<()> {
        let (first, rest) = self.rest.split_first()?;
        (*first == wanted).then(|| self.rest = rest)
    }

    /// The next byte, if it is one of these.
    pub(super) fn one_of(&mut self, wanted: &[u8]) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        wanted.contains(first).then(|| {
            self.rest = rest;
            *first
        })
    }

    /// A number of so many digits, at least and at most.
    pub(super) fn number(&mut self, least: usize, most: usize) -> Option<i64> {
        let digits = self.rest.iter().take(most).take_while(|byte| byte.is_ascii_digit()).count();
        let (number, rest) = self.rest.split_at_checked(digits)?;
        let longer = rest.first().is_some_and(u8::is_ascii_digit);
        if digits < least || longer {
            return None;
        }
        self.rest = rest;
        Some(number.iter().fold(0, |sum, byte| sum * 10 + i64::from(byte - b'0')))
    }

    fn month(&mut self) -> Option<i64> {
        let (name, rest) = self.rest.split_at_checked(3)?;
        let at = MONTHS.iter().position(|month| month.as_slice() == name)?;
        self.rest = rest;
        Some(at as i64 + 1)
    }

    /// `hh:mm:ss` with or without a fraction, as ms.
    pub(super) fn clock(&mut self) -> Option<i64> {
        let hours = self.number(2, 2)?;
        self.byte(b':')?;
        let minutes = self.number(2, 2)?;
        self.byte(b':')?;
        let seconds = self.number(2, 2)?;
        if hours > 23 || minutes > 59 || seconds > 60 {
            return None;
        }
        Some(((hours * 60 + minutes) * 60 + seconds) * 1000 + self.fraction())
    }

    /// `.123456789` or `,123`, as ms; 0 if there is none.
    fn fraction(&mut self) -> i64 {
        let Some((b'.' | b',', rest)) = self.rest.split_first() else { return 0 };
        let digits = rest.iter().take(9).take_while(|byte| byte.is_ascii_digit()).count();
        let ms = rest[..digits]
            .iter()
            .take(3)
            .fold((0, 100), |(sum, unit), byte| (sum + i64::from(byte - b'0') * unit, unit / 10));
        if digits > 0 {
            self.rest = &rest[digits..];
        }
        ms.0
    }

    /// `28 Nov 2026 16:37:01.705`, with or without year and fraction.
    pub(super) fn legacy(&mut self) -> Option<Stamp> {
        let day = self.number(1, 2)?;
        self.byte(b' ')?;
        let month = self.month()?;
        self.byte(b' ')?;
        let mut ahead = *self;
        let year = ahead.number(4, 4).filter(|_| ahead.byte(b' ').is_some());
        if year.is_some() {
            *self = ahead;
        }
        let clock = self.clock()?;
        let wall_ms = day_ms(year.unwrap_or(NO_YEAR), month, day)? + clock;
        Some(Stamp { wall_ms, zone: None, dated: year.is_some() })
    }

    /// `Nov 28 16:37:01` of syslog.
    pub(super) fn syslog(&mut self) -> Option<Stamp> {
        let month = self.month()?;
        self.byte(b' ')?;
        let _ = self.byte(b' ');
        let day = self.number(1, 2)?;
        self.byte(b' ')?;
        let clock = self.clock()?;
        Some(Stamp { wall_ms: day_ms(NO_YEAR, month, day)? + clock, zone: None, dated: false })
    }

    /// `2026-11-28T16:37:01.705+08:00`, also with a blank, `Z`, `+0800` or no zone.
    pub(super) fn iso(&mut self) -> Option<Stamp> {
        let year = self.number(4, 4)?;
        self.byte(b'-')?;
        let month = self.number(2, 2)?;
        self.byte(b'-')?;
        let day = self.number(2, 2)?;
        self.one_of(b"T ")?;
        let clock = self.clock()?;
        let wall_ms = day_ms(year, month, day)? + clock;
        Some(Stamp { wall_ms, zone: self.zone(), dated: true })
    }

    fn zone(&mut self) -> Option<i16> {
        if self.byte(b'Z').is_some() {
            return Some(0);
        }
        let mut ahead = *self;
        let sign = ahead.one_of(b"+-")?;
        let hours = ahead.rest.get(..2).and_then(|two| Cursor::new(two).number(2, 2))?;
        ahead.rest = &ahead.rest[2..];
        let _ = ahead.byte(b':');
        let minutes = ahead.number(2, 2)?;
        *self = ahead;
        let east = i16::try_from(hours * 60 + minutes).ok()?;
        Some(if sign == b'-' { -east } else { east })
    }

    /// Milliseconds since 1970, 13 digits.
    pub(super) fn milliseconds(&mut self) -> Option<Stamp> {
        let wall_ms = self.number(13, 13)?;
        Some(Stamp { wall_ms, zone: Some(0), dated: true })
    }

    /// Any of them.
    pub(super) fn stamp(&mut self) -> Option<Stamp> {
        for read in [Cursor::legacy, Cursor::iso, Cursor::milliseconds] {
            let mut ahead = *self;
            if let Some(stamp) = read(&mut ahead) {
                *self = ahead;
                return Some(stamp);
            }
        }
        None
    }
}

/// The beginning of a day in ms since 1970; nothing if there is no such day.
pub(super) fn day_ms(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || !(1970..=9999).contains(&year) {
        return None;
    }
    // Days since 1 March of the year 0: the leap day is the last of its year.
    let shifted = if month > 2 { year } else { year - 1 };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + of_year;
    Some((days - 719_468) * DAY_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 23 Nov 2026 01:46:30.111
    const AT: i64 = 1_795_398_390_111;

    fn read(text: &str) -> Option<(i64, Option<i16>, bool)> {
        Cursor::new(text.as_bytes()).stamp().map(|stamp| (stamp.wall_ms, stamp.zone, stamp.dated))
    }

    #[test]
    fn every_form_of_a_time() {
        assert_eq!(read("23 Nov 2026 01:46:30.111 # x"), Some((AT, None, true)));
        assert_eq!(read("23 Nov 2026 01:46:30 x"), Some((AT - 111, None, true)));
        assert_eq!(read("2026-11-23T01:46:30.111+08:00"), Some((AT, Some(480), true)));
        assert_eq!(read("2026-11-23T01:46:30.111999888Z"), Some((AT, Some(0), true)));
        assert_eq!(read("2026-11-23T01:46:30,111-0330"), Some((AT, Some(-210), true)));
        assert_eq!(read("2026-11-23 01:46:30.111"), Some((AT, None, true)));
        assert_eq!(read("1795398390111"), Some((AT, Some(0), true)));
        assert_eq!(read("23 Nov 01:46:30.111").map(|found| found.2), Some(false));
        assert!(Cursor::new(b"Nov  3 01:46:30 host").syslog().is_some());
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "99 Nov 2026 01:46:30",
            "23 Non 2026 01:46:30",
            "23 Nov 2026 25:46:30",
            "179539839011",
            "2026-13-01T00:00:00",
            "23 Nov 2026 01:46",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn days_are_counted_over_leap_years() {
        assert_eq!(day_ms(1970, 1, 1), Some(0));
        assert_eq!(day_ms(2000, 3, 1), Some(951_868_800_000));
        assert_eq!(day_ms(2024, 2, 29), Some(1_709_164_800_000));
    }
}
