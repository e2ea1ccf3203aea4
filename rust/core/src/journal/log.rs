//! [`Log`]: the writer.

use super::checkpoint::{self, Checkpoint};
use super::open::{self, Recovery, Start};
use super::record::{self, CHAIN_BYTES, Chain, Fields, PAYLOAD_BYTES_MAX, RECORD_OVERHEAD_BYTES, RecordKind};
use super::segment::{self, JournalId, SEGMENT_HEADER_BYTES, SegmentHeader};
use super::storage::{DetachedSync, Storage};
use crate::types::{Error, Result, Timestamp};
use ed25519_dalek::SigningKey;

/// Appended bytes that are written without waiting for a commit.
const WRITE_BYTES: usize = 256 << 10;
/// The least that a segment may be limited to.
const SEGMENT_BYTES_MIN: u64 = 256;

/// When what was written is made durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SyncPolicy {
    /// Every commit syncs: neither a crash nor a loss of power takes what a commit returned.
    Always,
    /// A commit syncs once the oldest unsynced write is `ms` old: a loss of power takes at most the records of that time.
    Group {
        /// Milliseconds.
        ms: u32,
    },
    /// Only rotation, [`Log::sync`] and [`Log::close`] sync: a crash of the process takes nothing that was written, a loss of
    /// power anything since.
    Os,
}

/// How a log is kept.
#[derive(Clone, Debug)]
pub struct LogConfig {
    /// When what was written is made durable.
    pub policy: SyncPolicy,
    /// A segment's length, bytes; a longer record has one of its own.
    pub segment_bytes: u64,
    /// Records between checkpoints; 0 for a checkpoint at closing alone.
    pub checkpoint_every: u64,
    /// Signs the checkpoints.
    pub key: Option<SigningKey>,
    /// Full segments that [`Log::remove_below`] leaves in any case.
    pub retain: u32,
    /// Groups are synced by [`Log::begin_sync`] and [`Log::end_sync`], beside the thread that appends, and never by [`Log::commit`].
    pub syncs_beside: bool,
}

impl Default for LogConfig {
    /// Sync at every commit, segments of 64 MiB, a checkpoint every 65,536 records, unsigned, one full segment kept.
    fn default() -> Self {
        Self { policy: SyncPolicy::Always, segment_bytes: 64 << 20, checkpoint_every: 1 << 16, key: None, retain: 1, syncs_beside: false }
    }
}

impl LogConfig {
    fn check(&self) -> Result<()> {
        if self.segment_bytes < SEGMENT_BYTES_MIN {
            let why = format!("{} is less than a segment may have; give {SEGMENT_BYTES_MIN} or more", self.segment_bytes);
            return Err(Error::config("segment_bytes", why));
        }
        if self.policy == (SyncPolicy::Group { ms: 0 }) {
            return Err(Error::config("policy", "a group of 0 ms is no group; give 1 ms or more, or sync at every commit"));
        }
        Ok(())
    }
}

/// The writer of a journal.
///
/// [`Self::append`] gives a record its number and puts it into memory, [`Self::commit`] writes what was appended and syncs as the
/// policy says. A log that is dropped without [`Self::close`] is as one whose process died: what was not committed is gone.
#[derive(Debug)]
pub struct Log<S: Storage> {
    storage: S,
    config: LogConfig,
    id: JournalId,
    /// First sequences of all segments; the last is written to.
    firsts: Vec<u64>,
    name: String,
    /// Length of that file.
    bytes: u64,
    /// The chain value before the first record that is not written yet, and those records.
    buffer: Vec<u8>,
    next: u64,
    written: u64,
    durable: u64,
    /// When the oldest write that is not durable was made.
    unsynced_since: Option<Timestamp>,
    since_checkpoint: u64,
    event_ts: Timestamp,
    recv_ts: Timestamp,
    /// Why nothing may be appended any more.
    poison: Option<String>,
}

