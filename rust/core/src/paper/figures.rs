//! `/account`: the figures of an account, and what its open orders hold of its buying power.

use super::calendar::date_text;
use super::json::{text, time_text};
use super::state::{Holder, State};
use crate::account::AccountKind;
use crate::types::{InstrumentId, Money, OrderId, Qty, Timestamp};
use serde_json::{Value, json};

/// What is left of `amount`, at least nothing.
fn at_least_zero(raw: i128) -> Money {
    Money::from_raw(raw.max(0))
}

impl State {
    /// Cost of the open opening orders of an account, leaving `except` out: of all, and of those that no margin is lent on.
    pub(super) fn held(&self, account: usize, except: Option<OrderId>) -> (Money, Money) {
        let (mut all, mut full) = (0, 0);
        for &id in self.orders.open() {
            let (Some(order), Some(extra)) = (self.orders.get(id), self.extra(id)) else { continue };
            if order.strategy.index() != account || Some(id) == except || !extra.hold.is_positive() {
                continue;
            }
            let mut cost = Money::notional(extra.hold, order.remaining()).raw();
            if let Some(old) = self.replacing(order).filter(|old| Some(old.id) != except) {
                // Of both the larger counts.
                let known = self.extra(old.id).map_or(0, |e| Money::notional(e.hold, old.remaining()).raw());
                cost = (cost - known).max(0);
            }
            all += cost;
            full += if self.is_full(order.instrument) { cost } else { 0 };
        }
        (Money::from_raw(all), Money::from_raw(full))
    }

    /// True where nothing is lent on an instrument.
    pub(super) fn is_full(&self, instrument: InstrumentId) -> bool {
        self.is_crypto(instrument) || self.asset(instrument).is_some_and(|a| !a.marginable)
    }

    /// What opening orders may cost, `held` being what open ones hold: on margin, and of what no margin is lent on.
    pub(super) fn powers(&self, account: usize, held: Money) -> (Money, Money) {
        let holder = &self.holders[account];
        let figures = holder.account.figures(&holder.ledger, held);
        let excess = holder.ledger.equity().raw() - figures.initial_margin.raw();
        let own = match (holder.account.config().kind, figures.multiplier) {
            (AccountKind::Cash, _) | (_, 1) => figures.buying_power.raw(),
            (_, multiplier) => excess - held.raw() / i128::from(multiplier.min(2)),
        };
        (figures.buying_power, at_least_zero(own))
    }

    pub(super) fn account_json(&self, account: usize) -> Value {
        let (holder, spec) = (&self.holders[account], &self.config.accounts[account]);
        let (held, _) = self.held(account, None);
        let figures = holder.account.figures(&holder.ledger, held);
        let (buying_power, own) = self.powers(account, held);
        let equity = holder.ledger.equity();
        let (long, short) = holder.market_values();
        let regt = at_least_zero(2 * (equity.raw() - figures.initial_margin.raw()) - held.raw());
        let regt = if figures.multiplier < 2 { buying_power } else { regt };
        let day_trading = if figures.multiplier == 4 { buying_power } else { Money::ZERO };
        let blocked = holder.settings.suspend_trade;
        let created = spec.created_at_ns.map_or(self.config.start(), Timestamp::from_nanos);
        let mut fees = 0;
        for activity in holder.activities.iter().rev().take_while(|a| a.ts >= self.last_day) {
            fees -= activity.cash().filter(|(code, _)| *code == "FEE").map_or(0, |(_, amount)| amount.raw());
        }
        json!({
                "id": spec.id.to_string(),
                "account_number": spec.account_number,
                "status": "ACTIVE",
                "crypto_status": "ACTIVE",
                "currency": "USD",
                "buying_power": text(buying_power),
                "regt_buying_power": text(regt),
                "daytrading_buying_power": text(day_trading),
                "effective_buying_power": text(buying_power),
                "non_marginable_buying_power": text(own),
                "options_buying_power": text(own),
                "bod_dtbp": text(if figures.multiplier == 4 { at_least_zero(4 * (figures.last_equity.raw() - holder.account.last_maintenance().raw())) } else { Money::ZERO }),
                "cash": text(holder.ledger.cash()),
                "accrued_fees": "0",
                "pending_transfer_in": "0",
                "pending_transfer_out": "0",
                "pending_reg_taf_fees": text(Money::from_raw(fees)),
                "portfolio_value": text(equity),
                "pattern_day_trader": figures.pattern_day_trader,
                "trading_blocked": false,
                "transfers_blocked": false,
                "account_blocked": false,
                "created_at": time_text(created),
                "trade_suspended_by_user": blocked,
                "multiplier": figures.multiplier.to_string(),
                "shorting_enabled": holder.account.may_short(&holder.ledger) && figures.multiplier > 1,
                "equity": text(equity),
                "last_equity": text(holder.last_equity),
                "long_market_value": text(long),
                "short_market_value": text(short),
                "position_market_value": text(Money::from_raw(long.raw() - short.raw())),
                "initial_margin": text(figures.initial_margin),
                "maintenance_margin": text(figures.maintenance_margin),
                "last_maintenance_margin": text(holder.account.last_maintenance()),
                "sma": text(at_least_zero(equity.raw() - figures.initial_margin.raw())),
                "daytrade_count": figures.day_trades,
                "balance_asof": date_text(self.calendar.last_close(self.now).unwrap_or(self.config.start())),
                "crypto_tier": 1,
                "intraday_adjustments": "0",
                "options_approved_level": 0,
                "options_trading_level": 0,
        })
    }
}

impl Holder {
    /// Worth of what is held, and of what is owed (below zero).
    pub(super) fn market_values(&self) -> (Money, Money) {
        let (mut long, mut short) = (0, 0);
        for (instrument, qty) in self.positions() {
            let value = Money::notional(self.ledger.mark_of(instrument), qty).raw();
            *(if qty > Qty::ZERO { &mut long } else { &mut short }) += value;
        }
        (Money::from_raw(long), Money::from_raw(short))
    }
}
