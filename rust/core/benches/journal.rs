//! The journal: appends with group commit, one durable append against a bare fdatasync, records read and verified.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::fs::{self, File, OpenOptions};
use std::hint::black_box;
use std::io::Write;
use std::path::PathBuf;
use tickwright_core::journal::{Files, JournalId, Log, LogConfig, Reader, RecordKind, SyncPolicy};
use tickwright_core::types::{Error, Result, Timestamp};

const RECORDS: u64 = 200_000;
/// Records of one commit.
const GROUP: u64 = 64;
const PAYLOAD: [u8; 64] = [0x5a; 64];

/// A folder that is removed in the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Result<Self> {
        let path = std::env::temp_dir().join(format!("tickwright-bench-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).map_err(|e| Error::storage(path.display().to_string(), e.to_string()))?;
        Ok(Self(path))
    }

    fn files(&self) -> Result<Files> {
        Files::open(&self.0).map_err(|e| Error::storage(self.0.display().to_string(), e.to_string()))
    }

    fn empty(&self) {
        for entry in fs::read_dir(&self.0).into_iter().flatten().flatten() {
            let _ = fs::remove_file(entry.path());
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn config(policy: SyncPolicy) -> LogConfig {
    LogConfig { policy, ..LogConfig::default() }
}

/// Append `RECORDS` quotes, committed 64 at a time; the time of the caller's clock is a microsecond a record.
fn write(folder: &Folder) -> Result<u64> {
    let mut log = Log::create(folder.files()?, config(SyncPolicy::Group { ms: 10 }), JournalId([1; 16]))?;
    for k in 0..RECORDS {
        let now = Timestamp::from_nanos(k as i64 * 1_000);
        log.append(RecordKind::QUOTE, now, now, &PAYLOAD)?;
        if k % GROUP == GROUP - 1 {
            log.commit(now)?;
        }
    }
    log.sync()
}

fn read(folder: &Folder) -> Result<u64> {
    let mut reader = Reader::open(folder.files()?, 0)?;
    let mut sum = 0;
    while let Some(record) = reader.next_record()? {
        sum += record.sequence ^ record.payload.len() as u64;
    }
    Ok(sum)
}

fn journal(c: &mut Criterion) {
    let folder = Folder::new("stream").expect("a folder for files");
    let mut group = c.benchmark_group("journal");
    group.sample_size(10).throughput(Throughput::Elements(RECORDS));
    group.bench_function("append, commits of 64, groups of 10 ms", |b| {
        b.iter(|| {
            folder.empty();
            write(&folder).expect("a journal")
        });
    });
    folder.empty();
    write(&folder).expect("a journal");
    group.bench_function("read and verify", |b| b.iter(|| black_box(read(&folder).expect("records"))));
    group.finish();

    let mut group = c.benchmark_group("journal, one durable record");
    let folder = Folder::new("durable").expect("a folder for files");
    let mut log = Log::create(folder.files().expect("a folder"), config(SyncPolicy::Always), JournalId([1; 16])).expect("a journal");
    let now = Timestamp::from_nanos(0);
    group.bench_function("append and commit", |b| {
        b.iter(|| {
            log.append(RecordKind::ORDER, now, now, &PAYLOAD).expect("room");
            log.commit(now).expect("a working disk")
        });
    });
    let mut bare: File = OpenOptions::new().append(true).create_new(true).open(folder.0.join("bare")).expect("a file");
    group.bench_function("bare write and fdatasync", |b| {
        b.iter(|| {
            bare.write_all(&[0x5a; 136]).expect("room");
            bare.sync_data().expect("a working disk");
        });
    });
    group.finish();
}

criterion_group!(benches, journal);
criterion_main!(benches);
