//! Nanoseconds of the pre-trade checks: the defaults, every check on, and every check on over many instruments and open orders.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use tickwright_core::account::{AccountConfig, AccountKind};
use tickwright_core::book::TopOfBook;
use tickwright_core::event::{MarketEvent, Quote};
use tickwright_core::ledger::Ledger;
use tickwright_core::order::{Order, OrderRequest};
use tickwright_core::risk::{Calendar, Gate, Risk, RiskContext, RiskLimits, ScopeKey, ScopeLimits, SessionDay, TickSize};
use tickwright_core::types::{InstrumentId, Money, OrderId, Price, Qty, Result, Side, StrategyId, Timestamp};

const ROWS: usize = 4_096;
/// A millisecond of event time between orders.
const STEP_NS: i64 = 1_000_000;

fn dollars(whole: i64) -> Money {
    Money::from_raw(i128::from(whole) * 1_000_000_000)
}

fn shares(whole: i64) -> Qty {
    Qty::from_raw(whole * 1_000_000_000)
}

/// Every limit of one scope, none of them near.
fn every_limit() -> RiskLimits {
    RiskLimits {
        tick_size: Some(TickSize::Us),
        lot: Some(shares(1)),
        min_order_notional: Some(dollars(1)),
        broker_rules: true,
        max_order_qty: Some(shares(10_000)),
        max_order_notional: Some(dollars(1_000_000)),
        max_order_adv: Some(0.01),
        max_position_qty: Some(shares(10_000_000)),
        max_position_notional: Some(dollars(1_000_000_000)),
        max_gross_exposure: Some(dollars(2_000_000_000)),
        max_net_exposure: Some(dollars(2_000_000_000)),
        max_leverage: Some(100.0),
        collar: Some(0.1),
        collar_sigma: Some(1_000.0),
        max_data_age_ns: Some(60_000_000_000_000),
        max_reference_age_ns: Some(60_000_000_000_000),
        max_orders_per_second: Some(100_000_000),
        max_orders_per_minute: Some(30_000_000),
        max_cancels_per_second: Some(1_000),
        max_order_to_fill: Some(1e12),
        max_open_orders: Some(1_000_000),
        max_open_orders_per_instrument: Some(100_000),
        duplicate_window_ns: Some(STEP_NS / 2),
        max_executions: Some(1_000_000),
        prevent_self_match: true,
        ..RiskLimits::none()
    }
}

/// The account's limits, and the same again for the strategy, a group and an instrument.
fn every_scope(symbols: &[String]) -> RiskLimits {
    let scope = |key| ScopeLimits { key, limits: every_limit() };
    RiskLimits {
        scopes: vec![
            scope(ScopeKey::Strategy("s".to_owned())),
            scope(ScopeKey::Group { name: "all".to_owned(), symbols: symbols.to_vec() }),
            scope(ScopeKey::Instrument(symbols[0].clone())),
        ],
        ..account_limits(symbols)
    }
}

fn account_limits(symbols: &[String]) -> RiskLimits {
    let at = Timestamp::from_nanos;
    let day = SessionDay { early: at(0), open: at(0), close: at(i64::MAX), late: at(i64::MAX) };
    RiskLimits {
        calendar: Calendar::new(vec![day]).ok(),
        average_volumes: symbols.iter().map(|s| (s.clone(), shares(100_000_000))).collect(),
        ..every_limit()
    }
}

struct Desk {
    risk: Risk,
    ledger: Ledger,
    tops: Vec<TopOfBook>,
    open: usize,
    now: i64,
}

fn desk(limits: RiskLimits, account: AccountConfig, symbols: &[String], open: usize) -> Result<Desk> {
    let cash = dollars(100_000_000);
    let mut risk = Risk::new(limits, account, cash, symbols, &["s".to_owned()])?;
    let ledger = Ledger::new(cash, symbols.len(), 1);
    let mut top = TopOfBook::default();
    let quote = Quote {
        ts: Timestamp::from_nanos(1),
        bid: Price::from_raw(9_990_000_000),
        ask: Price::from_raw(10_000_000_000),
        ..Quote::default()
    };
    top.apply_quote(&quote);
    risk.next_day(0, Timestamp::MAX, &ledger);
    for second in 1..40_i64 {
        for instrument in (0..symbols.len()).map(|i| InstrumentId(i as u32)) {
            let mut seen = top;
            seen.bid = Price::from_raw(top.bid.raw() - second % 2 * 10_000_000);
            risk.observe(&MarketEvent::Quote(Quote { ts: Timestamp::from_nanos(second * 1_000_000_000), instrument, ..quote }), &seen);
        }
    }
    for i in 0..open {
        let instrument = InstrumentId((i % symbols.len()) as u32);
        let request =
            OrderRequest::limit(instrument, Side::Buy, shares(100), Price::from_raw(9_500_000_000 - (i as i64 % 100) * 10_000_000));
        risk.opened(
            &Order::new(OrderId(1 + i as u64), StrategyId(0), &request, Price::ZERO, Timestamp::MIN),
            request.qty.raw(),
            top.bid,
            &top,
        );
    }
    Ok(Desk { risk, ledger, tops: vec![top; symbols.len()], open, now: 1 })
}

impl Desk {
    fn pass(&mut self) -> usize {
        let mut passed = 0;
        for i in 0..ROWS {
            self.now += STEP_NS;
            // A step prime to the number of instruments, so that neighbours are not asked after in turn.
            let at = i * 997 % self.tops.len();
            let side = if i % 2 == 0 { Side::Buy } else { Side::Sell };
            let cents = 1_001 + (i as i64 % 7);
            let request = OrderRequest::limit(InstrumentId(at as u32), side, shares(100), Price::from_raw(cents * 10_000_000));
            let context = RiskContext {
                now: Timestamp::from_nanos(self.now),
                strategy: StrategyId(0),
                top: &self.tops[at],
                ledger: &self.ledger,
                open_orders: self.open,
                gate: Gate::Open,
            };
            passed += usize::from(self.risk.check(black_box(&request), &context).is_ok());
        }
        passed
    }
}

fn risk(c: &mut Criterion) {
    let mut group = c.benchmark_group("risk_checks");
    group.throughput(Throughput::Elements(ROWS as u64));
    let margin = || AccountConfig { kind: AccountKind::Margin, ..AccountConfig::default() };
    let symbols = |n: usize| (0..n).map(|i| format!("S{i}")).collect::<Vec<_>>();
    for (name, instruments, open, level) in [
        ("default", 1, 0, 0),
        ("every_check", 1, 0, 1),
        ("every_check_1000_open", 1, 1_000, 1),
        ("every_check_5000_instruments", 5_000, 0, 1),
        ("every_check_5000_instruments_10000_open", 5_000, 10_000, 1),
        ("every_check_at_every_scope", 1, 0, 2),
    ] {
        let symbols = symbols(instruments);
        let (limits, account) = match level {
            0 => (RiskLimits::default(), AccountConfig::default()),
            1 => (account_limits(&symbols), margin()),
            _ => (every_scope(&symbols), margin()),
        };
        let Ok(mut desk) = desk(limits, account, &symbols, open) else { continue };
        assert_eq!(desk.pass(), ROWS, "{name}: no limit is near");
        group.bench_function(name, |b| b.iter(|| desk.pass()));
    }
    group.finish();
}

criterion_group!(benches, risk);
criterion_main!(benches);
