//! What operators ask for beside the commands: orders by hand, parameters of strategies, and how things stand.

use super::Output;
use super::core::Engine;
use super::orders::Change;
use crate::order::OrderRequest;
use crate::risk::{RiskContext, Verdict};
use crate::strategy::Intent;
use crate::types::{Error, InstrumentId, OrderId, Result, StrategyId};

impl Engine {
    /// An order, a cancel or a replacement in the name of strategy `s`. Risk may refuse it as it may a strategy's own; what no
    /// strategy could ask for is an error, before anything has changed.
    pub(super) fn by_hand(&mut self, s: StrategyId, intent: &Intent, out: &mut Vec<Output>) -> Result<()> {
        self.require_strategy(s)?;
        match intent {
            Intent::Submit(request) => {
                self.require_instrument(request.instrument)?;
                self.submit(s, request, None, out)?;
            }
            Intent::SubmitNamed { request, client_order_id } => {
                self.require_instrument(request.instrument)?;
                self.submit(s, request, Some(client_order_id), out)?;
            }
            Intent::Cancel(id) => {
                self.require_order(*id)?;
                self.cancel(*id, out)?;
            }
            Intent::Replace { order, qty, limit, stop, trail } => {
                self.require_order(*order)?;
                self.replace(s, *order, &Change { qty: *qty, limit: *limit, stop: *stop, trail: *trail }, out)?;
            }
            Intent::Timer { .. } | Intent::Subscribe { .. } | Intent::SubscribeBars { .. } => {
                return Err(Error::config("request", "is no order, cancel or replacement; only these can be given by hand"));
            }
        }
        self.deliver(out)
    }

    /// Give strategy `s` parameters.
    pub(super) fn set_parameters(&mut self, s: StrategyId, text: &str, out: &mut Vec<Output>) -> Result<()> {
        self.require_strategy(s)?;
        self.slots[s.index()].record.is_vacant = false;
        self.call(s, out, |strategy, context| strategy.on_parameters(text, context))?;
        self.deliver(out)
    }

    /// Keep which orders change, to be taken with [`Self::take_changed`].
    pub fn keep_changed(&mut self, keeps: bool) {
        self.keeps_changed = keeps;
        self.changed.clear();
    }

    /// The orders that changed since this was last called, some more than once, in order.
    pub fn take_changed(&mut self) -> std::vec::Drain<'_, OrderId> {
        self.changed.drain(..)
    }

    /// Whether strategy `s` is there and called, how often it was, and its failures in the present window.
    pub fn calls(&self, s: StrategyId) -> Option<(bool, u64, usize)> {
        self.slots.get(s.index()).map(|slot| (!slot.record.is_isolated && !slot.record.is_vacant, slot.record.calls, slot.record.recent()))
    }

    /// What every check that is on says of `request` of strategy `s`; nothing is sent or counted.
    pub fn explain(&self, s: StrategyId, request: &OrderRequest) -> Result<Vec<Verdict>> {
        let top = self.tops.get(request.instrument.index()).ok_or_else(|| Error::config("instrument", "is not one of this engine"))?;
        let open_orders = self.orders.open().len() + request.legs() as usize;
        let context = RiskContext { now: self.now, strategy: s, top, ledger: &self.ledger, open_orders, gate: self.gate };
        Ok(self.risk.explain(request, &context))
    }

    fn require_strategy(&self, s: StrategyId) -> Result<()> {
        if s.index() < self.slots.len() {
            return Ok(());
        }
        Err(Error::config("strategy", format!("{} is not one of this engine", s.0)))
    }

    fn require_instrument(&self, instrument: InstrumentId) -> Result<()> {
        if instrument.index() < self.tops.len() {
            return Ok(());
        }
        Err(Error::config("instrument", "is not one of this engine"))
    }

    fn require_order(&self, id: OrderId) -> Result<()> {
        if self.orders.get(id).is_some() {
            return Ok(());
        }
        Err(Error::config("order", format!("{id} is not known; list the orders")))
    }
}
