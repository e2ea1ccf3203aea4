//! Moving averages: SMA, EMA, RMA.

use crate::indicators::catalog::{Description, period};
use crate::indicators::checked_period;
use crate::indicators::smooth::Smoother;
use crate::indicators::study::{State, Streaming, Study};
use crate::indicators::window::PowerSums;
use crate::types::Result;

/// Simple moving average: the mean of the last `period` values.
#[derive(Clone, Debug)]
pub struct Sma {
    sums: PowerSums<1>,
    weight: f64,
}

impl Sma {
    /// An average over `period` rows.
    pub fn new(period: usize) -> Result<Self> {
        let period = checked_period("period", period)?;
        Ok(Self { sums: PowerSums::new(period), weight: 1.0 / period as f64 })
    }
}

impl Study<1, 1> for Sma {
    fn lookback(&self) -> usize {
        self.sums.period() - 1
    }

    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 1] {
        let weight = self.weight;
        [self.sums.update(x).map_or(f64::NAN, |(anchor, [sum])| anchor + sum * weight)]
    }

    fn run(&mut self, [xs]: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        let weight = self.weight;
        let warm_up = self.sums.rows_to_go().min(out.len());
        out[..warm_up].fill(f64::NAN);
        self.sums.extend(xs, |row, anchor, run| {
            for (y, [sum]) in out[row..].iter_mut().zip(run) {
                *y = anchor + sum * weight;
            }
        });
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.sums.visit(state);
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
        source: "TA-Lib SMA; sums of differences to a nearby value, never subtracted, so that no error piles up",
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
