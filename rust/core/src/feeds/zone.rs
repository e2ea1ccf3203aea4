//! New York wall time to UTC.
//!
//! A day is looked up once in the time-zone database and then converts any of its milliseconds with one comparison.
//! The two odd hours of a year are defined: a wall time that does not exist (02:00–03:00 on the spring Sunday) is read with the
//! offset before the change, so it lands an hour later on the clock; a wall time that exists twice (01:00–02:00 on the autumn
//! Sunday) is the first of the two.

use crate::types::{DAY_NS, Error, HOUR_NS, MINUTE_NS, Result, SECOND_NS, Timestamp};
use chrono::{Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeZone, Weekday};
use chrono_tz::America::New_York;

/// A calendar date.
pub type Date = NaiveDate;

/// Milliseconds in a day of 24 hours.
pub const DAY_MS: i64 = DAY_NS / 1_000_000;
/// Open of the regular session, 09:30, in milliseconds after midnight in New York.
pub const REGULAR_OPEN_MS: i64 = (9 * HOUR_NS + 30 * MINUTE_NS) / 1_000_000;
/// Close of the regular session, 16:00, in milliseconds after midnight in New York.
pub const REGULAR_CLOSE_MS: i64 = 16 * HOUR_NS / 1_000_000;

/// True from 09:30 up to but not including 16:00; early closes and holidays are not known here.
#[inline]
pub const fn is_regular_ms(ms: i64) -> bool {
    ms >= REGULAR_OPEN_MS && ms < REGULAR_CLOSE_MS
}

/// A date in New York with its offsets from UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewYorkDay {
    date: Date,
    /// UTC nanoseconds of wall midnight under the offset in force at the day's start.
    base_ns: i64,
    /// Wall time from which the day's second offset applies; `i64::MAX` on a day without a change.
    change_ns: i64,
    /// What the second offset adds to the result.
    shift_ns: i64,
}

impl NewYorkDay {
    /// The day of `date`; an error outside the years a [`Timestamp`] can hold.
    pub fn new(date: Date) -> Result<Self> {
        let out_of_range = || Error::data(format!("date {date}"), "lies outside 1883 to 2261, the range of New York time stamps");
        if !(1884..=2261).contains(&date.year()) {
            return Err(out_of_range());
        }
        let midnight = NaiveDateTime::new(date, NaiveTime::MIN);
        let next_midnight = midnight.checked_add_days(Days::new(1)).ok_or_else(out_of_range)?;
        let start = New_York.from_local_datetime(&midnight).earliest().ok_or_else(out_of_range)?;
        let end = New_York.from_local_datetime(&next_midnight).earliest().ok_or_else(out_of_range)?;
        let offset = |utc_seconds: i64| -> Result<i64> {
            let utc = chrono::DateTime::from_timestamp(utc_seconds, 0).ok_or_else(out_of_range)?.naive_utc();
            Ok(i64::from(New_York.offset_from_utc_datetime(&utc).fix().local_minus_utc()))
        };
        let (mut low, mut high) = (start.timestamp(), end.timestamp());
        let (before, after) = (offset(low)?, offset(high)?);
        let base = midnight.and_utc().timestamp() - before;
        let base_ns = base.checked_mul(SECOND_NS).ok_or_else(out_of_range)?;
        if before == after {
            return Ok(Self { date, base_ns, change_ns: i64::MAX, shift_ns: 0 });
        }
        // The change is the first second of the day with the new offset.
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if offset(middle)? == before {
                low = middle;
            } else {
                high = middle;
            }
        }
        let change_ns = (high + before.max(after) - midnight.and_utc().timestamp()) * SECOND_NS;
        Ok(Self { date, base_ns, change_ns, shift_ns: (before - after) * SECOND_NS })
    }

    /// The date.
    pub const fn date(&self) -> Date {
        self.date
    }

    /// UTC time of `ms` milliseconds on the wall clock after midnight.
    #[inline]
    pub const fn at_ms(&self, ms: i64) -> Timestamp {
        self.at_ns(ms.saturating_mul(1_000_000))
    }

    /// UTC time of `ns` nanoseconds on the wall clock after midnight.
    #[inline]
    pub const fn at_ns(&self, ns: i64) -> Timestamp {
        let shift = if ns >= self.change_ns { self.shift_ns } else { 0 };
        Timestamp::from_nanos(self.base_ns.saturating_add(ns).saturating_add(shift))
    }

    /// 09:30, the open of the regular session.
    pub const fn open(&self) -> Timestamp {
        self.at_ms(REGULAR_OPEN_MS)
    }

    /// 16:00, the close of the regular session.
    pub const fn close(&self) -> Timestamp {
        self.at_ms(REGULAR_CLOSE_MS)
    }
}

