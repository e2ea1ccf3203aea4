//! Two series against each other: correlation, covariance, beta.

use crate::indicators::average::line::{Composed, NEARLY_ZERO, each_pair, is_zero};
use crate::indicators::average::sums::{Products, Sums};
use crate::indicators::catalog::{Description, Parameter, period, whole};
use crate::indicators::study::{State, Streaming};

/// Central second moments times `n`: of x, of y, and of both.
#[inline]
fn central(n: f64, [x, y, xx, yy, xy]: [f64; 5]) -> [f64; 3] {
    [xx - x * (x / n), yy - y * (y / n), xy - x * (y / n)]
}

/// Pearson's coefficient.
#[derive(Clone, Debug)]
struct Correlation(Sums<Products, 2, 5>);

impl Composed<2, 1> for Correlation {
    fn lookback(&self) -> usize {
        self.0.period() - 1
    }

    #[inline]
    fn block<const N: usize>(&mut self, columns: [&[f64]; 2], [out]: [&mut [f64]; 1]) {
        let n = self.0.period() as f64;
        out.fill(f64::NAN);
        self.0.take(columns, |row, t| {
            let [xx, yy, xy] = central(n, t.sums);
            let both = xx * yy;
            // 0 where one does not move, as in TA-Lib.
            out[row] = if both < NEARLY_ZERO { 0.0 } else { xy / both.sqrt() };
        });
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.0.visit(state);
    }
}

/// Covariance.
#[derive(Clone, Debug)]
struct Covariance {
    sums: Sums<Products, 2, 5>,
    share: f64,
}

impl Composed<2, 1> for Covariance {
    fn lookback(&self) -> usize {
        self.sums.period() - 1
    }

    #[inline]
    fn block<const N: usize>(&mut self, columns: [&[f64]; 2], [out]: [&mut [f64]; 1]) {
        let (n, share) = (self.sums.period() as f64, self.share);
        out.fill(f64::NAN);
        self.sums.take(columns, |row, t| out[row] = central(n, t.sums)[2] * share);
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.sums.visit(state);
    }
}

/// The slope of one series' returns on the other's.
#[derive(Clone, Debug)]
struct Beta {
    last: [f64; 2],
    sums: Sums<Products, 2, 5>,
}

#[inline]
fn relative(now: f64, then: f64) -> f64 {
    if is_zero(then) { 0.0 } else { (now - then) / then }
}

impl Composed<2, 1> for Beta {
    fn lookback(&self) -> usize {
        self.sums.period()
    }

    #[inline]
    fn block<const N: usize>(&mut self, columns: [&[f64]; 2], [out]: [&mut [f64]; 1]) {
        let (mut x, mut y) = ([0.0; N], [0.0; N]);
        let (x, y) = (&mut x[..out.len()], &mut y[..out.len()]);
        each_pair(&mut self.last, columns, |i, now, then| {
            x[i] = relative(now[0], then[0]);
            y[i] = relative(now[1], then[1]);
        });
        let n = self.sums.period() as f64;
        out.fill(f64::NAN);
        self.sums.take([x, y], |row, t| {
            let [xx, _, xy] = central(n, t.sums);
            // TA-Lib asks for n times this.
            out[row] = if is_zero(n * xx) { 0.0 } else { xy / xx };
        });
    }

    fn visit(&mut self, state: &mut State<'_>) {
        state.numbers(&mut self.last);
        self.sums.visit(state);
    }
}

pub(super) const ENTRIES: &[Description] = &[
    Description {
        name: "correlation",
        title: "Pearson correlation",
        inputs: &["close", "other"],
        parameters: &[period(30)],
        outputs: &["correlation"],
        first_row: "period − 1",
        formula: "covariance ÷ (deviation of close·deviation of other) over period rows; 0 where one does not move",
        source: "TA-Lib CORREL",
        make: |p| Ok(Box::new(Streaming::new(Correlation(Sums::new(p.whole(0)))))),
    },
    Description {
        name: "covariance",
        title: "Covariance",
        inputs: &["close", "other"],
        parameters: &[whole("period", 30, 2), Parameter { name: "degrees", default: 1.0, min: 0.0, max: 1.0, is_whole: true }],
        outputs: &["covariance"],
        first_row: "period − 1",
        formula: "Σ (close − mean)(other − mean) ÷ (period − degrees): degrees 1 of a sample, 0 of a population",
        source: "definition; as numpy and pandas, of a sample",
        make: |p| {
            let period = p.whole(0);
            Ok(Box::new(Streaming::new(Covariance { sums: Sums::new(period), share: 1.0 / (period - p.whole(1)) as f64 })))
        },
    },
    Description {
        name: "beta",
        title: "Beta",
        inputs: &["benchmark", "close"],
        parameters: &[period(5)],
        outputs: &["beta"],
        first_row: "period",
        formula: "covariance ÷ variance of the benchmark, of the last period relative changes; 0 where the benchmark does not move",
        source: "TA-Lib BETA, whose first input is the benchmark",
        make: |p| Ok(Box::new(Streaming::new(Beta { last: [f64::NAN; 2], sums: Sums::new(p.whole(0)) }))),
    },
];
