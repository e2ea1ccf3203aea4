//! The best bid and ask and the last trade of one instrument.

use crate::event::{Bar, FLAG_NO_LAST, Quote, Trade};
use crate::types::{Price, Qty, Timestamp};
use serde::{Deserialize, Serialize};

/// What is known of an instrument's price at this moment. Zero prices stand for "none yet".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopOfBook {
    /// Best bid, dollars.
    pub bid: Price,
    /// Best ask, dollars.
    pub ask: Price,
    /// Shares at the bid.
    pub bid_size: Qty,
    /// Shares at the ask.
    pub ask_size: Qty,
    /// Price of the last trade or the close of the last bar, dollars.
    pub last: Price,
    /// Time of the last quote.
    pub quoted: Timestamp,
    /// Time of the last trade or bar.
    pub traded: Timestamp,
}

impl Default for TopOfBook {
    fn default() -> Self {
        Self {
            bid: Price::ZERO,
            ask: Price::ZERO,
            bid_size: Qty::ZERO,
            ask_size: Qty::ZERO,
            last: Price::ZERO,
            quoted: Timestamp::MIN,
            traded: Timestamp::MIN,
        }
    }
}

impl TopOfBook {
    /// Take in a quote.
    #[inline]
    pub fn apply_quote(&mut self, quote: &Quote) {
        self.bid = quote.bid;
        self.ask = quote.ask;
        self.bid_size = quote.bid_size;
        self.ask_size = quote.ask_size;
        self.quoted = quote.ts;
    }

    /// Take in a trade; one that must not move the last price does not.
    #[inline]
    pub fn apply_trade(&mut self, trade: &Trade) {
        if trade.flags & FLAG_NO_LAST == 0 {
            self.last = trade.price;
            self.traded = trade.ts;
        }
    }

    /// Take in a complete bar.
    #[inline]
    pub fn apply_bar(&mut self, bar: &Bar) {
        self.last = bar.close;
        self.traded = bar.ts;
    }

    /// True when both sides are there.
    #[inline]
    pub const fn is_two_sided(&self) -> bool {
        self.bid.is_positive() && self.ask.is_positive()
    }

    /// Midpoint rounded down to 1e-9; `None` unless both sides are there.
    #[inline]
    pub fn mid(&self) -> Option<Price> {
        self.is_two_sided().then(|| Price::from_raw(self.bid.raw() + (self.ask.raw() - self.bid.raw()) / 2))
    }

    /// The mid, else the last price; `None` before the first price.
    #[inline]
    pub fn reference(&self) -> Option<Price> {
        self.mid().or_else(|| self.last.is_positive().then_some(self.last))
    }

    /// When the reference price was last confirmed by the market.
    #[inline]
    pub fn confirmed(&self) -> Timestamp {
        self.quoted.max(self.traded)
    }
}
