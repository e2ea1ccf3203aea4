//! [`repair`]: what is intact before the first fault, copied into a new place.

use super::open;
use super::reader::Reader;
use super::scan::{self, TornTail};
use super::segment::SEGMENT_HEADER_BYTES;
use super::storage::{Source, Storage};
use crate::types::{Error, Result};

/// What a repair kept and what it could not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepairReport {
    /// Records kept: the new journal's.
    pub records: u64,
    /// The number of the first of them.
    pub first: u64,
    /// The number of the last; one less than `first` where there is none.
    pub last: u64,
    /// What ended them; none where the journal was whole.
    pub fault: Option<Error>,
    /// What a crash had left at the end; it is not in the new journal.
    pub tail: Option<TornTail>,
    /// Records after the fault that are whole by their CRC, and left out, because nothing vouches for what stood before them.
    pub left_out: u64,
    /// The lowest and the highest number of those.
    pub left_out_range: Option<(u64, u64)>,
}

/// Copy all records before the first fault of `source`, byte for byte, into `into`, where no journal may be. `source` is only read.
pub fn repair<A: Source, B: Storage>(source: A, into: &mut B) -> Result<RepairReport> {
    if open::exists(into)? {
        return Err(Error::storage(into.place(), "a journal is here already; repair into a new folder"));
    }
    let mut reader = Reader::open(&source, 0)?;
    let first = reader.first_sequence();
    let fault = loop {
        match reader.next_record() {
            Ok(Some(_)) => {}
            Ok(None) => break None,
            Err(fault @ Error::Corrupt { .. }) => break Some(fault),
            Err(other) => return Err(other),
        }
    };
    let next = reader.next_sequence();
    let (_, end) = reader.position();
    let segments = reader.listed();
    let mut report = RepairReport {
        records: next - first,
        first,
        last: next - 1,
        fault,
        tail: reader.tail().cloned(),
        left_out: 0,
        left_out_range: None,
    };
    open::tidy(into)?;
    for segment in &segments[..reader.index()] {
        open::copy(&source, into, &segment.name, segment.bytes)?;
    }
    let broken = &segments[reader.index()];
    if end >= SEGMENT_HEADER_BYTES as u64 {
        open::copy(&source, into, &broken.name, end)?;
    }
    if report.fault.is_some() {
        let mut from = end.max(SEGMENT_HEADER_BYTES as u64);
        for segment in &segments[reader.index()..] {
            scan::whole_records(&source, &segment.name, segment.bytes, from, |sequence| {
                report.left_out += 1;
                let (low, high) = report.left_out_range.unwrap_or((sequence, sequence));
                report.left_out_range = Some((low.min(sequence), high.max(sequence)));
            })?;
            from = SEGMENT_HEADER_BYTES as u64;
        }
    }
    Ok(report)
}
