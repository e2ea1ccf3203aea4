//! [`verify`]: the whole chain and its signatures, as a report.

use super::checkpoint::Checkpoint;
use super::reader::Reader;
use super::record::{Chain, RecordKind};
use super::scan::TornTail;
use super::segment::JournalId;
use super::storage::Source;
use crate::types::{Error, Result};
use ed25519_dalek::VerifyingKey;
use std::collections::BTreeMap;

/// What a walk over a whole journal found.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct VerifyReport {
    /// The journal; none where not even the first header holds.
    pub id: Option<JournalId>,
    /// Segments there are.
    pub segments: usize,
    /// Records that hold.
    pub records: u64,
    /// The number of the first record that is kept; 0 where there is none.
    pub first: u64,
    /// The number of the last record that holds; 0 where there is none.
    pub last: u64,
    /// The chain value after it.
    pub head: Chain,
    /// Records by kind.
    pub kinds: BTreeMap<u16, u64>,
    /// Checkpoints, signed or not.
    pub checkpoints: u64,
    /// Checkpoints that a key given signed.
    pub signed: u64,
    /// The last record that one of them covers; 0 for none. Later ones anybody could have written.
    pub signed_through: u64,
    /// Whether the last record is a closing checkpoint.
    pub closed: bool,
    /// What a crash left at the end.
    pub tail: Option<TornTail>,
    /// What is wrong, if something is.
    pub fault: Option<Error>,
}

impl VerifyReport {
    /// Whether nothing is wrong; a torn tail is not.
    pub fn holds(&self) -> bool {
        self.fault.is_none()
    }
}

/// Check every byte of the journal in `source`: CRCs, sequences, the chain through all segments, and what checkpoints say.
///
/// With `keys`, every checkpoint must be signed by one of them, and there must be one. An error is what kept the journal from being read; what
/// is wrong with it is in the report.
pub fn verify<S: Source>(source: S, keys: &[VerifyingKey]) -> Result<VerifyReport> {
    let mut report = VerifyReport::default();
    let mut reader = match Reader::open(source, 0) {
        Ok(reader) => reader,
        Err(fault @ Error::Corrupt { .. }) => {
            report.fault = Some(fault);
            return Ok(report);
        }
        Err(other) => return Err(other),
    };
    report.id = Some(reader.id());
    report.segments = reader.segment_count();
    report.first = reader.first_sequence();
    match walk(&mut reader, keys, &mut report) {
        Ok(()) => {}
        Err(fault @ Error::Corrupt { .. }) => report.fault = Some(fault),
        Err(other) => return Err(other),
    }
    report.tail = reader.tail().cloned();
    report.closed &= report.tail.is_none() && report.fault.is_none();
    if report.fault.is_none() && !keys.is_empty() && report.signed == 0 {
        let (file, offset) = reader.position();
        report.fault = Some(Error::Corrupt {
            file: file.to_owned(),
            offset,
            sequence: reader.next_sequence(),
            why: "no checkpoint is signed by a key given".to_owned(),
        });
    }
    Ok(report)
}

fn walk<S: Source>(reader: &mut Reader<S>, keys: &[VerifyingKey], report: &mut VerifyReport) -> Result<()> {
    let id = reader.id();
    while let Some(record) = reader.next_record()? {
        let (sequence, kind, chain, length) = (record.sequence, record.kind, record.chain, record.length());
        let checkpoint = (kind == RecordKind::CHECKPOINT).then(|| Checkpoint::decode(record.payload));
        report.closed = false;
        if let Some(checkpoint) = checkpoint {
            match judge(checkpoint, sequence, reader.previous(), id, keys) {
                Ok(closing) => report.closed = closing,
                Err(why) => {
                    let (file, end) = reader.position();
                    return Err(Error::Corrupt { file: file.to_owned(), offset: end - length, sequence, why: why.to_owned() });
                }
            }
            report.checkpoints += 1;
            if !keys.is_empty() {
                report.signed += 1;
                report.signed_through = sequence - 1;
            }
        }
        report.records += 1;
        report.last = sequence;
        report.head = chain;
        *report.kinds.entry(kind.0).or_default() += 1;
    }
    Ok(())
}

/// Whether the checkpoint in record `sequence` is right, with the chain value `before` that record; whether it is a closing one.
fn judge(
    checkpoint: Option<Checkpoint>,
    sequence: u64,
    before: Chain,
    id: JournalId,
    keys: &[VerifyingKey],
) -> std::result::Result<bool, &'static str> {
    let Some(checkpoint) = checkpoint else { return Err("the checkpoint has another layout than this build knows") };
    if checkpoint.sequence != sequence - 1 || checkpoint.chain != before {
        return Err("the checkpoint is not of the record before it");
    }
    if keys.is_empty() || keys.iter().any(|key| checkpoint.signed_by(id, key)) {
        return Ok(checkpoint.closing);
    }
    Err(match checkpoint.signature {
        None => "the checkpoint is not signed",
        Some(_) => "the checkpoint's signature is not by a key given",
    })
}
