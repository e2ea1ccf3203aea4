//! Quality: checks, cleaning, consolidation, joins in time and merges of streams.

use crate::data::{MarketData, duration_ns, quality_policy};
use crate::errors::{call, choose, to_py};
use numpy::IntoPyArray;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use tickwright_core::event::{BarBatch, QuoteBatch, TradeBatch, pack_conditions};
use tickwright_core::feeds::clean::{self, QuoteRules, Selection, Taken, TradeRules};
use tickwright_core::feeds::merge::{self, MergerConfig, Pull, Push, Timed};
use tickwright_core::feeds::nbbo::{Consolidator, Crossing, EmptySide, NbboConfig, SizeRule};
use tickwright_core::feeds::{self, FeedReport, Stage, align, conditions};
use tickwright_core::types::{Error, InstrumentId, Instruments, Result, Timestamp};

/// A time or none.
fn optional_ns(value: Option<&Bound<'_, PyAny>>, field: &str) -> PyResult<Option<i64>> {
    value.map(|v| duration_ns(v, field)).transpose()
}

/// The events of `data`, judged.
#[pyfunction]
#[pyo3(signature = (data, policy=None))]
fn check(py: Python<'_>, data: &Bound<'_, MarketData>, policy: Option<&Bound<'_, PyDict>>) -> PyResult<MarketData> {
    let policy = quality_policy(policy)?;
    let data = data.get();
    call(py, || {
        let mut copy = feeds::MarketData::clone(data.inner()?);
        Stage::new(policy)?.check_data(&mut copy)?;
        Ok(copy)
    })
    .map(MarketData::new)
}

fn selection(session_ms: Option<(i64, i64)>, venues: Option<Vec<u8>>) -> Selection {
    Selection { session_ms, venues, positive: true }
}

fn told(rows: usize, left: usize, taken: &Taken) -> FeedReport {
    let mut report = FeedReport::default();
    (report.rows, report.events) = (rows as u64, left as u64);
    report.notes.extend(taken.iter().filter(|(_, n)| *n > 0).map(|(rule, n)| format!("{rule} took {n} rows")));
    report
}

/// Trades that the rules keep; with quotes, those beyond them are taken too.
#[pyfunction]
#[pyo3(signature = (data, *, session_ms, venues, conditions, uncorrected, one_a_moment, quotes, spreads))]
#[allow(clippy::too_many_arguments, reason = "one a rule, by keyword in Python")]
fn clean_trades(
    py: Python<'_>,
    data: &Bound<'_, MarketData>,
    session_ms: Option<(i64, i64)>,
    venues: Option<Vec<u8>>,
    conditions: Option<Vec<Vec<u8>>>,
    uncorrected: bool,
    one_a_moment: bool,
    quotes: Option<Bound<'_, MarketData>>,
    spreads: f64,
) -> PyResult<MarketData> {
    let conditions = conditions.map(|all| all.into_iter().map(pack_conditions).collect());
    let rules = TradeRules { selection: selection(session_ms, venues), uncorrected, conditions, one_a_moment };
    let (data, quotes) = (data.get(), quotes.as_ref().map(Bound::get));
    call(py, || {
        let whole = data.inner()?;
        let trades = whole.merged_trades();
        let (mut kept, mut taken) = clean::clean_trades(&trades, &rules)?;
        if let Some(quotes) = quotes {
            let other = quotes.inner()?;
            let mut merged = other.merged_quotes();
            renumber(&mut merged.instrument, &other.instruments, &whole.instruments);
            let clean::Beyond { beyond, unquoted } = clean::trades_beyond_quotes(&kept, &merged, spreads)?;
            taken.extend([("T4", beyond.len() as u64), ("T4, without a quote before them,", unquoted.len() as u64)]);
            let mut gone = [beyond, unquoted].concat();
            gone.sort_unstable();
            kept.remove_rows(&gone);
        }
        let report = told(trades.len(), kept.len(), &taken);
        Ok(feeds::MarketData { trades: vec![kept], instruments: whole.instruments.clone(), report, ..feeds::MarketData::default() })
    })
    .map(MarketData::new)
}

