//! Volatility: Bollinger bands, ATR.

use super::range::AverageRange;
use crate::indicators::catalog::{Description, period, real};
use crate::indicators::checked_period;
use crate::indicators::doubling::{Moving, Spread};
use crate::indicators::study::{State, Streaming, Study};
use crate::types::{Error, Result};

/// Most deviations that bands may be wide.
const DEVIATIONS_MAX: f64 = 1e6;

/// Bollinger bands: the SMA of `period` values and `deviations` population standard deviations above and below it. The middle
/// line equals the SMA to the last bit.
#[derive(Clone, Debug)]
pub struct Bollinger {
    window: Moving<Spread, 2>,
    deviations: f64,
    share: f64,
}

impl Bollinger {
    /// Bands over `period` rows; `deviations` is not negative.
    pub fn new(period: usize, deviations: f64) -> Result<Self> {
        let period = checked_period("period", period)?;
        if !(0.0..=DEVIATIONS_MAX).contains(&deviations) {
            return Err(Error::config("deviations", format!("{deviations} cannot be a width; give a number from 0 up, usually 2")));
        }
        Ok(Self { window: Moving::new(period), deviations, share: 1.0 / period as f64 })
    }
}

impl Study<1, 3> for Bollinger {
    fn lookback(&self) -> usize {
        self.window.period() - 1
    }

    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 3] {
        let window = self.window.push([x, 0.0]);
        window.map_or([f64::NAN; 3], |[middle, squares]| {
            let width = self.deviations * (squares * self.share).sqrt();
            [middle + width, middle, middle - width]
        })
    }

    fn run(&mut self, [xs]: [&[f64]; 1], [upper, middle, lower]: [&mut [f64]; 3]) {
        let (share, deviations) = (self.share, self.deviations);
        self.window.extend([xs], |start, [means, squares]| {
            let lines = upper[start..].iter_mut().zip(&mut middle[start..]).zip(&mut lower[start..]);
            for (((upper, middle), lower), (&mean, &squares)) in lines.zip(means.iter().zip(squares)) {
                let width = deviations * (squares * share).sqrt();
                (*upper, *middle, *lower) = (mean + width, mean, mean - width);
            }
        });
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.window.visit(state);
    }
}

pub(super) const ENTRIES: &[Description] = &[
    Description {
        name: "bollinger",
        title: "Bollinger bands",
        inputs: &["close"],
        parameters: &[period(20), real("deviations", 2.0, 0.0, DEVIATIONS_MAX)],
        outputs: &["upper", "middle", "lower"],
        first_row: "period - 1",
        formula: "middle = SMA(period); upper, lower = middle ± deviations × population standard deviation of the last period values",
        source: "Bollinger 2001, whose period is 20 where TA-Lib's BBANDS has 5; otherwise as TA-Lib",
        make: |p| Ok(Box::new(Streaming::new(Bollinger::new(p.whole(0), p.real(1))?))),
    },
    Description {
        name: "atr",
        title: "Average true range",
        inputs: &["high", "low", "close"],
        parameters: &[period(14)],
        outputs: &["atr"],
        first_row: "period",
        formula: "Wilder's average of max(high − low, |high − close[1]|, |low − close[1]|), seeded with the mean of the first period",
        source: "Wilder 1978, p. 21; TA-Lib ATR",
        make: |p| Ok(Box::new(Streaming::new(AverageRange::new(p.whole(0))))),
    },
];
