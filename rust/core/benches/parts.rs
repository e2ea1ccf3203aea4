//! Nanoseconds of the engine's parts by themselves: risk checks, ledger, venue.

mod market;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use tickwright_core::account::AccountConfig;
use tickwright_core::book::TopOfBook;
use tickwright_core::event::{MarketEvent, Quote};
use tickwright_core::ledger::{Booking, Ledger};
use tickwright_core::order::{Order, OrderRequest, TimeInForce};
use tickwright_core::risk::{Gate, Risk, RiskContext, RiskLimits};
use tickwright_core::types::{InstrumentId, Money, OrderId, Price, Qty, Result, Side, StrategyId, Timestamp};
use tickwright_core::venue::{OrderCommand, SimVenue, Sources, VenueConfig};

const BAC: InstrumentId = InstrumentId(0);
const ROWS: usize = 4_096;

fn dollars(whole: i64) -> Money {
    Money::from_raw(i128::from(whole) * 1_000_000_000)
}

fn request(side: Side, shares: i64, limit: Option<Price>) -> Result<OrderRequest> {
    Ok(OrderRequest {
        instrument: BAC,
        side,
        kind: OrderRequest::kind_of(limit, None),
        tif: TimeInForce::Gtc,
        qty: Qty::from_whole(shares)?,
        limit,
        stop: None,
    })
}

/// Every limit is set and none is near: the longest way through the checks.
fn every_limit() -> Result<RiskLimits> {
    Ok(RiskLimits {
        max_order_qty: Some(Qty::from_whole(10_000)?),
        max_order_notional: Some(dollars(1_000_000)),
        max_position_qty: Some(Qty::from_whole(100_000)?),
        max_position_notional: Some(dollars(10_000_000)),
        max_gross_exposure: Some(dollars(20_000_000)),
        max_net_exposure: Some(dollars(20_000_000)),
        max_leverage: Some(2.0),
        collar: Some(0.1),
        max_data_age_ns: Some(60_000_000_000),
        max_orders_per_second: Some(1_000_000_000),
        max_open_orders: Some(1_000),
        ..RiskLimits::default()
    })
}

fn risk(c: &mut Criterion) {
    let quotes = market::quotes(ROWS, BAC, 1);
    let ledger = Ledger::new(dollars(10_000_000), 1, 1);
    let mut group = c.benchmark_group("risk_check");
    group.throughput(Throughput::Elements(ROWS as u64));
    for (name, limits) in [("default", Ok(RiskLimits::default())), ("every_limit", every_limit())] {
        let prepared =
            limits.and_then(|l| Risk::new(l, AccountConfig::default(), dollars(10_000_000), &["BAC".to_owned()], &["s".to_owned()]));
        let (Ok(risk), Ok(buy), Ok(sell)) = (prepared, request(Side::Buy, 100, None), request(Side::Sell, 100, None)) else { continue };
        group.bench_function(name, |b| {
            b.iter(|| {
                // Afresh, since the times of the quotes begin again and the rate is counted in them.
                let (mut risk, mut top) = (risk.clone(), TopOfBook::default());
                let mut passed = 0;
                for i in 0..ROWS {
                    top.apply_quote(&quotes.get(i));
                    let context = RiskContext {
                        now: quotes.ts[i],
                        strategy: StrategyId(0),
                        top: &top,
                        ledger: &ledger,
                        open_orders: 3,
                        gate: Gate::Open,
                    };
                    let order = if i % 2 == 0 { &buy } else { &sell };
                    passed += usize::from(risk.check(black_box(order), &context).is_ok());
                }
                assert_eq!(passed, ROWS);
            });
        });
    }
    group.finish();
}

fn ledger(c: &mut Criterion) {
    let quotes = market::quotes(ROWS, BAC, 1);
    let booking = |i: usize, side: Side| -> Result<Booking> {
        let price = if side == Side::Buy { quotes.ask[i] } else { quotes.bid[i] };
        Ok(Booking { strategy: StrategyId(0), instrument: BAC, side, qty: Qty::from_whole(100)?, price, fee: dollars(1), ts: quotes.ts[i] })
    };
    let mut group = c.benchmark_group("ledger");
    group.throughput(Throughput::Elements(ROWS as u64));
    group.bench_function("mark", |b| {
        let mut ledger = Ledger::new(dollars(10_000_000), 1, 1);
        let held = booking(0, Side::Buy).and_then(|fill| ledger.book(&fill));
        assert!(held.is_ok());
        b.iter(|| quotes.bid.iter().filter(|&&price| ledger.mark(BAC, black_box(price))).count());
    });
    group.bench_function("book", |b| {
        let mut ledger = Ledger::new(dollars(10_000_000), 1, 1);
        b.iter(|| {
            (0..ROWS).try_for_each(|i| {
                let side = if i % 2 == 0 { Side::Buy } else { Side::Sell };
                ledger.book(black_box(&booking(i, side)?)).map(drop)
            })
        });
    });
    group.finish();
}

/// What the venue does with `count` resting buys a dollar and more below the market, over a pass of quotes.
fn resting(count: i64, now: Timestamp) -> Result<SimVenue> {
    let mut venue = SimVenue::new(VenueConfig::default(), &[Sources { quotes: true, ..Sources::default() }])?;
    for i in 0..count {
        let limit = Price::from_raw((1_000 - i % 500) * 10_000_000);
        let order = Order::new(OrderId(1 + i as u64), StrategyId(0), &request(Side::Buy, 100, Some(limit))?, Price::ZERO, Timestamp::MIN);
        venue.send(OrderCommand::New(order), now);
        venue.arrive()?;
        while venue.take_report(Timestamp::MAX).is_some() {}
    }
    Ok(venue)
}

fn venue(c: &mut Criterion) {
    let quotes = market::quotes(ROWS, BAC, 1);
    let events: Vec<MarketEvent> = (0..ROWS).map(|i| MarketEvent::Quote(quotes.get(i))).collect();
    let mut group = c.benchmark_group("venue");
    group.throughput(Throughput::Elements(ROWS as u64));
    for count in [0, 1_000] {
        let Ok(mut venue) = resting(count, quotes.ts[0]) else { continue };
        assert_eq!(venue.resting(), count as usize);
        group.bench_function(format!("quote_with_{count}_resting"), |b| {
            b.iter(|| events.iter().try_for_each(|event| venue.on_market(black_box(event))));
        });
    }
    if let (Ok(mut venue), Ok(buy)) = (resting(1_000, quotes.ts[0]), request(Side::Buy, 100, None)) {
        let deep = Quote { bid_size: Qty::MAX, ask_size: Qty::MAX, ..quotes.get(0) };
        // Market orders that fill on arrival, with a thousand others resting: matching and both reports.
        let order = Order::new(OrderId(2_000), StrategyId(0), &buy, Price::ZERO, Timestamp::MIN);
        group.bench_function("match_with_1000_resting", |b| {
            b.iter(|| -> Result<()> {
                venue.on_market(&MarketEvent::Quote(deep))?;
                for _ in 0..ROWS {
                    venue.send(OrderCommand::New(black_box(order)), deep.ts);
                    venue.arrive()?;
                    while black_box(venue.take_report(Timestamp::MAX)).is_some() {}
                }
                Ok(())
            });
        });
    }
    group.finish();
}

criterion_group!(benches, risk, ledger, venue);
criterion_main!(benches);
