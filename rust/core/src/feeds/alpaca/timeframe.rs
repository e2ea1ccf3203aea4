//! [`Timeframe`]: how long a bar of history lasts, and so when it is known.

use crate::feeds::zone::{NewYorkDay, new_york_date};
use crate::types::{DAY_NS, Error, HOUR_NS, MINUTE_NS, Result, Timestamp};
use chrono::{Datelike, Days, Months, NaiveTime};

/// How long a bar of history lasts, as the request for it said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeframe {
    count: u32,
    unit: Unit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Minute,
    Hour,
    Day,
    Week,
    Month,
}

impl Timeframe {
    /// A trading day.
    pub const DAY: Self = Self { count: 1, unit: Unit::Day };
    /// A minute.
    pub const MINUTE: Self = Self { count: 1, unit: Unit::Minute };

    /// Read `1Min` to `59Min`, `1Hour` to `23Hour`, `1Day`, `1Week` and `1`, `2`, `3`, `4`, `6` or `12Month`; `T`, `H`, `D`, `W`
    /// and `M` are short for the units.
    pub fn parse(text: &str) -> Result<Self> {
        let bad = || {
            Error::config("timeframe", format!("{text:?} is none; give 1Min to 59Min, 1Hour to 23Hour, 1Day, 1Week or 1Month to 12Month"))
        };
        let (digits, name) = text.split_at(text.bytes().take_while(u8::is_ascii_digit).count());
        let count: u32 = if digits.is_empty() { 1 } else { digits.parse().map_err(|_| bad())? };
        let unit = match name {
            "Min" | "T" => Unit::Minute,
            "Hour" | "H" => Unit::Hour,
            "Day" | "D" => Unit::Day,
            "Week" | "W" => Unit::Week,
            "Month" | "M" => Unit::Month,
            _ => return Err(bad()),
        };
        let valid = match unit {
            Unit::Minute => (1..=59).contains(&count),
            Unit::Hour => (1..=23).contains(&count),
            Unit::Day | Unit::Week => count == 1,
            Unit::Month => matches!(count, 1 | 2 | 3 | 4 | 6 | 12),
        };
        if valid { Ok(Self { count, unit }) } else { Err(bad()) }
    }

    /// When a bar that starts at `start` is over: after its minutes or hours; else at the midnight after its last day, in UTC for
    /// crypto and in New York for all else. `None` outside the years of a time stamp.
    pub(super) fn end(self, start: i64, is_crypto: bool) -> Option<i64> {
        let count = i64::from(self.count);
        match self.unit {
            Unit::Minute => return start.checked_add(count * MINUTE_NS),
            Unit::Hour => return start.checked_add(count * HOUR_NS),
            Unit::Day if is_crypto => return start.checked_add(DAY_NS),
            Unit::Week if is_crypto => return start.checked_add(7 * DAY_NS),
            _ => {}
        }
        let start = Timestamp::from_nanos(start);
        let utc = chrono::DateTime::from_timestamp_nanos(start.nanos()).naive_utc();
        let date = if is_crypto { utc.date() } else { new_york_date(start)? };
        let next = match self.unit {
            Unit::Week => date.checked_add_days(Days::new(7))?,
            Unit::Month => date.checked_add_months(Months::new(self.count))?,
            _ => date.checked_add_days(Days::new(1))?,
        };
        if is_crypto {
            return next.and_time(NaiveTime::MIN).and_utc().timestamp_nanos_opt();
        }
        (next.year() <= 2261).then(|| NewYorkDay::new(next).ok()).flatten().map(|day| day.at_ms(0).nanos())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(timeframe: &str, start: &str, is_crypto: bool) -> String {
        let start = super::super::time::parse(start.as_bytes()).unwrap();
        Timestamp::from_nanos(Timeframe::parse(timeframe).unwrap().end(start, is_crypto).unwrap()).to_string()
    }

    #[test]
    fn a_bar_ends_by_the_calendar_of_its_market() {
        assert_eq!(end("5Min", "2022-01-03T09:00:00Z", false), "2022-01-03T09:05:00Z");
        assert_eq!(end("2H", "2022-01-03T09:00:00Z", true), "2022-01-03T11:00:00Z");
        assert_eq!(end("1Day", "2022-01-03T05:00:00Z", false), "2022-01-04T05:00:00Z");
        assert_eq!(end("1Day", "2022-01-03T00:00:00Z", true), "2022-01-04T00:00:00Z");
        // The weeks in which New York's clock is changed are an hour shorter and longer.
        assert_eq!(end("1Week", "2022-03-07T05:00:00Z", false), "2022-03-14T04:00:00Z");
        assert_eq!(end("1Week", "2022-10-31T04:00:00Z", false), "2022-11-07T05:00:00Z");
        assert_eq!(end("3Month", "2022-01-01T05:00:00Z", false), "2022-04-01T04:00:00Z");
        assert_eq!(end("1Month", "2024-02-01T00:00:00Z", true), "2024-03-01T00:00:00Z");
    }

    #[test]
    fn what_alpaca_does_not_offer_is_refused() {
        for bad in ["", "60Min", "0Min", "24Hour", "2Day", "5Month", "1Year", "Min1", "99999999999Min"] {
            assert!(Timeframe::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(Timeframe::parse("Day").unwrap(), Timeframe::DAY);
        assert_eq!(Timeframe::MINUTE.end(i64::MAX, true), None);
        assert_eq!(Timeframe::DAY.end(i64::MAX, false), None);
    }
}
