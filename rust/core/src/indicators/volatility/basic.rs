//! Volatility: Bollinger bands, ATR.

use crate::indicators::smooth::Smoother;
use crate::indicators::window::{PowerSums, all_finite, all_finite_rows};
use crate::indicators::{CHUNK, Channel, ChannelSeries, Snapshot, checked_period, restored, same_length};
use crate::types::{Error, Result};

/// Bollinger bands (Bollinger 2001): the SMA of `period` values and `deviations` population standard deviations above and
/// below it. First value at row `period - 1`. The middle line equals [`super::Sma`] to the last bit.
#[derive(Clone, Debug)]
pub struct Bollinger {
    sums: PowerSums<2>,
    deviations: f64,
    weight: f64,
    value: Channel,
}

#[inline]
fn bands(anchor: f64, [sum, squares]: [f64; 2], weight: f64, deviations: f64) -> Channel {
    let shift = sum * weight;
    let variance = squares * weight - shift * shift;
    let middle = anchor + shift;
    let width = deviations * (if variance > 0.0 { variance } else { 0.0 }).sqrt();
    Channel { upper: middle + width, middle, lower: middle - width }
}

impl Bollinger {
    /// Bands over `period` rows; `deviations` is finite and not negative.
    pub fn new(period: usize, deviations: f64) -> Result<Self> {
        let period = checked_period("period", period)?;
        if !(deviations.is_finite() && deviations >= 0.0) {
            return Err(Error::config("deviations", format!("{deviations} cannot be a width; give a number from 0 up, usually 2")));
        }
        Ok(Self { sums: PowerSums::new(period), deviations, weight: 1.0 / period as f64, value: Channel::NAN })
    }

    /// Rows in the window.
    pub fn period(&self) -> usize {
        self.sums.period()
    }

    /// Standard deviations from the middle to a band.
    pub fn deviations(&self) -> f64 {
        self.deviations
    }

    /// Take one value; all NaN while warming up.
    #[inline]
    pub fn update(&mut self, x: f64) -> Channel {
        if !x.is_finite() {
            return Channel::NAN;
        }
        let (weight, deviations) = (self.weight, self.deviations);
        self.value = self.sums.update(x).map_or(Channel::NAN, |(anchor, sums)| bands(anchor, sums, weight, deviations));
        self.value
    }

    /// As [`Self::update`] for each of `xs`, into three columns of the same length.
    pub fn extend(&mut self, xs: &[f64], upper: &mut [f64], middle: &mut [f64], lower: &mut [f64]) -> Result<()> {
        same_length(&[("input", xs.len()), ("upper", upper.len()), ("middle", middle.len()), ("lower", lower.len())])?;
        if !all_finite(xs) {
            for (row, &x) in xs.iter().enumerate() {
                let value = self.update(x);
                (upper[row], middle[row], lower[row]) = (value.upper, value.middle, value.lower);
            }
            return Ok(());
        }
        let (weight, deviations) = (self.weight, self.deviations);
        let warm_up = self.sums.rows_to_go().min(xs.len());
        for column in [&mut *upper, &mut *middle, &mut *lower] {
            column[..warm_up].fill(f64::NAN);
        }
        self.sums.extend(xs, |row, anchor, run| {
            let lines = upper[row..].iter_mut().zip(&mut middle[row..]).zip(&mut lower[row..]);
            for (((upper, middle), lower), sums) in lines.zip(run) {
                let value = bands(anchor, *sums, weight, deviations);
                (*upper, *middle, *lower) = (value.upper, value.middle, value.lower);
            }
        });
        if let (Some(&upper), Some(&middle), Some(&lower)) = (upper.last(), middle.last(), lower.last()) {
            self.value = Channel { upper, middle, lower };
        }
        Ok(())
    }

    /// The last value; all NaN while warming up.
    #[inline]
    pub fn value(&self) -> Channel {
        self.value
    }

    /// True once there is a value.
    #[inline]
    pub fn ready(&self) -> bool {
        !self.value.middle.is_nan()
    }

    /// Forget everything but the parameters.
    pub fn reset(&mut self) {
        self.sums.reset();
        self.value = Channel::NAN;
    }
}

impl Snapshot for Bollinger {
    fn snapshot(&self) -> Vec<f64> {
        let mut state = vec![self.value.upper, self.value.middle, self.value.lower];
        state.extend(self.sums.state());
        state
    }

    fn restore(&mut self, snapshot: &[f64]) -> Result<()> {
        let Some(([upper, middle, lower], rest)) = snapshot.split_first_chunk() else { return restored(false) };
        self.value = Channel { upper: *upper, middle: *middle, lower: *lower };
        restored(self.sums.restore(rest))
    }
}

