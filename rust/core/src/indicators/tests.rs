//! Properties that hold for every indicator; oracles are in `tests/oracle`.

use super::*;
use proptest::prelude::*;

type Columns = Vec<[f64; 4]>;

/// One indicator as rows of values, run as a stream and as a batch, with snapshots in between.
struct Runs {
    stream: Vec<Vec<u64>>,
    batch: Vec<Vec<u64>>,
    pieces: Vec<Vec<u64>>,
    resumed: Vec<Vec<u64>>,
}

fn bits(rows: impl IntoIterator<Item = Vec<f64>>) -> Vec<Vec<u64>> {
    // All NaNs are one here: their sign is no part of the contract.
    rows.into_iter().map(|r| r.into_iter().map(|x| if x.is_nan() { u64::MAX } else { x.to_bits() }).collect()).collect()
}

fn columns(rows: &Columns) -> [Vec<f64>; 4] {
    std::array::from_fn(|c| rows.iter().map(|r| r[c]).collect())
}

fn zip_columns(columns: &[Vec<f64>]) -> Vec<Vec<f64>> {
    (0..columns[0].len()).map(|i| columns.iter().map(|c| c[i]).collect()).collect()
}

macro_rules! runs {
    ($rows:expr, $cut:expr, $new:expr, |$i:ident, $r:ident| $update:expr, |$b:ident, $c:ident, $o:ident| $extend:expr, $outputs:literal) => {{
        let rows: &Columns = $rows;
        let new = || $new;
        let batch_of = |$b: &mut _, part: &[[f64; 4]]| -> Vec<Vec<f64>> {
            let $c = columns(&part.to_vec());
            let mut $o = vec![vec![0.0; part.len()]; $outputs];
            $extend.unwrap();
            zip_columns(&$o)
        };
        let one = |$i: &mut _, $r: &[f64; 4]| -> Vec<f64> { $update };
        let mut i = new();
        let stream = bits(rows.iter().map(|r| one(&mut i, r)));
        i.reset();
        let batch = bits(batch_of(&mut i, rows));
        let mut i = new();
        let (head, tail) = rows.split_at($cut.min(rows.len()));
        let mut pieces = batch_of(&mut i, head);
        let saved = i.snapshot();
        pieces.extend(batch_of(&mut i, tail));
        let mut again = new();
        again.restore(&saved).unwrap();
        let resumed = bits(tail.iter().map(|r| one(&mut again, r)));
        Runs { stream, batch, pieces: bits(pieces), resumed }
    }};
}

fn three(c: Channel) -> Vec<f64> {
    vec![c.upper, c.middle, c.lower]
}

fn every_indicator(rows: &Columns, cut: usize, p: usize) -> Vec<(&'static str, Runs)> {
    macro_rules! three_columns {
        ($o:ident) => {{
            let [a, b, c] = &mut $o[..] else { unreachable!() };
            (a, b, c)
        }};
    }
    vec![
        (
            "sma",
            runs!(
                rows,
                cut,
                Sma::new(p).unwrap(),
                |i, r| {
                    let i: &mut Sma = i;
                    vec![i.update(r[0])]
                },
                |b, c, o| {
                    let b: &mut Sma = b;
                    b.extend(&c[0], &mut o[0])
                },
                1
            ),
        ),
        (
            "ema",
            runs!(
                rows,
                cut,
                Ema::new(p).unwrap(),
                |i, r| {
                    let i: &mut Ema = i;
                    vec![i.update(r[0])]
                },
                |b, c, o| {
                    let b: &mut Ema = b;
                    b.extend(&c[0], &mut o[0])
                },
                1
            ),
        ),
        (
            "rma",
            runs!(
                rows,
                cut,
                Rma::new(p).unwrap(),
                |i, r| {
                    let i: &mut Rma = i;
                    vec![i.update(r[0])]
                },
                |b, c, o| {
                    let b: &mut Rma = b;
                    b.extend(&c[0], &mut o[0])
                },
                1
            ),
        ),
        (
            "rsi",
            runs!(
                rows,
                cut,
                Rsi::new(p).unwrap(),
                |i, r| {
                    let i: &mut Rsi = i;
                    vec![i.update(r[0])]
                },
                |b, c, o| {
                    let b: &mut Rsi = b;
                    b.extend(&c[0], &mut o[0])
                },
                1
            ),
        ),
        (
            "macd",
            runs!(
                rows,
                cut,
                Macd::new(p, p + 7, p / 2 + 1).unwrap(),
                |i, r| {
                    let i: &mut Macd = i;
                    let v = i.update(r[0]);
                    vec![v.macd, v.signal, v.histogram]
                },
                |b, c, o| {
                    let b: &mut Macd = b;
                    let (x, y, z) = three_columns!(o);
                    b.extend(&c[0], x, y, z)
                },
                3
            ),
        ),
        (
            "bollinger",
            runs!(
                rows,
                cut,
                Bollinger::new(p, 2.0).unwrap(),
                |i, r| {
                    let i: &mut Bollinger = i;
                    three(i.update(r[0]))
                },
                |b, c, o| {
                    let b: &mut Bollinger = b;
                    let (x, y, z) = three_columns!(o);
                    b.extend(&c[0], x, y, z)
                },
                3
            ),
        ),
        (
            "atr",
            runs!(
                rows,
                cut,
                Atr::new(p).unwrap(),
                |i, r| {
                    let i: &mut Atr = i;
                    vec![i.update(r[1], r[2], r[0])]
                },
                |b, c, o| {
                    let b: &mut Atr = b;
                    b.extend(&c[1], &c[2], &c[0], &mut o[0])
                },
                1
            ),
        ),
        (
            "vwap",
            runs!(
                rows,
                cut,
                Vwap::new(),
                |i, r| {
                    let i: &mut Vwap = i;
                    vec![i.update(r[1], r[2], r[0], r[3])]
                },
                |b, c, o| {
                    let b: &mut Vwap = b;
                    b.extend(&c[1], &c[2], &c[0], &c[3], &mut o[0])
                },
                1
            ),
        ),
        (
            "obv",
            runs!(
                rows,
                cut,
                Obv::new(),
                |i, r| {
                    let i: &mut Obv = i;
                    vec![i.update(r[0], r[3])]
                },
                |b, c, o| {
                    let b: &mut Obv = b;
                    b.extend(&c[0], &c[3], &mut o[0])
                },
                1
            ),
        ),
        (
            "donchian",
            runs!(
                rows,
                cut,
                Donchian::new(p).unwrap(),
                |i, r| {
                    let i: &mut Donchian = i;
                    three(i.update(r[1], r[2]))
                },
                |b, c, o| {
                    let b: &mut Donchian = b;
                    let (x, y, z) = three_columns!(o);
                    b.extend(&c[1], &c[2], x, y, z)
                },
                3
            ),
        ),
    ]
}

