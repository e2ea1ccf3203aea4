//! Making a journal and opening one again: what is kept, what is cut, and the file that is written anew.

use super::checkpoint::Checkpoint;
use super::reader::{Reader, segments};
use super::record::{Chain, RecordKind};
use super::scan::{CHUNK_BYTES, TornTail};
use super::segment::{self, JournalId, SegmentHeader, UNFINISHED};
use super::storage::{Source, Storage};
use crate::types::{Error, Result, Timestamp};
use std::io;

/// What opening a journal found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// The journal.
    pub id: JournalId,
    /// Records read and checked.
    pub records: u64,
    /// The number of the first of them.
    pub first: u64,
    /// The number of the last; one less than `first` where there is none.
    pub last: u64,
    /// The chain value after the last.
    pub head: Chain,
    /// Whether the last record is a closing checkpoint: the journal was closed, and nothing was lost.
    pub clean: bool,
    /// What was cut from the end.
    pub cut: Option<TornTail>,
    /// Unfinished files of a crash that were removed.
    pub removed: Vec<String>,
}

impl Recovery {
    /// Bytes cut from the end.
    pub fn cut_bytes(&self) -> u64 {
        self.cut.as_ref().map_or(0, |c| c.bytes)
    }
}

/// Whether a journal is in `source`.
pub fn exists<S: Source>(source: &S) -> Result<bool> {
    Ok(!segments(source)?.is_empty())
}

/// Where a log goes on.
pub(super) struct Start {
    pub(super) id: JournalId,
    pub(super) firsts: Vec<u64>,
    pub(super) bytes: u64,
    pub(super) chain: Chain,
    pub(super) next: u64,
    pub(super) event_ts: Timestamp,
    pub(super) recv_ts: Timestamp,
    pub(super) since_checkpoint: u64,
}

/// What the system said when `name` was to be changed.
pub(super) fn failed<S: Source>(storage: &S, name: &str, what: &str, error: &io::Error) -> Error {
    Error::storage(format!("{}: {name}", storage.place()), format!("{what}: {error}"))
}

/// Make a segment: complete and durable under another name, before it has its own.
pub(super) fn make_segment<S: Storage>(storage: &mut S, header: &SegmentHeader) -> Result<String> {
    let name = segment::name_of(header.first);
    let new = format!("{name}{UNFINISHED}");
    storage.create(&new).map_err(|e| failed(storage, &new, "cannot be made", &e))?;
    storage.append(&new, 0, &header.encode()).map_err(|e| failed(storage, &new, "cannot be written", &e))?;
    finish(storage, &new, &name)?;
    Ok(name)
}

/// Make the file `new` durable and give it its name.
pub(super) fn finish<S: Storage>(storage: &mut S, new: &str, name: &str) -> Result<()> {
    storage.sync(new).map_err(|e| failed(storage, new, "cannot be synced", &e))?;
    storage.rename(new, name).map_err(|e| failed(storage, new, "cannot be renamed", &e))?;
    storage.sync_directory().map_err(|e| failed(storage, name, "the folder cannot be synced", &e))
}

/// Make a durable file `name` of `bytes`.
pub(super) fn make_beside<S: Storage>(storage: &mut S, name: &str, bytes: &[u8]) -> Result<()> {
    let new = format!("{name}{UNFINISHED}");
    let entries = storage.list().map_err(|e| Error::storage(storage.place(), format!("cannot be listed: {e}")))?;
    if entries.iter().any(|entry| entry.name == new) {
        storage.remove(&new).map_err(|e| failed(storage, &new, "cannot be removed", &e))?;
    }
    storage.create(&new).map_err(|e| failed(storage, &new, "cannot be made", &e))?;
    let mut at = 0;
    for chunk in bytes.chunks(CHUNK_BYTES) {
        storage.append(&new, at, chunk).map_err(|e| failed(storage, &new, "cannot be written", &e))?;
        at += chunk.len() as u64;
    }
    finish(storage, &new, name)?;
    storage.close(name);
    Ok(())
}

