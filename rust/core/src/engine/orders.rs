//! Orders in the engine: what strategies ask for becomes commands to the venue, and the venue's reports become fills.

use super::core::{Engine, Notice};
use super::{Fill, OrderUpdate, Output, RefusalRecord, Trust};
use crate::ledger::Booking;
use crate::order::{Order, OrderClass, OrderEvent, OrderRequest, OrderStatus, Restatement, Role, Trail};
use crate::risk::{Refusal, RiskContext};
use crate::strategy::Intent;
use crate::types::{Error, Money, OrderId, Price, Qty, Result, StrategyId, Timestamp};
use crate::venue::{OrderCommand, Report, ReportKind};
use std::cmp::Reverse;

/// An order as it was asked for.
pub(super) struct Sent<'a> {
    pub(super) strategy: StrategyId,
    pub(super) request: &'a OrderRequest,
    pub(super) reference: Price,
}

/// What a replacement changes; `None` keeps what there is.
pub(super) struct Change {
    pub(super) qty: Option<Qty>,
    pub(super) limit: Option<Price>,
    pub(super) stop: Option<Price>,
    pub(super) trail: Option<Trail>,
}

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
            ReportKind::Accepted(id) => self.update(id, OrderEvent::New)?,
            ReportKind::Queued(id) => self.update(id, OrderEvent::Accepted)?,
            ReportKind::Held(id) => self.update(id, OrderEvent::Held)?,
            ReportKind::Restated { order, terms } => self.restate(order, terms)?,
            ReportKind::Rejected(id) => self.update(id, OrderEvent::Rejected)?,
            ReportKind::Canceled(id) => self.update(id, OrderEvent::Canceled)?,
            ReportKind::Expired(id) => self.update(id, OrderEvent::Expired)?,
            ReportKind::CancelRejected(id) => {
                if self.is_open(id) {
                    self.update(id, OrderEvent::CancelRejected)?;
                }
            }
            ReportKind::Replaced { old, new } => {
                let filled = self.orders.get(old).map_or(Qty::ZERO, |o| o.filled);
                if !filled.is_zero() {
                    self.orders.carry_fills(new, filled)?;
                }
                // While a replace was pending the larger of both orders counted as open; now the new one alone does. What
                // replaces a leg counts as the leg did.
                let counts = self.orders.get(old).is_some_and(Order::is_counted);
                self.risk.closed(old);
                self.risk.resized(new, self.orders.get(new).filter(|_| counts).map_or(0, |o| o.remaining().raw()));
                let before = self.orders.get(old).map(Order::status);
                let order = self.orders.apply(old, OrderEvent::Replaced, self.now)?;
                if order.class != OrderClass::Simple {
                    self.orders.relink(old, new);
                }
                self.notices.push_back(Notice::Update(OrderUpdate { order, before: before.unwrap_or(order.status()), refusal: None }));
            }
            ReportKind::ReplaceRejected { old, new } => {
                self.risk.closed(new);
                let before = self.orders.get(new).map(Order::status);
                let order = self.orders.apply(new, OrderEvent::Rejected, self.now)?;
                self.notices.push_back(Notice::Update(OrderUpdate { order, before: before.unwrap_or(order.status()), refusal: None }));
                if self.orders.get(old).is_some_and(Order::is_being_replaced) {
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
        if order.class != OrderClass::Simple {
            self.recount(id);
        }
        self.notices.push_back(Notice::Update(OrderUpdate { order, before: before.unwrap_or(order.status()), refusal: None }));
        Ok(())
    }

    /// The venue states new terms of an order.
    fn restate(&mut self, id: OrderId, terms: Restatement) -> Result<()> {
        let Some(before) = self.orders.get(id).copied() else { return Ok(()) };
        let order = self.orders.apply(id, OrderEvent::Restated(terms), self.now)?;
        if order.is_counted() {
            self.risk.resized(id, order.remaining().raw());
            let new = if order.role == Role::Parent && order.is_being_replaced() { self.replacement_of(id) } else { None };
            if let Some(new) = new.and_then(|new| self.orders.get(new)).copied() {
                // While a replace is on its way the larger of both counts.
                let opens = new.replace_change - (order.qty.raw() - before.qty.raw());
                self.orders.reopen(new.id, opens);
                self.risk.resized(new.id, opens.max(0));
            }
        }
        self.notices.push_back(Notice::Update(OrderUpdate { order, before: before.status(), refusal: None }));
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
        if order.class != OrderClass::Simple {
            self.recount(id);
        }
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
    pub fn replacement_of(&self, old: OrderId) -> Option<OrderId> {
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
        let (status, base) = (order.status(), order.base_status());
        match *kind {
            ReportKind::Filled { qty, .. } => {
                if !qty.is_positive() || qty > order.remaining() || matches!(status, S::Rejected | S::Refused) {
                    let so_far = format!("order {} is {}, {} of {} filled", order.id, status.as_str(), order.filled, order.qty);
                    return impossible(format!("a fill of {qty} cannot be: {so_far}"), true);
                }
                Sense::Sound
            }
            ReportKind::Accepted(_) if !matches!(base, S::New | S::PartiallyFilled | S::Stopped) && !base.is_terminal() => Sense::Sound,
            ReportKind::Queued(_) if matches!(base, S::PendingNew | S::PendingReview | S::Held | S::DoneForDay) => Sense::Sound,
            ReportKind::Held(_) if matches!(base, S::PendingNew | S::Accepted) => Sense::Sound,
            ReportKind::Restated { terms, .. } if !base.is_terminal() && terms.qty > order.filled => Sense::Sound,
            ReportKind::Accepted(_) | ReportKind::Queued(_) | ReportKind::Held(_) | ReportKind::Restated { .. } => Sense::Stale,
            ReportKind::Rejected(_) if !order.filled.is_zero() => {
                impossible(format!("order {} is rejected after fills of {}", order.id, order.filled), true)
            }
            ReportKind::Replaced { old, new } => match self.orders.get(new) {
                // The replacement's own news may have come before.
                Some(replacement) if replacement.replaces == old => {
                    if order.is_being_replaced() {
                        Sense::Sound
                    } else {
                        Sense::Stale
                    }
                }
                _ => impossible(format!("order {new} is said to replace {old}, and does not"), false),
            },
            ReportKind::ReplaceRejected { new, .. } => {
                let waits = self.orders.get(new).is_some_and(|o| matches!(o.status(), S::PendingNew | S::PendingCancel | S::Accepted));
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
                Intent::Submit(request) => self.submit(s, &request, None, out)?,
                Intent::SubmitNamed { request, client_order_id } => self.submit(s, &request, Some(&client_order_id), out)?,
                Intent::Cancel(id) => self.cancel(id, out)?,
                Intent::Replace { order, qty, limit, stop, trail } => {
                    self.replace(s, order, &Change { qty, limit, stop, trail }, out)?;
                }
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
        let open_orders = self.orders.open().len().saturating_sub(usize::from(old.is_some())) + request.legs() as usize;
        let context = RiskContext { now: self.now, strategy: s, top, ledger: &self.ledger, open_orders, gate: self.gate };
        Ok(match old {
            None => self.risk.check(request, &context),
            Some(old) => self.risk.check_replacement(old, request, &context),
        })
    }

    pub(super) fn submit(&mut self, s: StrategyId, request: &OrderRequest, name: Option<&str>, out: &mut Vec<Output>) -> Result<()> {
        let reference = self.reference(request.instrument);
        let mut sent = Sent { strategy: s, request, reference };
        let sized = match self.sized(request) {
            Ok(sized) => sized,
            Err(refusal) => return self.refuse_all(&sent, refusal, out),
        };
        sent.request = &sized;
        if let Some(why) = self.misfit(&sized, name) {
            return self.refuse_all(&sent, Refusal::invalid(why), out);
        }
        if let Err(refusal) = self.judge(s, &sized, None)? {
            return self.refuse_all(&sent, refusal, out);
        }
        let client = name.and_then(|name| self.orders.name_next(name).ok()).unwrap_or(0);
        let order = Order::new(self.orders.next_id(), s, &OrderRequest { client, ..sized }, reference, self.now);
        if sized.class == OrderClass::Simple {
            return self.launch(order, sized.qty.raw(), OrderCommand::New(order), out);
        }
        let (parent, legs) = order.with_legs(&sized);
        self.launch_group(parent, &legs, out)
    }

    pub(super) fn launch(&mut self, order: Order, opens: i64, command: OrderCommand, out: &mut Vec<Output>) -> Result<()> {
        self.orders.add(order)?;
        if self.keeps_changed {
            self.changed.push(order.id);
        }
        let mark = self.ledger.mark_of(order.instrument);
        let mark = if mark.is_positive() { mark } else { order.limit().unwrap_or(Price::ZERO) };
        if let Some(top) = self.tops.get(order.instrument.index()) {
            self.risk.opened(&order, opens, mark, top);
        }
        out.push(Output::Order(command));
        Ok(())
    }

    pub(super) fn refuse(&mut self, order: Order, refusal: Refusal, out: &mut Vec<Output>) -> Result<()> {
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
        if !order.status().is_terminal() && order.status() != OrderStatus::PendingCancel {
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

    pub(super) fn replace(&mut self, s: StrategyId, old: OrderId, change: &Change, out: &mut Vec<Output>) -> Result<()> {
        use OrderStatus as S;
        let id = self.orders.next_id();
        let Some(order) = self.orders.get(old).copied() else {
            return Err(Error::Order { order: old.to_string(), why: "is not known; replace an order that submit gave".to_owned() });
        };
        let mut request = order.request();
        request.qty = change.qty.unwrap_or(request.qty);
        request.limit = change.limit.or(request.limit);
        request.stop = change.stop.or(request.stop);
        request.trail = change.trail.or(request.trail);
        let mut new = Order::new(id, s, &request, self.reference(request.instrument), self.now);
        new.replaces = old;
        let why = match order.status() {
            // How much of its quantity the order before it has filled is not known until the venue says so.
            S::PendingNew if order.replaces.0 != 0 => Some("the order to replace is itself a replacement on its way"),
            S::PendingNew | S::New | S::PartiallyFilled | S::Accepted | S::Held if request.qty <= order.filled => {
                Some("the new quantity is filled already")
            }
            S::PendingNew | S::New | S::PartiallyFilled | S::Accepted | S::Held => {
                request.broker_fault(self.assets.get(request.instrument.index()).copied().unwrap_or_default())
            }
            S::PendingCancel | S::PendingReplace => Some("a cancel or replace of the order is on its way"),
            _ => Some("the order to replace is no longer open"),
        };
        if let Some(why) = why {
            let refused = Order::refused(id, s, &request, new.reference, self.now);
            return self.refuse(refused, Refusal::invalid(why), out);
        }
        let remains = request.qty.checked_sub(order.filled)?;
        let sought = OrderRequest { qty: remains, ..request };
        let leg = order.role != Role::Parent;
        let verdict = if leg {
            // It closes what its parent opened, and was judged with it.
            sought.fault().map_or(Ok(()), |why| Err(Refusal::invalid(why)))
        } else {
            // Judge what would remain as if the old order were gone.
            self.judge(s, &sought, Some(old))?
        };
        if let Err(refusal) = verdict {
            return self.refuse(Order::refused(id, s, &request, new.reference, self.now), refusal, out);
        }
        // A leg may begin or cease to count while its replacement is on its way: that counts once the venue has put it in place.
        new.count(!leg);
        new.replace_change = if leg { 0 } else { remains.raw() - order.remaining().raw() };
        self.update(old, OrderEvent::ReplaceRequested)?;
        self.launch(new, new.replace_change.max(0), OrderCommand::Replace { old, new }, out)
    }
}
