//! What an account may order: shares to sell, buying power, shorting, wash trades and day trades.

use super::orders::Ask;
use super::refusal::Refusal;
use super::state::State;
use crate::order::{Order, OrderClass, OrderRequest, OrderStatus, OrderType, Role};
use crate::types::{InstrumentId, Money, OrderId, Price, Qty, SCALE, Side};

/// Which open orders no longer hold the shares that they would sell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Releasing {
    /// None.
    Nothing,
    /// Those of which the cancel is on its way.
    Canceled,
}

/// What an order was found to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    /// It closes a position.
    pub(super) closes: bool,
    /// What a share of it is taken to cost while it is open.
    pub(super) hold: Price,
}

impl State {
    /// True where an exit counts for its group: of two that cancel each other one does.
    fn counts(&self, order: &Order) -> bool {
        let open = |id: OrderId| self.orders.get(id).is_some_and(|o| !o.status().is_terminal());
        match (order.class, order.role) {
            _ if order.base_status() == OrderStatus::Held => false,
            (OrderClass::Simple, _) | (_, Role::Parent | Role::TakeProfit) => true,
            (OrderClass::Oco, Role::StopLoss) => !open(order.parent),
            (_, Role::StopLoss) => !open(order.legs()[0]),
        }
    }

    /// The order that `order` is on its way to replace: until it has, that one holds what both need.
    pub(super) fn replacing(&self, order: &Order) -> Option<&Order> {
        self.orders.get(order.replaces).filter(|old| !old.status().is_terminal() && order.base_status() == OrderStatus::PendingNew)
    }

    /// Shares of a position that no open order would close, leaving `except` out.
    pub(super) fn available(&self, account: usize, instrument: InstrumentId, except: Option<OrderId>, releasing: Releasing) -> Qty {
        let held = self.holders[account].ledger.net_qty(instrument);
        let closing = if held.raw() > 0 { Side::Sell } else { Side::Buy };
        let mut left = held.raw().abs();
        for &id in self.orders.open() {
            let Some(order) = self.orders.get(id) else { continue };
            let mine = order.strategy.index() == account && order.instrument == instrument && order.side == closing && Some(id) != except;
            let released = releasing == Releasing::Canceled && order.status() == OrderStatus::PendingCancel;
            if mine && !released && self.replacing(order).is_none() && self.counts(order) {
                left -= order.remaining().raw();
            }
        }
        Qty::from_raw(left.max(0))
    }

    /// May `account` send this, in the place of `old` where that is given?
    pub(super) fn check(&self, account: usize, ask: &Ask, old: Option<OrderId>) -> Result<Verdict, Refusal> {
        let request = &ask.request;
        let holder = &self.holders[account];
        let Some(asset) = self.asset(request.instrument) else { return Err(Refusal::unprocessable("asset not found")) };
        if holder.settings.suspend_trade {
            return Err(Refusal::forbidden("new orders are rejected by user request"));
        }
        let held = holder.ledger.net_qty(request.instrument);
        let closes = held.raw().signum() == -request.side.sign() && !held.is_zero();
        self.wash_trade(account, request, old)?;
        if closes {
            let available = self.available(account, request.instrument, old, ask.releasing);
            if request.qty > available {
                let wanted = request.qty;
                let message = format!("insufficient qty available for order (requested: {wanted}, available: {available})");
                return Err(Refusal::forbidden(message)
                    .with("symbol", &asset.symbol)
                    .with("existing_qty", held)
                    .with("held_for_orders", Qty::from_raw(held.abs().raw() - available.raw()))
                    .with("available", available));
            }
            self.day_trades(account, request, true)?;
            return Ok(Verdict { closes: true, hold: Price::ZERO });
        }
        if request.class == OrderClass::Oco {
            return Err(Refusal::unprocessable("oco orders must be exit orders"));
        }
        if request.side == Side::Sell {
            self.may_short(account, request)?;
        }
        self.day_trades(account, request, false)?;
        let hold = self.afford(account, request, old)?;
        Ok(Verdict { closes: false, hold })
    }

