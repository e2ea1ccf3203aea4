//! The market as it is now, beside the state: best bid and ask and last trade of every symbol, and whether the state knows them.
//!
//! A row that concerns no resting order only changes its line here: nothing of it is journaled, and a million of them cost no more
//! than the last. What a request needs to know of the market is taken in just before it, by [`Tape::sync`].

use crate::book::TopOfBook;
use crate::event::{MarketEvent, Quote, Trade};
use crate::types::{InstrumentId, Qty, Timestamp};
use crate::venue::Interest;

/// A quote that the state has not seen.
const QUOTE: u8 = 1;
/// A trade that the state has not seen.
const TRADE: u8 = 2;

/// One symbol.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    pub(super) top: TopOfBook,
    pub(super) interest: Interest,
    unseen: u8,
}

/// Every symbol.
#[derive(Clone, Debug)]
pub(super) struct Tape {
    pub(super) lines: Vec<Line>,
}

impl Tape {
    pub(super) fn new(tops: &[TopOfBook]) -> Self {
        Self { lines: tops.iter().map(|&top| Line { top, interest: Interest::NONE, unseen: 0 }).collect() }
    }

    /// Events that bring the state up to the tape in `instrument`, stamped no earlier than `now`.
    pub(super) fn sync(&mut self, instrument: InstrumentId, now: Timestamp, out: &mut Vec<MarketEvent>) {
        let Some(line) = self.lines.get_mut(instrument.index()).filter(|l| l.unseen != 0) else { return };
        let top = &line.top;
        if line.unseen & QUOTE != 0 {
            out.push(MarketEvent::Quote(Quote {
                ts: top.quoted.max(now),
                instrument,
                bid: top.bid,
                ask: top.ask,
                bid_size: top.bid_size,
                ask_size: top.ask_size,
                flags: 0,
            }));
        }
        if line.unseen & TRADE != 0 {
            // Its price is known by it, and it has nothing to trade with any more.
            out.push(MarketEvent::Trade(Trade { ts: top.traded.max(now), instrument, price: top.last, size: Qty::ZERO, flags: 0 }));
        }
        line.unseen = 0;
    }
}

impl Line {
    /// A quote; true where it concerns a resting order.
    #[inline]
    pub(super) fn quote(&mut self, quote: &Quote) -> bool {
        self.top.apply_quote(quote);
        self.unseen |= QUOTE;
        self.interest.quote(quote.bid.raw(), quote.ask.raw())
    }

    /// A trade; true where it concerns a resting order.
    #[inline]
    pub(super) fn trade(&mut self, trade: &Trade) -> bool {
        if trade.flags & crate::event::FLAG_NO_LAST == 0 {
            self.top.apply_trade(trade);
            self.unseen |= TRADE;
        }
        self.interest.trade(trade.price.raw())
    }

    /// The close of a bar is a price; true where it concerns a resting order.
    pub(super) fn bar(&mut self, bar: &crate::event::Bar) -> bool {
        self.top.apply_bar(bar);
        self.unseen |= TRADE;
        self.interest.every
    }

    /// The state is about to see the quote that stands, or the trade.
    pub(super) const fn seen_quote(&mut self) {
        self.unseen &= !QUOTE;
    }

    /// As above.
    pub(super) const fn seen_trade(&mut self) {
        self.unseen &= !TRADE;
    }

    /// The touch of a book stands in for a quote.
    pub(super) const fn touch(&mut self, top: TopOfBook) {
        self.top = top;
    }
}
