//! The market: lists, halts, bands, sessions, age of the data, distance from the price.

use super::{Check, Facts, Finding, Flow, Judge, RefusalCode, Scope};
use crate::order::{OrderType, TimeInForce};
use crate::risk::calendar::Phase;
use crate::types::{Price, Side};

#[inline]
pub(super) fn restricted<J: Judge>(f: &Facts<'_>, judge: &mut J) -> Flow {
    judge.hear(&Finding::new(Check::Restricted, f.profile.restricted, false), || (0.0, 0.0))
}

#[inline]
pub(super) fn halted<J: Judge>(f: &Facts<'_>, judge: &mut J) -> Flow {
    let halted = f.risk.market.is_halted(f.request.instrument);
    judge.hear(&Finding::new(Check::Halted, Scope::Account, !halted), || (0.0, 0.0))
}

/// Regular hours take every order; the sessions around them take limit orders for the day, if they are to be used. Crypto is traded,
/// and the opening waited for, at any hour.
#[inline]
pub(super) fn session<J: Judge>(f: &Facts<'_>, judge: &mut J) -> Flow {
    let limits = &f.risk.limits;
    let Some(calendar) = &limits.calendar else { return Flow::Continue(()) };
    let pass = match f.risk.market.phase(calendar, f.context.now) {
        Phase::Regular => true,
        Phase::Extended => limits.extended_hours && f.request.kind == OrderType::Limit && f.request.tif == TimeInForce::Day,
        Phase::Closed => false,
    };
    let is_crypto = || f.risk.symbols.get(f.request.instrument.index()).is_some_and(|symbol| symbol.contains('/'));
    let pass = pass || f.request.tif == TimeInForce::Opg || is_crypto();
    judge.hear(&Finding::new(Check::Session, Scope::Account, pass), || (0.0, 0.0))
}

/// Age of the last price.
#[inline]
pub(super) fn data_age<J: Judge>(f: &Facts<'_>, judge: &mut J) -> Flow {
    let (age_ns, max) = (f.context.now.since(f.context.top.confirmed()), f.profile.data_age_ns);
    let pass = age_ns <= max.at;
    let code = if pass || f.context.top.reference().is_some() { RefusalCode::StaleData } else { RefusalCode::StaleReference };
    judge.hear(&Finding { code, ..Finding::new(Check::DataAge, max.scope, pass) }, || (age_ns as f64 / 1e6, max.at as f64 / 1e6))
}

/// There is a price to judge it by.
#[inline]
pub(super) fn reference<J: Judge>(f: &Facts<'_>, judge: &mut J) -> Flow {
    let collared = f.profile.has(Check::Collar) || f.profile.has(Check::CollarSigma);
    let pass = f.price.is_some() && !(collared && f.context.top.reference().is_none());
    judge.hear(&Finding::new(Check::Reference, Scope::Account, pass), || (0.0, 0.0))
}

/// A market order needs a fresh one.
#[inline]
pub(super) fn reference_age<J: Judge>(f: &Facts<'_>, judge: &mut J) -> Flow {
    if f.request.kind.has_limit() {
        return Flow::Continue(());
    }
    let (age_ns, max) = (f.context.now.since(f.context.top.confirmed()), f.profile.reference_age_ns);
    let pass = f.context.top.reference().is_some() && age_ns <= max.at;
    judge.hear(&Finding::new(Check::ReferenceAge, max.scope, pass), || (age_ns as f64 / 1e6, max.at as f64 / 1e6))
}

/// A buy limit above the upper band, or a sell limit below the lower, cannot trade within them.
#[inline]
pub(super) fn bands<J: Judge>(f: &Facts<'_>, judge: &mut J) -> Flow {
    let (Some((lower, upper)), Some(limit)) = (f.risk.market.bands(f.request.instrument, f.context.now), f.request.limit) else {
        return Flow::Continue(());
    };
    // There are bands in regular hours alone.
    if f.risk.limits.calendar.as_ref().is_some_and(|calendar| f.risk.market.phase(calendar, f.context.now) != Phase::Regular) {
        return Flow::Continue(());
    }
    let (pass, band) = match f.request.side {
        Side::Buy => (limit <= upper, upper),
        Side::Sell => (limit >= lower, lower),
    };
    judge.hear(&Finding::new(Check::Luld, Scope::Account, pass), || (limit.to_f64(), band.to_f64()))
}

/// Price that is compared and what with: a limit or stop with the reference, a market order's touch with the mid.
#[inline]
fn compared(f: &Facts<'_>) -> Option<(Price, Price)> {
    match f.request.limit.or(f.request.stop) {
        Some(limit) => Some((limit, f.context.top.reference()?)),
        None => Some((f.price?, f.context.top.mid()?)),
    }
}

#[inline]
pub(super) fn collar<J: Judge>(f: &Facts<'_>, judge: &mut J) -> Flow {
    let Some((price, reference)) = compared(f) else { return Flow::Continue(()) };
    let max = f.profile.collar;
    let away = (price.raw() - reference.raw()).abs() as f64 / reference.raw() as f64;
    judge.hear(&Finding::new(Check::Collar, max.scope, away <= max.at), || (away, max.at))
}

/// The same in standard deviations; before there is an estimate every order passes.
#[inline]
pub(super) fn collar_sigma<J: Judge>(f: &Facts<'_>, judge: &mut J) -> Flow {
    let Some((price, reference)) = compared(f) else { return Flow::Continue(()) };
    let variance = f.risk.market.variance(f.request.instrument, f.profile.sigma_horizon_ns);
    if variance <= 0.0 {
        return Flow::Continue(());
    }
    let max = f.profile.sigma;
    let away = (price.raw() - reference.raw()).abs() as f64 / reference.raw() as f64;
    // Squares are compared: a root would cost more than the rest.
    let pass = away * away <= max.at * max.at * variance;
    judge.hear(&Finding::new(Check::CollarSigma, max.scope, pass), || (away / libm::sqrt(variance), max.at))
}
