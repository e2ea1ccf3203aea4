//! Nanoseconds an element for each indicator: batch over a million rows, and streaming.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use tickwright_core::indicators::catalog::{Description, all};

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

/// The columns that `entry` asks for; a second series is the low.
fn chosen<'a>(entry: &Description, [high, low, close, volume]: &'a [Vec<f64>; 4]) -> Vec<&'a [f64]> {
    let of = |name: &&str| match *name {
        "high" => high,
        "close" => close,
        "volume" => volume,
        _ => low,
    };
    entry.inputs.iter().map(|name| of(name).as_slice()).collect()
}

fn batch(c: &mut Criterion) {
    let columns = walk();
    let mut group = c.benchmark_group("batch");
    group.throughput(Throughput::Elements(ROWS as u64)).sample_size(10);
    for (_, entry) in all() {
        let Ok(fresh) = entry.build(&[]) else { continue };
        let inputs = chosen(entry, &columns);
        let mut out = vec![vec![0.0; ROWS]; entry.outputs.len()];
        group.bench_function(entry.name, |b| {
            b.iter(|| {
                let mut out: Vec<&mut [f64]> = out.iter_mut().map(Vec::as_mut_slice).collect();
                fresh.clone().extend(black_box(&inputs), &mut out)
            });
        });
    }
    group.finish();
}

fn streaming(c: &mut Criterion) {
    let columns = walk();
    let mut group = c.benchmark_group("update");
    group.throughput(Throughput::Elements(ROWS as u64)).sample_size(10);
    for (_, entry) in all() {
        let Ok(fresh) = entry.build(&[]) else { continue };
        let inputs = chosen(entry, &columns);
        let mut out = vec![0.0; entry.outputs.len()];
        group.bench_function(entry.name, |b| {
            let (mut indicator, mut row) = (fresh.clone(), vec![0.0; inputs.len()]);
            b.iter(|| {
                for i in 0..ROWS {
                    row.iter_mut().zip(&inputs).for_each(|(x, column)| *x = column[i]);
                    if black_box(indicator.update(&row, &mut out)).is_err() {
                        return;
                    }
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, batch, streaming);
criterion_main!(benches);
