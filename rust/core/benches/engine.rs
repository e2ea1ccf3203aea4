//! Nanoseconds an event through the whole engine: rules, an idle strategy, an order on every quote at growing counts, and the
//! merge of streams by itself. One core; the inputs are seeded and the time to make them is left out.

mod market;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use tickwright_core::backtest::{BacktestConfig, BacktestResult, Merge, run};
use tickwright_core::event::MarketEvent;
use tickwright_core::feeds::MarketData;
use tickwright_core::order::OrderRequest;
use tickwright_core::strategy::{Context, Driver, Interest, NodeSpec, Quoting, QuotingSpec, Rules, RulesSpec, Size, Strategy};
use tickwright_core::types::{Money, Price, Qty, Result, Side, Timestamp};
use tickwright_core::venue::{Matching, QueueModel};

const EVENTS: usize = 1_000_000;

/// Counts quotes, and sends an order of one share on each if it is told to, buying and selling in turn.
struct Counter {
    seen: u64,
    trades: bool,
}

impl Strategy for Counter {
    fn name(&self) -> &'static str {
        "counter"
    }

    fn interest(&self) -> Interest {
        Interest::QUOTES
    }

    fn on_market(&mut self, event: &MarketEvent, context: &mut Context<'_>) -> Result<()> {
        let side = if self.seen.is_multiple_of(2) { Side::Buy } else { Side::Sell };
        self.seen += 1;
        if self.trades {
            context.submit(OrderRequest::market(event.instrument(), side, Qty::from_whole(1)?));
        }
        Ok(())
    }
}

/// EMA 10 and 30 of the mid: buy on a crossing up, sell on one down; or, idle, conditions that never hold.
fn rules(idle: bool) -> Result<Rules> {
    let node = |op: &str, args: &[usize], params: &[f64]| NodeSpec { op: op.to_owned(), args: args.to_vec(), params: params.to_vec() };
    let mid = node("source:mid", &[], &[]);
    let (nodes, entry, exit) = if idle {
        (vec![mid, node("const", &[], &[0.0]), node("lt", &[0, 1], &[])], Some(2), None)
    } else {
        let (fast, slow) = (node("ema", &[0], &[10.0]), node("ema", &[0], &[30.0]));
        (vec![mid, fast, slow, node("cross_above", &[1, 2], &[]), node("cross_below", &[1, 2], &[])], Some(3), Some(4))
    };
    Rules::new(RulesSpec {
        name: "rules".to_owned(),
        symbols: None,
        on: Driver::Quotes,
        bars: None,
        nodes,
        entry,
        exit,
        short_entry: None,
        short_exit: None,
        size: Size::Shares(Qty::from_whole(100)?),
        stop_loss: None,
        take_profit: None,
        has: (false, true, false),
    })
}

/// One batch of `n / streams` quotes for each of `streams` instruments.
fn streams_of(n: usize, streams: u32) -> MarketData {
    let mut data = MarketData::default();
    for i in 0..streams {
        if let Ok(id) = data.instruments.intern(&format!("SYM{i}")) {
            data.quotes.push(market::quotes(n / streams as usize, id, 1 + u64::from(i)));
        }
    }
    data
}

fn backtest(data: &MarketData, strategy: Result<Box<dyn Strategy>>) -> Result<BacktestResult> {
    let mut config = BacktestConfig::default();
    config.engine.cash = Money::from_f64(10_000_000.0)?;
    run(data, vec![strategy?], &config, &mut |_, _, _| Ok(()))
}

fn counter(trades: bool) -> Box<dyn Strategy> {
    Box::new(Counter { seen: 0, trades })
}

fn events(c: &mut Criterion) {
    let data = streams_of(EVENTS, 1);
    let mut group = c.benchmark_group("events");
    group.throughput(Throughput::Elements(EVENTS as u64)).sample_size(10);
    group.bench_function("rules_ema_cross", |b| b.iter(|| backtest(black_box(&data), rules(false).map(|r| Box::new(r) as _))));
    group.bench_function("rules_idle", |b| b.iter(|| backtest(black_box(&data), rules(true).map(|r| Box::new(r) as _))));
    group.bench_function("strategy_idle", |b| b.iter(|| backtest(black_box(&data), Ok(counter(false)))));
    group.finish();
}

/// The cost of an order must not grow with the orders before it.
fn orders(c: &mut Criterion) {
    let mut group = c.benchmark_group("order_every_quote");
    group.sample_size(10);
    for n in [1_000, 10_000, 100_000, 1_000_000] {
        let data = streams_of(n, 1);
        group.throughput(Throughput::Elements(n as u64));
        group.bench_with_input(BenchmarkId::from_parameter(n), &data, |b, data| b.iter(|| backtest(data, Ok(counter(true)))));
    }
    group.finish();
}

/// A book of levels and the trades at its touch: quoted at both sides every 10 ms, and only kept.
fn quoting(c: &mut Criterion) {
    let data = market::levels(EVENTS);
    let mut group = c.benchmark_group("quoting");
    group.throughput(Throughput::Elements(EVENTS as u64)).sample_size(10);
    for (name, every_ns) in [("idle", 86_400_000_000_000), ("every_10ms", 10_000_000)] {
        let spec = || -> Result<QuotingSpec> {
            let (name, size) = ("quoting".to_owned(), Qty::from_whole(1)?);
            Ok(QuotingSpec { name, symbols: None, size, every_ns, offset: Price::ZERO, max_position: None, keep: false })
        };
        group.bench_function(name, |b| {
            b.iter(|| {
                let mut config = BacktestConfig::default();
                config.engine.cash = Money::from_f64(10_000_000.0)?;
                config.venue.matching = Matching::Book;
                config.venue.queue = QueueModel::Conservative;
                (config.venue.order_latency_ns, config.venue.report_latency_ns) = (100_000, 100_000);
                run(&data, vec![Box::new(Quoting::new(spec()?)?)], &config, &mut |_, _, _| Ok(()))
            });
        });
    }
    group.finish();
}

fn merge(c: &mut Criterion) {
    let mut group = c.benchmark_group("merge");
    group.throughput(Throughput::Elements(EVENTS as u64)).sample_size(10);
    for streams in [1, 2, 8, 64] {
        let data = streams_of(EVENTS, streams);
        group.bench_with_input(BenchmarkId::from_parameter(streams), &data, |b, data| {
            b.iter(|| {
                let mut merge = Merge::new(data, Timestamp::MIN, Timestamp::MAX)?;
                let mut sum = 0_usize;
                while let Some(event) = merge.next() {
                    sum += black_box(&event).instrument().index();
                }
                Result::Ok(sum)
            });
        });
    }
    group.finish();
}

criterion_group!(benches, events, orders, quoting, merge);
criterion_main!(benches);
