//! How quotes, trades and bars meet our orders.

use super::ReportKind;
use super::desk::{Desk, Offer, Reports, Resting};
use super::models::{QueueModel, VenueConfig};
use crate::event::{Bar, FLAG_BUYER_TOOK, FLAG_NO_LAST, FLAG_SELLER_TOOK, Trade};
use crate::order::TimeInForce;
use crate::types::{Price, Result, Side, Timestamp};

impl Desk {
    /// An order arrives: trade with the quote that stands.
    pub(super) fn meet_standing_quote(
        &mut self,
        order: &mut Resting,
        now: Timestamp,
        config: &VenueConfig,
        out: &mut Reports,
    ) -> Result<()> {
        if order.waits_for_stop() {
            let touch = if order.side == Side::Buy { self.ask } else { self.bid };
            // A trailing stop starts from the price that stands: the touch, or the last trade.
            order.follow(if self.stops_on_quotes { touch } else { self.last.price });
            if !(self.stops_on_quotes && touch > 0 && order.stop_reached(touch)) {
                return Ok(());
            }
            order.fire(now, config, out);
        }
        self.take_from_quote(order, now, config, out)
    }

    /// Trade `order` against the standing quote as far as price and size allow; an FOK order trades in full or not at all.
    fn take_from_quote(&mut self, order: &mut Resting, now: Timestamp, config: &VenueConfig, out: &mut Reports) -> Result<()> {
        if self.depth.is_some() {
            return self.walk(order, now, false, config, out);
        }
        if self.exchange.is_some() {
            return self.deal(order, now, config, out);
        }
        let (touch, left) = if order.side == Side::Buy { (self.ask, &mut self.ask_left) } else { (self.bid, &mut self.bid_left) };
        if touch <= 0 || !order.accepts(touch) || (order.tif == TimeInForce::Fok && *left < order.remaining().raw()) {
            return Ok(());
        }
        let filled = Self::fill(order, Offer { ts: now, qty: *left, price: Price::from_raw(touch), maker: false }, config, out)?;
        if *left != i64::MAX {
            *left -= filled;
        }
        Ok(())
    }

    /// Indices of orders that `wanted` picks, best price first, then first come.
    fn ranked(&self, wanted: impl Fn(&Resting) -> bool) -> Vec<usize> {
        let mut picked: Vec<usize> = (0..self.orders.len()).filter(|&i| wanted(&self.orders[i])).collect();
        if picked.len() > 1 {
            picked.sort_by_key(|&i| {
                let o = &self.orders[i];
                (if o.side == Side::Buy { -o.limit } else { o.limit }, o.rank)
            });
        }
        picked
    }

    /// Orders that wait for their stop and may trade now, in the order of [`Self::ranked`].
    fn waiting_for_stop(&mut self) -> Vec<usize> {
        if !self.may_hold_stops {
            return Vec::new();
        }
        let mut waiting = self.ranked(super::desk::Resting::waits_for_stop);
        self.may_hold_stops = !waiting.is_empty();
        waiting.retain(|&i| self.may_trade(&self.orders[i]));
        waiting
    }

    /// A quote came.
    pub(super) fn match_quote(&mut self, now: Timestamp, config: &VenueConfig, out: &mut Reports) -> Result<()> {
        let (bid, ask) = (self.bid, self.ask);
        let mut triggered = Vec::new();
        if self.stops_on_quotes {
            for i in self.waiting_for_stop() {
                let touch = if self.orders[i].side == Side::Buy { ask } else { bid };
                self.orders[i].follow(touch);
                if touch > 0 && self.orders[i].stop_reached(touch) {
                    self.trigger(i, now, config, out);
                    triggered.push(i);
                }
            }
        }
        if self.exchange.is_some() {
            return self.quote_on_exchange(now, config, out);
        }
        if !((ask > 0 && self.reach_buy >= ask) || (bid > 0 && self.reach_sell <= bid)) {
            return Ok(());
        }
        let touched = |o: &Resting| {
            let touch = if o.side == Side::Buy { ask } else { bid };
            !o.waits_for_stop() && touch > 0 && o.accepts(touch) && self.may_trade(o)
        };
        for i in self.ranked(touched) {
            let mut order = self.orders[i];
            if order.takes_any_price() || triggered.contains(&i) {
                // A stop-limit order that is triggered only now meets the touch like one that arrives.
                self.take_from_quote(&mut order, now, config, out)?;
            } else if self.depth.is_some() {
                self.walk(&mut order, now, true, config, out)?;
            } else {
                // The market came to a resting order: it trades at its own price.
                let left = if order.side == Side::Buy { &mut self.ask_left } else { &mut self.bid_left };
                let own = Price::from_raw(order.limit);
                let filled = Self::fill(&mut order, Offer { ts: now, qty: *left, price: own, maker: true }, config, out)?;
                if *left != i64::MAX {
                    *left -= filled;
                }
            }
            self.orders[i] = order;
        }
        self.tighten_reach();
        Ok(())
    }

