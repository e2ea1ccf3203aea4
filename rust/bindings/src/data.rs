//! Market data: the class that holds it, and its columns.

use crate::columns::view;
use crate::errors::{call, to_py};
use bytemuck::cast_slice;
use numpy::IntoPyArray;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList, PyTuple};
use std::sync::{Arc, OnceLock};
use tickwright_core::bars::{BarSpec, aggregate};
use tickwright_core::event::{
    ActionBatch, ActionKind, BandBatch, BarBatch, BookAction, CorrectionBatch, CorrectionKind, DeltaBatch, QuoteBatch, StatusBatch,
    TradeBatch, TradingState,
};
use tickwright_core::feeds::{self, Fault, FeedReport, Joined, Policy, QualityPolicy};
use tickwright_core::types::{Error, Instruments, Price, Side, Timestamp};

/// Market data, shared and never changed.
#[pyclass(frozen, module = "tickwright._core")]
pub(crate) struct MarketData {
    /// What it is made of, read in place by a backtest.
    joined: Arc<Joined>,
    /// The whole in one; of several parts a copy, made when something needs it.
    whole: OnceLock<Arc<feeds::MarketData>>,
    columns: [PyOnceLock<Py<Columns>>; Kind::NAMES.len()],
}

impl MarketData {
    /// Around data that the core gave.
    pub(crate) fn new(inner: feeds::MarketData) -> Self {
        Self::shared(Arc::new(inner))
    }

    /// Around data that someone else may hold too.
    pub(crate) fn shared(whole: Arc<feeds::MarketData>) -> Self {
        let joined = Arc::new(Joined::one(Arc::clone(&whole)));
        Self { joined, whole: whole.into(), columns: std::array::from_fn(|_| PyOnceLock::new()) }
    }

    /// The core's data in one.
    pub(crate) fn inner(&self) -> Result<&Arc<feeds::MarketData>, Error> {
        if let Some(whole) = self.whole.get() {
            return Ok(whole);
        }
        let made = Arc::new(self.joined.to_data()?);
        Ok(self.whole.get_or_init(|| made))
    }

    /// The columns of `kind`: of several parts straight from where they are, where that can be done.
    fn merged(&self, kind: Kind) -> Result<Columns, Error> {
        if self.parts().len() > 1
            && self.whole.get().is_none()
            && let Some(columns) = Columns::joined(&self.joined, kind)
        {
            return Ok(columns);
        }
        Ok(Columns::new(Arc::clone(self.inner()?), kind))
    }

    /// The parts, each where it is.
    pub(crate) const fn joined(&self) -> &Arc<Joined> {
        &self.joined
    }

    fn parts(&self) -> impl ExactSizeIterator<Item = &Arc<feeds::MarketData>> {
        self.joined.parts()
    }
}

#[pymethods]
impl MarketData {
    /// All parts in one, with ids of one table.
    #[staticmethod]
    fn merge(py: Python<'_>, parts: Vec<PyRef<'_, Self>>) -> PyResult<Self> {
        let parts: Vec<Arc<feeds::MarketData>> = parts.iter().flat_map(|p| p.parts().cloned()).collect();
        let joined = Arc::new(call(py, move || Joined::new(parts))?);
        Ok(Self { joined, whole: OnceLock::new(), columns: std::array::from_fn(|_| PyOnceLock::new()) })
    }

    #[getter]
    fn symbols(&self) -> Vec<String> {
        self.joined.instruments().symbols().to_vec()
    }

    fn __len__(&self) -> usize {
        self.parts().map(|p| p.len()).sum()
    }

    /// Of the parts, of the whole where it was made, and of merged columns.
    #[getter]
    fn heap_bytes(&self, py: Python<'_>) -> usize {
        let parts: usize = self.parts().map(|p| p.heap_bytes()).sum();
        let whole = self.whole.get().filter(|whole| !self.parts().any(|p| Arc::ptr_eq(p, whole)));
        let columns = self.columns.iter().filter_map(|columns| columns.get(py)).map(|columns| &columns.get().data);
        let merged = columns.filter(|data| !self.parts().chain(self.whole.get()).any(|p| Arc::ptr_eq(p, data)));
        parts + whole.into_iter().chain(merged).map(|data| data.heap_bytes()).sum::<usize>()
    }

    /// First and last time in nanoseconds.
    #[getter]
    fn span(&self) -> Option<(i64, i64)> {
        self.joined.span().map(|(a, b)| (a.nanos(), b.nanos()))
    }

