//! Orders for the opening and closing auctions.
//!
//! Where the data mark the official prints, an order fills at the first such print of its auction; else, or when none has come ten
//! minutes later, an order on open fills at the first trade of the session and an order on close at the last. Without trades the
//! first bar's open, the last bar's close, or the touch of the moment stand in. An auction has room for any size.

use super::desk::{Desk, Offer, Print, Reports, Resting};
use super::models::VenueConfig;
use super::session::{Hours, is_between};
use super::{ReportKind, SESSION_NS};
use crate::event::{Bar, FLAG_CLOSING, FLAG_NO_LAST, FLAG_OPENING, Trade};
use crate::order::TimeInForce;
use crate::types::{MINUTE_NS, OrderId, Price, Result, Side, Timestamp};

/// How long an official print is waited for.
const WAIT_NS: i64 = 10 * MINUTE_NS;

/// True where the broker takes no order for the auction at `now` (Alpaca: opg from 9:28, cls from 15:50, both until 19:00).
pub(super) fn is_too_late(tif: TimeInForce, now: Timestamp) -> bool {
    match tif {
        TimeInForce::Opg => is_between(now, (9, 28), (19, 0)),
        TimeInForce::Cls => is_between(now, (15, 50), (19, 0)),
        _ => false,
    }
}

/// What ends the wait for an auction's price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    /// An official print, or ten minutes without one.
    Print,
    /// The clock.
    Clock,
    /// The bar that holds the auction, whenever it comes.
    Bar,
}

impl Resting {
    /// Set the auction that comes next after `after`.
    pub(super) fn aim(&mut self, after: Timestamp, hours: &mut Hours, wait: Wait) {
        let clock = if self.tif == TimeInForce::Opg { &mut hours.open } else { &mut hours.close };
        self.auction = clock.next_after(after);
        self.expires = match (wait, self.tif) {
            (Wait::Bar, _) => Timestamp::MAX,
            (Wait::Print, _) => self.auction.plus(WAIT_NS),
            (Wait::Clock, TimeInForce::Opg) => self.auction.plus(SESSION_NS),
            (Wait::Clock, _) => self.auction,
        };
    }
}

impl Desk {
    /// What ends the wait for an auction's price here.
    pub(super) const fn wait(&self) -> Wait {
        match (self.sources.trades, self.sources.bars) {
            (true, _) if self.sources.auctions => Wait::Print,
            (false, true) => Wait::Bar,
            _ => Wait::Clock,
        }
    }

