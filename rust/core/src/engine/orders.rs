//! Orders in the engine: what strategies ask for becomes commands to the venue, and the venue's reports become fills.

use super::core::{Engine, Notice};
use super::{Fill, OrderUpdate, Output, RefusalRecord, Trust};
use crate::ledger::Booking;
use crate::order::{Order, OrderEvent, OrderRequest, OrderStatus};
use crate::risk::{Refusal, RiskContext};
use crate::strategy::Intent;
use crate::types::{Error, Money, OrderId, Price, Qty, Result, StrategyId, Timestamp};
use crate::venue::{OrderCommand, Report, ReportKind};
use std::cmp::Reverse;

/// What a report means.
enum Sense {
    /// It is news.
    Sound,
    /// It says what is known already, or came too late to matter.
    Stale,
    /// It cannot be.
    Impossible { why: String, is_money: bool },
}

impl Engine {
    /// A report of the venue.
    pub fn on_report(&mut self, report: &Report, out: &mut Vec<Output>) -> Result<()> {
        self.now = self.now.max(report.due);
        if self.config.trust == Trust::Wire {
            if report.execution != 0 && !self.booked.insert(report.execution) {
                self.repeats += 1;
                return Ok(());
            }
            match self.sense(&report.kind) {
                Sense::Sound => {}
                Sense::Stale => {
                    self.repeats += 1;
                    return Ok(());
                }
                Sense::Impossible { why, is_money } => return self.anomaly(&why, is_money, out),
            }
        }
        match report.kind {
            ReportKind::Filled { order, qty, price, fee, maker } => self.fill(order, qty, price, fee, maker, report.ts, out)?,
            ReportKind::Accepted(id) => self.update(id, OrderEvent::Accepted)?,
            ReportKind::Rejected(id) => self.update(id, OrderEvent::Rejected)?,
            ReportKind::Canceled(id) => self.update(id, OrderEvent::Canceled)?,
            ReportKind::Expired(id) => self.update(id, OrderEvent::Expired)?,
            ReportKind::CancelRejected(id) => {
                if self.is_open(id) {
                    self.update(id, OrderEvent::CancelRejected)?;
                    if self.replacement_of(id).is_some() {
                        // The replace that was on its way before the cancel still is.
                        self.orders.apply(id, OrderEvent::ReplaceRequested, self.now)?;
                    }
                }
            }
            ReportKind::Replaced { old, new } => {
                let filled = self.orders.get(old).map_or(Qty::ZERO, |o| o.filled);
                if !filled.is_zero() {
                    self.orders.carry_fills(new, filled)?;
                }
                if self.orders.get(old).is_some_and(|o| matches!(o.status(), OrderStatus::New | OrderStatus::PartiallyFilled)) {
                    // A cancel that was refused because of the replace has been heard of first.
                    self.orders.apply(old, OrderEvent::ReplaceRequested, self.now)?;
                }
                // While a replace was pending the larger of both orders counted as open; now the new one alone does.
                self.risk.closed(old);
                self.risk.resized(new, self.orders.get(new).map_or(0, |o| o.remaining().raw()));
                let before = self.orders.get(old).map(Order::status);
                let order = self.orders.apply(old, OrderEvent::Replaced, self.now)?;
                self.notices.push_back(Notice::Update(OrderUpdate { order, before: before.unwrap_or(order.status()), refusal: None }));
            }
            ReportKind::ReplaceRejected { old, new } => {
                self.risk.closed(new);
                let before = self.orders.get(new).map(Order::status);
                let order = self.orders.apply(new, OrderEvent::Rejected, self.now)?;
                self.notices.push_back(Notice::Update(OrderUpdate { order, before: before.unwrap_or(order.status()), refusal: None }));
                if self.orders.get(old).is_some_and(|o| matches!(o.status(), OrderStatus::PendingReplace | OrderStatus::PendingCancel)) {
                    self.update(old, OrderEvent::ReplaceRejected)?;
                }
            }
        }
        if self.flattening {
            self.close_rest(report.kind.order(), out)?;
        }
        self.deliver(out)
    }

