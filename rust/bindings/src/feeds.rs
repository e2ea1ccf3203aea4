//! Feeds that the core reads or makes by itself: Lean, LOBSTER, the synthetic market.

use crate::data::{MarketData, quality_policy};
use crate::errors::{call, choose, to_py};
use chrono::NaiveDate;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use tickwright_core::event::{ActionBatch, ActionKind, CorporateAction};
use tickwright_core::feeds;
use tickwright_core::feeds::lean::{self, Adjust, Consolidate, Kind, LeanOptions, Resolution, SaleConditions, Session};
use tickwright_core::feeds::lobster::{self, LobsterOptions};
use tickwright_core::feeds::synthetic::{SyntheticConfig, SyntheticSymbol, generate};
use tickwright_core::ledger::as_ratio;
use tickwright_core::market::{MarketConfig, MarketSymbol, simulate};
use tickwright_core::types::{Error, Price, Timestamp};

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

/// A market simulated order by order: name, start price, whether its tick is large, and pace of each symbol.
#[pyfunction]
#[pyo3(signature = (seed, symbols, date, seconds))]
fn market(py: Python<'_>, seed: u64, symbols: Vec<(String, f64, bool, f64)>, date: &str, seconds: u32) -> PyResult<MarketData> {
    let style = |(name, start_price, large, pace): (String, f64, bool, f64)| {
        let mut symbol = if large { MarketSymbol::large_tick(&name, start_price) } else { MarketSymbol::small_tick(&name, start_price) };
        symbol.takes_per_second *= pace;
        symbol.quotes_per_second *= pace;
        symbol
    };
    let config = MarketConfig { seed, date: day(date).map_err(to_py)?, seconds, symbols: symbols.into_iter().map(style).collect() };
    call(py, move || simulate(&config)).map(MarketData::new)
}

/// Lean equity files.
#[pyfunction]
#[pyo3(name = "lean")]
#[pyo3(signature = (path, *, symbol, date, kind, resolution, session, adjust, actions, dividend_decimals, start, end, factor_file, consolidate, conditions, policy, progress))]
#[allow(clippy::too_many_arguments, reason = "the settings of one feed, by keyword in Python")]
fn read_lean(
    py: Python<'_>,
    path: PathBuf,
    symbol: Option<String>,
    date: Option<&str>,
    kind: Option<&str>,
    resolution: Option<&str>,
    session: &str,
    adjust: &str,
    actions: bool,
    dividend_decimals: Option<u32>,
    start: Option<i64>,
    end: Option<i64>,
    factor_file: Option<PathBuf>,
    consolidate: &str,
    conditions: &str,
    policy: Option<&Bound<'_, PyDict>>,
    progress: Option<Py<PyAny>>,
) -> PyResult<MarketData> {
    let options = LeanOptions {
        symbol,
        date: date.map(day).transpose().map_err(to_py)?,
        kind: kind.map(|k| choose("kind", k, &[("trade", Kind::Trade), ("quote", Kind::Quote)])).transpose()?,
        resolution: resolution.map(|r| choose("resolution", r, &Resolution::ALL.map(|r| (r.as_str(), r)))).transpose()?,
        session: choose("session", session, &[("all", Session::All), ("regular", Session::Regular)])?,
        adjust: choose("adjust", adjust, &[("none", Adjust::None), ("split", Adjust::Split), ("total", Adjust::Total)])?,
        actions,
        dividend_decimals,
        start: start.map(Timestamp::from_nanos),
        end: end.map(Timestamp::from_nanos),
        factor_file,
        consolidate: choose(
            "consolidate",
            consolidate,
            &[("last_seen", Consolidate::LastSeen), ("best_of_venues", Consolidate::BestOfVenues)],
        )?,
        conditions: choose("conditions", conditions, &[("tape", SaleConditions::Tape), ("lean", SaleConditions::Lean)])?,
        policy: quality_policy(policy)?,
    };
    watched(py, progress, move |tell| lean::read_with_progress(&path, &options, tell))
}

