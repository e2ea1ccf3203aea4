//! [`SimulatedStorage`]: files in memory that lose power, fill up and break, by a seed.

use super::storage::{Entry, Source, Storage};
use crate::types::Random;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const SECTOR_BYTES: usize = 512;

/// What an operation that fails says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StorageFault {
    /// The disk is full.
    Full,
    /// The disk is broken.
    Broken,
}

impl StorageFault {
    fn error(self) -> io::Error {
        match self {
            Self::Full => io::Error::new(ErrorKind::StorageFull, "no space left on device (simulated)"),
            Self::Broken => io::Error::other("input/output error (simulated)"),
        }
    }
}

/// A file: what programs see, and what the disk holds.
#[derive(Clone, Debug, Default)]
struct Content {
    seen: Vec<u8>,
    disk: Vec<u8>,
    /// Bytes that a sync has still to write, as ranges of `seen`.
    dirty: Vec<(usize, usize)>,
}

/// A change of the folder that is not durable yet.
#[derive(Clone, Debug)]
enum Change {
    Name(String, usize),
    Rename(String, String),
    Remove(String),
}

impl Change {
    fn apply(&self, names: &mut BTreeMap<String, usize>) {
        match self {
            Self::Name(name, file) => {
                names.insert(name.clone(), *file);
            }
            Self::Rename(from, to) => {
                if let Some(file) = names.remove(from) {
                    names.insert(to.clone(), file);
                }
            }
            Self::Remove(name) => {
                names.remove(name);
            }
        }
    }
}

#[derive(Debug)]
struct State {
    files: Vec<Content>,
    /// Names as programs see them, and as the disk has them; which file each means.
    names: BTreeMap<String, usize>,
    disk_names: BTreeMap<String, usize>,
    changes: Vec<Change>,
    random: Random,
    /// Operations so far: creations, appends, syncs, renames and removals.
    operations: u64,
    fail_at: Option<(u64, StorageFault)>,
    /// Bytes that may still be appended.
    room: Option<u64>,
    syncs: u64,
}

/// Files in memory. Clones are the same storage, so that one can be kept over the log that writes to it.
///
/// A crash keeps what was synced, and of the rest what the seed says: each sector of 512 bytes that was appended to is there as it was
/// after one of the appends, or is as at the last sync, zeros where nothing was; in any order, and the file may be as long as anything
/// between. Changes of the folder are kept up to one of them, and any of those after it. A sync that fails leaves
/// its bytes off the disk for good, though programs still read them and the next sync succeeds, as systems do.
#[derive(Clone, Debug)]
pub struct SimulatedStorage(Arc<Mutex<State>>);

