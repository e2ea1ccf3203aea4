//! RFC 3339 to nanoseconds since the epoch.

use crate::types::{DAY_NS, SECOND_NS};

/// Seconds in a day.
const DAY_SECONDS: i64 = DAY_NS / SECOND_NS;

/// Days from 1970-01-01 to a date of the Gregorian calendar; years begin in March, so that the leap day is their last
/// (Hinnant's `days_from_civil`).
const fn days_from_civil(year: u32, month: u32, day: u32) -> i64 {
    // Shifted by one era of 400 years, so that nothing is below zero.
    let (year, month) = if month <= 2 { (year + 399, month + 9) } else { (year + 400, month - 3) };
    let of_year = (153 * month + 2) / 5 + day - 1;
    let days = year * 365 + year / 4 - year / 100 + year / 400 + of_year;
    days as i64 - (719_468 + 146_097)
}

const fn days_in_month(year: u32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 31,
    }
}

/// The two-digit numbers of eight bytes that look like `form`, in which 0 stands for a digit: byte `i` of the result is the number
/// whose first digit is byte `i`. `None` where they look different.
#[inline]
const fn pairs(bytes: [u8; 8], form: [u8; 8]) -> Option<[u8; 8]> {
    // What must be added so that the highest bit shows a byte above 9, or above 0 where the form has no digit.
    let (mut limits, mut i) = ([0; 8], 0);
    while i < 8 {
        limits[i] = if form[i] == b'0' { 0x76 } else { 0x7f };
        i += 1;
    }
    let digits = u64::from_le_bytes(bytes) ^ u64::from_le_bytes(form);
    // A carry into the next byte comes only from a byte that is refused itself.
    if (digits.wrapping_add(u64::from_le_bytes(limits)) | digits) & 0x8080_8080_8080_8080 != 0 {
        return None;
    }
    // No byte exceeds 99, so that none carries.
    Some((digits * 10 + (digits >> 8)).to_le_bytes())
}

/// The two-digit number at `at`, or a number above 99.
#[inline]
fn two_digits(text: &[u8], at: usize) -> u32 {
    let (tens, ones) = (text[at].wrapping_sub(b'0'), text[at + 1].wrapping_sub(b'0'));
    if tens > 9 || ones > 9 { u32::MAX } else { u32::from(tens) * 10 + u32::from(ones) }
}

/// The number of eight digits.
#[inline]
fn eight_digits(bytes: [u8; 8]) -> Option<u32> {
    let [a, _, b, _, c, _, d, _] = pairs(bytes, *b"00000000")?;
    Some(u32::from(a) * 1_000_000 + u32::from(b) * 10_000 + u32::from(c) * 100 + u32::from(d))
}

/// Nanoseconds since the epoch of `2021-02-22T15:51:44.208Z`: 0 to 9 decimals, `Z` or an offset. `None`: not such a time, or
/// outside 1677 to 2262.
pub(super) fn parse(text: &[u8]) -> Option<i64> {
    parse_start(text).filter(|&(_, length)| length == text.len()).map(|(ns, _)| ns)
}

/// The time that `text` begins with, as for [`parse`], and its length.
#[inline]
pub(super) fn parse_start(text: &[u8]) -> Option<(i64, usize)> {
    let head: &[u8; 19] = text.first_chunk()?;
    let &[y0, y1, y2, y3, dash0, m0, m1, dash1, d0, d1, separator, h0, h1, colon0, n0, n1, colon1, ..] = head;
    if !matches!(separator, b'T' | b't' | b' ') {
        return None;
    }
    let [century, _, of_century, _, _, month, ..] = pairs([y0, y1, y2, y3, dash0, m0, m1, dash1], *b"0000-00-")?;
    let [day, _, _, hour, _, _, minute, _] = pairs([d0, d1, b'T', h0, h1, colon0, n0, n1], *b"00T00:00")?;
    let (year, month, day) = (u32::from(century) * 100 + u32::from(of_century), u32::from(month), u32::from(day));
    let second = two_digits(head, 17);
    if colon1 != b':'
        || !(1..=12).contains(&month)
        || day < 1
        || (day > 28 && day > days_in_month(year, month))
        || hour > 23
        || minute > 59
        || second > 59
    {
        return None;
    }
    let mut at = 19;
    let mut nanos = 0_i64;
    if text.get(at) == Some(&b'.') {
        let mut places = 0;
        at += 1;
        if let Some(eight) = text.get(at..).and_then(|rest| rest.first_chunk()).and_then(|eight| eight_digits(*eight)) {
            (nanos, places) = (i64::from(eight), 8);
            at += 8;
        }
        while let Some(digit) = text.get(at).map(|c| c.wrapping_sub(b'0')).filter(|d| *d < 10) {
            nanos = nanos * 10 + i64::from(digit);
            places += 1;
            at += 1;
            if places > 9 {
                return None;
            }
        }
        if places == 0 {
            return None;
        }
        nanos *= POWERS[9 - places];
    }
    let (offset, length) = match text.get(at..)? {
        [b'Z' | b'z', ..] => (0, 1),
        zone @ [sign @ (b'+' | b'-'), _, _, b':', _, _, ..] => {
            let (hours, minutes) = (two_digits(zone, 1), two_digits(zone, 4));
            if hours > 23 || minutes > 59 {
                return None;
            }
            (i64::from(hours * 3600 + minutes * 60) * if *sign == b'-' { -1 } else { 1 }, 6)
        }
        _ => return None,
    };
    let of_day = u32::from(hour) * 3600 + u32::from(minute) * 60 + second;
    let seconds = days_from_civil(year, month, day) * DAY_SECONDS + i64::from(of_day) - offset;
    Some((from_parts(seconds, nanos)?, at + length))
}

