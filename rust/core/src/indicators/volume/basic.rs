//! Volume: VWAP, OBV.

use crate::indicators::window::{all_finite, all_volumes};
use crate::indicators::{Snapshot, restored, same_length};
use crate::types::Result;

#[inline]
fn is_volume(x: f64) -> bool {
    x.is_finite() && x >= 0.0
}

/// Volume-weighted average price since the start or the last reset: Σ(typical price × volume) ÷ Σ volume, the typical price
/// being (high + low + close) / 3. NaN until there is volume. The caller resets it where a session begins.
#[derive(Clone, Debug)]
pub struct Vwap {
    notional: f64,
    volume: f64,
    value: f64,
}

impl Default for Vwap {
    fn default() -> Self {
        Self { notional: 0.0, volume: 0.0, value: f64::NAN }
    }
}

impl Vwap {
    /// An average that starts with the first row.
    pub fn new() -> Self {
        Self::default()
    }

    /// Take one row; NaN until there is volume.
    #[inline]
    pub fn update(&mut self, high: f64, low: f64, close: f64, volume: f64) -> f64 {
        if !(high.is_finite() && low.is_finite() && close.is_finite() && is_volume(volume)) {
            return f64::NAN;
        }
        self.add(high, low, close, volume)
    }

    #[inline]
    fn add(&mut self, high: f64, low: f64, close: f64, volume: f64) -> f64 {
        self.notional += (high + low + close) / 3.0 * volume;
        self.volume += volume;
        self.value = if self.volume > 0.0 { self.notional / self.volume } else { f64::NAN };
        self.value
    }

    /// As [`Self::update`] for each row, into `out` of the same length.
    pub fn extend(&mut self, high: &[f64], low: &[f64], close: &[f64], volume: &[f64], out: &mut [f64]) -> Result<()> {
        same_length(&[("high", high.len()), ("low", low.len()), ("close", close.len()), ("volume", volume.len()), ("output", out.len())])?;
        let good = all_finite(high) && all_finite(low) && all_finite(close) && all_volumes(volume);
        let rows = high.iter().zip(low).zip(close).zip(volume);
        for (y, (((&high, &low), &close), &volume)) in out.iter_mut().zip(rows) {
            *y = if good { self.add(high, low, close, volume) } else { self.update(high, low, close, volume) };
        }
        Ok(())
    }

    /// The last value; NaN until there is volume.
    #[inline]
    pub fn value(&self) -> f64 {
        self.value
    }

    /// True once there is a value.
    #[inline]
    pub fn ready(&self) -> bool {
        !self.value.is_nan()
    }

    /// Start anew, as at a session's open.
    pub fn reset(&mut self) {
        *self = Self::default();
    }
}

impl Snapshot for Vwap {
    fn snapshot(&self) -> Vec<f64> {
        vec![self.notional, self.volume, self.value]
    }

    fn restore(&mut self, snapshot: &[f64]) -> Result<()> {
        let &[notional, volume, value] = snapshot else { return restored(false) };
        *self = Self { notional, volume, value };
        Ok(())
    }
}

/// Volume-weighted average price of bars, from the first row on.
pub fn vwap(high: &[f64], low: &[f64], close: &[f64], volume: &[f64]) -> Result<Vec<f64>> {
    let mut out = vec![0.0; high.len()];
    vwap_into(high, low, close, volume, &mut out)?;
    Ok(out)
}

/// As [`vwap`], into `out` of the same length.
pub fn vwap_into(high: &[f64], low: &[f64], close: &[f64], volume: &[f64], out: &mut [f64]) -> Result<()> {
    Vwap::new().extend(high, low, close, volume, out)
}

/// On-balance volume (Granville 1963): the running sum of volume, with the sign of the change of close. It starts at the first
/// row's volume, as in TA-Lib; others start at 0, which shifts the whole line by that volume.
#[derive(Clone, Debug)]
pub struct Obv {
    previous_close: f64,
    value: f64,
}

impl Default for Obv {
    fn default() -> Self {
        Self { previous_close: f64::NAN, value: f64::NAN }
    }
}

#[inline]
fn signed(volume: f64, close: f64, previous: f64) -> f64 {
    // Two selections instead of branches: the sign of a price change cannot be predicted.
    (if close > previous { volume } else { 0.0 }) - (if close < previous { volume } else { 0.0 })
}

impl Obv {
    /// A sum that starts with the first row.
    pub fn new() -> Self {
        Self::default()
    }

    /// Take one row; the first gives its volume.
    #[inline]
    pub fn update(&mut self, close: f64, volume: f64) -> f64 {
        if !(close.is_finite() && is_volume(volume)) {
            return f64::NAN;
        }
        let previous = std::mem::replace(&mut self.previous_close, close);
        self.value = if previous.is_nan() { volume } else { self.value + signed(volume, close, previous) };
        self.value
    }

    /// As [`Self::update`] for each row, into `out` of the same length.
    pub fn extend(&mut self, close: &[f64], volume: &[f64], out: &mut [f64]) -> Result<()> {
        same_length(&[("close", close.len()), ("volume", volume.len()), ("output", out.len())])?;
        let good = all_finite(close) && all_volumes(volume);
        let mut head = 0;
        while head < out.len() && (!good || self.previous_close.is_nan()) {
            out[head] = self.update(close[head], volume[head]);
            head += 1;
        }
        let (mut previous, mut value) = (self.previous_close, self.value);
        for ((y, &close), &volume) in out[head..].iter_mut().zip(&close[head..]).zip(&volume[head..]) {
            value += signed(volume, close, previous);
            previous = close;
            *y = value;
        }
        (self.previous_close, self.value) = (previous, value);
        Ok(())
    }

    /// The last value; NaN before the first row.
    #[inline]
    pub fn value(&self) -> f64 {
        self.value
    }

    /// True once there is a value.
    #[inline]
    pub fn ready(&self) -> bool {
        !self.value.is_nan()
    }

    /// Start anew.
    pub fn reset(&mut self) {
        *self = Self::default();
    }
}

impl Snapshot for Obv {
    fn snapshot(&self) -> Vec<f64> {
        vec![self.previous_close, self.value]
    }

    fn restore(&mut self, snapshot: &[f64]) -> Result<()> {
        let &[previous_close, value] = snapshot else { return restored(false) };
        *self = Self { previous_close, value };
        Ok(())
    }
}

/// On-balance volume of bars.
pub fn obv(close: &[f64], volume: &[f64]) -> Result<Vec<f64>> {
    let mut out = vec![0.0; close.len()];
    obv_into(close, volume, &mut out)?;
    Ok(out)
}

/// As [`obv`], into `out` of the same length.
pub fn obv_into(close: &[f64], volume: &[f64], out: &mut [f64]) -> Result<()> {
    Obv::new().extend(close, volume, out)
}
