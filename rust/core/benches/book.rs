//! Order books: changes among 10 to 100,000 live orders, deep books, many books.

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use tickwright_core::book::{BookSet, OrderBook};
use tickwright_core::event::{BookAction, BookDelta, DeltaBatch};
use tickwright_core::types::{InstrumentId, Price, Qty, Random, Side, Timestamp};

const CHANGES: usize = 200_000;
const CENT: i64 = 10_000_000;

/// Orders added and taken away at random: `live` adds, and then changes that hold the count there. Half of the orders that go
/// are deleted, the others are executed piece by piece. Prices fall off geometrically from the touch, as in a real book.
fn stream(live: usize, changes: usize, instruments: u32) -> (DeltaBatch, DeltaBatch) {
    let mut random = Random::new(7);
    let (mut before, mut batch) = (DeltaBatch::with_capacity(live), DeltaBatch::with_capacity(changes));
    let mut resting: Vec<BookDelta> = Vec::new();
    let mut next = 1;
    for i in 0..live + changes {
        let out = if i < live { &mut before } else { &mut batch };
        if resting.len() < live || (resting.len() == live && random.below(2) == 0) {
            let side = if random.below(2) == 0 { Side::Buy } else { Side::Sell };
            let mut ticks = 1;
            while random.below(100) >= 12 {
                ticks += 1;
            }
            let order = BookDelta {
                ts: Timestamp::from_nanos(i as i64),
                instrument: InstrumentId(random.below(u64::from(instruments)) as u32),
                order: next,
                action: BookAction::Add,
                side,
                price: Price::from_raw((15_000 - side.sign() * ticks) * CENT),
                size: Qty::from_raw((1 + random.below(9) as i64) * 100),
                flags: 0,
            };
            next += 1;
            out.push(order);
            resting.push(order);
        } else {
            let at = random.below(resting.len() as u64) as usize;
            let order = resting[at];
            if random.below(10) == 0 && order.size.raw() > 100 {
                out.push(BookDelta { action: BookAction::Execute, size: Qty::from_raw(100), ..order });
                resting[at].size = Qty::from_raw(order.size.raw() - 100);
            } else {
                out.push(BookDelta { action: BookAction::Delete, ..order });
                resting.swap_remove(at);
            }
        }
    }
    (before, batch)
}

fn live_orders(c: &mut Criterion) {
    let mut group = c.benchmark_group("book_l3_batch");
    for live in [10, 1_000, 10_000, 100_000] {
        let (before, batch) = stream(live, CHANGES, 1);
        let mut ready = OrderBook::new();
        ready.reserve(live + 1);
        ready.apply_batch(&before).expect("a valid stream");
        group.throughput(Throughput::Elements(CHANGES as u64));
        group.bench_function(BenchmarkId::from_parameter(live), |b| {
            b.iter_batched_ref(
                || ready.clone(),
                |book| book.apply_batch(black_box(&batch)).expect("a valid stream"),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

fn one_by_one(c: &mut Criterion) {
    let (before, batch) = stream(100_000, CHANGES, 1);
    let mut ready = OrderBook::new();
    ready.apply_batch(&before).expect("a valid stream");
    let mut group = c.benchmark_group("book_l3_one_by_one");
    group.throughput(Throughput::Elements(CHANGES as u64));
    group.bench_function(BenchmarkId::from_parameter(100_000), |b| {
        b.iter_batched_ref(
            || ready.clone(),
            |book| {
                for i in 0..batch.len() {
                    black_box(book.apply(&batch.get(i)).expect("a valid stream"));
                }
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

/// Levels that come and go at random prices of a book this deep: the worst case, all away from the touch.
fn deep(c: &mut Criterion) {
    let mut group = c.benchmark_group("book_l2_random_level");
    for levels in [100, 1_000, 10_000, 50_000] {
        let mut random = Random::new(7);
        let mut book = OrderBook::new();
        let change = |random: &mut Random| BookDelta {
            ts: Timestamp::default(),
            instrument: InstrumentId(0),
            order: 0,
            action: BookAction::Add,
            side: Side::Sell,
            price: Price::from_raw((1 + random.below(2 * levels) as i64) * CENT),
            size: Qty::from_raw(random.below(2) as i64),
            flags: 0,
        };
        let mut batch = DeltaBatch::default();
        for _ in 0..CHANGES {
            batch.push(change(&mut random));
        }
        book.apply_batch(&batch).expect("a valid stream");
        group.throughput(Throughput::Elements(CHANGES as u64));
        group.bench_function(BenchmarkId::from_parameter(levels), |b| {
            b.iter(|| book.apply_batch(black_box(&batch)).expect("a valid stream"))
        });
    }
    group.finish();
}

fn many_books(c: &mut Criterion) {
    let mut group = c.benchmark_group("book_set_100000_orders");
    for books in [1, 100, 5_000] {
        let (before, batch) = stream(100_000, CHANGES, books);
        let mut ready = BookSet::default();
        ready.apply_batch(&before).expect("a valid stream");
        group.throughput(Throughput::Elements(CHANGES as u64));
        group.bench_function(BenchmarkId::from_parameter(books), |b| {
            b.iter_batched_ref(
                || ready.clone(),
                |set| set.apply_batch(black_box(&batch)).expect("a valid stream"),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

fn queries(c: &mut Criterion) {
    let (before, _) = stream(10_000, 0, 1);
    let mut book = OrderBook::new();
    book.apply_batch(&before).expect("a valid stream");
    let mut group = c.benchmark_group("book_query");
    group.bench_function("best_bid", |b| b.iter(|| black_box(&book).best_bid()));
    group.bench_function("depth_10", |b| b.iter(|| black_box(&book).depth(10)));
    group.bench_function("vwap", |b| b.iter(|| black_box(&book).vwap(Side::Buy, Qty::from_raw(100_000))));
    group.finish();
}

criterion_group!(benches, live_orders, one_by_one, deep, many_books, queries);
criterion_main!(benches);