/// Give `ids` of one table those of another; symbols that it lacks get an id that it does not have.
fn renumber(ids: &mut [InstrumentId], from: &Instruments, to: &Instruments) {
    let mut next = to.len() as u32;
    let map: Vec<InstrumentId> = from
        .symbols()
        .iter()
        .map(|symbol| {
            to.get(symbol).unwrap_or_else(|| {
                next += 1;
                InstrumentId(next - 1)
            })
        })
        .collect();
    for id in ids {
        *id = map.get(id.index()).copied().unwrap_or(*id);
    }
}

/// Quotes that the rules keep.
#[pyfunction]
#[pyo3(signature = (data, *, session_ms, venues, one_a_moment, uncrossed, spreads_max, deviations_max))]
#[allow(clippy::too_many_arguments, reason = "one a rule, by keyword in Python")]
fn clean_quotes(
    py: Python<'_>,
    data: &Bound<'_, MarketData>,
    session_ms: Option<(i64, i64)>,
    venues: Option<Vec<u8>>,
    one_a_moment: bool,
    uncrossed: bool,
    spreads_max: f64,
    deviations_max: f64,
) -> PyResult<MarketData> {
    let rules = QuoteRules { selection: selection(session_ms, venues), one_a_moment, uncrossed, spreads_max, deviations_max };
    let data = data.get();
    call(py, || {
        let whole = data.inner()?;
        let quotes = whole.merged_quotes();
        let (kept, taken) = clean::clean_quotes(&quotes, &rules)?;
        let report = told(quotes.len(), kept.len(), &taken);
        Ok(feeds::MarketData { quotes: vec![kept], instruments: whole.instruments.clone(), report, ..feeds::MarketData::default() })
    })
    .map(MarketData::new)
}

/// The national best bid and offer of quotes of many venues.
#[pyfunction]
#[pyo3(signature = (data, *, size, empty, crossing, age_max))]
fn nbbo(
    py: Python<'_>,
    data: &Bound<'_, MarketData>,
    size: &str,
    empty: &str,
    crossing: &str,
    age_max: Option<&Bound<'_, PyAny>>,
) -> PyResult<MarketData> {
    let config = NbboConfig {
        size: choose("size", size, &[("first", SizeRule::FirstVenue), ("sum", SizeRule::Sum)])?,
        empty: choose("empty", empty, &[("withdrawn", EmptySide::Withdrawn), ("unchanged", EmptySide::Unchanged)])?,
        crossing: choose("crossing", crossing, &[("flag", Crossing::Flag), ("hold", Crossing::Hold), ("drop_older", Crossing::DropOlder)])?,
        age_max_ns: optional_ns(age_max, "age_max")?.unwrap_or(i64::MAX),
    };
    let data = data.get();
    call(py, || {
        let whole = data.inner()?;
        let mut consolidator = Consolidator::new(config)?;
        let mut out = QuoteBatch::default();
        match &whole.quotes[..] {
            [one] if one.first_unsorted().is_none() => consolidator.push(one, &mut out)?,
            _ => consolidator.push(&whole.merged_quotes(), &mut out)?,
        }
        let report = consolidator.report().clone();
        Ok(feeds::MarketData { quotes: vec![out], instruments: whole.instruments.clone(), report, ..feeds::MarketData::default() })
    })
    .map(MarketData::new)
}

