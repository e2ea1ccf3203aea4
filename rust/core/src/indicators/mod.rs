//! Indicators: one implementation each, streaming and batch equal to the last bit.
//!
//! Every indicator is a struct with `update` (one row), `extend` (many rows, the same arithmetic in the same order, but
//! scheduled for throughput), `value`, `ready` and `reset`; the batch functions run `extend` on a fresh one. One file a
//! family: [`average`], [`momentum`], [`volatility`], [`volume`], [`trend`]. [`CATALOG`] describes them all.
//!
//! *Warm-up*: NaN until the first full value; where TA-Lib has the indicator, its first row and its seed are TA-Lib's.
//!
//! *Missing values*: a row with a NaN or an infinite input (or a negative volume) gives NaN and leaves the state untouched,
//! as if the row were not there, wherever it stands. So the values at the other rows are those of the series without the
//! missing rows, and leading NaNs are skipped as TA-Lib does. `value()` keeps the last value that was not missing.

pub mod average;
pub mod catalog;
pub mod cycle;
pub mod momentum;
mod old_catalog;
pub mod pattern;
mod smooth;
pub mod statistics;
pub mod study;
pub mod trend;
pub mod volatility;
pub mod volume;
mod window;

#[cfg(test)]
mod catalog_tests;
#[cfg(test)]
mod tests;

pub use average::basic::{Ema, Rma, Sma, ema, ema_into, rma, rma_into, sma, sma_into};
pub use momentum::basic::{Macd, MacdSeries, MacdValue, Rsi, macd, macd_into, rsi, rsi_into};
pub use old_catalog::{CATALOG, Description, Parameter};
pub use trend::basic::{Donchian, donchian, donchian_into};
pub use volatility::basic::{Atr, Bollinger, atr, atr_into, bollinger, bollinger_into};
pub use volume::basic::{Obv, Vwap, obv, obv_into, vwap, vwap_into};

use crate::types::{Error, Result};

/// The longest period: 2^24 rows.
pub const PERIOD_MAX: usize = 1 << 24;

/// Rows that a batch works on at a time, so that intermediate values stay in the first-level cache.
const CHUNK: usize = 512;

/// Upper, middle and lower line of a channel, in the units of the input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Channel {
    /// Upper line.
    pub upper: f64,
    /// Middle line.
    pub middle: f64,
    /// Lower line.
    pub lower: f64,
}

impl Channel {
    /// All lines NaN.
    pub const NAN: Self = Self { upper: f64::NAN, middle: f64::NAN, lower: f64::NAN };
}

/// A [`Channel`] by column.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelSeries {
    /// Upper line.
    pub upper: Vec<f64>,
    /// Middle line.
    pub middle: Vec<f64>,
    /// Lower line.
    pub lower: Vec<f64>,
}

/// State as plain numbers, so that a streaming indicator can be stored and taken up again.
pub trait Snapshot {
    /// Everything that later values depend on.
    fn snapshot(&self) -> Vec<f64>;

    /// Take up a snapshot of an indicator with the same parameters; an error when it is not one, and the state is then
    /// not to be relied upon.
    fn restore(&mut self, snapshot: &[f64]) -> Result<()>;
}

/// `period` if an indicator can have it.
fn checked_period(field: &str, period: usize) -> Result<usize> {
    if (1..=PERIOD_MAX).contains(&period) {
        return Ok(period);
    }
    Err(Error::config(field, format!("{period} is out of range; give a whole number from 1 to {PERIOD_MAX}")))
}

/// An error unless all columns have the length of the first.
fn same_length(columns: &[(&str, usize)]) -> Result<()> {
    let Some(&(first, length)) = columns.first() else { return Ok(()) };
    match columns.iter().find(|(_, other)| *other != length) {
        None => Ok(()),
        Some((name, other)) => {
            Err(Error::data(format!("column {name}"), format!("has {other} rows where {first} has {length}; give columns of one length")))
        }
    }
}

fn restored(ok: bool) -> Result<()> {
    if ok { Ok(()) } else { Err(Error::data("indicator snapshot", "does not fit; restore it into an indicator with the same parameters")) }
}
