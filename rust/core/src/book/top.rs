//! [`TopOfBook`]: what is known of one instrument's market at a moment.

use crate::event::{Bar, FLAG_FROM_BAR, FLAG_NO_LAST, MarketEvent, Quote, Trade};
use crate::types::{Price, Qty, Timestamp};

/// Best bid and ask, last trade price and their times. `Copy`; every update is a few stores.
///
/// Zero prices mean that there is none. Events are applied in order of time; nothing is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopOfBook {
    /// Best bid, dollars; zero when there is none.
    pub bid: Price,
    /// Best ask, dollars; zero when there is none.
    pub ask: Price,
    /// Shares at the bid.
    pub bid_size: Qty,
    /// Shares at the ask.
    pub ask_size: Qty,
    /// Flags of the last quote.
    pub quote_flags: u32,
    /// Last trade price, or last bar's close, dollars; zero when there is none.
    pub last: Price,
    /// Shares of the last trade; zero after a bar.
    pub last_size: Qty,
    /// Time of the last quote; [`Timestamp::MIN`] before the first.
    pub quote_ts: Timestamp,
    /// Time of the last price; [`Timestamp::MIN`] before the first.
    pub last_ts: Timestamp,
}

impl Default for TopOfBook {
    fn default() -> Self {
        Self {
            bid: Price::ZERO,
            ask: Price::ZERO,
            bid_size: Qty::ZERO,
            ask_size: Qty::ZERO,
            quote_flags: 0,
            last: Price::ZERO,
            last_size: Qty::ZERO,
            quote_ts: Timestamp::MIN,
            last_ts: Timestamp::MIN,
        }
    }
}

impl TopOfBook {
    /// Take in a quote.
    #[inline]
    pub const fn apply_quote(&mut self, quote: &Quote) {
        self.bid = quote.bid;
        self.ask = quote.ask;
        self.bid_size = quote.bid_size;
        self.ask_size = quote.ask_size;
        self.quote_flags = quote.flags;
        self.quote_ts = quote.ts;
    }

    /// Take in a trade; one flagged `FLAG_NO_LAST` changes nothing.
    #[inline]
    pub const fn apply_trade(&mut self, trade: &Trade) {
        if trade.flags & FLAG_NO_LAST == 0 {
            self.last = trade.price;
            self.last_size = trade.size;
            self.last_ts = trade.ts;
        }
    }

    /// Take in a complete bar: its close is the last price.
    #[inline]
    pub const fn apply_bar(&mut self, bar: &Bar) {
        self.last = bar.close;
        self.last_size = Qty::ZERO;
        self.last_ts = bar.ts;
    }

    /// Take in any market event; corporate actions change nothing.
    #[inline]
    pub const fn apply(&mut self, event: &MarketEvent) {
        match event {
            MarketEvent::Quote(quote) => self.apply_quote(quote),
            MarketEvent::Trade(trade) => self.apply_trade(trade),
            MarketEvent::Bar(bar) => self.apply_bar(bar),
            MarketEvent::Action(_) => {}
        }
    }

    /// True when both sides are there.
    #[inline]
    pub const fn is_two_sided(&self) -> bool {
        self.bid.is_positive() && self.ask.is_positive()
    }

    /// Midpoint in dollars as a float; NaN unless both sides are there.
    #[inline]
    pub fn mid(&self) -> f64 {
        if self.is_two_sided() { (self.bid.raw() as f64 + self.ask.raw() as f64) * 0.5e-9 } else { f64::NAN }
    }

    /// Midpoint, rounded down to 1e-9; `None` unless both sides are there.
    #[inline]
    pub const fn mid_price(&self) -> Option<Price> {
        if self.is_two_sided() { Some(Price::from_raw(i64::midpoint(self.bid.raw(), self.ask.raw()))) } else { None }
    }

    /// Ask less bid in dollars; negative when crossed, `None` unless both sides are there.
    #[inline]
    pub const fn spread(&self) -> Option<Price> {
        if self.is_two_sided() { Some(Price::from_raw(self.ask.raw() - self.bid.raw())) } else { None }
    }

    /// Bid above ask.
    #[inline]
    pub const fn is_crossed(&self) -> bool {
        self.is_two_sided() && self.bid.raw() > self.ask.raw()
    }

    /// True when the quote was made from a bar's close.
    #[inline]
    pub const fn is_from_bar(&self) -> bool {
        self.quote_flags & FLAG_FROM_BAR != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trades_that_do_not_set_the_last_price_leave_it() {
        let mut top = TopOfBook::default();
        assert!(top.mid().is_nan() && top.mid_price().is_none() && top.spread().is_none());
        let price = |p: i64| Price::from_whole(p).unwrap();
        top.apply_trade(&Trade { price: price(10), ..Trade::default() });
        top.apply_trade(&Trade { price: price(99), flags: FLAG_NO_LAST, ..Trade::default() });
        assert_eq!(top.last, price(10));
        top.apply_bar(&Bar { close: price(11), ..Bar::default() });
        assert_eq!(top.last, price(11));
        top.apply_quote(&Quote { bid: price(10), ask: price(13), ..Quote::default() });
        assert_eq!((top.mid(), top.mid_price(), top.spread()), (11.5, Some(Price::from_raw(11_500_000_000)), Some(price(3))));
        assert!(!top.is_crossed());
    }
}
