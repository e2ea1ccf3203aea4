//! The venue's desk for one instrument: the market as it stands, and our orders that rest in it.

use super::depth::Depth;
use super::exchange::Exchange;
use super::models::{FeeModel, LiquidityModel, Place, Share, StopBuy, StopTrigger, VenueConfig, worsened};
use super::session::Phase;
use super::{ReportKind, Sources};
use crate::event::Quote;
use crate::order::{Order, OrderType, Restatement, TimeInForce, Trail};
use crate::types::{Money, OrderId, Price, Qty, Result, SCALE, Side, Timestamp};
use serde::{Deserialize, Serialize};

/// One of our orders at the venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Resting {
    pub(super) id: OrderId,
    pub(super) side: Side,
    pub(super) kind: OrderType,
    pub(super) tif: TimeInForce,
    /// The price it may trade at: its limit; without one, any price.
    pub(super) limit: i64,
    /// The stop it waits for; zero once it is triggered or where it has none.
    pub(super) stop: i64,
    pub(super) trail: Option<Trail>,
    /// Best price since a trailing stop arrived; zero before the first.
    pub(super) hwm: i64,
    pub(super) qty: Qty,
    /// Dollars it is for, until a price turns them into shares.
    pub(super) dollars: Money,
    pub(super) filled: Qty,
    pub(super) notional: Money,
    pub(super) fee: Money,
    pub(super) arrived: Timestamp,
    pub(super) expires: Timestamp,
    /// The auction it is for.
    pub(super) auction: Timestamp,
    /// Time priority.
    pub(super) rank: u64,
    /// Its place in the queue of a book.
    pub(super) place: Place,
    /// May trade before the open and after the close.
    pub(super) extended: bool,
    /// The engine knows it as accepted and not as working.
    pub(super) queued: bool,
    /// It is one of a group.
    pub(super) grouped: bool,
}

impl Resting {
    pub(super) fn new(order: &Order, arrived: Timestamp, rank: u64) -> Self {
        let any = if order.side == Side::Buy { i64::MAX } else { 0 };
        // A trailing stop that has seen no price waits for one that no market has.
        let never = if order.side == Side::Buy { i64::MAX } else { 1 };
        let trail = order.trail();
        Self {
            id: order.id,
            side: order.side,
            kind: order.kind,
            tif: order.tif,
            limit: order.limit().map_or(any, Price::raw),
            stop: if trail.is_some() { never } else { order.stop().map_or(0, Price::raw) },
            trail,
            hwm: 0,
            qty: order.remaining(),
            dollars: order.notional().unwrap_or(Money::ZERO),
            filled: Qty::ZERO,
            notional: Money::ZERO,
            fee: Money::ZERO,
            arrived,
            expires: Timestamp::MAX,
            auction: Timestamp::MAX,
            rank,
            place: Place::default(),
            extended: order.extended_hours(),
            queued: false,
            grouped: order.class != crate::order::OrderClass::Simple,
        }
    }

    #[inline]
    pub(super) const fn remaining(&self) -> Qty {
        Qty::from_raw(self.qty.raw() - self.filled.raw())
    }

    #[inline]
    pub(super) const fn waits_for_stop(&self) -> bool {
        self.stop != 0
    }

    /// True for a market order, and for a stop that became one.
    #[inline]
    pub(super) const fn takes_any_price(&self) -> bool {
        match self.side {
            Side::Buy => self.limit == i64::MAX,
            Side::Sell => self.limit == 0,
        }
    }

    /// True when it may trade at `price`.
    #[inline]
    pub(super) const fn accepts(&self, price: i64) -> bool {
        match self.side {
            Side::Buy => price <= self.limit,
            Side::Sell => price >= self.limit,
        }
    }

    /// True when a market at `price` has reached the stop.
    #[inline]
    pub(super) const fn stop_reached(&self, price: i64) -> bool {
        match self.side {
            Side::Buy => price >= self.stop,
            Side::Sell => price <= self.stop,
        }
    }

    /// The market is at `price`: a trailing stop follows where that is the best price yet, and never goes back.
    #[inline]
    pub(super) fn follow(&mut self, price: i64) {
        let Some(trail) = self.trail else { return };
        let better = self.hwm == 0 || if self.side == Side::Buy { price < self.hwm } else { price > self.hwm };
        if better && price > 0 && self.stop != 0 {
            self.hwm = price;
            self.stop = trail.stop(Price::from_raw(price), self.side).raw();
        }
    }

