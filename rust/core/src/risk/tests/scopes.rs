//! Limits at four scopes, reload, gates and losses of strategies.

use super::*;
use crate::types::SECOND_NS;
use proptest::prelude::*;

fn q(shares: i64) -> Qty {
    Qty::from_whole(shares).unwrap()
}

fn p(price: f64) -> Price {
    Price::from_f64(price).unwrap()
}

fn scoped(key: ScopeKey, limits: RiskLimits) -> RiskLimits {
    RiskLimits { scopes: vec![ScopeLimits { key, limits }], ..RiskLimits::none() }
}

fn strategy(name: &str) -> ScopeKey {
    ScopeKey::Strategy(name.to_owned())
}

fn instrument(name: &str) -> ScopeKey {
    ScopeKey::Instrument(name.to_owned())
}

fn group(name: &str, symbols: &[&str]) -> ScopeKey {
    ScopeKey::Group { name: name.to_owned(), symbols: names(symbols) }
}

fn in_b(request: OrderRequest) -> OrderRequest {
    OrderRequest { instrument: InstrumentId(1), ..request }
}

#[test]
fn the_tightest_scope_decides_and_is_named() {
    let max = |n: i64| RiskLimits { max_order_qty: Some(q(n)), ..RiskLimits::none() };
    let limits = RiskLimits {
        scopes: vec![
            ScopeLimits { key: group("both", &["A", "B", "ABSENT"]), limits: max(40) },
            ScopeLimits { key: instrument("A"), limits: max(30) },
            ScopeLimits { key: strategy("t"), limits: max(20) },
        ],
        ..max(50)
    };
    let mut desk = Desk::new(limits);
    let mut said = |by: u16, order: &OrderRequest| {
        desk.strategy = by;
        desk.refusal(order).map(|r| (r.scope, r.limit, desk.risk.scope_name(r.scope).to_owned()))
    };
    assert_eq!(said(0, &market(Side::Buy, 30)), None);
    assert_eq!(said(0, &market(Side::Buy, 31)), Some((Scope::Instrument, 30.0, "instrument".to_owned())));
    assert_eq!(said(0, &in_b(market(Side::Buy, 40))), None);
    assert_eq!(said(0, &in_b(market(Side::Buy, 41))), Some((Scope::Group(0), 40.0, "both".to_owned())));
    assert_eq!(said(1, &in_b(market(Side::Buy, 20))), None);
    assert_eq!(said(1, &market(Side::Buy, 21)), Some((Scope::Strategy, 20.0, "strategy".to_owned())));
    let text = desk.refusal(&market(Side::Buy, 21)).unwrap().to_string();
    assert_eq!(text, "21 shares are above max_order_qty 20 (strategy limit)");
}

#[test]
fn exposure_of_a_group_leaves_other_instruments_out() {
    let cap = RiskLimits { max_gross_exposure: dollars(2_020.0), max_open_orders: Some(2), ..RiskLimits::none() };
    let mut desk = Desk::new(scoped(group("one", &["A"]), cap));
    desk.open(in_b(limit(Side::Buy, 500, 100.0)));
    desk.open(limit(Side::Buy, 10, 100.0));
    assert_eq!(desk.check(&market(Side::Buy, 10)), None);
    assert_eq!(desk.check(&market(Side::Buy, 11)), Some("MAX_EXPOSURE"));
    assert_eq!(desk.check(&in_b(market(Side::Buy, 500))), None);
    desk.open(limit(Side::Buy, 1, 50.0));
    assert_eq!(desk.check(&market(Side::Buy, 1)), Some("MAX_OPEN"));
    assert_eq!(desk.check(&in_b(market(Side::Buy, 1))), None);
}

#[test]
fn a_strategy_is_held_to_its_own_position() {
    let own = RiskLimits { max_position_qty: Some(q(10)), allow_short: false, max_net_exposure: dollars(1_010.0), ..RiskLimits::none() };
    let mut desk = Desk::new(scoped(strategy("t"), own));
    desk.hold(Side::Buy, 1_000);
    desk.strategy = 1;
    assert_eq!(desk.check(&market(Side::Buy, 10)), None, "what the other one holds does not count");
    assert_eq!(desk.check(&market(Side::Buy, 11)), Some("MAX_POSITION"));
    assert_eq!(desk.check(&market(Side::Sell, 1)), Some("SHORT"), "the account is long, the strategy is not");
    desk.hold(Side::Buy, 10);
    assert_eq!(desk.check(&market(Side::Sell, 10)), None);
    assert_eq!(desk.check(&market(Side::Sell, 11)), Some("SHORT"));
}

