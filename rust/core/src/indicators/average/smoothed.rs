//! Averages made of exponential averages: double, triple, Tillson's, with the lag taken out.

use super::line::{Before, Composed, Line, Smooth};
use crate::indicators::catalog::{Description, period, real};
use crate::indicators::scratch::Columns;
use crate::indicators::study::{State, Streaming};

/// `D` exponential averages, each of the one before and seeded with its mean.
#[derive(Clone, Debug)]
pub(in crate::indicators) struct Cascade<const D: usize>([Smooth; D]);

impl<const D: usize> Cascade<D> {
    pub(in crate::indicators) fn new(periods: [usize; D]) -> Self {
        Self(periods.map(Smooth::exponential))
    }

    pub(in crate::indicators) fn lookback(&self) -> usize {
        self.0.iter().map(Line::lookback).sum()
    }

    /// The averages after each of `xs`, NaN while warming up.
    #[inline]
    pub(in crate::indicators) fn take<'a>(&mut self, xs: &[f64], lines: [&'a mut [f64]; D]) -> [&'a [f64]; D] {
        let mut before = xs;
        let mut taken = [&[][..]; D];
        for ((smooth, line), taken) in self.0.iter_mut().zip(lines).zip(&mut taken) {
            smooth.follow(before, line);
            *taken = line;
            before = line;
        }
        taken
    }

    pub(in crate::indicators) fn visit(&mut self, state: &mut State<'_>) {
        self.0.iter_mut().for_each(|smooth| smooth.visit(state));
    }
}

/// What is read from a cascade of averages of one period.
#[derive(Clone, Debug)]
struct Reading<const D: usize> {
    cascade: Cascade<D>,
    /// What each average counts.
    shares: [f64; D],
}

impl<const D: usize> Reading<D> {
    fn new(period: usize, shares: [f64; D]) -> Self {
        Self { cascade: Cascade::new([period; D]), shares }
    }
}

impl<const D: usize> Composed<1, 1> for Reading<D> {
    fn lookback(&self) -> usize {
        self.cascade.lookback()
    }

    #[inline]
    fn block<const N: usize>(&mut self, [xs]: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        let mut lines = Columns::new(D, xs.len());
        let lines = self.cascade.take(xs, lines.split());
        out.fill(0.0);
        for (line, &share) in lines.iter().zip(&self.shares) {
            for (y, e) in out.iter_mut().zip(*line) {
                *y += share * e;
            }
        }
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.cascade.visit(state);
    }
}

/// The shares of Tillson's six averages.
fn tillson(v: f64) -> [f64; 6] {
    let (square, cube) = (v * v, v * v * v);
    [0.0, 0.0, 1.0 + 3.0 * v + cube + 3.0 * square, -6.0 * square - 3.0 * (v + cube), 3.0 * (square + cube), -cube]
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
        let Some(before) = &mut self.before else { return self.smooth.follow(xs, out) };
        let mut ahead = [0.0; N];
        let ahead = &mut ahead[..xs.len()];
        before.follow(xs, ahead);
        for (ahead, x) in ahead.iter_mut().zip(xs) {
            *ahead = 2.0 * x - *ahead;
        }
        self.smooth.follow(ahead, out);
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
        make: |p| Ok(Box::new(Streaming::new(Reading::new(p.whole(0), [2.0, -1.0])))),
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
        make: |p| Ok(Box::new(Streaming::new(Reading::new(p.whole(0), [3.0, -3.0, 1.0])))),
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
        make: |p| Ok(Box::new(Streaming::new(Reading::new(p.whole(0), tillson(p.real(1)))))),
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
