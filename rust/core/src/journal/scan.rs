//! A segment's bytes through a window, and whether bad ones are a torn tail or corruption.

use super::record::{self, CHAIN_BYTES, Fault, RECORD_HEADER_BYTES, RECORD_OVERHEAD_BYTES, u64_at};
use super::storage::Source;
use crate::types::{Error, Result};
use std::fmt;

/// Bytes read at once.
pub(super) const CHUNK_BYTES: usize = 1 << 20;
/// The least that a disk writes or does not write.
const SECTOR_BYTES: u64 = 512;

/// The end of a journal that a crash left incomplete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TornTail {
    /// The last segment.
    pub file: String,
    /// Where its whole records end.
    pub offset: u64,
    /// How many bytes follow.
    pub bytes: u64,
    /// The sequence that would have been next.
    pub sequence: u64,
    /// Later records among those bytes that are whole, but stand behind one that never reached the disk.
    pub stranded: u64,
    /// What is wrong with the first of them.
    pub why: String,
}

impl fmt::Display for TornTail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}: {} bytes of record {} and later, torn: {}", self.file, self.offset, self.bytes, self.sequence, self.why)
    }
}

/// Part of one file.
#[derive(Debug, Default)]
pub(super) struct Window {
    pub(super) name: String,
    /// Length of the file.
    pub(super) bytes: u64,
    base: u64,
    held: Vec<u8>,
}

impl Window {
    /// Turn to another file.
    pub(super) fn turn(&mut self, name: &str, bytes: u64) {
        name.clone_into(&mut self.name);
        self.bytes = bytes;
        self.base = 0;
        self.held.clear();
    }

    /// Bytes `from..to` of the file, which must be within it.
    #[inline]
    pub(super) fn get<S: Source>(&mut self, source: &S, from: u64, to: u64) -> Result<&[u8]> {
        if from < self.base || to > self.base + self.held.len() as u64 {
            self.fill(source, from, to)?;
        }
        Ok(self.view(from, to))
    }

    /// The same, which [`Self::get`] has just seen to be held.
    #[inline]
    pub(super) fn view(&self, from: u64, to: u64) -> &[u8] {
        self.held.get(from.wrapping_sub(self.base) as usize..to.wrapping_sub(self.base) as usize).unwrap_or_default()
    }

    #[cold]
    fn fill<S: Source>(&mut self, source: &S, from: u64, to: u64) -> Result<()> {
        let wanted = (self.bytes - from).min((to - from).max(CHUNK_BYTES as u64)) as usize;
        self.held.resize(wanted, 0);
        self.base = from;
        let read = source.read(&self.name, from, &mut self.held);
        let place = || format!("{}: {}", source.place(), self.name);
        let read = read.map_err(|e| Error::storage(place(), format!("cannot be read at byte {from}: {e}")))?;
        self.held.truncate(read);
        if (read as u64) < to - from {
            let short = format!("is shorter than the {} bytes that it had when it was listed", self.bytes);
            return Err(Error::storage(place(), short));
        }
        Ok(())
    }

    /// Where the record at `at`, number `sequence`, ends; all of it, with the chain value before it, is held then.
    #[inline]
    pub(super) fn check<S: Source>(&mut self, source: &S, at: u64, sequence: u64) -> Result<std::result::Result<u64, Fault>> {
        let left = self.bytes - at;
        if left < RECORD_HEADER_BYTES as u64 {
            return Ok(Err(Fault::Short(RECORD_OVERHEAD_BYTES as u64 - left)));
        }
        let before = at - CHAIN_BYTES as u64;
        let length = match record::length_of(&self.get(source, before, at + RECORD_HEADER_BYTES as u64)?[CHAIN_BYTES..]) {
            Ok(length) => length as u64,
            Err(fault) => return Ok(Err(fault)),
        };
        if left < length {
            return Ok(Err(Fault::Short(length - left)));
        }
        let bytes = self.get(source, before, at + length)?;
        Ok(record::check(bytes, sequence).map(|_| at + length))
    }

    /// What a bad record number `sequence` at `at` in a journal's last segment is: a torn tail, or corruption.
    ///
    /// Corruption, if a whole record follows that was appended when this one was durable, or if whole records follow and no
    /// sector between is missing. docs/journal-format.md gives the rule and its reasons.
    pub(super) fn classify<S: Source>(&mut self, source: &S, at: u64, sequence: u64, fault: Fault) -> Result<TornTail> {
        let corrupt = |file: &str, why: String| Error::Corrupt { file: file.to_owned(), offset: at, sequence, why };
        let highest = sequence + (self.bytes - at) / RECORD_OVERHEAD_BYTES as u64;
        let (mut stranded, mut next, mut from) = (0, None, at + 1);
        while let Some((place, end)) = self.next_whole(source, from, sequence, highest)? {
            let found = record::view(self.view(place, end));
            if found.sequence - 1 - u64::from(found.pending).min(found.sequence - 1) >= sequence {
                let why = format!("{fault}; record {} at byte {place} was written when this one was durable", found.sequence);
                return Err(corrupt(&self.name, why));
            }
            stranded += 1;
            next.get_or_insert((place, found.sequence));
            from = end;
        }
        if let Some((place, number)) = next
            && !self.sector_missing(source, at, place)?
        {
            let why = format!("{fault}; record {number} at byte {place} is whole, and no sector between is missing");
            return Err(corrupt(&self.name, why));
        }
        let bytes = self.bytes - at;
        Ok(TornTail { file: self.name.clone(), offset: at, bytes, sequence, stranded, why: fault.to_string() })
    }

    /// Where the next record from `from` on begins and ends that is whole by its CRC and has a sequence above `after` and no higher
    /// than `highest`.
    fn next_whole<S: Source>(&mut self, source: &S, from: u64, after: u64, highest: u64) -> Result<Option<(u64, u64)>> {
        let mut at = from;
        while at + RECORD_OVERHEAD_BYTES as u64 <= self.bytes {
            let header = self.get(source, at, at + RECORD_HEADER_BYTES as u64)?;
            let sequence = u64_at(header, 8);
            if sequence > after && sequence <= highest {
                let end = at + record::length_of(header).map_or(u64::MAX - at, |length| length as u64);
                if end <= self.bytes && record::crc_holds(self.get(source, at, end)?) {
                    return Ok(Some((at, end)));
                }
            }
            at += 1;
        }
        Ok(None)
    }

    /// Whether a sector that overlaps `from..to` holds only zeros from `from` on: it was never written, or not since.
    fn sector_missing<S: Source>(&mut self, source: &S, from: u64, to: u64) -> Result<bool> {
        let mut start = from;
        while start < to {
            let end = (start / SECTOR_BYTES + 1) * SECTOR_BYTES;
            if end <= self.bytes && self.get(source, start, end)?.iter().all(|&b| b == 0) {
                return Ok(true);
            }
            start = end;
        }
        Ok(false)
    }
}

/// Call `each` with the sequence of every record in a file from byte `from` on that is whole by its CRC.
pub(super) fn whole_records<S: Source>(source: &S, name: &str, bytes: u64, from: u64, mut each: impl FnMut(u64)) -> Result<()> {
    let mut window = Window::default();
    window.turn(name, bytes);
    let mut from = from;
    while let Some((at, end)) = window.next_whole(source, from, 0, u64::MAX)? {
        each(u64_at(window.view(at, end), 8));
        from = end;
    }
    Ok(())
}