fn a_value() -> impl Strategy<Value = f64> {
    prop_oneof![8 => 90.0..110.0_f64, 2 => (0_i32..5).prop_map(|x| 100.0 + 0.01 * f64::from(x)), 1 => -1e9..1e9_f64, 1 => Just(-0.0)]
}

fn row() -> impl Strategy<Value = [f64; 4]> {
    (a_value(), 0.0..1.0_f64, 0.0..1.0_f64, prop_oneof![1 => Just(0.0), 4 => 0.0..1e6_f64])
        .prop_map(|(c, up, down, v)| [c, c + up, c - down, v])
}

fn holed_rows() -> impl Strategy<Value = Columns> {
    let hole =
        (row(), prop_oneof![1 => Just(f64::NAN), 1 => Just(f64::INFINITY), 1 => Just(f64::NEG_INFINITY)]).prop_map(|(r, x)| r.map(|_| x));
    prop::collection::vec(prop_oneof![6 => row(), 1 => hole], 0..300)
}

proptest! {
    #[test]
    fn a_batch_equals_the_stream_to_the_last_bit(rows in prop::collection::vec(row(), 0..700), cut in 0_usize..700, period in 1_usize..40) {
        for (name, runs) in every_indicator(&rows, cut, period) {
            prop_assert_eq!(&runs.batch, &runs.stream, "{} in one piece", name);
            prop_assert_eq!(&runs.pieces, &runs.stream, "{} in two pieces", name);
            prop_assert_eq!(&runs.resumed[..], &runs.stream[cut.min(rows.len())..], "{} resumed", name);
        }
    }

    #[test]
    fn rows_with_holes_are_skipped_as_if_they_were_not_there(rows in holed_rows(), period in 1_usize..20) {
        let whole: Columns = rows.iter().copied().filter(|r| r[0].is_finite()).collect();
        let without = every_indicator(&whole, 0, period);
        for ((name, with), (_, without)) in every_indicator(&rows, rows.len() / 2, period).into_iter().zip(without) {
            prop_assert_eq!(&with.batch, &with.stream, "{}", name);
            prop_assert_eq!(&with.pieces, &with.stream, "{}", name);
            let (kept, holes): (Vec<_>, Vec<_>) = with.stream.into_iter().zip(&rows).partition(|(_, r)| r[0].is_finite());
            prop_assert!(holes.iter().all(|(v, _)| v.iter().all(|&x| x == u64::MAX)), "{}: a hole gives NaN", name);
            prop_assert_eq!(kept.into_iter().map(|(v, _)| v).collect::<Vec<_>>(), without.stream, "{}", name);
        }
    }

    #[test]
    fn a_flat_series_gives_its_own_value_exactly(x in -1e6..1e6_f64, period in 1_usize..60) {
        let xs = vec![x; 400];
        prop_assert!(sma(&xs, period).unwrap()[period - 1..].iter().all(|&y| y == x));
        let bands = bollinger(&xs, period, 2.0).unwrap();
        prop_assert!(bands.upper[period - 1..].iter().chain(&bands.lower[period - 1..]).all(|&y| y == x));
        // The seed of an EMA may be off in the last bits; the average then rests: a flat market makes no crossings.
        let settled = ema(&vec![x; 60 * period + 400], period).unwrap();
        let tail = &settled[settled.len() - 50..];
        prop_assert!(tail.iter().all(|&y| y == tail[0] && (y - x).abs() <= x.abs() * 1e-16 * (2 + period) as f64));
    }

    #[test]
    fn bounds_hold(rows in prop::collection::vec(row(), 60..200), period in 1_usize..20) {
        let [close, high, low, _] = columns(&rows);
        prop_assert!(rsi(&close, period).unwrap()[period..].iter().all(|x| (0.0..=100.0).contains(x)));
        prop_assert!(atr(&high, &low, &close, period).unwrap()[period..].iter().all(|&x| x >= 0.0));
        let channel = donchian(&high, &low, period).unwrap();
        for i in period - 1..rows.len() {
            let window = i + 1 - period..=i;
            prop_assert_eq!(channel.upper[i], high[window.clone()].iter().copied().fold(f64::MIN, f64::max));
            prop_assert_eq!(channel.lower[i], low[window].iter().copied().fold(f64::MAX, f64::min));
        }
    }
}