    fn is_open(&self, id: OrderId) -> bool {
        self.orders.get(id).is_some_and(|o| !o.status().is_terminal())
    }

    fn update(&mut self, id: OrderId, event: OrderEvent) -> Result<()> {
        let before = self.orders.get(id).map(Order::status);
        let order = self.orders.apply(id, event, self.now)?;
        if order.status().is_terminal() {
            self.risk.closed(id);
        }
        self.notices.push_back(Notice::Update(OrderUpdate { order, before: before.unwrap_or(order.status()), refusal: None }));
        Ok(())
    }

    #[allow(clippy::too_many_arguments, reason = "the fields of one report, taken apart once")]
    fn fill(&mut self, id: OrderId, qty: Qty, price: Price, fee: Money, maker: bool, ts: Timestamp, out: &mut Vec<Output>) -> Result<()> {
        let ended = self.orders.get(id).map(Order::status).filter(|status| self.config.trust == Trust::Wire && status.is_terminal());
        let is_late = ended.is_some();
        let order = if is_late {
            if ended == Some(OrderStatus::Replaced) {
                self.shrink_replacement(id, qty)?;
            }
            self.orders.fill_late(id, qty, price, self.now)?
        } else {
            self.orders.apply(id, OrderEvent::Filled { qty, price }, self.now)?
        };
        let (strategy, instrument, side) = (order.strategy, order.instrument, order.side);
        let booking = Booking { strategy, instrument, side, qty, price, fee, ts };
        let booked = self.ledger.book(&booking)?;
        self.risk.booked(id, &booking, booked.position, order.status().is_terminal(), &self.ledger);
        let slippage = if order.reference.is_positive() {
            Money::notional(Price::from_raw(side.sign() * (price.raw() - order.reference.raw())), qty)
        } else {
            Money::ZERO
        };
        let fill = Fill {
            ts,
            recv: self.now,
            order: id,
            strategy,
            instrument,
            side,
            qty,
            price,
            fee,
            slippage,
            realized: booked.realized,
            position: booked.position,
            remaining: order.remaining(),
            maker,
        };
        out.push(Output::Fill(fill));
        if let Some(trip) = booked.trip {
            out.push(Output::Trip(trip));
        }
        self.notices.push_back(Notice::Fill(fill));
        self.watch_losses(out)?;
        self.watch_strategies(out)
    }

    /// The open order that is to replace `old`, or has.
    fn replacement_of(&self, old: OrderId) -> Option<OrderId> {
        self.orders.open().iter().copied().find(|&open| self.orders.get(open).is_some_and(|o| o.replaces == old))
    }

    /// A fill that was not known of when its order was replaced: the replacement is for so many shares fewer.
    fn shrink_replacement(&mut self, old: OrderId, qty: Qty) -> Result<()> {
        let Some(new) = self.replacement_of(old).and_then(|id| self.orders.get(id).copied()) else { return Ok(()) };
        self.orders.carry_fills(new.id, qty)?;
        self.risk.resized(new.id, new.remaining().raw() - qty.raw());
        Ok(())
    }

