//! Averages made of exponential averages: double, triple, Tillson's, with the lag taken out.

use super::line::{Before, Composed, Line, Smooth, zip2, zip3};
use crate::indicators::catalog::{Description, period, real};
use crate::indicators::study::{State, Streaming};

/// `D` exponential averages, each of the one before.
#[derive(Clone, Debug)]
struct Cascade<const D: usize>([Smooth; D]);

impl<const D: usize> Cascade<D> {
    fn new(period: usize) -> Self {
        Self(std::array::from_fn(|_| Smooth::exponential(period)))
    }

    fn lookback(&self) -> usize {
        self.0.iter().map(Line::lookback).sum()
    }

    /// Each average of its own column.
    #[inline]
    fn take<const N: usize>(&mut self, xs: &[f64], columns: &mut [[f64; N]; D]) {
        let mut below: &[f64] = xs;
        for (smooth, column) in self.0.iter_mut().zip(columns) {
            let column = &mut column[..xs.len()];
            smooth.take(below, column);
            below = column;
        }
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.0.iter_mut().for_each(|smooth| smooth.visit(state));
    }
}

/// `2·e1 − e2`.
#[derive(Clone, Debug)]
struct Double(Cascade<2>);

impl Composed<1, 1> for Double {
    fn lookback(&self) -> usize {
        self.0.lookback()
    }

    #[inline]
    fn block<const N: usize>(&mut self, [xs]: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        let mut e = [[0.0; N]; 2];
        self.0.take(xs, &mut e);
        zip2(out, &e[0], &e[1], |e1, e2| 2.0 * e1 - e2);
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.0.visit(state);
    }
}

/// `3·e1 − 3·e2 + e3`.
#[derive(Clone, Debug)]
struct Triple(Cascade<3>);

impl Composed<1, 1> for Triple {
    fn lookback(&self) -> usize {
        self.0.lookback()
    }

    #[inline]
    fn block<const N: usize>(&mut self, [xs]: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        let mut e = [[0.0; N]; 3];
        self.0.take(xs, &mut e);
        zip3(out, &e[0], &e[1], &e[2], |e1, e2, e3| 3.0 * (e1 - e2) + e3);
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.0.visit(state);
    }
}

/// Tillson's T3.
#[derive(Clone, Debug)]
struct Tillson {
    cascade: Cascade<6>,
    /// Weights of the third to the sixth average.
    weights: [f64; 4],
}

impl Tillson {
    fn new(period: usize, v: f64) -> Self {
        let (square, cube) = (v * v, v * v * v);
        let weights = [1.0 + 3.0 * v + cube + 3.0 * square, -6.0 * square - 3.0 * (v + cube), 3.0 * (square + cube), -cube];
        Self { cascade: Cascade::new(period), weights }
    }
}

impl Composed<1, 1> for Tillson {
    fn lookback(&self) -> usize {
        self.cascade.lookback()
    }

    #[inline]
    fn block<const N: usize>(&mut self, [xs]: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        let mut e = [[0.0; N]; 6];
        self.cascade.take(xs, &mut e);
        let [w3, w4, w5, w6] = self.weights;
        for ((((y, e3), e4), e5), e6) in out.iter_mut().zip(&e[2]).zip(&e[3]).zip(&e[4]).zip(&e[5]) {
            *y = w6 * e6 + w5 * e5 + w4 * e4 + w3 * e3;
        }
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.cascade.visit(state);
    }
}

/// An exponential average of what a value would be without the average's lag; without any lag for periods of 1 and 2.
#[derive(Clone, Debug)]
struct ZeroLag {
    before: Option<Before>,
    smooth: Smooth,
}

impl ZeroLag {
    fn new(period: usize) -> Self {
        let lag = (period - 1) / 2;
        Self { before: (lag > 0).then(|| Before::new(lag)), smooth: Smooth::exponential(period) }
    }
}

impl Composed<1, 1> for ZeroLag {
    fn lookback(&self) -> usize {
        self.before.as_ref().map_or(0, Line::lookback) + self.smooth.lookback()
    }

    #[inline]
    fn block<const N: usize>(&mut self, [xs]: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        let Some(before) = &mut self.before else { return self.smooth.take(xs, out) };
        let mut ahead = [0.0; N];
        let ahead = &mut ahead[..xs.len()];
        before.take(xs, ahead);
        for (ahead, x) in ahead.iter_mut().zip(xs) {
            *ahead = 2.0 * x - *ahead;
        }
        self.smooth.take(ahead, out);
    }

    fn visit(&mut self, state: &mut State<'_>) {
        if let Some(before) = &mut self.before {
            before.visit(state);
        }
        self.smooth.visit(state);
    }
}

pub(super) const ENTRIES: &[Description] = &[
    Description {
        name: "dema",
        title: "Double exponential moving average",
        inputs: &["close"],
        parameters: &[period(30)],
        outputs: &["dema"],
        first_row: "2 × (period − 1)",
        formula: "2·e1 − e2, e1 = EMA(close, period), e2 = EMA(e1, period)",
        source: "P. Mulloy (1994); TA-Lib DEMA",
        make: |p| Ok(Box::new(Streaming::new(Double(Cascade::new(p.whole(0)))))),
    },
    Description {
        name: "tema",
        title: "Triple exponential moving average",
        inputs: &["close"],
        parameters: &[period(30)],
        outputs: &["tema"],
        first_row: "3 × (period − 1)",
        formula: "3·e1 − 3·e2 + e3, each the EMA of the one before",
        source: "P. Mulloy (1994); TA-Lib TEMA",
        make: |p| Ok(Box::new(Streaming::new(Triple(Cascade::new(p.whole(0)))))),
    },
    Description {
        name: "t3",
        title: "Tillson's T3 moving average",
        inputs: &["close"],
        parameters: &[period(5), real("volume_factor", 0.7, 0.0, 1.0)],
        outputs: &["t3"],
        first_row: "6 × (period − 1)",
        formula: "−v³·e6 + 3(v² + v³)·e5 − (6v² + 3v + 3v³)·e4 + (1 + 3v + v³ + 3v²)·e3, each the EMA of the one before, v the volume factor",
        source: "T. Tillson (1998); TA-Lib T3",
        make: |p| Ok(Box::new(Streaming::new(Tillson::new(p.whole(0), p.real(1))))),
    },
    Description {
        name: "zlema",
        title: "Zero-lag exponential moving average",
        inputs: &["close"],
        parameters: &[period(30)],
        outputs: &["zlema"],
        first_row: "⌊(period − 1) ÷ 2⌋ + period − 1",
        formula: "EMA(2·close − close[⌊(period − 1) ÷ 2⌋], period)",
        source: "J. Ehlers and R. Way (2010); TA-Lib ZLEMA",
        make: |p| Ok(Box::new(Streaming::new(ZeroLag::new(p.whole(0))))),
    },
];