/// For each trade the row of its quote, −1 for none, and who took the initiative.
#[pyfunction]
#[pyo3(signature = (trades, quotes, tolerance, lag))]
fn align_trades<'py>(
    py: Python<'py>,
    trades: &Bound<'_, MarketData>,
    quotes: &Bound<'_, MarketData>,
    tolerance: Option<&Bound<'_, PyAny>>,
    lag: &Bound<'_, PyAny>,
) -> PyResult<Bound<'py, PyDict>> {
    let (tolerance, lag_ns) = (optional_ns(tolerance, "tolerance")?, duration_ns(lag, "lag")?);
    let (left, right) = (trades.get(), quotes.get());
    let (at, sides) = call(py, || {
        let (left, right) = (left.inner()?, right.inner()?);
        let (trades, mut quotes) = (left.merged_trades(), right.merged_quotes());
        renumber(&mut quotes.instrument, &right.instruments, &left.instruments);
        let times: Vec<Timestamp> = trades.ts.iter().map(|t| t.plus(lag_ns.saturating_neg())).collect();
        let at = align::last_at_or_before(&times, &trades.instrument, &quotes.ts, &quotes.instrument, tolerance)?;
        let sides = align::sides(&trades, &quotes, &at);
        Ok((at, sides))
    })?;
    let out = PyDict::new(py);
    out.set_item("quote", at.into_pyarray(py))?;
    out.set_item("side", sides.into_pyarray(py))?;
    Ok(out)
}

/// The quotes in force on a grid of times.
#[pyfunction]
#[pyo3(signature = (data, start, end, step, tolerance))]
fn resample(
    py: Python<'_>,
    data: &Bound<'_, MarketData>,
    start: Option<i64>,
    end: Option<i64>,
    step: &Bound<'_, PyAny>,
    tolerance: Option<&Bound<'_, PyAny>>,
) -> PyResult<MarketData> {
    let (step, tolerance) = (duration_ns(step, "step")?, optional_ns(tolerance, "tolerance")?);
    let data = data.get();
    call(py, || {
        let whole = data.inner()?;
        let quotes = whole.merged_quotes();
        let span = quotes.ts.first().zip(quotes.ts.last());
        let (Some(start), Some(end)) = (
            start.map(Timestamp::from_nanos).or_else(|| span.filter(|_| step > 0).map(|s| s.0.floor_to(step).plus(step))),
            end.map(Timestamp::from_nanos).or_else(|| span.map(|s| *s.1)),
        ) else {
            return Err(Error::data("quotes", "there are none, or the step is not above zero; give quotes, and a step such as \"1s\""));
        };
        let grid = align::resample(&quotes, start, end.max(start), step, tolerance)?;
        let mut report = FeedReport::default();
        (report.rows, report.events) = (quotes.len() as u64, grid.len() as u64);
        Ok(feeds::MarketData { quotes: vec![grid], instruments: whole.instruments.clone(), report, ..feeds::MarketData::default() })
    })
    .map(MarketData::new)
}

/// All times of `data` moved by `by`: a source's clock put right.
#[pyfunction]
fn shift(py: Python<'_>, data: &Bound<'_, MarketData>, by: &Bound<'_, PyAny>) -> PyResult<MarketData> {
    let (data, by_ns) = (data.get(), duration_ns(by, "by")?);
    call(py, || {
        let mut copy = feeds::MarketData::clone(data.inner()?);
        copy.shift(by_ns)?;
        Ok(copy)
    })
    .map(MarketData::new)
}

/// `FLAG_…` bits of a trade with `codes` on `tape`.
#[pyfunction]
fn trade_flags(codes: &str, tape: &str) -> u32 {
    conditions::trade_flags(pack_conditions(codes.bytes()), tape.bytes().next().unwrap_or(0))
}

enum Streams {
    Quotes(merge::Merger<QuoteBatch>),
    Trades(merge::Merger<TradeBatch>),
    Bars(merge::Merger<BarBatch>),
}

/// Merges batches of many sources as they come.
#[pyclass(module = "tickwright._core")]
pub(crate) struct Merger {
    streams: Streams,
    instruments: Instruments,
}

fn push<B: Timed>(merger: &mut merge::Merger<B>, source: usize, batch: B) -> Result<bool> {
    Ok(matches!(merger.push(source, batch)?, Push::Taken))
}

#[pymethods]
impl Merger {
    #[new]
    #[pyo3(signature = (kind, sources, rows_max, patience))]
    fn new(kind: &str, sources: usize, rows_max: usize, patience: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let patience_ns = optional_ns(patience, "patience")?;
        let config = MergerConfig { rows_max, patience_ns };
        let streams = match kind {
            "quotes" => merge::Merger::new(sources, config).map(Streams::Quotes),
            "trades" => merge::Merger::new(sources, config).map(Streams::Trades),
            "bars" => merge::Merger::new(sources, config).map(Streams::Bars),
            _ => Err(Error::config("kind", format!("{kind:?} is not known; choose quotes, trades or bars"))),
        };
        Ok(Self { streams: streams.map_err(to_py)?, instruments: Instruments::default() })
    }

