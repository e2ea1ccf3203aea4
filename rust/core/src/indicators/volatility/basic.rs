//! Volatility: Bollinger bands, ATR.

use super::range::{TrueRange, average_in_place};
use crate::indicators::catalog::{Description, period, real};
use crate::indicators::smooth::{Smoother, extend_many, in_fours};
use crate::indicators::study::{State, Streaming, Study};
use crate::indicators::wide::wide;
use crate::indicators::window::PowerSums;
use crate::indicators::{CHUNK, checked_period};
use crate::types::{Error, Result};

/// Most deviations that bands may be wide.
const DEVIATIONS_MAX: f64 = 1e6;

/// Bollinger bands: the SMA of `period` values and `deviations` population standard deviations above and below it. The middle
/// line equals the SMA to the last bit.
#[derive(Clone, Debug)]
pub struct Bollinger {
    sums: PowerSums<2>,
    deviations: f64,
    weight: f64,
}

#[inline]
fn bands(anchor: f64, [sum, squares]: [f64; 2], weight: f64, deviations: f64) -> [f64; 3] {
    let shift = sum * weight;
    let variance = squares * weight - shift * shift;
    let middle = anchor + shift;
    let width = deviations * (if variance > 0.0 { variance } else { 0.0 }).sqrt();
    [middle + width, middle, middle - width]
}

impl Bollinger {
    /// Bands over `period` rows; `deviations` is not negative.
    pub fn new(period: usize, deviations: f64) -> Result<Self> {
        let period = checked_period("period", period)?;
        if !(0.0..=DEVIATIONS_MAX).contains(&deviations) {
            return Err(Error::config("deviations", format!("{deviations} cannot be a width; give a number from 0 up, usually 2")));
        }
        Ok(Self { sums: PowerSums::new(period), deviations, weight: 1.0 / period as f64 })
    }
}

impl Study<1, 3> for Bollinger {
    fn lookback(&self) -> usize {
        self.sums.period() - 1
    }

    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 3] {
        let (weight, deviations) = (self.weight, self.deviations);
        self.sums.update(x).map_or([f64::NAN; 3], |(anchor, sums)| bands(anchor, sums, weight, deviations))
    }

    fn run(&mut self, [xs]: [&[f64]; 1], [upper, middle, lower]: [&mut [f64]; 3]) {
        let (weight, deviations) = (self.weight, self.deviations);
        let warm_up = self.sums.rows_to_go().min(xs.len());
        for column in [&mut *upper, &mut *middle, &mut *lower] {
            column[..warm_up].fill(f64::NAN);
        }
        wide(|| {
            self.sums.extend(xs, |row, anchor, run| {
                let lines = upper[row..].iter_mut().zip(&mut middle[row..]).zip(&mut lower[row..]);
                for (((upper, middle), lower), sums) in lines.zip(run) {
                    [*upper, *middle, *lower] = bands(anchor, *sums, weight, deviations);
                }
            });
        });
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.sums.visit(state);
    }
}

/// Average true range: Wilder's average of the greatest of `high − low`, `|high − previous close|` and
/// `|low − previous close|`, seeded with the mean of the first `period` of them.
#[derive(Clone, Debug)]
pub struct Atr {
    previous_close: f64,
    smoother: Smoother,
}

#[inline]
pub(in crate::indicators) fn true_range(high: f64, low: f64, previous_close: f64) -> f64 {
    let larger = |a: f64, b: f64| if a > b { a } else { b };
    larger(larger(high - low, (high - previous_close).abs()), (low - previous_close).abs())
}

impl Atr {
    /// A range averaged over `period` rows.
    pub fn new(period: usize) -> Result<Self> {
        Ok(Self { previous_close: f64::NAN, smoother: Smoother::wilder(checked_period("period", period)?) })
    }
}

/// Ranges of each series into a buffer, chunk by chunk, and their averages side by side.
fn smooth_ranges<const L: usize>(mut studies: [&mut Atr; L], columns: [[&[f64]; 3]; L], out: [[&mut [f64]; 1]; L]) {
    let mut out = out.map(|[c]| c);
    let rows = out.first().map_or(0, |c| c.len());
    let mut start = 0;
    if rows > 0 && studies.iter().any(|s| s.previous_close.is_nan()) {
        for ((study, [high, low, close]), out) in studies.iter_mut().zip(&columns).zip(&mut out) {
            [out[0]] = study.step([high[0], low[0], close[0]]);
        }
        start = 1;
    }
    let mut smoothers = studies.map(|study| (&mut study.smoother, &mut study.previous_close));
    let mut ranges = [[0.0; CHUNK]; L];
    while start < rows {
        let end = rows.min(start + CHUNK);
        for ((ranges, [high, low, close]), (_, previous)) in ranges.iter_mut().zip(&columns).zip(&mut smoothers) {
            let (high, low) = (&high[start..end], &low[start..end]);
            ranges[0] = true_range(high[0], low[0], **previous);
            wide(
                #[inline(always)]
                || {
                    for (((range, &high), &low), &previous) in ranges[1..].iter_mut().zip(&high[1..]).zip(&low[1..]).zip(&close[start..end])
                    {
                        *range = true_range(high, low, previous);
                    }
                },
            );
            **previous = close[end - 1];
        }
        let pieces = out.each_mut().map(|c| &mut c[start..end]);
        extend_many(smoothers.each_mut().map(|(s, _)| &mut **s), ranges.each_ref().map(|r| &r[..end - start]), pieces);
        start = end;
    }
}

impl Study<3, 1> for Atr {
    fn lookback(&self) -> usize {
        self.smoother.period()
    }

    #[inline]
    fn step(&mut self, [high, low, close]: [f64; 3]) -> [f64; 1] {
        let previous = std::mem::replace(&mut self.previous_close, close);
        [if previous.is_nan() { f64::NAN } else { self.smoother.update(true_range(high, low, previous)) }]
    }

    fn run(&mut self, columns: [&[f64]; 3], out: [&mut [f64]; 1]) {
        smooth_ranges([self], [columns], [out]);
    }

    fn run_if_sound(&mut self, columns: [&[f64]; 3], [out]: [&mut [f64]; 1], _: u8) -> bool {
        let mut range = TrueRange::after(self.previous_close);
        let is_sound = range.fill(columns, out);
        if is_sound {
            self.previous_close = range.previous_close();
            average_in_place(&mut self.smoother, out);
        }
        is_sound
    }

    fn run_many(studies: &mut [&mut Self], columns: &[[&[f64]; 3]], out: &mut [[&mut [f64]; 1]]) {
        in_fours(studies, columns, out, smooth_ranges, Self::run);
    }

    fn visit(&mut self, state: &mut State<'_>) {
        state.number(&mut self.previous_close);
        self.smoother.visit(state);
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
        make: |p| Ok(Box::new(Streaming::new(Atr::new(p.whole(0))?))),
    },
];
