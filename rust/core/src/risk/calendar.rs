//! Sessions, as data: the shell gives the days, the core has no clock and no calendar of its own.

use crate::types::{Error, Result, Timestamp};
use serde::{Deserialize, Serialize};

/// One day's sessions. Where there is no early or late session, `early` equals `open` and `late` equals `close`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionDay {
    /// The session before regular hours begins (4:00 in New York).
    pub early: Timestamp,
    /// Regular hours begin (9:30).
    pub open: Timestamp,
    /// Regular hours end (16:00, or 13:00 on half days).
    pub close: Timestamp,
    /// The session after regular hours ends (20:00).
    pub late: Timestamp,
}

/// What is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// Nothing.
    Closed,
    /// The session before or after regular hours.
    Extended,
    /// Regular hours.
    Regular,
}

/// Days of sessions in order of time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calendar {
    days: Vec<SessionDay>,
}

impl Calendar {
    /// A calendar of `days`, which must be in order and not overlap.
    pub fn new(days: Vec<SessionDay>) -> Result<Self> {
        let mut last = Timestamp::MIN;
        for (i, day) in days.iter().enumerate() {
            if !(last <= day.early && day.early <= day.open && day.open < day.close && day.close <= day.late) {
                return Err(Error::config(
                    "risk.calendar",
                    format!(
                        "day {} ({} to {}) is out of order; give early <= open < close <= late, days by time",
                        i + 1,
                        day.open,
                        day.close
                    ),
                ));
            }
            last = day.late;
        }
        Ok(Self { days })
    }

    /// The days.
    pub fn days(&self) -> &[SessionDay] {
        &self.days
    }

    /// What is open at `now`, and from when until when it is. O(log days).
    pub fn phase(&self, now: Timestamp) -> (Phase, Timestamp, Timestamp) {
        let next = self.days.partition_point(|day| day.late <= now);
        let since = next.checked_sub(1).and_then(|i| self.days.get(i)).map_or(Timestamp::MIN, |day| day.late);
        let Some(day) = self.days.get(next) else { return (Phase::Closed, since, Timestamp::MAX) };
        if now < day.early {
            (Phase::Closed, since, day.early)
        } else if now < day.open {
            (Phase::Extended, day.early, day.open)
        } else if now < day.close {
            (Phase::Regular, day.open, day.close)
        } else {
            (Phase::Extended, day.close, day.late)
        }
    }
}
