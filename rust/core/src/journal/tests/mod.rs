//! The journal's own tests.

mod faults;
mod flips;
mod log;
mod power;
mod properties;

use super::*;
use crate::types::Timestamp;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

fn at(ns: i64) -> Timestamp {
    Timestamp::from_nanos(ns)
}

/// A new folder that is removed in the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("tickwright-journal-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
    fn files(&self) -> Files {
        Files::open(&self.0).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const SIGNING_KEY: [u8; 32] = [9; 32];

fn key() -> SigningKey {
    SigningKey::from_bytes(&SIGNING_KEY)
}

fn config(policy: SyncPolicy, segment_bytes: u64) -> LogConfig {
    LogConfig { policy, segment_bytes, checkpoint_every: 0, key: None, retain: 0, syncs_beside: false }
}

/// All records of a storage: sequence, kind and payload.
fn records<S: Source>(source: S) -> crate::types::Result<Vec<(u64, RecordKind, Vec<u8>)>> {
    let mut reader = Reader::open(source, 0)?;
    let mut all = Vec::new();
    while let Some(r) = reader.next_record()? {
        all.push((r.sequence, r.kind, r.payload.to_vec()));
    }
    Ok(all)
}

/// How many seeds a simulation runs: `TICKWRIGHT_JOURNAL_SEEDS`, or `usual`.
fn seeds(usual: u64) -> u64 {
    std::env::var("TICKWRIGHT_JOURNAL_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(usual)
}
