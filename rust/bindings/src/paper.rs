//! The paper venue: market data as rows, the venue itself, and frames of market data as Alpaca sends them.

use crate::columns::view;
use crate::data::MarketData;
use crate::errors::{Count, call, choose, to_py};
use bytemuck::cast_slice;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};
use tickwright_core::journal::{Files, JournalId, LogConfig, SyncPolicy};
use tickwright_core::paper;
use tickwright_core::paper::frames::{self, Channel, Channels, FrameFormat};
use tickwright_core::types::{Error, Timestamp};

/// Market data of all kinds as one sequence of rows in order of time.
#[pyclass(frozen, module = "tickwright._core")]
pub(crate) struct MarketRows {
    rows: paper::MarketRows,
}

#[pymethods]
impl MarketRows {
    #[new]
    fn new(py: Python<'_>, data: PyRef<'_, MarketData>) -> PyResult<Self> {
        let data = &*data;
        call(py, || Ok(Self { rows: paper::MarketRows::new(data.inner()?.clone())? }))
    }

    fn __len__(&self) -> usize {
        self.rows.len()
    }

    /// Times of the rows, nanoseconds.
    #[getter]
    fn ts<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        view(slf, |r| cast_slice::<_, i64>(r.rows.times()))
    }

    #[getter]
    fn symbols(&self) -> Vec<String> {
        self.rows.data().instruments.symbols().to_vec()
    }

    /// Symbol → kinds of data it has.
    #[getter]
    fn kinds<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        for (symbol, kinds) in call(py, || Ok(self.rows.kinds()))? {
            dict.set_item(symbol, kinds)?;
        }
        Ok(dict)
    }

    /// Rows at or before `ns`.
    fn find(&self, ns: i64) -> usize {
        self.rows.due(Timestamp::from_nanos(ns))
    }
}

/// How long a group of commits may wait for its sync, milliseconds.
const GROUP_MS: u32 = 5;

fn settings(durability: &str) -> PyResult<LogConfig> {
    let policies =
        [("always", SyncPolicy::Always), ("group", SyncPolicy::Group { ms: GROUP_MS }), ("none", SyncPolicy::Os), ("os", SyncPolicy::Os)];
    Ok(LogConfig { policy: choose("durability", durability, &policies)?, ..LogConfig::default() })
}

fn folder(path: &Path, made: std::io::Result<Files>) -> Result<Files, Error> {
    made.map_err(|e| Error::storage(path.display().to_string(), format!("no journal can be kept here: {e}")))
}

fn journal_id() -> JournalId {
    let word = || RandomState::new().hash_one(SystemTime::now()).to_le_bytes();
    let (a, b) = (word(), word());
    JournalId(std::array::from_fn(|i| if i < 8 { a[i] } else { b[i - 8] }))
}

/// The wall clock, by which groups of commits are timed.
fn clock() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}

/// Alpaca's trading back end for several accounts on one market. Calls from several threads take turns.
#[pyclass(frozen, module = "tickwright._core")]
pub(crate) struct PaperVenue {
    inner: Mutex<paper::PaperVenue<Files>>,
}

impl PaperVenue {
    fn venue(&self) -> MutexGuard<'_, paper::PaperVenue<Files>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl PaperVenue {
    #[new]
    #[pyo3(signature = (config, journal=None, *, durability="group"))]
    fn new(py: Python<'_>, config: &str, journal: Option<PathBuf>, durability: &str) -> PyResult<Self> {
        let settings = settings(durability)?;
        call(py, || {
            let journal = match journal {
                Some(path) => Some((folder(&path, Files::create(&path))?, settings, journal_id())),
                None => None,
            };
            Ok(Self { inner: Mutex::new(paper::PaperVenue::new(config, journal)?) })
        })
    }

    /// The venue that a journal tells of, which goes on in it.
    #[staticmethod]
    #[pyo3(signature = (journal, *, durability="group"))]
    fn recover(py: Python<'_>, journal: PathBuf, durability: &str) -> PyResult<Self> {
        let settings = settings(durability)?;
        call(py, || {
            let (venue, _) = paper::PaperVenue::recover(folder(&journal, Files::open(&journal))?, settings)?;
            Ok(Self { inner: Mutex::new(venue) })
        })
    }