    /// Rows of `kind`.
    fn count(&self, kind: &str) -> PyResult<usize> {
        let kind = Kind::parse(kind)?;
        Ok(self.parts().map(|p| kind.rows(p)).sum())
    }

    /// What the normalisers saw, as plain Python.
    #[getter]
    fn report<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let mut report = FeedReport::default();
        self.parts().for_each(|p| report.absorb(&p.report));
        report_to_python(py, &report)
    }

    /// News items, as dictionaries.
    #[getter]
    fn news<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let items = PyList::empty(py);
        let whole = call(py, || self.inner())?;
        for item in &whole.news {
            let row = PyDict::new(py);
            row.set_item("ts", item.ts.nanos())?;
            row.set_item("updated", item.updated.nanos())?;
            row.set_item("id", item.id)?;
            row.set_item("headline", &item.headline)?;
            row.set_item("summary", &item.summary)?;
            row.set_item("author", &item.author)?;
            row.set_item("content", &item.content)?;
            row.set_item("url", &item.url)?;
            row.set_item("source", &item.source)?;
            let symbols: Vec<&str> = item.instruments.iter().map(|&id| whole.instruments.symbol(id)).collect();
            row.set_item("symbols", symbols)?;
            items.append(row)?;
        }
        Ok(items)
    }

    /// The columns of `kind`, in one batch sorted by time; made once.
    fn columns(&self, py: Python<'_>, kind: &str) -> PyResult<Py<Columns>> {
        let kind = Kind::parse(kind)?;
        let columns = self.columns[kind as usize].get_or_try_init(py, || Py::new(py, call(py, || self.merged(kind))?))?;
        Ok(columns.clone_ref(py))
    }

    /// Bars of the trades, as `spec` says.
    fn aggregate(&self, py: Python<'_>, spec: &str) -> PyResult<Self> {
        call(py, || {
            let spec = BarSpec::parse(spec)?;
            let whole = self.inner()?;
            let trades = whole.merged_trades();
            if trades.is_empty() {
                return Err(Error::data("data", "holds no trades to make bars of; give trades"));
            }
            let bars = aggregate(&trades, spec)?;
            let mut report = FeedReport::default();
            (report.rows, report.events) = (trades.len() as u64, bars.len() as u64);
            Ok(feeds::MarketData { bars: vec![bars], instruments: whole.instruments.clone(), report, ..feeds::MarketData::default() })
        })
        .map(Self::new)
    }

    /// The events of `symbols` from `start` on and before `end`, nanoseconds.
    #[pyo3(signature = (symbols, start, end))]
    fn select(&self, py: Python<'_>, symbols: Option<Vec<String>>, start: Option<i64>, end: Option<i64>) -> PyResult<Self> {
        let start = start.map_or(Timestamp::MIN, Timestamp::from_nanos);
        let end = end.map_or(Timestamp::MAX, Timestamp::from_nanos);
        call(py, || self.inner()?.select(symbols.as_deref(), start, end)).map(Self::new)
    }
}

/// What normalisers saw, as plain Python.
pub(crate) fn report_to_python<'py>(py: Python<'py>, report: &FeedReport) -> PyResult<Bound<'py, PyDict>> {
    let faults = PyDict::new(py);
    for fault in Fault::ALL.into_iter().filter(|&f| report.found(f) > 0) {
        let entry = PyDict::new(py);
        entry.set_item("found", report.found(fault))?;
        entry.set_item("dropped", report.dropped(fault))?;
        entry.set_item("first", report.first(fault))?;
        faults.set_item(fault.as_str(), entry)?;
    }
    let out = PyDict::new(py);
    out.set_item("rows", report.rows)?;
    out.set_item("events", report.events)?;
    out.set_item("faults", faults)?;
    out.set_item("notes", PyList::new(py, &report.notes)?)?;
    Ok(out)
}

#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Quotes,
    Trades,
    Bars,
    Actions,
    Deltas,
    Statuses,
    Bands,
    Corrections,
}

