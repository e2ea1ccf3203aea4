//! Daily moments of New York: the close of the regular session, and midnight.

use crate::feeds::zone::{NewYorkDay, new_york_date};
use crate::types::{DAY_NS, HOUR_NS, Timestamp};
use serde::{Deserialize, Serialize};

/// A daily moment in New York, remembered for the day last asked for, because time zone rules cost more than a match.
#[derive(Clone, Debug, Serialize, Deserialize)]
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
    let mut date = new_york_date(ts);
    while let Some(day) = date.and_then(|d| NewYorkDay::new(d).ok()) {
        let moment = day.at_ms(i64::from(hour) * 3_600_000);
        if moment > ts {
            return moment;
        }
        date = day.date().succ_opt();
    }
    // Beyond the calendar every day has 24 hours.
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
