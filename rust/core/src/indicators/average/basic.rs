//! Moving averages: SMA, EMA, RMA.

use super::line::{Line, Mean};
use crate::indicators::catalog::{Description, period};
use crate::indicators::checked_period;
use crate::indicators::smooth::{Smoother, each_row};
use crate::indicators::study::{State, Streaming, Study};
use crate::types::Result;

/// Simple moving average: the mean of the last `period` values.
#[derive(Clone, Debug)]
pub struct Sma {
    mean: Mean,
}

impl Sma {
    /// An average over `period` rows.
    pub fn new(period: usize) -> Result<Self> {
        Ok(Self { mean: Mean::new(checked_period("period", period)?) })
    }
}

impl Study<1, 1> for Sma {
    fn lookback(&self) -> usize {
        self.mean.lookback()
    }

    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 1] {
        [self.mean.step(x)]
    }

    fn run(&mut self, [xs]: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        self.mean.run(xs, out);
    }

    fn visit(&mut self, state: &mut State<'_>) {
        Line::visit(&mut self.mean, state);
    }
}

/// Exponential smoothing of a series: EMA or Wilder's.
#[derive(Clone, Debug)]
pub struct Ema {
    smoother: Smoother,
}

impl Ema {
    /// Weight 2 ÷ (`period` + 1) for the newest value.
    pub fn new(period: usize) -> Result<Self> {
        Ok(Self { smoother: Smoother::exponential(checked_period("period", period)?) })
    }

    /// Weight 1 ÷ `period` for the newest value (Wilder 1978).
    pub fn wilder(period: usize) -> Result<Self> {
        Ok(Self { smoother: Smoother::wilder(checked_period("period", period)?) })
    }
}

impl Study<1, 1> for Ema {
    fn lookback(&self) -> usize {
        self.smoother.period() - 1
    }

    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 1] {
        [self.smoother.update(x)]
    }

    fn run(&mut self, [xs]: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        self.smoother.extend(xs, out);
    }

    fn run_beside(&self, columns: [&[f64]; 1], series: usize, [out]: [&mut [f64]; 1]) -> bool {
        let mut smoothers = self.smoother.beside(series);
        each_row(columns, series, out, |[row], out| smoothers.row(row, out))
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.smoother.visit(state);
    }
}

pub(super) const ENTRIES: &[Description] = &[
    Description {
        name: "sma",
        title: "Simple moving average",
        inputs: &["close"],
        parameters: &[period(30)],
        outputs: &["sma"],
        first_row: "period - 1",
        formula: "mean of the last period values",
        source: "TA-Lib SMA; means of means of 2, 4, 8 … rows, nothing subtracted, so that no error piles up",
        make: |p| Ok(Box::new(Streaming::new(Sma::new(p.whole(0))?))),
    },
    Description {
        name: "ema",
        title: "Exponential moving average",
        inputs: &["close"],
        parameters: &[period(30)],
        outputs: &["ema"],
        first_row: "period - 1",
        formula: "y += 2 ÷ (period + 1) × (close − y), seeded with the mean of the first period values",
        source: "TA-Lib EMA",
        make: |p| Ok(Box::new(Streaming::new(Ema::new(p.whole(0))?))),
    },
    Description {
        name: "rma",
        title: "Wilder's moving average",
        inputs: &["close"],
        parameters: &[period(14)],
        outputs: &["rma"],
        first_row: "period - 1",
        formula: "y += (close − y) ÷ period, seeded with the mean of the first period values",
        source: "Wilder 1978; elsewhere SMMA",
        make: |p| Ok(Box::new(Streaming::new(Ema::wilder(p.whole(0))?))),
    },
];
