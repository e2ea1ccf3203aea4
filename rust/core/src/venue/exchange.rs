//! Matching on an exchange: the orders that rest here stand in one book with a street that shows what the quotes show, and trade with
//! it and with each other by price and time, in a [`crate::matching::MatchingEngine`].
//!
//! The street's orders follow the quotes that the venue is told of: one that only shrinks keeps its place, another goes to the end of
//! its queue. A print beyond a resting order's price takes from the book as an order of that size and price. Stops, legs and auctions
//! are the venue's own, as in the other modes.

use super::desk::{Desk, Offer, Reports, Resting};
use super::models::{QueueModel, VenueConfig};
use crate::event::{FLAG_NO_LAST, Trade};
use crate::matching::{
    Lifetime, MatchEvent, MatchingConfig, MatchingEngine, NewOrder, OrderKey, Phase, Replacement, SelfMatch, Taking, Terms,
};
use crate::order::TimeInForce;
use crate::types::{OrderId, Price, Qty, Result, SCALE, Side, Timestamp};
use serde::{Deserialize, Serialize};

/// The street's bid and ask.
const STREET: [OrderKey; 2] = [OrderKey::new(0, 1), OrderKey::new(0, 2)];
/// The order that stands for a print.
const PRINT: OrderKey = OrderKey::new(1, 1);
/// Participants from here on are orders of ours, each its own: which of them may meet is not the exchange's to say.
const OURS: u32 = 2;
/// More than any market shows, and less than what the exchange can count.
const SIZE_MAX: i64 = SCALE * (SCALE / 100);

/// The exchange of one instrument.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Exchange {
    engine: MatchingEngine,
    #[serde(skip)]
    events: Vec<MatchEvent>,
}

fn key_of(order: &Resting) -> OrderKey {
    OrderKey::new(OURS + (order.id.0 & 0x3fff_ffff) as u32, order.id.0)
}

impl Exchange {
    pub(super) fn new() -> Result<Self> {
        let smallest = MatchingConfig { tick: Price::from_raw(1), lot: Qty::from_raw(1), ..MatchingConfig::default() };
        let config = MatchingConfig { self_match: SelfMatch::CancelOldest, window_ticks: 64, ..smallest };
        let mut exchange = Self { engine: MatchingEngine::new(config)?, events: Vec::new() };
        exchange.engine.set_phase(Timestamp::MIN, Phase::Continuous, &mut exchange.events)?;
        exchange.events.clear();
        Ok(exchange)
    }

    fn add(&mut self, key: OrderKey, side: Side, qty: i64, terms: Terms, lifetime: Lifetime, now: Timestamp) {
        let qty = Qty::from_raw(qty.min(SIZE_MAX));
        if qty.is_positive() {
            self.engine.submit(now, &NewOrder { key, side, qty, terms, lifetime, taking: Taking::Allowed }, &mut self.events);
        }
    }

    fn drop(&mut self, key: OrderKey, now: Timestamp) {
        if self.engine.order(key).is_some() {
            self.engine.cancel(now, key, &mut self.events);
        }
    }

    /// An order that shows `qty` shares from now on; false where it must be entered anew.
    fn shows(&mut self, key: OrderKey, price: i64, qty: i64, now: Timestamp) -> bool {
        let Some(live) = self.engine.order(key) else { return qty <= 0 };
        if qty > 0 && live.price.raw() == price && live.left.raw() >= qty {
            if live.left.raw() > qty {
                let all = Qty::from_raw(live.filled.raw() + qty);
                self.engine.replace(now, key, &Replacement { qty: Some(all), ..Replacement::default() }, &mut self.events);
            }
            return true;
        }
        self.drop(key, now);
        qty <= 0
    }
}

impl Desk {
    /// Leave the exchange's book.
    pub(super) fn leave_exchange(&mut self, order: &Resting) {
        if let Some(exchange) = self.exchange.as_deref_mut() {
            exchange.drop(key_of(order), order.arrived);
        }
    }

    /// The book holds the orders that may trade and have a price, but for `taker`, and the street what the quotes show. Where they
    /// meet they trade.
    fn align(&mut self, taker: Option<OrderId>, now: Timestamp, config: &VenueConfig, out: &mut Reports) -> Result<()> {
        let Some(mut exchange) = self.exchange.take() else { return Ok(()) };
        let mut entering: Vec<Resting> = Vec::new();
        for order in &self.orders {
            let stands = Some(order.id) != taker && self.may_trade(order) && !order.waits_for_stop() && !order.takes_any_price();
            let left = if stands { order.remaining().raw() } else { 0 };
            if !exchange.shows(key_of(order), order.limit, left, now) {
                entering.push(*order);
            }
        }
        entering.sort_by_key(|o| o.rank);
        for order in entering {
            let terms = Terms::Limit(Price::from_raw(order.limit));
            exchange.add(key_of(&order), order.side, order.remaining().raw(), terms, Lifetime::Gtc, now);
        }
        let shown = [(Side::Buy, self.bid, self.bid_left), (Side::Sell, self.ask, self.ask_left)];
        let anew = shown.map(|(side, price, left)| {
            let left = if price > 0 { left.min(SIZE_MAX) } else { 0 };
            !exchange.shows(STREET[usize::from(side == Side::Sell)], price, left, now)
        });
        for ((side, price, left), _) in shown.into_iter().zip(anew).filter(|(_, anew)| *anew) {
            let key = STREET[usize::from(side == Side::Sell)];
            exchange.add(key, side, left, Terms::Limit(Price::from_raw(price)), Lifetime::Gtc, now);
        }
        self.exchange = Some(exchange);
        self.book_executions(None, now, config, out)
    }