/// LOBSTER message files.
#[pyfunction]
#[pyo3(name = "lobster")]
#[pyo3(signature = (path, *, symbol, date, orderbook, start, end, policy, progress))]
#[allow(clippy::too_many_arguments, reason = "the settings of one feed, by keyword in Python")]
fn read_lobster(
    py: Python<'_>,
    path: PathBuf,
    symbol: Option<String>,
    date: Option<&str>,
    orderbook: Option<PathBuf>,
    start: Option<i64>,
    end: Option<i64>,
    policy: Option<&Bound<'_, PyDict>>,
    progress: Option<Py<PyAny>>,
) -> PyResult<MarketData> {
    let options = LobsterOptions {
        symbol,
        date: date.map(day).transpose().map_err(to_py)?,
        orderbook,
        start: start.map(Timestamp::from_nanos),
        end: end.map(Timestamp::from_nanos),
        policy: quality_policy(policy)?,
    };
    watched(py, progress, move |tell| lobster::read_with_progress(&path, &options, tell))
}

pub(crate) type Tell<'a> = dyn FnMut(u64, u64) -> Result<(), Error> + 'a;

/// Read with other threads running, telling `progress` now and then; what it raises, and Ctrl-C, ends the reading.
pub(crate) fn watched(
    py: Python<'_>,
    progress: Option<Py<PyAny>>,
    read: impl FnOnce(&mut Tell<'_>) -> Result<feeds::MarketData, Error> + Send,
) -> PyResult<MarketData> {
    let raised = Mutex::new(None);
    let outcome = call(py, || {
        read(&mut |done, total| {
            Python::attach(|py| {
                let told = py.check_signals().and_then(|()| progress.as_ref().map_or(Ok(()), |p| p.call1(py, (done, total)).map(|_| ())));
                told.map_err(|error| {
                    *raised.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                    Error::data("reading", "was interrupted")
                })
            })
        })
    });
    match raised.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(error) => Err(error),
        None => outcome.map(MarketData::new),
    }
}

/// Corporate actions: symbol, ns since the Unix epoch, then dollars a share as a decimal, or new shares for an old one.
#[pyfunction]
fn actions(rows: Vec<(String, i64, Option<String>, Option<f64>)>) -> PyResult<MarketData> {
    let mut data = feeds::MarketData::default();
    let mut batch = ActionBatch::default();
    for (symbol, ts, per_share, ratio) in rows {
        let of = |error: Error| to_py(Error::data(format!("corporate action of {symbol}"), error.to_string()));
        let kind = match (per_share, ratio) {
            (Some(text), None) => {
                let per_share = Price::parse(text.as_bytes()).map_err(of)?;
                if !per_share.is_positive() {
                    return Err(of(Error::data("dividend", format!("is {text} a share; it must be above zero"))));
                }
                // What the price was before is not said, so that it can be paid in cash alone.
                ActionKind::Dividend { per_share, reference: Price::ZERO, ratio: 1.0 }
            }
            (None, Some(new_shares_per_old)) => {
                as_ratio(new_shares_per_old).map_err(of)?;
                ActionKind::Split { new_shares_per_old }
            }
            _ => return Err(of(Error::data("action", "give either a dividend or a split"))),
        };
        let instrument = data.instruments.intern(&symbol).map_err(to_py)?;
        batch.push(CorporateAction { ts: Timestamp::from_nanos(ts), instrument, kind });
    }
    batch.sort_by_time();
    (data.report.rows, data.report.events) = (batch.len() as u64, batch.len() as u64);
    if !batch.is_empty() {
        data.actions.push(batch);
    }
    Ok(MarketData::new(data))
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(actions, module)?)?;
    module.add_function(wrap_pyfunction!(read_lean, module)?)?;
    module.add_function(wrap_pyfunction!(read_lobster, module)?)?;
    module.add_function(wrap_pyfunction!(market, module)?)?;
    module.add_function(wrap_pyfunction!(synthetic, module)?)
}