impl Kind {
    const NAMES: [(&'static str, Self); 8] = [
        ("quotes", Self::Quotes),
        ("trades", Self::Trades),
        ("bars", Self::Bars),
        ("actions", Self::Actions),
        ("deltas", Self::Deltas),
        ("statuses", Self::Statuses),
        ("bands", Self::Bands),
        ("corrections", Self::Corrections),
    ];

    pub(crate) fn parse(text: &str) -> PyResult<Self> {
        let found = Self::NAMES.iter().find(|(name, _)| *name == text);
        found.map(|(_, kind)| *kind).ok_or_else(|| {
            to_py(Error::config("kind", format!("{text:?} is not known; choose one of {}", Self::NAMES.map(|(name, _)| name).join(", "))))
        })
    }

    fn rows(self, data: &feeds::MarketData) -> usize {
        match self {
            Self::Quotes => data.quotes.iter().map(QuoteBatch::len).sum(),
            Self::Trades => data.trades.iter().map(TradeBatch::len).sum(),
            Self::Bars => data.bars.iter().map(BarBatch::len).sum(),
            Self::Actions => data.actions.iter().map(ActionBatch::len).sum(),
            Self::Deltas => data.deltas.iter().map(DeltaBatch::len).sum(),
            Self::Statuses => data.statuses.iter().map(StatusBatch::len).sum(),
            Self::Bands => data.bands.iter().map(BandBatch::len).sum(),
            Self::Corrections => data.corrections.iter().map(CorrectionBatch::len).sum(),
        }
    }
}

/// One kind of event by column, sorted by time.
#[pyclass(frozen, module = "tickwright._core")]
pub(crate) struct Columns {
    /// Holds exactly one batch of the kind: the caller's own data where that is so, else a merged copy.
    data: Arc<feeds::MarketData>,
    kind: Kind,
}

impl Columns {
    /// Book changes in one batch with the table of their instruments; `None` for another kind of event.
    pub(crate) fn deltas(&self) -> Option<(&DeltaBatch, &Instruments)> {
        match self.kind {
            Kind::Deltas => Some((self.data.deltas.first()?, &self.data.instruments)),
            _ => None,
        }
    }

    /// Quotes in one batch with the table of their instruments; `None` for another kind of event.
    pub(crate) fn quotes(&self) -> Option<(&QuoteBatch, &Instruments)> {
        match self.kind {
            Kind::Quotes => Some((self.data.quotes.first()?, &self.data.instruments)),
            _ => None,
        }
    }

    /// Of several parts, each row copied once. `None` where a batch is not sorted, or holds labels, which need one table.
    fn joined(joined: &Joined, kind: Kind) -> Option<Self> {
        let mut data = feeds::MarketData { instruments: joined.instruments().clone(), ..feeds::MarketData::default() };
        match kind {
            Kind::Quotes => data.quotes.push(joined.merged_quotes()?),
            Kind::Trades => data.trades.push(joined.merged_trades()?),
            Kind::Bars => data.bars.push(joined.merged_bars()?),
            Kind::Actions => data.actions.push(joined.merged_actions()?),
            Kind::Deltas => data.deltas.push(joined.merged_deltas()?),
            Kind::Bands => data.bands.push(joined.merged_bands()?),
            Kind::Corrections => data.corrections.push(joined.merged_corrections()?),
            Kind::Statuses => return None,
        }
        Some(Self { data: Arc::new(data), kind })
    }

    fn new(data: Arc<feeds::MarketData>, kind: Kind) -> Self {
        macro_rules! single {
            ($batches:ident, $merge:ident) => {
                match &data.$batches[..] {
                    [one] if one.first_unsorted().is_none() => data,
                    _ => Arc::new(feeds::MarketData {
                        $batches: vec![data.$merge()],
                        instruments: data.instruments.clone(),
                        labels: data.labels.clone(),
                        ..feeds::MarketData::default()
                    }),
                }
            };
        }
        let data = match kind {
            Kind::Quotes => single!(quotes, merged_quotes),
            Kind::Trades => single!(trades, merged_trades),
            Kind::Bars => single!(bars, merged_bars),
            Kind::Actions => single!(actions, merged_actions),
            Kind::Deltas => single!(deltas, merged_deltas),
            Kind::Statuses => single!(statuses, merged_statuses),
            Kind::Bands => single!(bands, merged_bands),
            Kind::Corrections => single!(corrections, merged_corrections),
        };
        Self { data, kind }
    }
}

#[pymethods]
impl Columns {
    fn __len__(&self) -> usize {
        self.kind.rows(&self.data)
    }

    #[getter]
    fn symbols(&self) -> Vec<String> {
        self.data.instruments.symbols().to_vec()
    }