#[test]
fn scopes_that_cannot_be_are_refused_by_name() {
    let fails = |limits: RiskLimits| {
        Risk::new(limits, AccountConfig::default(), Money::ZERO, &names(&["A"]), &names(&["s"])).unwrap_err().to_string()
    };
    let none = RiskLimits::none;
    for (limits, part) in [
        (scoped(strategy("nobody"), none()), "risk.strategies.nobody: is none of this run's strategies (s)"),
        (scoped(instrument("X"), none()), "risk.instruments.X: is none of"),
        (scoped(group("g", &[]), none()), "risk.groups.g: has no symbols"),
        (scoped(strategy("s"), RiskLimits { max_leverage: Some(-1.0), ..none() }), "risk.strategies.s.max_leverage: is -1"),
        (scoped(instrument("A"), RiskLimits { max_drawdown: Some(0.1), ..none() }), "risk.instruments.A.max_drawdown_pct"),
        (scoped(strategy("s"), scoped(strategy("s"), none())), "risk.strategies.s: holds scopes"),
        (RiskLimits { max_executions: Some(u32::MAX), execution_window_ns: i64::MAX, ..none() }, "risk.max_executions: is too large"),
        (RiskLimits { average_volumes: vec![("A".to_owned(), Qty::ZERO)], ..none() }, "risk.average_volumes.A: is 0"),
    ] {
        assert!(fails(limits).starts_with(part), "{part}");
    }
    let twice = RiskLimits {
        scopes: vec![ScopeLimits { key: group("g", &["A"]), limits: none() }, ScopeLimits { key: group("g", &["B"]), limits: none() }],
        ..none()
    };
    assert!(fails(twice).contains("is given twice"));
}

#[test]
fn a_reload_keeps_what_was_counted_and_a_bad_one_changes_nothing() {
    let limits = |rate: u32| {
        let mut all = scoped(
            strategy("s"),
            RiskLimits { max_orders_per_second: Some(rate), max_gross_exposure: dollars(2_000.0), ..RiskLimits::none() },
        );
        all.max_orders_per_second = Some(10);
        all
    };
    let mut desk = Desk::new(limits(4));
    let passed = |desk: &mut Desk| (0..20).take_while(|_| desk.check(&market(Side::Buy, 1)).is_none()).count();
    for _ in 0..3 {
        assert_eq!(desk.check(&market(Side::Buy, 1)), None);
    }
    desk.open(limit(Side::Buy, 10, 100.0));
    desk.hold(Side::Buy, 5);
    let bad = RiskLimits { max_order_qty: Some(Qty::from_raw(-1)), ..limits(9) };
    let before = postcard::to_stdvec(&desk.risk).unwrap();
    assert!(desk.risk.reload(bad, &desk.ledger).is_err());
    assert_eq!(postcard::to_stdvec(&desk.risk).unwrap(), before);
    desk.risk.reload(limits(5), &desk.ledger).unwrap();
    assert_eq!(passed(&mut desk), 2, "three of five are taken");
    desk.now = SECOND_NS;
    desk.risk.reload(limits(20), &desk.ledger).unwrap();
    assert_eq!(desk.risk.exposure().worst_total().to_f64(), 1_500.0);
    assert_eq!(desk.check(&market(Side::Buy, 4)), None);
    assert_eq!(desk.check(&market(Side::Buy, 5)), Some("MAX_EXPOSURE"), "the order that was open, and the position, count on");
    // A limit of its own for the other strategy finds what it had before.
    desk.strategy = 1;
    desk.hold(Side::Buy, 7);
    let own = RiskLimits { max_position_qty: Some(q(10)), ..RiskLimits::none() };
    desk.risk.reload(scoped(strategy("t"), own), &desk.ledger).unwrap();
    assert_eq!(desk.check(&market(Side::Buy, 3)), None);
    assert_eq!(desk.check(&market(Side::Buy, 4)), Some("MAX_POSITION"));
    assert_eq!(desk.risk.counters().of(RefusalCode::MaxExposure), 1);
}

