//! Daily moments of New York: the close of the regular session, and midnight.

use crate::types::{DAY_NS, HOUR_NS, SECOND_NS, Timestamp};
use chrono::{Duration, NaiveTime, TimeZone as _};

/// A daily moment in New York, remembered for the day last asked for, because time zone rules cost more than a match.
#[derive(Clone, Debug)]
pub struct SessionClock {
    hour: u32,
    from: Timestamp,
    next: Timestamp,
}

impl SessionClock {
    /// 16:00, the close of the regular session.
    pub const fn close() -> Self {
        Self { hour: 16, from: Timestamp::MAX, next: Timestamp::MIN }
    }

    /// Midnight.
    pub const fn midnight() -> Self {
        Self { hour: 0, from: Timestamp::MAX, next: Timestamp::MIN }
    }

    /// The first such moment after `ts`.
    #[inline]
    pub fn next_after(&mut self, ts: Timestamp) -> Timestamp {
        if ts < self.from || ts >= self.next {
            self.next = next_after(ts, self.hour);
            // In the 22 hours before there is no other one, whatever the clocks do.
            self.from = self.next.plus(-22 * HOUR_NS);
        }
        self.next
    }
}

fn next_after(ts: Timestamp, hour: u32) -> Timestamp {
    let zone = chrono_tz::America::New_York;
    let Some(utc) = chrono::DateTime::from_timestamp(ts.nanos().div_euclid(SECOND_NS), 0) else { return ts.plus(DAY_NS) };
    let mut date = utc.with_timezone(&zone).date_naive();
    for _ in 0..3 {
        let at = NaiveTime::from_hms_opt(hour, 0, 0).and_then(|time| zone.from_local_datetime(&date.and_time(time)).earliest());
        if let Some(nanos) = at.and_then(|t| t.timestamp_nanos_opt())
            && nanos > ts.nanos()
        {
            return Timestamp::from_nanos(nanos);
        }
        date = date.checked_add_signed(Duration::days(1)).unwrap_or(date);
    }
    ts.plus(DAY_NS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> Timestamp {
        Timestamp::from_nanos(chrono::DateTime::parse_from_rfc3339(text).unwrap().timestamp_nanos_opt().unwrap())
    }

    #[test]
    fn the_close_follows_new_york_through_the_year() {
        let mut clock = SessionClock::close();
        for (at, close) in [
            ("2013-10-07T13:30:00Z", "2013-10-07T20:00:00Z"),
            ("2013-10-07T20:00:00Z", "2013-10-08T20:00:00Z"),
            ("2013-11-02T21:00:00Z", "2013-11-03T21:00:00Z"),
            ("2014-03-08T22:00:00Z", "2014-03-09T20:00:00Z"),
            ("2014-03-07T20:59:59Z", "2014-03-07T21:00:00Z"),
            ("2013-10-07T00:30:00Z", "2013-10-07T20:00:00Z"),
        ] {
            assert_eq!(clock.next_after(utc(at)), utc(close), "{at}");
        }
    }
}
