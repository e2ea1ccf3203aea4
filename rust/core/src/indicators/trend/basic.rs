//! Trend: Donchian channel.

use crate::indicators::window::{Extremes, all_finite};
use crate::indicators::{Channel, ChannelSeries, Snapshot, checked_period, restored, same_length};
use crate::types::Result;

/// Donchian channel: the highest high and lowest low of the last `period` rows, the newest included, and their midpoint.
/// First value at row `period - 1`. For a breakout rule compare with the row before, since no price can pass a channel that
/// holds it.
#[derive(Clone, Debug)]
pub struct Donchian {
    extremes: Extremes,
    value: Channel,
}

#[inline]
fn channel([upper, negated_lower]: [f64; 2]) -> Channel {
    let lower = -negated_lower;
    Channel { upper, middle: (upper + lower) * 0.5, lower }
}

impl Donchian {
    /// A channel over `period` rows.
    pub fn new(period: usize) -> Result<Self> {
        Ok(Self { extremes: Extremes::new(checked_period("period", period)?), value: Channel::NAN })
    }

    /// Rows in the window.
    pub fn period(&self) -> usize {
        self.extremes.period()
    }

    /// Take one row; all NaN while warming up.
    #[inline]
    pub fn update(&mut self, high: f64, low: f64) -> Channel {
        if !(high.is_finite() && low.is_finite()) {
            return Channel::NAN;
        }
        self.value = self.extremes.update(high, low).map_or(Channel::NAN, channel);
        self.value
    }

    /// As [`Self::update`] for each row, into three columns of the same length.
    pub fn extend(&mut self, high: &[f64], low: &[f64], upper: &mut [f64], middle: &mut [f64], lower: &mut [f64]) -> Result<()> {
        same_length(&[("high", high.len()), ("low", low.len()), ("upper", upper.len()), ("middle", middle.len()), ("lower", lower.len())])?;
        if !(all_finite(high) && all_finite(low)) {
            for (row, (&high, &low)) in high.iter().zip(low).enumerate() {
                let value = self.update(high, low);
                (upper[row], middle[row], lower[row]) = (value.upper, value.middle, value.lower);
            }
            return Ok(());
        }
        let warm_up = self.extremes.rows_to_go().min(high.len());
        for column in [&mut *upper, &mut *middle, &mut *lower] {
            column[..warm_up].fill(f64::NAN);
        }
        self.extremes.extend(high, low, |row, run| {
            let lines = upper[row..].iter_mut().zip(&mut middle[row..]).zip(&mut lower[row..]);
            for (((upper, middle), lower), extremes) in lines.zip(run) {
                let value = channel(*extremes);
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
        !self.value.upper.is_nan()
    }

    /// Forget everything but the parameters.
    pub fn reset(&mut self) {
        self.extremes.reset();
        self.value = Channel::NAN;
    }
}

impl Snapshot for Donchian {
    fn snapshot(&self) -> Vec<f64> {
        let mut state = vec![self.value.upper, self.value.middle, self.value.lower];
        state.extend(self.extremes.state());
        state
    }

    fn restore(&mut self, snapshot: &[f64]) -> Result<()> {
        let Some(([upper, middle, lower], rest)) = snapshot.split_first_chunk() else { return restored(false) };
        self.value = Channel { upper: *upper, middle: *middle, lower: *lower };
        restored(self.extremes.restore(rest))
    }
}

/// Donchian channel of bars.
pub fn donchian(high: &[f64], low: &[f64], period: usize) -> Result<ChannelSeries> {
    let column = || vec![0.0; high.len()];
    let mut out = ChannelSeries { upper: column(), middle: column(), lower: column() };
    donchian_into(high, low, period, &mut out.upper, &mut out.middle, &mut out.lower)?;
    Ok(out)
}

/// As [`donchian`], into three columns of the same length.
pub fn donchian_into(high: &[f64], low: &[f64], period: usize, upper: &mut [f64], middle: &mut [f64], lower: &mut [f64]) -> Result<()> {
    Donchian::new(period)?.extend(high, low, upper, middle, lower)
}
