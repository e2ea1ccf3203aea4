//! Feeds that the core reads or makes by itself: the synthetic market.

use crate::data::MarketData;
use crate::errors::{call, to_py};
use chrono::NaiveDate;
use pyo3::prelude::*;
use tickwright_core::feeds::synthetic::{SyntheticConfig, SyntheticSymbol, generate};
use tickwright_core::types::Error;

fn day(text: &str) -> Result<NaiveDate, Error> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d")
        .map_err(|_| Error::config("date", format!("{text:?} is no day; write one such as 2026-01-05")))
}

/// A synthetic market. Symbols without settings take those of the default symbols in turn.
#[pyfunction]
#[pyo3(signature = (seed, symbols, date, days, events_scale, threads))]
fn synthetic(
    py: Python<'_>,
    seed: u64,
    symbols: Option<Vec<(String, Option<[f64; 5]>)>>,
    date: &str,
    days: u32,
    events_scale: f64,
    threads: usize,
) -> PyResult<MarketData> {
    let mut config = SyntheticConfig { seed, date: day(date).map_err(to_py)?, days, events_scale, threads, ..SyntheticConfig::default() };
    if let Some(symbols) = symbols {
        let models = std::mem::take(&mut config.symbols);
        config.symbols = symbols
            .into_iter()
            .enumerate()
            .map(|(i, (name, settings))| match settings {
                Some([start_price, annual_volatility, average_daily_volume, mean_spread_ticks, events_per_day]) => {
                    SyntheticSymbol { name, start_price, annual_volatility, average_daily_volume, mean_spread_ticks, events_per_day }
                }
                None => SyntheticSymbol { name, ..models[i % models.len()].clone() },
            })
            .collect();
    }
    call(py, move || generate(&config)).map(MarketData::new)
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(synthetic, module)?)
}