impl<S: Storage> Log<S> {
    /// A new journal, whose `id` nobody else has: 16 random bytes.
    pub fn create(mut storage: S, config: LogConfig, id: JournalId) -> Result<Self> {
        config.check()?;
        if open::exists(&storage)? {
            return Err(Error::storage(storage.place(), "a journal is here already; open it, or choose another folder"));
        }
        open::tidy(&mut storage)?;
        let header = SegmentHeader { id, first: 1, previous: Chain::default() };
        open::make_segment(&mut storage, &header)?;
        let zero = Timestamp::from_nanos(0);
        let start = Start {
            id,
            firsts: vec![1],
            bytes: SEGMENT_HEADER_BYTES as u64,
            chain: Chain::last_of(&header.encode()),
            next: 1,
            event_ts: zero,
            recv_ts: zero,
            since_checkpoint: 0,
        };
        Ok(Self::at(storage, config, start))
    }

    /// The journal that is there: every record is checked, a torn tail is cut and told of, anything else that is wrong refused.
    pub fn open(mut storage: S, config: LogConfig) -> Result<(Self, Recovery)> {
        config.check()?;
        let (start, recovery) = open::recover(&mut storage)?;
        Ok((Self::at(storage, config, start), recovery))
    }

    fn at(storage: S, config: LogConfig, start: Start) -> Self {
        let mut buffer = Vec::with_capacity(2 * WRITE_BYTES);
        buffer.extend_from_slice(&start.chain.0);
        Self {
            storage,
            config,
            id: start.id,
            name: segment::name_of(start.firsts.last().copied().unwrap_or(1)),
            firsts: start.firsts,
            bytes: start.bytes,
            buffer,
            next: start.next,
            written: start.next - 1,
            durable: start.next - 1,
            unsynced_since: None,
            since_checkpoint: start.since_checkpoint,
            event_ts: start.event_ts,
            recv_ts: start.recv_ts,
            poison: None,
        }
    }

    /// Put a record into memory; its number. Writes only when much has gathered or the segment is full.
    pub fn append(&mut self, kind: RecordKind, event_ts: Timestamp, recv_ts: Timestamp, payload: &[u8]) -> Result<u64> {
        if kind == RecordKind::CHECKPOINT {
            return Err(Error::config("kind", "the log writes its checkpoints by itself; append another kind"));
        }
        let sequence = self.put(kind, event_ts, recv_ts, payload)?;
        self.since_checkpoint += 1;
        if self.config.checkpoint_every != 0 && self.since_checkpoint >= self.config.checkpoint_every {
            self.checkpoint(false)?;
        }
        Ok(sequence)
    }

    #[inline]
    fn put(&mut self, kind: RecordKind, event_ts: Timestamp, recv_ts: Timestamp, payload: &[u8]) -> Result<u64> {
        self.healthy()?;
        if payload.len() > PAYLOAD_BYTES_MAX {
            let why = format!("{} bytes of payload in a {kind} record; a record holds {PAYLOAD_BYTES_MAX} at most", payload.len());
            return Err(Error::config("payload", why));
        }
        self.make_room(payload.len())?;
        let sequence = self.next;
        let pending = u32::try_from(sequence - 1 - self.durable).unwrap_or(u32::MAX);
        record::encode(&mut self.buffer, Fields { sequence, event_ts, recv_ts, kind, pending }, payload);
        (self.event_ts, self.recv_ts) = (event_ts, recv_ts);
        self.next += 1;
        if self.buffer.len() >= WRITE_BYTES {
            self.write()?;
        }
        Ok(sequence)
    }

    /// Begin another segment, if a record with so long a payload no longer fits into this one.
    #[inline]
    fn make_room(&mut self, payload_bytes: usize) -> Result<()> {
        let held = self.segment_length();
        let full = held + (RECORD_OVERHEAD_BYTES + payload_bytes) as u64 > self.config.segment_bytes;
        if full && held > SEGMENT_HEADER_BYTES as u64 { self.rotate() } else { Ok(()) }
    }

    /// Append a checkpoint of all before it.
    fn checkpoint(&mut self, closing: bool) -> Result<()> {
        // First, because it signs the chain value just before it, which another segment's header would change.
        self.make_room(checkpoint::SIGNED_BYTES)?;
        let made = Checkpoint::make(self.id, self.next - 1, self.head(), closing, self.config.key.as_ref());
        let (bytes, used) = made.encode();
        self.put(RecordKind::CHECKPOINT, self.event_ts, self.recv_ts, &bytes[..used])?;
        self.since_checkpoint = 0;
        Ok(())
    }

