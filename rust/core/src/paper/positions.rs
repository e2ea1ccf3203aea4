//! `/positions`: what an account holds, and closing it.

use super::checks::Releasing;
use super::json::{order_json, text};
use super::orders::Ask;
use super::query::Query;
use super::refusal::{Answer, Refusal};
use super::state::State;
use super::watchlists::exchange;
use crate::order::{OrderClass, OrderRequest, OrderStatus, TimeInForce};
use crate::types::{InstrumentId, Money, OrderId, Price, Qty, SCALE, Side, div_half_even};
use serde_json::{Value, json};

/// `part ÷ whole` as a decimal of nine digits; zero where there is no whole.
fn ratio(part: Money, whole: Money) -> Price {
    if whole == Money::ZERO {
        return Price::ZERO;
    }
    let scaled = part.raw().saturating_mul(i128::from(SCALE)) * whole.raw().signum();
    Price::from_raw(i64::try_from(div_half_even(scaled, whole.raw().abs())).unwrap_or(0))
}

impl State {
    pub(super) fn position_json(&self, account: usize, instrument: InstrumentId) -> Value {
        let holder = &self.holders[account];
        let (Some(position), Some(asset)) = (holder.position(instrument), self.asset(instrument)) else { return Value::Null };
        let mark = holder.ledger.mark_of(instrument);
        let value = position.value(mark);
        let close = Some(self.closes[instrument.index()]).filter(|p| p.is_positive()).unwrap_or(mark);
        // Since the day began: shares of before at the last close, those of today at what they cost.
        let kept = holder.overnight.get(&instrument.0).copied().unwrap_or(Qty::ZERO);
        let today = Qty::from_raw(position.qty.raw() - kept.raw());
        let cost_today = if position.qty.is_zero() { Ok(Money::ZERO) } else { position.cost.mul_ratio(today.raw(), position.qty.raw()) };
        let base = Money::from_raw(Money::notional(close, kept).raw() + cost_today.unwrap_or(position.cost).raw());
        let intraday = Money::from_raw(value.raw() - base.raw());
        let available = self.available(account, instrument, None, Releasing::Nothing);
        let sign = position.qty.raw().signum();
        json!({
            "asset_id": asset.id.to_string(),
            "symbol": asset.symbol,
            "exchange": exchange(asset),
            "asset_class": asset.asset_class.as_str(),
            "asset_marginable": asset.marginable && !self.is_crypto(instrument),
            "qty": text(position.qty),
            "qty_available": text(Qty::from_raw(available.raw() * sign)),
            "avg_entry_price": text(position.average_price()),
            "side": if sign < 0 { "short" } else { "long" },
            "market_value": text(value),
            "cost_basis": text(position.cost),
            "unrealized_pl": text(position.unrealized(mark)),
            "unrealized_plpc": text(ratio(position.unrealized(mark), position.cost.abs())),
            "unrealized_intraday_pl": text(intraday),
            "unrealized_intraday_plpc": text(ratio(intraday, base.abs())),
            "current_price": text(mark),
            "lastday_price": text(close),
            "change_today": text(ratio(Money::notional(Price::from_raw(mark.raw() - close.raw()), Qty::from_raw(SCALE)), Money::from_raw(i128::from(close.raw())))),
        })
    }

    fn held_position(&self, account: usize, name: &str) -> Result<InstrumentId, Refusal> {
        let found = self.instrument(name).filter(|&i| !self.holders[account].ledger.net_qty(i).is_zero());
        found.ok_or_else(|| Refusal::not_found("position does not exist"))
    }

    pub(super) fn list_positions(&self, account: usize) -> Value {
        self.holders[account].positions().map(|(i, _)| self.position_json(account, i)).collect()
    }

    pub(super) fn get_position(&self, account: usize, name: &str) -> Answer {
        let instrument = self.held_position(account, name)?;
        Ok((200, self.position_json(account, instrument)))
    }

