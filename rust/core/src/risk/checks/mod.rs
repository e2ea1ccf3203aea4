//! The checks, each a function of the same facts, in one pass.
//!
//! A check says to its [`Judge`] what it found. [`First`] stops at the first failure and works out no figures before that;
//! [`All`] hears every check. Both walk the same code, so what is explained is what is decided.

mod account;
mod market;
mod order;
mod pace;
mod position;

use super::exposure::{Entry, Own};
use super::profile::{Profile, Row};
use super::{Check, Gate, Refusal, RefusalCode, Risk, RiskContext, Scope, Verdict};
use crate::order::OrderRequest;
use crate::types::{Money, Price, Qty, Side};
use std::ops::ControlFlow;

/// Go on, or stop.
pub(super) type Flow = ControlFlow<()>;

/// One finding of a check.
pub(super) struct Finding {
    check: Check,
    code: RefusalCode,
    scope: Scope,
    pass: bool,
    form: Option<&'static str>,
}

impl Finding {
    #[inline]
    pub(super) const fn new(check: Check, scope: Scope, pass: bool) -> Self {
        Self { check, code: check.code(), scope, pass, form: None }
    }
}

/// Who hears what the checks find.
pub(super) trait Judge {
    /// Whether it asks how things stand at this moment, and not for an order that is counted.
    const ASKS: bool = false;

    /// `figures` are what was measured and the limit.
    fn hear(&mut self, finding: &Finding, figures: impl FnOnce() -> (f64, f64)) -> Flow;
}

/// The first failure.
#[derive(Default)]
pub(super) struct First(pub(super) Option<Refusal>);

impl Judge for First {
    #[inline]
    fn hear(&mut self, finding: &Finding, figures: impl FnOnce() -> (f64, f64)) -> Flow {
        if finding.pass {
            return Flow::Continue(());
        }
        let (measured, limit) = figures();
        self.0 = Some(Refusal::new(finding.check, finding.code, finding.scope, measured, limit, finding.form));
        Flow::Break(())
    }
}

/// Everything.
#[derive(Default)]
pub(super) struct All(pub(super) Vec<Verdict>);

impl Judge for All {
    const ASKS: bool = true;

    fn hear(&mut self, finding: &Finding, figures: impl FnOnce() -> (f64, f64)) -> Flow {
        let (value, limit) = figures();
        let &Finding { check, code, scope, pass, form } = finding;
        self.0.push(Verdict { check, code, scope, value, limit, pass, form });
        Flow::Continue(())
    }
}

/// What all checks look at.
pub(super) struct Facts<'a> {
    risk: &'a Risk,
    request: &'a OrderRequest,
    context: &'a RiskContext<'a>,
    profile: &'a Profile,
    /// The account's part in the instrument.
    entry: &'a Entry,
    /// The strategy's own part, if it has limits.
    own: Option<(&'a Own, &'a Entry)>,
    position: i64,
    /// It and the open orders of its side only shrink the account's position.
    shrinks: bool,
    /// What it is valued at, where a limit needs that and it is known.
    price: Option<Price>,
    notional: Money,
}

/// True when an order for `qty` on `side`, with the open ones, only shrinks `position`.
#[inline]
fn shrinks(side: Side, qty: Qty, position: i64, entry: &Entry) -> bool {
    match side {
        Side::Buy => position < 0 && entry.open_buy.saturating_add(qty.raw()) <= position.saturating_abs(),
        Side::Sell => position > 0 && entry.open_sell.saturating_add(qty.raw()) <= position,
    }
}

/// The position that an order for `qty` on `side` could make with the open ones.
#[inline]
fn worst(side: Side, qty: Qty, position: i64, entry: &Entry) -> i64 {
    match side {
        Side::Buy => position.saturating_add(entry.open_buy).saturating_add(qty.raw()),
        Side::Sell => position.saturating_sub(entry.open_sell).saturating_sub(qty.raw()),
    }
}

static NO_ENTRY: Entry = Entry::EMPTY;

