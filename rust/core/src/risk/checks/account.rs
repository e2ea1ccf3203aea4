//! What the account allows: buying power, settled shares, day trades.

use super::{Check, Facts, Finding, Flow, Judge, Scope};
use crate::types::{InstrumentId, Money, Qty, Side};

/// What opening orders hold, this one included, against the buying power. Closing orders hold nothing.
#[inline]
pub(super) fn buying_power<J: Judge>(f: &Facts<'_>, judge: &mut J) -> Flow {
    let account = &f.risk.account;
    if f.shrinks || !account.is_limited() {
        return Flow::Continue(());
    }
    let Some(cost) = account.cost_price(f.request, f.context.top) else { return Flow::Continue(()) };
    let here = f.entry.held_with(f.request.side, f.request.qty.raw(), Money::notional(cost, f.request.qty));
    let (held, before) = (f.risk.exposure.account.held, f.entry.held);
    let after = Money::from_raw(held.raw() - before.raw() + here.raw());
    let power = account.buying_power(f.context.ledger);
    // An order that holds nothing more passes, even where a loss has left less than what is held.
    let pass = after <= power || here <= before;
    judge.hear(&Finding::new(Check::BuyingPower, Scope::Account, pass), || (after.to_f64(), power.to_f64()))
}

#[inline]
pub(super) fn good_faith<J: Judge>(f: &Facts<'_>, judge: &mut J) -> Flow {
    let unpaid = f.risk.account.unpaid(f.request.instrument);
    if f.request.side == Side::Buy || unpaid.is_zero() {
        return Flow::Continue(());
    }
    let selling = Qty::from_raw(f.entry.open_sell.saturating_add(f.request.qty.raw()));
    let settled = Qty::from_raw(f.position.saturating_sub(unpaid.raw()));
    judge.hear(&Finding::new(Check::GoodFaith, Scope::Account, selling <= settled), || (selling.to_f64(), settled.to_f64()))
}

#[inline]
pub(super) fn day_trades<J: Judge>(f: &Facts<'_>, judge: &mut J) -> Flow {
    let closes = match f.request.side {
        Side::Buy => f.position < 0,
        Side::Sell => f.position > 0,
    };
    let entries = &f.risk.exposure.entries;
    let closing =
        |i: InstrumentId| entries.get(i.index()).is_some_and(|e| (e.position > 0 && e.open_sell > 0) || (e.position < 0 && e.open_buy > 0));
    let Some((after, allowed)) = f.risk.account.day_trades_after(f.request.instrument, closes, closing) else {
        return Flow::Continue(());
    };
    judge.hear(&Finding::new(Check::DayTrades, Scope::Account, after <= allowed), || (f64::from(after), f64::from(allowed)))
}