    /// Name → numpy array. Fixed-width columns are read-only views; kinds, actions and sides are small codes in new arrays.
    fn arrays<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyDict>> {
        let py = slf.py();
        let out = PyDict::new(py);
        macro_rules! views {
            ($batches:ident: $($name:ident as $type:ty),+; $($extra:ident as $extra_type:ty),*) => {{
                $(out.set_item(stringify!($name), view(slf, |c| cast_slice::<_, $type>(&c.data.$batches[0].$name))?)?;)+
                let batch = &slf.get().data.$batches[0];
                if !batch.is_empty() && batch.recv.len() == batch.len() {
                    out.set_item("recv", view(slf, |c| cast_slice::<_, i64>(&c.data.$batches[0].recv))?)?;
                }
                $(if !batch.is_empty() && batch.$extra.len() == batch.len() {
                    out.set_item(stringify!($extra), view(slf, |c| cast_slice::<_, $extra_type>(&c.data.$batches[0].$extra))?)?;
                })*
                batch
            }};
        }
        match slf.get().kind {
            Kind::Quotes => {
                views!(quotes: ts as i64, instrument as u32, bid as i64, ask as i64, bid_size as i64, ask_size as i64, flags as u32;
                    bid_venue as u8, ask_venue as u8, conditions as u32, tape as u8, sequence as u64);
            }
            Kind::Trades => {
                views!(trades: ts as i64, instrument as u32, price as i64, size as i64, flags as u32;
                    id as u64, venue as u8, conditions as u32, tape as u8, aggressor as i8, correction as u8);
            }
            Kind::Bars => {
                views!(bars: ts as i64, start as i64, instrument as u32, open as i64, high as i64, low as i64, close as i64,
                    volume as i64, flags as u32; trades as u64, vwap as i64);
            }
            Kind::Actions => {
                let batch = views!(actions: ts as i64, instrument as u32;);
                let parts: Vec<ActionColumns> = batch.kind.iter().map(action_columns).collect();
                out.set_item("kind", parts.iter().map(|p| p.0).collect::<Vec<i8>>().into_pyarray(py))?;
                out.set_item("per_share", parts.iter().map(|p| p.1.raw()).collect::<Vec<i64>>().into_pyarray(py))?;
                out.set_item("reference", parts.iter().map(|p| p.2.raw()).collect::<Vec<i64>>().into_pyarray(py))?;
                out.set_item("ratio", parts.iter().map(|p| p.3).collect::<Vec<f64>>().into_pyarray(py))?;
            }
            Kind::Deltas => {
                let batch =
                    views!(deltas: ts as i64, instrument as u32, order as u64, price as i64, size as i64, flags as u32; sequence as u64);
                out.set_item("action", batch.action.iter().map(|&a| book_action_code(a)).collect::<Vec<i8>>().into_pyarray(py))?;
                out.set_item("side", batch.side.iter().map(|&s| i8::from(s == Side::Sell)).collect::<Vec<i8>>().into_pyarray(py))?;
            }
            Kind::Statuses => {
                let batch = views!(statuses: ts as i64, instrument as u32, code as u32, message as u32, reason_code as u32, reason as u32;
                    tape as u8);
                out.set_item("state", batch.state.iter().map(|&s| trading_state_code(s)).collect::<Vec<i8>>().into_pyarray(py))?;
            }
            Kind::Bands => {
                views!(bands: ts as i64, instrument as u32, lower as i64, upper as i64, indicator as u8; tape as u8);
            }
            Kind::Corrections => {
                let batch = views!(corrections: ts as i64, instrument as u32, original_id as u64, original_price as i64, original_size as i64,
                    original_conditions as u32, id as u64, price as i64, size as i64, conditions as u32; venue as u8, tape as u8, action as u8);
                out.set_item("kind", batch.kind.iter().map(|&k| correction_code(k)).collect::<Vec<i8>>().into_pyarray(py))?;
            }
        }
        Ok(out)
    }

