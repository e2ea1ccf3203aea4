//! Journals: their records in batches of columns, a writer, verification and repair.

use crate::errors::{Count, call, to_py};
use numpy::{PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use std::path::{Path, PathBuf};
use tickwright_core::journal::{
    self, Files, JournalId, Log, LogConfig, Reader, RecordKind, Recovery, SigningKey, SyncPolicy, TornTail, VerifyingKey,
};
use tickwright_core::session;
use tickwright_core::types::{Error, Timestamp};

/// Payload bytes of one batch, and the most that a column of them can index.
const BATCH_BYTES: usize = 256 << 20;

pub(crate) fn files(path: &Path) -> Result<Files, Error> {
    Files::open(path).map_err(|e| Error::storage(path.display().to_string(), format!("no journal can be read here: {e}")))
}

pub(crate) fn new_files(path: &Path) -> Result<Files, Error> {
    Files::create(path).map_err(|e| Error::storage(path.display().to_string(), format!("the folder cannot be made: {e}")))
}

fn verifying_key(bytes: &[u8]) -> Result<VerifyingKey, Error> {
    let wrong = || Error::config("public_key", "not an Ed25519 public key: 32 bytes that are a point of the curve");
    let bytes: [u8; 32] = bytes.try_into().map_err(|_| wrong())?;
    VerifyingKey::from_bytes(&bytes).map_err(|_| wrong())
}

pub(crate) fn signing_key(bytes: &[u8]) -> Result<SigningKey, Error> {
    let bytes: [u8; 32] = bytes.try_into().map_err(|_| Error::config("key", "an Ed25519 secret key has 32 bytes"))?;
    Ok(SigningKey::from_bytes(&bytes))
}

/// The public key of a secret one.
#[pyfunction]
fn journal_public_key<'py>(py: Python<'py>, secret: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    let key = signing_key(secret).map_err(to_py)?;
    Ok(PyBytes::new(py, key.verifying_key().as_bytes()))
}

pub(crate) fn tail_dict<'py>(py: Python<'py>, tail: Option<&TornTail>) -> PyResult<Option<Bound<'py, PyDict>>> {
    let Some(tail) = tail else { return Ok(None) };
    let dict = PyDict::new(py);
    dict.set_item("file", &tail.file)?;
    dict.set_item("offset", tail.offset)?;
    dict.set_item("bytes", tail.bytes)?;
    dict.set_item("sequence", tail.sequence)?;
    dict.set_item("stranded", tail.stranded)?;
    dict.set_item("why", &tail.why)?;
    Ok(Some(dict))
}

fn fault_dict<'py>(py: Python<'py>, fault: Option<&Error>) -> PyResult<Option<Bound<'py, PyDict>>> {
    let Some(Error::Corrupt { file, offset, sequence, why }) = fault else { return Ok(None) };
    let dict = PyDict::new(py);
    dict.set_item("file", file)?;
    dict.set_item("offset", offset)?;
    dict.set_item("sequence", sequence)?;
    dict.set_item("why", why)?;
    Ok(Some(dict))
}