    /// Give `source` a batch; false when its buffer is full and nothing was taken.
    fn push(&mut self, py: Python<'_>, source: usize, data: &Bound<'_, MarketData>) -> PyResult<bool> {
        let data = data.get();
        call(py, || {
            let whole = data.inner()?;
            let ids = whole.instruments.symbols().iter().map(|s| self.instruments.intern(s)).collect::<Result<Vec<_>>>()?;
            macro_rules! push {
                ($merger:ident, $merged:ident) => {{
                    let mut batch = whole.$merged();
                    for id in &mut batch.instrument {
                        *id = ids.get(id.index()).copied().unwrap_or(*id);
                    }
                    push($merger, source, batch)
                }};
            }
            match &mut self.streams {
                Streams::Quotes(merger) => push!(merger, merged_quotes),
                Streams::Trades(merger) => push!(merger, merged_trades),
                Streams::Bars(merger) => push!(merger, merged_bars),
            }
        })
    }

    /// `source` will give nothing before `ts`.
    fn advance(&mut self, source: usize, ts: i64) -> PyResult<()> {
        let ts = Timestamp::from_nanos(ts);
        match &mut self.streams {
            Streams::Quotes(merger) => merger.advance(source, ts),
            Streams::Trades(merger) => merger.advance(source, ts),
            Streams::Bars(merger) => merger.advance(source, ts),
        }
        .map_err(to_py)
    }

    /// `source` gives nothing more.
    fn end(&mut self, source: usize) -> PyResult<()> {
        match &mut self.streams {
            Streams::Quotes(merger) => merger.end(source),
            Streams::Trades(merger) => merger.end(source),
            Streams::Bars(merger) => merger.end(source),
        }
        .map_err(to_py)
    }

    /// Up to `rows` rows in order; the source waited for, or −1 when there is more at once, −2 when all is given.
    fn pull(&mut self, py: Python<'_>, rows: usize) -> PyResult<(MarketData, i64)> {
        let (data, state) = call(py, || {
            let mut data = feeds::MarketData { instruments: self.instruments.clone(), ..feeds::MarketData::default() };
            macro_rules! pull {
                ($merger:ident, $kind:ident) => {{
                    let mut out = Default::default();
                    let state = $merger.pull(rows, &mut out);
                    data.$kind.push(out);
                    state
                }};
            }
            let state = match &mut self.streams {
                Streams::Quotes(merger) => pull!(merger, quotes),
                Streams::Trades(merger) => pull!(merger, trades),
                Streams::Bars(merger) => pull!(merger, bars),
            };
            Ok((data, state))
        })?;
        let state = match state {
            Pull::Starved(source) => source as i64,
            Pull::Done => -2,
            _ => -1,
        };
        Ok((MarketData::new(data), state))
    }

    /// Rows waiting, and rows left out because they came too late.
    fn counts(&self) -> (usize, u64) {
        match &self.streams {
            Streams::Quotes(merger) => (merger.waiting(), merger.late()),
            Streams::Trades(merger) => (merger.waiting(), merger.late()),
            Streams::Bars(merger) => (merger.waiting(), merger.late()),
        }
    }
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Merger>()?;
    module.add_function(wrap_pyfunction!(check, module)?)?;
    module.add_function(wrap_pyfunction!(clean_trades, module)?)?;
    module.add_function(wrap_pyfunction!(clean_quotes, module)?)?;
    module.add_function(wrap_pyfunction!(nbbo, module)?)?;
    module.add_function(wrap_pyfunction!(align_trades, module)?)?;
    module.add_function(wrap_pyfunction!(resample, module)?)?;
    module.add_function(wrap_pyfunction!(shift, module)?)?;
    module.add_function(wrap_pyfunction!(trade_flags, module)?)
}