    /// Write what was appended, and sync it as the policy says; the last record that is durable. `now` is the caller's clock,
    /// which may jump: a time before the oldest unsynced write syncs at once.
    pub fn commit(&mut self, now: Timestamp) -> Result<u64> {
        self.write()?;
        if self.durable < self.written {
            let due = match self.config.policy {
                SyncPolicy::Always => true,
                SyncPolicy::Os => false,
                SyncPolicy::Group { .. } if self.config.syncs_beside => false,
                SyncPolicy::Group { .. } => {
                    let since = *self.unsynced_since.get_or_insert(now);
                    now < since || self.due().is_some_and(|due| now >= due)
                }
            };
            if due {
                self.sync_written()?;
            }
        }
        Ok(self.durable)
    }

    /// When the next [`Self::commit`] will sync, with nothing more appended; none where nothing waits for it.
    pub fn due(&self) -> Option<Timestamp> {
        match self.config.policy {
            SyncPolicy::Group { ms } => self.unsynced_since.map(|since| since.plus(i64::from(ms) * 1_000_000)),
            _ => None,
        }
    }

    /// Write what was appended and make it durable, whatever the policy; the last record that is durable.
    pub fn sync(&mut self) -> Result<u64> {
        self.write()?;
        if self.durable < self.written {
            self.sync_written()?;
        }
        Ok(self.durable)
    }

    /// Write what was appended, for another thread to make it durable: run what this gives, then tell [`Self::end_sync`]. None where all is
    /// durable. Appends go on meanwhile. Where the storage cannot do this, it is synced here and now.
    pub fn begin_sync(&mut self) -> Result<Option<(DetachedSync, u64)>> {
        self.write()?;
        if self.durable == self.written {
            return Ok(None);
        }
        match self.storage.detached(&self.name) {
            Ok(Some(detached)) => Ok(Some((detached, self.written))),
            Ok(None) => self.sync_written().map(|()| None),
            Err(e) => {
                let error = open::failed(&self.storage, &self.name, "a sync cannot begin", &e);
                Err(self.poison(&error))
            }
        }
    }

    /// What became of a sync that [`Self::begin_sync`] began, up to record `through`; the last record that is durable.
    pub fn end_sync(&mut self, through: u64, outcome: std::io::Result<()>) -> Result<u64> {
        self.healthy()?;
        if let Err(e) = outcome {
            let error = open::failed(&self.storage, &self.name, "a sync failed", &e);
            return Err(self.poison(&error));
        }
        // The segments before were made durable when the next was begun.
        self.durable = self.durable.max(through.min(self.written));
        if self.durable == self.written {
            self.unsynced_since = None;
        }
        Ok(self.durable)
    }

    /// Make all durable, then add a closing checkpoint, which says so; the storage.
    pub fn close(mut self) -> Result<S> {
        self.sync()?;
        self.checkpoint(true)?;
        self.sync()?;
        Ok(self.storage)
    }

    /// Remove the oldest segments that hold only records below `sequence`, but for those that the configuration retains; how many.
    /// The chain is checked from the first that is left, whose header carries it on.
    pub fn remove_below(&mut self, sequence: u64) -> Result<usize> {
        self.drop_below(sequence, |_, _| Ok(()))
    }

    /// As [`Self::remove_below`], each segment being copied to `archive` and made durable there first. Both together are a journal.
    pub fn archive_below<A: Storage>(&mut self, sequence: u64, archive: &mut A) -> Result<usize> {
        open::tidy(archive)?;
        self.drop_below(sequence, |storage, name| {
            let entries = storage.list().map_err(|e| Error::storage(storage.place(), format!("cannot be listed: {e}")))?;
            let bytes = entries.iter().find(|e| e.name == name).map_or(0, |e| e.bytes);
            open::copy(storage, archive, name, bytes)
        })
    }

    fn drop_below(&mut self, sequence: u64, mut before: impl FnMut(&S, &str) -> Result<()>) -> Result<usize> {
        self.healthy()?;
        let removable = self.firsts.len().saturating_sub(1 + self.config.retain as usize);
        let count = self.firsts.iter().skip(1).take(removable).take_while(|&&next| next <= sequence).count();
        for _ in 0..count {
            let name = segment::name_of(self.firsts[0]);
            before(&self.storage, &name)?;
            // One at a time, so that a crash never leaves a gap.
            let removed = self.storage.remove(&name).and_then(|()| self.storage.sync_directory());
            removed.map_err(|e| open::failed(&self.storage, &name, "cannot be removed", &e))?;
            self.firsts.remove(0);
        }
        Ok(count)
    }

