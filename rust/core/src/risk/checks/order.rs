//! The order by itself: form, broker's rules, ticks, lots, size.

use super::{Check, Facts, Finding, Flow, Judge};
use crate::order::{OrderRequest, TimeInForce};
use crate::types::{Qty, SCALE};

/// It can be sent at all.
#[inline]
pub(super) fn form<J: Judge>(f: &Facts<'_>, judge: &mut J) -> Flow {
    let form = f.request.fault();
    judge.hear(&Finding { form, ..Finding::new(Check::Form, super::Scope::Account, form.is_none()) }, || (0.0, 0.0))
}

/// What Alpaca refuses for its combination of type, time in force and quantity, though it is well formed.
fn broker_fault(request: &OrderRequest) -> Option<&'static str> {
    if request.qty.raw() % SCALE != 0 && request.tif != TimeInForce::Day {
        return Some("fractional orders must be day orders");
    }
    None
}

#[inline]
pub(super) fn broker<J: Judge>(f: &Facts<'_>, judge: &mut J) -> Flow {
    let form = broker_fault(f.request);
    judge.hear(&Finding { form, ..Finding::new(Check::Broker, f.profile.broker, form.is_none()) }, || (0.0, 0.0))
}

/// Limit and stop are whole ticks.
#[inline]
pub(super) fn tick<J: Judge>(f: &Facts<'_>, judge: &mut J) -> Flow {
    let Some(tick) = f.profile.tick else { return Flow::Continue(()) };
    for price in [f.request.limit, f.request.stop].into_iter().flatten() {
        let finding = Finding::new(Check::Tick, tick.scope, tick.at.fits(price));
        judge.hear(&finding, || (price.to_f64(), tick.at.at(price).to_f64()))?;
    }
    Flow::Continue(())
}

/// The quantity is a multiple of the lot.
#[inline]
pub(super) fn lot<J: Judge>(f: &Facts<'_>, judge: &mut J) -> Flow {
    let (qty, lot) = (f.request.qty, f.profile.lot);
    // What is left of a position may be closed, whatever its size.
    let whole = if lot.at.raw() == SCALE { qty.raw() % SCALE == 0 } else { qty.raw() % lot.at.raw() == 0 };
    let whole = whole || (f.shrinks && qty.raw() == f.position.saturating_abs());
    judge.hear(&Finding::new(Check::Lot, lot.scope, whole), || (qty.to_f64(), lot.at.to_f64()))
}

/// Shares.
#[inline]
pub(super) fn qty<J: Judge>(f: &Facts<'_>, judge: &mut J) -> Flow {
    let (qty, max) = (f.request.qty, f.profile.order_qty);
    judge.hear(&Finding::new(Check::OrderQty, max.scope, qty <= max.at), || (qty.to_f64(), max.at.to_f64()))
}

/// Shares against an average day.
#[inline]
pub(super) fn adv<J: Judge>(f: &Facts<'_>, judge: &mut J) -> Flow {
    let max = f.profile.order_adv;
    let day: Qty = f.risk.market.average_volume(f.request.instrument);
    let (qty, day) = (f.request.qty.raw() as f64, day.raw() as f64);
    let pass = qty <= max.at * day;
    judge.hear(&Finding::new(Check::OrderAdv, max.scope, pass), || (if day > 0.0 { qty / day } else { f64::INFINITY }, max.at))
}

/// Dollars.
#[inline]
pub(super) fn notional<J: Judge>(f: &Facts<'_>, judge: &mut J) -> Flow {
    let max = f.profile.order_notional;
    judge.hear(&Finding::new(Check::OrderNotional, max.scope, f.notional <= max.at), || (f.notional.to_f64(), max.at.to_f64()))
}

/// Dollars, at least; what shrinks a position may be smaller.
#[inline]
pub(super) fn min_notional<J: Judge>(f: &Facts<'_>, judge: &mut J) -> Flow {
    let min = f.profile.min_notional;
    let pass = f.shrinks || f.notional >= min.at;
    judge.hear(&Finding::new(Check::MinNotional, min.scope, pass), || (f.notional.to_f64(), min.at.to_f64()))
}
