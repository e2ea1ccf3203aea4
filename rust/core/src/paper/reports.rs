//! What the simulated exchanges report: orders change, fills are booked, and trade updates are made.

use super::config::{AssetClass, CRYPTO_FEE_PPB};
use super::state::State;
use super::updates::Event;
use crate::ledger::Booking;
use crate::order::{Order, OrderEvent, OrderStatus, Restatement};
use crate::types::{Money, OrderId, Price, Qty, Result, Side, StrategyId, Timestamp};
use crate::venue::{Report, ReportKind};

impl State {
    /// Take every report that is due at `now`.
    pub(super) fn drain(&mut self, now: Timestamp) -> Result<()> {
        loop {
            let next = (0..self.venues.len()).min_by_key(|&v| self.venues[v].next_report());
            let Some(report) = next.and_then(|v| self.venues[v].take_report(now)) else { return Ok(()) };
            self.on_report(&report)?;
        }
    }

    fn on_report(&mut self, report: &Report) -> Result<()> {
        self.now = self.now.max(report.due);
        if let Some(order) = self.orders.get(report.kind.order()) {
            self.touched.push(order.instrument.0);
        }
        match report.kind {
            ReportKind::Accepted(id) => self.change(id, OrderEvent::New, Some(Event::New)),
            ReportKind::Queued(id) => {
                let known = self.orders.get(id).is_some_and(|o| o.base_status() == OrderStatus::Accepted);
                if known { Ok(()) } else { self.change(id, OrderEvent::Accepted, Some(Event::Accepted)) }
            }
            ReportKind::Held(id) => self.change(id, OrderEvent::Held, None),
            ReportKind::Rejected(id) => self.change(id, OrderEvent::Rejected, Some(Event::Rejected)),
            ReportKind::Canceled(id) => self.change(id, OrderEvent::Canceled, Some(Event::Canceled)),
            ReportKind::Expired(id) => self.change(id, OrderEvent::Expired, Some(Event::Expired)),
            ReportKind::CancelRejected(id) => {
                let open = self.orders.get(id).is_some_and(|o| !o.status().is_terminal());
                if open { self.change(id, OrderEvent::CancelRejected, Some(Event::CancelRejected)) } else { Ok(()) }
            }
            ReportKind::Restated { order, terms } => self.restate(order, terms),
            ReportKind::Filled { order, qty, price, fee, .. } => self.fill(order, qty, price, fee, report.ts),
            ReportKind::Replaced { old, new } => self.replaced(old, new),
            ReportKind::ReplaceRejected { old, new } => {
                self.change(new, OrderEvent::Rejected, Some(Event::Rejected))?;
                if self.orders.get(old).is_some_and(Order::is_being_replaced) {
                    self.orders.apply(old, OrderEvent::ReplaceRejected, self.now)?;
                }
                self.tell(old, Event::ReplaceRejected);
                Ok(())
            }
        }
    }

    /// Apply `event` to an order, and tell of it.
    pub(super) fn change(&mut self, id: OrderId, event: OrderEvent, told: Option<Event>) -> Result<()> {
        let now = self.now;
        let order = self.orders.apply(id, event, now)?;
        if let Some(extra) = self.extra_mut(id) {
            match order.status() {
                OrderStatus::Canceled => extra.canceled = Some(now),
                OrderStatus::Expired => extra.expired = Some(now),
                OrderStatus::Rejected => extra.failed = Some(now),
                _ => {}
            }
        }
        if let Some(told) = told {
            self.tell(id, told);
        }
        Ok(())
    }

    fn restate(&mut self, id: OrderId, terms: Restatement) -> Result<()> {
        let Some(before) = self.orders.get(id).copied() else { return Ok(()) };
        let order = self.orders.apply(id, OrderEvent::Restated(terms), self.now)?;
        // Dollars that became shares and a stop that followed the market are what was asked for, and no news.
        let news = self.extra(id).is_some_and(|e| e.notional.is_none()) && before.trail().is_none();
        if news && (order.qty != before.qty || order.limit() != before.limit() || order.stop() != before.stop()) {
            self.tell(id, Event::Restated);
        }
        Ok(())
    }

    fn fill(&mut self, id: OrderId, qty: Qty, price: Price, fee: Money, ts: Timestamp) -> Result<()> {
        let order = self.orders.apply(id, OrderEvent::Filled { qty, price }, self.now)?;
        let (account, instrument, now) = (order.strategy.index(), order.instrument, self.now);
        let in_coins = self.fee_in_coins(&order, qty, fee);
        let paid = if in_coins.is_zero() { fee } else { Money::ZERO };
        let booking = Booking { strategy: StrategyId(0), instrument, side: order.side, qty, price, fee: paid, ts };
        let Some(holder) = self.holders.get_mut(account) else { return Ok(()) };
        let mut booked = holder.ledger.book(&booking)?;
        holder.account.booked(&booking, &holder.ledger);
        if !in_coins.is_zero() {
            let taken = Booking { side: Side::Sell, qty: in_coins, price: Price::ZERO, ..booking };
            booked = holder.ledger.book(&taken)?;
        }
        if let Some(kept) = holder.overnight.get_mut(&instrument.0) {
            // Of what is closed the shares held longest go last here: those of today first.
            let left = booked.position.raw();
            let still = if left.signum() == kept.raw().signum() { left.abs().min(kept.raw().abs()) } else { 0 };
            *kept = Qty::from_raw(still * kept.raw().signum());
        }
        self.revalue(instrument);
        if order.status() == OrderStatus::Filled
            && let Some(extra) = self.extra_mut(id)
        {
            extra.filled = Some(now);
        }
        self.tell_fill(&order, qty, price, booked.position);
        self.record_fill(account, &order, qty, price, paid);
        if !in_coins.is_zero() {
            self.record_coin_fee(account, instrument, in_coins, price);
        }
        Ok(())
    }

    /// The fee of a purchase of crypto, which is taken out of the coins; zero of everything else.
    fn fee_in_coins(&self, order: &Order, qty: Qty, fee: Money) -> Qty {
        let is_crypto = self.asset(order.instrument).is_some_and(|a| a.asset_class == AssetClass::Crypto);
        if order.side != Side::Buy || fee == Money::ZERO || !is_crypto {
            return Qty::ZERO;
        }
        Qty::from_raw((i128::from(qty.raw()) * i128::from(CRYPTO_FEE_PPB) / 1_000_000_000) as i64)
    }

    fn replaced(&mut self, old: OrderId, new: OrderId) -> Result<()> {
        let filled = self.orders.get(old).map_or(Qty::ZERO, |o| o.filled);
        if !filled.is_zero() {
            self.orders.carry_fills(new, filled)?;
        }
        let now = self.now;
        let order = self.orders.apply(old, OrderEvent::Replaced, now)?;
        if order.class != crate::order::OrderClass::Simple {
            self.orders.relink(old, new);
        }
        if let Some(extra) = self.extra_mut(old) {
            extra.replaced = Some(now);
            extra.replaced_by = new;
        }
        self.tell(old, Event::Replaced);
        Ok(())
    }
}
