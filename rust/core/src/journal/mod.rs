//! The journal: an append-only log of records in segments, chained by hash, of which nothing acknowledged is lost.
//!
//! [`Log`] writes, [`Reader`] reads, [`verify`] walks the chain and its signed [`Checkpoint`]s, [`repair`] copies what is intact;
//! all of them through a [`Storage`]: [`Files`] in a folder, or [`SimulatedStorage`], which loses power and breaks on demand.
//! A record's payload is bytes to all of these. docs/journal-format.md has every byte, and what each [`SyncPolicy`] can lose.
//!
//! Invariants: sequences begin at 1 and have no gap; a segment is never written again once the next one exists; a file that this
//! process did not write is never appended to; after a failed write or sync every later append is an error.
//! Cost: one CRC-32C and one BLAKE3 over about 150 bytes a record, one write a commit, one sync a group of commits.

mod checkpoint;
mod log;
mod open;
mod reader;
mod record;
mod repair;
mod scan;
mod segment;
mod simulated;
mod storage;
mod verify;

pub use checkpoint::Checkpoint;
pub use ed25519_dalek::{SigningKey, VerifyingKey};
pub use log::{Log, LogConfig, SyncPolicy};
pub use open::{Recovery, exists};
pub use reader::Reader;
pub use record::{Chain, PAYLOAD_BYTES_MAX, RECORD_HEADER_BYTES, RECORD_OVERHEAD_BYTES, Record, RecordKind};
pub use repair::{RepairReport, repair};
pub use scan::TornTail;
pub use segment::{FORMAT_VERSION, JournalId, SEGMENT_HEADER_BYTES, SegmentHeader};
pub use simulated::{SimulatedStorage, StorageFault};
pub use storage::{DetachedSync, Entry, Files, Source, Storage};
pub use verify::{VerifyReport, verify};

#[cfg(test)]
mod tests;