const POWERS: [i64; 10] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000];

/// Seconds and nanoseconds of the second to nanoseconds since the epoch.
#[inline]
pub(super) const fn from_parts(seconds: i64, nanos: i64) -> Option<i64> {
    // Through 128 bits: the first second of the range begins before the range does.
    let ns = seconds as i128 * SECOND_NS as i128 + nanos as i128;
    if ns > i64::MIN as i128 && ns <= i64::MAX as i128 { Some(ns as i64) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_time_reads_as_the_calendar_library_reads_it(ns in any::<i64>(), places in 0_usize..10, offset in -1439_i32..1440) {
            let exact = ns - ns.rem_euclid(10_i64.pow(9 - places as u32));
            prop_assume!(exact <= ns && exact > i64::MIN + DAY_NS && exact < i64::MAX - DAY_NS);
            let zone = chrono::FixedOffset::east_opt(offset * 60).unwrap();
            let local = chrono::DateTime::from_timestamp_nanos(exact).with_timezone(&zone);
            let mut text = local.format("%Y-%m-%dT%H:%M:%S").to_string();
            if places > 0 {
                text += &format!(".{:09}", local.timestamp_subsec_nanos())[..=places];
            }
            text += &local.format("%:z").to_string();
            prop_assert_eq!(parse(text.as_bytes()), Some(exact), "{}", text);
            prop_assert_eq!(chrono::DateTime::parse_from_rfc3339(&text).unwrap().timestamp_nanos_opt(), Some(exact));
        }

        #[test]
        fn no_bytes_panic_and_what_is_read_the_calendar_library_reads_too(text in "[0-9]{4}-[0-1][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{0,11})?(Z|[+-][0-2][0-9]:[0-6][0-9])?") {
            let ours = parse(text.as_bytes());
            if let (Some(ours), Ok(theirs)) = (ours, chrono::DateTime::parse_from_rfc3339(&text)) {
                prop_assert_eq!(Some(ours), theirs.timestamp_nanos_opt());
            }
            prop_assert!(ours.is_none() || chrono::DateTime::parse_from_rfc3339(&text).is_ok(), "{}", text);
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for bad in [
            "",
            "2021",
            "2021-02-29T00:00:00Z",
            "2021-13-01T00:00:00Z",
            "2021-00-01T00:00:00Z",
            "2021-01-00T00:00:00Z",
            "2021-01-01T24:00:00Z",
            "2021-01-01T00:60:00Z",
            "2021-01-01T00:00:60Z",
            "2021-01-01T00:00:00",
            "2021-01-01T00:00:00.Z",
            "2021-01-01T00:00:00.1234567890Z",
            "2021-01-01T00:00:00+0100",
            "2021-01-01T00:00:00ZZ",
            "2262-04-12T00:00:00Z",
            "1677-09-20T00:00:00Z",
            "9999-12-31T23:59:59.999999999Z",
            "0000-01-01T00:00:00Z",
            "+021-01-01T00:00:00Z",
        ] {
            assert_eq!(parse(bad.as_bytes()), None, "{bad}");
        }
        assert_eq!(parse(b"2262-04-11T23:47:16.854775807Z"), Some(i64::MAX));
        assert_eq!(parse(b"1970-01-01t00:00:00z"), Some(0));
    }
}