impl<'a> Facts<'a> {
    #[inline]
    pub(super) fn new(risk: &'a Risk, profile: &'a Profile, request: &'a OrderRequest, context: &'a RiskContext<'a>) -> Self {
        let index = request.instrument.index();
        let entry = risk.exposure.entries.get(index).unwrap_or(&NO_ENTRY);
        let own = profile.own.and_then(|at| risk.exposure.own.get(usize::from(at)));
        let own = own.and_then(|own| own.entries.get(index).map(|entry| (own, entry)));
        let position = context.ledger.net_qty(request.instrument).raw();
        let price = if profile.needs_price { Risk::valuation(request, context.top) } else { None };
        let notional = price.map_or(Money::ZERO, |p| Money::notional(p, request.qty));
        Self {
            risk,
            request,
            context,
            profile,
            entry,
            own,
            position,
            shrinks: shrinks(request.side, request.qty, position, entry),
            price,
            notional,
        }
    }

    /// It only shrinks the strategy's own position.
    #[inline]
    fn own_shrinks(&self) -> bool {
        self.own.is_some_and(|(_, e)| shrinks(self.request.side, self.request.qty, e.position, e))
    }

    /// Rows of limits that hold, the narrowest first.
    #[inline]
    fn rows(&self) -> impl Iterator<Item = &'a Row> {
        let all = &self.risk.compiled.rows;
        self.profile.rows.iter().map(|&i| &all[usize::from(i)])
    }
}

/// Make all checks of `f`'s profile.
#[inline]
pub(super) fn pass<J: Judge>(f: &Facts<'_>, judge: &mut J) -> Flow {
    let mut mask = f.profile.mask;
    let market = &f.risk.market;
    mask |= if market.any_halted() { Check::Halted.bit() } else { 0 };
    mask |= if market.any_banded() { Check::Luld.bit() } else { 0 };
    macro_rules! run {
        ($($check:ident: $function:path;)+) => {
            $(if mask & Check::$check.bit() != 0 {
                $function(f, judge)?;
            })+
        };
    }
    run! {
        Kill: kill;
        State: state;
        Form: order::form;
        Restricted: market::restricted;
        Halted: market::halted;
        Session: market::session;
        Broker: order::broker;
        Tick: order::tick;
        Lot: order::lot;
        OrderQty: order::qty;
        OrderAdv: order::adv;
        DataAge: market::data_age;
        Reference: market::reference;
        ReferenceAge: market::reference_age;
        Luld: market::bands;
        OrderNotional: order::notional;
        MinNotional: order::min_notional;
        Collar: market::collar;
        CollarSigma: market::collar_sigma;
        SelfMatch: pace::self_match;
        Short: position::short;
        Locate: position::locate;
        PositionQty: position::qty;
        PositionNotional: position::notional;
        Gross: position::gross;
        Leverage: position::leverage;
        Net: position::net;
        BuyingPower: account::buying_power;
        GoodFaith: account::good_faith;
        DayTrades: account::day_trades;
        OpenOrders: pace::open_orders;
        OpenInInstrument: pace::open_in_instrument;
        Executions: pace::executions;
        Duplicate: pace::duplicate;
        OrderToFill: pace::order_to_fill;
        Cancels: pace::cancels;
        PerMinute: pace::per_minute;
        PerSecond: pace::per_second;
    }
    Flow::Continue(())
}

/// The kill switch, as the check saw it when it began.
#[inline]
fn kill<J: Judge>(f: &Facts<'_>, judge: &mut J) -> Flow {
    let (switch, strategy) = (&f.risk.switch, f.context.strategy);
    let scope = if J::ASKS { switch.scope_now(strategy) } else { switch.scope(strategy) };
    judge.hear(&Finding::new(Check::Kill, scope.unwrap_or_default(), scope.is_none()), || (0.0, 0.0))
}

#[inline]
fn state<J: Judge>(f: &Facts<'_>, judge: &mut J) -> Flow {
    gate(f.context.gate, Scope::Account, f.shrinks, judge)?;
    match f.risk.gates.get(f.context.strategy.index()) {
        None | Some(Gate::Open) => Flow::Continue(()),
        Some(&strategy) => gate(strategy, Scope::Strategy, if f.own.is_some() { f.own_shrinks() } else { f.shrinks }, judge),
    }
}

#[inline]
fn gate<J: Judge>(gate: Gate, scope: Scope, shrinks: bool, judge: &mut J) -> Flow {
    let (code, pass) = match gate {
        Gate::Open => (RefusalCode::State, true),
        Gate::ReduceOnly(code) => (code, shrinks),
        Gate::Shut(code) => (code, false),
    };
    judge.hear(&Finding { code, ..Finding::new(Check::State, scope, pass) }, || (0.0, 0.0))
}