    fn of_auction(&self, tif: TimeInForce, now: Timestamp) -> impl Iterator<Item = usize> + '_ {
        let due = move |o: &Resting| o.tif == tif && o.auction <= now && now <= o.auction.plus(SESSION_NS) && o.remaining().is_positive();
        (0..self.orders.len()).filter(move |&i| due(&self.orders[i]))
    }

    /// Fill the orders for this auction at its price; the rest of them is canceled.
    fn uncross(
        &mut self,
        tif: TimeInForce,
        now: Timestamp,
        ts: Timestamp,
        price: i64,
        config: &VenueConfig,
        out: &mut Reports,
    ) -> Result<()> {
        for i in self.of_auction(tif, now).collect::<Vec<_>>() {
            self.settle(i, ts, price, config, out)?;
        }
        Ok(())
    }

    fn settle(&mut self, i: usize, ts: Timestamp, price: i64, config: &VenueConfig, out: &mut Reports) -> Result<()> {
        let mut order = self.orders[i];
        if order.accepts(price) && price > 0 {
            // An auction has one price for all, so that it costs no slippage.
            Self::fill(&mut order, Offer { ts, qty: i64::MAX, price: Price::from_raw(price), maker: true }, config, out)?;
        }
        if order.remaining().is_positive() {
            out.push((ts, ReportKind::Canceled(order.id)));
        }
        self.orders[i] = order;
        Ok(())
    }

    /// A trade printed, and orders wait for an auction.
    #[cold]
    pub(super) fn auction_trade(&mut self, trade: &Trade, config: &VenueConfig, out: &mut Reports) -> Result<()> {
        if self.halted {
            return Ok(());
        }
        let (now, price) = (trade.ts, trade.price.raw());
        for (tif, flag) in [(TimeInForce::Opg, FLAG_OPENING), (TimeInForce::Cls, FLAG_CLOSING)] {
            if trade.flags & flag != 0 {
                self.uncross(tif, now, now, price, config, out)?;
            }
        }
        if trade.flags & FLAG_NO_LAST != 0 {
            return Ok(());
        }
        let waiting = self.of_auction(TimeInForce::Opg, now).map(|i| self.orders[i].auction).max();
        if let Some(auction) = waiting
            && self.first.ts < auction
        {
            self.first = Print { ts: now, price };
        }
        if !self.sources.auctions {
            self.uncross(TimeInForce::Opg, now, now, price, config, out)?;
        }
        Ok(())
    }

    /// A bar ended, there are no trades, and orders wait for an auction: the open of the bar that holds the opening of the session, or
    /// the first one in it; the close of the bar that holds the close, or of the last one before it.
    #[cold]
    pub(super) fn auction_bar(&mut self, bar: &Bar, hours: &mut Hours, config: &VenueConfig, out: &mut Reports) -> Result<()> {
        for i in 0..self.orders.len() {
            let order = self.orders[i];
            match order.tif {
                TimeInForce::Opg => {
                    let held = hours.open.next_after(bar.start.plus(-1).max(order.arrived));
                    let session = hours.open.next_after(bar.ts.plus(-1 - SESSION_NS));
                    if held < bar.ts || (session < bar.ts && session >= order.arrived) {
                        self.settle(i, bar.start.max(held.min(session)), bar.open.raw(), config, out)?;
                    }
                }
                TimeInForce::Cls => {
                    let held = hours.close.next_after(bar.start.max(order.arrived));
                    if held <= bar.ts {
                        self.settle(i, held, bar.close.raw(), config, out)?;
                    } else if bar.start >= order.auction && self.last.ts > order.auction.plus(-SESSION_NS) {
                        self.settle(i, order.auction, self.last.price, config, out)?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// A touch came, there is nothing else, and orders wait for the open.
    #[cold]
    pub(super) fn auction_quote(&mut self, now: Timestamp, config: &VenueConfig, out: &mut Reports) -> Result<()> {
        for i in self.of_auction(TimeInForce::Opg, now).collect::<Vec<_>>() {
            let touch = if self.orders[i].side == Side::Buy { self.ask } else { self.bid };
            if touch > 0 {
                self.settle(i, now, touch, config, out)?;
            }
        }
        Ok(())
    }

    /// The wait for an official print of order `i` is over: what stands in for it. False where the market was shut all day.
    pub(super) fn auction_over(&mut self, i: usize, config: &VenueConfig, out: &mut Reports) -> Result<bool> {
        let order = self.orders[i];
        let opening = order.tif == TimeInForce::Opg;
        let session = if opening { order.auction } else { order.auction.plus(-SESSION_NS) };
        let print = if opening { self.first } else { self.last };
        if print.ts >= session && print.price > 0 {
            let ts = if opening { order.expires } else { order.auction };
            self.settle(i, ts, print.price, config, out)?;
            return Ok(true);
        }
        if self.seen < session {
            return Ok(false);
        }
        let touch = if order.side == Side::Buy { self.ask } else { self.bid };
        let touch = if self.has_touch() && !self.sources.trades && !self.sources.bars { touch } else { 0 };
        self.settle(i, order.expires, touch, config, out)?;
        Ok(true)
    }

    /// Ids of the orders whose auction is behind `now` with its wait.
    pub(super) fn auctions_over(&self, now: Timestamp) -> Vec<OrderId> {
        self.orders.iter().filter(|o| o.auction != Timestamp::MAX && o.expires < now).map(|o| o.id).collect()
    }
}