/// Bollinger bands of `xs`.
pub fn bollinger(xs: &[f64], period: usize, deviations: f64) -> Result<ChannelSeries> {
    let column = || vec![0.0; xs.len()];
    let mut out = ChannelSeries { upper: column(), middle: column(), lower: column() };
    bollinger_into(xs, (period, deviations), &mut out.upper, &mut out.middle, &mut out.lower)?;
    Ok(out)
}

/// As [`bollinger`], with (period, deviations), into three columns of the same length.
pub fn bollinger_into(
    xs: &[f64],
    (period, deviations): (usize, f64),
    upper: &mut [f64],
    middle: &mut [f64],
    lower: &mut [f64],
) -> Result<()> {
    Bollinger::new(period, deviations)?.extend(xs, upper, middle, lower)
}

/// Average true range (Wilder 1978, p. 21): Wilder's average of the greatest of `high - low`, `|high - previous close|` and
/// `|low - previous close|`, seeded with the mean of the first `period` of them. First value at row `period`, as in TA-Lib.
#[derive(Clone, Debug)]
pub struct Atr {
    previous_close: f64,
    smoother: Smoother,
}

#[inline]
fn true_range(high: f64, low: f64, previous_close: f64) -> f64 {
    let larger = |a: f64, b: f64| if a > b { a } else { b };
    larger(larger(high - low, (high - previous_close).abs()), (low - previous_close).abs())
}

impl Atr {
    /// A range averaged over `period` rows.
    pub fn new(period: usize) -> Result<Self> {
        Ok(Self { previous_close: f64::NAN, smoother: Smoother::wilder(checked_period("period", period)?) })
    }

    /// Ranges in the seed.
    pub fn period(&self) -> usize {
        self.smoother.period()
    }

    /// Take one row; NaN while warming up.
    #[inline]
    pub fn update(&mut self, high: f64, low: f64, close: f64) -> f64 {
        if !(high.is_finite() && low.is_finite() && close.is_finite()) {
            return f64::NAN;
        }
        let previous = std::mem::replace(&mut self.previous_close, close);
        if previous.is_nan() { f64::NAN } else { self.smoother.update(true_range(high, low, previous)) }
    }

    /// As [`Self::update`] for each row, into `out` of the same length.
    pub fn extend(&mut self, high: &[f64], low: &[f64], close: &[f64], out: &mut [f64]) -> Result<()> {
        same_length(&[("high", high.len()), ("low", low.len()), ("close", close.len()), ("output", out.len())])?;
        let mut ranges = [0.0; CHUNK];
        let rows = high.chunks(CHUNK).zip(low.chunks(CHUNK)).zip(close.chunks(CHUNK));
        for (out, ((high, low), close)) in out.chunks_mut(CHUNK).zip(rows) {
            let n = out.len();
            if self.previous_close.is_nan() || !all_finite_rows(high, low, close) {
                for (((y, &high), &low), &close) in out.iter_mut().zip(high).zip(low).zip(close) {
                    *y = self.update(high, low, close);
                }
                continue;
            }
            ranges[0] = true_range(high[0], low[0], self.previous_close);
            for (((range, &high), &low), &previous) in ranges[1..].iter_mut().zip(&high[1..]).zip(&low[1..]).zip(close) {
                *range = true_range(high, low, previous);
            }
            self.previous_close = close[n - 1];
            self.smoother.extend(&ranges[..n], out);
        }
        Ok(())
    }

    /// The last value; NaN while warming up.
    #[inline]
    pub fn value(&self) -> f64 {
        self.smoother.value()
    }

    /// True once there is a value.
    #[inline]
    pub fn ready(&self) -> bool {
        self.smoother.ready()
    }

    /// Forget everything but the parameters.
    pub fn reset(&mut self) {
        self.previous_close = f64::NAN;
        self.smoother.reset();
    }
}

impl Snapshot for Atr {
    fn snapshot(&self) -> Vec<f64> {
        [&[self.previous_close], &self.smoother.state()[..]].concat()
    }

    fn restore(&mut self, snapshot: &[f64]) -> Result<()> {
        let Some((&previous_close, rest)) = snapshot.split_first() else { return restored(false) };
        self.previous_close = previous_close;
        restored(self.smoother.restore(rest))
    }
}

/// Average true range of bars.
pub fn atr(high: &[f64], low: &[f64], close: &[f64], period: usize) -> Result<Vec<f64>> {
    let mut out = vec![0.0; high.len()];
    atr_into(high, low, close, period, &mut out)?;
    Ok(out)
}

/// As [`atr`], into `out` of the same length.
pub fn atr_into(high: &[f64], low: &[f64], close: &[f64], period: usize, out: &mut [f64]) -> Result<()> {
    Atr::new(period)?.extend(high, low, close, out)
}