    /// Texts that the label columns point to; the first is the empty one.
    #[getter]
    fn labels(&self) -> Vec<String> {
        self.data.labels.texts().map(str::to_owned).collect()
    }
}

fn trading_state_code(state: TradingState) -> i8 {
    match state {
        TradingState::Trading => 0,
        TradingState::Halted => 1,
        TradingState::QuoteOnly => 2,
        TradingState::Paused => 3,
        TradingState::PreOpen => 4,
        TradingState::Closed => 5,
        _ => -1,
    }
}

fn correction_code(kind: CorrectionKind) -> i8 {
    match kind {
        CorrectionKind::Cancel => 0,
        CorrectionKind::Error => 1,
        CorrectionKind::Correct => 2,
        _ => -1,
    }
}

/// Code, dollars a share, reference price, and the price factor or the new shares for one.
type ActionColumns = (i8, Price, Price, f64);

fn action_columns(kind: &ActionKind) -> ActionColumns {
    match *kind {
        ActionKind::Dividend { per_share, reference, ratio } => (0, per_share, reference, ratio),
        ActionKind::Split { new_shares_per_old } => (1, Price::ZERO, Price::ZERO, new_shares_per_old),
        _ => (-1, Price::ZERO, Price::ZERO, f64::NAN),
    }
}

fn book_action_code(action: BookAction) -> i8 {
    match action {
        BookAction::Add => 0,
        BookAction::Cancel => 1,
        BookAction::Delete => 2,
        BookAction::Execute => 3,
        BookAction::Clear => 4,
        BookAction::Modify => 5,
        _ => -1,
    }
}

/// A policy from `{"crossed": "keep", "absurd_band": 0.3}`.
pub(crate) fn quality_policy(choices: Option<&Bound<'_, PyDict>>) -> PyResult<QualityPolicy> {
    let mut policy = QualityPolicy::default();
    for (key, value) in choices.into_iter().flatten() {
        let key: String = key.extract().map_err(|_| to_py(Error::config("policy", format!("key {key} is not a string"))))?;
        if let "absurd_band" | "absurd_sigma" = key.as_str() {
            let number: f64 = value.extract().map_err(|_| {
                to_py(Error::config(
                    format!("policy.{key}"),
                    format!("{value} is not a number; give a fraction such as 0.5 for the band, a multiple such as 10 for sigma, or infinity for no check"),
                ))
            })?;
            *(if key == "absurd_band" { &mut policy.absurd_band } else { &mut policy.absurd_sigma }) = number;
            continue;
        }
        if let "gap_after" | "stale_after" = key.as_str() {
            let ns = duration_ns(&value, &format!("policy.{key}"))?;
            *(if key == "gap_after" { &mut policy.gap_after_ns } else { &mut policy.stale_after_ns }) = ns;
            continue;
        }
        let fault = Fault::ALL.into_iter().find(|f| f.as_str() == key).ok_or_else(|| {
            let known = Fault::ALL.map(Fault::as_str).join(", ");
            to_py(Error::config(
                format!("policy.{key}"),
                format!("is no fault; choose among {known}, absurd_band, absurd_sigma, gap_after, stale_after"),
            ))
        })?;
        let choice = match value.extract::<String>().as_deref() {
            Ok("keep") => Policy::Keep,
            Ok("drop") => Policy::Drop,
            Ok("fail") => Policy::Fail,
            _ => {
                let why = format!("{} is not a choice; give \"keep\", \"drop\" or \"fail\"", value.repr()?);
                return Err(to_py(Error::config(format!("policy.{key}"), why)));
            }
        };
        policy.set(fault, choice);
    }
    Ok(policy)
}

/// Nanoseconds of an integer or of a text such as `5min`.
pub(crate) fn duration_ns(value: &Bound<'_, PyAny>, field: &str) -> PyResult<i64> {
    const UNITS: [(&str, i64); 7] = [
        ("ns", 1),
        ("us", 1_000),
        ("ms", 1_000_000),
        ("min", 60_000_000_000),
        ("s", 1_000_000_000),
        ("h", 3_600_000_000_000),
        ("d", 86_400_000_000_000),
    ];
    if let Ok(ns) = value.extract::<i64>() {
        return Ok(ns);
    }
    let text = value.extract::<String>().unwrap_or_default();
    let parsed = UNITS.iter().find_map(|(unit, ns)| text.trim().strip_suffix(unit)?.trim().parse::<i64>().ok()?.checked_mul(*ns));
    parsed.ok_or_else(|| {
        let shown = value.repr().map_or_else(|_| "it".to_owned(), |r| r.to_string());
        to_py(Error::config(field, format!("{shown} is no time; give nanoseconds, or text such as \"500ms\", \"5min\", \"1h\"")))
    })
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<MarketData>()?;
    module.add_class::<Columns>()?;
    module.add("FAULTS", PyTuple::new(module.py(), Fault::ALL.map(Fault::as_str))?)
}
