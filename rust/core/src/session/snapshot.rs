//! Snapshots: the engine's state in a file beside the journal, and word of it in the journal.

use super::payload::{self, Header, SnapshotRecord};
use super::{Replay, Session, replay};
use crate::engine::Engine;
use crate::journal::{Reader, RecordKind, Source, Storage};
use crate::types::{Error, Result, Timestamp};

/// Bytes read from a snapshot at once.
const CHUNK_BYTES: usize = 1 << 20;

impl<S: Storage> Session<S> {
    /// Write the state into a file beside the journal, durable before the journal names it; its record's number.
    pub fn snapshot(&mut self, now: Timestamp) -> Result<u64> {
        let state = self.engine.save()?;
        let sequence = self.log.next_sequence() - 1;
        let file = format!("{sequence:020}.snapshot");
        let record = SnapshotRecord { sequence, state_hash: *blake3::hash(&state).as_bytes(), bytes: state.len() as u64, file };
        self.log.write_beside(&record.file, &state)?;
        payload::encode(&record, &mut self.room)?;
        self.since_snapshot = 0;
        self.log.append(RecordKind::SNAPSHOT, self.engine.now(), now, &self.room)
    }
}

/// Hold the state of `engine` against a snapshot's record.
pub(super) fn compare(record: &SnapshotRecord, engine: &Engine) -> Result<()> {
    let found = engine.state_hash()?;
    if found == record.state_hash {
        return Ok(());
    }
    let [found, wanted] = [found, record.state_hash].map(|hash| blake3::Hash::from_bytes(hash).to_hex());
    let why = format!("the state has the hash {found} where the snapshot has {wanted}");
    Err(Error::data(format!("journal record {}", record.sequence), why))
}

/// The snapshots that the journal in `source` names, oldest first, and the session's header.
pub fn snapshots<S: Source + Clone>(source: S) -> Result<(Header, Vec<SnapshotRecord>)> {
    let mut reader = Reader::open(source, 0)?;
    let header = replay::header(&mut reader)?;
    let mut found = Vec::new();
    while let Some(record) = reader.next_record()? {
        if record.kind == RecordKind::SNAPSHOT {
            found.push(payload::decode(record.payload, record.sequence)?);
        }
    }
    Ok((header, found))
}

/// The last snapshot that the journal in `source` names, and the session's header.
pub fn newest_snapshot<S: Source + Clone>(source: S) -> Result<Option<(Header, SnapshotRecord)>> {
    let (header, mut found) = snapshots(source)?;
    Ok(found.pop().map(|record| (header, record)))
}

impl<S: Source + Clone> Replay<S> {
    /// From the snapshot that `record` names, without the strategies.
    pub fn after(source: S, header: &Header, record: &SnapshotRecord) -> Result<Self> {
        let unfit = |why: String| Error::data(format!("snapshot {}", record.file), why);
        let length = usize::try_from(record.bytes).map_err(|_| Error::Overflow { what: "snapshot length" })?;
        let mut state = Vec::new();
        while state.len() < length {
            let mut chunk = vec![0; CHUNK_BYTES.min(length - state.len())];
            let read = source.read(&record.file, state.len() as u64, &mut chunk).map_err(|e| unfit(format!("cannot be read: {e}")))?;
            if read == 0 {
                return Err(unfit(format!("ends after {} of {length} bytes; replay without it", state.len())));
            }
            state.extend_from_slice(&chunk[..read]);
        }
        if blake3::hash(&state).as_bytes() != &record.state_hash {
            return Err(unfit("is not what the journal says it was; replay without it".to_owned()));
        }
        Self::from_snapshot(Reader::open(source, record.sequence + 1)?, header, record.sequence, &state)
    }
}
