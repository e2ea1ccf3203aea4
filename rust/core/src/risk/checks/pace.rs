//! How many, how fast, and against whom: open orders, rates, repeated orders and executions, own resting orders.

use super::{Check, Facts, Finding, Flow, Judge, Scope};
use crate::risk::bucket::Bucket;
use crate::risk::profile::Row;
use crate::types::Side;

/// An own order that rests on the other side and that this one would reach. A market order reaches every one, as Alpaca
/// sees it; a stop does not trade on arrival.
#[inline]
pub(super) fn self_match<J: Judge>(f: &Facts<'_>, judge: &mut J) -> Flow {
    if f.request.kind.has_stop() {
        return Flow::Continue(());
    }
    let resting = if f.request.side == Side::Buy { f.entry.best_sell } else { f.entry.best_buy };
    let reaches = resting.is_positive()
        && f.request.limit.is_none_or(|limit| match f.request.side {
            Side::Buy => limit >= resting,
            Side::Sell => limit <= resting,
        });
    let finding = Finding::new(Check::SelfMatch, f.profile.self_match, !reaches);
    judge.hear(&finding, || (f.request.limit.map_or(0.0, crate::types::Price::to_f64), resting.to_f64()))
}

#[inline]
pub(super) fn open_orders<J: Judge>(f: &Facts<'_>, judge: &mut J) -> Flow {
    let exposure = &f.risk.exposure;
    for row in f.rows() {
        let Some(max) = row.open else { continue };
        let open = match row.scope {
            Scope::Account => f.context.open_orders,
            Scope::Group(_) => exposure.groups.get(usize::from(row.place)).map_or(0, |g| g.orders as usize),
            Scope::Instrument => f.entry.orders as usize,
            Scope::Strategy => f.own.map_or(0, |(own, _)| own.totals.orders as usize),
        };
        let pass = open < max as usize;
        judge.hear(&Finding::new(Check::OpenOrders, row.scope, pass), || (open as f64 + 1.0, f64::from(max)))?;
    }
    Flow::Continue(())
}

#[inline]
pub(super) fn open_in_instrument<J: Judge>(f: &Facts<'_>, judge: &mut J) -> Flow {
    let (open, max) = (f.entry.orders, f.profile.open_in_instrument);
    let finding = Finding::new(Check::OpenInInstrument, max.scope, open < max.at);
    judge.hear(&finding, || (f64::from(open) + 1.0, f64::from(max.at)))
}

/// The same order within the window.
#[inline]
pub(super) fn duplicate<J: Judge>(f: &Facts<'_>, judge: &mut J) -> Flow {
    let window = f.profile.duplicate_ns;
    let Some(last) = f.risk.recent.last(f.request, f.context.strategy) else { return Flow::Continue(()) };
    let ago_ns = f.context.now.since(last);
    let finding = Finding::new(Check::Duplicate, window.scope, ago_ns >= window.at);
    judge.hear(&finding, || (ago_ns as f64 / 1e6, window.at as f64 / 1e6))
}

/// Messages for each order that filled, once there are more than the grace.
#[inline]
pub(super) fn order_to_fill<J: Judge>(f: &Facts<'_>, judge: &mut J) -> Flow {
    for row in f.rows() {
        let Some(max) = row.order_to_fill else { continue };
        let messages = row.messages + 1;
        let ratio = messages as f64 / row.fills.max(1) as f64;
        let pass = messages <= u64::from(row.grace) || ratio <= max;
        judge.hear(&Finding::new(Check::OrderToFill, row.scope, pass), || (ratio, max))?;
    }
    Flow::Continue(())
}

#[inline]
fn rate<J: Judge>(f: &Facts<'_>, judge: &mut J, check: Check, part: impl Fn(&Row) -> (Option<&Bucket>, u32)) -> Flow {
    for row in f.rows() {
        let (Some(bucket), max) = part(row) else { continue };
        let now = f.context.now;
        judge.hear(&Finding::new(check, row.scope, bucket.has(now)), || (bucket.used(now) as f64 + 1.0, f64::from(max)))?;
    }
    Flow::Continue(())
}

#[inline]
pub(super) fn executions<J: Judge>(f: &Facts<'_>, judge: &mut J) -> Flow {
    rate(f, judge, Check::Executions, |row| (row.executions.as_ref(), row.max_executions))
}

#[inline]
pub(super) fn cancels<J: Judge>(f: &Facts<'_>, judge: &mut J) -> Flow {
    rate(f, judge, Check::Cancels, |row| (row.cancels.as_ref(), row.max_cancels))
}

#[inline]
pub(super) fn per_minute<J: Judge>(f: &Facts<'_>, judge: &mut J) -> Flow {
    rate(f, judge, Check::PerMinute, |row| (row.per_minute.as_ref(), row.max_minute))
}

#[inline]
pub(super) fn per_second<J: Judge>(f: &Facts<'_>, judge: &mut J) -> Flow {
    rate(f, judge, Check::PerSecond, |row| (row.per_second.as_ref(), row.max_second))
}