    /// What a report means to an engine that does not trust its wire.
    fn sense(&self, kind: &ReportKind) -> Sense {
        use OrderStatus as S;
        let impossible = |why: String, is_money| Sense::Impossible { why, is_money };
        let Some(order) = self.orders.get(kind.order()) else {
            let is_money = matches!(kind, ReportKind::Filled { .. });
            return impossible(format!("{kind:?} is about an order that this engine never sent"), is_money);
        };
        let status = order.status();
        match *kind {
            ReportKind::Filled { qty, .. } => {
                if !qty.is_positive() || qty > order.remaining() || matches!(status, S::Rejected | S::Refused) {
                    let so_far = format!("order {} is {}, {} of {} filled", order.id, status.as_str(), order.filled, order.qty);
                    return impossible(format!("a fill of {qty} cannot be: {so_far}"), true);
                }
                Sense::Sound
            }
            ReportKind::Accepted(_) if matches!(status, S::PendingNew | S::PendingCancel | S::PendingReplace) => Sense::Sound,
            ReportKind::Accepted(_) => Sense::Stale,
            ReportKind::Rejected(_) if !order.filled.is_zero() => {
                impossible(format!("order {} is rejected after fills of {}", order.id, order.filled), true)
            }
            ReportKind::Replaced { old, new } => match self.orders.get(new) {
                // The replacement's own news may have come before.
                Some(replacement) if replacement.replaces == old => {
                    if status.is_terminal() {
                        Sense::Stale
                    } else {
                        Sense::Sound
                    }
                }
                _ => impossible(format!("order {new} is said to replace {old}, and does not"), false),
            },
            ReportKind::ReplaceRejected { new, .. } => {
                let waits = self.orders.get(new).is_some_and(|o| matches!(o.status(), S::PendingNew | S::PendingCancel));
                if waits { Sense::Sound } else { Sense::Stale }
            }
            ReportKind::CancelRejected(_) if status == S::PendingCancel => Sense::Sound,
            _ if status.is_terminal() || matches!(kind, ReportKind::CancelRejected(_)) => Sense::Stale,
            _ => Sense::Sound,
        }
    }

    /// Carry out what strategy `s` left in the intents.
    pub(super) fn take_intents(&mut self, s: StrategyId, out: &mut Vec<Output>) -> Result<()> {
        let mut list = std::mem::take(&mut self.intents.list);
        let slot = &mut self.slots[s.index()];
        if slot.moment != self.now {
            slot.moment = self.now;
            slot.requests = 0;
        }
        slot.requests = slot.requests.saturating_add(list.len() as u32);
        if slot.requests > self.config.max_requests_per_moment {
            return Err(Error::Strategy {
                place: format!("strategy {:?} at {}", slot.strategy.name(), self.now),
                why: format!(
                    "made more than {} requests at one moment of event time; it reacts to its own orders in a loop: wait for the next market event, or give the venue a latency",
                    self.config.max_requests_per_moment
                ),
            });
        }
        for intent in list.drain(..) {
            match intent {
                Intent::Submit(request) => self.submit(s, &request, out)?,
                Intent::Cancel(id) => self.cancel(id, out)?,
                Intent::Replace { order, qty, limit, stop } => self.replace(s, order, qty, limit, stop, out)?,
                Intent::Timer { at, tag } => {
                    self.timers_set += 1;
                    self.timers.push(Reverse((at.max(self.now), self.timers_set, s, tag)));
                }
                Intent::Subscribe { instrument, interest } => self.subscribe(s, instrument, interest),
                Intent::SubscribeBars { instrument, spec } => self.subscribe_bars(s, instrument, spec)?,
            }
        }
        self.intents.list = list;
        Ok(())
    }

    /// Check `request` of strategy `s`, which would replace `old` where that is given.
    fn judge(&mut self, s: StrategyId, request: &OrderRequest, old: Option<OrderId>) -> Result<std::result::Result<(), Refusal>> {
        let top =
            self.tops.get(request.instrument.index()).ok_or_else(|| Error::data("order", "names an instrument that is not of this run"))?;
        let open_orders = self.orders.open().len().saturating_sub(usize::from(old.is_some()));
        let context = RiskContext { now: self.now, strategy: s, top, ledger: &self.ledger, open_orders, gate: self.gate };
        Ok(match old {
            None => self.risk.check(request, &context),
            Some(old) => self.risk.check_replacement(old, request, &context),
        })
    }

    fn submit(&mut self, s: StrategyId, request: &OrderRequest, out: &mut Vec<Output>) -> Result<()> {
        let (id, reference) = (self.orders.next_id(), self.reference(request.instrument));
        if let Err(refusal) = self.judge(s, request, None)? {
            return self.refuse(Order::refused(id, s, request, reference, self.now), refusal, out);
        }
        let order = Order::new(id, s, request, reference, self.now);
        self.launch(order, request.qty.raw(), OrderCommand::New(order), out)
    }

