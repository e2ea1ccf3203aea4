//! Day trades, counted as FINRA Rule 4210(f)(8)(B) and Alpaca's page on user protection do.
//!
//! A day trade is a position opened and closed on the same day. Any number of openings followed by any number of closings is
//! one; it takes a new opening for the next. Shares opened last are taken to be closed first. Four in five business days, with
//! less than 25,000 dollars of equity at the last close, make a pattern day trader.

use crate::types::{InstrumentId, Money, Qty};
use serde::{Deserialize, Serialize};

/// Day trades in five business days that are still allowed below 25,000 dollars.
pub const DAY_TRADES_ALLOWED: u32 = 3;
/// From this much equity at the last close nobody counts.
pub const PATTERN_EQUITY: Money = Money::from_raw(25_000 * 1_000_000_000);

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Today {
    /// Shares opened today and still held.
    opened: i64,
    /// What they cost.
    cost: Money,
    /// The last fill opened: the next close makes a day trade.
    opening: bool,
}

/// The day trades of an account.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct DayTrades {
    /// Number of day trades, today's first.
    days: [u32; 5],
    today: Vec<Today>,
    /// Instruments with a fill today.
    touched: Vec<InstrumentId>,
    /// Cost of all shares opened today and still held.
    used: Money,
    flagged: bool,
}

impl DayTrades {
    pub(super) fn new(instruments: usize) -> Self {
        Self { today: vec![Today::default(); instruments], ..Self::default() }
    }

    /// Day trades of today and the four business days before.
    pub fn count(&self) -> u32 {
        self.days.iter().sum()
    }

    /// True once four were made in five days.
    pub const fn flagged(&self) -> bool {
        self.flagged
    }

    /// Cost of the shares opened today and still held.
    pub const fn used(&self) -> Money {
        self.used
    }

    /// True when a close of `instrument` would make a day trade.
    #[inline]
    pub fn would_close(&self, instrument: InstrumentId) -> bool {
        self.today.get(instrument.index()).is_some_and(|t| t.opened > 0 && t.opening)
    }

    /// Instruments but `except` whose close would make a day trade.
    pub(super) fn open(&self, except: InstrumentId) -> impl Iterator<Item = InstrumentId> {
        self.touched.iter().copied().filter(move |&i| i != except && self.would_close(i))
    }

    /// A fill of `change` shares (signed) worth `notional`, the position before being `before`.
    pub(super) fn filled(&mut self, instrument: InstrumentId, before: Qty, change: Qty, notional: Money) {
        let Some(today) = self.today.get_mut(instrument.index()) else { return };
        let shares = change.raw().saturating_abs();
        let closing = if before.raw().signum() == -change.raw().signum() { before.raw().saturating_abs().min(shares) } else { 0 };
        let opening = shares - closing;
        if today.opened == 0 && !today.opening && !self.touched.contains(&instrument) {
            self.touched.push(instrument);
        }
        let was = today.cost;
        if closing > 0 {
            if today.opened > 0 && today.opening {
                self.days[0] += 1;
                self.flagged |= self.days.iter().sum::<u32>() > DAY_TRADES_ALLOWED;
            }
            today.opening = false;
            let out = closing.min(today.opened);
            if out == today.opened {
                today.cost = Money::ZERO;
            } else if let Ok(part) = today.cost.mul_ratio(out, today.opened) {
                today.cost = Money::from_raw(today.cost.raw() - part.raw());
            }
            today.opened -= out;
        }
        if opening > 0 {
            today.opened = today.opened.saturating_add(opening);
            today.opening = true;
            let part = if closing == 0 { notional } else { notional.mul_ratio(opening, shares).unwrap_or(notional) };
            today.cost = Money::from_raw(today.cost.raw() + part.raw());
        }
        self.used = Money::from_raw(self.used.raw() + today.cost.raw() - was.raw());
    }

    /// A business day begins.
    pub(super) fn next_day(&mut self) {
        self.days.rotate_right(1);
        self.days[0] = 0;
        for instrument in self.touched.drain(..) {
            if let Some(today) = self.today.get_mut(instrument.index()) {
                *today = Today::default();
            }
        }
        self.used = Money::ZERO;
    }
}
