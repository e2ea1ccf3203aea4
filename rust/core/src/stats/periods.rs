//! From equity over time to returns of equal periods.

use super::{EquityPoint, StatsConfig};
use crate::types::{DAY_NS, Error, MINUTE_NS, Money, Result, SECOND_NS, Timestamp};
use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeZone};
use chrono_tz::America::New_York;

/// New York days from which [`Periods::Auto`] takes daily returns.
pub(super) const AUTO_DAYS_MIN: usize = 5;

/// How equity is cut into periods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Periods {
    /// Daily when the points lie on five New York days or more, else minutes.
    #[default]
    Auto,
    /// From the last equity of one New York calendar day that has points to the last of the next.
    Daily,
    /// Intervals counted from the epoch, from the first to the last point of each New York day; the night belongs to the first.
    Fixed {
        /// Length of an interval, nanoseconds: one second up to a session.
        interval_ns: i64,
    },
}

/// Returns of equal periods and how many of them make a year.
#[derive(Clone, Debug, PartialEq)]
pub struct PeriodReturns {
    /// Simple returns, 0.01 for 1 %.
    pub returns: Vec<f64>,
    /// Periods a year.
    pub per_year: f64,
}

/// The UTC time at which the local day starts.
fn midnight(day: NaiveDate) -> Option<Timestamp> {
    let local = New_York.from_local_datetime(&day.and_time(NaiveTime::MIN)).earliest()?;
    local.timestamp_nanos_opt().map(Timestamp::from_nanos)
}

/// The New York calendar day that holds `ts`, as its first moment and the first after it.
fn new_york_day(ts: Timestamp) -> (Timestamp, Timestamp) {
    let day = New_York.from_utc_datetime(&DateTime::from_timestamp_nanos(ts.nanos()).naive_utc()).date_naive();
    let start = midnight(day).unwrap_or_else(|| ts.floor_to(DAY_NS));
    let end = day.checked_add_days(Days::new(1)).and_then(midnight).unwrap_or_else(|| start.plus(DAY_NS));
    (start, end)
}

/// Runs of points of one New York day.
fn days(points: &[EquityPoint]) -> Vec<&[EquityPoint]> {
    let mut end = Timestamp::MIN;
    let mut all = Vec::new();
    let mut start = 0;
    for (i, point) in points.iter().enumerate() {
        if point.ts >= end {
            if i > start {
                all.push(&points[start..i]);
            }
            start = i;
            end = new_york_day(point.ts).1;
        }
    }
    if start < points.len() {
        all.push(&points[start..]);
    }
    all
}

/// Collects simple returns; a period that starts with nothing or less has none, and so has no series that holds it.
struct Series {
    last: Money,
    returns: Option<Vec<f64>>,
}

impl Series {
    fn close(&mut self, equity: Money) {
        if self.last <= Money::ZERO {
            self.returns = None;
        }
        if let Some(returns) = &mut self.returns {
            returns.push(if equity == self.last { 0.0 } else { equity.to_f64() / self.last.to_f64() - 1.0 });
        }
        self.last = equity;
    }
}

/// Returns of `points`, which are sorted by time, from `start_equity` on; empty when equity was zero or less where a period starts.
pub fn period_returns(points: &[EquityPoint], start_equity: Money, config: &StatsConfig) -> Result<PeriodReturns> {
    let days = days(points);
    let mut series = Series { last: start_equity, returns: Some(Vec::new()) };
    let interval_ns = match config.periods {
        Periods::Fixed { interval_ns } => interval_ns,
        Periods::Auto if days.len() < AUTO_DAYS_MIN => MINUTE_NS,
        Periods::Auto | Periods::Daily => {
            for point in days.iter().filter_map(|day| day.last()) {
                series.close(point.equity);
            }
            return Ok(PeriodReturns { returns: series.returns.unwrap_or_default(), per_year: config.trading_days });
        }
    };
    if interval_ns < SECOND_NS || interval_ns > config.session_ns_per_day {
        return Err(Error::config(
            "periods.interval_ns",
            format!("{interval_ns} is out of range; choose {SECOND_NS} (a second) to {} (a session)", config.session_ns_per_day),
        ));
    }
    for day in days {
        let mut end = day[0].ts.floor_to(interval_ns).plus(interval_ns);
        let mut equity = series.last;
        for point in day {
            while point.ts >= end {
                series.close(equity);
                end = end.plus(interval_ns);
            }
            equity = point.equity;
        }
        series.close(equity);
    }
    let per_year = config.session_ns_per_day as f64 / interval_ns as f64 * config.trading_days;
    Ok(PeriodReturns { returns: series.returns.unwrap_or_default(), per_year })
}
