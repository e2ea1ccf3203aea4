//! Streaming decoders: one class for every source.

use crate::crypto;
use crate::data::{MarketData, quality_policy, report_to_python};
use crate::depth;
use crate::errors::{call, call_attached, choose, to_py};
use crate::feeds::watched;
use pyo3::buffer::PyBuffer;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};
use std::path::PathBuf;
use std::sync::Arc;
use tickwright_core::feeds::alpaca::{AlpacaDecoder, AlpacaHistory, Format, Timeframe};
use tickwright_core::feeds::{self, Batches, Control, QualityPolicy, Stage};
use tickwright_core::types::{Error, Timestamp};

/// Bytes above which other threads run while they are decoded.
const DETACH_BYTES: usize = 8 << 10;
/// Rows from which on the columns of events that were given are worth keeping, and the most bytes that are kept of one giving.
const REUSED_ROWS_MIN: usize = 1_000;
const REUSED_BYTES_MAX: usize = 32 << 20;
/// Givings that are kept: the last one is usually still in a variable when the next is asked for.
const KEPT: usize = 2;

/// A decoder with the events it has given and that nobody has taken yet.
#[pyclass(module = "tickwright._core")]
pub(crate) struct Decoder {
    core: Box<dyn feeds::Decoder + Sync>,
    out: Batches,
    /// What judges the events before they are given.
    stage: Option<Stage>,
    /// What was given last, for its columns: once Python has let go of them they are filled again, because fresh memory costs
    /// as much as decoding into it.
    given: Vec<Arc<feeds::MarketData>>,
}

/// The decoder of `source` with its settings; the one place where a source is registered for Python.
fn make(source: &str, settings: &Bound<'_, PyDict>) -> PyResult<Box<dyn feeds::Decoder + Sync>> {
    match source {
        "alpaca" => {
            let format = choose(
                "format",
                &text(settings, "format", "auto")?,
                &[("auto", Format::Auto), ("msgpack", Format::Msgpack), ("json", Format::Json)],
            )?;
            Ok(Box::new(AlpacaDecoder::new(format, policy(settings)?)))
        }
        "alpaca_history" => {
            let timeframe = Timeframe::parse(&text(settings, "timeframe", "1Min")?).map_err(to_py)?;
            Ok(Box::new(AlpacaHistory::new(timeframe, policy(settings)?)))
        }
        "binance" => crypto::binance(settings),
        "coinbase" => crypto::coinbase(settings),
        "kraken" => crypto::kraken(settings),
        "dbn" => depth::dbn(settings),
        "itch" => depth::itch(settings),
        _ => Err(to_py(Error::config("source", format!("{source:?} is not known")))),
    }
}

/// The text of a setting.
fn text(settings: &Bound<'_, PyDict>, name: &str, default: &str) -> PyResult<String> {
    match settings.get_item(name)? {
        None => Ok(default.to_owned()),
        Some(value) => value.extract().map_err(|_| to_py(Error::config(name, format!("{value} is no text")))),
    }
}

/// The policy among the settings.
fn policy(settings: &Bound<'_, PyDict>) -> PyResult<QualityPolicy> {
    match settings.get_item("policy")?.filter(|policy| !policy.is_none()) {
        None => Ok(QualityPolicy::default()),
        Some(policy) => quality_policy(Some(policy.cast::<PyDict>()?)),
    }
}

impl Decoder {
    fn push(&mut self, py: Python<'_>, raw: &[u8], recv: Option<i64>) -> PyResult<usize> {
        let (core, out) = (&mut self.core, &mut self.out);
        let recv = recv.map(Timestamp::from_nanos);
        if raw.len() < DETACH_BYTES {
            call_attached(|| core.push(raw, recv, out))?;
        } else {
            call(py, || core.push(raw, recv, out))?;
        }
        Ok(self.out.len())
    }
}

/// Kind, code, message and channels of a [`Control`].
type ControlTuple = (&'static str, Option<u64>, Option<String>, Option<Vec<(String, Vec<String>)>>);

fn control_to_tuple(control: Control) -> ControlTuple {
    match control {
        Control::Success(message) => ("success", None, Some(message), None),
        Control::Error { code, message } => ("error", Some(code), Some(message), None),
        Control::Subscription(channels) => ("subscription", None, None, Some(channels)),
        Control::NextPage(token) => ("next_page", None, token, None),
        _ => ("other", None, None, None),
    }
}

#[pymethods]
impl Decoder {
    #[new]
    #[pyo3(signature = (source, settings, quality=None))]
    fn new(source: &str, settings: &Bound<'_, PyDict>, quality: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let stage = quality.map(|choices| Stage::new(quality_policy(Some(choices))?).map_err(to_py)).transpose()?;
        Ok(Self { core: make(source, settings)?, out: Batches::default(), stage, given: Vec::new() })
    }

    /// Decode `data`, bytes or the text of a JSON frame, and keep the events; how many are waiting to be taken.
    #[pyo3(signature = (data, recv=None))]
    fn feed(&mut self, data: &Bound<'_, PyAny>, recv: Option<i64>) -> PyResult<usize> {
        if let Ok(bytes) = data.cast::<PyBytes>() {
            self.push(data.py(), bytes.as_bytes(), recv)
        } else if let Ok(text) = data.cast::<PyString>() {
            self.push(data.py(), text.to_cow()?.as_bytes(), recv)
        } else {
            self.push(data.py(), &PyBuffer::<u8>::get(data)?.to_vec(data.py())?, recv)
        }
    }

    /// What the source said to its reader since the last call: `(kind, code, message, channels)`.
    fn controls(&mut self) -> Vec<ControlTuple> {
        self.core.take_controls().into_iter().map(control_to_tuple).collect()
    }

    /// The events waiting, each kind sorted by time.
    fn take(&mut self) -> PyResult<MarketData> {
        let (stage, out) = (&mut self.stage, &mut self.out);
        if let Some(stage) = stage
            && let Err(error) = call_attached(|| stage.check(out))
        {
            // The refused events are not given again with the next ones.
            out.clear();
            return Err(error);
        }
        let rows = self.out.len();
        let data = Arc::new(self.out.take());
        if let Some(at) = self.given.iter().position(|given| Arc::strong_count(given) == 1)
            && let Some(free) = Arc::into_inner(self.given.swap_remove(at))
        {
            self.out.reuse(free);
        }
        if rows >= REUSED_ROWS_MIN && data.heap_bytes() <= REUSED_BYTES_MAX {
            if self.given.len() == KEPT {
                self.given.remove(0);
            }
            self.given.push(Arc::clone(&data));
        }
        Ok(MarketData::shared(data))
    }

    /// The stream is over: a cut message is counted or refused; the events waiting.
    fn finish(&mut self) -> PyResult<MarketData> {
        let (core, out) = (&mut self.core, &mut self.out);
        call_attached(|| core.finish(out))?;
        self.take()
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
        let (core, stage) = (&mut self.core, &mut self.stage);
        watched(py, progress, move |tell| {
            let mut data = feeds::read_file(&path, core.as_mut(), tell)?;
            if let Some(stage) = stage {
                let read = std::mem::take(&mut data.report);
                stage.check_data(&mut data)?;
                data.report.absorb_reading(&read);
            }
            Ok(data)
        })
    }
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Decoder>()
}