    /// The last record that is durable; 0 for none.
    pub fn durable(&self) -> u64 {
        self.durable
    }

    /// The last record that was given to the system: it outlives this process, though not a loss of power. 0 for none.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// The number that the next record gets.
    pub fn next_sequence(&self) -> u64 {
        self.next
    }

    /// The chain value after the last record appended.
    pub fn head(&self) -> Chain {
        Chain::last_of(&self.buffer)
    }

    /// The journal's id.
    pub fn id(&self) -> JournalId {
        self.id
    }

    /// The number of the first record that is kept.
    pub fn first_sequence(&self) -> u64 {
        self.firsts[0]
    }

    /// How the log is kept.
    pub fn config(&self) -> &LogConfig {
        &self.config
    }

    /// Where the log lies.
    pub fn storage(&self) -> &S {
        &self.storage
    }

    /// Whether a write or a sync failed, after which nothing can be appended.
    pub fn poisoned(&self) -> bool {
        self.poison.is_some()
    }

    /// Length of the segment with what waits to be written.
    #[inline]
    fn segment_length(&self) -> u64 {
        self.bytes + (self.buffer.len() - CHAIN_BYTES) as u64
    }

    #[inline]
    fn healthy(&self) -> Result<()> {
        match &self.poison {
            None => Ok(()),
            Some(why) => Err(Error::storage(format!("{}: {}", self.storage.place(), self.name), why.clone())),
        }
    }

    /// Refuse everything from now on.
    #[cold]
    fn poison(&mut self, error: &Error) -> Error {
        let said = match error {
            Error::Storage { why, .. } => why.clone(),
            other => other.to_string(),
        };
        let why = format!(
            "{said}; the log is closed to appends, because nothing after record {} is known to be on the disk; \
             mend the cause and open the journal anew",
            self.durable
        );
        self.poison = Some(why.clone());
        Error::storage(format!("{}: {}", self.storage.place(), self.name), why)
    }

    fn write(&mut self) -> Result<()> {
        self.healthy()?;
        if self.buffer.len() == CHAIN_BYTES {
            return Ok(());
        }
        let bytes = &self.buffer[CHAIN_BYTES..];
        if let Err(e) = self.storage.append(&self.name, self.bytes, bytes) {
            let error = open::failed(&self.storage, &self.name, "a write failed", &e);
            return Err(self.poison(&error));
        }
        self.bytes += bytes.len() as u64;
        self.written = self.next - 1;
        let end = self.buffer.len();
        self.buffer.copy_within(end - CHAIN_BYTES.., 0);
        self.buffer.truncate(CHAIN_BYTES);
        // A long record's room is not kept.
        self.buffer.shrink_to(4 * WRITE_BYTES);
        Ok(())
    }

    fn sync_written(&mut self) -> Result<()> {
        if let Err(e) = self.storage.sync(&self.name) {
            let error = open::failed(&self.storage, &self.name, "a sync failed", &e);
            return Err(self.poison(&error));
        }
        self.durable = self.written;
        self.unsynced_since = None;
        Ok(())
    }

    /// Make a durable file `name` of `bytes` beside the segments, in place of one that has the name: a snapshot. A failure closes the log.
    pub fn write_beside(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        self.healthy()?;
        if segment::first_of(name).is_some() {
            return Err(Error::config("name", format!("{name} is a segment's; choose another")));
        }
        let written = open::make_beside(&mut self.storage, name, bytes);
        written.map_err(|error| self.poison(&error))
    }

    /// Make the segment durable, whatever the policy, and begin the next.
    fn rotate(&mut self) -> Result<()> {
        self.sync()?;
        self.storage.close(&self.name);
        let header = SegmentHeader { id: self.id, first: self.next, previous: self.head() };
        match open::make_segment(&mut self.storage, &header) {
            Ok(name) => self.name = name,
            Err(error) => return Err(self.poison(&error)),
        }
        self.firsts.push(self.next);
        self.bytes = SEGMENT_HEADER_BYTES as u64;
        self.buffer.clear();
        self.buffer.extend_from_slice(&header.encode()[SEGMENT_HEADER_BYTES - CHAIN_BYTES..]);
        Ok(())
    }
}
