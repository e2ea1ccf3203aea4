//! The venue's desk for one instrument: the market as it stands, and our orders that rest in it.

use super::models::{Liquidity, StopTrigger, VenueConfig};
use super::{ReportKind, Sources};
use crate::event::Quote;
use crate::order::{Order, TimeInForce};
use crate::types::{Money, OrderId, Price, Qty, Result, Side, Timestamp};
use serde::{Deserialize, Serialize};

/// One of our orders at the venue.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Resting {
    pub(super) id: OrderId,
    pub(super) side: Side,
    pub(super) tif: TimeInForce,
    /// The price it may trade at: its limit; without one, any price.
    pub(super) limit: i64,
    /// The stop it waits for; zero once it is triggered or where it has none.
    pub(super) stop: i64,
    pub(super) qty: Qty,
    pub(super) filled: Qty,
    pub(super) notional: Money,
    pub(super) fee: Money,
    pub(super) arrived: Timestamp,
    pub(super) expires: Timestamp,
    /// Time priority.
    pub(super) rank: u64,
}

impl Resting {
    pub(super) fn new(order: &Order, arrived: Timestamp, rank: u64) -> Self {
        let any = if order.side == Side::Buy { i64::MAX } else { 0 };
        Self {
            id: order.id,
            side: order.side,
            tif: order.tif,
            limit: order.limit().map_or(any, Price::raw),
            stop: order.stop().map_or(0, Price::raw),
            qty: order.remaining(),
            filled: Qty::ZERO,
            notional: Money::ZERO,
            fee: Money::ZERO,
            arrived,
            expires: Timestamp::MAX,
            rank,
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
}

/// What the market offers an order.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
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
    /// Reports of the present match; kept to reuse its room.
    pub(super) fills: Reports,
    unlimited: bool,
}

impl Desk {
    pub(super) fn new(sources: Sources, config: &VenueConfig) -> Self {
        Self {
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
            fills: Vec::new(),
            unlimited: config.liquidity == Liquidity::Unlimited,
        }
    }

    pub(super) const fn has_data(&self) -> bool {
        self.sources.quotes || self.sources.trades || self.sources.bars
    }

    #[inline]
    pub(super) fn see_quote(&mut self, quote: &Quote) {
        self.bid = quote.bid.raw();
        self.ask = quote.ask.raw();
        (self.bid_left, self.ask_left) = if self.unlimited { (i64::MAX, i64::MAX) } else { (quote.bid_size.raw(), quote.ask_size.raw()) };
    }

    /// The quote that stands is one of other shares now: nothing trades with it any more.
    pub(super) fn forget_quote(&mut self) {
        (self.bid, self.ask, self.bid_left, self.ask_left) = (0, 0, 0, 0);
    }

    pub(super) fn add(&mut self, order: Resting) {
        if order.tif != TimeInForce::Gtc && order.expires == Timestamp::MAX {
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

    pub(super) fn date_orders(&mut self, close: Timestamp) {
        for order in &mut self.orders {
            if order.tif != TimeInForce::Gtc && order.expires == Timestamp::MAX {
                order.expires = close;
            }
        }
        self.undated = 0;
    }

    /// Fill `order` from `offer` as far as it goes; gives the shares filled.
    pub(super) fn fill(order: &mut Resting, offer: Offer, config: &VenueConfig, out: &mut Reports) -> Result<i64> {
        let Offer { ts, price, maker, .. } = offer;
        let qty = Qty::from_raw(order.remaining().raw().min(offer.qty));
        if !qty.is_positive() {
            return Ok(0);
        }
        let price = if maker { price } else { Self::slip(order, price, config)? };
        order.filled = order.filled.checked_add(qty)?;
        order.notional = order.notional.checked_add(Money::notional(price, qty))?;
        let total = config.fees.total(order.filled, order.notional)?;
        let fee = total.checked_sub(order.fee)?;
        order.fee = total;
        out.push((ts, ReportKind::Filled { order: order.id, qty, price, fee, maker }));
        Ok(qty.raw())
    }

    /// Slippage, which never carries a limit order beyond its limit.
    fn slip(order: &Resting, price: Price, config: &VenueConfig) -> Result<Price> {
        let slipped = config.slipped(price, order.side)?;
        Ok(if order.accepts(slipped.raw()) { slipped } else { Price::from_raw(order.limit) })
    }
}