    /// Its stop is reached.
    pub(super) fn fire(&mut self, now: Timestamp, config: &VenueConfig, out: &mut Reports) {
        if self.trail.is_some() {
            out.push((now, ReportKind::Restated { order: self.id, terms: self.terms() }));
        }
        if config.stop_buy == StopBuy::Collared && self.side == Side::Buy && self.takes_any_price() {
            // Alpaca: 4 % above a stop below 50 dollars, 2.5 % above any other.
            let per_mille = if self.stop < 50 * SCALE { 40 } else { 25 };
            self.limit = self.stop.saturating_add(self.stop / 1_000 * per_mille);
        }
        self.stop = 0;
    }

    /// Its terms, as a report tells them.
    pub(super) fn terms(&self) -> Restatement {
        let positive = |raw: i64| (raw > 0 && raw < i64::MAX).then(|| Price::from_raw(raw));
        Restatement {
            qty: self.qty,
            limit: if self.kind.has_limit() { positive(self.limit) } else { None },
            stop: if self.hwm > 0 || self.kind.has_stop() { positive(self.stop) } else { None },
            hwm: positive(self.hwm),
        }
    }
}

/// What the market offers an order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Offer {
    /// When it trades.
    pub(super) ts: Timestamp,
    /// Shares, at most.
    pub(super) qty: i64,
    /// Dollars a share.
    pub(super) price: Price,
    /// True when the order rested and the market came to it.
    pub(super) maker: bool,
}

/// Reports of a match, each with the time at which it happened.
pub(super) type Reports = Vec<(Timestamp, ReportKind)>;

/// A print that an auction may fall back on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Print {
    pub(super) ts: Timestamp,
    pub(super) price: i64,
}

impl Print {
    const NONE: Self = Self { ts: Timestamp::MIN, price: 0 };
}

/// The market in one instrument as the venue sees it, and our orders in it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Desk {
    pub(super) sources: Sources,
    pub(super) bid: i64,
    pub(super) ask: i64,
    pub(super) bid_left: i64,
    pub(super) ask_left: i64,
    pub(super) orders: Vec<Resting>,
    /// Day orders whose session has not begun.
    pub(super) undated: usize,
    /// Time of the last quote, trade or bar that met an order of ours.
    pub(super) seen: Timestamp,
    /// An ask at or below this may fill a buy; a bound that only a scan tightens.
    pub(super) reach_buy: i64,
    /// A bid at or above this may fill a sell.
    pub(super) reach_sell: i64,
    pub(super) stops_on_quotes: bool,
    /// An order may wait for its stop; only a scan that finds none clears it.
    pub(super) may_hold_stops: bool,
    /// Orders that wait for an auction.
    pub(super) auctions: usize,
    /// First trade since the open, while orders wait for the opening auction.
    pub(super) first: Print,
    /// Last trade or bar.
    pub(super) last: Print,
    /// The part of the day, where sessions are kept.
    pub(super) phase: Phase,
    /// Trading is halted or paused.
    pub(super) halted: bool,
    /// The book, where orders are matched with it.
    pub(super) depth: Option<Box<Depth>>,
    /// The exchange, where orders are matched on one.
    pub(super) exchange: Option<Box<Exchange>>,
    /// Reports of the present match; kept to reuse its room.
    #[serde(skip)]
    pub(super) fills: Reports,
    share: Share,
}

impl Desk {
    pub(super) fn new(sources: Sources, config: &VenueConfig) -> Result<Self> {
        let exchanges = sources.quotes && config.matching == super::Matching::Exchange;
        Ok(Self {
            sources,
            bid: 0,
            ask: 0,
            bid_left: 0,
            ask_left: 0,
            orders: Vec::new(),
            undated: 0,
            seen: Timestamp::MIN,
            reach_buy: 0,
            reach_sell: i64::MAX,
            stops_on_quotes: config.stop_trigger == StopTrigger::Quotes || !(sources.trades || sources.bars),
            may_hold_stops: false,
            auctions: 0,
            first: Print::NONE,
            last: Print::NONE,
            phase: Phase::Regular,
            halted: false,
            depth: (sources.book && config.matching == super::Matching::Book).then(Box::default),
            exchange: if exchanges { Some(Box::new(Exchange::new()?)) } else { None },
            fills: Vec::new(),
            share: config.share(),
        })
    }

    pub(super) const fn has_data(&self) -> bool {
        self.sources.quotes || self.sources.trades || self.sources.bars || self.depth.is_some()
    }

    /// Quotes, or a book that stands for them.
    pub(super) const fn has_touch(&self) -> bool {
        self.sources.quotes || self.depth.is_some()
    }

    #[inline]
    pub(super) fn see_quote(&mut self, quote: &Quote) {
        if self.depth.is_some() {
            return;
        }
        self.bid = quote.bid.raw();
        self.ask = quote.ask.raw();
        (self.bid_left, self.ask_left) = (self.available(quote.bid_size.raw()), self.available(quote.ask_size.raw()));
    }