/// The date in New York at `ts`, or `None` for times outside the calendar.
pub fn new_york_date(ts: Timestamp) -> Option<Date> {
    let utc = chrono::DateTime::from_timestamp(ts.nanos().div_euclid(SECOND_NS), 0)?;
    Some(New_York.from_utc_datetime(&utc.naive_utc()).date_naive())
}

/// The first date after `date` that is not a Saturday or Sunday.
pub fn next_weekday(date: Date) -> Option<Date> {
    let mut next = date.succ_opt()?;
    while matches!(next.weekday(), Weekday::Sat | Weekday::Sun) {
        next = next.succ_opt()?;
    }
    Some(next)
}

/// Read `YYYYMMDD`.
pub fn parse_date(text: &[u8]) -> Option<Date> {
    if text.len() != 8 || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = |digits: &[u8]| digits.iter().fold(0_u32, |n, &c| n * 10 + u32::from(c - b'0'));
    Date::from_ymd_opt(number(&text[..4]) as i32, number(&text[4..6]), number(&text[6..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(date: &str, ms: i64) -> String {
        NewYorkDay::new(parse_date(date.as_bytes()).unwrap()).unwrap().at_ms(ms).to_string()
    }

    #[test]
    fn winter_and_summer_days_have_their_own_offset() {
        assert_eq!(at("20131007", REGULAR_OPEN_MS), "2013-10-07T13:30:00Z");
        assert_eq!(at("20140106", REGULAR_OPEN_MS), "2014-01-06T14:30:00Z");
        assert_eq!(at("20131007", 14_400_151), "2013-10-07T08:00:00.151Z");
    }

    #[test]
    fn the_spring_change_skips_an_hour_and_the_missing_hour_is_read_with_the_old_offset() {
        let hour = 3_600_000;
        assert_eq!(at("20210314", 0), "2021-03-14T05:00:00Z");
        assert_eq!(at("20210314", 2 * hour - 1), "2021-03-14T06:59:59.999Z");
        assert_eq!(at("20210314", 2 * hour + hour / 2), "2021-03-14T07:30:00Z");
        assert_eq!(at("20210314", 3 * hour), "2021-03-14T07:00:00Z");
        assert_eq!(at("20210314", REGULAR_OPEN_MS), "2021-03-14T13:30:00Z");
    }

    #[test]
    fn the_autumn_change_repeats_an_hour_and_the_first_one_is_meant() {
        let hour = 3_600_000;
        assert_eq!(at("20211107", 0), "2021-11-07T04:00:00Z");
        assert_eq!(at("20211107", hour + hour / 2), "2021-11-07T05:30:00Z");
        assert_eq!(at("20211107", 2 * hour), "2021-11-07T07:00:00Z");
        assert_eq!(at("20211107", REGULAR_OPEN_MS), "2021-11-07T14:30:00Z");
    }

    #[test]
    fn weekends_are_skipped_and_nonsense_dates_refused() {
        let friday = parse_date(b"20131011").unwrap();
        assert_eq!(next_weekday(friday), parse_date(b"20131014"));
        for bad in [&b"2013101"[..], b"20131301", b"20130229", b"2013-1-1", b""] {
            assert_eq!(parse_date(bad), None);
        }
        assert!(NewYorkDay::new(Date::MAX).is_err());
    }

    proptest! {
        #[test]
        fn a_session_time_comes_back_as_the_same_wall_time(days in 0_u64..90_000, ms in 4 * 3_600_000_i64..20 * 3_600_000) {
            let date = Date::from_ymd_opt(1970, 1, 1).unwrap().checked_add_days(Days::new(days)).unwrap();
            let ts = NewYorkDay::new(date).unwrap().at_ms(ms);
            prop_assert_eq!(new_york_date(ts), Some(date));
            let wall = New_York.timestamp_nanos(ts.nanos()).naive_local();
            prop_assert_eq!((wall - NaiveDateTime::new(date, NaiveTime::MIN)).num_milliseconds(), ms);
        }
    }
}
