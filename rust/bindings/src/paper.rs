//! The paper venue: market data as rows, the venue itself, and frames of market data as Alpaca sends them.

use crate::columns::view;
use crate::data::MarketData;
use crate::errors::{Count, call, choose, to_py};
use bytemuck::cast_slice;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};
use tickwright_core::journal::{Files, JournalId, LogConfig, SyncPolicy};
use tickwright_core::paper;
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

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<MarketRows>()?;
    module.add_class::<PaperVenue>()
}