#[test]
fn the_middle_band_is_the_simple_average_to_the_last_bit() {
    let xs: Vec<f64> = (0..1000).map(|i| 100.0 + f64::from(i).sin()).collect();
    assert_eq!(bits([bollinger(&xs, 20, 2.0).unwrap().middle]), bits([sma(&xs, 20).unwrap()]));
}

#[test]
fn a_huge_value_leaves_no_trace_once_it_has_left_the_window() {
    let mut xs: Vec<f64> = (0..200).map(|i| 100.0 + f64::from(i % 7)).collect();
    let clean = bollinger(&xs, 14, 2.0).unwrap();
    xs[50] = 1e18;
    let spoiled = bollinger(&xs, 14, 2.0).unwrap();
    for i in (50 + 28)..200 {
        assert_eq!(spoiled.middle[i].to_bits(), clean.middle[i].to_bits(), "row {i}");
        assert_eq!(spoiled.upper[i].to_bits(), clean.upper[i].to_bits(), "row {i}");
    }
    for i in 64..78 {
        assert!((spoiled.upper[i] - clean.upper[i]).abs() < 1e-9, "row {i}");
    }
}

#[test]
fn the_first_value_comes_where_the_catalog_says() {
    let (p, n) = (5, 40);
    let x: Vec<f64> = (0..n).map(|i| 100.0 + f64::from(i * i % 11)).collect();
    let first = |xs: &[f64]| xs.iter().position(|x| !x.is_nan());
    assert_eq!(first(&sma(&x, p).unwrap()), Some(p - 1));
    assert_eq!(first(&ema(&x, p).unwrap()), Some(p - 1));
    assert_eq!(first(&rma(&x, p).unwrap()), Some(p - 1));
    assert_eq!(first(&rsi(&x, p).unwrap()), Some(p));
    let lines = macd(&x, 5, 10, 4).unwrap();
    assert_eq!([first(&lines.macd), first(&lines.signal), first(&lines.histogram)], [Some(12); 3]);
    assert_eq!(first(&bollinger(&x, p, 2.0).unwrap().upper), Some(p - 1));
    assert_eq!(first(&atr(&x, &x, &x, p).unwrap()), Some(p));
    assert_eq!(first(&vwap(&x, &x, &x, &x).unwrap()), Some(0));
    assert_eq!(first(&obv(&x, &x).unwrap()), Some(0));
    assert_eq!(first(&donchian(&x, &x, p).unwrap().upper), Some(p - 1));
}

#[test]
fn short_and_empty_series_are_all_warm_up() {
    for n in 0..5 {
        let x = vec![1.0; n];
        for out in [sma(&x, 5), ema(&x, 5), rma(&x, 5), rsi(&x, 5), atr(&x, &x, &x, 5)] {
            assert!(out.unwrap().iter().all(|x| x.is_nan()));
        }
    }
}

#[test]
fn impossible_parameters_and_uneven_columns_are_named() {
    let message = |e: Error| e.to_string();
    assert!(message(Sma::new(0).unwrap_err()).contains("period: 0 is out of range"));
    assert!(message(Ema::new(PERIOD_MAX + 1).unwrap_err()).contains("16777216"));
    assert!(message(Macd::new(26, 12, 9).unwrap_err()).starts_with("fast_period"));
    assert!(message(Bollinger::new(20, f64::NAN).unwrap_err()).starts_with("deviations"));
    assert!(message(Bollinger::new(20, -1.0).unwrap_err()).starts_with("deviations"));
    assert!(message(atr(&[1.0], &[1.0, 2.0], &[1.0], 1).unwrap_err()).contains("column low: has 2 rows where high has 1"));
    assert!(Sma::new(3).unwrap().restore(&[1.0]).is_err());
    assert!(Donchian::new(3).unwrap().restore(&Donchian::new(4).unwrap().snapshot()).is_err());
}

#[test]
fn no_volume_is_no_price() {
    let mut v = Vwap::new();
    assert!(v.update(10.0, 8.0, 9.0, 0.0).is_nan());
    assert_eq!(v.update(10.0, 8.0, 9.0, 5.0), 9.0);
    assert!(v.update(10.0, 8.0, 9.0, -5.0).is_nan());
    assert_eq!(v.value(), 9.0);
}
