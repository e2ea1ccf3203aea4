//! Streaming decoders: one class for every source.

use crate::crypto;
use crate::data::{MarketData, report_to_python};
use crate::errors::{call, call_attached, to_py};
use crate::feeds::watched;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use std::path::PathBuf;
use tickwright_core::feeds::{self, Batches};
use tickwright_core::types::{Error, Timestamp};

/// Bytes above which other threads run while they are decoded.
const DETACH_BYTES: usize = 8 << 10;

/// A decoder with the events it has given and that nobody has taken yet.
#[pyclass(module = "tickwright._core")]
pub(crate) struct Decoder {
    core: Box<dyn feeds::Decoder + Sync>,
    out: Batches,
}

/// The decoder of `source` with its settings; the one place where a source is registered for Python.
fn make(source: &str, settings: &Bound<'_, PyDict>) -> PyResult<Box<dyn feeds::Decoder + Sync>> {
    match source {
        "binance" => crypto::binance(settings),
        "coinbase" => crypto::coinbase(settings),
        "kraken" => crypto::kraken(settings),
        _ => Err(to_py(Error::config("source", format!("{source:?} is not known")))),
    }
}

#[pymethods]
impl Decoder {
    #[new]
    fn new(source: &str, settings: &Bound<'_, PyDict>) -> PyResult<Self> {
        Ok(Self { core: make(source, settings)?, out: Batches::default() })
    }

    /// Decode `bytes` and keep the events; how many are waiting to be taken.
    #[pyo3(signature = (bytes, recv=None))]
    fn feed(&mut self, bytes: &Bound<'_, PyBytes>, recv: Option<i64>) -> PyResult<usize> {
        let (core, out) = (&mut self.core, &mut self.out);
        let raw = bytes.as_bytes();
        let recv = recv.map(Timestamp::from_nanos);
        if raw.len() < DETACH_BYTES {
            call_attached(|| core.push(raw, recv, out))?;
        } else {
            call(bytes.py(), || core.push(raw, recv, out))?;
        }
        Ok(self.out.len())
    }

    /// The events waiting, each kind sorted by time.
    fn take(&mut self) -> MarketData {
        MarketData::new(self.out.take())
    }

    /// The stream is over: a cut message is counted or refused; the events waiting.
    fn finish(&mut self) -> PyResult<MarketData> {
        let (core, out) = (&mut self.core, &mut self.out);
        call_attached(|| core.finish(out))?;
        Ok(self.take())
    }

    /// Messages of each kind since the stream began.
    #[getter]
    fn counts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let counts = PyDict::new(py);
        for (kind, count) in self.core.counts() {
            counts.set_item(kind, count)?;
        }
        Ok(counts)
    }

    /// What was seen from the first byte on, as plain Python.
    #[getter]
    fn report<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        report_to_python(py, &self.out.report)
    }

    /// Read a whole file.
    #[pyo3(signature = (path, progress=None))]
    fn read(&mut self, py: Python<'_>, path: PathBuf, progress: Option<Py<PyAny>>) -> PyResult<MarketData> {
        let core = &mut self.core;
        watched(py, progress, move |tell| feeds::read_file(&path, core.as_mut(), tell))
    }
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Decoder>()
}