    /// A trade printed.
    pub(super) fn match_trade(&mut self, trade: &Trade, config: &VenueConfig, out: &mut Reports) -> Result<()> {
        if trade.flags & FLAG_NO_LAST != 0 {
            return Ok(());
        }
        let (now, price) = (trade.ts, trade.price.raw());
        let mut left = self.available(trade.size.raw());
        if self.exchange.is_some() {
            self.print_on_exchange(trade, config, out)?;
        } else if self.reach_buy >= price || self.reach_sell <= price {
            let (quotes, queued) = (self.has_touch(), self.depth.is_some());
            // A trade in which a side took met the resting orders of the other.
            let met = |side: Side| trade.flags & if side == Side::Buy { FLAG_BUYER_TOOK } else { FLAG_SELLER_TOOK } == 0;
            let touched = |o: &Resting| {
                let fits = if o.takes_any_price() {
                    !quotes
                } else if queued && o.limit == price {
                    met(o.side)
                } else {
                    Self::traded_through(o, price, config)
                };
                !o.waits_for_stop() && fits && self.may_trade(o)
            };
            for i in self.ranked(touched) {
                let mut order = self.orders[i];
                let mut left_for_it = left;
                if queued && order.limit == price {
                    let reached = Self::reached(&mut order, trade.size.raw(), config.queue);
                    left_for_it = if reached > 0 { left.min(self.available(reached)) } else { 0 };
                    self.orders[i] = order;
                }
                if order.tif != TimeInForce::Fok || left_for_it >= order.remaining().raw() {
                    let maker = !order.takes_any_price();
                    let at = if maker { Price::from_raw(order.limit) } else { trade.price };
                    let offer = Offer { ts: now, qty: left_for_it, price: at, maker };
                    left = left.saturating_sub(Self::fill(&mut order, offer, config, out)?);
                    self.orders[i] = order;
                }
            }
            self.tighten_reach();
        }
        if !self.has_touch() {
            self.end_immediate(now, out);
        }
        if self.stops_on_quotes {
            return Ok(());
        }
        // The print that triggers a stop is gone: the order trades with the standing quote, or with what comes next.
        for i in self.waiting_for_stop() {
            self.orders[i].follow(price);
            if self.orders[i].stop_reached(price) {
                self.trigger(i, now, config, out);
                let mut order = self.orders[i];
                self.take_from_quote(&mut order, now, config, out)?;
                self.orders[i] = order;
            }
        }
        Ok(())
    }

    fn traded_through(order: &Resting, price: i64, config: &VenueConfig) -> bool {
        let beyond = match order.side {
            Side::Buy => price < order.limit,
            Side::Sell => price > order.limit,
        };
        beyond || (config.queue == QueueModel::Front && price == order.limit)
    }

    /// Where there are no quotes, an IOC or FOK order has had its one chance now.
    fn end_immediate(&mut self, now: Timestamp, out: &mut Reports) {
        for order in &self.orders {
            if order.tif.is_immediate() && order.remaining().is_positive() {
                out.push((now, ReportKind::Canceled(order.id)));
            }
        }
    }

    /// A bar is complete. It is matched where the instrument has no trades.
    pub(super) fn match_bar(&mut self, bar: &Bar, config: &VenueConfig, out: &mut Reports) -> Result<()> {
        if self.sources.trades {
            return Ok(());
        }
        let mut left = self.available(bar.volume.raw());
        for i in self.ranked(|o| self.may_trade(o)) {
            let mut order = self.orders[i];
            let from_open = order.arrived <= bar.start;
            let mut at = None;
            let mut maker = false;
            if order.waits_for_stop() {
                if self.stops_on_quotes {
                    continue;
                }
                let mut reached = Self::stop_price(&order, bar, from_open);
                if reached.is_none() && order.trail.is_some() {
                    // Of high and low the low is taken to come first: the stop follows only now, and the close alone is later.
                    let best = if order.side == Side::Buy { bar.low } else { bar.high };
                    order.follow(if from_open { best.raw() } else { bar.close.raw() });
                    reached = order.stop_reached(bar.close.raw()).then_some(bar.close.raw());
                    self.orders[i] = order;
                }
                if let Some(price) = reached {
                    self.trigger(i, bar.ts, config, out);
                    order = self.orders[i];
                    at = order.accepts(price).then_some(price);
                }
            } else if order.takes_any_price() {
                if !self.has_touch() {
                    at = Some(if from_open { bar.open.raw() } else { bar.close.raw() });
                }
            } else {
                let open = bar.open.raw();
                if from_open && order.accepts(open) {
                    at = Some(open);
                } else {
                    let extreme = match (from_open, order.side) {
                        (false, _) => bar.close,
                        (true, Side::Buy) => bar.low,
                        (true, Side::Sell) => bar.high,
                    };
                    if Self::traded_through(&order, extreme.raw(), config) {
                        (at, maker) = (Some(order.limit), true);
                    }
                }
            }
            if let Some(price) = at
                && (order.tif != TimeInForce::Fok || left >= order.remaining().raw())
            {
                // Only a trade at the open has a time of its own; of the rest a bar says no more than that it is over.
                let ts = if from_open && price == bar.open.raw() { bar.start } else { bar.ts };
                left = left.saturating_sub(Self::fill(
                    &mut order,
                    Offer { ts, qty: left, price: Price::from_raw(price), maker },
                    config,
                    out,
                )?);
            }
            self.orders[i] = order;
        }
        if !self.has_touch() {
            self.end_immediate(bar.ts, out);
        }
        Ok(())
    }

    /// The price at which a bar triggers a stop: the worse of open and stop for an order that was there at the open.
    fn stop_price(order: &Resting, bar: &Bar, from_open: bool) -> Option<i64> {
        if !from_open {
            return order.stop_reached(bar.close.raw()).then_some(bar.close.raw());
        }
        if order.stop_reached(bar.open.raw()) {
            return Some(bar.open.raw());
        }
        let extreme = if order.side == Side::Buy { bar.high } else { bar.low };
        order.stop_reached(extreme.raw()).then_some(order.stop)
    }
}
