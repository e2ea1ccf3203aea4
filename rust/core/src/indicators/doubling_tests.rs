//! Windows by doubling, of any period and however a series is cut, against sums and extremes over the window itself.

use super::doubling::{Highest, HighestWith, LowestWith, Mean, Moving, Spread, Sum, Tilt, Window};
use proptest::prelude::*;

/// Whole values, so that sums over a window are exact.
fn series() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec((-50_i32..50).prop_map(f64::from), 1..900)
}

/// What is known after each row, taken in pieces of `cut` rows; rows of columns are values and their numbers.
fn taken<W: Window<M>, const M: usize>(period: usize, xs: &[f64], cut: usize) -> Vec<[f64; M]> {
    let numbers: Vec<f64> = (0..xs.len()).map(|row| row as f64).collect();
    let mut moving = Moving::<W, M>::new(period);
    let mut all = Vec::new();
    for (xs, numbers) in xs.chunks(cut).zip(numbers.chunks(cut)) {
        let mut out = vec![[0.0; M]; xs.len()];
        let emit = |start: usize, lists: [&[f64]; M]| {
            for (m, list) in lists.iter().enumerate() {
                for (row, y) in out[start..].iter_mut().zip(*list) {
                    row[m] = *y;
                }
            }
        };
        if W::OVERLAPS && M == 2 {
            moving.extend([xs, numbers], emit);
        } else {
            moving.extend([xs], emit);
        }
        all.extend(out);
    }
    all
}

/// The bits of rows taken one by one.
fn pushed<W: Window<M>, const M: usize>(period: usize, xs: &[f64]) -> Vec<[u64; M]> {
    let mut moving = Moving::<W, M>::new(period);
    let row = |(number, &x): (usize, &f64)| {
        let with = if W::OVERLAPS { number as f64 } else { 0.0 };
        let values = std::array::from_fn(|m| [x, with].get(m).copied().unwrap_or(0.0));
        moving.push(values).unwrap_or([f64::NAN; M]).map(f64::to_bits)
    };
    xs.iter().enumerate().map(row).collect()
}

fn bits<const M: usize>(rows: &[[f64; M]]) -> Vec<[u64; M]> {
    rows.iter().map(|row| row.map(f64::to_bits)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn windows_of_any_period_are_what_their_rows_make_of_them(xs in series(), period in 1_usize..300, cut in 1_usize..900) {
        prop_assert_eq!(bits(&taken::<Sum, 1>(period, &xs, cut)), pushed::<Sum, 1>(period, &xs));
        prop_assert_eq!(bits(&taken::<Spread, 2>(period, &xs, cut)), pushed::<Spread, 2>(period, &xs));
        prop_assert_eq!(bits(&taken::<HighestWith, 2>(period, &xs, cut)), pushed::<HighestWith, 2>(period, &xs));
        let (sums, means) = (taken::<Sum, 1>(period, &xs, cut), taken::<Mean, 1>(period, &xs, cut));
        let (spreads, tilts) = (taken::<Spread, 2>(period, &xs, cut), taken::<Tilt, 2>(period, &xs, cut));
        let highest = taken::<Highest, 1>(period, &xs, cut);
        let (high, low) = (taken::<HighestWith, 2>(period, &xs, cut), taken::<LowestWith, 2>(period, &xs, cut));
        prop_assert!(sums[..(period - 1).min(xs.len())].iter().all(|[sum]| sum.is_nan()));
        for (first, window) in xs.windows(period).enumerate() {
            let (row, n) = (first + period - 1, period as f64);
            let sum: f64 = window.iter().sum();
            prop_assert_eq!(sums[row][0], sum);
            prop_assert!((means[row][0] - sum / n).abs() <= 1e-13 * 50.0);
            let squares: f64 = window.iter().map(|x| (x - sum / n) * (x - sum / n)).sum();
            prop_assert!((spreads[row][1] - squares).abs() <= 1e-11 * (1.0 + squares), "{} is not {squares}", spreads[row][1]);
            let tilt: f64 = window.iter().enumerate().map(|(i, x)| (i as f64 - 0.5 * (n - 1.0)) * x).sum();
            prop_assert!((tilts[row][1] - tilt).abs() <= 1e-11 * 50.0 * n * n, "{} is not {tilt}", tilts[row][1]);
            let top = window.iter().copied().fold(f64::MIN, f64::max);
            let bottom = window.iter().copied().fold(f64::MAX, f64::min);
            let latest = |value: f64| (first + window.iter().rposition(|&x| x == value).unwrap()) as f64;
            prop_assert_eq!(highest[row][0], top);
            prop_assert_eq!((high[row], low[row]), ([top, latest(top)], [bottom, latest(bottom)]));
        }
    }

    #[test]
    fn a_flat_window_has_its_own_mean_and_no_spread(x in -1e9..1e9_f64, period in 1_usize..300) {
        for [mean, squares] in taken::<Spread, 2>(period, &vec![x; 700], 700).into_iter().skip(period - 1) {
            prop_assert_eq!((mean, squares), (x, 0.0));
        }
    }
}
