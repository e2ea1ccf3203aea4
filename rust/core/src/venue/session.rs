//! Daily moments of New York: open and close of the sessions, and midnight.

use crate::feeds::zone::{NewYorkDay, REGULAR_CLOSE_MS, REGULAR_OPEN_MS, new_york_date};
use crate::types::{DAY_NS, HOUR_NS, MINUTE_NS, Timestamp};
use serde::{Deserialize, Serialize};

const HOUR_MS: i64 = HOUR_NS / 1_000_000;
const MINUTE_MS: i64 = MINUTE_NS / 1_000_000;

/// A daily moment in New York, remembered for the day last asked for, because time zone rules cost more than a match.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionClock {
    /// Milliseconds after midnight.
    ms: i64,
    from: Timestamp,
    next: Timestamp,
    /// The moments themselves, sorted, where a calendar gives them.
    listed: Vec<Timestamp>,
}

/// Which part of the day it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// 9:30 to 16:00.
    #[default]
    Regular,
    /// 4:00 to 9:30 and 16:00 to 20:00.
    Extended,
    /// The night.
    Closed,
}

/// The clocks of a trading day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Hours {
    pre: SessionClock,
    pub(super) open: SessionClock,
    pub(super) close: SessionClock,
    pub(super) post: SessionClock,
}

impl Hours {
    pub(super) const fn new() -> Self {
        Self {
            pre: SessionClock::at(4 * HOUR_MS),
            open: SessionClock::at(REGULAR_OPEN_MS),
            close: SessionClock::close(),
            post: SessionClock::at(20 * HOUR_MS),
        }
    }

    /// As a calendar has them: when the day's pre-market, session, session's end and post-market's end are.
    pub(super) fn listed(sessions: &[[Timestamp; 4]]) -> Self {
        let clock = |part: usize| SessionClock { listed: sessions.iter().map(|day| day[part]).collect(), ..SessionClock::at(0) };
        Self { pre: clock(0), open: clock(1), close: clock(2), post: clock(3) }
    }

    /// True where a calendar gives the sessions.
    pub(super) const fn are_listed(&self) -> bool {
        !self.close.listed.is_empty()
    }

    /// The part of the day at `ts`; a moment at which one ends belongs to the next.
    #[inline]
    pub(super) fn phase(&mut self, ts: Timestamp) -> Phase {
        let (open, close) = (self.open.next_after(ts), self.close.next_after(ts));
        if close < open {
            return Phase::Regular;
        }
        let (pre, post) = (self.pre.next_after(ts), self.post.next_after(ts));
        // Before the open comes next what began at 4:00; before 20:00 what began at 16:00.
        if open < pre || post < pre { Phase::Extended } else { Phase::Closed }
    }
}

/// True from `from` to `until`, hours and minutes of New York's wall clock.
pub(super) fn is_between(ts: Timestamp, from: (i64, i64), until: (i64, i64)) -> bool {
    let Some(day) = new_york_date(ts).and_then(|d| NewYorkDay::new(d).ok()) else { return false };
    let moment = |(hour, minute): (i64, i64)| day.at_ms(hour * HOUR_MS + minute * MINUTE_MS);
    ts >= moment(from) && ts < moment(until)
}

impl SessionClock {
    /// 16:00, the close of the regular session.
    pub const fn close() -> Self {
        Self::at(REGULAR_CLOSE_MS)
    }

    /// Midnight.
    pub const fn midnight() -> Self {
        Self::at(0)
    }

    /// `ms` milliseconds after midnight.
    pub(super) const fn at(ms: i64) -> Self {
        Self { ms, from: Timestamp::MAX, next: Timestamp::MIN, listed: Vec::new() }
    }

    /// The first such moment after `ts`.
    #[inline]
    pub fn next_after(&mut self, ts: Timestamp) -> Timestamp {
        if !self.listed.is_empty() {
            return self.listed.get(self.listed.partition_point(|&moment| moment <= ts)).copied().unwrap_or(Timestamp::MAX);
        }
        if ts < self.from || ts >= self.next {
            self.next = next_after(ts, self.ms);
            // In the 22 hours before there is no other one, whatever the clocks do.
            self.from = self.next.plus(-22 * HOUR_NS);
        }
        self.next
    }
}

fn next_after(ts: Timestamp, ms: i64) -> Timestamp {
    let mut date = new_york_date(ts);
    while let Some(day) = date.and_then(|d| NewYorkDay::new(d).ok()) {
        let moment = day.at_ms(ms);
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

    #[test]
    fn the_day_has_its_parts() {
        let mut hours = Hours::new();
        for (at, phase) in [
            ("2013-10-07T07:59:59Z", Phase::Closed),
            ("2013-10-07T08:00:00Z", Phase::Extended),
            ("2013-10-07T13:29:59Z", Phase::Extended),
            ("2013-10-07T13:30:00Z", Phase::Regular),
            ("2013-10-07T19:59:59Z", Phase::Regular),
            ("2013-10-07T20:00:00Z", Phase::Extended),
            ("2013-10-07T23:59:59Z", Phase::Extended),
            ("2013-10-08T00:00:00Z", Phase::Closed),
            ("2013-12-02T14:30:00Z", Phase::Regular),
            ("2013-12-02T14:29:59Z", Phase::Extended),
        ] {
            assert_eq!(hours.phase(utc(at)), phase, "{at}");
        }
        assert!(is_between(utc("2013-10-07T13:28:00Z"), (9, 28), (19, 0)) && !is_between(utc("2013-10-07T13:27:59Z"), (9, 28), (19, 0)));
    }
}
