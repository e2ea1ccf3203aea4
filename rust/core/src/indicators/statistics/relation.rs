//! Two series against each other: correlation, covariance, beta.

use crate::indicators::average::line::{Composed, NEARLY_ZERO, each_pair, is_zero};
use crate::indicators::catalog::{Description, Parameter, period, whole};
use crate::indicators::doubling::{Cross, Moving, Spread};
use crate::indicators::study::{State, Streaming};

/// Mean product of the differences of two series to their means, times the period.
type Products = Moving<Cross, 3>;

/// Mean square of the differences of a series to its mean, times the period.
type Squares = Moving<Spread, 2>;

/// Window sums of rows all finite, NaN while the window is not full.
#[inline]
fn products(window: &mut Products, x: &[f64], y: &[f64], out: &mut [f64]) {
    if let ([x], [y], [out]) = (x, y, &mut *out) {
        *out = window.push([*x, *y, 0.0]).map_or(f64::NAN, |[_, _, products]| products);
        return;
    }
    window.extend([x, y], |start, [_, _, products]| out[start..start + products.len()].copy_from_slice(products));
}

/// As [`products`].
#[inline]
fn squares(window: &mut Squares, x: &[f64], out: &mut [f64]) {
    if let ([x], [out]) = (x, &mut *out) {
        *out = window.push([*x, 0.0]).map_or(f64::NAN, |[_, squares]| squares);
        return;
    }
    window.extend([x], |start, [_, squares]| out[start..start + squares.len()].copy_from_slice(squares));
}

/// Pearson's coefficient.
#[derive(Clone, Debug)]
struct Correlation {
    squares: [Squares; 2],
    products: Products,
}

impl Composed<2, 1> for Correlation {
    fn lookback(&self) -> usize {
        self.products.period() - 1
    }

    #[inline]
    fn block<const N: usize>(&mut self, [x, y]: [&[f64]; 2], [out]: [&mut [f64]; 1]) {
        let (mut xx, mut yy) = ([0.0; N], [0.0; N]);
        let (xx, yy) = (&mut xx[..x.len()], &mut yy[..x.len()]);
        squares(&mut self.squares[0], x, xx);
        squares(&mut self.squares[1], y, yy);
        products(&mut self.products, x, y, out);
        for ((xy, xx), yy) in out.iter_mut().zip(xx).zip(yy) {
            let both = *xx * *yy;
            let coefficient = *xy / both.sqrt();
            // 0 where one does not move, as in TA-Lib.
            *xy = if both < NEARLY_ZERO { 0.0 } else { coefficient };
        }
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.squares.iter_mut().for_each(|squares| squares.visit(state));
        self.products.visit(state);
    }
}

/// Covariance.
#[derive(Clone, Debug)]
struct Covariance {
    products: Products,
    share: f64,
}

impl Composed<2, 1> for Covariance {
    fn lookback(&self) -> usize {
        self.products.period() - 1
    }

    #[inline]
    fn block<const N: usize>(&mut self, [x, y]: [&[f64]; 2], [out]: [&mut [f64]; 1]) {
        products(&mut self.products, x, y, out);
        for y in out {
            *y *= self.share;
        }
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.products.visit(state);
    }
}

/// The slope of one series' returns on the other's.
#[derive(Clone, Debug)]
struct Beta {
    last: [f64; 2],
    squares: Squares,
    products: Products,
}

#[inline]
fn relative(now: f64, then: f64) -> f64 {
    let change = (now - then) / then;
    if is_zero(then) { 0.0 } else { change }
}

impl Composed<2, 1> for Beta {
    fn lookback(&self) -> usize {
        self.products.period()
    }

    #[inline]
    fn block<const N: usize>(&mut self, columns: [&[f64]; 2], [out]: [&mut [f64]; 1]) {
        let (mut x, mut y) = ([0.0; N], [0.0; N]);
        let (x, y) = (&mut x[..out.len()], &mut y[..out.len()]);
        // The first row has no change.
        let first = usize::from(self.last[0].is_nan()).min(out.len());
        each_pair(&mut self.last, columns, |i, now, then| {
            x[i] = relative(now[0], then[0]);
            y[i] = relative(now[1], then[1]);
        });
        out[..first].fill(f64::NAN);
        let (out, x, y) = (&mut out[first..], &mut x[first..], &mut y[first..]);
        products(&mut self.products, x, y, out);
        let xx = y;
        squares(&mut self.squares, x, xx);
        let n = self.products.period() as f64;
        for (xy, xx) in out.iter_mut().zip(xx) {
            let slope = *xy / *xx;
            // TA-Lib asks for n times this.
            *xy = if is_zero(n * *xx) { 0.0 } else { slope };
        }
    }

    fn visit(&mut self, state: &mut State<'_>) {
        state.numbers(&mut self.last);
        self.squares.visit(state);
        self.products.visit(state);
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
        make: |p| {
            Ok(Box::new(Streaming::new(Correlation {
                squares: std::array::from_fn(|_| Moving::new(p.whole(0))),
                products: Moving::new(p.whole(0)),
            })))
        },
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
            Ok(Box::new(Streaming::new(Covariance { products: Moving::new(period), share: 1.0 / (period - p.whole(1)) as f64 })))
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
        make: |p| {
            let (squares, products) = (Moving::new(p.whole(0)), Moving::new(p.whole(0)));
            Ok(Box::new(Streaming::new(Beta { last: [f64::NAN; 2], squares, products })))
        },
    },
];
