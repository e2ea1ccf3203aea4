//! What the order could make of positions and exposure, open orders filling on the worst side. What shrinks a position passes.

use super::{Check, Facts, Finding, Flow, Judge, Scope, worst};
use crate::risk::exposure::{Entry, Totals};
use crate::risk::profile::Row;
use crate::types::{Money, Qty, Side};

#[inline]
pub(super) fn short<J: Judge>(f: &Facts<'_>, judge: &mut J) -> Flow {
    if f.request.side == Side::Buy {
        return Flow::Continue(());
    }
    if f.profile.own_no_short
        && let Some((_, own)) = f.own
    {
        let after = worst(f.request.side, f.request.qty, own.position, own);
        judge.hear(&Finding::new(Check::Short, Scope::Strategy, after >= 0), || (Qty::from_raw(after).to_f64(), 0.0))?;
    }
    let after = worst(f.request.side, f.request.qty, f.position, f.entry);
    if let Some(scope) = f.profile.no_short {
        judge.hear(&Finding::new(Check::Short, scope, after >= 0), || (Qty::from_raw(after).to_f64(), 0.0))?;
    }
    let account = &f.risk.account;
    if account.is_limited() {
        let pass = after >= 0 || account.may_short(f.context.ledger);
        let form = (!pass).then_some("the account is not allowed to short");
        let finding = Finding { form, ..Finding::new(Check::Short, Scope::Account, pass) };
        judge.hear(&finding, || (Qty::from_raw(after).to_f64(), 0.0))?;
    }
    Flow::Continue(())
}

#[inline]
pub(super) fn locate<J: Judge>(f: &Facts<'_>, judge: &mut J) -> Flow {
    let after = worst(f.request.side, f.request.qty, f.position, f.entry);
    if f.request.side == Side::Buy || after >= 0 {
        return Flow::Continue(());
    }
    let (short, located) = (Qty::from_raw(after.saturating_neg()), f.risk.account.locate(f.request.instrument));
    judge.hear(&Finding::new(Check::Locate, Scope::Account, short <= located), || (short.to_f64(), located.to_f64()))
}

#[inline]
pub(super) fn qty<J: Judge>(f: &Facts<'_>, judge: &mut J) -> Flow {
    if let (Some(max), Some((_, own)), false) = (f.profile.own_qty, f.own, f.own_shrinks()) {
        let after = Qty::from_raw(worst(f.request.side, f.request.qty, own.position, own)).abs();
        judge.hear(&Finding::new(Check::PositionQty, Scope::Strategy, after <= max), || (after.to_f64(), max.to_f64()))?;
    }
    if let (Some(max), false) = (f.profile.position_qty, f.shrinks) {
        let after = Qty::from_raw(worst(f.request.side, f.request.qty, f.position, f.entry)).abs();
        judge.hear(&Finding::new(Check::PositionQty, max.scope, after <= max.at), || (after.to_f64(), max.at.to_f64()))?;
    }
    Flow::Continue(())
}

#[inline]
fn worst_value(f: &Facts<'_>, position: i64, entry: &Entry) -> Option<Money> {
    let shares = Qty::from_raw(worst(f.request.side, f.request.qty, position, entry)).abs();
    f.price.map(|price| Money::notional(price, shares))
}

#[inline]
pub(super) fn notional<J: Judge>(f: &Facts<'_>, judge: &mut J) -> Flow {
    if let (Some(max), Some((_, own)), false) = (f.profile.own_notional, f.own, f.own_shrinks())
        && let Some(after) = worst_value(f, own.position, own)
    {
        judge.hear(&Finding::new(Check::PositionNotional, Scope::Strategy, after <= max), || (after.to_f64(), max.to_f64()))?;
    }
    if let (Some(max), false) = (f.profile.position_notional, f.shrinks)
        && let Some(after) = worst_value(f, f.position, f.entry)
    {
        judge.hear(&Finding::new(Check::PositionNotional, max.scope, after <= max.at), || (after.to_f64(), max.at.to_f64()))?;
    }
    Flow::Continue(())
}

/// Sums of a row's scope, the instrument's part in them, its position, and whether the order only shrinks that.
#[inline]
fn part<'a>(f: &'a Facts<'_>, row: &Row) -> Option<(Totals, &'a Entry, i64, bool)> {
    let exposure = &f.risk.exposure;
    Some(match row.scope {
        Scope::Account => (exposure.account, f.entry, f.position, f.shrinks),
        Scope::Group(_) => (*exposure.groups.get(usize::from(row.place))?, f.entry, f.position, f.shrinks),
        Scope::Instrument => (f.entry.totals(), f.entry, f.position, f.shrinks),
        Scope::Strategy => {
            let (own, entry) = f.own?;
            (own.totals, entry, entry.position, f.own_shrinks())
        }
    })
}

/// Gross exposure of the row's scope if the order joined; `None` where it only shrinks a position or has no price.
#[inline]
fn gross_after(f: &Facts<'_>, row: &Row) -> Option<Money> {
    let (totals, entry, position, shrinks) = part(f, row)?;
    if shrinks {
        return None;
    }
    let here = worst_value(f, position, entry)?;
    Some(Money::from_raw(totals.worst.raw() - entry.worst.raw() + here.raw().max(entry.worst.raw())))
}

#[inline]
pub(super) fn gross<J: Judge>(f: &Facts<'_>, judge: &mut J) -> Flow {
    for row in f.rows() {
        if let Some(max) = row.gross
            && let Some(after) = gross_after(f, row)
        {
            judge.hear(&Finding::new(Check::Gross, row.scope, after <= max), || (after.to_f64(), max.to_f64()))?;
        }
    }
    Flow::Continue(())
}

#[inline]
pub(super) fn leverage<J: Judge>(f: &Facts<'_>, judge: &mut J) -> Flow {
    for row in f.rows() {
        if let Some(leverage) = row.leverage
            && let Some(after) = gross_after(f, row)
        {
            let power = f.context.ledger.equity().to_f64() * leverage;
            judge.hear(&Finding::new(Check::Leverage, row.scope, after.to_f64() <= power), || (after.to_f64(), power))?;
        }
    }
    Flow::Continue(())
}

/// As if every open order of this side filled, and none of the other.
#[inline]
pub(super) fn net<J: Judge>(f: &Facts<'_>, judge: &mut J) -> Flow {
    for row in f.rows() {
        if let (Some(max), Some((totals, _, _, false)), Some(_)) = (row.net, part(f, row), f.price) {
            let (open, sign) = match f.request.side {
                Side::Buy => (totals.buy_value, 1),
                Side::Sell => (totals.sell_value, -1),
            };
            let after = Money::from_raw(totals.net.raw() + sign * (open.raw() + f.notional.raw())).abs();
            let pass = after <= max || after.raw() <= totals.net.raw().abs();
            judge.hear(&Finding::new(Check::Net, row.scope, pass), || (after.to_f64(), max.to_f64()))?;
        }
    }
    Flow::Continue(())
}