impl SimulatedStorage {
    /// An empty one; all its accidents follow from `seed`.
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(State {
            files: Vec::new(),
            names: BTreeMap::new(),
            disk_names: BTreeMap::new(),
            changes: Vec::new(),
            random: Random::new(seed),
            operations: 0,
            fail_at: None,
            room: None,
            syncs: 0,
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fail the operation number `operation`, counted from the first ever as 1: an append after a part of its bytes.
    pub fn fail_at(&self, operation: u64, fault: StorageFault) {
        self.state().fail_at = Some((operation, fault));
    }

    /// Let only so many more bytes be appended; `None` for no limit.
    pub fn limit(&self, bytes: Option<u64>) {
        self.state().room = bytes;
    }

    /// Operations so far: creations, appends, syncs, renames and removals.
    pub fn operations(&self) -> u64 {
        self.state().operations
    }

    /// Syncs of files so far.
    pub fn syncs(&self) -> u64 {
        self.state().syncs
    }

    /// Turn one bit of a file over, on the disk and for programs.
    pub fn flip(&self, name: &str, byte: usize, bit: u8) {
        let mut state = self.state();
        let Some(&file) = state.names.get(name) else { return };
        let content = &mut state.files[file];
        for bytes in [&mut content.seen, &mut content.disk] {
            if let Some(b) = bytes.get_mut(byte) {
                *b ^= 1 << (bit & 7);
            }
        }
    }

    /// A file as programs see it.
    pub fn content(&self, name: &str) -> Option<Vec<u8>> {
        let state = self.state();
        state.names.get(name).map(|&f| state.files[f].seen.clone())
    }

    /// Put a file there, durable, in place of one of that name.
    pub fn put(&self, name: &str, bytes: Vec<u8>) {
        let mut state = self.state();
        let file = state.files.len();
        state.files.push(Content { disk: bytes.clone(), seen: bytes, dirty: Vec::new() });
        state.names.insert(name.to_owned(), file);
        state.disk_names.insert(name.to_owned(), file);
    }

    /// Lose the power, and start again with what the disk holds. Faults that were set are over.
    pub fn lose_power(&self) {
        let state = &mut *self.state();
        // Those up to one, or any of them: nothing says in what order a folder's changes arrive.
        let (kept, chance) = (state.random.below(state.changes.len() as u64 + 1) as usize, state.random.below(3) as f64 / 2.0);
        for (k, change) in state.changes.drain(..).enumerate() {
            if k < kept || state.random.chance(chance) {
                change.apply(&mut state.disk_names);
            }
        }
        state.names.clone_from(&state.disk_names);
        for file in &mut state.files {
            file.lose_power(&mut state.random);
        }
        (state.fail_at, state.room) = (None, None);
    }
}

impl Content {
    /// Write what is dirty to `disk`, which grows with zeros where it must.
    fn write(&mut self) {
        for (from, to) in self.dirty.drain(..) {
            if self.disk.len() < to {
                self.disk.resize(to, 0);
            }
            self.disk[from..to].copy_from_slice(&self.seen[from..to]);
        }
    }

    fn lose_power(&mut self, random: &mut Random) {
        // The chance that a sector arrived, of all at once: none, a few, most or all of them.
        let chance = random.below(5) as f64 / 4.0;
        let dirty = std::mem::take(&mut self.dirty);
        let sectors: BTreeSet<usize> = dirty.iter().flat_map(|&(from, to)| from / SECTOR_BYTES..to.div_ceil(SECTOR_BYTES)).collect();
        for sector in sectors {
            if !random.chance(chance) {
                continue;
            }
            // A sector is written whole, as it was after one of the appends that reached into it.
            let (start, end) = (sector * SECTOR_BYTES, (sector + 1) * SECTOR_BYTES);
            let moments: Vec<_> = dirty.iter().filter(|(from, to)| *from < end && *to > start).map(|(_, to)| end.min(*to)).collect();
            let held = moments[random.below(moments.len() as u64) as usize];
            if self.disk.len() < held {
                self.disk.resize(held, 0);
            }
            self.disk[start..held].copy_from_slice(&self.seen[start..held]);
        }
        // The length is written by itself: it may have grown before the bytes did.
        if self.disk.len() < self.seen.len() && random.below(2) == 0 {
            let more = random.below((self.seen.len() - self.disk.len()) as u64 + 1) as usize;
            self.disk.resize(self.disk.len() + more, 0);
        }
        self.seen.clone_from(&self.disk);
    }
}

impl State {
    /// Count an operation; the error that it meets, if one is due.
    fn operate(&mut self) -> io::Result<()> {
        self.operations += 1;
        match self.fail_at {
            Some((at, fault)) if at == self.operations => Err(fault.error()),
            _ => Ok(()),
        }
    }

    fn file(&mut self, name: &str) -> io::Result<&mut Content> {
        match self.names.get(name) {
            Some(&file) => Ok(&mut self.files[file]),
            None => Err(io::Error::new(ErrorKind::NotFound, format!("no file {name} (simulated)"))),
        }
    }
}

impl Source for SimulatedStorage {
    fn place(&self) -> String {
        "simulated".to_owned()
    }

    fn list(&self) -> io::Result<Vec<Entry>> {
        let state = self.state();
        Ok(state.names.iter().map(|(name, &f)| Entry { name: name.clone(), bytes: state.files[f].seen.len() as u64 }).collect())
    }

    fn read(&self, name: &str, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut state = self.state();
        let seen = &state.file(name)?.seen;
        let from = (offset as usize).min(seen.len());
        let count = buffer.len().min(seen.len() - from);
        buffer[..count].copy_from_slice(&seen[from..from + count]);
        Ok(count)
    }
}

impl Storage for SimulatedStorage {
    fn create(&mut self, name: &str) -> io::Result<()> {
        let mut state = self.state();
        state.operate()?;
        if state.names.contains_key(name) {
            return Err(io::Error::new(ErrorKind::AlreadyExists, format!("{name} exists (simulated)")));
        }
        let file = state.files.len();
        state.files.push(Content::default());
        let change = Change::Name(name.to_owned(), file);
        change.apply(&mut state.names);
        state.changes.push(change);
        Ok(())
    }

    fn append(&mut self, name: &str, at: u64, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.state();
        let mut failure = state.operate().err();
        let mut count = bytes.len();
        if failure.is_some() {
            count = state.random.below(bytes.len() as u64 + 1) as usize;
        }
        if let Some(room) = state.room {
            if (room as usize) < count {
                count = room as usize;
                failure = Some(StorageFault::Full.error());
            }
            state.room = Some(room - count as u64);
        }
        let file = state.file(name)?;
        let from = file.seen.len();
        if from as u64 != at {
            return Err(io::Error::other(format!("the file is {from} bytes long and not {at} (simulated)")));
        }
        file.seen.extend_from_slice(&bytes[..count]);
        file.dirty.push((from, from + count));
        failure.map_or(Ok(()), Err)
    }

    fn sync(&mut self, name: &str) -> io::Result<()> {
        let mut state = self.state();
        let failure = state.operate().err();
        state.syncs += 1;
        let file = state.file(name)?;
        if let Some(error) = failure {
            file.dirty.clear();
            return Err(error);
        }
        file.write();
        Ok(())
    }

    fn sync_directory(&mut self) -> io::Result<()> {
        let state = &mut *self.state();
        state.operate()?;
        for change in state.changes.drain(..) {
            change.apply(&mut state.disk_names);
        }
        Ok(())
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.state();
        state.operate()?;
        state.file(from)?;
        let change = Change::Rename(from.to_owned(), to.to_owned());
        change.apply(&mut state.names);
        state.changes.push(change);
        Ok(())
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        let mut state = self.state();
        state.operate()?;
        state.file(name)?;
        let change = Change::Remove(name.to_owned());
        change.apply(&mut state.names);
        state.changes.push(change);
        Ok(())
    }

    fn close(&mut self, _name: &str) {}
}
