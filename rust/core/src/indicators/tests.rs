//! Properties of single indicators; what holds of all of them is in `catalog_tests`, oracles are in `tests/oracle`.

use super::average::basic::{Ema, Sma};
use super::catalog::build;
use super::panel::Axis;
use super::study::Streaming;
use super::volatility::basic::Bollinger;
use super::volume::basic::Vwap;
use super::{PERIOD_MAX, momentum::basic::Macd};
use crate::types::Error;
use proptest::prelude::*;

/// The indicator `name` over `columns`, one column an output.
fn batch(name: &str, columns: &[&[f64]], parameters: &[f64]) -> Vec<Vec<f64>> {
    let mut indicator = build(name, parameters).unwrap();
    let mut out = vec![vec![0.0; columns[0].len()]; indicator.outputs()];
    let mut slices: Vec<&mut [f64]> = out.iter_mut().map(Vec::as_mut_slice).collect();
    indicator.extend(columns, &mut slices).unwrap();
    out
}

fn bits(column: &[f64]) -> Vec<u64> {
    column.iter().map(|x| if x.is_nan() { u64::MAX } else { x.to_bits() }).collect()
}

fn a_value() -> impl Strategy<Value = f64> {
    prop_oneof![8 => 90.0..110.0_f64, 2 => (0_i32..5).prop_map(|x| 100.0 + 0.01 * f64::from(x)), 1 => -1e9..1e9_f64, 1 => Just(-0.0)]
}

fn rows(n: std::ops::Range<usize>) -> impl Strategy<Value = [Vec<f64>; 3]> {
    prop::collection::vec((a_value(), 0.0..1.0_f64, 0.0..1.0_f64), n).prop_map(|rows| {
        let column = |f: fn(&(f64, f64, f64)) -> f64| rows.iter().map(f).collect();
        [column(|r| r.0), column(|r| r.0 + r.1), column(|r| r.0 - r.2)]
    })
}

proptest! {
    #[test]
    fn a_flat_series_gives_its_own_value_exactly(x in -1e6..1e6_f64, period in 1_u32..60) {
        let (xs, p) = (vec![x; 400], f64::from(period));
        let warm = period as usize - 1;
        prop_assert!(batch("sma", &[&xs], &[p])[0][warm..].iter().all(|&y| y == x));
        let bands = batch("bollinger", &[&xs], &[p, 2.0]);
        prop_assert!(bands[0][warm..].iter().chain(&bands[2][warm..]).all(|&y| y == x));
        // The seed of an EMA may be off in the last bits; the average then rests: a flat market makes no crossings.
        let settled = &batch("ema", &[&vec![x; 60 * period as usize + 400]], &[p])[0];
        let tail = &settled[settled.len() - 50..];
        prop_assert!(tail.iter().all(|&y| y == tail[0] && (y - x).abs() <= x.abs() * 1e-16 * (2.0 + p)));
    }

    #[test]
    fn bounds_hold([close, high, low] in rows(60..200), period in 1_u32..20) {
        let (p, n) = (f64::from(period), period as usize);
        prop_assert!(batch("rsi", &[&close], &[p])[0][n..].iter().all(|x| (0.0..=100.0).contains(x)));
        prop_assert!(batch("atr", &[&high, &low, &close], &[p])[0][n..].iter().all(|&x| x >= 0.0));
        let channel = batch("donchian", &[&high, &low], &[p]);
        for (row, (highs, lows)) in high.windows(n).zip(low.windows(n)).enumerate() {
            prop_assert_eq!(channel[0][row + n - 1], highs.iter().copied().fold(f64::MIN, f64::max));
            prop_assert_eq!(channel[2][row + n - 1], lows.iter().copied().fold(f64::MAX, f64::min));
        }
    }
}

#[test]
fn many_series_side_by_side_give_what_each_gives_alone() {
    let (rows, series) = (700, 45);
    let cell = |row: usize, s: usize| if s == 3 { -0.0 } else { 100.0 + ((row * (s + 3)) as f64 / 7.0).sin() };
    let panel: Vec<f64> = (0..rows * series).map(|i| cell(i / series, i % series)).collect();
    for (name, period) in [("ema", 20.0), ("ema", 1.0), ("ema", 800.0), ("rma", 7.0), ("rsi", 14.0), ("rsi", 1.0), ("cmo", 9.0)] {
        let mut out = vec![0.0; panel.len()];
        build(name, &[period]).unwrap().panel(&[&panel], [rows, series], Axis::Rows, &mut [&mut out]).unwrap();
        for s in 0..series {
            let column = |panel: &[f64]| panel.iter().skip(s).step_by(series).copied().collect::<Vec<f64>>();
            assert_eq!(bits(&column(&out)), bits(&batch(name, &[&column(&panel)], &[period])[0]), "{name} {period}, series {s}");
        }
    }
}

#[test]
fn the_middle_band_is_the_simple_average_to_the_last_bit() {
    let xs: Vec<f64> = (0..1000).map(|i| 100.0 + f64::from(i).sin()).collect();
    assert_eq!(bits(&batch("bollinger", &[&xs], &[20.0])[1]), bits(&batch("sma", &[&xs], &[20.0])[0]));
}

#[test]
fn a_huge_value_leaves_no_trace_once_it_has_left_the_window() {
    let mut xs: Vec<f64> = (0..200).map(|i| 100.0 + f64::from(i % 7)).collect();
    let clean = batch("bollinger", &[&xs], &[14.0]);
    xs[50] = 1e18;
    let spoiled = batch("bollinger", &[&xs], &[14.0]);
    for line in 0..2 {
        assert_eq!(bits(&spoiled[line][78..]), bits(&clean[line][78..]));
    }
    for i in 64..78 {
        assert!((spoiled[0][i] - clean[0][i]).abs() < 1e-9, "row {i}");
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
    assert!(message(build("macd", &[26.0, 12.0]).unwrap_err()).starts_with("fast_period"));
    assert!(message(build("sma", &[3.5]).unwrap_err()).contains("period: 3.5 is out of range; give a whole number"));
    let mut atr = build("atr", &[]).unwrap();
    assert!(message(atr.extend(&[&[1.0], &[1.0, 2.0], &[1.0]], &mut [&mut [0.0]]).unwrap_err()).contains("1, 2, 1, 1"));
    assert!(message(atr.update(&[1.0], &mut [0.0]).unwrap_err()).contains('3'));
    let [three, four] = [3.0, 4.0].map(|p| build("donchian", &[p]).unwrap());
    assert!(three.boxed_clone().restore(&four.snapshot()).is_err());
}

#[test]
fn no_volume_is_no_price() {
    let mut v = Streaming::new(Vwap::new()).not_negative(3);
    assert!(v.update([10.0, 8.0, 9.0, 0.0])[0].is_nan());
    assert_eq!(v.update([10.0, 8.0, 9.0, 5.0]), [9.0]);
    assert!(v.update([10.0, 8.0, 9.0, -5.0])[0].is_nan());
    assert_eq!(v.value(), [9.0]);
}