/// Check all of a journal; what was found, by name.
#[pyfunction]
fn journal_verify(py: Python<'_>, path: PathBuf, public_keys: Vec<Vec<u8>>) -> PyResult<Bound<'_, PyDict>> {
    let report = call(py, || {
        let keys = public_keys.iter().map(|k| verifying_key(k)).collect::<Result<Vec<_>, _>>()?;
        journal::verify(files(&path)?, &keys)
    })?;
    let dict = PyDict::new(py);
    dict.set_item("id", report.id.map(|id| id.to_string()))?;
    dict.set_item("segments", report.segments)?;
    dict.set_item("records", report.records)?;
    dict.set_item("first", report.first)?;
    dict.set_item("last", report.last)?;
    dict.set_item("head", report.head.to_string())?;
    dict.set_item("kinds", report.kinds.iter().map(|(&k, &n)| (RecordKind(k).to_string(), n)).collect::<Vec<_>>())?;
    dict.set_item("checkpoints", report.checkpoints)?;
    dict.set_item("signed", report.signed)?;
    dict.set_item("signed_through", report.signed_through)?;
    dict.set_item("closed", report.closed)?;
    dict.set_item("tail", tail_dict(py, report.tail.as_ref())?)?;
    dict.set_item("fault", fault_dict(py, report.fault.as_ref())?)?;
    Ok(dict)
}

/// Copy what is intact of the journal at `path` to the new folder `into`; what was kept, by name.
#[pyfunction]
fn journal_repair(py: Python<'_>, path: PathBuf, into: PathBuf) -> PyResult<Bound<'_, PyDict>> {
    let report = call(py, || {
        let source = files(&path)?;
        // The old journal is found unreadable before a new folder is made.
        Reader::open(&source, 0)?;
        journal::repair(source, &mut new_files(&into)?)
    })?;
    let dict = PyDict::new(py);
    dict.set_item("records", report.records)?;
    dict.set_item("first", report.first)?;
    dict.set_item("last", report.last)?;
    dict.set_item("left_out", report.left_out)?;
    dict.set_item("left_out_range", report.left_out_range)?;
    dict.set_item("tail", tail_dict(py, report.tail.as_ref())?)?;
    dict.set_item("fault", fault_dict(py, report.fault.as_ref())?)?;
    Ok(dict)
}

/// Replay the session in a journal without its strategies; what was found, by name.
#[pyfunction]
fn journal_replay(py: Python<'_>, path: PathBuf, from_snapshot: bool) -> PyResult<Bound<'_, PyDict>> {
    let (found, from) = call(py, || {
        let source = files(&path)?;
        let newest = if from_snapshot { session::newest_snapshot(&source)? } else { None };
        let from = newest.as_ref().map(|(_, record)| record.sequence);
        let mut replay = match &newest {
            Some((header, record)) => session::Replay::after(&source, header, record)?,
            None => session::Replay::new(Reader::open(&source, 0)?)?,
        };
        while replay.step()? {}
        Ok((replay.result()?, from))
    })?;
    let dict = PyDict::new(py);
    dict.set_item("steps", found.steps)?;
    dict.set_item("outputs", found.outputs)?;
    dict.set_item("snapshots", found.snapshots)?;
    dict.set_item("state_hash", journal::Chain(found.state_hash).to_string())?;
    dict.set_item("last", found.last)?;
    dict.set_item("from_snapshot", from)?;
    Ok(dict)
}

/// What the payload of a session's record says, as JSON; `null` for kinds that no session writes.
#[pyfunction]
fn journal_describe(kind: u16, sequence: u64, payload: &[u8]) -> PyResult<String> {
    session::describe(RecordKind(kind), sequence, payload).map(|value| value.to_string()).map_err(to_py)
}

/// Columns of records.
#[derive(Default)]
struct Columns {
    sequence: Vec<u64>,
    event_ts: Vec<i64>,
    recv_ts: Vec<i64>,
    kind: Vec<u16>,
    /// Where each payload ends; one more than there are records, the first 0.
    ends: Vec<i32>,
    payload: Vec<u8>,
    chain: Vec<u8>,
}

type Arrays<'py> = (
    Bound<'py, PyArray1<u64>>,
    Bound<'py, PyArray1<i64>>,
    Bound<'py, PyArray1<i64>>,
    Bound<'py, PyArray1<u16>>,
    Bound<'py, PyArray1<i32>>,
    Bound<'py, PyArray1<u8>>,
    Bound<'py, PyArray1<u8>>,
);

/// Records of a journal from one number to another, of some kinds or all, in batches.
#[pyclass(module = "tickwright._core")]
struct JournalReader {
    reader: Reader<Files>,
    end: u64,
    kinds: Option<Vec<u16>>,
}

impl JournalReader {
    fn gather(&mut self, rows: usize) -> Result<Columns, Error> {
        let mut columns = Columns { ends: vec![0], ..Columns::default() };
        while columns.sequence.len() < rows && columns.payload.len() < BATCH_BYTES && self.reader.next_sequence() < self.end {
            let Some(record) = self.reader.next_record()? else { break };
            if record.sequence >= self.end {
                break;
            }
            if self.kinds.as_ref().is_some_and(|kinds| !kinds.contains(&record.kind.0)) {
                continue;
            }
            columns.sequence.push(record.sequence);
            columns.event_ts.push(record.event_ts.nanos());
            columns.recv_ts.push(record.recv_ts.nanos());
            columns.kind.push(record.kind.0);
            columns.payload.extend_from_slice(record.payload);
            columns.ends.push(i32::try_from(columns.payload.len()).map_err(|_| Error::data("payload", "a batch beyond 2 GiB"))?);
            columns.chain.extend_from_slice(&record.chain.0);
        }
        Ok(columns)
    }
}

#[pymethods]
impl JournalReader {
    #[new]
    fn new(py: Python<'_>, path: PathBuf, start: u64, end: Option<u64>, kinds: Option<Vec<u16>>) -> PyResult<Self> {
        let reader = call(py, || Reader::open(files(&path)?, start))?;
        Ok(Self { reader, end: end.unwrap_or(u64::MAX), kinds })
    }

    /// The next `rows` records at most: sequence, event and receive time, kind, ends of the payloads, payloads, chain hashes.
    fn batch<'py>(&mut self, py: Python<'py>, rows: Count) -> PyResult<Arrays<'py>> {
        let c = call(py, || self.gather(rows.0))?;
        Ok((
            PyArray1::from_vec(py, c.sequence),
            PyArray1::from_vec(py, c.event_ts),
            PyArray1::from_vec(py, c.recv_ts),
            PyArray1::from_vec(py, c.kind),
            PyArray1::from_vec(py, c.ends),
            PyArray1::from_vec(py, c.payload),
            PyArray1::from_vec(py, c.chain),
        ))
    }

    /// Look for what was appended since: batches go on where they ended.
    fn refresh(&mut self, py: Python<'_>) -> PyResult<()> {
        call(py, || self.reader.refresh())
    }

    /// What a crash left at the end, once all records were read.
    #[getter]
    fn tail<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        tail_dict(py, self.reader.tail())
    }
}

