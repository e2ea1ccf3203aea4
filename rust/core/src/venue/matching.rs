//! How quotes, trades and bars meet our orders.

use super::ReportKind;
use super::desk::{Desk, Offer, Reports, Resting};
use super::models::{Liquidity, QueueModel, VenueConfig};
use crate::event::{Bar, FLAG_NO_LAST, Trade};
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
            if !(self.stops_on_quotes && touch > 0 && order.stop_reached(touch)) {
                return Ok(());
            }
            order.stop = 0;
        }
        self.take_from_quote(order, now, config, out)
    }

    /// Trade `order` against the standing quote as far as price and size allow; an FOK order trades in full or not at all.
    fn take_from_quote(&mut self, order: &mut Resting, now: Timestamp, config: &VenueConfig, out: &mut Reports) -> Result<()> {
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

    /// Orders that wait for their stop, in the order of [`Self::ranked`].
    fn waiting_for_stop(&mut self) -> Vec<usize> {
        if !self.may_hold_stops {
            return Vec::new();
        }
        let waiting = self.ranked(super::desk::Resting::waits_for_stop);
        self.may_hold_stops = !waiting.is_empty();
        waiting
    }

    /// A quote came.
    pub(super) fn match_quote(&mut self, now: Timestamp, config: &VenueConfig, out: &mut Reports) -> Result<()> {
        let (bid, ask) = (self.bid, self.ask);
        let mut triggered = Vec::new();
        if self.stops_on_quotes {
            for i in self.waiting_for_stop() {
                let touch = if self.orders[i].side == Side::Buy { ask } else { bid };
                if touch > 0 && self.orders[i].stop_reached(touch) {
                    self.trigger(i);
                    triggered.push(i);
                }
            }
        }
        if !((ask > 0 && self.reach_buy >= ask) || (bid > 0 && self.reach_sell <= bid)) {
            return Ok(());
        }
        let touched = |o: &Resting| {
            let touch = if o.side == Side::Buy { ask } else { bid };
            !o.waits_for_stop() && touch > 0 && o.accepts(touch)
        };
        for i in self.ranked(touched) {
            let mut order = self.orders[i];
            if order.takes_any_price() || triggered.contains(&i) {
                // A stop-limit order that is triggered only now meets the touch like one that arrives.
                self.take_from_quote(&mut order, now, config, out)?;
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

    fn trigger(&mut self, i: usize) {
        self.orders[i].stop = 0;
        let order = self.orders[i];
        self.extend_reach(&order);
    }

    /// A trade printed.
    pub(super) fn match_trade(&mut self, trade: &Trade, config: &VenueConfig, out: &mut Reports) -> Result<()> {
        if trade.flags & FLAG_NO_LAST != 0 {
            return Ok(());
        }
        let (now, price) = (trade.ts, trade.price.raw());
        let mut left = if config.liquidity == Liquidity::Unlimited { i64::MAX } else { trade.size.raw() };
        if self.reach_buy >= price || self.reach_sell <= price {
            let quotes = self.sources.quotes;
            let touched =
                |o: &Resting| !o.waits_for_stop() && if o.takes_any_price() { !quotes } else { Self::traded_through(o, price, config) };
            for i in self.ranked(touched) {
                let mut order = self.orders[i];
                if order.tif != TimeInForce::Fok || left >= order.remaining().raw() {
                    let maker = !order.takes_any_price();
                    let at = if maker { Price::from_raw(order.limit) } else { trade.price };
                    let offer = Offer { ts: now, qty: left, price: at, maker };
                    left = left.saturating_sub(Self::fill(&mut order, offer, config, out)?);
                    self.orders[i] = order;
                }
            }
            self.tighten_reach();
        }
        if !self.sources.quotes {
            self.end_immediate(now, out);
        }
        if self.stops_on_quotes {
            return Ok(());
        }
        // The print that triggers a stop is gone: the order trades with the standing quote, or with what comes next.
        for i in self.waiting_for_stop() {
            if self.orders[i].stop_reached(price) {
                self.trigger(i);
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
            if matches!(order.tif, TimeInForce::Ioc | TimeInForce::Fok) && order.remaining().is_positive() {
                out.push((now, ReportKind::Canceled(order.id)));
            }
        }
    }

    /// A bar is complete. It is matched where the instrument has no trades.
    pub(super) fn match_bar(&mut self, bar: &Bar, config: &VenueConfig, out: &mut Reports) -> Result<()> {
        if self.sources.trades {
            return Ok(());
        }
        let mut left = if config.liquidity == Liquidity::Unlimited { i64::MAX } else { bar.volume.raw() };
        for i in self.ranked(|_| true) {
            let mut order = self.orders[i];
            let from_open = order.arrived <= bar.start;
            let mut at = None;
            let mut maker = false;
            if order.waits_for_stop() {
                if self.stops_on_quotes {
                    continue;
                }
                if let Some(price) = Self::stop_price(&order, bar, from_open) {
                    self.trigger(i);
                    order.stop = 0;
                    at = order.accepts(price).then_some(price);
                }
            } else if order.takes_any_price() {
                if !self.sources.quotes {
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
        if !self.sources.quotes {
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
