//! Moments of the last `period` values: sum, variance, deviation, skewness, kurtosis, and the score of the newest.

use crate::indicators::average::line::{NEARLY_ZERO, Sum, zip3};
use crate::indicators::average::weighted::Single;
use crate::indicators::catalog::{Description, period, real, whole};
use crate::indicators::doubling::{Moving, Spread};
use crate::indicators::study::{State, Streaming, Study};
use crate::indicators::window::PowerSums;

/// What is made of the sums of powers: rows and what each counts, anchor, sums, and the newest value.
trait Moment<const M: usize>: Clone + std::fmt::Debug + Send + Sync + 'static {
    fn of(&self, n: f64, share: f64, anchor: f64, sums: &[f64; M], newest: f64) -> f64;
}

/// A moment of a window.
#[derive(Clone, Debug)]
struct Windowed<F, const M: usize> {
    sums: PowerSums<M>,
    moment: F,
}

impl<F: Moment<M>, const M: usize> Windowed<F, M> {
    fn new(period: usize, moment: F) -> Self {
        Self { sums: PowerSums::new(period), moment }
    }
}

impl<F: Moment<M>, const M: usize> Study<1, 1> for Windowed<F, M> {
    fn lookback(&self) -> usize {
        self.sums.period() - 1
    }

    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 1] {
        let n = self.sums.period() as f64;
        let moment = &self.moment;
        [self.sums.update(x).map_or(f64::NAN, |(anchor, sums)| moment.of(n, 1.0 / n, anchor, &sums, x))]
    }

    fn run(&mut self, [xs]: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        let n = self.sums.period() as f64;
        let moment = &self.moment;
        let warm_up = self.sums.rows_to_go().min(out.len());
        out[..warm_up].fill(f64::NAN);
        self.sums.extend(xs, |row, anchor, run| {
            for ((y, sums), &x) in out[row..].iter_mut().zip(run).zip(&xs[row..]) {
                *y = moment.of(n, 1.0 / n, anchor, sums, x);
            }
        });
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.sums.visit(state);
    }
}

/// The second central moment; never below 0.
#[inline]
fn variance(share: f64, sum: f64, squares: f64) -> f64 {
    let mean = sum * share;
    let variance = squares * share - mean * mean;
    if variance > 0.0 { variance } else { 0.0 }
}

/// Root of a variance; 0 where TA-Lib sees none.
#[inline]
fn root(variance: f64) -> f64 {
    // The root of either, so that a batch need not branch.
    (if variance < NEARLY_ZERO { 0.0 } else { variance }).sqrt()
}

/// What is made of the newest value, the mean and the variance.
trait FromSpread: Clone + std::fmt::Debug + Send + Sync + 'static {
    fn of(&self, newest: f64, mean: f64, variance: f64) -> f64;
}

/// Mean and variance of a window, and what is made of them.
#[derive(Clone, Debug)]
struct Spreading<F> {
    window: Moving<Spread, 2>,
    share: f64,
    made: F,
}

impl<F: FromSpread> Spreading<F> {
    fn new(period: usize, made: F) -> Self {
        Self { window: Moving::new(period), share: 1.0 / period as f64, made }
    }
}

impl<F: FromSpread> Study<1, 1> for Spreading<F> {
    fn lookback(&self) -> usize {
        self.window.period() - 1
    }

    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 1] {
        let window = self.window.push([x, 0.0]);
        [window.map_or(f64::NAN, |[mean, squares]| self.made.of(x, mean, squares * self.share))]
    }

    fn run(&mut self, [xs]: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        let (share, made) = (self.share, &self.made);
        self.window.extend([xs], |start, [means, squares]| {
            zip3(&mut out[start..], &xs[start..], means, squares, |x, mean, squares| made.of(x, mean, squares * share));
        });
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.window.visit(state);
    }
}

#[derive(Clone, Debug)]
struct Variance;

impl FromSpread for Variance {
    #[inline]
    fn of(&self, _: f64, _: f64, variance: f64) -> f64 {
        variance
    }
}

#[derive(Clone, Debug)]
struct Deviation {
    factor: f64,
}

impl FromSpread for Deviation {
    #[inline]
    fn of(&self, _: f64, _: f64, variance: f64) -> f64 {
        root(variance) * self.factor
    }
}

#[derive(Clone, Debug)]
struct Score;

impl FromSpread for Score {
    #[inline]
    fn of(&self, newest: f64, mean: f64, variance: f64) -> f64 {
        let deviation = root(variance);
        let score = (newest - mean) / deviation;
        if deviation <= 0.0 { 0.0 } else { score }
    }
}