    /// Close a position or part of it by a market order.
    pub(super) fn close_position(&mut self, account: usize, name: &str, query: &Query) -> Answer {
        let instrument = self.held_position(account, name)?;
        let held = self.holders[account].ledger.net_qty(instrument).abs();
        let number = |field: &str| {
            let value = query.get(field).map(|text| Price::parse(text.as_bytes()).map(Price::raw)).transpose();
            value.map_err(|_| Refusal::malformed(format!("invalid {field}: must be a number of at most 9 decimals")))
        };
        let qty = match (number("qty")?, number("percentage")?) {
            (Some(_), Some(_)) => return Err(Refusal::malformed("only one of qty or percentage is accepted")),
            (Some(raw), None) if raw > 0 => Qty::from_raw(raw),
            (None, Some(raw)) if raw > 0 && raw <= 100 * SCALE => {
                let part = i128::from(held.raw()) * i128::from(raw) / (100 * i128::from(SCALE));
                Qty::from_raw(part as i64)
            }
            (None, None) => held,
            (Some(_), _) => return Err(Refusal::malformed("qty must be > 0")),
            _ => return Err(Refusal::malformed("percentage must be > 0 and at most 100")),
        };
        let order = self.send_close(account, instrument, qty, Releasing::Nothing)?;
        Ok((200, order))
    }

    fn send_close(&mut self, account: usize, instrument: InstrumentId, qty: Qty, releasing: Releasing) -> Result<Value, Refusal> {
        let side = if self.holders[account].ledger.net_qty(instrument).raw() > 0 { Side::Sell } else { Side::Buy };
        let tif = if self.is_crypto(instrument) { TimeInForce::Gtc } else { TimeInForce::Day };
        let request = OrderRequest { tif, class: OrderClass::Simple, ..OrderRequest::market(instrument, side, qty) };
        self.place(account, &Ask { request, client_order_id: None, releasing })
    }

    /// Close everything: one answer a position.
    pub(super) fn close_all(&mut self, account: usize, query: &Query) -> Answer {
        let cancels = query.flag("cancel_orders")?;
        if cancels {
            for id in self.open_of(account) {
                self.cancel(id);
            }
        }
        let releasing = if cancels { Releasing::Canceled } else { Releasing::Nothing };
        let held: Vec<(InstrumentId, Qty)> = self.holders[account].positions().collect();
        let mut rows = Vec::with_capacity(held.len());
        for (instrument, qty) in held {
            let symbol = self.asset(instrument).map(|a| a.symbol.clone());
            let (status, body) = match self.send_close(account, instrument, qty.abs(), releasing) {
                Ok(order) => (200, order),
                Err(refusal) => (refusal.status, refusal.body()),
            };
            rows.push(json!({"symbol": symbol, "status": status, "body": body}));
        }
        Ok((207, Value::Array(rows)))
    }

    /// Open orders of an account, in order of submission.
    pub(super) fn open_of(&self, account: usize) -> Vec<OrderId> {
        let mine = |id: &OrderId| self.orders.get(*id).is_some_and(|o| o.strategy.index() == account);
        let mut open: Vec<OrderId> = self.orders.open().iter().copied().filter(mine).collect();
        open.sort_unstable();
        open
    }

    /// Cancel everything: one answer an order.
    pub(super) fn cancel_all(&mut self, account: usize) -> Value {
        let open = self.open_of(account);
        let mut rows = Vec::with_capacity(open.len());
        for id in open {
            let before = self.orders.get(id).map(crate::order::Order::status);
            // What one of a group took with it was asked to end with it.
            let asked = before.is_some_and(|s| s.is_terminal() || s == OrderStatus::PendingCancel) || self.cancel(id);
            let order = self.orders.get(id).copied();
            let uuid = self.extra(id).map(|e| e.id.to_string());
            let body = order.map_or(Value::Null, |o| order_json(self, &o, false));
            rows.push(json!({"id": uuid, "status": if asked { 200 } else { 500 }, "body": body}));
        }
        Value::Array(rows)
    }
}
