//! The trading days of the calendar: which part of a day it is, and when the next one begins.

use crate::feeds::zone::new_york_date;
use crate::order::TimeInForce;
use crate::types::{Error, HOUR_NS, MINUTE_NS, Result, Timestamp};
use serde::{Deserialize, Serialize};

/// What begins at a moment of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Turn {
    /// Trading before the open.
    Premarket,
    /// The session.
    Open,
    /// Trading after the close.
    Close,
    /// The night.
    End,
}

const TURNS: [Turn; 4] = [Turn::Premarket, Turn::Open, Turn::Close, Turn::End];

/// Pre-market, open, close and end of the post-market of each trading day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Calendar {
    days: Vec<[Timestamp; 4]>,
}

impl Calendar {
    pub(super) fn new(rows: &[[i64; 4]]) -> Result<Self> {
        for (i, row) in rows.iter().enumerate() {
            let rises = row.windows(2).all(|w| w[0] < w[1]) && (i == 0 || rows[i - 1][3] <= row[0]);
            if !rises {
                let why = "must rise: pre-market, open, close and end of the post-market of each day, the days in order";
                return Err(Error::config(format!("paper.sessions.{i}"), why));
            }
        }
        Ok(Self { days: rows.iter().map(|row| row.map(Timestamp::from_nanos)).collect() })
    }

    pub(super) fn days(&self) -> &[[Timestamp; 4]] {
        &self.days
    }

    /// The first turn after `ts`.
    pub(super) fn next_turn(&self, ts: Timestamp) -> Option<(Timestamp, Turn)> {
        let day = self.days.get(self.days.partition_point(|d| d[3] <= ts))?;
        day.iter().zip(TURNS).find(|(at, _)| **at > ts).map(|(&at, turn)| (at, turn))
    }

    /// True from the open to the close.
    pub(super) fn is_open(&self, ts: Timestamp) -> bool {
        self.day(ts).is_some_and(|d| d[1] <= ts && ts < d[2])
    }

    /// True from the pre-market to the end of the post-market.
    pub(super) fn is_extended(&self, ts: Timestamp) -> bool {
        self.day(ts).is_some_and(|d| d[0] <= ts)
    }

    /// The day that `ts` is in, or the next one.
    pub(super) fn day(&self, ts: Timestamp) -> Option<&[Timestamp; 4]> {
        self.days.get(self.days.partition_point(|d| d[3] <= ts))
    }

    /// True where the broker takes no order for the auction any more: for the opening from two minutes before it, for the closing from
    /// ten, both until an hour before the post-market ends (19:00 in New York).
    pub(super) fn is_late(&self, ts: Timestamp, tif: TimeInForce) -> bool {
        self.day(ts).is_some_and(|d| match tif {
            TimeInForce::Opg => ts >= d[1].plus(-2 * MINUTE_NS) && ts < d[3].plus(-HOUR_NS),
            TimeInForce::Cls => ts >= d[2].plus(-10 * MINUTE_NS) && ts < d[3].plus(-HOUR_NS),
            _ => false,
        })
    }

    /// The last day whose close is at or before `ts`.
    pub(super) fn last_close(&self, ts: Timestamp) -> Option<Timestamp> {
        self.days[..self.days.partition_point(|d| d[2] <= ts)].last().map(|d| d[2])
    }
}

/// The date in New York, `YYYY-MM-DD`.
pub(super) fn date_text(ts: Timestamp) -> String {
    new_york_date(ts).map_or_else(|| "1970-01-01".to_owned(), |d| d.format("%Y-%m-%d").to_string())
}
