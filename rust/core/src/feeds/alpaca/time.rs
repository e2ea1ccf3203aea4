//! RFC 3339 to nanoseconds since the epoch.

use crate::types::{DAY_NS, SECOND_NS};

/// Seconds in a day.
const DAY_SECONDS: i64 = DAY_NS / SECOND_NS;

/// Days from 1970-01-01 to a date of the Gregorian calendar (Hinnant's `days_from_civil`: years begin in March).
const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

const fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// The number of digits at `at`, or a negative number where one is no digit.
#[inline]
fn digits<const N: usize>(text: &[u8], at: usize) -> i64 {
    let (mut value, mut bad) = (0, false);
    for &c in &text[at..at + N] {
        let digit = c.wrapping_sub(b'0');
        bad |= digit > 9;
        value = value * 10 + i64::from(digit);
    }
    if bad { i64::MIN } else { value }
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
    let (year, month, day) = (digits::<4>(head, 0), digits::<2>(head, 5), digits::<2>(head, 8));
    let (hour, minute, second) = (digits::<2>(head, 11), digits::<2>(head, 14), digits::<2>(head, 17));
    let punctuated = head[4] == b'-' && head[7] == b'-' && matches!(head[10], b'T' | b't' | b' ') && head[13] == b':' && head[16] == b':';
    if !punctuated
        || year < 0
        || !(1..=12).contains(&month)
        || day < 1
        || (day > 28 && day > days_in_month(year, month))
        || !(0..24).contains(&hour)
        || !(0..60).contains(&minute)
        || !(0..60).contains(&second)
    {
        return None;
    }
    let mut at = 19;
    let mut nanos = 0_i64;
    if text.get(at) == Some(&b'.') {
        let mut places = 0;
        at += 1;
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
            let (hours, minutes) = (digits::<2>(zone, 1), digits::<2>(zone, 4));
            if !(0..24).contains(&hours) || !(0..60).contains(&minutes) {
                return None;
            }
            ((hours * 3600 + minutes * 60) * if *sign == b'-' { -1 } else { 1 }, 6)
        }
        _ => return None,
    };
    let seconds = days_from_civil(year, month, day) * DAY_SECONDS + hour * 3600 + minute * 60 + second - offset;
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