    /// Fill what traded, `taker` being an order that rests nowhere.
    fn book_executions(&mut self, mut taker: Option<&mut Resting>, now: Timestamp, config: &VenueConfig, out: &mut Reports) -> Result<()> {
        let Some(mut exchange) = self.exchange.take() else { return Ok(()) };
        for event in exchange.events.drain(..) {
            let MatchEvent::Filled(execution) = event else { continue };
            for (key, maker) in [(execution.taker, false), (execution.maker, true)] {
                let offer = Offer { ts: now, qty: execution.qty.raw(), price: execution.price, maker };
                if let Some(order) = taker.as_deref_mut().filter(|o| key_of(o) == key) {
                    Self::fill(order, offer, config, out)?;
                } else if let Some(at) = self.orders.iter().position(|o| key_of(o) == key) {
                    Self::fill(&mut self.orders[at], offer, config, out)?;
                }
            }
        }
        let left = |key: OrderKey| exchange.engine.order(key).map_or(0, |o| o.left.raw());
        for (key, shown) in [(STREET[0], &mut self.bid_left), (STREET[1], &mut self.ask_left)] {
            // A size without end stays without end.
            if *shown < SIZE_MAX {
                *shown = left(key);
            }
        }
        self.exchange = Some(exchange);
        Ok(())
    }

    /// Let `order` take what it accepts; an FOK order trades in full or not at all.
    pub(super) fn deal(&mut self, order: &mut Resting, now: Timestamp, config: &VenueConfig, out: &mut Reports) -> Result<()> {
        self.align(Some(order.id), now, config, out)?;
        let Some(exchange) = self.exchange.as_deref_mut() else { return Ok(()) };
        if let Some(best) = exchange.engine.best(order.side.opposite()).filter(|best| order.accepts(best.price.raw())) {
            Self::price_dollars(order, best.price, now, out);
        }
        let terms = if order.takes_any_price() { Terms::Market } else { Terms::Limit(Price::from_raw(order.limit)) };
        let lifetime = if order.tif == TimeInForce::Fok { Lifetime::Fok } else { Lifetime::Ioc };
        exchange.add(key_of(order), order.side, order.remaining().raw(), terms, lifetime, now);
        self.book_executions(Some(order), now, config, out)
    }

    /// A quote came: the street's orders change, stops with a limit that were triggered enter the book, and what waits for any price
    /// takes.
    pub(super) fn quote_on_exchange(&mut self, now: Timestamp, config: &VenueConfig, out: &mut Reports) -> Result<()> {
        if self.halted {
            return Ok(());
        }
        self.align(None, now, config, out)?;
        let mut takers: Vec<usize> = (0..self.orders.len())
            .filter(|&i| {
                let o = &self.orders[i];
                o.takes_any_price() && !o.waits_for_stop() && self.may_trade(o) && o.remaining().is_positive()
            })
            .collect();
        takers.sort_by_key(|&i| self.orders[i].rank);
        for i in takers {
            let mut order = self.orders[i];
            self.deal(&mut order, now, config, out)?;
            self.orders[i] = order;
        }
        self.tighten_reach();
        Ok(())
    }

    /// A trade printed beyond prices at which orders rest: it takes from the book.
    pub(super) fn print_on_exchange(&mut self, trade: &Trade, config: &VenueConfig, out: &mut Reports) -> Result<()> {
        if trade.flags & FLAG_NO_LAST != 0 || self.halted || !trade.size.is_positive() {
            return Ok(());
        }
        let beyond = i64::from(config.queue == QueueModel::Behind);
        let (now, price, size) = (trade.ts, trade.price.raw(), self.available(trade.size.raw()));
        self.align(None, now, config, out)?;
        for (side, at) in [(Side::Sell, price + beyond), (Side::Buy, price - beyond)] {
            let meets = |o: &Resting| {
                let through = if side == Side::Sell { o.limit >= at } else { o.limit <= at };
                o.side != side && through && !o.waits_for_stop() && !o.takes_any_price() && self.may_trade(o)
            };
            if at > 0 && self.orders.iter().any(meets) {
                if let Some(exchange) = self.exchange.as_deref_mut() {
                    exchange.add(PRINT, side, size, Terms::Limit(Price::from_raw(at)), Lifetime::Ioc, now);
                }
                self.book_executions(None, now, config, out)?;
            }
        }
        self.tighten_reach();
        Ok(())
    }
}