/// Copy the first `bytes` bytes of `name` in `from` to a new, durable file `name` in `to`.
pub(super) fn copy<A: Source, B: Storage>(from: &A, to: &mut B, name: &str, bytes: u64) -> Result<()> {
    write_anew(to, name, bytes, |_, at, chunk| from.read(name, at, chunk))
}

/// Write the first `bytes` bytes that `read` gives for an offset into a new, durable file that takes the name `name`.
fn write_anew<S: Storage>(
    storage: &mut S,
    name: &str,
    bytes: u64,
    mut read: impl FnMut(&S, u64, &mut [u8]) -> io::Result<usize>,
) -> Result<()> {
    let new = format!("{name}{UNFINISHED}");
    storage.create(&new).map_err(|e| failed(storage, &new, "cannot be made", &e))?;
    let mut chunk = vec![0; bytes.min(CHUNK_BYTES as u64) as usize];
    let mut at = 0;
    while at < bytes {
        let wanted = (bytes - at).min(CHUNK_BYTES as u64) as usize;
        let count = read(storage, at, &mut chunk[..wanted]).map_err(|e| failed(storage, name, "cannot be read", &e))?;
        if count < wanted {
            return Err(Error::storage(
                format!("{}: {name}", storage.place()),
                format!("became shorter than {bytes} bytes while it was copied"),
            ));
        }
        storage.append(&new, at, &chunk[..wanted]).map_err(|e| failed(storage, &new, "cannot be written", &e))?;
        at += wanted as u64;
    }
    finish(storage, &new, name)
}

/// Remove what a crash left unfinished.
pub(super) fn tidy<S: Storage>(storage: &mut S) -> Result<Vec<String>> {
    let entries = storage.list().map_err(|e| Error::storage(storage.place(), format!("cannot be listed: {e}")))?;
    let mut removed = Vec::new();
    for entry in entries {
        if entry.name.strip_suffix(UNFINISHED).is_some_and(|n| segment::first_of(n).is_some()) {
            storage.remove(&entry.name).map_err(|e| failed(storage, &entry.name, "cannot be removed", &e))?;
            removed.push(entry.name);
        }
    }
    if !removed.is_empty() {
        storage.sync_directory().map_err(|e| Error::storage(storage.place(), format!("cannot be synced: {e}")))?;
    }
    Ok(removed)
}

/// Read and check all of a journal, cut its torn tail, and write its last segment anew.
///
/// Anew, because the process before may have seen a sync fail: then what is read from that file need not be on the disk, and a
/// second sync of it would succeed without writing.
pub(super) fn recover<S: Storage>(storage: &mut S) -> Result<(Start, Recovery)> {
    let removed = tidy(storage)?;
    let mut reader = Reader::open(&*storage, 0)?;
    let first = reader.first_sequence();
    let (mut clean, mut since_checkpoint) = (false, 0);
    let (mut event_ts, mut recv_ts) = (Timestamp::from_nanos(0), Timestamp::from_nanos(0));
    while let Some(record) = reader.next_record()? {
        (event_ts, recv_ts) = (record.event_ts, record.recv_ts);
        let checkpoint = if record.kind == RecordKind::CHECKPOINT { Checkpoint::decode(record.payload) } else { None };
        clean = checkpoint.is_some_and(|c| c.closing);
        since_checkpoint = if checkpoint.is_some() { 0 } else { since_checkpoint + 1 };
    }
    let cut = reader.tail().cloned();
    let next = reader.next_sequence();
    let (name, bytes) = reader.position();
    let name = name.to_owned();
    let start = Start {
        id: reader.id(),
        firsts: reader.listed().iter().map(|s| s.first).collect(),
        bytes,
        chain: reader.head(),
        next,
        event_ts,
        recv_ts,
        since_checkpoint,
    };
    write_anew(storage, &name, bytes, |storage, at, chunk| storage.read(&name, at, chunk))?;
    let recovery = Recovery {
        id: start.id,
        records: next - first,
        first,
        last: next - 1,
        head: start.chain,
        clean: clean && cut.is_none(),
        cut,
        removed,
    };
    Ok((start, recovery))
}