    pub(super) fn launch(&mut self, order: Order, opens: i64, command: OrderCommand, out: &mut Vec<Output>) -> Result<()> {
        self.orders.add(order)?;
        let mark = self.ledger.mark_of(order.instrument);
        let mark = if mark.is_positive() { mark } else { order.limit().unwrap_or(Price::ZERO) };
        if let Some(top) = self.tops.get(order.instrument.index()) {
            self.risk.opened(&order, opens, mark, top);
        }
        out.push(Output::Order(command));
        Ok(())
    }

    fn refuse(&mut self, order: Order, refusal: Refusal, out: &mut Vec<Output>) -> Result<()> {
        self.orders.add(order)?;
        out.push(Output::Refusal(RefusalRecord {
            ts: self.now,
            order: order.id,
            strategy: order.strategy,
            instrument: order.instrument,
            side: order.side,
            qty: order.qty,
            price: order.limit(),
            refusal,
        }));
        self.notices.push_back(Notice::Update(OrderUpdate { order, before: OrderStatus::Refused, refusal: Some(refusal) }));
        Ok(())
    }

    pub(super) fn cancel(&mut self, id: OrderId, out: &mut Vec<Output>) -> Result<()> {
        let Some(order) = self.orders.get(id).copied() else { return Ok(()) };
        let replacing = order.status() == OrderStatus::PendingReplace;
        if replacing || matches!(order.status(), OrderStatus::PendingNew | OrderStatus::New | OrderStatus::PartiallyFilled) {
            self.update(id, OrderEvent::CancelRequested)?;
            self.risk.cancel_sent(id, self.now);
            out.push(Output::Order(OrderCommand::Cancel { order: id, instrument: order.instrument }));
        }
        if replacing {
            // Whether it or its replacement works in the end, only the venue knows by now.
            if let Some(new) = self.replacement_of(id) {
                self.cancel(new, out)?;
            }
        }
        Ok(())
    }

    fn replace(
        &mut self,
        s: StrategyId,
        old: OrderId,
        qty: Option<Qty>,
        limit: Option<Price>,
        stop: Option<Price>,
        out: &mut Vec<Output>,
    ) -> Result<()> {
        let id = self.orders.next_id();
        let Some(order) = self.orders.get(old).copied() else {
            return Err(Error::Order { order: old.to_string(), why: "is not known; replace an order that submit gave".to_owned() });
        };
        let mut request = order.request();
        request.qty = qty.unwrap_or(request.qty);
        request.limit = limit.or(request.limit);
        request.stop = stop.or(request.stop);
        let mut new = Order::new(id, s, &request, self.reference(request.instrument), self.now);
        new.replaces = old;
        let why = match order.status() {
            // How much of its quantity the order before it has filled is not known until the venue says so.
            OrderStatus::PendingNew if order.replaces.0 != 0 => Some("the order to replace is itself a replacement on its way"),
            OrderStatus::PendingNew | OrderStatus::New | OrderStatus::PartiallyFilled if request.qty <= order.filled => {
                Some("the new quantity is filled already")
            }
            OrderStatus::PendingNew | OrderStatus::New | OrderStatus::PartiallyFilled => None,
            OrderStatus::PendingCancel | OrderStatus::PendingReplace => Some("a cancel or replace of the order is on its way"),
            _ => Some("the order to replace is no longer open"),
        };
        if let Some(why) = why {
            let refused = Order::refused(id, s, &request, new.reference, self.now);
            return self.refuse(refused, Refusal::invalid(why), out);
        }
        let remains = request.qty.checked_sub(order.filled)?;
        // Judge what would remain as if the old order were gone.
        if let Err(refusal) = self.judge(s, &OrderRequest { qty: remains, ..request }, Some(old))? {
            return self.refuse(Order::refused(id, s, &request, new.reference, self.now), refusal, out);
        }
        new.replace_change = remains.raw() - order.remaining().raw();
        self.update(old, OrderEvent::ReplaceRequested)?;
        self.launch(new, new.replace_change.max(0), OrderCommand::Replace { old, new }, out)
    }
}
