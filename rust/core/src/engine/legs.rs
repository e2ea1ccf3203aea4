//! Orders with legs, by dollars, and by names of their own, in the engine.

use super::Output;
use super::core::Engine;
use super::orders::Sent;
use crate::order::{Order, OrderClass, OrderRequest, OrderStatus, Role};
use crate::risk::{Refusal, Risk};
use crate::types::{OrderId, Qty, Result, SCALE, Side};
use crate::venue::OrderCommand;

impl Engine {
    /// `request` with the shares that its dollars buy at the price at which risk values it, rounded down to nine decimals; the venue
    /// settles the number at its own price.
    pub(super) fn sized(&self, request: &OrderRequest) -> std::result::Result<OrderRequest, Refusal> {
        let Some(notional) = request.notional.filter(|n| n.raw() > 0) else { return Ok(*request) };
        let top = self.tops.get(request.instrument.index());
        let price = top.and_then(|top| Risk::valuation(request, top)).filter(|p| p.is_positive());
        let Some(price) = price else {
            return Err(Refusal::unpriced());
        };
        let shares = notional.raw().saturating_mul(i128::from(SCALE)) / i128::from(price.raw());
        match i64::try_from(shares) {
            Ok(shares) if shares > 0 => Ok(OrderRequest { qty: Qty::from_raw(shares), ..*request }),
            _ => Err(Refusal::invalid("notional buys no number of shares that fits")),
        }
    }

    /// What speaks against `request` besides the risk checks.
    pub(super) fn misfit(&self, request: &OrderRequest, name: Option<&str>) -> Option<&'static str> {
        if let Some(name) = name
            && let Some(why) = self.orders.refuses_name(name)
        {
            return Some(why);
        }
        let asset = self.assets.get(request.instrument.index()).copied().unwrap_or_default();
        if let Some(why) = request.broker_fault(asset) {
            return Some(why);
        }
        if request.class == OrderClass::Oco && request.fault().is_none() {
            let held = self.ledger.net_qty(request.instrument).raw();
            let closes = match request.side {
                Side::Buy => held < 0,
                Side::Sell => held > 0,
            };
            return (!closes).then_some("an oco closes a position: send it once there is one, on the other side");
        }
        None
    }

    /// Send an order and its legs: legs first, so that they are there when their parent begins to trade.
    pub(super) fn launch_group(&mut self, parent: Order, legs: &[Option<Order>; 2], out: &mut Vec<Output>) -> Result<()> {
        let at = out.len();
        self.launch(parent, parent.qty.raw(), OrderCommand::New(parent), out)?;
        for &leg in legs.iter().flatten() {
            self.orders.add(leg)?;
            // It counts with nothing until it works.
            if let Some(top) = self.tops.get(leg.instrument.index()) {
                self.risk.opened(&leg, 0, self.ledger.mark_of(leg.instrument), top);
            }
            out.insert(out.len() - 1, Output::Order(OrderCommand::New(leg)));
        }
        debug_assert!(out.len() > at);
        Ok(())
    }

    /// Refuse an order and its legs.
    pub(super) fn refuse_all(&mut self, sent: &Sent<'_>, refusal: Refusal, out: &mut Vec<Output>) -> Result<()> {
        let refused = Order::refused(self.orders.next_id(), sent.strategy, sent.request, sent.reference, self.now);
        let (parent, legs) = if sent.request.class == OrderClass::Simple { (refused, [None; 2]) } else { refused.with_legs(sent.request) };
        self.refuse(parent, refusal, out)?;
        let mut made = 0;
        for leg in legs.into_iter().flatten() {
            self.refuse(leg, refusal, out)?;
            made += 1;
        }
        // The ids of legs that the class promises and the request does not have are used up too.
        for _ in made..sent.request.legs() {
            let nobody = Order::refused(self.orders.next_id(), sent.strategy, sent.request, sent.reference, self.now);
            self.refuse(nobody, refusal, out)?;
        }
        Ok(())
    }

    /// Of two exits that cancel each other one counts in the exposure: the take-profit while it may fill, else the stop-loss.
    /// A leg that is held does not count: the shares that it would sell are those that its parent counts for.
    pub(super) fn recount(&mut self, id: OrderId) {
        let Some(order) = self.orders.get(id).copied() else { return };
        let [profit, loss] = match (order.class, order.role) {
            (OrderClass::Simple, _) => return,
            (OrderClass::Oco, Role::Parent) => [order.id, order.legs()[1]],
            (OrderClass::Oco, _) => [order.parent, order.id],
            (_, Role::Parent) => order.legs(),
            (_, Role::TakeProfit) => [order.id, order.legs()[1]],
            (_, Role::StopLoss) => [order.legs()[0], order.id],
        };
        let active = |o: &Order| !o.status().is_terminal() && !matches!(o.base_status(), OrderStatus::Held | OrderStatus::PendingNew);
        let profit = self.orders.get(profit).copied();
        let loss = self.orders.get(loss).copied();
        let spent = profit.is_none_or(|o| o.status().is_terminal() && o.status() != OrderStatus::Filled);
        for (leg, counts) in [(profit, profit.as_ref().is_some_and(active)), (loss, spent && loss.as_ref().is_some_and(active))] {
            // A replacement counts as what it replaced did, until the venue says what it does.
            let settled = |o: &Order| o.base_status() != OrderStatus::PendingNew || o.replaces.0 == 0;
            let leg = leg.filter(|o| o.role != Role::Parent && !o.status().is_terminal() && o.is_counted() != counts && settled(o));
            let Some(leg) = leg else { continue };
            self.orders.count(leg.id, counts);
            self.risk.resized(leg.id, if counts { leg.remaining().raw() } else { 0 });
        }
    }
}