/// The writer of a journal.
#[pyclass(module = "tickwright._core")]
struct JournalLog {
    /// None once it is closed.
    log: Option<Log<Files>>,
    recovery: Option<Recovery>,
}

impl JournalLog {
    fn open_log(&mut self) -> Result<&mut Log<Files>, Error> {
        self.log.as_mut().ok_or_else(|| Error::config("log", "the journal was closed; open it anew"))
    }
}

#[pymethods]
impl JournalLog {
    /// A new journal with `id`, or without one the journal that is there.
    #[new]
    #[pyo3(signature = (path, *, id, policy, group_ms, segment_bytes, checkpoint_every, key, retain))]
    #[allow(clippy::too_many_arguments, reason = "named in Python")]
    fn new(
        py: Python<'_>,
        path: PathBuf,
        id: Option<[u8; 16]>,
        policy: &str,
        group_ms: u32,
        segment_bytes: u64,
        checkpoint_every: u64,
        key: Option<Vec<u8>>,
        retain: u32,
    ) -> PyResult<Self> {
        let choices = [("always", SyncPolicy::Always), ("group", SyncPolicy::Group { ms: group_ms }), ("os", SyncPolicy::Os)];
        let policy = crate::errors::choose("policy", policy, &choices)?;
        call(py, || {
            let key = key.as_deref().map(signing_key).transpose()?;
            let config = LogConfig { policy, segment_bytes, checkpoint_every, key, retain, syncs_beside: false };
            if let Some(id) = id {
                return Ok(Self { log: Some(Log::create(new_files(&path)?, config, JournalId(id))?), recovery: None });
            }
            let (log, recovery) = Log::open(files(&path)?, config)?;
            Ok(Self { log: Some(log), recovery: Some(recovery) })
        })
    }

    /// Put a record into memory; its number.
    fn append(&mut self, kind: u16, event_ts: i64, recv_ts: i64, payload: &[u8]) -> PyResult<u64> {
        let log = self.open_log().map_err(to_py)?;
        log.append(RecordKind(kind), Timestamp::from_nanos(event_ts), Timestamp::from_nanos(recv_ts), payload).map_err(to_py)
    }