    /// What we may have of a size that the market shows.
    #[inline]
    pub(super) fn available(&self, shown: i64) -> i64 {
        self.share.available(shown)
    }

    /// True where `order` may trade now.
    #[inline]
    pub(super) fn may_trade(&self, order: &Resting) -> bool {
        let open = self.phase == Phase::Regular || (order.extended && self.phase == Phase::Extended);
        open && !self.halted && order.auction == Timestamp::MAX
    }

    /// The quote that stands is one of other shares now: nothing trades with it any more.
    pub(super) fn forget_quote(&mut self) {
        (self.bid, self.ask, self.bid_left, self.ask_left) = (0, 0, 0, 0);
        (self.first, self.last) = (Print::NONE, Print::NONE);
    }

    pub(super) fn add(&mut self, order: Resting) {
        if order.auction != Timestamp::MAX {
            self.auctions += 1;
        } else if order.tif != TimeInForce::Gtc && order.expires == Timestamp::MAX {
            self.undated += 1;
        }
        if order.waits_for_stop() {
            self.may_hold_stops = true;
        } else {
            self.extend_reach(&order);
        }
        self.orders.push(order);
    }

    #[inline]
    pub(super) fn extend_reach(&mut self, order: &Resting) {
        match order.side {
            Side::Buy => self.reach_buy = self.reach_buy.max(order.limit),
            Side::Sell => self.reach_sell = self.reach_sell.min(order.limit),
        }
    }

    /// Make the bounds exact again.
    pub(super) fn tighten_reach(&mut self) {
        self.reach_buy = 0;
        self.reach_sell = i64::MAX;
        for i in 0..self.orders.len() {
            let order = self.orders[i];
            if !order.waits_for_stop() && order.remaining().is_positive() {
                self.extend_reach(&order);
            }
        }
    }

    /// Day orders end at `close`, those for extended hours at `post`.
    pub(super) fn date_orders(&mut self, close: Timestamp, post: Timestamp) {
        for order in &mut self.orders {
            if order.tif != TimeInForce::Gtc && order.expires == Timestamp::MAX {
                order.expires = if order.extended { post } else { close };
            }
        }
        self.undated = 0;
    }

    /// The stop of order `i` is reached.
    pub(super) fn trigger(&mut self, i: usize, now: Timestamp, config: &VenueConfig, out: &mut Reports) {
        self.orders[i].fire(now, config, out);
        let order = self.orders[i];
        self.extend_reach(&order);
    }

    /// Fill `order` from `offer` as far as it goes; gives the shares filled.
    pub(super) fn fill(order: &mut Resting, offer: Offer, config: &VenueConfig, out: &mut Reports) -> Result<i64> {
        let Offer { ts, price, maker, .. } = offer;
        if !(order.remaining().is_positive() && offer.qty > 0) {
            return Ok(0);
        }
        let wanted = Qty::from_raw(order.remaining().raw().min(offer.qty));
        let price = if maker { price } else { Self::slip(order, price, wanted, config)? };
        Self::price_dollars(order, price, ts, out);
        let qty = Qty::from_raw(order.remaining().raw().min(offer.qty));
        order.filled = order.filled.checked_add(qty)?;
        order.notional = order.notional.checked_add(Money::notional(price, qty))?;
        let total = config.fees.total(order.side, order.filled, order.notional)?;
        let fee = total.checked_sub(order.fee)?;
        order.fee = total;
        out.push((ts, ReportKind::Filled { order: order.id, qty, price, fee, maker }));
        Ok(qty.raw())
    }

    /// Dollars become shares at the first price there is, rounded down to nine decimals.
    pub(super) fn price_dollars(order: &mut Resting, price: Price, ts: Timestamp, out: &mut Reports) {
        if order.dollars == Money::ZERO {
            return;
        }
        let shares = order.dollars.raw().saturating_mul(i128::from(SCALE)) / i128::from(price.raw().max(1));
        order.dollars = Money::ZERO;
        let shares = Qty::from_raw(i64::try_from(shares).unwrap_or(i64::MAX).max(1));
        if shares != order.qty {
            order.qty = shares;
            out.push((ts, ReportKind::Restated { order: order.id, terms: order.terms() }));
        }
    }

    /// Slippage, which never carries a limit order beyond its limit.
    fn slip(order: &Resting, price: Price, qty: Qty, config: &VenueConfig) -> Result<Price> {
        let slipped = worsened(price, order.side, qty, config.slippage_ppb, &config.impact)?;
        Ok(if order.accepts(slipped.raw()) { slipped } else { Price::from_raw(order.limit) })
    }
}