#[derive(Clone, Debug)]
struct Skewness;

impl Moment<3> for Skewness {
    #[inline]
    fn of(&self, n: f64, share: f64, _: f64, &[sum, squares, cubes]: &[f64; 3], _: f64) -> f64 {
        let mean = sum * share;
        let second = variance(share, sum, squares);
        if second < NEARLY_ZERO {
            return 0.0;
        }
        let third = cubes * share - 3.0 * mean * (squares * share) + 2.0 * mean * mean * mean;
        (n * (n - 1.0)).sqrt() / (n - 2.0) * third / (second * second.sqrt())
    }
}

#[derive(Clone, Debug)]
struct Kurtosis;

impl Moment<4> for Kurtosis {
    #[inline]
    fn of(&self, n: f64, share: f64, _: f64, &[sum, squares, cubes, fourths]: &[f64; 4], _: f64) -> f64 {
        let mean = sum * share;
        let second = variance(share, sum, squares);
        if second < NEARLY_ZERO {
            return 0.0;
        }
        let square = mean * mean;
        let fourth = fourths * share - 4.0 * mean * (cubes * share) + 6.0 * square * (squares * share) - 3.0 * square * square;
        (n - 1.0) / ((n - 2.0) * (n - 3.0)) * ((n + 1.0) * (fourth / (second * second)) - 3.0 * (n - 1.0))
    }
}

pub(super) const ENTRIES: &[Description] = &[
    Description {
        name: "stddev",
        title: "Standard deviation",
        inputs: &["close"],
        parameters: &[period(5), real("factor", 1.0, -1e9, 1e9)],
        outputs: &["stddev"],
        first_row: "period − 1",
        formula: "factor·√variance, of the population",
        source: "TA-Lib STDDEV",
        make: |p| Ok(Box::new(Streaming::new(Spreading::new(p.whole(0), Deviation { factor: p.real(1) })))),
    },
    Description {
        name: "variance",
        title: "Variance",
        inputs: &["close"],
        parameters: &[period(5)],
        outputs: &["variance"],
        first_row: "period − 1",
        formula: "mean of (close − mean)² over period rows, of the population",
        source: "TA-Lib VAR",
        make: |p| Ok(Box::new(Streaming::new(Spreading::new(p.whole(0), Variance)))),
    },
    Description {
        name: "zscore",
        title: "Z-score",
        inputs: &["close"],
        parameters: &[period(20)],
        outputs: &["zscore"],
        first_row: "period − 1",
        formula: "(close − mean) ÷ standard deviation of period rows, of the population; 0 where nothing moves",
        source: "definition; as Stock.Indicators",
        make: |p| Ok(Box::new(Streaming::new(Spreading::new(p.whole(0), Score)))),
    },
    Description {
        name: "rolling_sum",
        title: "Rolling sum",
        inputs: &["close"],
        parameters: &[period(30)],
        outputs: &["sum"],
        first_row: "period − 1",
        formula: "Σ close over period rows",
        source: "TA-Lib SUM",
        make: |p| Ok(Box::new(Streaming::new(Single(Sum::new(p.whole(0)))))),
    },
    Description {
        name: "rolling_skew",
        title: "Rolling skewness",
        inputs: &["close"],
        parameters: &[whole("period", 30, 3)],
        outputs: &["skew"],
        first_row: "period − 1",
        formula: "√(n(n − 1)) ÷ (n − 2)·m₃ ÷ m₂^1.5, central moments of n = period rows; 0 where nothing moves",
        source: "adjusted Fisher–Pearson, D. Joanes and C. Gill (1998), G₁; as pandas",
        make: |p| Ok(Box::new(Streaming::new(Windowed::new(p.whole(0), Skewness)))),
    },
    Description {
        name: "rolling_kurtosis",
        title: "Rolling excess kurtosis",
        inputs: &["close"],
        parameters: &[whole("period", 30, 4)],
        outputs: &["kurtosis"],
        first_row: "period − 1",
        formula: "(n − 1) ÷ ((n − 2)(n − 3))·((n + 1)·m₄ ÷ m₂² − 3(n − 1)), central moments of n = period rows; 0 where nothing moves",
        source: "D. Joanes and C. Gill (1998), G₂; as pandas",
        make: |p| Ok(Box::new(Streaming::new(Windowed::new(p.whole(0), Kurtosis)))),
    },
];