    /// Put many records into memory: payload k is bytes `ends[k]..ends[k + 1]` of `payload`; the number of the last.
    fn extend<'py>(
        &mut self,
        py: Python<'py>,
        kind: PyReadonlyArray1<'py, u16>,
        event_ts: PyReadonlyArray1<'py, i64>,
        recv_ts: PyReadonlyArray1<'py, i64>,
        ends: PyReadonlyArray1<'py, i32>,
        payload: PyReadonlyArray1<'py, u8>,
    ) -> PyResult<u64> {
        let (kind, event_ts, recv_ts) = (kind.as_slice()?, event_ts.as_slice()?, recv_ts.as_slice()?);
        let (ends, payload) = (ends.as_slice()?, payload.as_slice()?);
        if event_ts.len() != kind.len() || recv_ts.len() != kind.len() || ends.len() != kind.len() + 1 {
            return Err(to_py(Error::data("records", "the columns are not of one length")));
        }
        call(py, || {
            let log = self.open_log()?;
            for (k, pair) in ends.windows(2).enumerate() {
                let within = usize::try_from(pair[0]).and_then(|from| usize::try_from(pair[1]).map(|to| from..to)).ok();
                let Some(part) = within.and_then(|range| payload.get(range)) else {
                    return Err(Error::data(format!("payload {k}"), "its bounds are not within the bytes given"));
                };
                log.append(RecordKind(kind[k]), Timestamp::from_nanos(event_ts[k]), Timestamp::from_nanos(recv_ts[k]), part)?;
            }
            Ok(log.next_sequence() - 1)
        })
    }

    /// Write what was appended and sync it by the policy; the last durable record.
    fn commit(&mut self, py: Python<'_>, now: i64) -> PyResult<u64> {
        call(py, || self.open_log()?.commit(Timestamp::from_nanos(now)))
    }

    /// Write what was appended and sync it; the last durable record.
    fn sync(&mut self, py: Python<'_>) -> PyResult<u64> {
        call(py, || self.open_log()?.sync())
    }

    /// Make all durable and close.
    fn close(&mut self, py: Python<'_>) -> PyResult<()> {
        match self.log.take() {
            None => Ok(()),
            Some(log) => call(py, || log.close().map(|_| ())),
        }
    }

    /// Remove, or copy to `archive` and remove, segments that hold only records below `sequence`; how many.
    fn drop_below(&mut self, py: Python<'_>, sequence: u64, archive: Option<PathBuf>) -> PyResult<usize> {
        call(py, || {
            let log = self.open_log()?;
            match archive {
                None => log.remove_below(sequence),
                Some(path) => log.archive_below(sequence, &mut new_files(&path)?),
            }
        })
    }

    #[getter]
    fn durable(&mut self) -> PyResult<u64> {
        Ok(self.open_log().map_err(to_py)?.durable())
    }

    #[getter]
    fn next_sequence(&mut self) -> PyResult<u64> {
        Ok(self.open_log().map_err(to_py)?.next_sequence())
    }

    #[getter]
    fn head(&mut self) -> PyResult<String> {
        Ok(self.open_log().map_err(to_py)?.head().to_string())
    }

    /// What opening found; none of a new journal.
    #[getter]
    fn recovery<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let Some(recovery) = &self.recovery else { return Ok(None) };
        let dict = PyDict::new(py);
        dict.set_item("id", recovery.id.to_string())?;
        dict.set_item("records", recovery.records)?;
        dict.set_item("first", recovery.first)?;
        dict.set_item("last", recovery.last)?;
        dict.set_item("head", recovery.head.to_string())?;
        dict.set_item("clean", recovery.clean)?;
        dict.set_item("tail", tail_dict(py, recovery.cut.as_ref())?)?;
        dict.set_item("removed", &recovery.removed)?;
        Ok(Some(dict))
    }
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("JOURNAL_KINDS", RecordKind::ALL.iter().map(|k| (k.to_string(), k.0)).collect::<Vec<_>>())?;
    module.add_function(wrap_pyfunction!(journal_verify, module)?)?;
    module.add_function(wrap_pyfunction!(journal_repair, module)?)?;
    module.add_function(wrap_pyfunction!(journal_replay, module)?)?;
    module.add_function(wrap_pyfunction!(journal_describe, module)?)?;
    module.add_function(wrap_pyfunction!(journal_public_key, module)?)?;
    module.add_class::<JournalReader>()?;
    module.add_class::<JournalLog>()
}