#[test]
fn a_gate_of_a_strategy_holds_for_it_alone() {
    let mut desk = Desk::new(RiskLimits::none());
    desk.risk.set_gate(StrategyId(0), Gate::Shut(RefusalCode::Loss));
    let refusal = desk.refusal(&market(Side::Buy, 1)).unwrap();
    assert_eq!((refusal.code, refusal.scope), (RefusalCode::Loss, Scope::Strategy));
    desk.strategy = 1;
    assert_eq!(desk.check(&market(Side::Buy, 1)), None);
}

#[test]
fn a_strategy_that_loses_is_reduced_then_stopped() {
    let own = RiskLimits { max_daily_loss: dollars(100.0), reduce_only_at: Some(0.5), on_breach: OnBreach::Flatten, ..RiskLimits::none() };
    let mut desk = Desk::new(scoped(strategy("s"), own));
    desk.risk.next_day(0, Timestamp::from_nanos(1_000), &desk.ledger);
    desk.hold(Side::Buy, 100);
    let mark = |desk: &mut Desk, price: f64| {
        desk.ledger.mark(I, p(price));
        desk.risk.marked(I, p(price));
        desk.risk.breach()
    };
    assert_eq!(mark(&mut desk, 99.5), None);
    assert_eq!(desk.check(&market(Side::Buy, 1)), None, "at half the limit");
    assert_eq!(mark(&mut desk, 99.49), None);
    assert_eq!(desk.check(&market(Side::Buy, 1)), Some("LOSS"));
    assert_eq!(desk.check(&market(Side::Sell, 100)), None);
    assert_eq!(mark(&mut desk, 99.0), None, "at the limit");
    let breach = mark(&mut desk, 98.99).unwrap();
    assert_eq!((breach.strategy, breach.code, breach.action), (StrategyId(0), RefusalCode::Loss, OnBreach::Flatten));
    assert_eq!(desk.risk.strategy_profit(StrategyId(0)), dollars(-101.0));
    assert_eq!(mark(&mut desk, 98.0), None, "once");
    assert_eq!(desk.check(&market(Side::Sell, 1)), Some("LOSS"));
}

#[test]
fn a_drawdown_of_a_strategy_is_a_fraction_of_its_capital() {
    let own = RiskLimits { max_drawdown: Some(0.1), capital: dollars(1_000.0), ..RiskLimits::none() };
    let mut desk = Desk::new(scoped(strategy("s"), own));
    desk.hold(Side::Buy, 100);
    for (price, over) in [(110.0, false), (108.0, false), (107.99, true)] {
        desk.ledger.mark(I, p(price));
        desk.risk.marked(I, p(price));
        assert_eq!(desk.risk.breach().is_some(), over, "a tenth of 2,000 dollars, {price}");
    }
}

proptest! {
    /// A limit at a narrower scope refuses exactly what it would refuse at the account, where nothing else is traded.
    #[test]
    fn each_limit_means_the_same_at_every_scope(qty in 1_i64..200, max in 1_i64..200, held in -50_i64..50) {
        let value = dollars(max as f64 * 100.0);
        let sets = [
            RiskLimits { max_order_qty: Some(q(max)), ..RiskLimits::none() },
            RiskLimits { max_order_notional: value, ..RiskLimits::none() },
            RiskLimits { max_position_qty: Some(q(max)), ..RiskLimits::none() },
            RiskLimits { max_position_notional: value, ..RiskLimits::none() },
            RiskLimits { max_gross_exposure: value, ..RiskLimits::none() },
            RiskLimits { max_net_exposure: value, ..RiskLimits::none() },
            RiskLimits { max_leverage: Some(max as f64 / 1_000.0), ..RiskLimits::none() },
            RiskLimits { allow_short: false, ..RiskLimits::none() },
        ];
        for limits in sets {
            let tried = |limits: RiskLimits| {
                let mut desk = Desk::new(limits);
                if held != 0 {
                    desk.hold(if held > 0 { Side::Buy } else { Side::Sell }, held.abs());
                }
                desk.open(limit(Side::Buy, 3, 100.0));
                [Side::Buy, Side::Sell].map(|side| desk.refusal(&market(side, qty)).map(|r| (r.code, r.measured, r.limit)))
            };
            let account = tried(limits.clone());
            for key in [strategy("s"), instrument("A"), group("g", &["A"])] {
                prop_assert_eq!(tried(scoped(key.clone(), limits.clone())), account, "{:?}", key);
            }
        }
    }
}
