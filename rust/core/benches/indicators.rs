//! Nanoseconds an element for each indicator: batch over a million rows, and streaming.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use tickwright_core::indicators as ind;

const ROWS: usize = 1_000_000;

/// A random walk from a linear congruential generator: the same in every run.
fn walk() -> [Vec<f64>; 4] {
    let mut state = 1_u64;
    let mut unit = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let mut close = 100.0_f64;
    let mut columns: [Vec<f64>; 4] = Default::default();
    for _ in 0..ROWS {
        close *= 1.0 + 2e-4 * (unit() - 0.5);
        columns[0].push(close * (1.0 + 1e-4 * unit()));
        columns[1].push(close * (1.0 - 1e-4 * unit()));
        columns[2].push(close);
        columns[3].push((1000.0 * unit()).floor());
    }
    columns
}

fn batch(c: &mut Criterion) {
    let [h, l, x, v] = walk();
    let (mut o1, mut o2, mut o3) = (vec![0.0; ROWS], vec![0.0; ROWS], vec![0.0; ROWS]);
    let mut group = c.benchmark_group("batch");
    group.throughput(Throughput::Elements(ROWS as u64)).sample_size(20);
    group.bench_function("sma_5", |b| b.iter(|| ind::sma_into(black_box(&x), 5, &mut o1)));
    group.bench_function("sma_30", |b| b.iter(|| ind::sma_into(black_box(&x), 30, &mut o1)));
    group.bench_function("sma_200", |b| b.iter(|| ind::sma_into(black_box(&x), 200, &mut o1)));
    group.bench_function("ema_30", |b| b.iter(|| ind::ema_into(black_box(&x), 30, &mut o1)));
    group.bench_function("rma_14", |b| b.iter(|| ind::rma_into(black_box(&x), 14, &mut o1)));
    group.bench_function("rsi_14", |b| b.iter(|| ind::rsi_into(black_box(&x), 14, &mut o1)));
    group.bench_function("macd", |b| b.iter(|| ind::macd_into(black_box(&x), (12, 26, 9), &mut o1, &mut o2, &mut o3)));
    group.bench_function("bollinger_20", |b| b.iter(|| ind::bollinger_into(black_box(&x), (20, 2.0), &mut o1, &mut o2, &mut o3)));
    group.bench_function("atr_14", |b| b.iter(|| ind::atr_into(black_box(&h), &l, &x, 14, &mut o1)));
    group.bench_function("vwap", |b| b.iter(|| ind::vwap_into(black_box(&h), &l, &x, &v, &mut o1)));
    group.bench_function("obv", |b| b.iter(|| ind::obv_into(black_box(&x), &v, &mut o1)));
    group.bench_function("donchian_20", |b| b.iter(|| ind::donchian_into(black_box(&h), &l, 20, &mut o1, &mut o2, &mut o3)));
    group.finish();
}

fn streaming(c: &mut Criterion) {
    let [h, l, x, v] = walk();
    let mut group = c.benchmark_group("update");
    group.throughput(Throughput::Elements(ROWS as u64)).sample_size(10);
    macro_rules! update {
        ($name:literal, $new:expr, |$indicator:ident, $i:ident| $update:expr) => {
            group.bench_function($name, |b| {
                let mut $indicator = $new;
                b.iter(|| {
                    for $i in 0..ROWS {
                        black_box($update);
                    }
                });
            });
        };
    }
    if let (Ok(sma), Ok(ema), Ok(rsi), Ok(donchian)) = (ind::Sma::new(30), ind::Ema::new(30), ind::Rsi::new(14), ind::Donchian::new(20)) {
        update!("sma_30", sma.clone(), |s, i| s.update(x[i]));
        update!("ema_30", ema.clone(), |s, i| s.update(x[i]));
        update!("rsi_14", rsi.clone(), |s, i| s.update(x[i]));
        update!("donchian_20", donchian.clone(), |s, i| s.update(h[i], l[i]));
        update!("vwap", ind::Vwap::new(), |s, i| s.update(h[i], l[i], x[i], v[i]));
    }
    group.finish();
}

criterion_group!(benches, batch, streaming);
criterion_main!(benches);
