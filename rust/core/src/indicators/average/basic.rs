//! Moving averages: SMA, EMA, RMA.

use crate::indicators::smooth::Smoother;
use crate::indicators::window::{PowerSums, all_finite};
use crate::indicators::{Snapshot, checked_period, restored, same_length};
use crate::types::Result;

/// Simple moving average: the mean of the last `period` values. First value at row `period - 1`.
#[derive(Clone, Debug)]
pub struct Sma {
    sums: PowerSums<1>,
    weight: f64,
    value: f64,
}

impl Sma {
    /// An average over `period` rows.
    pub fn new(period: usize) -> Result<Self> {
        let period = checked_period("period", period)?;
        Ok(Self { sums: PowerSums::new(period), weight: 1.0 / period as f64, value: f64::NAN })
    }

    /// Rows in the window.
    pub fn period(&self) -> usize {
        self.sums.period()
    }

    /// Take one value; the average, or NaN while warming up.
    #[inline]
    pub fn update(&mut self, x: f64) -> f64 {
        if !x.is_finite() {
            return f64::NAN;
        }
        let weight = self.weight;
        self.value = self.sums.update(x).map_or(f64::NAN, |(anchor, [sum])| anchor + sum * weight);
        self.value
    }

    /// As [`Self::update`] for each of `xs`, into `out` of the same length.
    pub fn extend(&mut self, xs: &[f64], out: &mut [f64]) -> Result<()> {
        same_length(&[("input", xs.len()), ("output", out.len())])?;
        if !all_finite(xs) {
            xs.iter().zip(out).for_each(|(&x, y)| *y = self.update(x));
            return Ok(());
        }
        let weight = self.weight;
        let warm_up = self.sums.rows_to_go().min(out.len());
        out[..warm_up].fill(f64::NAN);
        self.sums.extend(xs, |row, anchor, run| {
            for (y, [sum]) in out[row..].iter_mut().zip(run) {
                *y = anchor + sum * weight;
            }
        });
        self.value = out.last().copied().unwrap_or(self.value);
        Ok(())
    }

    /// The last value; NaN while warming up.
    #[inline]
    pub fn value(&self) -> f64 {
        self.value
    }

    /// True once there is a value.
    #[inline]
    pub fn ready(&self) -> bool {
        !self.value.is_nan()
    }

    /// Forget everything but the parameters.
    pub fn reset(&mut self) {
        self.sums.reset();
        self.value = f64::NAN;
    }
}

impl Snapshot for Sma {
    fn snapshot(&self) -> Vec<f64> {
        let mut state = vec![self.value];
        state.extend(self.sums.state());
        state
    }

    fn restore(&mut self, snapshot: &[f64]) -> Result<()> {
        let Some((&value, rest)) = snapshot.split_first() else { return restored(false) };
        self.value = value;
        restored(self.sums.restore(rest))
    }
}

/// Simple moving average of `xs`.
pub fn sma(xs: &[f64], period: usize) -> Result<Vec<f64>> {
    let mut out = vec![0.0; xs.len()];
    sma_into(xs, period, &mut out)?;
    Ok(out)
}

/// As [`sma`], into `out` of the same length.
pub fn sma_into(xs: &[f64], period: usize, out: &mut [f64]) -> Result<()> {
    Sma::new(period)?.extend(xs, out)
}

macro_rules! smoothed {
    ($(#[$doc:meta])* $name:ident, $weights:ident, $(#[$batch_doc:meta])* $batch:ident, $batch_into:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name {
            smoother: Smoother,
        }

        impl $name {
            /// An average over `period` rows.
            pub fn new(period: usize) -> Result<Self> {
                Ok(Self { smoother: Smoother::$weights(checked_period("period", period)?) })
            }

            /// Rows of the seed, from which the weights follow.
            pub fn period(&self) -> usize {
                self.smoother.period()
            }

            /// Take one value; the average, or NaN while warming up.
            #[inline]
            pub fn update(&mut self, x: f64) -> f64 {
                if x.is_finite() { self.smoother.update(x) } else { f64::NAN }
            }

            /// As [`Self::update`] for each of `xs`, into `out` of the same length.
            pub fn extend(&mut self, xs: &[f64], out: &mut [f64]) -> Result<()> {
                same_length(&[("input", xs.len()), ("output", out.len())])?;
                self.smoother.extend_skipping(xs, out);
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
                self.smoother.reset();
            }
        }

        impl Snapshot for $name {
            fn snapshot(&self) -> Vec<f64> {
                self.smoother.state().to_vec()
            }

            fn restore(&mut self, snapshot: &[f64]) -> Result<()> {
                restored(self.smoother.restore(snapshot))
            }
        }

        $(#[$batch_doc])*
        pub fn $batch(xs: &[f64], period: usize) -> Result<Vec<f64>> {
            let mut out = vec![0.0; xs.len()];
            $batch_into(xs, period, &mut out)?;
            Ok(out)
        }

        #[doc = concat!("As [`", stringify!($batch), "`], into `out` of the same length.")]
        pub fn $batch_into(xs: &[f64], period: usize, out: &mut [f64]) -> Result<()> {
            $name::new(period)?.extend(xs, out)
        }
    };
}

smoothed! {
    /// Exponential moving average: `y += 2 / (period + 1) × (x - y)`, seeded with the mean of the first `period` values.
    /// First value at row `period - 1`, as in TA-Lib.
    Ema, exponential,
    /// Exponential moving average of `xs`.
    ema, ema_into
}

smoothed! {
    /// Wilder's moving average (Wilder 1978; also SMMA): `y += (x - y) / period`, seeded with the mean of the first
    /// `period` values. First value at row `period - 1`.
    Rma, wilder,
    /// Wilder's moving average of `xs`.
    rma, rma_into
}