    fn may_short(&self, account: usize, request: &OrderRequest) -> Result<(), Refusal> {
        let holder = &self.holders[account];
        let Some(asset) = self.asset(request.instrument) else { return Ok(()) };
        if self.is_crypto(request.instrument) {
            let wanted = request.qty;
            return Err(Refusal::forbidden(format!("insufficient balance for {} (requested: {wanted}, available: 0)", asset.symbol))
                .with("symbol", &asset.symbol)
                .with("available", 0));
        }
        if request.notional.is_some() || request.qty.raw() % SCALE != 0 {
            return Err(Refusal::unprocessable("fractional orders cannot be sold short"));
        }
        if !holder.account.may_short(&holder.ledger) || holder.account.multiplier(&holder.ledger) < 2 {
            return Err(Refusal::forbidden("account is not allowed to short"));
        }
        if !asset.shortable || !asset.easy_to_borrow {
            return Err(Refusal::unprocessable(format!("asset \"{}\" cannot be sold short", asset.symbol)));
        }
        Ok(())
    }

    /// What a share is taken to cost, where there is buying power for all of them.
    fn afford(&self, account: usize, request: &OrderRequest, old: Option<OrderId>) -> Result<Price, Refusal> {
        let holder = &self.holders[account];
        let unpriced = || Refusal::unprocessable("no price is known for the symbol yet: wait for a quote, or use a limit order");
        let top = self.tops.get(request.instrument.index()).ok_or_else(unpriced)?;
        let price = holder.account.cost_price(request, top).ok_or_else(unpriced)?;
        let cost = request.notional.unwrap_or_else(|| Money::notional(price, request.qty));
        let (held, _) = self.held(account, old);
        let (margin, own) = self.powers(account, held);
        let power = if self.is_full(request.instrument) { own } else { margin };
        if cost > power {
            return Err(Refusal::forbidden("insufficient buying power").with("buying_power", power).with("cost_basis", cost));
        }
        Ok(price)
    }

    fn day_trades(&self, account: usize, request: &OrderRequest, closes: bool) -> Result<(), Refusal> {
        if self.is_full(request.instrument) {
            return Ok(());
        }
        let closing = |instrument: InstrumentId| {
            let held = self.holders[account].ledger.net_qty(instrument).raw().signum();
            let mut open = self.orders.open().iter().filter_map(|&id| self.orders.get(id));
            open.any(|o| o.strategy.index() == account && o.instrument == instrument && o.side.sign() == -held && self.counts(o))
        };
        match self.holders[account].account.day_trades_after(request.instrument, closes, closing) {
            Some((would_be, allowed)) if would_be > allowed => Err(Refusal::day_trading()),
            _ => Ok(()),
        }
    }

    /// An order that could trade with one of the account's own (Alpaca, "User Protection").
    fn wash_trade(&self, account: usize, request: &OrderRequest, old: Option<OrderId>) -> Result<(), Refusal> {
        let prices = |kind: OrderType, limit: Option<Price>| if kind.has_limit() { limit } else { None };
        let ours = prices(request.kind, request.limit);
        for &id in self.orders.open() {
            let Some(order) = self.orders.get(id) else { continue };
            let other = order.strategy.index() == account
                && order.instrument == request.instrument
                && order.side != request.side
                && Some(id) != old
                && order.base_status() != OrderStatus::Held
                && order.status() != OrderStatus::PendingCancel;
            if !other {
                continue;
            }
            let (crosses, reason) = match (ours, prices(order.kind, order.limit())) {
                (Some(ours), Some(theirs)) => {
                    let crosses = if request.side == Side::Buy { ours >= theirs } else { ours <= theirs };
                    (crosses, "opposite side limit order exists")
                }
                (None, Some(_)) => (true, "opposite side limit order exists"),
                (_, None) => (true, "opposite side market/stop order exists"),
            };
            if crosses {
                let existing = self.extra(id).map(|e| e.id.to_string()).unwrap_or_default();
                return Err(Refusal::forbidden("potential wash trade detected. use complex orders")
                    .with("existing_order_id", existing)
                    .with("reject_reason", reason));
            }
        }
        Ok(())
    }
}
