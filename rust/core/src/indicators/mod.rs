//! Indicators: one implementation each, for arrays, single rows, sets, panels and signals, equal to the last bit.
//!
//! [`study`] says what an indicator is made of, [`catalog`] lists them all: one [`catalog::Description`] each, from which every
//! face is made. One folder a family, one file a kin.
//!
//! *Warm-up*: NaN until the first full value; where TA-Lib has the indicator, its first row and its seed are TA-Lib's.
//!
//! *Missing values*: a row with a NaN or an infinite input (or a negative volume) gives NaN and leaves the state untouched,
//! as if the row were not there, wherever it stands. So the values at the other rows are those of the series without the
//! missing rows, and leading NaNs are skipped as TA-Lib does. `value()` keeps the last value that was not missing.
//!
//! ```
//! use tickwright_core::indicators::{average::basic::Ema, catalog::build, study::Streaming};
//!
//! let mut ema = Streaming::new(Ema::new(3)?);
//! assert!(ema.update([1.0])[0].is_nan());
//! assert_eq!(build("ema", &[3.0])?.lookback(), 2);
//! # Ok::<(), tickwright_core::types::Error>(())
//! ```

pub mod average;
pub mod catalog;
pub mod cycle;
mod doubling;
pub mod momentum;
pub mod panel;
pub mod pattern;
mod scratch;
pub mod set;
mod smooth;
pub mod statistics;
pub mod study;
pub mod trend;
pub mod volatility;
pub mod volume;
mod wide;
mod window;

#[cfg(test)]
mod catalog_tests;
#[cfg(test)]
mod doubling_tests;
#[cfg(test)]
mod tests;

use crate::types::{Error, Result};

/// The longest period: 2^24 rows.
pub const PERIOD_MAX: usize = 1 << 24;

/// Rows that a batch works on at a time, so that intermediate values stay in the first-level cache.
const CHUNK: usize = 512;

/// `period` if an indicator can have it.
fn checked_period(field: &str, period: usize) -> Result<usize> {
    if (1..=PERIOD_MAX).contains(&period) {
        return Ok(period);
    }
    Err(Error::config(field, format!("{period} is out of range; give a whole number from 1 to {PERIOD_MAX}")))
}