    /// HTTP status and JSON body.
    #[allow(clippy::too_many_arguments, reason = "the parts of an HTTP request, each named")]
    fn request<'py>(
        &self,
        py: Python<'py>,
        account: Count,
        now_ns: i64,
        method: &str,
        path: &str,
        query: &str,
        body: &[u8],
    ) -> PyResult<(u16, Bound<'py, PyBytes>)> {
        let account = u32::try_from(account.0).map_err(|_| to_py(Error::config("account", "is out of range")))?;
        let (status, bytes) = call(py, || {
            let mut venue = self.venue();
            let answer = venue.request(account, Timestamp::from_nanos(now_ns), method, path, query, body)?;
            venue.commit(clock())?;
            Ok(answer)
        })?;
        Ok((status, PyBytes::new(py, &bytes)))
    }

    /// Rows `start` up to but not including `stop` take effect, in order.
    fn market(&self, py: Python<'_>, rows: PyRef<'_, MarketRows>, start: Count, stop: Count) -> PyResult<()> {
        let rows = &rows.rows;
        call(py, || self.venue().market(rows, start.0, stop.0))
    }

    /// Time passes.
    fn advance(&self, py: Python<'_>, now_ns: i64) -> PyResult<()> {
        call(py, || self.venue().advance(Timestamp::from_nanos(now_ns)))
    }

    /// (account, JSON) of the trade updates since the last call.
    fn take_updates<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let updates = call(py, || self.venue().take_updates(clock()))?;
        PyList::new(py, updates.into_iter().map(|(account, json)| (account, PyBytes::new(py, &json))))
    }

    /// Write what was journaled and sync it by the policy.
    fn commit(&self, py: Python<'_>) -> PyResult<()> {
        call(py, || self.venue().commit(clock()))
    }

    /// Make all durable and end the journal.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        call(py, || self.venue().close())
    }

    #[getter]
    fn next_wake_ns(&self, py: Python<'_>) -> i64 {
        py.detach(|| self.venue().next_wake().nanos())
    }

    #[getter]
    fn now_ns(&self, py: Python<'_>) -> i64 {
        py.detach(|| self.venue().now().nanos())
    }

    #[getter]
    fn symbols(&self, py: Python<'_>) -> Vec<String> {
        py.detach(|| self.venue().symbols().map(str::to_owned).collect())
    }

    /// Records in the journal.
    #[getter]
    fn records(&self, py: Python<'_>) -> u64 {
        py.detach(|| self.venue().records())
    }

    /// BLAKE3 of the state, hexadecimal.
    fn state_hash(&self, py: Python<'_>) -> PyResult<String> {
        call(py, || self.venue().state_hash())
    }
}

/// Symbols of one channel.
type Wanted = Option<HashSet<String>>;

/// Frames of market data as Alpaca's WebSocket sends them.
#[pyclass(frozen, module = "tickwright._core")]
pub(crate) struct FrameEncoder {
    inner: Mutex<frames::FrameEncoder>,
}

#[pymethods]
impl FrameEncoder {
    #[new]
    #[pyo3(signature = (format="msgpack", max_rows=Count(100), *, tapes=None))]
    fn new(format: &str, max_rows: Count, tapes: Option<HashMap<String, String>>) -> PyResult<Self> {
        let format = choose("format", format, &[("msgpack", FrameFormat::Msgpack), ("json", FrameFormat::Json)])?;
        if !(1..=usize::from(u16::MAX)).contains(&max_rows.0) {
            return Err(to_py(Error::config("max_rows", "must be 1 to 65,535")));
        }
        let mut encoder = frames::FrameEncoder::new(format, max_rows.0);
        if let Some(tapes) = tapes {
            let letter = |tape: &str| tape.bytes().next().unwrap_or(0);
            encoder = encoder.complete(tapes.into_iter().map(|(symbol, tape)| (symbol, letter(&tape))));
        }
        Ok(Self { inner: Mutex::new(encoder) })
    }

    /// Frames of the wanted rows from `start` up to but not including `stop`, in order; `{"*"}` wants every symbol.
    #[pyo3(signature = (rows, start, stop, *, trades=None, quotes=None, bars=None, updated_bars=None, daily_bars=None, statuses=None, lulds=None, corrections=None, orderbooks=None))]
    #[allow(clippy::too_many_arguments, reason = "named in Python, one channel each")]
    fn frames<'py>(
        &self,
        py: Python<'py>,
        rows: PyRef<'py, MarketRows>,
        start: Count,
        stop: Count,
        trades: Wanted,
        quotes: Wanted,
        bars: Wanted,
        updated_bars: Wanted,
        daily_bars: Wanted,
        statuses: Wanted,
        lulds: Wanted,
        corrections: Wanted,
        orderbooks: Wanted,
    ) -> PyResult<Bound<'py, PyList>> {
        let mut channels = Channels::default();
        for (channel, symbols) in [
            (Channel::Trades, trades),
            (Channel::Quotes, quotes),
            (Channel::Bars, bars),
            (Channel::UpdatedBars, updated_bars),
            (Channel::DailyBars, daily_bars),
            (Channel::Statuses, statuses),
            (Channel::Lulds, lulds),
            (Channel::Corrections, corrections),
            (Channel::Orderbooks, orderbooks),
        ] {
            channels = channels.with(channel, symbols.into_iter().flatten());
        }
        let rows = &rows.rows;
        let frames = call(py, || {
            let mut encoder = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
            Ok(encoder.frames(rows, start.0..stop.0, &channels))
        })?;
        PyList::new(py, frames.iter().map(|frame| PyBytes::new(py, frame)))
    }
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<MarketRows>()?;
    module.add_class::<FrameEncoder>()?;
    module.add_class::<PaperVenue>()
}
